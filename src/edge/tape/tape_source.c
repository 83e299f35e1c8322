/*
 * tape_source.c - a file as lines, whatever it is packed in.
 *
 * Idea: `input` holds bytes of the file, `line_buffer` holds bytes of text; `fill` moves from one
 * to the other through the decompressor, and a line is what lies before the next LF.
 *
 * Invariants:
 *   1. input_begin <= input_end <= INPUT_SIZE and line_begin <= line_end <= line_capacity.
 *   2. The bytes from line_begin to line_end were not given yet.
 *   3. `fault` is only returned when no whole line is left in the buffer: what could be read
 *      before the fault is always given, and a line cut off by it never is.
 *   4. After data_ended the buffer only shrinks.
 *   5. buffer_offset + line_begin is the place of the next line in the text; the last line given
 *      is still in the buffer, `taken` bytes before line_begin, until the buffer is filled again.
 *   6. LINE_SLACK bytes behind the buffer may be read; what is there is never used.
 *
 *     OPEN --fill--> OPEN
 *     OPEN --fill meets the end--> ENDED (data_ended) --source_next_line--> the rest, TW_EMPTY
 *     OPEN --fill fails--> FAULTED (data_ended, fault) --source_next_line--> the rest, the fault
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tape_priv.h"

/* Debian's zstd makes windows up to 128 MiB without being asked twice; larger ones are refused. */
#define ZSTD_WINDOW_LOG_MAX 27

static void set_fault(tape_source *source, tw_status status) {
    source->fault = status;
    source->data_ended = true;
}

/* zlib gives no size when it releases, so each block carries its own in front. */
static void *gzip_allocate(void *opaque, uInt count, uInt size) {
    size_t bytes = (size_t)count * size + 16;
    size_t *block = tw_allocate(opaque, 1, bytes, 16);
    if (block == NULL)
        return NULL;
    *block = bytes;
    return (char *)block + 16;
}

static void gzip_release(void *opaque, void *address) {
    void *block = (char *)address - 16;
    tw_release(opaque, block, 1, *(size_t *)block, 16);
}

/* Reads more of the file. */
static size_t read_some(tape_source *source, void *buffer, size_t size) {
    ssize_t got;
    do
        got = read(source->fd, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        tw_status status =
            tw_error_set_errno(&source->fault_error, errno, "%s: reading failed after %llu bytes",
                               source->where, (unsigned long long)source->bytes_read);
        set_fault(source, status);
        return 0;
    }
    source->input_ended = got == 0;
    source->bytes_read += (uint64_t)got;
    return (size_t)got;
}

/* Reads more of a packed file into an empty `input`. */
static void refill_input(tape_source *source) {
    TW_ASSERT(source->input_begin == source->input_end);
    source->input_begin = 0;
    source->input_end = read_some(source, source->input, INPUT_SIZE);
}

static void truncated(tape_source *source, const char *what) {
    tw_error_set_at(&source->fault_error, TW_TRUNCATED, source->where, 0, 0,
                    "the %s data ends too early, after %llu bytes; %llu whole lines came before "
                    "(the copy or download may be incomplete)",
                    what, (unsigned long long)source->bytes_read, (unsigned long long)source->line);
    set_fault(source, TW_TRUNCATED);
}

static void corrupt(tape_source *source, const char *what, const char *reason) {
    uint64_t at = source->bytes_read - (source->input_end - source->input_begin);
    tw_error_set_at(&source->fault_error, TW_CORRUPT, source->where, 0, 0,
                    "the %s data is damaged near byte %llu (%s); %llu whole lines came before",
                    what, (unsigned long long)at, reason == NULL ? "no reason given" : reason,
                    (unsigned long long)source->line);
    set_fault(source, TW_CORRUPT);
}

static void out_of_memory(tape_source *source) {
    set_fault(source, tw_error_set_at(&source->fault_error, TW_NO_MEMORY, source->where, 0, 0,
                                      "there is no memory to decompress it"));
}

