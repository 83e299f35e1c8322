/*
 * tape_writer.c - trades and bars as CSV, in the one form that reads back as the same records.
 *
 * Idea: a row is written straight into the buffer, eight characters at a time and often more than
 * are needed; what stands behind the row is written over by the next one.
 *
 * Invariants:
 *   1. A row is begun only with ROW_SIZE bytes of room: its longest form, and the eight bytes that
 *      a word may reach behind its end.
 *   2. `fault` is what the sink returned first; after it nothing is handed over any more.
 */
#include <string.h>

#include "tape_digits.h"
#include "tape_priv.h"
#include "tradewind/time.h"

#define ROW_SIZE 384
#define EIGHT_DIGITS UINT64_C(100000000)

struct tw_tape_writer {
    const tw_allocator *allocator;
    tw_tape_sink sink;
    void *context;
    tw_tape_format format;
    bool full;
    uint8_t price_digits_min;
    char *buffer;
    size_t size;
    size_t capacity;
    uint64_t row_count;   /* of all puts, for messages */
    int64_t timeframe_ns; /* the last one written, and its text */
    char timeframe[16];
    tw_error fault;
};

_Static_assert(TW_TAPE_BUFFER_SIZE_MIN >= 2 * ROW_SIZE, "the header and a row fit");
/* Eleven fields: two texts of at most 32, and numbers of at most 20 digits, a sign and a point. */
_Static_assert(2 * 33 + 9 * 23 + 8 <= ROW_SIZE, "the longest row fits");

/* ---- fields -------------------------------------------------------------------------------- */

static inline char *put_char(char *at, char c) {
    *at = c;
    return at + 1;
}

/* Less than 10^8, without leading zeros. */
static inline char *put_short(char *at, uint32_t value) {
    uint64_t digits = digits_of(value);
    unsigned zeros = value == 0 ? 7 : (unsigned)__builtin_ctzll(digits) / 8;
    word_store(at, (digits >> (8 * zeros)) | WORD_OF('0'));
    return at + 8 - zeros;
}

static inline char *put_eight(char *at, uint32_t value) {
    word_store(at, digits_of(value) | WORD_OF('0'));
    return at + 8;
}

static inline char *put_u64(char *at, uint64_t value) {
    if (value < EIGHT_DIGITS)
        return put_short(at, (uint32_t)value);
    uint64_t upper = value / EIGHT_DIGITS;
    uint32_t lower = (uint32_t)(value % EIGHT_DIGITS);
    if (upper < EIGHT_DIGITS)
        return put_eight(put_short(at, (uint32_t)upper), lower);
    at = put_short(at, (uint32_t)(upper / EIGHT_DIGITS));
    return put_eight(put_eight(at, (uint32_t)(upper % EIGHT_DIGITS)), lower);
}

/* The magnitude of a number, whose sign is written. */
static inline char *put_sign(char *at, int64_t value, uint64_t *ret_magnitude) {
    *ret_magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *at = '-';
    return at + (value < 0);
}

static inline char *put_i64(char *at, int64_t value) {
    uint64_t magnitude;
    at = put_sign(at, value, &magnitude);
    return put_u64(at, magnitude);
}

/* A point and up to nine digits, without the zeros at their end. */
static inline char *put_fraction(char *at, uint32_t nano) {
    uint64_t digits = digits_of(nano / 10);
    at = put_char(at, '.');
    word_store(at, digits | WORD_OF('0'));
    if (nano % 10 != 0)
        return put_char(at + 8, (char)('0' + nano % 10));
    return at + 8 - __builtin_clzll(digits) / 8;
}

/* The shortest exact text, as tw_decimal_format writes it. */
static inline char *put_decimal(char *at, int64_t nano) {
    uint64_t magnitude;
    at = put_sign(at, nano, &magnitude);
    at = put_u64(at, magnitude / (uint64_t)TW_NANO);
    uint32_t fraction = (uint32_t)(magnitude % (uint64_t)TW_NANO);
    return fraction == 0 ? at : put_fraction(at, fraction);
}

/* The same with at least so many digits behind the point. */
static inline char *put_price(char *at, int64_t nano, unsigned digits_min) {
    char *end = put_decimal(at, nano);
    if (digits_min == 0)
        return end;
    char *point = nano % TW_NANO == 0 ? end : memchr(at, '.', (size_t)(end - at));
    *point = '.'; /* where it is, or where none was needed */
    unsigned there = nano % TW_NANO == 0 ? 0 : (unsigned)(end - point) - 1;
    for (end = point + 1 + there; there < digits_min; there++)
        *end++ = '0';
    return end;
}

