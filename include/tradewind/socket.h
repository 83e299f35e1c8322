/*
 * socket.h - a WebSocket (RFC 6455), either end, on a tw_loop: framing by wslay, connecting and
 * TLS by libcurl.
 *
 * A server takes the descriptor of an upgraded HTTP connection (tw_http_reply_upgrade) with
 * tw_socket_accept; a client calls tw_socket_connect. From there both ends are the same.
 *
 *     CONNECTING -- handshake answered / accept --> OPEN -- tw_socket_close, peer's close,
 *         |                                          |      slow client, bad frame --> CLOSING
 *         |                                          |                                    |
 *         +-- refused, deadline ---------------------+-- connection lost, no pong --------+
 *                                                                                         v
 *                                                                                      CLOSED
 *
 * Callbacks come from turns of the loop only: on_open once (first), on_message for every whole
 * message, on_close once (last). The handle is the caller's until tw_socket_free, which may be
 * called at any time, from within a callback of this socket too; no callback follows it.
 *
 * Sending never blocks: messages are queued and all that a turn has gathered goes out in one
 * writev at its end. The queue is bounded in bytes; at the bound the message is not taken and
 * the configured policy says whether the socket goes on or is closed as too slow. To tell many,
 * encode once with tw_socket_frame_new and send the same frame to all; the bytes are shared.
 *
 * Mute. A connection can be alive, pongs included, and carry nothing. Three clocks look at it:
 * pings every ping_interval_ns, to be followed by any byte within pong_timeout_ns;
 * quiet_timeout_ns, the longest time without a message; and for channels within one socket,
 * staleness.h above it.
 *
 * Smaller. permessage-deflate (RFC 7692) is offered by a client whose configuration says so, and
 * used if the server agrees; a server answers an offer with tw_socket_deflate_choose. What is
 * inflated is bounded by message_size_max like everything else. Shared frames go as they are.
 *
 * Memory: one block a message in the queue, which grows up to its bound, from the allocator; wslay
 * gathers an incoming message on the C heap, up to `message_size_max`. With deflate about 300 kB of
 * zlib, and a buffer for the last inflated message, up to message_size_max.
 * Threads: everything belongs to the loop's thread, frames too.
 */
#ifndef TRADEWIND_SOCKET_H
#define TRADEWIND_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/loop.h"
#include "tradewind/text.h"

typedef struct tw_socket tw_socket;
typedef struct tw_socket_frame tw_socket_frame;

typedef enum tw_socket_kind { TW_SOCKET_TEXT = 1, TW_SOCKET_BINARY = 2 } tw_socket_kind;

typedef enum tw_socket_state {
    TW_SOCKET_CONNECTING = 0,
    TW_SOCKET_OPEN = 1,
    TW_SOCKET_CLOSING = 2,
    TW_SOCKET_CLOSED = 3
} tw_socket_state;

/* What happens when the queue is at its bound. */
typedef enum tw_socket_policy {
    TW_SOCKET_DROP = 0,      /* the message is dropped and counted; the socket goes on */
    TW_SOCKET_CLOSE_SLOW = 1 /* the queue is discarded and the socket closes with 1008 */
} tw_socket_policy;

/* Close codes of RFC 6455, section 7.4.1. */
#define TW_SOCKET_NORMAL 1000
#define TW_SOCKET_GOING_AWAY 1001
#define TW_SOCKET_PROTOCOL_ERROR 1002
#define TW_SOCKET_NO_CODE 1005  /* the peer gave none; never sent */
#define TW_SOCKET_ABNORMAL 1006 /* no close frame came; never sent */
#define TW_SOCKET_BAD_TEXT 1007
#define TW_SOCKET_POLICY 1008
#define TW_SOCKET_TOO_BIG 1009
#define TW_SOCKET_SERVER_ERROR 1011

typedef struct tw_socket_message {
    uint8_t kind;    /* tw_socket_kind */
    tw_slice data;   /* the whole message, fragments joined; valid during the callback. Text is
                        valid UTF-8. */
    int64_t time_ns; /* when it was read: tw_loop_now_ns */
} tw_socket_message;

/* What is wished (a client's offer, a server's limits) or was agreed. `client` is what the client
 * sends, `server` what the server sends. */
