/*
 * overlap_greedy.c - a plan without a solver: mend the most, then drop what is not needed.
 *
 * Every move sets one position to the lots at which one broken limit is just met, or as near to
 * that as the position may trade, and the move is taken that leaves the least violation; a position
 * that trades already goes before one that does not, as long as it mends anything. Violations are
 * compared in money, each row over its greatest coefficient. Where no move lowers the violation,
 * the limits that are broken there are made to count double (the breakout method of Morris, 1993),
 * and it goes on, for a bounded number of moves.
 *
 * Invariants: lots[] are allowed at every step; sums[] are theirs; a move lowers the violation by
 * the scales of the moment.
 */
#include <string.h>

#include "overlap_priv.h"

/* A move must take away at least this part of the violation, or it mends nothing. */
#define PROGRESS_LEAST 1e-9
#define MOVES_A_POSITION 4
#define MOVES_BASE 100
/* Positions x limits that all moves together look at: some seconds. */
#define LOOKS_MAX ((size_t)500 * 1000 * 1000)

typedef struct move {
    size_t index;
    int64_t lots;
    double left; /* violation after it */
    bool found;
} move;

static double violation_of(const overlap_limit *limit, overlap_wide sum, double scale) {
    if (limit->has_least && sum < limit->least)
        return (double)(limit->least - sum) / scale;
    if (limit->has_most && sum > limit->most)
        return (double)(sum - limit->most) / scale;
    return 0;
}

static double violation_now(const tw_overlap *overlap, const tw_overlap_problem *problem) {
    double violation = 0;
    for (size_t r = 0; r <= problem->row_count; r++)
        violation += violation_of(&overlap->limits[r], overlap->sums[r], overlap->scales[r]);
    return violation;
}

/* The violation if position `index` traded `lots`. */
static double violation_with(const tw_overlap *overlap, const tw_overlap_problem *problem,
                             size_t index, int64_t lots) {
    double violation = 0;
    for (size_t r = 0; r <= problem->row_count; r++) {
        overlap_wide sum = overlap->sums[r] -
                           overlap_part(problem, r, index, overlap->lots[index]) +
                           overlap_part(problem, r, index, lots);
        violation += violation_of(&overlap->limits[r], sum, overlap->scales[r]);
    }
    return violation;
}

/* The allowed lots of one side nearest to `wanted`. */
static int64_t nearest(const overlap_side *side, overlap_wide wanted) {
    if (wanted < side->low)
        return side->low;
    return wanted > side->high ? side->high : (int64_t)wanted;
}

/* By how many lots the position would have to change for the limit to be met by it alone: away from
 * 0, so that the limit is not missed by a part of a lot. */
static overlap_wide lots_to_meet(const tw_overlap *overlap, const tw_overlap_problem *problem,
                                 size_t limit, size_t index) {
    overlap_wide sum = overlap->sums[limit];
    const overlap_limit *l = &overlap->limits[limit];
    overlap_wide missing = l->has_least && sum < l->least ? l->least - sum : l->most - sum;
    overlap_wide part = overlap_part(problem, limit, index, 1);
    if (part == 0)
        return 0;
    overlap_wide lots = missing / part;
    overlap_wide rest = missing % part;
    if (rest != 0)
        lots += (missing > 0) == (part > 0) ? 1 : -1;
    return lots;
}

/* Sees what `lots` would leave and keeps it if nothing better is known. */
static void consider(const tw_overlap *overlap, const tw_overlap_problem *problem, size_t index,
                     int64_t lots, move *best) {
    if (lots == overlap->lots[index])
        return;
    double left = violation_with(overlap, problem, index, lots);
    if (!best->found || left < best->left)
        *best = (move){index, lots, left, true};
}

/* The best move of one position, for each limit that is broken. */
static void consider_position(const tw_overlap *overlap, const tw_overlap_problem *problem,
                              size_t index, move *best) {
    const tw_rebalance_range *range = &problem->ranges[index];
    for (size_t r = 0; r <= problem->row_count; r++) {
        if (violation_of(&overlap->limits[r], overlap->sums[r], 1) <= 0)
            continue;
        overlap_wide change = lots_to_meet(overlap, problem, r, index);
        if (change == 0)
            continue;
        for (int side_index = 0; side_index < 2; side_index++) {
            overlap_side side;
            if (!overlap_side_of(range, side_index == 0, &side))
                continue;
            overlap_wide wanted = overlap->lots[index] + change;
            consider(overlap, problem, index, nearest(&side, wanted), best);
        }
    }
}

