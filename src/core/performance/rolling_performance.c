/*
 * rolling_performance.c - a queue of observations with the sums of its two halves.
 *
 * The window is a ring cut in two. The older part (front) stores for each observation the sums of
 * itself and of all younger ones in that part; the younger part (back) has one set of running sums.
 * When the front is used up by departures, the back becomes the front, in one pass from its
 * youngest to its oldest. Each observation takes part in one such pass: O(1) amortised.
 *
 * Invariants:
 * 1. The window is the places (head + i) % window for i in [0, count); the first `front` of them
 *    have sums in `suffixes`, those of i cover i .. front - 1.
 * 2. `back` covers front .. count - 1.
 * 3. Sums hold those of `kinds`, one after another, `stride` bytes in all.
 */
#include "tradewind/rolling_performance.h"

#include <string.h>

#include "rolling_sums.h"

struct tw_rolling_performance {
    tw_allocator allocator;
    tw_performance_config config;
    bool has_free;
    bool has_wanted;
    bool has_benchmark;
    bool anew; /* a figure is computed from the whole window */
    size_t window;
    size_t figure_count;
    tw_figure *figures;
    tw_rolling_observation *ring;
    const rolling_kind *kinds[ROLLING_KIND_COUNT]; /* those that the figures need */
    size_t kind_count;
    size_t stride;
    double free; /* a period, when observations do not bring them */
    double wanted;
    performance_facts facts; /* of the window that was read last */
    char *suffixes;          /* [window][stride] */
    char *back;              /* [stride] */
    char *whole;             /* [stride] */
    size_t head;
    size_t count;
    size_t front;
    tw_performance *performance; /* with `anew` */
    double *columns[4];          /* [window]: the observations in order, likewise */
};

/* ---- Sums ---------------------------------------------------------------------------------- */

static bool is_missing(const tw_rolling_performance *rolling,
                       const tw_rolling_observation *observation) {
    return isnan(observation->value) || (rolling->has_free && isnan(observation->free)) ||
           (rolling->has_wanted && isnan(observation->wanted));
}

static rolling_item item_of(const tw_rolling_performance *rolling,
                            const tw_rolling_observation *observation) {
    return (rolling_item){.config = &rolling->config,
                          .missing = is_missing(rolling, observation),
                          .value = observation->value,
                          .benchmark = rolling->has_benchmark ? observation->benchmark : NAN,
                          .free = rolling->has_free ? observation->free : rolling->free,
                          .wanted = rolling->has_wanted ? observation->wanted : rolling->wanted,
                          .has_free = rolling->has_free};
}

/* Of one item, or of none with NULL. */
static void sums_of(const tw_rolling_performance *rolling, const rolling_item *item,
                    char *ret_sums) {
    for (size_t k = 0; k < rolling->kind_count; k++) {
        rolling->kinds[k]->one(ret_sums, item);
        ret_sums += rolling->kinds[k]->size;
    }
}

static void join(const tw_rolling_performance *rolling, const char *older, const char *newer,
                 char *ret_sums) {
    size_t at = 0;
    for (size_t k = 0; k < rolling->kind_count; k++) {
        rolling->kinds[k]->join(older + at, newer + at, ret_sums + at);
        at += rolling->kinds[k]->size;
    }
}

static size_t place_of(const tw_rolling_performance *rolling, size_t i) {
    size_t place = rolling->head + i;
    return place >= rolling->window ? place - rolling->window : place;
}

static char *suffix_at(const tw_rolling_performance *rolling, size_t i) {
    return rolling->suffixes + place_of(rolling, i) * rolling->stride;
}

/* The back becomes the front (invariant 1 for every i). */
static void turn_over(tw_rolling_performance *rolling) {
    TW_ASSERT(rolling->front == 0 && rolling->count > 0);
    for (size_t i = rolling->count; i-- > 0;) {
        char *own = suffix_at(rolling, i);
        rolling_item item = item_of(rolling, &rolling->ring[place_of(rolling, i)]);
        sums_of(rolling, &item, own);
        if (i + 1 < rolling->count)
            join(rolling, own, suffix_at(rolling, i + 1), own);
    }
    rolling->front = rolling->count;
    sums_of(rolling, NULL, rolling->back);
}

/* ---- Life ---------------------------------------------------------------------------------- */

bool tw_rolling_performance_is_anew(tw_figure figure) {
    return (performance_figure_row(figure)->needs & ~GROUPS_THAT_ROLL) != 0;
}

