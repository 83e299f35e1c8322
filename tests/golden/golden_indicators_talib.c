/*
 * golden_indicators_talib.c - the indicators against the regression suite of TA-Lib.
 *
 * What TA-Lib does its own way is said in the texts below: its exponential means are seeded by a
 * simple mean or, in its compatibility with Metastock, by the first value; a computation that
 * begins later in the file sees only the rows of its lookback before that.
 */
#include "indicator_cases.h"

static const unsupported_metric unsupported[] = {
    {"talib_sin", "mathematics of single values is not what a window is for"},
    {"talib_mavp", "not there: a period for each row"},
};

static bool metastock(const json_t *single) {
    return strstr(text_of(json_object_get(single, "params"), "compatibility"), "METASTOCK") != NULL;
}

/* Its DEMA and TEMA are seeded as ours are by default; WLMA is Wilder's smoothed mean. */
static const char *average_of(const json_t *single, const char *key) {
    static const char *const names[][2] = {
        {"SMA", "sma"},   {"EMA", "ema"},     {"WLMA", "smma"}, {"WMA", "wma"}, {"DEMA", "dema"},
        {"TEMA", "tema"}, {"TRIMA", "trima"}, {"KAMA", "kama"}, {"T3", "t3"},
    };
    const char *type = text_of(json_object_get(single, "params"), key);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char full[32];
        snprintf(full, sizeof full, "TA_MAType_%s", names[i][0]);
        if (strcmp(full, type) == 0)
            return i == 1 && metastock(single) ? "ema_first" : names[i][1];
    }
    return "sma";
}

/* One period; outputs in the order of theirs. */
typedef struct simple_metric {
    const char *metric;
    const char *spec;    /* %d is the period */
    const char *outputs; /* "first;second" */
    double factor;
} simple_metric;