/* Names fill their place in the table with NULs, so all of it can be copied. */
static inline char *put_symbol(char *at, const tw_symbols *symbols, tw_symbol symbol) {
    memcpy(at, tw_symbols_name(symbols, symbol), TW_SYMBOL_NAME_SIZE);
    return at + strlen(at);
}

static inline char *put_code(char *at, char code) {
    *at = code;
    return at + (code != '\0');
}

/* ---- rows ---------------------------------------------------------------------------------- */

static inline char *put_trade(const tw_tape_writer *writer, char *at, const tw_symbols *symbols,
                              const tw_trade *trade) {
    static const char sides[3] = {[TW_SIDE_NONE] = '\0', [TW_SIDE_BUY] = 'B', [TW_SIDE_SELL] = 'S'};
    TW_ASSERT(trade->side <= TW_SIDE_SELL);
    at = put_char(put_i64(at, trade->time_ns), ',');
    at = put_char(put_symbol(at, symbols, trade->symbol), ',');
    at = put_char(put_price(at, trade->price.nano, writer->price_digits_min), ',');
    at = put_char(put_decimal(at, trade->quantity.nano), ',');
    return put_code(at, sides[trade->side]);
}

static char *put_trade_extras(char *at, const tw_trade *trade) {
    at = put_char(at, ',');
    if (trade->id != 0)
        at = put_u64(at, trade->id);
    at = put_char(at, ',');
    at = put_char(put_code(at, trade->exchange), ',');
    at = put_char(put_code(at, trade->tape), ',');
    for (size_t i = 0; i < sizeof trade->conditions; i++)
        at = put_code(at, trade->conditions[i]);
    return at;
}

static inline char *put_timeframe(tw_tape_writer *writer, char *at, int64_t timeframe_ns) {
    if (timeframe_ns != writer->timeframe_ns) {
        TW_ASSERT(timeframe_ns > 0 && timeframe_ns % TW_NS_PER_SECOND == 0);
        (void)tw_timeframe_format(timeframe_ns, writer->timeframe);
        writer->timeframe_ns = timeframe_ns;
    }
    memcpy(at, writer->timeframe, sizeof writer->timeframe);
    return at + strlen(at);
}

static inline char *put_bar(tw_tape_writer *writer, char *at, const tw_symbols *symbols,
                            const tw_bar *bar) {
    at = put_char(put_i64(at, bar->time_ns), ',');
    at = put_char(put_symbol(at, symbols, bar->symbol), ',');
    at = put_char(put_timeframe(writer, at, bar->timeframe_ns), ',');
    at = put_char(put_decimal(at, bar->open.nano), ',');
    at = put_char(put_decimal(at, bar->high.nano), ',');
    at = put_char(put_decimal(at, bar->low.nano), ',');
    at = put_char(put_decimal(at, bar->close.nano), ',');
    at = put_char(put_decimal(at, bar->volume.nano), ',');
    at = put_char(put_u64(at, bar->count), ',');
    at = put_decimal(at, bar->vwap.nano);
    return writer->full ? put_u64(put_char(at, ','), bar->revision) : at;
}

/* ---- the buffer ---------------------------------------------------------------------------- */

static tw_status give_fault(const tw_tape_writer *writer, tw_error *error) {
    if (error != NULL)
        *error = writer->fault;
    return writer->fault.status;
}

tw_status tw_tape_writer_flush(tw_tape_writer *writer, tw_error *error) {
    TW_ASSERT(writer->size <= writer->capacity);
    if (writer->fault.status == TW_OK && writer->size > 0) {
        tw_slice bytes = {writer->buffer, writer->size};
        writer->size = 0;
        tw_status status = writer->sink(writer->context, bytes, &writer->fault);
        writer->fault.status = status;
    }
    return writer->fault.status == TW_OK ? TW_OK : give_fault(writer, error);
}

static inline tw_status make_room(tw_tape_writer *writer, tw_error *error) {
    if (writer->capacity - writer->size >= ROW_SIZE && writer->fault.status == TW_OK)
        return TW_OK;
    return tw_tape_writer_flush(writer, error);
}

static inline void end_row(tw_tape_writer *writer, char *at) {
    at = put_char(at, '\n');
    writer->size = (size_t)(at - writer->buffer);
    writer->row_count++;
    TW_ASSERT(writer->size <= writer->capacity);
}

