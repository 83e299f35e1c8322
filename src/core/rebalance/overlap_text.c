/*
 * overlap_text.c - the problem as a model for a solver, and the solver's answer as a plan.
 *
 * A column a position and side: "s7" is what is sold of position 7, "b7" what is bought, both at
 * least 0. It counts lots, as a whole number, while there are few; beyond LOTS_WHOLE_MAX it counts
 * money and is continuous, and the answer is brought to whole lots afterwards. A position that need
 * not trade has a column "S7" or "B7" of 0 or 1 that says whether it does, and rows that tie the
 * two:
 *
 *     s7 <= most x S7      s7 >= least x S7      S7 + B7 <= 1
 *
 * The cost to make least is the number of further trades plus the turnover over twice the greatest
 * there can be: less than one half together, so it only decides between plans of one count. So a
 * bound c of the cost is a bound ceil(c - 1/2) of the count.
 *
 * An answer is text of CBC's solution file: a first line that says how it ended, then a line a
 * column that is not 0: index, name, value, reduced cost; with "**" before one that breaks a limit.
 *
 * Invariant: nothing of the answer is believed but its claim of a bound, which the plan keeps
 * apart; and not that either where a checked plan contradicts it. For a claim that there is no
 * plan, one is looked for.
 */
#include <math.h>
#include <string.h>

#include "overlap_priv.h"
#include "tradewind/decimal.h"

#define LOTS_WHOLE_MAX 1000000
/* What a solver's cost may be wrong by. */
#define COST_SLACK 1e-6
#define LINE_SIZE 64 /* of the model, at most; of the sizes below */

/* One column: the position, its side and what a unit of it is. */
typedef struct column {
    size_t index;
    bool sells;
    bool whole;     /* counts lots, else money */
    bool mandatory; /* trades in any case: no column for whether */
    double least;   /* in its unit */
    double most;
    double value; /* money of a unit */
} column;

static bool column_of(const tw_overlap_problem *problem, size_t index, bool sells,
                      column *ret_column) {
    const tw_rebalance_range *range = &problem->ranges[index];
    overlap_side side;
    if (!overlap_side_of(range, sells, &side))
        return false;
    int64_t least = sells ? -side.high : side.low;
    int64_t most = sells ? -side.low : side.high;
    double lot_value = (double)range->lot.nano * (double)range->price.nano * 1e-18;
    bool whole = most <= LOTS_WHOLE_MAX;
    double unit = whole ? 1 : lot_value;
    *ret_column = (column){.index = index,
                           .sells = sells,
                           .whole = whole,
                           .mandatory = overlap_is_mandatory(range),
                           .least = (double)least * unit,
                           .most = (double)most * unit,
                           .value = whole ? lot_value : 1};
    return true;
}

/* Calls for every column of the kind, position by position, sales first. */
typedef void (*column_writer)(const tw_overlap *overlap, const tw_overlap_problem *problem,
                              const column *c, tw_text *text);

static void for_columns(const tw_overlap *overlap, const tw_overlap_problem *problem, bool whole,
                        column_writer write, tw_text *text) {
    for (size_t i = 0; i < problem->count; i++) {
        for (int side = 0; side < 2; side++) {
            column c;
            if (column_of(problem, i, side == 0, &c) && c.whole == whole)
                write(overlap, problem, &c, text);
        }
    }
}

static char letter(const column *c) {
    return c->sells ? 's' : 'b';
}

static char capital(const column *c) {
    return c->sells ? 'S' : 'B';
}

/* Both sides of the position may trade. */
static bool has_two_sides(const tw_overlap_problem *problem, size_t index) {
    overlap_side side;
    return overlap_side_of(&problem->ranges[index], true, &side) &&
           overlap_side_of(&problem->ranges[index], false, &side);
}

/* --- rows ----------------------------------------------------------------------------------- */

static double in_money(const tw_overlap *overlap, size_t limit, bool least) {
    const overlap_limit *l = &overlap->limits[limit];
    return (double)(least ? l->least : l->most) * (limit == 0 ? 1e-9 : 1e-27);
}

/* N no limit, E both the same, G only a least; else L, with a range when there is a least too. */
static char kind_of(const overlap_limit *l) {
    if (!l->has_least && !l->has_most)
        return 'N';
    if (l->has_least && l->has_most && l->least == l->most)
        return 'E';
    return l->has_most ? 'L' : 'G';
}

