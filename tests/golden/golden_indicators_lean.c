/*
 * golden_indicators_lean.c - the indicators against the external series of Lean's test suite.
 *
 * They were computed by spreadsheets and charting packages. The first answers of some are of
 * another convention or a warm-up that their own test skips, so rows count from our first answer
 * on; a row that they leave empty is not compared. Two symbols stand in one file line by line.
 */
#include "indicator_cases.h"

static const unsupported_metric unsupported[] = {
    {"lean_obv",
     "the volumes of its file are rounded to seven digits: no sum of them is within 1.0 "
     "of its column (row 25: -75887800, -75887840 is wanted)"},
};

/* `%p` is the period, `%k`, `%t` and `%l` a confidence, a target and a lag of the case. */
typedef struct lean_metric {
    const char *name; /* or its beginning, when it ends with '*' */
    const char *spec;
    const char *output;
    double factor;
} lean_metric;

static const lean_metric metrics[] = {
    {"lean_covariance_rolling", "covariance(%p,simple,ddof=1)", "covariance", 1},
    {"lean_correlation_rolling", "correlation(%p)", "correlation", 1},
    {"lean_pearson_correlation_rolling", "correlation(%p)", "correlation", 1},
    {"lean_rank_correlation_rolling", "rank_correlation(%p)", "correlation", 1},
    {"lean_beta_rolling", "beta(%p,simple)", "beta", 1},
    {"lean_var_gaussian_rolling", "value_at_risk(%p,%k)", "value_at_risk", 1},
    {"lean_sharpe_rolling", "sharpe(%p,%t)", "sharpe", 1},
    {"lean_sortino_rolling", "sortino(%p,%t)", "sortino", 1},
    {"lean_target_downside_deviation_rolling", "downside_deviation(%p,%t)", "downside_deviation",
     1},
    {"lean_hurst_rolling", "hurst_lags(%p,%l)", "hurst", 1},
    {"lean_bollinger_upper", "bollinger(%p,2)", "upper", 1},
    {"lean_bollinger_lower", "bollinger(%p,2)", "lower", 1},
    {"lean_bollinger_middle", "bollinger(%p,2)", "middle", 1},
    {"lean_bollinger_bandwidth_percent", "bollinger(%p,2)", "width", 100},
    {"lean_bollinger_percent_b", "bollinger(%p,2)", "percent_b", 1},
    {"lean_vwap_rolling", "vwap_rolling(%p,ohlc4)", "vwap", 1},
    {"lean_sma", "sma(%p)", "sma", 1},
    {"lean_ema", "ema(%p)", "ema", 1},
    {"lean_macd", "macd(12,26,9)", "macd", 1},
    {"lean_rsi_wilder", "rsi(%p)", "rsi", 1},
    {"lean_rsi*", "rsi(%p,smoothing=sum)", "rsi", 1},
    /* The column RMA5 of this file is of RelativeMovingAverageTests, whatever it is called here:
     * three simple means (RelativeMovingAverage.cs), no smoothed one. */
    {"lean_wilder_ma", "relative_sma(%p)", "relative_sma", 1},
    {"lean_wma", "wma(%p)", "wma", 1},
    {"lean_log_return", "log_return(%p)", "log_return", 1},
    {"lean_rolling_max", "max(%p)", "max", 1},
    {"lean_rolling_min", "min(%p)", "min", 1},
    {"lean_stddev", "stddev(%p)", "stddev", 1},
    {"lean_variance", "variance(%p)", "variance", 1},
    {"lean_true_range", "true_range", "tr", 1},
    {"lean_average_daily_range", "daily_range(20)", "daily_range", 1},
    {"lean_momentum", "roc(%p)", "momentum", 1},
    {"lean_roc", "roc(%p)", "roc", 1},
};

static double value_of(const json_t *single, char letter) {
    switch (letter) {
    case 'p':
        return param_of(single, "period", param_of(single, "window_returns", 14));
    case 'k':
        return param_of(single, "confidence", 0.95);
    case 't':
        return param_of(single, "mar", 0);
    default:
        return param_of(single, "max_lag", 20);
    }
}

static void fill_in(const json_t *single, const char *spec, char *ret_spec) {
    size_t size = 0;
    for (; *spec != '\0'; spec++) {
        int written = *spec == '%' ? snprintf(ret_spec + size, SPEC_SIZE - size, "%g",
                                              value_of(single, *++spec))
                                   : snprintf(ret_spec + size, SPEC_SIZE - size, "%c", *spec);
        size += (size_t)written;
    }
}

/* The metrics above by the columns of the files, for a case that calls one otherwise. */
static const char *const columns[][2] = {
    {"%B", "lean_bollinger_percent_b"},
    {"BandWidth", "lean_bollinger_bandwidth_percent"},
    {"Moving Average 20", "lean_bollinger_middle"},
    {"RSI 14 Wilder", "lean_rsi_wilder"},
    {"RSI 14", "lean_rsi"},
    {"MACD 12 26", "lean_macd"},
    {"EMA14", "lean_ema"},
    {"SMA14", "lean_sma"},
    {"Correlation_Pearson", "lean_pearson_correlation_rolling"},
    {"Correlation_Spearman", "lean_rank_correlation_rolling"},
    {"Covariance", "lean_covariance_rolling"},
    {"Moving VWAP 50", "lean_vwap_rolling"},
};

