/*
 * http_server_priv.h - what the files of the HTTP server share.
 *
 *     http_server.c      start and stop, the listener, places, deadlines, memory
 *     http_connection.c  one connection: reading, handing to the handler, going on
 *     http_reply.c       answers: what they look like, writing, pace
 *     http_feed.c        answers whose end is not known yet
 *     http_handshake.c   the upgrade to a WebSocket
 *     http_head.c        the head of a request; http_chunks.c: a chunked body
 *
 *                    bytes              whole             tw_http_reply_*            written
 *   (free) -accept-> HEAD --> (BODY) --> READY --> WAITING -------------> ENDED --> WRITING
 *                     ^  |       |                   ^                                |
 *                     |  +-------+-- refused --------+                                |
 *                     +------------------ kept alive ---------------------------------+
 *                                   a feed: asked for more, or waits to be woken ---+
 *                                            upgraded: the descriptor is given away --+
 *                                    not kept: closed, or LINGERING until the peer does
 *
 * Invariants
 *   1. A connection has a request (buffers, head, reply) if and only if it is not idle: from the
 *      first byte of one until its answer is written. Idle ones cost a place in a table.
 *   2. A connection stands in the queue of what it waits for, with the time at which that is over,
 *      or in none: while its reply is the handler's to end, or a timer paces it.
 *   3. While a request is answered, what a pipelining client sends waits in `later` (what came
 *      with the request, or while a feed had nothing to tell) and in the kernel.
 *   4. A request that is WAITING is never taken away but by tw_http_server_free.
 *   5. `buffered` is the sum of the capacities of all buffers.
 */
#ifndef TRADEWIND_EDGE_HTTP_SERVER_PRIV_H
#define TRADEWIND_EDGE_HTTP_SERVER_PRIV_H

#include "http_chunks.h"
#include "http_head.h"

enum {
    HTTP_SCRATCH_SIZE = 64 * 1024, /* bytes read at once */
    HTTP_ANSWER_HEAD_SIZE = 40 * 1024,
    HTTP_REFUSAL_PLACES = 16,         /* connections that are being told that there is no place */
    HTTP_SPARE_REQUEST_COUNT = 32,    /* requests kept for later ones */
    HTTP_SPARE_BUFFER_SIZE = 8 * 1024 /* a larger buffer is not kept with them */
};

typedef struct http_connection http_connection;

typedef struct http_bytes {
    char *data;
    size_t size;
    size_t capacity;
    size_t at; /* bytes that are done with */
} http_bytes;

typedef enum http_phase {
    HTTP_FREE = 0,
    HTTP_HEAD,
    HTTP_BODY,
    HTTP_READY,
    HTTP_WAITING,
    HTTP_ENDED,
    HTTP_WRITING,
    HTTP_LINGERING
} http_phase;

typedef enum http_wait {
    HTTP_WAIT_IDLE = 0, /* for a request */
    HTTP_WAIT_REQUEST,  /* for the rest of one */
    HTTP_WAIT_PEER,     /* for the peer to take its answer */
    HTTP_WAIT_LINGER,   /* for the peer to close */
    HTTP_WAIT_COUNT,
    HTTP_WAIT_NOTHING = HTTP_WAIT_COUNT
} http_wait;

/* An answer without a known end is open while it has a source. */
struct tw_http_feed {
    tw_http_feed_source source;
    tw_http_request *request;
    bool plain; /* its end is that of the connection: HTTP/1.0 has no chunks */
};

/* Both the request and its reply: the two public names are one struct. */
struct tw_http_request {
    http_connection *connection;
    tw_http_request *next_spare;
    http_bytes head_bytes;
    http_bytes body;
    http_bytes later;  /* came behind the request */
    http_bytes output; /* of the answer, what the kernel has not taken */
    http_head head;
    http_chunks chunks;
    int64_t time_ns;
    tw_http_on_upgrade on_upgrade; /* from the 101 until the descriptor is given away */
    void *upgrade_context;
    tw_http_feed feed;
    tw_loop_timer *pace; /* until the next piece may go */
    size_t allowed;      /* bytes of the output that may go; SIZE_MAX: all */
    size_t piece_size;
    int64_t piece_ns;
    bool counted; /* among request_count */
    bool reset;   /* the reply is to break the connection */
    bool cut;     /* the answer is not whole: the connection must end behind it */
    uint32_t query_count;
    tw_http_header query[TW_HTTP_QUERY_COUNT_MAX];
};

struct tw_http_reply {
    tw_http_request request;
};

