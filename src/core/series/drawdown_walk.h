/*
 * drawdown_walk.h - the value's path, observation by observation.
 *
 * The value and its peak are set back by a power of two together before they are too large, which
 * changes no drawdown.
 */
#ifndef TRADEWIND_DRAWDOWN_WALK_H
#define TRADEWIND_DRAWDOWN_WALK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct drawdown_walk {
    double value; /* 0 after ruin */
    double peak;
    double drawdown; /* now */
    double depth;    /* of the drawdown that goes on, 0 between them, */
    size_t start;    /* where that began, */
    size_t trough;   /* and where it was deepest */
} drawdown_walk;

#define DRAWDOWN_WALK_BEGIN ((drawdown_walk){.value = 1, .peak = 1})

/* One more return. True when a drawdown is over with it; `depth` is still that one's then, and the
 * caller sets it to 0. */
static inline bool drawdown_walk_step(drawdown_walk *walk, double value, size_t row) {
    const double step = 0x1p512;
    walk->value *= 1 + value;
    if (walk->value >= step) {
        walk->value /= step;
        walk->peak /= step;
    }
    walk->value = walk->value > 0 ? walk->value : 0;
    walk->peak = walk->value > walk->peak ? walk->value : walk->peak;
    walk->drawdown = (walk->peak - walk->value) / walk->peak;
    if (walk->drawdown == 0)
        return walk->depth > 0;
    if (walk->depth == 0)
        walk->start = row;
    if (walk->drawdown > walk->depth) {
        walk->depth = walk->drawdown;
        walk->trough = row;
    }
    return false;
}

#endif
