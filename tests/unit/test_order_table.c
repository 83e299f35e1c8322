/* test_order_table.c - every edge of the diagram in order_table.h, and the sums behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "order_table.h"

static order_table table;

static tw_engine_config config_for(uint32_t capacity, uint64_t intent) {
    return (tw_engine_config){.strategy_name = "unit",
                              .epoch = 0xabc,
                              .intent_sequence = intent,
                              .order_count_max = capacity};
}

static void open_table(uint32_t capacity, uint64_t intent) {
    tw_engine_config config = config_for(capacity, intent);
    assert_int_equal(order_table_init(&table, NULL, &config), TW_OK);
}

static int close_table(void **state) {
    (void)state;
    order_table_done(&table);
    return 0;
}

static order_record *intend(int64_t shares) {
    tw_order wanted = {.quantity = {shares * TW_NANO}, .symbol = 3, .side = TW_SIDE_BUY};
    order_record *record = NULL;
    assert_int_equal(order_table_intend(&table, &wanted, &record), TW_OK);
    return record;
}

static order_record *sent(int64_t shares) {
    order_record *record = intend(shares);
    order_table_sent(&table, record);
    return record;
}

static void answer(order_record *record, tw_status status) {
    tw_order_result result = {.status = status};
    order_table_result(&table, record, &result);
}

/* What the venue says: so much is filled at so much on average. */
static tw_order told(const order_record *record, tw_order_status status, int64_t shares,
                     int64_t average_nano) {
    tw_order order = record->order;
    order.status = (uint8_t)status;
    order.filled.nano = shares * TW_NANO;
    order.average_price.nano = average_nano;
    snprintf(order.venue_order_id, sizeof order.venue_order_id, "venue-1");
    return order;
}

static order_change update(order_record *record, tw_order_status status, int64_t shares,
                           int64_t average_nano, int64_t executed, int64_t price_nano) {
    tw_order order = told(record, status, shares, average_nano);
    tw_order_update execution = {.quantity = {executed * TW_NANO}, .price = {price_nano}};
    order_change change;
    assert_int_equal(
        order_table_update(&table, record, &order, executed > 0 ? &execution : NULL, &change),
        TW_OK);
    return change;
}

static void an_intent_gets_the_next_id(void **state) {
    (void)state;
    open_table(4, 41);
    order_record *record = intend(1);
    assert_string_equal(record->order.client_order_id, "unit-0000000000000abc-42");
    assert_int_equal(record->order.status, TW_ORDER_PENDING_NEW);
    assert_int_equal(record->state, ORDER_INTENDED);
    assert_string_equal(intend(1)->order.client_order_id, "unit-0000000000000abc-43");
    assert_int_equal(table.open_count, 2);
}

static void ids_are_found_without_a_search(void **state) {
    (void)state;
    open_table(16, 7);
    order_record *records[10];
    for (int i = 0; i < 10; i++)
        records[i] = intend(1);
    for (int i = 0; i < 10; i++)
        assert_ptr_equal(order_table_find(&table, records[i]->order.client_order_id), records[i]);
    static const char *const strange[] = {
        "",
        "unit-0000000000000abc-",
        "unit-0000000000000abc-7",
        "unit-0000000000000abc-18",
        "unit-0000000000000abc-08",
        "unit-0000000000000abc-8 ",
        "unit-0000000000000abc--8",
        "unit-0000000000000abc-99999999999999999999",
        "unit-0000000000000abd-8",
        "other-0000000000000abc-8",
    };
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        assert_null(order_table_find(&table, strange[i]));
}

static void an_empty_table_finds_nothing(void **state) {
    (void)state;
    open_table(2, 0);
    assert_null(order_table_find(&table, "unit-0000000000000abc-0"));
    assert_null(order_table_find(&table, "unit-0000000000000abc-1"));
    uint32_t index = order_table_first(&table);
    assert_null(order_table_next_open(&table, &index));
}

