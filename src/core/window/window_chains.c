/*
 * window_chains.c - a block of trades through rings and windows. Compiled once for each level of
 * vector instructions.
 *
 * The rows of a symbol are a chain. Chain by chain, its trades go into the ring, then each window
 * takes them in turn in a loop whose state is in registers; what a window answers to a row is one
 * line, since rows of a symbol lie apart. That a ring has trades already to which a window has yet
 * to be moved on costs nothing: a window is two indices into it.
 */
#include "window_block.h"

#include <math.h>
#include <string.h>

#include "window_lanes.h"

#define CHUNK 64 /* rows of a chain at a time */
#define AHEAD 16 /* rows of a chain, about, until totals that are fetched are needed */

/* Trades of a chain that have entered their ring, and that no window has seen. */
typedef struct chunk {
    _Alignas(64) totals_low totals[CHUNK]; /* up to and with the trade */
    int64_t units[CHUNK];                  /* price */
    uint16_t rows[CHUNK];
    size_t count;
    uint64_t first; /* index of the first */
} chunk;

/* ---- trades into rings ---------------------------------------------------------------------- */

/* Where trades enter. */
typedef struct entry {
    tw_window *window;
    uint16_t row; /* the next */
    size_t most;  /* trades of a chunk */
} entry;

/* Rows whose trades have been converted already, until one has not. */
static void enter_plainly(const desk *d, const block *b, entry *e, chunk *c) {
    const int64_t *times_ns = d->ticks->times_ns + b->begin;
    tw_window *window = e->window;
    int64_t *times = window->times;
    int64_t *prices = window->prices;
    totals_low *lows = window->lows;
    uint64_t mask = window->mask;
    uint64_t index = window->total;
    uint16_t row = e->row;
    size_t count = 0;
    totals_lanes totals;
    totals_load(&lows[(index - 1) & mask], &totals);
    do {
        plain_trade trade = b->plain[row];
        if (trade.quantity == PLAIN_NOT)
            break;
        uint64_t p = (uint64_t)(int64_t)trade.price;
        uint64_t q = (uint64_t)(int64_t)trade.quantity;
        totals += (totals_lanes){p, p * p, p * q, q};
        uint64_t place = index & mask;
        totals_store(&totals, &lows[place]);
        totals_store(&totals, &c->totals[count]);
        prices[place] = trade.price;
        times[place] = times_ns[row];
        c->units[count] = trade.price;
        c->rows[count] = row;
        count++;
        index++;
        row = b->next[row];
    } while (row != CHAIN_NONE && count < e->most);
    c->count = count;
    window->total = index;
    e->row = row;
}

/* Any rows; one for which the ring must be laid anew ends a chunk, or begins it. */
static void enter_any(const desk *d, const block *b, entry *e, chunk *c) {
    const tw_window_ticks *ticks = d->ticks;
    tw_window *window = e->window;
    for (c->count = 0; e->row != CHAIN_NONE && c->count < e->most; c->count++) {
        size_t i = b->begin + e->row;
        trade_units trade;
        if (!ring_convert(window, ticks->prices[i], ticks->quantities[i], &trade)) {
            if (c->count > 0)
                break;
            window_units_refine(window, ticks->prices[i], ticks->quantities[i], &trade);
        }
        ring_push(window, ticks->times_ns[i], ticks->prices[i].nano, &trade);
        c->totals[c->count] = window->lows[(window->total - 1) & window->mask];
        c->units[c->count] = trade.price;
        c->rows[c->count] = e->row;
        e->row = b->next[e->row];
    }
}

static void enter(const desk *d, const block *b, entry *e, chunk *c) {
    tw_window *window = e->window;
    uint64_t room = ring_make_room(window, CHUNK / 4);
    e->most = room < CHUNK ? (size_t)room : CHUNK;
    c->first = window->total;
    c->count = 0;
    if (window->price_unit.shift == b->price_shift &&
        window->quantity_unit.shift == b->quantity_shift && !window->wide && !window->has_returns)
        enter_plainly(d, b, e, c);
    if (c->count == 0)
        enter_any(d, b, e, c);
}

/* ---- windows move on ------------------------------------------------------------------------- */

/* A window with all that it may have, trade by trade as a single push. */
static void move_any(const desk *d, const block *b, tw_window *window, uint32_t j, const chunk *c) {
    pane *p = &window->panes[j];
    for (size_t k = 0; k < c->count; k++) {
        size_t row = c->rows[k];
        size_t i = b->begin + row;
        const pane_trade trade = {.end = c->first + k + 1,
                                  .time_ns = d->ticks->times_ns[i],
                                  .units = c->units[k],
                                  .nano = d->ticks->prices[i].nano,
                                  .nearest = b->price[row],
                                  .elapsed = as_nearest_double(b->elapsed[row])};
        pane_push(window, p, &d->specs[j], &trade);
        view v = {window,        &d->specs[j], p->order,
                  p->state.head, trade.end,    pane_extremes(&p->state)};
        if (window->wide)
            window_put_wide(&v, &d->outputs[j], i);
        if (d->rest[j])
            window_put_rest(&v, &d->outputs[j], i);
        answer *a = &b->answers[j * b->capacity + row];
        totals_difference(&c->totals[k], &window->lows[(v.head - 1) & window->mask], &a->sums);
        a->n = v.end - v.head;
        a->extremes[0] = (int32_t)v.all.min;
        a->extremes[1] = (int32_t)v.all.not_max;
        a->ema = p->state.ema;
        a->ema_time = p->state.ema_time;
    }
}

