/*
 * wire_store_faults.c - the store when the disk is full or fails, one rule a test; and its log.
 *
 * Every call of the disk in turn is failed by wire_store_disk.c.
 */
#include "store_place.h"
#include "vfs_shim.h"

/* ---- full disks ---- */

/* Puts one batch after another until one fails; returns the batches committed. */
static size_t fill_up(const test_place *place, tw_store *store, size_t batch_count_max,
                      tw_status *ret_status, tw_error *error) {
    for (size_t batch = 0; batch < batch_count_max; batch++) {
        tw_trade trades[100];
        for (size_t i = 0; i < 100; i++)
            trades[i] = trade_at(place, (int64_t)(batch * 100 + i), batch * 100 + i + 1);
        *ret_status = tw_store_put_trades(store, trades, 100, error);
        if (*ret_status == TW_OK)
            *ret_status = tw_store_commit(store, TW_STORE_FULL, error);
        if (*ret_status != TW_OK)
            return batch;
    }
    return batch_count_max;
}

static void test_a_full_store_loses_only_the_open_batch(void **state) {
    const test_place *place = *state;
    tw_store *store =
        open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .size_max = 160 * 1024});
    tw_error error = {0};
    tw_status status = TW_OK;
    size_t committed = fill_up(place, store, 1000, &status, &error);
    assert_int_equal(status, TW_NO_SPACE);
    assert_true(committed > 0 && committed < 1000);
    assert_non_null(strstr(error.message, place->path));
    assert_non_null(strstr(error.message, "full"));
    /* Until the batch is dropped, every write repeats what happened. */
    tw_trade trade = trade_at(place, 1, 1);
    tw_error again = {0};
    assert_int_equal(tw_store_put_trades(store, &trade, 1, &again), TW_NO_SPACE);
    assert_string_equal(again.message, error.message);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &again), TW_NO_SPACE);
    assert_int_equal(rows(store, TW_STORE_TRADES), committed * 100);
    tw_store_drop_batch(store);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    assert_int_equal(rows(store, TW_STORE_TRADES), committed * 100 + 1);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
}

static int write_under_a_limit(const test_place *place) {
    signal(SIGXFSZ, SIG_IGN);
    tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    if (tw_store_open(&config, &store, NULL) != TW_OK)
        return 2;
    struct rlimit limit = {.rlim_cur = 400 * 1024, .rlim_max = 400 * 1024};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 3;
    tw_status status = TW_OK;
    tw_error error = {0};
    size_t committed = fill_up(place, store, 1000, &status, &error);
    if (status != TW_NO_SPACE)
        return 4;
    tw_store_free(store);
    return committed > 0 && committed < 100 ? 100 + (int)committed : 5;
}

static void test_a_file_that_may_not_grow_is_a_full_disk(void **state) {
    const test_place *place = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_under_a_limit(place));
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_in_range(WEXITSTATUS(result), 101, 199);
    tw_store *store = open_writer(place);
    assert_int_equal(rows(store, TW_STORE_TRADES), (WEXITSTATUS(result) - 100) * 100);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
}

/* ---- a disk that fails under the log ---- */

static struct {
    int syncs;
    bool fail_sync;
    bool fail_write;
} disk;

