/* test_kill_file.c - of a kill and a lift at one moment the kill wins, whatever their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <pthread.h>

#include "kill_file.h"

typedef struct place {
    char folder[64];
    char path[KILL_FILE_PATH_SIZE];
    char lock[KILL_FILE_PATH_SIZE + 8];
} place;

static int make_place(void **state) {
    static place at;
    strcpy(at.folder, "/tmp/tradewind-kill-XXXXXX");
    assert_non_null(mkdtemp(at.folder));
    snprintf(at.path, sizeof at.path, "%s/run.db.kill", at.folder);
    snprintf(at.lock, sizeof at.lock, "%s-lock", at.path);
    *state = &at;
    return 0;
}

static int drop_place(void **state) {
    place *at = *state;
    unlink(at->path);
    unlink(at->lock);
    return rmdir(at->folder);
}

static void write_kill(const place *at, tw_kill_level level) {
    tw_error error = {0};
    if (kill_file_write(at->path, level, "a test", KILL_FILE_PATIENCE_NS, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static tw_kill_level level_at(const place *at) {
    return kill_file_look(at->path).level;
}

static void test_a_lift_takes_away_what_it_has_looked_at(void **state) {
    place *at = *state;
    write_kill(at, TW_KILL_CANCEL);
    kill_mark seen = kill_file_look(at->path);
    assert_int_equal(seen.level, TW_KILL_CANCEL);
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_OK);
    assert_int_equal(level_at(at), TW_KILL_NONE);
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_OK); /* there is none */
}

/* look (lift), write (kill), remove (lift) */
static void test_a_kill_behind_the_look_of_a_lift_stays(void **state) {
    place *at = *state;
    tw_error error = {0};
    write_kill(at, TW_KILL_CANCEL);
    kill_mark seen = kill_file_look(at->path);
    write_kill(at, TW_KILL_CANCEL); /* of the same level: it is another kill */
    assert_int_equal(kill_file_remove(at->path, &seen, 0, &error), TW_STATE);
    assert_non_null(strstr(error.message, "written anew meanwhile"));
    assert_int_equal(level_at(at), TW_KILL_CANCEL);
}

/* look (lift), remove (lift), write (kill) */
static void test_a_kill_behind_the_removal_stays(void **state) {
    place *at = *state;
    write_kill(at, TW_KILL_CANCEL);
    kill_mark seen = kill_file_look(at->path);
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_OK);
    write_kill(at, TW_KILL_NEW);
    assert_int_equal(level_at(at), TW_KILL_NEW);
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_STATE);
}

static void test_a_file_made_by_hand_is_told_from_another(void **state) {
    place *at = *state;
    for (int i = 0; i < 2; i++) {
        char next[KILL_FILE_PATH_SIZE + 8];
        snprintf(next, sizeof next, "%s-new", at->path);
        FILE *file = fopen(next, "we");
        assert_non_null(file);
        fputs("cancel by hand\n", file);
        assert_int_equal(fclose(file), 0);
        kill_mark before = kill_file_look(at->path);
        assert_int_equal(rename(next, at->path), 0);
        kill_mark after = kill_file_look(at->path);
        assert_false(kill_mark_equal(&before, &after));
        assert_int_equal(after.level, TW_KILL_CANCEL);
    }
}

static void test_no_kill_lowers_a_level(void **state) {
    place *at = *state;
    write_kill(at, TW_KILL_FLATTEN);
    write_kill(at, TW_KILL_NEW);
    assert_int_equal(level_at(at), TW_KILL_FLATTEN);
}

/* A run that knows what the file says may say less: what was above has been lifted. */
static void test_only_the_file_that_was_seen_is_replaced(void **state) {
    place *at = *state;
    kill_mark mark = {0};
    write_kill(at, TW_KILL_FLATTEN);
    kill_mark seen = kill_file_look(at->path);
    assert_int_equal(kill_file_replace(at->path, &seen, TW_KILL_NEW, "a run", &mark, NULL), TW_OK);
    kill_mark now = kill_file_look(at->path);
    assert_true(kill_mark_equal(&mark, &now));
    assert_int_equal(now.level, TW_KILL_NEW);
    assert_int_equal(kill_file_replace(at->path, &seen, TW_KILL_CANCEL, "a run", &mark, NULL),
                     TW_STATE);
    assert_int_equal(level_at(at), TW_KILL_NEW);
    /* Not where there is none any more, either: it was removed by one who has seen it. */
    assert_int_equal(kill_file_remove(at->path, &now, 0, NULL), TW_OK);
    assert_int_equal(kill_file_replace(at->path, &now, TW_KILL_NEW, "a run", &mark, NULL),
                     TW_STATE);
    assert_int_equal(level_at(at), TW_KILL_NONE);
}

