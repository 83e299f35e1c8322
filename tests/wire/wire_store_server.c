/*
 * wire_store_server.c - what only a store on a server has: other writers, refusals, passwords,
 * partitions, and the ways in which rows travel.
 */
#include "store_batches.h"

/* ---- writers ---- */

static void test_a_second_writer_is_told_who_the_first_is(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    char words[48];
    snprintf(words, sizeof words, "tradewind process %ld ", (long)getpid());
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, words), TW_BUSY);
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "of the server"), TW_BUSY);
    char other[PRIVATE_POSTGRES_ADDRESS_SIZE]; /* another schema is another store */
    name_beside(place, "other", other);
    close_store(open_with(place, (tw_store_config){.path = other, .mode = TW_STORE_WRITE}));
    close_store(store);
    close_store(open_writer(place));
}

#define END_WRITERS                                                                        \
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name " \
    "LIKE 'tradewind process %'"

static void test_a_session_that_was_ended_is_begun_again(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_and_commit(place, store, 1, 3);
    tamper(place->path, END_WRITERS);
    put_and_commit(place, store, 2, 3);
    assert_int_equal(put_batch(place, store, 3, 200, NULL), TW_OK);
    assert_int_equal(rows(store, TW_STORE_TRADES), 206); /* the server has it */
    tamper(place->path, END_WRITERS);
    assert_int_equal(rows(store, TW_STORE_JOURNAL), 3);
    commit(store, TW_STORE_FULL);
    assert_int_equal(figures_of(store).reconnects, 2);
    assert_int_equal(figures_of(store).rows_put, 3 * 2 + 206);
    close_store(store);
    tw_store *reader = open_reader(place);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 206);
    close_store(reader);
}

static void test_a_writer_that_was_replaced_commits_nothing(void **state) {
    const test_place *place = *state;
    tw_store *first = open_writer(place);
    put_and_commit(place, first, 1, 3);
    tamper(place->path, END_WRITERS);
    tw_store *second = open_writer(place);
    put_and_commit(place, second, 2, 3);
    close_store(second);
    tw_error error = {0};
    assert_int_equal(put_batch(place, first, 2, 3, &error), TW_OK);
    assert_int_equal(tw_store_commit(first, TW_STORE_FULL, &error), TW_STATE);
    assert_non_null(strstr(error.message, "took the store over"));
    tw_store_drop_batch(first);
    assert_int_equal(put_batch(place, first, 2, 3, &error), TW_STATE); /* for good */
    close_store(first);
    expect_batches(place, 2, 3);
}

static void test_a_turn_that_was_taken_stops_a_commit_within_its_session(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_and_commit(place, store, 1, 3);
    tamper(place->path, "UPDATE meta SET value = value + (1::int8 << 32) WHERE key = 'turn'");
    tw_error error = {0};
    assert_int_equal(put_batch(place, store, 2, 200, &error), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_STATE);
    close_store(store);
    expect_batches(place, 1, 3);
}

/* A number of the server's that is behind ours: it crashed and lost NORMAL commits. */
static void test_batches_that_the_server_lost_are_told(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_and_commit(place, store, 1, 3);
    put_and_commit(place, store, 2, 3);
    tamper(place->path, "UPDATE meta SET value = value - 1 WHERE key = 'turn'");
    tamper(place->path, END_WRITERS);
    tw_error error = {0};
    assert_int_equal(put_batch(place, store, 3, 3, NULL), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_IO);
    assert_non_null(strstr(error.message, "newest 1 batch"));
    close_store(store);
}

/* ---- durability ---- */

