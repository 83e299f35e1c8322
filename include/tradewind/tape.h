/*
 * tape.h - files of market data, read and written as a stream.
 *
 * A tape is a text file with one record a line, or a file of binary records (tape_itch.h,
 * tape_dbn.h): plain, gzip, zstd or xz, told apart by its first bytes, not by its name; "-" is
 * standard input. Every field is checked; what is wrong is reported as file:line:field with what
 * was expected, and the next call goes on with the next line, so a caller may stop at the first
 * bad line or set it aside:
 *
 *     tw_tape_config config = {.path = "trades.csv.gz", .format = TW_TAPE_TRADES,
 *                              .symbols = symbols};
 *     tw_tape *tape = NULL;
 *     tw_status status = tw_tape_open(&config, &tape, &error);
 *     tw_trade trade;
 *     while ((status = tw_tape_next_trade(tape, &trade, &error)) == TW_OK) ...
 *     if (status != TW_EMPTY) ... error.message ...
 *     tw_tape_close(tape);
 *
 * What each next function returns besides TW_OK:
 *     TW_EMPTY      the end of the file, in its right place
 *     TW_PARSE      the line is malformed (line and field are in the error)
 *     TW_RANGE      a value is well written but not acceptable (negative, time running backwards)
 *     TW_NOT_FOUND  a symbol is not in the table (known_symbols_only)
 *     TW_FULL       the table of symbols is full, or the caller's array too small
 *     TW_TRUNCATED  the compressed data ends too early; all whole lines before were given
 *     TW_CORRUPT    the compressed data is damaged here; all whole lines before were given
 *     TW_IO, TW_NO_MEMORY, TW_CLOSED (standard input was a connection, which was lost)
 * After TW_TRUNCATED, TW_CORRUPT and the last three every further call says the same.
 *
 * Whole files are read with tw_tape_next_trades and its like, many rows a call, and written with a
 * tw_tape_writer, at the end of this page.
 *
 * Memory: one line buffer (line_size_max) and one input buffer (64 KiB) at open; 32 bytes for each
 * level of a LOBSTER book's row; one small entry a symbol; the decompressor's window (gzip 32 KiB,
 * zstd and xz at most 128 MiB, zstd usually 2 to 8). A writer has its one buffer.
 *
 * Cost: on one core of a server 30 M trades/s in batches (1.2 GB/s), 13 M bars/s, 38 M LOBSTER
 * messages/s (1.5 GB/s), 24 M Bitstamp events/s; a third of that one by one, and wherever a line is
 * not in the usual form (plain digits and points, no blanks). Book rows of 10 levels: 4 M/s, read
 * or written. Out of a pack the decompressor takes most of the time: 8 M messages/s from gzip,
 * 17 M/s from zstd. Writing: 30 M trades/s, 14 M bars/s. bench_tape and bench_tape_orders measure.
 *
 * Threads: a tape or a writer belongs to one.
 */
#ifndef TRADEWIND_TAPE_H
#define TRADEWIND_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

#define TW_TAPE_LINE_SIZE_DEFAULT 262144
#define TW_TAPE_LINE_SIZE_MAX 16777216
#define TW_TAPE_FIELD_COUNT_MAX 16384
#define TW_TAPE_DEPTH_MAX (TW_TAPE_FIELD_COUNT_MAX / 4) /* levels a side of a LOBSTER book */
#define TW_TAPE_CELL_COUNT_DEFAULT 67108864             /* 512 MiB of doubles */

