/*
 * dashboard.h - a running system on a page: its state over HTTP and WebSocket, and the kill switch.
 *
 *     GET  /                the page and its files, as they were built in
 *     GET  /api/state       the state as one JSON document
 *     GET  /api/stream      a WebSocket: hello, then the state four times a second, and bars
 *     POST /api/kill        {"level":"new|cancel|flatten"}
 *     POST /api/lift        {}
 *
 * docs/guide/dashboard.md has every key. Nothing here waits for the engine and the engine waits for
 * nobody here: views (engine_view.h) and the figures of venue and recorder come through triple
 * buffers, are asked for only while somebody looks, and bars of the past are read from the store on
 * the dashboard's own thread.
 *
 * Who may ask. A token of 128 random bits is made at the start and must come with everything below
 * /api: as "Authorization: Bearer TOKEN", or as the first message on the stream, within 5 s. It is
 * compared in constant time and lies in memory that core dumps leave out. A request whose Host is
 * not a number of an address (or localhost) with our port is refused, on a loopback address also
 * one that is not this machine, and so is one whose Origin is another than its Host: neither a
 * page of another site nor a name that is pointed here can ask. Kills and lifts are limited to five
 * a minute together. There is no encryption: whoever binds another address than loopback puts
 * something in front of it.
 *
 * Bounds. At most 16 streams; the next takes the place of the oldest that has not shown the token,
 * or is answered 503. Connections have a bound as well, and one that has not sent a whole request
 * gives way to a newcomer: strangers who say nothing keep nobody out. A client that reads slowly
 * gets fewer states, never more memory: a new one is sent when the last one is on its way.
 *
 * Memory: at creation, about 1 KB a symbol and 0.5 MB. Threads: everything belongs to the loop's
 * thread but the turns of venue and recorder, which belong to theirs.
 */
#ifndef TRADEWIND_DASHBOARD_H
#define TRADEWIND_DASHBOARD_H

#include "tradewind/engine_view.h"
#include "tradewind/loop.h"
#include "tradewind/recorder.h"
#include "tradewind/venue.h"

#define TW_DASHBOARD_STREAM_COUNT_MAX TW_ENGINE_VIEW_SELECTION_COUNT_MAX
#define TW_DASHBOARD_TOKEN_SIZE 33       /* 32 hexadecimal digits, and the NUL */
#define TW_DASHBOARD_BAR_COUNT_MAX 500   /* of one answer */
#define TW_DASHBOARD_CONTROLS_A_MINUTE 5 /* kills and lifts together */

typedef struct tw_dashboard tw_dashboard;

typedef struct tw_dashboard_config {
    tw_loop *loop;
    const char *address; /* numeric; NULL: "127.0.0.1" */
    uint16_t port;       /* 0: any that is free */

    tw_engine *engine;
    const tw_symbols *symbols; /* the engine's */
    tw_venue *venue;           /* NULL: nothing is told of it, as of the recorder */
    const tw_recorder *recorder;
    const int64_t *timeframes_ns; /* that the page may choose from */
    uint32_t timeframe_count;     /* at most TW_ENGINE_TIMEFRAME_COUNT_MAX */
    uint32_t symbol_count;        /* the engine's */

    /* Words that the page shows. */
    const char *venue_name;
    const char *strategy;
    const char *store;
    const char *backend; /* "sqlite", "postgres" */
    int64_t run;
    double speed;

    int64_t period_ns;         /* between two states of a stream; 0: 250 ms */
    int64_t token_patience_ns; /* that a stream has to show its token; 0: 5 s */

    /* The engine has heard of a kill of this level, or of a lift (TW_KILL_NONE): write it down,
     * wake its thread. Dashboard's thread. May be NULL, as what follows. */
    void (*on_control)(void *context, tw_kill_level level);
    /* The newest bars of the store, oldest first, at most `capacity`; returns how many. The same
     * thread. */
    size_t (*read_bars)(void *context, tw_symbol symbol, int64_t timeframe_ns, tw_bar *ret_bars,
                        size_t capacity);
    void *context;      /* of on_control */
    void *read_context; /* of read_bars */
} tw_dashboard_config;

TW_BEGIN_DECLS

/* Makes the token, looks at the engine and begins to listen. All that is borrowed must outlive it.
 * As tw_http_server_start; TW_IO: the system gave no random bits. */
TW_API tw_status tw_dashboard_start(const tw_allocator *allocator,
                                    const tw_dashboard_config *config, tw_dashboard **ret_dashboard,
                                    tw_error *error) TW_MUST_CHECK;

/* Closes everything and wipes the token; when the threads of engine, venue and recorder rest. NULL
 * is ignored. */
TW_API void tw_dashboard_free(tw_dashboard *dashboard);

TW_API uint16_t tw_dashboard_port(const tw_dashboard *dashboard);
/* Borrowed. Not for logs. */
TW_API const char *tw_dashboard_token(const tw_dashboard *dashboard);
/* Streams that are open now, those that have not shown a token among them. */
TW_API uint32_t tw_dashboard_stream_count(const tw_dashboard *dashboard);

/* Engine's thread, after each turn; and once when the run is over. NULL is ignored. */
TW_API void tw_dashboard_turn_engine(tw_dashboard *dashboard, int64_t now_ns);
TW_API void tw_dashboard_end_engine(tw_dashboard *dashboard, int64_t now_ns);
/* The threads of venue and recorder, after each turn. NULL is ignored. */
TW_API void tw_dashboard_turn_venue(tw_dashboard *dashboard, int64_t now_ns);
TW_API void tw_dashboard_turn_recorder(tw_dashboard *dashboard, int64_t now_ns);

/* The loop's thread: tells every stream that the run has ended and closes it (1001). Turn the loop
 * until no stream is left, or as long as you have patience, then free. */
TW_API void tw_dashboard_stop(tw_dashboard *dashboard);

TW_END_DECLS

TW_DEFINE_AUTO(tw_dashboard, tw_dashboard_free)

#endif
