/*
 * golden_skfolio.c - measures of one series beside skfolio's.
 *
 * Its conventions: the VaR is an order statistic, the CVaR that of Rockafellar and Uryasev; partial
 * moments are about the mean unless a minimum acceptable return is given; moments are biased or
 * not.
 */
#include "performance_cases.h"

static void about(request *r, tw_figure mean, tw_figure wanted) {
    bool given = json_is_number(json_object_get(r->c->params, "min_acceptable_return"));
    r->figure = given ? wanted : mean;
}

static void tune_absolute(request *r) {
    about(r, TW_FIGURE_MEAN_ABSOLUTE_DEVIATION, TW_FIGURE_MEAN_ABSOLUTE_DISTANCE);
}

static void tune_first(request *r) {
    about(r, TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT_MEAN, TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT);
}

static void tune_fourth(request *r) {
    about(r, TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT_MEAN, TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT);
}

static void tune_semi_variance(request *r) {
    about(r, TW_FIGURE_SEMI_VARIANCE, TW_FIGURE_DOWNSIDE_VARIANCE);
}

static void tune_semi_deviation(request *r) {
    about(r, TW_FIGURE_SEMI_DEVIATION, TW_FIGURE_DOWNSIDE_DEVIATION);
}

static const metric_row rows[] = {
    {"mean", TW_FIGURE_MEAN, 1, NULL},
    {"mean_absolute_deviation", TW_FIGURE_COUNT, 1, tune_absolute},
    {"first_lower_partial_moment", TW_FIGURE_COUNT, 1, tune_first},
    {"fourth_lower_partial_moment", TW_FIGURE_COUNT, 1, tune_fourth},
    {"variance", TW_FIGURE_VARIANCE, 1, NULL},
    {"semi_variance", TW_FIGURE_COUNT, 1, tune_semi_variance},
    {"standard_deviation", TW_FIGURE_VOLATILITY, 1, NULL},
    {"semi_deviation", TW_FIGURE_COUNT, 1, tune_semi_deviation},
    {"third_central_moment", TW_FIGURE_THIRD_CENTRAL_MOMENT, 1, NULL},
    {"skew", TW_FIGURE_SKEWNESS, 1, NULL},
    {"fourth_central_moment", TW_FIGURE_FOURTH_CENTRAL_MOMENT, 1, NULL},
    {"kurtosis", TW_FIGURE_KURTOSIS, 1, NULL},
    {"worst_realization", TW_FIGURE_WORST_REALISATION, 1, NULL},
    {"value_at_risk", TW_FIGURE_VALUE_AT_RISK, 1, NULL},
    {"cvar", TW_FIGURE_EXPECTED_SHORTFALL, 1, NULL},
    {"entropic_risk_measure", TW_FIGURE_ENTROPIC_RISK, 1, NULL},
    {"evar", TW_FIGURE_ENTROPIC_VALUE_AT_RISK, 1, NULL},
    {"gini_mean_difference", TW_FIGURE_GINI_MEAN_DIFFERENCE, 1, NULL},
    {"correlation", TW_FIGURE_CORRELATION, 1, NULL},
    {NULL, TW_FIGURE_COUNT, 0, NULL},
};

static request begin(const test_case *c, const metric_row *row) {
    request r = {.c = c, .figure = row->figure, .sign = row->sign};
    uint8_t ddof = json_is_true(json_object_get(c->params, "biased")) ? 0 : 1;
    tw_performance_config_init(&r.config);
    r.config.ddof = r.config.partial_ddof = ddof;
    r.config.quantile = TW_QUANTILE_STEP;
    r.config.tail = 1 - param(c, "beta", 0.95);
    r.config.entropic_floor = 0.01;
    r.config.entropic_aversion = param(c, "theta", 1);
    r.config.minimum_acceptable =
        (tw_rate){param(c, "min_acceptable_return", 0), TW_RATE_PER_PERIOD};
    if (row->tune != NULL)
        row->tune(&r);
    return r;
}

/* The i-th series of the input. */
static bool read_series(const test_case *c, size_t i, series *ret) {
    const char *file = json_string_value(json_object_get(c->input, "file"));
    const json_t *columns = json_object_get(c->input, "columns_x");
    if (file != NULL)
        return series_from_csv(
            file, json_string_value(json_array_get(json_object_get(c->input, "columns"), i)), ret);
    return series_from(
        columns != NULL ? json_array_get(columns, i) : json_object_get(c->input, "x"), ret);
}

/* The one column of a file of weights; false where the file is not. */
static bool read_weights(const char *file) {
    FILE *stream = fopen(data_path(file), "r");
    char line[256];
    if (stream == NULL)
        return false;
    the_weights.count = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        char *end;
        const char *cell = strrchr(line, ',') != NULL ? strrchr(line, ',') + 1 : line;
        double value = strtod(cell, &end);
        if (end != cell)
            the_weights.values[the_weights.count++] = value;
    }
    fclose(stream);
    return true;
}

__extension__ typedef unsigned __int128 wide;

/* Where the data lacks them: numpy.random.default_rng(0).random(n) over its sum, which is what the
 * suite that the answers are from has. PCG XSL RR 128/64 (O'Neill 2014) from that seed's state. */
static void make_weights(size_t count) {
    const wide multiplier = (wide)UINT64_C(0x2360ed051fc65da4) << 64 | UINT64_C(0x4385df649fccf645);
    const wide step = (wide)UINT64_C(0x418ddadb3af71a82) << 64 | UINT64_C(0x588133bc447873a9);
    wide state = (wide)UINT64_C(0x1aa1b5345996452d) << 64 | UINT64_C(0x09585eb7a69561e3);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        state = state * multiplier + step;
        uint64_t mixed = (uint64_t)(state >> 64) ^ (uint64_t)state;
        unsigned turn = (unsigned)(state >> 122);
        uint64_t bits = mixed >> turn | mixed << (-turn & 63);
        the_weights.values[i] = (double)(bits >> 11) * 0x1p-53;
        sum += the_weights.values[i];
    }
    for (size_t i = 0; i < count; i++)
        the_weights.values[i] /= sum;
    the_weights.count = count;
}

static verdict run_figure(const test_case *c) {
    const metric_row *row = row_of(rows, c->metric);
    const json_t *weights = json_object_get(c->params, "sample_weight");
    if (row->metric == NULL)
        return UNSUPPORTED;
    bool given = json_is_string(weights) && read_weights(json_string_value(weights));
    request r = begin(c, row);
    size_t count = json_is_array(c->expected) ? json_array_size(c->expected) : 1;
    bool pairs = r.figure == TW_FIGURE_CORRELATION;
    verdict all = PASSED;
    for (size_t i = 0; i < count; i++) {
        const json_t *expected =
            json_is_array(c->expected) ? json_array_get(c->expected, i) : c->expected;
        assert_true(read_series(c, pairs ? i / 2 : i, &the_returns));
        r.input = (tw_performance_input){.returns = the_returns.values, .count = the_returns.count};
        if (pairs) {
            assert_true(read_series(c, i % 2, &the_benchmark));
            r.input.benchmark = the_benchmark.values;
        }
        if (json_is_string(weights)) {
            if (!given)
                make_weights(the_returns.count);
            assert_int_equal(the_weights.count, the_returns.count);
            r.input.weights = the_weights.values;
        }
        all = worse(all, compare(c, figure_of(&r), expected));
    }
    return all;
}

static const runner skfolio[] = {{NULL, run_figure}};

FILE_TEST(skfolio, "skfolio.json", skfolio, 1)

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_skfolio)};
    return cmocka_run_group_tests(tests, make_performance, free_performance);
}
