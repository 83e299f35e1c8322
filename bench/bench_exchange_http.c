/*
 * bench_exchange_http.c - what the exchange's calls cost beside the HTTP server that they run on.
 *
 *     bench_exchange_http [SECONDS]    of each run of wrk, default 1
 *
 * Two servers, each a process of its own: tw_http_server with a handler that answers `{}`, and an
 * exchange. wrk asks them in turn, 64 connections in one thread: `{}`, GET /v2/account, and
 * POST /v2/orders of a limit order that rests far below the market, each of which stays in the
 * book. An exchange takes a bounded number of orders, so each round gets a fresh one; where a run
 * of orders reached that bound, its figure is the bound's and not the exchange's, and this says so.
 *
 * Every row is run five times; the best and the median are printed, their share of what `{}` got in
 * the same round, and the least processor time that the server spent on a request, which a busy
 * machine disturbs less. Everything shares this machine's processors with wrk. Without wrk it says
 * so.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/exchange.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

#define ROUND_COUNT 5
#define ROW_COUNT 3
#define ORDER_COUNT_MAX 131072

static const char script[] =
    "wrk.method = 'POST'\n"
    "wrk.headers['Content-Type'] = 'application/json'\n"
    "wrk.body = '{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
    "\"limit_price\":\"1.00\",\"time_in_force\":\"day\"}'\n";

/* ---- the servers --------------------------------------------------------------------------- */