/* What the server's commits waited for, noted at each turn, one word a commit. */
static void test_only_full_commits_wait_for_the_disk(void **state) {
    const test_place *place = *state;
    tamper(place->path, "ALTER ROLE tradewind SET synchronous_commit = off"); /* FULL is FULL */
    tw_store *store = open_writer(place);
    tamper(place->path,
           "CREATE TABLE modes(mode text);"
           "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO modes "
           "VALUES (current_setting(''synchronous_commit'')); RETURN NEW; END';"
           "CREATE TRIGGER note BEFORE UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION note()");
    tw_trade trade = trade_at(place, 1, 1);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    commit(store, TW_STORE_FULL); /* takes the earlier one along */
    commit(store, TW_STORE_FULL); /* nothing new: nothing to wait for */
    put_and_commit(place, store, 1, 3);
    tw_store_record record = {.sequence = 2, .kind = tw_slice_of("intent")};
    assert_int_equal(tw_store_append_journal(store, &record, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL); /* a journal is FULL whatever was asked */
    assert_int_equal(figures_of(store).syncs, 3);
    close_store(store);
    tamper(place->path, "ALTER ROLE tradewind RESET synchronous_commit;"
                        "SELECT 1 / (string_agg(mode, ' ') = 'off on on on')::int FROM modes");
}

/* ---- refusals ---- */

static void test_a_collision_is_repeated_and_its_end_is_bounded(void **state) {
    const test_place *place = *state;
    tw_store *store = open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .busy_timeout_ns = 300 * TW_NS_PER_MS});
    put_and_commit(place, store, 1, 3);
    tamper(place->path,
           "CREATE SEQUENCE collisions;"
           "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
           "IF nextval(''collisions'') <= 3 THEN RAISE EXCEPTION ''injected'' USING ERRCODE = "
           "''40001''; END IF; RETURN NEW; END';"
           "CREATE TRIGGER collide BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION "
           "collide()");
    put_and_commit(place, store, 2, 200);
    assert_int_equal(figures_of(store).retries, 3);
    assert_int_equal(figures_of(store).rows_put, 5 + 202);
    tamper(place->path, "ALTER SEQUENCE collisions MINVALUE -1000000 START -1000000 RESTART");
    tw_error error = {0};
    assert_int_equal(put_batch(place, store, 3, 3, NULL), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_BUSY);
    assert_non_null(strstr(error.message, "40001"));
    tw_store_drop_batch(store);
    tamper(place->path, "DROP TRIGGER collide ON journal");
    put_and_commit(place, store, 3, 3);
    close_store(store);
}

static void test_tables_of_another_program_are_refused_and_left_alone(void **state) {
    const test_place *place = *state;
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE];
    name_beside(place, "foreign", path);
    const char *schema = strstr(path, "%3D") + 3;
    char sql[200];
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s; CREATE TABLE %s.trades(x int)", schema, schema);
    tamper(path, sql);
    assert_int_equal(refused(place, path, TW_STORE_WRITE, "another program"), TW_INVALID);
    assert_int_equal(refused(place, path, TW_STORE_READ, "another program"), TW_INVALID);
    tamper(path, "CREATE TABLE meta(name text)");
    assert_int_equal(refused(place, path, TW_STORE_WRITE, "another program"), TW_INVALID);
    assert_false(try_to_tamper(path, "SELECT * FROM journal"));
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "does not exist"), TW_NOT_FOUND);
}

static void expect_no_secret(const test_place *place, const char *address, tw_status expected) {
    tw_store_config config = {.path = address, .symbols = place->symbols, .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    tw_error error = {0};
    tw_status status = tw_store_open(&config, &store, &error);
    if (status == TW_OK)
        close_store(store);
    if (status != expected)
        fail_msg("%s: %s instead of %s", address, tw_status_name(status), tw_status_name(expected));
    if (strstr(error.message, "s3cret") != NULL)
        fail_msg("the password is shown: %s", error.message);
}

static void test_a_wrong_password_is_told_and_never_shown(void **state) {
    const test_place *place = *state;
    const char *folder = private_postgres_folder(the_server);
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    tamper(place->path, "DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'other'");
    private_postgres_admit(the_server, "local all guarded scram-sha-256");
    static const char *const with_password[] = {
        "postgresql://guarded:s3cret@/postgres?host=%s",
        "postgres://guarded@/postgres?password=s3cret&host=%s",
        "postgresql:///postgres?user=guarded&p%%61ssword=s3cret&host=%s",
    };
    for (size_t i = 0; i < sizeof with_password / sizeof with_password[0]; i++) {
        char *at = strstr(with_password[i], "%s");
        snprintf(address, sizeof address, "%.*s%s", (int)(at - with_password[i]), with_password[i],
                 folder);
        expect_no_secret(place, address, i == 2 ? TW_INVALID : TW_AUTH);
    }
    snprintf(address, sizeof address, "postgresql://guarded@/postgres?host=%s", folder);
    expect_no_secret(place, address, TW_AUTH);
    snprintf(address, sizeof address, "postgresql://guarded:other@/postgres?host=%s", folder);
    expect_no_secret(place, address, TW_PERMISSION); /* right, but it may make no schema */
    expect_no_secret(place, "postgresql://a:s3cret@/x?host=/nowhere", TW_UNREACHABLE);
    expect_no_secret(place, "postgresql://a:b@s3cret@/", TW_INVALID);
    expect_no_secret(place, "postgresql://a:s3cret%zz@/nowhere", TW_INVALID);
    expect_no_secret(place, "postgresql://127.0.0.1:1/s3cret@host/", TW_UNREACHABLE);
}

static void test_addresses_that_lead_nowhere(void **state) {
    const test_place *place = *state;
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE + 8];
    assert_int_equal(refused(place, "postgresql:///x?host=/nowhere", TW_STORE_WRITE, "/nowhere"),
                     TW_UNREACHABLE);
    snprintf(address, sizeof address, "postgresql://tradewind@/nodatabase?host=%s",
             private_postgres_folder(the_server));
    assert_int_equal(refused(place, address, TW_STORE_WRITE, "nodatabase"), TW_NOT_FOUND);
    snprintf(address, sizeof address,
             "postgresql://tradewind@/postgres?host=%s&options=-csearch_path%%3D%%22Rows%%22",
             private_postgres_folder(the_server));
    assert_int_equal(refused(place, address, TW_STORE_WRITE, "search_path"), TW_INVALID);
}

