/*
 * view.c - what the engine looks like, copied between turns for another thread.
 *
 *     want, select --words--> turn: due? --copy--> triple buffer --> read
 *     on_bar (intake.c) ----> the bars of each selection that ended
 *
 * Invariants
 *  1. Nothing here changes what the engine does: it reads the engine's state and keeps its own.
 *  2. What the other thread asks for is one word for "wanted" and one for each selection; the
 *     engine's thread looks at the first each turn, and at the others when it fills a view.
 *  3. A view holds no pointer into the engine: those of the risk report are cut off, and the
 *     positions stand behind the view in the same place of the buffer.
 */
#include <math.h>
#include <string.h>

#include "engine_priv.h"
#include "tradewind/engine_view.h"
#include "tradewind/triple_buffer.h"

static const int64_t PERIOD_NS = 100 * TW_NS_PER_MS;
static const int64_t QUIET_NS = TW_NS_PER_SECOND; /* a view comes so often if nothing happens */

/* The bits of a selection's word above the symbol. */
static const uint64_t ON = UINT64_C(1) << 63;
enum { FRAME_SHIFT = 32, FRAME_MASK = 0xff };

/* A selection as the engine's thread follows it. */
typedef struct followed {
    uint64_t word; /* 0: nothing is selected */
    tw_symbol symbol;
    uint32_t frame;
    uint64_t ended;
    tw_bar bars[TW_ENGINE_VIEW_BAR_COUNT_MAX]; /* a ring; the n-th to end stands at n modulo size */
} followed;

struct tw_engine_viewer {
    const tw_allocator *allocator;
    tw_engine *engine;
    tw_engine_on_view on_view;
    void *context;
    tw_triple_buffer *buffer;

    _Atomic uint32_t wanted;
    _Atomic uint64_t words[TW_ENGINE_VIEW_SELECTION_COUNT_MAX];

    /* The engine's thread. */
    followed followed[TW_ENGINE_VIEW_SELECTION_COUNT_MAX];
    uint64_t sequence;
    int64_t next_ns;
    int64_t taken_ns;
    uint64_t happened; /* when the last view was taken */
};

_Static_assert((int)TW_ENGINE_ORDER_INTENDED == (int)ORDER_INTENDED &&
                   (int)TW_ENGINE_ORDER_SENT == (int)ORDER_SENT &&
                   (int)TW_ENGINE_ORDER_LIVE == (int)ORDER_LIVE &&
                   (int)TW_ENGINE_ORDER_UNKNOWN == (int)ORDER_UNKNOWN &&
                   (int)TW_ENGINE_ORDER_DONE == (int)ORDER_DONE,
               "the states of the order table, in their order");

/* ---- words --------------------------------------------------------------------------------- */

