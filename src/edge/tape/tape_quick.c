/*
 * tape_quick.c - trades and bars many at a time, as they are usually written.
 *
 * Idea: almost every line of a file is plain: digits, a point, a comma where it should be. Such a
 * line is read in one pass over its bytes, eight digits at a time, straight into the record. A line
 * that is anything else, be it bad or only unusual, is left where it is: the row functions of
 * tape_csv.c read it, and they alone know the rules and the messages.
 *
 * Invariants:
 *   1. A line is taken here only if the row function would have given the same record; in doubt it
 *      is not taken.
 *   2. A plain line is shorter than LINE_SIZE, so that while so many bytes are left in the buffer,
 *      nothing here looks for its end.
 *   3. A line that is not taken has changed nothing.
 */
#include <string.h>

#include "tape_priv.h"
#include "tradewind/time.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight characters are read as a number");

/* Ten fields of 19 digits, a symbol and a timeframe at the most. */
#define LINE_SIZE 256
#define WHOLE_DIGITS_MAX 9 /* below 1e9, so that the number fits at 1e-9 */
#define FRACTION_DIGITS_MAX 9

static const int64_t powers[] = {1,      10,      100,      1000,      10000,
                                 100000, 1000000, 10000000, 100000000, 1000000000};

/* ---- fields: each moves `*at` behind itself and the comma, or returns false ---- */

static bool is_digit(char c) {
    return (unsigned char)(c - '0') <= 9;
}

