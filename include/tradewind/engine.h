/*
 * engine.h - the trading system: market events in, order intents out, everything journaled.
 *
 * The engine is one deterministic state machine. It knows three ports and never a concrete kind
 * behind them: a feed (market and venue events in), a broker (orders out) and a store (rows and
 * the journal). The same engine therefore runs against a real venue, the simulated exchange or a
 * test in virtual time; the same events in the same order give the same journal, byte for byte.
 *
 *     feed --> book, windows, bars --> store
 *                   |
 *              decision point: risk --> targets --> rebalance --> checks --> journal --> broker
 *                   ^                                                                     |
 *                   +----------------- fills, positions, cash <---------------------------+
 *
 * Orders are sacred: an intent is sent only after the store says that its journal record is
 * durable; its client order id is made of strategy, store epoch and intent sequence, so sending
 * it again cannot make a second order; a submit whose outcome is unknown stays TW_ORDER_UNKNOWN
 * until the venue says what became of it.
 *
 * Time: `time_ns` in events is the venue's time and drives every decision. Monotonic times are
 * used for latency figures only and never reach the journal.
 *
 * Memory: everything is taken at creation from the maxima in tw_engine_config, but for the estimate
 * of a covariance, which borrows some for the length of a decision.
 * Cost: a market event is a book change, a window push, a bar push and a band check.
 * Threads: an engine belongs to one thread; the ports may hide rings to other threads.
 */
#ifndef TRADEWIND_ENGINE_H
#define TRADEWIND_ENGINE_H

#include "tradewind/alloc.h"
#include "tradewind/error.h"
#include "tradewind/flight.h"
#include "tradewind/histogram.h"
#include "tradewind/market.h"
#include "tradewind/pretrade.h"
#include "tradewind/rebalance.h"
#include "tradewind/risk.h"
#include "tradewind/strategy.h"
#include "tradewind/zone.h"

/* ---- events in ---------------------------------------------------------------------------- */

typedef enum tw_market_kind {
    TW_MARKET_TRADE = 1,
    TW_MARKET_QUOTE = 2,
    TW_MARKET_LEVEL = 3,
    TW_MARKET_BAR = 4
} tw_market_kind;

/* One market event, small enough to travel by the million. */
typedef struct tw_market_event {
    int64_t received_ns; /* monotonic: when its bytes were read */
    uint32_t kind;       /* tw_market_kind */
    uint32_t decoded_ns; /* of an event whose stages are to be timed: from its bytes to here, at
                            least 1; 0: they are not */
    union {
        tw_trade trade;
        tw_quote quote;
        tw_level level;
        tw_bar bar;
    } as;
} tw_market_event;

typedef enum tw_venue_kind {
    TW_VENUE_ACCOUNT = 1,      /* account */
    TW_VENUE_POSITION = 2,     /* position */
    TW_VENUE_OPEN_ORDER = 3,   /* order */
    TW_VENUE_SNAPSHOT_END = 4, /* account, positions and open orders are complete */
    TW_VENUE_HISTORY = 5,      /* history: one daily bar */
    TW_VENUE_HISTORY_END = 6,
    TW_VENUE_UP = 7,             /* outage: both streams deliver */
    TW_VENUE_DOWN = 8,           /* a stream was lost: no trading until the next snapshot. Once an
                                    outage; another before TW_VENUE_UP tells nothing new */
    TW_VENUE_FAILED = 9,         /* failure: it will not come back */
    TW_VENUE_ORDER_UPDATE = 10,  /* update: the venue tells of an order */
    TW_VENUE_SUBMIT_RESULT = 11, /* result: how a submit ended */
    TW_VENUE_QUERY_RESULT = 12,  /* result: what a query by client order id found */
    TW_VENUE_CANCEL_RESULT = 13, /* result: how a cancel request ended */
    TW_VENUE_TIME = 14           /* nothing but the venue's time */
} tw_venue_kind;

