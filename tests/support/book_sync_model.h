/*
 * book_sync_model.h - bytes become feeds with faults for a tw_book_sync, beside an obvious slow
 * one.
 *
 * A small venue per symbol makes true changes and remembers its book after each of them. The bytes
 * say what reaches us: the next change, none, an old one again, two in the wrong order, a snapshot
 * of now or of before, nonsense, a reset. After each update
 *   - status, result, state, counts, what waits, and every level must be those of the slow one,
 *     which keeps whole updates in one array and books in another and finds everything by scanning;
 *   - and where there are numbers, a LIVE book must be the venue's own after change last_id, which
 *     the slow one does not know.
 * Used by model_book_sync (random bytes) and fuzz_depth (the fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_BOOK_SYNC_MODEL_H
#define TRADEWIND_TEST_BOOK_SYNC_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/book_sync.h"

#define SM_SYMBOLS 3
#define SM_PRICES 12       /* a side; bids 1 to 12, asks 9 to 20, so that books may cross */
#define SM_HISTORY 256     /* changes that a venue makes in a run */
#define SM_CHANGE_LEVELS 6 /* of one change */
#define SM_UPDATE_LEVELS (2 * SM_PRICES)
#define SM_WAITING 64

typedef struct sm_config {
    tw_book_sync_config sync;
    uint32_t book_level_count_max;
    uint32_t depth_max;
    tw_book_sync_numbering numbering; /* of the venue */
    bool has_checksum;
} sm_config;

/* An update with its levels. */
typedef struct sm_update {
    tw_depth_update update;
    tw_level levels[SM_UPDATE_LEVELS];
} sm_update;

typedef struct sm_bytes {
    const uint8_t *bytes;
    size_t size;
    size_t used;
} sm_bytes;

static inline uint8_t sm_byte(sm_bytes *bytes) {
    return bytes->used < bytes->size ? bytes->bytes[bytes->used++] : 0;
}

/* ---- books as totals by price ---------------------------------------------------------------- */

typedef struct sm_book {
    int64_t quantity[2][SM_PRICES]; /* 0 bids, 1 asks; by price */
} sm_book;

static inline size_t sm_side(uint8_t side) {
    return side == TW_SIDE_BUY ? 0 : 1;
}

static inline int64_t sm_price(size_t side, size_t index) {
    return (int64_t)(side == 0 ? 1 + index : 9 + index);
}

/* The index of the n-th best level of a side, or SM_PRICES. */
static inline size_t sm_nth(const sm_book *book, size_t side, size_t n) {
    for (size_t i = 0; i < SM_PRICES; i++) {
        size_t index = side == 0 ? SM_PRICES - 1 - i : i;
        if (book->quantity[side][index] > 0 && n-- == 0)
            return index;
    }
    return SM_PRICES;
}

static inline size_t sm_count(const sm_book *book) {
    size_t count = 0;
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < SM_PRICES; i++)
            count += book->quantity[side][i] > 0;
    }
    return count;
}

static inline bool sm_is_crossed(const sm_book *book) {
    size_t bid = sm_nth(book, 0, 0);
    size_t ask = sm_nth(book, 1, 0);
    return bid < SM_PRICES && ask < SM_PRICES && sm_price(0, bid) > sm_price(1, ask);
}

