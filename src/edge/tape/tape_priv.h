/*
 * tape_priv.h - what the files of this module share: the handle.
 */
#ifndef TRADEWIND_TAPE_PRIV_H
#define TRADEWIND_TAPE_PRIV_H

#include "source.h"
#include "tradewind/tape.h"

#define SHOWN_SIZE 48
#define SYMBOL_WORD_BITS 10
#define TIMEFRAME_WORD_BITS 4

/* The headers, their first fields, and how many of them there must be. */
#define TRADES_HEADER "ts_ns,symbol,price,size,side"
#define TRADES_HEADER_FULL TRADES_HEADER ",id,exchange,tape,conditions"
#define TRADES_FIELDS 5
#define TRADES_FIELDS_FULL 9
#define BARS_HEADER "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap"
#define BARS_HEADER_FULL BARS_HEADER ",revision"
#define BARS_FIELDS_MIN 8
#define BARS_FIELDS_FULL 11
#define QUOTES_HEADER "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size"
#define QUOTES_FIELDS 6
#define BITSTAMP_HEADER "id,timestamp,exchange.timestamp,price,volume,action,direction"
#define BITSTAMP_FIELDS 7

/* LOBSTER: a price is in dollars x 10000, and an empty place of a book has this one (bids: less
 * than zero) and a size of 0. */
#define LOBSTER_NANO_PER_UNIT INT64_C(100000)
#define LOBSTER_PRICE_MAX (INT64_MAX / LOBSTER_NANO_PER_UNIT)
#define LOBSTER_SHARES_MAX (INT64_MAX / TW_NANO)
#define LOBSTER_EMPTY_PRICE INT64_C(9999999999)
#define LOBSTER_NUMBERS_PER_LEVEL 4

#define RECORD_SIZE_MAX 528 /* bytes of a binary record, all of which the buffer must hold */

/* What a series of one symbol looked like last. */
typedef struct tape_last {
    int64_t time_ns;
    int64_t timeframe_ns;
    bool seen;
} tape_last;

/* A text with its comma, at most eight bytes, and what it stands for. Zero: an empty entry. */
typedef struct tape_word {
    uint64_t text;
    int64_t value;
} tape_word;

/* One place of a row of a LOBSTER book, in its units; empty when it has no shares. */
typedef struct lobster_place {
    int64_t price;
    int64_t shares;
} lobster_place;

typedef struct tape_itch tape_itch; /* tape_itch_priv.h */

/* How a format is read. What it has not is NULL. */
typedef struct tape_reader {
    tw_tape_content content;
    bool wants_symbols;
    size_t (*capacity)(size_t line_size_max); /* of the source's buffer; NULL: as a text's */
    tw_status (*begin)(tw_tape *tape, const tw_tape_config *config, tw_error *error);
    tw_status (*go_on)(tw_tape *tape, tw_tape_place start, tw_error *error);
    void (*end)(tw_tape *tape);                         /* takes what begin only half made */
    tw_tape_place (*place)(const tw_tape *tape);        /* of the next record; NULL: of a line */
    tw_tape_content (*content_of)(const tw_tape *tape); /* NULL: always `content` */
    /* One, where that is another reader than that of many. */
    tw_status (*next_event)(tw_tape *tape, tw_order_event *ret_event, tw_error *error);
    tw_status (*next_trade)(tw_tape *tape, tw_trade *ret_trade, tw_error *error);
    tw_status (*next_quote)(tw_tape *tape, tw_quote *ret_quote, tw_error *error);
    tw_status (*next_bar)(tw_tape *tape, tw_bar *ret_bar, tw_error *error);
    /* Many. */
    tw_status (*next_events)(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                             size_t *ret_count, tw_error *error);
    tw_status (*next_trades)(tw_tape *tape, tw_trade *ret_trades, size_t capacity,
                             size_t *ret_count, tw_error *error);
    tw_status (*next_quotes)(tw_tape *tape, tw_quote *ret_quotes, size_t capacity,
                             size_t *ret_count, tw_error *error);
    tw_status (*next_bars)(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                           tw_error *error);
    tw_status (*next_depth)(tw_tape *tape, tw_depth_update *ret_update, tw_error *error);
} tape_reader;

struct tw_tape {
    const tw_allocator *allocator;
    tw_symbols *symbols;
    tw_tape_format format;
    const tape_reader *reader;
    bool known_symbols_only;
    bool as_reported;
    bool held; /* the next line is the current one again */
    tw_source source;
    tw_slice line;
    tw_slice *fields; /* of the current line */
    size_t field_capacity;
    size_t field_count; /* that every line must have */
    char *header_text;
    size_t header_size;
    tw_slice *header;
    size_t header_count;
    tape_last *series; /* by symbol */
    size_t series_capacity;
    int64_t
        offset_ns; /* of the last order event: LOBSTER's since midnight, Bitstamp's since 1970 */
    int64_t midnight_ns;
    tw_symbol symbol;         /* of what a file without symbols tells */
    lobster_place *places;    /* of the last row of a LOBSTER book, field_capacity / 2 of them */
    tw_error fault;           /* sticky, of this module; the source has its own */
    tape_itch *itch;          /* NULL for other formats */
    struct tape_dbn *dbn;     /* NULL unless that is the format */
    struct tape_depth *depth; /* of a recorded feed, see tape_depth.h; else NULL */
    tape_word symbol_words[1 << SYMBOL_WORD_BITS];
    tape_word timeframe_words[1 << TIMEFRAME_WORD_BITS];
};

/* Any text. */
tw_status text_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) TW_MUST_CHECK;
tw_status text_go_on(tw_tape *tape, tw_tape_place start, tw_error *error) TW_MUST_CHECK;

