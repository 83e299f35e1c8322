/*
 * bench_day.c - a day of many symbols on a clock that runs fast: whether the exchange keeps up, and
 * how long an order takes meanwhile.
 *
 *     bench_day [SYMBOLS [SPEED [CLIENTS [CHANNEL [FROM [MINUTES]]]]]]
 *
 * Default: 5000 symbols at 60 times, 100 clients that subscribe to `trades` of `*`, 10 minutes of
 * the exchange's clock from 09:25 in New York: the opening. `04:00 960` is a whole day and takes
 * sixteen minutes.
 *
 * The exchange is a process of its own. One thread reads what the clients are sent, another asks
 * for /sim/clock and sends a limit order that rests, in turn, each a hundred times a second.
 * Printed for each phase of the day: the greatest lag behind its clock (in its own time, and in
 * real time), how long an answer to an order took, objects told a second, and the processor's
 * share. Nothing is asserted about time.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "session.h"
#include "tradewind/exchange.h"
#include "tradewind/histogram.h"
#include "tradewind/time.h"

enum { CLIENTS_MAX = 1000, READ_SIZE = 1 << 20, ANSWER_SIZE = 8192, PHASES = 4 };

#define CREDENTIALS "APCA-API-KEY-ID: demo\r\nAPCA-API-SECRET-KEY: demo\r\n"

static const int64_t DAY = 20458; /* 2026-01-05 */

/* ---- the exchange ------------------------------------------------------------------------------
 */

typedef struct plan {
    uint32_t symbols;
    double speed;
    int clients;
    const char *channel;
    int64_t start_ns;
    int64_t end_ns;
} plan;

static void serve(const plan *asked, int port_fd) {
    tw_exchange_config config;
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    tw_exchange_config_init(&config);
    config.symbol_count = asked->symbols;
    config.speed = asked->speed;
    config.start_ns = asked->start_ns;
    config.order_count_max = 131072;
    config.cash.nano = 100000000 * TW_NANO;
    if (tw_exchange_open(NULL, &config, &exchange, &error) != TW_OK) {
        fprintf(stderr, "bench_day: %s\n", error.message);
        _exit(1);
    }
    uint16_t port = tw_exchange_port(exchange);
    require(write(port_fd, &port, sizeof port) == sizeof port, "telling the port");
    while (tw_exchange_turn(exchange, TW_NS_PER_SECOND, NULL) == TW_OK) {
    }
}

static pid_t start(const plan *asked, uint16_t *ret_port) {
    int ends[2];
    require(pipe(ends) == 0, "making a pipe");
    pid_t process = fork();
    require(process >= 0, "forking");
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        serve(asked, ends[1]);
        _exit(1);
    }
    close(ends[1]);
    require(read(ends[0], ret_port, sizeof *ret_port) == sizeof *ret_port, "reading the port");
    close(ends[0]);
    return process;
}

