/*
 * tape_model.h - one file through the single-row reader and through the batch reader, side by side.
 *
 * The obvious reader of many rows is the reader of one, called again and again. After each batch
 * the rows, or the error to its last letter, the line, the place and the table of symbols must be
 * equal. Used by model_tape (made files) and fuzz_tape (the fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_TAPE_MODEL_H
#define TRADEWIND_TEST_TAPE_MODEL_H

#include <string.h>

#include "tradewind/tape.h"

#define TAPE_MODEL_ROWS_MAX 64
#define TAPE_MODEL_SYMBOLS_MAX 16

typedef union tape_model_row {
    tw_trade trade;
    tw_bar bar;
} tape_model_row;

/* One of the two readers. */
typedef struct tape_model_side {
    tw_symbols *symbols;
    tw_tape *tape;
    tw_error error;
    tw_status status;
} tape_model_side;

static inline bool tape_model_goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL ||
           status == TW_NOT_FOUND;
}

static inline void tape_model_open(tape_model_side *side, tw_tape_config config) {
    memset(side, 0, sizeof *side);
    TW_ASSERT(tw_symbols_new(NULL, TAPE_MODEL_SYMBOLS_MAX, &side->symbols) == TW_OK);
    config.symbols = side->symbols;
    side->status = tw_tape_open(&config, &side->tape, &side->error);
}

static inline void tape_model_close(tape_model_side *side) {
    tw_tape_close(side->tape);
    tw_symbols_free(side->symbols);
}

static inline void tape_model_same_place(const tape_model_side *a, const tape_model_side *b) {
    tw_tape_position p = tw_tape_tell(a->tape);
    tw_tape_position q = tw_tape_tell(b->tape);
    TW_ASSERT(p.line == q.line && p.bytes_read == q.bytes_read && p.bytes == q.bytes);
    TW_ASSERT(p.next.offset == q.next.offset && p.next.line_count == q.next.line_count);
    TW_ASSERT(tw_slice_equal(tw_tape_line(a->tape), tw_tape_line(b->tape)));
    TW_ASSERT(tw_symbols_count(a->symbols) == tw_symbols_count(b->symbols));
    for (tw_symbol i = 0; i < tw_symbols_count(a->symbols); i++)
        TW_ASSERT(strcmp(tw_symbols_name(a->symbols, i), tw_symbols_name(b->symbols, i)) == 0);
}

static inline void tape_model_single(tape_model_side *side, bool trades, tape_model_row *row) {
    memset(&side->error, 0, sizeof side->error);
    memset(row, 0x55, sizeof *row);
    side->status = trades ? tw_tape_next_trade(side->tape, &row->trade, &side->error)
                          : tw_tape_next_bar(side->tape, &row->bar, &side->error);
}

static inline size_t tape_model_batch(tape_model_side *side, bool trades, size_t capacity,
                                      tape_model_row *rows) {
    static tw_trade some_trades[TAPE_MODEL_ROWS_MAX];
    static tw_bar some_bars[TAPE_MODEL_ROWS_MAX];
    size_t count = 0;
    memset(&side->error, 0, sizeof side->error);
    memset(some_trades, 0x55, sizeof some_trades);
    memset(some_bars, 0x55, sizeof some_bars);
    side->status =
        trades ? tw_tape_next_trades(side->tape, some_trades, capacity, &count, &side->error)
               : tw_tape_next_bars(side->tape, some_bars, capacity, &count, &side->error);
    for (size_t i = 0; i < TAPE_MODEL_ROWS_MAX; i++) {
        memset(&rows[i], 0x55, sizeof rows[i]);
        if (trades)
            rows[i].trade = some_trades[i];
        else
            rows[i].bar = some_bars[i];
    }
    return count;
}

/* One batch, and as many single rows beside it. */
static inline void tape_model_step(tape_model_side *one, tape_model_side *many, bool trades,
                                   size_t capacity) {
    tape_model_row row;
    tape_model_row rows[TAPE_MODEL_ROWS_MAX];
    size_t count = tape_model_batch(many, trades, capacity, rows);
    TW_ASSERT(count <= capacity && (many->status == TW_OK) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        tape_model_single(one, trades, &row);
        TW_ASSERT(one->status == TW_OK && memcmp(&row, &rows[i], sizeof row) == 0);
    }
    if (count == 0) {
        tape_model_single(one, trades, &row);
        TW_ASSERT(memcmp(&row, &rows[0], sizeof row) == 0); /* neither has written */
    }
    TW_ASSERT(memcmp(&rows[TAPE_MODEL_ROWS_MAX - 1], &rows[count], sizeof row) == 0 ||
              count == TAPE_MODEL_ROWS_MAX || capacity == TAPE_MODEL_ROWS_MAX);
    TW_ASSERT(one->status == many->status);
    TW_ASSERT(memcmp(&one->error, &many->error, sizeof one->error) == 0);
    tape_model_same_place(one, many);
}

/* Reads all of a tape of trades or bars both ways; `seed` chooses the capacities. Ends at the end,
 * or when neither reader moves any more. Returns how many answers were compared. */
static inline uint64_t tape_model_run(const tw_tape_config *config, uint64_t seed) {
    bool trades = config->format == TW_TAPE_TRADES;
    tape_model_side one;
    tape_model_side many;
    tape_model_open(&one, *config);
    tape_model_open(&many, *config);
    TW_ASSERT(one.status == many.status);
    TW_ASSERT(memcmp(&one.error, &many.error, sizeof one.error) == 0);
    uint64_t steps = 0;
    int standstill = 0;
    while (many.tape != NULL && tape_model_goes_on(many.status) && standstill < 3) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t line = tw_tape_tell(many.tape).line;
        tape_model_step(&one, &many, trades, 1 + (seed >> 33) % TAPE_MODEL_ROWS_MAX);
        standstill = tw_tape_tell(many.tape).line == line ? standstill + 1 : 0;
        steps++;
    }
    tape_model_close(&one);
    tape_model_close(&many);
    return steps;
}

#endif
