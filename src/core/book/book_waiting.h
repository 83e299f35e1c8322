/*
 * book_waiting.h - the updates that wait for a snapshot, of all symbols together.
 *
 * Two pools of fixed size, of updates and of their levels. Every waiting update is in two queues:
 * that of its symbol, and that of all, both in the order of arrival. So a symbol's updates can be
 * taken out in order whatever else waits, and when a pool is used up the oldest of all is known. No
 * room is lost between them: all that is asked for at creation can wait.
 *
 * Index 0 is nobody, so zeroed memory is empty.
 */
#ifndef TRADEWIND_BOOK_WAITING_H
#define TRADEWIND_BOOK_WAITING_H

#include "tradewind/alloc.h"
#include "tradewind/market.h"

#define WAITING_NONE UINT32_C(0)

typedef struct waiting_level {
    int64_t time_ns;
    int64_t price;
    int64_t quantity;
    uint32_t next; /* of the same update; in a free slot the next free one */
    uint8_t side;
    uint8_t reserved[3];
} waiting_level;

typedef struct waiting_update {
    tw_depth_update update; /* but for `levels` */
    uint32_t first_level;
    uint32_t next;  /* of the same symbol; in a free slot the next free one */
    uint32_t older; /* of all */
    uint32_t newer;
} waiting_update;

/* The waiting updates of a symbol. */
typedef struct waiting_queue {
    uint32_t first;
    uint32_t last;
    uint32_t count;
} waiting_queue;

typedef struct waiting_room {
    const tw_allocator *allocator;
    waiting_update *updates; /* update_count_max + 1 */
    waiting_level *levels;   /* level_count_max + 1 */
    uint32_t update_count_max;
    uint32_t level_count_max;
    uint32_t update_count;
    uint32_t level_count;
    uint32_t free_update; /* of the slots given back */
    uint32_t free_level;
    uint32_t high_update; /* slots ever used */
    uint32_t high_level;
    uint32_t oldest; /* of all */
    uint32_t newest;
} waiting_room;

_Static_assert(sizeof(waiting_update) == 80, "as book_sync.h states its memory");
_Static_assert(sizeof(waiting_level) == 32, "as book_sync.h states its memory");

/* TW_NO_MEMORY; the room is to be closed then too. */
tw_status waiting_init(waiting_room *room, const tw_allocator *allocator, uint32_t update_count_max,
                       uint32_t level_count_max) TW_MUST_CHECK;
void waiting_done(waiting_room *room);

/* Whether one update more of so many levels has room now, and whether it ever could. */
bool waiting_has_room(const waiting_room *room, size_t level_count);
bool waiting_could_hold(const waiting_room *room, size_t level_count);

/* Copies an update to the end of its symbol's queue; there must be room. */
void waiting_push(waiting_room *room, waiting_queue *queue, const tw_depth_update *update);

/* Takes the first update of a queue out and forgets it; there must be one. */
void waiting_drop(waiting_room *room, waiting_queue *queue);

/* The symbol whose first update is the oldest of all; there must be one. */
tw_symbol waiting_oldest_symbol(const waiting_room *room);

/* Asserts that the queues (one a symbol) and pools are whole. */
void waiting_check(const waiting_room *room);
size_t waiting_check_queue(const waiting_room *room, const waiting_queue *queue, tw_symbol symbol);

#endif
