/*
 * drift.c - drifts and plain orders, in whole numbers.
 *
 * Weights, targets and drifts are rounded to nearest at 1e-9, once each, from exact quotients, so
 * that they are the same everywhere.
 *
 * Invariants:
 * 1. Orders stand in the order of goes_first when they are made, so an order is written no later
 *    than its row is read: the same array holds both.
 * 2. `cash` never rises, and what is bought with its fee is never above it.
 */
#include "tradewind/drift.h"

#include <string.h>

#include "rebalance_money.h"

/* --- measuring ------------------------------------------------------------------------------- */

/* To nearest, ties away from minus infinity; `divisor` is above 0. */
static wide nearest_divide(wide value, wide divisor) {
    return floor_divide(2 * value + divisor, 2 * divisor);
}

static int64_t drift_of(const tw_drift_row *row, tw_drift_kind kind, int64_t equity) {
    int64_t target = row->target_nano;
    if (row->is_cash != 0 || (row->value.nano == 0 && target == 0))
        return 0;
    if (target == 0 && row->quantity.nano != 0)
        return row->quantity.nano > 0 ? -TW_NANO : TW_NANO;
    if (row->quantity.nano == 0 && target != 0)
        return target > 0 ? TW_NANO : -TW_NANO;
    wide away = (wide)target * equity - (wide)row->value.nano * TW_NANO;
    if (kind == TW_DRIFT_ABSOLUTE || target == 0)
        return narrow(nearest_divide(away, equity));
    wide size = target < 0 ? -(wide)target : target;
    return narrow(nearest_divide(away * TW_NANO, size * equity));
}

tw_status tw_drift_measure(tw_drift_kind kind, tw_money equity, tw_drift_row *rows, size_t count,
                           tw_error *error) {
    TW_ASSERT(rows != NULL || count == 0);
    wide total = equity.nano;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].target_nano < -TW_NANO || rows[i].target_nano > TW_NANO)
            return tw_error_set(error, TW_INVALID, "row %zu has a target outside -1 to 1", i);
        total += equity.nano == 0 ? rows[i].value.nano : 0;
    }
    if (total <= 0)
        return tw_error_set(error, TW_INVALID, "the holdings are worth nothing: nothing drifts");
    if (total > INT64_MAX)
        return tw_error_set(error, TW_OVERFLOW, "the value of the holdings does not fit");
    for (size_t i = 0; i < count; i++) {
        tw_drift_row *row = &rows[i];
        row->weight_nano = narrow(nearest_divide((wide)row->value.nano * TW_NANO, total));
        row->target_value.nano = narrow(nearest_divide((wide)row->target_nano * total, TW_NANO));
        row->drift_nano = drift_of(row, kind, (int64_t)total);
    }
    return TW_OK;
}

static int64_t size_of_drift(const tw_drift_row *row) {
    if (row->drift_nano == INT64_MIN)
        return INT64_MAX;
    return row->drift_nano < 0 ? -row->drift_nano : row->drift_nano;
}

bool tw_drift_exceeds(const tw_drift_row *rows, size_t count, int64_t threshold_nano) {
    for (size_t i = 0; i < count; i++)
        if (size_of_drift(&rows[i]) > threshold_nano)
            return true;
    return false;
}

/* --- orders ---------------------------------------------------------------------------------- */

void tw_drift_order_config_init(tw_drift_order_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->threshold_nano = TW_NANO / 20;
    config->slippage_nano = TW_NANO / 200;
    config->price_step.nano = TW_NANO / 100;
    config->lot.nano = TW_NANO;
}

static tw_status check_orders(const tw_drift_order_config *config, const tw_drift_row *rows,
                              size_t count, tw_error *error) {
    if (config->threshold_nano < 0 || config->slippage_nano < 0 || config->slippage_nano >= TW_NANO)
        return tw_error_set(error, TW_INVALID,
                            "the threshold must not be negative, the slippage be below 100%%");
    if (config->lot.nano <= 0 || config->price_step.nano < 0)
        return tw_error_set(error, TW_INVALID, "the lot must be above 0, the price step not below");
    if (config->fee_fixed.nano < 0 || config->fee_rate_nano < 0 ||
        config->fee_rate_nano > TW_NANO / 2)
        return tw_error_set(error, TW_INVALID, "a fee is negative, or its rate above 50%%");
    for (size_t i = 0; i < count; i++)
        if (rows[i].price.nano <= 0 && rows[i].drift_nano != 0)
            return tw_error_set(error, TW_INVALID, "row %zu has a price that is not above 0", i);
    return TW_OK;
}

static bool goes_first(const tw_drift_row *rows, size_t a, size_t b) {
    bool sells_a = rows[a].drift_nano < 0;
    bool sells_b = rows[b].drift_nano < 0;
    if (sells_a != sells_b)
        return sells_a;
    int64_t size_a = size_of_drift(&rows[a]);
    int64_t size_b = size_of_drift(&rows[b]);
    return size_a != size_b ? size_a > size_b : a < b;
}

