/*
 * tape_writer.c - market data as CSV, in the one form that reads back as the same records.
 *
 * Idea: a row is written straight into the buffer, eight characters at a time and often more than
 * are needed; what stands behind the row is written over by the next one.
 *
 * Invariants:
 *   1. A row is begun only with row_size bytes of room: its longest form, and the eight bytes that
 *      a word may reach behind its end. It counts once end_row was called.
 *   2. `fault` is what the sink returned first; after it nothing is handed over any more.
 */
#include <string.h>

#include "tape_priv.h"
#include "tape_put.h"
#include "tradewind/time.h"

#define ROW_SIZE 384
/* What a level of a LOBSTER book takes at most, also one that is found not to be exact: four
 * numbers of 20 digits with a comma. */
#define LEVEL_SIZE (4 * 21)

struct tw_tape_writer {
    const tw_allocator *allocator;
    tw_tape_sink sink;
    void *context;
    tw_tape_format format;
    bool full;
    uint8_t price_digits_min;
    size_t depth;
    char *buffer;
    size_t size;
    size_t capacity;
    size_t row_size;      /* the longest a row can be, and what is written behind it */
    uint64_t row_count;   /* of all puts, for messages */
    int64_t timeframe_ns; /* the last one written, and its text */
    char timeframe[16];
    tw_error fault;
};

_Static_assert(TW_TAPE_BUFFER_SIZE_MIN >= 2 * ROW_SIZE, "the header and a row fit");
/* Eleven fields: two texts of at most 32, and numbers of at most 20 digits, a sign and a point. */
_Static_assert(2 * 33 + 9 * 23 + 8 <= ROW_SIZE, "the longest row fits");

/* ---- fields -------------------------------------------------------------------------------- */

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

/* A side that is empty has no price. */
static inline char *put_quote_side(char *at, int64_t price_nano, int64_t size_nano) {
    at = put_char(at, ',');
    if (size_nano != 0)
        at = put_decimal(at, price_nano);
    return put_decimal(put_char(at, ','), size_nano);
}

static inline char *put_quote(char *at, const tw_symbols *symbols, const tw_quote *quote) {
    at = put_char(put_i64(at, quote->time_ns), ',');
    at = put_symbol(at, symbols, quote->symbol);
    at = put_quote_side(at, quote->bid_price.nano, quote->bid_size.nano);
    return put_quote_side(at, quote->ask_price.nano, quote->ask_size.nano);
}

static inline char *put_empty_place(char *at, bool bid) {
    static const char empty[] = "-9999999999,0,";
    size_t size = sizeof empty - (bid ? 1 : 2);
    memcpy(at, bid ? empty : empty + 1, size);
    return at + size;
}

/* A price in units and a size in shares, each with a comma; `*exact` becomes false if one is not.
 */
static inline char *put_place(char *at, const tw_level *level, bool *exact) {
    int64_t units = level->price.nano / LOBSTER_NANO_PER_UNIT;
    int64_t shares = level->quantity.nano / TW_NANO;
    *exact = *exact && units > 0 && shares > 0 &&
             units * LOBSTER_NANO_PER_UNIT == level->price.nano &&
             shares * TW_NANO == level->quantity.nano;
    at = put_char(put_u64(at, (uint64_t)units), ',');
    return put_char(put_u64(at, (uint64_t)shares), ',');
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
    if (writer->capacity - writer->size >= writer->row_size && writer->fault.status == TW_OK)
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
    switch ((unsigned)config->format) {
    case TW_TAPE_TRADES:
        return config->full ? TRADES_HEADER_FULL "\n" : TRADES_HEADER "\n";
    case TW_TAPE_BARS:
        return config->full ? BARS_HEADER_FULL "\n" : BARS_HEADER "\n";
    case TW_TAPE_QUOTES:
        return QUOTES_HEADER "\n";
    default:
        return "";
    }
}

static void check_config(const tw_tape_writer_config *config) {
    bool book = config->format == TW_TAPE_LOBSTER_BOOK;
    TW_ASSERT(config->sink != NULL && config->price_digits_min <= 9);
    TW_ASSERT(config->format == TW_TAPE_TRADES || config->format == TW_TAPE_BARS ||
              config->format == TW_TAPE_QUOTES || book);
    TW_ASSERT(book ? config->depth >= 1 && config->depth <= TW_TAPE_DEPTH_MAX : config->depth == 0);
    TW_ASSERT(config->buffer_size == 0 || config->buffer_size >= TW_TAPE_BUFFER_SIZE_MIN);
}

tw_status tw_tape_writer_new(const tw_tape_writer_config *config, tw_tape_writer **ret_writer,
                             tw_error *error) {
    TW_ASSERT(config != NULL && ret_writer != NULL);
    check_config(config);
    size_t capacity = config->buffer_size == 0 ? TW_TAPE_BUFFER_SIZE_DEFAULT : config->buffer_size;
    bool book = config->format == TW_TAPE_LOBSTER_BOOK;
    size_t row_size = book ? config->depth * LEVEL_SIZE + 8 : ROW_SIZE;
    capacity = capacity < row_size ? row_size : capacity;
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
                               .depth = config->depth,
                               .buffer = buffer,
                               .capacity = capacity,
                               .row_size = row_size};
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

static bool sides_fit(const tw_quote *quote) {
    int64_t least = quote->bid_price.nano | quote->bid_size.nano | quote->ask_price.nano |
                    quote->ask_size.nano; /* below zero if one of them is */
    return least >= 0 && (quote->bid_price.nano == 0) == (quote->bid_size.nano == 0) &&
           (quote->ask_price.nano == 0) == (quote->ask_size.nano == 0);
}

tw_status tw_tape_writer_put_quotes(tw_tape_writer *writer, const tw_symbols *symbols,
                                    const tw_quote *quotes, size_t count, tw_error *error) {
    TW_ASSERT(writer->format == TW_TAPE_QUOTES && symbols != NULL);
    for (size_t i = 0; i < count; i++) {
        tw_status status = make_room(writer, error);
        if (status != TW_OK)
            return status;
        if (!sides_fit(&quotes[i]))
            return tw_error_set(error, TW_INVALID,
                                "row %llu: a side has a price without a size, a size without a "
                                "price, or one below zero",
                                (unsigned long long)writer->row_count + 1);
        end_row(writer, put_quote(writer->buffer + writer->size, symbols, &quotes[i]));
    }
    return TW_OK;
}

tw_status tw_tape_writer_put_book(tw_tape_writer *writer, const tw_level *asks, size_t ask_count,
                                  const tw_level *bids, size_t bid_count, tw_error *error) {
    TW_ASSERT(writer->format == TW_TAPE_LOBSTER_BOOK);
    TW_ASSERT((asks != NULL || ask_count == 0) && (bids != NULL || bid_count == 0));
    tw_status status = make_room(writer, error);
    if (status != TW_OK)
        return status;
    char *at = writer->buffer + writer->size;
    bool exact = true;
    for (size_t i = 0; i < writer->depth; i++) {
        at = i < ask_count ? put_place(at, &asks[i], &exact) : put_empty_place(at, false);
        at = i < bid_count ? put_place(at, &bids[i], &exact) : put_empty_place(at, true);
    }
    if (!exact)
        return tw_error_set(error, TW_INVALID,
                            "row %llu: a LOBSTER book has prices above zero in steps of 0.0001 and "
                            "whole sizes above zero",
                            (unsigned long long)writer->row_count + 1);
    end_row(writer, at - 1); /* over the last comma */
    return TW_OK;
}
