/*
 * alpaca_record_trading.c - tables of the trading interface's words beside orders: settings,
 * activities, calendar, watchlists, announcements, answers about many; and portfolio history.
 *
 * The order of rows is the order in which Alpaca writes the keys.
 */
#include <string.h>

#include "alpaca_record.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

/* ---- configuration ---- */

#define CONFIGURATION(key, member, form) \
    WORD_ROW(tw_alpaca_configuration, key, member, form, WORD_OMIT)

static const word_field configuration_fields[TW_ALPACA_CONFIGURATION_FIELD_COUNT] = {
    [TW_ALPACA_CONFIGURATION_DTBP_CHECK] = CONFIGURATION("dtbp_check", dtbp_check, WORD_SLICE),
    [TW_ALPACA_CONFIGURATION_TRADE_CONFIRM_EMAIL] =
        CONFIGURATION("trade_confirm_email", trade_confirm_email, WORD_SLICE),
    [TW_ALPACA_CONFIGURATION_SUSPEND_TRADE] =
        CONFIGURATION("suspend_trade", suspend_trade, WORD_BOOLEAN),
    [TW_ALPACA_CONFIGURATION_NO_SHORTING] = CONFIGURATION("no_shorting", no_shorting, WORD_BOOLEAN),
    [TW_ALPACA_CONFIGURATION_FRACTIONAL_TRADING] =
        CONFIGURATION("fractional_trading", fractional_trading, WORD_BOOLEAN),
    [TW_ALPACA_CONFIGURATION_MAX_MARGIN_MULTIPLIER] =
        CONFIGURATION("max_margin_multiplier", max_margin_multiplier_nano, WORD_DECIMAL),
    [TW_ALPACA_CONFIGURATION_MAX_OPTIONS_TRADING_LEVEL] =
        CONFIGURATION("max_options_trading_level", max_options_trading_level, WORD_INTEGER),
    [TW_ALPACA_CONFIGURATION_PDT_CHECK] = CONFIGURATION("pdt_check", pdt_check, WORD_SLICE),
    [TW_ALPACA_CONFIGURATION_PTP_NO_EXCEPTION_ENTRY] =
        CONFIGURATION("ptp_no_exception_entry", ptp_no_exception_entry, WORD_BOOLEAN),
    [TW_ALPACA_CONFIGURATION_DISABLE_OVERNIGHT_TRADING] =
        CONFIGURATION("disable_overnight_trading", disable_overnight_trading, WORD_BOOLEAN),
};
const record_word tw_word_configuration = {
    .table = RECORD_ROWS(configuration_fields),
    .present = offsetof(tw_alpaca_configuration, present),
    .symbol = RECORD_NO_ROW,
};

/* ---- activity ---- */

#define ACTIVITY(key, member, form) WORD_ROW(tw_alpaca_activity, key, member, form, WORD_OMIT)

static const word_field activity_fields[TW_ALPACA_ACTIVITY_FIELD_COUNT] = {
    [TW_ALPACA_ACTIVITY_ID] = ACTIVITY("id", id, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_ACTIVITY_TYPE] = ACTIVITY("activity_type", activity_type, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_ACTIVITY_SUB_TYPE] =
        ACTIVITY("activity_sub_type", activity_sub_type, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_TYPE] = ACTIVITY("type", type, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_TRANSACTION_TIME] = ACTIVITY("transaction_time", transaction_ns, WORD_TIME),
    [TW_ALPACA_ACTIVITY_DATE] = ACTIVITY("date", date, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_SETTLE_DATE] = ACTIVITY("settle_date", settle_date, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_CREATED_AT] = ACTIVITY("created_at", created_ns, WORD_TIME),
    [TW_ALPACA_ACTIVITY_SYMBOL] = ACTIVITY("symbol", symbol, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_CUSIP] = ACTIVITY("cusip", cusip, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_SIDE] = ACTIVITY("side", side, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_PRICE] = ACTIVITY("price", price.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_QTY] = ACTIVITY("qty", quantity.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_CUM_QTY] = ACTIVITY("cum_qty", cumulative_quantity.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_LEAVES_QTY] = ACTIVITY("leaves_qty", leaves_quantity.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_ORDER_ID] = ACTIVITY("order_id", order_id, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_ORDER_STATUS] = ACTIVITY("order_status", order_status, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_NET_AMOUNT] = ACTIVITY("net_amount", net_amount.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_GROSS_AMOUNT] = ACTIVITY("gross_amount", gross_amount.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_PER_SHARE_AMOUNT] =
        ACTIVITY("per_share_amount", per_share_amount.nano, WORD_DECIMAL),
    [TW_ALPACA_ACTIVITY_CURRENCY] = ACTIVITY("currency", currency, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_STATUS] = ACTIVITY("status", status, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_DESCRIPTION] = ACTIVITY("description", description, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_GROUP_ID] = ACTIVITY("group_id", group_id, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_EXECUTION_ID] = ACTIVITY("execution_id", execution_id, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_PREVIOUS_ID] = ACTIVITY("previous_id", previous_id, WORD_SLICE),
    [TW_ALPACA_ACTIVITY_SWAP_RATE] = ACTIVITY("swap_rate", swap_rate_nano, WORD_DECIMAL),
};
const record_word tw_word_activity = {
    .table = RECORD_ROWS(activity_fields),
    .present = offsetof(tw_alpaca_activity, present),
    .symbol = TW_ALPACA_ACTIVITY_SYMBOL,
};

