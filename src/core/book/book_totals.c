/*
 * book_totals.c - changes by level and by top.
 *
 * Idea: the same ladder of levels, on which no orders stand; the venue says each total. A top is
 * a ladder of at most one level a side. As everywhere, what can go wrong is found before the
 * first write: emptying a symbol frees its own levels, so room is counted with them.
 */
#include "book_levels.h"

static uint32_t levels_left(const tw_book *book) {
    return book->config.level_count_max - book->level_count;
}

/* Room for so many levels of a symbol once its own are gone. They are counted only if they have to
 * be. */
static bool has_room(const tw_book *book, const book_symbol *symbol, uint32_t wanted) {
    uint32_t room = levels_left(book);
    for (int i = 0; i < 2; i++) {
        uint32_t at = symbol->sides[i].best;
        for (; at != BOOK_NONE && room < wanted; at = book_level_worse(book, at))
            room++;
    }
    return room >= wanted;
}

/* Writes a total that is not zero on its seat; the pool has room. */
static book_change write_total(tw_book *book, const tw_level *total, book_seat seat) {
    book_symbol *symbol = &book->symbols[total->symbol];
    if (book_seat_is_nowhere(seat))
        seat = book_make_seat(book, total->symbol, total->side, total->price.nano);
    book_level *level = book_level_at(book, seat.level);
    book_level_stand(book, seat);
    book_change change = book_level_lead(book, book_side_of(symbol, total->side), seat);
    if (level->quantity != total->quantity.nano)
        change |= book_change_at(book_side_of(symbol, total->side), total->side, seat.level);
    level->quantity = total->quantity.nano;
    level->time_ns = total->time_ns;
    return change;
}

/* A level that nothing is left of goes; there are no orders on it. */
static book_change remove_total(tw_book *book, book_side *side, uint32_t side_name,
                                uint32_t level) {
    book_change change = book_change_at(side, side_name, level);
    book_level_at(book, level)->quantity = 0;
    if (book_level_yield(book, side, level, true))
        change |= book_level_gone(book, side, level);
    return change;
}

static tw_status check_level(tw_book *book, const tw_level *level) {
    tw_status status = book_check_symbol(book, level->symbol);
    if (status != TW_OK)
        return status;
    if (level->quantity.nano < 0)
        return book_deny(book, &book->anomalies.bad_quantity, TW_INVALID);
    if (level->clear == 0 || level->quantity.nano > 0) {
        status = book_check_side(book, level->side);
        if (status == TW_OK)
            status = book_check_price(book, level->price);
        if (status != TW_OK)
            return status;
    }
    return book_check_way(book, &book->symbols[level->symbol], BOOK_BY_LEVEL);
}

/* A clear, and the level that may come with it. */
static tw_status begin_snapshot(tw_book *book, book_symbol *symbol, const tw_level *level,
                                book_change *change) {
    if (level->quantity.nano > 0 && !has_room(book, symbol, 1))
        return book_deny(book, &book->anomalies.levels_full, TW_FULL);
    tw_quote before;
    tw_quote after;
    tw_book_best(book, level->symbol, &before);
    *change = book_empty(book, symbol);
    if (level->quantity.nano > 0)
        *change |= write_total(book, level, (book_seat){0});
    tw_book_best(book, level->symbol, &after);
    *change = book_forgive(*change, &before, &after);
    return TW_OK;
}

static tw_status change_level(tw_book *book, book_symbol *symbol, const tw_level *level,
                              book_change *change) {
    book_side *side = book_side_of(symbol, level->side);
    book_seat seat = book_seat_find(book, symbol, level->side, level->price.nano);
    if (level->quantity.nano > 0) {
        if (!book_seat_is_taken(seat) && levels_left(book) == 0)
            return book_deny(book, &book->anomalies.levels_full, TW_FULL);
        *change = write_total(book, level, seat);
        return TW_OK;
    }
    if (!book_seat_is_taken(seat))
        return book_deny(book, &book->anomalies.unknown_level, TW_NOT_FOUND);
    *change = remove_total(book, side, level->side, seat.level);
    return TW_OK;
}

tw_status tw_book_set_level(tw_book *book, const tw_level *level) {
    TW_ASSERT(book != NULL && level != NULL);
    tw_status status = check_level(book, level);
    if (status != TW_OK)
        return status;
    book_symbol *symbol = &book->symbols[level->symbol];
    book_change change = 0;
    status = level->clear != 0 ? begin_snapshot(book, symbol, level, &change)
                               : change_level(book, symbol, level, &change);
    if (status != TW_OK)
        return status;
    symbol->way = BOOK_BY_LEVEL;
    symbol->time_ns = level->time_ns;
    book_settle(book, symbol, change);
    return TW_OK;
}

static tw_status check_quote(tw_book *book, const tw_quote *quote) {
    tw_status status = book_check_symbol(book, quote->symbol);
    if (status != TW_OK)
        return status;
    if (quote->bid_size.nano < 0 || quote->ask_size.nano < 0)
        return book_deny(book, &book->anomalies.bad_quantity, TW_INVALID);
    if (quote->bid_size.nano > 0)
        status = book_check_price(book, quote->bid_price);
    if (status == TW_OK && quote->ask_size.nano > 0)
        status = book_check_price(book, quote->ask_price);
    if (status != TW_OK)
        return status;
    const book_symbol *symbol = &book->symbols[quote->symbol];
    status = book_check_way(book, symbol, BOOK_BY_TOP);
    if (status != TW_OK)
        return status;
    uint32_t wanted = (uint32_t)(quote->bid_size.nano > 0) + (quote->ask_size.nano > 0);
    if (!has_room(book, symbol, wanted))
        return book_deny(book, &book->anomalies.levels_full, TW_FULL);
    return TW_OK;
}

/* Most quotes change one side only, and that in size: the ladder is touched for a new price. */
static book_change drop_other_price(tw_book *book, const tw_level *top) {
    book_side *side = book_side_of(&book->symbols[top->symbol], top->side);
    if (side->best == BOOK_NONE)
        return 0;
    if (top->quantity.nano > 0 && book_price_at(book, side->best) == top->price.nano)
        return 0;
    return remove_total(book, side, top->side, side->best);
}

static book_change write_top(tw_book *book, const tw_level *top) {
    if (top->quantity.nano == 0)
        return 0;
    const book_side *side = book_side_of(&book->symbols[top->symbol], top->side);
    return write_total(book, top, book_seat_in(book, side->best >> 6, side->best_key));
}

tw_status tw_book_set_top(tw_book *book, const tw_quote *quote) {
    TW_ASSERT(book != NULL && quote != NULL);
    tw_status status = check_quote(book, quote);
    if (status != TW_OK)
        return status;
    const tw_level bid = {.time_ns = quote->time_ns,
                          .price = quote->bid_price,
                          .quantity = quote->bid_size,
                          .symbol = quote->symbol,
                          .side = TW_SIDE_BUY};
    const tw_level ask = {.time_ns = quote->time_ns,
                          .price = quote->ask_price,
                          .quantity = quote->ask_size,
                          .symbol = quote->symbol,
                          .side = TW_SIDE_SELL};
    book_change change = drop_other_price(book, &bid) | drop_other_price(book, &ask);
    change |= write_top(book, &bid);
    change |= write_top(book, &ask);
    book_symbol *symbol = &book->symbols[quote->symbol];
    symbol->way = BOOK_BY_TOP;
    symbol->time_ns = quote->time_ns;
    book_settle(book, symbol, change);
    return TW_OK;
}
