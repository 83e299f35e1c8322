/* rebalance_input.c - see rebalance_input.h. A symbol's number is the index of its position. */
#include "rebalance_input.h"

#include <string.h>

#include "named_rows.h"
#include "tradewind/decimal.h"

enum { FIRST_CAPACITY = 1024 };

enum {
    SYMBOL,
    QUANTITY,
    PRICE,
    LOT,
    MIN_TRADE,
    RESTRICTED,
    RANK,
    MAX_ORDER,
    MAX_SHARES,
    WEIGHT_MIN,
    WEIGHT_MAX
};
enum { WEIGHT = 1, BAND };
enum { GROUP, MEMBER, PARENT, LEAST, MOST };

#define WEIGHT_SUM_MAX (TW_NANO + TW_NANO / 1000000) /* rounding of weights that add up to 1 */

void rebalance_input_close(rebalance_input *input) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, input->positions, input->capacity, tw_rebalance_position);
    TW_DELETE(system, input->targeted, input->capacity, uint8_t);
    TW_DELETE(system, input->order_maxima, input->capacity, tw_rebalance_order_max);
    TW_DELETE(system, input->bounds, input->capacity, weight_bounds);
    TW_DELETE(system, input->groups, TW_REBALANCE_GROUPS_MAX, tw_rebalance_group);
    TW_DELETE(system, input->group_lines, TW_REBALANCE_GROUPS_MAX, uint64_t);
    tw_symbols_free(input->symbols);
    tw_symbols_free(input->group_names);
    *input = (rebalance_input){0};
}

size_t rebalance_input_find(const rebalance_input *input, tw_slice name) {
    tw_symbol symbol = tw_symbols_find(input->symbols, name);
    return symbol == TW_SYMBOL_NONE ? input->count : symbol;
}

/* ---- positions ----------------------------------------------------------------------------- */

static tw_status make_room(rebalance_input *input, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    if (input->count < input->capacity)
        return TW_OK;
    size_t capacity = input->capacity == 0 ? FIRST_CAPACITY : 2 * input->capacity;
    tw_rebalance_position *positions = TW_NEW(system, capacity, tw_rebalance_position);
    tw_rebalance_order_max *maxima = TW_NEW(system, capacity, tw_rebalance_order_max);
    weight_bounds *bounds = TW_NEW(system, capacity, weight_bounds);
    uint8_t *targeted = TW_NEW(system, capacity, uint8_t);
    if (positions == NULL || maxima == NULL || bounds == NULL || targeted == NULL) {
        TW_DELETE(system, positions, capacity, tw_rebalance_position);
        TW_DELETE(system, maxima, capacity, tw_rebalance_order_max);
        TW_DELETE(system, bounds, capacity, weight_bounds);
        TW_DELETE(system, targeted, capacity, uint8_t);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu positions", capacity);
    }
    memset(targeted, 0, capacity);
    if (input->count > 0) {
        memcpy(positions, input->positions, input->count * sizeof *positions);
        memcpy(maxima, input->order_maxima, input->count * sizeof *maxima);
        memcpy(bounds, input->bounds, input->count * sizeof *bounds);
    }
    TW_DELETE(system, input->positions, input->capacity, tw_rebalance_position);
    TW_DELETE(system, input->order_maxima, input->capacity, tw_rebalance_order_max);
    TW_DELETE(system, input->bounds, input->capacity, weight_bounds);
    TW_DELETE(system, input->targeted, input->capacity, uint8_t);
    input->positions = positions;
    input->order_maxima = maxima;
    input->bounds = bounds;
    input->targeted = targeted;
    input->capacity = capacity;
    return TW_OK;
}