static double processor_ns(pid_t process) {
    clockid_t clock;
    struct timespec time;
    require(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0,
            "the processor's clock");
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static long memory_most_kb(pid_t process) {
    char line[128];
    long most = 0;
    snprintf(line, sizeof line, "/proc/%d/status", (int)process);
    FILE *file = fopen(line, "r");
    require(file != NULL, "reading the memory");
    while (fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmHWM: %ld", &most);
    fclose(file);
    return most;
}

/* ---- clients -------------------------------------------------------------------------------- */

typedef struct audience {
    int fds[CLIENTS_MAX];
    int count;
    int epoll;
    atomic_bool stop;
    atomic_int lost;
    char buffer[READ_SIZE];
} audience;

static audience clients;

static int dial(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connecting");
    return fd;
}

/* Says a short text in one masked frame; a mask of zeros leaves the bytes as they are. */
static void say(int fd, const char *text) {
    size_t size = strlen(text);
    char frame[128] = {(char)0x81, (char)(0x80 | size)};
    require(size < sizeof frame - 6, "a command that is short enough");
    memcpy(frame + 6, text, size);
    require(send(fd, frame, size + 6, 0) == (ssize_t)(size + 6), "a command");
}

static void subscribe(uint16_t port, const char *channel) {
    static const char handshake[] =
        "GET /v2/sip HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" CREDENTIALS "\r\n";
    char text[128];
    int fd = dial(port);
    require(send(fd, handshake, sizeof handshake - 1, 0) == sizeof handshake - 1, "a handshake");
    require(recv(fd, text, 1, MSG_PEEK) == 1, "an answer to a handshake");
    snprintf(text, sizeof text, "{\"action\":\"subscribe\",\"%s\":[\"*\"]}", channel);
    say(fd, text);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    require(epoll_ctl(clients.epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
    clients.fds[clients.count++] = fd;
}

/* Reads and forgets. The clients answer no pings; a pong that nobody asked for says as well that
 * they are there. */
static void *read_all(void *context) {
    static const char pong[] = {(char)0x8A, (char)0x80, 0, 0, 0, 0};
    struct epoll_event events[64];
    int64_t pong_ns = 0;
    (void)context;
    while (!atomic_load(&clients.stop)) {
        int count = epoll_wait(clients.epoll, events, 64, 50);
        for (int i = 0; i < count; i++)
            if (recv(events[i].data.fd, clients.buffer, READ_SIZE, MSG_DONTWAIT) == 0) {
                atomic_fetch_add(&clients.lost, 1);
                epoll_ctl(clients.epoll, EPOLL_CTL_DEL, events[i].data.fd, NULL);
            }
        if (tw_time_monotonic_ns() < pong_ns)
            continue;
        pong_ns = tw_time_monotonic_ns() + TW_NS_PER_SECOND;
        for (int i = 0; i < clients.count; i++)
            (void)!send(clients.fds[i], pong, sizeof pong, MSG_NOSIGNAL);
    }
    return NULL;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Sends a request and reads its answer, whose end is that of its object. */
static void ask(int fd, const char *request, char answer[ANSWER_SIZE]) {
    size_t size = 0;
    require(send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request),
            "a request");
    do {
        ssize_t more = recv(fd, answer + size, ANSWER_SIZE - 1 - size, 0);
        require(more > 0, "an answer");
        size += (size_t)more;
        answer[size] = '\0';
    } while (answer[size - 1] != '}' || strstr(answer, "\r\n\r\n") == NULL);
    require(strncmp(answer, "HTTP/1.1 200", 12) == 0, answer);
}

static int64_t number_of(const char *answer, const char *name) {
    const char *at = strstr(answer, name);
    require(at != NULL, name);
    return strtoll(at + strlen(name), NULL, 10);
}

/* ---- what is measured --------------------------------------------------------------------------
 */

typedef struct row {
    const char *phase;
    int64_t lag_ns;
    int64_t lag_at_ns;
    int64_t real_ns;
    double processor;
    int64_t objects;
    tw_histogram orders;
} row;

static row rows[PHASES] = {
    {.phase = "pre"}, {.phase = "regular"}, {.phase = "after"}, {.phase = "closed"}};

static row *row_of(const char *answer) {
    const char *phase = strstr(answer, "\"phase\":\"");
    require(phase != NULL, "finding the phase");
    for (int i = 0; i < PHASES; i++)
        if (strncmp(phase + 9, rows[i].phase, strlen(rows[i].phase)) == 0)
            return &rows[i];
    require(false, "knowing the phase");
    return NULL;
}

typedef struct moment {
    int64_t real_ns;
    double processor_ns;
    int64_t objects;
} moment;

/* Asks once and counts what has passed since `*before` to the phase that is now; returns the
 * exchange's time. */
static int64_t look(int fd, pid_t process, moment *before) {
    static const char clock[] = "GET /sim/clock HTTP/1.1\r\nHost: bench\r\n\r\n";
    static const char body[] =
        "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
        "\"limit_price\":\"1\",\"time_in_force\":\"day\"}";
    char answer[ANSWER_SIZE];
    char order[512];
    ask(fd, clock, answer);
    row *counted = row_of(answer);
    moment now = {tw_time_monotonic_ns(), processor_ns(process),
                  number_of(answer, "\"data_messages\":")};
    int64_t lag_ns = number_of(answer, "\"lag_ns\":");
    int64_t time_ns = number_of(answer, "\"now_ns\":");
    if (lag_ns > counted->lag_ns) {
        counted->lag_ns = lag_ns;
        counted->lag_at_ns = time_ns;
    }
    counted->real_ns += now.real_ns - before->real_ns;
    counted->processor += now.processor_ns - before->processor_ns;
    counted->objects += now.objects - before->objects;
    *before = now;
    snprintf(order, sizeof order,
             "POST /v2/orders HTTP/1.1\r\nHost: bench\r\n" CREDENTIALS
             "Content-Length: %zu\r\n\r\n%s",
             sizeof body - 1, body);
    int64_t begin_ns = tw_time_monotonic_ns();
    ask(fd, order, answer);
    tw_histogram_record(&counted->orders, tw_time_monotonic_ns() - begin_ns);
    return time_ns;
}

static void print_row(const row *printed, double speed) {
    char at[TW_TIME_TEXT_SIZE];
    if (printed->real_ns == 0)
        return;
    tw_time_format(printed->lag_at_ns, 0, at);
    printf("%-8s %8.2f s %7.1f ms  %s  %6.2f %6.2f %7.2f ms %10.0f/s %7.0f%%\n", printed->phase,
           (double)printed->lag_ns / 1e9, (double)printed->lag_ns / 1e6 / speed, at,
           (double)tw_histogram_quantile(&printed->orders, 0.5) / 1e6,
           (double)tw_histogram_quantile(&printed->orders, 0.99) / 1e6,
           (double)tw_histogram_quantile(&printed->orders, 1.0) / 1e6,
           (double)printed->objects * 1e9 / (double)printed->real_ns,
           100.0 * printed->processor / (double)printed->real_ns);
}

static void play(const plan *asked, uint16_t port, pid_t process) {
    int fd = dial(port);
    moment before = {tw_time_monotonic_ns(), processor_ns(process), 0};
    for (int i = 0; i < PHASES; i++)
        tw_histogram_init(&rows[i].orders);
    while (look(fd, process, &before) < asked->end_ns)
        usleep(10000);
    close(fd);
}

static plan read_arguments(int argc, char **argv) {
    int hour = 9;
    int minute = 25;
    plan asked = {.symbols = 5000, .speed = 60, .clients = 100, .channel = "trades"};
    int64_t minutes = argc > 6 ? strtol(argv[6], NULL, 10) : 10;
    if (argc > 1)
        asked.symbols = (uint32_t)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        asked.speed = strtod(argv[2], NULL);
    if (argc > 3)
        asked.clients = atoi(argv[3]);
    if (argc > 4)
        asked.channel = argv[4];
    require(argc <= 5 || sscanf(argv[5], "%d:%d", &hour, &minute) == 2, "reading an hour");
    require(asked.clients >= 0 && asked.clients <= CLIENTS_MAX, "reading the number of clients");
    asked.start_ns = session_time_of(DAY, hour, minute);
    asked.end_ns = asked.start_ns + minutes * TW_NS_PER_MINUTE;
    return asked;
}

int main(int argc, char **argv) {
    const plan asked = read_arguments(argc, argv);
    pthread_t thread;
    uint16_t port = 0;
    int64_t begin_ns = tw_time_monotonic_ns();
    pid_t process = start(&asked, &port);
    printf("%u symbols at x%.0f, %d clients for %s of *; ready after %.2f s\n", asked.symbols,
           asked.speed, asked.clients, asked.channel,
           (double)(tw_time_monotonic_ns() - begin_ns) / 1e9);
    clients.epoll = epoll_create1(EPOLL_CLOEXEC);
    require(clients.epoll >= 0, "epoll");
    for (int i = 0; i < asked.clients; i++)
        subscribe(port, asked.channel);
    require(pthread_create(&thread, NULL, read_all, NULL) == 0, "a thread");
    play(&asked, port, process);
    printf("%-8s %22s  %-20s  %24s %12s %8s\n", "phase", "greatest lag: its, real", "at",
           "order: p50 p99 most", "objects", "cpu");
    for (int i = 0; i < PHASES; i++)
        print_row(&rows[i], asked.speed);
    printf("memory, most %ld MB; clients lost: %d\n", memory_most_kb(process) / 1024,
           atomic_load(&clients.lost));
    atomic_store(&clients.stop, true);
    pthread_join(thread, NULL);
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    return 0;
}
