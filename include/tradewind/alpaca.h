/*
 * alpaca.h - Alpaca's words as plain data, and as bytes in both directions.
 *
 * The client and the simulated exchange speak the same language, so both use this codec: what
 * one encodes the other decodes. Every word (account, order, bar, ...) is a struct without
 * pointers. A word is encoded into a tw_text and decoded through a tw_alpaca_reader, which owns
 * the JSON parser and its padded copy of the input.
 *
 * Numbers are never doubles on the way: prices and quantities are read as text (a JSON string
 * and a JSON number are both accepted for any numeric field) and kept as int64_t at 1e-9, digits
 * past the ninth rounded half to even; ids are exact 64-bit integers. Trading words carry money
 * and quantity as JSON strings, market data carries numbers, as Alpaca does.
 *
 * Leniency: unknown fields are skipped, unknown enumeration words are kept as text beside the
 * enumerator, a missing or null field is never an error. Malformed JSON is TW_PARSE with the
 * byte offset in `error->column` (offset + 1). A value that has the wrong form (a time that is
 * no time) is TW_PARSE and names its field; one that does not fit is TW_RANGE.
 *
 * Presence: each nullable word has `uint64_t present`; bit F (1 << TW_ALPACA_ORDER_F) is set by
 * a decoder when the field was there, not null and understood. An encoder writes a field when
 * its bit is set or its value is not zero and not empty; otherwise it writes what Alpaca writes
 * for "none": null, or "0", or leaves the key out.
 *
 * Memory: all of a reader's is taken at tw_alpaca_reader_new: `size_max` bytes from the
 * allocator, and about six times that from the C++ heap by simdjson (touched only as far as
 * inputs reach). Cost: one copy of the input, then one pass.
 * Threads: a reader belongs to one thread; encoders are pure.
 */
#ifndef TRADEWIND_ALPACA_H
#define TRADEWIND_ALPACA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

#define TW_ALPACA_ID_SIZE 64          /* a UUID or another id, with the NUL; longer ones are cut */
#define TW_ALPACA_WORD_SIZE 32        /* an enumeration word, with the NUL; longer ones are cut */
#define TW_ALPACA_NAME_SIZE 128       /* a company's name, with the NUL; longer ones are cut */
#define TW_ALPACA_MESSAGE_SIZE 256    /* an error's sentence, with the NUL; longer ones are cut */
#define TW_ALPACA_TOKEN_SIZE 512      /* a page token, with the NUL; a longer one is TW_RANGE */
#define TW_ALPACA_KEY_SIZE 128        /* a key id or a secret, with the NUL */
#define TW_ALPACA_ATTRIBUTES_SIZE 256 /* an asset's attributes, with commas and the NUL */
#define TW_ALPACA_DETAIL_COUNT 8      /* what an error says beside code and message, kept of it */
#define TW_ALPACA_LEG_COUNT_MAX 8     /* legs of an order, or of a request, that are kept */

#define TW_ALPACA_BIT(field) (UINT64_C(1) << (field))

/* ---- account ---------------------------------------------------------------------------- */

typedef enum tw_alpaca_account_field {
    TW_ALPACA_ACCOUNT_ID,
    TW_ALPACA_ACCOUNT_NUMBER,
    TW_ALPACA_ACCOUNT_STATUS,
    TW_ALPACA_ACCOUNT_CRYPTO_STATUS,
    TW_ALPACA_ACCOUNT_OPTIONS_APPROVED_LEVEL,
    TW_ALPACA_ACCOUNT_OPTIONS_TRADING_LEVEL,
    TW_ALPACA_ACCOUNT_CURRENCY,
    TW_ALPACA_ACCOUNT_BUYING_POWER,
    TW_ALPACA_ACCOUNT_REGT_BUYING_POWER,
    TW_ALPACA_ACCOUNT_DAYTRADING_BUYING_POWER,
    TW_ALPACA_ACCOUNT_EFFECTIVE_BUYING_POWER,
    TW_ALPACA_ACCOUNT_NON_MARGINABLE_BUYING_POWER,
    TW_ALPACA_ACCOUNT_OPTIONS_BUYING_POWER,
    TW_ALPACA_ACCOUNT_CASH,
    TW_ALPACA_ACCOUNT_ACCRUED_FEES,
    TW_ALPACA_ACCOUNT_PENDING_TRANSFER_IN,
    TW_ALPACA_ACCOUNT_PENDING_TRANSFER_OUT,
    TW_ALPACA_ACCOUNT_PORTFOLIO_VALUE,
    TW_ALPACA_ACCOUNT_PATTERN_DAY_TRADER,
    TW_ALPACA_ACCOUNT_TRADING_BLOCKED,
    TW_ALPACA_ACCOUNT_TRANSFERS_BLOCKED,
    TW_ALPACA_ACCOUNT_BLOCKED,
    TW_ALPACA_ACCOUNT_CREATED_AT,
    TW_ALPACA_ACCOUNT_TRADE_SUSPENDED_BY_USER,
    TW_ALPACA_ACCOUNT_MULTIPLIER,
    TW_ALPACA_ACCOUNT_SHORTING_ENABLED,
    TW_ALPACA_ACCOUNT_EQUITY,
    TW_ALPACA_ACCOUNT_LAST_EQUITY,
    TW_ALPACA_ACCOUNT_LONG_MARKET_VALUE,
    TW_ALPACA_ACCOUNT_SHORT_MARKET_VALUE,
    TW_ALPACA_ACCOUNT_POSITION_MARKET_VALUE,
    TW_ALPACA_ACCOUNT_INITIAL_MARGIN,
    TW_ALPACA_ACCOUNT_MAINTENANCE_MARGIN,
    TW_ALPACA_ACCOUNT_LAST_MAINTENANCE_MARGIN,
    TW_ALPACA_ACCOUNT_SMA,
    TW_ALPACA_ACCOUNT_DAYTRADE_COUNT,
    TW_ALPACA_ACCOUNT_BALANCE_ASOF,
    TW_ALPACA_ACCOUNT_CRYPTO_TIER,
    TW_ALPACA_ACCOUNT_INTRADAY_ADJUSTMENTS,
    TW_ALPACA_ACCOUNT_PENDING_REG_TAF_FEES,
    TW_ALPACA_ACCOUNT_CASH_WITHDRAWABLE,
    TW_ALPACA_ACCOUNT_CASH_TRANSFERABLE,
    TW_ALPACA_ACCOUNT_BOD_DTBP,
    TW_ALPACA_ACCOUNT_FIELD_COUNT
} tw_alpaca_account_field;

