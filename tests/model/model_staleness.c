/* model_staleness.c - random news of channels beside a list of all that was ever told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/random.h"
#include "tradewind/staleness.h"

#define SEED_COUNT 100
#define STEP_COUNT 400

typedef struct news {
    uint32_t channel;
    int64_t time_ns;
    int64_t span_ns; /* -1: a message; else what was expected from then on */
} news;

static news told[STEP_COUNT + TW_STALENESS_CHANNEL_COUNT * STEP_COUNT];
static size_t told_count;

static void note(uint32_t channel, int64_t time_ns, int64_t span_ns) {
    told[told_count++] = (news){channel, time_ns, span_ns};
}

/* The deadline of a channel, from everything that was ever told of it. */
static int64_t slow_deadline(uint32_t channel, int64_t *ret_since_ns) {
    int64_t span_ns = 0;
    int64_t since_ns = 0;
    for (size_t i = 0; i < told_count; i++) {
        if (told[i].channel != channel)
            continue;
        if (told[i].span_ns >= 0)
            span_ns = told[i].span_ns;
        if (told[i].time_ns > since_ns)
            since_ns = told[i].time_ns;
    }
    *ret_since_ns = since_ns;
    return span_ns > 0 ? since_ns + span_ns : INT64_MAX;
}

static void compare(const tw_staleness *watch, int64_t now_ns) {
    int64_t best_ns = INT64_MAX;
    int64_t best_since_ns = 0;
    uint32_t best = 0;
    for (uint32_t channel = 0; channel < TW_STALENESS_CHANNEL_COUNT; channel++) {
        int64_t since_ns = 0;
        int64_t due_ns = slow_deadline(channel, &since_ns);
        if (due_ns >= best_ns)
            continue;
        best = channel;
        best_ns = due_ns;
        best_since_ns = since_ns;
    }
    uint32_t found = 77;
    int64_t quiet_ns = -5;
    assert_true(tw_staleness_next_ns(watch) == best_ns);
    tw_status status = tw_staleness_find(watch, now_ns, &found, &quiet_ns);
    assert_int_equal(status, best_ns <= now_ns && best_ns != INT64_MAX ? TW_OK : TW_NOT_FOUND);
    assert_int_equal(found, status == TW_OK ? best : 77);
    assert_true(quiet_ns == (status == TW_OK ? now_ns - best_since_ns : -5));
}

static void step(tw_staleness *watch, tw_random *random, int64_t now_ns) {
    uint32_t channel = (uint32_t)tw_random_below(random, TW_STALENESS_CHANNEL_COUNT);
    uint64_t what = tw_random_below(random, 12);
    int64_t span_ns = (int64_t)tw_random_below(random, 400) - 100;
    if (what == 0) {
        tw_staleness_restart(watch, now_ns);
        for (uint32_t c = 0; c < TW_STALENESS_CHANNEL_COUNT; c++)
            note(c, now_ns, -1);
    } else if (what < 4) {
        tw_staleness_expect(watch, channel, span_ns, now_ns);
        note(channel, now_ns, span_ns > 0 ? span_ns : 0);
    } else {
        tw_staleness_heard(watch, channel, now_ns);
        note(channel, now_ns, -1);
    }
}

static void the_watch_finds_what_a_list_of_all_news_finds(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        tw_random random;
        tw_staleness watch;
        int64_t now_ns = 1000;
        tw_random_init(&random, seed, 0);
        tw_staleness_init(&watch);
        told_count = 0;
        for (int i = 0; i < STEP_COUNT; i++) {
            now_ns += (int64_t)tw_random_below(&random, 60) - 5; /* now and then it goes back */
            step(&watch, &random, now_ns);
            compare(&watch, now_ns);
        }
    }
}

static void a_deadline_past_the_end_of_time_never_comes(void **state) {
    (void)state;
    tw_staleness watch;
    uint32_t channel = 0;
    int64_t quiet_ns = 0;
    tw_staleness_init(&watch);
    tw_staleness_expect(&watch, 3, INT64_MAX, 10);
    assert_true(tw_staleness_next_ns(&watch) == INT64_MAX);
    assert_int_equal(tw_staleness_find(&watch, INT64_MAX, &channel, &quiet_ns), TW_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watch_finds_what_a_list_of_all_news_finds),
        cmocka_unit_test(a_deadline_past_the_end_of_time_never_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
