/*
 * error.h - the sentence a user can act on, owned by the caller.
 *
 * Functions that touch the world take a `tw_error *error` as their last argument and fill it
 * when they fail. NULL is allowed and means that only the status is wanted. There are no global
 * or thread-local errors.
 *
 *     tw_error error = {0};
 *     if (tw_store_open(path, &config, &store, &error) != TW_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *
 * Memory: plain data of fixed size; long messages are cut, never overrun.
 * Threads: an error belongs to whoever owns the variable.
 */
#ifndef TRADEWIND_ERROR_H
#define TRADEWIND_ERROR_H

#include <stdint.h>

#include "tradewind/status.h"

#define TW_ERROR_MESSAGE_SIZE 512
#define TW_ERROR_WHERE_SIZE 256

typedef struct tw_error {
    tw_status status;
    int os_errno;    /* errno of the failed system call, or 0 */
    uint64_t line;   /* 1-based line of the input at fault, or 0 */
    uint64_t column; /* 1-based column (or field) at fault, or 0 */
    char where[TW_ERROR_WHERE_SIZE];
    char message[TW_ERROR_MESSAGE_SIZE];
} tw_error;

TW_BEGIN_DECLS

/* Fills `error` (if any) with a status and a formatted sentence; returns `status`. In all three the
 * arguments may be parts of the old `error`: tw_error_set(e, status, "cannot start: %s",
 * e->message). */
TW_API tw_status tw_error_set(tw_error *error, tw_status status, const char *format, ...)
    TW_PRINTF(3, 4);

/* The same for a failed system call: appends ": <strerror>" and keeps the number.
 * Returns tw_status_from_errno(os_errno). */
TW_API tw_status tw_error_set_errno(tw_error *error, int os_errno, const char *format, ...)
    TW_PRINTF(3, 4);

/* The same for input at a position. The message becomes "where:line:column: sentence"; a zero
 * line or column is left out. */
TW_API tw_status tw_error_set_at(tw_error *error, tw_status status, const char *where,
                                 uint64_t line, uint64_t column, const char *format, ...)
    TW_PRINTF(6, 7);

TW_END_DECLS

#endif
