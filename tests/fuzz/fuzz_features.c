/*
 * fuzz_features.c - the texts of features, from anywhere.
 *
 * What is refused has a sentence. What is accepted has names fit for the head of a CSV, and answers
 * the bytes that follow the text, as prices of any kind, with numbers that are finite or missing.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/features.h"

#define ROWS 24
#define COLUMNS 3
#define MEMORY_MAX ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Long periods are a matter of memory, not of reading. */
static void *allocate_little(void *context, size_t size, size_t alignment) {
    (void)context;
    const tw_allocator *heap = tw_allocator_system();
    return size > MEMORY_MAX ? NULL : heap->allocate(heap->context, size, alignment);
}

static void release_little(void *context, void *block, size_t size, size_t alignment) {
    (void)context;
    const tw_allocator *heap = tw_allocator_system();
    heap->release(heap->context, block, size, alignment);
}

static void check_name(const char *name) {
    TW_ASSERT(name[0] != '\0');
    for (; *name != '\0'; name++)
        TW_ASSERT(strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", *name) != NULL);
}

/* Any bits: missing values, infinities, the smallest and the largest among them. */
static void take_prices(const uint8_t *data, size_t size, double prices[ROWS][COLUMNS]) {
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        double value = 100 + (double)(i % 7);
        if ((i + 1) * sizeof value <= size)
            memcpy(&value, data + i * sizeof value, sizeof value);
        prices[i / COLUMNS][i % COLUMNS] = value;
    }
}

static void check_run(tw_features *features, const uint8_t *data, size_t size) {
    static double results[TW_INDICATOR_OUTPUTS_MAX][ROWS][COLUMNS];
    double prices[ROWS][COLUMNS];
    double benchmark[ROWS];
    double *values[TW_INDICATOR_OUTPUTS_MAX];
    take_prices(data, size, prices);
    tw_features_panel panel = {.shape = {ROWS, COLUMNS}, .benchmark = benchmark};
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        panel.inputs[s] = prices[0];
    for (size_t i = 0; i < ROWS; i++)
        benchmark[i] = prices[i][0];
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        values[o] = results[o][0];
    TW_ASSERT(tw_features_run(features, &panel, values) == TW_OK);
    for (size_t o = 0; o < tw_features_outputs(features); o++) {
        check_name(tw_features_name(features, o));
        for (size_t i = 0; i < ROWS * COLUMNS; i++)
            TW_ASSERT(!isinf(results[o][i / COLUMNS][i % COLUMNS]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const tw_allocator little = {allocate_little, release_little, NULL};
    char text[2 * TW_FEATURES_TEXT_SIZE_MAX];
    size_t length = 0;
    while (length < size && length + 1 < sizeof text && data[length] != '\0')
        length++;
    memcpy(text, data, length);
    text[length] = '\0';
    const char *const texts[] = {text};
    const tw_features_config config = {.texts = texts, .count = 1, .columns_max = COLUMNS};
    TW_AUTO(tw_features) *features = NULL;
    tw_error error = {0};
    tw_status status = tw_features_new(&little, &config, &features, &error);
    if (status == TW_OK)
        check_run(features, data + length, size - length);
    else
        TW_ASSERT(features == NULL && error.status == status && error.message[0] != '\0');
    return 0;
}