static void answer_nothing(void *context, const tw_http_request *request, tw_http_reply *reply) {
    (void)context;
    (void)request;
    tw_http_answer answer = {
        .status = 200, .content_type = "application/json", .body = tw_slice_of("{}")};
    if (tw_http_reply_send(reply, &answer, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static void serve_nothing(int port_fd) {
    tw_loop *loop = NULL;
    tw_http_server *server = NULL;
    tw_http_server_config config = {.handler = answer_nothing};
    require(tw_loop_new(NULL, &loop, NULL) == TW_OK, "making a loop");
    require(tw_http_server_start(loop, &config, &server, NULL) == TW_OK, "starting a server");
    uint16_t port = tw_http_server_port(server);
    require(write(port_fd, &port, sizeof port) == sizeof port, "telling the port");
    while (tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, NULL) == TW_OK) {
    }
}

static void serve_exchange(int port_fd) {
    tw_exchange_config config;
    tw_exchange *exchange = NULL;
    tw_exchange_config_init(&config);
    config.symbols = "AAPL,MSFT";
    config.start_ns = INT64_C(1767623400000000000);
    config.order_count_max = ORDER_COUNT_MAX;
    config.cash.nano = 10000000 * TW_NANO;
    require(tw_exchange_open(NULL, &config, &exchange, NULL) == TW_OK, "opening an exchange");
    uint16_t port = tw_exchange_port(exchange);
    require(write(port_fd, &port, sizeof port) == sizeof port, "telling the port");
    while (tw_exchange_turn(exchange, TW_NS_PER_SECOND, NULL) == TW_OK) {
    }
}

typedef struct server {
    pid_t process;
    uint16_t port;
} server;

static server start(void (*serve)(int port_fd)) {
    server started;
    int ends[2];
    require(pipe(ends) == 0, "making a pipe");
    started.process = fork();
    require(started.process >= 0, "forking");
    if (started.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(ends[1]);
        _exit(1);
    }
    require(read(ends[0], &started.port, sizeof started.port) == sizeof started.port,
            "reading the port");
    close(ends[0]);
    close(ends[1]);
    return started;
}

static void stop(const server *running) {
    kill(running->process, SIGKILL);
    waitpid(running->process, NULL, 0);
}

/* ---- wrk ----------------------------------------------------------------------------------- */

typedef struct outcome {
    double rate;   /* requests a second; 0 when wrk is not there */
    double cpu_us; /* of the server, a request */
} outcome;

/* The processor time that another process has had. */
static double cpu_us_of(pid_t process) {
    clockid_t clock;
    struct timespec time;
    require(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0,
            "the processor's clock");
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Answers that are no success count for nothing. */
static outcome ask(const server *asked_one, const char *path, const char *options, int seconds) {
    char command[512];
    char line[256];
    double rate = 0.0;
    double refused = 0.0;
    double asked = 0.0;
    snprintf(command, sizeof command,
             "wrk -t1 -c64 -d%ds -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' %s "
             "http://127.0.0.1:%u%s 2>/dev/null",
             seconds, options, asked_one->port, path);
    double begin_us = cpu_us_of(asked_one->process);
    FILE *output = popen(command, "r");
    require(output != NULL, "starting wrk");
    while (fgets(line, sizeof line, output) != NULL) {
        sscanf(line, " Requests/sec: %lf", &rate);
        sscanf(line, " Non-2xx or 3xx responses: %lf", &refused);
        sscanf(line, " %lf requests in", &asked);
    }
    pclose(output);
    if (asked <= 0.0)
        return (outcome){0};
    if (refused > 0.0)
        printf("%s: %.0f were refused: take fewer seconds\n", path, refused);
    return (outcome){.rate = rate * (asked - refused) / asked,
                     .cpu_us = (cpu_us_of(asked_one->process) - begin_us) / asked};
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One row of the table: what each round came to. */
typedef struct row {
    const char *name;
    double rates[ROUND_COUNT];
    double shares[ROUND_COUNT];
    double cpu_us[ROUND_COUNT];
} row;

static void print_row(row *printed) {
    qsort(printed->rates, ROUND_COUNT, sizeof printed->rates[0], by_size);
    qsort(printed->shares, ROUND_COUNT, sizeof printed->shares[0], by_size);
    qsort(printed->cpu_us, ROUND_COUNT, sizeof printed->cpu_us[0], by_size);
    printf("%-26s %9.0f %9.0f %9.0f%% %9.0f%% %8.1f\n", printed->name,
           printed->rates[ROUND_COUNT - 1], printed->rates[ROUND_COUNT / 2],
           100.0 * printed->shares[ROUND_COUNT - 1], 100.0 * printed->shares[ROUND_COUNT / 2],
           printed->cpu_us[0]);
}

static void run_round(row rows[ROW_COUNT], int round, const char *options, int seconds) {
    server plain = start(serve_nothing);
    server exchange = start(serve_exchange);
    outcome outcomes[ROW_COUNT] = {
        ask(&plain, "/", "", seconds),
        ask(&exchange, "/v2/account", "", seconds),
        ask(&exchange, "/v2/orders", options, seconds),
    };
    for (int i = 0; i < ROW_COUNT; i++) {
        rows[i].rates[round] = outcomes[i].rate;
        rows[i].cpu_us[round] = outcomes[i].cpu_us;
        rows[i].shares[round] = outcomes[0].rate > 0.0 ? outcomes[i].rate / outcomes[0].rate : 0.0;
    }
    stop(&plain);
    stop(&exchange);
}

int main(int argc, char **argv) {
    static row rows[ROW_COUNT] = {{.name = "the server alone, {}"},
                                  {.name = "GET /v2/account"},
                                  {.name = "POST /v2/orders, resting"}};
    char path[] = "/tmp/tradewind-wrk-XXXXXX";
    char options[64];
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;
    int fd = mkstemp(path);
    require(fd >= 0 && write(fd, script, sizeof script - 1) == sizeof script - 1,
            "writing the script of wrk");
    snprintf(options, sizeof options, "-s %s", path);
    for (int i = 0; i < ROUND_COUNT; i++)
        run_round(rows, i, options, seconds);
    close(fd);
    unlink(path);
    if (rows[0].rates[0] <= 0.0) {
        printf("wrk is not installed: nothing was measured\n");
        return 0;
    }
    printf("requests/s of wrk, 64 connections, beside the server alone in the same round\n");
    printf("%-26s %9s %9s %10s %10s %8s\n", "", "best", "median", "best share", "median", "cpu us");
    for (int i = 0; i < ROW_COUNT; i++)
        print_row(&rows[i]);
    return 0;
}
