/*
 * wire_store_disk.c - the store on a disk that is full or fails, at every single call.
 *
 * One life of a store (opened on what a dead program left, written, checked, copied, tidied up,
 * closed) is lived again and again, with the first, the second, ... call of one kind failing, once
 * or from then on, until no call is left to fail. A full disk loses the open batch and says so, and
 * once there is room the life goes on. After an I/O error nothing more is written. In no case may
 * the store give an answer that is not true, and opened on a well disk it holds all that it had
 * acknowledged.
 *
 * The suite takes a sample of the calls. The whole campaign is
 *     TRADEWIND_DISK_STRIDE=1 build/tests/wire/wire_store_disk
 */
#include "store_story.h"
#include "vfs_shim.h"

enum { STEP_IN_FILE = 12, STEP_IN_LOG = 18, STEP_LAST = 27, STRIDE_IN_SUITE = 11 };

/* A kind of fault: which call, what it answers, and how the store may say it. */
typedef struct fault {
    vfs_call call;
    int code;
    int os_errno;
    bool stays; /* every later call of its kind fails too, until there is room again */
    tw_status status;
} fault;

static const fault faults[] = {
    {VFS_WRITE, SQLITE_FULL, ENOSPC, true, TW_NO_SPACE},
    {VFS_WRITE, SQLITE_FULL, ENOSPC, false, TW_NO_SPACE},
    {VFS_WRITE, SQLITE_IOERR_WRITE, EDQUOT, true, TW_NO_SPACE},
    {VFS_OPEN, SQLITE_CANTOPEN, ENOSPC, true, TW_NO_SPACE},
    {VFS_SHM_MAP, SQLITE_IOERR_SHMSIZE, ENOSPC, true, TW_NO_SPACE},
    {VFS_WRITE, SQLITE_IOERR_WRITE, EIO, true, TW_IO},
    {VFS_WRITE, SQLITE_IOERR_WRITE, EIO, false, TW_IO},
    {VFS_WRITE, SQLITE_IOERR_WRITE | VFS_MADE_ALL_THE_SAME, EIO, false, TW_IO},
    {VFS_SYNC, SQLITE_IOERR_FSYNC, EIO, true, TW_IO},
    {VFS_SYNC, SQLITE_IOERR_FSYNC, EIO, false, TW_IO},
    {VFS_READ, SQLITE_IOERR_READ, EIO, true, TW_IO},
    {VFS_READ, SQLITE_IOERR_READ, EIO, false, TW_IO},
    {VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, EIO, false, TW_IO},
    {VFS_SIZE, SQLITE_IOERR_FSTAT, EIO, false, TW_IO},
    {VFS_OPEN, SQLITE_CANTOPEN, EIO, false, TW_IO},
    {VFS_REMOVE, SQLITE_IOERR_DELETE, EIO, false, TW_IO},
    {VFS_LOCK, SQLITE_IOERR_LOCK, EIO, false, TW_IO},
    {VFS_SHM_MAP, SQLITE_IOERR_SHMMAP, EIO, false, TW_IO},
    {VFS_SHM_LOCK, SQLITE_IOERR_SHMLOCK, EIO, false, TW_IO},
    {VFS_LOCK, SQLITE_BUSY, 0, true, TW_BUSY},
    {VFS_SHM_LOCK, SQLITE_PROTOCOL, 0, false, TW_BUSY},
    {VFS_SHM_LOCK, SQLITE_BUSY, 0, false, TW_BUSY},
};

static struct {
    const fault *fault; /* NULL: a well disk */
    uint64_t number;    /* of the call that fails, from 0 */
    uint64_t calls;
    uint64_t failures;
} disk;

static int answer(const vfs_event *event) {
    if (disk.fault == NULL || event->call != disk.fault->call)
        return SQLITE_OK;
    uint64_t call = disk.calls++;
    if (call != disk.number && !(disk.fault->stays && call > disk.number))
        return SQLITE_OK;
    disk.failures++;
    errno = disk.fault->os_errno;
    return disk.fault->code;
}

static void heal(void) {
    disk.fault = NULL;
}

/* ---- one life ---- */

