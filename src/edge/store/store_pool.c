/* store_pool.c - reading handles as the resource of a pool. */
#include "tradewind/store_pool.h"

#include "store_priv.h"

static tw_status open_handle(void *context, int64_t deadline_ns, void **ret_resource,
                             tw_error *error) {
    (void)deadline_ns; /* the configuration bounds every wait of an open */
    tw_store *store = NULL;
    tw_status status = tw_store_open(context, &store, error);
    *ret_resource = store;
    return status;
}

static void close_handle(void *context, void *resource) {
    (void)context;
    tw_store_free(resource); /* a reader has nothing to lose */
}

static bool can_read(void *context, void *resource, int64_t deadline_ns) {
    (void)context;
    (void)deadline_ns;
    uint64_t sequence;
    return tw_store_last_sequence(resource, &sequence, NULL) == TW_OK;
}

tw_pool_resource tw_store_resource(const tw_store_config *config) {
    TW_ASSERT(config->mode == TW_STORE_READ && config->symbols_lock != NULL);
    return (tw_pool_resource){
        .open = open_handle,
        .close = close_handle,
        .validate = can_read,
        .context = (void *)(uintptr_t)config, /* never written through */
    };
}
