/*
 * golden_itch.c - real packets of NASDAQ, and an hour of real orders as ITCH.
 *
 * The captures are of 2023-08-22, a packet with one type of message each; what is asked of them was
 * read off their bytes by hand (xxd), not with the decoder. The hour is LOBSTER's, which was made
 * from ITCH: its messages are turned into ITCH again, and read, and must be the same events.
 *
 * The data is looked for in the directory named by TRADEWIND_DATA; without it the test says that
 * it was skipped (status 77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tradewind/tape_itch.h"
#include "tradewind/time.h"

static const char *data_directory;

static tw_tape *open_path(const char *path, tw_tape_format format, tw_symbols *symbols) {
    tw_tape_config config = {.path = path, .symbols = symbols, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static tw_tape *open_tape(const char *name, tw_tape_format format, tw_symbols *symbols) {
    char path[512];
    snprintf(path, sizeof path, "%s/orders/%s", data_directory, name);
    return open_path(path, format, symbols);
}

static tw_symbols *new_symbols(void) {
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 16, &symbols), TW_OK);
    return symbols;
}

/* The only message of a capture. */
static tw_itch_message only_message(const char *name) {
    tw_symbols *symbols = new_symbols();
    tw_tape *tape = open_tape(name, TW_TAPE_ITCH, symbols);
    tw_itch_message message;
    tw_itch_message none;
    tw_error error = {0};
    if (tw_tape_next_itch(tape, &message, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tw_tape_next_itch(tape, &none, &error), TW_EMPTY);
    tw_tape_gaps gaps = tw_tape_gaps_of(tape);
    assert_int_equal(gaps.packet_count, 1);
    assert_int_equal(gaps.other_count + gaps.gap_count + gaps.cut_count, 0);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    return message;
}

static void check_head(const tw_itch_message *m, char type, unsigned locate, unsigned tracking,
                       int64_t time_ns) {
    assert_int_equal(m->type, type);
    assert_int_equal(m->stock_locate, locate);
    assert_int_equal(m->tracking_number, tracking);
    assert_true(m->time_ns == time_ns);
}

/* 41 1598 0000 1f1aced85306 000000000166b53e 42 00000640 "IVOO    " 000d55ac */
static void test_an_added_order(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/AddOrderNoMpidAttributionMessage.pcap");
    check_head(&m, 'A', 0x1598, 0, INT64_C(0x1f1aced85306));
    assert_int_equal(m.add_order.order_reference_number, 0x166b53e);
    assert_int_equal(m.add_order.side, TW_SIDE_BUY);
    assert_true(m.add_order.shares.nano == 1600 * TW_NANO);
    assert_string_equal(m.add_order.stock, "IVOO");
    assert_true(m.add_order.price.nano == INT64_C(87390000000)); /* 873900 */
    assert_string_equal(m.add_order.attribution, "");
}

/* 4c 0e93 0000 1f2082daf82d "MAXM" "FGMC    " "YNA" */
static void test_a_position_of_a_participant(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/MarketParticipantPositionMessage.pcap");
    check_head(&m, 'L', 0x0e93, 0, INT64_C(0x1f2082daf82d));
    assert_string_equal(m.participant_position.mpid, "MAXM");
    assert_string_equal(m.participant_position.stock, "FGMC");
    assert_int_equal(m.participant_position.primary_market_maker, 'Y');
    assert_int_equal(m.participant_position.market_maker_mode, 'N');
    assert_int_equal(m.participant_position.state, 'A');
}

/* 49 193e 0000 1f1acede0ab2 0000000000000001 0000000000000000 4e "MDC     " 00071610 three times
 * 4f 4c */
static void test_an_imbalance(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/NetOrderImbalanceIndicatorMessage.pcap");
    check_head(&m, 'I', 0x193e, 0, INT64_C(0x1f1acede0ab2));
    assert_true(m.imbalance.paired_shares.nano == TW_NANO);
    assert_true(m.imbalance.imbalance_shares.nano == 0);
    assert_int_equal(m.imbalance.direction, 'N');
    assert_string_equal(m.imbalance.stock, "MDC");
    assert_true(m.imbalance.far_price.nano == INT64_C(46440000000)); /* 464400 */
    assert_true(m.imbalance.near_price.nano == INT64_C(46440000000));
    assert_true(m.imbalance.reference_price.nano == INT64_C(46440000000));
    assert_int_equal(m.imbalance.cross_type, 'O');
    assert_int_equal(m.imbalance.price_variation, 'L');
}

/* 44 0dbd 0000 1f1aced85ad8 0000000001668bd6 */
static void test_a_deleted_order(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/OrderDeleteMessage.pcap");
    check_head(&m, 'D', 0x0dbd, 0, INT64_C(0x1f1aced85ad8));
    assert_int_equal(m.delete_order.order_reference_number, 0x1668bd6);
}

/* 45 0929 0002 1f1aced8f061 000000000166929a 00000019 000000000003e63b */
static void test_an_executed_order(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/OrderExecutedMessage.pcap");
    check_head(&m, 'E', 0x0929, 2, INT64_C(0x1f1aced8f061));
    assert_int_equal(m.execution.order_reference_number, 0x166929a);
    assert_true(m.execution.shares.nano == 25 * TW_NANO);
    assert_int_equal(m.execution.match_number, 0x3e63b);
}

/* 55 1db3 0000 1f1aced771e9 0000000000e6897f 000000000145f2c7 00000064 001036c8 */
static void test_a_replaced_order(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/OrderReplaceMessage.pcap");
    check_head(&m, 'U', 0x1db3, 0, INT64_C(0x1f1aced771e9));
    assert_int_equal(m.replace.order_reference_number, 0xe6897f);
    assert_int_equal(m.replace.new_order_reference_number, 0x145f2c7);
    assert_true(m.replace.shares.nano == 100 * TW_NANO);
    assert_true(m.replace.price.nano == INT64_C(106260000000)); /* 1062600 */
}

/* 48 01d0 0000 1f9df77c9e20 "AMC     " "T" " " "    " */
static void test_a_trading_action(void **state) {
    (void)state;
    tw_itch_message m = only_message("itch/StockTradingActionMessage.pcap");
    check_head(&m, 'H', 0x01d0, 0, INT64_C(0x1f9df77c9e20));
    assert_string_equal(m.trading_action.stock, "AMC");
    assert_int_equal(m.trading_action.trading_state, 'T');
    assert_int_equal(m.trading_action.reserved, ' ');
    assert_string_equal(m.trading_action.reason, "");
}

/* Two packets: number 0xe149d0 with one message, and number 0x1220e5d with 0x26. */
static void test_many_packets_and_the_numbers_between_them(void **state) {
    (void)state;
    tw_symbols *symbols = new_symbols();
    tw_tape *tape = open_tape("itch/Multiple.Packets.pcap", TW_TAPE_ITCH, symbols);
    tw_order_event events[64];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_events(tape, events, 64, &count, &error), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, TW_EVENT_DELETE);
    assert_int_equal(events[0].id, 0x1665d6a);
    assert_int_equal(tw_tape_next_events(tape, events, 64, &count, &error), TW_UNKNOWN);
    tw_tape_gaps gaps = tw_tape_gaps_of(tape);
    assert_int_equal(gaps.first_missing, 0xe149d0 + 1);
    assert_int_equal(gaps.last_missing, 0x1220e5d - 1);
    assert_int_equal(gaps.missing_count, 0x1220e5d - 0xe149d0 - 1);
    assert_string_equal(gaps.session, "000010059B");
    assert_int_equal(gaps.port, 0x676d);
    size_t total = 0;
    tw_status status;
    while ((status = tw_tape_next_events(tape, events + total, 64 - total, &count, &error)) ==
           TW_OK)
        total += count;
    assert_int_equal(status, TW_EMPTY);
    assert_int_equal(total, 0x26);
    for (size_t i = 0; i < total; i++) {
        assert_int_equal(events[i].kind, TW_EVENT_ADD);
        assert_true(events[i].time_ns == INT64_C(0x1f23e0981ae1));
        assert_string_equal(tw_symbols_name(symbols, events[i].symbol), "META");
    }
    /* the first, and the tenth, which is an F: 0000000000 94d0a7 "B" 5 ... 000c394c "UBSS" */
    assert_int_equal(events[0].id, 0x792f9f);
    assert_true(events[0].price.nano == INT64_C(0xc4950) * 100000);
    assert_int_equal(events[8].id, 0x94d0a7);
    assert_true(events[8].quantity.nano == 5 * TW_NANO);
    assert_true(events[8].price.nano == INT64_C(0xc394c) * 100000);
    assert_int_equal(events[37].id, 0x514207);
    assert_int_equal(events[37].side, TW_SIDE_SELL);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

/* ---- an hour of Apple ---------------------------------------------------------------------- */

/* The message of which LOBSTER made an event. An execution tells its price, so it is a C. */
static tw_itch_message message_of(const tw_order_event *event) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.time_ns = event->time_ns;
    m.stock_locate = 13;
    switch (event->kind) {
    case TW_EVENT_ADD:
        m.type = 'A';
        m.add_order.order_reference_number = event->id;
        m.add_order.shares = event->quantity;
        m.add_order.price = event->price;
        m.add_order.side = event->side;
        strcpy(m.add_order.stock, "AAPL");
        break;
    case TW_EVENT_REDUCE:
        m.type = 'X';
        m.cancel.order_reference_number = event->id;
        m.cancel.shares = event->quantity;
        break;
    case TW_EVENT_DELETE:
        m.type = 'D';
        m.delete_order.order_reference_number = event->id;
        break;
    case TW_EVENT_EXECUTE:
        m.type = 'C';
        m.execution.order_reference_number = event->id;
        m.execution.shares = event->quantity;
        m.execution.price = event->price;
        m.execution.printable = 'Y';
        break;
    default:
        assert_int_equal(event->kind, TW_EVENT_HIDDEN);
        m.type = 'P';
        m.trade.shares = event->quantity;
        m.trade.price = event->price;
        m.trade.side = event->side;
        strcpy(m.trade.stock, "AAPL");
    }
    return m;
}

