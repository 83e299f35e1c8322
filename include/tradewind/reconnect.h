/*
 * reconnect.h - when to connect again: growing pauses, spread out, with an end.
 *
 * The machine makes no connection. It is told what happened and says what to do next:
 *
 *     tw_reconnect_start(&machine, now_ns);
 *     ...
 *     if (tw_reconnect_next_ns(&machine) <= now_ns && tw_reconnect_try(&machine, now_ns) == TW_OK)
 *         (connect; then tw_reconnect_opened, or tw_reconnect_lost)
 *
 *                   start                    try                  opened
 *         STOPPED ---------> WAITING <-----------------> TRYING ----------> UP
 *            ^                  ^          lost             |                |
 *            |                  +---------------------------|----------------+ lost
 *            | stop (any)                                   |                |
 *            |                                              v                v
 *            +------------------------------------------- FAILED <-----------+
 *                          lost for good; attempts or patience used up
 *
 * Pauses. After the n-th loss in a row the ceiling is pause_ns_min x 2^(n-1), at most pause_ns_max;
 * the pause is uniform between half of the ceiling and all of it, so that many clients that lost
 * the same server do not come back together, and none comes back at once. A server that asks for
 * less (throttled) gets at least throttled_ns_min, and the pause it named if that is longer.
 *
 * A row of losses ends with a connection that was up for `healthy_ns`. One that opens and breaks at
 * once does not end it, so a server that accepts and hangs up is not stormed.
 *
 * Ends. After attempt_count_max attempts in one row, or patience_ns after the row began, the
 * machine fails; so it does at once after a loss that another attempt cannot mend (credentials,
 * what the plan allows). It starts again only by tw_reconnect_start.
 *
 * Storms. Whatever happened, of any storm_count_max + 1 attempts the first and the last are
 * storm_ns apart or more.
 *
 * Time is an argument, from any clock that does not fall (a time before the last one counts as the
 * last one). So is chance: `draw` is 64 uniform bits (tw_random_next).
 *
 * Memory: plain data of the caller. Cost: O(1). Threads: none of its own; one machine, one thread.
 * Source of the pauses: "equal jitter" of M. Brooker, Exponential Backoff And Jitter, AWS
 * Architecture Blog, 2015.
 */
#ifndef TRADEWIND_RECONNECT_H
#define TRADEWIND_RECONNECT_H

#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_RECONNECT_STORM_COUNT_MAX 32
#define TW_RECONNECT_NS_MAX (INT64_C(1) << 60) /* the longest span of a configuration, 36 years */

typedef enum tw_reconnect_state {
    TW_RECONNECT_STOPPED = 0,
    TW_RECONNECT_WAITING, /* for tw_reconnect_next_ns */
    TW_RECONNECT_TRYING,
    TW_RECONNECT_UP,
    TW_RECONNECT_FAILED
} tw_reconnect_state;

/* What a loss says about trying again. */
typedef enum tw_reconnect_loss {
    TW_RECONNECT_BROKEN = 0, /* it may come back */
    TW_RECONNECT_THROTTLED,  /* it asks for fewer connections, or for patience */
    TW_RECONNECT_FINAL       /* it will say the same again */
} tw_reconnect_loss;

/* Why it is FAILED. */
typedef enum tw_reconnect_end {
    TW_RECONNECT_NOT_ENDED = 0,
    TW_RECONNECT_END_FINAL,
    TW_RECONNECT_END_ATTEMPTS,
    TW_RECONNECT_END_PATIENCE
} tw_reconnect_end;

