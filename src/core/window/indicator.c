/*
 * indicator.c - an indicator at work: its steps run over every row, one after the other.
 *
 * The plan of the configuration (indicator_plan.h) becomes an array of steps with their kernels
 * and their places in one block of memory. Nothing here knows a formula.
 *
 * The block, in doubles, every part on a multiple of 8 of them (a cache line):
 *
 *     registers [count][stride]   lanes of each (rows, of a single series), constants filled once
 *     for each step: ring [fields][n][lanes], (medians: [n][lanes] and [lanes][n]), state
 *     weights of a weighted mean
 *
 * Invariants:
 * 1. Registers of constants are written at creation and clearing, and by no step.
 * 2. What a step keeps is zero, place 0 and not full, before the first row.
 */
#include "tradewind/indicator.h"

#include "indicator_plan.h"
#include "levels.h"
#include "tradewind/cpu.h"

#include <string.h>

#define LINE 8 /* doubles in a cache line */

struct tw_indicator {
    tw_allocator allocator;
    size_t lanes;
    size_t step_count;
    size_t output_count;
    size_t register_count;
    tw_step *steps;
    double *block;
    size_t block_count;
    double *inputs[TW_INDICATOR_INPUT_COUNT]; /* registers, NULL where it is not read */
    const double *outputs[TW_INDICATOR_OUTPUTS_MAX];
    size_t kept_from; /* where in the block the registers end and what steps keep begins */
    size_t kept_to;
    double *constants[TW_PLAN_REGISTERS_MAX]; /* NULL where a register is none */
    double constant_values[TW_PLAN_REGISTERS_MAX];
    tw_step_table table;
};

typedef struct step_size {
    unsigned char rows;
    unsigned char extra;
    unsigned char outputs;
} step_size;

static const step_size sizes[TW_STEP_KIND_COUNT] = {
#define STEP_SIZE(name, function, outputs, rows, extra) {rows, extra, outputs},
    TW_STEP_TABLE(STEP_SIZE)
#undef STEP_SIZE
};

/* ---- Levels ----------------------------------------------------------------------------- */

#define DECLARE_LEVEL(level)                                \
    void tw_indicator_cells_##level(tw_step_table *);       \
    void tw_indicator_blocks_##level(tw_step_table *);      \
    void tw_indicator_scans_##level(tw_step_table *);       \
    void tw_indicator_sorted_##level(tw_step_table *);      \
    void tw_indicator_hurst_##level(tw_step_table *);       \
    void tw_indicator_recurrences_##level(tw_step_table *); \
    void tw_indicator_stops_##level(tw_step_table *);       \
    void tw_indicator_cycles_##level(tw_step_table *);      \
    static void take_##level(tw_step_table *ret_table) {    \
        tw_indicator_cells_##level(ret_table);              \
        tw_indicator_blocks_##level(ret_table);             \
        tw_indicator_scans_##level(ret_table);              \
        tw_indicator_sorted_##level(ret_table);             \
        tw_indicator_hurst_##level(ret_table);              \
        tw_indicator_recurrences_##level(ret_table);        \
        tw_indicator_stops_##level(ret_table);              \
        tw_indicator_cycles_##level(ret_table);             \
    }

DECLARE_LEVEL(single)
DECLARE_LEVEL(baseline)
#if defined(__x86_64__)
DECLARE_LEVEL(avx2)
DECLARE_LEVEL(avx512)
#endif

/* Lanes that do not fill a register of a level are left to a narrower one. */
static tw_cpu_level level_for(tw_cpu_level level, size_t lanes) {
    if (level == TW_CPU_AVX512 && lanes < 8)
        level = TW_CPU_AVX2;
    return level == TW_CPU_AVX2 && lanes < 4 ? TW_CPU_BASELINE : level;
}

static void kernels_of(tw_cpu_level level, size_t lanes, tw_step_table *ret_table) {
    if (lanes == 1)
        take_single(ret_table);
    else
        LEVEL_PICK(level_for(level, lanes), take)(ret_table);
}

/* ---- Memory ----------------------------------------------------------------------------- */

/* Of a register. */
static size_t cells_of(size_t lanes) {
    return lanes == 1 ? TW_STEP_ROWS_MAX : lanes;
}

static size_t lines(size_t count) {
    return (count + LINE - 1) / LINE * LINE;
}

static size_t ring_size(const tw_plan_step *step, size_t lanes) {
    return lines((size_t)sizes[step->kind].rows * step->n * lanes);
}

static size_t state_size(const tw_plan_step *step, size_t lanes) {
    return lines((size_t)sizes[step->kind].extra * lanes);
}

static size_t weight_size(const tw_plan_step *step) {
    return lines(tw_plan_weight_count(step));
}

/* Doubles of the whole block. They can be counted: 160 steps of 8 fields by 3e6 rows by 1e6 lanes
 * are less than 2^64. */
