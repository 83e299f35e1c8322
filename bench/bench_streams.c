/*
 * bench_streams.c - the exchange's market data to many clients: shared, and encoded for each.
 *
 *     bench_streams [EVENTS]    of each run, default 40000
 *
 * 100 clients subscribe to the trades of 100 symbols, on real sockets over loopback; a thread of
 * their own reads what comes and counts objects. The exchange is a tw_exchange whose own market
 * rests (its clock is stepped); trades are handed to its streams as its floor would, 20 a flush.
 *
 *     naive     each object encoded for each client, and sent as a message of its own
 *     shared    what streams_on_trade does: encoded once, gathered once for all who want the
 *               same, one frame shared
 *     sliced    the same, but each client wants a set of its own (99 of the 100 symbols), so that
 *               nothing but the encoding can be shared
 *     msgpack   shared, half of the clients in MessagePack
 *
 * Then the delay: 10,000 trades a second (a million objects a second in all) in bursts of 20 every
 * 2 ms, as the exchange's clock makes them. A trade carries the moment it was made in its id; the
 * reader looks at the oldest object of everything it reads: from there to the socket's other end.
 * Each row is run three times and the best is printed, with the least processor time of the
 * exchange's thread an object, which a busy machine disturbs less; most of it is the kernel's.
 * Nothing is asserted about time.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "streams_priv.h"

#include "exchange_priv.h"
#include "tradewind/histogram.h"
#include "tradewind/time.h"

enum { CLIENTS = 100, SYMBOLS = 100, BURST = 20, RUNS = 3, READ_SIZE = 1 << 20 };

#define OUTSTANDING_MAX 4000000u

typedef struct reader {
    int fds[CLIENTS];
    uint32_t count; /* connected and subscribed */
    int epoll;
    bool timing;
    atomic_bool stop;
    atomic_uint_fast64_t bytes;
    tw_histogram delays;
    char buffer[READ_SIZE];
} reader;

static reader readers;
static tw_exchange *exchange;

/* ---- clients -------------------------------------------------------------------------------- */

/* The delay of the first whole trade of what was read: its id is when it was made. */
static void time_oldest(const char *data, size_t size) {
    const char *at = memmem(data, size, "\"i\":", 4);
    if (at == NULL || at + 24 > data + size)
        return;
    int64_t made_ns = strtoll(at + 4, NULL, 10);
    tw_histogram_record(&readers.delays, tw_time_monotonic_ns() - made_ns);
}

static void *read_all(void *context) {
    struct epoll_event events[CLIENTS];
    (void)context;
    while (!atomic_load(&readers.stop)) {
        int count = epoll_wait(readers.epoll, events, CLIENTS, 50);
        for (int i = 0; i < count; i++) {
            ssize_t size = recv(events[i].data.fd, readers.buffer, READ_SIZE, MSG_DONTWAIT);
            if (size <= 0)
                continue;
            if (readers.timing)
                time_oldest(readers.buffer, (size_t)size);
            atomic_fetch_add(&readers.bytes, (uint64_t)size);
        }
    }
    return NULL;
}

static int dial(bool msgpack) {
    char request[512];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tw_exchange_port(exchange)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connecting");
    int size = snprintf(request, sizeof request,
                        "GET /v2/sip HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "APCA-API-KEY-ID: demo\r\nAPCA-API-SECRET-KEY: demo\r\n%s\r\n",
                        msgpack ? "Content-Type: application/msgpack\r\n" : "");
    require(send(fd, request, (size_t)size, 0) == size, "a handshake");
    return fd;
}

/* Says a text in one masked frame; a mask of zeros leaves the bytes as they are. */
static void say(int fd, const char *text) {
    size_t size = strlen(text);
    char frame[2048] = {(char)0x81, (char)0xFE, (char)(size >> 8), (char)(size & 0xFF)};
    require(size < sizeof frame - 8, "a command that is short enough");
    memcpy(frame + 8, text, size);
    require(send(fd, frame, size + 8, 0) == (ssize_t)(size + 8), "a command");
}

static void subscribe(int fd, int left_out) {
    char text[1600];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"action\":\"subscribe\",\"trades\":[");
    for (int s = 0; s < SYMBOLS; s++)
        if (s != left_out)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\"S%02d\"",
                                     text[used - 1] == '[' ? "" : ",", s);
    snprintf(text + used, sizeof text - used, "]}");
    say(fd, text);
}