/* What the venue says about one of its orders. `filled` and `average_price` are cumulative, so
 * a repeated or a missed message cannot make a wrong position. */
typedef struct tw_order_update {
    tw_order order;
    char event[24]; /* the venue's word: "new", "fill", "partial_fill", "canceled" ... */
    char execution_id[TW_EXECUTION_ID_SIZE];
    tw_price price;       /* of this execution; zero when it is none */
    tw_quantity quantity; /* of this execution; zero when it is none */
} tw_order_update;

/* The end of a request about one order. */
typedef struct tw_order_result {
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE];
    tw_status status; /* TW_OK, TW_REFUSED (rejected), TW_NOT_FOUND, TW_UNKNOWN, or why not sent */
    int32_t code;     /* the venue's error code, or 0 */
    char message[160];
    tw_order order; /* when status is TW_OK and the venue answered with one */
} tw_order_result;

typedef struct tw_account {
    tw_money cash;
    tw_money equity;
    tw_money buying_power;
    uint64_t identity; /* a fingerprint of its number at the venue; 0: it has none that lasts */
    uint8_t trading_blocked;
    uint8_t reserved[7];
} tw_account;

typedef struct tw_venue_failure {
    tw_status status;
    char message[256];
} tw_venue_failure;

/* What lies behind a venue that is back. */
typedef struct tw_venue_outage {
    int64_t away_ns;   /* by our clock; 0 when it was never down */
    uint64_t attempts; /* to connect, the one that succeeded among them */
} tw_venue_outage;

/* One event of account, orders or connection. Rarer and larger than market events. */
typedef struct tw_venue_event {
    int64_t time_ns;
    int64_t received_ns;
    uint32_t kind;       /* tw_venue_kind */
    uint32_t connection; /* of the venue's own counting, for its ports; the engine does not look */
    union {
        tw_account account;
        tw_position position;
        tw_order order;
        tw_bar history;
        tw_order_update update;
        tw_order_result result;
        tw_venue_failure failure;
        tw_venue_outage outage;
    } as;
} tw_venue_event;

/* ---- the kill switch ----------------------------------------------------------------------- */

/* What a kill does; each does what those before it do. */
typedef enum tw_kill_level {
    TW_KILL_NONE = 0,
    TW_KILL_NEW = 1,    /* nothing new is sent */
    TW_KILL_CANCEL = 2, /* open orders are cancelled */
    TW_KILL_FLATTEN = 3 /* every position is closed */
} tw_kill_level;

typedef enum tw_kill_source {
    TW_KILL_BY_CALL = 0,
    TW_KILL_BY_SIGNAL = 1,
    TW_KILL_BY_FILE = 2,
    TW_KILL_BY_RULE = 3, /* a stop of the controls was tripped */
    TW_KILL_BY_PAGE = 4  /* somebody at the dashboard */
} tw_kill_source;

/* ---- a plan that an earlier run did not finish ---------------------------------------------- */

#define TW_ENGINE_PLAN_REASON_SIZE 24

typedef struct tw_engine_plan_trade {
    tw_symbol symbol;
    uint8_t side;   /* tw_side */
    uint8_t denied; /* by a control, in the run that planned it: it is not tried again */
    uint8_t reserved[2];
    tw_quantity quantity; /* planned */
    tw_quantity filled;   /* by orders that are over */
} tw_engine_plan_trade;

/* An order of such a plan that was adopted; its shares count for that trade. */
typedef struct tw_engine_plan_order {
    const char *client_order_id;
    uint32_t trade; /* index */
    uint32_t reserved;
} tw_engine_plan_order;

typedef struct tw_engine_plan {
    uint64_t decision;                  /* sequence of its journal entry */
    int64_t decided_ns;                 /* and its time */
    uint64_t targets;                   /* the fingerprint that its entries tell */
    const tw_engine_plan_trade *trades; /* sells, then buys; no symbol twice */
    const tw_engine_plan_order *orders;
    uint32_t trade_count; /* at most the number of symbols */
    uint32_t order_count;
    char refused[TW_ENGINE_PLAN_REASON_SIZE]; /* a word: why it cannot go on; empty: it may */
} tw_engine_plan;

