/*
 * portfolios_lanes.c - see portfolios_lanes.h. Compiled with PORTFOLIO_LEVEL as the name of the
 * level and PORTFOLIO_BYTES as the size of a register.
 *
 * A register holds some lanes, and each loop is written for one register; so the sums of a block
 * stay in registers whatever their size.
 *
 * 1. A path of values is kept as (value, peak, low, depth), each relative to a value of 1 before
 * it. Of two paths A and B, one after the other, the value is A.value B.value, the peak max(A.peak,
 *    A.value B.peak), the low likewise, and the depth min(A.depth, B.depth, A.value B.low /
 * A.peak): v / max(p, q) is the lesser of v / p and v / q. A depth at or below 0 is ruin, and no
 * later minimum undoes it.
 * 2. Means and squares are joined as in Chan, Golub and LeVeque, Algorithms for Computing the
 *    Sample Variance, 1983. Nothing is ever subtracted from a sum of squares.
 * 3. Where nothing is missing, `add_whole` and `add_some` come to the same bits.
 */
#include "portfolios_lanes.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define INLINE static inline __attribute__((always_inline))

typedef double part __attribute__((vector_size(PORTFOLIO_BYTES)));
typedef double part_place __attribute__((vector_size(PORTFOLIO_BYTES), aligned(8), may_alias));
typedef int64_t part_mask __attribute__((vector_size(PORTFOLIO_BYTES)));
#define PART_LANES (sizeof(part) / sizeof(double))
#define EACH_PART(at) for (size_t at = 0; at < PORTFOLIO_LANES; at += PART_LANES)

INLINE part load(const double *from) {
    return *(const part_place *)(const void *)from;
}

INLINE void store(double *to, part value) {
    *(part_place *)(void *)to = value;
}

INLINE part all(double value) {
    const part zero = {0};
    return zero + value;
}

INLINE part choose(part_mask mask, part yes, part no) {
    return (part)(((part_mask)yes & mask) | ((part_mask)no & ~mask));
}

/* Not missing: no infinity comes here. */
INLINE part_mask are_there(part x) {
    const part zero = {0};
    return x * zero == zero;
}

/* Of a and b, where either is NaN b; a b + c, rounded once; and the root. */
#if PORTFOLIO_BYTES == 64
INLINE part greater(part a, part b) {
    return _mm512_max_pd(a, b);
}
INLINE part lesser(part a, part b) {
    return _mm512_min_pd(a, b);
}
INLINE part fused(part a, part b, part c) {
    return _mm512_fmadd_pd(a, b, c);
}
INLINE part root(part a) {
    return _mm512_sqrt_pd(a);
}
#elif PORTFOLIO_BYTES == 32
INLINE part greater(part a, part b) {
    return _mm256_max_pd(a, b);
}
INLINE part lesser(part a, part b) {
    return _mm256_min_pd(a, b);
}
INLINE part fused(part a, part b, part c) {
    return _mm256_fmadd_pd(a, b, c);
}
INLINE part root(part a) {
    return _mm256_sqrt_pd(a);
}
#else
INLINE part greater(part a, part b) {
    return choose(a > b, a, b);
}
INLINE part lesser(part a, part b) {
    return choose(a < b, a, b);
}
INLINE part fused(part a, part b, part c) {
    for (size_t k = 0; k < PART_LANES; k++)
        c[k] = fma(a[k], b[k], c[k]);
    return c;
}
INLINE part root(part a) {
    for (size_t k = 0; k < PART_LANES; k++)
        a[k] = sqrt(a[k]);
    return a;
}
#endif

INLINE bool any(part_mask mask) {
    int64_t found = 0;
    for (size_t k = 0; k < PART_LANES; k++)
        found |= mask[k];
    return found != 0;
}

static bool are_good(const double *values, size_t count, double most) {
    part_mask bad[4] = {0};
    size_t i = 0;
    for (; i + 4 * PART_LANES <= count; i += 4 * PART_LANES) {
        for (size_t k = 0; k < 4; k++) {
            part x = load(values + i + k * PART_LANES);
            bad[k] |= ~((x <= all(most)) & (x >= all(-most)));
        }
    }
    bool good = !any(bad[0] | bad[1] | bad[2] | bad[3]);
    for (; i < count; i++)
        good = good && fabs(values[i]) <= most;
    return good;
}

