/*
 * rebalance_limits.c - see rebalance_limits.h.
 *
 * A limit is on what is worth after trading; a row of tw_overlap is on the trades. Between the two
 * stands what is held, which is a sum at 1e-27: a least is rounded up and a most down, so that a
 * plan that keeps the row keeps the limit.
 */
#include "rebalance_limits.h"

#include <string.h>

#include "named_rows.h"
#include "tradewind/decimal.h"

enum { LIMIT, MEMBER, FACTOR, LEAST, MOST, LEAST_AMOUNT, MOST_AMOUNT };

__extension__ typedef __int128 wide;

#define UNNAMED INT64_MIN /* a factor that no row gave */
#define SHARE_MAX (10 * TW_NANO)
#define HELD_MAX ((wide)1 << 125)      /* so that a bound less it fits */
#define UNIT ((wide)TW_NANO * TW_NANO) /* from money at 1e-9 to 1e-27 */

void rebalance_limits_close(rebalance_limits *limits) {
    const tw_allocator *system = tw_allocator_system();
    for (size_t i = 0; i < limits->count; i++)
        TW_DELETE(system, limits->limits[i].factors_nano, limits->position_count, int64_t);
    TW_DELETE(system, limits->limits, REBALANCE_LIMIT_MAX, rebalance_limit);
    TW_DELETE(system, limits->rows, REBALANCE_LIMIT_MAX, tw_overlap_row);
    tw_symbols_free(limits->names);
    *limits = (rebalance_limits){0};
}

const char *rebalance_limits_name(const rebalance_limits *limits, size_t index) {
    return tw_symbols_name(limits->names, (tw_symbol)index);
}

/* ---- Reading ------------------------------------------------------------------------------- */

