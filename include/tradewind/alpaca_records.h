/*
 * alpaca_records.h - Alpaca's words beside orders and prices, as plain data and as bytes.
 *
 * alpaca.h has what trading turns on: account, order, position, trade, quote, bar. Here is the
 * rest of what Alpaca says: settings, activities, the calendar, watchlists, corporate actions,
 * news, snapshots, auctions, the screener, codes, and the stream's messages of halts, price
 * bands, corrections and imbalances. There is one decoder for all of them, because they come in
 * few shapes: an object, an array, or an object with lists under names and a token of the next
 * page.
 *
 *     static void on_record(void *context, const tw_alpaca_record *record) {
 *         if (record->kind == TW_ALPACA_RECORD_ARTICLE)
 *             print(record->as.article->headline);
 *     }
 *     tw_alpaca_record_sink sink = {.on_record = on_record};
 *     status = tw_alpaca_decode_records(reader, TW_ALPACA_RECORD_ARTICLE, body, &sink, &error);
 *
 * Leniency, numbers and presence are those of alpaca.h: unknown fields are skipped, unknown words
 * stay text, nothing is required, prices and quantities are int64_t at 1e-9 (the tenth digit and
 * those behind it are rounded), bit F of `present` says that field F was there and not null.
 * Shares of one (`percent_change`, `profit_loss_fraction`) are statistics and doubles.
 *
 * Memory: records are borrowed for the call of `on_record`, their texts too: a tw_slice points
 * into the reader and lives until its next input. Nothing is allocated after the reader.
 * Cost: one copy of the input, then one pass. Threads: those of the reader.
 * Source: Alpaca's OpenAPI descriptions (trading 2.0.1, market data 1.1) and stream pages.
 */
#ifndef TRADEWIND_ALPACA_RECORDS_H
#define TRADEWIND_ALPACA_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alpaca.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

typedef enum tw_alpaca_record_kind {
    TW_ALPACA_RECORD_CONFIGURATION,    /* GET, PATCH /v2/account/configurations */
    TW_ALPACA_RECORD_ACTIVITY,         /* /v2/account/activities[/{type}] */
    TW_ALPACA_RECORD_CALENDAR_DAY,     /* /v2/calendar */
    TW_ALPACA_RECORD_WATCHLIST,        /* /v2/watchlists...; its assets come before it */
    TW_ALPACA_RECORD_ASSET,            /* /v2/assets... */
    TW_ALPACA_RECORD_ENTRY,            /* DELETE /v2/orders, DELETE /v2/positions */
    TW_ALPACA_RECORD_ANNOUNCEMENT,     /* /v2/corporate_actions/announcements[/{id}] */
    TW_ALPACA_RECORD_CORPORATE_ACTION, /* /v1/corporate-actions; group: "cash_dividends", ... */
    TW_ALPACA_RECORD_SNAPSHOT,         /* /v2/stocks/snapshots, /v2/stocks/{symbol}/snapshot */
    TW_ALPACA_RECORD_AUCTION_DAY,      /* /v2/stocks/auctions, /v2/stocks/{symbol}/auctions */
    TW_ALPACA_RECORD_CODE,             /* /v2/stocks/meta/conditions/{type}, .../exchanges */
    TW_ALPACA_RECORD_ACTIVE,           /* /v1beta1/screener/stocks/most-actives */
    TW_ALPACA_RECORD_MOVER,            /* /v1beta1/screener/stocks/movers; group: "gainers" ... */
    TW_ALPACA_RECORD_ARTICLE,          /* /v1beta1/news; stream "n" */
    TW_ALPACA_RECORD_TRADING_STATUS,   /* stream "s": a halt, a resumption */
    TW_ALPACA_RECORD_BAND,             /* stream "l": limit up, limit down */
    TW_ALPACA_RECORD_CORRECTION,       /* stream "c": a trade as it was and as it is */
    TW_ALPACA_RECORD_CANCEL_ERROR,     /* stream "x": a trade that did not happen */
    TW_ALPACA_RECORD_IMBALANCE,        /* stream "i" */
    TW_ALPACA_RECORD_TRADE,            /* .../trades/latest; one record of a page, by itself */
    TW_ALPACA_RECORD_QUOTE,
    TW_ALPACA_RECORD_BAR,
    TW_ALPACA_RECORD_KIND_COUNT
} tw_alpaca_record_kind;