static void fill_gzip(tape_source *source) {
    z_stream *gzip = &source->gzip;
    if (!source->frame_open && gzip->total_in > 0 && inflateReset(gzip) != Z_OK) {
        corrupt(source, "gzip", gzip->msg);
        return;
    }
    source->frame_open = true;
    gzip->next_in = source->input + source->input_begin;
    gzip->avail_in = (uInt)(source->input_end - source->input_begin);
    gzip->next_out = (Bytef *)source->line_buffer + source->line_end;
    gzip->avail_out = (uInt)(source->line_capacity - source->line_end);
    int code = inflate(gzip, Z_NO_FLUSH);
    source->input_begin = source->input_end - gzip->avail_in;
    source->line_end = source->line_capacity - gzip->avail_out;
    if (code == Z_STREAM_END)
        source->frame_open = false;
    else if (code == Z_MEM_ERROR)
        out_of_memory(source);
    else if (code != Z_OK && code != Z_BUF_ERROR)
        corrupt(source, "gzip", gzip->msg);
}

static void fill_zstd(tape_source *source) {
    ZSTD_inBuffer in = {source->input, source->input_end, source->input_begin};
    ZSTD_outBuffer out = {source->line_buffer, source->line_capacity, source->line_end};
    size_t code = ZSTD_decompressStream(source->zstd, &out, &in);
    source->input_begin = in.pos;
    source->line_end = out.pos;
    if (!ZSTD_isError(code)) {
        source->frame_open = code != 0;
        return;
    }
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        out_of_memory(source);
    else
        corrupt(source, "zstd", ZSTD_getErrorName(code));
}

/* Only the first bytes of a plain file, by which it was known, come through `input`. */
static void fill_plain(tape_source *source) {
    size_t room = source->line_capacity - source->line_end;
    size_t have = source->input_end - source->input_begin;
    char *to = source->line_buffer + source->line_end;
    if (have == 0) {
        source->line_end += source->input_ended ? 0 : read_some(source, to, room);
        source->data_ended |= source->input_ended;
        return;
    }
    size_t size = have < room ? have : room;
    memcpy(to, source->input + source->input_begin, size);
    source->input_begin += size;
    source->line_end += size;
}

static const char *compression_name(tw_tape_compression compression) {
    return compression == TW_TAPE_GZIP ? "gzip" : "zstd";
}

/* Puts more text into the buffer, or ends it. A decompressor may hold text back when the buffer
 * was full, so it is asked once more at the end of the input before the frame counts as cut. */
static void fill(tape_source *source) {
    TW_ASSERT(!source->data_ended && source->line_end < source->line_capacity);
    if (source->compression == TW_TAPE_PLAIN) {
        fill_plain(source);
        return;
    }
    if (source->input_begin == source->input_end && !source->input_ended) {
        refill_input(source);
        if (source->data_ended)
            return;
    }
    size_t before = source->line_end;
    bool has_input = source->input_begin < source->input_end;
    if (has_input || source->frame_open)
        source->compression == TW_TAPE_GZIP ? fill_gzip(source) : fill_zstd(source);
    if (source->data_ended || has_input || source->line_end > before)
        return;
    if (!source->input_ended)
        return;
    if (source->frame_open)
        truncated(source, compression_name(source->compression));
    source->data_ended = true;
}

/* Moves what is left to the front so that a whole line can follow. */
static void compact(tape_source *source) {
    size_t left = source->line_end - source->line_begin;
    if (source->line_begin > 0 && left > 0)
        memmove(source->line_buffer, source->line_buffer + source->line_begin, left);
    source->buffer_offset += source->line_begin;
    source->line_begin = 0;
    source->taken = 0;
    source->line_end = left;
}

static tw_status give_fault(const tape_source *source, tw_error *error) {
    if (error != NULL)
        *error = source->fault_error;
    return source->fault;
}

