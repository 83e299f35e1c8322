/*
 * record_series.c - see record_series.h.
 *
 * Invariants
 *  1. `taken` counts chunks ever taken; chunk i % chunk_count is the i-th. The one that is taken
 *     next was taken longest ago, and so is the first of its symbol's chunks.
 *  2. All chunks of a symbol but its last are full; none is empty.
 */
#include "record_series.h"

#include <string.h>

#define NO_CHUNK UINT32_MAX

typedef struct chunk {
    uint64_t first_number; /* of its first record */
    tw_symbol symbol;      /* TW_SYMBOL_NONE: never taken */
    uint32_t next;
    uint32_t previous;
    uint32_t count;
} chunk;

typedef struct symbol_chunks {
    uint64_t count; /* records ever pushed */
    uint32_t first;
    uint32_t last;
} symbol_chunks;

struct record_series {
    const tw_allocator *allocator;
    char *records;
    chunk *chunks;
    symbol_chunks *symbols;
    size_t record_size;
    uint64_t taken;
    uint32_t chunk_count;
    uint32_t symbol_count;
};

tw_status record_series_new(const tw_allocator *allocator, size_t record_size, uint32_t record_max,
                            uint32_t symbol_count, record_series **ret_series) {
    record_series *made = TW_NEW(allocator, 1, record_series);
    if (made == NULL)
        return TW_NO_MEMORY;
    uint32_t chunk_count = record_max / RECORD_CHUNK_COUNT + (record_max % RECORD_CHUNK_COUNT != 0);
    made->allocator = allocator;
    made->record_size = record_size;
    made->chunk_count = chunk_count < 2 ? 2 : chunk_count;
    made->symbol_count = symbol_count;
    made->records = TW_NEW(allocator, made->chunk_count * RECORD_CHUNK_COUNT * record_size, char);
    made->chunks = TW_NEW(allocator, made->chunk_count, chunk);
    made->symbols = TW_NEW(allocator, symbol_count, symbol_chunks);
    if (made->records == NULL || made->chunks == NULL || made->symbols == NULL) {
        record_series_free(made);
        return TW_NO_MEMORY;
    }
    for (uint32_t s = 0; s < symbol_count; s++)
        made->symbols[s] = (symbol_chunks){.first = NO_CHUNK, .last = NO_CHUNK};
    *ret_series = made;
    return TW_OK;
}

void record_series_free(record_series *series) {
    if (series == NULL)
        return;
    size_t size = series->chunk_count * RECORD_CHUNK_COUNT * series->record_size;
    TW_DELETE(series->allocator, series->records, size, char);
    TW_DELETE(series->allocator, series->chunks, series->chunk_count, chunk);
    TW_DELETE(series->allocator, series->symbols, series->symbol_count, symbol_chunks);
    TW_DELETE(series->allocator, series, 1, record_series);
}

/* Takes the oldest chunk of all from its symbol (invariant 1). */
static void give_way(record_series *series, chunk *oldest) {
    symbol_chunks *owner = &series->symbols[oldest->symbol];
    owner->first = oldest->next;
    if (oldest->next == NO_CHUNK)
        owner->last = NO_CHUNK;
    else
        series->chunks[oldest->next].previous = NO_CHUNK;
}

static chunk *take_chunk(record_series *series, tw_symbol symbol) {
    uint32_t index = (uint32_t)(series->taken % series->chunk_count);
    chunk *taken = &series->chunks[index];
    if (series->taken >= series->chunk_count)
        give_way(series, taken);
    series->taken++;
    symbol_chunks *owner = &series->symbols[symbol];
    *taken = (chunk){
        .first_number = owner->count, .symbol = symbol, .next = NO_CHUNK, .previous = owner->last};
    if (owner->last == NO_CHUNK)
        owner->first = index;
    else
        series->chunks[owner->last].next = index;
    owner->last = index;
    return taken;
}

void *record_series_push(record_series *series, tw_symbol symbol) {
    TW_ASSERT(symbol < series->symbol_count);
    symbol_chunks *owner = &series->symbols[symbol];
    chunk *last = owner->last == NO_CHUNK ? NULL : &series->chunks[owner->last];
    if (last == NULL || last->count == RECORD_CHUNK_COUNT)
        last = take_chunk(series, symbol);
    owner->count++;
    return record_series_at(series, (record_place){owner->last, last->count++});
}

