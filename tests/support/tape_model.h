/*
 * tape_model.h - one file through the single-row reader and through the batch reader, side by side.
 *
 * The obvious reader of many rows is the reader of one, called again and again. After each batch
 * the rows, or the error to its last letter, the line, the place and the table of symbols must be
 * equal. A row of a LOBSTER book, which is read one by one only, is held against what its text says
 * when it is read field by field. Used by model_tape (made files), fuzz_tape and fuzz_tape_orders
 * (the fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_TAPE_MODEL_H
#define TRADEWIND_TEST_TAPE_MODEL_H

#include <string.h>

#include "tradewind/tape.h"

#define TAPE_MODEL_ROWS_MAX 64
#define TAPE_MODEL_SYMBOLS_MAX 16

typedef union tape_model_row {
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    tw_order_event event;
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

static inline void tape_model_single(tape_model_side *side, tw_tape_format format,
                                     tape_model_row *row) {
    memset(&side->error, 0, sizeof side->error);
    memset(row, 0x55, sizeof *row);
    side->status =
        format == TW_TAPE_TRADES   ? tw_tape_next_trade(side->tape, &row->trade, &side->error)
        : format == TW_TAPE_QUOTES ? tw_tape_next_quote(side->tape, &row->quote, &side->error)
        : format == TW_TAPE_BARS   ? tw_tape_next_bar(side->tape, &row->bar, &side->error)
                                   : tw_tape_next_event(side->tape, &row->event, &side->error);
}

/* Copies a batch into rows, so that each is compared with all that stands behind it too. */
#define TAPE_MODEL_BATCH(side, capacity, rows, type, member, next)                     \
    do {                                                                               \
        static type some[TAPE_MODEL_ROWS_MAX];                                         \
        memset(some, 0x55, sizeof some);                                               \
        (side)->status = next((side)->tape, some, (capacity), &count, &(side)->error); \
        for (size_t i = 0; i < TAPE_MODEL_ROWS_MAX; i++)                               \
            (rows)[i].member = some[i];                                                \
    } while (0)

static inline size_t tape_model_batch(tape_model_side *side, tw_tape_format format, size_t capacity,
                                      tape_model_row *rows) {
    size_t count = 0;
    memset(&side->error, 0, sizeof side->error);
    memset(rows, 0x55, TAPE_MODEL_ROWS_MAX * sizeof *rows);
    if (format == TW_TAPE_TRADES)
        TAPE_MODEL_BATCH(side, capacity, rows, tw_trade, trade, tw_tape_next_trades);
    else if (format == TW_TAPE_QUOTES)
        TAPE_MODEL_BATCH(side, capacity, rows, tw_quote, quote, tw_tape_next_quotes);
    else if (format == TW_TAPE_BARS)
        TAPE_MODEL_BATCH(side, capacity, rows, tw_bar, bar, tw_tape_next_bars);
    else
        TAPE_MODEL_BATCH(side, capacity, rows, tw_order_event, event, tw_tape_next_events);
    return count;
}

/* One batch, and as many single rows beside it. */
static inline void tape_model_step(tape_model_side *one, tape_model_side *many,
                                   tw_tape_format format, size_t capacity) {
    tape_model_row row;
    tape_model_row rows[TAPE_MODEL_ROWS_MAX];
    size_t count = tape_model_batch(many, format, capacity, rows);
    TW_ASSERT(count <= capacity && (many->status == TW_OK) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        tape_model_single(one, format, &row);
        TW_ASSERT(one->status == TW_OK && memcmp(&row, &rows[i], sizeof row) == 0);
    }
    if (count == 0) {
        tape_model_single(one, format, &row);
        TW_ASSERT(memcmp(&row, &rows[0], sizeof row) == 0); /* neither has written */
    }
    TW_ASSERT(memcmp(&rows[TAPE_MODEL_ROWS_MAX - 1], &rows[count], sizeof row) == 0 ||
              count == TAPE_MODEL_ROWS_MAX || capacity == TAPE_MODEL_ROWS_MAX);
    TW_ASSERT(one->status == many->status);
    TW_ASSERT(memcmp(&one->error, &many->error, sizeof one->error) == 0);
    tape_model_same_place(one, many);
}

