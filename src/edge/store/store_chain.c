/* store_chain.c - see store_chain.h. */
#include "store_chain.h"

#include <string.h>

#include "splitmix.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they stand");

static uint64_t take_word(uint64_t state, uint64_t word) {
    return splitmix_scatter(state ^ word);
}

static uint64_t take_text(uint64_t state, tw_slice text) {
    size_t at = 0;
    uint64_t word;
    for (; text.size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        state = take_word(state, word);
    }
    if (at == text.size)
        return state;
    word = 0;
    memcpy(&word, text.data + at, text.size - at);
    return take_word(state, word);
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
