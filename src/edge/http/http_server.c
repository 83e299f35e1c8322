/*
 * http_server.c - libmicrohttpd without a thread of its own, inside a tw_loop.
 *
 * Idea: libmicrohttpd keeps its sockets in an epoll descriptor; the loop watches that one and
 * calls MHD_run when it is readable. A request whose answer comes later is suspended (taken out
 * of that epoll) and resumed when its reply is ended.
 *
 *      url_arrived      whole request, handle_request       tw_http_reply_*       finished
 *   (new) ----> READING ----------------------> WAITING ------------------> ENDED -----> (free)
 *                  |                                                          ^
 *                  +-- too large, bad query (answered here: 413, 400) --------+
 *
 * Invariants
 *   1. A request slot is taken in url_arrived and given back in finished, which libmicrohttpd
 *      calls exactly once for each request it has begun.
 *   2. `suspended` implies WAITING. libmicrohttpd must not be stopped with suspended
 *      connections: tw_http_server_free resumes them first, and answers that wait for their next
 *      piece (http_pace.c).
 *   3. libmicrohttpd's client sockets are edge-triggered: after each MHD_run its timeout is
 *      asked for, and a timeout of zero means that it must run again without a wait.
 *   4. MHD_run is never entered from a callback of MHD_run: replies only resume and defer.
 *   5. An upgraded socket is duplicated and given away; libmicrohttpd closes its own copy at
 *      once, so the two lives are apart (closing a copy does not end the connection).
 */
#include "http_pace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tradewind/time.h"

#define CONNECTION_COUNT_DEFAULT 1024
#define HEADER_SIZE_DEFAULT (16u << 10)
#define BODY_SIZE_DEFAULT (1u << 20)
/* A body buffer of at most so many bytes is kept for the next request of its slot. */
#define BODY_KEPT_SIZE_MAX (32u << 10)
#define IDLE_TIMEOUT_DEFAULT_NS (60 * TW_NS_PER_SECOND)
#define LISTEN_BACKLOG 1024
/* A body of unknown length that is too large is read and forgotten up to so many times the
 * limit, so that its sender gets to see the 413; then the connection is closed. */
#define OVERSIZE_FACTOR 16
#define HEADER_NAME_SIZE 128
#define HEADER_VALUE_SIZE 4096

typedef enum request_phase { READING = 0, WAITING, ENDED } request_phase;

typedef struct byte_buffer {
    char *data;
    size_t size;
    size_t capacity;
} byte_buffer;

/* Both the request and its reply: the two public names are one slot. */
struct tw_http_request {
    tw_http_server *server;
    tw_http_request *next_free;
    struct MHD_Connection *connection;
    struct MHD_Response *response; /* of an ended reply, until it is queued */
    tw_http_on_upgrade on_upgrade; /* set from the 101 until the descriptor is given away */
    void *upgrade_context;
    tw_slice method;
    tw_slice path;
    byte_buffer target; /* the request target; parameters are decoded in place */
    byte_buffer body;
    uint64_t body_seen; /* bytes that came, kept or not */
    int64_t time_ns;
    uint32_t status;
    uint32_t query_count;
    request_phase phase;
    bool in_use;
    bool begun;     /* the headers have been looked at */
    bool counted;   /* among request_count */
    bool suspended; /* invariant 2 */
    bool reset;     /* the reply is to break the connection */
    bool bad_query;
    tw_http_header query[TW_HTTP_QUERY_COUNT_MAX]; /* last: what is cleared ends before it */
};

struct tw_http_reply {
    tw_http_request request;
};

struct tw_http_server {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_http_handler handler;
    void *context;
    struct MHD_Daemon *daemon;
    tw_loop_watch *watch;
    tw_loop_timer *timer;
    int64_t timer_ns; /* when `timer` fires */
    tw_loop_task run_again;
    tw_http_reply *slots;
    tw_http_request *first_free;
    uint32_t slot_count;
    uint32_t request_count;
    uint32_t header_size_max;
    uint32_t body_size_max;
    uint16_t port;
    http_paces paces;
    bool running; /* inside MHD_run (invariant 4) */
    bool stopped;
};

/* ---- slots ---------------------------------------------------------------------------- */