/* ---- ports -------------------------------------------------------------------------------- */

/* Events in. Both pops return TW_OK, or TW_EMPTY when there is nothing now. */
typedef struct tw_feed_port {
    tw_status (*next_market)(void *context, tw_market_event *ret_event);
    tw_status (*next_venue)(void *context, tw_venue_event *ret_event);
    void *context;
} tw_feed_port;

/* Orders out. Each call only hands over; the answer comes back as an event. TW_FULL means "not
 * taken, ask again next turn". */
typedef struct tw_broker_port {
    tw_status (*submit)(void *context, const tw_order *order);
    tw_status (*cancel)(void *context, const tw_order *order);
    tw_status (*query)(void *context, const tw_order *order);
    /* Asks for account, positions and open orders; they come as a snapshot's events. */
    tw_status (*snapshot)(void *context);
    void *context;
} tw_broker_port;

#define TW_JOURNAL_KIND_SIZE 16
#define TW_JOURNAL_PAYLOAD_SIZE 992

/* One line of the journal. Sequences start at 1 and have no gap. */
typedef struct tw_journal_entry {
    uint64_t sequence;
    int64_t time_ns;
    char kind[TW_JOURNAL_KIND_SIZE];
    char payload[TW_JOURNAL_PAYLOAD_SIZE]; /* JSON object, NUL-terminated */
} tw_journal_entry;

/* Rows out. TW_FULL means back-pressure: the engine keeps the row and stops reading events.
 * Any other failure ends the run: what cannot be recorded is not traded. */
typedef struct tw_store_port {
    tw_status (*put_trade)(void *context, const tw_trade *trade);
    tw_status (*put_bar)(void *context, const tw_bar *bar);
    tw_status (*put_order)(void *context, const tw_order *order);
    tw_status (*put_fill)(void *context, const tw_fill *fill);
    tw_status (*append_journal)(void *context, const tw_journal_entry *entry);
    /* The highest journal sequence that would survive a power cut now. */
    uint64_t (*durable_sequence)(void *context);
    /* TW_OK, or the failure that stopped the store. */
    tw_status (*health)(void *context);
    void *context;
    /* What has been put and appended since the last call belongs together: the store must hold all
     * of it or nothing, whenever it is looked at again (a fill and its order, an intent and its
     * checks). May be NULL. */
    void (*whole)(void *context);
} tw_store_port;

/* Told of what else reaches the engine, beside the other ports: together they are all that its
 * journal is made from. A recording notes it, and a replay puts what was noted in its place. Each
 * call may be NULL; all come from the engine's thread. */
typedef struct tw_input_port {
    /* An order of an earlier run was taken over. */
    void (*adopted)(void *context, const tw_order *order);
    /* A plan of an earlier run was taken over. */
    void (*resumed)(void *context, const tw_engine_plan *plan);
    /* A turn begins; `stop`: tw_engine_stop has been called. */
    void (*turn)(void *context, uint32_t event_count_max, bool stop);
    /* The engine looks at its kill switch and will believe what is left here. */
    void (*killed)(void *context, tw_kill_level *level, tw_kill_source *source);
    void *context;
} tw_input_port;

/* Everything outside of the engine. */
typedef struct tw_engine_ports {
    tw_feed_port feed;
    tw_broker_port broker;
    tw_store_port store;
    tw_input_port inputs; /* all zero: nobody is told */
} tw_engine_ports;

/* A strategy of the user's own (strategy.h). It never sees an order. Both calls say how long they
 * took: 0 where nobody looked at a clock, which is what makes a run repeatable. */
