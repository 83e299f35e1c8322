/* risk_history.c - see risk_history.h. */
#include "risk_history.h"

#include <math.h>

void risk_history_free(risk_history *series) {
    const tw_allocator *system = tw_allocator_system();
    TW_DELETE(system, series->times_ns, series->capacity, int64_t);
    TW_DELETE(system, series->returns, series->capacity, double);
    TW_DELETE(system, series->benchmark, series->capacity, double);
    *series = (risk_history){0};
}

static void put_row(risk_history *series, const risk_input *input, size_t row) {
    const double *returns = input->returns + row * input->assets;
    double sum = 0;
    for (size_t j = 0; j < input->assets; j++) {
        if (input->weights[j] != 0)
            sum += input->weights[j] * returns[j];
    }
    series->times_ns[series->rows] = input->times_ns[row];
    series->returns[series->rows] = sum;
    series->benchmark[series->rows] = input->benchmark == NULL ? NAN : input->benchmark[row];
    series->rows++;
}

tw_status risk_history_make(risk_history *series, const risk_input *input, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    series->capacity = input->rows;
    series->times_ns = TW_NEW(system, input->rows, int64_t);
    series->returns = TW_NEW(system, input->rows, double);
    series->benchmark = TW_NEW(system, input->rows, double);
    if (series->times_ns == NULL || series->returns == NULL || series->benchmark == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows", input->rows);
    for (size_t i = 0; i < input->rows; i++) {
        if (risk_input_is_whole(input, i))
            put_row(series, input, i);
    }
    return TW_OK;
}
