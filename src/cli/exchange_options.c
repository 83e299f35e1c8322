/* exchange_options.c - one table makes the parser, the help and the manual. */
#include "exchange_options.h"

#include <stddef.h>
#include <string.h>

#include "gentle_faults.h"

#define RATE_LIMIT_MAX 100000000u

const tw_config_option exchange_listen_table[EXCHANGE_LISTEN_COUNT] = {
    {"listen", TW_CONFIG_TEXT, "ADDR:PORT", NULL, NULL, "127.0.0.1:8765",
     "where to listen; port 0 takes any that is free", NULL,
     offsetof(exchange_listen_options, listen)},
    {"accounts", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "who trades here, a line each: key, secret, cash=, multiplier=, shorting=, name=; only its "
     "owner may read it; default: demo, whose secret is demo",
     NULL, offsetof(exchange_listen_options, accounts)},
    {"speed", TW_CONFIG_NUMBER, "TIMES", "0.001", "100000", "1",
     "so many times faster than outside: --speed 60 is --clock x60", NULL,
     offsetof(exchange_listen_options, speed)},
    {"connections", TW_CONFIG_INTEGER, "N", "0", "100000", "0",
     "clients at once, of REST and streams together, the next is answered 503; 0: 10000, or as "
     "many "
     "as the limit of open files allows",
     NULL, offsetof(exchange_listen_options, connections)},
};

const tw_config_option exchange_option_table[EXCHANGE_OPTION_COUNT] = {
    {"symbols", TW_CONFIG_TEXT, "LIST", NULL, NULL, "",
     "symbols to trade, AAPL,MSFT, or @FILE with their names; default: "
     "those of --prices, else twenty large US stocks",
     NULL, offsetof(exchange_options, symbols)},
    {"symbol-count", TW_CONFIG_INTEGER, NULL, "0", "8192", "0",
     "made-up symbols are added until there are so many", NULL,
     offsetof(exchange_options, symbol_count)},
    {"hard-to-borrow", TW_CONFIG_TEXT, "LIST", NULL, NULL, "",
     "symbols, GME,AMC, that cannot be sold short and take orders of the day only", NULL,
     offsetof(exchange_options, hard_to_borrow)},
    {"prices", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "daily closes, date,SYM1,SYM2,...; "
     "default: a generated history",
     NULL, offsetof(exchange_options, prices)},
    {"tape", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "orders to replay: LOBSTER messages, Bitstamp, ITCH or Databento mbo, plain or packed", NULL,
     offsetof(exchange_options, tape)},
    {"initial", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "LOBSTER order book whose first row is the "
     "book after the tape's first message",
     NULL, offsetof(exchange_options, initial)},
    {"tape-symbol", TW_CONFIG_TEXT, "NAME", NULL, NULL, "",
     "symbol of the tape, or several of one that has many, AAPL,MSFT; default: its file "
     "name up to the first _",
     NULL, offsetof(exchange_options, tape_symbol)},
    {"faults", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "a plan of what goes wrong, or gentle: some of everything, within half an hour", NULL,
     offsetof(exchange_options, faults)},
    {"rate-limit", TW_CONFIG_TEXT, "RATE", NULL, NULL, "off",
     "requests that an account may make, 200/min: of trading, and of market data; or off", NULL,
     offsetof(exchange_options, rate_limit)},
    {"plan", TW_CONFIG_TEXT, "WORD", NULL, NULL, "plus",
     "of market data: plus, or basic: iex alone in real time, sip 15 minutes late, and 1 stream, "
     "30 "
     "symbols and 200/min where no other limit is given",
     NULL, offsetof(exchange_options, plan)},
    {"state", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "keeps accounts, orders, activities and watchlists: a restart goes on where it ended", NULL,
     offsetof(exchange_options, state)},
    {"clock", TW_CONFIG_TEXT, "WORD", NULL, NULL, "real",
     "real, x60 (that many times faster) or "
     "step (time moves on request only)",
     NULL, offsetof(exchange_options, clock)},
    {"always-open", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "the market never closes: nights, weekends and holidays are like any hour", NULL,
     offsetof(exchange_options, always_open)},
    {"seed", TW_CONFIG_INTEGER, NULL, "0", NULL, "1", "the same seed makes the same market", NULL,
     offsetof(exchange_options, seed)},
    {"start", TW_CONFIG_TIME, NULL, NULL, NULL, NULL,
     "when the exchange's clock begins; "
     "default: 09:30 in New York after the newest price; the first of a tape; 2026-01-05T14:30:00Z "
     "when stepped; else now, or the next opening if the market is closed now",
     NULL, offsetof(exchange_options, start_ns)},
    {"events", TW_CONFIG_NUMBER, NULL, "0.001", "1000000", "20",
     "orders and cancels a second and "
     "symbol, in exchange time",
     NULL, offsetof(exchange_options, events)},
    {"events-total", TW_CONFIG_NUMBER, NULL, "0", "10000000", "0",
     "instead of --events: of all symbols together, many of the first and few of the last "
     "(Zipf's law); 0: as --events says, and 2000 for more than 1024 symbols",
     NULL, offsetof(exchange_options, events_total)},
    {"history-days", TW_CONFIG_INTEGER, NULL, "2", "20000", "756", "days of generated history",
     NULL, offsetof(exchange_options, history_days)},
    {"cash", TW_CONFIG_DECIMAL, NULL, "0", NULL, "100000",
     "dollars of an account that does not say", NULL, offsetof(exchange_options, cash_nano)},
    {"invested", TW_CONFIG_PERCENT, NULL, "0", "1", "0",
     "share of them held in equal parts of all symbols from the start", NULL,
     offsetof(exchange_options, invested)},
    {"stream-connections", TW_CONFIG_INTEGER, "N", "0", "100000", "0",
     "streams that an account may have at one address, else error 406; 0: any number", NULL,
     offsetof(exchange_options, stream_connections)},
    {"stream-symbols", TW_CONFIG_INTEGER, "N", "0", "1000000", "0",
     "symbols of trades and quotes that a stream may subscribe to, else error 405 (30 on a free "
     "plan); 0: any number",
     NULL, offsetof(exchange_options, stream_symbols)},
};

