/*
 * http.h - HTTP/1.1, both ends, on a tw_loop: a server that trusts nobody and a client over libcurl
 * (HTTP/2 over TLS when the other side has it).
 *
 * Server: a handler is called with every whole request; it answers at once or later.
 *
 *     static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
 *         tw_http_answer answer = {0};
 *         answer.status = 200;
 *         answer.content_type = "application/json";
 *         answer.body = tw_slice_of("{}");
 *         if (tw_http_reply_send(reply, &answer, NULL) != TW_OK)
 *             tw_http_reply_reset(reply);
 *     }
 *
 * A `tw_http_reply` must be ended exactly once, by tw_http_reply_send, _feed, _reset or _upgrade
 * (one that fails has not ended it). Request and reply live until then, also after the handler has
 * returned: keep both pointers to answer later. The client's going away in the meantime changes
 * nothing; the answer is dropped. Freeing the server ends all of them.
 *
 * Client: tw_http_client_send copies the call and returns; the callback comes exactly once,
 * from a later turn of the loop (or from tw_http_client_free), never from within a send or a
 * cancel. One client serves all hosts; a loop has at most one. Redirects are not followed,
 * certificates and host names are always checked, cookies do not exist.
 *
 * Orders: libcurl silently sends a request again, POST included, when a reused connection dies
 * before the first byte of the answer. A call that must reach the server at most once says
 * `at_most_once`: it may run on a kept connection, and the second sending is refused before a byte
 * of it leaves; the call ends as TW_CLOSED and `sent`. With `single_use_connection` it gets a
 * connection of its own as well, closed after it, which cannot have died unnoticed.
 *
 * Memory: tables at creation (a client's histograms are 220 KB of it); the bytes of a request or an
 * answer grow up to the limits of the configuration. A connection of the server that is idle costs
 * a place in a table (about 120 bytes) and a watch of the loop; buffers belong to requests and go
 * with them, and buffer_size_max bounds those of all together. libcurl allocates for itself from
 * the C heap. Threads: everything belongs to the loop's thread.
 */
#ifndef TRADEWIND_HTTP_H
#define TRADEWIND_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/histogram.h"
#include "tradewind/loop.h"
#include "tradewind/text.h"

typedef struct tw_http_header {
    tw_slice name;
    tw_slice value;
} tw_http_header;

/* ---- words of a URL ------------------------------------------------------------------- */

TW_BEGIN_DECLS

/*
 * Undoes percent-encoding (RFC 3986); with `plus_is_space` also the "+" of forms. Writes at most
 * `capacity` bytes, no NUL. `buffer` may be the text itself. TW_PARSE for a "%" without two hex
 * digits or for "%00", TW_FULL if it does not fit; nothing useful is in `buffer` then.
 */
TW_API tw_status tw_http_decode(tw_slice text, bool plus_is_space, char *buffer, size_t capacity,
                                size_t *ret_size) TW_MUST_CHECK;

/* Percent-encodes everything but A-Z a-z 0-9 - . _ ~ into a bounded text. */
TW_API void tw_http_encode(tw_slice text, tw_text *ret_text);

/* Cuts the next "name=value" (still encoded) from a query string; false at its end. Empty pieces
 * ("a=1&&b=2") are skipped, a piece without "=" has an empty value. */
TW_API bool tw_http_query_next(tw_slice *rest, tw_slice *ret_name, tw_slice *ret_value);

TW_END_DECLS

/* ---- server --------------------------------------------------------------------------- */

typedef struct tw_http_server tw_http_server;
typedef struct tw_http_request tw_http_request;
typedef struct tw_http_reply tw_http_reply;

#define TW_HTTP_QUERY_COUNT_MAX 64 /* parameters of a query; more is answered 400 */
#define TW_HTTP_ANSWER_HEADER_COUNT_MAX 8

typedef void (*tw_http_handler)(void *context, const tw_http_request *request,
                                tw_http_reply *reply);

/* Answers what the server refuses by itself, before there is a request to look at: malformed ones
 * (400, 417, 501, 505), too large ones (413, 414, 431), too slow ones (408), too many clients
 * (503). The reply must be ended within the call. The connection ends behind it. */
typedef void (*tw_http_refuser)(void *owner, uint32_t status, const char *sentence,
                                tw_http_reply *reply);

