/*
 * order_rows.c - a ring of the newest orders, then their intents.
 *
 *     orders table --filter--> ring of `limit` --lay out--> oldest first
 *     journal      --intents--> looked up by client order id, and added
 *
 * With from_sequence an order that has no intent there is taken out again at the end.
 */
#include "order_rows.h"

#include <stdlib.h>
#include <string.h>

#include "journal_fields.h"
#include "newest_rows.h"

typedef struct order_reading {
    tw_store *store;
    const order_filter *filter;
    order_rows *rows;
    const order_row **by_id;
    tw_json_reader *reader;
    tw_error *error;
} order_reading;

/* ---- the table ----------------------------------------------------------------------------- */

static bool lets_through(const order_filter *filter, const tw_order *order) {
    if (filter->open && tw_order_status_is_final((tw_order_status)order->status))
        return false;
    if (filter->symbol != TW_SYMBOL_NONE && order->symbol != filter->symbol)
        return false;
    return order->created_ns >= filter->since_ns;
}

static tw_status on_order(void *context, const tw_order *order) {
    order_reading *reading = context;
    order_rows *rows = reading->rows;
    if (!lets_through(reading->filter, order))
        return TW_OK;
    rows->rows[rows->total % rows->capacity] = (order_row){.order = *order};
    rows->total++;
    return TW_OK;
}

/* ---- the journal --------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const order_row *first = *(const order_row *const *)a;
    const order_row *second = *(const order_row *const *)b;
    return strcmp(first->order.client_order_id, second->order.client_order_id);
}

static int id_against(const void *id, const void *element) {
    const order_row *row = *(const order_row *const *)element;
    return strcmp(id, row->order.client_order_id);
}

static order_row *find(const order_reading *reading, tw_slice id) {
    char text[TW_CLIENT_ORDER_ID_SIZE];
    if (tw_slice_copy(id, text, sizeof text) != TW_OK)
        return NULL;
    const order_row *const *place =
        bsearch(text, reading->by_id, reading->rows->count, sizeof(order_row *), id_against);
    return place == NULL ? NULL : &reading->rows->rows[*place - reading->rows->rows];
}

static tw_status on_record(void *context, const tw_store_record *record) {
    order_reading *reading = context;
    journal_field fields[] = {
        {.key = "order"}, {.key = "why"}, {.key = "decision"}, {.key = "mark"}};
    if (!tw_slice_equal_string(record->kind, "intent"))
        return TW_OK;
    tw_status status =
        journal_fields_read(reading->reader, record->payload, fields, 4, reading->error);
    order_row *row = status == TW_OK ? find(reading, fields[0].text) : NULL;
    if (row == NULL)
        return status;
    row->intent = record->sequence;
    if (tw_slice_copy(fields[1].text, row->why, sizeof row->why) != TW_OK)
        row->why[0] = '\0'; /* a longer word is none of the engine's */
    if (tw_parse_u64(fields[2].text, &row->decision) != TW_OK)
        row->decision = 0;
    row->mark.nano = journal_field_decimal(&fields[3], 0);
    return TW_OK;
}

static void keep_intended(order_rows *rows) {
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].intent != 0)
            rows->rows[kept++] = rows->rows[i];
    }
    rows->total -= rows->count - kept;
    rows->count = kept;
}

/* ---- both, of one state of the store ------------------------------------------------------- */

static tw_status read_both(void *context, tw_error *error) {
    order_reading *reading = context;
    order_rows *rows = reading->rows;
    reading->error = error;
    tw_status status = tw_store_read_orders(reading->store, on_order, reading, error);
    if (status != TW_OK)
        return status;
    rows->count =
        newest_rows_lay_out(rows->rows, sizeof rows->rows[0], rows->total, rows->capacity);
    for (size_t i = 0; i < rows->count; i++)
        reading->by_id[i] = &rows->rows[i];
    qsort(reading->by_id, rows->count, sizeof(order_row *), by_id);
    uint64_t from = reading->filter->from_sequence;
    status = tw_store_read_journal(reading->store, from > 0 ? from : 1, on_record, reading, error);
    if (status == TW_OK && from > 0)
        keep_intended(rows);
    return status;
}

tw_status order_rows_read(tw_store *store, const order_filter *filter, order_rows *ret_rows,
                          tw_error *error) {
    uint64_t count = 0;
    TW_ASSERT(filter->limit >= 1 && filter->limit <= ORDER_ROWS_MAX);
    *ret_rows = (order_rows){0};
    tw_status status = tw_store_count_rows(store, TW_STORE_ORDERS, &count, error);
    if (status != TW_OK || count == 0)
        return status;
    order_reading reading = {.store = store, .filter = filter, .rows = ret_rows};
    ret_rows->capacity = count < filter->limit ? (size_t)count : filter->limit;
    ret_rows->rows = TW_NEW(NULL, ret_rows->capacity, order_row);
    reading.by_id = TW_NEW(NULL, ret_rows->capacity, const order_row *);
    if (ret_rows->rows == NULL || reading.by_id == NULL ||
        tw_json_reader_new(NULL, JOURNAL_PAYLOAD_SIZE_MAX, &reading.reader) != TW_OK)
        status = tw_error_set(error, TW_NO_MEMORY, "no memory for %zu orders", ret_rows->capacity);
    else
        status = tw_store_read_together(store, read_both, &reading, error);
    tw_json_reader_free(reading.reader);
    TW_DELETE(NULL, reading.by_id, ret_rows->capacity, const order_row *);
    return status;
}

void order_rows_done(order_rows *rows) {
    TW_DELETE(NULL, rows->rows, rows->capacity, order_row);
    *rows = (order_rows){0};
}
