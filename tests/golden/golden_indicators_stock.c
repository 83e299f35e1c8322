/*
 * golden_indicators_stock.c - the indicators against the baselines and literal points of the test
 * suite of Stock.Indicators (version 3).
 *
 * A case names a call: "Bars.ToMacd(12,26,9)". The table below has for each method our kind and
 * the values it is called with when the call names none, or names its own constants
 * ("lookbackPeriods"), and for each output of the method that of ours.
 */
#include "indicator_cases.h"

static const unsupported_metric unsupported[] = {
    {"stockind_renko*", "bars: golden_bars runs them"},
    {"stockind_zigzag*", "not there: it redraws rows without an end"},
};

typedef struct method {
    const char *name;
    const char *kind;
    const char *values;  /* where the call has none, or fewer */
    const char *named;   /* where the call names its constants; NULL: values */
    const char *suffix;  /* more values, by name */
    const char *outputs; /* "theirs=ours;..." in lower case */
} method;

static const method methods[] = {
    {"ToAdl", "adl", "", NULL, "", "adl=adl;moneyflowmultiplier=multiplier;moneyflowvolume=flow"},
    {"ToAdx", "adx", "14", NULL, "", "pdi=plus_di;mdi=minus_di;dx=dx;adx=adx;adxr=adxr"},
    {"ToAlligator", "alligator", "13,8,8,5,5,3", NULL, "", "jaw=jaw;teeth=teeth;lips=lips"},
    {"ToAlma", "alma", "9,0.85,6", "10,0.85,6", "", "alma=alma"},
    {"ToAroon", "aroon", "25", NULL, "ties=oldest",
     "aroonup=up;aroondown=down;oscillator=oscillator"},
    {"ToAtrStop", "atr_stop", "21,3", NULL, "", "atrstop=line;buystop=buy;sellstop=sell;atr=atr"},
    {"ToAtr", "atr", "14", NULL, "", "tr=tr;atr=atr;atrp=atrp"},
    {"ToAwesome", "awesome", "5,34", NULL, "", "oscillator=awesome;normalized=normalized"},
    {"ToBarPart", "price", "close", NULL, "", "value=price"},
    {"ToBollingerBands", "bollinger", "20,2", NULL, "",
     "sma=middle;upperband=upper;lowerband=lower;percentb=percent_b;zscore=zscore;width=width"},
    {"ToBeta", "beta", "50", NULL, "", "beta=beta;returnseval=return;returnsmrkt=return_other"},
    {"ToBetaSides", "beta_sides", "50", NULL, "",
     "betaup=up;betadown=down;ratio=ratio;convexity=convexity"},
    {"ToBop", "bop", "14", NULL, "", "bop=bop"},
    {"ToCci", "cci", "20", NULL, "", "cci=cci"},
    {"ToChaikinOsc", "chaikin", "3,10", NULL, "",
     "oscillator=oscillator;adl=adl;fastema=fast;slowema=slow;moneyflowmultiplier=multiplier;"
     "moneyflowvolume=flow"},
    {"ToChandelier", "chandelier", "22,3", NULL, "", "chandelierexit=long"},
    {"ToChop", "chop", "14", NULL, "", "chop=chop"},
    {"ToCmf", "cmf", "20", NULL, "", "cmf=cmf;moneyflowmultiplier=multiplier;moneyflowvolume=flow"},
    {"ToCmo", "cmo", "14", NULL, "", "cmo=cmo"},
    {"ToCorrelation", "correlation", "20", NULL, "",
     "correlation=correlation;rsquared=r_squared;covariance=covariance;variancea=variance;"
     "varianceb=variance_other"},
    {"ToConnorsRsi", "connors_rsi", "3,2,100", NULL, "",
     "connorsrsi=connors_rsi;rsi=rsi;rsistreak=streak_rsi;percentrank=rank;streak=streak"},
    {"ToDema", "dema", "14", "20", "seed=together", "dema=dema"},
    {"ToDonchian", "donchian", "20", NULL, "rows=before",
     "upperband=upper;centerline=middle;lowerband=lower;width=width"},
    {"ToDpo", "dpo", "14", NULL, "", "dpo=dpo;sma=sma"},
    {"ToDynamic", "dynamic", "14", NULL, "", "dynamic=dynamic"},
    {"ToElderRay", "elder_ray", "13", NULL, "", "ema=ema;bullpower=bull;bearpower=bear"},
    {"ToEma", "ema", "20", NULL, "", "ema=ema"},
    {"ToEpma", "epma", "10", "20", "", "epma=epma"},
    {"ToFcb", "fractal_bands", "2", NULL, "", "upperband=upper;lowerband=lower"},
    {"ToFisherTransform", "fisher", "10", NULL, "", "fisher=fisher;trigger=trigger"},
    {"ToFractal", "fractal", "2", NULL, "", "fractalbear=high;fractalbull=low"},
    {"ToKvo", "klinger", "34,55,13", NULL, "", "oscillator=klinger;signal=signal"},
    {"ToMarubozu", "marubozu", "95", NULL, "", "price=price;match=match"},
    {"ToForceIndex", "force", "2", NULL, "", "forceindex=force"},
    {"ToGator", "gator", "13,8,8,5,5,3", NULL, "", "upper=upper;lower=lower"},
    {"ToHeikinAshi", "heikin_ashi", "", NULL, "", "open=open;high=high;low=low;close=close"},
    {"ToHeikinAshiVolume", "price", "volume", NULL, "", "volume=price",
    {"ToHurst", "hurst", "100", NULL, "", "hurstexponent=hurst;hurstexponental=corrected"},
    {"ToHma", "hma", "20", NULL, "", "hma=hma"},
    {"ToHtTrendline", "trendline", "", NULL, "",
     "trendline=trendline;smoothprice=smooth;dcperiods=rows"},
    {"ToMama", "mama", "0.5,0.05", NULL, "", "mama=mama;fama=fama"},
    {"ToIchimoku", "ichimoku", "9,26,52,26", NULL, "",
     "tenkansen=tenkan;kijunsen=kijun;senkouspana=span_a;senkouspanb=span_b;chikouspan=chikou"},
    {"ToKama", "kama", "10,2,30", NULL, "from=seed", "kama=kama;er=efficiency"},
    {"ToKeltner", "keltner", "20,2,10", NULL, "",
     "upperband=upper;centerline=middle;lowerband=lower;width=width"},
    {"ToMacd", "macd", "12,26,9", NULL, "",
     "macd=macd;signal=signal;histogram=histogram;fastema=fast;slowema=slow"},
    {"ToMaEnvelopes", "envelope", "20,2.5,sma", NULL, "",
     "centerline=middle;upperenvelope=upper;lowerenvelope=lower"},
    {"ToMfi", "mfi", "14", "4", "", "mfi=mfi"},
    {"ToObv", "obv", "", NULL, "first=zero", "obv=obv"},
    {"ToParabolicSar", "parabolic_sar", "0.02,0.2", "0.02,0.2,0.01", "", "sar=sar"},
    {"ToPivotPoints", "pivot_points", "", NULL, "",
     "pp=pivot;s1=s1;s2=s2;s3=s3;s4=s4;r1=r1;r2=r2;r3=r3;r4=r4"},
    {"ToPivots", "pivots", "2,2,range,20", NULL, "", "highpoint=high;lowpoint=low"},
    {"ToPmo", "pmo", "35,20,10", NULL, "", "pmo=pmo;signal=signal"},
    {"ToPrs", "relative_strength", "20", NULL, "", "prs=ratio;prspercent=difference"},
    {"ToPvo", "pvo", "12,26,9", NULL, "", "pvo=pvo;signal=signal;histogram=histogram"},
    {"ToRocWb", "roc_bands", "20,5,5", NULL, "",
     "roc=roc;rocema=ema;upperband=upper;lowerband=lower"},
    {"ToRoc", "roc", "14", NULL, "", "roc=roc;momentum=momentum"},
    {"ToRollingPivots", "rolling_pivots", "20,0", NULL, "",
     "pp=pivot;s1=s1;s2=s2;s3=s3;s4=s4;r1=r1;r2=r2;r3=r3;r4=r4"},
    {"ToRsi", "rsi", "14", NULL, "", "rsi=rsi"},
    {"ToSlope", "slope", "14", "20", "",
     "slope=slope;intercept=intercept;stddev=stddev;rsquared=r_squared"},
    {"ToSmaAnalysis", "deviation", "20", NULL, "", "sma=sma;mad=mad;mse=mse;mape=mape"},
    {"ToSma", "sma", "20", NULL, "", "sma=sma"},
    {"ToSmi", "smi", "13,25,2,3", NULL, "seed=first", "smi=smi;signal=signal"},
    {"ToSmma", "smma", "20", NULL, "", "smma=smma"},
    {"ToStarcBands", "starc", "5,2,10", NULL, "",
     "upperband=upper;centerline=middle;lowerband=lower"},
    {"ToStc", "stc", "10,23,50", NULL, "", "stc=stc"},
    {"ToStdDev", "zscore", "14", NULL, "", "stddev=stddev;mean=mean;zscore=zscore"},
    {"ToStochRsi", "stoch_rsi", "14,14,3,1", NULL, "", "stochrsi=k;signal=signal"},
    {"ToStoch", "stochastic", "14,3,3", NULL, "", "oscillator=k;signal=d;percentj=j;k=k;d=d;j=j"},
    {"ToSuperTrend", "supertrend", "10,3", NULL, "",
     "supertrend=line;upperband=upper;lowerband=lower"},
    {"ToT3", "t3", "5,0.7", NULL, "seed=first", "t3=t3"},
    {"ToTema", "tema", "20", NULL, "seed=together", "tema=tema"},
    {"ToTr", "true_range", "", NULL, "", "tr=tr"},
    {"ToTrix", "trix", "14", NULL, "seed=together", "ema3=ema3;trix=trix"},
    {"ToTsi", "tsi", "25,13,7", NULL, "", "tsi=tsi;signal=signal"},
    {"ToUlcerIndex", "ulcer", "14", NULL, "", "ulcerindex=ulcer;ui=ulcer"},
    {"ToUltimate", "ultimate", "7,14,28", NULL, "", "ultimate=ultimate"},
    {"ToVolatilityStop", "volatility_stop", "7,3", NULL, "",
     "sar=sar;upperband=upper;lowerband=lower"},
    {"ToVortex", "vortex", "14", NULL, "", "pvi=plus;nvi=minus"},
    {"ToVwap", "vwap", "", NULL, "", "vwap=vwap"},
    {"ToVwma", "vwma", "10", NULL, "", "vwma=vwma"},
    {"ToWilliamsR", "williams_r", "14", NULL, "", "williamsr=williams_r"},
    {"ToWma", "wma", "20", NULL, "", "wma=wma"},
};

/* Calls whose constants stand in the source of the test only: by the name of the test. */
typedef struct named_test {
    const char *method;
    const char *test;
    const char *values;
} named_test;

static const named_test named_tests[] = {
    {"ToStoch", "Fast_WithSmoothPeriodOne_ReturnsFastStochastic", "5,10,1"},
    {"ToStochRsi", "SlowRsi_WithLargerSmoothPeriods_ReturnsExpectedResult", "14,14,3,3"},
    {"ToSlope", "DefaultParameters_ReturnsExpectedResults", "20"},
    {"ToParabolicSar", "DefaultParameters_ReturnsExpectedResults", "0.02,0.2"},
    {"ToAtrStop", "HighLow_WithHighLowEndType_ReturnsExpectedResult", "21,3,range"},
};

static const method *method_of(const char *call, char *ret_arguments) {
    const char *name = strstr(call, ".To");
    if (name == NULL)
        return NULL;
    size_t size = strcspn(++name, "(");
    const char *arguments = name + size + 1;
    size_t length = strcspn(arguments, ")");
    snprintf(ret_arguments, SPEC_SIZE, "%.*s", (int)length, arguments);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strlen(methods[i].name) == size && strncmp(methods[i].name, name, size) == 0)
            return &methods[i];
    }
    return NULL;
}

