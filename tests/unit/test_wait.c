/* test_wait.c - a word is waited on and woken, deadlines end waits, and a lock lets in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "tradewind/time.h"
#include "tradewind/wait.h"

static void test_a_word_that_has_changed_is_not_waited_on(void **state) {
    (void)state;
    uint32_t word = 1;
    tw_waiter_wait(NULL, &word, 0, TW_WAIT_FOREVER); /* would hang */
    tw_waiter_wait(tw_waiter_system(), &word, 0, TW_WAIT_FOREVER);
}

static void test_a_deadline_that_has_passed_ends_the_wait(void **state) {
    (void)state;
    uint32_t word = 0;
    int64_t now_ns = tw_waiter_now_ns(NULL);
    tw_waiter_wait(NULL, &word, 0, now_ns - 1);
    tw_waiter_wait(NULL, &word, 0, 0);
    tw_waiter_wait(NULL, &word, 0, INT64_MIN);
    int64_t until_ns = now_ns + 2 * TW_NS_PER_MS;
    while (tw_waiter_now_ns(NULL) < until_ns)
        tw_waiter_wait(NULL, &word, 0, until_ns);
    assert_true(tw_waiter_now_ns(NULL) >= until_ns);
}

static void *wait_for_one(void *context) {
    uint32_t *word = context;
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
        tw_waiter_wait(NULL, word, 0, TW_WAIT_FOREVER);
    return NULL;
}

static void test_who_waits_is_woken(void **state) {
    (void)state;
    uint32_t word = 0;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_one, &word), 0);
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    tw_waiter_wake(NULL, &word, INT32_MAX);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

typedef struct counted {
    tw_lock lock;
    uint64_t count; /* under the lock */
} counted;

enum { THREAD_COUNT = 4, ROUND_COUNT = 20000 };

static void *count_up(void *context) {
    counted *shared = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        tw_lock_acquire(&shared->lock, NULL);
        shared->count++;
        tw_lock_release(&shared->lock, NULL);
    }
    return NULL;
}

static void test_a_lock_lets_in_one_at_a_time(void **state) {
    (void)state;
    counted shared = {0};
    pthread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &shared), 0);
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.count, THREAD_COUNT * ROUND_COUNT);
    assert_int_equal(shared.lock.word, 0);
}

static void test_a_held_lock_is_not_taken_by_trying(void **state) {
    (void)state;
    tw_lock lock = {0};
    assert_true(tw_lock_try(&lock));
    assert_false(tw_lock_try(&lock));
    tw_lock_release(&lock, NULL);
    assert_true(tw_lock_try(&lock));
    tw_lock_release(&lock, NULL);
}

/* A waiter of virtual time: who waits lets its context move, here: the holder gives the lock back.
 */
typedef struct stage {
    tw_lock *lock;
    uint32_t waits;
    uint32_t wakes;
} stage;

static int64_t stage_now_ns(void *context) {
    (void)context;
    return 42;
}

static void stage_wait(void *context, uint32_t *word, uint32_t expected, int64_t deadline_ns) {
    stage *on = context;
    assert_ptr_equal(word, &on->lock->word);
    assert_int_equal(expected, 2);
    assert_true(deadline_ns == TW_WAIT_FOREVER);
    const tw_waiter nobody = {stage_now_ns, stage_wait, NULL, NULL};
    on->waits++;
    *word = 1; /* the holder leaves; nobody else waits */
    tw_lock_release(on->lock, &nobody);
}

static void stage_wake(void *context, uint32_t *word, uint32_t count) {
    stage *on = context;
    assert_ptr_equal(word, &on->lock->word);
    assert_int_equal(count, 1);
    on->wakes++;
}

static void test_a_given_waiter_is_the_only_one_used(void **state) {
    (void)state;
    tw_lock lock = {0};
    stage on = {.lock = &lock};
    const tw_waiter waiter = {stage_now_ns, stage_wait, stage_wake, &on};
    assert_int_equal(tw_waiter_now_ns(&waiter), 42);
    tw_lock_acquire(&lock, &waiter);
    tw_lock_acquire(&lock, &waiter); /* waits once, and takes what the stage gave back */
    assert_int_equal(on.waits, 1);
    tw_lock_release(&lock, &waiter);
    assert_int_equal(on.wakes, 1); /* it could not know that it waited alone */
    assert_int_equal(lock.word, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_word_that_has_changed_is_not_waited_on),
        cmocka_unit_test(test_a_deadline_that_has_passed_ends_the_wait),
        cmocka_unit_test(test_who_waits_is_woken),
        cmocka_unit_test(test_a_lock_lets_in_one_at_a_time),
        cmocka_unit_test(test_a_held_lock_is_not_taken_by_trying),
        cmocka_unit_test(test_a_given_waiter_is_the_only_one_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
