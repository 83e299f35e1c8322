/* test_book_sync.c - the rules of the synchroniser and each edge of its states, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "sync_desk.h"

/* A live desk at 100. */
static desk *open_live(void) {
    desk *made = open_usual();
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    return made;
}

static void go_stale(desk *made) {
    expect(made, range(made, 200, 201, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_GAP,
           TW_BOOK_SYNC_STALE);
}

/* ---- creation ------------------------------------------------------------------------------ */

static void counts_and_kinds_outside_their_range_are_refused(void **state) {
    (void)state;
    desk *made = open_usual();
    const tw_book_sync_config bad[] = {
        {.symbol_count_max = 0},
        {.symbol_count_max = TW_BOOK_COUNT_MAX + 1},
        {.symbol_count_max = 1, .update_count_max = TW_BOOK_COUNT_MAX + 1},
        {.symbol_count_max = 1, .level_count_max = TW_BOOK_COUNT_MAX + 1},
        {.symbol_count_max = 1, .numbering = TW_BOOK_SYNC_UNNUMBERED + 1},
        {.symbol_count_max = 1, .checksum = TW_BOOK_CHECKSUM_IGNORED + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_book_sync *sync = NULL;
        assert_int_equal(tw_book_sync_new(NULL, &bad[i], made->book, &sync), TW_INVALID);
        assert_null(sync);
    }
    close_desk(made);
    tw_book_sync_free(NULL);
}

static tw_status make_and_use(const tw_allocator *allocator, void *context) {
    tw_book_sync *sync = NULL;
    tw_status status = tw_book_sync_new(allocator, &usual, context, &sync);
    if (status != TW_OK)
        return status;
    tw_level level = level_of(BID, 10, 1);
    tw_depth_update update = {.first_id = 1, .last_id = 1, .levels = &level, .level_count = 1};
    assert_int_equal(tw_book_sync_apply(sync, &update, NULL), TW_STATE);
    tw_book_sync_free(sync);
    return TW_OK;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    desk *made = open_usual();
    assert_survives_failed_allocations(make_and_use, made->book);
    close_desk(made);
}

/* ---- states -------------------------------------------------------------------------------- */

static void a_symbol_is_unsynced_until_something_comes(void **state) {
    (void)state;
    desk *made = open_usual();
    assert_int_equal(tw_book_sync_state_of(made->sync, 2), TW_BOOK_SYNC_UNSYNCED);
    const tw_book *book = NULL;
    assert_int_equal(tw_book_sync_book(made->sync, 2, &book), TW_EMPTY);
    assert_null(book);
    close_desk(made);
}

static void a_snapshot_makes_an_unsynced_symbol_live(void **state) {
    (void)state;
    desk *made = open_live();
    assert_int_equal(made->result.last_id, 100);
    assert_int_equal(quantity_at(made, BID, 10), 5);
    assert_int_equal(quantity_at(made, ASK, 20), 5);
    const tw_book *book = NULL;
    assert_int_equal(tw_book_sync_book(made->sync, 0, &book), TW_OK);
    assert_ptr_equal(book, made->book);
    close_desk(made);
}

static void the_first_change_asks_for_a_snapshot_and_the_next_ones_wait(void **state) {
    (void)state;
    desk *made = open_usual();
    expect(made, range(made, 101, 101, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_BUFFERING);
    expect(made, range(made, 102, 103, level_of(BID, 12, 1)), TW_EMPTY, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_BUFFERING);
    uint32_t updates = 0;
    uint32_t levels = 0;
    tw_book_sync_waiting(made->sync, &updates, &levels);
    assert_int_equal(updates, 2);
    assert_int_equal(levels, 2);
    assert_true(is_empty(made, 0)); /* nothing of them is to be seen */
    const tw_book *book = NULL;
    assert_int_equal(tw_book_sync_book(made->sync, 0, &book), TW_EMPTY);
    close_desk(made);
}

static void a_snapshot_drops_what_it_holds_and_applies_the_rest_in_order(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, range(made, 98, 99, level_of(BID, 10, 77)));
    (void)!give(made, range(made, 100, 102, level_of(BID, 12, 1))); /* U <= L + 1 <= u */
    (void)!give(made, range(made, 103, 103, level_of(BID, 12, 2)));
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.dropped_count, 1);
    assert_int_equal(made->result.replayed_count, 2);
    assert_int_equal(made->result.last_id, 103);
    assert_int_equal(quantity_at(made, BID, 10), 5);
    assert_int_equal(quantity_at(made, BID, 12), 2);
    uint32_t updates = 9;
    tw_book_sync_waiting(made->sync, &updates, NULL);
    assert_int_equal(updates, 0);
    assert_int_equal(counts_of(made).old, 1);
    assert_int_equal(counts_of(made).applied, 2);
    assert_int_equal(counts_of(made).buffered, 3);
    close_desk(made);
}

static void a_snapshot_newer_than_all_that_waits_drops_all_of_it(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, range(made, 98, 99, level_of(BID, 10, 77)));
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.dropped_count, 1);
    assert_int_equal(made->result.last_id, 100);
    close_desk(made);
}