/* Kraken's checksum, from its text, bit by bit. Prices and quantities have nine digits. */
static inline uint32_t sm_checksum(const sm_book *book) {
    char text[1024] = "";
    size_t used = 0;
    for (size_t side = 2; side-- > 0;) {
        for (size_t n = 0; n < 10; n++) {
            size_t index = sm_nth(book, side, n);
            if (index < SM_PRICES)
                used += (size_t)snprintf(text + used, sizeof text - used, "%lld%lld",
                                         (long long)sm_price(side, index),
                                         (long long)book->quantity[side][index]);
        }
    }
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < used; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* ---- the venue ------------------------------------------------------------------------------- */

typedef struct sm_venue {
    sm_book now;
    sm_update changes[SM_HISTORY];
    sm_book after[SM_HISTORY]; /* each change */
    size_t count;
} sm_venue;

static inline uint64_t sm_last_id(const sm_venue *venue, size_t count) {
    return count == 0 ? 10 : venue->changes[count - 1].update.last_id;
}

static inline void sm_number(sm_venue *venue, tw_book_sync_numbering numbering, sm_bytes *bytes,
                             tw_depth_update *update) {
    if (numbering == TW_BOOK_SYNC_UNNUMBERED)
        return;
    uint64_t before = sm_last_id(venue, venue->count);
    uint8_t byte = sm_byte(bytes);
    update->first_id = before + 1;
    if (numbering == TW_BOOK_SYNC_PREVIOUS) {
        update->previous_id = before;
        update->first_id += byte / 16 % 4;
    }
    update->last_id = update->first_id + byte % 3;
}

/* Makes the next true change; NULL when the history is full. */
static inline const sm_update *sm_change(sm_venue *venue, const sm_config *config, tw_symbol symbol,
                                         sm_bytes *bytes) {
    if (venue->count == SM_HISTORY)
        return NULL;
    sm_update *change = &venue->changes[venue->count];
    *change = (sm_update){.update = {.symbol = symbol, .depth_max = config->depth_max}};
    size_t count = sm_byte(bytes) % (SM_CHANGE_LEVELS + 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = sm_byte(bytes);
        size_t side = byte & 1;
        size_t index = byte / 2 % SM_PRICES;
        int64_t quantity = byte % 3 == 0 ? 0 : 1 + sm_byte(bytes) % 100;
        venue->now.quantity[side][index] = quantity;
        change->levels[i] = (tw_level){.price.nano = sm_price(side, index),
                                       .quantity.nano = quantity,
                                       .symbol = symbol,
                                       .side = (uint8_t)(side == 0 ? TW_SIDE_BUY : TW_SIDE_SELL)};
    }
    change->update.level_count = count;
    change->update.price_digits = change->update.quantity_digits = 9;
    sm_number(venue, config->numbering, bytes, &change->update);
    if (config->has_checksum) {
        change->update.has_checksum = 1;
        change->update.checksum = sm_checksum(&venue->now);
    }
    venue->after[venue->count++] = venue->now;
    return change;
}

/* The venue's whole book after `count` changes. */
static inline sm_update sm_snapshot(const sm_venue *venue, const sm_config *config,
                                    tw_symbol symbol, size_t count) {
    static const sm_book nothing;
    const sm_book *book = count == 0 ? &nothing : &venue->after[count - 1];
    sm_update snapshot = {.update = {.symbol = symbol,
                                     .depth_max = config->depth_max,
                                     .price_digits = 9,
                                     .quantity_digits = 9,
                                     .snapshot = 1}};
    if (config->numbering != TW_BOOK_SYNC_UNNUMBERED)
        snapshot.update.last_id = sm_last_id(venue, count);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < SM_PRICES; i++) {
            if (book->quantity[side][i] > 0)
                snapshot.levels[snapshot.update.level_count++] =
                    (tw_level){.price.nano = sm_price(side, i),
                               .quantity.nano = book->quantity[side][i],
                               .symbol = symbol,
                               .side = (uint8_t)(side == 0 ? TW_SIDE_BUY : TW_SIDE_SELL)};
        }
    }
    return snapshot;
}

/* ---- the slow synchroniser ------------------------------------------------------------------- */

typedef struct slow_symbol {
    sm_book book;
    tw_book_sync_state state;
    tw_book_sync_numbering numbering;
    tw_book_sync_counts counts;
    uint64_t last_id, first_of_last, snapshot_id, lost_id;
    uint32_t idle;
    bool asked;
} slow_symbol;

typedef struct slow_sync {
    const sm_config *config;
    slow_symbol symbols[SM_SYMBOLS];
    sm_update waiting[SM_WAITING]; /* of all, in the order of arrival */
    size_t waiting_count;
} slow_sync;

static inline size_t slow_level_count(const slow_sync *slow) {
    size_t count = 0;
    for (size_t i = 0; i < SM_SYMBOLS; i++)
        count += sm_count(&slow->symbols[i].book);
    return count;
}

