/* model_ring.c - random operations on a ring and on a queue that shifts an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/ring.h"

#define CAPACITY_MAX 64
#define STEP_COUNT 20000

struct queue {
    uint64_t numbers[CAPACITY_MAX];
    size_t count;
    size_t capacity;
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void queue_remove(struct queue *queue, size_t count) {
    memmove(queue->numbers, queue->numbers + count, (queue->count - count) * sizeof(uint64_t));
    queue->count -= count;
}

static void step_push(tw_ring *ring, struct queue *queue, uint64_t number) {
    bool fits = queue->count < queue->capacity;
    assert_int_equal(tw_ring_push(ring, &number), fits ? TW_OK : TW_FULL);
    if (fits)
        queue->numbers[queue->count++] = number;
}

static void step_pop(tw_ring *ring, struct queue *queue, uint64_t number) {
    uint64_t popped = number;
    assert_int_equal(tw_ring_pop(ring, &popped), queue->count > 0 ? TW_OK : TW_EMPTY);
    assert_true(popped == (queue->count > 0 ? queue->numbers[0] : number));
    if (queue->count > 0)
        queue_remove(queue, 1);
}

static void step_claim(tw_ring *ring, struct queue *queue, uint64_t number) {
    void *claimed = NULL;
    size_t wanted = number % (CAPACITY_MAX + 3);
    size_t room = queue->capacity - queue->count;
    size_t count = tw_ring_claim(ring, wanted, &claimed);
    assert_true(count <= wanted && count <= room);
    assert_true(count > 0 || wanted == 0 || room == 0);
    uint64_t *numbers = claimed;
    for (size_t i = 0; i < count; i++)
        numbers[i] = number + i;
    size_t committed = count == 0 ? 0 : (number >> 32) % (count + 1);
    tw_ring_commit(ring, committed);
    for (size_t i = 0; i < committed; i++)
        queue->numbers[queue->count++] = number + i;
}

static void step_peek(tw_ring *ring, struct queue *queue, uint64_t number) {
    const void *shown = NULL;
    size_t wanted = number % (CAPACITY_MAX + 3);
    size_t count = tw_ring_peek(ring, wanted, &shown);
    assert_true(count <= wanted && count <= queue->count);
    assert_true(count > 0 || wanted == 0 || queue->count == 0);
    if (count > 0)
        assert_memory_equal(shown, queue->numbers, count * sizeof(uint64_t));
    size_t consumed = count == 0 ? 0 : (number >> 32) % (count + 1);
    tw_ring_consume(ring, consumed);
    queue_remove(queue, consumed);
}

static void run(uint64_t seed) {
    struct queue queue = {.capacity = (size_t)1 << (seed % 7)};
    TW_AUTO(tw_ring) *ring = NULL;
    assert_int_equal(tw_ring_new(NULL, queue.capacity, sizeof(uint64_t), &ring), TW_OK);
    for (int i = 0; i < STEP_COUNT; i++) {
        uint64_t number = next_random(&seed);
        /* Phases that mostly fill and phases that mostly empty, so that both ends are met. */
        bool filling = (i / 500) % 2 == 0;
        bool adds = (number >> 56) % 4 != 0 ? filling : !filling;
        bool in_batch = (number >> 48) % 2 == 0;
        if (adds)
            (in_batch ? step_claim : step_push)(ring, &queue, number);
        else
            (in_batch ? step_peek : step_pop)(ring, &queue, number);
        assert_int_equal(tw_ring_count(ring), queue.count);
        assert_false(tw_ring_drained(ring));
        tw_ring_check(ring);
    }
    tw_ring_close(ring);
    while (queue.count > 0)
        step_pop(ring, &queue, 0);
    assert_true(tw_ring_drained(ring));
}

static void test_a_ring_is_a_bounded_queue(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 28; seed++)
        run(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_ring_is_a_bounded_queue)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
