/* test_notify.c - what a manager of services hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tradewind/notify.h"

/* A manager's end, at an abstract address of its own. */
typedef struct manager {
    int socket;
    char address[64];
} manager;

static void listen_abstract(manager *end) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    int size = snprintf(end->address, sizeof end->address, "@tradewind-test-%ld", (long)getpid());
    memcpy(place.sun_path + 1, end->address + 1, (size_t)size - 1);
    end->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(end->socket >= 0);
    assert_int_equal(bind(end->socket, (struct sockaddr *)&place,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size)),
                     0);
}

/* The next message, or "" when there is none. */
static const char *heard(const manager *end) {
    static char text[256];
    ssize_t size = recv(end->socket, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void messages_arrive_as_they_are(void **state) {
    (void)state;
    manager end;
    tw_notify notify;
    tw_error error = {0};
    listen_abstract(&end);
    assert_int_equal(tw_notify_open(&notify, end.address, NULL, &error), TW_OK);
    tw_notify_say(&notify, "READY=1\nSTATUS=trading");
    assert_string_equal(heard(&end), "READY=1\nSTATUS=trading");
    tw_notify_alive(&notify, 1);
    assert_string_equal(heard(&end), ""); /* nobody asked for signs of life */
    tw_notify_close(&notify);
    tw_notify_say(&notify, "READY=1");
    assert_string_equal(heard(&end), "");
    close(end.socket);
}

static void signs_of_life_come_at_half_of_the_span(void **state) {
    (void)state;
    manager end;
    tw_notify notify;
    tw_error error = {0};
    listen_abstract(&end);
    assert_int_equal(tw_notify_open(&notify, end.address, "2000000", &error), TW_OK);
    tw_notify_alive(&notify, 5000000000);
    assert_string_equal(heard(&end), "WATCHDOG=1");
    tw_notify_alive(&notify, 5999999999);
    assert_string_equal(heard(&end), "");
    tw_notify_alive(&notify, 6000000000);
    assert_string_equal(heard(&end), "WATCHDOG=1");
    tw_notify_close(&notify);
    close(end.socket);
}

static void a_manager_that_does_not_read_holds_nobody_up(void **state) {
    (void)state;
    manager end;
    tw_notify notify;
    tw_error error = {0};
    listen_abstract(&end);
    assert_int_equal(tw_notify_open(&notify, end.address, NULL, &error), TW_OK);
    for (int i = 0; i < 10000; i++)
        tw_notify_say(&notify, "STATUS=on and on");
    assert_string_equal(heard(&end), "STATUS=on and on");
    close(end.socket);
    tw_notify_say(&notify, "STOPPING=1"); /* nor one that has gone */
    tw_notify_close(&notify);
}

static void without_a_manager_nothing_happens(void **state) {
    (void)state;
    tw_notify notify;
    tw_error error = {0};
    assert_int_equal(tw_notify_open(&notify, NULL, "junk", &error), TW_OK);
    assert_int_equal(tw_notify_open(&notify, "", NULL, &error), TW_OK);
    tw_notify_say(&notify, "READY=1");
    tw_notify_alive(&notify, INT64_MAX);
    tw_notify_close(&notify);
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    char far[200] = "/";
    tw_notify notify;
    tw_error error = {0};
    memset(far + 1, 'x', sizeof far - 2);
    assert_int_equal(tw_notify_open(&notify, far, NULL, &error), TW_USAGE);
    assert_int_equal(tw_notify_open(&notify, "@", NULL, &error), TW_USAGE);
    assert_int_equal(tw_notify_open(&notify, "vsock:2:1234", NULL, &error), TW_UNSUPPORTED);
    assert_int_equal(tw_notify_open(&notify, "/nowhere/at/all", NULL, &error), TW_NOT_FOUND);
    assert_int_equal(notify.socket, 0);
    assert_int_equal(tw_notify_open(&notify, "@x", "1s", &error), TW_USAGE);
    assert_non_null(strstr(error.message, "WATCHDOG_USEC"));
    assert_int_equal(tw_notify_open(&notify, "@x", "86400000001", &error), TW_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_as_they_are),
        cmocka_unit_test(signs_of_life_come_at_half_of_the_span),
        cmocka_unit_test(a_manager_that_does_not_read_holds_nobody_up),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
