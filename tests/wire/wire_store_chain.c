/*
 * wire_store_chain.c - a damaged journal is noticed, told exactly, and set aside as a whole.
 *
 * Each test damages rows through SQL of its own, and asks both what the verification says and what
 * the checked reads do. The model compares the verification with one that is slow and keeps no
 * state, on random damage; more rounds of it are
 *     TRADEWIND_DAMAGES=5000 build/tests/wire/wire_store_chain
 */
#include <inttypes.h>

#include "store_place.h"
#include "store_story.h"

enum { COUNT = 6 };

/* ---- making and damaging ---- */

static const char *const payloads[COUNT] = {"{\"a\":1}",
                                            "",
                                            "{\"order\":\"x-1\",\"quantity\":\"100\"}",
                                            "{\"b\":[1,2,3]}",
                                            "{\"cash\":\"12.50\"}",
                                            "{\"last\":true}"};

static void append(tw_store *store, uint64_t sequence, const char *payload) {
    const tw_store_record record = {.sequence = sequence,
                                    .time_ns = 1000 + (int64_t)sequence,
                                    .kind = tw_slice_of(sequence % 2 == 0 ? "intent" : "order"),
                                    .payload = tw_slice_of(payload)};
    tw_error error = {0};
    if (tw_store_append_journal(store, &record, 1, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void fill(tw_store *store, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i <= to; i++)
        append(store, i, payloads[(i - 1) % COUNT]);
    commit(store, TW_STORE_FULL);
}

static void make_journal(const test_place *place) {
    tw_store *store = open_writer(place);
    fill(store, 1, COUNT);
    close_store(store);
}

static void unlock_journal(const test_place *place) {
    tamper(place->path, place->on_server ? "DROP TRIGGER journal_is_not_changed ON journal;"
                                           "DROP TRIGGER journal_is_not_shortened ON journal"
                                         : "DROP TRIGGER journal_is_not_changed;"
                                           "DROP TRIGGER journal_is_not_shortened");
}

/* A session of its own that stays: a damage costs no connection. */
typedef struct vandal {
    sqlite3 *file;
    PGconn *server;
} vandal;

static vandal let_in(const test_place *place) {
    vandal one = {0};
    unlock_journal(place);
    if (place->on_server)
        one.server = PQconnectdb(place->path);
    else
        assert_int_equal(sqlite3_open(place->path, &one.file), SQLITE_OK);
    return one;
}

static void damage(vandal *one, const char *format, ...) TW_PRINTF(2, 3);
static void damage(vandal *one, const char *format, ...) {
    char sql[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    if (one->file != NULL) {
        char *reason = NULL;
        if (sqlite3_exec(one->file, sql, NULL, NULL, &reason) != SQLITE_OK)
            fail_msg("%s: %s", sql, reason);
        return;
    }
    PGresult *result = PQexec(one->server, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(one->server));
    PQclear(result);
}

static void show_out(vandal *one) {
    PQfinish(one->server);
    assert_int_equal(sqlite3_close(one->file), SQLITE_OK);
}

static tw_store_journal_state state_of(tw_store *store) {
    tw_store_journal_state state;
    tw_error error = {0};
    if (tw_store_verify_journal(store, &state, &error) != TW_OK)
        fail_msg("%s", error.message);
    return state;
}

static void expect_sound(tw_store *store, uint64_t count) {
    tw_store_journal_state state = state_of(store);
    assert_int_equal(state.damaged_from, 0);
    assert_int_equal(state.damage, TW_STORE_SOUND);
    assert_int_equal(state.record_count, count);
    assert_int_equal(tw_store_verify(store, NULL), TW_OK);
}

static tw_status on_any(void *context, const tw_store_record *record) {
    *(uint64_t *)context = record->sequence;
    return TW_OK;
}

static tw_status on_until_three(void *context, const tw_store_record *record) {
    *(uint64_t *)context = record->sequence;
    return record->sequence == 3 ? TW_EMPTY : TW_OK;
}

/* ---- what is noticed ---- */

static void test_a_sound_journal_is_sound_whoever_reads_it(void **state) {
    const test_place *place = *state;
    tw_store *store = open_writer(place);
    expect_sound(store, 0);
    uint64_t seen = 0;
    assert_int_equal(tw_store_read_journal_back_checked(store, 10, on_any, &seen, NULL), TW_OK);
    fill(store, 1, 3);
    append(store, 4, "given up");
    tw_store_drop_batch(store); /* the chain goes back with it */
    fill(store, 4, COUNT);
    expect_sound(store, COUNT);
    close_store(store);
    store = open_writer(place); /* and on from where it stands */
    fill(store, COUNT + 1, 2 * COUNT);
    close_store(store);
    store = open_reader(place);
    expect_sound(store, 2 * COUNT);
    for (uint64_t from = 0; from <= 2 * COUNT + 1; from++) {
        seen = 0;
        assert_int_equal(tw_store_read_journal_checked(store, from, on_any, &seen, NULL), TW_OK);
        assert_int_equal(seen, from <= 2 * COUNT ? 2 * COUNT : 0);
        assert_int_equal(tw_store_read_journal_back_checked(store, from, on_any, &seen, NULL),
                         TW_OK);
    }
    assert_int_equal(seen, 1);
    assert_int_equal(tw_store_read_journal_back_checked(store, 99, on_until_three, &seen, NULL),
                     TW_EMPTY);
    assert_int_equal(seen, 3);
    close_store(store);
}

/* The damage of record `at` is told as such, by the verification and by every read that meets it.
 */
static void expect_changed(tw_store *store, uint64_t at, uint64_t spoiled, const char *what,
                           size_t where) {
    tw_store_journal_state state = state_of(store);
    uint64_t behind = COUNT - at + 1 > spoiled ? COUNT - at + 1 - spoiled : 0;
    if (state.damaged_from != at || state.damage != TW_STORE_CHANGED ||
        state.sound_behind != behind || state.at_end != (behind == 0))
        fail_msg("%s %zu: %s at %" PRIu64 ", %" PRIu64 " sound behind", what, where,
                 tw_store_damage_name((tw_store_damage)state.damage), state.damaged_from,
                 state.sound_behind);
    assert_int_equal(state.following, COUNT - at + 1);
    tw_error error = {0};
    uint64_t seen = 0;
    assert_int_equal(tw_store_verify(store, &error), TW_CORRUPT);
    assert_non_null(strstr(error.message, "changed"));
    assert_int_equal(tw_store_read_journal_checked(store, 1, on_any, &seen, &error), TW_CORRUPT);
    assert_int_equal(seen, at - 1); /* it is not handed over */
    assert_int_equal(tw_store_read_journal_checked(store, at, on_any, &seen, NULL), TW_CORRUPT);
    assert_int_equal(tw_store_read_journal_back_checked(store, COUNT, on_any, &seen, NULL),
                     TW_CORRUPT);
    if (at >= 3)
        assert_int_equal(
            tw_store_read_journal_back_checked(store, COUNT, on_until_three, &seen, NULL),
            TW_CORRUPT);
}

static void flip_bytes(vandal *one, tw_store *reader, uint64_t at) {
    const char *column = NULL;
    for (int text = 0; text < 2; text++) {
        char was[80];
        column = text == 0 ? "payload" : "kind";
        snprintf(was, sizeof was, "%s",
                 text == 0     ? payloads[at - 1]
                 : at % 2 == 0 ? "intent"
                               : "order");
        size_t size = strlen(was);
        for (size_t i = 0; i <= size; i++) { /* the last one makes it longer */
            char now[96];
            snprintf(now, sizeof now, "%s", was);
            now[i] = (char)(i == size ? 'x' : now[i] ^ 1);
            now[i == size ? i + 1 : size] = '\0';
            damage(one, "UPDATE journal SET %s = '%s' WHERE sequence = %" PRIu64, column, now, at);
            expect_changed(reader, at, 1, column, i);
        }
        damage(one, "UPDATE journal SET %s = '%s' WHERE sequence = %" PRIu64, column, was, at);
    }
}

static void flip_bits(vandal *one, tw_store *reader, uint64_t at) {
    for (unsigned bit = 0; bit < 63; bit += 7) {
        int64_t mask = INT64_C(1) << bit;
        damage(one,
               "UPDATE journal SET time_ns = (time_ns | %" PRId64 ") - (time_ns & %" PRId64
               ") WHERE sequence = %" PRIu64,
               mask, mask, at);
        expect_changed(reader, at, 1, "time", bit);
        damage(one,
               "UPDATE journal SET time_ns = (time_ns | %" PRId64 ") - (time_ns & %" PRId64
               ") WHERE sequence = %" PRIu64,
               mask, mask, at);
        damage(one,
               "UPDATE journal SET checksum = (checksum | %" PRId64 ") - (checksum & %" PRId64
               ") WHERE sequence = %" PRIu64,
               mask, mask, at);
        expect_changed(reader, at, 2, "checksum", bit); /* the next one states another */
        damage(one,
               "UPDATE journal SET checksum = (checksum | %" PRId64 ") - (checksum & %" PRId64
               ") WHERE sequence = %" PRIu64,
               mask, mask, at);
    }
}

static void test_each_byte_of_a_row_that_is_changed_is_noticed(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    tw_store *reader = open_reader(place);
    static const uint64_t places[] = {1, 3, COUNT};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        flip_bytes(&one, reader, places[i]);
        flip_bits(&one, reader, places[i]);
        expect_sound(reader, COUNT);
    }
    damage(&one, "UPDATE journal SET checksum = 0 WHERE sequence = 3");
    expect_changed(reader, 3, 2, "no checksum", 0);
    close_store(reader);
    damage(&one, "UPDATE meta SET value = 2 WHERE key = 'chained_after'");
    reader = open_reader(place); /* the mark is held against the records, too */
    assert_int_equal(state_of(reader).damaged_from, 1);
    close_store(reader);
    damage(&one, "DELETE FROM meta WHERE key = 'chained_after'");
    assert_int_equal(refused(place, place->path, TW_STORE_READ, "marks of its journal"),
                     TW_CORRUPT);
    damage(&one, "INSERT INTO meta VALUES('chained_after', 0)");
    damage(&one, "UPDATE meta SET value = 4611686018427387904 WHERE key = 'quarantines'");
    assert_int_equal(refused(place, place->path, TW_STORE_WRITE, "marks of its journal"),
                     TW_CORRUPT);
    show_out(&one);
}

static void expect_missing(const test_place *place, uint64_t at, uint64_t following,
                           uint64_t sound_behind) {
    tw_store *reader = open_reader(place);
    tw_store_journal_state state = state_of(reader);
    assert_int_equal(state.damage, TW_STORE_MISSING);
    assert_int_equal(state.damaged_from, at);
    assert_int_equal(state.following, following);
    assert_int_equal(state.sound_behind, sound_behind);
    assert_false(state.at_end);
    uint64_t seen = 0;
    tw_error error = {0};
    assert_int_equal(tw_store_read_journal_checked(reader, 1, on_any, &seen, &error), TW_CORRUPT);
    assert_non_null(strstr(error.message, "missing"));
    assert_int_equal(tw_store_read_journal_back_checked(reader, 99, on_any, &seen, NULL),
                     TW_CORRUPT);
    close_store(reader);
}

static void test_a_row_that_is_gone_or_elsewhere_is_missing(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    damage(&one, "DELETE FROM journal WHERE sequence = 3");
    expect_missing(place, 3, COUNT - 3, COUNT - 4);
    damage(&one, "DELETE FROM journal WHERE sequence = 4");
    expect_missing(place, 3, COUNT - 4, COUNT - 5);
    damage(&one, "UPDATE journal SET sequence = 4611686018427387904 WHERE sequence = 6");
    expect_missing(place, 3, 2, 0);
    damage(&one, "DELETE FROM journal WHERE sequence = 1");
    expect_missing(place, 1, 3, 0);
    show_out(&one);
}

static void test_a_row_before_the_first_is_misplaced(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    damage(&one, "INSERT INTO journal VALUES(-7, 1, 'order', '{}', 9)");
    tw_store *store = open_writer(place);
    tw_store_journal_state found = state_of(store);
    assert_int_equal(found.damage, TW_STORE_MISPLACED);
    assert_int_equal(found.damaged_from, COUNT + 1);
    assert_int_equal(found.following, 1);
    assert_false(found.at_end);
    damage(&one, "UPDATE journal SET payload = 'x' WHERE sequence = 6");
    found = state_of(store);
    assert_int_equal(found.damage, TW_STORE_CHANGED);
    assert_int_equal(found.following, 2);
    assert_false(found.at_end);
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
    expect_sound(store, COUNT);
    assert_int_equal(state_of(store).quarantined, 2);
    close_store(store);
    show_out(&one);
}

/* The checksums are whole: nothing can be noticed, and the header says so. The chain goes on. */
static void test_a_tail_that_is_cut_off_leaves_a_sound_journal(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    damage(&one, "DELETE FROM journal WHERE sequence > 4");
    show_out(&one);
    tw_store *store = open_writer(place);
    expect_sound(store, 4);
    fill(store, 5, COUNT);
    expect_sound(store, COUNT);
    close_store(store);
}

/* As if the rows of one store had been brought into another. */
static void test_rows_of_another_store_are_noticed(void **state) {
    const test_place *place = *state;
    make_journal(place);
    tamper(place->path, "UPDATE meta SET value = 77 WHERE key = 'epoch'");
    tw_store *store = open_reader(place);
    assert_int_equal(state_of(store).damaged_from, 1);
    close_store(store);
}

/* ---- older stores ---- */

static void test_rows_from_before_checksums_are_taken_as_they_are(void **state) {
    const test_place *place = *state;
    make_journal(place);
    make_older(place, 2);
    tw_store *store = open_reader(place);
    tw_store_journal_state found = state_of(store);
    assert_int_equal(found.unchained, COUNT);
    assert_int_equal(found.damaged_from, 0);
    assert_int_equal(tw_store_quarantines(store), 0);
    uint64_t seen = 0;
    assert_int_equal(tw_store_read_journal_checked(store, 2, on_any, &seen, NULL), TW_OK);
    assert_int_equal(tw_store_read_journal_back_checked(store, 9, on_any, &seen, NULL), TW_OK);
    assert_int_equal(seen, 1);
    close_store(store);
    store = open_writer(place);
    expect_sound(store, COUNT);
    fill(store, COUNT + 1, COUNT + 3);
    found = state_of(store);
    assert_int_equal(found.unchained, COUNT);
    assert_int_equal(found.record_count, COUNT + 3);
    close_store(store);
    vandal one = let_in(place);
    store = open_writer(place);
    damage(&one, "UPDATE journal SET payload = 'other' WHERE sequence = 2");
    expect_sound(store, COUNT + 3);
    damage(&one, "UPDATE journal SET checksum = 5 WHERE sequence = 2");
    assert_int_equal(state_of(store).damaged_from, 2);
    assert_int_equal(tw_store_read_journal_back_checked(store, 99, on_any, &seen, NULL),
                     TW_CORRUPT);
    damage(&one, "UPDATE journal SET checksum = 0 WHERE sequence = 2");
    damage(&one, "UPDATE journal SET checksum = 0 WHERE sequence = %d", COUNT + 1);
    assert_int_equal(state_of(store).damaged_from, COUNT + 1);
    damage(&one, "DELETE FROM journal WHERE sequence = 3");
    found = state_of(store);
    assert_int_equal(found.damaged_from, 3);
    assert_int_equal(found.damage, TW_STORE_MISSING);
    /* What is written in place of rows without checksums has checksums. */
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
    fill(store, 4, 5);
    damage(&one, "UPDATE journal SET payload = 'other' WHERE sequence = 4");
    assert_int_equal(state_of(store).damaged_from, 4);
    close_store(store);
    store = open_reader(place);
    found = state_of(store);
    assert_int_equal(found.damaged_from, 4);
    assert_int_equal(found.unchained, 2);
    close_store(store);
    show_out(&one);
}

/* ---- quarantine ---- */

static void expect_sql(const test_place *place, const char *count, uint64_t wanted) {
    char sql[700]; /* a division by zero is an error on both */
    if (place->on_server)
        snprintf(sql, sizeof sql, "SELECT 1 / (CASE WHEN (%s) = %" PRIu64 " THEN 1 ELSE 0 END)",
                 count, wanted);
    else
        snprintf(sql, sizeof sql,
                 "SELECT abs(CASE WHEN (%s) = %" PRIu64
                 " THEN 1 ELSE -9223372036854775807 - 1 END)",
                 count, wanted);
    tamper(place->path, sql);
}

static void test_what_is_damaged_is_moved_as_it_is_and_the_journal_goes_on(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    damage(&one, "UPDATE journal SET payload = 'torn' WHERE sequence = 5");
    tw_store *store = open_writer(place);
    tw_store_journal_state found = state_of(store);
    assert_int_equal(found.following, 2);
    append(store, COUNT + 1, "{}");
    tw_error error = {0};
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, &error), TW_STATE);
    assert_non_null(strstr(error.message, "batch is open"));
    tw_store_drop_batch(store);
    found.following = 3; /* not what is there */
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, &error), TW_STATE);
    tw_store_drop_batch(store);
    if (tw_store_append_journal(store, NULL, 0, NULL) != TW_OK) { /* FAILED: open it again */
        tw_store_free(store);
        store = open_writer(place);
    }
    found = state_of(store);
    assert_int_equal(found.damaged_from, 5);
    assert_int_equal(found.quarantined, 0);
    assert_int_equal(tw_store_quarantine_journal(store, &found, 1234, &error), TW_OK);
    assert_int_equal(tw_store_quarantines(store), 1);
    expect_sound(store, 5);
    fill(store, 6, 8);
    expect_sound(store, 8);
    close_store(store);
    expect_sql(place,
               "SELECT count(*) FROM journal_quarantine WHERE quarantined_ns = 1234 AND "
               "reason = 'changed' AND time_ns = 1000 + sequence AND checksum <> 0 AND "
               "((sequence = 5 AND kind = 'order' AND payload = 'torn') OR "
               "(sequence = 6 AND kind = 'intent' AND payload = '{\"last\":true}'))",
               2);
    expect_sql(place,
               "SELECT count(*) FROM journal WHERE sequence = 5 AND kind = 'quarantine' AND "
               "payload = '{\"from\":5,\"count\":2,\"why\":\"changed\",\"sound_behind\":1}'",
               1);
    store = open_writer(place);
    assert_int_equal(tw_store_quarantines(store), 1);
    expect_sound(store, 8);
    assert_int_equal(state_of(store).quarantined, 2);
    damage(&one, "UPDATE journal SET kind = 'orde' WHERE sequence = 5");
    found = state_of(store); /* the same sequence again */
    assert_int_equal(tw_store_quarantine_journal(store, &found, 1235, NULL), TW_OK);
    assert_int_equal(tw_store_quarantines(store), 2);
    expect_sound(store, 5);
    assert_int_equal(state_of(store).quarantined, 2 + 4);
    close_store(store);
    show_out(&one);
}

