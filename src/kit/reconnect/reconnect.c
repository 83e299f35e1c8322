/*
 * reconnect.c - the pauses between one connection and the next.
 *
 *   STOPPED, FAILED -- tw_reconnect_start --> WAITING
 *   WAITING  -- tw_reconnect_try --> TRYING
 *   TRYING   -- tw_reconnect_opened --> UP
 *   TRYING, UP -- tw_reconnect_lost --> WAITING (wait_again), or FAILED (fail)
 *   any      -- tw_reconnect_stop --> STOPPED
 *
 * Idea: a row of losses is the one thing remembered: when it began, how many losses and attempts it
 * has had. Only a healthy connection ends it, and that is decided when the connection breaks.
 *
 * Invariants
 *   1. next_ns is a time in WAITING, INT64_MAX otherwise.
 *   2. `attempts_ns` holds the last storm_count_max attempts at attempt number modulo that; a place
 *      that was never written is not read (stats.attempt_count tells).
 *   3. now_ns never falls; all spans are measured with it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tradewind/reconnect.h"
#include "tradewind/time.h"

#define PAUSE_MIN_DEFAULT_NS (250 * TW_NS_PER_MS)
#define PAUSE_MAX_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define THROTTLED_DEFAULT_NS (5 * TW_NS_PER_SECOND)
#define HEALTHY_DEFAULT_NS (60 * TW_NS_PER_SECOND)
#define STORM_DEFAULT_NS (60 * TW_NS_PER_SECOND)
#define STORM_COUNT_DEFAULT 10

static int64_t or_default(int64_t span_ns, int64_t default_ns) {
    return span_ns != 0 ? span_ns : default_ns;
}

static bool is_span(int64_t span_ns) {
    return span_ns >= 0 && span_ns <= TW_RECONNECT_NS_MAX;
}

tw_status tw_reconnect_init(tw_reconnect *machine, const tw_reconnect_config *config) {
    TW_ASSERT(machine != NULL && config != NULL);
    if (!is_span(config->pause_ns_min) || !is_span(config->pause_ns_max) ||
        !is_span(config->throttled_ns_min) || !is_span(config->healthy_ns) ||
        !is_span(config->patience_ns) || !is_span(config->storm_ns) ||
        config->storm_count_max > TW_RECONNECT_STORM_COUNT_MAX)
        return TW_RANGE;
    tw_reconnect_config filled = *config;
    filled.pause_ns_min = or_default(config->pause_ns_min, PAUSE_MIN_DEFAULT_NS);
    filled.pause_ns_max = or_default(config->pause_ns_max, PAUSE_MAX_DEFAULT_NS);
    filled.throttled_ns_min = or_default(config->throttled_ns_min, THROTTLED_DEFAULT_NS);
    filled.healthy_ns = or_default(config->healthy_ns, HEALTHY_DEFAULT_NS);
    filled.patience_ns = or_default(config->patience_ns, INT64_MAX);
    filled.storm_ns = or_default(config->storm_ns, STORM_DEFAULT_NS);
    if (filled.storm_count_max == 0)
        filled.storm_count_max = STORM_COUNT_DEFAULT;
    if (filled.pause_ns_max < filled.pause_ns_min)
        return TW_RANGE;
    *machine = (tw_reconnect){.config = filled, .now_ns = INT64_MIN, .next_ns = INT64_MAX};
    return TW_OK;
}

/* Takes notice of the time and says how much has passed since the last notice. */
static int64_t pass_time(tw_reconnect *machine, int64_t now_ns) {
    int64_t before_ns = machine->now_ns;
    if (now_ns <= before_ns)
        return 0;
    machine->now_ns = now_ns;
    return before_ns == INT64_MIN ? 0 : now_ns - before_ns;
}

