/*
 * rolling_sums.h - sums of a run of observations that can be put together with those of the run
 * after it, one kind for each group of facts.
 */
#ifndef TRADEWIND_ROLLING_SUMS_H
#define TRADEWIND_ROLLING_SUMS_H

#include "performance_priv.h"

typedef struct rolling_item {
    const tw_performance_config *config;
    bool missing; /* anything but the benchmark, which is NaN then */
    double value;
    double benchmark;
    double free;
    double wanted;
    bool has_free;
} rolling_item;

typedef struct rolling_kind {
    unsigned group;
    size_t size; /* bytes of the sums, a multiple of 8 */
    /* The sums of one item, of none with NULL. */
    void (*one)(void *sums, const rolling_item *item);
    /* Those of `older` and then `newer`; `ret_sums` may be either. */
    void (*join)(const void *older, const void *newer, void *ret_sums);
    void (*tell)(const void *sums, performance_facts *facts);
} rolling_kind;

#define ROLLING_KIND_COUNT 13

/* The first kind is always needed: its group is GROUP_NONE. */
extern const rolling_kind rolling_kinds[ROLLING_KIND_COUNT];

#endif
