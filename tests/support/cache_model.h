/*
 * cache_model.h - bytes become calls of a tw_cache and of an obvious slow one beside it.
 *
 * The slow cache is one entry for each of a few keys; time stands still but for an operation that
 * moves it. A roomy cache must answer exactly as the slow one, in values, flags and counters. In a
 * cache with narrow bounds an entry may be gone (then the slow one forgets it), but what is there
 * must be right, and the bounds hold. Loads are made with all outcomes, and change the cache while
 * they run. Used by model_cache (random bytes) and fuzz_cache (the fuzzer's). Any difference
 * aborts.
 */
#ifndef TRADEWIND_TEST_CACHE_MODEL_H
#define TRADEWIND_TEST_CACHE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/cache.h"

#define MODEL_KEY_COUNT 24 /* the first half are numbers, the second half texts */
#define MODEL_VALUE_SIZE_MAX 40
#define MODEL_TAG_COUNT 3

typedef struct model_entry {
    bool there;
    tw_status status;
    uint8_t bytes[MODEL_VALUE_SIZE_MAX];
    size_t size;
    int64_t expires_ns;
    int64_t due_ns;
    int64_t retry_ns;
    uint64_t tag;
} model_entry;

typedef struct cache_model {
    tw_cache *cache;
    tw_cache_config config;
    bool exact;
    const uint8_t *input;
    size_t input_size;
    size_t used;
    int64_t now_ns;
    uint32_t version;
    model_entry entries[MODEL_KEY_COUNT];
    tw_cache_statistics counts; /* only those that the model keeps */
    uint64_t stored;
    uint64_t told; /* calls of the removal function */
    /* The load that is running. */
    size_t load_key;
    uint64_t load_tag;
    bool load_called;
    bool load_ended; /* by a change from inside */
    tw_status load_status;
    model_entry loaded;
    int64_t loaded_ttl_ns;
} cache_model;

static inline uint8_t model_next(cache_model *model) {
    return model->used < model->input_size ? model->input[model->used++] : 0;
}

static inline tw_cache_key model_key(size_t number) {
    static const char *const texts[MODEL_KEY_COUNT / 2] = {
        "",        "a",         "ab",           "abc",          "abcdefgh", "abcdefghi",
        "abcdefg", "b:0123456", "b:0123456789", "b:0123456780", "b:",       "12345678901234567890"};
    if (number < MODEL_KEY_COUNT / 2)
        return tw_cache_key_number(number * number * UINT64_C(0x123456789abcd));
    const char *text = texts[number - MODEL_KEY_COUNT / 2];
    return tw_cache_key_bytes(text, strlen(text));
}

static inline size_t model_number(tw_cache_key key) {
    size_t number = 0;
    for (; number < MODEL_KEY_COUNT; number++) {
        tw_cache_key other = model_key(number);
        if ((key.bytes == NULL) == (other.bytes == NULL) && key.number == other.number &&
            (key.bytes == NULL || memcmp(key.bytes, other.bytes, (size_t)key.number) == 0))
            break;
    }
    TW_ASSERT(number < MODEL_KEY_COUNT);
    return number;
}

/* A value says whose it is, and is never the same twice. */
static inline void model_make_value(cache_model *model, size_t key, model_entry *entry) {
    entry->status = TW_OK;
    entry->size = 5 + model_next(model) % (MODEL_VALUE_SIZE_MAX - 4);
    memset(entry->bytes, 0, sizeof(entry->bytes));
    entry->bytes[0] = (uint8_t)key;
    model->version++;
    memcpy(entry->bytes + 1, &model->version, 4);
    for (size_t i = 5; i < entry->size; i++)
        entry->bytes[i] = (uint8_t)(model->version * 31 + i);
}

static inline void model_removed(void *context, const tw_cache_removal *removal) {
    cache_model *model = context;
    size_t key = model_number(removal->key);
    model->told++;
    TW_ASSERT(removal->cause < TW_CACHE_CAUSE_COUNT);
    if (removal->status == TW_OK) {
        uint32_t version = 0;
        const uint8_t *bytes = removal->bytes;
        TW_ASSERT(removal->size >= 5 && bytes[0] == key);
        memcpy(&version, bytes + 1, 4);
        for (size_t i = 5; i < removal->size; i++)
            TW_ASSERT(bytes[i] == (uint8_t)(version * 31 + i));
    }
}

