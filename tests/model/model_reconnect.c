/*
 * model_reconnect.c - random stories of a connection, told to the machine and to a list of all
 * that ever happened, from which every rule of reconnect.h is worked out anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tradewind/random.h"
#include "tradewind/reconnect.h"
#include "tradewind/time.h"

#define STORY_COUNT 300
#define STEP_COUNT 600

/* All attempts ever, and the row of losses that is on. */
typedef struct chronicle {
    tw_reconnect_config config; /* with the defaults that the header names */
    int64_t attempts_ns[STEP_COUNT];
    uint32_t attempt_count;
    uint32_t row_losses;
    uint32_t row_attempts;
    int64_t row_ns;
    int64_t now_ns;
    int64_t opened_ns;
    int64_t pause_low_ns; /* of the last loss */
    int64_t pause_high_ns;
    int64_t wait_from_ns;
    tw_reconnect_state state;
    tw_reconnect_end end;
    int64_t up_ns;
    int64_t away_ns;
} chronicle;

static int64_t between(tw_random *random, int64_t low, int64_t high) {
    return low + (int64_t)tw_random_below(random, (uint64_t)(high - low + 1));
}

static tw_reconnect_config draw_config(tw_random *random) {
    tw_reconnect_config config = {
        .pause_ns_min = between(random, 1, 400),
        .throttled_ns_min = between(random, 1, 3000),
        .healthy_ns = between(random, 1, 5000),
        .storm_count_max = (uint32_t)between(random, 1, 12),
        .storm_ns = between(random, 1, 8000),
    };
    config.pause_ns_max = config.pause_ns_min + between(random, 0, 20000);
    if (tw_random_below(random, 2) == 0)
        config.attempt_count_max = (uint32_t)between(random, 1, 8);
    if (tw_random_below(random, 2) == 0)
        config.patience_ns = between(random, 1, 60000);
    return config;
}

static void pass(chronicle *of, int64_t now_ns) {
    int64_t span = now_ns > of->now_ns ? now_ns - of->now_ns : 0;
    if (of->state == TW_RECONNECT_UP)
        of->up_ns += span;
    if (of->state == TW_RECONNECT_WAITING || of->state == TW_RECONNECT_TRYING)
        of->away_ns += span;
    of->now_ns += span;
}

/* The first moment that the storm rule leaves free, by looking at all attempts. */
static int64_t storm_free_ns(const chronicle *of) {
    if (of->attempt_count < of->config.storm_count_max)
        return INT64_MIN;
    return of->attempts_ns[of->attempt_count - of->config.storm_count_max] + of->config.storm_ns;
}

static void note_loss(chronicle *of, tw_reconnect_loss loss, int64_t asked_ns) {
    if (of->state == TW_RECONNECT_UP && of->now_ns - of->opened_ns >= of->config.healthy_ns) {
        of->row_losses = 0;
        of->row_attempts = 0;
        of->row_ns = of->now_ns;
    }
    of->row_losses++;
    double ceiling = (double)of->config.pause_ns_min;
    for (uint32_t i = 1; i < of->row_losses; i++)
        ceiling *= 2;
    if (ceiling > (double)of->config.pause_ns_max)
        ceiling = (double)of->config.pause_ns_max;
    int64_t least = loss == TW_RECONNECT_THROTTLED ? of->config.throttled_ns_min : 0;
    least = asked_ns > least ? asked_ns : least;
    of->pause_low_ns = (int64_t)ceiling / 2 > least ? (int64_t)ceiling / 2 : least;
    of->pause_high_ns = (int64_t)ceiling > least ? (int64_t)ceiling : least;
    of->wait_from_ns = of->now_ns;
    of->state = TW_RECONNECT_FAILED;
    if (loss == TW_RECONNECT_FINAL)
        of->end = TW_RECONNECT_END_FINAL;
    else if (of->config.attempt_count_max > 0 && of->row_attempts >= of->config.attempt_count_max)
        of->end = TW_RECONNECT_END_ATTEMPTS;
    else if (of->config.patience_ns > 0 && of->now_ns - of->row_ns >= of->config.patience_ns)
        of->end = TW_RECONNECT_END_PATIENCE;
    else
        of->state = TW_RECONNECT_WAITING;
}

static void compare(const tw_reconnect *machine, const chronicle *of) {
    tw_reconnect_stats stats = tw_reconnect_get_stats(machine);
    tw_reconnect_check(machine);
    assert_int_equal(tw_reconnect_get_state(machine), of->state);
    assert_int_equal(tw_reconnect_get_end(machine), of->end);
    assert_int_equal(stats.attempt_count, of->attempt_count);
    assert_int_equal(stats.up_ns, of->up_ns);
    assert_int_equal(stats.away_ns, of->away_ns);
    int64_t next_ns = tw_reconnect_next_ns(machine);
    if (of->state != TW_RECONNECT_WAITING) {
        assert_true(next_ns == INT64_MAX);
        return;
    }
    int64_t storm_ns = storm_free_ns(of);
    int64_t low_ns = of->wait_from_ns + of->pause_low_ns;
    int64_t high_ns = of->wait_from_ns + of->pause_high_ns;
    assert_true(next_ns >= low_ns && next_ns >= storm_ns);
    assert_true(next_ns <= (high_ns > storm_ns ? high_ns : storm_ns));
}

