/*
 * wire_store_kill.c - the store when its program is killed with kill -9 at any moment.
 *
 * A child writes and tells each commit through a pipe; the parent waits for a seeded number of
 * them, spins for a seeded moment and kills it. Two writers take their turn: an importer that notes
 * how far it is with the rows themselves, and one that puts the story of store_story.h (orders,
 * fills, journal), tidying up, closing and opening again as it goes. The parent opens what is left,
 * checks all of it, and the next child goes on from there.
 *
 * The suite kills a few dozen times. The whole campaign, so many kills of each writer, is
 *     TRADEWIND_KILLS=1000 build/tests/wire/wire_store_kill
 */
#include "store_story.h"

enum {
    KILLS_IN_SUITE = 30,
    IMPORT_ROWS = 6000,
    IMPORT_BATCH = 40,
    ROWS_A_TIME = 7, /* trades without an id at one time: no divisor of the batch */
    EVENTS_MAX = 12,
    SPIN_MAX = 400000,
    STEPS_A_LIFE = 25,
};

static struct {
    uint64_t prints[STORY_STEP_COUNT + 1];
    uint64_t kills;
    uint64_t recoveries;   /* opens that found a log left behind */
    uint64_t acknowledged; /* commits that a child told before it died */
    uint64_t finished;     /* imports or stories that came to their end, in pieces */
    int64_t open_ns_max;
} seen;

static uint64_t draw(uint64_t *state, uint64_t bound) {
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

/* ---- the children; they must not return, and tell 1 by their exit that something failed ---- */

typedef void (*writer)(const test_place *place, int pipe_fd);

static tw_store *open_as_child(const test_place *place) {
    const tw_store_config config = {.path = place->path,
                                    .symbols = place->symbols,
                                    .symbol_count_max = 64,
                                    .checkpoint_pages = 16, /* so that checkpoints are hit too */
                                    .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    if (tw_store_open(&config, &store, NULL) != TW_OK)
        _exit(1);
    return store;
}

static void tell(int pipe_fd, uint64_t number) {
    if (write(pipe_fd, &number, sizeof number) != (ssize_t)sizeof number)
        _exit(1);
}

/* Row `number` of the source. */
static tw_trade source_row(const test_place *place, uint64_t number) {
    tw_trade trade = trade_at(place, (int64_t)(number / ROWS_A_TIME), 0);
    trade.quantity.nano = (int64_t)number + 1;
    return trade;
}

/* Goes over what is there, then on; a batch ends in the middle of the trades of one time. */
static void import_until_killed(const test_place *place, int pipe_fd) {
    tw_store *store = open_as_child(place);
    tw_store_import mark = {.name = tw_slice_of("trades.csv")};
    tw_status status = tw_store_find_import(store, mark.name, &mark, NULL);
    if (status != TW_OK && status != TW_NOT_FOUND)
        _exit(1);
    mark.name = tw_slice_of("trades.csv");
    for (uint64_t row = 0; row < mark.row_count; row++) {
        tw_trade trade = source_row(place, row);
        if (tw_store_pass_trades(store, &trade, 1, NULL) != TW_OK)
            _exit(1);
    }
    while (mark.row_count < IMPORT_ROWS) {
        tw_trade trades[IMPORT_BATCH];
        for (uint64_t i = 0; i < IMPORT_BATCH; i++)
            trades[i] = source_row(place, mark.row_count + i);
        mark.row_count += IMPORT_BATCH;
        if (tw_store_put_trades(store, trades, IMPORT_BATCH, NULL) != TW_OK ||
            tw_store_put_import(store, &mark, NULL) != TW_OK ||
            tw_store_commit(store, TW_STORE_NORMAL, NULL) != TW_OK)
            _exit(1);
        tell(pipe_fd, mark.row_count);
    }
    _exit(tw_store_close(store, NULL) == TW_OK ? 0 : 1);
}

static void tell_until_killed(const test_place *place, int pipe_fd) {
    tw_store *store = open_as_child(place);
    story_state state;
    if (story_read(store, place, &state, NULL) != TW_OK)
        _exit(1);
    while (state.step < STORY_STEP_COUNT) {
        state.step++;
        if (story_step(store, place, state.step, NULL) != TW_OK)
            _exit(1);
        tell(pipe_fd, state.step);
        if (state.step % STEPS_A_LIFE != 0)
            continue;
        if (tw_store_vacuum(store, NULL) != TW_OK || tw_store_close(store, NULL) != TW_OK)
            _exit(1);
        store = open_as_child(place);
    }
    _exit(tw_store_close(store, NULL) == TW_OK ? 0 : 1);
}

/* ---- the parent ---- */

/* Waits for some commits and a moment, kills, and returns what the child told last (or `before`).
 * *ret_ended: it came to its end by itself. */
static uint64_t run_and_kill(const test_place *place, writer run, uint64_t *random, uint64_t before,
                             bool *ret_ended) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        run(place, ends[1]);
    }
    close(ends[1]);
    uint64_t told = before;
    uint64_t events = draw(random, EVENTS_MAX + 1);
    bool open = true;
    for (uint64_t i = 0; i < events && open; i++) {
        open = read(ends[0], &told, sizeof told) == (ssize_t)sizeof told;
        seen.acknowledged += open;
    }
    for (volatile uint64_t spin = draw(random, SPIN_MAX); spin > 0; spin--)
        continue;
    assert_int_equal(kill(child, SIGKILL), 0);
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    *ret_ended = WIFEXITED(result);
    assert_true(WIFSIGNALED(result) || WEXITSTATUS(result) == 0);
    seen.kills += WIFSIGNALED(result);
    while (read(ends[0], &told, sizeof told) == (ssize_t)sizeof told)
        seen.acknowledged++;
    close(ends[0]);
    return told;
}

