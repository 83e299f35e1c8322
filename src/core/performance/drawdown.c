/*
 * drawdown.c - a walk along the value's path, and the drawdowns that it passes.
 */
#include "tradewind/drawdown.h"

#include <math.h>

#include "drawdown_walk.h"

/* Puts a drawdown among the `kept` deepest; returns how many there are then. */
static size_t keep_deepest(tw_drawdown *deepest, size_t kept, size_t room,
                           const tw_drawdown *drawdown) {
    size_t at = kept;
    while (at > 0 && deepest[at - 1].depth < drawdown->depth)
        at--;
    if (at >= room)
        return kept;
    size_t count = kept < room ? kept + 1 : room;
    for (size_t i = count - 1; i > at; i--)
        deepest[i] = deepest[i - 1];
    deepest[at] = *drawdown;
    return count;
}

static tw_drawdown drawdown_of(const drawdown_walk *walk, size_t end, bool recovered) {
    return (tw_drawdown){.depth = walk->depth,
                         .start = walk->start,
                         .trough = walk->trough,
                         .end = end,
                         .length = end - walk->start + 1,
                         .to_trough = walk->trough - walk->start + 1,
                         .to_recovery = end - walk->trough,
                         .recovered = recovered};
}

tw_status tw_drawdowns_find(const double *returns, size_t count, tw_drawdown *ret_drawdowns,
                            size_t room, size_t *ret_count, tw_error *error) {
    TW_ASSERT(returns != NULL || count == 0);
    TW_ASSERT((ret_drawdowns != NULL || room == 0) && ret_count != NULL);
    for (size_t i = 0; i < count; i++)
        if (isinf(returns[i]))
            return tw_error_set(error, TW_INVALID, "the return in row %zu is infinite", i);
    drawdown_walk walk = DRAWDOWN_WALK_BEGIN;
    size_t kept = 0;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(returns[i]) || !drawdown_walk_step(&walk, returns[i], i))
            continue;
        tw_drawdown drawdown = drawdown_of(&walk, i, true);
        kept = keep_deepest(ret_drawdowns, kept, room, &drawdown);
        walk.depth = 0;
        found++;
    }
    if (walk.depth > 0) {
        tw_drawdown drawdown = drawdown_of(&walk, count, false);
        keep_deepest(ret_drawdowns, kept, room, &drawdown);
        found++;
    }
    *ret_count = found;
    return TW_OK;
}

void tw_drawdowns_series(const double *returns, size_t count, double *ret_depths) {
    TW_ASSERT((returns != NULL && ret_depths != NULL) || count == 0);
    drawdown_walk walk = DRAWDOWN_WALK_BEGIN;
    for (size_t i = 0; i < count; i++) {
        bool missing = isnan(returns[i]);
        if (!missing && drawdown_walk_step(&walk, returns[i], i))
            walk.depth = 0;
        ret_depths[i] = missing ? NAN : walk.drawdown;
    }
}
