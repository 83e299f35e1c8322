/*
 * job_order_book.c - orders come, shrink, trade and go, and after each of these the best bid and
 * ask are read: of a book of lists, and of ours.
 *
 * The checksum is of all best prices and sizes on the way. It is a sum of products modulo 2^64, and
 * so it is the same in ticks and shares as at 1e-9 but for a factor.
 */
#include <stdio.h>

#include "book_flow.h"
#include "naive_book.h"
#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/book.h"
#include "tradewind/time.h"

enum { LINE_SIZE = 64 };

static const int64_t TICK_NANO = 10000000;
static const uint64_t MIXING = UINT64_C(0x9E3779B97F4A7C15);

typedef struct order_line {
    uint64_t words[LINE_SIZE / 8];
} order_line;

typedef struct books {
    book_flow flow;
    const char *folder;
    naive_book *naive; /* each of them is made when it is first asked for */
    tw_book *ours;
    peer_book *map;
    proof_peer *list;
    order_line *lines; /* [flow.live] */
} books;

typedef struct checking {
    uint64_t prices;
    uint64_t sizes;
} checking;

static void dispose(void *state) {
    books *b = state;
    if (b == NULL)
        return;
    naive_book_free(b->naive);
    tw_book_free(b->ours);
    peer_book_free(b->map);
    proof_peer_stop(b->list);
    TW_DELETE(tw_allocator_system(), b->lines, b->flow.live, order_line);
    book_flow_free(&b->flow);
    TW_DELETE(tw_allocator_system(), b, 1, books);
}

static tw_status no_memory(tw_error *error) {
    return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a book");
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    books *b = TW_NEW(tw_allocator_system(), 1, books);
    if (b == NULL)
        return no_memory(error);
    *b = (books){.folder = point->folder};
    *ret_state = b;
    tw_status status = book_flow_make(&b->flow, (uint32_t)point->at[0]);
    return status == TW_OK ? TW_OK : no_memory(error);
}

static void look(checking *checked, int64_t bid, int64_t ask, uint64_t bid_size,
                 uint64_t ask_size) {
    checked->prices = checked->prices * MIXING + (uint64_t)bid + 3 * (uint64_t)ask;
    checked->sizes = checked->sizes * MIXING + bid_size + 3 * ask_size;
}

/* 53 bits of it. */
static double checksum_of(const checking *checked, uint64_t price_scale, uint64_t size_scale) {
    return (double)((checked->prices * price_scale ^ checked->sizes * size_scale) >> 11);
}

/* ---- the naive way --------------------------------------------------------------------------- */

static void play_naive(naive_book *book, const stream_op *ops, uint64_t count, checking *checked) {
    for (uint64_t i = 0; i < count; i++) {
        peer_best best;
        naive_book_apply(book, &ops[i]);
        naive_book_best(book, &best);
        look(checked, best.bid_price, best.ask_price, best.bid_quantity, best.ask_quantity);
    }
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    books *b = state;
    checking checked = {0};
    checking unchecked = {0};
    if (b->naive == NULL) {
        if (naive_book_new(3 * b->flow.live, &b->naive) != TW_OK)
            return no_memory(error);
        play_naive(b->naive, b->flow.fill, b->flow.live, &unchecked);
    }
    int64_t began_ns = tw_time_monotonic_ns();
    play_naive(b->naive, b->flow.ops, run->units, &checked);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = checksum_of(&checked, (uint64_t)TICK_NANO, TW_NANO);
    play_naive(b->naive, b->flow.repair, book_flow_repair(&b->flow, (uint32_t)run->units),
               &unchecked);
    return TW_OK;
}

/* ---- ours ------------------------------------------------------------------------------------ */

static tw_status call(tw_book *book, const stream_op *op) {
    tw_quantity quantity = {(int64_t)op->quantity * TW_NANO};
    if (op->kind == 0) {
        tw_book_order order = {.id = op->id,
                               .price.nano = op->price * TICK_NANO,
                               .quantity = quantity,
                               .side = (uint8_t)(TW_SIDE_BUY + op->side)};
        return tw_book_add(book, op->symbol, &order);
    }
    if (op->kind == 2)
        return tw_book_delete(book, op->symbol, op->id);
    return op->kind == 1 ? tw_book_reduce(book, op->symbol, op->id, quantity)
                         : tw_book_execute(book, op->symbol, op->id, quantity);
}

static tw_status play_ours(tw_book *book, const stream_op *ops, uint64_t count, checking *checked) {
    for (uint64_t i = 0; i < count; i++) {
        tw_status status = call(book, &ops[i]);
        if (status != TW_OK)
            return status;
        tw_quote best;
        tw_book_best(book, 0, &best);
        look(checked, best.bid_price.nano, best.ask_price.nano, (uint64_t)best.bid_size.nano,
             (uint64_t)best.ask_size.nano);
    }
    return TW_OK;
}

