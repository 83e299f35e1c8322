/*
 * risk_input.h - what `tradewind risk` reads: a wide CSV of returns or prices, and weights.
 *
 * The columns are the assets. A benchmark is a column, too; without weights that name it, it is
 * compared with and not held.
 */
#ifndef TRADEWIND_CLI_RISK_INPUT_H
#define TRADEWIND_CLI_RISK_INPUT_H

#include <stdbool.h>

#include "tradewind/tape.h"

/* What is wanted; paths and names that are empty are not. */
typedef struct risk_wishes {
    const char *returns; /* of two files one is read */
    const char *prices;
    const char *weights;   /* symbol,weight */
    const char *positions; /* symbol,quantity,price; at most one of these two */
    const char *benchmark;
    int64_t from_ns; /* rows from this time to that one, both included */
    int64_t to_ns;
    int64_t cash_nano; /* beside positions */
    uint32_t fill;     /* a price stands for so many missing ones after it */
} risk_wishes;

/* Zeroed, it is empty. */
typedef struct risk_input {
    tw_tape_table table;
    const char *path;
    char (*names)[TW_SYMBOL_NAME_SIZE]; /* [assets] */
    const char **labels;                /* [assets], the same, for sentences of the library */
    int64_t *times_ns;                  /* [rows] */
    double *returns;                    /* [rows][assets] */
    double *weights;                    /* [assets] */
    double *benchmark;                  /* [rows], NULL without one */
    size_t rows;
    size_t assets;
    size_t capacity; /* of rows */
    size_t asset_capacity;
} risk_input;

/* TW_PARSE, TW_RANGE, TW_EMPTY and the like with file, line and column of what is wrong.
 * TW_NOT_FOUND: no such benchmark. Close it in any case. */
tw_status risk_input_read(risk_input *input, const risk_wishes *wishes,
                          tw_error *error) TW_MUST_CHECK;
void risk_input_close(risk_input *input);

/* The column of a name, or `assets`. */
size_t risk_input_find(const risk_input *input, tw_slice name);

/* True if the row has a return of every asset that is held. */
bool risk_input_is_whole(const risk_input *input, size_t row);

/* Which rows are used, and the asset that lacks most of the returns in the others. */
typedef struct risk_span {
    int64_t from_ns;
    int64_t to_ns;
    size_t scarce;       /* an asset, or `assets` when no row lacks a return */
    size_t scarce_count; /* of rows that lack a return of it */
} risk_span;

/* There is a row that is whole. */
risk_span risk_input_span(const risk_input *input);

#endif