static int answer(const vfs_event *event) {
    if (event->path == NULL || strstr(event->path, "-wal") == NULL)
        return SQLITE_OK;
    disk.syncs += event->call == VFS_SYNC;
    if (event->call == VFS_SYNC && disk.fail_sync)
        return SQLITE_IOERR_FSYNC;
    return event->call == VFS_WRITE && disk.fail_write ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int make_disk(void **state) {
    memset(&disk, 0, sizeof disk);
    vfs_shim_install(answer);
    return make_place(state);
}

static int drop_disk(void **state) {
    vfs_shim_remove();
    return drop_place(state);
}

static void test_only_full_commits_wait_for_the_disk(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL); /* the first write of a log also syncs its header */
    disk.syncs = 0;
    trade.id = 2;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(disk.syncs, 0);
    trade.id = 3;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    assert_int_equal(disk.syncs, 1);
    commit(store, TW_STORE_FULL); /* nothing new: nothing to wait for */
    assert_int_equal(disk.syncs, 1);
    tw_store_record record = {
        .sequence = 1, .kind = tw_slice_of("intent"), .payload = tw_slice_of("{}")};
    assert_int_equal(tw_store_append_journal(store, &record, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL); /* a journal is FULL whatever was asked */
    assert_int_equal(disk.syncs, 2);
    tw_fill fill = {.client_order_id = "a", .execution_id = "x", .price = {1}, .quantity = {1}};
    assert_int_equal(tw_store_put_fills(store, &fill, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(disk.syncs, 3);
    close_store(store);
}

/* Runs `write` on the place in a child, which then is gone without closing. */
static void write_and_be_gone(const test_place *place, int (*write_rows)(const test_place *)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(write_rows(place));
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

static tw_store *open_in_child(const test_place *place) {
    const tw_store_config config = {
        .path = place->path, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    return tw_store_open(&config, &store, NULL) == TW_OK ? store : NULL;
}

static int commit_one_trade(const test_place *place) {
    tw_store *store = open_in_child(place);
    tw_trade trade = trade_at(place, 1, 1);
    return store != NULL && tw_store_put_trades(store, &trade, 1, NULL) == TW_OK &&
                   tw_store_commit(store, TW_STORE_NORMAL, NULL) == TW_OK
               ? 0
               : 1;
}

static void test_a_full_commit_takes_along_what_an_earlier_program_committed(void **state) {
    const test_place *place = *state;
    write_and_be_gone(place, commit_one_trade);
    tw_store *store = open_writer(place);
    disk.syncs = 0;
    commit(store, TW_STORE_FULL);
    assert_int_equal(disk.syncs, 1);
    commit(store, TW_STORE_FULL);
    assert_int_equal(disk.syncs, 1);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    close_store(store);
}

static void test_a_failed_sync_ends_writing_for_good(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    disk.fail_sync = true;
    trade.id = 2;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    tw_error first = {0};
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &first), TW_IO);
    disk.fail_sync = false; /* the disk looks well again; that proves nothing */
    tw_error again = {0};
    tw_store_drop_batch(store);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, &again), TW_IO);
    assert_string_equal(again.message, first.message);
    tw_store_record record = {.sequence = 1, .kind = tw_slice_of("intent")};
    assert_int_equal(tw_store_append_journal(store, &record, 1, &again), TW_IO);
    assert_string_equal(again.message, first.message);
    close_store(store);
    store = open_writer(place);
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    assert_true(figures.recovered);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
}

static void test_a_failed_write_ends_writing_and_keeps_what_was_committed(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_FULL);
    disk.fail_write = true;
    trade.id = 2;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_NORMAL, NULL), TW_IO);
    disk.fail_write = false;
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_IO);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    close_store(store);
    store = open_writer(place);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    close_store(store);
}

/* ---- batches that do not fit into the cache: their pages go into the log before the commit ----
 */

enum { LARGE_RECORD_COUNT = 24 };

/* Appends more than the cache holds, and sees that the log has grown. */
static bool append_large_batch(const test_place *place, tw_store *store) {
    static char payload[TW_STORE_PAYLOAD_SIZE_MAX];
    memset(payload, 'x', sizeof payload);
    uint64_t last = 0;
    if (tw_store_last_sequence(store, &last, NULL) != TW_OK)
        return false;
    for (uint64_t i = 1; i <= LARGE_RECORD_COUNT; i++) {
        const tw_store_record record = {.sequence = last + i,
                                        .kind = tw_slice_of("intent"),
                                        .payload = {payload, sizeof payload}};
        if (tw_store_append_journal(store, &record, 1, NULL) != TW_OK)
            return false;
    }
    char log_path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    struct stat facts;
    snprintf(log_path, sizeof log_path, "%s-wal", place->path);
    return stat(log_path, &facts) == 0 && facts.st_size > 1024 * 1024;
}