/* Zero means the default, in all but `storm_count_max`, whose bound is its default too. */
typedef struct tw_reconnect_config {
    int64_t pause_ns_min;       /* first ceiling; 0: 250 ms */
    int64_t pause_ns_max;       /* last ceiling; 0: 30 s; at least pause_ns_min */
    int64_t throttled_ns_min;   /* 0: 5 s */
    int64_t healthy_ns;         /* 0: 60 s */
    int64_t patience_ns;        /* 0: for ever */
    uint32_t attempt_count_max; /* in one row; 0: any number */
    uint32_t storm_count_max;   /* 0: 10; at most TW_RECONNECT_STORM_COUNT_MAX */
    int64_t storm_ns;           /* 0: 60 s */
} tw_reconnect_config;

typedef struct tw_reconnect_stats {
    uint64_t attempt_count; /* tw_reconnect_try */
    uint64_t open_count;
    uint64_t loss_count; /* any kind, of attempts too */
    uint64_t throttled_count;
    uint64_t held_count; /* attempts put off by the storm bound */
    int64_t away_ns;     /* not UP while started, but for the time since the last call */
    int64_t up_ns;
} tw_reconnect_stats;

/* Everything in it is private. */
typedef struct tw_reconnect {
    tw_reconnect_config config;
    tw_reconnect_stats stats;
    int64_t attempts_ns[TW_RECONNECT_STORM_COUNT_MAX]; /* a ring of the last attempts' times */
    int64_t now_ns;                                    /* the latest that was told */
    int64_t next_ns;                                   /* of the next attempt */
    int64_t row_ns;                                    /* when the row began */
    int64_t opened_ns;
    uint32_t row_loss_count;
    uint32_t row_attempt_count;
    uint8_t state;
    uint8_t end;
} tw_reconnect;

TW_BEGIN_DECLS

/* A stopped machine. TW_RANGE if a span is negative or above TW_RECONNECT_NS_MAX, the longest pause
 * is below the shortest, or storm_count_max is above its bound. */
TW_API tw_status tw_reconnect_init(tw_reconnect *machine,
                                   const tw_reconnect_config *config) TW_MUST_CHECK;

/* Begins a new row: the first attempt is due at once (but for the storm bound). STOPPED or FAILED
 * only. */
TW_API void tw_reconnect_start(tw_reconnect *machine, int64_t now_ns);

/* When the next attempt is due; INT64_MAX unless WAITING. */
TW_API int64_t tw_reconnect_next_ns(const tw_reconnect *machine);

/* An attempt begins. TW_EMPTY if it is not due yet, TW_STATE unless WAITING. */
TW_API tw_status tw_reconnect_try(tw_reconnect *machine, int64_t now_ns) TW_MUST_CHECK;

/* The attempt has brought a connection that is of use. TRYING only. */
TW_API void tw_reconnect_opened(tw_reconnect *machine, int64_t now_ns);

/* The attempt failed, or the connection broke: WAITING or FAILED follows. `asked_ns` is the pause
 * that the server named, 0 if none. TRYING and UP only. */
TW_API tw_reconnect_state tw_reconnect_lost(tw_reconnect *machine, int64_t now_ns,
                                            tw_reconnect_loss loss, int64_t asked_ns,
                                            uint64_t draw);

TW_API void tw_reconnect_stop(tw_reconnect *machine, int64_t now_ns);

TW_API tw_reconnect_state tw_reconnect_get_state(const tw_reconnect *machine);
TW_API tw_reconnect_end tw_reconnect_get_end(const tw_reconnect *machine);
TW_API tw_reconnect_stats tw_reconnect_get_stats(const tw_reconnect *machine);

/* What a status of a connection means for the next attempt: TW_AUTH, TW_REFUSED, TW_UNSUPPORTED,
 * TW_INVALID and TW_LIMIT are final; TW_BUSY and TW_THROTTLED ask for patience. */
TW_API tw_reconnect_loss tw_reconnect_loss_of(tw_status status);

/* "stopped", "waiting", ... Never NULL. */
TW_API const char *tw_reconnect_state_name(tw_reconnect_state state);

/* Asserts the invariants. */
TW_API void tw_reconnect_check(const tw_reconnect *machine);

TW_END_DECLS

#endif