void exchange_options_of_demo(tw_config_option ret_table[EXCHANGE_OPTION_COUNT]) {
    memcpy(ret_table, exchange_option_table, sizeof exchange_option_table);
    for (size_t i = 0; i < EXCHANGE_OPTION_COUNT; i++) {
        if (strcmp(ret_table[i].name, "invested") == 0)
            ret_table[i].default_value = "90%";
        else if (strcmp(ret_table[i].name, "always-open") == 0)
            ret_table[i].default_value = "yes";
    }
}

static const char *text_or_null(const char *text) {
    return text[0] == '\0' ? NULL : text;
}

/* "real", "step" or "x" and a number. */
static tw_status read_clock(const char *word, tw_exchange_config *config, tw_error *error) {
    if (strcmp(word, "step") == 0) {
        config->clock = TW_EXCHANGE_STEP;
        return TW_OK;
    }
    config->clock = TW_EXCHANGE_REAL;
    config->speed = 1.0;
    if (strcmp(word, "real") == 0)
        return TW_OK;
    if (word[0] == 'x' && tw_parse_double(tw_slice_of(word + 1), &config->speed) == TW_OK &&
        config->speed > 0.0 && config->speed <= 100000.0)
        return TW_OK;
    return tw_error_set(error, TW_USAGE,
                        "--clock %s: write real, step, or x and a speed up to 100000, like x60",
                        word);
}

