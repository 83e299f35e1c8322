/*
 * dbn_model.h - one DBN file record by record and many at a time, side by side.
 *
 * The obvious reader of many is the reader of one, called again and again. After each batch the
 * rows, or the error to its last letter, the place, the last record's bytes, what was counted and
 * the table of symbols must be equal. Used by test_tape_dbn_files (made and mutated files) and
 * fuzz_dbn (the fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_DBN_MODEL_H
#define TRADEWIND_TEST_DBN_MODEL_H

#include <string.h>

#include "tradewind/tape_dbn.h"

#define DBN_MODEL_ROWS_MAX 32
#define DBN_MODEL_SYMBOLS_MAX 6

typedef enum dbn_model_call {
    DBN_MODEL_EVENTS,
    DBN_MODEL_TRADES,
    DBN_MODEL_QUOTES,
    DBN_MODEL_BARS,
    DBN_MODEL_CALLS
} dbn_model_call;

typedef union dbn_model_row {
    tw_order_event event;
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    uint8_t bytes[96];
} dbn_model_row;

/* One of the two readers. */
typedef struct dbn_model_side {
    tw_symbols *symbols;
    tw_tape *tape;
    tw_error error;
    tw_status status;
} dbn_model_side;

static inline void dbn_model_open(dbn_model_side *side, tw_tape_config config) {
    memset(side, 0, sizeof *side);
    tw_symbol ignored = 0;
    TW_ASSERT(tw_symbols_new(NULL, DBN_MODEL_SYMBOLS_MAX, &side->symbols) == TW_OK);
    TW_ASSERT(tw_symbols_intern(side->symbols, tw_slice_of("ESH4"), &ignored) == TW_OK);
    config.symbols = side->symbols;
    side->status = tw_tape_open(&config, &side->tape, &side->error);
}

static inline void dbn_model_close(dbn_model_side *side) {
    tw_tape_close(side->tape);
    tw_symbols_free(side->symbols);
}

static inline tw_status dbn_model_one(tw_tape *tape, dbn_model_call call, dbn_model_row *row,
                                      tw_error *error) {
    size_t count = 0;
    switch (call) {
    case DBN_MODEL_EVENTS:
        return tw_tape_next_event(tape, &row->event, error);
    case DBN_MODEL_TRADES:
        return tw_tape_next_trade(tape, &row->trade, error);
    case DBN_MODEL_QUOTES:
        return tw_tape_next_quotes(tape, &row->quote, 1, &count, error);
    case DBN_MODEL_BARS:
    case DBN_MODEL_CALLS:
        break;
    }
    return tw_tape_next_bar(tape, &row->bar, error);
}

/* A batch goes into an array of its own type, then row by row into `rows`. */
static inline tw_status dbn_model_many(tw_tape *tape, dbn_model_call call, size_t capacity,
                                       dbn_model_row *rows, size_t *ret_count, tw_error *error) {
    static tw_order_event events[DBN_MODEL_ROWS_MAX];
    static tw_trade trades[DBN_MODEL_ROWS_MAX];
    static tw_quote quotes[DBN_MODEL_ROWS_MAX];
    static tw_bar bars[DBN_MODEL_ROWS_MAX];
    size_t count = 0;
    tw_status status = TW_OK;
    if (call == DBN_MODEL_EVENTS)
        status = tw_tape_next_events(tape, events, capacity, &count, error);
    else if (call == DBN_MODEL_TRADES)
        status = tw_tape_next_trades(tape, trades, capacity, &count, error);
    else if (call == DBN_MODEL_QUOTES)
        status = tw_tape_next_quotes(tape, quotes, capacity, &count, error);
    else
        status = tw_tape_next_bars(tape, bars, capacity, &count, error);
    for (size_t i = 0; i < count; i++) {
        memset(&rows[i], 0, sizeof rows[i]);
        if (call == DBN_MODEL_EVENTS)
            rows[i].event = events[i];
        else if (call == DBN_MODEL_TRADES)
            rows[i].trade = trades[i];
        else if (call == DBN_MODEL_QUOTES)
            rows[i].quote = quotes[i];
        else
            rows[i].bar = bars[i];
    }
    *ret_count = count;
    return status;
}