static tw_status add_symbol(rebalance_input *input, const named_rows *rows, tw_error *error) {
    tw_slice name = named_rows_field(rows, SYMBOL);
    tw_symbol symbol = TW_SYMBOL_NONE;
    if (tw_symbols_find(input->symbols, name) != TW_SYMBOL_NONE)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "\"%.*s\" is there twice",
                              (int)name.size, name.data);
    tw_status status = tw_symbols_intern(input->symbols, name, &symbol);
    if (status == TW_FULL)
        return named_rows_bad(rows, SYMBOL, TW_FULL, error, "more than %d positions",
                              REBALANCE_POSITION_MAX);
    if (status != TW_OK)
        return named_rows_bad(rows, SYMBOL, TW_PARSE, error, "\"%.*s\" cannot be a symbol",
                              (int)name.size, name.data);
    TW_ASSERT(symbol == input->count);
    return TW_OK;
}

static tw_status read_restricted(const named_rows *rows, uint8_t *ret_restricted, tw_error *error) {
    static const struct {
        const char *word;
        uint8_t restriction;
    } words[] = {{"", TW_RESTRICTION_NONE},
                 {"no", TW_RESTRICTION_NONE},
                 {"yes", TW_RESTRICTION_ALL},
                 {"buy-only", TW_RESTRICTION_BUY_ONLY},
                 {"sell-only", TW_RESTRICTION_SELL_ONLY}};
    tw_slice field = named_rows_field(rows, RESTRICTED);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (tw_slice_equal_string(field, words[i].word)) {
            *ret_restricted = words[i].restriction;
            return TW_OK;
        }
    }
    return named_rows_bad(rows, RESTRICTED, TW_PARSE, error,
                          "expected no, yes, buy-only or sell-only, found \"%.*s\"",
                          (int)field.size, field.data);
}

static tw_status read_rank(const named_rows *rows, uint32_t *ret_rank, tw_error *error) {
    tw_slice field = named_rows_field(rows, RANK);
    uint64_t rank = 0;
    if (field.size > 0 && (tw_parse_u64(field, &rank) != TW_OK || rank > UINT32_MAX))
        return named_rows_bad(rows, RANK, TW_PARSE, error,
                              "expected a whole number (the lower gives way first), found \"%.*s\"",
                              (int)field.size, field.data);
    *ret_rank = (uint32_t)rank;
    return TW_OK;
}

/* A field that must be there. */
static tw_status read_needed(const named_rows *rows, size_t column, const named_range *range,
                             int64_t *ret_nano, tw_error *error) {
    if (named_rows_field(rows, column).size == 0)
        return named_rows_bad(rows, column, TW_PARSE, error, "expected %s, found nothing",
                              range->what);
    return named_rows_decimal(rows, column, range, ret_nano, error);
}

/* What the library could only tell without a line. */
static tw_status check_value(const named_rows *rows, const tw_rebalance_position *position,
                             tw_error *error) {
    tw_money value = {0};
    if (tw_notional(position->price, position->quantity, &value) != TW_OK)
        return named_rows_bad(rows, QUANTITY, TW_RANGE, error,
                              "quantity times price is beyond the 9,223,372,036.85 that an amount "
                              "can be");
    return TW_OK;
}

static tw_status read_position(const named_rows *rows, bool shorts, tw_rebalance_position *position,
                               tw_error *error) {
    static const named_range any = {"a quantity like 100 or -0.5", -INT64_MAX, INT64_MAX};
    static const named_range held = {"a quantity of at least 0 (--short allows others)", 0,
                                     INT64_MAX};
    static const named_range price = {"a price above 0", 1, INT64_MAX};
    static const named_range lot = {"a lot like 1 or 100 (0: fractional)", 0, INT64_MAX};
    static const named_range least = {"an amount of money, at least 0", 0, INT64_MAX};
    tw_status status =
        read_needed(rows, QUANTITY, shorts ? &any : &held, &position->quantity.nano, error);
    if (status == TW_OK)
        status = read_needed(rows, PRICE, &price, &position->price.nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, LOT, &lot, &position->lot.nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, MIN_TRADE, &least, &position->min_trade.nano, error);
    if (status == TW_OK)
        status = check_value(rows, position, error);
    if (status == TW_OK)
        status = read_restricted(rows, &position->restricted, error);
    if (status == TW_OK)
        status = read_rank(rows, &position->rank, error);
    return status;
}