static void test_a_row_leaves_the_journal_only_into_quarantine(void **state) {
    const test_place *place = *state;
    make_journal(place);
    assert_false(try_to_tamper(place->path, "DELETE FROM journal WHERE sequence = 6"));
    tw_store *store = open_writer(place);
    tw_store_journal_state found = state_of(store);
    found.damaged_from = 6;
    found.following = 1;
    found.damage = TW_STORE_CHANGED;
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
    close_store(store);
    /* What is in quarantine must be the record itself. */
    static const char *const columns[] = {
        "7, time_ns, kind, payload, checksum", "sequence, 7, kind, payload, checksum",
        "sequence, time_ns, 'x', payload, checksum", "sequence, time_ns, kind, 'x', checksum",
        "sequence, time_ns, kind, payload, 7"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "INSERT INTO journal_quarantine(quarantined_ns, reason, sequence, time_ns, kind, "
                 "payload, checksum) SELECT 1, 'x', %s FROM journal WHERE sequence = 3",
                 columns[i]);
        tamper(place->path, sql);
        assert_false(try_to_tamper(place->path, "DELETE FROM journal WHERE sequence = 3"));
    }
    /* Another record has the number of one that is in quarantine. */
    assert_false(try_to_tamper(place->path, "DELETE FROM journal WHERE sequence = 6"));
    assert_false(try_to_tamper(place->path, "DELETE FROM journal"));
    if (place->on_server)
        assert_false(try_to_tamper(place->path, "TRUNCATE journal"));
    store = open_reader(place);
    expect_sound(store, COUNT);
    close_store(store);
}

