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

static uint32_t levels_held(const book_symbol *symbol) {
    return symbol->sides[0].level_count + symbol->sides[1].level_count;
}

/* Writes a total that is not zero on its seat; the pool has room. */
static void write_total(tw_book *book, tw_symbol symbol, const tw_level *total, book_seat seat) {
    uint32_t level = seat.level;
    book_side *side = book_side_of(&book->symbols[symbol], total->side);
    int64_t before = book->levels[level].quantity;
    if (level == BOOK_NONE)
        level = book_level_make(book, symbol, total->side, total->price.nano, seat);
    book->levels[level].quantity = total->quantity.nano;
    book->levels[level].time_ns = total->time_ns;
    if (side->best == level && before != total->quantity.nano)
        book->best_changed |= total->side;
}

static tw_status check_level(tw_book *book, const tw_level *level) {
    tw_status status = book_check_symbol(book, level->symbol);
    if (status != TW_OK)
        return status;
    if (level->quantity.nano < 0)
        return book_deny(&book->anomalies.bad_quantity, TW_INVALID);
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
static tw_status begin_snapshot(tw_book *book, book_symbol *symbol, const tw_level *level) {
    if (level->quantity.nano > 0 && levels_left(book) + levels_held(symbol) == 0)
        return book_deny(&book->anomalies.levels_full, TW_FULL);
    tw_quote before;
    tw_quote after;
    tw_book_best(book, level->symbol, &before);
    book_empty(book, symbol);
    if (level->quantity.nano > 0)
        write_total(book, level->symbol, level, (book_seat){0});
    tw_book_best(book, level->symbol, &after);
    book_forgive(book, &before, &after);
    return TW_OK;
}

static tw_status change_level(tw_book *book, book_symbol *symbol, const tw_level *level) {
    book_side *side = book_side_of(symbol, level->side);
    book_seat seat = book_seat_find(book, symbol, level->side, level->price.nano);
    if (level->quantity.nano > 0) {
        if (seat.level == BOOK_NONE && levels_left(book) == 0)
            return book_deny(&book->anomalies.levels_full, TW_FULL);
        write_total(book, level->symbol, level, seat);
        return TW_OK;
    }
    if (seat.level == BOOK_NONE)
        return book_deny(&book->anomalies.unknown_level, TW_NOT_FOUND);
    if (side->best == seat.level)
        book->best_changed |= level->side;
    book_level_remove(book, symbol, seat.level);
    return TW_OK;
}

tw_status tw_book_set_level(tw_book *book, const tw_level *level) {
    TW_ASSERT(book != NULL && level != NULL);
    book_begin(book);
    tw_status status = check_level(book, level);
    if (status != TW_OK)
        return status;
    book_symbol *symbol = &book->symbols[level->symbol];
    status =
        level->clear != 0 ? begin_snapshot(book, symbol, level) : change_level(book, symbol, level);
    if (status != TW_OK)
        return status;
    symbol->way = BOOK_BY_LEVEL;
    symbol->time_ns = level->time_ns;
    book_settle(book, symbol);
    return TW_OK;
}

static tw_status check_quote(tw_book *book, const tw_quote *quote) {
    tw_status status = book_check_symbol(book, quote->symbol);
    if (status != TW_OK)
        return status;
    if (quote->bid_size.nano < 0 || quote->ask_size.nano < 0)
        return book_deny(&book->anomalies.bad_quantity, TW_INVALID);
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
    if (wanted > levels_left(book) + levels_held(symbol))
        return book_deny(&book->anomalies.levels_full, TW_FULL);
    return TW_OK;
}

/* Most quotes change one side only, and that in size: the ladder is touched for a new price. */
static void drop_other_price(tw_book *book, const tw_level *top) {
    book_side *side = book_side_of(&book->symbols[top->symbol], top->side);
    if (side->best == BOOK_NONE)
        return;
    if (top->quantity.nano > 0 && book_price_at(book, side->best) == top->price.nano)
        return;
    book->best_changed |= top->side;
    book_level_remove(book, &book->symbols[top->symbol], side->best);
}

static void write_top(tw_book *book, const tw_level *top) {
    if (top->quantity.nano == 0)
        return;
    book_side *side = book_side_of(&book->symbols[top->symbol], top->side);
    write_total(book, top->symbol, top, (book_seat){.level = side->best});
}

tw_status tw_book_set_top(tw_book *book, const tw_quote *quote) {
    TW_ASSERT(book != NULL && quote != NULL);
    book_begin(book);
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
    drop_other_price(book, &bid);
    drop_other_price(book, &ask);
    write_top(book, &bid);
    write_top(book, &ask);
    book_symbol *symbol = &book->symbols[quote->symbol];
    symbol->way = BOOK_BY_TOP;
    symbol->time_ns = quote->time_ns;
    book_settle(book, symbol);
    return TW_OK;
}
