/*
 * dbn.c - the metadata in front of the records.
 *
 * Idea: the fixed part is read at once; the lists behind it, which may be long, are walked thing by
 * thing, so that nobody has to hold them whole.
 *
 *     prefix  "DBN", version u8, size u32
 *     fixed   dataset[16], schema u16, start u64, end u64, limit u64,
 *             version 1:  record_count u64, stype_in u8, stype_out u8, ts_out u8, 47 reserved
 *             later ones: stype_in u8, stype_out u8, ts_out u8, symbol size u16, 53 reserved
 *     lists   size of a schema definition u32 (always 0), then for symbols, partial and not found:
 *             count u32, that many symbols; then mappings: count u32, each a symbol, a count
 *             u32 of intervals, each from u32, to u32 (20231225), and a symbol
 *     padding to a multiple of 8 since version 3
 *
 * Invariants of a walk:
 *   1. `left` is what remains of metadata.size; nothing is read beyond it, and each step that
 *      succeeds takes item.size from it.
 *   2. A count that is accepted fits into `left` at the least size of its things, so no count makes
 *      a walk longer than its bytes.
 *   3. While count and interval_count are zero, `list` names the list whose count comes next, and
 *      LIST_NONE that there is none. Intervals come first, then things of the list, then its next.
 */
#include "dbn_priv.h"
#include "tradewind/time.h"

#define COUNT_SIZE 4
#define DATES_SIZE 8
#define SYMBOL_SIZE_V1 22

/* In which order the walk meets them. */
enum { LIST_DEFINITION, LIST_SYMBOLS, LIST_PARTIAL, LIST_NOT_FOUND, LIST_MAPPINGS, LIST_NONE };

/* ---- the fixed part ------------------------------------------------------------------------ */

static tw_status read_prefix(tw_slice bytes, tw_dbn_metadata *metadata, tw_error *error) {
    const size_t needed = TW_DBN_PREFIX_SIZE + TW_DBN_METADATA_FIXED_SIZE;
    size_t compared = bytes.size < 3 ? bytes.size : 3;
    if (compared > 0 && memcmp(bytes.data, "DBN", compared) != 0)
        return tw_error_set(error, TW_PARSE, "this is no DBN: it does not begin with \"DBN\"");
    if (bytes.size < needed)
        return tw_error_set(error, TW_TRUNCATED,
                            "the metadata ends after %zu of at least %zu bytes", bytes.size,
                            needed);
    metadata->version = load_u8(bytes.data + 3);
    metadata->size = load_u32(bytes.data + 4);
    if (metadata->version == 0)
        return tw_error_set(error, TW_UNSUPPORTED,
                            "this is DBZ, which came before DBN; Databento's tools convert it");
    if (metadata->version > TW_DBN_VERSION_MAX)
        return tw_error_set(error, TW_VERSION, "this is DBN version %u; versions 1 to %d are read",
                            metadata->version, TW_DBN_VERSION_MAX);
    if (metadata->size < TW_DBN_METADATA_SIZE_MIN)
        return tw_error_set(error, TW_CORRUPT,
                            "the metadata is said to have %lu bytes; it has %d at least",
                            (unsigned long)metadata->size, TW_DBN_METADATA_SIZE_MIN);
    return TW_OK;
}

tw_status tw_dbn_read_metadata(tw_slice bytes, tw_dbn_metadata *ret_metadata, tw_error *error) {
    TW_ASSERT(ret_metadata != NULL && (bytes.data != NULL || bytes.size == 0));
    tw_dbn_metadata metadata = {0};
    tw_status status = read_prefix(bytes, &metadata, error);
    if (status != TW_OK)
        return status;
    const char *fixed = bytes.data + TW_DBN_PREFIX_SIZE;
    memcpy(metadata.dataset, fixed, 16);
    metadata.schema = load_u16(fixed + 16);
    metadata.start_ns = load_u64(fixed + 18);
    metadata.end_ns = load_u64(fixed + 26);
    metadata.limit = load_u64(fixed + 34);
    bool first = metadata.version == 1;
    const char *next = fixed + (first ? 50 : 42);
    metadata.symbology_in = load_u8(next);
    metadata.symbology_out = load_u8(next + 1);
    metadata.has_sent_ns = next[2] != 0;
    metadata.symbol_size = first ? SYMBOL_SIZE_V1 : load_u16(next + 3);
    if (metadata.symbol_size == 0 || metadata.symbol_size > TW_DBN_SYMBOL_SIZE_MAX)
        return tw_error_set(error, TW_CORRUPT,
                            "symbols are said to have %u bytes; 1 to %d can be read",
                            metadata.symbol_size, TW_DBN_SYMBOL_SIZE_MAX);
    *ret_metadata = metadata;
    return TW_OK;
}

/* ---- the lists ----------------------------------------------------------------------------- */

void tw_dbn_walk_begin(const tw_dbn_metadata *metadata, tw_dbn_walk *ret_walk) {
    TW_ASSERT(metadata->size >= TW_DBN_METADATA_SIZE_MIN && metadata->symbol_size > 0);
    *ret_walk = (tw_dbn_walk){.left = metadata->size - TW_DBN_METADATA_FIXED_SIZE,
                              .symbol_size = metadata->symbol_size,
                              .list = LIST_DEFINITION};
}

/* Bytes of one thing of the list that is being read. */
static size_t thing_size(const tw_dbn_walk *walk) {
    if (walk->interval_count > 0)
        return DATES_SIZE + (size_t)walk->symbol_size;
    return walk->symbol_size + (walk->list == LIST_NONE ? COUNT_SIZE : 0U);
}

