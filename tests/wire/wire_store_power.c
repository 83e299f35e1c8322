/*
 * wire_store_power.c - the store when the power goes: at every write, sync, truncation and removal.
 *
 * One telling of the story is recorded by the disk of power_cut.h, with a log so small that
 * checkpoints, restarts and truncations of the log, closing, opening and tidying up are all in it.
 * Then the power goes at one boundary after another. What is left must open, hold everything up to
 * some step and nothing else, with all that was acknowledged FULL and all before it; and the story
 * must go on from there. While it does, the power goes again.
 *
 * The suite takes a sample of the boundaries. The whole campaign is
 *     TRADEWIND_POWER_SEEDS=6 build/tests/wire/wire_store_power
 * where the number is that of the seeds at each boundary.
 */
#include "power_cut.h"
#include "store_story.h"

enum { CHECKPOINT_PAGES = 24, SAMPLE_SIZE = 300, STEPS_AFTERWARDS = 3 };

static struct {
    uint64_t prints[STORY_STEP_COUNT + 1];
    power_cut *disk;
    size_t begun[STORY_STEP_COUNT + 1];   /* the boundary at which a step began */
    size_t durable[STORY_STEP_COUNT + 1]; /* at which it had been acknowledged FULL */
    uint64_t cuts;
    uint64_t kept_more; /* cuts that left steps which nobody had promised */
} told;

static tw_store *open_small_log(const test_place *place) {
    return open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .checkpoint_pages = CHECKPOINT_PAGES});
}

/* ---- the recorded telling ---- */

/* All steps up to `step` are on the disk. */
static void note_durable(uint64_t step) {
    for (uint64_t i = step; i > 0 && told.durable[i] == SIZE_MAX; i--)
        told.durable[i] = power_cut_boundary(told.disk);
}

static void tell_step(tw_store *store, const test_place *place, uint64_t step) {
    tw_error error = {0};
    told.begun[step] = power_cut_boundary(told.disk);
    if (story_step(store, place, step, &error) != TW_OK)
        fail_msg("step %" PRIu64 ": %s", step, error.message);
    if (story_step_is_full(step))
        note_durable(step);
}

typedef struct telling {
    tw_store *store;
    const test_place *place;
    uint64_t next;
    uint64_t last;
} telling;

static void tell_until(telling *of, uint64_t last) {
    while (of->next <= last)
        tell_step(of->store, of->place, of->next++);
}

static tw_status tell_while_read(void *context, const tw_trade *trade) {
    (void)trade;
    telling *of = context;
    tell_until(of, of->last);
    return TW_CANCELLED;
}

static void close_and_open(telling *of) {
    close_store(of->store);
    note_durable(of->next - 1);
    of->store = open_small_log(of->place);
}

static void record_the_story(const test_place *place) {
    memset(told.durable, 0xff, sizeof told.durable); /* SIZE_MAX: not yet */
    told.disk = power_cut_new(place->directory);
    telling of = {.store = open_small_log(place), .place = place, .next = 1, .last = 120};
    tell_until(&of, 40);
    close_and_open(&of);
    tell_until(&of, 80);
    /* A reader holds the log up until it is so long that it is truncated afterwards. */
    tw_store *reader = open_reader(place);
    assert_int_equal(tw_store_read_trades(reader, &everything, tell_while_read, &of, NULL),
                     TW_CANCELLED);
    close_store(reader);
    tell_until(&of, 140);
    tw_store_figures figures;
    tw_store_read_figures(of.store, &figures);
    assert_true(figures.checkpoints > 2 && figures.checkpoints_busy > 0);
    assert_int_equal(tw_store_vacuum(of.store, NULL), TW_OK);
    commit(of.store, TW_STORE_FULL);
    note_durable(140);
    tell_until(&of, 160);
    close_and_open(&of);
    tell_until(&of, STORY_STEP_COUNT);
    close_store(of.store);
    note_durable(STORY_STEP_COUNT);
    power_cut_stop(told.disk);
}

/* The newest step that must be there after a cut at `boundary`, and the newest that may be. */
static uint64_t least_step(size_t boundary) {
    uint64_t step = STORY_STEP_COUNT;
    while (step > 0 && told.durable[step] > boundary)
        step--;
    return step;
}

static uint64_t most_step(size_t boundary) {
    uint64_t step = STORY_STEP_COUNT;
    while (step > 0 && told.begun[step] > boundary)
        step--;
    return step;
}

/* ---- cuts ---- */

typedef struct cut {
    const test_place *place;
    size_t boundary;
    uint64_t seed;
    uint64_t least;
    uint64_t most;
} cut;

#define FAIL_CUT(of, ...)                                                                      \
    do {                                                                                       \
        char fail_reason[TW_ERROR_MESSAGE_SIZE + 64];                                          \
        snprintf(fail_reason, sizeof fail_reason, __VA_ARGS__);                                \
        fail_msg("cut at %zu, seed %" PRIu64 ": %s", (of)->boundary, (of)->seed, fail_reason); \
    } while (0)