typedef enum tw_tape_format {
    TW_TAPE_ROWS,             /* any CSV with a header line: tw_tape_next_row */
    TW_TAPE_TRADES,           /* ts_ns,symbol,price,size,side[,id,exchange,tape,conditions] */
    TW_TAPE_BARS,             /* ts_ns,symbol,timeframe,open,high,low,close,volume
                               * [,count[,vwap[,revision]]] */
    TW_TAPE_LOBSTER_MESSAGES, /* time,type,id,size,price,direction; no header */
    TW_TAPE_LOBSTER_BOOK,     /* ask price,ask size,bid price,bid size per level; no header */
    TW_TAPE_QUOTES,           /* ts_ns,symbol,bid_price,bid_size,ask_price,ask_size */
    TW_TAPE_BITSTAMP,         /* id,timestamp,exchange.timestamp,price,volume,action,direction */
    TW_TAPE_ITCH,   /* NASDAQ TotalView-ITCH 5.0: a day file, or a capture of its packets */
    TW_TAPE_DBN,    /* Databento's binary records, any schema: see tape_dbn.h */
    TW_TAPE_KRAKEN, /* `seconds: json`, a recorded WebSocket (version 1) of Kraken */
    TW_TAPE_BINANCE /* `nanoseconds json`, recorded streams of Binance */
} tw_tape_format;

/* What a tape gives, and so which call reads it. Most formats are made of one kind; where the file
 * decides (DBN), a call that does not fit is TW_STATE. */
typedef enum tw_tape_content {
    TW_TAPE_CONTENT_ROWS,
    TW_TAPE_CONTENT_EVENTS,
    TW_TAPE_CONTENT_LEVELS,
    TW_TAPE_CONTENT_TRADES,
    TW_TAPE_CONTENT_QUOTES,
    TW_TAPE_CONTENT_DEPTH,
    TW_TAPE_CONTENT_BARS,
    TW_TAPE_CONTENT_RECORDS, /* none of these: binary records with their header */
    TW_TAPE_CONTENT_MIXED    /* several of these; each call passes over what is not its own */
} tw_tape_content;

typedef enum tw_tape_compression {
    TW_TAPE_PLAIN,
    TW_TAPE_GZIP,
    TW_TAPE_ZSTD,
    TW_TAPE_XZ
} tw_tape_compression;

/* Where a line begins in the text of a file, packed or not: what is before it. */
typedef struct tw_tape_place {
    uint64_t offset; /* bytes of decompressed text */
    uint64_t line_count;
} tw_tape_place;

/* What is opened and how. Zero means the default; only path must be set (and symbols, for trades,
 * quotes, bars and what names its own). */
typedef struct tw_tape_config {
    const char *path;    /* "-": standard input */
    tw_symbols *symbols; /* borrowed until close; new names are added */
    const tw_allocator *allocator;
    tw_tape_place start;     /* where to go on: `next` of an earlier tw_tape_tell */
    size_t line_size_max;    /* bytes of a line; ITCH: of a packet, at least 66048 */
    int64_t midnight_ns;     /* of the tape's day at its exchange, added to times that count from
                              * there (LOBSTER, ITCH) */
    uint8_t format;          /* tw_tape_format */
    bool known_symbols_only; /* a name that is not in `symbols` is TW_NOT_FOUND; in ITCH, whose
                              * files hold all stocks, messages of others are passed over */
    uint16_t port;           /* ITCH captures: only datagrams to this UDP port; 0: to any */
    bool as_reported;        /* trades stand in the order in which they were reported: their times
                              * may run backwards, and a row with an id and the size 0 takes the
                              * trade of that id back (its price may be empty) */
    tw_symbol symbol;        /* of all that a file without symbols tells (LOBSTER, Bitstamp): such
                              * a file is of one, which only its name or its owner knows. Need not
                              * be in a table */
} tw_tape_config;

/* Where a reader stands; for progress bars and messages. */
typedef struct tw_tape_position {
    uint64_t line;       /* 1-based, of the last line read; ITCH: messages read */
    uint64_t bytes_read; /* of the file as it is on the disk */
    uint64_t bytes;      /* the file's size; 0 when not known (a pipe) */
    tw_tape_place next;  /* of the next line that was not used */
} tw_tape_position;

typedef struct tw_tape tw_tape;