struct http_connection {
    tw_http_server *server;
    http_connection *next; /* in its queue, or among the free */
    http_connection *previous;
    tw_http_request *request; /* invariant 1 */
    tw_loop_watch *watch;
    tw_loop_task task; /* goes on with an ended reply */
    int64_t due_ns;
    int64_t accepted_ns;
    uint64_t lingered_size;
    int fd;
    uint8_t phase;
    uint8_t wait;
    bool closing;  /* behind the answer */
    bool unread;   /* something of the request was not read */
    bool served;   /* it has sent a whole request */
    bool surplus;  /* over the bound: it is told so */
    bool handling; /* its handler is on the stack */
};

/* Connections that wait for the same, in the order in which their time is over. */
typedef struct http_queue {
    http_connection *first;
    http_connection *last;
    int64_t span_ns;
} http_queue;

struct tw_http_server {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_http_server_config config; /* defaults filled in */
    tw_loop_watch *listener;
    tw_loop_timer *timer; /* of the earliest deadline, or earlier */
    int64_t timer_ns;
    tw_loop_timer *accept_timer; /* while there are no descriptors */
    http_queue queues[HTTP_WAIT_COUNT];
    http_connection *places;
    http_connection *first_free;
    tw_http_reply *first_spare;
    uint32_t place_count;
    uint32_t used_count; /* places behind these were never used */
    uint32_t connection_count;
    uint32_t surplus_count; /* of them, those that are being refused */
    uint32_t request_count;
    uint32_t spare_count;
    size_t buffered; /* invariant 5 */
    char *scratch;   /* HTTP_SCRATCH_SIZE and HTTP_ANSWER_HEAD_SIZE bytes */
    int listen_fd;
    uint16_t port;
    int64_t date_s; /* what `date` says */
    char date[32];
};

/* ---- http_server.c: places, buffers, deadlines -------------------------------------------- */

/* Room for `more` bytes behind what is there. */
tw_status http_bytes_reserve(tw_http_server *server, http_bytes *bytes, size_t more) TW_MUST_CHECK;
tw_status http_bytes_put(tw_http_server *server, http_bytes *bytes, const char *data,
                         size_t size) TW_MUST_CHECK;
void http_bytes_free(tw_http_server *server, http_bytes *bytes);

/* Gives the connection a request, or false without memory. */
bool http_request_take(http_connection *connection);
/* The one that it has is over; the next begins with what came behind it. */
void http_request_begin(http_connection *connection);
void http_request_give_back(http_connection *connection);

/* Stands in the queue from now on; does nothing if it does so already, unless `anew`. */
void http_wait_for(http_connection *connection, http_wait wait, bool anew);

/* Closes those that have been at it longest until the buffers are within their bound. */
void http_make_room(tw_http_server *server);

/* The descriptor is closed (or given away: fd -1), the place is free. */
void http_connection_free(http_connection *connection);

/* ---- http_connection.c -------------------------------------------------------------------- */

void http_connection_begin(http_connection *connection);
void http_connection_ready(void *context, int fd, uint32_t events);
void http_connection_go_on(http_connection *connection);

/* Answers with an error of the server's own, behind which the connection ends. */
void http_connection_refuse(http_connection *connection, http_fault fault);

/* A TCP reset instead of an end: it says that something is missing. */
void http_connection_break(http_connection *connection);

/* ---- http_reply.c ------------------------------------------------------------------------- */

typedef enum http_written { HTTP_WRITTEN = 0, HTTP_BLOCKED, HTTP_PACED, HTTP_BROKEN } http_written;

/* Writes of the output what may go and what the kernel takes. */
http_written http_reply_write(http_connection *connection);

/* The reply is ended: goes on at the end of the turn, or when its handler returns. */
void http_reply_end(tw_http_request *request);

/* The head of an answer in the server's scratch; the feed's says no length. */
tw_status http_reply_head(http_connection *connection, const tw_http_answer *answer,
                          tw_slice *ret_head, tw_error *error) TW_MUST_CHECK;
/* Hands head and body to the kernel; what it does not take is kept. */
void http_reply_send_now(http_connection *connection, tw_slice head, tw_slice body);

/* ---- http_feed.c -------------------------------------------------------------------------- */

/* Puts the next piece into the output, which has been written. False: there is none now, or there
 * is no feed; without memory the reply is to be reset. */
bool http_feed_fill(http_connection *connection);
/* The answer is a feed, and not complete. */
bool http_feed_is_open(const http_connection *connection);
/* What there was of it is written, and it waits to be woken. */
bool http_feed_waits(const http_connection *connection);
/* The peer said something, or left. */
void http_feed_peer(http_connection *connection);
/* Takes the source away from a request that ends; the caller tells it, once all is in order. */
tw_http_feed_source http_feed_take(tw_http_request *request);

/* ---- http_handshake.c --------------------------------------------------------------------- */

/* The 101 is written: gives the descriptor away. */
void http_handshake_finish(http_connection *connection);

#endif
