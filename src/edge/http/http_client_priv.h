/* http_client_priv.h - what the files of the HTTP client share: a call's place, and the client. */
#ifndef TRADEWIND_EDGE_HTTP_CLIENT_PRIV_H
#define TRADEWIND_EDGE_HTTP_CLIENT_PRIV_H

#include <curl/curl.h>

#include "tradewind/http.h"

#define METHOD_SIZE 16
#define PRIORITY_COUNT 4
#define ORIGIN_SIZE 256

typedef enum slot_state { FREE = 0, QUEUED, RUNNING, LANDED, ENDING } slot_state;

typedef struct byte_buffer {
    char *data;
    size_t size;
    size_t capacity;
} byte_buffer;

/* A place for one call; which states there are is drawn in http_client.c. */
typedef struct call_slot {
    tw_http_client *client;
    struct call_slot *next; /* in the list of its state */
    struct call_slot *previous;
    struct call_slot *next_arrived;
    CURL *easy; /* while RUNNING */
    struct curl_slist *header_lines;
    tw_http_on_done on_done;
    tw_http_on_body on_body; /* NULL: the body is kept whole */
    void *context;
    int64_t begun_ns;
    int64_t deadline_ns;
    int64_t connect_timeout_ns;
    int64_t first_byte_timeout_ns; /* 0: none */
    int64_t started_ns;            /* given to libcurl; 0: not yet */
    int64_t sent_ns;               /* about to leave; 0: not yet */
    int64_t slow_ns_max;
    int64_t stage_ns[TW_HTTP_STAGE_COUNT];
    uint64_t sent_size;
    uint64_t received_size;
    size_t response_size_max;
    byte_buffer url; /* with its NUL */
    byte_buffer request_body;
    byte_buffer head;
    byte_buffer body; /* whole, or what of it was not taken yet */
    size_t body_size; /* of all that arrived */
    tw_status status; /* set before libcurl is told to give up */
    CURLcode code;
    uint32_t generation;
    uint32_t http_status;
    uint32_t http_version;
    uint32_t speed_min;
    uint32_t connection_count;
    uint32_t send_count; /* times that libcurl was let send it */
    slot_state state;
    tw_http_priority priority;
    bool single_use;
    bool at_most_once;
    bool resend_refused;
    bool listed;  /* among the arrived */
    bool paused;  /* by on_body */
    bool stalled; /* libcurl, by a full window */
    bool loopback;
    bool secure;
    char method[METHOD_SIZE];
    char message[TW_ERROR_MESSAGE_SIZE];
    char curl_words[CURL_ERROR_SIZE];
} call_slot;

/* An easy handle that no call has. */
typedef struct pooled_easy {
    CURL *easy;
    bool worn; /* to be set up again before its next use */
} pooled_easy;

/* What matters of a URL: whether it names this machine itself, and whether TLS is asked for. */
typedef struct url_traits {
    bool loopback;
    bool secure;
} url_traits;

typedef struct slot_list {
    call_slot *first;
    call_slot *last;
} slot_list;

struct tw_http_client {
    const tw_allocator *allocator;
    tw_loop *loop;
    CURLM *multi;
    CURLSH *share;          /* TLS sessions, which are an easy handle's own otherwise */
    pooled_easy *easy_pool; /* idle easy handles */
    uint32_t easy_count;
    uint32_t in_flight_count_max;
    uint32_t slot_count;
    uint32_t request_size_max;
    long idle_age_s;
    long connection_age_s;
    call_slot *slots;
    slot_list free;
    slot_list queued[PRIORITY_COUNT];
    slot_list running;
    slot_list landed;
    call_slot *arrived_first; /* with a piece to hand out, or resumed; linked by next_arrived */
    call_slot *arrived_last;
    uint32_t stream_window_size;
    tw_loop_task deliver;
    slot_list ending;
    tw_loop_task finish_ended;
    tw_loop_timer *deadline_timer;
    int64_t deadline_timer_ns;
    tw_http_client_stats stats;
    tw_histogram stages[TW_HTTP_STAGE_COUNT];
    bool curl_ready;
    bool seated;
    bool in_callback;
    char origin[ORIGIN_SIZE]; /* "https://host/" of the last URL that was taken apart... */
    size_t origin_size;       /* 0: none */
    url_traits origin_traits; /* ...and what was found */
    char user_agent[128];
    char certificate_file[512];
    char proxy[512];
    bool proxy_named; /* else as the environment says */
    bool http1_only;
};

/* ---- http_call.c: what is asked for, checked and copied ---- */

tw_status http_call_check(tw_http_client *client, const tw_http_call *call, url_traits *ret_traits,
                          tw_error *error);
/* TW_NO_MEMORY; the slot may be given back then. */
tw_status http_call_copy(call_slot *slot, const tw_http_call *call, url_traits traits);

/* True if a request has a body, be it an empty one. */
bool http_call_has_body(const char *method, size_t body_size);

tw_status http_bytes_append(const tw_allocator *allocator, byte_buffer *bytes, const char *data,
                            size_t size);
void http_bytes_release(const tw_allocator *allocator, byte_buffer *bytes);

/* ---- http_transfer.c: a call in libcurl's hands ---- */

/* Gives the call to libcurl, in an easy handle of the pool; false if libcurl has no memory for it,
 * and then the handle is back. */
bool http_transfer_start(call_slot *slot);
/* Takes the call out of libcurl and keeps what libcurl knows about it. */
void http_transfer_stop(call_slot *slot);
/* The status of a call that libcurl ended by itself, from its code and from what was sent. */
tw_status http_transfer_status(const call_slot *slot);
/* Writes the sentence about a call that went wrong: method, URL up to its query, and words about
 * names, connections and certificates. Headers and bodies never get into it. */
void http_transfer_explain(call_slot *slot);

/* ---- http_stream.c: bodies that are taken piece by piece ---- */

/* Keeps a piece until it is taken; CURL_WRITEFUNC_PAUSE if there is no room for it. */
size_t http_stream_keep(call_slot *slot, const char *data, size_t size);
/* Hands out what has arrived; returns the number of pieces. Outside of libcurl only. */
uint32_t http_stream_deliver(tw_http_client *client);
void http_stream_resume(call_slot *slot);

/* ---- http_client.c ---- */

/* Ends a call before libcurl does; its callback comes at the end of the turn. */
void http_client_end_early(call_slot *slot, tw_status status);
/* Makes the last callback of a LANDED call. */
void http_client_land(call_slot *slot);

#endif
