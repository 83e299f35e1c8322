/*
 * model_features.c - features of a panel against a stream of each symbol alone: every kind of
 * indicator, with any level of instructions, any number of workers, remembered or not, the same
 * bits.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/features.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROUND_COUNT 20 /* over all kinds */
#define ROWS_MAX 130
#define COLUMNS_MAX 150
#define CELLS_MAX (ROWS_MAX * COLUMNS_MAX)

typedef struct panel_memory {
    double inputs[TW_INDICATOR_OTHER][CELLS_MAX];
    double benchmark[ROWS_MAX];
    bool resets[ROWS_MAX];
    tw_features_series series[COLUMNS_MAX];
    double results[TW_INDICATOR_OUTPUTS_MAX][CELLS_MAX];
    tw_features_panel panel;
} panel_memory;

static void fill_column(panel_memory *memory, size_t column, tw_random *random) {
    size_t columns = memory->panel.shape.columns;
    double price = 20 + 200 * tw_random_uniform(random);
    for (size_t i = 0; i < memory->panel.shape.rows; i++) {
        size_t cell = i * columns + column;
        double open = price;
        price *= exp(0.02 * tw_random_normal(random));
        memory->inputs[TW_INDICATOR_OPEN][cell] = open;
        memory->inputs[TW_INDICATOR_CLOSE][cell] = price;
        memory->inputs[TW_INDICATOR_HIGH][cell] = fmax(open, price) + tw_random_uniform(random);
        memory->inputs[TW_INDICATOR_LOW][cell] = fmin(open, price) - tw_random_uniform(random);
        memory->inputs[TW_INDICATOR_VOLUME][cell] = (double)tw_random_below(random, 1000);
        if (tw_random_below(random, 60) == 0)
            memory->inputs[tw_random_below(random, TW_INDICATOR_OTHER)][cell] = NAN;
    }
    memory->series[column].version++;
}

static void fill(panel_memory *memory, tw_random *random) {
    tw_batch_shape shape = {1 + tw_random_below(random, ROWS_MAX),
                            1 + tw_random_below(random, COLUMNS_MAX)};
    memory->panel = (tw_features_panel){.shape = shape,
                                        .benchmark = memory->benchmark,
                                        .resets = memory->resets,
                                        .series = memory->series,
                                        .benchmark_series = {77, tw_random_next(random)}};
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        memory->panel.inputs[s] = memory->inputs[s];
    for (size_t i = 0; i < shape.rows; i++) {
        memory->benchmark[i] = 100 + tw_random_normal(random);
        memory->resets[i] = tw_random_below(random, 20) == 0;
    }
    for (size_t j = 0; j < shape.columns; j++) {
        memory->series[j].id = j;
        fill_column(memory, j, random);
    }
}

static void expect_stream(const panel_memory *memory, const tw_indicator_config *config,
                          size_t column) {
    const tw_features_panel *panel = &memory->panel;
    tw_indicator *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    for (size_t i = 0; i < panel->shape.rows; i++) {
        size_t cell = i * panel->shape.columns + column;
        double answers[TW_INDICATOR_OUTPUTS_MAX];
        tw_indicator_row row = {.reset = panel->resets[i]};
        for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
            row.inputs[s] = &memory->inputs[s][cell];
        row.inputs[TW_INDICATOR_OTHER] = &memory->benchmark[i];
        tw_indicator_push(indicator, &row, answers);
        for (size_t o = 0; o < tw_indicator_outputs(indicator); o++) {
            if (memcmp(&memory->results[o][cell], &answers[o], sizeof answers[o]) != 0)
                fail_msg("%s, output %zu, row %zu of column %zu: %a, in a stream %a",
                         tw_indicator_describe(config->kind)->name, o, i, column,
                         memory->results[o][cell], answers[o]);
        }
    }
    tw_indicator_free(indicator);
}

static void run(panel_memory *memory, tw_features *features) {
    double *values[TW_INDICATOR_OUTPUTS_MAX];
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        values[o] = memory->results[o];
    memset(memory->results, 0xff, sizeof memory->results);
    assert_int_equal(tw_features_run(features, &memory->panel, values), TW_OK);
}

/* Fresh; remembered; and with a few columns of another version. */
static void check_kind(panel_memory *memory, tw_features *features,
                       const tw_indicator_config *config, tw_random *random) {
    size_t columns = memory->panel.shape.columns;
    for (int turn = 0; turn < 3; turn++) {
        uint64_t changed = tw_random_below(random, 2) == 0 ? 1 + columns / 8 : columns;
        for (uint64_t i = 0; turn == 2 && i < changed; i++)
            fill_column(memory, tw_random_below(random, columns), random);
        run(memory, features);
        tw_features_figures figures = tw_features_figures_of(features);
        assert_true(turn == 0 ? figures.remembered == 0 : turn == 2 || figures.remembered > 0);
        assert_true(turn != 1 || figures.computed == 0);
        assert_int_equal(figures.unstored, 0);
        for (int i = 0; i < 6; i++)
            expect_stream(memory, config, tw_random_below(random, columns));
        expect_stream(memory, config, columns - 1);
    }
}

static void any_feature_of_a_panel_is_the_stream_of_its_symbol(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 21, 0);
    panel_memory *memory = calloc(1, sizeof *memory);
    assert_non_null(memory);
    tw_workers *workers[2] = {NULL, NULL};
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(tw_workers_new(NULL, i + 1, &workers[i], NULL), TW_OK);
    tw_cache_config cache_config = tw_features_cache_config(ROWS_MAX, 100000);
    tw_cache *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &cache_config, NULL, &cache), TW_OK);
    size_t kinds = tw_indicator_kind_count();
    for (size_t step = 0; step < ROUND_COUNT * kinds; step++) {
        const char *text = tw_indicator_describe((tw_indicator_kind)(step % kinds))->name;
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)(step % kinds), &config);
        tw_cpu_level level = (tw_cpu_level)tw_random_below(&random, TW_CPU_LEVEL_COUNT);
        config.cpu_level = TW_CPU_BASELINE;
        fill(memory, &random);
        tw_cache_clear(cache);
        tw_features_config how = {.texts = &text,
                                  .count = 1,
                                  .columns_max = memory->panel.shape.columns +
                                                 tw_random_below(&random, 2) * 40,
                                  .rows_max = ROWS_MAX,
                                  .cache = cache,
                                  .runner = tw_workers_runner(workers[step % 2]),
                                  .level = tw_cpu_has(level) ? level : TW_CPU_BEST};
        tw_features *features = NULL;
        assert_int_equal(tw_features_new(NULL, &how, &features, NULL), TW_OK);
        check_kind(memory, features, &config, &random);
        tw_features_free(features);
    }
    tw_cache_free(cache);
    for (uint32_t i = 0; i < 2; i++)
        tw_workers_free(workers[i]);
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_feature_of_a_panel_is_the_stream_of_its_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
