/*
 * fuzz_pool.c - the fuzzer's bytes as uses of a pool beside the obvious slow one (pool_model.h).
 *
 * Any difference, and any broken invariant, aborts.
 */
#include <stdlib.h>

#include "pool_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pool_model *model = malloc(sizeof *model);
    TW_ASSERT(model != NULL);
    (void)pool_model_run(model, data, size);
    free(model);
    return 0;
}
