/*
 * window_pass.h - one pass over a file of trades: after each, its symbol's window as a row of CSV.
 *
 *     ts_ns,symbol,n,mean,stddev,min,max,vwap,ema
 *
 * Rows stand in the order of the trades. Memory is a ring a symbol and does not grow with the file.
 */
#ifndef TRADEWIND_CLI_WINDOW_PASS_H
#define TRADEWIND_CLI_WINDOW_PASS_H

#include "output_file.h"
#include "rejects.h"
#include "tradewind/window.h"
#include "window_plot.h"

typedef struct window_pass_config {
    const char *path;        /* "-": standard input */
    const char *symbol;      /* NULL: all of them */
    tw_window_config window; /* its first window is written */
    window_plot *plot;       /* filled with the trades that are written; NULL: none */
    rejects *aside;          /* where bad rows go; NULL: the first one ends the pass */
} window_pass_config;

/* TW_PARSE, TW_RANGE: a bad row, with its position. TW_USAGE: trades of two symbols, for a picture
 * of one. TW_NOT_FOUND: no trade of that symbol. Others as tw_tape_next_trade and
 * output_file_write. `ret_count` is how many rows were written. */
tw_status window_pass(const window_pass_config *config, output_file *out, uint64_t *ret_count,
                      tw_error *error) TW_MUST_CHECK;

#endif
