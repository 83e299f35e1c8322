/*
 * store_writer.c - a bounded queue of rows from many threads into one batch after the other.
 *
 * Idea: the queue is a ring of bytes under a lock. A piece in it is a head and the rows as they
 * are; a large put becomes several pieces. The writing thread copies a piece out under the lock,
 * and everything slow happens outside of it. Tickets number the puts; what has been committed is a
 * number that rises, and so is what is on the disk, so waiting is comparing two numbers.
 *
 * Invariants:
 *   1. head <= tail <= head + capacity; the bytes in [head, tail) are whole pieces.
 *   2. A ticket is given under the lock in which its last piece becomes visible: tickets and pieces
 *      have one order, and ticket_written never passes a put whose pieces are not all in the batch.
 *   3. ticket_durable <= ticket_committed <= ticket_written <= ticket_last.
 *   4. After a failure nothing is written, and these numbers stand still.
 */
#include <errno.h>
#include <string.h>

#include "store_writer_priv.h"
#include "tradewind/time.h"

#define GROUP_DELAY_DEFAULT_NS (50 * TW_NS_PER_MS)

/* Tells those who wait on a word that something has happened. */
static void tell_all(tw_store_writer *writer, uint32_t *word) {
    __atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
    tw_waiter_wake(writer->waiter, word, INT32_MAX);
}

static void copy_out(tw_store_writer *writer, void *data, size_t size) {
    TW_ASSERT(writer->tail - writer->head >= size);
    size_t at = writer->head % writer->capacity;
    size_t first = size < writer->capacity - at ? size : writer->capacity - at;
    memcpy(data, writer->bytes + at, first);
    memcpy((uint8_t *)data + first, writer->bytes, size - first);
    writer->head += size;
}

/* ---- waiting ---- */

/* Notes that somebody waits, so that the group does not wait for more. Under the lock. */
static void wish(tw_store_writer *writer, uint64_t ticket, bool durable) {
    if (ticket > writer->wanted_committed)
        writer->wanted_committed = ticket;
    if (durable && ticket > writer->wanted_durable)
        writer->wanted_durable = ticket;
}

tw_status tw_store_writer_wait(tw_store_writer *writer, uint64_t ticket,
                               tw_store_durability durability, int64_t deadline_ns,
                               tw_error *error) {
    bool durable = durability == TW_STORE_FULL;
    writer_lock(writer);
    TW_ASSERT(ticket <= writer->ticket_last);
    wish(writer, ticket, durable);
    for (;;) {
        bool done = (durable ? writer->ticket_durable : writer->ticket_committed) >= ticket;
        tw_status status = done ? TW_OK : writer_check_open(writer, error);
        uint32_t seen = __atomic_load_n(&writer->done_word, __ATOMIC_ACQUIRE);
        writer_unlock(writer);
        if (done || (status != TW_OK && status != TW_CLOSED))
            return status;
        if (tw_waiter_now_ns(writer->waiter) >= deadline_ns)
            return status == TW_CLOSED ? status
                                       : tw_error_set(error, TW_TIMEOUT,
                                                      "the rows are not committed yet; they stay "
                                                      "on their way");
        writer_tell(writer);
        tw_waiter_wait(writer->waiter, &writer->done_word, seen, deadline_ns);
        writer_lock(writer);
    }
}

/* ---- writing ---- */

static tw_status write_import(tw_store *store, const import_row *row, tw_error *error) {
    tw_store_import import = row->import;
    import.name.data = row->name;
    return tw_store_put_import(store, &import, error);
}

static tw_status write_rows(tw_store *store, const piece *head, const void *rows, tw_error *error) {
    switch ((row_kind)head->kind) {
    case ROW_TRADE:
        return tw_store_put_trades(store, rows, head->count, error);
    case ROW_QUOTE:
        return tw_store_put_quotes(store, rows, head->count, error);
    case ROW_BAR:
        return tw_store_put_bars(store, rows, head->count, error);
    case ROW_ORDER:
        return tw_store_put_orders(store, rows, head->count, error);
    case ROW_FILL:
        return tw_store_put_fills(store, rows, head->count, error);
    case ROW_IMPORT:
        return write_import(store, rows, error);
    }
    TW_ASSERT(false);
    return TW_INVALID;
}

/* Takes the next piece into writer->rows; false when there is none. */
static bool take_piece(tw_store_writer *writer, piece *ret_head) {
    writer_lock(writer);
    bool there = writer->head != writer->tail;
    if (there) {
        copy_out(writer, ret_head, sizeof *ret_head);
        copy_out(writer, writer->rows, ret_head->count * writer_row_size((row_kind)ret_head->kind));
    }
    bool awaited = there && writer->room_waiters > 0;
    writer_unlock(writer);
    if (awaited)
        tell_all(writer, &writer->room_word);
    return there;
}

