/* tune_input.h - the newest trades of a store, or of a tape, as a workload. */
#ifndef TRADEWIND_CLI_TUNE_INPUT_H
#define TRADEWIND_CLI_TUNE_INPUT_H

#include "tune_workload.h"

/*
 * Reads up to TUNE_TRADES_MAX of them; `tape` is empty for those of the store, which is only read.
 * TW_UNSUPPORTED: the store is on a server. TW_EMPTY: fewer than TUNE_TRADES_MIN. Others as of
 * input.h. Free it in any case.
 */
tw_status tune_input_read(const char *database, const char *tape, tune_workload *workload,
                          tw_error *error) TW_MUST_CHECK;
void tune_input_free(tune_workload *workload);

#endif
