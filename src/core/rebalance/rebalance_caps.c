/*
 * rebalance_caps.c - who comes home when a cap does not let everybody.
 *
 * The positions outside their bands stand in one order: the smallest breaches first, which brings
 * the most of them home, or the largest first, which leaves the smallest worst. A plan takes the
 * first so many of them; the others stay where they are. No plan brings more home than there are
 * trades, nor than the smallest breaches that the turnover pays for (theorem 7 of
 * docs/rebalancing-proof.md): that many are tried first, then fewer, by halving.
 *
 * Invariants:
 * 1. breaches[] does not change while plans are tried; what a plan leaves is what follows in it.
 * 2. `fits` is a number that was tried and did; no number is kept that was not.
 */
#include "rebalance_priv.h"

#include <string.h>

static wide breach_of(const member *m) {
    wide value = member_value(m, m->low > 0 ? m->low : m->high);
    return value < 0 ? -value : value;
}

/* Puts the breaches in order; returns how many a plan could at most bring home in it. */
static size_t order_breaches(const problem *p) {
    const tw_rebalance_config *config = p->config;
    bool smallest = config->cap_priority == TW_CAP_MOST_POSITIONS;
    offer *breaches = p->work->breaches;
    for (size_t i = 0; i < p->mandatory; i++) {
        const member *m = &p->work->members[i];
        int64_t amount = (int64_t)breach_of(m);
        uint32_t rank =
            p->positions != NULL ? p->positions[m->index].rank : p->ranges[m->index].rank;
        breaches[i] = (offer){smallest ? -amount : amount, m->index, rank};
    }
    offers_sort(p, breaches, p->mandatory);
    size_t count = 0;
    wide turnover = 0;
    while (count < p->mandatory && count < config->trades_max) {
        int64_t amount = breaches[count].amount;
        turnover += amount < 0 ? -amount : amount;
        if (turnover > config->turnover_max.nano)
            break;
        count++;
    }
    return count;
}

static bool is_within_caps(const problem *p) {
    return p->plan->feasible && p->plan->count <= p->config->trades_max &&
           p->plan->turnover.nano <= p->config->turnover_max.nano;
}

/* Brings the first `count` of `all` breaches home. */
static tw_status bring_home(problem *p, size_t count, size_t all, bool *ret_fits, tw_error *error) {
    rebalance_classify(p);
    for (size_t i = count; i < all; i++)
        p->work->outcomes[p->work->breaches[i].index] = TW_OUTCOME_LEFT_CAP;
    p->plan->capped_outside = all - count;
    tw_status status = rebalance_solve_once(p, error);
    *ret_fits = status == TW_OK && is_within_caps(p);
    return status;
}

tw_status rebalance_solve_capped(problem *p, tw_error *error) {
    tw_status status = rebalance_solve_once(p, error);
    if (status != TW_OK || is_within_caps(p))
        return status;
    tw_rebalance_plan without = *p->plan;
    rebalance_classify(p);
    status = rebalance_take_mandatory(p, error);
    if (status != TW_OK)
        return status;
    size_t all = p->mandatory;
    size_t most = order_breaches(p);
    size_t low = 0;
    size_t high = most + 1;
    size_t last = SIZE_MAX;
    size_t fits = SIZE_MAX;
    bool does_fit = false;
    for (size_t next = most; low < high; next = low + (high - low) / 2) {
        last = next;
        status = bring_home(p, next, all, &does_fit, error);
        if (status != TW_OK)
            return status;
        if (does_fit) {
            fits = next;
            low = next + 1;
        } else {
            high = next;
        }
    }
    if (fits == SIZE_MAX) {
        *p->plan = without;
        rebalance_say_capped(p);
        return TW_OK;
    }
    if (last != fits)
        status = bring_home(p, fits, all, &does_fit, error);
    /* Another choice of as many could do with fewer trades. */
    p->plan->proven = p->plan->proven && fits == all;
    return status;
}
