/*
 * routes_watchlists.c - /v2/watchlists, by id and by name.
 *
 * A change is taken whole or not at all: it is made on a copy, which replaces the list at the end.
 */
#include "assets.h"
#include "exchange_priv.h"
#include "query.h"
#include "watchlists.h"

static void write_list(exchange_call *call, const watchlist *list, bool with_assets) {
    tw_alpaca_asset assets[WATCHLIST_SYMBOL_COUNT_MAX];
    tw_alpaca_watchlist words = {
        .id = tw_slice_of(list->id),
        .account_id = tw_slice_of(call->account->id),
        .name = tw_slice_of(list->name),
        .created_ns = list->created_ns,
        .updated_ns = list->updated_ns,
        .present = TW_ALPACA_BIT(TW_ALPACA_WATCHLIST_CREATED_AT) |
                   TW_ALPACA_BIT(TW_ALPACA_WATCHLIST_UPDATED_AT),
    };
    tw_text *body = &call->exchange->body;
    if (!with_assets) {
        tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_WATCHLIST, .as.watchlist = &words};
        tw_alpaca_encode_record(body, &record);
        return;
    }
    for (uint32_t i = 0; i < list->symbol_count; i++)
        assets_describe(tw_symbols_name(call->exchange->symbols, list->symbols[i]),
                        ledger_is_hard_to_borrow(call->exchange->ledger, list->symbols[i]),
                        &assets[i]);
    words.present |= TW_ALPACA_BIT(TW_ALPACA_WATCHLIST_ASSETS);
    words.asset_count = list->symbol_count;
    tw_alpaca_encode_watchlist(body, &words, assets, list->symbol_count);
}

static void answer_list(exchange_call *call, const watchlist *list) {
    tw_text_clear(&call->exchange->body);
    write_list(call, list, true);
    answer_body(call, 200);
}

/* The list that the path (its id) or the query (its name) says; answers 404 when there is none. */
static watchlist *list_of(exchange_call *call) {
    watchlists *lists = call->exchange->watchlists;
    uint32_t account = call->account->index;
    watchlist *list = call->names[0][0] != '\0'
                          ? watchlists_find(lists, account, tw_slice_of(call->names[0]))
                          : watchlists_find_name(lists, account, query_text(call, "name"));
    if (list == NULL)
        answer_error(call, 404, CODE_NOT_FOUND, "watchlist not found");
    return list;
}

static bool read_request(exchange_call *call, tw_alpaca_watchlist_request *request) {
    tw_error error = {0};
    if (tw_alpaca_decode_watchlist_request(
            call->exchange->reader, tw_http_request_body(call->request), request, &error) == TW_OK)
        return true;
    answer_error(call, 422, CODE_REQUEST, "request body format is invalid: %s", error.message);
    return false;
}

static bool add_symbol(exchange_call *call, watchlist *list, tw_slice name) {
    ledger_refusal refusal;
    tw_symbol symbol = assets_find(call->exchange->symbols, name);
    if (symbol == TW_SYMBOL_NONE) {
        answer_error(call, 422, CODE_RULE, "asset \"%.*s\" not found", (int)name.size, name.data);
        return false;
    }
    if (watchlist_add(list, symbol, &refusal) == TW_OK)
        return true;
    answer_refusal(call, &refusal);
    return false;
}

static bool add_symbols(exchange_call *call, watchlist *list,
                        const tw_alpaca_watchlist_request *request) {
    if (request->symbol_count > WATCHLIST_SYMBOL_COUNT_MAX) {
        answer_error(call, 422, CODE_REQUEST, "a watchlist has at most %d symbols",
                     WATCHLIST_SYMBOL_COUNT_MAX);
        return false;
    }
    bool good = true;
    for (uint32_t i = 0; good && i < request->symbol_count; i++)
        good = add_symbol(call, list, request->symbols[i]);
    return good;
}

void route_watchlists(exchange_call *call) {
    const watchlist *places = watchlists_places(call->exchange->watchlists);
    bool first = true;
    tw_text_append_char(&call->exchange->body, '[');
    for (uint32_t i = 0; i < WATCHLIST_COUNT_MAX; i++) {
        if (places[i].id[0] == '\0' || places[i].account != call->account->index)
            continue;
        if (!first)
            tw_text_append_char(&call->exchange->body, ',');
        first = false;
        write_list(call, &places[i], false);
    }
    tw_text_append_char(&call->exchange->body, ']');
    answer_body(call, 200);
}

void route_watchlist(exchange_call *call) {
    const watchlist *list = list_of(call);
    if (list != NULL)
        answer_list(call, list);
}

void route_watchlist_create(exchange_call *call) {
    tw_alpaca_watchlist_request request;
    watchlist scratch = {0};
    watchlist *list = NULL;
    ledger_refusal refusal;
    if (!read_request(call, &request) || !add_symbols(call, &scratch, &request))
        return;
    if (watchlists_create(call->exchange->watchlists, call->account->index, request.name,
                          floor_now(call->exchange->floor), &list, &refusal) != TW_OK) {
        answer_refusal(call, &refusal);
        return;
    }
    for (uint32_t i = 0; i < scratch.symbol_count; i++)
        list->symbols[i] = scratch.symbols[i];
    list->symbol_count = scratch.symbol_count;
    answer_list(call, list);
}

/* PUT: the name and the symbols that are given replace what there was. */
void route_watchlist_update(exchange_call *call) {
    tw_alpaca_watchlist_request request;
    ledger_refusal refusal;
    watchlist *list = list_of(call);
    if (list == NULL || !read_request(call, &request))
        return;
    watchlist changed = *list;
    if (request.has_symbols)
        changed.symbol_count = 0;
    if (!add_symbols(call, &changed, &request))
        return;
    if (request.name.size > 0 &&
        watchlists_rename(call->exchange->watchlists, list, request.name, &refusal) != TW_OK) {
        answer_refusal(call, &refusal);
        return;
    }
    changed.updated_ns = floor_now(call->exchange->floor);
    __builtin_memcpy(changed.name, list->name, sizeof changed.name);
    *list = changed;
    answer_list(call, list);
}

/* POST: adds one symbol. */
void route_watchlist_add(exchange_call *call) {
    tw_alpaca_watchlist_request request;
    watchlist *list = list_of(call);
    if (list == NULL || !read_request(call, &request) || !add_symbol(call, list, request.symbol))
        return;
    list->updated_ns = floor_now(call->exchange->floor);
    answer_list(call, list);
}

void route_watchlist_remove(exchange_call *call) {
    watchlist *list = list_of(call);
    if (list == NULL)
        return;
    tw_symbol symbol = assets_find(call->exchange->symbols, tw_slice_of(call->names[1]));
    if (symbol == TW_SYMBOL_NONE || !watchlist_remove(list, symbol)) {
        answer_error(call, 404, CODE_NOT_FOUND, "symbol not found in the watchlist");
        return;
    }
    list->updated_ns = floor_now(call->exchange->floor);
    answer_list(call, list);
}

void route_watchlist_delete(exchange_call *call) {
    watchlist *list = list_of(call);
    if (list == NULL)
        return;
    *list = (watchlist){0};
    answer_empty(call, 204);
}
