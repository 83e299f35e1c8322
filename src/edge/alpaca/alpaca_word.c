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

static const size_t NULL_SIZE = 4; /* behind the key of a member */

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

static tw_status put_boolean(tw_json_value *value, const char *name, tw_slice text, void *target) {
    if (!tw_slice_equal_string(text, "true") && !tw_slice_equal_string(text, "false"))
        return bad(value, TW_PARSE, name, "true or false");
    *(unsigned char *)target = text.data[0] == 't';
    return TW_OK;
}

static tw_status put_number(const word_field *field, tw_json_value *value, tw_slice text,
                            void *target) {
    int64_t number = 0;
    uint64_t count = 0;
    double real = 0;
    tw_status status = TW_OK;
    const char *what = "a number that fits";
    switch ((word_form)field->form) {
    case WORD_DECIMAL:
    case WORD_NUMBER:
        status = tw_decimal_parse_rounded(text, &number);
        break;
    case WORD_INTEGER:
        what = "an integer that fits";
        status = tw_parse_i64(text, &number);
        break;
    case WORD_COUNT:
        what = "an unsigned 64-bit integer";
        status = tw_parse_u64(text, &count);
        break;
    case WORD_REAL:
        status = tw_parse_double(text, &real);
        break;
    case WORD_TIME:
        what = "a time of RFC 3339";
        status = tw_time_parse(text, &number);
        break;
    case WORD_TEXT:
    case WORD_SLICE:
    case WORD_LIST:
    case WORD_BOOLEAN:
    case WORD_CUSTOM:
        TW_ASSERT(field->form != WORD_CUSTOM); /* the caller's */
    }
    if (status != TW_OK)
        return bad(value, status, field->name, what);
    if (field->form == WORD_COUNT)
        memcpy(target, &count, sizeof count);
    else if (field->form == WORD_REAL)
        memcpy(target, &real, sizeof real);
    else
        memcpy(target, &number, sizeof number);
    return TW_OK;
}

/* Text fields take any scalar: a number in a text field is kept as written. Other fields take an
 * empty string for "none", as some of the venue's models write it. */
tw_status tw_word_put(const word_table *table, uint32_t row, tw_json_value *value, tw_slice text,
                      void *record, uint64_t *present) {
    TW_ASSERT(row < table->count && table->count <= 64);
    const word_field *field = &table->fields[row];
    char *target = (char *)record + field->offset;
    tw_status status = TW_OK;
    if (field->form == WORD_TEXT) {
        if (!tw_word_copy(text, target, field->size))
            return TW_OK;
    } else if (field->form == WORD_SLICE) {
        memcpy(target, &text, sizeof text);
    } else if (text.size == 0) {
        return TW_OK;
    } else if (field->form == WORD_BOOLEAN) {
        status = put_boolean(value, field->name, text, target);
    } else {
        status = put_number(field, value, text, target);
    }
    if (status == TW_OK)
        *present |= UINT64_C(1) << row;
    return status;
}

typedef struct list_context {
    char *buffer;
    size_t capacity;
    size_t size;
    bool whole;
} list_context;

static tw_status on_list_item(void *context, tw_json_value *value) {
    list_context *c = context;
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    size_t need = text.size + (c->size > 0 ? 1 : 0);
    if (!c->whole || c->size + need >= c->capacity) {
        c->whole = false;
        return TW_OK;
    }
    if (c->size > 0)
        c->buffer[c->size++] = ',';
    if (text.size > 0)
        memcpy(c->buffer + c->size, text.data, text.size);
    c->size += text.size;
    c->buffer[c->size] = '\0';
    return TW_OK;
}

tw_status tw_word_list(tw_json_value *value, char *buffer, size_t capacity, bool *ret_whole) {
    list_context c = {buffer, capacity, 0, true};
    buffer[0] = '\0';
    tw_status status = tw_json_kind_of(value) == TW_JSON_ARRAY
                           ? tw_json_each_item(value, on_list_item, &c)
                           : on_list_item(&c, value);
    *ret_whole = c.whole;
    return status;
}

