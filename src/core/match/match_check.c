/*
 * match_check.c - asserts the invariants of match_priv.h.
 */
#include "match_priv.h"

static uint64_t resting_quantity(const tw_book *book, tw_symbol symbol, tw_side side) {
    uint64_t total = 0;
    tw_book_level_place at = tw_book_level_first(book, symbol, side);
    for (; at != TW_BOOK_NO_PLACE; at = tw_book_level_next(book, at)) {
        tw_book_level_view level;
        tw_book_level_read(book, at, &level);
        total += (uint64_t)level.quantity.nano;
    }
    return total;
}

static void check_place(const tw_match *match, const match_record *record) {
    tw_book_view view;
    bool rests = tw_book_find(match->book, record->symbol, record->id, &view) == TW_OK;
    TW_ASSERT(rests == (record->place == TW_MATCH_IN_BOOK));
    TW_ASSERT(!rests || (view.quantity.nano == record->remaining && view.tag == record->owner &&
                         view.price.nano == record->price && view.side == record->side));
    TW_ASSERT(record->place != TW_MATCH_HELD_BACK || record->role == ROLE_LEG);
    TW_ASSERT(record->place != TW_MATCH_IN_BOOK || record->role != ROLE_ALONE ||
              match_is_for_auction(record->time_in_force));
}

static void check_kin(const tw_match *match, uint32_t index) {
    const match_record *record = match_record_at(match, index);
    bool has_kin = record->kin[0] != MATCH_NONE || record->kin[1] != MATCH_NONE;
    TW_ASSERT(has_kin == (record->role != ROLE_ALONE));
    for (size_t i = 0; i < 2; i++) {
        if (record->kin[i] == MATCH_NONE)
            continue;
        const match_record *other = match_record_at(match, record->kin[i]);
        TW_ASSERT(other->kin[0] == index || other->kin[1] == index);
        TW_ASSERT(other->symbol == record->symbol && other->owner == record->owner);
    }
    if (record->role == ROLE_LEG) {
        TW_ASSERT((record->kin[0] != MATCH_NONE) == (record->place == TW_MATCH_HELD_BACK));
        TW_ASSERT(record->kin[1] == MATCH_NONE || /* M7 */
                  match_record_at(match, record->kin[1])->remaining == record->remaining);
    }
}

static uint32_t list_length(const tw_match *match, match_list list) {
    uint32_t count = 0;
    uint32_t last = MATCH_NONE;
    for (uint32_t at = list.first; at != MATCH_NONE; at = match->records[at].next) {
        TW_ASSERT(match->records[at].previous == last);
        last = at;
        count++;
    }
    TW_ASSERT(last == list.last);
    return count;
}

/* M6: what records of a symbol say; returns what of their quantities is not in the book. */
static uint64_t check_records(const tw_match *match, tw_symbol symbol) {
    const match_symbol *state = &match->symbols[symbol];
    uint64_t outside = 0;
    uint32_t count = 0;
    uint32_t tied_count = 0;
    uint32_t auction_count = 0;
    uint32_t waiting_count = 0;
    uint32_t line_count = 0;
    for (uint32_t i = 1; i < match->record_high; i++) {
        const match_record *record = match_record_at(match, i);
        if (record->id == 0 || record->symbol != symbol)
            continue;
        TW_ASSERT(match_record_find(match, symbol, record->id) == i);
        check_place(match, record);
        check_kin(match, i);
        count++;
        bool for_auction = match_is_for_auction(record->time_in_force);
        tied_count += (uint32_t)(record->role != ROLE_ALONE) + for_auction;
        auction_count += for_auction || record->place == TW_MATCH_AT_AUCTION;
        waiting_count += record->place == TW_MATCH_WAITING;
        line_count += record->place == TW_MATCH_LINED_UP;
        outside += record->place != TW_MATCH_IN_BOOK ? (uint64_t)record->remaining : 0;
    }
    TW_ASSERT(count == state->record_count && tied_count == state->tied_count);
    TW_ASSERT(waiting_count == match_stops_check(match, symbol));
    TW_ASSERT(line_count == 0 || state->halted || state->auction != 0);
    TW_ASSERT(line_count == list_length(match, state->line));
    TW_ASSERT(auction_count == list_length(match, state->auctions));
    return outside;
}

void tw_match_check(const tw_match *match) {
    TW_ASSERT(match != NULL);
    tw_book_check(match->book);
    uint64_t open = 0;
    for (tw_symbol symbol = 0; symbol < match->config.book.symbol_count_max; symbol++) {
        open += resting_quantity(match->book, symbol, TW_SIDE_BUY);
        open += resting_quantity(match->book, symbol, TW_SIDE_SELL);
        TW_ASSERT(match->symbols[symbol].auction != 0 || /* M5 */
                  tw_book_crossed(match->book, symbol) == TW_BOOK_UNCROSSED);
        open += check_records(match, symbol);
    }
    const tw_match_counters *counters = &match->counters;
    TW_ASSERT(counters->quantity_bought == counters->quantity_sold);
    TW_ASSERT(counters->quantity_entered == counters->quantity_bought + counters->quantity_sold +
                                                counters->quantity_withdrawn + open); /* M3 */
}
