/*
 * routes_meta.c - what codes mean, and the answers of a market in which nothing is reported: no
 * news, no corporate actions.
 */
#include <string.h>

#include "exchange_priv.h"
#include "market_codes.h"
#include "query.h"
#include "tradewind/alpaca_records.h"

enum { ARTICLE_MAX = 50, ACTION_MAX = 1000 };

static void answer_codes(exchange_call *call, market_codes_kind kind) {
    tw_text *body = &call->exchange->body;
    size_t count = 0;
    const market_code *codes = market_codes(kind, &count);
    tw_text_append_char(body, '{');
    for (size_t i = 0; i < count; i++) {
        tw_alpaca_code code = {{&codes[i].code, 1}, tw_slice_of(codes[i].meaning)};
        tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_CODE, .as.code = &code};
        if (i > 0)
            tw_text_append_char(body, ',');
        tw_alpaca_encode_record(body, &record);
    }
    tw_text_append_char(body, '}');
    answer_body(call, 200);
}

void route_exchanges(exchange_call *call) {
    answer_codes(call, MARKET_CODES_EXCHANGES);
}

void route_conditions(exchange_call *call) {
    tw_slice tape = query_text(call, "tape");
    bool quotes = strcmp(call->names[0], "quote") == 0;
    bool utp = tw_slice_equal_string(tape, "C");
    if (!quotes && strcmp(call->names[0], "trade") != 0) {
        answer_error(call, 400, 0, "invalid ticktype: %s", call->names[0]);
        return;
    }
    if (!utp && !tw_slice_equal_string(tape, "A") && !tw_slice_equal_string(tape, "B")) {
        answer_error(call, 400, 0, "invalid tape: %.*s", (int)tape.size,
                     tape.data == NULL ? "" : tape.data);
        return;
    }
    if (quotes)
        answer_codes(call, utp ? MARKET_CODES_QUOTES_C : MARKET_CODES_QUOTES_AB);
    else
        answer_codes(call, utp ? MARKET_CODES_TRADES_C : MARKET_CODES_TRADES_AB);
}

/* ---- nothing is reported ------------------------------------------------------------------- */

static bool read_limit(exchange_call *call, uint64_t most) {
    tw_slice text = query_text(call, "limit");
    uint64_t limit = 0;
    if (text.size == 0 || (tw_parse_u64(text, &limit) == TW_OK && limit > 0 && limit <= most))
        return true;
    answer_error(call, 400, 0, "invalid limit: it must be 1 to %u", (unsigned)most);
    return false;
}

static void answer_nothing(exchange_call *call, const char *body, uint64_t limit_max) {
    if (!read_limit(call, limit_max))
        return;
    tw_text_append_string(&call->exchange->body, body);
    answer_body(call, 200);
}

void route_news(exchange_call *call) {
    answer_nothing(call, "{\"news\":[],\"next_page_token\":null}", ARTICLE_MAX);
}

void route_corporate_actions(exchange_call *call) {
    answer_nothing(call, "{\"corporate_actions\":{},\"next_page_token\":null}", ACTION_MAX);
}

void route_announcements(exchange_call *call) {
    answer_nothing(call, "[]", ACTION_MAX);
}

void route_announcement(exchange_call *call) {
    answer_error(call, 404, CODE_NOT_FOUND, "announcement not found for %s", call->names[0]);
}
