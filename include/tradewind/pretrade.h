/*
 * pretrade.h - may this order be sent? The controls between a decision and the venue.
 *
 *     if (tw_pretrade_enter(gate, &order, now_ns, &verdict) != TW_OK)
 *         ...                            verdict.reason, verdict.limit, verdict.actual: why not
 *     ... journal it, send it; then, as the venue tells:
 *     tw_pretrade_fill(gate, verdict.ticket, quantity, price);
 *     tw_pretrade_end(gate, verdict.ticket, TW_PRETRADE_CANCELED, now_ns);
 *
 * A gate holds limits and what counts against them. An order that passes counts from that moment
 * on, before it is sent: the next one is judged as if all that are out were filled in the worst
 * way. An order that is denied changes nothing but a count. Every control has a reason of its own,
 * whose word is stable, and tells the limit and the figure that broke it; tw_pretrade_explain tells
 * those of every control, passed or not.
 *
 * Whatever only brings a position nearer to zero passes the controls of exposure, and still passes
 * when a stop has been tripped: a stop must not keep anybody from getting out.
 *
 * A limit of 0 is none. Shares of equity are in billionths (TW_NANO is the whole). Controls that
 * need a reference price deny when there is none or when it is too old: nothing is assumed.
 *
 * Stops (day loss, drawdown, losses in a row, errors, repeats) stay tripped until
 * tw_pretrade_reset; the day's loss also ends with the day. An override suspends one control until
 * a time; whoever grants one must write it down.
 *
 * Value at risk is that of the positions as if all open orders were filled: factor x sqrt(e' C e),
 * e in money at the marks of now, C the covariance of returns over the horizon. A question about it
 * is O(1).
 *
 * Time is an argument, any clock that does not fall; a time before one that was seen counts as it.
 *
 * Memory: all at creation: about 250 bytes a symbol, 80 an order, 8 a message of a second.
 * Cost: a mark O(1), some nanoseconds; with a covariance each fourth symbol that moves, or has an
 * order that passes, fills or ends, O(symbols); enter O(controls), and O(own open orders of the
 * symbol) if some of them are on the other side: some hundred nanoseconds (bench_pretrade).
 * Threads: a gate belongs to one thread. Source: SEC rule 15c3-5 and Commission Delegated
 * Regulation (EU) 2017/589 (RTS 6), article 15, in our words; value at risk as in risk.h (normal).
 */
#ifndef TRADEWIND_PRETRADE_H
#define TRADEWIND_PRETRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/error.h"
#include "tradewind/market.h"

#define TW_PRETRADE_SYMBOL_MAX 65536
#define TW_PRETRADE_ORDER_MAX (1u << 24)
#define TW_PRETRADE_MESSAGE_MAX 100000 /* the largest limit of messages a second */
#define TW_PRETRADE_RECENT 8           /* orders remembered a symbol, to find duplicates among */
#define TW_PRETRADE_NO_TICKET UINT32_MAX

/* In the order in which they are asked: the first that denies is the reason told. */
typedef enum tw_pretrade_reason {
    TW_PRETRADE_PASSED = 0,
    TW_PRETRADE_HALTED,             /* nothing new is sent */
    TW_PRETRADE_REDUCING_ONLY,      /* only what brings a position nearer to zero */
    TW_PRETRADE_ORDER_INVALID,      /* no side, no quantity, a negative price, an unknown symbol */
    TW_PRETRADE_MARKET_ORDER,       /* without a limit price, and those are not allowed */
    TW_PRETRADE_STALE_PRICE,        /* the reference is missing or too old */
    TW_PRETRADE_PRICE_COLLAR,       /* the limit is too far from the reference */
    TW_PRETRADE_ORDER_QUANTITY,     /* of one order */
    TW_PRETRADE_ORDER_VALUE,        /* of one order */
    TW_PRETRADE_SHORT_SALE,         /* more than is held, less what is being sold */
    TW_PRETRADE_CASH,               /* less than is needed, less what open buys may take */
    TW_PRETRADE_POSITION_QUANTITY,  /* in the worst way that the open orders can fill */
    TW_PRETRADE_POSITION_VALUE,     /* the same in money */
    TW_PRETRADE_POSITION_WEIGHT,    /* the same as a share of equity */
    TW_PRETRADE_GROSS_EXPOSURE,     /* all symbols, each in its worst way */
    TW_PRETRADE_NET_EXPOSURE,       /* all symbols, all open orders filled */
    TW_PRETRADE_VALUE_AT_RISK,      /* all open orders filled */
    TW_PRETRADE_OPEN_ORDERS,        /* at once, all symbols */
    TW_PRETRADE_OPEN_ORDERS_SYMBOL, /* at once, of this symbol */
    TW_PRETRADE_DUPLICATE_ORDER,    /* the same symbol, side, quantity and price a moment ago */
    TW_PRETRADE_SELF_TRADE,         /* would trade with an own open order */
    TW_PRETRADE_MESSAGE_RATE,       /* messages of this kind in a second, but for cancels */
    TW_PRETRADE_CANCEL_RATE,        /* cancels in a second; no order is asked for it */
    TW_PRETRADE_MESSAGE_DAY,        /* messages of this kind in a day */
    TW_PRETRADE_REPEATED_EXECUTION, /* a symbol bought or sold so often: stop */
    TW_PRETRADE_ORDER_ERRORS,       /* so many were refused by the venue: stop */
    TW_PRETRADE_DAY_LOSS,           /* stop */
    TW_PRETRADE_DRAWDOWN,           /* from the highest equity seen: stop */
    TW_PRETRADE_LOSSES_IN_A_ROW,    /* orders that closed at a loss: stop */
    TW_PRETRADE_TABLE_FULL,         /* order_count_max are open */
    TW_PRETRADE_REASON_COUNT
} tw_pretrade_reason;

