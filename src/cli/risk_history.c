/* risk_history.c - see risk_history.h. */
#include "risk_history.h"

#include <math.h>

void risk_history_free(risk_history *history) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, history->times_ns, history->capacity, int64_t);
    TW_DELETE(system, history->returns, history->capacity, double);
    TW_DELETE(system, history->benchmark, history->capacity, double);
    *history = (risk_history){0};
}

tw_status risk_history_make(risk_history *history, const risk_input *input,
                            const tw_risk_report *report, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    history->capacity = report->observations;
    history->benchmarked = input->benchmark != NULL;
    history->times_ns = TW_NEW(system, history->capacity, int64_t);
    history->returns = TW_NEW(system, history->capacity, double);
    history->benchmark = TW_NEW(system, history->capacity, double);
    if (history->times_ns == NULL || history->returns == NULL || history->benchmark == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows",
                            history->capacity);
    for (size_t k = 0; k < report->observations; k++) {
        size_t row = report->rows[k];
        history->times_ns[k] = input->times_ns[row];
        history->returns[k] = report->portfolio[k];
        history->benchmark[k] = input->benchmark == NULL ? NAN : input->benchmark[row];
    }
    history->rows = report->observations;
    return TW_OK;
}
