/*
 * features_run.c - a run: which series have to be computed, their tiles, cross-sections.
 *
 * A run has three turns, each in parts for the runner:
 *
 *     recall    a unit's series that the cache has go to their places; the others are listed
 *     compute   the listed columns, a tile of them at a time, are the lanes of an indicator; what
 *               it gives goes to its places and, from there, to the cache
 *     cross     rows of a cross-section are ranked or scored in their place
 *
 * Invariants:
 * 1. missing[u][0 .. missing_counts[u]) are columns in ascending order.
 * 2. A tile of a unit has an indicator of its own, wide enough for the tile's columns; lanes are
 *    independent, so it does not matter which columns are computed together.
 * 3. A strand (a part of recall or compute) alone uses its column of scratch.
 */
#include <math.h>
#include <string.h>

#include "features_priv.h"
#include "fnv.h"

typedef struct run {
    tw_features *f;
    const tw_features_panel *panel;
    double *const *values;
    uint64_t sessions; /* a hash of the panel's resets */
} run;

/* ---- Remembering -------------------------------------------------------------------------- */

static bool is_remembered(const run *r) {
    return r->panel->series != NULL && r->panel->shape.rows <= r->f->rows_remembered;
}

/* Of the rows at which sessions begin. */
static uint64_t hash_sessions(const tw_features_panel *panel) {
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; panel->resets != NULL && i < panel->shape.rows; i++) {
        if (panel->resets[i])
            hash = fnv_add(hash, i);
    }
    return hash;
}

static feature_key key_of(const run *r, const feature_unit *unit, size_t column, uint32_t output) {
    feature_key key = {.series = r->panel->series[column],
                       .rows = r->panel->shape.rows,
                       .sessions = r->sessions,
                       .kind = unit->config.kind,
                       .output = output};
    memcpy(key.parameters, unit->config.parameters, sizeof key.parameters);
    if ((unit->inputs & 1U << TW_INDICATOR_OTHER) != 0)
        key.benchmark = r->panel->benchmark_series;
    return key;
}

/* Where the column of a target's result begins. */
static double *place_of(const run *r, const feature_target *target, size_t column) {
    return r->values[target->result] + column;
}

static bool recall_column(const run *r, const feature_unit *unit, size_t column, double *scratch) {
    size_t rows = r->panel->shape.rows;
    size_t columns = r->panel->shape.columns;
    const feature_target *targets = r->f->targets + unit->first;
    for (size_t k = 0; k < unit->count; k++) {
        feature_key key = key_of(r, unit, column, targets[k].output);
        tw_cache_value value = {.bytes = scratch, .capacity = rows * sizeof(double)};
        if (tw_cache_get(r->f->cache, tw_cache_key_bytes(&key, sizeof key), r->panel->now_ns,
                         &value) != TW_OK)
            return false;
        TW_ASSERT(value.size == rows * sizeof(double));
        double *to = place_of(r, &targets[k], column);
        for (size_t i = 0; i < rows; i++)
            to[i * columns] = scratch[i];
    }
    return true;
}

static void recall_unit(const run *r, size_t index, double *scratch) {
    tw_features *f = r->f;
    uint32_t *missing = f->missing + index * f->columns_max;
    size_t count = 0;
    for (size_t j = 0; j < r->panel->shape.columns; j++) {
        if (scratch == NULL || !recall_column(r, &f->units[index], j, scratch))
            missing[count++] = (uint32_t)j;
    }
    f->missing_counts[index] = count;
}

static double *scratch_of(const run *r, size_t strand) {
    return is_remembered(r) ? r->f->columns + strand * r->f->rows_remembered : NULL;
}

static void recall_strand(void *argument, size_t strand) {
    const run *r = argument;
    for (size_t u = strand; u < r->f->unit_count; u += FEATURES_STRAND_COUNT)
        recall_unit(r, u, scratch_of(r, strand));
}

/* How many outputs of a column the cache has not taken. */
static uint64_t remember_column(const run *r, const feature_unit *unit, size_t column,
                                double *scratch) {
    size_t rows = r->panel->shape.rows;
    size_t columns = r->panel->shape.columns;
    const feature_target *targets = r->f->targets + unit->first;
    uint64_t refused = 0;
    for (size_t k = 0; k < unit->count; k++) {
        const double *from = place_of(r, &targets[k], column);
        for (size_t i = 0; i < rows; i++)
            scratch[i] = from[i * columns];
        feature_key key = key_of(r, unit, column, targets[k].output);
        tw_status status = tw_cache_put(r->f->cache, tw_cache_key_bytes(&key, sizeof key),
                                        r->panel->now_ns, scratch, rows * sizeof(double), NULL);
        refused += status != TW_OK ? 1 : 0;
    }
    return refused;
}

/* ---- Computing ---------------------------------------------------------------------------- */

typedef struct tile {
    const feature_unit *unit;
    tw_indicator *indicator;
    const uint32_t *columns;
    size_t width; /* columns of it; its indicator may have more lanes */
    size_t lanes;
    bool together; /* the columns stand side by side and fill the lanes */
} tile;

static tile tile_of(const run *r, size_t index, size_t number) {
    const tw_features *f = r->f;
    tile t = {.unit = &f->units[index],
              .indicator = f->indicators[index * f->tile_count + number],
              .columns = f->missing + index * f->columns_max + number * FEATURES_TILE_WIDTH};
    size_t left = f->missing_counts[index] - number * FEATURES_TILE_WIDTH;
    t.width = left < FEATURES_TILE_WIDTH ? left : FEATURES_TILE_WIDTH;
    t.lanes = tw_indicator_lanes(t.indicator);
    t.together = t.width == t.lanes && t.columns[t.width - 1] - t.columns[0] == t.width - 1;
    return t;
}

