/*
 * tape_batch.c - many trades, quotes or bars a call, and the loop behind every such call.
 *
 * Idea: what lies in the buffer in the usual form is taken from there (tape_take.h), row after row;
 * at the first other line the reader of single rows (tape_csv.c) has its turn, then taking goes on.
 *
 * Invariants:
 *   1. What is taken here is exactly what the single-row reader would have given, and changes the
 *      same state: the line, its number, the last time of its series. A symbol not known yet or a
 *      rule broken is unusual too.
 *   2. A row of the usual form ends within TW_SOURCE_SLACK bytes (tape_take.h).
 *   3. The word tables only remember: what they hold, tw_symbols_find and tw_timeframe_parse would
 *      answer too. The comma is part of the text, so no two texts make one word.
 */
#include <string.h>

#include "tape_take.h"

/* ---- fields -------------------------------------------------------------------------------- */

/* Nineteen digits, the last eight and the eight before them a word each. */
static inline bool nineteen_digits(const char *at, uint64_t *ret_number) {
    uint64_t first = word_load(at) ^ WORD_OF('0');
    uint64_t middle = word_load(at + 3) ^ WORD_OF('0');
    uint64_t last = word_load(at + 11) ^ WORD_OF('0');
    *ret_number = digits_value(first << 40) * UINT64_C(10000000000000000) +
                  digits_value(middle) * powers_of_ten[8] + digits_value(last);
    return digits_count(first) == 8 && digits_count(middle) == 8 && digits_count(last) == 8;
}

/* Times from 2001 to 2262 have nineteen digits. Where that guess holds, the processor goes on with
 * the next field before it has counted them. */
static inline const char *take_time(const char *at, int64_t *ret_time_ns) {
    uint64_t number = 0;
    if (at[19] == ',' && nineteen_digits(at, &number) && number <= INT64_MAX) {
        *ret_time_ns = (int64_t)number;
        return at + 20;
    }
    at = take_number(at, ',', INT64_MAX, &number);
    *ret_time_ns = (int64_t)number;
    return at;
}

/* The text up to its comma, with it, and what follows; 0 when it is longer than a word. */
static inline uint64_t take_word(const char *at, const char **ret_next) {
    uint64_t word = word_load(at);
    uint64_t apart = word ^ WORD_OF(',');
    uint64_t commas =
        (apart - WORD_OF(0x01)) & ~apart & WORD_OF(0x80); /* its lowest is the first */
    if (commas == 0)
        return 0;
    unsigned size = (unsigned)__builtin_ctzll(commas) / 8 + 1;
    *ret_next = at + size;
    return word_first(word, size);
}

static inline tape_word *find_word(tape_word *words, unsigned bits, uint64_t text) {
    return &words[(text * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits)];
}

static const char *learn_symbol(const tw_tape *tape, const char *at, uint64_t text, tape_word *word,
                                tw_symbol *ret_symbol) {
    const char *comma = memchr(at, ',', TW_SYMBOL_NAME_SIZE);
    if (comma == NULL)
        return NULL;
    *ret_symbol = tw_symbols_find(tape->symbols, (tw_slice){at, (size_t)(comma - at)});
    if (*ret_symbol == TW_SYMBOL_NONE)
        return NULL;
    if (text != 0)
        *word = (tape_word){text, *ret_symbol};
    return comma + 1;
}

static inline const char *take_symbol(tw_tape *tape, const char *at, tw_symbol *ret_symbol) {
    if (at == NULL)
        return NULL;
    const char *next = NULL;
    uint64_t text = take_word(at, &next);
    tape_word *word = find_word(tape->symbol_words, SYMBOL_WORD_BITS, text);
    if (text == 0 || word->text != text)
        return learn_symbol(tape, at, text, word, ret_symbol);
    *ret_symbol = (tw_symbol)word->value;
    return next;
}

static inline const char *take_timeframe(tw_tape *tape, const char *at, int64_t *ret_ns) {
    if (at == NULL)
        return NULL;
    const char *next = NULL;
    uint64_t text = take_word(at, &next);
    if (text == 0)
        return NULL;
    tape_word *word = find_word(tape->timeframe_words, TIMEFRAME_WORD_BITS, text);
    if (word->text != text) {
        int64_t ns;
        if (tw_timeframe_parse((tw_slice){at, (size_t)(next - at) - 1}, &ns) != TW_OK)
            return NULL;
        *word = (tape_word){text, ns};
    }
    *ret_ns = word->value;
    return next;
}