typedef struct tw_strategy_port {
    /* TW_STRATEGY_WEIGHTS, TW_STRATEGY_KEEP, or anything else: it failed. */
    int (*weigh)(void *context, const tw_strategy_view *view, double *ret_weights,
                 int64_t *ret_took_ns);
    /* TW_STRATEGY_SIGNAL or TW_STRATEGY_QUIET. NULL: it does not want bars. */
    int (*bar)(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns);
    void *context;
    const char *name; /* as tw_strategy_object has it; lives as long as the engine */
} tw_strategy_port;

/* ---- configuration ------------------------------------------------------------------------ */

typedef enum tw_strategy {
    TW_STRATEGY_EQUAL = 0,
    TW_STRATEGY_INVERSE_VOLATILITY = 1,
    TW_STRATEGY_TARGETS = 2,     /* weights given from outside */
    TW_STRATEGY_RISK_PARITY = 3, /* each symbol the same share of the risk */
    TW_STRATEGY_MINIMUM_VARIANCE = 4,
    TW_STRATEGY_MOMENTUM = 5, /* the best of the past, in equal shares */
    TW_STRATEGY_PORT = 6      /* the user's own */
} tw_strategy;

#define TW_ENGINE_TIMEFRAME_COUNT_MAX 8
#define TW_ENGINE_TIME_COUNT_MAX 16

/* Symbols that the two strategies with a covariance take at most: it has their square of places. */
#define TW_ENGINE_COVARIANCE_COUNT_MAX 2048

/* Returns from so many days ago until `skip` days ago; the best `top` are held. */
typedef struct tw_engine_momentum {
    uint32_t top;
    uint32_t days; /* the span of the return; with skip at most history_days_max */
    uint32_t skip; /* newest days left out */
} tw_engine_momentum;

#define TW_STRATEGY_NAME_SIZE 24

typedef struct tw_engine_config {
    char strategy_name[TW_STRATEGY_NAME_SIZE]; /* prefix of client order ids: a-z 0-9 - */
    uint64_t epoch;                            /* of the store: keeps ids of two stores apart */
    uint64_t account; /* the identity that the venue's account must have; 0: that of the first
                       * snapshot. Another one ends the run: TW_LIMIT */
    uint64_t intent_sequence;  /* last one ever used; the next is one more */
    uint64_t journal_sequence; /* last one ever written */

    uint32_t symbol_count; /* symbols 0 .. symbol_count-1 of the table are traded */
    uint32_t order_count_max;
    uint32_t level_count_max;
    uint32_t history_days_max; /* daily closes kept a symbol */
    uint32_t window_count;     /* ticks in the sliding window of a symbol */
    int64_t window_span_ns;    /* and its span; 0 for none */
    int64_t timeframes_ns[TW_ENGINE_TIMEFRAME_COUNT_MAX];
    uint32_t timeframe_count;

    tw_strategy strategy;
    const double *target_weights;  /* TW_STRATEGY_TARGETS: one a symbol; copied */
    double cash_weight;            /* share of equity kept in cash, e.g. 0.02 */
    double band;                   /* half width around a target as a share of equity */
    int64_t rebalance_interval_ns; /* between scheduled decisions; 0: once, then on drift only */
    /* Times of day, in seconds of the zone's local clock, at which a decision is made from Monday
     * to Friday; without a fresh price of any symbol, or a quarter of an hour late, they pass. */
    uint32_t times_s[TW_ENGINE_TIME_COUNT_MAX];
    uint32_t time_count;
    const tw_zone *zone;         /* of the exchange's days; borrowed; NULL: UTC */
    bool drift_ignored;          /* no decision because a symbol has left its band */
    tw_engine_momentum momentum; /* TW_STRATEGY_MOMENTUM */
    tw_strategy_port port;       /* TW_STRATEGY_PORT */
    int64_t strategy_budget_ns;  /* a call of the port above it is journaled; 0: none is */
    int64_t order_patience_ns;   /* an order still open after it is cancelled */
    int64_t duration_ns;         /* of venue time after the first decision; 0: until stopped */
    tw_quantity lot;             /* order quantities are multiples of it */

    /* Limits of every order; a breach denies it, journals why with the figures, and counts it. The
     * collar and the age of a price must be set: limit prices are made at nine tenths of the
     * collar from the mid. The engine fills in symbols and orders. */
    tw_pretrade_config controls;
    int64_t past_ns;            /* venue time at which `past` was counted; 0: nothing was */
    tw_pretrade_past past;      /* what counted in an earlier run against the controls of losses */
    tw_kill_level kill_on_stop; /* when a stop of the controls trips; NONE: they only deny */
    int64_t warm_ns_max;        /* wait so long for a price of every symbol, then trade the rest */
    int64_t decision_gap_ns;    /* least time between two decisions */
    int64_t resume_ns_max;   /* a plan that was interrupted goes on if it is not older; 0: never */
    int64_t reconcile_ns;    /* between comparisons with the venue while trading; 0: none */
    uint32_t difference_max; /* an hour; more of them are a kill by rule; 0: any number */

    int64_t (*monotonic_ns)(void); /* for latency figures; NULL: none are taken */
    tw_flight *flight;             /* phases and journal entries are noted there; may be NULL */
} tw_engine_config;

