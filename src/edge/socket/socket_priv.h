/* socket_priv.h - what the files of the socket share. */
#ifndef TRADEWIND_EDGE_SOCKET_PRIV_H
#define TRADEWIND_EDGE_SOCKET_PRIV_H

#include <curl/curl.h>
#include <wslay/wslay.h>

#include "tradewind/socket.h"

/* Places in the queue kept for pings, pongs, the close frame and the handshake. */
#define CONTROL_PLACES 8
#define CONTROL_SIZE 4096
#define REASON_SIZE 124 /* 123 bytes and a NUL */
#define HANDSHAKE_SIZE_MAX (16u << 10)
#define CONNECT_WATCH_COUNT_MAX 8

/* Encoded bytes, shared by all queues they wait in. */
struct tw_socket_frame {
    const tw_allocator *allocator;
    size_t size;
    size_t capacity;
    size_t payload_size; /* of a shared one */
    uint32_t references;
    bool counts; /* a message, not control or handshake */
    char data[];
};

/* The two streams of permessage-deflate. */
typedef struct socket_deflater socket_deflater;

/* One descriptor that libcurl wants to have watched while it connects. */
typedef struct connect_watch {
    tw_socket *socket;
    tw_loop_watch *watch; /* NULL: the place is free */
    int fd;
} connect_watch;

/* libcurl's part of a client's socket: name, TCP, TLS, and TLS records afterwards. */
typedef struct socket_connector {
    CURLM *multi;
    CURL *easy;
    tw_loop_timer *timer;
    connect_watch watches[CONNECT_WATCH_COUNT_MAX];
    tw_socket_frame *request; /* the handshake, until the connection stands */
    char accept[32];          /* what the server must answer to our key */
    char *answer;             /* HANDSHAKE_SIZE_MAX bytes, gone when open */
    size_t answer_size;
    bool tls;
    bool curl_ready;
    bool failed; /* a watch or timer could not be had */
    char words[CURL_ERROR_SIZE];
} socket_connector;

struct tw_socket {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_socket_config config;
    tw_socket_stats stats;
    socket_connector connector;
    tw_socket_deflate agreed;
    socket_deflater *deflater;       /* NULL: messages go as they are */
    wslay_event_context_ptr events;  /* incoming frames and outgoing control frames */
    wslay_frame_context_ptr encoder; /* outgoing messages of a client */
    tw_socket_frame *encoding;       /* what `encoder` writes into */
    tw_socket_frame **queue;         /* ring of `places`, oldest at `first` */
    uint32_t places;
    uint32_t first;
    uint32_t count;
    size_t first_offset; /* bytes of the oldest that are written already */
    char *early;         /* bytes that came before there was a socket */
    size_t early_size;
    size_t early_read;
    tw_loop_watch *watch;
    tw_loop_timer *timer;
    int64_t timer_ns;
    int64_t heard_ns;    /* the last byte from the peer */
    int64_t pinged_ns;   /* the last ping */
    int64_t quiet_ns;    /* since then no message */
    int64_t deadline_ns; /* of connecting or closing */
    tw_loop_task flush_task;
    tw_loop_task open_task;
    tw_loop_task read_task;
    size_t read_budget;
    size_t control_size;
    int fd;
    uint32_t depth; /* of callbacks on the stack; the memory stays until it is zero */
    tw_socket_state state;
    tw_status failure; /* why it is closing, TW_OK for a proper close */
    const char *failure_text;
    uint16_t close_code; /* of the first close frame, either way */
    uint16_t peer_code;  /* of the peer's close frame, 0 until it came */
    uint16_t
        fault_code; /* what the peer did wrong, as a close code; 0: nothing, or wslay's to say */
    char reason[REASON_SIZE];
    char control[CONTROL_SIZE];
    bool client;
    bool owns_fd;
    bool doomed; /* freed by its owner */
    bool eof;
    bool give_up; /* closed while still connecting */
    bool stalled; /* reading waits for a place in the queue */
};

