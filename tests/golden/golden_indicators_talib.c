/*
 * golden_indicators_talib.c - the indicators against the regression suite of TA-Lib.
 *
 * What TA-Lib does its own way is said in the texts below: its exponential means are seeded by a
 * simple mean or, in its compatibility with Metastock, by the first value; a computation that
 * begins later in the file sees only the rows of its lookback before that.
 */
#include "indicator_cases.h"

static const unsupported_metric unsupported[] = {
    {"talib_ht_trendmode", "not there"},
    {"talib_ht_dcphase", "not there"},
    {"talib_ht_sine", "not there"},
    {"talib_mama", "its mean begins with 0, which its first answers still hold; ours with prices"},
    {"talib_minmaxindex", "the place of an extreme in the file: the aroon kind tells its age"},
};

static bool metastock(const json_t *single) {
    return strstr(text_of(json_object_get(single, "params"), "compatibility"), "METASTOCK") != NULL;
}

static int average_of(const json_t *single, const char *key) {
    static const char *const names[] = {"SMA",  "EMA",  "WLMA", "WMA",
                                        "DEMA", "TEMA", "HMA",  "TRIMA"};
    const char *type = text_of(json_object_get(single, "params"), key);
    for (int i = 0; i < 8; i++) {
        char full[32];
        snprintf(full, sizeof full, "TA_MAType_%s", names[i]);
        if (strcmp(full, type) == 0)
            return i == 1 && metastock(single) ? 10 : i;
    }
    return 0;
}

/* One period, one output. */
typedef struct simple_metric {
    const char *metric;
    const char *spec; /* %d is TimePeriod */
    const char *output;
    double factor;
} simple_metric;

static const simple_metric simple[] = {
    {"talib_sma", "sma(%d)", "sma", 1},
    {"talib_wma", "wma(%d)", "wma", 1},
    {"talib_trima", "trima(%d)", "trima", 1},
    {"talib_kama", "kama(%d)", "kama", 1},
    {"talib_t3", "t3(%d)", "t3", 1},
    {"talib_min", "min(%d)", "min", 1},
    {"talib_max", "max(%d)", "max", 1},
    {"talib_sum", "sum(%d)", "sum", 1},
    {"talib_mom", "roc(%d)", "momentum", 1},
    {"talib_roc", "roc(%d)", "roc", 1},
    {"talib_rocp", "roc(%d)", "roc", 0.01},
    {"talib_rocr", "roc(%d)", "ratio", 1},
    {"talib_rocr100", "roc(%d)", "ratio", 100},
    {"talib_aroon_up", "aroon(%d)", "up", 1},
    {"talib_aroon_down", "aroon(%d)", "down", 1},
    {"talib_aroonosc", "aroon(%d)", "oscillator", 1},
    {"talib_mfi", "mfi(%d)", "mfi", 1},
    {"talib_ad", "adl", "adl", 1},
    {"talib_obv", "obv(first=volume)", "obv", 1},
    {"talib_atr", "atr(%d)", "atr", 1},
    {"talib_natr", "atr(%d)", "atrp", 1},
    {"talib_trange", "true_range", "tr", 1},
    {"talib_correl", "correlation(%d)", "correlation", 1},
    {"talib_beta", "beta(%d)", "beta", 1},
    {"talib_var", "variance(%d)", "variance", 1},
    {"talib_cmo", "cmo(%d, wilder)", "cmo", 1},
    {"talib_linearreg", "epma(%d)", "epma", 1},
    {"talib_linearreg_slope", "slope(%d)", "slope", 1},
    {"talib_trix", "trix(%d)", "trix", 1},
    {"talib_adx", "adx(%d, late)", "adx", 1},
    {"talib_dx", "adx(%d, late)", "dx", 1},
    {"talib_plus_di", "adx(%d, late)", "plus_di", 1},
    {"talib_minus_di", "adx(%d, late)", "minus_di", 1},
    /* The cycle is looked for from row 12 on; for the trend line, from row 37. */
    {"talib_ht_dcperiod", "trendline(from=12)", "period", 1},
    {"talib_ht_trendline", "trendline(from=37)", "trendline", 1},
    {"talib_ht_phasor", "trendline(from=12)", "in_phase", 1},
    {"talib_medprice", "donchian(1)", "middle", 1},
};