typedef struct tw_alpaca_account {
    char id[TW_ALPACA_ID_SIZE];
    char account_number[TW_ALPACA_ID_SIZE];
    char status[TW_ALPACA_WORD_SIZE]; /* "ACTIVE", ... */
    char crypto_status[TW_ALPACA_WORD_SIZE];
    char currency[TW_ALPACA_WORD_SIZE];
    char balance_asof[TW_ALPACA_WORD_SIZE]; /* "2024-01-02" */
    tw_money cash;
    tw_money equity;
    tw_money last_equity;
    tw_money portfolio_value;
    tw_money buying_power;
    tw_money regt_buying_power;
    tw_money daytrading_buying_power;
    tw_money effective_buying_power;
    tw_money non_marginable_buying_power;
    tw_money options_buying_power;
    tw_money long_market_value;
    tw_money short_market_value;
    tw_money position_market_value;
    tw_money initial_margin;
    tw_money maintenance_margin;
    tw_money last_maintenance_margin;
    tw_money sma;
    tw_money accrued_fees;
    tw_money pending_transfer_in;
    tw_money pending_transfer_out;
    tw_money pending_reg_taf_fees;
    tw_money intraday_adjustments;
    tw_money cash_withdrawable;
    tw_money cash_transferable;
    tw_money bod_dtbp;       /* daytrading buying power at the beginning of the day */
    int64_t multiplier_nano; /* 1, 2 or 4, at 1e-9 */
    int64_t created_ns;
    int64_t daytrade_count;
    int64_t crypto_tier;
    int64_t options_approved_level;
    int64_t options_trading_level;
    bool trading_blocked;
    bool transfers_blocked;
    bool account_blocked;
    bool trade_suspended_by_user;
    bool shorting_enabled;
    bool pattern_day_trader;
    uint64_t present; /* bits of tw_alpaca_account_field */
} tw_alpaca_account;

/* ---- clock ------------------------------------------------------------------------------ */

typedef enum tw_alpaca_clock_field {
    TW_ALPACA_CLOCK_TIMESTAMP,
    TW_ALPACA_CLOCK_IS_OPEN,
    TW_ALPACA_CLOCK_NEXT_OPEN,
    TW_ALPACA_CLOCK_NEXT_CLOSE,
    TW_ALPACA_CLOCK_FIELD_COUNT
} tw_alpaca_clock_field;

/* The market's clock. Alpaca writes its times at New York's offset; the offsets in seconds are
 * kept beside the times because they may differ (a summer change lies between). */
typedef struct tw_alpaca_clock {
    int64_t timestamp_ns;
    int64_t next_open_ns;
    int64_t next_close_ns;
    int32_t timestamp_offset;
    int32_t next_open_offset;
    int32_t next_close_offset;
    bool is_open;
    uint64_t present; /* bits of tw_alpaca_clock_field */
} tw_alpaca_clock;

/* The clock of the simulated exchange (no word of Alpaca's), and how many messages both streams
 * have been sent until then. */
typedef struct tw_alpaca_sim_clock {
    int64_t now_ns;
    uint64_t data_messages;
    uint64_t trading_messages;
    uint32_t present; /* bit 0: data_messages, bit 1: trading_messages */
    bool tape_ended;
} tw_alpaca_sim_clock;

/* ---- asset ------------------------------------------------------------------------------ */

typedef enum tw_alpaca_asset_field {
    TW_ALPACA_ASSET_ID,
    TW_ALPACA_ASSET_CLASS,
    TW_ALPACA_ASSET_CLASS_ALIAS, /* "asset_class", which some answers use for "class" */
    TW_ALPACA_ASSET_EXCHANGE,
    TW_ALPACA_ASSET_SYMBOL,
    TW_ALPACA_ASSET_NAME,
    TW_ALPACA_ASSET_STATUS,
    TW_ALPACA_ASSET_TRADABLE,
    TW_ALPACA_ASSET_MARGINABLE,
    TW_ALPACA_ASSET_MAINTENANCE_MARGIN_REQUIREMENT,
    TW_ALPACA_ASSET_SHORTABLE,
    TW_ALPACA_ASSET_EASY_TO_BORROW,
    TW_ALPACA_ASSET_FRACTIONABLE,
    TW_ALPACA_ASSET_MIN_ORDER_SIZE,
    TW_ALPACA_ASSET_MIN_TRADE_INCREMENT,
    TW_ALPACA_ASSET_PRICE_INCREMENT,
    TW_ALPACA_ASSET_CUSIP,
    TW_ALPACA_ASSET_BORROW_STATUS,
    TW_ALPACA_ASSET_MARGIN_REQUIREMENT_LONG,
    TW_ALPACA_ASSET_MARGIN_REQUIREMENT_SHORT,
    TW_ALPACA_ASSET_LAST_PRICE,
    TW_ALPACA_ASSET_LAST_CLOSE_PERCENT_CHANGE,
    TW_ALPACA_ASSET_ATTRIBUTES,
    TW_ALPACA_ASSET_FIELD_COUNT
} tw_alpaca_asset_field;

