/*
 * bench_pretrade.c - what the controls before an order cost.
 *
 *     bench_pretrade [MILLIONS]    operations of one run, default 2
 *
 * 500 symbols, every control with a limit that is not reached, 20 own orders open a symbol. Each
 * row is warmed up once, then run five times over the same fixed work; median, least and most are
 * printed. "naive" judges the same order by adding all positions and open orders up again, as a
 * system does that keeps lists: only exposure and cash of the controls.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "tradewind/pretrade.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define SYMBOLS 500u
#define OPEN 20u

struct bench {
    tw_pretrade *gate;
    double *covariance;
    tw_order *open; /* what is out, for the naive row */
    uint64_t sink;
    int64_t now_ns;
};

typedef void (*operation)(struct bench *bench, uint64_t count);

static tw_order order_of(uint64_t i) {
    return (tw_order){.symbol = (tw_symbol)(i * 7 % SYMBOLS),
                      .side = TW_SIDE_BUY,
                      .quantity = {(int64_t)(1 + i % 9) * TW_NANO},
                      .limit_price = {99 * TW_NANO + (int64_t)(i % 80) * (TW_NANO / 100)}};
}

static void run_mark(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        int64_t price = 100 * TW_NANO + (int64_t)(i % 50) * (TW_NANO / 100);
        tw_pretrade_mark(bench->gate, (tw_symbol)(i * 7 % SYMBOLS), (tw_price){price}, 1);
    }
}

static void judge(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        tw_order order = order_of(i);
        tw_pretrade_verdict verdict;
        bench->now_ns += 100 * TW_NS_PER_MS;
        tw_status status = tw_pretrade_enter(bench->gate, &order, bench->now_ns, &verdict);
        require(status == TW_OK, tw_pretrade_reason_name(verdict.reason));
        tw_pretrade_end(bench->gate, verdict.ticket, TW_PRETRADE_CANCELED, bench->now_ns);
        bench->sink += verdict.ticket;
    }
}

static void run_enter(struct bench *bench, uint64_t count) {
    tw_pretrade_set_covariance(bench->gate, NULL, 0.0);
    judge(bench, count);
}

static void run_enter_risk(struct bench *bench, uint64_t count) {
    tw_pretrade_set_covariance(bench->gate, bench->covariance, 2.326);
    judge(bench, count / 8);
}

static void run_naive(struct bench *bench, uint64_t count) {
    for (uint64_t i = 0; i < count / 256; i++) {
        tw_order order = order_of(i);
        double exposed = 0.0;
        double reserved = 0.0;
        for (uint32_t k = 0; k < SYMBOLS * OPEN; k++) {
            double value = (double)bench->open[k].quantity.nano * 1e-9 *
                           (double)bench->open[k].limit_price.nano * 1e-9;
            exposed += value;
            reserved += bench->open[k].side == TW_SIDE_BUY ? value : 0.0;
        }
        require(exposed + (double)order.quantity.nano < 1e30, "naive");
        bench->sink += (uint64_t)reserved;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_row(const char *name, operation run, struct bench *bench, uint64_t count,
                    uint64_t divisor) {
    double runs[RUN_COUNT];
    run(bench, count / 10);
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t begin = tw_time_monotonic_ns();
        run(bench, count);
        runs[i] = (double)(tw_time_monotonic_ns() - begin) / (double)(count / divisor);
    }
    qsort(runs, RUN_COUNT, sizeof runs[0], by_size);
    printf("%-44s %9.1f %9.1f %9.1f\n", name, runs[RUN_COUNT / 2], runs[0], runs[RUN_COUNT - 1]);
}

static tw_pretrade_config every_control(void) {
    tw_pretrade_config config;
    tw_pretrade_config_init(&config);
    config.symbol_count = SYMBOLS;
    config.order_count_max = SYMBOLS * OPEN + 16;
    config.limits = (tw_pretrade_limits){
        .quantity_max = {10000 * TW_NANO},
        .value_max = {1000000 * TW_NANO},
        .collar_nano = TW_NANO / 10,
        .price_age_ns_max = INT64_MAX,
        .position_max = {100000 * TW_NANO},
        .position_value_max = {1000000000 * TW_NANO},
        .position_share_max_nano = TW_NANO,
        .open_max = 1000,
        .repeat_max = UINT32_MAX,
        .repeat_span_ns = TW_NS_PER_SECOND,
    };
    config.gross_share_max_nano = 4 * TW_NANO;
    config.net_share_max_nano = 4 * TW_NANO;
    config.value_at_risk_share_max_nano = TW_NANO;
    config.open_max = SYMBOLS * OPEN + 16;
    config.message_max[TW_PRETRADE_SUBMIT] = 10000;
    config.message_day_max[TW_PRETRADE_SUBMIT] = UINT32_MAX;
    config.duplicate_span_ns = TW_NS_PER_SECOND;
    config.day_loss_max.nano = 1000000000 * TW_NANO;
    config.drawdown_share_max_nano = TW_NANO / 2;
    config.losses_max = 1000;
    config.error_max = 1000;
    return config;
}

static void set_up(struct bench *bench) {
    tw_pretrade_config config = every_control();
    tw_error error = {0};
    require(tw_pretrade_new(NULL, &config, &bench->gate, &error) == TW_OK, "the gate");
    tw_pretrade_set_cash(bench->gate, (tw_money){1000000000 * TW_NANO});
    bench->covariance = calloc((size_t)SYMBOLS * SYMBOLS, sizeof(double));
    bench->open = calloc((size_t)SYMBOLS * OPEN, sizeof(tw_order));
    require(bench->covariance != NULL && bench->open != NULL, "memory");
    for (size_t i = 0; i < (size_t)SYMBOLS * SYMBOLS; i++)
        bench->covariance[i] = i % (SYMBOLS + 1) == 0 ? 4e-4 : 1e-4;
    for (uint32_t s = 0; s < SYMBOLS; s++)
        tw_pretrade_mark(bench->gate, s, (tw_price){100 * TW_NANO}, 1);
    tw_pretrade_begin_day(bench->gate);
    for (uint32_t i = 0; i < SYMBOLS * OPEN; i++) {
        bench->open[i] = order_of(i);
        bench->open[i].symbol = i % SYMBOLS;
        uint32_t ticket = 0;
        require(tw_pretrade_adopt(bench->gate, &bench->open[i], &ticket) == TW_OK, "an order");
    }
    bench->now_ns = 1;
}

int main(int argc, char **argv) {
    long millions = argc > 1 ? strtol(argv[1], NULL, 10) : 2;
    if (argc > 2 || millions < 1 || millions > 1000) {
        fprintf(stderr, "usage: bench_pretrade [MILLIONS]   1 to 1000, default 2\n");
        return 2;
    }
    struct bench bench = {0};
    set_up(&bench);
    uint64_t count = (uint64_t)millions * 1000000;
    printf("%-44s %9s %9s %9s\n", "ns an operation", "median", "least", "most");
    run_row("mark", run_mark, &bench, count, 1);
    run_row("enter and end, 28 controls", run_enter, &bench, count, 1);
    run_row("the same with value at risk of 500 symbols", run_enter_risk, &bench, count, 8);
    run_row("naive: 10,000 open orders added up", run_naive, &bench, count, 256);
    printf("sink %" PRIu64 "\n", bench.sink);
    tw_pretrade_check(bench.gate);
    tw_pretrade_free(bench.gate);
    free(bench.covariance);
    free(bench.open);
    return 0;
}
