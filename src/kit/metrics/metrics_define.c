/*
 * metrics_define.c - the registry comes to be: its memory, and the families that share it.
 *
 * The rules for names are those of the OpenMetrics 1.0 text format, sections "MetricFamily",
 * "Unit" and "Suffixes", made stricter where it says SHOULD.
 */
#include "metrics_priv.h"

#include <math.h>
#include <string.h>

#define SUFFIX_SIZE 16
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static bool config_is_valid(const tw_metrics_config *config) {
    return config->family_max > 0 && config->family_max <= TW_METRICS_FAMILY_MAX &&
           config->series_max > 0 && config->series_max <= TW_METRICS_SERIES_MAX &&
           config->histogram_max <= TW_METRICS_SERIES_MAX && config->shard_max > 0 &&
           config->shard_max <= TW_METRICS_SHARD_MAX && config->created_time_ns >= 0;
}

static size_t series_total(const tw_metrics_config *config) {
    return (size_t)config->series_max + config->histogram_max;
}

static size_t histogram_total(const tw_metrics_config *config) {
    return (size_t)config->histogram_max * config->shard_max;
}

/* Makes each block or leaves it NULL; tells whether all are there. */
static bool take_memory(tw_metrics *metrics) {
    const tw_metrics_config *config = &metrics->config;
    const tw_allocator *allocator = metrics->allocator;
    size_t cells = (size_t)metrics->cell_stride * config->shard_max;
    metrics->families = TW_NEW(allocator, config->family_max, struct family);
    metrics->series = TW_NEW(allocator, series_total(config), struct series);
    metrics->shards = TW_NEW(allocator, config->shard_max, tw_metrics_shard);
    metrics->cells = tw_allocate(allocator, cells, sizeof(uint64_t), SHARD_ALIGNMENT);
    if (config->histogram_max > 0) {
        metrics->histograms = TW_NEW(allocator, histogram_total(config), tw_histogram);
        metrics->attached = TW_NEW(allocator, config->histogram_max, const tw_histogram *_Atomic);
    }
    return metrics->families != NULL && metrics->series != NULL && metrics->shards != NULL &&
           metrics->cells != NULL &&
           ((metrics->histograms != NULL && metrics->attached != NULL) ||
            config->histogram_max == 0);
}

static void share_memory(tw_metrics *metrics) {
    const tw_metrics_config *config = &metrics->config;
    for (uint32_t i = 0; i < config->shard_max; i++) {
        tw_metrics_shard *shard = &metrics->shards[i];
        shard->cell_count = config->series_max;
        shard->histogram_count = config->histogram_max;
        shard->cells = metrics->cells + (size_t)i * metrics->cell_stride;
        if (config->histogram_max > 0)
            shard->histograms = metrics->histograms + (size_t)i * config->histogram_max;
        for (uint32_t j = 0; j < config->histogram_max; j++)
            tw_histogram_init(&shard->histograms[j]);
    }
}

tw_status tw_metrics_new(const tw_allocator *allocator, const tw_metrics_config *config,
                         tw_metrics **ret_metrics) {
    TW_ASSERT(config != NULL && ret_metrics != NULL);
    if (!config_is_valid(config))
        return TW_RANGE;
    tw_metrics *metrics = TW_NEW(allocator, 1, tw_metrics);
    if (metrics == NULL)
        return TW_NO_MEMORY;
    const uint32_t cells_of_a_pair = SHARD_ALIGNMENT / sizeof(uint64_t);
    metrics->allocator = allocator;
    metrics->config = *config;
    metrics->cell_stride =
        (config->series_max + cells_of_a_pair - 1) / cells_of_a_pair * cells_of_a_pair;
    atomic_flag_clear(&metrics->growing);
    if (!take_memory(metrics)) {
        tw_metrics_free(metrics);
        return TW_NO_MEMORY;
    }
    share_memory(metrics);
    *ret_metrics = metrics;
    return TW_OK;
}