typedef struct tw_alpaca_asset {
    char id[TW_ALPACA_ID_SIZE];
    char asset_class[TW_ALPACA_WORD_SIZE]; /* "us_equity", "crypto", ... */
    char exchange[TW_ALPACA_WORD_SIZE];
    char symbol[TW_SYMBOL_NAME_SIZE];
    char name[TW_ALPACA_NAME_SIZE];
    char status[TW_ALPACA_WORD_SIZE]; /* "active", "inactive" */
    int64_t maintenance_margin_nano;  /* per cent, at 1e-9 */
    tw_quantity min_order_size;
    tw_quantity min_trade_increment;
    tw_price price_increment;
    char cusip[TW_ALPACA_WORD_SIZE];
    char borrow_status[TW_ALPACA_WORD_SIZE];    /* "easy_to_borrow", ... */
    char attributes[TW_ALPACA_ATTRIBUTES_SIZE]; /* "fractional_eh_enabled,has_options" */
    int64_t margin_requirement_long_nano;       /* per cent, at 1e-9 */
    int64_t margin_requirement_short_nano;
    char last_price[TW_ALPACA_WORD_SIZE]; /* as written */
    char last_close_percent_change[TW_ALPACA_WORD_SIZE];
    bool tradable;
    bool marginable;
    bool shortable;
    bool easy_to_borrow;
    bool fractionable;
    uint64_t present; /* bits of tw_alpaca_asset_field */
} tw_alpaca_asset;

/* ---- position --------------------------------------------------------------------------- */

typedef enum tw_alpaca_position_field {
    TW_ALPACA_POSITION_ASSET_ID,
    TW_ALPACA_POSITION_SYMBOL,
    TW_ALPACA_POSITION_EXCHANGE,
    TW_ALPACA_POSITION_ASSET_CLASS,
    TW_ALPACA_POSITION_ASSET_MARGINABLE,
    TW_ALPACA_POSITION_QTY,
    TW_ALPACA_POSITION_AVG_ENTRY_PRICE,
    TW_ALPACA_POSITION_SIDE,
    TW_ALPACA_POSITION_MARKET_VALUE,
    TW_ALPACA_POSITION_COST_BASIS,
    TW_ALPACA_POSITION_UNREALIZED_PL,
    TW_ALPACA_POSITION_UNREALIZED_PLPC,
    TW_ALPACA_POSITION_UNREALIZED_INTRADAY_PL,
    TW_ALPACA_POSITION_UNREALIZED_INTRADAY_PLPC,
    TW_ALPACA_POSITION_CURRENT_PRICE,
    TW_ALPACA_POSITION_LASTDAY_PRICE,
    TW_ALPACA_POSITION_CHANGE_TODAY,
    TW_ALPACA_POSITION_QTY_AVAILABLE,
    TW_ALPACA_POSITION_SWAP_RATE,
    TW_ALPACA_POSITION_AVG_ENTRY_SWAP_RATE,
    TW_ALPACA_POSITION_USD,
    TW_ALPACA_POSITION_FIELD_COUNT
} tw_alpaca_position_field;

/* What a position of an account in another currency is in dollars. */
typedef enum tw_alpaca_usd_field {
    TW_ALPACA_USD_AVG_ENTRY_PRICE,
    TW_ALPACA_USD_MARKET_VALUE,
    TW_ALPACA_USD_COST_BASIS,
    TW_ALPACA_USD_UNREALIZED_PL,
    TW_ALPACA_USD_UNREALIZED_PLPC,
    TW_ALPACA_USD_UNREALIZED_INTRADAY_PL,
    TW_ALPACA_USD_UNREALIZED_INTRADAY_PLPC,
    TW_ALPACA_USD_CURRENT_PRICE,
    TW_ALPACA_USD_LASTDAY_PRICE,
    TW_ALPACA_USD_CHANGE_TODAY,
    TW_ALPACA_USD_FIELD_COUNT
} tw_alpaca_usd_field;

typedef struct tw_alpaca_usd {
    tw_price average_price;
    tw_money market_value;
    tw_money cost_basis;
    tw_money unrealized_pl;
    int64_t unrealized_plpc_nano;
    tw_money unrealized_intraday_pl;
    int64_t unrealized_intraday_plpc_nano;
    tw_price current_price;
    tw_price lastday_price;
    int64_t change_today_nano;
    uint64_t present; /* bits of tw_alpaca_usd_field */
} tw_alpaca_usd;

/* What is held of one symbol. `position.quantity` is signed (a short holding is negative, also
 * when the sender wrote a positive quantity beside "short"). */
typedef struct tw_alpaca_position {
    tw_position position;
    char symbol[TW_SYMBOL_NAME_SIZE];
    char asset_id[TW_ALPACA_ID_SIZE];
    char exchange[TW_ALPACA_WORD_SIZE];
    char asset_class[TW_ALPACA_WORD_SIZE];
    char side[TW_ALPACA_WORD_SIZE]; /* "long", "short"; empty: written from the sign */
    tw_quantity available;
    tw_money market_value;
    tw_money cost_basis;
    tw_money unrealized_pl;
    tw_money unrealized_intraday_pl;
    int64_t unrealized_plpc_nano; /* a fraction, at 1e-9 */
    int64_t unrealized_intraday_plpc_nano;
    int64_t change_today_nano;
    tw_price lastday_price;
    int64_t swap_rate_nano;
    int64_t avg_entry_swap_rate_nano;
    tw_alpaca_usd usd;
    bool asset_marginable;
    uint64_t present; /* bits of tw_alpaca_position_field */
} tw_alpaca_position;

/* ---- order ------------------------------------------------------------------------------ */

