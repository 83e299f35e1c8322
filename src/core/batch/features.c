/*
 * features.c - the handle: texts become units and targets, and everything that a run needs is made.
 */
#include "tradewind/features.h"

#include "features_priv.h"

/* ---- Memory ------------------------------------------------------------------------------- */

static void *take_bounded(void *context, size_t size, size_t alignment) {
    features_heap *heap = context;
    if (size > heap->left)
        return NULL;
    void *block = heap->inner.allocate(heap->inner.context, size, alignment);
    heap->left -= block != NULL ? size : 0;
    return block;
}

static void give_back(void *context, void *block, size_t size, size_t alignment) {
    features_heap *heap = context;
    heap->inner.release(heap->inner.context, block, size, alignment);
    heap->left += size;
}

static size_t rank_scratch_size(const tw_features *f) {
    return (size_t)TW_BATCH_RANK_PARTS * TW_BATCH_RANK_SCRATCH * f->columns_max;
}

/* ---- Texts -------------------------------------------------------------------------------- */

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

static bool is_same(const tw_indicator_config *a, const tw_indicator_config *b) {
    bool same = a->kind == b->kind;
    for (size_t i = 0; i < TW_INDICATOR_PARAMETERS_MAX; i++)
        same = same && a->parameters[i] == b->parameters[i];
    return same;
}

/* The unit that computes an indicator; a new one unless there is one. */
static size_t unit_of(tw_features *f, const tw_indicator_config *config) {
    for (size_t u = 0; u < f->unit_count; u++) {
        if (is_same(&f->units[u].config, config))
            return u;
    }
    f->units[f->unit_count] =
        (feature_unit){.config = *config, .inputs = tw_indicator_describe(config->kind)->inputs};
    return f->unit_count++;
}

static tw_status read_texts(tw_features *f, const tw_features_config *config, tw_error *error) {
    for (size_t i = 0; i < f->feature_count; i++) {
        feature *of = &f->features[i];
        tw_status status = feature_parse(config->texts[i], of, error);
        if (status != TW_OK)
            return status;
        of->unit = unit_of(f, &of->config);
        f->units[of->unit].count += of->output_count;
        f->inputs |= f->units[of->unit].inputs;
        f->result_count += of->output_count;
    }
    return TW_OK;
}

/* Results stand in the order of the texts, targets in that of the units. */
static void lay_out(tw_features *f) {
    for (size_t u = 1; u < f->unit_count; u++)
        f->units[u].first = f->units[u - 1].first + f->units[u - 1].count;
    size_t filled[TW_FEATURES_COUNT_MAX] = {0};
    size_t result = 0;
    for (size_t i = 0; i < f->feature_count; i++) {
        const feature *of = &f->features[i];
        for (size_t o = 0; o < of->output_count; o++, result++) {
            size_t at = f->units[of->unit].first + filled[of->unit]++;
            f->targets[at] = (feature_target){of->outputs[o], result};
            f->results[result].cross = of->cross;
            feature_name(of, o, f->results[result].name);
        }
    }
}

/* ---- Making ------------------------------------------------------------------------------- */

static bool is_ranked(const tw_features *f) {
    for (size_t i = 0; i < f->feature_count; i++) {
        if (f->features[i].cross == FEATURE_CROSS_RANK ||
            f->features[i].cross == FEATURE_CROSS_PERCENTILE)
            return true;
    }
    return false;
}

static tw_status make_indicators(tw_features *f) {
    for (size_t u = 0; u < f->unit_count; u++) {
        for (size_t t = 0; t < f->tile_count; t++) {
            size_t left = f->columns_max - t * FEATURES_TILE_WIDTH;
            tw_indicator_config config = f->units[u].config;
            config.lanes = (uint32_t)(left < FEATURES_TILE_WIDTH ? left : FEATURES_TILE_WIDTH);
            config.cpu_level = f->way.level;
            tw_status status =
                tw_indicator_new(&f->allocator, &config, &f->indicators[u * f->tile_count + t]);
            if (status != TW_OK)
                return status;
        }
    }
    return TW_OK;
}

static tw_status make_tables(tw_features *f) {
    bool ranked = is_ranked(f);
    f->targets = TW_NEW(&f->allocator, f->result_count, feature_target);
    f->results = TW_NEW(&f->allocator, f->result_count, feature_result);
    f->indicators = TW_NEW(&f->allocator, f->unit_count * f->tile_count, tw_indicator *);
    f->missing = TW_NEW(&f->allocator, f->unit_count * f->columns_max, uint32_t);
    f->missing_counts = TW_NEW(&f->allocator, f->unit_count, size_t);
    if (f->targets == NULL || f->results == NULL || f->indicators == NULL || f->missing == NULL ||
        f->missing_counts == NULL)
        return TW_NO_MEMORY;
    if (ranked)
        f->rank_scratch = TW_NEW(&f->allocator, rank_scratch_size(f), double);
    if (f->rows_remembered > 0)
        f->columns = TW_NEW(&f->allocator, FEATURES_STRAND_COUNT * f->rows_remembered, double);
    if ((ranked && f->rank_scratch == NULL) || (f->rows_remembered > 0 && f->columns == NULL))
        return TW_NO_MEMORY;
    lay_out(f);
    return make_indicators(f);
}

