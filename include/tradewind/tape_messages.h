/*
 * tape_messages.h - recorded feeds by level as a tape: books, trades and best quotes, in order.
 *
 * tw_tape_next_depth of tape.h gives the books alone. What
 * keeps a book right from them is a tw_book_sync (book_sync.h).
 *
 * Memory: about 13 bytes more for each of line_size_max, whose default is
 * TW_TAPE_LINE_SIZE_DEFAULT_JSON here: a snapshot is one line.
 * Cost: see bench_depth.
 * Threads: as tape.h.
 */
#ifndef TRADEWIND_TAPE_MESSAGES_H
#define TRADEWIND_TAPE_MESSAGES_H

#include "tradewind/tape.h"

#define TW_TAPE_LINE_SIZE_DEFAULT_JSON 1048576

typedef enum tw_tape_message_kind {
    TW_TAPE_MESSAGE_DEPTH = 1,
    TW_TAPE_MESSAGE_TRADE = 2,
    TW_TAPE_MESSAGE_QUOTE = 3
} tw_tape_message_kind;

/* One message of a recorded feed by level. Of depth, trade and quote the one that `kind` names is
 * set, the others are zero. */
typedef struct tw_tape_message {
    int64_t time_ns;       /* when it was recorded: the line's time, the one clock of all kinds */
    uint64_t update_id;    /* QUOTE: number of the change of the book that it came with, or 0 */
    tw_depth_update depth; /* its levels are borrowed until the next call */
    tw_trade trade;
    tw_quote quote;
    uint8_t kind; /* tw_tape_message_kind */
    uint8_t reserved[7];
} tw_tape_message;

/* What a recorded feed held so far. */
typedef struct tw_tape_message_counts {
    uint64_t snapshots;
    uint64_t changes;
    uint64_t trades;
    uint64_t quotes;
    uint64_t other;  /* what the connection says of itself, and channels that are not read */
    uint64_t blank;  /* empty lines */
    uint64_t bad;    /* lines that were an error */
    uint64_t beyond; /* asks that were left out: see tw_tape_next_message */
} tw_tape_message_counts;

TW_BEGIN_DECLS

/*
 * KRAKEN and BINANCE: the next snapshot or change of a book, trade or best quote. What else a line
 * holds is passed over and counted; so are empty lines. Symbols are added to the table under the
 * venue's names ("XBT/CHF", "BTCUSDT"). Errors name file, line and byte of the line. A key that
 * means something and comes twice is TW_PARSE; a price or size with more than nine decimals (but
 * zeros), or of 9.2e9 and more, is TW_RANGE; but an ask at such a price, which stands behind all
 * that can be held, is left out and counted (Kraken has them). A bad line may have been a change:
 * the book of a synchroniser that is fed on must be begun anew (tw_book_sync_reset) or shows it by
 * itself.
 *
 * Times: of a message when it was recorded, and that is what depth.time_ns says too. Of levels,
 * trades and quotes what the venue says, where it does (Binance: "T", else "E"); the two clocks may
 * differ.
 *
 * Kraken (docs.kraken.com, WebSocket v1, channel book): "as"/"bs" is a snapshot, "a"/"b" changes
 * with their checksum "c", also of both sides in two objects; depth_max is that of the channel.
 * Prices of a message are all written with the same digits, and quantities too, or it is TW_PARSE.
 *
 * Binance: combined streams (`stream`, `data`) or raw events: depthUpdate with U, u and on futures
 * pu; depth of 5, 10 or 20 levels, which is a snapshot each time; trade; bookTicker; and what REST
 * answers (lastUpdateId, bids, asks). That names no symbol: it is the one that the lines before
 * are of, or the only one in the table; TW_PARSE if there are several or none.
 */
TW_API tw_status tw_tape_next_message(tw_tape *tape, tw_tape_message *ret_message,
                                      tw_error *error) TW_MUST_CHECK;

/* What was read so far. */
TW_API tw_tape_message_counts tw_tape_message_counts_of(const tw_tape *tape);

TW_END_DECLS

#endif
