/*
 * golden_indicators_ttr.c - the indicators against the tests of the R package TTR.
 *
 * Some files have one column under a heading that was split into letters; whichever letter a case
 * names, it is that column.
 */
#include "indicator_cases.h"

typedef struct ttr_metric {
    const char *call;   /* how the call begins */
    const char *column; /* of a file with several, or NULL */
    const char *spec;
    const char *output;
    double factor;
    int delay;
} ttr_metric;

static const ttr_metric metrics[] = {
    {"SMA(", NULL, "sma(10)", "sma", 1, 0},
    {"EMA(input$all$Close, wilder=TRUE", NULL, "smma(10)", "smma", 1, 0},
    {"EMA(", NULL, "ema(10)", "ema", 1, 0},
    {"DEMA(", NULL, "dema(10)", "dema", 1, 0},
    {"WMA(input$all$Close, wts", NULL, "vwma(10)", "vwma", 1, 0},
    {"WMA(", NULL, "wma(10)", "wma", 1, 0},
    {"EVWMA(", NULL, "evwma(10)", "evwma", 1, 0},
    {"ZLEMA(", NULL, "zlema(10)", "zlema", 1, 0},
    {"HMA(", NULL, "hma(20)", "hma", 1, 0},
    {"ALMA(", NULL, "alma(9,0.85,6)", "alma", 1, 0},
    {"MACD(", "macd", "ppo(12,26,9,ema)", "ppo", 1, 0},
    {"MACD(", "signal", "ppo(12,26,9,ema)", "signal", 1, 0},
    {"SMI(", "SMI", "smi(13,25,2,9,early=yes)", "smi", 1, 0},
    {"SMI(", "signal", "smi(13,25,2,9,early=yes)", "signal", 1, 0},
    {"RSI(", NULL, "rsi(14)", "rsi", 1, 0},
    {"CMO(", NULL, "cmo(14)", "cmo", 1, 0},
    {"DPO(", NULL, "dpo(10)", "dpo", 1, 6},
    {"TRIX(", "TRIX", "trix(20,9)", "trix", 1, 0},
    {"TRIX(", "signal", "trix(20,9)", "signal", 1, 0},
    {"KST(", "kst", "kst(9,log)", "kst", 1, 0},
    {"KST(", "signal", "kst(9,log)", "signal", 1, 0},
    {"runSum(", NULL, "sum(10)", "sum", 1, 0},
    {"wilderSum(", NULL, "wilder_sum(10,late)", "wilder_sum", 1, 0},
    {"runMin(", NULL, "min(10)", "min", 1, 0},
    {"runMax(", NULL, "max(10)", "max", 1, 0},
    {"runMean(", NULL, "sma(10)", "sma", 1, 0},
    {"runMedian(", NULL, "median(10)", "median", 1, 0},
    {"runCov(", NULL, "covariance(10,ddof=1)", "covariance", 1, 0},
    {"as.numeric(runCov(", NULL, "covariance(10,ddof=1)", "covariance", 1, 0},
    {"runCor(", NULL, "correlation(10)", "correlation", 1, 0},
    {"runVar(", NULL, "variance(10,ddof=1)", "variance", 1, 0},
    {"runSD(", NULL, "stddev(10,ddof=1)", "stddev", 1, 0},
    {"runMAD(", NULL, "mad(10)", "mad", 1, 0},
    {"runPercentRank(", NULL, "rank(260)", "rank", 0.01, 0},
    {"ADX(", "DIp", "adx(14,late)", "plus_di", 1, 0},
    {"ADX(", "DIn", "adx(14,late)", "minus_di", 1, 0},
    {"ADX(", "DX", "adx(14,late)", "dx", 1, 0},
    {"ADX(", "ADX", "adx(14,late)", "adx", 1, 0},
    {"aroon(", "aroonUp", "aroon(20,early=yes)", "up", 1, 0},
    {"aroon(", "aroonDn", "aroon(20,early=yes)", "down", 1, 0},
    {"aroon(", "oscillator", "aroon(20,early=yes)", "oscillator", 1, 0},
    {"ATR(", "tr", "atr(14)", "tr", 1, 0},
    {"ATR(", "atr", "atr(14)", "atr", 1, 0},
    {"ATR(", "trueHigh", "true_range", "high", 1, 0},
    {"ATR(", "trueLow", "true_range", "low", 1, 0},
    {"CCI(", NULL, "cci(20)", "cci", 1, 0},
    {"VHF(", NULL, "vhf(28)", "vhf", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='close'", NULL,
     "realised_volatility(9,260,mean=moving)", "volatility", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='garman", NULL,
     "garman_klass(10,260)", "volatility", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='parkinson", NULL,
     "parkinson(10,260)", "volatility", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='rogers", NULL,
     "rogers_satchell(10,260)", "volatility", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='gk.yz", NULL,
     "garman_klass(10,260,gap=yes)", "volatility", 1, 0},
    {"volatility(input$all[,c('Open','High','Low','Close')],calc='yang", NULL, "yang_zhang(10,260)",
     "volatility", 1, 0},
    {"chaikinVolatility(", NULL, "chaikin_volatility(10)", "chaikin_volatility", 0.01, 0},
    {"OBV(", NULL, "obv(first=volume)", "obv", 1, 0},
    {"CLV(", NULL, "adl", "multiplier", 1, 0},
    {"CMF(", NULL, "cmf(20)", "cmf", 1, 0},
    {"MFI(", NULL, "mfi(14)", "mfi", 1, 0},
    {"chaikinAD(", NULL, "adl", "adl", 1, 0},
    {"williamsAD(", NULL, "williams_ad", "williams_ad", 1, 0},
    {"WPR(", NULL, "williams_r(14)", "williams_r", -0.01, 0},
    {"DonchianChannel(", "high", "donchian(10)", "upper", 1, 0},
    {"DonchianChannel(", "mid", "donchian(10)", "middle", 1, 0},
    {"DonchianChannel(", "low", "donchian(10)", "lower", 1, 0},
    {"BBands(", "dn", "bollinger(20,2)", "lower", 1, 0},
    {"BBands(", "mavg", "bollinger(20,2)", "middle", 1, 0},
    {"BBands(", "up", "bollinger(20,2)", "upper", 1, 0},
    {"BBands(", "pctB", "bollinger(20,2)", "percent_b", 1, 0},
    {"SAR(", NULL, "parabolic_sar(0.02,0.2,rules=ttr)", "sar", 1, 0},
    {"ultimateOscillator(", NULL, "ultimate(7,14,28)", "ultimate", 1, 0},
};

