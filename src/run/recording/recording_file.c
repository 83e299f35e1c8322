/* recording_file.c - see recording_file.h. */
#include "recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { HEAD_SIZE = 20, LEVEL = 1, NAME_SIZE = 512 };

static const char MAGIC[4] = {'T', 'W', 'R', '1'};

struct block_file {
    const tw_allocator *allocator;
    FILE *stream;  /* reading a file */
    int fd;        /* writing one, else -1 */
    tw_slice left; /* reading memory */
    uint64_t at;
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    uint8_t *stored;
    size_t stored_capacity;
    char *plain; /* reading: BLOCK_SIZE_MAX */
    char name[NAME_SIZE];
};

typedef struct block_head {
    uint32_t plain_size;
    uint32_t stored_size;
    uint32_t body_check;
} block_head;

/* ---- bytes --------------------------------------------------------------------------------- */

static void put32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *from) {
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static uint32_t check_of(const void *bytes, size_t size) {
    return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)size);
}

/* ---- life ---------------------------------------------------------------------------------- */

/* NULL: there is no memory, and the error says so. */
static block_file *make(const tw_allocator *allocator, const char *name, bool writes,
                        tw_error *error) {
    block_file *file = TW_NEW(allocator, 1, block_file);
    if (file == NULL) {
        tw_error_set(error, TW_NO_MEMORY, "no memory for the recording");
        return NULL;
    }
    file->allocator = allocator;
    file->fd = -1;
    snprintf(file->name, sizeof file->name, "%s", name);
    file->stored_capacity = HEAD_SIZE + ZSTD_compressBound(BLOCK_SIZE_MAX);
    file->stored = TW_NEW(allocator, file->stored_capacity, uint8_t);
    if (writes)
        file->packer = ZSTD_createCCtx();
    else {
        file->unpacker = ZSTD_createDCtx();
        file->plain = TW_NEW(allocator, BLOCK_SIZE_MAX, char);
    }
    bool complete = file->stored != NULL &&
                    (writes ? file->packer != NULL : file->unpacker != NULL && file->plain != NULL);
    if (complete)
        return file;
    block_file_free(file);
    tw_error_set(error, TW_NO_MEMORY, "no memory for the recording");
    return NULL;
}

tw_status block_file_create(const tw_allocator *allocator, const char *path, block_file **ret_file,
                            tw_error *error) {
    block_file *file = make(allocator, path, true, error);
    if (file == NULL)
        return TW_NO_MEMORY;
    struct stat found;
    int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    file->fd = open(path, flags, 0600);
    if (file->fd >= 0 && fstat(file->fd, &found) == 0 && !S_ISREG(found.st_mode)) {
        tw_error_set(error, TW_INVALID, "%s is there and is no file: no recording is made", path);
        block_file_free(file);
        return TW_INVALID;
    }
    if (file->fd < 0 || ftruncate(file->fd, 0) != 0) {
        tw_status status =
            tw_error_set_errno(error, errno, "the recording %s cannot be made", path);
        block_file_free(file);
        return status;
    }
    *ret_file = file;
    return TW_OK;
}

tw_status block_file_open(const tw_allocator *allocator, const char *path, block_file **ret_file,
                          tw_error *error) {
    block_file *file = make(allocator, path, false, error);
    if (file == NULL)
        return TW_NO_MEMORY;
    file->stream = fopen(path, "rbe");
    if (file->stream == NULL) {
        tw_status status = tw_error_set_errno(error, errno, "%s cannot be opened", path);
        block_file_free(file);
        return status;
    }
    *ret_file = file;
    return TW_OK;
}

tw_status block_file_over(const tw_allocator *allocator, const char *name, tw_slice bytes,
                          block_file **ret_file, tw_error *error) {
    block_file *file = make(allocator, name, false, error);
    if (file == NULL)
        return TW_NO_MEMORY;
    file->left = bytes;
    *ret_file = file;
    return TW_OK;
}

void block_file_free(block_file *file) {
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->stream != NULL)
        fclose(file->stream);
    ZSTD_freeCCtx(file->packer);
    ZSTD_freeDCtx(file->unpacker);
    TW_DELETE(file->allocator, file->stored, file->stored_capacity, uint8_t);
    TW_DELETE(file->allocator, file->plain, BLOCK_SIZE_MAX, char);
    TW_DELETE(file->allocator, file, 1, block_file);
}

uint64_t block_file_at(const block_file *file) {
    return file->at;
}

/* ---- writing ------------------------------------------------------------------------------- */