/* ---- the slow cache ------------------------------------------------------------------------ */

static inline bool slow_is_over(const cache_model *model, const model_entry *entry) {
    int64_t grace_ns = entry->status == TW_OK ? model->config.grace_ns : 0;
    return model->now_ns >= entry->expires_ns + grace_ns;
}

enum slow_answer { SLOW_MISS, SLOW_FRESH, SLOW_NEGATIVE, SLOW_STALE };

static inline enum slow_answer slow_look(cache_model *model, size_t key, bool take_stale,
                                         bool *ret_refresh) {
    model_entry *entry = &model->entries[key];
    *ret_refresh = false;
    if (!entry->there)
        return SLOW_MISS;
    if (model->now_ns < entry->expires_ns) {
        if (entry->status != TW_OK)
            return SLOW_NEGATIVE;
        *ret_refresh = model->now_ns >= entry->due_ns;
        if (*ret_refresh)
            entry->due_ns = entry->expires_ns;
        return SLOW_FRESH;
    }
    if (slow_is_over(model, entry)) {
        entry->there = false;
        return SLOW_MISS;
    }
    return take_stale || model->now_ns < entry->retry_ns ? SLOW_STALE : SLOW_MISS;
}

static inline void slow_store(cache_model *model, size_t key, const model_entry *value,
                              int64_t ttl_ns, uint64_t tag) {
    model_entry *entry = &model->entries[key];
    *entry = *value;
    entry->there = true;
    entry->tag = tag;
    entry->retry_ns = INT64_MIN;
    entry->expires_ns = model->now_ns + ttl_ns;
    entry->due_ns = entry->expires_ns;
    if (value->status == TW_OK && model->config.refresh_percent > 0)
        entry->due_ns = model->now_ns + ttl_ns * model->config.refresh_percent / 100;
    model->stored++;
}

/* ---- changes ------------------------------------------------------------------------------- */

static inline void model_put(cache_model *model, size_t key) {
    static const int64_t ttls[] = {0, 0, 40, 1000};
    tw_cache_options options = {.ttl_ns = ttls[model_next(model) % 4],
                                .weight = model_next(model) % 4,
                                .tag = model_next(model) % (MODEL_TAG_COUNT + 1)};
    model_entry value = {.status = TW_OK};
    bool missing = model_next(model) % 8 == 0;
    if (missing)
        value.status = model_next(model) % 2 == 0 ? TW_NOT_FOUND : TW_BUSY;
    else
        model_make_value(model, key, &value);
    int64_t ttl_ns = missing ? model->config.missing_ttl_ns : model->config.ttl_ns;
    if (options.ttl_ns > 0)
        ttl_ns = options.ttl_ns;
    tw_status status = missing ? tw_cache_put_missing(model->cache, model_key(key), model->now_ns,
                                                      value.status, &options)
                               : tw_cache_put(model->cache, model_key(key), model->now_ns,
                                              value.bytes, value.size, &options);
    TW_ASSERT(status == TW_OK);
    model->load_ended = model->load_ended || key == model->load_key;
    if (ttl_ns > 0)
        slow_store(model, key, &value, ttl_ns, options.tag);
    else
        model->entries[key].there = false;
}

static inline void model_drop(cache_model *model, size_t key) {
    model_entry *entry = &model->entries[key];
    bool dropped = tw_cache_drop(model->cache, model_key(key));
    TW_ASSERT(!dropped || entry->there);
    TW_ASSERT(dropped || !entry->there || !model->exact || slow_is_over(model, entry));
    entry->there = false;
    model->load_ended = model->load_ended || key == model->load_key;
}

enum model_choice { CHOOSE_PREFIX, CHOOSE_TAG, CHOOSE_ALL };

static inline bool model_chosen(size_t key, uint64_t tag, enum model_choice choice,
                                const char *prefix, uint64_t wanted_tag) {
    tw_cache_key name = model_key(key);
    size_t size = strlen(prefix);
    if (choice == CHOOSE_PREFIX)
        return name.bytes != NULL && name.number >= size && memcmp(name.bytes, prefix, size) == 0;
    return choice == CHOOSE_ALL || tag == wanted_tag;
}