/* ---- state and report --------------------------------------------------------------------- */

typedef enum tw_engine_phase {
    TW_ENGINE_STARTING = 0, /* waiting for snapshot, history and streams */
    TW_ENGINE_SETTLING = 1, /* orders that are at the venue are brought to their end */
    TW_ENGINE_WARMING = 2,  /* waiting for a price of every symbol */
    TW_ENGINE_TRADING = 3,
    TW_ENGINE_PAUSED = 4,   /* the venue is away: no new orders */
    TW_ENGINE_STOPPING = 5, /* open orders are cancelled */
    TW_ENGINE_DONE = 6,
    TW_ENGINE_FAILED = 7
} tw_engine_phase;

/* Plain counts and figures of a run so far. */
typedef struct tw_engine_report {
    tw_engine_phase phase;
    int64_t started_ns; /* venue time of the first event */
    int64_t ended_ns;   /* venue time of the newest event */

    uint64_t trades;
    uint64_t quotes;
    uint64_t levels;
    uint64_t venue_bars;
    uint64_t bars_built;
    uint64_t rows_put;
    uint64_t journal_entries;
    uint64_t book_anomalies;
    uint64_t late_trades;
    uint64_t odd_events; /* left out: no price or quantity, or a time far in the future */

    uint64_t decisions;
    uint64_t strategy_calls;   /* of the user's own strategy, for weights or with a bar */
    uint64_t strategy_slow;    /* of these, above their budget */
    uint64_t strategy_refused; /* times that no weights came of a strategy that stand */
    uint64_t strategy_signals; /* times that it asked for a decision */
    uint64_t trades_planned;
    uint64_t trades_lower_bound;
    uint64_t plans_infeasible; /* decisions that found no way into the bands and the cash window */
    uint64_t plans_resumed;    /* went on after an interruption, of this run or an earlier one */
    uint64_t orders;
    uint64_t orders_filled;
    uint64_t orders_canceled;
    uint64_t orders_rejected;
    uint64_t orders_open;
    uint64_t orders_unknown;
    uint64_t orders_adopted_open; /* of earlier runs, and not yet at their end */
    uint64_t orders_resent;       /* times that one was sent again, under its own id */
    uint64_t orders_denied;       /* by our own checks; never sent */
    uint64_t cancels_held;        /* orders whose cancel had to wait for the rate of cancels */
    char denied_reason[24];       /* why the newest of them; empty when none */
    uint64_t denied[TW_PRETRADE_REASON_COUNT];
    uint64_t fills;
    uint64_t fills_repeated;
    uint64_t fills_recovered; /* learned from a query or snapshot, not from the stream */
    uint64_t differences;     /* positions or cash that the venue told otherwise */
    uint64_t pauses;
    uint64_t reconciliations; /* comparisons with the venue after which the figures agreed */
    int64_t reconciled_ns;    /* venue time of the newest; 0: none yet */
    int64_t agreed_ns; /* the same by `monotonic_ns`, which goes on while the venue is away */
    uint64_t foreign;  /* orders of the account that are not ours, told of in snapshots */

    tw_kill_level killed; /* in force */
    tw_kill_source killed_by;
    int64_t killed_ns; /* venue time of the newest kill */
    uint64_t kills;

    tw_money cash_before;
    tw_money cash_after;
    tw_money equity_before;
    tw_money equity_after;
    tw_money turnover;

    uint32_t history_days; /* rows used for the risk figures */
    bool risk_valid;
    tw_risk_report risk; /* of the target portfolio over the history */
} tw_engine_report;

