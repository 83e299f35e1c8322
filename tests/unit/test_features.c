/* test_features.c - the rules of tradewind/features.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/features.h"

#define ROWS 40
#define COLUMNS 3

static double closes[ROWS][COLUMNS];
static double benchmark[ROWS];
static double results[8][ROWS][COLUMNS];
static double *const values[8] = {results[0][0], results[1][0], results[2][0], results[3][0],
                                  results[4][0], results[5][0], results[6][0], results[7][0]};

static int fill(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        benchmark[i] = 50 + (double)(i * i % 11);
        for (size_t j = 0; j < COLUMNS; j++)
            closes[i][j] = 100 + (double)((i * 7 + j * 5) % 13) + (double)(i * j);
    }
    memset(results, 0, sizeof results);
    return 0;
}

static tw_features_panel panel_of_closes(void) {
    tw_features_panel panel = {.shape = {ROWS, COLUMNS}, .benchmark = benchmark};
    panel.inputs[TW_INDICATOR_CLOSE] = closes[0];
    return panel;
}

static tw_features *features_of(const char *const *texts, size_t count, tw_cache *cache) {
    tw_features_config config = {
        .texts = texts, .count = count, .columns_max = COLUMNS, .rows_max = ROWS, .cache = cache};
    tw_features *features = NULL;
    tw_error error = {0};
    if (tw_features_new(NULL, &config, &features, &error) != TW_OK)
        fail_msg("%s", error.message);
    return features;
}

static void test_outputs_have_names_for_columns(void **state) {
    (void)state;
    const char *const texts[] = {"rsi", "ppo( 12, 26,9)", "macd.histogram", "ema(20, seed=first)",
                                 "cross_rank(bollinger(20, 2.5).upper)"};
    TW_AUTO(tw_features) *features = features_of(texts, 5, NULL);
    assert_int_equal(tw_features_outputs(features), 8);
    const char *const names[] = {"rsi",
                                 "ppo_12_26_9",
                                 "ppo_12_26_9_signal",
                                 "ppo_12_26_9_histogram",
                                 "ppo_12_26_9_apo",
                                 "macd_histogram",
                                 "ema_20_seed_first",
                                 "cross_rank_bollinger_20_2.5_upper"};
    for (size_t o = 0; o < 8; o++)
        assert_string_equal(tw_features_name(features, o), names[o]);
    assert_int_equal(tw_features_inputs(features), 1U << TW_INDICATOR_CLOSE);
}

static void expect_refusal(const char *text, tw_status status, const char *sentence) {
    tw_features_config config = {.texts = &text, .count = 1, .columns_max = 1};
    tw_features *features = NULL;
    tw_error error = {0};
    assert_int_equal(tw_features_new(NULL, &config, &features, &error), status);
    assert_null(features);
    if (strstr(error.message, sentence) == NULL)
        fail_msg("\"%s\" does not tell \"%s\"", error.message, sentence);
}

static void test_a_text_that_cannot_be_read_is_told(void **state) {
    (void)state;
    expect_refusal("", TW_RANGE, "1 to 127 bytes");
    expect_refusal("rsj", TW_NOT_FOUND, "there is no indicator rsj; did you mean rsi?");
    expect_refusal("rsi(0)", TW_RANGE, "period");
    expect_refusal("macd.hist", TW_NOT_FOUND, "it has macd, signal");
    expect_refusal("macd.", TW_NOT_FOUND, "no output \"\"");
    expect_refusal("cross_rank(rsi", TW_PARSE, "end with the bracket of cross_rank()");
    expect_refusal("cross_rank(cross_rank(rsi))", TW_NOT_FOUND, "no indicator cross_rank");
}

static void test_numbers_outside_of_the_limits_are_refused(void **state) {
    (void)state;
    const char *const texts[] = {"rsi"};
    tw_features *features = NULL;
    tw_features_config config = {.texts = texts, .count = 0, .columns_max = 1};
    assert_int_equal(tw_features_new(NULL, &config, &features, NULL), TW_RANGE);
    config.count = 1;
    config.columns_max = 0;
    assert_int_equal(tw_features_new(NULL, &config, &features, NULL), TW_RANGE);
    config.columns_max = TW_FEATURES_COLUMNS_MAX + 1;
    assert_int_equal(tw_features_new(NULL, &config, &features, NULL), TW_RANGE);
    config.columns_max = 1;
    assert_int_equal(tw_features_new(NULL, &config, &features, NULL), TW_OK);
    tw_features_panel panel = panel_of_closes();
    assert_int_equal(tw_features_run(features, &panel, values), TW_RANGE);
    tw_features_free(features);
}

static void test_one_output_can_be_asked_for(void **state) {
    (void)state;
    const char *const texts[] = {"ppo(3,5,2)", "ppo(3,5,2).signal"};
    TW_AUTO(tw_features) *features = features_of(texts, 2, NULL);
    tw_features_panel panel = panel_of_closes();
    assert_int_equal(tw_features_outputs(features), 5);
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    assert_memory_equal(results[4], results[1], sizeof results[1]);
    assert_true(isfinite(results[4][ROWS - 1][0]));
}

static void test_a_cross_section_is_of_a_row(void **state) {
    (void)state;
    const char *const texts[] = {"roc(3)", "cross_rank(roc(3))", "cross_percentile(roc(3))",
                                 "cross_zscore(roc(3))"};
    double scratch[TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * COLUMNS];
    double expected[ROWS][COLUMNS];
    TW_AUTO(tw_features) *features = features_of(texts, 4, NULL);
    tw_features_panel panel = panel_of_closes();
    assert_int_equal(tw_features_outputs(features), 3 + 3);
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    tw_batch_ranks(NULL, panel.shape, results[0][0], TW_BATCH_RANK, scratch, expected[0]);
    assert_memory_equal(results[3], expected, sizeof expected);
    tw_batch_ranks(NULL, panel.shape, results[0][0], TW_BATCH_PERCENTILE, scratch, expected[0]);
    assert_memory_equal(results[4], expected, sizeof expected);
    tw_batch_row_zscores(NULL, panel.shape, results[0][0], 0, expected[0]);
    assert_memory_equal(results[5], expected, sizeof expected);
}

static void test_a_second_input_is_the_benchmark(void **state) {
    (void)state;
    const char *const texts[] = {"beta(5).beta"};
    TW_AUTO(tw_features) *features = features_of(texts, 1, NULL);
    assert_int_equal(tw_features_inputs(features),
                     1U << TW_INDICATOR_CLOSE | 1U << TW_INDICATOR_OTHER);
    tw_features_panel panel = panel_of_closes();
    panel.benchmark = closes[0]; /* not a column, so read as ROWS values that follow each other */
    for (size_t i = 0; i < ROWS; i++)
        benchmark[i] = closes[i][1];
    panel.benchmark = benchmark;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    assert_true(fabs(results[0][ROWS - 1][1] - 1) < 1e-12);
    assert_true(fabs(results[0][ROWS - 1][0] - 1) > 1e-3);
}

