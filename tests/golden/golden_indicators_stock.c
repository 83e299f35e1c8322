/*
 * golden_indicators_stock.c - the indicators against the baselines and literal points of the test
 * suite of Stock.Indicators (version 3).
 *
 * What they draw again with each new row (lines between turns, the line of the last window,
 * channels beside it) is drawn here from the answers of the rows that it hangs on. Pivots of
 * calendar months are those of a stream that is told where months begin.
 */
#include "stock_drawings.h"

static const unsupported_metric unsupported[] = {
    {"stockind_renko*", "bars: golden_bars runs them"},
    {"stockind_zigzag*", "not there: it redraws rows without an end"},
};

/* The second series is not among the data, but for what needs only one of the two. */
static bool needs_other(const json_t *single, const char *column) {
    const json_t *other = json_object_get(json_object_get(single, "input"), "other");
    if (!json_is_string(other))
        return false;
    FILE *file = fopen(vector_path(json_string_value(other)), "r");
    if (file != NULL)
        fclose(file);
    return file == NULL && strcmp(column, "varianceB") != 0 && strcmp(column, "returnsMrkt") != 0;
}

/* In "OtherBars.ToBeta(Bars)" the other series is the one that is evaluated; where its file is
 * missing, the series that is there stands for both. */
static void inputs_of(const json_t *single, const number_table *quotes, const number_table *other,
                      case_run *run) {
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    const char *call = text_of(json_object_get(single, "params"), "call");
    for (size_t c = 0; c < 5; c++)
        run->inputs[c] = table_column(quotes, names[c]);
    const double *close = table_column(quotes, "close");
    const double *second = other->columns > 0 ? table_column(other, "close") : close;
    if (strncmp(call, "Bars.ToBeta(Bars", 16) == 0)
        second = close;
    bool reversed = strncmp(call, "OtherBars.", 10) == 0;
    run->inputs[TW_INDICATOR_CLOSE] = reversed ? second : close;
    run->inputs[TW_INDICATOR_OTHER] = reversed ? close : second;
    run->rows = quotes->rows;
}

typedef struct stock_data {
    number_table quotes;
    number_table other;    /* without columns where it is missing */
    bool months[ROWS_MAX]; /* whether a month begins with a row */
} stock_data;

/* Dates are no numbers to the table: "2017-01-03" in the second place of a line. */
static void read_months(stock_data *data) {
    FILE *file = fopen(vector_path("data/stockind_quotes_default.csv"), "r");
    assert_non_null(file);
    char line[LINE_SIZE];
    char last[8] = "";
    assert_non_null(fgets(line, sizeof line, file));
    for (size_t i = 0; i < data->quotes.rows && fgets(line, sizeof line, file) != NULL; i++) {
        data->months[i] = strncmp(line, last, 7) != 0;
        snprintf(last, sizeof last, "%.7s", line);
    }
    fclose(file);
}

static bool run_of(const json_t *single, const stock_data *data, const char *theirs,
                   case_run *run) {
    char arguments[SPEC_SIZE];
    const char *call = text_of(json_object_get(single, "params"), "call");
    const method *m = method_of(call, theirs, arguments, run->output);
    if (m == NULL)
        return false;
    spec_of(m, single, arguments, run->spec);
    run->delay = delay_of(m, run->output, run->spec);
    run->resets = data->months;
    inputs_of(single, &data->quotes, &data->other, run);
    return true;
}

static bool find_run(const json_t *single, const stock_data *data, const char *theirs,
                     case_run *run) {
    if (run_of(single, data, theirs, run))
        return true;
    print_error("%s: %s of %s is neither supported nor named\n", text_of(single, "id"), theirs,
                text_of(json_object_get(single, "params"), "call"));
    return false;
}