static inline size_t slow_waiting_levels(const slow_sync *slow) {
    size_t count = 0;
    for (size_t i = 0; i < slow->waiting_count; i++)
        count += slow->waiting[i].update.level_count;
    return count;
}

static inline void slow_take_out(slow_sync *slow, size_t at) {
    memmove(&slow->waiting[at], &slow->waiting[at + 1],
            (slow->waiting_count - at - 1) * sizeof slow->waiting[0]);
    slow->waiting_count--;
}

/* The place of a symbol's first waiting update, or waiting_count. */
static inline size_t slow_first(const slow_sync *slow, tw_symbol symbol) {
    size_t at = 0;
    while (at < slow->waiting_count && slow->waiting[at].update.symbol != symbol)
        at++;
    return at;
}

static inline void slow_stale(slow_sync *slow, slow_symbol *symbol, bool empty) {
    symbol->state = TW_BOOK_SYNC_STALE;
    symbol->asked = true;
    symbol->idle = 0;
    if (symbol->lost_id < symbol->last_id)
        symbol->lost_id = symbol->last_id;
    if (empty || !slow->config->sync.keep_stale)
        symbol->book = (sm_book){0};
}

static inline tw_book_sync_reason slow_judge(const slow_symbol *symbol, const sm_update *in) {
    const tw_depth_update *update = &in->update;
    for (size_t i = 0; i < update->level_count; i++) {
        if (in->levels[i].symbol != update->symbol)
            return TW_BOOK_SYNC_BAD_SYMBOL;
        if (in->levels[i].side < 1 || in->levels[i].side > 2 || in->levels[i].quantity.nano < 0)
            return TW_BOOK_SYNC_BAD_LEVEL;
    }
    bool numbered =
        symbol->numbering == TW_BOOK_SYNC_RANGE || symbol->numbering == TW_BOOK_SYNC_PREVIOUS;
    if (update->snapshot)
        return numbered && update->last_id == 0 ? TW_BOOK_SYNC_BAD_NUMBERS : TW_BOOK_SYNC_FINE;
    tw_book_sync_numbering numbering = update->previous_id ? TW_BOOK_SYNC_PREVIOUS
                                       : update->first_id || update->last_id
                                           ? TW_BOOK_SYNC_RANGE
                                           : TW_BOOK_SYNC_UNNUMBERED;
    if (symbol->numbering != TW_BOOK_SYNC_AUTO && symbol->numbering != numbering)
        return TW_BOOK_SYNC_BAD_NUMBERING;
    if (numbering == TW_BOOK_SYNC_UNNUMBERED)
        return TW_BOOK_SYNC_FINE;
    if (symbol->state == TW_BOOK_SYNC_LIVE && symbol->last_id == 0)
        return TW_BOOK_SYNC_BAD_NUMBERING;
    if (update->last_id == 0 || update->first_id > update->last_id ||
        (numbering == TW_BOOK_SYNC_RANGE && update->first_id == 0))
        return TW_BOOK_SYNC_BAD_NUMBERS;
    return TW_BOOK_SYNC_FINE;
}

