/*
 * book_sync.c - from snapshots and changes that may be lost, repeated or swapped to a right book.
 *
 *                  sync_absorb
 *                     +----+
 *                     v    |       sync_go_stale (_in_part)
 *  +----------+ load +----------+ ------------------------> +----------+
 *  | UNSYNCED |----->|   LIVE   |                           |  STALE   |--+
 *  +----------+      +----------+ <------------------------ +----------+  | keep:
 *       |                 ^          load, then replay           ^        | a change waits
 *       | keep: the       | load,    of what waited              +--------+
 *       | first change    | then replay
 *       |            +-----------+
 *       +----------->| BUFFERING |--+
 *                    +-----------+  | keep: a change waits
 *                         ^         |
 *                         +---------+
 *
 *  sync_go_stale     a gap or disorder (step), a checksum (verify), an update refused (refuse)
 *  ... _in_part      no room in the book, or a price that it does not take (sync_absorb)
 *  load              a snapshot, unless it is too old (is_too_old): then nothing changes
 *  tw_book_sync_reset leads to UNSYNCED from anywhere
 *
 * Changes without numbers cannot be matched with a snapshot, so they never wait: until the stream
 * brings a snapshot the symbol stays where it is, and they are dropped (EARLY).
 *
 * Idea: `place` compares the numbers of one change with those of the book and says what it is: the
 * next, old, late, behind a gap. The same function judges what comes and what waited. A change
 * that is behind a gap, or overlaps, waits for the snapshot that the gap makes necessary.
 *
 * Invariants:
 *   S1. LIVE: the book's levels of the symbol are the venue's after last_id (and, with a checksum,
 *       were found to be). They are written in book_sync_write.c only, an update at a time, and
 *       no reader runs in between.
 *   S2. Not LIVE: the book of the symbol is empty; with keep_stale, when STALE, it may be what it
 *       was when it became so. It is never partly of before and partly of after an update: what
 *       fails half-way is emptied.
 *   S3. LIVE: nothing waits.
 *   S4. lost_id is the greatest number that is known to be applied or dropped and cannot be had
 *       again: a snapshot of less is too old.
 *   S5. last_id == snapshot_id: no change was applied since the snapshot ("fresh").
 */
#include "book_sync_priv.h"

/* ---- creation -------------------------------------------------------------------------------- */

tw_status tw_book_sync_new(const tw_allocator *allocator, const tw_book_sync_config *config,
                           tw_book *book, tw_book_sync **ret_sync) {
    TW_ASSERT(config != NULL && book != NULL && ret_sync != NULL);
    if (config->symbol_count_max == 0 || config->symbol_count_max > TW_BOOK_COUNT_MAX ||
        config->update_count_max > TW_BOOK_COUNT_MAX ||
        config->level_count_max > TW_BOOK_COUNT_MAX ||
        config->numbering > TW_BOOK_SYNC_UNNUMBERED || config->checksum > TW_BOOK_CHECKSUM_IGNORED)
        return TW_INVALID;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_book_sync *sync = TW_NEW(allocator, 1, tw_book_sync);
    if (sync == NULL)
        return TW_NO_MEMORY;
    sync->allocator = *allocator;
    sync->config = *config;
    sync->book = book;
    sync->symbols = TW_NEW(allocator, config->symbol_count_max, sync_symbol);
    tw_status status = waiting_init(&sync->room, &sync->allocator, config->update_count_max,
                                    config->level_count_max);
    if (sync->symbols == NULL || status != TW_OK) {
        tw_book_sync_free(sync);
        return TW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < config->symbol_count_max; i++)
        sync->symbols[i].numbering = config->numbering;
    *ret_sync = sync;
    return TW_OK;
}

void tw_book_sync_free(tw_book_sync *sync) {
    if (sync == NULL)
        return;
    tw_allocator allocator = sync->allocator;
    waiting_done(&sync->room);
    TW_DELETE(&allocator, sync->symbols, sync->config.symbol_count_max, sync_symbol);
    TW_DELETE(&allocator, sync, 1, tw_book_sync);
}

