/*
 * window.c - the life of a ring and its windows, and one trade at a time.
 *
 * How the ring is kept, with its invariants, stands in window_priv.h; how it is read in
 * window_read.c; many trades at once in window_run.c.
 *
 * The extremes of a window are two stacks: the older part has for each trade the extremes of
 * itself and all younger ones of that part (suffix), the younger part one running pair. When the
 * older part has left, one pass makes the younger part the older (pane_turn_over): each trade takes
 * part in one such pass. Unlike monotone queues, no step depends on how prices compare.
 */
#include "window_pane.h"

#include <math.h>
#include <string.h>

#define PLACES_FIRST 64
#define PLACES_SPARE 16 /* 3 are needed; more let a run move windows on some trades later */

/* ---- making ------------------------------------------------------------------------------- */

static bool spec_is_in_range(const tw_window_spec *spec, uint32_t count_max) {
    if (spec->count > count_max || spec->ema_count > TW_WINDOW_COUNT_MAX || spec->span_ns < 0 ||
        spec->ema_span_ns < 0 || spec->ddof > 1 || spec->quantile_count > TW_WINDOW_QUANTILE_MAX)
        return false;
    for (uint32_t i = 0; i < spec->quantile_count; i++)
        if (!(spec->quantiles[i] >= 0 && spec->quantiles[i] <= 1))
            return false;
    return true;
}

tw_status window_check_config(const tw_window_config *config) {
    if (config->count_max == 0 || config->count_max > TW_WINDOW_COUNT_MAX ||
        config->window_count == 0 || config->window_count > TW_WINDOW_SPEC_MAX ||
        (unsigned)config->cpu_level >= TW_CPU_LEVEL_COUNT)
        return TW_RANGE;
    for (uint32_t i = 0; i < config->window_count; i++)
        if (!spec_is_in_range(&config->windows[i], config->count_max))
            return TW_RANGE;
    return TW_OK;
}

static size_t places_for(uint32_t count_max) {
    size_t places = 4;
    while (places < (size_t)count_max + PLACES_SPARE) /* invariant 1 */
        places *= 2;
    return places;
}

void window_set_specs(const tw_window_config *config, pane_spec *ret_specs) {
    for (uint32_t i = 0; i < config->window_count; i++) {
        const tw_window_spec *spec = &config->windows[i];
        pane_spec *p = &ret_specs[i];
        p->count = spec->count != 0 ? spec->count : config->count_max;
        p->span_ns = spec->span_ns;
        p->ema_count = spec->ema_count != 0 ? spec->ema_count : (uint32_t)p->count;
        p->alpha = 2.0 / ((double)p->ema_count + 1);
        p->tau = (double)(spec->ema_span_ns != 0 ? spec->ema_span_ns : spec->span_ns);
        p->ddof = spec->ddof;
        p->ema_from_mean = spec->ema_from_mean;
        p->volatility = spec->volatility;
        p->quantile_count = spec->quantile_count;
        memcpy(p->quantiles, spec->quantiles, sizeof p->quantiles);
    }
}

static tw_status pane_init(pane *p, const tw_allocator *allocator, const pane_spec *spec) {
    p->state.suffix = TW_NEW(allocator, spec->count, extremes);
    if (p->state.suffix == NULL)
        return TW_NO_MEMORY;
    return spec->quantile_count > 0 ? window_order_new(allocator, spec->count, &p->order) : TW_OK;
}

static bool some_volatility(const tw_window_config *config) {
    bool some = false;
    for (uint32_t i = 0; i < config->window_count; i++)
        some = some || config->windows[i].volatility;
    return some;
}

tw_status window_init(tw_window *window, const tw_allocator *allocator,
                      const tw_window_config *config, const pane_spec *specs) {
    size_t places = places_for(config->count_max);
    window->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    allocator = &window->allocator;
    window->places = places;
    window->count_max = config->count_max;
    window->narrow_limit = window_narrow_limit(config->count_max);
    window->pane_count = config->window_count;
    window->specs = specs;
    window->cpu_level = tw_cpu_choose(config->cpu_level);
    window->memory = TW_NEW(allocator, places / 4, ring_part);
    window->highs = TW_NEW(allocator, places, totals_high);
    bool whole = window->memory != NULL && window->highs != NULL;
    if (some_volatility(config)) {
        window->has_returns = true;
        window->returns = TW_NEW(allocator, places, totals_return);
        whole = whole && window->returns != NULL;
    }
    tw_status status = whole ? TW_OK : TW_NO_MEMORY;
    for (uint32_t i = 0; status == TW_OK && i < config->window_count; i++)
        status = pane_init(&window->panes[i], allocator, &specs[i]);
    if (status == TW_OK)
        tw_window_clear(window);
    return status;
}

