/*
 * store_statistics.c - what the trades of a symbol add up to, exactly, and remembered.
 *
 * Idea: one pass with 128-bit sums. Prices are taken relative to the first one, so that their
 * squares stay small; the spread around the mean is then computed from whole numbers, and only the
 * last division and the root are floating point:
 *
 *     d = price - first,  S = sum d,  Q = sum d*d,  S = q*n + r  with 0 <= r < n
 *     sum (d - q)^2 = Q - q*(S + r)                  (exact)
 *     variance = that / n - (r / n)^2                (r / n < 1, so nothing cancels)
 *
 * What is remembered stands under (store, generation, symbol, period). The generation is a number
 * that a writer raises between a commit and its acknowledgement, and it is read before the rows
 * are: what stands under a generation holds everything that was acknowledged before it, and after
 * the next commit nobody asks for it any more. So no entry has ever to be taken back.
 */
#include <math.h>
#include <string.h>

#include "store_priv.h"
#include "tradewind/time.h"

__extension__ typedef __int128 wide;

#define NANO_SQUARED (1e-9 * 1e-9)

typedef struct trade_sums {
    uint64_t count;
    bool has_open; /* where the ends are marked */
    wide volume;
    wide notional;       /* at 1e-18 */
    wide distance;       /* S above, at 1e-9 */
    wide squares;        /* Q above, at 1e-18 */
    int64_t first_price; /* of the first that came */
    tw_store_stats stats;
} trade_sums;

static bool add_product(wide *total, wide a, wide b) {
    wide product;
    return !__builtin_mul_overflow(a, b, &product) &&
           !__builtin_add_overflow(*total, product, total);
}

/* One end among rows that come in any order. */
static void keep_end(trade_sums *sums, int64_t time_ns, int64_t price) {
    tw_store_stats *stats = &sums->stats;
    if (!sums->has_open) {
        stats->first_ns = time_ns;
        stats->open.nano = price;
    }
    stats->last_ns = time_ns;
    stats->close.nano = price;
    sums->has_open = true;
}

static tw_status add_trade(tw_store *store, const store_value *row, void *context,
                           tw_error *error) {
    (void)error;
    int64_t time_ns = row[0].number;
    int64_t price = row[1].number;
    int64_t quantity = row[2].number;
    trade_sums *sums = context;
    tw_store_stats *stats = &sums->stats;
    bool is_end = store->backend->prices_are_unordered ? quantity == 0 : true;
    if (is_end) /* in order, each row may be the last */
        keep_end(sums, time_ns, price);
    if (is_end && store->backend->prices_are_unordered)
        return TW_OK;
    if (sums->count == 0)
        sums->first_price = stats->high.nano = stats->low.nano = price;
    sums->count++;
    if (price > stats->high.nano)
        stats->high.nano = price;
    if (price < stats->low.nano)
        stats->low.nano = price;
    wide distance = (wide)price - sums->first_price;
    sums->volume += quantity; /* 2^64 trades would be needed to overflow */
    sums->distance += distance;
    bool fits = add_product(&sums->notional, price, quantity) &&
                add_product(&sums->squares, distance, distance);
    return fits ? TW_OK : TW_OVERFLOW;
}

/* a / b to nearest, ties to even, for a >= 0 and b > 0. */
static wide divide_half_even(wide a, wide b) {
    wide quotient = a / b;
    wide rest = a % b;
    wide other = b - rest;
    if (rest > other || (rest == other && (quotient & 1) != 0))
        quotient++;
    return quotient;
}

static bool split_total(wide nano, tw_store_total *ret_total) {
    wide whole = nano / TW_NANO;
    if (whole > INT64_MAX)
        return false;
    *ret_total = (tw_store_total){.whole = (int64_t)whole, .nano = (int64_t)(nano % TW_NANO)};
    return true;
}

static bool spread(const trade_sums *sums, tw_store_stats *stats) {
    wide n = (wide)sums->count;
    wide q = sums->distance / n;
    wide r = sums->distance % n;
    if (r < 0) { /* C divides towards zero; the identity wants 0 <= r */
        r += n;
        q--;
    }
    wide taken;
    wide around;
    if (__builtin_mul_overflow(q, sums->distance + r, &taken) ||
        __builtin_sub_overflow(sums->squares, taken, &around))
        return false;
    double rest = (double)r / (double)n;
    double variance = (double)around / (double)n - rest * rest;
    stats->stddev = variance > 0 ? sqrt(variance * NANO_SQUARED) : 0;
    stats->mean = ((double)(q + sums->first_price) + rest) / (double)TW_NANO;
    return true;
}

