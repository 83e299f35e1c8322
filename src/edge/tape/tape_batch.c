/*
 * tape_batch.c - many trades or bars a call.
 *
 * Idea: a line in the usual form is read where it lies in the buffer, once from left to right,
 * without being cut into fields first. "Take" functions read one field with the comma behind it and
 * return what follows, or NULL for anything unusual: a blank, a sign, an exponent, a tenth decimal,
 * a CR, a symbol not known yet, a rule broken. Such a line is left to the single-row readers
 * (tape_csv.c), which alone know the rules in full and the words for what is wrong.
 *
 * Invariants:
 *   1. What is taken here is exactly what the single-row reader would have given, and changes the
 *      same state: the line, its number, the last time of its series.
 *   2. A take function reads at most 32 bytes behind the one at which it ends, and no field that it
 *      takes is longer, so a row of the usual form ends within TW_SOURCE_SLACK bytes. A line counts
 * only if its LF lies inside the buffer; what was read behind that is forgotten.
 *   3. The word tables only remember: what they hold, tw_symbols_find and tw_timeframe_parse would
 *      answer too. The comma is part of the text, so no two texts make one word.
 */
#include <string.h>

#include "tape_digits.h"
#include "tape_priv.h"

#define WHOLE_MAX UINT64_C(9223372035) /* with any fraction this is still in range */

static const uint64_t powers_of_ten[9] = {1,      10,      100,      1000,     10000,
                                          100000, 1000000, 10000000, 100000000};

/* ---- fields -------------------------------------------------------------------------------- */

static inline const char *take_end(const char *at, char end) {
    return at != NULL && *at == end ? at + 1 : NULL;
}

/* One to nineteen digits, which always fit. */
static inline const char *take_digits(const char *at, uint64_t *ret_number) {
    uint64_t number = 0;
    unsigned total = 0;
    unsigned count;
    do {
        uint64_t digits = word_load(at) ^ WORD_OF('0');
        count = digits_count(digits);
        if (count == 0)
            break;
        number = number * powers_of_ten[count] + digits_value(digits << (64 - 8 * count));
        at += count;
        total += count;
    } while (count == 8 && total < 24);
    *ret_number = number;
    return total >= 1 && total <= 19 ? at : NULL;
}

static inline const char *take_number(const char *at, char end, uint64_t most,
                                      uint64_t *ret_number) {
    if (at == NULL)
        return NULL;
    at = take_end(take_digits(at, ret_number), end);
    return *ret_number <= most ? at : NULL;
}

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

/* What follows a point: one to nine digits, in nanos. */
static inline const char *take_fraction(const char *at, uint64_t *ret_nano) {
    uint64_t digits = word_load(at) ^ WORD_OF('0');
    unsigned count = digits_count(digits);
    uint64_t nano = digits_value(word_first(digits, count)) * 10;
    at += count;
    if (count == 8 && *at >= '0' && *at <= '9')
        nano += (uint64_t)(*at++ - '0');
    *ret_nano = nano;
    return count > 0 ? at : NULL;
}

static inline const char *take_decimal(const char *at, char end, int64_t least_nano,
                                       int64_t *ret_nano) {
    if (at == NULL)
        return NULL;
    uint64_t whole = 0;
    uint64_t fraction = 0;
    at = take_digits(at, &whole);
    if (at != NULL && *at == '.')
        at = take_fraction(at + 1, &fraction);
    if (whole > WHOLE_MAX)
        return NULL;
    *ret_nano = (int64_t)(whole * (uint64_t)TW_NANO + fraction);
    return *ret_nano >= least_nano ? take_end(at, end) : NULL;
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
    *ret_side = TW_SIDE_NONE;
    if (*at == end)
        return at + 1;
    *ret_side = *at == 'B' ? TW_SIDE_BUY : TW_SIDE_SELL;
    return *at == 'B' || *at == 'S' ? take_end(at + 1, end) : NULL;
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

/* The lines up to `next`, of which the last one begins at `line`, were given. */
static void took(tw_tape *tape, size_t count, const char *line, const char *next) {
    if (count == 0)
        return;
    tw_source *source = &tape->source;
    source->taken = (size_t)(next - line);
    source->begin = (size_t)(next - source->buffer);
    source->line += count;
    tape->line = (tw_slice){line, source->taken - 1};
}

static size_t take_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity) {
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
        ret_trades[count++] = trade;
        line = next;
        next = behind;
    }
    took(tape, count, line, next);
    return count;
}

static size_t take_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity) {
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
        ret_bars[count++] = bar;
        line = next;
        next = behind;
    }
    took(tape, count, line, next);
    return count;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Rows came before a line that is bad: it is the next one again, and the last row's the last. */
static void leave_to_next_call(tw_tape *tape, tw_slice last_line) {
    tw_source_put_back(&tape->source);
    tape->line = last_line;
}

tw_status tw_tape_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    if (tape->format == TW_TAPE_DBN)
        return dbn_next_trades(tape, ret_trades, capacity, ret_count, error);
    TW_ASSERT(tape->format == TW_TAPE_TRADES && capacity > 0);
    size_t count = take_trades(tape, ret_trades, capacity);
    while (count < capacity && (count == 0 || tw_source_has_line(&tape->source))) {
        tw_slice last_line = tape->line;
        tw_status status = tw_tape_next_trade(tape, &ret_trades[count], count == 0 ? error : NULL);
        if (status != TW_OK && count == 0)
            return status;
        if (status != TW_OK) {
            leave_to_next_call(tape, last_line);
            break;
        }
        count++;
        count += take_trades(tape, ret_trades + count, capacity - count);
    }
    *ret_count = count;
    return TW_OK;
}

tw_status tw_tape_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                            tw_error *error) {
    if (tape->format == TW_TAPE_DBN)
        return dbn_next_bars(tape, ret_bars, capacity, ret_count, error);
    TW_ASSERT(tape->format == TW_TAPE_BARS && capacity > 0);
    size_t count = take_bars(tape, ret_bars, capacity);
    while (count < capacity && (count == 0 || tw_source_has_line(&tape->source))) {
        tw_slice last_line = tape->line;
        tw_status status = tw_tape_next_bar(tape, &ret_bars[count], count == 0 ? error : NULL);
        if (status != TW_OK && count == 0)
            return status;
        if (status != TW_OK) {
            leave_to_next_call(tape, last_line);
            break;
        }
        count++;
        count += take_bars(tape, ret_bars + count, capacity - count);
    }
    *ret_count = count;
    return TW_OK;
}
