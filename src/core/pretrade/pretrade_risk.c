/*
 * pretrade_risk.c - the variance of what is held and out, kept by differences.
 *
 * Idea: the variance is e' C e. When few positions of e change, by d, it changes by
 * 2 d' (C e) + d' C d: a few elements of C e and C, however many symbols there are. So a symbol
 * whose mark, position or open orders have changed is noted, and a question adds up what those that
 * are noted change. When PRETRADE_MOVED_MAX are noted they enter C e, a row of C each, all in one
 * pass: that is O(symbols), and mostly not while an order waits.
 *
 * C e gathers the rounding of these differences. So each time that rows are added one element of
 * it, the next in turn, is made anew: none is older than PRETRADE_MOVED_MAX x symbols changes.
 *
 * Invariants
 *  1. exposure[s] is `intended` of s at its newest mark, unless s waits in `moved`.
 *  2. product = C exposure but for rounding, and variance = exposure . product.
 *  3. A symbol is once in `moved` if its `has_moved` is set, and else not; fewer than
 *     PRETRADE_MOVED_MAX are.
 */
#include "pretrade_priv.h"

/* Sums in lanes, which the compiler may put into registers of any width: the same on all machines.
 */
enum { LANES = 8 };

static double exposure_of(const pretrade_symbol *symbol) {
    return (double)symbol->intended / ((double)TW_NANO * (double)TW_NANO);
}

static double dot(const double *a, const double *b, size_t count) {
    double lanes[LANES] = {0};
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lanes[k] += a[i + k] * b[i + k];
    for (size_t i = whole; i < count; i++)
        lanes[i - whole] += a[i] * b[i];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            lanes[k] += lanes[k + half];
    return lanes[0];
}

static void renew_next(tw_pretrade *gate) {
    uint32_t n = gate->config.symbol_count;
    uint32_t s = gate->renewed;
    gate->product[s] = dot(gate->covariance + (size_t)s * n, gate->exposure, n);
    gate->renewed = s + 1 < n ? s + 1 : 0;
}

/* Those that are noted enter, all places of `moved` being taken. */
static void enter_moved(tw_pretrade *gate) {
    uint32_t n = gate->config.symbol_count;
    double *restrict product = gate->product;
    const double *rows[PRETRADE_MOVED_MAX];
    double changes[PRETRADE_MOVED_MAX];
    renew_next(gate);
    for (uint32_t k = 0; k < PRETRADE_MOVED_MAX; k++) {
        tw_symbol symbol = gate->moved[k];
        double now = exposure_of(&gate->symbols[symbol]);
        rows[k] = gate->covariance + (size_t)symbol * n;
        changes[k] = now - gate->exposure[symbol];
        gate->exposure[symbol] = now;
        gate->symbols[symbol].has_moved = false;
    }
    _Static_assert(PRETRADE_MOVED_MAX == 4, "rows of one pass");
    for (uint32_t i = 0; i < n; i++)
        product[i] += (changes[0] * rows[0][i] + changes[1] * rows[1][i]) +
                      (changes[2] * rows[2][i] + changes[3] * rows[3][i]);
    gate->moved_count = 0;
    gate->variance = dot(gate->exposure, product, n);
}

void pretrade_exposure_moved(tw_pretrade *gate, tw_symbol symbol) {
    pretrade_symbol *state = &gate->symbols[symbol];
    if (gate->covariance == NULL || state->has_moved)
        return;
    state->has_moved = true;
    gate->moved[gate->moved_count++] = symbol;
    if (gate->moved_count == PRETRADE_MOVED_MAX)
        enter_moved(gate);
}

pretrade_variance pretrade_variance_now(const tw_pretrade *gate, tw_symbol symbol) {
    uint32_t n = gate->config.symbol_count;
    const double *own = gate->covariance + (size_t)symbol * n;
    pretrade_variance now = {gate->variance, gate->product[symbol], own[symbol]};
    double changes[PRETRADE_MOVED_MAX];
    for (uint32_t k = 0; k < gate->moved_count; k++) {
        tw_symbol moved = gate->moved[k];
        const double *row = gate->covariance + (size_t)moved * n;
        double change = exposure_of(&gate->symbols[moved]) - gate->exposure[moved];
        double product = gate->product[moved]; /* with those before it */
        for (uint32_t j = 0; j < k; j++)
            product += changes[j] * row[gate->moved[j]];
        now.whole += change * (2.0 * product + change * row[moved]);
        now.product += change * own[moved];
        changes[k] = change;
    }
    return now;
}

void tw_pretrade_set_covariance(tw_pretrade *gate, const double *covariance, double factor) {
    TW_ASSERT(covariance == NULL || factor > 0.0);
    uint32_t n = gate->config.symbol_count;
    gate->covariance = covariance;
    gate->factor = factor;
    for (uint32_t i = 0; i < gate->moved_count; i++)
        gate->symbols[gate->moved[i]].has_moved = false;
    gate->moved_count = 0;
    if (covariance == NULL)
        return;
    for (uint32_t s = 0; s < n; s++)
        gate->exposure[s] = exposure_of(&gate->symbols[s]);
    for (uint32_t s = 0; s < n; s++)
        gate->product[s] = dot(covariance + (size_t)s * n, gate->exposure, n);
    gate->variance = dot(gate->exposure, gate->product, n);
}