/* ITCH leaves out what a message about an order need not repeat. */
static tw_order_event as_itch_tells_it(tw_order_event event) {
    bool known = event.kind == TW_EVENT_REDUCE || event.kind == TW_EVENT_DELETE;
    if (known)
        event.price.nano = 0;
    if (event.kind == TW_EVENT_DELETE)
        event.quantity.nano = 0;
    if (known || event.kind == TW_EVENT_EXECUTE)
        event.side = TW_SIDE_NONE;
    return event;
}

static void write_hour(FILE *file) {
    tw_tape *lobster =
        open_tape("lobster/AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES, NULL);
    tw_order_event event;
    while (tw_tape_next_event(lobster, &event, NULL) == TW_OK) {
        tw_itch_message message = message_of(&event);
        char bytes[2 + TW_ITCH_SIZE_MAX] = {0};
        size_t size = 0;
        tw_error error = {0};
        if (tw_itch_encode(&message, bytes + 2, TW_ITCH_SIZE_MAX, &size, &error) != TW_OK)
            fail_msg("%s", error.message);
        bytes[1] = (char)size; /* none is longer than 50 */
        assert_int_equal(fwrite(bytes, 1, 2 + size, file), 2 + size);
    }
    assert_int_equal(fwrite("\0\0", 1, 2, file), 2);
    assert_int_equal(fflush(file), 0);
    tw_tape_close(lobster);
}

static void test_an_hour_of_orders_comes_back_out_of_itch(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    write_hour(file);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    tw_symbols *symbols = new_symbols();
    tw_tape *itch = open_path(path, TW_TAPE_ITCH, symbols);
    tw_tape *lobster =
        open_tape("lobster/AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES, NULL);
    tw_order_event events[100];
    size_t count = 0;
    size_t total = 0;
    size_t adds = 0;
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_events(itch, events, 100, &count, &error)) == TW_OK) {
        for (size_t i = 0; i < count; i++, total++) {
            tw_order_event event;
            assert_int_equal(tw_tape_next_event(lobster, &event, &error), TW_OK);
            event = as_itch_tells_it(event);
            if (adds == 0 && events[i].symbol == TW_SYMBOL_NONE)
                events[i].symbol = 0; /* before the first message with the stock's name */
            adds += event.kind == TW_EVENT_ADD || event.kind == TW_EVENT_HIDDEN;
            assert_memory_equal(&events[i], &event, sizeof event);
        }
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, 91997);
    assert_int_equal(tw_tape_next_event(lobster, events, &error), TW_EMPTY);
    assert_true(tw_tape_gaps_of(itch).ended);
    assert_int_equal(tw_symbols_count(symbols), 1);
    tw_tape_close(lobster);
    tw_tape_close(itch);
    tw_symbols_free(symbols);
    assert_int_equal(fclose(file), 0);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_added_order),
        cmocka_unit_test(test_a_position_of_a_participant),
        cmocka_unit_test(test_an_imbalance),
        cmocka_unit_test(test_a_deleted_order),
        cmocka_unit_test(test_an_executed_order),
        cmocka_unit_test(test_a_replaced_order),
        cmocka_unit_test(test_a_trading_action),
        cmocka_unit_test(test_many_packets_and_the_numbers_between_them),
        cmocka_unit_test(test_an_hour_of_orders_comes_back_out_of_itch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