/* A whole table of prices or returns: one row a date, one column a name. */
typedef struct tw_tape_table {
    int64_t *times_ns; /* [row_count], strictly ascending, midnight UTC for a date */
    char (*names)[TW_SYMBOL_NAME_SIZE]; /* [column_count], unique */
    double *values;                     /* [row_count x column_count] row by row; NaN: missing */
    size_t row_count;
    size_t column_count;
    size_t row_capacity; /* for tw_tape_table_done only */
    const tw_allocator *allocator;
} tw_tape_table;

/* How a wide CSV is read. Zero means the default; only path must be set. */
typedef struct tw_tape_table_config {
    const char *path;
    const tw_allocator *allocator;
    size_t line_size_max;
    size_t cell_count_max; /* row_count x column_count; more is TW_FULL */
    bool positive;         /* values must be above zero (prices) */
    uint8_t reserved[7];
} tw_tape_table_config;

TW_BEGIN_DECLS

/*
 * Opens a file, finds its compression and reads the header line if its format has one. TW_EMPTY:
 * the file has no line. TW_NOT_FOUND, TW_PERMISSION. TW_INVALID: a directory, or nothing that can
 * be read. TW_PARSE: the header is not the format's (the sentence shows both). Others as above.
 *
 * With `start` reading goes on there, after the header was checked: a plain file is opened at the
 * offset at once, what is packed or comes through a pipe is read up to it. TW_RANGE: the text is
 * shorter, or no line begins there. That the text before it is still the same is for the caller
 * to know. The rules that compare lines (time does not run backwards) begin anew.
 */
TW_API tw_status tw_tape_open(const tw_tape_config *config, tw_tape **ret_tape,
                              tw_error *error) TW_MUST_CHECK;
/* NULL is accepted. */
TW_API void tw_tape_close(tw_tape *tape);

/* The format of a file, by how it begins: a magic number, a header, or the shape of its first line.
 * TW_UNSUPPORTED: like none that is known; TW_STATE: a pipe or a device (or `-`), whose first bytes
 * would be gone; others as tw_tape_open. `allocator` may be NULL. */
TW_API tw_status tw_tape_guess(const char *path, const tw_allocator *allocator,
                               tw_tape_format *ret_format, tw_error *error) TW_MUST_CHECK;

/*
 * The next record. The format must be that of the function (anything else is a programmer error),
 * and for events one by order. `ret_` is written only with TW_OK.
 *
 * LOBSTER messages (lobsterdata.com, "Output Structure"): seconds after midnight with one to
 * eighteen fractional digits, rounded half to even behind the ninth; times do not run backwards.
 * A message names its order, but for hidden executions (id 0), crosses and halts (0 or -1).
 *
 * Bitstamp order events (the R package obAnalytics, processData): `created` is an ADD, `changed` a
 * MODIFY to the volume that remains, `deleted` a DELETE, whose quantity is what remained of the
 * order: 0 when it was filled. Volumes are in units of 1e-8, prices decimals. time_ns is the
 * `timestamp` (milliseconds, when the event was received), which does not run backwards;
 * `exchange.timestamp`, when the order was created, is in no order and only checked to be a time.
 */
TW_API tw_status tw_tape_next_event(tw_tape *tape, tw_order_event *ret_event,
                                    tw_error *error) TW_MUST_CHECK;

TW_API tw_status tw_tape_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                                     size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/*
 * Times may repeat but not run backwards within a symbol, but as_reported. side: B, S or empty.
 * More than nine fractional digits are rounded half to even. With the header of five fields the
 * trade has no id, exchange, tape, conditions; with that of nine: id digits or empty (0); exchange
 * and tape one printable ASCII character or empty; conditions up to five, and a blank there is a
 * condition, since some venues write one.
 */
TW_API tw_status tw_tape_next_trade(tw_tape *tape, tw_trade *ret_trade,
                                    tw_error *error) TW_MUST_CHECK;

/*
 * Times may repeat but not run backwards within a symbol. A side has a price and a size above zero
 * or is empty: the price empty or 0 and the size 0, or both fields empty. Both sides may be empty,
 * and a bid may be above an ask.
 */