/* ---- trading ---------------------------------------------------------------------------- */

/* What an account allows itself. To change it, set what changes and its bit; the encoder leaves
 * out the rest. */
typedef enum tw_alpaca_configuration_field {
    TW_ALPACA_CONFIGURATION_DTBP_CHECK,
    TW_ALPACA_CONFIGURATION_TRADE_CONFIRM_EMAIL,
    TW_ALPACA_CONFIGURATION_SUSPEND_TRADE,
    TW_ALPACA_CONFIGURATION_NO_SHORTING,
    TW_ALPACA_CONFIGURATION_FRACTIONAL_TRADING,
    TW_ALPACA_CONFIGURATION_MAX_MARGIN_MULTIPLIER,
    TW_ALPACA_CONFIGURATION_MAX_OPTIONS_TRADING_LEVEL,
    TW_ALPACA_CONFIGURATION_PDT_CHECK,
    TW_ALPACA_CONFIGURATION_PTP_NO_EXCEPTION_ENTRY,
    TW_ALPACA_CONFIGURATION_DISABLE_OVERNIGHT_TRADING,
    TW_ALPACA_CONFIGURATION_FIELD_COUNT
} tw_alpaca_configuration_field;

typedef struct tw_alpaca_configuration {
    tw_slice dtbp_check; /* "both" "entry" "exit" */
    tw_slice trade_confirm_email;
    tw_slice pdt_check;
    int64_t max_margin_multiplier_nano;
    int64_t max_options_trading_level;
    bool suspend_trade;
    bool no_shorting;
    bool fractional_trading;
    bool ptp_no_exception_entry;
    bool disable_overnight_trading;
    uint64_t present;
} tw_alpaca_configuration;

typedef enum tw_alpaca_activity_field {
    TW_ALPACA_ACTIVITY_ID,
    TW_ALPACA_ACTIVITY_ACTIVITY_TYPE,
    TW_ALPACA_ACTIVITY_ACTIVITY_SUB_TYPE,
    TW_ALPACA_ACTIVITY_TYPE,
    TW_ALPACA_ACTIVITY_TRANSACTION_TIME,
    TW_ALPACA_ACTIVITY_DATE,
    TW_ALPACA_ACTIVITY_SETTLE_DATE,
    TW_ALPACA_ACTIVITY_CREATED_AT,
    TW_ALPACA_ACTIVITY_SYMBOL,
    TW_ALPACA_ACTIVITY_CUSIP,
    TW_ALPACA_ACTIVITY_SIDE,
    TW_ALPACA_ACTIVITY_PRICE,
    TW_ALPACA_ACTIVITY_QTY,
    TW_ALPACA_ACTIVITY_CUM_QTY,
    TW_ALPACA_ACTIVITY_LEAVES_QTY,
    TW_ALPACA_ACTIVITY_ORDER_ID,
    TW_ALPACA_ACTIVITY_ORDER_STATUS,
    TW_ALPACA_ACTIVITY_NET_AMOUNT,
    TW_ALPACA_ACTIVITY_GROSS_AMOUNT,
    TW_ALPACA_ACTIVITY_PER_SHARE_AMOUNT,
    TW_ALPACA_ACTIVITY_CURRENCY,
    TW_ALPACA_ACTIVITY_STATUS,
    TW_ALPACA_ACTIVITY_DESCRIPTION,
    TW_ALPACA_ACTIVITY_GROUP_ID,
    TW_ALPACA_ACTIVITY_EXECUTION_ID,
    TW_ALPACA_ACTIVITY_PREVIOUS_ID,
    TW_ALPACA_ACTIVITY_SWAP_RATE,
    TW_ALPACA_ACTIVITY_FIELD_COUNT
} tw_alpaca_activity_field;

/* Something that happened to the account: a fill ("FILL"), a dividend ("DIV"), a fee, ... The id
 * of the last activity of a page is the token of the next. */
