/*
 * staleness.c - channels that have gone quiet.
 *
 * Idea: a channel's deadline is when it was last heard and the span it may be quiet. With so few
 * channels a walk over all of them is cheaper than keeping them in order at each message.
 */
#include <stddef.h>

#include "tradewind/staleness.h"

void tw_staleness_init(tw_staleness *watch) {
    *watch = (tw_staleness){0};
}

void tw_staleness_expect(tw_staleness *watch, uint32_t channel, int64_t span_ns, int64_t now_ns) {
    TW_ASSERT(channel < TW_STALENESS_CHANNEL_COUNT);
    watch->span_ns[channel] = span_ns > 0 ? span_ns : 0;
    tw_staleness_heard(watch, channel, now_ns);
}

void tw_staleness_restart(tw_staleness *watch, int64_t now_ns) {
    for (uint32_t channel = 0; channel < TW_STALENESS_CHANNEL_COUNT; channel++)
        tw_staleness_heard(watch, channel, now_ns);
}

static int64_t deadline_ns(const tw_staleness *watch, uint32_t channel) {
    int64_t span_ns = watch->span_ns[channel];
    if (span_ns == 0 || watch->since_ns[channel] > INT64_MAX - span_ns)
        return INT64_MAX;
    return watch->since_ns[channel] + span_ns;
}

static uint32_t first_due(const tw_staleness *watch) {
    uint32_t first = 0;
    for (uint32_t channel = 1; channel < TW_STALENESS_CHANNEL_COUNT; channel++)
        if (deadline_ns(watch, channel) < deadline_ns(watch, first))
            first = channel;
    return first;
}

int64_t tw_staleness_next_ns(const tw_staleness *watch) {
    return deadline_ns(watch, first_due(watch));
}

tw_status tw_staleness_find(const tw_staleness *watch, int64_t now_ns, uint32_t *ret_channel,
                            int64_t *ret_quiet_ns) {
    uint32_t channel = first_due(watch);
    int64_t due_ns = deadline_ns(watch, channel);
    if (due_ns == INT64_MAX || due_ns > now_ns)
        return TW_NOT_FOUND;
    *ret_channel = channel;
    *ret_quiet_ns = now_ns - watch->since_ns[channel];
    return TW_OK;
}
