/*
 * model_indicator.c - indicators beside their definitions, and beside themselves.
 *
 * The first test runs kinds on random bars, with runs of equal prices and missing values, beside
 * slow versions (slow_*.h, all kinds). Answers agree to a relative 1e-9, and are missing in the
 * same rows.
 *
 * The second runs every kind there is, with values of all sizes and rows that are missing, as a
 * stream of one series, as a table of one, and as tables of several lanes at every level of vector
 * instructions that this machine has: all of them give the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "slow_averages.h"
#include "slow_cycles.h"
#include "slow_deviations.h"
#include "slow_levels.h"
#include "slow_momentum.h"
#include "slow_oscillators.h"
#include "slow_trends.h"
#include "tradewind/cpu.h"
#include "tradewind/indicator.h"

#define ROUNDS 24 /* a million rows, over all kinds */
#define LANES_MAX 19

/* ---- Random bars ------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double unit(uint64_t *seed) {
    return (double)(next_random(seed) >> 11) * 0x1p-53;
}

/* A walk; now and then the price stands still for some rows. */
static void make_bars(uint64_t *seed, bool missing, model_bars *ret) {
    double price = 50 + 100 * unit(seed);
    double other = 80;
    size_t still = 0;
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        still = still > 0 ? still - 1 : (next_random(seed) % 40 == 0 ? 30 : 0);
        double open = price;
        if (still == 0)
            price *= 1 + 0.03 * (unit(seed) - 0.5);
        other *= 1 + 0.02 * (unit(seed) - 0.5);
        double reach = still > 0 ? 0 : 0.01 * price;
        ret->open[i] = open;
        ret->close[i] = price;
        ret->high[i] = (open > price ? open : price) + reach * unit(seed);
        ret->low[i] = (open < price ? open : price) - reach * unit(seed);
        ret->volume[i] = (double)(next_random(seed) % 1000);
        ret->other[i] = other;
        ret->resets[i] = next_random(seed) % 50 == 0;
    }
    double *columns[] = {ret->open, ret->high, ret->low, ret->close, ret->volume, ret->other};
    for (size_t k = 0; missing && k < 5; k++)
        columns[next_random(seed) % 6][next_random(seed) % MODEL_ROWS] =
            k % 2 == 0 ? NAN : INFINITY;
}

/* An infinity is a missing value, to the models as well. */
static void forget_infinities(model_bars *bars) {
    double *columns[] = {bars->open, bars->high, bars->low, bars->close, bars->volume, bars->other};
    for (size_t c = 0; c < 6; c++) {
        for (size_t i = 0; i < MODEL_ROWS; i++)
            columns[c][i] = isinf(columns[c][i]) ? NAN : columns[c][i];
    }
}

/* ---- Definitions ------------------------------------------------------------------------ */

typedef struct model_family {
    const model_kind *kinds;
    size_t count;
} model_family;

#define FAMILY(kinds) \
    { kinds, sizeof(kinds) / sizeof((kinds)[0]) }

static const model_family families[] = {
    FAMILY(slow_averages), FAMILY(slow_momentum), FAMILY(slow_oscillators), FAMILY(slow_trends),
    FAMILY(slow_levels),   FAMILY(slow_cycles),   FAMILY(slow_deviations),
};
#define FAMILY_COUNT (sizeof families / sizeof families[0])

/* ---- The tests -------------------------------------------------------------------------- */

static tw_indicator_row row_of(const model_bars *bars, size_t i) {
    return (tw_indicator_row){.inputs = {bars->open + i, bars->high + i, bars->low + i,
                                         bars->close + i, bars->volume + i, bars->other + i},
                              .reset = bars->resets[i]};
}

static void compare_kind(const model_kind *kind, const model_bars *pushed, const model_bars *bars) {
    static model_line wanted[TW_INDICATOR_OUTPUTS_MAX];
    tw_indicator_config config;
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_parse(kind->text, &config, NULL), TW_OK);
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_OK);
    kind->slow(bars, wanted);
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        tw_indicator_row row = row_of(pushed, i);
        double got[TW_INDICATOR_OUTPUTS_MAX];
        tw_indicator_push(indicator, &row, got);
        for (size_t o = 0; o < kind->outputs; o++) {
            double want = wanted[o][i];
            bool same = isnan(want) ? isnan(got[o])
                                    : fabs(got[o] - want) <= 1e-9 * (fabs(want) + kind->size);
            if (!same)
                fail_msg("%s output %zu row %zu: %.17g is not %.17g", kind->text, o, i, got[o],
                         want);
        }
    }
}

static void test_kinds_answer_as_their_definitions(void **state) {
    (void)state;
    uint64_t seed = 20240517;
    static model_bars pushed;
    static model_bars bars;
    for (size_t round = 0; round < ROUNDS; round++) {
        make_bars(&seed, round % 2 == 1, &pushed);
        bars = pushed;
        forget_infinities(&bars);
        for (size_t f = 0; f < FAMILY_COUNT; f++) {
            for (size_t k = 0; k < families[f].count; k++)
                compare_kind(&families[f].kinds[k], &pushed, &bars);
        }
    }
}

