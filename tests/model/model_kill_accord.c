/*
 * model_kill_accord.c - every order in which kills and lifts can meet, stepped through.
 *
 * The module is run beside a switch and a file that remember which kills they stand for. Before and
 * behind each single look at the two, and between all steps of the run's two threads, others kill,
 * lift, write and remove; a list of choices says who comes when, and all lists up to a length are
 * tried. At each lift by the module, and at each removal of a file, every kill that it undoes must
 * have been seen by somebody who lifted it; when all has settled, each kill that nobody has lifted
 * is in force and in the file, and the two agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kill_accord.h"
#include "tradewind/random.h"

enum { KILL_COUNT_MAX = 4, CHOICE_COUNT_MAX = 96, GENERATION_COUNT = 64, ROUND_COUNT_MAX = 12 };

/* What others do, each in one step that cannot be divided; and the two threads of the run. */
typedef enum actor {
    PAGE_KILLS, /* or a rule, or a signal */
    PAGE_LOOKS,
    PAGE_LIFTS,
    COMMAND_KILLS,
    COMMAND_LOOKS,
    COMMAND_LIFTS,
    DISK_WORKS,         /* on what the main thread was told to do */
    DISK_IS_LOCKED_OUT, /* once: the lock of the file is somebody else's */
    THREAD_WAKES,
    MAIN_PLANS,
    MAIN_IS_DONE,
    ACTOR_COUNT
} actor;

static const char *const NAMES[] = {"page kills",    "page looks",         "page lifts",
                                    "command kills", "command looks",      "command lifts",
                                    "disk works",    "disk is locked out", "thread wakes",
                                    "main plans",    "main is done"};

typedef uint32_t kill_set; /* a bit for each kill */

typedef struct story {
    /* the switch */
    uint64_t generation;
    tw_kill_level level;
    kill_set in_force;
    kill_set asked[GENERATION_COUNT]; /* for, up to each generation */
    /* the file, and what every file that ever was stands for */
    kill_mark file;
    kill_set stands_for[GENERATION_COUNT];
    uint64_t file_count;
    bool changed; /* not heard yet by the thread */
    /* the run */
    kill_accord accord;
    kill_task task;
    kill_mark written;
    bool planned;
    bool worked;
    bool refused;
    bool locked_out;
    kill_set looked; /* what the file stood for at the last look of the module */
    bool calm;       /* nobody comes between */
    /* those who look before they lift */
    uint64_t page_saw;
    bool page_looked;
    kill_mark command_saw;
    /* the kills */
    const tw_kill_level *levels;
    tw_kill_level level_of[KILL_COUNT_MAX];
    uint32_t kill_count;
    kill_set lifted;
    uint32_t lift_count;
    bool crossed; /* a command has killed while the main thread was writing */
    const char *wrong;
    /* who comes when; drawn if there is something to draw from */
    tw_random *random;
    uint8_t choices[CHOICE_COUNT_MAX];
    uint8_t options[CHOICE_COUNT_MAX];
    uint32_t choice_count;
    uint32_t step_count; /* choices that let somebody act */
    uint32_t step_count_max;
    uint32_t kill_count_max;
    char told[2048];
} story;

static void tell(story *of, const char *what) {
    size_t used = strlen(of->told);
    snprintf(of->told + used, sizeof of->told - used, "%s; ", what);
}

static void wrong(story *of, const char *what) {
    if (of->wrong == NULL)
        of->wrong = what;
}

/* ---- the switch and the file --------------------------------------------------------------- */

static void raise_switch(story *of, tw_kill_level level, kill_set kills) {
    kill_set before = of->asked[of->generation];
    of->generation++;
    assert_true(of->generation < sizeof of->asked / sizeof of->asked[0]);
    of->asked[of->generation] = before | kills;
    of->in_force |= kills;
    of->level = of->level < level ? level : of->level;
}

static bool lower_switch(story *of, uint64_t generation) {
    if (of->generation != generation)
        return false;
    of->level = TW_KILL_NONE;
    of->in_force = 0;
    return true;
}

static kill_set file_kills(const story *of) {
    return of->file.level == TW_KILL_NONE ? 0 : of->stands_for[of->file.inode];
}

static void put_file(story *of, tw_kill_level level, const char *writer, kill_set kills) {
    of->file = (kill_mark){.level = level, .inode = ++of->file_count};
    assert_true(of->file_count < sizeof of->stands_for / sizeof of->stands_for[0]);
    snprintf(of->file.text, sizeof of->file.text, "%s %s", tw_kill_level_name(level), writer);
    of->stands_for[of->file.inode] = kills;
    of->changed = true;
}

