/*
 * model_record_series.c - records of many symbols in one pool, beside a list of all that was ever
 * pushed.
 *
 * What the series has of a symbol must be the newest of the list's, whole and in order, and as much
 * as the pool's rule leaves: a chunk is gone when as many chunks as the pool has were begun after
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "record_series.h"
#include "tradewind/random.h"

enum { SYMBOLS = 7, PUSHES = 6000, STORIES = 20 };

typedef struct row {
    int64_t time_ns;
    uint64_t value;
} row;

typedef struct pushed {
    row rows[PUSHES];
    uint32_t chunks[PUSHES]; /* which chunk of the pool's life each stands in */
    uint32_t count;
} pushed;

static pushed lists[SYMBOLS];
static uint32_t begun; /* chunks */

static void push(record_series *series, tw_symbol symbol, row next) {
    pushed *list = &lists[symbol];
    bool fresh = list->count % RECORD_CHUNK_COUNT == 0;
    /* A symbol whose last chunk has given way begins another, though that was not full. */
    record_place last;
    if (!record_series_last(series, symbol, &last) && list->count > 0)
        fresh = true;
    else if (list->count > 0) {
        uint32_t in_chunk = 0;
        for (uint32_t i = list->count;
             i > 0 && list->chunks[i - 1] == list->chunks[list->count - 1]; i--)
            in_chunk++;
        fresh = in_chunk == RECORD_CHUNK_COUNT;
    }
    begun += fresh;
    list->chunks[list->count] = fresh ? begun : list->chunks[list->count - 1];
    list->rows[list->count++] = next;
    *(row *)record_series_push(series, symbol) = next;
}

/* The first record of a symbol that is still there. */
static uint32_t first_kept(tw_symbol symbol, uint32_t chunk_count) {
    const pushed *list = &lists[symbol];
    uint32_t i = 0;
    while (i < list->count && list->chunks[i] + chunk_count <= begun)
        i++;
    return i;
}

static void assert_row(const record_series *series, record_place place, tw_symbol symbol,
                       uint32_t index) {
    const row *there = record_series_at(series, place);
    assert_int_equal(there->value, lists[symbol].rows[index].value);
    assert_int_equal(there->time_ns, lists[symbol].rows[index].time_ns);
    assert_int_equal(record_series_number(series, place), index);
}

static void check_symbol(const record_series *series, tw_symbol symbol, uint32_t chunk_count) {
    record_place place;
    uint32_t from = first_kept(symbol, chunk_count);
    uint32_t count = lists[symbol].count;
    if (from == count) {
        assert_false(record_series_first(series, symbol, &place));
        assert_false(record_series_last(series, symbol, &place));
        return;
    }
    assert_true(record_series_first(series, symbol, &place));
    for (uint32_t i = from; i < count; i++) {
        assert_row(series, place, symbol, i);
        assert_int_equal(record_series_next(series, &place), i + 1 < count);
    }
    for (uint32_t i = count; i-- > from;) {
        assert_row(series, place, symbol, i);
        assert_int_equal(record_series_previous(series, &place), i > from);
    }
}

static void check_search(const record_series *series, tw_symbol symbol, uint32_t chunk_count,
                         tw_random *random) {
    record_place place;
    uint32_t from = first_kept(symbol, chunk_count);
    uint32_t count = lists[symbol].count;
    int64_t time_ns = (int64_t)tw_random_below(random, PUSHES);
    if (from < count) /* at, just before or just after one that is there */
        time_ns = lists[symbol].rows[from + tw_random_below(random, count - from)].time_ns +
                  (int64_t)tw_random_below(random, 3) - 1;
    uint64_t number = tw_random_below(random, count + 2);
    uint32_t at = from;
    while (at < count && lists[symbol].rows[at].time_ns < time_ns)
        at++;
    assert_int_equal(record_series_seek(series, symbol, time_ns, &place), at < count);
    if (at < count)
        assert_row(series, place, symbol, at);
    at = number > from ? (uint32_t)number : from;
    assert_int_equal(record_series_find(series, symbol, number, &place), at < count);
    if (at < count)
        assert_row(series, place, symbol, at);
}

static void what_is_kept_is_the_newest_whole_and_in_order(void **state) {
    (void)state;
    for (uint64_t story = 0; story < STORIES; story++) {
        tw_random random;
        record_series *series = NULL;
        uint32_t chunk_count = 2 + (uint32_t)story * 3;
        tw_random_init(&random, story, 0);
        begun = 0;
        for (tw_symbol s = 0; s < SYMBOLS; s++)
            lists[s].count = 0;
        assert_int_equal(record_series_new(NULL, sizeof(row), chunk_count * RECORD_CHUNK_COUNT,
                                           SYMBOLS, &series),
                         TW_OK);
        for (uint32_t i = 0; i < PUSHES; i++) {
            /* The first symbols trade more than the others. */
            uint64_t draw = tw_random_below(&random, SYMBOLS * SYMBOLS);
            tw_symbol symbol = (tw_symbol)(draw % (1 + draw / SYMBOLS));
            push(series, symbol, (row){(int64_t)(i / 90 * 3), i}); /* many at one time */
            if (i % 97 == 0) {
                check_symbol(series, (tw_symbol)(i % SYMBOLS), chunk_count);
                for (int n = 0; n < 8; n++)
                    check_search(series, (tw_symbol)(i % SYMBOLS), chunk_count, &random);
            }
        }
        for (tw_symbol s = 0; s < SYMBOLS; s++)
            check_symbol(series, s, chunk_count);
        record_series_free(series);
    }
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    record_series *series = NULL;
    tw_status status = record_series_new(allocator, sizeof(row), 1000, SYMBOLS, &series);
    if (status == TW_OK)
        record_series_free(series);
    return status;
}

static void an_allocation_that_fails_leaves_nothing(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_the_newest_whole_and_in_order),
        cmocka_unit_test(an_allocation_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