const char *tw_engine_moment_name(tw_engine_moment moment) {
    static const char *const names[] = {"intended",   "sent",   "live",
                                        "first_fill", "cancel", "ended"};
    size_t index = (size_t)moment;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

const char *tw_engine_order_state_name(tw_engine_order_state state) {
    static const char *const names[] = {"intended", "sent", "live", "unknown", "done"};
    size_t index = (size_t)state;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

/* ---- selections ---------------------------------------------------------------------------- */

/* Takes over what was selected; what was followed before is forgotten. */
static void follow(followed *to, uint64_t word) {
    if (to->word == word)
        return;
    to->word = word;
    to->symbol = (tw_symbol)(word & UINT32_MAX);
    to->frame = (uint32_t)(word >> FRAME_SHIFT) & FRAME_MASK;
    to->ended = 0;
}

void view_on_bar(tw_engine_viewer *viewer, const tw_bar *bar) {
    const int64_t *frames = viewer->engine->config.timeframes_ns;
    for (size_t i = 0; i < TW_ENGINE_VIEW_SELECTION_COUNT_MAX; i++) {
        followed *to = &viewer->followed[i];
        if (to->word != 0 && to->symbol == bar->symbol && frames[to->frame] == bar->timeframe_ns)
            to->bars[to->ended++ % TW_ENGINE_VIEW_BAR_COUNT_MAX] = *bar;
    }
}

static void show_bars(const tw_engine *engine, const followed *from,
                      tw_engine_view_selection *ret_selection) {
    uint64_t count =
        from->ended < TW_ENGINE_VIEW_BAR_COUNT_MAX ? from->ended : TW_ENGINE_VIEW_BAR_COUNT_MAX;
    ret_selection->bars_ended = from->ended;
    ret_selection->bar_count = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++)
        ret_selection->bars[i] =
            from->bars[(from->ended - count + i) % TW_ENGINE_VIEW_BAR_COUNT_MAX];
    ret_selection->has_current =
        tw_bars_current(engine->bars, from->symbol, from->frame, &ret_selection->current) == TW_OK;
}

static void show_selection(const tw_engine *engine, const followed *from,
                           tw_engine_view_selection *ret_selection) {
    ret_selection->on = from->word != 0;
    if (!ret_selection->on)
        return;
    ret_selection->symbol = from->symbol;
    ret_selection->timeframe_ns = engine->config.timeframes_ns[from->frame];
    ret_selection->bid_count =
        (uint32_t)tw_book_depth(engine->book, from->symbol, TW_SIDE_BUY, ret_selection->bids,
                                TW_ENGINE_VIEW_LEVEL_COUNT_MAX);
    ret_selection->ask_count =
        (uint32_t)tw_book_depth(engine->book, from->symbol, TW_SIDE_SELL, ret_selection->asks,
                                TW_ENGINE_VIEW_LEVEL_COUNT_MAX);
    ret_selection->last = engine->symbols[from->symbol].last;
    tw_window_read(engine->windows[from->symbol], 0, &ret_selection->window);
    show_bars(engine, from, ret_selection);
}

/* ---- the rest of a view -------------------------------------------------------------------- */

static double share_of(int64_t part_nano, int64_t whole_nano) {
    return whole_nano > 0 ? (double)part_nano / (double)whole_nano : NAN;
}

static void show_risk(const tw_engine *engine, tw_engine_view *view) {
    const tw_risk_report *risk = &engine->report.risk;
    const tw_pretrade_figures *figures = &view->figures;
    view->risk = (tw_engine_view_risk){
        .value_at_risk_95 = NAN,
        .shortfall_95 = NAN,
        .value_at_risk_99_now =
            figures->equity.nano > 0
                ? figures->value_at_risk / tw_decimal_to_double(figures->equity.nano)
                : NAN,
        .drawdown =
            share_of(figures->peak_equity.nano - figures->equity.nano, figures->peak_equity.nano),
        .day_loss =
            share_of(figures->day_equity.nano - figures->equity.nano, figures->day_equity.nano),
    };
    uint32_t place = engine->report.risk_valid ? tw_risk_find(risk, TW_RISK_HISTORICAL, 0.95, 1)
                                               : risk->estimate_count;
    if (place < risk->estimate_count && risk->estimates[place].valid) {
        view->risk.value_at_risk_95 = risk->estimates[place].value;
        view->risk.shortfall_95 = risk->estimates[place].expected_shortfall;
    }
}

/* Invariant 3. */
static void cut_pointers(tw_risk_report *risk) {
    risk->portfolio = NULL;
    risk->rows = NULL;
    risk->estimates = NULL;
    risk->estimate_count = 0;
    risk->volatility_contributions = NULL;
    risk->volatility_shares = NULL;
    risk->var_contributions = NULL;
    risk->shortfall_contributions = NULL;
    risk->var_marginals = NULL;
    risk->shortfall_marginals = NULL;
    risk->var_increments = NULL;
    risk->shortfall_increments = NULL;
    risk->covariance = NULL;
}

static void show_position(const tw_engine *engine, tw_symbol symbol,
                          tw_engine_view_position *ret_position) {
    const engine_symbol *state = &engine->symbols[symbol];
    tw_money paid = {0};
    summary_describe(engine, symbol, &ret_position->holding);
    ret_position->value = state->value;
    ret_position->outside = state->outside;
    ret_position->profit = (tw_money){0};
    if (state->average.nano == 0 || tw_notional(state->average, state->quantity, &paid) != TW_OK ||
        tw_decimal_subtract(state->value.nano, paid.nano, &ret_position->profit.nano) != TW_OK)
        ret_position->profit = (tw_money){0}; /* beyond 9.2 billion: the value itself is told */
}

static void show_orders(const tw_engine *engine, tw_engine_view *view) {
    const order_table *table = &engine->orders;
    uint32_t count = table->count < TW_ENGINE_VIEW_ORDER_COUNT_MAX ? table->count
                                                                   : TW_ENGINE_VIEW_ORDER_COUNT_MAX;
    view->order_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const order_record *record = &table->records[table->count - 1 - i];
        tw_engine_view_order *shown = &view->orders[i];
        shown->order = record->order;
        shown->why = record->why != NULL ? record->why : "";
        shown->state = record->state;
        memcpy(shown->life_ns, record->life_ns, sizeof shown->life_ns);
    }
}

/* Grows with whatever a view shows. */
static uint64_t count_happened(const tw_engine *engine) {
    const tw_engine_report *report = &engine->report;
    return report->trades + report->quotes + report->levels + report->venue_bars +
           report->journal_entries + (uint64_t)engine->phase;
}

