/*
 * alpaca_flat_json.c - walks flat records of JSON, see alpaca_flat.h.
 */
#include <string.h>

#include "alpaca_flat_row.h"
#include "flat_json.h"

/* ---- values ---- */

static const char *read_conditions(const char *at, char *conditions) {
    tw_slice text;
    at = flat_json_blank(at + 1);
    if (*at == ']')
        return at + 1;
    for (unsigned count = 0;; count++) {
        at = flat_json_string(at, &text);
        if (at == NULL)
            return NULL;
        if (count < 5)
            conditions[count] = text.size > 0 ? text.data[0] : ' ';
        at = flat_json_blank(at);
        if (*at == ']')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = flat_json_blank(at + 1);
    }
}

static const char *read_word(const flat_field *field, const char *at, flat_item *item) {
    tw_slice text;
    at = flat_json_string(at, &text);
    if (at != NULL)
        tw_flat_put_word(field, text, item);
    return at;
}

static inline bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline const char *read_value(const flat_field *field, const char *at, flat_memory *memory,
                                     flat_item *item) {
    char *target = (char *)&item->record + field->offset;
    int64_t number = 0;
    uint64_t count = 0;
    switch ((flat_form)field->form) {
    case FLAT_DECIMAL:
        at = flat_json_decimal(at, &number);
        memcpy(target, &number, sizeof number);
        return at;
    case FLAT_UNSIGNED:
        at = flat_json_unsigned(at, &count);
        memcpy(target, &count, sizeof count);
        return at;
    case FLAT_TIME:
        at = flat_json_time(at, &memory->day, &number);
        memcpy(target, &number, sizeof number);
        return at;
    case FLAT_CONDITIONS:
        return *at == '[' ? read_conditions(at, target) : read_word(field, at, item);
    case FLAT_CODE:
        if (at[0] != '"' || at[2] != '"' || !is_letter(at[1]))
            return read_word(field, at, item);
        *target = at[1]; /* of one letter, nearly always */
        return at + 3;
    case FLAT_TAKER:
    case FLAT_MARK:
    case FLAT_SYMBOL:
        return read_word(field, at, item);
    case FLAT_TYPE:
        break;
    }
    return NULL;
}

/* ---- objects ---- */

/* A key that is in no row, and its value. */
static const char *pass_unknown(const char *at) {
    tw_slice key;
    at = flat_json_string(at, &key);
    return at != NULL && *at == ':' ? flat_json_pass(flat_json_blank(at + 1)) : NULL;
}

/* Reads an object, `at` being its first key. */
static const char *walk_object(flat_walk *walk, flat_memory *memory, const char *at,
                               flat_item *item) {
    for (;;) {
        const flat_field *field = flat_walk_row(walk, FLAT_JSON, digits_bytes(at));
        if (field != NULL) {
            if (!flat_walk_on(walk, field))
                return NULL;
            const char *value = flat_json_blank(at + field->name_size + 3);
            at = read_value(field, value, memory, item);
            if (at == NULL && memcmp(value, "null", 4) == 0)
                at = value + 4;
        } else {
            at = pass_unknown(at);
        }
        if (at == NULL)
            return NULL;
        at = flat_json_blank(at);
        if (*at == '}')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = flat_json_blank(at + 1);
    }
}

/* ---- pages ---- */

const char *tw_flat_record(flat_reading *reading, flat_kind kind, tw_symbol symbol,
                           const char *at) {
    flat_item item;
    if (*at != '{')
        return NULL;
    memset(&item, 0, sizeof item);
    at = flat_json_blank(at + 1);
    flat_walk walk = flat_walk_record(reading, kind);
    at = *at == '}' ? at + 1 : walk_object(&walk, reading->memory, at, &item);
    if (at != NULL)
        tw_flat_give_record(reading, kind, symbol, &item);
    return at;
}

const char *tw_flat_records(flat_reading *reading, flat_kind kind, tw_symbol symbol,
                            const char *at) {
    if (*at != '[')
        return NULL;
    at = flat_json_blank(at + 1);
    if (*at == ']')
        return at + 1;
    for (;;) {
        at = tw_flat_record(reading, kind, symbol, at);
        if (at == NULL)
            return NULL;
        at = flat_json_blank(at);
        if (*at == ']')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = flat_json_blank(at + 1);
    }
}

/* ---- frames ---- */

static const char *read_message(flat_reading *reading, const char *at) {
    flat_item item;
    if (*at != '{')
        return NULL;
    at = flat_json_blank(at + 1);
    if (memcmp(at, "\"T\":", 4) != 0)
        return NULL;
    at = flat_json_blank(at + 4);
    char type = at[1];
    flat_kind kind = at[0] == '"' && at[2] == '"' ? tw_flat_kind_of(type) : FLAT_KIND_COUNT;
    if (kind == FLAT_KIND_COUNT)
        return NULL;
    at = flat_json_blank(at + 3);
    if (*at != ',')
        return NULL;
    memset(&item, 0, sizeof item);
    flat_walk walk = flat_walk_message(reading, kind);
    at = walk_object(&walk, reading->memory, flat_json_blank(at + 1), &item);
    return at != NULL && tw_flat_give_message(reading, kind, type, &item) ? at : NULL;
}

const char *tw_flat_frame(flat_reading *reading, const char *at) {
    at = flat_json_blank(at);
    if (*at != '[')
        return read_message(reading, at);
    at = flat_json_blank(at + 1);
    if (*at == ']')
        return at + 1;
    for (;;) {
        at = read_message(reading, at);
        if (at == NULL)
            return NULL;
        at = flat_json_blank(at);
        if (*at == ']')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = flat_json_blank(at + 1);
    }
}