static void weighted(size_t count, const double *values, const double *weights,
                     double *ret_returns) {
    part totals[PORTFOLIO_LANES / PART_LANES] = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < PORTFOLIO_LANES / PART_LANES; k++) {
            part weight = load(weights + i * PORTFOLIO_LANES + k * PART_LANES);
            totals[k] = fused(all(values[i]), weight, totals[k]);
        }
    }
    for (size_t k = 0; k < PORTFOLIO_LANES / PART_LANES; k++)
        store(ret_returns + k * PART_LANES, totals[k]);
}

#define CHAINS 8 /* of rows, that do not wait for one another */

static void row_returns(const double *values, size_t count, size_t columns, const double *weights,
                        portfolio_place place) {
    size_t i = 0;
    for (; i + CHAINS <= count; i += CHAINS) {
        const double *rows = values + i * columns;
        double totals[CHAINS] = {0};
        for (size_t j = 0; j < columns; j++) {
            for (size_t k = 0; k < CHAINS; k++)
                totals[k] = fma(rows[k * columns + j], weights[j], totals[k]);
        }
        for (size_t k = 0; k < CHAINS; k++)
            place.values[(i + k) * place.stride] = totals[k];
    }
    for (; i < count; i++) {
        double total = 0;
        for (size_t j = 0; j < columns; j++)
            total = fma(values[i * columns + j], weights[j], total);
        place.values[i * place.stride] = total;
    }
}

/* ---- Rows into sums ------------------------------------------------------------------------ */

/* portfolio_sums, of one register. */
typedef struct part_sums {
    part count, origin, sum, squares, downside;
    part value, peak, low, fall_value, fall_peak, best, worst;
    part paired, paired_origin, paired_sum;
    part benchmark_origin, benchmark_sum, benchmark_squares, product;
} part_sums;

#define SUMS_FIELDS(X)                                                               \
    X(count), X(origin), X(sum), X(squares), X(downside), X(value), X(peak), X(low), \
        X(fall_value), X(fall_peak), X(best), X(worst), X(paired), X(paired_origin), \
        X(paired_sum), X(benchmark_origin), X(benchmark_sum), X(benchmark_squares), X(product)

INLINE part_sums load_sums(const portfolio_sums *sums, size_t at) {
#define LOAD(name) .name = load(sums->name + at)
    return (part_sums){SUMS_FIELDS(LOAD)};
#undef LOAD
}

INLINE void store_sums(portfolio_sums *sums, size_t at, const part_sums *s) {
#define STORE(name) store(sums->name + at, s->name)
    SUMS_FIELDS(STORE);
#undef STORE
}

/* The part of a row that has nothing to do with counting: invariant 1. */
INLINE void add_path(part_sums *s, part x) {
    s->value *= all(1) + x;
    s->peak = greater(s->value, s->peak);
    s->low = lesser(s->value, s->low);
    /* value / peak < fall_value / fall_peak, without dividing. */
    part_mask deeper = s->value * s->fall_peak < s->fall_value * s->peak;
    s->fall_value = choose(deeper, s->value, s->fall_value);
    s->fall_peak = choose(deeper, s->peak, s->fall_peak);
    s->best = greater(x, s->best);
    s->worst = lesser(x, s->worst);
}

INLINE void add_value(part_sums *s, part x, part minimum_acceptable) {
    part d = x - s->origin;
    part shortage = lesser(x - minimum_acceptable, all(0));
    s->sum += d;
    s->squares += d * d;
    s->downside += shortage * shortage;
    add_path(s, x);
}

/* Of rows, after rows, where nothing is missing; `paired`: all of them have a benchmark, or else
 * none has. False, and nothing is added, when a return is missing after all. */
