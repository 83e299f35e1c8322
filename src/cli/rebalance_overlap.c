/*
 * rebalance_overlap.c - see rebalance_overlap.h.
 *
 *     ranges of the positions -> search -> proven? done -> model -> solver -> the better plan
 *
 * The search costs little and comes first. A solver that cannot be had, fails or runs out of time
 * takes nothing away: the plan of the search stands, with its own bound, and the reason is told.
 */
#include "rebalance_overlap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "interruption.h"
#include "readable.h"
#include "table.h"
#include "tradewind/decimal.h"

enum { CENT_DIGITS = 2, PERCENT = 100, CELL_SIZE = 48 };
enum { LOG_SIZE = 65536, SOLUTION_LINE_SIZE = 128, SOLUTION_LINES_A_POSITION = 4 };

/* No model is larger. */
#define MODEL_SIZE_MAX ((size_t)1 << 30)

/* The texts that go to a solver and come back. */
typedef struct overlap_texts {
    tw_text model;
    tw_text solution;
    tw_text log;
} overlap_texts;

tw_status rebalance_overlap_read(rebalance_overlap *overlap, const rebalance_input *input,
                                 const char *path, tw_error *error) {
    overlap->input = input;
    return rebalance_limits_read(&overlap->limits, input, path, error);
}

void rebalance_overlap_close(rebalance_overlap *overlap) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = overlap->input != NULL ? overlap->input->count : 0;
    TW_DELETE(system, overlap->ranges, count, tw_rebalance_range);
    TW_DELETE(system, overlap->outcomes, count, uint8_t);
    tw_overlap_free(overlap->own);
    tw_overlap_free(overlap->solved);
    rebalance_limits_close(&overlap->limits);
    memset(overlap, 0, sizeof *overlap);
}

/* ---- The solver ---------------------------------------------------------------------------- */

static bool take_text(tw_text *text, size_t size) {
    char *room = TW_NEW(tw_allocator_system(), size, char);
    *text = tw_text_over(room, room == NULL ? 0 : size);
    return room != NULL;
}

static void give_back(overlap_texts *texts) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, texts->model.data, texts->model.capacity, char);
    TW_DELETE(system, texts->solution.data, texts->solution.capacity, char);
    TW_DELETE(system, texts->log.data, texts->log.capacity, char);
}

static tw_status take_texts(overlap_texts *texts, const tw_overlap_problem *problem,
                            tw_error *error) {
    size_t size = tw_overlap_model_size_max(problem->count, problem->row_count);
    if (size > MODEL_SIZE_MAX)
        return tw_error_set(error, TW_FULL,
                            "%zu positions under %zu limits are more than a model has room for",
                            problem->count, problem->row_count);
    size_t lines = SOLUTION_LINES_A_POSITION * problem->count + 1;
    if (!take_text(&texts->model, size) ||
        !take_text(&texts->solution, SOLUTION_LINE_SIZE * lines) ||
        !take_text(&texts->log, LOG_SIZE))
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the model of %zu bytes",
                            size);
    return TW_OK;
}

static bool is_cancelled(void *context) {
    (void)context;
    return interruption_requested();
}

/* The solver's end is told to a program that does not ignore it, as one may that started us. */
static tw_status run_solver(const rebalance_overlap *overlap, overlap_texts *texts,
                            tw_error *error) {
    tw_solver_config config;
    tw_solver_config_init(&config);
    config.program = overlap->solver;
    config.deadline_ns = overlap->wishes.deadline_ns;
    config.is_cancelled = is_cancelled;
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &action, NULL);
    interruption_note();
    tw_status status =
        tw_solver_run(&config, tw_text_slice(&texts->model), &texts->solution, &texts->log, error);
    interruption_watch();
    if (interruption_requested())
        return tw_error_set(error, TW_INTERRUPTED, "interrupted while the solver worked");
    return status;
}

