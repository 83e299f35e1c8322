/*
 * golden_depth.c - books by level kept from recorded feeds of Kraken and Binance, held against what
 * the venues themselves say: checksums, chains of numbers, best quotes; then with messages lost,
 * repeated and swapped.
 *
 * What counts as noticed:
 *   Binance   Every lost change is a GAP at the next one, with exactly the missing numbers; of two
 *             that were swapped the first to come is a GAP; one that comes twice is a DUPLICATE
 *             when it is the last one again, else LATE, and does no harm. Nothing less is accepted.
 *   Kraken    No numbers; each change has a checksum of the ten best levels a side. As long as the
 *             book is LIVE its ten best are those of the true book, after every message that is not
 *             an old one. A fault is "noticed" (MISMATCH), "harmless" (the book at the end is
 *             the true one in all levels: totals are absolute, so repeating does nothing, and a
 *             later change of a level heals an earlier loss), or "hidden": below the tenth
 *             level, which no checksum of the venue covers. There is no fourth.
 * In all cases a snapshot taken afterwards makes the book right again, in every level.
 *
 * The data is looked for in the directory named by TRADEWIND_DATA; without it the test says that
 * it was skipped (status 77).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "depth_feed.h"

#define KRAKEN "orders/kraken/book1000_7pairs.jsonl.gz"
#define SPOT "orders/binance/spot_btcusdt_20240808.gz"
#define FUTURES "orders/binance/usdm_btcusdt_20240808.gz"
#define LEVEL_COUNT_MAX 60000
#define WINDOW 16
#define TOP 10 /* levels a side that Kraken's checksum covers */

static const char *data_directory;

static const tw_book_sync_config sync_config = {
    .symbol_count_max = DEPTH_FEED_SYMBOLS, .update_count_max = 1000, .level_count_max = 50000};

static void read_feed(depth_feed *feed, const char *name, tw_tape_format format) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", data_directory, name);
    depth_feed_read(feed, path, format);
}

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- the feeds as they were recorded --------------------------------------------------------- */

/* 7 pairs, 3,032 changes, each with a checksum that the venue made. */
static void every_checksum_of_kraken_is_that_of_our_book(void **state) {
    (void)state;
    depth_feed feed;
    read_feed(&feed, KRAKEN, TW_TAPE_KRAKEN);
    assert_int_equal(feed.counts.snapshots, 7);
    assert_int_equal(feed.counts.changes, 3032);
    assert_int_equal(feed.counts.other, 39); /* heartbeats and statuses, by grep */
    assert_int_equal(feed.counts.blank, 2);
    assert_int_equal(feed.counts.beyond, 1); /* XBT/CHF, 0.001 at 9,999,999,997 */
    depth_desk desk;
    depth_desk_open(&desk, &sync_config, LEVEL_COUNT_MAX);
    for (size_t i = 0; i < feed.count; i++)
        assert_int_equal(tw_book_sync_apply(desk.sync, &feed.messages[i].depth, NULL), TW_OK);
    tw_book_sync_counts counts;
    tw_book_sync_counts_of(desk.sync, TW_SYMBOL_NONE, &counts);
    assert_int_equal(counts.checksums, 3032);
    assert_int_equal(counts.mismatches, 0);
    assert_int_equal(counts.crossed, 0);
    print_message("counts: kraken: %llu of %llu checksums reproduced\n",
                  (unsigned long long)(counts.checksums - counts.mismatches),
                  (unsigned long long)counts.checksums);
    depth_desk_close(&desk);
    depth_feed_free(&feed);
}

/* The last best quote whose number is not above `last_id`; NULL: none. The venue sends one with
 * every change of the best prices and sizes, so this is what they are after change last_id. */
static const tw_tape_message *quote_at(const depth_feed *feed, size_t *at,
                                       const tw_tape_message *last, uint64_t last_id) {
    for (; *at < feed->count; ++*at) {
        const tw_tape_message *message = &feed->messages[*at];
        if (message->kind != TW_TAPE_MESSAGE_QUOTE)
            continue;
        if (message->update_id > last_id)
            break;
        last = message;
    }
    return last;
}