/* What their DPO leaves out at its end, where rows that come later are missing. */
static unsigned check_column(const json_t *single, const stock_data *data) {
    const json_t *expected = json_object_get(single, "expected");
    const char *column = text_of(expected, "column");
    case_run run = {.factor = 1};
    const drawing *drawn = drawing_of(text_of(single, "metric"));
    if (drawn != NULL)
        inputs_of(single, &data->quotes, &data->other, &run);
    else if (!find_run(single, data, column, &run))
        return 1;
    number_table table;
    table_read(&table, text_of(expected, "file"));
    double *answers = drawn != NULL ? draw(drawn, column, &run) : run_answers(&run);
    double *wanted = table_column(&table, column);
    assert_non_null(wanted);
    if (strncmp(column, "returns", 7) == 0)
        wanted[0] = NAN; /* they say 0 for the first row, which has no return */
    for (size_t i = 0; strcmp(column, "rsiStreak") == 0 && isnan(wanted[i]); i++)
        answers[i] = NAN; /* ConnorsRsi.StaticSeries.cs hides it for the period and two rows more */
    unsigned wrong = compare_column(text_of(single, "id"), &run, answers, wanted, 1e-12,
                                    json_number_value(json_object_get(single, "tol_rel")));
    free(answers);
    table_free(&table);
    return wrong;
}

/* Large values are printed with fewer digits than their tolerance says. */
static double half_a_digit(double wanted) {
    return fabs(wanted) > 1e6 ? 0.005 : 0;
}

static unsigned check_points(const json_t *single, const stock_data *data) {
    const json_t *points = json_object_get(json_object_get(single, "expected"), "points");
    unsigned wrong = 0;
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        size_t row = (size_t)json_integer_value(json_array_get(point, 0));
        const char *output = json_string_value(json_array_get(point, 1));
        double wanted = json_number_value(json_array_get(point, 2));
        double tolerance = json_number_value(json_array_get(point, 3));
        case_run run = {.factor = 1};
        if (!find_run(single, data, output, &run))
            return wrong + 1;
        double *answers = run_answers(&run);
        if (!near(answers[row], wanted, tolerance * (1 + 1e-6), 0) &&
            !near(answers[row], wanted, half_a_digit(wanted), 0)) {
            wrong++;
            print_error("%s: %s %s: row %zu: %.10g is wanted, %.10g came\n", text_of(single, "id"),
                        run.spec, run.output, row, wanted, answers[row]);
        }
        free(answers);
    }
    return wrong;
}

static bool left_out(const json_t *single, const char **ret_why) {
    const json_t *expected = json_object_get(single, "expected");
    const char *metric = text_of(single, "metric");
    *ret_why = metric;
    if (reason_of(unsupported, sizeof unsupported / sizeof unsupported[0], metric) != NULL)
        return true;
    return needs_other(single, text_of(expected, "column"));
}

static void run_file(const char *name, bool points) {
    json_t *cases = cases_of(name);
    static stock_data data;
    data = (stock_data){.other = {.columns = 0}};
    table_read(&data.quotes, "data/stockind_quotes_default.csv");
    if (have_vectors("data/stockind_quotes_compare.csv"))
        table_read(&data.other, "data/stockind_quotes_compare.csv");
    read_months(&data);
    case_counts counts = {0};
    unsigned failed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *single = json_array_get(cases, i);
        const char *why = NULL;
        if (left_out(single, &why))
            count_unsupported(&counts, why);
        else if ((points ? check_points(single, &data) : check_column(single, &data)) == 0)
            counts.passed++;
        else
            failed++;
    }
    print_counts(name, &counts);
    if (counts.unsupported > 0)
        print_message(
            "counts: of these: the second series of beta, correlation and prs is not among "
            "the data; renko is golden_bars'\n");
    table_free(&data.quotes);
    table_free(&data.other);
    json_decref(cases);
    assert_int_equal(failed, 0);
}

static void test_every_baseline_passes_or_is_named(void **state) {
    (void)state;
    run_file("stockindicators.json", false);
}

static void test_every_point_passes_or_is_named(void **state) {
    (void)state;
    run_file("stockindicators_points.json", true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_baseline_passes_or_is_named),
        cmocka_unit_test(test_every_point_passes_or_is_named),
    };
    return run_with_vectors("golden_indicators_stock", "stockindicators.json", tests,
                            sizeof tests / sizeof tests[0]);
}