/* Writes all of an update, cuts, compares. */
static inline tw_status slow_absorb(slow_sync *slow, const sm_update *in,
                                    tw_book_sync_result *result) {
    slow_symbol *symbol = &slow->symbols[in->update.symbol];
    symbol->last_id = symbol->numbering == TW_BOOK_SYNC_UNNUMBERED ? 0 : in->update.last_id;
    symbol->first_of_last = in->update.first_id;
    symbol->idle = 0;
    for (size_t i = 0; i < in->update.level_count; i++) {
        const tw_level *level = &in->levels[i];
        size_t side = sm_side(level->side);
        int64_t index = level->price.nano - sm_price(side, 0);
        bool bad = index < 0; /* the only price that the book does not take is 0 */
        int64_t *quantity = bad ? NULL : &symbol->book.quantity[side][index];
        bool full = !bad && *quantity == 0 && level->quantity.nano > 0 &&
                    slow_level_count(slow) == slow->config->book_level_count_max;
        if (bad || full) {
            slow_stale(slow, symbol, true);
            symbol->counts.no_room += full;
            symbol->counts.refused += bad;
            result->outcome = full ? TW_BOOK_SYNC_NO_ROOM : TW_BOOK_SYNC_REFUSED;
            result->reason = full ? TW_BOOK_SYNC_FINE : TW_BOOK_SYNC_BAD_LEVEL;
            return full ? TW_FULL : TW_INVALID;
        }
        *quantity = level->quantity.nano;
    }
    for (size_t side = 0; side < 2 && in->update.depth_max > 0; side++) {
        size_t index;
        while ((index = sm_nth(&symbol->book, side, in->update.depth_max)) < SM_PRICES) {
            symbol->book.quantity[side][index] = 0;
            symbol->counts.cut_levels++;
        }
    }
    symbol->counts.crossed += sm_is_crossed(&symbol->book);
    symbol->counts.applied += in->update.snapshot == 0;
    if (in->update.has_checksum == 0)
        return TW_OK;
    symbol->counts.checksums++;
    uint32_t checksum = sm_checksum(&symbol->book);
    if (checksum == in->update.checksum)
        return TW_OK;
    symbol->counts.mismatches++;
    result->checksum = checksum;
    result->outcome = TW_BOOK_SYNC_MISMATCH;
    slow_stale(slow, symbol, false);
    return TW_STATE;
}

/* The rules of the numbers, as book_sync.h tells them. */
static inline tw_book_sync_outcome slow_place(const slow_symbol *symbol,
                                              const tw_depth_update *update) {
    uint64_t U = update->first_id;
    uint64_t u = update->last_id;
    uint64_t pu = update->previous_id;
    uint64_t last = symbol->last_id;
    bool fresh = last == symbol->snapshot_id;
    bool below = u <= last;
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED)
        return TW_BOOK_SYNC_APPLIED;
    if (symbol->numbering == TW_BOOK_SYNC_PREVIOUS) {
        if (pu == last || (fresh && pu <= last && u > last))
            return TW_BOOK_SYNC_APPLIED;
        if (!below)
            return pu > last ? TW_BOOK_SYNC_GAP : TW_BOOK_SYNC_DISORDER;
    } else {
        if (U == last + 1 || (fresh && U <= last + 1 && u >= last + 1))
            return TW_BOOK_SYNC_APPLIED;
        if (!below)
            return U > last + 1 ? TW_BOOK_SYNC_GAP : TW_BOOK_SYNC_DISORDER;
    }
    if (u <= symbol->snapshot_id)
        return TW_BOOK_SYNC_OLD;
    return u == last && U == symbol->first_of_last ? TW_BOOK_SYNC_DUPLICATE : TW_BOOK_SYNC_LATE;
}

static inline tw_status slow_step(slow_sync *slow, const sm_update *in,
                                  tw_book_sync_result *result) {
    slow_symbol *symbol = &slow->symbols[in->update.symbol];
    tw_book_sync_outcome outcome = slow_place(symbol, &in->update);
    result->outcome = (uint8_t)outcome;
    if (outcome == TW_BOOK_SYNC_APPLIED)
        return slow_absorb(slow, in, result);
    symbol->counts.gaps += outcome == TW_BOOK_SYNC_GAP;
    symbol->counts.old += outcome == TW_BOOK_SYNC_OLD;
    symbol->counts.duplicates += outcome == TW_BOOK_SYNC_DUPLICATE;
    symbol->counts.late += outcome == TW_BOOK_SYNC_LATE;
    if (outcome == TW_BOOK_SYNC_GAP) {
        result->missing_first = symbol->last_id + 1;
        result->missing_last = symbol->numbering == TW_BOOK_SYNC_RANGE ? in->update.first_id - 1
                                                                       : in->update.previous_id;
    }
    if (outcome != TW_BOOK_SYNC_GAP && outcome != TW_BOOK_SYNC_DISORDER) {
        symbol->idle++;
        TW_ASSERT(symbol->idle <= TW_BOOK_SYNC_IDLE_MAX); /* a run is shorter than that */
        return TW_OK;
    }
    symbol->counts.disorders += outcome == TW_BOOK_SYNC_DISORDER;
    slow_stale(slow, symbol, false);
    return TW_STATE;
}

