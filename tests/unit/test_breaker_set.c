/* test_breaker_set.c - the rules of tradewind/breaker_set.h, one test a rule. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/breaker_set.h"

#define THREAD_COUNT 2
#define NAME_COUNT 200

static tw_breaker_set_config small(uint32_t host_max) {
    tw_breaker_set_config config = tw_breaker_set_config_default();
    config.host_max = host_max;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.routes[i].consecutive_max = 2;
        config.routes[i].open_ns_min = 100;
        config.routes[i].jitter_percent = 0;
        config.routes[i].probe_success_min = 1;
    }
    return config;
}

static tw_breaker_set *set_of(tw_breaker_set_config config) {
    tw_breaker_set *set = NULL;
    assert_int_equal(tw_breaker_set_new(NULL, &config, &set, NULL), TW_OK);
    return set;
}

static tw_breaker_host *host_of(tw_breaker_set *set, const char *name, uint16_t port,
                                uint32_t pool) {
    tw_breaker_host *host = NULL;
    assert_int_equal(tw_breaker_set_host(set, tw_slice_of(name), port, pool, &host), TW_OK);
    return host;
}

static void call(tw_breaker_host *host, tw_route_class route, tw_status status, int64_t now_ns) {
    tw_breaker_permit permit;
    assert_int_equal(tw_breaker_host_acquire(host, route, now_ns, &permit), TW_OK);
    (void)tw_breaker_host_release(host, route, &permit, &(tw_breaker_answer){.status = status},
                                  now_ns);
}

static bool may(tw_breaker_host *host, tw_route_class route, int64_t now_ns) {
    tw_breaker_permit permit;
    if (tw_breaker_host_acquire(host, route, now_ns, &permit) != TW_OK)
        return false;
    (void)tw_breaker_host_release(host, route, &permit,
                                  &(tw_breaker_answer){.status = TW_CANCELLED}, now_ns);
    return true;
}

static void open_it(tw_breaker_host *host, tw_route_class route, int64_t now_ns) {
    call(host, route, TW_TIMEOUT, now_ns);
    call(host, route, TW_TIMEOUT, now_ns);
}

static void hear_nothing(void *context, const tw_breaker_change *change) {
    (void)context;
    (void)change;
}

static void test_what_cannot_be_a_set_is_refused(void **state) {
    (void)state;
    tw_breaker_set *set = NULL;
    tw_error error = {0};
    tw_breaker_set_config config = small(0);
    assert_int_equal(tw_breaker_set_new(NULL, &config, &set, &error), TW_RANGE);
    config = small(TW_BREAKER_SET_HOST_MAX + 1);
    assert_int_equal(tw_breaker_set_new(NULL, &config, &set, &error), TW_RANGE);
    config = small(2);
    config.routes[TW_ROUTE_DATA].call_min = 0;
    assert_int_equal(tw_breaker_set_new(NULL, &config, &set, &error), TW_RANGE);
    config = small(2);
    config.routes[TW_ROUTE_QUERY].hooks.on_change = hear_nothing;
    assert_int_equal(tw_breaker_set_new(NULL, &config, &set, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "query"));
    assert_null(set);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    TW_AUTO(tw_breaker_set) *set = NULL;
    return tw_breaker_set_new(allocator, context, &set, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    tw_breaker_set_config config = small(3);
    assert_survives_failed_allocations(make_and_free, &config);
    tw_breaker_set_free(NULL);
}

static void test_a_host_is_its_name_in_any_letters_and_its_port(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(3));
    assert_null(tw_breaker_set_find(set, tw_slice_of("api.example.com"), 443));
    tw_breaker_host *host = host_of(set, "API.example.com", 443, 0);
    assert_ptr_equal(tw_breaker_set_find(set, tw_slice_of("Api.example.com"), 443), host);
    assert_null(tw_breaker_set_find(set, tw_slice_of("api.example.com"), 444));
    assert_ptr_equal(host_of(set, "api.EXAMPLE.com", 443, 2), host);
    assert_ptr_not_equal(host_of(set, "api.example.com", 80, 0), host);
    assert_ptr_not_equal(host_of(set, "api.example.co", 443, 0), host);
}

static void test_a_name_that_cannot_be_is_refused(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(3));
    char name[TW_BREAKER_SET_NAME_SIZE];
    tw_breaker_host *host = NULL;
    memset(name, 'a', sizeof name);
    assert_int_equal(tw_breaker_set_host(set, (tw_slice){name, 0}, 1, 0, &host), TW_INVALID);
    assert_int_equal(tw_breaker_set_host(set, (tw_slice){name, sizeof name}, 1, 0, &host),
                     TW_INVALID);
    assert_int_equal(tw_breaker_set_host(set, (tw_slice){"a\0b", 3}, 1, 0, &host), TW_INVALID);
    assert_int_equal(tw_breaker_set_host(set, tw_slice_of("a"), 1, 4, &host), TW_RANGE);
    assert_null(host);
    assert_int_equal(tw_breaker_set_host(set, (tw_slice){name, sizeof name - 1}, 1, 0, &host),
                     TW_OK);
}

static void test_at_its_limit_a_new_host_is_refused_and_known_ones_are_found(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(NAME_COUNT));
    tw_breaker_host *hosts[NAME_COUNT];
    char name[16];
    for (int i = 0; i < NAME_COUNT; i++) {
        (void)snprintf(name, sizeof name, "host%d", i);
        hosts[i] = host_of(set, name, 1, 0);
    }
    tw_breaker_host *more = NULL;
    assert_int_equal(tw_breaker_set_host(set, tw_slice_of("more"), 1, 0, &more), TW_FULL);
    assert_null(more);
    for (int i = 0; i < NAME_COUNT; i++) {
        (void)snprintf(name, sizeof name, "host%d", i);
        assert_ptr_equal(host_of(set, name, 1, 0), hosts[i]);
    }
}

static void test_classes_and_hosts_do_not_shut_each_other(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(4));
    tw_breaker_host *a = host_of(set, "a", 443, 0);
    tw_breaker_host *b = host_of(set, "b", 443, 0);
    open_it(a, TW_ROUTE_QUERY, 1000);
    assert_false(may(a, TW_ROUTE_QUERY, 1000));
    assert_true(may(a, TW_ROUTE_SUBMIT, 1000));
    assert_true(may(a, TW_ROUTE_DATA, 1000));
    assert_true(may(b, TW_ROUTE_QUERY, 1000));
}

static void test_a_cancel_passes_an_open_breaker_of_submits_and_its_own_failures(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(4));
    tw_breaker_host *host = host_of(set, "venue", 443, 0);
    open_it(host, TW_ROUTE_SUBMIT, 1000);
    assert_false(may(host, TW_ROUTE_SUBMIT, 1000));
    for (int i = 0; i < 10; i++)
        call(host, TW_ROUTE_CANCEL, TW_TIMEOUT, 1000);
    assert_true(may(host, TW_ROUTE_CANCEL, 1000));
    tw_breaker_figures figures;
    tw_breaker_figures_of(tw_breaker_host_breaker(host, TW_ROUTE_CANCEL), 1000, &figures);
    assert_int_equal(figures.shadow, 5);
}

static void test_when_a_whole_pool_is_open_a_small_share_passes(void **state) {
    (void)state;
    tw_breaker_set_config config = small(4);
    config.panic_one_in = 10;
    TW_AUTO(tw_breaker_set) *set = set_of(config);
    tw_breaker_host *a = host_of(set, "a", 443, 1);
    tw_breaker_host *b = host_of(set, "b", 443, 1);
    tw_breaker_host *alone = host_of(set, "c", 443, 0);
    open_it(a, TW_ROUTE_DATA, 1000);
    open_it(alone, TW_ROUTE_DATA, 1000);
    for (int i = 0; i < 100; i++)
        assert_false(may(a, TW_ROUTE_DATA, 1001)); /* b is there */
    open_it(b, TW_ROUTE_DATA, 1000);
    tw_breaker_set_figures figures;
    tw_breaker_set_figures_of(set, &figures);
    assert_int_equal(figures.shut[TW_ROUTE_DATA], 3);
    int passed = 0;
    for (int i = 0; i < 10; i++) {
        tw_breaker_permit permit;
        if (tw_breaker_host_acquire(i % 2 == 0 ? a : b, TW_ROUTE_DATA, 1001, &permit) != TW_OK)
            continue;
        passed++;
        (void)tw_breaker_host_release(i % 2 == 0 ? a : b, TW_ROUTE_DATA, &permit,
                                      &(tw_breaker_answer){.status = TW_TIMEOUT}, 1001);
    }
    assert_int_equal(passed, 1);
    for (int i = 0; i < 100; i++)
        assert_false(may(alone, TW_ROUTE_DATA, 1001));
    tw_breaker_set_figures_of(set, &figures);
    assert_int_equal(figures.panics, 1);
}