tw_status tw_word_decode(const word_table *table, uint32_t row, tw_json_value *value, void *record,
                         uint64_t *present) {
    const word_field *field = &table->fields[row];
    tw_slice text;
    bool whole = false;
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    if (field->form == WORD_LIST) {
        tw_status status = tw_word_list(value, (char *)record + field->offset, field->size, &whole);
        if (status == TW_OK && whole)
            *present |= UINT64_C(1) << row;
        return status;
    }
    tw_status status = tw_json_scalar(value, &text);
    return status == TW_OK ? tw_word_put(table, row, value, text, record, present) : status;
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

typedef struct all_rows {
    const word_table *table;
    void *record;
    uint64_t *present;
    uint32_t hint;
} all_rows;

static tw_status on_row(void *context, tw_slice key, tw_json_value *value) {
    all_rows *rows = context;
    uint32_t row = tw_word_find(rows->table, key, &rows->hint);
    if (row == rows->table->count)
        return TW_OK;
    return tw_word_decode(rows->table, row, value, rows->record, rows->present);
}

tw_status tw_word_decode_all(const word_table *table, tw_json_value *object, void *record,
                             uint64_t *present) {
    all_rows rows = {table, record, present, 0};
    return tw_json_each_field(object, on_row, &rows);
}

void tw_word_key(tw_text *text, const char *name, bool *first) {
    if (!*first)
        tw_text_append_char(text, ',');
    *first = false;
    tw_text_append_char(text, '"');
    tw_text_append_string(text, name);
    tw_text_append(text, (tw_slice){"\":", 2});
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

void tw_word_put_list(tw_text *text, const char *list) {
    tw_text_append_char(text, '[');
    tw_slice rest = tw_slice_of(list);
    for (bool first = true; rest.data != NULL && list[0] != '\0'; first = false) {
        if (!first)
            tw_text_append_char(text, ',');
        tw_text_append_json(text, tw_slice_split(&rest, ','));
    }
    tw_text_append_char(text, ']');
}

/* True if the field holds something: not zero, not empty. */
static bool has_value(const word_field *field, const char *source) {
    static const char zero[8];
    tw_slice slice;
    switch ((word_form)field->form) {
    case WORD_TEXT:
    case WORD_LIST:
    case WORD_BOOLEAN:
        return *source != '\0';
    case WORD_SLICE:
        memcpy(&slice, source, sizeof slice);
        return slice.size > 0;
    case WORD_DECIMAL:
    case WORD_NUMBER:
    case WORD_INTEGER:
    case WORD_COUNT:
    case WORD_REAL:
    case WORD_TIME:
        return memcmp(source, zero, sizeof zero) != 0;
    case WORD_CUSTOM:
        break;
    }
    return false;
}

static void encode_number(const word_field *field, const char *source, tw_text *text) {
    int64_t number = 0;
    uint64_t count = 0;
    double real = 0;
    memcpy(&number, source, sizeof number);
    memcpy(&count, source, sizeof count);
    memcpy(&real, source, sizeof real);
    if (field->form == WORD_COUNT)
        tw_text_append_u64(text, count);
    else if (field->form == WORD_REAL)
        tw_text_append_double(text, real);
    else if (field->form == WORD_INTEGER)
        tw_text_append_i64(text, number);
    else
        tw_word_put_decimal(text, number);
}

static void encode_value(const word_field *field, const char *source, tw_text *text) {
    int64_t time_ns = 0;
    tw_slice slice;
    switch ((word_form)field->form) {
    case WORD_TEXT:
        tw_word_put_string(text, source);
        return;
    case WORD_SLICE:
        memcpy(&slice, source, sizeof slice);
        tw_text_append_json(text, slice);
        return;
    case WORD_LIST:
        tw_word_put_list(text, source);
        return;
    case WORD_DECIMAL:
        tw_text_append_char(text, '"');
        encode_number(field, source, text);
        tw_text_append_char(text, '"');
        return;
    case WORD_NUMBER:
    case WORD_INTEGER:
    case WORD_COUNT:
    case WORD_REAL:
        encode_number(field, source, text);
        return;
    case WORD_BOOLEAN:
        tw_text_append_string(text, *source != 0 ? "true" : "false");
        return;
    case WORD_TIME:
        memcpy(&time_ns, source, sizeof time_ns);
        tw_word_put_time(text, time_ns);
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
    bool has = given || has_value(field, source);
    if (field->absent == WORD_ALIAS && !given)
        return;
    if (!has && field->absent == WORD_OMIT)
        return;
    bool is_null = !has && field->absent == WORD_NULL;
    size_t skipped = *first ? 1 : 0; /* the comma */
    size_t size = field->key_size + (is_null ? NULL_SIZE : 0);
    TW_ASSERT(field->member != NULL); /* a custom row has its own encoder */
    tw_text_append(text, (tw_slice){field->member + skipped, size - skipped});
    *first = false;
    if (!is_null)
        encode_value(field, source, text);
}

void tw_word_encode_all(const word_table *table, const void *record, uint64_t present,
                        tw_text *text) {
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < table->count; row++)
        if (table->fields[row].form != WORD_CUSTOM)
            tw_word_encode(table, row, record, present, text, &first);
    tw_text_append_char(text, '}');
}
