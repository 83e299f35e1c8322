/*
 * state_file.h - records of bytes by kind and number, durable as soon as they are committed.
 *
 * A file of SQLite with one table, written in transactions at synchronous FULL: what was committed
 * survives a kill and a power cut, what was not is gone whole. One process has the file at a time.
 * The records are the program's own structs: `layout` says which, and a file of another layout is
 * refused, not misread.
 *
 * Memory: SQLite's. Cost: a commit waits for the disk. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_STATE_FILE_H
#define TRADEWIND_RUN_EXCHANGE_STATE_FILE_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/error.h"

typedef struct state_file state_file;

/* Opens the file, or makes it. TW_BUSY: another process has it. TW_INVALID: it is no such file, or
 * of another layout. Else what the system said. */
tw_status state_file_open(const tw_allocator *allocator, const char *path, uint32_t layout,
                          state_file **ret_file, tw_error *error) TW_MUST_CHECK;
/* What was not committed is dropped. */
void state_file_close(state_file *file);

/* Writes or overwrites a record; takes one away, if it is there. */
tw_status state_file_put(state_file *file, uint32_t kind, uint64_t number, const void *bytes,
                         size_t size, tw_error *error) TW_MUST_CHECK;
tw_status state_file_drop(state_file *file, uint32_t kind, uint64_t number,
                          tw_error *error) TW_MUST_CHECK;

/* Makes all since the last commit durable; nothing to do is TW_OK. */
tw_status state_file_commit(state_file *file, tw_error *error) TW_MUST_CHECK;

/* Gives the committed records of a kind in ascending order. A callback that fails ends it. */
typedef tw_status (*state_on_record)(void *context, uint64_t number, const void *bytes,
                                     size_t size);
tw_status state_file_read(state_file *file, uint32_t kind, state_on_record on_record, void *context,
                          tw_error *error) TW_MUST_CHECK;

#endif
