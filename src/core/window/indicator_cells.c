/*
 * indicator_cells.c - the steps without a memory: each answer from the inputs of its own row.
 *
 * Compiled once for each level of vector instructions. What has no answer is NaN; a NaN among the
 * inputs makes the answer NaN, by arithmetic or by a select.
 */
#include "indicator_lanes.h"
#include "logarithm.h"
#include "tradewind/indicator.h"

static void clean(const double *values, size_t lanes, double *ret_values) {
    TW_FOR_LANES(i, lanes)
    ret_values[i] = fabs(values[i]) <= TW_INDICATOR_VALUE_MAX ? values[i] : NAN;
}

static void publish(const double *values, size_t lanes, double *ret_values) {
    TW_FOR_LANES(i, lanes)
    ret_values[i] = fabs(values[i]) <= TW_STEP_VALUE_MAX ? values[i] : NAN;
}

static void add(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = a[i] + b[i];
}

static void subtract(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = a[i] - b[i];
}

static void multiply(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = within(a[i] * b[i]);
}

static void divide(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    const double settled = s->k;
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double quotient = a[i] / b[i];
        double answer = b[i] == 0 ? settled + (a[i] - a[i]) : quotient;
        out[i] = within(answer);
    }
}

static void lesser(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double chosen = b[i] < a[i] ? b[i] : a[i];
        out[i] = b[i] == b[i] ? chosen : NAN;
    }
}

static void greater(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double chosen = b[i] > a[i] ? b[i] : a[i];
        out[i] = b[i] == b[i] ? chosen : NAN;
    }
}

static void magnitude(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = fabs(a[i]);
}

static void root(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double square = a[i] >= 0 ? a[i] : NAN;
        out[i] = sqrt(square);
    }
}

static void logarithm(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double value = natural_logarithm(a[i]);
        out[i] = a[i] > 0 ? value : NAN;
    }
}

static void arctangent(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    for (size_t i = 0; i < TW_CELLS(s); i++)
        out[i] = atan(a[i]) * (180 / 3.14159265358979323846);
}

static void affine(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    const double k = s->k;
    const double m = s->m;
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = a[i] * k + m;
}

static void above(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double missing = (a[i] - a[i]) + (b[i] - b[i]);
        double answer = a[i] > b[i] ? 1.0 : 0.0;
        out[i] = answer + missing;
    }
}

static void choose(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    const double *c = s->in[2];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        double chosen = a[i] > 0 ? b[i] : c[i];
        out[i] = a[i] == a[i] ? chosen : NAN;
    }
}

static void otherwise(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s))
    out[i] = a[i] == a[i] ? a[i] : b[i];
}

/* Prices that have the same mean on paper shall have it here: no flow goes by a rounding. */
static void mean_of_three(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    const double *c = s->in[2];
    double *out = s->out[0];
    TW_FOR_LANES(i, TW_CELLS(s)) {
        pair sum = pair_sum(pair_sum(pair_of(a[i], 0), pair_of(b[i], 0)), pair_of(c[i], 0));
        out[i] = pair_quotient(sum, 3);
    }
}

void TW_LEVEL(tw_indicator_cells)(tw_step_table *ret_table) {
    ret_table->clean = clean;
    ret_table->publish = publish;
    ret_table->kernels[TW_STEP_ADD] = add;
    ret_table->kernels[TW_STEP_SUBTRACT] = subtract;
    ret_table->kernels[TW_STEP_MULTIPLY] = multiply;
    ret_table->kernels[TW_STEP_DIVIDE] = divide;
    ret_table->kernels[TW_STEP_LESSER] = lesser;
    ret_table->kernels[TW_STEP_GREATER] = greater;
    ret_table->kernels[TW_STEP_MAGNITUDE] = magnitude;
    ret_table->kernels[TW_STEP_ROOT] = root;
    ret_table->kernels[TW_STEP_LOGARITHM] = logarithm;
    ret_table->kernels[TW_STEP_ARCTANGENT] = arctangent;
    ret_table->kernels[TW_STEP_AFFINE] = affine;
    ret_table->kernels[TW_STEP_ABOVE] = above;
    ret_table->kernels[TW_STEP_CHOOSE] = choose;
    ret_table->kernels[TW_STEP_ELSE] = otherwise;
    ret_table->kernels[TW_STEP_MEAN_OF_THREE] = mean_of_three;
}
