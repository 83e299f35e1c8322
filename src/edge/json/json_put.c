/* json_put.c - see json_put.h. */
#include "json_put.h"

#include "tradewind/decimal.h"
#include "tradewind/time.h"

/* A comma, unless something has just been opened; and the key. */
static void begin(tw_text *text, const char *key) {
    char last = text->size > 0 ? text->data[text->size - 1] : '{';
    if (last != '{' && last != '[')
        tw_text_append_char(text, ',');
    if (key == NULL)
        return;
    tw_text_append_char(text, '"');
    tw_text_append_string(text, key);
    tw_text_append_string(text, "\":");
}

void json_put_open(tw_text *text, const char *key, char kind) {
    begin(text, key);
    tw_text_append_char(text, kind);
}

void json_put_word(tw_text *text, const char *key, const char *word) {
    begin(text, key);
    tw_text_append_json(text, tw_slice_of(word));
}

void json_put_count(tw_text *text, const char *key, uint64_t count) {
    begin(text, key);
    tw_text_append_u64(text, count);
}

void json_put_real(tw_text *text, const char *key, double value) {
    begin(text, key);
    tw_text_append_double(text, value);
}

void json_put_flag(tw_text *text, const char *key, bool value) {
    begin(text, key);
    tw_text_append_string(text, value ? "true" : "false");
}

void json_put_null(tw_text *text, const char *key) {
    begin(text, key);
    tw_text_append_string(text, "null");
}

void json_put_decimal(tw_text *text, const char *key, int64_t nano) {
    char digits[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, digits);
    json_put_word(text, key, digits);
}

void json_put_time(tw_text *text, const char *key, int64_t time_ns) {
    char words[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, words);
    json_put_word(text, key, words);
}
