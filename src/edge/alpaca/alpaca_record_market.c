/*
 * alpaca_record_market.c - tables of market data's words beside trades, quotes and bars: corporate
 * actions, snapshots, auctions, the screener, news.
 *
 * Lists inside of a record (an article's symbols, an auction's prints) are kept up to a number with
 * a name and counted beyond it, so that no answer makes a record larger.
 */
#include <string.h>

#include "alpaca_record.h"
#include "tradewind/time.h"

/* ---- corporate actions ---- */

#define ACTION(key, member, form) WORD_ROW(tw_alpaca_corporate_action, key, member, form, WORD_OMIT)

static const word_field action_fields[TW_ALPACA_CORPORATE_ACTION_FIELD_COUNT] = {
    [TW_ALPACA_CORPORATE_ACTION_ID] = ACTION("id", id, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_SYMBOL] = ACTION("symbol", symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_CUSIP] = ACTION("cusip", cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_OLD_SYMBOL] = ACTION("old_symbol", old_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_OLD_CUSIP] = ACTION("old_cusip", old_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_NEW_SYMBOL] = ACTION("new_symbol", new_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_NEW_CUSIP] = ACTION("new_cusip", new_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ALTERNATE_SYMBOL] =
        ACTION("alternate_symbol", alternate_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ALTERNATE_CUSIP] =
        ACTION("alternate_cusip", alternate_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_SOURCE_SYMBOL] = ACTION("source_symbol", source_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_SOURCE_CUSIP] = ACTION("source_cusip", source_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIRER_SYMBOL] =
        ACTION("acquirer_symbol", acquirer_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIRER_CUSIP] =
        ACTION("acquirer_cusip", acquirer_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIREE_SYMBOL] =
        ACTION("acquiree_symbol", acquiree_symbol, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIREE_CUSIP] =
        ACTION("acquiree_cusip", acquiree_cusip, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_SUB_TYPE] = ACTION("sub_type", sub_type, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_CURRENCY] = ACTION("currency", currency, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_RATE] = ACTION("rate", rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_CASH_RATE] = ACTION("cash_rate", cash_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_OLD_RATE] = ACTION("old_rate", old_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_NEW_RATE] = ACTION("new_rate", new_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_ALTERNATE_RATE] =
        ACTION("alternate_rate", alternate_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_SOURCE_RATE] = ACTION("source_rate", source_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIRER_RATE] =
        ACTION("acquirer_rate", acquirer_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_ACQUIREE_RATE] =
        ACTION("acquiree_rate", acquiree_rate_nano, WORD_NUMBER),
    [TW_ALPACA_CORPORATE_ACTION_DECLARATION_DATE] =
        ACTION("declaration_date", declaration_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_PROCESS_DATE] = ACTION("process_date", process_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_EX_DATE] = ACTION("ex_date", ex_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_RECORD_DATE] = ACTION("record_date", record_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_PAYABLE_DATE] = ACTION("payable_date", payable_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_EFFECTIVE_DATE] =
        ACTION("effective_date", effective_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_EXPIRATION_DATE] =
        ACTION("expiration_date", expiration_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_DUE_BILL_ON_DATE] =
        ACTION("due_bill_on_date", due_bill_on_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_DUE_BILL_OFF_DATE] =
        ACTION("due_bill_off_date", due_bill_off_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_DUE_BILL_REDEMPTION_DATE] =
        ACTION("due_bill_redemption_date", due_bill_redemption_date, WORD_SLICE),
    [TW_ALPACA_CORPORATE_ACTION_SPECIAL] = ACTION("special", special, WORD_BOOLEAN),
    [TW_ALPACA_CORPORATE_ACTION_FOREIGN] = ACTION("foreign", foreign, WORD_BOOLEAN),
};
const record_word tw_word_corporate_action = {
    .table = RECORD_ROWS(action_fields),
    .present = offsetof(tw_alpaca_corporate_action, present),
    .symbol = TW_ALPACA_CORPORATE_ACTION_SYMBOL,
};

/* ---- snapshots ---- */

