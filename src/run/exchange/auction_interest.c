/* auction_interest.c - see auction_interest.h. */
#include "auction_interest.h"

#include <math.h>

#include "tradewind/random.h"
#include "tradewind/time.h"

/* By tw_match_auction: of a day's shares; and who is for which auction. After a halt all are. */
static const double SHARES[] = {0.0, 0.02, 0.06, 0.005};
static const uint8_t TIMES[] = {TW_DAY, TW_AT_OPEN, TW_AT_CLOSE, TW_DAY};
static const double LEVEL_DISTANCE = 2.0e-4; /* of the price, from one limit to the next */
static const double LEVEL_SHARE = 0.2;       /* of what is wanted at the market */
static const double LOT = 100.0;
static const double TICKS_A_UNIT = 100.0;
static const int64_t TICK_NANO = TW_NANO / 100;
static const double SHARES_MAX = 1e6;
static const double PRICE_MAX = 2e9;

static int64_t lots(double shares) {
    double count = fmin(fmax(floor(shares / LOT), 1.0), SHARES_MAX / LOT);
    return (int64_t)(count * LOT) * TW_NANO;
}

/* `away` from the fair value, below it for a buyer; at least a tick. */
static int64_t limit_price(double fair, tw_side side, double away) {
    double ticks = fmin(fair, PRICE_MAX) * TICKS_A_UNIT;
    ticks = side == TW_SIDE_BUY ? floor(ticks * (1.0 - away)) : ceil(ticks * (1.0 + away));
    return (int64_t)fmax(ticks, 1.0) * TICK_NANO;
}

void auction_interest_order(const auction_interest *interest, uint32_t index,
                            tw_match_order *ret_order) {
    TW_ASSERT(index < AUCTION_INTEREST_COUNT && interest->fair > 0.0);
    tw_random random;
    uint64_t second = (uint64_t)(interest->time_ns / TW_NS_PER_SECOND);
    tw_random_init(&random, interest->seed,
                   (second * AUCTION_INTEREST_COUNT + index) << 20 | interest->symbol);
    tw_side side = index % 2 == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    uint32_t level = index / 2;
    double wanted = interest->shares_a_day * SHARES[interest->kind];
    double draw = tw_random_uniform(&random);
    *ret_order = (tw_match_order){
        .id = AUCTION_INTEREST_ID | (index + 1),
        .symbol = interest->symbol,
        .side = (uint8_t)side,
        .type = level == 0 ? TW_ORDER_MARKET : TW_ORDER_LIMIT,
        .time_in_force = TIMES[interest->kind],
    };
    if (level == 0) {
        ret_order->quantity.nano = lots(wanted * (0.4 + 0.6 * draw));
        return;
    }
    double away = LEVEL_DISTANCE * (level - 1 + tw_random_uniform(&random));
    ret_order->quantity.nano = lots(wanted * LEVEL_SHARE * (0.5 + draw));
    ret_order->price.nano = limit_price(interest->fair, side, away);
}
