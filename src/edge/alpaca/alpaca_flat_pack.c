/*
 * alpaca_flat_pack.c - walks flat records of MessagePack, see alpaca_flat.h.
 */
#include <string.h>

#include "alpaca_flat_row.h"
#include "flat_pack.h"

/* ---- values ---- */

static flat_bytes read_conditions(flat_bytes at, flat_bytes end, char *conditions) {
    uint64_t count = 0;
    at = flat_pack_container(at, end, false, &count);
    for (uint64_t i = 0; i < count && at != NULL; i++) {
        tw_slice text;
        at = flat_pack_string(at, end, &text);
        if (at != NULL && i < 5)
            conditions[i] = text.size > 0 ? text.data[0] : ' ';
    }
    return at;
}

static flat_bytes read_word(const flat_field *field, flat_bytes at, flat_bytes end,
                            flat_item *item) {
    tw_slice text;
    at = flat_pack_string(at, end, &text);
    if (at != NULL)
        tw_flat_put_word(field, text, item);
    return at;
}

static inline flat_bytes read_value(const flat_field *field, flat_bytes at, flat_bytes end,
                                    flat_item *item) {
    char *target = (char *)&item->record + field->offset;
    int64_t number = 0;
    uint64_t count = 0;
    flat_bytes behind = NULL;
    switch ((flat_form)field->form) {
    case FLAT_DECIMAL:
        behind = flat_pack_decimal(at, end, &number);
        memcpy(target, &number, sizeof number);
        return behind;
    case FLAT_UNSIGNED:
        behind = flat_pack_unsigned(at, end, &count);
        memcpy(target, &count, sizeof count);
        return behind;
    case FLAT_TIME:
        behind = flat_pack_time(at, end, &number);
        memcpy(target, &number, sizeof number);
        return behind;
    case FLAT_CONDITIONS:
        behind = read_conditions(at, end, target);
        return behind != NULL ? behind : read_word(field, at, end, item);
    case FLAT_CODE:
    case FLAT_TAKER:
    case FLAT_MARK:
    case FLAT_SYMBOL:
        return read_word(field, at, end, item);
    case FLAT_TYPE:
        break;
    }
    return NULL;
}

/* ---- objects ---- */

/* A key that is in no row, and its value. A longer head may hide a name that is in one. */
static flat_bytes pass_unknown(flat_bytes at, flat_bytes end) {
    tw_slice key;
    if (at == end || (*at & 0xE0) != 0xA0)
        return NULL;
    at = flat_pack_string(at, end, &key);
    return at != NULL ? flat_pack_pass(at, end) : NULL;
}

static flat_bytes walk_pairs(flat_walk *walk, uint64_t count, flat_bytes at, flat_bytes end,
                             flat_item *item) {
    for (; count > 0 && at != NULL; count--) {
        const flat_field *field = flat_walk_row(walk, FLAT_PACKED, flat_pack_word(at, end));
        if (field == NULL) {
            at = pass_unknown(at, end);
            continue;
        }
        if (!flat_walk_on(walk, field))
            return NULL;
        flat_bytes value = at + field->name_size + 1;
        at = read_value(field, value, end, item);
        if (at == NULL && value < end && *value == 0xC0)
            at = value + 1;
    }
    return at;
}

/* ---- frames ---- */

static flat_bytes read_message(flat_reading *reading, flat_bytes at, flat_bytes end) {
    uint64_t count = 0;
    flat_item item;
    at = flat_pack_container(at, end, true, &count);
    if (at == NULL || count == 0 || !flat_pack_has(at, end, 4) || memcmp(at, "\xA1T\xA1", 3) != 0)
        return NULL;
    char type = (char)at[3];
    flat_kind kind = tw_flat_kind_of(type);
    if (kind == FLAT_KIND_COUNT)
        return NULL;
    memset(&item, 0, sizeof item);
    flat_walk walk = flat_walk_message(reading, kind);
    at = walk_pairs(&walk, count - 1, at + 4, end, &item);
    return at != NULL && tw_flat_give_message(reading, kind, type, &item) ? at : NULL;
}

bool tw_flat_frame_packed(flat_reading *reading, tw_slice input) {
    uint64_t count = 0;
    if (input.size == 0)
        return false;
    flat_bytes at = (flat_bytes)input.data;
    flat_bytes end = at + input.size;
    flat_bytes first = flat_pack_container(at, end, false, &count);
    if (first == NULL) /* one message, then */
        count = 1;
    else
        at = first;
    for (; count > 0 && at != NULL; count--)
        at = read_message(reading, at, end);
    return at == end;
}
