/* history_page.c - commas, brackets, and the token of the last record. */
#include "history_page.h"

void history_page_begin(history_page *page, exchange_call *call, const history_query *query,
                        const char *name) {
    *page = (history_page){
        .exchange = call->exchange,
        .query = query,
        .body = &call->exchange->body,
        .last_symbol = TW_SYMBOL_NONE,
    };
    tw_text_append_string(page->body, "{\"");
    tw_text_append_string(page->body, name);
    tw_text_append_string(page->body, query->single ? "\":[" : "\":{");
}

bool history_page_next(history_page *page, tw_symbol symbol, int64_t time_ns, uint64_t number) {
    tw_text *body = page->body;
    if (page->count == page->query->limit) {
        page->more = true;
        return false;
    }
    if (symbol == page->last_symbol) {
        tw_text_append_char(body, ',');
    } else if (!page->query->single) {
        tw_text_append_string(body, page->last_symbol == TW_SYMBOL_NONE ? "" : "],");
        tw_text_append_json(body, tw_slice_of(tw_symbols_name(page->exchange->symbols, symbol)));
        tw_text_append_string(body, ":[");
    }
    page->count++;
    page->last_symbol = symbol;
    page->last_ns = time_ns;
    page->last_number = number;
    return true;
}

void history_page_end(history_page *page, exchange_call *call) {
    tw_text *body = page->body;
    char token[HISTORY_TOKEN_SIZE];
    if (page->query->single) {
        tw_text_append_string(body, "],\"symbol\":");
        tw_text_append_json(body, tw_slice_of(call->names[0]));
    } else {
        tw_text_append_string(body, page->count > 0 ? "]}" : "}");
    }
    tw_text_append_string(body, ",\"next_page_token\":");
    if (page->more) {
        history_token(page->exchange, page->query, page->last_symbol, page->last_ns,
                      page->last_number, token);
        tw_text_append_json(body, tw_slice_of(token));
    } else {
        tw_text_append_string(body, "null");
    }
    tw_text_append_string(body, page->query->has_currency ? ",\"currency\":\"USD\"}" : "}");
    answer_body(call, 200);
}
