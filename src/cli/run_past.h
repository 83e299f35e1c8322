/*
 * run_past.h - what earlier runs left in the store: where the market ended, and what recovery.h
 * finds: the highest intent number, orders that may still be open, a plan that was not finished.
 *
 * Such orders go to the engine, which asks the venue what became of each before it trades. Orders
 * of a symbol that this run does not trade, or of another kind of venue, cannot be settled that
 * way: the run is refused (TW_LIMIT) and says what to do.
 */
#ifndef TRADEWIND_CLI_RUN_PAST_H
#define TRADEWIND_CLI_RUN_PAST_H

#include "run_session.h"
#include "tradewind/recovery.h"

/* A demo in a store that has trades goes on where they end, so that two markets never overlap. A
 * price file, a tape or --start say their own day. A store that cannot be read is told of when it
 * is opened for writing. */
void run_past_continue_market(run_session *session);

/* The account ends with the run: that of a demo whose exchange keeps no state. What earlier runs of
 * the store knew of theirs says nothing about it. */
bool run_account_is_passing(const run_session *session);

/* Reads orders and journal of the store; the entries it begins behind may be other ones afterwards
 * (run_damage.h). `*ret_past` is NULL before, and the caller's to free also after a failure. */
tw_status run_past_read(run_session *session, const tw_engine_config *config,
                        tw_recovery **ret_past, tw_error *error) TW_MUST_CHECK;

/* Hands open orders and plan to the engine. */
tw_status run_past_hand_over(run_session *session, tw_recovery *past,
                             tw_error *error) TW_MUST_CHECK;

#endif
