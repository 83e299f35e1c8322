/* rebalance_print.c - see rebalance_print.h. */
#include "rebalance_print.h"

#include <stdio.h>

#include "json_writer.h"
#include "output_file.h"
#include "readable.h"
#include "table.h"
#include "tradewind/decimal.h"

enum { PERCENT = 100, CELL_SIZE = 48, CENT_DIGITS = 2, DIGITS_MAX = 9 };

static const char *side_name(uint8_t side) {
    return side == TW_SIDE_SELL ? "sell" : "buy";
}

static const char *name_of(const rebalance_input *input, size_t index) {
    return tw_symbols_name(input->symbols, input->positions[index].symbol);
}

/* The share of the equity that a quantity of a position is worth. */
static double weight_of(const rebalance_result *result, size_t index, int64_t quantity_nano) {
    double value = (double)quantity_nano / (double)TW_NANO *
                   (double)result->input->positions[index].price.nano;
    return value / (double)result->plan->equity.nano;
}

/* Walks along the trades, which stand in the order of the positions, from the first position on. */
static int64_t quantity_after(const rebalance_result *result, size_t index, size_t *trade) {
    const tw_rebalance_plan *plan = result->plan;
    int64_t held = result->input->positions[index].quantity.nano;
    if (*trade == plan->count || plan->trades[*trade].index != index)
        return held;
    const tw_rebalance_trade *t = &plan->trades[(*trade)++];
    return t->side == TW_SIDE_SELL ? held - t->quantity.nano : held + t->quantity.nano;
}

static const char *outcome_of(const tw_rebalance_plan *plan, size_t index) {
    return tw_rebalance_outcome_name((tw_rebalance_outcome)plan->outcomes[index]);
}

/* ---- For people ---------------------------------------------------------------------------- */

static void add_decimal(table *rows, int64_t nano, int digits_min, int digits_max) {
    char cell[READABLE_SIZE];
    table_cell(rows, readable_decimal(nano, digits_min, digits_max, cell));
}

static void add_share(table *rows, double share) {
    char cell[READABLE_SIZE];
    table_cell(rows, readable_percent(share, cell));
}

static void add_why(table *rows, const tw_rebalance_trade *trade) {
    char cell[CELL_SIZE];
    snprintf(cell, sizeof cell, "%s%s", tw_trade_reason_name((tw_trade_reason)trade->reason),
             trade->shortened ? ", cut short" : "");
    table_cell(rows, cell);
}

/* Sales first: they pay for the purchases. */
static void add_trades(table *rows, const rebalance_result *result, uint8_t side) {
    for (size_t i = 0; i < result->plan->count; i++) {
        const tw_rebalance_trade *trade = &result->plan->trades[i];
        if (trade->side != side)
            continue;
        table_row(rows);
        table_cell(rows, name_of(result->input, trade->index));
        table_cell(rows, side_name(trade->side));
        add_decimal(rows, trade->quantity.nano, 0, DIGITS_MAX);
        add_decimal(rows, trade->price.nano, CENT_DIGITS, DIGITS_MAX);
        add_decimal(rows, trade->value.nano, CENT_DIGITS, CENT_DIGITS);
        add_why(rows, trade);
    }
}

static tw_status print_trades(const rebalance_result *result, tw_error *error) {
    table *rows = table_new("SYMBOL|SIDE|>QUANTITY|>PRICE|>VALUE|WHY");
    add_trades(rows, result, TW_SIDE_SELL);
    add_trades(rows, result, TW_SIDE_BUY);
    return table_end(rows, error);
}

static tw_status print_positions(const rebalance_result *result, tw_error *error) {
    const rebalance_input *input = result->input;
    size_t trade = 0;
    table *rows = table_new("POSITION|>WEIGHT|>TARGET|>AFTER|WHY");
    for (size_t i = 0; i < input->count; i++) {
        const tw_rebalance_position *position = &input->positions[i];
        table_row(rows);
        table_cell(rows, name_of(input, i));
        add_share(rows, weight_of(result, i, position->quantity.nano));
        add_share(rows, (double)position->weight_nano / (double)TW_NANO);
        size_t before = trade;
        add_share(rows, weight_of(result, i, quantity_after(result, i, &trade)));
        if (trade > before)
            add_why(rows, &result->plan->trades[before]);
        else
            table_cell(rows, outcome_of(result->plan, i));
    }
    printf("\n");
    return table_end(rows, error);
}

static void print_amount(const char *what, int64_t nano) {
    char number[READABLE_SIZE];
    printf("%s%s", what, readable_decimal(nano, CENT_DIGITS, CENT_DIGITS, number));
}

