/*
 * golden_rebalance.c - plans beside proven optima and the answers of other libraries.
 */
#include "vector_cases.h"

#include "tradewind/allocation.h"
#include "tradewind/drift.h"
#include "tradewind/rebalance.h"

#define POSITIONS_MAX 1024
#define ROWS_MAX 64

static int64_t nano_of(const json_t *value) {
    int64_t nano = 0;
    tw_status status = json_is_string(value)
                           ? tw_decimal_parse_rounded(tw_slice_of(json_string_value(value)), &nano)
                           : tw_decimal_from_double(json_number_value(value), &nano);
    if (status != TW_OK)
        fail_msg("%s is not a number", json_string_value(value));
    return nano;
}

/* Cents, perhaps with parts of them, as money. */
static int64_t money_of_cents(const json_t *value) {
    return llround(number_of(value) * 1e7);
}

/* --- rebalancing -------------------------------------------------------------------------- */

static verdict run_fewest_trades(const test_case *c) {
    const json_t *low = json_object_get(c->input, "lot_min");
    const json_t *high = json_object_get(c->input, "lot_max");
    const json_t *price = json_object_get(c->input, "price_cents");
    const json_t *net = json_object_get(c->input, "net_buy_cents");
    size_t count = json_array_size(low);
    const json_t *sector = json_object_get(c->input, "sector");
    const json_t *limits = json_object_get(c->input, "sector_net_cents");
    static tw_rebalance_range ranges[POSITIONS_MAX];
    static tw_rebalance_group groups[POSITIONS_MAX];
    assert_true(count <= POSITIONS_MAX && json_array_size(limits) <= POSITIONS_MAX);
    memset(ranges, 0, sizeof ranges);
    for (size_t i = 0; i < count; i++) {
        tw_rebalance_range *r = &ranges[i];
        r->price.nano = json_integer_value(json_array_get(price, i)) * (TW_NANO / 100);
        r->lot.nano = TW_NANO;
        r->lots_min = json_integer_value(json_array_get(low, i));
        r->lots_max = json_integer_value(json_array_get(high, i));
        r->lots_wanted = r->lots_min > 0 ? r->lots_min : r->lots_max < 0 ? r->lots_max : 0;
        r->lots_least = 1;
        r->symbol = (tw_symbol)i;
        if (sector != NULL)
            r->group = (uint32_t)json_integer_value(json_array_get(sector, i)) + 1;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    config.cash_min.nano = -money_of_cents(json_array_get(net, 1));
    config.cash_max.nano = -money_of_cents(json_array_get(net, 0));
    for (size_t g = 0; g < json_array_size(limits); g++)
        groups[g] = (tw_rebalance_group){
            .least_nano = money_of_cents(json_array_get(json_array_get(limits, g), 0)),
            .most_nano = money_of_cents(json_array_get(json_array_get(limits, g), 1))};
    config.groups = groups;
    config.group_count = json_array_size(limits);
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_solve(rebalance, &config, ranges, count, &plan, NULL), TW_OK);
    if (!plan.feasible) {
        print_error("%s\n", plan.reason);
        return FAILED;
    }
    json_int_t mandatory = json_integer_value(json_object_get(c->expected, "mandatory_trades"));
    json_int_t optional = json_integer_value(json_object_get(c->expected, "optional_trades"));
    if (plan.mandatory == (size_t)mandatory && plan.count == (size_t)(mandatory + optional) &&
        plan.proven)
        return PASSED;
    print_error("%zu trades, bound %zu, not %lld\n", plan.count, plan.lower_bound,
                (long long)(mandatory + optional));
    return FAILED;
}

