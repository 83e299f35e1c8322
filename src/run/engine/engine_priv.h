/*
 * engine_priv.h - the engine's state and the seams between its files.
 *
 *     engine.c      life, phases, the turn
 *     intake.c      market events: book, window, bars, marks, drift
 *     desk.c        venue events: orders, fills, positions, cash
 *     snapshot.c    the venue's figures, taken over
 *     decision.c    history, risk, plan
 *     plan.c        the life of a plan: journaled, suspended, resumed, ended
 *     past.c        daily closes, kept current, for strategies
 *     schedule.c    when a decision is made, and why
 *     strategies.c  targets; strategies_covariance.c, strategies_port.c the larger strategies
 *     reconcile.c   the venue's figures beside ours, while trading
 *     intents.c     the plan's trades to intents
 *     resend.c      what got no answer, once more under its id
 *     limits.c      the controls before each order
 *     losses.c      their days, and what outlives the process
 *     kill.c        the switch that ends trading
 *     record.c      journal entries and rows, with back-pressure
 *     trace.c       where time goes; what the flight recorder hears
 *     summary.c     report and holdings
 *     view.c        all of it copied for another thread
 *     order_table.c the life of an order
 */
#ifndef TRADEWIND_RUN_ENGINE_PRIV_H
#define TRADEWIND_RUN_ENGINE_PRIV_H

#include <stdatomic.h>

#include "order_table.h"
#include "tradewind/bars.h"
#include "tradewind/batch.h"
#include "tradewind/batch_clean.h"
#include "tradewind/book.h"
#include "tradewind/engine.h"
#include "tradewind/engine_view.h"
#include "tradewind/random.h"
#include "tradewind/standing.h"
#include "tradewind/time.h"
#include "tradewind/window.h"

__extension__ typedef __int128 engine_wide;

/* What the engine knows of one symbol. */
typedef struct engine_symbol {
    tw_price mark; /* mid of the book, else the newest trade; 0: none yet */
    int64_t mark_ns;
    tw_price bid;
    tw_price ask;
    tw_price last; /* of the newest trade; 0: none yet */
    tw_quantity quantity;
    tw_price average;          /* entry price of it, 0 when flat */
    tw_money value;            /* quantity x mark */
    int64_t target_nano;       /* weight at 1e-9 */
    double target;             /* the same as a double, for the report */
    int64_t target_told_nano;  /* of the newest journal entry about it; below 0: none yet */
    bool has_levels;           /* its book is kept from levels, not from quotes */
    bool outside;              /* beyond its band by the newest event */
    bool in_snapshot;          /* told of in the snapshot being read */
    tw_quantity snapshot;      /* quantity told there */
    tw_price snapshot_average; /* entry price told there */
    uint64_t changes;          /* news and acts of its orders; with what the last check found: */
    uint64_t gap_changes;
    int64_t gap; /* the venue's quantity less ours, at 1e-9 */
    bool unclear;
    tw_quantity quantity_before;
    double weight_before;
    double volatility;
    double volatility_share;
    uint32_t close_count; /* ever kept; the newest stand at (close_count - 1) % history_days_max */
} engine_symbol;

/* One daily close of the history, as it arrived. */
typedef struct engine_close {
    int64_t day;
    double close;
    tw_symbol symbol;
    uint32_t reserved;
} engine_close;

/* So many trades of a plan fit one journal entry at least. */
enum { PLAN_TRADES_AN_ENTRY = 12 };

/* A trade of a plan, and how far it has come. */
typedef struct engine_trade {
    tw_rebalance_trade planned;
    tw_quantity filled; /* by all orders of it, of this run and earlier ones */
    bool denied;        /* a control said no: it is not tried again */
    bool held;          /* an order of its symbol is absent: it is made when that has ended */
} engine_trade;

