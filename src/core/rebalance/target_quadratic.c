/*
 * target_quadratic.c - a primal active set: few free weights, each of the others at a limit.
 *
 * From a vertex, one asset at a time joins the free ones while its gradient says that it pays;
 * then the free weights step to the optimum of their block, or as far as the first limit, where
 * that asset leaves. The block's factor grows and shrinks by a row (target_factor.c), so a step
 * costs count x free, not count^3. (Nocedal and Wright, Numerical Optimization, 16.5; for
 * portfolios Best, Quadratic Programming with Computer Programs, 2017, chapter 5.)
 *
 * Invariants:
 * 1. lower <= weights <= upper; the sum is the budget to within rounding, and what rounding took
 *    from it is put back by every step.
 * 2. A weight that is not free equals its limit exactly. There is at least one free weight.
 * 3. The covariance of the free assets is positive definite: the optimum of a block is one point.
 * 4. An optimum is only accepted when factor and gradient have just been made from the matrix.
 *
 * Choices are by greatest violation, then lowest index. After as many steps of length 0 as there
 * are assets the lowest index alone decides (Bland, 1977), so that no circle is walked.
 */
#include "target_quadratic.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "tradewind/api.h"

/* Violations of a gradient below this part of the problem's scale are rounding. */
#define PRICE_LEAST 1e-12
/* Steps of a weight below this part of the gross weight are rounding. */
#define STEP_LEAST 1e-15
/* A slope below this part of what it is the difference of is rounding. */
#define SLOPE_LEAST 1e-12
#define NONE SIZE_MAX

/* --- order ---------------------------------------------------------------------------------- */

static bool comes_before(const double *keys, size_t a, size_t b) {
    return keys[a] > keys[b] || (keys[a] == keys[b] && a < b);
}

