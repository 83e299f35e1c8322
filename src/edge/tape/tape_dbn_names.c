/*
 * tape_dbn_names.c - which symbol an instrument of a DBN file has, at which time.
 *
 * Idea: the metadata names instruments from one date to before another, and ids are used again for
 * other names on other dates. Each instrument has a chain of its names. A look-up finds the name of
 * one time, and with it the longest span around that time in which no name of the chain begins or
 * ends; until a time lies outside of it, the next look-up is a comparison.
 *
 * Invariants:
 *   1. Place 0 of both arrays is not used; `first_name`, `next`, `name` and `last` are 0 for none.
 *   2. `name` and `symbol` of an instrument belong to its span, and change with it.
 *   3. A chain has at most TW_TAPE_DBN_SPAN_COUNT_MAX names, later ones of the file in front; a
 * live name is alone in its chain, and a newer one takes its place.
 */
#include <string.h>

#include "tape_dbn_priv.h"

#define CAPACITY_MIN 64

static const tw_map_config places_config = {.entry_initial = CAPACITY_MIN,
                                            .entry_max = TW_TAPE_DBN_NAME_COUNT_MAX};

tw_status dbn_names_init(dbn_names *names, const tw_allocator *allocator, tw_symbols *symbols,
                         tw_error *error) {
    *names = (dbn_names){.allocator = allocator,
                         .symbols = symbols,
                         .instrument_capacity = CAPACITY_MIN,
                         .name_capacity = CAPACITY_MIN};
    names->instruments = TW_NEW(allocator, names->instrument_capacity, dbn_instrument);
    names->names = TW_NEW(allocator, names->name_capacity, dbn_name);
    if (names->instruments == NULL || names->names == NULL ||
        tw_map_new(allocator, &places_config, &names->places) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for names of instruments");
    return TW_OK;
}

void dbn_names_done(dbn_names *names) {
    tw_map_free(names->places);
    TW_DELETE(names->allocator, names->names, names->name_capacity, dbn_name);
    TW_DELETE(names->allocator, names->instruments, names->instrument_capacity, dbn_instrument);
    *names = (dbn_names){0};
}

/* ---- making room --------------------------------------------------------------------------- */

static tw_status full(const char *what, unsigned long most, tw_error *error) {
    return tw_error_set(error, TW_FULL, "there are more than %lu %s", most, what);
}

static tw_status no_memory(tw_error *error) {
    return tw_error_set(error, TW_NO_MEMORY, "there is no memory for another instrument");
}

static tw_status room_for_name(dbn_names *names, tw_error *error) {
    if (names->name_count == TW_TAPE_DBN_NAME_COUNT_MAX)
        return full("names of instruments", TW_TAPE_DBN_NAME_COUNT_MAX, error);
    if (names->name_count + 1 < names->name_capacity)
        return TW_OK;
    uint32_t capacity = 2 * names->name_capacity;
    dbn_name *bigger = TW_NEW(names->allocator, capacity, dbn_name);
    if (bigger == NULL)
        return no_memory(error);
    memcpy(bigger, names->names, names->name_capacity * sizeof *bigger);
    TW_DELETE(names->allocator, names->names, names->name_capacity, dbn_name);
    names->names = bigger;
    names->name_capacity = capacity;
    return TW_OK;
}

static tw_status room_for_instrument(dbn_names *names, tw_error *error) {
    if (names->instrument_count == TW_TAPE_DBN_NAME_COUNT_MAX)
        return full("instruments", TW_TAPE_DBN_NAME_COUNT_MAX, error);
    if (names->instrument_count + 1 < names->instrument_capacity)
        return TW_OK;
    uint32_t capacity = 2 * names->instrument_capacity;
    dbn_instrument *bigger = TW_NEW(names->allocator, capacity, dbn_instrument);
    if (bigger == NULL)
        return no_memory(error);
    memcpy(bigger, names->instruments, names->instrument_capacity * sizeof *bigger);
    TW_DELETE(names->allocator, names->instruments, names->instrument_capacity, dbn_instrument);
    names->instruments = bigger;
    names->instrument_capacity = capacity;
    return TW_OK;
}

/* No time lies in the span, so that the next look-up finds its name anew. */
static void forget_span(dbn_instrument *instrument) {
    instrument->from_ns = INT64_MAX;
    instrument->to_ns = INT64_MIN;
}

static tw_status ensure_instrument(dbn_names *names, uint32_t id, uint32_t *ret_place,
                                   tw_error *error) {
    uint64_t known = 0;
    if (tw_map_get(names->places, id, &known)) {
        *ret_place = (uint32_t)known;
        return TW_OK;
    }
    tw_status status = room_for_instrument(names, error);
    if (status != TW_OK)
        return status;
    uint32_t place = names->instrument_count + 1;
    if (tw_map_put(names->places, id, place) != TW_OK)
        return no_memory(error);
    names->instrument_count = place;
    dbn_instrument *instrument = &names->instruments[place];
    *instrument = (dbn_instrument){.id = id, .symbol = TW_SYMBOL_NONE};
    forget_span(instrument);
    *ret_place = place;
    return TW_OK;
}

/* ---- naming -------------------------------------------------------------------------------- */

static void fill_name(dbn_name *name, tw_slice text) {
    memset(name->text, 0, sizeof name->text);
    if (text.size < sizeof name->text)
        memcpy(name->text, text.data, text.size);
}

tw_status dbn_names_add(dbn_names *names, uint32_t id, int64_t from_ns, int64_t to_ns,
                        tw_slice text, tw_error *error) {
    uint32_t place = 0;
    tw_status status = room_for_name(names, error);
    if (status == TW_OK)
        status = ensure_instrument(names, id, &place, error);
    if (status != TW_OK)
        return status;
    dbn_instrument *instrument = &names->instruments[place];
    if (instrument->name_count == TW_TAPE_DBN_SPAN_COUNT_MAX)
        return full("names of one instrument", TW_TAPE_DBN_SPAN_COUNT_MAX, error);
    dbn_name *name = &names->names[++names->name_count];
    *name = (dbn_name){.from_ns = from_ns, .to_ns = to_ns, .next = instrument->first_name};
    fill_name(name, text);
    instrument->first_name = names->name_count;
    instrument->name_count++;
    forget_span(instrument);
    return TW_OK;
}

tw_status dbn_names_set(dbn_names *names, uint32_t id, tw_slice text, tw_error *error) {
    uint32_t place = 0;
    tw_status status = ensure_instrument(names, id, &place, error);
    if (status != TW_OK)
        return status;
    dbn_instrument *instrument = &names->instruments[place];
    bool again = names->names[instrument->first_name].live == 1;
    if (!again)
        status = room_for_name(names, error);
    if (status != TW_OK)
        return status;
    if (!again)
        instrument->first_name = ++names->name_count;
    dbn_name *name = &names->names[instrument->first_name];
    *name = (dbn_name){.from_ns = INT64_MIN, .to_ns = INT64_MAX, .live = 1};
    fill_name(name, text);
    instrument->name_count = 1;
    forget_span(instrument);
    return TW_OK;
}

/* ---- looking up ---------------------------------------------------------------------------- */

/* The name of a time, and the span around it in which the answer stays the same. */
static void find_span(const dbn_names *names, dbn_instrument *instrument, int64_t time_ns) {
    int64_t from_ns = INT64_MIN;
    int64_t to_ns = INT64_MAX;
    uint32_t best = 0;
    for (uint32_t at = instrument->first_name; at != 0; at = names->names[at].next) {
        const dbn_name *name = &names->names[at];
        const int64_t edges[2] = {name->from_ns, name->to_ns};
        for (int i = 0; i < 2; i++) {
            if (edges[i] <= time_ns && edges[i] > from_ns)
                from_ns = edges[i];
            if (edges[i] > time_ns && edges[i] < to_ns)
                to_ns = edges[i];
        }
        bool fits = name->from_ns <= time_ns && time_ns < name->to_ns;
        if (fits && (best == 0 || name->from_ns > names->names[best].from_ns))
            best = at;
    }
    instrument->from_ns = from_ns;
    instrument->to_ns = to_ns;
    instrument->name = best;
    instrument->symbol = TW_SYMBOL_NONE;
    instrument->known_count = 0;
}

tw_status dbn_names_look_up(dbn_names *names, uint32_t id, int64_t time_ns,
                            dbn_instrument **ret_instrument, tw_error *error) {
    dbn_instrument *instrument = &names->instruments[names->last];
    if (names->last == 0 || instrument->id != id) {
        uint32_t place = 0;
        tw_status status = ensure_instrument(names, id, &place, error);
        if (status != TW_OK)
            return status;
        names->last = place;
        instrument = &names->instruments[place];
    }
    if (time_ns < instrument->from_ns || time_ns >= instrument->to_ns)
        find_span(names, instrument, time_ns);
    *ret_instrument = instrument;
    return TW_OK;
}

/* What stands for an instrument without a name that can be used. */
static tw_slice number_of(const dbn_instrument *instrument, char buffer[16]) {
    tw_text text = tw_text_over(buffer, 16);
    tw_text_append_u64(&text, instrument->id);
    return tw_text_slice(&text);
}

tw_symbol dbn_names_known(dbn_names *names, dbn_instrument *instrument) {
    uint32_t count = tw_symbols_count(names->symbols);
    if (instrument->symbol != TW_SYMBOL_NONE || instrument->known_count == count)
        return instrument->symbol;
    char buffer[16];
    instrument->known_count = count;
    instrument->symbol =
        tw_symbols_find(names->symbols, tw_slice_of(names->names[instrument->name].text));
    if (instrument->symbol == TW_SYMBOL_NONE)
        instrument->symbol = tw_symbols_find(names->symbols, number_of(instrument, buffer));
    return instrument->symbol;
}

tw_status dbn_names_intern(dbn_names *names, dbn_instrument *instrument, tw_error *error) {
    char buffer[16];
    tw_slice name = tw_slice_of(names->names[instrument->name].text);
    tw_symbol symbol = TW_SYMBOL_NONE;
    tw_status status = tw_symbols_intern(names->symbols, name, &symbol);
    bool unnamed = status == TW_INVALID;
    if (unnamed) {
        name = number_of(instrument, buffer);
        status = tw_symbols_intern(names->symbols, name, &symbol);
    }
    if (status != TW_OK)
        return tw_error_set(error, status, "the table of symbols has no room for %.*s",
                            (int)name.size, name.data);
    names->unnamed += unnamed;
    instrument->symbol = symbol;
    return TW_OK;
}
