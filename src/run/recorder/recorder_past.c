/* recorder_past.c - one pass over the table of orders. */
#include "tradewind/recorder_past.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/alloc.h"

static tw_status on_order(void *context, const tw_order *order) {
    tw_recorder_past *past = context;
    size_t size = strlen(past->prefix);
    uint64_t intent = 0;
    if (strncmp(order->client_order_id, past->prefix, size) != 0)
        return TW_OK;
    if (tw_parse_u64(tw_slice_of(order->client_order_id + size), &intent) == TW_OK &&
        intent > past->intent)
        past->intent = intent;
    if (tw_order_status_is_final((tw_order_status)order->status))
        return TW_OK;
    if (past->open_count == past->open_count_max)
        return TW_FULL;
    past->open[past->open_count++] = *order;
    return TW_OK;
}

tw_status tw_recorder_past_read(tw_store *store, const char *strategy_name, size_t open_count_max,
                                tw_recorder_past *ret_past, tw_error *error) {
    *ret_past = (tw_recorder_past){.open_count_max = open_count_max};
    snprintf(ret_past->prefix, sizeof ret_past->prefix, "%s-%016" PRIx64 "-", strategy_name,
             tw_store_epoch(store));
    ret_past->open = TW_NEW(NULL, open_count_max, tw_order);
    if (ret_past->open == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the orders of earlier runs");
    tw_status status = tw_store_read_orders(store, on_order, ret_past, error);
    if (status == TW_FULL)
        return tw_error_set(error, status, "more than %zu orders of earlier runs may still be open",
                            open_count_max);
    return status;
}

void tw_recorder_past_done(tw_recorder_past *past) {
    TW_DELETE(NULL, past->open, past->open_count_max, tw_order);
    past->open = NULL;
}