typedef enum tw_alpaca_order_field {
    TW_ALPACA_ORDER_ID,
    TW_ALPACA_ORDER_CLIENT_ORDER_ID,
    TW_ALPACA_ORDER_CREATED_AT,
    TW_ALPACA_ORDER_UPDATED_AT,
    TW_ALPACA_ORDER_SUBMITTED_AT,
    TW_ALPACA_ORDER_FILLED_AT,
    TW_ALPACA_ORDER_EXPIRED_AT,
    TW_ALPACA_ORDER_EXPIRES_AT,
    TW_ALPACA_ORDER_CANCELED_AT,
    TW_ALPACA_ORDER_FAILED_AT,
    TW_ALPACA_ORDER_REPLACED_AT,
    TW_ALPACA_ORDER_REPLACED_BY,
    TW_ALPACA_ORDER_REPLACES,
    TW_ALPACA_ORDER_ASSET_ID,
    TW_ALPACA_ORDER_SYMBOL,
    TW_ALPACA_ORDER_ASSET_CLASS,
    TW_ALPACA_ORDER_NOTIONAL,
    TW_ALPACA_ORDER_QTY,
    TW_ALPACA_ORDER_FILLED_QTY,
    TW_ALPACA_ORDER_FILLED_AVG_PRICE,
    TW_ALPACA_ORDER_CLASS,
    TW_ALPACA_ORDER_ORDER_TYPE, /* "order_type", the older name of "type" */
    TW_ALPACA_ORDER_TYPE,
    TW_ALPACA_ORDER_SIDE,
    TW_ALPACA_ORDER_POSITION_INTENT,
    TW_ALPACA_ORDER_TIME_IN_FORCE,
    TW_ALPACA_ORDER_LIMIT_PRICE,
    TW_ALPACA_ORDER_STOP_PRICE,
    TW_ALPACA_ORDER_STATUS,
    TW_ALPACA_ORDER_EXTENDED_HOURS,
    TW_ALPACA_ORDER_LEGS, /* given as an array, perhaps an empty one */
    TW_ALPACA_ORDER_TRAIL_PERCENT,
    TW_ALPACA_ORDER_TRAIL_PRICE,
    TW_ALPACA_ORDER_HWM,
    TW_ALPACA_ORDER_SUBTAG,
    TW_ALPACA_ORDER_SOURCE,
    TW_ALPACA_ORDER_RATIO_QTY,
    TW_ALPACA_ORDER_FIELD_COUNT
} tw_alpaca_order_field;

/*
 * Alpaca's order object. `order` holds what every venue has; its `symbol` is TW_SYMBOL_NONE when
 * the reader has no table or the table is full (`symbol` still has the name).
 *
 * The four words type, side, time_in_force and status are kept as they were written. When one is
 * unknown its bit in `present` stays clear and the enumerator in `order` keeps its zero, except
 * that an unknown status becomes TW_ORDER_UNKNOWN: something a query must clear up. "accepted",
 * "accepted_for_bidding" and "stopped" are working orders (TW_ORDER_NEW); "calculated" is
 * TW_ORDER_DONE_FOR_DAY. An encoder writes the word if it is not empty, else the enumerator's.
 */
typedef struct tw_alpaca_order {
    tw_order order;
    char symbol[TW_SYMBOL_NAME_SIZE];
    char asset_id[TW_ALPACA_ID_SIZE];
    char asset_class[TW_ALPACA_WORD_SIZE];
    char order_class[TW_ALPACA_WORD_SIZE]; /* "" is a simple order */
    char type[TW_ALPACA_WORD_SIZE];
    char side[TW_ALPACA_WORD_SIZE];
    char time_in_force[TW_ALPACA_WORD_SIZE];
    char status[TW_ALPACA_WORD_SIZE];
    char position_intent[TW_ALPACA_WORD_SIZE];
    char replaced_by[TW_ALPACA_ID_SIZE];
    char replaces[TW_ALPACA_ID_SIZE];
    char subtag[TW_ALPACA_ID_SIZE];
    char source[TW_ALPACA_WORD_SIZE];
    int64_t submitted_ns; /* times: 0 when null */
    int64_t filled_ns;
    int64_t expired_ns;
    int64_t expires_ns;
    int64_t canceled_ns;
    int64_t failed_ns;
    int64_t replaced_ns;
    tw_money notional; /* 0 when the order was sent by quantity */
    int64_t trail_percent_nano;
    tw_price trail_price;
    tw_price high_water_mark;
    tw_quantity ratio_quantity;
    uint32_t leg_count; /* legs decoded with it */
    bool is_leg;        /* delivered after the order that it belongs to */
    uint64_t present;   /* bits of tw_alpaca_order_field */
} tw_alpaca_order;

/* ---- order request ---------------------------------------------------------------------- */

typedef enum tw_alpaca_request_field {
    TW_ALPACA_REQUEST_SYMBOL,
    TW_ALPACA_REQUEST_QTY,
    TW_ALPACA_REQUEST_NOTIONAL,
    TW_ALPACA_REQUEST_SIDE,
    TW_ALPACA_REQUEST_TYPE,
    TW_ALPACA_REQUEST_TIME_IN_FORCE,
    TW_ALPACA_REQUEST_LIMIT_PRICE,
    TW_ALPACA_REQUEST_STOP_PRICE,
    TW_ALPACA_REQUEST_TRAIL_PRICE,
    TW_ALPACA_REQUEST_TRAIL_PERCENT,
    TW_ALPACA_REQUEST_TRAIL, /* of a replacement: the new trail, whichever kind it is */
    TW_ALPACA_REQUEST_EXTENDED_HOURS,
    TW_ALPACA_REQUEST_CLIENT_ORDER_ID,
    TW_ALPACA_REQUEST_ORDER_CLASS,
    TW_ALPACA_REQUEST_POSITION_INTENT,
    TW_ALPACA_REQUEST_TAKE_PROFIT,
    TW_ALPACA_REQUEST_STOP_LOSS,
    TW_ALPACA_REQUEST_LEGS,
    TW_ALPACA_REQUEST_FIELD_COUNT
} tw_alpaca_request_field;

/* One leg of a request of class "mleg". */
typedef struct tw_alpaca_request_leg {
    char symbol[TW_SYMBOL_NAME_SIZE];
    char side_word[TW_ALPACA_WORD_SIZE];
    char position_intent[TW_ALPACA_WORD_SIZE];
    tw_quantity ratio_quantity;
    uint64_t present; /* bits 0 symbol, 1 ratio_qty, 2 side, 3 position_intent */
} tw_alpaca_request_leg;

/* The body of POST /v2/orders, and of PATCH /v2/orders/{id} (any of its fields). The encoder
 * leaves out what is not given. A decoder keeps unknown words as text with their bit clear, so
 * that an exchange can name them in its refusal. */
