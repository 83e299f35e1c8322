/*
 * daily.c - daily bars from closes, given or generated.
 *
 * Invariants
 *  1. low <= min(open, close) and high >= max(open, close) in every bar.
 *  2. Bars of a symbol are in ascending time without gaps in the array; a missing close makes no
 *     bar.
 *  3. Symbol s draws only from stream s of the seed, the market factor from a stream of its own:
 *     adding a symbol does not change the others.
 */
#include "daily.h"

#include <math.h>
#include <string.h>

#include "exponential.h"
#include "session.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

#define MARKET_STREAM UINT64_MAX

/* Of the generator: yearly figures typical of large US stocks. */
static const double MARKET_VOLATILITY = 0.16;
static const double OWN_VOLATILITY_MIN = 0.12;
static const double OWN_VOLATILITY_SPREAD = 0.30;
static const double YEARLY_DRIFT = 0.07;
static const double DAYS_A_YEAR = 252.0;

/* A thousand times the dearest share there is; leaves room for the drawn highs and the agents. */
static const int64_t CLOSE_NANO_MAX = 1000000000 * TW_NANO;

struct daily_history {
    const tw_allocator *allocator;
    tw_bar *bars; /* [symbol][row] */
    uint32_t *counts;
    uint32_t symbol_count;
    uint32_t rows;
    int64_t last_day;
};

static tw_status history_new(const tw_allocator *allocator, uint32_t symbol_count, uint32_t rows,
                             daily_history **ret_history) {
    daily_history *history = TW_NEW(allocator, 1, daily_history);
    if (history == NULL)
        return TW_NO_MEMORY;
    history->allocator = allocator;
    history->symbol_count = symbol_count;
    history->rows = rows;
    history->last_day = INT64_MIN;
    history->bars = TW_NEW(allocator, (size_t)symbol_count * rows, tw_bar);
    history->counts = TW_NEW(allocator, symbol_count, uint32_t);
    if (history->bars == NULL || history->counts == NULL) {
        daily_history_free(history);
        return TW_NO_MEMORY;
    }
    *ret_history = history;
    return TW_OK;
}

void daily_history_free(daily_history *history) {
    if (history == NULL)
        return;
    size_t bars = (size_t)history->symbol_count * history->rows;
    TW_DELETE(history->allocator, history->bars, bars, tw_bar);
    TW_DELETE(history->allocator, history->counts, history->symbol_count, uint32_t);
    TW_DELETE(history->allocator, history, 1, daily_history);
}

/* The drawn part of a bar: how far high and low reach beyond open and close, and the volume. */
typedef struct day_shape {
    double reach_up;
    double reach_down;
    uint64_t volume;
} day_shape;

static day_shape draw_shape(tw_random *random) {
    return (day_shape){
        .reach_up = fabs(tw_random_normal(random)) * 0.004,
        .reach_down = fabs(tw_random_normal(random)) * 0.004,
        .volume = 500000 + tw_random_below(random, 4000000),
    };
}

static int64_t to_cent(double price) {
    return llround(price * 100.0) * (TW_NANO / 100);
}

/* A day, and its midnight in New York: the same for all symbols. */
typedef struct history_day {
    int64_t day;
    int64_t midnight_ns;
} history_day;

static history_day history_day_of(int64_t day) {
    return (history_day){day, session_time_of(day, 0, 0)};
}

/* Appends the bar of one day. `close` keeps all its digits; the drawn prices are in cents. */
static tw_status append_day(daily_history *history, tw_symbol symbol, history_day at, double close,
                            day_shape shape) {
    int64_t close_nano = 0;
    tw_status status = tw_decimal_from_double(close, &close_nano);
    if (status != TW_OK || close_nano <= 0 || close_nano > CLOSE_NANO_MAX)
        return TW_RANGE;
    uint32_t count = history->counts[symbol];
    tw_bar *bars = history->bars + (size_t)symbol * history->rows;
    int64_t open = count > 0 ? bars[count - 1].close.nano : close_nano;
    int64_t high = open > close_nano ? open : close_nano;
    int64_t low = open < close_nano ? open : close_nano;
    high += to_cent(tw_decimal_to_double(high) * shape.reach_up);
    int64_t drop = to_cent(tw_decimal_to_double(low) * shape.reach_down);
    low -= drop < low ? drop : 0;
    bars[count] = (tw_bar){
        .time_ns = at.midnight_ns,
        .timeframe_ns = TW_NS_PER_DAY,
        .open = {open},
        .high = {high},
        .low = {low},
        .close = {close_nano},
        .vwap = {low + ((high - low) + (close_nano - low)) / 3},
        .volume = {(int64_t)shape.volume * TW_NANO},
        .count = shape.volume / 100,
        .symbol = symbol,
    };
    history->counts[symbol] = count + 1;
    if (at.day > history->last_day)
        history->last_day = at.day;
    return TW_OK;
}