static bool same_best(const tw_book *book, const tw_quote *quote) {
    tw_quote best;
    tw_book_best(book, quote->symbol, &best);
    return best.bid_price.nano == quote->bid_price.nano &&
           best.ask_price.nano == quote->ask_price.nano &&
           best.bid_size.nano == quote->bid_size.nano && best.ask_size.nano == quote->ask_size.nano;
}

/* The whole of a file of Binance: in sync at its snapshot, no gap, and the best prices and sizes
 * those of bookTicker after each change. */
static void follow(const char *name, uint64_t change_count, uint64_t quote_count,
                   uint64_t trade_count, uint64_t held_by_snapshot) {
    depth_feed feed;
    read_feed(&feed, name, TW_TAPE_BINANCE);
    assert_int_equal(feed.counts.changes, change_count);
    assert_int_equal(feed.counts.snapshots, 1);
    assert_int_equal(feed.counts.quotes, quote_count);
    assert_int_equal(feed.counts.trades, trade_count);
    assert_int_equal(feed.counts.other + feed.counts.blank + feed.counts.bad, 0);
    depth_desk desk;
    depth_desk_open(&desk, &sync_config, LEVEL_COUNT_MAX);
    size_t at = 0;
    const tw_tape_message *quote = NULL;
    uint64_t compared = 0;
    uint64_t same = 0;
    for (size_t i = 0; i < feed.count; i++) {
        if (feed.messages[i].kind != TW_TAPE_MESSAGE_DEPTH)
            continue;
        tw_book_sync_result result;
        tw_status status = tw_book_sync_apply(desk.sync, &feed.messages[i].depth, &result);
        if (status != TW_OK)
            assert_int_equal(result.state, TW_BOOK_SYNC_BUFFERING);
        quote = quote_at(&feed, &at, quote, result.last_id);
        if (status != TW_OK || quote == NULL)
            continue;
        compared++;
        same += same_best(desk.book, &quote->quote);
    }
    tw_book_sync_counts counts;
    tw_book_sync_counts_of(desk.sync, TW_SYMBOL_NONE, &counts);
    assert_int_equal(counts.gaps + counts.disorders + counts.late + counts.duplicates, 0);
    assert_int_equal(counts.old, held_by_snapshot);
    assert_int_equal(counts.applied, change_count - held_by_snapshot);
    assert_int_equal(counts.crossed, 0);
    assert_int_equal(compared, same);
    assert_true(compared > 3000);
    print_message(
        "counts: %s: best prices and sizes are those of bookTicker at %llu of %llu changes\n", name,
        (unsigned long long)same, (unsigned long long)compared);
    depth_desk_close(&desk);
    depth_feed_free(&feed);
}

static void binance_spot_has_no_gap_and_our_best_is_the_venues(void **state) {
    (void)state;
    follow(SPOT, 3451, 28040, 9757, 2);
}

static void binance_futures_have_no_gap_and_our_best_is_the_venues(void **state) {
    (void)state;
    follow(FUTURES, 6551, 66089, 21313, 4);
}

/* ---- the feeds with faults ------------------------------------------------------------------- */

typedef enum fault { LOST, TWICE, SWAPPED } fault;

/* A window of one symbol's changes, and the order in which the faulty side is given them. */
typedef struct faulty_window {
    const tw_depth_update *changes[WINDOW];
    size_t order[WINDOW + 1];
    size_t count; /* of order */
    size_t at;    /* of the change that the fault befalls */
    size_t moved; /* TWICE: where it comes again in `order` */
    fault fault;
} faulty_window;

/* The changes at both ends stay as they are: nothing follows the last one that could tell. */
static void make_fault(faulty_window *window, uint64_t *seed) {
    window->fault = (fault)(next_random(seed) % 3);
    window->at = 1 + next_random(seed) % (WINDOW - 3);
    window->count = 0;
    for (size_t i = 0; i < WINDOW; i++) {
        if (i != window->at || window->fault != LOST)
            window->order[window->count++] = i;
    }
    if (window->fault == SWAPPED) {
        window->order[window->at] = window->at + 1;
        window->order[window->at + 1] = window->at;
    }
    if (window->fault == TWICE) {
        window->moved = window->at + 1 + next_random(seed) % 3;
        memmove(&window->order[window->moved + 1], &window->order[window->moved],
                (WINDOW - window->moved) * sizeof window->order[0]);
        window->order[window->moved] = window->at;
        window->count++;
    }
}

