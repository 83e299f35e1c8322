/*
 * error.c - errors as values.
 *
 * Idea: one formatter writes the sentence; position and errno are put around it. Nothing here
 * can fail: what does not fit is cut.
 */
#include "tradewind/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tw_assert_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: this must hold and does not: %s\n", file, line, condition);
    abort();
}

/* Writes the sentence at `used` bytes into the message; returns the new length. */
static size_t write_sentence(tw_error *error, size_t used, const char *format, va_list arguments)
    TW_PRINTF(3, 0);

static size_t write_sentence(tw_error *error, size_t used, const char *format, va_list arguments) {
    size_t room = sizeof error->message - used;
    int wanted = vsnprintf(error->message + used, room, format, arguments);
    if (wanted < 0)
        return used;
    return (size_t)wanted < room ? used + (size_t)wanted : sizeof error->message - 1;
}

tw_status tw_error_set(tw_error *error, tw_status status, const char *format, ...) {
    if (error == NULL)
        return status;
    *error = (tw_error){.status = status};
    va_list arguments;
    va_start(arguments, format);
    write_sentence(error, 0, format, arguments);
    va_end(arguments);
    return status;
}

tw_status tw_error_set_errno(tw_error *error, int os_errno, const char *format, ...) {
    tw_status status = tw_status_from_errno(os_errno);
    if (error == NULL)
        return status;
    *error = (tw_error){.status = status, .os_errno = os_errno};
    va_list arguments;
    va_start(arguments, format);
    size_t used = write_sentence(error, 0, format, arguments);
    va_end(arguments);
    char reason[128];
    snprintf(error->message + used, sizeof error->message - used, ": %s",
             strerror_r(os_errno, reason, sizeof reason));
    return status;
}

tw_status tw_error_set_at(tw_error *error, tw_status status, const char *where, uint64_t line,
                          uint64_t column, const char *format, ...) {
    if (error == NULL)
        return status;
    *error = (tw_error){.status = status, .line = line, .column = column};
    snprintf(error->where, sizeof error->where, "%s", where);
    int used = snprintf(error->message, sizeof error->message, "%s", error->where);
    if (line > 0)
        used += snprintf(error->message + used, sizeof error->message - (size_t)used, ":%llu",
                         (unsigned long long)line);
    if (column > 0)
        used += snprintf(error->message + used, sizeof error->message - (size_t)used, ":%llu",
                         (unsigned long long)column);
    used += snprintf(error->message + used, sizeof error->message - (size_t)used, ": ");
    va_list arguments;
    va_start(arguments, format);
    write_sentence(error, (size_t)used, format, arguments);
    va_end(arguments);
    return status;
}