#define TW_ALPACA_AMOUNT_NANO_MAX (INT64_C(9223372036) * TW_NANO)
typedef struct tw_alpaca_order_request {
    char symbol[TW_SYMBOL_NAME_SIZE];
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE]; /* a longer one is cut and its bit is clear */
    char order_class[TW_ALPACA_WORD_SIZE];
    char position_intent[TW_ALPACA_WORD_SIZE];
    char side_word[TW_ALPACA_WORD_SIZE];
    char type_word[TW_ALPACA_WORD_SIZE];
    char time_in_force_word[TW_ALPACA_WORD_SIZE];
    tw_quantity quantity; /* quantity or notional, never both; too large a number is read as ... */
    tw_money notional;    /* ... TW_ALPACA_AMOUNT_NANO_MAX, or below zero as that with a minus */
    tw_price limit_price;
    tw_price stop_price;
    tw_price trail_price;
    tw_price trail;
    int64_t trail_percent_nano;
    tw_price take_profit_limit_price;
    tw_price stop_loss_stop_price;
    tw_price stop_loss_limit_price;
    tw_alpaca_request_leg legs[TW_ALPACA_LEG_COUNT_MAX];
    uint32_t leg_count;    /* all that came; those beyond TW_ALPACA_LEG_COUNT_MAX are not kept */
    uint8_t side;          /* tw_side */
    uint8_t type;          /* tw_order_type */
    uint8_t time_in_force; /* tw_time_in_force */
    bool extended_hours;
    uint64_t present; /* bits of tw_alpaca_request_field */
} tw_alpaca_order_request;

/* ---- error body ------------------------------------------------------------------------- */

/* What an error says beside its code and message: "available":"0", "market_price":150.5. */
typedef struct tw_alpaca_detail {
    char name[TW_ALPACA_WORD_SIZE];
    char value[TW_ALPACA_ID_SIZE]; /* as written, without quotes */
    bool quoted;                   /* it was a JSON string */
} tw_alpaca_detail;

/* `code` is 0 when the body has none or a word for it; then `code_word` has the word. */
typedef struct tw_alpaca_error {
    int64_t code;
    int http_status; /* 0 when it did not come by HTTP */
    char code_word[TW_ALPACA_WORD_SIZE];
    char message[TW_ALPACA_MESSAGE_SIZE];
    tw_alpaca_detail details[TW_ALPACA_DETAIL_COUNT];
    uint32_t detail_count; /* kept */
} tw_alpaca_error;

/* ---- trade updates ---------------------------------------------------------------------- */

typedef enum tw_alpaca_event {
    TW_ALPACA_EVENT_OTHER = 0, /* a word that is not in this list; see `event_word` */
    TW_ALPACA_EVENT_NEW,
    TW_ALPACA_EVENT_FILL,
    TW_ALPACA_EVENT_PARTIAL_FILL,
    TW_ALPACA_EVENT_CANCELED,
    TW_ALPACA_EVENT_EXPIRED,
    TW_ALPACA_EVENT_DONE_FOR_DAY,
    TW_ALPACA_EVENT_REPLACED,
    TW_ALPACA_EVENT_ACCEPTED,
    TW_ALPACA_EVENT_REJECTED,
    TW_ALPACA_EVENT_PENDING_NEW,
    TW_ALPACA_EVENT_STOPPED,
    TW_ALPACA_EVENT_PENDING_CANCEL,
    TW_ALPACA_EVENT_PENDING_REPLACE,
    TW_ALPACA_EVENT_CALCULATED,
    TW_ALPACA_EVENT_SUSPENDED,
    TW_ALPACA_EVENT_RESTATED,
    TW_ALPACA_EVENT_REPLACE_REJECTED,
    TW_ALPACA_EVENT_CANCEL_REJECTED
} tw_alpaca_event;

typedef enum tw_alpaca_update_field {
    TW_ALPACA_UPDATE_EVENT,
    TW_ALPACA_UPDATE_TIMESTAMP,
    TW_ALPACA_UPDATE_EXECUTION_ID,
    TW_ALPACA_UPDATE_PRICE,
    TW_ALPACA_UPDATE_QTY,
    TW_ALPACA_UPDATE_POSITION_QTY,
    TW_ALPACA_UPDATE_AT,
    TW_ALPACA_UPDATE_EVENT_ID,
    TW_ALPACA_UPDATE_FIELD_COUNT
} tw_alpaca_update_field;

/* One message of the trading stream about one of our orders. `execution_id` may be missing even
 * on a fill; the same update may come twice. */
typedef struct tw_alpaca_order_update {
    tw_alpaca_order order;
    char event_word[TW_ALPACA_WORD_SIZE];
    char execution_id[TW_ALPACA_ID_SIZE];
    char event_id[TW_ALPACA_ID_SIZE];
    int64_t timestamp_ns;
    int64_t at_ns;
    tw_price price;       /* of this fill */
    tw_quantity quantity; /* of this fill */
    tw_quantity position; /* held after it, signed */
    uint8_t event;        /* tw_alpaca_event */
    uint64_t present;     /* bits of tw_alpaca_update_field */
} tw_alpaca_order_update;

/* ---- streams ---------------------------------------------------------------------------- */

/* Channels of the market data stream, as a set of bits. */
typedef enum tw_alpaca_channel {
    TW_ALPACA_CHANNEL_TRADES = 1,
    TW_ALPACA_CHANNEL_QUOTES = 2,
    TW_ALPACA_CHANNEL_BARS = 4,
    TW_ALPACA_CHANNEL_UPDATED_BARS = 8,
    TW_ALPACA_CHANNEL_DAILY_BARS = 16,
    TW_ALPACA_CHANNEL_STATUSES = 32,
    TW_ALPACA_CHANNEL_LULDS = 64, /* price bands: limit up, limit down */
    TW_ALPACA_CHANNEL_IMBALANCES = 128,
    TW_ALPACA_CHANNEL_BOOKS = 256,
    TW_ALPACA_CHANNEL_NEWS = 512,
    TW_ALPACA_CHANNEL_ALL = 1023
} tw_alpaca_channel;
#define TW_ALPACA_CHANNEL_COUNT 10

