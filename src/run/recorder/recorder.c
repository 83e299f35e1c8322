/*
 * recorder.c - two rings into one writer.
 *
 * Invariants
 *  1. Rows are put in the order in which they were pushed, journal entries likewise.
 *  2. `durable` moves only after a FULL commit that holds the entry and every row that was pushed
 *     before it: rows are read after entries, and a turn reads all that were there by then.
 *  3. A batch ends where the engine has said that a whole ends, so that no crash leaves a fill
 *     without its order. When a ring is full in the middle of a whole, what is there is put into
 *     the batch to make room, and the batch waits for its end.
 *  4. After a failure nothing is written any more, and `durable` stands still.
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
    uint32_t taken_rows; /* off the rings, ever; both wrap around */
    uint32_t taken_entries;
    _Atomic uint64_t durable;
    _Atomic int health;     /* tw_status */
    _Atomic uint64_t whole; /* rows and entries that a whole has ended with (span_word) */
    /* Of the engine's thread: pushed, ever. */
    uint32_t pushed_rows;
    uint32_t pushed_entries;
    uint32_t told_entries; /* when the recorder was woken last */
    bool told_full;        /* the newest row found no room, and the recorder was woken for it */
};

/* Not a word of span_word: the engine has never told of a whole, and each row is one. */
static const uint64_t NEVER_TOLD = UINT64_MAX;

static uint64_t span_word(uint32_t rows, uint32_t entries) {
    uint64_t word = (uint64_t)rows << 32 | entries;
    return word == NEVER_TOLD ? NEVER_TOLD - 1 : word;
}

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
    atomic_init(&recorder->whole, NEVER_TOLD);
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

/* Written where it stands in the ring: a trade is a fifth of the largest row. The recorder looks by
 * itself after the commit delay; it is woken early when rows pile up. */
static tw_status push_row(tw_recorder *recorder, row_kind kind, const void *row, size_t size) {
    void *place = NULL;
    bool full = tw_ring_claim(recorder->rows, 1, &place) == 0;
    if (!full) {
        recorder_row *to = place;
        to->kind = kind;
        memcpy(&to->as, row, size);
        tw_ring_commit(recorder->rows, 1);
        recorder->pushed_rows++;
    }
    bool piles_up = tw_ring_count(recorder->rows) == tw_ring_capacity(recorder->rows) / 4;
    if (full ? !recorder->told_full : piles_up)
        wake(recorder);
    recorder->told_full = full;
    return full ? TW_FULL : TW_OK;
}

static tw_status put_trade(void *context, const tw_trade *trade) {
    return push_row(context, ROW_TRADE, trade, sizeof *trade);
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    return push_row(context, ROW_BAR, bar, sizeof *bar);
}

static tw_status put_order(void *context, const tw_order *order) {
    return push_row(context, ROW_ORDER, order, sizeof *order);
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    return push_row(context, ROW_FILL, fill, sizeof *fill);
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    tw_recorder *recorder = context;
    tw_status status = tw_ring_push(recorder->entries, entry);
    recorder->pushed_entries += status == TW_OK;
    if (status == TW_FULL ||
        atomic_load_explicit(&recorder->whole, memory_order_relaxed) == NEVER_TOLD)
        wake(recorder);
    return status;
}

