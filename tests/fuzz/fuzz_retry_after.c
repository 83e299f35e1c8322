/*
 * fuzz_retry_after.c - values of a Retry-After header from anybody.
 *
 * What is read is a span between nothing and the longest; it does not depend on the spaces around
 * it; later clocks give spans that are no longer; what is refused writes nothing.
 */
#include <stdint.h>
#include <string.h>

#include "tradewind/retry.h"

#define INPUT_SIZE_MAX 256
#define UNTOUCHED (-77)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t read_span(tw_slice text, int64_t wall_ns, tw_status *ret_status) {
    int64_t span_ns = UNTOUCHED;
    *ret_status = tw_retry_after_parse(text, wall_ns, &span_ns);
    TW_ASSERT(*ret_status == TW_OK || *ret_status == TW_PARSE || *ret_status == TW_RANGE);
    if (*ret_status == TW_OK)
        TW_ASSERT(span_ns >= 0 && span_ns <= TW_RETRY_NS_MAX);
    else
        TW_ASSERT(span_ns == UNTOUCHED);
    return span_ns;
}

/* The first byte says which clock; the rest is the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char padded[INPUT_SIZE_MAX + 4];
    if (size < 1 || size > INPUT_SIZE_MAX)
        return 0;
    int64_t wall_ns = (int64_t)data[0] << 55;
    tw_slice text = {(const char *)data + 1, size - 1};
    tw_status status = TW_OK;
    tw_status other = TW_OK;
    int64_t span_ns = read_span(text, wall_ns, &status);
    memcpy(padded, "\t ", 2);
    memcpy(padded + 2, text.data, text.size);
    memcpy(padded + 2 + text.size, " \t", 2);
    TW_ASSERT(read_span((tw_slice){padded, text.size + 4}, wall_ns, &other) == span_ns);
    TW_ASSERT(other == status);
    int64_t later_ns = read_span(text, wall_ns + 1000000007, &other);
    TW_ASSERT(other == status);
    TW_ASSERT(status != TW_OK || later_ns <= span_ns);
    return 0;
}