static bool bands(const json_t *single, case_run *run) {
    snprintf(run->spec, SPEC_SIZE, "bollinger(%g, up=%g, down=%g, mean=%d)",
             param_of(single, "TimePeriod", 20), param_of(single, "NbDevUp", 2),
             param_of(single, "NbDevDn", 2), average_of(single, "Method_3"));
    return true;
}

static bool macd(const json_t *single, const char *metric, case_run *run) {
    snprintf(run->spec, SPEC_SIZE, "macd(%g,%g,%g,seed=%s)", param_of(single, "FastPeriod", 12),
             param_of(single, "SlowPeriod", 26), param_of(single, "SignalPeriod_2", 9),
             strcmp(metric, "talib_macdfix") == 0 ? "fixed"
             : metastock(single)                  ? "late"
                                                  : "classic");
    return true;
}

static bool other_run(const json_t *single, const char *metric, case_run *run) {
    int n = (int)param_of(single, "TimePeriod", param_of(single, "TimePeriod1", 14));
    if (strncmp(metric, "talib_macd", 10) == 0)
        return macd(single, metric, run);
    if (strcmp(metric, "talib_bbands") == 0)
        return bands(single, run);
    if (strcmp(metric, "talib_ema") == 0 || strcmp(metric, "talib_dema") == 0 ||
        strcmp(metric, "talib_tema") == 0) {
        bool ema = strcmp(metric, "talib_ema") == 0;
        if (metastock(single) && !ema)
            snprintf(run->spec, SPEC_SIZE, "%s(%d, seed=late, skip=%g)", metric + 6, n,
                     param_of(single, "unstablePeriod", 0));
        else
            snprintf(run->spec, SPEC_SIZE, "%s(%d, seed=%s)", metric + 6, n,
                     metastock(single) ? "first" : "sma");
        snprintf(run->output, NAME_SIZE, "%s", metric + 6);
    } else if (strcmp(metric, "talib_wlma") == 0) {
        snprintf(run->spec, SPEC_SIZE, "smma(%d, seed=%s)", n, metastock(single) ? "first" : "sma");
        snprintf(run->output, NAME_SIZE, "smma");
    } else if (strcmp(metric, "talib_rsi") == 0) {
        bool early = metastock(single) && param_of(single, "unstablePeriod", 0) == 0;
        snprintf(run->spec, SPEC_SIZE, "rsi(%d, early=%s)", n, early ? "yes" : "no");
        snprintf(run->output, NAME_SIZE, "rsi");
    } else if (strcmp(metric, "talib_stddev") == 0) {
        snprintf(run->spec, SPEC_SIZE, "stddev(%d, multiple=%g)", n,
                 param_of(single, "NbDeviation_1", 1));
        snprintf(run->output, NAME_SIZE, "stddev");
    } else if (strcmp(metric, "talib_ultosc") == 0) {
        snprintf(run->spec, SPEC_SIZE, "ultimate(%d,%g,%g)", n, param_of(single, "TimePeriod2", 14),
                 param_of(single, "TimePeriod3", 28));
        snprintf(run->output, NAME_SIZE, "ultimate");
    } else if (strcmp(metric, "talib_willr") == 0) {
        snprintf(run->spec, SPEC_SIZE, "williams_r(%d)", n);
        snprintf(run->output, NAME_SIZE, "williams_r");
    } else if (strcmp(metric, "talib_cci") == 0) {
        snprintf(run->spec, SPEC_SIZE, "cci(%d)", n);
        snprintf(run->output, NAME_SIZE, "cci");
    } else if (strcmp(metric, "talib_po") == 0) {
        snprintf(run->spec, SPEC_SIZE, "ppo(%g,%g,mean=%d)", param_of(single, "FastPeriod", 12),
                 param_of(single, "SlowPeriod", 26), average_of(single, "Method_2"));
        snprintf(run->output, NAME_SIZE, "ppo");
    } else if (strcmp(metric, "talib_minmax") == 0) {
        snprintf(run->spec, SPEC_SIZE, "min(%d)", n);
        snprintf(run->output, NAME_SIZE, "min");
    } else if (strcmp(metric, "talib_avgprice") == 0) {
        snprintf(run->spec, SPEC_SIZE, "heikin_ashi");
        snprintf(run->output, NAME_SIZE, "close");
    } else {
        return false;
    }
    return true;
}