static const word_field snapshot_fields[TW_ALPACA_SNAPSHOT_FIELD_COUNT] = {
    [TW_ALPACA_SNAPSHOT_SYMBOL] =
        WORD_ROW(tw_alpaca_snapshot, "symbol", symbol, WORD_SLICE, WORD_OMIT),
    [TW_ALPACA_SNAPSHOT_LATEST_TRADE] = WORD_CUSTOM_ROW("latestTrade", WORD_OMIT),
    [TW_ALPACA_SNAPSHOT_LATEST_QUOTE] = WORD_CUSTOM_ROW("latestQuote", WORD_OMIT),
    [TW_ALPACA_SNAPSHOT_MINUTE_BAR] = WORD_CUSTOM_ROW("minuteBar", WORD_OMIT),
    [TW_ALPACA_SNAPSHOT_DAILY_BAR] = WORD_CUSTOM_ROW("dailyBar", WORD_OMIT),
    [TW_ALPACA_SNAPSHOT_PREVIOUS_DAILY_BAR] = WORD_CUSTOM_ROW("prevDailyBar", WORD_OMIT),
};

static tw_status read_snapshot(record_reading *r, uint32_t row, tw_json_value *value) {
    tw_alpaca_snapshot *snapshot = &r->room.snapshot;
    if (tw_json_kind_of(value) != TW_JSON_OBJECT) {
        snapshot->present &= ~TW_ALPACA_BIT(row);
        return TW_OK;
    }
    switch (row) {
    case TW_ALPACA_SNAPSHOT_LATEST_TRADE:
        return tw_alpaca_read_trade(r->reader, value, r->symbol, &snapshot->latest_trade);
    case TW_ALPACA_SNAPSHOT_LATEST_QUOTE:
        return tw_alpaca_read_quote(r->reader, value, r->symbol, &snapshot->latest_quote);
    case TW_ALPACA_SNAPSHOT_MINUTE_BAR:
        return tw_alpaca_read_bar(r->reader, value, r->symbol, TW_NS_PER_MINUTE,
                                  &snapshot->minute_bar);
    case TW_ALPACA_SNAPSHOT_DAILY_BAR:
        return tw_alpaca_read_bar(r->reader, value, r->symbol, TW_NS_PER_DAY, &snapshot->daily_bar);
    default:
        return tw_alpaca_read_bar(r->reader, value, r->symbol, TW_NS_PER_DAY,
                                  &snapshot->previous_daily_bar);
    }
}

static void write_snapshot(tw_text *text, uint32_t row, const void *record) {
    const tw_alpaca_snapshot *snapshot = record;
    if (row == TW_ALPACA_SNAPSHOT_LATEST_TRADE)
        tw_alpaca_encode_trade(text, &snapshot->latest_trade);
    else if (row == TW_ALPACA_SNAPSHOT_LATEST_QUOTE)
        tw_alpaca_encode_quote(text, &snapshot->latest_quote);
    else if (row == TW_ALPACA_SNAPSHOT_MINUTE_BAR)
        tw_alpaca_encode_bar(text, &snapshot->minute_bar);
    else if (row == TW_ALPACA_SNAPSHOT_DAILY_BAR)
        tw_alpaca_encode_bar(text, &snapshot->daily_bar);
    else
        tw_alpaca_encode_bar(text, &snapshot->previous_daily_bar);
}

const record_word tw_word_snapshot = {
    .table = RECORD_ROWS(snapshot_fields),
    .present = offsetof(tw_alpaca_snapshot, present),
    .symbol = TW_ALPACA_SNAPSHOT_SYMBOL,
    .read = read_snapshot,
    .write = write_snapshot,
};

/* ---- auctions ---- */

static const word_field auction_fields[TW_ALPACA_AUCTION_DAY_FIELD_COUNT] = {
    [TW_ALPACA_AUCTION_DAY_DATE] =
        WORD_ROW(tw_alpaca_auction_day, "d", date, WORD_SLICE, WORD_OMIT),
    [TW_ALPACA_AUCTION_DAY_OPENING] = WORD_CUSTOM_ROW("o", WORD_OMIT),
    [TW_ALPACA_AUCTION_DAY_CLOSING] = WORD_CUSTOM_ROW("c", WORD_OMIT),
};

typedef struct prints_context {
    record_reading *reading;
    tw_trade *prints;
    uint32_t count;
} prints_context;