static void write_tie_rows(const tw_overlap *overlap, const tw_overlap_problem *problem,
                           const column *c, tw_text *text) {
    (void)overlap;
    if (c->mandatory)
        return;
    tw_text_append_format(text, " L m%c%zu\n G l%c%zu\n", letter(c), c->index, letter(c), c->index);
    if (c->sells && has_two_sides(problem, c->index))
        tw_text_append_format(text, " L t%zu\n", c->index);
}

static void write_rows(const tw_overlap *overlap, const tw_overlap_problem *problem,
                       tw_text *text) {
    tw_text_append_string(text, "NAME tradewind FREE\nROWS\n N cost\n");
    for (size_t r = 0; r <= problem->row_count; r++) {
        char kind = kind_of(&overlap->limits[r]);
        if (kind != 'N')
            tw_text_append_format(text, " %c r%zu\n", kind, r);
    }
    for_columns(overlap, problem, true, write_tie_rows, text);
    for_columns(overlap, problem, false, write_tie_rows, text);
}

static void write_right_sides(const tw_overlap *overlap, const tw_overlap_problem *problem,
                              tw_text *text) {
    tw_text_append_string(text, "RHS\n");
    for (size_t r = 0; r <= problem->row_count; r++) {
        char kind = kind_of(&overlap->limits[r]);
        if (kind == 'N')
            continue;
        tw_text_append_format(text, " rhs r%zu ", r);
        tw_text_append_double(text, in_money(overlap, r, kind == 'G'));
        tw_text_append_char(text, '\n');
    }
    for (size_t i = 0; i < problem->count; i++)
        if (!overlap_is_mandatory(&problem->ranges[i]) && has_two_sides(problem, i))
            tw_text_append_format(text, " rhs t%zu 1\n", i);
    tw_text_append_string(text, "RANGES\n");
    for (size_t r = 0; r <= problem->row_count; r++) {
        if (kind_of(&overlap->limits[r]) != 'L' || !overlap->limits[r].has_least)
            continue;
        tw_text_append_format(text, " range r%zu ", r);
        tw_text_append_double(text, in_money(overlap, r, false) - in_money(overlap, r, true));
        tw_text_append_char(text, '\n');
    }
}

/* --- columns -------------------------------------------------------------------------------- */

static void write_entry(const column *c, const char *row, double value, tw_text *text) {
    if (value == 0)
        return;
    tw_text_append_format(text, " %c%zu %s ", letter(c), c->index, row);
    tw_text_append_double(text, value);
    tw_text_append_char(text, '\n');
}

static void write_amount(const tw_overlap *overlap, const tw_overlap_problem *problem,
                         const column *c, tw_text *text) {
    double rate = (double)problem->cost_rate_nano * 1e-9;
    double most = (double)overlap_value_most(problem) * 1e-9;
    double sign = c->sells ? -1 : 1;
    write_entry(c, "cost", c->value / (2 * most), text);
    for (size_t r = 0; r <= problem->row_count; r++) {
        if (kind_of(&overlap->limits[r]) == 'N')
            continue;
        double coefficient = r == 0
                                 ? 1 + sign * rate
                                 : (double)problem->rows[r - 1].coefficients_nano[c->index] * 1e-9;
        char row[LINE_SIZE];
        tw_text name = tw_text_over(row, sizeof row);
        tw_text_append_format(&name, "r%zu", r);
        write_entry(c, row, sign * coefficient * c->value, text);
    }
    if (!c->mandatory)
        tw_text_append_format(text, " %c%zu m%c%zu 1 l%c%zu 1\n", letter(c), c->index, letter(c),
                              c->index, letter(c), c->index);
}

static void write_whether(const tw_overlap *overlap, const tw_overlap_problem *problem,
                          const column *c, tw_text *text) {
    (void)overlap;
    if (c->mandatory)
        return;
    tw_text_append_format(text, " %c%zu cost 1 m%c%zu ", capital(c), c->index, letter(c), c->index);
    tw_text_append_double(text, -c->most);
    tw_text_append_format(text, "\n %c%zu l%c%zu ", capital(c), c->index, letter(c), c->index);
    tw_text_append_double(text, -c->least);
    if (has_two_sides(problem, c->index))
        tw_text_append_format(text, " t%zu 1", c->index);
    tw_text_append_char(text, '\n');
}

