/*
 * bench_alpaca.c - what reading Alpaca's words costs, beside simdjson by itself.
 *
 * A page of bars of about 1 MB: ours (every field exact, handed out as tw_bar), simdjson On-Demand
 * taking the same fields as doubles, and simdjson's tree. A frame of 100 trades as a stream sends
 * it: as JSON and as MessagePack, each trade handed to a callback. All take turns in one run; the
 * median and the least of RUN_COUNT turns. Time is that of the processor. Nothing is asserted about
 * it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "bench.h"
#include "msgpack_pack.h"
#include "peer_simdjson.h"
#include "tradewind/alpaca.h"

#define RUN_COUNT 401
#define PAGE_SIZE (1u << 20)
#define FRAME_SIZE 65536
#define PADDING 64
#define TRADE_COUNT 100

typedef struct bench {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    tw_alpaca_events events;
    tw_slice page, frame, packed;
    uint64_t sink;
} bench;

typedef void (*operation)(bench *b);

static void on_bar(void *context, const tw_bar *bar) {
    ((bench *)context)->sink += (uint64_t)bar->close.nano;
}

static void on_trade(void *context, const tw_trade *trade) {
    ((bench *)context)->sink += (uint64_t)trade->price.nano;
}

static void run_page(bench *b) {
    tw_alpaca_page_options options = {TW_NS_PER_MINUTE, TW_SYMBOL_NONE};
    require(tw_alpaca_decode_page(b->reader, b->page, &options, &b->events, NULL, NULL) == TW_OK,
            "the page");
}

static void run_ondemand(bench *b) {
    b->sink += peer_simdjson_bars(b->page.data, b->page.size);
}

static void run_dom(bench *b) {
    b->sink += peer_simdjson_dom(b->page.data, b->page.size);
}

static void run_frame(bench *b) {
    require(tw_alpaca_decode_stream(b->reader, b->frame, &b->events, NULL) == TW_OK, "the frame");
}

static void run_packed(bench *b) {
    require(tw_alpaca_decode_stream_msgpack(b->reader, b->packed, &b->events, NULL) == TW_OK,
            "the packed frame");
}

static const struct {
    const char *name;
    operation run;
} operations[] = {
    {"page of bars, ours", run_page},
    {"page of bars, simdjson On-Demand to doubles", run_ondemand},
    {"page of bars, simdjson to a tree", run_dom},
    {"frame of 100 trades, JSON", run_frame},
    {"frame of 100 trades, MessagePack", run_packed},
};
#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

/* ---- inputs ---- */

static void make_page(bench *b) {
    static char buffer[PAGE_SIZE + FRAME_SIZE + PADDING];
    static tw_bar bars[16384];
    tw_text text = tw_text_over(buffer, sizeof buffer - PADDING);
    size_t count = 0;
    for (; count < 8000; count++) {
        tw_bar *bar = &bars[count];
        bar->symbol = (tw_symbol)(count / 1000);
        bar->time_ns = INT64_C(1704205800000000000) + (int64_t)(count % 1000) * TW_NS_PER_MINUTE;
        bar->open.nano = INT64_C(185000000000) + (int64_t)(count * 7919 % 10007) * 10000000;
        bar->high.nano = bar->open.nano + 130000000;
        bar->low.nano = bar->open.nano - 470000000;
        bar->close.nano = bar->open.nano + 10000000;
        bar->vwap.nano = bar->open.nano + 1234000;
        bar->volume.nano = (int64_t)(1000 + count * 131 % 90001) * TW_NANO;
        bar->count = 10 + count % 977;
    }
    tw_alpaca_encode_bars_page(&text, bars, count, b->symbols, "QUFQTHxN");
    require(!text.truncated, "making the page");
    b->page = tw_text_slice(&text);
}

static void make_frames(bench *b) {
    static char buffer[FRAME_SIZE];
    static char packed[FRAME_SIZE];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_text out = tw_text_over(packed, sizeof packed);
    for (unsigned i = 0; i < TRADE_COUNT; i++) {
        tw_trade trade = {.symbol = i % 8,
                          .exchange = 'V',
                          .tape = 'C',
                          .conditions = {'@', 'I'},
                          .id = UINT64_C(52983525029461) + i};
        trade.time_ns = INT64_C(1704205800123456789) + i;
        trade.price.nano = INT64_C(126550000000) + (int64_t)i * 10000000;
        trade.quantity.nano = (int64_t)(1 + i) * TW_NANO;
        tw_text_append_char(&text, i == 0 ? '[' : ',');
        tw_alpaca_encode_stream_trade(&text, &trade, b->symbols);
    }
    tw_text_append_char(&text, ']');
    json_t *tree = json_loads(buffer, 0, NULL);
    require(tree != NULL && !text.truncated, "making the frame");
    pack_json(&out, "", tree);
    json_decref(tree);
    require(!out.truncated, "packing the frame");
    b->frame = tw_text_slice(&text);
    b->packed = tw_text_slice(&out);
}

/* ---- the run ---- */

static int by_time(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int main(void) {
    static bench b;
    static int64_t times[OPERATION_COUNT][RUN_COUNT];
    static const char *const names[] = {"AAPL", "AMZN", "GOOG", "META",
                                        "MSFT", "NVDA", "SPY",  "TSLA"};
    tw_symbol symbol;
    require(tw_symbols_new(NULL, 64, &b.symbols) == TW_OK, "symbols");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        require(tw_symbols_intern(b.symbols, tw_slice_of(names[i]), &symbol) == TW_OK, "a symbol");
    require(tw_alpaca_reader_new(NULL, 2 * PAGE_SIZE, 0, b.symbols, &b.reader) == TW_OK &&
                tw_alpaca_reader_add_msgpack(b.reader) == TW_OK,
            "a reader");
    b.events = (tw_alpaca_events){.context = &b, .on_bar = on_bar, .on_trade = on_trade};
    make_page(&b);
    make_frames(&b);
    for (int run = 0; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            int64_t begin_ns = cpu_ns();
            operations[i].run(&b);
            times[i][run] = cpu_ns() - begin_ns;
        }
    }
    printf("page %zu bytes, frame %zu bytes, packed %zu bytes, %d turns\n", b.page.size,
           b.frame.size, b.packed.size, RUN_COUNT);
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        qsort(times[i], RUN_COUNT, sizeof times[i][0], by_time);
        printf("%-46s median %9.1f us   least %9.1f us\n", operations[i].name,
               (double)times[i][RUN_COUNT / 2] / 1e3, (double)times[i][0] / 1e3);
    }
    printf("ours beside On-Demand to doubles %.2f, beside the tree %.2f (of the least)\n",
           (double)times[0][0] / (double)times[1][0], (double)times[0][0] / (double)times[2][0]);
    fprintf(stderr, "(%llu)\n", (unsigned long long)b.sink);
    tw_alpaca_reader_free(b.reader);
    tw_symbols_free(b.symbols);
    return 0;
}