static void remove_file(story *of) {
    of->file = (kill_mark){0};
    of->changed = true;
}

static kill_set new_kill(story *of, tw_kill_level *ret_level) {
    *ret_level = of->level_of[of->kill_count] = of->levels[of->kill_count];
    return (kill_set)1 << of->kill_count++;
}

/* ---- others -------------------------------------------------------------------------------- */

static void command_kills(story *of) {
    tw_kill_level level = TW_KILL_NONE;
    kill_set kills = new_kill(of, &level) | file_kills(of);
    of->crossed = of->crossed || of->planned;
    put_file(of, level < of->file.level ? of->file.level : level, "tradewind kill", kills);
}

static void command_lifts(story *of) {
    if (kill_mark_equal(&of->file, &of->command_saw)) {
        of->lifted |= file_kills(of);
        of->lift_count++;
        remove_file(of);
    }
    of->command_saw = (kill_mark){0};
}

static void page_lifts(story *of) {
    kill_set kills = of->in_force;
    of->page_looked = false;
    if (lower_switch(of, of->page_saw)) {
        of->lifted |= kills;
        of->lift_count++;
    }
}

/* A file of the run stands for what the switch was asked for when it was planned, and for what it
 * replaces: nobody who looks at it can see more, or needs to. */
static void disk_works(story *of) {
    of->worked = true;
    of->refused = !kill_mark_equal(&of->file, &of->task.seen);
    if (of->task.work == KILL_WORK_WRITE && !of->refused) {
        kill_set kills = of->asked[of->accord.writing] | file_kills(of);
        put_file(of, of->task.level, of->task.writer, kills);
        of->written = of->file;
    } else if (of->task.work == KILL_WORK_REMOVE && !of->refused) {
        if ((file_kills(of) & ~of->lifted) != 0)
            wrong(of, "the file of a kill that nobody has lifted was removed");
        remove_file(of);
    }
}

/* What is written all the same counts for nothing: who holds the lock may take it away unseen. */
static void disk_is_locked_out(story *of) {
    of->worked = of->refused = of->locked_out = true;
    if (of->task.work == KILL_WORK_WRITE)
        put_file(of, of->task.level < of->file.level ? of->file.level : of->task.level, "unlocked",
                 file_kills(of));
}

static bool outsider_can(const story *of, actor who) {
    bool may_kill = of->kill_count < of->kill_count_max;
    switch (who) {
    case PAGE_KILLS:
    case COMMAND_KILLS:
        return may_kill;
    case PAGE_LOOKS: /* once, until it lifts: a later look would make it see more */
        return !of->page_looked && of->level != TW_KILL_NONE;
    case PAGE_LIFTS:
        return of->page_looked;
    case COMMAND_LOOKS:
        return of->command_saw.level == TW_KILL_NONE && of->file.level != TW_KILL_NONE;
    case COMMAND_LIFTS:
        return of->command_saw.level != TW_KILL_NONE;
    case DISK_WORKS:
        return of->planned && !of->worked;
    case DISK_IS_LOCKED_OUT:
        return of->planned && !of->worked && !of->locked_out;
    case THREAD_WAKES:
    case MAIN_PLANS:
    case MAIN_IS_DONE:
    case ACTOR_COUNT:
    default:
        return false;
    }
}

static void outsider_does(story *of, actor who) {
    tw_kill_level level = TW_KILL_NONE;
    tell(of, NAMES[who]);
    if (who == PAGE_KILLS) {
        kill_set kills = new_kill(of, &level);
        raise_switch(of, level, kills);
    } else if (who == PAGE_LOOKS) {
        of->page_looked = true;
        of->page_saw = of->generation;
    } else if (who == PAGE_LIFTS) {
        page_lifts(of);
    } else if (who == COMMAND_KILLS) {
        command_kills(of);
    } else if (who == COMMAND_LOOKS) {
        of->command_saw = of->file;
    } else if (who == COMMAND_LIFTS) {
        command_lifts(of);
    } else if (who == DISK_WORKS) {
        disk_works(of);
    } else {
        disk_is_locked_out(of);
    }
}

/* ---- who comes when ------------------------------------------------------------------------ */

/* One of `count`, of which the first lets nobody act, and is all there is when the steps are used
 * up. */