/* Opens what is left, checks it, goes on for some steps and closes; returns the step it was at. */
static uint64_t check_what_is_left(const cut *of) {
    tw_store_config config = {.path = of->place->path,
                              .symbols = of->place->symbols,
                              .symbol_count_max = 64,
                              .checkpoint_pages = CHECKPOINT_PAGES,
                              .mode = TW_STORE_WRITE};
    tw_error error = {0};
    tw_store *store = NULL;
    story_state state = {0};
    if (tw_store_open(&config, &store, &error) != TW_OK ||
        tw_store_verify(store, &error) != TW_OK ||
        story_read(store, of->place, &state, &error) != TW_OK)
        FAIL_CUT(of, "%s", error.message);
    if (state.step < of->least || state.step > of->most)
        FAIL_CUT(of, "step %" PRIu64 " is not between %" PRIu64 " and %" PRIu64, state.step,
                 of->least, of->most);
    if (state.print != told.prints[state.step])
        FAIL_CUT(of, "rows differ from those of step %" PRIu64, state.step);
    uint64_t found = state.step;
    for (int i = 0; i < STEPS_AFTERWARDS && state.step < STORY_STEP_COUNT; i++) {
        if (story_step(store, of->place, state.step + 1, &error) != TW_OK ||
            story_read(store, of->place, &state, &error) != TW_OK)
            FAIL_CUT(of, "going on: %s", error.message);
        if (state.print != told.prints[state.step])
            FAIL_CUT(of, "going on, rows differ from those of step %" PRIu64, state.step);
    }
    if (tw_store_close(store, &error) != TW_OK)
        FAIL_CUT(of, "closing: %s", error.message);
    told.cuts++;
    return found;
}

/* The power goes, and once more while the rest is opened and gone on with. */
static void cut_twice(const test_place *place, size_t boundary, uint64_t seed) {
    cut first = {place, boundary, seed, least_step(boundary), most_step(boundary)};
    power_cut_restore(told.disk, boundary, seed);
    power_cut *again = power_cut_new(place->directory);
    uint64_t found = check_what_is_left(&first);
    power_cut_stop(again);
    told.kept_more += found > first.least;
    uint64_t most = found + STEPS_AFTERWARDS;
    cut second = {.place = place,
                  .boundary =
                      (size_t)((boundary * 31 + seed * 17) % (power_cut_boundary(again) + 1)),
                  .seed = seed,
                  .least = found,
                  .most = most < STORY_STEP_COUNT ? most : STORY_STEP_COUNT};
    power_cut_restore(again, second.boundary, seed);
    check_what_is_left(&second);
    power_cut_free(again);
}

static void test_a_power_cut_anywhere_leaves_every_acknowledged_batch_and_only_whole_ones(
    void **state) {
    const test_place *place = *state;
    story_tell(told.prints);
    power_cut_install();
    record_the_story(place);
    size_t boundary_count = power_cut_boundary(told.disk) + 1;
    assert_true(boundary_count > 10 * (size_t)STORY_STEP_COUNT); /* the disk was looked at */
    uint64_t seeds = campaign_size("TRADEWIND_POWER_SEEDS", 0);
    size_t stride = seeds == 0 ? boundary_count / SAMPLE_SIZE + 1 : 1;
    for (size_t boundary = 0; boundary < boundary_count; boundary += stride) {
        for (uint64_t seed = 1; seed <= (seeds == 0 ? 1 : seeds); seed++)
            cut_twice(place, boundary, seed);
    }
    power_cut_free(told.disk);
    power_cut_remove();
    print_message("%" PRIu64 " power cuts at %zu boundaries, every %zu of them; %" PRIu64
                  " left more than was promised\n",
                  told.cuts, boundary_count, stride, told.kept_more);
}

/* ---- bringing an older file up to date ---- */

enum { OLD_TRADE_COUNT = 500 };

static void make_old_file(const test_place *place) {
    tw_store *store = open_writer(place);
    for (uint64_t i = 1; i <= OLD_TRADE_COUNT; i++) {
        tw_trade trade = trade_at(place, (int64_t)i, i);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    }
    commit(store, TW_STORE_FULL);
    close_store(store);
    make_older(place, 1);
    tamper(place->path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* It is old or new, and in either case whole: a reader sees so, and a writer brings it up again. */
static void check_version(const test_place *place, size_t boundary, uint64_t seed, bool *ret_old) {
    tw_store_description description = {0};
    for (int mode = TW_STORE_READ; mode <= TW_STORE_WRITE; mode++) {
        tw_store *store = open_with(place, (tw_store_config){.mode = (uint8_t)mode});
        tw_error error = {0};
        if (tw_store_verify(store, &error) != TW_OK)
            fail_msg("cut at %zu, seed %" PRIu64 ": %s", boundary, seed, error.message);
        assert_int_equal(rows(store, TW_STORE_TRADES), OLD_TRADE_COUNT);
        assert_int_equal(rows(store, TW_STORE_IMPORTS), 0);
        assert_int_equal(tw_store_describe(store, &description, NULL), TW_OK);
        *ret_old |= description.schema_version == 1;
        close_store(store);
    }
    assert_int_equal(description.schema_version, TW_STORE_VERSION);
}

static void test_a_power_cut_while_a_file_is_brought_up_leaves_the_old_one_or_the_new(
    void **state) {
    const test_place *place = *state;
    power_cut_install();
    make_old_file(place);
    power_cut *disk = power_cut_new(place->directory);
    close_store(open_writer(place));
    power_cut_stop(disk);
    uint64_t seeds = campaign_size("TRADEWIND_POWER_SEEDS", 4);
    size_t old = 0;
    size_t cuts = 0;
    for (size_t boundary = 0; boundary <= power_cut_boundary(disk); boundary++) {
        for (uint64_t seed = 1; seed <= seeds; seed++, cuts++) {
            bool was_old = false;
            power_cut_restore(disk, boundary, seed);
            check_version(place, boundary, seed, &was_old);
            old += was_old;
        }
    }
    assert_true(old > 0 && old < cuts); /* both were met */
    print_message("%zu power cuts, of which %zu left the old file\n", cuts, old);
    power_cut_free(disk);
    power_cut_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_power_cut_anywhere_leaves_every_acknowledged_batch_and_only_whole_ones),
        IN_PLACE(test_a_power_cut_while_a_file_is_brought_up_leaves_the_old_one_or_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
