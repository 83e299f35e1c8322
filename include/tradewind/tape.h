/*
 * tape.h - files of market data, read and written as a stream.
 *
 * A tape is a text file with one record a line: plain, gzip or zstd, told apart by its first
 * bytes, not by its name; "-" is standard input. Every field is checked; what is wrong is
 * reported as file:line:field with what was expected, and the next call goes on with the next
 * line, so a caller may stop at the first bad line or set it aside:
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
 *     TW_IO, TW_NO_MEMORY
 * After TW_TRUNCATED, TW_CORRUPT, TW_IO and TW_NO_MEMORY every further call says the same.
 *
 * Whole files are read with tw_tape_next_trades, tw_tape_next_bars and tw_tape_next_events, many a
 * call, and written with a tw_tape_writer, at the end of this page.
 *
 * ITCH is read from day files as NASDAQ publishes them (BinaryFILE 1.00: each message behind two
 * bytes of its length, a length of zero ends) and from captures: pcap and pcapng, told apart by
 * their first bytes; Ethernet with VLAN tags, Linux cooked (SLL, SLL2) and raw IP; IPv4 and IPv6;
 * UDP with MoldUDP64. A message in it takes the part of a line. Besides the statuses above:
 *     TW_UNKNOWN      messages are missing here; which, is in the error and in tw_tape_gaps_of
 *     TW_UNSUPPORTED  ITCH in SoupBinTCP over TCP, once a file; a link type that is not known
 * after which the next call goes on, as after TW_PARSE, TW_RANGE and TW_FULL. A file that ends in a
 * message or packet is TW_TRUNCATED, one that cannot be followed TW_CORRUPT, with the byte at which
 * it is so.
 *
 * Memory: one line buffer (line_size_max) and one input buffer (64 KiB) at open; one small entry a
 * symbol; the decompressor's window (gzip 32 KiB, zstd at most 128 MiB, usually 2 to 8). ITCH: all
 * at open, 512 KiB of buffer, and for each of up to 16 sessions of a capture (a day file is one)
 * 256 KiB of symbols by locate and 16 KiB of gaps. A writer has its one buffer.
 * Cost: on one core of a server 30 M trades/s in batches (1.2 GB/s) and 13 M bars/s; a third of
 * that one by one, and wherever a line is not in the usual form (plain digits and points, no
 * blanks, LF). Writing: 30 M trades/s, 14 M bars/s. LOBSTER messages about 5 M/s plain, 3 M/s from
 * gzip. ITCH 100 M events/s in batches (3 GB/s), 50 M one by one, 40 M from a capture; packed files
 * at little less than the speed of their decompressor.
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
#include "tradewind/itch.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

#define TW_TAPE_LINE_SIZE_DEFAULT 262144
#define TW_TAPE_LINE_SIZE_MAX 16777216
#define TW_TAPE_FIELD_COUNT_MAX 16384
#define TW_TAPE_CELL_COUNT_DEFAULT 67108864 /* 512 MiB of doubles */

typedef enum tw_tape_format {
    TW_TAPE_ROWS,             /* any CSV with a header line: tw_tape_next_row */
    TW_TAPE_TRADES,           /* ts_ns,symbol,price,size,side[,id,exchange,tape,conditions] */
    TW_TAPE_BARS,             /* ts_ns,symbol,timeframe,open,high,low,close,volume
                               * [,count[,vwap[,revision]]] */
    TW_TAPE_LOBSTER_MESSAGES, /* time,type,id,size,price,direction; no header */
    TW_TAPE_LOBSTER_BOOK,     /* ask price,ask size,bid price,bid size per level; no header */
    TW_TAPE_ITCH /* NASDAQ TotalView-ITCH 5.0: a day file, or a capture of its packets */
} tw_tape_format;

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

/* What is opened and how. Zero means the default; only path must be set (and symbols, for trades
 * and bars). */
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
    uint8_t reserved[4];
} tw_tape_config;

/* Where a reader stands; for progress bars and messages. */
typedef struct tw_tape_position {
    uint64_t line;       /* 1-based, of the last line read; ITCH: messages read */
    uint64_t bytes_read; /* of the file as it is on the disk */
    uint64_t bytes;      /* the file's size; 0 when not known (a pipe) */
    tw_tape_place next;  /* of the next line that was not used */
} tw_tape_position;

/* What an ITCH tape lacked or left out so far. Everything but unnamed_count and passed_count is
 * zero for a day file. */
