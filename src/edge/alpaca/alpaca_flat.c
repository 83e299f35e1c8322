/*
 * alpaca_flat.c - see alpaca_flat.h.
 *
 * A kind of record is a table of rows: a key, where its value goes, and its form. Walking an
 * object compares eight of its bytes with the key of the row that followed the last time, so that
 * a key costs one comparison as long as the venue keeps its order.
 *
 * Invariants
 * 1. The visitor of alpaca_market.c would say the same: a key that comes twice, or any form that
 *    is not plain, ends the walk; null and a key that is missing leave zero.
 * 2. Symbols are looked up when the object was read, as the visitor does it.
 */
#include "alpaca_flat.h"

#include <string.h>

#include "alpaca_reader.h"

typedef enum flat_form {
    FLAT_DECIMAL,
    FLAT_UNSIGNED,
    FLAT_TIME,
    FLAT_CODE,       /* the first character of a string */
    FLAT_CONDITIONS, /* those of an array of strings; a string by its characters */
    FLAT_TAKER,
    FLAT_MARK,
    FLAT_SYMBOL,
    FLAT_TYPE /* the kind of a message, which was looked at before */
} flat_form;

typedef struct flat_field {
    uint64_t key; /* `"vw":`, the first byte lowest */
    uint64_t mask;
    uint8_t key_size;
    uint8_t form;
    uint16_t offset;
} flat_field;

