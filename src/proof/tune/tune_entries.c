/* tune_entries.c - what a cache would have answered, in the time of the trades: nobody waits. */
#include "tradewind/cache.h"
#include "tradewind/time.h"
#include "tune_ways.h"

static const double HIT_DISTANCE = 0.01; /* that is as good as the best */
enum { TTL_COUNT = 9, FINE_SYMBOLS_MAX = 1 << (TUNE_PLACES_MAX - 1) };
static const int64_t TTLS_NS[TTL_COUNT] = {
    1 * TW_NS_PER_SECOND,  5 * TW_NS_PER_SECOND,   15 * TW_NS_PER_SECOND,
    1 * TW_NS_PER_MINUTE,  5 * TW_NS_PER_MINUTE,   15 * TW_NS_PER_MINUTE,
    60 * TW_NS_PER_MINUTE, 240 * TW_NS_PER_MINUTE, TW_NS_PER_DAY};

/* Who misses puts. */
static tw_status ask_all(const tune_workload *workload, tw_cache *cache) {
    tw_status status = TW_OK;
    for (uint64_t i = 0; i < workload->count && status == TW_OK; i++) {
        const tw_trade *trade = &workload->trades[i];
        uint64_t answer = 0;
        tw_cache_key key = tw_cache_key_number(trade->symbol);
        tw_cache_value value = {.bytes = &answer, .capacity = sizeof answer};
        status = tw_cache_get(cache, key, trade->time_ns, &value);
        if (status == TW_EMPTY)
            status = tw_cache_put(cache, key, trade->time_ns, &i, sizeof i, NULL);
    }
    return status;
}

static tw_status hit_ratio(const tune_workload *workload, size_t entries, int64_t ttl_ns,
                           double *ret_ratio, tw_error *error) {
    tw_cache_config config = tw_cache_config_default();
    tw_cache *cache = NULL;
    config.entry_max = entries;
    config.ttl_ns = ttl_ns;
    config.key_size_max = 0;
    config.value_size_max = sizeof(uint64_t);
    config.shard_count = 1;
    config.jitter_percent = 0;
    tw_status status = tw_cache_new(NULL, &config, NULL, &cache);
    if (status == TW_OK)
        status = ask_all(workload, cache);
    if (status == TW_OK) {
        tw_cache_statistics statistics;
        tw_cache_read_statistics(cache, &statistics);
        *ret_ratio = (double)statistics.hits / (double)workload->count;
    }
    tw_cache_free(cache);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "a cache cannot be tried");
}

static void conclude(const double *ratios, tune_curve *curve) {
    for (uint32_t i = 0; i < curve->count; i++)
        curve->figures[i] = (proof_figure){ratios[i], ratios[i], ratios[i], TUNE_ROUNDS_MIN};
    curve->chosen = tune_choose_distance(ratios, curve->count, HIT_DISTANCE);
    curve->verdict = TUNE_CHOSEN;
}

tw_status tune_entries(const tune_workload *workload, tune_curve *ret_curve, tw_error *error) {
    double ratios[TUNE_PLACES_MAX];
    uint32_t symbols = workload->symbol_count;
    size_t step = symbols <= FINE_SYMBOLS_MAX ? 2 : 4;
    tw_status status = TW_OK;
    *ret_curve = (tune_curve){0};
    for (size_t entries = 1; status == TW_OK && ret_curve->count < TUNE_PLACES_MAX;
         entries *= step) {
        status =
            hit_ratio(workload, entries, TTLS_NS[TTL_COUNT - 1], &ratios[ret_curve->count], error);
        ret_curve->values[ret_curve->count++] = (double)entries;
        if (entries >= symbols)
            break;
    }
    if (status == TW_OK)
        conclude(ratios, ret_curve);
    return status;
}

tw_status tune_lives(const tune_workload *workload, double entries, tune_curve *ret_curve,
                     tw_error *error) {
    double ratios[TUNE_PLACES_MAX];
    tw_status status = TW_OK;
    *ret_curve = (tune_curve){.count = TTL_COUNT};
    for (uint32_t i = 0; i < TTL_COUNT && status == TW_OK; i++) {
        ret_curve->values[i] = (double)TTLS_NS[i];
        status = hit_ratio(workload, (size_t)entries, TTLS_NS[i], &ratios[i], error);
    }
    if (status == TW_OK)
        conclude(ratios, ret_curve);
    return status;
}
