/*
 * window_columns.c - the answers of a block, a line a row, become columns. Compiled once for each
 * level of vector instructions.
 *
 * As many rows as a register has lanes are taken at a time: their lines are turned into one
 * register a number, and what is divided goes straight to its column.
 */
#include "window_block.h"

#include <string.h>

#include "window_lanes.h"

/* ---- rows become lanes ------------------------------------------------------------------------
 */

/* The answers of some rows: the words of their lines in order. */
typedef struct group {
    words sum_price;
    words sum_square;
    words sum_value;
    words sum_volume;
    words n;
    words min_max;
    words ema;
    words ema_time;
} group;

_Static_assert(sizeof(answer) == 64 && offsetof(answer, n) == 32 &&
                   offsetof(answer, extremes) == 40 && offsetof(answer, ema) == 48,
               "a group has the words of an answer");

#if LANES == 8
/* Eight lines of eight words: first two lines are one another's columns, then four, then all. */
static inline void load_group(const answer *answers, group *g) {
    words r[8], s[8];
    for (int i = 0; i < 8; i++)
        memcpy(&r[i], &answers[i], sizeof r[i]);
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += i % 2 == 0 ? 1 : 3) {
        r[i] = __builtin_shufflevector(s[i], s[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 2] = __builtin_shufflevector(s[i], s[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    memcpy(g, s, sizeof *g);
}
#else
static inline void load_group(const answer *answers, group *g) {
    words s[8];
    for (size_t k = 0; k < 8; k++)
        for (size_t i = 0; i < LANES; i++) {
            uint64_t word;
            memcpy(&word, (const char *)&answers[i] + 8 * k, sizeof word);
            s[k][i] = word;
        }
    memcpy(g, s, sizeof *g);
}
#endif

/* ---- columns ----------------------------------------------------------------------------------
 */

/* What the rows of a group are divided by. */
typedef struct scales {
    lanes scale;
    lanes inverse;
    lanes fives;
    uint64_t shifts; /* of the rows that this is for, a byte each */
} scales;

/* Where a group goes. */
typedef struct target {
    double *const *columns;
    size_t row;
    bool whole;
    bool streamed;
    bool skipped[LANES]; /* rows that are not written, if it is not whole */
} target;

static inline void put(const target *t, int column, lanes value) {
    double *place = t->columns[column] + t->row;
    if (__builtin_expect(t->whole, 1)) {
#if LANES == LINE_ROWS
        if (t->streamed) {
            _mm512_stream_pd(place, (__m512d)value);
            return;
        }
#endif
        *(lanes_place *)place = value;
        return;
    }
    for (size_t i = 0; i < LANES; i++)
        if (!t->skipped[i])
            place[i] = value[i];
}

static inline bool wants(const target *t, int column) {
    return t->columns[column] != NULL;
}

static inline void put_prices(const target *t, lanes price, const group *g, const scales *s) {
    lanes min = small_double((words)((signed_words)(g->min_max << 32) >> 32));
    lanes max = small_double((words) ~((signed_words)g->min_max >> 32));
    if (wants(t, TW_WINDOW_SUM))
        put(t, TW_WINDOW_SUM, quotient_known(price, s->scale, s->inverse));
    if (wants(t, TW_WINDOW_MIN))
        put(t, TW_WINDOW_MIN, quotient_known(min, s->scale, s->inverse));
    if (wants(t, TW_WINDOW_MAX))
        put(t, TW_WINDOW_MAX, quotient_known(max, s->scale, s->inverse));
    if (wants(t, TW_WINDOW_RANGE))
        put(t, TW_WINDOW_RANGE, quotient_known(max - min, s->scale, s->inverse));
}

/* What numerators_of does with one row, and the divisions; which rows are beyond that. */
static inline words put_group(const target *t, const group *g, const scales *s, double ddof) {
    lanes n = small_double(g->n);
    lanes price = small_double(g->sum_price);
    lanes volume = nearest_double(g->sum_volume);
    words difference = g->n * g->sum_square - g->sum_price * g->sum_price;
    lanes about = n * nearest_double(g->sum_square) - price * price;
    words beyond = difference >> 51 | (g->sum_value + (uint64_t)EXACT_COLUMN) >> 52;
    beyond |= (words) ~(about < 0x1p52) | (words) ~(volume * s->fives < VOLUME_BEYOND);
    beyond |= (words) ~(n * s->fives < COUNT_BEYOND);
    if (wants(t, TW_WINDOW_N))
        put(t, TW_WINDOW_N, n);
    if (wants(t, TW_WINDOW_MEAN))
        put(t, TW_WINDOW_MEAN, quotient(price, n * s->scale));
    if (wants(t, TW_WINDOW_VARIANCE) || wants(t, TW_WINDOW_STDDEV)) {
        lanes divisor = (n * (n - ddof)) * (s->scale * s->scale);
        lanes variance = quotient(small_double(difference), divisor);
        if (wants(t, TW_WINDOW_VARIANCE))
            put(t, TW_WINDOW_VARIANCE, variance);
        if (wants(t, TW_WINDOW_STDDEV))
            put(t, TW_WINDOW_STDDEV, square_root(variance));
    }
    put_prices(t, price, g, s);
    if (wants(t, TW_WINDOW_VWAP))
        put(t, TW_WINDOW_VWAP, quotient(small_double(g->sum_value), volume * s->scale));
    return beyond;
}

static inline void find_scales(scales *s, const uint8_t *shifts) {
    uint64_t now = 0;
    memcpy(&now, shifts, LANES);
    if (__builtin_expect(now == s->shifts, 1))
        return;
    s->shifts = now;
    for (size_t i = 0; i < LANES; i++) {
        const unit_facts *facts = &unit_table[shifts[i]];
        s->scale[i] = facts->scale;
        s->inverse[i] = facts->inverse_scale;
        s->fives[i] = facts->fives_double;
    }
}

static void put_volumes(const target *t, const group *g, const uint8_t *shifts) {
    lanes scale = {0};
    for (size_t i = 0; i < LANES; i++)
        scale[i] = unit_table[shifts[i]].scale;
    put(t, TW_WINDOW_VOLUME, nearest_double(g->sum_volume) / scale);
}

/* Rows of one window that are no whole group, or of which some are written already. */
static void skip(const block *b, size_t first, bool wide, target *t) {
    t->whole = false;
    for (size_t i = 0; i < LANES; i++)
        t->skipped[i] = first + i >= b->count || (wide && b->wide[first + i] != 0);
}

static inline void write_group(const desk *d, const block *b, scales *s, uint32_t j, size_t first) {
    const answer *answers = b->answers + j * b->capacity + first;
    target t = {.columns = d->outputs[j].columns,
                .row = b->begin + first,
                .whole = true,
                .streamed = b->streamed};
    uint64_t wide = 0;
    group g;
    memcpy(&wide, b->wide + first, LANES);
    find_scales(s, b->price_shifts + first);
    load_group(answers, &g);
    if (first + LANES > b->count)
        skip(b, first, false, &t);
    if (wants(&t, TW_WINDOW_EMA))
        put(&t, TW_WINDOW_EMA, (lanes)g.ema);
    if (wants(&t, TW_WINDOW_EMA_TIME))
        put(&t, TW_WINDOW_EMA_TIME, (lanes)g.ema_time);
    if (__builtin_expect(wide != 0, 0))
        skip(b, first, true, &t);
    words beyond = put_group(&t, &g, s, d->specs[j].ddof);
    if (wants(&t, TW_WINDOW_VOLUME))
        put_volumes(&t, &g, b->quantity_shifts + first);
    if (__builtin_expect(some(beyond), 0))
        for (size_t i = 0; i < LANES; i++)
            if (beyond[i] != 0 && (t.whole || !t.skipped[i]))
                window_put_slow(d, b, j, first + i);
}

void LEVEL(window_columns)(const desk *d, const block *b) {
    scales s = {.shifts = UINT64_MAX};
    for (size_t first = 0; first < b->count; first += LANES)
        for (uint32_t j = 0; j < d->pane_count; j++)
            write_group(d, b, &s, j, first);
#if LANES == LINE_ROWS
    _mm_sfence(); /* what was streamed is seen before anything that is written later */
#endif
}
