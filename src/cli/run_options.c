/* run_options.c - one table makes the parser, the help and the manual. */
#include "run_options.h"

#include <stddef.h>
#include <string.h>

#include "command.h"

const tw_config_option run_option_table[] = {
    {"venue", TW_CONFIG_CHOICE, NULL, NULL, NULL, "demo",
     "demo starts the exchange inside and needs no account", "demo|paper|live",
     offsetof(run_options, venue)},
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "store of market data, orders and journal; default: a new file in the temporary folder for "
     "demo, tradewind.db otherwise",
     NULL, offsetof(run_options, database)},
    {"duration", TW_CONFIG_DURATION, NULL, NULL, NULL, NULL,
     "how long to trade, in the venue's time; 0: until interrupted, or to the end of --tape; "
     "default: 30m, with --tape 0",
     NULL, offsetof(run_options, duration_ns)},
    {"speed", TW_CONFIG_NUMBER, NULL, "0.001", "100000", "120",
     "how much faster than real time the demo runs, unless --clock says it", NULL,
     offsetof(run_options, speed)},
    {"strategy", TW_CONFIG_CHOICE, NULL, NULL, NULL, "inverse-volatility",
     "where target weights come from", "equal|inverse-volatility|risk-parity|min-variance|momentum",
     offsetof(run_options, strategy)},
    {"targets", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "target weights as symbol,weight; takes the place of --strategy", NULL,
     offsetof(run_options, targets)},
    {"cash-weight", TW_CONFIG_PERCENT, NULL, "0%", "90%", "2%", "share of equity kept in cash",
     NULL, offsetof(run_options, cash_weight)},
    {"band", TW_CONFIG_PERCENT, NULL, "0.01%", "50%", "1%",
     "a position is traded when its weight is further than this from its target", NULL,
     offsetof(run_options, band)},
    {"rebalance-every", TW_CONFIG_DURATION, NULL, NULL, NULL, "10m",
     "a decision at the latest after this time; 0: on drift only", NULL,
     offsetof(run_options, rebalance_interval_ns)},
    {"patience", TW_CONFIG_DURATION, NULL, "1s", NULL, "1m",
     "an order still open after this time is cancelled", NULL, offsetof(run_options, patience_ns)},
    {"away", TW_CONFIG_DURATION, NULL, "1s", NULL, "20s",
     "how long the venue may be out of reach before the run ends", NULL,
     offsetof(run_options, away_ns)},
    {"resume", TW_CONFIG_DURATION, NULL, NULL, NULL, "15m",
     "a plan that was interrupted by a crash or a lost connection goes on if it is not older; 0: "
     "never",
     NULL, offsetof(run_options, resume_ns)},
    {"quarantine", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "go on although the journal is damaged before its end: set aside what is damaged and all that "
     "follows",
     NULL, offsetof(run_options, quarantine)},
    {"reconcile", TW_CONFIG_DURATION, NULL, NULL, NULL, "60s",
     "compare positions and cash with the venue so often while trading; 0: only after connections",
     NULL, offsetof(run_options, reconcile_ns)},
    {"max-differences", TW_CONFIG_INTEGER, NULL, "0", "1000000", "3",
     "more comparisons than this within an hour in which the venue tells otherwise kill the run "
     "(new, or as --on-stop says); 0: any number",
     NULL, offsetof(run_options, difference_max)},
    {"forget-losses", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "what earlier runs lost, and their orders of the day, count no more against the limits: after "
     "money was moved, or when a stop was looked into",
     NULL, offsetof(run_options, losses_forgotten)},
    {"collar", TW_CONFIG_PERCENT, NULL, "0.01%", "20%", "0.5%",
     "largest distance of a limit price from the mid", NULL, offsetof(run_options, collar)},
    {"max-order", TW_CONFIG_DECIMAL, NULL, "0", NULL, "0",
     "largest value of one order; 0: no limit (live demands one)", NULL,
     offsetof(run_options, order_value_max_nano)},
    {"max-weight", TW_CONFIG_PERCENT, NULL, "0%", "100%", "0%",
     "largest share of equity in one symbol; 0: no limit (live demands one)", NULL,
     offsetof(run_options, position_weight_max)},
    {"risk-days", TW_CONFIG_INTEGER, NULL, "30", "5000", "504",
     "days of history for volatility and risk", NULL, offsetof(run_options, history_days)},
    {"window", TW_CONFIG_INTEGER, NULL, "2", "1000000", "100",
     "trades in the sliding window of a symbol", NULL, offsetof(run_options, window_count)},
    {"listen", TW_CONFIG_TEXT, "ADDR:PORT", NULL, NULL, "",
     "serve the dashboard at http://ADDR:PORT/; a port alone is on this machine, port 0 any that "
     "is "
     "free",
     NULL, offsetof(run_options, listen)},
    {"metrics", TW_CONFIG_TEXT, "ADDR:PORT", NULL, NULL, "",
     "serve OpenMetrics figures at http://ADDR:PORT/metrics; a port alone is on this machine, port "
     "0 any that is free",
     NULL, offsetof(run_options, metrics)},
    {"commit-rows", TW_CONFIG_INTEGER, NULL, "1", "100000", "20000",
     "trades and bars that are committed together at the latest; orders, fills and the journal "
     "wait "
     "for nothing",
     NULL, offsetof(run_options, commit_rows)},
    {"commit-delay", TW_CONFIG_DURATION, NULL, "1ms", "1m", "250ms",
     "and how long the oldest of them may wait: a crash takes those that wait", NULL,
     offsetof(run_options, commit_delay_ns)},
    {"slow", TW_CONFIG_DURATION, NULL, NULL, NULL, "0s",
     "tell of requests and commits that took this long, at most one a second; 0: of none", NULL,
     offsetof(run_options, slow_ns)},
    {"flight", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "file for the newest events when the program crashes or gets SIGUSR1; none: no such file; "
     "default: beside the store, with -flight behind its name",
     NULL, offsetof(run_options, flight)},
    {"record", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "file of all that reaches the engine, for `tradewind replay`; none: no such file; default: "
     "beside the store, with -record behind its name; that of the run before is kept with .1 "
     "once this one has begun",
     NULL, offsetof(run_options, record)},
    {"record-max", TW_CONFIG_INTEGER, "BYTES", "0", NULL, "4G",
     "the recording ends when its file is so large; the run goes on; 0: no bound", NULL,
     offsetof(run_options, record_bytes_max)},
    {"details", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "tell what the run did to the machine, too: events, latencies, rows", NULL,
     offsetof(run_options, details)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print the report as one JSON document",
     NULL, offsetof(run_options, json)},
    {"quiet", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "no progress line", NULL,
     offsetof(run_options, quiet)},
    {"i-understand", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "needed for --venue live: orders are sent with real money", NULL,
     offsetof(run_options, understood)},
};