void window_done(tw_window *window) {
    const tw_allocator *allocator = &window->allocator;
    size_t places = window->places;
    for (uint32_t i = 0; i < window->pane_count; i++) {
        TW_DELETE(allocator, window->panes[i].state.suffix, window->specs[i].count, extremes);
        window_order_free(allocator, window->panes[i].order);
    }
    TW_DELETE(allocator, window->memory, places / 4, ring_part);
    TW_DELETE(allocator, window->highs, places, totals_high);
    TW_DELETE(allocator, window->returns, places, totals_return);
}

/* A window by itself has its specs beside it. */
typedef struct lone_window {
    tw_window window;
    pane_spec specs[TW_WINDOW_SPEC_MAX];
} lone_window;

tw_status tw_window_new(const tw_allocator *allocator, const tw_window_config *config,
                        tw_window **ret_window) {
    TW_ASSERT(config != NULL && ret_window != NULL);
    tw_status status = window_check_config(config);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    lone_window *lone = TW_NEW(allocator, 1, lone_window);
    if (lone == NULL)
        return TW_NO_MEMORY;
    window_set_specs(config, lone->specs);
    status = window_init(&lone->window, allocator, config, lone->specs);
    if (status == TW_OK)
        *ret_window = &lone->window;
    else
        tw_window_free(&lone->window);
    return status;
}

void tw_window_free(tw_window *window) {
    if (window == NULL)
        return;
    lone_window *lone = (lone_window *)window; /* its first member */
    tw_allocator allocator = window->allocator;
    window_done(window);
    TW_DELETE(&allocator, lone, 1, lone_window);
}

/* Places in use, and where their columns are: close together, since what is far apart competes for
 * the same lines of the cache and takes more pages. */
static void use_places(tw_window *window, size_t places) {
    uint8_t *bytes = window->memory->bytes;
    window->mask = places - 1;
    window->times = (int64_t *)bytes;
    window->prices = (int64_t *)(bytes + places * sizeof(int64_t));
    window->lows = (totals_low *)(bytes + 2 * places * sizeof(int64_t));
}

void tw_window_clear(tw_window *window) {
    TW_ASSERT(window != NULL);
    use_places(window, window->places < PLACES_FIRST ? window->places : PLACES_FIRST);
    window->total = 0;
    window->now_ns = INT64_MIN;
    window->last_ns = INT64_MIN;
    window->chain_first = window->chain_last = CHAIN_NONE;
    window->lows[window->mask] = (totals_low){0}; /* before the first trade there was nothing */
    window->highs[window->mask] = (totals_high){0};
    if (window->has_returns)
        window->returns[window->mask] = (totals_return){0};
    window_units_reset(window);
    for (uint32_t i = 0; i < window->pane_count; i++) {
        pane *p = &window->panes[i];
        p->state.head = p->crowded_out = 0;
        p->seed = 0;
        p->state.ema = p->state.ema_time = NAN;
        pane_turn_over(window, &p->state, 0);
        if (p->order != NULL)
            window_order_clear(p->order);
    }
}

/* ---- places --------------------------------------------------------------------------------- */

/* Twice as many. The columns move apart, the last first; then what is at an index moves to where
 * twice the places have it: it stays, or goes as far up as there were places, where nothing is. */
static void grow(tw_window *window) {
    uint64_t from = window->mask;
    uint64_t to = 2 * from + 1;
    const totals_low *lows = window->lows;
    const int64_t *prices = window->prices;
    use_places(window, to + 1);
    memmove(window->lows, lows, (from + 1) * sizeof *lows);
    memmove(window->prices, prices, (from + 1) * sizeof *prices);
    for (uint64_t i = window_oldest(window) - 1; i != window->total; i++) {
        window->times[i & to] = window->times[i & from];
        window->prices[i & to] = window->prices[i & from];
        window->lows[i & to] = window->lows[i & from];
        if (window->wide)
            window->highs[i & to] = window->highs[i & from];
        if (window->has_returns)
            window->returns[i & to] = window->returns[i & from];
    }
}

uint64_t ring_make_room(tw_window *window, uint64_t wanted) {
    while (ring_room(window) < wanted && window->mask + 1 < window->places)
        grow(window);
    uint64_t room = ring_room(window);
    TW_ASSERT(room > 0);
    return room;
}

/* ---- one trade ---------------------------------------------------------------------------- */

void pane_order_drop(const tw_window *window, pane *p, uint64_t from, uint64_t to) {
    int64_t size = facts_of(&window->price_unit)->size;
    for (uint64_t i = from; i < to; i++)
        window_order_drop(p->order, window->prices[i & window->mask] * size);
}

void pane_order_put(const tw_window *window, pane *p, uint64_t index) {
    int64_t size = facts_of(&window->price_unit)->size;
    window_order_put(p->order, window->prices[index & window->mask] * size);
}

/* While the mean of the first prices, which ema begins as, is not there yet: ema after the price of
 * an index. */
