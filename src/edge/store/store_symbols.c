/*
 * store_symbols.c - the numbers of symbols: ids in the store, indexes in the table of the caller.
 *
 * Idea: both maps are arrays that fill as names are met. An id that an open batch has given is
 * above committed_id, so that giving up the batch finds and forgets it.
 */
#include "store_priv.h"

tw_status store_no_room_for_symbol(const tw_store *store, tw_error *error) {
    return tw_error_set(error, TW_FULL, "%s: there is no room for more than %lu symbols",
                        store->path, (unsigned long)store->symbol_count_max);
}

static void map_symbol(tw_store *store, tw_symbol symbol, uint32_t id) {
    store->id_of[symbol] = id;
    store->index_of[id] = symbol + 1;
}

void store_forget_symbols(tw_store *store) {
    for (uint32_t id = store->committed_id + 1; id <= store->last_id; id++) {
        if (store->index_of[id] != 0)
            store->id_of[store->index_of[id] - 1] = 0;
        store->index_of[id] = 0;
    }
    store->last_id = store->committed_id;
}

static tw_status add_symbol(tw_store *store, store_value name, int64_t *ret_id, tw_error *error) {
    if (store->last_id >= store->symbol_count_max)
        return store_no_room_for_symbol(store, error);
    *ret_id = (int64_t)store->last_id + 1;
    const store_value row[] = {store_number(*ret_id), name};
    tw_status status = store_put(store, SQL_PUT_SYMBOL, row, error);
    if (status != TW_OK)
        return status;
    store->last_id++;
    return TW_OK;
}

tw_status store_id_of(tw_store *store, tw_symbol symbol, bool add, int64_t *ret_id,
                      tw_error *error) {
    if (symbol >= store->symbol_count_max)
        return store_no_room_for_symbol(store, error);
    *ret_id = store->id_of[symbol];
    if (*ret_id != 0)
        return TW_OK;
    tw_slice text = tw_slice_of(tw_symbols_name(store->symbols, symbol));
    store_value name = store_text(text.data, text.size);
    tw_status status = TW_OK;
    if (add)
        status = store_look_up(store, SQL_FIND_SYMBOL, &name, store_keep_number, ret_id, error);
    else
        status =
            store->backend->select(store, SQL_FIND_SYMBOL, &name, store_keep_number, ret_id, error);
    if (status == TW_OK && *ret_id == 0 && add)
        status = add_symbol(store, name, ret_id, error);
    if (status != TW_OK || *ret_id == 0)
        return status;
    if (*ret_id < 0 || *ret_id > store->symbol_count_max)
        return store_no_room_for_symbol(store, error);
    map_symbol(store, symbol, (uint32_t)*ret_id);
    return TW_OK;
}

static tw_status on_name(tw_store *store, const store_value *row, void *context, tw_error *error) {
    tw_symbol *ret_symbol = context;
    if (store->symbols_lock != NULL)
        tw_lock_acquire(store->symbols_lock, NULL);
    tw_status status =
        tw_symbols_intern(store->symbols, (tw_slice){row[0].text, row[0].size}, ret_symbol);
    if (store->symbols_lock != NULL)
        tw_lock_release(store->symbols_lock, NULL);
    if (status == TW_FULL || (status == TW_OK && *ret_symbol >= store->symbol_count_max))
        return store_no_room_for_symbol(store, error);
    if (status != TW_OK)
        return tw_error_set(error, TW_CORRUPT, "%s: a symbol has a name that cannot be",
                            store->path);
    return TW_OK;
}

tw_status store_index_of(tw_store *store, int64_t id, tw_symbol *ret_symbol, tw_error *error) {
    if (id < 1)
        return tw_error_set(error, TW_CORRUPT, "%s: a row names symbol %lld, which cannot be",
                            store->path, (long long)id);
    if (id > store->symbol_count_max)
        return store_no_room_for_symbol(store, error);
    if (store->index_of[id] != 0) {
        *ret_symbol = store->index_of[id] - 1;
        return TW_OK;
    }
    *ret_symbol = TW_SYMBOL_NONE;
    store_value key = store_number(id);
    tw_status status =
        store->backend->select(store, SQL_NAME_SYMBOL, &key, on_name, ret_symbol, error);
    if (status == TW_OK && *ret_symbol == TW_SYMBOL_NONE)
        status = tw_error_set(error, TW_CORRUPT, "%s: a row names symbol %lld, which is not there",
                              store->path, (long long)id);
    if (status == TW_OK)
        map_symbol(store, *ret_symbol, (uint32_t)id);
    return status;
}
