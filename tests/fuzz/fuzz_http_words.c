/*
 * fuzz_http_words.c - percent-encoding, query strings and heads of answers from anybody.
 *
 * What was encoded decodes to itself; decoding in place gives what decoding elsewhere gives;
 * cutting a query ends and stays inside of it. A header is found where looking at each byte finds
 * it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/http.h"

#define INPUT_SIZE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_decode(tw_slice text) {
    static char elsewhere[INPUT_SIZE_MAX];
    static char place[INPUT_SIZE_MAX];
    size_t size = 0;
    size_t size_in_place = 0;
    memcpy(place, text.data, text.size);
    tw_status status = tw_http_decode(text, true, elsewhere, sizeof elsewhere, &size);
    tw_status in_place =
        tw_http_decode((tw_slice){place, text.size}, true, place, text.size, &size_in_place);
    TW_ASSERT(status == in_place);
    if (status != TW_OK)
        return;
    TW_ASSERT(size == size_in_place && size <= text.size);
    TW_ASSERT(memcmp(elsewhere, place, size) == 0);
}

static void try_round_trip(tw_slice text) {
    static char encoded[3 * INPUT_SIZE_MAX + 1];
    static char decoded[INPUT_SIZE_MAX];
    size_t size = 0;
    tw_text out = tw_text_over(encoded, sizeof encoded);
    tw_http_encode(text, &out);
    TW_ASSERT(!out.truncated);
    tw_status status = tw_http_decode(tw_text_slice(&out), true, decoded, sizeof decoded, &size);
    if (memchr(text.data, 0, text.size) != NULL) {
        TW_ASSERT(status == TW_PARSE); /* a NUL is never decoded */
        return;
    }
    TW_ASSERT(status == TW_OK && size == text.size);
    TW_ASSERT(memcmp(decoded, text.data, size) == 0);
}

static void try_query(tw_slice text) {
    tw_slice rest = text;
    tw_slice name = {0};
    tw_slice value = {0};
    size_t left = text.size;
    while (tw_http_query_next(&rest, &name, &value)) {
        TW_ASSERT(rest.size < left);
        TW_ASSERT(name.data >= text.data && name.data + name.size <= text.data + text.size);
        TW_ASSERT(value.data >= text.data && value.data + value.size <= text.data + text.size);
        TW_ASSERT(memchr(name.data, '=', name.size) == NULL);
        left = rest.size;
    }
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Where the first line that begins with "name:" has its colon, or the size of the head. */
static size_t colon_of(tw_slice head, const char *name) {
    for (size_t at = 0; at < head.size; at++) {
        if (at > 0 && head.data[at - 1] != '\n')
            continue;
        size_t i = 0;
        while (at + i < head.size && name[i] != '\0' && lower(head.data[at + i]) == lower(name[i]))
            i++;
        if (name[i] == '\0' && at + i < head.size && head.data[at + i] == ':')
            return at + i;
    }
    return head.size;
}

static void try_header(tw_slice head, const char *name) {
    tw_http_result result = {.head = head};
    tw_slice value = {0};
    size_t colon = colon_of(head, name);
    bool found = tw_http_result_header(&result, name, &value);
    TW_ASSERT(found == (colon < head.size));
    if (!found)
        return;
    TW_ASSERT(value.data > head.data + colon - 1);
    TW_ASSERT(value.data + value.size <= head.data + head.size);
    TW_ASSERT(memchr(value.data, '\n', value.size) == NULL);
    TW_ASSERT(value.size == 0 || (value.data[0] != ' ' && value.data[value.size - 1] != '\r'));
}

/* The name is the input's own beginning, so that there is something to be found. */
static void try_headers(tw_slice text) {
    char name[9] = {0};
    size_t size = 0;
    while (size < sizeof name - 1 && size < text.size && text.data[size] > ' ' &&
           text.data[size] != ':')
        size++;
    memcpy(name, text.data, size);
    if (size > 0)
        try_header(text, name);
    try_header(text, "Retry-After");
    try_header(text, "X-RateLimit-Reset");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tw_slice text = {(const char *)data, size};
    if (size == 0 || size > INPUT_SIZE_MAX)
        return 0;
    try_decode(text);
    try_round_trip(text);
    try_query(text);
    try_headers(text);
    return 0;
}