static void step_start(tw_reconnect *machine, chronicle *of, int64_t now_ns) {
    pass(of, now_ns);
    tw_reconnect_start(machine, now_ns);
    of->state = TW_RECONNECT_WAITING;
    of->end = TW_RECONNECT_NOT_ENDED;
    of->row_losses = of->row_attempts = 0;
    of->row_ns = of->wait_from_ns = of->now_ns;
    of->pause_low_ns = of->pause_high_ns = 0;
}

static void step_try(tw_reconnect *machine, chronicle *of, int64_t now_ns) {
    int64_t next_ns = tw_reconnect_next_ns(machine);
    if (of->state != TW_RECONNECT_WAITING) { /* and does not take notice of the time */
        assert_int_equal(tw_reconnect_try(machine, now_ns), TW_STATE);
        return;
    }
    pass(of, now_ns);
    bool due = of->now_ns >= next_ns;
    assert_int_equal(tw_reconnect_try(machine, now_ns), due ? TW_OK : TW_EMPTY);
    if (!due)
        return;
    /* The storm rule in its own words. */
    uint32_t most = of->config.storm_count_max;
    of->attempts_ns[of->attempt_count++] = of->now_ns;
    if (of->attempt_count > most)
        assert_true(of->now_ns - of->attempts_ns[of->attempt_count - 1 - most] >=
                    of->config.storm_ns);
    of->row_attempts++;
    of->state = TW_RECONNECT_TRYING;
}

static void step_lost(tw_reconnect *machine, chronicle *of, tw_random *random, int64_t now_ns) {
    static const tw_reconnect_loss losses[] = {
        TW_RECONNECT_BROKEN,    TW_RECONNECT_BROKEN,    TW_RECONNECT_BROKEN, TW_RECONNECT_BROKEN,
        TW_RECONNECT_THROTTLED, TW_RECONNECT_THROTTLED, TW_RECONNECT_BROKEN, TW_RECONNECT_FINAL};
    tw_reconnect_loss loss = losses[tw_random_below(random, 8)];
    int64_t asked_ns = tw_random_below(random, 8) == 0 ? between(random, 1, 9000) : 0;
    pass(of, now_ns);
    note_loss(of, loss, asked_ns);
    assert_int_equal(tw_reconnect_lost(machine, now_ns, loss, asked_ns, tw_random_next(random)),
                     of->state);
}

/* The next moment: often just when the attempt is due, sometimes a clock that goes back. */
static int64_t draw_moment(const tw_reconnect *machine, tw_random *random, int64_t now_ns) {
    int64_t next_ns = tw_reconnect_next_ns(machine);
    switch (tw_random_below(random, 6)) {
    case 0:
        return now_ns + between(random, 0, 100);
    case 1:
        return now_ns + between(random, 0, 7000);
    case 2:
        return now_ns - between(random, 0, 500);
    case 3:
        return next_ns != INT64_MAX ? next_ns - 1 : now_ns;
    default:
        return next_ns != INT64_MAX && next_ns > now_ns ? next_ns : now_ns + 1;
    }
}

static void tell(uint64_t seed) {
    tw_random random;
    tw_reconnect machine;
    static chronicle of;
    tw_random_init(&random, seed, 0);
    of = (chronicle){.config = draw_config(&random)};
    assert_int_equal(tw_reconnect_init(&machine, &of.config), TW_OK);
    int64_t now_ns = of.now_ns = between(&random, 0, 1000000);
    step_start(&machine, &of, now_ns);
    for (int i = 0; i < STEP_COUNT; i++) {
        compare(&machine, &of);
        now_ns = draw_moment(&machine, &random, now_ns);
        if (of.state == TW_RECONNECT_FAILED || of.state == TW_RECONNECT_STOPPED) {
            step_start(&machine, &of, now_ns);
        } else if (tw_random_below(&random, 40) == 0) {
            pass(&of, now_ns);
            tw_reconnect_stop(&machine, now_ns);
            of.state = TW_RECONNECT_STOPPED;
        } else if (of.state == TW_RECONNECT_WAITING || tw_random_below(&random, 10) == 0) {
            step_try(&machine, &of, now_ns);
        } else if (of.state == TW_RECONNECT_TRYING && tw_random_below(&random, 2) == 0) {
            pass(&of, now_ns);
            tw_reconnect_opened(&machine, now_ns);
            of.opened_ns = of.now_ns;
            of.state = TW_RECONNECT_UP;
        } else {
            step_lost(&machine, &of, &random, now_ns);
        }
    }
}

static void the_machine_keeps_every_rule_of_a_full_chronicle(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= STORY_COUNT; seed++)
        tell(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_keeps_every_rule_of_a_full_chronicle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
