/*
 * alpaca_market_write.c - market data to bytes, as REST and as the stream write it.
 *
 * Prices and sizes are JSON numbers with their exact digits. A code that is not known (exchange,
 * tape, taker's side) is left out rather than invented. In the stream "T" is always first. As the
 * venue has it, a quote's bid comes before its ask in the stream and behind it in REST.
 */
#include <string.h>

#include "alpaca_line.h"
#include "alpaca_word.h"
#include "json.h"
#include "tradewind/alpaca.h"

/* ---- bodies: pieces of a line ---- */

static char *put_code(char *out, const char *key, size_t key_size, char code) {
    if (code == '\0')
        return out;
    return tw_line_code(line_put(out, key, key_size), code);
}

#define NUMBER(out, key, nano) line_decimal(LINE_PUT(out, key), nano)
#define TIME(out, key, time_ns) tw_line_time(LINE_PUT(out, key), time_ns)
#define CODE(out, key, code) put_code(out, key, sizeof(key) - 1, code)

static char *put_conditions(char *out, const char conditions[5]) {
    out = LINE_PUT(out, ",\"c\":[");
    for (int i = 0; i < 5 && conditions[i] != '\0'; i++) {
        if (i > 0)
            *out++ = ',';
        out = tw_line_code(out, conditions[i]);
    }
    *out++ = ']';
    return out;
}

static char *put_trade_body(char *out, const tw_trade *trade) {
    out = CODE(out, ",\"x\":", trade->exchange);
    out = NUMBER(out, ",\"p\":", trade->price.nano);
    out = NUMBER(out, ",\"s\":", trade->quantity.nano);
    out = put_conditions(out, trade->conditions);
    out = line_u64(LINE_PUT(out, ",\"i\":"), trade->id);
    out = CODE(out, ",\"z\":", trade->tape);
    if (trade->side != TW_SIDE_NONE)
        out = CODE(out, ",\"tks\":", trade->side == TW_SIDE_BUY ? 'B' : 'S');
    const char *mark = tw_alpaca_trade_mark_name((tw_trade_mark)trade->mark);
    if (mark[0] != '\0') {
        out = LINE_PUT(out, ",\"u\":\"");
        out = line_put(out, mark, strlen(mark));
        *out++ = '"';
    }
    return out;
}

static char *put_bid(char *out, const tw_quote *quote) {
    out = CODE(out, ",\"bx\":", quote->bid_exchange);
    out = NUMBER(out, ",\"bp\":", quote->bid_price.nano);
    return NUMBER(out, ",\"bs\":", quote->bid_size.nano);
}

static char *put_ask(char *out, const tw_quote *quote) {
    out = CODE(out, ",\"ax\":", quote->ask_exchange);
    out = NUMBER(out, ",\"ap\":", quote->ask_price.nano);
    return NUMBER(out, ",\"as\":", quote->ask_size.nano);
}

static char *put_quote_codes(char *out, const tw_quote *quote) {
    return CODE(put_conditions(out, quote->conditions), ",\"z\":", quote->tape);
}

static char *put_bar_body(char *out, const tw_bar *bar) {
    out = NUMBER(out, ",\"o\":", bar->open.nano);
    out = NUMBER(out, ",\"h\":", bar->high.nano);
    out = NUMBER(out, ",\"l\":", bar->low.nano);
    out = NUMBER(out, ",\"c\":", bar->close.nano);
    out = NUMBER(out, ",\"v\":", bar->volume.nano);
    out = line_u64(LINE_PUT(out, ",\"n\":"), bar->count);
    return NUMBER(out, ",\"vw\":", bar->vwap.nano);
}

/* {"T":"t","S":"AAPL" */
static void put_head(tw_text *text, char kind, tw_symbol symbol, const tw_symbols *symbols) {
    tw_text_append_string(text, "{\"T\":\"");
    tw_text_append_char(text, kind);
    tw_text_append_string(text, "\",\"S\":");
    tw_word_put_string(text, tw_symbols_name(symbols, symbol));
}

/* ---- REST ---- */

void tw_alpaca_encode_trade(tw_text *text, const tw_trade *trade) {
    char spare[LINE_SIZE_MAX];
    char *begin = line_begin(text, spare);
    char *out = put_trade_body(TIME(begin, "{\"t\":", trade->time_ns), trade);
    *out++ = '}';
    line_end(text, spare, begin, out);
}

void tw_alpaca_encode_quote(tw_text *text, const tw_quote *quote) {
    char spare[LINE_SIZE_MAX];
    char *begin = line_begin(text, spare);
    char *out = put_ask(TIME(begin, "{\"t\":", quote->time_ns), quote);
    out = put_quote_codes(put_bid(out, quote), quote);
    *out++ = '}';
    line_end(text, spare, begin, out);
}

void tw_alpaca_encode_bar(tw_text *text, const tw_bar *bar) {
    char spare[LINE_SIZE_MAX];
    char *begin = line_begin(text, spare);
    char *out = put_bar_body(TIME(begin, "{\"t\":", bar->time_ns), bar);
    *out++ = '}';
    line_end(text, spare, begin, out);
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
    char spare[LINE_SIZE_MAX];
    put_head(text, 't', trade->symbol, symbols);
    char *begin = line_begin(text, spare);
    char *out = TIME(put_trade_body(begin, trade), ",\"t\":", trade->time_ns);
    *out++ = '}';
    line_end(text, spare, begin, out);
}

void tw_alpaca_encode_stream_quote(tw_text *text, const tw_quote *quote,
                                   const tw_symbols *symbols) {
    char spare[LINE_SIZE_MAX];
    put_head(text, 'q', quote->symbol, symbols);
    char *begin = line_begin(text, spare);
    char *out = put_quote_codes(put_ask(put_bid(begin, quote), quote), quote);
    out = TIME(out, ",\"t\":", quote->time_ns);
    *out++ = '}';
    line_end(text, spare, begin, out);
}

void tw_alpaca_encode_stream_bar(tw_text *text, const tw_bar *bar, tw_alpaca_bar_kind kind,
                                 const tw_symbols *symbols) {
    char spare[LINE_SIZE_MAX];
    put_head(text, (char)kind, bar->symbol, symbols);
    char *begin = line_begin(text, spare);
    char *out = TIME(put_bar_body(begin, bar), ",\"t\":", bar->time_ns);
    *out++ = '}';
    line_end(text, spare, begin, out);
}

static void put_number(tw_text *text, const char *key, int64_t nano) {
    tw_text_append_string(text, key);
    tw_word_put_decimal(text, nano);
}

static void put_time(tw_text *text, const char *key, int64_t time_ns) {
    tw_text_append_string(text, key);
    tw_word_put_time(text, time_ns);
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
