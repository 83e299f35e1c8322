/* run_audit.c - see run_audit.h. */
#include "run_audit.h"

#include <stdlib.h>
#include <string.h>

/* An order of the store, and how often the exchange has it. */
typedef struct audit_row {
    const order_row *row;
    uint32_t seen;
} audit_row;

static int by_id(const void *a, const void *b) {
    return strcmp(((const audit_row *)a)->row->order.client_order_id,
                  ((const audit_row *)b)->row->order.client_order_id);
}

static int id_against(const void *id, const void *element) {
    return strcmp(id, ((const audit_row *)element)->row->order.client_order_id);
}

static bool same(const run_audit_sides *sides, const tw_order *ours, const tw_order *theirs) {
    const char *name = tw_exchange_symbol_name(sides->exchange, theirs->symbol);
    return strcmp(tw_symbols_name(sides->symbols, ours->symbol), name) == 0 &&
           ours->side == theirs->side && ours->quantity.nano == theirs->quantity.nano &&
           ours->filled.nano == theirs->filled.nano;
}

static void compare(const run_audit_sides *sides, audit_row *rows, run_audit *audit) {
    size_t size = strlen(sides->prefix);
    for (uint32_t i = 0; i < tw_exchange_order_count(sides->exchange); i++) {
        tw_order theirs;
        tw_exchange_order_at(sides->exchange, i, &theirs);
        if (strncmp(theirs.client_order_id, sides->prefix, size) != 0)
            continue;
        audit->exchange_orders++;
        audit_row *place =
            bsearch(theirs.client_order_id, rows, sides->orders->count, sizeof rows[0], id_against);
        if (place == NULL || place->row->intent == 0) {
            audit->unintended++;
            continue;
        }
        audit->twice += ++place->seen > 1;
        audit->different += !same(sides, &place->row->order, &theirs);
    }
}

static void count(const run_audit_sides *sides, const audit_row *rows, run_audit *audit) {
    for (size_t i = 0; i < sides->orders->count; i++) {
        const order_row *row = rows[i].row;
        bool acknowledged = row->order.venue_order_id[0] != '\0';
        audit->intents += row->intent != 0;
        audit->missing += row->intent > sides->after_sequence && acknowledged && rows[i].seen == 0;
    }
    for (uint32_t i = 0; i < tw_exchange_fault_count(sides->exchange); i++) {
        tw_exchange_fault fault;
        tw_exchange_fault_at(sides->exchange, i, &fault);
        if (strncmp(fault.line, "latency", 7) != 0) /* every request waits: that is no failure */
            audit->faults += fault.count;
    }
}

tw_status run_audit_make(const run_audit_sides *sides, run_audit *ret_audit, tw_error *error) {
    size_t capacity = sides->orders->count + 1;
    audit_row *rows = TW_NEW(NULL, capacity, audit_row);
    *ret_audit = (run_audit){0};
    if (rows == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to compare %zu orders", capacity);
    for (size_t i = 0; i < sides->orders->count; i++)
        rows[i].row = &sides->orders->rows[i];
    qsort(rows, sides->orders->count, sizeof rows[0], by_id);
    compare(sides, rows, ret_audit);
    count(sides, rows, ret_audit);
    ret_audit->made = true;
    TW_DELETE(NULL, rows, capacity, audit_row);
    return TW_OK;
}

bool run_audit_holds(const run_audit *audit) {
    return audit->twice == 0 && audit->unintended == 0 && audit->missing == 0 &&
           audit->different == 0;
}
