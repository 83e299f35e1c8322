/* gate_book.c - the book: added to, executed, asked, cancelled, and fed a feed's events. */
#include "gate.h"
#include "tradewind/book.h"
#include "tradewind/random.h"

enum { SYMBOLS = 16, ORDERS = 16000, DEPTH = 5, BATCH = 64, EVENTS = 40000, LIVE = 4000 };

static const int64_t TICK_NANO = TW_NANO / 100;

typedef struct book_work {
    tw_book *book;
    tw_symbol symbols[ORDERS];
    tw_book_order orders[ORDERS];
    uint32_t shuffled[ORDERS]; /* in what turn they are executed and cancelled */
} book_work;

static tw_book *make_book(uint32_t symbol_count, uint32_t order_count) {
    const tw_book_config config = {.symbol_count_max = symbol_count,
                                   .order_count_max = order_count,
                                   .level_count_max = order_count};
    tw_book *book = NULL;
    require(tw_book_new(NULL, &config, &book) == TW_OK, "tw_book_new");
    return book;
}

/* ---- one call after the other --------------------------------------------------------------- */

GATE_PATH(book_add)(book_work *w) {
    for (uint32_t i = 0; i < ORDERS; i++)
        require(tw_book_add(w->book, w->symbols[i], &w->orders[i]) == TW_OK, "tw_book_add");
    return ORDERS;
}

GATE_PATH(book_best)(const book_work *w) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ORDERS; i++) {
        tw_quote quote;
        tw_price ask = {0};
        tw_book_best(w->book, w->symbols[i], &quote);
        require(tw_book_best_price(w->book, w->symbols[i], TW_SIDE_SELL, &ask), "an ask");
        sum += (uint64_t)(quote.bid_price.nano + ask.nano);
    }
    return sum;
}

GATE_PATH(book_depth)(const book_work *w) {
    tw_level levels[DEPTH];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ORDERS; i++) {
        tw_side side = i % 2 == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
        sum += tw_book_depth(w->book, w->symbols[i], side, levels, DEPTH);
    }
    return sum;
}

/* A part of each order: none ends. */
GATE_PATH(book_execute)(book_work *w) {
    for (uint32_t i = 0; i < ORDERS; i++) {
        uint32_t at = w->shuffled[i];
        require(tw_book_execute(w->book, w->symbols[at], w->orders[at].id,
                                (tw_quantity){TW_NANO}) == TW_OK,
                "tw_book_execute");
    }
    return ORDERS;
}

GATE_PATH(book_cancel)(book_work *w) {
    for (uint32_t i = 0; i < ORDERS; i++) {
        uint32_t at = w->shuffled[i];
        require(tw_book_delete(w->book, w->symbols[at], w->orders[at].id) == TW_OK,
                "tw_book_delete");
    }
    return ORDERS;
}

/* Most orders near the touch, fewer far away. */
static void make_orders(book_work *w) {
    tw_random random;
    tw_random_init(&random, 3, 0);
    for (uint32_t i = 0; i < ORDERS; i++) {
        bool buys = tw_random_below(&random, 2) == 0;
        uint64_t far = tw_random_below(&random, 40);
        int64_t away = 1 + (int64_t)(far * tw_random_below(&random, 40) / 8);
        w->symbols[i] = (tw_symbol)tw_random_below(&random, SYMBOLS);
        w->orders[i] =
            (tw_book_order){.id = i + 1,
                            .price = {(10000 + (buys ? -away : away)) * TICK_NANO},
                            .quantity = {(int64_t)(2 + tw_random_below(&random, 500)) * TW_NANO},
                            .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL};
        w->shuffled[i] = i;
    }
    for (uint32_t i = ORDERS - 1; i > 0; i--) {
        uint32_t at = (uint32_t)tw_random_below(&random, i + 1);
        uint32_t kept = w->shuffled[i];
        w->shuffled[i] = w->shuffled[at];
        w->shuffled[at] = kept;
    }
}

