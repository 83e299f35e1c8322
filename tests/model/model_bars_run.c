/*
 * model_bars_run.c - tw_bars_run beside one trade after the other.
 *
 * Tables of random trades, in order and not, with gaps, rows that no bar can take and sizes that
 * do not fit, are given to a set as a whole, in one part or several, and to another row by row
 * (tw_bars_advance, then tw_bars_push; that these are right is model_bars.c's). Both must hand out
 * the same bars in the same order, stop at the same rows for the same reasons, count alike, and
 * hold the same bars in progress, also when single trades, time and ends of streams come between
 * tables. TRADEWIND_MODEL_RUNS sets how many runs there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/bars.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"

enum { SYMBOLS = 11, ROWS_MAX = 700, PARTS_MAX = 4, FRAMES_MAX = 5, ROOM = 16384, RUNS = 4000 };
#define UNIT INT64_C(10000000)

typedef struct rows {
    int64_t times_ns[ROOM];
    tw_symbol symbols[ROOM];
    tw_price prices[5][ROOM];
    tw_quantity volumes[ROOM];
    uint64_t counts[ROOM];
} rows;

static rows taken_rows[PARTS_MAX * FRAMES_MAX];
static rows pushed_rows[FRAMES_MAX];
static tw_bars_table taken[PARTS_MAX * FRAMES_MAX];
static tw_bars_table pushed[FRAMES_MAX];
static tw_bars_config config;

static tw_symbol symbols[ROWS_MAX];
static int64_t times_ns[ROWS_MAX];
static tw_price prices[ROWS_MAX];
static tw_quantity quantities[ROWS_MAX];

static tw_workers *workers;

static uint64_t seen_parts;
static uint64_t seen_refused;
static uint64_t seen_full;
static uint64_t seen_late;

/* What tables do not keep of bars between them. */
typedef struct told {
    tw_bars_table *tables;
    uint64_t flags[4096];
    size_t count;
} told;

static told whole_told = {.tables = taken};
static told single_told = {.tables = pushed};

static void tell(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    told *into = context;
    assert_true(into->count < 4096);
    into->flags[into->count++] = detail->flags | (uint64_t)detail->start_ns << 8;
    tw_bars_table_put(into->tables, bar, detail);
}

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ---- Tables -------------------------------------------------------------------------------- */

static tw_bars_table table_over(rows *of, size_t room) {
    return (tw_bars_table){of->times_ns,
                           of->symbols,
                           of->prices[0],
                           of->prices[1],
                           of->prices[2],
                           of->prices[3],
                           of->prices[4],
                           of->volumes,
                           of->counts,
                           room,
                           0};
}

static void clear_tables(size_t room) {
    for (size_t i = 0; i < PARTS_MAX * FRAMES_MAX; i++)
        taken[i] = table_over(&taken_rows[i], room);
    for (size_t i = 0; i < FRAMES_MAX; i++)
        pushed[i] = table_over(&pushed_rows[i], ROOM);
}

static bool is_same_row(const tw_bars_table *a, size_t i, const tw_bars_table *b, size_t j) {
    return a->times_ns[i] == b->times_ns[j] && a->symbols[i] == b->symbols[j] &&
           a->opens[i].nano == b->opens[j].nano && a->highs[i].nano == b->highs[j].nano &&
           a->lows[i].nano == b->lows[j].nano && a->closes[i].nano == b->closes[j].nano &&
           a->vwaps[i].nano == b->vwaps[j].nano && a->volumes[i].nano == b->volumes[j].nano &&
           a->counts[i] == b->counts[j];
}

static void compare_tables(uint64_t number) {
    for (uint32_t f = 0; f < config.frame_count; f++) {
        size_t at = 0;
        for (size_t part = 0; part < PARTS_MAX; part++) {
            const tw_bars_table *table = &taken[part * config.frame_count + f];
            seen_parts += part > 0 && table->count > 0;
            for (size_t i = 0; i < table->count; i++, at++) {
                if (at < pushed[f].count && is_same_row(table, i, &pushed[f], at))
                    continue;
                fprintf(stderr, "run %llu: frame %u: bar %zu of symbol %u at %lld differs\n",
                        (unsigned long long)number, f, at, table->symbols[i],
                        (long long)table->times_ns[i]);
                fail();
            }
        }
        if (at != pushed[f].count)
            fprintf(stderr, "run %llu: frame %u: %zu bars, not %zu\n", (unsigned long long)number,
                    f, at, pushed[f].count);
        assert_int_equal(at, pushed[f].count);
    }
}

static void compare_sets(const tw_bars *a, const tw_bars *b) {
    tw_bars_counts counts[2];
    tw_bars_count(a, &counts[0]);
    tw_bars_count(b, &counts[1]);
    assert_memory_equal(&counts[0], &counts[1], sizeof counts[0]);
    seen_late += counts[0].late[0] > 0;
    for (tw_symbol symbol = 0; symbol < SYMBOLS; symbol++) {
        for (uint32_t f = 0; f < config.frame_count; f++) {
            tw_bar bars[2];
            tw_status status = tw_bars_current(a, symbol, f, &bars[0]);
            assert_int_equal(tw_bars_current(b, symbol, f, &bars[1]), status);
            if (status == TW_OK)
                assert_memory_equal(&bars[0], &bars[1], sizeof bars[0]);
        }
    }
}

