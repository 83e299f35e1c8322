/*
 * wire_store_memory.c - the store when memory runs out: its own, SQLite's, and OpenSSL's.
 *
 * Every call of the header is made on a store of its own with the first, the second, ...
 * allocation of a library failing, once or from then on, until it gets through. It must say
 * TW_NO_MEMORY or go well; a batch is whole or gone; afterwards the store goes on, and when it is
 * closed as many blocks are out as after a life in which nothing failed.
 *
 * The suite takes a sample of the allocations. The whole campaign is
 *     TRADEWIND_MEMORY_STRIDE=1 build/tests/wire/wire_store_memory
 */
#include <openssl/crypto.h>

#include "store_story.h"
#include "vfs_shim.h"

enum { STEP_IN_FILE = 6, STEP_IN_LOG = 9, STRIDE_IN_SUITE = 29 };

/* ---- heaps of the libraries ---- */

static struct {
    sqlite3_mem_methods real;
    bool armed;
    bool stays;      /* every later allocation fails too */
    uint64_t number; /* of the allocation that fails, from 0 */
    uint64_t calls;
    uint64_t failures;
    int64_t blocks_out;
} heap;

static bool refuses(void) {
    if (!heap.armed)
        return false;
    uint64_t call = heap.calls++;
    bool fails = call == heap.number || (heap.stays && call > heap.number);
    heap.failures += fails;
    return fails;
}

static void *sqlite_allocate(int size) {
    void *block = refuses() ? NULL : heap.real.xMalloc(size);
    heap.blocks_out += block != NULL;
    return block;
}

static void sqlite_release(void *block) {
    heap.blocks_out -= block != NULL;
    heap.real.xFree(block);
}

static void *sqlite_resize(void *block, int size) {
    return refuses() ? NULL : heap.real.xRealloc(block, size);
}

static void *crypto_allocate(size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    return refuses() ? NULL : malloc(size);
}

static void *crypto_resize(void *block, size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    return refuses() ? NULL : realloc(block, size);
}

static void crypto_release(void *block, const char *file, int line) {
    (void)file;
    (void)line;
    free(block);
}

/* Before anything else: both libraries take another heap only while they have nothing. Without
 * SQLite's small slots every allocation is seen. */
static void take_the_heaps(void) {
    TW_ASSERT(CRYPTO_set_mem_functions(crypto_allocate, crypto_resize, crypto_release) == 1);
    TW_ASSERT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &heap.real) == SQLITE_OK);
    sqlite3_mem_methods mine = heap.real;
    mine.xMalloc = sqlite_allocate;
    mine.xFree = sqlite_release;
    mine.xRealloc = sqlite_resize;
    TW_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK);
    TW_ASSERT(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
}

/* ---- the calls ---- */

typedef struct life {
    const test_place *place;
    tw_store *store;
    const tw_allocator *allocator;
} life;

static tw_status open_mode(life *of, tw_store_mode mode, tw_error *error) {
    const tw_store_config config = {.path = of->place->path,
                                    .symbols = of->place->symbols,
                                    .allocator = of->allocator,
                                    .symbol_count_max = 64,
                                    .checkpoint_pages = 4, /* after each commit */
                                    .mode = (uint8_t)mode};
    return tw_store_open(&config, &of->store, error);
}

static tw_status call_open(life *of, tw_error *error) {
    return open_mode(of, TW_STORE_WRITE, error);
}

static tw_status call_open_reader(life *of, tw_error *error) {
    return open_mode(of, TW_STORE_READ, error);
}

static tw_status call_put_market(life *of, tw_error *error) {
    return story_put_market(of->store, of->place, STEP_IN_LOG + 3, error);
}

static tw_status call_put_trading(life *of, tw_error *error) {
    return story_put_trading(of->store, of->place, STEP_IN_LOG + 3, error);
}

static tw_status call_put_position(life *of, tw_error *error) {
    const tw_position position = {.symbol = of->place->coin};
    return tw_store_put_positions(of->store, 1, 1, &position, 1, error);
}

static tw_status call_put_run(life *of, tw_error *error) {
    const tw_store_run run = {.venue = tw_slice_of("demo"), .report = tw_slice_of("{}")};
    return tw_store_put_run(of->store, &run, NULL, error);
}

static tw_status call_put_import(life *of, tw_error *error) {
    const tw_store_import import = {.name = tw_slice_of("a"), .row_count = 1};
    return tw_store_put_import(of->store, &import, error);
}