typedef struct tw_socket_deflate {
    bool on;
    bool server_no_takeover; /* each message by itself: worse, but without memory between them */
    bool client_no_takeover;
    uint8_t server_bits; /* window of 2^bits bytes, 8 to 15; 0: 15 */
    uint8_t client_bits;
    uint32_t size_min; /* smaller messages are sent as they are; 0: 64 */
} tw_socket_deflate;

typedef struct tw_socket_ending {
    /*
     * TW_OK           closed properly, by either end
     * TW_CLOSED       the connection broke without a close frame
     * TW_TIMEOUT      no pong, no message, no answer to the handshake or to our close in time
     * TW_FULL         too slow (1008), or a message over the limit (1009), also once inflated
     * TW_PROTOCOL     the peer broke the protocol (1002, 1007), or is no WebSocket server
     * TW_UNREACHABLE  no name, no connection, no TLS session
     * TW_AUTH         the handshake was answered 401 or 403
     * TW_THROTTLED    the handshake was answered 429
     * TW_REMOTE       the handshake was answered 408, or 500 and above: another time it may not be
     * TW_REFUSED      the handshake was answered with another status
     * TW_CANCELLED    tw_socket_close while it was still connecting
     * TW_NO_MEMORY
     */
    tw_status status;
    uint16_t code;        /* of the peer's close frame, else ours, else 1006 */
    uint16_t http_status; /* of a handshake that was not answered 101, else 0 */
    tw_slice reason;      /* of the same close frame; valid during the callback */
    const char *message;  /* a sentence; never a header's value */
} tw_socket_ending;

typedef struct tw_socket_config {
    const tw_allocator *allocator; /* NULL: the system's */
    uint32_t message_size_max;     /* of an incoming message; 0: 4 MiB */
    uint32_t queue_size_max;       /* bytes waiting to be written; 0: 4 MiB */
    uint32_t queue_count_max;      /* messages waiting to be written; 0: 1024 */
    uint8_t policy;                /* tw_socket_policy at those bounds */
    int64_t ping_interval_ns;      /* a ping after so long; 0: 10 s, negative: never */
    int64_t pong_timeout_ns;       /* nothing heard for so long after a ping; 0: 10 s */
    int64_t quiet_timeout_ns;      /* no message for so long; 0: never; may be changed later */
    int64_t close_timeout_ns;      /* for the peer's close frame; 0: 2 s */
    int64_t connect_timeout_ns;    /* name, TCP, TLS and handshake; 0: 10 s */
    tw_socket_deflate deflate;     /* a client offers it; of a server's end, what was agreed */
    const char *certificate_file;  /* PEM of further authorities; NULL: the system's */
    /* Any of them may be NULL. */
    void (*on_open)(void *context, tw_socket *socket);
    void (*on_message)(void *context, tw_socket *socket, const tw_socket_message *message);
    void (*on_close)(void *context, tw_socket *socket, const tw_socket_ending *ending);
    void *context;
} tw_socket_config;

/* One header of the client's handshake. */
typedef struct tw_socket_header {
    tw_slice name;
    tw_slice value;
} tw_socket_header;

#define TW_SOCKET_HEADER_COUNT_MAX 16

typedef struct tw_socket_call {
    const char *url; /* ws:// or wss:// */
    const tw_socket_header *headers;
    size_t header_count;
    bool authenticated; /* has secrets: plain ws only to this machine itself */
} tw_socket_call;

typedef struct tw_socket_stats {
    uint64_t message_in_count;
    uint64_t message_out_count; /* queued, pings and pongs not counted */
    uint64_t byte_in_count;
    uint64_t byte_out_count;
    uint64_t dropped_count;    /* messages not taken because the queue was at its bound */
    uint64_t payload_in_size;  /* bytes of messages, inflated */
    uint64_t payload_out_size; /* bytes of messages, before they are deflated */
    uint64_t deflated_in_count;
    uint64_t deflated_out_count;
    uint64_t write_count; /* system calls that wrote */
    size_t queue_size;    /* bytes waiting now */
    size_t queue_count;   /* messages waiting now */
} tw_socket_stats;

TW_BEGIN_DECLS

/*
 * The server's end: takes over `fd` (closed when the socket is freed) and the bytes that came
 * behind the request. on_open follows in the next turn. TW_NO_MEMORY, TW_FULL (the loop has no
 * watch or timer left); `fd` is still the caller's then.
 */
TW_API tw_status tw_socket_accept(tw_loop *loop, int fd, tw_slice early,
                                  const tw_socket_config *config, tw_socket **ret_socket,
                                  tw_error *error) TW_MUST_CHECK;