static void print_sums(const tw_rebalance_plan *plan) {
    printf("\n%s\n", plan->reason);
    if (!plan->feasible)
        return;
    print_amount("Cash ", plan->cash_before.nano);
    print_amount(" becomes ", plan->cash_after.nano);
    print_amount(". Turnover ", plan->turnover.nano);
    printf(" (%.2f%% of ", PERCENT * (double)plan->turnover.nano / (double)plan->equity.nano);
    print_amount("", plan->equity.nano);
    if (plan->turnover.nano > plan->turnover_bound.nano)
        print_amount("); no such plan can have less than ", plan->turnover_bound.nano);
    else
        printf("), and no such plan has less");
    print_amount(". Cost ", plan->cost.nano);
    printf(".\n");
    if (plan->outside > 0)
        printf("%zu position%s outside the band: --explain tells which, and why.\n", plan->outside,
               plan->outside == 1 ? " stays" : "s stay");
    if (plan->widened > 0)
        printf("%zu band%s no whole lot: the lot nearest to the target is taken.\n", plan->widened,
               plan->widened == 1 ? " holds" : "s hold");
}

/* Figures of a fault: of a limit in money, of a cap in what it counts. */
typedef struct fault_figures {
    const char *group; /* NULL: of no group */
    bool money;        /* allowed, reachable and missing are known */
    bool trades;       /* a cap on trades: allowed and needed */
    bool turnover;
} fault_figures;

static fault_figures figures_of(const rebalance_result *result) {
    const tw_rebalance_plan *plan = result->plan;
    fault_figures figures = {.trades = plan->fault == TW_REBALANCE_FAULT_TRADES_MAX,
                             .turnover = plan->fault == TW_REBALANCE_FAULT_TURNOVER_MAX,
                             .money = plan->fault >= TW_REBALANCE_FAULT_CASH_MIN &&
                                      plan->fault <= TW_REBALANCE_FAULT_NET_MAX};
    if (plan->group_at_fault > 0)
        figures.group =
            tw_symbols_name(result->input->group_names, (tw_symbol)(plan->group_at_fault - 1));
    return figures;
}

static void add_count(table *rows, size_t count) {
    char cell[READABLE_SIZE];
    table_cell(rows, readable_count(count, cell));
}

static void add_money(table *rows, tw_money amount) {
    add_decimal(rows, amount.nano, CENT_DIGITS, DIGITS_MAX);
}

/* Which limit keeps the plan from being, and by how much. */
static tw_status print_fault(const rebalance_result *result, tw_error *error) {
    const tw_rebalance_plan *plan = result->plan;
    fault_figures figures = figures_of(result);
    table *rows = table_new("LIMIT");
    if (figures.group != NULL)
        table_column(rows, "GROUP", false);
    if (figures.money || figures.trades || figures.turnover)
        table_column(rows, "ALLOWED", true);
    if (figures.money)
        table_column(rows, "REACHABLE", true);
    if (figures.money)
        table_column(rows, "MISSING", true);
    if (figures.trades || figures.turnover)
        table_column(rows, "NEEDED", true);
    table_row(rows);
    table_cell(rows, tw_rebalance_fault_name((tw_rebalance_fault)plan->fault));
    if (figures.group != NULL)
        table_cell(rows, figures.group);
    if (figures.money) {
        add_money(rows, plan->limit);
        add_money(rows, plan->reachable);
        add_money(rows, plan->deficit);
    }
    if (figures.trades) {
        add_count(rows, result->trades_max);
        add_count(rows, plan->trades_needed);
    }
    if (figures.turnover) {
        add_money(rows, result->turnover_max);
        add_money(rows, plan->turnover_needed);
    }
    return table_end(rows, error);
}

/* What a lost row of the targets would do is told: it sells a whole position. */
static void print_targets(const rebalance_result *result) {
    const rebalance_input *input = result->input;
    int64_t total = 0;
    size_t left_out = 0;
    const char *first = NULL;
    for (size_t i = 0; i < input->count; i++) {
        total += input->positions[i].weight_nano;
        if (input->targeted[i] != 0 || input->positions[i].quantity.nano == 0)
            continue;
        first = left_out++ == 0 ? name_of(input, i) : first;
    }
    printf("The targets add up to %.2f%%.", PERCENT * (double)total / (double)TW_NANO);
    if (left_out == 1)
        printf(" %s is not among them, and to be sold whole.", first);
    if (left_out > 1)
        printf(" %s and %zu more are not among them, and to be sold whole.", first, left_out - 1);
    printf("\n");
}

/* A band as wide as a target reaches down to nothing. */
static void print_wide_bands(const rebalance_input *input) {
    size_t wide = 0;
    for (size_t i = 0; i < input->count; i++) {
        const tw_rebalance_position *position = &input->positions[i];
        wide += position->band_kind != TW_BAND_RELATIVE && position->weight_nano > 0 &&
                        position->band_nano >= position->weight_nano
                    ? 1
                    : 0;
    }
    if (wide > 0)
        printf(
            "%zu target%s not above the band, which so reaches down to nothing: such a position\n"
            "need not be bought. --band-kind relative makes bands of parts of the targets.\n",
            wide, wide == 1 ? " is" : "s are");
}

