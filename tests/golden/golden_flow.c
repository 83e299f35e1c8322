/*
 * golden_flow.c - the agents' orders beside an hour of real ones: Apple at NASDAQ, 2012-06-21,
 * 09:30 to 10:30, as LOBSTER tells it. The same figures are made of both, printed side by side,
 * and those that the agents are meant to match must lie near the real ones.
 *
 * The data is looked for in the directory named by TRADEWIND_DATA; without it the test says that it
 * was skipped (status 77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>

#include "flow.h"
#include "flow_statistics.h"
#include "session.h"
#include "tradewind/match.h"
#include "tradewind/tape.h"

enum { HOUR_COUNT = 8 }; /* of ours, with a seed each; their mean is what is told */

#define EVENTS_PER_SECOND 26.0
#define OLD_ORDER (UINT64_C(1) << 62)

static const char *data_directory;
static flow_statistics statistics;

/* ---- the real hour ---- */

static tw_tape *open_tape(const char *name, tw_tape_format format) {
    char path[512];
    snprintf(path, sizeof path, "%s/orders/lobster/%s", data_directory, name);
    const tw_tape_config config = {.path = path, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static uint64_t old_order(uint8_t side, tw_price price) {
    return OLD_ORDER + (uint64_t)price.nano * 2 + (side == TW_SIDE_BUY);
}

/* What stood when the first message had been taken. */
static void enter_old(tw_book *book) {
    tw_tape *tape = open_tape("AAPL_book.csv", TW_TAPE_LOBSTER_BOOK);
    tw_level levels[128];
    size_t count = 0;
    assert_int_equal(tw_tape_next_levels(tape, levels, 128, &count, NULL), TW_OK);
    for (size_t i = 0; i < count; i++) {
        const tw_book_order order = {.id = old_order(levels[i].side, levels[i].price),
                                     .price = levels[i].price,
                                     .quantity = levels[i].quantity,
                                     .side = levels[i].side};
        assert_int_equal(tw_book_add(book, 0, &order), TW_OK);
    }
    tw_tape_close(tape);
}

static void take_real(tw_book *book, const tw_order_event *event) {
    statistics_kind kind = STATISTICS_TRADE;
    if (event->kind == TW_EVENT_ADD)
        kind = STATISTICS_ADD;
    else if (event->kind == TW_EVENT_REDUCE || event->kind == TW_EVENT_DELETE)
        kind = STATISTICS_CANCEL;
    if (tw_book_apply_event(book, event) == TW_NOT_FOUND) {
        tw_status status =
            tw_book_reduce(book, 0, old_order(event->side, event->price), event->quantity);
        assert_true(status == TW_OK || status == TW_NOT_FOUND || status == TW_RANGE);
    }
    statistics_take(&statistics, event->time_ns, kind, event->quantity, book);
}

static void measure_real(double ret_figures[FIGURE_COUNT]) {
    const tw_book_config config = {
        .symbol_count_max = 1, .order_count_max = 8192, .level_count_max = 8192};
    tw_book *book = NULL;
    tw_tape *tape = open_tape("AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES);
    tw_order_event event;
    assert_int_equal(tw_book_new(NULL, &config, &book), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK); /* it is in the row */
    enter_old(book);
    statistics_begin(&statistics, event.time_ns);
    while (tw_tape_next_event(tape, &event, NULL) == TW_OK)
        take_real(book, &event);
    statistics_end(&statistics, ret_figures);
    tw_tape_close(tape);
    tw_book_free(book);
}

/* ---- ours ---- */

typedef struct hour {
    tw_match *match;
    int64_t now_ns;
} hour;

/* A message for each order that rests, each cancel and each trade, as LOBSTER has them. */
static void on_event(void *context, const tw_match_event *event) {
    hour *run = context;
    statistics_kind kind = STATISTICS_TRADE;
    if (event->kind == TW_MATCH_RESTED)
        kind = STATISTICS_ADD;
    else if (event->kind == TW_MATCH_CANCELLED && event->reason == TW_MATCH_REQUESTED)
        kind = STATISTICS_CANCEL;
    else if (event->kind != TW_MATCH_TRADE)
        return;
    if (run->now_ns >= statistics.begin_ns)
        statistics_take(&statistics, run->now_ns, kind, event->quantity, tw_match_book(run->match));
}

static void perform(hour *run, const flow_act *act) {
    const tw_match_sink sink = {on_event, run};
    if (act->kind == FLOW_SUBMIT)
        (void)tw_match_submit(run->match, &act->order, &sink);
    else
        (void)tw_match_cancel(run->match, 0, act->id, &sink);
}

static void measure_ours(uint64_t seed, double messages_per_second,
                         double ret_figures[FIGURE_COUNT]) {
    const tw_match_config config = {
        .book = {.symbol_count_max = 1, .order_count_max = 8192, .level_count_max = 8192}};
    hour run = {.now_ns = 0};
    order_flow flow;
    int64_t begin_ns = session_time_of(20458, 9, 30);
    assert_int_equal(tw_match_new(NULL, &config, &run.match), TW_OK);
    statistics_begin(&statistics, begin_ns + 10 * TW_NS_PER_MINUTE); /* when it has settled */
    flow_init(&flow, 0, (tw_price){585 * TW_NANO}, seed, messages_per_second, begin_ns);
    for (uint32_t i = 0; i < FLOW_OPENING_COUNT; i++) {
        flow_act act;
        flow_opening(&flow, i, &act);
        perform(&run, &act);
    }
    while (flow.next_ns < begin_ns + 70 * TW_NS_PER_MINUTE) {
        flow_act act;
        tw_quote best;
        run.now_ns = flow.next_ns;
        tw_book_best(tw_match_book(run.match), 0, &best);
        flow_next(&flow, &best, &act);
        perform(&run, &act);
    }
    statistics_end(&statistics, ret_figures);
    tw_match_check(run.match);
    tw_match_free(run.match);
}

/* ---- side by side ---- */

/* How far ours may be from the real figure, as a factor; 0: told, not matched. */
static const double factors[FIGURE_COUNT] = {
    [FIGURE_MESSAGES] = 1.1, [FIGURE_ADDS] = 1.1,          [FIGURE_CANCELS] = 1.1,
    [FIGURE_TRADES] = 1.3,   [FIGURE_GAP_VARIATION] = 1.3, [FIGURE_GAP_10] = 1.4,
    [FIGURE_GAP_50] = 1.4,   [FIGURE_GAP_90] = 1.4,        [FIGURE_FANO] = 1.5,
    [FIGURE_SIZE_100] = 1.1, [FIGURE_SIZE_25] = 1.3,       [FIGURE_SIZE_MEAN] = 1.2,
    [FIGURE_SIZE_99] = 1.2,  [FIGURE_TRADE_SIZE] = 1.4,    [FIGURE_SPREAD] = 1.25,
    [FIGURE_SPREAD_5] = 1.3, [FIGURE_SPREAD_95] = 1.3,     [FIGURE_BEST_SIZE] = 1.3,
    [FIGURE_DEPTH_5] = 1.3,  [FIGURE_REACH_10] = 1.3,      [FIGURE_RETURN] = 1.5,
    [FIGURE_KURTOSIS] = 2.0, [FIGURE_CLUSTER_1] = 2.0,
};

static void agents_look_like_an_hour_of_real_orders(void **state) {
    (void)state;
    double real[FIGURE_COUNT];
    double ours[FIGURE_COUNT] = {0};
    bool near = true;
    measure_real(real);
    for (uint64_t seed = 1; seed <= HOUR_COUNT; seed++) {
        double figures[FIGURE_COUNT];
        measure_ours(seed, EVENTS_PER_SECOND, figures);
        for (int i = 0; i < FIGURE_COUNT; i++)
            ours[i] += figures[i] / HOUR_COUNT;
    }
    print_message("%-22s %12s %12s\n", "", "AAPL", "agents");
    for (int i = 0; i < FIGURE_COUNT; i++) {
        double factor = factors[i] == 0.0 ? INFINITY : factors[i];
        bool is_near = ours[i] <= real[i] * factor && ours[i] >= real[i] / factor;
        print_message("%-22s %12.4g %12.4g  %s\n", figure_names[i], real[i], ours[i],
                      factors[i] == 0.0 ? "not matched"
                      : is_near         ? "near"
                                        : "FAR");
        near = near && is_near;
    }
    assert_true(near);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_look_like_an_hour_of_real_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