typedef struct fault_report {
    uint64_t faults[3];
    uint64_t noticed;
    uint64_t harmless;
    uint64_t hidden;
} fault_report;

typedef struct fault_bench {
    depth_desk truth;
    depth_desk faulty;
    tw_level *levels; /* of a snapshot */
    tw_level *older_levels;
    fault_report report;
} fault_bench;

static void open_bench(fault_bench *bench) {
    *bench = (fault_bench){0};
    depth_desk_open(&bench->truth, &sync_config, LEVEL_COUNT_MAX);
    depth_desk_open(&bench->faulty, &sync_config, LEVEL_COUNT_MAX);
    bench->levels = test_malloc(LEVEL_COUNT_MAX * sizeof *bench->levels);
    bench->older_levels = test_malloc(LEVEL_COUNT_MAX * sizeof *bench->levels);
}

static void close_bench(fault_bench *bench) {
    depth_desk_close(&bench->truth);
    depth_desk_close(&bench->faulty);
    test_free(bench->levels);
    test_free(bench->older_levels);
}

/* A snapshot of the true book as it is now, with the digits that its venue writes. */
static tw_depth_update snapshot_now(const fault_bench *bench, const tw_depth_update *like,
                                    uint64_t last_id, tw_level *levels) {
    tw_depth_update snapshot =
        depth_desk_snapshot(&bench->truth, like->symbol, last_id, levels, LEVEL_COUNT_MAX);
    snapshot.price_digits = like->price_digits;
    snapshot.quantity_digits = like->quantity_digits;
    return snapshot;
}

static void advance_truth(fault_bench *bench, const tw_depth_update *change) {
    assert_int_equal(tw_book_sync_apply(bench->truth.sync, change, NULL), TW_OK);
}

static void load_faulty(fault_bench *bench, const tw_depth_update *snapshot) {
    tw_book_sync_result result;
    assert_int_equal(tw_book_sync_apply(bench->faulty.sync, snapshot, &result), TW_OK);
    assert_int_equal(result.outcome, TW_BOOK_SYNC_LOADED);
    assert_int_equal(result.state, TW_BOOK_SYNC_LIVE);
}

/* ---- Kraken ---- */

static void run_kraken_window(fault_bench *bench, const faulty_window *window) {
    tw_symbol symbol = window->changes[0]->symbol;
    size_t reached = 0; /* changes that the truth has */
    tw_book_sync_reset(bench->faulty.sync, symbol);
    tw_depth_update snapshot = snapshot_now(bench, window->changes[0], 0, bench->levels);
    load_faulty(bench, &snapshot);
    bool noticed = false;
    for (size_t i = 0; i < window->count && !noticed; i++) {
        size_t index = window->order[i];
        for (; reached <= index; reached++)
            advance_truth(bench, window->changes[reached]);
        tw_book_sync_result result;
        tw_status status = tw_book_sync_apply(bench->faulty.sync, window->changes[index], &result);
        noticed = status == TW_STATE;
        assert_int_equal(result.outcome, noticed ? TW_BOOK_SYNC_MISMATCH : TW_BOOK_SYNC_APPLIED);
        if (noticed)
            assert_int_equal(result.state, TW_BOOK_SYNC_STALE);
        else if (index + 1 == reached)
            assert_true(depth_desk_same(&bench->truth, &bench->faulty, symbol) >= TOP);
    }
    for (; reached < WINDOW; reached++)
        advance_truth(bench, window->changes[reached]);
    uint32_t same = depth_desk_same(&bench->truth, &bench->faulty, symbol);
    assert_true(noticed || same >= TOP);
    bench->report.faults[window->fault]++;
    bench->report.noticed += noticed;
    bench->report.harmless += !noticed && same == UINT32_MAX;
    bench->report.hidden += !noticed && same != UINT32_MAX;
    snapshot = snapshot_now(bench, window->changes[0], 0, bench->levels);
    load_faulty(bench, &snapshot);
    assert_int_equal(depth_desk_same(&bench->truth, &bench->faulty, symbol), UINT32_MAX);
}

