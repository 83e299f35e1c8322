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

static void put_row(risk_history *history, const risk_input *input, size_t row) {
    const double *returns = input->returns + row * input->assets;
    double sum = 0;
    for (size_t j = 0; j < input->assets; j++) {
        if (input->weights[j] != 0)
            sum += input->weights[j] * returns[j];
    }
    history->times_ns[history->rows] = input->times_ns[row];
    history->returns[history->rows] = sum;
    history->benchmark[history->rows] = input->benchmark == NULL ? NAN : input->benchmark[row];
    history->rows++;
}

tw_status risk_history_make(risk_history *history, const risk_input *input, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    history->capacity = input->rows;
    history->benchmarked = input->benchmark != NULL;
    history->times_ns = TW_NEW(system, input->rows, int64_t);
    history->returns = TW_NEW(system, input->rows, double);
    history->benchmark = TW_NEW(system, input->rows, double);
    if (history->times_ns == NULL || history->returns == NULL || history->benchmark == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows", input->rows);
    for (size_t i = 0; i < input->rows; i++) {
        if (risk_input_is_whole(input, i))
            put_row(history, input, i);
    }
    return TW_OK;
}