/* ---- Remembering ------------------------------------------------------------------------- */

static tw_cache *cache_of(size_t rows) {
    tw_cache_config config = tw_features_cache_config(rows, 64);
    tw_cache *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &config, NULL, &cache), TW_OK);
    return cache;
}

static void expect_figures(const tw_features *features, uint64_t computed, uint64_t remembered,
                           uint64_t unstored) {
    tw_features_figures figures = tw_features_figures_of(features);
    assert_int_equal(figures.computed, computed);
    assert_int_equal(figures.remembered, remembered);
    assert_int_equal(figures.unstored, unstored);
}

static void test_a_version_that_was_seen_is_not_computed_again(void **state) {
    (void)state;
    const char *const texts[] = {"sma(5)", "roc(3)"};
    TW_AUTO(tw_cache) *cache = cache_of(ROWS);
    TW_AUTO(tw_features) *features = features_of(texts, 2, cache);
    tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 12, 0, 0);
    double first[4][ROWS][COLUMNS];
    memcpy(first, results, sizeof first);
    closes[20][0] = 500; /* unseen, as the version says that nothing has changed */
    memset(results, 0, sizeof results);
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 0, 12, 0);
    assert_memory_equal(results, first, sizeof first);
    series[0].version = 2;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 4, 8, 0);
    assert_true(results[0][20][0] > first[0][20][0]);
    assert_true(results[0][20][1] == first[0][20][1]);
    panel.shape.rows = ROWS - 1; /* another series, whatever its version */
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 12, 0, 0);
}

static void test_the_benchmark_is_of_a_version_too(void **state) {
    (void)state;
    const char *const texts[] = {"sma(5)", "correlation(5).correlation"};
    TW_AUTO(tw_cache) *cache = cache_of(ROWS);
    TW_AUTO(tw_features) *features = features_of(texts, 2, cache);
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    panel.benchmark_series = (tw_features_series){9, 1};
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    panel.benchmark_series.version = 2;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 3, 3, 0);
}