static void test_the_panic_ends_with_one_that_answers(void **state) {
    (void)state;
    tw_breaker_set_config config = small(4);
    config.panic_one_in = 1;
    TW_AUTO(tw_breaker_set) *set = set_of(config);
    tw_breaker_host *a = host_of(set, "a", 443, 3);
    tw_breaker_host *b = host_of(set, "b", 443, 3);
    open_it(a, TW_ROUTE_DATA, 1000);
    open_it(b, TW_ROUTE_DATA, 1000);
    call(a, TW_ROUTE_DATA, TW_OK, 1001); /* a probe; it closes */
    assert_true(may(a, TW_ROUTE_DATA, 1001));
    assert_false(may(b, TW_ROUTE_DATA, 1001));
}

struct heard {
    uint32_t count;
    tw_breaker_place place;
    tw_breaker_change change;
};

static void hear(void *context, const tw_breaker_place *place, const tw_breaker_change *change) {
    struct heard *heard = context;
    heard->count++;
    heard->place = *place;
    heard->change = *change;
}

static void test_changes_are_told_with_their_place(void **state) {
    (void)state;
    struct heard heard = {0};
    tw_breaker_set_config config = small(4);
    config.on_change = hear;
    config.context = &heard;
    TW_AUTO(tw_breaker_set) *set = set_of(config);
    open_it(host_of(set, "Venue", 8443, 2), TW_ROUTE_SUBMIT, 1000);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.place.host, "venue");
    assert_int_equal(heard.place.port, 8443);
    assert_int_equal(heard.place.pool, 2);
    assert_int_equal(heard.place.route, TW_ROUTE_SUBMIT);
    assert_int_equal(heard.change.to, TW_BREAKER_OPEN);
    assert_int_equal(tw_breaker_set_turn(set, 1099), 0);
    assert_int_equal(tw_breaker_set_turn(set, 1100), 1);
    assert_int_equal(heard.change.to, TW_BREAKER_HALF_OPEN);
}

