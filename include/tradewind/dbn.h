/*
 * dbn.h - Databento Binary Encoding (DBN), versions 1 to 3: bytes in, plain data out.
 *
 * A DBN stream is a block of metadata, then records one behind another, all little-endian: each
 * record begins with its own length, type, publisher, instrument and time. This is the pure codec:
 * it reads from slices of bytes that somebody else brought, on any alignment, and never looks at a
 * byte outside of them. Files are read through tape.h (TW_TAPE_DBN), which uses it.
 *
 *     tw_dbn_metadata metadata;
 *     if (tw_dbn_read_metadata(bytes, &metadata, &error) != TW_OK) ...
 *     offset = TW_DBN_PREFIX_SIZE + metadata.size;
 *     tw_dbn_header header;
 *     while (tw_dbn_read_header(rest(bytes, offset), &header, &error) == TW_OK) {
 *         tw_slice record = {bytes.data + offset, header.size};
 *         if (header.type == TW_DBN_MBO && tw_dbn_read_mbo(record, &mbo, &error) == TW_OK) ...
 *         offset += header.size;
 *     }
 *
 * What is decoded: orders (MBO); trades, quotes and depth (MBP-0, MBP-1, MBP-10, TBBO, BBO, and
 * the consolidated CMBP-1, TCBBO, CBBO); bars (OHLCV); status, imbalance, statistics; symbol
 * mappings, errors and system messages of a live capture. Instrument definitions (0x13), whose
 * fields moved with each version, and types not known here are told by their header and length
 * only, and their bytes are the caller's to read.
 *
 * Values are given as they stand in the record. What is not defined is one of:
 *     price     TW_DBN_UNDEFINED_PRICE      all prices are in 1e-9, as ours
 *     time      TW_DBN_UNDEFINED_TIME       nanoseconds since the epoch
 *     size      TW_DBN_UNDEFINED_SIZE       whole shares or contracts
 *     quantity  TW_DBN_UNDEFINED_QUANTITY   of a statistic; that of versions 1 and 2 is widened
 * A record may be longer than its type: behind it stands the time of sending
 * (metadata.has_sent_ns), or fields of a version after this one was written. One that is shorter is
 * TW_CORRUPT.
 *
 * What the functions return besides TW_OK, with a sentence in `error`; where the bytes are in a
 * file is for the caller to add:
 *     TW_TRUNCATED    the bytes end before what is read
 *     TW_CORRUPT      a length, a count or a date that cannot be
 *     TW_PARSE        no DBN at all, or a letter that the format does not know
 *     TW_INVALID      the record is of another type
 *     TW_VERSION      a version above 3
 *     TW_UNSUPPORTED  the older DBZ (version 0), a schema definition
 *
 * Source of all layouts and numbers: Databento's documentation ("Databento Binary Encoding",
 * "Common fields, enums and types") and its reference implementation, github.com/databento/dbn,
 * for versions 1 to 3.
 *
 * Memory: none is taken. Cost: a few nanoseconds a record. Threads: all functions are pure.
 */
#ifndef TRADEWIND_DBN_H
#define TRADEWIND_DBN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define TW_DBN_VERSION_MAX 3
#define TW_DBN_PREFIX_SIZE 8         /* "DBN", the version, the length of what follows */
#define TW_DBN_METADATA_SIZE_MIN 120 /* behind the prefix: the fixed part and five counts */
#define TW_DBN_METADATA_FIXED_SIZE 100
#define TW_DBN_HEADER_SIZE 16
#define TW_DBN_RECORD_SIZE_MAX 528 /* a definition of version 3 with its time of sending */
#define TW_DBN_SYMBOL_SIZE_MAX 256 /* of a symbol's field; 22 in version 1, 71 since */
#define TW_DBN_DEPTH_MAX 10

#define TW_DBN_UNDEFINED_PRICE INT64_MAX
#define TW_DBN_UNDEFINED_TIME UINT64_MAX
#define TW_DBN_UNDEFINED_SIZE UINT32_MAX
#define TW_DBN_UNDEFINED_QUANTITY INT64_MAX

