/*
 * alpaca_market_write.c - market data to bytes, as REST and as the stream write it.
 *
 * Prices and sizes are JSON numbers with their exact digits. A code that is not known (exchange,
 * tape, taker's side) is left out rather than invented. In the stream "T" is always first.
 */
#include "alpaca_word.h"
#include "json.h"
#include "tradewind/alpaca.h"

static void put_number(tw_text *text, const char *key, int64_t nano) {
    tw_text_append_string(text, key);
    tw_word_put_decimal(text, nano);
}

static void put_time(tw_text *text, const char *key, int64_t time_ns) {
    tw_text_append_string(text, key);
    tw_word_put_time(text, time_ns);
}

static void put_code(tw_text *text, const char *key, char code) {
    if (code == '\0')
        return;
    tw_text_append_string(text, key);
    tw_text_append_json(text, (tw_slice){&code, 1});
}

static void put_conditions(tw_text *text, const char conditions[5]) {
    tw_text_append_string(text, ",\"c\":[");
    for (int i = 0; i < 5 && conditions[i] != '\0'; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        tw_text_append_json(text, (tw_slice){&conditions[i], 1});
    }
    tw_text_append_char(text, ']');
}

/* {"T":"t","S":"AAPL" */
static void put_head(tw_text *text, char kind, tw_symbol symbol, const tw_symbols *symbols) {
    tw_text_append_string(text, "{\"T\":\"");
    tw_text_append_char(text, kind);
    tw_text_append_string(text, "\",\"S\":");
    tw_word_put_string(text, tw_symbols_name(symbols, symbol));
}

static void put_trade_body(tw_text *text, const tw_trade *trade) {
    put_code(text, ",\"x\":", trade->exchange);
    put_number(text, ",\"p\":", trade->price.nano);
    put_number(text, ",\"s\":", trade->quantity.nano);
    put_conditions(text, trade->conditions);
    tw_text_append_string(text, ",\"i\":");
    tw_text_append_u64(text, trade->id);
    put_code(text, ",\"z\":", trade->tape);
    if (trade->side != TW_SIDE_NONE)
        put_code(text, ",\"tks\":", trade->side == TW_SIDE_BUY ? 'B' : 'S');
    const char *mark = tw_alpaca_trade_mark_name((tw_trade_mark)trade->mark);
    if (mark[0] != '\0') {
        tw_text_append_string(text, ",\"u\":");
        tw_word_put_string(text, mark);
    }
}

static void put_quote_body(tw_text *text, const tw_quote *quote) {
    put_code(text, ",\"bx\":", quote->bid_exchange);
    put_number(text, ",\"bp\":", quote->bid_price.nano);
    put_number(text, ",\"bs\":", quote->bid_size.nano);
    put_code(text, ",\"ax\":", quote->ask_exchange);
    put_number(text, ",\"ap\":", quote->ask_price.nano);
    put_number(text, ",\"as\":", quote->ask_size.nano);
    put_conditions(text, quote->conditions);
    put_code(text, ",\"z\":", quote->tape);
}

static void put_bar_body(tw_text *text, const tw_bar *bar) {
    put_number(text, ",\"o\":", bar->open.nano);
    put_number(text, ",\"h\":", bar->high.nano);
    put_number(text, ",\"l\":", bar->low.nano);
    put_number(text, ",\"c\":", bar->close.nano);
    put_number(text, ",\"v\":", bar->volume.nano);
    tw_text_append_string(text, ",\"n\":");
    tw_text_append_u64(text, bar->count);
    put_number(text, ",\"vw\":", bar->vwap.nano);
}

/* ---- REST ---- */

