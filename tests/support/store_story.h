/*
 * store_story.h - one long story that is put into a store step by step, and the print of a store.
 *
 * Idea: every step is one batch, and each batch also notes its number as how far the import
 * "story" has come. A store that was broken off anywhere therefore says itself up to which step it
 * goes, and must then hold exactly what the steps up to there put: the print of its rows is
 * compared with that of a store to which nothing happened. A batch that is not whole, a row that is
 * missing, one that is there twice: each changes the print.
 *
 * Steps mix what a run writes: trades with and without ids, quotes, bars that replace each other,
 * symbols never met before; and each third step, committed FULL, an order, its fill, the order
 * again, and records of the journal.
 */
#ifndef TRADEWIND_TESTS_STORE_STORY_H
#define TRADEWIND_TESTS_STORE_STORY_H

#include <inttypes.h>

#include "store_place.h"

enum { STORY_STEP_COUNT = 200, STORY_TRADE_COUNT = 12 };

/* What a store holds. */
typedef struct story_state {
    uint64_t step; /* the newest that is there */
    uint64_t print;
} story_state;

/* ---- putting ---- */

static inline bool story_step_is_full(uint64_t step) {
    return step % 3 == 0 || step % 17 == 0;
}

static inline tw_symbol story_symbol(const test_place *place, uint64_t step) {
    char name[24];
    snprintf(name, sizeof name, "S%02u", (unsigned)(step / 9 % 23));
    return intern(place->symbols, name);
}

/* Times run forwards and backwards, so that pages all over the trees change. */
static inline int64_t story_time(uint64_t step) {
    return (int64_t)(step * 7919 % 1009) * 1000;
}

static inline tw_status story_put_market(tw_store *store, const test_place *place, uint64_t step,
                                         tw_error *error) {
    tw_trade trades[STORY_TRADE_COUNT];
    tw_symbol symbol = story_symbol(place, step);
    for (uint64_t i = 0; i < STORY_TRADE_COUNT; i++) {
        trades[i] = trade_at(place, story_time(step) + (int64_t)(i / 3),
                             i % 3 == 2 ? step * 100 + i : 0); /* two of three without an id */
        trades[i].symbol = symbol;
        trades[i].quantity.nano = (int64_t)(step * 1000 + i + 1);
    }
    const tw_quote quote = {.time_ns = story_time(step),
                            .bid_price = {(int64_t)step},
                            .ask_price = {(int64_t)step + 1},
                            .symbol = symbol};
    const tw_bar bar = {.time_ns = (int64_t)(step % 7),
                        .timeframe_ns = 60,
                        .open = {5},
                        .high = {9 + (int64_t)step},
                        .low = {1},
                        .close = {5},
                        .count = step,
                        .symbol = place->apple,
                        .revision = (uint32_t)step};
    tw_status status = tw_store_put_trades(store, trades, STORY_TRADE_COUNT, error);
    if (status == TW_OK)
        status = tw_store_put_quotes(store, &quote, 1, error);
    return status == TW_OK ? tw_store_put_bars(store, &bar, 1, error) : status;
}

static inline tw_status story_put_trading(tw_store *store, const test_place *place, uint64_t step,
                                          tw_error *error) {
    tw_order order = {.created_ns = (int64_t)step,
                      .quantity = {(int64_t)step},
                      .symbol = place->apple,
                      .side = TW_SIDE_BUY};
    tw_fill fill = {.time_ns = (int64_t)step,
                    .price = {1},
                    .quantity = {(int64_t)step},
                    .symbol = place->coin,
                    .side = TW_SIDE_BUY};
    snprintf(order.client_order_id, sizeof order.client_order_id, "order-%03u", (unsigned)step);
    memcpy(fill.client_order_id, order.client_order_id, sizeof order.client_order_id);
    snprintf(fill.execution_id, sizeof fill.execution_id, "fill-%03u", (unsigned)step);
    uint64_t last = (step / 3 - 1) * 2; /* each third step appends two */
    const tw_store_record records[] = {
        {last + 1, (int64_t)step, tw_slice_of("intent"), tw_slice_of("{\"quantity\":\"100\"}")},
        {last + 2, (int64_t)step, tw_slice_of("fill"), tw_slice_of("{}")}};
    tw_status status = tw_store_append_journal(store, records, 2, error);
    if (status == TW_OK)
        status = tw_store_put_orders(store, &order, 1, error);
    order.status = 1;
    order.filled = order.quantity;
    if (status == TW_OK)
        status = tw_store_put_fills(store, &fill, 1, error);
    return status == TW_OK ? tw_store_put_orders(store, &order, 1, error) : status;
}

