/*
 * fuzz_tape_orders.c - any bytes as order events, quotes or a book: no crash, no leak, always an
 * end, and many a call what single calls give.
 *
 * The first byte picks the format and the longest line; the rest is the file, given through a
 * memory file so that the real reader with its decompressors is what runs. The header of a format
 * that has one is put in front, unless the file is packed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tape_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    tw_tape_format format;
    const char *header;
} kinds[] = {
    {TW_TAPE_LOBSTER_MESSAGES, ""},
    {TW_TAPE_LOBSTER_BOOK, ""},
    {TW_TAPE_BITSTAMP, "id,timestamp,exchange.timestamp,price,volume,action,direction\n"},
    {TW_TAPE_QUOTES, "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size\n"},
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* The first byte of a packed file is no letter and no digit. */
static bool is_packed(const uint8_t *data, size_t size) {
    return size > 0 && (data[0] < ' ' || data[0] > '~' || data[0] == '(');
}

static void put(int fd, const void *bytes, size_t size) {
    if (write(fd, bytes, size) != (ssize_t)size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    unsigned kind = data[0] % KIND_COUNT;
    int fd = memfd_create("tape", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    if (!is_packed(data + 1, size - 1))
        put(fd, kinds[kind].header, strlen(kinds[kind].header));
    put(fd, data + 1, size - 1);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_tape_config config = {.path = path,
                             .line_size_max = 64U << data[0] / KIND_COUNT % 8,
                             .format = (uint8_t)kinds[kind].format};
    if (kinds[kind].format == TW_TAPE_LOBSTER_BOOK)
        (void)tape_model_run_book(&config);
    else
        (void)tape_model_run(&config, size);
    close(fd);
    return 0;
}