/* What limit and actual of a verdict are. */
typedef enum tw_pretrade_unit {
    TW_PRETRADE_UNIT_NONE = 0,
    TW_PRETRADE_UNIT_MONEY,    /* 1e-9 */
    TW_PRETRADE_UNIT_QUANTITY, /* 1e-9 */
    TW_PRETRADE_UNIT_PRICE,    /* 1e-9 */
    TW_PRETRADE_UNIT_SHARE,    /* of equity or of the reference, 1e-9 */
    TW_PRETRADE_UNIT_COUNT,
    TW_PRETRADE_UNIT_TIME /* nanoseconds */
} tw_pretrade_unit;

typedef struct tw_pretrade_verdict {
    tw_pretrade_reason reason;
    uint32_t ticket; /* of an order that passed; else TW_PRETRADE_NO_TICKET */
    int64_t limit;   /* in tw_pretrade_reason_unit; at most INT64_MAX is told */
    int64_t actual;
} tw_pretrade_verdict;

typedef enum tw_pretrade_state {
    TW_PRETRADE_ACTIVE = 0,
    TW_PRETRADE_REDUCING = 1,
    TW_PRETRADE_STOPPED = 2
} tw_pretrade_state;

/* What stays tripped until it is reset; bits of tw_pretrade_figures.stops: 1 << stop. */
typedef enum tw_pretrade_stop {
    TW_PRETRADE_STOP_REPEATS,
    TW_PRETRADE_STOP_ERRORS,
    TW_PRETRADE_STOP_DAY_LOSS,
    TW_PRETRADE_STOP_DRAWDOWN,
    TW_PRETRADE_STOP_LOSSES
} tw_pretrade_stop;

#define TW_PRETRADE_STOP_COUNT (TW_PRETRADE_STOP_LOSSES + 1)

typedef enum tw_pretrade_message {
    TW_PRETRADE_SUBMIT = 0,
    TW_PRETRADE_REPLACE = 1,
    TW_PRETRADE_CANCEL = 2,
    TW_PRETRADE_MESSAGE_COUNT
} tw_pretrade_message;

/* How an order ended; what was filled of it stays. */
typedef enum tw_pretrade_outcome {
    TW_PRETRADE_FILLED = 0,
    TW_PRETRADE_CANCELED = 1, /* or expired, or never sent */
    TW_PRETRADE_REJECTED = 2  /* counts as an error */
} tw_pretrade_outcome;

/* Limits of one symbol. */
typedef struct tw_pretrade_limits {
    tw_quantity quantity_max;        /* one order */
    tw_money value_max;              /* one order */
    int64_t collar_nano;             /* |limit - reference| / reference */
    int64_t price_age_ns_max;        /* of the reference */
    tw_quantity position_max;        /* long or short */
    tw_money position_value_max;     /* long or short */
    int64_t position_share_max_nano; /* of equity */
    uint32_t open_max;               /* orders at once */
    uint32_t repeat_max;             /* orders of one side within repeat_span_ns */
    int64_t repeat_span_ns;          /* 0: since the last reset */
    bool may_short;
} tw_pretrade_limits;