static void test_every_kind_has_a_definition(void **state) {
    (void)state;
    static bool defined[1024];
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        for (size_t k = 0; k < families[f].count; k++) {
            tw_indicator_config config;
            assert_int_equal(tw_indicator_parse(families[f].kinds[k].text, &config, NULL), TW_OK);
            defined[config.kind] = true;
        }
    }
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        if (!defined[kind])
            fail_msg("%s has none", tw_indicator_describe((tw_indicator_kind)kind)->name);
    }
}

/* A table of [rows][lanes] for each input; each lane is a stream of its own. */
typedef struct model_table {
    double inputs[TW_INDICATOR_INPUT_COUNT][MODEL_ROWS][LANES_MAX];
    bool resets[MODEL_ROWS];
} model_table;

static model_table table;
static double streams[TW_INDICATOR_OUTPUTS_MAX][MODEL_ROWS][LANES_MAX];
static double batches[TW_INDICATOR_OUTPUTS_MAX][MODEL_ROWS * LANES_MAX];

/* Prices of all sizes, so that sums round in every way there is. */
static void fill_table(uint64_t *seed) {
    static model_bars bars;
    for (size_t lane = 0; lane < LANES_MAX; lane++) {
        make_bars(seed, true, &bars);
        double scale = lane % 4 == 3 ? 1e14 : (lane % 4 == 2 ? 1e-7 : 1);
        const double *columns[] = {bars.open,  bars.high,   bars.low,
                                   bars.close, bars.volume, bars.other};
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            double spike = next_random(seed) % 97 == 0 ? 1e9 : 1;
            for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
                table.inputs[c][i][lane] = columns[c][i] * scale * spike;
            table.resets[i] = bars.resets[i];
        }
    }
}

static void run_streams(const tw_indicator_config *config, size_t outputs) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    for (size_t lane = 0; lane < LANES_MAX; lane++) {
        tw_indicator_clear(indicator);
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            tw_indicator_row row = {.reset = table.resets[i]};
            for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
                row.inputs[c] = &table.inputs[c][i][lane];
            double got[TW_INDICATOR_OUTPUTS_MAX];
            tw_indicator_push(indicator, &row, got);
            for (size_t o = 0; o < outputs; o++)
                streams[o][i][lane] = got[o];
        }
    }
}

/* In calls of 1, 8, 15 ... rows, so that blocks and windows are cut everywhere. */
static void run_batch(const tw_indicator_config *config, size_t first) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    size_t done = 0;
    for (size_t count = 1; done < MODEL_ROWS; done += count, count = count % 150 + 7) {
        size_t rows = MODEL_ROWS - done < count ? MODEL_ROWS - done : count;
        tw_indicator_table part = {
            .resets = table.resets + done, .rows = rows, .stride = LANES_MAX};
        double *outputs[TW_INDICATOR_OUTPUTS_MAX];
        for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
            part.inputs[c] = &table.inputs[c][done][first];
        for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
            outputs[o] = batches[o] + done * config->lanes;
        tw_indicator_run(indicator, &part, outputs);
    }
}

static void compare_bits(const tw_indicator_config *config, size_t outputs, size_t first) {
    size_t lanes = config->lanes;
    for (size_t o = 0; o < outputs; o++) {
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            if (memcmp(&batches[o][i * lanes], &streams[o][i][first], lanes * sizeof(double)) != 0)
                fail_msg("%s output %zu row %zu of lanes %zu..%zu at level %u has other bits",
                         tw_indicator_describe(config->kind)->name, o, i, first, first + lanes - 1,
                         config->cpu_level);
        }
    }
}

static void test_streams_and_tables_have_the_same_bits(void **state) {
    (void)state;
    static const uint32_t lane_counts[] = {1, 3, 8, LANES_MAX};
    uint64_t seed = 7;
    fill_table(&seed);
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        config.cpu_level = TW_CPU_BASELINE;
        size_t outputs = tw_indicator_describe(config.kind)->output_count;
        run_streams(&config, outputs);
        for (unsigned level = TW_CPU_BEST; level < TW_CPU_LEVEL_COUNT; level++) {
            if (!tw_cpu_has((tw_cpu_level)level))
                continue;
            config.cpu_level = (tw_cpu_level)level;
            for (size_t l = 0; l < sizeof lane_counts / sizeof lane_counts[0]; l++) {
                config.lanes = lane_counts[l];
                size_t first = LANES_MAX - config.lanes;
                run_batch(&config, first);
                compare_bits(&config, outputs, first);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_has_a_definition),
        cmocka_unit_test(test_kinds_answer_as_their_definitions),
        cmocka_unit_test(test_streams_and_tables_have_the_same_bits),
    };
    return cmocka_run_group_tests_name("model_indicator", tests, NULL, NULL);
}
