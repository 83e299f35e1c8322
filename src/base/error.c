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

/* Writes a sentence and gives it to `error`; what does not fit is cut. The sentence is made aside
 * because its arguments may be the old message itself ("cannot start: %s"). */
static void put_message(tw_error *error, tw_error fresh, const char *before, const char *format,
                        va_list arguments) TW_PRINTF(4, 0);

static void put_message(tw_error *error, tw_error fresh, const char *before, const char *format,
                        va_list arguments) {
    size_t used = strlen(before);
    TW_ASSERT(used < sizeof fresh.message);
    memcpy(fresh.message, before, used);
    int wanted = vsnprintf(fresh.message + used, sizeof fresh.message - used, format, arguments);
    if (wanted < 0)
        fresh.message[used] = 0;
    *error = fresh;
}

tw_status tw_error_set(tw_error *error, tw_status status, const char *format, ...) {
    if (error == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    put_message(error, (tw_error){.status = status}, "", format, arguments);
    va_end(arguments);
    return status;
}

tw_status tw_error_set_errno(tw_error *error, int os_errno, const char *format, ...) {
    tw_status status = tw_status_from_errno(os_errno);
    if (error == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    put_message(error, (tw_error){.status = status, .os_errno = os_errno}, "", format, arguments);
    va_end(arguments);
    char reason[128];
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, ": %s",
             strerror_r(os_errno, reason, sizeof reason));
    return status;
}

tw_status tw_error_set_at(tw_error *error, tw_status status, const char *where, uint64_t line,
                          uint64_t column, const char *format, ...) {
    if (error == NULL)
        return status;
    tw_error fresh = {.status = status, .line = line, .column = column};
    snprintf(fresh.where, sizeof fresh.where, "%s", where);
    char before[TW_ERROR_WHERE_SIZE + 48];
    int used = snprintf(before, sizeof before, "%s", fresh.where);
    if (line > 0)
        used += snprintf(before + used, sizeof before - (size_t)used, ":%llu",
                         (unsigned long long)line);
    if (column > 0)
        used += snprintf(before + used, sizeof before - (size_t)used, ":%llu",
                         (unsigned long long)column);
    snprintf(before + used, sizeof before - (size_t)used, ": ");
    va_list arguments;
    va_start(arguments, format);
    put_message(error, fresh, before, format, arguments);
    va_end(arguments);
    return status;
}
