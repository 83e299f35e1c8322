/* fault_venue.h - what the fault server does with a request, and the bytes it answers with. */
#ifndef TRADEWIND_TESTS_FAULT_VENUE_H
#define TRADEWIND_TESTS_FAULT_VENUE_H

#include <stddef.h>

#include "fault_server.h"

#define FAULT_ORDER_COUNT_MAX 4

typedef struct fault_order {
    char id[40];
    char client_order_id[132];
    char symbol[16];
    char quantity[32];
    char side[8];
    const char *status;
} fault_order;

typedef struct fault_case {
    fault_seen seen;
    fault_order orders[FAULT_ORDER_COUNT_MAX];
    uint32_t order_count;
    uint32_t step;
    uint32_t queries; /* by client order id */
} fault_case;

typedef struct fault_request {
    uint32_t index; /* of the case */
    char method[8];
    char path[256]; /* behind the case's number, with the query */
    const char *body;
    size_t body_size;
} fault_request;

typedef struct fault_answer {
    int status;
    char body[8192];
} fault_answer;

/* Counts a request of which something arrived. */
void fault_venue_begin(fault_case *of, const fault_request *request);
/* Counts a request that was read to its end. */
void fault_venue_whole(fault_case *of, const fault_request *request);
/* Carries a request out. */
void fault_venue_act(fault_case *of, const fault_script *script, const fault_request *request,
                     fault_answer *ret_answer);
/* Writes what the fault leaves of an answer; returns the bytes. */
size_t fault_write(fault_step step, const fault_answer *answer, char *buffer, size_t capacity);

#endif