static size_t rows_remembered(const tw_features_config *config) {
    if (config->cache == NULL)
        return 0;
    size_t most = tw_cache_value_size_max(config->cache) / sizeof(double);
    return config->rows_max < most ? config->rows_max : most;
}

static void begin(tw_features *f, const tw_allocator *allocator, const tw_features_config *config) {
    f->heap = (features_heap){.inner = *allocator,
                              .left = config->memory_max > 0 ? config->memory_max
                                                             : TW_FEATURES_MEMORY_DEFAULT};
    f->allocator = (tw_allocator){take_bounded, give_back, &f->heap};
    f->feature_count = config->count;
    f->columns_max = config->columns_max;
    f->tile_count = (config->columns_max + FEATURES_TILE_WIDTH - 1) / FEATURES_TILE_WIDTH;
    f->rows_remembered = rows_remembered(config);
    f->cache = config->cache;
    f->way = (tw_batch_way){.runner = config->runner, .level = config->level};
}

static tw_status make(tw_features *f, const tw_features_config *config, tw_error *error) {
    f->features = TW_NEW(&f->allocator, f->feature_count, feature);
    f->units = TW_NEW(&f->allocator, f->feature_count, feature_unit);
    tw_status status = f->features == NULL || f->units == NULL ? TW_NO_MEMORY : TW_OK;
    if (status == TW_OK)
        status = read_texts(f, config, error);
    if (status == TW_OK)
        status = make_tables(f);
    if (status == TW_NO_MEMORY)
        return tw_error_set(
            error, status,
            "there is no memory for %zu features of %zu symbols, or it would be "
            "more than the %zu MiB that they may have",
            f->feature_count, f->columns_max,
            (config->memory_max > 0 ? config->memory_max : TW_FEATURES_MEMORY_DEFAULT) >> 20);
    return status;
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
    begin(f, allocator, config);
    status = make(f, config, error);
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
    tw_features *f = features;
    const tw_allocator *a = &f->allocator;
    for (size_t i = 0; f->indicators != NULL && i < f->unit_count * f->tile_count; i++)
        tw_indicator_free(f->indicators[i]);
    TW_DELETE(a, f->indicators, f->unit_count * f->tile_count, tw_indicator *);
    TW_DELETE(a, f->missing, f->unit_count * f->columns_max, uint32_t);
    TW_DELETE(a, f->missing_counts, f->unit_count, size_t);
    TW_DELETE(a, f->columns, FEATURES_STRAND_COUNT * f->rows_remembered, double);
    TW_DELETE(a, f->rank_scratch, rank_scratch_size(f), double);
    TW_DELETE(a, f->results, f->result_count, feature_result);
    TW_DELETE(a, f->targets, f->result_count, feature_target);
    TW_DELETE(a, f->units, f->feature_count, feature_unit);
    TW_DELETE(a, f->features, f->feature_count, feature);
    tw_allocator inner = f->heap.inner;
    TW_DELETE(&inner, f, 1, tw_features);
}

/* ---- What can be asked -------------------------------------------------------------------- */

size_t tw_features_outputs(const tw_features *features) {
    return features->result_count;
}

const char *tw_features_name(const tw_features *features, size_t output) {
    TW_ASSERT(output < features->result_count);
    return features->results[output].name;
}

uint32_t tw_features_inputs(const tw_features *features) {
    return features->inputs;
}

tw_features_figures tw_features_figures_of(const tw_features *features) {
    return features->figures;
}

/* What was not used for longest goes first, as versions grow old; and shards are not filled alike,
 * so there is some room. */
tw_cache_config tw_features_cache_config(size_t rows, size_t series_count) {
    size_t rows_most = TW_CACHE_VALUE_SIZE_MAX / sizeof(double);
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = series_count + series_count / 8 + 64;
    config.key_size_max = sizeof(feature_key);
    config.value_size_max = (rows < rows_most ? rows : rows_most) * sizeof(double);
    config.policy = TW_CACHE_LRU;
    config.ttl_ns = TW_CACHE_FOREVER;
    config.jitter_percent = 0;
    return config;
}
