/*
 * test_indicator.c - the rules that indicator.h states, for every kind where a rule is for all.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/cpu.h"
#include "tradewind/indicator.h"

#define ROWS 420

typedef struct bars {
    double values[TW_INDICATOR_INPUT_COUNT][ROWS];
} bars;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double unit(uint64_t *seed) {
    return (double)(next_random(seed) >> 11) * 0x1p-53;
}

/* A walk that never stands still, so that no formula is without an answer. */
static void fill(bars *ret, uint64_t seed) {
    double price = 100;
    double other = 50;
    for (size_t i = 0; i < ROWS; i++) {
        double open = price;
        price *= 1 + 0.04 * (unit(&seed) - 0.5);
        other *= 1 + 0.04 * (unit(&seed) - 0.5);
        ret->values[TW_INDICATOR_OPEN][i] = open;
        ret->values[TW_INDICATOR_HIGH][i] = (open > price ? open : price) + 0.1 + unit(&seed);
        ret->values[TW_INDICATOR_LOW][i] = (open < price ? open : price) - 0.1 - unit(&seed);
        ret->values[TW_INDICATOR_CLOSE][i] = price;
        ret->values[TW_INDICATOR_VOLUME][i] = 1000 + 100 * unit(&seed);
        ret->values[TW_INDICATOR_OTHER][i] = other;
    }
}

static tw_indicator *made(const tw_indicator_config *config) {
    tw_indicator *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    return indicator;
}

static tw_indicator_config parsed(const char *text) {
    tw_indicator_config config;
    tw_error error = {0};
    if (tw_indicator_parse(text, &config, &error) != TW_OK)
        fail_msg("%s", error.message);
    return config;
}

/* Only what the kind says that it reads is there. */
static tw_indicator_row row_of(const bars *from, uint32_t inputs, size_t i) {
    tw_indicator_row row = {.reset = false};
    for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
        row.inputs[c] = (inputs & (1u << c)) != 0 ? &from->values[c][i] : NULL;
    return row;
}

typedef double answers[ROWS][TW_INDICATOR_OUTPUTS_MAX];

static void run(const tw_indicator_config *config, const bars *from, answers ret) {
    TW_AUTO(tw_indicator) *indicator = made(config);
    uint32_t inputs = tw_indicator_describe(config->kind)->inputs;
    for (size_t i = 0; i < ROWS; i++) {
        tw_indicator_row row = row_of(from, inputs, i);
        row.reset = i % 60 == 0;
        tw_indicator_push(indicator, &row, ret[i]);
    }
}

/* ---- Lookback and unstable period --------------------------------------------------------- */

static void check_lookback(const tw_indicator_config *config, const bars *from) {
    static answers got;
    const tw_indicator_description *what = tw_indicator_describe(config->kind);
    run(config, from, got);
    for (uint32_t o = 0; o < what->output_count; o++) {
        size_t told = tw_indicator_lookback(config, o);
        if (told == TW_INDICATOR_FOREVER)
            continue;
        size_t first = 0;
        while (first < ROWS && isnan(got[first][o]))
            first++;
        if (first != told)
            fail_msg("%s %s: %zu rows without an answer, %zu were told", what->name,
                     what->outputs[o], first, told);
        for (size_t i = first; i < ROWS; i++)
            assert_true(got[i][o] == got[i][o]);
    }
}