static bool run_of(const json_t *single, const char *metric, case_run *run) {
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        if (strcmp(simple[i].metric, metric) != 0)
            continue;
        int n = (int)param_of(single, "TimePeriod", 14);
        if (strchr(simple[i].spec, '%') == NULL)
            snprintf(run->spec, SPEC_SIZE, "%s", simple[i].spec);
        else
            snprintf(run->spec, SPEC_SIZE, "%.*s(%d%s", (int)strcspn(simple[i].spec, "("),
                     simple[i].spec, n, strstr(simple[i].spec, "%d") + 2);
        snprintf(run->output, NAME_SIZE, "%s", simple[i].output);
        run->factor = simple[i].factor;
        return true;
    }
    return other_run(single, metric, run);
}

/* "close", "(high+low)/2", or several series that go where they are named. */
static void inputs_of(const json_t *single, const char *metric, const number_table *table,
                      case_run *run, double *scratch) {
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    const json_t *columns = json_object_get(json_object_get(single, "input"), "columns");
    run->rows = table->rows;
    bool pair = strcmp(metric, "talib_beta") == 0 || strcmp(metric, "talib_correl") == 0;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        const double *values = table_column(table, name);
        if (strcmp(name, "(high+low)/2") == 0) {
            const double *high = table_column(table, "high");
            const double *low = table_column(table, "low");
            for (size_t r = 0; r < table->rows; r++)
                scratch[r] = (high[r] + low[r]) / 2;
            values = scratch;
        }
        assert_non_null(values);
        if (json_array_size(columns) == 1)
            run->inputs[TW_INDICATOR_CLOSE] = run->inputs[TW_INDICATOR_HIGH] =
                run->inputs[TW_INDICATOR_LOW] = values;
        else if (pair) /* TA-Lib's first series is the market */
            run->inputs[i == 0 ? TW_INDICATOR_OTHER : TW_INDICATOR_CLOSE] = values;
        else
            for (size_t c = 0; c < 5; c++)
                if (strcmp(name, names[c]) == 0)
                    run->inputs[c] = values;
    }
}

static const char *const band_outputs[] = {"upper", "middle", "lower"};
static const char *const macd_outputs[] = {"macd", "signal", "histogram"};

/* The unit of the last digit that a number is printed with. */
static double last_digit_of(double value) {
    double unit = 1;
    for (int digits = 0; digits < 12; digits++, unit /= 10) {
        char text[64];
        snprintf(text, sizeof text, "%.*f", digits, value);
        if (fabs(strtod(text, NULL) - value) < 1e-13)
            break;
    }
    return unit;
}

/*
 * The tolerance of a case is that of its point with the most digits, and one made by a subtraction
 * has 16. Its note says what the suite itself accepts: a value equal after rounding to the digits
 * that are printed, or cut off there, about 0.01 or better. A point that only passes by the note
 * is counted as such.
 */
static bool by_note(double got, double wanted) {
    double unit = last_digit_of(wanted);
    return fabs(got - wanted) <= (unit < 0.01 && fabs(wanted) > 0.4 ? 0.0066 : unit) * 1.01;
}

/* Of the two answers that stand at one row of talib_po one is in per cent and one is not. */
static bool other_oscillator(const case_run *run, size_t row, double wanted, double tolerance) {
    case_run again = *run;
    snprintf(again.output, NAME_SIZE, "apo");
    double *answers = run_answers(&again);
    bool same = near(answers[row], wanted, tolerance, 0);
    free(answers);
    return same;
}

