/*
 * window_block.h - a block of trades on its way through rings and windows into columns of answers.
 *
 * window_run.c leads blocks; window_chains.c and window_columns.c, compiled once for each level of
 * vector instructions, do the work on one.
 */
#ifndef TRADEWIND_CORE_WINDOW_BLOCK_H
#define TRADEWIND_CORE_WINDOW_BLOCK_H

#include "window_pane.h"

#define LINE_ROWS 8  /* of a column, in a line of the cache */
#define BLOCK_ONE 64 /* trades of a block of one symbol ... */
#define BLOCK_MANY 1024

/* What a window answers to a row of a block: one line. */
typedef struct answer {
    _Alignas(64) totals_low sums;
    uint64_t n;
    int32_t extremes[2]; /* in units; those of a narrow ring fit (narrow_limit) */
    double ema;
    double ema_time;
} answer;

/* A trade in the units that most rings are thought to have. */
typedef struct plain_trade {
    int32_t price;
    int32_t quantity; /* PLAIN_NOT: it does not fit */
} plain_trade;

#define PLAIN_NOT -1

/* The trades of a block, by row. */
typedef struct block {
    double *price;
    uint64_t *elapsed;     /* nanoseconds since the trade before of its symbol */
    double *weights;       /* [pane][capacity] of the price in the exponential means by time */
    uint16_t *next;        /* the next row of the same symbol, or CHAIN_NONE */
    uint32_t *chains;      /* the symbols that have rows, in the order of their first */
    uint8_t *price_shifts; /* in which units a row is answered */
    uint8_t *quantity_shifts;
    uint8_t *wide;      /* not 0: not in the answers, but written to the columns already */
    answer *answers;    /* [pane][capacity] */
    plain_trade *plain; /* in units of ... */
    uint32_t price_shift;
    uint32_t quantity_shift;
    size_t capacity;
    size_t chain_count;
    size_t count;
    size_t begin; /* row of the outputs, and of the ticks */
    /* The columns begin a line here, and are so long that nothing will be read from the cache:
     * whole lines may go past it, which spares reading them first. */
    bool streamed;
} block;

/* The rings of a run, and what is wanted of them. */
typedef struct desk {
    tw_window *items;
    const uint32_t *symbols; /* NULL: one window */
    uint32_t symbol_count;
    uint32_t pane_count;
    const pane_spec *specs;
    const tw_window_ticks *ticks;
    const tw_window_output *outputs;
    bool rest[TW_WINDOW_SPEC_MAX]; /* columns that are asked for one by one */
} desk;

/* Takes a block of trades that have been accepted and chained, and writes the rows of all windows:
 * window_chains.c, which calls window_columns.c. */
typedef void window_block_kernel(const desk *d, block *b);
typedef void window_columns_kernel(const desk *d, const block *b);
window_block_kernel window_block_baseline, window_block_avx2, window_block_avx512;
window_columns_kernel window_columns_baseline, window_columns_avx2, window_columns_avx512;

/* ---- window_run.c: what few trades need ------------------------------------------------------ */

/* The columns of a row that no vector writes: z-score, volatility, quantiles. */
void window_put_rest(const view *v, const tw_window_output *output, size_t row);
/* All other columns of a row of a wide ring, but for the exponential means. */
void window_put_wide(const view *v, const tw_window_output *output, size_t row);
/* The same of a row whose numbers are too great for columns. */
void window_put_slow(const desk *d, const block *b, uint32_t j, size_t row);

#endif