static void test_the_first_answer_comes_with_the_row_that_was_told(void **state) {
    (void)state;
    static bars from;
    fill(&from, 1);
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        check_lookback(&config, &from);
    }
    static const char *const texts[] = {
        "sma(1)",
        "ema(7,first)",
        "dema(5,together)",
        "tema(4,late)",
        "t3(3,0.5,late)",
        "kama(5,from=seed)",
        "macd(26,12,9)",
        "macd(seed=classic)",
        "macd(seed=first)",
        "macd(seed=fixed)",
        "rsi(3,early=yes)",
        "trix(5,3,together)",
        "smi(early=yes,seed=first)",
        "aroon(5,early=yes)",
        "adx(5,late)",
        "donchian(5,before)",
        "bollinger(mean=hma)",
        "envelope(9,mean=trima)",
        "obv(none)",
        "obv(volume)",
        "atr(5,range)",
        "evwma(1)",
        "zlema(2)",
        "zlema(9)",
        "ichimoku(3,5,7,0)",
        "correlation(5,log)",
        "beta(5,none)",
        "garman_klass(5,gap=yes)",
        "realised_volatility(5,mean=zero)",
        "wilder_sum(4,late)",
        "stochastic(5,3,3,mean=smma)",
        "median(1)",
        "rank(1)",
        "hma(1)",
        "trima(2)",
        "rsi(5,smoothing=sum)",
        "stoch_rsi(5,4,3,2,ema)",
        "stochastic(5,3,3,mean=ema)",
        "atr(5,mean=sma)",
        "adx(5,late,less_one)",
        "macd_means(5,9,4,dema,tema,t3)",
        "macd_means(9,5,4,kama,hma,smma_first)",
        "ppo(3,7,2,kama)",
        "envelope(5,mean=smma_late)",
        "envelope(5,mean=dema_together)",
        "envelope(5,mean=tema_together)",
        "price(volume)",
        "price(hlcc4)",
        "extremes(1)",
        "linear_regression(2)",
        "hurst(64,simple)",
        "hurst_lags(9,20)",
        "value_at_risk(2,0.99)",
        "directional_movement(2)",
        "parabolic_sar(rules=talib)",
        "parabolic_sar(rules=ttr)",
        "mama(from=9,seed=zero)",
        "rank_correlation(2,log)",
        "fractal(1,2,close)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tw_indicator_config config = parsed(texts[i]);
        check_lookback(&config, &from);
    }
}

static void test_after_the_unstable_period_the_beginning_is_forgotten(void **state) {
    (void)state;
    static const char *const texts[] = {"ema(10)",     "smma(8)", "dema(6)",        "tema(5)",
                                        "macd(5,9,4)", "rsi(6)",  "atr(6)",         "adx(4)",
                                        "tsi(5,4,3)",  "trix(4)", "keltner(8,2,5)", "heikin_ashi"};
    static bars one;
    static bars two;
    static answers a;
    static answers b;
    fill(&one, 2);
    two = one;
    for (size_t c = 0; c < 4; c++)
        two.values[c][0] *= 1.01;
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        tw_indicator_config config = parsed(texts[k]);
        run(&config, &one, a);
        run(&config, &two, b);
        size_t outputs = tw_indicator_describe(config.kind)->output_count;
        size_t longest = 0;
        for (uint32_t o = 0; o < outputs; o++) {
            size_t rows = tw_indicator_unstable(&config, o, 1e-9);
            longest = rows > longest ? rows : longest;
            /* One row more: row 0 is in the window of the first answer as a value, too. */
            for (size_t i = tw_indicator_lookback(&config, o) + rows + 1; i < ROWS; i++)
                assert_near(a[i][o], b[i][o], 1e-6);
        }
        assert_true(longest > 0 && longest < ROWS);
    }
    tw_indicator_config config = parsed("obv");
    assert_true(tw_indicator_unstable(&config, 0, 1e-9) == TW_INDICATOR_FOREVER);
    config = parsed("sma(5)");
    assert_int_equal(tw_indicator_unstable(&config, 0, 1e-9), 0);
}

/* ---- Windows ---------------------------------------------------------------------------- */

