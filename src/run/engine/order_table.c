/* order_table.c - see order_table.h for the states and the invariants. */
#include "order_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

tw_status order_table_init(order_table *table, const tw_allocator *allocator,
                           const tw_engine_config *config) {
    *table = (order_table){
        .allocator = allocator,
        .capacity = config->order_count_max,
        .intent = config->intent_sequence,
    };
    snprintf(table->prefix, sizeof table->prefix, "%s-%016" PRIx64 "-", config->strategy_name,
             config->epoch);
    table->records = TW_NEW(allocator, table->capacity, order_record);
    return table->records == NULL ? TW_NO_MEMORY : TW_OK;
}

void order_table_done(order_table *table) {
    TW_DELETE(table->allocator, table->records, table->capacity, order_record);
    table->records = NULL;
}

tw_status order_table_adopt(order_table *table, const tw_order *order) {
    TW_ASSERT(table->count == table->adopted_count);
    TW_ASSERT(!tw_order_status_is_final((tw_order_status)order->status));
    if (table->count == table->capacity)
        return TW_FULL;
    table->records[table->count++] = (order_record){
        .order = *order, .state = ORDER_UNKNOWN, .answered = 1, .ticket = TW_PRETRADE_NO_TICKET};
    order_record *record = &table->records[table->count - 1];
    record->life_ns[TW_ENGINE_MOMENT_INTENDED] = order->created_ns;
    record->sent_ns = order->updated_ns > order->created_ns ? order->updated_ns : order->created_ns;
    if (tw_decimal_multiply(order->average_price.nano, order->filled.nano, TW_ROUND_HALF_EVEN,
                            &record->notional_nano) != TW_OK)
        record->notional_nano = 0;
    table->adopted_count++;
    table->open_count++;
    return TW_OK;
}

tw_status order_table_intend(order_table *table, const tw_order *wanted,
                             order_record **ret_record) {
    if (table->count == table->capacity)
        return TW_FULL;
    order_record *record = &table->records[table->count++];
    *record =
        (order_record){.order = *wanted, .state = ORDER_INTENDED, .ticket = TW_PRETRADE_NO_TICKET};
    table->intent++;
    table->open_count++;
    record->order.status = TW_ORDER_PENDING_NEW;
    record->life_ns[TW_ENGINE_MOMENT_INTENDED] = table->now_ns;
    tw_text id = tw_text_over(record->order.client_order_id, sizeof record->order.client_order_id);
    tw_text_append_string(&id, table->prefix);
    tw_text_append_u64(&id, table->intent);
    TW_ASSERT(!id.truncated);
    *ret_record = record;
    return TW_OK;
}

order_record *order_table_find(order_table *table, const char *client_order_id) {
    for (uint32_t i = 0; i < table->adopted_count; i++) {
        if (strcmp(table->records[i].order.client_order_id, client_order_id) == 0)
            return &table->records[i];
    }
    size_t prefix_size = strlen(table->prefix);
    if (strncmp(client_order_id, table->prefix, prefix_size) != 0)
        return NULL;
    uint64_t intent = 0;
    if (tw_parse_u64(tw_slice_of(client_order_id + prefix_size), &intent) != TW_OK)
        return NULL;
    uint64_t first = table->intent - (table->count - table->adopted_count) + 1;
    if (intent < first || intent > table->intent)
        return NULL;
    order_record *record = &table->records[table->adopted_count + (intent - first)];
    return strcmp(record->order.client_order_id, client_order_id) == 0 ? record : NULL;
}

static void finish(order_table *table, order_record *record) {
    TW_ASSERT(record->state != ORDER_DONE && table->open_count > 0);
    TW_ASSERT(tw_order_status_is_final((tw_order_status)record->order.status));
    record->state = ORDER_DONE;
    record->life_ns[TW_ENGINE_MOMENT_ENDED] = table->now_ns;
    table->open_count--;
}

void order_table_sent(order_table *table, order_record *record) {
    TW_ASSERT(record->state == ORDER_INTENDED);
    record->state = ORDER_SENT;
    record->sent_ns = table->now_ns;
    record->life_ns[TW_ENGINE_MOMENT_SENT] = table->now_ns;
}

void order_table_resent(order_table *table, order_record *record) {
    TW_ASSERT(record->state == ORDER_UNKNOWN && record->answered != 0);
    record->state = ORDER_SENT;
    record->order.status = TW_ORDER_PENDING_NEW;
    record->sent_ns = table->now_ns;
    record->resends++;
    record->queries = 0;
    record->absent_after = 0;
    record->answered = 0;
}

/* The venue has it; only the first time counts. */
static void enliven(const order_table *table, order_record *record) {
    record->state = ORDER_LIVE;
    if (record->life_ns[TW_ENGINE_MOMENT_LIVE] == 0)
        record->life_ns[TW_ENGINE_MOMENT_LIVE] = table->now_ns;
}

void order_table_withdraw(order_table *table, order_record *record) {
    TW_ASSERT(record->state == ORDER_INTENDED);
    record->order.status = TW_ORDER_CANCELED;
    finish(table, record);
}

