/* test_recovery.c - what is read out of a journal, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "failing_heap.h"
#include "tradewind/recovery.h"

/* The lines of a journal, from sequence 1 on. */
typedef struct line {
    const char *kind;
    const char *payload;
} line;

static tw_symbols *symbols;

#define ORDER_1 "trade-000000000000000b-1"
#define ORDER_2 "trade-000000000000000b-2"
#define PLAN                                                                              \
    "{\"decision\":2,\"part\":1,\"strategy\":\"equal\",\"targets\":\"00000000000000ff\"," \
    "\"trades\":[[\"AAPL\",\"sell\",\"10\"],[\"MSFT\",\"buy\",\"2.5\"]],\"last\":true}"
#define INTENT_1                                                                            \
    "{\"order\":\"" ORDER_1 "\",\"symbol\":\"AAPL\",\"side\":\"sell\",\"quantity\":\"10\"," \
    "\"decision\":2}"

static int make_symbols(void **state) {
    (void)state;
    tw_symbol symbol;
    assert_int_equal(tw_symbols_new(NULL, 8, &symbols), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("AAPL"), &symbol), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("MSFT"), &symbol), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of("IBM"), &symbol), TW_OK);
    return 0;
}

static int free_symbols(void **state) {
    (void)state;
    tw_symbols_free(symbols);
    return 0;
}

static tw_recovery_config config_of(void) {
    return (tw_recovery_config){.symbols = symbols,
                                .symbol_count = 2, /* IBM is known, but not traded */
                                .strategy_name = "trade",
                                .epoch = 11,
                                .open_count_max = 2};
}

static tw_store_record record_of(const line *lines, uint64_t sequence) {
    return (tw_store_record){.sequence = sequence,
                             .time_ns = 1000 + (int64_t)sequence,
                             .kind = tw_slice_of(lines[sequence - 1].kind),
                             .payload = tw_slice_of(lines[sequence - 1].payload)};
}

static tw_recovery *read_lines(const line *lines, size_t count) {
    tw_recovery *recovery = NULL;
    tw_recovery_config config = config_of();
    tw_status status = TW_OK;
    assert_int_equal(tw_recovery_new(NULL, &config, &recovery), TW_OK);
    for (uint64_t i = count; status == TW_OK && i > 0; i--) {
        tw_store_record record = record_of(lines, i);
        status = tw_recovery_seek(recovery, &record);
    }
    uint64_t from = tw_recovery_from(recovery);
    for (uint64_t i = from; from > 0 && i <= count; i++) {
        tw_store_record record = record_of(lines, i);
        assert_int_equal(tw_recovery_take_record(recovery, &record), TW_OK);
    }
    return recovery;
}

static tw_order order_of(const char *id, tw_symbol symbol, tw_order_status status, int64_t filled) {
    tw_order order = {.symbol = symbol,
                      .side = symbol == 0 ? TW_SIDE_SELL : TW_SIDE_BUY,
                      .quantity = {10 * TW_NANO},
                      .filled = {filled * TW_NANO},
                      .status = (uint8_t)status};
    snprintf(order.client_order_id, sizeof order.client_order_id, "%s", id);
    return order;
}

static void take(tw_recovery *recovery, tw_order order) {
    assert_int_equal(tw_recovery_take_order(recovery, &order), TW_OK);
}

static const line whole[] = {
    {"start", "{}"},
    {"decision", "{\"cause\":\"start\"}"},
    {"plan", PLAN},
    {"intent", INTENT_1},
    {"submitted", "{\"order\":\"" ORDER_1 "\"}"},
    {"denied", "{\"symbol\":\"MSFT\",\"side\":\"buy\",\"decision\":2}"},
};

#define LOSSES                                                                            \
    "{\"day_equity\":\"100000.5\",\"peak_equity\":\"101000\",\"losses\":2,\"submits\":7," \
    "\"replaces\":1,\"cancels\":3,\"stops\":[\"drawdown\",\"losses_in_a_row\"]}"

