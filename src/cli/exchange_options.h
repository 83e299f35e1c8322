/*
 * exchange_options.h - the settings of the simulated exchange, shared by `exchange` and by `run`
 * when it starts one inside.
 */
#ifndef TRADEWIND_CLI_EXCHANGE_OPTIONS_H
#define TRADEWIND_CLI_EXCHANGE_OPTIONS_H

#include "tradewind/config.h"
#include "tradewind/exchange.h"

typedef struct exchange_options {
    char symbols[TW_CONFIG_TEXT_SIZE]; /* a list, or @ and the path of a file */
    char hard_to_borrow[TW_CONFIG_TEXT_SIZE];
    char prices[TW_CONFIG_TEXT_SIZE];
    char tape[TW_CONFIG_TEXT_SIZE];
    char initial[TW_CONFIG_TEXT_SIZE];
    char tape_symbol[TW_CONFIG_TEXT_SIZE];
    char faults[TW_CONFIG_TEXT_SIZE];
    char state[TW_CONFIG_TEXT_SIZE];
    char clock[TW_CONFIG_TEXT_SIZE];      /* real, step, x60 ... */
    char rate_limit[TW_CONFIG_TEXT_SIZE]; /* off, 200/min */
    char plan[TW_CONFIG_TEXT_SIZE];       /* plus, basic */
    bool always_open;
    int64_t seed;
    int64_t start_ns;
    double events;
    double events_total;
    int64_t symbol_count;
    int64_t history_days;
    int64_t cash_nano;
    double invested;
    int64_t stream_connections;
    int64_t stream_symbols;
} exchange_options;

#define EXCHANGE_OPTION_COUNT 22
extern const tw_config_option exchange_option_table[EXCHANGE_OPTION_COUNT];

/* What only the exchange that stands alone has; its rows are in the same section of a file. */
typedef struct exchange_listen_options {
    char listen[TW_CONFIG_TEXT_SIZE];
    char accounts[TW_CONFIG_TEXT_SIZE];
    double speed;
    int64_t connections;
} exchange_listen_options;

#define EXCHANGE_LISTEN_COUNT 4
extern const tw_config_option exchange_listen_table[EXCHANGE_LISTEN_COUNT];

/* The same table for `run`: there the account begins invested, so that a demo has something to
 * rebalance. */
void exchange_options_of_demo(tw_config_option ret_table[EXCHANGE_OPTION_COUNT]);

/* Fills the exchange's configuration; texts are borrowed from `options`. TW_USAGE with a sentence
 * for a clock, a rate, a plan or a symbol that is none, and for an initial book without its tape.
 */
tw_status exchange_options_apply(const exchange_options *options, tw_exchange_config *ret_config,
                                 tw_error *error) TW_MUST_CHECK;

#endif
