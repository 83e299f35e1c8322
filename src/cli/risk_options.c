/* risk_options.c - see risk_options.h. */
#include "risk_options.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "output_file.h"

const tw_config_option risk_option_table[] = {
    {"returns", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "wide CSV of simple returns: date,NAME,NAME,...; an empty field is missing", NULL,
     offsetof(risk_options, returns)},
    {"prices", TW_CONFIG_TEXT, "FILE", NULL, NULL, "", "or of prices, likewise", NULL,
     offsetof(risk_options, prices)},
    {"weights", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of the portfolio: symbol,weight; without it all weigh the same", NULL,
     offsetof(risk_options, weights)},
    {"positions", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "or of what is held: symbol,quantity,price; the cash beside it is --cash", NULL,
     offsetof(risk_options, positions)},
    {"cash", TW_CONFIG_DECIMAL, "AMOUNT", NULL, NULL, "0", "beside --positions", NULL,
     offsetof(risk_options, cash_nano)},
    {"benchmark", TW_CONFIG_TEXT, "NAME", NULL, NULL, "",
     "the column to compare with; it is held only if the weights name it", NULL,
     offsetof(risk_options, benchmark)},
    {"confidence", TW_CONFIG_TEXT, "LIST", NULL, NULL, "0.95,0.99",
     "of value at risk and expected shortfall, above 0.5", NULL,
     offsetof(risk_options, confidence)},
    {"horizon", TW_CONFIG_INTEGER, "periods", "1", "10000", "1",
     "of value at risk and expected shortfall", NULL, offsetof(risk_options, horizon)},
    {"periods", TW_CONFIG_NUMBER, NULL, "1", "1000000", "252",
     "rows a year: 252 of days, 52 of weeks, 12 of months", NULL, offsetof(risk_options, periods)},
    {"risk-free", TW_CONFIG_TEXT, "RATE", NULL, NULL, "0/year",
     "with its unit: 0.02/year, 2%/year or 0.0001/period", NULL, offsetof(risk_options, risk_free)},
    {"minimum", TW_CONFIG_TEXT, "RATE", NULL, NULL, "0/year",
     "the least acceptable return, for sortino and omega", NULL, offsetof(risk_options, minimum)},
    {"from", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "only rows from this date on", NULL,
     offsetof(risk_options, from_ns)},
    {"to", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "and to this one, itself included", NULL,
     offsetof(risk_options, to_ns)},
    {"missing", TW_CONFIG_CHOICE, NULL, NULL, NULL, "skip",
     "a row that lacks a return of what is held is left out and counted, or ends the command",
     "skip|fail", offsetof(risk_options, missing)},
    {"fill", TW_CONFIG_INTEGER, "rows", "0", "1000000", "0",
     "let a price stand for missing ones after it, over so many rows at most", NULL,
     offsetof(risk_options, fill)},
    {"paths", TW_CONFIG_INTEGER, "N", "0", "100000000", "100000",
     "of the Monte Carlo; 0: none of it", NULL, offsetof(risk_options, paths)},
    {"seed", TW_CONFIG_INTEGER, "N", "0", NULL, "1", "of its random numbers", NULL,
     offsetof(risk_options, seed)},
    {"distribution", TW_CONFIG_CHOICE, NULL, NULL, NULL, "normal", "of its returns",
     "normal|student", offsetof(risk_options, distribution)},
    {"degrees", TW_CONFIG_NUMBER, NULL, "2.01", "1000000", "5",
     "degrees of freedom of --distribution student", NULL, offsetof(risk_options, degrees)},
    {"stress", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "what today's weights would have lost in the crises that the rows cover", NULL,
     offsetof(risk_options, stress)},
    {"factors", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "wide CSV of the returns of factors: how the portfolio moves with them, and names to shock",
     NULL, offsetof(risk_options, factors)},
    {"shocks", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of scenarios of your own: scenario,symbol,return; a symbol is an asset or a factor", NULL,
     offsetof(risk_options, shocks)},
    {"backtest", TW_CONFIG_INTEGER, "rows", "0", "1000000", "0",
     "forecast each row from so many before it, and test whether it held; 0: no test", NULL,
     offsetof(risk_options, backtest)},
    {"rolling", TW_CONFIG_INTEGER, "rows", "2", "1000000", "63",
     "the window of the picture's volatility", NULL, offsetof(risk_options, rolling)},
    {"plot", TW_CONFIG_TEXT, "FILE.png", NULL, NULL, "",
     "draw the value, the drawdown, the rolling volatility and who contributes (needs gnuplot)",
     NULL, offsetof(risk_options, plot)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(risk_options, json)},
    {"threads", TW_CONFIG_INTEGER, NULL, "0", "256", "0", "workers; 0: one a processor", NULL,
     offsetof(risk_options, threads)},
};