static void losses_are_the_newest_and_the_intents_since(void **state) {
    (void)state;
    static const line lines[] = {{"losses", "{\"an\":\"older one\"}"},
                                 {"losses", LOSSES},
                                 {"intent", INTENT_1},
                                 {"plan_end", "{}"},
                                 {"intent", INTENT_1},
                                 {"resend", "{\"order\":\"" ORDER_1 "\",\"attempt\":2}"},
                                 {"phase", "{}"}};
    TW_AUTO(tw_recovery) *recovery = read_lines(lines, 7);
    tw_pretrade_past past;
    assert_int_equal(tw_recovery_past(recovery, &past), 1002);
    assert_int_equal(past.day_equity.nano, 100000 * TW_NANO + TW_NANO / 2);
    assert_int_equal(past.peak_equity.nano, 101000 * TW_NANO);
    assert_int_equal(past.losses, 2);
    assert_int_equal(past.messages[TW_PRETRADE_SUBMIT], 10);
    assert_int_equal(past.messages[TW_PRETRADE_REPLACE], 1);
    assert_int_equal(past.messages[TW_PRETRADE_CANCEL], 3);
    assert_int_equal(past.stops, 1u << TW_PRETRADE_STOP_DRAWDOWN | 1u << TW_PRETRADE_STOP_LOSSES);
    assert_int_equal(tw_recovery_from(recovery), 2); /* the plan is looked for beside them */
}

/* The account that was traded first, though others were begun with before and after. */
static void a_store_belongs_to_the_first_account_that_lasts(void **state) {
    (void)state;
    static const line lines[] = {{"start", "{}"},
                                 {"account", "{\"cash\":\"100000\"}"},
                                 {"account", "{\"cash\":\"1\",\"account\":\"0000000000000000\"}"},
                                 {"fill", "{\"account\":\"0000000000000007\"}"},
                                 {"account", "{\"cash\":\"1\",\"account\":\"a62f1d7a772a2177\"}"},
                                 {"account", "{\"cash\":\"1\",\"account\":\"0000000000000009\"}"}};
    TW_AUTO(tw_recovery) *newest =
        read_lines(lines, 6); /* backwards: all that follow are the same */
    assert_int_equal(tw_recovery_account(newest), 9);
    TW_AUTO(tw_recovery) *recovery = read_lines(lines, 3);
    for (uint64_t i = 1; i <= 5; i++) {
        tw_store_record record = record_of(lines, i);
        assert_int_equal(tw_recovery_account(recovery), 0);
        assert_int_equal(tw_recovery_take_account(recovery, &record), i < 5 ? TW_OK : TW_EMPTY);
    }
    assert_true(tw_recovery_account(recovery) == UINT64_C(0xa62f1d7a772a2177));
    TW_AUTO(tw_recovery) *without = read_lines(lines, 1);
    tw_store_record late = record_of(lines, 2);
    late.sequence = 65536; /* no further: the start must not take for ever */
    assert_int_equal(tw_recovery_take_account(without, &late), TW_EMPTY);
    assert_int_equal(tw_recovery_account(without), 0);
}

static void a_journal_without_losses_has_no_past(void **state) {
    (void)state;
    TW_AUTO(tw_recovery) *recovery = read_lines(whole, 6);
    tw_pretrade_past past;
    assert_int_equal(tw_recovery_past(recovery, &past), 0);
}

/* A limit of losses must not be lifted by an entry that cannot be read. */
static void losses_that_cannot_be_read_are_told(void **state) {
    (void)state;
    static const char *const payloads[] = {
        "",
        "{}",
        "{\"day_equity\":\"1\",\"peak_equity\":\"1\",\"losses\":0,\"submits\":0,\"replaces\":0}",
        "{\"day_equity\":\"x\",\"peak_equity\":\"1\",\"losses\":0,\"submits\":0,\"replaces\":0,"
        "\"cancels\":0}",
        "{\"day_equity\":\"1\",\"peak_equity\":\"1\",\"losses\":-1,\"submits\":0,\"replaces\":0,"
        "\"cancels\":0}",
        "{\"day_equity\":\"1\",\"peak_equity\":\"1\",\"losses\":4294967296,\"submits\":0,"
        "\"replaces\":0,\"cancels\":0}",
        "{\"day_equity\":\"1\",\"peak_equity\":\"1\",\"losses\":0,\"submits\":0,\"replaces\":0,"
        "\"cancels\":0,\"stops\":[\"unheard_of\"]}",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        const line lines[] = {{"losses", payloads[i]}};
        tw_store_record record = record_of(lines, 1);
        tw_recovery_config config = config_of();
        TW_AUTO(tw_recovery) *recovery = NULL;
        assert_int_equal(tw_recovery_new(NULL, &config, &recovery), TW_OK);
        assert_int_equal(tw_recovery_seek(recovery, &record), TW_PARSE);
        tw_recovery_free(recovery);
        config.losses_forgotten = true;
        assert_int_equal(tw_recovery_new(NULL, &config, &recovery), TW_OK);
        assert_int_equal(tw_recovery_seek(recovery, &record), TW_OK);
        tw_pretrade_past past;
        assert_int_equal(tw_recovery_past(recovery, &past), 0);
    }
}