static void adopted_orders_stand_in_front(void **state) {
    (void)state;
    open_table(3, 12);
    tw_order earlier = {.quantity = {5 * TW_NANO},
                        .filled = {2 * TW_NANO},
                        .average_price = {10 * TW_NANO},
                        .status = TW_ORDER_PARTIALLY_FILLED};
    strcpy(earlier.client_order_id, "unit-0000000000000abc-9");
    assert_int_equal(order_table_adopt(&table, &earlier), TW_OK);
    strcpy(earlier.client_order_id, "someone-else");
    assert_int_equal(order_table_adopt(&table, &earlier), TW_OK);
    order_record *own = intend(1);
    assert_ptr_equal(order_table_find(&table, "unit-0000000000000abc-9"), &table.records[0]);
    assert_ptr_equal(order_table_find(&table, "someone-else"), &table.records[1]);
    assert_ptr_equal(order_table_find(&table, "unit-0000000000000abc-13"), own);
    assert_null(order_table_find(&table, "unit-0000000000000abc-12"));
    assert_int_equal(table.records[0].state, ORDER_UNKNOWN);
    /* What was filled before is not new; what came since is. */
    order_change change = update(&table.records[0], TW_ORDER_FILLED, 5, 11 * TW_NANO, 0, 0);
    assert_true(change.quantity.nano == 3 * TW_NANO);
    assert_true(change.notional.nano == 35 * TW_NANO); /* 5 x 11 - 2 x 10 */
    assert_true(change.became_final);
    assert_int_equal(order_table_adopt(&(order_table){.capacity = 0}, &earlier), TW_FULL);
}

static void a_full_table_takes_no_intent_and_no_id(void **state) {
    (void)state;
    open_table(2, 0);
    intend(1);
    intend(1);
    tw_order wanted = {.quantity = {TW_NANO}};
    order_record *record = NULL;
    assert_int_equal(order_table_intend(&table, &wanted, &record), TW_FULL);
    assert_null(record);
    assert_int_equal(table.intent, 2);
    assert_int_equal(table.count, 2);
}

static void an_intent_is_withdrawn(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = intend(1);
    order_table_withdraw(&table, record);
    assert_int_equal(record->state, ORDER_DONE);
    assert_int_equal(record->order.status, TW_ORDER_CANCELED);
    assert_int_equal(table.open_count, 0);
}