/* For every kind that is a window: bit for bit, whatever it was that has left. */
static void check_no_trace(const tw_indicator_config *config, const bars *clean, double guest) {
    static bars spoilt;
    static answers a;
    static answers b;
    const tw_indicator_description *what = tw_indicator_describe(config->kind);
    spoilt = *clean;
    for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
        spoilt.values[c][60] = guest;
    run(config, clean, a);
    run(config, &spoilt, b);
    for (uint32_t o = 0; o < what->output_count; o++) {
        size_t lookback = tw_indicator_lookback(config, o);
        if (lookback == TW_INDICATOR_FOREVER || tw_indicator_unstable(config, o, 1e-300) != 0)
            continue;
        for (size_t i = 60 + lookback + 1; i < ROWS; i++) {
            if (memcmp(&a[i][o], &b[i][o], sizeof(double)) != 0)
                fail_msg("%s %s: row %zu remembers %g of row 60", what->name, what->outputs[o], i,
                         guest);
        }
    }
}

static void test_a_value_that_has_left_leaves_no_trace(void **state) {
    (void)state;
    static bars clean;
    fill(&clean, 3);
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        check_no_trace(&config, &clean, 9e74);
        check_no_trace(&config, &clean, -1e30);
        check_no_trace(&config, &clean, NAN);
        check_no_trace(&config, &clean, INFINITY);
    }
}

static void test_equal_values_have_no_deviation_at_all(void **state) {
    (void)state;
    static const double values[] = {0.1, 1e15 / 3, 1e-9 / 7, 123456.789};
    for (uint32_t n = 2; n < 40; n++) {
        tw_indicator_config config = parsed("zscore");
        config.parameters[0] = n;
        TW_AUTO(tw_indicator) *indicator = made(&config);
        for (size_t v = 0; v < 4; v++) {
            tw_indicator_clear(indicator);
            double got[TW_INDICATOR_OUTPUTS_MAX] = {0};
            for (size_t i = 0; i < 3 * n; i++) {
                tw_indicator_row row = {.inputs[TW_INDICATOR_CLOSE] = &values[v]};
                tw_indicator_push(indicator, &row, got);
            }
            assert_true(isnan(got[0])); /* no distance without a deviation */
            assert_true(got[1] == values[v]);
            assert_true(got[2] == 0);
        }
    }
}

static void test_the_mean_of_equal_values_is_that_value(void **state) {
    (void)state;
    static const char *const texts[] = {"sma(%u)", "wma(%u)", "ema(%u)", "smma(%u)", "median(%u)"};
    const double value = 1.0 / 3;
    for (unsigned n = 1; n < 60; n++) {
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            char text[32];
            snprintf(text, sizeof text, "%.*s%u)", (int)strcspn(texts[k], "%"), texts[k], n);
            tw_indicator_config config = parsed(text);
            TW_AUTO(tw_indicator) *indicator = made(&config);
            double got = 0;
            for (size_t i = 0; i < 3 * n; i++) {
                tw_indicator_row row = {.inputs[TW_INDICATOR_CLOSE] = &value};
                tw_indicator_push(indicator, &row, &got);
            }
            assert_true(got == value);
        }
    }
}

/* ---- Missing values --------------------------------------------------------------------- */

static void push_close(tw_indicator *indicator, double close, double *ret) {
    tw_indicator_row row = {.inputs[TW_INDICATOR_CLOSE] = &close};
    tw_indicator_push(indicator, &row, ret);
}

static void test_a_recurrence_goes_on_after_a_missing_value(void **state) {
    (void)state;
    tw_indicator_config config = parsed("ema(3,first)");
    TW_AUTO(tw_indicator) *indicator = made(&config);
    double got = 0;
    push_close(indicator, 10, &got);
    assert_true(got == 10);
    push_close(indicator, NAN, &got);
    assert_true(isnan(got));
    push_close(indicator, INFINITY, &got);
    assert_true(isnan(got));
    push_close(indicator, 2 * TW_INDICATOR_VALUE_MAX, &got);
    assert_true(isnan(got));
    push_close(indicator, 20, &got);
    assert_true(got == 15);
}

