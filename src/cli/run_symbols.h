/* run_symbols.h - what a run trades, and the target weights that --targets gives it. */
#ifndef TRADEWIND_CLI_RUN_SYMBOLS_H
#define TRADEWIND_CLI_RUN_SYMBOLS_H

#include "run_session.h"

enum { RUN_SYMBOL_COUNT_MAX = 8192 };

/* Makes symbols, their count and targets (RUN_SYMBOL_COUNT_MAX, or NULL without --targets) of the
 * session, whose exchange is open if it has one. TW_USAGE, TW_FULL; TW_PARSE, TW_RANGE and TW_EMPTY
 * for a bad file, with its line. */
tw_status run_symbols_make(run_session *session, tw_error *error) TW_MUST_CHECK;

#endif