void tw_metrics_free(tw_metrics *metrics) {
    if (metrics == NULL)
        return;
    const tw_metrics_config *config = &metrics->config;
    const tw_allocator *allocator = metrics->allocator;
    size_t cells = (size_t)metrics->cell_stride * config->shard_max;
    TW_DELETE(allocator, metrics->families, config->family_max, struct family);
    TW_DELETE(allocator, metrics->series, series_total(config), struct series);
    TW_DELETE(allocator, metrics->shards, config->shard_max, tw_metrics_shard);
    tw_release(allocator, metrics->cells, cells, sizeof(uint64_t), SHARD_ALIGNMENT);
    TW_DELETE(allocator, metrics->histograms, histogram_total(config), tw_histogram);
    TW_DELETE(allocator, metrics->attached, config->histogram_max, const tw_histogram *_Atomic);
    TW_DELETE(allocator, metrics, 1, tw_metrics);
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(tw_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!is_letter(c) && c != '_' && (c < '0' || c > '9'))
            return false;
    }
    return text.size > 0 && is_letter(text.data[0]);
}

static bool ends_with(tw_slice text, tw_slice end) {
    return text.size >= end.size &&
           memcmp(text.data + text.size - end.size, end.data, end.size) == 0;
}

static tw_status check_name(tw_slice name, tw_error *error) {
    static const char *const reserved[] = {"_total", "_created", "_bucket", "_info"};
    if (name.size >= TW_METRICS_NAME_SIZE)
        return tw_error_set(error, TW_INVALID, "a metric name is at most %d bytes long",
                            TW_METRICS_NAME_SIZE - 1);
    if (!is_word(name))
        return tw_error_set(error, TW_INVALID,
                            "metric name \"%.*s\": letters, digits and \"_\" after a letter",
                            (int)name.size, name.data);
    for (size_t i = 0; i < LENGTH(reserved); i++) {
        if (ends_with(name, tw_slice_of(reserved[i])))
            return tw_error_set(error, TW_INVALID,
                                "metric name \"%.*s\": \"%s\" is added when it is written out",
                                (int)name.size, name.data, reserved[i]);
    }
    return TW_OK;
}

static tw_status check_unit(tw_slice name, tw_slice unit, tw_error *error) {
    if (unit.size == 0)
        return TW_OK;
    if (unit.size >= TW_METRICS_UNIT_SIZE || !is_word(unit))
        return tw_error_set(error, TW_INVALID, "metric \"%.*s\": the unit is not a short word",
                            (int)name.size, name.data);
    if (!ends_with(name, unit) || name.size < unit.size + 2 ||
        name.data[name.size - unit.size - 1] != '_')
        return tw_error_set(error, TW_INVALID, "metric name \"%.*s\" must end in \"_%.*s\"",
                            (int)name.size, name.data, (int)unit.size, unit.data);
    return TW_OK;
}

static tw_status check_labels(const tw_metrics_definition *definition, tw_error *error) {
    if (definition->label_count > TW_METRICS_LABEL_MAX)
        return tw_error_set(error, TW_INVALID, "metric \"%s\" has more than %d labels",
                            definition->name, TW_METRICS_LABEL_MAX);
    if (definition->label_count > 0 && definition->series_max == 0)
        return tw_error_set(error, TW_INVALID, "metric \"%s\" has labels but no series_max",
                            definition->name);
    for (uint32_t i = 0; i < definition->label_count; i++) {
        tw_slice label = tw_slice_of(definition->labels[i]);
        bool taken = tw_slice_equal_string(label, "le") && definition->kind == TW_METRICS_HISTOGRAM;
        for (uint32_t j = 0; j < i; j++)
            taken = taken || tw_slice_equal_string(label, definition->labels[j]);
        if (taken)
            return tw_error_set(error, TW_INVALID, "metric \"%s\": label \"%s\" is taken",
                                definition->name, definition->labels[i]);
        if (label.size >= TW_METRICS_LABEL_NAME_SIZE || !is_word(label))
            return tw_error_set(error, TW_INVALID,
                                "metric \"%s\": label %u is not a short word of letters, digits "
                                "and \"_\" after a letter",
                                definition->name, i + 1);
    }
    return TW_OK;
}

