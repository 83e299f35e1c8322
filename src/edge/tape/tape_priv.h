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
#define LINE_SLACK 512 /* bytes behind `line_buffer` that may be read and mean nothing */
#define SHOWN_SIZE 48
#define SYMBOL_WORD_BITS 10
#define TIMEFRAME_WORD_BITS 4

/* The headers, their first fields, and how many of them there must be. */
#define TRADES_HEADER "ts_ns,symbol,price,size,side"
#define TRADES_HEADER_FULL TRADES_HEADER ",id,exchange,tape,conditions"
#define TRADES_FIELDS 5
#define TRADES_FIELDS_FULL 9
#define BARS_HEADER "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap"
#define BARS_HEADER_FULL BARS_HEADER ",revision"
#define BARS_FIELDS_MIN 8
#define BARS_FIELDS_FULL 11

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
    bool seekable;    /* offsets of the text, if it is plain, are those of `fd` */
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
    uint64_t buffer_offset; /* of the buffer's first byte in the text */
    size_t taken;           /* bytes of the last line given, its end included */
    uint64_t line;          /* 1-based number of the last line given */
    tw_status fault;        /* sticky, given once all whole lines before it were */
    tw_error fault_error;
} tape_source;

tw_status source_open(tape_source *source, const char *path, size_t line_size_max,
                      const tw_allocator *allocator, tw_error *error) TW_MUST_CHECK;
void source_close(tape_source *source);

/* The next line without its LF or CRLF; TW_EMPTY at the end, or the fault. */
tw_status source_next_line(tape_source *source, tw_slice *ret_line, tw_error *error) TW_MUST_CHECK;

/* True when a whole line lies in the buffer: the next call reads nothing and moves nothing. */
bool source_has_line(const tape_source *source);

/* The last line given becomes the next one again. Only before the next line is read. */
void source_put_back(tape_source *source);

/* The offset of the next line that was not given. */
uint64_t source_offset(const tape_source *source);

/* Goes forward to `place`, where a line must begin. */
tw_status source_go_to(tape_source *source, tw_tape_place place, tw_error *error) TW_MUST_CHECK;

/* What a series of one symbol looked like last. */
typedef struct tape_last {
    int64_t time_ns;
    int64_t timeframe_ns;
    bool seen;
} tape_last;

/* A text with its comma, at most eight bytes, and what it stands for. Zero: an empty entry. */
typedef struct tape_word {
    uint64_t text;
    int64_t value;
} tape_word;

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
    int64_t offset_ns; /* of the last LOBSTER message */
    tape_word symbol_words[1 << SYMBOL_WORD_BITS];
    tape_word timeframe_words[1 << TIMEFRAME_WORD_BITS];
};

/* Reads the next line and cuts it into exactly field_count fields. */
tw_status tape_next_fields(tw_tape *tape, bool trim, tw_error *error) TW_MUST_CHECK;

/* The entry of a symbol, made if it is new; NULL when memory is out. */
tape_last *tape_series(tw_tape *tape, tw_symbol symbol);

/* A field made fit for a message: printable, short, NUL-terminated. Returns `buffer`. */
const char *tape_shown(tw_slice field, char buffer[SHOWN_SIZE]);

/* What may stand for itself as a code in a field: printable, and nothing that CSV gives a sense. */
static inline bool tape_is_code(char c) {
    return c >= ' ' && c <= '~' && c != ',' && c != '"';
}

/* Reports field `index` (0-based) of the current line. */
#define TAPE_BAD(tape, status, index, ...)                                                    \
    tw_error_set_at(error, (status), (tape)->source.where, (tape)->source.line, (index) + 1U, \
                    __VA_ARGS__)

#endif