tw_status rebalance_print(const rebalance_result *result, tw_error *error) {
    tw_status status = TW_OK;
    if (!result->plan->feasible && result->overlap == NULL)
        status = print_fault(result, error);
    else if (result->plan->count > 0)
        status = print_trades(result, error);
    if (status == TW_OK && result->explain)
        status = print_positions(result, error);
    if (status == TW_OK && result->lots != NULL)
        status = rebalance_lots_print(result->lots, result->input, error);
    if (status == TW_OK && result->overlap != NULL)
        status = rebalance_overlap_print(result->overlap, result->plan, error);
    if (status != TW_OK)
        return status;
    print_sums(result->plan);
    print_targets(result);
    print_wide_bands(result->input);
    if (result->weights != NULL)
        rebalance_weights_print(result->weights, result->input);
    return output_printed(error);
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_side(json_writer *w, const rebalance_result *result, uint8_t side) {
    for (size_t i = 0; i < result->plan->count; i++) {
        const tw_rebalance_trade *trade = &result->plan->trades[i];
        if (trade->side != side)
            continue;
        json_open(w, NULL, '{');
        json_text(w, "symbol", name_of(result->input, trade->index));
        json_text(w, "side", side_name(trade->side));
        json_decimal(w, "quantity", trade->quantity.nano);
        json_decimal(w, "price", trade->price.nano);
        json_decimal(w, "value", trade->value.nano);
        json_decimal(w, "cost", trade->cost.nano);
        json_text(w, "reason", tw_trade_reason_name((tw_trade_reason)trade->reason));
        json_flag(w, "shortened", trade->shortened);
        json_close(w);
    }
}

static void put_trades(json_writer *w, const rebalance_result *result) {
    json_open(w, "trades", '[');
    put_side(w, result, TW_SIDE_SELL);
    put_side(w, result, TW_SIDE_BUY);
    json_close(w);
}

static void put_positions(json_writer *w, const rebalance_result *result) {
    const rebalance_input *input = result->input;
    size_t trade = 0;
    json_open(w, "positions", '[');
    for (size_t i = 0; i < input->count; i++) {
        const tw_rebalance_position *position = &input->positions[i];
        json_open(w, NULL, '{');
        json_text(w, "symbol", name_of(input, i));
        json_number(w, "weight", weight_of(result, i, position->quantity.nano));
        json_number(w, "target", (double)position->weight_nano / (double)TW_NANO);
        json_number(w, "weight_after", weight_of(result, i, quantity_after(result, i, &trade)));
        json_text(w, "outcome", outcome_of(result->plan, i));
        json_close(w);
    }
    json_close(w);
}

static void put_fault(json_writer *w, const rebalance_result *result) {
    const tw_rebalance_plan *plan = result->plan;
    fault_figures figures = figures_of(result);
    json_open(w, "fault", '{');
    json_text(w, "limit", tw_rebalance_fault_name((tw_rebalance_fault)plan->fault));
    if (figures.group != NULL)
        json_text(w, "group", figures.group);
    if (figures.money) {
        json_decimal(w, "allowed", plan->limit.nano);
        json_decimal(w, "reachable", plan->reachable.nano);
        json_decimal(w, "missing", plan->deficit.nano);
    }
    if (figures.trades) {
        json_count(w, "allowed", result->trades_max);
        json_count(w, "needed", plan->trades_needed);
    }
    if (plan->order_max_at_fault)
        json_flag(w, "max_order", true);
    if (figures.turnover) {
        json_decimal(w, "allowed", result->turnover_max.nano);
        json_decimal(w, "needed", plan->turnover_needed.nano);
    }
    json_close(w);
}

tw_status rebalance_print_json(const rebalance_result *result, tw_error *error) {
    const tw_rebalance_plan *plan = result->plan;
    json_writer w = json_writer_begin();
    json_flag(&w, "feasible", plan->feasible);
    json_flag(&w, "proven", plan->proven);
    json_text(&w, "reason", plan->reason);
    if (!plan->feasible && result->overlap == NULL)
        put_fault(&w, result);
    put_trades(&w, result);
    json_count(&w, "count", plan->count);
    json_count(&w, "lower_bound", plan->lower_bound);
    json_decimal(&w, "turnover", plan->turnover.nano);
    json_decimal(&w, "turnover_bound", plan->turnover_bound.nano);
    json_decimal(&w, "cash_before", plan->cash_before.nano);
    json_decimal(&w, "cash_after", plan->cash_after.nano);
    json_decimal(&w, "cost", plan->cost.nano);
    json_decimal(&w, "equity", plan->equity.nano);
    json_count(&w, "outside", plan->outside);
    json_count(&w, "shortened", plan->shortened);
    json_count(&w, "home", plan->mandatory);
    json_count(&w, "home_bound", plan->home_bound);
    json_count(&w, "widened", plan->widened);
    put_positions(&w, result);
    if (result->lots != NULL)
        rebalance_lots_put(result->lots, result->input, &w);
    if (result->overlap != NULL)
        rebalance_overlap_put(result->overlap, plan, &w);
    if (result->weights != NULL)
        rebalance_weights_put(result->weights, result->input, &w);
    return json_writer_end(&w, error);
}