/* "off", or a number "/min". */
static tw_status read_rate_limit(const char *word, uint32_t *ret_limit, tw_error *error) {
    static const char unit[] = "/min";
    tw_slice number = tw_slice_of(word);
    size_t unit_size = sizeof unit - 1;
    uint64_t limit = 0;
    *ret_limit = 0;
    if (strcmp(word, "off") == 0)
        return TW_OK;
    if (number.size > unit_size && strcmp(word + number.size - unit_size, unit) == 0)
        number.size -= unit_size;
    else
        number.size = 0;
    if (tw_parse_u64(number, &limit) != TW_OK || limit == 0 || limit > RATE_LIMIT_MAX)
        return tw_error_set(error, TW_USAGE,
                            "--rate-limit %s: write off, or requests a minute up to %u, like "
                            "200/min",
                            word, RATE_LIMIT_MAX);
    *ret_limit = (uint32_t)limit;
    return TW_OK;
}

static tw_status read_plan(const char *word, tw_exchange_plan *ret_plan, tw_error *error) {
    *ret_plan = strcmp(word, "basic") == 0 ? TW_EXCHANGE_PLAN_BASIC : TW_EXCHANGE_PLAN_PLUS;
    if (*ret_plan == TW_EXCHANGE_PLAN_BASIC || strcmp(word, "plus") == 0)
        return TW_OK;
    return tw_error_set(error, TW_USAGE, "--plan %s: write plus or basic", word);
}

/* A misspelt list is wrong usage and told as such, before anything is opened. */
static tw_status check_symbols(const char *list, tw_error *error) {
    if (list[0] == '@')
        return TW_OK;
    tw_slice rest = tw_slice_of(list);
    TW_AUTO(tw_symbols) *scratch = NULL;
    tw_symbol symbol;
    if (tw_symbols_new(NULL, TW_CONFIG_TEXT_SIZE, &scratch) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the symbols");
    while (rest.size > 0) {
        tw_slice name = tw_slice_trim(tw_slice_split(&rest, ','));
        if (tw_symbols_intern(scratch, name, &symbol) != TW_OK)
            return tw_error_set(error, TW_USAGE,
                                "--symbols %s: \"%.*s\" cannot be a symbol; write them like "
                                "AAPL,MSFT",
                                list, (int)name.size, name.size > 0 ? name.data : "");
    }
    return TW_OK;
}

tw_status exchange_options_apply(const exchange_options *options, tw_exchange_config *ret_config,
                                 tw_error *error) {
    tw_exchange_config config;
    tw_exchange_config_init(&config);
    tw_status status = read_clock(options->clock, &config, error);
    if (status != TW_OK)
        return status;
    if (options->initial[0] != '\0' && options->tape[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "--initial is the book that a tape begins with: name the --tape too");
    status = read_rate_limit(options->rate_limit, &config.rate_limit, error);
    if (status == TW_OK)
        status = read_plan(options->plan, &config.plan, error);
    if (status != TW_OK)
        return status;
    if (options->state[0] != '\0' && options->tape[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--state cannot be kept over a --tape, which begins anew each time");
    status = check_symbols(options->symbols, error);
    if (status != TW_OK)
        return status;
    if (options->symbols[0] == '@')
        config.symbols_file = options->symbols + 1;
    else
        config.symbols = text_or_null(options->symbols);
    config.symbol_count = (uint32_t)options->symbol_count;
    config.events_total = options->events_total;
    config.hard_to_borrow = text_or_null(options->hard_to_borrow);
    config.prices = text_or_null(options->prices);
    config.tape = text_or_null(options->tape);
    config.initial = text_or_null(options->initial);
    config.tape_symbol = text_or_null(options->tape_symbol);
    if (strcmp(options->faults, "gentle") == 0)
        config.fault_text = GENTLE_FAULTS;
    else
        config.faults = text_or_null(options->faults);
    config.state = text_or_null(options->state);
    config.always_open = options->always_open;
    config.seed = (uint64_t)options->seed;
    config.start_ns = options->start_ns;
    config.events_per_second = options->events;
    config.history_days = (uint32_t)options->history_days;
    config.cash.nano = options->cash_nano;
    config.invested = options->invested;
    config.stream_connection_max = (uint32_t)options->stream_connections;
    config.stream_symbol_max = (uint32_t)options->stream_symbols;
    *ret_config = config;
    return TW_OK;
}