/* ---- Binance ---- */

static void check_duplicate(const faulty_window *window, size_t at, tw_status status,
                            const tw_book_sync_result *result) {
    assert_int_equal(status, TW_OK);
    assert_int_equal(result->state, TW_BOOK_SYNC_LIVE);
    if (at != window->moved)
        assert_int_equal(result->outcome, TW_BOOK_SYNC_APPLIED);
    else
        assert_int_equal(result->outcome,
                         at == window->at + 1 ? TW_BOOK_SYNC_DUPLICATE : TW_BOOK_SYNC_LATE);
}

/* Lost or swapped: all is well before the fault, a gap at it, and all that follows waits. */
static void check_gap(const faulty_window *window, size_t at, tw_status status,
                      const tw_book_sync_result *result) {
    if (at != window->at) {
        assert_int_equal(status, at < window->at ? TW_OK : TW_EMPTY);
        assert_int_equal(result->outcome,
                         at < window->at ? TW_BOOK_SYNC_APPLIED : TW_BOOK_SYNC_BUFFERED);
        return;
    }
    const tw_depth_update *missing = window->changes[window->at];
    assert_int_equal(status, TW_STATE);
    assert_int_equal(result->outcome, TW_BOOK_SYNC_GAP);
    assert_int_equal(result->state, TW_BOOK_SYNC_STALE);
    assert_true(result->missing_first == window->changes[window->at - 1]->last_id + 1);
    assert_true(result->missing_last == missing->last_id);
}

/* After the fault: a snapshot from before it is refused, one from behind it joins what waited. */
static void mend(fault_bench *bench, const faulty_window *window, tw_depth_update *older,
                 uint64_t *seed) {
    tw_symbol symbol = window->changes[0]->symbol;
    tw_book_sync_result result;
    assert_int_equal(tw_book_sync_apply(bench->faulty.sync, older, &result), TW_STATE);
    assert_int_equal(result.outcome, TW_BOOK_SYNC_SNAPSHOT_OLD);
    size_t reached = window->at;
    /* Swapped ones both have to be in it, a lost one has. */
    size_t least = window->at + (window->fault == SWAPPED ? 2 : 1);
    size_t until = least + next_random(seed) % (WINDOW + 1 - least);
    for (; reached < until; reached++)
        advance_truth(bench, window->changes[reached]);
    tw_depth_update snapshot =
        snapshot_now(bench, window->changes[0], window->changes[until - 1]->last_id, bench->levels);
    assert_int_equal(tw_book_sync_apply(bench->faulty.sync, &snapshot, &result), TW_OK);
    assert_int_equal(result.outcome, TW_BOOK_SYNC_LOADED);
    assert_int_equal(result.replayed_count, WINDOW - until);
    for (; reached < WINDOW; reached++)
        advance_truth(bench, window->changes[reached]);
    assert_int_equal(depth_desk_same(&bench->truth, &bench->faulty, symbol), UINT32_MAX);
}

static void run_binance_window(fault_bench *bench, const faulty_window *window, uint64_t *seed) {
    tw_symbol symbol = window->changes[0]->symbol;
    uint64_t last_id = window->changes[0]->first_id - 1;
    if (window->changes[0]->previous_id != 0)
        last_id = window->changes[0]->previous_id;
    tw_book_sync_reset(bench->faulty.sync, symbol);
    tw_depth_update snapshot = snapshot_now(bench, window->changes[0], last_id, bench->levels);
    load_faulty(bench, &snapshot);
    size_t reached = 0;
    for (; reached < window->at; reached++)
        advance_truth(bench, window->changes[reached]);
    tw_depth_update older = snapshot_now(
        bench, window->changes[0], window->changes[window->at - 1]->last_id, bench->older_levels);
    for (size_t i = 0; i < window->count; i++) {
        tw_book_sync_result result;
        tw_status status =
            tw_book_sync_apply(bench->faulty.sync, window->changes[window->order[i]], &result);
        if (window->fault == TWICE)
            check_duplicate(window, i, status, &result);
        else
            check_gap(window, i, status, &result);
    }
    bench->report.faults[window->fault]++;
    bench->report.noticed++;
    if (window->fault != TWICE) {
        mend(bench, window, &older, seed);
        return;
    }
    for (; reached < WINDOW; reached++)
        advance_truth(bench, window->changes[reached]);
    assert_int_equal(depth_desk_same(&bench->truth, &bench->faulty, symbol), UINT32_MAX);
}

