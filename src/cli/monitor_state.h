/*
 * monitor_state.h - the state of a run as its dashboard tells it (docs/guide/dashboard.md), read
 * into plain data: what `tradewind monitor` shows of it.
 *
 * Lists are cut at their bounds here and the counts say how many there were. What is null or
 * missing is zero, NaN or empty.
 */
#ifndef TRADEWIND_CLI_MONITOR_STATE_H
#define TRADEWIND_CLI_MONITOR_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

enum {
    MONITOR_WORD_SIZE = 64,
    MONITOR_POSITION_COUNT_MAX = 8192, /* RUN_SYMBOL_COUNT_MAX */
    MONITOR_ORDER_COUNT_MAX = 64,
    MONITOR_STAGE_COUNT_MAX = 16,
    MONITOR_BREAKER_COUNT_MAX = 8,
    MONITOR_LIMIT_COUNT_MAX = 32
};

typedef char monitor_word[MONITOR_WORD_SIZE];

typedef struct monitor_position {
    monitor_word symbol;
    int64_t quantity_nano;
    int64_t value_nano;
    int64_t profit_nano;
    double weight;
    double target;
    double low;
    double high;
    bool outside;
} monitor_position;

typedef struct monitor_order {
    monitor_word id;
    monitor_word symbol;
    monitor_word side;
    monitor_word status;
    monitor_word why;
    int64_t quantity_nano;
    int64_t filled_nano;
    int64_t limit_nano;
} monitor_order;

typedef struct monitor_stage {
    monitor_word stage;
    uint64_t count;
    double p50; /* nanoseconds, as the rest */
    double p99;
} monitor_stage;

typedef struct monitor_breaker {
    monitor_word route;
    monitor_word state;
} monitor_breaker;

typedef struct monitor_limit {
    monitor_word reason;
    double used;
    bool stopped;
} monitor_limit;

typedef struct monitor_state {
    monitor_word time;
    monitor_word phase;
    monitor_word killed;
    monitor_word killed_by;
    double age;
    double seconds;
    double events_per_second;
    struct {
        int64_t cash_nano;
        int64_t equity_nano;
        int64_t equity_begin_nano;
        int64_t gross_nano;
        int64_t turnover_nano;
    } account;
    struct {
        uint64_t orders;
        uint64_t filled;
        uint64_t open;
        uint64_t canceled;
        uint64_t rejected;
        uint64_t denied;
        uint64_t unknown;
    } counts;
    struct {
        double var95;
        double es95;
        double drawdown;
        double day_loss;
    } risk;
    struct {
        bool told;
        bool up;
        double heard_ms;
        uint64_t losses;
        uint64_t dropped;
        uint64_t requests;
        uint64_t timeouts;
        uint64_t failures;
        uint64_t retries;
    } venue;
    struct {
        bool told;
        double age; /* seconds; NaN: never */
        uint64_t count;
        uint64_t differences;
    } reconciliation;
    struct {
        bool told;
        uint64_t rows;
        uint64_t waiting;
        uint64_t syncs;
    } store;
    uint32_t position_count; /* that there are; at most the bound of them are below */
    uint32_t order_count;
    uint32_t stage_count;
    uint32_t breaker_count;
    uint32_t limit_count;
    monitor_position positions[MONITOR_POSITION_COUNT_MAX];
    monitor_order orders[MONITOR_ORDER_COUNT_MAX];
    monitor_stage stages[MONITOR_STAGE_COUNT_MAX];
    monitor_breaker breakers[MONITOR_BREAKER_COUNT_MAX];
    monitor_limit limits[MONITOR_LIMIT_COUNT_MAX];
} monitor_state;

/* TW_PARSE: it is no such document. */
tw_status monitor_state_read(tw_json_reader *reader, tw_slice document, monitor_state *ret_state,
                             tw_error *error) TW_MUST_CHECK;

#endif
