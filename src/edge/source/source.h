/*
 * source.h - a file as a stream of bytes or lines, whatever it is packed in.
 *
 * A source is plain, gzip, zstd or xz, told apart by its first bytes and not by its name; "-" is
 * standard input. It is read as lines (tw_source_next_line) or as binary records (tw_source_need
 * and tw_source_skip), in bounded memory: one buffer of packed bytes and one of text.
 *
 * Private to the readers of `edge`: what users see of it is in tape.h. The struct is open because
 * a reader of many records a call walks the buffer itself, from `begin` to `end`.
 */
#ifndef TRADEWIND_SOURCE_H
#define TRADEWIND_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define TW_SOURCE_INPUT_SIZE 65536
#define TW_SOURCE_SLACK 512 /* bytes behind the buffer that may be read and mean nothing */

typedef enum tw_source_packing {
    TW_SOURCE_PLAIN,
    TW_SOURCE_GZIP,
    TW_SOURCE_ZSTD,
    TW_SOURCE_XZ
} tw_source_packing;

/* Its states are in source.c. */
typedef struct tw_source {
    const tw_allocator *allocator;
    char *where; /* the path as messages name it */
    size_t where_size;
    int fd;
    tw_source_packing packing;
    bool input_ended; /* read() gave 0 */
    bool data_ended;  /* nothing more will be put into `buffer` */
    bool frame_open;  /* in the middle of a gzip member, zstd frame or xz stream */
    bool unpacking;   /* the decompressor of `packing` must be ended */
    bool seekable;    /* offsets of the text, if it is plain, are those of `fd` */
    z_stream gzip;
    ZSTD_DCtx *zstd;
    lzma_stream xz;
    lzma_allocator xz_memory;
    uint8_t *input; /* TW_SOURCE_INPUT_SIZE bytes as they are on the disk */
    size_t input_begin;
    size_t input_end;
    uint64_t bytes_read;
    uint64_t bytes;
    char *buffer;
    size_t capacity;
    size_t begin;
    size_t end;
    uint64_t buffer_offset; /* of the buffer's first byte in the text */
    size_t taken;           /* bytes of the last line given, its end included */
    uint64_t line;          /* 1-based number of the last line given */
    tw_status fault;        /* sticky, given once everything whole before it was */
    tw_error fault_error;
} tw_source;

/* Opens a file whose longest line or record has `capacity` bytes. TW_NOT_FOUND, TW_PERMISSION,
 * TW_INVALID (a directory), TW_IO, TW_NO_MEMORY; then the source is closed. */
tw_status tw_source_open(tw_source *source, const char *path, size_t capacity,
                         const tw_allocator *allocator, tw_error *error) TW_MUST_CHECK;
void tw_source_close(tw_source *source);

/* The next line without its LF or CRLF, borrowed until the next call. TW_EMPTY at the end,
 * TW_PARSE for a line longer than the buffer, or the fault: TW_TRUNCATED, TW_CORRUPT, TW_IO,
 * TW_NO_MEMORY. */
tw_status tw_source_next_line(tw_source *source, tw_slice *ret_line, tw_error *error) TW_MUST_CHECK;

/* True when a whole line lies in the buffer: the next call reads nothing and moves nothing. */
bool tw_source_has_line(const tw_source *source);

/* The last line given becomes the next one again. Only before the next line is read. */
void tw_source_put_back(tw_source *source);

/* Sees to it that `size` (at most the capacity) bytes lie in the buffer, and lends all that do,
 * until the next call; nothing is passed over. TW_EMPTY: the text ended, and not one byte is
 * left. TW_TRUNCATED: it ended, and fewer than `size` are left (`ret_bytes` has them). Or the
 * fault. */
tw_status tw_source_need(tw_source *source, size_t size, tw_slice *ret_bytes,
                         tw_error *error) TW_MUST_CHECK;

/* Passes over bytes that lie in the buffer. */
void tw_source_skip(tw_source *source, size_t size);

/* The offset in the text of the next byte that was not given. */
uint64_t tw_source_offset(const tw_source *source);

/* Goes forward to an offset, where a line must begin, the one after `line_count` lines. TW_RANGE
 * when the text is shorter or no line begins there. */
tw_status tw_source_go_to(tw_source *source, uint64_t offset, uint64_t line_count,
                          tw_error *error) TW_MUST_CHECK;

#endif
