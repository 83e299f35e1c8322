/*
 * wire_store_damage.c - the store on files that are damaged, cut short, locked or not files at all.
 *
 * A damaged file is refused, or found damaged by a read or the check; where it is not, the rows
 * must be right. A log that is cut short or damaged gives the batches that are whole in it, in
 * order from the first. Run it under the address sanitiser to see that nothing is read that is not
 * there; with more changed bytes it is
 *     TRADEWIND_DAMAGES=20000 build/tests/wire/wire_store_damage
 */
#include "store_story.h"
#include "vfs_shim.h"

enum { PAGE_SIZE = 4096, STEP_IN_FILE = 30, STEP_IN_LOG = 39 };

static uint64_t prints[STORY_STEP_COUNT + 1];

static int tell_once(void **state) {
    (void)state;
    vfs_shim_install(NULL); /* only so that nothing waits for the disk */
    story_tell(prints);
    return 0;
}

static uint64_t draw(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- the file ---- */

typedef enum verdict { REFUSED, FOUND, RIGHT } verdict;

/* Opens what lies there, reads and checks it, and as a writer goes on; ends the test if rows are
 * not those of `step` and nobody says so. */
static verdict judge(const test_place *place, tw_store_mode mode, uint64_t step, const char *what,
                     size_t where) {
    tw_store_config config = {.path = place->path,
                              .symbols = place->symbols,
                              .symbol_count_max = 64,
                              .mode = (uint8_t)mode};
    tw_store *store = NULL;
    tw_error error = {0};
    tw_status status = tw_store_open(&config, &store, &error);
    if (status == TW_CORRUPT || status == TW_INVALID || status == TW_VERSION || status == TW_FULL)
        return REFUSED;
    if (status != TW_OK)
        fail_msg("%s %zu: opening gives %s: %s", what, where, tw_status_name(status),
                 error.message);
    story_state state = {0};
    status = story_read(store, place, &state, &error);
    tw_status check = tw_store_verify(store, &error);
    bool told = status == TW_CORRUPT || status == TW_FULL || check == TW_CORRUPT;
    if (!told && (status != TW_OK || check != TW_OK))
        fail_msg("%s %zu: reading gives %s, the check %s: %s", what, where, tw_status_name(status),
                 tw_status_name(check), error.message);
    if (!told && (state.step != step || state.print != prints[step]))
        fail_msg("%s %zu: rows are wrong and nobody says so", what, where);
    if (mode == TW_STORE_WRITE) { /* it may fail, but not crash */
        status = story_step(store, place, step + 1, &error);
        assert_true(told || status == TW_OK);
    }
    (void)tw_store_close(store, NULL);
    return told ? FOUND : RIGHT;
}

typedef enum pattern { ZEROS, ONES, NOISE, OTHER_PAGE, PATTERN_COUNT } pattern;

static void spoil(unsigned char *page, pattern how, const test_bytes *file, size_t index) {
    uint64_t random = index;
    size_t other = (index + 1) % (file->size / PAGE_SIZE);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        page[i] = how == ZEROS   ? 0
                  : how == ONES  ? 0xff
                  : how == NOISE ? (unsigned char)draw(&random)
                                 : file->data[other * PAGE_SIZE + i];
}

static void test_a_page_that_is_overwritten_is_found_or_harmless(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_FILE);
    unsigned char kept[PAGE_SIZE];
    size_t counts[RIGHT + 1] = {0};
    for (size_t page = 0; page < files.file.size / PAGE_SIZE; page++) {
        unsigned char *at = files.file.data + page * PAGE_SIZE;
        memcpy(kept, at, PAGE_SIZE);
        for (int how = 0; how < PATTERN_COUNT; how++) {
            unsigned char spoiled[PAGE_SIZE];
            spoil(spoiled, (pattern)how, &files.file, page);
            memcpy(at, spoiled, PAGE_SIZE);
            story_files_put(place, &files);
            counts[judge(place, TW_STORE_READ, STEP_IN_FILE, "page", page)]++;
            story_files_put(place, &files);
            counts[judge(place, TW_STORE_WRITE, STEP_IN_FILE, "page", page)]++;
            memcpy(at, kept, PAGE_SIZE);
        }
    }
    assert_true(counts[FOUND] > 100);
    print_message("%zu pages: %zu opens refused, %zu damages found, %zu harmless\n",
                  files.file.size / PAGE_SIZE, counts[REFUSED], counts[FOUND], counts[RIGHT]);
    story_files_drop(&files);
}