/* ---- windows over a whole feed ---- */

/* Goes once through a symbol's changes in windows that begin somewhere else each time. */
static void run_symbol(fault_bench *bench, const depth_feed *feed, tw_symbol symbol,
                       uint64_t *seed) {
    faulty_window window = {0};
    size_t filled = 0;
    size_t skip = next_random(seed) % WINDOW;
    tw_book_sync_reset(bench->truth.sync, symbol);
    for (size_t i = 0; i < feed->count; i++) {
        const tw_depth_update *update = &feed->messages[i].depth;
        if (feed->messages[i].kind != TW_TAPE_MESSAGE_DEPTH || update->symbol != symbol)
            continue;
        bool live = tw_book_sync_state_of(bench->truth.sync, symbol) == TW_BOOK_SYNC_LIVE;
        if (!live || skip > 0) {
            (void)!tw_book_sync_apply(bench->truth.sync, update, NULL); /* until it is live */
            skip -= live;
            continue;
        }
        window.changes[filled++] = update;
        if (filled < WINDOW)
            continue;
        make_fault(&window, seed);
        if (update->has_checksum)
            run_kraken_window(bench, &window);
        else
            run_binance_window(bench, &window, seed);
        filled = 0;
    }
}

static fault_report run_faults(const char *name, tw_tape_format format, unsigned passes) {
    depth_feed feed;
    read_feed(&feed, name, format);
    fault_bench bench;
    open_bench(&bench);
    uint64_t seed = 20240808;
    for (unsigned pass = 0; pass < passes; pass++) {
        for (tw_symbol symbol = 0; symbol < tw_symbols_count(feed.symbols); symbol++)
            run_symbol(&bench, &feed, symbol, &seed);
    }
    fault_report report = bench.report;
    print_message("counts: %s: %llu lost, %llu twice, %llu swapped: %llu noticed, %llu harmless, "
                  "%llu hidden below level ten\n",
                  name, (unsigned long long)report.faults[LOST],
                  (unsigned long long)report.faults[TWICE],
                  (unsigned long long)report.faults[SWAPPED], (unsigned long long)report.noticed,
                  (unsigned long long)report.harmless, (unsigned long long)report.hidden);
    close_bench(&bench);
    depth_feed_free(&feed);
    return report;
}

static void no_fault_of_kraken_is_live_and_wrong_in_the_ten_best(void **state) {
    (void)state;
    fault_report report = run_faults(KRAKEN, TW_TAPE_KRAKEN, 9);
    assert_true(report.faults[LOST] + report.faults[TWICE] + report.faults[SWAPPED] > 1500);
    assert_true(report.noticed > 0);
}

static void every_fault_of_binance_spot_is_noticed(void **state) {
    (void)state;
    fault_report report = run_faults(SPOT, TW_TAPE_BINANCE, 4);
    assert_true(report.noticed > 800);
}

static void every_fault_of_binance_futures_is_noticed(void **state) {
    (void)state;
    fault_report report = run_faults(FUTURES, TW_TAPE_BINANCE, 2);
    assert_true(report.noticed > 800);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_checksum_of_kraken_is_that_of_our_book),
        cmocka_unit_test(binance_spot_has_no_gap_and_our_best_is_the_venues),
        cmocka_unit_test(binance_futures_have_no_gap_and_our_best_is_the_venues),
        cmocka_unit_test(no_fault_of_kraken_is_live_and_wrong_in_the_ten_best),
        cmocka_unit_test(every_fault_of_binance_spot_is_noticed),
        cmocka_unit_test(every_fault_of_binance_futures_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
