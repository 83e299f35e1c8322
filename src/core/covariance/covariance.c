/*
 * covariance.c - an estimate from its options to its report: which rows count, what they weigh, and
 * which of the estimators is asked.
 *
 * Most returns have nothing missing. Whether that is so is told by the sums of the columns, which
 * the means need anyway; only if one of them is not finite are the cells looked at one by one.
 *
 * Invariants:
 * 1. Nothing is written to what the caller gave before everything is known to be well.
 * 2. work->values has work->rows rows, with NaN only under PAIRWISE, or AS_ZERO of SEMI.
 * 3. weight_sum and weight_squares are those of `weights`, or both the number of rows.
 */
#include "tradewind/covariance.h"

#include <math.h>
#include <string.h>

#include "covariance_priv.h"
#include "exponential.h"

#define LOGARITHM_OF_2 0x1.62e42fefa39efp-1

tw_status covariance_no_memory(const covariance_work *work) {
    return tw_error_set(work->error, TW_NO_MEMORY, "no memory for the covariance of %zu assets",
                        work->assets);
}

void tw_covariance_config_init(tw_covariance_config *config, tw_covariance_kind kind) {
    TW_ASSERT(config != NULL && (unsigned)kind < TW_COVARIANCE_KIND_COUNT);
    memset(config, 0, sizeof *config);
    config->kind = (uint8_t)kind;
    config->ddof = 1;
    config->shrinkage = NAN;
    config->decay = (tw_covariance_decay){0.94, TW_COVARIANCE_LAMBDA};
    config->gerber_threshold = 0.5;
    config->minimum_acceptable = (tw_rate){0, TW_RATE_PER_PERIOD};
    config->periods_per_year = 252;
    if (kind == TW_COVARIANCE_EXPONENTIAL || kind == TW_COVARIANCE_SEMI ||
        kind == TW_COVARIANCE_SHRUNK || kind == TW_COVARIANCE_ORACLE ||
        kind == TW_COVARIANCE_STRUCTURED)
        config->ddof = 0;
    if (kind == TW_COVARIANCE_EXPONENTIAL)
        config->centre = TW_COVARIANCE_ZERO;
}

/* ---- Options --------------------------------------------------------------------------------- */

bool covariance_decay_is_good(tw_covariance_decay decay) {
    if (!isfinite(decay.value))
        return false;
    switch (decay.unit) {
    case TW_COVARIANCE_LAMBDA:
        return decay.value > 0 && decay.value < 1;
    case TW_COVARIANCE_SPAN:
        return decay.value > 1;
    case TW_COVARIANCE_HALF_LIFE:
    case TW_COVARIANCE_CENTRE_OF_MASS:
        return decay.value > 0;
    default:
        return false;
    }
}

double covariance_lambda_of(tw_covariance_decay decay) {
    switch (decay.unit) {
    case TW_COVARIANCE_SPAN:
        return 1 - 2 / (decay.value + 1);
    case TW_COVARIANCE_HALF_LIFE:
        return natural_exponential(-LOGARITHM_OF_2 / decay.value);
    case TW_COVARIANCE_CENTRE_OF_MASS:
        return 1 - 1 / (1 + decay.value);
    default:
        return decay.value;
    }
}

