/*
 * model_alpaca_fills.c - a venue whose stream repeats, delays, swaps and loses its messages, the
 * ledger, and a list of everything that ever happened to each fill.
 *
 * After every look at an order the sum of what was passed on is what the venue has filled of it; at
 * no time is it more; no fill is passed on twice.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alpaca_fills.h"
#include "tradewind/random.h"

#define NANO INT64_C(1000000000)
#define SEED_COUNT 120
#define STEP_COUNT 1500
#define ORDER_COUNT 24
#define FILL_COUNT_MAX 4096
#define WAITING_MAX 64

/* One fill as it happened at the venue, and what became of it here. */
typedef struct happening {
    tw_alpaca_order_update update;
    uint32_t order;
    int64_t filled; /* of the order, this fill included */
    bool passed;
    bool delivered;
} happening;

typedef struct venue_order {
    tw_alpaca_order as_is;
    int64_t passed;    /* of it, by the list */
    int64_t recovered; /* made up for */
    int64_t covered;   /* the filled quantity of the last recovery */
    int64_t seen;
    double notional; /* of what was passed on or made up for */
    double true_notional;
    uint32_t fill_count;
} venue_order;

typedef struct scene {
    tw_random random;
    tw_alpaca_fills *fills;
    venue_order orders[ORDER_COUNT];
    uint32_t waiting[WAITING_MAX]; /* messages on their way */
    uint32_t waiting_count;
    uint32_t fill_count;
    bool away;
} scene;

static happening fills_ever[FILL_COUNT_MAX];

static uint32_t draw(scene *of, uint32_t bound) {
    return (uint32_t)tw_random_below(&of->random, bound);
}

static void begin_order(scene *of, uint32_t index) {
    venue_order *order = &of->orders[index];
    memset(order, 0, sizeof *order);
    snprintf(order->as_is.order.venue_order_id, sizeof order->as_is.order.venue_order_id,
             "order-%u", index);
    order->as_is.submitted_ns = 1000 + index;
    order->as_is.order.quantity.nano = (1 + draw(of, 400)) * NANO;
    order->as_is.order.status = TW_ORDER_NEW;
}

/* The venue fills some of an order; a message about it is on its way, or is lost. */
static void happen(scene *of) {
    uint32_t index = draw(of, ORDER_COUNT);
    venue_order *order = &of->orders[index];
    tw_order *core = &order->as_is.order;
    int64_t open = core->quantity.nano - core->filled.nano;
    if (open == 0 || of->fill_count == FILL_COUNT_MAX || of->waiting_count == WAITING_MAX)
        return;
    int64_t quantity = (1 + draw(of, 40)) * NANO / (1 + draw(of, 3));
    quantity = quantity > open ? open : quantity;
    int64_t price = 100 * NANO + draw(of, 1000) * (NANO / 100);
    core->filled.nano += quantity;
    core->status =
        core->filled.nano == core->quantity.nano ? TW_ORDER_FILLED : TW_ORDER_PARTIALLY_FILLED;
    order->true_notional += (double)quantity * (double)price;
    core->average_price.nano = (int64_t)llround(order->true_notional / (double)core->filled.nano);
    happening *h = &fills_ever[of->fill_count];
    memset(h, 0, sizeof *h);
    h->order = index;
    h->filled = core->filled.nano;
    h->update.order = order->as_is;
    h->update.event =
        core->status == TW_ORDER_FILLED ? TW_ALPACA_EVENT_FILL : TW_ALPACA_EVENT_PARTIAL_FILL;
    h->update.quantity.nano = quantity;
    h->update.price.nano = price;
    h->update.timestamp_ns = of->fill_count;
    /* An id may be missing even on a fill. */
    if (draw(of, 10) > 0)
        snprintf(h->update.execution_id, sizeof h->update.execution_id, "execution-%u",
                 of->fill_count);
    if (!of->away)
        of->waiting[of->waiting_count++] = of->fill_count;
    of->fill_count++;
}

static tw_alpaca_verdict wanted_verdict(const scene *of, const happening *h) {
    if (h->delivered)
        return TW_ALPACA_REPEATED;
    return h->filled <= of->orders[h->order].covered ? TW_ALPACA_COVERED : TW_ALPACA_NEWS;
}

