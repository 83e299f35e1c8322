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

tw_text *record_begin(const tw_engine *engine, record_line *line, const char *kind) {
    tw_journal_entry *entry = &line->entry; /* what is behind the payload's end is never read */
    entry->time_ns = engine->now_ns;
    memset(entry->kind, 0, sizeof entry->kind);
    tw_text name = tw_text_over(entry->kind, sizeof entry->kind);
    tw_text_append_string(&name, kind);
    TW_ASSERT(!name.truncated);
    line->text = tw_text_over(entry->payload, sizeof entry->payload);
    return &line->text;
}

void record_decimal(tw_text *text, int64_t nano) {
    char digits[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_decimal_format(nano, digits);
    tw_text_append(text, (tw_slice){digits, size});
}

uint64_t record_end(tw_engine *engine, record_line *line) {
    tw_journal_entry *entry = &line->entry;
    TW_ASSERT(line->text.size > 0 && !line->text.truncated);
    entry->sequence = engine->journal_sequence + 1;
    tw_status status =
        record_waits(engine) ? TW_FULL : engine->store.append_journal(engine->store.context, entry);
    if (status == TW_FULL) {
        TW_ASSERT(engine->entry_count < engine->entry_capacity);
        engine->entries[engine->entry_count++] = *entry;
    } else if (status != TW_OK) {
        entry_failed(engine, entry, status);
        return UINT64_MAX;
    }
    engine->journal_sequence = entry->sequence;
    trace_journal(engine, entry);
    engine->report.journal_entries++;
    return entry->sequence;
}

uint64_t record_journal(tw_engine *engine, const char *kind, const char *format, ...) {
    record_line line;
    record_begin(engine, &line, kind);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line.entry.payload, sizeof line.entry.payload, format, arguments);
    va_end(arguments);
    TW_ASSERT(size > 0 && (size_t)size < sizeof line.entry.payload);
    line.text.size = (size_t)size;
    return record_end(engine, &line);
}

static tw_status put(const tw_engine *engine, engine_row_kind kind, const void *row) {
    const tw_store_port *store = &engine->store;
    switch (kind) {
    case ROW_TRADE:
        return store->put_trade(store->context, row);
    case ROW_BAR:
        return store->put_bar(store->context, row);
    case ROW_ORDER:
        return store->put_order(store->context, row);
    case ROW_FILL:
        return store->put_fill(store->context, row);
    }
    return TW_INVALID;
}

/* Hands a row to the store from where it stands; only what has to wait is copied. */
static void offer(tw_engine *engine, engine_row_kind kind, const void *row, size_t size) {
    tw_status status = engine->pending_count == 0 ? put(engine, kind, row) : TW_FULL;
    if (status == TW_FULL) {
        TW_ASSERT(engine->pending_count < engine->pending_capacity);
        engine_row *waiting = &engine->pending[engine->pending_count++];
        waiting->kind = kind;
        memcpy(&waiting->as, row, size);
    } else if (status == TW_OK) {
        engine->report.rows_put++;
    } else {
        engine_fail(engine, status, "the store failed: %s", tw_status_sentence(status));
    }
}

void record_trade(tw_engine *engine, const tw_trade *trade) {
    offer(engine, ROW_TRADE, trade, sizeof *trade);
}

void record_bar(tw_engine *engine, const tw_bar *bar) {
    offer(engine, ROW_BAR, bar, sizeof *bar);
}

void record_order(tw_engine *engine, const tw_order *order) {
    offer(engine, ROW_ORDER, order, sizeof *order);
}

void record_fill(tw_engine *engine, const tw_fill *fill) {
    offer(engine, ROW_FILL, fill, sizeof *fill);
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
        const engine_row *row = &engine->pending[done];
        tw_status status = put(engine, row->kind, &row->as);
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
    if (!record_waits(engine))
        return true; /* nearly always */
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