/* ---- the lock ------------------------------------------------------------------------------ */

static FILE *open_locked(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    assert_int_equal(flock(fileno(file), LOCK_EX), 0);
    return file;
}

/* Somebody keeps the lock: nothing is lifted, and a kill is written all the same. */
static void test_a_kill_waits_for_no_lock(void **state) {
    place *at = *state;
    kill_mark mark = {0};
    write_kill(at, TW_KILL_NEW);
    kill_mark seen = kill_file_look(at->path);
    FILE *lock = open_locked(at->lock, "r+e");
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_BUSY);
    assert_int_equal(kill_file_replace(at->path, &seen, TW_KILL_CANCEL, "a run", &mark, NULL),
                     TW_BUSY);
    assert_int_equal(level_at(at), TW_KILL_NEW);
    write_kill(at, TW_KILL_CANCEL);
    assert_int_equal(level_at(at), TW_KILL_CANCEL);
    fclose(lock);
}

/* Whoever can read the folder and the file can lock them. */
static void test_a_reader_keeps_nobody_from_lifting(void **state) {
    place *at = *state;
    write_kill(at, TW_KILL_NEW);
    kill_mark seen = kill_file_look(at->path);
    FILE *folder = open_locked(at->folder, "re");
    FILE *file = open_locked(at->path, "re");
    assert_int_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_OK);
    assert_int_equal(level_at(at), TW_KILL_NONE);
    fclose(file);
    fclose(folder);
}

static void test_the_lock_is_nobody_elses(void **state) {
    place *at = *state;
    struct stat lock;
    write_kill(at, TW_KILL_NEW);
    assert_int_equal(stat(at->lock, &lock), 0);
    assert_int_equal(lock.st_mode & 0777, 0600);
    assert_int_equal(unlink(at->lock), 0);
    assert_int_equal(chmod(at->folder, 0770), 0); /* the group may write: it may lift, too */
    write_kill(at, TW_KILL_NEW);
    assert_int_equal(stat(at->lock, &lock), 0);
    assert_int_equal(lock.st_mode & 0777, 0660);
    kill_mark seen = kill_file_look(at->path);
    assert_int_equal(unlink(at->lock), 0);
    assert_int_equal(symlink("elsewhere", at->lock), 0); /* it is not followed */
    assert_int_not_equal(kill_file_remove(at->path, &seen, 0, NULL), TW_OK);
    assert_int_equal(level_at(at), TW_KILL_NEW);
}

/* ---- two at once --------------------------------------------------------------------------- */

typedef struct race {
    const place *at;
    pthread_barrier_t start;
    kill_mark seen;
} race;

static void *kill_main(void *context) {
    race *both = context;
    pthread_barrier_wait(&both->start);
    tw_status status =
        kill_file_write(both->at->path, TW_KILL_CANCEL, "a race", KILL_FILE_PATIENCE_NS, NULL);
    return status == TW_OK ? both : NULL;
}

static void test_however_the_two_meet_the_kill_is_there(void **state) {
    enum { ROUND_COUNT = 100 };
    race both = {.at = *state};
    assert_int_equal(pthread_barrier_init(&both.start, NULL, 2), 0);
    write_kill(both.at, TW_KILL_CANCEL);
    for (int i = 0; i < ROUND_COUNT; i++) {
        pthread_t killer;
        void *ended = NULL;
        both.seen = kill_file_look(both.at->path);
        assert_int_equal(pthread_create(&killer, NULL, kill_main, &both), 0);
        pthread_barrier_wait(&both.start);
        tw_status lifted = kill_file_remove(both.at->path, &both.seen, KILL_FILE_PATIENCE_NS, NULL);
        assert_int_equal(pthread_join(killer, &ended), 0);
        assert_ptr_equal(ended, &both);
        assert_true(lifted == TW_OK || lifted == TW_STATE);
        assert_int_equal(level_at(both.at), TW_KILL_CANCEL);
    }
    pthread_barrier_destroy(&both.start);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_lift_takes_away_what_it_has_looked_at),
        IN_PLACE(test_a_kill_behind_the_look_of_a_lift_stays),
        IN_PLACE(test_a_kill_behind_the_removal_stays),
        IN_PLACE(test_a_file_made_by_hand_is_told_from_another),
        IN_PLACE(test_no_kill_lowers_a_level),
        IN_PLACE(test_only_the_file_that_was_seen_is_replaced),
        IN_PLACE(test_a_kill_waits_for_no_lock),
        IN_PLACE(test_a_reader_keeps_nobody_from_lifting),
        IN_PLACE(test_the_lock_is_nobody_elses),
        IN_PLACE(test_however_the_two_meet_the_kill_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
