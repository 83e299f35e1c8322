/*
 * batch_cleaning.h - what may be done to a panel before anything is computed of it.
 */
#ifndef TRADEWIND_CLI_BATCH_CLEANING_H
#define TRADEWIND_CLI_BATCH_CLEANING_H

#include "batch_panel.h"

typedef struct batch_cleaning {
    const char *splits_path; /* NULL: none */
    double spikes; /* robust deviations beyond which a price that comes back goes; 0: off */
    uint32_t fill; /* rows over which a gap is filled */
    tw_batch_way way;
} batch_cleaning;

/* Splits, spikes and gaps, in this order; the panel counts what was found. Statuses as of
 * batch_splits_apply; TW_NO_MEMORY. */
tw_status batch_clean(batch_panel *panel, const batch_cleaning *how, tw_error *error) TW_MUST_CHECK;

#endif