static tw_status add_limit(rebalance_limits *limits, const named_rows *rows,
                           rebalance_limit **ret_limit, tw_error *error) {
    tw_slice name = named_rows_field(rows, LIMIT);
    tw_symbol symbol = TW_SYMBOL_NONE;
    if (tw_symbols_find(limits->names, name) != TW_SYMBOL_NONE)
        return named_rows_bad(rows, LIMIT, TW_RANGE, error, "the limit is stated already");
    if (limits->count == REBALANCE_LIMIT_MAX ||
        (limits->count + 1) * limits->position_count > REBALANCE_FACTOR_COUNT_MAX)
        return named_rows_bad(rows, LIMIT, TW_FULL, error,
                              "more limits than there is room for: at most %d, and %d factors",
                              REBALANCE_LIMIT_MAX, REBALANCE_FACTOR_COUNT_MAX);
    int64_t *factors = TW_NEW(tw_allocator_system(), limits->position_count, int64_t);
    if (factors == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the factors of a limit");
    if (tw_symbols_intern(limits->names, name, &symbol) != TW_OK) {
        TW_DELETE(tw_allocator_system(), factors, limits->position_count, int64_t);
        return named_rows_bad(rows, LIMIT, TW_PARSE, error, "\"%.*s\" cannot name a limit",
                              (int)name.size, name.data);
    }
    for (size_t i = 0; i < limits->position_count; i++)
        factors[i] = UNNAMED;
    *ret_limit = &limits->limits[limits->count++];
    **ret_limit = (rebalance_limit){.least_share_nano = INT64_MIN,
                                    .most_share_nano = INT64_MAX,
                                    .least_nano = INT64_MIN,
                                    .most_nano = INT64_MAX,
                                    .factors_nano = factors,
                                    .others_nano = UNNAMED};
    return TW_OK;
}

static tw_status state_limit(rebalance_limits *limits, const named_rows *rows, tw_error *error) {
    static const named_range share = {"a share like 0.3 or 30%, above 1 in percent up to 1000%",
                                      -SHARE_MAX, SHARE_MAX};
    static const named_range amount = {"an amount of money", -INT64_MAX, INT64_MAX - 1};
    rebalance_limit *limit = NULL;
    if (named_rows_field(rows, FACTOR).size > 0)
        return named_rows_bad(rows, FACTOR, TW_RANGE, error,
                              "a factor stands in a row with a symbol");
    tw_status status = add_limit(limits, rows, &limit, error);
    if (status == TW_OK)
        status = named_rows_share(rows, LEAST, &share, &limit->least_share_nano, error);
    if (status == TW_OK)
        status = named_rows_share(rows, MOST, &share, &limit->most_share_nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, LEAST_AMOUNT, &amount, &limit->least_nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, MOST_AMOUNT, &amount, &limit->most_nano, error);
    if (status != TW_OK)
        return status;
    bool least = limit->least_share_nano != INT64_MIN || limit->least_nano != INT64_MIN;
    bool most = limit->most_share_nano != INT64_MAX || limit->most_nano != INT64_MAX;
    if (!least && !most)
        return named_rows_bad(rows, LIMIT, TW_RANGE, error,
                              "the limit has neither a min nor a max, as a share or an amount");
    if (limit->least_share_nano > limit->most_share_nano || limit->least_nano > limit->most_nano)
        return named_rows_bad(rows, LIMIT, TW_RANGE, error, "the limit has a min above its max");
    return TW_OK;
}

static tw_status read_factor(const named_rows *rows, int64_t *ret_factor, tw_error *error) {
    static const named_range factor = {"a factor from -10 to 10 (scale the limit with it)",
                                       -TW_OVERLAP_COEFFICIENT_MAX, TW_OVERLAP_COEFFICIENT_MAX};
    *ret_factor = TW_NANO;
    return named_rows_decimal(rows, FACTOR, &factor, ret_factor, error);
}

static tw_status join_limit(rebalance_limits *limits, const rebalance_input *input,
                            const named_rows *rows, tw_error *error) {
    tw_slice name = named_rows_field(rows, LIMIT);
    tw_slice member = named_rows_field(rows, MEMBER);
    for (size_t column = LEAST; column <= MOST_AMOUNT; column++) {
        if (named_rows_field(rows, column).size > 0)
            return named_rows_bad(rows, column, TW_RANGE, error,
                                  "min and max of a limit stand in a row without a symbol");
    }
    tw_symbol symbol = tw_symbols_find(limits->names, name);
    if (symbol == TW_SYMBOL_NONE)
        return named_rows_bad(rows, LIMIT, TW_RANGE, error,
                              "no line before this one states the limit \"%.*s\"", (int)name.size,
                              name.data);
    rebalance_limit *limit = &limits->limits[symbol];
    bool others = tw_slice_equal_string(member, "*");
    size_t index = others ? 0 : rebalance_input_find(input, member);
    if (index == input->count)
        return named_rows_bad(rows, MEMBER, TW_RANGE, error, "there is no position \"%.*s\"",
                              (int)member.size, member.data);
    int64_t *factor = others ? &limit->others_nano : &limit->factors_nano[index];
    if (*factor != UNNAMED)
        return named_rows_bad(rows, MEMBER, TW_RANGE, error, "\"%.*s\" is in the limit already",
                              (int)member.size, member.data);
    limit->members++;
    return read_factor(rows, factor, error);
}

/* A limit without members limits nothing: its name is a slip of the pen. */
static tw_status finish(rebalance_limits *limits, const char *path, tw_error *error) {
    if (limits->count == 0)
        return tw_error_set_at(error, TW_EMPTY, path, 1, 0, "there is no limit after the header");
    for (size_t k = 0; k < limits->count; k++) {
        rebalance_limit *limit = &limits->limits[k];
        if (limit->members == 0)
            return tw_error_set(error, TW_RANGE, "%s: no symbol is in the limit \"%s\"", path,
                                rebalance_limits_name(limits, k));
        int64_t others = limit->others_nano == UNNAMED ? 0 : limit->others_nano;
        for (size_t i = 0; i < limits->position_count; i++)
            if (limit->factors_nano[i] == UNNAMED)
                limit->factors_nano[i] = others;
    }
    return TW_OK;
}

tw_status rebalance_limits_read(rebalance_limits *limits, const rebalance_input *input,
                                const char *path, tw_error *error) {
    static const named_column columns[] = {
        {"limit", true}, {"symbol", true},      {"factor", false},    {"min", false},
        {"max", false},  {"min_amount", false}, {"max_amount", false}};
    const tw_allocator *system = tw_allocator_system();
    limits->position_count = input->count;
    limits->limits = TW_NEW(system, REBALANCE_LIMIT_MAX, rebalance_limit);
    limits->rows = TW_NEW(system, REBALANCE_LIMIT_MAX, tw_overlap_row);
    if (limits->limits == NULL || limits->rows == NULL ||
        tw_symbols_new(NULL, REBALANCE_LIMIT_MAX, &limits->names) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the limits of %s", path);
    named_rows rows;
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK)
        status = named_rows_field(&rows, MEMBER).size > 0 ? join_limit(limits, input, &rows, error)
                                                          : state_limit(limits, &rows, error);
    named_rows_close(&rows);
    return status == TW_EMPTY ? finish(limits, path, error) : status;
}

/* ---- Sums ---------------------------------------------------------------------------------- */

/* At 1e-27; false when it does not fit. */
static bool held_of(const rebalance_limit *limit, const rebalance_input *input, wide *ret_held) {
    wide held = 0;
    for (size_t i = 0; i < input->count; i++) {
        wide value = (wide)input->positions[i].quantity.nano * input->positions[i].price.nano;
        if (__builtin_add_overflow(held, value * limit->factors_nano[i], &held))
            return false;
    }
    *ret_held = held;
    return held <= HELD_MAX && held >= -HELD_MAX;
}

static int64_t clamp(wide value) {
    return value > INT64_MAX - 1 ? INT64_MAX - 1 : value < -INT64_MAX ? -INT64_MAX : (int64_t)value;
}

/* value / UNIT, towards the greater or the lesser. */
static wide in_money(wide value, bool up) {
    wide whole = value / UNIT;
    wide rest = value % UNIT;
    return whole + (up && rest > 0 ? 1 : !up && rest < 0 ? -1 : 0);
}

int64_t rebalance_limits_least(const rebalance_limits *limits, size_t index, tw_money equity) {
    const rebalance_limit *limit = &limits->limits[index];
    if (limit->least_share_nano == INT64_MIN)
        return limit->least_nano;
    wide share = (wide)limit->least_share_nano * equity.nano * TW_NANO;
    int64_t least = clamp(in_money(share, true));
    return least > limit->least_nano ? least : limit->least_nano;
}

int64_t rebalance_limits_most(const rebalance_limits *limits, size_t index, tw_money equity) {
    const rebalance_limit *limit = &limits->limits[index];
    if (limit->most_share_nano == INT64_MAX)
        return limit->most_nano;
    wide share = (wide)limit->most_share_nano * equity.nano * TW_NANO;
    int64_t most = clamp(in_money(share, false));
    return most < limit->most_nano ? most : limit->most_nano;
}

tw_status rebalance_limits_bind(rebalance_limits *limits, const rebalance_input *input,
                                tw_money equity, tw_error *error) {
    for (size_t k = 0; k < limits->count; k++) {
        wide held = 0;
        int64_t least = rebalance_limits_least(limits, k, equity);
        int64_t most = rebalance_limits_most(limits, k, equity);
        if (least > most)
            return tw_error_set(error, TW_RANGE,
                                "the limit \"%s\" has a min above its max: one is a share, the "
                                "other an amount",
                                rebalance_limits_name(limits, k));
        if (!held_of(&limits->limits[k], input, &held))
            return tw_error_set(error, TW_OVERFLOW,
                                "what the members of the limit \"%s\" are worth does not fit",
                                rebalance_limits_name(limits, k));
        tw_overlap_row *row = &limits->rows[k];
        row->coefficients_nano = limits->limits[k].factors_nano;
        row->least.nano =
            least == INT64_MIN ? TW_OVERLAP_NO_LEAST : clamp(in_money(least * UNIT - held, true));
        row->most.nano =
            most == INT64_MAX ? TW_OVERLAP_NO_MOST : clamp(in_money(most * UNIT - held, false));
    }
    return TW_OK;
}

int64_t rebalance_limits_worth(const rebalance_limits *limits, size_t index,
                               const rebalance_input *input, const tw_rebalance_plan *plan) {
    const rebalance_limit *limit = &limits->limits[index];
    wide sum = 0;
    if (!held_of(limit, input, &sum))
        return 0; /* refused when it was bound */
    for (size_t i = 0; plan != NULL && i < plan->count; i++) {
        const tw_rebalance_trade *trade = &plan->trades[i];
        wide value = (wide)trade->quantity.nano * trade->price.nano;
        sum += (trade->side == TW_SIDE_SELL ? -value : value) * limit->factors_nano[trade->index];
    }
    return clamp(in_money(sum, false));
}