static tw_status write_all(block_file *file, const uint8_t *bytes, size_t size, tw_error *error) {
    while (size > 0) {
        ssize_t written = write(file->fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return tw_error_set_errno(error, errno, "the recording %s cannot be written",
                                      file->name);
        bytes += written;
        size -= (size_t)written;
        file->at += (uint64_t)written;
    }
    return TW_OK;
}

tw_status block_write(block_file *file, tw_slice plain, tw_error *error) {
    TW_ASSERT(file->fd >= 0 && plain.size > 0 && plain.size <= BLOCK_SIZE_MAX);
    size_t size =
        ZSTD_compressCCtx(file->packer, file->stored + HEAD_SIZE, file->stored_capacity - HEAD_SIZE,
                          plain.data, plain.size, LEVEL);
    if (ZSTD_isError(size))
        return tw_error_set(error, TW_NO_MEMORY, "no memory to compress the recording");
    memcpy(file->stored, MAGIC, sizeof MAGIC);
    put32(file->stored + 4, (uint32_t)plain.size);
    put32(file->stored + 8, (uint32_t)size);
    put32(file->stored + 12, check_of(file->stored, 12));
    put32(file->stored + 16, check_of(file->stored + HEAD_SIZE, size));
    return write_all(file, file->stored, HEAD_SIZE + size, error);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* As many bytes as there are, up to `size`. */
static tw_status read_some(block_file *file, uint8_t *to, size_t size, size_t *ret_size,
                           tw_error *error) {
    if (file->stream == NULL) {
        *ret_size = size < file->left.size ? size : file->left.size;
        if (*ret_size > 0)
            memcpy(to, file->left.data, *ret_size);
        file->left.data += *ret_size;
        file->left.size -= *ret_size;
        return TW_OK;
    }
    *ret_size = fread(to, 1, size, file->stream);
    if (*ret_size < size && ferror(file->stream))
        return tw_error_set_errno(error, errno, "%s cannot be read", file->name);
    return TW_OK;
}

static bool is_last(block_file *file) {
    if (file->stream == NULL)
        return file->left.size == 0;
    int next = getc(file->stream);
    if (next != EOF)
        ungetc(next, file->stream);
    return next == EOF;
}

static tw_status torn(const block_file *file, tw_error *error) {
    return tw_error_set(error, TW_TRUNCATED, "%s: the last block, at byte %llu, is not whole",
                        file->name, (unsigned long long)file->at);
}

static tw_status damaged(const block_file *file, const char *what, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: the block at byte %llu %s", file->name,
                        (unsigned long long)file->at, what);
}

static tw_status read_head(block_file *file, block_head *ret_head, tw_error *error) {
    uint8_t bytes[HEAD_SIZE];
    size_t size = 0;
    tw_status status = read_some(file, bytes, sizeof bytes, &size, error);
    if (status != TW_OK)
        return status;
    if (size == 0)
        return TW_EMPTY;
    size_t seen = size < sizeof MAGIC ? size : sizeof MAGIC;
    if (memcmp(bytes, MAGIC, seen) != 0)
        return file->at == 0 ? tw_error_set(error, TW_CORRUPT,
                                            "%s is no recording of tradewind: it should begin "
                                            "with TWR1",
                                            file->name)
                             : damaged(file, "does not begin as one", error);
    if (size < sizeof bytes)
        return torn(file, error);
    *ret_head = (block_head){get32(bytes + 4), get32(bytes + 8), get32(bytes + 16)};
    if (get32(bytes + 12) != check_of(bytes, 12))
        return damaged(file, "has a head with a wrong checksum", error);
    if (ret_head->plain_size == 0 || ret_head->plain_size > BLOCK_SIZE_MAX ||
        ret_head->stored_size > file->stored_capacity)
        return damaged(file, "has an impossible size", error);
    return TW_OK;
}

tw_status block_read(block_file *file, tw_slice *ret_plain, tw_error *error) {
    block_head head = {0};
    size_t size = 0;
    tw_status status = read_head(file, &head, error);
    if (status == TW_OK)
        status = read_some(file, file->stored, head.stored_size, &size, error);
    if (status != TW_OK)
        return status;
    if (size < head.stored_size)
        return torn(file, error);
    if (check_of(file->stored, size) != head.body_check)
        return is_last(file) ? torn(file, error) : damaged(file, "has a wrong checksum", error);
    size_t plain =
        ZSTD_decompressDCtx(file->unpacker, file->plain, BLOCK_SIZE_MAX, file->stored, size);
    if (ZSTD_isError(plain) || plain != head.plain_size)
        return damaged(file, "cannot be unpacked", error);
    *ret_plain = (tw_slice){file->plain, plain};
    file->at += HEAD_SIZE + size;
    return TW_OK;
}