typedef enum tw_alpaca_control_kind {
    TW_ALPACA_CONTROL_CONNECTED,     /* {"T":"success","msg":"connected"} */
    TW_ALPACA_CONTROL_AUTHENTICATED, /* {"T":"success","msg":"authenticated"} */
    TW_ALPACA_CONTROL_SUCCESS,       /* another success */
    TW_ALPACA_CONTROL_ERROR,         /* {"T":"error","code":406,"msg":...} */
    TW_ALPACA_CONTROL_SUBSCRIPTION   /* the whole list, as counts a channel */
} tw_alpaca_control_kind;

typedef struct tw_alpaca_control {
    int64_t code; /* of an error */
    char message[TW_ALPACA_MESSAGE_SIZE];
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT]; /* in the order of the channels' bits */
    uint8_t kind;                             /* tw_alpaca_control_kind */
} tw_alpaca_control;

typedef enum tw_alpaca_bar_kind {
    TW_ALPACA_BAR_MINUTE = 'b',
    TW_ALPACA_BAR_UPDATED = 'u', /* corrects a minute bar: `revision` is 1 */
    TW_ALPACA_BAR_DAILY = 'd'    /* the day so far: `timeframe_ns` is TW_NS_PER_DAY */
} tw_alpaca_bar_kind;

/* One of the words of alpaca_records.h, and what stands around them. */
typedef struct tw_alpaca_record tw_alpaca_record;
typedef struct tw_alpaca_answer tw_alpaca_answer;

/* What a decoder of market data hands out, in the order of the input. Each may be NULL. The
 * records are borrowed for the call. */
typedef struct tw_alpaca_events {
    void *context;
    void (*on_trade)(void *context, const tw_trade *trade);
    void (*on_quote)(void *context, const tw_quote *quote);
    void (*on_bar)(void *context, const tw_bar *bar);
    /* One call a level; the first of a message has `clear` if it starts a snapshot, the last has
     * `last`. Bids come before asks. */
    void (*on_level)(void *context, const tw_level *level);
    void (*on_control)(void *context, const tw_alpaca_control *control);
    /* A status, price band, correction, cancel or error, imbalance, or article: see
     * alpaca_records.h. Without this callback they go to on_other. */
    void (*on_record)(void *context, const tw_alpaca_record *record);
    /* What a page says beside its records: its symbol, its currency (see alpaca_records.h). */
    void (*on_answer)(void *context, const tw_alpaca_answer *answer);
    /* A message of a kind that has no record here. */
    void (*on_other)(void *context, tw_slice kind);
    /* A stream's message that is well-formed JSON but cannot be understood (TW_PARSE, TW_RANGE:
     * a value; TW_FULL, TW_INVALID: its symbol; TW_FULL: more levels than the reader takes). The
     * rest of the frame goes on. Without this callback such a message fails the frame. */
    void (*on_bad)(void *context, tw_status status, tw_slice kind);
} tw_alpaca_events;

/* What a client asks of a stream server. */
typedef enum tw_alpaca_action {
    TW_ALPACA_ACTION_OTHER = 0,
    TW_ALPACA_ACTION_AUTH,         /* market data: key and secret */
    TW_ALPACA_ACTION_AUTHENTICATE, /* trading: key and secret, of either spelling */
    TW_ALPACA_ACTION_SUBSCRIBE,
    TW_ALPACA_ACTION_UNSUBSCRIBE,
    TW_ALPACA_ACTION_LISTEN
} tw_alpaca_action;

typedef struct tw_alpaca_command {
    char action_word[TW_ALPACA_WORD_SIZE];
    char key[TW_ALPACA_KEY_SIZE];
    char secret[TW_ALPACA_KEY_SIZE];
    uint8_t action;       /* tw_alpaca_action */
    bool trade_updates;   /* listen: the stream is wanted */
    uint32_t other_count; /* listen: names of streams that do not exist */
    uint16_t channels;    /* subscribe, unsubscribe: channels that were named */
} tw_alpaca_command;

/* One name in a subscribe or unsubscribe ("*" included), in the order of the input. */
typedef void (*tw_alpaca_on_name)(void *context, const tw_alpaca_command *command,
                                  tw_alpaca_channel channel, tw_slice name);

/* What the trading stream's server says. */
typedef enum tw_alpaca_trading_kind {
    TW_ALPACA_TRADING_OTHER = 0,
    TW_ALPACA_TRADING_AUTHORIZED,
    TW_ALPACA_TRADING_UNAUTHORIZED,
    TW_ALPACA_TRADING_LISTENING, /* `trade_updates` tells whether that stream is on */
    TW_ALPACA_TRADING_UPDATE     /* `update` is filled */
} tw_alpaca_trading_kind;

typedef struct tw_alpaca_trading_message {
    tw_alpaca_order_update update;
    uint8_t kind; /* tw_alpaca_trading_kind */
    bool trade_updates;
} tw_alpaca_trading_message;

/* ---- pages of market data --------------------------------------------------------------- */

/* How a body of /v2/stocks/{bars,trades,quotes}[/latest] is to be read. */
typedef struct tw_alpaca_page_options {
    int64_t timeframe_ns; /* written into each bar */
    tw_symbol symbol;     /* of single-symbol answers (their list precedes the name), or NONE */
} tw_alpaca_page_options;

typedef struct tw_alpaca_reader tw_alpaca_reader;

TW_BEGIN_DECLS

/* ---- decoders --------------------------------------------------------------------------- */

/* A reader for inputs of at most `size_max` bytes and order book messages of at most
 * `level_count_max` levels (0: none). `symbols` may be NULL when no market data will be read;
 * it is borrowed and must outlive the reader. TW_NO_MEMORY. */
TW_API tw_status tw_alpaca_reader_new(const tw_allocator *allocator, size_t size_max,
                                      uint32_t level_count_max, tw_symbols *symbols,
                                      tw_alpaca_reader **ret_reader) TW_MUST_CHECK;
TW_API void tw_alpaca_reader_free(tw_alpaca_reader *reader);

/* Lets a reader read MessagePack, too: the binary form of the streams. Takes four times `size_max`
 * bytes more, touched only as far as numbers reach. Harmless when done before. TW_NO_MEMORY. */
TW_API tw_status tw_alpaca_reader_add_msgpack(tw_alpaca_reader *reader) TW_MUST_CHECK;