/* A heap whose first goes last, taken from the end: the order is left in `index`. */
static void sift_down(const tw_drift_row *rows, tw_drift_order *heap, size_t count, size_t at) {
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (goes_first(rows, heap[last].index, heap[child].index))
                last = child;
        if (last == at)
            return;
        tw_drift_order kept = heap[at];
        heap[at] = heap[last];
        heap[last] = kept;
        at = last;
    }
}

static void sort_rows(const tw_drift_row *rows, tw_drift_order *orders, size_t count) {
    memset(orders, 0, count * sizeof *orders);
    for (size_t i = 0; i < count; i++)
        orders[i].index = i;
    for (size_t i = count / 2; i-- > 0;)
        sift_down(rows, orders, count, i);
    for (size_t left = count; left > 1; left--) {
        tw_drift_order kept = orders[0];
        orders[0] = orders[left - 1];
        orders[left - 1] = kept;
        sift_down(rows, orders, left - 1, 0);
    }
}

static int64_t limit_price(const tw_drift_order_config *config, tw_price price, bool buys) {
    int64_t step = config->price_step.nano == 0 ? 1 : config->price_step.nano;
    wide scale = buys ? TW_NANO + config->slippage_nano : TW_NANO - config->slippage_nano;
    wide exact = price.nano * scale; /* at 1e-18 */
    wide steps = buys ? floor_divide(exact, (wide)step * TW_NANO)
                      : ceiling_divide(exact, (wide)step * TW_NANO);
    return narrow(steps * step);
}

/* As many lots as `value` pays for; 0 when it is not above 0. */
static wide quantity_for(const tw_drift_order_config *config, wide value, int64_t price) {
    if (value <= 0 || price <= 0)
        return 0;
    wide lots = floor_divide(value * TW_NANO, (wide)price * config->lot.nano);
    return lots * config->lot.nano;
}

static wide sale_of(const tw_drift_order_config *config, const tw_drift_row *row, int64_t price) {
    bool shorts = config->shorts_allowed != 0;
    if (row->drift_nano == -TW_NANO) {
        if (row->quantity.nano == 0 && shorts)
            return quantity_for(config, -(wide)row->target_value.nano, price);
        return row->quantity.nano > 0 ? row->quantity.nano : 0;
    }
    wide quantity = quantity_for(config, (wide)row->value.nano - row->target_value.nano, price);
    return shorts || quantity < row->quantity.nano ? quantity : 0;
}

/* What the cash is charged for a quantity and, in `ret_fee`, for its fee. */
static wide charge_of(const tw_drift_order_config *config, wide quantity, int64_t price,
                      wide *ret_fee) {
    wide value = ceiling_divide(quantity * price, TW_NANO);
    *ret_fee = config->fee_fixed.nano + ceiling_divide(value * config->fee_rate_nano, TW_NANO);
    return value;
}

static wide purchase_of(const tw_drift_order_config *config, const tw_drift_row *row, int64_t price,
                        int64_t cash) {
    if (row->drift_nano == TW_NANO && row->quantity.nano < 0 && config->shorts_allowed != 0)
        return -(wide)row->quantity.nano;
    wide wanted = (wide)row->target_value.nano - row->value.nano;
    wanted = wanted < cash ? wanted : cash;
    wide quantity = quantity_for(config, wanted, price);
    wide fee;
    wide value = charge_of(config, quantity, price, &fee);
    if (value + fee <= cash)
        return quantity;
    return quantity_for(config, cash - fee, price);
}

tw_status tw_drift_orders(const tw_drift_order_config *config, const tw_drift_row *rows,
                          size_t count, tw_drift_order *ret_orders, size_t *ret_count,
                          tw_error *error) {
    TW_ASSERT(config != NULL && ret_count != NULL);
    TW_ASSERT((rows != NULL && ret_orders != NULL) || count == 0);
    tw_status status = check_orders(config, rows, count, error);
    if (status != TW_OK)
        return status;
    size_t orders = 0;
    if (tw_drift_exceeds(rows, count, config->threshold_nano))
        sort_rows(rows, ret_orders, count);
    else
        count = 0;
    wide cash = config->cash.nano;
    for (size_t i = 0; i < count; i++) {
        size_t index = ret_orders[i].index;
        const tw_drift_row *row = &rows[index];
        bool buys = row->drift_nano > 0;
        bool stays = config->only_drifted != 0 && size_of_drift(row) < config->threshold_nano;
        if (row->drift_nano == 0 || stays)
            continue;
        int64_t price = limit_price(config, row->price, buys);
        wide quantity =
            buys ? purchase_of(config, row, price, narrow(cash)) : sale_of(config, row, price);
        if (quantity <= 0)
            continue;
        if (quantity > INT64_MAX)
            return tw_error_set(error, TW_OVERFLOW, "the order of row %zu does not fit", index);
        if (buys) {
            wide fee;
            cash -= charge_of(config, quantity, price, &fee);
            cash -= fee;
        }
        ret_orders[orders++] = (tw_drift_order){.index = index,
                                                .quantity = {(int64_t)quantity},
                                                .limit_price = {price},
                                                .symbol = row->symbol,
                                                .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL};
    }
    *ret_count = orders;
    return TW_OK;
}
