/* routes_assets.c - the list of assets, sorted by exchange and symbol as the venue's is. */
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "query.h"

/* What a list is asked for; an empty text asks for all. */
typedef struct asset_filter {
    tw_slice status;
    tw_slice asset_class;
    tw_slice exchange;
    tw_slice attributes;
} asset_filter;

static bool fits(tw_slice wanted, const char *word) {
    return wanted.size == 0 || tw_slice_equal_string(wanted, word);
}

/* True if the asset has one of the wanted attributes. */
static bool has_attribute(tw_slice wanted, const char *attributes) {
    if (wanted.size == 0)
        return true;
    while (wanted.data != NULL) {
        tw_slice one = tw_slice_trim(tw_slice_split(&wanted, ','));
        tw_slice own = tw_slice_of(attributes);
        while (one.size > 0 && own.data != NULL)
            if (tw_slice_equal(one, tw_slice_split(&own, ',')))
                return true;
    }
    return false;
}

static bool is_wanted(const asset_filter *filter, const tw_alpaca_asset *asset) {
    return fits(filter->status, asset->status) && fits(filter->asset_class, asset->asset_class) &&
           fits(filter->exchange, asset->exchange) &&
           has_attribute(filter->attributes, asset->attributes);
}

static int compare(const void *a, const void *b, void *context) {
    const char *one = tw_symbols_name(context, *(const tw_symbol *)a);
    const char *other = tw_symbols_name(context, *(const tw_symbol *)b);
    int order = strcmp(assets_exchange(one), assets_exchange(other));
    return order != 0 ? order : strcmp(one, other);
}

static void describe(const tw_exchange *exchange, tw_symbol symbol, tw_alpaca_asset *ret_asset) {
    assets_describe(tw_symbols_name(exchange->symbols, symbol),
                    ledger_is_hard_to_borrow(exchange->ledger, symbol), ret_asset);
}

void route_assets(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_text *body = &exchange->body;
    uint32_t count = tw_symbols_count(exchange->symbols);
    asset_filter filter = {query_text(call, "status"), query_text(call, "asset_class"),
                           query_text(call, "exchange"), query_text(call, "attributes")};
    tw_symbol *sorted = TW_NEW(exchange->allocator, count, tw_symbol);
    if (sorted == NULL) {
        answer_error(call, 500, 50010000, "no memory for the list");
        return;
    }
    for (tw_symbol s = 0; s < count; s++)
        sorted[s] = s;
    qsort_r(sorted, count, sizeof sorted[0], compare, exchange->symbols);
    tw_text_append_char(body, '[');
    for (uint32_t i = 0; i < count; i++) {
        tw_alpaca_asset asset;
        describe(exchange, sorted[i], &asset);
        if (!is_wanted(&filter, &asset))
            continue;
        if (body->data[body->size - 1] != '[')
            tw_text_append_char(body, ',');
        tw_alpaca_encode_asset(body, &asset);
    }
    tw_text_append_char(body, ']');
    TW_DELETE(exchange->allocator, sorted, count, tw_symbol);
    answer_body(call, 200);
}

void route_asset(exchange_call *call) {
    tw_symbol symbol = assets_find(call->exchange->symbols, tw_slice_of(call->names[0]));
    if (symbol == TW_SYMBOL_NONE) {
        answer_error(call, 404, 40410000, "asset not found for %s", call->names[0]);
        return;
    }
    tw_alpaca_asset asset;
    describe(call->exchange, symbol, &asset);
    tw_alpaca_encode_asset(&call->exchange->body, &asset);
    answer_body(call, 200);
}