/* Everything is damaged: the journal begins anew with the note. */
static void test_a_journal_that_is_damaged_from_its_first_row_begins_anew(void **state) {
    const test_place *place = *state;
    make_journal(place);
    vandal one = let_in(place);
    damage(&one, "UPDATE journal SET payload = 'x'");
    tw_store *store = open_writer(place);
    tw_store_journal_state found = state_of(store);
    assert_int_equal(found.damaged_from, 1);
    assert_true(found.at_end);
    assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
    expect_sound(store, 1);
    fill(store, 2, 4);
    close_store(store);
    store = open_reader(place);
    expect_sound(store, 4);
    close_store(store);
    show_out(&one);
}

static void test_a_reader_sets_nothing_aside(void **state) {
    const test_place *place = *state;
    make_journal(place);
    tw_store *store = open_reader(place);
    const tw_store_journal_state made_up = {
        .damaged_from = 6, .following = 1, .damage = TW_STORE_CHANGED};
    assert_int_equal(tw_store_quarantine_journal(store, &made_up, 5, NULL), TW_READ_ONLY);
    expect_sound(store, COUNT);
    close_store(store);
}

/* ---- a connection that is lost, a program that is killed ---- */

/* The server's session ends itself once, at the first row that comes into `table`. */
static void end_session_at(vandal *one, const char *table) {
    damage(one, "CREATE SEQUENCE once");
    damage(one, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF "
                "nextval(''once'') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END "
                "IF; RETURN NEW; END'");
    damage(one, "CREATE TRIGGER die BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION die()",
           table);
}