static unsigned run_points(const json_t *single, const char *metric, case_run *run,
                           bool *ret_noted) {
    const json_t *points = json_object_get(json_object_get(single, "expected"), "points");
    double tolerance = json_number_value(json_object_get(single, "tol_abs"));
    unsigned wrong = 0;
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        size_t output = (size_t)json_integer_value(json_array_get(point, 0));
        size_t row = (size_t)json_integer_value(json_array_get(point, 1));
        double wanted = json_number_value(json_array_get(point, 2));
        if (strcmp(metric, "talib_bbands") == 0)
            snprintf(run->output, NAME_SIZE, "%s", band_outputs[output]);
        else if (strncmp(metric, "talib_macd", 10) == 0)
            snprintf(run->output, NAME_SIZE, "%s", macd_outputs[output]);
        else if (strcmp(metric, "talib_ht_phasor") == 0)
            snprintf(run->output, NAME_SIZE, "%s", output == 0 ? "in_phase" : "quadrature");
        double *answers = run_answers(run);
        double got = answers[row];
        free(answers);
        if (near(got, wanted, tolerance, 0) ||
            (strcmp(metric, "talib_po") == 0 && other_oscillator(run, row, wanted, tolerance)))
            continue;
        *ret_noted = true;
        if (by_note(got, wanted) || (strcmp(metric, "talib_po") == 0 &&
                                     other_oscillator(run, row, wanted, last_digit_of(wanted))))
            continue;
        wrong++;
        print_error("%s: %s %s: row %zu: %.10g is wanted, %.10g came\n", text_of(single, "id"),
                    run->spec, run->output, row, wanted, got);
    }
    return wrong;
}

/* A computation from startIdx on begins with the rows of its lookback before that; one that is
 * seeded by the first value of the file, with that. */
static size_t first_row_of(const json_t *single, const case_run *run) {
    if (metastock(single))
        return 0;
    tw_indicator_config config;
    assert_int_equal(tw_indicator_parse(run->spec, &config, NULL), TW_OK);
    size_t before =
        tw_indicator_lookback(&config, 0) + (size_t)param_of(single, "unstablePeriod", 0);
    size_t start = (size_t)param_of(single, "startIdx", 0);
    return start > before ? start - before : 0;
}

static void test_every_case_passes_or_is_named(void **state) {
    (void)state;
    json_t *cases = cases_of("talib.json");
    number_table table;
    table_read(&table, "data/talib_ref252.csv");
    case_counts counts = {0};
    unsigned failed = 0;
    unsigned noted = 0;
    double scratch[512];
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *single = json_array_get(cases, i);
        const char *metric = text_of(single, "metric");
        case_run run = {.factor = 1};
        if (reason_of(unsupported, sizeof unsupported / sizeof unsupported[0], metric) != NULL) {
            count_unsupported(&counts, metric);
            continue;
        }
        if (!run_of(single, metric, &run))
            fail_msg("%s: %s is neither supported nor named", text_of(single, "id"), metric);
        inputs_of(single, metric, &table, &run, scratch);
        run.first = first_row_of(single, &run);
        bool by_its_note = false;
        if (run_points(single, metric, &run, &by_its_note) == 0)
            counts.passed++;
        else
            failed++;
        noted += by_its_note;
    }
    print_counts("talib", &counts);
    print_message(
        "counts: talib: of the passed %u by their note (digits printed), not by tol_abs\n", noted);
    table_free(&table);
    json_decref(cases);
    assert_int_equal(failed, 0);
}

static void test_skipped(void **state) {
    (void)state;
    print_message("TRADEWIND_DATA is not set or has no vectors\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case_passes_or_is_named)};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped)};
    if (!have_vectors("talib.json"))
        return cmocka_run_group_tests_name("golden_indicators_talib", none, NULL, NULL);
    return cmocka_run_group_tests_name("golden_indicators_talib", tests, NULL, NULL);
}