static void run_calls(void) {
    static book_work w;
    make_orders(&w);
    w.book = make_book(SYMBOLS, ORDERS);
    GATE_RUN(book_add, ORDERS, &w);
    GATE_RUN(book_best, ORDERS, &w);
    GATE_RUN(book_depth, ORDERS, &w);
    GATE_RUN(book_execute, ORDERS, &w);
    tw_book_check(w.book);
    GATE_RUN(book_cancel, ORDERS, &w);
    tw_book_check(w.book);
    tw_book_free(w.book);
}

/* ---- a feed --------------------------------------------------------------------------------- */

GATE_PATH(book_feed)(tw_book *book, const tw_order_event *events) {
    uint64_t taken = 0;
    for (uint32_t i = 0; i < EVENTS; i += BATCH)
        taken += tw_book_apply(book, events + i, BATCH, NULL);
    require(taken == EVENTS, "tw_book_apply");
    return taken;
}

_Static_assert(EVENTS % BATCH == 0, "whole batches");

typedef struct live_order {
    uint64_t id;
    int64_t quantity;
    tw_symbol symbol;
} live_order;

typedef struct market {
    tw_random random;
    uint64_t newest_id;
    uint32_t live_count;
    live_order live[EVENTS];
} market;

/* Most orders come near the touch. */
static tw_order_event make_add(market *m) {
    bool buys = tw_random_below(&m->random, 2) == 0;
    uint64_t far = tw_random_below(&m->random, 40);
    int64_t away = 1 + (int64_t)(far * tw_random_below(&m->random, 40) / 8);
    live_order *order = &m->live[m->live_count++];
    *order = (live_order){.id = ++m->newest_id,
                          .quantity = 1 + (int64_t)tw_random_below(&m->random, 500),
                          .symbol = (tw_symbol)tw_random_below(&m->random, SYMBOLS)};
    return (tw_order_event){.id = order->id,
                            .price = {(10000 + (buys ? -away : away)) * TICK_NANO},
                            .quantity = {order->quantity * TW_NANO},
                            .symbol = order->symbol,
                            .kind = TW_EVENT_ADD,
                            .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL};
}

/* Mostly an order that came lately goes; now and then a part of one is taken off or executed. */
static tw_order_event make_change(market *m) {
    uint32_t recent = m->live_count < 64 ? m->live_count : 64;
    bool lately = tw_random_below(&m->random, 10) < 7;
    uint32_t back = (uint32_t)tw_random_below(&m->random, lately ? recent : m->live_count);
    live_order *order = &m->live[m->live_count - 1 - back];
    uint64_t roll = tw_random_below(&m->random, 100);
    tw_order_event event = {.id = order->id, .symbol = order->symbol, .kind = TW_EVENT_DELETE};
    int64_t taken = order->quantity;
    if (roll < 22)
        event.kind = roll < 16 ? TW_EVENT_EXECUTE : TW_EVENT_REDUCE;
    if (roll < 10 && taken > 1)
        taken = 1 + (int64_t)tw_random_below(&m->random, (uint64_t)taken - 1);
    event.quantity.nano = taken * TW_NANO;
    order->quantity -= taken;
    if (order->quantity == 0)
        *order = m->live[--m->live_count];
    return event;
}

static void run_feed(void) {
    static market m;
    static tw_order_event events[EVENTS];
    tw_random_init(&m.random, 9, 0);
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint64_t adding = m.live_count < LIVE ? 62 : 46;
        bool adds = m.live_count < 16 || tw_random_below(&m.random, 100) < adding;
        events[i] = adds ? make_add(&m) : make_change(&m);
    }
    tw_book *book = make_book(SYMBOLS, 2 * LIVE);
    GATE_RUN(book_feed, EVENTS, book, events);
    tw_book_check(book);
    tw_book_free(book);
}

void gate_book(void) {
    run_calls();
    run_feed();
}