/* What a row says of its orders; nothing is no limit. */
static tw_status read_order_max(const named_rows *rows, tw_rebalance_order_max *ret_max,
                                tw_error *error) {
    static const named_range value = {"an amount of money, at least 0", 0, INT64_MAX};
    static const named_range quantity = {"a number of shares, at least 0", 0, INT64_MAX};
    *ret_max = (tw_rebalance_order_max){{INT64_MAX}, {INT64_MAX}};
    tw_status status = named_rows_decimal(rows, MAX_ORDER, &value, &ret_max->value.nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, MAX_SHARES, &quantity, &ret_max->quantity.nano, error);
    return status;
}

static tw_status read_bounds(const named_rows *rows, weight_bounds *ret_bounds, tw_error *error) {
    static const named_range weight = {"a weight from 0 to 1, like 0.25 or 25%", 0, TW_NANO};
    *ret_bounds = (weight_bounds){-1, -1};
    tw_status status = named_rows_share(rows, WEIGHT_MIN, &weight, &ret_bounds->least_nano, error);
    if (status == TW_OK)
        status = named_rows_share(rows, WEIGHT_MAX, &weight, &ret_bounds->most_nano, error);
    if (status == TW_OK && ret_bounds->most_nano >= 0 &&
        ret_bounds->least_nano > ret_bounds->most_nano)
        return named_rows_bad(rows, WEIGHT_MIN, TW_RANGE, error, "weight_min is above weight_max");
    return status;
}

tw_status rebalance_positions_read(rebalance_input *input, const char *path,
                                   const rebalance_defaults *defaults, tw_error *error) {
    static const named_column columns[] = {
        {"symbol", true},      {"quantity", true},    {"price", true},      {"lot", false},
        {"min_trade", false},  {"restricted", false}, {"rank", false},      {"max_order", false},
        {"max_shares", false}, {"weight_min", false}, {"weight_max", false}};
    if (tw_symbols_new(NULL, REBALANCE_POSITION_MAX, &input->symbols) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the symbols of %s", path);
    named_rows rows;
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = make_room(input, error);
        if (status == TW_OK)
            status = add_symbol(input, &rows, error);
        if (status != TW_OK)
            break;
        tw_rebalance_position *position = &input->positions[input->count];
        memset(position, 0, sizeof *position);
        position->lot.nano = defaults->lot_nano;
        position->min_trade.nano = defaults->min_trade_nano;
        position->band_nano = defaults->band_nano;
        position->band_floor_nano = defaults->band_floor_nano;
        position->band_kind = defaults->band_kind;
        position->symbol = (tw_symbol)input->count;
        status = read_position(&rows, defaults->shorts, position, error);
        if (status == TW_OK)
            status = read_order_max(&rows, &input->order_maxima[input->count], error);
        if (status == TW_OK)
            status = read_bounds(&rows, &input->bounds[input->count], error);
        input->count += status == TW_OK ? 1 : 0;
    }
    named_rows_close(&rows);
    if (status != TW_EMPTY)
        return status;
    return input->count > 0 ? TW_OK
                            : tw_error_set_at(error, TW_EMPTY, path, 1, 0,
                                              "there is no position after the header");
}

/* ---- targets ------------------------------------------------------------------------------- */