static inline void slow_put_aside(slow_sync *slow, const sm_update *in,
                                  tw_book_sync_result *result) {
    slow_symbol *symbol = &slow->symbols[in->update.symbol];
    const tw_book_sync_config *config = &slow->config->sync;
    if (config->update_count_max == 0 || in->update.level_count > config->level_count_max) {
        if (symbol->lost_id < in->update.last_id)
            symbol->lost_id = in->update.last_id;
        symbol->counts.overflowed++;
        result->outcome = TW_BOOK_SYNC_OVERFLOWED;
        return;
    }
    while (slow->waiting_count == config->update_count_max ||
           slow_waiting_levels(slow) + in->update.level_count > config->level_count_max) {
        const tw_depth_update *oldest = &slow->waiting[0].update;
        slow_symbol *loser = &slow->symbols[oldest->symbol];
        if (loser->lost_id < oldest->last_id)
            loser->lost_id = oldest->last_id;
        loser->counts.overflowed++;
        result->dropped_count++;
        slow_take_out(slow, 0);
    }
    TW_ASSERT(slow->waiting_count < SM_WAITING);
    slow->waiting[slow->waiting_count++] = *in;
    symbol->counts.buffered++;
}

static inline bool slow_is_too_old(const slow_sync *slow, tw_symbol number, uint64_t last_id) {
    const slow_symbol *symbol = &slow->symbols[number];
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED)
        return false;
    if (symbol->state == TW_BOOK_SYNC_LIVE)
        return last_id < symbol->last_id;
    if (last_id < symbol->lost_id)
        return true;
    for (size_t i = 0; i < slow->waiting_count; i++) {
        const tw_depth_update *update = &slow->waiting[i].update;
        if (update->symbol == number && update->last_id > last_id)
            return symbol->numbering == TW_BOOK_SYNC_RANGE ? update->first_id > last_id + 1
                                                           : update->previous_id > last_id;
    }
    return false;
}

static inline tw_status slow_replay(slow_sync *slow, tw_symbol number,
                                    tw_book_sync_result *result) {
    for (size_t at; (at = slow_first(slow, number)) < slow->waiting_count;) {
        sm_update in = slow->waiting[at];
        tw_status status = slow_step(slow, &in, result);
        if (result->outcome != TW_BOOK_SYNC_GAP && result->outcome != TW_BOOK_SYNC_DISORDER)
            slow_take_out(slow, at);
        if (status != TW_OK)
            return status;
        if (result->outcome == TW_BOOK_SYNC_APPLIED)
            result->replayed_count++;
        else
            result->dropped_count++;
    }
    result->outcome = TW_BOOK_SYNC_LOADED;
    return TW_OK;
}

static inline tw_status slow_load(slow_sync *slow, const sm_update *in,
                                  tw_book_sync_result *result) {
    tw_symbol number = in->update.symbol;
    slow_symbol *symbol = &slow->symbols[number];
    uint64_t last_id = symbol->numbering == TW_BOOK_SYNC_UNNUMBERED ? 0 : in->update.last_id;
    if (slow_is_too_old(slow, number, last_id)) {
        symbol->counts.snapshots_old++;
        result->outcome = TW_BOOK_SYNC_SNAPSHOT_OLD;
        return symbol->state == TW_BOOK_SYNC_LIVE ? TW_OK : TW_STATE;
    }
    for (size_t at; (at = slow_first(slow, number)) < slow->waiting_count;) {
        if (slow->waiting[at].update.last_id > last_id)
            break;
        slow_take_out(slow, at);
        symbol->counts.old++;
        result->dropped_count++;
    }
    symbol->book = (sm_book){0};
    symbol->lost_id = 0;
    symbol->snapshot_id = last_id;
    symbol->state = TW_BOOK_SYNC_LIVE;
    symbol->asked = false;
    symbol->counts.snapshots++;
    result->outcome = TW_BOOK_SYNC_LOADED;
    tw_status status = slow_absorb(slow, in, result);
    if (status != TW_OK)
        return status;
    symbol->last_id = last_id;
    symbol->first_of_last = 0;
    return slow_replay(slow, number, result);
}