/* A window that has but numbers and exponential means, and the trades of a chunk. */
typedef struct course {
    const pane_spec *spec;
    tw_window *window;
    pane *p;
    const chunk *c;
    const int64_t *times_ns; /* by row, as all that follows */
    const double *prices;
    const double *weights;
    answer *answers;
    bool by_span;
    bool by_time;
} course;

/* What of the window changes: in registers on its way. */
typedef struct steps {
    uint64_t head;
    uint64_t front_begin;
    uint64_t front_end;
    extremes_lanes back;
    double ema;
    double ema_time;
} steps;

TW_INLINE void steps_begin(const course *w, steps *s) {
    const pane_state *from = &w->p->state;
    s->head = from->head;
    s->front_begin = from->front_begin;
    s->front_end = from->front_end;
    s->back = extremes_load(&from->back);
    s->ema = from->ema;
    s->ema_time = from->ema_time;
    if (w->c->first > 0)
        return;
    /* The first price is where the means begin: their first step is one of 0. */
    s->ema = w->prices[w->c->rows[0]];
    if (w->by_time)
        s->ema_time = s->ema;
}

TW_INLINE void steps_end(const course *w, const steps *s) {
    pane_state *to = &w->p->state;
    to->head = s->head;
    extremes_store(s->back, &to->back);
    to->ema = s->ema;
    to->ema_time = s->ema_time;
}

/* Moves on to where trade k of the chunk is the newest. */
TW_INLINE void step_on(const course *w, size_t k, steps *s) {
    size_t row = w->c->rows[k];
    uint64_t end = w->c->first + k + 1;
    if (w->by_span)
        s->head = pane_begin(w->window, w->p, w->spec, s->head, end, w->times_ns[row]);
    else if (end - s->head > w->spec->count)
        s->head = end - w->spec->count;
    s->back = extremes_lesser(s->back, extremes_of(w->c->units[k]));
    if (__builtin_expect(s->head >= s->front_end, 0)) {
        pane_state *turned = &w->p->state;
        turned->head = s->head;
        pane_turn_over(w->window, turned, end);
        s->back = extremes_load(&turned->back);
        s->front_begin = s->head;
        s->front_end = end;
    }
    s->ema = ema_next(s->ema, w->spec->alpha, w->prices[row]);
    if (w->by_time)
        s->ema_time = ema_next(s->ema_time, w->weights[row], w->prices[row]);
}

TW_INLINE void step_answer(const course *w, size_t k, const steps *s) {
    const tw_window *window = w->window;
    answer *a = &w->answers[w->c->rows[k]];
    const extremes *front = &w->p->state.suffix[s->head - s->front_begin];
    __builtin_prefetch(&window->lows[(s->head + AHEAD) & window->mask]);
    totals_difference(&w->c->totals[k], &window->lows[(s->head - 1) & window->mask], &a->sums);
    a->n = w->c->first + k + 1 - s->head;
    extremes_narrow(extremes_lesser(s->back, extremes_load(front)), a->extremes);
    a->ema = s->ema;
    a->ema_time = s->ema_time;
}

/* The two conditions are constants of each call. */
TW_INLINE void move_plainly(course w, bool by_span, bool by_time) {
    steps s;
    w.by_span = by_span;
    w.by_time = by_time;
    steps_begin(&w, &s);
    for (size_t k = 0; k < w.c->count; k++) {
        step_on(&w, k, &s);
        step_answer(&w, k, &s);
    }
    steps_end(&w, &s);
}

static void move_pane(const desk *d, const block *b, tw_window *window, uint32_t j,
                      const chunk *c) {
    const pane_spec *spec = &d->specs[j];
    const course w = {.spec = spec,
                      .window = window,
                      .p = &window->panes[j],
                      .c = c,
                      .times_ns = d->ticks->times_ns + b->begin,
                      .prices = b->price,
                      .weights = b->weights + j * b->capacity,
                      .answers = b->answers + j * b->capacity};
    if (window->wide || d->rest[j] || spec->ema_from_mean || spec->quantile_count > 0)
        move_any(d, b, window, j, c);
    else if (spec->span_ns != 0)
        move_plainly(w, true, true); /* a span is a tau, if no other is given */
    else if (spec->tau > 0)
        move_plainly(w, false, true);
    else
        move_plainly(w, false, false);
}

/* ---- chains ---------------------------------------------------------------------------------- */