/* What a file was asked for. */
typedef enum tw_dbn_schema {
    TW_DBN_SCHEMA_MBO = 0,
    TW_DBN_SCHEMA_MBP_1 = 1,
    TW_DBN_SCHEMA_MBP_10 = 2,
    TW_DBN_SCHEMA_TBBO = 3,
    TW_DBN_SCHEMA_TRADES = 4,
    TW_DBN_SCHEMA_OHLCV_1S = 5,
    TW_DBN_SCHEMA_OHLCV_1M = 6,
    TW_DBN_SCHEMA_OHLCV_1H = 7,
    TW_DBN_SCHEMA_OHLCV_1D = 8,
    TW_DBN_SCHEMA_DEFINITION = 9,
    TW_DBN_SCHEMA_STATISTICS = 10,
    TW_DBN_SCHEMA_STATUS = 11,
    TW_DBN_SCHEMA_IMBALANCE = 12,
    TW_DBN_SCHEMA_OHLCV_EOD = 13,
    TW_DBN_SCHEMA_CMBP_1 = 14,
    TW_DBN_SCHEMA_CBBO_1S = 15,
    TW_DBN_SCHEMA_CBBO_1M = 16,
    TW_DBN_SCHEMA_TCBBO = 17,
    TW_DBN_SCHEMA_BBO_1S = 18,
    TW_DBN_SCHEMA_BBO_1M = 19,
    TW_DBN_SCHEMA_MIXED = 65535 /* records of any type: a live capture */
} tw_dbn_schema;

/* The type of a record. Databento adds to them; others are passed over by their length. */
typedef enum tw_dbn_type {
    TW_DBN_MBP_0 = 0x00, /* a trade */
    TW_DBN_MBP_1 = 0x01, /* also TBBO */
    TW_DBN_MBP_10 = 0x0a,
    TW_DBN_OHLCV = 0x11, /* of a timeframe that it does not tell; deprecated */
    TW_DBN_STATUS = 0x12,
    TW_DBN_DEFINITION = 0x13,
    TW_DBN_IMBALANCE = 0x14,
    TW_DBN_ERROR = 0x15,
    TW_DBN_MAPPING = 0x16,
    TW_DBN_SYSTEM = 0x17,
    TW_DBN_STATISTIC = 0x18,
    TW_DBN_OHLCV_1S = 0x20,
    TW_DBN_OHLCV_1M = 0x21,
    TW_DBN_OHLCV_1H = 0x22,
    TW_DBN_OHLCV_1D = 0x23,  /* of a day of UTC */
    TW_DBN_OHLCV_EOD = 0x24, /* of a trading session */
    TW_DBN_MBO = 0xa0,
    TW_DBN_CMBP_1 = 0xb1,
    TW_DBN_CBBO_1S = 0xc0,
    TW_DBN_CBBO_1M = 0xc1,
    TW_DBN_TCBBO = 0xc2,
    TW_DBN_BBO_1S = 0xc3,
    TW_DBN_BBO_1M = 0xc4
} tw_dbn_type;

/* What a name of an instrument is; others are Databento's to add. */
typedef enum tw_dbn_symbology {
    TW_DBN_INSTRUMENT_ID = 0, /* the decimal number of records */
    TW_DBN_RAW_SYMBOL = 1,    /* the venue's own name */
    TW_DBN_CONTINUOUS = 3,
    TW_DBN_PARENT = 4,
    TW_DBN_SYMBOLOGY_MIXED = 255
} tw_dbn_symbology;

#define TW_DBN_FLAG_LAST UINT8_C(0x80) /* the last record of an event, for its instrument */
#define TW_DBN_FLAG_TOP UINT8_C(0x40)  /* a top of book, not an order (F_TOB) */
#define TW_DBN_FLAG_SNAPSHOT UINT8_C(0x20)
#define TW_DBN_FLAG_LEVEL UINT8_C(0x10)          /* a price level, not an order (F_MBP) */
#define TW_DBN_FLAG_BAD_RECEIVED UINT8_C(0x08)   /* received_ns is not to be relied on */
#define TW_DBN_FLAG_MAYBE_BAD_BOOK UINT8_C(0x04) /* messages before it were lost */

/* The fixed part of the metadata. */
typedef struct tw_dbn_metadata {
    uint64_t start_ns; /* what was asked for */
    uint64_t end_ns;   /* or TW_DBN_UNDEFINED_TIME */
    uint64_t limit;    /* records at most; 0: none */
    uint32_t size;     /* bytes behind the prefix, up to the first record */
    uint16_t schema;   /* tw_dbn_schema */
    uint16_t symbol_size;
    uint8_t version;
    uint8_t symbology_in; /* tw_dbn_symbology of the names that were asked for */
    uint8_t symbology_out;
    bool has_sent_ns; /* eight bytes behind each record say when it was sent (ts_out) */
    char dataset[17];
    uint8_t reserved[3];
} tw_dbn_metadata;

typedef enum tw_dbn_item_kind {
    TW_DBN_ITEM_END,       /* the metadata is over */
    TW_DBN_ITEM_COUNT,     /* `count` symbols of a list or mappings follow */
    TW_DBN_ITEM_SYMBOL,    /* that was asked for */
    TW_DBN_ITEM_PARTIAL,   /* that has a name on some of the days only */
    TW_DBN_ITEM_NOT_FOUND, /* that has none */
    TW_DBN_ITEM_MAPPING,   /* `symbol` (symbology_in) had `count` names, which follow */
    TW_DBN_ITEM_INTERVAL,  /* `symbol` (symbology_out) from one date to before another */
    TW_DBN_ITEM_PADDING    /* `size` bytes that mean nothing */
} tw_dbn_item_kind;

