/*
 * dashboard_words.h - JSON into a bounded text, piece by piece: commas come by themselves.
 */
#ifndef TRADEWIND_RUN_DASHBOARD_WORDS_H
#define TRADEWIND_RUN_DASHBOARD_WORDS_H

#include "dashboard_priv.h"

/* A comma, unless something has just been opened. */
void dashboard_separate(tw_text *text);
/* An exact number as a string; a time in RFC 3339 with nanoseconds. */
void dashboard_decimal(tw_text *text, int64_t nano);
void dashboard_time(tw_text *text, int64_t time_ns);
/* NaN, which is written as null, for what is not known. */
double dashboard_or_unknown(bool known, double value);

/* "key": and what it is. `kind` is '{' or '[', which the caller closes; within an array `key` is
 * NULL. */
void dashboard_put_key(tw_text *text, const char *key);
void dashboard_put_open(tw_text *text, const char *key, char kind);
void dashboard_put_word(tw_text *text, const char *key, const char *word);
void dashboard_put_count(tw_text *text, const char *key, uint64_t count);
void dashboard_put_real(tw_text *text, const char *key, double value);
void dashboard_put_flag(tw_text *text, const char *key, bool value);
void dashboard_put_null(tw_text *text, const char *key);
void dashboard_put_decimal(tw_text *text, const char *key, int64_t nano);

#endif
