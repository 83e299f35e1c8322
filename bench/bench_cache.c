/*
 * bench_cache.c - what the cache costs, how well it chooses, and how many loads a stampede makes.
 *
 *     bench_cache [PART...]     speed, threads, ratio, published, stampede, memoize; default: all
 *
 * speed     ns a hit through tw_cache_get and tw_cache_memoize: keys in random order, every one a
 *           hit, a value of 8 bytes; without and with reading CLOCK_MONOTONIC for each call. Text
 *           keys lie in the order in which they are asked for: the caller has his key at hand.
 *           Then what is no hit: a miss, a put over a known key, and a put of a new key into a full
 *           cache, which evicts.
 * threads   the same hits by one and by two threads, in turn. The last column is the ratio of hits
 *           a second of processor time, times two: what a machine would show on which nobody else
 *           takes a processor away.
 * ratio     hit ratios over traces: the cache under each policy, beside the policies of the books,
 *           and beside published figures (see `published`).
 * stampede  threads that ask for one missing key at once: how many loads were made.
 * memoize   the job of the Python decorators: 5,000,000 calls over 1,000 keys ("SYM007", "1d"), TTL
 *           300 s, the clock read on each call. $BENCH_INPUTS/memo_keys.u16 is the order, if given.
 *           The key is a text that is there already, as those of a Python caller are, or a number.
 *           The clock is CLOCK_MONOTONIC or its coarse sister, which is good to 4 ms.
 *
 * Every row of a time is warmed up once, then run seven times over the same work; the median, the
 * least and the most are printed. Nothing is asserted.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "cache_reference.h"
#include "tradewind/cache.h"

#define RUN_COUNT 7
#define CALL_COUNT ((size_t)4000000)
#define ORDER_COUNT ((size_t)1 << 17) /* random order of keys, drawn before; a power of two */
#define KEY_TEXT_SIZE 13
#define THREAD_COUNT 2
#define STAMPEDE_COUNT 64

typedef struct bench {
    tw_cache *cache;
    size_t key_count;
    uint32_t *order;              /* ORDER_COUNT of them */
    char (*texts)[KEY_TEXT_SIZE]; /* one for each of the order */
    bool text_keys;
    bool reads_clock;
    bool memoizes;
    tw_cache_loader loader;
    uint64_t sink;
} bench;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- speed --------------------------------------------------------------------------------- */

static inline tw_cache_key key_of(const bench *on, size_t at) {
    return on->text_keys ? tw_cache_key_bytes(on->texts[at], KEY_TEXT_SIZE)
                         : tw_cache_key_number(on->order[at]);
}

static void make_text(char text[KEY_TEXT_SIZE], uint32_t number) {
    (void)snprintf(text, KEY_TEXT_SIZE, "SYM%06u:1d", number % 1000000);
}

static tw_status no_load(void *context, tw_cache_key key, tw_cache_load *load) {
    (void)context;
    (void)key;
    (void)load;
    return TW_UNKNOWN; /* every call of these rows is a hit */
}

static void bench_init(bench *on, size_t key_count, bool text_keys) {
    tw_cache_config config = tw_cache_config_default();
    uint64_t seed = 7;
    *on = (bench){.key_count = key_count, .text_keys = text_keys, .loader.load = no_load};
    config.entry_max = key_count + key_count / 20; /* room for shards that are fuller than others */
    config.value_size_max = sizeof(uint64_t);
    config.key_size_max = text_keys ? KEY_TEXT_SIZE : 0;
    config.ttl_ns = TW_CACHE_FOREVER;
    require(tw_cache_new(NULL, &config, NULL, &on->cache) == TW_OK, "creation");
    on->order = reference_memory(ORDER_COUNT, sizeof(uint32_t));
    on->texts = reference_memory(ORDER_COUNT, KEY_TEXT_SIZE);
    for (uint32_t i = 0; i < key_count; i++) { /* order and texts serve for this, too */
        uint64_t value = i;
        on->order[0] = i;
        make_text(on->texts[0], i);
        require(tw_cache_put(on->cache, key_of(on, 0), 0, &value, sizeof(value), NULL) == TW_OK,
                "put");
    }
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        on->order[i] = (uint32_t)(reference_random(&seed) % key_count);
        make_text(on->texts[i], on->order[i]);
    }
}

