/* newest_days.c - the walk over a symbol's days, from the newest, ended after two. */
#include "newest_days.h"

#include "bar_walk.h"

static bool take_day(void *context, const tw_bar *bar) {
    newest_days *days = context;
    days->bars[days->count++] = *bar;
    return days->count < 2;
}

void newest_days_read(const tw_exchange *exchange, tw_symbol symbol, newest_days *ret_days) {
    bar_range range = {.frame = {BAR_DAY, 1},
                       .from_ns = -EXCHANGE_END_NS / 2,
                       .to_ns = floor_now(exchange->floor),
                       .descending = true};
    *ret_days = (newest_days){.count = 0};
    bool whole = bar_walk(exchange, symbol, &range, take_day, ret_days);
    TW_ASSERT(whole == (ret_days->count < 2));
}
