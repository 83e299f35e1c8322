/*
 * recording_file.h - a file of blocks, each compressed and checked.
 *
 * A block is a head of 20 bytes and what it stands for, all numbers little-endian:
 *
 *     4  "TWR1"
 *     4  bytes when unpacked, 1 to BLOCK_SIZE_MAX
 *     4  bytes that follow this head
 *     4  CRC-32 of the twelve bytes above
 *     4  CRC-32 of the bytes that follow
 *
 * The bytes are one zstd frame. A file that ends inside of its last block, or whose last block is
 * not what its CRC says, was being written when the machine or the program stopped: it is torn.
 * Anything else that does not fit is damage.
 */
#ifndef TRADEWIND_RUN_RECORDING_FILE_H
#define TRADEWIND_RUN_RECORDING_FILE_H

#include <stdio.h>

#include "tradewind/alloc.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define BLOCK_SIZE_MAX ((size_t)1 << 20)

typedef struct block_file block_file;

/* Makes a new file, for its owner alone to read; one that is there is emptied. TW_IO, ... */
tw_status block_file_create(const tw_allocator *allocator, const char *path, block_file **ret_file,
                            tw_error *error) TW_MUST_CHECK;
tw_status block_file_open(const tw_allocator *allocator, const char *path, block_file **ret_file,
                          tw_error *error) TW_MUST_CHECK;
/* Reads from memory, which is borrowed; `name` is for messages. */
tw_status block_file_over(const tw_allocator *allocator, const char *name, tw_slice bytes,
                          block_file **ret_file, tw_error *error) TW_MUST_CHECK;
void block_file_free(block_file *file);

/* TW_NO_SPACE, TW_IO. */
tw_status block_write(block_file *file, tw_slice plain, tw_error *error) TW_MUST_CHECK;

/* The next block, borrowed until the next call. TW_EMPTY: the file ends here; TW_TRUNCATED: it is
 * torn; TW_CORRUPT: damaged. The message says where. */
tw_status block_read(block_file *file, tw_slice *ret_plain, tw_error *error) TW_MUST_CHECK;

/* Bytes written or read so far: where the next block begins. */
uint64_t block_file_at(const block_file *file);

#endif