/* Is any name outside its relative band? */
static verdict run_trigger(const test_case *c) {
    const json_t *weights = json_object_get(c->input, "weights");
    const json_t *targets = json_object_get(c->input, "target");
    tw_rebalance_position positions[COLUMNS_MAX];
    memset(positions, 0, sizeof positions);
    size_t count = json_array_size(weights);
    for (size_t i = 0; i < count; i++) {
        positions[i].quantity.nano = llround(number_of(json_array_get(weights, i)) * 1e12);
        positions[i].price.nano = TW_NANO;
        positions[i].weight_nano = llround(number_of(json_array_get(targets, i)) * 1e9);
        positions[i].band_nano = llround(param(c, "tolerance", 0) * 1e9);
        positions[i].band_kind = TW_BAND_RELATIVE;
    }
    tw_rebalance_config config;
    tw_rebalance_config_init(&config);
    TW_AUTO(tw_rebalance) *rebalance = NULL;
    assert_int_equal(tw_rebalance_new(NULL, count, &rebalance), TW_OK);
    tw_rebalance_plan plan;
    assert_int_equal(tw_rebalance_compute(rebalance, &config, positions, count, &plan, NULL),
                     TW_OK);
    return (plan.mandatory > 0) == json_is_true(c->expected) ? PASSED : FAILED;
}

/* bt: whole shares to the target weights, with a commission a trade and a part left in cash. */
static verdict run_integer_shares(const test_case *c) {
    json_t *prices = json_object_get(c->input, "prices");
    const json_t *held = json_object_get(c->input, "positions");
    const json_t *targets = json_object_get(c->input, "target");
    const json_t *after = json_object_get(c->expected, "positions");
    tw_allocation_holding holdings[COLUMNS_MAX];
    const char *names[COLUMNS_MAX];
    size_t count = 0;
    const char *name;
    json_t *price;
    json_object_foreach(prices, name, price) {
        assert_true(count < COLUMNS_MAX);
        holdings[count] = (tw_allocation_holding){
            .price = {nano_of(price)},
            .weight_nano = nano_of(json_object_get(targets, name)),
            .shares = llround(json_number_value(json_object_get(held, name)))};
        names[count++] = name;
    }
    tw_allocation_config config;
    tw_allocation_config_init(&config);
    config.amount.nano = nano_of(json_object_get(c->input, "cash"));
    config.commission.nano = llround(param(c, "commission_per_trade", 0) * 1e9);
    config.cash_nano = llround(param(c, "cash_fraction", 0) * 1e9);
    int64_t shares[COLUMNS_MAX];
    tw_money cash;
    assert_int_equal(tw_allocation_to_weights(&config, holdings, count, shares, &cash, NULL),
                     TW_OK);
    verdict all = compare(c, (double)cash.nano / 1e9, json_object_get(c->expected, "cash"));
    double value = (double)cash.nano / 1e9;
    for (size_t i = 0; i < count; i++) {
        value += (double)shares[i] * (double)holdings[i].price.nano / 1e9;
        if (json_object_get(after, names[i]) != NULL)
            all = worse(all, compare(c, (double)shares[i], json_object_get(after, names[i])));
    }
    if (json_object_get(c->expected, "value") != NULL)
        all = worse(all, compare(c, value, json_object_get(c->expected, "value")));
    return all;
}

/* The i-th of a column of a lumibot table, or the one value that stands for a column of one. */
static const json_t *row_of(const json_t *rows, const char *name, size_t i) {
    const json_t *value = json_object_get(rows, name);
    return json_is_array(value) ? json_array_get(value, i) : value;
}

