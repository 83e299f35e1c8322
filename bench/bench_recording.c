/*
 * bench_recording.c - what it costs to record what reaches an engine.
 *
 *     bench_recording [EVENTS]     market events of a round, default 1,000,000
 *
 * Levels of 500 books, a quote in eight and a trade in eight, are taken from a feed port as an
 * engine takes them, 64 a turn: without a recording, and with one that another thread writes to
 * /tmp and that is waited for every 32,768 events, as no market comes as fast as they are taken
 * here. Each way is warmed up by a pass of its own. The ways take turns; the processor time of the
 * taking thread is measured, and its median printed, with the bytes of the file an event. Beside
 * it: how large the same events are as plain structs, and as those compressed by zstd at level 1.
 * Nothing is asserted about time.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "bench.h"
#include "tradewind/random.h"
#include "tradewind/recording.h"
#include "tradewind/time.h"

enum {
    SYMBOLS = 500,
    ROUNDS = 9,
    EVENTS_DEFAULT = 1000000,
    A_TURN = 64,
    PAUSE = 32768,
    CHUNK = 262144
};

static const char PATH[] = "/tmp/bench_recording.record";

typedef struct world {
    tw_symbols *symbols;
    tw_market_event *events;
    size_t count;
    size_t next;
} world;

typedef struct writer {
    tw_recording *recording;
    atomic_bool ending;
} writer;

static tw_status next_market(void *context, tw_market_event *ret_event) {
    world *w = context;
    if (w->next == w->count)
        return TW_EMPTY;
    *ret_event = w->events[w->next++];
    return TW_OK;
}

static tw_market_event make_event(tw_random *random, const int64_t *prices, int64_t time_ns) {
    tw_symbol symbol = (tw_symbol)tw_random_below(random, SYMBOLS);
    int64_t step = (1 + (int64_t)tw_random_below(random, 10)) * (TW_NANO / 100);
    tw_quantity quantity = {(int64_t)(1 + tw_random_below(random, 500)) * TW_NANO};
    bool buy = tw_random_below(random, 2) == 0;
    uint64_t draw = tw_random_below(random, 8);
    tw_market_event event = {.kind = TW_MARKET_LEVEL};
    if (draw == 0) {
        event.kind = TW_MARKET_TRADE;
        event.as.trade = (tw_trade){.time_ns = time_ns,
                                    .price = {prices[symbol]},
                                    .quantity = quantity,
                                    .symbol = symbol,
                                    .id = (uint64_t)time_ns % 1000000};
    } else if (draw == 1) {
        event.kind = TW_MARKET_QUOTE;
        event.as.quote = (tw_quote){.time_ns = time_ns,
                                    .bid_price = {prices[symbol] - step},
                                    .ask_price = {prices[symbol] + step},
                                    .bid_size = quantity,
                                    .ask_size = quantity,
                                    .symbol = symbol};
    } else {
        event.as.level = (tw_level){.time_ns = time_ns,
                                    .price = {prices[symbol] + (buy ? -step : step)},
                                    .quantity = quantity,
                                    .symbol = symbol,
                                    .side = buy ? TW_SIDE_BUY : TW_SIDE_SELL,
                                    .last = 1};
    }
    return event;
}

static void make_world(world *w, size_t count) {
    tw_random random;
    int64_t prices[SYMBOLS];
    char name[16];
    tw_symbol symbol;
    int64_t time_ns = INT64_C(1704205800) * TW_NS_PER_SECOND;
    tw_random_init(&random, 7, 0);
    require(tw_symbols_new(NULL, SYMBOLS, &w->symbols) == TW_OK, "a table of symbols");
    for (uint32_t s = 0; s < SYMBOLS; s++) {
        snprintf(name, sizeof name, "S%u", s);
        require(tw_symbols_intern(w->symbols, tw_slice_of(name), &symbol) == TW_OK, "a symbol");
        prices[s] = (int64_t)(50 + tw_random_below(&random, 200)) * TW_NANO;
    }
    w->count = count;
    w->events = TW_NEW(NULL, count, tw_market_event);
    require(w->events != NULL, "memory for events");
    for (size_t i = 0; i < count; i++) {
        time_ns += 1 + (int64_t)tw_random_below(&random, 20000);
        w->events[i] = make_event(&random, prices, time_ns);
    }
}

/* ---- rounds -------------------------------------------------------------------------------- */

static int64_t processor_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * TW_NS_PER_SECOND + now.tv_nsec;
}

/* One pause: what the other thread has not written yet. Asleep, no processor time passes. */
static void wait_for(const tw_recording *recording) {
    struct timespec nap = {.tv_nsec = 200000};
    tw_recording_figures figures;
    if (recording == NULL)
        return;
    tw_recording_figures_of(recording, &figures);
    while (figures.blocks_waiting > 0) {
        nanosleep(&nap, NULL);
        tw_recording_figures_of(recording, &figures);
    }
}