static tw_status ranges_check(const tw_covariance_config *config, tw_error *error) {
    if (config->kind >= TW_COVARIANCE_KIND_COUNT || config->target >= TW_COVARIANCE_TARGET_COUNT ||
        config->missing > TW_COVARIANCE_AS_ZERO || config->centre > TW_COVARIANCE_ZERO ||
        config->gerber > TW_COVARIANCE_GERBER_DEFINITE)
        return tw_error_set(error, TW_RANGE, "an option of the covariance is none of its words");
    if (config->ddof > 1)
        return tw_error_set(error, TW_RANGE, "ddof must be 0 or 1, not %d", (int)config->ddof);
    if (!(config->periods_per_year > 0) || !isfinite(config->periods_per_year))
        return tw_error_set(error, TW_RANGE, "periods per year must be above 0, not %g",
                            config->periods_per_year);
    if (config->kind == TW_COVARIANCE_EXPONENTIAL && !covariance_decay_is_good(config->decay))
        return tw_error_set(error, TW_RANGE, COVARIANCE_DECAY_SENTENCE);
    if (config->shrinkage < 0 || config->shrinkage > 1)
        return tw_error_set(error, TW_RANGE, "a shrinkage must lie between 0 and 1, not %g",
                            config->shrinkage);
    if (config->kind == TW_COVARIANCE_GERBER &&
        (!(config->gerber_threshold > 0) || !isfinite(config->gerber_threshold)))
        return tw_error_set(error, TW_RANGE, "the Gerber threshold must be above 0, not %g",
                            config->gerber_threshold);
    if (config->kind == TW_COVARIANCE_SEMI &&
        (!isfinite(config->minimum_acceptable.value) ||
         (config->minimum_acceptable.unit != TW_RATE_PER_PERIOD &&
          config->minimum_acceptable.unit != TW_RATE_PER_YEAR)))
        return tw_error_set(error, TW_RANGE,
                            "the minimum acceptable return needs a finite value and a unit: per "
                            "period or per year");
    return TW_OK;
}

static bool targets_factor(const tw_covariance_config *config) {
    return (config->kind == TW_COVARIANCE_SHRUNK || config->kind == TW_COVARIANCE_STRUCTURED) &&
           config->target == TW_COVARIANCE_SINGLE_FACTOR;
}

/* What of the options does not go together, NULL for nothing. */
static const char *conflict_of(const tw_covariance_config *config,
                               const tw_covariance_input *input) {
    tw_covariance_kind kind = (tw_covariance_kind)config->kind;
    bool plain = kind == TW_COVARIANCE_SAMPLE || kind == TW_COVARIANCE_EXPONENTIAL;
    bool pairs = plain || kind == TW_COVARIANCE_SHRUNK || kind == TW_COVARIANCE_STRUCTURED;
    if (config->missing == TW_COVARIANCE_PAIRWISE && (!pairs || targets_factor(config)))
        return "this kind of covariance needs whole rows and has no form over pairs of assets";
    if (config->missing == TW_COVARIANCE_PAIRWISE && config->recurrence)
        return "the recurrent form of weights has no form over pairs of assets";
    if (config->centre != TW_COVARIANCE_MEAN && !plain)
        return "only the sample and the exponential covariance can be centred otherwise";
    if (input->row_weights != NULL && !plain && kind != TW_COVARIANCE_STRUCTURED)
        return "only the sample, the exponential and the structured covariance take row weights";
    if (input->factor != NULL && !targets_factor(config))
        return "a factor is for the target of a single factor only";
    return NULL;
}

