/*
 * recorder.h - the engine's store port over a tw_store, in a thread of its own.
 *
 *     engine thread --rows, journal entries--> rings --> recorder thread --> batches --> store
 *           ^                                                  |
 *           +------------- durable sequence, health -----------+
 *
 * A turn puts what waits into one batch. A batch with journal entries, orders or fills is committed
 * at once and FULL (on disk before it counts as durable); a batch of market data alone is committed
 * NORMAL when it is large or old enough. A power cut can therefore lose the newest trades and bars,
 * up to `commit_delay_ns` of them, and never an intent, order or fill that the engine acted upon.
 *
 * What the engine says belongs together (`whole` of its port) is in one batch, unless it has more
 * rows than a batch of the store may have.
 *
 * When the store fails the recorder stops for good: health tells the status, the error keeps the
 * sentence, and the engine ends the run.
 *
 * Memory: both rings at creation. Back-pressure: a full ring is TW_FULL to the engine.
 * Threads: the port belongs to the engine's thread, tw_recorder_turn to the recorder's.
 */
#ifndef TRADEWIND_RECORDER_H
#define TRADEWIND_RECORDER_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/engine.h"
#include "tradewind/error.h"
#include "tradewind/flight.h"
#include "tradewind/histogram.h"
#include "tradewind/store.h"

/* A batch that was committed. */
typedef struct tw_recorder_commit {
    uint32_t rows; /* and entries */
    bool urgent;   /* it holds an order, a fill or an entry: it is on the disk now */
    int64_t elapsed_ns;
} tw_recorder_commit;

typedef struct tw_recorder_config {
    uint32_t row_count_max;            /* rows waiting; 0: 65536 */
    uint32_t entry_count_max;          /* journal entries waiting; 0: 4096 */
    uint32_t commit_rows;              /* market rows a commit; 0: 20000 */
    int64_t commit_delay_ns;           /* and at the latest after; 0: 250 ms */
    void (*on_work)(void *context);    /* engine thread: something waits for the recorder */
    void (*on_durable)(void *context); /* recorder thread: the durable sequence moved */
    /* The same: a batch was committed. May be NULL, as the others may. */
    void (*on_commit)(void *context, const tw_recorder_commit *commit);
    tw_flight *flight; /* urgent commits and failures are noted there; may be NULL */
    void *context;
} tw_recorder_config;

/* Counts since creation, and what waits now. */
typedef struct tw_recorder_figures {
    uint64_t rows;
    uint64_t entries;
    uint64_t commits;
    uint64_t commits_urgent;
    uint64_t durable; /* sequence of the journal */
    uint32_t rows_waiting;
    uint32_t entries_waiting;
    bool failed;
} tw_recorder_figures;

typedef struct tw_recorder tw_recorder;

TW_BEGIN_DECLS

/* The store is borrowed, open for writing, and the recorder's alone from now on. TW_NO_MEMORY. */
TW_API tw_status tw_recorder_new(const tw_allocator *allocator, const tw_recorder_config *config,
                                 tw_store *store, uint64_t journal_sequence,
                                 tw_recorder **ret_recorder) TW_MUST_CHECK;
TW_API void tw_recorder_free(tw_recorder *recorder);

TW_API void tw_recorder_port(tw_recorder *recorder, tw_store_port *ret_port);

/* One cycle: writes what waits. `now_ns` is monotonic. `*ret_work` is the number of rows and
 * entries written. The store's failure is returned once and again ever after. */
TW_API tw_status tw_recorder_turn(tw_recorder *recorder, int64_t now_ns, uint64_t *ret_work,
                                  tw_error *error) TW_MUST_CHECK;

/* Writes and commits everything that waits. Not while the engine is in the middle of a turn. */
TW_API tw_status tw_recorder_flush(tw_recorder *recorder, tw_error *error) TW_MUST_CHECK;

/* The first failure's sentence; empty while there is none. Recorder thread. Borrowed. */
TW_API const tw_error *tw_recorder_failure(const tw_recorder *recorder);

/* On the recorder's thread. */
TW_API void tw_recorder_figures_of(const tw_recorder *recorder, tw_recorder_figures *ret_figures);

/* How long commits took, urgent ones and others (of which the disk need not have heard), and how
 * many rows and entries a batch had. Borrowed; may be read beside the recorder's thread, as
 * histogram.h says, until it is freed. */
TW_API const tw_histogram *tw_recorder_commit_latency(const tw_recorder *recorder, bool urgent);
TW_API const tw_histogram *tw_recorder_batch_sizes(const tw_recorder *recorder);

TW_END_DECLS

TW_DEFINE_AUTO(tw_recorder, tw_recorder_free)

#endif
