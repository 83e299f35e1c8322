/*
 * fuzz_capture.c - any bytes as an ITCH tape, a day file or a capture: no crash, no leak, always an
 * end, and the same whether it is read one event at a time, many, or from a place on the way.
 *
 * The first byte chooses how the tape is opened; the rest is the file, given through a memory file
 * so that the real reader with its decompressors is what runs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "itch_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    int fd = memfd_create("itch", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_tape_config config = {.path = path,
                             .line_size_max = 1,
                             .format = TW_TAPE_ITCH,
                             .known_symbols_only = (data[0] & 1) != 0,
                             .port = (data[0] & 2) != 0 ? 26477 : 0};
    (void)itch_model_run(&config, data[0] / 4);
    close(fd);
    return 0;
}