static tw_status read_target(rebalance_input *input, const named_rows *rows, bool shorts,
                             int64_t *total, tw_error *error) {
    static const named_range any = {"a weight from -1 to 1, like 0.25 or 25%", -TW_NANO, TW_NANO};
    static const named_range held = {"a weight from 0 to 1, like 0.25 or 25%", 0, TW_NANO};
    const named_range *weight = shorts ? &any : &held;
    static const named_range band = {"a band from 0 to 1, like 0.05 or 5%", 0, TW_NANO};
    tw_slice name = named_rows_field(rows, SYMBOL);
    size_t index = rebalance_input_find(input, name);
    if (index == input->count)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error,
                              "there is no price of \"%.*s\": give it a row in the positions, with "
                              "the quantity 0 if none is held",
                              (int)name.size, name.data);
    if (input->targeted[index] != 0)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "\"%.*s\" is there twice",
                              (int)name.size, name.data);
    input->targeted[index] = 1;
    tw_rebalance_position *position = &input->positions[index];
    if (named_rows_field(rows, WEIGHT).size == 0)
        return named_rows_bad(rows, WEIGHT, TW_PARSE, error, "expected %s, found nothing",
                              weight->what);
    tw_status status = named_rows_share(rows, WEIGHT, weight, &position->weight_nano, error);
    if (status == TW_OK)
        status = named_rows_share(rows, BAND, &band, &position->band_nano, error);
    *total += position->weight_nano;
    if (status == TW_OK && !shorts && *total > WEIGHT_SUM_MAX)
        return named_rows_bad(rows, WEIGHT, TW_RANGE, error,
                              "the weights add up to %.6g here, which is more than 1",
                              (double)*total / (double)TW_NANO);
    return status;
}

/* What no target names, or one of 0, is to be sold whole: no band about nothing. */
static void close_bands(rebalance_input *input) {
    for (size_t i = 0; i < input->count; i++) {
        if (input->targeted[i] != 0 && input->positions[i].weight_nano != 0)
            continue;
        input->positions[i].band_nano = 0;
        input->positions[i].band_floor_nano = 0;
    }
}

tw_status rebalance_targets_read(rebalance_input *input, const char *path,
                                 const rebalance_defaults *defaults, tw_error *error) {
    static const named_column columns[] = {{"symbol", true}, {"weight", true}, {"band", false}};
    named_rows rows;
    size_t count = 0;
    int64_t total = 0;
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = read_target(input, &rows, defaults->shorts, &total, error);
        count += status == TW_OK ? 1 : 0;
    }
    named_rows_close(&rows);
    if (status != TW_EMPTY)
        return status;
    if (total > WEIGHT_SUM_MAX) /* with shorts, whose weights make room, only the end tells */
        return tw_error_set(error, TW_RANGE, "%s: the weights add up to %.6g, which is more than 1",
                            path, (double)total / (double)TW_NANO);
    close_bands(input);
    return count > 0 ? TW_OK
                     : tw_error_set_at(error, TW_EMPTY, path, 1, 0,
                                       "there is no target after the header");
}

/* ---- groups -------------------------------------------------------------------------------- */

/* The number of a group, which is new when `adds`; 0 when it is not there. */
static tw_status find_group(rebalance_input *input, const named_rows *rows, size_t column,
                            bool adds, uint32_t *ret_group, tw_error *error) {
    tw_slice name = named_rows_field(rows, column);
    tw_symbol symbol = tw_symbols_find(input->group_names, name);
    if (symbol == TW_SYMBOL_NONE && adds) {
        if (input->group_count == TW_REBALANCE_GROUPS_MAX)
            return named_rows_bad(rows, column, TW_FULL, error, "more than %d groups",
                                  TW_REBALANCE_GROUPS_MAX);
        if (tw_symbols_intern(input->group_names, name, &symbol) != TW_OK)
            return named_rows_bad(rows, column, TW_PARSE, error, "\"%.*s\" cannot name a group",
                                  (int)name.size, name.data);
        input->group_lines[input->group_count] = tw_tape_tell(rows->tape).line;
        input->groups[input->group_count++] =
            (tw_rebalance_group){.least_nano = INT64_MIN, .most_nano = INT64_MAX};
    }
    if (symbol == TW_SYMBOL_NONE)
        return named_rows_bad(rows, column, TW_RANGE, error,
                              "no line before this one states the group \"%.*s\"", (int)name.size,
                              name.data);
    *ret_group = symbol + 1;
    return TW_OK;
}

