/*
 * replay_venue.c - what a venue may tell an engine, rule by rule: losses of the connection,
 * snapshots of no single moment, news of other orders, odd ticks. All of it at random:
 * replay_engine.c.
 */
#include "engine_desk.h"

/* An order of an earlier run trades while the first snapshot is read: after its cash was told, and
 * before its positions are. By the time it has been told as a whole no order is open any more. */
static void a_snapshot_that_began_with_open_orders_is_read_again(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    tw_order order = {.quantity = {10 * TW_NANO},
                      .limit_price = {desk.price[0] * 2},
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_LIMIT,
                      .status = TW_ORDER_NEW,
                      .client_order_id = "earlier-1",
                      .venue_order_id = "e1"};
    assert_int_equal(tw_engine_adopt(engine, &order), TW_OK);
    fake_order *known = fake_note(&desk, &order);
    known->adopted = known->at_venue = true;
    while (desk.reading != 2)
        turns(engine, 1);
    while (fake_is_open(known))
        fake_trade(&desk, known);
    until(engine, TW_ENGINE_TRADING);
    assert_true(desk.position[0] == 10 * TW_NANO && desk.snapshots == 2);
    assert_same_figures(engine);
    end(engine);
}

static void a_lost_connection_pauses_and_a_snapshot_resumes(void **state) {
    (void)state;
    tw_engine *engine = start_trading(2);
    turns(engine, 20);
    fake_break(&desk);
    desk.position[0] += 5000 * TW_NANO; /* behind our back */
    desk.tampered = true;
    uint64_t submits = desk.submits;
    until(engine, TW_ENGINE_PAUSED);
    while (!desk.up)
        turns(engine, 1);
    assert_true(desk.submits == submits);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(report_of(engine).differences, 1);
    assert_int_equal(report_of(engine).pauses, 1);
    turns(engine, 60);
    assert_true(desk.sells_seen); /* what was too much has been sold */
    end_trading(engine);
}

/* However often a feed says that the venue is away. */
static void an_outage_is_journaled_once_with_its_end(void **state) {
    (void)state;
    tw_engine *engine = start_trading(1);
    assert_int_equal(fake_count(&desk, "up", NULL), 0); /* nothing was lost before */
    fake_break(&desk);
    tw_venue_event again = fake_event(&desk, TW_VENUE_DOWN);
    for (int i = 0; i < 1000; i++) {
        fake_tell(&desk, &again);
        turns(engine, i % 100 == 0);
        desk.back_turn = desk.turn + 5;
    }
    assert_int_equal(fake_count(&desk, "down", NULL), 1);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(fake_count(&desk, "down", NULL), 1);
    assert_int_equal(report_of(engine).pauses, 1);
    assert_int_equal(fake_count(&desk, "up", "{\"away_ns\":7000000000,\"attempts\":3}"), 1);
    fake_break(&desk);
    until(engine, TW_ENGINE_PAUSED);
    assert_int_equal(fake_count(&desk, "down", NULL), 2);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(fake_count(&desk, "up", NULL), 2);
    end_trading(engine);
}

/* A submit that hangs: the venue does not know the order yet, and that proves nothing. */
static void an_order_whose_submit_hangs_is_not_given_up(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    desk.commands[0].due = desk.turn + 120;
    fake_break(&desk);
    turns(engine, 110); /* back, asked about many times */
    assert_true(desk.up && report_of(engine).orders_unknown == 1);
    assert_int_equal(desk.submits, 1);
    turns(engine, 60);
    assert_int_equal(fake_count(&desk, "missing", NULL), 0);
    tw_engine_stop(engine);
    until(engine, TW_ENGINE_DONE);
    assert_true(desk.orders[0].at_venue);
    assert_nothing_left(engine);
    assert_same_figures(engine);
    end(engine);
}

