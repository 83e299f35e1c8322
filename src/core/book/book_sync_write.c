/*
 * book_sync_write.c - the ways of a synchroniser into its book: an update as a whole, or out of it.
 *
 * Everything that changes the book of a symbol stands here, so that S1 and S2 of book_sync.c can be
 * seen: an update is written, cut to the depth that the venue keeps, and compared with the venue's
 * checksum; what fails half-way is emptied.
 */
#include "book_sync_priv.h"

/* ---- becoming stale -------------------------------------------------------------------------- */

/* Clearing by level succeeds on a symbol that is kept by level or not at all (S1). */
void sync_empty_book(tw_book_sync *sync, const tw_depth_update *update) {
    const tw_level clear = {
        .time_ns = update->time_ns, .symbol = update->symbol, .side = TW_SIDE_BUY, .clear = 1};
    tw_status status = tw_book_set_level(sync->book, &clear);
    TW_ASSERT(status == TW_OK);
}

static void mark_stale(sync_symbol *symbol) {
    symbol->state = TW_BOOK_SYNC_STALE;
    symbol->asked = true;
    symbol->idle_count = 0;
    if (symbol->last_id > symbol->lost_id)
        symbol->lost_id = symbol->last_id; /* S4 */
}

tw_status sync_go_stale(tw_book_sync *sync, const tw_depth_update *update,
                        tw_book_sync_outcome outcome, tw_book_sync_result *result) {
    mark_stale(&sync->symbols[update->symbol]);
    if (!sync->config.keep_stale)
        sync_empty_book(sync, update); /* S2 */
    result->outcome = (uint8_t)outcome;
    return TW_STATE;
}

/* The same when only a part of an update is in the book: nothing of it is kept (S2). */
static tw_status go_stale_in_part(tw_book_sync *sync, const tw_depth_update *update,
                                  tw_status status, tw_book_sync_result *result) {
    TW_ASSERT(status == TW_FULL || status == TW_INVALID); /* nobody else writes this symbol */
    sync_symbol *symbol = &sync->symbols[update->symbol];
    mark_stale(symbol);
    sync_empty_book(sync, update);
    if (status == TW_FULL) {
        symbol->counts.no_room++;
        result->outcome = TW_BOOK_SYNC_NO_ROOM;
        return TW_FULL;
    }
    symbol->counts.refused++;
    result->outcome = TW_BOOK_SYNC_REFUSED;
    result->reason = TW_BOOK_SYNC_BAD_LEVEL; /* a price, by the book's own rule */
    return TW_INVALID;
}

/* ---- into the book --------------------------------------------------------------------------- */

/* A venue may remove a level that is not there; Binance says so. */
static tw_status write_level(tw_book_sync *sync, const tw_level *level) {
    tw_status status = tw_book_set_level(sync->book, level);
    return status == TW_NOT_FOUND ? TW_OK : status;
}

static tw_status write_levels(tw_book_sync *sync, sync_incoming in) {
    tw_level level = {.symbol = in.update->symbol};
    tw_status status = TW_OK;
    for (uint32_t slot = in.waiting_level; slot != WAITING_NONE && status == TW_OK;) {
        const waiting_level *waiting = &sync->room.levels[slot];
        level.time_ns = waiting->time_ns;
        level.price.nano = waiting->price;
        level.quantity.nano = waiting->quantity;
        level.side = waiting->side;
        slot = waiting->next;
        status = write_level(sync, &level);
    }
    size_t count = in.update->levels == NULL ? 0 : in.update->level_count;
    for (size_t i = 0; i < count && status == TW_OK; i++) {
        const tw_level *given = &in.update->levels[i];
        level.time_ns = given->time_ns;
        level.price = given->price;
        level.quantity = given->quantity;
        level.side = given->side;
        status = write_level(sync, &level);
    }
    return status;
}

/* Kraken does not tell that a level fell out of the depth that is subscribed to. */
static uint64_t cut_side(tw_book_sync *sync, const tw_depth_update *update, tw_side side) {
    uint64_t cut = 0;
    tw_book_level_place place = tw_book_level_first(sync->book, update->symbol, side);
    for (uint32_t i = 0; i < update->depth_max && place != TW_BOOK_NO_PLACE; i++)
        place = tw_book_level_next(sync->book, place);
    while (place != TW_BOOK_NO_PLACE) {
        tw_book_level_view view;
        tw_book_level_read(sync->book, place, &view);
        place = tw_book_level_next(sync->book, place);
        const tw_level gone = {.time_ns = update->time_ns,
                               .price = view.price,
                               .symbol = update->symbol,
                               .side = (uint8_t)side};
        tw_status status = tw_book_set_level(sync->book, &gone);
        TW_ASSERT(status == TW_OK);
        cut++;
    }
    return cut;
}

static void cut_to_depth(tw_book_sync *sync, const tw_depth_update *update) {
    if (update->depth_max == 0)
        return;
    tw_book_counts counts;
    tw_book_counts_of(sync->book, update->symbol, &counts);
    uint64_t cut = 0;
    if (counts.bid_level_count > update->depth_max)
        cut += cut_side(sync, update, TW_SIDE_BUY);
    if (counts.ask_level_count > update->depth_max)
        cut += cut_side(sync, update, TW_SIDE_SELL);
    sync->symbols[update->symbol].counts.cut_levels += cut;
}

static void learn_digits(sync_symbol *symbol, const tw_depth_update *update) {
    if (update->level_count == 0 || (symbol->has_digits && update->snapshot == 0))
        return;
    symbol->has_digits = true;
    symbol->price_digits = update->price_digits;
    symbol->quantity_digits = update->quantity_digits;
}

/* Compares the venue's checksum with that of our book. */
static tw_status verify(tw_book_sync *sync, const tw_depth_update *update,
                        tw_book_sync_result *result) {
    if (update->has_checksum == 0 || sync->config.checksum == TW_BOOK_CHECKSUM_IGNORED)
        return TW_OK;
    sync_symbol *symbol = &sync->symbols[update->symbol];
    uint32_t checksum = 0;
    tw_status status =
        tw_book_checksum(sync->book, update->symbol, (tw_book_checksum_kind)sync->config.checksum,
                         symbol->price_digits, symbol->quantity_digits, &checksum);
    symbol->counts.checksums++;
    if (status == TW_OK && checksum == update->checksum)
        return TW_OK;
    symbol->counts.mismatches++;
    result->checksum = checksum;
    if (status != TW_OK)
        result->reason = TW_BOOK_SYNC_BAD_DIGITS;
    return sync_go_stale(sync, update, TW_BOOK_SYNC_MISMATCH, result);
}

/* Puts one update into the book, the whole of it. */
tw_status sync_absorb(tw_book_sync *sync, sync_incoming in, tw_book_sync_result *result) {
    const tw_depth_update *update = in.update;
    sync_symbol *symbol = &sync->symbols[update->symbol];
    symbol->last_id = symbol->numbering == TW_BOOK_SYNC_UNNUMBERED ? 0 : update->last_id;
    symbol->last_first_id = update->first_id;
    symbol->idle_count = 0;
    tw_status status = write_levels(sync, in);
    if (status != TW_OK)
        return go_stale_in_part(sync, update, status, result);
    cut_to_depth(sync, update);
    tw_book_set_time(sync->book, update->symbol, update->time_ns);
    learn_digits(symbol, update);
    if (tw_book_crossed(sync->book, update->symbol) == TW_BOOK_CROSSED)
        symbol->counts.crossed++;
    if (update->snapshot == 0)
        symbol->counts.applied++;
    return verify(sync, update, result);
}
