/*
 * tape_both.h - a file of trades or bars read row by row and many at a time: the same, or abort.
 *
 * Shared by the model test and the fuzzer. What must be equal: every record, every status, message
 * and line number, the text of the last line, and the names that the table of symbols ends with.
 */
#ifndef TRADEWIND_TESTS_TAPE_BOTH_H
#define TRADEWIND_TESTS_TAPE_BOTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/tape.h"

enum { BOTH_CAPACITY_MAX = 64, BOTH_SYMBOL_COUNT = 16 };

typedef union both_record {
    tw_trade trade;
    tw_bar bar;
} both_record;

typedef struct both_side {
    tw_tape *tape;
    tw_symbols *symbols;
    tw_error error;
    both_record records[BOTH_CAPACITY_MAX];
} both_side;

static inline void both_must(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "tape_both: %s differ\n", what);
    abort();
}

static inline tw_status both_open(both_side *side, const char *path, tw_tape_format format) {
    memset(side, 0, sizeof *side);
    if (tw_symbols_new(NULL, BOTH_SYMBOL_COUNT, &side->symbols) != TW_OK)
        abort();
    const tw_tape_config config = {
        .path = path, .symbols = side->symbols, .line_size_max = 65536, .format = (uint8_t)format};
    return tw_tape_open(&config, &side->tape, &side->error);
}

static inline void both_close(both_side *side) {
    tw_tape_close(side->tape);
    tw_symbols_free(side->symbols);
}

static inline tw_status both_row(both_side *side, tw_tape_format format, size_t at) {
    both_record *to = &side->records[at];
    memset(to, 0, sizeof *to);
    memset(&side->error, 0, sizeof side->error);
    return format == TW_TAPE_TRADES ? tw_tape_next_trade(side->tape, &to->trade, &side->error)
                                    : tw_tape_next_bar(side->tape, &to->bar, &side->error);
}

static inline tw_status both_many(both_side *side, tw_tape_format format, size_t capacity,
                                  size_t *ret_count) {
    static tw_trade trades[BOTH_CAPACITY_MAX];
    static tw_bar bars[BOTH_CAPACITY_MAX];
    memset(side->records, 0, sizeof side->records);
    memset(&side->error, 0, sizeof side->error);
    *ret_count = 0;
    tw_status status =
        format == TW_TAPE_TRADES
            ? tw_tape_next_trades(side->tape, trades, capacity, ret_count, &side->error)
            : tw_tape_next_bars(side->tape, bars, capacity, ret_count, &side->error);
    for (size_t i = 0; status == TW_OK && i < *ret_count; i++) {
        if (format == TW_TAPE_TRADES)
            side->records[i].trade = trades[i];
        else
            side->records[i].bar = bars[i];
    }
    return status;
}

static inline bool both_goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL;
}

/* Reads many with `capacity` and as many rows after them, and compares; false at the end. */
static inline bool both_step(both_side *rows, both_side *many, tw_tape_format format,
                             size_t capacity) {
    size_t count = 0;
    tw_status status = both_many(many, format, capacity, &count);
    both_must(status != TW_OK || (count >= 1 && count <= capacity), "a count and its limits");
    for (size_t i = 0; i < count; i++)
        both_must(both_row(rows, format, i) == TW_OK, "the statuses of a good line");
    if (status != TW_OK)
        both_must(both_row(rows, format, 0) == status, "the statuses of a bad line");
    if (status != TW_OK)
        both_must(strcmp(rows->error.message, many->error.message) == 0, "the messages");
    else
        both_must(memcmp(rows->records, many->records, count * sizeof(both_record)) == 0,
                  "the records");
    both_must(tw_tape_tell(rows->tape).line == tw_tape_tell(many->tape).line, "the line numbers");
    both_must(tw_slice_equal(tw_tape_line(rows->tape), tw_tape_line(many->tape)), "the lines");
    return both_goes_on(status);
}

/* `capacities` is read bit by bit for how many are asked for at a time. */
static inline void tape_both_ways(const char *path, tw_tape_format format, uint64_t capacities) {
    static both_side rows;
    static both_side many;
    tw_status status = both_open(&rows, path, format);
    both_must(both_open(&many, path, format) == status, "the openings");
    uint64_t line = 0;
    int standstill = 0;
    while (status == TW_OK && standstill < 3) {
        size_t capacity = 1 + capacities % BOTH_CAPACITY_MAX;
        capacities = capacities * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if (!both_step(&rows, &many, format, capacity))
            break;
        standstill = tw_tape_tell(many.tape).line == line ? standstill + 1 : 0;
        line = tw_tape_tell(many.tape).line;
    }
    both_must(tw_symbols_count(rows.symbols) == tw_symbols_count(many.symbols), "the symbols");
    both_close(&rows);
    both_close(&many);
}

#endif
