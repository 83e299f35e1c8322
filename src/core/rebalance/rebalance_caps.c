/*
 * rebalance_caps.c - who comes home when a cap does not let everybody.
 *
 * The positions outside their bands stand in one order, and a plan takes the first so many of them;
 * the others stay where they are. For the smallest worst the largest breaches stand first. For the
 * most positions the smallest do, but sales and purchases are not alike: where cash must be raised
 * by N, sales worth S and purchases worth B turn over at least N + 2 B as well as S + B, so that
 * sales cost nothing until N is reached (and the other way round where cash must be used). The
 * best numbers of the smallest sales and of the smallest purchases come first, and their sum is
 * more than no plan can bring home (theorem 7 of docs/rebalancing-proof.md).
 *
 * How many of the order fit is foretold by the turnover bound and then tried: from there downward
 * in growing steps, and between the last that did not fit and the first that did by halving.
 *
 * Invariants:
 * 1. breaches[] does not change while plans are tried; what a plan leaves is what follows in it.
 * 2. `fits` is a number that was tried and did; no number is kept that was not.
 */
#include "rebalance_priv.h"

#include <string.h>

/* --- the order ------------------------------------------------------------------------------- */

static int64_t nearest_of(const member *m) {
    return m->low > 0 ? m->low : m->high;
}

static int64_t size_of(const member *m) {
    wide value = member_value(m, nearest_of(m));
    return (int64_t)(value < 0 ? -value : value);
}

static void sort_breaches(const problem *p, bool smallest) {
    offer *breaches = p->work->breaches;
    for (size_t i = 0; i < p->mandatory; i++) {
        const member *m = &p->work->members[i];
        int64_t amount = size_of(m);
        uint32_t rank =
            p->positions != NULL ? p->positions[m->index].rank : p->ranges[m->index].rank;
        breaches[i] = (offer){smallest ? -amount : amount, m->index, rank};
    }
    offers_sort(p, breaches, p->mandatory);
}

static bool is_sale(const problem *p, const offer *breach) {
    return p->work->outcomes[breach->index] == TW_OUTCOME_ABOVE_BAND;
}

/* What sales must be worth at least beyond purchases (DOWN), or these beyond sales (UP); may be
 * below 0. Costs help to use cash, so nothing is certain of that then. */
static wide surplus_needed(const problem *p, int side) {
    const node *whole = &p->work->nodes[0];
    if (side == DOWN)
        return -whole->most;
    return p->has_costs ? -LIMIT_NONE : whole->least;
}

/* The most sales, or purchases, of `size` in all that the turnover pays for beside the others. */
typedef struct ration {
    size_t count[2];
    wide size[2];
    size_t next[2]; /* behind the last of them in the order */
} ration;

static bool is_paid(const problem *p, const ration *r) {
    wide cap = p->config->turnover_max.nano;
    return r->size[DOWN] + r->size[UP] <= cap && surplus_needed(p, DOWN) + 2 * r->size[UP] <= cap &&
           surplus_needed(p, UP) + 2 * r->size[DOWN] <= cap;
}

static bool add_next(const problem *p, ration *r, int side) {
    const offer *breaches = p->work->breaches;
    size_t at = r->next[side];
    while (at < p->mandatory && is_sale(p, &breaches[at]) != (side == DOWN))
        at++;
    if (at == p->mandatory)
        return false;
    r->size[side] += -breaches[at].amount;
    r->count[side]++;
    r->next[side] = at + 1;
    return true;
}

static void drop_last(const problem *p, ration *r, int side) {
    const offer *breaches = p->work->breaches;
    TW_ASSERT(r->count[side] > 0);
    size_t at = r->next[side] - 1;
    r->size[side] -= -breaches[at].amount;
    r->count[side]--;
    while (at > 0 && is_sale(p, &breaches[at - 1]) != (side == DOWN))
        at--;
    r->next[side] = at;
}

/* Of breaches that stand smallest first: how many sales and purchases come home at most. */
static ration find_ration(const problem *p) {
    ration now = {{0, 0}, {0, 0}, {0, 0}};
    while (is_paid(p, &now) && add_next(p, &now, DOWN))
        ;
    while (now.count[DOWN] > 0 && !is_paid(p, &now))
        drop_last(p, &now, DOWN);
    ration best = now;
    while (add_next(p, &now, UP)) {
        while (now.count[DOWN] > 0 && !is_paid(p, &now))
            drop_last(p, &now, DOWN);
        if (!is_paid(p, &now))
            break;
        if (now.count[DOWN] + now.count[UP] > best.count[DOWN] + best.count[UP])
            best = now;
    }
    return best;
}

/* Puts those of the ration before the others, each in their order. */
static void put_first(const problem *p, const ration *r) {
    offer *breaches = p->work->breaches;
    offer *others = p->work->offers[UP];
    size_t kept = 0;
    size_t left = 0;
    for (size_t i = 0; i < p->mandatory; i++) {
        int side = is_sale(p, &breaches[i]) ? DOWN : UP;
        if (i < r->next[side])
            breaches[kept++] = breaches[i];
        else
            others[left++] = breaches[i];
    }
    memcpy(&breaches[kept], others, left * sizeof(offer));
}

/* Puts the breaches in order; returns how many a plan could at most bring home. */
static size_t order_breaches(const problem *p) {
    sort_breaches(p, true);
    ration best = find_ration(p);
    size_t most = best.count[DOWN] + best.count[UP];
    if (p->config->cap_priority == TW_CAP_MOST_POSITIONS)
        put_first(p, &best);
    else
        sort_breaches(p, false);
    return most < p->config->trades_max ? most : p->config->trades_max;
}