static void test_a_window_with_a_missing_value_has_no_answer(void **state) {
    (void)state;
    static const double closes[] = {1, 2, NAN, 4, 5, 6};
    static const double wanted[] = {NAN, 1.5, NAN, NAN, 4.5, 5.5};
    tw_indicator_config config = parsed("sma(2)");
    TW_AUTO(tw_indicator) *indicator = made(&config);
    for (size_t i = 0; i < 6; i++) {
        double got = 0;
        push_close(indicator, closes[i], &got);
        assert_true(isnan(wanted[i]) ? isnan(got) : got == wanted[i]);
    }
}

static void test_a_reset_begins_the_anchored_mean_anew(void **state) {
    (void)state;
    tw_indicator_config config = parsed("vwap(close)");
    TW_AUTO(tw_indicator) *indicator = made(&config);
    const double close[] = {10, 20, 30};
    const double volume[] = {1, 1, 5};
    double got = 0;
    for (size_t i = 0; i < 3; i++) {
        tw_indicator_row row = {.reset = i == 2};
        row.inputs[TW_INDICATOR_CLOSE] = &close[i];
        row.inputs[TW_INDICATOR_VOLUME] = &volume[i];
        tw_indicator_push(indicator, &row, &got);
        assert_true(got == (i == 0 ? 10 : (i == 1 ? 15 : 30)));
    }
}

/* ---- Names ------------------------------------------------------------------------------ */

static void test_a_text_gives_the_configuration_that_it_says(void **state) {
    (void)state;
    tw_indicator_config config = parsed("macd");
    assert_string_equal(tw_indicator_describe(config.kind)->name, "macd");
    assert_true(config.parameters[0] == 12 && config.parameters[1] == 26);
    assert_int_equal(config.lanes, 1);
    config = parsed("  macd ( 5 , 7, seed = classic ) ");
    assert_true(config.parameters[0] == 5 && config.parameters[1] == 7);
    assert_true(config.parameters[2] == 9 && config.parameters[3] == 2);
    config = parsed("bollinger(ddof=1, ema, 2.5)");
    assert_true(config.parameters[2] == 1 && config.parameters[3] == 1);
    assert_true(config.parameters[4] == 2.5);
    config = parsed("vwap()");
    assert_true(config.parameters[0] == 0);
}

static void test_a_text_that_is_wrong_says_where_and_what_is_wanted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        tw_status status;
        uint64_t column;
        const char *words;
    } wrong[] = {
        {"", TW_PARSE, 1, "name"},
        {"(3)", TW_PARSE, 1, "name"},
        {"smaa(3)", TW_NOT_FOUND, 1, "no indicator smaa"},
        {"sma(3", TW_PARSE, 6, "closing bracket"},
        {"sma(3,4)", TW_PARSE, 7, "1 values at most"},
        {"sma(3)x", TW_PARSE, 7, "end of the text"},
        {"sma(,)", TW_PARSE, 5, "period of sma is no number"},
        {"sma(length=3)", TW_PARSE, 5, "no parameter"},
        {"ema(3,last)", TW_PARSE, 7, "one of sma|first"},
        {"sma(0)", TW_RANGE, 0, "period is 0"},
        {"sma(2.5)", TW_RANGE, 0, "whole number"},
        {"sma(nan)", TW_PARSE, 5, "period"},
        {"sma(1e9)", TW_RANGE, 0, "1e+06"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tw_indicator_config config = {.kind = 77};
        tw_error error = {0};
        tw_status status = tw_indicator_parse(wrong[i].text, &config, &error);
        if (status != wrong[i].status)
            fail_msg("%s: %s", wrong[i].text, error.message);
        assert_true(status != TW_OK);
        assert_int_equal(config.kind, 77);
        if (wrong[i].column > 0)
            assert_int_equal(error.column, wrong[i].column);
        if (strstr(error.message, wrong[i].words) == NULL)
            fail_msg("%s: '%s' is not in: %s", wrong[i].text, wrong[i].words, error.message);
    }
}