static void bench_done(bench *on) {
    tw_cache_free(on->cache);
    free(on->order);
    free(on->texts);
}

static uint64_t ask_all(const bench *on, size_t offset) {
    uint64_t sum = 0;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        uint64_t bytes = 0;
        tw_cache_value value = {.bytes = &bytes, .capacity = sizeof(bytes)};
        tw_cache_key key = key_of(on, (i + offset) & (ORDER_COUNT - 1));
        int64_t now = on->reads_clock ? now_ns() : 1;
        tw_status status = on->memoizes ? tw_cache_memoize(on->cache, key, now, &on->loader, &value)
                                        : tw_cache_get(on->cache, key, now, &value);
        require(status == TW_OK, "a hit");
        sum += bytes;
    }
    return sum;
}

static double measure(bench *on, const char *name) {
    double runs[RUN_COUNT];
    on->sink += ask_all(on, 0);
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t begun = now_ns();
        on->sink += ask_all(on, 0);
        runs[i] = (double)(now_ns() - begun) / (double)CALL_COUNT;
    }
    qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
    double median = runs[RUN_COUNT / 2];
    printf("%-44s %8.1f %8.1f %8.1f %8.1f\n", name, median, runs[0], runs[RUN_COUNT - 1],
           1000 / median);
    return median;
}

static void measure_kind(size_t key_count, bool text_keys) {
    bench on;
    char name[64];
    bench_init(&on, key_count, text_keys);
    for (int row = 0; row < 3; row++) {
        static const char *const ways[] = {"get", "get, clock read", "memoize"};
        on.reads_clock = row == 1;
        on.memoizes = row == 2;
        (void)snprintf(name, sizeof(name), "%s, %zu %s keys", ways[row], key_count,
                       text_keys ? "text" : "number");
        (void)measure(&on, name);
    }
    bench_done(&on);
}

typedef tw_status (*operation)(tw_cache *cache, uint64_t i);

static tw_status get_missing(tw_cache *cache, uint64_t i) {
    uint64_t bytes = 0;
    tw_cache_value value = {.bytes = &bytes, .capacity = sizeof(bytes)};
    return tw_cache_get(cache, tw_cache_key_number(1000000000 + i), 1, &value) == TW_EMPTY
               ? TW_OK
               : TW_STATE;
}

static tw_status put_over(tw_cache *cache, uint64_t i) {
    return tw_cache_put(cache, tw_cache_key_number(i * 7919 % 10000), 1, &i, sizeof(i), NULL);
}

static tw_status put_new(tw_cache *cache, uint64_t i) {
    static uint64_t last = UINT64_C(1) << 40; /* never the same key again */
    return tw_cache_put(cache, tw_cache_key_number(last++), 1, &i, sizeof(i), NULL);
}

static void measure_others(void) {
    static const struct {
        const char *name;
        operation run;
    } rows[] = {{"get, missing key", get_missing},
                {"put, known key", put_over},
                {"put, new key, evicting", put_new}};
    bench on;
    double runs[RUN_COUNT];
    bench_init(&on, 10000, false);
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        for (int run = -1; run < RUN_COUNT; run++) {
            int64_t begun = now_ns();
            for (uint64_t i = 0; i < CALL_COUNT / 4; i++)
                require(rows[row].run(on.cache, i) == TW_OK, rows[row].name);
            if (run >= 0)
                runs[run] = (double)(now_ns() - begun) * 4 / (double)CALL_COUNT;
        }
        qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
        printf("%-44s %8.1f %8.1f %8.1f %8.1f\n", rows[row].name, runs[RUN_COUNT / 2], runs[0],
               runs[RUN_COUNT - 1], 1000 / runs[RUN_COUNT / 2]);
    }
    bench_done(&on);
}