static void lower(char *text) {
    for (; *text != '\0'; text++)
        *text = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
}

/* One argument in our words: a number as it is, "MaType.ALMA" as "alma"; false for a name. */
static bool argument_of(const char *from, char *ret_value) {
    char *end = NULL;
    strtod(from, &end);
    if (end != from && (*end == '\0' || *end == 'm' || *end == 'd')) {
        snprintf(ret_value, NAME_SIZE, "%.*s", (int)(end - from), from);
        return true;
    }
    if (strncmp(from, "MaType.", 7) != 0)
        return false;
    snprintf(ret_value, NAME_SIZE, "%s", from + 7);
    lower(ret_value);
    return true;
}

/* The arguments of the call, then what is left of the values by default. */
static void spec_of(const method *m, const json_t *single, char *arguments, char *ret_spec) {
    const char *test = text_of(json_object_get(single, "source"), "test");
    const char *defaults = m->values;
    char values[SPEC_SIZE] = "";
    size_t count = 0;
    for (char *at = strtok(arguments, ","); at != NULL; at = strtok(NULL, ",")) {
        char value[NAME_SIZE];
        if (strcmp(at, "Bars") == 0 || strcmp(at, "OtherBars") == 0 ||
            strncmp(at, "BetaType.", 9) == 0 || strncmp(at, "CandlePart.", 11) == 0)
            continue;
        if (!argument_of(at, value)) {
            defaults = m->named != NULL ? m->named : m->values;
            count = 0;
            values[0] = '\0';
            break;
        }
        size_t used = strlen(values);
        snprintf(values + used, sizeof values - used, "%s%s", count == 0 ? "" : ",", value);
        count++;
    }
    for (size_t i = 0; count == 0 && i < sizeof named_tests / sizeof named_tests[0]; i++) {
        if (strcmp(named_tests[i].method, m->name) == 0 && strcmp(named_tests[i].test, test) == 0)
            defaults = named_tests[i].values;
    }
    for (; count > 0 && *defaults != '\0'; count--) {
        defaults += strcspn(defaults, ",");
        defaults += *defaults == ',';
    }
    const char *comma = values[0] != '\0' && *defaults != '\0' ? "," : "";
    bool bare = values[0] == '\0' && *defaults == '\0';
    snprintf(ret_spec, SPEC_SIZE, "%s(%s%s%s%s%s)", m->kind, values, comma, defaults,
             bare || m->suffix[0] == '\0' ? "" : ",", m->suffix);
}

