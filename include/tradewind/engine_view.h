/*
 * engine_view.h - what an engine looks like now, for another thread: plain data of bounded size.
 *
 *     engine's thread                        another thread
 *     tw_engine_turn(engine, ...);           tw_engine_viewer_want(viewer, true);
 *     tw_engine_viewer_turn(viewer, now);    view = tw_engine_viewer_read(viewer, &fresh);
 *
 * A viewer is filled between turns, only while somebody wants it, at most ten times a second and
 * only when something has happened (or a second has passed). It is handed over through a triple
 * buffer, so neither thread ever waits for the other and no view is torn.
 *
 * Beside what concerns all symbols, up to 16 selections show one symbol each: its depth, its
 * window, its bar in progress and the newest bars that ended since it was selected (older ones are
 * in the store).
 *
 * Memory: at creation, three views of about 130 KB and 200 bytes a symbol each.
 * Cost: one load a turn while nobody looks; a view is O(symbols + orders), see bench_engine_view.
 * Threads: turn and end belong to the engine's thread, want, select and read to one other thread.
 */
#ifndef TRADEWIND_ENGINE_VIEW_H
#define TRADEWIND_ENGINE_VIEW_H

#include "tradewind/engine.h"
#include "tradewind/window.h"

#define TW_ENGINE_VIEW_SELECTION_COUNT_MAX 16
#define TW_ENGINE_VIEW_ORDER_COUNT_MAX 64
#define TW_ENGINE_VIEW_LEVEL_COUNT_MAX 10
#define TW_ENGINE_VIEW_BAR_COUNT_MAX 64

/* Points in the life of an order, in the venue's time. */
typedef enum tw_engine_moment {
    TW_ENGINE_MOMENT_INTENDED = 0,
    TW_ENGINE_MOMENT_SENT = 1,
    TW_ENGINE_MOMENT_LIVE = 2,       /* the venue has it */
    TW_ENGINE_MOMENT_FIRST_FILL = 3, /* something of it traded */
    TW_ENGINE_MOMENT_CANCEL = 4,     /* a cancel was asked for */
    TW_ENGINE_MOMENT_ENDED = 5,      /* filled, canceled, rejected, expired: as its status says */
    TW_ENGINE_MOMENT_COUNT
} tw_engine_moment;

/* Where the engine stands with an order. */
typedef enum tw_engine_order_state {
    TW_ENGINE_ORDER_INTENDED = 0,
    TW_ENGINE_ORDER_SENT = 1,
    TW_ENGINE_ORDER_LIVE = 2,
    TW_ENGINE_ORDER_UNKNOWN = 3,
    TW_ENGINE_ORDER_DONE = 4
} tw_engine_order_state;

typedef struct tw_engine_view_order {
    tw_order order;
    int64_t life_ns[TW_ENGINE_MOMENT_COUNT]; /* 0: not yet, or never */
    const char *why;                         /* "drift", "flatten" ...; "" for an earlier run's */
    uint32_t state;                          /* tw_engine_order_state */
    uint32_t reserved;
} tw_engine_view_order;

/* A control that has a limit. */
typedef struct tw_engine_view_limit {
    tw_pretrade_reason reason;
    bool known;     /* there is a figure */
    bool stopped;   /* it has tripped and only lets positions become smaller */
    int64_t limit;  /* in tw_pretrade_reason_unit */
    int64_t figure; /* of now; of what only an order has (its value, its collar): of the newest */
} tw_engine_view_limit;

typedef struct tw_engine_view_position {
    tw_engine_holding holding;
    tw_money value;
    tw_money profit; /* not realised: value less what was paid; 0 when flat */
    bool outside;    /* of its band */
} tw_engine_view_position;

/* Of the target portfolio over the history, one day ahead; NaN where unknown. */
typedef struct tw_engine_view_risk {
    double value_at_risk_95; /* historical; a loss is positive, a share of equity */
    double shortfall_95;
    double value_at_risk_99_now; /* normal, of the positions as if all open orders were filled */
    double drawdown;             /* from the highest equity of the run */
    double day_loss;             /* since the day began; below 0 is a gain */
} tw_engine_view_risk;