static move best_move(const tw_overlap *overlap, const tw_overlap_problem *problem, bool trading) {
    move best = {0};
    for (size_t i = 0; i < problem->count; i++)
        if ((overlap->lots[i] != 0) == trading)
            consider_position(overlap, problem, i, &best);
    return best;
}

static void count_double(tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t r = 0; r <= problem->row_count; r++)
        if (violation_of(&overlap->limits[r], overlap->sums[r], 1) > 0)
            overlap->scales[r] /= 2;
}

static size_t most_moves(const tw_overlap_problem *problem) {
    size_t moves = MOVES_A_POSITION * problem->count + MOVES_BASE;
    size_t affordable = LOOKS_MAX / ((problem->count + 1) * (problem->row_count + 1)) + 1;
    return moves < affordable ? moves : affordable;
}

bool overlap_mend(tw_overlap *overlap, const tw_overlap_problem *problem, bool only_trading) {
    overlap_add_up(overlap, problem);
    size_t moves_max = most_moves(problem);
    for (size_t moves = 0; moves < moves_max; moves++) {
        double violation = violation_now(overlap, problem);
        if (violation <= 0)
            break;
        double enough = violation * (1 - PROGRESS_LEAST);
        move best = best_move(overlap, problem, true);
        if (!only_trading && (!best.found || best.left > enough))
            best = best_move(overlap, problem, false);
        if (!best.found || best.left > enough) {
            count_double(overlap, problem);
            continue;
        }
        overlap->lots[best.index] = best.lots;
        overlap_add_up(overlap, problem);
    }
    return overlap_holds(overlap, problem);
}

void overlap_thin(tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t i = 0; i < problem->count; i++) {
        if (overlap->lots[i] == 0 || overlap_is_mandatory(&problem->ranges[i]))
            continue;
        int64_t kept = overlap->lots[i];
        overlap->lots[i] = 0;
        overlap_add_up(overlap, problem);
        if (overlap_holds(overlap, problem))
            continue;
        overlap->lots[i] = kept;
        overlap_add_up(overlap, problem);
    }
}

void overlap_begin_lots(tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t i = 0; i < problem->count; i++) {
        const tw_rebalance_range *range = &problem->ranges[i];
        overlap_side side;
        bool sells = range->lots_max < 0;
        overlap->lots[i] = 0;
        if (overlap_is_mandatory(range) && overlap_side_of(range, sells, &side))
            overlap->lots[i] = sells ? side.high : side.low;
    }
}

static void say(tw_overlap_plan *plan) {
    if (!plan->feasible && plan->proof == TW_OVERLAP_EXACT)
        return; /* said already, with the limit */
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    if (!plan->feasible)
        tw_text_append_string(&text, "No plan was found by moving one position at a time, which is "
                                     "not a proof that there is none; a solver can tell.");
    else if (plan->proof == TW_OVERLAP_EXACT)
        tw_text_append_format(&text, "%zu trade%s, and no plan has fewer.", plan->count,
                              plan->count == 1 ? "" : "s");
    else
        tw_text_append_format(&text,
                              "%zu trade%s, and at least %zu needed; a solver can tell which "
                              "number is the least.",
                              plan->count, plan->count == 1 ? "" : "s", plan->bound);
}

tw_status tw_overlap_solve(tw_overlap *overlap, const tw_overlap_problem *problem,
                           tw_overlap_plan *ret_plan, tw_error *error) {
    TW_ASSERT(overlap != NULL && problem != NULL && ret_plan != NULL);
    tw_status status = overlap_begin(overlap, problem, error);
    if (status != TW_OK)
        return status;
    overlap_begin_lots(overlap, problem);
    bool found = overlap_mend(overlap, problem, false);
    if (found)
        overlap_thin(overlap, problem);
    tw_overlap_plan plan;
    memset(&plan, 0, sizeof plan);
    status = overlap_report(overlap, problem, found, &plan, error);
    if (status != TW_OK)
        return status;
    say(&plan);
    *ret_plan = plan;
    return TW_OK;
}
