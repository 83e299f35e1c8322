/*
 * http_pace.h - answers that come slowly or not wholly, for the server: faults to order.
 *
 * A body is handed to libmicrohttpd piece by piece. Between two pieces the connection is suspended,
 * so that waiting costs nothing; a timer resumes it. Those that wait are in a list, because
 * libmicrohttpd cannot be stopped while a connection is suspended.
 *
 * Memory: a copy of the body each. Threads: the loop's.
 */
#ifndef TRADEWIND_EDGE_HTTP_PACE_H
#define TRADEWIND_EDGE_HTTP_PACE_H

#include <microhttpd.h>

#include "tradewind/http.h"

typedef struct http_pace http_pace;

typedef struct http_paces {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_loop_task *run_again; /* deferred when a connection has been resumed */
    http_pace *first;
} http_paces;

/* A response of the answer's body, which is copied. NULL: no memory. */
struct MHD_Response *http_pace_response(http_paces *paces, struct MHD_Connection *connection,
                                        const tw_http_answer *answer);

/* Resumes what waits, to end with the next run of libmicrohttpd. */
void http_paces_end(http_paces *paces);

#endif