static void test_other_parameters_are_another_series(void **state) {
    (void)state;
    TW_AUTO(tw_cache) *cache = cache_of(ROWS);
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    const char *const texts[] = {"sma(5)", "sma(6)", "cross_rank(sma(6))"};
    TW_AUTO(tw_features) *five = features_of(texts, 1, cache);
    assert_int_equal(tw_features_run(five, &panel, values), TW_OK);
    TW_AUTO(tw_features) *six = features_of(texts + 1, 1, cache);
    assert_int_equal(tw_features_run(six, &panel, values), TW_OK);
    expect_figures(six, 3, 0, 0);
    TW_AUTO(tw_features) *rank = features_of(texts + 2, 1, cache);
    assert_int_equal(tw_features_run(rank, &panel, values), TW_OK);
    expect_figures(rank, 0, 3, 0);
    assert_true(results[0][ROWS - 1][0] >= 1 && results[0][ROWS - 1][0] <= 3);
}

static void test_a_series_too_long_to_remember_is_computed(void **state) {
    (void)state;
    const char *const texts[] = {"sma(5)"};
    TW_AUTO(tw_cache) *cache = cache_of(ROWS / 2);
    TW_AUTO(tw_features) *features = features_of(texts, 1, cache);
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
        expect_figures(features, 3, 0, 3);
    }
}

static void test_a_cross_section_of_a_cross_section_is_refused(void **state) {
    (void)state;
    expect_refusal("cross_rank(cross_zscore(rsi))", TW_NOT_FOUND, "no indicator cross_zscore");
    expect_refusal("cross_rank(cross_percentile(rsi))", TW_NOT_FOUND, "no indicator cross_perc");
}

/* What is anchored to sessions is not remembered over other sessions. */
static void test_other_sessions_are_another_series(void **state) {
    (void)state;
    const char *const texts[] = {"vwap"};
    static double volumes[ROWS][COLUMNS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        volumes[i / COLUMNS][i % COLUMNS] = 1;
    bool resets[ROWS] = {true};
    TW_AUTO(tw_cache) *cache = cache_of(ROWS);
    TW_AUTO(tw_features) *features = features_of(texts, 1, cache);
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    for (size_t s = 0; s < TW_INDICATOR_VOLUME; s++)
        panel.inputs[s] = closes[0];
    panel.inputs[TW_INDICATOR_VOLUME] = volumes[0];
    panel.series = series;
    panel.resets = resets;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    resets[ROWS - 1] = true;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    assert_true(results[0][ROWS - 1][0] == closes[ROWS - 1][0]);
}

/* The cache that is made for so many series remembers the newest version of each. */
static void test_new_versions_take_the_place_of_old_ones(void **state) {
    (void)state;
    enum { MANY = 500 };
    static double prices[4][MANY];
    static double means[4][MANY];
    static tw_features_series series[MANY];
    const char *const texts[] = {"sma(2)"};
    double *const outputs[] = {means[0]};
    for (size_t i = 0; i < 4 * MANY; i++)
        prices[i / MANY][i % MANY] = 1 + (double)(i % 7);
    tw_cache_config cache_config = tw_features_cache_config(4, MANY);
    TW_AUTO(tw_cache) *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &cache_config, NULL, &cache), TW_OK);
    const tw_features_config config = {
        .texts = texts, .count = 1, .columns_max = MANY, .rows_max = 4, .cache = cache};
    TW_AUTO(tw_features) *features = NULL;
    assert_int_equal(tw_features_new(NULL, &config, &features, NULL), TW_OK);
    tw_features_panel panel = {.shape = {4, MANY}, .series = series};
    panel.inputs[TW_INDICATOR_CLOSE] = prices[0];
    for (uint64_t version = 1; version < 5; version++) {
        for (size_t j = 0; j < MANY; j++)
            series[j] = (tw_features_series){j, version};
        for (int run = 0; run < 5; run++)
            assert_int_equal(tw_features_run(features, &panel, outputs), TW_OK);
        expect_figures(features, 0, MANY, 0);
    }
}

/* All figures are of a symbol and an output. */
static void test_what_has_no_place_is_counted_by_output(void **state) {
    (void)state;
    const char *const texts[] = {"ppo(3,5,2)"};
    tw_cache_config cache_config = tw_features_cache_config(ROWS, 64);
    cache_config.key_size_max = 8; /* so that nothing can be put */
    TW_AUTO(tw_cache) *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &cache_config, NULL, &cache), TW_OK);
    TW_AUTO(tw_features) *features = features_of(texts, 1, cache);
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    expect_figures(features, 12, 0, 12);
}

