/*
 * cache_sketch.c - how often a key was asked for lately, in four bits.
 *
 * A count-min sketch of four rows. All four counters of a key lie in one block of 64 bytes, so that
 * counting costs one cache line; each row has two words of the block to itself, a counter is one of
 * their 32. After ten additions an entry of the cache all counters are halved, which lets old fame
 * fade (the reset of the TinyLFU paper, section 3.3).
 *
 * Invariants
 *   1. word_count is a power of two, at least one block; block_mask + 1 is the count of blocks.
 *   2. additions counts those that changed a counter; halving takes off what the halves round away.
 */
#include "cache_priv.h"

#define BLOCK_WORDS 8
#define ROW_COUNT 4
#define COUNTER_MAX UINT64_C(15)
#define SAMPLE_FACTOR 10
#define SAMPLE_MIN 160 /* a nearly empty cache does not forget at once */
#define LOWEST_BITS UINT64_C(0x1111111111111111)
#define HALF_MASK UINT64_C(0x7777777777777777)

typedef struct counter_place {
    size_t word;
    unsigned shift;
} counter_place;

void cache_sketch_init(cache_sketch *sketch, uint64_t *words, size_t word_count) {
    TW_ASSERT(word_count >= BLOCK_WORDS && (word_count & (word_count - 1)) == 0);
    sketch->words = words;
    sketch->word_count = word_count;
    sketch->block_mask = word_count / BLOCK_WORDS - 1;
    sketch->additions = 0;
}

/* The hash was used for shard, index and comparison; multiplying stirs it once more. */
static uint64_t respread(uint64_t hash) {
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static counter_place place_in_row(const cache_sketch *sketch, uint64_t spread, unsigned row) {
    uint64_t bits = spread >> row * 5; /* five bits a row: which of two words, which nibble */
    size_t block = (size_t)((spread >> 24) & sketch->block_mask);
    return (counter_place){block * BLOCK_WORDS + row * 2 + (bits & 1),
                           (unsigned)(bits >> 1 & 15) * 4};
}

static void halve(cache_sketch *sketch) {
    uint64_t odd_count = 0;
    for (size_t i = 0; i < sketch->word_count; i++) {
        odd_count += (uint64_t)__builtin_popcountll(sketch->words[i] & LOWEST_BITS);
        sketch->words[i] = sketch->words[i] >> 1 & HALF_MASK;
    }
    uint64_t lost = odd_count / ROW_COUNT;
    sketch->additions = (sketch->additions - (lost < sketch->additions ? lost : 0)) / 2;
}

void cache_sketch_add(cache_sketch *sketch, uint64_t hash, size_t entry_count) {
    uint64_t spread = respread(hash);
    bool changed = false;
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        counter_place place = place_in_row(sketch, spread, row);
        uint64_t word = sketch->words[place.word];
        if ((word >> place.shift & COUNTER_MAX) == COUNTER_MAX)
            continue;
        sketch->words[place.word] = word + (UINT64_C(1) << place.shift);
        changed = true;
    }
    sketch->additions += changed;
    uint64_t sample = SAMPLE_FACTOR * (uint64_t)entry_count;
    if (sketch->additions >= (sample < SAMPLE_MIN ? SAMPLE_MIN : sample))
        halve(sketch);
}

unsigned cache_sketch_estimate(const cache_sketch *sketch, uint64_t hash) {
    uint64_t spread = respread(hash);
    uint64_t least = COUNTER_MAX;
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        counter_place place = place_in_row(sketch, spread, row);
        uint64_t counter = sketch->words[place.word] >> place.shift & COUNTER_MAX;
        least = counter < least ? counter : least;
    }
    return (unsigned)least;
}
