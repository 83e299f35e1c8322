/*
 * batch_panel.h - rows of bars as matrices: a row a time, a column a symbol.
 *
 * Columns stand in the order of the names, rows in that of time. Times are those of all symbols
 * together, so that a symbol without a bar at one of them has a gap there.
 */
#ifndef TRADEWIND_CLI_BATCH_PANEL_H
#define TRADEWIND_CLI_BATCH_PANEL_H

#include "batch_input.h"
#include "tradewind/batch.h"
#include "tradewind/indicator.h"
#include "tradewind/zone.h"

typedef struct batch_panel {
    tw_batch_shape shape;
    int64_t *times_ns;                  /* [rows] */
    bool *resets;                       /* [rows]: another day of the calendar begins */
    const char **names;                 /* [columns], the input's */
    double *inputs[TW_INDICATOR_OTHER]; /* by tw_indicator_input */
    size_t replaced;                    /* bars of which there was a newer revision */
    size_t gaps;                        /* cells without a bar, before cleaning */
    size_t splits;                      /* applied, */
    size_t splits_apart;                /* and those of other symbols and times */
    size_t spikes;                      /* dropped */
    size_t filled;
} batch_panel;

typedef struct batch_wishes {
    size_t columns_more; /* matrices that the caller is going to need beside */
    const tw_zone *zone; /* where days begin; NULL: UTC */
} batch_wishes;

/* `files` are those that the input was read from. TW_PARSE: two bars of a symbol at one time and of
 * one revision, with the place of one. TW_FULL: more cells than fit into memory. Free it in any
 * case. */
tw_status batch_panel_make(batch_panel *panel, const batch_input *input, const batch_files *files,
                           const batch_wishes *wishes, tw_error *error) TW_MUST_CHECK;
void batch_panel_free(batch_panel *panel);

/* The column of a name; TW_NOT_FOUND. */
tw_status batch_panel_find(const batch_panel *panel, tw_slice name,
                           size_t *ret_column) TW_MUST_CHECK;

/* A matrix of the panel's shape in huge pages, zeroed; and back. NULL when memory is out. */
double *batch_matrix_new(tw_batch_shape shape);
void batch_matrix_free(double *matrix, tw_batch_shape shape);

#endif