/* ---- judging an update by itself ------------------------------------------------------------- */

static tw_book_sync_reason judge_levels(const tw_depth_update *update) {
    for (size_t i = 0; i < update->level_count; i++) {
        const tw_level *level = &update->levels[i];
        if (level->symbol != update->symbol)
            return TW_BOOK_SYNC_BAD_SYMBOL;
        if ((level->side != TW_SIDE_BUY && level->side != TW_SIDE_SELL) || level->quantity.nano < 0)
            return TW_BOOK_SYNC_BAD_LEVEL;
    }
    return TW_BOOK_SYNC_FINE;
}

static tw_book_sync_numbering numbering_of(const tw_depth_update *update) {
    if (update->previous_id != 0)
        return TW_BOOK_SYNC_PREVIOUS;
    return update->first_id != 0 || update->last_id != 0 ? TW_BOOK_SYNC_RANGE
                                                         : TW_BOOK_SYNC_UNNUMBERED;
}

static tw_book_sync_reason judge_numbers(const sync_symbol *symbol, const tw_depth_update *update) {
    if (update->snapshot != 0)
        return sync_is_numbered(symbol) && update->last_id == 0 ? TW_BOOK_SYNC_BAD_NUMBERS
                                                                : TW_BOOK_SYNC_FINE;
    tw_book_sync_numbering numbering = numbering_of(update);
    if (symbol->numbering != TW_BOOK_SYNC_AUTO && symbol->numbering != numbering)
        return TW_BOOK_SYNC_BAD_NUMBERING;
    if (numbering == TW_BOOK_SYNC_UNNUMBERED)
        return TW_BOOK_SYNC_FINE;
    /* A snapshot without a number cannot be what numbered changes follow. */
    if (symbol->state == TW_BOOK_SYNC_LIVE && symbol->last_id == 0)
        return TW_BOOK_SYNC_BAD_NUMBERING;
    bool range = numbering == TW_BOOK_SYNC_RANGE;
    if (update->last_id == 0 || update->first_id > update->last_id ||
        (range && update->first_id == 0))
        return TW_BOOK_SYNC_BAD_NUMBERS;
    return TW_BOOK_SYNC_FINE;
}

/* Digits matter where a checksum is made of them. A snapshot may come with others. */
static tw_book_sync_reason judge_digits(const tw_book_sync *sync, const sync_symbol *symbol,
                                        const tw_depth_update *update) {
    if (sync->config.checksum != TW_BOOK_CHECKSUM_KRAKEN || update->has_checksum == 0 ||
        update->snapshot != 0 || update->level_count == 0 || !symbol->has_digits)
        return TW_BOOK_SYNC_FINE;
    bool same = update->price_digits == symbol->price_digits &&
                update->quantity_digits == symbol->quantity_digits;
    return same ? TW_BOOK_SYNC_FINE : TW_BOOK_SYNC_BAD_DIGITS;
}

static tw_book_sync_reason judge(const tw_book_sync *sync, const sync_symbol *symbol,
                                 const tw_depth_update *update) {
    tw_book_sync_reason reason = judge_levels(update);
    if (reason == TW_BOOK_SYNC_FINE)
        reason = judge_numbers(symbol, update);
    if (reason == TW_BOOK_SYNC_FINE)
        reason = judge_digits(sync, symbol, update);
    return reason;
}

/* ---- where a change belongs ------------------------------------------------------------------ */

static tw_book_sync_outcome place_below(const sync_symbol *symbol, const tw_depth_update *update) {
    if (update->last_id <= symbol->snapshot_id)
        return TW_BOOK_SYNC_OLD;
    bool again = update->last_id == symbol->last_id && update->first_id == symbol->last_first_id;
    return again ? TW_BOOK_SYNC_DUPLICATE : TW_BOOK_SYNC_LATE;
}