/* B, S or nothing. */
static inline const char *take_side(const char *at, char end, uint8_t *ret_side) {
    if (at == NULL)
        return NULL;
    bool buy = *at == 'B';
    bool there = buy || *at == 'S';
    *ret_side = buy ? TW_SIDE_BUY : there ? TW_SIDE_SELL : TW_SIDE_NONE;
    return take_end(at + there, end);
}

/* One code or none; a blank would be trimmed away. */
static inline const char *take_code(const char *at, char *ret_code) {
    if (at == NULL)
        return NULL;
    bool there = tape_is_code(*at) && *at != ' ';
    *ret_code = there ? *at : '\0';
    return take_end(at + there, ',');
}

static inline const char *take_conditions(const char *at, char ret_conditions[5]) {
    if (at == NULL)
        return NULL;
    int count = 0;
    while (count < 5 && tape_is_code(at[count])) {
        ret_conditions[count] = at[count];
        count++;
    }
    return take_end(at + count, '\n');
}

/* ---- lines --------------------------------------------------------------------------------- */

static inline const char *take_trade(tw_tape *tape, bool full, const char *at, tw_trade *trade) {
    at = take_time(at, &trade->time_ns);
    at = take_symbol(tape, at, &trade->symbol);
    at = take_decimal(at, ',', 1, &trade->price.nano);
    at = take_decimal(at, ',', 1, &trade->quantity.nano);
    at = take_side(at, full ? ',' : '\n', &trade->side);
    if (!full || at == NULL)
        return at;
    if (*at == ',')
        at++; /* no id */
    else
        at = take_number(at, ',', UINT64_MAX, &trade->id);
    at = take_code(at, &trade->exchange);
    at = take_code(at, &trade->tape);
    return take_conditions(at, trade->conditions);
}

/* A price may be empty, and then, or if it is 0, the size is 0; as read_quote_side of tape_csv.c.
 */
static inline const char *take_quote_side(const char *at, char end, int64_t *ret_price_nano,
                                          int64_t *ret_size_nano) {
    if (at == NULL)
        return NULL;
    *ret_price_nano = 0;
    at = *at == ',' ? at + 1 : take_decimal(at, ',', 0, ret_price_nano);
    at = take_decimal(at, end, 0, ret_size_nano);
    return (*ret_price_nano == 0) == (*ret_size_nano == 0) ? at : NULL;
}

static inline const char *take_quote(tw_tape *tape, const char *at, tw_quote *quote) {
    at = take_time(at, &quote->time_ns);
    at = take_symbol(tape, at, &quote->symbol);
    at = take_quote_side(at, ',', &quote->bid_price.nano, &quote->bid_size.nano);
    return take_quote_side(at, '\n', &quote->ask_price.nano, &quote->ask_size.nano);
}

static inline const char *take_bar(tw_tape *tape, size_t field_count, const char *at, tw_bar *bar) {
    at = take_time(at, &bar->time_ns);
    at = take_symbol(tape, at, &bar->symbol);
    at = take_timeframe(tape, at, &bar->timeframe_ns);
    at = take_decimal(at, ',', 1, &bar->open.nano);
    at = take_decimal(at, ',', 1, &bar->high.nano);
    at = take_decimal(at, ',', 1, &bar->low.nano);
    at = take_decimal(at, ',', 1, &bar->close.nano);
    at = take_decimal(at, field_count > 8 ? ',' : '\n', 0, &bar->volume.nano);
    if (field_count > 8)
        at = take_number(at, field_count > 9 ? ',' : '\n', UINT64_MAX, &bar->count);
    if (field_count > 9)
        at = take_decimal(at, field_count > 10 ? ',' : '\n', 0, &bar->vwap.nano);
    uint64_t revision = 0;
    if (field_count > 10)
        at = take_number(at, '\n', UINT32_MAX, &revision);
    bar->revision = (uint32_t)revision;
    bool ordered = bar->high.nano >= bar->open.nano && bar->high.nano >= bar->close.nano &&
                   bar->low.nano <= bar->open.nano && bar->low.nano <= bar->close.nano;
    return ordered ? at : NULL;
}

/* As place_in_series of tape_csv.c; false where that would not simply go on. */
static inline bool follows(tw_tape *tape, tw_symbol symbol, int64_t time_ns, int64_t timeframe_ns) {
    if (symbol >= tape->series_capacity)
        return false;
    tape_last *last = &tape->series[symbol];
    bool back = time_ns < last->time_ns || (timeframe_ns != 0 && time_ns == last->time_ns);
    if (back && last->seen && last->timeframe_ns == timeframe_ns)
        return false;
    *last = (tape_last){.time_ns = time_ns, .timeframe_ns = timeframe_ns, .seen = true};
    return true;
}