static const simple_metric simple[] = {
    {"talib_sma", "sma(%d)", "sma", 1},
    {"talib_wma", "wma(%d)", "wma", 1},
    {"talib_trima", "trima(%d)", "trima", 1},
    {"talib_kama", "kama(%d)", "kama", 1},
    {"talib_t3", "t3(%d)", "t3", 1},
    /* It begins with 0 (ta_MAMA.c), and looks for the cycle from row 12 on. */
    {"talib_mama", "mama(0.5,0.05,12,zero)", "mama;fama", 1},
    {"talib_min", "min(%d)", "min", 1},
    {"talib_max", "max(%d)", "max", 1},
    {"talib_minmax", "extremes(%d)", "min;max", 1},
    {"talib_minindex", "extremes(%d)", "min_age", 1},
    {"talib_maxindex", "extremes(%d)", "max_age", 1},
    {"talib_minmaxindex", "extremes(%d)", "min_age;max_age", 1},
    {"talib_sum", "sum(%d)", "sum", 1},
    {"talib_midpoint", "midpoint(%d)", "midpoint", 1},
    {"talib_midprice", "donchian(%d)", "middle", 1},
    {"talib_mom", "roc(%d)", "momentum", 1},
    {"talib_roc", "roc(%d)", "roc", 1},
    {"talib_rocp", "roc(%d)", "roc", 0.01},
    {"talib_rocr", "roc(%d)", "ratio", 1},
    {"talib_rocr100", "roc(%d)", "ratio", 100},
    {"talib_aroon", "aroon(%d)", "down;up", 1},
    {"talib_aroon_up", "aroon(%d)", "up", 1},
    {"talib_aroon_down", "aroon(%d)", "down", 1},
    {"talib_aroonosc", "aroon(%d)", "oscillator", 1},
    {"talib_mfi", "mfi(%d)", "mfi", 1},
    {"talib_ad", "adl", "adl", 1},
    {"talib_obv", "obv(first=volume)", "obv", 1},
    {"talib_imi", "imi(%d)", "imi", 1},
    {"talib_accbands", "acceleration_bands(%d)", "upper;middle;lower", 1},
    {"talib_bop", "bop(1)", "bop", 1},
    {"talib_atr", "atr(%d)", "atr", 1},
    {"talib_natr", "atr(%d)", "atrp", 1},
    {"talib_trange", "true_range", "tr", 1},
    {"talib_correl", "correlation(%d)", "correlation", 1},
    {"talib_beta", "beta(%d)", "beta", 1},
    {"talib_var", "variance(%d)", "variance", 1},
    {"talib_avgdev", "deviation(%d)", "mad", 1},
    {"talib_cmo", "cmo(%d, wilder)", "cmo", 1},
    {"talib_linearreg", "linear_regression(%d)", "end", 1},
    {"talib_linearreg_slope", "linear_regression(%d)", "slope", 1},
    {"talib_linearreg_intercept", "linear_regression(%d)", "begin", 1},
    {"talib_linearreg_angle", "linear_regression(%d)", "angle", 1},
    {"talib_tsf", "linear_regression(%d)", "forecast", 1},
    {"talib_trix", "trix(%d)", "trix", 1},
    {"talib_adx", "adx(%d, late)", "adx", 1},
    {"talib_adxr", "adx(%d, late, less_one)", "adxr", 1},
    {"talib_dx", "adx(%d, late)", "dx", 1},
    {"talib_plus_di", "adx(%d, late)", "plus_di", 1},
    {"talib_minus_di", "adx(%d, late)", "minus_di", 1},
    {"talib_plus_dm", "directional_movement(%d)", "plus", 1},
    {"talib_minus_dm", "directional_movement(%d)", "minus", 1},
    {"talib_willr", "williams_r(%d)", "williams_r", 1},
    {"talib_cci", "cci(%d)", "cci", 1},
    /* The cycle is looked for from row 12 on; for what needs its phase or trend, from row 37
     * (ta_HT_DCPERIOD.c, ta_HT_TRENDLINE.c). */
    {"talib_ht_dcperiod", "trendline(from=12)", "period", 1},
    {"talib_ht_phasor", "trendline(from=12)", "in_phase;quadrature", 1},
    {"talib_ht_trendline", "trendline(from=37)", "trendline", 1},
    {"talib_ht_dcphase", "sine_wave(from=37)", "phase", 1},
    {"talib_ht_sine", "sine_wave(from=37)", "sine;lead", 1},
    {"talib_ht_trendmode", "sine_wave(from=37)", "trend", 1},
    {"talib_avgprice", "price(ohlc4)", "price", 1},
    {"talib_medprice", "price(hl2)", "price", 1},
    {"talib_typprice", "price(hlc3)", "price", 1},
    {"talib_wclprice", "price(hlcc4)", "price", 1},
};

static void outputs_are(case_run *run, const char *outputs) {
    snprintf(run->output, NAME_SIZE, "%s", outputs);
}

static void bands(const json_t *single, case_run *run) {
    snprintf(run->spec, SPEC_SIZE, "bollinger(%g, up=%g, down=%g, mean=%s)",
             param_of(single, "TimePeriod", 20), param_of(single, "NbDevUp", 2),
             param_of(single, "NbDevDn", 2), average_of(single, "Method_3"));
    outputs_are(run, "upper;middle;lower");
}

static void macd(const json_t *single, const char *metric, case_run *run) {
    snprintf(run->spec, SPEC_SIZE, "macd(%g,%g,%g,seed=%s)", param_of(single, "FastPeriod", 12),
             param_of(single, "SlowPeriod", 26), param_of(single, "SignalPeriod_2", 9),
             strcmp(metric, "talib_macdfix") == 0 ? "fixed"
             : metastock(single)                  ? "late"
                                                  : "classic");
    outputs_are(run, "macd;signal;histogram");
}

/* EMA, DEMA, TEMA, WLMA: by the mean of their first values, or (Metastock) by the first. */
static void exponential(const json_t *single, const char *name, int n, case_run *run) {
    bool chain = strcmp(name, "dema") == 0 || strcmp(name, "tema") == 0;
    const char *kind = strcmp(name, "wlma") == 0 ? "smma" : name;
    if (metastock(single) && chain)
        snprintf(run->spec, SPEC_SIZE, "%s(%d, seed=late, skip=%g)", kind, n,
                 param_of(single, "unstablePeriod", 0));
    else
        snprintf(run->spec, SPEC_SIZE, "%s(%d, seed=%s)", kind, n,
                 metastock(single) ? "first" : "sma");
    outputs_are(run, kind);
}