typedef struct tw_tape_gaps {
    uint64_t gap_count;       /* times that sequence numbers went ahead of what had come */
    uint64_t missing_count;   /* messages in these gaps that have not come later */
    uint64_t late_count;      /* that have: given where they came */
    uint64_t duplicate_count; /* messages that had come before, passed over */
    uint64_t packet_count;    /* of MoldUDP64, heartbeats included */
    uint64_t fragment_count;  /* IP fragments, passed over */
    uint64_t other_count;     /* packets that are not ITCH or to another port, passed over */
    uint64_t cut_count;       /* packets of which the capture did not keep all */
    uint64_t unnamed_count;   /* messages about a stock of which no message told the name */
    uint64_t passed_count;    /* messages of other symbols, passed over (known_symbols_only) */
    uint64_t first_missing;   /* the last gap: sequence numbers, of the session at the port */
    uint64_t last_missing;    /* 0: there was none */
    char session[11];
    bool ended; /* the feed said that it was over: the last message (S, C), the length of zero, or
                 * the end of a session. Without it the file may be only a part */
    uint16_t port;
} tw_tape_gaps;

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

/* The next record. The format must be that of the function (anything else is a programmer
 * error). `ret_` is written only with TW_OK. LOBSTER messages and ITCH. */
TW_API tw_status tw_tape_next_event(tw_tape *tape, tw_order_event *ret_event,
                                    tw_error *error) TW_MUST_CHECK;

/*
 * The next message of an ITCH tape with all of its fields, which are all checked (itch.h). May be
 * mixed with tw_tape_next_event, which gives of each message
 *     A F  ADD                              U  REPLACE (side none: as before)
 *     E    EXECUTE, price 0: its own        P  HIDDEN
 *     C    EXECUTE at its price             Q  CROSS
 *     X    REDUCE                           H  HALT, detail: H P halted, Q quoting, T trading
 *     D    DELETE                           any other  OTHER, detail: its letter
 * (new_id of E, C, P and Q is the match number; time_ns is midnight_ns and the message's time) and
 * checks what it gives. Symbols come from the stock directory (R) and from the stock in the first
 * other message of a locate; a message whose locate nobody named has TW_SYMBOL_NONE and is counted,
 * one about no stock (S, V, W) has it too. With known_symbols_only only messages of stocks in
 * `symbols` and those about no stock are given; the others are passed over at the speed of reading,
 * which is how one asks for a few symbols of a day file.
 *
 * In a capture each session at a port has its sequence. Two lines of a feed at one port are one
 * sequence: what a line lost is taken from the other. Messages that came before are passed over and
 * counted. When numbers go ahead the call says TW_UNKNOWN with the range that is missing, and the
 * next one gives what came instead; messages of the range that come later are given then, late (the
 * last 1,024 gaps of a session are remembered, what fills older ones counts as having come before).
 * A capture may begin anywhere: what was before its first packet is not missing. The first IP
 * fragment and the first packet that was cut before its header ended are told with TW_UNKNOWN too.
 */
TW_API tw_status tw_tape_next_itch(tw_tape *tape, tw_itch_message *ret_message,
                                   tw_error *error) TW_MUST_CHECK;

/* May be read at any time, also after the end. All zero for other formats. */
TW_API tw_tape_gaps tw_tape_gaps_of(const tw_tape *tape);

/*
 * Times may repeat but not run backwards within a symbol. side: B, S or empty. More than nine
 * fractional digits are rounded half to even. With the header of five fields the trade has no id,
 * exchange, tape, conditions; with that of nine: id digits or empty (0); exchange and tape one
 * printable ASCII character or empty; conditions up to five, and a blank there is a condition,
 * since some venues write one.
 */
TW_API tw_status tw_tape_next_trade(tw_tape *tape, tw_trade *ret_trade,
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
TW_API tw_status tw_tape_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity,
                                   size_t *ret_count, tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_tape_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                                     size_t *ret_count, tw_error *error) TW_MUST_CHECK;

/*
 * The next row of a LOBSTER book file, as levels in file order (best ask, best bid, second ask
 * ...), empty places left out; time and symbol are 0, `clear` is 1 on the first level and `last`
 * on the last. At most 2 x tw_tape_depth levels; TW_FULL if `capacity` is below that (the row
 * stays the next one). Asks ascend, bids descend, all sizes are positive.
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
    uint8_t format;     /* TW_TAPE_TRADES or TW_TAPE_BARS */
    bool full;          /* the long header: trades with id, exchange, tape and conditions, which
                         * the short one loses; bars with their revision */
    uint8_t price_digits_min; /* of a trade's price, behind the point, 0 to 9: 2 gives 100.10 */
    uint8_t reserved[5];
} tw_tape_writer_config;

typedef struct tw_tape_writer tw_tape_writer;

/*
 * Makes a writer of CSV that the readers above take back as it was, and that is the same bytes when
 * it is read and written again: the header `ts_ns,symbol,price,size,side` (full: and
 * `,id,exchange,tape,conditions`) or `ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap`
 * (full: and `,revision`); numbers as tw_decimal_format writes them; LF. What is absent (side none,
 * id 0, exchange, tape) is an empty field. TW_NO_MEMORY.
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

/* Hands everything to the sink. At the end of a tape this must be the last call. */
TW_API tw_status tw_tape_writer_flush(tw_tape_writer *writer, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_tape, tw_tape_close)
TW_DEFINE_AUTO(tw_tape_writer, tw_tape_writer_free)

#endif