INLINE bool add_whole(const portfolio_rows *rows, size_t at, part minimum_acceptable, bool paired,
                      portfolio_sums *sums) {
    part_sums s = load_sums(sums, at);
    part_mask first = s.count == all(0);
    s.origin = choose(first, load(rows->values + at), s.origin);
    uintptr_t ahead = (uintptr_t)rows->ahead * sizeof(double);
    s.benchmark_origin = choose(first, all(paired ? rows->benchmark[0] : 0), s.benchmark_origin);
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = rows->values + i * rows->stride + at;
        part x = load(row);
        /* By its address: before the first block and after the last one there is no object. */
        __builtin_prefetch((const void *)((uintptr_t)row + ahead));
        if (paired) {
            part b = all(rows->benchmark[i]) - s.benchmark_origin;
            s.benchmark_sum += b;
            s.benchmark_squares += b * b;
            s.product += (x - s.origin) * b;
        }
        add_value(&s, x, minimum_acceptable);
    }
    if (any(~are_there(s.sum)))
        return false;
    s.count += all((double)rows->count);
    if (paired) {
        s.paired = s.count;
        s.paired_origin = s.origin;
        s.paired_sum = s.sum;
    }
    store_sums(sums, at, &s);
    return true;
}

/* The same where anything may be missing. */
INLINE void add_some(const portfolio_rows *rows, size_t at, part minimum_acceptable,
                     portfolio_sums *sums) {
    part_sums s = load_sums(sums, at);
    for (size_t i = 0; i < rows->count; i++) {
        part x = load(rows->values + i * rows->stride + at);
        part b = all(rows->benchmark[i]);
        part_mask there = are_there(x);
        part_mask pair = there & are_there(b);
        s.origin = choose(there & (s.count == all(0)), x, s.origin);
        part_mask first = pair & (s.paired == all(0));
        s.paired_origin = choose(first, x, s.paired_origin);
        s.benchmark_origin = choose(first, b, s.benchmark_origin);
        part_sums next = s;
        add_value(&next, x, minimum_acceptable);
        part da = x - s.paired_origin;
        part db = b - s.benchmark_origin;
        s.paired_sum = choose(pair, s.paired_sum + da, s.paired_sum);
        s.benchmark_sum = choose(pair, s.benchmark_sum + db, s.benchmark_sum);
        s.benchmark_squares = choose(pair, s.benchmark_squares + db * db, s.benchmark_squares);
        s.product = choose(pair, s.product + da * db, s.product);
        s.paired = choose(pair, s.paired + all(1), s.paired);
        s.count = choose(there, s.count + all(1), s.count);
        s.sum = choose(there, next.sum, s.sum);
        s.squares = choose(there, next.squares, s.squares);
        s.downside = choose(there, next.downside, s.downside);
        s.value = choose(there, next.value, s.value);
        s.peak = choose(there, next.peak, s.peak);
        s.low = choose(there, next.low, s.low);
        s.fall_value = choose(there, next.fall_value, s.fall_value);
        s.fall_peak = choose(there, next.fall_peak, s.fall_peak);
        s.best = choose(there, next.best, s.best);
        s.worst = choose(there, next.worst, s.worst);
    }
    store_sums(sums, at, &s);
}

/* Nothing is missing in the rows so far; all of them have a benchmark, or none has. */
INLINE bool is_whole_so_far(const portfolio_sums *sums, size_t at, bool paired) {
    part count = load(sums->count + at);
    part pairs = load(sums->paired + at);
    return !any((count != all(sums->count[at])) | (pairs != (paired ? count : all(0))));
}

static void add(const portfolio_rows *rows, const portfolio_terms *terms, portfolio_sums *sums) {
    if (rows->count == 0)
        return;
    size_t missing = 0;
    for (size_t i = 0; i < rows->count; i++)
        missing += isnan(rows->benchmark[i]) ? 1 : 0;
    bool paired = missing == 0;
    bool even = paired || missing == rows->count;
    part wanted = all(terms->minimum_acceptable);
    EACH_PART(at) {
        bool done = false;
        if (even && is_whole_so_far(sums, at, paired))
            done = paired ? add_whole(rows, at, wanted, true, sums)
                          : add_whole(rows, at, wanted, false, sums);
        if (!done)
            add_some(rows, at, wanted, sums);
    }
}