/* Nanoseconds an event of the second of two passes. */
static double take_all(world *w, const tw_engine_ports *ports, const tw_recording *recording) {
    tw_market_event event;
    uint64_t sum = 0;
    int64_t took_ns = 0;
    for (size_t done = 0; done < 2 * w->count;) {
        size_t until = done + PAUSE;
        int64_t began_ns = processor_ns();
        for (; done < until && done < 2 * w->count; done++) {
            if (done % A_TURN == 0 && ports->inputs.turn != NULL)
                ports->inputs.turn(ports->inputs.context, A_TURN, false);
            if (w->next == w->count)
                w->next = 0;
            require(ports->feed.next_market(ports->feed.context, &event) == TW_OK, "an event");
            sum += event.kind;
        }
        took_ns += done > w->count ? processor_ns() - began_ns : 0;
        wait_for(recording);
    }
    require(sum > 0, "taking events");
    return (double)took_ns / (double)w->count;
}

static void *write_main(void *context) {
    writer *to = context;
    struct timespec nap = {.tv_nsec = 1000000};
    while (!atomic_load(&to->ending)) {
        uint64_t work = 0;
        require(tw_recording_turn(to->recording, tw_time_monotonic_ns(), &work, NULL) == TW_OK,
                "writing");
        if (work == 0)
            nanosleep(&nap, NULL);
    }
    return NULL;
}

static double take_recorded(world *w, tw_recording_figures *ret_figures) {
    tw_recording_config config = {.path = PATH};
    tw_engine_config engine = {.symbol_count = SYMBOLS};
    tw_engine_ports ports = {.feed = {.next_market = next_market, .context = w}};
    writer to = {0};
    pthread_t thread;
    require(tw_recording_new(NULL, &config, &engine, w->symbols, &to.recording, NULL) == TW_OK,
            "making a recording");
    tw_recording_wrap(to.recording, &ports, &engine);
    require(pthread_create(&thread, NULL, write_main, &to) == 0, "starting a thread");
    double took = take_all(w, &ports, to.recording);
    atomic_store(&to.ending, true);
    pthread_join(thread, NULL);
    require(tw_recording_close(to.recording, NULL) == TW_OK, "closing");
    tw_recording_figures_of(to.recording, ret_figures);
    require(ret_figures->end == TW_RECORDING_CLOSED && ret_figures->lost == 0, "keeping up");
    tw_recording_free(to.recording);
    unlink(PATH);
    return took;
}

/* ---- sizes --------------------------------------------------------------------------------- */

static size_t struct_size(const tw_market_event *event) {
    return event->kind == TW_MARKET_TRADE   ? sizeof(tw_trade)
           : event->kind == TW_MARKET_QUOTE ? sizeof(tw_quote)
                                            : sizeof(tw_level);
}

/* Plain structs one after the other, in chunks of zstd at level 1. */
static void measure_plain(const world *w, double *ret_plain, double *ret_zstd) {
    static char chunk[CHUNK];
    static char packed[2 * CHUNK];
    size_t size = 0;
    size_t plain = 0;
    size_t compressed = 0;
    for (size_t i = 0; i < w->count; i++) {
        size_t one = struct_size(&w->events[i]);
        if (size + one > sizeof chunk || i + 1 == w->count) {
            size_t result = ZSTD_compress(packed, sizeof packed, chunk, size, 1);
            require(!ZSTD_isError(result), "zstd");
            compressed += result;
            size = 0;
        }
        memcpy(chunk + size, &w->events[i].as, one);
        size += one;
        plain += one;
    }
    *ret_plain = (double)plain / (double)w->count;
    *ret_zstd = (double)compressed / (double)w->count;
}

int main(int argc, char **argv) {
    world w = {0};
    double bare[ROUNDS];
    double recorded[ROUNDS];
    double plain = 0.0;
    double zstd = 0.0;
    tw_recording_figures figures = {0};
    make_world(&w, argc > 1 ? strtoull(argv[1], NULL, 10) : EVENTS_DEFAULT);
    tw_engine_ports ports = {.feed = {.next_market = next_market, .context = &w}};
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = take_all(&w, &ports, NULL);
        recorded[i] = take_recorded(&w, &figures);
    }
    measure_plain(&w, &plain, &zstd);
    qsort(bare, ROUNDS, sizeof bare[0], by_value);
    qsort(recorded, ROUNDS, sizeof recorded[0], by_value);
    printf("%zu events, %d rounds, processor time of the engine's thread, medians\n", w.count,
           ROUNDS);
    printf("  %-24s %8.1f ns an event\n", "taken", bare[ROUNDS / 2]);
    printf("  %-24s %8.1f ns an event\n", "taken and recorded", recorded[ROUNDS / 2]);
    printf("  %-24s %8.1f ns an event (%.1f to %.1f)\n", "the recording",
           recorded[ROUNDS / 2] - bare[ROUNDS / 2], recorded[0] - bare[0],
           recorded[ROUNDS - 1] - bare[ROUNDS - 1]);
    printf("  %-24s %8.1f bytes an event\n", "its file",
           (double)figures.bytes / (double)(2 * w.count));
    printf("  %-24s %8.1f bytes an event\n", "plain structs", plain);
    printf("  %-24s %8.1f bytes an event\n", "these, zstd level 1", zstd);
    TW_DELETE(NULL, w.events, w.count, tw_market_event);
    tw_symbols_free(w.symbols);
    return 0;
}