typedef struct tw_alpaca_activity {
    tw_slice id;
    tw_slice activity_type;
    tw_slice activity_sub_type;
    tw_slice type; /* of a fill: "fill", "partial_fill" */
    tw_slice date; /* of all but fills: "2019-08-01" */
    tw_slice settle_date;
    tw_slice symbol;
    tw_slice cusip;
    tw_slice side;
    tw_slice order_id;
    tw_slice order_status;
    tw_slice currency;
    tw_slice status;
    tw_slice description;
    tw_slice group_id;
    tw_slice execution_id;
    tw_slice previous_id;
    int64_t transaction_ns;
    int64_t created_ns;
    tw_price price;
    tw_quantity quantity;
    tw_quantity cumulative_quantity;
    tw_quantity leaves_quantity;
    tw_money net_amount;
    tw_money gross_amount;
    tw_money per_share_amount;
    int64_t swap_rate_nano;
    uint64_t present;
} tw_alpaca_activity;

typedef enum tw_alpaca_calendar_day_field {
    TW_ALPACA_CALENDAR_DAY_DATE,
    TW_ALPACA_CALENDAR_DAY_OPEN,
    TW_ALPACA_CALENDAR_DAY_CLOSE,
    TW_ALPACA_CALENDAR_DAY_SESSION_OPEN,
    TW_ALPACA_CALENDAR_DAY_SESSION_CLOSE,
    TW_ALPACA_CALENDAR_DAY_SETTLEMENT_DATE,
    TW_ALPACA_CALENDAR_DAY_FIELD_COUNT
} tw_alpaca_calendar_day_field;

/* A day on which the market trades; times of day are New York's. */
typedef struct tw_alpaca_calendar_day {
    tw_slice date;         /* "2018-01-03" */
    tw_slice open;         /* "09:30" */
    tw_slice close;        /* "16:00" */
    tw_slice session_open; /* "0400": extended hours */
    tw_slice session_close;
    tw_slice settlement_date;
    uint64_t present;
} tw_alpaca_calendar_day;

typedef enum tw_alpaca_watchlist_field {
    TW_ALPACA_WATCHLIST_ID,
    TW_ALPACA_WATCHLIST_ACCOUNT_ID,
    TW_ALPACA_WATCHLIST_CREATED_AT,
    TW_ALPACA_WATCHLIST_UPDATED_AT,
    TW_ALPACA_WATCHLIST_NAME,
    TW_ALPACA_WATCHLIST_ASSETS, /* given as an array */
    TW_ALPACA_WATCHLIST_FIELD_COUNT
} tw_alpaca_watchlist_field;

typedef struct tw_alpaca_watchlist {
    tw_slice id;
    tw_slice account_id;
    tw_slice name;
    int64_t created_ns;
    int64_t updated_ns;
    uint64_t asset_count; /* asset records that came before it and are its */
    uint64_t present;
} tw_alpaca_watchlist;

#define TW_ALPACA_WATCHLIST_SYMBOL_COUNT_MAX 256 /* of a request that are kept */

/* What a client asks about a watchlist: name and symbols to create or replace one, one symbol to
 * add. Texts that are not there are empty. */
typedef struct tw_alpaca_watchlist_request {
    tw_slice name;
    tw_slice symbol;
    tw_slice symbols[TW_ALPACA_WATCHLIST_SYMBOL_COUNT_MAX];
    uint32_t symbol_count; /* counts all that came */
    bool has_symbols;
} tw_alpaca_watchlist_request;

typedef enum tw_alpaca_entry_field {
    TW_ALPACA_ENTRY_ID,
    TW_ALPACA_ENTRY_SYMBOL,
    TW_ALPACA_ENTRY_STATUS,
    TW_ALPACA_ENTRY_BODY,
    TW_ALPACA_ENTRY_FIELD_COUNT
} tw_alpaca_entry_field;

/* One item of an answer about many: what became of an order or of a position. */
typedef struct tw_alpaca_entry {
    tw_slice id;           /* of the order that was to be cancelled */
    tw_slice symbol;       /* of the position that was to be closed */
    int64_t http_status;   /* 200: done or under way */
    tw_alpaca_order order; /* if `has_order`: the cancelled, or the closing one */
    tw_alpaca_error problem;
    bool has_order;
    bool has_problem; /* the status is not 2xx and the body says why */
    uint64_t present;
} tw_alpaca_entry;