static void part_speed(void) {
    printf("%-44s %8s %8s %8s %8s\n", "ns a hit", "median", "least", "most", "M/s");
    measure_kind(1000, false);
    measure_kind(1000, true);
    measure_kind(100000, false);
    measure_kind(100000, true);
    measure_others();
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct runner {
    const bench *on;
    pthread_barrier_t *barrier;
    size_t offset;
    int64_t begun_ns;
    int64_t ended_ns;
    int64_t used_ns; /* of a processor */
    uint64_t sum;
} runner;

static int64_t thread_time_ns(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void *run_thread(void *context) {
    runner *self = context;
    (void)pthread_barrier_wait(self->barrier);
    self->begun_ns = now_ns();
    int64_t before_ns = thread_time_ns();
    self->sum = ask_all(self->on, self->offset);
    self->used_ns = thread_time_ns() - before_ns;
    self->ended_ns = now_ns();
    return NULL;
}

/* Million hits a second of all threads together; and of processor time, of each. */
typedef struct speed {
    double together;
    double of_processor;
} speed;

static speed run_threads(const bench *on, size_t count) {
    pthread_t threads[THREAD_COUNT];
    runner runners[THREAD_COUNT];
    pthread_barrier_t barrier;
    require(pthread_barrier_init(&barrier, NULL, (unsigned)count) == 0, "barrier");
    for (size_t i = 0; i < count; i++) {
        runners[i] = (runner){.on = on, .barrier = &barrier, .offset = i * ORDER_COUNT / 3};
        require(pthread_create(&threads[i], NULL, run_thread, &runners[i]) == 0, "thread");
    }
    int64_t begun = INT64_MAX;
    int64_t ended = INT64_MIN;
    int64_t used = 0;
    for (size_t i = 0; i < count; i++) {
        require(pthread_join(threads[i], NULL) == 0, "join");
        begun = runners[i].begun_ns < begun ? runners[i].begun_ns : begun;
        ended = runners[i].ended_ns > ended ? runners[i].ended_ns : ended;
        used += runners[i].used_ns;
    }
    (void)pthread_barrier_destroy(&barrier);
    double hits = (double)(CALL_COUNT * count) * 1000;
    return (speed){hits / (double)(ended - begun), hits / (double)used};
}

static void threads_of(size_t key_count) {
    bench on;
    double one[RUN_COUNT];
    double two[RUN_COUNT];
    double ratios[RUN_COUNT];
    double processor_ratios[RUN_COUNT];
    bench_init(&on, key_count, false);
    (void)run_threads(&on, 1);
    for (int i = 0; i < RUN_COUNT; i++) {
        speed alone = run_threads(&on, 1);
        speed both = run_threads(&on, THREAD_COUNT);
        one[i] = alone.together;
        two[i] = both.together;
        ratios[i] = two[i] / one[i];
        processor_ratios[i] = THREAD_COUNT * both.of_processor / alone.of_processor;
    }
    qsort(one, RUN_COUNT, sizeof(double), by_value);
    qsort(two, RUN_COUNT, sizeof(double), by_value);
    qsort(ratios, RUN_COUNT, sizeof(double), by_value);
    qsort(processor_ratios, RUN_COUNT, sizeof(double), by_value);
    printf("%-28zu %8.1f %8.1f %8.2f %8.2f %8.2f %8.2f\n", key_count, one[RUN_COUNT / 2],
           two[RUN_COUNT / 2], ratios[RUN_COUNT / 2], ratios[0], ratios[RUN_COUNT - 1],
           processor_ratios[RUN_COUNT / 2]);
    bench_done(&on);
}

static void part_threads(void) {
    printf("\n%-28s %8s %8s %8s %8s %8s %8s\n", "M hits/s, number keys", "1", "2 thr.", "ratio",
           "least", "most", "cpu");
    threads_of(1000);
    threads_of(100000);
}

/* ---- ratio --------------------------------------------------------------------------------- */

static double ratio_of(const reference_trace *trace, size_t entry_max, tw_cache_policy policy,
                       size_t shard_count) {
    tw_cache_config config = tw_cache_config_default();
    tw_cache *cache = NULL;
    size_t hits = 0;
    config.entry_max = entry_max;
    config.policy = policy;
    config.shard_count = shard_count;
    config.key_size_max = 0;
    config.value_size_max = sizeof(uint64_t);
    require(tw_cache_new(NULL, &config, NULL, &cache) == TW_OK, "creation");
    for (size_t i = 0; i < trace->count; i++) {
        uint64_t bytes = trace->numbers[i];
        tw_cache_value value = {.bytes = &bytes, .capacity = sizeof(bytes)};
        tw_cache_key key = tw_cache_key_number(trace->numbers[i]);
        bool hit = tw_cache_get(cache, key, 1, &value) == TW_OK;
        hits += hit;
        if (!hit)
            require(tw_cache_put(cache, key, 1, &bytes, sizeof(bytes), NULL) == TW_OK, "put");
    }
    tw_cache_free(cache);
    return 100 * (double)hits / (double)trace->count;
}

static void ratio_row(const char *name, const reference_trace *trace, size_t entry_max) {
    double count = (double)trace->count / 100;
    double book = (double)reference_tinylfu(trace, entry_max) / count;
    double one = ratio_of(trace, entry_max, TW_CACHE_TINYLFU, 1);
    double chosen = ratio_of(trace, entry_max, TW_CACHE_TINYLFU, 0);
    printf("%-20s %7zu %7.2f %7.2f %7.2f %7.2f %7.2f %7.2f %+7.2f\n", name, entry_max, one, chosen,
           ratio_of(trace, entry_max, TW_CACHE_LRU, 1),
           ratio_of(trace, entry_max, TW_CACHE_FIFO, 1), book,
           (double)reference_optimum(trace, entry_max) / count, chosen - book);
    (void)fflush(stdout);
}

static void part_ratio(void) {
    static const size_t sizes[] = {10000, 50000, 100000};
    static const double alphas[] = {0.7, 0.9, 0.99};
    printf("\n%-20s %7s %7s %7s %7s %7s %7s %7s %7s\n", "hit ratio, %", "entries", "1 shard",
           "shards", "LRU", "FIFO", "book", "optimum", "- book");
    for (size_t a = 0; a < sizeof(alphas) / sizeof(alphas[0]); a++) {
        char name[32];
        reference_trace zipf = reference_zipf(1000000, alphas[a], 3000000, 11);
        (void)snprintf(name, sizeof(name), "Zipf %.2f of 1 M", alphas[a]);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            ratio_row(name, &zipf, sizes[i]);
        reference_trace_done(&zipf);
    }
    reference_trace mixed = reference_scan_and_loop(8000, 40000, 2000000, 5);
    ratio_row("hot, loop, scan", &mixed, 5000);
    ratio_row("hot, loop, scan", &mixed, 10000);
    ratio_row("hot, loop, scan", &mixed, 20000);
    reference_trace_done(&mixed);
}

/* From the table in the comment of foyer-memory/benches/bench_hit_ratio.rs
 * (github.com/foyer-rs/foyer, commit 06f9b9c): Zipf over 10,000 numbers, 5,000,000 requests, its
 * LRU, its W-TinyLFU (with a window of 10 %) and moka's TinyLFU. The trace itself is not published;
 * that the LRUs agree shows that ours is comparable. */
typedef struct published {
    double alpha;
    size_t entry_max;
    double lru;
    double window_tinylfu;
    double moka;
} published;

static void published_row(const published *row) {
    reference_trace zipf = reference_zipf(10000, row->alpha, 5000000, 17);
    double ours = ratio_of(&zipf, row->entry_max, TW_CACHE_TINYLFU, 1);
    printf("Zipf %.2f of 10 k     %7zu %7.2f %7.2f %7.2f %+7.2f %7.2f %7.2f\n", row->alpha,
           row->entry_max, ours, row->window_tinylfu, row->moka, ours - row->window_tinylfu,
           ratio_of(&zipf, row->entry_max, TW_CACHE_LRU, 1), row->lru);
    (void)fflush(stdout);
    reference_trace_done(&zipf);
}

static void part_published(void) {
    static const published rows[] = {
        {0.9, 50, 19.22, 32.37, 33.50},   {0.9, 100, 26.20, 38.54, 37.92},
        {0.9, 500, 45.56, 55.37, 55.25},  {0.9, 1000, 55.68, 63.82, 64.20},
        {0.9, 2500, 71.17, 76.21, 77.12}, {1.0, 50, 31.10, 44.16, 45.62},
        {1.0, 100, 39.17, 50.63, 50.72},  {1.0, 500, 58.76, 66.79, 66.89},
        {1.0, 1000, 67.60, 73.93, 74.38}, {1.0, 2500, 79.95, 83.63, 84.38}};
    printf("\n%-20s %7s %7s %7s %7s %7s %7s %7s\n", "hit ratio, %", "entries", "ours", "foyer",
           "moka", "- foyer", "our LRU", "its LRU");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        published_row(&rows[i]);
}

/* ---- stampede ------------------------------------------------------------------------------ */

typedef struct stampede {
    tw_cache *cache;
    pthread_barrier_t barrier;
    uint64_t loads;
} stampede;

static tw_status load_slowly(void *context, tw_cache_key key, tw_cache_load *load) {
    stampede *shared = context;
    struct timespec span = {.tv_nsec = 5000000};
    (void)__atomic_add_fetch(&shared->loads, 1, __ATOMIC_RELAXED);
    (void)nanosleep(&span, NULL); /* what is loaded takes 5 ms */
    memcpy(load->bytes, &key.number, sizeof(key.number));
    load->size = sizeof(key.number);
    return TW_OK;
}

static void *stampede_thread(void *context) {
    stampede *shared = context;
    const tw_cache_loader loader = {
        .load = load_slowly, .context = shared, .wait_ns = INT64_C(10000000000)};
    uint64_t bytes = 0;
    tw_cache_value value = {.bytes = &bytes, .capacity = sizeof(bytes)};
    (void)pthread_barrier_wait(&shared->barrier);
    require(tw_cache_memoize(shared->cache, tw_cache_key_number(42), now_ns(), &loader, &value) ==
                    TW_OK &&
                bytes == 42,
            "memoize");
    return NULL;
}

static void part_stampede(void) {
    tw_cache_config config = tw_cache_config_default();
    pthread_t threads[STAMPEDE_COUNT];
    stampede shared = {0};
    tw_cache_statistics counts;
    require(tw_cache_new(NULL, &config, NULL, &shared.cache) == TW_OK, "creation");
    require(pthread_barrier_init(&shared.barrier, NULL, STAMPEDE_COUNT) == 0, "barrier");
    for (int i = 0; i < STAMPEDE_COUNT; i++)
        require(pthread_create(&threads[i], NULL, stampede_thread, &shared) == 0, "thread");
    for (int i = 0; i < STAMPEDE_COUNT; i++)
        require(pthread_join(threads[i], NULL) == 0, "join");
    tw_cache_read_statistics(shared.cache, &counts);
    printf("\nstampede: %d threads, %llu load(s), %llu waited for it, %llu came after it\n",
           STAMPEDE_COUNT, (unsigned long long)shared.loads, (unsigned long long)counts.coalesced,
           (unsigned long long)counts.hits);
    (void)pthread_barrier_destroy(&shared.barrier);
    tw_cache_free(shared.cache);
}

/* ---- memoize ------------------------------------------------------------------------------- */

#define MEMO_KEY_COUNT 1000
#define MEMO_TEXT_SIZE 9
#define MEMO_CALL_COUNT ((size_t)5000000)
#define SAMPLE_COUNT 390

typedef struct moments {
    double mean;
    double deviation;
} moments;

/* Mean and standard deviation of 390 numbers: what a miss costs. */
static tw_status load_moments(void *context, tw_cache_key key, tw_cache_load *load) {
    double samples[SAMPLE_COUNT];
    double sum = 0;
    double squares = 0;
    (void)context;
    (void)key;
    for (int i = 0; i < SAMPLE_COUNT; i++)
        sum += samples[i] = 100 + i * 37 % 101 / 10.0;
    moments found = {.mean = sum / SAMPLE_COUNT};
    for (int i = 0; i < SAMPLE_COUNT; i++)
        squares += (samples[i] - found.mean) * (samples[i] - found.mean);
    found.deviation = sqrt(squares / (SAMPLE_COUNT - 1));
    memcpy(load->bytes, &found, sizeof(found));
    load->size = sizeof(found);
    return TW_OK;
}

static uint16_t *memo_order(const char **ret_source) {
    uint16_t *order = reference_memory(MEMO_CALL_COUNT, sizeof(uint16_t));
    const char *folder = getenv("BENCH_INPUTS");
    char path[4096];
    uint64_t seed = 601;
    FILE *file = NULL;
    if (folder != NULL &&
        snprintf(path, sizeof(path), "%s/memo_keys.u16", folder) < (int)sizeof(path))
        file = fopen(path, "rb");
    *ret_source = file == NULL ? "drawn order" : "memo_keys.u16";
    if (file == NULL) {
        for (size_t i = 0; i < MEMO_CALL_COUNT; i++)
            order[i] = (uint16_t)(reference_random(&seed) % MEMO_KEY_COUNT);
        return order;
    }
    require(fread(order, sizeof(uint16_t), MEMO_CALL_COUNT, file) == MEMO_CALL_COUNT, "reading");
    for (size_t i = 0; i < MEMO_CALL_COUNT; i++)
        order[i] = (uint16_t)(order[i] % MEMO_KEY_COUNT);
    (void)fclose(file);
    return order;
}

typedef struct memo {
    tw_cache *cache;
    const uint16_t *order;
    char (*texts)[16];
    bool number_keys;
    clockid_t clock;
} memo;

static double memo_run(const memo *job) {
    const tw_cache_loader loader = {.load = load_moments, .wait_ns = INT64_C(1000000000)};
    double sum = 0;
    for (size_t i = 0; i < MEMO_CALL_COUNT; i++) {
        moments found;
        tw_cache_value value = {.bytes = &found, .capacity = sizeof(found)};
        struct timespec now;
        uint16_t symbol = job->order[i];
        tw_cache_key key = job->number_keys
                               ? tw_cache_key_number((uint64_t)symbol << 8 | 1)
                               : tw_cache_key_bytes(job->texts[symbol], MEMO_TEXT_SIZE);
        clock_gettime(job->clock, &now);
        require(tw_cache_memoize(job->cache, key, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                                 &loader, &value) == TW_OK,
                "memoize");
        sum += found.mean;
    }
    return sum;
}

static void memo_row(memo *job, bool number_keys, bool coarse) {
    double runs[RUN_COUNT];
    job->number_keys = number_keys;
    job->clock = coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC;
    double sink = memo_run(job);
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t begun = now_ns();
        sink += memo_run(job);
        runs[i] = (double)MEMO_CALL_COUNT * 1000 / (double)(now_ns() - begun);
    }
    require(sink > 0, "summing");
    qsort(runs, RUN_COUNT, sizeof(runs[0]), by_value);
    printf("%-11s %-32s %8.1f %8.1f %8.1f\n", number_keys ? "number key," : "text key,",
           coarse ? "CLOCK_MONOTONIC_COARSE" : "CLOCK_MONOTONIC", runs[RUN_COUNT / 2], runs[0],
           runs[RUN_COUNT - 1]);
}

static void part_memoize(void) {
    tw_cache_config config = tw_cache_config_default();
    const char *source = NULL;
    uint16_t *order = memo_order(&source);
    memo job = {.order = order};
    config.ttl_ns = INT64_C(300000000000);
    config.entry_max = 4096;
    job.texts = reference_memory(MEMO_KEY_COUNT, sizeof(*job.texts));
    for (unsigned i = 0; i < MEMO_KEY_COUNT; i++)
        (void)snprintf(job.texts[i], sizeof(job.texts[i]), "SYM%03u:1d", i % 1000);
    require(tw_cache_new(NULL, &config, NULL, &job.cache) == TW_OK, "creation");
    printf("\nmemoize job, M calls/s; %-20s %8s %8s %8s\n", source, "median", "least", "most");
    for (int row = 0; row < 4; row++)
        memo_row(&job, row / 2 == 1, row % 2 == 1);
    tw_cache_free(job.cache);
    free(order);
    free(job.texts);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"speed", part_speed},       {"threads", part_threads},
                 {"ratio", part_ratio},       {"published", part_published},
                 {"stampede", part_stampede}, {"memoize", part_memoize}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++)
            wanted = wanted || strcmp(argv[j], parts[i].name) == 0;
        if (wanted)
            parts[i].run();
    }
    return 0;
}
