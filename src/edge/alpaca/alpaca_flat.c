/*
 * alpaca_flat.c - see alpaca_flat.h: the tables of rows, and what becomes of an item.
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
#include <stddef.h>
#include <string.h>

#include "alpaca_flat_row.h"
#include "alpaca_reader.h"

/* Names of one to three characters. */
#define NAME1(a) ((uint64_t)(a))
#define NAME2(a, b) (NAME1(a) | (uint64_t)(b) << 8)
#define NAME3(a, b, c) (NAME2(a, b) | (uint64_t)(c) << 16)
#define MASK(size) (UINT64_MAX >> 8 * (8 - (size)))
#define ROW(type, size, name, form, member)                       \
    {                                                             \
        {{'"' | (name) << 8 | (uint64_t)'"' << 8 * ((size) + 1) | \
              (uint64_t)':' << 8 * ((size) + 2),                  \
          MASK((size) + 3)},                                      \
         {(0xA0 + (size)) | (name) << 8, MASK((size) + 1)}},      \
            size, form, offsetof(type, member)                    \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

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

const flat_table tw_flat_tables[FLAT_KIND_COUNT] = {
    [FLAT_TRADES] = {trade_fields, COUNT_OF(trade_fields)},
    [FLAT_QUOTES] = {quote_fields, COUNT_OF(quote_fields)},
    [FLAT_BARS] = {bar_fields, COUNT_OF(bar_fields)},
};
_Static_assert(COUNT_OF(trade_fields) <= FLAT_FIELD_MAX, "next has a place for each row");
_Static_assert(COUNT_OF(quote_fields) <= FLAT_FIELD_MAX, "next has a place for each row");
_Static_assert(COUNT_OF(bar_fields) <= FLAT_FIELD_MAX, "next has a place for each row");

/* ---- items ---- */

void tw_flat_put_word(const flat_field *field, tw_slice text, flat_item *item) {
    char *target = (char *)&item->record + field->offset;
    char first = text.size > 0 ? text.data[0] : '\0';
    switch ((flat_form)field->form) {
    case FLAT_CODE:
        *target = first;
        break;
    case FLAT_CONDITIONS:
        memcpy(target, text.data, text.size < 5 ? text.size : 5);
        break;
    case FLAT_TAKER:
        *(unsigned char *)target = first == 'B'   ? TW_SIDE_BUY
                                   : first == 'S' ? TW_SIDE_SELL
                                                  : TW_SIDE_NONE;
        break;
    case FLAT_MARK:
        *(unsigned char *)target = tw_alpaca_read_mark(text);
        break;
    case FLAT_SYMBOL:
        item->name = text;
        break;
    case FLAT_DECIMAL:
    case FLAT_UNSIGNED:
    case FLAT_TIME:
    case FLAT_TYPE:
        TW_ASSERT(field->form != FLAT_TYPE); /* no words */
    }
}

/* The bytes of a name of 1 to 7, and its size behind them: of MessagePack it may hold zeros. */
static uint64_t word_of(tw_slice name) {
    const unsigned char *bytes = (const unsigned char *)name.data;
    size_t last = name.size - 1;
    uint64_t word = (uint64_t)name.size << 56 | bytes[0];
    if (name.size < 4)
        return word | (uint64_t)bytes[name.size / 2] << 8 * (name.size / 2) |
               (uint64_t)bytes[last] << 8 * last;
    uint32_t end = (uint32_t)bytes[last - 3] | (uint32_t)bytes[last - 2] << 8 |
                   (uint32_t)bytes[last - 1] << 16 | (uint32_t)bytes[last] << 24;
    return word | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
           (uint64_t)end << 8 * (last - 3);
}

bool tw_flat_symbol(flat_reading *reading, tw_slice name, tw_symbol *ret_symbol) {
    if (name.size == 0 || name.size > 7)
        return tw_symbols_intern(reading->symbols, name, ret_symbol) == TW_OK;
    uint64_t word = word_of(name);
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

void tw_flat_give_record(flat_reading *reading, flat_kind kind, tw_symbol symbol, flat_item *item) {
    set_symbol(item, kind, symbol);
    if (kind == FLAT_BARS)
        item->record.bar.timeframe_ns = reading->timeframe_ns;
    give(reading, kind, item);
}

flat_kind tw_flat_kind_of(char type) {
    switch (type) {
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

bool tw_flat_give_message(flat_reading *reading, flat_kind kind, char type, flat_item *item) {
    tw_symbol symbol = TW_SYMBOL_NONE;
    if (!tw_flat_symbol(reading, item->name, &symbol))
        return false;
    set_symbol(item, kind, symbol);
    if (kind == FLAT_BARS) {
        item->record.bar.timeframe_ns =
            type == TW_ALPACA_BAR_DAILY ? TW_NS_PER_DAY : TW_NS_PER_MINUTE;
        item->record.bar.revision = type == TW_ALPACA_BAR_UPDATED;
    }
    give(reading, kind, item);
    return true;
}