typedef enum tw_alpaca_announcement_field {
    TW_ALPACA_ANNOUNCEMENT_ID,
    TW_ALPACA_ANNOUNCEMENT_CORPORATE_ACTION_ID,
    TW_ALPACA_ANNOUNCEMENT_CA_TYPE,
    TW_ALPACA_ANNOUNCEMENT_CA_SUB_TYPE,
    TW_ALPACA_ANNOUNCEMENT_INITIATING_SYMBOL,
    TW_ALPACA_ANNOUNCEMENT_INITIATING_ORIGINAL_CUSIP,
    TW_ALPACA_ANNOUNCEMENT_TARGET_SYMBOL,
    TW_ALPACA_ANNOUNCEMENT_TARGET_ORIGINAL_CUSIP,
    TW_ALPACA_ANNOUNCEMENT_DECLARATION_DATE,
    TW_ALPACA_ANNOUNCEMENT_EFFECTIVE_DATE,
    TW_ALPACA_ANNOUNCEMENT_EX_DATE,
    TW_ALPACA_ANNOUNCEMENT_RECORD_DATE,
    TW_ALPACA_ANNOUNCEMENT_PAYABLE_DATE,
    TW_ALPACA_ANNOUNCEMENT_CASH,
    TW_ALPACA_ANNOUNCEMENT_OLD_RATE,
    TW_ALPACA_ANNOUNCEMENT_NEW_RATE,
    TW_ALPACA_ANNOUNCEMENT_FIELD_COUNT
} tw_alpaca_announcement_field;

/* The trading interface's older form of a corporate action. */
typedef struct tw_alpaca_announcement {
    tw_slice id;
    tw_slice corporate_action_id;
    tw_slice ca_type; /* "dividend" "merger" "spinoff" "split" */
    tw_slice ca_sub_type;
    tw_slice initiating_symbol;
    tw_slice initiating_original_cusip;
    tw_slice target_symbol;
    tw_slice target_original_cusip;
    tw_slice declaration_date;
    tw_slice effective_date;
    tw_slice ex_date;
    tw_slice record_date;
    tw_slice payable_date;
    tw_money cash;
    int64_t old_rate_nano;
    int64_t new_rate_nano;
    uint64_t present;
} tw_alpaca_announcement;

/* ---- market data ------------------------------------------------------------------------ */

typedef enum tw_alpaca_corporate_action_field {
    TW_ALPACA_CORPORATE_ACTION_ID,
    TW_ALPACA_CORPORATE_ACTION_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_OLD_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_OLD_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_NEW_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_NEW_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_ALTERNATE_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_ALTERNATE_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_SOURCE_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_SOURCE_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_ACQUIRER_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_ACQUIRER_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_ACQUIREE_SYMBOL,
    TW_ALPACA_CORPORATE_ACTION_ACQUIREE_CUSIP,
    TW_ALPACA_CORPORATE_ACTION_SUB_TYPE,
    TW_ALPACA_CORPORATE_ACTION_CURRENCY,
    TW_ALPACA_CORPORATE_ACTION_RATE,
    TW_ALPACA_CORPORATE_ACTION_CASH_RATE,
    TW_ALPACA_CORPORATE_ACTION_OLD_RATE,
    TW_ALPACA_CORPORATE_ACTION_NEW_RATE,
    TW_ALPACA_CORPORATE_ACTION_ALTERNATE_RATE,
    TW_ALPACA_CORPORATE_ACTION_SOURCE_RATE,
    TW_ALPACA_CORPORATE_ACTION_ACQUIRER_RATE,
    TW_ALPACA_CORPORATE_ACTION_ACQUIREE_RATE,
    TW_ALPACA_CORPORATE_ACTION_DECLARATION_DATE,
    TW_ALPACA_CORPORATE_ACTION_PROCESS_DATE,
    TW_ALPACA_CORPORATE_ACTION_EX_DATE,
    TW_ALPACA_CORPORATE_ACTION_RECORD_DATE,
    TW_ALPACA_CORPORATE_ACTION_PAYABLE_DATE,
    TW_ALPACA_CORPORATE_ACTION_EFFECTIVE_DATE,
    TW_ALPACA_CORPORATE_ACTION_EXPIRATION_DATE,
    TW_ALPACA_CORPORATE_ACTION_DUE_BILL_ON_DATE,
    TW_ALPACA_CORPORATE_ACTION_DUE_BILL_OFF_DATE,
    TW_ALPACA_CORPORATE_ACTION_DUE_BILL_REDEMPTION_DATE,
    TW_ALPACA_CORPORATE_ACTION_SPECIAL,
    TW_ALPACA_CORPORATE_ACTION_FOREIGN,
    TW_ALPACA_CORPORATE_ACTION_FIELD_COUNT
} tw_alpaca_corporate_action_field;

