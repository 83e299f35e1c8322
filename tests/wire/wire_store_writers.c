/*
 * wire_store_writers.c - one handle writes and moves the log, whoever else has the file open.
 *
 * SQLite 3.7.0 to 3.51.2 may lose pages when a connection that writes and another that checkpoints
 * meet (the WAL reset race). It takes two connections that do either. The store has one, and this
 * is where that is shown: a second writer is refused, and a reader, also the last one to close,
 * writes, cuts and removes nothing.
 */
#include <poll.h>

#include "sqlite_priv.h"
#include "store_story.h"
#include "vfs_shim.h"

enum { STEP_IN_FILE = 12, STEP_IN_LOG = 18, READER_COUNT = 2 };

static uint64_t prints[STORY_STEP_COUNT + 1];

static int tell_once(void **state) {
    (void)state;
    story_tell(prints);
    return 0;
}

/* ---- what a reader does to the files ---- */

static struct {
    uint64_t reads;
    uint64_t changes;
    uint64_t opens_to_write; /* of the store's file */
} touched;

static int count(const vfs_event *event) {
    bool copies = event->path != NULL && strstr(event->path, ".copy") != NULL;
    touched.reads += event->call == VFS_READ;
    touched.changes += !copies && (event->call == VFS_WRITE || event->call == VFS_TRUNCATE ||
                                   event->call == VFS_REMOVE || event->call == VFS_SYNC);
    touched.opens_to_write += !copies && event->call == VFS_OPEN &&
                              (event->flags & SQLITE_OPEN_MAIN_DB) != 0 &&
                              (event->flags & SQLITE_OPEN_READWRITE) != 0;
    return SQLITE_OK;
}

/* All that a reader can do; the file is at `step`. */
static void read_everything(const test_place *place, uint64_t step) {
    memset(&touched, 0, sizeof touched);
    tw_store *reader = open_reader(place);
    story_state now = {0};
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(path, sizeof path, "%s.copy", place->path);
    assert_int_equal(story_read(reader, place, &now, NULL), TW_OK);
    assert_true(now.step == step && now.print == prints[step]);
    assert_int_equal(tw_store_verify(reader, NULL), TW_OK);
    assert_int_equal(tw_store_backup(reader, path, NULL), TW_OK);
    assert_int_equal(tw_store_vacuum(reader, NULL), TW_READ_ONLY);
    assert_int_equal(story_step(reader, place, step + 1, NULL), TW_READ_ONLY);
    close_store(reader);
    assert_int_equal(unlink(path), 0);
    assert_true(touched.reads > 0);
    assert_int_equal(touched.changes, 0);
    assert_int_equal(touched.opens_to_write, 0);
}

static bool same_bytes(const test_bytes *a, const test_bytes *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void test_the_last_reader_leaves_the_log_and_the_file_as_they_are(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    story_files_put(place, &files); /* no writer is there: the reader is the only connection */
    vfs_shim_install(count);
    read_everything(place, STEP_IN_LOG);
    vfs_shim_remove();
    test_bytes file = load_beside(place, "");
    test_bytes log = load_beside(place, "-wal");
    assert_true(same_bytes(&file, &files.file));
    assert_true(same_bytes(&log, &files.log));
    free(file.data);
    free(log.data);
    story_files_drop(&files);
}

static void test_a_reader_beside_the_writer_does_not_touch_the_log(void **state) {
    const test_place *place = *state;
    vfs_shim_install(count);
    tw_store *writer =
        open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .checkpoint_pages = 1000});
    for (uint64_t step = 1; step <= STEP_IN_LOG; step++)
        assert_int_equal(story_step(writer, place, step, NULL), TW_OK);
    test_bytes before = load_beside(place, "-wal");
    assert_true(before.size > 0);
    read_everything(place, STEP_IN_LOG);
    test_bytes after = load_beside(place, "-wal");
    assert_true(same_bytes(&before, &after));
    free(before.data);
    free(after.data);
    close_store(writer);
    vfs_shim_remove();
}

/* ---- all at once ---- */

/* True when the other end of the pipe is closed. */
static bool is_over(int fd) {
    struct pollfd end = {.fd = fd, .events = POLLIN};
    return poll(&end, 1, 0) != 0;
}

