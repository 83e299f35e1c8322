/*
 * alpaca_account.c - account, clock, asset and position: their tables, both directions.
 *
 * The order of rows is the order in which Alpaca writes the keys. "Sent, never required": some
 * SDKs still read fields that newer models have dropped, so all are written.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "alpaca_word.h"
#include "tradewind/alpaca.h"

/* ---- account ---- */

#define ACCOUNT(key, member, form, absent) WORD_ROW(tw_alpaca_account, key, member, form, absent)

static const word_field account_fields[TW_ALPACA_ACCOUNT_FIELD_COUNT] = {
    [TW_ALPACA_ACCOUNT_ID] = ACCOUNT("id", id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_NUMBER] = ACCOUNT("account_number", account_number, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_STATUS] = ACCOUNT("status", status, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_CRYPTO_STATUS] =
        ACCOUNT("crypto_status", crypto_status, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_OPTIONS_APPROVED_LEVEL] =
        ACCOUNT("options_approved_level", options_approved_level, WORD_INTEGER, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_OPTIONS_TRADING_LEVEL] =
        ACCOUNT("options_trading_level", options_trading_level, WORD_INTEGER, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_CURRENCY] = ACCOUNT("currency", currency, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_BUYING_POWER] =
        ACCOUNT("buying_power", buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_REGT_BUYING_POWER] =
        ACCOUNT("regt_buying_power", regt_buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_DAYTRADING_BUYING_POWER] =
        ACCOUNT("daytrading_buying_power", daytrading_buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_EFFECTIVE_BUYING_POWER] =
        ACCOUNT("effective_buying_power", effective_buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_NON_MARGINABLE_BUYING_POWER] = ACCOUNT(
        "non_marginable_buying_power", non_marginable_buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_OPTIONS_BUYING_POWER] =
        ACCOUNT("options_buying_power", options_buying_power.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_CASH] = ACCOUNT("cash", cash.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_ACCRUED_FEES] =
        ACCOUNT("accrued_fees", accrued_fees.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_PENDING_TRANSFER_IN] =
        ACCOUNT("pending_transfer_in", pending_transfer_in.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_PENDING_TRANSFER_OUT] =
        ACCOUNT("pending_transfer_out", pending_transfer_out.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_PORTFOLIO_VALUE] =
        ACCOUNT("portfolio_value", portfolio_value.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_PATTERN_DAY_TRADER] =
        ACCOUNT("pattern_day_trader", pattern_day_trader, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_TRADING_BLOCKED] =
        ACCOUNT("trading_blocked", trading_blocked, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_TRANSFERS_BLOCKED] =
        ACCOUNT("transfers_blocked", transfers_blocked, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_BLOCKED] =
        ACCOUNT("account_blocked", account_blocked, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_CREATED_AT] = ACCOUNT("created_at", created_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ACCOUNT_TRADE_SUSPENDED_BY_USER] =
        ACCOUNT("trade_suspended_by_user", trade_suspended_by_user, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_MULTIPLIER] =
        ACCOUNT("multiplier", multiplier_nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_SHORTING_ENABLED] =
        ACCOUNT("shorting_enabled", shorting_enabled, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_EQUITY] = ACCOUNT("equity", equity.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_LAST_EQUITY] =
        ACCOUNT("last_equity", last_equity.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_LONG_MARKET_VALUE] =
        ACCOUNT("long_market_value", long_market_value.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_SHORT_MARKET_VALUE] =
        ACCOUNT("short_market_value", short_market_value.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_POSITION_MARKET_VALUE] =
        ACCOUNT("position_market_value", position_market_value.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_INITIAL_MARGIN] =
        ACCOUNT("initial_margin", initial_margin.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_MAINTENANCE_MARGIN] =
        ACCOUNT("maintenance_margin", maintenance_margin.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_LAST_MAINTENANCE_MARGIN] =
        ACCOUNT("last_maintenance_margin", last_maintenance_margin.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_SMA] = ACCOUNT("sma", sma.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_DAYTRADE_COUNT] =
        ACCOUNT("daytrade_count", daytrade_count, WORD_INTEGER, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_BALANCE_ASOF] = ACCOUNT("balance_asof", balance_asof, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_CRYPTO_TIER] = ACCOUNT("crypto_tier", crypto_tier, WORD_INTEGER, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_INTRADAY_ADJUSTMENTS] =
        ACCOUNT("intraday_adjustments", intraday_adjustments.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_PENDING_REG_TAF_FEES] =
        ACCOUNT("pending_reg_taf_fees", pending_reg_taf_fees.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ACCOUNT_CASH_WITHDRAWABLE] =
        ACCOUNT("cash_withdrawable", cash_withdrawable.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_CASH_TRANSFERABLE] =
        ACCOUNT("cash_transferable", cash_transferable.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ACCOUNT_BOD_DTBP] = ACCOUNT("bod_dtbp", bod_dtbp.nano, WORD_DECIMAL, WORD_OMIT),
};
static const word_table account_table = {account_fields, TW_ALPACA_ACCOUNT_FIELD_COUNT};