static tw_status check_kind(const tw_metrics_definition *definition, tw_error *error) {
    if (definition->kind > TW_METRICS_HISTOGRAM || definition->merge > TW_METRICS_MERGE_MIN)
        return tw_error_set(error, TW_INVALID, "metric \"%s\" is of no known kind",
                            definition->name);
    bool is_default = definition->bucket_first == 0 && definition->bucket_last == 0 &&
                      definition->bucket_step == 0;
    if (definition->kind != TW_METRICS_HISTOGRAM || is_default)
        return TW_OK;
    if (definition->bucket_step == 0 || definition->bucket_first > definition->bucket_last ||
        definition->bucket_last > BUCKET_LAST_MAX)
        return tw_error_set(error, TW_INVALID,
                            "metric \"%s\": buckets need first <= last <= %d and step >= 1",
                            definition->name, BUCKET_LAST_MAX);
    return TW_OK;
}

/* One name that is written out for a family: its own name and a suffix of its kind. */
static tw_slice sample_name(char *buffer, tw_slice name, const char *suffix) {
    tw_text text = tw_text_over(buffer, TW_METRICS_NAME_SIZE + SUFFIX_SIZE);
    tw_text_append(&text, name);
    tw_text_append_string(&text, suffix);
    return tw_text_slice(&text);
}

/* The n-th suffix of a kind, or NULL after the last. */
static const char *suffix_of(tw_metrics_kind kind, size_t n) {
    static const char *const suffixes[][6] = {
        [TW_METRICS_COUNTER] = {"", "_total", "_created", NULL},
        [TW_METRICS_GAUGE] = {"", NULL},
        [TW_METRICS_HISTOGRAM] = {"", "_bucket", "_count", "_sum", "_created", NULL},
    };
    return suffixes[kind][n];
}

/* No sample of one family may bear a name of another ("Suffixes": MUST NOT clash). */
static bool clashes(tw_slice a, tw_metrics_kind a_kind, tw_slice b, tw_metrics_kind b_kind) {
    char a_buffer[TW_METRICS_NAME_SIZE + SUFFIX_SIZE];
    char b_buffer[TW_METRICS_NAME_SIZE + SUFFIX_SIZE];
    for (size_t i = 0; suffix_of(a_kind, i) != NULL; i++) {
        tw_slice a_name = sample_name(a_buffer, a, suffix_of(a_kind, i));
        for (size_t j = 0; suffix_of(b_kind, j) != NULL; j++) {
            if (tw_slice_equal(a_name, sample_name(b_buffer, b, suffix_of(b_kind, j))))
                return true;
        }
    }
    return false;
}

static tw_status check_clashes(const tw_metrics *metrics, const tw_metrics_definition *definition,
                               tw_error *error) {
    tw_slice name = tw_slice_of(definition->name);
    tw_metrics_kind kind = (tw_metrics_kind)definition->kind;
    bool taken = clashes(name, kind, tw_slice_of(OVERFLOW_FAMILY_NAME), TW_METRICS_COUNTER);
    for (uint32_t i = 0; i < metrics->family_count && !taken; i++) {
        const struct family *other = &metrics->families[i];
        taken = clashes(name, kind, tw_slice_of(other->name), other->kind);
    }
    if (taken)
        return tw_error_set(error, TW_EXISTS,
                            "metric name \"%s\", or one written out for it, is taken",
                            definition->name);
    return TW_OK;
}

/* Cells a family takes: one, or one for each label set and one for "other". */
static uint64_t cells_needed(const tw_metrics_definition *definition) {
    return definition->label_count == 0 ? 1 : (uint64_t)definition->series_max + 1;
}

static tw_status check_room(const tw_metrics *metrics, const tw_metrics_definition *definition,
                            tw_error *error) {
    bool is_histogram = definition->kind == TW_METRICS_HISTOGRAM;
    uint32_t used = is_histogram ? metrics->histogram_used : metrics->cell_used;
    uint32_t limit = is_histogram ? metrics->config.histogram_max : metrics->config.series_max;
    if (metrics->family_count == metrics->config.family_max)
        return tw_error_set(error, TW_FULL, "metric \"%s\": all %u families are defined",
                            definition->name, metrics->config.family_max);
    if (cells_needed(definition) > limit - used)
        return tw_error_set(error, TW_FULL, "metric \"%s\" needs %llu series, %u of %u are left",
                            definition->name, (unsigned long long)cells_needed(definition),
                            limit - used, limit);
    return TW_OK;
}

