/*
 * log.c - one line an event.
 *
 * Idea: the line is built whole in a buffer on the stack and handed over in one call, so that
 * lines of several threads do not mix and nothing is locked or allocated.
 *
 * Invariants:
 *  1. A line has exactly one newline, its last byte. Control bytes in what the caller formats
 *     become spaces, so that no value can forge a line or move a terminal's cursor.
 *  2. A line that is cut ends in "...", never inside a UTF-8 character.
 */
#include "tradewind/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tradewind/time.h"

static const char *const level_names[] = {"debug", "info", "warning", "error", "off"};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

const char *tw_log_level_name(tw_log_level level) {
    return (unsigned)level < LEVEL_COUNT ? level_names[level] : "?";
}

tw_status tw_log_level_parse(tw_slice text, tw_log_level *ret_level) {
    for (unsigned i = 0; i < LEVEL_COUNT; i++) {
        if (tw_slice_equal_string(text, level_names[i])) {
            *ret_level = (tw_log_level)i;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

bool tw_log_enabled(const tw_log *log, tw_log_level level) {
    return log != NULL && level >= log->level && level < TW_LOG_OFF;
}

/* The sink of a log that has none. A log has nowhere to report that it cannot be written. */
static void write_to_standard_error(const char *line, size_t size) {
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, size);
        if (written < 0 && errno != EINTR)
            return;
        if (written > 0) {
            line += written;
            size -= (size_t)written;
        }
    }
}

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7F;
}

/* Cuts a text of `size` bytes down to at most `room`, between two UTF-8 characters. */
static size_t cut_between_characters(const char *data, size_t size, size_t room) {
    if (size <= room)
        return size;
    while (room > 0 && ((unsigned char)data[room] & 0xC0) == 0x80)
        room--;
    return room;
}

/* Ends the line of which `wanted` bytes should be there; returns its size with the newline. */
static size_t finish_line(char *line, size_t start, size_t wanted) {
    static const char cut_mark[] = "...";
    size_t size = wanted;
    if (wanted > TW_LOG_LINE_SIZE - 1) {
        size_t room = TW_LOG_LINE_SIZE - 1 - (sizeof cut_mark - 1);
        size = cut_between_characters(line, wanted, room);
        memcpy(line + size, cut_mark, sizeof cut_mark - 1);
        size += sizeof cut_mark - 1;
    }
    for (size_t i = start; i < size; i++) {
        if (is_control(line[i]))
            line[i] = ' ';
    }
    line[size] = '\n';
    return size + 1;
}

void tw_log_write(const tw_log *log, tw_log_level level, const char *event, const char *format,
                  ...) {
    if (!tw_log_enabled(log, level))
        return;
    int saved_errno = errno;
    int64_t now_ns = log->now_ns == NULL ? tw_time_wall_ns() : log->now_ns();
    char line[TW_LOG_LINE_SIZE + 1];
    size_t start = tw_time_format(now_ns, 6, line);
    tw_text text = tw_text_over(line + start, sizeof line - start);
    tw_text_append_format(&text, " %s %s", tw_log_level_name(level), event);
    TW_ASSERT(!text.truncated); /* an event is a short name in the program's text */
    size_t size = start + text.size;
    line[size++] = ' ';
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + size, sizeof line - size, format, arguments);
    va_end(arguments);
    if (wanted <= 0)
        size--; /* no fields: no space before them either */
    else
        size += (size_t)wanted;
    size = finish_line(line, start, size);
    if (log->sink != NULL)
        log->sink(log->context, line, size);
    else
        write_to_standard_error(line, size);
    errno = saved_errno;
}

static bool needs_quotes(tw_slice value) {
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (is_control(c) || c == ' ' || c == '"' || c == '\\' || c == '=')
            return true;
    }
    return value.size == 0;
}

/* Writes how a byte stands between quotes; returns the number of bytes (1, 2 or 4). */
static size_t escape(char c, char out[4]) {
    static const char hex[] = "0123456789abcdef";
    out[0] = '\\';
    if (c == '"' || c == '\\') {
        out[1] = c;
    } else if (c == '\n') {
        out[1] = 'n';
    } else if (c == '\r') {
        out[1] = 'r';
    } else if (c == '\t') {
        out[1] = 't';
    } else if (is_control(c)) {
        out[1] = 'x';
        out[2] = hex[(unsigned char)c >> 4];
        out[3] = hex[(unsigned char)c & 15];
        return 4;
    } else {
        out[0] = c;
        return 1;
    }
    return 2;
}

const char *tw_log_quote(tw_slice value, char *buffer, size_t capacity) {
    TW_ASSERT(capacity >= 8);
    if (!needs_quotes(value) && value.size < capacity) {
        memcpy(buffer, value.data, value.size);
        buffer[value.size] = 0;
        return buffer;
    }
    /* What may stand before `..."` and the NUL, and the last place where a cut could go. */
    size_t room = capacity - 5;
    size_t size = 1;
    size_t cut = 1;
    buffer[0] = '"';
    for (size_t i = 0; i < value.size; i++) {
        char escaped[4];
        size_t wanted = escape(value.data[i], escaped);
        if (((unsigned char)value.data[i] & 0xC0) != 0x80 && size <= room)
            cut = size;
        if (size + wanted + 2 > capacity) {
            memcpy(buffer + cut, "...\"", 5);
            return buffer;
        }
        memcpy(buffer + size, escaped, wanted);
        size += wanted;
    }
    memcpy(buffer + size, "\"", 2);
    return buffer;
}