/* Lost before anything has moved, and when all but the note was sent. */
static void test_a_lost_connection_moves_them_once(void **state) {
    const test_place *place = *state;
    static const char *const tables[] = {"journal_quarantine", "journal"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        test_place own = *place;
        name_beside(place, "lost", own.path);
        make_journal(&own);
        vandal one = let_in(&own);
        damage(&one, "UPDATE journal SET payload = 'x' WHERE sequence = 6");
        end_session_at(&one, tables[i]);
        tw_store *store = open_writer(&own);
        tw_store_journal_state found = state_of(store);
        assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
        expect_sound(store, COUNT);
        assert_int_equal(state_of(store).quarantined, 1);
        tw_store_figures figures;
        tw_store_read_figures(store, &figures);
        assert_int_equal(figures.reconnects, 1);
        close_store(store);
        expect_sql(&own, "SELECT value FROM meta WHERE key = 'quarantines'", 1);
        show_out(&one);
    }
}

/* The child must not return. */
static void set_aside_and_wait(const test_place *place) {
    tw_store *store = NULL;
    const tw_store_config config = {.path = place->path,
                                    .symbols = place->symbols,
                                    .symbol_count_max = 64,
                                    .mode = TW_STORE_WRITE};
    tw_store_journal_state found;
    tw_status opened = tw_store_open(&config, &store, NULL);
    if (opened == TW_BUSY) /* the server has not seen the one before die yet */
        _exit(0);
    bool done =
        opened == TW_OK && tw_store_verify_journal(store, &found, NULL) == TW_OK &&
        (found.damaged_from == 0 || tw_store_quarantine_journal(store, &found, 5, NULL) == TW_OK);
    _exit(done ? 0 : 1);
}