size_t tw_dbn_walk_need(const tw_dbn_walk *walk) {
    if (walk->interval_count > 0 || walk->count > 0)
        return thing_size(walk);
    return walk->list == LIST_NONE ? 0 : COUNT_SIZE;
}

/* Up to the first NUL. */
static tw_slice symbol_at(const char *at, size_t size) {
    return (tw_slice){at, strnlen(at, size)};
}

static tw_status read_date(const char *at, int64_t *ret_days, tw_error *error) {
    uint32_t digits = load_u32(at);
    tw_date date = {.year = (int32_t)(digits / 10000),
                    .month = (int32_t)(digits / 100 % 100),
                    .day = (int32_t)(digits % 100)};
    if (digits > 99991231 || tw_date_to_days(date, ret_days) != TW_OK)
        return tw_error_set(error, TW_CORRUPT, "%lu is no date of a mapping (20231225)",
                            (unsigned long)digits);
    return TW_OK;
}

/* The count that begins a list, and whether so many things can follow. */
static tw_status next_list(tw_dbn_walk *walk, const char *at, tw_dbn_item *item, tw_error *error) {
    uint32_t count = load_u32(at);
    tw_dbn_walk next = *walk;
    next.list++;
    if (walk->list == LIST_DEFINITION && count != 0)
        return tw_error_set(error, TW_UNSUPPORTED,
                            "it defines its own schema (%lu bytes), which no version up to %d does",
                            (unsigned long)count, TW_DBN_VERSION_MAX);
    if ((uint64_t)count * thing_size(&next) > walk->left - COUNT_SIZE)
        return tw_error_set(
            error, TW_CORRUPT, "the metadata lists %lu %s, but has only %lu bytes for them",
            (unsigned long)count, walk->list == LIST_MAPPINGS ? "mappings" : "symbols",
            (unsigned long)(walk->left - COUNT_SIZE));
    next.count = count;
    *item = (tw_dbn_item){.count = count, .size = COUNT_SIZE, .kind = TW_DBN_ITEM_COUNT};
    *walk = next;
    return TW_OK;
}

static tw_status next_mapping(tw_dbn_walk *walk, const char *at, tw_dbn_item *item,
                              tw_error *error) {
    uint32_t size = walk->symbol_size + (uint32_t)COUNT_SIZE;
    uint32_t count = load_u32(at + walk->symbol_size);
    if ((uint64_t)count * (DATES_SIZE + (uint64_t)walk->symbol_size) > walk->left - size)
        return tw_error_set(error, TW_CORRUPT,
                            "a mapping lists %lu intervals, but has only %lu bytes for them",
                            (unsigned long)count, (unsigned long)(walk->left - size));
    *item = (tw_dbn_item){.symbol = symbol_at(at, walk->symbol_size),
                          .count = count,
                          .size = size,
                          .kind = TW_DBN_ITEM_MAPPING};
    walk->interval_count = count;
    walk->count--;
    return TW_OK;
}

static tw_status next_interval(tw_dbn_walk *walk, const char *at, tw_dbn_item *item,
                               tw_error *error) {
    tw_dbn_item interval = {.symbol = symbol_at(at + DATES_SIZE, walk->symbol_size),
                            .size = DATES_SIZE + (uint32_t)walk->symbol_size,
                            .kind = TW_DBN_ITEM_INTERVAL};
    tw_status status = read_date(at, &interval.from_days, error);
    if (status == TW_OK)
        status = read_date(at + 4, &interval.to_days, error);
    if (status != TW_OK)
        return status;
    walk->interval_count--;
    *item = interval;
    return TW_OK;
}

static tw_status next_symbol(tw_dbn_walk *walk, const char *at, tw_dbn_item *item) {
    static const uint8_t kinds[] = {[LIST_PARTIAL] = TW_DBN_ITEM_SYMBOL,
                                    [LIST_NOT_FOUND] = TW_DBN_ITEM_PARTIAL,
                                    [LIST_MAPPINGS] = TW_DBN_ITEM_NOT_FOUND};
    *item = (tw_dbn_item){.symbol = symbol_at(at, walk->symbol_size),
                          .size = walk->symbol_size,
                          .kind = kinds[walk->list]};
    walk->count--;
    return TW_OK;
}

/* All lists were read. */
static tw_status finish(tw_dbn_walk *walk, tw_dbn_item *item) {
    *item = (tw_dbn_item){.size = walk->left,
                          .kind = walk->left > 0 ? TW_DBN_ITEM_PADDING : TW_DBN_ITEM_END};
    walk->left = 0;
    return TW_OK;
}

tw_status tw_dbn_walk_next(tw_dbn_walk *walk, tw_slice bytes, tw_dbn_item *ret_item,
                           tw_error *error) {
    size_t need = tw_dbn_walk_need(walk);
    if (need == 0)
        return finish(walk, ret_item);
    if (need > walk->left)
        return tw_error_set(error, TW_CORRUPT,
                            "the metadata is over in the middle of its lists; its length is wrong");
    if (bytes.size < need)
        return tw_error_set(error, TW_TRUNCATED, "the metadata ends %lu bytes too early",
                            (unsigned long)(walk->left - bytes.size));
    tw_dbn_item item = {0};
    tw_status status;
    if (walk->interval_count > 0)
        status = next_interval(walk, bytes.data, &item, error);
    else if (walk->count == 0)
        status = next_list(walk, bytes.data, &item, error);
    else if (walk->list == LIST_NONE)
        status = next_mapping(walk, bytes.data, &item, error);
    else
        status = next_symbol(walk, bytes.data, &item);
    if (status != TW_OK)
        return status;
    walk->left -= item.size;
    *ret_item = item;
    return TW_OK;
}