static uint64_t block_size(const tw_plan *plan, size_t lanes) {
    uint64_t total = (uint64_t)plan->register_count * lines(cells_of(lanes));
    for (size_t i = 0; i < plan->step_count; i++) {
        const tw_plan_step *step = &plan->steps[i];
        total += ring_size(step, lanes) + state_size(step, lanes) + weight_size(step);
    }
    return total;
}

static double *register_at(const tw_indicator *indicator, tw_register a) {
    return indicator->block + (size_t)a * lines(cells_of(indicator->lanes));
}

static void place_step(tw_indicator *indicator, tw_step *step, const tw_plan_step *from,
                       size_t *next) {
    step->run = indicator->table.kernels[from->kind];
    step->lanes = indicator->lanes;
    step->n = from->n;
    step->k = from->k;
    step->m = from->m;
    step->l = from->l;
    for (size_t i = 0; i < TW_STEP_INPUTS_MAX; i++) {
        if (from->in[i] != TW_NO_REGISTER)
            step->in[i] = register_at(indicator, from->in[i]);
    }
    for (size_t o = 0; o < sizes[from->kind].outputs; o++)
        step->out[o] = register_at(indicator, from->out + (tw_register)o);
    step->ring = indicator->block + *next;
    *next += ring_size(from, indicator->lanes);
    step->state = indicator->block + *next;
    *next += state_size(from, indicator->lanes);
}

/* Registers, then what steps keep, then weights: clearing is one stroke over the middle. */
static void place_all(tw_indicator *indicator, const tw_plan *plan) {
    size_t next = (size_t)plan->register_count * lines(cells_of(indicator->lanes));
    indicator->kept_from = next;
    for (size_t i = 0; i < plan->step_count; i++)
        place_step(indicator, &indicator->steps[i], &plan->steps[i], &next);
    indicator->kept_to = next;
    for (size_t i = 0; i < plan->step_count; i++) {
        if (weight_size(&plan->steps[i]) == 0)
            continue;
        tw_plan_weights(&plan->steps[i], indicator->block + next);
        indicator->steps[i].weights = indicator->block + next;
        next += weight_size(&plan->steps[i]);
    }
    TW_ASSERT(next == indicator->block_count);
    for (size_t i = 0; i < TW_INDICATOR_INPUT_COUNT; i++) {
        if (plan->inputs[i] != TW_NO_REGISTER)
            indicator->inputs[i] = register_at(indicator, plan->inputs[i]);
    }
    for (size_t o = 0; o < plan->output_count; o++)
        indicator->outputs[o] = register_at(indicator, plan->outputs[o]);
    for (tw_register a = 0; a < plan->register_count; a++) {
        if (plan->registers[a].constant)
            indicator->constants[a] = register_at(indicator, a);
        indicator->constant_values[a] = plan->registers[a].value;
    }
}

static tw_status make(tw_indicator *indicator, const tw_plan *plan) {
    indicator->step_count = plan->step_count;
    indicator->output_count = plan->output_count;
    indicator->register_count = (size_t)plan->register_count;
    uint64_t count = block_size(plan, indicator->lanes);
    if (count > TW_INDICATOR_MEMORY_MAX / sizeof(double))
        return TW_NO_MEMORY;
    indicator->block_count = (size_t)count;
    if (plan->step_count > 0) {
        indicator->steps = TW_NEW(&indicator->allocator, plan->step_count, tw_step);
        if (indicator->steps == NULL)
            return TW_NO_MEMORY;
    }
    indicator->block = tw_allocate(&indicator->allocator, indicator->block_count, sizeof(double),
                                   LINE * sizeof(double));
    if (indicator->block == NULL)
        return TW_NO_MEMORY;
    place_all(indicator, plan);
    tw_indicator_clear(indicator);
    return TW_OK;
}

/* ---- The handle ------------------------------------------------------------------------- */

tw_status tw_indicator_new(const tw_allocator *allocator, const tw_indicator_config *config,
                           tw_indicator **ret_indicator) {
    TW_ASSERT(config != NULL && ret_indicator != NULL);
    tw_status status = tw_indicator_check_config(config, NULL);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_plan *plan = TW_NEW(allocator, 1, tw_plan);
    tw_indicator *indicator = plan == NULL ? NULL : TW_NEW(allocator, 1, tw_indicator);
    status = TW_NO_MEMORY;
    if (indicator != NULL) {
        tw_plan_make(plan, config, 0);
        indicator->allocator = *allocator;
        indicator->lanes = config->lanes == 0 ? 1 : config->lanes;
        kernels_of(tw_cpu_choose(config->cpu_level), indicator->lanes, &indicator->table);
        status = make(indicator, plan);
    }
    TW_DELETE(allocator, plan, 1, tw_plan);
    if (status != TW_OK) {
        tw_indicator_free(indicator);
        return status;
    }
    *ret_indicator = indicator;
    return TW_OK;
}

void tw_indicator_free(tw_indicator *indicator) {
    if (indicator == NULL)
        return;
    tw_allocator allocator = indicator->allocator;
    tw_release(&allocator, indicator->block, indicator->block_count, sizeof(double),
               LINE * sizeof(double));
    TW_DELETE(&allocator, indicator->steps, indicator->step_count, tw_step);
    TW_DELETE(&allocator, indicator, 1, tw_indicator);
}

