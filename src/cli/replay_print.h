/*
 * replay_print.h - what a replay came to, for people and as JSON.
 */
#ifndef TRADEWIND_CLI_REPLAY_PRINT_H
#define TRADEWIND_CLI_REPLAY_PRINT_H

#include "replay_inputs.h"
#include "replay_journal.h"

/* Everything that is shown. */
typedef struct replay_outcome {
    const char *file;
    tw_replay_origin origin;
    tw_replay_result result;
    replay_store store;
    const replay_inputs *inputs; /* of the turn in which it ended */
    const char *changes;         /* of --set; empty: none */
    double seconds;
    bool speed; /* --speed-report */
} replay_outcome;

/* True: the replay is what the recording says. */
bool replay_is_identical(const replay_outcome *outcome);

void replay_print_words(const replay_outcome *outcome);
tw_status replay_print_json(const replay_outcome *outcome, tw_error *error) TW_MUST_CHECK;

#endif