/* A split, dividend, merger, spin-off, name change, ...: the record's group says which; each has
 * some of the fields. Dates are texts ("2024-03-13"). */
typedef struct tw_alpaca_corporate_action {
    tw_slice id;
    tw_slice symbol;
    tw_slice cusip;
    tw_slice old_symbol;
    tw_slice old_cusip;
    tw_slice new_symbol;
    tw_slice new_cusip;
    tw_slice alternate_symbol;
    tw_slice alternate_cusip;
    tw_slice source_symbol;
    tw_slice source_cusip;
    tw_slice acquirer_symbol;
    tw_slice acquirer_cusip;
    tw_slice acquiree_symbol;
    tw_slice acquiree_cusip;
    tw_slice sub_type;
    tw_slice currency;
    int64_t rate_nano;
    int64_t cash_rate_nano;
    int64_t old_rate_nano;
    int64_t new_rate_nano;
    int64_t alternate_rate_nano;
    int64_t source_rate_nano;
    int64_t acquirer_rate_nano;
    int64_t acquiree_rate_nano;
    tw_slice declaration_date;
    tw_slice process_date;
    tw_slice ex_date;
    tw_slice record_date;
    tw_slice payable_date;
    tw_slice effective_date;
    tw_slice expiration_date;
    tw_slice due_bill_on_date;
    tw_slice due_bill_off_date;
    tw_slice due_bill_redemption_date;
    bool special;
    bool foreign;
    uint64_t present;
} tw_alpaca_corporate_action;

typedef enum tw_alpaca_snapshot_field {
    TW_ALPACA_SNAPSHOT_SYMBOL, /* single-symbol answers only; else the record's group */
    TW_ALPACA_SNAPSHOT_LATEST_TRADE,
    TW_ALPACA_SNAPSHOT_LATEST_QUOTE,
    TW_ALPACA_SNAPSHOT_MINUTE_BAR,
    TW_ALPACA_SNAPSHOT_DAILY_BAR,
    TW_ALPACA_SNAPSHOT_PREVIOUS_DAILY_BAR,
    TW_ALPACA_SNAPSHOT_FIELD_COUNT
} tw_alpaca_snapshot_field;

/* Any part may be absent: look at `present`. The parts' `symbol` is the record's. */
typedef struct tw_alpaca_snapshot {
    tw_slice symbol;
    tw_trade latest_trade;
    tw_quote latest_quote;
    tw_bar minute_bar;
    tw_bar daily_bar;
    tw_bar previous_daily_bar;
    uint64_t present;
} tw_alpaca_snapshot;

#define TW_ALPACA_PRINT_COUNT_MAX 32 /* auction prints of one day and side that are kept */

typedef enum tw_alpaca_auction_day_field {
    TW_ALPACA_AUCTION_DAY_DATE,
    TW_ALPACA_AUCTION_DAY_OPENING,
    TW_ALPACA_AUCTION_DAY_CLOSING,
    TW_ALPACA_AUCTION_DAY_FIELD_COUNT
} tw_alpaca_auction_day_field;

/* The auctions of one symbol on one day. The counts count all prints that came, also those beyond
 * TW_ALPACA_PRINT_COUNT_MAX, which are not kept. */
typedef struct tw_alpaca_auction_day {
    tw_slice date; /* "2022-10-19" */
    tw_trade opening[TW_ALPACA_PRINT_COUNT_MAX];
    tw_trade closing[TW_ALPACA_PRINT_COUNT_MAX];
    uint32_t opening_count;
    uint32_t closing_count;
    uint64_t present;
} tw_alpaca_auction_day;

/* What a code of an exchange or a condition means. */
typedef struct tw_alpaca_code {
    tw_slice code;    /* "V" */
    tw_slice meaning; /* "IEX" */
} tw_alpaca_code;

typedef enum tw_alpaca_active_field {
    TW_ALPACA_ACTIVE_SYMBOL,
    TW_ALPACA_ACTIVE_TRADE_COUNT,
    TW_ALPACA_ACTIVE_VOLUME,
    TW_ALPACA_ACTIVE_FIELD_COUNT
} tw_alpaca_active_field;

typedef struct tw_alpaca_active {
    tw_slice symbol;
    int64_t trade_count;
    tw_quantity volume;
    uint64_t present;
} tw_alpaca_active;