static tw_breaker_outcome by_context(void *context, const tw_breaker_answer *answer) {
    (void)answer;
    return *(const tw_breaker_outcome *)context;
}

static void test_each_class_has_its_own_callback(void **state) {
    (void)state;
    tw_breaker_outcome throttled = TW_BREAKER_THROTTLED;
    tw_breaker_set_config config = small(4);
    config.routes[TW_ROUTE_DATA].hooks.classify = by_context;
    config.routes[TW_ROUTE_DATA].hooks.context = &throttled;
    TW_AUTO(tw_breaker_set) *set = set_of(config);
    tw_breaker_host *host = host_of(set, "a", 1, 0);
    for (int i = 0; i < 10; i++)
        call(host, TW_ROUTE_DATA, TW_TIMEOUT, 1000);
    assert_true(may(host, TW_ROUTE_DATA, 1000));
}

static bool visit_two(void *context, const tw_breaker_place *place, tw_breaker *breaker) {
    tw_breaker_place *seen = context;
    assert_non_null(breaker);
    seen[0] = seen[1];
    seen[1] = *place;
    return strcmp(place->host, "b") != 0;
}

static void test_a_walk_shows_all_in_order_and_can_be_ended(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(4));
    (void)host_of(set, "a", 1, 0);
    (void)host_of(set, "b", 1, 0);
    tw_breaker_place seen[2] = {{0}};
    tw_breaker_set_each(set, visit_two, seen);
    assert_string_equal(seen[0].host, "a");
    assert_int_equal(seen[0].route, TW_ROUTE_DATA);
    assert_string_equal(seen[1].host, "b");
    assert_int_equal(seen[1].route, TW_ROUTE_CANCEL);
    assert_string_equal(tw_route_class_word(TW_ROUTE_CANCEL), "cancel");
    assert_string_equal(tw_route_class_word(TW_ROUTE_CLASS_COUNT), "?");
}

