/*
 * json_put.h - JSON into a bounded text, piece by piece: commas come by themselves.
 *
 *     json_put_open(&text, NULL, '{');
 *     json_put_count(&text, "count", 2);
 *     json_put_open(&text, "names", '[');
 *     json_put_word(&text, NULL, "AAPL");
 *     tw_text_append_string(&text, "]}");
 *
 * Each writes "key": and what it is; within an array, and for the document itself, `key` is NULL.
 * What is opened the caller closes. What does not fit truncates the text.
 */
#ifndef TRADEWIND_EDGE_JSON_PUT_H
#define TRADEWIND_EDGE_JSON_PUT_H

#include <stdbool.h>

#include "tradewind/text.h"

void json_put_open(tw_text *text, const char *key, char kind); /* '{' or '[' */
void json_put_word(tw_text *text, const char *key, const char *word);
void json_put_count(tw_text *text, const char *key, uint64_t count);
void json_put_real(tw_text *text, const char *key, double value); /* null if not finite */
void json_put_flag(tw_text *text, const char *key, bool value);
void json_put_null(tw_text *text, const char *key);
/* An exact number as a string; a time in RFC 3339 with nanoseconds. */
void json_put_decimal(tw_text *text, const char *key, int64_t nano);
void json_put_time(tw_text *text, const char *key, int64_t time_ns);

#endif
