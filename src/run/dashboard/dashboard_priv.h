/*
 * dashboard_priv.h - the dashboard's state and the seams between its files.
 *
 *     dashboard.c          life, what other threads tell
 *     dashboard_access.c   who may ask: token, Host, Origin, how often
 *     dashboard_routes.c   requests: files, state, controls
 *     dashboard_streams.c  WebSocket clients: the token, selections, what is due to each
 *     dashboard_state.c    the state as JSON
 *     dashboard_health.c   of it: latency, venue, store
 *     dashboard_bars.c     a selection's bars as JSON
 *     dashboard_page.h     the page's files, as they were built in
 */
#ifndef TRADEWIND_RUN_DASHBOARD_PRIV_H
#define TRADEWIND_RUN_DASHBOARD_PRIV_H

#include <math.h>
#include <stdatomic.h>

#include "json.h"
#include "tradewind/dashboard.h"
#include "tradewind/http.h"
#include "tradewind/limiter.h"
#include "tradewind/socket.h"
#include "tradewind/text.h"
#include "tradewind/time.h"
#include "tradewind/triple_buffer.h"

enum { DASHBOARD_MESSAGE_SIZE_MAX = 512, DASHBOARD_PENDING_COUNT_MAX = 16 };

/* A request for the state that waits for a view. */
typedef struct dashboard_pending {
    tw_http_reply *reply; /* NULL: the place is free */
    int64_t asked_ns;
} dashboard_pending;

typedef struct dashboard_stream {
    tw_dashboard *owner;
    tw_socket *socket; /* NULL: the place is free, or its handshake goes on */
    bool taken;
    bool known; /* it has shown the token */
    int64_t accepted_ns;
    bool selected;
    tw_symbol symbol;
    uint32_t frame; /* of the timeframes */
    bool bars_told;
    uint64_t bars_ended; /* of the selection, that it has been told of */
    tw_bar newest;       /* in progress, as it was told last */
    int64_t again_ns;    /* bars are told once more then; 0: they were */
    int64_t told_ns;     /* its last state */
    uint64_t told;       /* and the sequence of that view */
} dashboard_stream;

/* Figures of another thread, and when they were taken. */
typedef struct dashboard_venue {
    int64_t taken_ns;
    tw_venue_figures figures;
} dashboard_venue;

typedef struct dashboard_recorder {
    int64_t taken_ns;
    tw_recorder_figures figures;
} dashboard_recorder;

struct tw_dashboard {
    const tw_allocator *allocator;
    tw_dashboard_config config;
    bool loopback;
    char *token; /* a page of memory of its own */
    int64_t started_ns;

    tw_http_server *server;
    tw_limiter *limiter;
    uint32_t controls; /* its bucket */
    tw_json_reader *reader;
    tw_loop_timer *timer; /* while somebody waits or listens */

    tw_engine_viewer *viewer;
    const tw_engine_view *view; /* the newest, or NULL */
    _Atomic uint32_t wanted;    /* of venue and recorder */
    tw_triple_buffer *venue;
    tw_triple_buffer *recorder;
    int64_t venue_next_ns;    /* the venue's thread */
    int64_t recorder_next_ns; /* the recorder's */
    tw_histogram *scratch;

    int64_t rate_ns; /* events were counted then, */
    uint64_t rate_events;
    double rate; /* and this many a second came since the time before */

    char *memory; /* of a message */
    size_t capacity;
    size_t common; /* of the state that is in it: what is the same for all */
    tw_bar *bars;  /* TW_DASHBOARD_BAR_COUNT_MAX */
    dashboard_pending pending[DASHBOARD_PENDING_COUNT_MAX];
    dashboard_stream streams[TW_DASHBOARD_STREAM_COUNT_MAX];
};

/* ---- dashboard.c --------------------------------------------------------------------------- */

/* Takes the newest view if there is one, and begins or ends to want them. */
void dashboard_look(tw_dashboard *dashboard);
void dashboard_want(tw_dashboard *dashboard);
static inline const char *dashboard_name(const tw_dashboard *dashboard, tw_symbol symbol) {
    return tw_symbols_name(dashboard->config.symbols, symbol);
}

/* NaN, which is written as null, for what is not known. */
static inline double dashboard_or_unknown(bool known, double value) {
    return known ? value : NAN;
}

/* ---- dashboard_access.c -------------------------------------------------------------------- */

tw_status dashboard_access_make_token(char **ret_token, tw_error *error) TW_MUST_CHECK;
void dashboard_access_wipe_token(char *token);
bool dashboard_access_is_token(const tw_dashboard *dashboard, tw_slice told);
bool dashboard_access_has_token(const tw_dashboard *dashboard, const tw_http_request *request);
/* Its Host names us, and its Origin, if it has one, is the same. */
bool dashboard_access_is_ours(const tw_dashboard *dashboard, const tw_http_request *request);
bool dashboard_access_is_loopback(const char *address);
/* A kill or lift more; false: too many, until `*ret_wait_ns` from now. */
bool dashboard_access_take_control(tw_dashboard *dashboard, int64_t *ret_wait_ns);

/* ---- dashboard_routes.c -------------------------------------------------------------------- */

void dashboard_routes_handle(void *context, const tw_http_request *request, tw_http_reply *reply);
/* Answers those that have waited for the view there is now, or long enough. */
void dashboard_routes_answer_pending(tw_dashboard *dashboard);

/* ---- dashboard_streams.c ------------------------------------------------------------------- */

tw_status dashboard_streams_begin(tw_dashboard *dashboard, tw_http_reply *reply) TW_MUST_CHECK;
void dashboard_streams_tick(tw_dashboard *dashboard);
void dashboard_streams_stop(tw_dashboard *dashboard);
void dashboard_streams_free(tw_dashboard *dashboard);

/* ---- dashboard_state.c --------------------------------------------------------------------- */

/* How many bytes a state has at most. */
size_t dashboard_state_size_max(uint32_t symbol_count);
void dashboard_state_write_hello(const tw_dashboard *dashboard, tw_text *text);
/* The state but for its selection, which closes the object: state_write_selection follows. */
void dashboard_state_write(tw_dashboard *dashboard, tw_text *text);
/* `stream` may be NULL: nothing is selected. */
void dashboard_state_write_selection(const tw_dashboard *dashboard, const dashboard_stream *stream,
                                     tw_text *text);

/* ---- dashboard_health.c -------------------------------------------------------------------- */

void dashboard_state_write_health(tw_dashboard *dashboard, tw_text *text);

/* ---- dashboard_bars.c ---------------------------------------------------------------------- */

/* All bars of a stream's selection: those of the store, those that ended since, the one in
 * progress.
 */
void dashboard_bars_write_all(tw_dashboard *dashboard, const dashboard_stream *stream,
                              const tw_engine_view_selection *selection, tw_text *text);
void dashboard_bars_write_one(const tw_dashboard *dashboard, const dashboard_stream *stream,
                              const tw_bar *bar, tw_text *text);

#endif
