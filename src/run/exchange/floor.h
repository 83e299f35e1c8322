/*
 * floor.h - the trading floor: matching, the order flow that keeps it alive, and its tape.
 *
 * The floor is a simulation in the exchange's own time. Orders come from three sources: seeded
 * agents (flow), a real order-level file (replay) and users. floor_advance moves time forward
 * and lets agents and file act in the order of time; users act at the time that is now. All of
 * them meet in one tw_match, so a user's order trades by price and time against whatever rests.
 *
 *     flow ----+
 *     replay --+--> tw_match --> sink: trades, levels, quotes, orders of users
 *     users ---+        |
 *                       +------> minute bars --> sink, and a bounded history
 *
 * Invariants
 *  1. Time never goes back; every event carries the time at which it happened.
 *  2. The same seed, file and user orders at the same times give the same events.
 *  3. Order ids of users have the top bit set; those of agents and files have not, so they
 *     never meet.
 *  4. The regular session opens and closes with an auction of each symbol (floor_auction.c), at its
 *     first and last moment.
 *  5. Agents rest while the market is closed, unless it never closes. When they come back their
 *     fair value has moved on, as over a night, and they place their orders anew.
 *
 * Memory: all at creation. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FLOOR_H
#define TRADEWIND_RUN_EXCHANGE_FLOOR_H

#include "daily.h"
#include "session.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/match.h"
#include "tradewind/tape.h"

#define FLOOR_USER_ID (UINT64_C(1) << 63)

/* Of a halt: it begins; trading is about to resume, and what a user submits now takes part in the
 * auction with which it does; it has resumed. */
typedef enum floor_halt_step { FLOOR_HALTED, FLOOR_REOPENS, FLOOR_RESUMED } floor_halt_step;

/* What the floor tells, in the order in which it happens. Records are borrowed. */
typedef struct floor_sink {
    void (*on_trade)(void *context, const tw_trade *trade);
    void (*on_levels)(void *context, const tw_level *levels, size_t count);
    void (*on_quote)(void *context, const tw_quote *quote);
    void (*on_bar)(void *context, const tw_bar *bar);
    void (*on_user_event)(void *context, const tw_match_event *event);
    void *context;
    /* A phase of the day has begun; the agents have come or gone. May be NULL. It may submit and
     * cancel orders of users. */
    void (*on_phase)(void *context, session_phase phase);
    /* Trading of a symbol halts, reopens or resumes. May be NULL. It may submit and cancel orders
     * of users. */
    void (*on_halt)(void *context, tw_symbol symbol, int64_t time_ns, floor_halt_step step);
    /* Orders gather for the auction of this kind, which ends the phase: it is time to submit those
     * of users that are for it. Called once, at the latest just before the auction. May be NULL. */
    void (*on_gathering)(void *context, tw_match_auction kind);
    /* A second of the gathering is over: floor_outlook has news. May be NULL. */
    void (*on_outlook)(void *context, tw_match_auction kind);
    /* A minute in which something traded is over, and its trades made the prices. May be NULL. */
    void (*on_minute)(void *context);
} floor_sink;

typedef struct floor_config {
    const tw_symbols *symbols;    /* borrowed */
    const daily_history *history; /* borrowed; opening prices of the agents */
    const tw_price *openings;     /* of each symbol, or 0: the last close; NULL: that for all;
                                     borrowed */
    uint64_t seed;
    int64_t start_ns;
    double events_per_second;   /* of the agents, a symbol, as the mean of a session ... */
    double events_total;        /* ... or, if above 0, of all symbols (activity.h shares it) */
    uint32_t order_count_max;   /* resting, of users and the tape; agents have room of their own */
    uint32_t minute_count_max;  /* minute bars kept a symbol */
    const char *tape_path;      /* a file of orders, or NULL */
    const char *initial_path;   /* LOBSTER order book for the first row, or NULL */
    uint32_t tape_symbol_count; /* the first symbols are the tape's; 0: one */
    uint8_t tape_format;        /* tw_tape_format; 0: LOBSTER messages */
    bool always_open;           /* agents act at any hour */
    int64_t tape_midnight_ns;   /* what a tape without dates counts from */
    int64_t tape_shift_ns;      /* added to the times of one that has them */
} floor_config;

typedef struct trading_floor trading_floor;