/* Names of one to three characters. */
#define NAME1(a) ((uint64_t)(a))
#define NAME2(a, b) (NAME1(a) | (uint64_t)(b) << 8)
#define NAME3(a, b, c) (NAME2(a, b) | (uint64_t)(c) << 16)
#define ROW(type, size, name, form, member)                                                        \
    {                                                                                              \
        '"' | (name) << 8 | (uint64_t)'"' << 8 * ((size) + 1) | (uint64_t)':' << 8 * ((size) + 2), \
            UINT64_MAX >> 8 * (5 - (size)), (size) + 3, form, offsetof(type, member)               \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The last two rows of each table are those that only messages of a stream have. */
static const flat_field trade_fields[] = {
    ROW(tw_trade, 1, NAME1('t'), FLAT_TIME, time_ns),
    ROW(tw_trade, 1, NAME1('x'), FLAT_CODE, exchange),
    ROW(tw_trade, 1, NAME1('p'), FLAT_DECIMAL, price),
    ROW(tw_trade, 1, NAME1('s'), FLAT_DECIMAL, quantity),
    ROW(tw_trade, 1, NAME1('c'), FLAT_CONDITIONS, conditions),
    ROW(tw_trade, 1, NAME1('i'), FLAT_UNSIGNED, id),
    ROW(tw_trade, 1, NAME1('z'), FLAT_CODE, tape),
    ROW(tw_trade, 3, NAME3('t', 'k', 's'), FLAT_TAKER, side),
    ROW(tw_trade, 1, NAME1('u'), FLAT_MARK, mark),
    ROW(tw_trade, 1, NAME1('S'), FLAT_SYMBOL, symbol),
    ROW(tw_trade, 1, NAME1('T'), FLAT_TYPE, symbol),
};
static const flat_field quote_fields[] = {
    ROW(tw_quote, 1, NAME1('t'), FLAT_TIME, time_ns),
    ROW(tw_quote, 2, NAME2('b', 'x'), FLAT_CODE, bid_exchange),
    ROW(tw_quote, 2, NAME2('b', 'p'), FLAT_DECIMAL, bid_price),
    ROW(tw_quote, 2, NAME2('b', 's'), FLAT_DECIMAL, bid_size),
    ROW(tw_quote, 2, NAME2('a', 'x'), FLAT_CODE, ask_exchange),
    ROW(tw_quote, 2, NAME2('a', 'p'), FLAT_DECIMAL, ask_price),
    ROW(tw_quote, 2, NAME2('a', 's'), FLAT_DECIMAL, ask_size),
    ROW(tw_quote, 1, NAME1('c'), FLAT_CONDITIONS, conditions),
    ROW(tw_quote, 1, NAME1('z'), FLAT_CODE, tape),
    ROW(tw_quote, 1, NAME1('S'), FLAT_SYMBOL, symbol),
    ROW(tw_quote, 1, NAME1('T'), FLAT_TYPE, symbol),
};
static const flat_field bar_fields[] = {
    ROW(tw_bar, 1, NAME1('t'), FLAT_TIME, time_ns),
    ROW(tw_bar, 1, NAME1('o'), FLAT_DECIMAL, open),
    ROW(tw_bar, 1, NAME1('h'), FLAT_DECIMAL, high),
    ROW(tw_bar, 1, NAME1('l'), FLAT_DECIMAL, low),
    ROW(tw_bar, 1, NAME1('c'), FLAT_DECIMAL, close),
    ROW(tw_bar, 1, NAME1('v'), FLAT_DECIMAL, volume),
    ROW(tw_bar, 1, NAME1('n'), FLAT_UNSIGNED, count),
    ROW(tw_bar, 2, NAME2('v', 'w'), FLAT_DECIMAL, vwap),
    ROW(tw_bar, 1, NAME1('S'), FLAT_SYMBOL, symbol),
    ROW(tw_bar, 1, NAME1('T'), FLAT_TYPE, symbol),
};

static const struct {
    const flat_field *fields;
    unsigned count;
} tables[FLAT_KIND_COUNT] = {
    [FLAT_TRADES] = {trade_fields, COUNT_OF(trade_fields)},
    [FLAT_QUOTES] = {quote_fields, COUNT_OF(quote_fields)},
    [FLAT_BARS] = {bar_fields, COUNT_OF(bar_fields)},
};
_Static_assert(COUNT_OF(trade_fields) <= FLAT_FIELD_MAX, "next has a place for each row");
_Static_assert(COUNT_OF(quote_fields) <= FLAT_FIELD_MAX, "next has a place for each row");
_Static_assert(COUNT_OF(bar_fields) <= FLAT_FIELD_MAX, "next has a place for each row");

typedef struct flat_item {
    union {
        tw_trade trade;
        tw_quote quote;
        tw_bar bar;
    } record;
    tw_slice name; /* of the symbol; empty in a page */
} flat_item;

/* ---- values ---- */

static const char *read_conditions(const char *at, char *conditions) {
    tw_slice text;
    if (*at != '[') {
        at = flat_json_string(at, &text);
        if (at != NULL)
            memcpy(conditions, text.data, text.size < 5 ? text.size : 5);
        return at;
    }
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

static const char *read_word(const flat_field *field, const char *at, flat_item *item,
                             char *target) {
    tw_slice text;
    at = flat_json_string(at, &text);
    if (at == NULL)
        return NULL;
    char first = text.size > 0 ? text.data[0] : '\0';
    if (field->form == FLAT_CODE)
        *target = first;
    else if (field->form == FLAT_TAKER)
        *(unsigned char *)target = first == 'B'   ? TW_SIDE_BUY
                                   : first == 'S' ? TW_SIDE_SELL
                                                  : TW_SIDE_NONE;
    else if (field->form == FLAT_MARK)
        *(unsigned char *)target = tw_alpaca_read_mark(text);
    else
        item->name = text;
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
        return read_conditions(at, target);
    case FLAT_CODE:
        if (at[0] != '"' || at[2] != '"' || !is_letter(at[1]))
            return read_word(field, at, item, target);
        *target = at[1]; /* of one letter, nearly always */
        return at + 3;
    case FLAT_TAKER:
    case FLAT_MARK:
    case FLAT_SYMBOL:
        return read_word(field, at, item, target);
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

static unsigned find_row(const flat_field *fields, unsigned count, uint64_t word) {
    unsigned row = 0;
    while (row < count && (word & fields[row].mask) != fields[row].key)
        row++;
    return row;
}

/* Reads an object, `at` being its first key or its end; `seen` are rows that were there before. */
static const char *walk(flat_reading *reading, flat_kind kind, unsigned seen, const char *at,
                        flat_item *item) {
    const flat_field *fields = tables[kind].fields;
    unsigned count = seen == 0 ? tables[kind].count - 2 : tables[kind].count;
    uint8_t *next = &reading->memory->next[kind][FLAT_FIELD_MAX];
    for (;;) {
        uint64_t word = digits_bytes(at);
        unsigned row = *next;
        if (row >= count || (word & fields[row].mask) != fields[row].key)
            row = find_row(fields, count, word);
        if (row < count) {
            if ((seen >> row & 1) != 0)
                return NULL;
            seen |= 1u << row;
            *next = (uint8_t)row;
            next = &reading->memory->next[kind][row];
            const char *value = flat_json_blank(at + fields[row].key_size);
            at = read_value(&fields[row], value, reading->memory, item);
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

bool tw_flat_symbol(flat_reading *reading, tw_slice name, tw_symbol *ret_symbol) {
    if (name.size == 0 || name.size > 7)
        return tw_symbols_intern(reading->symbols, name, ret_symbol) == TW_OK;
    char bytes[8] = {0};
    memcpy(bytes, name.data, name.size);
    bytes[7] = (char)name.size; /* a name of MessagePack may hold zeros */
    uint64_t word = digits_bytes(bytes);
    size_t place = word * UINT64_C(0x9E3779B97F4A7C15) >> 32 & (FLAT_NAME_COUNT - 1);
    if (reading->memory->names[place].name != word) {
        tw_symbol symbol = TW_SYMBOL_NONE;
        if (tw_symbols_intern(reading->symbols, name, &symbol) != TW_OK)
            return false;
        reading->memory->names[place].name = word;
        reading->memory->names[place].symbol = symbol;
    }
    *ret_symbol = reading->memory->names[place].symbol;
    return true;
}

static void give(flat_reading *reading, flat_kind kind, flat_item *item) {
    const tw_alpaca_events *events = reading->events;
    reading->given++;
    if (kind == FLAT_TRADES && events->on_trade != NULL)
        events->on_trade(events->context, &item->record.trade);
    if (kind == FLAT_QUOTES && events->on_quote != NULL)
        events->on_quote(events->context, &item->record.quote);
    if (kind == FLAT_BARS && events->on_bar != NULL)
        events->on_bar(events->context, &item->record.bar);
}

static void set_symbol(flat_item *item, flat_kind kind, tw_symbol symbol) {
    if (kind == FLAT_TRADES)
        item->record.trade.symbol = symbol;
    else if (kind == FLAT_QUOTES)
        item->record.quote.symbol = symbol;
    else
        item->record.bar.symbol = symbol;
}

/* ---- pages ---- */

const char *tw_flat_record(flat_reading *reading, flat_kind kind, tw_symbol symbol,
                           const char *at) {
    flat_item item;
    if (*at != '{')
        return NULL;
    memset(&item, 0, sizeof item);
    at = flat_json_blank(at + 1);
    at = *at == '}' ? at + 1 : walk(reading, kind, 0, at, &item);
    if (at == NULL)
        return NULL;
    set_symbol(&item, kind, symbol);
    if (kind == FLAT_BARS)
        item.record.bar.timeframe_ns = reading->timeframe_ns;
    give(reading, kind, &item);
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

/* {"T":"t", ...: the kind and, in *ret_type, the letter; FLAT_KIND_COUNT for any other. */
static flat_kind kind_of_message(const char *at, char *ret_type) {
    if (*at != '"' || at[2] != '"')
        return FLAT_KIND_COUNT;
    *ret_type = at[1];
    switch (at[1]) {
    case 't':
        return FLAT_TRADES;
    case 'q':
        return FLAT_QUOTES;
    case TW_ALPACA_BAR_MINUTE:
    case TW_ALPACA_BAR_UPDATED:
    case TW_ALPACA_BAR_DAILY:
        return FLAT_BARS;
    default:
        return FLAT_KIND_COUNT;
    }
}

static const char *read_message(flat_reading *reading, const char *at) {
    flat_item item;
    char type = '\0';
    if (*at != '{')
        return NULL;
    at = flat_json_blank(at + 1);
    if (memcmp(at, "\"T\":", 4) != 0)
        return NULL;
    at = flat_json_blank(at + 4);
    flat_kind kind = kind_of_message(at, &type);
    if (kind == FLAT_KIND_COUNT)
        return NULL;
    at = flat_json_blank(at + 3);
    if (*at != ',')
        return NULL;
    memset(&item, 0, sizeof item);
    at = walk(reading, kind, 1u << (tables[kind].count - 1), flat_json_blank(at + 1), &item);
    tw_symbol symbol = TW_SYMBOL_NONE;
    if (at == NULL || !tw_flat_symbol(reading, item.name, &symbol))
        return NULL;
    set_symbol(&item, kind, symbol);
    if (kind == FLAT_BARS) {
        item.record.bar.timeframe_ns =
            type == TW_ALPACA_BAR_DAILY ? TW_NS_PER_DAY : TW_NS_PER_MINUTE;
        item.record.bar.revision = type == TW_ALPACA_BAR_UPDATED;
    }
    give(reading, kind, &item);
    return at;
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
