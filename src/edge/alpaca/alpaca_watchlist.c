/* alpaca_watchlist.c - the body of a request about a watchlist: {"name","symbols"} or {"symbol"}.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "tradewind/alpaca_records.h"

static tw_status on_symbol(void *context, tw_json_value *value) {
    tw_alpaca_watchlist_request *request = context;
    tw_slice symbol;
    tw_status status = tw_json_scalar(value, &symbol);
    if (status == TW_OK && request->symbol_count < TW_ALPACA_WATCHLIST_SYMBOL_COUNT_MAX)
        request->symbols[request->symbol_count] = symbol;
    request->symbol_count++;
    return status;
}

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_watchlist_request *request = context;
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    if (tw_slice_equal_string(key, "name"))
        return tw_json_scalar(value, &request->name);
    if (tw_slice_equal_string(key, "symbol"))
        return tw_json_scalar(value, &request->symbol);
    if (!tw_slice_equal_string(key, "symbols"))
        return TW_OK;
    request->has_symbols = true;
    request->symbol_count = 0; /* of a key that comes twice the last one counts */
    return tw_json_each_item(value, on_symbol, request);
}

static tw_status on_request(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_field, context);
}

tw_status tw_alpaca_decode_watchlist_request(tw_alpaca_reader *reader, tw_slice json,
                                             tw_alpaca_watchlist_request *ret_request,
                                             tw_error *error) {
    tw_alpaca_watchlist_request request;
    memset(&request, 0, sizeof request);
    tw_status status = tw_json_read(reader->json, json, on_request, &request, error);
    if (status == TW_OK)
        *ret_request = request;
    return status;
}
