/* dashboard_words.c - see dashboard_words.h. */
#include "dashboard_words.h"

#include <math.h>

/* A comma unless something has just been opened. */
void dashboard_separate(tw_text *text) {
    char last = text->size > 0 ? text->data[text->size - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        tw_text_append_char(text, ',');
}

void dashboard_put_key(tw_text *text, const char *key) {
    dashboard_separate(text);
    tw_text_append_char(text, '"');
    tw_text_append_string(text, key);
    tw_text_append_string(text, "\":");
}

void dashboard_put_open(tw_text *text, const char *key, char kind) {
    if (key != NULL)
        dashboard_put_key(text, key);
    else
        dashboard_separate(text);
    tw_text_append_char(text, kind);
}

void dashboard_put_word(tw_text *text, const char *key, const char *word) {
    dashboard_put_key(text, key);
    tw_text_append_json(text, tw_slice_of(word));
}

void dashboard_put_count(tw_text *text, const char *key, uint64_t count) {
    dashboard_put_key(text, key);
    tw_text_append_u64(text, count);
}

void dashboard_put_real(tw_text *text, const char *key, double value) {
    dashboard_put_key(text, key);
    tw_text_append_double(text, value);
}

void dashboard_put_flag(tw_text *text, const char *key, bool value) {
    dashboard_put_key(text, key);
    tw_text_append_string(text, value ? "true" : "false");
}

void dashboard_put_null(tw_text *text, const char *key) {
    dashboard_put_key(text, key);
    tw_text_append_string(text, "null");
}

void dashboard_decimal(tw_text *text, int64_t nano) {
    char digits[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, digits);
    tw_text_append_char(text, '"');
    tw_text_append_string(text, digits);
    tw_text_append_char(text, '"');
}

void dashboard_put_decimal(tw_text *text, const char *key, int64_t nano) {
    dashboard_put_key(text, key);
    dashboard_decimal(text, nano);
}

void dashboard_time(tw_text *text, int64_t time_ns) {
    char words[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, words);
    tw_text_append_char(text, '"');
    tw_text_append_string(text, words);
    tw_text_append_char(text, '"');
}

double dashboard_or_unknown(bool known, double value) {
    return known ? value : NAN;
}