/* ---- Sums into nodes, nodes into one ------------------------------------------------------- */

/* a / b, and 0 where b is 0. */
INLINE part share(part a, part b) {
    return choose(b == all(0), all(0), a / choose(b == all(0), all(1), b));
}

static void close_sums(const portfolio_sums *sums, portfolio_node *ret_node) {
    EACH_PART(at) {
        part_sums s = load_sums(sums, at);
        part offset = share(s.sum, s.count);
        part paired_offset = share(s.paired_sum, s.paired);
        part benchmark_offset = share(s.benchmark_sum, s.paired);
        part squares = s.squares - s.sum * offset;
        part benchmark_squares = s.benchmark_squares - s.benchmark_sum * benchmark_offset;
        store(ret_node->count + at, s.count);
        store(ret_node->mean + at, s.origin + offset);
        store(ret_node->squares + at, greater(squares, all(0)));
        store(ret_node->downside + at, s.downside);
        store(ret_node->value + at, s.value);
        store(ret_node->peak + at, s.peak);
        store(ret_node->low + at, s.low);
        store(ret_node->depth + at, s.fall_value / s.fall_peak);
        store(ret_node->best + at, s.best);
        store(ret_node->worst + at, s.worst);
        store(ret_node->paired + at, s.paired);
        store(ret_node->paired_mean + at, s.paired_origin + paired_offset);
        store(ret_node->benchmark_mean + at, s.benchmark_origin + benchmark_offset);
        store(ret_node->benchmark_squares + at, greater(benchmark_squares, all(0)));
        store(ret_node->product + at, s.product - s.paired_sum * benchmark_offset);
    }
}

static void join_part(const portfolio_node *a, const portfolio_node *b, size_t at,
                      portfolio_node *ret_node) {
#define A(name) load(a->name + at)
#define B(name) load(b->name + at)
#define PUT(name, value) store(ret_node->name + at, value)
    part count = A(count) + B(count);
    part weight = share(B(count), count);
    part difference = choose(B(count) == all(0), all(0), B(mean) - A(mean));
    part between = difference * difference * (A(count) * weight);
    part paired = A(paired) + B(paired);
    part pair_weight = share(B(paired), paired);
    part_mask unpaired = B(paired) == all(0);
    part dp = choose(unpaired, all(0), B(paired_mean) - A(paired_mean));
    part db = choose(unpaired, all(0), B(benchmark_mean) - A(benchmark_mean));
    part spread = A(paired) * pair_weight;
    part value = A(value);
    part across = value * B(low) / A(peak);
    PUT(squares, A(squares) + B(squares) + between);
    PUT(mean, A(mean) + difference * weight);
    PUT(count, count);
    PUT(downside, A(downside) + B(downside));
    PUT(product, A(product) + B(product) + dp * db * spread);
    PUT(benchmark_squares, A(benchmark_squares) + B(benchmark_squares) + db * db * spread);
    PUT(paired_mean, A(paired_mean) + dp * pair_weight);
    PUT(benchmark_mean, A(benchmark_mean) + db * pair_weight);
    PUT(paired, paired);
    PUT(depth, lesser(across, lesser(B(depth), A(depth))));
    PUT(low, lesser(value * B(low), A(low)));
    PUT(peak, greater(value * B(peak), A(peak)));
    PUT(value, value * B(value));
    PUT(best, greater(B(best), A(best)));
    PUT(worst, lesser(B(worst), A(worst)));
#undef A
#undef B
#undef PUT
}

static void join(const portfolio_node *before, const portfolio_node *after,
                 portfolio_node *ret_node) {
    EACH_PART(at)
    join_part(before, after, at, ret_node);
}

/* ---- Figures ------------------------------------------------------------------------------- */

/* a / b, and NaN where b is 0. */
INLINE part quotient(part a, part b) {
    return choose(b == all(0), all(NAN), a / b);
}

INLINE part size_of(part x) {
    return greater(x, -x);
}