/* ---- Trades -------------------------------------------------------------------------------- */

/* Steps of many lengths, so that windows are empty, full, and passed over. */
static int64_t draw_step(uint64_t *seed) {
    uint64_t kind = draw(seed) % 64;
    if (kind < 40)
        return (int64_t)(draw(seed) % 300) * (TW_NS_PER_SECOND / 1000);
    if (kind < 60)
        return (int64_t)(draw(seed) % 3) * TW_NS_PER_SECOND;
    if (kind < 63)
        return (int64_t)(draw(seed) % 400) * TW_NS_PER_SECOND;
    return (int64_t)(draw(seed) % 30) * TW_NS_PER_HOUR;
}

static tw_trade draw_trade(uint64_t *seed, int64_t at_ns, uint32_t symbol_count) {
    return (tw_trade){.time_ns = at_ns,
                      .price = {(int64_t)(90 + draw(seed) % 21) * UNIT},
                      .quantity = {(int64_t)(1 + draw(seed) % 50) * UNIT},
                      .symbol = (tw_symbol)(draw(seed) % symbol_count)};
}

/* A row that is refused, or late, or large. */
static void spoil(uint64_t *seed, size_t row) {
    switch (draw(seed) % 8) {
    case 0:
        prices[row].nano = -(int64_t)(draw(seed) % 2);
        break;
    case 1:
        quantities[row].nano = draw(seed) % 2 == 0 ? 0 : INT64_MIN;
        break;
    case 2:
        symbols[row] = draw(seed) % 2 == 0 ? SYMBOLS : UINT32_MAX;
        break;
    case 3:
        times_ns[row] = draw(seed) % 2 == 0 ? INT64_MAX - 5 : INT64_MIN + 5;
        break;
    case 4:
        quantities[row].nano = INT64_MAX / 3;
        break;
    case 5:
        prices[row].nano = INT64_MIN;
        break;
    default:
        times_ns[row] -= (int64_t)(draw(seed) % 90) * TW_NS_PER_SECOND;
        break;
    }
}

static size_t draw_table(uint64_t *seed, int64_t *clock_ns) {
    size_t count = draw(seed) % ROWS_MAX;
    uint32_t symbol_count = (uint32_t)(1 + draw(seed) % SYMBOLS);
    uint64_t spoiled = draw(seed) % 3 == 0 ? 1 + draw(seed) % 200 : 0;
    bool is_heavy = draw(seed) % 8 == 0;
    if (draw(seed) % 4 == 0) /* it begins within what is there */
        *clock_ns -= (int64_t)(draw(seed) % 8) * TW_NS_PER_SECOND / 4;
    for (size_t i = 0; i < count; i++) {
        *clock_ns += draw_step(seed);
        tw_trade trade = draw_trade(seed, *clock_ns, symbol_count);
        times_ns[i] = trade.time_ns;
        symbols[i] = trade.symbol;
        prices[i] = trade.price;
        quantities[i].nano =
            is_heavy ? INT64_MAX / (int64_t)(70 + draw(seed) % 300) : trade.quantity.nano;
        if (spoiled > 0 && draw(seed) % spoiled == 0)
            spoil(seed, i);
    }
    return count;
}

/* ---- Runs ---------------------------------------------------------------------------------- */

static tw_status push_row(tw_bars *bars, size_t row) {
    tw_trade trade = {.time_ns = times_ns[row],
                      .price = prices[row],
                      .quantity = quantities[row],
                      .symbol = symbols[row]};
    bool refused = trade.symbol >= SYMBOLS || trade.price.nano <= 0 || trade.quantity.nano <= 0 ||
                   trade.time_ns > INT64_MAX / 2 || trade.time_ns < INT64_MIN / 2;
    if (!refused) /* the run looks before it advances */
        (void)tw_bars_advance(bars, trade.time_ns, tw_bars_table_put, pushed);
    tw_status status = tw_bars_push(bars, &trade, tw_bars_table_put, pushed);
    assert_true(!refused || status == TW_RANGE || status == TW_INVALID);
    return status == TW_STATE ? TW_OK : status;
}

/* In any order: what the parts compute may not depend on it. */
static void run_backwards(void *context, size_t count, tw_task task, void *argument) {
    (void)context;
    for (size_t i = count; i-- > 0;)
        task(argument, i);
}

