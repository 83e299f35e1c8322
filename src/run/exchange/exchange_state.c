/*
 * exchange_state.c - see exchange_state.h.
 *
 * What has changed is found by comparing hashes of records with those that were saved, so that no
 * change can be forgotten by whoever makes it. Looked at are: all accounts and watchlists, all
 * holdings, new orders and those that were open when they were saved last: a final order never
 * changes again.
 */
#include <string.h>

#include "exchange_state_priv.h"

/* Which structs the file holds: another size is another layout. */
static uint32_t layout_of(void) {
    static const size_t sizes[] = {1,
                                   sizeof(state_point),
                                   sizeof(ledger_account),
                                   sizeof(ledger_holding),
                                   sizeof(ledger_order),
                                   sizeof(account_activity),
                                   sizeof(watchlist),
                                   sizeof(account_day),
                                   sizeof(equity_point)};
    return (uint32_t)text_hash((tw_slice){(const char *)sizes, sizeof sizes}, 0);
}

/* A hash of eight bytes at a time; 0 is kept for what was never saved. */
static uint64_t hash_of(const void *bytes, size_t size) {
    uint64_t hash = size;
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, (const char *)bytes + i, size - i < sizeof word ? size - i : sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash == 0 ? 1 : hash;
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status on_point(void *context, uint64_t number, const void *bytes, size_t size) {
    state_point *point = context;
    if (number != 0 || size != sizeof *point)
        return TW_INVALID;
    memcpy(point, bytes, sizeof *point);
    return TW_OK;
}

tw_status exchange_state_open(const tw_allocator *allocator, const char *path,
                              exchange_state **ret_state, state_point *ret_point, tw_error *error) {
    exchange_state *state = TW_NEW(allocator, 1, exchange_state);
    if (state == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the state");
    state->allocator = allocator;
    state->saved_activity_end = 1;
    tw_status status = state_file_open(allocator, path, layout_of(), &state->file, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_POINT, on_point, &state->point, error);
    if (status != TW_OK) {
        exchange_state_close(state);
        return status;
    }
    *ret_point = state->point;
    *ret_state = state;
    return TW_OK;
}

void exchange_state_close(exchange_state *state) {
    if (state == NULL)
        return;
    state_file_close(state->file);
    size_t holdings = (size_t)state->account_count * state->symbol_count;
    TW_DELETE(state->allocator, state->prices, state->symbol_count, tw_price);
    TW_DELETE(state->allocator, state->holding_hashes, holdings, uint64_t);
    TW_DELETE(state->allocator, state->order_hashes, state->order_count_max, uint64_t);
    TW_DELETE(state->allocator, state->open_orders, state->order_count_max, uint32_t);
    TW_DELETE(state->allocator, state, 1, exchange_state);
}

static tw_status on_symbol(void *context, uint64_t number, const void *bytes, size_t size) {
    const exchange_state *state = context;
    bool same = number < state->symbol_count &&
                tw_slice_equal_string((tw_slice){bytes, size},
                                      tw_symbols_name(state->symbols, (tw_symbol)number));
    return same ? TW_OK : TW_INVALID;
}

static tw_status on_prices(void *context, uint64_t number, const void *bytes, size_t size) {
    exchange_state *state = context;
    if (number != 0 || size > state->symbol_count * sizeof state->prices[0])
        return TW_INVALID;
    memcpy(state->prices, bytes, size);
    return TW_OK;
}

tw_status exchange_state_set_symbols(exchange_state *state, const tw_symbols *symbols,
                                     tw_error *error) {
    TW_ASSERT(state->symbols == NULL);
    state->symbols = symbols;
    state->symbol_count = tw_symbols_count(symbols);
    state->prices = TW_NEW(state->allocator, state->symbol_count, tw_price);
    if (state->prices == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the state");
    tw_status status = state_file_read(state->file, RECORD_SYMBOL, on_symbol, state, error);
    if (status == TW_INVALID)
        return tw_error_set(error, status,
                            "the state was kept for other symbols: give the same ones first, in "
                            "the same order");
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_PRICES, on_prices, state, error);
    return status;
}

const tw_price *exchange_state_prices(const exchange_state *state) {
    return state->prices;
}

/* ---- loading ------------------------------------------------------------------------------- */

static tw_status on_key(void *context, uint64_t number, const void *bytes, size_t size) {
    state_keys *keys = context;
    ledger_account saved;
    if (number != keys->count || number >= LEDGER_ACCOUNT_COUNT_MAX || size != sizeof saved)
        return TW_CORRUPT;
    memcpy(&saved, bytes, sizeof saved);
    if (memchr(saved.key, '\0', sizeof saved.key) == NULL)
        return TW_CORRUPT;
    memcpy(keys->keys[keys->count++], saved.key, sizeof saved.key);
    return TW_OK;
}

tw_status exchange_state_keys(exchange_state *state, state_keys *ret_keys, tw_error *error) {
    *ret_keys = (state_keys){.count = 0};
    return state_file_read(state->file, RECORD_ACCOUNT, on_key, ret_keys, error);
}

/* The account is as it was, but for what the configuration says of it. */
static tw_status on_account(void *context, uint64_t number, const void *bytes, size_t size) {
    account_ledger *ledger = ((exchange_state *)context)->ledger;
    ledger_account saved;
    if (number >= ledger->account_count || size != sizeof saved)
        return TW_INVALID;
    ledger_account *account = &ledger->accounts[number];
    memcpy(&saved, bytes, sizeof saved);
    if (strcmp(saved.key, account->key) != 0)
        return TW_INVALID;
    memcpy(saved.secret, account->secret, sizeof saved.secret);
    memcpy(saved.name, account->name, sizeof saved.name);
    saved.closed = account->closed;
    saved.no_shorting = account->no_shorting;
    saved.holdings = account->holdings;
    saved.multiplier_max = account->multiplier_max;
    *account = saved;
    ((exchange_state *)context)->kept_account_count = (uint32_t)number + 1;
    equity_past_clear(&ledger->pasts[number]);
    return TW_OK;
}

static tw_status on_holding(void *context, uint64_t number, const void *bytes, size_t size) {
    exchange_state *state = context;
    account_ledger *ledger = state->ledger;
    uint64_t account = number >> 32;
    uint64_t symbol = number & UINT32_MAX;
    if (account >= ledger->account_count || symbol >= ledger->symbol_count ||
        size != sizeof(ledger_holding))
        return TW_INVALID;
    memcpy(&ledger->accounts[account].holdings[symbol], bytes, size);
    account_note_holding(ledger, &ledger->accounts[account], (tw_symbol)symbol);
    state->holding_hashes[account * state->symbol_count + symbol] = hash_of(bytes, size);
    return TW_OK;
}

static tw_status on_order(void *context, uint64_t number, const void *bytes, size_t size) {
    account_ledger *ledger = ((exchange_state *)context)->ledger;
    ledger_order order;
    if (number != ledger->order_count || number >= ledger->order_count_max || size != sizeof order)
        return TW_INVALID;
    memcpy(&order, bytes, sizeof order);
    if (order.account >= ledger->account_count || order.order.symbol >= ledger->symbol_count)
        return TW_INVALID;
    order_recall(ledger, &order);
    return TW_OK;
}

static tw_status on_activity(void *context, uint64_t number, const void *bytes, size_t size) {
    exchange_state *state = context;
    account_activity activity;
    uint64_t first = 0;
    uint64_t end = 0;
    if (size != sizeof activity || number == 0)
        return TW_INVALID;
    memcpy(&activity, bytes, sizeof activity);
    activity_log_range(state->ledger->activities, &first, &end);
    if (first == end)
        activity_log_resume(state->ledger->activities, number);
    else if (number != end)
        return TW_INVALID;
    activity_log_put(state->ledger->activities, &activity);
    state->saved_activity_end = number + 1;
    return TW_OK;
}

static tw_status on_list(void *context, uint64_t number, const void *bytes, size_t size) {
    exchange_state *state = context;
    if (number >= WATCHLIST_COUNT_MAX || size != sizeof(watchlist))
        return TW_INVALID;
    memcpy(&watchlists_places(state->lists)[number], bytes, size);
    return TW_OK;
}

static tw_status take_memory(exchange_state *state) {
    const account_ledger *ledger = state->ledger;
    size_t holdings = (size_t)ledger->account_count * ledger->symbol_count;
    state->account_count = ledger->account_count;
    state->order_count_max = ledger->order_count_max;
    state->holding_hashes = TW_NEW(state->allocator, holdings, uint64_t);
    state->order_hashes = TW_NEW(state->allocator, ledger->order_count_max, uint64_t);
    state->open_orders = TW_NEW(state->allocator, ledger->order_count_max, uint32_t);
    return state->holding_hashes == NULL || state->order_hashes == NULL ||
                   state->open_orders == NULL
               ? TW_NO_MEMORY
               : TW_OK;
}

static tw_status read_all(exchange_state *state, tw_error *error) {
    tw_status status = state_file_read(state->file, RECORD_ACCOUNT, on_account, state, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_HOLDING, on_holding, state, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_ORDER, on_order, state, error);
    if (status == TW_OK && state->point.origin_ns != 0) {
        activity_log_clear(state->ledger->activities);
        status = state_file_read(state->file, RECORD_ACTIVITY, on_activity, state, error);
        for (uint32_t a = state->kept_account_count; a < state->account_count; a++)
            account_note_opening(state->ledger, &state->ledger->accounts[a]);
    }
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_WATCHLIST, on_list, state, error);
    if (status == TW_OK)
        status = exchange_state_load_days(state, error);
    return status;
}

/* Orders that are alive wait since they were read; now they go where this hour sends them: to the
 * floor, to their end, or on waiting. Nobody could cancel those of a closed account any more. */
static void reopen(exchange_state *state) {
    account_ledger *ledger = state->ledger;
    for (uint32_t i = 0; i < ledger->order_count; i++) {
        ledger_order *order = &ledger->orders[i];
        if (!order_is_live(order))
            continue;
        state->open_orders[state->open_count++] = i;
        if (ledger->accounts[order->account].closed)
            order_cancel_now(ledger, order);
    }
    state->saved_order_count = ledger->order_count;
    ledger_on_phase(ledger, floor_phase(ledger->floor));
}

static tw_status write_symbols(exchange_state *state, tw_error *error) {
    tw_status status = TW_OK;
    for (tw_symbol s = 0; status == TW_OK && s < state->symbol_count; s++) {
        tw_slice name = tw_slice_of(tw_symbols_name(state->symbols, s));
        status = state_file_put(state->file, RECORD_SYMBOL, s, name.data, name.size, error);
    }
    return status;
}

tw_status exchange_state_load(exchange_state *state, account_ledger *ledger, watchlists *lists,
                              int64_t origin_ns, tw_error *error) {
    TW_ASSERT(state->symbols != NULL && ledger->floor != NULL);
    state->ledger = ledger;
    state->lists = lists;
    if (take_memory(state) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the state");
    tw_status status = read_all(state, error);
    if (status != TW_OK)
        return status;
    state->point.start_count++;
    ledger_new_ids(ledger, state->point.start_count);
    watchlists_new_ids(lists, state->point.start_count);
    reopen(state);
    if (state->point.origin_ns == 0)
        state->point.origin_ns = origin_ns;
    status = write_symbols(state, error);
    state->touched = true;
    return status == TW_OK ? exchange_state_save(state, error) : status;
}

/* ---- saving -------------------------------------------------------------------------------- */

tw_status exchange_state_put(exchange_state *state, const state_record *record,
                             uint64_t *saved_hash, tw_error *error) {
    uint64_t hash = hash_of(record->bytes, record->size);
    if (hash == *saved_hash)
        return TW_OK;
    tw_status status = state_file_put(state->file, record->kind, record->number, record->bytes,
                                      record->size, error);
    if (status == TW_OK)
        *saved_hash = hash;
    return status;
}

static tw_status save_account(exchange_state *state, uint32_t index, tw_error *error) {
    const ledger_account *account = &state->ledger->accounts[index];
    ledger_account copy;
    memcpy(&copy, account, sizeof copy);
    memset(copy.secret, 0, sizeof copy.secret); /* a secret stays where it was configured */
    copy.holdings = NULL;
    tw_status status =
        exchange_state_put(state, &(state_record){RECORD_ACCOUNT, index, &copy, sizeof copy},
                           &state->account_hashes[index], error);
    for (tw_symbol s = 0; status == TW_OK && s < state->symbol_count; s++) {
        static const ledger_holding nothing = {0};
        uint64_t *hash = &state->holding_hashes[(size_t)index * state->symbol_count + s];
        const ledger_holding *holding = &account->holdings[s];
        if (*hash == 0 && memcmp(holding, &nothing, sizeof nothing) == 0)
            continue;
        status = exchange_state_put(
            state,
            &(state_record){RECORD_HOLDING, (uint64_t)index << 32 | s, holding, sizeof *holding},
            hash, error);
    }
    return status;
}

/* A trailing stop with the mark that it has now. */
static tw_status save_order(exchange_state *state, uint32_t index, tw_error *error) {
    const ledger_order *order = &state->ledger->orders[index];
    ledger_order copy;
    if (order->order.type == TW_ORDER_TRAILING_STOP) {
        memcpy(&copy, order, sizeof copy);
        ledger_look(state->ledger, &copy, &copy);
        order = &copy;
    }
    return exchange_state_put(state, &(state_record){RECORD_ORDER, index, order, sizeof *order},
                              &state->order_hashes[index], error);
}

static tw_status save_orders(exchange_state *state, tw_error *error) {
    const account_ledger *ledger = state->ledger;
    tw_status status = TW_OK;
    for (; state->saved_order_count < ledger->order_count; state->saved_order_count++)
        state->open_orders[state->open_count++] = state->saved_order_count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->open_count; i++) {
        uint32_t index = state->open_orders[i];
        const ledger_order *order = &ledger->orders[index];
        if (status == TW_OK)
            status = save_order(state, index, error);
        if (status != TW_OK || !tw_order_status_is_final((tw_order_status)order->order.status))
            state->open_orders[kept++] = index;
    }
    state->open_count = kept;
    return status;
}

static tw_status save_activities(exchange_state *state, tw_error *error) {
    uint64_t first = 0;
    uint64_t end = 0;
    tw_status status = TW_OK;
    activity_log_range(state->ledger->activities, &first, &end);
    if (state->saved_activity_end < first)
        state->saved_activity_end = first;
    while (status == TW_OK && state->saved_activity_end < end) {
        uint64_t number = state->saved_activity_end++;
        status = state_file_put(state->file, RECORD_ACTIVITY, number,
                                activity_log_at(state->ledger->activities, number),
                                sizeof(account_activity), error);
        uint64_t capacity = activity_log_capacity(state->ledger->activities);
        if (status == TW_OK && number > capacity) /* the ring has forgotten it */
            status = state_file_drop(state->file, RECORD_ACTIVITY, number - capacity, error);
    }
    return status;
}

static tw_status save_lists(exchange_state *state, tw_error *error) {
    const watchlist *places = watchlists_places(state->lists);
    tw_status status = TW_OK;
    for (uint32_t i = 0; status == TW_OK && i < WATCHLIST_COUNT_MAX; i++) {
        if (state->list_hashes[i] == 0 && places[i].id[0] == '\0')
            continue;
        status = exchange_state_put(
            state, &(state_record){RECORD_WATCHLIST, i, &places[i], sizeof places[i]},
            &state->list_hashes[i], error);
    }
    return status;
}

static tw_status save_prices(exchange_state *state, tw_error *error) {
    for (tw_symbol s = 0; s < state->symbol_count; s++)
        state->prices[s] = floor_price(state->ledger->floor, s);
    return exchange_state_put(state,
                              &(state_record){RECORD_PRICES, 0, state->prices,
                                              state->symbol_count * sizeof state->prices[0]},
                              &state->prices_hash, error);
}

void exchange_state_touch(exchange_state *state) {
    state->touched = true;
}

tw_status exchange_state_save(exchange_state *state, tw_error *error) {
    if (!state->touched)
        return TW_OK;
    state->point.now_ns = floor_now(state->ledger->floor);
    tw_status status =
        state_file_put(state->file, RECORD_POINT, 0, &state->point, sizeof state->point, error);
    if (status == TW_OK)
        status = save_prices(state, error);
    for (uint32_t a = 0; status == TW_OK && a < state->account_count; a++)
        status = save_account(state, a, error);
    if (status == TW_OK)
        status = save_orders(state, error);
    if (status == TW_OK)
        status = save_activities(state, error);
    if (status == TW_OK)
        status = save_lists(state, error);
    if (status == TW_OK)
        status = exchange_state_save_days(state, error);
    if (status == TW_OK)
        status = state_file_commit(state->file, error);
    state->touched = status != TW_OK;
    return status;
}