static tw_status ask(rebalance_overlap *overlap, const tw_overlap_problem *problem,
                     tw_overlap_plan *ret_plan, tw_error *error) {
    overlap_texts texts = {0};
    tw_status status = take_texts(&texts, problem, error);
    if (status == TW_OK)
        status = tw_overlap_write(overlap->solved, problem, &texts.model, error);
    if (status == TW_OK)
        status = run_solver(overlap, &texts, error);
    const tw_overlap_answer answer = {tw_text_slice(&texts.solution), tw_text_slice(&texts.log)};
    if (status == TW_OK)
        status = tw_overlap_read(overlap->solved, problem, &answer, ret_plan, error);
    give_back(&texts);
    return status;
}

static bool is_better(const tw_overlap_plan *plan, const tw_overlap_plan *other) {
    if (plan->feasible != other->feasible)
        return plan->feasible;
    if (!plan->feasible)
        return plan->proof > other->proof;
    return plan->count != other->count ? plan->count < other->count
                                       : plan->turnover.nano <= other->turnover.nano;
}

/* The search's plan is the better one; what the solver proved holds for it, too, unless it
 * contradicts the plan. */
static void add_proof(rebalance_overlap *overlap, const tw_overlap_plan *solved) {
    tw_overlap_plan *plan = &overlap->plan;
    tw_text note = tw_text_over(overlap->note, sizeof overlap->note);
    if (plan->feasible && solved->solver_bound > plan->count) {
        tw_text_append_format(&note,
                              "the solver says that %zu trades are needed, but this plan keeps "
                              "every limit with fewer: its proof is not believed",
                              solved->solver_bound);
        return;
    }
    if (solved->solver_bound > plan->solver_bound) {
        plan->solver_bound = solved->solver_bound;
        plan->gap = plan->feasible ? plan->count - plan->solver_bound : 0;
    }
    if (plan->feasible && plan->gap == 0 && plan->proof == TW_OVERLAP_UNPROVEN)
        plan->proof = TW_OVERLAP_BY_SOLVER;
    tw_text reason = tw_text_over(plan->reason, sizeof plan->reason);
    if (plan->feasible && plan->proof == TW_OVERLAP_BY_SOLVER)
        tw_text_append_format(&reason,
                              "%zu trade%s, and no plan has fewer, as the solver proved to its "
                              "tolerance.",
                              plan->count, plan->count == 1 ? "" : "s");
    else if (plan->feasible)
        tw_text_append_format(&reason, "%zu trade%s, and at least %zu needed.", plan->count,
                              plan->count == 1 ? "" : "s", plan->solver_bound);
    else
        tw_text_append_string(&reason, solved->reason);
}

/* Asks the solver about what the search could not prove. */
static tw_status improve(rebalance_overlap *overlap, const tw_overlap_problem *problem,
                         tw_error *error) {
    tw_error said = {0};
    tw_text note = tw_text_over(overlap->note, sizeof overlap->note);
    if (overlap->plan.proof == TW_OVERLAP_EXACT)
        return TW_OK;
    if (overlap->wishes.program == NULL) {
        tw_text_append_string(&note, "--cbc off: no solver was asked");
        return TW_OK;
    }
    tw_status status = tw_solver_find(overlap->wishes.program, overlap->solver, &said);
    if (status != TW_OK && overlap->wishes.named) /* as it was wished, it cannot be */
        return tw_error_set(error, status == TW_INVALID ? TW_USAGE : status, "--cbc: %s",
                            said.message);
    tw_overlap_plan solved;
    if (status == TW_OK)
        status = ask(overlap, problem, &solved, &said);
    if (status == TW_INTERRUPTED)
        return tw_error_set(error, status, "%s", said.message);
    if (status != TW_OK)
        tw_text_append_string(&note, said.message);
    else if (is_better(&solved, &overlap->plan))
        overlap->plan = solved;
    else
        add_proof(overlap, &solved);
    return TW_OK;
}

/* ---- The plan ------------------------------------------------------------------------------ */

