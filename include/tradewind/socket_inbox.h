/*
 * socket_inbox.h - messages of a WebSocket for a handler that may take its time.
 *
 * on_message is called by whoever turns the loop: what it does delays the next read, the pongs, and
 * all other sockets. A handler that may be slow stands in a thread of its own, behind an inbox:
 *
 *     loop's thread                                     handler's thread
 *     void on_message(context, socket, message) {       while (running)
 *         tw_socket_inbox_offer(inbox, message);            switch (tw_socket_inbox_take(inbox,
 * ...))
 *     }
 *
 * The inbox is bounded in bytes. At the bound a message is dropped and counted, and the next one
 * that is taken says how many were dropped before it: a handler that is too slow learns what it
 * missed, and the connection never notices.
 *
 * Memory: all at creation. Cost: a copy in, a copy out, one exchange of a word; no lock, no system
 * call but the hook's.
 * Threads: offer, close and the hook on one thread; take on one (the same or another); the counts
 * on any.
 */
#ifndef TRADEWIND_SOCKET_INBOX_H
#define TRADEWIND_SOCKET_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/socket.h"
#include "tradewind/status.h"

#define TW_SOCKET_INBOX_SIZE_MAX ((size_t)1 << 30)

typedef struct tw_socket_inbox tw_socket_inbox;

typedef struct tw_socket_inbox_config {
    size_t size; /* bytes of messages and 64 for each; rounded up to a power of two; 0: 4 MiB */
    /* Called by offer and close when the handler has found nothing since: wakes it (tw_loop_wake, a
     * semaphore). A wake must not be lost on one who is not yet asleep. May be NULL. */
    void (*on_news)(void *context);
    void *context;
} tw_socket_inbox_config;

/* A message as it is taken. */
typedef struct tw_socket_letter {
    uint8_t kind;           /* tw_socket_kind */
    size_t size;            /* bytes in the caller's buffer */
    int64_t time_ns;        /* when it was read */
    uint64_t dropped_count; /* messages dropped between the one taken before and this one */
} tw_socket_letter;

typedef struct tw_socket_inbox_stats {
    uint64_t offered_count;
    uint64_t dropped_count;
    size_t waiting_size; /* bytes in use now */
} tw_socket_inbox_stats;

TW_BEGIN_DECLS

/* TW_RANGE (size above its maximum), TW_NO_MEMORY. A NULL allocator is the system's; `config` may
 * be NULL. */
TW_API tw_status tw_socket_inbox_new(const tw_allocator *allocator,
                                     const tw_socket_inbox_config *config,
                                     tw_socket_inbox **ret_inbox) TW_MUST_CHECK;

/* Both sides must have let go. NULL is ignored. */
TW_API void tw_socket_inbox_free(tw_socket_inbox *inbox);

/* Reader: puts a copy in. False if there was no room: it is dropped and counted. */
TW_API bool tw_socket_inbox_offer(tw_socket_inbox *inbox, const tw_socket_message *message);

/* Reader: nothing follows. What is inside is still to be had. */
TW_API void tw_socket_inbox_close(tw_socket_inbox *inbox);

/* Handler: the oldest message, copied into the buffer. TW_EMPTY; TW_CLOSED when nothing will follow
 * (what was dropped last is in the counts); TW_RANGE if it does not fit: it stays, and
 * `ret_letter->size` says how much room it needs. */
TW_API tw_status tw_socket_inbox_take(tw_socket_inbox *inbox, char *buffer, size_t capacity,
                                      tw_socket_letter *ret_letter) TW_MUST_CHECK;

TW_API tw_socket_inbox_stats tw_socket_inbox_get_stats(const tw_socket_inbox *inbox);

TW_END_DECLS

TW_DEFINE_AUTO(tw_socket_inbox, tw_socket_inbox_free)

#endif