static inline tw_status slow_change(slow_sync *slow, const sm_update *in,
                                    tw_book_sync_result *result) {
    slow_symbol *symbol = &slow->symbols[in->update.symbol];
    symbol->numbering = in->update.previous_id ? TW_BOOK_SYNC_PREVIOUS
                        : in->update.first_id  ? TW_BOOK_SYNC_RANGE
                                               : TW_BOOK_SYNC_UNNUMBERED;
    if (symbol->state == TW_BOOK_SYNC_LIVE) {
        tw_status status = slow_step(slow, in, result);
        uint8_t outcome = result->outcome;
        if (outcome == TW_BOOK_SYNC_GAP || outcome == TW_BOOK_SYNC_DISORDER)
            slow_put_aside(slow, in, result);
        result->outcome = outcome;
        return status;
    }
    tw_status status = symbol->asked ? TW_EMPTY : TW_STATE;
    symbol->asked = true;
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED) {
        symbol->counts.early++;
        result->outcome = TW_BOOK_SYNC_EARLY;
        return status;
    }
    if (symbol->state == TW_BOOK_SYNC_UNSYNCED)
        symbol->state = TW_BOOK_SYNC_BUFFERING;
    result->outcome = TW_BOOK_SYNC_BUFFERED;
    slow_put_aside(slow, in, result);
    return status;
}

static inline tw_status slow_apply(slow_sync *slow, const sm_update *in,
                                   tw_book_sync_result *ret_result) {
    slow_symbol *symbol = &slow->symbols[in->update.symbol];
    tw_book_sync_result result = {0};
    tw_status status;
    symbol->counts.updates++;
    tw_book_sync_reason reason = slow_judge(symbol, in);
    if (reason != TW_BOOK_SYNC_FINE) {
        symbol->counts.refused++;
        if (symbol->state == TW_BOOK_SYNC_LIVE)
            slow_stale(slow, symbol, false);
        result.outcome = TW_BOOK_SYNC_REFUSED;
        result.reason = (uint8_t)reason;
        status = TW_INVALID;
    } else {
        status =
            in->update.snapshot ? slow_load(slow, in, &result) : slow_change(slow, in, &result);
    }
    result.state = (uint8_t)symbol->state;
    result.last_id = symbol->state == TW_BOOK_SYNC_LIVE ? symbol->last_id : 0;
    *ret_result = result;
    return status;
}

static inline void slow_reset(slow_sync *slow, tw_symbol number) {
    for (size_t at; (at = slow_first(slow, number)) < slow->waiting_count;)
        slow_take_out(slow, at);
    slow->symbols[number] =
        (slow_symbol){.counts = slow->symbols[number].counts,
                      .numbering = (tw_book_sync_numbering)slow->config->sync.numbering};
}

/* ---- both side by side ----------------------------------------------------------------------- */

typedef struct sm_model {
    const sm_config *config;
    tw_book *book;
    tw_book_sync *sync;
    slow_sync slow;
    sm_venue venues[SM_SYMBOLS];
    uint32_t op_count;
    uint64_t live_count; /* updates after which a book was held against the venue's */
} sm_model;

static inline void sm_check_book(const sm_model *model, tw_symbol symbol, const sm_book *wanted) {
    for (size_t side = 0; side < 2; side++) {
        tw_level levels[SM_PRICES + 1];
        size_t count = tw_book_depth(model->book, symbol, side == 0 ? TW_SIDE_BUY : TW_SIDE_SELL,
                                     levels, SM_PRICES + 1);
        for (size_t n = 0; n < SM_PRICES; n++) {
            size_t index = sm_nth(wanted, side, n);
            TW_ASSERT((index < SM_PRICES) == (n < count));
            if (index == SM_PRICES)
                break;
            TW_ASSERT(levels[n].price.nano == sm_price(side, index));
            TW_ASSERT(levels[n].quantity.nano == wanted->quantity[side][index]);
        }
    }
}