static void run_table(tw_bars *whole, tw_bars *single, size_t count, size_t room, uint64_t number) {
    static const tw_task_runner backwards = {run_backwards, NULL};
    const tw_task_runner *runners[] = {NULL, &backwards, NULL, tw_workers_runner(workers)};
    size_t begin = 0;
    while (begin < count) {
        tw_bars_ticks ticks = {symbols + begin, times_ns + begin, prices + begin,
                               quantities + begin, count - begin};
        size_t rows_taken = SIZE_MAX;
        clear_tables(room);
        tw_status status = tw_bars_run(whole, &ticks, taken, runners[number % 4], &rows_taken);
        assert_true(rows_taken <= ticks.count);
        for (size_t i = 0; i < rows_taken; i++)
            assert_int_equal(push_row(single, begin + i), TW_OK);
        begin += rows_taken;
        seen_full += status == TW_FULL;
        if (status == TW_FULL) {
            assert_true(rows_taken > 0 || room < ROOM);
            room = rows_taken > 0 ? room : ROOM;
        } else if (status != TW_OK) {
            assert_int_equal(push_row(single, begin), status);
            seen_refused++;
            begin++;
        } else {
            assert_int_equal(begin, count);
        }
        compare_tables(number);
        compare_sets(whole, single);
    }
}

static void draw_config(uint64_t *seed) {
    static const int64_t steps[] = {
        TW_NS_PER_SECOND,     TW_NS_PER_MINUTE,     5 * TW_NS_PER_MINUTE,
        TW_NS_PER_HOUR,       TW_NS_PER_DAY,        7 * TW_NS_PER_DAY,
        3 * TW_NS_PER_SECOND, 2 * TW_NS_PER_SECOND, 3 * TW_NS_PER_MINUTE};
    memset(&config, 0, sizeof config);
    config.symbol_count_max = SYMBOLS;
    uint64_t chosen = draw(seed) % 3 == 0 ? draw(seed) : draw(seed) % 256 | 1;
    for (size_t i = 0; i < 9 && config.frame_count < FRAMES_MAX; i++)
        if ((chosen >> i & 1) != 0)
            config.frames[config.frame_count++].step = steps[i];
    if (config.frame_count == 0)
        config.frames[config.frame_count++].step = TW_NS_PER_MINUTE;
    config.stamp_close = draw(seed) % 4 == 0;
    config.skip_partial = draw(seed) % 4 == 0;
    config.has_conditions = draw(seed) % 8 == 0;
    tw_bars_conditions_consolidated('A', &config.conditions);
}

/* Single trades, time and the end of a stream, for both alike. */
static void step_aside(tw_bars *whole, tw_bars *single, uint64_t *seed, int64_t *clock_ns,
                       bool flushes) {
    whole_told.count = single_told.count = 0;
    for (uint64_t n = draw(seed) % 8; n > 0; n--) {
        *clock_ns += draw_step(seed);
        int64_t back_ns = draw(seed) % 3 == 0 ? 2 * TW_NS_PER_SECOND : 0;
        tw_trade trade = draw_trade(seed, *clock_ns - back_ns, SYMBOLS);
        tw_status status = tw_bars_push(whole, &trade, tell, &whole_told);
        assert_int_equal(tw_bars_push(single, &trade, tell, &single_told), status);
    }
    if (draw(seed) % 4 == 0) {
        size_t made = tw_bars_advance(whole, *clock_ns, tell, &whole_told);
        assert_int_equal(tw_bars_advance(single, *clock_ns, tell, &single_told), made);
    }
    if (flushes || draw(seed) % 8 == 0) {
        size_t made = tw_bars_flush(whole, tell, &whole_told);
        assert_int_equal(tw_bars_flush(single, tell, &single_told), made);
    }
    assert_int_equal(whole_told.count, single_told.count);
    assert_memory_equal(whole_told.flags, single_told.flags,
                        whole_told.count * sizeof whole_told.flags[0]);
}

static void run(uint64_t number) {
    uint64_t seed = number;
    draw_config(&seed);
    TW_AUTO(tw_bars) *single = NULL;
    TW_AUTO(tw_bars) *whole = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &single), TW_OK);
    config.run_part_max = (uint32_t)(draw(&seed) % (PARTS_MAX + 1));
    config.run_row_min = (uint32_t)(1 + draw(&seed) % 100);
    assert_int_equal(tw_bars_new(NULL, &config, &whole), TW_OK);
    int64_t clock_ns = 20000 * TW_NS_PER_DAY + (int64_t)(draw(&seed) % 86400) * TW_NS_PER_SECOND;
    for (int i = 0; i < 4; i++) {
        size_t room = draw(&seed) % 4 == 0 ? 3 * SYMBOLS + draw(&seed) % 100 : ROOM;
        run_table(whole, single, draw_table(&seed, &clock_ns), room, number);
        clear_tables(ROOM);
        step_aside(whole, single, &seed, &clock_ns, i == 3);
        compare_tables(number);
        compare_sets(whole, single);
    }
}

static void test_a_table_gives_the_bars_of_its_rows_one_by_one(void **state) {
    (void)state;
    const char *wanted = getenv("TRADEWIND_MODEL_RUNS");
    uint64_t runs = wanted != NULL ? strtoull(wanted, NULL, 10) : RUNS;
    assert_int_equal(tw_workers_new(NULL, 2, &workers, NULL), TW_OK);
    for (uint64_t number = 1; number <= runs; number++)
        run(number);
    tw_workers_free(workers);
    /* What the rule is about has happened. */
    assert_true(seen_parts > 0 && seen_refused > 0 && seen_full > 0 && seen_late > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_table_gives_the_bars_of_its_rows_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