/* A plan in progress: sells first, buys when the sells are over. plan.c has its states. */
typedef struct engine_plan {
    bool active;
    bool suspended;       /* no order of it is made until all is settled */
    bool resumed;         /* what is left of it goes on */
    bool intended;        /* at least one of its trades passed the checks */
    const char *why;      /* of its intents; NULL: each trade has its own reason */
    uint64_t decision;    /* its entry in the journal; 0: it is not journaled */
    int64_t decided_ns;   /* venue time */
    uint64_t targets;     /* fingerprint of what was wanted */
    uint64_t differences; /* of positions, when it was suspended */
    char refused[TW_ENGINE_PLAN_REASON_SIZE]; /* why whoever handed it in says no; empty: he does
                                                 not */
    uint32_t trade_count;
    uint32_t next_trade;  /* first trade not yet turned into an intent */
    engine_trade *trades; /* sells, then buys; symbol_count places */
} engine_plan;

/* More than a snapshot can tell of: else each would be forgotten before it is told again. */
enum { FOREIGN_COUNT = 1024 };

/* Reconciliation while trading (reconcile.c). Times are the venue's. */
typedef struct engine_reconcile {
    bool in_flight;            /* a snapshot that was asked for there is on its way */
    bool reading;              /* what is being read is such a one, or nobody waits for it */
    int64_t next_ns;           /* when the next is asked for */
    int64_t doubtful_since_ns; /* of the first in a row that did not agree; 0: the last one did */
    uint64_t changes;          /* of all symbols */
    uint64_t cash_gap_changes;
    int64_t cash_gap;
    int64_t hour_ns; /* of the first of these differences */
    uint32_t hour_count;
    uint32_t foreign_next;           /* place of the next */
    uint64_t foreign[FOREIGN_COUNT]; /* hashes of the newest orders of others that were told */
} engine_reconcile;

/* Daily closes as strategies see them: finished days, and above them the day of now. */
typedef struct engine_past {
    double *closes; /* [capacity + 1][symbols], oldest first; NULL: no strategy looks at them */
    int64_t *days;  /* [capacity + 1], since 1970-01-01 */
    uint32_t count; /* finished days */
    uint32_t capacity;
    tw_zone_day_span today; /* end_ns 0: not known yet */
} engine_past;

typedef struct engine_strategies engine_strategies; /* strategies_priv.h */

/* The beginning of what the journal tells of a control, as it was told last: limits change rarely.
 */
typedef struct told_limit {
    int64_t limit;
    uint32_t size; /* 0: never told */
    char text[60]; /* ,"price_collar":["0.005"," */
} told_limit;

typedef enum engine_row_kind { ROW_TRADE, ROW_BAR, ROW_ORDER, ROW_FILL } engine_row_kind;

/* A row that the store could not take yet. */
typedef struct engine_row {
    engine_row_kind kind;
    union {
        tw_trade trade;
        tw_bar bar;
        tw_order order;
        tw_fill fill;
    } as;
} engine_row;

struct tw_engine {
    const tw_allocator *allocator;
    tw_engine_config config;
    const tw_symbols *names;
    tw_feed_port feed;
    tw_broker_port broker;
    tw_store_port store;
    tw_input_port inputs;

    tw_engine_phase phase;
    int64_t now_ns;            /* newest venue time seen */
    int64_t started_ns;        /* first venue time seen; 0: none */
    int64_t first_decision_ns; /* 0: none yet */
    int64_t last_decision_ns;
    uint64_t position_differences; /* that the venue told, after the first snapshot */
    uint32_t idle_decisions;       /* in a row that led to no order, drift after drift */
    int64_t warm_until_ns;
    bool stop_requested;
    _Atomic uint64_t kill_asked; /* level, source, generation; set by any thread */
    tw_kill_level kill_level;    /* in force */
    uint32_t stops_seen;         /* of the controls, that have led to a kill */
    int64_t flattened_ns;        /* when positions were last closed; 0: not yet */
    bool flat_told;
    bool up;
    bool away; /* it was lost, which is in the journal, and is not back yet */
    bool snapshot_done;
    bool snapshot_wanted; /* ask for another once no order is at the venue */
    bool snapshot_taken;  /* its figures are ours */
    bool history_done;
    bool drifted;
    bool asked;     /* the strategy was asked at least once */
    bool targeted;  /* there are targets */
    bool signalled; /* the strategy wants to be asked */
    int64_t due_ns; /* next time of day of the schedule; 0: not known yet */
    tw_error failure;

