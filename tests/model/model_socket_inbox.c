/* model_socket_inbox.c - messages through an inbox beside a list of them, in one thread and in two.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/random.h"
#include "tradewind/socket_inbox.h"

#define STEP_COUNT 4000
#define MESSAGE_SIZE_MAX 1500
#define THREAD_MESSAGE_COUNT 20000u

/* What a list of messages, and a sum of their cells, makes of it. */
typedef struct expected {
    uint32_t sizes[STEP_COUNT];
    uint32_t numbers[STEP_COUNT];
    uint64_t dropped[STEP_COUNT];
    uint32_t first;
    uint32_t last;
    size_t used; /* bytes, a head of 64 each included */
    uint64_t dropped_now;
    uint64_t dropped_ever;
} expected;

static void write_pattern(char *data, uint32_t number, size_t size) {
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(number * 31 + i * 7);
}

static size_t room_of(size_t size) {
    return 64 + (size + 63) / 64 * 64;
}

static void step_offer(tw_socket_inbox *inbox, expected *list, size_t capacity, uint32_t number,
                       size_t size) {
    char data[MESSAGE_SIZE_MAX];
    write_pattern(data, number, size);
    tw_socket_message message = {.kind = (uint8_t)(1 + number % 2),
                                 .data = {size > 0 ? data : NULL, size},
                                 .time_ns = (int64_t)number};
    bool fits = room_of(size) <= capacity - list->used;
    assert_int_equal(tw_socket_inbox_offer(inbox, &message), fits);
    if (!fits) {
        list->dropped_now++;
        list->dropped_ever++;
        return;
    }
    list->sizes[list->last] = (uint32_t)size;
    list->numbers[list->last] = number;
    list->dropped[list->last++] = list->dropped_now;
    list->dropped_now = 0;
    list->used += room_of(size);
}

static void step_take(tw_socket_inbox *inbox, expected *list, tw_status empty) {
    char buffer[MESSAGE_SIZE_MAX];
    char wanted[MESSAGE_SIZE_MAX];
    tw_socket_letter letter = {.size = 7};
    if (list->first == list->last) {
        assert_int_equal(tw_socket_inbox_take(inbox, buffer, sizeof buffer, &letter), empty);
        assert_int_equal(letter.size, 7);
        return;
    }
    uint32_t size = list->sizes[list->first];
    uint32_t number = list->numbers[list->first];
    if (size > 0) /* it stays when the buffer is too small */
        assert_int_equal(tw_socket_inbox_take(inbox, buffer, size - 1, &letter), TW_RANGE);
    assert_int_equal(letter.size, size > 0 ? size : 7);
    assert_int_equal(tw_socket_inbox_take(inbox, buffer, size, &letter), TW_OK);
    assert_int_equal(letter.size, size);
    assert_int_equal(letter.kind, 1 + number % 2);
    assert_int_equal(letter.time_ns, number);
    assert_int_equal(letter.dropped_count, list->dropped[list->first]);
    write_pattern(wanted, number, size);
    if (size > 0)
        assert_memory_equal(buffer, wanted, size);
    list->first++;
    list->used -= room_of(size);
}

static void play(uint64_t seed) {
    static expected list;
    tw_random random;
    tw_random_init(&random, seed, 0);
    size_t capacity = (size_t)128 << tw_random_below(&random, 7);
    tw_socket_inbox_config config = {.size = capacity};
    TW_AUTO(tw_socket_inbox) *inbox = NULL;
    memset(&list, 0, sizeof list);
    assert_int_equal(tw_socket_inbox_new(NULL, &config, &inbox), TW_OK);
    for (uint32_t i = 0; i < STEP_COUNT; i++) {
        bool filling = i / 100 % 2 == 0;
        size_t size = (size_t)tw_random_below(
            &random, tw_random_below(&random, 2) == 0 ? 70 : MESSAGE_SIZE_MAX);
        if (tw_random_below(&random, 4) == 0 ? !filling : filling)
            step_offer(inbox, &list, capacity, i, size);
        else
            step_take(inbox, &list, TW_EMPTY);
        tw_socket_inbox_stats stats = tw_socket_inbox_get_stats(inbox);
        assert_int_equal(stats.waiting_size, list.used);
        assert_int_equal(stats.dropped_count, list.dropped_ever);
    }
    tw_socket_inbox_close(inbox);
    while (list.first < list.last)
        step_take(inbox, &list, TW_CLOSED);
    step_take(inbox, &list, TW_CLOSED);
}