static double pane_seed(pane *p, const pane_spec *spec, uint64_t index, int64_t price_nano) {
    uint64_t n = spec->ema_count;
    p->seed += price_nano;
    return index + 1 < n ? NAN
                         : ratio_round(wide192_of(p->seed), (wide_uint)n * UINT64_C(1953125), -9);
}

void pane_push(const tw_window *window, pane *p, const pane_spec *spec, const pane_trade *trade) {
    pane_state *s = &p->state;
    uint64_t end = trade->end;
    uint64_t before = s->head;
    uint64_t head = pane_begin(window, p, spec, before, end, trade->time_ns);
    extremes_lanes back = extremes_lesser(extremes_load(&s->back), extremes_of(trade->units));
    extremes_store(back, &s->back);
    pane_move(window, s, head, end);
    if (p->order != NULL) {
        pane_order_drop(window, p, before, head);
        pane_order_put(window, p, end - 1);
    }
    s->ema = end == 1 ? trade->nearest : ema_next(s->ema, spec->alpha, trade->nearest);
    if (spec->ema_from_mean && end <= spec->ema_count)
        s->ema = pane_seed(p, spec, end - 1, trade->nano);
    if (spec->tau > 0)
        s->ema_time =
            end == 1 ? trade->nearest
                     : ema_next(s->ema_time, ema_weight(trade->elapsed, spec->tau), trade->nearest);
}

tw_status tw_window_push(tw_window *window, int64_t time_ns, tw_price price, tw_quantity quantity) {
    TW_ASSERT(window != NULL);
    if (quantity.nano < 0 || time_ns < window->now_ns)
        return TW_INVALID;
    if (ring_room(window) == 0)
        ring_make_room(window, 1);
    trade_units trade;
    if (__builtin_expect(!ring_convert(window, price, quantity, &trade), 0))
        window_units_refine(window, price, quantity, &trade);
    double elapsed = elapsed_ns(window->last_ns, time_ns);
    ring_push(window, time_ns, price.nano, &trade);
    window->now_ns = window->last_ns = time_ns;
    const pane_trade one = {.end = window->total,
                            .time_ns = time_ns,
                            .units = trade.price,
                            .nano = price.nano,
                            .nearest = price_of(facts_of(&window->price_unit), trade.price),
                            .elapsed = elapsed};
    for (uint32_t i = 0; i < window->pane_count; i++)
        pane_push(window, &window->panes[i], &window->specs[i], &one);
    if ((window->total & window->mask) == 0)
        window_units_reconsider(window);
    return TW_OK;
}

tw_status tw_window_advance(tw_window *window, int64_t now_ns) {
    TW_ASSERT(window != NULL);
    if (now_ns < window->now_ns)
        return TW_INVALID;
    uint64_t end = window->total;
    window->now_ns = now_ns;
    window->times[end & window->mask] = PLACE_NONE_NS; /* the search ends there */
    for (uint32_t i = 0; i < window->pane_count; i++) {
        pane *p = &window->panes[i];
        uint64_t before = p->state.head;
        uint64_t head = pane_begin(window, p, &window->specs[i], before, end, now_ns);
        if (p->order != NULL)
            pane_order_drop(window, p, before, head);
        pane_move(window, &p->state, head, end);
    }
    return TW_OK;
}

/* ---- checking ----------------------------------------------------------------------------- */

static void check_pane(const tw_window *window, uint32_t j) {
    const pane_spec *spec = &window->specs[j];
    const pane_state *s = &window->panes[j].state;
    uint64_t n = window->total - s->head;
    TW_ASSERT(s->front_begin <= s->head && s->head <= s->front_end);
    TW_ASSERT(s->front_end <= window->total && s->front_end - s->front_begin <= spec->count);
    TW_ASSERT(n <= spec->count && spec->count <= window->count_max);
    if (window->panes[j].order != NULL)
        window_order_check(window->panes[j].order, n);
    if (n == 0)
        return;
    extremes all = {INT64_MAX, INT64_MAX};
    for (uint64_t i = window->total; i-- > s->head;) {
        int64_t price = window->prices[i & window->mask];
        all.min = price < all.min ? price : all.min;
        all.not_max = ~price < all.not_max ? ~price : all.not_max;
        TW_ASSERT(window->times[i & window->mask] <= window->now_ns);
        if (i > s->head)
            TW_ASSERT(window->times[(i - 1) & window->mask] <= window->times[i & window->mask]);
    }
    TW_ASSERT(s->head < s->front_end); /* invariant 4 */
    extremes told = pane_extremes(s);
    TW_ASSERT(told.min == all.min && told.not_max == all.not_max);
}

void tw_window_check(const tw_window *window) {
    TW_ASSERT(window->places >= window->count_max + 3 && window->mask < window->places);
    TW_ASSERT(window->total - window_oldest(window) + 2 <= window->mask + 1); /* invariant 1 */
    TW_ASSERT(window->chain_first == CHAIN_NONE && window->last_ns <= window->now_ns);
    for (uint32_t i = 0; i < window->pane_count; i++)
        check_pane(window, i);
}
