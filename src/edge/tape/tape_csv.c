/*
 * tape_csv.c - trades, quotes and bars from CSV with our headers.
 *
 * Idea: one small reader a field; each names its field and what it expected. A symbol is added to
 * the table only when its whole line was found good, so that a bad file leaves no names behind.
 */
#include <string.h>

#include "tape_priv.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

enum { TS_NS, SYMBOL };
enum { TRADE_PRICE = 2, TRADE_SIZE, TRADE_SIDE, TRADE_ID, TRADE_EXCHANGE, TRADE_TAPE };
enum { TRADE_CONDITIONS = TRADE_TAPE + 1 };
enum { QUOTE_BID_PRICE = 2, QUOTE_BID_SIZE, QUOTE_ASK_PRICE, QUOTE_ASK_SIZE };
enum { BAR_TIMEFRAME = 2, BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME };
enum { BAR_COUNT = BAR_VOLUME + 1, BAR_VWAP, BAR_REVISION };

static tw_status read_time(tw_tape *tape, int64_t *ret_time_ns, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_status status = tw_parse_i64(tape->fields[TS_NS], ret_time_ns);
    if (status == TW_OK)
        return TW_OK;
    return TAPE_BAD(tape, status, TS_NS, "expected nanoseconds since 1970 (digits), found \"%s\"",
                    tape_shown(tape->fields[TS_NS], shown));
}

tw_status tape_read_decimal(tw_tape *tape, size_t at, const char *what, int64_t least_nano,
                            int64_t *ret_nano, tw_error *error) {
    char shown[SHOWN_SIZE];
    int64_t nano;
    tw_status status = tw_decimal_parse_rounded(tape->fields[at], &nano);
    if (status == TW_PARSE)
        return TAPE_BAD(tape, status, at, "expected a %s (a finite number), found \"%s\"", what,
                        tape_shown(tape->fields[at], shown));
    if (status != TW_OK)
        return TAPE_BAD(tape, TW_RANGE, at, "a %s must be below 9223372036.854775807, found %s",
                        what, tape_shown(tape->fields[at], shown));
    if (nano < least_nano)
        return TAPE_BAD(tape, TW_RANGE, at, "a %s must %s, found %s", what,
                        least_nano > 0 ? "be at least 0.000000001" : "not be negative",
                        tape_shown(tape->fields[at], shown));
    *ret_nano = nano;
    return TW_OK;
}

static tw_status read_symbol(tw_tape *tape, tw_symbol *ret_symbol, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice name = tape->fields[SYMBOL];
    if (tape->known_symbols_only) {
        *ret_symbol = tw_symbols_find(tape->symbols, name);
        if (*ret_symbol == TW_SYMBOL_NONE)
            return TAPE_BAD(tape, TW_NOT_FOUND, SYMBOL, "the symbol \"%s\" is not known here",
                            tape_shown(name, shown));
        return TW_OK;
    }
    tw_status status = tw_symbols_intern(tape->symbols, name, ret_symbol);
    if (status == TW_FULL)
        return TAPE_BAD(tape, TW_FULL, SYMBOL, "there is no room for another symbol (%s)",
                        tape_shown(name, shown));
    if (status != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, SYMBOL,
                        "expected a symbol of 1 to 31 of A-Z a-z 0-9 . / - _ = ^ + # * $ %% ! @ ~, "
                        "found \"%s\"",
                        tape_shown(name, shown));
    return TW_OK;
}

static tw_status read_side(tw_tape *tape, uint8_t *ret_side, tw_error *error) {
    tw_slice text = tape->fields[TRADE_SIDE];
    char shown[SHOWN_SIZE];
    *ret_side = TW_SIDE_NONE;
    if (text.size == 0)
        return TW_OK;
    if (!tw_slice_equal_string(text, "B") && !tw_slice_equal_string(text, "S"))
        return TAPE_BAD(tape, TW_PARSE, TRADE_SIDE, "expected B, S or nothing, found \"%s\"",
                        tape_shown(text, shown));
    *ret_side = text.data[0] == 'B' ? TW_SIDE_BUY : TW_SIDE_SELL;
    return TW_OK;
}

/* Digits up to `most`, or nothing for 0. */
static tw_status read_number(tw_tape *tape, size_t at, const char *what, uint64_t most,
                             uint64_t *ret_number, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice text = tape->fields[at];
    uint64_t number = 0;
    tw_status status = text.size == 0 ? TW_OK : tw_parse_u64(text, &number);
    if (status == TW_OK && number > most)
        status = TW_RANGE;
    if (status != TW_OK)
        return TAPE_BAD(tape, status, at, "expected %s (digits), found \"%s\"", what,
                        tape_shown(text, shown));
    *ret_number = number;
    return TW_OK;
}

/* At most `size` codes of one character each. */
static tw_status read_codes(tw_tape *tape, size_t at, tw_slice text, size_t size, char *ret_codes,
                            tw_error *error) {
    char shown[SHOWN_SIZE];
    bool good = text.size <= size;
    for (size_t i = 0; good && i < text.size; i++)
        good = tape_is_code(text.data[i]);
    if (!good)
        return TAPE_BAD(tape, TW_PARSE, at, "expected at most %zu printable %s, found \"%s\"", size,
                        size == 1 ? "character" : "characters", tape_shown(text, shown));
    if (text.size > 0)
        memcpy(ret_codes, text.data, text.size);
    return TW_OK;
}