static tw_status check_rolling(const tw_rolling_performance_config *config, tw_error *error) {
    if (config->window == 0)
        return tw_error_set(error, TW_RANGE, "window must be at least 1");
    if (config->figure_count == 0 || config->figure_count > TW_FIGURE_COUNT)
        return tw_error_set(error, TW_RANGE, "figure_count must be 1 to %d", TW_FIGURE_COUNT);
    for (size_t i = 0; i < config->figure_count; i++)
        if ((unsigned)config->figures[i] >= TW_FIGURE_COUNT)
            return tw_error_set(error, TW_RANGE, "figure %zu is none that there is", i);
    return performance_check_config(&config->performance, error);
}

static void plan(tw_rolling_performance *rolling, const tw_rolling_performance_config *config) {
    unsigned all = 0;
    for (size_t i = 0; i < config->figure_count; i++) {
        unsigned needs = performance_figure_row(config->figures[i])->needs;
        rolling->has_benchmark = rolling->has_benchmark || (needs & GROUPS_OF_PAIRS) != 0;
        if (tw_rolling_performance_is_anew(config->figures[i]))
            rolling->anew = true;
        else
            all |= needs;
    }
    for (size_t k = 0; k < ROLLING_KIND_COUNT; k++)
        if (rolling_kinds[k].group == GROUP_NONE || (all & rolling_kinds[k].group) != 0) {
            rolling->kinds[rolling->kind_count++] = &rolling_kinds[k];
            rolling->stride += rolling_kinds[k].size;
        }
    rolling->free = performance_rate(&rolling->config, rolling->config.risk_free);
    rolling->wanted = performance_rate(&rolling->config, rolling->config.minimum_acceptable);
    rolling->facts.config = &rolling->config;
}

/* What has been planned for; false when memory is out. */
static bool take_memory(tw_rolling_performance *rolling) {
    const tw_allocator *allocator = &rolling->allocator;
    rolling->figures = TW_NEW(allocator, rolling->figure_count, tw_figure);
    rolling->ring = TW_NEW(allocator, rolling->window, tw_rolling_observation);
    rolling->suffixes = tw_allocate(allocator, rolling->window, rolling->stride, 8);
    rolling->back = tw_allocate(allocator, 1, rolling->stride, 8);
    rolling->whole = tw_allocate(allocator, 1, rolling->stride, 8);
    bool all = rolling->figures != NULL && rolling->ring != NULL && rolling->suffixes != NULL &&
               rolling->back != NULL && rolling->whole != NULL;
    for (size_t i = 0; rolling->anew && i < 4; i++) {
        rolling->columns[i] = TW_NEW(allocator, rolling->window, double);
        all = all && rolling->columns[i] != NULL;
    }
    if (all && rolling->anew)
        all = tw_performance_new(allocator, rolling->window, &rolling->performance) == TW_OK;
    return all;
}

tw_status tw_rolling_performance_new(const tw_allocator *allocator,
                                     const tw_rolling_performance_config *config,
                                     tw_rolling_performance **ret_rolling, tw_error *error) {
    TW_ASSERT(config != NULL && config->figures != NULL && ret_rolling != NULL);
    tw_status status = check_rolling(config, error);
    if (status != TW_OK)
        return status;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_rolling_performance *rolling = TW_NEW(allocator, 1, tw_rolling_performance);
    if (rolling == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a window of %zu", config->window);
    rolling->allocator = *allocator;
    rolling->config = config->performance;
    rolling->has_free = config->has_free;
    rolling->has_wanted = config->has_wanted;
    rolling->window = config->window;
    rolling->figure_count = config->figure_count;
    plan(rolling, config);
    if (!take_memory(rolling)) {
        tw_rolling_performance_free(rolling);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a window of %zu", config->window);
    }
    memcpy(rolling->figures, config->figures, config->figure_count * sizeof *config->figures);
    tw_rolling_performance_clear(rolling);
    *ret_rolling = rolling;
    return TW_OK;
}

void tw_rolling_performance_free(tw_rolling_performance *rolling) {
    if (rolling == NULL)
        return;
    tw_allocator allocator = rolling->allocator;
    TW_DELETE(&allocator, rolling->figures, rolling->figure_count, tw_figure);
    TW_DELETE(&allocator, rolling->ring, rolling->window, tw_rolling_observation);
    tw_release(&allocator, rolling->suffixes, rolling->window, rolling->stride, 8);
    tw_release(&allocator, rolling->back, 1, rolling->stride, 8);
    tw_release(&allocator, rolling->whole, 1, rolling->stride, 8);
    for (size_t i = 0; i < 4; i++)
        TW_DELETE(&allocator, rolling->columns[i], rolling->window, double);
    tw_performance_free(rolling->performance);
    TW_DELETE(&allocator, rolling, 1, tw_rolling_performance);
}

void tw_rolling_performance_clear(tw_rolling_performance *rolling) {
    TW_ASSERT(rolling != NULL);
    rolling->head = rolling->count = rolling->front = 0;
    sums_of(rolling, NULL, rolling->back);
}

size_t tw_rolling_performance_count(const tw_rolling_performance *rolling) {
    TW_ASSERT(rolling != NULL);
    return rolling->count;
}

/* ---- In and out ---------------------------------------------------------------------------- */

static bool is_too_large(double value) {
    return fabs(value) > TW_PERFORMANCE_VALUE_MAX;
}

static tw_status check_observation(const tw_rolling_performance *rolling,
                                   const tw_rolling_observation *observation, tw_error *error) {
    const struct {
        const char *name;
        double value;
        bool counts;
    } parts[] = {{"return", observation->value, true},
                 {"benchmark", observation->benchmark, rolling->has_benchmark},
                 {"risk-free rate", observation->free, rolling->has_free},
                 {"minimum acceptable return", observation->wanted, rolling->has_wanted}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].counts && is_too_large(parts[i].value))
            return tw_error_set(error, TW_INVALID, "the %s is infinite or too large",
                                parts[i].name);
    if (rolling->config.fail_missing && is_missing(rolling, observation))
        return tw_error_set(error, TW_INVALID, "a value of the observation is missing");
    return TW_OK;
}

