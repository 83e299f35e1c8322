/* exchange_command.c - `tradewind exchange`: serves until it is interrupted. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "command.h"
#include "exchange_options.h"
#include "exchange_pointers.h"
#include "listen_address.h"
#include "tradewind/time.h"

/* The exchange that a signal ends. */
static tw_exchange *volatile interrupted;

static void on_signal(int number) {
    (void)number;
    if (interrupted != NULL)
        tw_exchange_stop(interrupted);
}

/* --speed is for a clock that runs and whose speed --clock does not say already. */
static tw_status read_speed(const exchange_listen_options *listener, const char *clock,
                            tw_exchange_config *config, tw_error *error) {
    if (listener->speed == 1.0)
        return TW_OK;
    if (strcmp(clock, "real") != 0)
        return tw_error_set(error, TW_USAGE, "--speed goes with --clock real, not with --clock %s",
                            clock);
    config->speed = listener->speed;
    return TW_OK;
}

/* Each account by its key; secrets stay in the file. */
static void print_accounts(const tw_exchange *exchange, const char *file) {
    for (uint32_t i = 0; i < tw_exchange_account_count(exchange); i++) {
        tw_exchange_account account;
        char cash[TW_DECIMAL_TEXT_SIZE];
        tw_exchange_account_at(exchange, i, &account);
        tw_decimal_format(account.cash.nano, cash);
        bool named = account.name[0] != '\0';
        printf("  account  %s%s%s%s: %s dollars", account.key, named ? " (" : "", account.name,
               named ? ")" : "", cash);
        if (account.closed)
            printf(", closed: it is not in %s any more", file);
        else if (account.kept)
            printf(", as it was left");
        printf("\n");
    }
}

/* The first account that somebody can use. */
static void find_open(const tw_exchange *exchange, tw_exchange_account *ret_account) {
    uint32_t i = 0;
    do
        tw_exchange_account_at(exchange, i, ret_account);
    while (ret_account->closed && ++i < tw_exchange_account_count(exchange));
}

/* Each client is an open file. Where the limit cannot be raised, what the exchange asks for is held
 * against it as it is. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void print_ready(const tw_exchange *exchange, const tw_exchange_config *config) {
    char host[LISTEN_HOST_SIZE];
    char start[TW_TIME_TEXT_SIZE];
    listen_address_host(config->address, tw_exchange_port(exchange), host, sizeof host);
    tw_time_format(tw_exchange_start_ns(exchange), 0, start);
    printf("listening on http://%s\n", host);
    printf("  %u symbols, seed %llu, clock from %s\n", tw_exchange_symbol_count(exchange),
           (unsigned long long)config->seed, start);
    tw_exchange_account account;
    find_open(exchange, &account);
    const char *secret = config->accounts == NULL ? config->secret : "SECRET";
    if (config->accounts != NULL)
        print_accounts(exchange, config->accounts);
    printf("  trading  http://%s/v2/account     key %s, secret %s\n", host, account.key,
           config->accounts == NULL ? config->secret : "as in the file");
    printf("  data     http://%s/v2/stocks/bars\n", host);
    printf("  streams  ws://%s/v2/iex  ws://%s/stream\n", host, host);
    printf("  page     http://%s/\n", host);
    printf("  try      curl -H 'APCA-API-KEY-ID: %s' -H 'APCA-API-SECRET-KEY: %s' "
           "http://%s/v2/account\n",
           account.key, secret, host);
    exchange_pointers_print(stdout, host, account.key, secret);
    fflush(stdout);
}

static int serve(const tw_exchange_config *config) {
    tw_error error = {0};
    tw_exchange *exchange = NULL;
    tw_status status = tw_exchange_open(NULL, config, &exchange, &error);
    if (status != TW_OK)
        return command_failed("exchange", &error);
    interrupted = exchange;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    print_ready(exchange, config);
    while (status == TW_OK)
        status = tw_exchange_turn(exchange, TW_NS_PER_SECOND, &error);
    interrupted = NULL;
    tw_exchange_close(exchange);
    return status == TW_CLOSED ? EXIT_DONE : command_failed("exchange", &error);
}

int command_exchange(int argc, char **argv) {
    exchange_options options;
    exchange_listen_options listener;
    static const tw_argument_short listen_shorts[] = {{'l', "listen"}};
    static const tw_argument_short shorts[] = {{'s', "symbols"}};
    const tw_arguments_table tables[] = {
        {.section = "exchange",
         .options = exchange_listen_table,
         .count = EXCHANGE_LISTEN_COUNT,
         .target = &listener,
         .shorts = listen_shorts,
         .short_count = 1,
         .others = exchange_option_table,
         .other_count = EXCHANGE_OPTION_COUNT},
        {.heading = "The market",
         .section = "exchange",
         .options = exchange_option_table,
         .count = EXCHANGE_OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 1,
         .others = exchange_listen_table,
         .other_count = EXCHANGE_LISTEN_COUNT},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind exchange",
        .summary = "An exchange on this machine that any Alpaca client can talk to.",
        .example = "  tradewind exchange --symbols AAPL,MSFT --clock x60\n"
                   "  tradewind exchange --listen 127.0.0.1:0 --tape AAPL_message_50.csv.gz\n"
                   "  tradewind exchange --accounts desk.accounts --state desk.db\n",
        .tables = tables,
        .table_count = 2,
    };
    tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    tw_exchange_config config;
    listen_address address;
    tw_error error = {0};
    tw_status status = exchange_options_apply(&options, &config, &error);
    if (status == TW_OK)
        status = read_speed(&listener, options.clock, &config, &error);
    if (status == TW_OK)
        config.accounts = listener.accounts[0] == '\0' ? NULL : listener.accounts;
    if (status == TW_OK)
        status = listen_address_read(listener.listen, "--listen", &address, &error);
    if (status != TW_OK)
        return command_failed("exchange", &error);
    config.address = address.host;
    config.port = address.port;
    config.connection_count_max = (uint32_t)listener.connections;
    raise_file_limit();
    return serve(&config);
}
