/*
 * job_whole_system.c - from a market event to the order that follows from it: the whole engine, as
 * `tradewind run` has it, beside the same in careful Python (peer_chain.py), order by order.
 */
#include <stdio.h>
#include <string.h>

#include "chain_world.h"
#include "peer_scripts.h"
#include "proof_folder.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"

enum { DECISIONS = 1000, PEER_DECISIONS = 300 };

typedef struct system_state {
    chain chain;
    char input[PROOF_FOLDER_SIZE + 16]; /* of the peer */
    proof_peer *python;
} system_state;

static void dispose(void *state) {
    system_state *s = state;
    if (s == NULL)
        return;
    proof_peer_stop(s->python);
    chain_done(&s->chain);
    TW_DELETE(tw_allocator_system(), s, 1, system_state);
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    system_state *s = TW_NEW(tw_allocator_system(), 1, system_state);
    if (s == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a market");
    chain_make(&s->chain, (uint32_t)point->at[0], DECISIONS);
    s->python = NULL;
    snprintf(s->input, sizeof s->input, "%s/chain.txt", point->folder);
    *ret_state = s;
    return TW_OK;
}

static tw_status play(system_state *s, chain_way how, proof_run *run) {
    tw_engine_report report;
    double stages[TW_ENGINE_STAGE_COUNT];
    chain_run(&s->chain, how, run->units, &report, stages);
    run->elapsed_ns = s->chain.taken_sum_ns;
    run->checksum = 0;
    for (size_t i = 0; i < s->chain.order_count; i++) {
        const tw_order *order = &s->chain.orders[i];
        double shares = (double)(order->quantity.nano / TW_NANO);
        run->checksum += (order->symbol + 1) * (order->side == TW_SIDE_BUY ? shares : -shares);
    }
    if (run->latency != NULL)
        tw_histogram_merge(run->latency, &s->chain.due); /* what waits for others counts */
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    (void)error;
    return play(state, CHAIN_ALL, run);
}

static tw_status run_python(void *state, proof_run *run, tw_error *error) {
    system_state *s = state;
    const char *const arguments[] = {s->input, "--ask", NULL};
    tw_status status = TW_OK;
    if (s->python == NULL) {
        chain_write_input(&s->chain, s->input, PEER_DECISIONS);
        status = proof_peer_python(peer_chain, arguments, &s->python, error);
    }
    return status == TW_OK ? proof_peer_run(s->python, run, error) : status;
}

const proof_job proof_whole_system = {
    .name = "whole-system",
    .part = "OptimizedTradingSystem",
    .title = "From a market event to the order that follows from it",
    .unit = "order",
    .story = "A portfolio of equal weights; quotes and trades come 200,000 a second, and one in 65 "
             "takes a symbol out of its band. Told is the time from such an event until the order "
             "that brings the symbol home is with the broker: book, window, bars, weights, the "
             "fewest trades, 28 controls with a value at risk among them, the journal's entries. "
             "The naive way is the same in Python with NumPy, deques and JSON, whose orders are "
             "compared with ours one by one. The journal's wait for the disk is not in it, on "
             "neither side.",
    .check_units = PEER_DECISIONS,
    .axes = {{"symbols", {100, 200, 500, 1000}, 4, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"Python and NumPy", PROOF_NAIVE,
              "peer_chain.py: one object a symbol, NumPy for what "
              "is of all symbols",
              run_python, .units_most = PEER_DECISIONS},
             {"tradewind", PROOF_OURS, "the engine of `tradewind run`", run_ours,
              .has_latency = true, .units_most = DECISIONS}},
};
