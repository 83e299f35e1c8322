/*
 * fuzz_exchange_requests.c - HTTP requests from anybody to a whole exchange.
 *
 * The first line of an input is a method, a space and a target; the rest is the body. It is sent
 * over a real connection to one exchange that lives as long as the process, with the key of its
 * account. Each request is answered, with an id, and with an error in Alpaca's shape if it is one;
 * money and shares are kept.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange_priv.h"
#include "tradewind/time.h"

#define HEAD_SIZE_MAX 2048
#define ANSWER_SIZE_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_exchange *exchange;
static char answer[ANSWER_SIZE_MAX];

static void open_exchange(void) {
    tw_exchange_config config;
    tw_exchange_config_init(&config);
    config.symbols = "AAPL,MSFT";
    config.clock = TW_EXCHANGE_STEP;
    config.history_days = 10;
    config.order_count_max = 2048;
    tw_status status = tw_exchange_open(NULL, &config, &exchange, NULL);
    TW_ASSERT(status == TW_OK);
}

static int dial(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tw_exchange_port(exchange)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TW_ASSERT(fd >= 0);
    /* The fuzzer's clock interrupts; the connection goes on to be made. */
    while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EISCONN) {
        if (errno == EINTR || errno == EALREADY)
            continue;
        perror("fuzz_exchange_requests: cannot connect");
        abort();
    }
    TW_ASSERT(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    /* Closed with a reset, or the exchange's side would keep each port for a minute: there are
       fewer of those than inputs. */
    struct linger none = {.l_onoff = 1};
    TW_ASSERT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0);
    return fd;
}

/* Sends while the exchange turns; it may hang up before it has read all. */
static void send_all(int fd, const char *data, size_t size) {
    size_t sent = 0;
    while (sent < size) {
        ssize_t more = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        TW_ASSERT(tw_exchange_turn(exchange, 0, NULL) == TW_OK);
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 0) > 0 && (ready.revents & (POLLHUP | POLLERR)) != 0)
            return;
        sent += more > 0 ? (size_t)more : 0;
    }
}

/* Turns the exchange until it has answered and closed, or begun to tell events. */
static size_t receive_all(int fd) {
    size_t size = 0;
    int64_t end_ns = tw_time_monotonic_ns() + 20 * TW_NS_PER_SECOND;
    for (;;) {
        ssize_t more = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        if (more == 0)
            break;
        if (more > 0)
            size += (size_t)more;
        answer[size] = '\0';
        if (size < HEAD_SIZE_MAX && strstr(answer, "text/event-stream") != NULL)
            break; /* it has no end: hang up */
        TW_ASSERT(size < sizeof answer - 1 && tw_time_monotonic_ns() < end_ns);
        if (more < 0 && tw_exchange_turn(exchange, TW_NS_PER_MS, NULL) != TW_OK)
            abort();
    }
    answer[size] = '\0';
    return size;
}

static void check_answer(size_t size, bool is_head) {
    int status = 0;
    TW_ASSERT(size > 0);
    TW_ASSERT(sscanf(answer, "HTTP/1.1 %d", &status) == 1 && status >= 200 && status < 500);
    const char *body = strstr(answer, "\r\n\r\n");
    TW_ASSERT(body != NULL && strcasestr(answer, "\r\nX-Request-ID: ") != NULL);
    body += 4;
    if (status >= 400 && !is_head)
        TW_ASSERT(body[0] == '{' && strstr(body, "\"message\":\"") != NULL);
}

/* A control may wait or break connections; this target is about the venue's own words. */
static bool is_left_out(tw_slice head) {
    return memmem(head.data, head.size, "/sim/", 5) != NULL ||
           memchr(head.data, '\r', head.size) != NULL || memchr(head.data, '\0', head.size) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char request[HEAD_SIZE_MAX + 512];
    tw_slice body = {(const char *)data, size};
    tw_slice head = size == 0 ? (tw_slice){"", 0} : tw_slice_split(&body, '\n');
    if (head.data == NULL || head.size == 0 || head.size > HEAD_SIZE_MAX || is_left_out(head))
        return 0;
    if (exchange == NULL)
        open_exchange();
    int length = snprintf(request, sizeof request,
                          "%.*s HTTP/1.1\r\nHost: desk\r\nAPCA-API-KEY-ID: demo\r\n"
                          "APCA-API-SECRET-KEY: demo\r\nConnection: close\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          (int)head.size, head.data, body.data == NULL ? 0 : body.size);
    TW_ASSERT(length > 0 && (size_t)length < sizeof request);
    int fd = dial();
    send_all(fd, request, (size_t)length);
    if (body.data != NULL)
        send_all(fd, body.data, body.size);
    check_answer(receive_all(fd), tw_slice_starts_with(head, "HEAD"));
    close(fd);
    ledger_check(exchange->ledger);
    return 0;
}