static void an_inbox_is_a_bounded_list(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        play(seed);
}

/* ---- two threads -------------------------------------------------------------------------- */

typedef struct meeting {
    tw_socket_inbox *inbox;
    sem_t news;
    uint64_t taken;
    uint64_t dropped;
    bool disordered;
} meeting;

static void post(void *context) {
    sem_post(&((meeting *)context)->news);
}

/* Sleeps whenever there is nothing; a wake that is lost leaves it asleep for ever. */
static void *take_all(void *context) {
    meeting *of = context;
    char buffer[256];
    char wanted[256];
    int64_t next = 0;
    for (;;) {
        tw_socket_letter letter;
        tw_status status = tw_socket_inbox_take(of->inbox, buffer, sizeof buffer, &letter);
        if (status == TW_CLOSED)
            return NULL;
        if (status == TW_EMPTY) {
            sem_wait(&of->news);
            continue;
        }
        next += (int64_t)letter.dropped_count;
        write_pattern(wanted, (uint32_t)letter.time_ns, letter.size);
        of->disordered =
            of->disordered || letter.time_ns != next++ || memcmp(buffer, wanted, letter.size) != 0;
        of->dropped += letter.dropped_count;
        of->taken++;
    }
}

static void two_threads_lose_nothing_that_is_not_counted(void **state) {
    (void)state;
    meeting of = {0};
    pthread_t thread;
    tw_socket_inbox_config config = {.size = 4096, .on_news = post, .context = &of};
    assert_int_equal(tw_socket_inbox_new(NULL, &config, &of.inbox), TW_OK);
    assert_int_equal(sem_init(&of.news, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, take_all, &of), 0);
    for (uint32_t i = 0; i < THREAD_MESSAGE_COUNT; i++) {
        char data[200];
        size_t size = i * 37 % sizeof data;
        write_pattern(data, i, size);
        tw_socket_message message = {.kind = 1, .data = {data, size}, .time_ns = i};
        (void)tw_socket_inbox_offer(of.inbox, &message);
        while (i % 40 == 39 && tw_socket_inbox_get_stats(of.inbox).waiting_size > 0)
            sched_yield(); /* until it sleeps again */
    }
    tw_socket_inbox_close(of.inbox);
    assert_int_equal(pthread_join(thread, NULL), 0);
    tw_socket_inbox_stats stats = tw_socket_inbox_get_stats(of.inbox);
    assert_false(of.disordered);
    assert_int_equal(stats.offered_count, THREAD_MESSAGE_COUNT);
    assert_int_equal(of.taken + stats.dropped_count, THREAD_MESSAGE_COUNT);
    assert_true(of.dropped <= stats.dropped_count); /* those after the last one are only counted */
    sem_destroy(&of.news);
    tw_socket_inbox_free(of.inbox);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_socket_inbox) *inbox = NULL;
    return tw_socket_inbox_new(allocator, NULL, &inbox);
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_socket_inbox *inbox = NULL;
    tw_socket_inbox_config config = {.size = TW_SOCKET_INBOX_SIZE_MAX + 1};
    assert_int_equal(tw_socket_inbox_new(NULL, &config, &inbox), TW_RANGE);
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inbox_is_a_bounded_list),
        cmocka_unit_test(two_threads_lose_nothing_that_is_not_counted),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
