/*
 * model_window.c - windows over a ring beside lists that keep everything and recompute.
 *
 * A million random operations: pushes and advances, of prices that change their kind (cents, single
 * nanos, runs of equal ones, the ends of int64), times that repeat. The slow version recomputes
 * each window from the list of its trades: counts, times, extremes and order must be equal, ratios
 * within a rounding of long double arithmetic, and those whose integers are doubles the very bits.
 *
 * The same trades through tw_window_run and tw_windows_run in pieces of random length must give bit
 * for bit what push and read give, at every level of vector instructions.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/window.h"

#define KEPT 4096 /* trades the slow version holds; more than any window here */

__extension__ typedef __int128 int128;

typedef struct plain {
    int64_t times[KEPT];
    int64_t prices[KEPT];
    int64_t quantities[KEPT];
    uint64_t total;
    uint64_t first[TW_WINDOW_SPEC_MAX];
    double ema[TW_WINDOW_SPEC_MAX];
    double ema_time[TW_WINDOW_SPEC_MAX];
    int128 seed;
} plain;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ---- trades ------------------------------------------------------------------------------- */

typedef enum kind { CENTS, TENTHS, NANOS, SAME, ENDS, ANY, KIND_COUNT } kind;

static int64_t random_price(uint64_t *seed, kind k) {
    uint64_t r = next_random(seed);
    switch (k) {
    case CENTS:
        return (int64_t)(10000 + r % 500) * 10000000;
    case TENTHS:
        return ((int64_t)(r % 2000) - 1000) * 100000;
    case NANOS:
        return 100 * INT64_C(1000000000) + (int64_t)(r % 1000);
    case SAME:
        return INT64_C(123450000000);
    case ENDS:
        return r % 3 == 0 ? INT64_MIN : r % 3 == 1 ? INT64_MAX : 0;
    case ANY:
    case KIND_COUNT:
        break;
    }
    return (int64_t)r;
}

static int64_t random_quantity(uint64_t *seed, kind k) {
    uint64_t r = next_random(seed);
    switch (k) {
    case CENTS:
        return (int64_t)(r % 500) * 1000000000;
    case TENTHS:
    case SAME:
        return (int64_t)(r % 4) * 100000000;
    case NANOS:
        return (int64_t)(r % 1000000007);
    case ENDS:
        return r % 2 == 0 ? INT64_MAX : 0;
    case ANY:
    case KIND_COUNT:
        break;
    }
    return (int64_t)(r >> 1);
}

/* Mostly cents; the kind stays for some trades so that the others leave again. */
static kind random_kind(uint64_t *seed, kind now) {
    uint64_t r = next_random(seed) % 400;
    if (r >= 8)
        return now;
    return r < KIND_COUNT ? (kind)r : CENTS;
}

/* ---- the slow version --------------------------------------------------------------------- */

static void plain_trim(plain *model, const tw_window_config *config, int64_t now_ns) {
    for (uint32_t j = 0; j < config->window_count; j++) {
        const tw_window_spec *spec = &config->windows[j];
        uint64_t count = spec->count != 0 ? spec->count : config->count_max;
        while (model->first[j] < model->total &&
               (model->total - model->first[j] > count ||
                (spec->span_ns > 0 &&
                 (int128)model->times[model->first[j] % KEPT] <= (int128)now_ns - spec->span_ns)))
            model->first[j]++;
    }
}

