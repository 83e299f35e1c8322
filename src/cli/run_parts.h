/* run_parts.h - the parts of a session: everything between its options and the trading. */
#ifndef TRADEWIND_CLI_RUN_PARTS_H
#define TRADEWIND_CLI_RUN_PARTS_H

#include "run_session.h"

/* Makes what the options of the session name, in the order in which one needs the other; signals
 * are listened to before there is anything that an interrupt could harm. */
tw_status run_parts_make(run_session *session, tw_error *error) TW_MUST_CHECK;

/* Joins the threads and frees all there is; harmless in any state. */
void run_parts_free(run_session *session);

#endif
