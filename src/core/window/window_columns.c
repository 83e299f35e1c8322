/*
 * window_columns.c - the answers of a block of trades, a column at a time.
 *
 * Each column is one loop of the expressions that a single read has, over integers that become
 * doubles by an addition (as_double). None of it is contracted, so however wide the compiler makes
 * the vectors, the bits are those of a single read. Rows that are too great for that have been
 * answered already and are laid over the columns last.
 */
#include "window_block.h"

#include <math.h>
#include <string.h>

static void divide_by_scale(const int64_t *restrict numerator, const double *restrict scale,
                            size_t count, double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = as_double(numerator[i]) / scale[i];
}

static void write_counts(const rows *restrict r, size_t count, double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = as_double(r->n[i]);
}

static void write_ranges(const rows *restrict r, const double *restrict scale, size_t count,
                         double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = as_double((int64_t)((uint64_t)r->max[i] - (uint64_t)r->min[i])) / scale[i];
}

static void write_means(const rows *restrict r, const double *restrict scale, size_t count,
                        double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = finish_mean(as_double(r->price[i]), as_double(r->n[i]), scale[i]);
}

static void write_variances(const rows *restrict r, const double *restrict scale, double ddof,
                            size_t count, double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = finish_variance(as_double(r->variance[i]), as_double(r->n[i]), ddof, scale[i]);
}

static void write_stddevs(const rows *restrict r, const double *restrict scale, double ddof,
                          size_t count, double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] =
            sqrt(finish_variance(as_double(r->variance[i]), as_double(r->n[i]), ddof, scale[i]));
}

static void write_vwaps(const rows *restrict r, const double *restrict scale, size_t count,
                        double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = finish_vwap(as_double(r->value[i]), as_double(r->volume[i]), scale[i]);
}

static void write_weights(const double *restrict elapsed, double tau, size_t count,
                          double *restrict ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = ema_weight(elapsed[i], tau);
}

static void put(double *column, size_t row, double value) {
    if (column != NULL)
        column[row] = value;
}

static void lay_slow(const block *b, rows *r, double *const *columns) {
    for (size_t k = 0; k < r->slow_count; k++) {
        const slow_row *slow = &r->slow[k];
        size_t row = b->begin + slow->row;
        put(columns[TW_WINDOW_SUM], row, slow->sum);
        put(columns[TW_WINDOW_MEAN], row, slow->mean);
        put(columns[TW_WINDOW_VARIANCE], row, slow->variance);
        put(columns[TW_WINDOW_STDDEV], row, sqrt(slow->variance));
        put(columns[TW_WINDOW_MIN], row, slow->min);
        put(columns[TW_WINDOW_MAX], row, slow->max);
        put(columns[TW_WINDOW_RANGE], row, slow->range);
        put(columns[TW_WINDOW_VOLUME], row, slow->volume);
        put(columns[TW_WINDOW_VWAP], row, slow->vwap);
    }
    r->slow_count = 0;
}

/* The exponential means by time take the block. */
static void write_emas_by_time(const block *b, rows *r, uint32_t j, double tau, double *column) {
    write_weights(b->elapsed, tau, b->count, r->weight);
    for (size_t i = 0; i < b->count; i++) {
        pane *p = &b->windows[i]->panes[j];
        pane_ema_time(p, b->first[i], b->price[i], r->weight[i]);
        if (column != NULL)
            column[b->begin + i] = p->ema_time;
    }
}

static void write_ema_columns(const block *b, rows *r, uint32_t j, double tau,
                              double *const *columns) {
    double *by_time = columns[TW_WINDOW_EMA_TIME];
    if (columns[TW_WINDOW_EMA] != NULL)
        memcpy(columns[TW_WINDOW_EMA] + b->begin, r->ema, b->count * sizeof(double));
    if (tau > 0)
        write_emas_by_time(b, r, j, tau, by_time);
    for (size_t i = 0; tau <= 0 && by_time != NULL && i < b->count; i++)
        by_time[b->begin + i] = NAN;
}

static void write_quotients(const block *b, rows *r, const pane_spec *spec,
                            double *const *columns) {
    size_t first = b->begin;
    size_t count = b->count;
    const struct {
        tw_window_column column;
        const int64_t *numerator;
        const double *scale;
    } plains[] = {{TW_WINDOW_SUM, r->price, b->scale},
                  {TW_WINDOW_MIN, r->min, b->scale},
                  {TW_WINDOW_MAX, r->max, b->scale},
                  {TW_WINDOW_VOLUME, r->volume, b->quantity_scale}};
    for (size_t k = 0; k < sizeof plains / sizeof plains[0]; k++)
        if (columns[plains[k].column] != NULL)
            divide_by_scale(plains[k].numerator, plains[k].scale, count,
                            columns[plains[k].column] + first);
    if (columns[TW_WINDOW_N] != NULL)
        write_counts(r, count, columns[TW_WINDOW_N] + first);
    if (columns[TW_WINDOW_RANGE] != NULL)
        write_ranges(r, b->scale, count, columns[TW_WINDOW_RANGE] + first);
    if (columns[TW_WINDOW_MEAN] != NULL)
        write_means(r, b->scale, count, columns[TW_WINDOW_MEAN] + first);
    if (columns[TW_WINDOW_VARIANCE] != NULL)
        write_variances(r, b->scale, spec->ddof, count, columns[TW_WINDOW_VARIANCE] + first);
    if (columns[TW_WINDOW_STDDEV] != NULL)
        write_stddevs(r, b->scale, spec->ddof, count, columns[TW_WINDOW_STDDEV] + first);
    if (columns[TW_WINDOW_VWAP] != NULL)
        write_vwaps(r, b->scale, count, columns[TW_WINDOW_VWAP] + first);
    lay_slow(b, r, columns);
}

void block_write_columns(const block *b, rows *r, uint32_t j, double *const *columns) {
    if (b->count == 0)
        return;
    const pane_spec *spec = &b->windows[0]->specs[j];
    write_quotients(b, r, spec, columns);
    write_ema_columns(b, r, j, spec->tau, columns);
}