static void bytes_done(const tw_allocator *allocator, byte_buffer *bytes) {
    if (bytes->data != NULL)
        TW_DELETE(allocator, bytes->data, bytes->capacity, char);
    memset(bytes, 0, sizeof *bytes);
}

/* Makes room for `more` bytes behind what is there. */
static tw_status bytes_reserve(const tw_allocator *allocator, byte_buffer *bytes, size_t more) {
    size_t needed = bytes->size + more;
    if (needed <= bytes->capacity)
        return TW_OK;
    size_t capacity = bytes->capacity < 512 ? 512 : bytes->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    char *data = TW_NEW(allocator, capacity, char);
    if (data == NULL)
        return TW_NO_MEMORY;
    if (bytes->size > 0)
        memcpy(data, bytes->data, bytes->size);
    if (bytes->data != NULL)
        TW_DELETE(allocator, bytes->data, bytes->capacity, char);
    bytes->data = data;
    bytes->capacity = capacity;
    return TW_OK;
}

static tw_http_request *take_slot(tw_http_server *server) {
    tw_http_request *request = server->first_free;
    if (request == NULL)
        return NULL;
    server->first_free = request->next_free;
    byte_buffer target = request->target;
    byte_buffer body = request->body;
    memset(request, 0, offsetof(tw_http_request, query));
    target.size = 0;
    body.size = 0;
    request->target = target;
    request->body = body;
    request->server = server;
    request->in_use = true;
    return request;
}

static void give_slot_back(tw_http_request *request) {
    tw_http_server *server = request->server;
    TW_ASSERT(request->in_use);
    if (request->counted)
        server->request_count--;
    if (request->body.capacity > BODY_KEPT_SIZE_MAX)
        bytes_done(server->allocator, &request->body);
    request->in_use = false;
    request->next_free = server->first_free;
    server->first_free = request;
}

/* ---- reading a request ---------------------------------------------------------------- */

/* Decodes one piece of the query where it stands. */
static tw_status decode_in_place(tw_http_request *request, tw_slice *piece) {
    char *place = request->target.data + (piece->data - request->target.data);
    tw_status status = tw_http_decode(*piece, true, place, piece->size, &piece->size);
    return status;
}

static tw_status read_query(tw_http_request *request, tw_slice rest) {
    tw_http_header pair = {0};
    while (tw_http_query_next(&rest, &pair.name, &pair.value)) {
        if (request->query_count == TW_HTTP_QUERY_COUNT_MAX)
            return TW_FULL;
        if (decode_in_place(request, &pair.name) != TW_OK ||
            decode_in_place(request, &pair.value) != TW_OK)
            return TW_PARSE;
        request->query[request->query_count++] = pair;
    }
    return TW_OK;
}

/* libmicrohttpd has read a request line: take a slot (what is returned comes back as *slot). */
static void *url_arrived(void *context, const char *target, struct MHD_Connection *connection) {
    tw_http_server *server = context;
    size_t size = strlen(target);
    tw_http_request *request = take_slot(server);
    if (request == NULL)
        return NULL; /* handle_request closes the connection */
    request->connection = connection;
    if (bytes_reserve(server->allocator, &request->target, size + 1) != TW_OK) {
        give_slot_back(request);
        return NULL;
    }
    memcpy(request->target.data, target, size + 1);
    request->target.size = size;
    const char *question = memchr(request->target.data, '?', size);
    size_t path_size = question != NULL ? (size_t)(question - request->target.data) : size;
    request->path = (tw_slice){request->target.data, path_size};
    if (question != NULL) {
        tw_slice query = {question + 1, size - path_size - 1};
        request->bad_query = read_query(request, query) != TW_OK;
    }
    return request;
}

