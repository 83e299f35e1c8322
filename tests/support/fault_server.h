/*
 * fault_server.h - an HTTP/1.1 server of a small venue that breaks its word on order, for tests.
 *
 * It runs in a thread of its own, on a free port of the loopback address. The first piece of a
 * request's path names a case: "/17/v2/orders" is case 17. Each case has a script: what goes wrong
 * with its first request, with its second, and so on; after the script's end nothing goes wrong. So
 * thousands of cases share one server and may run at the same time.
 *
 * The venue keeps the orders of each case and applies a request or not, as the fault says. What it
 * has seen of a case is read with fault_server_seen: the truth that a client is held against.
 */
#ifndef TRADEWIND_TESTS_FAULT_SERVER_H
#define TRADEWIND_TESTS_FAULT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fault_kind {
    FAULT_NONE = 0,
    FAULT_DELAY,         /* answers after `amount` ms */
    FAULT_DROP_UNREAD,   /* closes with the request unread: TCP reset */
    FAULT_DROP_READ,     /* reads all, does nothing, closes */
    FAULT_RESET_READ,    /* reads all, does nothing, resets */
    FAULT_MUTE_READ,     /* reads all, does nothing, says nothing, stays open */
    FAULT_DROP_APPLIED,  /* does it, closes without a byte */
    FAULT_RESET_APPLIED, /* does it, resets */
    FAULT_MUTE_APPLIED,  /* does it, says nothing, stays open */
    FAULT_TRUNCATE_HEAD, /* does it, closes after `amount` bytes of the head */
    FAULT_TRUNCATE_BODY, /* does it, closes after half of the body */
    FAULT_STALL_BODY,    /* does it, says half of the body and no more, stays open */
    FAULT_TRICKLE,       /* does it, answers `amount` bytes every 5 ms */
    FAULT_LIE_LONG,      /* does it, promises more bytes than it sends, stays open */
    FAULT_LIE_SHORT,     /* does it, sends more bytes than it promised */
    FAULT_HTML_READ,     /* does nothing, status `amount` with a page of HTML */
    FAULT_HTML_APPLIED,  /* does it, status `amount` with a page of HTML */
    FAULT_THROTTLE,      /* does nothing, 429 with limit headers and Retry-After: `amount` */
    FAULT_THROTTLE_BARE, /* does nothing, 429 without a header */
    FAULT_GARBAGE,       /* does it, answers with bytes that are no HTTP */
    FAULT_DUPLICATE,     /* does it, sends the answer twice */
    FAULT_CLOSE_HALF,    /* does it, answers, ends its half of the connection, stays open */
    FAULT_BROKEN_JSON,   /* does it, 200 with a body that breaks off, its length right */
    FAULT_INTERIM,       /* does it, "100 Continue" and "103" first, then the answer */
    FAULT_REDIRECT,      /* does nothing, 302 to the same path */
    FAULT_CHUNK_BROKEN,  /* does it, a chunked body whose second chunk has no size */
    FAULT_KIND_COUNT
} fault_kind;

typedef struct fault_step {
    uint8_t kind; /* fault_kind */
    uint32_t amount;
} fault_step;

#define FAULT_STEP_COUNT_MAX 6

typedef struct fault_script {
    fault_step steps[FAULT_STEP_COUNT_MAX];
    uint32_t step_count;
    uint32_t visible_after; /* queries by client order id that are still answered 404 */
} fault_script;

/* What the venue saw of one case. */
typedef struct fault_seen {
    uint32_t requests;         /* begun: some byte of it was read, or it was dropped unread */
    uint32_t submits;          /* POST /v2/orders, of these */
    uint32_t submits_whole;    /* read to their end */
    uint32_t applied;          /* orders made */
    uint32_t refused_twice;    /* submits with a client order id that had an order already */
    uint32_t cancels;          /* cancels carried out */
    uint32_t replaces_begun;   /* PATCH, of the requests */
    uint32_t replaces;         /* replacements carried out: each makes an order, not in `applied` */
    uint32_t reads;            /* GET */
    char client_order_id[132]; /* of the first order */
} fault_seen;

typedef struct fault_server fault_server;

/* Starts the server for cases 0 to `case_count` - 1. NULL if any part of it could not be made. */
fault_server *fault_server_start(const fault_script *scripts, uint32_t case_count);
uint16_t fault_server_port(const fault_server *server);
/* A copy of what was seen of a case so far. */
fault_seen fault_server_seen(fault_server *server, uint32_t index);
/* Connections accepted since the start. */
uint32_t fault_server_connections(fault_server *server);
/* Closes everything and ends the thread. */
void fault_server_stop(fault_server *server);

typedef enum fault_after {
    FAULT_STAYS,
    FAULT_CLOSES,
    FAULT_RESETS,
    FAULT_MUTES,
    FAULT_HALVES
} fault_after;

typedef struct fault_trait {
    const char *name;
    bool applies;  /* the request is carried out */
    bool says;     /* bytes are sent */
    uint8_t after; /* fault_after: what becomes of the connection */
} fault_trait;

const fault_trait *fault_trait_of(fault_kind kind);

#endif