typedef struct tw_pretrade_config {
    uint32_t symbol_count;     /* 1 to TW_PRETRADE_SYMBOL_MAX */
    uint32_t order_count_max;  /* open at once; 1 to TW_PRETRADE_ORDER_MAX */
    tw_pretrade_limits limits; /* of every symbol until tw_pretrade_set_limits */
    bool market_orders;        /* allowed; they are valued at the collar */
    bool on_margin;            /* no control of cash */
    tw_money cash_min;         /* stays after every buy */
    int64_t gross_share_max_nano;
    int64_t net_share_max_nano;
    int64_t value_at_risk_share_max_nano;
    uint32_t open_max;
    uint32_t message_max[TW_PRETRADE_MESSAGE_COUNT];     /* a second; to TW_PRETRADE_MESSAGE_MAX */
    uint32_t message_day_max[TW_PRETRADE_MESSAGE_COUNT]; /* since tw_pretrade_begin_day */
    int64_t duplicate_span_ns;
    tw_money day_loss_max;
    int64_t day_loss_share_max_nano; /* of the equity with which the day began */
    int64_t drawdown_share_max_nano; /* of the highest equity */
    uint32_t losses_max;             /* in a row */
    uint32_t error_max;              /* refused orders within error_span_ns */
    int64_t error_span_ns;           /* 0: since the last reset */
} tw_pretrade_config;

/* What counts against the limits now. */
typedef struct tw_pretrade_figures {
    tw_money cash;
    tw_money equity; /* cash and positions at their marks */
    tw_money day_equity;
    tw_money peak_equity;
    tw_money gross;       /* in the worst way of the open orders */
    tw_money net;         /* all open orders filled */
    tw_money open_buys;   /* what they may take of the cash */
    double value_at_risk; /* in money; NaN without a covariance */
    uint32_t open_count;
    uint32_t losses;
    uint32_t stops; /* that are tripped */
    uint64_t denied[TW_PRETRADE_REASON_COUNT];
    uint64_t passed;
} tw_pretrade_figures;

/* What counts against the limits of losses and of a day, and outlives a process. */
typedef struct tw_pretrade_past {
    tw_money day_equity;
    tw_money peak_equity;
    uint32_t losses;                              /* in a row */
    uint32_t stops;                               /* that are tripped, as in tw_pretrade_figures */
    uint64_t messages[TW_PRETRADE_MESSAGE_COUNT]; /* of the day */
} tw_pretrade_past;

typedef struct tw_pretrade tw_pretrade;

TW_BEGIN_DECLS

/* No limits at all, one symbol, 1,024 orders. */
TW_API void tw_pretrade_config_init(tw_pretrade_config *config);

/* TW_INVALID (with the field at fault), TW_NO_MEMORY. The gate is ACTIVE, flat and without cash. */
TW_API tw_status tw_pretrade_new(const tw_allocator *allocator, const tw_pretrade_config *config,
                                 tw_pretrade **ret_gate, tw_error *error) TW_MUST_CHECK;
TW_API void tw_pretrade_free(tw_pretrade *gate);

/* TW_INVALID: a negative limit. */
TW_API tw_status tw_pretrade_set_limits(tw_pretrade *gate, tw_symbol symbol,
                                        const tw_pretrade_limits *limits,
                                        tw_error *error) TW_MUST_CHECK;

/* ---- what the gate is told ----------------------------------------------------------------- */

/* The reference price of a symbol; 0: there is none now. A position is valued at the newest. */
TW_API void tw_pretrade_mark(tw_pretrade *gate, tw_symbol symbol, tw_price price, int64_t time_ns);

/* Positions and cash as the venue tells them, whatever was thought before. */
TW_API void tw_pretrade_set_position(tw_pretrade *gate, tw_symbol symbol, tw_quantity quantity,
                                     tw_price average_price);
TW_API void tw_pretrade_set_cash(tw_pretrade *gate, tw_money cash);

/* Equity from which the day's loss counts is that of now; counts of messages begin anew. */
TW_API void tw_pretrade_begin_day(tw_pretrade *gate);

/* For whoever writes it down, and after a restart, behind tw_pretrade_begin_day: goes on from what
 * an earlier gate counted. Its day's figures count only if that day is still the same; a peak,
 * losses in a row and their stops count in any case. Stops of repeats, which belong to symbols,
 * begin anew. */
TW_API void tw_pretrade_get_past(const tw_pretrade *gate, tw_pretrade_past *ret_past);
TW_API void tw_pretrade_resume(tw_pretrade *gate, const tw_pretrade_past *past, bool same_day);

/* The covariance of returns, [symbols][symbols], borrowed until the next call; NULL: none. `factor`
 * is the quantile of the normal distribution, e.g. 2.326 for 99 %. O(symbols^2). */
TW_API void tw_pretrade_set_covariance(tw_pretrade *gate, const double *covariance, double factor);

TW_API void tw_pretrade_set_state(tw_pretrade *gate, tw_pretrade_state state);
TW_API void tw_pretrade_set_symbol_state(tw_pretrade *gate, tw_symbol symbol,
                                         tw_pretrade_state state);