static void write_bounds(const tw_overlap *overlap, const tw_overlap_problem *problem,
                         const column *c, tw_text *text) {
    (void)overlap;
    (void)problem;
    tw_text_append_format(text, " LO bound %c%zu ", letter(c), c->index);
    tw_text_append_double(text, c->mandatory ? c->least : 0);
    tw_text_append_format(text, "\n UP bound %c%zu ", letter(c), c->index);
    tw_text_append_double(text, c->most);
    tw_text_append_char(text, '\n');
    if (!c->mandatory)
        tw_text_append_format(text, " UP bound %c%zu 1\n", capital(c), c->index);
}

size_t tw_overlap_model_size_max(size_t count, size_t row_count) {
    /* Two columns a position, each with its entries, ties, right side and bounds. */
    size_t lines_a_column = row_count + 12;
    return LINE_SIZE * (2 * count * lines_a_column + 4 * (row_count + 1) + 16);
}

tw_status tw_overlap_write(tw_overlap *overlap, const tw_overlap_problem *problem,
                           tw_text *ret_model, tw_error *error) {
    TW_ASSERT(overlap != NULL && problem != NULL && ret_model != NULL);
    tw_status status = overlap_begin(overlap, problem, error);
    if (status != TW_OK)
        return status;
    tw_text *text = ret_model;
    tw_text_clear(text);
    write_rows(overlap, problem, text);
    tw_text_append_string(text, "COLUMNS\n M1 'MARKER' 'INTORG'\n");
    for_columns(overlap, problem, true, write_amount, text);
    for_columns(overlap, problem, true, write_whether, text);
    for_columns(overlap, problem, false, write_whether, text);
    tw_text_append_string(text, " M2 'MARKER' 'INTEND'\n");
    for_columns(overlap, problem, false, write_amount, text);
    write_right_sides(overlap, problem, text);
    tw_text_append_string(text, "BOUNDS\n");
    for_columns(overlap, problem, true, write_bounds, text);
    for_columns(overlap, problem, false, write_bounds, text);
    tw_text_append_string(text, "ENDATA\n");
    if (text->truncated) {
        tw_text_clear(text);
        return tw_error_set(error, TW_FULL, "the model is larger than its %zu bytes",
                            text->capacity);
    }
    return TW_OK;
}

/* --- the answer ----------------------------------------------------------------------------- */

typedef enum ending { ENDED_OPTIMAL, ENDED_INFEASIBLE, ENDED_EARLY } ending;

typedef struct reading {
    ending ending;
    bool has_lots;
    bool contradicted; /* by a plan that was checked */
    size_t claimed;    /* trades that it says are needed */
    double cost;       /* that the solver claims for its lots */
} reading;

/* The next word of a line; empty at its end. */
static tw_slice next_word(tw_slice *rest) {
    *rest = tw_slice_trim(*rest);
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t')
        size++;
    tw_slice word = {rest->data, size};
    rest->data += size;
    rest->size -= size;
    return word;
}

#define NOT_FOUND SIZE_MAX

/* Where the words stand that `text` has of `label`. */
static size_t find(tw_slice text, const char *label) {
    size_t size = strlen(label);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, label, size) == 0)
            return i;
    return NOT_FOUND;
}

/* The number that stands behind `label`, after any blanks. */
static bool number_after(tw_slice text, const char *label, double *ret_value) {
    size_t at = find(text, label);
    if (at == NOT_FOUND)
        return false;
    size_t begin = at + strlen(label);
    tw_slice rest = {text.data + begin, text.size - begin};
    tw_slice line = tw_slice_split(&rest, '\n');
    return tw_parse_double(next_word(&line), ret_value) == TW_OK;
}