/* One line a symbol of the report. */
typedef struct tw_engine_holding {
    tw_symbol symbol;
    uint32_t reserved;
    tw_quantity quantity_before;
    tw_quantity quantity_after;
    tw_price average_price; /* entry price of it; 0 when flat */
    tw_price price;
    double weight_before;
    double weight_after;
    double weight_target;
    double band_low;
    double band_high;
    double volatility;       /* annual, of the history; NaN when unknown */
    double volatility_share; /* of the target portfolio's variance; NaN when unknown */
} tw_engine_holding;

/* Where time goes between the bytes of an event and an order of ours. The first two are timed of
 * the events that the feed marks, the others each time. */
typedef enum tw_engine_stage {
    TW_ENGINE_STAGE_QUEUE,   /* decoded, until the engine takes it */
    TW_ENGINE_STAGE_INTAKE,  /* book, window, bars, value, band */
    TW_ENGINE_STAGE_DECIDE,  /* risk, targets, the plan: a decision */
    TW_ENGINE_STAGE_CHECK,   /* price, cash, limits, its row and entry: a planned trade */
    TW_ENGINE_STAGE_DURABLE, /* an intent, until it is on the disk and with the broker */
    TW_ENGINE_STAGE_ORDER, /* all: bytes of the newest event before an intent, until it is there */
    TW_ENGINE_STAGE_COUNT
} tw_engine_stage;

typedef struct tw_engine tw_engine;

TW_BEGIN_DECLS

/* Makes an engine. The symbol table and the ports are borrowed and must outlive it.
 * TW_INVALID (with the field at fault), TW_NO_MEMORY. */
TW_API tw_status tw_engine_new(const tw_allocator *allocator, const tw_engine_config *config,
                               const tw_symbols *symbols, const tw_engine_ports *ports,
                               tw_engine **ret_engine, tw_error *error) TW_MUST_CHECK;
TW_API void tw_engine_free(tw_engine *engine);

/* Before the first turn: an order of an earlier run that was not final. The engine asks the
 * venue what became of it before it trades. TW_FULL. */
TW_API tw_status tw_engine_adopt(tw_engine *engine, const tw_order *order) TW_MUST_CHECK;

/* Before the first turn, and after the orders were adopted: a plan that an earlier run of the same
 * store did not finish. When all is settled the engine goes on with what is left of it, or drops it
 * and journals why: it is older than `resume_ns_max`, something else is wanted now, or `refused`
 * says so. Everything is copied. TW_INVALID: such a plan was never made; nothing has changed. */
TW_API tw_status tw_engine_resume(tw_engine *engine, const tw_engine_plan *plan) TW_MUST_CHECK;

/* One cycle: takes at most `event_count_max` events, decides, releases durable intents.
 * `*ret_work` is the number of things done; zero means that nothing was waiting. Fails only when
 * the run cannot go on (the store failed, the venue is gone); the phase is then FAILED. */
TW_API tw_status tw_engine_turn(tw_engine *engine, uint32_t event_count_max, uint64_t *ret_work,
                                tw_error *error) TW_MUST_CHECK;