static tw_slice take_line(tape_source *source, size_t size, size_t end_size) {
    tw_slice line = {source->line_buffer + source->line_begin, size};
    source->taken = size + end_size;
    source->line_begin += source->taken;
    source->line++;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

tw_status source_next_line(tape_source *source, tw_slice *ret_line, tw_error *error) {
    size_t searched = 0;
    for (;;) {
        const char *begin = source->line_buffer + source->line_begin;
        size_t size = source->line_end - source->line_begin;
        const char *end = size > searched ? memchr(begin + searched, '\n', size - searched) : NULL;
        if (end != NULL) {
            *ret_line = take_line(source, (size_t)(end - begin), 1);
            return TW_OK;
        }
        if (source->data_ended && source->fault != TW_OK)
            return give_fault(source, error);
        if (source->data_ended && size == 0)
            return TW_EMPTY;
        if (source->data_ended) {
            *ret_line = take_line(source, size, 0);
            return TW_OK;
        }
        searched = size;
        compact(source);
        if (source->line_end == source->line_capacity) {
            set_fault(source,
                      tw_error_set_at(&source->fault_error, TW_PARSE, source->where,
                                      source->line + 1, 0,
                                      "the line is longer than %zu bytes; this is no text file, or "
                                      "its line ends are missing",
                                      source->line_capacity));
            return give_fault(source, error);
        }
        fill(source);
    }
}

bool source_has_line(const tape_source *source) {
    const char *begin = source->line_buffer + source->line_begin;
    return memchr(begin, '\n', source->line_end - source->line_begin) != NULL;
}

void source_put_back(tape_source *source) {
    TW_ASSERT(source->taken > 0 && source->taken <= source->line_begin && source->line > 0);
    source->line_begin -= source->taken;
    source->taken = 0;
    source->line--;
}

uint64_t source_offset(const tape_source *source) {
    return source->buffer_offset + source->line_begin;
}

/* ---- going on elsewhere -------------------------------------------------------------------- */

/* A plain file is read on from `offset`, whatever was in the buffers. False: it is no such file. */
static bool jump(tape_source *source, uint64_t offset) {
    if (source->compression != TW_TAPE_PLAIN || !source->seekable || offset > source->bytes ||
        lseek(source->fd, (off_t)offset, SEEK_SET) < 0)
        return false;
    source->input_begin = source->input_end = 0;
    source->line_begin = source->line_end = 0;
    source->input_ended = source->data_ended = false;
    source->buffer_offset = source->bytes_read = offset;
    return true;
}

/* Lets go of text until `offset` is the next byte of the buffer, and it is there or text ended. */
static void pass_over(tape_source *source, uint64_t offset) {
    for (;;) {
        uint64_t ahead = offset - source_offset(source);
        size_t have = source->line_end - source->line_begin;
        source->line_begin += ahead < have ? (size_t)ahead : have;
        if (ahead < have || source->data_ended)
            return;
        compact(source);
        fill(source);
    }
}

/* The byte before the place is looked at: it must end a line, unless the text ends with it. */
tw_status source_go_to(tape_source *source, tw_tape_place place, tw_error *error) {
    if (place.offset < source_offset(source))
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "no line to go on with begins at byte %llu",
                               (unsigned long long)place.offset);
    source->line = place.line_count;
    source->taken = 0;
    if (place.offset == source_offset(source))
        return TW_OK;
    uint64_t before = place.offset - 1;
    if (before >= source->buffer_offset + source->line_end)
        (void)jump(source, before); /* otherwise everything up to there is read */
    pass_over(source, before);
    if (source->line_begin == source->line_end && source->fault != TW_OK)
        return give_fault(source, error);
    if (source->line_begin == source->line_end)
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "there are fewer than the %llu bytes after which to go on; is it "
                               "another file?",
                               (unsigned long long)place.offset);
    bool ends_line = source->line_buffer[source->line_begin] == '\n';
    pass_over(source, place.offset);
    if (!ends_line && (source->line_begin < source->line_end || source->fault != TW_OK))
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "no line begins at byte %llu; is it another file, or did it change?",
                               (unsigned long long)place.offset);
    return TW_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