/* A live book is the venue's after change last_id; before the first one it is empty. */
static inline void sm_check_truth(sm_model *model, tw_symbol symbol,
                                  const tw_book_sync_result *result) {
    if (result->state != TW_BOOK_SYNC_LIVE || result->last_id == 0 ||
        model->config->depth_max != 0 || model->config->numbering == TW_BOOK_SYNC_UNNUMBERED)
        return;
    const sm_venue *venue = &model->venues[symbol];
    static const sm_book nothing;
    const sm_book *truth = &nothing;
    for (size_t i = 0; i < venue->count && venue->changes[i].update.last_id <= result->last_id; i++)
        truth = &venue->after[i];
    sm_check_book(model, symbol, truth);
    model->live_count++;
}

static inline void sm_compare(const sm_model *model) {
    uint32_t updates = 0;
    uint32_t levels = 0;
    tw_book_sync_waiting(model->sync, &updates, &levels);
    TW_ASSERT(updates == model->slow.waiting_count);
    TW_ASSERT(levels == slow_waiting_levels(&model->slow));
    for (tw_symbol i = 0; i < SM_SYMBOLS; i++) {
        const slow_symbol *slow = &model->slow.symbols[i];
        tw_book_sync_counts counts;
        tw_book_sync_counts_of(model->sync, i, &counts);
        TW_ASSERT(memcmp(&counts, &slow->counts, sizeof counts) == 0);
        TW_ASSERT(tw_book_sync_state_of(model->sync, i) == slow->state);
        sm_check_book(model, i, &slow->book);
    }
}

static inline void sm_give(sm_model *model, sm_update update) {
    tw_book_sync_result result;
    tw_book_sync_result slow_result;
    update.update.levels = update.levels;
    tw_status status = tw_book_sync_apply(model->sync, &update.update, &result);
    tw_status slow_status = slow_apply(&model->slow, &update, &slow_result);
    TW_ASSERT(status == slow_status);
    TW_ASSERT(memcmp(&result, &slow_result, sizeof result) == 0);
    sm_check_truth(model, update.update.symbol, &result);
}

/* A true change with one thing about it that is wrong. */
static inline void sm_give_nonsense(sm_model *model, sm_update update, uint8_t byte) {
    tw_level *level = &update.levels[0];
    if (update.update.level_count == 0)
        update.update.level_count = 1;
    *level = (tw_level){.price.nano = 1, .symbol = update.update.symbol, .side = TW_SIDE_BUY};
    switch (byte % 7) {
    case 0:
        level->side = 3;
        break;
    case 1:
        level->quantity.nano = -1;
        break;
    case 2:
        level->symbol ^= 1;
        break;
    case 3:
        level->price.nano = 0;
        break;
    case 4:
        update.update.first_id = update.update.last_id + 1;
        break;
    case 5:
        update.update.last_id = 0;
        break;
    default: /* of numbers others could be good, and then it were not a change of the venue */
        if (model->config->numbering != TW_BOOK_SYNC_UNNUMBERED)
            return;
        update.update.previous_id = 7;
        break;
    }
    sm_give(model, update);
}

static inline void sm_snapshot_of_before(sm_model *model, tw_symbol symbol, uint8_t back) {
    const sm_venue *venue = &model->venues[symbol];
    size_t count = venue->count > back ? venue->count - back : 0;
    sm_give(model, sm_snapshot(venue, model->config, symbol, count));
}

static inline void sm_swap(sm_model *model, tw_symbol symbol, sm_bytes *bytes) {
    const sm_update *first = sm_change(&model->venues[symbol], model->config, symbol, bytes);
    const sm_update *second = sm_change(&model->venues[symbol], model->config, symbol, bytes);
    if (second != NULL)
        sm_give(model, *second);
    if (first != NULL)
        sm_give(model, *first);
}