/* Our own CSV. */
tw_status csv_next_trade(tw_tape *tape, tw_trade *ret_trade, tw_error *error) TW_MUST_CHECK;
tw_status csv_next_quote(tw_tape *tape, tw_quote *ret_quote, tw_error *error) TW_MUST_CHECK;
tw_status csv_next_bar(tw_tape *tape, tw_bar *ret_bar, tw_error *error) TW_MUST_CHECK;
tw_status csv_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity, size_t *ret_count,
                          tw_error *error) TW_MUST_CHECK;
tw_status csv_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity, size_t *ret_count,
                          tw_error *error) TW_MUST_CHECK;
tw_status csv_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                        tw_error *error) TW_MUST_CHECK;

/* The readers of the formats by order, behind tw_tape_next_event and tw_tape_next_events. */
tw_status lobster_next_event(tw_tape *tape, tw_order_event *ret_event,
                             tw_error *error) TW_MUST_CHECK;
tw_status lobster_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                              size_t *ret_count, tw_error *error) TW_MUST_CHECK;
tw_status bitstamp_next_event(tw_tape *tape, tw_order_event *ret_event,
                              tw_error *error) TW_MUST_CHECK;
tw_status bitstamp_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                               size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* Takes the next row of a LOBSTER book into `places` if it lies in the buffer in the usual form. */
bool lobster_take_row(tw_tape *tape);

/* Memory for `places`. */
tw_status lobster_begin_book(tw_tape *tape, tw_error *error) TW_MUST_CHECK;

/* What many rows a call are read with: as many as the buffer holds in the usual form, up to the
 * first other line, and the reader of one row, whatever it looks like. */
typedef struct tape_rows {
    size_t size; /* bytes of a row */
    size_t (*take)(tw_tape *tape, void *ret_rows, size_t capacity);
    tw_status (*next)(tw_tape *tape, void *ret_row, tw_error *error);
} tape_rows;

/* The loop behind the calls for many rows, see tape.h. */
tw_status tape_next_many(tw_tape *tape, const tape_rows *rows, void *ret_rows, size_t capacity,
                         size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* `count` lines up to `next`, of which the last one begins at `line`, were taken from the buffer.
 * No line is empty. */
void tape_took(tw_tape *tape, size_t count, const char *line, const char *next);

/* Lets the line that was looked at when the tape was opened be the next one of the source. */
void tape_let_go(tw_tape *tape);

/* What is in `fault`. */
tw_status tape_give_fault(const tw_tape *tape, tw_error *error) TW_MUST_CHECK;

/* A decimal field that is at least `least_nano`; `what` names it. */
tw_status tape_read_decimal(tw_tape *tape, size_t at, const char *what, int64_t least_nano,
                            int64_t *ret_nano, tw_error *error) TW_MUST_CHECK;

/* ITCH: see tape_itch_priv.h. `done` takes a tape of any format. */
size_t itch_capacity(size_t line_size_max);
tw_status itch_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) TW_MUST_CHECK;
void itch_done(tw_tape *tape);
tw_status itch_go_on(tw_tape *tape, tw_tape_place start, tw_error *error) TW_MUST_CHECK;
tw_status itch_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                           size_t *ret_count, tw_error *error) TW_MUST_CHECK;
tw_tape_place itch_place(const tw_tape *tape);

/* The readers of DBN (tape_dbn.c): its begin and end, the place to go on from, and the calls. */
size_t dbn_capacity(size_t line_size_max);
tw_status dbn_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) TW_MUST_CHECK;
void dbn_end(tw_tape *tape);
tw_status dbn_go_on(tw_tape *tape, tw_tape_place start, tw_error *error) TW_MUST_CHECK;
tw_tape_content dbn_content(const tw_tape *tape);
tw_tape_place dbn_place(const tw_tape *tape);
tw_status dbn_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                          size_t *ret_count, tw_error *error) TW_MUST_CHECK;
tw_status dbn_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity, size_t *ret_count,
                          tw_error *error) TW_MUST_CHECK;
tw_status dbn_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity, size_t *ret_count,
                          tw_error *error) TW_MUST_CHECK;
tw_status dbn_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                        tw_error *error) TW_MUST_CHECK;
tw_status dbn_next_depth(tw_tape *tape, tw_depth_update *ret_update, tw_error *error) TW_MUST_CHECK;

/* The recorded feeds by level: see tape_depth.h. */
size_t depth_capacity(size_t line_size_max);
tw_status depth_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) TW_MUST_CHECK;
void depth_end(tw_tape *tape);
tw_status depth_next_depth(tw_tape *tape, tw_depth_update *ret_update,
                           tw_error *error) TW_MUST_CHECK;

/* Reads the next line and cuts it into exactly field_count fields. */
tw_status tape_next_fields(tw_tape *tape, bool trim, tw_error *error) TW_MUST_CHECK;

/* The entry of a symbol, made if it is new; NULL when memory is out. */
tape_last *tape_series(tw_tape *tape, tw_symbol symbol);

/* A field made fit for a message: printable, short, NUL-terminated. Returns `buffer`. */
const char *tape_shown(tw_slice field, char buffer[SHOWN_SIZE]);

/* What may stand for itself as a code in a field: printable, and nothing that CSV gives a sense. */
static inline bool tape_is_code(char c) {
    return c >= ' ' && c <= '~' && c != ',' && c != '"';
}

/* Reports field `index` (0-based) of the current line. */
#define TAPE_BAD(tape, status, index, ...)                                                    \
    tw_error_set_at(error, (status), (tape)->source.where, (tape)->source.line, (index) + 1U, \
                    __VA_ARGS__)

#endif