static tw_status on_account(void *context, tw_json_value *root) {
    tw_alpaca_account *account = context;
    return tw_word_decode_all(&account_table, root, account, &account->present);
}

tw_status tw_alpaca_decode_account(tw_alpaca_reader *reader, tw_slice json,
                                   tw_alpaca_account *ret_account, tw_error *error) {
    tw_alpaca_account account;
    memset(&account, 0, sizeof account);
    tw_status status = tw_json_read(reader->json, json, on_account, &account, error);
    if (status == TW_OK)
        *ret_account = account;
    return status;
}

void tw_alpaca_encode_account(tw_text *text, const tw_alpaca_account *account) {
    tw_word_encode_all(&account_table, account, account->present, text);
}

/* ---- clock ---- */

/* The offset from UTC that a time was written with, in seconds; 0 for "Z" and for no offset. */
static int32_t offset_of(tw_slice text) {
    if (text.size < 6)
        return 0;
    const char *tail = text.data + text.size - 6;
    if ((tail[0] != '+' && tail[0] != '-') || tail[3] != ':')
        return 0;
    int32_t hours = (tail[1] - '0') * 10 + (tail[2] - '0');
    int32_t minutes = (tail[4] - '0') * 10 + (tail[5] - '0');
    int32_t seconds = hours * 3600 + minutes * 60;
    return tail[0] == '-' ? -seconds : seconds;
}

static tw_status decode_clock_time(tw_json_value *value, const char *name, int64_t *ret_time_ns,
                                   int32_t *ret_offset) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (tw_time_parse(text, ret_time_ns) != TW_OK)
        return tw_json_fail(value, TW_PARSE, "field \"%s\" is not a time of RFC 3339", name);
    *ret_offset = offset_of(text);
    return TW_OK;
}

static tw_status on_clock_field(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_clock *clock = context;
    tw_slice text;
    tw_status status = TW_OK;
    tw_alpaca_clock_field field = TW_ALPACA_CLOCK_FIELD_COUNT;
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    if (tw_slice_equal_string(key, "timestamp")) {
        field = TW_ALPACA_CLOCK_TIMESTAMP;
        status =
            decode_clock_time(value, "timestamp", &clock->timestamp_ns, &clock->timestamp_offset);
    } else if (tw_slice_equal_string(key, "next_open")) {
        field = TW_ALPACA_CLOCK_NEXT_OPEN;
        status =
            decode_clock_time(value, "next_open", &clock->next_open_ns, &clock->next_open_offset);
    } else if (tw_slice_equal_string(key, "next_close")) {
        field = TW_ALPACA_CLOCK_NEXT_CLOSE;
        status = decode_clock_time(value, "next_close", &clock->next_close_ns,
                                   &clock->next_close_offset);
    } else if (tw_slice_equal_string(key, "is_open")) {
        field = TW_ALPACA_CLOCK_IS_OPEN;
        status = tw_json_scalar(value, &text);
        if (status == TW_OK)
            clock->is_open = tw_slice_equal_string(text, "true");
    }
    if (status == TW_OK && field != TW_ALPACA_CLOCK_FIELD_COUNT)
        clock->present |= TW_ALPACA_BIT(field);
    return status;
}

static tw_status on_clock(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_clock_field, context);
}

tw_status tw_alpaca_decode_clock(tw_alpaca_reader *reader, tw_slice json,
                                 tw_alpaca_clock *ret_clock, tw_error *error) {
    tw_alpaca_clock clock;
    memset(&clock, 0, sizeof clock);
    tw_status status = tw_json_read(reader->json, json, on_clock, &clock, error);
    if (status == TW_OK)
        *ret_clock = clock;
    return status;
}

static void put_clock_time(tw_text *text, const char *key, int64_t time_ns, int32_t offset) {
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = offset == 0 ? tw_time_format(time_ns, -1, buffer)
                              : tw_time_format_offset(time_ns, offset, -1, buffer);
    tw_text_append_string(text, key);
    tw_text_append(text, (tw_slice){buffer, size});
    tw_text_append_char(text, '"');
}