/* What a change is to a book that holds everything up to last_id: see the rules in book_sync.h. */
static tw_book_sync_outcome place(const sync_symbol *symbol, const tw_depth_update *update) {
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED)
        return TW_BOOK_SYNC_APPLIED;
    bool range = symbol->numbering == TW_BOOK_SYNC_RANGE;
    uint64_t before = range ? update->first_id - 1 : update->previous_id;
    bool follows = before == symbol->last_id;
    if (follows && !range)
        return TW_BOOK_SYNC_APPLIED; /* even to a lower number: OKX begins anew so */
    if (update->last_id <= symbol->last_id)
        return place_below(symbol, update);
    if (follows)
        return TW_BOOK_SYNC_APPLIED;
    if (before > symbol->last_id)
        return TW_BOOK_SYNC_GAP;
    bool fresh = symbol->last_id == symbol->snapshot_id; /* S5 */
    return fresh ? TW_BOOK_SYNC_APPLIED : TW_BOOK_SYNC_DISORDER;
}

/* A change that brings nothing. Too many of them in a row: the numbers are not those that we know,
 * so what we know of them is forgotten, and any snapshot will do. */
static tw_status pass_over(tw_book_sync *sync, const tw_depth_update *update,
                           tw_book_sync_outcome outcome, tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    symbol->counts.old += outcome == TW_BOOK_SYNC_OLD;
    symbol->counts.duplicates += outcome == TW_BOOK_SYNC_DUPLICATE;
    symbol->counts.late += outcome == TW_BOOK_SYNC_LATE;
    result->outcome = (uint8_t)outcome;
    if (++symbol->idle_count <= TW_BOOK_SYNC_IDLE_MAX)
        return TW_OK;
    symbol->counts.disorders++;
    tw_status status = sync_go_stale(sync, update, TW_BOOK_SYNC_DISORDER, result);
    symbol->last_id = symbol->last_first_id = symbol->snapshot_id = symbol->lost_id = 0;
    return status;
}

/* Takes one change to a live book. */
static tw_status step(tw_book_sync *sync, sync_incoming in, tw_book_sync_result *result) {
    const tw_depth_update *update = in.update;
    sync_symbol *symbol = &sync->symbols[update->symbol];
    tw_book_sync_outcome outcome = place(symbol, update);
    if (outcome == TW_BOOK_SYNC_APPLIED) {
        result->outcome = TW_BOOK_SYNC_APPLIED;
        return sync_absorb(sync, in, result);
    }
    if (outcome != TW_BOOK_SYNC_GAP && outcome != TW_BOOK_SYNC_DISORDER)
        return pass_over(sync, update, outcome, result);
    bool gap = outcome == TW_BOOK_SYNC_GAP;
    symbol->counts.gaps += gap;
    symbol->counts.disorders += !gap;
    if (gap) {
        bool range = symbol->numbering == TW_BOOK_SYNC_RANGE;
        result->missing_first = symbol->last_id + 1;
        result->missing_last = range ? update->first_id - 1 : update->previous_id;
    }
    return sync_go_stale(sync, update, outcome, result);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void lose_oldest(tw_book_sync *sync) {
    tw_symbol oldest = waiting_oldest_symbol(&sync->room);
    sync_symbol *symbol = &sync->symbols[oldest];
    uint64_t last_id = sync->room.updates[symbol->waiting.first].update.last_id;
    if (last_id > symbol->lost_id)
        symbol->lost_id = last_id; /* S4 */
    symbol->counts.overflowed++;
    waiting_drop(&sync->room, &symbol->waiting);
}

/* Puts a numbered change to those that wait, for which the oldest may have to go. */
static void put_aside(tw_book_sync *sync, const tw_depth_update *update,
                      tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    if (!waiting_could_hold(&sync->room, update->level_count)) {
        if (update->last_id > symbol->lost_id)
            symbol->lost_id = update->last_id; /* S4 */
        symbol->counts.overflowed++;
        result->outcome = TW_BOOK_SYNC_OVERFLOWED;
        return;
    }
    while (!waiting_has_room(&sync->room, update->level_count)) {
        lose_oldest(sync);
        result->dropped_count++;
    }
    waiting_push(&sync->room, &symbol->waiting, update);
    symbol->counts.buffered++;
}

/* A change to a book that is not live. */
static tw_status keep(tw_book_sync *sync, const tw_depth_update *update,
                      tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    bool asked = symbol->asked;
    symbol->asked = true;
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED) {
        symbol->counts.early++;
        result->outcome = TW_BOOK_SYNC_EARLY;
        return asked ? TW_EMPTY : TW_STATE;
    }
    if (symbol->state == TW_BOOK_SYNC_UNSYNCED)
        symbol->state = TW_BOOK_SYNC_BUFFERING;
    result->outcome = TW_BOOK_SYNC_BUFFERED;
    put_aside(sync, update, result);
    return asked ? TW_EMPTY : TW_STATE;
}

