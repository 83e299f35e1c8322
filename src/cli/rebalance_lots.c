/* rebalance_lots.c - see rebalance_lots.h. */
#include "rebalance_lots.h"

#include <stdio.h>
#include <string.h>

#include "named_rows.h"
#include "readable.h"
#include "table.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

enum {
    FIRST_CAPACITY = 256,
    CENT_DIGITS = 2,
    DIGITS_MAX = 9,
    DATE_SIZE = 10,
    PERCENT = 100,
    AMISS_SHOWN_MAX = 5
};

__extension__ typedef __int128 wide;

enum { SYMBOL, QUANTITY, PRICE, DATE };

void rebalance_lots_close(rebalance_lots *lots) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, lots->lots, lots->capacity, tw_tax_lot);
    TW_DELETE(system, lots->closings, 2 * lots->capacity, tw_tax_closing);
    TW_DELETE(system, lots->sales, lots->sale_capacity, lot_sale);
    TW_DELETE(system, lots->sums, lots->position_count, lot_sum);
    *lots = (rebalance_lots){0};
}

/* ---- Reading ------------------------------------------------------------------------------- */

static tw_status make_room(rebalance_lots *lots, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    if (lots->count < lots->capacity)
        return TW_OK;
    size_t capacity = lots->capacity == 0 ? FIRST_CAPACITY : 2 * lots->capacity;
    tw_tax_lot *room = TW_NEW(system, capacity, tw_tax_lot);
    tw_tax_closing *closings = TW_NEW(system, 2 * capacity, tw_tax_closing);
    if (room == NULL || closings == NULL) {
        TW_DELETE(system, room, capacity, tw_tax_lot);
        TW_DELETE(system, closings, 2 * capacity, tw_tax_closing);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu lots", capacity);
    }
    if (lots->count > 0)
        memcpy(room, lots->lots, lots->count * sizeof *room);
    TW_DELETE(system, lots->lots, lots->capacity, tw_tax_lot);
    TW_DELETE(system, lots->closings, 2 * lots->capacity, tw_tax_closing);
    lots->lots = room;
    lots->closings = closings;
    lots->capacity = capacity;
    return TW_OK;
}

static tw_status read_date(const named_rows *rows, int64_t last, int64_t *ret_day,
                           tw_error *error) {
    tw_slice field = named_rows_field(rows, DATE);
    int64_t time_ns = 0;
    if (field.size != DATE_SIZE || tw_time_parse(field, &time_ns) != TW_OK ||
        tw_date_to_days(tw_date_of(time_ns), ret_day) != TW_OK)
        return named_rows_bad(rows, DATE, TW_PARSE, error,
                              "expected a date like 2024-01-31, found \"%.*s\"", (int)field.size,
                              field.data);
    if (*ret_day > last)
        return named_rows_bad(rows, DATE, TW_RANGE, error, "a lot bought after the trades");
    return TW_OK;
}

static tw_status add_to_sum(rebalance_lots *lots, size_t index, const named_rows *rows,
                            int64_t quantity, tw_error *error) {
    lot_sum *sum = &lots->sums[index];
    sum->any = true;
    if (__builtin_add_overflow(sum->quantity_nano, quantity, &sum->quantity_nano))
        return named_rows_bad(rows, QUANTITY, TW_RANGE, error,
                              "the lots of the symbol add up to more than a quantity can be");
    return TW_OK;
}

static tw_status read_lot(rebalance_lots *lots, const rebalance_input *input,
                          const named_rows *rows, tw_error *error) {
    static const named_range quantity = {"a quantity (below 0: sold short)", -INT64_MAX, INT64_MAX};
    static const named_range price = {"a price of at least 0", 0, INT64_MAX};
    tw_slice name = named_rows_field(rows, SYMBOL);
    size_t index = rebalance_input_find(input, name);
    tw_tax_lot lot = {.quantity = {0}, .price = {-1}};
    if (index == input->count)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "there is no position \"%.*s\"",
                              (int)name.size, name.data);
    lot.symbol = input->positions[index].symbol;
    tw_status status = named_rows_decimal(rows, QUANTITY, &quantity, &lot.quantity.nano, error);
    if (status == TW_OK && lot.quantity.nano == 0)
        return named_rows_bad(rows, QUANTITY, TW_PARSE, error, "expected %s, found none",
                              quantity.what);
    if (status == TW_OK)
        status = add_to_sum(lots, index, rows, lot.quantity.nano, error);
    lot.is_short = lot.quantity.nano < 0;
    lot.quantity.nano = lot.is_short ? -lot.quantity.nano : lot.quantity.nano;
    if (status == TW_OK)
        status = named_rows_decimal(rows, PRICE, &price, &lot.price.nano, error);
    if (status == TW_OK && lot.price.nano < 0)
        return named_rows_bad(rows, PRICE, TW_PARSE, error, "expected %s, found nothing",
                              price.what);
    if (status == TW_OK)
        status = read_date(rows, lots->day, &lot.day, error);
    if (status == TW_OK)
        lots->lots[lots->count++] = lot;
    return status;
}