void tw_alpaca_encode_clock(tw_text *text, const tw_alpaca_clock *clock) {
    put_clock_time(text, "{\"timestamp\":\"", clock->timestamp_ns, clock->timestamp_offset);
    tw_text_append_string(text, clock->is_open ? ",\"is_open\":true" : ",\"is_open\":false");
    put_clock_time(text, ",\"next_open\":\"", clock->next_open_ns, clock->next_open_offset);
    put_clock_time(text, ",\"next_close\":\"", clock->next_close_ns, clock->next_close_offset);
    tw_text_append_char(text, '}');
}

/* ---- the simulated exchange's clock ---- */

static tw_status take_count(tw_json_value *value, tw_slice key, uint64_t *ret_count) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK && tw_parse_u64(text, ret_count) != TW_OK)
        return tw_json_fail(value, TW_PARSE, "field \"%.*s\" is not a count", (int)key.size,
                            key.data);
    return status;
}

static tw_status on_sim_clock_field(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_sim_clock *clock = context;
    tw_slice text;
    tw_status status = TW_OK;
    uint64_t now_ns = 0;
    if (tw_slice_equal_string(key, "now_ns")) {
        status = take_count(value, key, &now_ns);
        clock->now_ns = (int64_t)(now_ns & INT64_MAX);
    } else if (tw_slice_equal_string(key, "data_messages")) {
        clock->present |= 1;
        status = take_count(value, key, &clock->data_messages);
    } else if (tw_slice_equal_string(key, "trading_messages")) {
        clock->present |= 2;
        status = take_count(value, key, &clock->trading_messages);
    } else if (tw_slice_equal_string(key, "tape_ended")) {
        status = tw_json_scalar(value, &text);
        clock->tape_ended = status == TW_OK && tw_slice_equal_string(text, "true");
    }
    return status;
}

static tw_status on_sim_clock(void *context, tw_json_value *root) {
    const tw_alpaca_sim_clock *clock = context;
    tw_status status = tw_json_each_field(root, on_sim_clock_field, context);
    if (status == TW_OK && (clock->now_ns == 0 || clock->present != 3))
        return tw_json_fail(root, TW_PARSE, "now_ns, data_messages or trading_messages is missing");
    return status;
}

tw_status tw_alpaca_decode_sim_clock(tw_alpaca_reader *reader, tw_slice json,
                                     tw_alpaca_sim_clock *ret_clock, tw_error *error) {
    tw_alpaca_sim_clock clock;
    memset(&clock, 0, sizeof clock);
    tw_status status = tw_json_read(reader->json, json, on_sim_clock, &clock, error);
    if (status == TW_OK)
        *ret_clock = clock;
    return status;
}

/* ---- lists ---- */

/* An array of objects, or one object: `on_object` for each. */
static tw_status each_object(tw_json_value *root, tw_json_on_value on_object, void *context) {
    if (tw_json_kind_of(root) == TW_JSON_ARRAY)
        return tw_json_each_item(root, on_object, context);
    return on_object(context, root);
}

/* ---- asset ---- */

#define ASSET(key, member, form, absent) WORD_ROW(tw_alpaca_asset, key, member, form, absent)

static const word_field asset_fields[TW_ALPACA_ASSET_FIELD_COUNT] = {
    [TW_ALPACA_ASSET_ID] = ASSET("id", id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_CLASS] = ASSET("class", asset_class, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_CLASS_ALIAS] = ASSET("asset_class", asset_class, WORD_TEXT, WORD_ALIAS),
    [TW_ALPACA_ASSET_EXCHANGE] = ASSET("exchange", exchange, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_SYMBOL] = ASSET("symbol", symbol, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_NAME] = ASSET("name", name, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_STATUS] = ASSET("status", status, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ASSET_TRADABLE] = ASSET("tradable", tradable, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ASSET_MARGINABLE] = ASSET("marginable", marginable, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ASSET_MAINTENANCE_MARGIN_REQUIREMENT] =
        ASSET("maintenance_margin_requirement", maintenance_margin_nano, WORD_NUMBER, WORD_OMIT),
    [TW_ALPACA_ASSET_SHORTABLE] = ASSET("shortable", shortable, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ASSET_EASY_TO_BORROW] =
        ASSET("easy_to_borrow", easy_to_borrow, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ASSET_FRACTIONABLE] = ASSET("fractionable", fractionable, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ASSET_MIN_ORDER_SIZE] =
        ASSET("min_order_size", min_order_size.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ASSET_MIN_TRADE_INCREMENT] =
        ASSET("min_trade_increment", min_trade_increment.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ASSET_PRICE_INCREMENT] =
        ASSET("price_increment", price_increment.nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ASSET_CUSIP] = ASSET("cusip", cusip, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ASSET_BORROW_STATUS] = ASSET("borrow_status", borrow_status, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ASSET_MARGIN_REQUIREMENT_LONG] =
        ASSET("margin_requirement_long", margin_requirement_long_nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ASSET_MARGIN_REQUIREMENT_SHORT] =
        ASSET("margin_requirement_short", margin_requirement_short_nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_ASSET_LAST_PRICE] = ASSET("last_price", last_price, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ASSET_LAST_CLOSE_PERCENT_CHANGE] =
        ASSET("last_close_pct_change", last_close_percent_change, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ASSET_ATTRIBUTES] = ASSET("attributes", attributes, WORD_LIST, WORD_OMIT),
};
static const word_table asset_table = {asset_fields, TW_ALPACA_ASSET_FIELD_COUNT};

