/*
 * alpaca_record.h - what the tables of alpaca_records.h share with the machine that reads them.
 *
 * A word is a table of rows (alpaca_word.h) and, where it has rows of its own making, a function
 * that reads such a row and one that writes it.
 */
#ifndef TW_ALPACA_RECORD_H
#define TW_ALPACA_RECORD_H

#include "alpaca_reader.h"
#include "alpaca_word.h"
#include "tradewind/alpaca_records.h"

#define RECORD_ROWS(fields) \
    { fields, sizeof fields / sizeof fields[0] }

typedef struct record_reading record_reading;

typedef struct record_word {
    word_table table;
    size_t present;   /* offset of its uint64_t present */
    const char *type; /* "T" of a message of the stream; NULL for words of REST */
    uint32_t symbol;  /* the row of its symbol; RECORD_NO_ROW: it has none */
    /* Reads a WORD_CUSTOM row that is not null. Its bit is set already. */
    tw_status (*read)(record_reading *reading, uint32_t row, tw_json_value *value);
    /* Writes the value of such a row; only called when its bit is set. */
    void (*write)(tw_text *text, uint32_t row, const void *record);
    void (*complete)(void *record); /* after all rows were read */
} record_word;

#define RECORD_NO_ROW UINT32_MAX

/* One object while it is read. */
struct record_reading {
    tw_alpaca_reader *reader;
    const record_word *word;
    const tw_alpaca_record_sink *sink;
    tw_symbol symbol;
    uint32_t hint;
    tw_status bad; /* the first value that has the wrong form */
    union {
        tw_alpaca_configuration configuration;
        tw_alpaca_activity activity;
        tw_alpaca_calendar_day calendar_day;
        tw_alpaca_watchlist watchlist;
        tw_alpaca_asset asset;
        tw_alpaca_entry entry;
        tw_alpaca_announcement announcement;
        tw_alpaca_corporate_action corporate_action;
        tw_alpaca_snapshot snapshot;
        tw_alpaca_auction_day auction_day;
        tw_alpaca_active active;
        tw_alpaca_mover mover;
        tw_alpaca_article article;
        tw_alpaca_trading_status trading_status;
        tw_alpaca_band band;
        tw_alpaca_correction correction;
        tw_alpaca_cancel_error cancel_error;
        tw_alpaca_imbalance imbalance;
        tw_trade trade;
        tw_quote quote;
        tw_bar bar;
    } room;
};

/* The words with tables; NULL for codes, assets, trades, quotes and bars. */
const record_word *tw_record_word_of(tw_alpaca_record_kind kind);

/* In alpaca_record_trading.c, alpaca_record_market.c and alpaca_record_stream.c. */
extern const record_word tw_word_configuration, tw_word_activity, tw_word_calendar_day,
    tw_word_watchlist, tw_word_entry, tw_word_announcement;
extern const record_word tw_word_corporate_action, tw_word_snapshot, tw_word_auction_day,
    tw_word_active, tw_word_mover, tw_word_article;
extern const record_word tw_word_trading_status, tw_word_band, tw_word_correction,
    tw_word_cancel_error, tw_word_imbalance;

/* Reads one message of the stream whose "T" is `kind`'s and hands it out. *ret_bad tells of a
 * value that has the wrong form, in input that is well-formed; then nothing was handed out. */
tw_status tw_alpaca_read_message(tw_alpaca_reader *reader, tw_json_value *value,
                                 tw_alpaca_record_kind kind, const tw_alpaca_record_sink *sink,
                                 tw_status *ret_bad) TW_MUST_CHECK;

/* The record kind of a "T"; TW_ALPACA_RECORD_KIND_COUNT for all others. */
tw_alpaca_record_kind tw_alpaca_message_kind(tw_slice type);

#endif
