/*
 * run_options.h - the settings of `tradewind run`.
 */
#ifndef TRADEWIND_CLI_RUN_OPTIONS_H
#define TRADEWIND_CLI_RUN_OPTIONS_H

#include "arguments.h"
#include "exchange_options.h"
#include "tradewind/config.h"

typedef enum run_venue { RUN_DEMO = 0, RUN_PAPER = 1, RUN_LIVE = 2 } run_venue;

typedef struct run_options {
    int venue;    /* run_venue */
    int strategy; /* of the choices: run_strategy.h makes a tw_strategy of it */
    char targets[TW_CONFIG_TEXT_SIZE];
    char database[TW_CONFIG_TEXT_SIZE];
    int64_t duration_ns; /* of the venue's time; 0: until stopped, or to the end of the tape */
    double speed;
    double cash_weight;
    double band;
    int64_t rebalance_interval_ns;
    int64_t patience_ns;
    int64_t away_ns;
    int64_t reconcile_ns; /* between comparisons with the venue; 0: none */
    int64_t difference_max;
    int64_t resume_ns; /* a plan that was interrupted goes on if it is not older; 0: never */
    double collar;
    int64_t order_value_max_nano;
    double position_weight_max;
    int64_t history_days;
    int64_t window_count;
    char listen[TW_CONFIG_TEXT_SIZE];  /* where the dashboard is served; empty: nowhere */
    char metrics[TW_CONFIG_TEXT_SIZE]; /* where figures are served; empty: nowhere */
    char flight[TW_CONFIG_TEXT_SIZE];  /* file of the flight recorder's dump; empty: by the store */
    int64_t slow_ns;                   /* a request or commit of so long is told; 0: none */
    int64_t commit_rows;               /* trades and bars a commit */
    int64_t commit_delay_ns;
    char record[TW_CONFIG_TEXT_SIZE]; /* file of the recording; empty: by the store */
    int64_t record_bytes_max;
    bool quarantine; /* a journal that is damaged before its end is cut there */
    bool details;
    bool json;
    bool quiet;
    bool losses_forgotten;
    bool understood;
} run_options;

/* Limits of orders; 0: none. Shares of equity are fractions. */
typedef struct run_limits {
    int64_t quantity_max_nano;
    int64_t position_value_max_nano;
    double gross_max;
    double value_at_risk_max;
    double day_loss_max;
    double drawdown_max;
    int64_t losses_max;
    int64_t error_max;
    int64_t repeat_max;
    int64_t open_max;
    int64_t rate_max;
    int64_t cancel_rate_max;
    int64_t day_max;
    int64_t duplicate_span_ns;
    int on_stop; /* tw_kill_level */
} run_limits;

extern const tw_config_option run_option_table[];
extern const size_t run_option_count;

/* What a venue needs to be reached; from the environment or a file, never from options. */
typedef struct venue_options {
    char key_id[TW_CONFIG_TEXT_SIZE];
    char secret[TW_CONFIG_TEXT_SIZE];
    char trading_url[TW_CONFIG_TEXT_SIZE];
    char data_url[TW_CONFIG_TEXT_SIZE];
    char stream_url[TW_CONFIG_TEXT_SIZE];
    char feed[TW_CONFIG_TEXT_SIZE];
} venue_options;

/* The options of a venue, in their section and with the environment's names, for a command's list
 * of tables; `target` is borrowed. */
tw_arguments_table venue_arguments(const char *heading, venue_options *target);

/* An address that holds a name or a password ("user:password@host") would be shown in messages. */
bool venue_addresses_hold_credentials(const venue_options *access);

/* The first address of the venue that a configuration file sets, or NULL. Where credentials go is
 * typed or stands in the environment, and never in a file, which lies wherever the command is
 * called. */
const char *venue_address_of_file(const tw_config *config);
bool venue_is_address(const char *name);

#define VENUE_PAPER_URL "https://paper-api.alpaca.markets"
#define VENUE_LIVE_URL "https://api.alpaca.markets"

#endif