static inline void sm_op(sm_model *model, sm_bytes *bytes) {
    uint8_t byte = sm_byte(bytes);
    tw_symbol symbol = (tw_symbol)(byte / 16 % SM_SYMBOLS);
    sm_venue *venue = &model->venues[symbol];
    uint8_t kind = byte % 16;
    if (kind == 8 && venue->count > 0) {
        size_t back = 1 + sm_byte(bytes) % 8;
        sm_give(model, venue->changes[venue->count > back ? venue->count - back : 0]);
    } else if (kind == 9) {
        sm_swap(model, symbol, bytes);
    } else if (kind == 10 || kind == 11) {
        sm_snapshot_of_before(model, symbol, 0);
    } else if (kind == 12) {
        sm_snapshot_of_before(model, symbol, sm_byte(bytes) % 12);
    } else if (kind == 13 && sm_byte(bytes) < 64) {
        tw_book_sync_reset(model->sync, symbol);
        slow_reset(&model->slow, symbol);
    } else {
        const sm_update *change = sm_change(venue, model->config, symbol, bytes);
        if (change != NULL && kind == 14)
            sm_give_nonsense(model, *change, sm_byte(bytes));
        else if (change != NULL && kind != 7)
            sm_give(model, *change);
    }
}

/* Runs all bytes; returns how many updates a live book was held against the venue's after. */
static inline uint64_t sm_run(sm_model *model, const sm_config *config, const uint8_t *data,
                              size_t size) {
    memset(model, 0, sizeof *model);
    model->config = model->slow.config = config;
    const tw_book_config book = {.symbol_count_max = SM_SYMBOLS,
                                 .level_count_max = config->book_level_count_max};
    TW_ASSERT(tw_book_new(NULL, &book, &model->book) == TW_OK);
    TW_ASSERT(tw_book_sync_new(NULL, &config->sync, model->book, &model->sync) == TW_OK);
    for (size_t i = 0; i < SM_SYMBOLS; i++)
        model->slow.symbols[i].numbering = (tw_book_sync_numbering)config->sync.numbering;
    sm_bytes bytes = {data, size, 0};
    while (bytes.used < bytes.size) {
        sm_op(model, &bytes);
        sm_compare(model);
        if (++model->op_count % 16 == 0)
            tw_book_sync_check(model->sync);
    }
    tw_book_sync_check(model->sync);
    tw_book_check(model->book);
    tw_book_sync_free(model->sync);
    tw_book_free(model->book);
    return model->live_count;
}

/* The situations that are tried: each numbering, with room and without. */
static const sm_config sm_configs[] = {
    {.sync = {.symbol_count_max = SM_SYMBOLS, .update_count_max = 60, .level_count_max = 400},
     .book_level_count_max = 100,
     .numbering = TW_BOOK_SYNC_RANGE},
    {.sync = {.symbol_count_max = SM_SYMBOLS, .update_count_max = 60, .level_count_max = 400},
     .book_level_count_max = 100,
     .numbering = TW_BOOK_SYNC_PREVIOUS},
    {.sync = {.symbol_count_max = SM_SYMBOLS, .update_count_max = 4, .level_count_max = 9},
     .book_level_count_max = 100,
     .numbering = TW_BOOK_SYNC_RANGE},
    {.sync = {.symbol_count_max = SM_SYMBOLS,
              .update_count_max = 5,
              .level_count_max = 12,
              .numbering = TW_BOOK_SYNC_PREVIOUS,
              .keep_stale = true},
     .book_level_count_max = 40,
     .numbering = TW_BOOK_SYNC_PREVIOUS},
    {.sync = {.symbol_count_max = SM_SYMBOLS},
     .book_level_count_max = 30,
     .numbering = TW_BOOK_SYNC_RANGE},
    {.sync = {.symbol_count_max = SM_SYMBOLS},
     .book_level_count_max = 100,
     .depth_max = 12,
     .numbering = TW_BOOK_SYNC_UNNUMBERED,
     .has_checksum = true},
    {.sync = {.symbol_count_max = SM_SYMBOLS, .keep_stale = true},
     .book_level_count_max = 50,
     .depth_max = 4,
     .numbering = TW_BOOK_SYNC_UNNUMBERED},
    {.sync = {.symbol_count_max = SM_SYMBOLS, .update_count_max = 60, .level_count_max = 400},
     .book_level_count_max = 100,
     .depth_max = 5,
     .numbering = TW_BOOK_SYNC_RANGE,
     .has_checksum = true},
};

#define SM_CONFIG_COUNT (sizeof sm_configs / sizeof sm_configs[0])

#endif
