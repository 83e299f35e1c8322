/*
 * faulty_wire.c - requests wait in a table of places, each on a timer of its own.
 *
 * When there is no place or timer left, a request is handed on at once: a fault that cannot be
 * carried out is none. Routes answer before they return, so the fault of an answer is that of the
 * request being handled.
 */
#include "faulty_wire.h"

#include <stdio.h>
#include <string.h>

#include "tradewind/time.h"

typedef struct delayed_request {
    faulty_wire *faults;
    const tw_http_request *request;
    tw_http_reply *reply;
    tw_loop_timer *timer;
    struct delayed_request *next_free;
    fault_rule rule; /* a copy: another plan may begin meanwhile */
    bool faulty;     /* there is one */
} delayed_request;

struct faulty_wire {
    const tw_allocator *allocator;
    tw_loop *loop;
    fault_desk *desk;
    tw_http_handler handler;
    void *context;
    fault_rule now; /* of the request being handled */
    bool faulty;    /* there is one */
    int64_t gone_until_ns;
    delayed_request *free;
    delayed_request *places;
    uint32_t place_count;
    uint32_t used_count; /* places behind these were never used */
};

tw_status faulty_wire_new(const tw_allocator *allocator, const faulty_wire_config *config,
                          faulty_wire **ret_faults) {
    faulty_wire *faults = TW_NEW(allocator, 1, faulty_wire);
    if (faults == NULL)
        return TW_NO_MEMORY;
    faults->allocator = allocator;
    faults->loop = config->loop;
    faults->desk = config->desk;
    faults->handler = config->handler;
    faults->context = config->context;
    faults->place_count = config->place_count_max;
    faults->places = TW_NEW(allocator, faults->place_count, delayed_request);
    if (faults->places == NULL) {
        TW_DELETE(allocator, faults, 1, faulty_wire);
        return TW_NO_MEMORY;
    }
    *ret_faults = faults;
    return TW_OK;
}