/* A changed byte within a number is a number: there, only a crash would be wrong. */
static void test_changed_bytes_crash_nothing(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    uint64_t random = 3;
    uint64_t count = campaign_size("TRADEWIND_DAMAGES", 200);
    uint64_t refusals = 0;
    uint64_t findings = 0;
    for (uint64_t round = 0; round < count; round++) {
        test_bytes *bytes = round % 4 == 0 ? &files.log : &files.file;
        size_t at[8];
        unsigned char kept[8];
        for (size_t i = 0; i < 8; i++) { /* half of them where a page has its structure */
            at[i] = (size_t)(draw(&random) % bytes->size);
            if (i % 2 == 0)
                at[i] = at[i] / PAGE_SIZE * PAGE_SIZE + at[i] % 64;
            kept[i] = bytes->data[at[i]];
            bytes->data[at[i]] = (unsigned char)draw(&random);
        }
        story_files_put(place, &files);
        tw_store_config config = {.path = place->path,
                                  .symbols = place->symbols,
                                  .symbol_count_max = 64,
                                  .mode = TW_STORE_WRITE};
        tw_store *store = NULL;
        story_state now = {0};
        if (tw_store_open(&config, &store, NULL) == TW_OK) {
            findings += story_read(store, place, &now, NULL) != TW_OK ||
                        tw_store_verify(store, NULL) != TW_OK;
            (void)!story_step(store, place, STEP_IN_LOG + 1, NULL);
            (void)!tw_store_vacuum(store, NULL);
            (void)tw_store_close(store, NULL);
        } else {
            refusals++;
        }
        for (size_t i = 8; i-- > 0;)
            bytes->data[at[i]] = kept[i];
    }
    assert_true(findings > 0 && refusals > 0);
    print_message("%" PRIu64 " files of changed bytes: %" PRIu64 " refused, %" PRIu64
                  " found damaged\n",
                  count, refusals, findings);
    story_files_drop(&files);
}

/* At 0 it is as if nothing had ever been written: a writer makes a new store of it. */
static void test_a_file_that_is_cut_short_is_found(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_FILE);
    size_t whole = files.file.size;
    for (size_t size = 100; size < whole; size += PAGE_SIZE / 2 - 50) {
        files.file.size = size;
        story_files_put(place, &files);
        assert_int_not_equal(judge(place, TW_STORE_READ, STEP_IN_FILE, "cut at", size), RIGHT);
        story_files_put(place, &files);
        assert_int_not_equal(judge(place, TW_STORE_WRITE, STEP_IN_FILE, "cut at", size), RIGHT);
    }
    story_files_drop(&files);
}

static void test_an_empty_file_is_a_new_store_whatever_log_lies_beside_it(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    files.file.size = 0;
    story_files_put(place, &files);
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "empty"), TW_INVALID);
    tw_store *store = open_writer(place);
    assert_int_equal(rows(store, TW_STORE_TRADES), 0);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
    story_files_drop(&files);
}

/* ---- the log ---- */

enum { LOG_HEAD = 32, FRAME_HEAD = 24, FRAME_SIZE = FRAME_HEAD + PAGE_SIZE };

/* Batches whose last frame (it names the size of the file) is within the first `size` bytes. */
static uint64_t whole_batches(const test_bytes *log, size_t size) {
    uint64_t count = 0;
    for (size_t at = LOG_HEAD; at + FRAME_SIZE <= size; at += FRAME_SIZE) {
        const unsigned char *head = log->data + at;
        count += (head[4] | head[5] | head[6] | head[7]) != 0;
    }
    return count;
}

/* Opens what lies there and compares it with the story up to `step`. */
static void check_step(const test_place *place, tw_store_mode mode, uint64_t step, const char *what,
                       size_t where) {
    tw_store *store = open_with(place, (tw_store_config){.mode = (uint8_t)mode});
    tw_error error = {0};
    story_state now = {0};
    if (tw_store_verify(store, &error) != TW_OK || story_read(store, place, &now, &error) != TW_OK)
        fail_msg("%s %zu: %s", what, where, error.message);
    if (now.step != step || now.print != prints[step])
        fail_msg("%s %zu: step %" PRIu64 " is not %" PRIu64 ", or its rows are not", what, where,
                 now.step, step);
    if (mode == TW_STORE_WRITE && step < STORY_STEP_COUNT)
        assert_int_equal(story_step(store, place, step + 1, NULL), TW_OK);
    close_store(store);
}