tw_status rebalance_lots_read(rebalance_lots *lots, const rebalance_input *input, tw_error *error) {
    static const named_column columns[] = {
        {"symbol", true}, {"quantity", true}, {"price", true}, {"date", true}};
    lots->position_count = input->count;
    lots->sums = TW_NEW(tw_allocator_system(), input->count, lot_sum);
    if (lots->sums == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the lots of %s",
                            lots->path);
    memset(lots->sums, 0, input->count * sizeof *lots->sums);
    named_rows rows;
    tw_status status =
        named_rows_open(&rows, lots->path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = make_room(lots, error);
        if (status == TW_OK)
            status = read_lot(lots, input, &rows, error);
    }
    named_rows_close(&rows);
    if (status != TW_EMPTY)
        return status;
    return lots->count > 0 ? TW_OK
                           : tw_error_set_at(error, TW_EMPTY, lots->path, 1, 0,
                                             "there is no lot after the header");
}

/* ---- Choosing ------------------------------------------------------------------------------ */

/* How much of the position a trade closes; the rest of it opens one. */
static int64_t closed_by(const rebalance_input *input, const tw_rebalance_trade *trade) {
    int64_t held = input->positions[trade->index].quantity.nano;
    int64_t open = trade->side == TW_SIDE_SELL ? held : -held;
    if (open <= 0)
        return 0;
    return open < trade->quantity.nano ? open : trade->quantity.nano;
}