/* All decoders: TW_PARSE (with the offset), TW_RANGE (a value does not fit), TW_FULL (the input
 * is larger than the reader). On failure the output is untouched. */
TW_API tw_status tw_alpaca_decode_account(tw_alpaca_reader *reader, tw_slice json,
                                          tw_alpaca_account *ret_account,
                                          tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_decode_clock(tw_alpaca_reader *reader, tw_slice json,
                                        tw_alpaca_clock *ret_clock, tw_error *error) TW_MUST_CHECK;
/* Of GET /sim/clock and POST /sim/clock/step. TW_PARSE, too, without its time and counts. */
TW_API tw_status tw_alpaca_decode_sim_clock(tw_alpaca_reader *reader, tw_slice json,
                                            tw_alpaca_sim_clock *ret_clock,
                                            tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_decode_error(tw_alpaca_reader *reader, tw_slice json,
                                        tw_alpaca_error *ret_problem,
                                        tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_decode_order_request(tw_alpaca_reader *reader, tw_slice json,
                                                tw_alpaca_order_request *ret_request,
                                                tw_error *error) TW_MUST_CHECK;

/* One object or an array of them: `on_...` is called for each, in order, with a borrowed record.
 * Records before a fault have been delivered when a failure is returned. An order's legs follow
 * it, with `is_leg` set. */
typedef void (*tw_alpaca_on_asset)(void *context, const tw_alpaca_asset *asset);
typedef void (*tw_alpaca_on_position)(void *context, const tw_alpaca_position *position);
typedef void (*tw_alpaca_on_order)(void *context, const tw_alpaca_order *order);
TW_API tw_status tw_alpaca_decode_assets(tw_alpaca_reader *reader, tw_slice json,
                                         tw_alpaca_on_asset on_asset, void *context,
                                         tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_decode_positions(tw_alpaca_reader *reader, tw_slice json,
                                            tw_alpaca_on_position on_position, void *context,
                                            tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_decode_orders(tw_alpaca_reader *reader, tw_slice json,
                                         tw_alpaca_on_order on_order, void *context,
                                         tw_error *error) TW_MUST_CHECK;

/* The answer of DELETE /v2/orders and DELETE /v2/positions: one call an entry, with the entry's
 * id or symbol, its HTTP status, and its error if it has one (else NULL). */
typedef void (*tw_alpaca_on_entry)(void *context, tw_slice name, int http_status,
                                   const tw_alpaca_error *problem);
TW_API tw_status tw_alpaca_decode_multi_status(tw_alpaca_reader *reader, tw_slice json,
                                               tw_alpaca_on_entry on_entry, void *context,
                                               tw_error *error) TW_MUST_CHECK;

/* A body of market data: multi-symbol and single-symbol, history and latest. Writes the next
 * page's token (empty: this was the last) into `ret_token`, char[TW_ALPACA_TOKEN_SIZE], which
 * may be NULL. Needs a reader with symbols; TW_FULL when their table is. Records before a fault
 * have been handed out when a failure is returned, and in a frame messages. */
TW_API tw_status tw_alpaca_decode_page(tw_alpaca_reader *reader, tw_slice json,
                                       const tw_alpaca_page_options *options,
                                       const tw_alpaca_events *events, char *ret_token,
                                       tw_error *error) TW_MUST_CHECK;

/* One frame of the market data stream: an array of messages, or one message. */
TW_API tw_status tw_alpaca_decode_stream(tw_alpaca_reader *reader, tw_slice json,
                                         const tw_alpaca_events *events,
                                         tw_error *error) TW_MUST_CHECK;

/* The same in MessagePack, through the same tables: what a server sends to whoever asked for
 * "Content-Type: application/msgpack" in the handshake. A time is a timestamp (extension -1) or a
 * string. The reader must have been given MessagePack; the input is borrowed, not copied. */
TW_API tw_status tw_alpaca_decode_stream_msgpack(tw_alpaca_reader *reader, tw_slice input,
                                                 const tw_alpaca_events *events,
                                                 tw_error *error) TW_MUST_CHECK;

/* One frame of the trading stream, text or binary. */
TW_API tw_status tw_alpaca_decode_trading(tw_alpaca_reader *reader, tw_slice json,
                                          tw_alpaca_trading_message *ret_message,
                                          tw_error *error) TW_MUST_CHECK;

/* A client's message in MessagePack; otherwise as tw_alpaca_decode_command below. */
TW_API tw_status tw_alpaca_decode_command_msgpack(tw_alpaca_reader *reader, tw_slice input,
                                                  tw_alpaca_command *ret_command,
                                                  tw_alpaca_on_name on_name, void *context,
                                                  tw_error *error) TW_MUST_CHECK;

/* One message of a client to either stream. `on_name` (may be NULL) is called for every symbol
 * after the whole command is known. */
TW_API tw_status tw_alpaca_decode_command(tw_alpaca_reader *reader, tw_slice json,
                                          tw_alpaca_command *ret_command, tw_alpaca_on_name on_name,
                                          void *context, tw_error *error) TW_MUST_CHECK;

/* ---- encoders: they append to `text`; look at text->truncated afterwards ----------------- */

TW_API void tw_alpaca_encode_account(tw_text *text, const tw_alpaca_account *account);
TW_API void tw_alpaca_encode_clock(tw_text *text, const tw_alpaca_clock *clock);
TW_API void tw_alpaca_encode_asset(tw_text *text, const tw_alpaca_asset *asset);
TW_API void tw_alpaca_encode_position(tw_text *text, const tw_alpaca_position *position);
/* With its legs (`leg_count` 0: "legs":null). */
TW_API void tw_alpaca_encode_order(tw_text *text, const tw_alpaca_order *order,
                                   const tw_alpaca_order *legs, size_t leg_count);
TW_API void tw_alpaca_encode_order_request(tw_text *text, const tw_alpaca_order_request *request);
/* {"code":40310000,"message":"..."}; `code` 0 is left out. */
TW_API void tw_alpaca_encode_error(tw_text *text, int64_t code, const char *message);
/* The same with the code as a word where it is one, and with the details. */
TW_API void tw_alpaca_encode_problem(tw_text *text, const tw_alpaca_error *problem);

/* Fills Alpaca's order from the field's: ids, symbol name, words, times. Other fields are zero. */
TW_API void tw_alpaca_order_from(const tw_order *order, const tw_symbols *symbols,
                                 tw_alpaca_order *ret_order);
/* The request that asks for `order`. */
TW_API void tw_alpaca_request_from(const tw_order *order, const tw_symbols *symbols,
                                   tw_alpaca_order_request *ret_request);

/* Market data as REST writes it: no "T", no "S", "t" first. */
TW_API void tw_alpaca_encode_trade(tw_text *text, const tw_trade *trade);
TW_API void tw_alpaca_encode_quote(tw_text *text, const tw_quote *quote);
TW_API void tw_alpaca_encode_bar(tw_text *text, const tw_bar *bar);
/* {"bars":{"AAPL":[...],...},"next_page_token":...}: bars grouped by symbol in the order given;
 * an empty or NULL token is written as null. */
TW_API void tw_alpaca_encode_bars_page(tw_text *text, const tw_bar *bars, size_t count,
                                       const tw_symbols *symbols, const char *next_page_token);
/* {"quotes":{"AAPL":{...}}} and the like, one record a symbol. */
TW_API void tw_alpaca_encode_latest_trades(tw_text *text, const tw_trade *trades, size_t count,
                                           const tw_symbols *symbols);
TW_API void tw_alpaca_encode_latest_quotes(tw_text *text, const tw_quote *quotes, size_t count,
                                           const tw_symbols *symbols);
TW_API void tw_alpaca_encode_latest_bars(tw_text *text, const tw_bar *bars, size_t count,
                                         const tw_symbols *symbols);

/* Messages of the market data stream, one object each ("T" first); the caller writes the array's
 * brackets and commas, so that many can share a frame. */
TW_API void tw_alpaca_encode_stream_trade(tw_text *text, const tw_trade *trade,
                                          const tw_symbols *symbols);
TW_API void tw_alpaca_encode_stream_quote(tw_text *text, const tw_quote *quote,
                                          const tw_symbols *symbols);
TW_API void tw_alpaca_encode_stream_bar(tw_text *text, const tw_bar *bar, tw_alpaca_bar_kind kind,
                                        const tw_symbols *symbols);
/* One book message of `count` (at least 1) levels of one symbol and time; "r":true if the first
 * has `clear`. */
TW_API void tw_alpaca_encode_stream_book(tw_text *text, const tw_level *levels, size_t count,
                                         const tw_symbols *symbols);
/* Whole frames, brackets included. */
TW_API void tw_alpaca_encode_stream_success(tw_text *text, const char *message);
TW_API void tw_alpaca_encode_stream_error(tw_text *text, int64_t code, const char *message);
/* The whole subscription: `names[c]` lists `counts[c]` symbol names of channel bit c. Corrections
 * and cancels follow the trades, and their lists too. */
TW_API void tw_alpaca_encode_stream_subscription(
    tw_text *text, const char *const *const names[TW_ALPACA_CHANNEL_COUNT],
    const uint32_t counts[TW_ALPACA_CHANNEL_COUNT]);

/* What a client says to the market data stream. */
TW_API void tw_alpaca_encode_auth(tw_text *text, const char *key, const char *secret);
/* `subscribe` or unsubscribe the same names on every channel of the set. */
TW_API void tw_alpaca_encode_subscribe(tw_text *text, bool subscribe, uint16_t channels,
                                       const char *const *names, size_t count);

/* The same in MessagePack (binary frames). */
TW_API void tw_alpaca_encode_auth_msgpack(tw_text *text, const char *key, const char *secret);
TW_API void tw_alpaca_encode_subscribe_msgpack(tw_text *text, bool subscribe, uint16_t channels,
                                               const char *const *names, size_t count);

/*
 * What a server's encoder wrote as JSON (an object or an array), appended as MessagePack: whole
 * numbers as integers; numbers under the keys of prices ("p", "o", "bp" ...) and all others as
 * doubles; texts under "t", "at", "timestamp" and "..._at" that are times as timestamps (extension
 * -1). Keys keep their order. TW_FULL (longer than the reader), TW_PARSE, TW_RANGE; look at
 * text->truncated too. Costs one reading of the text; nothing is allocated.
 */
TW_API tw_status tw_alpaca_pack(tw_alpaca_reader *reader, tw_slice json,
                                tw_text *text) TW_MUST_CHECK;

/* The trading stream, both sides. */
TW_API void tw_alpaca_encode_authenticate(tw_text *text, const char *key, const char *secret);
TW_API void tw_alpaca_encode_listen(tw_text *text, bool trade_updates);
TW_API void tw_alpaca_encode_authorization(tw_text *text, bool authorized, const char *action);
TW_API void tw_alpaca_encode_listening(tw_text *text, bool trade_updates);
TW_API void tw_alpaca_encode_order_update(tw_text *text, const tw_alpaca_order_update *update);
/* The same without the name of the stream, as /v2/events/trades tells it. */
TW_API void tw_alpaca_encode_order_event(tw_text *text, const tw_alpaca_order_update *update);

/* ---- words ------------------------------------------------------------------------------ */

/* "new", "fill", ...; "" for TW_ALPACA_EVENT_OTHER. Never NULL. */
TW_API const char *tw_alpaca_event_name(tw_alpaca_event event);
TW_API tw_alpaca_event tw_alpaca_event_of(tw_slice word);
/* "canceled", "corrected", "incorrect"; "" for the others. Never NULL. */
TW_API const char *tw_alpaca_trade_mark_name(tw_trade_mark mark);
/* "trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "imbalances",
 * "orderbooks", "news". */
TW_API const char *tw_alpaca_channel_name(tw_alpaca_channel channel);
/* True for the stream errors after which a new connection cannot help (402, 404, 409, 411 ...). */
TW_API bool tw_alpaca_stream_error_is_final(int64_t code);

TW_END_DECLS

TW_DEFINE_AUTO(tw_alpaca_reader, tw_alpaca_reader_free)

#endif