static void a_snapshot_too_old_for_what_waits_changes_nothing_and_asks_again(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, range(made, 102, 103, level_of(BID, 12, 1)));
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD,
           TW_BOOK_SYNC_BUFFERING);
    assert_true(is_empty(made, 0));
    expect(made, range(made, 104, 104, level_of(BID, 13, 1)), TW_EMPTY, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_BUFFERING);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.replayed_count, 2);
    assert_int_equal(counts_of(made).snapshots_old, 1);
    close_desk(made);
}

static void a_gap_among_what_waited_leaves_the_rest_waiting(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, range(made, 101, 101, level_of(BID, 11, 1)));
    (void)!give(made, range(made, 103, 103, level_of(BID, 13, 1)));
    (void)!give(made, range(made, 104, 104, level_of(BID, 14, 1)));
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_GAP, TW_BOOK_SYNC_STALE);
    assert_int_equal(made->result.missing_first, 102);
    assert_int_equal(made->result.missing_last, 102);
    assert_int_equal(made->result.replayed_count, 1);
    uint32_t updates = 0;
    tw_book_sync_waiting(made->sync, &updates, NULL);
    assert_int_equal(updates, 2);
    expect(made, snapshot_of(made, 102), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.replayed_count, 2);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    assert_int_equal(quantity_at(made, BID, 14), 1);
    close_desk(made);
}

static void a_gap_makes_stale_says_what_is_missing_and_the_change_waits(void **state) {
    (void)state;
    desk *made = open_live();
    go_stale(made);
    assert_int_equal(made->result.missing_first, 101);
    assert_int_equal(made->result.missing_last, 199);
    assert_int_equal(made->result.last_id, 0);
    const tw_book *book = NULL;
    assert_int_equal(tw_book_sync_book(made->sync, 0, &book), TW_STATE);
    assert_true(is_empty(made, 0)); /* also for who does not ask */
    expect(made, range(made, 202, 202, level_of(BID, 12, 1)), TW_EMPTY, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 150), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 199), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.last_id, 202);
    assert_int_equal(quantity_at(made, BID, 11), 1);
    assert_int_equal(quantity_at(made, BID, 12), 1);
    close_desk(made);
}