/* Eight digits as a number, two, four and then all of them at a time. */
static bool take_eight(const char *at, uint64_t *ret_number) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word ^= UINT64_C(0x3030303030303030);
    if (((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080))
        return false;
    word = word * 10 + (word >> 8);
    *ret_number =
        (((word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
         (((word >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
        32;
    return true;
}

/* A number without a sign, at most `digits_max` digits. */
static bool take_whole(const char **at, int digits_max, uint64_t *ret_number) {
    const char *begin = *at;
    const char *end = begin;
    uint64_t number = 0;
    uint64_t eight;
    while (end - begin + 8 <= digits_max && take_eight(end, &eight)) {
        number = number * 100000000 + eight;
        end += 8;
    }
    while (is_digit(*end) && end - begin < digits_max)
        number = number * 10 + (uint64_t)(*end++ - '0');
    *at = end;
    *ret_number = number;
    return end > begin;
}

static bool take_comma(const char **at) {
    return *(*at)++ == ',';
}

static bool take_time(const char **at, int64_t *ret_time_ns) {
    uint64_t number;
    if (!take_whole(at, 19, &number) || number > INT64_MAX)
        return false;
    *ret_time_ns = (int64_t)number;
    return take_comma(at);
}

/* A decimal at 1e-9, without what follows it. */
static bool take_decimal(const char **at, int64_t *ret_nano) {
    uint64_t whole;
    if (!take_whole(at, WHOLE_DIGITS_MAX, &whole))
        return false;
    *ret_nano = (int64_t)whole * TW_NANO;
    if (**at != '.')
        return true;
    const char *begin = ++*at;
    int64_t fraction = 0;
    while (is_digit(**at) && *at - begin < FRACTION_DIGITS_MAX)
        fraction = fraction * 10 + (*(*at)++ - '0');
    *ret_nano += fraction * powers[FRACTION_DIGITS_MAX - (*at - begin)];
    return *at > begin;
}

static bool take_amount(const char **at, int64_t least_nano, int64_t *ret_nano) {
    return take_decimal(at, ret_nano) && *ret_nano >= least_nano && take_comma(at);
}

/* A word of at most eight characters as a number; 0 when there is none. */
static uint64_t take_word(const char **at) {
    uint64_t word;
    memcpy(&word, *at, sizeof word);
    uint64_t commas = word ^ UINT64_C(0x2c2c2c2c2c2c2c2c);
    uint64_t ends =
        (commas - UINT64_C(0x0101010101010101)) & ~commas & UINT64_C(0x8080808080808080);
    if (ends == 0 || (ends & 0xff) != 0)
        return 0;
    int size = __builtin_ctzll(ends) / 8;
    *at += size + 1;
    return word & (((uint64_t)1 << (8 * size)) - 1);
}

/* ---- symbols and timeframes: the ones seen before ---- */

static tw_symbol find_long_symbol(const tw_tape *tape, const char **at) {
    const char *comma = memchr(*at, ',', TW_SYMBOL_NAME_SIZE);
    if (comma == NULL)
        return TW_SYMBOL_NONE;
    tw_slice name = {*at, (size_t)(comma - *at)};
    *at = comma + 1;
    return tw_symbols_find(tape->symbols, name);
}

/* A symbol of the table; TW_SYMBOL_NONE for a new one, which the row function adds. */
static tw_symbol take_symbol(tw_tape *tape, const char **at) {
    const char *begin = *at;
    uint64_t word = take_word(at);
    if (word == 0)
        return find_long_symbol(tape, at);
    quick_symbol *seen =
        &tape->quick_symbols[(word * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - QUICK_SYMBOL_BITS)];
    if (seen->word != word) {
        tw_slice name = {begin, (size_t)(*at - begin) - 1};
        tw_symbol symbol = tw_symbols_find(tape->symbols, name);
        if (symbol == TW_SYMBOL_NONE)
            return symbol;
        *seen = (quick_symbol){.word = word, .symbol = symbol};
    }
    return seen->symbol;
}

static bool take_timeframe(tw_tape *tape, const char **at, int64_t *ret_timeframe_ns) {
    const char *begin = *at;
    uint64_t word = take_word(at);
    if (word == 0)
        return false;
    if (tape->quick_timeframe != word) {
        tw_slice text = {begin, (size_t)(*at - begin) - 1};
        if (tw_timeframe_parse(text, &tape->quick_timeframe_ns) != TW_OK) {
            tape->quick_timeframe = 0;
            return false;
        }
        tape->quick_timeframe = word;
    }
    *ret_timeframe_ns = tape->quick_timeframe_ns;
    return true;
}

/* The place of a symbol's last line, if it has one that can be compared. */
static tape_last *last_of(tw_tape *tape, tw_symbol symbol) {
    return symbol < tape->series_capacity && tape->series[symbol].seen ? &tape->series[symbol]
                                                                       : NULL;
}

/* ---- lines ---- */

static bool take_trade(tw_tape *tape, const char **at, tw_trade *ret_trade) {
    tw_trade trade = {0};
    if (!take_time(at, &trade.time_ns))
        return false;
    trade.symbol = take_symbol(tape, at);
    if (trade.symbol == TW_SYMBOL_NONE || !take_amount(at, 1, &trade.price.nano) ||
        !take_amount(at, 1, &trade.quantity.nano))
        return false;
    char side = **at;
    if (side != '\n')
        ++*at;
    trade.side = side == 'B' ? TW_SIDE_BUY : side == 'S' ? TW_SIDE_SELL : TW_SIDE_NONE;
    if (*(*at)++ != '\n' || (trade.side == TW_SIDE_NONE && side != '\n'))
        return false;
    tape_last *last = last_of(tape, trade.symbol);
    if (last == NULL || trade.time_ns < last->time_ns)
        return false;
    last->time_ns = trade.time_ns;
    *ret_trade = trade;
    return true;
}

static bool bar_is_sound(const tw_bar *bar) {
    return bar->high.nano >= bar->open.nano && bar->high.nano >= bar->close.nano &&
           bar->low.nano <= bar->open.nano && bar->low.nano <= bar->close.nano;
}

static bool take_bar(tw_tape *tape, const char **at, tw_bar *ret_bar) {
    tw_bar bar = {0};
    if (!take_time(at, &bar.time_ns))
        return false;
    bar.symbol = take_symbol(tape, at);
    if (bar.symbol == TW_SYMBOL_NONE || !take_timeframe(tape, at, &bar.timeframe_ns) ||
        !take_amount(at, 1, &bar.open.nano) || !take_amount(at, 1, &bar.high.nano) ||
        !take_amount(at, 1, &bar.low.nano) || !take_amount(at, 1, &bar.close.nano) ||
        !take_amount(at, 0, &bar.volume.nano) || !take_whole(at, 18, &bar.count) ||
        !take_comma(at) || !take_decimal(at, &bar.vwap.nano) || *(*at)++ != '\n')
        return false;
    tape_last *last = last_of(tape, bar.symbol);
    if (!bar_is_sound(&bar) || last == NULL || last->timeframe_ns != bar.timeframe_ns ||
        bar.time_ns <= last->time_ns)
        return false;
    last->time_ns = bar.time_ns;
    *ret_bar = bar;
    return true;
}

/* ---- many lines ---- */

/* Moves the source behind a line that was taken. */
static void pass_line(tw_tape *tape, const char *end) {
    tape_source *source = &tape->source;
    const char *begin = source->line_buffer + source->line_begin;
    tape->line = (tw_slice){begin, (size_t)(end - begin) - 1};
    source->line_begin += (size_t)(end - begin);
    source->line++;
}

static bool has_room_to_look(const tw_tape *tape) {
    return tape->source.line_end - tape->source.line_begin >= LINE_SIZE;
}

static size_t take_trades(tw_tape *tape, tw_trade *trades, size_t capacity) {
    size_t count = 0;
    while (count < capacity && has_room_to_look(tape)) {
        const char *at = tape->source.line_buffer + tape->source.line_begin;
        if (!take_trade(tape, &at, &trades[count]))
            break;
        pass_line(tape, at);
        count++;
    }
    return count;
}

static size_t take_bars(tw_tape *tape, tw_bar *bars, size_t capacity) {
    size_t count = 0;
    while (count < capacity && has_room_to_look(tape)) {
        const char *at = tape->source.line_buffer + tape->source.line_begin;
        if (!take_bar(tape, &at, &bars[count]))
            break;
        pass_line(tape, at);
        count++;
    }
    return count;
}

tw_status tw_tape_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_TRADES && capacity > 0);
    size_t count = take_trades(tape, ret_trades, capacity);
    if (count == 0) {
        tw_status status = tw_tape_next_trade(tape, ret_trades, error);
        if (status != TW_OK)
            return status;
        count = 1 + take_trades(tape, ret_trades + 1, capacity - 1);
    }
    *ret_count = count;
    return TW_OK;
}

tw_status tw_tape_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                            tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_BARS && capacity > 0);
    bool whole = tape->field_count == 10; /* other headers are read row by row */
    size_t count = whole ? take_bars(tape, ret_bars, capacity) : 0;
    if (count == 0) {
        tw_status status = tw_tape_next_bar(tape, ret_bars, error);
        if (status != TW_OK)
            return status;
        count = 1 + (whole ? take_bars(tape, ret_bars + 1, capacity - 1) : 0);
    }
    *ret_count = count;
    return TW_OK;
}
