/*
 * newest_rows.h - the newest rows of a read that may have many: the n-th goes into place
 * n % capacity of a list, which is laid out at the end.
 */
#ifndef TRADEWIND_CLI_NEWEST_ROWS_H
#define TRADEWIND_CLI_NEWEST_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Turns the list, into which `total` rows of `width` bytes were put, so that it begins with the
 * oldest; returns how many there are. */
size_t newest_rows_lay_out(void *rows, size_t width, uint64_t total, size_t capacity);

#endif