/* The same, for the account of times up and away. */
static void count_time(tw_reconnect *machine, int64_t now_ns) {
    int64_t passed_ns = pass_time(machine, now_ns);
    if (machine->state == TW_RECONNECT_UP)
        machine->stats.up_ns += passed_ns;
    else if (machine->state == TW_RECONNECT_WAITING || machine->state == TW_RECONNECT_TRYING)
        machine->stats.away_ns += passed_ns;
}

static int64_t add_span(int64_t time_ns, int64_t span_ns) {
    return time_ns > INT64_MAX - span_ns ? INT64_MAX : time_ns + span_ns;
}

/* The earliest time that the storm bound allows. */
static int64_t storm_end_ns(const tw_reconnect *machine) {
    uint32_t places = machine->config.storm_count_max;
    if (machine->stats.attempt_count < places) /* invariant 2 */
        return INT64_MIN;
    int64_t oldest_ns = machine->attempts_ns[machine->stats.attempt_count % places];
    return add_span(oldest_ns, machine->config.storm_ns);
}

static void wait_until(tw_reconnect *machine, int64_t next_ns) {
    int64_t storm_ns = storm_end_ns(machine);
    machine->state = TW_RECONNECT_WAITING;
    machine->next_ns = next_ns;
    if (storm_ns <= next_ns)
        return;
    machine->next_ns = storm_ns;
    machine->stats.held_count++;
}

static void begin_row(tw_reconnect *machine) {
    machine->row_ns = machine->now_ns;
    machine->row_loss_count = 0;
    machine->row_attempt_count = 0;
}

void tw_reconnect_start(tw_reconnect *machine, int64_t now_ns) {
    TW_ASSERT(machine->state == TW_RECONNECT_STOPPED || machine->state == TW_RECONNECT_FAILED);
    count_time(machine, now_ns);
    begin_row(machine);
    machine->end = TW_RECONNECT_NOT_ENDED;
    wait_until(machine, machine->now_ns);
}

int64_t tw_reconnect_next_ns(const tw_reconnect *machine) {
    return machine->next_ns;
}

tw_status tw_reconnect_try(tw_reconnect *machine, int64_t now_ns) {
    if (machine->state != TW_RECONNECT_WAITING)
        return TW_STATE;
    count_time(machine, now_ns);
    if (machine->now_ns < machine->next_ns)
        return TW_EMPTY;
    uint64_t place = machine->stats.attempt_count++ % machine->config.storm_count_max;
    machine->attempts_ns[place] = machine->now_ns;
    machine->row_attempt_count++;
    machine->state = TW_RECONNECT_TRYING;
    machine->next_ns = INT64_MAX;
    return TW_OK;
}

void tw_reconnect_opened(tw_reconnect *machine, int64_t now_ns) {
    TW_ASSERT(machine->state == TW_RECONNECT_TRYING);
    count_time(machine, now_ns);
    machine->stats.open_count++;
    machine->opened_ns = machine->now_ns;
    machine->state = TW_RECONNECT_UP;
}

static int64_t ceiling_ns(const tw_reconnect *machine) {
    int64_t ceiling = machine->config.pause_ns_min;
    for (uint32_t n = 1; n < machine->row_loss_count && ceiling < machine->config.pause_ns_max; n++)
        ceiling *= 2; /* at most twice TW_RECONNECT_NS_MAX */
    return ceiling < machine->config.pause_ns_max ? ceiling : machine->config.pause_ns_max;
}

/* Uniform in [ceiling / 2, ceiling]; the remainder is biased by less than 1e-9 for an hour. */
static int64_t pause_of(const tw_reconnect *machine, uint64_t draw) {
    int64_t ceiling = ceiling_ns(machine);
    int64_t half = ceiling / 2;
    return half + (int64_t)(draw % (uint64_t)(ceiling - half + 1));
}

static tw_reconnect_state fail(tw_reconnect *machine, tw_reconnect_end end) {
    machine->state = TW_RECONNECT_FAILED;
    machine->end = (uint8_t)end;
    machine->next_ns = INT64_MAX;
    return TW_RECONNECT_FAILED;
}

