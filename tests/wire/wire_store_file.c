/*
 * wire_store_file.c - what only a store in a file has: paths, permissions, copies, room.
 */
#include "store_place.h"

#include <sys/stat.h>

/* ---- who may open what ---- */

static void test_a_second_writer_is_refused_through_a_link_too(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    char link[128];
    snprintf(link, sizeof link, "%s/link.db", place->directory);
    assert_int_equal(symlink(place->path, link), 0);
    assert_int_equal(refused(place, link, TW_STORE_WRITE, "process"), TW_BUSY);
    close_store(store);
}

static void test_newer_and_foreign_files_are_refused_and_left_alone(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    tamper(place->path, "PRAGMA user_version = 99");
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "newer version"), TW_VERSION);
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "newer version"), TW_VERSION);
    tamper(place->path, "PRAGMA user_version = 2; PRAGMA application_id = 42");
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "another program"), TW_INVALID);

    char path[128];
    snprintf(path, sizeof path, "%s/foreign.db", place->directory);
    tamper(path, "CREATE TABLE theirs(x)");
    assert_int_equal(refused(place, path, TW_STORE_WRITE, "another program"), TW_INVALID);
    char beside[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(beside, sizeof beside, "%s-lock", path);
    assert_int_equal(access(beside, F_OK), -1);
    snprintf(beside, sizeof beside, "%s-wal", path);
    assert_int_equal(access(beside, F_OK), -1);

    snprintf(path, sizeof path, "%s/letter.txt", place->directory);
    FILE *letter = fopen(path, "w");
    assert_non_null(letter);
    for (int i = 0; i < 200; i++)
        fputs("This is a letter and not a database.\n", letter);
    assert_int_equal(fclose(letter), 0);
    assert_int_equal(refused(place, path, TW_STORE_WRITE, "is not a store"), TW_INVALID);
    assert_int_equal(refused(place, path, TW_STORE_READ, "is not a store"), TW_INVALID);
}

static void test_paths_that_cannot_be_a_store(void **state) {
    const test_place *place = *state;
    char path[128];
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "does not exist"), TW_NOT_FOUND);
    assert_int_equal(refused(place, place->directory, TW_STORE_WRITE, "directory"), TW_INVALID);
    snprintf(path, sizeof path, "%s/no/such/rows.db", place->directory);
    assert_int_equal(refused(place, path, TW_STORE_WRITE, "directory"), TW_NOT_FOUND);
    assert_int_equal(refused(place, "", TW_STORE_WRITE, "empty"), TW_INVALID);
    assert_int_equal(refused(place, "/dev/null", TW_STORE_WRITE, "regular"), TW_INVALID);
    snprintf(path, sizeof path, "%s/empty.db", place->directory);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(refused(place, path, TW_STORE_READ, "empty"), TW_INVALID);
    close_store(open_with(place, (tw_store_config){.path = path, .mode = TW_STORE_WRITE}));
}

/* Runs as nobody, because the superuser may write everywhere. */
static int try_as_nobody(const test_place *place) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    tw_error error = {0};
    if (tw_store_open(&config, &store, &error) != TW_PERMISSION)
        return 3;
    if (strstr(error.message, place->path) == NULL)
        return 4;
    config.mode = TW_STORE_READ;
    if (tw_store_open(&config, &store, &error) != TW_OK) {
        /* A reader must be able to make the shared memory beside the file; it says so. */
        if (strstr(error.message, place->path) == NULL)
            return 5;
        return error.status == TW_PERMISSION || error.status == TW_IO ||
                       error.status == TW_READ_ONLY || error.status == TW_NOT_FOUND
                   ? 0
                   : 6;
    }
    tw_store_free(store);
    return 0;
}

static void test_a_directory_that_may_only_be_read(void **state) {
    const test_place *place = *state;
    close_store(open_writer(place));
    assert_int_equal(chmod(place->path, 0444), 0);
    assert_int_equal(chmod(place->directory, 0555), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(try_as_nobody(place));
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    assert_int_equal(chmod(place->directory, 0755), 0);
}

/* ---- copies ---- */

static void test_a_backup_is_a_store_of_one_moment(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 8];
    snprintf(path, sizeof path, "%s.copy", place->path);
    assert_int_equal(tw_store_backup(store, path, NULL), TW_STATE);
    commit(store, TW_STORE_NORMAL);
    tw_store *reader = open_reader(place);
    assert_int_equal(tw_store_backup(reader, path, NULL), TW_OK);
    trade.id = 2;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    tw_error error = {0};
    assert_int_equal(tw_store_backup(reader, path, &error), TW_EXISTS);
    assert_non_null(strstr(error.message, path));
    assert_int_equal(tw_store_backup(reader, "/nowhere/copy.db", &error), TW_NOT_FOUND);
    close_store(reader);

    tw_store *copy = open_with(place, (tw_store_config){.path = path, .mode = TW_STORE_WRITE});
    assert_int_equal(rows(copy, TW_STORE_TRADES), 1);
    assert_true(tw_store_epoch(copy) == tw_store_epoch(store));
    assert_int_equal(tw_store_verify(copy, NULL), TW_OK);
    close_store(copy);
    close_store(store);
}