static bool output_of(const method *m, const char *theirs, char *ret_output) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name - 1, "%s", theirs);
    lower(name);
    strcat(name, "=");
    const char *at = strstr(m->outputs, name);
    while (at != NULL && at != m->outputs && at[-1] != ';')
        at = strstr(at + 1, name);
    if (at == NULL)
        return false;
    at += strlen(name);
    snprintf(ret_output, NAME_SIZE, "%.*s", (int)strcspn(at, ";"), at);
    return true;
}

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
    number_table other; /* without columns where it is missing */
} stock_data;

static bool run_of(const json_t *single, const stock_data *data, const char *theirs,
                   case_run *run) {
    char arguments[SPEC_SIZE];
    const method *m = method_of(text_of(json_object_get(single, "params"), "call"), arguments);
    if (m == NULL || !output_of(m, theirs, run->output))
        return false;
    spec_of(m, single, arguments, run->spec);
    /* The line of the row period / 2 + 1 before; theirs stands in its own row. */
    run->delay = strcmp(theirs, "dpo") == 0 ? 8 : 0;
    if (strcmp(m->name, "ToDpo") == 0)
        run->delay = 8;
    if (strcmp(m->name, "ToFractal") == 0)
        run->delay = 2;
    inputs_of(single, &data->quotes, &data->other, run);
    return true;
}