static void test_without_a_free_connection_it_is_busy_and_then_not(void **state) {
    const test_place *place = *state;
    PGconn *taken[64];
    int count = 0;
    close_store(open_writer(place));
    tamper(place->path, "CREATE ROLE plain LOGIN"); /* some connections are the superuser's */
    tamper(place->path, "GRANT CREATE ON DATABASE postgres TO plain");
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    snprintf(address, sizeof address, "postgresql://plain@/postgres?host=%s",
             private_postgres_folder(the_server));
    do {
        assert_true(count < 64);
        taken[count] = PQconnectdb(address);
    } while (PQstatus(taken[count++]) == CONNECTION_OK);
    tw_store_config config = {.path = address,
                              .symbols = place->symbols,
                              .mode = TW_STORE_WRITE,
                              .busy_timeout_ns = 50 * TW_NS_PER_MS};
    tw_store *store = NULL;
    tw_error error = {0};
    assert_int_equal(tw_store_open(&config, &store, &error), TW_BUSY);
    assert_non_null(strstr(error.message, "53300"));
    while (count > 0)
        PQfinish(taken[--count]);
    config.busy_timeout_ns = 0;
    if (tw_store_open(&config, &store, &error) != TW_OK)
        fail_msg("%s", error.message);
    close_store(store);
}

/* ---- beside each other ---- */

typedef struct both_handles {
    const test_place *place;
    tw_store *writer;
    tw_store *reader;
    uint64_t seen;
} both_handles;

static tw_status count_trade(void *context, const tw_trade *trade) {
    (void)trade;
    ++*(uint64_t *)context;
    return TW_OK;
}

/* In the middle of one read: another on the same handle, and a commit of another handle. */
static tw_status read_and_write_within(void *context, const tw_trade *trade) {
    both_handles *handles = context;
    handles->seen++;
    if (trade->id % 1000 != 1)
        return TW_OK;
    uint64_t count = 0;
    assert_int_equal(tw_store_read_trades(handles->reader, &everything, count_trade, &count, NULL),
                     TW_OK);
    assert_int_equal(count, 9000); /* the state of the outer read */
    assert_int_equal(rows(handles->reader, TW_STORE_TRADES), 9000);
    tw_trade late = trade_at(handles->place, TW_NS_PER_DAY * 40000, trade->id); /* a new day */
    assert_int_equal(tw_store_put_trades(handles->writer, &late, 1, NULL), TW_OK);
    commit(handles->writer, TW_STORE_NORMAL);
    return TW_OK;
}

static void test_a_read_sees_one_state_while_others_write(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    for (uint64_t i = 0; i < 9000; i++) {
        tw_trade trade = trade_at(place, (int64_t)i, i + 1);
        assert_int_equal(tw_store_put_trades(writer, &trade, 1, NULL), TW_OK);
    }
    commit(writer, TW_STORE_NORMAL);
    both_handles handles = {.place = place, .writer = writer, .reader = open_reader(place)};
    assert_int_equal(
        tw_store_read_trades(handles.reader, &everything, read_and_write_within, &handles, NULL),
        TW_OK);
    assert_int_equal(handles.seen, 9000);
    assert_int_equal(rows(handles.reader, TW_STORE_TRADES), 9009);
    close_store(handles.reader);
    assert_int_equal(tw_store_verify(writer, NULL), TW_OK);
    close_store(writer);
}