/* One thing of the metadata's lists. */
typedef struct tw_dbn_item {
    tw_slice symbol;   /* borrowed from the bytes */
    int64_t from_days; /* INTERVAL: since 1970-01-01 */
    int64_t to_days;   /* not included */
    uint32_t count;
    uint32_t size; /* bytes to pass over before the next call */
    uint32_t kind; /* tw_dbn_item_kind */
    uint32_t reserved;
} tw_dbn_item;

/* A place in the metadata's lists; its fields are tw_dbn_walk_next's own. */
typedef struct tw_dbn_walk {
    uint32_t left;           /* bytes of metadata */
    uint32_t count;          /* of this list */
    uint32_t interval_count; /* of this mapping */
    uint16_t symbol_size;
    uint8_t list; /* how many lists were begun */
    uint8_t reserved;
} tw_dbn_walk;

/* What every record begins with. */
typedef struct tw_dbn_header {
    uint64_t time_ns; /* ts_event: when the venue's engine took it; a bar's start */
    uint32_t instrument_id;
    uint16_t publisher_id; /* dataset and venue */
    uint16_t size;         /* bytes of the record */
    uint8_t type;          /* tw_dbn_type */
    uint8_t reserved[7];
} tw_dbn_header;

/* MBO: one event of one order. */
typedef struct tw_dbn_mbo {
    tw_dbn_header header;
    uint64_t order_id;
    uint64_t received_ns; /* ts_recv: by Databento's capture; what files are sorted by */
    int64_t price;
    uint32_t size;
    uint32_t sequence;
    int32_t sent_before_ns; /* ts_in_delta: before received_ns */
    uint8_t flags;
    uint8_t channel_id;
    char action; /* A add, C cancel, M modify, R clear, T trade, F fill, N none */
    char side;   /* A ask, B bid, N none */
} tw_dbn_mbo;

/* Best prices of one rank. Consolidated ones have publishers, the others counts of orders. */
typedef struct tw_dbn_level {
    int64_t bid_price;
    int64_t ask_price;
    uint32_t bid_size;
    uint32_t ask_size;
    uint32_t bid_count;
    uint32_t ask_count;
    uint16_t bid_publisher_id;
    uint16_t ask_publisher_id;
    uint32_t reserved;
} tw_dbn_level;

/* MBP-0, MBP-1, MBP-10, TBBO, BBO, CMBP-1, TCBBO, CBBO: an event, and the best levels (behind it;
 * TBBO and TCBBO: before it). The BBO types have the last trade for it and no action (0). */
typedef struct tw_dbn_mbp {
    tw_dbn_header header;
    uint64_t received_ns; /* BBO types: the end of the interval */
    int64_t price;
    uint32_t size;
    uint32_t sequence;      /* 0 in consolidated ones */
    int32_t sent_before_ns; /* 0 in BBO types */
    uint8_t flags;
    uint8_t depth; /* the rank that the event changed */
    char action;
    char side; /* of a trade: who took */
    uint32_t level_count;
    uint32_t reserved;
    tw_dbn_level levels[TW_DBN_DEPTH_MAX]; /* level_count of them, the others zero */
} tw_dbn_mbp;

typedef struct tw_dbn_ohlcv {
    tw_dbn_header header;
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    uint64_t volume;
} tw_dbn_ohlcv;

typedef struct tw_dbn_status {
    tw_dbn_header header;
    uint64_t received_ns;
    uint16_t action; /* 7 trading, 8 halt, 9 pause, ... */
    uint16_t reason;
    uint16_t trading_event;
    char is_trading; /* Y, N, or ~ for not told */
    char is_quoting;
    char is_short_sell_restricted;
    uint8_t reserved[7];
} tw_dbn_status;

typedef struct tw_dbn_imbalance {
    tw_dbn_header header;
    uint64_t received_ns;
    uint64_t auction_ns;
    int64_t reference_price;
    int64_t continuous_clearing_price;
    int64_t interest_clearing_price;
    int64_t restricted_filling_price;
    int64_t indicative_price;
    int64_t upper_collar;
    int64_t lower_collar;
    uint32_t paired_size;
    uint32_t imbalance_size;
    uint32_t market_imbalance_size;
    uint32_t unpaired_size;
    char auction_type;
    char side;
    uint8_t auction_status;
    uint8_t freeze_status;
    uint8_t extension_count;
    char unpaired_side;
    char significant_imbalance;
    uint8_t reserved;
} tw_dbn_imbalance;

