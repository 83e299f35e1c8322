/*
 * source.c - a file as lines or bytes: opening it, and what is taken from the buffer.
 *
 * Idea: source_fill (source_fill.c) puts text behind what is left in the buffer; a line is what
 * lies before the next LF, a record is as many bytes as its reader needs.
 *
 * Invariants:
 *   1. input_begin <= input_end <= TW_SOURCE_INPUT_SIZE and begin <= end <= capacity.
 *   2. The bytes from begin to end were not given yet.
 *   3. `fault` is only returned when no whole line is left in the buffer: what could be read
 *      before the fault is always given, and a line cut off by it never is.
 *   4. After data_ended the buffer only shrinks.
 *   5. buffer_offset + begin is the place of the next line in the text; the last line given
 *      is still in the buffer, `taken` bytes before begin, until the buffer is filled again.
 *   6. TW_SOURCE_SLACK bytes behind the buffer may be read; what is there is never used.
 *
 *     OPEN --source_fill--> OPEN
 *     OPEN --source_fill meets the end--> ENDED (data_ended) --next_line, need--> the rest,
 * TW_EMPTY OPEN --source_fill fails--> FAULTED (data_ended, fault) --next_line, need--> the rest,
 * the fault
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source_priv.h"

/* Debian's zstd makes windows up to 128 MiB without being asked twice; larger ones are refused. */
#define ZSTD_WINDOW_LOG_MAX 27
#define XZ_MEMORY_MAX (UINT64_C(128) << 20)

/* Moves what is left to the front so that a whole line can follow. */
static void compact(tw_source *source) {
    size_t left = source->end - source->begin;
    if (source->begin > 0 && left > 0)
        memmove(source->buffer, source->buffer + source->begin, left);
    source->buffer_offset += source->begin;
    source->begin = 0;
    source->taken = 0;
    source->end = left;
}

static tw_status give_fault(const tw_source *source, tw_error *error) {
    if (error != NULL)
        *error = source->fault_error;
    return source->fault;
}

static tw_slice take_line(tw_source *source, size_t size, size_t end_size) {
    tw_slice line = {source->buffer + source->begin, size};
    source->taken = size + end_size;
    source->begin += source->taken;
    source->line++;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

tw_status tw_source_next_line(tw_source *source, tw_slice *ret_line, tw_error *error) {
    size_t searched = 0;
    for (;;) {
        const char *begin = source->buffer + source->begin;
        size_t size = source->end - source->begin;
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
        if (source->end == source->capacity) {
            source_set_fault(
                source,
                tw_error_set_at(&source->fault_error, TW_PARSE, source->where, source->line + 1, 0,
                                "the line is longer than %zu bytes; this is no text file, or "
                                "its line ends are missing",
                                source->capacity));
            return give_fault(source, error);
        }
        source_fill(source);
    }
}

bool tw_source_has_line(const tw_source *source) {
    const char *begin = source->buffer + source->begin;
    return memchr(begin, '\n', source->end - source->begin) != NULL;
}

tw_status tw_source_need(tw_source *source, size_t size, tw_slice *ret_bytes, tw_error *error) {
    TW_ASSERT(size <= source->capacity);
    while (source->end - source->begin < size && !source->data_ended) {
        if (source->begin + size > source->capacity)
            compact(source);
        source_fill(source);
    }
    size_t have = source->end - source->begin;
    *ret_bytes = (tw_slice){source->buffer + source->begin, have};
    if (have >= size)
        return TW_OK;
    if (source->fault != TW_OK)
        return give_fault(source, error);
    return have == 0 ? TW_EMPTY : TW_TRUNCATED;
}

void tw_source_skip(tw_source *source, size_t size) {
    TW_ASSERT(size <= source->end - source->begin);
    source->begin += size;
    source->taken = 0;
}

void tw_source_put_back(tw_source *source) {
    TW_ASSERT(source->taken > 0 && source->taken <= source->begin && source->line > 0);
    source->begin -= source->taken;
    source->taken = 0;
    source->line--;
}

uint64_t tw_source_offset(const tw_source *source) {
    return source->buffer_offset + source->begin;
}

/* ---- going on elsewhere -------------------------------------------------------------------- */

/* A plain file is read on from `offset`, whatever was in the buffers. False: it is no such file, or
 * its reading failed. */
static bool jump(tw_source *source, uint64_t offset) {
    if (source->packing != TW_SOURCE_PLAIN || !source->seekable || source->fault != TW_OK ||
        offset > source->bytes || lseek(source->fd, (off_t)offset, SEEK_SET) < 0)
        return false;
    source->input_begin = source->input_end = 0;
    source->begin = source->end = 0;
    source->input_ended = source->data_ended = false;
    source->buffer_offset = source->bytes_read = offset;
    return true;
}

/* Lets go of text until `offset` is the next byte of the buffer, and it is there or text ended. */
static void pass_over(tw_source *source, uint64_t offset) {
    for (;;) {
        uint64_t ahead = offset - tw_source_offset(source);
        size_t have = source->end - source->begin;
        source->begin += ahead < have ? (size_t)ahead : have;
        if (ahead < have || source->data_ended)
            return;
        compact(source);
        source_fill(source);
    }
}

/* The byte before the place is looked at: it must end a line, unless the text ends with it. */
tw_status tw_source_go_to(tw_source *source, uint64_t offset, uint64_t line_count,
                          tw_error *error) {
    if (offset < tw_source_offset(source))
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "no line to go on with begins at byte %llu",
                               (unsigned long long)offset);
    source->line = line_count;
    source->taken = 0;
    if (offset == tw_source_offset(source))
        return TW_OK;
    uint64_t before = offset - 1;
    if (before >= source->buffer_offset + source->end)
        (void)jump(source, before); /* otherwise everything up to there is read */
    pass_over(source, before);
    if (source->begin == source->end && source->fault != TW_OK)
        return give_fault(source, error);
    if (source->begin == source->end)
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "there are fewer than the %llu bytes after which to go on; is it "
                               "another file?",
                               (unsigned long long)offset);
    bool ends_line = source->buffer[source->begin] == '\n';
    pass_over(source, offset);
    if (!ends_line && (source->begin < source->end || source->fault != TW_OK))
        return tw_error_set_at(error, TW_RANGE, source->where, 0, 0,
                               "no line begins at byte %llu; is it another file, or did it change?",
                               (unsigned long long)offset);
    return TW_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

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

