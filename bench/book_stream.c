/* book_stream.c - see book_stream.h. */
#include "book_stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/map.h"

_Static_assert(sizeof(stream_op) == 24, "as it stands in the file");

#define HEAD_SIZE 24
#define TICKS_MID 8192
#define TICKS_MAX 16000

static void *take(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fprintf(stderr, "bench_book: no memory\n");
        exit(1);
    }
    return memory;
}

static void fail(const char *path, const char *what) {
    fprintf(stderr, "bench_book: %s: %s\n", path, what);
    exit(1);
}

/* Orders alive at once, by replaying. */
static uint32_t count_live(const book_stream *stream) {
    tw_map *left = NULL;
    const tw_map_config config = {.entry_initial = 1024, .entry_max = stream->op_count};
    if (tw_map_new(NULL, &config, &left) != TW_OK)
        fail(stream->name, "no memory");
    uint32_t most = 0;
    for (uint32_t i = 0; i < stream->op_count; i++) {
        const stream_op *op = &stream->ops[i];
        uint64_t quantity = 0;
        if (op->kind == 0)
            quantity = op->quantity;
        else if (tw_map_get(left, op->id, &quantity))
            quantity -= op->quantity;
        if (quantity == 0)
            tw_map_drop(left, op->id, NULL);
        else if (tw_map_put(left, op->id, quantity) != TW_OK)
            fail(stream->name, "no memory");
        uint32_t count = (uint32_t)tw_map_count(left);
        most = count > most ? count : most;
    }
    tw_map_free(left);
    return most;
}

static void name_of(const char *path, char name[64]) {
    const char *slash = strrchr(path, '/');
    snprintf(name, 64, "%s", slash != NULL ? slash + 1 : path);
    char *point = strrchr(name, '.');
    if (point != NULL)
        *point = '\0';
}

void book_stream_load(book_stream *stream, const char *path) {
    *stream = (book_stream){0};
    name_of(path, stream->name);
    unsigned char head[HEAD_SIZE];
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(head, 1, HEAD_SIZE, file) != HEAD_SIZE)
        fail(path, "cannot be read");
    if (memcmp(head, "OBS1", 4) != 0)
        fail(path, "is no stream of order operations");
    memcpy(&stream->op_count, head + 4, 4);
    memcpy(&stream->symbol_count, head + 16, 4);
    stream->ops = take(stream->op_count, sizeof *stream->ops);
    if (fread(stream->ops, sizeof *stream->ops, stream->op_count, file) != stream->op_count)
        fail(path, "ends too early");
    fclose(file);
    stream->live_count_max = count_live(stream);
}

void book_stream_done(book_stream *stream) {
    free(stream->ops);
    *stream = (book_stream){0};
}

/* ---- A made-up market -------------------------------------------------------------------- */

typedef struct live_order {
    uint64_t id;
    int32_t price;
    uint32_t quantity;
    uint16_t symbol;
    uint8_t side;
} live_order;

typedef struct market {
    uint64_t random;
    live_order *live;
    uint32_t live_count;
    double *busy; /* cumulated */
    int32_t *mid;
    uint64_t next_id;
} market;

/* SplitMix64. */
static uint64_t draw(market *made) {
    uint64_t z = made->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double draw_unit(market *made) {
    return (double)(draw(made) >> 11) * 0x1.0p-53;
}

static uint16_t draw_symbol(market *made, uint32_t symbol_count) {
    double at = draw_unit(made) * made->busy[symbol_count - 1];
    uint32_t low = 0;
    for (uint32_t high = symbol_count - 1; low < high;) {
        uint32_t middle = (low + high) / 2;
        if (made->busy[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)low;
}

/* Ticks away from the touch: mostly few, now and then many. */
static int32_t draw_distance(market *made) {
    double kind = draw_unit(made);
    if (kind < 0.90)
        return (int32_t)(log(draw_unit(made) + 1e-12) / log(0.80));
    return (int32_t)(draw_unit(made) * (kind < 0.98 ? 200 : 3000));
}

static stream_op make_add(market *made, uint32_t symbol_count) {
    uint16_t symbol = draw_symbol(made, symbol_count);
    uint8_t side = (uint8_t)(draw(made) & 1);
    int32_t *mid = &made->mid[symbol];
    if (draw(made) % 256 == 0 && *mid > 4000 && *mid < 12000)
        *mid += draw(made) % 2 == 0 ? 1 : -1;
    int32_t price = side == 0 ? *mid - draw_distance(made) : *mid + 1 + draw_distance(made);
    price = price < 1 ? 1 : price > TICKS_MAX ? TICKS_MAX : price;
    live_order *order = &made->live[made->live_count++];
    *order = (live_order){.id = ++made->next_id,
                          .price = price,
                          .quantity = (uint32_t)(1 + draw(made) % 500),
                          .symbol = symbol,
                          .side = side};
    return (stream_op){.id = order->id,
                       .price = price,
                       .quantity = order->quantity,
                       .side = side,
                       .symbol = symbol};
}

/* Something happens to a live order, mostly to one that came lately. */
static stream_op make_change(market *made) {
    uint32_t recent = made->live_count < 64 ? made->live_count : 64;
    uint32_t at = draw(made) % 10 < 7 ? made->live_count - 1 - (uint32_t)(draw(made) % recent)
                                      : (uint32_t)(draw(made) % made->live_count);
    live_order *order = &made->live[at];
    stream_op op = {.id = order->id,
                    .price = order->price,
                    .quantity = order->quantity,
                    .kind = 2,
                    .side = order->side,
                    .symbol = order->symbol};
    uint64_t roll = draw(made) % 100;
    if (roll < 22)
        op.kind = roll < 16 ? 3 : 1;
    if (roll < 10 && order->quantity > 1)
        op.quantity = 1 + (uint32_t)(draw(made) % (order->quantity - 1));
    order->quantity -= op.quantity;
    if (order->quantity == 0)
        *order = made->live[--made->live_count];
    return op;
}

void book_stream_make(book_stream *stream, uint32_t op_count, uint32_t symbol_count,
                      uint32_t live_count) {
    *stream = (book_stream){.op_count = op_count, .symbol_count = symbol_count};
    snprintf(stream->name, sizeof stream->name, "made-%u-%u", symbol_count, live_count);
    stream->ops = take(op_count, sizeof *stream->ops);
    market made = {.random = 1,
                   .live = take(op_count + 1, sizeof *made.live),
                   .busy = take(symbol_count, sizeof *made.busy),
                   .mid = take(symbol_count, sizeof *made.mid)};
    for (uint32_t i = 0; i < symbol_count; i++) {
        made.busy[i] = (i > 0 ? made.busy[i - 1] : 0) + 1.0 / (i + 3.0);
        made.mid[i] = TICKS_MID;
    }
    for (uint32_t i = 0; i < op_count; i++) {
        double adding = made.live_count < live_count ? 0.62 : 0.46;
        bool adds = made.live_count < 16 || draw_unit(&made) < adding;
        stream->ops[i] = adds ? make_add(&made, symbol_count) : make_change(&made);
    }
    free(made.live);
    free(made.busy);
    free(made.mid);
    stream->live_count_max = count_live(stream);
}
