/*
 * record.c - what the engine writes down.
 *
 * Invariants
 *  1. Journal sequences have no gap, and entries reach the store in their order, and never before
 *     a row that was made before them: while anything waits, they wait.
 *  2. Rows reach the store in the order in which they were made: while one waits, all wait.
 *  3. What waits is bounded: the engine does nothing new while anything waits, and one step (an
 *     event, a decision, a round over the open orders) makes no more than there is room for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine_priv.h"

static void entry_failed(tw_engine *engine, const tw_journal_entry *entry, tw_status status) {
    engine_fail(engine, status, "the journal did not take entry %llu (%s): %s",
                (unsigned long long)entry->sequence, entry->kind, tw_status_sentence(status));
}

bool record_waits(const tw_engine *engine) {
    return engine->pending_count > 0 || engine->entry_count > 0;
}

uint64_t record_journal(tw_engine *engine, const char *kind, const char *format, ...) {
    tw_journal_entry entry = {.sequence = engine->journal_sequence + 1, .time_ns = engine->now_ns};
    snprintf(entry.kind, sizeof entry.kind, "%s", kind);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(entry.payload, sizeof entry.payload, format, arguments);
    va_end(arguments);
    TW_ASSERT(size > 0 && (size_t)size < sizeof entry.payload);
    tw_status status = record_waits(engine)
                           ? TW_FULL
                           : engine->store.append_journal(engine->store.context, &entry);
    if (status == TW_FULL) {
        TW_ASSERT(engine->entry_count < engine->entry_capacity);
        engine->entries[engine->entry_count++] = entry;
    } else if (status != TW_OK) {
        entry_failed(engine, &entry, status);
        return UINT64_MAX;
    }
    engine->journal_sequence = entry.sequence;
    trace_journal(engine, &entry);
    engine->report.journal_entries++;
    return entry.sequence;
}

static tw_status put(const tw_engine *engine, const engine_row *row) {
    const tw_store_port *store = &engine->store;
    switch (row->kind) {
    case ROW_TRADE:
        return store->put_trade(store->context, &row->as.trade);
    case ROW_BAR:
        return store->put_bar(store->context, &row->as.bar);
    case ROW_ORDER:
        return store->put_order(store->context, &row->as.order);
    case ROW_FILL:
        return store->put_fill(store->context, &row->as.fill);
    }
    return TW_INVALID;
}

void record_row(tw_engine *engine, const engine_row *row) {
    if (engine->pending_count == 0) {
        tw_status status = put(engine, row);
        if (status == TW_OK) {
            engine->report.rows_put++;
            return;
        }
        if (status != TW_FULL) {
            engine_fail(engine, status, "the store failed: %s", tw_status_sentence(status));
            return;
        }
    }
    TW_ASSERT(engine->pending_count < engine->pending_capacity);
    engine->pending[engine->pending_count++] = *row;
}

static void drain_entries(tw_engine *engine) {
    uint32_t done = 0;
    while (done < engine->entry_count) {
        const tw_journal_entry *entry = &engine->entries[done];
        tw_status status = engine->store.append_journal(engine->store.context, entry);
        if (status == TW_FULL)
            break;
        if (status != TW_OK) {
            entry_failed(engine, entry, status);
            break;
        }
        done++;
    }
    engine->entry_count -= done;
    memmove(engine->entries, engine->entries + done,
            engine->entry_count * sizeof(tw_journal_entry));
}

static void drain_rows(tw_engine *engine) {
    uint32_t done = 0;
    while (done < engine->pending_count) {
        tw_status status = put(engine, &engine->pending[done]);
        if (status == TW_FULL)
            break;
        if (status != TW_OK) {
            engine_fail(engine, status, "the store failed: %s", tw_status_sentence(status));
            break;
        }
        engine->report.rows_put++;
        done++;
    }
    engine->pending_count -= done;
    memmove(engine->pending, engine->pending + done, engine->pending_count * sizeof(engine_row));
}

/* Rows first: an intent must not become durable while its order's row still waits here. */
bool record_drain(tw_engine *engine) {
    if (engine->pending_count > 0)
        drain_rows(engine);
    if (engine->pending_count == 0 && engine->entry_count > 0)
        drain_entries(engine);
    return !record_waits(engine);
}

void record_whole(tw_engine *engine) {
    if (engine->store.whole != NULL && !record_waits(engine))
        engine->store.whole(engine->store.context);
}