/* Account, then a fill, then positions: such a snapshot is of no single moment. */
static void a_fill_while_a_snapshot_is_read_counts_once(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    config.order_patience_ns = 60 * TW_NS_PER_SECOND;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0 || !desk.orders[0].at_venue)
        turns(engine, 1);
    turns(engine, 2);
    fake_break(&desk);
    while (desk.reading != 2) /* the account has been read */
        turns(engine, 1);
    desk.price[0] = desk.orders[0].order.limit_price.nano;
    while (fake_is_open(&desk.orders[0]))
        fake_trade(&desk, &desk.orders[0]);
    until(engine, TW_ENGINE_TRADING);
    assert_int_equal(report_of(engine).differences, 0);
    assert_true(desk.snapshots >= 3); /* another was read when nothing was open */
    end_trading(engine);
}

static void a_loss_while_warming_pauses_too(void **state) {
    (void)state;
    fake_options options = plain_options(2);
    tw_engine_config config = plain_config(2);
    tw_engine *engine = start(&options, &config);
    desk.silent[0] = true;
    until(engine, TW_ENGINE_WARMING);
    fake_break(&desk);
    until(engine, TW_ENGINE_PAUSED);
    until(engine, TW_ENGINE_TRADING);
    assert_true(desk.up && desk.snapshots == 2);
    end(engine);
}

static void a_venue_that_gave_up_ends_the_run(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    tw_error error = {0};
    uint64_t work = 0;
    tw_venue_event event = fake_event(&desk, TW_VENUE_FAILED);
    event.as.failure.status = TW_AUTH;
    snprintf(event.as.failure.message, sizeof event.as.failure.message, "no such key");
    turns(engine, 10);
    fake_tell(&desk, &event);
    assert_int_equal(tw_engine_turn(engine, 100, &work, &error), TW_AUTH);
    assert_string_equal(error.message, "no such key");
    assert_int_equal(tw_engine_phase_now(engine), TW_ENGINE_FAILED);
    end(engine);
}

static void more_filled_than_ordered_ends_the_run(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    event.as.update.order = desk.orders[0].order;
    event.as.update.order.filled.nano = desk.orders[0].order.quantity.nano + TW_NANO;
    event.as.update.order.average_price.nano = TW_NANO;
    fake_tell(&desk, &event);
    tw_status status = turn(engine);
    assert_int_equal(status == TW_OK ? turn(engine) : status, TW_PROTOCOL);
    end(engine);
}

static void an_order_of_others_is_journaled_and_left_alone(void **state) {
    (void)state;
    tw_engine *engine = start_trading(1);
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    snprintf(event.as.update.order.client_order_id, TW_CLIENT_ORDER_ID_SIZE, "replay-other");
    event.as.update.order.filled.nano = TW_NANO;
    event.as.update.order.status = TW_ORDER_FILLED;
    fake_tell(&desk, &event);
    turns(engine, 20);
    assert_int_equal(fake_count(&desk, "foreign", NULL), 1);
    assert_same_figures(engine);
    end(engine);
}

/* A first order is at the venue, and nothing of it has filled. */
static tw_engine *with_an_order(void) {
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    options.fill = 0;
    tw_engine *engine = start(&options, &config);
    while (desk.submits == 0)
        turns(engine, 1);
    return engine;
}

/* What the venue says of that order. */
static tw_venue_event news_of_it(void) {
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    event.as.update.order = desk.orders[0].order;
    return event;
}

static tw_status hear(tw_engine *engine, const tw_venue_event *event) {
    fake_tell(&desk, event);
    tw_status status = turn(engine);
    return status == TW_OK ? turn(engine) : status;
}

static void shares_filled_for_nothing_end_the_run(void **state) {
    (void)state;
    tw_engine *engine = with_an_order();
    tw_venue_event event = news_of_it();
    event.as.update.order.filled.nano = TW_NANO;
    event.as.update.order.average_price.nano = 0;
    assert_int_equal(hear(engine, &event), TW_PROTOCOL);
    end(engine);
}

