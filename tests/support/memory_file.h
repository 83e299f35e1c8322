/*
 * memory_file.h - bytes as a file that has a path and is on no disk: for readers that open files.
 */
#ifndef TRADEWIND_TESTS_MEMORY_FILE_H
#define TRADEWIND_TESTS_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct memory_file {
    int descriptor;
    char path[64];
} memory_file;

/* Ends the program when there is no memory for it. */
static inline memory_file memory_file_make(const void *data, size_t size) {
    memory_file file = {.descriptor = memfd_create("fuzz", 0)};
    if (file.descriptor < 0 || write(file.descriptor, data, size) != (ssize_t)size)
        abort();
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

static inline void memory_file_close(memory_file *file) {
    close(file->descriptor);
}

#endif