static tw_status take_memory(rebalance_overlap *overlap, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = overlap->input->count;
    size_t rows = overlap->limits.count;
    overlap->ranges = TW_NEW(system, count, tw_rebalance_range);
    overlap->outcomes = TW_NEW(system, count, uint8_t);
    if (overlap->ranges == NULL || overlap->outcomes == NULL ||
        tw_overlap_new(NULL, count, rows, &overlap->own) != TW_OK ||
        tw_overlap_new(NULL, count, rows, &overlap->solved) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY,
                            "there is no memory for %zu positions under %zu "
                            "limits",
                            count, rows);
    return TW_OK;
}

/* The same in the words of a plan without overlaps. */
static void write_plan(const rebalance_overlap *overlap, const tw_rebalance_outlook *outlook,
                       const tw_rebalance_config *config, tw_rebalance_plan *plan) {
    const tw_overlap_plan *found = &overlap->plan;
    memset(plan, 0, sizeof *plan);
    plan->feasible = found->feasible;
    plan->proven = found->proof != TW_OVERLAP_UNPROVEN;
    plan->count = found->count;
    plan->lower_bound = found->solver_bound;
    plan->trades = found->trades;
    plan->outcomes = overlap->outcomes;
    plan->turnover = found->turnover;
    plan->turnover_bound = outlook->turnover_bound;
    plan->cash_before = config->cash;
    plan->cash_after = found->feasible ? found->cash_after : (tw_money){0};
    plan->cost = found->cost;
    plan->equity = outlook->equity;
    plan->mandatory = outlook->mandatory;
    plan->restricted_outside = outlook->restricted_outside;
    plan->minimum_outside = outlook->minimum_outside;
    plan->order_max_outside = outlook->order_max_outside;
    plan->outside =
        outlook->restricted_outside + outlook->minimum_outside + outlook->order_max_outside;
    plan->widened = outlook->widened;
    plan->shortened = outlook->shortened;
    tw_text reason = tw_text_over(plan->reason, sizeof plan->reason);
    if (found->fault != TW_OVERLAP_NO_FAULT && found->fault > 0)
        tw_text_append_format(&reason,
                              "No plan exists: all allowed trades together cannot bring the limit "
                              "\"%s\" into its bounds.",
                              rebalance_limits_name(&overlap->limits, found->fault - 1));
    else
        tw_text_append_string(&reason, found->reason);
    memcpy(overlap->outcomes, outlook->outcomes, overlap->input->count);
    for (size_t i = 0; i < plan->count; i++)
        overlap->outcomes[plan->trades[i].index] =
            (uint8_t)(TW_OUTCOME_ABOVE_BAND + plan->trades[i].reason);
}

tw_status rebalance_overlap_compute(rebalance_overlap *overlap, tw_rebalance *rebalance,
                                    const tw_rebalance_config *config, tw_rebalance_plan *ret_plan,
                                    tw_error *error) {
    const rebalance_input *input = overlap->input;
    tw_status status = take_memory(overlap, error);
    tw_rebalance_outlook outlook = {.ranges = overlap->ranges};
    if (status == TW_OK)
        status = tw_rebalance_look_ahead(rebalance, config, input->positions, input->count,
                                         &outlook, error);
    if (status == TW_OK)
        status = rebalance_limits_bind(&overlap->limits, input, outlook.equity, error);
    if (status != TW_OK)
        return status;
    overlap->equity = outlook.equity;
    const tw_overlap_problem problem = {.ranges = overlap->ranges,
                                        .count = input->count,
                                        .rows = overlap->limits.rows,
                                        .row_count = overlap->limits.count,
                                        .cash = config->cash,
                                        .cash_min = config->cash_min,
                                        .cash_max = config->cash_max,
                                        .cost_rate_nano = config->cost.buy_rate_nano};
    status = tw_overlap_solve(overlap->own, &problem, &overlap->plan, error);
    if (status == TW_OK)
        status = improve(overlap, &problem, error);
    if (status == TW_OK)
        write_plan(overlap, &outlook, config, ret_plan);
    return status;
}