static tw_status open_file(tape_source *source, const char *path, tw_error *error) {
    bool standard_input = strcmp(path, "-") == 0;
    source->fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (source->fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be opened", source->where);
    struct stat facts;
    if (fstat(source->fd, &facts) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be examined", source->where);
    if (S_ISDIR(facts.st_mode))
        return tw_error_set_at(error, TW_INVALID, source->where, 0, 0,
                               "this is a directory; name a file in it");
    if (S_ISREG(facts.st_mode)) {
        source->bytes = (uint64_t)facts.st_size;
        source->seekable = !standard_input; /* it may stand anywhere in the file */
        (void)posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice may be refused */
    }
    return TW_OK;
}

/* The magic number of a zstd frame, or of a skippable one (RFC 8878, section 3.1). */
static bool is_zstd(const uint8_t *b) {
    bool frame = b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd;
    bool skippable = (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18;
    return frame || skippable;
}

/* The first four bytes tell gzip (RFC 1952) and zstd (RFC 8878, also its skippable frames). A
 * pipe may give fewer bytes at once than that, so reading goes on until they are there. */
static tw_status find_compression(tape_source *source, tw_error *error) {
    while (source->input_end < 4 && !source->input_ended) {
        ssize_t got =
            read(source->fd, source->input + source->input_end, INPUT_SIZE - source->input_end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tw_error_set_errno(error, errno, "%s cannot be read", source->where);
        source->input_ended = got == 0;
        source->input_end += (size_t)got;
        source->bytes_read += (uint64_t)got;
    }
    const uint8_t *b = source->input;
    if (source->input_end >= 2 && b[0] == 0x1f && b[1] == 0x8b)
        source->compression = TW_TAPE_GZIP;
    else if (source->input_end >= 4 && is_zstd(b))
        source->compression = TW_TAPE_ZSTD;
    return TW_OK;
}

static tw_status start_decompressor(tape_source *source, tw_error *error) {
    if (source->compression == TW_TAPE_GZIP) {
        source->gzip.zalloc = gzip_allocate;
        source->gzip.zfree = gzip_release;
        source->gzip.opaque = (void *)(uintptr_t)source->allocator;
        source->inflating = inflateInit2(&source->gzip, 15 + 16) == Z_OK;
        if (!source->inflating)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read gzip");
    }
    if (source->compression == TW_TAPE_ZSTD) {
        source->zstd = ZSTD_createDCtx();
        if (source->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
                                        source->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read zstd");
    }
    return TW_OK;
}

static tw_status take_memory(tape_source *source, const char *path, size_t line_size_max,
                             tw_error *error) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    source->where_size = strlen(name) + 1;
    source->line_capacity = line_size_max;
    source->where = TW_NEW(source->allocator, source->where_size, char);
    source->input = TW_NEW(source->allocator, INPUT_SIZE, uint8_t);
    source->line_buffer = TW_NEW(source->allocator, source->line_capacity + LINE_SLACK, char);
    if (source->where == NULL || source->input == NULL || source->line_buffer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", name);
    memcpy(source->where, name, source->where_size);
    return TW_OK;
}

tw_status source_open(tape_source *source, const char *path, size_t line_size_max,
                      const tw_allocator *allocator, tw_error *error) {
    memset(source, 0, sizeof *source);
    source->allocator = allocator;
    source->fd = -1;
    tw_status status = take_memory(source, path, line_size_max, error);
    if (status == TW_OK)
        status = open_file(source, path, error);
    if (status == TW_OK)
        status = find_compression(source, error);
    if (status == TW_OK)
        status = start_decompressor(source, error);
    if (status != TW_OK)
        source_close(source);
    return status;
}

void source_close(tape_source *source) {
    if (source->inflating)
        (void)inflateEnd(&source->gzip); /* cannot fail on a stream that was begun */
    ZSTD_freeDCtx(source->zstd);
    if (source->fd >= 0)
        close(source->fd);
    TW_DELETE(source->allocator, source->line_buffer, source->line_capacity + LINE_SLACK, char);
    TW_DELETE(source->allocator, source->input, INPUT_SIZE, uint8_t);
    TW_DELETE(source->allocator, source->where, source->where_size, char);
    memset(source, 0, sizeof *source);
    source->fd = -1;
}