/* The clients answer no pings; a pong that nobody asked for says as well that they are there. */
static void stay_alive(void) {
    static const char pong[] = {(char)0x8A, (char)0x80, 0, 0, 0, 0};
    static int64_t last_ns;
    if (tw_time_monotonic_ns() - last_ns < TW_NS_PER_SECOND)
        return;
    last_ns = tw_time_monotonic_ns();
    for (uint32_t i = 0; i < readers.count; i++)
        require(send(readers.fds[i], pong, sizeof pong, MSG_NOSIGNAL) == sizeof pong, "a pong");
}

static void turn(int64_t wait_ns) {
    stay_alive();
    require(tw_exchange_turn(exchange, wait_ns, NULL) == TW_OK, "a turn of the exchange");
}

typedef enum variety { SAME, SLICED, MIXED } variety;

static void connect_all(variety kind) {
    const streams *set = exchange->streams;
    for (int i = 0; i < CLIENTS; i++) {
        readers.fds[i] = dial(kind == MIXED && i % 2 == 1);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = readers.fds[i]};
        require(epoll_ctl(readers.epoll, EPOLL_CTL_ADD, readers.fds[i], &event) == 0, "epoll");
        while (streams_client_count(set) != (uint32_t)i + 1 || set->clients[i]->account == NULL)
            turn(TW_NS_PER_MS);
        subscribe(readers.fds[i], kind == SLICED ? i : -1);
        while (set->clients[i]->audience == NULL)
            turn(TW_NS_PER_MS);
        readers.count++;
    }
}

static void hang_up(void) {
    readers.count = 0;
    for (int i = 0; i < CLIENTS; i++)
        close(readers.fds[i]);
    while (streams_client_count(exchange->streams) > 0)
        turn(TW_NS_PER_MS);
}

/* ---- what is told --------------------------------------------------------------------------- */

static tw_trade trade_of(uint32_t event) {
    return (tw_trade){.time_ns = INT64_C(1767623400000000000) + event,
                      .price = {(100 + event % 50) * TW_NANO + TW_NANO / 4},
                      .quantity = {100 * TW_NANO},
                      .id = (uint64_t)tw_time_monotonic_ns(),
                      .symbol = event % SYMBOLS,
                      .side = TW_SIDE_BUY,
                      .exchange = 'V',
                      .tape = 'C',
                      .conditions = "@"};
}

static void tell_naive(const tw_trade *trade) {
    streams *set = exchange->streams;
    char memory[512];
    for (uint32_t i = 0; i < set->client_count; i++) {
        tw_text text = tw_text_over(memory, sizeof memory);
        tw_text_append_char(&text, '[');
        tw_alpaca_encode_stream_trade(&text, trade, exchange->symbols);
        tw_text_append_char(&text, ']');
        require(tw_socket_send(set->clients[i]->socket, TW_SOCKET_TEXT, tw_text_slice(&text)) ==
                    TW_OK,
                "a naive message");
    }
}

static uint64_t bytes_waiting(uint64_t *ret_written) {
    const streams *set = exchange->streams;
    uint64_t waiting = 0;
    *ret_written = 0;
    for (uint32_t i = 0; i < set->client_count; i++) {
        tw_socket_stats stats = tw_socket_get_stats(set->clients[i]->socket);
        waiting += stats.queue_size;
        *ret_written += stats.byte_out_count;
    }
    return waiting;
}

static void tell_burst(uint32_t first, bool naive) {
    for (uint32_t e = first; e < first + BURST; e++) {
        tw_trade trade = trade_of(e);
        if (naive)
            tell_naive(&trade);
        else
            streams_on_trade(exchange->streams, &trade);
    }
    streams_flush(exchange->streams);
}

/* Until everything that was written has been read. */
static void drain(uint64_t read_before, uint64_t written_before) {
    uint64_t written = 0;
    while (bytes_waiting(&written) > 0 ||
           atomic_load(&readers.bytes) - read_before < written - written_before) {
        require(streams_client_count(exchange->streams) == CLIENTS, "keeping all clients");
        turn(TW_NS_PER_MS / 10);
    }
}

typedef struct rates {
    double per_second; /* objects delivered */
    double cpu_ns;     /* of this thread, an object */
} rates;

static double thread_ns(void) {
    struct timespec cpu;
    require(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu) == 0, "the thread's clock");
    return (double)cpu.tv_sec * 1e9 + (double)cpu.tv_nsec;
}