struct worker {
    pthread_t thread;
    tw_breaker_set *set;
    uint32_t *arrived;
    tw_breaker_host *hosts[NAME_COUNT];
};

/* Returns as soon as `count` have come, without sleep: all ask for a new name at once. */
static void meet(uint32_t *arrived, uint32_t count) {
    (void)__atomic_add_fetch(arrived, 1, __ATOMIC_ACQ_REL);
    for (uint32_t i = 1; __atomic_load_n(arrived, __ATOMIC_ACQUIRE) < count; i++) {
        if (i % 4096 == 0)
            (void)sched_yield();
    }
}

static void *work(void *context) {
    struct worker *me = context;
    char name[16];
    for (int i = 0; i < NAME_COUNT; i++) {
        (void)snprintf(name, sizeof name, "host%d", i);
        meet(me->arrived, (uint32_t)(i + 1) * THREAD_COUNT);
        me->hosts[i] = host_of(me->set, name, 1, 1);
        call(me->hosts[i], TW_ROUTE_DATA, TW_OK, i);
    }
    return NULL;
}

static void test_threads_that_ask_for_one_name_get_one_host(void **state) {
    (void)state;
    TW_AUTO(tw_breaker_set) *set = set_of(small(NAME_COUNT));
    struct worker workers[THREAD_COUNT];
    uint32_t arrived = 0;
    for (int i = 0; i < THREAD_COUNT; i++) {
        workers[i].set = set;
        workers[i].arrived = &arrived;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 1; i < THREAD_COUNT; i++)
        assert_memory_equal(workers[i].hosts, workers[0].hosts, sizeof workers[0].hosts);
    tw_breaker_set_figures figures;
    tw_breaker_set_figures_of(set, &figures);
    assert_int_equal(figures.hosts, NAME_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_a_set_is_refused),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_a_host_is_its_name_in_any_letters_and_its_port),
        cmocka_unit_test(test_a_name_that_cannot_be_is_refused),
        cmocka_unit_test(test_at_its_limit_a_new_host_is_refused_and_known_ones_are_found),
        cmocka_unit_test(test_classes_and_hosts_do_not_shut_each_other),
        cmocka_unit_test(test_a_cancel_passes_an_open_breaker_of_submits_and_its_own_failures),
        cmocka_unit_test(test_when_a_whole_pool_is_open_a_small_share_passes),
        cmocka_unit_test(test_the_panic_ends_with_one_that_answers),
        cmocka_unit_test(test_changes_are_told_with_their_place),
        cmocka_unit_test(test_each_class_has_its_own_callback),
        cmocka_unit_test(test_a_walk_shows_all_in_order_and_can_be_ended),
        cmocka_unit_test(test_threads_that_ask_for_one_name_get_one_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
