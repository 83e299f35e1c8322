/* watchlists.c - see watchlists.h. Lists are few and short: places in an array. */
#include "watchlists.h"

#include <string.h>

#include "ledger.h"

struct watchlists {
    const tw_allocator *allocator;
    uint64_t seed;
    tw_random random;
    watchlist places[WATCHLIST_COUNT_MAX];
};

tw_status watchlists_new(const tw_allocator *allocator, uint64_t seed, watchlists **ret_lists) {
    watchlists *lists = TW_NEW(allocator, 1, watchlists);
    if (lists == NULL)
        return TW_NO_MEMORY;
    lists->allocator = allocator;
    lists->seed = seed;
    watchlists_new_ids(lists, 0);
    *ret_lists = lists;
    return TW_OK;
}

void watchlists_new_ids(watchlists *lists, uint64_t count) {
    tw_random_init(&lists->random, lists->seed, UINT64_C(0x7761746368) + count);
}

void watchlists_free(watchlists *lists) {
    if (lists != NULL)
        TW_DELETE(lists->allocator, lists, 1, watchlists);
}

watchlist *watchlists_places(watchlists *lists) {
    return lists->places;
}

watchlist *watchlists_find(watchlists *lists, uint32_t account, tw_slice id) {
    for (uint32_t i = 0; id.size > 0 && i < WATCHLIST_COUNT_MAX; i++) {
        watchlist *list = &lists->places[i];
        if (list->account == account && tw_slice_equal_string(id, list->id))
            return list;
    }
    return NULL;
}

watchlist *watchlists_find_name(watchlists *lists, uint32_t account, tw_slice name) {
    for (uint32_t i = 0; i < WATCHLIST_COUNT_MAX; i++) {
        watchlist *list = &lists->places[i];
        if (list->id[0] != '\0' && list->account == account &&
            tw_slice_equal_string(name, list->name))
            return list;
    }
    return NULL;
}

/* A name that `list` (NULL: a new one) may have. */
static tw_status check_name(watchlists *lists, const watchlist *list, uint32_t account,
                            tw_slice name, ledger_refusal *refusal) {
    if (name.size == 0)
        return refuse(refusal, 422, CODE_REQUEST, "watchlist name is required");
    if (name.size >= WATCHLIST_NAME_SIZE || memchr(name.data, '\0', name.size) != NULL)
        return refuse(refusal, 422, CODE_REQUEST, "watchlist name must have at most %d characters",
                      WATCHLIST_NAME_SIZE - 1);
    const watchlist *other = watchlists_find_name(lists, account, name);
    if (other != NULL && other != list)
        return refuse(refusal, 422, CODE_REQUEST, "watchlist name must be unique");
    return TW_OK;
}

static void set_name(watchlist *list, tw_slice name) {
    memset(list->name, 0, sizeof list->name);
    memcpy(list->name, name.data, name.size);
}

tw_status watchlists_create(watchlists *lists, uint32_t account, tw_slice name, int64_t now_ns,
                            watchlist **ret_list, ledger_refusal *ret_refusal) {
    tw_status status = check_name(lists, NULL, account, name, ret_refusal);
    if (status != TW_OK)
        return status;
    for (uint32_t i = 0; i < WATCHLIST_COUNT_MAX; i++) {
        watchlist *list = &lists->places[i];
        if (list->id[0] != '\0')
            continue;
        *list = (watchlist){.account = account, .created_ns = now_ns, .updated_ns = now_ns};
        uuid_write(&lists->random, list->id);
        set_name(list, name);
        *ret_list = list;
        return TW_OK;
    }
    return refuse(ret_refusal, 403, CODE_FUNDS, "the exchange keeps no more than %d watchlists",
                  WATCHLIST_COUNT_MAX);
}

tw_status watchlists_rename(watchlists *lists, watchlist *list, tw_slice name,
                            ledger_refusal *ret_refusal) {
    tw_status status = check_name(lists, list, list->account, name, ret_refusal);
    if (status == TW_OK)
        set_name(list, name);
    return status;
}

tw_status watchlist_add(watchlist *list, tw_symbol symbol, ledger_refusal *ret_refusal) {
    for (uint32_t i = 0; i < list->symbol_count; i++) {
        if (list->symbols[i] == symbol)
            return TW_OK;
    }
    if (list->symbol_count == WATCHLIST_SYMBOL_COUNT_MAX)
        return refuse(ret_refusal, 422, CODE_REQUEST, "a watchlist has at most %d symbols",
                      WATCHLIST_SYMBOL_COUNT_MAX);
    list->symbols[list->symbol_count++] = symbol;
    return TW_OK;
}

bool watchlist_remove(watchlist *list, tw_symbol symbol) {
    for (uint32_t i = 0; i < list->symbol_count; i++) {
        if (list->symbols[i] != symbol)
            continue;
        list->symbol_count--;
        memmove(&list->symbols[i], &list->symbols[i + 1],
                (list->symbol_count - i) * sizeof list->symbols[0]);
        return true;
    }
    return false;
}