static void check_log(const test_place *place, const story_files *files, size_t whole_size,
                      const char *what, size_t where) {
    uint64_t step = files->in_file + whole_batches(&files->log, whole_size);
    story_files_put(place, files);
    check_step(place, TW_STORE_READ, step, what, where);
    story_files_put(place, files);
    check_step(place, TW_STORE_WRITE, step, what, where);
}

static void test_a_log_that_is_cut_short_gives_the_whole_batches_before_the_cut(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    size_t whole = files.log.size;
    assert_int_equal(whole_batches(&files.log, whole), STEP_IN_LOG - STEP_IN_FILE);
    static const size_t beyond[] = {0, 1, FRAME_HEAD, FRAME_SIZE / 2, FRAME_SIZE - 1};
    size_t cuts = 0;
    for (size_t frame = LOG_HEAD; frame <= whole; frame += FRAME_SIZE) {
        for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
            files.log.size = frame + beyond[i] < whole ? frame + beyond[i] : whole;
            check_log(place, &files, files.log.size, "log cut at", files.log.size);
            cuts++;
        }
    }
    for (size_t size = 0; size < LOG_HEAD; size += 7, cuts++) {
        files.log.size = size;
        check_log(place, &files, 0, "log cut at", size);
    }
    print_message("%zu cuts of a log of %zu frames\n", cuts, (whole - LOG_HEAD) / FRAME_SIZE);
    story_files_drop(&files);
}

static void test_a_log_that_is_damaged_gives_the_whole_batches_before_the_damage(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    uint64_t random = 1;
    for (size_t frame = LOG_HEAD; frame < files.log.size; frame += FRAME_SIZE) {
        size_t at = frame + (size_t)(draw(&random) % FRAME_SIZE);
        unsigned char bit = (unsigned char)(1U << draw(&random) % 8);
        files.log.data[at] ^= bit;
        check_log(place, &files, frame, "log damaged at", at);
        files.log.data[at] ^= bit;
    }
    story_files_drop(&files);
}

static void test_garbage_in_place_of_a_log_is_not_looked_at(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    uint64_t random = 2;
    for (size_t i = 0; i < files.log.size; i++)
        files.log.data[i] = (unsigned char)draw(&random);
    story_files_put(place, &files);
    check_step(place, TW_STORE_READ, STEP_IN_FILE, "garbage log", 0);
    story_files_put(place, &files);
    check_step(place, TW_STORE_WRITE, STEP_IN_FILE, "garbage log", 0);
    story_files_drop(&files);
}

/* ---- other programs, other things ---- */

/* Another SQLite program takes a lock, says so through the pipe, and keeps it until `go` ends. */
static void hold_lock(const test_place *place, const char *sql, int ready, int go) {
    sqlite3 *db = NULL;
    char byte = 0;
    if (sqlite3_open(place->path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK || write(ready, &byte, 1) != 1)
        _exit(1);
    (void)!read(go, &byte, 1);
    _exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK &&
                  sqlite3_close(db) == SQLITE_OK
              ? 0
              : 1);
}

typedef struct holder {
    pid_t child;
    int go;
} holder;

static holder start_holder(const test_place *place, const char *sql) {
    int ready[2];
    int go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(go[1]);
        hold_lock(place, sql, ready[1], go[0]);
    }
    close(go[0]);
    close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return (holder){.child = child, .go = go[1]};
}

static void end_holder(holder of) {
    int result = 0;
    close(of.go);
    assert_int_equal(waitpid(of.child, &result, 0), of.child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static void test_a_lock_of_another_program_is_waited_for_only_so_long(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    holder other = start_holder(place, "BEGIN IMMEDIATE");
    tw_store *store = open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .busy_timeout_ns = TW_NS_PER_MS});
    tw_error error = {0};
    assert_int_equal(story_step(store, place, 1, &error), TW_BUSY);
    assert_non_null(strstr(error.message, "another program holds its lock"));
    assert_int_equal(story_step(store, place, 1, &error), TW_BUSY); /* nothing is lost by it */
    end_holder(other);
    assert_int_equal(story_step(store, place, 1, &error), TW_OK);
    story_state now = {0};
    assert_int_equal(story_read(store, place, &now, NULL), TW_OK);
    assert_true(now.step == 1 && now.print == prints[1]);
    close_store(store);
}