/* lumibot: the table of drifts. The target of the quote asset is the cash. */
static verdict run_drift(const test_case *c) {
    json_t *positions = json_object_get(c->input, "positions");
    json_t *targets = json_object_get(c->input, "target_weights");
    tw_drift_row rows[ROWS_MAX];
    const char *symbols[ROWS_MAX];
    size_t count = 0;
    size_t i;
    json_t *item;
    memset(rows, 0, sizeof rows);
    json_array_foreach(targets, i, item) {
        /* Asset(symbol='AAPL', ...) */
        symbols[count] = strchr(json_string_value(json_object_get(item, "base_asset")), '\'') + 1;
        rows[count++].target_nano = nano_of(json_object_get(item, "weight"));
        assert_true(count < ROWS_MAX);
    }
    /* What is held without a target follows. */
    json_array_foreach(positions, i, item) {
        const char *symbol = json_string_value(json_object_get(item, "symbol"));
        size_t at = 0;
        while (at < count &&
               (strncmp(symbols[at], symbol, strlen(symbol)) != 0 ||
                symbols[at][strlen(symbol)] != (at < json_array_size(targets) ? '\'' : 0)))
            at++;
        symbols[at] = at == count ? symbol : symbols[at];
        count += at == count;
        assert_true(count < ROWS_MAX);
        rows[at].quantity.nano = nano_of(json_object_get(item, "current_quantity"));
        rows[at].value.nano = nano_of(json_object_get(item, "current_value"));
        rows[at].is_cash = json_is_true(json_object_get(item, "is_quote_asset"));
    }
    const json_t *portfolio = json_object_get(c->input, "portfolio_value");
    tw_money equity = {json_is_null(portfolio) ? 0 : nano_of(portfolio)};
    tw_drift_kind kind = strstr(param_text(c, "drift_type"), "RELATIVE") != NULL
                             ? TW_DRIFT_RELATIVE
                             : TW_DRIFT_ABSOLUTE;
    assert_int_equal(tw_drift_measure(kind, equity, rows, count, NULL), TW_OK);
    verdict all = PASSED;
    const char *key;
    json_t *column;
    json_object_foreach((json_t *)(uintptr_t)c->expected, key, column) {
        for (i = 0; i < count && i < json_array_size(column); i++) {
            const json_t *wanted = json_array_get(column, i);
            int64_t actual;
            if (strcmp(key, "current_quantity") == 0)
                actual = rows[i].quantity.nano;
            else if (strcmp(key, "current_value") == 0)
                actual = rows[i].value.nano;
            else if (strcmp(key, "current_weight") == 0)
                actual = rows[i].weight_nano;
            else if (strcmp(key, "target_value") == 0)
                actual = rows[i].target_value.nano;
            else if (strcmp(key, "target_weight") == 0)
                actual = rows[i].target_nano;
            else if (strstr(key, "rift") != NULL)
                actual = rows[i].drift_nano;
            else if (strcmp(key, "symbol") == 0)
                continue;
            else
                return UNSUPPORTED;
            all = worse(all, compare(c, (double)actual / 1e9, wanted));
        }
    }
    return all;
}

/* lumibot: the orders that follow from a table of drifts. */
static verdict run_drift_orders(const test_case *c) {
    const json_t *input = json_object_get(c->input, "rows");
    tw_drift_row rows[ROWS_MAX];
    memset(rows, 0, sizeof rows);
    size_t count = json_array_size(json_object_get(input, "symbol"));
    assert_true(count <= ROWS_MAX);
    const json_t *price = json_object_get(c->input, "mock_price");
    for (size_t i = 0; i < count; i++) {
        rows[i] = (tw_drift_row){.quantity = {nano_of(row_of(input, "current_quantity", i))},
                                 .value = {nano_of(row_of(input, "current_value", i))},
                                 .price = {nano_of(price)},
                                 .target_nano = nano_of(row_of(input, "target_weight", i)),
                                 .target_value = {nano_of(row_of(input, "target_value", i))},
                                 .drift_nano = nano_of(row_of(input, "drift", i)),
                                 .is_cash = json_is_true(row_of(input, "is_quote_asset", i))};
    }
    tw_drift_order_config config;
    tw_drift_order_config_init(&config);
    config.threshold_nano = nano_of(json_object_get(c->input, "default_drift_threshold"));
    if (json_object_get(c->params, "drift_threshold") != NULL)
        config.threshold_nano = nano_of(json_object_get(c->params, "drift_threshold"));
    config.slippage_nano = nano_of(json_object_get(c->input, "acceptable_slippage"));
    config.shorts_allowed = json_is_true(json_object_get(c->params, "shorting"));
    config.only_drifted = json_is_true(json_object_get(c->params, "only_rebalance_drifted_assets"));
    config.lot.nano = json_is_true(json_object_get(c->params, "fractional_shares")) ? 1 : TW_NANO;
    const json_t *cash = json_object_get(c->input, "cash");
    config.cash.nano = json_is_null(cash) ? INT64_MAX / 2 : nano_of(cash);
    tw_drift_order orders[ROWS_MAX];
    size_t made = 0;
    assert_int_equal(tw_drift_orders(&config, rows, count, orders, &made, NULL), TW_OK);
    const json_t *wanted_count = json_object_get(c->expected, "order_count");
    verdict all = wanted_count == NULL ? PASSED : compare(c, (double)made, wanted_count);
    const char *key;
    json_t *order;
    json_object_foreach(json_object_get(c->expected, "orders"), key, order) {
        size_t at = strtoul(key, NULL, 10);
        if (at >= made)
            return FAILED;
        const char *side = json_string_value(json_object_get(order, "side"));
        if (side != NULL && strcmp(side, tw_side_name((tw_side)orders[at].side)) != 0)
            return FAILED;
        const json_t *limit = json_object_get(order, "limit_price");
        all = worse(all, compare(c, (double)orders[at].quantity.nano / 1e9,
                                 json_object_get(order, "quantity")));
        if (limit != NULL)
            all = worse(all, compare(c, (double)orders[at].limit_price.nano / 1e9, limit));
    }
    return all;
}

