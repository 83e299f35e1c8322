/*
 * store.c - open, batches and their states, close; the same for every database.
 *
 * Idea: the rules of a store (what is in a batch, when it must be durable, what a failure leaves)
 * stand here, once. A backend begins, writes, commits and rolls back, and says what went wrong.
 *
 * Invariants (the states are drawn in tradewind/store.h):
 *   1. BATCH if and only if the backend has a transaction open for writing.
 *   2. The maps of symbols and places, last_sequence, last_checksum and last_id describe the store
 * with the open batch; giving up a batch brings them back to what was committed.
 *   3. Nothing is written in FAILED: not by close either.
 */
#include <stdio.h>
#include <string.h>

#include "store_priv.h"

const store_statement store_statements[SQL_COUNT] = {
#define STORE_SQL_PUT(name, kinds, table, columns, rest) \
    [SQL_##name] = {"INSERT INTO " table "(" columns ")" rest, kinds, "", table, columns},
#define STORE_SQL_READ(name, parameters, results, text) \
    [SQL_##name] = {text, parameters, results, NULL, NULL},
    STORE_PUTS(STORE_SQL_PUT) STORE_READS(STORE_SQL_READ)
#undef STORE_SQL_PUT
#undef STORE_SQL_READ
};

/* ---- batches ---- */

/* Brings the maps back to what was committed (invariant 2). */
static void restore_maps(tw_store *store) {
    uint32_t count = tw_symbols_count(store->symbols);
    if (count > store->symbol_count_max)
        count = store->symbol_count_max;
    for (uint32_t i = 0; i < count; i++) {
        if (store->trade_places[i].batch == store->batch)
            store->trade_places[i].now = store->trade_places[i].before;
        if (store->quote_places[i].batch == store->batch)
            store->quote_places[i].now = store->quote_places[i].before;
    }
    store_forget_symbols(store);
    store->last_sequence = store->committed_sequence;
    store->last_checksum = store->committed_checksum;
}

/* The next batch begins with nothing. */
static void turn_page(tw_store *store) {
    store->batch++;
    store->batch_put = store->batch_skipped = 0;
    store->batch_is_durable = false;
    memset(store->touched, 0, sizeof store->touched);
    store->figures.batch_rows = 0;
}

static void end_with(tw_store *store, const tw_error *error, store_state state) {
    if (store->state == STORE_FAILED)
        return;
    store->state = state;
    store->lost = *error;
}

void store_fail(tw_store *store, const tw_error *error) {
    end_with(store, error, STORE_FAILED);
}

tw_status store_lose_batch(tw_store *store, tw_status status, const tw_error *error) {
    bool rolled_back = store->backend->rollback(store);
    restore_maps(store);
    turn_page(store);
    bool harmless = status == TW_NO_SPACE || status == TW_NO_MEMORY || status == TW_BUSY ||
                    status == TW_INTERRUPTED || status == TW_RANGE || status == TW_UNREACHABLE ||
                    status == TW_TIMEOUT;
    end_with(store, error, rolled_back && harmless ? STORE_ABORTED : STORE_FAILED);
    return status;
}

/* Hands an own error on to the caller's, who may not want it. */
static tw_status tell(tw_status status, const tw_error *own, tw_error *error) {
    if (error != NULL)
        *error = *own;
    return status;
}

tw_status store_put(tw_store *store, store_sql which, const store_value *row, tw_error *error) {
    tw_error own = {0};
    tw_status status = store->backend->put(store, which, row, &own);
    if (status == TW_OK)
        return TW_OK;
    return tell(store_lose_batch(store, status, &own), &own, error);
}

tw_status store_look_up(tw_store *store, store_sql which, const store_value *parameters,
                        store_on_row on_row, void *context, tw_error *error) {
    TW_ASSERT(store->state == STORE_BATCH);
    tw_error own = {0};
    tw_status status = store->backend->select(store, which, parameters, on_row, context, &own);
    if (status == TW_OK)
        return TW_OK;
    return tell(store_lose_batch(store, status, &own), &own, error);
}

static tw_status check_writable(const tw_store *store, tw_error *error) {
    if (store->mode == TW_STORE_READ)
        return tw_error_set(error, TW_READ_ONLY, "%s was opened for reading", store->path);
    if (store->state == STORE_READY || store->state == STORE_BATCH)
        return TW_OK;
    return tell(store->lost.status, &store->lost, error);
}

tw_status store_enter_batch(tw_store *store, size_t count, bool durable, tw_error *error) {
    tw_status status = check_writable(store, error);
    if (status != TW_OK)
        return status;
    if (count > store->batch_rows_max - store->figures.batch_rows)
        return tw_error_set(error, TW_FULL,
                            "%s: the batch holds %lu of %lu rows and %zu more do not fit; commit",
                            store->path, (unsigned long)store->figures.batch_rows,
                            (unsigned long)store->batch_rows_max, count);
    if (store->state == STORE_READY) {
        tw_error own = {0};
        status = store->backend->begin(store, &own);
        if (status == TW_BUSY)
            return tell(status, &own, error);
        if (status != TW_OK)
            return tell(store_lose_batch(store, status, &own), &own, error);
        store->state = STORE_BATCH;
    }
    store->figures.batch_rows += (uint32_t)count;
    store->batch_is_durable |= durable;
    return TW_OK;
}

static tw_status end_batch(tw_store *store, bool full, tw_error *error) {
    tw_status status = store->backend->commit(store, full, error);
    if (status != TW_OK)
        return store_lose_batch(store, status, error);
    store->state = STORE_READY;
    store->backend->announce(store, store->touched);
    store->committed_id = store->last_id;
    store->committed_sequence = store->last_sequence;
    store->committed_checksum = store->last_checksum;
    store->figures.rows_put += store->batch_put;
    store->figures.rows_skipped += store->batch_skipped;
    store->figures.commits++;
    store->figures.syncs += !store->unsynced;
    turn_page(store);
    return TW_OK;
}

static tw_status put_on_disk(tw_store *store, tw_error *error) {
    tw_status status = store->backend->sync(store, error);
    if (status != TW_OK && status != TW_UNREACHABLE) /* a server knows what its disk holds */
        store_fail(store, error);
    if (status != TW_OK)
        return status;
    store->unsynced = false;
    store->figures.syncs++;
    return TW_OK;
}

tw_status tw_store_commit(tw_store *store, tw_store_durability durability, tw_error *error) {
    TW_ASSERT(durability == TW_STORE_NORMAL || durability == TW_STORE_FULL);
    tw_status status = check_writable(store, error);
    if (status != TW_OK)
        return status;
    tw_error own = {0};
    bool full = durability == TW_STORE_FULL || store->batch_is_durable;
    if (store->state == STORE_BATCH)
        status = end_batch(store, full, &own);
    if (status == TW_OK && full && store->unsynced)
        status = put_on_disk(store, &own);
    if (status != TW_OK)
        return tell(status, &own, error);
    store->backend->tend(store);
    return TW_OK;
}

void tw_store_drop_batch(tw_store *store) {
    if (store->state == STORE_ABORTED)
        store->state = STORE_READY;
    if (store->state != STORE_BATCH)
        return;
    bool gone = store->backend->rollback(store);
    restore_maps(store);
    turn_page(store);
    store->state = STORE_READY;
    if (gone)
        return;
    tw_error reason = {0};
    tw_error_set(&reason, TW_IO, "%s: a batch could not be dropped; open the store again",
                 store->path);
    store_fail(store, &reason);
}

void tw_store_begin_series(tw_store *store) {
    store->series++;
}

tw_status store_keep_number(tw_store *store, const store_value *row, void *context,
                            tw_error *error) {
    (void)store;
    (void)error;
    *(int64_t *)context = row[0].number;
    return TW_OK;
}

tw_status store_integer(tw_store *store, store_sql which, int64_t *ret_value, tw_error *error) {
    return store->backend->select(store, which, NULL, store_keep_number, ret_value, error);
}

/* ---- open and close ---- */

static void release_memory(tw_store *store) {
    const tw_allocator *allocator = store->allocator;
    uint32_t count = store->symbol_count_max;
    TW_DELETE(allocator, store->quote_places, count, store_places);
    TW_DELETE(allocator, store->trade_places, count, store_places);
    TW_DELETE(allocator, store->index_of, count + 1U, tw_symbol);
    TW_DELETE(allocator, store->id_of, count, uint32_t);
    TW_DELETE(allocator, store->path, store->path_size, char);
    TW_DELETE(allocator, store, 1, tw_store);
}

static bool copy_path(tw_store *store, const char *path) {
    /* SQLite gives names that begin with a colon another meaning. */
    const char *prefix = path[0] == ':' ? "./" : "";
    store->path_size = strlen(prefix) + strlen(path) + TW_STORE_MASK_SIZE;
    store->path = TW_NEW(store->allocator, store->path_size, char);
    if (store->path != NULL)
        snprintf(store->path, store->path_size, "%s%s", prefix, path);
    return store->path != NULL;
}

static tw_status take_memory(const tw_store_config *config, tw_store **ret_store, tw_error *error) {
    const tw_allocator *allocator =
        config->allocator == NULL ? tw_allocator_system() : config->allocator;
    tw_store *store = TW_NEW(allocator, 1, tw_store);
    if (store == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open a store");
    store->allocator = allocator;
    store->mode = (tw_store_mode)config->mode;
    store->symbols = config->symbols;
    store->symbols_lock = config->symbols_lock;
    store->statistics = config->statistics;
    store->symbol_count_max =
        config->symbol_count_max == 0 ? TW_STORE_SYMBOL_COUNT_DEFAULT : config->symbol_count_max;
    store->batch_rows_max =
        config->batch_rows == 0 ? TW_STORE_BATCH_ROWS_DEFAULT : config->batch_rows;
    store->batch = store->series = 1;
    uint32_t count = store->symbol_count_max;
    store->id_of = TW_NEW(allocator, count, uint32_t);
    store->index_of = TW_NEW(allocator, count + 1U, tw_symbol);
    store->trade_places = TW_NEW(allocator, count, store_places);
    store->quote_places = TW_NEW(allocator, count, store_places);
    if (!copy_path(store, config->path) || store->id_of == NULL || store->index_of == NULL ||
        store->trade_places == NULL || store->quote_places == NULL) {
        release_memory(store);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open a store");
    }
    *ret_store = store;
    return TW_OK;
}

/* What the backend has read at open must fit what was asked for. */
static tw_status check_fit(tw_store *store, tw_error *error) {
    if (store->epoch == 0)
        return tw_error_set(error, TW_CORRUPT, "%s has lost its epoch", store->path);
    if (store->chained_after > INT64_MAX || store->quarantines > STORE_QUARANTINES_MAX)
        return tw_error_set(error, TW_CORRUPT, "%s has lost the marks of its journal", store->path);
    if (store->last_id > store->symbol_count_max)
        return tw_error_set(error, TW_FULL, "%s has %lu symbols; there is room for %lu",
                            store->path, (unsigned long)store->last_id,
                            (unsigned long)store->symbol_count_max);
    store->committed_id = store->last_id;
    store->committed_sequence = store->last_sequence;
    store->committed_checksum = store->last_checksum;
    return TW_OK;
}

static const store_backend *backend_for(const char *path) {
    return tw_store_is_server(path) ? &store_postgres : &store_sqlite;
}

tw_status tw_store_open(const tw_store_config *config, tw_store **ret_store, tw_error *error) {
    TW_ASSERT(config != NULL && config->path != NULL && ret_store != NULL);
    TW_ASSERT(config->symbols != NULL && config->mode <= TW_STORE_WRITE);
    TW_ASSERT(config->page_size == 0 || (config->page_size >= 512 && config->page_size <= 65536 &&
                                         (config->page_size & (config->page_size - 1)) == 0));
    TW_ASSERT(config->batch_rows <= TW_STORE_BATCH_ROWS_MAX && config->busy_timeout_ns >= 0);
    const store_backend *backend = backend_for(config->path);
    if (config->path[0] == '\0')
        return tw_error_set(error, TW_INVALID, "the name of the store is empty");
    tw_store *store = NULL;
    tw_status status = take_memory(config, &store, error);
    if (status != TW_OK)
        return status;
    TW_ASSERT(store != NULL);
    store->backend = backend;
    status = backend->open(store, config, error);
    if (status == TW_OK)
        status = check_fit(store, error);
    if (status != TW_OK) {
        store->state = STORE_FAILED; /* nothing more is written */
        (void)tw_store_close(store, NULL);
        return status;
    }
    *ret_store = store;
    return TW_OK;
}

tw_status tw_store_close(tw_store *store, tw_error *error) {
    if (store == NULL)
        return TW_OK;
    tw_store_drop_batch(store);
    tw_status status = store->backend->close(store, error);
    release_memory(store);
    return status;
}

void tw_store_free(tw_store *store) {
    (void)tw_store_close(store, NULL);
}

/* ---- what it is and has done ---- */

uint64_t tw_store_epoch(const tw_store *store) {
    return store->epoch;
}

uint64_t tw_store_quarantines(const tw_store *store) {
    return store->quarantines;
}

const char *tw_store_path(const tw_store *store) {
    return store->path;
}

const char *tw_store_backend(const tw_store *store) {
    return store->backend_name;
}

const char *tw_store_precautions(const tw_store *store) {
    return store->precautions == NULL ? "" : store->precautions;
}

void tw_store_read_figures(const tw_store *store, tw_store_figures *ret_figures) {
    *ret_figures = store->figures;
    ret_figures->rows_put += store->batch_put;
    ret_figures->rows_skipped += store->batch_skipped;
}

tw_status tw_store_describe(tw_store *store, tw_store_description *ret_description,
                            tw_error *error) {
    tw_store_description description = {.schema_version = store->version};
    tw_status status = store->backend->describe(store, &description, error);
    if (status == TW_OK)
        *ret_description = description;
    return status;
}

static tw_status check_idle(const tw_store *store, const char *what, tw_error *error) {
    if (store->state != STORE_BATCH)
        return TW_OK;
    return tw_error_set(error, TW_STATE, "%s: a batch is open; commit it before %s", store->path,
                        what);
}

tw_status tw_store_backup(tw_store *store, const char *path, tw_error *error) {
    tw_status status = check_idle(store, "a backup", error);
    return status == TW_OK ? store->backend->backup(store, path, error) : status;
}

tw_status tw_store_vacuum(tw_store *store, tw_error *error) {
    tw_status status = check_writable(store, error);
    if (status == TW_OK)
        status = check_idle(store, "tidying up", error);
    return status == TW_OK ? store->backend->vacuum(store, error) : status;
}