/* --- what is tried --------------------------------------------------------------------------- */

/* The offers of each direction, made when they are first asked for. */
typedef struct supply {
    bool made[2];
    size_t count[2];
} supply;

/* The least number of trades that bring the first `home` home: theirs, and those of the offers that
 * the cash needs then. SIZE_MAX when these are not enough. */
static size_t trades_with(problem *p, size_t home, supply *offered) {
    const node *whole = &p->work->nodes[0];
    wide low = 0;
    wide high = 0;
    for (size_t i = 0; i < home; i++) {
        const member *m = &p->work->members[p->work->seats[p->work->breaches[i].index]];
        low += member_cash(m, m->low);
        high += member_cash(m, m->high);
    }
    int direction = low > whole->most ? DOWN : UP;
    wide need = direction == DOWN ? low - whole->most : whole->least - high;
    if (need <= 0)
        return home;
    wide cost = 0;
    size_t *count = &offered->count[direction];
    if (!offered->made[direction] &&
        rebalance_offers(p, direction, true, count, &cost, NULL) != TW_OK)
        return home; /* the plan itself will tell */
    offered->made[direction] = true;
    size_t taken = offers_cover(p, p->work->offers[direction], *count, need);
    return taken > *count ? SIZE_MAX : home + taken;
}

/* Of those up to `most` one that the cap on trades allows, by halving; 0 if none is found. */
static size_t foretell_trades(problem *p, size_t most) {
    supply offered = {{false, false}, {0, 0}};
    size_t low = 0;
    size_t high = most + 1;
    for (size_t next = most; low < high && next > 0; next = low + (high - low) / 2) {
        if (trades_with(p, next, &offered) <= p->config->trades_max)
            low = next + 1;
        else
            high = next;
    }
    return low == 0 ? 0 : low - 1;
}

/* How many up to `most` of the first the bounds of turnover and trades let come home. */
static size_t foretell(problem *p, size_t most) {
    const offer *breaches = p->work->breaches;
    uint32_t *places = p->work->seats;
    for (size_t i = 0; i < p->mandatory; i++)
        places[p->work->members[i].index] = (uint32_t)i;
    wide turnover = 0;
    wide cash = 0;
    size_t foretold = 0;
    for (size_t i = 0; i < most; i++) {
        const member *m = &p->work->members[places[breaches[i].index]];
        turnover += size_of(m);
        cash += member_cash(m, nearest_of(m));
        if (turnover > p->config->turnover_max.nano)
            break;
        wide more = p->by_value ? 0 : rebalance_turnover_to_window(p, cash, 0);
        if (turnover + more <= p->config->turnover_max.nano)
            foretold = i + 1;
    }
    bool trades = p->config->trades_max != SIZE_MAX && !p->by_value;
    return trades ? foretell_trades(p, foretold) : foretold;
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

/* The numbers that are known to fit and not to. */
typedef struct known {
    size_t all;
    size_t fits; /* SIZE_MAX: none yet */
    size_t too_many;
    size_t last; /* that was tried */
} known;

static tw_status try_number(problem *p, size_t count, known *k, tw_error *error) {
    bool does_fit = false;
    tw_status status = bring_home(p, count, k->all, &does_fit, error);
    k->last = count;
    if (does_fit)
        k->fits = count;
    else
        k->too_many = count;
    return status;
}

/* Downward by 1, 2, 4 ... until one fits; then between that and what did not. */
static tw_status try_all(problem *p, known *k, tw_error *error) {
    tw_status status = TW_OK;
    size_t step = 0;
    for (;; step = step == 0 ? 1 : 2 * step) {
        size_t next = step < k->too_many ? k->too_many - (step > 0 ? step : 1) : 0;
        status = try_number(p, next, k, error);
        if (status != TW_OK || k->fits != SIZE_MAX || next == 0)
            break;
    }
    while (status == TW_OK && k->fits != SIZE_MAX && k->too_many - k->fits > 1)
        status = try_number(p, k->fits + (k->too_many - k->fits) / 2, k, error);
    return status;
}

static tw_status list_breaches(problem *p, size_t *ret_all, tw_error *error) {
    rebalance_classify(p);
    p->plan->capped_outside = 0;
    tw_status status = rebalance_take_mandatory(p, error);
    *ret_all = p->mandatory;
    return status;
}

/* Nothing fits: told with the plan without the caps. */
static tw_status refuse(problem *p, tw_error *error) {
    rebalance_classify(p);
    p->plan->capped_outside = 0;
    p->within_caps_only = false;
    tw_status status = rebalance_solve_once(p, error);
    if (status == TW_OK)
        rebalance_say_capped(p);
    return status;
}

tw_status rebalance_solve_capped(problem *p, tw_error *error) {
    p->within_caps_only = true;
    tw_status status = rebalance_solve_once(p, error);
    p->plan->home_bound = p->mandatory;
    if (status != TW_OK || is_within_caps(p))
        return status;
    known k = {.fits = SIZE_MAX, .last = SIZE_MAX};
    status = list_breaches(p, &k.all, error);
    if (status != TW_OK)
        return status;
    size_t most = order_breaches(p);
    k.too_many = foretell(p, most) + 1;
    status = try_all(p, &k, error);
    if (status == TW_OK && k.fits == SIZE_MAX)
        return refuse(p, error);
    bool does_fit = true;
    if (status == TW_OK && k.last != k.fits)
        status = bring_home(p, k.fits, k.all, &does_fit, error);
    TW_ASSERT(status != TW_OK || does_fit);
    p->plan->home_bound = most;
    p->plan->proven = p->plan->proven && k.fits == most;
    rebalance_say_home(p);
    return status;
}