/* Suspends one control until a time. */
TW_API void tw_pretrade_override(tw_pretrade *gate, tw_pretrade_reason reason, int64_t until_ns);
/* Ends a stop, tripped or not: what it counted begins anew from now. */
TW_API void tw_pretrade_reset(tw_pretrade *gate, tw_pretrade_stop stop);

/* ---- orders -------------------------------------------------------------------------------- */

/* Judges an order by symbol, side, type, quantity and limit price. TW_OK: it counts, under
 * ret_verdict->ticket; TW_REFUSED: ret_verdict says why. */
TW_API tw_status tw_pretrade_enter(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                                   tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;

/* Judges a change of an open order as if the old one were not there. TW_OK: the ticket now stands
 * for `quantity` still to be filled, at that price; TW_REFUSED: for what it stood before. */
TW_API tw_status tw_pretrade_change(tw_pretrade *gate, uint32_t ticket, const tw_order *order,
                                    int64_t now_ns, tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;

/* May the very order that has the ticket be submitted once more, because its first request may have
 * been lost? All controls are asked as if it were not there, but that of duplicates; what passes
 * counts as another message of its kind. TW_REFUSED: it stands as before. */
TW_API tw_status tw_pretrade_resend(tw_pretrade *gate, uint32_t ticket, const tw_order *order,
                                    int64_t now_ns, tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;

/* May a cancel be sent? Only the limits of messages are asked; what passes counts. */
TW_API tw_status tw_pretrade_cancel(tw_pretrade *gate, int64_t now_ns,
                                    tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;
/* The same, asked before it is known whether the cancel can be sent: what passes does not count. */
TW_API tw_status tw_pretrade_ask_cancel(tw_pretrade *gate, int64_t now_ns,
                                        tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;
/* A cancel that safety asks for is sent, whatever the limits say: it counts against them. */
TW_API void tw_pretrade_cancel_anyway(tw_pretrade *gate, int64_t now_ns);

/* An order that is out already, e.g. of an earlier run: it counts without being judged. TW_FULL. */
TW_API tw_status tw_pretrade_adopt(tw_pretrade *gate, const tw_order *order,
                                   uint32_t *ret_ticket) TW_MUST_CHECK;

/* `quantity` of a ticket traded at `price`; more than was left is taken as told. TW_OVERFLOW:
 * position or cash would be beyond 9.2 billion, and nothing has changed. */
TW_API tw_status tw_pretrade_fill(tw_pretrade *gate, uint32_t ticket, tw_quantity quantity,
                                  tw_price price) TW_MUST_CHECK;
/* The order is over and its ticket void. */
TW_API void tw_pretrade_end(tw_pretrade *gate, uint32_t ticket, tw_pretrade_outcome outcome,
                            int64_t now_ns);

/* Every control's limit and figure for an order, in the order of reasons; the reason of entry i is
 * i if that control denies, else TW_PRETRADE_PASSED. Nothing is counted. */
TW_API void tw_pretrade_explain(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                                tw_pretrade_verdict ret_verdicts[TW_PRETRADE_REASON_COUNT]);

/* tw_pretrade_explain, and then tw_pretrade_enter, for little more than the price of one. */
TW_API tw_status
tw_pretrade_enter_explained(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                            tw_pretrade_verdict ret_verdicts[TW_PRETRADE_REASON_COUNT],
                            tw_pretrade_verdict *ret_verdict) TW_MUST_CHECK;

/* `stops` of the figures, for those who ask all the time. */
TW_API uint32_t tw_pretrade_stops(const tw_pretrade *gate);
TW_API void tw_pretrade_get_figures(const tw_pretrade *gate, tw_pretrade_figures *ret_figures);

/* "price_collar" and so on; never NULL. */
TW_API const char *tw_pretrade_reason_name(tw_pretrade_reason reason);
TW_API tw_pretrade_unit tw_pretrade_reason_unit(tw_pretrade_reason reason);
/* The control that a stop denies for. */
TW_API tw_pretrade_reason tw_pretrade_stop_reason(tw_pretrade_stop stop);
/* A limit or figure of a control: counts as they are, everything else exact at 1e-9, times in
 * seconds. `ret_text` has TW_DECIMAL_TEXT_SIZE bytes; returns the length. */
TW_API size_t tw_pretrade_value_format(tw_pretrade_reason reason, int64_t value, char *ret_text);

/* Adds everything up again and asserts that it is what is kept. O(symbols + orders). */
TW_API void tw_pretrade_check(const tw_pretrade *gate);

TW_END_DECLS

TW_DEFINE_AUTO(tw_pretrade, tw_pretrade_free)

#endif