void faulty_wire_free(faulty_wire *faults) {
    if (faults == NULL)
        return;
    for (uint32_t i = 0; i < faults->used_count; i++)
        tw_loop_timer_stop(faults->places[i].timer);
    TW_DELETE(faults->allocator, faults->places, faults->place_count, delayed_request);
    TW_DELETE(faults->allocator, faults, 1, faulty_wire);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void send(tw_http_reply *reply, const tw_http_answer *answer) {
    if (tw_http_reply_send(reply, answer, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static const char *reason_of(uint32_t status) {
    switch (status) {
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Temporarily Unavailable";
    case 504:
        return "Gateway Time-out";
    default:
        return "Error";
    }
}

/* What stands before the exchange answers: a page, as its load balancer's. */
static void send_page(tw_http_reply *reply, uint32_t status) {
    char page[512];
    const char *reason = reason_of(status);
    int size = snprintf(page, sizeof page,
                        "<html>\r\n<head><title>%u %s</title></head>\r\n<body>\r\n"
                        "<center><h1>%u %s</h1></center>\r\n</body>\r\n</html>\r\n",
                        status, reason, status, reason);
    TW_ASSERT(size > 0 && (size_t)size < sizeof page);
    tw_http_answer answer = {
        .status = status, .content_type = "text/html", .body = {page, (size_t)size}};
    send(reply, &answer);
}

/* The venue's own refusal: with what is left of the quota (nothing) unless it is bare. */
static void send_refusal(tw_http_reply *reply, const fault_rule *rule) {
    char body[128];
    char reset[32];
    bool throttled = rule->number == 429;
    int size = snprintf(body, sizeof body, "{\"code\":%u,\"message\":\"%s\"}",
                        throttled ? 42910000u : rule->number * 100000u + 10000u,
                        throttled ? "rate limit exceeded" : "refused by a plan of faults");
    long long next = tw_time_wall_ns() / TW_NS_PER_SECOND + 1;
    snprintf(reset, sizeof reset, "%lld", next);
    tw_http_header headers[] = {
        {tw_slice_of("X-RateLimit-Limit"), tw_slice_of("200")},
        {tw_slice_of("X-RateLimit-Remaining"), tw_slice_of("0")},
        {tw_slice_of("X-RateLimit-Reset"), tw_slice_of(reset)},
    };
    tw_http_answer answer = {
        .status = rule->number,
        .content_type = "application/json; charset=UTF-8",
        .body = {body, (size_t)size},
        .headers = headers,
        .header_count = throttled && !rule->bare ? 3 : 0,
    };
    send(reply, &answer);
}

void faulty_wire_send(faulty_wire *wire, tw_http_reply *reply, const tw_http_answer *answer) {
    tw_http_answer spoiled = *answer;
    if (wire->faulty && wire->now.kind == FAULT_RESET_AFTER) {
        tw_http_reply_reset(reply);
        return;
    }
    if (wire->faulty && wire->now.kind == FAULT_TRUNCATE)
        spoiled.cut_size = (answer->body.size + 1) / 2;
    if (wire->faulty && wire->now.kind == FAULT_TRICKLE)
        spoiled.bytes_per_second = wire->now.number;
    send(reply, &spoiled);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void hand_on(faulty_wire *faults, const fault_rule *rule, const tw_http_request *request,
                    tw_http_reply *reply) {
    if (rule != NULL && rule->kind == FAULT_RESET_BEFORE) {
        tw_http_reply_reset(reply);
        return;
    }
    if (rule != NULL && rule->kind == FAULT_STATUS) {
        if (rule->number >= 500)
            send_page(reply, rule->number);
        else
            send_refusal(reply, rule);
        return;
    }
    faults->faulty = rule != NULL;
    if (rule != NULL)
        faults->now = *rule;
    faults->handler(faults->context, request, reply);
    faults->faulty = false;
}

static void on_due(void *context) {
    delayed_request *place = context;
    faulty_wire *faults = place->faults;
    place->timer = NULL;
    place->next_free = faults->free;
    faults->free = place;
    hand_on(faults, place->faulty ? &place->rule : NULL, place->request, place->reply);
}

static delayed_request *take_place(faulty_wire *faults) {
    delayed_request *place = faults->free;
    if (place != NULL)
        faults->free = place->next_free;
    else if (faults->used_count < faults->place_count)
        place = &faults->places[faults->used_count++];
    return place;
}

/* True if the request waits now. */
static bool delay(faulty_wire *faults, const fault_verdict *verdict, const tw_http_request *request,
                  tw_http_reply *reply) {
    delayed_request *place = verdict->latency_ns > 0 ? take_place(faults) : NULL;
    if (place == NULL)
        return false;
    if (tw_loop_timer_start(faults->loop, verdict->latency_ns, 0, on_due, place, &place->timer) !=
        TW_OK) {
        place->next_free = faults->free;
        faults->free = place;
        return false;
    }
    place->faults = faults;
    place->request = request;
    place->reply = reply;
    place->faulty = verdict->rule != NULL;
    if (verdict->rule != NULL)
        place->rule = *verdict->rule;
    return true;
}

static bool is_control(tw_slice path) {
    static const char controls[] = "/sim/";
    return tw_slice_equal_string(path, "/") || tw_slice_equal_string(path, "/metrics") ||
           (path.size >= sizeof controls - 1 &&
            memcmp(path.data, controls, sizeof controls - 1) == 0);
}

void faulty_wire_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    faulty_wire *faults = context;
    tw_slice path = tw_http_request_path(request);
    if (is_control(path)) {
        faults->handler(faults->context, request, reply);
        return;
    }
    if (tw_loop_now_ns(faults->loop) < faults->gone_until_ns) {
        tw_http_reply_reset(reply);
        return;
    }
    fault_verdict verdict = fault_desk_request(faults->desk, path);
    if (!delay(faults, &verdict, request, reply))
        hand_on(faults, verdict.rule, request, reply);
}

void faulty_wire_vanish(faulty_wire *wire, int64_t span_ns) {
    wire->gone_until_ns = tw_loop_now_ns(wire->loop) + span_ns;
}