typedef struct tw_engine_view_selection {
    bool on;
    tw_symbol symbol;
    int64_t timeframe_ns;
    tw_level bids[TW_ENGINE_VIEW_LEVEL_COUNT_MAX]; /* from the best outwards */
    tw_level asks[TW_ENGINE_VIEW_LEVEL_COUNT_MAX];
    uint32_t bid_count;
    uint32_t ask_count;
    tw_price last; /* of the newest trade; 0: none yet */
    tw_window_stats window;
    uint64_t bars_ended; /* since it was selected; the newest of them are below */
    uint32_t bar_count;
    bool has_current;
    tw_bar bars[TW_ENGINE_VIEW_BAR_COUNT_MAX]; /* oldest first */
    tw_bar current;                            /* in progress */
} tw_engine_view_selection;

typedef struct tw_engine_view {
    uint64_t sequence;       /* 1, 2, ... */
    int64_t taken_ns;        /* the caller's monotonic time */
    int64_t time_ns;         /* the venue's */
    tw_engine_report report; /* without the pointers of its risk */
    tw_engine_view_risk risk;
    tw_pretrade_figures figures;
    tw_engine_view_limit limits[TW_PRETRADE_REASON_COUNT];
    uint32_t limit_count;
    uint32_t order_count;
    tw_engine_view_order orders[TW_ENGINE_VIEW_ORDER_COUNT_MAX]; /* newest first */
    tw_engine_view_selection selections[TW_ENGINE_VIEW_SELECTION_COUNT_MAX];
    uint32_t symbol_count;
    const tw_engine_view_position *positions; /* [symbol_count]; borrowed, as the view */
} tw_engine_view;

typedef struct tw_engine_viewer tw_engine_viewer;

/* Called on the engine's thread when a view was handed over: wake who waits for it. */
typedef void (*tw_engine_on_view)(void *context);

TW_BEGIN_DECLS

/* Looks at an engine, which has one viewer at most and is borrowed until the viewer is freed.
 * Before the engine's first turn, or on its thread. `on_view` may be NULL. TW_NO_MEMORY. */
TW_API tw_status tw_engine_viewer_new(const tw_allocator *allocator, tw_engine *engine,
                                      tw_engine_on_view on_view, void *context,
                                      tw_engine_viewer **ret_viewer) TW_MUST_CHECK;
/* Before the engine is freed, when both threads have let go. NULL is ignored. */
TW_API void tw_engine_viewer_free(tw_engine_viewer *viewer);

/* Engine's thread, after a turn: fills a view if one is wanted and due. `now_ns` is monotonic. NULL
 * is ignored. */
TW_API void tw_engine_viewer_turn(tw_engine_viewer *viewer, int64_t now_ns);
/* Engine's thread: fills a view in any case, for the end of a run. NULL is ignored. */
TW_API void tw_engine_viewer_end(tw_engine_viewer *viewer, int64_t now_ns);

/* The other thread: views are wanted from now on, or not any more. */
TW_API void tw_engine_viewer_want(tw_engine_viewer *viewer, bool wanted);

/* The other thread: what a selection shows from the next view on. TW_RANGE: no such selection,
 * symbol, or timeframe of the engine. */
TW_API tw_status tw_engine_viewer_select(tw_engine_viewer *viewer, uint32_t selection,
                                         tw_symbol symbol, int64_t timeframe_ns) TW_MUST_CHECK;
TW_API void tw_engine_viewer_deselect(tw_engine_viewer *viewer, uint32_t selection);

/* The other thread: the newest view, or NULL; it stays until the next read. */
TW_API const tw_engine_view *tw_engine_viewer_read(tw_engine_viewer *viewer, bool *ret_fresh);

/* "intended", "sent", ...; "unknown", "done". Never NULL. */
TW_API const char *tw_engine_moment_name(tw_engine_moment moment);
TW_API const char *tw_engine_order_state_name(tw_engine_order_state state);

TW_END_DECLS

TW_DEFINE_AUTO(tw_engine_viewer, tw_engine_viewer_free)

#endif