static void a_plan_is_what_its_entries_and_orders_say(void **state) {
    (void)state;
    TW_AUTO(tw_recovery) *recovery = read_lines(whole, 6);
    take(recovery, order_of(ORDER_1, 0, TW_ORDER_CANCELED, 4));
    take(recovery, order_of("other-000000000000000b-9", 0, TW_ORDER_FILLED, 10));
    const tw_engine_plan *plan = tw_recovery_plan(recovery);
    assert_non_null(plan);
    assert_int_equal(plan->decision, 2);
    assert_int_equal(plan->decided_ns, 1002);
    assert_int_equal(plan->targets, 0xff);
    assert_int_equal(plan->trade_count, 2);
    assert_int_equal(plan->trades[0].symbol, 0);
    assert_int_equal(plan->trades[0].side, TW_SIDE_SELL);
    assert_int_equal(plan->trades[0].quantity.nano, 10 * TW_NANO);
    assert_int_equal(plan->trades[0].filled.nano, 4 * TW_NANO);
    assert_int_equal(plan->trades[0].denied, 0);
    assert_int_equal(plan->trades[1].quantity.nano, 5 * TW_NANO / 2);
    assert_int_equal(plan->trades[1].denied, 1);
    assert_int_equal(plan->order_count, 0);
    assert_string_equal(plan->refused, "");
    assert_int_equal(tw_recovery_intent(recovery), 1);
}

/* A crash may fall between the two: its number must not be given to another order. */
static void the_number_of_an_intent_without_a_row_is_taken(void **state) {
    (void)state;
    static const line lines[] = {
        {"start", "{}"},
        {"decision", "{}"},
        {"plan", PLAN},
        {"intent", INTENT_1},
        {"intent", "{\"order\":\"" ORDER_2 "\",\"symbol\":\"MSFT\",\"decision\":2}"},
    };
    TW_AUTO(tw_recovery) *recovery = read_lines(lines, 5);
    take(recovery, order_of(ORDER_1, 0, TW_ORDER_FILLED, 10));
    assert_int_equal(tw_recovery_intent(recovery), 2);
}

/* Its shares are counted by the engine, which will learn what became of it. */
static void an_open_order_is_told_and_not_counted(void **state) {
    (void)state;
    size_t count = 0;
    TW_AUTO(tw_recovery) *recovery = read_lines(whole, 5);
    take(recovery, order_of(ORDER_1, 0, TW_ORDER_PARTIALLY_FILLED, 4));
    const tw_engine_plan *plan = tw_recovery_plan(recovery);
    assert_non_null(plan);
    assert_int_equal(plan->trades[0].filled.nano, 0);
    assert_int_equal(plan->order_count, 1);
    assert_string_equal(plan->orders[0].client_order_id, ORDER_1);
    assert_int_equal(plan->orders[0].trade, 0);
    assert_string_equal(tw_recovery_open(recovery, &count)[0].client_order_id, ORDER_1);
    assert_int_equal(count, 1);
}