static tw_status commit_group(tw_store_writer *writer, bool full, tw_error *error) {
    tw_status status =
        tw_store_commit(writer->store, full ? TW_STORE_FULL : TW_STORE_NORMAL, error);
    if (status != TW_OK)
        return status;
    writer_lock(writer);
    writer->ticket_committed = writer->ticket_written;
    if (!writer->store->unsynced)
        writer->ticket_durable = writer->ticket_written;
    writer->figures.groups += writer->batch_rows > 0;
    writer_unlock(writer);
    tell_all(writer, &writer->done_word);
    writer->batch_rows = 0;
    return TW_OK;
}

static tw_status write_piece(tw_store_writer *writer, const piece *head, tw_error *error) {
    tw_status status = write_rows(writer->store, head, writer->rows, error);
    if (status == TW_FULL && writer->batch_rows > 0) {
        status = commit_group(writer, false, error);
        if (status == TW_OK)
            status = write_rows(writer->store, head, writer->rows, error);
    }
    if (status != TW_OK)
        return status;
    if (writer->batch_rows == 0)
        writer->batch_oldest_ns = head->put_ns;
    writer->batch_rows += head->count;
    if (head->ticket != 0)
        writer->ticket_written = head->ticket; /* invariant 2 */
    return TW_OK;
}

/* Commits when somebody waits, or the group is large or old enough. */
static tw_status commit_if_due(tw_store_writer *writer, int64_t now_ns, tw_error *error) {
    writer_lock(writer);
    bool wanted = writer->wanted_committed > writer->ticket_committed;
    bool full = writer->wanted_durable > writer->ticket_durable;
    bool stopped = writer->stopped;
    writer_unlock(writer);
    bool due =
        writer->batch_rows > 0 && (stopped || wanted || writer->batch_rows >= writer->group_rows ||
                                   now_ns - writer->batch_oldest_ns >= writer->group_delay_ns);
    return due || full ? commit_group(writer, full || stopped, error) : TW_OK;
}

static void fail_writer(tw_store_writer *writer, const tw_error *error) {
    writer_lock(writer);
    writer->failure = *error;
    writer_unlock(writer);
    tell_all(writer, &writer->room_word);
    tell_all(writer, &writer->done_word);
}

tw_status tw_store_writer_turn(tw_store_writer *writer, int64_t now_ns, uint64_t *ret_work,
                               tw_error *error) {
    tw_error own = {0};
    *ret_work = 0;
    if (writer->failure.status != TW_OK) { /* only this thread sets it */
        if (error != NULL)
            *error = writer->failure;
        return writer->failure.status;
    }
    tw_status status = TW_OK;
    piece head;
    while (status == TW_OK && writer->batch_rows < writer->group_rows &&
           take_piece(writer, &head)) {
        status = write_piece(writer, &head, &own);
        *ret_work += head.count;
    }
    if (status == TW_OK)
        status = commit_if_due(writer, now_ns, &own);
    if (status == TW_OK)
        return TW_OK;
    own.status = status;
    fail_writer(writer, &own);
    if (error != NULL)
        *error = own;
    return status;
}

/* ---- the thread ---- */

/* When the open group is due by its age. */
static int64_t next_ns(const tw_store_writer *writer) {
    return writer->batch_rows == 0 ? TW_WAIT_FOREVER
                                   : writer->batch_oldest_ns + writer->group_delay_ns;
}

/* What is there to do besides waiting: rows, a wish, the end. */
static bool has_work(tw_store_writer *writer, bool *ret_stopped) {
    writer_lock(writer);
    bool rows = writer->head != writer->tail;
    bool wished = writer->wanted_durable > writer->ticket_durable ||
                  writer->wanted_committed > writer->ticket_committed;
    *ret_stopped = writer->stopped;
    writer_unlock(writer);
    return rows || (wished && writer->batch_rows > 0);
}