    engine_symbol *symbols;
    tw_book *book;
    tw_window **windows;
    tw_bars *bars;
    tw_money cash;
    tw_money equity; /* cash and the value of all positions */
    bool account_known;
    tw_money snapshot_cash;
    uint64_t snapshot_number;     /* that are there so far, but for those of reconcile.c */
    uint32_t snapshot_open_count; /* orders that were open when the newest was asked for */

    order_table orders;
    tw_retry_budget *resend_budget;
    tw_random resend_random; /* of the pauses */
    engine_plan plan;
    engine_reconcile reconcile;
    int64_t cash_slack_nano; /* rounding that our cash may carry */

    engine_close *closes; /* [symbols][history_days_max], each a ring until the history ends */
    size_t close_count;   /* laid out, when it has ended */
    double *prices;       /* [days][symbols] */
    double *returns;      /* [days - 1][symbols] */
    double *volatilities;
    double *covariance; /* [symbols][symbols] of a day's returns; NULL: no limit needs it */
    double *scratch;    /* [3][symbols] */
    double *weights;
    double *targets; /* copy of the given ones, or NULL */
    size_t day_count;
    engine_past past;
    engine_strategies *strategies;
    tw_risk *risk;
    tw_pretrade *gate;
    int64_t cancel_again_ns; /* until then the rate of cancels is not asked again */
    told_limit limits_told[TW_PRETRADE_REASON_COUNT];
    int64_t limits_day;      /* since the epoch; 0: none has begun */
    int64_t losses_ns;       /* when they were written down last, ... */
    tw_pretrade_past losses; /* ... and what they were */
    tw_rebalance *rebalance;
    tw_standing *standing;     /* holdings, marks and targets, for plans */
    double target_total;       /* sum of the targets */
    uint64_t fingerprint;      /* of what is wanted, by which a plan is known (strategies.c) */
    bool targets_fresh;        /* set since the newest decision: not journaled, not standing yet */
    uint32_t untradable_count; /* that stand so: no price, or an old one */
    int64_t mark_ns_least;     /* no mark of those that are tradable is older */
    tw_symbol drifted_symbol;  /* the newest that was beyond its band */

    engine_row *pending; /* rows that wait for the store, in order */
    uint32_t pending_count;
    uint32_t pending_capacity;
    tw_journal_entry *entries; /* journal entries that wait for the store, in order */
    uint32_t entry_count;
    uint32_t entry_capacity;
    uint64_t journal_sequence;
    uint64_t decision_sequence; /* of the newest decision, or kill, that makes orders */

    tw_engine_report report;
    tw_histogram latency;
    int64_t heard_ns;      /* monotonic: when the bytes of the newest event were read */
    uint64_t frame_events; /* market events of these bytes whose latency is not recorded yet */
    tw_histogram stages[TW_ENGINE_STAGE_COUNT];

    tw_engine_viewer *viewer; /* who looks, or NULL */
    bool judged;              /* an order was, and below is what the controls said of the newest */
    tw_pretrade_verdict judgement[TW_PRETRADE_REASON_COUNT];
};

/* ---- engine.c ------------------------------------------------------------------------------ */

/* Ends the run: the first failure wins. */
void engine_fail(tw_engine *engine, tw_status status, const char *format, ...) TW_PRINTF(3, 4);
void engine_enter(tw_engine *engine, tw_engine_phase phase);
void engine_see_time(tw_engine *engine, int64_t time_ns);

/* ---- intake.c ------------------------------------------------------------------------------ */