/* Moves the index at `at` down until both below it come before it: the top is the last of all. */
static void sift(const double *keys, size_t *heap, size_t count, size_t at) {
    size_t moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && comes_before(keys, heap[child], heap[child + 1]))
            child++;
        if (!comes_before(keys, moving, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

void target_order(const double *keys, size_t count, size_t *ret_order) {
    for (size_t i = 0; i < count; i++)
        ret_order[i] = i;
    for (size_t i = count / 2; i-- > 0;)
        sift(keys, ret_order, count, i);
    for (size_t end = count; end-- > 1;) {
        size_t last = ret_order[0];
        ret_order[0] = ret_order[end];
        ret_order[end] = last;
        sift(keys, ret_order, end, 0);
    }
}

/* --- sums ----------------------------------------------------------------------------------- */

static double mean_of(const target_quadratic *q, size_t i) {
    return q->means == NULL ? 0 : q->means[i];
}

double target_mean(const target_quadratic *q) {
    return q->means == NULL ? 0 : target_dot(q->means, q->weights, q->count);
}

double target_variance(const double *matrix, const double *weights, size_t count,
                       double *ret_product) {
    memset(ret_product, 0, count * sizeof *ret_product);
    for (size_t i = 0; i < count; i++)
        if (weights[i] != 0)
            target_add_scaled(ret_product, weights[i], matrix + i * count, count);
    return target_dot(weights, ret_product, count);
}

static void make_gradient(target_quadratic *q) {
    (void)target_variance(q->matrix, q->weights, q->count, q->gradient);
    if (q->means != NULL)
        target_add_scaled(q->gradient, -q->tolerance, q->means, q->count);
}

static double gross_of(const target_quadratic *q) {
    double gross = 0;
    for (size_t i = 0; i < q->count; i++)
        gross += fabs(q->weights[i]);
    return gross;
}

/* What a gradient can be: the size against which rounding is judged. */
static double scale_of(const target_quadratic *q) {
    double variance = 0;
    double mean = 0;
    for (size_t i = 0; i < q->count; i++) {
        variance = fmax(variance, q->matrix[i * q->count + i]);
        mean = fmax(mean, fabs(mean_of(q, i)));
    }
    return variance * gross_of(q) + q->tolerance * mean + DBL_MIN;
}

/* --- the free block ------------------------------------------------------------------------- */

/* Which assets the refused one is a combination of: the row that was refused stands in `column`. */
static tw_status say_singular(target_quadratic *q, size_t index, tw_error *error) {
    target_factor_solve_backward(&q->factor, q->column);
    for (size_t k = 0; k < q->factor.size; k++)
        q->step[k] = fabs(q->column[k]) > 1e-6 ? fabs(q->column[k]) : 0;
    size_t others = 0;
    for (size_t k = 0; k < q->factor.size; k++)
        others += q->step[k] > 0;
    if (others == 0)
        return tw_error_set(error, TW_INVALID,
                            "the covariance is not positive: asset %zu has no variance of its own; "
                            "ask for a ridge or leave it out",
                            index);
    target_order(q->step, q->factor.size, q->order);
    size_t first = q->members[q->order[0]];
    if (others == 1)
        return tw_error_set(error, TW_INVALID,
                            "the covariance is singular: asset %zu moves as a multiple of asset "
                            "%zu; leave one of them out or ask for a ridge",
                            index, first);
    size_t second = q->members[q->order[1]];
    if (others == 2)
        return tw_error_set(error, TW_INVALID,
                            "the covariance is singular: asset %zu moves as a combination of "
                            "assets %zu and %zu; leave one of them out or ask for a ridge",
                            index, first, second);
    return tw_error_set(error, TW_INVALID,
                        "the covariance is singular: asset %zu moves as a combination of assets "
                        "%zu, %zu and %zu more; leave one of them out or ask for a ridge",
                        index, first, second, others - 2);
}

static tw_status join(target_quadratic *q, size_t index, tw_error *error) {
    const double *row = q->matrix + index * q->count;
    for (size_t k = 0; k < q->factor.size; k++)
        q->column[k] = row[q->members[k]];
    if (!target_factor_append(&q->factor, q->column, row[index]))
        return say_singular(q, index, error);
    q->members[q->factor.size - 1] = index;
    q->places[index] = PLACE_FREE;
    return TW_OK;
}

static void leave(target_quadratic *q, size_t at, uint8_t place) {
    TW_ASSERT(q->factor.size > 1);
    size_t index = q->members[at];
    target_factor_remove(&q->factor, at);
    memmove(q->members + at, q->members + at + 1, (q->factor.size - at) * sizeof *q->members);
    q->places[index] = place;
    q->weights[index] = place == PLACE_LOWER ? q->lower[index] : q->upper[index];
}

/* Invariant 4: factor and gradient from the matrix. */
static tw_status make_exact(target_quadratic *q, tw_error *error) {
    size_t size = q->factor.size;
    q->factor.size = 0;
    for (size_t k = 0; k < size; k++) {
        tw_status status = join(q, q->members[k], error);
        if (status != TW_OK)
            return status;
    }
    make_gradient(q);
    q->exact = true;
    return TW_OK;
}

/* --- steps ---------------------------------------------------------------------------------- */

typedef struct block_sums {
    double ones;
    double steps;
} block_sums;

/*
 * Solves the free block for 1 and for what stands in `step`. That is given less its first member,
 * which the budget's multiplier takes up: where all are alike, nothing large cancels.
 */
static block_sums solve_block(target_quadratic *q) {
    size_t size = q->factor.size;
    for (size_t k = 0; k < size; k++)
        q->ones[k] = 1;
    target_factor_solve(&q->factor, q->ones);
    target_factor_solve(&q->factor, q->step);
    block_sums sums = {0};
    for (size_t k = 0; k < size; k++) {
        sums.ones += q->ones[k];
        sums.steps += q->step[k];
    }
    return sums;
}

/* The step to the optimum of the free block that also mends the budget (invariant 1). */
static void make_step(target_quadratic *q) {
    size_t size = q->factor.size;
    double missing = q->budget;
    for (size_t i = 0; i < q->count; i++)
        missing -= q->weights[i];
    double base = q->gradient[q->members[0]];
    for (size_t k = 0; k < size; k++)
        q->step[k] = q->gradient[q->members[k]] - base;
    block_sums sums = solve_block(q);
    double excess = (sums.steps + missing) / sums.ones;
    for (size_t k = 0; k < size; k++)
        q->step[k] = excess * q->ones[k] - q->step[k];
    q->multiplier = base + excess;
}

/* How much of the step can be walked, at most 1, and who stops it (NONE: nobody). */
static double length_of(const target_quadratic *q, size_t *ret_blocking) {
    double least = STEP_LEAST * gross_of(q);
    double length = 1;
    *ret_blocking = NONE;
    for (size_t k = 0; k < q->factor.size; k++) {
        size_t i = q->members[k];
        if (fabs(q->step[k]) <= least)
            continue;
        double limit = q->step[k] < 0 ? q->lower[i] : q->upper[i];
        double here = fmax((limit - q->weights[i]) / q->step[k], 0);
        bool sooner = here < length;
        bool tie = here == length && *ret_blocking != NONE && i < q->members[*ret_blocking];
        if (sooner || tie) {
            length = here;
            *ret_blocking = k;
        }
    }
    return length;
}

/* True when a weight moved by more than rounding. */
static bool walk(target_quadratic *q, double length) {
    double least = STEP_LEAST * gross_of(q);
    bool moves = false;
    for (size_t k = 0; k < q->factor.size; k++) {
        size_t i = q->members[k];
        double wanted = q->weights[i] + length * q->step[k];
        double after = fmin(fmax(wanted, q->lower[i]), q->upper[i]);
        double moved = after - q->weights[i];
        target_add_scaled(q->gradient, moved, q->matrix + i * q->count, q->count);
        q->weights[i] = after;
        moves = moves || fabs(moved) > least;
    }
    return moves;
}

/* By how much the gradient of a weight at a limit says that it should leave that limit. */
static double violation_of(const target_quadratic *q, size_t i) {
    if (q->places[i] == PLACE_FREE || q->lower[i] >= q->upper[i])
        return 0;
    double excess = q->gradient[i] - q->multiplier;
    return q->places[i] == PLACE_LOWER ? -excess : excess;
}

/* Who joins: the greatest violation, or the first once steps of length 0 go on. NONE: nobody. */
static size_t price(const target_quadratic *q) {
    double greatest = PRICE_LEAST * scale_of(q);
    size_t best = NONE;
    for (size_t i = 0; i < q->count; i++) {
        double violation = violation_of(q, i);
        if (violation <= greatest)
            continue;
        best = i;
        greatest = violation;
        if (q->still > q->count)
            break;
    }
    return best;
}

/* One step and what it leads to. */
static tw_status turn(target_quadratic *q, tw_error *error) {
    make_step(q);
    size_t blocking;
    double length = length_of(q, &blocking);
    q->still = walk(q, length) ? 0 : q->still + 1;
    if (blocking != NONE) {
        q->exact = false;
        leave(q, blocking, q->step[blocking] < 0 ? PLACE_LOWER : PLACE_UPPER);
        return TW_OK;
    }
    size_t next = price(q);
    if (next != NONE) {
        q->exact = false;
        return join(q, next, error);
    }
    if (!q->exact)
        return make_exact(q, error);
    q->converged = true;
    return TW_OK;
}

tw_status target_quadratic_solve(target_quadratic *q, tw_error *error) {
    q->converged = false;
    q->exact = false;
    q->still = 0;
    make_gradient(q);
    while (!q->converged && q->iterations < q->iterations_max) {
        q->iterations++;
        tw_status status = turn(q, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

/* --- beginning and end ---------------------------------------------------------------------- */

size_t target_fill(const target_quadratic *q, const size_t *order, double *ret_weights) {
    double left = q->budget;
    for (size_t i = 0; i < q->count; i++) {
        ret_weights[i] = q->lower[i];
        left -= q->lower[i];
    }
    size_t last = 0;
    for (size_t k = 0; k < q->count && left > 0; k++) {
        size_t i = order[k];
        double room = q->upper[i] - q->lower[i];
        ret_weights[i] = room <= left ? q->upper[i] : q->lower[i] + left;
        left -= room;
        last = k;
    }
    return last;
}

tw_status target_quadratic_start(target_quadratic *q, tw_error *error) {
    for (size_t i = 0; i < q->count; i++)
        q->column[i] = q->tolerance * mean_of(q, i) - q->matrix[i * q->count + i];
    target_order(q->column, q->count, q->order);
    size_t last = target_fill(q, q->order, q->weights);
    size_t free_one = q->order[last];
    for (size_t i = 0; i < q->count; i++)
        q->places[i] = q->weights[i] > q->lower[i] ? PLACE_UPPER : PLACE_LOWER;
    q->factor.size = 0;
    q->iterations = 0;
    return join(q, free_one, error);
}

double target_quadratic_residual(target_quadratic *q) {
    make_gradient(q);
    double worst = 0;
    double sum = 0;
    for (size_t i = 0; i < q->count; i++) {
        double excess = q->gradient[i] - q->multiplier;
        worst = fmax(worst, q->places[i] == PLACE_FREE ? fabs(excess) : violation_of(q, i));
        sum += q->weights[i];
    }
    return fmax(worst / scale_of(q), fabs(sum - q->budget) / (gross_of(q) + DBL_MIN));
}

double target_quadratic_slope(target_quadratic *q) {
    size_t size = q->factor.size;
    double base = mean_of(q, q->members[0]);
    for (size_t k = 0; k < size; k++)
        q->step[k] = mean_of(q, q->members[k]) - base;
    block_sums sums = solve_block(q);
    double slope = 0;
    double scale = 0;
    for (size_t k = 0; k < size; k++) {
        double mean = mean_of(q, q->members[k]) - base;
        slope += mean * (q->step[k] - sums.steps / sums.ones * q->ones[k]);
        scale += fabs(mean * q->step[k]);
    }
    return slope > SLOPE_LEAST * scale ? slope : 0;
}