static const lean_metric *metric_of(const char *name) {
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        const char *star = strchr(metrics[i].name, '*');
        size_t size = star != NULL ? (size_t)(star - metrics[i].name) : strlen(metrics[i].name) + 1;
        if (strncmp(metrics[i].name, name, size) == 0)
            return &metrics[i];
    }
    return NULL;
}

static bool spec_of(const json_t *single, case_run *run) {
    const lean_metric *metric = metric_of(text_of(single, "metric"));
    const char *column = text_of(json_object_get(single, "expected"), "column");
    for (size_t i = 0; metric == NULL && i < sizeof columns / sizeof columns[0]; i++) {
        if (strcmp(columns[i][0], column) == 0)
            metric = metric_of(columns[i][1]);
    }
    if (metric == NULL)
        return false;
    fill_in(single, metric->spec, run->spec);
    snprintf(run->output, NAME_SIZE, "%s", metric->output);
    run->factor = metric->factor;
    return true;
}

/* Rows 0, 2, 4 ... are of the first symbol, the others of the second: each becomes a series. */
static void split_symbols(number_table *table, case_run *run, const double **wanted) {
    size_t rows = table->rows / 2;
    double *close = table_column(table, "Close");
    double *expected = calloc(rows, sizeof *expected);
    double *first = calloc(2 * rows, sizeof *first);
    assert_true(expected != NULL && first != NULL);
    for (size_t i = 0; i < rows; i++) {
        first[i] = close[2 * i];
        first[rows + i] = close[2 * i + 1];
        expected[i] = (*wanted)[2 * i + 1];
    }
    run->inputs[TW_INDICATOR_CLOSE] = first;
    run->inputs[TW_INDICATOR_OTHER] = first + rows;
    run->rows = rows;
    *wanted = expected;
}

static void inputs_of(number_table *table, case_run *run) {
    static const char *const names[2][5] = {{"Open", "High", "Low", "Close", "Volume"},
                                            {"open", "high", "low", "close", "volume"}};
    for (size_t c = 0; c < 5; c++) {
        for (size_t k = 0; k < 2; k++) {
            if (table_column(table, names[k][c]) != NULL)
                run->inputs[c] = table_column(table, names[k][c]);
        }
    }
    run->rows = table->rows;
}

/* A reference that has answers before there can be any has seen rows before those of the file: it
 * is compared from where our seed weighs less than a millionth. */
static size_t settled_row_of(const case_run *run, const double *wanted, size_t first) {
    tw_indicator_config config;
    assert_int_equal(tw_indicator_parse(run->spec, &config, NULL), TW_OK);
    bool earlier = !isnan(wanted[0]) && first > 0;
    return earlier ? first + tw_indicator_unstable(&config, 0, 1e-6) : first;
}

/* `least` rows at least must have been compared: a case of empty rows proves nothing. */
static unsigned compare(const json_t *single, const case_run *run, const double *wanted,
                        size_t least) {
    double tolerance = json_number_value(json_object_get(single, "tol_abs"));
    double *answers = run_answers(run);
    unsigned wrong = 0;
    size_t compared = 0;
    size_t first = 0;
    while (first < run->rows && isnan(answers[first]))
        first++;
    first = settled_row_of(run, wanted, first);
    for (size_t i = first; i < run->rows; i++) {
        if (isnan(wanted[i]))
            continue;
        compared++;
        if (!near(answers[i], wanted[i], tolerance, 0) && wrong++ < 3)
            print_error("%s: %s: row %zu: %.12g is wanted, %.12g came\n", text_of(single, "id"),
                        run->spec, i, wanted[i], answers[i]);
    }
    free(answers);
    assert_true(compared >= least);
    return wrong;
}

static unsigned check_case(const json_t *single) {
    case_run run = {.factor = 1};
    if (!spec_of(single, &run)) {
        print_error("%s: %s is neither supported nor named\n", text_of(single, "id"),
                    text_of(single, "metric"));
        return 1;
    }
    const json_t *expected = json_object_get(single, "expected");
    number_table table;
    table_read(&table, text_of(expected, "file"));
    const char *column = text_of(expected, "column");
    const double *wanted = table_column(&table, column);
    char spaced[NAME_SIZE];
    snprintf(spaced, sizeof spaced, "%s ", column);
    if (wanted == NULL)
        wanted = table_column(&table, spaced);
    assert_non_null(wanted);
    bool pair = strcmp(table.names[0], "Symbol") == 0;
    if (pair)
        split_symbols(&table, &run, &wanted);
    else
        inputs_of(&table, &run);
    unsigned wrong = compare(single, &run, wanted, 10);
    if (pair) {
        free((void *)(uintptr_t)wanted);
        free((void *)(uintptr_t)run.inputs[TW_INDICATOR_CLOSE]);
    }
    table_free(&table);
    return wrong;
}

static void test_every_case_passes_or_is_named(void **state) {
    (void)state;
    json_t *cases = cases_of("lean.json");
    case_counts counts = {0};
    unsigned failed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *single = json_array_get(cases, i);
        const char *metric = text_of(single, "metric");
        if (reason_of(unsupported, sizeof unsupported / sizeof unsupported[0], metric) != NULL)
            count_unsupported(&counts, metric);
        else if (check_case(single) == 0)
            counts.passed++;
        else
            failed++;
    }
    print_counts("lean", &counts);
    json_decref(cases);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case_passes_or_is_named)};
    return run_with_vectors("golden_indicators_lean", "lean.json", tests,
                            sizeof tests / sizeof tests[0]);
}
