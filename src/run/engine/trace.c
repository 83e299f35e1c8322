/*
 * trace.c - where the time of an event and of an order goes.
 *
 * Idea: what is rare (decisions, intents, sends) is always timed. Of market events the feed marks a
 * few (`decoded_ns` of tw_market_event), and only for these the clock is read between the stages;
 * the others cost a comparison. The latency of all events is taken when the last of those that came
 * in one piece is done, and counts for each of them: one look at the clock a frame, not an event,
 * and a figure that is never too good. Nothing here reaches a decision or the journal.
 */
#include <string.h>

#include "engine_priv.h"

int64_t trace_now(const tw_engine *engine) {
    return engine->config.monotonic_ns != NULL ? engine->config.monotonic_ns() : 0;
}

void trace_stage(tw_engine *engine, tw_engine_stage stage, int64_t began_ns) {
    if (began_ns != 0 && engine->config.monotonic_ns != NULL)
        tw_histogram_record(&engine->stages[stage], trace_now(engine) - began_ns);
}

void trace_frame_end(tw_engine *engine) {
    if (engine->config.monotonic_ns != NULL && engine->frame_events > 0)
        tw_histogram_record_n(&engine->latency, trace_now(engine) - engine->heard_ns,
                              engine->frame_events);
    engine->frame_events = 0;
}

int64_t trace_event(tw_engine *engine, const tw_market_event *event) {
    if (event->received_ns != engine->heard_ns) {
        trace_frame_end(engine);
        engine->heard_ns = event->received_ns;
    }
    engine->frame_events++;
    if (event->decoded_ns == 0)
        return 0;
    int64_t now_ns = trace_now(engine);
    if (now_ns != 0)
        tw_histogram_record(&engine->stages[TW_ENGINE_STAGE_QUEUE],
                            now_ns - event->received_ns - event->decoded_ns);
    return now_ns;
}

/* Entries about an order begin with its id; the rest may tell of money, and stays out. */
void trace_journal(const tw_engine *engine, const tw_journal_entry *entry) {
    static const char before[] = "{\"order\":\"";
    tw_slice order = {NULL, 0};
    if (engine->config.flight == NULL)
        return;
    if (strncmp(entry->payload, before, sizeof before - 1) == 0) {
        order.data = entry->payload + sizeof before - 1;
        order.size = strcspn(order.data, "\"");
    }
    tw_flight_note(engine->config.flight, trace_now(engine), entry->kind, (int64_t)entry->sequence,
                   entry->time_ns, order);
}

const char *tw_engine_stage_name(tw_engine_stage stage) {
    static const char *const names[] = {"queue", "intake", "decide", "check", "durable", "order"};
    size_t index = (size_t)stage;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

const tw_histogram *tw_engine_stage_latency(const tw_engine *engine, tw_engine_stage stage) {
    TW_ASSERT(stage < TW_ENGINE_STAGE_COUNT);
    return &engine->stages[stage];
}