static void test_a_configuration_that_cannot_be_is_refused(void **state) {
    (void)state;
    tw_indicator_config config = parsed("sma(3)");
    tw_indicator *indicator = NULL;
    config.lanes = TW_INDICATOR_LANES_MAX + 1;
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_RANGE);
    config.lanes = 1;
    config.cpu_level = 9;
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_RANGE);
    for (unsigned level = 0; level < TW_CPU_LEVEL_COUNT; level++) {
        config.cpu_level = (tw_cpu_level)level;
        tw_status wanted = tw_cpu_has((tw_cpu_level)level) ? TW_OK : TW_UNSUPPORTED;
        assert_int_equal(tw_indicator_check_config(&config, NULL), wanted);
    }
    config.cpu_level = TW_CPU_BEST;
    config.parameters[0] = NAN;
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_RANGE);
    config.kind = (tw_indicator_kind)tw_indicator_kind_count();
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_RANGE);
    assert_null(indicator);
}

static void test_every_kind_is_described_and_found_by_its_name(void **state) {
    (void)state;
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        const tw_indicator_description *what = tw_indicator_describe((tw_indicator_kind)kind);
        tw_indicator_kind found = 0;
        assert_int_equal(tw_indicator_find(what->name, &found), TW_OK);
        assert_int_equal(found, kind);
        assert_true(what->output_count > 0 && what->output_count <= TW_INDICATOR_OUTPUTS_MAX);
        assert_true(what->parameter_count <= TW_INDICATOR_PARAMETERS_MAX);
        assert_true(what->inputs != 0 && strlen(what->summary) > 0);
    }
}

/* Whether an output moves with all prices and stays among them: the two things that make a price.
 */
static bool is_a_price(answers one, answers doubled, uint32_t output, bool told) {
    size_t there = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double value = one[i][output];
        if (isnan(value) && isnan(doubled[i][output]))
            continue;
        there++;
        if (fabs(doubled[i][output] - 2 * value) > 1e-9 * fabs(value) || value < 25 || value > 400)
            return false;
    }
    return there > 0 || told;
}

static void test_exactly_the_outputs_that_are_prices_are_said_to_be(void **state) {
    (void)state;
    static bars from;
    static bars twice;
    static answers one;
    static answers two;
    fill(&from, 7);
    /* One candle that is all body: the marubozu looks for it. */
    from.values[TW_INDICATOR_LOW][200] = from.values[TW_INDICATOR_OPEN][200];
    from.values[TW_INDICATOR_HIGH][200] = from.values[TW_INDICATOR_OPEN][200] + 2;
    from.values[TW_INDICATOR_CLOSE][200] = from.values[TW_INDICATOR_OPEN][200] + 2;
    twice = from;
    for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++) {
        for (size_t i = 0; c != TW_INDICATOR_VOLUME && i < ROWS; i++)
            twice.values[c][i] *= 2;
    }
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        const tw_indicator_description *what = tw_indicator_describe((tw_indicator_kind)kind);
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        run(&config, &from, one);
        run(&config, &twice, two);
        for (uint32_t o = 0; o < what->output_count; o++) {
            bool told = (what->price_outputs >> o & 1) != 0;
            if (told != is_a_price(one, two, o, told))
                fail_msg("%s %s is %s price", what->name, what->outputs[o], told ? "no" : "a");
        }
        assert_int_equal(what->price_outputs >> what->output_count, 0);
    }
}

/* ---- Memory ----------------------------------------------------------------------------- */

static void test_clearing_forgets_everything(void **state) {
    (void)state;
    static bars from;
    fill(&from, 5);
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        TW_AUTO(tw_indicator) *indicator = made(&config);
        static answers got[2];
        for (size_t pass = 0; pass < 2; pass++) {
            for (size_t i = 0; i < ROWS; i++) {
                tw_indicator_row row = row_of(&from, 0x3F, i);
                tw_indicator_push(indicator, &row, got[pass][i]);
            }
            tw_indicator_clear(indicator);
        }
        size_t outputs = tw_indicator_outputs(indicator);
        for (size_t i = 0; i < ROWS; i++)
            assert_memory_equal(got[0][i], got[1][i], outputs * sizeof(double));
    }
}

