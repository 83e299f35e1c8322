/*
 * odd_strategy.c - strategies for tests: ODD chooses what is odd about this one.
 *
 * "plain" is as it should be and does what its argument says: a weight of each symbol, "keep",
 * "fail", "nan", "early" (a bad answer in the fifth call), "moody" (another answer in each state),
 * "greedy" (writes beside its weights), "refuse" (does not begin), "crash".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tradewind/strategy.h"

#define PLAIN 0
#define NEWER 1
#define SMALL 2
#define NAMELESS 3
#define IDLE 4
#define HIDDEN 5
#define SLOW 6
#define UNFOUND 7

#if ODD == UNFOUND
extern int tradewind_no_such_function(void);
#endif

typedef struct odd {
    char word[32];
    double weight;
    int calls;
} odd;

static int begins; /* of states, in this program */

static int begin(const tw_strategy_setup *setup, void **ret_state, char *message,
                 size_t message_size) {
    if (strcmp(setup->argument, "refuse") == 0) {
        snprintf(message, message_size, "it is in no mood to trade %s", setup->symbols[0]);
        return 1;
    }
    odd *state = calloc(1, sizeof *state);
    if (state == NULL)
        return 1;
    snprintf(state->word, sizeof state->word, "%s", setup->argument);
    state->weight = atof(setup->argument);
    if (strcmp(state->word, "moody") == 0)
        state->weight = 0.1 / (double)setup->symbol_count * (double)(1 + begins % 2);
    begins++;
    *ret_state = state;
    return 0;
}

static void end(void *context) {
    free(context);
}

static int weigh(void *context, const tw_strategy_view *view, double *ret_weights) {
    odd *state = context;
    state->calls++;
#if ODD == UNFOUND
    state->calls += tradewind_no_such_function();
#endif
#if ODD == SLOW
    /* Works, rather than sleeps, for some milliseconds. */
    struct timespec began;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000 < 3);
#endif
    if (strcmp(state->word, "keep") == 0)
        return TW_STRATEGY_KEEP;
    if (strcmp(state->word, "fail") == 0)
        return -7;
    if (strcmp(state->word, "crash") == 0)
        abort();
    for (uint32_t s = 0; s < view->symbol_count; s++)
        ret_weights[s] = state->weight;
    if (strcmp(state->word, "nan") == 0)
        ret_weights[0] = NAN;
    if (strcmp(state->word, "early") == 0 && state->calls == 5)
        ret_weights[0] = -1.0;
    if (strcmp(state->word, "greedy") == 0)
        ret_weights[view->symbol_count] = 1.0;
    return TW_STRATEGY_WEIGHTS;
}

#if ODD == HIDDEN
__attribute__((visibility("hidden"))) const tw_strategy_object hidden_strategy = {
    .version = TW_STRATEGY_VERSION,
    .size = sizeof(tw_strategy_object),
    .name = "hidden",
    .begin = begin,
    .end = end,
    .weigh = weigh,
};
#else
const tw_strategy_object tradewind_strategy = {
    .version = TW_STRATEGY_VERSION + (ODD == NEWER),
    .size = sizeof(tw_strategy_object) - (ODD == SMALL) * 8,
    .name = ODD == NAMELESS ? "No Name" : "odd",
    .begin = begin,
    .end = end,
    .weigh = ODD == IDLE ? NULL : weigh,
};
#endif