/* Fails with the sentences of the tape's reader. */
tw_status floor_new(const tw_allocator *allocator, const floor_config *config,
                    const floor_sink *sink, trading_floor **ret_floor,
                    tw_error *error) TW_MUST_CHECK;
void floor_free(trading_floor *floor);

/* Lets agents and tape act until `until_ns` (or the alarm, if that is earlier) or until
 * `event_count_max` of them have acted. The time is then that end, or that of the last act. A
 * malformed tape ends the replay: TW_PARSE and the like, once. */
tw_status floor_advance(trading_floor *floor, int64_t until_ns, uint64_t event_count_max,
                        tw_error *error) TW_MUST_CHECK;

/* Something outside of the floor is due at a moment: floor_advance goes no further than that, until
 * it is said when the next is (INT64_MAX: nothing is). floor_alarm_by only makes it earlier. */
void floor_set_alarm(trading_floor *floor, int64_t at_ns);
void floor_alarm_by(trading_floor *floor, int64_t at_ns);
int64_t floor_alarm(const trading_floor *floor);

/* Moves time to `to_ns` (not before now) while agents rest; the tape is played, and phases that
 * begin on the way are told. Statuses as floor_advance. */
tw_status floor_jump(trading_floor *floor, int64_t to_ns, tw_error *error) TW_MUST_CHECK;

/* A user's order now. `order->id` must have FLOOR_USER_ID. The verdict is tw_match_submit's. */
tw_status floor_submit(trading_floor *floor, const tw_match_order *order) TW_MUST_CHECK;
tw_status floor_cancel(trading_floor *floor, tw_symbol symbol, uint64_t id) TW_MUST_CHECK;

/* The same for a group of users' orders, and for a change of one; see match.h. */
tw_status floor_submit_group(trading_floor *floor, tw_match_group kind,
                             const tw_match_order *orders, size_t count) TW_MUST_CHECK;
tw_status floor_replace(trading_floor *floor, tw_symbol symbol, uint64_t id,
                        const tw_match_replacement *replacement) TW_MUST_CHECK;

/* Nothing trades in a symbol that is halted; orders gather, and are cancelled. It resumes with an
 * auction of them (floor_halt.c). What is so already stays so. */
void floor_halt(trading_floor *floor, tw_symbol symbol, bool halted);

bool floor_is_halted(const trading_floor *floor, tw_symbol symbol);

/* The auction that orders gather for; 0: none. */
int floor_gathering(const trading_floor *floor);

/* What an auction of a symbol would come to if it were held now; false: nothing would trade, or the
 * symbol is halted. The costs are those of tw_match_auction_outlook. */
bool floor_outlook(const trading_floor *floor, tw_symbol symbol, tw_match_auction kind,
                   tw_match_outlook *ret_outlook);

int64_t floor_now(const trading_floor *floor);

/* The phase that now is in, and whether the regular session is on: so it always is where the
 * market never closes. */
session_phase floor_phase(const trading_floor *floor);
bool floor_is_open(const trading_floor *floor);

/* The best bid and ask now. */
void floor_quote(const trading_floor *floor, tw_symbol symbol, tw_quote *ret_quote);

/* The newest trade; false before the first. */
bool floor_last_trade(const trading_floor *floor, tw_symbol symbol, tw_trade *ret_trade);

/* A price to value a holding with: the newest trade, else the last daily close. */
tw_price floor_price(const trading_floor *floor, tw_symbol symbol);

/* All levels of a symbol as the start of a book message; returns how many (at most capacity). */
size_t floor_snapshot(const trading_floor *floor, tw_symbol symbol, tw_level *ret_levels,
                      size_t capacity);

/* Finished minute bars of a symbol, oldest first: `*ret_first` is where they start in a ring of
 * `*ret_capacity` bars. */
const tw_bar *floor_minutes(const trading_floor *floor, tw_symbol symbol, uint32_t *ret_first,
                            uint32_t *ret_count, uint32_t *ret_capacity);

/* The minute that is not over yet; false if nothing traded in it. */
bool floor_minute_now(const trading_floor *floor, tw_symbol symbol, tw_bar *ret_bar);

/* Acts so far, and whether the tape has been played to its end (true without a tape). */
uint64_t floor_event_count(const trading_floor *floor);
bool floor_tape_ended(const trading_floor *floor);

const tw_match *floor_match(const trading_floor *floor);

#endif
