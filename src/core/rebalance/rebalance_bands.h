/*
 * rebalance_bands.h - where a band ends, exactly and in doubles, and what limits one trade.
 *
 * A weight bound is kept at 1e-18, times an equity at 1e-9 it is a value at 1e-27; so is a quantity
 * times a price times 1e9. So everything about a band is decided in whole numbers. Nearly always
 * doubles are enough to know the answer: a sketch of a band comes with a bound of its error, and
 * only what is nearer to an edge (or to a whole lot) than that is computed exactly. The answer is
 * the exact one either way.
 */
#ifndef TRADEWIND_REBALANCE_BANDS_H
#define TRADEWIND_REBALANCE_BANDS_H

#include "rebalance_priv.h"

#define LOT_VALUE_MAX ((wide)1 << 90)
#define TRADE_VALUE_MAX ((wide)INT64_MAX / 4) /* with its cost it fits; below 2^92 at 1e-18 */

/* Edges of a band and the value held, all at 1e-27. */
typedef struct edges {
    wide low;
    wide high;
    wide held;
} edges;

/* Half of the band's width as a weight at 1e-18. */
static inline wide reach_of(const tw_rebalance_position *at) {
    int64_t weight = at->weight_nano < 0 ? -at->weight_nano : at->weight_nano;
    if (at->band_kind == TW_BAND_ABSOLUTE)
        return (wide)at->band_nano * TW_NANO;
    wide reach = (wide)weight * at->band_nano;
    wide floor = (wide)at->band_floor_nano * TW_NANO;
    return at->band_kind == TW_BAND_HYBRID && reach < floor ? floor : reach;
}

static inline edges edges_of(const problem *p, const tw_rebalance_position *at, wide reach) {
    wide weight = (wide)at->weight_nano * TW_NANO;
    wide low = weight - reach;
    wide high = weight + reach;
    if (weight >= 0)
        low = low < 0 ? 0 : low;
    else
        high = high > 0 ? 0 : high;
    return (edges){low * p->equity, high * p->equity,
                   (wide)at->quantity.nano * at->price.nano * TW_NANO};
}

/* The same in doubles. Each is made by at most six roundings of 2^-53 of numbers no larger than the
 * sum in `error`, which is taken eight times larger than that. */
typedef struct sketch {
    double low;
    double high;
    double held;
    double error;
} sketch;

static inline sketch sketch_of(const tw_rebalance_position *at, double equity) {
    double weight = (double)at->weight_nano * 1e9;
    double size = weight < 0 ? -weight : weight;
    double reach = (double)at->band_nano * (at->band_kind == TW_BAND_ABSOLUTE ? 1.0 : size * 1e-9);
    double floor = at->band_kind == TW_BAND_HYBRID ? (double)at->band_floor_nano : 0.0;
    reach *= at->band_kind == TW_BAND_ABSOLUTE ? 1e9 : 1.0;
    reach = reach < floor * 1e9 ? floor * 1e9 : reach;
    double low = weight - reach;
    double high = weight + reach;
    low = weight >= 0 && low < 0 ? 0 : low;
    high = weight < 0 && high > 0 ? 0 : high;
    double held = (double)at->quantity.nano * (double)at->price.nano * 1e9;
    double held_size = held < 0 ? -held : held;
    return (sketch){low * equity, high * equity, held,
                    0x1p-47 * (held_size + (size + reach) * equity)};
}

static inline tw_rebalance_order_max order_max_of(const problem *p, size_t index) {
    tw_rebalance_order_max most = p->config->order_max;
    if (p->config->order_maxima == NULL)
        return most;
    tw_rebalance_order_max own = p->config->order_maxima[index];
    most.value.nano = own.value.nano < most.value.nano ? own.value.nano : most.value.nano;
    most.quantity.nano =
        own.quantity.nano < most.quantity.nano ? own.quantity.nano : most.quantity.nano;
    return most;
}

/* The most of an order in whole lots. */
static inline wide lots_of_order(const problem *p, size_t index, int64_t lot, wide lot_value) {
    tw_rebalance_order_max most = order_max_of(p, index);
    wide by_value = floor_divide((wide)most.value.nano * TW_NANO, lot_value);
    wide by_quantity = most.quantity.nano / lot;
    return by_value < by_quantity ? by_value : by_quantity;
}

#endif
