/*
 * json_writer.h - one JSON document, on standard output or into a file that is open.
 *
 *     json_writer w = json_writer_begin();
 *     json_number(&w, "mean", 0.1);
 *     json_open(&w, "assets", '[');
 *     json_text(&w, NULL, "AAPL");
 *     json_close(&w, ']');
 *     status = json_writer_end(&w, &error);
 *
 * The document is an object. A key is given within an object, NULL within an array. What cannot be
 * written is remembered by the stream and told by json_writer_end, of a file by whoever closes it.
 */
#ifndef TRADEWIND_CLI_JSON_WRITER_H
#define TRADEWIND_CLI_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tradewind/error.h"

enum { JSON_DEPTH_MAX = 12 };

typedef struct json_writer {
    FILE *stream;
    char ends[JSON_DEPTH_MAX]; /* what closes each level that is open */
    int depth;
    bool first; /* nothing stands on this level yet */
} json_writer;

json_writer json_writer_begin(void);
json_writer json_writer_into(FILE *stream);

/* TW_CANCELLED when the reader has gone; TW_IO and the like. */
tw_status json_writer_end(json_writer *writer, tw_error *error) TW_MUST_CHECK;

/* `kind` is '{' or '['. */
void json_open(json_writer *writer, const char *key, char kind);
void json_close(json_writer *writer);

void json_number(json_writer *writer, const char *key, double value); /* null if not finite */
void json_count(json_writer *writer, const char *key, uint64_t value);
void json_flag(json_writer *writer, const char *key, bool value);
void json_text(json_writer *writer, const char *key, const char *value);
void json_decimal(json_writer *writer, const char *key, int64_t nano); /* exact, as a string */
void json_date(json_writer *writer, const char *key, int64_t time_ns); /* "2024-01-31" */
void json_time(json_writer *writer, const char *key, int64_t time_ns); /* with nanoseconds */

#endif