typedef struct tw_http_server_config {
    const tw_allocator *allocator; /* NULL: the system's */
    const char *address;           /* numeric IPv4 or IPv6; NULL: "127.0.0.1" */
    uint16_t port;                 /* 0: any that is free, see tw_http_server_port */
    uint32_t connection_count_max; /* clients at once; the next is answered 503; 0: 1024 */
    uint32_t header_size_max;      /* request line and headers; over it 431 (or 414); 0: 16 KiB */
    uint32_t body_size_max;        /* over it 413; 0: 1 MiB */
    size_t buffer_size_max;        /* of all connections together: requests that are not whole and
                                      answers that are not taken. Beyond it the connection that has
                                      been at it longest is reset; 0: 256 MiB */
    int64_t idle_timeout_ns;       /* silent connections are closed, and those that take nothing of
                                      their answer are reset; 0: 60 s */
    int64_t request_timeout_ns;    /* from the first byte of a request to its last; over it 408;
                                      0: 30 s */
    tw_http_handler handler;
    void *context;                            /* of the handler */
    tw_http_refuser refuse;                   /* NULL: refusals are a sentence in plain text */
    uint32_t (*count_elsewhere)(void *owner); /* clients that became something else (streams) and
                                                 count as well; NULL: none do */
    void *owner;                              /* of these two */
    bool silent_give_way; /* a client over the bound takes the place of the oldest that has not sent
                             a whole request yet, else of the one that has been idle longest, else
                             of the one that began its next request first; it is answered 503 only
                             if all are being answered. Nobody keeps a place by waiting, but whoever
                             connects fast enough pushes out others before their first request */
} tw_http_server_config;

typedef struct tw_http_answer {
    uint32_t status;               /* 200 to 599 */
    const char *content_type;      /* NULL: none is sent */
    tw_slice body;                 /* copied */
    const tw_http_header *headers; /* further ones, copied; at most 8 */
    size_t header_count;
    size_t cut_size; /* for faults to order: the connection ends behind so many bytes of the
                        body, of which Content-Length promised all; 0: none is missing */
    uint32_t bytes_per_second; /* the same: the body comes so slowly; 0: at once */
} tw_http_answer;

/* A body whose length nobody knows yet (tw_http_reply_feed). */
typedef struct tw_http_feed tw_http_feed;

#define TW_HTTP_FEED_END SIZE_MAX /* of a read: the body is complete */

typedef struct tw_http_feed_source {
    /* Writes the next bytes, at most `capacity`, and returns how many. 0: there are none now; it is
     * asked again after tw_http_feed_wake. TW_HTTP_FEED_END: there will be none. */
    size_t (*read)(void *context, char *buffer, size_t capacity);
    /* Once, at the end: the body is complete, the client has gone or is too slow, or the server is
     * being freed. The feed must not be touched any more. */
    void (*on_end)(void *context);
    void *context;
} tw_http_feed_source;

/* Receives the descriptor of an upgraded connection, which now belongs to the callee
 * (non-blocking, TCP_NODELAY), and the bytes that came behind the request (valid during the
 * call). The 101 answer has been sent. `fd` is -1 if the client went away before. */
typedef void (*tw_http_on_upgrade)(void *context, int fd, tw_slice early);

TW_BEGIN_DECLS

/* Starts to listen. TW_BUSY (the port is in use), TW_PERMISSION, TW_INVALID (address, no
 * handler), TW_NO_MEMORY, TW_FULL (the loop has no watch or timer left), TW_IO. */
TW_API tw_status tw_http_server_start(tw_loop *loop, const tw_http_server_config *config,
                                      tw_http_server **ret_server, tw_error *error) TW_MUST_CHECK;

/* The port it listens on. */
TW_API uint16_t tw_http_server_port(const tw_http_server *server);

/* Requests with the handler: begun and not yet ended. Upgraded connections do not count. */
TW_API uint32_t tw_http_server_request_count(const tw_http_server *server);

/* Connections there are, idle ones and those that are being refused among them. */
TW_API uint32_t tw_http_server_connection_count(const tw_http_server *server);

/* Stops accepting connections; requests that are being read or answered go on. Turn the loop
 * until the request count is zero, or as long as you have patience, then free. */
TW_API void tw_http_server_stop(tw_http_server *server);

/* Closes everything. Unended replies are reset and must not be touched again. Descriptors that
 * were upgraded belong to others and stay open. NULL is ignored. Not from within a handler. */
