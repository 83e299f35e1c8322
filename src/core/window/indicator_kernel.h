/*
 * indicator_kernel.h - the steps that indicators are made of, and their kernels.
 *
 * An indicator is a list of steps in the order of their running. A step reads registers and writes
 * others; a register holds one double for each lane. All lanes are at the same row, so places in
 * rings and blocks are numbers of the step, and only values differ between lanes.
 *
 * Of a single series a register holds up to TW_STEP_ROWS_MAX rows instead: a step goes through them
 * before the next step begins.
 *
 * The kernels are compiled once for each level of vector instructions, and once more for a single
 * series, from the same C.
 */
#ifndef TRADEWIND_INDICATOR_KERNEL_H
#define TRADEWIND_INDICATOR_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TW_STEP_INPUTS_MAX 4
#define TW_STEP_OUTPUTS_MAX 8
#define TW_STEP_CYCLE_FIELDS 42
#define TW_STEP_ROWS_MAX 64

/* Hurst's exponent: a window is cut into 1, 2, 4 ... parts, of so many rows at least. */
#define TW_STEP_HURST_SIZES 6
#define TW_STEP_HURST_ROWS 8

/*
 * name, function, outputs, registers of state for each row of its period, registers of state
 * besides. Elementwise steps first (rows of state 0), then windows, then recurrences.
 */
#define TW_STEP_TABLE(X)                                                                          \
    X(ADD, add, 1, 0, 0)                     /* a + b */                                          \
    X(SUBTRACT, subtract, 1, 0, 0)           /* a - b */                                          \
    X(MULTIPLY, multiply, 1, 0, 0)           /* a b */                                            \
    X(DIVIDE, divide, 1, 0, 0)               /* a / b; k when b is 0 */                           \
    X(LESSER, lesser, 1, 0, 0)               /* min(a, b) */                                      \
    X(GREATER, greater, 1, 0, 0)             /* max(a, b) */                                      \
    X(MAGNITUDE, magnitude, 1, 0, 0)         /* |a| */                                            \
    X(ROOT, root, 1, 0, 0)                   /* sqrt(a); no answer below 0 */                     \
    X(LOGARITHM, logarithm, 1, 0, 0)         /* ln(a); no answer unless above 0 */                \
    X(ARCTANGENT, arctangent, 1, 0, 0)       /* atan(a), in degrees */                            \
    X(AFFINE, affine, 1, 0, 0)               /* k a + m */                                        \
    X(ABOVE, above, 1, 0, 0)                 /* 1 if a > b, else 0 */                             \
    X(CHOOSE, choose, 1, 0, 0)               /* a > 0 ? b : c */                                  \
    X(ELSE, otherwise, 1, 0, 0)              /* a, or b where a is missing */                     \
    X(MEAN_OF_THREE, mean_of_three, 1, 0, 0) /* (a + b + c) / 3, rounded once */                  \
    X(LAG, lag, 1, 1, 0)                     /* a of n rows before */                             \
    X(SUM, sum, 1, 2, 2)                     /* of the last n rows */                             \
    X(MEAN, mean, 1, 2, 2)                   /* of the last n rows */                             \
    X(RAMP, ramp, 1, 4, 4)                   /* sum of i a_i, i = 1 for the oldest of n rows */   \
    X(MOMENTS, moments, 2, 3, 3)             /* mean, sum of squared deviations */                \
    X(COMOMENTS, comoments, 5, 7, 7)         /* means, squared deviations, products of them */    \
    X(LOWEST, lowest, 1, 1, 1)               /* of the last n rows */                             \
    X(HIGHEST, highest, 1, 1, 1)             /* of the last n rows */                             \
    X(LOWEST_AGE, lowest_age, 1, 1, 1)       /* rows since the (newest) lowest */                 \
    X(HIGHEST_AGE, highest_age, 1, 1, 1)     /* rows since the (newest) highest */                \
    X(SPREAD, spread, 1, 1, 0)               /* mean |a - b| of n rows of a, b being now's */     \
    X(WEIGHTED, weighted, 1, 1, 0)           /* sum of w_i a_i over n rows */                     \
    X(DRAWDOWN, drawdown, 1, 1, 1)           /* mean squared fall from the window's high, % */    \
    X(MEDIAN, median, 2, 2, 1)               /* of n rows; if k: median |a - median| */           \
    X(RANK, rank, 1, 1, 0)                   /* share of the n rows before that are below, % */   \
    X(RANKS, ranks, 1, 4, 2)                 /* correlation of the ranks of a and b */            \
    X(SIDE, side, 1, 2, 0)                   /* slope of b on a over rows where k a > 0 */        \
    X(HURST, hurst, 2, 1, 0)                 /* Hurst's exponent: of ranges; of lags up to m */   \
    X(SKIP, skip, 1, 0, 1)                   /* a, but for its first n values */                  \
    X(START, start, 1, 0, 1)                 /* b at the first value of c, from then on a */      \
    X(SMOOTH, smooth, 1, 0, 2)               /* exponential mean: rate k, seed of m, from n */    \
    X(ADAPT, adapt, 1, 0, 2)                 /* y += b (a - y); begins with a before b is */      \
    X(TOTAL, total, 1, 0, 2)                 /* of all rows; of the session when n is 1 */        \
    X(RECUR, recur, 1, 0, 2)                 /* y = a y + b, from c */                            \
    X(HOLD, hold, 1, 0, 2)                   /* the last value of a, where b is */                \
    X(COUNT, count, 1, 0, 1)                 /* values of a so far */                             \
    X(STREAK, streak, 1, 0, 1)               /* rows in a row up (+) or down (-) */               \
    X(STOP, stop, 3, 0, 4)                   /* trailing stop: line, when short, when long */     \
    X(SWING, swing, 3, 0, 6)         /* stop below the best close: line, when short, when long */ \
    X(PARABOLIC, parabolic, 1, 0, 9) /* Wilder's stop and reverse */                              \
    X(REVERSE, reverse, 1, 0, 7)     /* the same by the rules of other libraries */               \
    X(SESSION, session, 5, 0, 9)     /* the last session's prices, the open of this one */        \
    X(TREND, trend, 1, 0, 2)         /* slope from the last value of a, if within k rows */       \
    X(CYCLE, cycles, 8, 1, TW_STEP_CYCLE_FIELDS) /* Ehlers's cycle of 50 rows at most */          \
    X(PHASE, phases, 4, 1, 5)                    /* its phase, two sines, trend or cycle */       \
    X(DYNAMIC, dynamic, 1, 0, 2)                 /* McGinley's: y += (a - y) / (k n (a / y)^4) */