TW_API tw_status tw_tape_next_quote(tw_tape *tape, tw_quote *ret_quote,
                                    tw_error *error) TW_MUST_CHECK;

/* low <= open, close <= high; a missing or empty count, vwap or revision is 0. Times ascend within
 * a symbol as long as the timeframe stays the same. */
TW_API tw_status tw_tape_next_bar(tw_tape *tape, tw_bar *ret_bar, tw_error *error) TW_MUST_CHECK;

/*
 * The same, many at a time: exactly what as many single calls would give, in the same order, with
 * the same errors and the same place afterwards. TW_OK: 1 to `capacity` (at least 1) of them, fewer
 * when the next line is bad, or must be waited for, or the text ends; the next call tells. Any
 * other status: none. May be mixed with single calls.
 */

TW_API tw_status tw_tape_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity,
                                     size_t *ret_count, tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_tape_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity,
                                     size_t *ret_count, tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_tape_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity,
                                   size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* The next message of a feed by level. Its levels are the tape's, until the next call. */
TW_API tw_status tw_tape_next_depth(tw_tape *tape, tw_depth_update *ret_update,
                                    tw_error *error) TW_MUST_CHECK;

/*
 * The next row of a LOBSTER book file, as levels in file order (best ask, best bid, second ask
 * ...), empty places left out; time is 0, `clear` is 1 on the first level and `last` on the last.
 * At most 2 x tw_tape_depth levels; TW_FULL if `capacity` is below that (the row stays the next
 * one). Asks ascend, bids descend, all sizes are positive.
 */
