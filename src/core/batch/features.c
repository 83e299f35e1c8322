/*
 * features.c - features of a panel: which series have to be computed, their tiles, cross-sections.
 *
 * A run has three turns, each in parts for the runner:
 *
 *     recall    a feature's series that the cache has go to their place; the others are listed
 *     compute   the listed columns, TILE_WIDTH at a time, are the lanes of an indicator; what it
 *               gives goes to its place and, from there, to the cache
 *     cross     rows of a cross-section are ranked or scored in their place
 *
 * Invariants:
 * 1. missing[f][0 .. missing_counts[f]) are columns in ascending order.
 * 2. A tile of a feature has an indicator of its own, wide enough for the tile's columns; lanes are
 *    independent, so it does not matter which columns are computed together.
 * 3. A strand (a part of recall or compute) alone uses its column of scratch.
 */
#include "tradewind/features.h"

#include <math.h>
#include <string.h>

#include "features_priv.h"

#define TILE_WIDTH 64
#define STRAND_COUNT 16

typedef struct key_bytes {
    tw_features_series series;
    tw_features_series benchmark;
    uint64_t rows;
    double parameters[TW_INDICATOR_PARAMETERS_MAX];
    uint32_t kind;
    uint32_t output;
} key_bytes;
_Static_assert(sizeof(key_bytes) == 16 + 16 + 8 + 48 + 8, "keys have no gaps");

struct tw_features {
    tw_allocator allocator;
    size_t count;
    size_t columns_max;
    size_t rows_remembered; /* the longest series that the cache takes; 0: without a cache */
    size_t tile_count;      /* of a feature with all columns */
    size_t output_count;
    uint32_t inputs;
    tw_cache *cache;
    tw_batch_way way;
    feature *features;         /* [count] */
    tw_indicator **indicators; /* [count][tile_count] */
    uint32_t *missing;         /* [count][columns_max] */
    size_t *missing_counts;    /* [count] */
    double *columns;           /* [STRAND_COUNT][rows_remembered], NULL without a cache */
    double *rank_scratch;      /* NULL unless something is ranked */
    char (*names)[TW_FEATURES_NAME_SIZE]; /* [output_count] */
    uint64_t unstored[STRAND_COUNT];
    tw_features_figures figures;
};

/* ---- Making ------------------------------------------------------------------------------- */

static size_t rank_scratch_size(const tw_features *f) {
    return (size_t)TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * f->columns_max;
}

static tw_status check(const tw_features_config *config, tw_error *error) {
    if (config->count == 0 || config->count > TW_FEATURES_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "%zu features; 1 to %d are possible", config->count,
                            TW_FEATURES_COUNT_MAX);
    if (config->columns_max == 0 || config->columns_max > TW_FEATURES_COLUMNS_MAX)
        return tw_error_set(error, TW_RANGE, "%zu symbols; 1 to %d are possible",
                            config->columns_max, TW_FEATURES_COLUMNS_MAX);
    if (!tw_cpu_has(config->level))
        return tw_error_set(error, TW_UNSUPPORTED, "this machine has no %s",
                            tw_cpu_name(config->level));
    return TW_OK;
}

static bool is_ranked(const feature *of) {
    return of->cross == FEATURE_CROSS_RANK || of->cross == FEATURE_CROSS_PERCENTILE;
}

static tw_status read_texts(tw_features *f, const tw_features_config *config, tw_error *error) {
    for (size_t i = 0; i < f->count; i++) {
        tw_status status = feature_parse(config->texts[i], &f->features[i], error);
        if (status != TW_OK)
            return status;
        f->features[i].first = f->output_count;
        f->output_count += f->features[i].output_count;
        f->inputs |= tw_indicator_describe(f->features[i].config.kind)->inputs;
    }
    f->names = tw_allocate(&f->allocator, f->output_count, TW_FEATURES_NAME_SIZE, 8);
    if (f->names == NULL)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < f->count; i++) {
        for (size_t o = 0; o < f->features[i].output_count; o++)
            feature_name(&f->features[i], o, f->names[f->features[i].first + o]);
    }
    return TW_OK;
}