static void *run(void *context) {
    tw_store_writer *writer = context;
    tw_status status = TW_OK;
    for (bool stopped = false; status == TW_OK;) {
        uint32_t seen = __atomic_load_n(&writer->work_word, __ATOMIC_ACQUIRE);
        uint64_t work = 0;
        status = tw_store_writer_turn(writer, tw_waiter_now_ns(writer->waiter), &work, NULL);
        if (status != TW_OK || has_work(writer, &stopped))
            continue;
        if (stopped && writer->batch_rows == 0)
            break;
        __atomic_store_n(&writer->asleep, 1, __ATOMIC_SEQ_CST);
        if (!stopped)
            tw_waiter_wait(writer->waiter, &writer->work_word, seen, next_ns(writer));
        __atomic_store_n(&writer->asleep, 0, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

tw_status tw_store_writer_start(tw_store_writer *writer, tw_error *error) {
    TW_ASSERT(!writer->threaded && !writer->stopped);
    int code = pthread_create(&writer->thread, NULL, run, writer);
    if (code != 0)
        return tw_error_set(error, TW_NO_MEMORY,
                            "this system gives no thread for the store (error %d)", code);
    writer->threaded = true;
    return TW_OK;
}

static void stop_thread(tw_store_writer *writer) {
    writer_lock(writer);
    writer->stopped = true;
    writer_unlock(writer);
    writer_tell(writer);
    tell_all(writer, &writer->room_word);
    if (!writer->threaded)
        return;
    int code = pthread_join(writer->thread, NULL);
    TW_ASSERT(code == 0);
    writer->threaded = false;
}

tw_status tw_store_writer_stop(tw_store_writer *writer, tw_error *error) {
    stop_thread(writer);
    tw_status status;
    bool stopped;
    uint64_t work = 0;
    do
        status = tw_store_writer_turn(writer, tw_waiter_now_ns(writer->waiter), &work, error);
    while (status == TW_OK && (writer->batch_rows > 0 || has_work(writer, &stopped)));
    tell_all(writer, &writer->done_word);
    return status;
}

/* ---- new and free ---- */

static void release_memory(tw_store_writer *writer) {
    const tw_allocator *allocator = writer->allocator;
    TW_DELETE(allocator, (tw_order *)writer->rows, PIECE_ROWS_MAX, tw_order);
    TW_DELETE(allocator, writer->bytes, writer->capacity, uint8_t);
    TW_DELETE(allocator, writer, 1, tw_store_writer);
}

_Static_assert(sizeof(tw_order) >= sizeof(tw_fill) && sizeof(tw_order) >= sizeof(tw_bar) &&
                   sizeof(tw_order) >= sizeof(tw_quote) && sizeof(tw_order) >= sizeof(tw_trade),
               "a piece of orders is the largest");
_Static_assert(PIECE_ROWS_MAX * sizeof(tw_order) >= sizeof(import_row), "an import is a piece");

tw_status tw_store_writer_new(tw_store *store, const tw_store_writer_config *config,
                              tw_store_writer **ret_writer, tw_error *error) {
    TW_ASSERT(store->mode == TW_STORE_WRITE && store->state == STORE_READY);
    TW_ASSERT(store->batch_rows_max >= PIECE_ROWS_MAX);
    size_t size = config->queue_size == 0 ? TW_STORE_WRITER_QUEUE_SIZE_DEFAULT : config->queue_size;
    if (size < TW_STORE_WRITER_QUEUE_SIZE_MIN || size > TW_STORE_WRITER_QUEUE_SIZE_MAX ||
        config->group_delay_ns < 0)
        return tw_error_set(error, TW_RANGE,
                            "a queue of %zu bytes and a delay of %lld ns are outside of the limits",
                            size, (long long)config->group_delay_ns);
    tw_store_writer *writer = TW_NEW(config->allocator, 1, tw_store_writer);
    if (writer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a writer of the store");
    writer->allocator = config->allocator;
    writer->waiter = config->waiter;
    writer->store = store;
    writer->capacity = size;
    writer->group_delay_ns =
        config->group_delay_ns == 0 ? GROUP_DELAY_DEFAULT_NS : config->group_delay_ns;
    writer->group_rows =
        config->group_rows == 0 ? TW_STORE_WRITER_GROUP_ROWS_DEFAULT : config->group_rows;
    writer->bytes = TW_NEW(config->allocator, size, uint8_t);
    writer->rows = TW_NEW(config->allocator, PIECE_ROWS_MAX, tw_order);
    if (writer->bytes == NULL || writer->rows == NULL) {
        release_memory(writer);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a writer of the store");
    }
    *ret_writer = writer;
    return TW_OK;
}

void tw_store_writer_free(tw_store_writer *writer) {
    if (writer == NULL)
        return;
    if (writer->threaded)
        stop_thread(writer); /* an error was told to those who waited */
    release_memory(writer);
}

void tw_store_writer_read_figures(tw_store_writer *writer, tw_store_writer_figures *ret_figures) {
    writer_lock(writer);
    *ret_figures = writer->figures;
    ret_figures->queue_used = writer->tail - writer->head;
    writer_unlock(writer);
}