static tw_status append_closes(daily_history *history, tw_symbol symbol, const history_day *days,
                               const daily_closes *closes, uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, symbol);
    tw_status status = TW_OK;
    for (uint32_t row = 0; status == TW_OK && row < closes->rows; row++) {
        double close = closes->closes[(size_t)row * closes->columns + symbol];
        day_shape shape = draw_shape(&random);
        if (!isnan(close))
            status = append_day(history, symbol, days[row], close, shape);
    }
    return status;
}

tw_status daily_history_from_closes(const tw_allocator *allocator, const daily_closes *closes,
                                    uint64_t seed, daily_history **ret_history) {
    daily_history *history = NULL;
    history_day *days = TW_NEW(allocator, closes->rows, history_day);
    if (days == NULL)
        return TW_NO_MEMORY;
    for (uint32_t row = 0; row < closes->rows; row++)
        days[row] = history_day_of(closes->day_ns[row] / TW_NS_PER_DAY);
    tw_status status = history_new(allocator, closes->columns, closes->rows, &history);
    for (uint32_t s = 0; status == TW_OK && s < closes->columns; s++)
        status = append_closes(history, s, days, closes, seed);
    TW_DELETE(allocator, days, closes->rows, history_day);
    if (status != TW_OK) {
        daily_history_free(history);
        return status;
    }
    *ret_history = history;
    return TW_OK;
}

/* Fills days[0..count-1] with the trading days that end on the last one at or before `last`. */
static void list_days(int64_t last, history_day *days, uint32_t count) {
    int64_t day = session_is_trading_day(last) ? last : session_previous_trading_day(last);
    for (uint32_t i = count; i-- > 0; day = session_previous_trading_day(day))
        days[i] = history_day_of(day);
}

/* One symbol's walk: its own shocks beside the market's, scaled by a drawn beta. */
static tw_status walk_symbol(daily_history *history, tw_symbol symbol, const history_day *days,
                             const double *market, uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, symbol);
    double beta = 0.6 + 0.8 * tw_random_uniform(&random);
    double own = OWN_VOLATILITY_MIN + OWN_VOLATILITY_SPREAD * tw_random_uniform(&random);
    double daily_own = own / sqrt(DAYS_A_YEAR);
    double price = 20.0 * natural_exponential(3.0 * tw_random_uniform(&random));
    for (uint32_t i = 0; i < history->rows; i++) {
        double shock = beta * market[i] + daily_own * tw_random_normal(&random);
        price *= natural_exponential(YEARLY_DRIFT / DAYS_A_YEAR + shock);
        if (price < 1.0)
            price = 1.0;
        double close = (double)llround(price * 100.0) / 100.0;
        tw_status status = append_day(history, symbol, days[i], close, draw_shape(&random));
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

tw_status daily_history_generate(const tw_allocator *allocator, const tw_symbols *symbols,
                                 int64_t last_day, uint32_t days, uint64_t seed,
                                 daily_history **ret_history) {
    uint32_t symbol_count = tw_symbols_count(symbols);
    daily_history *history = NULL;
    tw_status status = history_new(allocator, symbol_count, days, &history);
    if (status != TW_OK)
        return status;
    history_day *day_list = TW_NEW(allocator, days, history_day);
    double *market = TW_NEW(allocator, days, double);
    status = day_list == NULL || market == NULL ? TW_NO_MEMORY : TW_OK;
    if (status == TW_OK) {
        list_days(last_day, day_list, days);
        tw_random random;
        tw_random_init(&random, seed, MARKET_STREAM);
        for (uint32_t i = 0; i < days; i++)
            market[i] = MARKET_VOLATILITY / sqrt(DAYS_A_YEAR) * tw_random_normal(&random);
    }
    for (tw_symbol s = 0; status == TW_OK && s < symbol_count; s++)
        status = walk_symbol(history, s, day_list, market, seed);
    TW_DELETE(allocator, day_list, days, history_day);
    TW_DELETE(allocator, market, days, double);
    if (status != TW_OK) {
        daily_history_free(history);
        return status;
    }
    *ret_history = history;
    return TW_OK;
}

const tw_bar *daily_history_bars(const daily_history *history, tw_symbol symbol,
                                 uint32_t *ret_count) {
    TW_ASSERT(symbol < history->symbol_count);
    *ret_count = history->counts[symbol];
    return history->bars + (size_t)symbol * history->rows;
}

uint32_t daily_history_before(const daily_history *history, tw_symbol symbol, int64_t time_ns) {
    uint32_t low = 0;
    uint32_t high = 0;
    const tw_bar *days = daily_history_bars(history, symbol, &high);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (days[middle].time_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

tw_price daily_history_last(const daily_history *history, tw_symbol symbol) {
    uint32_t count = 0;
    const tw_bar *bars = daily_history_bars(history, symbol, &count);
    return count > 0 ? bars[count - 1].close : (tw_price){0};
}

int64_t daily_history_last_day(const daily_history *history) {
    return history->last_day;
}