/* A change to a live book. What leaves a gap or overlaps is the first that the next snapshot may
 * need. */
static tw_status change(tw_book_sync *sync, const tw_depth_update *update,
                        tw_book_sync_result *result) {
    tw_status status = step(sync, (sync_incoming){update, WAITING_NONE}, result);
    if (result->outcome == TW_BOOK_SYNC_GAP || result->outcome == TW_BOOK_SYNC_DISORDER) {
        uint8_t outcome = result->outcome;
        put_aside(sync, update, result);
        result->outcome = outcome;
    }
    return status;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

/* Lets go of what waits and is held by a snapshot of `last_id`. */
static void drop_held(tw_book_sync *sync, sync_symbol *symbol, uint64_t last_id,
                      tw_book_sync_result *result) {
    while (symbol->waiting.count > 0 &&
           sync->room.updates[symbol->waiting.first].update.last_id <= last_id) {
        waiting_drop(&sync->room, &symbol->waiting);
        symbol->counts.old++;
        result->dropped_count++;
    }
}

/* Whether something between the snapshot and the first change after it is lost. */
static bool is_too_old(const tw_book_sync *sync, const sync_symbol *symbol, uint64_t last_id) {
    if (symbol->numbering == TW_BOOK_SYNC_UNNUMBERED)
        return false;
    if (symbol->state == TW_BOOK_SYNC_LIVE)
        return last_id < symbol->last_id;
    if (last_id < symbol->lost_id) /* S4 */
        return true;
    for (uint32_t slot = symbol->waiting.first; slot != WAITING_NONE;) {
        const waiting_update *waiting = &sync->room.updates[slot];
        uint64_t before = symbol->numbering == TW_BOOK_SYNC_RANGE ? waiting->update.first_id - 1
                                                                  : waiting->update.previous_id;
        if (waiting->update.last_id > last_id)
            return before > last_id;
        slot = waiting->next;
    }
    return false;
}

/* Applies what waited for the snapshot that was just loaded, as far as it goes. */
static tw_status replay(tw_book_sync *sync, sync_symbol *symbol, tw_book_sync_result *result) {
    while (symbol->waiting.count > 0) {
        const waiting_update *waiting = &sync->room.updates[symbol->waiting.first];
        const tw_depth_update update = waiting->update;
        tw_status status = step(sync, (sync_incoming){&update, waiting->first_level}, result);
        bool waits_on =
            result->outcome == TW_BOOK_SYNC_GAP || result->outcome == TW_BOOK_SYNC_DISORDER;
        if (!waits_on)
            waiting_drop(&sync->room, &symbol->waiting);
        if (status != TW_OK)
            return status;
        *(result->outcome == TW_BOOK_SYNC_APPLIED ? &result->replayed_count
                                                  : &result->dropped_count) += 1;
    }
    result->outcome = TW_BOOK_SYNC_LOADED;
    return TW_OK;
}

static tw_status load(tw_book_sync *sync, const tw_depth_update *update,
                      tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    /* A number that only the snapshot has is no use. */
    uint64_t last_id = symbol->numbering == TW_BOOK_SYNC_UNNUMBERED ? 0 : update->last_id;
    if (is_too_old(sync, symbol, last_id)) {
        symbol->counts.snapshots_old++;
        result->outcome = TW_BOOK_SYNC_SNAPSHOT_OLD;
        return symbol->state == TW_BOOK_SYNC_LIVE ? TW_OK : TW_STATE;
    }
    drop_held(sync, symbol, last_id, result);
    sync_empty_book(sync, update);
    symbol->lost_id = 0;
    symbol->snapshot_id = last_id;
    symbol->state = TW_BOOK_SYNC_LIVE;
    symbol->counts.snapshots++;
    result->outcome = TW_BOOK_SYNC_LOADED;
    symbol->asked = false;
    tw_status status = sync_absorb(sync, (sync_incoming){update, WAITING_NONE}, result); /* S5 */
    return status == TW_OK ? replay(sync, symbol, result) : status;
}

/* ---- the ways in ----------------------------------------------------------------------------- */

static tw_status refuse(tw_book_sync *sync, const tw_depth_update *update,
                        tw_book_sync_reason reason, tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    symbol->counts.refused++;
    if (symbol->state == TW_BOOK_SYNC_LIVE)
        (void)sync_go_stale(sync, update, TW_BOOK_SYNC_REFUSED,
                            result); /* TW_STATE, told as INVALID */
    result->outcome = TW_BOOK_SYNC_REFUSED;
    result->reason = (uint8_t)reason;
    return TW_INVALID;
}

/* The first use of a symbol: whatever the book had of it is not ours. */
static tw_status claim(tw_book_sync *sync, const tw_depth_update *update,
                       tw_book_sync_result *result) {
    tw_status status = tw_book_clear(sync->book, update->symbol);
    if (status != TW_OK)
        return refuse(sync, update, TW_BOOK_SYNC_BAD_BOOK, result);
    return TW_OK;
}

static tw_status take(tw_book_sync *sync, const tw_depth_update *update,
                      tw_book_sync_result *result) {
    sync_symbol *symbol = &sync->symbols[update->symbol];
    symbol->counts.updates++;
    tw_book_sync_reason reason = judge(sync, symbol, update);
    if (reason != TW_BOOK_SYNC_FINE)
        return refuse(sync, update, reason, result);
    if (symbol->state == TW_BOOK_SYNC_UNSYNCED) {
        tw_status status = claim(sync, update, result);
        if (status != TW_OK)
            return status;
    }
    if (update->snapshot != 0)
        return load(sync, update, result);
    symbol->numbering = (uint8_t)numbering_of(update);
    return symbol->state == TW_BOOK_SYNC_LIVE ? change(sync, update, result)
                                              : keep(sync, update, result);
}

tw_status tw_book_sync_apply(tw_book_sync *sync, const tw_depth_update *update,
                             tw_book_sync_result *ret_result) {
    TW_ASSERT(sync != NULL && update != NULL);
    TW_ASSERT(update->levels != NULL || update->level_count == 0);
    tw_book_sync_result result = {0};
    tw_status status = TW_INVALID;
    if (update->symbol >= sync->config.symbol_count_max) {
        sync->bad_symbols++;
        result.outcome = TW_BOOK_SYNC_REFUSED;
        result.reason = TW_BOOK_SYNC_BAD_SYMBOL;
    } else {
        const sync_symbol *symbol = &sync->symbols[update->symbol];
        status = take(sync, update, &result);
        result.state = symbol->state;
        result.last_id = symbol->state == TW_BOOK_SYNC_LIVE ? symbol->last_id : 0;
    }
    if (ret_result != NULL)
        *ret_result = result;
    return status;
}

void tw_book_sync_reset(tw_book_sync *sync, tw_symbol symbol) {
    TW_ASSERT(sync != NULL && symbol < sync->config.symbol_count_max);
    sync_symbol *entry = &sync->symbols[symbol];
    if (entry->state != TW_BOOK_SYNC_UNSYNCED)
        sync_empty_book(sync, &(tw_depth_update){.symbol = symbol});
    while (entry->waiting.count > 0)
        waiting_drop(&sync->room, &entry->waiting);
    *entry = (sync_symbol){.counts = entry->counts, .numbering = sync->config.numbering};
}