TW_API void tw_http_server_free(tw_http_server *server);

/* What was asked. Slices live until the reply is ended. The path is as it was sent, without the
 * query and still percent-encoded ("/v2/positions/BTC%2FUSD"): split it, then decode. */
TW_API tw_slice tw_http_request_method(const tw_http_request *request);
TW_API tw_slice tw_http_request_path(const tw_http_request *request);
TW_API tw_slice tw_http_request_body(const tw_http_request *request);
/* When the request was whole (tw_loop_now_ns). */
TW_API int64_t tw_http_request_time_ns(const tw_http_request *request);

/* The first parameter of this name, decoded; false if there is none. */
TW_API bool tw_http_request_query(const tw_http_request *request, const char *name,
                                  tw_slice *ret_value);
/* All parameters in the order they were sent, decoded. `index` < count. */
TW_API size_t tw_http_request_query_count(const tw_http_request *request);
TW_API tw_http_header tw_http_request_query_at(const tw_http_request *request, size_t index);

/* The first header of this name (case does not matter); false if there is none. */
TW_API bool tw_http_request_header(const tw_http_request *request, const char *name,
                                   tw_slice *ret_value);

/* Answers. TW_INVALID (status, header text with line breaks, too many headers), TW_NO_MEMORY:
 * the reply has not ended then. */
TW_API tw_status tw_http_reply_send(tw_http_reply *reply, const tw_http_answer *answer,
                                    tw_error *error) TW_MUST_CHECK;

/* Begins an answer of which status, type and headers are known and the body is not: the source is
 * asked for it, a piece whenever the last one is on its way. Nothing of it is kept for a client
 * that reads slowly; one that takes nothing for `idle_timeout_ns` is closed. `answer->body` is
 * ignored, and the request does not count any more (tw_http_server_request_count). Errors as of
 * tw_http_reply_send; the source has heard nothing then. */
TW_API tw_status tw_http_reply_feed(tw_http_reply *reply, const tw_http_answer *answer,
                                    const tw_http_feed_source *source, tw_http_feed **ret_feed,
                                    tw_error *error) TW_MUST_CHECK;

/* There is something to read. Any number of times, from anywhere, until the feed's end. */
TW_API void tw_http_feed_wake(tw_http_feed *feed);

/* Breaks the connection without an answer (TCP reset): for faults to order. */
TW_API void tw_http_reply_reset(tw_http_reply *reply);

/* Makes the connection a WebSocket (RFC 6455, section 4.2): checks the request, answers 101 and
 * hands over the descriptor when the handler has returned, or in a later turn (or -1). TW_PROTOCOL
 * if the request does not ask for it properly: the reply has not ended then, answer 400 or 426.
 * TW_NO_MEMORY. */
TW_API tw_status tw_http_reply_upgrade(tw_http_reply *reply, tw_http_on_upgrade on_upgrade,
                                       void *context, tw_error *error) TW_MUST_CHECK;

/* The same, with the extensions that were agreed on as the value of Sec-WebSocket-Extensions
 * (tw_socket_deflate_choose); NULL or empty: none. */