void tw_indicator_clear(tw_indicator *indicator) {
    memset(indicator->block + indicator->kept_from, 0,
           (indicator->kept_to - indicator->kept_from) * sizeof(double));
    for (size_t i = 0; i < indicator->step_count; i++) {
        indicator->steps[i].place = 0;
        indicator->steps[i].full = false;
    }
    for (size_t a = 0; a < indicator->register_count; a++) {
        for (size_t i = 0; indicator->constants[a] != NULL && i < cells_of(indicator->lanes); i++)
            indicator->constants[a][i] = indicator->constant_values[a];
    }
}

size_t tw_indicator_outputs(const tw_indicator *indicator) {
    return indicator->output_count;
}

size_t tw_indicator_lanes(const tw_indicator *indicator) {
    return indicator->lanes;
}

/* ---- Rows ------------------------------------------------------------------------------- */

static const bool no_resets[TW_STEP_ROWS_MAX];

/* One series may stand in a table with others. */
static void clean_apart(const tw_indicator *indicator, const double *from, size_t stride,
                        size_t rows, double *to) {
    for (size_t r = 0; r < rows; r++)
        indicator->table.clean(from + r * stride, 1, to + r);
}

/* Takes `rows` rows from `first` on: one, or of a single series TW_STEP_ROWS_MAX at most. */
static void take_rows(tw_indicator *indicator, const tw_indicator_table *table, size_t first,
                      size_t rows) {
    for (size_t i = 0; i < TW_INDICATOR_INPUT_COUNT; i++) {
        if (indicator->inputs[i] == NULL)
            continue;
        TW_ASSERT(table->inputs[i] != NULL);
        const double *from = table->inputs[i] + first * table->stride;
        if (rows > 1 && table->stride > 1)
            clean_apart(indicator, from, table->stride, rows, indicator->inputs[i]);
        else
            indicator->table.clean(from, rows * indicator->lanes, indicator->inputs[i]);
    }
    const bool *resets = table->resets == NULL ? no_resets : table->resets + first;
    for (uint32_t i = 0; i < indicator->step_count; i++) {
        tw_step *step = &indicator->steps[i];
        step->rows = rows;
        step->resets = resets;
        step->run(step);
    }
}

void tw_indicator_push(tw_indicator *indicator, const tw_indicator_row *row, double *ret_outputs) {
    TW_ASSERT(row != NULL && ret_outputs != NULL);
    tw_indicator_table table = {.resets = &row->reset, .rows = 1, .stride = indicator->lanes};
    memcpy(table.inputs, row->inputs, sizeof table.inputs);
    take_rows(indicator, &table, 0, 1);
    for (size_t o = 0; o < indicator->output_count; o++)
        indicator->table.publish(indicator->outputs[o], indicator->lanes,
                                 ret_outputs + o * indicator->lanes);
}

void tw_indicator_run(tw_indicator *indicator, const tw_indicator_table *table,
                      double *const *ret_outputs) {
    TW_ASSERT(table != NULL && ret_outputs != NULL);
    TW_ASSERT(table->stride >= indicator->lanes);
    const size_t lanes = indicator->lanes;
    const size_t most = lanes == 1 ? TW_STEP_ROWS_MAX : 1;
    for (size_t r = 0; r < table->rows; r += most) {
        const size_t rows = table->rows - r < most ? table->rows - r : most;
        take_rows(indicator, table, r, rows);
        for (size_t o = 0; o < indicator->output_count; o++) {
            if (ret_outputs[o] != NULL)
                indicator->table.publish(indicator->outputs[o], rows * lanes,
                                         ret_outputs[o] + r * lanes);
        }
    }
}

/* ---- What can be asked beforehand -------------------------------------------------------- */

size_t tw_indicator_lookback(const tw_indicator_config *config, uint32_t output) {
    TW_ASSERT(tw_indicator_check_config(config, NULL) == TW_OK);
    tw_plan plan;
    tw_plan_make(&plan, config, 0);
    TW_ASSERT(output < plan.output_count);
    return plan.registers[plan.outputs[output]].lookback;
}

size_t tw_indicator_unstable(const tw_indicator_config *config, uint32_t output, double tolerance) {
    TW_ASSERT(tw_indicator_check_config(config, NULL) == TW_OK);
    TW_ASSERT(tolerance > 0 && tolerance < 1);
    tw_plan plan;
    tw_plan_make(&plan, config, tolerance);
    TW_ASSERT(output < plan.output_count);
    const tw_plan_register *answer = &plan.registers[plan.outputs[output]];
    if (answer->settled == TW_INDICATOR_FOREVER || answer->lookback == TW_INDICATOR_FOREVER)
        return TW_INDICATOR_FOREVER;
    return answer->settled > answer->lookback ? answer->settled - answer->lookback : 0;
}
