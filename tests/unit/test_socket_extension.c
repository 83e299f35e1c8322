/* test_socket_extension.c - what handshakes say about permessage-deflate (RFC 7692, section 7.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/socket.h"

typedef struct choice {
    const char *offers;
    const char *answer; /* NULL: none */
    tw_socket_deflate wish;
} choice;

static void a_server_takes_the_first_offer_that_it_can_accept(void **state) {
    (void)state;
    static const choice cases[] = {
        {"permessage-deflate", "permessage-deflate", {.on = true}},
        {"Permessage-DEFLATE ; client_max_window_bits", "permessage-deflate", {.on = true}},
        {"x-webkit-deflate-frame, permessage-deflate", "permessage-deflate", {.on = true}},
        {"permessage-deflate; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover",
         {.on = true}},
        {"permessage-deflate; client_no_context_takeover",
         "permessage-deflate; client_no_context_takeover",
         {.on = true}},
        {"permessage-deflate; server_max_window_bits=10",
         "permessage-deflate; server_max_window_bits=10",
         {.on = true}},
        {"permessage-deflate; server_max_window_bits=\"12\"; client_max_window_bits=9",
         "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9",
         {.on = true}},
        {"permessage-deflate; server_max_window_bits=15", "permessage-deflate", {.on = true}},
        /* our own wishes */
        {"permessage-deflate; client_max_window_bits",
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
         "server_max_window_bits=11; client_max_window_bits=12",
         {.on = true,
          .server_no_takeover = true,
          .client_no_takeover = true,
          .server_bits = 11,
          .client_bits = 12}},
        /* a client that cannot shrink its window, then one offer that can */
        {"permessage-deflate, permessage-deflate; client_max_window_bits",
         "permessage-deflate; client_max_window_bits=10",
         {.on = true, .client_bits = 10}},
        {"permessage-deflate", NULL, {.on = true, .client_bits = 10}},
        /* what spoils an offer */
        {"permessage-deflate; unknown", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits=7", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits=16", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits=010", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits=", NULL, {.on = true}},
        {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
         NULL,
         {.on = true}},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits=10",
         NULL,
         {.on = true}},
        {"permessage-deflate; server_no_context_takeover=1", NULL, {.on = true}},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
         NULL,
         {.on = true}},
        {"permessage-deflate;", NULL, {.on = true}},
        {"permessage-deflate; unknown, permessage-deflate", "permessage-deflate", {.on = true}},
        {"", NULL, {.on = true}},
        {",,", NULL, {.on = true}},
        {"permessage-deflate", NULL, {.on = false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[256];
        tw_text answer = tw_text_over(buffer, sizeof buffer);
        tw_socket_deflate agreed = {.size_min = 77};
        bool taken = tw_socket_deflate_choose(tw_slice_of(cases[i].offers), &cases[i].wish, &agreed,
                                              &answer);
        if (taken != (cases[i].answer != NULL))
            fail_msg("%s: %s", cases[i].offers, taken ? "taken" : "not taken");
        assert_string_equal(buffer, taken ? cases[i].answer : "");
        assert_int_equal(agreed.on, taken);
        if (!taken)
            assert_int_equal(agreed.size_min, 77); /* nothing was written */
    }
}

static void a_client_says_its_wishes(void **state) {
    (void)state;
    static const struct {
        tw_socket_deflate wish;
        const char *header;
    } cases[] = {
        {{.on = true}, "permessage-deflate; client_max_window_bits"},
        {{.on = true, .server_no_takeover = true, .client_no_takeover = true},
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
         "client_max_window_bits"},
        {{.on = true, .server_bits = 10, .client_bits = 9},
         "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[256];
        tw_text text = tw_text_over(buffer, sizeof buffer);
        tw_socket_deflate_offer(&cases[i].wish, &text);
        assert_string_equal(buffer, cases[i].header);
    }
}

static void a_client_accepts_what_narrows_its_offer_and_nothing_else(void **state) {
    (void)state;
    static const struct {
        const char *answer;
        bool accepted;
        tw_socket_deflate wish;
        uint8_t server_bits;
        uint8_t client_bits;
    } cases[] = {
        {"permessage-deflate", true, {.on = true}, 15, 15},
        {"permessage-deflate; client_max_window_bits=9", true, {.on = true}, 15, 9},
        {"permessage-deflate; server_max_window_bits=9", true, {.on = true}, 9, 15},
        {"permessage-deflate; server_max_window_bits=9",
         true,
         {.on = true, .server_bits = 10, .client_bits = 11},
         9,
         11},
        {"permessage-deflate; server_max_window_bits=11",
         false,
         {.on = true, .server_bits = 10},
         0,
         0},
        {"permessage-deflate", false, {.on = true, .server_bits = 10}, 0, 0},
        {"permessage-deflate", false, {.on = true, .server_no_takeover = true}, 0, 0},
        {"permessage-deflate; server_no_context_takeover",
         true,
         {.on = true, .server_no_takeover = true},
         15,
         15},
        {"permessage-deflate; client_max_window_bits", false, {.on = true}, 0, 0},
        {"permessage-deflate; client_max_window_bits=16", false, {.on = true}, 0, 0},
        {"permessage-deflate; permessage-deflate", false, {.on = true}, 0, 0},
        {"permessage-deflate, permessage-deflate", false, {.on = true}, 0, 0},
        {"permessage-bzip2", false, {.on = true}, 0, 0},
        {"", false, {.on = true}, 0, 0},
        {"permessage-deflate", false, {.on = false}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_socket_deflate agreed = {0};
        bool accepted =
            tw_socket_deflate_accept(tw_slice_of(cases[i].answer), &cases[i].wish, &agreed);
        if (accepted != cases[i].accepted)
            fail_msg("case %zu: %s", i, cases[i].answer);
        assert_int_equal(agreed.on, accepted);
        assert_int_equal(agreed.server_bits, cases[i].server_bits);
        assert_int_equal(agreed.client_bits, cases[i].client_bits);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_takes_the_first_offer_that_it_can_accept),
        cmocka_unit_test(a_client_says_its_wishes),
        cmocka_unit_test(a_client_accepts_what_narrows_its_offer_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
