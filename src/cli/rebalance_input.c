/* rebalance_input.c - see rebalance_input.h. A symbol's number is the index of its position. */
#include "rebalance_input.h"

#include <string.h>

#include "named_rows.h"
#include "tradewind/decimal.h"

enum { FIRST_CAPACITY = 1024 };

enum { SYMBOL, QUANTITY, PRICE, LOT, MIN_TRADE, RESTRICTED };
enum { WEIGHT = 1, BAND };

#define WEIGHT_SUM_MAX (TW_NANO + TW_NANO / 1000000) /* rounding of weights that add up to 1 */

void rebalance_input_close(rebalance_input *input) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, input->positions, input->capacity, tw_rebalance_position);
    TW_DELETE(system, input->targeted, input->capacity, uint8_t);
    tw_symbols_free(input->symbols);
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
    uint8_t *targeted = TW_NEW(system, capacity, uint8_t);
    if (positions == NULL || targeted == NULL) {
        TW_DELETE(system, positions, capacity, tw_rebalance_position);
        TW_DELETE(system, targeted, capacity, uint8_t);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu positions", capacity);
    }
    memset(targeted, 0, capacity);
    if (input->count > 0)
        memcpy(positions, input->positions, input->count * sizeof *positions);
    TW_DELETE(system, input->positions, input->capacity, tw_rebalance_position);
    TW_DELETE(system, input->targeted, input->capacity, uint8_t);
    input->positions = positions;
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
    tw_slice field = named_rows_field(rows, RESTRICTED);
    bool yes = tw_slice_equal_string(field, "yes");
    if (!yes && field.size > 0 && !tw_slice_equal_string(field, "no"))
        return named_rows_bad(rows, RESTRICTED, TW_PARSE, error,
                              "expected yes or no, found \"%.*s\"", (int)field.size, field.data);
    *ret_restricted = yes ? 1 : 0;
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

static tw_status read_position(const named_rows *rows, tw_rebalance_position *position,
                               tw_error *error) {
    static const named_range quantity = {"a quantity like 100 or 0.5", INT64_MIN, INT64_MAX};
    static const named_range price = {"a price above 0", 1, INT64_MAX};
    static const named_range lot = {"a lot like 1 or 100 (0: fractional)", 0, INT64_MAX};
    static const named_range least = {"an amount of money, at least 0", 0, INT64_MAX};
    tw_status status = read_needed(rows, QUANTITY, &quantity, &position->quantity.nano, error);
    if (status == TW_OK)
        status = read_needed(rows, PRICE, &price, &position->price.nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, LOT, &lot, &position->lot.nano, error);
    if (status == TW_OK)
        status = named_rows_decimal(rows, MIN_TRADE, &least, &position->min_trade.nano, error);
    if (status == TW_OK)
        status = read_restricted(rows, &position->restricted, error);
    return status;
}

tw_status rebalance_positions_read(rebalance_input *input, const char *path,
                                   const rebalance_defaults *defaults, tw_error *error) {
    static const named_column columns[] = {{"symbol", true},     {"quantity", true},
                                           {"price", true},      {"lot", false},
                                           {"min_trade", false}, {"restricted", false}};
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
        position->band_kind = defaults->band_kind;
        position->symbol = (tw_symbol)input->count;
        status = read_position(&rows, position, error);
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

static tw_status read_target(rebalance_input *input, const named_rows *rows, int64_t *total,
                             tw_error *error) {
    static const named_range weight = {"a weight like 0.25 or 25%", -10 * TW_NANO, 10 * TW_NANO};
    static const named_range band = {"a band like 0.05 or 5%", 0, 10 * TW_NANO};
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
                              weight.what);
    tw_status status = named_rows_share(rows, WEIGHT, &weight, &position->weight_nano, error);
    if (status == TW_OK)
        status = named_rows_share(rows, BAND, &band, &position->band_nano, error);
    *total += position->weight_nano;
    if (status == TW_OK && *total > WEIGHT_SUM_MAX)
        return named_rows_bad(rows, WEIGHT, TW_RANGE, error,
                              "the weights add up to %.6g here, which is more than 1",
                              (double)*total / (double)TW_NANO);
    return status;
}

tw_status rebalance_targets_read(rebalance_input *input, const char *path, tw_error *error) {
    static const named_column columns[] = {{"symbol", true}, {"weight", true}, {"band", false}};
    named_rows rows;
    size_t count = 0;
    int64_t total = 0;
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = read_target(input, &rows, &total, error);
        count += status == TW_OK ? 1 : 0;
    }
    named_rows_close(&rows);
    if (status != TW_EMPTY)
        return status;
    return count > 0 ? TW_OK
                     : tw_error_set_at(error, TW_EMPTY, path, 1, 0,
                                       "there is no target after the header");
}