/* Lanes without a column are missing, or what an earlier row left there: nobody reads them. */
static const double *gather(const tile *t, const double *row, double *lanes) {
    if (t->together)
        return row + t->columns[0];
    for (size_t k = 0; k < t->width; k++)
        lanes[k] = row[t->columns[k]];
    return lanes;
}

static void scatter(const tile *t, const double *lanes, double *row) {
    if (t->together) {
        memcpy(row + t->columns[0], lanes, t->width * sizeof *lanes);
        return;
    }
    for (size_t k = 0; k < t->width; k++)
        row[t->columns[k]] = lanes[k];
}

static void compute_tile(const run *r, const tile *t) {
    const tw_features_panel *panel = r->panel;
    size_t columns = panel->shape.columns;
    const feature_target *targets = r->f->targets + t->unit->first;
    double lanes[TW_INDICATOR_INPUT_COUNT][FEATURES_TILE_WIDTH] = {{0}};
    double answers[TW_INDICATOR_OUTPUTS_MAX * FEATURES_TILE_WIDTH];
    tw_indicator_clear(t->indicator);
    for (size_t i = 0; i < panel->shape.rows; i++) {
        tw_indicator_row row = {.reset = panel->resets != NULL && panel->resets[i]};
        for (size_t s = 0; s < TW_INDICATOR_OTHER; s++) {
            if ((t->unit->inputs & 1U << s) != 0)
                row.inputs[s] = gather(t, panel->inputs[s] + i * columns, lanes[s]);
        }
        if ((t->unit->inputs & 1U << TW_INDICATOR_OTHER) != 0) {
            for (size_t k = 0; k < t->lanes; k++)
                lanes[TW_INDICATOR_OTHER][k] = panel->benchmark[i];
            row.inputs[TW_INDICATOR_OTHER] = lanes[TW_INDICATOR_OTHER];
        }
        tw_indicator_push(t->indicator, &row, answers);
        for (size_t k = 0; k < t->unit->count; k++)
            scatter(t, answers + targets[k].output * t->lanes,
                    r->values[targets[k].result] + i * columns);
    }
}

/* Tiles are numbered through all units; every FEATURES_STRAND_COUNT-th is the strand's. */
static void compute_strand(void *argument, size_t strand) {
    const run *r = argument;
    tw_features *f = r->f;
    double *scratch = scratch_of(r, strand);
    uint64_t unstored = 0;
    size_t next = strand;
    for (size_t u = 0, base = 0; u < f->unit_count; u++) {
        size_t tiles = (f->missing_counts[u] + FEATURES_TILE_WIDTH - 1) / FEATURES_TILE_WIDTH;
        for (; next < base + tiles; next += FEATURES_STRAND_COUNT) {
            tile t = tile_of(r, u, next - base);
            compute_tile(r, &t);
            for (size_t k = 0; scratch != NULL && k < t.width; k++)
                unstored += remember_column(r, t.unit, t.columns[k], scratch);
        }
        base += tiles;
    }
    f->unstored[strand] = unstored;
}

static void cross_section(const run *r, size_t result) {
    double *values = r->values[result];
    tw_batch_shape shape = r->panel->shape;
    const tw_features *f = r->f;
    switch (f->results[result].cross) {
    case FEATURE_CROSS_RANK:
        tw_batch_ranks(&f->way, shape, values, TW_BATCH_RANK, f->rank_scratch, values);
        return;
    case FEATURE_CROSS_PERCENTILE:
        tw_batch_ranks(&f->way, shape, values, TW_BATCH_PERCENTILE, f->rank_scratch, values);
        return;
    case FEATURE_CROSS_ZSCORE:
        tw_batch_row_zscores(&f->way, shape, values, 0, values);
        return;
    case FEATURE_SERIES:
        return;
    }
}

static void count_series(const run *r) {
    tw_features *f = r->f;
    f->figures = (tw_features_figures){0};
    for (size_t u = 0; u < f->unit_count; u++) {
        uint64_t all = r->panel->shape.columns * f->units[u].count;
        uint64_t computed = f->missing_counts[u] * f->units[u].count;
        f->figures.computed += computed;
        f->figures.remembered += all - computed;
    }
    for (size_t s = 0; s < FEATURES_STRAND_COUNT; s++)
        f->figures.unstored += f->unstored[s];
    if (r->panel->series != NULL && f->cache != NULL && !is_remembered(r))
        f->figures.unstored = f->figures.computed;
}

tw_status tw_features_run(tw_features *features, const tw_features_panel *panel,
                          double *const *ret_values) {
    TW_ASSERT(features != NULL && panel != NULL && ret_values != NULL);
    TW_ASSERT(panel->shape.columns > 0);
    if (panel->shape.columns > features->columns_max)
        return TW_RANGE;
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        TW_ASSERT((features->inputs & 1U << s) == 0 || panel->inputs[s] != NULL);
    TW_ASSERT((features->inputs & 1U << TW_INDICATOR_OTHER) == 0 || panel->benchmark != NULL);
    run r = {
        .f = features,
        .panel = panel,
        .values = ret_values,
    };
    r.sessions = is_remembered(&r) ? hash_sessions(panel) : 0;
    tw_task_run(features->way.runner, FEATURES_STRAND_COUNT, recall_strand, &r);
    tw_task_run(features->way.runner, FEATURES_STRAND_COUNT, compute_strand, &r);
    for (size_t k = 0; k < features->result_count; k++)
        cross_section(&r, k);
    count_series(&r);
    return TW_OK;
}