typedef enum tw_alpaca_mover_field {
    TW_ALPACA_MOVER_SYMBOL,
    TW_ALPACA_MOVER_PRICE,
    TW_ALPACA_MOVER_CHANGE,
    TW_ALPACA_MOVER_PERCENT_CHANGE,
    TW_ALPACA_MOVER_FIELD_COUNT
} tw_alpaca_mover_field;

typedef struct tw_alpaca_mover {
    tw_slice symbol;
    tw_price price;
    tw_price change;
    double percent_change;
    uint64_t present;
} tw_alpaca_mover;

#define TW_ALPACA_IMAGE_COUNT_MAX 8           /* of an article that are kept */
#define TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX 64 /* of an article that are kept */

typedef enum tw_alpaca_article_field {
    TW_ALPACA_ARTICLE_ID,
    TW_ALPACA_ARTICLE_HEADLINE,
    TW_ALPACA_ARTICLE_AUTHOR,
    TW_ALPACA_ARTICLE_CREATED_AT,
    TW_ALPACA_ARTICLE_UPDATED_AT,
    TW_ALPACA_ARTICLE_SUMMARY,
    TW_ALPACA_ARTICLE_CONTENT,
    TW_ALPACA_ARTICLE_URL,
    TW_ALPACA_ARTICLE_IMAGES,
    TW_ALPACA_ARTICLE_SYMBOLS,
    TW_ALPACA_ARTICLE_SOURCE,
    TW_ALPACA_ARTICLE_FIELD_COUNT
} tw_alpaca_article_field;

/* The counts count all that came. */
typedef struct tw_alpaca_article {
    int64_t id;
    tw_slice headline;
    tw_slice author;
    tw_slice summary;
    tw_slice content; /* HTML */
    tw_slice url;
    tw_slice source;
    int64_t created_ns;
    int64_t updated_ns;
    struct {
        tw_slice size; /* "large" "small" "thumb" */
        tw_slice url;
    } images[TW_ALPACA_IMAGE_COUNT_MAX];
    tw_slice symbols[TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX];
    uint32_t image_count;
    uint32_t symbol_count;
    uint64_t present;
} tw_alpaca_article;

/* ---- messages of the stream ------------------------------------------------------------- */

typedef enum tw_alpaca_trading_status_field {
    TW_ALPACA_TRADING_STATUS_SYMBOL,
    TW_ALPACA_TRADING_STATUS_CODE,
    TW_ALPACA_TRADING_STATUS_MESSAGE,
    TW_ALPACA_TRADING_STATUS_REASON_CODE,
    TW_ALPACA_TRADING_STATUS_REASON_MESSAGE,
    TW_ALPACA_TRADING_STATUS_TIME,
    TW_ALPACA_TRADING_STATUS_TAPE,
    TW_ALPACA_TRADING_STATUS_FIELD_COUNT
} tw_alpaca_trading_status_field;

/* `phase` is a tw_trading_phase: HALTED for the codes "H" "2" (halt) and "P" "E" "D" (pause),
 * QUOTING for "Q" "3", TRADING for "T" "5"; NONE for all others. */
typedef struct tw_alpaca_trading_status {
    tw_slice symbol;
    tw_slice code;
    tw_slice message;
    tw_slice reason_code;
    tw_slice reason_message;
    tw_slice time; /* as written */
    tw_slice tape;
    int64_t time_ns; /* 0: the text is no time */
    uint8_t phase;
    uint64_t present;
} tw_alpaca_trading_status;

typedef enum tw_alpaca_band_field {
    TW_ALPACA_BAND_SYMBOL,
    TW_ALPACA_BAND_UP,
    TW_ALPACA_BAND_DOWN,
    TW_ALPACA_BAND_INDICATOR,
    TW_ALPACA_BAND_TIME,
    TW_ALPACA_BAND_TAPE,
    TW_ALPACA_BAND_FIELD_COUNT
} tw_alpaca_band_field;

typedef struct tw_alpaca_band {
    tw_slice symbol;
    tw_price up;
    tw_price down;
    tw_slice indicator;
    tw_slice tape;
    int64_t time_ns;
    uint64_t present;
} tw_alpaca_band;

