/*
 * tape_dbn.h - what a tape of format TW_TAPE_DBN gives, and what only it can tell.
 *
 * Databento's files hold one schema each, and the file decides which call reads it:
 * tw_tape_content_of says so after opening, and any other call is TW_STATE.
 *
 *     schema                              call
 *     mbo                                 tw_tape_next_event, tw_tape_next_events
 *     trades                              tw_tape_next_trade, tw_tape_next_trades
 *     tbbo, tcbbo                         tw_tape_next_quotes, or the calls for trades
 *     mbp-1, bbo-1s, bbo-1m, cmbp-1,
 *     cbbo-1s, cbbo-1m                    tw_tape_next_quotes
 *     mbp-10                              tw_tape_next_depth
 *     ohlcv-1s, -1m, -1h, -1d, -eod       tw_tape_next_bar, tw_tape_next_bars
 *     definition, statistics, status,
 *     imbalance                           tw_tape_next_record
 *     none (a live capture)               all of these; each passes over the records of the others
 *
 * tw_tape_next_record reads all of them. Records of other types in a file are passed over and
 * counted; those that name an instrument (symbol mappings) are heeded on the way.
 *
 * Time: time_ns is ts_recv, when Databento's capture received it. That is what files are sorted by
 * (their index timestamp), and what a reader could have known; ts_event, the venue's own time,
 * stands in where ts_recv is undefined, and 0 where both are. Bars have their start. Times are not
 * held against one another: ts_recv may be wrong by a flag of its own.
 *
 * Events of orders. Price is 1e-9 as it is; sizes are whole shares or contracts.
 *     A  ADD
 *     C  REDUCE by the size, which may be a part of the order or all that is left
 *     M  MODIFY; of an order that is not known it means to add it
 *     R  CLEAR
 *     T F N  OTHER with that letter as `detail`, and id, price, quantity as far as defined: what a
 *        trade takes from the book comes as a cancellation behind it. The side of a T is that of
 *        the one who took, of an F that of the order that was filled.
 * Adds, cancellations and modifications that are a top of book or a price level and not an order
 * (F_TOB, F_MBP) are OTHER with their letter too: they do not fit into a book by order. F_LAST is
 * TW_EVENT_LAST, F_SNAPSHOT is TW_EVENT_SNAPSHOT. F_MAYBE_BAD_BOOK is counted. For A, C, M an order
 * id of 0, a size of 0 or undefined, for A and M an undefined price or no side, are TW_RANGE.
 *
 * Trades: an undefined price or size is TW_RANGE; the sequence number is not an id, since it is not
 * unique. Quotes: a side without price or size is empty (zero). Depth: whole snapshots, bids from
 * the best down, then asks from the best up, without empty places; `clear` on the first level,
 * `last` on the last where F_LAST is set; prices out of order are TW_RANGE. Bars: as in a CSV, but
 * for prices, which may be zero or negative everywhere in DBN; eod bars are days; count and vwap
 * are not told.
 *
 * Symbols: an instrument has the name that the metadata gives it at the time of a record (of
 * several the one that began last), or the last symbol mapping of a live capture; else, and where
 * the name is none for tw_symbols (blanks), its decimal number. Names enter the table when first
 * met. With known_symbols_only an instrument is known by its name or its number; the records of
 * others are passed over and counted, and TW_NOT_FOUND is never returned.
 *
 * Errors name the byte of the record, in the unpacked stream. TW_PARSE, TW_RANGE and TW_FULL are
 * about one record, and the next call goes on behind it. TW_TRUNCATED and TW_CORRUPT (a length that
 * cannot be, a record too short for its type) end the tape. tw_tape_line gives the bytes of the
 * last record, and the `line` of tw_tape_tell is its number. With `start` at a place that
 * tw_tape_tell gave, the records up to it are walked over, so that names are as they were;
 * TW_RANGE: no record begins there.
 *
 * Memory, besides the tape's: 40 bytes and 32 to 64 of a map for an instrument that is met or
 * named, 56 for a name and span of time; at most TW_TAPE_DBN_NAME_COUNT_MAX of each, and
 * TW_TAPE_DBN_SPAN_COUNT_MAX spans an instrument; beyond that TW_FULL. What the metadata needs is
 * taken at open; instruments without a name add to it as they come, doubling.
 * Cost: on one core of a server 55 M events/s in batches (3.1 GB/s), 47 M/s one by one; 17 M/s from
 * zstd, where the decompressor alone makes 21 M/s of them (bench_dbn).
 * Threads: as tape.h.
 */
#ifndef TRADEWIND_TAPE_DBN_H
#define TRADEWIND_TAPE_DBN_H

#include "tradewind/dbn.h"
#include "tradewind/tape.h"

#define TW_TAPE_DBN_NAME_COUNT_MAX 2097152
#define TW_TAPE_DBN_SPAN_COUNT_MAX 4096

/* What was met on the way, since open. */
typedef struct tw_tape_dbn_counts {
    uint64_t passed_over;    /* records of other types, or of symbols that are not known */
    uint64_t maybe_bad_book; /* records given that warn of lost messages (F_MAYBE_BAD_BOOK) */
    uint64_t gateway_errors; /* error records of a live capture, among those passed over */
    uint64_t unnamed;        /* times that an instrument got its number for a name */
} tw_tape_dbn_counts;

TW_BEGIN_DECLS

/* The fixed part of the metadata. The tape's format must be TW_TAPE_DBN, here and below. Borrowed
 * until close. */
TW_API const tw_dbn_metadata *tw_tape_dbn_metadata(const tw_tape *tape);

TW_API void tw_tape_dbn_counts_of(const tw_tape *tape, tw_tape_dbn_counts *ret_counts);

/* The next record of any type, whole, for the functions of dbn.h; borrowed until the next call.
 * Only its length was checked, against the format and its type. Statuses as tape.h. */
TW_API tw_status tw_tape_next_record(tw_tape *tape, tw_slice *ret_record,
                                     tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