/* The last field as it stands, blanks included: one of them may be a condition. */
static tw_slice untrimmed_last(tw_slice line) {
    const char *comma = memrchr(line.data, ',', line.size);
    TW_ASSERT(comma != NULL);
    return (tw_slice){comma + 1, (size_t)(line.data + line.size - comma) - 1};
}

/* The four columns that the short header has not. */
static tw_status read_trade_extras(tw_tape *tape, tw_trade *trade, tw_error *error) {
    if (tape->field_count == TRADES_FIELDS)
        return TW_OK;
    tw_status status =
        read_number(tape, TRADE_ID, "the number of the trade", UINT64_MAX, &trade->id, error);
    if (status == TW_OK)
        status = read_codes(tape, TRADE_EXCHANGE, tape->fields[TRADE_EXCHANGE], 1, &trade->exchange,
                            error);
    if (status == TW_OK)
        status = read_codes(tape, TRADE_TAPE, tape->fields[TRADE_TAPE], 1, &trade->tape, error);
    if (status == TW_OK)
        status = read_codes(tape, TRADE_CONDITIONS, untrimmed_last(tape->line),
                            sizeof trade->conditions, trade->conditions, error);
    return status;
}

/* Looks up the symbol and holds the line's time against the last one of its series. Trades and
 * quotes may repeat a time; bars of one timeframe may not. */
static tw_status place_in_series(tw_tape *tape, int64_t time_ns, int64_t timeframe_ns,
                                 tw_symbol *ret_symbol, tw_error *error) {
    tw_status status = read_symbol(tape, ret_symbol, error);
    if (status != TW_OK)
        return status;
    tape_last *last = tape_series(tape, *ret_symbol);
    if (last == NULL) {
        (void)tw_error_set(&tape->fault, TW_NO_MEMORY, "there is no memory for another symbol");
        return tape_give_fault(tape, error);
    }
    bool comparable = last->seen && last->timeframe_ns == timeframe_ns;
    if (comparable && time_ns < last->time_ns && !tape->as_reported)
        return TAPE_BAD(tape, TW_RANGE, TS_NS, "time runs backwards: %lld comes after %lld of %s",
                        (long long)time_ns, (long long)last->time_ns,
                        tw_symbols_name(tape->symbols, *ret_symbol));
    if (comparable && timeframe_ns != 0 && time_ns == last->time_ns)
        return TAPE_BAD(tape, TW_RANGE, TS_NS, "the bar of %s at %lld is there twice",
                        tw_symbols_name(tape->symbols, *ret_symbol), (long long)time_ns);
    *last = (tape_last){.time_ns = time_ns, .timeframe_ns = timeframe_ns, .seen = true};
    return TW_OK;
}

/* As reported, a size may be 0, and then the price may be missing. */
static tw_status read_trade_amounts(tw_tape *tape, tw_trade *trade, tw_error *error) {
    bool may_cancel = tape->as_reported && tape->field_count == TRADES_FIELDS_FULL;
    tw_status status = TW_OK;
    if (!may_cancel || tape->fields[TRADE_PRICE].size > 0)
        status = tape_read_decimal(tape, TRADE_PRICE, "price", may_cancel ? 0 : 1,
                                   &trade->price.nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, TRADE_SIZE, "size", may_cancel ? 0 : 1,
                                   &trade->quantity.nano, error);
    if (status == TW_OK && trade->quantity.nano > 0 && trade->price.nano == 0)
        return TAPE_BAD(tape, TW_RANGE, TRADE_PRICE,
                        "a price may be missing only where a size of 0 takes a trade back");
    return status;
}

static tw_status check_cancel(tw_tape *tape, const tw_trade *trade, tw_error *error) {
    if (trade->quantity.nano > 0 || trade->id != 0)
        return TW_OK;
    return TAPE_BAD(tape, TW_RANGE, TRADE_ID,
                    "a size of 0 takes a trade back, whose id must be here");
}

tw_status csv_next_trade(tw_tape *tape, tw_trade *ret_trade, tw_error *error) {
    size_t count = 0;
    if (tape->format == TW_TAPE_DBN)
        return dbn_next_trades(tape, ret_trade, 1, &count, error);
    TW_ASSERT(tape->format == TW_TAPE_TRADES);
    tw_trade trade = {0};
    tw_status status = tape_next_fields(tape, true, error);
    if (status == TW_OK)
        status = read_time(tape, &trade.time_ns, error);
    if (status == TW_OK)
        status = read_trade_amounts(tape, &trade, error);
    if (status == TW_OK)
        status = read_side(tape, &trade.side, error);
    if (status == TW_OK)
        status = read_trade_extras(tape, &trade, error);
    if (status == TW_OK)
        status = check_cancel(tape, &trade, error);
    if (status == TW_OK)
        status = place_in_series(tape, trade.time_ns, 0, &trade.symbol, error);
    if (status == TW_OK)
        *ret_trade = trade;
    return status;
}