/* ---- calls --------------------------------------------------------------------------------- */

static const char *header_of(const tw_tape_writer_config *config) {
    if (config->format == TW_TAPE_TRADES)
        return config->full ? TRADES_HEADER_FULL "\n" : TRADES_HEADER "\n";
    return config->full ? BARS_HEADER_FULL "\n" : BARS_HEADER "\n";
}

tw_status tw_tape_writer_new(const tw_tape_writer_config *config, tw_tape_writer **ret_writer,
                             tw_error *error) {
    TW_ASSERT(config != NULL && config->sink != NULL && ret_writer != NULL);
    TW_ASSERT(config->format == TW_TAPE_TRADES || config->format == TW_TAPE_BARS);
    size_t capacity = config->buffer_size == 0 ? TW_TAPE_BUFFER_SIZE_DEFAULT : config->buffer_size;
    TW_ASSERT(capacity >= TW_TAPE_BUFFER_SIZE_MIN && config->price_digits_min <= 9);
    const tw_allocator *allocator =
        config->allocator == NULL ? tw_allocator_system() : config->allocator;
    tw_tape_writer *writer = TW_NEW(allocator, 1, tw_tape_writer);
    char *buffer = TW_NEW(allocator, capacity, char);
    if (writer == NULL || buffer == NULL) {
        TW_DELETE(allocator, buffer, capacity, char);
        TW_DELETE(allocator, writer, 1, tw_tape_writer);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to write a tape");
    }
    *writer = (tw_tape_writer){.allocator = allocator,
                               .sink = config->sink,
                               .context = config->context,
                               .format = (tw_tape_format)config->format,
                               .full = config->full,
                               .price_digits_min = config->price_digits_min,
                               .buffer = buffer,
                               .capacity = capacity};
    tw_slice header = tw_slice_of(header_of(config));
    memcpy(buffer, header.data, header.size);
    writer->size = header.size;
    *ret_writer = writer;
    return TW_OK;
}

void tw_tape_writer_free(tw_tape_writer *writer) {
    if (writer == NULL)
        return;
    const tw_allocator *allocator = writer->allocator;
    TW_DELETE(allocator, writer->buffer, writer->capacity, char);
    TW_DELETE(allocator, writer, 1, tw_tape_writer);
}

/* The short header has no place for codes, so any will do. */
static bool codes_fit(const tw_trade *trade) {
    bool fit = (trade->exchange == '\0' || tape_is_code(trade->exchange)) &&
               trade->exchange != ' ' && trade->tape != ' ' &&
               (trade->tape == '\0' || tape_is_code(trade->tape));
    size_t count = strnlen(trade->conditions, sizeof trade->conditions);
    for (size_t i = 0; i < sizeof trade->conditions; i++)
        fit =
            fit && (i < count ? tape_is_code(trade->conditions[i]) : trade->conditions[i] == '\0');
    return fit;
}

tw_status tw_tape_writer_put_trades(tw_tape_writer *writer, const tw_symbols *symbols,
                                    const tw_trade *trades, size_t count, tw_error *error) {
    TW_ASSERT(writer->format == TW_TAPE_TRADES && symbols != NULL);
    for (size_t i = 0; i < count; i++) {
        tw_status status = make_room(writer, error);
        if (status != TW_OK)
            return status;
        if (writer->full && !codes_fit(&trades[i]))
            return tw_error_set(error, TW_INVALID,
                                "row %llu: exchange, tape or conditions hold what a CSV field "
                                "cannot",
                                (unsigned long long)writer->row_count + 1);
        char *at = put_trade(writer, writer->buffer + writer->size, symbols, &trades[i]);
        if (writer->full)
            at = put_trade_extras(at, &trades[i]);
        end_row(writer, at);
    }
    return TW_OK;
}

tw_status tw_tape_writer_put_bars(tw_tape_writer *writer, const tw_symbols *symbols,
                                  const tw_bar *bars, size_t count, tw_error *error) {
    TW_ASSERT(writer->format == TW_TAPE_BARS && symbols != NULL);
    for (size_t i = 0; i < count; i++) {
        tw_status status = make_room(writer, error);
        if (status != TW_OK)
            return status;
        end_row(writer, put_bar(writer, writer->buffer + writer->size, symbols, &bars[i]));
    }
    return TW_OK;
}
