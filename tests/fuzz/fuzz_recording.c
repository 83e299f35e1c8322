/*
 * fuzz_recording.c - bytes from anywhere as a recording.
 *
 * The first byte says as what: a whole file, the text of a head, or the items of a block. What is
 * accepted as items must be the same items when packed and unpacked again.
 */
#include <string.h>

#include "recording_head.h"
#include "recording_items.h"
#include "replay_reader.h"

enum { SYMBOLS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_file(tw_slice bytes) {
    recording_head head = {0};
    item_reader *reader = NULL;
    tw_error error = {0};
    item next;
    reader_source source = {"fuzz", bytes};
    tw_status status = item_reader_open(NULL, &source, &head, &reader, &error);
    while (status == TW_OK)
        status = item_reader_next(reader, &next, &error);
    TW_ASSERT(status == TW_EMPTY || error.message[0] != '\0');
    head_done(NULL, &head);
    item_reader_free(reader);
}

static void read_as_head(tw_slice text) {
    recording_head head = {0};
    tw_error error = {0};
    tw_status status = head_read(NULL, "fuzz", text, &head, &error);
    TW_ASSERT(status == TW_OK || status == TW_NO_MEMORY || error.message[0] != '\0');
    if (status == TW_OK)
        TW_ASSERT(head.symbols != NULL && head.config.symbol_count <= head.symbol_count);
    head_done(NULL, &head);
}

static void read_as_items(tw_slice bytes) {
    item_context *contexts[3] = {NULL};
    uint8_t packed[ITEM_PACKED_SIZE_MAX];
    item first;
    item again;
    for (int i = 0; i < 3; i++) {
        tw_status made = item_context_new(NULL, SYMBOLS, &contexts[i]);
        TW_ASSERT(made == TW_OK);
    }
    memset(&first, 0, sizeof first);
    memset(&again, 0, sizeof again);
    while (bytes.size > 0 && item_unpack(contexts[0], &bytes, &first) == TW_OK) {
        TW_ASSERT(first.head.kind < ITEM_KIND_COUNT && first.head.size <= ITEM_PAYLOAD_SIZE_MAX);
        size_t size = item_pack(contexts[1], &first.head, first.as.words, packed);
        TW_ASSERT(size <= sizeof packed);
        tw_slice rest = {(const char *)packed, size};
        tw_status status = item_unpack(contexts[2], &rest, &again);
        TW_ASSERT(status == TW_OK && rest.size == 0);
        TW_ASSERT(memcmp(&first.head, &again.head, sizeof first.head) == 0);
        TW_ASSERT(memcmp(first.as.words, again.as.words, first.head.size) == 0);
    }
    for (int i = 0; i < 3; i++)
        item_context_free(contexts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    tw_slice rest = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0)
        read_as_file(rest);
    else if (data[0] % 3 == 1)
        read_as_head(rest);
    else
        read_as_items(rest);
    return 0;
}
