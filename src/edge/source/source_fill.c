/*
 * source_fill.c - moves a file's bytes through its decompressor into the buffer of text.
 *
 * Idea: `input` holds bytes of the file, `buffer` holds bytes of text; source_fill moves from one
 * to the other. What is plain is read into the buffer at once. The invariants are in source.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zstd_errors.h>

#include "source_priv.h"

#define BEFORE_SIZE 64

void source_set_fault(tw_source *source, tw_status status) {
    source->fault = status;
    source->data_ended = true;
}

/* Reads more of the file. */
static size_t read_some(tw_source *source, void *buffer, size_t size) {
    ssize_t got;
    do
        got = read(source->fd, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        tw_status status =
            tw_error_set_errno(&source->fault_error, errno, "%s: reading failed after %llu bytes",
                               source->where, (unsigned long long)source->bytes_read);
        source_set_fault(source, status);
        return 0;
    }
    source->input_ended = got == 0;
    source->bytes_read += (uint64_t)got;
    return (size_t)got;
}

/* Reads more of a packed file into an empty `input`. */
static void refill_input(tw_source *source) {
    TW_ASSERT(source->input_begin == source->input_end);
    source->input_begin = 0;
    source->input_end = read_some(source, source->input, TW_SOURCE_INPUT_SIZE);
}

/* What was whole before a fault, for its sentence: lines, or for binary data bytes. */
static const char *came_before(const tw_source *source, char before[BEFORE_SIZE]) {
    uint64_t given = source->buffer_offset + source->end;
    if (source->line > 0)
        snprintf(before, BEFORE_SIZE, "%llu whole lines came before",
                 (unsigned long long)source->line);
    else
        snprintf(before, BEFORE_SIZE, "it gave %llu bytes before", (unsigned long long)given);
    return before;
}

static void truncated(tw_source *source, const char *what) {
    char before[BEFORE_SIZE];
    tw_error_set_at(&source->fault_error, TW_TRUNCATED, source->where, 0, 0,
                    "the %s data ends too early, after %llu bytes; %s (the copy or download may be "
                    "incomplete)",
                    what, (unsigned long long)source->bytes_read, came_before(source, before));
    source_set_fault(source, TW_TRUNCATED);
}

static void corrupt(tw_source *source, const char *what, const char *reason) {
    uint64_t at = source->bytes_read - (source->input_end - source->input_begin);
    char before[BEFORE_SIZE];
    tw_error_set_at(&source->fault_error, TW_CORRUPT, source->where, 0, 0,
                    "the %s data is damaged near byte %llu (%s); %s", what, (unsigned long long)at,
                    reason == NULL ? "no reason given" : reason, came_before(source, before));
    source_set_fault(source, TW_CORRUPT);
}

static void out_of_memory(tw_source *source) {
    source_set_fault(source, tw_error_set_at(&source->fault_error, TW_NO_MEMORY, source->where, 0,
                                             0, "there is no memory to decompress it"));
}

static void fill_gzip(tw_source *source) {
    z_stream *gzip = &source->gzip;
    if (!source->frame_open && gzip->total_in > 0 && inflateReset(gzip) != Z_OK) {
        corrupt(source, "gzip", gzip->msg);
        return;
    }
    source->frame_open = true;
    gzip->next_in = source->input + source->input_begin;
    gzip->avail_in = (uInt)(source->input_end - source->input_begin);
    gzip->next_out = (Bytef *)source->buffer + source->end;
    gzip->avail_out = (uInt)(source->capacity - source->end);
    int code = inflate(gzip, Z_NO_FLUSH);
    source->input_begin = source->input_end - gzip->avail_in;
    source->end = source->capacity - gzip->avail_out;
    if (code == Z_STREAM_END)
        source->frame_open = false;
    else if (code == Z_MEM_ERROR)
        out_of_memory(source);
    else if (code != Z_OK && code != Z_BUF_ERROR)
        corrupt(source, "gzip", gzip->msg);
}

static void fill_zstd(tw_source *source) {
    ZSTD_inBuffer in = {source->input, source->input_end, source->input_begin};
    ZSTD_outBuffer out = {source->buffer, source->capacity, source->end};
    size_t code = ZSTD_decompressStream(source->zstd, &out, &in);
    source->input_begin = in.pos;
    source->end = out.pos;
    if (!ZSTD_isError(code)) {
        source->frame_open = code != 0;
        return;
    }
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        out_of_memory(source);
    else
        corrupt(source, "zstd", ZSTD_getErrorName(code));
}

static void fill_xz(tw_source *source) {
    lzma_stream *xz = &source->xz;
    xz->next_in = source->input + source->input_begin;
    xz->avail_in = source->input_end - source->input_begin;
    xz->next_out = (uint8_t *)source->buffer + source->end;
    xz->avail_out = source->capacity - source->end;
    lzma_ret code = lzma_code(xz, source->input_ended ? LZMA_FINISH : LZMA_RUN);
    source->input_begin = source->input_end - xz->avail_in;
    source->end = source->capacity - xz->avail_out;
    source->frame_open = code != LZMA_STREAM_END;
    if (code == LZMA_MEM_ERROR)
        out_of_memory(source);
    else if (code == LZMA_MEMLIMIT_ERROR)
        corrupt(source, "xz", "it asks for more than 128 MiB of memory");
    else if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
        corrupt(source, "xz", "its structure or checksum is wrong");
}

static void unpack(tw_source *source) {
    if (source->packing == TW_SOURCE_GZIP)
        fill_gzip(source);
    else if (source->packing == TW_SOURCE_ZSTD)
        fill_zstd(source);
    else
        fill_xz(source);
}

/* Only the first bytes of a plain file, by which it was known, come through `input`. */
static void fill_plain(tw_source *source) {
    size_t room = source->capacity - source->end;
    size_t have = source->input_end - source->input_begin;
    char *to = source->buffer + source->end;
    if (have == 0) {
        source->end += source->input_ended ? 0 : read_some(source, to, room);
        source->data_ended |= source->input_ended;
        return;
    }
    size_t size = have < room ? have : room;
    memcpy(to, source->input + source->input_begin, size);
    source->input_begin += size;
    source->end += size;
}

static const char *packing_name(tw_source_packing packing) {
    static const char *const names[] = {"plain", "gzip", "zstd", "xz"};
    return names[packing];
}

/* Puts more text into the buffer, or ends it. A decompressor may hold text back when the buffer
 * was full, so it is asked once more at the end of the input before the frame counts as cut. */
void source_fill(tw_source *source) {
    TW_ASSERT(!source->data_ended && source->end < source->capacity);
    if (source->packing == TW_SOURCE_PLAIN) {
        fill_plain(source);
        return;
    }
    if (source->input_begin == source->input_end && !source->input_ended) {
        refill_input(source);
        if (source->data_ended)
            return;
    }
    size_t before = source->end;
    bool has_input = source->input_begin < source->input_end;
    if (has_input || source->frame_open)
        unpack(source);
    if (source->data_ended || has_input || source->end > before)
        return;
    if (!source->input_ended)
        return;
    if (source->frame_open)
        truncated(source, packing_name(source->packing));
    source->data_ended = true;
}
