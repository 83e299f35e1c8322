/*
 * dashboard_routes.c - requests: the page's files, the state, the kill switch, the stream's
 * handshake.
 *
 *     ours? --no--> 403        below /api, and not the stream: token? --no--> 401
 *
 * Invariants
 *  1. Whom a request is for and from is asked before anything else, the token before anything that
 *     tells of the run or changes it. The stream asks for the token itself.
 *  2. Only requests with the token count against the rate of controls: nobody else can use it up.
 *  3. Each answer has the headers below; no answer may be kept, framed, or read by another site.
 */
#include <string.h>

#include "dashboard_page.h"
#include "dashboard_priv.h"

static const int64_t FRESH_NS = 500 * TW_NS_PER_MS;      /* what is as new answers at once */
static const int64_t PATIENCE_NS = 2 * TW_NS_PER_SECOND; /* then the newest there is does */

enum { HEADER_COUNT = 6 };

static const tw_http_header HEADERS[HEADER_COUNT] = {
    {{"Content-Security-Policy", 23},
     {"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
      "object-src 'none'",
      98}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    {{"X-Frame-Options", 15}, {"DENY", 4}},
    {{"Referrer-Policy", 15}, {"no-referrer", 11}},
    {{"Cross-Origin-Resource-Policy", 28}, {"same-origin", 11}},
    {{"Cache-Control", 13}, {"no-store", 8}},
};

/* A request on its way to its answer. */
typedef struct call {
    tw_dashboard *dashboard;
    const tw_http_request *request;
    tw_http_reply *reply;
} call;

/* ---- answers ------------------------------------------------------------------------------- */

/* `further` may be NULL: one header more. */
static void answer(tw_http_reply *reply, uint32_t status, const char *type, tw_slice body,
                   const tw_http_header *further) {
    tw_http_header headers[HEADER_COUNT + 1];
    memcpy(headers, HEADERS, sizeof HEADERS);
    if (further != NULL)
        headers[HEADER_COUNT] = *further;
    const tw_http_answer whole = {.status = status,
                                  .content_type = type,
                                  .body = body,
                                  .headers = headers,
                                  .header_count = HEADER_COUNT + (further != NULL ? 1 : 0)};
    if (tw_http_reply_send(reply, &whole, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static void answer_json(tw_http_reply *reply, uint32_t status, tw_slice body) {
    answer(reply, status, "application/json", body, NULL);
}

static void refuse_with(tw_http_reply *reply, uint32_t status, const char *sentence,
                        const tw_http_header *further) {
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_string(&text, "{\"message\":");
    tw_text_append_json(&text, tw_slice_of(sentence));
    tw_text_append_char(&text, '}');
    TW_ASSERT(!text.truncated);
    answer(reply, status, "application/json", tw_text_slice(&text), further);
}

static void refuse(tw_http_reply *reply, uint32_t status, const char *sentence) {
    refuse_with(reply, status, sentence, NULL);
}

/* ---- files --------------------------------------------------------------------------------- */

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
        {".txt", "text/plain; charset=utf-8"}, {".woff2", "font/woff2"},
    };
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(end, types[i][0]) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

static void serve_file(const call *asked) {
    tw_slice name = tw_http_request_path(asked->request);
    if (tw_slice_equal_string(name, "/"))
        name = tw_slice_of("/index.html");
    for (size_t i = 0; i < page_file_count; i++) {
        const page_file *file = &page_files[i];
        if (!tw_slice_equal_string((tw_slice){name.data + 1, name.size - 1}, file->name))
            continue;
        answer(asked->reply, 200, type_of(file->name), (tw_slice){file->data, file->size}, NULL);
        return;
    }
    refuse(asked->reply, 404, "there is no such file");
}

/* ---- state --------------------------------------------------------------------------------- */

static void answer_state(tw_dashboard *dashboard, tw_http_reply *reply) {
    tw_text text = tw_text_over(dashboard->memory, dashboard->capacity);
    dashboard_state_write(dashboard, &text);
    dashboard_state_write_selection(dashboard, NULL, &text);
    TW_ASSERT(!text.truncated);
    answer_json(reply, 200, tw_text_slice(&text));
}

/* Engine, venue and recorder have told of themselves since then, as far as they are there. */
static bool is_known_since(tw_dashboard *dashboard, int64_t time_ns) {
    const dashboard_venue *venue = tw_triple_buffer_read(dashboard->venue, NULL);
    const dashboard_recorder *recorder = tw_triple_buffer_read(dashboard->recorder, NULL);
    return dashboard->view->taken_ns >= time_ns &&
           (dashboard->config.venue == NULL || (venue != NULL && venue->taken_ns >= time_ns)) &&
           (dashboard->config.recorder == NULL ||
            (recorder != NULL && recorder->taken_ns >= time_ns));
}

/* True if it has been answered. */
static bool answer_if_due(tw_dashboard *dashboard, const dashboard_pending *pending) {
    int64_t now_ns = tw_loop_now_ns(dashboard->config.loop);
    bool late = now_ns - pending->asked_ns >= PATIENCE_NS;
    bool there = dashboard->view != NULL;
    if (there && (late || is_known_since(dashboard, pending->asked_ns - FRESH_NS)))
        answer_state(dashboard, pending->reply);
    else if (late)
        refuse(pending->reply, 503, "the engine has not shown itself yet; try again");
    else
        return false;
    return true;
}

void dashboard_routes_answer_pending(tw_dashboard *dashboard) {
    for (size_t i = 0; i < DASHBOARD_PENDING_COUNT_MAX; i++) {
        dashboard_pending *pending = &dashboard->pending[i];
        if (pending->reply != NULL && answer_if_due(dashboard, pending))
            pending->reply = NULL;
    }
}

static void serve_state(const call *asked) {
    tw_dashboard *dashboard = asked->dashboard;
    for (size_t i = 0; i < DASHBOARD_PENDING_COUNT_MAX; i++) {
        dashboard_pending *pending = &dashboard->pending[i];
        if (pending->reply != NULL)
            continue;
        *pending = (dashboard_pending){.reply = asked->reply,
                                       .asked_ns = tw_loop_now_ns(dashboard->config.loop)};
        dashboard_want(dashboard);
        dashboard_routes_answer_pending(dashboard);
        return;
    }
    refuse(asked->reply, 503, "too many ask for the state at once");
}

/* ---- the kill switch ----------------------------------------------------------------------- */

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    return tw_slice_equal_string(key, "level") ? tw_json_scalar(value, context) : TW_OK;
}

static tw_status on_root(void *context, tw_json_value *value) {
    return tw_json_each_field(value, on_field, context);
}

static tw_kill_level level_of(tw_slice word) {
    for (int level = TW_KILL_NEW; level <= TW_KILL_FLATTEN; level++) {
        if (tw_slice_equal_string(word, tw_kill_level_name((tw_kill_level)level)))
            return (tw_kill_level)level;
    }
    return TW_KILL_NONE;
}

/* False: too many, and it has been said. */
static bool may_control(const call *asked) {
    int64_t wait_ns = 0;
    char seconds[24];
    if (dashboard_access_take_control(asked->dashboard, &wait_ns))
        return true;
    tw_text text = tw_text_over(seconds, sizeof seconds);
    tw_text_append_i64(&text, (wait_ns + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND);
    const tw_http_header retry = {{"Retry-After", 11}, tw_text_slice(&text)};
    refuse_with(asked->reply, 429, "kills and lifts from here are limited to five a minute",
                &retry);
    return false;
}

/* What is in force may be a higher level than was asked for. */
static void answer_level(const call *asked, tw_kill_level asked_for) {
    tw_kill_level level = asked_for == TW_KILL_NONE
                              ? TW_KILL_NONE
                              : tw_engine_killed(asked->dashboard->config.engine);
    char memory[64];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text, "{\"level\":\"%s\"}", tw_kill_level_name(level));
    answer_json(asked->reply, 200, tw_text_slice(&text));
}

static void serve_kill(const call *asked) {
    tw_dashboard *dashboard = asked->dashboard;
    const tw_dashboard_config *config = &dashboard->config;
    tw_slice word = {0};
    tw_error error = {0};
    tw_status status = tw_json_read(dashboard->reader, tw_http_request_body(asked->request),
                                    on_root, &word, &error);
    tw_kill_level level = status == TW_OK ? level_of(word) : TW_KILL_NONE;
    if (level == TW_KILL_NONE) {
        refuse(asked->reply, 400, "the level must be new, cancel or flatten");
        return;
    }
    if (!may_control(asked))
        return;
    tw_engine_kill(config->engine, level, TW_KILL_BY_PAGE);
    if (config->on_control != NULL)
        config->on_control(config->context, level);
    answer_level(asked, level);
}

static void serve_lift(const call *asked) {
    const tw_dashboard_config *config = &asked->dashboard->config;
    uint64_t generation = tw_engine_kill_generation(config->engine);
    if (!may_control(asked))
        return;
    if (!tw_engine_lift_if(config->engine, generation)) {
        refuse(asked->reply, 409, "another kill came at the same moment: it is not lifted");
        return;
    }
    if (config->on_control != NULL)
        config->on_control(config->context, TW_KILL_NONE);
    answer_level(asked, TW_KILL_NONE);
}

/* ---- the stream ---------------------------------------------------------------------------- */

static void serve_stream(const call *asked) {
    tw_status status = dashboard_streams_begin(asked->dashboard, asked->reply);
    if (status == TW_FULL)
        refuse(asked->reply, 503, "sixteen look already: close another page");
    else if (status == TW_PROTOCOL)
        refuse(asked->reply, 426, "this is a WebSocket: ask for an upgrade");
    else if (status != TW_OK)
        refuse(asked->reply, 503, "there is no memory for another stream");
}

/* ---- routes -------------------------------------------------------------------------------- */

typedef struct route {
    const char *method;
    const char *path;
    void (*serve)(const call *asked);
    bool open; /* asks for the token by itself */
} route;

static const route ROUTES[] = {
    {"GET", "/api/state", serve_state, false},
    {"GET", "/api/stream", serve_stream, true},
    {"POST", "/api/kill", serve_kill, false},
    {"POST", "/api/lift", serve_lift, false},
};

static const route *find_route(tw_slice path) {
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        if (tw_slice_equal_string(path, ROUTES[i].path))
            return &ROUTES[i];
    }
    return NULL;
}

static void refuse_method(tw_http_reply *reply, const char *allowed) {
    const tw_http_header allow = {{"Allow", 5}, tw_slice_of(allowed)};
    refuse_with(reply, 405, "this is asked for with another method", &allow);
}

static void serve_api(const call *asked, tw_slice method, tw_slice path) {
    static const tw_http_header challenge = {{"WWW-Authenticate", 16}, {"Bearer", 6}};
    const route *found = find_route(path);
    if ((found == NULL || !found->open) &&
        !dashboard_access_has_token(asked->dashboard, asked->request))
        refuse_with(asked->reply, 401, "the token is missing, or not the one of this run",
                    &challenge);
    else if (found == NULL)
        refuse(asked->reply, 404, "there is no such call");
    else if (!tw_slice_equal_string(method, found->method))
        refuse_method(asked->reply, found->method);
    else
        found->serve(asked);
}

void dashboard_routes_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    const call asked = {.dashboard = context, .request = request, .reply = reply};
    tw_slice method = tw_http_request_method(request);
    tw_slice path = tw_http_request_path(request);
    if (!dashboard_access_is_ours(asked.dashboard, request))
        refuse(reply, 403, "this is answered to pages of this address only");
    else if (tw_slice_starts_with(path, "/api"))
        serve_api(&asked, method, path);
    else if (!tw_slice_equal_string(method, "GET") && !tw_slice_equal_string(method, "HEAD"))
        refuse_method(reply, "GET, HEAD");
    else
        serve_file(&asked);
}