static tw_status check_definition(const tw_metrics *metrics,
                                  const tw_metrics_definition *definition, tw_error *error) {
    tw_slice name = tw_slice_of(definition->name);
    tw_slice help = tw_slice_of(definition->help);
    tw_status status = check_name(name, error);
    if (status == TW_OK)
        status = check_unit(name, tw_slice_of(definition->unit), error);
    if (status == TW_OK && (help.size >= TW_METRICS_HELP_SIZE || !metrics_text_is_valid(help)))
        status = tw_error_set(error, TW_INVALID,
                              "metric \"%s\": the help text is not UTF-8 of at most %d bytes",
                              definition->name, TW_METRICS_HELP_SIZE - 1);
    if (status == TW_OK)
        status = check_kind(definition, error);
    if (status == TW_OK)
        status = check_labels(definition, error);
    if (status == TW_OK)
        status = check_clashes(metrics, definition, error);
    if (status == TW_OK)
        status = check_room(metrics, definition, error);
    return status;
}

/* The sizes were checked; the storage is zeroed. */
static void copy_string(char *to, const char *from) {
    tw_slice text = tw_slice_of(from);
    if (text.size > 0)
        memcpy(to, text.data, text.size);
}

static void copy_definition(struct family *family, const tw_metrics_definition *definition) {
    copy_string(family->name, definition->name);
    copy_string(family->help, definition->help);
    copy_string(family->unit, definition->unit);
    family->label_count = definition->label_count;
    for (uint32_t i = 0; i < definition->label_count; i++)
        copy_string(family->labels[i], definition->labels[i]);
    family->kind = (tw_metrics_kind)definition->kind;
    family->merge = (tw_metrics_merge)definition->merge;
    family->bucket_first = definition->bucket_first;
    family->bucket_last = definition->bucket_last;
    family->bucket_step = definition->bucket_step;
    if (definition->bucket_step == 0) {
        family->bucket_first = BUCKET_FIRST_DEFAULT;
        family->bucket_last = BUCKET_LAST_DEFAULT;
        family->bucket_step = 1;
    }
    family->series_max = definition->label_count == 0 ? 1 : definition->series_max;
}

/* A gauge begins unset in every shard: NaN. */
static void unset_gauges(tw_metrics *metrics, uint32_t first, uint32_t count) {
    double unset = (double)NAN;
    for (uint32_t i = 0; i < metrics->config.shard_max; i++) {
        for (uint32_t j = first; j < first + count; j++)
            memcpy(&metrics->shards[i].cells[j], &unset, sizeof(unset));
    }
}

tw_status tw_metrics_define(tw_metrics *metrics, const tw_metrics_definition *definition,
                            tw_metrics_family *ret_family, tw_error *error) {
    TW_ASSERT(metrics != NULL && definition != NULL && ret_family != NULL);
    tw_status status = check_definition(metrics, definition, error);
    if (status != TW_OK)
        return status;
    struct family *family = &metrics->families[metrics->family_count];
    uint32_t cells = (uint32_t)cells_needed(definition);
    copy_definition(family, definition);
    if (family->kind == TW_METRICS_HISTOGRAM) {
        family->first_cell = metrics->histogram_used;
        family->series = metrics->series + metrics->config.series_max + metrics->histogram_used;
        metrics->histogram_used += cells;
    } else {
        family->first_cell = metrics->cell_used;
        family->series = metrics->series + metrics->cell_used;
        metrics->cell_used += cells;
    }
    if (family->kind == TW_METRICS_GAUGE)
        unset_gauges(metrics, family->first_cell, cells);
    atomic_init(&family->series_count, family->label_count == 0 ? 1 : 0);
    ret_family->index = metrics->family_count++;
    return TW_OK;
}
