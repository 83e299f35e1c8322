/*
 * symbols.c - the table of symbol names.
 *
 * Idea: names stand in an array in the order in which they came; an open-addressed table of
 * indices, at most half full, finds them by hash with linear probing. Nothing is ever removed
 * or moved, so readers need no lock while one thread adds.
 *
 * Invariants:
 *  1. names[i] is complete before a slot holds i + 1 or `count` exceeds i (release), and readers
 *     see it so (acquire).
 *  2. A slot changes once, from empty (0) to an index + 1.
 *  3. At least half of the slots are empty, so every probe ends.
 */
#include <stdatomic.h>
#include <string.h>

#include "fnv.h"
#include "tradewind/market.h"

#define COUNT_MAX (UINT32_C(1) << 28)

typedef char symbol_name[TW_SYMBOL_NAME_SIZE];

struct tw_symbols {
    tw_allocator allocator; /* a copy: the caller's struct may be gone when we are freed */
    uint32_t count_max;
    uint32_t slot_mask; /* number of slots, a power of two, less one */
    _Atomic uint32_t count;
    _Atomic uint32_t *slots;
    symbol_name *names;
};

tw_status tw_symbols_new(const tw_allocator *allocator, uint32_t count_max,
                         tw_symbols **ret_symbols) {
    TW_ASSERT(count_max > 0 && count_max <= COUNT_MAX);
    tw_symbols *symbols = TW_NEW(allocator, 1, tw_symbols);
    if (symbols == NULL)
        return TW_NO_MEMORY;
    symbols->allocator = allocator == NULL ? *tw_allocator_system() : *allocator;
    symbols->count_max = count_max;
    uint32_t slot_count = 2;
    while (slot_count < 2 * count_max)
        slot_count *= 2;
    symbols->slot_mask = slot_count - 1;
    symbols->slots = TW_NEW(allocator, slot_count, _Atomic uint32_t);
    symbols->names = TW_NEW(allocator, count_max, symbol_name);
    if (symbols->slots == NULL || symbols->names == NULL) {
        tw_symbols_free(symbols);
        return TW_NO_MEMORY;
    }
    *ret_symbols = symbols;
    return TW_OK;
}

void tw_symbols_free(tw_symbols *symbols) {
    if (symbols == NULL)
        return;
    tw_allocator allocator = symbols->allocator;
    TW_DELETE(&allocator, symbols->names, symbols->count_max, symbol_name);
    TW_DELETE(&allocator, symbols->slots, (size_t)symbols->slot_mask + 1, _Atomic uint32_t);
    TW_DELETE(&allocator, symbols, 1, tw_symbols);
}

/* Some are suffixes of NASDAQ's symbols (its "Ticker Symbol Convention"): warrants +, when issued
 * #, called *, and so on. None means anything to CSV or JSON. */
static bool is_sign(char c) {
    return c != '\0' && strchr("./-_=^+#*$%!@~", c) != NULL;
}

static bool is_name(tw_slice name) {
    if (name.size == 0 || name.size >= TW_SYMBOL_NAME_SIZE)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && !is_sign(c))
            return false;
    }
    return true;
}

/* The upper half is folded in because the slots are chosen by low bits. */
static uint32_t hash_of(tw_slice name) {
    uint64_t hash = fnv_bytes(FNV_BASIS, name.data, name.size);
    return (uint32_t)(hash ^ (hash >> 32));
}

static bool has_name(const tw_symbols *symbols, uint32_t index, tw_slice name) {
    const char *known = symbols->names[index];
    return memcmp(known, name.data, name.size) == 0 && known[name.size] == 0;
}

/* Walks the slots of a name that is_name accepts. Returns its index, or TW_SYMBOL_NONE with the
 * empty slot where it belongs. */
static tw_symbol probe(const tw_symbols *symbols, tw_slice name, uint32_t *ret_slot) {
    uint32_t slot = hash_of(name) & symbols->slot_mask;
    for (;;) {
        uint32_t held = atomic_load_explicit(&symbols->slots[slot], memory_order_acquire);
        if (held == 0) {
            *ret_slot = slot;
            return TW_SYMBOL_NONE; /* reached always: invariant 3 */
        }
        if (has_name(symbols, held - 1, name))
            return held - 1;
        slot = (slot + 1) & symbols->slot_mask;
    }
}

tw_status tw_symbols_intern(tw_symbols *symbols, tw_slice name, tw_symbol *ret_symbol) {
    if (!is_name(name))
        return TW_INVALID;
    uint32_t slot = 0;
    tw_symbol known = probe(symbols, name, &slot);
    if (known != TW_SYMBOL_NONE) {
        *ret_symbol = known;
        return TW_OK;
    }
    uint32_t count = atomic_load_explicit(&symbols->count, memory_order_relaxed);
    if (count == symbols->count_max)
        return TW_FULL;
    memcpy(symbols->names[count], name.data, name.size); /* the rest is zero from birth */
    atomic_store_explicit(&symbols->count, count + 1, memory_order_release);
    atomic_store_explicit(&symbols->slots[slot], count + 1, memory_order_release);
    *ret_symbol = count;
    return TW_OK;
}

tw_symbol tw_symbols_find(const tw_symbols *symbols, tw_slice name) {
    uint32_t slot = 0;
    return is_name(name) ? probe(symbols, name, &slot) : TW_SYMBOL_NONE;
}

const char *tw_symbols_name(const tw_symbols *symbols, tw_symbol symbol) {
    TW_ASSERT(symbol < tw_symbols_count(symbols));
    return symbols->names[symbol];
}

uint32_t tw_symbols_count(const tw_symbols *symbols) {
    return atomic_load_explicit(&symbols->count, memory_order_acquire);
}
