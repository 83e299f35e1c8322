/*
 * replay_reader.h - the head of a recording, and its items one by one.
 */
#ifndef TRADEWIND_RUN_RECORDING_REPLAY_READER_H
#define TRADEWIND_RUN_RECORDING_REPLAY_READER_H

#include "recording_head.h"
#include "recording_items.h"

/* Where the bytes are: a path, or memory if `bytes.data` is set. Borrowed. */
typedef struct reader_source {
    const char *name;
    tw_slice bytes;
} reader_source;

typedef struct item_reader item_reader;

/* Opens it and reads the head into `*ret_head`, to be released with head_done (also after a
 * failure). As tw_replay_open. */
tw_status item_reader_open(const tw_allocator *allocator, const reader_source *source,
                           recording_head *ret_head, item_reader **ret_reader,
                           tw_error *error) TW_MUST_CHECK;
void item_reader_free(item_reader *reader);

/* TW_EMPTY after the last item; TW_TRUNCATED: the file is torn here; TW_CORRUPT: it is damaged. An
 * end is followed by ends only. */
tw_status item_reader_next(item_reader *reader, item *ret_item, tw_error *error) TW_MUST_CHECK;

uint64_t item_reader_bytes(const item_reader *reader);

#endif