static void test_vacuum_gives_room_back_and_keeps_rows(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    for (uint64_t i = 0; i < 5000; i++) {
        tw_trade trade = trade_at(place, (int64_t)i, i + 1);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    }
    assert_int_equal(tw_store_vacuum(store, NULL), TW_STATE);
    commit(store, TW_STORE_FULL);
    close_store(store);
    tamper(place->path, "DELETE FROM trades WHERE time_ns > 100");
    store = open_reader(place);
    assert_int_equal(tw_store_vacuum(store, NULL), TW_READ_ONLY);
    close_store(store);
    store = open_writer(place);
    tw_store_description before;
    tw_store_description after;
    assert_int_equal(tw_store_describe(store, &before, NULL), TW_OK);
    assert_true(before.free_size > 0);
    assert_int_equal(tw_store_vacuum(store, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 101);
    close_store(store);
    store = open_reader(place);
    assert_int_equal(tw_store_describe(store, &after, NULL), TW_OK);
    assert_int_equal(after.free_size, 0);
    assert_true(after.size < before.size);
    close_store(store);
}

/* ---- statistics that are remembered ---- */

static void test_without_a_writer_there_is_nothing_to_be_told(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    commit_trade(writer, place, 1);
    close_store(writer);
    char lock[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    assert_int_equal(unlink(lock), 0);
    tw_cache *cache = NULL;
    assert_int_equal(tw_store_statistics_cache(NULL, 100, 0, &cache), TW_OK);
    tw_store *reader = open_with(place, (tw_store_config){.statistics = cache});
    assert_false(stats_of(reader, place->apple).cached);
    assert_true(stats_of(reader, place->apple).cached);
    writer = open_writer(place);
    commit_trade(writer, place, 2);
    assert_int_equal(stats_of(reader, place->apple).count, 2);
    close_store(writer);
    close_store(reader);
    /* A page without counters (the disk was full when it was made): nothing is remembered. */
    assert_int_equal(unlink(lock), 0);
    int fd = open(lock, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
    reader = open_with(place, (tw_store_config){.statistics = cache});
    assert_false(stats_of(reader, place->apple).cached);
    assert_false(stats_of(reader, place->apple).cached);
    close_store(reader);
    tw_cache_free(cache);
}

static void test_a_lock_that_is_removed_ends_writing_and_is_seen_by_readers(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    for (uint64_t id = 1; id <= 5; id++)
        commit_trade(writer, place, id);
    tw_cache *cache = NULL;
    assert_int_equal(tw_store_statistics_cache(NULL, 100, 0, &cache), TW_OK);
    tw_store *reader = open_with(place, (tw_store_config){.statistics = cache});
    assert_int_equal(stats_of(reader, place->apple).count, 5);
    assert_true(stats_of(reader, place->apple).cached);
    char lock[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(lock, sizeof lock, "%s-lock", place->path);
    assert_int_equal(unlink(lock), 0);
    tw_trade trade = trade_at(place, 9, 9);
    tw_error error = {0};
    assert_int_equal(tw_store_put_trades(writer, &trade, 1, &error), TW_STATE);
    assert_non_null(strstr(error.message, "removed"));
    assert_int_equal(tw_store_put_trades(writer, &trade, 1, NULL), TW_STATE);
    tw_store_free(writer);
    /* The next writer makes a new one; as many commits as before do not bring an old number back.
     */
    writer = open_writer(place);
    for (uint64_t id = 6; id <= 10; id++) {
        commit_trade(writer, place, id);
        assert_int_equal(stats_of(reader, place->apple).count, id);
    }
    close_store(writer);
    /* A cut one is not looked at, and nobody dies of it. */
    assert_int_equal(truncate(lock, 10), 0);
    assert_false(stats_of(reader, place->apple).cached);
    assert_false(stats_of(reader, place->apple).cached);
    writer = open_writer(place);
    assert_int_equal(truncate(lock, 10), 0);
    assert_int_equal(tw_store_put_trades(writer, &trade, 1, &error), TW_STATE);
    tw_store_free(writer);
    close_store(reader);
    tw_cache_free(cache);
}

/* The bound on the file is one of bytes, whatever its pages are. */
static void test_a_new_file_has_the_pages_that_were_asked_for(void **state) {
    enum { PAGE = 16384, FILE_SIZE_MAX = 40 * PAGE };
    const test_place *place = *state;
    close_store(open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .page_size = PAGE}));
    tw_store *store = open_with(place, (tw_store_config){.mode = TW_STORE_WRITE,
                                                         .page_size = 512, /* not of a new one */
                                                         .size_max = FILE_SIZE_MAX});
    tw_status status = TW_OK;
    for (uint64_t id = 1; status == TW_OK; id++) {
        tw_trade trade = trade_at(place, (int64_t)id, id);
        assert_true(id < 1000000);
        status = tw_store_put_trades(store, &trade, 1, NULL);
        if (status == TW_OK && id % 1000 == 0)
            status = tw_store_commit(store, TW_STORE_NORMAL, NULL);
    }
    assert_int_equal(status, TW_NO_SPACE);
    tw_store_free(store);
    struct stat file;
    assert_int_equal(stat(place->path, &file), 0);
    assert_int_equal(file.st_size % PAGE, 0);
    assert_in_range(file.st_size, FILE_SIZE_MAX / 2, FILE_SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_second_writer_is_refused_through_a_link_too),
        IN_PLACE(test_newer_and_foreign_files_are_refused_and_left_alone),
        IN_PLACE(test_paths_that_cannot_be_a_store),
        IN_PLACE(test_a_directory_that_may_only_be_read),
        IN_PLACE(test_a_backup_is_a_store_of_one_moment),
        IN_PLACE(test_vacuum_gives_room_back_and_keeps_rows),
        IN_PLACE(test_without_a_writer_there_is_nothing_to_be_told),
        IN_PLACE(test_a_new_file_has_the_pages_that_were_asked_for),
        IN_PLACE(test_a_lock_that_is_removed_ends_writing_and_is_seen_by_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