static void stochastic(const json_t *single, const char *metric, case_run *run) {
    double periods[] = {param_of(single, "Period_0", 5), param_of(single, "Period_1", 3),
                        param_of(single, "Period_2", 3)};
    bool fast = strcmp(metric, "talib_stochf") == 0;
    if (strcmp(metric, "talib_stochrsi") == 0) {
        snprintf(run->spec, SPEC_SIZE, "stoch_rsi(%g,%g,%g,mean=%s)", periods[0], periods[1],
                 periods[2], average_of(single, "MAType_2"));
        outputs_are(run, "k;signal");
        return;
    }
    snprintf(run->spec, SPEC_SIZE, "stochastic(%g,%g,%g,mean=%s)", periods[0],
             fast ? periods[1] : periods[2], fast ? 1 : periods[1], average_of(single, "MAType_1"));
    outputs_are(run, "k;d");
}

static bool other_run(const json_t *single, const char *metric, int n, case_run *run) {
    static const char *const exponentials[] = {"ema", "dema", "tema", "wlma"};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(metric + 6, exponentials[i]) == 0) {
            exponential(single, exponentials[i], n, run);
            return true;
        }
    }
    if (strncmp(metric, "talib_macd", 10) == 0) {
        macd(single, metric, run);
    } else if (strncmp(metric, "talib_stoch", 11) == 0) {
        stochastic(single, metric, run);
    } else if (strcmp(metric, "talib_bbands") == 0) {
        bands(single, run);
    } else if (strcmp(metric, "talib_rsi") == 0) {
        bool early = metastock(single) && param_of(single, "unstablePeriod", 0) == 0;
        snprintf(run->spec, SPEC_SIZE, "rsi(%d, early=%s)", n, early ? "yes" : "no");
        outputs_are(run, "rsi");
    } else if (strcmp(metric, "talib_stddev") == 0) {
        snprintf(run->spec, SPEC_SIZE, "stddev(%d, multiple=%g)", n,
                 param_of(single, "NbDeviation_1", 1));
        outputs_are(run, "stddev");
    } else if (strcmp(metric, "talib_ultosc") == 0) {
        snprintf(run->spec, SPEC_SIZE, "ultimate(%d,%g,%g)", n, param_of(single, "TimePeriod2", 14),
                 param_of(single, "TimePeriod3", 28));
        outputs_are(run, "ultimate");
    } else if (strcmp(metric, "talib_adosc") == 0) {
        snprintf(run->spec, SPEC_SIZE, "chaikin(%g,%g,first)", param_of(single, "FastPeriod", 3),
                 param_of(single, "SlowPeriod", 10));
        outputs_are(run, "oscillator");
    } else if (strcmp(metric, "talib_sar") == 0) {
        snprintf(run->spec, SPEC_SIZE, "parabolic_sar(%g,%g,rules=talib)",
                 param_of(single, "Acceleration", 0.02), param_of(single, "Maximum", 0.2));
        outputs_are(run, "sar");
    } else if (strcmp(metric, "talib_po") == 0 || strcmp(metric, "talib_ppo") == 0 ||
               strcmp(metric, "talib_apo") == 0) {
        snprintf(run->spec, SPEC_SIZE, "ppo(%g,%g,mean=%s)", param_of(single, "FastPeriod", 12),
                 param_of(single, "SlowPeriod", 26), average_of(single, "Method_2"));
        outputs_are(run, strcmp(metric, "talib_apo") == 0 ? "apo" : "ppo");
    } else {
        return false;
    }
    return true;
}

static bool run_of(const json_t *single, const char *metric, case_run *run) {
    int n = (int)param_of(single, "TimePeriod", param_of(single, "TimePeriod1", 14));
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++) {
        if (strcmp(simple[i].metric, metric) != 0)
            continue;
        const char *place = strstr(simple[i].spec, "%d");
        if (place == NULL)
            snprintf(run->spec, SPEC_SIZE, "%s", simple[i].spec);
        else
            snprintf(run->spec, SPEC_SIZE, "%.*s%d%s", (int)(place - simple[i].spec),
                     simple[i].spec, n, place + 2);
        outputs_are(run, simple[i].outputs);
        run->factor = simple[i].factor;
        return true;
    }
    return other_run(single, metric, n, run);
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