/* Adds up the trades of a symbol in a period. */
static tw_status add_up(tw_store *store, const tw_store_range *range, tw_store_stats *ret_stats,
                        tw_error *error) {
    trade_sums sums = {0};
    tw_status status = store_read_prices(store, range, add_trade, &sums, error);
    if (status != TW_OK && status != TW_OVERFLOW)
        return status;
    tw_store_stats *stats = &sums.stats;
    stats->count = sums.count;
    bool fits = status == TW_OK;
    if (fits && sums.count > 0 && sums.volume > 0) {
        stats->vwap.nano = (int64_t)divide_half_even(sums.notional, sums.volume);
        fits = split_total(sums.volume, &stats->volume) &&
               split_total(divide_half_even(sums.notional, TW_NANO), &stats->notional) &&
               spread(&sums, stats);
    }
    if (!fits)
        return tw_error_set(error, TW_OVERFLOW, "%s: the sums of %s are beyond 128 bits",
                            store->path, tw_symbols_name(store->symbols, range->symbol));
    *ret_stats = *stats;
    return TW_OK;
}

/* ---- remembering ---- */

/* How long one waits for another who adds up the same. */
#define WAIT_NS (30 * TW_NS_PER_SECOND)
#define TTL_DEFAULT_NS (60 * TW_NS_PER_SECOND)

typedef struct period_key {
    uint64_t epoch; /* of the store */
    uint64_t generation;
    int64_t id;
    int64_t from_ns;
    int64_t to_ns;
} period_key;

typedef struct period_load {
    tw_store *store;
    const tw_store_range *range;
    tw_error *error;
    bool loaded;
} period_load;

static tw_status load_period(void *context, tw_cache_key key, tw_cache_load *load) {
    (void)key;
    period_load *own = context;
    TW_ASSERT(load->capacity >= sizeof(tw_store_stats));
    tw_store_stats stats;
    tw_status status = add_up(own->store, own->range, &stats, own->error);
    own->loaded = true;
    if (status != TW_OK)
        return status;
    stats.cached = true;
    memcpy(load->bytes, &stats, sizeof stats);
    load->size = sizeof stats;
    return TW_OK;
}

/* False: what is acknowledged cannot be known here, or is not all there is (an open batch). */
static bool key_of(tw_store *store, int64_t id, const tw_store_range *range, period_key *ret_key) {
    *ret_key = (period_key){
        .epoch = store->epoch, .id = id, .from_ns = range->from_ns, .to_ns = range->to_ns};
    return store->statistics != NULL && store->state != STORE_BATCH &&
           store->backend->generation(store, store_group_of(id), &ret_key->generation);
}

static tw_status remember(tw_store *store, const period_key *key, const tw_store_range *range,
                          tw_store_stats *ret_stats, tw_error *error) {
    period_load own = {.store = store, .range = range, .error = error};
    const tw_cache_loader loader = {.load = load_period, .context = &own, .wait_ns = WAIT_NS};
    tw_store_stats stats;
    tw_cache_value value = {.bytes = &stats, .capacity = sizeof stats};
    tw_status status = tw_cache_memoize(store->statistics, tw_cache_key_bytes(key, sizeof *key),
                                        tw_time_monotonic_ns(), &loader, &value);
    if (status == TW_OK) {
        stats.cached = !own.loaded;
        *ret_stats = stats;
    }
    /* What went wrong for another, or with waiting for him, may go well here. */
    return status == TW_OK || own.loaded ? status : add_up(store, range, ret_stats, error);
}

tw_status tw_store_symbol_stats(tw_store *store, tw_symbol symbol, int64_t from_ns, int64_t to_ns,
                                tw_store_stats *ret_stats, tw_error *error) {
    TW_ASSERT(symbol < tw_symbols_count(store->symbols));
    int64_t id = 0;
    tw_status status = store_id_of(store, symbol, false, &id, error);
    if (status != TW_OK)
        return status;
    if (id == 0)
        return tw_error_set(error, TW_NOT_FOUND, "%s knows nothing of %s", store->path,
                            tw_symbols_name(store->symbols, symbol));
    const tw_store_range range = {.from_ns = from_ns, .to_ns = to_ns, .symbol = symbol};
    period_key key;
    if (!key_of(store, id, &range, &key))
        return add_up(store, &range, ret_stats, error);
    return remember(store, &key, &range, ret_stats, error);
}

tw_status tw_store_statistics_cache(const tw_allocator *allocator, size_t entry_max, int64_t ttl_ns,
                                    tw_cache **ret_cache) {
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = entry_max;
    config.key_size_max = sizeof(period_key);
    config.value_size_max = sizeof(tw_store_stats);
    config.ttl_ns = ttl_ns == 0 ? TTL_DEFAULT_NS : ttl_ns;
    config.missing_ttl_ns = 0;
    return tw_cache_new(allocator, &config, NULL, ret_cache);
}