void intake_market(tw_engine *engine, const tw_market_event *event);
void intake_flush_bars(tw_engine *engine);
/* Values a position anew after its mark or quantity changed. */
void intake_revalue(tw_engine *engine, tw_symbol symbol);
void intake_check_band(tw_engine *engine, tw_symbol symbol);

/* ---- snapshot.c ---------------------------------------------------------------------------- */

/* Its parts, in the order in which they are told. */
void snapshot_begin(tw_engine *engine, const tw_account *account);
void snapshot_position(tw_engine *engine, const tw_position *position);
void snapshot_order(tw_engine *engine, const tw_order *order);
void snapshot_end(tw_engine *engine);
/* The venue does not know this open order, asked after the newest snapshot was there. */
bool snapshot_is_absent(const tw_engine *engine, const order_record *record);
/* The venue's figures are ours and no order is there: or asks for what is missing. */
bool snapshot_settled(tw_engine *engine);
/* No open order is known there, so asked. */
bool snapshot_all_absent(tw_engine *engine);
/* An order is open that must end before another is made: of the plan that is followed, or not
 * absent. */
bool snapshot_is_awaited(tw_engine *engine);
/* An order of the symbol is absent. */
bool snapshot_leaves_open(tw_engine *engine, tw_symbol symbol);

/* ---- desk.c -------------------------------------------------------------------------------- */

void desk_venue(tw_engine *engine, const tw_venue_event *event);
/* Sends durable intents, cancels late orders, asks about unknown ones. Returns things done. */
uint64_t desk_turn(tw_engine *engine);
void desk_cancel_open(tw_engine *engine);
/* What the venue says about one of our orders; `execution` may be NULL. */
void desk_told(tw_engine *engine, order_record *record, const tw_order *told,
               const tw_order_update *execution);
/* The broker did not take what was just sent: it never left. */
void desk_not_taken(tw_engine *engine, const order_record *record, tw_status status);

/* ---- resend.c ------------------------------------------------------------------------------ */

tw_status resend_take(tw_engine *engine, tw_error *error);
void resend_done(tw_engine *engine);
/* A suspended plan goes on: its orders that are absent are wanted again. */
void resend_resume(tw_engine *engine);
/* The venue does not know the order, and its submit has ended. */
void resend_plan(tw_engine *engine, order_record *record);
/* Of an UNKNOWN order: journals and sends it again when that is due. Returns things done. */
uint64_t resend_turn(tw_engine *engine, order_record *record, uint64_t durable);
/* A submit of it has ended so. */
void resend_result(tw_engine *engine, order_record *record, tw_status status);
/* After whatever may have settled an order. */
void resend_end(order_record *record);

/* ---- decision.c ---------------------------------------------------------------------------- */

void decision_history_end(tw_engine *engine);
void decision_make(tw_engine *engine, const char *cause);
/* Fixes what the report calls "before". */
void decision_remember_before(tw_engine *engine);
/* Makes engine->risk. */
tw_status decision_take_risk(tw_engine *engine);
/* Journals why there is no figure of risk. */
void decision_risk_unknown(tw_engine *engine, tw_status status, const tw_error *error);
/* Risk of given weights over the history; false when there is none. */
bool decision_risk(tw_engine *engine, const double *weights);
/* True for a symbol with a fresh price. */
bool decision_tradable(const tw_engine *engine, const engine_symbol *state);

/* ---- past.c -------------------------------------------------------------------------------- */

tw_status past_take(tw_engine *engine);
void past_done(tw_engine *engine);
/* When the history is laid out. */
void past_fill(tw_engine *engine);
/* When the day is over, before the event is taken that ended it. */
void past_end_day(tw_engine *engine, int64_t time_ns);
/* Writes the row of now; returns how many rows there are, with it. */
uint32_t past_refresh(tw_engine *engine);

/* ---- schedule.c ---------------------------------------------------------------------------- */

