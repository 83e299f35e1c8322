/*
 * alpaca_word.c - the machine behind the tables of alpaca_word.h.
 *
 * Invariants
 * 1. A field is written only after its whole value was understood.
 * 2. A bit is set exactly when the value was there, not null, understood and not cut.
 */
#include "alpaca_word.h"

#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/time.h"

bool tw_word_copy(tw_slice text, char *buffer, size_t capacity) {
    TW_ASSERT(capacity > 0);
    size_t size = text.size;
    bool whole = size < capacity;
    if (!whole) {
        size = capacity - 1;
        while (size > 0 && ((unsigned char)text.data[size] & 0xC0u) == 0x80u)
            size--;
    }
    if (size > 0)
        memcpy(buffer, text.data, size);
    buffer[size] = '\0';
    return whole;
}

static tw_status bad(tw_json_value *value, tw_status status, const char *name, const char *what) {
    tw_status kept = status == TW_RANGE || status == TW_OVERFLOW ? TW_RANGE : TW_PARSE;
    return tw_json_fail(value, kept, "field \"%s\" is not %s", name, what);
}

tw_status tw_word_decimal(tw_json_value *value, const char *name, int64_t *ret_nano) {
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_EMPTY;
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    status = tw_decimal_parse_rounded(text, ret_nano);
    return status == TW_OK ? TW_OK : bad(value, status, name, "a number that fits");
}

tw_status tw_word_time(tw_json_value *value, const char *name, int64_t *ret_time_ns) {
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_EMPTY;
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (text.size == 0)
        return TW_EMPTY;
    status = tw_time_parse(text, ret_time_ns);
    return status == TW_OK ? TW_OK : bad(value, status, name, "a time of RFC 3339");
}

static tw_status decode_integer(tw_json_value *value, const char *name, int64_t *ret_integer) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    status = tw_parse_i64(text, ret_integer);
    return status == TW_OK ? TW_OK : bad(value, status, name, "an integer that fits");
}

static tw_status decode_boolean(tw_json_value *value, const char *name, unsigned char *ret_flag) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (!tw_slice_equal_string(text, "true") && !tw_slice_equal_string(text, "false"))
        return bad(value, TW_PARSE, name, "true or false");
    *ret_flag = text.data[0] == 't';
    return TW_OK;
}

/* Text fields take any scalar: a number in a text field is kept as written. */
static tw_status decode_text(tw_json_value *value, char *buffer, size_t capacity, bool *ret_whole) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK)
        *ret_whole = tw_word_copy(text, buffer, capacity);
    return status;
}

tw_status tw_word_decode(const word_table *table, uint32_t row, tw_json_value *value, void *record,
                         uint64_t *present) {
    TW_ASSERT(row < table->count && table->count <= 64);
    const word_field *field = &table->fields[row];
    char *target = (char *)record + field->offset;
    int64_t number = 0;
    bool whole = true;
    tw_status status = TW_OK;
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    switch ((word_form)field->form) {
    case WORD_TEXT:
        status = decode_text(value, target, field->size, &whole);
        break;
    case WORD_DECIMAL:
    case WORD_NUMBER:
        status = tw_word_decimal(value, field->name, &number);
        break;
    case WORD_INTEGER:
        status = decode_integer(value, field->name, &number);
        break;
    case WORD_BOOLEAN:
        status = decode_boolean(value, field->name, (unsigned char *)target);
        break;
    case WORD_TIME:
        status = tw_word_time(value, field->name, &number);
        break;
    case WORD_CUSTOM:
        TW_ASSERT(field->form != WORD_CUSTOM); /* such a row has its own decoder */
    }
    if (status == TW_EMPTY)
        return TW_OK;
    if (status != TW_OK)
        return status;
    if (field->form != WORD_TEXT && field->form != WORD_BOOLEAN)
        memcpy(target, &number, sizeof number);
    if (whole)
        *present |= UINT64_C(1) << row;
    return TW_OK;
}

uint32_t tw_word_find(const word_table *table, tw_slice key, uint32_t *hint) {
    for (uint32_t step = 0; step < table->count; step++) {
        uint32_t row = *hint + step;
        if (row >= table->count)
            row -= table->count;
        if (tw_slice_equal_string(key, table->fields[row].name)) {
            *hint = row + 1 < table->count ? row + 1 : 0;
            return row;
        }
    }
    return table->count;
}

void tw_word_key(tw_text *text, const char *name, bool *first) {
    tw_text_append_string(text, *first ? "\"" : ",\"");
    *first = false;
    tw_text_append_string(text, name);
    tw_text_append_string(text, "\":");
}

void tw_word_put_decimal(tw_text *text, int64_t nano) {
    char buffer[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_decimal_format(nano, buffer);
    tw_text_append(text, (tw_slice){buffer, size});
}

void tw_word_put_time(tw_text *text, int64_t time_ns) {
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = tw_time_format(time_ns, -1, buffer);
    tw_text_append_char(text, '"');
    tw_text_append(text, (tw_slice){buffer, size});
    tw_text_append_char(text, '"');
}

void tw_word_put_string(tw_text *text, const char *string) {
    tw_text_append_json(text, tw_slice_of(string));
}

static void encode_value(const word_field *field, const char *source, int64_t number,
                         tw_text *text) {
    switch ((word_form)field->form) {
    case WORD_TEXT:
        tw_word_put_string(text, source);
        return;
    case WORD_DECIMAL:
        tw_text_append_char(text, '"');
        tw_word_put_decimal(text, number);
        tw_text_append_char(text, '"');
        return;
    case WORD_NUMBER:
        tw_word_put_decimal(text, number);
        return;
    case WORD_INTEGER:
        tw_text_append_i64(text, number);
        return;
    case WORD_BOOLEAN:
        tw_text_append_string(text, *source != 0 ? "true" : "false");
        return;
    case WORD_TIME:
        tw_word_put_time(text, number);
        return;
    case WORD_CUSTOM:
        TW_ASSERT(field->form != WORD_CUSTOM); /* such a row has its own encoder */
    }
}

void tw_word_encode(const word_table *table, uint32_t row, const void *record, uint64_t present,
                    tw_text *text, bool *first) {
    TW_ASSERT(row < table->count);
    const word_field *field = &table->fields[row];
    const char *source = (const char *)record + field->offset;
    bool given = (present >> row & 1) != 0;
    int64_t number = 0;
    bool has = given;
    if (field->form == WORD_TEXT || field->form == WORD_BOOLEAN) {
        has = has || *source != '\0';
    } else {
        memcpy(&number, source, sizeof number);
        has = has || number != 0;
    }
    if (field->absent == WORD_ALIAS && !given)
        return;
    if (!has && field->absent == WORD_OMIT)
        return;
    tw_word_key(text, field->name, first);
    if (!has && field->absent == WORD_NULL)
        tw_text_append_string(text, "null");
    else
        encode_value(field, source, number, text);
}
