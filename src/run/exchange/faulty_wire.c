/*
 * faulty_wire.c - requests wait in a table of places, each on a timer of its own.
 *
 * When there is no place or timer left, a request is handed on at once: a fault that cannot be
 * carried out is none.
 */
#include "faulty_wire.h"

#include "tradewind/random.h"

typedef struct delayed_request {
    faulty_wire *faults;
    const tw_http_request *request;
    tw_http_reply *reply;
    tw_loop_timer *timer;
    struct delayed_request *next_free;
} delayed_request;

struct faulty_wire {
    const tw_allocator *allocator;
    tw_loop *loop;
    fault_plan plan;
    tw_random random;
    tw_http_handler handler;
    void *context;
    delayed_request *free;
    delayed_request places[FAULTY_WIRE_DELAYED_MAX];
};

tw_status faulty_wire_new(const tw_allocator *allocator, tw_loop *loop, const fault_plan *plan,
                          tw_http_handler handler, void *context, faulty_wire **ret_faults) {
    faulty_wire *faults = TW_NEW(allocator, 1, faulty_wire);
    if (faults == NULL)
        return TW_NO_MEMORY;
    faults->allocator = allocator;
    faults->loop = loop;
    faults->plan = *plan;
    faults->handler = handler;
    faults->context = context;
    tw_random_init(&faults->random, plan->seed, 0);
    for (size_t i = FAULTY_WIRE_DELAYED_MAX; i-- > 0;) {
        faults->places[i].faults = faults;
        faults->places[i].next_free = faults->free;
        faults->free = &faults->places[i];
    }
    *ret_faults = faults;
    return TW_OK;
}

void faulty_wire_free(faulty_wire *faults) {
    if (faults == NULL)
        return;
    for (size_t i = 0; i < FAULTY_WIRE_DELAYED_MAX; i++)
        tw_loop_timer_stop(faults->places[i].timer);
    TW_DELETE(faults->allocator, faults, 1, faulty_wire);
}

static int64_t draw_latency(faulty_wire *faults) {
    double offset = 2.0 * tw_random_uniform(&faults->random) - 1.0;
    return faults->plan.latency_ns + (int64_t)(offset * (double)faults->plan.latency_spread_ns);
}

static void on_due(void *context) {
    delayed_request *place = context;
    faulty_wire *faults = place->faults;
    place->timer = NULL;
    place->next_free = faults->free;
    faults->free = place;
    faults->handler(faults->context, place->request, place->reply);
}

/* True if the request waits now. */
static bool delay(faulty_wire *faults, const tw_http_request *request, tw_http_reply *reply) {
    delayed_request *place = faults->free;
    if (faults->plan.latency_ns == 0 || place == NULL)
        return false;
    int64_t latency_ns = draw_latency(faults);
    if (tw_loop_timer_start(faults->loop, latency_ns, 0, on_due, place, &place->timer) != TW_OK)
        return false;
    faults->free = place->next_free;
    place->request = request;
    place->reply = reply;
    return true;
}

void faulty_wire_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    faulty_wire *faults = context;
    if (!delay(faults, request, reply))
        faults->handler(faults->context, request, reply);
}