static tw_status call_pass(life *of, tw_error *error) {
    tw_trade trade = trade_at(of->place, 1, 0);
    return tw_store_pass_trades(of->store, &trade, 1, error);
}

static tw_status call_step(life *of, tw_error *error) {
    return story_step(of->store, of->place, STEP_IN_LOG + 1, error);
}

static tw_status call_commit(life *of, tw_error *error) {
    return tw_store_commit(of->store, TW_STORE_FULL, error);
}

static tw_status call_read(life *of, tw_error *error) {
    story_state state;
    return story_read(of->store, of->place, &state, error);
}

static tw_status on_symbol(void *context, tw_symbol symbol, const char *name) {
    (void)context;
    (void)symbol;
    (void)name;
    return TW_OK;
}

static tw_status on_run(void *context, const tw_store_run *run) {
    (void)context;
    (void)run;
    return TW_OK;
}

static tw_status on_position(void *context, int64_t time_ns, const tw_position *position) {
    (void)context;
    (void)time_ns;
    (void)position;
    return TW_OK;
}

static tw_status call_read_others(life *of, tw_error *error) {
    tw_status status = tw_store_read_symbols(of->store, on_symbol, NULL, error);
    if (status == TW_OK)
        status = tw_store_read_positions(of->store, 1, on_position, NULL, error);
    return status == TW_OK ? tw_store_read_runs(of->store, on_run, NULL, error) : status;
}

static tw_status call_find(life *of, tw_error *error) {
    tw_order order;
    tw_store_import import;
    tw_status status = tw_store_find_order(of->store, tw_slice_of("order-003"), &order, error);
    if (status == TW_OK)
        status = tw_store_find_import(of->store, tw_slice_of("story"), &import, error);
    return status;
}

static tw_status call_stats(life *of, tw_error *error) {
    tw_store_stats stats;
    int64_t time_ns;
    tw_symbol symbol = story_symbol(of->place, 1);
    tw_status status =
        tw_store_symbol_stats(of->store, symbol, INT64_MIN, INT64_MAX, &stats, error);
    return status == TW_OK ? tw_store_last_trade(of->store, symbol, &time_ns, error) : status;
}

static tw_status call_counts(life *of, tw_error *error) {
    uint64_t number;
    tw_status status = tw_store_last_sequence(of->store, &number, error);
    for (int table = 0; table < TW_STORE_TABLE_COUNT && status == TW_OK; table++)
        status = tw_store_count_rows(of->store, (tw_store_table)table, &number, error);
    return status;
}

static tw_status call_hash(life *of, tw_error *error) {
    uint8_t hash[TW_STORE_HASH_SIZE];
    return tw_store_journal_hash(of->store, hash, error);
}

static tw_status call_verify(life *of, tw_error *error) {
    return tw_store_verify(of->store, error);
}

static tw_status on_record(void *context, const tw_store_record *record) {
    (void)context;
    (void)record;
    return TW_OK;
}

static tw_status call_read_checked(life *of, tw_error *error) {
    tw_store_journal_state state;
    tw_status status = tw_store_read_journal_checked(of->store, 2, on_record, NULL, error);
    if (status == TW_OK)
        status = tw_store_read_journal_back_checked(of->store, 9, on_record, NULL, error);
    return status == TW_OK ? tw_store_verify_journal(of->store, &state, error) : status;
}

static tw_status call_describe(life *of, tw_error *error) {
    tw_store_description description;
    return tw_store_describe(of->store, &description, error);
}

static tw_status call_backup(life *of, tw_error *error) {
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(path, sizeof path, "%s.copy", of->place->path);
    tw_status status = tw_store_backup(of->store, path, error);
    assert_int_equal(access(path, F_OK) == 0, status == TW_OK);
    unlink(path);
    return status;
}

static tw_status call_vacuum(life *of, tw_error *error) {
    return tw_store_vacuum(of->store, error);
}

static tw_status call_close(life *of, tw_error *error) {
    tw_status status = tw_store_close(of->store, error);
    of->store = NULL;
    return status;
}

typedef struct call {
    const char *name;
    tw_status (*run)(life *of, tw_error *error);
    tw_status (*before)(life *of, tw_error *error); /* with memory; NULL: nothing */
    bool opens;
} call;