/* ---- calendar ---- */

#define DAY(key, member) WORD_ROW(tw_alpaca_calendar_day, key, member, WORD_SLICE, WORD_OMIT)

static const word_field day_fields[TW_ALPACA_CALENDAR_DAY_FIELD_COUNT] = {
    [TW_ALPACA_CALENDAR_DAY_DATE] = DAY("date", date),
    [TW_ALPACA_CALENDAR_DAY_OPEN] = DAY("open", open),
    [TW_ALPACA_CALENDAR_DAY_CLOSE] = DAY("close", close),
    [TW_ALPACA_CALENDAR_DAY_SESSION_OPEN] = DAY("session_open", session_open),
    [TW_ALPACA_CALENDAR_DAY_SESSION_CLOSE] = DAY("session_close", session_close),
    [TW_ALPACA_CALENDAR_DAY_SETTLEMENT_DATE] = DAY("settlement_date", settlement_date),
};
const record_word tw_word_calendar_day = {
    .table = RECORD_ROWS(day_fields),
    .present = offsetof(tw_alpaca_calendar_day, present),
    .symbol = RECORD_NO_ROW,
};

/* ---- watchlist ---- */

#define WATCHLIST(key, member, form) WORD_ROW(tw_alpaca_watchlist, key, member, form, WORD_OMIT)

static const word_field watchlist_fields[TW_ALPACA_WATCHLIST_FIELD_COUNT] = {
    [TW_ALPACA_WATCHLIST_ID] = WATCHLIST("id", id, WORD_SLICE),
    [TW_ALPACA_WATCHLIST_ACCOUNT_ID] = WATCHLIST("account_id", account_id, WORD_SLICE),
    [TW_ALPACA_WATCHLIST_CREATED_AT] = WATCHLIST("created_at", created_ns, WORD_TIME),
    [TW_ALPACA_WATCHLIST_UPDATED_AT] = WATCHLIST("updated_at", updated_ns, WORD_TIME),
    [TW_ALPACA_WATCHLIST_NAME] = WATCHLIST("name", name, WORD_SLICE),
    [TW_ALPACA_WATCHLIST_ASSETS] = WORD_CUSTOM_ROW("assets", WORD_OMIT),
};

/* An asset is handed out as it comes, so a list of any length needs no room. */
static tw_status on_watched(void *context, tw_json_value *value) {
    record_reading *r = context;
    tw_alpaca_asset asset;
    tw_status status = tw_alpaca_read_asset(value, &asset);
    if (status != TW_OK)
        return status;
    r->room.watchlist.asset_count++;
    tw_alpaca_record record = {
        TW_ALPACA_RECORD_ASSET, TW_SYMBOL_NONE, {"assets", sizeof "assets" - 1}, {.asset = &asset}};
    if (r->sink->on_record != NULL)
        r->sink->on_record(r->sink->context, &record);
    return TW_OK;
}

static tw_status read_watchlist(record_reading *r, uint32_t row, tw_json_value *value) {
    TW_ASSERT(row == TW_ALPACA_WATCHLIST_ASSETS);
    return tw_json_kind_of(value) == TW_JSON_ARRAY ? tw_json_each_item(value, on_watched, r)
                                                   : TW_OK;
}

const record_word tw_word_watchlist = {
    .table = RECORD_ROWS(watchlist_fields),
    .present = offsetof(tw_alpaca_watchlist, present),
    .symbol = RECORD_NO_ROW,
    .read = read_watchlist,
};

void tw_alpaca_encode_watchlist(tw_text *text, const tw_alpaca_watchlist *watchlist,
                                const tw_alpaca_asset *assets, size_t asset_count) {
    TW_ASSERT(asset_count == 0 || assets != NULL);
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < TW_ALPACA_WATCHLIST_ASSETS; row++)
        tw_word_encode(&tw_word_watchlist.table, row, watchlist, watchlist->present, text, &first);
    tw_word_key(text, "assets", &first);
    tw_text_append_char(text, '[');
    for (size_t i = 0; i < asset_count; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        tw_alpaca_encode_asset(text, &assets[i]);
    }
    tw_text_append_string(text, "]}");
}

/* ---- entries of answers about many ---- */

#define ENTRY(key, member, form) WORD_ROW(tw_alpaca_entry, key, member, form, WORD_OMIT)

