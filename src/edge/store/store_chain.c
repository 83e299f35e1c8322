/* store_chain.c - see store_chain.h. */
#include "store_chain.h"

#include <string.h>

#include "splitmix.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they stand");

static uint64_t take_word(uint64_t state, uint64_t word) {
    uint64_t x = state ^ word;
    return (x ^ x >> 32) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t word_at(const void *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t take_text(uint64_t state, tw_slice text) {
    uint64_t other = 0;
    size_t at = 0;
    for (; text.size - at >= 16; at += 16) {
        state = take_word(state, word_at(text.data + at));
        other = take_word(other, word_at(text.data + at + 8));
    }
    size_t left = text.size - at;
    char rest[16] = {0};
    if (left > 0) {
        memcpy(rest, text.data + at, left);
        state = take_word(state, word_at(rest));
    }
    if (left > 8)
        other = take_word(other, word_at(rest + 8));
    return take_word(state, other);
}

uint64_t store_chain_digest(uint64_t epoch, const tw_store_record *record) {
    uint64_t state = take_word(0, epoch);
    state = take_word(state, record->sequence);
    state = take_word(state, (uint64_t)record->time_ns);
    state = take_word(state, (uint64_t)record->kind.size << 32 | record->payload.size);
    state = take_text(state, record->kind);
    return take_text(state, record->payload);
}

uint64_t store_chain_next(uint64_t previous, uint64_t digest) {
    uint64_t checksum = splitmix_scatter(previous ^ digest);
    return checksum == 0 ? 1 : checksum;
}
