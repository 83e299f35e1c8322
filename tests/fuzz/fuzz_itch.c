/*
 * fuzz_itch.c - any bytes as an ITCH message, and any bytes as a message to be written.
 *
 * What is decoded encodes to the same bytes; what is encoded decodes, and encodes to the same bytes
 * again. The input lies in memory of exactly its size, so that reading over its end is seen.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/itch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bytes(const char *bytes, size_t size) {
    tw_itch_message message;
    tw_error error;
    if (tw_itch_decode((tw_slice){bytes, size}, &message, &error) != TW_OK)
        return;
    char written[TW_ITCH_SIZE_MAX];
    size_t written_size = 0;
    if (tw_itch_encode(&message, written, sizeof written, &written_size, &error) != TW_OK ||
        written_size != size || memcmp(written, bytes, size) != 0)
        abort();
}

static void check_message(const char *bytes, size_t size) {
    tw_itch_message message;
    char written[TW_ITCH_SIZE_MAX];
    size_t written_size = 0;
    memset(&message, 0, sizeof message);
    memcpy(&message, bytes, size < sizeof message ? size : sizeof message);
    tw_error error;
    if (tw_itch_encode(&message, written, sizeof written, &written_size, &error) == TW_OK)
        check_bytes(written, written_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *bytes = malloc(size == 0 ? 1 : size);
    if (bytes == NULL)
        abort();
    memcpy(bytes, data, size);
    check_bytes(bytes, size);
    check_message(bytes, size);
    free(bytes);
    return 0;
}