bool record_series_first(const record_series *series, tw_symbol symbol, record_place *ret_place) {
    TW_ASSERT(symbol < series->symbol_count);
    *ret_place = (record_place){series->symbols[symbol].first, 0};
    return ret_place->chunk != NO_CHUNK;
}

bool record_series_last(const record_series *series, tw_symbol symbol, record_place *ret_place) {
    TW_ASSERT(symbol < series->symbol_count);
    uint32_t last = series->symbols[symbol].last;
    if (last == NO_CHUNK)
        return false;
    *ret_place = (record_place){last, series->chunks[last].count - 1};
    return true;
}

int64_t record_series_time(const record_series *series, record_place place) {
    int64_t time_ns = 0;
    memcpy(&time_ns, record_series_at(series, place), sizeof time_ns);
    return time_ns;
}

static int64_t last_time_of(const record_series *series, uint32_t chunk_index) {
    return record_series_time(series,
                              (record_place){chunk_index, series->chunks[chunk_index].count - 1});
}

/* The first chunk whose last record is at or after a time that the symbol's last record is not
 * before: looked for from the end that is nearer in time. */
static uint32_t seek_chunk(const record_series *series, const symbol_chunks *owner,
                           int64_t time_ns) {
    int64_t first_ns = record_series_time(series, (record_place){owner->first, 0});
    int64_t last_ns = last_time_of(series, owner->last);
    if (time_ns < last_ns / 2 + first_ns / 2) {
        uint32_t c = owner->first;
        while (last_time_of(series, c) < time_ns)
            c = series->chunks[c].next;
        return c;
    }
    uint32_t c = owner->last;
    while (series->chunks[c].previous != NO_CHUNK &&
           last_time_of(series, series->chunks[c].previous) >= time_ns)
        c = series->chunks[c].previous;
    return c;
}

bool record_series_seek(const record_series *series, tw_symbol symbol, int64_t time_ns,
                        record_place *ret_place) {
    TW_ASSERT(symbol < series->symbol_count);
    const symbol_chunks *owner = &series->symbols[symbol];
    if (owner->last == NO_CHUNK || last_time_of(series, owner->last) < time_ns)
        return false;
    *ret_place = (record_place){seek_chunk(series, owner, time_ns), 0};
    while (record_series_time(series, *ret_place) < time_ns)
        ret_place->index++;
    return true;
}

bool record_series_find(const record_series *series, tw_symbol symbol, uint64_t number,
                        record_place *ret_place) {
    TW_ASSERT(symbol < series->symbol_count);
    for (uint32_t c = series->symbols[symbol].first; c != NO_CHUNK; c = series->chunks[c].next) {
        const chunk *at = &series->chunks[c];
        if (at->first_number + at->count <= number)
            continue;
        uint64_t index = number > at->first_number ? number - at->first_number : 0;
        *ret_place = (record_place){c, (uint32_t)index};
        return true;
    }
    return false;
}

bool record_series_next(const record_series *series, record_place *place) {
    const chunk *at = &series->chunks[place->chunk];
    if (place->index + 1 < at->count) {
        place->index++;
        return true;
    }
    if (at->next == NO_CHUNK)
        return false;
    *place = (record_place){at->next, 0};
    return true;
}

bool record_series_previous(const record_series *series, record_place *place) {
    const chunk *at = &series->chunks[place->chunk];
    if (place->index > 0) {
        place->index--;
        return true;
    }
    if (at->previous == NO_CHUNK)
        return false;
    *place = (record_place){at->previous, RECORD_CHUNK_COUNT - 1};
    return true;
}

void *record_series_at(const record_series *series, record_place place) {
    size_t row = (size_t)place.chunk * RECORD_CHUNK_COUNT + place.index;
    return series->records + row * series->record_size;
}

uint64_t record_series_number(const record_series *series, record_place place) {
    return series->chunks[place.chunk].first_number + place.index;
}
