/* test_http_head.c - heads and chunks of requests: what is read, and what is refused with which
 * status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_chunks.h"
#include "http_head.h"

#define HOST "Host: x\r\n"

static http_head head;

static uint32_t status_of(const char *text) {
    return http_head_read(tw_slice_of(text), &head).status;
}

static void assert_slice(tw_slice slice, const char *wanted) {
    assert_true(tw_slice_equal_string(slice, wanted));
}

static void a_head_is_read_into_its_parts(void **state) {
    (void)state;
    tw_slice value = {0};
    assert_int_equal(status_of("PATCH /v2/a%2Fb?x=1&y=?z HTTP/1.1\r\nhost:\tdesk \r\nX-A: 1\r\n"
                               "x-a: 2\r\nEmpty:\r\nContent-Length: 17\r\n\r\n"),
                     0);
    assert_slice(head.method, "PATCH");
    assert_slice(head.path, "/v2/a%2Fb");
    assert_slice(head.query, "x=1&y=?z");
    assert_int_equal(head.header_count, 5);
    assert_int_equal(head.body_size, 17);
    assert_true(head.keeps_alive && !head.chunked && !head.old && !head.expects_continue);
    assert_true(http_head_get(&head, "HOST", &value));
    assert_slice(value, "desk");
    assert_true(http_head_get(&head, "X-A", &value)); /* the first */
    assert_slice(value, "1");
    assert_true(http_head_get(&head, "empty", &value));
    assert_int_equal(value.size, 0);
    assert_false(http_head_get(&head, "X-B", &value));
}

