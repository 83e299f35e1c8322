/*
 * fuzz_cache.c - the fuzzer's bytes as calls of a cache beside the obvious slow one.
 *
 * The first byte chooses the kind of cache; the rest are calls (see cache_model.h). Any difference,
 * and any broken invariant, aborts.
 */
#include <stdlib.h>

#include "cache_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    cache_model *model = malloc(sizeof *model);
    TW_ASSERT(model != NULL);
    bool exact = false;
    tw_cache_config config = cache_model_config(data[0], &exact);
    (void)cache_model_run(model, data + 1, size - 1, &config, exact);
    free(model);
    return 0;
}