static const call calls[] = {
    {"open", call_open, NULL, true},
    {"open for reading", call_open_reader, NULL, true},
    {"put market data", call_put_market, NULL, false},
    {"put orders, fills, journal", call_put_trading, NULL, false},
    {"put positions", call_put_position, NULL, false},
    {"put a run", call_put_run, NULL, false},
    {"put an import", call_put_import, NULL, false},
    {"pass trades", call_pass, NULL, false},
    {"a step", call_step, NULL, false},
    {"commit", call_commit, call_put_market, false},
    {"commit of trading", call_commit, call_put_trading, false},
    {"read", call_read, NULL, false},
    {"read in a batch", call_read, call_put_market, false},
    {"read the rest", call_read_others, NULL, false},
    {"find", call_find, NULL, false},
    {"statistics", call_stats, NULL, false},
    {"counts", call_counts, NULL, false},
    {"hash", call_hash, NULL, false},
    {"verify", call_verify, NULL, false},
    {"read and verify the journal", call_read_checked, NULL, false},
    {"describe", call_describe, NULL, false},
    {"backup", call_backup, NULL, false},
    {"vacuum", call_vacuum, NULL, false},
    {"close", call_close, call_put_market, false},
};

/* ---- one life ---- */

static uint64_t prints[STORY_STEP_COUNT + 1];
static uint64_t lives;
static uint64_t refusals;

#define FAIL_CALL(of, ...)                                                           \
    do {                                                                             \
        char fail_reason[TW_ERROR_MESSAGE_SIZE + 96];                                \
        snprintf(fail_reason, sizeof fail_reason, __VA_ARGS__);                      \
        fail_msg("%s without allocation %" PRIu64 "%s: %s", (of)->name, heap.number, \
                 heap.stays ? " and later ones" : "", fail_reason);                  \
    } while (0)

/* Up to which step the store goes: a call that commits may have put one more. */
static void check_rows(const call *of, life *one, tw_status status) {
    tw_error error = {0};
    story_state now = {0};
    if (story_read(one->store, one->place, &now, &error) != TW_OK)
        FAIL_CALL(of, "reading afterwards: %s", error.message);
    bool goes_on = of->run == call_step && status == TW_OK;
    if (now.step != STEP_IN_LOG + (uint64_t)goes_on)
        FAIL_CALL(of, "the store is at step %" PRIu64, now.step);
    bool adds = of->run == call_commit && status == TW_OK; /* rows that are not of the next step */
    if (!adds && now.print != prints[now.step])
        FAIL_CALL(of, "rows differ from those of step %" PRIu64, now.step);
}

/* The call has been made. The store goes on, its rows are right, and it closes. */
static void check_afterwards(const call *of, life *one, tw_status status) {
    tw_error error = {0};
    if (one->store == NULL && call_open(one, &error) != TW_OK)
        FAIL_CALL(of, "opening afterwards: %s", error.message);
    tw_store_drop_batch(one->store);
    check_rows(of, one, status);
    tw_trade trade = trade_at(one->place, 1, 77);
    bool reads = of->run == call_open_reader && status == TW_OK;
    if (!reads && (tw_store_put_trades(one->store, &trade, 1, &error) != TW_OK ||
                   tw_store_commit(one->store, TW_STORE_NORMAL, &error) != TW_OK))
        FAIL_CALL(of, "writing afterwards: %s", error.message);
    if (tw_store_verify(one->store, &error) != TW_OK || tw_store_close(one->store, &error) != TW_OK)
        FAIL_CALL(of, "afterwards: %s", error.message);
}

/* One life with the chosen allocation failing in the call; returns the call's status. */
static tw_status live(const test_place *place, const story_files *files, const call *of) {
    life one = {.place = place};
    tw_error error = {0};
    story_files_put(place, files);
    if ((!of->opens && call_open(&one, &error) != TW_OK) ||
        (of->before != NULL && of->before(&one, &error) != TW_OK))
        FAIL_CALL(of, "before it: %s", error.message);
    heap.calls = heap.failures = 0;
    heap.armed = true;
    tw_status status = of->run(&one, &error);
    heap.armed = false;
    if (status != TW_OK && (status != TW_NO_MEMORY || error.message[0] == '\0'))
        FAIL_CALL(of, "it gives %s: %s", tw_status_name(status), error.message);
    if (status != TW_OK && heap.failures == 0)
        FAIL_CALL(of, "it fails although there was memory: %s", error.message);
    refusals += status != TW_OK;
    lives++;
    check_afterwards(of, &one, status);
    return status;
}