const size_t risk_option_count = sizeof risk_option_table / sizeof risk_option_table[0];

/* "0.02/year", "2%/year", "0.0001/period". */
static tw_status parse_rate(const char *option, const char *text, tw_rate *ret_rate,
                            tw_error *error) {
    tw_slice rest = tw_slice_of(text);
    tw_slice number = tw_slice_trim(tw_slice_split(&rest, '/'));
    tw_slice unit = tw_slice_trim(rest);
    bool percent = number.size > 0 && number.data[number.size - 1] == '%';
    if (percent)
        number.size--;
    bool yearly = rest.data != NULL && tw_slice_equal_string(unit, "year");
    bool each = rest.data != NULL && tw_slice_equal_string(unit, "period");
    double value = NAN;
    if (tw_parse_double(tw_slice_trim(number), &value) != TW_OK || !(yearly || each))
        return tw_error_set(error, TW_USAGE,
                            "--%s: \"%s\" is no rate with a unit: write 0.02/year, 2%%/year or "
                            "0.0001/period",
                            option, text);
    *ret_rate =
        (tw_rate){percent ? value / 100 : value, yearly ? TW_RATE_PER_YEAR : TW_RATE_PER_PERIOD};
    return TW_OK;
}

static tw_status parse_confidences(const char *text, tw_risk_config *config, tw_error *error) {
    tw_slice rest = tw_slice_of(text);
    config->confidence_count = 0;
    while (rest.data != NULL) {
        tw_slice word = tw_slice_trim(tw_slice_split(&rest, ','));
        bool percent = word.size > 0 && word.data[word.size - 1] == '%';
        double value = NAN;
        word.size -= percent ? 1 : 0;
        if (config->confidence_count == TW_RISK_CONFIDENCE_COUNT_MAX)
            return tw_error_set(error, TW_USAGE, "--confidence: at most %d of them",
                                TW_RISK_CONFIDENCE_COUNT_MAX);
        bool number = tw_parse_double(word, &value) == TW_OK;
        value = percent ? value / 100 : value;
        if (!number || !(value > 0.5 && value < 1))
            return tw_error_set(error, TW_USAGE,
                                "--confidence: \"%s\" has to be numbers between 0.5 and 1, like "
                                "0.95,0.99",
                                text);
        config->confidences[config->confidence_count++] = value;
    }
    return TW_OK;
}

tw_status risk_options_check(const risk_options *options, tw_error *error) {
    bool returns = options->returns[0] != '\0';
    bool prices = options->prices[0] != '\0';
    if (returns == prices)
        return tw_error_set(error, TW_USAGE, "give --returns FILE or --prices FILE%s",
                            returns ? ", not both" : "");
    if (returns && options->fill > 0)
        return tw_error_set(error, TW_USAGE, "--fill is for --prices");
    if (options->weights[0] != '\0' && options->positions[0] != '\0')
        return tw_error_set(error, TW_USAGE, "give --weights or --positions, not both");
    if (options->cash_nano != 0 && options->positions[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--cash stands beside --positions");
    if (options->backtest == 1)
        return tw_error_set(error, TW_USAGE, "--backtest needs at least 2 rows (0: no test)");
    const char *const read[] = {options->returns,   options->prices,  options->weights,
                                options->positions, options->factors, options->shocks};
    const output_option written = {"plot", options->plot, .streams = false};
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++) {
        tw_status status =
            read[i][0] == '\0' ? TW_OK : output_options_check(&written, 1, &read[i], 1, error);
        if (status != TW_OK)
            return status;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(read[i], "-") == 0 && strcmp(read[k], "-") == 0)
                return tw_error_set(error, TW_USAGE, "two files cannot both be standard input");
        }
    }
    return TW_OK;
}

_Static_assert(TW_SIMULATE_NORMAL == 0 && TW_SIMULATE_STUDENT == 1, "as the choices stand");

tw_status risk_options_config(const risk_options *options, tw_risk_config *ret_config,
                              tw_error *error) {
    tw_risk_config_init(ret_config);
    ret_config->periods_per_year = options->periods;
    ret_config->fail_missing = options->missing == 1;
    ret_config->horizons[0] = (uint32_t)options->horizon;
    ret_config->horizon_count = 1;
    ret_config->paths = (size_t)options->paths;
    ret_config->seed = (uint64_t)options->seed;
    ret_config->distribution = (uint8_t)options->distribution;
    ret_config->degrees = options->degrees;
    tw_status status = parse_confidences(options->confidence, ret_config, error);
    if (status == TW_OK)
        status = parse_rate("risk-free", options->risk_free, &ret_config->risk_free, error);
    if (status == TW_OK)
        status = parse_rate("minimum", options->minimum, &ret_config->minimum_acceptable, error);
    return status;
}