/* Every other time only a reader looks, so that the next writer finds what the killed one left. */
static tw_store *open_after(const test_place *place, uint64_t acknowledged) {
    bool by_reader = acknowledged > 0 && seen.kills % 2 == 1;
    int64_t begin_ns = tw_time_monotonic_ns();
    tw_store *store = by_reader ? open_reader(place) : open_writer(place);
    int64_t took_ns = tw_time_monotonic_ns() - begin_ns;
    seen.open_ns_max = took_ns > seen.open_ns_max ? took_ns : seen.open_ns_max;
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    seen.recoveries += figures.recovered;
    tw_error error = {0};
    if (tw_store_verify(store, &error) != TW_OK)
        fail_msg("after %" PRIu64 " kills: %s", seen.kills, error.message);
    return store;
}

typedef struct next_row {
    const test_place *place;
    uint64_t number;
} next_row;

static tw_status compare_row(void *context, const tw_trade *trade) {
    next_row *next = context;
    const tw_trade expected = source_row(next->place, next->number++);
    bool same = trade->time_ns == expected.time_ns && trade->price.nano == expected.price.nano &&
                trade->quantity.nano == expected.quantity.nano && trade->id == 0;
    return same ? TW_OK : TW_CORRUPT;
}

/* All rows of the source up to the mark are there once, in its order, and no other. */
static uint64_t check_import(const test_place *place, uint64_t acknowledged) {
    tw_store *store = open_after(place, acknowledged);
    tw_store_import mark = {.row_count = 0};
    tw_status status = tw_store_find_import(store, tw_slice_of("trades.csv"), &mark, NULL);
    assert_true(status == TW_OK || (status == TW_NOT_FOUND && acknowledged == 0));
    assert_true(mark.row_count >= acknowledged);
    next_row next = {.place = place};
    assert_int_equal(tw_store_read_trades(store, &everything, compare_row, &next, NULL), TW_OK);
    assert_int_equal(next.number, mark.row_count);
    close_store(store);
    return mark.row_count;
}

static uint64_t check_story(const test_place *place, uint64_t acknowledged) {
    tw_store *store = open_after(place, acknowledged);
    story_state state;
    assert_int_equal(story_read(store, place, &state, NULL), TW_OK);
    assert_true(state.step >= acknowledged);
    assert_true(state.print == seen.prints[state.step]);
    close_store(store);
    return state.step;
}

static void remove_store(const test_place *place) {
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    assert_int_equal(unlink(place->path), 0);
    snprintf(path, sizeof path, "%s-lock", place->path);
    assert_int_equal(unlink(path), 0);
}

static void run_campaign(const test_place *place, writer run,
                         uint64_t (*check)(const test_place *, uint64_t), uint64_t end) {
    memset(&seen.kills, 0, sizeof seen - offsetof(__typeof__(seen), kills));
    uint64_t kills = campaign_size("TRADEWIND_KILLS", KILLS_IN_SUITE);
    uint64_t random = end;
    uint64_t reached = 0;
    while (seen.kills < kills) {
        bool ended = false;
        reached = check(place, run_and_kill(place, run, &random, reached, &ended));
        assert_true(!ended || reached == end);
        if (reached < end)
            continue;
        seen.finished++;
        remove_store(place);
        reached = 0;
    }
    print_message("%" PRIu64 " kills, %" PRIu64 " commits acknowledged, %" PRIu64
                  " logs recovered, %" PRIu64 " brought to the end; opening took at most %.1f ms\n",
                  seen.kills, seen.acknowledged, seen.recoveries, seen.finished,
                  (double)seen.open_ns_max / 1e6);
}

static void test_an_importer_that_is_killed_goes_on_without_losing_or_repeating_a_row(
    void **state) {
    run_campaign(*state, import_until_killed, check_import, IMPORT_ROWS);
}

static void test_a_writer_that_is_killed_loses_nothing_that_it_acknowledged(void **state) {
    story_tell(seen.prints);
    run_campaign(*state, tell_until_killed, check_story, STORY_STEP_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_an_importer_that_is_killed_goes_on_without_losing_or_repeating_a_row),
        IN_PLACE(test_a_writer_that_is_killed_loses_nothing_that_it_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