/* Fetches what a later chain will touch. */
static inline void warm(const desk *d, const block *b, size_t chain) {
    if (chain + 2 < b->chain_count) {
        const char *ring = (const char *)&d->items[b->chains[chain + 2]];
        __builtin_prefetch(ring + 64, 1);
        for (uint32_t j = 0; j < d->pane_count; j++)
            __builtin_prefetch(ring + offsetof(tw_window, panes) + j * sizeof(pane), 1);
    }
    if (chain + 1 < b->chain_count) {
        const tw_window *window = &d->items[b->chains[chain + 1]];
        uint64_t place = window->total & window->mask;
        __builtin_prefetch(&window->times[place], 1);
        __builtin_prefetch(&window->prices[place], 1);
        __builtin_prefetch(&window->lows[place], 1);
        for (uint32_t j = 0; j < d->pane_count; j++) {
            const pane_state *s = &window->panes[j].state;
            if (d->specs[j].span_ns != 0)
                __builtin_prefetch(&window->times[s->head & window->mask]);
            __builtin_prefetch(&window->lows[s->head & window->mask]);
            __builtin_prefetch(&s->suffix[s->head - s->front_begin]);
        }
    }
}

static void take_chain(const desk *d, block *b, tw_window *window) {
    entry e = {.window = window, .row = window->chain_first};
    chunk c;
    window->chain_first = window->chain_last = CHAIN_NONE;
    while (e.row != CHAIN_NONE) {
        enter(d, b, &e, &c);
        for (uint32_t j = 0; j < d->pane_count; j++)
            move_pane(d, b, window, j, &c);
        for (size_t k = 0; k < c.count; k++) {
            b->price_shifts[c.rows[k]] = (uint8_t)window->price_unit.shift;
            b->quantity_shifts[c.rows[k]] = (uint8_t)window->quantity_unit.shift;
            b->wide[c.rows[k]] = window->wide;
        }
        if (((c.first ^ window->total) & ~window->mask) != 0)
            window_units_reconsider(window);
    }
}

/* ---- before the chains ---------------------------------------------------------------------- */

/* In doubles that are nearest: what is beyond 2^53 nano is found one by one. */
static void find_prices(const desk *d, block *b) {
    const int64_t *nano = &d->ticks->prices[b->begin].nano;
    const lanes size = lanes_of(1e9);
    const lanes inverse = lanes_of(1e-9);
    words great = {0};
    size_t i = 0;
    for (; i + LANES <= b->count; i += LANES) {
        words value = (words) * (const words_place *)(nano + i);
        great |= (value + (uint64_t)EXACT_DOUBLE) >> 54;
        *(lanes_place *)(b->price + i) = quotient_known(nearest_signed(value), size, inverse);
    }
    if (some(great))
        i = 0;
    for (; i < b->count; i++)
        b->price[i] = price_of(&unit_table[0], nano[i]);
}

/* Prices and quantities in the units of the first ring. */
static void find_plain(const desk *d, block *b) {
    const tw_price *prices = d->ticks->prices + b->begin;
    const tw_quantity *quantities = d->ticks->quantities + b->begin;
    if (b->chain_count == 0)
        return;
    const tw_window *first = &d->items[b->chains[0]];
    const unit price = first->price_unit;
    const unit quantity = first->quantity_unit;
    uint64_t limit = (uint64_t)first->narrow_limit;
    b->price_shift = price.shift;
    b->quantity_shift = quantity.shift;
    const unit_facts p_facts = *facts_of(&price);
    const unit_facts q_facts = *facts_of(&quantity);
    for (size_t i = 0; i < b->count; i++) {
        uint64_t p = (uint64_t)prices[i].nano * p_facts.inverse;
        uint64_t q = (uint64_t)quantities[i].nano * q_facts.inverse;
        uint64_t beyond = (p & p_facts.remainder) | (q & q_facts.remainder);
        p = (uint64_t)((int64_t)p >> price.shift);
        q = (uint64_t)((int64_t)q >> quantity.shift);
        beyond |= p + limit > 2 * limit ? 1 : 0;
        beyond |= q > limit ? 1 : 0;
        b->plain[i].price = (int32_t)p;
        b->plain[i].quantity = beyond != 0 ? PLAIN_NOT : (int32_t)q;
    }
}

static void find_weights(const desk *d, block *b) {
    for (uint32_t j = 0; j < d->pane_count; j++) {
        double tau = d->specs[j].tau;
        double *weights = b->weights + j * b->capacity;
        for (size_t i = 0; tau > 0 && i < b->count; i++)
            weights[i] = ema_weight(as_nearest_double(b->elapsed[i]), tau);
    }
}

void LEVEL(window_block)(const desk *d, block *b) {
    find_prices(d, b);
    find_plain(d, b);
    find_weights(d, b);
    for (size_t chain = 0; chain < b->chain_count; chain++) {
        warm(d, b, chain);
        take_chain(d, b, &d->items[b->chains[chain]]);
    }
    LEVEL(window_columns)(d, b);
}
