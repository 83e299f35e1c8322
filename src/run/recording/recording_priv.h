/*
 * recording_priv.h - a running recording, and the seam between its two threads.
 *
 *     recording.c        life, and what is noted at each call of the ports (engine's thread)
 *     recording_write.c  what is ready: packed, compressed, written (recording's thread)
 */
#ifndef TRADEWIND_RUN_RECORDING_PRIV_H
#define TRADEWIND_RUN_RECORDING_PRIV_H

#include <stdatomic.h>

#include "recording_digest.h"
#include "recording_file.h"
#include "recording_items.h"
#include "tradewind/recording.h"
#include "tradewind/ring.h"

/* A block that is ready. */
typedef struct ready_block {
    uint32_t block;
    uint32_t size;
    uint32_t items;
    uint32_t reserved;
} ready_block;

struct tw_recording {
    const tw_allocator *allocator;
    tw_recording_config config;
    uint8_t *blocks; /* [block_count][block_size] */
    tw_ring *ready;
    tw_ring *free;
    _Atomic int end;           /* tw_recording_end; TORN: it goes on */
    _Atomic bool flush_wanted; /* by the recording's thread: hand over what there is */
    _Atomic uint64_t items;
    _Atomic uint64_t lost;
    _Atomic uint64_t bytes;

    /* the engine's thread */
    tw_engine_ports ports;
    tw_strategy_port strategy;
    int64_t strategy_budget_ns;
    uint32_t symbol_count; /* that the strategy gives weights to */
    uint32_t calls[GROUP_COUNT];
    uint64_t durable;
    uint8_t kill; /* level and source */
    uint8_t *at;  /* in the block being filled */
    size_t room;  /* bytes left in it; 0: there is no block */
    uint32_t block;
    uint32_t block_items;
    uint32_t *spare; /* free blocks, the newest last: it is still in the processor's cache */
    uint32_t spare_count;

    /* the recording's thread */
    block_file *file;
    item_context *context;
    journal_digest *digest;
    uint8_t *packed; /* BLOCK_SIZE_MAX */
    size_t packed_size;
    int64_t flushed_ns;
    bool end_written; /* at least once */
    bool told;        /* of its failure */
    tw_error failure;
};

/* Ends the recording; the first reason stays. From either thread. */
void recording_end(tw_recording *recording, tw_recording_end reason);
void recording_lose(tw_recording *recording, uint64_t items);
/* Hands the block being filled to the other thread, if there is anything in it. */
void recording_hand_over(tw_recording *recording);

/* ---- recording_write.c --------------------------------------------------------------------- */

tw_status recording_write_head(tw_recording *recording, const tw_engine_config *engine,
                               const tw_symbols *symbols, tw_error *error) TW_MUST_CHECK;

#endif