/* ---- For people ---------------------------------------------------------------------------- */

static void add_money(table *rows, int64_t nano) {
    char cell[READABLE_SIZE];
    bool none = nano == INT64_MIN || nano == INT64_MAX;
    table_cell(rows, none ? "" : readable_decimal(nano, CENT_DIGITS, CENT_DIGITS, cell));
}

static void add_limit(table *rows, const rebalance_overlap *overlap, const tw_rebalance_plan *plan,
                      size_t index) {
    char cell[CELL_SIZE];
    int64_t after = rebalance_limits_worth(&overlap->limits, index, overlap->input, plan);
    table_row(rows);
    table_cell(rows, rebalance_limits_name(&overlap->limits, index));
    add_money(rows, rebalance_limits_worth(&overlap->limits, index, overlap->input, NULL));
    add_money(rows, plan->feasible ? after : INT64_MIN);
    snprintf(cell, sizeof cell, "%.2f%%", PERCENT * (double)after / (double)overlap->equity.nano);
    table_cell(rows, plan->feasible ? cell : "");
    add_money(rows, rebalance_limits_least(&overlap->limits, index, overlap->equity));
    add_money(rows, rebalance_limits_most(&overlap->limits, index, overlap->equity));
}

tw_status rebalance_overlap_print(const rebalance_overlap *overlap, const tw_rebalance_plan *plan,
                                  tw_error *error) {
    const tw_overlap_plan *found = &overlap->plan;
    table *rows = table_new("LIMIT|>BEFORE|>AFTER|>SHARE|>MIN|>MAX");
    for (size_t k = 0; k < overlap->limits.count; k++)
        add_limit(rows, overlap, plan, k);
    printf("\n");
    tw_status status = table_end(rows, error);
    if (!found->feasible && found->proof != TW_OVERLAP_UNPROVEN)
        return status; /* there is nothing to bound */
    printf("\nBound: at least %zu trade%s by whole numbers", found->bound,
           found->bound == 1 ? "" : "s");
    if (found->solver_bound > found->bound)
        printf(", %zu as the solver proved to its tolerance", found->solver_bound);
    if (found->feasible)
        printf("; the plan has %zu, a gap of %zu", found->count, found->gap);
    printf(".\n");
    if (overlap->note[0] != '\0')
        printf("No more is proven: %s.\n", overlap->note);
    return status;
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_money(json_writer *w, const char *key, int64_t nano) {
    if (nano != INT64_MIN && nano != INT64_MAX)
        json_decimal(w, key, nano);
}

void rebalance_overlap_put(const rebalance_overlap *overlap, const tw_rebalance_plan *plan,
                           json_writer *w) {
    static const char *const proofs[] = {"none", "solver", "exact"};
    const tw_overlap_plan *found = &overlap->plan;
    json_open(w, "limits", '[');
    for (size_t k = 0; k < overlap->limits.count; k++) {
        json_open(w, NULL, '{');
        json_text(w, "limit", rebalance_limits_name(&overlap->limits, k));
        json_decimal(w, "before",
                     rebalance_limits_worth(&overlap->limits, k, overlap->input, NULL));
        if (plan->feasible)
            json_decimal(w, "after",
                         rebalance_limits_worth(&overlap->limits, k, overlap->input, plan));
        put_money(w, "min", rebalance_limits_least(&overlap->limits, k, overlap->equity));
        put_money(w, "max", rebalance_limits_most(&overlap->limits, k, overlap->equity));
        json_close(w);
    }
    json_close(w);
    json_open(w, "proof", '{');
    json_text(w, "by", proofs[found->proof]);
    json_count(w, "bound", found->bound);
    json_count(w, "solver_bound", found->solver_bound);
    json_count(w, "gap", found->gap);
    json_text(w, "solver", overlap->solver);
    json_text(w, "note", overlap->note);
    json_close(w);
}