void tw_alpaca_encode_trade(tw_text *text, const tw_trade *trade) {
    put_time(text, "{\"t\":", trade->time_ns);
    put_trade_body(text, trade);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_quote(tw_text *text, const tw_quote *quote) {
    put_time(text, "{\"t\":", quote->time_ns);
    put_quote_body(text, quote);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_bar(tw_text *text, const tw_bar *bar) {
    put_time(text, "{\"t\":", bar->time_ns);
    put_bar_body(text, bar);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_bars_page(tw_text *text, const tw_bar *bars, size_t count,
                                const tw_symbols *symbols, const char *next_page_token) {
    tw_text_append_string(text, "{\"bars\":{");
    for (size_t i = 0; i < count; i++) {
        bool begins = i == 0 || bars[i].symbol != bars[i - 1].symbol;
        if (i > 0)
            tw_text_append_string(text, begins ? "]," : ",");
        if (begins) {
            tw_word_put_string(text, tw_symbols_name(symbols, bars[i].symbol));
            tw_text_append_string(text, ":[");
        }
        tw_alpaca_encode_bar(text, &bars[i]);
    }
    tw_text_append_string(text, count > 0 ? "]},\"next_page_token\":" : "},\"next_page_token\":");
    if (next_page_token == NULL || next_page_token[0] == '\0')
        tw_text_append_string(text, "null}");
    else {
        tw_word_put_string(text, next_page_token);
        tw_text_append_char(text, '}');
    }
}

static void put_latest_key(tw_text *text, size_t index, tw_symbol symbol,
                           const tw_symbols *symbols) {
    if (index > 0)
        tw_text_append_char(text, ',');
    tw_word_put_string(text, tw_symbols_name(symbols, symbol));
    tw_text_append_char(text, ':');
}

void tw_alpaca_encode_latest_trades(tw_text *text, const tw_trade *trades, size_t count,
                                    const tw_symbols *symbols) {
    tw_text_append_string(text, "{\"trades\":{");
    for (size_t i = 0; i < count; i++) {
        put_latest_key(text, i, trades[i].symbol, symbols);
        tw_alpaca_encode_trade(text, &trades[i]);
    }
    tw_text_append_string(text, "}}");
}

void tw_alpaca_encode_latest_quotes(tw_text *text, const tw_quote *quotes, size_t count,
                                    const tw_symbols *symbols) {
    tw_text_append_string(text, "{\"quotes\":{");
    for (size_t i = 0; i < count; i++) {
        put_latest_key(text, i, quotes[i].symbol, symbols);
        tw_alpaca_encode_quote(text, &quotes[i]);
    }
    tw_text_append_string(text, "}}");
}

void tw_alpaca_encode_latest_bars(tw_text *text, const tw_bar *bars, size_t count,
                                  const tw_symbols *symbols) {
    tw_text_append_string(text, "{\"bars\":{");
    for (size_t i = 0; i < count; i++) {
        put_latest_key(text, i, bars[i].symbol, symbols);
        tw_alpaca_encode_bar(text, &bars[i]);
    }
    tw_text_append_string(text, "}}");
}

/* ---- stream ---- */

void tw_alpaca_encode_stream_trade(tw_text *text, const tw_trade *trade,
                                   const tw_symbols *symbols) {
    put_head(text, 't', trade->symbol, symbols);
    put_trade_body(text, trade);
    put_time(text, ",\"t\":", trade->time_ns);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_stream_quote(tw_text *text, const tw_quote *quote,
                                   const tw_symbols *symbols) {
    put_head(text, 'q', quote->symbol, symbols);
    put_quote_body(text, quote);
    put_time(text, ",\"t\":", quote->time_ns);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_stream_bar(tw_text *text, const tw_bar *bar, tw_alpaca_bar_kind kind,
                                 const tw_symbols *symbols) {
    put_head(text, (char)kind, bar->symbol, symbols);
    put_bar_body(text, bar);
    put_time(text, ",\"t\":", bar->time_ns);
    tw_text_append_char(text, '}');
}

static void put_levels(tw_text *text, const tw_level *levels, size_t count, uint8_t side) {
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (levels[i].side != side)
            continue;
        put_number(text, first ? "{\"p\":" : ",{\"p\":", levels[i].price.nano);
        put_number(text, ",\"s\":", levels[i].quantity.nano);
        tw_text_append_char(text, '}');
        first = false;
    }
}

void tw_alpaca_encode_stream_book(tw_text *text, const tw_level *levels, size_t count,
                                  const tw_symbols *symbols) {
    TW_ASSERT(count > 0);
    put_head(text, 'o', levels[0].symbol, symbols);
    put_time(text, ",\"t\":", levels[0].time_ns);
    tw_text_append_string(text, ",\"b\":[");
    put_levels(text, levels, count, TW_SIDE_BUY);
    tw_text_append_string(text, "],\"a\":[");
    put_levels(text, levels, count, TW_SIDE_SELL);
    tw_text_append_string(text, levels[0].clear != 0 ? "],\"r\":true}" : "]}");
}

void tw_alpaca_encode_stream_success(tw_text *text, const char *message) {
    tw_text_append_string(text, "[{\"T\":\"success\",\"msg\":");
    tw_word_put_string(text, message);
    tw_text_append_string(text, "}]");
}

void tw_alpaca_encode_stream_error(tw_text *text, int64_t code, const char *message) {
    tw_text_append_string(text, "[{\"T\":\"error\",\"code\":");
    tw_text_append_i64(text, code);
    tw_text_append_string(text, ",\"msg\":");
    tw_word_put_string(text, message);
    tw_text_append_string(text, "}]");
}

static void put_names(tw_text *text, const char *const *names, size_t count) {
    tw_text_append_char(text, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        tw_word_put_string(text, names[i]);
    }
    tw_text_append_char(text, ']');
}

void tw_alpaca_encode_stream_subscription(tw_text *text,
                                          const char *const *const names[TW_ALPACA_CHANNEL_COUNT],
                                          const uint32_t counts[TW_ALPACA_CHANNEL_COUNT]) {
    tw_text_append_string(text, "[{\"T\":\"subscription\"");
    bool first = false;
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++) {
        tw_word_key(text, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i)), &first);
        put_names(text, names[i], counts[i]);
    }
    tw_word_key(text, "corrections", &first);
    put_names(text, names[0], counts[0]);
    tw_word_key(text, "cancelErrors", &first);
    put_names(text, names[0], counts[0]);
    tw_text_append_string(text, "}]");
}

void tw_alpaca_encode_subscribe(tw_text *text, bool subscribe, uint16_t channels,
                                const char *const *names, size_t count) {
    tw_text_append_string(text,
                          subscribe ? "{\"action\":\"subscribe\"" : "{\"action\":\"unsubscribe\"");
    bool first = false;
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++) {
        if ((channels & 1u << i) == 0)
            continue;
        tw_word_key(text, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i)), &first);
        put_names(text, names, count);
    }
    tw_text_append_char(text, '}');
}

static void pack(tw_text *text, const char *string) {
    tw_msgpack_put_string(text, tw_slice_of(string));
}

void tw_alpaca_encode_auth_msgpack(tw_text *text, const char *key, const char *secret) {
    tw_msgpack_put_map(text, 3);
    pack(text, "action");
    pack(text, "auth");
    pack(text, "key");
    pack(text, key);
    pack(text, "secret");
    pack(text, secret);
}

void tw_alpaca_encode_subscribe_msgpack(tw_text *text, bool subscribe, uint16_t channels,
                                        const char *const *names, size_t count) {
    TW_ASSERT(count <= UINT32_MAX);
    tw_msgpack_put_map(text, 1 + (uint32_t)__builtin_popcount(channels & TW_ALPACA_CHANNEL_ALL));
    pack(text, "action");
    pack(text, subscribe ? "subscribe" : "unsubscribe");
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++) {
        if ((channels & 1u << i) == 0)
            continue;
        pack(text, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i)));
        tw_msgpack_put_array(text, (uint32_t)count);
        for (size_t n = 0; n < count; n++)
            pack(text, names[n]);
    }
}
