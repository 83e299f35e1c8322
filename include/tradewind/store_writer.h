/*
 * store_writer.h - many threads put rows, one writes them in groups.
 *
 *     any thread   --put--> queue of bounded size --turn--> one batch --commit--> store
 *         ^                                                    |
 *         +------------------ wait(ticket) <-------------------+
 *
 * A store has one writer. Threads that all have rows for it hand them to its queue; the thread that
 * turns the writer takes what waits, writes it as one batch and commits. While a commit waits for
 * the disk the next group gathers, so the more wait, the more share a commit (group commit). Nobody
 * ever meets a locked database.
 *
 *     tw_store_writer_config config = {.group_rows = 10000, .group_delay_ns = 50 * TW_NS_PER_MS};
 *     tw_store_writer *writer = NULL;
 *     status = tw_store_writer_new(store, &config, &writer, &error);
 *     status = tw_store_writer_start(writer, &error);                    // a thread of its own
 *     status = tw_store_writer_put_fills(writer, &fill, 1, deadline, &ticket, &error);
 *     status = tw_store_writer_wait(writer, ticket, TW_STORE_FULL, deadline, &error);
 *     status = tw_store_writer_stop(writer, &error);                     // writes what waits
 *     tw_store_writer_free(writer);
 *
 * When a group is committed: as soon as somebody waits for a row of it, or it has `group_rows`
 * rows, or its oldest row is `group_delay_ns` old. Orders, fills and journal records are on the
 * disk when the wait for them ends (see Durability in store.h); market rows as well, if the wait
 * asks for TW_STORE_FULL.
 *
 * Back-pressure: a put that finds no room waits for it until its deadline and then writes nothing.
 * Order: rows are written in the order in which their puts got their tickets, and the rows of one
 * put stand in one batch if the store's batch_rows allows it.
 * Failure: when the store fails, the writer keeps its first error for good: every put and wait
 * returns it, and nothing that was not acknowledged is claimed to be stored.
 *
 * Memory: the queue (`queue_size` bytes) and one chunk of rows, at creation.
 * Cost: a put is a lock, a copy, and a wake-up when the writer sleeps.
 * Times: deadlines are of tw_waiter_now_ns; TW_WAIT_FOREVER is allowed.
 * Threads: puts, wait and figures from any thread; new, start, turn, stop, free from the owner's.
 * The store is the writer's alone between new and free. Its tw_symbols must have the symbols of a
 * row before the row is put.
 */
#ifndef TRADEWIND_STORE_WRITER_H
#define TRADEWIND_STORE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/store.h"
#include "tradewind/wait.h"

#define TW_STORE_WRITER_QUEUE_SIZE_DEFAULT ((size_t)16 << 20)
#define TW_STORE_WRITER_QUEUE_SIZE_MIN ((size_t)256 << 10)
#define TW_STORE_WRITER_QUEUE_SIZE_MAX ((size_t)1 << 32)
#define TW_STORE_WRITER_GROUP_ROWS_DEFAULT 20000
#define TW_STORE_WRITER_NAME_SIZE_MAX 2048 /* of an import's name */

typedef struct tw_store_writer tw_store_writer;

/* Zero means the default everywhere. */
typedef struct tw_store_writer_config {
    const tw_allocator *allocator;
    const tw_waiter *waiter;
    size_t queue_size;      /* bytes of rows that wait */
    int64_t group_delay_ns; /* of the oldest row, when nobody waits for it; 0: 50 ms */
    uint32_t group_rows;    /* rows that are worth a commit when nobody waits */
    uint32_t reserved;
} tw_store_writer_config;

typedef struct tw_store_writer_figures {
    uint64_t puts;       /* accepted */
    uint64_t rows;       /* of them */
    uint64_t groups;     /* committed */
    uint64_t puts_late;  /* that waited for room until their deadline, in vain */
    uint64_t queue_used; /* bytes that wait now */
    uint64_t queue_peak;
} tw_store_writer_figures;

TW_BEGIN_DECLS

/* The store is borrowed, open for writing and without an open batch. TW_RANGE: a size is outside
 * its limits. TW_NO_MEMORY. */
TW_API tw_status tw_store_writer_new(tw_store *store, const tw_store_writer_config *config,
                                     tw_store_writer **ret_writer, tw_error *error) TW_MUST_CHECK;

/* Stops (see below) if it was started, and gives the memory back. NULL is accepted. */
TW_API void tw_store_writer_free(tw_store_writer *writer);

/*
 * Puts rows into the queue. `*ret_ticket` (may be NULL) is what tw_store_writer_wait takes.
 * TW_INVALID: a row breaks the rules of store.h; none is taken. TW_TIMEOUT: there was no room
 * before the deadline; none is taken. TW_RANGE: more rows than a quarter of the queue holds.
 * TW_CLOSED: stopped. Otherwise the store's failure.
 */
TW_API tw_status tw_store_writer_put_trades(tw_store_writer *writer, const tw_trade *trades,
                                            size_t count, int64_t deadline_ns, uint64_t *ret_ticket,
                                            tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_writer_put_quotes(tw_store_writer *writer, const tw_quote *quotes,
                                            size_t count, int64_t deadline_ns, uint64_t *ret_ticket,
                                            tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_writer_put_bars(tw_store_writer *writer, const tw_bar *bars, size_t count,
                                          int64_t deadline_ns, uint64_t *ret_ticket,
                                          tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_writer_put_orders(tw_store_writer *writer, const tw_order *orders,
                                            size_t count, int64_t deadline_ns, uint64_t *ret_ticket,
                                            tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_writer_put_fills(tw_store_writer *writer, const tw_fill *fills,
                                           size_t count, int64_t deadline_ns, uint64_t *ret_ticket,
                                           tw_error *error) TW_MUST_CHECK;
/* An import (see tw_store_put_import); it is never committed before the rows that were put before
 * it. TW_RANGE: its name is too long. */
TW_API tw_status tw_store_writer_put_import(tw_store_writer *writer, const tw_store_import *import,
                                            int64_t deadline_ns, uint64_t *ret_ticket,
                                            tw_error *error) TW_MUST_CHECK;

/* Waits until the rows of a ticket are committed, and with TW_STORE_FULL on the disk. TW_TIMEOUT:
 * not yet; they stay on their way. TW_CLOSED or the store's failure: they may be lost. */
TW_API tw_status tw_store_writer_wait(tw_store_writer *writer, uint64_t ticket,
                                      tw_store_durability durability, int64_t deadline_ns,
                                      tw_error *error) TW_MUST_CHECK;

/* Starts a thread that turns the writer until it is stopped. TW_NO_MEMORY: there can be no more
 * threads. An owner with a thread of his own turns by himself instead. */
TW_API tw_status tw_store_writer_start(tw_store_writer *writer, tw_error *error) TW_MUST_CHECK;

/* No more puts; writes and commits everything that waits, and ends the thread. Again: does
 * nothing. The store's failure. */
TW_API tw_status tw_store_writer_stop(tw_store_writer *writer, tw_error *error) TW_MUST_CHECK;

/* One cycle: writes what waits and commits if a group is due at `now_ns`. `*ret_work` is the
 * number of rows written. The store's failure is returned once and again ever after. */
TW_API tw_status tw_store_writer_turn(tw_store_writer *writer, int64_t now_ns, uint64_t *ret_work,
                                      tw_error *error) TW_MUST_CHECK;

TW_API void tw_store_writer_read_figures(tw_store_writer *writer,
                                         tw_store_writer_figures *ret_figures);

TW_END_DECLS

TW_DEFINE_AUTO(tw_store_writer, tw_store_writer_free)

#endif