static tw_status options_check(const tw_covariance_config *config, const tw_covariance_input *input,
                               tw_error *error) {
    TW_ASSERT(input->returns != NULL && input->assets > 0);
    tw_status status = ranges_check(config, error);
    const char *conflict = status == TW_OK ? conflict_of(config, input) : NULL;
    return conflict != NULL ? tw_error_set(error, TW_UNSUPPORTED, "%s", conflict) : status;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static tw_status weights_check(const covariance_work *work) {
    const double *weights = work->input->row_weights;
    for (size_t t = 0; weights != NULL && t < work->input->rows; t++)
        if (!(weights[t] >= 0) || !isfinite(weights[t]))
            return tw_error_set(work->error, TW_INVALID,
                                "the weight of row %zu is negative or not finite", t);
    for (size_t t = 0; work->input->factor != NULL && t < work->input->rows; t++)
        if (isinf(work->input->factor[t]))
            return tw_error_set(work->error, TW_INVALID, "the factor in row %zu is infinite", t);
    return TW_OK;
}

/* Whether all cells are there, by parts of the rows: a sum of what is finite is finite, or too
 * large. */
typedef struct sight_work {
    const tw_covariance_input *input;
    double *sums; /* [parts] */
} sight_work;

static void sight_part(void *argument, size_t part) {
    const sight_work *work = argument;
    size_t assets = work->input->assets;
    size_t begin = part * COVARIANCE_PART_ROWS * assets;
    size_t end = covariance_part_end(work->input->rows, part) * assets;
    double lane[8] = {0};
    for (; begin + 8 <= end; begin += 8)
        for (size_t k = 0; k < 8; k++)
            lane[k] += work->input->returns[begin + k];
    for (; begin < end; begin++)
        lane[0] += work->input->returns[begin];
    for (size_t k = 0; k < 8; k++)
        work->sums[part] += lane[k];
}

static tw_status all_are_there(covariance_work *work, bool *ret) {
    size_t parts = covariance_parts(work->input->rows);
    sight_work sight = {work->input, covariance_take(&work->memory, parts, 1)};
    if (sight.sums == NULL)
        return covariance_no_memory(work);
    tw_task_run(work->config->way.runner, parts, sight_part, &sight);
    *ret = true;
    for (size_t part = 0; part < parts; part++)
        *ret = *ret && isfinite(sight.sums[part]);
    for (size_t t = 0; work->input->factor != NULL && t < work->input->rows; t++)
        *ret = *ret && !isnan(work->input->factor[t]);
    return TW_OK;
}

/* Counts what is missing in a row; TW_INVALID for what is infinite, or missing under REFUSE. */
static tw_status look_at_row(covariance_work *work, size_t row, size_t *ret_missing) {
    size_t assets = work->assets;
    *ret_missing = 0;
    for (size_t j = 0; j < assets; j++) {
        double value = work->input->returns[row * assets + j];
        if (isinf(value))
            return tw_error_set(work->error, TW_INVALID,
                                "the return of asset %zu in row %zu is infinite", j, row);
        if (!isnan(value))
            continue;
        if (work->config->missing == TW_COVARIANCE_REFUSE)
            return tw_error_set(work->error, TW_INVALID,
                                "the return of asset %zu in row %zu is missing", j, row);
        ++*ret_missing;
    }
    return TW_OK;
}

static bool row_counts(const covariance_work *work, size_t row, size_t missing) {
    if (work->input->factor != NULL && isnan(work->input->factor[row]))
        return false;
    if (work->config->missing == TW_COVARIANCE_PAIRWISE)
        return true; /* it has its age */
    return work->config->missing == TW_COVARIANCE_AS_ZERO ? missing < work->assets : missing == 0;
}

/* Rows that count, one after another, in memory of our own. */
typedef struct packed_rows {
    double *values;
    double *weights; /* NULL when all are equal */
    double *factor;  /* NULL without */
} packed_rows;

static bool take_packed(covariance_work *work, packed_rows *ret) {
    size_t rows = work->input->rows;
    *ret = (packed_rows){covariance_take(&work->memory, rows, work->assets), NULL, NULL};
    if (work->input->row_weights != NULL)
        ret->weights = covariance_take(&work->memory, rows, 1);
    if (work->input->factor != NULL)
        ret->factor = covariance_take(&work->memory, rows, 1);
    return ret->values != NULL && (work->input->row_weights == NULL || ret->weights != NULL) &&
           (work->input->factor == NULL || ret->factor != NULL);
}

static void pack_row(covariance_work *work, packed_rows *to, size_t row) {
    size_t assets = work->assets;
    double *values = to->values + work->rows * assets;
    memcpy(values, work->input->returns + row * assets, assets * sizeof *values);
    if (work->config->missing == TW_COVARIANCE_AS_ZERO && work->config->kind != TW_COVARIANCE_SEMI)
        for (size_t j = 0; j < assets; j++)
            values[j] = isnan(values[j]) ? 0 : values[j];
    if (to->weights != NULL)
        to->weights[work->rows] = work->input->row_weights[row];
    if (to->factor != NULL)
        to->factor[work->rows] = work->input->factor[row];
    work->rows++;
}

static tw_status pack_rows(covariance_work *work) {
    packed_rows packed;
    if (!take_packed(work, &packed))
        return covariance_no_memory(work);
    for (size_t t = 0; t < work->input->rows; t++) {
        size_t missing = 0;
        tw_status status = look_at_row(work, t, &missing);
        if (status != TW_OK)
            return status;
        work->report.missing += missing;
        if (row_counts(work, t, missing))
            pack_row(work, &packed, t);
        else
            work->report.rows_skipped++;
    }
    work->values = packed.values;
    work->weights = packed.weights;
    work->factor = packed.factor;
    return TW_OK;
}

/* ---- Weights --------------------------------------------------------------------------------- */

/* lambda^age, times what the caller weighs the rows with. */
static bool decay_weights(covariance_work *work) {
    double *weights = covariance_take(&work->memory, work->rows, 1);
    if (weights == NULL)
        return false;
    double lambda = covariance_lambda_of(work->config->decay);
    double weight = 1;
    for (size_t t = work->rows; t-- > 0;) {
        bool begins = work->config->recurrence && t == 0;
        weights[t] = begins ? weight / (1 - lambda) : weight;
        weights[t] *= work->weights != NULL ? work->weights[t] : 1;
        weight *= lambda;
    }
    work->weights = weights;
    return true;
}

static tw_status weigh_rows(covariance_work *work) {
    if (work->rows > 0 && work->config->kind == TW_COVARIANCE_EXPONENTIAL && !decay_weights(work))
        return covariance_no_memory(work);
    work->weight_sum = work->weight_squares = (double)work->rows;
    if (work->weights != NULL) {
        work->weight_sum = work->weight_squares = 0;
        for (size_t t = 0; t < work->rows; t++) {
            work->weight_sum += work->weights[t];
            work->weight_squares += work->weights[t] * work->weights[t];
        }
    }
    if (work->rows == 0 || !(work->weight_sum > 0) || !(covariance_divisor(work) > 0))
        return tw_error_set(work->error, TW_EMPTY,
                            "%zu of %zu rows can be used, which is too few for a covariance",
                            work->rows, work->input->rows);
    work->report.rows_used = work->rows;
    work->report.effective_rows = work->weight_sum * work->weight_sum / work->weight_squares;
    return TW_OK;
}

/* Establishes invariants 2 and 3. */
static tw_status gather_rows(covariance_work *work) {
    bool whole = false;
    tw_status status = weights_check(work);
    if (status == TW_OK && work->input->rows > 0)
        status = all_are_there(work, &whole);
    if (status != TW_OK)
        return status;
    if (whole) {
        work->rows = work->input->rows;
        work->values = work->input->returns;
        work->weights = work->input->row_weights;
        work->factor = work->input->factor;
    } else if (work->input->rows > 0) {
        status = pack_rows(work);
    }
    return status == TW_OK ? weigh_rows(work) : status;
}

/* ---- The estimate ---------------------------------------------------------------------------- */

/* PAIRWISE with an intensity to be estimated: missing returns are 0 in what is measured. */
static tw_status fill_gaps_with_zero(covariance_work *work) {
    size_t cells = work->rows * work->assets;
    double *filled = covariance_take(&work->memory, work->rows, work->assets);
    double *products = covariance_take(&work->memory, work->assets, work->assets);
    if (filled == NULL || products == NULL)
        return covariance_no_memory(work);
    for (size_t i = 0; i < cells; i++)
        filled[i] = isnan(work->values[i]) ? 0 : work->values[i];
    work->values = filled;
    if (!covariance_means(work, filled, work->assets, NULL, (double)work->rows, work->centres) ||
        !covariance_row_products(work, work->assets, filled, work->centres, products))
        return covariance_no_memory(work);
    work->products = products;
    return TW_OK;
}

static tw_status sample_or_pairs(covariance_work *work) {
    return work->config->missing == TW_COVARIANCE_PAIRWISE && work->report.missing > 0
               ? covariance_pairwise(work)
               : covariance_sample(work);
}

static tw_status shrunk(covariance_work *work) {
    tw_status status = sample_or_pairs(work);
    if (status == TW_OK && work->report.pairwise && isnan(work->config->shrinkage))
        status = fill_gaps_with_zero(work);
    return status == TW_OK ? covariance_shrink(work) : status;
}

static tw_status run_kind(covariance_work *work) {
    tw_status status = TW_OK;
    switch ((tw_covariance_kind)work->config->kind) {
    case TW_COVARIANCE_SAMPLE:
    case TW_COVARIANCE_EXPONENTIAL:
        return sample_or_pairs(work);
    case TW_COVARIANCE_SEMI:
        return covariance_semi(work);
    case TW_COVARIANCE_SHRUNK:
        return shrunk(work);
    case TW_COVARIANCE_ORACLE:
        status = covariance_sample(work);
        if (status == TW_OK)
            covariance_shrink_oracle(work);
        return status;
    case TW_COVARIANCE_STRUCTURED:
        status = sample_or_pairs(work);
        return status == TW_OK ? covariance_to_target(work) : status;
    case TW_COVARIANCE_GERBER:
        return covariance_gerber(work);
    case TW_COVARIANCE_DENOISED:
        break;
    }
    status = covariance_sample(work);
    return status == TW_OK ? covariance_denoise(work) : status;
}

void tw_covariance_correlation(size_t size, const double *matrix, double *ret_correlation) {
    TW_ASSERT(size > 0);
    for (size_t i = 1; i < size; i++) {
        double own = sqrt(matrix[i * size + i]);
        for (size_t j = 0; j < i; j++) {
            double scale = own * sqrt(matrix[j * size + j]);
            covariance_set(ret_correlation, size, i, j,
                           scale > 0 ? matrix[i * size + j] / scale : NAN);
        }
    }
    for (size_t i = 0; i < size; i++)
        ret_correlation[i * size + i] = matrix[i * size + i] > 0 ? 1 : NAN;
}

static tw_status finish(covariance_work *work) {
    size_t n = work->assets;
    tw_covariance_report *report = &work->report;
    double trace = 0;
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(work->matrix[i]))
            return tw_error_set(work->error, TW_OVERFLOW,
                                "the returns of assets %zu and %zu are so large that their "
                                "products are not finite",
                                i / n, i % n);
    for (size_t i = 0; i < n; i++)
        trace += work->matrix[i * n + i];
    report->mean_variance = trace / (double)n;
    if (!work->config->leave_definite &&
        !covariance_is_definite(&work->memory, &work->config->way, n, work->matrix,
                                &report->positive_definite))
        return covariance_no_memory(work);
    if (work->config->correlation) {
        tw_covariance_correlation(n, work->matrix, work->matrix);
    } else if (work->config->annual) {
        report->factor = work->config->periods_per_year;
        for (size_t i = 0; i < n * n; i++)
            work->matrix[i] *= report->factor;
    }
    return TW_OK;
}