TW_API tw_status tw_tape_next_levels(tw_tape *tape, tw_level *ret_levels, size_t capacity,
                                     size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/* Levels a side in each row of a LOBSTER book file. */
TW_API size_t tw_tape_depth(const tw_tape *tape);

/* The next row of any CSV, as fields without surrounding white space, borrowed until the next
 * call. As many as the header has, or TW_PARSE. */
TW_API tw_status tw_tape_next_row(tw_tape *tape, const tw_slice **ret_fields, size_t *ret_count,
                                  tw_error *error) TW_MUST_CHECK;

/* The header's fields; none for a format without one. Borrowed until close. */
TW_API const tw_slice *tw_tape_header(const tw_tape *tape, size_t *ret_count);

/* The text of the last line read, without its end; for setting bad lines aside. Of ITCH the bytes
 * of the last message. Borrowed until the next call. */
TW_API tw_slice tw_tape_line(const tw_tape *tape);

TW_API tw_tape_position tw_tape_tell(const tw_tape *tape);
TW_API tw_tape_compression tw_tape_compression_of(const tw_tape *tape);
TW_API tw_tape_content tw_tape_content_of(const tw_tape *tape);

/*
 * Reads a wide CSV `date,NAME1,NAME2,...` whole: dates (or RFC 3339 times) strictly ascending,
 * values finite, an empty field is missing (NaN). Statuses as above; nothing is left allocated
 * on an error. TW_FULL: more than cell_count_max values.
 */
TW_API tw_status tw_tape_read_table(const tw_tape_table_config *config, tw_tape_table *ret_table,
                                    tw_error *error) TW_MUST_CHECK;

/* Gives the memory back and zeroes the table. A zeroed table is accepted. */
TW_API void tw_tape_table_done(tw_tape_table *table);

/*
 * Takes the bytes of a written tape, from its first one, in pieces of any size; all of them, or it
 * fails. What it returns and puts into `error` is what the writer's call returns.
 */
typedef tw_status (*tw_tape_sink)(void *context, tw_slice bytes, tw_error *error);

#define TW_TAPE_BUFFER_SIZE_DEFAULT 262144
#define TW_TAPE_BUFFER_SIZE_MIN 1024

/* Zero means the default; only sink must be set. */
typedef struct tw_tape_writer_config {
    tw_tape_sink sink;
    void *context; /* for the sink */
    const tw_allocator *allocator;
    size_t buffer_size; /* bytes gathered before the sink is called */
    uint8_t format;     /* TW_TAPE_TRADES, _BARS, _QUOTES or _LOBSTER_BOOK */
    bool full;          /* the long header: trades with id, exchange, tape and conditions, which
                         * the short one loses; bars with their revision */
    uint8_t price_digits_min; /* of a trade's price, behind the point, 0 to 9: 2 gives 100.10 */
    uint8_t reserved;
    uint32_t depth; /* of a LOBSTER book: levels a side in each row, 1 to TW_TAPE_DEPTH_MAX */
} tw_tape_writer_config;

typedef struct tw_tape_writer tw_tape_writer;

/*
 * Makes a writer of CSV that the readers above take back as it was, and that is the same bytes when
 * it is read and written again: the header `ts_ns,symbol,price,size,side` (full: and
 * `,id,exchange,tape,conditions`), `ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap`
 * (full: and `,revision`) or `ts_ns,symbol,bid_price,bid_size,ask_price,ask_size`; numbers as
 * tw_decimal_format writes them; LF. What is absent (side none, id 0, exchange, tape, the price of
 * an empty side) is an empty field. A LOBSTER book has no header, and its buffer is made larger
 * than was asked for if a row would not fit. TW_NO_MEMORY.
 */
TW_API tw_status tw_tape_writer_new(const tw_tape_writer_config *config,
                                    tw_tape_writer **ret_writer, tw_error *error) TW_MUST_CHECK;

/* What was not flushed is lost. NULL is accepted. */
TW_API void tw_tape_writer_free(tw_tape_writer *writer);

/*
 * Appends rows; the format must be that of the function, the symbols in the table, a timeframe in
 * whole seconds. Numbers are not judged. TW_INVALID, full trades only: a code that a field cannot
 * hold (not printable ASCII, a comma, a quote; a blank as exchange or tape; bytes behind the end
 * of the conditions); the rows before it are in, and rows may follow. Else what the sink returned,
 * and then every further call returns that.
 */
TW_API tw_status tw_tape_writer_put_trades(tw_tape_writer *writer, const tw_symbols *symbols,
                                           const tw_trade *trades, size_t count,
                                           tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_tape_writer_put_bars(tw_tape_writer *writer, const tw_symbols *symbols,
                                         const tw_bar *bars, size_t count,
                                         tw_error *error) TW_MUST_CHECK;

/*
 * The same for quotes. TW_INVALID: a side with a price but no size or a size but no price, or one
 * below zero. Exchanges, tape and conditions have no place in the file and are lost.
 */
TW_API tw_status tw_tape_writer_put_quotes(tw_tape_writer *writer, const tw_symbols *symbols,
                                           const tw_quote *quotes, size_t count,
                                           tw_error *error) TW_MUST_CHECK;

/*
 * Appends one row of a LOBSTER book: `depth` times ask price,ask size,bid price,bid size, prices in
 * units of 0.0001, an empty place as 9999999999,0 or -9999999999,0. Each side is given best first,
 * which is not checked; of its levels only price and quantity count, and those behind `depth` are
 * not written. TW_INVALID: a price that is no multiple of 0.0001, a quantity that is no whole
 * number, or one of them not above zero; the row is not written, and rows may follow. Else as
 * above.
 */
TW_API tw_status tw_tape_writer_put_book(tw_tape_writer *writer, const tw_level *asks,
                                         size_t ask_count, const tw_level *bids, size_t bid_count,
                                         tw_error *error) TW_MUST_CHECK;

/* Hands everything to the sink. At the end of a tape this must be the last call. */
TW_API tw_status tw_tape_writer_flush(tw_tape_writer *writer, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_tape, tw_tape_close)
TW_DEFINE_AUTO(tw_tape_writer, tw_tape_writer_free)

#endif
