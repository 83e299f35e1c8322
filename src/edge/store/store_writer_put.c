/*
 * store_writer_put.c - the queue's one end: rows of any thread, checked, cut into pieces, or made
 * to wait for room.
 *
 * The invariants stand in store_writer.c.
 */
#include <string.h>

#include "store_writer_priv.h"

/* What one put brings. */
typedef struct row_block {
    row_kind kind;
    const void *rows;
    size_t count;
} row_block;

size_t writer_row_size(row_kind kind) {
    switch (kind) {
    case ROW_TRADE:
        return sizeof(tw_trade);
    case ROW_QUOTE:
        return sizeof(tw_quote);
    case ROW_BAR:
        return sizeof(tw_bar);
    case ROW_ORDER:
        return sizeof(tw_order);
    case ROW_FILL:
        return sizeof(tw_fill);
    case ROW_IMPORT:
        return sizeof(import_row);
    }
    TW_ASSERT(false);
    return 0;
}

/* The word changes before `asleep` is read, and `asleep` is set before the word is waited on: one
 * of the two threads sees the other, so no work is forgotten and a busy writer costs no call. */
void writer_tell(tw_store_writer *writer) {
    __atomic_fetch_add(&writer->work_word, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&writer->asleep, __ATOMIC_SEQ_CST) != 0)
        tw_waiter_wake(writer->waiter, &writer->work_word, 1);
}

tw_status writer_check_open(const tw_store_writer *writer, tw_error *error) {
    if (writer->failure.status != TW_OK) {
        if (error != NULL)
            *error = writer->failure;
        return writer->failure.status;
    }
    if (writer->stopped)
        return tw_error_set(error, TW_CLOSED, "the writer of the store was stopped");
    return TW_OK;
}

/* ---- the ring, under the lock ---- */

static void copy_in(tw_store_writer *writer, const void *data, size_t size) {
    size_t at = writer->tail % writer->capacity;
    size_t first = size < writer->capacity - at ? size : writer->capacity - at;
    memcpy(writer->bytes + at, data, first);
    memcpy(writer->bytes, (const uint8_t *)data + first, size - first);
    writer->tail += size;
    TW_ASSERT(writer->tail - writer->head <= writer->capacity); /* invariant 1 */
}

static size_t size_in_ring(const row_block *block) {
    size_t count = block->count;
    size_t pieces = (count + PIECE_ROWS_MAX - 1) / PIECE_ROWS_MAX;
    return pieces * sizeof(piece) + count * writer_row_size(block->kind);
}

static void put_pieces(tw_store_writer *writer, const row_block *block) {
    size_t count = block->count;
    const uint8_t *from = block->rows;
    size_t row_size = writer_row_size(block->kind);
    int64_t now_ns = tw_waiter_now_ns(writer->waiter);
    writer->ticket_last++;
    for (size_t done = 0; done < count;) {
        size_t more = count - done < PIECE_ROWS_MAX ? count - done : PIECE_ROWS_MAX;
        done += more;
        const piece head = {.kind = block->kind,
                            .count = (uint32_t)more,
                            .ticket = done == count ? writer->ticket_last : 0,
                            .put_ns = now_ns};
        copy_in(writer, &head, sizeof head);
        copy_in(writer, from, more * row_size);
        from += more * row_size;
    }
    writer->figures.puts++;
    writer->figures.rows += count;
    uint64_t used = writer->tail - writer->head;
    if (used > writer->figures.queue_peak)
        writer->figures.queue_peak = used;
}

/* ---- putting ---- */