/* Opens, reads and closes until the writer has done; each time it sees a whole step. */
static int keep_reading(const test_place *place, int over) {
    uint64_t last = 0;
    do {
        const tw_store_config config = {
            .path = place->path, .symbols = place->symbols, .symbol_count_max = 64};
        tw_store *reader = NULL;
        if (tw_store_open(&config, &reader, NULL) != TW_OK)
            return 1;
        tw_store_import mark = {.row_count = 0};
        tw_status status = tw_store_find_import(reader, tw_slice_of("story"), &mark, NULL);
        if ((status != TW_OK && status != TW_NOT_FOUND) || mark.row_count < last)
            return 2;
        last = mark.row_count;
        uint64_t count_of_trades = 0;
        if (tw_store_count_rows(reader, TW_STORE_TRADES, &count_of_trades, NULL) != TW_OK ||
            count_of_trades < last * STORY_TRADE_COUNT)
            return 3;
        if (tw_store_close(reader, NULL) != TW_OK)
            return 4;
    } while (!is_over(over));
    return 0;
}

/* Wants to write too, and is told each time that somebody does. */
static int keep_knocking(const test_place *place, int over) {
    do {
        const tw_store_config config = {.path = place->path,
                                        .symbols = place->symbols,
                                        .symbol_count_max = 64,
                                        .mode = TW_STORE_WRITE};
        tw_store *store = NULL;
        if (tw_store_open(&config, &store, NULL) != TW_BUSY)
            return 1;
    } while (!is_over(over));
    return 0;
}

static pid_t start(const test_place *place, int (*run)(const test_place *, int),
                   const int over[2]) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(over[1]);
        _exit(run(place, over[0]));
    }
    return child;
}

/* Tells the story, says so, and stays open until the others are gone. */
static int write_the_story(const test_place *place, int ready, int over) {
    const tw_store_config config = {.path = place->path,
                                    .symbols = place->symbols,
                                    .symbol_count_max = 64,
                                    .checkpoint_pages = 8,
                                    .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    char byte = 0;
    if (tw_store_open(&config, &store, NULL) != TW_OK || write(ready, &byte, 1) != 1)
        return 1;
    for (uint64_t step = 1; step <= STORY_STEP_COUNT; step++) {
        if (story_step(store, place, step, NULL) != TW_OK)
            return 2;
    }
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    /* Which of them a reader held up is up to the scheduler. */
    uint64_t tried = figures.checkpoints + figures.checkpoints_busy;
    if (tried < 5 || write(ready, &byte, 1) != 1)
        return 3;
    (void)!read(over, &byte, 1);
    return tw_store_close(store, NULL) == TW_OK ? 0 : 4;
}

static void test_readers_and_would_be_writers_do_not_cost_a_page(void **state) {
    const test_place *place = *state;
    int over[2];
    int ready[2];
    pid_t children[READER_COUNT + 1];
    assert_int_equal(pipe(over), 0);
    assert_int_equal(pipe(ready), 0);
    /* The writer is a child too: what is open must not be carried over fork. */
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        close(over[1]);
        _exit(write_the_story(place, ready[1], over[0]));
    }
    close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    int others_over[2];
    assert_int_equal(pipe(others_over), 0);
    for (int i = 0; i <= READER_COUNT; i++)
        children[i] = start(place, i < READER_COUNT ? keep_reading : keep_knocking, others_over);
    close(others_over[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1); /* the story is told */
    close(others_over[1]);
    int result = 0;
    for (int i = 0; i <= READER_COUNT; i++) {
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), 0);
    }
    close(over[1]);
    assert_int_equal(waitpid(writer, &result, 0), writer);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    close(over[0]);
    close(ready[0]);
    tw_store *store = open_reader(place);
    story_state now = {0};
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    assert_int_equal(story_read(store, place, &now, NULL), TW_OK);
    assert_true(now.step == STORY_STEP_COUNT && now.print == prints[STORY_STEP_COUNT]);
    close_store(store);
}

/* ---- which versions ---- */

static void test_the_race_is_named_for_the_versions_that_have_it(void **state) {
    const test_place *place = *state;
    static const struct {
        int version;
        bool has;
    } known[] = {{3006023, false}, {3007000, true},  {3040001, true}, {3044005, true},
                 {3044006, false}, {3044999, false}, {3045000, true}, {3050006, true},
                 {3050007, false}, {3051000, true},  {3051002, true}, {3051003, false},
                 {3053002, false}, {4000000, false}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(sqlite_has_reset_race(known[i].version), known[i].has);
    tw_store *store = open_writer(place);
    assert_string_equal(
        tw_store_precautions(store),
        sqlite_has_reset_race(sqlite3_libversion_number()) ? "wal_reset_race=avoided" : "");
    close_store(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_the_last_reader_leaves_the_log_and_the_file_as_they_are),
        IN_PLACE(test_a_reader_beside_the_writer_does_not_touch_the_log),
        IN_PLACE(test_readers_and_would_be_writers_do_not_cost_a_page),
        IN_PLACE(test_the_race_is_named_for_the_versions_that_have_it),
    };
    return cmocka_run_group_tests(tests, tell_once, NULL);
}