static tw_status join_group(rebalance_input *input, const named_rows *rows, tw_error *error) {
    tw_slice name = named_rows_field(rows, MEMBER);
    for (size_t column = PARENT; column <= MOST; column++) {
        if (named_rows_field(rows, column).size > 0)
            return named_rows_bad(rows, column, TW_RANGE, error,
                                  "limits and parent of a group stand in a row without a symbol");
    }
    size_t index = rebalance_input_find(input, name);
    uint32_t group = 0;
    if (index == input->count)
        return named_rows_bad(rows, MEMBER, TW_RANGE, error, "there is no position \"%.*s\"",
                              (int)name.size, name.data);
    if (input->positions[index].group != 0)
        return named_rows_bad(rows, MEMBER, TW_RANGE, error,
                              "\"%.*s\" is in a group already: groups may be nested (parent), not "
                              "overlap",
                              (int)name.size, name.data);
    tw_status status = find_group(input, rows, GROUP, false, &group, error);
    if (status == TW_OK)
        input->positions[index].group = group;
    return status;
}

static tw_status state_group(rebalance_input *input, const named_rows *rows, tw_error *error) {
    static const named_range limit = {"a weight like 0.3 or 30%", -100 * TW_NANO, 100 * TW_NANO};
    uint32_t parent = 0;
    uint32_t number = 0;
    size_t before = input->group_count;
    tw_status status = TW_OK;
    if (named_rows_field(rows, PARENT).size > 0)
        status = find_group(input, rows, PARENT, false, &parent, error);
    if (status == TW_OK)
        status = find_group(input, rows, GROUP, true, &number, error);
    if (status != TW_OK)
        return status;
    tw_rebalance_group *group = &input->groups[number - 1];
    if (input->group_count == before)
        return named_rows_bad(rows, GROUP, TW_RANGE, error, "the group is stated already");
    group->parent = parent;
    status = named_rows_share(rows, LEAST, &limit, &group->least_nano, error);
    if (status == TW_OK)
        status = named_rows_share(rows, MOST, &limit, &group->most_nano, error);
    if (status == TW_OK && group->least_nano > group->most_nano)
        return named_rows_bad(rows, LEAST, TW_RANGE, error, "min is above max");
    return status;
}

/* A group that nobody is in limits nothing: its name is a slip of the pen. */
static tw_status check_groups(const rebalance_input *input, const char *path, tw_error *error) {
    for (size_t g = 0; g < input->group_count; g++) {
        bool used = false;
        for (size_t i = 0; i < input->count && !used; i++)
            used = input->positions[i].group == g + 1;
        for (size_t k = g + 1; k < input->group_count && !used; k++)
            used = input->groups[k].parent == g + 1;
        if (!used)
            return tw_error_set_at(error, TW_RANGE, path, input->group_lines[g], GROUP + 1,
                                   "no symbol and no group is in the group \"%s\"",
                                   tw_symbols_name(input->group_names, (tw_symbol)g));
    }
    return TW_OK;
}

tw_status rebalance_groups_read(rebalance_input *input, const char *path, tw_error *error) {
    static const named_column columns[] = {
        {"group", true}, {"symbol", false}, {"parent", false}, {"min", false}, {"max", false}};
    named_rows rows;
    input->groups = TW_NEW(tw_allocator_system(), TW_REBALANCE_GROUPS_MAX, tw_rebalance_group);
    input->group_lines = TW_NEW(tw_allocator_system(), TW_REBALANCE_GROUPS_MAX, uint64_t);
    if (input->groups == NULL || input->group_lines == NULL ||
        tw_symbols_new(NULL, TW_REBALANCE_GROUPS_MAX, &input->group_names) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the groups of %s", path);
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK)
        status = named_rows_field(&rows, MEMBER).size > 0 ? join_group(input, &rows, error)
                                                          : state_group(input, &rows, error);
    named_rows_close(&rows);
    return status == TW_EMPTY ? check_groups(input, path, error) : status;
}