/*
 * The client's end: begins to connect and returns; on_open or on_close follows. TW_INVALID (URL,
 * header text, bits of a window), TW_REFUSED (secrets over plain ws to another machine),
 * TW_NO_MEMORY, TW_FULL.
 */
TW_API tw_status tw_socket_connect(tw_loop *loop, const tw_socket_call *call,
                                   const tw_socket_config *config, tw_socket **ret_socket,
                                   tw_error *error) TW_MUST_CHECK;

/* Closes the connection if it is still there (without a close frame) and frees the socket. From
 * within its own callbacks the memory goes when they return. NULL is ignored. */
TW_API void tw_socket_free(tw_socket *socket);

TW_API tw_socket_state tw_socket_get_state(const tw_socket *socket);
TW_API tw_socket_stats tw_socket_get_stats(const tw_socket *socket);

/* What both ends agreed on; not `on` before the socket is open, or if the peer declined. */
TW_API tw_socket_deflate tw_socket_get_deflate(const tw_socket *socket);

/* From now on the socket ends with TW_TIMEOUT when no message came for so long; 0: never. For those
 * who know when silence is normal. */
TW_API void tw_socket_set_quiet_timeout(tw_socket *socket, int64_t quiet_timeout_ns);

/* The bound of incoming messages from now on, at least 1: a server may grant more to those whom it
 * knows. */
TW_API void tw_socket_set_message_size_max(tw_socket *socket, uint32_t message_size_max);

/*
 * Queues one message; the bytes are copied. TW_OK, TW_FULL (the queue is at its bound: the message
 * is dropped and counted, and with TW_SOCKET_CLOSE_SLOW the socket is closing now), TW_STATE (not
 * open), TW_NO_MEMORY, TW_INVALID (text that is not UTF-8: the peer would close).
 */
TW_API tw_status tw_socket_send(tw_socket *socket, tw_socket_kind kind,
                                tw_slice data) TW_MUST_CHECK;

/*
 * A message encoded once for many sockets of the server's end. The maker holds one reference, each
 * queue it waits in holds another; tw_socket_frame_free gives back the maker's. TW_NO_MEMORY.
 */
TW_API tw_status tw_socket_frame_new(const tw_allocator *allocator, tw_socket_kind kind,
                                     tw_slice data, tw_socket_frame **ret_frame) TW_MUST_CHECK;
TW_API void tw_socket_frame_free(tw_socket_frame *frame);

/* Queues a shared frame, as tw_socket_send otherwise. On a client's socket (whose frames must be
 * masked one by one) it is a programmer error. */
TW_API tw_status tw_socket_send_frame(tw_socket *socket, tw_socket_frame *frame) TW_MUST_CHECK;

/* Drops every queued message of which no byte has been written; returns how many. For a last word
 * to a client that is too slow. */
TW_API size_t tw_socket_discard(tw_socket *socket);

/* Begins the closing handshake: what is queued goes out, then a close frame with this code (1000 to
 * 4999) and reason (cut at 123 bytes). on_close follows. Ignored when not open; a socket that is
 * still connecting ends with TW_CANCELLED in the next turn. */
TW_API void tw_socket_close(tw_socket *socket, uint16_t code, const char *reason);

/*
 * A server's answer to the Sec-WebSocket-Extensions header of a handshake: the first offer that the
 * wishes allow, as the value of the same header of the answer (tw_http_reply_upgrade_with), and
 * what was agreed, for the configuration of tw_socket_accept. False, and nothing is written, if
 * there is none: the answer then has no such header.
 */
TW_API bool tw_socket_deflate_choose(tw_slice offers, const tw_socket_deflate *wish,
                                     tw_socket_deflate *ret_agreed,
                                     tw_text *ret_header) TW_MUST_CHECK;

/* The client's side of the same, for those who make handshakes of their own: the wishes as a
 * header's value; and what the answer's header agrees to, false if it does not fit the wishes (the
 * connection must then be failed). */
TW_API void tw_socket_deflate_offer(const tw_socket_deflate *wish, tw_text *ret_header);
TW_API bool tw_socket_deflate_accept(tw_slice answer, const tw_socket_deflate *wish,
                                     tw_socket_deflate *ret_agreed) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_socket, tw_socket_free)
TW_DEFINE_AUTO(tw_socket_frame, tw_socket_frame_free)

#endif
