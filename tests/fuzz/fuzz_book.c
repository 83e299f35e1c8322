/*
 * fuzz_book.c - the fuzzer's bytes as changes of a book beside the obvious slow one.
 *
 * The first byte chooses the pools; the rest are changes (see book_model.h). Any difference, and
 * any broken invariant, aborts.
 */
#include <stdlib.h>

#include "book_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const tw_book_config configs[] = {
        {.symbol_count_max = SLOW_SYMBOL_COUNT, .order_count_max = 24, .level_count_max = 16},
        {.symbol_count_max = SLOW_SYMBOL_COUNT, .order_count_max = 1, .level_count_max = 1},
        {.symbol_count_max = SLOW_SYMBOL_COUNT, .order_count_max = 0, .level_count_max = 8},
        {.symbol_count_max = SLOW_SYMBOL_COUNT,
         .order_count_max = 800,
         .level_count_max = 200,
         .order_count_expected = 600,
         .allow_nonpositive_prices = true},
    };
    if (size == 0)
        return 0;
    book_model *model = malloc(sizeof *model);
    TW_ASSERT(model != NULL);
    book_model_run(model, data + 1, size - 1, &configs[data[0] % 4]);
    free(model);
    return 0;
}