static void what_has_ended_is_no_plan(void **state) {
    (void)state;
    static const line rows[][6] = {
        {{"start", "{}"},
         {"decision", "{}"},
         {"plan", PLAN},
         {"plan_end", "{\"decision\":2,\"how\":\"done\"}"},
         {"phase", "{}"},
         {"phase", "{}"}},
        /* positions closed by a kill: its intents name it */
        {{"start", "{}"},
         {"kill", "{}"},
         {"intent", INTENT_1},
         {"phase", "{}"},
         {"phase", "{}"},
         {"phase", "{}"}},
        /* nothing was planned */
        {{"start", "{}"},
         {"decision", "{\"feasible\":false}"},
         {"phase", "{}"},
         {"phase", "{}"},
         {"phase", "{}"},
         {"phase", "{}"}},
        /* of a version that did not journal plans */
        {{"start", "{}"},
         {"decision", "{}"},
         {"intent", INTENT_1},
         {"phase", "{}"},
         {"phase", "{}"},
         {"phase", "{}"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TW_AUTO(tw_recovery) *recovery = read_lines(rows[i], 6);
        take(recovery, order_of(ORDER_1, 0, TW_ORDER_FILLED, 10));
        assert_null(tw_recovery_plan(recovery));
    }
}

static void what_is_not_understood_is_refused_as_a_whole(void **state) {
    (void)state;
    static const struct {
        const char *reason;
        line third;
        line fourth;
        const char *order;
        tw_symbol symbol;
    } rows[] = {
        {"incomplete",
         {"plan", "{\"decision\":2,\"trades\":[[\"AAPL\",\"sell\",\"10\"]]}"},
         {"intent", INTENT_1},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"trades\":[[\"AAPL\",\"sell\"]],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"trades\":[[\"AAPL\",\"sell\",\"-1\"]],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"trades\":[[\"AAPL\",\"hold\",\"1\"]],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"trades\":[[\"AAPL\",\"sell\",\"1\"],"
                  "[\"AAPL\",\"sell\",\"1\"]],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable", {"plan", "{\"decision\":2,\"tra"}, {"phase", "{}"}, ORDER_1, 0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"targets\":\"ffx\",\"trades\":[],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", "{\"decision\":2,\"targets\":\"0000000000000000f\",\"trades\":[],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"unreadable", {"plan", PLAN}, {"plan", PLAN}, ORDER_1, 0},
        {"unreadable",
         {"plan", PLAN},
         {"intent", "{\"order\":\"" ORDER_1 "\",\"decision\":2}"},
         ORDER_1,
         0},
        {"unreadable",
         {"plan", PLAN},
         {"intent", "{\"order\":\"x\",\"symbol\":\"AAPL\",\"decision\":2}"},
         ORDER_1,
         0},
        {"quarantine",
         {"plan", PLAN},
         {"quarantine", "{\"from\":4,\"count\":1,\"why\":\"changed\",\"sound_behind\":0}"},
         ORDER_1,
         0},
        {"symbols",
         {"plan", "{\"decision\":2,\"trades\":[[\"IBM\",\"sell\",\"1\"]],\"last\":true}"},
         {"phase", "{}"},
         ORDER_1,
         0},
        {"orders", {"plan", PLAN}, {"intent", INTENT_1}, ORDER_2, 0},
        {"orders", {"plan", PLAN}, {"intent", INTENT_1}, ORDER_1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const line lines[] = {{"start", "{}"}, {"decision", "{}"}, rows[i].third, rows[i].fourth};
        TW_AUTO(tw_recovery) *recovery = read_lines(lines, 4);
        take(recovery, order_of(rows[i].order, rows[i].symbol, TW_ORDER_FILLED, 10));
        const tw_engine_plan *plan = tw_recovery_plan(recovery);
        assert_non_null(plan);
        assert_string_equal(plan->refused, rows[i].reason);
        assert_int_equal(plan->trade_count, 0);
    }
}

static void more_open_orders_than_there_is_room_for(void **state) {
    (void)state;
    TW_AUTO(tw_recovery) *recovery = read_lines(whole, 1);
    take(recovery, order_of(ORDER_1, 0, TW_ORDER_NEW, 0));
    take(recovery, order_of(ORDER_2, 0, TW_ORDER_NEW, 0));
    tw_order third = order_of("trade-000000000000000b-3", 0, TW_ORDER_NEW, 0);
    assert_int_equal(tw_recovery_take_order(recovery, &third), TW_FULL);
    assert_int_equal(tw_recovery_intent(recovery), 3);
}

/* A journal without a plan is not walked to its beginning. */
static void looking_back_has_an_end(void **state) {
    (void)state;
    tw_recovery *recovery = NULL;
    tw_recovery_config config = config_of();
    assert_int_equal(tw_recovery_new(NULL, &config, &recovery), TW_OK);
    uint32_t looked = 1;
    tw_store_record record = {.kind = tw_slice_of("phase"), .payload = tw_slice_of("{}")};
    while (tw_recovery_seek(recovery, &record) == TW_OK)
        looked++;
    assert_int_equal(looked, 65536);
    assert_int_equal(tw_recovery_from(recovery), 0);
    tw_recovery_free(recovery);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_recovery) *recovery = NULL;
    tw_recovery_config config = config_of();
    return tw_recovery_new(allocator, &config, &recovery);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_what_its_entries_and_orders_say),
        cmocka_unit_test(the_number_of_an_intent_without_a_row_is_taken),
        cmocka_unit_test(an_open_order_is_told_and_not_counted),
        cmocka_unit_test(what_has_ended_is_no_plan),
        cmocka_unit_test(losses_are_the_newest_and_the_intents_since),
        cmocka_unit_test(a_store_belongs_to_the_first_account_that_lasts),
        cmocka_unit_test(a_journal_without_losses_has_no_past),
        cmocka_unit_test(losses_that_cannot_be_read_are_told),
        cmocka_unit_test(what_is_not_understood_is_refused_as_a_whole),
        cmocka_unit_test(more_open_orders_than_there_is_room_for),
        cmocka_unit_test(looking_back_has_an_end),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, make_symbols, free_symbols);
}
