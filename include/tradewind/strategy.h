/*
 * strategy.h - how a strategy of your own, in a shared object, says what to hold.
 *
 *     #include <tradewind/strategy.h>
 *
 *     static int weigh(void *state, const tw_strategy_view *view, double *ret_weights) {
 *         for (uint32_t s = 0; s < view->symbol_count; s++)
 *             ret_weights[s] = (1.0 - view->cash_weight) / view->symbol_count;
 *         return TW_STRATEGY_WEIGHTS;
 *     }
 *
 *     const tw_strategy_object tradewind_strategy = {
 *         .version = TW_STRATEGY_VERSION, .size = sizeof(tw_strategy_object),
 *         .name = "mine", .weigh = weigh};
 *
 *     gcc -std=c11 -O2 -shared -fPIC -o mine.so mine.c
 *     tradewind strategy mine.so --prices closes.csv       # tries it on a history
 *     tradewind run --strategy-file mine.so                # trades it
 *
 * The object exports one constant, `tradewind_strategy`. It gets figures and returns target weights
 * (shares of equity; what they leave of 1 stays in cash). It never sees an order: the engine plans
 * the trades, and each order passes all controls.
 *
 * When it is asked: at the first decision, on the schedule, at times of day, and when its own `bar`
 * asks for it; not when a position has drifted, for then the targets that stand are restored. When
 * an answer is refused (a weight that is not finite or below 0, a sum above 1, a failure) that is
 * journaled, and the old targets stand.
 *
 * Numbers are doubles, dollars and shares; NaN is "not known". Times are nanoseconds since 1970 in
 * UTC, and the venue's. A strategy that is to be repeatable uses nothing but what it is given: no
 * clock, no random numbers without a fixed seed, no address as a value.
 *
 * Memory: each side frees what it has taken; all arrays belong to the caller and end with the call.
 * Threads: all calls of one state come from one thread, one at a time. Time: that thread trades, so
 * a call that takes longer than the budget (`--strategy-budget`) is journaled and counted. A call
 * that crashes ends the program, and one that does not return stops its trading.
 *
 * Stability: a field is only ever added, at the end of a struct, and `size` says how far the struct
 * of the other side goes. A change that is not of this kind raises TW_STRATEGY_VERSION. This header
 * needs nothing but the compiler.
 */
#ifndef TRADEWIND_STRATEGY_H
#define TRADEWIND_STRATEGY_H

#include <stddef.h>
#include <stdint.h>

#define TW_STRATEGY_VERSION 1u

/* The name of the constant that an object exports. */
#define TW_STRATEGY_SYMBOL "tradewind_strategy"

/* Answers of `weigh`. Anything else is a failure. */
#define TW_STRATEGY_KEEP 0    /* no change: the targets that stand are kept */
#define TW_STRATEGY_WEIGHTS 1 /* ret_weights is filled */

/* Answers of `bar`. */
#define TW_STRATEGY_QUIET 0
#define TW_STRATEGY_SIGNAL 1 /* ask for weights, and trade to them, as soon as that is possible */

/* A finished bar. */
typedef struct tw_strategy_bar {
    int64_t time_ns;      /* its beginning; 0: there is none yet */
    int64_t timeframe_ns; /* one of the setup's */
    double open;
    double high;
    double low;
    double close;
    double vwap;
    double volume;
    uint64_t trades;
    uint32_t symbol; /* 0 to symbol_count - 1 */
    uint32_t reserved;
} tw_strategy_bar;

/* What is known at the beginning; its texts and arrays live as long as the state. */
typedef struct tw_strategy_setup {
    uint32_t size; /* bytes of this struct as the caller knows it */
    uint32_t symbol_count;
    const char *const *symbols;   /* [symbol_count] */
    const int64_t *timeframes_ns; /* [timeframe_count], of the bars */
    uint32_t timeframe_count;
    uint32_t day_count_max; /* most rows of `closes` */
    double cash_weight;     /* the share of equity that is meant to stay in cash */
    const char *argument;   /* of --strategy-arg; "" when there is none */
} tw_strategy_setup;

/* What is known at a decision. Arrays of symbols have symbol_count places. */
typedef struct tw_strategy_view {
    uint32_t size; /* bytes of this struct as the caller knows it */
    uint32_t symbol_count;
    int64_t time_ns; /* now */
    /* [day_count][symbol_count], oldest day first. The last row is the day of now: its closes are
     * the marks. NaN where there was no price. */
    const double *closes;
    const int64_t *days; /* [day_count], since 1970-01-01, of the exchange's calendar */
    uint32_t day_count;
    uint32_t timeframe_count;
    const double *marks;      /* mid of the book, or the newest trade */
    const double *quantities; /* shares held */
    const double *weights;    /* held, as shares of equity */
    const double *targets;    /* that stand; all 0 before the first */
    /* Of the newest trades of each symbol (`--window` of them). */
    const double *window_vwaps;
    const double *window_means;
    const double *window_deviations;
    const double *window_counts;
    /* [timeframe_count][symbol_count]: the newest finished bar of each time frame and symbol. */
    const tw_strategy_bar *bars;
    double cash; /* dollars */
    double equity;
    double cash_weight;
} tw_strategy_view;

/*
 * What an object exports. `begin` makes a state for one run; it returns 0, or anything else after
 * having written a sentence for the user into `message` (of message_size bytes, ended by 0); then
 * there is no state, and `end` is not called. NULL for `begin` and `end`: there is no state, and
 * it is handed over as NULL. NULL for `bar`: it does not want bars.
 */
typedef struct tw_strategy_object {
    uint32_t version; /* TW_STRATEGY_VERSION */
    uint32_t size;    /* sizeof(tw_strategy_object) */
    const char *name; /* a-z 0-9 and -, 1 to 23 of them; shown and journaled */
    int (*begin)(const tw_strategy_setup *setup, void **ret_state, char *message,
                 size_t message_size);
    void (*end)(void *state);
    /* Fills ret_weights [symbol_count], which is all 0 before. */
    int (*weigh)(void *state, const tw_strategy_view *view, double *ret_weights);
    /* One bar has finished: cheap, and for every bar of every time frame. */
    int (*bar)(void *state, const tw_strategy_bar *bar);
} tw_strategy_object;

#ifdef __cplusplus
extern "C" {
#endif

/* Defined by the object, and only there. */
extern __attribute__((visibility("default"))) const tw_strategy_object tradewind_strategy;

#ifdef __cplusplus
}
#endif

#endif
