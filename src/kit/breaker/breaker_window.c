/*
 * breaker_window.c - the newest outcomes of a breaker, by count or by time, and their sums.
 *
 * By count it is a ring of marks: the one that falls out is taken from the sums. By time it is a
 * ring of buckets; bucket `number` holds the outcomes of [number, number + 1) x bucket_ns and lies
 * at number modulo size. The newest bucket is the one of now, so the window reaches back between
 * size - 1 and size buckets.
 *
 * Invariant: the sums are those of what is inside.
 */
#include <string.h>

#include "breaker_priv.h"

#define MARK_FAILED 1U
#define MARK_SLOW 2U
#define MARK_THERE 4U

tw_status breaker_window_init(struct window *window, const tw_allocator *allocator,
                              const tw_breaker_config *config) {
    window->size = config->window_count > 0 ? config->window_count : config->bucket_count;
    if (config->window_count > 0) {
        window->marks = TW_NEW(allocator, window->size, uint8_t);
        return window->marks == NULL ? TW_NO_MEMORY : TW_OK;
    }
    window->bucket_ns = config->window_ns / config->bucket_count;
    window->buckets = TW_NEW(allocator, window->size, struct bucket);
    return window->buckets == NULL ? TW_NO_MEMORY : TW_OK;
}

void breaker_window_done(struct window *window, const tw_allocator *allocator) {
    TW_DELETE(allocator, window->marks, window->size, uint8_t);
    TW_DELETE(allocator, window->buckets, window->size, struct bucket);
}

void breaker_window_clear(struct window *window) {
    if (window->marks != NULL)
        memset(window->marks, 0, window->size);
    else
        memset(window->buckets, 0, window->size * sizeof *window->buckets);
    window->calls = 0;
    window->failures = 0;
    window->slow = 0;
}

static void forget_bucket(struct window *window, int64_t number) {
    struct bucket *bucket = &window->buckets[number % window->size];
    window->calls -= bucket->calls;
    window->failures -= bucket->failures;
    window->slow -= bucket->slow;
    *bucket = (struct bucket){.number = number};
}

/* Lets buckets fall out. Time does not run backwards: the breaker's clock holds the latest. */
void breaker_window_advance(struct window *window, int64_t now_ns) {
    if (window->marks != NULL)
        return;
    int64_t number = now_ns / window->bucket_ns;
    TW_ASSERT(number >= window->newest);
    if (number - window->newest > window->size)
        window->newest = number - window->size;
    while (window->newest < number)
        forget_bucket(window, ++window->newest);
}

static void push_mark(struct window *window, bool failed, bool slow) {
    uint8_t *mark = &window->marks[window->next];
    window->calls += (*mark & MARK_THERE) == 0;
    window->failures -= (*mark & MARK_FAILED) != 0;
    window->slow -= (*mark & MARK_SLOW) != 0;
    *mark = (uint8_t)(MARK_THERE | (failed ? MARK_FAILED : 0) | (slow ? MARK_SLOW : 0));
    window->next = window->next + 1 == window->size ? 0 : window->next + 1;
    window->failures += failed;
    window->slow += slow;
}

/* An outcome of now, to which the window has been advanced. */
void breaker_window_push(struct window *window, bool failed, bool slow) {
    if (window->marks != NULL) {
        push_mark(window, failed, slow);
        return;
    }
    struct bucket *bucket = &window->buckets[window->newest % window->size];
    bucket->number = window->newest;
    bucket->calls++;
    bucket->failures += failed;
    bucket->slow += slow;
    window->calls++;
    window->failures += failed;
    window->slow += slow;
}

void breaker_window_check(const struct window *window) {
    uint32_t calls = 0;
    uint32_t failures = 0;
    uint32_t slow = 0;
    for (uint32_t i = 0; i < window->size; i++) {
        if (window->marks != NULL) {
            calls += (window->marks[i] & MARK_THERE) != 0;
            failures += (window->marks[i] & MARK_FAILED) != 0;
            slow += (window->marks[i] & MARK_SLOW) != 0;
            continue;
        }
        const struct bucket *bucket = &window->buckets[i];
        TW_ASSERT(bucket->calls == 0 || (bucket->number <= window->newest &&
                                         bucket->number > window->newest - window->size));
        calls += bucket->calls;
        failures += bucket->failures;
        slow += bucket->slow;
    }
    TW_ASSERT(calls == window->calls && failures == window->failures && slow == window->slow);
}