static void a_submit_ends_in_each_way(void **state) {
    (void)state;
    open_table(8, 0);
    static const struct {
        tw_status result;
        order_state state;
        tw_order_status status;
    } rows[] = {
        {TW_OK, ORDER_LIVE, TW_ORDER_NEW},
        {TW_UNKNOWN, ORDER_UNKNOWN, TW_ORDER_UNKNOWN},
        {TW_EXISTS, ORDER_UNKNOWN, TW_ORDER_UNKNOWN}, /* an earlier one of it arrived */
        {TW_REFUSED, ORDER_DONE, TW_ORDER_REJECTED},
        {TW_UNREACHABLE, ORDER_DONE, TW_ORDER_REJECTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        order_record *record = sent(1);
        assert_int_equal(record->state, ORDER_SENT);
        answer(record, rows[i].result);
        assert_int_equal(record->state, rows[i].state);
        assert_int_equal(record->order.status, rows[i].status);
        assert_int_equal(record->answered, 1);
    }
    assert_int_equal(table.open_count, 3);
}

/* Its first request may still be on its way, and be taken. */
static void a_refusal_ends_nothing_that_was_sent_again(void **state) {
    (void)state;
    open_table(8, 0);
    static const struct {
        tw_status result;
        order_state state;
        tw_order_status status;
    } rows[] = {
        {TW_OK, ORDER_LIVE, TW_ORDER_NEW},
        {TW_UNKNOWN, ORDER_UNKNOWN, TW_ORDER_UNKNOWN},
        {TW_EXISTS, ORDER_UNKNOWN, TW_ORDER_UNKNOWN},
        {TW_REFUSED, ORDER_UNKNOWN, TW_ORDER_UNKNOWN},
        {TW_UNREACHABLE, ORDER_UNKNOWN, TW_ORDER_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        order_record *record = sent(1);
        answer(record, TW_UNKNOWN);
        record->queries = 3;
        table.now_ns = 77 + (int64_t)i;
        order_table_resent(&table, record);
        assert_true(record->state == ORDER_SENT && record->answered == 0);
        assert_true(record->queries == 0 && record->sent_ns == table.now_ns);
        if (rows[i].state != ORDER_LIVE)
            order_table_doubt(record, 0); /* a snapshot may come between */
        answer(record, rows[i].result);
        assert_int_equal(record->state, rows[i].state);
        if (rows[i].state == ORDER_LIVE)
            assert_int_equal(record->order.status, rows[i].status);
        assert_int_equal(record->answered, 1);
    }
    assert_int_equal(table.open_count, 5);
}

static void an_adopted_order_was_sent_when_it_was_touched_last(void **state) {
    (void)state;
    open_table(2, 0);
    tw_order earlier = {.client_order_id = "earlier", .created_ns = 10, .status = TW_ORDER_UNKNOWN};
    assert_int_equal(order_table_adopt(&table, &earlier), TW_OK);
    earlier.updated_ns = 30; /* sent again then */
    assert_int_equal(order_table_adopt(&table, &earlier), TW_OK);
    assert_int_equal(table.records[0].sent_ns, 10);
    assert_int_equal(table.records[1].sent_ns, 30);
}

static void an_update_before_the_answer_wins(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    order_change change = update(record, TW_ORDER_FILLED, 10, 5 * TW_NANO, 10, 5 * TW_NANO);
    assert_true(change.became_final && record->state == ORDER_DONE);
    answer(record, TW_OK);
    answer(record, TW_UNKNOWN);
    assert_int_equal(record->state, ORDER_DONE);
    assert_int_equal(record->order.status, TW_ORDER_FILLED);
    record = sent(10);
    update(record, TW_ORDER_PARTIALLY_FILLED, 4, 5 * TW_NANO, 4, 5 * TW_NANO);
    answer(record, TW_UNKNOWN);
    assert_int_equal(record->state, ORDER_LIVE);
}

static void a_late_refusal_ends_doubt(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    order_table_doubt(record, 99);
    assert_int_equal(record->ask_again_ns, 99);
    answer(record, TW_REFUSED);
    assert_int_equal(record->state, ORDER_DONE);
    record = sent(10);
    order_table_doubt(record, 0);
    answer(record, TW_OK); /* how it stands now is for the query to say */
    assert_int_equal(record->state, ORDER_UNKNOWN);
}

static void a_query_ends_doubt_and_a_lost_cancel_is_forgotten(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    answer(record, TW_UNKNOWN);
    record->cancel_requested = 1;
    record->queries = 3;
    order_change change = update(record, TW_ORDER_NEW, 0, 0, 0, 0);
    assert_false(change.repeated || change.became_final);
    assert_int_equal(record->state, ORDER_LIVE);
    assert_int_equal(record->cancel_requested, 0);
    assert_int_equal(record->queries, 0);
    assert_string_equal(record->order.venue_order_id, "venue-1");
}

static void an_order_that_nobody_knows_is_given_up(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    answer(record, TW_UNKNOWN);
    order_table_missing(&table, record);
    assert_int_equal(record->order.status, TW_ORDER_REJECTED);
    assert_int_equal(record->state, ORDER_DONE);
    record = sent(10);
    answer(record, TW_OK);
    update(record, TW_ORDER_PARTIALLY_FILLED, 4, TW_NANO, 4, TW_NANO);
    order_table_doubt(record, 0);
    order_table_missing(&table, record);
    assert_int_equal(record->order.status, TW_ORDER_CANCELED); /* it was known once */
    assert_int_equal(table.open_count, 0);
}

static void fills_add_up_exactly(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    order_change change =
        update(record, TW_ORDER_PARTIALLY_FILLED, 3, 100 * TW_NANO, 3, 100 * TW_NANO);
    assert_true(change.quantity.nano == 3 * TW_NANO && change.notional.nano == 300 * TW_NANO);
    /* 101 / 7 and so on have no exact average: the execution's own price is used. */
    change = update(record, TW_ORDER_FILLED, 10, 100700000001, 7, 101 * TW_NANO);
    assert_true(change.quantity.nano == 7 * TW_NANO && change.notional.nano == 707 * TW_NANO);
    assert_true(change.became_final && record->notional_nano == 1007 * TW_NANO);
}

static void a_repeated_message_changes_nothing(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    update(record, TW_ORDER_PARTIALLY_FILLED, 3, 100 * TW_NANO, 3, 100 * TW_NANO);
    order_record before = *record;
    order_change change =
        update(record, TW_ORDER_PARTIALLY_FILLED, 3, 100 * TW_NANO, 3, 100 * TW_NANO);
    assert_true(change.repeated && change.quantity.nano == 0 && change.notional.nano == 0);
    assert_memory_equal(&before, record, sizeof before);
}

static void a_late_message_changes_nothing(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    update(record, TW_ORDER_PARTIALLY_FILLED, 8, 100 * TW_NANO, 8, 100 * TW_NANO);
    order_change change =
        update(record, TW_ORDER_PARTIALLY_FILLED, 3, 90 * TW_NANO, 3, 90 * TW_NANO);
    assert_true(change.repeated);
    assert_true(record->order.filled.nano == 8 * TW_NANO);
    assert_true(record->notional_nano == 800 * TW_NANO);
    /* Nor does it end a doubt: it tells of an earlier time. */
    order_table_doubt(record, 0);
    assert_true(update(record, TW_ORDER_NEW, 0, 0, 0, 0).repeated);
    assert_int_equal(record->state, ORDER_UNKNOWN);
}

static void a_missing_message_is_made_good_by_the_next(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    update(record, TW_ORDER_PARTIALLY_FILLED, 2, 100 * TW_NANO, 2, 100 * TW_NANO);
    /* 3 at 101 were never told; then 5 at 102: 2 x 100 + 3 x 101 + 5 x 102 = 1013. */
    order_change change = update(record, TW_ORDER_FILLED, 10, 101300000000, 5, 102 * TW_NANO);
    assert_true(change.quantity.nano == 8 * TW_NANO);
    assert_true(change.notional.nano == 813 * TW_NANO);
    /* The missing one comes last: nothing is counted twice. */
    assert_true(update(record, TW_ORDER_PARTIALLY_FILLED, 5, 0, 3, 101 * TW_NANO).repeated);
    assert_true(record->notional_nano == 1013 * TW_NANO);
}

static void a_fill_behind_the_end_still_counts(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    answer(record, TW_OK);
    update(record, TW_ORDER_CANCELED, 0, 0, 0, 0);
    order_change change =
        update(record, TW_ORDER_PARTIALLY_FILLED, 4, 50 * TW_NANO, 4, 50 * TW_NANO);
    assert_true(change.quantity.nano == 4 * TW_NANO && !change.became_final);
    assert_int_equal(record->order.status, TW_ORDER_CANCELED); /* a final status never changes */
    assert_int_equal(record->state, ORDER_DONE);
    assert_int_equal(table.open_count, 0);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    open_table(2, 0);
    order_record *record = sent(10);
    order_record before = *record;
    order_change change;
    tw_order order = told(record, TW_ORDER_FILLED, 11, TW_NANO);
    assert_int_equal(order_table_update(&table, record, &order, NULL, &change), TW_PROTOCOL);
    order = told(record, TW_ORDER_NEW, -1, TW_NANO);
    assert_int_equal(order_table_update(&table, record, &order, NULL, &change), TW_PROTOCOL);
    order = told(record, TW_ORDER_FILLED, 10, INT64_MAX);
    assert_int_equal(order_table_update(&table, record, &order, NULL, &change), TW_OVERFLOW);
    assert_memory_equal(&before, record, sizeof before);
}

static void open_orders_are_walked_and_done_ones_left_behind(void **state) {
    (void)state;
    open_table(8, 0);
    order_record *records[5];
    for (int i = 0; i < 5; i++)
        records[i] = intend(1);
    order_table_withdraw(&table, records[0]);
    order_table_withdraw(&table, records[1]);
    order_table_withdraw(&table, records[3]);
    uint32_t index = order_table_first(&table);
    assert_int_equal(index, 2);
    assert_ptr_equal(order_table_next_open(&table, &index), records[2]);
    assert_ptr_equal(order_table_next_open(&table, &index), records[4]);
    assert_null(order_table_next_open(&table, &index));
    assert_int_equal(table.open_count, 2);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    order_table own;
    tw_engine_config config = config_for(8, 0);
    tw_status status = order_table_init(&own, allocator, &config);
    order_table_done(&own);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    open_table(1, 0);
    assert_survives_failed_allocations(make_and_free, NULL);
}

#define RULE(test) cmocka_unit_test_teardown(test, close_table)

int main(void) {
    const struct CMUnitTest tests[] = {
        RULE(an_intent_gets_the_next_id),
        RULE(ids_are_found_without_a_search),
        RULE(an_empty_table_finds_nothing),
        RULE(adopted_orders_stand_in_front),
        RULE(a_full_table_takes_no_intent_and_no_id),
        RULE(an_intent_is_withdrawn),
        RULE(a_submit_ends_in_each_way),
        RULE(a_refusal_ends_nothing_that_was_sent_again),
        RULE(an_adopted_order_was_sent_when_it_was_touched_last),
        RULE(an_update_before_the_answer_wins),
        RULE(a_late_refusal_ends_doubt),
        RULE(a_query_ends_doubt_and_a_lost_cancel_is_forgotten),
        RULE(an_order_that_nobody_knows_is_given_up),
        RULE(fills_add_up_exactly),
        RULE(a_repeated_message_changes_nothing),
        RULE(a_late_message_changes_nothing),
        RULE(a_missing_message_is_made_good_by_the_next),
        RULE(a_fill_behind_the_end_still_counts),
        RULE(what_cannot_be_is_refused),
        RULE(open_orders_are_walked_and_done_ones_left_behind),
        RULE(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
