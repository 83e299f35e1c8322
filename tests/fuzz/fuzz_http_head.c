/*
 * fuzz_http_head.c - heads and chunked bodies of requests from anybody.
 *
 * The first byte says where the rest is cut in two: the end of a head is found whether it comes in
 * one piece or in two, and so is a chunked body, with the same bytes. What a head was read into
 * stands within it and holds no control characters; a refusal has a status and a sentence.
 */
#include <stdint.h>
#include <string.h>

#include "http_chunks.h"
#include "http_head.h"

enum { INPUT_SIZE_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(tw_slice text, tw_slice part) {
    bool inside = part.data >= text.data && part.size <= text.size &&
                  (size_t)(part.data - text.data) <= text.size - part.size;
    TW_ASSERT(inside || part.size == 0 || tw_slice_equal_string(part, "/"));
    for (size_t i = 0; i < part.size; i++)
        TW_ASSERT((unsigned char)part.data[i] >= ' ' || part.data[i] == '\t');
}

static void try_head(tw_slice text, size_t cut) {
    static http_head head;
    size_t end = http_head_find_end(text, 0);
    size_t early = http_head_find_end((tw_slice){text.data, cut}, 0);
    TW_ASSERT(end <= text.size && (early == 0 || early == end));
    if (early == 0)
        TW_ASSERT(http_head_find_end(text, cut) == end);
    text.size = end > 0 ? end : text.size;
    http_fault fault = http_head_read(text, &head);
    TW_ASSERT((fault.status == 0) == (fault.sentence == NULL));
    TW_ASSERT(fault.status == 0 || (fault.status >= 400 && fault.status < 600));
    TW_ASSERT(head.header_count <= HTTP_HEADER_COUNT_MAX);
    if (fault.status != 0)
        return;
    TW_ASSERT(head.method.size > 0 && head.path.size > 0);
    TW_ASSERT(!(head.chunked && (head.old || head.body_size > 0)));
    check_slice(text, head.method);
    check_slice(text, head.path);
    check_slice(text, head.query);
    for (uint32_t i = 0; i < head.header_count; i++) {
        check_slice(text, head.headers[i].name);
        check_slice(text, head.headers[i].value);
    }
}

static size_t unchunk(http_chunks *chunks, tw_slice bytes, tw_text *body) {
    size_t used = 0;
    while (used < bytes.size && !http_chunks_ended(chunks) && !http_chunks_broken(chunks)) {
        tw_slice piece = {0};
        size_t step =
            http_chunks_take(chunks, (tw_slice){bytes.data + used, bytes.size - used}, &piece);
        TW_ASSERT(step > 0 && piece.size <= step);
        tw_text_append(body, piece);
        used += step;
    }
    return used;
}

static void try_chunks(tw_slice text, size_t cut) {
    static char memory[2][INPUT_SIZE_MAX + 1];
    tw_text whole = tw_text_over(memory[0], sizeof memory[0]);
    tw_text pieces = tw_text_over(memory[1], sizeof memory[1]);
    http_chunks a = {0};
    http_chunks b = {0};
    size_t used = unchunk(&a, text, &whole);
    size_t used_in_two = unchunk(&b, (tw_slice){text.data, cut}, &pieces);
    if (used_in_two == cut)
        used_in_two += unchunk(&b, (tw_slice){text.data + cut, text.size - cut}, &pieces);
    TW_ASSERT(used == used_in_two);
    TW_ASSERT(http_chunks_ended(&a) == http_chunks_ended(&b));
    TW_ASSERT(http_chunks_broken(&a) == http_chunks_broken(&b));
    TW_ASSERT(tw_slice_equal(tw_text_slice(&whole), tw_text_slice(&pieces)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > INPUT_SIZE_MAX)
        return 0;
    tw_slice text = {(const char *)data + 1, size - 1};
    size_t cut = data[0] % text.size;
    try_head(text, cut);
    try_chunks(text, cut);
    return 0;
}