static void test_one_indicator_is_computed_once_for_all_texts(void **state) {
    (void)state;
    const char *const texts[] = {"ppo(3,5,2).signal", "rsi(5)", "ppo( 3, 5, 2)",
                                 "cross_rank(rsi(5))", "ppo(3,5,3).signal"};
    TW_AUTO(tw_features) *features = features_of(texts, 5, NULL);
    tw_features_panel panel = panel_of_closes();
    assert_int_equal(tw_features_outputs(features), 8);
    assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    assert_memory_equal(results[0], results[3], sizeof results[0]);
    assert_true(results[7][ROWS - 1][0] != results[0][ROWS - 1][0]);
    const char *const rsi[] = {"rsi(5)"};
    TW_AUTO(tw_features) *alone = features_of(rsi, 1, NULL);
    static double expected[ROWS][COLUMNS];
    double *const one[] = {expected[0]};
    assert_int_equal(tw_features_run(alone, &panel, one), TW_OK);
    assert_memory_equal(results[1], expected, sizeof expected);
    assert_true(results[6][ROWS - 1][0] >= 1 && results[6][ROWS - 1][0] <= 3);
}

static void test_memory_has_a_bound(void **state) {
    (void)state;
    const char *const texts[] = {"median(10000)"};
    tw_features_config config = {
        .texts = texts, .count = 1, .columns_max = COLUMNS, .memory_max = 100000};
    tw_features *features = NULL;
    tw_error error = {0};
    failing_heap heap;
    failing_heap_init(&heap);
    assert_int_equal(tw_features_new(&heap.allocator, &config, &features, &error), TW_NO_MEMORY);
    assert_int_equal(heap.bytes_out, 0);
    config.memory_max = 10000000;
    assert_int_equal(tw_features_new(&heap.allocator, &config, &features, &error), TW_OK);
    tw_features_free(features);
    assert_int_equal(heap.bytes_out, 0);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    const char *const texts[] = {"rsi", "cross_rank(macd.signal)"};
    tw_features_config config = {.texts = texts, .count = 2, .columns_max = 100};
    TW_AUTO(tw_features) *features = NULL;
    return tw_features_new(allocator, &config, &features, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

static void test_a_run_allocates_nothing(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    const char *const texts[] = {"median(5)", "cross_rank(macd(3,5,2).signal)"};
    TW_AUTO(tw_cache) *cache = cache_of(ROWS);
    tw_features_config config = {
        .texts = texts, .count = 2, .columns_max = COLUMNS, .rows_max = ROWS, .cache = cache};
    tw_features *features = NULL;
    assert_int_equal(tw_features_new(&heap.allocator, &config, &features, NULL), TW_OK);
    uint64_t attempts = heap.attempts;
    const tw_features_series series[COLUMNS] = {{1, 1}, {2, 1}, {3, 1}};
    tw_features_panel panel = panel_of_closes();
    panel.series = series;
    for (int i = 0; i < 2; i++)
        assert_int_equal(tw_features_run(features, &panel, values), TW_OK);
    assert_int_equal(heap.attempts, attempts);
    tw_features_free(features);
    assert_int_equal(heap.bytes_out, 0);
}

int main(void) {
#define FILLED(test) cmocka_unit_test_setup(test, fill)
    const struct CMUnitTest tests[] = {
        FILLED(test_outputs_have_names_for_columns),
        FILLED(test_a_text_that_cannot_be_read_is_told),
        FILLED(test_numbers_outside_of_the_limits_are_refused),
        FILLED(test_one_output_can_be_asked_for),
        FILLED(test_a_cross_section_is_of_a_row),
        FILLED(test_a_second_input_is_the_benchmark),
        FILLED(test_a_version_that_was_seen_is_not_computed_again),
        FILLED(test_the_benchmark_is_of_a_version_too),
        FILLED(test_other_parameters_are_another_series),
        FILLED(test_a_series_too_long_to_remember_is_computed),
        FILLED(test_a_cross_section_of_a_cross_section_is_refused),
        FILLED(test_other_sessions_are_another_series),
        FILLED(test_new_versions_take_the_place_of_old_ones),
        FILLED(test_what_has_no_place_is_counted_by_output),
        FILLED(test_one_indicator_is_computed_once_for_all_texts),
        FILLED(test_memory_has_a_bound),
        FILLED(test_a_run_allocates_nothing),
        FILLED(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
