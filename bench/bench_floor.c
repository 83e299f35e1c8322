/*
 * bench_floor.c - the market of many symbols: how many events a second of a core, how
 * much faster than real time, and how much memory.
 *
 *     bench_floor [SYMBOLS [EVENTS [MINUTES]]]     default 5000, 2000 a second of all, 10
 *
 * The floor opens all books and plays the minutes from the opening bell on, the busiest of the
 * day, with nobody listening. What a whole process costs is seen with
 *
 *     tradewind exchange --symbol-count 5000 --clock x60
 *
 * whose lag `/sim/clock` tells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "floor.h"
#include "session.h"
#include "tradewind/time.h"

typedef struct heard {
    uint64_t trades;
    uint64_t levels;
    uint64_t quotes;
    uint64_t bars;
} heard;

static void on_trade(void *context, const tw_trade *trade) {
    (void)trade;
    ((heard *)context)->trades++;
}

static void on_levels(void *context, const tw_level *levels, size_t count) {
    (void)levels;
    ((heard *)context)->levels += count;
}

static void on_quote(void *context, const tw_quote *quote) {
    (void)quote;
    ((heard *)context)->quotes++;
}

static void on_bar(void *context, const tw_bar *bar) {
    (void)bar;
    ((heard *)context)->bars++;
}

static void on_user_event(void *context, const tw_match_event *event) {
    (void)context;
    (void)event;
}

static double megabytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}

/* Of this process, in seconds: what others do on the machine is not in it. */
static double processor_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(tw_status status, const char *what) {
    if (status == TW_OK)
        return;
    fprintf(stderr, "bench_floor: %s: %s\n", what, tw_status_sentence(status));
    exit(1); /* NOLINT(concurrency-mt-unsafe): a bench of one thread */
}

static void name_symbols(tw_symbols *symbols, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%u", i);
        must(tw_symbols_intern(symbols, tw_slice_of(name), &symbol), "a symbol");
    }
}

int main(int argc, char **argv) {
    uint32_t symbol_count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 5000;
    double events = argc > 2 ? strtod(argv[2], NULL) : 2000.0;
    int64_t minutes = argc > 3 ? strtol(argv[3], NULL, 10) : 10;
    int64_t day = 20458; /* 2026-01-05 */
    tw_symbols *symbols = NULL;
    daily_history *history = NULL;
    trading_floor *floor = NULL;
    heard told = {0};
    must(tw_symbols_new(NULL, symbol_count, &symbols), "symbols");
    name_symbols(symbols, symbol_count);
    must(daily_history_generate(NULL, symbols, day - 1, 2, 1, &history), "history");
    const floor_sink sink = {on_trade, on_levels, on_quote, on_bar, on_user_event, &told, NULL};
    const floor_config config = {.symbols = symbols,
                                 .history = history,
                                 .seed = 1,
                                 .start_ns = session_time_of(day, 9, 30),
                                 .events_per_second = 20.0,
                                 .events_total = events,
                                 .order_count_max = 65536,
                                 .minute_count_max = 960};
    double before = processor_time();
    must(floor_new(NULL, &config, &sink, &floor, NULL), "a floor");
    double opened = processor_time();
    must(floor_advance(floor, config.start_ns + minutes * TW_NS_PER_MINUTE, UINT64_MAX, NULL),
         "the market");
    double seconds = processor_time() - opened;
    double acts = (double)floor_event_count(floor);
    printf("%u symbols, %.0f events a second of a session's mean\n", symbol_count, events);
    printf("opening        %8.2f s\n", opened - before);
    printf("played         %8lld minutes in %.2f s: x%.0f\n", (long long)minutes, seconds,
           (double)minutes * 60.0 / seconds);
    printf("events         %8.0f, %.0f a second, %.0f ns each\n", acts, acts / seconds,
           seconds / acts * 1e9);
    printf("told           %llu trades, %llu levels, %llu quotes, %llu bars\n",
           (unsigned long long)told.trades, (unsigned long long)told.levels,
           (unsigned long long)told.quotes, (unsigned long long)told.bars);
    printf("memory, most   %8.0f MB\n", megabytes());
    floor_free(floor);
    daily_history_free(history);
    tw_symbols_free(symbols);
    return 0;
}