static void whole(void *context) {
    tw_recorder *recorder = context;
    atomic_store_explicit(&recorder->whole,
                          span_word(recorder->pushed_rows, recorder->pushed_entries),
                          memory_order_release);
    if (recorder->told_entries != recorder->pushed_entries)
        wake(recorder);
    recorder->told_entries = recorder->pushed_entries;
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
        .whole = whole,
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

static size_t at_most(size_t count, size_t most) {
    return count < most ? count : most;
}

/* How much a turn takes off the rings, and whether a batch may end behind it. */
typedef struct span {
    size_t rows;
    size_t entries;
    bool whole;
} span;

static bool is_full(const tw_ring *ring) {
    return tw_ring_count(ring) == tw_ring_capacity(ring);
}

/* Up to the newest whole; beyond it only to make room. */
static span next_span(const tw_recorder *recorder) {
    uint64_t word = atomic_load_explicit(&recorder->whole, memory_order_acquire);
    int32_t rows = (int32_t)((uint32_t)(word >> 32) - recorder->taken_rows);
    int32_t entries = (int32_t)((uint32_t)word - recorder->taken_entries);
    if (word == NEVER_TOLD)
        return (span){SIZE_MAX, SIZE_MAX, true};
    if (rows >= 0 && entries >= 0 && rows + entries > 0)
        return (span){(size_t)rows, (size_t)entries, true};
    if (is_full(recorder->rows) || is_full(recorder->entries))
        return (span){SIZE_MAX, SIZE_MAX, false};
    return (span){.whole = rows == 0 && entries == 0};
}

static tw_status write_entries(tw_recorder *recorder, size_t count_max, uint64_t *work,
                               tw_error *error) {
    const void *records = NULL;
    size_t count;
    size_t written = 0;
    while (written < count_max &&
           (count = tw_ring_peek(recorder->entries, at_most(count_max - written, 64), &records)) >
               0) {
        const tw_journal_entry *entries = records;
        for (size_t i = 0; i < count; i++) {
            tw_status status = write_entry(recorder, &entries[i], error);
            if (status == TW_FULL && make_room(recorder, error) == TW_OK)
                status = write_entry(recorder, &entries[i], error);
            if (status != TW_OK)
                return status;
        }
        written += count;
        tw_ring_consume(recorder->entries, count);
    }
    recorder->batch_rows += (uint32_t)written;
    recorder->taken_entries += (uint32_t)written;
    recorder->figures.entries += written;
    *work += written;
    return TW_OK;
}

static tw_status write_rows(tw_recorder *recorder, size_t count_max, uint64_t *work,
                            tw_error *error) {
    const void *records = NULL;
    size_t count;
    size_t waiting = at_most(tw_ring_count(recorder->rows), count_max);
    size_t written = 0;
    while (written < waiting &&
           (count = tw_ring_peek(recorder->rows, at_most(waiting - written, 256), &records)) > 0) {
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
    recorder->taken_rows += (uint32_t)written;
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

static tw_status write_span(tw_recorder *recorder, const span *take, int64_t now_ns, bool at_once,
                            uint64_t *ret_work, tw_error *error) {
    tw_error own = {0};
    *ret_work = 0;
    if (recorder->failure.status != TW_OK) {
        if (error != NULL)
            *error = recorder->failure;
        return recorder->failure.status;
    }
    tw_status status = write_entries(recorder, take->entries, ret_work, &own);
    if (status == TW_OK)
        status = write_rows(recorder, take->rows, ret_work, &own);
    if (status == TW_OK && recorder->batch_rows > 0) {
        if (recorder->batch_began_ns == 0)
            recorder->batch_began_ns = now_ns;
        bool due = at_once || recorder->batch_urgent ||
                   recorder->batch_rows >= recorder->config.commit_rows ||
                   now_ns - recorder->batch_began_ns >= recorder->config.commit_delay_ns;
        if (due && take->whole)
            status = commit(recorder, &own);
    }
    if (status == TW_OK)
        return TW_OK;
    if (error != NULL)
        *error = own;
    return fail(recorder, status, &own);
}

tw_status tw_recorder_turn(tw_recorder *recorder, int64_t now_ns, uint64_t *ret_work,
                           tw_error *error) {
    span take = next_span(recorder);
    return write_span(recorder, &take, now_ns, false, ret_work, error);
}

/* Nobody adds to what is there: all of it is whole. */
tw_status tw_recorder_flush(tw_recorder *recorder, tw_error *error) {
    static const span all = {SIZE_MAX, SIZE_MAX, true};
    uint64_t work = 0;
    return write_span(recorder, &all, recorder->batch_began_ns, true, &work, error);
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