static void test_a_kill_leaves_all_of_them_moved_or_none(void **state) {
    enum { MANY = 3000 };
    const test_place *place = *state;
    uint64_t kills = campaign_size("TRADEWIND_KILLS", 40);
    uint64_t moved = 0;
    tw_store *store = open_writer(place);
    fill(store, 1, MANY);
    close_store(store);
    vandal one = let_in(place);
    damage(&one, "UPDATE journal SET payload = 'x' WHERE sequence = 10");
    show_out(&one);
    int64_t patience_ns = 200 * TW_NS_PER_US;
    for (uint64_t round = 0; round < kills && moved == 0; round++) {
        pid_t child = fork();
        if (child == 0)
            set_aside_and_wait(place);
        int64_t end_ns = tw_time_monotonic_ns() + patience_ns;
        while (tw_time_monotonic_ns() < end_ns) {
        }
        kill(child, SIGKILL);
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
        patience_ns += patience_ns / 4;
        store = open_reader(place);
        tw_store_journal_state found = state_of(store);
        moved += found.damaged_from == 0;
        assert_int_equal(found.record_count, moved > 0 ? 10 : MANY);
        assert_int_equal(found.quarantined, moved > 0 ? MANY - 9 : 0);
        assert_int_equal(tw_store_quarantines(store), moved);
        close_store(store);
    }
    assert_int_equal(moved, 1);
}

