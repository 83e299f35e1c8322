/*
 * tape_priv.h - what the files of this module share: the source of lines and the handle.
 */
#ifndef TRADEWIND_TAPE_PRIV_H
#define TRADEWIND_TAPE_PRIV_H

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "tradewind/tape.h"

#define INPUT_SIZE 65536
#define SHOWN_SIZE 48

/* A file as a stream of decompressed lines. Its states are in tape_source.c. */
typedef struct tape_source {
    const tw_allocator *allocator;
    char *where; /* the path as messages name it */
    size_t where_size;
    int fd;
    tw_tape_compression compression;
    bool input_ended; /* read() gave 0 */
    bool data_ended;  /* nothing more will be put into `line_buffer` */
    bool frame_open;  /* in the middle of a gzip member or zstd frame */
    bool inflating;   /* `gzip` must be ended */
    z_stream gzip;
    ZSTD_DCtx *zstd;
    uint8_t *input; /* INPUT_SIZE bytes as they are on the disk */
    size_t input_begin;
    size_t input_end;
    uint64_t bytes_read;
    uint64_t bytes;
    char *line_buffer;
    size_t line_capacity;
    size_t line_begin;
    size_t line_end;
    uint64_t line;   /* 1-based number of the last line given */
    tw_status fault; /* sticky, given once all whole lines before it were */
    tw_error fault_error;
} tape_source;

tw_status source_open(tape_source *source, const char *path, size_t line_size_max,
                      const tw_allocator *allocator, tw_error *error) TW_MUST_CHECK;
void source_close(tape_source *source);

/* The next line without its LF or CRLF; TW_EMPTY at the end, or the fault. */
tw_status source_next_line(tape_source *source, tw_slice *ret_line, tw_error *error) TW_MUST_CHECK;

/* What a series of one symbol looked like last. */
typedef struct tape_last {
    int64_t time_ns;
    int64_t timeframe_ns;
    bool seen;
} tape_last;

/* A name of at most eight characters, as a number, and its symbol. */
#define QUICK_SYMBOL_BITS 9
typedef struct quick_symbol {
    uint64_t word; /* 0: none */
    tw_symbol symbol;
} quick_symbol;

struct tw_tape {
    const tw_allocator *allocator;
    tw_symbols *symbols;
    tw_tape_format format;
    bool known_symbols_only;
    bool held; /* the next line is the current one again */
    tape_source source;
    tw_slice line;
    tw_slice *fields; /* of the current line */
    size_t field_capacity;
    size_t field_count; /* that every line must have */
    char *header_text;
    size_t header_size;
    tw_slice *header;
    size_t header_count;
    tape_last *series; /* by symbol */
    size_t series_capacity;
    int64_t offset_ns;                                  /* of the last LOBSTER message */
    quick_symbol quick_symbols[1 << QUICK_SYMBOL_BITS]; /* by a hash of the word */
    uint64_t quick_timeframe;                           /* the last one's text; 0: none */
    int64_t quick_timeframe_ns;
};

/* Reads the next line and cuts it into exactly field_count fields. */
tw_status tape_next_fields(tw_tape *tape, bool trim, tw_error *error) TW_MUST_CHECK;

/* The entry of a symbol, made if it is new; NULL when memory is out. */
tape_last *tape_series(tw_tape *tape, tw_symbol symbol);

/* A field made fit for a message: printable, short, NUL-terminated. Returns `buffer`. */
const char *tape_shown(tw_slice field, char buffer[SHOWN_SIZE]);

/* Reports field `index` (0-based) of the current line. */
#define TAPE_BAD(tape, status, index, ...)                                                    \
    tw_error_set_at(error, (status), (tape)->source.where, (tape)->source.line, (index) + 1U, \
                    __VA_ARGS__)

#endif