static tw_status make_push_and_free(const tw_allocator *allocator, void *context) {
    const tw_indicator_config *config = context;
    TW_AUTO(tw_indicator) *indicator = NULL;
    tw_status status = tw_indicator_new(allocator, config, &indicator);
    if (status != TW_OK)
        return status;
    double values[4] = {1, 2, 3, 4};
    double got[4 * TW_INDICATOR_OUTPUTS_MAX];
    tw_indicator_row row = {.inputs = {values, values, values, values, values, values}};
    for (size_t i = 0; i < 50; i++)
        tw_indicator_push(indicator, &row, got);
    return TW_OK;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    static const char *const texts[] = {"sma(7)", "macd", "alma(9)", "median(5)", "adx"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tw_indicator_config config = parsed(texts[i]);
        config.lanes = 4;
        assert_survives_failed_allocations(make_push_and_free, &config);
    }
}

static void test_more_memory_than_the_limit_is_not_asked_for(void **state) {
    (void)state;
    tw_indicator_config config = parsed("correlation(1000000)");
    config.lanes = TW_INDICATOR_LANES_MAX;
    tw_indicator *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_NO_MEMORY);
    assert_null(indicator);
}

static void test_a_table_goes_on_where_the_stream_was(void **state) {
    (void)state;
    tw_indicator_config config = parsed("macd(3,5,2)");
    static bars from;
    static answers wanted;
    fill(&from, 6);
    run(&config, &from, wanted);
    TW_AUTO(tw_indicator) *indicator = made(&config);
    double signal[ROWS];
    double *outputs[TW_INDICATOR_OUTPUTS_MAX] = {NULL, signal};
    for (size_t i = 0; i < ROWS; i += 70) {
        tw_indicator_table table = {.rows = 70, .stride = 1};
        table.inputs[TW_INDICATOR_CLOSE] = &from.values[TW_INDICATOR_CLOSE][i];
        outputs[1] = signal + i;
        tw_indicator_run(indicator, &table, outputs);
    }
    for (size_t i = 0; i < ROWS; i++)
        assert_memory_equal(&signal[i], &wanted[i][1], sizeof(double));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_answer_comes_with_the_row_that_was_told),
        cmocka_unit_test(test_after_the_unstable_period_the_beginning_is_forgotten),
        cmocka_unit_test(test_a_value_that_has_left_leaves_no_trace),
        cmocka_unit_test(test_equal_values_have_no_deviation_at_all),
        cmocka_unit_test(test_the_mean_of_equal_values_is_that_value),
        cmocka_unit_test(test_a_recurrence_goes_on_after_a_missing_value),
        cmocka_unit_test(test_a_window_with_a_missing_value_has_no_answer),
        cmocka_unit_test(test_a_reset_begins_the_anchored_mean_anew),
        cmocka_unit_test(test_a_text_gives_the_configuration_that_it_says),
        cmocka_unit_test(test_a_text_that_is_wrong_says_where_and_what_is_wanted),
        cmocka_unit_test(test_a_configuration_that_cannot_be_is_refused),
        cmocka_unit_test(test_every_kind_is_described_and_found_by_its_name),
        cmocka_unit_test(test_exactly_the_outputs_that_are_prices_are_said_to_be),
        cmocka_unit_test(test_clearing_forgets_everything),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_more_memory_than_the_limit_is_not_asked_for),
        cmocka_unit_test(test_a_table_goes_on_where_the_stream_was),
    };
    return cmocka_run_group_tests_name("test_indicator", tests, NULL, NULL);
}
