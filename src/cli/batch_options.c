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

static tw_status check_plot(const batch_options *options, tw_error *error) {
    if (options->plot[0] == '\0')
        return options->symbol[0] == '\0'
                   ? TW_OK
                   : tw_error_set(error, TW_USAGE, "--symbol is for the picture: add --plot FILE");
    if (strcmp(options->plot, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--plot needs a file, not standard output");
    if (output_is_same_file(options->plot, options->out))
        return tw_error_set(error, TW_USAGE, "--plot %s: that file is --out", options->plot);
    if (options->skip_bad[0] != '\0' && output_is_same_file(options->plot, options->skip_bad))
        return tw_error_set(error, TW_USAGE, "--plot %s: that file is --skip-bad", options->plot);
    return TW_OK;
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
    if (strcmp(options->skip_bad, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--skip-bad needs a file, not standard output");
    if (options->skip_bad[0] != '\0' && output_is_same_file(options->skip_bad, options->out))
        return tw_error_set(error, TW_USAGE, "--skip-bad %s: that file is --out",
                            options->skip_bad);
    return TW_OK;
}

/* What is read must not be written. */
static tw_status check_read(const batch_options *options, const char *path, tw_error *error) {
    const struct {
        const char *option;
        const char *path;
    } written[] = {{"out", options->out}, {"plot", options->plot}, {"skip-bad", options->skip_bad}};
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        if (written[i].path[0] != '\0' && output_is_same_file(written[i].path, path))
            return tw_error_set(error, TW_USAGE, "--%s %s: that file is read", written[i].option,
                                written[i].path);
    }
    return TW_OK;
}

static tw_status check_files(const batch_options *options, const tw_arguments *arguments,
                             tw_error *error) {
    if (arguments->operand_count == 0)
        return tw_error_set(error, TW_USAGE, "name files of bars (- is standard input)");
    tw_status status =
        options->splits[0] != '\0' ? check_read(options, options->splits, error) : TW_OK;
    for (size_t i = 0; status == TW_OK && i < arguments->operand_count; i++) {
        const char *path = arguments->operands[i];
        if (strcmp(path, "-") == 0 && strcmp(options->splits, "-") == 0)
            return tw_error_set(error, TW_USAGE,
                                "standard input cannot be both the bars and the splits");
        status = check_read(options, path, error);
    }
    return status;
}

tw_status batch_options_check(const batch_options *options, const tw_arguments *arguments,
                              tw_error *error) {
    tw_status status = check_output(options, error);
    if (status == TW_OK)
        status = check_plot(options, error);
    return status == TW_OK ? check_files(options, arguments, error) : status;
}