static tw_status too_few(const rebalance_lots *lots, const rebalance_input *input,
                         const tw_rebalance_trade *trade, int64_t closed, tw_error *error) {
    char sum[TW_DECIMAL_TEXT_SIZE];
    char wanted[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(lots->sums[trade->index].quantity_nano, sum);
    tw_decimal_format(closed, wanted);
    return tw_error_set(error, TW_RANGE, "%s: the lots of %s add up to %s, and %s are %s",
                        lots->path, tw_symbols_name(input->symbols, trade->symbol), sum, wanted,
                        trade->side == TW_SIDE_SELL ? "sold" : "bought back");
}

static tw_status add_up(rebalance_lots *lots, const tw_tax_lots_result *result, tw_error *error) {
    tw_tax_lots_result *total = &lots->total;
    int64_t *const sums[] = {&total->proceeds.nano,
                             &total->cost.nano,
                             &total->gain_short.nano,
                             &total->gain_long.nano,
                             &total->disallowed_short.nano,
                             &total->disallowed_long.nano,
                             &total->tax.nano};
    const int64_t parts[] = {result->proceeds.nano,
                             result->cost.nano,
                             result->gain_short.nano,
                             result->gain_long.nano,
                             result->disallowed_short.nano,
                             result->disallowed_long.nano,
                             result->tax.nano};
    total->count += result->count;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (__builtin_add_overflow(*sums[i], parts[i], sums[i]))
            return tw_error_set(error, TW_OVERFLOW, "%s: the gains together do not fit",
                                lots->path);
    return TW_OK;
}

static tw_status choose(rebalance_lots *lots, const rebalance_input *input,
                        const tw_rebalance_trade *trade, tw_error *error) {
    int64_t closed = closed_by(input, trade);
    if (closed == 0)
        return TW_OK;
    wide cost = ((wide)trade->cost.nano * closed + trade->quantity.nano - 1) / trade->quantity.nano;
    const tw_tax_lots_input work = {.symbol = trade->symbol,
                                    .closes_short = trade->side != TW_SIDE_SELL,
                                    .quantity = {closed},
                                    .price = trade->price,
                                    .trade_cost = {(int64_t)cost},
                                    .day = lots->day,
                                    .lots = lots->lots,
                                    .lot_count = lots->count};
    lot_sale *sale = &lots->sales[lots->sale_count];
    tw_tax_closing *closings = lots->closings + lots->closing_count;
    *sale = (lot_sale){
        .position = trade->index, .is_short = work.closes_short != 0, .closings = closings};
    tw_status status = tw_tax_lots_close(&lots->config, &work, closings, &sale->result, error);
    if (status == TW_RANGE || status == TW_NOT_FOUND)
        return too_few(lots, input, trade, closed, error);
    if (status != TW_OK)
        return status;
    lots->closing_count += sale->result.count;
    lots->sale_count++;
    return add_up(lots, &sale->result, error);
}

/* A closing takes a lot of its own symbol, which no other sale has, so that all of them are at most
 * as many as the lots; and each call wants room for as many behind those of the calls before. */
tw_status rebalance_lots_choose(rebalance_lots *lots, const rebalance_input *input,
                                const tw_rebalance_plan *plan, tw_error *error) {
    if (plan->count == 0)
        return TW_OK;
    lots->sale_capacity = plan->count;
    lots->sales = TW_NEW(tw_allocator_system(), plan->count, lot_sale);
    if (lots->sales == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu sales", plan->count);
    tw_status status = TW_OK;
    for (size_t i = 0; i < plan->count && status == TW_OK; i++)
        status = choose(lots, input, &plan->trades[i], error);
    return status;
}

/* ---- For people ---------------------------------------------------------------------------- */

static void date_of(int64_t day, char text[TW_TIME_TEXT_SIZE]) {
    tw_time_format(day * TW_NS_PER_DAY, 0, text);
    text[DATE_SIZE] = '\0';
}

static void add_decimal(table *rows, int64_t nano, int digits_min, int digits_max) {
    char cell[READABLE_SIZE];
    table_cell(rows, readable_decimal(nano, digits_min, digits_max, cell));
}

static int64_t signed_quantity(const lot_sale *sale, const tw_tax_closing *closing) {
    return sale->is_short ? -closing->quantity.nano : closing->quantity.nano;
}

static void add_closing(table *rows, const rebalance_lots *lots, const lot_sale *sale,
                        const char *name, const tw_tax_closing *closing) {
    char date[TW_TIME_TEXT_SIZE];
    date_of(lots->lots[closing->lot].day, date);
    table_row(rows);
    table_cell(rows, name);
    table_cell(rows, date);
    add_decimal(rows, signed_quantity(sale, closing), 0, DIGITS_MAX);
    add_decimal(rows, closing->gain.nano, CENT_DIGITS, CENT_DIGITS);
    table_cell(rows, closing->long_term != 0 ? "long" : "short");
    if (closing->disallowed_loss.nano > 0)
        add_decimal(rows, closing->disallowed_loss.nano, CENT_DIGITS, CENT_DIGITS);
    else
        table_cell(rows, "");
}

static const char *name_of(const rebalance_input *input, const lot_sale *sale) {
    return tw_symbols_name(input->symbols, input->positions[sale->position].symbol);
}

static void print_amount(const char *what, int64_t nano) {
    char number[READABLE_SIZE];
    printf("%s%s", what, readable_decimal(nano, CENT_DIGITS, CENT_DIGITS, number));
}

static int year_of(const rebalance_lots *lots) {
    return tw_date_of(lots->day * TW_NS_PER_DAY).year;
}

static double rate_of(int64_t rate_nano) {
    return PERCENT * (double)rate_nano / (double)TW_NANO;
}

static void print_total(const rebalance_lots *lots) {
    const tw_tax_lots_result *total = &lots->total;
    printf("\nGains in %d, costs taken off: ", year_of(lots));
    print_amount("short-term ", total->gain_short.nano);
    print_amount(", long-term ", total->gain_long.nano);
    if (total->disallowed_short.nano > 0 || total->disallowed_long.nano > 0) {
        print_amount(". Losses that may not count: short-term ", total->disallowed_short.nano);
        print_amount(", long-term ", total->disallowed_long.nano);
    }
    print_amount(".\nTax at these rates: ", total->tax.nano);
    printf(" (%.2f%% short-term, %.2f%% long-term; below 0 is saved, if there are gains to set it "
           "against).\n",
           rate_of(lots->config.short_rate_nano), rate_of(lots->config.long_rate_nano));
}

static bool is_amiss(const rebalance_lots *lots, const rebalance_input *input, size_t index) {
    const lot_sum *sum = &lots->sums[index];
    return sum->any && sum->quantity_nano != input->positions[index].quantity.nano;
}

static void print_amiss(const rebalance_lots *lots, const rebalance_input *input) {
    size_t count = 0;
    for (size_t i = 0; i < input->count; i++) {
        char sum[READABLE_SIZE];
        char held[READABLE_SIZE];
        if (!is_amiss(lots, input, i) || ++count > AMISS_SHOWN_MAX)
            continue;
        printf("The lots of %s add up to %s, the position is %s.\n",
               tw_symbols_name(input->symbols, input->positions[i].symbol),
               readable_decimal(lots->sums[i].quantity_nano, 0, DIGITS_MAX, sum),
               readable_decimal(input->positions[i].quantity.nano, 0, DIGITS_MAX, held));
    }
    if (count > AMISS_SHOWN_MAX)
        printf("So it is with %zu more; --json names them all.\n", count - AMISS_SHOWN_MAX);
}

tw_status rebalance_lots_print(const rebalance_lots *lots, const rebalance_input *input,
                               tw_error *error) {
    if (lots->sale_count == 0) {
        print_amiss(lots, input);
        return TW_OK;
    }
    table *rows = table_new("CLOSES|BOUGHT|>QUANTITY|>GAIN|TERM|>MAY NOT COUNT");
    for (size_t i = 0; i < lots->sale_count; i++) {
        const lot_sale *sale = &lots->sales[i];
        for (size_t k = 0; k < sale->result.count; k++)
            add_closing(rows, lots, sale, name_of(input, sale), &sale->closings[k]);
    }
    printf("\n");
    tw_status status = table_end(rows, error);
    print_total(lots);
    print_amiss(lots, input);
    return status;
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_total(const rebalance_lots *lots, json_writer *w) {
    const tw_tax_lots_result *total = &lots->total;
    json_open(w, "taxes", '{');
    json_count(w, "year", (uint64_t)year_of(lots));
    json_decimal(w, "proceeds", total->proceeds.nano);
    json_decimal(w, "cost", total->cost.nano);
    json_decimal(w, "gain_short", total->gain_short.nano);
    json_decimal(w, "gain_long", total->gain_long.nano);
    json_decimal(w, "disallowed_short", total->disallowed_short.nano);
    json_decimal(w, "disallowed_long", total->disallowed_long.nano);
    json_decimal(w, "tax", total->tax.nano);
    json_close(w);
}

static void put_amiss(const rebalance_lots *lots, const rebalance_input *input, json_writer *w) {
    json_open(w, "lots_amiss", '[');
    for (size_t i = 0; i < input->count; i++) {
        if (!is_amiss(lots, input, i))
            continue;
        json_open(w, NULL, '{');
        json_text(w, "symbol", tw_symbols_name(input->symbols, input->positions[i].symbol));
        json_decimal(w, "lots", lots->sums[i].quantity_nano);
        json_decimal(w, "position", input->positions[i].quantity.nano);
        json_close(w);
    }
    json_close(w);
}

void rebalance_lots_put(const rebalance_lots *lots, const rebalance_input *input, json_writer *w) {
    json_open(w, "lots", '[');
    for (size_t i = 0; i < lots->sale_count; i++) {
        const lot_sale *sale = &lots->sales[i];
        for (size_t k = 0; k < sale->result.count; k++) {
            const tw_tax_closing *closing = &sale->closings[k];
            json_open(w, NULL, '{');
            json_text(w, "symbol", name_of(input, sale));
            json_date(w, "bought", lots->lots[closing->lot].day * TW_NS_PER_DAY);
            json_decimal(w, "quantity", signed_quantity(sale, closing));
            json_decimal(w, "proceeds", closing->proceeds.nano);
            json_decimal(w, "cost", closing->cost.nano);
            json_decimal(w, "gain", closing->gain.nano);
            json_flag(w, "long_term", closing->long_term != 0);
            json_decimal(w, "disallowed_loss", closing->disallowed_loss.nano);
            json_close(w);
        }
    }
    json_close(w);
    put_total(lots, w);
    put_amiss(lots, input, w);
}