static tw_status open_file(tw_source *source, const char *path, tw_error *error) {
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

/* The first six bytes tell gzip (RFC 1952), zstd (RFC 8878, also its skippable frames) and xz (its
 * format, 2.1.1.1). A pipe may give fewer bytes at once than that, so reading goes on until they
 * are there. */
static tw_status find_packing(tw_source *source, tw_error *error) {
    while (source->input_end < 6 && !source->input_ended) {
        ssize_t got = read(source->fd, source->input + source->input_end,
                           TW_SOURCE_INPUT_SIZE - source->input_end);
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
        source->packing = TW_SOURCE_GZIP;
    else if (source->input_end >= 4 && is_zstd(b))
        source->packing = TW_SOURCE_ZSTD;
    else if (source->input_end >= 6 && memcmp(b,
                                              "\xfd"
                                              "7zXZ",
                                              6) == 0)
        source->packing = TW_SOURCE_XZ;
    return TW_OK;
}

/* lzma releases NULL, and needs no more of an address than zlib. */
static void *xz_allocate(void *opaque, size_t count, size_t size) {
    return size > UINT32_MAX || count > UINT32_MAX ? NULL
                                                   : gzip_allocate(opaque, (uInt)count, (uInt)size);
}

static void xz_release(void *opaque, void *address) {
    if (address != NULL)
        gzip_release(opaque, address);
}

static tw_status start_decompressor(tw_source *source, tw_error *error) {
    if (source->packing == TW_SOURCE_GZIP) {
        source->gzip.zalloc = gzip_allocate;
        source->gzip.zfree = gzip_release;
        source->gzip.opaque = (void *)(uintptr_t)source->allocator;
        source->unpacking = inflateInit2(&source->gzip, 15 + 16) == Z_OK;
        if (!source->unpacking)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read gzip");
    }
    if (source->packing == TW_SOURCE_ZSTD) {
        source->zstd = ZSTD_createDCtx();
        if (source->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
                                        source->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read zstd");
    }
    if (source->packing == TW_SOURCE_XZ) {
        source->xz_memory = (lzma_allocator){.alloc = xz_allocate,
                                             .free = xz_release,
                                             .opaque = (void *)(uintptr_t)source->allocator};
        source->xz = (lzma_stream)LZMA_STREAM_INIT;
        source->xz.allocator = &source->xz_memory;
        source->unpacking =
            lzma_stream_decoder(&source->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
        if (!source->unpacking)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read xz");
    }
    return TW_OK;
}

static tw_status take_memory(tw_source *source, const char *path, size_t capacity,
                             tw_error *error) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    source->where_size = strlen(name) + 1;
    source->capacity = capacity;
    source->where = TW_NEW(source->allocator, source->where_size, char);
    source->input = TW_NEW(source->allocator, TW_SOURCE_INPUT_SIZE, uint8_t);
    source->buffer = TW_NEW(source->allocator, source->capacity + TW_SOURCE_SLACK, char);
    if (source->where == NULL || source->input == NULL || source->buffer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", name);
    memcpy(source->where, name, source->where_size);
    return TW_OK;
}

tw_status tw_source_open(tw_source *source, const char *path, size_t capacity,
                         const tw_allocator *allocator, tw_error *error) {
    memset(source, 0, sizeof *source);
    source->allocator = allocator;
    source->fd = -1;
    tw_status status = take_memory(source, path, capacity, error);
    if (status == TW_OK)
        status = open_file(source, path, error);
    if (status == TW_OK)
        status = find_packing(source, error);
    if (status == TW_OK)
        status = start_decompressor(source, error);
    if (status != TW_OK)
        tw_source_close(source);
    return status;
}

void tw_source_close(tw_source *source) {
    if (source->unpacking && source->packing == TW_SOURCE_GZIP)
        (void)inflateEnd(&source->gzip); /* cannot fail on a stream that was begun */
    if (source->unpacking && source->packing == TW_SOURCE_XZ)
        lzma_end(&source->xz);
    ZSTD_freeDCtx(source->zstd);
    if (source->fd >= 0)
        close(source->fd);
    TW_DELETE(source->allocator, source->buffer, source->capacity + TW_SOURCE_SLACK, char);
    TW_DELETE(source->allocator, source->input, TW_SOURCE_INPUT_SIZE, uint8_t);
    TW_DELETE(source->allocator, source->where, source->where_size, char);
    memset(source, 0, sizeof *source);
    source->fd = -1;
}