/* ---- ways ---- */

static void put_series(const test_place *place, tw_store *store, int64_t from, int64_t count) {
    for (int64_t i = from; i < from + count; i++) {
        tw_trade trade = trade_at(place, i * TW_NS_PER_MINUTE, (uint64_t)i + 1);
        tw_quote quote = {.time_ns = i * TW_NS_PER_HOUR, .symbol = place->coin};
        tw_bar bar = {.time_ns = i,
                      .timeframe_ns = 1,
                      .open = {2},
                      .high = {3},
                      .low = {1},
                      .close = {2},
                      .symbol = place->apple};
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
        assert_int_equal(tw_store_put_quotes(store, &quote, 1, NULL), TW_OK);
        assert_int_equal(tw_store_put_bars(store, &bar, 1, NULL), TW_OK);
    }
}

static void test_bulks_that_overlap_are_counted_row_by_row(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_series(place, store, 0, 3000);
    commit(store, TW_STORE_NORMAL);
    tw_store_begin_series(store);
    put_series(place, store, 1000, 3000);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 4000);
    assert_int_equal(rows(store, TW_STORE_QUOTES), 4000);
    assert_int_equal(rows(store, TW_STORE_BARS), 4000);
    assert_int_equal(figures_of(store).rows_put, 12000);
    assert_int_equal(figures_of(store).rows_skipped, 6000);
    tw_store_begin_series(store);
    put_series(place, store, 0, 4000);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(figures_of(store).rows_skipped, 18000);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    assert_int_equal(tw_store_vacuum(store, NULL), TW_OK);
    tw_store_description description;
    assert_int_equal(tw_store_describe(store, &description, NULL), TW_OK);
    assert_true(description.size > 500000);
    tw_error error = {0};
    assert_int_equal(tw_store_backup(store, "/tmp/x", &error), TW_UNSUPPORTED);
    assert_non_null(strstr(error.message, "pg_dump"));
    close_store(store);
}

static void test_days_have_partitions_and_what_has_none_rests(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_trade trades[90];
    for (int64_t i = 0; i < 90; i++)
        trades[i] = trade_at(place, i * TW_NS_PER_DAY, 1);
    assert_int_equal(tw_store_put_trades(store, trades, 90, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(store, TW_STORE_TRADES), 90);
    tamper(place->path, "SELECT 1 / (count(*) = 26)::int FROM trades_rest"); /* 64 are made */
    tamper(place->path, "SELECT 1 / (count(*) FILTER (WHERE relname = 'trades_19700101'))::int "
                        "FROM pg_class WHERE relnamespace = current_schema()::regnamespace");
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    close_store(store);
}

/* A partition cannot be made within the batch's transaction; the batch begins anew behind it. */
static void test_a_new_day_in_the_middle_of_a_batch_loses_nothing(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    tw_store *reader = open_reader(place);
    for (int64_t day = 0; day < 4; day++) {
        tw_trade trade = trade_at(place, day * TW_NS_PER_DAY, 1);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
        assert_int_equal(rows(store, TW_STORE_TRADES), day + 1); /* the server has it */
        assert_int_equal(rows(reader, TW_STORE_TRADES), 0);      /* and nobody waits for it */
    }
    assert_int_equal(figures_of(store).retries, 3);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(figures_of(store).rows_put, 4);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 4);
    tamper(place->path, "SELECT 1 / (count(*) = 0)::int FROM trades_rest");
    close_store(reader);
    close_store(store);
}

static void put_thousand(const test_place *place, tw_store *store, uint64_t from) {
    for (uint64_t i = from; i < from + 1000; i++) {
        tw_trade trade = trade_at(place, (int64_t)i, 1 + i);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    }
}

/* More than is sent at a time: 20 MiB of journal, between rows in bulk that were there in part. */
static void test_a_batch_that_is_sent_in_parts_is_one_batch(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_and_commit(place, store, 1, 3); /* trades from 1000 on */
    char *payload = calloc(1, TW_STORE_PAYLOAD_SIZE_MAX);
    assert_non_null(payload);
    memset(payload, 'x', TW_STORE_PAYLOAD_SIZE_MAX);
    put_thousand(place, store, 1000);
    for (uint64_t i = 2; i < 22; i++) {
        tw_store_record record = {.sequence = i,
                                  .kind = tw_slice_of("intent"),
                                  .payload = {payload, TW_STORE_PAYLOAD_SIZE_MAX}};
        assert_int_equal(tw_store_append_journal(store, &record, 1, NULL), TW_OK);
    }
    free(payload);
    assert_true(figures_of(store).rows_skipped == 3); /* the first part is sent and counted */
    put_thousand(place, store, 2000);
    tw_store *reader = open_reader(place);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 3);
    tamper(place->path, END_WRITERS);
    commit(store, TW_STORE_NORMAL);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 2000);
    assert_int_equal(rows(reader, TW_STORE_JOURNAL), 21);
    assert_int_equal(figures_of(store).rows_put, 5 + 997 + 20 + 1000);
    assert_int_equal(figures_of(store).rows_skipped, 3);
    close_store(reader);
    close_store(store);
}