typedef struct life {
    const test_place *place;
    const uint64_t *prints;
    const fault *fault;
    uint64_t number;
    tw_store *store;
    uint64_t least; /* the step that must be there at the end */
    uint64_t most;
} life;

static uint64_t lives;
static uint64_t refusals; /* calls of the store that said what had happened */
static uint64_t returned; /* batches that failed, and were there when the file was opened again */

#define FAIL_LIFE(of, ...)                                                                \
    do {                                                                                  \
        char fail_reason[2 * TW_ERROR_MESSAGE_SIZE + 96];                                 \
        snprintf(fail_reason, sizeof fail_reason, __VA_ARGS__);                           \
        fail_msg("%s %" PRIu64 "%s answers %d: %s", vfs_call_name((of)->fault->call),     \
                 (of)->number, (of)->fault->stays ? " and later" : "", (of)->fault->code, \
                 fail_reason);                                                            \
    } while (0)

/* A call of the store went well, or failed for the reason that there is, in words. */
static bool went_well(const life *of, const char *what, tw_status status, const tw_error *error) {
    if (status == TW_OK)
        return true;
    if (status != of->fault->status || error->status != status)
        FAIL_LIFE(of, "%s gives %s: %s", what, tw_status_name(status), error->message);
    if (strstr(error->message, of->place->directory) == NULL ||
        (status == TW_NO_SPACE && strstr(error->message, "full") == NULL))
        FAIL_LIFE(of, "%s does not say what is wrong: %s", what, error->message);
    refusals++;
    return false;
}

/* What can be read is what was committed. */
static void check_rows(const life *of, const char *when) {
    tw_error error = {0};
    story_state state = {0};
    if (!went_well(of, when, story_read(of->store, of->place, &state, &error), &error))
        return;
    if (state.step < of->least || state.step > of->most)
        FAIL_LIFE(of, "%s, step %" PRIu64 " is not between %" PRIu64 " and %" PRIu64, when,
                  state.step, of->least, of->most);
    if (state.print != of->prints[state.step])
        FAIL_LIFE(of, "%s, rows differ from those of step %" PRIu64, when, state.step);
}

/* In FAILED every write says the same, also on a disk that looks well again. */
static void check_that_writing_is_over(const life *of, const tw_error *first) {
    tw_trade trade = trade_at(of->place, 1, 1);
    tw_error again = {0};
    tw_store_drop_batch(of->store);
    if (tw_store_put_trades(of->store, &trade, 1, &again) != first->status ||
        strcmp(again.message, first->message) != 0)
        FAIL_LIFE(of, "after \"%s\" a put says \"%s\"", first->message, again.message);
}

/* A step that failed. True: it may be tried again. */
static bool step_failed(life *of, const tw_error *error) {
    check_rows(of, "after a failed step");
    if (error->status == TW_IO) {
        heal();
        check_that_writing_is_over(of, error);
        check_rows(of, "on the disk that is well again");
        return false;
    }
    heal(); /* there is room again, or the other program has let go */
    tw_store_drop_batch(of->store);
    of->most = of->least;
    check_rows(of, "after the batch was dropped");
    return true;
}

static bool live_one_step(life *of, uint64_t step) {
    tw_error error = {0};
    for (int attempt = 0; attempt < 2; attempt++) {
        of->most = step; /* what a failed sync leaves may be there */
        tw_status status = story_step(of->store, of->place, step, &error);
        if (status == TW_OK) {
            of->least = step;
            return true;
        }
        went_well(of, "a step", status, &error);
        if (!step_failed(of, &error))
            return false;
    }
    FAIL_LIFE(of, "a step fails again although the disk is well");
    return false;
}

/* A copy that is said to be made is a whole store. */
static void check_copy(const life *of, const char *path) {
    tw_store *kept = of->store;
    life copy = *of;
    heal();
    copy.store = open_with(of->place, (tw_store_config){.path = path, .mode = TW_STORE_READ});
    assert_int_equal(tw_store_verify(copy.store, NULL), TW_OK);
    check_rows(&copy, "in the copy");
    close_store(copy.store);
    assert_ptr_equal(kept, of->store);
}

