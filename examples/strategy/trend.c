/*
 * trend.c - an example of a strategy: holds what trades above its own average, the rest in cash.
 *
 *     gcc -std=c11 -O2 -Wall -shared -fPIC -o trend.so trend.c
 *     tradewind strategy trend.so --prices closes.csv --arg 100
 *     tradewind run --strategy-file ./trend.so --strategy-arg 100
 *
 * Every symbol has an equal share of what is not kept in cash. It is held while its price is above
 * the mean of its last DAYS daily closes (--strategy-arg, 100 unless said), and sold when it falls
 * below. A finished bar of a minute whose close is on the other side of the mean than at the last
 * decision asks for a new one.
 *
 * It shows how a strategy is written, not how money is made: averages like this one stay out of
 * long falls and pay for it with many small losses when a price goes sideways.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <tradewind/strategy.h>

enum { DAYS_DEFAULT = 100 };
static const int64_t MINUTE_NS = INT64_C(60000000000);

typedef struct trend {
    uint32_t days;
    double *means; /* [symbols], of the last decision; NaN: not known */
    bool *held;    /* [symbols], after it */
} trend;

static void end(void *context) {
    trend *state = context;
    free(state->means);
    free(state->held);
    free(state);
}

static int begin(const tw_strategy_setup *setup, void **ret_state, char *message,
                 size_t message_size) {
    char *rest = NULL;
    long days = setup->argument[0] == '\0' ? DAYS_DEFAULT : strtol(setup->argument, &rest, 10);
    if ((rest != NULL && *rest != '\0') || days < 2 || days > (long)setup->day_count_max) {
        snprintf(message, message_size, "the argument is a number of days, 2 to %u, not \"%s\"",
                 (unsigned)setup->day_count_max, setup->argument);
        return -1;
    }
    trend *state = calloc(1, sizeof *state);
    if (state != NULL) {
        state->days = (uint32_t)days;
        state->means = calloc(setup->symbol_count, sizeof *state->means);
        state->held = calloc(setup->symbol_count, sizeof *state->held);
    }
    if (state == NULL || state->means == NULL || state->held == NULL) {
        if (state != NULL)
            end(state);
        snprintf(message, message_size, "there is no memory");
        return -1;
    }
    for (uint32_t s = 0; s < setup->symbol_count; s++)
        state->means[s] = NAN;
    *ret_state = state;
    return 0;
}

/* The mean of the newest closes of a symbol; NaN when there are not enough. */
static double mean_of(const trend *state, const tw_strategy_view *view, uint32_t symbol) {
    double sum = 0.0;
    if (view->day_count < state->days)
        return NAN;
    for (uint32_t d = view->day_count - state->days; d < view->day_count; d++)
        sum += view->closes[(size_t)d * view->symbol_count + symbol];
    return sum / state->days;
}

static int weigh(void *context, const tw_strategy_view *view, double *ret_weights) {
    trend *state = context;
    bool known = false;
    for (uint32_t s = 0; s < view->symbol_count; s++) {
        state->means[s] = mean_of(state, view, s);
        state->held[s] = view->marks[s] > state->means[s]; /* false where either is NaN */
        ret_weights[s] = state->held[s] ? (1.0 - view->cash_weight) / view->symbol_count : 0.0;
        known = known || !isnan(state->means[s]);
    }
    return known ? TW_STRATEGY_WEIGHTS : TW_STRATEGY_KEEP;
}

static int bar(void *context, const tw_strategy_bar *finished) {
    const trend *state = context;
    double mean = state->means[finished->symbol];
    bool above = finished->close > mean;
    bool crossed = !isnan(mean) && above != state->held[finished->symbol];
    return finished->timeframe_ns == MINUTE_NS && crossed ? TW_STRATEGY_SIGNAL : TW_STRATEGY_QUIET;
}

const tw_strategy_object tradewind_strategy = {
    .version = TW_STRATEGY_VERSION,
    .size = sizeof(tw_strategy_object),
    .name = "trend",
    .begin = begin,
    .end = end,
    .weigh = weigh,
    .bar = bar,
};