static void run_out_of_memory_in(const test_place *place, const story_files *files,
                                 const call *of) {
    uint64_t stride = campaign_size("TRADEWIND_MEMORY_STRIDE", STRIDE_IN_SUITE);
    for (int stays = 0; stays < 2; stays++) {
        heap.stays = stays != 0;
        heap.number = UINT64_MAX - 1; /* nothing fails: so many blocks stay out */
        assert_int_equal(live(place, files, of), TW_OK);
        int64_t blocks_out = heap.blocks_out;
        bool met = true;
        for (heap.number = 0; met; heap.number += heap.number < 8 ? 1 : stride) {
            live(place, files, of);
            met = heap.failures > 0;
            if (heap.blocks_out != blocks_out)
                FAIL_CALL(of, "%" PRId64 " blocks are lost", heap.blocks_out - blocks_out);
        }
    }
}

static void test_whichever_allocation_of_a_library_fails_the_call_says_so_and_the_store_goes_on(
    void **state) {
    const test_place *place = *state;
    story_tell(prints);
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        run_out_of_memory_in(place, &files, &calls[i]);
    story_files_drop(&files);
    print_message("%" PRIu64 " calls of %zu kinds; %" PRIu64 " said that there was no memory\n",
                  lives, sizeof calls / sizeof calls[0], refusals);
}

/* ---- records set aside ---- */

/* One life in which the newest record is taken for damaged; true if it met the failure. */
static bool set_aside(const test_place *place, const story_files *files) {
    life one = {.place = place};
    tw_error error = {0};
    tw_store_journal_state state;
    story_files_put(place, files);
    assert_int_equal(call_open(&one, &error), TW_OK);
    assert_int_equal(tw_store_verify_journal(one.store, &state, &error), TW_OK);
    uint64_t last = state.record_count;
    state.damaged_from = last;
    state.following = 1;
    state.damage = TW_STORE_CHANGED;
    heap.calls = heap.failures = 0;
    heap.armed = true;
    tw_status status = tw_store_quarantine_journal(one.store, &state, 5, &error);
    heap.armed = false;
    assert_true(status == TW_OK || (status == TW_NO_MEMORY && heap.failures > 0));
    assert_int_equal(tw_store_quarantines(one.store), status == TW_OK);
    close_store(one.store);
    assert_int_equal(call_open(&one, &error), TW_OK);
    assert_int_equal(tw_store_verify_journal(one.store, &state, &error), TW_OK);
    assert_int_equal(state.damaged_from, 0);
    assert_int_equal(state.record_count, last);
    assert_int_equal(state.quarantined, status == TW_OK);
    assert_int_equal(tw_store_quarantines(one.store), status == TW_OK);
    close_store(one.store);
    return heap.failures > 0;
}

static void test_records_are_set_aside_as_a_whole_or_not_at_all(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    for (int stays = 0; stays < 2; stays++) {
        heap.stays = stays != 0;
        for (heap.number = 0; set_aside(place, &files); heap.number++) {
        }
        assert_true(heap.number > 10);
    }
    story_files_drop(&files);
}

/* ---- its own ---- */

static tw_status open_for_reading(const tw_allocator *allocator, void *context) {
    life one = {.place = context, .allocator = allocator};
    tw_status status = call_open_reader(&one, NULL);
    tw_store_free(one.store);
    return status;
}

static void test_all_memory_of_its_own_is_taken_at_open(void **state) {
    const test_place *place = *state;
    story_files files = story_files_make(place, STEP_IN_FILE, STEP_IN_LOG);
    story_files_put(place, &files);
    assert_survives_failed_allocations(open_for_reading, *state);
    failing_heap own;
    failing_heap_init(&own);
    life one = {.place = place, .allocator = &own.allocator};
    assert_int_equal(call_open(&one, NULL), TW_OK);
    uint64_t attempts = atomic_load(&own.attempts);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].opens || calls[i].run == call_close)
            continue;
        tw_error error = {0};
        if (calls[i].run(&one, &error) != TW_OK)
            fail_msg("%s: %s", calls[i].name, error.message);
        tw_store_drop_batch(one.store);
    }
    assert_int_equal(atomic_load(&own.attempts), attempts);
    close_store(one.store);
    assert_int_equal(atomic_load(&own.blocks_out), 0);
    story_files_drop(&files);
}

int main(void) {
    take_the_heaps();
    vfs_shim_install(NULL); /* only so that nothing waits for the disk */
    const struct CMUnitTest tests[] = {
        IN_PLACE(
            test_whichever_allocation_of_a_library_fails_the_call_says_so_and_the_store_goes_on),
        IN_PLACE(test_records_are_set_aside_as_a_whole_or_not_at_all),
        IN_PLACE(test_all_memory_of_its_own_is_taken_at_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