static tw_status estimate(covariance_work *work) {
    work->centres = covariance_take(&work->memory, work->assets, 1);
    work->matrix = covariance_take(&work->memory, work->assets, work->assets);
    if (work->centres == NULL || work->matrix == NULL)
        return covariance_no_memory(work);
    tw_status status = gather_rows(work);
    if (status == TW_OK)
        status = covariance_to_scale(work);
    if (status == TW_OK)
        status = run_kind(work);
    if (status == TW_OK)
        covariance_from_scale(work);
    return status == TW_OK ? finish(work) : status;
}

tw_status tw_covariance_estimate(const tw_allocator *allocator, const tw_covariance_config *config,
                                 const tw_covariance_input *input, double *ret_matrix,
                                 tw_covariance_report *ret_report, tw_error *error) {
    TW_ASSERT(config != NULL && input != NULL && ret_matrix != NULL && ret_report != NULL);
    tw_status status = options_check(config, input, error);
    if (status != TW_OK)
        return status;
    covariance_work work = {
        .config = config,
        .input = input,
        .memory = {.allocator = allocator != NULL ? allocator : tw_allocator_system()},
        .assets = input->assets,
        .report = {.assets = input->assets,
                   .ddof = config->ddof,
                   .factor = 1,
                   .shrinkage = NAN,
                   .mean_correlation = NAN,
                   .noise_edge = NAN},
        .error = error};
    status = estimate(&work);
    if (status == TW_OK) {
        memcpy(ret_matrix, work.matrix, work.assets * work.assets * sizeof *ret_matrix);
        *ret_report = work.report;
    }
    covariance_give_all(&work.memory);
    return status;
}
