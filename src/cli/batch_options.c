/* batch_options.c - see batch_options.h. */
#include "batch_options.h"

#include <stddef.h>
#include <string.h>

#include "output_file.h"

#define FEATURES                                                                          \
    "log_return,realised_volatility(20),zscore(20).zscore,rsi(14),macd.macd,macd.signal," \
    "macd.histogram,atr(14).atr,bollinger(20,2).upper,bollinger(20,2).lower"

const tw_config_option batch_option_table[] = {
    {"features", TW_CONFIG_TEXT, "LIST", NULL, NULL, FEATURES,
     "indicators, separated by commas, like rsi(14) or macd(12,26,9).signal, and cross-sections: "
     "cross_rank(X), cross_percentile(X), cross_zscore(X)",
     NULL, offsetof(batch_options, features)},
    {"timeframe", TW_CONFIG_TEXT, "SPAN", NULL, NULL, "",
     "bars of this timeframe, like 1d, where the files have several", NULL,
     offsetof(batch_options, timeframe)},
    {"benchmark", TW_CONFIG_TEXT, "S", NULL, NULL, "",
     "the symbol that beta, correlation and the like compare with", NULL,
     offsetof(batch_options, benchmark)},
    {"splits", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "adjust what is before the splits of this CSV: symbol,time,ratio", NULL,
     offsetof(batch_options, splits)},
    {"spikes", TW_CONFIG_NUMBER, "deviations", "0", "1000000", "0",
     "drop bars whose close jumps by more robust deviations than this and comes back; 0: none",
     NULL, offsetof(batch_options, spikes)},
    {"fill", TW_CONFIG_INTEGER, "bars", "0", "1000000", "0",
     "fill gaps of a symbol with the close before, over so many bars at most", NULL,
     offsetof(batch_options, fill)},
    {"calendar", TW_CONFIG_CHOICE, NULL, NULL, NULL, "utc",
     "where a day begins for what is anchored to it (vwap): midnight UTC, or (us) of New York",
     "utc|us", offsetof(batch_options, calendar)},
    {"latest", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "only the newest bar of each symbol, as a table (or, with --json, a document)", NULL,
     offsetof(batch_options, latest)},
    {"plot", TW_CONFIG_TEXT, "FILE.png", NULL, NULL, "",
     "draw how the first eight columns are spread over the symbols, through time (needs gnuplot)",
     NULL, offsetof(batch_options, plot)},
    {"symbol", TW_CONFIG_TEXT, "S", NULL, NULL, "", "and this symbol as a line of its own", NULL,
     offsetof(batch_options, symbol)},
    {"out", TW_CONFIG_TEXT, "FILE", NULL, NULL, "-", "where rows go; - is standard output", NULL,
     offsetof(batch_options, out)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print one JSON document: the counts (with --out FILE), or --latest", NULL,
     offsetof(batch_options, json)},
    {"threads", TW_CONFIG_INTEGER, NULL, "0", "256", "0", "workers; 0: one a processor", NULL,
     offsetof(batch_options, threads)},
    {"skip-bad", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write bad rows into FILE with the reason and go on", NULL, offsetof(batch_options, skip_bad)},
};

const size_t batch_option_count = sizeof batch_option_table / sizeof batch_option_table[0];

bool batch_to_standard_output(const batch_options *options) {
    return strcmp(options->out, "-") == 0;
}

static tw_status check_output(const batch_options *options, tw_error *error) {
    if (options->out[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--out needs a file (- is standard output)");
    if (options->latest && !batch_to_standard_output(options))
        return tw_error_set(error, TW_USAGE, "--latest is a table: it has no --out FILE");
    if (options->json && !options->latest && batch_to_standard_output(options))
        return tw_error_set(error, TW_USAGE,
                            "--json and the rows cannot both go to standard output: add --out FILE "
                            "or --latest");
    if (options->symbol[0] != '\0' && options->plot[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--symbol is for the picture: add --plot FILE");
    return TW_OK;
}

static tw_status check_files(const batch_options *options, const tw_arguments *arguments,
                             tw_error *error) {
    if (arguments->operand_count == 0)
        return tw_error_set(error, TW_USAGE, "name files of bars (- is standard input)");
    for (size_t i = 0; i < arguments->operand_count; i++) {
        if (strcmp(arguments->operands[i], "-") == 0 && strcmp(options->splits, "-") == 0)
            return tw_error_set(error, TW_USAGE,
                                "standard input cannot be both the bars and the splits");
    }
    const output_option written[] = {{"out", options->out, .streams = true},
                                     {"skip-bad", options->skip_bad, .streams = false},
                                     {"plot", options->plot, .streams = false}};
    const size_t count = sizeof written / sizeof written[0];
    const char *const splits[] = {options->splits};
    tw_status status =
        output_options_check(written, count, arguments->operands, arguments->operand_count, error);
    if (status == TW_OK && options->splits[0] != '\0')
        status = output_options_check(written, count, splits, 1, error);
    return status;
}

tw_status batch_options_check(const batch_options *options, const tw_arguments *arguments,
                              tw_error *error) {
    tw_status status = check_output(options, error);
    return status == TW_OK ? check_files(options, arguments, error) : status;
}