/* ---- model ---- */

enum { MODEL_COUNT = 12, MODEL_PLACES = MODEL_COUNT + 3 };

typedef struct model_row {
    bool there;
    int64_t time_ns;
    char kind[16];
    char payload[40];
    uint64_t checksum;
} model_row;

static uint64_t model_draw(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The rule of store_chain.h, a byte at a time. */
static uint64_t slow_scatter(uint64_t z) {
    z ^= z >> 30;
    z *= UINT64_C(0xbf58476d1ce4e5b9);
    z ^= z >> 27;
    z *= UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t slow_word(uint64_t state, uint64_t word) {
    state ^= word;
    state ^= state / (UINT64_C(1) << 32);
    return state * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t slow_text(uint64_t state, const char *text) {
    uint64_t states[2] = {state, 0};
    for (size_t at = 0; at < strlen(text); at += 8) {
        uint64_t word = 0;
        for (size_t i = 0; i < 8 && at + i < strlen(text); i++)
            word |= (uint64_t)(unsigned char)text[at + i] << (8 * i);
        states[at / 8 % 2] = slow_word(states[at / 8 % 2], word);
    }
    return slow_word(states[0], states[1]);
}

static uint64_t slow_checksum(uint64_t epoch, uint64_t sequence, const model_row *row,
                              uint64_t previous) {
    uint64_t state = slow_word(0, epoch);
    state = slow_word(state, sequence);
    state = slow_word(state, (uint64_t)row->time_ns);
    state = slow_word(state, (uint64_t)strlen(row->kind) << 32 | strlen(row->payload));
    state = slow_text(slow_text(state, row->kind), row->payload);
    state = slow_scatter(previous ^ state);
    return state == 0 ? 1 : state;
}

/* Each place is judged by itself, from nothing but it and the one before. */
static tw_store_journal_state slow_verify(uint64_t epoch, const model_row *rows_of) {
    tw_store_journal_state state = {0};
    uint64_t last = 0;
    for (uint64_t i = 1; i < MODEL_PLACES; i++) {
        state.record_count += rows_of[i].there;
        last = rows_of[i].there ? i : last;
    }
    for (uint64_t i = 1; i <= last; i++) {
        bool follows = i == 1 || rows_of[i - 1].there;
        uint64_t previous = i == 1 ? 0 : rows_of[i - 1].checksum;
        bool sound = rows_of[i].there && follows &&
                     rows_of[i].checksum == slow_checksum(epoch, i, &rows_of[i], previous);
        if (!sound && state.damaged_from == 0) {
            state.damaged_from = i;
            state.damage = rows_of[i].there ? TW_STORE_CHANGED : TW_STORE_MISSING;
        } else if (state.damaged_from != 0) {
            state.sound_behind += sound;
        }
        state.following += state.damaged_from != 0 && rows_of[i].there;
    }
    state.at_end = state.damage == TW_STORE_CHANGED && state.sound_behind == 0;
    return state;
}

static void make_model(tw_store *store, model_row *rows_of) {
    uint64_t previous = 0;
    for (uint64_t i = 1; i <= MODEL_COUNT; i++) {
        append(store, i, payloads[i % COUNT]);
        rows_of[i] = (model_row){.there = true, .time_ns = 1000 + (int64_t)i};
        snprintf(rows_of[i].kind, sizeof rows_of[i].kind, "%s", i % 2 == 0 ? "intent" : "order");
        snprintf(rows_of[i].payload, sizeof rows_of[i].payload, "%s", payloads[i % COUNT]);
        rows_of[i].checksum = slow_checksum(tw_store_epoch(store), i, &rows_of[i], previous);
        previous = rows_of[i].checksum;
    }
    commit(store, TW_STORE_FULL);
}

/* One random damage, done to both. */
static void do_damage(vandal *one, model_row *rows_of, uint64_t *random) {
    uint64_t at = 1 + model_draw(random) % MODEL_COUNT;
    uint64_t other = 1 + model_draw(random) % (MODEL_PLACES - 1);
    model_row *row = &rows_of[at];
    switch (model_draw(random) % 6) {
    case 0:
        row->there = false;
        damage(one, "DELETE FROM journal WHERE sequence = %" PRIu64, at);
        break;
    case 1:
        if (!row->there || rows_of[other].there)
            break;
        rows_of[other] = *row;
        row->there = false;
        damage(one, "UPDATE journal SET sequence = %" PRIu64 " WHERE sequence = %" PRIu64, other,
               at);
        break;
    case 2:
        row->checksum = model_draw(random);
        damage(one, "UPDATE journal SET checksum = %" PRId64 " WHERE sequence = %" PRIu64,
               (int64_t)row->checksum, at);
        break;
    case 3:
        row->time_ns = (int64_t)(model_draw(random) >> 2);
        damage(one, "UPDATE journal SET time_ns = %" PRId64 " WHERE sequence = %" PRIu64,
               row->time_ns, at);
        break;
    case 4: /* another's text: sometimes the same */
        memcpy(row->payload, rows_of[other].payload, sizeof row->payload);
        damage(one, "UPDATE journal SET payload = '%s' WHERE sequence = %" PRIu64, row->payload,
               at);
        break;
    default:
        for (uint64_t i = at; i < MODEL_PLACES; i++)
            rows_of[i].there = false;
        damage(one, "DELETE FROM journal WHERE sequence >= %" PRIu64, at);
        break;
    }
}

static bool states_are_equal(const tw_store_journal_state *a, const tw_store_journal_state *b) {
    return a->record_count == b->record_count && a->damaged_from == b->damaged_from &&
           a->following == b->following && a->sound_behind == b->sound_behind &&
           a->damage == b->damage && a->at_end == b->at_end;
}

/* On both: the verification, the checked reads, and a journal that is sound after a quarantine. */
static void test_random_damage_is_told_as_by_a_slow_verifier(void **state) {
    const test_place *place = *state;
    uint64_t rounds = campaign_size("TRADEWIND_DAMAGES", place->on_server ? 12 : 60);
    uint64_t random = 1;
    for (uint64_t round = 0; round < rounds; round++) {
        test_place own = *place;
        char name[24];
        snprintf(name, sizeof name, "m%" PRIu64, round);
        name_beside(place, name, own.path);
        tw_store *store = open_writer(&own);
        model_row model[MODEL_PLACES] = {0};
        make_model(store, model);
        close_store(store);
        vandal one = let_in(&own);
        for (uint64_t i = model_draw(&random) % 4; i > 0; i--)
            do_damage(&one, model, &random);
        show_out(&one);
        store = open_writer(&own);
        tw_store_journal_state slow = slow_verify(tw_store_epoch(store), model);
        tw_store_journal_state found = state_of(store);
        if (!states_are_equal(&slow, &found))
            fail_msg("round %" PRIu64 ": damaged from %" PRIu64 " (%s), slowly %" PRIu64 " (%s)",
                     round, found.damaged_from, tw_store_damage_name(found.damage),
                     slow.damaged_from, tw_store_damage_name(slow.damage));
        uint64_t seen = 0;
        tw_status wanted = found.damaged_from == 0 ? TW_OK : TW_CORRUPT;
        assert_int_equal(tw_store_read_journal_checked(store, 1, on_any, &seen, NULL), wanted);
        assert_int_equal(tw_store_read_journal_back_checked(store, 99, on_any, &seen, NULL),
                         wanted);
        if (found.damaged_from != 0)
            assert_int_equal(tw_store_quarantine_journal(store, &found, 5, NULL), TW_OK);
        uint64_t last = 0;
        assert_int_equal(tw_store_last_sequence(store, &last, NULL), TW_OK);
        fill(store, last + 1, last + 2);
        expect_sound(store, last + 2);
        close_store(store);
    }
}

/* ---- memory ---- */

static tw_status use_it_all(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    const tw_store_config config = {.path = place->path,
                                    .symbols = place->symbols,
                                    .allocator = allocator,
                                    .symbol_count_max = 64,
                                    .mode = TW_STORE_WRITE};
    TW_AUTO(tw_store) *store = NULL;
    tw_store_journal_state found;
    tw_status status = tw_store_open(&config, &store, NULL);
    if (status == TW_OK)
        status = tw_store_verify_journal(store, &found, NULL);
    if (status != TW_OK)
        return status;
    found.damaged_from = found.record_count;
    found.following = 1;
    found.damage = TW_STORE_CHANGED;
    return tw_store_quarantine_journal(store, &found, 5, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    make_journal(*state);
    assert_survives_failed_allocations(use_it_all, *state);
    tw_store *store = open_reader(*state);
    expect_sound(store, COUNT);
    close_store(store);
}

int main(void) {
    struct CMUnitTest tests[] = {
        BOTH(test_a_sound_journal_is_sound_whoever_reads_it),
        BOTH(test_each_byte_of_a_row_that_is_changed_is_noticed),
        BOTH(test_a_row_that_is_gone_or_elsewhere_is_missing),
        BOTH(test_a_row_before_the_first_is_misplaced),
        BOTH(test_a_tail_that_is_cut_off_leaves_a_sound_journal),
        BOTH(test_rows_of_another_store_are_noticed),
        BOTH(test_rows_from_before_checksums_are_taken_as_they_are),
        BOTH(test_what_is_damaged_is_moved_as_it_is_and_the_journal_goes_on),
        BOTH(test_a_row_leaves_the_journal_only_into_quarantine),
        BOTH(test_a_journal_that_is_damaged_from_its_first_row_begins_anew),
        BOTH(test_a_reader_sets_nothing_aside),
        ON_SERVER(test_a_lost_connection_moves_them_once),
        BOTH(test_a_kill_leaves_all_of_them_moved_or_none),
        BOTH(test_random_damage_is_told_as_by_a_slow_verifier),
        BOTH(test_leaves_nothing_when_memory_runs_out),
    };
    RUN_ON_BOTH(tests, "");
}