static tw_status make_ours(books *b) {
    tw_book_config config = {.symbol_count_max = 1,
                             .order_count_max = 3 * b->flow.live,
                             .level_count_max = BOOK_FLOW_PRICES,
                             .order_count_expected = 2 * b->flow.live};
    checking unchecked = {0};
    tw_status status = tw_book_new(NULL, &config, &b->ours);
    return status == TW_OK ? play_ours(b->ours, b->flow.fill, b->flow.live, &unchecked) : status;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    books *b = state;
    checking checked = {0};
    checking unchecked = {0};
    tw_status status = b->ours == NULL ? make_ours(b) : TW_OK;
    int64_t began_ns = tw_time_monotonic_ns();
    if (status == TW_OK)
        status = play_ours(b->ours, b->flow.ops, run->units, &checked);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = checksum_of(&checked, 1, 1);
    if (status == TW_OK)
        status = play_ours(b->ours, b->flow.repair,
                           book_flow_repair(&b->flow, (uint32_t)run->units), &unchecked);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "an order is not taken");
}

/* ---- peers and the limit --------------------------------------------------------------------- */

static void play_map(peer_book *book, const stream_op *ops, uint64_t count, checking *checked) {
    for (uint64_t i = 0; i < count; i++) {
        peer_best best;
        peer_book_apply(book, &ops[i], 1);
        peer_book_best(book, 0, &best);
        look(checked, best.bid_price, best.ask_price, best.bid_quantity, best.ask_quantity);
    }
}

static tw_status run_map(void *state, proof_run *run, tw_error *error) {
    (void)error;
    books *b = state;
    checking checked = {0};
    checking unchecked = {0};
    if (b->map == NULL) {
        b->map = peer_book_new(1);
        play_map(b->map, b->flow.fill, b->flow.live, &unchecked);
    }
    int64_t began_ns = tw_time_monotonic_ns();
    play_map(b->map, b->flow.ops, run->units, &checked);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = checksum_of(&checked, (uint64_t)TICK_NANO, TW_NANO);
    play_map(b->map, b->flow.repair, book_flow_repair(&b->flow, (uint32_t)run->units), &unchecked);
    return TW_OK;
}

static tw_status start_list(books *b, tw_error *error) {
    const char *const arguments[] = {b->folder, NULL};
    tw_status status = proof_file_write(b->folder, "fill.ops", b->flow.fill,
                                        b->flow.live * sizeof b->flow.fill[0], error);
    if (status == TW_OK)
        status = proof_file_write(b->folder, "operations.ops", b->flow.ops,
                                  BOOK_FLOW_OPS * sizeof b->flow.ops[0], error);
    return status == TW_OK ? proof_peer_python(peer_book_list, arguments, &b->list, error) : status;
}

static tw_status run_list(void *state, proof_run *run, tw_error *error) {
    books *b = state;
    tw_status status = b->list == NULL ? start_list(b, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(b->list, run, error) : status;
}

/* Of each operation the order's own line is read and written. */
static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    books *b = state;
    if (b->lines == NULL)
        b->lines = TW_NEW(tw_allocator_system(), b->flow.live, order_line);
    if (b->lines == NULL)
        return no_memory(error);
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++) {
        const stream_op *op = &b->flow.ops[i];
        b->lines[op->id % b->flow.live].words[op->kind] += op->quantity;
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return TW_OK;
}

const proof_job proof_order_book = {
    .name = "order-book",
    .part = "OrderBookOptimizer",
    .title = "An order book against sorted lists",
    .unit = "operation",
    .story =
        "Orders are added, reduced, executed and deleted, and the best bid and ask are read after "
        "each. The naive book looks for an order from the front of a list and moves what is behind "
        "it, so it gets slower with every order that waits; the guide promises O(log n). Ours "
        "finds order, level and best price at once, whatever the size of the book, and keeps the "
        "queue of each price as well, which neither the lists nor the maps do.",
    .limit = "reading each operation and writing to the memory of its order",
    .check_units = 2000,
    .axes = {{"live orders", {100, 1000, 10000, 100000, 1000000}, 5, 1}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"lists", PROOF_NAIVE, "sorted lists of levels, a list of orders searched by id",
              run_naive, .units_most = BOOK_FLOW_OPS, .place_last = 4},
             {"tradewind", PROOF_OURS, "tw_book_add, reduce, execute, delete and tw_book_best",
              run_ours, .units_most = BOOK_FLOW_OPS},
             {"std::map", PROOF_PEER,
              "a std::map of levels a side and a std::unordered_map of orders", run_map,
              .units_most = BOOK_FLOW_OPS},
             {"Python", PROOF_PEER, "dictionaries, and prices in lists kept sorted by bisect",
              run_list, .units_most = BOOK_FLOW_OPS, .place_last = 4},
             {"touch the orders", PROOF_LIMIT, "one line of memory is written for each operation",
              run_limit, .incomparable = true, .units_most = BOOK_FLOW_OPS}},
};