static void fill(tw_engine_viewer *viewer, int64_t now_ns) {
    const tw_engine *engine = viewer->engine;
    tw_engine_view *view = tw_triple_buffer_begin(viewer->buffer);
    tw_engine_view_position *positions = (tw_engine_view_position *)(view + 1);
    view->sequence = ++viewer->sequence;
    view->taken_ns = now_ns;
    view->time_ns = engine->now_ns;
    tw_engine_get_report(engine, &view->report, NULL);
    cut_pointers(&view->report.risk);
    tw_pretrade_get_figures(engine->gate, &view->figures);
    show_risk(engine, view);
    view->limit_count = limits_view(engine, &view->figures, view->limits);
    show_orders(engine, view);
    for (size_t i = 0; i < TW_ENGINE_VIEW_SELECTION_COUNT_MAX; i++) {
        follow(&viewer->followed[i], atomic_load(&viewer->words[i]));
        show_selection(engine, &viewer->followed[i], &view->selections[i]);
    }
    view->symbol_count = engine->config.symbol_count;
    view->positions = positions;
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++)
        show_position(engine, s, &positions[s]);
    tw_triple_buffer_publish(viewer->buffer);
    if (viewer->on_view != NULL)
        viewer->on_view(viewer->context);
}

/* Somebody selected another thing since the last view. */
static bool is_selected_anew(const tw_engine_viewer *viewer) {
    for (size_t i = 0; i < TW_ENGINE_VIEW_SELECTION_COUNT_MAX; i++) {
        if (atomic_load_explicit(&viewer->words[i], memory_order_relaxed) !=
            viewer->followed[i].word)
            return true;
    }
    return false;
}

/* ---- the engine's thread ------------------------------------------------------------------- */

static void take(tw_engine_viewer *viewer, int64_t now_ns) {
    viewer->next_ns = now_ns + PERIOD_NS;
    viewer->taken_ns = now_ns;
    viewer->happened = count_happened(viewer->engine);
    fill(viewer, now_ns);
}

void tw_engine_viewer_turn(tw_engine_viewer *viewer, int64_t now_ns) {
    if (viewer == NULL || atomic_load_explicit(&viewer->wanted, memory_order_relaxed) == 0 ||
        now_ns < viewer->next_ns)
        return;
    bool quiet = count_happened(viewer->engine) == viewer->happened && !is_selected_anew(viewer);
    if (!quiet || now_ns - viewer->taken_ns >= QUIET_NS || viewer->sequence == 0)
        take(viewer, now_ns);
}

void tw_engine_viewer_end(tw_engine_viewer *viewer, int64_t now_ns) {
    if (viewer != NULL)
        take(viewer, now_ns);
}

/* ---- the other thread ---------------------------------------------------------------------- */

void tw_engine_viewer_want(tw_engine_viewer *viewer, bool wanted) {
    atomic_store(&viewer->wanted, wanted ? 1 : 0);
}

tw_status tw_engine_viewer_select(tw_engine_viewer *viewer, uint32_t selection, tw_symbol symbol,
                                  int64_t timeframe_ns) {
    const tw_engine_config *config = &viewer->engine->config; /* never changes */
    if (selection >= TW_ENGINE_VIEW_SELECTION_COUNT_MAX || symbol >= config->symbol_count)
        return TW_RANGE;
    for (uint32_t frame = 0; frame < config->timeframe_count; frame++) {
        if (config->timeframes_ns[frame] != timeframe_ns)
            continue;
        atomic_store(&viewer->words[selection], ON | (uint64_t)frame << FRAME_SHIFT | symbol);
        return TW_OK;
    }
    return TW_RANGE;
}

void tw_engine_viewer_deselect(tw_engine_viewer *viewer, uint32_t selection) {
    TW_ASSERT(selection < TW_ENGINE_VIEW_SELECTION_COUNT_MAX);
    atomic_store(&viewer->words[selection], 0);
}

const tw_engine_view *tw_engine_viewer_read(tw_engine_viewer *viewer, bool *ret_fresh) {
    return tw_triple_buffer_read(viewer->buffer, ret_fresh);
}

/* ---- life ---------------------------------------------------------------------------------- */

tw_status tw_engine_viewer_new(const tw_allocator *allocator, tw_engine *engine,
                               tw_engine_on_view on_view, void *context,
                               tw_engine_viewer **ret_viewer) {
    TW_ASSERT(engine->viewer == NULL);
    tw_engine_viewer *viewer = TW_NEW(allocator, 1, tw_engine_viewer);
    if (viewer == NULL)
        return TW_NO_MEMORY;
    viewer->allocator = allocator;
    viewer->engine = engine;
    viewer->on_view = on_view;
    viewer->context = context;
    size_t size =
        sizeof(tw_engine_view) + engine->config.symbol_count * sizeof(tw_engine_view_position);
    tw_status status = tw_triple_buffer_new(allocator, size, &viewer->buffer);
    if (status != TW_OK) {
        TW_DELETE(allocator, viewer, 1, tw_engine_viewer);
        return status;
    }
    engine->viewer = viewer;
    *ret_viewer = viewer;
    return TW_OK;
}

void tw_engine_viewer_free(tw_engine_viewer *viewer) {
    if (viewer == NULL)
        return;
    viewer->engine->viewer = NULL;
    tw_triple_buffer_free(viewer->buffer);
    TW_DELETE(viewer->allocator, viewer, 1, tw_engine_viewer);
}