static tw_status read_first_line(tw_slice line, reading *ret_reading, tw_error *error) {
    line = tw_slice_trim(line);
    bool nothing = find(line, "no integer solution") != NOT_FOUND;
    if (tw_slice_starts_with(line, "Optimal")) {
        *ret_reading = (reading){.ending = ENDED_OPTIMAL, .has_lots = true};
    } else if (tw_slice_starts_with(line, "Infeasible") ||
               tw_slice_starts_with(line, "Integer infeasible")) {
        *ret_reading = (reading){.ending = ENDED_INFEASIBLE};
        return TW_OK;
    } else if (tw_slice_starts_with(line, "Stopped on")) {
        *ret_reading = (reading){.ending = ENDED_EARLY, .has_lots = !nothing};
    } else {
        return tw_error_set_at(error, TW_PARSE, "solution", 1, 0,
                               "the solver's answer does not begin with how it ended");
    }
    if (!number_after(line, "objective value", &ret_reading->cost) && ret_reading->has_lots)
        return tw_error_set_at(error, TW_PARSE, "solution", 1, 0,
                               "the solver's answer has no objective value");
    return TW_OK;
}

/* The lots of a column's value: those nearest, and allowed where that is possible. */
static int64_t lots_of(const tw_overlap_problem *problem, const column *c, double value) {
    double lot = c->whole ? 1
                          : (double)problem->ranges[c->index].lot.nano *
                                (double)problem->ranges[c->index].price.nano * 1e-18;
    overlap_side side;
    bool has_side = overlap_side_of(&problem->ranges[c->index], c->sells, &side);
    TW_ASSERT(has_side);
    double lots = floor(fmin(fmax(value, 0), c->most) / lot + 0.5);
    if (lots <= 0)
        return 0;
    int64_t signed_lots = c->sells ? -(int64_t)lots : (int64_t)lots;
    if (signed_lots < side.low)
        return side.low;
    return signed_lots > side.high ? side.high : signed_lots;
}

/* A line of the solution: columns that say whether are left aside, lots are what counts. */
static tw_status read_column(tw_overlap *overlap, const tw_overlap_problem *problem, tw_slice line,
                             uint64_t number, tw_error *error) {
    tw_slice first = next_word(&line);
    if (tw_slice_equal_string(first, "**"))
        first = next_word(&line);
    tw_slice name = next_word(&line);
    double value = 0;
    uint64_t unused = 0;
    if (tw_parse_u64(first, &unused) != TW_OK || name.size < 2 ||
        tw_parse_double(next_word(&line), &value) != TW_OK)
        return tw_error_set_at(error, TW_PARSE, "solution", number, 0,
                               "expected a number, a column and its value");
    if (name.data[0] == 'S' || name.data[0] == 'B')
        return TW_OK;
    bool sells = name.data[0] == 's';
    uint64_t index = 0;
    column c;
    if ((!sells && name.data[0] != 'b') ||
        tw_parse_u64((tw_slice){name.data + 1, name.size - 1}, &index) != TW_OK ||
        index >= problem->count || !column_of(problem, (size_t)index, sells, &c))
        return tw_error_set_at(error, TW_PARSE, "solution", number, 0,
                               "there is no such column in the model");
    int64_t lots = lots_of(problem, &c, value);
    if (lots != 0)
        overlap->lots[index] = lots;
    return TW_OK;
}

static tw_status read_solution(tw_overlap *overlap, const tw_overlap_problem *problem,
                               tw_slice solution, reading *ret_reading, tw_error *error) {
    for (size_t i = 0; i < problem->count; i++)
        overlap->lots[i] = 0;
    tw_slice rest = solution;
    tw_status status = read_first_line(tw_slice_split(&rest, '\n'), ret_reading, error);
    for (uint64_t number = 2; status == TW_OK && ret_reading->has_lots && rest.data != NULL;
         number++) {
        tw_slice line = tw_slice_trim(tw_slice_split(&rest, '\n'));
        if (line.size > 0)
            status = read_column(overlap, problem, line, number, error);
    }
    return status;
}

/* Every lot is allowed: a mandatory position that the answer left out is not. */
static bool lots_are_allowed(const tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t i = 0; i < problem->count; i++)
        if (!overlap_allows(&problem->ranges[i], overlap->lots[i]))
            return false;
    return true;
}

