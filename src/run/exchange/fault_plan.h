/*
 * fault_plan.h - what is to go wrong, read from a text.
 *
 * One line says one thing; # begins a comment, at the start of a line or behind a space. A share is
 * a percentage of what it is about; a path at the end limits a line to requests whose path begins
 * so. Times behind `at` count on the exchange's clock from the moment at which the plan begins.
 *
 *     seed 1                        of what is drawn; 1 if it is not said
 *     latency 20ms 5ms /v2/orders   a request waits between mean - spread and mean + spread
 *     tail 1% 2s                    a share of the requests waits so much longer
 *     status 429 2% bare            a status instead of an answer; 5xx come with a page of HTML,
 * 429 with X-RateLimit headers unless it is bare reset before 1%               the connection dies
 * before the request is looked at, or reset after 1%                when it has been carried out
 *     truncate 1%                   half of the answer comes, then the connection ends
 *     trickle 0.5% 10B/s            the answer comes so slowly
 *     updates drop 1%               of the messages of trade_updates: also duplicate, reorder
 * (behind the next), and delay 5s 10%; without a share all of them
 *     trades late 20s 1%            of the trades are told up to so much later, at most 30s
 *     trades cancel 5s 1%           of the trades are taken back after so long
 *     trades correct 5s 1%          of the trades are told wrongly and put right after so long
 *     floor 200ms 50ms              what is asked of orders takes so long to the floor
 *     limit connections 1           further streams of an account are told 406
 *     mute 30s at 2m                streams stay open and silent
 *     stale 30s at 2m               no new quotes, on streams and in answers
 *     close streams at 3m           every stream is closed
 *     slow clients at 3m            the same, told 407
 *     halt AAPL 60s at 90s          nothing trades in a symbol
 *     clock jump -2s at 100s        /v2/clock is wrong by so much from then on
 *     restart at 4m                 every connection dies, and for a second no request is answered
 *
 * Latency, trickling and a restart's second are times of the wire: a stepped exchange that is asked
 * still answers after so many milliseconds.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FAULT_PLAN_H
#define TRADEWIND_RUN_EXCHANGE_FAULT_PLAN_H

#include <stdbool.h>

#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

/* A minute is longer than any client waits. */
#define FAULT_LATENCY_NS_MAX INT64_C(60000000000)

/* The tape reports a trade within half a minute of the end of its own. */
#define FAULT_TRADE_LATE_NS_MAX INT64_C(30000000000)

#define FAULT_RULE_COUNT_MAX 64
#define FAULT_PATH_SIZE 64
#define FAULT_TEXT_SIZE 96

/* Bytes of a plan, and of a line. */
#define FAULT_PLAN_SIZE_MAX 65536

typedef enum fault_kind {
    FAULT_LATENCY = 0,
    FAULT_TAIL,
    FAULT_STATUS,
    FAULT_RESET_BEFORE,
    FAULT_RESET_AFTER,
    FAULT_TRUNCATE,
    FAULT_TRICKLE,
    FAULT_UPDATE_DROP,
    FAULT_UPDATE_DUPLICATE,
    FAULT_UPDATE_REORDER,
    FAULT_UPDATE_DELAY,
    FAULT_TRADE_LATE,
    FAULT_TRADE_CANCEL,
    FAULT_TRADE_CORRECT,
    FAULT_CONNECTIONS,
    FAULT_FLOOR,
    FAULT_MUTE,
    FAULT_STALE,
    FAULT_CLOSE,
    FAULT_SLOW,
    FAULT_HALT,
    FAULT_CLOCK,
    FAULT_RESTART
} fault_kind;

typedef struct fault_rule {
    fault_kind kind;
    bool bare;
    uint32_t number;   /* a status, bytes a second, connections */
    double share;      /* above 0, at most 1 */
    int64_t span_ns;   /* how long, or by how much */
    int64_t spread_ns; /* of a latency: at most span_ns */
    int64_t at_ns;     /* since the plan began */
    char symbol[TW_SYMBOL_NAME_SIZE];
    char path[FAULT_PATH_SIZE]; /* "": any */
    char text[FAULT_TEXT_SIZE]; /* its line, as far as it fits */
} fault_rule;

typedef struct fault_plan {
    uint64_t seed;
    uint32_t rule_count;
    fault_rule rules[FAULT_RULE_COUNT_MAX]; /* in the order of their lines */
} fault_plan;

/* Reads a plan from a text; `name` is what errors call it. TW_PARSE and TW_RANGE name line, column
 * and what was expected; TW_FULL: more lines or bytes than a plan may have. Nothing is written
 * then. */
tw_status fault_plan_parse(const char *name, tw_slice text, fault_plan *ret_plan,
                           tw_error *error) TW_MUST_CHECK;

/* The same from a file; also TW_NOT_FOUND, TW_PERMISSION, TW_IO, TW_NO_MEMORY. */
tw_status fault_plan_read(const char *path, fault_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

#endif
