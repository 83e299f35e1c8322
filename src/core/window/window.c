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
        config->window_count == 0 || config->window_count > TW_WINDOW_SPEC_MAX)
        return TW_RANGE;
    for (uint32_t i = 0; i < config->window_count; i++)
        if (!spec_is_in_range(&config->windows[i], config->count_max))
            return TW_RANGE;
    return TW_OK;
}

static size_t places_for(uint32_t count_max) {
    size_t places = 4;
    while (places < (size_t)count_max + 2) /* invariant 1 */
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
    p->suffix = TW_NEW(allocator, spec->count, extremes);
    if (p->suffix == NULL)
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
    window->pane_count = config->window_count;
    window->specs = specs;
    window->times = TW_NEW(allocator, places, int64_t);
    window->prices = TW_NEW(allocator, places, int64_t);
    window->lows = TW_NEW(allocator, places, totals_low);
    window->highs = TW_NEW(allocator, places, totals_high);
    bool whole = window->times != NULL && window->prices != NULL && window->lows != NULL &&
                 window->highs != NULL;
    if (some_volatility(config)) {
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
        TW_DELETE(allocator, window->panes[i].suffix, window->specs[i].count, extremes);
        window_order_free(allocator, window->panes[i].order);
    }
    TW_DELETE(allocator, window->times, places, int64_t);
    TW_DELETE(allocator, window->prices, places, int64_t);
    TW_DELETE(allocator, window->lows, places, totals_low);
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

void tw_window_clear(tw_window *window) {
    TW_ASSERT(window != NULL);
    window->mask = (window->places < PLACES_FIRST ? window->places : PLACES_FIRST) - 1;
    window->total = 0;
    window->started = false;
    window->lows[window->mask] = (totals_low){0}; /* before the first trade there was nothing */
    window->highs[window->mask] = (totals_high){0};
    if (window->returns != NULL)
        window->returns[window->mask] = (totals_return){0};
    window->times[0] = PLACE_NONE_NS;
    window_units_reset(window);
    for (uint32_t i = 0; i < window->pane_count; i++) {
        pane *p = &window->panes[i];
        p->head = p->crowded_out = 0;
        p->seed = 0;
        p->ema = p->ema_time = NAN;
        pane_turn_over(window, p);
        if (p->order != NULL)
            window_order_clear(p->order);
    }
}

/* What is at an index moves to where twice as many places have it: it stays, or goes as far up as
 * there were places, where nothing is yet. */
void window_grow(tw_window *window) {
    uint64_t from = window->mask;
    uint64_t to = 2 * from + 1;
    if (to >= window->places)
        return;
    uint64_t oldest = window->total;
    for (uint32_t j = 0; j < window->pane_count; j++)
        oldest = window->panes[j].head < oldest ? window->panes[j].head : oldest;
    for (uint64_t i = oldest - 1; i != window->total + 1; i++) {
        window->times[i & to] = window->times[i & from];
        window->prices[i & to] = window->prices[i & from];
        window->lows[i & to] = window->lows[i & from];
        if (window->wide)
            window->highs[i & to] = window->highs[i & from];
        if (window->returns != NULL)
            window->returns[i & to] = window->returns[i & from];
    }
    window->mask = to;
}

/* ---- one trade ---------------------------------------------------------------------------- */

void pane_reorder(const tw_window *window, pane *p, uint64_t head, bool entered) {
    int64_t size = facts_of(&window->price_unit)->size;
    uint64_t end = window->total - (entered ? 1 : 0);
    for (uint64_t i = p->head; i < head && i < end; i++)
        window_order_drop(p->order, window->prices[i & window->mask] * size);
    if (entered)
        window_order_put(p->order, window->prices[end & window->mask] * size);
}

void pane_seed(pane *p, const pane_spec *spec, uint64_t index, int64_t price_nano) {
    p->seed += price_nano;
    p->ema = NAN;
    uint64_t n = spec->ema_count;
    if (index + 1 == n)
        p->ema = ratio_round(wide192_of(p->seed), (wide_uint)n * UINT64_C(1953125), -9);
}

tw_status tw_window_push(tw_window *window, int64_t time_ns, tw_price price, tw_quantity quantity) {
    TW_ASSERT(window != NULL);
    int64_t units;
    tw_status status = ring_push(window, time_ns, price, quantity, &units);
    if (status != TW_OK)
        return status;
    uint64_t index = window->total - 1;
    double nearest = window_price(window, units);
    double elapsed = ring_elapsed(window);
    for (uint32_t i = 0; i < window->pane_count; i++) {
        pane *p = &window->panes[i];
        const pane_spec *spec = &window->specs[i];
        pane_push(window, p, spec, units);
        pane_ema(p, spec, index, nearest, price.nano);
        if (spec->tau > 0)
            pane_ema_time(p, index == 0, nearest, ema_weight(elapsed, spec->tau));
    }
    if ((window->total & window->mask) == 0)
        window_units_reconsider(window);
    return TW_OK;
}

tw_status tw_window_advance(tw_window *window, int64_t now_ns) {
    TW_ASSERT(window != NULL);
    if (window->started && now_ns < window->now_ns)
        return TW_INVALID;
    window->now_ns = now_ns;
    window->started = true;
    for (uint32_t i = 0; i < window->pane_count; i++) {
        pane *p = &window->panes[i];
        uint64_t head = pane_begin(window, p, &window->specs[i]);
        if (p->order != NULL)
            pane_reorder(window, p, head, false);
        pane_move(window, p, head);
    }
    return TW_OK;
}

/* ---- checking ----------------------------------------------------------------------------- */

static void check_pane(const tw_window *window, const pane *p) {
    const pane_spec *spec = spec_of(window, p);
    TW_ASSERT(p->front_count <= window_n(window, p) && p->front_at + p->front_count <= spec->count);
    TW_ASSERT(window_n(window, p) <= spec->count && spec->count <= window->count_max);
    extremes all = {INT64_MAX, INT64_MIN};
    for (uint64_t i = window->total; i-- > p->head;) {
        int64_t price = window->prices[i & window->mask];
        all.min = price < all.min ? price : all.min;
        all.max = price > all.max ? price : all.max;
        TW_ASSERT(window->times[i & window->mask] <= window->now_ns);
        if (i > p->head)
            TW_ASSERT(window->times[(i - 1) & window->mask] <= window->times[i & window->mask]);
    }
    extremes told = pane_extremes(p);
    TW_ASSERT(told.min == all.min && told.max == all.max); /* invariant 4 */
    if (p->order != NULL)
        window_order_check(p->order, window_n(window, p));
}

void tw_window_check(const tw_window *window) {
    TW_ASSERT(window->places >= window->count_max + 2 && window->mask < window->places);
    for (uint32_t i = 0; i < window->pane_count; i++) /* invariant 1 */
        TW_ASSERT(window_n(window, &window->panes[i]) + 2 <= window->mask ||
                  window->mask + 1 == window->places);
    TW_ASSERT(window->times[window->total & window->mask] == PLACE_NONE_NS);
    for (uint32_t i = 0; i < window->pane_count; i++)
        check_pane(window, &window->panes[i]);
}