static const ttr_metric *metric_of(const char *call, const char *column) {
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        const ttr_metric *m = &metrics[i];
        if (strncmp(call, m->call, strlen(m->call)) == 0 &&
            (m->column == NULL || strcmp(m->column, column) == 0))
            return m;
    }
    return NULL;
}

/* The pair functions are called with high and low. */
static case_run run_of(const ttr_metric *m, const number_table *input) {
    case_run run = {.factor = m->factor, .delay = m->delay, .rows = input->rows};
    static const char *const names[] = {"Open", "High", "Low", "Close", "Volume"};
    for (size_t c = 0; c < 5; c++)
        run.inputs[c] = table_column(input, names[c]);
    if (strncmp(m->spec, "cov", 3) == 0 || strncmp(m->spec, "cor", 3) == 0) {
        run.inputs[TW_INDICATOR_CLOSE] = table_column(input, "High");
        run.inputs[TW_INDICATOR_OTHER] = table_column(input, "Low");
    }
    snprintf(run.spec, SPEC_SIZE, "%s", m->spec);
    snprintf(run.output, NAME_SIZE, "%s", m->output);
    return run;
}

static unsigned check_case(const json_t *single, const number_table *input) {
    const json_t *expected = json_object_get(single, "expected");
    const char *column = text_of(expected, "column");
    number_table table;
    table_read(&table, text_of(expected, "file"));
    const double *wanted =
        table.filled < table.columns ? table.values[1] : table_column(&table, column);
    const char *call = text_of(json_object_get(single, "params"), "call");
    const ttr_metric *m = metric_of(call, column);
    if (m == NULL) {
        print_error("%s: %s is neither supported nor named\n", text_of(single, "id"), call);
        table_free(&table);
        return 1;
    }
    assert_non_null(wanted);
    case_run run = run_of(m, input);
    double *answers = run_answers(&run);
    unsigned wrong = compare_column(text_of(single, "id"), &run, answers, wanted, 1e-12,
                                    json_number_value(json_object_get(single, "tol_rel")));
    free(answers);
    table_free(&table);
    return wrong;
}

static void test_every_case_passes_or_is_named(void **state) {
    (void)state;
    json_t *cases = cases_of("ttr.json");
    number_table input;
    table_read(&input, "data/ttr_ttrc250.csv");
    case_counts counts = {0};
    unsigned failed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *single = json_array_get(cases, i);
        if (check_case(single, &input) == 0)
            counts.passed++;
        else
            failed++;
    }
    print_counts("ttr", &counts);
    table_free(&input);
    json_decref(cases);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_case_passes_or_is_named)};
    return run_with_vectors("golden_indicators_ttr", "ttr.json", tests,
                            sizeof tests / sizeof tests[0]);
}
