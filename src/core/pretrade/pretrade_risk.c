/*
 * pretrade_risk.c - the variance of what is held and out, kept by differences.
 *
 * Idea: the variance is e' C e. When one position of e changes by d, C e changes by d times a row
 * of C: O(symbols), where C e made anew is O(symbols^2). Marks move all the time, and nobody asks
 * each time: a symbol that has moved is noted, and enters when somebody asks (tw_pretrade_refresh),
 * or when PRETRADE_MOVED_MAX are waiting. So no question is ever dearer than so many rows.
 *
 * What is kept by differences gathers their rounding. So each time that rows are added one element
 * of C e, the next in turn, is made anew: none is older than PRETRADE_MOVED_MAX x symbols changes.
 *
 * Invariants
 *  1. exposure[s] is `intended` of s at its newest mark, unless s waits in `moved`.
 *  2. product = C exposure, and variance = exposure . product, but for rounding.
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

/* One position of e is what it is now: C e and e' C e follow. */
static void enter_exposure(tw_pretrade *gate, tw_symbol symbol) {
    uint32_t n = gate->config.symbol_count;
    const double *restrict row = gate->covariance + (size_t)symbol * n;
    double *restrict product = gate->product;
    double now = exposure_of(&gate->symbols[symbol]);
    double change = now - gate->exposure[symbol];
    gate->variance += change * (2.0 * product[symbol] + change * row[symbol]);
    gate->exposure[symbol] = now;
    for (uint32_t i = 0; i < n; i++)
        product[i] += change * row[i];
}

static void renew_next(tw_pretrade *gate) {
    uint32_t n = gate->config.symbol_count;
    uint32_t s = gate->renewed;
    gate->product[s] = dot(gate->covariance + (size_t)s * n, gate->exposure, n);
    gate->renewed = s + 1 < n ? s + 1 : 0;
}

static void enter_moved(tw_pretrade *gate) {
    if (gate->moved_count == 0)
        return;
    for (uint32_t i = 0; i < gate->moved_count; i++) {
        tw_symbol symbol = gate->moved[i];
        gate->symbols[symbol].has_moved = false;
        enter_exposure(gate, symbol);
    }
    gate->moved_count = 0;
    renew_next(gate);
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

void pretrade_exposure_changed(tw_pretrade *gate, tw_symbol symbol) {
    if (gate->covariance != NULL)
        enter_exposure(gate, symbol);
}

void tw_pretrade_refresh(tw_pretrade *gate) {
    if (gate->covariance == NULL)
        return;
    enter_moved(gate);
    gate->variance = dot(gate->exposure, gate->product, gate->config.symbol_count);
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