/* What the solver proved, as a count; nothing, when the plan has fewer. */
static void apply_bound(reading *r, tw_slice log, tw_overlap_plan *plan) {
    double cost = r->cost;
    if (r->ending == ENDED_EARLY && !number_after(log, "Lower bound:", &cost))
        return;
    double further = ceil(cost - 0.5 - COST_SLACK);
    if (!(further > 0) || further > 1e15)
        return;
    size_t bound = plan->mandatory + (size_t)further;
    if (plan->feasible && bound > plan->count) {
        r->contradicted = true;
        r->claimed = bound;
        return;
    }
    if (bound <= plan->bound)
        return;
    plan->solver_bound = bound;
    plan->gap = plan->feasible ? plan->count - bound : 0;
    if (plan->feasible && plan->gap == 0)
        plan->proof = TW_OVERLAP_BY_SOLVER;
}

/* What is wrong with the solver goes before what is known without it. */
static void say_contradiction(const reading *r, tw_text *text) {
    if (!r->contradicted)
        return;
    if (r->ending == ENDED_INFEASIBLE)
        tw_text_append_string(text, "The solver says that no plan exists, but this one keeps every "
                                    "limit: its proof is not believed. ");
    else
        tw_text_append_format(text,
                              "The solver says that %zu trades are needed, but this plan keeps "
                              "every limit with fewer: its proof is not believed. ",
                              r->claimed);
}

static void say_plan(const tw_overlap_plan *plan, tw_text *text) {
    if (plan->proof == TW_OVERLAP_UNPROVEN)
        tw_text_append_format(text, "%zu trade%s, and at least %zu needed.", plan->count,
                              plan->count == 1 ? "" : "s", plan->solver_bound);
    else
        tw_text_append_format(text, "%zu trade%s, and no plan has fewer%s.", plan->count,
                              plan->count == 1 ? "" : "s",
                              plan->proof == TW_OVERLAP_EXACT ? ""
                                                              : ", as the solver proved to its "
                                                                "tolerance");
}

static void say(const reading *r, tw_overlap_plan *plan) {
    if (!plan->feasible && plan->proof == TW_OVERLAP_EXACT)
        return; /* said already, with the limit */
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    say_contradiction(r, &text);
    if (plan->feasible) {
        say_plan(plan, &text);
    } else if (r->ending == ENDED_INFEASIBLE) {
        plan->proof = TW_OVERLAP_BY_SOLVER;
        tw_text_append_string(&text, "No plan exists, as the solver found to its tolerance.");
    } else if (r->has_lots) {
        tw_text_append_string(&text, "No plan: the solver's answer breaks a limit by its tolerance "
                                     "and could not be put right in whole lots.");
    } else {
        tw_text_append_string(&text, "No plan was found before the solver had to stop.");
    }
}

/* The lots are a plan. The solver's are put right among its own trades; where it says that there is
 * no plan, one is looked for without it. */
static bool find_plan(tw_overlap *overlap, const tw_overlap_problem *problem, const reading *r) {
    bool found = false;
    if (r->ending == ENDED_INFEASIBLE) {
        overlap_begin_lots(overlap, problem);
        found = overlap_mend(overlap, problem, false);
    } else if (r->has_lots && lots_are_allowed(overlap, problem)) {
        found = overlap_mend(overlap, problem, true);
    }
    if (found)
        overlap_thin(overlap, problem); /* what was only a rounding of the solver */
    return found;
}

tw_status tw_overlap_read(tw_overlap *overlap, const tw_overlap_problem *problem,
                          const tw_overlap_answer *answer, tw_overlap_plan *ret_plan,
                          tw_error *error) {
    TW_ASSERT(overlap != NULL && problem != NULL && answer != NULL && ret_plan != NULL);
    tw_status status = overlap_begin(overlap, problem, error);
    reading r = {0};
    if (status == TW_OK)
        status = read_solution(overlap, problem, answer->solution, &r, error);
    if (status != TW_OK)
        return status;
    bool found = find_plan(overlap, problem, &r);
    tw_overlap_plan plan;
    memset(&plan, 0, sizeof plan);
    status = overlap_report(overlap, problem, found, &plan, error);
    if (status != TW_OK)
        return status;
    r.contradicted = r.ending == ENDED_INFEASIBLE && plan.feasible;
    if (r.ending != ENDED_INFEASIBLE && (plan.feasible || plan.proof != TW_OVERLAP_EXACT))
        apply_bound(&r, answer->log, &plan);
    say(&r, &plan);
    *ret_plan = plan;
    return TW_OK;
}
