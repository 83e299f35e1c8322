/*
 * overlap.h - the fewest trades under limits that overlap: sectors and countries, factors, gains.
 *
 *     status = tw_overlap_new(NULL, positions, rows, &overlap);
 *     status = tw_overlap_solve(overlap, &problem, &plan, &error);        // at once, by itself
 *     status = tw_overlap_write(overlap, &problem, &model, &error);       // or: a model ...
 *     status = tw_solver_run(&config, tw_text_slice(&model), &solution, &log, &error);
 *     status = tw_overlap_read(overlap, &problem, &answer, &plan, &error); // ... and its answer
 *
 * Each position may trade a range of lots; the cash after trading stays in a window; and each row
 * limits a weighted sum of the traded values: least <= sum(coefficient x value) <= most, a purchase
 * counting above 0. A group's room for purchases, a factor's exposure (its limit less what is
 * held), a budget of gains are rows. Wanted are the fewest trades, and of those the least turnover.
 *
 * One window alone is easy (rebalance.h); several that overlap are a covering problem that no
 * order solves. So a plan comes with what is known about it:
 * - `bound` is exact arithmetic: for each row by itself, the mandatory trades at their best leave a
 *   deficit, and no fewer further trades than the k with the most room can cover it (theorem 1 of
 *   rebalance.h). The greatest k over the rows holds for all of them together.
 * - what a solver proves, it proves in floating point: `solver_bound` is kept apart and `proof`
 * says which of the two it was. A claim that a checked plan contradicts (more trades needed than it
 * has; no plan, where one was found) is not believed, and `reason` says so.
 * - a plan is only ever called feasible after each limit was checked in whole numbers. A solver's
 *   answer that misses a limit by its tolerance is first put right among the trades that it has.
 *
 * The model is text in free MPS format, which CBC and other solvers read (solver.h runs one). With
 * no solver, tw_overlap_solve moves the position that mends most, again and again, then drops what
 * is not needed: always with the bound and the gap, but without a promise to find a plan.
 * It makes at most 4 moves a position and 100 more, and looks at 5e8 positions x rows together,
 * some seconds.
 *
 * Memory: all at tw_overlap_new, about 90 bytes a position and 70 a row. Cost: the bound
 * O(positions x rows x log); each move of tw_overlap_solve O(positions x rows^2). Threads: a
 * tw_overlap belongs to one thread at a time.
 */
#ifndef TRADEWIND_OVERLAP_H
#define TRADEWIND_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/rebalance.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_OVERLAP_REASON_SIZE 320
/* The greatest coefficient of a row. */
#define TW_OVERLAP_COEFFICIENT_MAX (10 * TW_NANO)
/* Limits that are none. */
#define TW_OVERLAP_NO_LEAST INT64_MIN
#define TW_OVERLAP_NO_MOST INT64_MAX

#define TW_OVERLAP_NO_FAULT SIZE_MAX

typedef struct tw_overlap tw_overlap;

/* least <= sum of coefficient x value <= most, over the trades; a sale's value is below 0. */
typedef struct tw_overlap_row {
    const int64_t *coefficients_nano; /* [count] */
    tw_money least;                   /* nano TW_OVERLAP_NO_LEAST: none */
    tw_money most;                    /* nano TW_OVERLAP_NO_MOST: none */
} tw_overlap_row;

typedef struct tw_overlap_problem {
    const tw_rebalance_range
        *ranges; /* of these price, lot, lots_min, lots_max, lots_least, symbol */
    size_t count;
    const tw_overlap_row *rows;
    size_t row_count;
    tw_money cash;          /* before trading */
    tw_money cash_min;      /* after trading */
    tw_money cash_max;      /* nano TW_OVERLAP_NO_MOST: no limit */
    int64_t cost_rate_nano; /* of the value of each trade, 0 to 0.5 */
} tw_overlap_problem;

/* What a solver said, as it wrote it. */
typedef struct tw_overlap_answer {
    tw_slice solution; /* the solution file of CBC */
    tw_slice log;      /* the end of what it printed: a bound after a stop */
} tw_overlap_answer;

typedef enum tw_overlap_proof {
    TW_OVERLAP_UNPROVEN = 0,  /* there may be a plan, or one with fewer trades */
    TW_OVERLAP_BY_SOLVER = 1, /* to the tolerance of a solver's floating point */
    TW_OVERLAP_EXACT = 2      /* by whole numbers */
} tw_overlap_proof;

typedef struct tw_overlap_plan {
    bool feasible;
    uint8_t proof;       /* tw_overlap_proof: of the least count, or that no plan exists */
    size_t count;        /* trades; 0 when not feasible */
    size_t bound;        /* no plan has fewer, by whole numbers */
    size_t solver_bound; /* the same by the solver; `bound` without one */
    size_t gap;          /* count less the greater of the two */
    size_t mandatory;    /* positions that had to trade */
    size_t fault;        /* the row that all allowed trades together cannot bring into its limits,
                          * counted from 1; 0: the cash; TW_OVERLAP_NO_FAULT: none is known */
    /* [count], by index; borrowed until the next call. The reason of a further trade is the first
     * of the limits that breaks without it: the cash (raise, use) or a row (cut, fill group). */
    const tw_rebalance_trade *trades;
    tw_money turnover;
    tw_money cost;
    tw_money cash_after;
    char reason[TW_OVERLAP_REASON_SIZE]; /* one sentence: the proof, or what was not found */
} tw_overlap_plan;

TW_BEGIN_DECLS

/* Takes the memory for at most so many positions (at least 1) and rows. TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_overlap_new(const tw_allocator *allocator, size_t count_max,
                                size_t row_count_max, tw_overlap **ret_overlap) TW_MUST_CHECK;
TW_API void tw_overlap_free(tw_overlap *overlap);

/*
 * A plan without a solver. That none was found or exists is an answer, not an error. Of all three
 * calls: TW_FULL: more positions or rows than there is room for; TW_INVALID: a range that is none
 * or whose mandatory trade is below its least, a coefficient beyond TW_OVERLAP_COEFFICIENT_MAX,
 * limits that cross, a cost rate out of range; TW_OVERFLOW: values beyond tw_money together.
 * `error` (may be NULL) says where. Outputs are written only with TW_OK.
 */
TW_API tw_status tw_overlap_solve(tw_overlap *overlap, const tw_overlap_problem *problem,
                                  tw_overlap_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

/* Bytes that are enough for the model of any problem of this size. */
TW_API size_t tw_overlap_model_size_max(size_t count, size_t row_count);

/* Writes the model over what `ret_model` holds. TW_FULL also when it does not fit; then what it
 * holds is cleared. */
TW_API tw_status tw_overlap_write(tw_overlap *overlap, const tw_overlap_problem *problem,
                                  tw_text *ret_model, tw_error *error) TW_MUST_CHECK;

/*
 * The plan of a solver's answer to that model, checked. TW_PARSE: the answer is none: `error` says
 * at which line. An answer that breaks a limit and cannot be put right counts as no plan found.
 */
TW_API tw_status tw_overlap_read(tw_overlap *overlap, const tw_overlap_problem *problem,
                                 const tw_overlap_answer *answer, tw_overlap_plan *ret_plan,
                                 tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_overlap, tw_overlap_free)

#endif
