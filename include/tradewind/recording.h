/*
 * recording.h - everything that reaches an engine, noted in a file from which the run is repeated.
 *
 *     tw_recording_new(NULL, &config, &engine_config, symbols, &recording, &error);
 *     tw_recording_wrap(recording, &ports, &engine_config);   the engine is then made with these
 *     ... tw_engine_turn, in its thread; tw_recording_turn, in another ...
 *     tw_recording_close(recording, &error);
 *     tw_recording_free(recording);
 *
 * The recording stands between the engine and its ports. It hands every call on and notes, in their
 * order, the events, the answers that matter (back-pressure, failures, how much of the journal is
 * durable, what the user's own strategy said), kills, stops, adopted orders, and where each turn
 * began. The head of the file has the engine's whole configuration. From these replay.h makes the
 * same engine do the same again. The journal that came of it is noted too: what a replay is
 * compared with.
 *
 *     engine thread --items--> blocks --ring--> recording thread --packed, zstd--> file
 *           ^                                          |
 *           +------------------ blocks --ring----------+
 *
 * A recording never holds up its engine and never fails it. When no block is free, when the file
 * has reached its bound or cannot be written, it ends there: the file says so, what came too late
 * is counted, and a replay goes as far as it reaches.
 *
 * What is not noted are times of arrival (`received_ns`, `decoded_ns`): they are figures of
 * latency, and nothing that an engine decides or journals is made from them.
 *
 * File: blocks with lengths and CRC-32 (recording_file.h), the first of which is text
 * (recording_head.h), the others packed items (recording_items.h). A program that is killed loses
 * what it did in about the last quarter of a second.
 *
 * Memory: block_count blocks at creation (16 MB, used as needed), 230 bytes a symbol; zstd uses the
 * C heap. Cost: a call more and one copy an event (bench_recording). Threads: the wrapped ports
 * belong to the engine's thread, tw_recording_turn to another or the same; new, wrap, close and
 * free while both rest.
 */
#ifndef TRADEWIND_RECORDING_H
#define TRADEWIND_RECORDING_H

#include "tradewind/engine.h"

/* How a recording ended. */
typedef enum tw_recording_end {
    TW_RECORDING_TORN = 0,   /* without a word: the program was killed, or the file damaged */
    TW_RECORDING_CLOSED = 1, /* it is whole */
    TW_RECORDING_LATE = 2,   /* no block was free */
    TW_RECORDING_BOUND = 3,  /* the file is as large as it may be */
    TW_RECORDING_FAILED = 4  /* the file cannot be written; of a running one only */
} tw_recording_end;

typedef struct tw_recording_config {
    const char *path;     /* an older file there is replaced */
    const char *database; /* noted in the head: the store of the journal; may be NULL */
    tw_slice zone;        /* bytes of the TZif file of the engine's zone, if it has one */
    uint64_t size_max;    /* bytes of the file, passed by at most a block; 0: none */
    uint32_t block_size;  /* bytes; 0: 262,144; at least 4,096, at most 1,048,576 */
    uint32_t block_count; /* at least 2; 0: 64 */
    void (*on_work)(
        void *context); /* called by the engine's thread when a block is ready; or NULL */
    void *context;
} tw_recording_config;

typedef struct tw_recording_figures {
    uint64_t items; /* noted */
    uint64_t lost;  /* after it ended */
    uint64_t bytes; /* of the file */
    uint32_t blocks_waiting;
    tw_recording_end end; /* TORN while it is still going on */
} tw_recording_figures;

typedef struct tw_recording tw_recording;

TW_BEGIN_DECLS

/* Makes the file and writes its head. `engine` is what the engine will be made from, `symbols` its
 * table. TW_INVALID, TW_NO_MEMORY, TW_IO and its kin. */
TW_API tw_status tw_recording_new(const tw_allocator *allocator, const tw_recording_config *config,
                                  const tw_engine_config *engine, const tw_symbols *symbols,
                                  tw_recording **ret_recording, tw_error *error) TW_MUST_CHECK;
TW_API void tw_recording_free(tw_recording *recording);

/* Puts the recording before the ports, and before the strategy of the user's own if `engine` has
 * one; they are kept, and borrowed while the engine lives. */
TW_API void tw_recording_wrap(tw_recording *recording, tw_engine_ports *ports,
                              tw_engine_config *engine);

/* Packs and writes what is ready; `*ret_work` is the number of blocks. A failure ends the recording
 * and is told once; the engine goes on. */
TW_API tw_status tw_recording_turn(tw_recording *recording, int64_t now_ns, uint64_t *ret_work,
                                   tw_error *error) TW_MUST_CHECK;

/* Writes what is left, and the end. Both threads rest. */
TW_API tw_status tw_recording_close(tw_recording *recording, tw_error *error) TW_MUST_CHECK;

TW_API void tw_recording_figures_of(const tw_recording *recording,
                                    tw_recording_figures *ret_figures);

/* "torn", "closed", "late", "bound", "failed". Never NULL. */
TW_API const char *tw_recording_end_name(tw_recording_end end);

TW_END_DECLS

TW_DEFINE_AUTO(tw_recording, tw_recording_free)

#endif
