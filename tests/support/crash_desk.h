/*
 * crash_desk.h - the fake desk of replay, with a process that can die.
 *
 * Beside what fake_desk.h keeps, the rows of orders are kept as a store would have them. A crash
 * takes everything that was not durable (or, by a draw, nothing: a process may die just after a
 * commit), all answers and updates on their way, and some of the requests that were handed over;
 * what is at the venue stays. The next engine is started from what is left, through recovery.h.
 *
 * Whoever includes it says before how many turns are too many to wait for something: TURNS_MAX.
 *
 * Everything is static inline, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_CRASH_DESK_H
#define TRADEWIND_TESTS_CRASH_DESK_H

#include "fake_desk.h"
#include "tradewind/recovery.h"

enum { CRASH_ROWS = 16384 };

/* An order's row as it was put. */
typedef struct crash_row {
    uint32_t entries; /* of the journal before it: durable with the next of them */
    tw_order order;
} crash_row;

typedef struct crash_rows {
    crash_row rows[CRASH_ROWS];
    uint32_t count;
} crash_rows;

static fake_desk desk;
static crash_rows kept;

static inline tw_status crash_put_order(void *context, const tw_order *order) {
    tw_status status = fake_put_order(context, order);
    if (status != TW_OK)
        return status;
    assert_true(kept.count < CRASH_ROWS);
    kept.rows[kept.count++] = (crash_row){.entries = desk.entry_count, .order = *order};
    return TW_OK;
}

static inline tw_engine_ports crash_ports(void) {
    tw_engine_ports ports = fake_ports(&desk);
    ports.store.put_order = crash_put_order;
    return ports;
}

/* Whether the store has a row of the order. */
static inline bool crash_has_row(const char *client_order_id) {
    for (uint32_t i = 0; i < kept.count; i++) {
        if (strcmp(kept.rows[i].order.client_order_id, client_order_id) == 0)
            return true;
    }
    return false;
}

/* An id that was never sent and that the store forgot may be given again. */
static inline void crash_forget_orders(void) {
    for (uint32_t i = 0; i < desk.order_count; i++) {
        fake_order *order = &desk.orders[i];
        if (crash_has_row(order->order.client_order_id))
            continue;
        assert_false(order->submitted);
        order->order.client_order_id[0] = '\0';
    }
}

static inline void crash_drop_commands(void) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < desk.command_count; i++) {
        fake_command command = desk.commands[i];
        if (command.act == FAKE_QUERY || tw_random_below(&desk.random, 2) == 0)
            continue;
        command.answered = true; /* nobody hears its answer, and it may be long on its way */
        if (tw_random_below(&desk.random, 2) == 0)
            command.due += tw_random_below(&desk.random, 200); /* 50 seconds */
        desk.commands[left++] = command;
    }
    desk.command_count = left;
}

/* The process is gone; `all_written`: everything it wrote reached the disk before. */
static inline void crash(tw_engine *engine, bool all_written) {
    tw_engine_free(engine);
    if (!all_written) {
        desk.entry_count = (uint32_t)desk.durable;
        while (kept.count > 0 && kept.rows[kept.count - 1].entries >= desk.entry_count)
            kept.count--;
    }
    desk.durable = desk.entry_count;
    crash_forget_orders();
    crash_drop_commands();
    desk.message_count = desk.inbox_count = desk.market_count = 0;
    desk.up = false;
    desk.reading = 0;
    desk.back_turn = desk.turn + 2 + tw_random_below(&desk.random, 8);
    fake_tell_history(&desk);
}

static inline tw_store_record crash_record(uint32_t index) {
    const tw_journal_entry *entry = &desk.entries[index].entry;
    return (tw_store_record){.sequence = entry->sequence,
                             .time_ns = entry->time_ns,
                             .kind = tw_slice_of(entry->kind),
                             .payload = tw_slice_of(entry->payload)};
}

/* The newest row of each order, in the order in which they were first put. */
static inline void crash_take_orders(tw_recovery *recovery) {
    for (uint32_t i = 0; i < kept.count; i++) {
        const tw_order *newest = &kept.rows[i].order;
        bool first = true;
        for (uint32_t k = 0; k < i && first; k++)
            first = strcmp(kept.rows[k].order.client_order_id, newest->client_order_id) != 0;
        if (!first)
            continue;
        for (uint32_t k = i + 1; k < kept.count; k++) {
            if (strcmp(kept.rows[k].order.client_order_id, newest->client_order_id) == 0)
                newest = &kept.rows[k].order;
        }
        assert_int_equal(tw_recovery_take_order(recovery, newest), TW_OK);
    }
}

static inline tw_recovery *crash_read(const tw_engine_config *config) {
    tw_recovery_config wanted = {.symbols = desk.symbols,
                                 .symbol_count = config->symbol_count,
                                 .strategy_name = config->strategy_name,
                                 .epoch = config->epoch,
                                 .open_count_max = 64};
    tw_recovery *recovery = NULL;
    assert_int_equal(tw_recovery_new(NULL, &wanted, &recovery), TW_OK);
    tw_status status = TW_OK;
    for (uint32_t i = desk.entry_count; status == TW_OK && i > 0; i--) {
        tw_store_record record = crash_record(i - 1);
        status = tw_recovery_seek(recovery, &record);
    }
    uint64_t from = tw_recovery_from(recovery);
    for (uint32_t i = 0; from > 0 && i < desk.entry_count; i++) {
        tw_store_record record = crash_record(i);
        if (record.sequence >= from)
            assert_int_equal(tw_recovery_take_record(recovery, &record), TW_OK);
    }
    crash_take_orders(recovery);
    return recovery;
}

/* An engine from what is left: of nothing after fake_init, else after a crash. */
static inline tw_engine *crash_start(tw_engine_config *config) {
    tw_engine *engine = NULL;
    tw_error error = {0};
    size_t open_count = 0;
    TW_AUTO(tw_recovery) *recovery = crash_read(config);
    const tw_order *open = tw_recovery_open(recovery, &open_count);
    for (size_t i = 0; i < open_count; i++) {
        fake_order *order = fake_note(&desk, &open[i]);
        order->adopted = true;
        order->unanswered = 0; /* nobody hears of it any more */
    }
    config->intent_sequence = tw_recovery_intent(recovery);
    config->journal_sequence = desk.entry_count;
    tw_engine_ports ports = crash_ports();
    if (tw_engine_new(NULL, config, desk.symbols, &ports, &engine, &error) != TW_OK ||
        tw_recovery_apply(recovery, engine, &error) != TW_OK)
        fail_msg("%s", error.message);
    return engine;
}

/* ---- turns ---- */

static inline tw_status turn(tw_engine *engine) {
    uint64_t work = 0;
    fake_turn(&desk);
    tw_status status = tw_engine_turn(engine, 48, &work, NULL);
    tw_engine_check(engine);
    return status;
}

static inline void turns(tw_engine *engine, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(turn(engine), TW_OK);
}

/* Turns until the phase is reached. */
static inline void until(tw_engine *engine, tw_engine_phase phase) {
    for (uint32_t i = 0; tw_engine_phase_now(engine) != phase; i++) {
        if (i == TURNS_MAX)
            fail_msg("the phase stays %s", tw_engine_phase_name(tw_engine_phase_now(engine)));
        assert_int_equal(turn(engine), TW_OK);
    }
}

#endif