static void test_verify_finds_rows_of_a_symbol_that_is_gone(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    put_and_commit(place, store, 1, 3);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
    tamper(place->path, "DELETE FROM symbols");
    tw_error error = {0};
    assert_int_equal(tw_store_verify(store, &error), TW_CORRUPT);
    assert_non_null(strstr(error.message, "symbol that is not there"));
    close_store(store);
}

/* A server without the two features that a store can do without. */
static void test_a_server_without_partitions_or_triggers_will_do(void **state) {
    const test_place *place = *state;
    tamper(place->path,
           "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN "
           "IF tg_tag = ''CREATE TRIGGER'' OR (tg_tag = ''CREATE TABLE'' AND current_query() LIKE "
           "''%PARTITION%'') THEN RAISE EXCEPTION ''no'' USING ERRCODE = ''0A000''; END IF; END';"
           "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION public.refuse()");
    tw_store *store = open_writer(place);
    tamper(place->path, "DROP EVENT TRIGGER refuse; DROP FUNCTION public.refuse()");
    put_and_commit(place, store, 1, 200);
    close_store(store);
    expect_batches(place, 1, 200);
    assert_false(try_to_tamper(place->path, "SELECT * FROM trades_rest"));
}

/* ---- memory ---- */

static tw_status use_it_all(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_store_config config = {.path = place->path,
                              .symbols = place->symbols,
                              .allocator = allocator,
                              .symbol_count_max = 64,
                              .mode = TW_STORE_WRITE};
    TW_AUTO(tw_store) *store = NULL;
    tw_status status = tw_store_open(&config, &store, NULL);
    uint64_t last = 0;
    if (status == TW_OK)
        status = tw_store_last_sequence(store, &last, NULL);
    if (status == TW_OK)
        status = put_batch(place, store, last + 1, 400, NULL);
    uint64_t count = 0;
    if (status == TW_OK)
        status = tw_store_read_trades(store, &everything, count_trade, &count, NULL);
    return status == TW_OK ? tw_store_commit(store, TW_STORE_NORMAL, NULL) : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    assert_survives_failed_allocations(use_it_all, *state);
}

int main(void) {
    struct CMUnitTest tests[] = {
        ON_SERVER(test_a_second_writer_is_told_who_the_first_is),
        ON_SERVER(test_a_session_that_was_ended_is_begun_again),
        ON_SERVER(test_a_writer_that_was_replaced_commits_nothing),
        ON_SERVER(test_a_turn_that_was_taken_stops_a_commit_within_its_session),
        ON_SERVER(test_only_full_commits_wait_for_the_disk),
        ON_SERVER(test_batches_that_the_server_lost_are_told),
        ON_SERVER(test_a_collision_is_repeated_and_its_end_is_bounded),
        ON_SERVER(test_tables_of_another_program_are_refused_and_left_alone),
        ON_SERVER(test_a_wrong_password_is_told_and_never_shown),
        ON_SERVER(test_addresses_that_lead_nowhere),
        ON_SERVER(test_without_a_free_connection_it_is_busy_and_then_not),
        ON_SERVER(test_a_read_sees_one_state_while_others_write),
        ON_SERVER(test_bulks_that_overlap_are_counted_row_by_row),
        ON_SERVER(test_days_have_partitions_and_what_has_none_rests),
        ON_SERVER(test_a_new_day_in_the_middle_of_a_batch_loses_nothing),
        ON_SERVER(test_a_batch_that_is_sent_in_parts_is_one_batch),
        ON_SERVER(test_verify_finds_rows_of_a_symbol_that_is_gone),
        ON_SERVER(test_a_server_without_partitions_or_triggers_will_do),
        ON_SERVER(test_leaves_nothing_when_memory_runs_out),
    };
    RUN_ON_BOTH(tests, "max_connections=12");
}