/* The output of theirs that has this number, among "first;second". */
static void choose_output(const case_run *run, size_t number, case_run *ret_run) {
    *ret_run = *run;
    const char *at = run->output;
    for (; number > 0 && strchr(at, ';') != NULL; number--)
        at = strchr(at, ';') + 1;
    snprintf(ret_run->output, NAME_SIZE, "%.*s", (int)strcspn(at, ";"), at);
}

/* What the suite itself accepts, whatever it prints: less than 0.01 apart (checkExpectedValue of
 * ta_regtest's test_util.c). A case has the tolerance of its point with the most digits, one that
 * was made by a subtraction has 16: a point that only the suite would accept is counted as such. */
#define SUITE_ACCEPTS 0.01

static double answer_at(const case_run *run, size_t row) {
    double *answers = run_answers(run);
    double answer = answers[row];
    free(answers);
    /* Of a place in the file, test_minmax.c compares the price that stands there. */
    bool age = strstr(run->output, "_age") != NULL;
    return age ? run->inputs[TW_INDICATOR_CLOSE][row - (size_t)answer] : answer;
}

/* The vectors name TA-Lib's two oscillators, in per cent of the slow mean and as a difference, by
 * one name: an answer is one of the two. */
static double nearest_answer(const case_run *run, const char *metric, size_t row, double wanted) {
    double answer = answer_at(run, row);
    if (strcmp(metric, "talib_po") != 0)
        return answer;
    case_run again = *run;
    snprintf(again.output, NAME_SIZE, "apo");
    double other = answer_at(&again, row);
    return fabs(other - wanted) < fabs(answer - wanted) ? other : answer;
}

static unsigned run_points(const json_t *single, const char *metric, const case_run *run,
                           bool *ret_by_suite) {
    const json_t *points = json_object_get(json_object_get(single, "expected"), "points");
    double tolerance = json_number_value(json_object_get(single, "tol_abs"));
    unsigned wrong = 0;
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        size_t row = (size_t)json_integer_value(json_array_get(point, 1));
        double wanted = json_number_value(json_array_get(point, 2));
        case_run one;
        choose_output(run, (size_t)json_integer_value(json_array_get(point, 0)), &one);
        double got = nearest_answer(&one, metric, row, wanted);
        if (near(got, wanted, tolerance, 0))
            continue;
        *ret_by_suite = true;
        if (fabs(got - wanted) < SUITE_ACCEPTS)
            continue;
        wrong++;
        print_error("%s: %s %s: row %zu: %.10g is wanted, %.10g came\n", text_of(single, "id"),
                    one.spec, one.output, row, wanted, got);
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
    unsigned by_suite = 0;
    double scratch[512];
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *single = json_array_get(cases, i);
        const char *metric = text_of(single, "metric");
        case_run run = {.factor = 1};
        if (reason_of(unsupported, sizeof unsupported / sizeof unsupported[0], metric) != NULL) {
            count_unsupported(&counts, metric);
            continue;
        }
        if (!run_of(single, metric, &run)) {
            print_error("%s: %s is neither supported nor named\n", text_of(single, "id"), metric);
            failed++;
            continue;
        }
        inputs_of(single, metric, &table, &run, scratch);
        run.first = first_row_of(single, &run);
        bool suite = false;
        if (run_points(single, metric, &run, &suite) == 0)
            counts.passed++;
        else
            failed++;
        by_suite += suite;
    }
    print_counts("talib", &counts);
    print_message(
        "counts: talib: of these %u are within the suite's own 0.01, not within tol_abs\n",
        by_suite);
    table_free(&table);
    json_decref(cases);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case_passes_or_is_named)};
    return run_with_vectors("golden_indicators_talib", "talib.json", tests,
                            sizeof tests / sizeof tests[0]);
}