TW_API tw_status tw_http_reply_upgrade_with(tw_http_reply *reply, const char *extensions,
                                            tw_http_on_upgrade on_upgrade, void *context,
                                            tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

/* ---- client --------------------------------------------------------------------------- */

typedef struct tw_http_client tw_http_client;

typedef struct tw_http_client_config {
    const tw_allocator *allocator;      /* NULL: the system's */
    uint32_t in_flight_count_max;       /* calls on the wire at once; 0: 64 */
    uint32_t queued_count_max;          /* calls that wait for a place; 0: 1024 */
    uint32_t connection_count_max;      /* of all hosts together; 0: as many as in flight */
    uint32_t connection_per_host_max;   /* 0: as many as in flight */
    uint32_t idle_connection_count_max; /* kept for later calls; 0: as in flight */
    int64_t idle_age_ns_max;            /* idle for longer: not used again; 0: 30 s */
    int64_t connection_age_ns_max;      /* older ones are not used again; 0: 10 min */
    uint32_t request_size_max;          /* url, headers and body of a call; 0: 1 MiB */
    bool http1_only;                    /* else HTTP/2 over TLS where the server has it */
    uint32_t stream_window_size;        /* of a streamed body: arrived, not taken; 0: 256 KiB */
    const char *user_agent;             /* NULL: "tradewind" */
    const char *certificate_file;       /* PEM of further authorities; NULL: the system's */
    const char *proxy; /* "http://host:port", "socks5h://..."; "": none; NULL: as the environment
                          says (https_proxy, http_proxy, no_proxy). Never for this machine itself */
} tw_http_client_config;

/* Who goes first when calls wait for a place; within a class the first come. */
typedef enum tw_http_priority {
    TW_HTTP_QUERY = 0, /* questions that a decision waits for */
    TW_HTTP_DATA,      /* what can wait: history, bulk; after the queries */
    TW_HTTP_SUBMIT,    /* orders: before the queries */
    TW_HTTP_CANCEL     /* what takes risk away: before everything */
} tw_http_priority;

/* Where the time of a call went. */
typedef enum tw_http_stage {
    TW_HTTP_STAGE_QUEUE,      /* waiting for a place */
    TW_HTTP_STAGE_NAME,       /* the host's name, if a connection was made */
    TW_HTTP_STAGE_CONNECT,    /* TCP */
    TW_HTTP_STAGE_TLS,        /* its handshake */
    TW_HTTP_STAGE_FIRST_BYTE, /* from the request's leaving to its answer's begin */
    TW_HTTP_STAGE_TOTAL,      /* from the send to the callback */
    TW_HTTP_STAGE_COUNT
} tw_http_stage;

typedef struct tw_http_result {
    /*
     * TW_OK           an answer came, whatever `http_status` says
     * TW_TIMEOUT      a deadline passed (waiting in the queue counts)
     * TW_UNREACHABLE  no name, no connection, no TLS session; the certificate was not accepted
     * TW_CLOSED       the connection broke before the answer was complete
     * TW_CANCELLED    tw_http_client_cancel or _free
     * TW_FULL         the answer is longer than allowed
     * TW_PROTOCOL     what came is not HTTP
     * TW_NO_MEMORY
     */
    tw_status status;
    uint32_t http_status;      /* of the answer as far as it came; 0 if none did */
    bool sent;                 /* some byte of the request may have reached the server: if the
                                  status is not TW_OK, what became of it is not known */
    uint32_t send_count;       /* times that it was sent; more than 1 if libcurl sent it again */
    uint32_t connection_count; /* connections made for it; 0: it ran on a kept one */
    uint32_t http_version;     /* 10, 11 or 20; 0 if there was no connection */
    int64_t elapsed_ns;        /* since the send */
    int64_t stage_ns[TW_HTTP_STAGE_COUNT]; /* 0: did not happen */
    uint64_t sent_size;                    /* bytes of requests and bodies */
    uint64_t received_size;                /* bytes of heads and bodies */
    tw_slice body;                         /* valid during the callback */
    tw_slice head;       /* status line and headers as they came; see tw_http_result_header */
    const char *message; /* a sentence if status is not TW_OK, else ""; never a header's value,
                            never the query of the URL */
} tw_http_result;

typedef void (*tw_http_on_done)(void *context, const tw_http_result *result);

/*
 * A piece of an answer's body, from a turn of the loop, never from within a send, a cancel or a
 * resume. `so_far` has `http_status` and `head`; both pointers are valid during the call. Piece by
 * piece they are the body. False pauses the call: this piece is taken, and nothing more comes, not
 * the end either, until tw_http_client_resume. Bytes that arrive in the meantime wait, up to the
 * client's `stream_window_size`; then nothing is read, and TCP slows the server down. Deadlines go
 * on: one that passes ends the call, as a cancel does, and what was not taken is dropped.
 */
typedef bool (*tw_http_on_body)(void *context, const tw_http_result *so_far, tw_slice piece);

#define TW_HTTP_CALL_HEADER_COUNT_MAX 16

typedef struct tw_http_call {
    const char *method; /* "GET", "POST", "PATCH", "DELETE", ... */
    const char *url;    /* http:// or https://; user:password@ is refused */
    const tw_http_header *headers;
    size_t header_count;
    tw_slice body; /* sent if not empty, or for POST, PUT and PATCH */
    tw_http_priority priority;
    int64_t connect_timeout_ns;    /* name, TCP and TLS; 0: 5 s */
    int64_t first_byte_timeout_ns; /* from the request's leaving to its answer's begin; 0: none */
    int64_t total_timeout_ns;      /* from the send to the last byte, waiting included; 0: 30 s */
    uint32_t speed_min;            /* bytes/s: slower for `slow_ns_max` is a timeout; 0: none */
    int64_t slow_ns_max;           /* whole seconds; 0: 5 s */
    size_t response_size_max;      /* of the body; 0: 16 MiB, streamed: none */
    tw_http_on_body on_body;       /* streams the body, with the context of `on_done`; NULL: the
                                      result has it whole */
    bool at_most_once;          /* never sent a second time, whatever becomes of the connection */
    bool single_use_connection; /* at most once, on a fresh connection that is closed afterwards */
    bool authenticated;         /* has secrets: plain http only to this machine itself */
} tw_http_call;

typedef struct tw_http_client_stats {
    uint64_t sent_count;           /* calls given to libcurl */
    uint64_t done_count;           /* callbacks made */
    uint64_t refused_count;        /* TW_FULL */
    uint64_t timeout_count;        /* done as TW_TIMEOUT */
    uint64_t cancelled_count;      /* done as TW_CANCELLED */
    uint64_t failed_count;         /* done as anything else but TW_OK */
    uint64_t class_counts[6];      /* done as TW_OK: 1xx to 5xx at 1 to 5, others at 0 */
    uint64_t connection_count;     /* connections opened */
    uint64_t reused_count;         /* calls that were sent on a kept connection */
    uint64_t resend_count;         /* calls that libcurl sent more than once */
    uint64_t resend_refused_count; /* calls that it would have sent again, had it been let */
    uint64_t sent_size;
    uint64_t received_size;
    uint32_t in_flight_count;
    uint32_t queued_count;
    uint32_t open_connection_count; /* now: in use, idle or being made */
} tw_http_client_stats;

TW_BEGIN_DECLS

/* Makes a client and takes the waiter's seat of the loop. `config` may be NULL. TW_NO_MEMORY,
 * TW_BUSY (the loop has a client already). */
TW_API tw_status tw_http_client_new(tw_loop *loop, const tw_http_client_config *config,
                                    tw_http_client **ret_client, tw_error *error) TW_MUST_CHECK;

/* Ends every call with TW_CANCELLED (their callbacks run now) and closes all connections. Not
 * from within a callback of this client. NULL is ignored. */
TW_API void tw_http_client_free(tw_http_client *client);

/*
 * Sends a call, or queues it by its priority and arrival. `on_done` follows once if and only if
 * this returns TW_OK. `ret_id` (may be NULL) names the call for a cancel; it is never 0. TW_FULL
 * (queue, or request larger than allowed), TW_INVALID (URL, method, header text), TW_REFUSED
 * (secrets over plain http to another machine), TW_NO_MEMORY.
 */
TW_API tw_status tw_http_client_send(tw_http_client *client, const tw_http_call *call,
                                     tw_http_on_done on_done, void *context, uint64_t *ret_id,
                                     tw_error *error) TW_MUST_CHECK;

/* Gives up a call: its callback comes with TW_CANCELLED in this turn or the next. An id that is
 * done already is ignored. */
TW_API void tw_http_client_cancel(tw_http_client *client, uint64_t id);

/* Lets the pieces of a paused call come again, from this turn or the next. Ids of other calls are
 * ignored. */
TW_API void tw_http_client_resume(tw_http_client *client, uint64_t id);

/* The first header of an answer by its name (case does not matter), valid as long as the result;
 * false if there is none. */
TW_API bool tw_http_result_header(const tw_http_result *result, const char *name,
                                  tw_slice *ret_value);

/*
 * Opens connections to a URL's host ahead of need, so that `count` calls at once find one: sends as
 * many HEAD requests without credentials and forgets their answers. TW_FULL (fewer could be begun),
 * else as tw_http_client_send. With HTTP/2 they all share one connection.
 */
TW_API tw_status tw_http_client_warm(tw_http_client *client, const char *url, uint32_t count,
                                     tw_error *error) TW_MUST_CHECK;

TW_API tw_http_client_stats tw_http_client_get_stats(const tw_http_client *client);

/* How long a stage took in all calls that came to it, in nanoseconds. Lives as long as the client.
 */
TW_API const tw_histogram *tw_http_client_histogram(const tw_http_client *client,
                                                    tw_http_stage stage);

TW_END_DECLS

TW_DEFINE_AUTO(tw_http_server, tw_http_server_free)
TW_DEFINE_AUTO(tw_http_client, tw_http_client_free)

#endif