static void a_target_may_name_the_server_too(void **state) {
    (void)state;
    assert_int_equal(status_of("GET http://desk:80/v2/clock?a HTTP/1.1\r\n" HOST "\r\n"), 0);
    assert_slice(head.path, "/v2/clock");
    assert_slice(head.query, "a");
    assert_int_equal(status_of("GET HTTP://desk HTTP/1.1\r\n" HOST "\r\n"), 0);
    assert_slice(head.path, "/");
    assert_int_equal(status_of("GET http://desk?q=1 HTTP/1.1\r\n" HOST "\r\n"), 0);
    assert_slice(head.path, "/");
    assert_slice(head.query, "q=1");
    assert_int_equal(status_of("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 0);
    assert_slice(head.path, "*");
}

static void the_connection_is_kept_as_both_versions_have_it(void **state) {
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_true(head.old && !head.keeps_alive);
    assert_int_equal(status_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), 0);
    assert_true(head.keeps_alive);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nConnection: x, CLOSE\r\n" HOST "\r\n"), 0);
    assert_false(head.keeps_alive);
    assert_int_equal(
        status_of("GET / HTTP/1.1\r\nConnection: x\r\n" HOST "Connection: close\r\n\r\n"), 0);
    assert_false(head.keeps_alive);
    assert_int_equal(
        status_of("GET / HTTP/1.0\r\nConnection: close\r\nConnection: Keep-Alive\r\n\r\n"), 0);
    assert_false(head.keeps_alive);
    assert_int_equal(status_of("POST / HTTP/1.1\r\nExpect: 100-Continue\r\n" HOST "\r\n"), 0);
    assert_true(head.expects_continue);
    assert_int_equal(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n" HOST "\r\n"), 0);
    assert_true(head.chunked);
}

static void what_is_malformed_is_refused_with_its_status(void **state) {
    (void)state;
    static const struct {
        uint32_t status;
        const char *text;
    } cases[] = {
        {400, "\r\n"},
        {400, "GET\r\n\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "GET / \r\n\r\n"},
        {400, " GET / HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
        {400, "G(T / HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET / a HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET x HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
        {400, "CONNECT x:80 HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /\x01 HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET / HTTP/1\r\n" HOST "\r\n"},
        {400, "GET / http/1.1\r\n" HOST "\r\n"},
        {400, "GET / HTTP/1.x\r\n" HOST "\r\n"},
        {505, "GET / HTTP/2.0\r\n" HOST "\r\n"},
        {505, "GET / HTTP/0.9\r\n" HOST "\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
        {400, "GET / HTTP/1.1\n" HOST "\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: x\n\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X-Y : 1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "nothing\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST ": 1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\n" HOST "Expect: wonders\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (status_of(cases[i].text) != cases[i].status)
            fail_msg("%u, not %u: %s", head.header_count, cases[i].status, cases[i].text);
    static const char nul[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    assert_int_equal(http_head_read((tw_slice){nul, sizeof nul - 1}, &head).status, 400);
    assert_int_equal(
        status_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"), 0);
    assert_true(head.body_size == UINT64_MAX);
}

static void more_headers_than_there_are_places_are_431(void **state) {
    (void)state;
    char memory[4096];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_string(&text, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < HTTP_HEADER_COUNT_MAX; i++)
        tw_text_append_string(&text, "X: 1\r\n");
    size_t size = text.size;
    tw_text_append_string(&text, "\r\n");
    assert_int_equal(status_of(memory), 0);
    text.size = size;
    tw_text_append_string(&text, "X: 1\r\n\r\n");
    assert_int_equal(status_of(memory), 431);
}

static void the_end_of_a_head_is_found_however_it_is_cut(void **state) {
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\r\n\r\n";
    size_t wanted = 27;
    for (size_t known = 0; known < wanted; known++) {
        assert_int_equal(http_head_find_end((tw_slice){text, wanted - 1}, known), 0);
        assert_int_equal(http_head_find_end((tw_slice){text, sizeof text - 1}, known), wanted);
    }
    assert_int_equal(http_head_find_end(tw_slice_of("GET /\n\nx"), 0), 7);
}

/* ---- chunks ------------------------------------------------------------------------------- */

/* Takes the text in pieces of `step` bytes; returns how much was used. */
static size_t unchunk(const char *text, size_t step, http_chunks *chunks, tw_text *body) {
    size_t size = strlen(text);
    size_t used = 0;
    *chunks = (http_chunks){0};
    tw_text_clear(body);
    while (used < size && !http_chunks_ended(chunks) && !http_chunks_broken(chunks)) {
        tw_slice piece = {0};
        size_t more = size - used < step ? size - used : step;
        used += http_chunks_take(chunks, (tw_slice){text + used, more}, &piece);
        tw_text_append(body, piece);
    }
    return used;
}

static void chunks_make_a_body_however_they_are_cut(void **state) {
    (void)state;
    static const char text[] =
        "4\r\nwiki\r\n00F;a=\"b\"\r\npedia\r\nin chunk\r\n0 \r\nX: 1\r\nY:\r\n\r\n"
        "next";
    char memory[64];
    tw_text body = tw_text_over(memory, sizeof memory);
    http_chunks chunks;
    for (size_t step = 1; step < sizeof text; step++) {
        assert_int_equal(unchunk(text, step, &chunks, &body), sizeof text - 1 - 4);
        assert_true(http_chunks_ended(&chunks) && !http_chunks_broken(&chunks));
        assert_string_equal(memory, "wikipedia\r\nin chunk");
    }
}

static void what_is_no_chunk_is_broken(void **state) {
    (void)state;
    static const char *const cases[] = {
        "\r\n",        "g\r\n",
        "-1\r\n",      "4\n",
        "4\r4",        ";\r\n",
        "1\r\nab\r\n", "1\r\na\n",
        "1\r\na\rb",   "0\r\n\rx",
        "0\r\n\n",     "0\r\nX: 1\n",
        "0\r\nX\r\r",  "1000000000000000\r\n",
        "1;a\nb\r\n",  "0x1\r\n",
    };
    char memory[64];
    tw_text body = tw_text_over(memory, sizeof memory);
    http_chunks chunks;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unchunk(cases[i], 1, &chunks, &body);
        if (!http_chunks_broken(&chunks))
            fail_msg("taken: %s", cases[i]);
    }
}

static void extensions_and_trailers_have_a_bound(void **state) {
    (void)state;
    http_chunks chunks = {0};
    tw_slice piece = {0};
    size_t used = 0;
    assert_int_equal(http_chunks_take(&chunks, tw_slice_of("1"), &piece), 1);
    while (!http_chunks_broken(&chunks) && used < 100000)
        used += http_chunks_take(&chunks, tw_slice_of(";"), &piece);
    assert_true(http_chunks_broken(&chunks) && used < 300);
    char memory[8];
    tw_text body = tw_text_over(memory, sizeof memory);
    unchunk("0\r\n", 1, &chunks, &body);
    for (used = 0; !http_chunks_broken(&chunks) && used < 100000;)
        used += http_chunks_take(&chunks, tw_slice_of("x"), &piece);
    assert_true(http_chunks_broken(&chunks) && used < 9000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_into_its_parts),
        cmocka_unit_test(a_target_may_name_the_server_too),
        cmocka_unit_test(the_connection_is_kept_as_both_versions_have_it),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_status),
        cmocka_unit_test(more_headers_than_there_are_places_are_431),
        cmocka_unit_test(the_end_of_a_head_is_found_however_it_is_cut),
        cmocka_unit_test(chunks_make_a_body_however_they_are_cut),
        cmocka_unit_test(what_is_no_chunk_is_broken),
        cmocka_unit_test(extensions_and_trailers_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