/* The price at `at` and the size behind it, which must both be there or both be nothing. */
static tw_status read_quote_side(tw_tape *tape, size_t at, int64_t *ret_price_nano,
                                 int64_t *ret_size_nano, tw_error *error) {
    *ret_price_nano = 0;
    *ret_size_nano = 0;
    if (tape->fields[at].size == 0 && tape->fields[at + 1].size == 0)
        return TW_OK;
    tw_status status = TW_OK;
    if (tape->fields[at].size > 0)
        status = tape_read_decimal(tape, at, "price", 0, ret_price_nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, at + 1, "size", 0, ret_size_nano, error);
    if (status != TW_OK || (*ret_price_nano == 0) == (*ret_size_nano == 0))
        return status;
    char shown[SHOWN_SIZE];
    return TAPE_BAD(tape, TW_RANGE, at,
                    "a side has a price and a size above zero, or neither (price empty or 0, size "
                    "0); found the price \"%s\"",
                    tape_shown(tape->fields[at], shown));
}

tw_status csv_next_quote(tw_tape *tape, tw_quote *ret_quote, tw_error *error) {
    tw_quote quote = {0};
    tw_status status = tape_next_fields(tape, true, error);
    if (status == TW_OK)
        status = read_time(tape, &quote.time_ns, error);
    if (status == TW_OK)
        status = read_quote_side(tape, QUOTE_BID_PRICE, &quote.bid_price.nano, &quote.bid_size.nano,
                                 error);
    if (status == TW_OK)
        status = read_quote_side(tape, QUOTE_ASK_PRICE, &quote.ask_price.nano, &quote.ask_size.nano,
                                 error);
    if (status == TW_OK)
        status = place_in_series(tape, quote.time_ns, 0, &quote.symbol, error);
    if (status == TW_OK)
        *ret_quote = quote;
    return status;
}

static tw_status read_bar_prices(tw_tape *tape, tw_bar *bar, tw_error *error) {
    tw_status status = tape_read_decimal(tape, BAR_OPEN, "open", 1, &bar->open.nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, BAR_HIGH, "high", 1, &bar->high.nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, BAR_LOW, "low", 1, &bar->low.nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, BAR_CLOSE, "close", 1, &bar->close.nano, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, BAR_VOLUME, "volume", 0, &bar->volume.nano, error);
    if (status != TW_OK)
        return status;
    if (bar->high.nano < bar->open.nano || bar->high.nano < bar->close.nano)
        return TAPE_BAD(tape, TW_RANGE, BAR_HIGH, "the high is below the open or the close");
    if (bar->low.nano > bar->open.nano || bar->low.nano > bar->close.nano)
        return TAPE_BAD(tape, TW_RANGE, BAR_LOW, "the low is above the open or the close");
    return TW_OK;
}

/* The columns that may be missing from the file, or empty in a line. */
static tw_status read_bar_extras(tw_tape *tape, tw_bar *bar, tw_error *error) {
    tw_status status = TW_OK;
    uint64_t revision = 0;
    if (tape->field_count > BAR_COUNT)
        status =
            read_number(tape, BAR_COUNT, "the number of trades", UINT64_MAX, &bar->count, error);
    if (status == TW_OK && tape->field_count > BAR_VWAP && tape->fields[BAR_VWAP].size > 0)
        status = tape_read_decimal(tape, BAR_VWAP, "vwap", 0, &bar->vwap.nano, error);
    if (status == TW_OK && tape->field_count > BAR_REVISION)
        status = read_number(tape, BAR_REVISION, "the number of corrections", UINT32_MAX, &revision,
                             error);
    bar->revision = (uint32_t)revision;
    return status;
}

tw_status csv_next_bar(tw_tape *tape, tw_bar *ret_bar, tw_error *error) {
    size_t count = 0;
    if (tape->format == TW_TAPE_DBN)
        return dbn_next_bars(tape, ret_bar, 1, &count, error);
    TW_ASSERT(tape->format == TW_TAPE_BARS);
    tw_bar bar = {0};
    tw_status status = tape_next_fields(tape, true, error);
    if (status == TW_OK)
        status = read_time(tape, &bar.time_ns, error);
    if (status != TW_OK)
        return status;
    char shown[SHOWN_SIZE];
    status = tw_timeframe_parse(tape->fields[BAR_TIMEFRAME], &bar.timeframe_ns);
    if (status != TW_OK)
        return TAPE_BAD(tape, status, BAR_TIMEFRAME,
                        "expected a timeframe such as 1m or 1d, found \"%s\"",
                        tape_shown(tape->fields[BAR_TIMEFRAME], shown));
    status = read_bar_prices(tape, &bar, error);
    if (status == TW_OK)
        status = read_bar_extras(tape, &bar, error);
    if (status == TW_OK)
        status = place_in_series(tape, bar.time_ns, bar.timeframe_ns, &bar.symbol, error);
    if (status == TW_OK)
        *ret_bar = bar;
    return status;
}