tw_status schedule_check(const tw_engine_config *config, tw_error *error);
/* The times of day count from there, unless they do already. */
void schedule_from(tw_engine *engine, int64_t time_ns);
/* Why a decision is to be made now, or NULL; for when nothing is under way. */
const char *schedule_cause(tw_engine *engine);
/* The day of the exchange that a time falls into, when a day begins at `open_seconds` of its clock.
 */
tw_zone_day_span schedule_day(const tw_engine *engine, int64_t time_ns, int32_t open_seconds);

/* ---- strategies.c -------------------------------------------------------------------------- */

tw_status strategies_check(const tw_engine_config *config, tw_error *error);
tw_status strategies_take(tw_engine *engine);
void strategies_done(tw_engine *engine);
/* Brings the targets up to date for a decision of this cause. False: there are none, because the
 * user's own strategy has not given any yet, or because the run has failed. */
bool strategies_aim(tw_engine *engine, const char *cause);
/* Of `start`: what the strategy and the schedule were told beside their names. */
void strategies_record(const tw_engine *engine, tw_text *text);
/* A bar has finished (strategies_port.c). */
void strategies_bar(tw_engine *engine, const tw_bar *bar);

/* ---- plan.c -------------------------------------------------------------------------------- */

/* Takes over a computed plan, and journals its trades. */
void plan_begin(tw_engine *engine, const tw_rebalance_plan *plan);
/* Ends the active plan, if there is one; `how` is done, dropped or replaced, `reason` may be NULL.
 */
void plan_end(tw_engine *engine, const char *how, const char *reason);
/* Its orders are in doubt: nothing more of it is made until plan_continue. */
void plan_suspend(tw_engine *engine);
/* When all is settled: goes on with what is left of a suspended plan, or drops it. */
uint64_t plan_continue(tw_engine *engine);
/* Of a trade that was not denied, what is not filled. */
tw_quantity plan_left(const engine_trade *trade);
/* The order is of the active plan, which is in the journal, whichever run made it. */
bool plan_owns(const tw_engine *engine, const order_record *record);
/* The order is of the plan that is being followed, be it a kill's, and this run wants it. */
bool plan_follows(const tw_engine *engine, const order_record *record);
/* Shares of an order have moved. */
void plan_filled(tw_engine *engine, const order_record *record, tw_quantity quantity);

/* ---- reconcile.c --------------------------------------------------------------------------- */

/* Asks for a snapshot when one is due. */
uint64_t reconcile_turn(tw_engine *engine);
/* The snapshot that was asked for is there. */
void reconcile_end(tw_engine *engine);
/* After news of an order of this symbol, or an act of ours on it. */
void reconcile_touch(tw_engine *engine, tw_symbol symbol);
/* SETTLING has compared all figures. */
void reconcile_settled(tw_engine *engine, bool differed);
/* True the first time that an order of others is seen, as long as it is remembered. */
bool reconcile_is_news(tw_engine *engine, const char *venue_order_id);
/* The connection was lost, and with it what was asked for. */
void reconcile_reset(tw_engine *engine);

/* ---- intents.c ----------------------------------------------------------------------------- */

/* Turns trades of the active plan into intents as far as its order allows. */
uint64_t intents_follow_plan(tw_engine *engine);

/* ---- losses.c ------------------------------------------------------------------------------ */

/* Begins the day when it is due, and writes down what counts. */
void losses_turn(tw_engine *engine);

/* ---- kill.c -------------------------------------------------------------------------------- */

/* Puts in force what was asked for. */
uint64_t kill_turn(tw_engine *engine);
/* In place of decisions while a kill is in force and no order is awaited. */
uint64_t kill_trade(tw_engine *engine);
/* True for an order that was made before the kill that is asked for now. */
bool kill_forbids(const tw_engine *engine, const order_record *record);

/* ---- limits.c ------------------------------------------------------------------------------ */