static tw_status on_print(void *context, tw_json_value *value) {
    prints_context *c = context;
    uint32_t index = c->count++;
    if (index >= TW_ALPACA_PRINT_COUNT_MAX)
        return TW_OK;
    return tw_alpaca_read_trade(c->reading->reader, value, c->reading->symbol, &c->prints[index]);
}

static tw_status read_prints(record_reading *r, uint32_t row, tw_json_value *value) {
    tw_alpaca_auction_day *day = &r->room.auction_day;
    bool opening = row == TW_ALPACA_AUCTION_DAY_OPENING;
    if (tw_json_kind_of(value) != TW_JSON_ARRAY)
        return TW_OK;
    prints_context c = {r, opening ? day->opening : day->closing, 0};
    tw_status status = tw_json_each_item(value, on_print, &c);
    *(opening ? &day->opening_count : &day->closing_count) = c.count;
    return status;
}

/* A print has no id, and its condition is one string. */
static void write_print(tw_text *text, const tw_trade *print) {
    tw_text_append_string(text, "{\"t\":");
    tw_word_put_time(text, print->time_ns);
    tw_text_append_string(text, ",\"x\":");
    tw_text_append_json(text, (tw_slice){&print->exchange, print->exchange != '\0'});
    tw_text_append_string(text, ",\"p\":");
    tw_word_put_decimal(text, print->price.nano);
    if (print->quantity.nano != 0) {
        tw_text_append_string(text, ",\"s\":");
        tw_word_put_decimal(text, print->quantity.nano);
    }
    tw_text_append_string(text, ",\"c\":");
    tw_text_append_json(text, (tw_slice){print->conditions, print->conditions[0] != '\0'});
    tw_text_append_char(text, '}');
}

static void write_prints(tw_text *text, uint32_t row, const void *record) {
    const tw_alpaca_auction_day *day = record;
    bool opening = row == TW_ALPACA_AUCTION_DAY_OPENING;
    const tw_trade *prints = opening ? day->opening : day->closing;
    uint32_t count = opening ? day->opening_count : day->closing_count;
    tw_text_append_char(text, '[');
    for (uint32_t i = 0; i < count && i < TW_ALPACA_PRINT_COUNT_MAX; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        write_print(text, &prints[i]);
    }
    tw_text_append_char(text, ']');
}

const record_word tw_word_auction_day = {
    .table = RECORD_ROWS(auction_fields),
    .present = offsetof(tw_alpaca_auction_day, present),
    .symbol = RECORD_NO_ROW,
    .read = read_prints,
    .write = write_prints,
};

/* ---- screener ---- */

#define ACTIVE(key, member, form) WORD_ROW(tw_alpaca_active, key, member, form, WORD_OMIT)
#define MOVER(key, member, form) WORD_ROW(tw_alpaca_mover, key, member, form, WORD_OMIT)

static const word_field active_fields[TW_ALPACA_ACTIVE_FIELD_COUNT] = {
    [TW_ALPACA_ACTIVE_SYMBOL] = ACTIVE("symbol", symbol, WORD_SLICE),
    [TW_ALPACA_ACTIVE_TRADE_COUNT] = ACTIVE("trade_count", trade_count, WORD_INTEGER),
    [TW_ALPACA_ACTIVE_VOLUME] = ACTIVE("volume", volume.nano, WORD_NUMBER),
};
const record_word tw_word_active = {
    .table = RECORD_ROWS(active_fields),
    .present = offsetof(tw_alpaca_active, present),
    .symbol = TW_ALPACA_ACTIVE_SYMBOL,
};

static const word_field mover_fields[TW_ALPACA_MOVER_FIELD_COUNT] = {
    [TW_ALPACA_MOVER_SYMBOL] = MOVER("symbol", symbol, WORD_SLICE),
    [TW_ALPACA_MOVER_PRICE] = MOVER("price", price.nano, WORD_NUMBER),
    [TW_ALPACA_MOVER_CHANGE] = MOVER("change", change.nano, WORD_NUMBER),
    [TW_ALPACA_MOVER_PERCENT_CHANGE] = MOVER("percent_change", percent_change, WORD_REAL),
};
const record_word tw_word_mover = {
    .table = RECORD_ROWS(mover_fields),
    .present = offsetof(tw_alpaca_mover, present),
    .symbol = TW_ALPACA_MOVER_SYMBOL,
};