static enum MHD_Result queue_plain(struct MHD_Connection *connection, unsigned status) {
    static char nothing[1];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The headers are there: refuse at once what would be refused later anyway. */
static enum MHD_Result begin_request(tw_http_request *request, const char *method) {
    request->begun = true;
    request->method = tw_slice_of(method);
    if (request->bad_query) {
        request->phase = ENDED;
        return queue_plain(request->connection, MHD_HTTP_BAD_REQUEST);
    }
    tw_slice length = {0};
    uint64_t size = 0;
    if (tw_http_request_header(request, "Content-Length", &length) &&
        (tw_parse_u64(length, &size) != TW_OK || size > request->server->body_size_max)) {
        request->phase = ENDED;
        return queue_plain(request->connection, 413);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(tw_http_request *request, const char *data, size_t size) {
    tw_http_server *server = request->server;
    request->body_seen += size;
    if (request->body_seen > server->body_size_max)
        return request->body_seen / OVERSIZE_FACTOR > server->body_size_max ? MHD_NO : MHD_YES;
    if (bytes_reserve(server->allocator, &request->body, size) != TW_OK)
        return MHD_NO;
    memcpy(request->body.data + request->body.size, data, size);
    request->body.size += size;
    return MHD_YES;
}

/* A TCP reset: dissolving the association sends it at once, whatever is unsent. */
static void break_connection(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (info != NULL)
        (void)!connect(info->connect_fd, &nobody, sizeof nobody);
}

/* Gives an ended reply to libmicrohttpd. */
static enum MHD_Result deliver(tw_http_request *request) {
    TW_ASSERT(request->phase == ENDED);
    if (request->reset || request->response == NULL) {
        break_connection(request->connection);
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_queue_response(request->connection, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return result;
}

static enum MHD_Result call_handler(tw_http_request *request) {
    tw_http_server *server = request->server;
    request->phase = WAITING;
    request->time_ns = tw_loop_now_ns(server->loop);
    request->counted = true;
    server->request_count++;
    server->handler(server->context, request, (tw_http_reply *)request);
    if (request->phase == ENDED)
        return deliver(request);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

/* Called by libmicrohttpd: once for the headers, for each piece of the body, at the end, and
 * again after a resume. */
// NOLINTNEXTLINE(readability-function-size): the parameters are the library's
static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *data, size_t *size, void **slot) {
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    tw_http_request *request = *slot;
    if (request == NULL)
        return MHD_NO;
    if (!request->begun)
        return begin_request(request, method);
    if (*size > 0) {
        size_t piece = *size;
        *size = 0;
        return take_body(request, data, piece);
    }
    if (request->phase == ENDED)
        return deliver(request);
    TW_ASSERT(request->phase == READING);
    if (request->body_seen > request->server->body_size_max) {
        request->phase = ENDED;
        return queue_plain(connection, 413);
    }
    return call_handler(request);
}

/* libmicrohttpd is through with a request, for whatever reason (invariant 1). */
static void finished(void *context, struct MHD_Connection *connection, void **slot,
                     enum MHD_RequestTerminationCode code) {
    (void)context;
    (void)connection;
    (void)code;
    tw_http_request *request = *slot;
    if (request == NULL)
        return;
    *slot = NULL;
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    tw_http_on_upgrade on_upgrade = request->on_upgrade;
    void *upgrade_context = request->upgrade_context;
    give_slot_back(request);
    if (on_upgrade != NULL)
        on_upgrade(upgrade_context, -1, (tw_slice){0});
}

/* ---- running -------------------------------------------------------------------------- */

static void run(tw_http_server *server);

static void timer_fired(void *context) {
    tw_http_server *server = context;
    server->timer = NULL;
    run(server);
}

/* Sees to it that libmicrohttpd runs again in time (invariant 3). */
static void plan_next_run(tw_http_server *server) {
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES)
        return;
    if (timeout_ms == 0) {
        tw_loop_defer(server->loop, &server->run_again);
        return;
    }
    if (timeout_ms > INT64_C(1000) * 3600)
        timeout_ms = INT64_C(1000) * 3600;
    int64_t delay_ns = (int64_t)timeout_ms * TW_NS_PER_MS;
    int64_t due_ns = tw_loop_now_ns(server->loop) + delay_ns;
    if (server->timer != NULL && server->timer_ns <= due_ns)
        return; /* it fires earlier and plans anew */
    tw_loop_timer_stop(server->timer);
    server->timer = NULL;
    server->timer_ns = due_ns;
    /* Without a timer idle connections are closed at the next traffic instead. */
    if (tw_loop_timer_start(server->loop, delay_ns, 0, timer_fired, server, &server->timer) !=
        TW_OK)
        server->timer = NULL;
}

static void run(tw_http_server *server) {
    TW_ASSERT(!server->running);
    server->running = true;
    MHD_run(server->daemon);
    server->running = false;
    plan_next_run(server);
}

static void epoll_ready(void *context, int fd, uint32_t events) {
    (void)fd;
    (void)events;
    run(context);
}

static void run_again(void *context) {
    run(context);
}

/* ---- start and stop ------------------------------------------------------------------- */

static tw_status parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret,
                               socklen_t *ret_size) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        memcpy(ret, &v4, sizeof v4);
        *ret_size = sizeof v4;
        return TW_OK;
    }
    if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        memcpy(ret, &v6, sizeof v6);
        *ret_size = sizeof v6;
        return TW_OK;
    }
    return TW_INVALID;
}