tw_status tw_rolling_performance_push(tw_rolling_performance *rolling,
                                      const tw_rolling_observation *observation, tw_error *error) {
    TW_ASSERT(rolling != NULL && observation != NULL);
    tw_status status = check_observation(rolling, observation, error);
    if (status != TW_OK)
        return status;
    if (rolling->count == rolling->window) {
        if (rolling->front == 0)
            turn_over(rolling);
        rolling->head = place_of(rolling, 1);
        rolling->count--;
        rolling->front--;
    }
    rolling_item item = item_of(rolling, observation);
    rolling->ring[place_of(rolling, rolling->count)] = *observation;
    sums_of(rolling, &item, rolling->whole);
    join(rolling, rolling->back, rolling->whole, rolling->back);
    rolling->count++;
    return TW_OK;
}

static const performance_facts *facts_of(tw_rolling_performance *rolling) {
    performance_facts *facts = &rolling->facts;
    const char *at = rolling->whole;
    if (rolling->front == 0)
        at = rolling->back;
    else
        join(rolling, suffix_at(rolling, 0), rolling->back, rolling->whole);
    for (size_t k = 0; k < rolling->kind_count; k++) {
        rolling->kinds[k]->tell(at, facts);
        at += rolling->kinds[k]->size;
    }
    facts->skipped = (double)rolling->count - facts->size.count;
    return facts;
}

/* The window, in order, in tw_performance; false when nothing of it is an observation. */
static bool load_window(tw_rolling_performance *rolling) {
    double **columns = rolling->columns;
    for (size_t i = 0; i < rolling->count; i++) {
        const tw_rolling_observation *one = &rolling->ring[place_of(rolling, i)];
        columns[0][i] = one->value;
        columns[1][i] = one->benchmark;
        columns[2][i] = one->free;
        columns[3][i] = one->wanted;
    }
    tw_performance_input input = {.returns = columns[0],
                                  .benchmark = rolling->has_benchmark ? columns[1] : NULL,
                                  .risk_free = rolling->has_free ? columns[2] : NULL,
                                  .minimum_acceptable = rolling->has_wanted ? columns[3] : NULL,
                                  .count = rolling->count};
    tw_status status = tw_performance_load(rolling->performance, &rolling->config, &input, NULL);
    TW_ASSERT(status == TW_OK || status == TW_EMPTY);
    return status == TW_OK;
}

void tw_rolling_performance_read(tw_rolling_performance *rolling, double *ret_values) {
    TW_ASSERT(rolling != NULL && ret_values != NULL);
    const performance_facts *facts = facts_of(rolling);
    bool some = facts->size.count > 0;
    if (some && rolling->anew)
        some = load_window(rolling);
    for (size_t i = 0; i < rolling->figure_count; i++) {
        tw_figure figure = rolling->figures[i];
        if (!some)
            ret_values[i] = NAN;
        else if (tw_rolling_performance_is_anew(figure))
            ret_values[i] = tw_performance_value(rolling->performance, figure);
        else
            ret_values[i] = performance_figure_row(figure)->of_facts(facts);
    }
}