void tape_took(tw_tape *tape, size_t count, const char *line, const char *next) {
    if (count == 0)
        return;
    tw_source *source = &tape->source;
    source->taken = (size_t)(next - line);
    source->begin = (size_t)(next - source->buffer);
    source->line += count;
    tape->line = (tw_slice){line, source->taken - (next[-2] == '\r' ? 2 : 1)};
}

static size_t take_trades(tw_tape *tape, void *ret_rows, size_t capacity) {
    tw_trade *trades = ret_rows;
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *next = source->buffer + source->begin;
    const char *line = next;
    bool full = tape->field_count == TRADES_FIELDS_FULL;
    size_t count = 0;
    while (count < capacity && next < end) {
        tw_trade trade = {0};
        const char *behind = take_trade(tape, full, next, &trade);
        if (behind == NULL || behind > end || !follows(tape, trade.symbol, trade.time_ns, 0))
            break;
        trades[count++] = trade;
        line = next;
        next = behind;
    }
    tape_took(tape, count, line, next);
    return count;
}

static size_t take_quotes(tw_tape *tape, void *ret_rows, size_t capacity) {
    tw_quote *quotes = ret_rows;
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *next = source->buffer + source->begin;
    const char *line = next;
    size_t count = 0;
    while (count < capacity && next < end) {
        tw_quote quote = {0};
        const char *behind = take_quote(tape, next, &quote);
        if (behind == NULL || behind > end || !follows(tape, quote.symbol, quote.time_ns, 0))
            break;
        quotes[count++] = quote;
        line = next;
        next = behind;
    }
    tape_took(tape, count, line, next);
    return count;
}

static size_t take_bars(tw_tape *tape, void *ret_rows, size_t capacity) {
    tw_bar *bars = ret_rows;
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *next = source->buffer + source->begin;
    const char *line = next;
    size_t count = 0;
    while (count < capacity && next < end) {
        tw_bar bar = {0};
        const char *behind = take_bar(tape, tape->field_count, next, &bar);
        if (behind == NULL || behind > end ||
            !follows(tape, bar.symbol, bar.time_ns, bar.timeframe_ns))
            break;
        bars[count++] = bar;
        line = next;
        next = behind;
    }
    tape_took(tape, count, line, next);
    return count;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Rows came before a line that gives none: it is the next one again, and the last row's the last.
 * Memory that was not there is asked for anew with it. */
static void leave_to_next_call(tw_tape *tape, tw_slice last_line) {
    tw_source_put_back(&tape->source);
    tape->line = last_line;
    tape->fault.status = TW_OK;
}

tw_status tape_next_many(tw_tape *tape, const tape_rows *rows, void *ret_rows, size_t capacity,
                         size_t *ret_count, tw_error *error) {
    TW_ASSERT(capacity > 0);
    if (tape->fault.status != TW_OK)
        return tape_give_fault(tape, error);
    tape_let_go(tape);
    char *row = ret_rows;
    size_t count = rows->take(tape, row, capacity);
    while (count < capacity && (count == 0 || tw_source_has_line(&tape->source))) {
        tw_slice last_line = tape->line;
        tw_status status = rows->next(tape, row + count * rows->size, count == 0 ? error : NULL);
        if (status != TW_OK && count == 0)
            return status;
        if (status != TW_OK) {
            leave_to_next_call(tape, last_line);
            break;
        }
        count++;
        count += rows->take(tape, row + count * rows->size, capacity - count);
    }
    *ret_count = count;
    return TW_OK;
}

static tw_status next_trade(tw_tape *tape, void *ret_row, tw_error *error) {
    return csv_next_trade(tape, ret_row, error);
}

static tw_status next_quote(tw_tape *tape, void *ret_row, tw_error *error) {
    return csv_next_quote(tape, ret_row, error);
}

static tw_status next_bar(tw_tape *tape, void *ret_row, tw_error *error) {
    return csv_next_bar(tape, ret_row, error);
}

tw_status csv_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity, size_t *ret_count,
                          tw_error *error) {
    static const tape_rows trades = {sizeof(tw_trade), take_trades, next_trade};
    return tape_next_many(tape, &trades, ret_trades, capacity, ret_count, error);
}

tw_status csv_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity, size_t *ret_count,
                          tw_error *error) {
    static const tape_rows quotes = {sizeof(tw_quote), take_quotes, next_quote};
    return tape_next_many(tape, &quotes, ret_quotes, capacity, ret_count, error);
}

tw_status csv_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                        tw_error *error) {
    static const tape_rows bars = {sizeof(tw_bar), take_bars, next_bar};
    return tape_next_many(tape, &bars, ret_bars, capacity, ret_count, error);
}