static void test_a_file_that_another_program_has_for_itself_is_busy(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    holder other = start_holder(place, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    for (int mode = TW_STORE_READ; mode <= TW_STORE_WRITE; mode++) {
        tw_store_config config = {.path = place->path,
                                  .symbols = place->symbols,
                                  .busy_timeout_ns = TW_NS_PER_MS,
                                  .mode = (uint8_t)mode};
        tw_store *store = NULL;
        tw_error error = {0};
        assert_int_equal(tw_store_open(&config, &store, &error), TW_BUSY);
        assert_null(store);
        assert_non_null(strstr(error.message, place->path));
    }
    end_holder(other);
    close_store(open_writer(place));
}

/* The superuser may write everywhere, so another user looks. */
static int read_as_nobody(const test_place *place, bool there) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .symbol_count_max = 64};
    tw_store *store = NULL;
    tw_error error = {0};
    story_state now = {0};
    tw_status status = tw_store_open(&config, &store, &error);
    if (!there)
        return status != TW_OK && strstr(error.message, place->path) != NULL &&
                       strstr(error.message, "copy the file to a directory") != NULL
                   ? 0
                   : 3;
    if (status != TW_OK || story_read(store, place, &now, &error) != TW_OK)
        return 4;
    return now.step == STEP_IN_LOG && now.print == prints[STEP_IN_LOG] &&
                   tw_store_close(store, NULL) == TW_OK
               ? 0
               : 5;
}

static void check_as_nobody(const test_place *place, bool there) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(read_as_nobody(place, there));
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

/* Without the shared memory nobody can tell what the log holds, and making it is writing. */
static void test_a_reader_that_may_write_nothing_says_what_it_lacks(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    story_files_put(place, &files);
    assert_int_equal(chmod(place->path, 0444), 0);
    assert_int_equal(chmod(place->directory, 0555), 0);
    check_as_nobody(place, false);
    assert_int_equal(chmod(place->directory, 0777), 0); /* it may make files, not change this one */
    char log[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(log, sizeof log, "%s-wal", place->path);
    assert_int_equal(chmod(log, 0444), 0);
    check_as_nobody(place, true);
    assert_int_equal(chmod(place->directory, 0755), 0);
    story_files_drop(&files);
}

static void test_what_stands_in_place_of_a_file_is_named(void **state) {
    const test_place *place = *state;
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    assert_int_equal(mkdir(place->path, 0755), 0);
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "directory"), TW_INVALID);
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "directory"), TW_INVALID);
    assert_int_equal(rmdir(place->path), 0);
    /* a directory where the log or the lock would be */
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_FILE);
    story_files_put(place, &files);
    put_beside(place, "-wal", NULL);
    snprintf(path, sizeof path, "%s-wal", place->path);
    assert_int_equal(mkdir(path, 0755), 0);
    tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    tw_error error = {0};
    tw_status status = tw_store_open(&config, &store, &error);
    assert_true(status == TW_IO || status == TW_INVALID);
    assert_non_null(strstr(error.message, place->path));
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof path, "%s-lock", place->path);
    unlink(path);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_not_equal(tw_store_open(&config, &store, &error), TW_OK);
    assert_non_null(strstr(error.message, "lock"));
    assert_int_equal(rmdir(path), 0);
    check_step(place, TW_STORE_WRITE, STEP_IN_FILE, "afterwards", 0);
    story_files_drop(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_page_that_is_overwritten_is_found_or_harmless),
        IN_PLACE(test_changed_bytes_crash_nothing),
        IN_PLACE(test_a_file_that_is_cut_short_is_found),
        IN_PLACE(test_an_empty_file_is_a_new_store_whatever_log_lies_beside_it),
        IN_PLACE(test_a_log_that_is_cut_short_gives_the_whole_batches_before_the_cut),
        IN_PLACE(test_a_log_that_is_damaged_gives_the_whole_batches_before_the_damage),
        IN_PLACE(test_garbage_in_place_of_a_log_is_not_looked_at),
        IN_PLACE(test_a_lock_of_another_program_is_waited_for_only_so_long),
        IN_PLACE(test_a_file_that_another_program_has_for_itself_is_busy),
        IN_PLACE(test_a_reader_that_may_write_nothing_says_what_it_lacks),
        IN_PLACE(test_what_stands_in_place_of_a_file_is_named),
    };
    return cmocka_run_group_tests(tests, tell_once, NULL);
}
