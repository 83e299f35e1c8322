/*
 * recording_write.c - blocks of items become blocks of a file.
 *
 * Idea: items are packed one after the other into one buffer, whatever blocks they came in; the
 * buffer is compressed and written when it is large, or has waited long enough. What is in the
 * file is therefore never much older than FLUSH_NS, and large when there is much.
 *
 * Invariants
 *  1. Items are packed in the order in which they were noted, and nothing is packed after the end.
 *  2. The end of a recording that goes on no further is in the file as soon as what came before is.
 */
#include <string.h>

#include "recording_head.h"
#include "recording_priv.h"
#include "tradewind/time.h"
#include "tradewind/version.h"

enum { PACKED_ENOUGH = 262144 };

static const int64_t FLUSH_NS = 100 * TW_NS_PER_MS;

static tw_recording_end end_of(const tw_recording *recording) {
    return (tw_recording_end)atomic_load(&recording->end);
}

static tw_status fail(tw_recording *recording, tw_status status, const tw_error *error) {
    recording->failure = *error;
    recording->failure.status = status;
    recording->packed_size = 0;
    recording_end(recording, TW_RECORDING_FAILED);
    return status;
}

static tw_status write_packed(tw_recording *recording, tw_error *error) {
    tw_error own = {0};
    if (recording->packed_size == 0 || recording->failure.status != TW_OK)
        return TW_OK;
    tw_slice plain = {(const char *)recording->packed, recording->packed_size};
    tw_status status = block_write(recording->file, plain, &own);
    if (status != TW_OK) {
        if (error != NULL)
            *error = own;
        return fail(recording, status, &own);
    }
    recording->packed_size = 0;
    uint64_t bytes = block_file_at(recording->file);
    atomic_store_explicit(&recording->bytes, bytes, memory_order_relaxed);
    if (recording->config.size_max > 0 && bytes >= recording->config.size_max)
        recording_end(recording, TW_RECORDING_BOUND);
    return TW_OK;
}

/* ---- the head ------------------------------------------------------------------------------ */

tw_status recording_write_head(tw_recording *recording, const tw_engine_config *engine,
                               const tw_symbols *symbols, tw_error *error) {
    head_origin origin = {.program = tw_version(),
                          .database = recording->config.database,
                          .began_ns = tw_time_wall_ns(),
                          .zone = recording->config.zone};
    if (head_size_max(symbols, &origin) > BLOCK_SIZE_MAX)
        return tw_error_set(error, TW_LIMIT, "%u symbols are too many for a recording",
                            tw_symbols_count(symbols));
    tw_text text = tw_text_over((char *)recording->packed, BLOCK_SIZE_MAX);
    head_write(engine, symbols, &origin, &text);
    recording->packed_size = tw_text_slice(&text).size;
    return write_packed(recording, error);
}

/* ---- items --------------------------------------------------------------------------------- */

static void pack(tw_recording *recording, const item_head *head, const uint8_t *payload) {
    TW_ASSERT(recording->packed_size + ITEM_PACKED_SIZE_MAX <= BLOCK_SIZE_MAX);
    recording->packed_size +=
        item_pack(recording->context, head, payload, recording->packed + recording->packed_size);
    if (head->kind != ITEM_ENTRY)
        return;
    item_entry entry;
    memcpy(&entry, payload, head->size);
    journal_digest_add(recording->digest, entry.sequence, entry.time_ns, entry.kind, entry.payload);
}

static tw_status pack_block(tw_recording *recording, const ready_block *ready, tw_error *error) {
    const uint8_t *begin = recording->blocks + (size_t)ready->block * recording->config.block_size;
    size_t at = 0;
    tw_status status = TW_OK;
    while (at < ready->size && status == TW_OK) {
        item_head head;
        memcpy(&head, begin + at, sizeof head);
        pack(recording, &head, begin + at + sizeof head);
        at += sizeof head + head.size;
        if (recording->packed_size >= PACKED_ENOUGH)
            status = write_packed(recording, error);
    }
    atomic_fetch_add_explicit(&recording->items, ready->items, memory_order_relaxed);
    return status;
}

/* What was handed over before the engine's thread saw that the file is full or broken; the end may
 * have had another reason before. */
static bool is_refused(const tw_recording *recording) {
    uint64_t most = recording->config.size_max;
    bool full = most > 0 && block_file_at(recording->file) >= most;
    return full || recording->failure.status != TW_OK || recording->end_written;
}

static tw_status take_ready(tw_recording *recording, uint64_t *work, tw_error *error) {
    ready_block ready;
    tw_status status = TW_OK;
    while (status == TW_OK && tw_ring_pop(recording->ready, &ready) == TW_OK) {
        if (is_refused(recording))
            recording_lose(recording, ready.items);
        else
            status = pack_block(recording, &ready, error);
        tw_status given = tw_ring_push(recording->free, &ready.block);
        TW_ASSERT(given == TW_OK); /* it holds all blocks */
        (*work)++;
    }
    return status;
}

/* ---- the end ------------------------------------------------------------------------------- */

static tw_status write_end(tw_recording *recording, tw_error *error) {
    item_end end = {.reason = (uint32_t)end_of(recording),
                    .lost = atomic_load(&recording->lost),
                    .entries = journal_digest_count(recording->digest)};
    if (recording->failure.status != TW_OK)
        return TW_OK;
    if (journal_digest_get(recording->digest, end.hash) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to end the recording");
    item_head head = {.kind = ITEM_END, .size = sizeof end};
    pack(recording, &head, (const uint8_t *)&end);
    recording->end_written = true;
    return write_packed(recording, error);
}

tw_status tw_recording_turn(tw_recording *recording, int64_t now_ns, uint64_t *ret_work,
                            tw_error *error) {
    *ret_work = 0;
    tw_recording_end before = end_of(recording); /* all of what it follows has been handed over */
    tw_status status = take_ready(recording, ret_work, error);
    if (status == TW_OK && now_ns - recording->flushed_ns >= FLUSH_NS) {
        recording->flushed_ns = now_ns;
        atomic_store_explicit(&recording->flush_wanted, true, memory_order_relaxed);
        status = write_packed(recording, error);
    }
    if (status == TW_OK && before != TW_RECORDING_TORN && !recording->end_written)
        status = write_end(recording, error);
    if (status == TW_OK || recording->told)
        return TW_OK;
    recording->told = true;
    return status;
}

tw_status tw_recording_close(tw_recording *recording, tw_error *error) {
    uint64_t work = 0;
    recording_hand_over(recording);
    tw_status status = take_ready(recording, &work, error);
    recording_end(recording, TW_RECORDING_CLOSED);
    if (status == TW_OK)
        status = write_end(recording, error);
    if (status == TW_OK && recording->failure.status != TW_OK) {
        if (error != NULL)
            *error = recording->failure;
        status = recording->failure.status;
    }
    return status;
}
