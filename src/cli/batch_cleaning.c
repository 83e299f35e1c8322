/* batch_cleaning.c - see batch_cleaning.h. */
#include "batch_cleaning.h"

#include <math.h>

#include "batch_splits.h"
#include "tradewind/batch_clean.h"

/* A month of days, or two hours of minutes, of which half are there. */
static const tw_batch_outlier_rule spike_rule = {.window = 60, .count_min = 20};

static tw_status drop_spikes(batch_panel *panel, const batch_cleaning *how, tw_error *error) {
    size_t cells = panel->shape.rows * panel->shape.columns;
    uint8_t *flags = TW_NEW(tw_allocator_system(), cells, uint8_t);
    if (flags == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to look for spikes");
    tw_batch_outlier_rule rule = spike_rule;
    rule.threshold = how->spikes;
    tw_status status = tw_batch_spikes(&how->way, panel->shape, panel->inputs[TW_INDICATOR_CLOSE],
                                       &rule, flags, &panel->spikes);
    TW_ASSERT(status == TW_OK);
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        (void)tw_batch_drop(panel->shape, flags, panel->inputs[s]); /* as many of each */
    TW_DELETE(tw_allocator_system(), flags, cells, uint8_t);
    return TW_OK;
}

/* A bar that was not there is one without a trade: at the close before, its volume 0. */
static void fill_gaps(batch_panel *panel, const batch_cleaning *how) {
    double *closes = panel->inputs[TW_INDICATOR_CLOSE];
    panel->filled = tw_batch_fill_forward(&how->way, panel->shape, closes, how->fill);
    for (size_t i = 0; i < panel->shape.rows * panel->shape.columns; i++) {
        if (isnan(closes[i]) || !isnan(panel->inputs[TW_INDICATOR_VOLUME][i]))
            continue;
        panel->inputs[TW_INDICATOR_OPEN][i] = closes[i];
        panel->inputs[TW_INDICATOR_HIGH][i] = closes[i];
        panel->inputs[TW_INDICATOR_LOW][i] = closes[i];
        panel->inputs[TW_INDICATOR_VOLUME][i] = 0;
    }
}

tw_status batch_clean(batch_panel *panel, const batch_cleaning *how, tw_error *error) {
    tw_status status = TW_OK;
    if (how->splits_path != NULL)
        status = batch_splits_apply(panel, how->splits_path, error);
    if (status == TW_OK && how->spikes > 0)
        status = drop_spikes(panel, how, error);
    if (status == TW_OK && how->fill > 0)
        fill_gaps(panel, how);
    return status;
}