static int commit_one_and_append_many(const test_place *place) {
    tw_store *store = open_in_child(place);
    tw_trade trade = trade_at(place, 1, 1);
    return store != NULL && tw_store_put_trades(store, &trade, 1, NULL) == TW_OK &&
                   tw_store_commit(store, TW_STORE_NORMAL, NULL) == TW_OK &&
                   append_large_batch(place, store)
               ? 0
               : 1;
}

static void test_a_batch_larger_than_the_cache_is_whole_or_gone(void **state) {
    const test_place *place = *state;
    write_and_be_gone(place, commit_one_and_append_many);
    tw_store *store = open_writer(place);
    assert_int_equal(rows(store, TW_STORE_TRADES), 1);
    assert_int_equal(rows(store, TW_STORE_JOURNAL), 0);
    assert_true(append_large_batch(place, store));
    tw_store_drop_batch(store);
    assert_int_equal(rows(store, TW_STORE_JOURNAL), 0);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    assert_true(append_large_batch(place, store));
    commit(store, TW_STORE_FULL);
    assert_int_equal(rows(store, TW_STORE_JOURNAL), LARGE_RECORD_COUNT);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
}

/* ---- the log ---- */

struct held {
    tw_store *writer;
    const test_place *place;
};

static tw_status write_while_read(void *context, const tw_trade *first) {
    (void)first;
    const struct held *held = context;
    for (uint64_t i = 0; i < 60; i++) {
        tw_trade trades[50];
        for (uint64_t j = 0; j < 50; j++)
            trades[j] = trade_at(held->place, (int64_t)(1000000 + i * 50 + j), i * 50 + j + 1);
        assert_int_equal(tw_store_put_trades(held->writer, trades, 50, NULL), TW_OK);
        commit(held->writer, TW_STORE_NORMAL);
    }
    return TW_CANCELLED;
}

static void test_the_log_stays_small_and_a_reader_only_delays_that(void **state) {
    const test_place *place = *state;
    tw_store *store =
        open_with(place, (tw_store_config){.mode = TW_STORE_WRITE, .checkpoint_pages = 16});
    tw_status status;
    assert_int_equal(fill_up(place, store, 100, &status, NULL), 100);
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    assert_true(figures.checkpoints > 0);
    assert_true(figures.log_pages < 64);
    char log_path[PRIVATE_POSTGRES_ADDRESS_SIZE + 8];
    snprintf(log_path, sizeof log_path, "%s-wal", place->path);
    struct stat facts;
    assert_int_equal(stat(log_path, &facts), 0);
    assert_true(facts.st_size < 64 * 4200);
    /* A reader in the middle of a read holds the log up, and nothing else. */
    tw_store *reader = open_reader(place);
    struct held held = {.writer = store, .place = place};
    assert_int_equal(tw_store_read_trades(reader, &everything, write_while_read, &held, NULL),
                     TW_CANCELLED);
    close_store(reader);
    tw_store_read_figures(store, &figures);
    assert_true(figures.checkpoints_busy > 0);
    assert_true(figures.log_pages > 64);
    tw_trade trade = trade_at(place, 1, UINT64_MAX);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(stat(log_path, &facts), 0);
    assert_int_equal(facts.st_size, 0); /* emptied by the first commit after the reader */
    close_store(store);
    assert_int_equal(stat(log_path, &facts), -1); /* close leaves one file */
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_disk, drop_disk)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_full_store_loses_only_the_open_batch),
        IN_PLACE(test_a_file_that_may_not_grow_is_a_full_disk),
        ON_DISK(test_only_full_commits_wait_for_the_disk),
        ON_DISK(test_a_full_commit_takes_along_what_an_earlier_program_committed),
        ON_DISK(test_a_batch_larger_than_the_cache_is_whole_or_gone),
        ON_DISK(test_a_failed_sync_ends_writing_for_good),
        ON_DISK(test_a_failed_write_ends_writing_and_keeps_what_was_committed),
        IN_PLACE(test_the_log_stays_small_and_a_reader_only_delays_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