/* socket.c */
void socket_enter(tw_socket *socket);
void socket_leave(tw_socket *socket); /* the socket may be gone afterwards */
void socket_finish(tw_socket *socket, tw_status status, const char *message, uint32_t http_status);
tw_status socket_attach(tw_socket *socket, int fd);
void socket_opened(tw_socket *socket);
/* Makes the streams that `agreed` asks for. */
tw_status socket_start_deflate(tw_socket *socket);
tw_status socket_take_early(tw_socket *socket, tw_slice bytes);
void socket_plan_timer(tw_socket *socket);
tw_status socket_make(tw_loop *loop, const tw_socket_config *config, bool client,
                      tw_socket **ret_socket, tw_error *error);
void socket_begin_closing(tw_socket *socket);
bool socket_is_waiting_for_pong(const tw_socket *socket);

/* socket_queue.c */
/* Takes over one reference to `frame`. The caller has looked that there is a place. */
void socket_push(tw_socket *socket, tw_socket_frame *frame);
/* A place for one more message, behind which all places for control frames remain; false without
 * memory. */
bool socket_make_place(tw_socket *socket);
/* A place for a control frame is free. */
bool socket_has_control_place(const tw_socket *socket);
/* Watches for what the socket can do now. */
void socket_go_on(tw_socket *socket);
/* wslay hands over encoded control frames. */
ssize_t socket_take_control(wslay_event_context_ptr events, const uint8_t *data, size_t size,
                            int flags, void *context);
/* Moves wslay's pings, pongs and close frames into the queue while there are places. */
tw_status socket_queue_control(tw_socket *socket);
/* True when both close frames have gone their way, or ours has and the peer is at fault. */
bool socket_is_over(const tw_socket *socket);
void socket_finish_closing(tw_socket *socket);
/* The connection is broken. */
void socket_lost(tw_socket *socket, const char *text);
void socket_write(tw_socket *socket);

/* socket_read.c */
/* Reads from the connection: > 0 bytes, 0 nothing now, -1 at its end (socket->eof is set). */
ssize_t socket_read(tw_socket *socket, char *buffer, size_t size);
void socket_read_frames(tw_socket *socket);
/* wslay's callbacks: it wants bytes; it has a message. */
ssize_t socket_feed_wslay(wslay_event_context_ptr events, uint8_t *buffer, size_t size, int flags,
                          void *context);
void socket_message_arrived(wslay_event_context_ptr events,
                            const struct wslay_event_on_msg_recv_arg *message, void *context);

/* socket_frame.c */
tw_socket_frame *socket_frame_make(const tw_allocator *allocator, size_t capacity);
void socket_frame_release(tw_socket_frame *frame);
tw_status socket_encoder_init(tw_socket *socket);
/* A close frame with this code, or NULL. */
tw_socket_frame *socket_frame_close(tw_socket *socket, uint16_t code);
/* A message as this end has to send it, or NULL. */
tw_socket_frame *socket_frame_encode(tw_socket *socket, tw_socket_kind kind, tw_slice data);
int socket_random(uint8_t *buffer, size_t size);

/* socket_deflate.c */
tw_status socket_deflater_new(const tw_allocator *allocator, const tw_socket_deflate *agreed,
                              bool client, size_t size_max, socket_deflater **ret_deflater);
void socket_deflater_free(socket_deflater *deflater);
/* Of the messages that come from now on. */
void socket_deflater_set_size_max(socket_deflater *deflater, size_t size_max);
/* Whether a message of this size is worth it. */
bool socket_deflater_wants(const socket_deflater *deflater, size_t size);
/* A message that was packed is not sent after all. */
void socket_deflater_forget(socket_deflater *deflater);
/* Bytes that a packed message may take. */
size_t socket_deflater_bound(socket_deflater *deflater, size_t size);
/* Packs a message; returns the bytes. */
size_t socket_deflater_pack(socket_deflater *deflater, tw_slice data, char *buffer,
                            size_t capacity);
/* The message, valid until the next call. TW_FULL (over the bound), TW_CORRUPT, TW_NO_MEMORY. */
tw_status socket_deflater_unpack(socket_deflater *deflater, tw_slice data, tw_slice *ret_message);

/* socket_connect.c */
void socket_connector_done(tw_socket *socket);
/* The handshake's answer is readable. */
void socket_connector_read_answer(tw_socket *socket);

#endif