static void deliver(scene *of) {
    if (of->waiting_count == 0)
        return;
    uint32_t place = draw(of, of->waiting_count < 4 ? of->waiting_count : 4); /* swapped */
    happening *h = &fills_ever[of->waiting[place]];
    venue_order *order = &of->orders[h->order];
    tw_alpaca_verdict wanted = wanted_verdict(of, h);
    assert_int_equal(tw_alpaca_fills_take(of->fills, &h->update), wanted);
    h->delivered = true;
    if (wanted != TW_ALPACA_REPEATED && order->seen < h->filled)
        order->seen = h->filled;
    if (wanted == TW_ALPACA_NEWS) {
        assert_false(h->passed);
        h->passed = true;
        order->passed += h->update.quantity.nano;
        order->notional += (double)h->update.quantity.nano * (double)h->update.price.nano;
    }
    if (draw(of, 4) == 0) /* it comes once more, some time */
        return;
    of->waiting_count--;
    memmove(of->waiting + place, of->waiting + place + 1,
            (of->waiting_count - place) * sizeof of->waiting[0]);
}

/* The connection breaks: what is on its way is lost, or comes after all. */
static void lose(scene *of) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < of->waiting_count; i++)
        if (draw(of, 3) == 0)
            of->waiting[kept++] = of->waiting[i];
    of->waiting_count = kept;
    of->away = true;
}

static void look_at(scene *of, uint32_t index) {
    venue_order *order = &of->orders[index];
    tw_alpaca_order_update update;
    int64_t filled = order->as_is.order.filled.nano;
    int64_t missed = filled - order->passed - order->recovered;
    assert_true(missed >= 0);
    bool found = tw_alpaca_fills_recover(of->fills, &order->as_is, &update);
    assert_int_equal(found, missed > 0);
    order->covered = filled;
    if (!found)
        return;
    assert_true(update.quantity.nano == missed);
    assert_string_equal(update.execution_id, "");
    assert_string_equal(update.order.order.venue_order_id, order->as_is.order.venue_order_id);
    order->recovered += missed;
    order->notional += (double)missed * (double)update.price.nano;
    /* The average of all that was told is the venue's, but for its rounding. */
    double average = order->notional / (double)filled;
    assert_true(fabs(average - (double)order->as_is.order.average_price.nano) < 1000);
}

static void come_back(scene *of) {
    of->away = false;
    for (uint32_t i = 0; i < ORDER_COUNT; i++)
        look_at(of, i);
}

/* An answer that is older than what the stream has said recovers nothing and spoils nothing. */
static void look_at_something_old(scene *of) {
    uint32_t index = draw(of, ORDER_COUNT);
    venue_order *order = &of->orders[index];
    for (uint32_t i = 0; i < of->fill_count; i++) {
        const happening *h = &fills_ever[i];
        tw_alpaca_order_update update;
        if (h->order != index || h->filled <= order->covered || h->filled >= order->seen)
            continue;
        assert_false(tw_alpaca_fills_recover(of->fills, &h->update.order, &update));
    }
}

static void check_sums(const scene *of) {
    for (uint32_t i = 0; i < ORDER_COUNT; i++) {
        const venue_order *order = &of->orders[i];
        assert_true(order->passed + order->recovered <= order->as_is.order.filled.nano);
    }
    tw_alpaca_fills_check(of->fills);
}

static void play(uint64_t seed) {
    static scene of;
    tw_alpaca_fills_config config = {.order_count_max = ORDER_COUNT, .update_count_max = 4096};
    memset(&of, 0, sizeof of);
    tw_random_init(&of.random, seed, 0);
    assert_int_equal(tw_alpaca_fills_new(NULL, &config, &of.fills), TW_OK);
    for (uint32_t i = 0; i < ORDER_COUNT; i++) {
        begin_order(&of, i);
        tw_alpaca_fills_assume(of.fills, &of.orders[i].as_is);
    }
    for (uint32_t step = 0; step < STEP_COUNT; step++) {
        uint32_t what = draw(&of, 100);
        if (what < 40)
            happen(&of);
        else if (what < 95)
            deliver(&of);
        else if (what < 97)
            look_at_something_old(&of);
        else if (of.away)
            come_back(&of);
        else
            lose(&of);
        check_sums(&of);
    }
    come_back(&of);
    for (uint32_t i = 0; i < ORDER_COUNT; i++)
        assert_true(of.orders[i].passed + of.orders[i].recovered ==
                    of.orders[i].as_is.order.filled.nano);
    for (uint32_t i = 0; i < 300; i++) { /* whatever still comes changes nothing */
        deliver(&of);
        check_sums(&of);
    }
    tw_alpaca_fills_free(of.fills);
}