/* --- whole shares ------------------------------------------------------------------------------
 */

typedef struct allocated {
    tw_allocation_holding holdings[ROWS_MAX];
    const char *names[ROWS_MAX];
    int64_t shares[ROWS_MAX];
    size_t count;
    tw_money left;
} allocated;

static allocated allocate(const test_case *c) {
    static allocated all;
    json_t *weights = json_object_get(c->input, "weights");
    const json_t *prices = json_object_get(c->input, "prices");
    const char *name;
    json_t *weight;
    all.count = 0;
    json_object_foreach(weights, name, weight) {
        assert_true(all.count < ROWS_MAX);
        all.names[all.count] = name;
        all.holdings[all.count++] = (tw_allocation_holding){
            .price = {nano_of(json_object_get(prices, name))}, .weight_nano = nano_of(weight)};
    }
    tw_allocation_config config;
    tw_allocation_config_init(&config);
    config.amount.nano = llround(param(c, "total_portfolio_value", 10000) * 1e9);
    config.reinvest = json_is_true(json_object_get(c->params, "reinvest"));
    double ratio = param(c, "short_ratio", NAN);
    if (!isnan(ratio))
        config.short_ratio_nano = llround(ratio * 1e9);
    assert_int_equal(
        tw_allocation_greedy(&config, all.holdings, all.count, all.shares, &all.left, NULL), TW_OK);
    return all;
}

static verdict run_greedy(const test_case *c) {
    allocated got = allocate(c);
    const json_t *shares = json_object_get(c->expected, "shares");
    verdict all = compare(c, (double)got.left.nano / 1e9, json_object_get(c->expected, "leftover"));
    for (size_t i = 0; i < got.count; i++) {
        const json_t *wanted = json_object_get(shares, got.names[i]);
        double expected = wanted == NULL ? 0 : number_of(wanted);
        if ((double)got.shares[i] != expected) {
            print_error("%s: %lld shares, not %g\n", got.names[i], (long long)got.shares[i],
                        expected);
            all = FAILED;
        }
    }
    return all;
}

static verdict run_error(const test_case *c) {
    allocated got = allocate(c);
    return compare_expected(c, tw_allocation_error(got.holdings, got.count, got.shares));
}

static const runner trades[] = {{"fewest_trades", run_fewest_trades},
                                {"fewest_trades_sectors", run_fewest_trades},
                                {NULL, NULL}};
static const runner rebalancing[] = {{"rebalance_trigger_relative", run_trigger},
                                     {"rebalance_integer_shares", run_integer_shares},
                                     {"rebalance_drift", run_drift},
                                     {"rebalance_drift_orders", run_drift_orders},
                                     {"portfolio_return_missing_as_zero", run_elsewhere},
                                     {"portfolio_return_full_investment", run_elsewhere},
                                     {"portfolio_return_transaction_cost", run_elsewhere},
                                     {NULL, NULL}};
static const runner allocation[] = {
    {"discrete_allocation_greedy", run_greedy}, {"allocation_rmse", run_error}, {NULL, NULL}};

FILE_TEST(fewest_trades, "fewest_trades.json", trades, 21)
FILE_TEST(rebalance, "rebalance.json", rebalancing, 29)
FILE_TEST(allocation, "discrete_allocation.json", allocation, 4)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fewest_trades),
        cmocka_unit_test(test_rebalance),
        cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
