/* wire_exchange_crowd.c - ten thousand clients at once, calls and streams, and what the next is
 * told.
 *
 * The clients live in a process of their own, because each end of a connection is an open file.
 * They come in groups that wait for their answers, so that nobody waits in the kernel's queue. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "exchange_world.h"

enum { CROWD = 10000, GROUP = 500, FILES = CROWD + 200, SOURCES = 50 };
enum { BYTES_EACH_MAX = 16 * 1024 }; /* of our own allocators */

#define KEYS "APCA-API-KEY-ID: demo\r\nAPCA-API-SECRET-KEY: demo\r\n"
#define CALL "GET /v2/account HTTP/1.1\r\nHost: desk\r\n" KEYS "\r\n"
#define STREAM                                                                            \
    "GET /v2/iex HTTP/1.1\r\nHost: desk\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" KEYS "\r\n"

/* ---- memory that is counted --------------------------------------------------------------- */

static size_t used;

static void *count_allocate(void *context, size_t size, size_t alignment) {
    (void)context;
    used += size;
    return tw_allocate(NULL, 1, size, alignment);
}

static void count_release(void *context, void *block, size_t size, size_t alignment) {
    (void)context;
    used -= size;
    tw_release(NULL, block, 1, size, alignment);
}

static const tw_allocator counting = {count_allocate, count_release, NULL};

/* ---- the clients, in the child ------------------------------------------------------------ */

static int crowd[CROWD];

static _Noreturn void child_fails(const char *what, const char *heard) {
    fprintf(stderr, "client: %s: %s (%s)\n", what, heard, strerror(errno));
    _exit(1);
}

/* From an address of its own: a port of one address is used again after a minute only. */
static int dial(uint16_t port, int index) {
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr =
                                   htonl(INADDR_LOOPBACK + 1 + (uint32_t)index % SOURCES)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    const struct linger at_once = {.l_onoff = 1};
    const struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        child_fails("cannot connect", "");
    return fd;
}

static void say(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        child_fails("cannot send", text);
}

static bool hear(int fd, const char *wanted) {
    char heard[4096] = "";
    size_t size = 0;
    while (memmem(heard, size, wanted, strlen(wanted)) == NULL) {
        ssize_t more = recv(fd, heard + size, sizeof heard - 1 - size, 0);
        if (more <= 0)
            return false;
        size += (size_t)more;
    }
    return true;
}

static bool is_stream(int index) {
    return index % 2 == 1;
}

static void come_in(uint16_t port) {
    for (int group = 0; group < CROWD; group += GROUP) {
        for (int i = group; i < group + GROUP; i++) {
            crowd[i] = dial(port, i);
            say(crowd[i], is_stream(i) ? STREAM : CALL);
        }
        for (int i = group; i < group + GROUP; i++)
            if (!hear(crowd[i], is_stream(i) ? "\"authenticated\"" : "\"account_number\""))
                child_fails("not let in", is_stream(i) ? "stream" : "call");
    }
}

static void expect_refusal(uint16_t port, const char *request) {
    int fd = dial(port, 0);
    char heard[4096] = "";
    size_t size = 0;
    ssize_t more = 0;
    say(fd, request);
    while ((more = recv(fd, heard + size, sizeof heard - 1 - size, 0)) > 0)
        size += (size_t)more;
    if (more < 0 || strncmp(heard, "HTTP/1.1 503 ", 13) != 0 ||
        strstr(heard, "\r\nX-Request-ID: ") == NULL ||
        strstr(heard, "\r\n\r\n{\"code\":50310000,\"message\":\"too many connections") == NULL)
        child_fails("not refused as it should be", heard);
    close(fd);
}

/* A place that was left is the next one's. */
static void expect_place(uint16_t port) {
    close(crowd[0]);
    for (int i = 0; i < 1000; i++) {
        int fd = dial(port, 0);
        say(fd, CALL);
        bool in = hear(fd, "\"account_number\"");
        close(fd);
        if (in)
            return;
    }
    child_fails("no place became free", "");
}

static _Noreturn void be_the_crowd(uint16_t port, int told) {
    char go = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    come_in(port);
    if (write(told, "i", 1) != 1 || read(told, &go, 1) != 1)
        child_fails("nobody watches", "");
    expect_refusal(port, CALL);
    expect_refusal(port, STREAM);
    expect_place(port);
    /* Those who came before still have theirs. */
    say(crowd[CROWD - 2], CALL);
    if (!hear(crowd[CROWD - 2], "\"account_number\""))
        child_fails("forgotten", "");
    _exit(0);
}

/* ---- the exchange ------------------------------------------------------------------------- */

static size_t resident_size(void) {
    unsigned long pages[2] = {0};
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &pages[0], &pages[1]), 2);
    fclose(file);
    return pages[1] * (size_t)sysconf(_SC_PAGESIZE);
}

static bool raise_limit(void) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < FILES)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void turn_exchange(tw_exchange *exchange) {
    assert_int_equal(tw_exchange_turn(exchange, TW_NS_PER_MS, NULL), TW_OK);
}

/* Turns until the child has told something, or ended. */
static void turn_until_told(tw_exchange *exchange, int told) {
    char what = 0;
    while (recv(told, &what, 1, MSG_DONTWAIT) < 0)
        turn_exchange(exchange);
}

static int turn_until_ended(tw_exchange *exchange, pid_t child) {
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0)
        turn_exchange(exchange);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ten_thousand_have_a_place_and_the_next_is_refused(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    tw_exchange *exchange = NULL;
    int told[2];
    config.connection_count_max = CROWD;
    if (!raise_limit())
        skip();
    assert_int_equal(tw_exchange_open(&counting, &config, &exchange, NULL), TW_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, told), 0);
    size_t used_before = used;
    size_t resident_before = resident_size();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(told[0]);
        be_the_crowd(tw_exchange_port(exchange), told[1]);
    }
    close(told[1]);
    turn_until_told(exchange, told[0]);
    assert_int_equal(streams_client_count(exchange->streams), CROWD / 2);
    assert_int_equal(tw_http_server_connection_count(exchange->server), CROWD / 2);
    size_t bytes_each = (used - used_before) / CROWD;
    print_message("a connection: %zu bytes of its own, %zu resident\n", bytes_each,
                  (resident_size() - resident_before) / CROWD);
    assert_in_range(bytes_each, 1, BYTES_EACH_MAX);
    assert_int_equal(send(told[0], "g", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(turn_until_ended(exchange, child), 0);
    while (streams_client_count(exchange->streams) > 0 ||
           tw_http_server_connection_count(exchange->server) > 0)
        turn_exchange(exchange);
    close(told[0]);
    tw_exchange_close(exchange);
    assert_int_equal(used, 0);
}

static void more_connections_than_files_are_refused_at_the_start(void **state) {
    (void)state;
    struct rlimit before;
    tw_exchange_config config = configuration();
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit little = {.rlim_cur = 200, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &little), 0);
    config.connection_count_max = 1000;
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_RANGE);
    assert_has(error.message, "1000 connections need 1128 open files, of which this process may "
                              "have 200");
    config.connection_count_max = 0; /* as many as there may be */
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_OK);
    assert_int_equal(exchange->connection_count_max, 72);
    tw_exchange_close(exchange);
    config.connection_count_max = EXCHANGE_CONNECTION_COUNT_MAX + 1;
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_RANGE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_connections_than_files_are_refused_at_the_start),
        cmocka_unit_test(ten_thousand_have_a_place_and_the_next_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