tw_status limits_take(tw_engine *engine, tw_error *error);
void limits_done(tw_engine *engine);
/* After a symbol's mark or its time has changed. */
void limits_mark(tw_engine *engine, tw_symbol symbol);
/* After the venue's positions and cash were taken over. */
void limits_settle(tw_engine *engine);
void limits_adopt(tw_engine *engine, order_record *record);
void limits_fill(tw_engine *engine, const order_record *record, const order_change *change);
/* After whatever may have ended an order. */
void limits_end(tw_engine *engine, order_record *record);
/* When the returns of the history are there. */
void limits_history(tw_engine *engine);
/* True: it counts from now on, under ret_verdict->ticket. */
bool limits_allow(tw_engine *engine, const tw_order *order, tw_pretrade_verdict *ret_verdict);
/* What each control said of it: the order that was allowed last. */
void limits_record_checks(tw_engine *engine, const char *client_order_id);
/* The same for an order that counts already, and would be sent once more. */
bool limits_allow_again(tw_engine *engine, const order_record *record);
/* Nothing counts until limits_cancel_sent, in the same turn: the broker may not take it. */
bool limits_allow_cancel(tw_engine *engine, order_record *record);
void limits_cancel_sent(tw_engine *engine, const order_record *record);
void limits_record(tw_engine *engine);
/* The controls that have a limit, with their figures; returns how many. */
uint32_t limits_view(const tw_engine *engine, const tw_pretrade_figures *figures,
                     tw_engine_view_limit ret_limits[TW_PRETRADE_REASON_COUNT]);
void limits_check(const tw_engine *engine);

/* ---- record.c ------------------------------------------------------------------------------ */

/* An entry that is being written, piece by piece: for those that are made between an event and an
 * order, where a format would be most of the cost. What was begun must be ended. */
typedef struct record_line {
    tw_journal_entry entry;
    tw_text text; /* over its payload */
} record_line;

tw_text *record_begin(const tw_engine *engine, record_line *line, const char *kind);
/* Appends it to the journal, or lets it wait for the store. Returns its sequence. */
uint64_t record_end(tw_engine *engine, record_line *line);
void record_decimal(tw_text *text, int64_t nano);
/* A piece that stands here in the source. */
#define RECORD_PUT(text, literal) tw_text_append((text), (tw_slice){(literal), sizeof(literal) - 1})

/* The same at once; `format` makes a JSON object. */
uint64_t record_journal(tw_engine *engine, const char *kind, const char *format, ...)
    TW_PRINTF(3, 4);
void record_trade(tw_engine *engine, const tw_trade *trade);
void record_bar(tw_engine *engine, const tw_bar *bar);
void record_order(tw_engine *engine, const tw_order *order);
void record_fill(tw_engine *engine, const tw_fill *fill);
/* Hands waiting rows and entries to the store; true when none is left. */
bool record_drain(tw_engine *engine);
bool record_waits(const tw_engine *engine);
/* An event and all that follows from it are with the store, unless some of it waits. */
void record_whole(tw_engine *engine);

/* ---- trace.c ------------------------------------------------------------------------------- */

/* Monotonic time, or 0 when no latencies are taken. */
int64_t trace_now(const tw_engine *engine);
/* A stage that began then is over; nothing when that is 0. */
void trace_stage(tw_engine *engine, tw_engine_stage stage, int64_t began_ns);
/* An event is taken; the beginning of its first stage, or 0 when it is not timed. */
int64_t trace_event(tw_engine *engine, const tw_market_event *event);
/* The events that came with the newest one are done, as far as they have come. */
void trace_frame_end(tw_engine *engine);
void trace_journal(const tw_engine *engine, const tw_journal_entry *entry);

/* ---- summary.c ----------------------------------------------------------------------------- */

/* One line of the report. */
void summary_describe(const tw_engine *engine, tw_symbol symbol, tw_engine_holding *ret_holding);

/* ---- view.c -------------------------------------------------------------------------------- */

/* A bar has ended. */
void view_on_bar(tw_engine_viewer *viewer, const tw_bar *bar);

#endif