/* ---- news ---- */

#define ARTICLE(key, member, form) WORD_ROW(tw_alpaca_article, key, member, form, WORD_OMIT)

static const word_field article_fields[TW_ALPACA_ARTICLE_FIELD_COUNT] = {
    [TW_ALPACA_ARTICLE_ID] = ARTICLE("id", id, WORD_INTEGER),
    [TW_ALPACA_ARTICLE_HEADLINE] = ARTICLE("headline", headline, WORD_SLICE),
    [TW_ALPACA_ARTICLE_AUTHOR] = ARTICLE("author", author, WORD_SLICE),
    [TW_ALPACA_ARTICLE_CREATED_AT] = ARTICLE("created_at", created_ns, WORD_TIME),
    [TW_ALPACA_ARTICLE_UPDATED_AT] = ARTICLE("updated_at", updated_ns, WORD_TIME),
    [TW_ALPACA_ARTICLE_SUMMARY] = ARTICLE("summary", summary, WORD_SLICE),
    [TW_ALPACA_ARTICLE_CONTENT] = ARTICLE("content", content, WORD_SLICE),
    [TW_ALPACA_ARTICLE_URL] = ARTICLE("url", url, WORD_SLICE),
    [TW_ALPACA_ARTICLE_IMAGES] = WORD_CUSTOM_ROW("images", WORD_OMIT),
    [TW_ALPACA_ARTICLE_SYMBOLS] = WORD_CUSTOM_ROW("symbols", WORD_OMIT),
    [TW_ALPACA_ARTICLE_SOURCE] = ARTICLE("source", source, WORD_SLICE),
};

static tw_status on_article_symbol(void *context, tw_json_value *value) {
    tw_alpaca_article *article = context;
    uint32_t index = article->symbol_count++;
    if (index >= TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX)
        return TW_OK;
    return tw_json_scalar(value, &article->symbols[index]);
}

static tw_status on_image_field(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_article *article = context;
    uint32_t index = article->image_count - 1;
    if (tw_slice_equal_string(key, "size"))
        return tw_json_scalar(value, &article->images[index].size);
    if (tw_slice_equal_string(key, "url"))
        return tw_json_scalar(value, &article->images[index].url);
    return TW_OK;
}

static tw_status on_image(void *context, tw_json_value *value) {
    tw_alpaca_article *article = context;
    if (article->image_count++ >= TW_ALPACA_IMAGE_COUNT_MAX)
        return TW_OK;
    return tw_json_kind_of(value) == TW_JSON_OBJECT
               ? tw_json_each_field(value, on_image_field, article)
               : TW_OK;
}

static tw_status read_article(record_reading *r, uint32_t row, tw_json_value *value) {
    if (tw_json_kind_of(value) != TW_JSON_ARRAY)
        return TW_OK;
    return tw_json_each_item(value, row == TW_ALPACA_ARTICLE_IMAGES ? on_image : on_article_symbol,
                             &r->room.article);
}

static void write_article(tw_text *text, uint32_t row, const void *record) {
    const tw_alpaca_article *article = record;
    bool images = row == TW_ALPACA_ARTICLE_IMAGES;
    uint32_t count = images ? article->image_count : article->symbol_count;
    uint32_t count_max = images ? TW_ALPACA_IMAGE_COUNT_MAX : TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX;
    tw_text_append_char(text, '[');
    for (uint32_t i = 0; i < count && i < count_max; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        if (!images) {
            tw_text_append_json(text, article->symbols[i]);
            continue;
        }
        tw_text_append_string(text, "{\"size\":");
        tw_text_append_json(text, article->images[i].size);
        tw_text_append_string(text, ",\"url\":");
        tw_text_append_json(text, article->images[i].url);
        tw_text_append_char(text, '}');
    }
    tw_text_append_char(text, ']');
}

const record_word tw_word_article = {
    .table = RECORD_ROWS(article_fields),
    .present = offsetof(tw_alpaca_article, present),
    .type = "n",
    .symbol = RECORD_NO_ROW,
    .read = read_article,
    .write = write_article,
};