static tw_reconnect_state wait_again(tw_reconnect *machine, int64_t pause_ns) {
    uint32_t attempts = machine->config.attempt_count_max;
    if (attempts != 0 && machine->row_attempt_count >= attempts)
        return fail(machine, TW_RECONNECT_END_ATTEMPTS);
    if (machine->now_ns - machine->row_ns >= machine->config.patience_ns)
        return fail(machine, TW_RECONNECT_END_PATIENCE);
    wait_until(machine, add_span(machine->now_ns, pause_ns));
    return TW_RECONNECT_WAITING;
}

tw_reconnect_state tw_reconnect_lost(tw_reconnect *machine, int64_t now_ns, tw_reconnect_loss loss,
                                     int64_t asked_ns, uint64_t draw) {
    TW_ASSERT(machine->state == TW_RECONNECT_TRYING || machine->state == TW_RECONNECT_UP);
    TW_ASSERT(asked_ns >= 0);
    count_time(machine, now_ns);
    bool healthy = machine->state == TW_RECONNECT_UP &&
                   machine->now_ns - machine->opened_ns >= machine->config.healthy_ns;
    if (healthy)
        begin_row(machine);
    machine->stats.loss_count++;
    if (machine->row_loss_count < UINT32_MAX)
        machine->row_loss_count++;
    if (loss == TW_RECONNECT_FINAL)
        return fail(machine, TW_RECONNECT_END_FINAL);
    int64_t pause_ns = pause_of(machine, draw);
    if (loss == TW_RECONNECT_THROTTLED) {
        machine->stats.throttled_count++;
        if (pause_ns < machine->config.throttled_ns_min)
            pause_ns = machine->config.throttled_ns_min;
    }
    return wait_again(machine, pause_ns < asked_ns ? asked_ns : pause_ns);
}

void tw_reconnect_stop(tw_reconnect *machine, int64_t now_ns) {
    count_time(machine, now_ns);
    machine->state = TW_RECONNECT_STOPPED;
    machine->end = TW_RECONNECT_NOT_ENDED;
    machine->next_ns = INT64_MAX;
}

tw_reconnect_state tw_reconnect_get_state(const tw_reconnect *machine) {
    return (tw_reconnect_state)machine->state;
}

tw_reconnect_end tw_reconnect_get_end(const tw_reconnect *machine) {
    return (tw_reconnect_end)machine->end;
}

tw_reconnect_stats tw_reconnect_get_stats(const tw_reconnect *machine) {
    return machine->stats;
}

tw_reconnect_loss tw_reconnect_loss_of(tw_status status) {
    if (status == TW_BUSY || status == TW_THROTTLED)
        return TW_RECONNECT_THROTTLED;
    bool final = status == TW_AUTH || status == TW_REFUSED || status == TW_UNSUPPORTED ||
                 status == TW_INVALID || status == TW_LIMIT;
    return final ? TW_RECONNECT_FINAL : TW_RECONNECT_BROKEN;
}

const char *tw_reconnect_state_name(tw_reconnect_state state) {
    static const char *const names[] = {"stopped", "waiting", "trying", "up", "failed"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "?";
}

void tw_reconnect_check(const tw_reconnect *machine) {
    TW_ASSERT(machine->state <= TW_RECONNECT_FAILED);
    TW_ASSERT((machine->state == TW_RECONNECT_FAILED) == (machine->end != TW_RECONNECT_NOT_ENDED));
    TW_ASSERT(machine->state == TW_RECONNECT_WAITING || machine->next_ns == INT64_MAX);
    TW_ASSERT(machine->stats.open_count <= machine->stats.attempt_count);
    TW_ASSERT(machine->stats.throttled_count <= machine->stats.loss_count);
    TW_ASSERT(machine->stats.loss_count <= machine->stats.attempt_count);
    TW_ASSERT(machine->stats.away_ns >= 0 && machine->stats.up_ns >= 0);
}