static tw_status make_indicators(tw_features *f) {
    for (size_t i = 0; i < f->count; i++) {
        for (size_t t = 0; t < f->tile_count; t++) {
            size_t left = f->columns_max - t * TILE_WIDTH;
            tw_indicator_config config = f->features[i].config;
            config.lanes = (uint32_t)(left < TILE_WIDTH ? left : TILE_WIDTH);
            config.cpu_level = f->way.level;
            tw_status status =
                tw_indicator_new(&f->allocator, &config, &f->indicators[i * f->tile_count + t]);
            if (status != TW_OK)
                return status;
        }
    }
    return TW_OK;
}

static tw_status make_tables(tw_features *f) {
    bool ranked = false;
    for (size_t i = 0; i < f->count; i++)
        ranked |= is_ranked(&f->features[i]);
    f->indicators = TW_NEW(&f->allocator, f->count * f->tile_count, tw_indicator *);
    f->missing = TW_NEW(&f->allocator, f->count * f->columns_max, uint32_t);
    f->missing_counts = TW_NEW(&f->allocator, f->count, size_t);
    if (f->indicators == NULL || f->missing == NULL || f->missing_counts == NULL)
        return TW_NO_MEMORY;
    if (ranked)
        f->rank_scratch = TW_NEW(&f->allocator, rank_scratch_size(f), double);
    if (f->rows_remembered > 0)
        f->columns = TW_NEW(&f->allocator, STRAND_COUNT * f->rows_remembered, double);
    if ((ranked && f->rank_scratch == NULL) || (f->rows_remembered > 0 && f->columns == NULL))
        return TW_NO_MEMORY;
    return make_indicators(f);
}

static size_t rows_remembered(const tw_features_config *config) {
    if (config->cache == NULL)
        return 0;
    size_t most = tw_cache_value_size_max(config->cache) / sizeof(double);
    return config->rows_max < most ? config->rows_max : most;
}