/* Ends the run in an orderly way: no new orders, open ones are cancelled, then DONE. */
TW_API void tw_engine_stop(tw_engine *engine);

/* Kills at once, from any thread: no order is handed to the broker any more once this has returned
 * (one that is just being handed over excepted). The rest - journal, cancels, flattening - follows
 * in the next turn. A level that is not above the one in force changes nothing. The run goes on and
 * watches; whoever wants a kill to outlive the process must say so again before the first turn. */
TW_API void tw_engine_kill(tw_engine *engine, tw_kill_level level, tw_kill_source source);

/* Ends a kill of any level, from any thread; trading goes on in the next turn. */
TW_API void tw_engine_lift(tw_engine *engine);

/* Grows with each kill, also with one that changes no level. Any thread. */
TW_API uint64_t tw_engine_kill_generation(const tw_engine *engine);
/* The same as lift, unless a kill was asked for since the caller saw that generation: false, and
 * nothing has changed. Whoever lifts for a reason takes the generation before he looks for it, so
 * that a kill at that moment wins. */
TW_API bool tw_engine_lift_if(tw_engine *engine, uint64_t generation);

/* The level that was asked for last, from any thread. */
TW_API tw_kill_level tw_engine_killed(const tw_engine *engine);

/* "none", "new", "cancel", "flatten"; "call", "signal", "file", "rule", "page". Never
 * NULL. */
TW_API const char *tw_kill_level_name(tw_kill_level level);
TW_API const char *tw_kill_source_name(tw_kill_source source);

/* "equal", "inverse-volatility", "targets", "risk-parity", "min-variance", "momentum", "own". Never
 * NULL. */
TW_API const char *tw_strategy_name(tw_strategy strategy);

/* What is asked of the weights of a user's own strategy: each is finite and at least 0, and they
 * add up to at most 1. TW_INVALID with the symbol at fault. Pure. */
TW_API tw_status tw_strategy_weights_check(const double *weights, uint32_t count,
                                           const tw_symbols *names, tw_error *error) TW_MUST_CHECK;

TW_API tw_engine_phase tw_engine_phase_now(const tw_engine *engine);
TW_API const char *tw_engine_phase_name(tw_engine_phase phase);

/* Fills the caller's report; `holdings` (may be NULL) takes symbol_count lines. */
TW_API void tw_engine_get_report(const tw_engine *engine, tw_engine_report *ret_report,
                                 tw_engine_holding *holdings);

/* What a portfolio would have risked over the history of closes, as risk.h says it. */
typedef struct tw_engine_risk {
    size_t observations;
    double volatility_annual;
    double value_at_risk; /* share of equity that one day in twenty loses, historical */
    double expected_shortfall;
} tw_engine_risk;

/* Of any weights, [symbol_count]. Not for a hot path: takes and gives back memory, O(days x
 * symbols). TW_EMPTY: the history is too short; others as tw_risk_compute. */
TW_API tw_status tw_engine_risk_of(const tw_engine *engine, const double *weights,
                                   tw_engine_risk *ret_risk, tw_error *error) TW_MUST_CHECK;

/* Monotonic nanoseconds from the bytes' arrival to the end of the decision it led to, of every
 * market event; one that came in a frame with others counts as done when the last of them is.
 * Borrowed. */
TW_API const tw_histogram *tw_engine_latency(const tw_engine *engine);

/* The same by stage; empty without `monotonic_ns`. Borrowed; may be read beside the engine's
 * thread, as histogram.h says, until the engine is freed. */
TW_API const tw_histogram *tw_engine_stage_latency(const tw_engine *engine, tw_engine_stage stage);
/* "queue", "intake", ... Never NULL. */
TW_API const char *tw_engine_stage_name(tw_engine_stage stage);

/* Walks all state and asserts its invariants: positions equal the fills, cash is conserved. */
TW_API void tw_engine_check(const tw_engine *engine);

TW_END_DECLS

TW_DEFINE_AUTO(tw_engine, tw_engine_free)

#endif
