/*
 * batch_clean.h - prices made fit to be computed with: gaps, outliers, splits.
 *
 * Matrices, missing values, ways and threads as in batch.h. Cleaning is a choice about the data, so
 * nothing else does any of this by itself, and each function tells how much it has found.
 *
 * The order that makes sense: adjust for splits, drop spikes, fill gaps, compute.
 *
 * Memory: nothing is allocated. Cost: stated in cells (rows x columns).
 */
#ifndef TRADEWIND_BATCH_CLEAN_H
#define TRADEWIND_BATCH_CLEAN_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/batch.h"
#include "tradewind/status.h"

/* No limit to how far tw_batch_fill_forward carries a value. */
#define TW_BATCH_FILL_UNLIMITED SIZE_MAX

#define TW_BATCH_OUTLIER_WINDOW_MAX 512

/* A value is an outlier if it is further than `threshold` robust deviations from the median of the
 * values before it. The robust deviation is 1.4826 times the median of their distances from that
 * median, which for normal values estimates the standard deviation (Hampel, The Influence Curve and
 * Its Role in Robust Estimation, 1974). Nothing is said where there are fewer values before than
 * count_min, or where half of them are equal, so that the deviation is 0. */
typedef struct tw_batch_outlier_rule {
    size_t window;    /* so many of the column's values before it, 3 to _WINDOW_MAX */
    size_t count_min; /* 3 to window */
    double threshold; /* above 0 */
} tw_batch_outlier_rule;

/* From row `row` on there are `ratio` shares for each one before: 4 of a 4:1 split, 0.1 of a 1:10
 * reverse split. */
typedef struct tw_batch_split {
    size_t row;
    size_t column;
    double ratio; /* above 0, finite */
} tw_batch_split;

TW_BEGIN_DECLS

/*
 * Replaces a missing value by the last one of its column that was not missing, in place, over at
 * most `limit` rows in a row (0: changes nothing). Leading gaps stay. Returns how many cells were
 * filled. O(cells).
 */
TW_API size_t tw_batch_fill_forward(const tw_batch_way *way, tw_batch_shape shape, double *values,
                                    size_t limit);

/*
 * Marks in `ret_mask` [columns] with 1 the columns that have at least `count_min` values and of
 * these one in the last row if `last_required` is not zero; others with 0. Returns how many are
 * marked. O(cells).
 */
TW_API size_t tw_batch_select(tw_batch_shape shape, const double *values, size_t count_min,
                              int last_required, uint8_t *ret_mask);

/* Copies the columns whose mask is not zero, side by side, into `ret_values` [rows][marked], the
 * order kept. In place is allowed (ret_values == values). Returns the columns copied. O(cells). */
TW_API size_t tw_batch_pack(tw_batch_shape shape, const double *values, const uint8_t *mask,
                            double *ret_values);

/*
 * Marks with 1 in `ret_flags` [rows][columns] the values (returns, say) that are outliers by the
 * rule, others with 0. Looks back only: a flag does not depend on later rows. Outliers stay among
 * the values that later ones are compared with; a median does not mind a few. Missing values are
 * passed over. `*ret_count` is how many were marked. TW_RANGE: a rule outside of its limits.
 * O(cells x window).
 */
TW_API tw_status tw_batch_outliers(const tw_batch_way *way, tw_batch_shape shape,
                                   const double *values, const tw_batch_outlier_rule *rule,
                                   uint8_t *ret_flags, size_t *ret_count) TW_MUST_CHECK;

/*
 * The same for prices that jump and come back, as a wrong print does and news does not: a price is
 * marked when the logarithmic return into it and the one out of it, to the column's next price, are
 * both further than the threshold from the median of the returns before, to opposite sides, and
 * together are not. Marked prices are then as missing: returns go past them. So this looks one
 * price ahead, and the newest price is never marked. Prices that are not positive count as missing.
 */
TW_API tw_status tw_batch_spikes(const tw_batch_way *way, tw_batch_shape shape,
                                 const double *prices, const tw_batch_outlier_rule *rule,
                                 uint8_t *ret_flags, size_t *ret_count) TW_MUST_CHECK;

/* Makes NaN of the values whose flag is not zero. Returns how many were there. O(cells). */
TW_API size_t tw_batch_drop(tw_batch_shape shape, const uint8_t *flags, double *values);

/*
 * Divides the prices before each split by its ratio, or multiplies the volumes, in place: what is
 * before a split is as if it had happened already. Splits may stand in any order. TW_RANGE (and
 * nothing is changed): a row or column outside of the matrix, or a ratio that cannot be. O(rows) a
 * split.
 */
TW_API tw_status tw_batch_adjust_prices(tw_batch_shape shape, const tw_batch_split *splits,
                                        size_t count, double *prices) TW_MUST_CHECK;
TW_API tw_status tw_batch_adjust_volumes(tw_batch_shape shape, const tw_batch_split *splits,
                                         size_t count, double *volumes) TW_MUST_CHECK;

/*
 * Looks for what may be splits that nobody has adjusted for: two prices of a column in a row whose
 * ratio is within `tolerance` (0.02 means 2 %) of a usual one (3:2, 2, 5:2, 3, 4 to 10, 12, 15, 20,
 * 25, 30, 40, 50, 100, or its inverse). A price that fell by half looks the same: this is a
 * question to somebody who knows, not an answer. Returns how many there are and writes the first
 * `capacity` of them by column, then row. O(cells).
 */
TW_API size_t tw_batch_find_splits(tw_batch_shape shape, const double *prices, double tolerance,
                                   tw_batch_split *ret_splits, size_t capacity);

TW_END_DECLS

#endif