tw_status tw_features_new(const tw_allocator *allocator, const tw_features_config *config,
                          tw_features **ret_features, tw_error *error) {
    TW_ASSERT(config != NULL && ret_features != NULL);
    tw_status status = check(config, error);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_features *f = TW_NEW(allocator, 1, tw_features);
    if (f == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the features");
    f->allocator = *allocator;
    f->count = config->count;
    f->columns_max = config->columns_max;
    f->tile_count = (config->columns_max + TILE_WIDTH - 1) / TILE_WIDTH;
    f->rows_remembered = rows_remembered(config);
    f->cache = config->cache;
    f->way = (tw_batch_way){.runner = config->runner, .level = config->level};
    f->features = TW_NEW(allocator, f->count, feature);
    status = f->features == NULL ? TW_NO_MEMORY : read_texts(f, config, error);
    if (status == TW_OK)
        status = make_tables(f);
    if (status == TW_NO_MEMORY)
        status = tw_error_set(error, status, "there is no memory for %zu features of %zu symbols",
                              f->count, f->columns_max);
    if (status != TW_OK) {
        tw_features_free(f);
        return status;
    }
    *ret_features = f;
    return TW_OK;
}

void tw_features_free(tw_features *features) {
    if (features == NULL)
        return;
    tw_allocator allocator = features->allocator;
    tw_features *f = features;
    for (size_t i = 0; f->indicators != NULL && i < f->count * f->tile_count; i++)
        tw_indicator_free(f->indicators[i]);
    TW_DELETE(&allocator, f->indicators, f->count * f->tile_count, tw_indicator *);
    TW_DELETE(&allocator, f->missing, f->count * f->columns_max, uint32_t);
    TW_DELETE(&allocator, f->missing_counts, f->count, size_t);
    TW_DELETE(&allocator, f->columns, STRAND_COUNT * f->rows_remembered, double);
    TW_DELETE(&allocator, f->rank_scratch, rank_scratch_size(f), double);
    tw_release(&allocator, f->names, f->output_count, TW_FEATURES_NAME_SIZE, 8);
    TW_DELETE(&allocator, f->features, f->count, feature);
    TW_DELETE(&allocator, f, 1, tw_features);
}

size_t tw_features_outputs(const tw_features *features) {
    return features->output_count;
}

const char *tw_features_name(const tw_features *features, size_t output) {
    TW_ASSERT(output < features->output_count);
    return features->names[output];
}

uint32_t tw_features_inputs(const tw_features *features) {
    return features->inputs;
}

tw_features_figures tw_features_figures_of(const tw_features *features) {
    return features->figures;
}

tw_cache_config tw_features_cache_config(size_t rows, size_t series_count) {
    size_t rows_most = TW_CACHE_VALUE_SIZE_MAX / sizeof(double);
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = series_count;
    config.key_size_max = sizeof(key_bytes);
    config.value_size_max = (rows < rows_most ? rows : rows_most) * sizeof(double);
    config.ttl_ns = TW_CACHE_FOREVER;
    config.jitter_percent = 0;
    return config;
}

/* ---- Remembering -------------------------------------------------------------------------- */

typedef struct run {
    tw_features *f;
    const tw_features_panel *panel;
    double *const *values;
} run;

static bool is_remembered(const run *r) {
    return r->panel->series != NULL && r->panel->shape.rows <= r->f->rows_remembered;
}

static key_bytes key_of(const run *r, const feature *of, size_t column, size_t output) {
    key_bytes key = {.series = r->panel->series[column],
                     .rows = r->panel->shape.rows,
                     .kind = of->config.kind,
                     .output = of->outputs[output]};
    memcpy(key.parameters, of->config.parameters, sizeof key.parameters);
    if ((tw_indicator_describe(of->config.kind)->inputs & 1U << TW_INDICATOR_OTHER) != 0)
        key.benchmark = r->panel->benchmark_series;
    return key;
}

static bool recall_column(const run *r, const feature *of, size_t column, double *scratch) {
    size_t rows = r->panel->shape.rows;
    size_t columns = r->panel->shape.columns;
    for (size_t o = 0; o < of->output_count; o++) {
        key_bytes key = key_of(r, of, column, o);
        tw_cache_value value = {.bytes = scratch, .capacity = rows * sizeof(double)};
        if (tw_cache_get(r->f->cache, tw_cache_key_bytes(&key, sizeof key), r->panel->now_ns,
                         &value) != TW_OK)
            return false;
        TW_ASSERT(value.size == rows * sizeof(double));
        double *to = r->values[of->first + o] + column;
        for (size_t i = 0; i < rows; i++)
            to[i * columns] = scratch[i];
    }
    return true;
}

static void recall_feature(const run *r, size_t index, double *scratch) {
    tw_features *f = r->f;
    uint32_t *missing = f->missing + index * f->columns_max;
    size_t count = 0;
    for (size_t j = 0; j < r->panel->shape.columns; j++) {
        if (scratch == NULL || !recall_column(r, &f->features[index], j, scratch))
            missing[count++] = (uint32_t)j;
    }
    f->missing_counts[index] = count;
}

static double *scratch_of(const run *r, size_t strand) {
    return is_remembered(r) ? r->f->columns + strand * r->f->rows_remembered : NULL;
}

static void recall_strand(void *argument, size_t strand) {
    const run *r = argument;
    for (size_t i = strand; i < r->f->count; i += STRAND_COUNT)
        recall_feature(r, i, scratch_of(r, strand));
}

/* Whether the cache has taken all outputs of a column. */
static bool remember_column(const run *r, const feature *of, size_t column, double *scratch) {
    size_t rows = r->panel->shape.rows;
    size_t columns = r->panel->shape.columns;
    bool stored = true;
    for (size_t o = 0; o < of->output_count; o++) {
        const double *from = r->values[of->first + o] + column;
        for (size_t i = 0; i < rows; i++)
            scratch[i] = from[i * columns];
        key_bytes key = key_of(r, of, column, o);
        stored &= tw_cache_put(r->f->cache, tw_cache_key_bytes(&key, sizeof key), r->panel->now_ns,
                               scratch, rows * sizeof(double), NULL) == TW_OK;
    }
    return stored;
}

/* ---- Computing ---------------------------------------------------------------------------- */

typedef struct tile {
    const feature *of;
    tw_indicator *indicator;
    const uint32_t *columns;
    size_t width; /* columns of it; its indicator may have more lanes */
    size_t lanes;
    uint32_t inputs;
    bool together; /* the columns stand side by side and fill the lanes */
} tile;

static tile tile_of(const run *r, size_t index, size_t number) {
    const tw_features *f = r->f;
    tile t = {.of = &f->features[index],
              .indicator = f->indicators[index * f->tile_count + number],
              .columns = f->missing + index * f->columns_max + number * TILE_WIDTH};
    size_t left = f->missing_counts[index] - number * TILE_WIDTH;
    t.width = left < TILE_WIDTH ? left : TILE_WIDTH;
    t.lanes = tw_indicator_lanes(t.indicator);
    t.inputs = tw_indicator_describe(t.of->config.kind)->inputs;
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
    double lanes[TW_INDICATOR_INPUT_COUNT][TILE_WIDTH] = {{0}};
    double answers[TW_INDICATOR_OUTPUTS_MAX * TILE_WIDTH];
    tw_indicator_clear(t->indicator);
    for (size_t i = 0; i < panel->shape.rows; i++) {
        tw_indicator_row row = {.reset = panel->resets != NULL && panel->resets[i]};
        for (size_t s = 0; s < TW_INDICATOR_OTHER; s++) {
            if ((t->inputs & 1U << s) != 0)
                row.inputs[s] = gather(t, panel->inputs[s] + i * columns, lanes[s]);
        }
        if ((t->inputs & 1U << TW_INDICATOR_OTHER) != 0) {
            for (size_t k = 0; k < t->lanes; k++)
                lanes[TW_INDICATOR_OTHER][k] = panel->benchmark[i];
            row.inputs[TW_INDICATOR_OTHER] = lanes[TW_INDICATOR_OTHER];
        }
        tw_indicator_push(t->indicator, &row, answers);
        for (size_t o = 0; o < t->of->output_count; o++)
            scatter(t, answers + t->of->outputs[o] * t->lanes,
                    r->values[t->of->first + o] + i * columns);
    }
}

/* Tiles are numbered through all features; every STRAND_COUNT-th is the strand's. */
static void compute_strand(void *argument, size_t strand) {
    const run *r = argument;
    tw_features *f = r->f;
    double *scratch = scratch_of(r, strand);
    uint64_t unstored = 0;
    size_t next = strand;
    for (size_t i = 0, base = 0; i < f->count; i++) {
        size_t tiles = (f->missing_counts[i] + TILE_WIDTH - 1) / TILE_WIDTH;
        for (; next < base + tiles; next += STRAND_COUNT) {
            tile t = tile_of(r, i, next - base);
            compute_tile(r, &t);
            for (size_t k = 0; scratch != NULL && k < t.width; k++)
                unstored += remember_column(r, t.of, t.columns[k], scratch) ? 0 : 1;
        }
        base += tiles;
    }
    f->unstored[strand] = unstored;
}

static void cross_section(const run *r, const feature *of) {
    double *values = r->values[of->first];
    tw_batch_shape shape = r->panel->shape;
    switch (of->cross) {
    case FEATURE_CROSS_RANK:
        tw_batch_ranks(&r->f->way, shape, values, TW_BATCH_RANK, r->f->rank_scratch, values);
        return;
    case FEATURE_CROSS_PERCENTILE:
        tw_batch_ranks(&r->f->way, shape, values, TW_BATCH_PERCENTILE, r->f->rank_scratch, values);
        return;
    case FEATURE_CROSS_ZSCORE:
        tw_batch_row_zscores(&r->f->way, shape, values, 0, values);
        return;
    case FEATURE_SERIES:
        return;
    }
}

static void count_series(run *r) {
    tw_features *f = r->f;
    f->figures = (tw_features_figures){0};
    for (size_t i = 0; i < f->count; i++) {
        uint64_t all = r->panel->shape.columns * f->features[i].output_count;
        uint64_t computed = f->missing_counts[i] * f->features[i].output_count;
        f->figures.computed += computed;
        f->figures.remembered += all - computed;
    }
    for (size_t s = 0; s < STRAND_COUNT; s++)
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
    run r = {.f = features, .panel = panel, .values = ret_values};
    tw_task_run(features->way.runner, STRAND_COUNT, recall_strand, &r);
    tw_task_run(features->way.runner, STRAND_COUNT, compute_strand, &r);
    for (size_t i = 0; i < features->count; i++)
        cross_section(&r, &features->features[i]);
    count_series(&r);
    return TW_OK;
}
