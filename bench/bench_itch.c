/*
 * bench_itch.c - what reading NASDAQ ITCH costs, beside what the machine could do at best.
 *
 *     bench_itch [MESSAGES]      of the day that is made, default 5,000,000
 *
 * The day is made here, always the same: 8,000 stocks, their directory, then a mix as of a real day
 * (45 % A and F, 42 % D, 3 % E, 2 % X, 4 % U, 1 % P, the rest C, I and others), with live orders
 * that are really there. It is written as a day file, plain, gzip and zstd, and as a pcap of
 * MoldUDP64 with one to eight messages a packet; all are in the page cache when they are read.
 *
 * "read" only reads the plain file in blocks: no reader of it can be faster. "gzip alone" and "zstd
 * alone" are the decompressors with nothing behind them. Five runs each; the median and the spread.
 * Time is that of the processor, which others on the machine disturb less than the clock on the
 * wall; GB/s are of the plain bytes. Nothing is asserted about it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "bench.h"
#include "tradewind/tape_itch.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define BATCH 1024
#define BLOCK_SIZE 262144
#define STOCK_COUNT 8000
#define LIVE_MAX (1 << 20)

/* An order of the day that is being made. */
typedef struct live_order {
    uint64_t number;
    uint32_t price;
    uint16_t locate;
    uint16_t shares;
} live_order;

typedef struct bench {
    char plain[64];
    char gzip[64];
    char zstd[64];
    char pcap[64];
    char *day; /* the plain file once more, in memory */
    size_t day_size;
    size_t day_capacity;
    size_t message_count;
    uint64_t seed;
    int64_t time_ns;
    uint64_t order_number;
    uint64_t match_number;
    live_order *live;
    size_t live_count;
    uint32_t prices[STOCK_COUNT + 1];
    uint64_t sink; /* results go here, so that no work can be left out */
} bench;

typedef void (*operation)(bench *b);