/* Puts step `step` and commits it. */
static inline tw_status story_step(tw_store *store, const test_place *place, uint64_t step,
                                   tw_error *error) {
    const tw_store_import mark = {.name = tw_slice_of("story"), .row_count = step};
    tw_status status = story_put_market(store, place, step, error);
    if (status == TW_OK && step % 3 == 0)
        status = story_put_trading(store, place, step, error);
    if (status == TW_OK)
        status = tw_store_put_import(store, &mark, error);
    if (status != TW_OK)
        return status;
    return tw_store_commit(store, step % 17 == 0 ? TW_STORE_FULL : TW_STORE_NORMAL, error);
}

/* ---- reading ---- */

/* Adds up a print of each row, which does not ask for an order between kinds. */
typedef struct story_sum {
    tw_store *store;
    const test_place *place;
    uint64_t sum;
} story_sum;

static inline uint64_t story_mix(uint64_t print, uint64_t value) {
    print = (print ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return print ^ (print >> 29);
}

static inline uint64_t story_mix_text(uint64_t print, const char *text, size_t size) {
    print = story_mix(print, size);
    for (size_t i = 0; i < size; i++)
        print = story_mix(print, (unsigned char)text[i]);
    return print;
}

static inline uint64_t story_mix_symbol(const story_sum *sum, uint64_t print, tw_symbol symbol) {
    const char *name = tw_symbols_name(sum->place->symbols, symbol);
    return story_mix_text(print, name, strlen(name));
}

#define STORY_MIX(value) print = story_mix(print, (uint64_t)(value))

static inline tw_status story_on_trade(void *context, const tw_trade *trade) {
    story_sum *sum = context;
    uint64_t print = story_mix_symbol(sum, 1, trade->symbol);
    STORY_MIX(trade->time_ns);
    STORY_MIX(trade->id);
    STORY_MIX(trade->price.nano);
    STORY_MIX(trade->quantity.nano);
    STORY_MIX(trade->exchange);
    sum->sum += story_mix_text(print, trade->conditions, sizeof trade->conditions);
    return TW_OK;
}

static inline tw_status story_on_quote(void *context, const tw_quote *quote) {
    story_sum *sum = context;
    uint64_t print = story_mix_symbol(sum, 2, quote->symbol);
    STORY_MIX(quote->time_ns);
    STORY_MIX(quote->bid_price.nano);
    STORY_MIX(quote->ask_price.nano);
    sum->sum += print;
    return TW_OK;
}

static inline tw_status story_on_bar(void *context, const tw_bar *bar) {
    story_sum *sum = context;
    uint64_t print = story_mix_symbol(sum, 3, bar->symbol);
    STORY_MIX(bar->time_ns);
    STORY_MIX(bar->high.nano);
    STORY_MIX(bar->count);
    STORY_MIX(bar->revision);
    sum->sum += print;
    return TW_OK;
}

static inline tw_status story_on_order(void *context, const tw_order *order) {
    story_sum *sum = context;
    uint64_t print = story_mix_symbol(sum, 4, order->symbol);
    STORY_MIX(order->created_ns);
    STORY_MIX(order->status);
    STORY_MIX(order->quantity.nano);
    STORY_MIX(order->filled.nano);
    sum->sum += story_mix_text(print, order->client_order_id, strlen(order->client_order_id));
    return TW_OK;
}

static inline tw_status story_on_fill(void *context, const tw_fill *fill) {
    story_sum *sum = context;
    uint64_t print = story_mix_symbol(sum, 5, fill->symbol);
    STORY_MIX(fill->time_ns);
    STORY_MIX(fill->quantity.nano);
    print = story_mix_text(print, fill->client_order_id, strlen(fill->client_order_id));
    sum->sum += story_mix_text(print, fill->execution_id, strlen(fill->execution_id));
    return TW_OK;
}

static inline tw_status story_on_record(void *context, const tw_store_record *record) {
    story_sum *sum = context;
    uint64_t print = story_mix_text(6, record->kind.data, record->kind.size);
    STORY_MIX(record->sequence);
    STORY_MIX(record->time_ns);
    sum->sum += story_mix_text(print, record->payload.data, record->payload.size);
    return TW_OK;
}

#undef STORY_MIX

/* Reads all that is there. An empty store is at step 0. */
static inline tw_status story_read(tw_store *store, const test_place *place, story_state *ret_state,
                                   tw_error *error) {
    story_sum sum = {.store = store, .place = place};
    tw_store_import mark = {.row_count = 0};
    tw_status status = tw_store_find_import(store, tw_slice_of("story"), &mark, error);
    if (status == TW_OK || status == TW_NOT_FOUND)
        status = tw_store_read_trades(store, &everything, story_on_trade, &sum, error);
    if (status == TW_OK)
        status = tw_store_read_quotes(store, &everything, story_on_quote, &sum, error);
    if (status == TW_OK)
        status = tw_store_read_bars(store, &everything, story_on_bar, &sum, error);
    if (status == TW_OK)
        status = tw_store_read_orders(store, story_on_order, &sum, error);
    if (status == TW_OK)
        status = tw_store_read_fills(store, story_on_fill, &sum, error);
    if (status == TW_OK)
        status = tw_store_read_journal(store, 0, story_on_record, &sum, error);
    *ret_state = (story_state){.step = mark.row_count, .print = sum.sum};
    return status;
}

/* The print after each step of a store to which nothing happens, made in a directory of its own. */
static inline void story_tell(uint64_t ret_prints[STORY_STEP_COUNT + 1]) {
    void *state = NULL;
    assert_int_equal(make_place(&state), 0);
    const test_place *place = state;
    tw_store *store = open_writer(place);
    ret_prints[0] = 0;
    for (uint64_t step = 1; step <= STORY_STEP_COUNT; step++) {
        tw_error error = {0};
        story_state now = {0};
        if (story_step(store, place, step, &error) != TW_OK ||
            story_read(store, place, &now, &error) != TW_OK)
            fail_msg("step %" PRIu64 ": %s", step, error.message);
        assert_int_equal(now.step, step);
        ret_prints[step] = now.print;
    }
    assert_int_equal(rows(store, TW_STORE_TRADES), STORY_STEP_COUNT * STORY_TRADE_COUNT);
    assert_int_equal(rows(store, TW_STORE_JOURNAL), STORY_STEP_COUNT / 3 * 2);
    close_store(store);
    assert_int_equal(drop_place(&state), 0);
}

/* ---- a store with a log beside it, as a program that dies leaves it ---- */

typedef struct story_files {
    test_bytes file;
    test_bytes log;
    uint64_t in_file; /* the newest step in the file itself */
    uint64_t in_both; /* in the file and its log */
} story_files;

/* Tells the story up to two steps, with a close between them, and takes what is on the disk then.
 * The place is empty afterwards. */
static inline story_files story_files_make(const test_place *place, uint64_t in_file,
                                           uint64_t in_both) {
    story_files files = {.in_file = in_file, .in_both = in_both};
    tw_store *store = open_writer(place);
    for (uint64_t step = 1; step <= in_both; step++) {
        assert_int_equal(story_step(store, place, step, NULL), TW_OK);
        if (step != in_file)
            continue;
        close_store(store);
        store = open_writer(place);
    }
    files.file = load_beside(place, "");
    files.log = load_beside(place, "-wal");
    close_store(store);
    assert_true(in_both == in_file || files.log.size > 0);
    put_beside(place, "", NULL);
    return files;
}

static inline void story_files_put(const test_place *place, const story_files *files) {
    put_beside(place, "-shm", NULL);
    put_beside(place, "", &files->file);
    put_beside(place, "-wal", &files->log);
}

static inline void story_files_drop(story_files *files) {
    free(files->file.data);
    free(files->log.data);
}

/* ---- campaigns ---- */

/* How much of a campaign is run: the variable's number, or what the suite has time for. */
static inline uint64_t campaign_size(const char *variable, uint64_t size) {
    const char *text = getenv(variable);
    return text == NULL ? size : strtoull(text, NULL, 10);
}

#endif
