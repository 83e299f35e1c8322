/*
 * recorder.c - two rings into one writer.
 *
 * Invariants
 *  1. Rows are put in the order in which they were pushed, journal entries likewise.
 *  2. `durable` moves only after a FULL commit that holds the entry and every row that was pushed
 *     before it: rows are read after entries, and a turn reads all that were there by then.
 *  3. After a failure nothing is written any more, and `durable` stands still.
 */
#include "tradewind/recorder.h"

#include <stdatomic.h>
#include <string.h>

#include "tradewind/ring.h"
#include "tradewind/time.h"

enum { ROW_COUNT_DEFAULT = 65536, ENTRY_COUNT_DEFAULT = 4096, COMMIT_ROWS_DEFAULT = 20000 };

static const int64_t COMMIT_DELAY_DEFAULT_NS = 250 * TW_NS_PER_MS;

typedef enum row_kind { ROW_TRADE = 1, ROW_BAR = 2, ROW_ORDER = 3, ROW_FILL = 4 } row_kind;

typedef struct recorder_row {
    uint32_t kind; /* row_kind */
    uint32_t reserved;
    union {
        tw_trade trade;
        tw_bar bar;
        tw_order order;
        tw_fill fill;
    } as;
} recorder_row;

struct tw_recorder {
    const tw_allocator *allocator;
    tw_recorder_config config;
    tw_store *store;
    tw_ring *rows;
    tw_ring *entries;
    uint32_t batch_rows;     /* put since the last commit */
    bool batch_urgent;       /* holds an order, a fill or an entry */
    int64_t batch_began_ns;  /* 0: no batch */
    uint64_t batch_sequence; /* newest entry in the batch */
    tw_error failure;
    tw_recorder_figures figures;  /* counts only */
    tw_histogram commit_times[2]; /* not urgent, urgent */
    tw_histogram batch_sizes;
    _Atomic uint64_t durable;
    _Atomic int health; /* tw_status */
};

tw_status tw_recorder_new(const tw_allocator *allocator, const tw_recorder_config *config,
                          tw_store *store, uint64_t journal_sequence, tw_recorder **ret_recorder) {
    tw_recorder *recorder = TW_NEW(allocator, 1, tw_recorder);
    if (recorder == NULL)
        return TW_NO_MEMORY;
    recorder->allocator = allocator;
    recorder->config = *config;
    recorder->store = store;
    tw_recorder_config *own = &recorder->config;
    own->row_count_max = own->row_count_max > 0 ? own->row_count_max : ROW_COUNT_DEFAULT;
    own->entry_count_max = own->entry_count_max > 0 ? own->entry_count_max : ENTRY_COUNT_DEFAULT;
    own->commit_rows = own->commit_rows > 0 ? own->commit_rows : COMMIT_ROWS_DEFAULT;
    own->commit_delay_ns =
        own->commit_delay_ns > 0 ? own->commit_delay_ns : COMMIT_DELAY_DEFAULT_NS;
    tw_histogram_init(&recorder->commit_times[false]);
    tw_histogram_init(&recorder->commit_times[true]);
    tw_histogram_init(&recorder->batch_sizes);
    atomic_init(&recorder->durable, journal_sequence);
    atomic_init(&recorder->health, TW_OK);
    tw_status status =
        tw_ring_new(allocator, own->row_count_max, sizeof(recorder_row), &recorder->rows);
    if (status == TW_OK)
        status = tw_ring_new(allocator, own->entry_count_max, sizeof(tw_journal_entry),
                             &recorder->entries);
    if (status != TW_OK) {
        tw_recorder_free(recorder);
        return status;
    }
    *ret_recorder = recorder;
    return TW_OK;
}

void tw_recorder_free(tw_recorder *recorder) {
    if (recorder == NULL)
        return;
    tw_ring_free(recorder->rows);
    tw_ring_free(recorder->entries);
    TW_DELETE(recorder->allocator, recorder, 1, tw_recorder);
}

/* ---- the engine's side --------------------------------------------------------------------- */

static void wake(const tw_recorder *recorder) {
    if (recorder->config.on_work != NULL)
        recorder->config.on_work(recorder->config.context);
}

/* The recorder looks by itself after the commit delay; it is woken early when rows pile up. */
static tw_status push_row(tw_recorder *recorder, const recorder_row *row) {
    tw_status status = tw_ring_push(recorder->rows, row);
    if (status == TW_FULL || tw_ring_count(recorder->rows) == tw_ring_capacity(recorder->rows) / 4)
        wake(recorder);
    return status;
}

