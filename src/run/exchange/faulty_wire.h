/*
 * faulty_wire.h - carries out the faults of requests and answers, between the server and the
 * routes.
 *
 * The exchange's own controls ("/", "/metrics" and "/sim/...") meet no fault: whoever orders faults
 * must be able to call them off.
 *
 * Memory: one place a connection of the server, at creation. Threads: the loop's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FAULTY_WIRE_H
#define TRADEWIND_RUN_EXCHANGE_FAULTY_WIRE_H

#include "fault_desk.h"
#include "tradewind/alloc.h"
#include "tradewind/http.h"
#include "tradewind/loop.h"

typedef struct faulty_wire faulty_wire;

/* Of the server's connections each waits for one answer at most: there are `place_count_max`. */
typedef struct faulty_wire_config {
    tw_loop *loop;
    fault_desk *desk; /* decides; borrowed */
    uint32_t place_count_max;
    tw_http_handler handler; /* where requests go on to */
    void *context;
} faulty_wire_config;

/* TW_NO_MEMORY. */
tw_status faulty_wire_new(const tw_allocator *allocator, const faulty_wire_config *config,
                          faulty_wire **ret_faults) TW_MUST_CHECK;

/* Requests that wait are dropped; free the server first, which resets them. NULL is ignored. */
void faulty_wire_free(faulty_wire *wire);

/* A tw_http_handler whose context is the faulty_wire. */
void faulty_wire_handle(void *context, const tw_http_request *request, tw_http_reply *reply);

/* Ends a reply, from within the handler, as the fault of its request wants it. */
void faulty_wire_send(faulty_wire *wire, tw_http_reply *reply, const tw_http_answer *answer);

/* For so long each request is reset. */
void faulty_wire_vanish(faulty_wire *wire, int64_t span_ns);

#endif