/* Reads all of a tape that has batches both ways; `seed` chooses the capacities. Ends at the end,
 * or when neither reader moves any more. Returns how many answers were compared. */
static inline uint64_t tape_model_run(const tw_tape_config *config, uint64_t seed) {
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
        tape_model_step(&one, &many, (tw_tape_format)config->format,
                        1 + (seed >> 33) % TAPE_MODEL_ROWS_MAX);
        standstill = tw_tape_tell(many.tape).line == line ? standstill + 1 : 0;
        steps++;
    }
    tape_model_close(&one);
    tape_model_close(&many);
    return steps;
}

/* ---- books --------------------------------------------------------------------------------- */

/* The next field of a row as a number; false if it is none. */
static inline bool tape_model_number(tw_slice *rest, int64_t *ret_number) {
    return rest->data != NULL && tw_parse_i64(tw_slice_split(rest, ','), ret_number) == TW_OK;
}

/* The levels of a row by the rules of tape.h; false if they forbid it. */
static inline bool tape_model_levels(tw_slice line, size_t depth, tw_level *levels,
                                     size_t *ret_count) {
    int64_t last[2] = {0, INT64_MAX}; /* of asks, of bids */
    bool ended[2] = {false, false};
    tw_slice rest = line;
    *ret_count = 0;
    for (size_t i = 0; i < 2 * depth; i++) {
        bool bid = i % 2 == 1;
        int64_t price;
        int64_t size;
        if (!tape_model_number(&rest, &price) || !tape_model_number(&rest, &size))
            return false;
        if (size == 0 && price == (bid ? -9999999999 : 9999999999)) {
            ended[bid] = true;
            continue;
        }
        if (ended[bid] || size < 1 || size > INT64_MAX / TW_NANO || price < 1 ||
            price > INT64_MAX / 100000 || (bid ? price >= last[1] : price <= last[0]))
            return false;
        last[bid] = price;
        levels[(*ret_count)++] = (tw_level){.price.nano = price * 100000,
                                            .quantity.nano = size * TW_NANO,
                                            .symbol = 7,
                                            .side = bid ? TW_SIDE_BUY : TW_SIDE_SELL};
    }
    if (*ret_count > 0)
        levels[0].clear = levels[*ret_count - 1].last = 1;
    return rest.data == NULL;
}

/* Reads all of a LOBSTER book; returns how many rows were compared. */
static inline uint64_t tape_model_run_book(const tw_tape_config *config) {
    static tw_level given[2 * TW_TAPE_DEPTH_MAX];
    static tw_level wanted[2 * TW_TAPE_DEPTH_MAX];
    tw_tape_config book = *config;
    book.symbol = 7;
    tw_tape *tape = NULL;
    if (tw_tape_open(&book, &tape, NULL) != TW_OK)
        return 0;
    size_t depth = tw_tape_depth(tape);
    uint64_t rows = 0;
    for (;;) {
        uint64_t line = tw_tape_tell(tape).next.line_count;
        size_t count = SIZE_MAX;
        size_t wanted_count = 0;
        memset(given, 0x55, sizeof(tw_level));
        tw_status status = tw_tape_next_levels(tape, given, 2 * depth, &count, NULL);
        if (tw_tape_tell(tape).next.line_count == line)
            break; /* the end, or a line that is too long */
        rows++;
        TW_ASSERT(tw_tape_tell(tape).line == line + 1);
        bool good = tape_model_levels(tw_tape_line(tape), depth, wanted, &wanted_count);
        TW_ASSERT((status == TW_OK) == good && (good || count == SIZE_MAX));
        TW_ASSERT(!good ||
                  (count == wanted_count && memcmp(given, wanted, count * sizeof(tw_level)) == 0));
    }
    tw_tape_close(tape);
    return rows;
}

#endif