static inline void dbn_model_same(const dbn_model_side *a, const dbn_model_side *b) {
    tw_tape_position p = tw_tape_tell(a->tape);
    tw_tape_position q = tw_tape_tell(b->tape);
    TW_ASSERT(p.line == q.line && p.bytes_read == q.bytes_read);
    TW_ASSERT(p.next.offset == q.next.offset && p.next.line_count == q.next.line_count);
    TW_ASSERT(tw_slice_equal(tw_tape_line(a->tape), tw_tape_line(b->tape)));
    tw_tape_dbn_counts c;
    tw_tape_dbn_counts d;
    tw_tape_dbn_counts_of(a->tape, &c);
    tw_tape_dbn_counts_of(b->tape, &d);
    TW_ASSERT(memcmp(&c, &d, sizeof c) == 0);
    TW_ASSERT(tw_symbols_count(a->symbols) == tw_symbols_count(b->symbols));
    for (tw_symbol i = 0; i < tw_symbols_count(a->symbols); i++)
        TW_ASSERT(strcmp(tw_symbols_name(a->symbols, i), tw_symbols_name(b->symbols, i)) == 0);
}

/* One batch, and as many single rows beside it. */
static inline void dbn_model_step(dbn_model_side *one, dbn_model_side *many, dbn_model_call call,
                                  size_t capacity) {
    static dbn_model_row rows[DBN_MODEL_ROWS_MAX];
    dbn_model_row row;
    dbn_model_row untouched;
    size_t count = 0;
    memset(&untouched, 0x55, sizeof untouched);
    memset(&many->error, 0, sizeof many->error);
    many->status = dbn_model_many(many->tape, call, capacity, rows, &count, &many->error);
    TW_ASSERT(count <= capacity && (many->status == TW_OK) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        memset(&row, 0, sizeof row);
        memset(&one->error, 0, sizeof one->error);
        one->status = dbn_model_one(one->tape, call, &row, &one->error);
        TW_ASSERT(one->status == TW_OK && memcmp(&row, &rows[i], sizeof row) == 0);
    }
    if (count == 0) {
        row = untouched;
        memset(&one->error, 0, sizeof one->error);
        one->status = dbn_model_one(one->tape, call, &row, &one->error);
        TW_ASSERT(memcmp(&row, &untouched, sizeof row) == 0); /* a failed call writes nothing */
        TW_ASSERT(memcmp(&one->error, &many->error, sizeof one->error) == 0);
    }
    TW_ASSERT(one->status == many->status);
    dbn_model_same(one, many);
}

static inline bool dbn_model_goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL;
}

/* Reads all of a file both ways with one call; `seed` chooses the capacities. Returns the status
 * that ended it: of opening, or of reading, which must then stay the same. */
static inline tw_status dbn_model_run(const tw_tape_config *config, dbn_model_call call,
                                      uint64_t seed) {
    dbn_model_side one;
    dbn_model_side many;
    dbn_model_open(&one, *config);
    dbn_model_open(&many, *config);
    TW_ASSERT(one.status == many.status);
    TW_ASSERT(memcmp(&one.error, &many.error, sizeof one.error) == 0);
    while (many.tape != NULL && dbn_model_goes_on(many.status)) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        dbn_model_step(&one, &many, call, 1 + (seed >> 33) % DBN_MODEL_ROWS_MAX);
    }
    tw_status ended = many.status;
    if (many.tape != NULL) {
        dbn_model_step(&one, &many, call, 3);
        TW_ASSERT(many.status == ended);
    }
    dbn_model_close(&one);
    dbn_model_close(&many);
    return ended;
}

#endif
