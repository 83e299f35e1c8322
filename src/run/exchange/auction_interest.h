/*
 * auction_interest.h - the orders that a symbol's agents bring to an auction.
 *
 * Of each side one order at the market and some with limits round the fair value, which together
 * take what the market orders of the other side leave over: an auction's price is some basis points
 * away from the fair value, towards the side that wants more. They are for so much that about a
 * fiftieth of a day's shares trade at the opening, a sixteenth at the close, and a two-hundredth
 * after a halt.
 *
 * The same seed, time and symbol give the same orders, whatever happened before.
 *
 * Threads: pure.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_AUCTION_INTEREST_H
#define TRADEWIND_RUN_EXCHANGE_AUCTION_INTEREST_H

#include "tradewind/match.h"

#define AUCTION_INTEREST_COUNT 12

/* Their ids are of a range of their own. */
#define AUCTION_INTEREST_ID (UINT64_C(1) << 62)

typedef struct auction_interest {
    uint64_t seed;
    int64_t time_ns;
    double fair; /* in currency units */
    double shares_a_day;
    tw_symbol symbol;
    tw_match_auction kind;
} auction_interest;

/* One of the orders; index below AUCTION_INTEREST_COUNT, the first come first. */
void auction_interest_order(const auction_interest *interest, uint32_t index,
                            tw_match_order *ret_order);

#endif