static void no_fill_is_lost_and_none_comes_twice(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++)
        play(seed);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static tw_alpaca_order_update event_of(const char *order_id, uint8_t event, uint8_t status,
                                       const char *execution_id) {
    tw_alpaca_order_update update;
    memset(&update, 0, sizeof update);
    snprintf(update.order.order.venue_order_id, sizeof update.order.order.venue_order_id, "%s",
             order_id);
    snprintf(update.execution_id, sizeof update.execution_id, "%s", execution_id);
    update.event = event;
    update.order.order.status = status;
    update.order.submitted_ns = 5;
    return update;
}

static void ended_orders_make_room_and_open_ones_do_not(void **state) {
    (void)state;
    tw_alpaca_fills_config config = {.order_count_max = 2, .update_count_max = 100};
    TW_AUTO(tw_alpaca_fills) *fills = NULL;
    assert_int_equal(tw_alpaca_fills_new(NULL, &config, &fills), TW_OK);
    tw_alpaca_order_update a = event_of("a", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "1");
    tw_alpaca_order_update b = event_of("b", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "2");
    assert_int_equal(tw_alpaca_fills_take(fills, &a), TW_ALPACA_NEWS);
    assert_int_equal(tw_alpaca_fills_take(fills, &b), TW_ALPACA_NEWS);
    tw_alpaca_order_update c = event_of("c", TW_ALPACA_EVENT_FILL, TW_ORDER_FILLED, "3");
    c.quantity.nano = c.order.order.filled.nano = NANO;
    assert_int_equal(tw_alpaca_fills_take(fills, &c), TW_ALPACA_NEWS); /* passed on untracked */
    assert_int_equal(tw_alpaca_fills_get_stats(fills).untracked_count, 1);
    assert_false(tw_alpaca_fills_knows(fills, &c.order));
    assert_int_equal(tw_alpaca_fills_oldest_open_ns(fills), 5);
    tw_alpaca_order_update end = event_of("a", TW_ALPACA_EVENT_CANCELED, TW_ORDER_CANCELED, "4");
    assert_int_equal(tw_alpaca_fills_take(fills, &end), TW_ALPACA_NEWS);
    assert_true(tw_alpaca_fills_knows(fills, &a.order));
    tw_alpaca_order_update d = event_of("d", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "5");
    assert_int_equal(tw_alpaca_fills_take(fills, &d), TW_ALPACA_NEWS);
    assert_false(tw_alpaca_fills_knows(fills, &a.order)); /* ended, so it made room */
    assert_true(tw_alpaca_fills_knows(fills, &b.order));
    tw_alpaca_fills_check(fills);
}

static void names_of_updates_are_forgotten_oldest_first(void **state) {
    (void)state;
    tw_alpaca_fills_config config = {.order_count_max = 4, .update_count_max = 8};
    TW_AUTO(tw_alpaca_fills) *fills = NULL;
    char name[16];
    assert_int_equal(tw_alpaca_fills_new(NULL, &config, &fills), TW_OK);
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "%d", i);
        tw_alpaca_order_update update = event_of("a", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, name);
        assert_int_equal(tw_alpaca_fills_take(fills, &update), TW_ALPACA_NEWS);
        assert_int_equal(tw_alpaca_fills_take(fills, &update), TW_ALPACA_REPEATED);
        tw_alpaca_fills_check(fills);
    }
    tw_alpaca_order_update first = event_of("a", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "0");
    tw_alpaca_order_update second = event_of("a", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "2");
    assert_int_equal(tw_alpaca_fills_take(fills, &second), TW_ALPACA_REPEATED);
    assert_int_equal(tw_alpaca_fills_take(fills, &first), TW_ALPACA_NEWS);
}

static tw_status make_and_take(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_alpaca_fills_config config = {.order_count_max = 4, .update_count_max = 8};
    TW_AUTO(tw_alpaca_fills) *fills = NULL;
    tw_status status = tw_alpaca_fills_new(allocator, &config, &fills);
    if (status != TW_OK)
        return status;
    tw_alpaca_order_update update = event_of("a", TW_ALPACA_EVENT_NEW, TW_ORDER_NEW, "1");
    for (int i = 0; i < 20; i++) {
        update.timestamp_ns = i;
        update.execution_id[0] = '\0';
        assert_int_equal(tw_alpaca_fills_take(fills, &update), TW_ALPACA_NEWS);
    }
    return TW_OK;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_take, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fill_is_lost_and_none_comes_twice),
        cmocka_unit_test(ended_orders_make_room_and_open_ones_do_not),
        cmocka_unit_test(names_of_updates_are_forgotten_oldest_first),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