/* Waits, with the lock let go, until `size` bytes are free; returns with the lock held. */
static tw_status await_room(tw_store_writer *writer, size_t size, int64_t deadline_ns,
                            tw_error *error) {
    for (;;) {
        tw_status status = writer_check_open(writer, error);
        if (status != TW_OK || writer->capacity - (writer->tail - writer->head) >= size)
            return status;
        uint32_t seen = __atomic_load_n(&writer->room_word, __ATOMIC_ACQUIRE);
        writer->room_waiters++;
        writer_unlock(writer);
        bool late = tw_waiter_now_ns(writer->waiter) >= deadline_ns;
        if (!late)
            tw_waiter_wait(writer->waiter, &writer->room_word, seen, deadline_ns);
        writer_lock(writer);
        writer->room_waiters--;
        if (!late)
            continue;
        writer->figures.puts_late++;
        return tw_error_set(error, TW_TIMEOUT,
                            "%llu bytes of rows wait for the store and leave no room",
                            (unsigned long long)(writer->tail - writer->head));
    }
}

static tw_status put(tw_store_writer *writer, const row_block *block, int64_t deadline_ns,
                     uint64_t *ret_ticket, tw_error *error) {
    size_t count_max = writer->capacity / 4 / writer_row_size(block->kind);
    TW_ASSERT(block->count > 0);
    if (block->count > count_max)
        return tw_error_set(error, TW_RANGE, "%zu rows in one put; the queue takes %zu at a time",
                            block->count, count_max);
    writer_lock(writer);
    tw_status status = await_room(writer, size_in_ring(block), deadline_ns, error);
    if (status == TW_OK) {
        put_pieces(writer, block);
        if (ret_ticket != NULL)
            *ret_ticket = writer->ticket_last;
    }
    writer_unlock(writer);
    if (status == TW_OK)
        writer_tell(writer);
    return status;
}

/* The puts of rows differ in the check of a row alone. An empty put has the last ticket. */
#define PUT_CHECKED(kind, rows, check)                                                       \
    do {                                                                                     \
        TW_ASSERT((rows) != NULL || count == 0);                                             \
        for (size_t i = 0; i < count; i++) {                                                 \
            tw_status status = check(writer->store, &(rows)[i], i, error);                   \
            if (status != TW_OK)                                                             \
                return status;                                                               \
        }                                                                                    \
        if (count > 0)                                                                       \
            return put(writer, &(row_block){(kind), (rows), count}, deadline_ns, ret_ticket, \
                       error);                                                               \
        if (ret_ticket != NULL)                                                              \
            *ret_ticket = 0;                                                                 \
        return TW_OK;                                                                        \
    } while (false)

tw_status tw_store_writer_put_trades(tw_store_writer *writer, const tw_trade *trades, size_t count,
                                     int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    PUT_CHECKED(ROW_TRADE, trades, store_check_trade);
}

tw_status tw_store_writer_put_quotes(tw_store_writer *writer, const tw_quote *quotes, size_t count,
                                     int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    PUT_CHECKED(ROW_QUOTE, quotes, store_check_quote);
}

tw_status tw_store_writer_put_bars(tw_store_writer *writer, const tw_bar *bars, size_t count,
                                   int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    PUT_CHECKED(ROW_BAR, bars, store_check_bar);
}

tw_status tw_store_writer_put_orders(tw_store_writer *writer, const tw_order *orders, size_t count,
                                     int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    PUT_CHECKED(ROW_ORDER, orders, store_check_order);
}

tw_status tw_store_writer_put_fills(tw_store_writer *writer, const tw_fill *fills, size_t count,
                                    int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    PUT_CHECKED(ROW_FILL, fills, store_check_fill);
}

tw_status tw_store_writer_put_import(tw_store_writer *writer, const tw_store_import *import,
                                     int64_t deadline_ns, uint64_t *ret_ticket, tw_error *error) {
    import_row row = {.import = *import};
    tw_status status = store_check_import(import, error);
    if (status != TW_OK)
        return status;
    if (import->name.size > sizeof row.name)
        return tw_error_set(error, TW_RANGE, "the name of an import has %zu bytes, at most %zu fit",
                            import->name.size, sizeof row.name);
    memcpy(row.name, import->name.data, import->name.size);
    return put(writer, &(row_block){ROW_IMPORT, &row, 1}, deadline_ns, ret_ticket, error);
}