static tw_status put_trade(void *context, const tw_trade *trade) {
    return push_row(context, &(recorder_row){.kind = ROW_TRADE, .as.trade = *trade});
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    return push_row(context, &(recorder_row){.kind = ROW_BAR, .as.bar = *bar});
}

static tw_status put_order(void *context, const tw_order *order) {
    return push_row(context, &(recorder_row){.kind = ROW_ORDER, .as.order = *order});
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    return push_row(context, &(recorder_row){.kind = ROW_FILL, .as.fill = *fill});
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    tw_recorder *recorder = context;
    tw_status status = tw_ring_push(recorder->entries, entry);
    wake(recorder);
    return status;
}

static uint64_t durable_sequence(void *context) {
    return atomic_load_explicit(&((tw_recorder *)context)->durable, memory_order_acquire);
}

static tw_status health(void *context) {
    return (tw_status)atomic_load_explicit(&((tw_recorder *)context)->health, memory_order_acquire);
}

void tw_recorder_port(tw_recorder *recorder, tw_store_port *ret_port) {
    *ret_port = (tw_store_port){
        .put_trade = put_trade,
        .put_bar = put_bar,
        .put_order = put_order,
        .put_fill = put_fill,
        .append_journal = append_journal,
        .durable_sequence = durable_sequence,
        .health = health,
        .context = recorder,
    };
}

/* ---- the store's side ---------------------------------------------------------------------- */

static tw_status write_row(tw_recorder *recorder, const recorder_row *row, tw_error *error) {
    switch ((row_kind)row->kind) {
    case ROW_TRADE:
        return tw_store_put_trades(recorder->store, &row->as.trade, 1, error);
    case ROW_BAR:
        return tw_store_put_bars(recorder->store, &row->as.bar, 1, error);
    case ROW_ORDER:
        recorder->batch_urgent = true;
        return tw_store_put_orders(recorder->store, &row->as.order, 1, error);
    case ROW_FILL:
        recorder->batch_urgent = true;
        return tw_store_put_fills(recorder->store, &row->as.fill, 1, error);
    }
    return tw_error_set(error, TW_INVALID, "a row of no known kind");
}

static tw_status write_entry(tw_recorder *recorder, const tw_journal_entry *entry,
                             tw_error *error) {
    tw_store_record record = {
        .sequence = entry->sequence,
        .time_ns = entry->time_ns,
        .kind = tw_slice_of(entry->kind),
        .payload = tw_slice_of(entry->payload),
    };
    recorder->batch_urgent = true;
    recorder->batch_sequence = entry->sequence;
    return tw_store_append_journal(recorder->store, &record, 1, error);
}

/* A store whose batch is full is committed in the middle of a turn; `durable` waits for its end. */
static tw_status make_room(tw_recorder *recorder, tw_error *error) {
    return tw_store_commit(recorder->store, TW_STORE_FULL, error);
}

static tw_status write_entries(tw_recorder *recorder, uint64_t *work, tw_error *error) {
    const void *records = NULL;
    size_t count;
    while ((count = tw_ring_peek(recorder->entries, 64, &records)) > 0) {
        const tw_journal_entry *entries = records;
        for (size_t i = 0; i < count; i++) {
            tw_status status = write_entry(recorder, &entries[i], error);
            if (status == TW_FULL && make_room(recorder, error) == TW_OK)
                status = write_entry(recorder, &entries[i], error);
            if (status != TW_OK)
                return status;
        }
        recorder->batch_rows += (uint32_t)count;
        recorder->figures.entries += count;
        *work += count;
        tw_ring_consume(recorder->entries, count);
    }
    return TW_OK;
}

static tw_status write_rows(tw_recorder *recorder, uint64_t *work, tw_error *error) {
    const void *records = NULL;
    size_t count;
    size_t waiting = tw_ring_count(recorder->rows);
    size_t written = 0;
    while (written < waiting && (count = tw_ring_peek(recorder->rows, 256, &records)) > 0) {
        const recorder_row *rows = records;
        for (size_t i = 0; i < count; i++) {
            tw_status status = write_row(recorder, &rows[i], error);
            if (status == TW_FULL && make_room(recorder, error) == TW_OK)
                status = write_row(recorder, &rows[i], error);
            if (status != TW_OK)
                return status;
        }
        written += count;
        tw_ring_consume(recorder->rows, count);
    }
    recorder->batch_rows += (uint32_t)written;
    recorder->figures.rows += written;
    *work += written;
    return TW_OK;
}

