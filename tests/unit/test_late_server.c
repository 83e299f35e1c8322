/*
 * test_late_server.c - the server that jobs of the benchmark suite ask: what it answers, never too
 * early, and that no process of it stays behind.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "late_server.h"
#include "tradewind/time.h"

enum { ANSWER_SIZE = LATE_SERVER_SIZE + 1024, PATIENCE_MS = 20000 };

static int connect_to(uint16_t port) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    if (connect(client, (const struct sockaddr *)&to, sizeof to) == 0)
        return client;
    close(client);
    return -1;
}

/* All that comes until the connection ends, as text. */
static size_t ask(uint16_t port, const char *path, char answer[ANSWER_SIZE]) {
    char question[128];
    size_t size = 0;
    int client = connect_to(port);
    assert_true(client >= 0);
    int length = snprintf(question, sizeof question,
                          "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(send(client, question, (size_t)length, MSG_NOSIGNAL), length);
    for (ssize_t got = 1; got > 0 && size<ANSWER_SIZE - 1; size += got> 0 ? (size_t)got : 0)
        got = recv(client, answer + size, ANSWER_SIZE - 1 - size, 0);
    close(client);
    answer[size] = '\0';
    return size;
}

static double ask_checksum(uint16_t port, const char *path) {
    char answer[ANSWER_SIZE];
    (void)ask(port, path, answer);
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    return late_server_checksum(tw_slice_of(body + 4));
}

static void a_document_has_its_number_and_comes_no_earlier_than_it_may(void **state) {
    (void)state;
    late_server server = {0};
    tw_error error;
    assert_int_equal(late_server_start(&server, &error), TW_OK);
    int64_t began_ns = tw_time_monotonic_ns();
    assert_true(ask_checksum(server.port, "/late?n=17") == LATE_SERVER_SIZE + 17);
    assert_true(tw_time_monotonic_ns() - began_ns >= LATE_SERVER_NS);
    assert_true(ask_checksum(server.port, "/now?n=18") == LATE_SERVER_SIZE + 18);
    late_server_stop(&server);
}

static void what_has_no_number_is_reset(void **state) {
    (void)state;
    late_server server = {0};
    tw_error error;
    char answer[ANSWER_SIZE];
    assert_int_equal(late_server_start(&server, &error), TW_OK);
    assert_int_equal(ask(server.port, "/late", answer), 0);
    assert_int_equal(ask(server.port, "/now?n=123456789012345678901", answer), 0);
    late_server_stop(&server);
}

static void what_is_no_document_counts_for_nothing(void **state) {
    (void)state;
    char document[LATE_SERVER_SIZE];
    memset(document, ' ', sizeof document);
    assert_true(late_server_checksum((tw_slice){document, sizeof document}) == 0);
    document[0] = '5';
    assert_true(late_server_checksum((tw_slice){document, sizeof document}) ==
                LATE_SERVER_SIZE + 5);
    assert_true(late_server_checksum((tw_slice){document, sizeof document - 1}) == 0);
}

static void nobody_answers_when_it_is_stopped(void **state) {
    (void)state;
    late_server server = {0};
    tw_error error;
    late_server_stop(&server); /* never started */
    assert_int_equal(late_server_start(&server, &error), TW_OK);
    uint16_t port = server.port;
    late_server_stop(&server);
    late_server_stop(&server);
    assert_int_equal(connect_to(port), -1);
}

/* Both have the writing end of a pipe; its end tells that both are gone. */
static void it_ends_with_the_process_that_started_it(void **state) {
    (void)state;
    int ends[2];
    char ready = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        late_server server = {0};
        bool good = late_server_start(&server, NULL) == TW_OK;
        (void)!write(ends[1], good ? "1" : "0", 1);
        pause();
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_int_equal(ready, '1');
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct pollfd gone = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&gone, 1, PATIENCE_MS), 1);
    assert_int_equal(read(ends[0], &ready, 1), 0);
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_has_its_number_and_comes_no_earlier_than_it_may),
        cmocka_unit_test(what_has_no_number_is_reset),
        cmocka_unit_test(what_is_no_document_counts_for_nothing),
        cmocka_unit_test(nobody_answers_when_it_is_stopped),
        cmocka_unit_test(it_ends_with_the_process_that_started_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
