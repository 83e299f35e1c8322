/*
 * replay_priv.h - a replay, and the seams between its files.
 *
 *     replay.c          life, and the turns
 *     replay_ports.c    what the engine is answered
 *     replay_compare.c  the journal that it makes, beside the one that was recorded
 *     replay_reader.c   items off the file
 *     replay_orders.c   the recorded orders, when the replay may make others
 */
#ifndef TRADEWIND_RUN_RECORDING_REPLAY_PRIV_H
#define TRADEWIND_RUN_RECORDING_REPLAY_PRIV_H

#include "recording_digest.h"
#include "replay_orders.h"
#include "tradewind/replay.h"

/* Entries that wait for their counterpart. */
typedef struct entry_queue {
    tw_journal_entry *entries;
    size_t first;
    size_t count;
    size_t capacity;
} entry_queue;

struct tw_replay {
    const tw_allocator *allocator;
    char name[512];
    reader_source source;
    recording_head head;
    item_reader *reader;
    bool changed; /* a setting is another: nothing is compared */

    tw_engine *engine;
    replay_orders *orders; /* changed only */
    item items[2];         /* the newest that was taken, and the next */
    unsigned next;         /* index of the next */
    bool has_next;
    bool resumed;      /* a plan of an earlier run was taken over */
    tw_status reading; /* why there is none: TW_EMPTY, TW_TRUNCATED, TW_CORRUPT */
    tw_error reading_error;
    bool loose; /* in a turn of its own, for what was left over: calls are not counted */
    uint32_t calls[GROUP_COUNT];
    uint64_t durable;
    tw_kill_level kill_level;
    tw_kill_source kill_source;
    tw_order *canceled; /* changed only: orders that the recording does not have, to be answered */
    size_t canceled_count;
    size_t canceled_capacity;

    entry_queue made;
    entry_queue recorded;
    journal_digest *digest;
    tw_replay_options options;
    tw_replay_result *result;
    tw_status stopped; /* what a call of the options returned, or memory that was not there */
};

/* ---- replay.c ------------------------------------------------------------------------------ */

/* The item that answers this call of the engine, or NULL: the usual answer. Valid until the next
 * take. */
const item *replay_take(tw_replay *replay, item_group group);
void replay_stop(tw_replay *replay, tw_status status);
/* Level and source that the recorded engine saw are those of this item from now on. */
void replay_see_kill(tw_replay *replay, const item *taken);

/* ---- replay_ports.c ------------------------------------------------------------------------ */

void replay_ports(tw_replay *replay, tw_engine_ports *ret_ports);
/* What the user's own strategy said, from the recording: it is not needed itself. */
int replay_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                 int64_t *ret_took_ns);
void replay_strategy(tw_replay *replay, tw_strategy_port *ret_port);

/* ---- replay_compare.c ---------------------------------------------------------------------- */

/* What the engine has made; what the recording has. */
void compare_made(tw_replay *replay, const tw_journal_entry *entry);
void compare_recorded(tw_replay *replay, const item_entry *entry);
/* A turn, or all, is over: what has no counterpart by now is a difference. */
void compare_turn_end(tw_replay *replay);
void compare_end(tw_replay *replay);
void compare_done(tw_replay *replay);

#endif