/* SplitMix64. */
static uint64_t next_random(bench *b) {
    uint64_t z = (b->seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- the day ------------------------------------------------------------------------------- */

static void put_message(bench *b, tw_itch_message *m) {
    size_t size = 0;
    m->time_ns = b->time_ns;
    require(b->day_size + 2 + TW_ITCH_SIZE_MAX <= b->day_capacity, "room for the day");
    char *at = b->day + b->day_size;
    require(tw_itch_encode(m, at + 2, TW_ITCH_SIZE_MAX, &size, NULL) == TW_OK, "encoding");
    at[0] = (char)(size >> 8);
    at[1] = (char)size;
    b->day_size += 2 + size;
}

static void name_stock(uint16_t locate, char stock[TW_ITCH_STOCK_SIZE]) {
    unsigned n = locate;
    for (int i = 0; i < 4; i++, n /= 26)
        stock[i] = (char)('A' + n % 26);
}

static void put_directory(bench *b) {
    for (uint16_t locate = 1; locate <= STOCK_COUNT; locate++) {
        tw_itch_message m = {.type = 'R', .stock_locate = locate};
        tw_itch_stock_directory *r = &m.stock_directory;
        name_stock(locate, r->stock);
        r->round_lot_size.nano = 100 * TW_NANO;
        memcpy(r->issue_sub_type, "Z", 2);
        r->market_category = 'Q';
        r->financial_status = r->round_lots_only = r->ipo_flag = 'N';
        r->issue_classification = 'C';
        r->authenticity = 'P';
        r->short_sale_threshold = r->etp_flag = r->inverse_indicator = 'N';
        r->luld_tier = '1';
        b->prices[locate] = 10000 + (uint32_t)(next_random(b) % 2000000);
        put_message(b, &m);
    }
}

/* Few stocks have most of the orders. */
static uint16_t any_locate(bench *b) {
    uint64_t x = next_random(b) % STOCK_COUNT;
    uint64_t y = next_random(b) % STOCK_COUNT;
    return (uint16_t)(1 + x * y / STOCK_COUNT);
}

static void put_add(bench *b) {
    live_order *order = &b->live[b->live_count++];
    uint16_t locate = any_locate(b);
    uint32_t step = (uint32_t)(next_random(b) % 64) * 100;
    *order = (live_order){.number = b->order_number += 1 + next_random(b) % 8,
                          .price = b->prices[locate] + step,
                          .locate = locate,
                          .shares = (uint16_t)(100 * (1 + next_random(b) % 10))};
    bool attributed = next_random(b) % 40 == 0;
    tw_itch_message m = {.type = attributed ? 'F' : 'A', .stock_locate = locate};
    tw_itch_add_order *a = &m.add_order;
    a->order_reference_number = order->number;
    a->shares.nano = order->shares * TW_NANO;
    a->price.nano = (int64_t)order->price * 100000;
    a->side = next_random(b) % 2 == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    name_stock(locate, a->stock);
    if (attributed)
        memcpy(a->attribution, "NITE", 4);
    put_message(b, &m);
}

/* Orders leave in about the order in which they came, most of them soon. */
static live_order *any_order(bench *b) {
    uint64_t back = next_random(b) % b->live_count;
    back = back * (next_random(b) % b->live_count) / b->live_count;
    return &b->live[b->live_count - 1 - back];
}

static void drop_order(bench *b, live_order *order) {
    *order = b->live[--b->live_count];
}

static void put_replace(bench *b) {
    live_order *order = any_order(b);
    tw_itch_message m = {.type = 'U', .stock_locate = order->locate};
    m.replace.order_reference_number = order->number;
    order->number = b->order_number += 1 + next_random(b) % 8;
    m.replace.new_order_reference_number = order->number;
    m.replace.shares.nano = order->shares * TW_NANO;
    m.replace.price.nano = (int64_t)(order->price += 100) * 100000;
    put_message(b, &m);
}

static void put_change(bench *b, char type) {
    live_order *order = any_order(b);
    tw_itch_message m = {.type = type, .stock_locate = order->locate};
    if (type == 'D')
        m.delete_order.order_reference_number = order->number;
    else if (type == 'X') {
        m.cancel.order_reference_number = order->number;
        m.cancel.shares.nano = 10 * TW_NANO;
    } else {
        m.execution.order_reference_number = order->number;
        m.execution.match_number = ++b->match_number;
        m.execution.shares.nano = 10 * TW_NANO;
        if (type == 'C') {
            m.execution.printable = 'Y';
            m.execution.price.nano = (int64_t)order->price * 100000;
        }
    }
    if (type == 'D')
        drop_order(b, order);
    put_message(b, &m);
}

static void put_trade(bench *b) {
    uint16_t locate = any_locate(b);
    tw_itch_message m = {.type = 'P', .stock_locate = locate};
    m.trade.match_number = ++b->match_number;
    m.trade.shares.nano = 100 * TW_NANO;
    m.trade.price.nano = (int64_t)b->prices[locate] * 100000;
    m.trade.side = TW_SIDE_BUY;
    name_stock(locate, m.trade.stock);
    put_message(b, &m);
}

static void put_imbalance(bench *b) {
    uint16_t locate = any_locate(b);
    tw_itch_message m = {.type = 'I', .stock_locate = locate};
    m.imbalance.paired_shares.nano = 1000 * TW_NANO;
    m.imbalance.reference_price.nano = (int64_t)b->prices[locate] * 100000;
    m.imbalance.direction = 'B';
    m.imbalance.cross_type = 'O';
    m.imbalance.price_variation = 'L';
    name_stock(locate, m.imbalance.stock);
    put_message(b, &m);
}

static void put_any(bench *b) {
    uint64_t draw = next_random(b) % 1000;
    b->time_ns += (int64_t)(next_random(b) % 2000);
    if (b->live_count < 1000 || (draw < 450 && b->live_count < LIVE_MAX))
        put_add(b);
    else if (draw < 870)
        put_change(b, 'D');
    else if (draw < 900)
        put_change(b, 'E');
    else if (draw < 920)
        put_change(b, 'X');
    else if (draw < 960)
        put_replace(b);
    else if (draw < 970)
        put_trade(b);
    else if (draw < 980)
        put_change(b, 'C');
    else
        put_imbalance(b);
}

static void make_day(bench *b) {
    b->day_capacity = b->message_count * (2 + TW_ITCH_SIZE_MAX) + 2;
    b->day = malloc(b->day_capacity);
    b->live = TW_NEW(NULL, LIVE_MAX, live_order);
    require(b->day != NULL && b->live != NULL, "memory");
    b->seed = 1;
    b->time_ns = 34200 * TW_NS_PER_SECOND;
    put_directory(b);
    for (size_t i = STOCK_COUNT; i < b->message_count; i++)
        put_any(b);
    b->day[b->day_size++] = '\0';
    b->day[b->day_size++] = '\0';
}

/* ---- its files ----------------------------------------------------------------------------- */

static void write_file(char path[64], const void *data, size_t size) {
    strcpy(path, "/tmp/bench_itch-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0,
            "writing a file");
}

static void make_gzip(bench *b) {
    z_stream stream = {0};
    require(deflateInit2(&stream, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "gzip");
    size_t capacity = deflateBound(&stream, b->day_size);
    uint8_t *packed = malloc(capacity);
    require(packed != NULL, "memory");
    stream.next_in = (Bytef *)b->day;
    stream.avail_in = (uInt)b->day_size;
    stream.next_out = packed;
    stream.avail_out = (uInt)capacity;
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "gzip");
    write_file(b->gzip, packed, capacity - stream.avail_out);
    require(deflateEnd(&stream) == Z_OK, "gzip");
    free(packed);
}

static void make_zstd(bench *b) {
    size_t capacity = ZSTD_compressBound(b->day_size);
    void *packed = malloc(capacity);
    require(packed != NULL, "memory");
    size_t size = ZSTD_compress(packed, capacity, b->day, b->day_size, 3);
    require(!ZSTD_isError(size), "zstd");
    write_file(b->zstd, packed, size);
    free(packed);
}

static void put_16(char *at, size_t value) {
    at[0] = (char)(value >> 8);
    at[1] = (char)value;
}

/* Record, Ethernet, IPv4, UDP and MoldUDP64 around some messages; returns what is behind them. */
static char *put_packet(char *at, const char *messages, size_t size, size_t count,
                        uint64_t sequence) {
    uint32_t record[4] = {0, 0, (uint32_t)(62 + size), (uint32_t)(62 + size)};
    memcpy(at, record, sizeof record);
    char *frame = at + sizeof record;
    memset(frame, 0, 62);
    put_16(frame + 12, 0x0800);
    frame[14] = 0x45;
    put_16(frame + 16, 48 + size);
    frame[23] = 17;
    put_16(frame + 36, 26477);
    put_16(frame + 38, 28 + size);
    memcpy(frame + 42, "0000000001", 10);
    for (int i = 0; i < 8; i++)
        frame[52 + i] = (char)(sequence >> (56 - 8 * i));
    put_16(frame + 60, count);
    memcpy(frame + 62, messages, size);
    return frame + 62 + size;
}

static void make_pcap(bench *b) {
    static const uint32_t header[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1};
    char *bytes = malloc(sizeof header + b->day_size + 78 * b->message_count);
    require(bytes != NULL, "memory");
    memcpy(bytes, header, sizeof header);
    char *end = bytes + sizeof header;
    size_t at = 0;
    for (uint64_t sequence = 1; at + 2 < b->day_size;) {
        size_t size = 0;
        size_t count = 0;
        size_t most = 1 + next_random(b) % 8;
        while (count < most && at + size + 2 < b->day_size) {
            size += 2 + (size_t)(unsigned char)b->day[at + size + 1]; /* they are short */
            count++;
        }
        end = put_packet(end, b->day + at, size, count, sequence);
        sequence += count;
        at += size;
    }
    write_file(b->pcap, bytes, (size_t)(end - bytes));
    free(bytes);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void run_read(bench *b) {
    static char block[BLOCK_SIZE];
    int fd = open(b->plain, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, "open");
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        b->sink += (uint64_t)got;
    require(got == 0 && close(fd) == 0, "read");
}

static tw_tape *open_tape(const char *path, tw_symbols *symbols, bool known_symbols_only) {
    tw_tape_config config = {.path = path,
                             .symbols = symbols,
                             .format = TW_TAPE_ITCH,
                             .known_symbols_only = known_symbols_only};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fprintf(stderr, "%s\n", error.message);
    require(tape != NULL, "open");
    return tape;
}

/* All events of a file, `batch` a call. */
static void run_events(bench *b, const char *path, size_t batch, const char *only) {
    static tw_order_event events[BATCH];
    tw_symbols *symbols = NULL;
    tw_symbol symbol;
    require(tw_symbols_new(NULL, STOCK_COUNT, &symbols) == TW_OK, "symbols");
    if (only != NULL)
        require(tw_symbols_intern(symbols, tw_slice_of(only), &symbol) == TW_OK, "symbols");
    tw_tape *tape = open_tape(path, symbols, only != NULL);
    size_t total = 0;
    size_t count = 1;
    tw_status status;
    while ((status = batch == 1
                         ? tw_tape_next_event(tape, events, NULL)
                         : tw_tape_next_events(tape, events, batch, &count, NULL)) == TW_OK) {
        b->sink += (uint64_t)events[count - 1].quantity.nano;
        total += count;
    }
    require(status == TW_EMPTY && (only != NULL || total == b->message_count), "reading");
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

static void run_plain(bench *b) {
    run_events(b, b->plain, BATCH, NULL);
}

static void run_single(bench *b) {
    run_events(b, b->plain, 1, NULL);
}

static void run_one_stock(bench *b) {
    run_events(b, b->plain, BATCH, "AAAA");
}

static void run_gzip(bench *b) {
    run_events(b, b->gzip, BATCH, NULL);
}

static void run_zstd(bench *b) {
    run_events(b, b->zstd, BATCH, NULL);
}

static void run_pcap(bench *b) {
    run_events(b, b->pcap, BATCH, NULL);
}

static void run_next_itch(bench *b) {
    tw_symbols *symbols = NULL;
    require(tw_symbols_new(NULL, STOCK_COUNT, &symbols) == TW_OK, "symbols");
    tw_tape *tape = open_tape(b->plain, symbols, false);
    tw_itch_message message;
    size_t total = 0;
    for (; tw_tape_next_itch(tape, &message, NULL) == TW_OK; total++)
        b->sink += message.stock_locate;
    require(total == b->message_count, "reading");
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

static void run_decode(bench *b) {
    const char *at = b->day;
    tw_itch_message message;
    for (size_t i = 0; i < b->message_count; i++) {
        size_t size = (unsigned char)at[1]; /* they are short */
        require(tw_itch_decode((tw_slice){at + 2, size}, &message, NULL) == TW_OK, "decoding");
        b->sink += message.stock_locate;
        at += 2 + size;
    }
}

static void run_inflate(bench *b) {
    static uint8_t input[65536];
    static uint8_t output[524288];
    z_stream stream = {0};
    int fd = open(b->gzip, O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && inflateInit2(&stream, 15 + 16) == Z_OK, "gzip");
    int code = Z_OK;
    while (code != Z_STREAM_END) {
        if (stream.avail_in == 0) {
            ssize_t got = read(fd, input, sizeof input);
            require(got > 0, "read");
            stream.next_in = input;
            stream.avail_in = (uInt)got;
        }
        stream.next_out = output;
        stream.avail_out = sizeof output;
        code = inflate(&stream, Z_NO_FLUSH);
        require(code == Z_OK || code == Z_STREAM_END, "gzip");
        b->sink += output[0];
    }
    require(inflateEnd(&stream) == Z_OK && close(fd) == 0, "gzip");
}

static void run_unzstd(bench *b) {
    static uint8_t input[65536];
    static uint8_t output[524288];
    ZSTD_DCtx *context = ZSTD_createDCtx();
    int fd = open(b->zstd, O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && context != NULL, "zstd");
    ssize_t got;
    while ((got = read(fd, input, sizeof input)) > 0) {
        ZSTD_inBuffer in = {input, (size_t)got, 0};
        while (in.pos < in.size) {
            ZSTD_outBuffer out = {output, sizeof output, 0};
            require(!ZSTD_isError(ZSTD_decompressStream(context, &out, &in)), "zstd");
            b->sink += output[0];
        }
    }
    ZSTD_freeDCtx(context);
    require(got == 0 && close(fd) == 0, "read");
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    operation run;
} operations[] = {
    {"read", run_read},
    {"events", run_plain},
    {"events one by one", run_single},
    {"events of one stock", run_one_stock},
    {"tw_tape_next_itch", run_next_itch},
    {"tw_itch_decode", run_decode},
    {"events from pcap", run_pcap},
    {"gzip alone", run_inflate},
    {"events from gzip", run_gzip},
    {"zstd alone", run_unzstd},
    {"events from zstd", run_zstd},
};

#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

/* The operations take turns, so that a busy moment of the machine meets all of them. */
static void measure(bench *b) {
    double seconds[OPERATION_COUNT][RUN_COUNT];
    for (int run = -1; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            int64_t begun_ns = cpu_ns();
            operations[i].run(b);
            if (run >= 0) /* the first one warms up */
                seconds[i][run] = (double)(cpu_ns() - begun_ns) / 1e9;
        }
    }
    printf("%zu messages, %zu bytes\n", b->message_count, b->day_size);
    printf("%-20s %12s %10s %12s %8s\n", "", "M messages/s", "GB/s", "ns/message", "spread");
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        qsort(seconds[i], RUN_COUNT, sizeof(double), by_value);
        double median = seconds[i][RUN_COUNT / 2];
        double messages = (double)b->message_count;
        printf("%-20s %12.1f %10.3f %12.2f %7.0f%%\n", operations[i].name, messages / median / 1e6,
               (double)b->day_size / median / 1e9, median * 1e9 / messages,
               100 * (seconds[i][RUN_COUNT - 1] - seconds[i][0]) / median);
    }
}

int main(int argc, char **argv) {
    bench b = {.message_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000000};
    require(b.message_count >= 2 * STOCK_COUNT && b.message_count <= 60000000,
            "the number of messages (16000 to 60000000)");
    make_day(&b);
    write_file(b.plain, b.day, b.day_size);
    make_gzip(&b);
    make_zstd(&b);
    make_pcap(&b);
    measure(&b);
    printf("\n(%" PRIx64 ")\n", b.sink);
    free(b.day);
    TW_DELETE(NULL, b.live, LIVE_MAX, live_order);
    bool gone = unlink(b.plain) == 0 && unlink(b.gzip) == 0 && unlink(b.zstd) == 0;
    return unlink(b.pcap) == 0 && gone ? 0 : 1;
}
