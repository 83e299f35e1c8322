/*
 * fuzz_overlap.c - answers of solvers, to problems of which the first bytes choose the limits.
 *
 * Whatever the text says: an answer that is refused writes nothing; a plan that is called feasible
 * trades allowed lots only, keeps the cash in its window and the row in its limits, and has no
 * fewer trades than its bounds.
 */
#include <stdint.h>
#include <string.h>

#include "tradewind/overlap.h"

#define COUNT 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct setting {
    tw_rebalance_range ranges[COUNT];
    int64_t coefficients[COUNT];
    tw_overlap_row row;
    tw_overlap_problem problem;
} setting;

static void set(setting *s, const uint8_t *bytes) {
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < COUNT; i++) {
        bool fine = bytes[i] >> 7 != 0; /* lots of 1e-9: a continuous column */
        int64_t scale = fine ? TW_NANO : 1;
        s->ranges[i] = (tw_rebalance_range){.price = {(1 + (bytes[i] & 7)) * TW_NANO},
                                            .lot = {fine ? 1 : TW_NANO},
                                            .lots_min = -(bytes[i] >> 3 & 3) * scale,
                                            .lots_max = (bytes[i] >> 5 & 3) * scale,
                                            .lots_least = 1};
        s->coefficients[i] = ((int64_t)i - 1) * TW_NANO;
    }
    s->row = (tw_overlap_row){
        s->coefficients, {-(int64_t)(bytes[4] & 15) * TW_NANO}, {(bytes[4] >> 4) * TW_NANO}};
    s->problem = (tw_overlap_problem){.ranges = s->ranges,
                                      .count = COUNT,
                                      .rows = &s->row,
                                      .row_count = 1,
                                      .cash = {10 * TW_NANO},
                                      .cash_min = {(bytes[5] & 15) * TW_NANO},
                                      .cash_max = {((bytes[5] & 15) + (bytes[5] >> 4)) * TW_NANO}};
}

static void check(const setting *s, const tw_overlap_plan *plan) {
    TW_ASSERT(plan->count >= plan->bound && plan->solver_bound >= plan->bound);
    TW_ASSERT(plan->gap == plan->count - plan->solver_bound);
    int64_t cash = s->problem.cash.nano;
    int64_t sum = 0;
    for (size_t k = 0; k < plan->count; k++) {
        const tw_rebalance_trade *trade = &plan->trades[k];
        const tw_rebalance_range *range = &s->ranges[trade->index];
        int64_t sign = trade->side == TW_SIDE_SELL ? -1 : 1;
        int64_t lots = sign * trade->quantity.nano / range->lot.nano;
        TW_ASSERT(lots != 0 && lots >= range->lots_min && lots <= range->lots_max);
        int64_t value = lots * (range->price.nano / TW_NANO) * range->lot.nano;
        cash -= value;
        sum += value * (s->coefficients[trade->index] / TW_NANO);
    }
    TW_ASSERT(cash == plan->cash_after.nano);
    TW_ASSERT(cash >= s->problem.cash_min.nano && cash <= s->problem.cash_max.nano);
    TW_ASSERT(sum >= s->row.least.nano && sum <= s->row.most.nano);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 6)
        return 0;
    setting s;
    set(&s, data);
    TW_AUTO(tw_overlap) *overlap = NULL;
    if (tw_overlap_new(NULL, COUNT, 1, &overlap) != TW_OK)
        return 0;
    tw_slice text = {(const char *)data + 6, size - 6};
    tw_overlap_answer answer = {text, text};
    tw_overlap_plan plan;
    memset(&plan, 0x5a, sizeof plan);
    tw_overlap_plan before;
    memcpy(&before, &plan, sizeof before);
    tw_error error = {0};
    tw_status status = tw_overlap_read(overlap, &s.problem, &answer, &plan, &error);
    if (status != TW_OK) {
        TW_ASSERT(memcmp(&plan, &before, sizeof plan) == 0 && error.message[0] != 0);
        return 0;
    }
    if (plan.feasible)
        check(&s, &plan);
    return 0;
}
