/*
 * book_plot.h - a picture of a book over time, drawn by gnuplot.
 *
 * Above: how much stands at each price around the touch (bids blue, asks red), the best bid and
 * ask, and the trades, triangles up where a buyer took, down where a seller did. Below: the sums of
 * the sampled levels of both sides.
 *
 * The book is sampled at a distance of time that doubles whenever the samples are full, so memory
 * does not grow with the file; of the trades every second one is let go when there are too many.
 * A time that goes back is taken for the latest one before it.
 */
#ifndef TRADEWIND_CLI_BOOK_PLOT_H
#define TRADEWIND_CLI_BOOK_PLOT_H

#include "book_replay.h"

enum { BOOK_PLOT_DEPTH = 32, BOOK_PLOT_SAMPLE_MAX = 4096, BOOK_PLOT_TRADE_MAX = 8192 };

typedef struct book_plot_level {
    int64_t price_nano;
    double size;
} book_plot_level;

typedef struct book_plot_sample {
    int64_t time_ns;
    uint32_t counts[2]; /* of levels: bids, asks */
    book_plot_level levels[2][BOOK_PLOT_DEPTH];
} book_plot_sample;

typedef struct book_plot_trade {
    int64_t time_ns;
    double price;
    double size;
    uint8_t resting_side;
} book_plot_trade;

typedef struct book_plot {
    const book_replay *replay;
    tw_symbol symbol; /* TW_SYMBOL_NONE: none seen yet */
    book_plot_sample *samples;
    size_t sample_count;
    uint64_t interval_ns;
    int64_t last_ns; /* of the last sample */
    int64_t seen_ns; /* the latest of the steps; INT64_MIN: none yet */
    book_plot_trade *trades;
    size_t trade_count;
    uint64_t trades_seen;
    uint32_t trade_every; /* one of so many is kept */
} book_plot;

/* TW_NO_MEMORY. Close it in any case. */
tw_status book_plot_open(book_plot *plot, const book_replay *replay, tw_error *error) TW_MUST_CHECK;

/* One step of the replay. TW_USAGE: the file has more than one symbol, and none was chosen. */
tw_status book_plot_put(book_plot *plot, const book_step *step, tw_error *error) TW_MUST_CHECK;

/* Draws a PNG into a file that is there already; should it be removed meanwhile, it stays so. The
 * path may hold anything. TW_NOT_FOUND: gnuplot is not installed. TW_EMPTY: there was no book to
 * draw, or it was there for no time. TW_NO_MEMORY. TW_IO: gnuplot failed and said why on standard
 * error, or drew nothing; others where the file cannot be written. */
tw_status book_plot_draw(book_plot *plot, const char *path, tw_error *error) TW_MUST_CHECK;

void book_plot_close(book_plot *plot);

#endif