static uint32_t choose(story *of, uint32_t count) {
    if (count < 2 || of->step_count == of->step_count_max)
        return 0;
    if (of->random != NULL) {
        uint32_t drawn = (uint32_t)tw_random_below(of->random, count);
        of->step_count += drawn != 0;
        return drawn;
    }
    assert_true(of->choice_count < CHOICE_COUNT_MAX);
    of->options[of->choice_count] = (uint8_t)count;
    uint32_t chosen = of->choices[of->choice_count];
    of->choice_count++;
    of->step_count += chosen != 0;
    return chosen;
}

/* Others, as many as like, while the module is at one of its looks. */
static void between(story *of) {
    uint32_t chosen = 1;
    while (chosen != 0 && !of->calm) {
        actor able[ACTOR_COUNT];
        uint32_t count = 1;
        for (actor who = PAGE_KILLS; who <= DISK_IS_LOCKED_OUT; who++) {
            if (outsider_can(of, who))
                able[count++] = who;
        }
        chosen = choose(of, count);
        if (chosen != 0)
            outsider_does(of, able[chosen]);
    }
}

static kill_mark look(void *context) {
    story *of = context;
    between(of);
    of->looked = file_kills(of);
    return of->file;
}

static uint64_t generation(void *context) {
    story *of = context;
    between(of);
    return of->generation;
}

static tw_kill_level killed(void *context) {
    story *of = context;
    between(of);
    return of->level;
}

/* It tells of the file that was looked at, which may be gone since. */
static void kill_by_file(void *context, tw_kill_level level) {
    story *of = context;
    between(of);
    tell(of, "(the switch is told of the file)");
    raise_switch(of, level, of->looked);
}

static void lift_if(void *context, uint64_t at) {
    story *of = context;
    between(of);
    kill_set kills = of->in_force;
    if (!lower_switch(of, at))
        return;
    tell(of, "(the switch is lifted)");
    if ((kills & ~of->lifted) != 0)
        wrong(of, "a kill was undone by a lift that has not seen it");
}

/* ---- the run ------------------------------------------------------------------------------- */

static bool run_can(const story *of, actor who) {
    if (who == THREAD_WAKES)
        return of->changed;
    if (who == MAIN_PLANS)
        return !of->planned;
    return who == MAIN_IS_DONE && of->worked;
}

static void run_does(story *of, actor who) {
    const kill_view view = {of, look, generation, killed, kill_by_file, lift_if};
    tell(of, NAMES[who]);
    if (who == THREAD_WAKES) {
        of->changed = false;
        kill_accord_hear(&of->accord, &view);
    } else if (who == MAIN_PLANS) {
        of->task = kill_accord_plan(&of->accord, &view, 1);
        of->planned = of->task.work != KILL_WORK_NONE;
    } else {
        of->planned = of->worked = false;
        kill_accord_done(&of->accord, &view, of->refused ? NULL : &of->written);
    }
}

static bool act(story *of) {
    actor able[ACTOR_COUNT + 1];
    uint32_t count = 1;
    for (actor who = PAGE_KILLS; who < ACTOR_COUNT; who++) {
        if (outsider_can(of, who) || run_can(of, who))
            able[count++] = who;
    }
    uint32_t chosen = choose(of, count);
    if (chosen == 0)
        return false;
    if (able[chosen] <= DISK_IS_LOCKED_OUT)
        outsider_does(of, able[chosen]);
    else
        run_does(of, able[chosen]);
    return true;
}

/* Nobody else does anything any more: the run comes to rest, whichever thread is the quicker. */
static void settle(story *of, bool thread_first) {
    tell(of, "all is calm");
    of->calm = true;
    for (int i = 0; i < ROUND_COUNT_MAX; i++) {
        if (of->planned && !of->worked)
            outsider_does(of, DISK_WORKS);
        if (of->changed && thread_first)
            run_does(of, THREAD_WAKES);
        if (of->worked)
            run_does(of, MAIN_IS_DONE);
        if (of->changed)
            run_does(of, THREAD_WAKES);
        if (!of->planned)
            run_does(of, MAIN_PLANS);
        if (!of->planned && !of->changed)
            return;
    }
    wrong(of, "it does not come to rest");
}

/* ---- what must hold ------------------------------------------------------------------------ */

static void check_settled(story *of) {
    if (of->file.level != of->level)
        wrong(of, "the file and the switch say different things");
    /* But for several lifts, or a kill and a write of the run, at one moment: then the kill wins.
     */
    bool plain = of->lift_count == 1 && !of->crossed && !of->locked_out;
    bool all = of->lifted == ((kill_set)1 << of->kill_count) - 1;
    if (plain && all && of->level != TW_KILL_NONE)
        wrong(of, "a lift that has seen all kills was in vain");
    for (uint32_t i = 0; i < of->kill_count; i++) {
        kill_set kill = (kill_set)1 << i;
        if ((of->lifted & kill) == 0 && ((of->in_force & kill) == 0 || of->level < of->level_of[i]))
            wrong(of, "a kill that nobody has lifted is not in force");
        if ((of->lifted & kill) == 0 && (file_kills(of) & kill) == 0)
            wrong(of, "a kill that nobody has lifted is not in the file");
    }
}