/* The other side, another symbol, another quantity: each alone is another order. */
static void news_of_another_order_by_our_id_ends_the_run(void **state) {
    (void)state;
    for (int row = 0; row < 4; row++) {
        tw_engine *engine = with_an_order();
        tw_venue_event event = news_of_it();
        tw_order *told = &event.as.update.order;
        if (row == 0)
            told->side = told->side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
        else if (row == 1)
            told->symbol++;
        else if (row == 2)
            told->quantity.nano += TW_NANO;
        else
            *told = desk.orders[0].order; /* ours: the run goes on */
        assert_int_equal(hear(engine, &event), row < 3 ? TW_PROTOCOL : TW_OK);
        end(engine);
    }
}

static void trades_of_others_are_a_reason_to_look_again(void **state) {
    (void)state;
    tw_engine *engine = start_trading(1);
    turns(engine, 40);
    uint32_t before = desk.snapshots;
    tw_venue_event event = fake_event(&desk, TW_VENUE_ORDER_UPDATE);
    snprintf(event.as.update.order.client_order_id, TW_CLIENT_ORDER_ID_SIZE, "by-hand");
    event.as.update.quantity.nano = TW_NANO;
    fake_tell(&desk, &event);
    turns(engine, 40);
    assert_true(desk.snapshots > before);
    assert_same_figures(engine);
    end(engine);
}

static void odd_ticks_are_left_out(void **state) {
    (void)state;
    tw_engine *engine = start_trading(1);
    tw_engine_report before;
    tw_engine_report after;
    tw_trade good = {.time_ns = desk.now_ns, .price = {TW_NANO}, .quantity = {TW_NANO}};
    tw_trade odd[4] = {good, good, good, good};
    odd[0].price.nano = 0;
    odd[1].quantity.nano = -1;
    odd[2].conditions[2] = 'X';
    odd[3].time_ns = desk.now_ns + 3650 * TW_NS_PER_DAY;
    tw_engine_get_report(engine, &before, NULL);
    for (int i = 0; i < 4; i++)
        show(engine, (tw_market_event){.kind = TW_MARKET_TRADE, .as.trade = odd[i]});
    tw_engine_get_report(engine, &after, NULL);
    assert_int_equal(after.odd_events - before.odd_events, 4);
    assert_true(after.ended_ns < odd[3].time_ns);
    end(engine);
}

static void a_spread_too_wide_is_no_price(void **state) {
    (void)state;
    fake_options options = plain_options(1);
    tw_engine_config config = plain_config(1);
    tw_engine *engine = start(&options, &config);
    tw_engine_holding before;
    tw_engine_holding after;
    tw_engine_report report;
    until(engine, TW_ENGINE_TRADING);
    turns(engine, 40);
    desk.silent[0] = true;
    turns(engine, 3);
    tw_engine_get_report(engine, &report, &before);
    show(engine, (tw_market_event){.kind = TW_MARKET_QUOTE,
                                   .as.quote = {.time_ns = desk.now_ns,
                                                .bid_price = {TW_NANO},
                                                .ask_price = {4 * before.price.nano},
                                                .bid_size = {TW_NANO},
                                                .ask_size = {TW_NANO}}});
    tw_engine_get_report(engine, &report, &after);
    assert_int_equal(after.price.nano, before.price.nano);
    end(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_that_began_with_open_orders_is_read_again),
        cmocka_unit_test(a_lost_connection_pauses_and_a_snapshot_resumes),
        cmocka_unit_test(an_outage_is_journaled_once_with_its_end),
        cmocka_unit_test(an_order_whose_submit_hangs_is_not_given_up),
        cmocka_unit_test(a_fill_while_a_snapshot_is_read_counts_once),
        cmocka_unit_test(a_loss_while_warming_pauses_too),
        cmocka_unit_test(a_venue_that_gave_up_ends_the_run),
        cmocka_unit_test(more_filled_than_ordered_ends_the_run),
        cmocka_unit_test(an_order_of_others_is_journaled_and_left_alone),
        cmocka_unit_test(shares_filled_for_nothing_end_the_run),
        cmocka_unit_test(news_of_another_order_by_our_id_ends_the_run),
        cmocka_unit_test(trades_of_others_are_a_reason_to_look_again),
        cmocka_unit_test(odd_ticks_are_left_out),
        cmocka_unit_test(a_spread_too_wide_is_no_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