static void answer(const portfolio_node *node, const portfolio_terms *terms,
                   portfolio_answers *ret_answers) {
    EACH_PART(at) {
        part count = load(node->count + at);
        part best = load(node->best + at);
        part worst = load(node->worst + at);
        part size = greater(size_of(best), size_of(worst));
        part_mask constant = best - worst <= all(8 * DBL_EPSILON) * size;
        part_mask none = count == all(0);
        part squares = choose(constant, all(0), load(node->squares + at));
        part mean = choose(none, all(NAN), choose(best == worst, best, load(node->mean + at)));
        part deviation = root(squares / choose(count > all(1), count - all(1), all(NAN)));
        part downside = root(quotient(load(node->downside + at), count));
        part free = all(terms->risk_free);
        part enough = choose(load(node->paired + at) > all(1), all(0), all(NAN));
        part product = choose(constant, all(0), load(node->product + at));
        part beta = quotient(product, load(node->benchmark_squares + at)) + enough;
        part excess = load(node->benchmark_mean + at) - free;
        part_mask ruined = load(node->depth + at) <= all(0);
        part fall = greater(all(1) - load(node->depth + at), all(0));
        part total = choose(ruined, all(-1), load(node->value + at) - all(1));
        store(ret_answers->mean + at, mean);
        store(ret_answers->deviations[0] + at, root(quotient(squares, count)));
        store(ret_answers->deviations[1] + at, deviation);
        store(ret_answers->downside_deviation + at, downside);
        store(ret_answers->sharpe + at,
              quotient(mean - free, deviation) * all(terms->root_periods));
        store(ret_answers->sortino + at,
              quotient(mean - all(terms->minimum_acceptable), downside) * all(terms->root_periods));
        store(ret_answers->total_return + at, choose(none, all(NAN), total));
        store(ret_answers->max_drawdown + at, choose(none, all(NAN), choose(ruined, all(1), fall)));
        store(ret_answers->beta + at, beta);
        store(ret_answers->alpha + at,
              (load(node->paired_mean + at) - free) - beta * excess + enough);
    }
}

/* ---- Assets -------------------------------------------------------------------------------- */

#define COLUMN_PARTS 4      /* registers of columns at once: their sums stay in registers */
#define COLUMN_ROWS_AHEAD 8 /* that are asked for */

/* Of COLUMN_PARTS registers of columns. */
INLINE void column_parts(const portfolio_rows *rows, size_t at, double *ret_sums,
                         double *ret_products) {
    part origins[COLUMN_PARTS];
    part sums[COLUMN_PARTS] = {0};
    part products[COLUMN_PARTS] = {0};
    for (size_t k = 0; k < COLUMN_PARTS; k++)
        origins[k] = load(rows->values + at + k * PART_LANES);
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = rows->values + i * rows->stride + at;
        part b = all(rows->benchmark[i]);
        uintptr_t ahead = COLUMN_ROWS_AHEAD * rows->stride * sizeof *row;
        for (size_t k = 0; k < COLUMN_PARTS; k++) {
            __builtin_prefetch((const void *)((uintptr_t)(row + k * PART_LANES) + ahead));
            part d = load(row + k * PART_LANES) - origins[k];
            sums[k] += d;
            products[k] += d * b;
        }
    }
    for (size_t k = 0; k < COLUMN_PARTS; k++) {
        store(ret_sums + at + k * PART_LANES, sums[k]);
        store(ret_products + at + k * PART_LANES, products[k]);
    }
}

static void columns(const portfolio_rows *rows, size_t width, double *ret_sums,
                    double *ret_products) {
    size_t at = 0;
    for (; at + COLUMN_PARTS * PART_LANES <= width; at += COLUMN_PARTS * PART_LANES)
        column_parts(rows, at, ret_sums, ret_products);
    for (; at < width; at++) {
        ret_sums[at] = ret_products[at] = 0;
        for (size_t i = 0; i < rows->count; i++) {
            double d = rows->values[i * rows->stride + at] - rows->values[at];
            ret_sums[at] += d;
            ret_products[at] += d * rows->benchmark[i];
        }
    }
}

const portfolio_lanes NAMED(portfolio_lanes_, PORTFOLIO_LEVEL) = {
    are_good, weighted, row_returns, add, close_sums, join, answer, columns};