static const word_field entry_fields[TW_ALPACA_ENTRY_FIELD_COUNT] = {
    [TW_ALPACA_ENTRY_ID] = ENTRY("id", id, WORD_SLICE),
    [TW_ALPACA_ENTRY_SYMBOL] = ENTRY("symbol", symbol, WORD_SLICE),
    [TW_ALPACA_ENTRY_STATUS] = ENTRY("status", http_status, WORD_INTEGER),
    [TW_ALPACA_ENTRY_BODY] = WORD_CUSTOM_ROW("body", WORD_OMIT),
};

static tw_status read_entry(record_reading *r, uint32_t row, tw_json_value *value) {
    TW_ASSERT(row == TW_ALPACA_ENTRY_BODY);
    tw_alpaca_entry *entry = &r->room.entry;
    if (tw_json_kind_of(value) != TW_JSON_OBJECT) {
        entry->present &= ~TW_ALPACA_BIT(TW_ALPACA_ENTRY_BODY);
        return TW_OK;
    }
    return tw_alpaca_read_body(r->reader, value, &entry->order, &entry->problem);
}

/* Which of the two the body was. An order has an id; what is no order says what went wrong. */
static void complete_entry(void *record) {
    tw_alpaca_entry *entry = record;
    if ((entry->present & TW_ALPACA_BIT(TW_ALPACA_ENTRY_BODY)) == 0)
        return;
    entry->has_order = entry->order.order.venue_order_id[0] != '\0';
    entry->has_problem =
        !entry->has_order && (entry->problem.code != 0 || entry->problem.code_word[0] != '\0' ||
                              entry->problem.message[0] != '\0');
    entry->problem.http_status = (int)entry->http_status;
}

static void write_entry(tw_text *text, uint32_t row, const void *record) {
    const tw_alpaca_entry *entry = record;
    TW_ASSERT(row == TW_ALPACA_ENTRY_BODY);
    if (entry->has_order)
        tw_alpaca_encode_order(text, &entry->order, NULL, 0);
    else
        tw_alpaca_encode_problem(text, &entry->problem);
}

const record_word tw_word_entry = {
    .table = RECORD_ROWS(entry_fields),
    .present = offsetof(tw_alpaca_entry, present),
    .symbol = TW_ALPACA_ENTRY_SYMBOL,
    .read = read_entry,
    .write = write_entry,
    .complete = complete_entry,
};

/* ---- announcements ---- */

#define ANNOUNCEMENT(key, member, form) \
    WORD_ROW(tw_alpaca_announcement, key, member, form, WORD_OMIT)

static const word_field announcement_fields[TW_ALPACA_ANNOUNCEMENT_FIELD_COUNT] = {
    [TW_ALPACA_ANNOUNCEMENT_ID] = ANNOUNCEMENT("id", id, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_CORPORATE_ACTION_ID] =
        ANNOUNCEMENT("corporate_action_id", corporate_action_id, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_CA_TYPE] = ANNOUNCEMENT("ca_type", ca_type, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_CA_SUB_TYPE] = ANNOUNCEMENT("ca_sub_type", ca_sub_type, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_INITIATING_SYMBOL] =
        ANNOUNCEMENT("initiating_symbol", initiating_symbol, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_INITIATING_ORIGINAL_CUSIP] =
        ANNOUNCEMENT("initiating_original_cusip", initiating_original_cusip, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_TARGET_SYMBOL] =
        ANNOUNCEMENT("target_symbol", target_symbol, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_TARGET_ORIGINAL_CUSIP] =
        ANNOUNCEMENT("target_original_cusip", target_original_cusip, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_DECLARATION_DATE] =
        ANNOUNCEMENT("declaration_date", declaration_date, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_EFFECTIVE_DATE] =
        ANNOUNCEMENT("effective_date", effective_date, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_EX_DATE] = ANNOUNCEMENT("ex_date", ex_date, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_RECORD_DATE] = ANNOUNCEMENT("record_date", record_date, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_PAYABLE_DATE] = ANNOUNCEMENT("payable_date", payable_date, WORD_SLICE),
    [TW_ALPACA_ANNOUNCEMENT_CASH] = ANNOUNCEMENT("cash", cash.nano, WORD_DECIMAL),
    [TW_ALPACA_ANNOUNCEMENT_OLD_RATE] = ANNOUNCEMENT("old_rate", old_rate_nano, WORD_DECIMAL),
    [TW_ALPACA_ANNOUNCEMENT_NEW_RATE] = ANNOUNCEMENT("new_rate", new_rate_nano, WORD_DECIMAL),
};
const record_word tw_word_announcement = {
    .table = RECORD_ROWS(announcement_fields),
    .present = offsetof(tw_alpaca_announcement, present),
    .symbol = TW_ALPACA_ANNOUNCEMENT_TARGET_SYMBOL,
};