static rates run(uint32_t events, bool naive) {
    uint64_t written_before = 0;
    uint64_t written = 0;
    bytes_waiting(&written_before);
    uint64_t read_before = atomic_load(&readers.bytes);
    int64_t begin_ns = tw_time_monotonic_ns();
    double begin_cpu_ns = thread_ns();
    for (uint32_t e = 0; e < events; e += BURST) {
        tell_burst(e, naive);
        turn(0);
        while (e % 200 == 0 && bytes_waiting(&written) > OUTSTANDING_MAX)
            turn(TW_NS_PER_MS / 10);
    }
    double cpu_ns = thread_ns() - begin_cpu_ns; /* without the waiting for the reader */
    drain(read_before, written_before);
    double objects = (double)events * CLIENTS;
    return (rates){objects * 1e9 / (double)(tw_time_monotonic_ns() - begin_ns), cpu_ns / objects};
}

static rates best_of(uint32_t events, variety kind, bool naive) {
    rates best = {0.0, 1e9};
    connect_all(kind);
    usleep(50000); /* the reader has the answers to the subscriptions */
    for (int i = 0; i < RUNS; i++) {
        rates one = run(events, naive);
        best.per_second = one.per_second > best.per_second ? one.per_second : best.per_second;
        best.cpu_ns = one.cpu_ns < best.cpu_ns ? one.cpu_ns : best.cpu_ns;
    }
    hang_up();
    return best;
}

static void print_row(const char *name, rates row, rates naive) {
    printf("%-34s %12.0f   %7.0f ns   %5.1f x   %5.1f x\n", name, row.per_second, row.cpu_ns,
           row.per_second / naive.per_second, naive.cpu_ns / row.cpu_ns);
}

/* ---- delay ---------------------------------------------------------------------------------- */

static void delays(uint32_t events) {
    static tw_histogram spans; /* of handing a burst to the sockets */
    tw_histogram_init(&spans);
    tw_histogram_init(&readers.delays);
    connect_all(SAME);
    readers.timing = true;
    int64_t due_ns = tw_time_monotonic_ns();
    for (uint32_t e = 0; e < events; e += BURST) {
        while (tw_time_monotonic_ns() < due_ns)
            turn(TW_NS_PER_MS / 20);
        int64_t begin_ns = tw_time_monotonic_ns();
        tell_burst(e, false);
        turn(0);
        tw_histogram_record(&spans, tw_time_monotonic_ns() - begin_ns);
        due_ns += 2 * TW_NS_PER_MS;
    }
    uint64_t written = 0;
    while (bytes_waiting(&written) > 0)
        turn(TW_NS_PER_MS);
    usleep(50000);
    readers.timing = false;
    printf("%-34s p50 %7.1f us   p99 %7.1f us\n", "match to the 100th socket, a burst",
           (double)tw_histogram_quantile(&spans, 0.5) / 1e3,
           (double)tw_histogram_quantile(&spans, 0.99) / 1e3);
    printf("%-34s p50 %7.1f us   p99 %7.1f us\n", "match to its other end",
           (double)tw_histogram_quantile(&readers.delays, 0.5) / 1e3,
           (double)tw_histogram_quantile(&readers.delays, 0.99) / 1e3);
    hang_up();
}

static void open_exchange(void) {
    char symbols[SYMBOLS * 4 + 1];
    tw_error error = {0};
    tw_exchange_config config;
    tw_exchange_config_init(&config);
    for (int s = 0; s < SYMBOLS; s++)
        snprintf(symbols + 4 * s, 5, "S%02d%s", s, s + 1 < SYMBOLS ? "," : "");
    config.symbols = symbols;
    config.clock = TW_EXCHANGE_STEP;
    config.history_days = 5;
    if (tw_exchange_open(NULL, &config, &exchange, &error) != TW_OK) {
        fprintf(stderr, "bench_streams: %s\n", error.message);
        exit(1);
    }
}

int main(int argc, char **argv) {
    uint32_t events = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 40000;
    pthread_t thread;
    events -= events % BURST;
    readers.epoll = epoll_create1(EPOLL_CLOEXEC);
    require(events > 0 && readers.epoll >= 0, "an argument or epoll");
    open_exchange();
    require(pthread_create(&thread, NULL, read_all, NULL) == 0, "a thread");
    printf("%d clients, %d symbols, %u trades a run; objects delivered a second, processor time an "
           "object\n",
           CLIENTS, SYMBOLS, events);
    rates naive = best_of(events / 10 / BURST * BURST, SAME, true);
    print_row("naive: encoded for each client", naive, naive);
    print_row("shared", best_of(events, SAME, false), naive);
    print_row("sliced: no two want the same", best_of(events, SLICED, false), naive);
    print_row("msgpack: half of the clients", best_of(events, MIXED, false), naive);
    printf("at 10,000 trades a second, a million objects in all:\n");
    delays(events < 20000 ? events : 20000);
    atomic_store(&readers.stop, true);
    pthread_join(thread, NULL);
    close(readers.epoll);
    tw_exchange_close(exchange);
    return 0;
}