tw_status tw_alpaca_read_asset(tw_json_value *value, tw_alpaca_asset *ret_asset) {
    memset(ret_asset, 0, sizeof *ret_asset);
    return tw_word_decode_all(&asset_table, value, ret_asset, &ret_asset->present);
}

typedef struct assets_context {
    tw_alpaca_on_asset on_asset;
    void *context;
} assets_context;

static tw_status on_asset_object(void *context, tw_json_value *value) {
    const assets_context *c = context;
    tw_alpaca_asset asset;
    tw_status status = tw_alpaca_read_asset(value, &asset);
    if (status == TW_OK)
        c->on_asset(c->context, &asset);
    return status;
}

static tw_status on_assets(void *context, tw_json_value *root) {
    return each_object(root, on_asset_object, context);
}

tw_status tw_alpaca_decode_assets(tw_alpaca_reader *reader, tw_slice json,
                                  tw_alpaca_on_asset on_asset, void *context, tw_error *error) {
    assets_context c = {on_asset, context};
    return tw_json_read(reader->json, json, on_assets, &c, error);
}

void tw_alpaca_encode_asset(tw_text *text, const tw_alpaca_asset *asset) {
    tw_word_encode_all(&asset_table, asset, asset->present, text);
}

/* ---- position ---- */

#define POSITION(key, member, form, absent) WORD_ROW(tw_alpaca_position, key, member, form, absent)

static const word_field position_fields[TW_ALPACA_POSITION_FIELD_COUNT] = {
    [TW_ALPACA_POSITION_ASSET_ID] = POSITION("asset_id", asset_id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_POSITION_SYMBOL] = POSITION("symbol", symbol, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_POSITION_EXCHANGE] = POSITION("exchange", exchange, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_POSITION_ASSET_CLASS] = POSITION("asset_class", asset_class, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_POSITION_ASSET_MARGINABLE] =
        POSITION("asset_marginable", asset_marginable, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_POSITION_QTY] = POSITION("qty", position.quantity.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_AVG_ENTRY_PRICE] =
        POSITION("avg_entry_price", position.average_price.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_SIDE] = POSITION("side", side, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_POSITION_MARKET_VALUE] =
        POSITION("market_value", market_value.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_COST_BASIS] =
        POSITION("cost_basis", cost_basis.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_UNREALIZED_PL] =
        POSITION("unrealized_pl", unrealized_pl.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_UNREALIZED_PLPC] =
        POSITION("unrealized_plpc", unrealized_plpc_nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_UNREALIZED_INTRADAY_PL] =
        POSITION("unrealized_intraday_pl", unrealized_intraday_pl.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_UNREALIZED_INTRADAY_PLPC] = POSITION(
        "unrealized_intraday_plpc", unrealized_intraday_plpc_nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_CURRENT_PRICE] =
        POSITION("current_price", position.current_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_POSITION_LASTDAY_PRICE] =
        POSITION("lastday_price", lastday_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_POSITION_CHANGE_TODAY] =
        POSITION("change_today", change_today_nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_QTY_AVAILABLE] =
        POSITION("qty_available", available.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_POSITION_SWAP_RATE] = POSITION("swap_rate", swap_rate_nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_POSITION_AVG_ENTRY_SWAP_RATE] =
        POSITION("avg_entry_swap_rate", avg_entry_swap_rate_nano, WORD_DECIMAL, WORD_OMIT),
    [TW_ALPACA_POSITION_USD] = WORD_CUSTOM_ROW("usd", WORD_OMIT),
};
static const word_table position_table = {position_fields, TW_ALPACA_POSITION_FIELD_COUNT};

#define USD(key, member) WORD_ROW(tw_alpaca_usd, key, member, WORD_DECIMAL, WORD_OMIT)