static tw_status explain_bind(int os_errno, const char *address, uint16_t port, tw_error *error) {
    if (os_errno == EADDRINUSE)
        return tw_error_set(error, TW_BUSY,
                            "port %u of %s is in use by another program; choose another port", port,
                            address);
    return tw_error_set_errno(error, os_errno, "cannot listen on port %u of %s", port, address);
}

/* A listening socket, or -1 with the error filled. */
static tw_status listen_on(const char *address, uint16_t port, int *ret_fd, tw_error *error) {
    struct sockaddr_storage where = {0};
    socklen_t size = 0;
    if (parse_address(address, port, &where, &size) != TW_OK)
        return tw_error_set(error, TW_INVALID,
                            "\"%s\" is not a numeric IPv4 or IPv6 address to listen on", address);
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "no socket to listen with");
    int yes = 1;
    /* Connections of a former server in TIME_WAIT are no reason to refuse. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr *)&where, size) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        tw_status status = explain_bind(errno, address, port, error);
        close(fd);
        return status;
    }
    *ret_fd = fd;
    return TW_OK;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage where = {0};
    socklen_t size = sizeof where;
    if (getsockname(fd, (struct sockaddr *)&where, &size) != 0)
        return 0;
    if (where.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&where)->sin6_port);
    return ntohs(((struct sockaddr_in *)&where)->sin_port);
}

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value > 0 ? value : fallback;
}

static tw_status make_slots(tw_http_server *server, uint32_t count) {
    server->slots = TW_NEW(server->allocator, count, tw_http_reply);
    if (server->slots == NULL)
        return TW_NO_MEMORY;
    server->slot_count = count;
    for (uint32_t i = count; i > 0; i--) {
        tw_http_request *request = &server->slots[i - 1].request;
        request->next_free = server->first_free;
        server->first_free = request;
    }
    return TW_OK;
}

static struct MHD_Daemon *start_daemon(tw_http_server *server, const tw_http_server_config *config,
                                       int listen_fd) {
    int64_t idle_ns =
        config->idle_timeout_ns > 0 ? config->idle_timeout_ns : IDLE_TIMEOUT_DEFAULT_NS;
    int64_t idle_s = (idle_ns + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND;
    /* Half of the memory of a connection is for reading, the rest for the answer's headers. */
    size_t memory = 2 * (size_t)server->header_size_max;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL, handle_request,
        server, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)server->slot_count, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)idle_s, MHD_OPTION_URI_LOG_CALLBACK, url_arrived,
        server, MHD_OPTION_NOTIFY_COMPLETED, finished, server, MHD_OPTION_END);
}