static void a_stale_book_is_kept_to_look_at_if_wanted(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.keep_stale = true;
    desk *made = open_desk(&config, 100);
    (void)!give(made, snapshot_of(made, 100));
    go_stale(made);
    assert_int_equal(quantity_at(made, BID, 10), 5);
    assert_int_equal(quantity_at(made, BID, 11), 0); /* as it was before the gap */
    const tw_book *book = NULL;
    assert_int_equal(tw_book_sync_book(made->sync, 0, &book), TW_STATE);
    expect(made, snapshot_of(made, 300), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_live_book_takes_a_newer_snapshot_and_ignores_an_older(void **state) {
    (void)state;
    desk *made = open_live();
    (void)!give(made, range(made, 101, 105, level_of(BID, 11, 1)));
    expect(made, snapshot_of(made, 104), TW_OK, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 1);
    expect(made, snapshot_of(made, 105), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    expect(made, snapshot_of(made, 110), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 106, 109, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_OLD,
           TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_reset_symbol_begins_anew_from_any_state(void **state) {
    (void)state;
    desk *made = open_live();
    tw_book_sync_reset(made->sync, 0);
    assert_int_equal(tw_book_sync_state_of(made->sync, 0), TW_BOOK_SYNC_UNSYNCED);
    assert_true(is_empty(made, 0));
    (void)!give(made, range(made, 7, 8, level_of(BID, 11, 1))); /* buffering, numbers anew */
    tw_book_sync_reset(made->sync, 0);
    uint32_t updates = 9;
    tw_book_sync_waiting(made->sync, &updates, NULL);
    assert_int_equal(updates, 0);
    expect(made, snapshot_of(made, 3), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    go_stale(made);
    tw_book_sync_reset(made->sync, 0);
    /* another numbering is no contradiction now */
    (void)!give(made, snapshot_of(made, 5));
    expect(made, chained(made, 5, 6, 7, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    assert_int_equal(counts_of(made).gaps, 1);
    tw_book_sync_reset(made->sync, 1); /* never used */
    close_desk(made);
}

static void what_a_book_had_of_a_symbol_before_is_gone(void **state) {
    (void)state;
    desk *made = open_usual();
    const tw_quote top = {.bid_price.nano = 3, .bid_size.nano = 4};
    assert_int_equal(tw_book_set_top(made->book, &top), TW_OK);
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 3), 0);
    close_desk(made);
}

/* ---- numbers: RANGE ------------------------------------------------------------------------ */

static void changes_follow_one_another_without_a_hole(void **state) {
    (void)state;
    desk *made = open_live();
    expect(made, range(made, 101, 103, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.last_id, 103);
    expect(made, range(made, 104, 104, level_of(BID, 11, 0)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    expect(made, range(made, 106, 106, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_GAP,
           TW_BOOK_SYNC_STALE);
    assert_int_equal(made->result.missing_first, 105);
    assert_int_equal(made->result.missing_last, 105);
    close_desk(made);
}

static void the_first_change_may_begin_before_the_snapshot_later_ones_may_not(void **state) {
    (void)state;
    desk *made = open_live();
    expect(made, range(made, 99, 100, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_OLD,
           TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 95, 101, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 101, 102, level_of(BID, 12, 1)), TW_STATE, TW_BOOK_SYNC_DISORDER,
           TW_BOOK_SYNC_STALE);
    assert_int_equal(counts_of(made).disorders, 1);
    /* it waits like one behind a gap */
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 12), 1);
    close_desk(made);
}

static void the_last_one_again_is_a_duplicate_and_older_ones_are_late(void **state) {
    (void)state;
    desk *made = open_live();
    (void)!give(made, range(made, 101, 103, level_of(BID, 11, 1)));
    (void)!give(made, range(made, 104, 106, level_of(BID, 11, 2)));
    expect(made, range(made, 104, 106, level_of(BID, 11, 9)), TW_OK, TW_BOOK_SYNC_DUPLICATE,
           TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 101, 103, level_of(BID, 11, 9)), TW_OK, TW_BOOK_SYNC_LATE,
           TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 105, 106, level_of(BID, 11, 9)), TW_OK, TW_BOOK_SYNC_LATE,
           TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 2);
    assert_int_equal(made->result.last_id, 106);
    assert_int_equal(counts_of(made).duplicates, 1);
    assert_int_equal(counts_of(made).late, 2);
    close_desk(made);
}

/* ---- numbers: PREVIOUS --------------------------------------------------------------------- */

static void chained_changes_follow_by_the_number_before(void **state) {
    (void)state;
    desk *made = open_live();
    expect(made, chained(made, 90, 95, 120, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE); /* the first: pu <= L < u */
    expect(made, chained(made, 120, 150, 160, level_of(BID, 12, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE); /* 121 to 149 are of other symbols */
    expect(made, chained(made, 170, 171, 180, level_of(BID, 13, 1)), TW_STATE, TW_BOOK_SYNC_GAP,
           TW_BOOK_SYNC_STALE);
    assert_int_equal(made->result.missing_first, 161);
    assert_int_equal(made->result.missing_last, 170);
    expect(made, snapshot_of(made, 169), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 170), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.last_id, 180);
    close_desk(made);
}

static void a_snapshot_between_two_chained_changes_joins_them(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, chained(made, 80, 85, 90, level_of(BID, 11, 1)));
    (void)!give(made, chained(made, 90, 140, 150, level_of(BID, 12, 1)));
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.dropped_count, 1);
    assert_int_equal(made->result.replayed_count, 1);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    close_desk(made);
}

static void chained_changes_that_overlap_or_repeat_are_seen(void **state) {
    (void)state;
    desk *made = open_live();
    (void)!give(made, chained(made, 100, 101, 120, level_of(BID, 11, 1)));
    expect(made, chained(made, 100, 101, 120, level_of(BID, 11, 9)), TW_OK, TW_BOOK_SYNC_DUPLICATE,
           TW_BOOK_SYNC_LIVE);
    expect(made, chained(made, 100, 101, 110, level_of(BID, 11, 9)), TW_OK, TW_BOOK_SYNC_LATE,
           TW_BOOK_SYNC_LIVE);
    expect(made, chained(made, 110, 115, 130, level_of(BID, 11, 9)), TW_STATE,
           TW_BOOK_SYNC_DISORDER, TW_BOOK_SYNC_STALE);
    close_desk(made);
}

/* OKX: a message of nothing has seqId == prevSeqId; after maintenance seqId falls. */
static void a_chain_may_stand_still_or_begin_anew(void **state) {
    (void)state;
    desk *made = open_live();
    (void)!give(made, chained(made, 190, 0, 191, level_of(BID, 11, 1))); /* a gap at 100 */
    (void)!give(made, snapshot_of(made, 200));
    tw_depth_update nothing = {.last_id = 200, .previous_id = 200};
    expect(made, nothing, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    expect(made, chained(made, 200, 0, 210, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    expect(made, chained(made, 210, 0, 3, level_of(BID, 11, 2)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    expect(made, chained(made, 3, 0, 5, level_of(BID, 11, 3)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 3);
    assert_int_equal(made->result.last_id, 5);
    /* the numbers of before are forgotten: a snapshot of the new ones is not too old */
    (void)!give(made, chained(made, 7, 0, 8, level_of(BID, 11, 4)));
    expect(made, snapshot_of(made, 7), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

/* ---- numbers: none ------------------------------------------------------------------------- */

static void changes_without_numbers_before_a_snapshot_are_dropped(void **state) {
    (void)state;
    desk *made = open_usual();
    expect(made, unnumbered(made, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_EARLY,
           TW_BOOK_SYNC_UNSYNCED);
    expect(made, unnumbered(made, level_of(BID, 11, 1)), TW_EMPTY, TW_BOOK_SYNC_EARLY,
           TW_BOOK_SYNC_UNSYNCED);
    expect(made, snapshot_of(made, 0), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    expect(made, unnumbered(made, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    expect(made, unnumbered(made, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE); /* totals are absolute: once more does nothing */
    assert_int_equal(quantity_at(made, BID, 11), 1);
    assert_int_equal(made->result.last_id, 0);
    assert_int_equal(counts_of(made).early, 2);
    close_desk(made);
}

static void a_snapshot_without_numbers_always_begins_anew(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, snapshot_of(made, 0));
    (void)!give(made, unnumbered(made, level_of(BID, 11, 1)));
    expect(made, snapshot_of(made, 0), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(quantity_at(made, BID, 11), 0);
    /* a number that only a snapshot has means nothing */
    expect(made, snapshot_of(made, 50), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.last_id, 0);
    expect(made, snapshot_of(made, 40), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
    made = open_usual(); /* also when it was refused before that was known */
    (void)!give(made, snapshot_of(made, 50));
    (void)!give(made, unnumbered(made, level_of(TW_SIDE_NONE, 11, 1)));
    (void)!give(made, unnumbered(made, level_of(BID, 11, 1)));
    expect(made, snapshot_of(made, 0), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

/* ---- numbers that make no sense ------------------------------------------------------------ */

static void numbers_that_are_missing_or_upside_down_are_refused(void **state) {
    (void)state;
    desk *made = open_usual();
    const tw_level level = level_of(BID, 11, 1);
    expect_refused(made, range(made, 0, 5, level), TW_BOOK_SYNC_BAD_NUMBERS, TW_BOOK_SYNC_UNSYNCED);
    expect_refused(made, range(made, 5, 0, level), TW_BOOK_SYNC_BAD_NUMBERS, TW_BOOK_SYNC_UNSYNCED);
    expect_refused(made, range(made, 6, 5, level), TW_BOOK_SYNC_BAD_NUMBERS, TW_BOOK_SYNC_UNSYNCED);
    expect_refused(made, chained(made, 4, 6, 5, level), TW_BOOK_SYNC_BAD_NUMBERS,
                   TW_BOOK_SYNC_UNSYNCED);
    expect_refused(made, chained(made, 4, 0, 0, level), TW_BOOK_SYNC_BAD_NUMBERS,
                   TW_BOOK_SYNC_UNSYNCED);
    (void)!give(made, range(made, 101, 101, level));
    expect_refused(made, snapshot_of(made, 0), TW_BOOK_SYNC_BAD_NUMBERS, TW_BOOK_SYNC_BUFFERING);
    assert_int_equal(counts_of(made).refused, 6);
    close_desk(made);
}

static void a_symbol_keeps_its_numbering(void **state) {
    (void)state;
    desk *made = open_live();
    const tw_level level = level_of(BID, 11, 1);
    (void)!give(made, range(made, 101, 101, level));
    expect_refused(made, unnumbered(made, level), TW_BOOK_SYNC_BAD_NUMBERING, TW_BOOK_SYNC_STALE);
    assert_true(is_empty(made, 0)); /* what it said is not known, so the book is not right */
    (void)!give(made, snapshot_of(made, 102));
    expect_refused(made, chained(made, 102, 103, 104, level), TW_BOOK_SYNC_BAD_NUMBERING,
                   TW_BOOK_SYNC_STALE);
    close_desk(made);
}

static void a_configured_numbering_is_the_only_one(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.numbering = TW_BOOK_SYNC_PREVIOUS;
    desk *made = open_desk(&config, 100);
    expect_refused(made, range(made, 1, 1, level_of(BID, 11, 1)), TW_BOOK_SYNC_BAD_NUMBERING,
                   TW_BOOK_SYNC_UNSYNCED);
    expect_refused(made, snapshot_of(made, 0), TW_BOOK_SYNC_BAD_NUMBERS, TW_BOOK_SYNC_UNSYNCED);
    tw_book_sync_reset(made->sync, 0);
    expect_refused(made, range(made, 1, 1, level_of(BID, 11, 1)), TW_BOOK_SYNC_BAD_NUMBERING,
                   TW_BOOK_SYNC_UNSYNCED);
    close_desk(made);
}

static void numbered_changes_do_not_follow_a_snapshot_without_a_number(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, snapshot_of(made, 0));
    expect_refused(made, range(made, 1, 1, level_of(BID, 11, 1)), TW_BOOK_SYNC_BAD_NUMBERING,
                   TW_BOOK_SYNC_STALE);
    close_desk(made);
}

/* A book that stands still because all that comes is "old" must not pass for a quiet one. */
static void numbers_that_stay_below_are_disorder_in_the_end(void **state) {
    (void)state;
    desk *made = open_live();
    for (int i = 0; i < TW_BOOK_SYNC_IDLE_MAX; i++)
        expect(made, range(made, 1, 2, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_OLD,
               TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 3, 4, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_DISORDER,
           TW_BOOK_SYNC_STALE);
    expect(made, range(made, 5, 5, level_of(BID, 12, 1)), TW_EMPTY, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_STALE);
    /* any snapshot will do that joins: what was known of the old numbers is forgotten */
    expect(made, snapshot_of(made, 4), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.last_id, 5);
    for (int i = 0; i < TW_BOOK_SYNC_IDLE_MAX; i++)
        (void)!give(made, range(made, 1, 2, level_of(BID, 11, 1)));
    expect(made, range(made, 6, 6, level_of(BID, 12, 2)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE); /* that one was in time: the count begins anew */
    expect(made, range(made, 1, 2, level_of(BID, 11, 1)), TW_OK, TW_BOOK_SYNC_OLD,
           TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_number_at_the_end_of_the_range_is_one_like_others(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, snapshot_of(made, UINT64_MAX - 1));
    expect(made, range(made, UINT64_MAX, UINT64_MAX, level_of(BID, 11, 1)), TW_OK,
           TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    expect(made, range(made, UINT64_MAX, UINT64_MAX, level_of(BID, 11, 1)), TW_OK,
           TW_BOOK_SYNC_DUPLICATE, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

/* ---- updates that make no sense ------------------------------------------------------------ */

static void levels_that_no_book_has_are_refused_before_anything_is_written(void **state) {
    (void)state;
    const tw_level bad[] = {
        {.price.nano = 11, .quantity.nano = 1, .side = TW_SIDE_NONE},
        {.price.nano = 11, .quantity.nano = 1, .side = 3},
        {.price.nano = 11, .quantity.nano = -1, .side = BID},
        {.price.nano = 11, .quantity.nano = 1, .side = BID, .symbol = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        desk *made = open_live();
        tw_depth_update update = range(made, 101, 101, level_of(BID, 12, 1));
        made->levels[1] = bad[i];
        update.level_count = 2;
        expect_refused(made, update, i == 3 ? TW_BOOK_SYNC_BAD_SYMBOL : TW_BOOK_SYNC_BAD_LEVEL,
                       TW_BOOK_SYNC_STALE);
        expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
        close_desk(made);
    }
}

/* The book has its own rule for prices, which shows only when the level is written. */
static void an_update_that_fails_half_way_leaves_nothing_of_itself(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.keep_stale = true;
    desk *made = open_desk(&config, 100);
    (void)!give(made, snapshot_of(made, 100));
    tw_depth_update update = range(made, 101, 101, level_of(BID, 12, 1));
    made->levels[1] = level_of(BID, 0, 1);
    update.level_count = 2;
    expect_refused(made, update, TW_BOOK_SYNC_BAD_LEVEL, TW_BOOK_SYNC_STALE);
    assert_true(is_empty(made, 0));
    /* lost with that number: a snapshot must be as new */
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_symbol_outside_of_the_count_is_refused_and_counted(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update update = snapshot_of(made, 1);
    update.symbol = SYMBOLS;
    assert_int_equal(give(made, update), TW_INVALID);
    assert_int_equal(made->result.reason, TW_BOOK_SYNC_BAD_SYMBOL);
    assert_int_equal(counts_of(made).updates, 1);
    assert_int_equal(counts_of(made).refused, 1);
    tw_book_sync_counts counts;
    tw_book_sync_counts_of(made->sync, 0, &counts);
    assert_int_equal(counts.updates, 0);
    close_desk(made);
}

static void a_symbol_that_the_book_does_not_have_is_refused(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.symbol_count_max = SYMBOLS + 1;
    desk *made = open_desk(&config, 100);
    tw_depth_update update = {.symbol = SYMBOLS, .snapshot = 1};
    expect_refused(made, update, TW_BOOK_SYNC_BAD_BOOK, TW_BOOK_SYNC_UNSYNCED);
    close_desk(made);
}

static void symbols_do_not_disturb_one_another(void **state) {
    (void)state;
    desk *made = open_live();
    tw_depth_update other = range(made, 7, 9, level_of(BID, 11, 1));
    other.symbol = made->levels[0].symbol = 2;
    expect(made, other, TW_STATE, TW_BOOK_SYNC_BUFFERED, TW_BOOK_SYNC_BUFFERING);
    assert_int_equal(tw_book_sync_state_of(made->sync, 0), TW_BOOK_SYNC_LIVE);
    go_stale(made);
    tw_depth_update snapshot = snapshot_of(made, 8);
    snapshot.symbol = made->levels[0].symbol = made->levels[1].symbol = 2;
    expect(made, snapshot, TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.replayed_count, 1);
    assert_int_equal(tw_book_sync_state_of(made->sync, 0), TW_BOOK_SYNC_STALE);
    close_desk(made);
}

static void the_removal_of_a_level_that_is_not_there_is_normal(void **state) {
    (void)state;
    desk *made = open_live();
    expect(made, range(made, 101, 101, level_of(BID, 3, 0)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_crossed_book_is_counted_and_kept(void **state) {
    (void)state;
    desk *made = open_live();
    expect(made, range(made, 101, 101, level_of(BID, 21, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 102, 102, level_of(BID, 20, 1)), TW_OK, TW_BOOK_SYNC_APPLIED,
           TW_BOOK_SYNC_LIVE);
    (void)!give(made, range(made, 103, 103, level_of(BID, 21, 0)));
    assert_int_equal(counts_of(made).crossed, 2); /* locked is not crossed */
    close_desk(made);
}

static void the_time_of_the_book_is_that_of_the_update(void **state) {
    (void)state;
    desk *made = open_live();
    tw_quote best;
    tw_book_best(made->book, 0, &best);
    assert_int_equal(best.time_ns, 100); /* not the 0 of its last level */
    tw_level levels[1];
    tw_level level = level_of(BID, 12, 1);
    level.time_ns = 77;
    (void)!give(made, range(made, 101, 101, level));
    assert_int_equal(tw_book_depth(made->book, 0, BID, levels, 1), 1);
    assert_int_equal(levels[0].time_ns, 77);
    go_stale(made);
    level.time_ns = 78; /* and of one that waited */
    (void)!give(made, range(made, 202, 202, level));
    (void)!give(made, snapshot_of(made, 201));
    assert_int_equal(tw_book_depth(made->book, 0, BID, levels, 1), 1);
    assert_int_equal(levels[0].time_ns, 78);
    close_desk(made);
}

static void marks_of_levels_do_nothing(void **state) {
    (void)state;
    desk *made = open_live();
    tw_level level = level_of(BID, 12, 1);
    level.clear = 1;
    (void)!give(made, range(made, 101, 101, level));
    assert_int_equal(quantity_at(made, BID, 10), 5);
    close_desk(made);
}

/* ---- limits -------------------------------------------------------------------------------- */

static void at_the_limit_of_updates_the_oldest_go_and_a_newer_snapshot_is_needed(void **state) {
    (void)state;
    desk *made = open_usual();
    for (uint64_t id = 101; id <= 108; id++)
        (void)!give(made, range(made, id, id, level_of(BID, (int64_t)id, 1)));
    assert_int_equal(counts_of(made).overflowed, 0);
    expect(made, range(made, 109, 109, level_of(BID, 109, 1)), TW_EMPTY, TW_BOOK_SYNC_BUFFERED,
           TW_BOOK_SYNC_BUFFERING);
    assert_int_equal(made->result.dropped_count, 1);
    assert_int_equal(counts_of(made).overflowed, 1);
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD,
           TW_BOOK_SYNC_BUFFERING);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(made->result.replayed_count, 8);
    close_desk(made);
}

static void at_the_limit_of_levels_as_many_go_as_are_needed(void **state) {
    (void)state;
    desk *made = open_usual();
    for (uint64_t id = 101; id <= 104; id++) { /* four levels each: all sixteen */
        tw_depth_update update = range(made, id, id, level_of(BID, 11, 1));
        for (size_t i = 1; i < 4; i++)
            made->levels[i] = level_of(BID, 11 + (int64_t)i, 1);
        update.level_count = 4;
        (void)!give(made, update);
    }
    tw_depth_update update = range(made, 105, 105, level_of(BID, 30, 1));
    for (size_t i = 1; i < 5; i++)
        made->levels[i] = level_of(BID, 30 + (int64_t)i, 1);
    update.level_count = 5;
    (void)!give(made, update);
    assert_int_equal(made->result.dropped_count, 2);
    uint32_t levels = 0;
    tw_book_sync_waiting(made->sync, NULL, &levels);
    assert_int_equal(levels, 13);
    close_desk(made);
}

static void the_oldest_may_be_of_another_symbol(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update other = range(made, 50, 51, level_of(BID, 11, 1));
    other.symbol = made->levels[0].symbol = 1;
    (void)!give(made, other);
    for (uint64_t id = 101; id <= 108; id++)
        (void)!give(made, range(made, id, id, level_of(BID, (int64_t)id, 1)));
    tw_book_sync_counts counts;
    tw_book_sync_counts_of(made->sync, 1, &counts);
    assert_int_equal(counts.overflowed, 1);
    /* nothing of it waits now, but it is known that something was lost */
    tw_depth_update snapshot = snapshot_of(made, 50);
    snapshot.symbol = made->levels[0].symbol = made->levels[1].symbol = 1;
    expect(made, snapshot, TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_BUFFERING);
    snapshot.last_id = 51;
    expect(made, snapshot, TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void an_update_larger_than_all_room_is_dropped_and_known_to_be_lost(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, range(made, 100, 100, level_of(BID, 11, 1)));
    tw_depth_update update = range(made, 101, 101, level_of(BID, 11, 1));
    for (size_t i = 1; i < 17; i++)
        made->levels[i] = level_of(BID, 11 + (int64_t)i, 1);
    update.level_count = 17;
    expect(made, update, TW_EMPTY, TW_BOOK_SYNC_OVERFLOWED, TW_BOOK_SYNC_BUFFERING);
    uint32_t updates = 0;
    tw_book_sync_waiting(made->sync, &updates, NULL);
    assert_int_equal(updates, 1); /* for nothing, others need not go */
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD,
           TW_BOOK_SYNC_BUFFERING);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void without_room_to_wait_only_a_snapshot_in_time_helps(void **state) {
    (void)state;
    const tw_book_sync_config config = {.symbol_count_max = 1};
    desk *made = open_desk(&config, 100);
    expect(made, range(made, 101, 101, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_OVERFLOWED,
           TW_BOOK_SYNC_BUFFERING);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    expect(made, range(made, 103, 103, level_of(BID, 11, 1)), TW_STATE, TW_BOOK_SYNC_GAP,
           TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 102), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_STALE);
    close_desk(made);
}

static void a_snapshot_without_room_in_the_book_leaves_it_stale_and_empty(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.keep_stale = true;
    desk *made = open_desk(&config, 3);
    expect(made, snapshot_of(made, 100), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    tw_depth_update larger = snapshot_of(made, 200);
    made->levels[2] = level_of(ASK, 21, 5);
    made->levels[3] = level_of(ASK, 22, 5);
    larger.level_count = 4;
    expect(made, larger, TW_FULL, TW_BOOK_SYNC_NO_ROOM, TW_BOOK_SYNC_STALE);
    assert_true(is_empty(made, 0)); /* neither half of the new one nor the old one */
    assert_int_equal(counts_of(made).no_room, 1);
    larger.level_count = 3;
    expect(made, larger, TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE); /* its own room counts */
    expect(made, range(made, 201, 201, level_of(BID, 9, 1)), TW_FULL, TW_BOOK_SYNC_NO_ROOM,
           TW_BOOK_SYNC_STALE);
    assert_true(is_empty(made, 0));
    close_desk(made);
}

static void levels_beyond_the_depth_fall_off_when_the_update_is_whole(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update snapshot = snapshot_of(made, 0);
    snapshot.depth_max = 2;
    for (size_t i = 0; i < 4; i++)
        made->levels[i] = level_of(i < 3 ? BID : ASK, i < 3 ? 10 + (int64_t)i : 20, 5);
    snapshot.level_count = 4;
    (void)!give(made, snapshot);
    assert_int_equal(quantity_at(made, BID, 10), 0);
    assert_int_equal(quantity_at(made, BID, 11), 5);
    tw_depth_update update = unnumbered(made, level_of(BID, 13, 1));
    made->levels[1] = level_of(BID, 12, 0); /* makes room again within the update */
    update.level_count = 2;
    update.depth_max = 2;
    (void)!give(made, update);
    assert_int_equal(quantity_at(made, BID, 13), 1);
    assert_int_equal(quantity_at(made, BID, 11), 5);
    assert_int_equal(counts_of(made).cut_levels, 1);
    update = unnumbered(made, level_of(ASK, 18, 1));
    made->levels[1] = level_of(ASK, 19, 1);
    made->levels[2] = level_of(ASK, 17, 1);
    update.level_count = 3;
    update.depth_max = 2;
    (void)!give(made, update);
    assert_int_equal(quantity_at(made, ASK, 17), 1);
    assert_int_equal(quantity_at(made, ASK, 18), 1);
    assert_int_equal(quantity_at(made, ASK, 19) + quantity_at(made, ASK, 20), 0);
    assert_int_equal(counts_of(made).cut_levels, 3);
    close_desk(made);
}

/* ---- words --------------------------------------------------------------------------------- */

static void every_state_outcome_and_reason_has_a_name(void **state) {
    (void)state;
    assert_string_equal(tw_book_sync_state_name(TW_BOOK_SYNC_UNSYNCED), "unsynced");
    assert_string_equal(tw_book_sync_state_name(TW_BOOK_SYNC_STALE), "stale");
    assert_string_equal(tw_book_sync_outcome_name(TW_BOOK_SYNC_APPLIED), "applied");
    assert_string_equal(tw_book_sync_outcome_name(TW_BOOK_SYNC_GAP), "gap");
    assert_string_equal(tw_book_sync_outcome_name(TW_BOOK_SYNC_REFUSED), "refused");
    assert_string_equal(tw_book_sync_reason_name(TW_BOOK_SYNC_FINE), "fine");
    assert_string_equal(tw_book_sync_reason_name(TW_BOOK_SYNC_BAD_BOOK), "bad_book");
    assert_string_equal(tw_book_sync_state_name((tw_book_sync_state)4), "?");
    assert_string_equal(tw_book_sync_outcome_name((tw_book_sync_outcome)14), "?");
    assert_string_equal(tw_book_sync_reason_name((tw_book_sync_reason)7), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_kinds_outside_their_range_are_refused),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(a_symbol_is_unsynced_until_something_comes),
        cmocka_unit_test(a_snapshot_makes_an_unsynced_symbol_live),
        cmocka_unit_test(the_first_change_asks_for_a_snapshot_and_the_next_ones_wait),
        cmocka_unit_test(a_snapshot_drops_what_it_holds_and_applies_the_rest_in_order),
        cmocka_unit_test(a_snapshot_newer_than_all_that_waits_drops_all_of_it),
        cmocka_unit_test(a_snapshot_too_old_for_what_waits_changes_nothing_and_asks_again),
        cmocka_unit_test(a_gap_among_what_waited_leaves_the_rest_waiting),
        cmocka_unit_test(a_gap_makes_stale_says_what_is_missing_and_the_change_waits),
        cmocka_unit_test(a_stale_book_is_kept_to_look_at_if_wanted),
        cmocka_unit_test(a_live_book_takes_a_newer_snapshot_and_ignores_an_older),
        cmocka_unit_test(a_reset_symbol_begins_anew_from_any_state),
        cmocka_unit_test(what_a_book_had_of_a_symbol_before_is_gone),
        cmocka_unit_test(changes_follow_one_another_without_a_hole),
        cmocka_unit_test(the_first_change_may_begin_before_the_snapshot_later_ones_may_not),
        cmocka_unit_test(the_last_one_again_is_a_duplicate_and_older_ones_are_late),
        cmocka_unit_test(chained_changes_follow_by_the_number_before),
        cmocka_unit_test(a_snapshot_between_two_chained_changes_joins_them),
        cmocka_unit_test(chained_changes_that_overlap_or_repeat_are_seen),
        cmocka_unit_test(a_chain_may_stand_still_or_begin_anew),
        cmocka_unit_test(changes_without_numbers_before_a_snapshot_are_dropped),
        cmocka_unit_test(a_snapshot_without_numbers_always_begins_anew),
        cmocka_unit_test(numbers_that_are_missing_or_upside_down_are_refused),
        cmocka_unit_test(a_symbol_keeps_its_numbering),
        cmocka_unit_test(a_configured_numbering_is_the_only_one),
        cmocka_unit_test(numbered_changes_do_not_follow_a_snapshot_without_a_number),
        cmocka_unit_test(numbers_that_stay_below_are_disorder_in_the_end),
        cmocka_unit_test(a_number_at_the_end_of_the_range_is_one_like_others),
        cmocka_unit_test(levels_that_no_book_has_are_refused_before_anything_is_written),
        cmocka_unit_test(an_update_that_fails_half_way_leaves_nothing_of_itself),
        cmocka_unit_test(a_symbol_outside_of_the_count_is_refused_and_counted),
        cmocka_unit_test(a_symbol_that_the_book_does_not_have_is_refused),
        cmocka_unit_test(symbols_do_not_disturb_one_another),
        cmocka_unit_test(the_removal_of_a_level_that_is_not_there_is_normal),
        cmocka_unit_test(a_crossed_book_is_counted_and_kept),
        cmocka_unit_test(the_time_of_the_book_is_that_of_the_update),
        cmocka_unit_test(marks_of_levels_do_nothing),
        cmocka_unit_test(at_the_limit_of_updates_the_oldest_go_and_a_newer_snapshot_is_needed),
        cmocka_unit_test(at_the_limit_of_levels_as_many_go_as_are_needed),
        cmocka_unit_test(the_oldest_may_be_of_another_symbol),
        cmocka_unit_test(an_update_larger_than_all_room_is_dropped_and_known_to_be_lost),
        cmocka_unit_test(without_room_to_wait_only_a_snapshot_in_time_helps),
        cmocka_unit_test(a_snapshot_without_room_in_the_book_leaves_it_stale_and_empty),
        cmocka_unit_test(levels_beyond_the_depth_fall_off_when_the_update_is_whole),
        cmocka_unit_test(every_state_outcome_and_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