static const word_field usd_fields[TW_ALPACA_USD_FIELD_COUNT] = {
    [TW_ALPACA_USD_AVG_ENTRY_PRICE] = USD("avg_entry_price", average_price.nano),
    [TW_ALPACA_USD_MARKET_VALUE] = USD("market_value", market_value.nano),
    [TW_ALPACA_USD_COST_BASIS] = USD("cost_basis", cost_basis.nano),
    [TW_ALPACA_USD_UNREALIZED_PL] = USD("unrealized_pl", unrealized_pl.nano),
    [TW_ALPACA_USD_UNREALIZED_PLPC] = USD("unrealized_plpc", unrealized_plpc_nano),
    [TW_ALPACA_USD_UNREALIZED_INTRADAY_PL] =
        USD("unrealized_intraday_pl", unrealized_intraday_pl.nano),
    [TW_ALPACA_USD_UNREALIZED_INTRADAY_PLPC] =
        USD("unrealized_intraday_plpc", unrealized_intraday_plpc_nano),
    [TW_ALPACA_USD_CURRENT_PRICE] = USD("current_price", current_price.nano),
    [TW_ALPACA_USD_LASTDAY_PRICE] = USD("lastday_price", lastday_price.nano),
    [TW_ALPACA_USD_CHANGE_TODAY] = USD("change_today", change_today_nano),
};
static const word_table usd_table = {usd_fields, TW_ALPACA_USD_FIELD_COUNT};

typedef struct position_context {
    tw_alpaca_reader *reader;
    tw_alpaca_position position;
    uint32_t hint;
    tw_alpaca_on_position on_position;
    void *context;
} position_context;

static tw_status on_position_field(void *context, tw_slice key, tw_json_value *value) {
    position_context *c = context;
    uint32_t row = tw_word_find(&position_table, key, &c->hint);
    if (row == position_table.count)
        return TW_OK;
    if (row == TW_ALPACA_POSITION_USD) {
        if (tw_json_kind_of(value) != TW_JSON_OBJECT)
            return TW_OK;
        tw_alpaca_usd *usd = &c->position.usd;
        c->position.present |= TW_ALPACA_BIT(TW_ALPACA_POSITION_USD);
        return tw_word_decode_all(&usd_table, value, usd, &usd->present);
    }
    return tw_word_decode(&position_table, row, value, &c->position, &c->position.present);
}

static tw_status on_position_object(void *context, tw_json_value *value) {
    position_context *c = context;
    tw_alpaca_position *position = &c->position;
    memset(position, 0, sizeof *position);
    c->hint = 0;
    tw_status status = tw_json_each_field(value, on_position_field, c);
    if (status != TW_OK)
        return status;
    if (strcmp(position->side, "short") == 0 && position->position.quantity.nano > 0)
        position->position.quantity.nano = -position->position.quantity.nano;
    position->position.symbol = TW_SYMBOL_NONE;
    if (c->reader->symbols != NULL &&
        (position->present & TW_ALPACA_BIT(TW_ALPACA_POSITION_SYMBOL)) != 0 &&
        tw_symbols_intern(c->reader->symbols, tw_slice_of(position->symbol),
                          &position->position.symbol) != TW_OK)
        position->position.symbol = TW_SYMBOL_NONE;
    c->on_position(c->context, position);
    return TW_OK;
}

static tw_status on_positions(void *context, tw_json_value *root) {
    return each_object(root, on_position_object, context);
}

tw_status tw_alpaca_decode_positions(tw_alpaca_reader *reader, tw_slice json,
                                     tw_alpaca_on_position on_position, void *context,
                                     tw_error *error) {
    position_context c;
    memset(&c, 0, sizeof c);
    c.reader = reader;
    c.on_position = on_position;
    c.context = context;
    return tw_json_read(reader->json, json, on_positions, &c, error);
}

void tw_alpaca_encode_position(tw_text *text, const tw_alpaca_position *position) {
    tw_alpaca_position copy = *position;
    if (copy.side[0] == '\0')
        (void)tw_word_copy(tw_slice_of(copy.position.quantity.nano < 0 ? "short" : "long"),
                           copy.side, sizeof copy.side);
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < TW_ALPACA_POSITION_USD; row++)
        tw_word_encode(&position_table, row, &copy, copy.present, text, &first);
    if ((copy.present & TW_ALPACA_BIT(TW_ALPACA_POSITION_USD)) != 0) {
        tw_word_key(text, "usd", &first);
        tw_word_encode_all(&usd_table, &copy.usd, copy.usd.present, text);
    }
    tw_text_append_char(text, '}');
}