static void tell_commit(tw_recorder *recorder, int64_t began_ns) {
    int64_t now_ns = tw_time_monotonic_ns();
    tw_recorder_commit done = {.rows = recorder->batch_rows,
                               .urgent = recorder->batch_urgent,
                               .elapsed_ns = now_ns - began_ns};
    recorder->figures.commits++;
    recorder->figures.commits_urgent += done.urgent;
    tw_histogram_record(&recorder->commit_times[done.urgent], done.elapsed_ns);
    tw_histogram_record(&recorder->batch_sizes, done.rows);
    if (done.urgent)
        tw_flight_note(recorder->config.flight, now_ns, "commit", done.rows, done.elapsed_ns,
                       tw_slice_of(""));
    if (recorder->config.on_commit != NULL)
        recorder->config.on_commit(recorder->config.context, &done);
}

static tw_status commit(tw_recorder *recorder, tw_error *error) {
    tw_store_durability durability = recorder->batch_urgent ? TW_STORE_FULL : TW_STORE_NORMAL;
    int64_t began_ns = tw_time_monotonic_ns();
    tw_status status = tw_store_commit(recorder->store, durability, error);
    if (status != TW_OK)
        return status;
    tell_commit(recorder, began_ns);
    if (recorder->batch_sequence != 0) {
        atomic_store_explicit(&recorder->durable, recorder->batch_sequence, memory_order_release);
        if (recorder->config.on_durable != NULL)
            recorder->config.on_durable(recorder->config.context);
    }
    recorder->batch_rows = 0;
    recorder->batch_urgent = false;
    recorder->batch_sequence = 0;
    recorder->batch_began_ns = 0;
    return TW_OK;
}

static tw_status fail(tw_recorder *recorder, tw_status status, const tw_error *error) {
    recorder->failure = *error;
    recorder->failure.status = status;
    tw_flight_note(recorder->config.flight, tw_time_monotonic_ns(), "store failed", status, 0,
                   tw_slice_of(tw_status_name(status)));
    atomic_store_explicit(&recorder->health, status, memory_order_release);
    if (recorder->config.on_durable != NULL)
        recorder->config.on_durable(recorder->config.context);
    return status;
}

tw_status tw_recorder_turn(tw_recorder *recorder, int64_t now_ns, uint64_t *ret_work,
                           tw_error *error) {
    tw_error own = {0};
    *ret_work = 0;
    if (recorder->failure.status != TW_OK) {
        if (error != NULL)
            *error = recorder->failure;
        return recorder->failure.status;
    }
    tw_status status = write_entries(recorder, ret_work, &own);
    if (status == TW_OK)
        status = write_rows(recorder, ret_work, &own);
    if (status == TW_OK && recorder->batch_rows > 0) {
        if (recorder->batch_began_ns == 0)
            recorder->batch_began_ns = now_ns;
        bool due = recorder->batch_urgent || recorder->batch_rows >= recorder->config.commit_rows ||
                   now_ns - recorder->batch_began_ns >= recorder->config.commit_delay_ns;
        if (due)
            status = commit(recorder, &own);
    }
    if (status == TW_OK)
        return TW_OK;
    if (error != NULL)
        *error = own;
    return fail(recorder, status, &own);
}

tw_status tw_recorder_flush(tw_recorder *recorder, tw_error *error) {
    uint64_t work = 0;
    tw_status status = TW_OK;
    do
        status = tw_recorder_turn(recorder, recorder->batch_began_ns, &work, error);
    while (status == TW_OK && work > 0);
    if (status != TW_OK || recorder->batch_rows == 0)
        return status;
    tw_error own = {0};
    status = commit(recorder, &own);
    if (status != TW_OK && error != NULL)
        *error = own;
    return status == TW_OK ? TW_OK : fail(recorder, status, &own);
}

const tw_error *tw_recorder_failure(const tw_recorder *recorder) {
    return &recorder->failure;
}

/* ---- what it tells about itself ------------------------------------------------------------ */

void tw_recorder_figures_of(const tw_recorder *recorder, tw_recorder_figures *ret_figures) {
    *ret_figures = recorder->figures;
    ret_figures->durable = atomic_load_explicit(&recorder->durable, memory_order_relaxed);
    ret_figures->rows_waiting = (uint32_t)tw_ring_count(recorder->rows);
    ret_figures->entries_waiting = (uint32_t)tw_ring_count(recorder->entries);
    ret_figures->failed = recorder->failure.status != TW_OK;
}

const tw_histogram *tw_recorder_commit_latency(const tw_recorder *recorder, bool urgent) {
    return &recorder->commit_times[urgent];
}

const tw_histogram *tw_recorder_batch_sizes(const tw_recorder *recorder) {
    return &recorder->batch_sizes;
}