/* Whoever lifts what has settled lifts all of it. */
static void check_lifts(const story *settled, bool by_page) {
    story of = *settled;
    if (by_page) {
        outsider_does(&of, PAGE_LOOKS);
        outsider_does(&of, PAGE_LIFTS);
    } else {
        outsider_does(&of, COMMAND_LOOKS);
        outsider_does(&of, COMMAND_LIFTS);
    }
    settle(&of, by_page);
    if (of.level != TW_KILL_NONE || of.file.level != TW_KILL_NONE)
        wrong(&of, "a lift at rest lifts nothing");
    if (of.wrong != NULL)
        fail_msg("%s: %s", of.wrong, of.told);
}

/* The next list of choices; false after the last. */
static bool advance(story *of) {
    while (of->choice_count > 0) {
        uint32_t last = --of->choice_count;
        if (++of->choices[last] < of->options[last])
            return true;
        of->choices[last] = 0;
    }
    return false;
}

static void begin(story *of, const tw_kill_level *levels, uint32_t kills, uint32_t steps) {
    uint8_t choices[CHOICE_COUNT_MAX];
    memcpy(choices, of->choices, sizeof choices);
    *of = (story){.levels = levels, .kill_count_max = kills, .step_count_max = steps};
    memcpy(of->choices, choices, sizeof choices);
}

static void check_end(const story *told, bool thread_first) {
    story of = *told;
    settle(&of, thread_first);
    check_settled(&of);
    if (of.wrong != NULL)
        fail_msg("%s: %s", of.wrong, of.told);
    if (of.level != TW_KILL_NONE) {
        check_lifts(&of, true);
        check_lifts(&of, false);
    }
}

static void tell_all_stories(const tw_kill_level *levels, uint32_t kills, uint32_t steps) {
    story of = {0};
    do {
        begin(&of, levels, kills, steps);
        while (act(&of)) {
        }
        check_end(&of, false);
        check_end(&of, true);
    } while (advance(&of));
}

/* ---- the stories --------------------------------------------------------------------------- */

static void test_two_kills_of_one_level(void **state) {
    static const tw_kill_level levels[] = {TW_KILL_CANCEL, TW_KILL_CANCEL};
    (void)state;
    tell_all_stories(levels, 2, 7);
}

static void test_a_higher_kill_behind_a_lower_one(void **state) {
    static const tw_kill_level levels[] = {TW_KILL_NEW, TW_KILL_FLATTEN};
    (void)state;
    tell_all_stories(levels, 2, 6);
}

static void test_a_lower_kill_behind_a_higher_one(void **state) {
    static const tw_kill_level levels[] = {TW_KILL_FLATTEN, TW_KILL_NEW};
    (void)state;
    tell_all_stories(levels, 2, 6);
}

static void test_three_kills(void **state) {
    static const tw_kill_level levels[] = {TW_KILL_NEW, TW_KILL_CANCEL, TW_KILL_NEW};
    (void)state;
    tell_all_stories(levels, 3, 6);
}

/* Longer than all of them could be tried. */
static void test_long_stories(void **state) {
    enum { STORY_COUNT = 100000, STEP_COUNT = 24 };
    tw_random random;
    (void)state;
    tw_random_init(&random, 1, 1);
    for (int i = 0; i < STORY_COUNT; i++) {
        tw_kill_level levels[KILL_COUNT_MAX];
        story of = {0};
        for (int k = 0; k < KILL_COUNT_MAX; k++)
            levels[k] = (tw_kill_level)(TW_KILL_NEW + tw_random_below(&random, 3));
        begin(&of, levels, KILL_COUNT_MAX, STEP_COUNT);
        of.random = &random;
        for (int turn = 0; turn < STEP_COUNT; turn++)
            (void)act(&of);
        check_end(&of, false);
        check_end(&of, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_kills_of_one_level),
        cmocka_unit_test(test_a_higher_kill_behind_a_lower_one),
        cmocka_unit_test(test_a_lower_kill_behind_a_higher_one),
        cmocka_unit_test(test_three_kills),
        cmocka_unit_test(test_long_stories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