typedef enum tw_step_kind {
#define TW_STEP_ENUMERATOR(name, function, outputs, rows, extra) TW_STEP_##name,
    TW_STEP_TABLE(TW_STEP_ENUMERATOR)
#undef TW_STEP_ENUMERATOR
        TW_STEP_KIND_COUNT
} tw_step_kind;

typedef struct tw_step tw_step;
typedef void (*tw_step_kernel)(tw_step *step);

struct tw_step {
    tw_step_kernel run;
    const double *in[TW_STEP_INPUTS_MAX];
    double *out[TW_STEP_OUTPUTS_MAX];
    double *ring;  /* the state of rows, [fields][n][lanes] */
    double *state; /* the state besides, [fields][lanes] */
    const double *weights;
    const bool *resets; /* whether the session begins with a row, of the rows of the call */
    size_t lanes;
    size_t rows; /* of the call: 1 where there are many lanes */
    size_t row;  /* 0, but while a kernel goes through the rows of the call */
    size_t n;
    size_t place; /* of this row in its block of n */
    bool full;    /* a whole block has been seen */
    double k;
    double m;
    double l;
};

typedef struct tw_step_table {
    tw_step_kernel kernels[TW_STEP_KIND_COUNT];
    /* Inputs on their way in: what is not a number below the maximum becomes NaN. */
    void (*clean)(const double *values, size_t lanes, double *ret_values);
    /* Answers on their way out: one NaN, whatever arithmetic made of it. */
    void (*publish)(const double *values, size_t lanes, double *ret_values);
} tw_step_table;

#endif
