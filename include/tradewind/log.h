/*
 * log.h - one line an event, as key=value.
 *
 *     2024-01-02T14:30:00.123456Z info stream.open venue=demo symbols=20
 *
 * A logger is a plain object that a program makes and passes down; there is no global one. The
 * library itself logs nothing above debug: it returns errors, and the program logs each once.
 *
 * Memory: a line is built on the stack (at most TW_LOG_LINE_SIZE bytes, longer ones are cut and
 * end in "...") and written with one call. Threads: tw_log_write may be called from any thread;
 * lines do not mix. Cost: a suppressed line is one comparison.
 */
#ifndef TRADEWIND_LOG_H
#define TRADEWIND_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/text.h"

#define TW_LOG_LINE_SIZE 2048

typedef enum tw_log_level {
    TW_LOG_DEBUG = 0,
    TW_LOG_INFO = 1,
    TW_LOG_WARNING = 2,
    TW_LOG_ERROR = 3,
    TW_LOG_OFF = 4
} tw_log_level;

/* Receives one complete line with its newline. */
typedef void (*tw_log_sink)(void *context, const char *line, size_t size);

typedef struct tw_log {
    tw_log_level level; /* lines below it are suppressed */
    tw_log_sink sink;   /* NULL: standard error */
    void *context;
    int64_t (*now_ns)(void); /* NULL: the wall clock */
} tw_log;

TW_BEGIN_DECLS

/* Writes "<time> <level> <event> <format...>". `log` may be NULL: nothing is written.
 * The format is the caller's "key=%s other=%d"; use tw_log_quote for values with spaces. Control
 * bytes become spaces: one event stays one line. An event without fields has format "%s" and "". */
TW_API void tw_log_write(const tw_log *log, tw_log_level level, const char *event,
                         const char *format, ...) TW_PRINTF(4, 5);

/* True if a line of this level would be written. */
TW_API bool tw_log_enabled(const tw_log *log, tw_log_level level);

/* Writes `value` as a key=value value into `buffer`: bare if it has no spaces, quotes, '=' or
 * control bytes, else quoted and escaped. Returns `buffer`. */
TW_API const char *tw_log_quote(tw_slice value, char *buffer, size_t capacity);

/* "debug", "info", "warning", "error", "off"; TW_PARSE otherwise. */
TW_API tw_status tw_log_level_parse(tw_slice text, tw_log_level *ret_level) TW_MUST_CHECK;
TW_API const char *tw_log_level_name(tw_log_level level);

TW_END_DECLS

#endif
