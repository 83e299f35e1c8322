/* bars_indicators.c - see bars_indicators.h. */
#include "bars_indicators.h"

#include <stdio.h>
#include <string.h>

/* ---- the list ------------------------------------------------------------------------------ */

/* Up to the next comma outside of brackets. */
static tw_slice split_entry(tw_slice *rest) {
    int depth = 0;
    size_t size = 0;
    while (size < rest->size && (rest->data[size] != ',' || depth > 0)) {
        depth += rest->data[size] == '(' ? 1 : rest->data[size] == ')' ? -1 : 0;
        size++;
    }
    tw_slice entry = {rest->data, size};
    if (size == rest->size)
        *rest = (tw_slice){NULL, 0};
    else
        *rest = (tw_slice){rest->data + size + 1, rest->size - size - 1};
    return tw_slice_trim(entry);
}

/* Where ".output" begins: the last point behind every bracket; the size where there is none. */
static size_t find_output(tw_slice text) {
    for (size_t at = text.size; at > 0; at--) {
        if (text.data[at - 1] == ')')
            break;
        if (text.data[at - 1] == '.' && at < text.size)
            return at - 1;
    }
    return text.size;
}

/* What is drawn where no output was named: of an indicator whose first output is a price all that
 * are, of any other all that are not; but of one with a main output behind others (atr) that. */
static uint32_t usual_outputs(const tw_indicator_description *about) {
    uint32_t all = (UINT32_C(1) << about->output_count) - 1;
    if ((about->price_outputs & 1) != 0)
        return about->price_outputs & all;
    for (uint32_t o = 1; o < about->output_count; o++)
        if (strcmp(about->outputs[o], about->name) == 0)
            return UINT32_C(1) << o;
    return all & ~about->price_outputs;
}

static tw_status choose_outputs(bars_indicator *entry, tw_slice output, tw_error *error) {
    const tw_indicator_description *about = entry->about;
    entry->outputs = usual_outputs(about);
    if (output.data != NULL) {
        uint32_t at = 0;
        while (at < about->output_count && !tw_slice_equal_string(output, about->outputs[at]))
            at++;
        if (at == about->output_count)
            return tw_error_set(error, TW_USAGE, "--indicators: %s has no \"%.*s\"; it has %s%s%s",
                                about->name, (int)output.size, output.data, about->outputs[0],
                                about->output_count > 1 ? ", " : "",
                                about->output_count > 1 ? about->outputs[1] : "");
        entry->outputs = UINT32_C(1) << at;
    }
    entry->over_price = (entry->outputs & about->price_outputs) != 0;
    return TW_OK;
}

static tw_status add_entry(bars_indicators *all, tw_slice text, tw_error *error) {
    char name[BARS_INDICATOR_NAME_SIZE];
    tw_error why = {0};
    if (all->count == BARS_INDICATOR_MAX)
        return tw_error_set(error, TW_USAGE, "--indicators: at most %d at once",
                            BARS_INDICATOR_MAX);
    bars_indicator *entry = &all->entries[all->count];
    if (text.size == 0 || tw_slice_copy(text, entry->name, sizeof entry->name) != TW_OK)
        return tw_error_set(error, TW_USAGE,
                            "--indicators: \"%.*s\" is none; write for instance "
                            "sma(20),bollinger(20,2),rsi(14)",
                            (int)text.size, text.data);
    size_t size = find_output(text);
    tw_slice output = {size < text.size ? text.data + size + 1 : NULL, text.size - size};
    output.size -= output.data != NULL ? 1 : 0;
    tw_slice without = {entry->name, size};
    if (tw_slice_copy(without, name, sizeof name) != TW_OK ||
        tw_indicator_parse(name, &entry->config, &why) != TW_OK)
        return tw_error_set(error, TW_USAGE, "--indicators: %s", why.message);
    entry->about = tw_indicator_describe(entry->config.kind);
    if ((entry->about->inputs >> TW_INDICATOR_OTHER & 1) != 0)
        return tw_error_set(error, TW_USAGE,
                            "--indicators: %s compares with a second series, which is not here",
                            entry->about->name);
    all->count++;
    return choose_outputs(entry, output, error);
}

tw_status bars_indicators_parse(const char *list, bars_indicators *ret_indicators,
                                tw_error *error) {
    bars_indicators all = {.count = 0};
    tw_slice rest = tw_slice_of(list);
    tw_status status = TW_OK;
    while (rest.size > 0 && status == TW_OK)
        status = add_entry(&all, split_entry(&rest), error);
    if (status == TW_OK)
        *ret_indicators = all;
    return status;
}

/* ---- values -------------------------------------------------------------------------------- */

static tw_status run_entry(bars_indicator *entry, const tw_indicator_table *table) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    double *wanted[TW_INDICATOR_OUTPUTS_MAX] = {NULL};
    tw_status status = tw_indicator_new(NULL, &entry->config, &indicator);
    if (status != TW_OK)
        return status;
    entry->rows = table->rows;
    for (uint32_t o = 0; o < entry->about->output_count; o++) {
        if ((entry->outputs >> o & 1) == 0)
            continue;
        wanted[o] = entry->values[o] = TW_NEW(tw_allocator_system(), table->rows, double);
        if (wanted[o] == NULL)
            return TW_NO_MEMORY;
    }
    tw_indicator_run(indicator, table, wanted);
    return TW_OK;
}

tw_status bars_indicators_run(bars_indicators *indicators, const tw_indicator_table *table,
                              tw_error *error) {
    for (size_t i = 0; i < indicators->count; i++) {
        if (run_entry(&indicators->entries[i], table) != TW_OK)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %s",
                                indicators->entries[i].name);
    }
    return TW_OK;
}

void bars_indicators_done(bars_indicators *indicators) {
    for (size_t i = 0; i < indicators->count; i++) {
        bars_indicator *entry = &indicators->entries[i];
        for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++) {
            TW_DELETE(tw_allocator_system(), entry->values[o], entry->rows, double);
            entry->values[o] = NULL;
        }
    }
}
