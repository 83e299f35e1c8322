/* run_parts.h - the parts of a session: everything between its options and the trading. */
#ifndef TRADEWIND_CLI_RUN_PARTS_H
#define TRADEWIND_CLI_RUN_PARTS_H

#include "run_session.h"

/* Makes what the options of the session name, in the order in which one needs the other; signals
 * are listened to before there is anything that an interrupt could harm. */
tw_status run_parts_make(run_session *session, tw_error *error) TW_MUST_CHECK;

/* Joins the threads and frees all there is; harmless in any state. */
void run_parts_free(run_session *session);

/* Of a run that could not begin, after run_parts_free: removes the store of its own that a demo
 * without --db makes, and what stands beside it. What cannot be removed is told. */
void run_parts_drop_temporary(const run_session *session);

#endif