static void plain_push(plain *model, const tw_window_config *config, int64_t time_ns, int64_t price,
                       int64_t quantity) {
    double value = (double)((long double)price / 1e9L);
    int64_t last_ns = model->times[(model->total - 1) % KEPT];
    for (uint32_t j = 0; j < config->window_count; j++) {
        const tw_window_spec *spec = &config->windows[j];
        uint32_t count = spec->count != 0 ? spec->count : config->count_max;
        uint32_t n = spec->ema_count != 0 ? spec->ema_count : count;
        if (model->total == 0) {
            model->ema[j] = model->ema_time[j] = value;
        } else {
            double tau = (double)(spec->ema_span_ns != 0 ? spec->ema_span_ns : spec->span_ns);
            double elapsed = (double)((uint64_t)time_ns - (uint64_t)last_ns);
            model->ema[j] += 2.0 / ((double)n + 1) * (value - model->ema[j]);
            model->ema_time[j] += -expm1(-elapsed / tau) * (value - model->ema_time[j]);
        }
        if (spec->ema_from_mean && model->total < n) {
            model->seed = (model->total == 0 ? 0 : model->seed) + price;
            model->ema[j] = model->total + 1 < n
                                ? NAN
                                : (double)((long double)model->seed / ((long double)n * 1e9L));
        }
    }
    model->times[model->total % KEPT] = time_ns;
    model->prices[model->total % KEPT] = price;
    model->quantities[model->total % KEPT] = quantity;
    model->total++;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static uint64_t failures;

static void expect_near(double actual, long double expected, double slack, const char *what) {
    if (isnan((double)expected) && isnan(actual))
        return;
    if (!(fabsl(actual - expected) <= (long double)slack)) {
        if (failures++ < 10)
            print_error("%s is %.17g, not %.20Lg (slack %g)\n", what, actual, expected, slack);
    }
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void compare_order(const plain *model, const tw_window_spec *spec, uint64_t first,
                          const tw_window_stats *stats) {
    static int64_t sorted[KEPT];
    size_t n = (size_t)(model->total - first);
    for (size_t i = 0; i < n; i++)
        sorted[i] = model->prices[(first + i) % KEPT];
    qsort(sorted, n, sizeof sorted[0], ascending);
    for (uint32_t q = 0; q < spec->quantile_count; q++) {
        double place = (double)(n - 1) * spec->quantiles[q];
        size_t rank = (size_t)place;
        long double at = (long double)sorted[rank] / 1e9L;
        double gap = rank + 1 < n ? (double)((int128)sorted[rank + 1] - sorted[rank]) / 1e9 : 0;
        double size = fabs((double)at);
        double slack = DBL_EPSILON * (place > (double)rank ? 2 * (size + gap) : 0.501 * size);
        expect_near(stats->quantiles[q], at + (place - (double)rank) * gap, slack, "quantile");
    }
}

static void compare_volatility(const plain *model, uint64_t first, const tw_window_stats *stats) {
    long double sum = model->prices[first % KEPT] > 0 ? 0 : NAN;
    for (uint64_t i = first + 1; i < model->total; i++) {
        int64_t a = model->prices[(i - 1) % KEPT];
        int64_t b = model->prices[i % KEPT];
        long double change = ((long double)b - a) / a;
        bool near = fabsl(change) < 0.5L; /* there log1p loses nothing, elsewhere log */
        long double r = near ? log1pl(change) : logl((long double)b / a);
        sum += a > 0 && b > 0 ? r * r : (long double)NAN;
    }
    /* Each square is cut off at 2^-84. */
    double n = (double)(model->total - first);
    expect_near(stats->volatility * stats->volatility, sum,
                (double)(8 * DBL_EPSILON * sum) + n * 0x1p-84, "volatility squared");
    assert_true(isnan(stats->volatility) == isnan((double)sum));
}

static void compare(const plain *model, const tw_window_config *config, uint32_t j,
                    const tw_window *window) {
    tw_window_stats stats;
    tw_window_read(window, j, &stats);
    uint64_t first = model->first[j];
    uint64_t n = model->total - first;
    assert_int_equal(stats.n, n);
    if (n == 0) {
        assert_true(isnan(stats.mean) && isnan(stats.min) && stats.sum == 0 && stats.volume == 0);
        return;
    }
    int128 sum = 0;
    int128 volume = 0;
    long double value = 0, size = 0;
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (uint64_t i = first; i < model->total; i++) {
        int64_t price = model->prices[i % KEPT];
        sum += price;
        volume += model->quantities[i % KEPT];
        long double product = (long double)((int128)price * model->quantities[i % KEPT]);
        value += product;
        size += fabsl(product);
        min = price < min ? price : min;
        max = price > max ? price : max;
    }
    long double m2 = 0;
    long double mean = (long double)sum / n;
    for (uint64_t i = first; i < model->total; i++) {
        /* n price - sum is exact: no rounding of the mean comes in. */
        long double d = (long double)((int128)model->prices[i % KEPT] * (int128)n - sum);
        m2 += d * d;
    }
    const tw_window_spec *spec = &config->windows[j];
    long double variance =
        n > spec->ddof ? m2 / n / n / (n - spec->ddof) / 1e18L : (long double)NAN;
    double half = DBL_EPSILON / 2 * 1.001;
    double wide = half + (double)n * 0x1p-63; /* where long doubles were added up */
    expect_near(stats.sum, (long double)sum / 1e9L, half * fabs(stats.sum), "sum");
    expect_near(stats.mean, mean / 1e9L, half * fabs(stats.mean), "mean");
    expect_near(stats.variance, variance, wide * stats.variance, "variance");
    expect_near(stats.stddev, sqrtl(variance), 2 * wide * stats.stddev, "stddev");
    expect_near(stats.min, min / 1e9L, half * fabs(stats.min), "min");
    expect_near(stats.max, max / 1e9L, half * fabs(stats.max), "max");
    expect_near(stats.range, (long double)((int128)max - min) / 1e9L, half * stats.range, "range");
    expect_near(stats.volume, (long double)volume / 1e9L, half * stats.volume, "volume");
    if (volume > 0)
        expect_near(stats.vwap, value / (long double)volume / 1e9L,
                    half * fabs(stats.vwap) +
                        (double)(size / (long double)volume / 1e9L) * (double)n * 0x1p-63,
                    "vwap");
    else
        assert_true(isnan(stats.vwap));
    long double newest =
        (long double)((int128)model->prices[(model->total - 1) % KEPT] * (int128)n - sum);
    if (stats.stddev > 0)
        expect_near(stats.z_score, newest / n / 1e9L / sqrtl(variance),
                    4 * wide * fabs(stats.z_score), "z_score");
    else
        assert_true(isnan(stats.z_score));
    if (min == max)
        assert_true((stats.variance == 0 || n <= spec->ddof) && stats.mean == stats.min);
    assert_int_equal(stats.oldest_ns, model->times[first % KEPT]);
    assert_int_equal(stats.newest_ns, model->times[(model->total - 1) % KEPT]);
    double great = 1e10; /* no price is beyond */
    expect_near(stats.ema, model->ema[j], 64 * DBL_EPSILON * great, "ema");
    if (spec->span_ns > 0 || spec->ema_span_ns > 0)
        expect_near(stats.ema_time, model->ema_time[j], 64 * DBL_EPSILON * great, "ema_time");
    else
        assert_true(isnan(stats.ema_time));
    if (spec->volatility)
        compare_volatility(model, first, &stats);
    if (spec->quantile_count > 0)
        compare_order(model, spec, first, &stats);
}

static void run(uint64_t seed, const tw_window_config *config, size_t steps, kind begin) {
    TW_AUTO(tw_window) *window = NULL;
    assert_int_equal(tw_window_new(NULL, config, &window), TW_OK);
    static plain model;
    memset(&model, 0, sizeof model);
    kind k = begin;
    int64_t now_ns = -50;
    for (size_t step = 0; step < steps; step++) {
        /* Now and then time stands still: a window by time grows when its ring has gone round. */
        bool burst = step % 1000 >= 800;
        now_ns += burst ? 0 : (int64_t)(next_random(&seed) % 5);
        k = random_kind(&seed, k);
        if (next_random(&seed) % 12 == 0) {
            now_ns += next_random(&seed) % 50 == 0 && !burst ? 500 : 0;
            assert_int_equal(tw_window_advance(window, now_ns), TW_OK);
        } else {
            int64_t price = random_price(&seed, k);
            int64_t quantity = random_quantity(&seed, k);
            assert_int_equal(
                tw_window_push(window, now_ns, (tw_price){price}, (tw_quantity){quantity}), TW_OK);
            plain_push(&model, config, now_ns, price, quantity);
        }
        plain_trim(&model, config, now_ns);
        if (step % 16 == 0)
            tw_window_check(window);
        for (uint32_t j = 0; j < config->window_count; j++)
            compare(&model, config, j, window);
        assert_int_equal(failures, 0);
    }
}

static void test_windows_agree_with_recomputation(void **state) {
    (void)state;
    tw_window_config small = {.count_max = 1, .window_count = 1};
    run(1, &small, 200000, CENTS);
    tw_window_config several = {
        .count_max = 30,
        .window_count = 4,
        .windows = {
            {.count = 2, .ddof = 1},
            {.count = 10, .ema_count = 9, .ema_from_mean = true, .volatility = true},
            {.span_ns = 20, .ema_span_ns = 7, .quantile_count = 3, .quantiles = {0.5, 0, 0.9}},
            {.count = 12, .span_ns = 30, .ddof = 1}}};
    run(2, &several, 420000, CENTS);
    run(3, &several, 150000, ANY);
    tw_window_config both = {
        .count_max = 7, .window_count = 2, .windows = {{.span_ns = 40}, {.span_ns = 1, .ddof = 1}}};
    run(4, &both, 150000, TENTHS);
}

static void test_large_windows_agree_with_recomputation(void **state) {
    (void)state;
    tw_window_config large = {
        .count_max = 3000,
        .window_count = 2,
        .windows = {{.ddof = 1, .quantile_count = 2, .quantiles = {0.25, 0.99}},
                    {.count = 700, .span_ns = 1000, .volatility = true}}};
    run(5, &large, 6000, CENTS);
    run(6, &large, 6000, NANOS);
    tw_window_config bursts = {
        .count_max = 500,
        .window_count = 2,
        .windows = {{.span_ns = 40, .volatility = true}, {.span_ns = 60, .quantile_count = 1}}};
    run(7, &bursts, 20000, CENTS);
    run(8, &bursts, 10000, ANY);
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static void compare_pair(const plain *model, const tw_window_pair_config *config,
                         const tw_window_pair *pair) {
    tw_window_pair_stats stats;
    tw_window_pair_read(pair, &stats);
    uint64_t n = model->total - model->first[0];
    assert_int_equal(stats.n, n);
    int128 a = 0;
    int128 b = 0;
    for (uint64_t i = model->first[0]; i < model->total; i++) {
        a += model->prices[i % KEPT];
        b += model->quantities[i % KEPT];
    }
    long double aa = 0, bb = 0, ab = 0, size = 0;
    for (uint64_t i = model->first[0]; i < model->total; i++) {
        long double x = (long double)((int128)model->prices[i % KEPT] * (int128)n - a);
        long double y = (long double)((int128)model->quantities[i % KEPT] * (int128)n - b);
        aa += x * x;
        bb += y * y;
        ab += x * y;
        size += fabsl(x * y);
    }
    if (n == 0) {
        assert_true(isnan(stats.mean_a) && isnan(stats.covariance));
        return;
    }
    long double divisor = n > config->ddof
                              ? (long double)n * n * (long double)(n - config->ddof) * 1e18L
                              : (long double)NAN;
    double half = DBL_EPSILON;
    expect_near(stats.mean_a, (long double)a / n / 1e9L, half * fabs(stats.mean_a), "mean_a");
    expect_near(stats.mean_b, (long double)b / n / 1e9L, half * fabs(stats.mean_b), "mean_b");
    expect_near(stats.variance_a, aa / divisor, half * stats.variance_a, "variance_a");
    expect_near(stats.variance_b, bb / divisor, half * stats.variance_b, "variance_b");
    double slack = half * (double)(size / divisor);
    expect_near(stats.covariance, ab / divisor, isnan(slack) ? 0 : slack, "covariance");
    if (aa > 0 && bb > 0)
        expect_near(stats.correlation, ab / sqrtl(aa * bb), 4 * half, "correlation");
    else
        assert_true(isnan(stats.correlation));
    if (bb > 0)
        expect_near(stats.beta, ab / bb, 4 * half * (double)(size / bb), "beta");
    else
        assert_true(isnan(stats.beta));
}

static void run_pair(uint64_t seed, tw_window_pair_config config, size_t steps) {
    const tw_window_config same = {
        .count_max = config.count_max, .window_count = 1, .windows = {{.span_ns = config.span_ns}}};
    TW_AUTO(tw_window_pair) *pair = NULL;
    assert_int_equal(tw_window_pair_new(NULL, &config, &pair), TW_OK);
    static plain model;
    memset(&model, 0, sizeof model);
    kind k = CENTS;
    int64_t now_ns = 0;
    for (size_t step = 0; step < steps; step++) {
        now_ns += (int64_t)(next_random(&seed) % 5);
        k = random_kind(&seed, k);
        if (next_random(&seed) % 12 == 0) {
            assert_int_equal(tw_window_pair_advance(pair, now_ns), TW_OK);
        } else {
            int64_t a = random_price(&seed, k);
            int64_t b = next_random(&seed) % 3 == 0 ? a : random_price(&seed, k);
            assert_int_equal(tw_window_pair_push(pair, now_ns, (tw_price){a}, (tw_price){b}),
                             TW_OK);
            plain_push(&model, &same, now_ns, a, b);
        }
        plain_trim(&model, &same, now_ns);
        compare_pair(&model, &config, pair);
        assert_int_equal(failures, 0);
    }
}

static void test_pairs_agree_with_recomputation(void **state) {
    (void)state;
    run_pair(21, (tw_window_pair_config){.count_max = 10}, 30000);
    run_pair(22, (tw_window_pair_config){.count_max = 30, .span_ns = 40, .ddof = 1}, 30000);
}

/* ---- stream and batch ------------------------------------------------------------------------ */

#define TICKS 40000
#define SYMBOLS 5

static struct {
    uint32_t symbols[TICKS];
    int64_t times[TICKS];
    tw_price prices[TICKS];
    tw_quantity quantities[TICKS];
    /* Each column begins a line of the cache, so that long runs are streamed. */
    _Alignas(64) double columns[2][TW_WINDOW_COLUMN_COUNT][TICKS + 8];
} market;

static void make_market(uint64_t seed) {
    kind kinds[SYMBOLS] = {CENTS, CENTS, TENTHS, NANOS, ANY};
    int64_t now_ns = 0;
    for (size_t i = 0; i < TICKS; i++) {
        uint32_t symbol = (uint32_t)(next_random(&seed) % SYMBOLS);
        if (symbol > 0)
            kinds[symbol] = random_kind(&seed, kinds[symbol]);
        now_ns += (int64_t)(next_random(&seed) % 3);
        market.symbols[i] = symbol;
        market.times[i] = now_ns;
        market.prices[i].nano = random_price(&seed, kinds[symbol]);
        market.quantities[i].nano = random_quantity(&seed, kinds[symbol]);
    }
}

/* A row of every column as the single read tells it. */
static void row_of(const tw_window_stats *stats, double row[TW_WINDOW_COLUMN_COUNT]) {
    const double values[] = {(double)stats->n, stats->sum,       stats->mean, stats->variance,
                             stats->stddev,    stats->min,       stats->max,  stats->range,
                             stats->volume,    stats->vwap,      stats->ema,  stats->ema_time,
                             stats->z_score,   stats->volatility};
    memcpy(row, values, sizeof values);
    memcpy(row + TW_WINDOW_QUANTILE, stats->quantiles, sizeof stats->quantiles);
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static const tw_window_config both_windows = {
    .count_max = 300,
    .window_count = 2,
    .windows = {
        {.count = 100, .ddof = 1, .ema_from_mean = true, .quantile_count = 1, .quantiles = {0.5}},
        {.span_ns = 60, .volatility = true}}};

/* Windows with nothing that is answered row by row: by count, by time, both; and an exponential
 * mean by time without a span. */
static const tw_window_config plain_windows[] = {
    {.count_max = 4000,
     .window_count = 2,
     .windows = {{.count = 100, .ddof = 1}, {.span_ns = 60, .ddof = 1}}},
    {.count_max = 126,
     .window_count = 2,
     .windows = {{.count = 7, .ema_span_ns = 30}, {.count = 25, .span_ns = 40}}},
    {.count_max = 1, .window_count = 2, .windows = {{.ddof = 1}, {.span_ns = 3}}}};

/* How a run is asked for. */
typedef struct asking {
    const tw_window_config *config;
    tw_cpu_level level;
    bool one;            /* symbol */
    size_t piece_max;    /* trades of a call */
    size_t column_count; /* the first so many */
    size_t offset;       /* where the columns begin in a line of the cache ... */
    size_t skew;         /* ... and every other one behind that */
} asking;

static double *column_of(const asking *how, size_t j, size_t c) {
    return market.columns[j][c] + how->offset + c % 2 * how->skew;
}

static void run_pieces(const asking *how, uint64_t seed, tw_window *one, tw_windows *set) {
    size_t done = 0;
    while (done < TICKS) {
        tw_window_output outputs[2] = {{{0}}};
        size_t count = 1 + next_random(&seed) % how->piece_max;
        count = count < TICKS - done ? count : TICKS - done;
        tw_window_ticks ticks = {market.symbols + done, market.times + done, market.prices + done,
                                 market.quantities + done, count};
        for (size_t j = 0; j < 2; j++)
            for (size_t c = 0; c < how->column_count; c++)
                outputs[j].columns[c] = column_of(how, j, c) + done;
        size_t written = 0;
        tw_status status = one != NULL ? tw_window_run(one, &ticks, outputs, &written)
                                       : tw_windows_run(set, &ticks, outputs, &written);
        assert_int_equal(status, TW_OK);
        assert_int_equal(written, count);
        done += count;
    }
}

static void compare_with_single(const asking *how, tw_windows *set) {
    for (size_t i = 0; i < TICKS; i++) {
        tw_window *window = tw_windows_at(set, how->one ? 0 : market.symbols[i]);
        assert_int_equal(
            tw_window_push(window, market.times[i], market.prices[i], market.quantities[i]), TW_OK);
        for (uint32_t j = 0; j < 2; j++) {
            tw_window_stats stats;
            double row[TW_WINDOW_COLUMN_COUNT];
            tw_window_read(window, j, &stats);
            row_of(&stats, row);
            for (size_t c = 0; c < how->column_count; c++)
                if (!same_bits(row[c], column_of(how, j, c)[i]))
                    fail_msg("%s: trade %zu window %u column %zu: %.17g read, %.17g run",
                             tw_cpu_name(how->level), i, j, c, row[c], column_of(how, j, c)[i]);
        }
    }
}

/* After a run the windows are as after the single pushes: what comes next is the same. */
static void compare_states(const asking *how, tw_window *one, tw_windows *set, tw_windows *single) {
    uint32_t symbol_count = how->one ? 1 : SYMBOLS;
    for (uint32_t s = 0; s < symbol_count; s++) {
        tw_window *a = how->one ? one : tw_windows_at(set, s);
        tw_window *b = tw_windows_at(single, s);
        tw_window_check(a);
        for (uint32_t j = 0; j < 2; j++) {
            tw_window_stats x, y;
            double x_row[TW_WINDOW_COLUMN_COUNT], y_row[TW_WINDOW_COLUMN_COUNT];
            tw_window_read(a, j, &x);
            tw_window_read(b, j, &y);
            row_of(&x, x_row);
            row_of(&y, y_row);
            for (size_t c = 0; c < TW_WINDOW_COLUMN_COUNT; c++)
                assert_true(same_bits(x_row[c], y_row[c]));
            assert_true(x.oldest_ns == y.oldest_ns && x.newest_ns == y.newest_ns);
            assert_true(x.crowded_out == y.crowded_out && x.complete == y.complete);
        }
    }
}

static void run_as_asked(const asking *how, uint64_t seed) {
    tw_window_config config = *how->config;
    config.cpu_level = how->level;
    TW_AUTO(tw_window) *one = NULL;
    TW_AUTO(tw_windows) *set = NULL;
    TW_AUTO(tw_windows) *single = NULL;
    assert_int_equal(tw_window_new(NULL, &config, &one), TW_OK);
    assert_int_equal(tw_windows_new(NULL, &config, SYMBOLS, &set), TW_OK);
    assert_int_equal(tw_windows_new(NULL, &config, SYMBOLS, &single), TW_OK);
    memset(market.columns, 0x55, sizeof market.columns);
    run_pieces(how, seed, how->one ? one : NULL, set);
    compare_with_single(how, single);
    compare_states(how, one, set, single);
}

static void run_all(bool one) {
    for (tw_cpu_level level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        if (!tw_cpu_has(level))
            continue;
        make_market(11 + level);
        run_as_asked(&(asking){&both_windows, level, one, 700, TW_WINDOW_COLUMN_COUNT, 0, 0}, 12);
        for (size_t i = 0; i < sizeof plain_windows / sizeof plain_windows[0]; i++) {
            const tw_window_config *config = &plain_windows[i];
            run_as_asked(&(asking){config, level, one, 3000, TW_WINDOW_Z_SCORE, 0, 0}, 13 + i);
            run_as_asked(&(asking){config, level, one, 3000, TW_WINDOW_Z_SCORE, 0, 3}, 14 + i);
            /* All but some at once: long enough to be streamed. */
            run_as_asked(
                &(asking){config, level, one, 10 * TICKS, TW_WINDOW_Z_SCORE, 5 * (i % 2), 0},
                16 + i);
        }
    }
}

static void test_a_run_of_one_symbol_is_the_stream_bit_for_bit(void **state) {
    (void)state;
    run_all(true);
}

static void test_a_run_of_many_symbols_is_the_stream_bit_for_bit(void **state) {
    (void)state;
    run_all(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_agree_with_recomputation),
        cmocka_unit_test(test_large_windows_agree_with_recomputation),
        cmocka_unit_test(test_pairs_agree_with_recomputation),
        cmocka_unit_test(test_a_run_of_one_symbol_is_the_stream_bit_for_bit),
        cmocka_unit_test(test_a_run_of_many_symbols_is_the_stream_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