typedef enum tw_alpaca_correction_field {
    TW_ALPACA_CORRECTION_SYMBOL,
    TW_ALPACA_CORRECTION_EXCHANGE,
    TW_ALPACA_CORRECTION_ORIGINAL_ID,
    TW_ALPACA_CORRECTION_ORIGINAL_PRICE,
    TW_ALPACA_CORRECTION_ORIGINAL_SIZE,
    TW_ALPACA_CORRECTION_ORIGINAL_CONDITIONS,
    TW_ALPACA_CORRECTION_ID,
    TW_ALPACA_CORRECTION_PRICE,
    TW_ALPACA_CORRECTION_SIZE,
    TW_ALPACA_CORRECTION_CONDITIONS,
    TW_ALPACA_CORRECTION_TIME,
    TW_ALPACA_CORRECTION_TAPE,
    TW_ALPACA_CORRECTION_FIELD_COUNT
} tw_alpaca_correction_field;

typedef struct tw_alpaca_correction {
    tw_slice symbol;
    tw_slice exchange;
    tw_slice tape;
    uint64_t original_id;
    tw_price original_price;
    tw_quantity original_size;
    uint64_t id;
    tw_price price;
    tw_quantity size;
    char original_conditions[16]; /* "@,T" */
    char conditions[16];
    int64_t time_ns;
    uint64_t present;
} tw_alpaca_correction;

typedef enum tw_alpaca_cancel_error_field {
    TW_ALPACA_CANCEL_ERROR_SYMBOL,
    TW_ALPACA_CANCEL_ERROR_ID,
    TW_ALPACA_CANCEL_ERROR_EXCHANGE,
    TW_ALPACA_CANCEL_ERROR_PRICE,
    TW_ALPACA_CANCEL_ERROR_SIZE,
    TW_ALPACA_CANCEL_ERROR_ACTION,
    TW_ALPACA_CANCEL_ERROR_TAPE,
    TW_ALPACA_CANCEL_ERROR_TIME,
    TW_ALPACA_CANCEL_ERROR_FIELD_COUNT
} tw_alpaca_cancel_error_field;

typedef struct tw_alpaca_cancel_error {
    tw_slice symbol;
    tw_slice exchange;
    tw_slice action; /* "C": cancelled, "E": an error */
    tw_slice tape;
    uint64_t id; /* of the trade */
    tw_price price;
    tw_quantity size;
    int64_t time_ns;
    uint64_t present;
} tw_alpaca_cancel_error;

typedef enum tw_alpaca_imbalance_field {
    TW_ALPACA_IMBALANCE_SYMBOL,
    TW_ALPACA_IMBALANCE_PRICE,
    TW_ALPACA_IMBALANCE_TAPE,
    TW_ALPACA_IMBALANCE_TIME,
    TW_ALPACA_IMBALANCE_FIELD_COUNT
} tw_alpaca_imbalance_field;

typedef struct tw_alpaca_imbalance {
    tw_slice symbol;
    tw_slice tape;
    tw_price price;
    int64_t time_ns;
    uint64_t present;
} tw_alpaca_imbalance;

/* ---- any of them ------------------------------------------------------------------------ */

/* `group` is the name of the list or map that the record stood in: "gainers", "cash_dividends", a
 * symbol; empty at the top. `symbol` is the index of the record's symbol, TW_SYMBOL_NONE when the
 * reader has no table or the table does not have it. */
struct tw_alpaca_record {
    tw_alpaca_record_kind kind;
    tw_symbol symbol;
    tw_slice group;
    union {
        const tw_alpaca_configuration *configuration;
        const tw_alpaca_activity *activity;
        const tw_alpaca_calendar_day *calendar_day;
        const tw_alpaca_watchlist *watchlist;
        const tw_alpaca_asset *asset;
        const tw_alpaca_entry *entry;
        const tw_alpaca_announcement *announcement;
        const tw_alpaca_corporate_action *corporate_action;
        const tw_alpaca_snapshot *snapshot;
        const tw_alpaca_auction_day *auction_day;
        const tw_alpaca_code *code;
        const tw_alpaca_active *active;
        const tw_alpaca_mover *mover;
        const tw_alpaca_article *article;
        const tw_alpaca_trading_status *trading_status;
        const tw_alpaca_band *band;
        const tw_alpaca_correction *correction;
        const tw_alpaca_cancel_error *cancel_error;
        const tw_alpaca_imbalance *imbalance;
        const tw_trade *trade;
        const tw_quote *quote;
        const tw_bar *bar;
        const void *any;
    } as;
};

