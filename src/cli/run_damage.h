/*
 * run_damage.h - a run whose journal is damaged.
 *
 * The reading of what earlier runs left (run_past.h) meets damage. At the end of the journal, with
 * nothing sound behind it, it is what a torn write leaves: those entries are set aside and the run
 * goes on, reconciling with the venue as after any crash. Anywhere else, or where entries are
 * missing, something has changed what was written: the run is refused (TW_CORRUPT) unless
 * --quarantine says that it may go on so, too.
 */
#ifndef TRADEWIND_CLI_RUN_DAMAGE_H
#define TRADEWIND_CLI_RUN_DAMAGE_H

#include "run_session.h"

/* Sets damaged entries aside, tells the user on standard error, and corrects what the session knows
 * of the journal. `found` is what the reading said: returned where the journal is sound. */
tw_status run_damage_mend(run_session *session, const tw_error *found,
                          tw_error *error) TW_MUST_CHECK;

#endif
