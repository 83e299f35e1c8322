/*
 * bench_exchange_pages.c - what a page of 10,000 bars, trades or quotes costs the exchange, of bars
 * beside copying its bytes.
 *
 * An exchange with a generated history writes pages of minutes and of days as a call for them does:
 * from the history to the text of the body. Beside it the same bytes are copied, and written as
 * with printf, a call a value. The row "made" is of hours of which nothing is remembered. All take
 * turns in one run; the least of RUN_COUNT turns.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bar_walk.h"
#include "bench.h"
#include "session.h"
#include "tick_walk.h"
#include "tradewind/alpaca.h"

enum { RUN_COUNT = 51, BAR_MAX = 10000, ROOM = 4 << 20 };

typedef struct bench {
    tw_exchange *exchange;
    tw_text text;
    uint32_t count;
    bool quotes;
    int64_t last_day_ns;
    tw_bar bars[BAR_MAX];
} bench;

static bool take(void *context, const tw_bar *bar) {
    bench *b = context;
    if (b->count == BAR_MAX)
        return false;
    if (b->count > 0)
        tw_text_append_char(&b->text, ',');
    tw_alpaca_encode_bar(&b->text, bar);
    b->bars[b->count++] = *bar;
    return true;
}

static void walk(bench *b, bar_frame frame) {
    bar_range range = {.frame = frame, .from_ns = 0, .to_ns = EXCHANGE_END_NS};
    tw_text_clear(&b->text);
    b->count = 0;
    bool more = true;
    for (tw_symbol s = 0; more && s < tw_exchange_symbol_count(b->exchange); s++)
        more = bar_walk(b->exchange, s, &range, take, b);
}

static void encode(bench *b) {
    tw_text_clear(&b->text);
    for (uint32_t i = 0; i < b->count; i++)
        tw_alpaca_encode_bar(&b->text, &b->bars[i]);
}

static void encode_with_printf(bench *b) {
    char *out = b->text.data;
    for (uint32_t i = 0; i < b->count; i++) {
        const tw_bar *bar = &b->bars[i];
        char time[TW_TIME_TEXT_SIZE];
        tw_time_format(bar->time_ns, -1, time);
        out += sprintf(out, "{\"t\":\"%s\",\"o\":%.9g,\"h\":%.9g,\"l\":%.9g,\"c\":%.9g,", time,
                       (double)bar->open.nano / 1e9, (double)bar->high.nano / 1e9,
                       (double)bar->low.nano / 1e9, (double)bar->close.nano / 1e9);
        out += sprintf(out, "\"v\":%.12g,\"n\":%" PRIu64 ",\"vw\":%.9g}",
                       (double)bar->volume.nano / 1e9, bar->count, (double)bar->vwap.nano / 1e9);
    }
}

static char memory[ROOM];
static char copy[ROOM];

static void copy_bytes(bench *b) {
    memcpy(copy, b->text.data, b->text.size);
    __asm__ volatile("" : : "r"(copy) : "memory");
}

static void walk_minutes(bench *b) {
    walk(b, (bar_frame){BAR_MINUTE, 1});
}

static void walk_hours(bench *b) {
    walk(b, (bar_frame){BAR_HOUR, 1});
}

/* With nothing remembered, as the first who asks. */
static void walk_hours_anew(bench *b) {
    past_minutes *anew = NULL;
    if (past_minutes_new(NULL, b->exchange->config.seed, &anew) != TW_OK)
        return;
    past_minutes_free(b->exchange->past_minutes);
    b->exchange->past_minutes = anew;
    walk_hours(b);
}

static void walk_days(bench *b) {
    walk(b, (bar_frame){BAR_DAY, 1});
}

static bool take_tick(void *context, const void *record, int64_t time_ns, uint64_t number) {
    bench *b = context;
    (void)time_ns;
    (void)number;
    if (b->count == BAR_MAX)
        return false;
    if (b->count++ > 0)
        tw_text_append_char(&b->text, ',');
    if (b->quotes)
        tw_alpaca_encode_quote(&b->text, record);
    else
        tw_alpaca_encode_trade(&b->text, record);
    return true;
}

/* Of the history's last day, whose minutes are remembered. */
static void walk_ticks(bench *b) {
    const tick_range range = {
        .quotes = b->quotes, .from_ns = b->last_day_ns, .to_ns = EXCHANGE_END_NS};
    tw_text_clear(&b->text);
    b->count = 0;
    bool more = true;
    for (tw_symbol s = 0; more && s < tw_exchange_symbol_count(b->exchange); s++)
        more = tick_walk(b->exchange, s, &range, take_tick, b);
}

static double least_us(bench *b, void (*run)(bench *b)) {
    int64_t least = INT64_MAX;
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t began = cpu_ns();
        run(b);
        int64_t took = cpu_ns() - began;
        least = took < least ? took : least;
    }
    return (double)least / 1e3;
}

static void report(bench *b, const char *name, void (*run)(bench *b)) {
    double whole = least_us(b, run);
    uint32_t count = b->count;
    size_t size = b->text.size;
    double copied = least_us(b, copy_bytes);
    double encoded = least_us(b, encode);
    double printed = least_us(b, encode_with_printf);
    printf("%-8s %6" PRIu32 " bars %8zu bytes: page %8.1f us (%5.2f GB/s), encoding alone %8.1f, "
           "printf a value %8.1f, memcpy %6.1f us\n",
           name, count, size, whole, (double)size / whole / 1e3, encoded, printed, copied);
}

static void report_ticks(bench *b, const char *name, bool quotes) {
    b->quotes = quotes;
    b->last_day_ns = session_time_of(daily_history_last_day(b->exchange->history), 0, 0);
    double whole = least_us(b, walk_ticks);
    printf("%-8s %6" PRIu32 "      %8zu bytes: page %8.1f us (%5.2f GB/s)\n", name, b->count,
           b->text.size, whole, (double)b->text.size / whole / 1e3);
}

int main(void) {
    tw_exchange_config config;
    tw_error error = {0};
    static bench b;
    tw_exchange_config_init(&config);
    config.clock = TW_EXCHANGE_STEP;
    if (tw_exchange_open(NULL, &config, &b.exchange, &error) != TW_OK) {
        fprintf(stderr, "bench_exchange_pages: %s\n", error.message);
        return 1;
    }
    b.text = tw_text_over(memory, ROOM);
    report(&b, "minutes", walk_minutes);
    report(&b, "hours", walk_hours);
    report(&b, "made", walk_hours_anew);
    report(&b, "days", walk_days);
    report_ticks(&b, "trades", false);
    report_ticks(&b, "quotes", true);
    tw_exchange_close(b.exchange);
    return 0;
}