typedef struct tw_dbn_statistic {
    tw_dbn_header header;
    uint64_t received_ns;
    uint64_t reference_ns;
    int64_t price;
    int64_t quantity;
    uint32_t sequence;
    int32_t sent_before_ns;
    uint16_t kind;
    uint16_t channel_id;
    uint8_t update_action; /* 1 new, 2 removed */
    uint8_t flags;
    uint8_t reserved[2];
} tw_dbn_statistic;

/* From now on this is the name of header.instrument_id. */
typedef struct tw_dbn_mapping {
    tw_dbn_header header;
    uint64_t start_ns;
    uint64_t end_ns;
    uint8_t symbology_in; /* TW_DBN_SYMBOLOGY_MIXED in version 1, which does not tell */
    uint8_t symbology_out;
    char symbol_in[72];
    char symbol_out[72];
    uint8_t reserved[6];
} tw_dbn_mapping;

/* An error or a system message of Databento's gateway, a heartbeat among them. */
typedef struct tw_dbn_notice {
    tw_dbn_header header;
    uint8_t code; /* 0 in version 1 */
    char text[304];
    uint8_t reserved[7];
} tw_dbn_notice;

TW_BEGIN_DECLS

/* The prefix, and the fixed part: the first TW_DBN_PREFIX_SIZE + TW_DBN_METADATA_FIXED_SIZE bytes
 * of a stream. TW_TRUNCATED, TW_PARSE (no DBN), TW_CORRUPT (too short a length, symbols of no size
 * or more than TW_DBN_SYMBOL_SIZE_MAX), TW_VERSION, TW_UNSUPPORTED. */
TW_API tw_status tw_dbn_read_metadata(tw_slice bytes, tw_dbn_metadata *ret_metadata,
                                      tw_error *error) TW_MUST_CHECK;

/*
 * Walks through the rest of the metadata: begin behind the fixed part, then call next until it
 * gives TW_DBN_ITEM_END, each time with the bytes where the last item's `size` ended. At least
 * tw_dbn_walk_need of them must be there (at most TW_DBN_SYMBOL_SIZE_MAX + 8), so a stream of any
 * length is read in bounded memory. TW_TRUNCATED, TW_CORRUPT, TW_UNSUPPORTED; the walk is where it
 * was then.
 */
TW_API void tw_dbn_walk_begin(const tw_dbn_metadata *metadata, tw_dbn_walk *ret_walk);
TW_API size_t tw_dbn_walk_need(const tw_dbn_walk *walk);
TW_API tw_status tw_dbn_walk_next(tw_dbn_walk *walk, tw_slice bytes, tw_dbn_item *ret_item,
                                  tw_error *error) TW_MUST_CHECK;

/* The header of the record that begins the bytes. TW_TRUNCATED: not even the header is there; that
 * the whole record is (header.size bytes) is for the caller to see to. TW_CORRUPT: a length below
 * that of a header or above TW_DBN_RECORD_SIZE_MAX. */
TW_API tw_status tw_dbn_read_header(tw_slice bytes, tw_dbn_header *ret_header,
                                    tw_error *error) TW_MUST_CHECK;

/* The least bytes of a record of a type in a version (1 to 3); 0 for a type not known here. */
TW_API size_t tw_dbn_size_of(uint8_t version, uint8_t type);

/* One whole record of its type, exactly header.size bytes of it. TW_INVALID, TW_CORRUPT (too short
 * for its type) and, in those with an action or a side, TW_PARSE. */
TW_API tw_status tw_dbn_read_mbo(tw_slice record, tw_dbn_mbo *ret_mbo,
                                 tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_dbn_read_mbp(tw_slice record, tw_dbn_mbp *ret_mbp,
                                 tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_dbn_read_ohlcv(tw_slice record, tw_dbn_ohlcv *ret_ohlcv,
                                   tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_dbn_read_status(tw_slice record, tw_dbn_status *ret_status,
                                    tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_dbn_read_imbalance(tw_slice record, tw_dbn_imbalance *ret_imbalance,
                                       tw_error *error) TW_MUST_CHECK;

/* The same of those whose layout is another in each version (that of the metadata). */
TW_API tw_status tw_dbn_read_statistic(uint8_t version, tw_slice record,
                                       tw_dbn_statistic *ret_statistic,
                                       tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_dbn_read_mapping(uint8_t version, tw_slice record, tw_dbn_mapping *ret_mapping,
                                     tw_error *error) TW_MUST_CHECK;
/* TW_DBN_ERROR or TW_DBN_SYSTEM. */
TW_API tw_status tw_dbn_read_notice(uint8_t version, tw_slice record, tw_dbn_notice *ret_notice,
                                    tw_error *error) TW_MUST_CHECK;

/* When a record was sent, from its last eight bytes; only where metadata.has_sent_ns. Undefined
 * for a record without room for it. */
TW_API uint64_t tw_dbn_sent_ns(tw_slice record);

TW_END_DECLS

#endif