static void require_run(const json_t *single, const stock_data *data, const char *theirs,
                        case_run *run) {
    if (!run_of(single, data, theirs, run))
        fail_msg("%s: %s of %s is neither supported nor named", text_of(single, "id"), theirs,
                 text_of(json_object_get(single, "params"), "call"));
}

/* What their DPO leaves out at its end, where rows that come later are missing. */
static unsigned check_column(const json_t *single, const stock_data *data) {
    const json_t *expected = json_object_get(single, "expected");
    const char *column = text_of(expected, "column");
    case_run run = {.factor = 1};
    require_run(single, data, column, &run);
    number_table table;
    table_read(&table, text_of(expected, "file"));
    double *answers = run_answers(&run);
    double *wanted = table_column(&table, column);
    assert_non_null(wanted);
    if (strncmp(column, "returns", 7) == 0)
        wanted[0] = NAN; /* they say 0 for the first row, which has no return */
    unsigned wrong = compare_column(text_of(single, "id"), &run, answers, wanted, 1e-12,
                                    json_number_value(json_object_get(single, "tol_rel")));
    free(answers);
    table_free(&table);
    return wrong;
}

/* Up and down betas are of the rows of a rising and of a falling market only. */
static bool skipped_point(const char *output) {
    static const char *const names[] = {"BetaUp", "BetaDown", "Ratio", "Convexity"};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(names[i], output) == 0)
            return true;
    }
    return false;
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
        require_run(single, data, output, &run);
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
    const json_t *point = json_array_get(json_object_get(expected, "points"), 1);
    const char *output =
        json_is_string(json_array_get(point, 1)) ? json_string_value(json_array_get(point, 1)) : "";
    const char *call = text_of(json_object_get(single, "params"), "call");
    if (skipped_point(output) || strstr(call, "BetaType.Up") || strstr(call, "BetaType.Down"))
        return true;
    return needs_other(single, text_of(expected, "column"));
}

static void run_file(const char *name, bool points) {
    json_t *cases = cases_of(name);
    stock_data data = {.other = {.columns = 0}};
    table_read(&data.quotes, "data/stockind_quotes_default.csv");
    if (have_vectors("data/stockind_quotes_compare.csv"))
        table_read(&data.other, "data/stockind_quotes_compare.csv");
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

static void test_skipped(void **state) {
    (void)state;
    print_message("TRADEWIND_DATA is not set or has no vectors\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_baseline_passes_or_is_named),
        cmocka_unit_test(test_every_point_passes_or_is_named),
    };
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped)};
    if (!have_vectors("stockindicators.json"))
        return cmocka_run_group_tests_name("golden_indicators_stock", none, NULL, NULL);
    return cmocka_run_group_tests_name("golden_indicators_stock", tests, NULL, NULL);
}
