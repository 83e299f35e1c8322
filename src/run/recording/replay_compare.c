/*
 * replay_compare.c - two journals, entry by entry.
 *
 * Idea: made and recorded entries come in bursts, one or the other first; each waits for its
 * counterpart, and pairs are compared in their order. An engine that does what the recorded one did
 * makes the same entries in the same turn, so at the end of a turn nothing may wait; one that asks
 * in another way (strays) is given until the end.
 *
 * Invariant: of a recording that ends without its engine having ended, what the replay makes after
 * the recording's last entry is not looked at: the turn in which it ends is not whole.
 */
#include <string.h>

#include "replay_priv.h"

enum { QUEUE_AT_FIRST = 64, QUEUE_MOST = 1 << 16 };

static tw_status push(tw_replay *replay, entry_queue *queue, const tw_journal_entry *entry) {
    if (queue->first + queue->count == queue->capacity) {
        size_t capacity = queue->capacity == 0 ? QUEUE_AT_FIRST : 2 * queue->capacity;
        if (capacity > QUEUE_MOST)
            return TW_FULL;
        tw_journal_entry *larger = TW_NEW(replay->allocator, capacity, tw_journal_entry);
        if (larger == NULL)
            return TW_NO_MEMORY;
        if (queue->count > 0)
            memcpy(larger, queue->entries + queue->first, queue->count * sizeof *larger);
        TW_DELETE(replay->allocator, queue->entries, queue->capacity, tw_journal_entry);
        queue->entries = larger;
        queue->capacity = capacity;
        queue->first = 0;
    }
    queue->entries[queue->first + queue->count++] = *entry;
    return TW_OK;
}

static const tw_journal_entry *front(const entry_queue *queue) {
    return queue->count > 0 ? &queue->entries[queue->first] : NULL;
}

static void pop(entry_queue *queue) {
    queue->first++;
    queue->count--;
    if (queue->count == 0)
        queue->first = 0;
}

static bool same(const tw_journal_entry *a, const tw_journal_entry *b) {
    return a->sequence == b->sequence && a->time_ns == b->time_ns &&
           strcmp(a->kind, b->kind) == 0 && strcmp(a->payload, b->payload) == 0;
}

/* An entry of the replay is final: it is counted, hashed and shown. */
static void settle(tw_replay *replay, const tw_journal_entry *made,
                   const tw_journal_entry *recorded) {
    const tw_replay_options *options = &replay->options;
    replay->result->entries++;
    journal_digest_add(replay->digest, made->sequence, made->time_ns, made->kind, made->payload);
    if (options->on_entry != NULL)
        replay_stop(replay, options->on_entry(options->context, made, recorded));
}

static void differ(tw_replay *replay, const tw_journal_entry *made,
                   const tw_journal_entry *recorded) {
    tw_replay_result *result = replay->result;
    if (result->differs)
        return;
    result->differs = true;
    result->differs_turn = result->turns;
    if (made != NULL)
        result->made = *made;
    if (recorded != NULL)
        result->recorded = *recorded;
}

static void compare_pairs(tw_replay *replay) {
    const tw_journal_entry *made = front(&replay->made);
    const tw_journal_entry *recorded = front(&replay->recorded);
    while (made != NULL && recorded != NULL && !replay->result->differs) {
        if (!same(made, recorded))
            differ(replay, made, recorded);
        settle(replay, made, recorded);
        pop(&replay->made);
        pop(&replay->recorded);
        made = front(&replay->made);
        recorded = front(&replay->recorded);
    }
}

/* So much of one journal without the other is a difference, too. */
static void take_in(tw_replay *replay, entry_queue *queue, const tw_journal_entry *entry) {
    tw_status status = push(replay, queue, entry);
    if (status == TW_FULL)
        differ(replay, front(&replay->made), front(&replay->recorded));
    else
        replay_stop(replay, status);
    compare_pairs(replay);
}

void compare_made(tw_replay *replay, const tw_journal_entry *entry) {
    if (replay->changed)
        settle(replay, entry, NULL);
    else if (!replay->result->differs)
        take_in(replay, &replay->made, entry);
}

void compare_recorded(tw_replay *replay, const item_entry *entry) {
    tw_journal_entry recorded = {.sequence = entry->sequence, .time_ns = entry->time_ns};
    if (replay->changed || replay->result->differs)
        return;
    memcpy(recorded.kind, entry->kind, sizeof recorded.kind);
    memcpy(recorded.payload, entry->payload, strlen(entry->payload) + 1);
    take_in(replay, &replay->recorded, &recorded);
}

static bool is_cut(const tw_replay *replay) {
    return !replay->has_next && replay->result->end != TW_RECORDING_CLOSED;
}

static void compare_waiting(tw_replay *replay) {
    const tw_journal_entry *made = is_cut(replay) ? NULL : front(&replay->made);
    const tw_journal_entry *recorded = front(&replay->recorded);
    if (made == NULL && recorded == NULL)
        return;
    differ(replay, made, recorded);
    if (made != NULL)
        settle(replay, made, NULL);
}

void compare_turn_end(tw_replay *replay) {
    if (!replay->changed && replay->result->strays == 0)
        compare_waiting(replay);
}

void compare_end(tw_replay *replay) {
    if (!replay->changed && replay->result->reached_end)
        compare_waiting(replay);
}

void compare_done(tw_replay *replay) {
    entry_queue *queues[] = {&replay->made, &replay->recorded};
    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++)
        TW_DELETE(replay->allocator, queues[i]->entries, queues[i]->capacity, tw_journal_entry);
}