static tw_status open_server(tw_http_server *server, const tw_http_server_config *config,
                             tw_error *error) {
    const char *address = config->address != NULL ? config->address : "127.0.0.1";
    int listen_fd = -1;
    tw_status status = listen_on(address, config->port, &listen_fd, error);
    if (status != TW_OK)
        return status;
    server->port = port_of(listen_fd);
    server->daemon = start_daemon(server, config, listen_fd);
    if (server->daemon == NULL) {
        close(listen_fd);
        return tw_error_set(error, TW_IO, "the HTTP server on port %u of %s could not be started",
                            server->port, address);
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    TW_ASSERT(info != NULL);
    status = tw_loop_watch_start(server->loop, info->listen_fd, TW_LOOP_READABLE, epoll_ready,
                                 server, &server->watch);
    if (status != TW_OK)
        return tw_error_set(error, status, "the event loop cannot watch the HTTP server: %s",
                            tw_status_sentence(status));
    return TW_OK;
}

tw_status tw_http_server_start(tw_loop *loop, const tw_http_server_config *config,
                               tw_http_server **ret_server, tw_error *error) {
    TW_ASSERT(loop != NULL && config != NULL && ret_server != NULL);
    if (config->handler == NULL)
        return tw_error_set(error, TW_INVALID, "an HTTP server needs a handler");
    const tw_allocator *allocator =
        config->allocator != NULL ? config->allocator : tw_allocator_system();
    tw_http_server *server = TW_NEW(allocator, 1, tw_http_server);
    if (server == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an HTTP server");
    server->allocator = allocator;
    server->loop = loop;
    server->handler = config->handler;
    server->context = config->context;
    server->paces = (http_paces){allocator, loop, &server->run_again, NULL};
    server->run_again = (tw_loop_task){.run = run_again, .context = server};
    server->header_size_max = or_default(config->header_size_max, HEADER_SIZE_DEFAULT);
    server->body_size_max = or_default(config->body_size_max, BODY_SIZE_DEFAULT);
    tw_status status =
        make_slots(server, or_default(config->connection_count_max, CONNECTION_COUNT_DEFAULT));
    if (status != TW_OK)
        status = tw_error_set(error, status, "no memory for the connections of an HTTP server");
    else
        status = open_server(server, config, error);
    if (status != TW_OK) {
        tw_http_server_free(server);
        return status;
    }
    *ret_server = server;
    return TW_OK;
}

uint16_t tw_http_server_port(const tw_http_server *server) {
    return server->port;
}

uint32_t tw_http_server_request_count(const tw_http_server *server) {
    return server->request_count;
}

void tw_http_server_stop(tw_http_server *server) {
    if (server->stopped)
        return;
    server->stopped = true;
    MHD_socket listen_fd = MHD_quiesce_daemon(server->daemon);
    if (listen_fd != MHD_INVALID_SOCKET)
        close(listen_fd);
}

/* Ends what is waiting, so that libmicrohttpd may be stopped (invariant 2). */
static void reset_all(tw_http_server *server) {
    for (uint32_t i = 0; i < server->slot_count; i++) {
        tw_http_request *request = &server->slots[i].request;
        if (request->in_use && request->phase == WAITING)
            tw_http_reply_reset(&server->slots[i]);
    }
    http_paces_end(&server->paces);
    MHD_run(server->daemon);
}

void tw_http_server_free(tw_http_server *server) {
    if (server == NULL)
        return;
    TW_ASSERT(!server->running);
    if (server->daemon != NULL) {
        reset_all(server);
        tw_loop_watch_stop(server->watch);
        MHD_stop_daemon(server->daemon);
    }
    tw_loop_timer_stop(server->timer);
    tw_loop_defer_drop(server->loop, &server->run_again);
    for (uint32_t i = 0; i < server->slot_count; i++) {
        bytes_done(server->allocator, &server->slots[i].request.target);
        bytes_done(server->allocator, &server->slots[i].request.body);
    }
    if (server->slots != NULL)
        TW_DELETE(server->allocator, server->slots, server->slot_count, tw_http_reply);
    TW_DELETE(server->allocator, server, 1, tw_http_server);
}

/* ---- what was asked ------------------------------------------------------------------- */

tw_slice tw_http_request_method(const tw_http_request *request) {
    return request->method;
}

tw_slice tw_http_request_path(const tw_http_request *request) {
    return request->path;
}

tw_slice tw_http_request_body(const tw_http_request *request) {
    return (tw_slice){request->body.data, request->body.size};
}

int64_t tw_http_request_time_ns(const tw_http_request *request) {
    return request->time_ns;
}

bool tw_http_request_query(const tw_http_request *request, const char *name, tw_slice *ret_value) {
    for (uint32_t i = 0; i < request->query_count; i++) {
        if (!tw_slice_equal_string(request->query[i].name, name))
            continue;
        *ret_value = request->query[i].value;
        return true;
    }
    return false;
}

size_t tw_http_request_query_count(const tw_http_request *request) {
    return request->query_count;
}

tw_http_header tw_http_request_query_at(const tw_http_request *request, size_t index) {
    TW_ASSERT(index < request->query_count);
    return request->query[index];
}

bool tw_http_request_header(const tw_http_request *request, const char *name, tw_slice *ret_value) {
    const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
    if (value == NULL)
        return false;
    *ret_value = tw_slice_of(value);
    return true;
}

/* ---- answering ------------------------------------------------------------------------ */

/* Every reply ends here: from within the handler libmicrohttpd is about to ask for it, from
 * anywhere else the connection has to be resumed. */
static void end_reply(tw_http_request *request) {
    TW_ASSERT(request->in_use && request->phase == WAITING);
    request->phase = ENDED;
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    tw_loop_defer(request->server->loop, &request->server->run_again);
}

static bool has_line_break(const char *text) {
    return strpbrk(text, "\r\n") != NULL;
}

static tw_status add_header(struct MHD_Response *response, tw_http_header header, tw_error *error) {
    char name[HEADER_NAME_SIZE];
    char value[HEADER_VALUE_SIZE];
    if (header.name.size == 0 || tw_slice_copy(header.name, name, sizeof name) != TW_OK ||
        tw_slice_copy(header.value, value, sizeof value) != TW_OK)
        return tw_error_set(error, TW_INVALID, "a header of an answer is empty or too long");
    if (has_line_break(name) || has_line_break(value))
        return tw_error_set(error, TW_INVALID, "a header of an answer has a line break in it");
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        return tw_error_set(error, TW_INVALID, "a header of an answer was not accepted: %s", name);
    return TW_OK;
}

static tw_status add_headers(struct MHD_Response *response, const tw_http_answer *answer,
                             tw_error *error) {
    tw_status status = TW_OK;
    if (answer->content_type != NULL) {
        tw_http_header type = {tw_slice_of("Content-Type"), tw_slice_of(answer->content_type)};
        status = add_header(response, type, error);
    }
    for (size_t i = 0; i < answer->header_count && status == TW_OK; i++)
        status = add_header(response, answer->headers[i], error);
    return status;
}

static struct MHD_Response *response_of(tw_http_request *request, const tw_http_answer *answer) {
    bool paced = answer->cut_size > 0 || answer->bytes_per_second > 0;
    if (paced && answer->body.size > 0)
        return http_pace_response(&request->server->paces, request->connection, answer);
    /* The library takes a plain pointer although it only copies. */
    const char *data = answer->body.size > 0 ? answer->body.data : "";
    return MHD_create_response_from_buffer(answer->body.size, (void *)(uintptr_t)data,
                                           MHD_RESPMEM_MUST_COPY);
}

tw_status tw_http_reply_send(tw_http_reply *reply, const tw_http_answer *answer, tw_error *error) {
    TW_ASSERT(reply != NULL && answer != NULL);
    if (answer->status < 200 || answer->status > 599)
        return tw_error_set(error, TW_INVALID, "%u is not the status of an answer", answer->status);
    if (answer->header_count > TW_HTTP_ANSWER_HEADER_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "an answer has at most %d further headers",
                            TW_HTTP_ANSWER_HEADER_COUNT_MAX);
    struct MHD_Response *response = response_of(&reply->request, answer);
    if (response == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an answer of %zu bytes",
                            answer->body.size);
    tw_status status = add_headers(response, answer, error);
    if (status != TW_OK) {
        MHD_destroy_response(response);
        return status;
    }
    reply->request.response = response;
    reply->request.status = answer->status;
    end_reply(&reply->request);
    return TW_OK;
}

void tw_http_reply_reset(tw_http_reply *reply) {
    reply->request.reset = true;
    end_reply(&reply->request);
}

/* ---- upgrading ------------------------------------------------------------------------ */

/* libmicrohttpd has sent the 101 (invariant 5). */
// NOLINTNEXTLINE(readability-function-size): the parameters are the library's
static void upgraded(void *context, struct MHD_Connection *connection, void *slot,
                     const char *early, size_t early_size, MHD_socket socket_fd,
                     struct MHD_UpgradeResponseHandle *handle) {
    (void)connection;
    (void)slot;
    tw_http_request *request = context;
    int yes = 1;
    int fd = fcntl(socket_fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
        (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        (void)!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    tw_http_on_upgrade on_upgrade = request->on_upgrade;
    void *upgrade_context = request->upgrade_context;
    request->on_upgrade = NULL;
    tw_loop_defer(request->server->loop, &request->server->run_again);
    on_upgrade(upgrade_context, fd, (tw_slice){early, fd >= 0 ? early_size : 0});
    MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* True if the comma-separated list has the token, whatever its case. */
static bool has_token(tw_slice list, const char *token) {
    size_t size = strlen(token);
    while (list.data != NULL) {
        tw_slice word = tw_slice_trim(tw_slice_split(&list, ','));
        if (word.size == size && strncasecmp(word.data, token, size) == 0)
            return true;
    }
    return false;
}

static tw_status check_handshake(const tw_http_request *request, tw_slice *ret_key,
                                 tw_error *error) {
    tw_slice value = {0};
    if (!tw_slice_equal_string(request->method, "GET"))
        return tw_error_set(error, TW_PROTOCOL, "a WebSocket handshake is a GET");
    if (!tw_http_request_header(request, "Upgrade", &value) || !has_token(value, "websocket"))
        return tw_error_set(error, TW_PROTOCOL, "the request does not ask for a WebSocket");
    if (!tw_http_request_header(request, "Connection", &value) || !has_token(value, "upgrade"))
        return tw_error_set(error, TW_PROTOCOL, "the request has no \"Connection: Upgrade\"");
    if (!tw_http_request_header(request, "Sec-WebSocket-Version", &value) ||
        !tw_slice_equal_string(value, "13"))
        return tw_error_set(error, TW_PROTOCOL, "only version 13 of WebSocket is spoken here");
    if (!tw_http_request_header(request, "Sec-WebSocket-Key", ret_key) || ret_key->size != 24)
        return tw_error_set(error, TW_PROTOCOL, "the request has no proper Sec-WebSocket-Key");
    return TW_OK;
}

/* RFC 6455, section 4.2.2: base64 of the SHA-1 of the key and a fixed word. */
static tw_status compute_accept(tw_slice key, char accept[static 32]) {
    static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof fixed];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    TW_ASSERT(key.size == 24);
    memcpy(text, key.data, key.size);
    memcpy(text + key.size, fixed, sizeof fixed);
    if (EVP_Digest(text, sizeof text - 1, digest, &digest_size, EVP_sha1(), NULL) != 1)
        return TW_NO_MEMORY;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)digest_size);
    return TW_OK;
}

static bool add_upgrade_headers(struct MHD_Response *response, const char *accept,
                                const char *extensions) {
    bool has_extensions = extensions != NULL && extensions[0] != '\0';
    return MHD_add_response_header(response, "Upgrade", "websocket") == MHD_YES &&
           MHD_add_response_header(response, "Sec-WebSocket-Accept", accept) == MHD_YES &&
           (!has_extensions ||
            MHD_add_response_header(response, "Sec-WebSocket-Extensions", extensions) == MHD_YES);
}

tw_status tw_http_reply_upgrade(tw_http_reply *reply, tw_http_on_upgrade on_upgrade, void *context,
                                tw_error *error) {
    return tw_http_reply_upgrade_with(reply, NULL, on_upgrade, context, error);
}

tw_status tw_http_reply_upgrade_with(tw_http_reply *reply, const char *extensions,
                                     tw_http_on_upgrade on_upgrade, void *context,
                                     tw_error *error) {
    TW_ASSERT(reply != NULL && on_upgrade != NULL);
    tw_slice key = {0};
    char accept[32] = {0};
    tw_status status = check_handshake(&reply->request, &key, error);
    if (status != TW_OK)
        return status;
    struct MHD_Response *response = NULL;
    if (compute_accept(key, accept) == TW_OK)
        response = MHD_create_response_for_upgrade(upgraded, &reply->request);
    if (response == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to answer a WebSocket handshake");
    if (!add_upgrade_headers(response, accept, extensions)) {
        MHD_destroy_response(response);
        return tw_error_set(error, TW_NO_MEMORY, "no memory to answer a WebSocket handshake");
    }
    reply->request.response = response;
    reply->request.status = MHD_HTTP_SWITCHING_PROTOCOLS;
    reply->request.on_upgrade = on_upgrade;
    reply->request.upgrade_context = context;
    end_reply(&reply->request);
    return TW_OK;
}