static void copy_it(const life *of) {
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    tw_error error = {0};
    snprintf(path, sizeof path, "%s.copy", of->place->path);
    tw_status status = tw_store_backup(of->store, path, &error);
    if (went_well(of, "a copy", status, &error))
        check_copy(of, path);
    else if (access(path, F_OK) == 0)
        FAIL_LIFE(of, "a failed copy left a file");
    unlink(path);
}

static void look_after_it(const life *of) {
    tw_error error = {0};
    tw_store_description description;
    went_well(of, "the check", tw_store_verify(of->store, &error), &error);
    went_well(of, "the description", tw_store_describe(of->store, &description, &error), &error);
    went_well(of, "tidying up", tw_store_vacuum(of->store, &error), &error);
    check_rows(of, "tidied up");
}

static bool open_it(life *of, tw_store_mode mode) {
    const tw_store_config config = {.path = of->place->path,
                                    .symbols = of->place->symbols,
                                    .symbol_count_max = 64,
                                    .checkpoint_pages = 12,
                                    .busy_timeout_ns = TW_NS_PER_MS,
                                    .mode = (uint8_t)mode};
    tw_error error = {0};
    tw_status status = tw_store_open(&config, &of->store, &error);
    return went_well(of, "opening", status, &error);
}

static void check_on_a_well_disk(life *of) {
    heal();
    of->store = open_writer(of->place);
    tw_error error = {0};
    if (tw_store_verify(of->store, &error) != TW_OK)
        FAIL_LIFE(of, "afterwards: %s", error.message);
    check_rows(of, "afterwards");
    tw_store_import mark;
    assert_int_equal(tw_store_find_import(of->store, tw_slice_of("story"), &mark, NULL), TW_OK);
    returned += mark.row_count > of->least;
    close_store(of->store);
}

static void live(life *of) {
    tw_error error = {0};
    if (open_it(of, TW_STORE_WRITE)) {
        bool writes = true;
        for (uint64_t step = STEP_IN_LOG + 1; step <= STEP_LAST && writes; step++)
            writes = live_one_step(of, step);
        if (writes && disk.fault != NULL) { /* the fault is still to come */
            look_after_it(of);
            copy_it(of);
        }
        went_well(of, "closing", tw_store_close(of->store, &error), &error);
    }
    check_on_a_well_disk(of);
}

/* The life of a reader, who is the first to open what the dead program left. */
static void look(life *of) {
    tw_error error = {0};
    if (open_it(of, TW_STORE_READ)) {
        check_rows(of, "read only");
        went_well(of, "the check", tw_store_verify(of->store, &error), &error);
        check_rows(of, "read only once more");
        copy_it(of);
        went_well(of, "closing", tw_store_close(of->store, &error), &error);
    }
    check_on_a_well_disk(of);
}

/* ---- the campaign ---- */

static void live_with(const test_place *place, const story_files *files, const uint64_t *prints,
                      const fault *of, void (*run)(life *)) {
    uint64_t stride = campaign_size("TRADEWIND_DISK_STRIDE", STRIDE_IN_SUITE);
    bool met = true;
    for (uint64_t number = 0; met; number += number < 4 ? 1 : stride) {
        life one = {.place = place,
                    .prints = prints,
                    .fault = of,
                    .number = number,
                    .least = files->in_both,
                    .most = files->in_both};
        story_files_put(place, files);
        disk.fault = of;
        disk.number = number;
        disk.calls = disk.failures = 0;
        run(&one);
        met = disk.failures > 0;
        lives++;
    }
}

static void test_whatever_call_fails_no_answer_is_wrong_and_nothing_acknowledged_is_lost(
    void **state) {
    const test_place *place = *state;
    static uint64_t prints[STORY_STEP_COUNT + 1];
    story_tell(prints);
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    vfs_shim_install(answer);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        live_with(place, &files, prints, &faults[i], live);
        live_with(place, &files, prints, &faults[i], look);
    }
    vfs_shim_remove();
    story_files_drop(&files);
    print_message("%" PRIu64 " lives with %zu kinds of fault; %" PRIu64 " calls said so; %" PRIu64
                  " batches that failed were on the disk\n",
                  lives, sizeof faults / sizeof faults[0], refusals, returned);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_whatever_call_fails_no_answer_is_wrong_and_nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