/* What an answer says beside its records. Texts that are not there are empty. */
struct tw_alpaca_answer {
    tw_slice next_page_token; /* empty: this was the last page */
    tw_slice symbol;          /* of an answer about one */
    tw_slice currency;
    tw_slice market_type;
    int64_t last_updated_ns; /* of the screener; 0: not told */
    uint64_t record_count;
};

/* Where records go. Each callback may be NULL. */
typedef struct tw_alpaca_record_sink {
    void *context;
    void (*on_record)(void *context, const tw_alpaca_record *record);
    void (*on_answer)(void *context, const tw_alpaca_answer *answer); /* once, at the end */
} tw_alpaca_record_sink;

/* ---- portfolio history ------------------------------------------------------------------ */

/* One point of an account's past. A value that is null or missing is zero and its bit is clear. */
typedef struct tw_alpaca_portfolio_point {
    int64_t timestamp; /* as written: seconds since the epoch; older answers have milliseconds */
    int64_t time_ns;   /* the same in nanoseconds, whichever it was */
    tw_money equity;
    tw_money profit_loss;
    double profit_loss_fraction; /* "profit_loss_pct": 0.01 is one per cent */
    uint32_t present;            /* bits 0 timestamp, 1 equity, 2 profit_loss, 3 fraction */
} tw_alpaca_portfolio_point;

/* What came in and went out of one kind ("CSD", "FEE" ...): a sum for each point. */
typedef struct tw_alpaca_cashflow {
    const char *activity_type;
    const tw_money *amounts; /* NULL: all of them are zero */
} tw_alpaca_cashflow;

typedef struct tw_alpaca_portfolio {
    tw_alpaca_portfolio_point *points; /* the caller's */
    uint32_t point_max;
    uint32_t point_count;
    tw_money base_value;
    char base_value_asof[TW_ALPACA_WORD_SIZE]; /* "2024-01-02" */
    char timeframe[TW_ALPACA_WORD_SIZE];
    uint64_t present;                    /* bits 0 base_value, 1 base_value_asof, 2 timeframe */
    const tw_alpaca_cashflow *cashflows; /* written, not read; NULL: no "cashflow" at all */
    uint32_t cashflow_count;
} tw_alpaca_portfolio;

TW_BEGIN_DECLS

/* Reads a body of records of one kind. TW_PARSE (with the offset and the field's name), TW_RANGE
 * (a number does not fit), TW_FULL (larger than the reader). Records before a fault have been
 * delivered. */
TW_API tw_status tw_alpaca_decode_records(tw_alpaca_reader *reader, tw_alpaca_record_kind kind,
                                          tw_slice json, const tw_alpaca_record_sink *sink,
                                          tw_error *error) TW_MUST_CHECK;

/* Writes one record as Alpaca does, messages of the stream with "T" first. Fields that are not
 * there are left out. A watchlist is written without its assets; tw_alpaca_encode_watchlist takes
 * them. A code is written as "V":"IEX", without braces. */
TW_API void tw_alpaca_encode_record(tw_text *text, const tw_alpaca_record *record);
TW_API void tw_alpaca_encode_watchlist(tw_text *text, const tw_alpaca_watchlist *watchlist,
                                       const tw_alpaca_asset *assets, size_t asset_count);

/* Reads the body of a request about a watchlist; its texts live until the reader's next input.
 * TW_PARSE, TW_FULL. */
TW_API tw_status tw_alpaca_decode_watchlist_request(tw_alpaca_reader *reader, tw_slice json,
                                                    tw_alpaca_watchlist_request *ret_request,
                                                    tw_error *error) TW_MUST_CHECK;

/* Reads /v2/account/portfolio/history into the caller's `points` and `point_max`; what else is in
 * *history is overwritten. TW_FULL when it has more points; then and on other failures the points
 * may have been written to, and the counts are zero. */
TW_API tw_status tw_alpaca_decode_portfolio(tw_alpaca_reader *reader, tw_slice json,
                                            tw_alpaca_portfolio *history,
                                            tw_error *error) TW_MUST_CHECK;
TW_API void tw_alpaca_encode_portfolio(tw_text *text, const tw_alpaca_portfolio *history);

TW_END_DECLS

#endif