void order_table_result(order_table *table, order_record *record, const tw_order_result *result) {
    bool accepted = result->status == TW_OK;
    bool uncertain = result->status == TW_UNKNOWN || result->status == TW_EXISTS ||
                     (!accepted && record->resends > 0); /* invariant 4 */
    record->answered = 1;
    if (record->state == ORDER_UNKNOWN && !accepted && !uncertain &&
        record->order.filled.nano == 0) {
        record->order.status = TW_ORDER_REJECTED;
        finish(table, record);
    }
    if (record->state != ORDER_SENT)
        return; /* an update of the stream was faster, or the order is settled */
    if (accepted) {
        enliven(table, record);
        if (record->order.status == TW_ORDER_PENDING_NEW)
            record->order.status = TW_ORDER_NEW;
    } else if (uncertain) {
        record->state = ORDER_UNKNOWN;
        record->order.status = TW_ORDER_UNKNOWN;
    } else {
        record->order.status = TW_ORDER_REJECTED;
        finish(table, record);
    }
}

bool order_table_is_known(const order_record *record) {
    return record->order.venue_order_id[0] != '\0' || record->order.filled.nano > 0;
}

/* What was never known there was rejected; what was known once and is gone has been cancelled. */
void order_table_missing(order_table *table, order_record *record) {
    TW_ASSERT(record->state == ORDER_UNKNOWN && record->answered != 0);
    record->order.status = order_table_is_known(record) ? TW_ORDER_CANCELED : TW_ORDER_REJECTED;
    record->given_up = 1;
    finish(table, record);
}

/* Nobody wants it any more. */
static void come_late(order_table *table, order_record *record) {
    uint32_t index = (uint32_t)(record - table->records);
    table->scan_from = index < table->scan_from ? index : table->scan_from;
    table->open_count++;
    record->given_up = 0;
    record->state = ORDER_UNKNOWN;
    record->life_ns[TW_ENGINE_MOMENT_ENDED] = 0;
    record->deadline_ns = 1;
    record->cancel_at_once = 1;
}

void order_table_doubt(order_record *record, int64_t ask_ns) {
    TW_ASSERT(record->state != ORDER_INTENDED && record->state != ORDER_DONE);
    record->state = ORDER_UNKNOWN;
    record->ask_again_ns = ask_ns;
}

/* Money of what is newly filled: exact from the execution when it covers all of it, else from
 * the difference of the cumulative averages. */
static tw_status new_notional(const order_record *record, const tw_order *told,
                              const tw_order_update *execution, int64_t quantity_nano,
                              int64_t *ret_nano) {
    if (execution != NULL && execution->quantity.nano == quantity_nano && execution->price.nano > 0)
        return tw_decimal_multiply(execution->price.nano, quantity_nano, TW_ROUND_HALF_EVEN,
                                   ret_nano);
    int64_t total = 0;
    if (told->average_price.nano <= 0)
        return TW_PROTOCOL; /* filled for nothing: the money cannot be told */
    tw_status status = tw_decimal_multiply(told->average_price.nano, told->filled.nano,
                                           TW_ROUND_HALF_EVEN, &total);
    if (status == TW_OK)
        *ret_nano = total - record->notional_nano;
    return status;
}

tw_status order_table_update(order_table *table, order_record *record, const tw_order *told,
                             const tw_order_update *execution, order_change *ret_change) {
    *ret_change = (order_change){.repeated = true};
    record->absent_after = 0;
    int64_t quantity_nano = told->filled.nano - record->order.filled.nano;
    int64_t notional_nano = 0;
    if (told->filled.nano < 0 || told->filled.nano > record->order.quantity.nano)
        return TW_PROTOCOL;
    if (quantity_nano > 0) {
        tw_status status = new_notional(record, told, execution, quantity_nano, &notional_nano);
        if (status != TW_OK)
            return status;
        ret_change->repeated = false;
        ret_change->quantity.nano = quantity_nano;
        ret_change->notional.nano = notional_nano;
        record->order.filled = told->filled;
        record->order.average_price = told->average_price;
        record->notional_nano += notional_nano;
        if (record->life_ns[TW_ENGINE_MOMENT_FIRST_FILL] == 0)
            record->life_ns[TW_ENGINE_MOMENT_FIRST_FILL] = table->now_ns;
    }
    if (told->venue_order_id[0] != '\0')
        memcpy(record->order.venue_order_id, told->venue_order_id,
               sizeof record->order.venue_order_id);
    if (quantity_nano < 0)
        return TW_OK;
    ret_change->came_late =
        record->given_up != 0 && !tw_order_status_is_final((tw_order_status)told->status);
    if (ret_change->came_late)
        come_late(table, record);
    if (record->state == ORDER_DONE)
        return TW_OK;
    if (record->state == ORDER_UNKNOWN)
        record->cancel_requested = 0; /* if it was lost, it must be sent again */
    record->queries = 0;
    if (record->order.status != told->status) {
        ret_change->repeated = false;
        record->order.status = told->status;
    }
    if (told->updated_ns > record->order.updated_ns)
        record->order.updated_ns = told->updated_ns;
    enliven(table, record);
    if (tw_order_status_is_final((tw_order_status)record->order.status)) {
        ret_change->became_final = true;
        finish(table, record);
    }
    return TW_OK;
}

uint32_t order_table_first(order_table *table) {
    while (table->scan_from < table->count && table->records[table->scan_from].state == ORDER_DONE)
        table->scan_from++;
    return table->scan_from;
}

order_record *order_table_next_open(order_table *table, uint32_t *index) {
    while (*index < table->count) {
        order_record *record = &table->records[(*index)++];
        if (record->state != ORDER_DONE)
            return record;
    }
    return NULL;
}
