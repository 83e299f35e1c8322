/*
 * store_writer_priv.h - what the two halves of the writer share: the queue of rows.
 *
 * A put of store_writer_put.c makes pieces; store_writer.c takes them out and writes them. All that
 * is "under the lock" is read and written with it held.
 */
#ifndef TRADEWIND_STORE_WRITER_PRIV_H
#define TRADEWIND_STORE_WRITER_PRIV_H

#include <pthread.h>

#include "store_priv.h"
#include "tradewind/store_writer.h"

/* Rows of a piece at most: how much is copied under the lock at a time. */
#define PIECE_ROWS_MAX 256

/* What a kind of row is: its size, and the store's function for it. */
typedef enum row_kind { ROW_TRADE, ROW_QUOTE, ROW_BAR, ROW_ORDER, ROW_FILL, ROW_IMPORT } row_kind;

/* An import in the queue: the name goes with it. */
typedef struct import_row {
    tw_store_import import; /* its name's data means nothing here */
    char name[TW_STORE_WRITER_NAME_SIZE_MAX];
} import_row;

typedef struct piece {
    uint32_t kind; /* row_kind */
    uint32_t count;
    uint64_t ticket; /* of the put that it ends, else 0 */
    int64_t put_ns;
} piece;

struct tw_store_writer {
    const tw_allocator *allocator;
    const tw_waiter *waiter;
    tw_store *store;
    int64_t group_delay_ns;
    uint32_t group_rows;
    bool threaded;
    pthread_t thread;
    void *rows; /* one piece's, of the writing thread */
    /* the batch: of the writing thread */
    uint32_t batch_rows;
    int64_t batch_oldest_ns;
    uint64_t ticket_written;
    /* under the lock */
    tw_lock lock;
    uint8_t *bytes;
    size_t capacity;
    uint64_t head; /* positions only rise; their place is modulo capacity */
    uint64_t tail;
    uint64_t ticket_last;
    uint64_t wanted_committed; /* the newest ticket somebody waits for */
    uint64_t wanted_durable;
    uint64_t ticket_committed;
    uint64_t ticket_durable;
    bool stopped;
    tw_error failure;
    tw_store_writer_figures figures;
    uint32_t room_waiters;
    /* futex words, raised at each event */
    uint32_t room_word; /* there is more room, or the writer has ended */
    uint32_t done_word; /* tickets were committed, or the writer has ended */
    uint32_t work_word; /* rows, a wish or the end for the writing thread */
    uint32_t asleep;    /* the writing thread waits on work_word, or is about to */
};

/* Bytes of a row of a kind. */
size_t writer_row_size(row_kind kind);

static inline void writer_lock(tw_store_writer *writer) {
    tw_lock_acquire(&writer->lock, writer->waiter);
}

static inline void writer_unlock(tw_store_writer *writer) {
    tw_lock_release(&writer->lock, writer->waiter);
}

/* Why nothing is taken any more, or TW_OK. Under the lock. */
tw_status writer_check_open(const tw_store_writer *writer, tw_error *error);

/* Tells the writing thread of rows, a wish or the end. */
void writer_tell(tw_store_writer *writer);

#endif
