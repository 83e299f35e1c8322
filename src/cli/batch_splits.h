/*
 * batch_splits.h - splits of shares: from a file onto a panel, and what looks like one.
 *
 *     symbol,time,ratio
 *     AAPL,2020-08-31,4
 *
 * From `time` on (a date or RFC 3339) there are `ratio` shares for each one before.
 */
#ifndef TRADEWIND_CLI_BATCH_SPLITS_H
#define TRADEWIND_CLI_BATCH_SPLITS_H

#include "batch_panel.h"

/* Adjusts what is before each split; those of other symbols and times do not matter. TW_PARSE,
 * TW_RANGE: a bad row, with its position. Others as tw_tape_open. */
tw_status batch_splits_apply(batch_panel *panel, const char *path, tw_error *error) TW_MUST_CHECK;

/* Says on standard error which jumps of closes look like splits, at most a few of them. */
void batch_splits_suspect(const batch_panel *panel, int64_t timeframe_ns);

#endif