static inline void model_drop_many(cache_model *model, enum model_choice choice) {
    static const char *const prefixes[] = {"", "a", "abcdefgh", "b:0123456", "none"};
    const char *prefix = prefixes[model_next(model) % 5];
    uint64_t tag = 1 + model_next(model) % MODEL_TAG_COUNT;
    size_t least = 0;
    size_t most = 0; /* what was over may have been swept before */
    for (size_t key = 0; key < MODEL_KEY_COUNT; key++) {
        model_entry *entry = &model->entries[key];
        if (!entry->there || !model_chosen(key, entry->tag, choice, prefix, tag))
            continue;
        most++;
        least += model->exact && !slow_is_over(model, entry);
        entry->there = false;
    }
    if (model_chosen(model->load_key, model->load_tag, choice, prefix, tag))
        model->load_ended = true;
    size_t dropped = most;
    if (choice == CHOOSE_PREFIX)
        dropped = tw_cache_drop_prefix(model->cache, prefix, strlen(prefix));
    else if (choice == CHOOSE_TAG)
        dropped = tw_cache_drop_tag(model->cache, tag);
    else
        tw_cache_clear(model->cache);
    TW_ASSERT(dropped >= least && dropped <= most);
}

/* A change of some kind, of this key or of any. */
static inline void model_change(cache_model *model, size_t key) {
    switch (model_next(model) % 8) {
    case 0:
    case 1:
    case 2:
        model_put(model, key);
        break;
    case 3:
    case 4:
        model_drop(model, key);
        break;
    case 5:
        model_drop_many(model, CHOOSE_PREFIX);
        break;
    case 6:
        model_drop_many(model, CHOOSE_TAG);
        break;
    default:
        if (model_next(model) % 8 == 0)
            model_drop_many(model, CHOOSE_ALL);
        break;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static inline bool model_same(const model_entry *entry, const uint8_t *bytes, size_t size) {
    return entry->size == size && memcmp(entry->bytes, bytes, size) == 0;
}

/* What was read without loading is what the slow cache says, or, with narrow bounds, nothing. */
static inline void model_compare(cache_model *model, size_t key, enum slow_answer answer,
                                 tw_status status, const tw_cache_value *value) {
    model_entry *entry = &model->entries[key];
    if (!model->exact && status == TW_EMPTY && answer != SLOW_MISS) {
        entry->there = false;
        return;
    }
    if (answer == SLOW_MISS) {
        TW_ASSERT(status == TW_EMPTY);
        model->counts.misses++;
    } else if (answer == SLOW_NEGATIVE) {
        TW_ASSERT(status == entry->status);
        model->counts.negative_hits++;
    } else {
        TW_ASSERT(status == TW_OK && model_same(entry, value->bytes, value->size));
        TW_ASSERT(value->stale == (answer == SLOW_STALE));
        model->counts.hits += answer == SLOW_FRESH;
        model->counts.stale_hits += answer == SLOW_STALE;
    }
}

static inline void model_get(cache_model *model, size_t key, bool take_stale) {
    uint8_t bytes[MODEL_VALUE_SIZE_MAX];
    tw_cache_value value = {.bytes = bytes, .capacity = sizeof(bytes)};
    bool refresh = false;
    enum slow_answer answer = slow_look(model, key, take_stale, &refresh);
    tw_status status = take_stale
                           ? tw_cache_get_stale(model->cache, model_key(key), model->now_ns, &value)
                           : tw_cache_get(model->cache, model_key(key), model->now_ns, &value);
    TW_ASSERT(value.refresh == refresh || (!model->exact && status == TW_EMPTY));
    model_compare(model, key, answer, status, &value);
}

static inline tw_status model_load(void *context, tw_cache_key key, tw_cache_load *load) {
    static const tw_status statuses[] = {TW_OK, TW_OK, TW_OK, TW_NOT_FOUND, TW_REMOTE, TW_EMPTY};
    static const int64_t ttls[] = {0, 0, 0, 70};
    cache_model *model = context;
    TW_ASSERT(!model->load_called && model_number(key) == model->load_key);
    TW_ASSERT(load->capacity == MODEL_VALUE_SIZE_MAX && load->size == 0);
    model->load_called = true;
    model->load_status = statuses[model_next(model) % 6];
    model->loaded_ttl_ns = load->ttl_ns = ttls[model_next(model) % 4];
    load->weight = 1 + model_next(model) % 3;
    model->loaded = (model_entry){.status = model->load_status};
    if (model->load_status == TW_OK) {
        model_make_value(model, model->load_key, &model->loaded);
        memcpy(load->bytes, model->loaded.bytes, model->loaded.size);
        load->size = model->loaded.size;
    }
    uint8_t other = model_next(model);
    if (other % 4 == 0)
        model_change(model, other % 8 == 0 ? model->load_key : other % MODEL_KEY_COUNT);
    return model->load_status;
}

/* The load has returned: what the slow cache keeps of it. */
static inline void slow_settle(cache_model *model, size_t key) {
    tw_status status = model->load_status;
    int64_t ttl_ns = model->config.error_ttl_ns;
    if (status == TW_OK || status == TW_NOT_FOUND) {
        ttl_ns = status == TW_OK ? model->config.ttl_ns : model->config.missing_ttl_ns;
        model->counts.loads_ok++;
        model->counts.loads_unstored += model->load_ended;
    } else {
        model->counts.loads_failed++;
    }
    if (model->load_ended || status == TW_EMPTY)
        return;
    if (model->loaded_ttl_ns > 0)
        ttl_ns = model->loaded_ttl_ns;
    if (ttl_ns > 0)
        slow_store(model, key, &model->loaded, ttl_ns, model->load_tag);
    else if (status == TW_NOT_FOUND)
        model->entries[key].there = false;
}

/* A load failed: the old value, if it still serves, is the answer. */
static inline bool slow_falls_back(const cache_model *model, size_t key) {
    const model_entry *entry = &model->entries[key];
    return model->load_status != TW_OK && model->load_status != TW_NOT_FOUND && entry->there &&
           entry->status == TW_OK && !slow_is_over(model, entry);
}

static inline void model_check_load(cache_model *model, size_t key, bool refreshed,
                                    const model_entry *before, tw_status status,
                                    const tw_cache_value *value) {
    model_entry *entry = &model->entries[key];
    bool failed = model->load_status != TW_OK && model->load_status != TW_NOT_FOUND;
    model->counts.misses += !refreshed;
    model->counts.hits += refreshed;
    if (!model->exact && status == model->load_status && slow_falls_back(model, key))
        entry->there = false; /* the old value was evicted, so there was nothing to fall back on */
    if (slow_falls_back(model, key)) {
        bool stale = model->now_ns >= entry->expires_ns;
        if (stale)
            entry->retry_ns = model->now_ns + model->config.error_ttl_ns;
        TW_ASSERT(status == TW_OK && value->stale == stale);
        TW_ASSERT(model_same(entry, value->bytes, value->size));
        model->counts.stale_hits += stale;
        model->counts.loads_failed++;
        return;
    }
    slow_settle(model, key);
    if (failed && refreshed && (model->exact || status == TW_OK)) {
        TW_ASSERT(status == TW_OK && model_same(before, value->bytes, value->size));
        return;
    }
    TW_ASSERT(status == model->load_status && !value->stale);
    TW_ASSERT(status != TW_OK || model_same(&model->loaded, value->bytes, value->size));
}

static inline void model_memoize(cache_model *model, size_t key) {
    uint8_t bytes[MODEL_VALUE_SIZE_MAX];
    tw_cache_value value = {.bytes = bytes, .capacity = sizeof(bytes)};
    bool refresh = false;
    enum slow_answer answer = slow_look(model, key, false, &refresh);
    model_entry before = model->entries[key];
    model->load_key = key;
    model->load_tag = model_next(model) % (MODEL_TAG_COUNT + 1);
    model->load_called = false;
    model->load_ended = false;
    tw_cache_loader loader = {.load = model_load, .context = model, .tag = model->load_tag};
    tw_status status =
        tw_cache_memoize(model->cache, model_key(key), model->now_ns, &loader, &value);
    TW_ASSERT(!value.refresh);
    if (!model->load_called) {
        TW_ASSERT(answer != SLOW_MISS && !refresh);
        model_compare(model, key, answer, status, &value);
    } else {
        TW_ASSERT(!model->exact || answer == SLOW_MISS || refresh);
        model_check_load(model, key, refresh, &before, status, &value);
    }
    model->load_key = MODEL_KEY_COUNT - 1;
    model->load_tag = 0;
}

/* ---- running ------------------------------------------------------------------------------- */

static inline void model_check_counts(cache_model *model) {
    tw_cache_statistics real;
    tw_cache_check(model->cache);
    tw_cache_read_statistics(model->cache, &real);
    uint64_t removed = 0;
    for (size_t i = 0; i < TW_CACHE_CAUSE_COUNT; i++)
        removed += real.removed[i];
    TW_ASSERT(real.entry_count <= model->config.entry_max);
    TW_ASSERT(model->config.weight_max == 0 || real.weight <= model->config.weight_max);
    TW_ASSERT(model->config.removed == NULL || removed == model->told);
    TW_ASSERT(real.coalesced == 0 && real.refused == 0);
    if (!model->exact)
        return;
    TW_ASSERT(real.removed[TW_CACHE_EVICTED_COUNT] == 0);
    TW_ASSERT(model->stored - removed == real.entry_count);
    TW_ASSERT(real.hits == model->counts.hits && real.misses == model->counts.misses);
    TW_ASSERT(real.negative_hits == model->counts.negative_hits);
    TW_ASSERT(real.stale_hits == model->counts.stale_hits);
    TW_ASSERT(real.loads_ok == model->counts.loads_ok);
    TW_ASSERT(real.loads_failed == model->counts.loads_failed);
    TW_ASSERT(real.loads_unstored == model->counts.loads_unstored);
}

static inline int64_t model_now_ns(void *context) {
    return ((cache_model *)context)->now_ns;
}

static inline void model_no_wait(void *context, uint32_t *word, uint32_t expected,
                                 int64_t deadline_ns) {
    (void)context;
    (void)word;
    (void)expected;
    (void)deadline_ns;
    TW_ASSERT(false); /* one thread has nobody to wait for */
}

static inline void model_step(cache_model *model) {
    uint8_t kind = model_next(model);
    size_t key = model_next(model) % MODEL_KEY_COUNT;
    if (kind < 70)
        model_memoize(model, key);
    else if (kind < 120)
        model_get(model, key, false);
    else if (kind < 140)
        model_get(model, key, true);
    else if (kind < 200)
        model_change(model, key);
    else if (kind < 210)
        (void)tw_cache_turn(model->cache, model->now_ns, model_next(model));
    else if (kind < 250)
        model->now_ns += model_next(model) % 32;
    else
        model->now_ns += model_next(model) * 4;
}

/* Returns how many steps were made. `config` but for what every run has in common. */
static inline size_t cache_model_run(cache_model *model, const uint8_t *input, size_t size,
                                     const tw_cache_config *config, bool exact) {
    *model = (cache_model){.input = input, .input_size = size, .exact = exact, .now_ns = 1000};
    const tw_waiter waiter = {model_now_ns, model_no_wait, NULL, model};
    model->config = *config;
    model->config.key_size_max = 20;
    model->config.value_size_max = MODEL_VALUE_SIZE_MAX;
    model->config.load_max = 1;
    model->config.removed_context = model;
    model->load_key = MODEL_KEY_COUNT - 1;
    TW_ASSERT(tw_cache_new(NULL, &model->config, &waiter, &model->cache) == TW_OK);
    size_t steps = 0;
    for (; model->used < size; steps++) {
        model_step(model);
        if (steps % 16 == 0)
            model_check_counts(model);
    }
    model_check_counts(model);
    tw_cache_free(model->cache);
    return steps;
}

/* The kinds of cache that are tried; the last two have narrow bounds. */
static inline tw_cache_config cache_model_config(size_t kind, bool *ret_exact) {
    tw_cache_config config = {.entry_max = 1000,
                              .shard_count = 4,
                              .ttl_ns = 200,
                              .missing_ttl_ns = 50,
                              .error_ttl_ns = 30,
                              .grace_ns = 100,
                              .refresh_percent = 60,
                              .removed = model_removed};
    *ret_exact = kind % 4 < 2;
    if (kind % 4 == 1)
        config = (tw_cache_config){
            .entry_max = 100, .shard_count = 1, .ttl_ns = 100, .policy = TW_CACHE_LRU};
    if (kind % 4 == 2)
        config.entry_max = 8;
    if (kind % 4 == 3) {
        config.entry_max = 12;
        config.weight_max = 16;
        config.shard_count = 1;
        config.policy = (tw_cache_policy)(kind / 4 % 3);
    }
    return config;
}

#endif