const size_t run_option_count = sizeof run_option_table / sizeof run_option_table[0];

static const tw_config_option venue_option_table[] = {
    {"key-id", TW_CONFIG_SECRET, NULL, NULL, NULL, "", "API key id of the venue", NULL,
     offsetof(venue_options, key_id)},
    {"secret-key", TW_CONFIG_SECRET, NULL, NULL, NULL, "", "API secret of the venue", NULL,
     offsetof(venue_options, secret)},
    {"trading-url", TW_CONFIG_TEXT, "URL", NULL, NULL, "",
     "trading API; default: the paper or live API of Alpaca", NULL,
     offsetof(venue_options, trading_url)},
    {"data-url", TW_CONFIG_TEXT, "URL", NULL, NULL, "https://data.alpaca.markets",
     "market data API", NULL, offsetof(venue_options, data_url)},
    {"stream-url", TW_CONFIG_TEXT, "URL", NULL, NULL, "wss://stream.data.alpaca.markets",
     "market data stream, without version and feed", NULL, offsetof(venue_options, stream_url)},
    {"feed", TW_CONFIG_TEXT, "NAME", NULL, NULL, "iex", "feed of the market data stream", NULL,
     offsetof(venue_options, feed)},
};

static const tw_argument_variable venue_variables[] = {
    {"APCA_API_KEY_ID", "key-id"},        {"APCA_API_SECRET_KEY", "secret-key"},
    {"APCA_API_BASE_URL", "trading-url"}, {"APCA_API_DATA_URL", "data-url"},
    {"APCA_DATA_BASE_URL", "data-url"},   {"APCA_API_STREAM_URL", "stream-url"},
};

tw_arguments_table venue_arguments(const char *heading, venue_options *target) {
    return (tw_arguments_table){
        .heading = heading,
        .section = "venue",
        .options = venue_option_table,
        .count = sizeof venue_option_table / sizeof venue_option_table[0],
        .target = target,
        .variables = venue_variables,
        .variable_count = sizeof venue_variables / sizeof venue_variables[0],
    };
}

bool venue_addresses_hold_credentials(const venue_options *access) {
    return strchr(access->trading_url, '@') != NULL || strchr(access->data_url, '@') != NULL ||
           strchr(access->stream_url, '@') != NULL;
}

static const char *const addresses[] = {"trading-url", "data-url", "stream-url"};
enum { ADDRESS_COUNT = sizeof addresses / sizeof addresses[0] };

bool venue_is_address(const char *name) {
    size_t i = 0;
    while (i < ADDRESS_COUNT && strcmp(addresses[i], name) != 0)
        i++;
    return i < ADDRESS_COUNT;
}

const char *venue_address_of_file(const tw_config *config) {
    for (size_t i = 0; i < ADDRESS_COUNT; i++)
        if (command_origin(config, addresses[i]) == TW_CONFIG_FROM_FILE)
            return addresses[i];
    return NULL;
}
