/*
 * rebalance_overlap.h - the plan of `tradewind rebalance --limits`: the fewest trades under limits
 * that overlap, by a search of its own and, where that cannot prove it, by an outside solver.
 */
#ifndef TRADEWIND_CLI_REBALANCE_OVERLAP_H
#define TRADEWIND_CLI_REBALANCE_OVERLAP_H

#include "json_writer.h"
#include "rebalance_limits.h"
#include "tradewind/solver.h"

/* What is wished for. */
typedef struct overlap_wishes {
    const char *program; /* of the solver; NULL: none is to be asked */
    bool named;          /* the user named it: not to find it is an error */
    int64_t deadline_ns;
} overlap_wishes;

/* Zeroed, it is empty. */
typedef struct rebalance_overlap {
    overlap_wishes wishes;
    const rebalance_input *input;
    rebalance_limits limits;
    tw_rebalance_range *ranges; /* [input->count] */
    uint8_t *outcomes;          /* [input->count] */
    tw_overlap *own;            /* of the search ... */
    tw_overlap *solved;         /* ... and of the solver's answer */
    tw_overlap_plan plan;       /* of one of them */
    tw_money equity;
    char solver[TW_SOLVER_PATH_SIZE]; /* that was asked; empty: none */
    char note[TW_ERROR_MESSAGE_SIZE]; /* why it was not, or what became of it; or empty */
} rebalance_overlap;

/* Reads the limits; after the positions. Close it in any case. */
tw_status rebalance_overlap_read(rebalance_overlap *overlap, const rebalance_input *input,
                                 const char *path, tw_error *error) TW_MUST_CHECK;

/* Plans. The trades and outcomes of `ret_plan` are borrowed until it is closed. TW_INTERRUPTED: a
 * signal came while the solver worked. */
tw_status rebalance_overlap_compute(rebalance_overlap *overlap, tw_rebalance *rebalance,
                                    const tw_rebalance_config *config, tw_rebalance_plan *ret_plan,
                                    tw_error *error) TW_MUST_CHECK;

void rebalance_overlap_close(rebalance_overlap *overlap);

/* A table of the limits and what is known of the plan, after an empty line; a member of a document.
 */
tw_status rebalance_overlap_print(const rebalance_overlap *overlap, const tw_rebalance_plan *plan,
                                  tw_error *error) TW_MUST_CHECK;
void rebalance_overlap_put(const rebalance_overlap *overlap, const tw_rebalance_plan *plan,
                           json_writer *writer);

#endif
