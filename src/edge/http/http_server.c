/*
 * http_server.c - an HTTP/1.1 server inside a tw_loop: start and stop, the listener, places,
 * deadlines, memory. See http_server_priv.h for who does what, and for the invariants.
 *
 * Idea: nothing that a client does or leaves undone makes the server grow or wait for ever. There
 * is a place for so many connections; the next is told so. Every wait has an end. The buffers of
 * all have one bound together: when it is passed, whoever has been at it longest is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server_priv.h"
#include "tradewind/time.h"

#define CONNECTION_COUNT_DEFAULT 1024
#define HEADER_SIZE_DEFAULT (16u << 10)
#define BODY_SIZE_DEFAULT (1u << 20)
#define BUFFER_SIZE_DEFAULT ((size_t)256 << 20)
#define IDLE_TIMEOUT_DEFAULT_NS (60 * TW_NS_PER_SECOND)
#define REQUEST_TIMEOUT_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define LINGER_TIMEOUT_NS (2 * TW_NS_PER_SECOND)
#define ACCEPT_PAUSE_NS (100 * TW_NS_PER_MS)
#define LISTEN_BACKLOG 4096
#define ACCEPT_COUNT_MAX 64 /* in one turn */

/* ---- buffers ------------------------------------------------------------------------------ */

void http_bytes_free(tw_http_server *server, http_bytes *bytes) {
    if (bytes->data != NULL)
        TW_DELETE(server->allocator, bytes->data, bytes->capacity, char);
    server->buffered -= bytes->capacity;
    *bytes = (http_bytes){0};
}

tw_status http_bytes_reserve(tw_http_server *server, http_bytes *bytes, size_t more) {
    size_t needed = bytes->size + more;
    if (needed <= bytes->capacity)
        return TW_OK;
    size_t capacity = bytes->capacity < 512 ? 512 : bytes->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    char *data = TW_NEW(server->allocator, capacity, char);
    if (data == NULL)
        return TW_NO_MEMORY;
    size_t size = bytes->size;
    size_t at = bytes->at;
    if (size > 0)
        memcpy(data, bytes->data, size);
    http_bytes_free(server, bytes);
    *bytes = (http_bytes){data, size, capacity, at};
    server->buffered += capacity;
    return TW_OK;
}

tw_status http_bytes_put(tw_http_server *server, http_bytes *bytes, const char *data, size_t size) {
    if (size == 0)
        return TW_OK;
    tw_status status = http_bytes_reserve(server, bytes, size);
    if (status != TW_OK)
        return status;
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return TW_OK;
}

/* Empties a buffer for the next request; a large one is not kept. */
static void clear(tw_http_server *server, http_bytes *bytes) {
    bytes->size = bytes->at = 0;
    if (bytes->capacity > HTTP_SPARE_BUFFER_SIZE)
        http_bytes_free(server, bytes);
}

/* ---- requests ----------------------------------------------------------------------------- */

void http_request_begin(http_connection *connection) {
    tw_http_server *server = connection->server;
    tw_http_request *request = connection->request;
    if (request->counted)
        server->request_count--;
    clear(server, &request->head_bytes);
    clear(server, &request->body);
    clear(server, &request->output);
    request->head.method = (tw_slice){0};
    request->head.old = false;
    request->on_upgrade = NULL;
    request->allowed = SIZE_MAX;
    request->counted = request->reset = request->cut = false;
    request->query_count = 0;
}

bool http_request_take(http_connection *connection) {
    tw_http_server *server = connection->server;
    tw_http_reply *reply = server->first_spare;
    TW_ASSERT(connection->request == NULL);
    if (reply != NULL) {
        server->first_spare = (tw_http_reply *)reply->request.next_spare;
        server->spare_count--;
    } else {
        reply = TW_NEW(server->allocator, 1, tw_http_reply);
        if (reply == NULL)
            return false;
    }
    reply->request.connection = connection;
    connection->request = &reply->request;
    http_request_begin(connection);
    return true;
}

static void free_request(tw_http_server *server, tw_http_request *request) {
    http_bytes_free(server, &request->head_bytes);
    http_bytes_free(server, &request->body);
    http_bytes_free(server, &request->later);
    http_bytes_free(server, &request->output);
    TW_DELETE(server->allocator, (tw_http_reply *)request, 1, tw_http_reply);
}

void http_request_give_back(http_connection *connection) {
    tw_http_server *server = connection->server;
    tw_http_request *request = connection->request;
    TW_ASSERT(request->on_upgrade == NULL && request->feed.source.read == NULL);
    tw_loop_timer_stop(request->pace);
    request->pace = NULL;
    http_request_begin(connection);
    clear(server, &request->later);
    connection->request = NULL;
    request->connection = NULL;
    if (server->spare_count == HTTP_SPARE_REQUEST_COUNT) {
        free_request(server, request);
        return;
    }
    request->next_spare = (tw_http_request *)server->first_spare;
    server->first_spare = (tw_http_reply *)request;
    server->spare_count++;
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static void leave_queue(http_connection *connection) {
    if (connection->wait == HTTP_WAIT_NOTHING)
        return;
    http_queue *queue = &connection->server->queues[connection->wait];
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        queue->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    else
        queue->last = connection->previous;
    connection->next = connection->previous = NULL;
    connection->wait = HTTP_WAIT_NOTHING;
}

static void plan_timer(tw_http_server *server);

/* The time of a connection is over. */
static void expire(http_connection *connection) {
    static const http_fault too_late = {408, "the request did not come in time"};
    if (connection->wait == HTTP_WAIT_PEER) {
        http_connection_break(connection);
    } else if (connection->wait != HTTP_WAIT_REQUEST) {
        http_connection_free(connection);
    } else {
        connection->unread = true;
        http_connection_refuse(connection, too_late);
        http_connection_go_on(connection);
    }
}

static void timer_fired(void *context) {
    tw_http_server *server = context;
    int64_t now_ns = tw_loop_now_ns(server->loop);
    server->timer = NULL;
    for (int i = 0; i < HTTP_WAIT_COUNT; i++) {
        http_queue *queue = &server->queues[i];
        while (queue->first != NULL && queue->first->due_ns <= now_ns)
            expire(queue->first);
    }
    plan_timer(server);
}

/* Without a timer the next connection that waits tries again. */
static void plan_timer(tw_http_server *server) {
    int64_t due_ns = INT64_MAX;
    for (int i = 0; i < HTTP_WAIT_COUNT; i++)
        if (server->queues[i].first != NULL && server->queues[i].first->due_ns < due_ns)
            due_ns = server->queues[i].first->due_ns;
    if (due_ns == INT64_MAX || (server->timer != NULL && server->timer_ns <= due_ns))
        return;
    tw_loop_timer_stop(server->timer);
    server->timer = NULL;
    server->timer_ns = due_ns;
    int64_t left_ns = due_ns - tw_loop_now_ns(server->loop);
    if (tw_loop_timer_start(server->loop, left_ns > 0 ? left_ns : 0, 0, timer_fired, server,
                            &server->timer) != TW_OK)
        server->timer = NULL;
}

void http_wait_for(http_connection *connection, http_wait wait, bool anew) {
    tw_http_server *server = connection->server;
    if (connection->wait == wait && !anew)
        return;
    leave_queue(connection);
    if (wait == HTTP_WAIT_NOTHING)
        return;
    http_queue *queue = &server->queues[wait];
    connection->wait = (uint8_t)wait;
    connection->due_ns = tw_loop_now_ns(server->loop) + queue->span_ns;
    connection->previous = queue->last;
    if (queue->last != NULL)
        queue->last->next = connection;
    else
        queue->first = connection;
    queue->last = connection;
    if (server->timer == NULL || server->timer_ns > connection->due_ns)
        plan_timer(server);
}

void http_make_room(tw_http_server *server) {
    while (server->buffered > server->config.buffer_size_max) {
        http_connection *reader = server->queues[HTTP_WAIT_PEER].first;
        http_connection *sender = server->queues[HTTP_WAIT_REQUEST].first;
        if (reader != NULL)
            http_connection_break(reader);
        else if (sender != NULL)
            http_connection_break(sender);
        else
            break; /* all of it belongs to requests that are with their handlers */
    }
}

/* ---- places ------------------------------------------------------------------------------- */

static void listen_again(tw_http_server *server) {
    if (server->listener != NULL)
        tw_loop_watch_set(server->listener, TW_LOOP_READABLE);
}

static void give_place_back(http_connection *connection) {
    tw_http_server *server = connection->server;
    *connection = (http_connection){.server = server, .next = server->first_free, .fd = -1};
    server->first_free = connection;
}

void http_connection_free(http_connection *connection) {
    tw_http_server *server = connection->server;
    tw_http_request *request = connection->request;
    TW_ASSERT(connection->phase != HTTP_FREE);
    tw_loop_defer_drop(server->loop, &connection->task);
    tw_loop_watch_stop(connection->watch);
    leave_queue(connection);
    tw_http_on_upgrade on_upgrade = NULL;
    void *upgrade_context = NULL;
    tw_http_feed_source feed = {0};
    if (request != NULL) {
        feed = http_feed_take(request);
        on_upgrade = request->on_upgrade;
        upgrade_context = request->upgrade_context;
        request->on_upgrade = NULL;
        http_request_give_back(connection);
    }
    if (connection->fd >= 0)
        close(connection->fd);
    server->connection_count--;
    server->surplus_count -= connection->surplus;
    give_place_back(connection);
    if (server->accept_timer == NULL)
        listen_again(server);
    if (on_upgrade != NULL)
        on_upgrade(upgrade_context, -1, (tw_slice){0});
    if (feed.on_end != NULL)
        feed.on_end(feed.context);
}

static void run_task(void *context) {
    http_connection_go_on(context);
}

/* More clients than there may be, those counted that have become something else, and those not that
 * are being refused. */
static bool is_over_bound(const tw_http_server *server) {
    uint32_t elsewhere = server->config.count_elsewhere != NULL
                             ? server->config.count_elsewhere(server->config.owner)
                             : 0;
    uint64_t clients = (uint64_t)server->connection_count - server->surplus_count + elsewhere;
    return clients > server->config.connection_count_max;
}

static bool has_place(const tw_http_server *server) {
    return server->first_free != NULL || server->used_count < server->place_count;
}

/* A place that was used before, else the next; the others are never touched. */
static http_connection *take_place(tw_http_server *server) {
    http_connection *connection = server->first_free;
    if (connection != NULL)
        server->first_free = connection->next;
    else
        connection = &server->places[server->used_count++];
    TW_ASSERT(connection->phase == HTTP_FREE);
    *connection = (http_connection){.server = server, .fd = -1};
    return connection;
}

/* The oldest connection that has never sent a whole request, else the one that has been idle
 * longest, else the one that began its request first, else NULL: all are being answered. */
static http_connection *first_to_give_way(const tw_http_server *server) {
    static const http_wait waits[] = {HTTP_WAIT_IDLE, HTTP_WAIT_REQUEST};
    http_connection *oldest = NULL;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        for (http_connection *one = server->queues[waits[i]].first; one != NULL; one = one->next)
            if (!one->served && (oldest == NULL || one->accepted_ns < oldest->accepted_ns))
                oldest = one;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0] && oldest == NULL; i++)
        oldest = server->queues[waits[i]].first;
    return oldest;
}

/* Over the bound: somebody who is not being answered gives way, if the server is one where that is
 * so. */
static bool is_surplus(tw_http_server *server) {
    http_connection *oldest =
        server->config.silent_give_way && is_over_bound(server) ? first_to_give_way(server) : NULL;
    if (oldest != NULL)
        http_connection_break(oldest);
    return is_over_bound(server);
}

/* Takes a place for a connection; the descriptor is closed if it cannot be watched. */
static void welcome(tw_http_server *server, int fd) {
    http_connection *connection = take_place(server);
    int yes = 1;
    tw_status status = tw_loop_watch_start(server->loop, fd, TW_LOOP_READABLE,
                                           http_connection_ready, connection, &connection->watch);
    if (status != TW_OK) {
        give_place_back(connection);
        close(fd);
        return;
    }
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    server->connection_count++;
    connection->fd = fd;
    connection->wait = HTTP_WAIT_NOTHING;
    connection->task = (tw_loop_task){.run = run_task, .context = connection};
    connection->accepted_ns = tw_loop_now_ns(server->loop);
    connection->surplus = is_surplus(server);
    server->surplus_count += connection->surplus;
    http_connection_begin(connection);
}

static void accept_again(void *context) {
    tw_http_server *server = context;
    server->accept_timer = NULL;
    listen_again(server);
}

/* The descriptors of the process are used up: it is tried again a little later. */
static void pause_accepting(tw_http_server *server) {
    if (tw_loop_timer_start(server->loop, ACCEPT_PAUSE_NS, 0, accept_again, server,
                            &server->accept_timer) == TW_OK)
        tw_loop_watch_set(server->listener, 0);
    else
        server->accept_timer = NULL;
}

static void accept_ready(void *context, int fd, uint32_t events) {
    tw_http_server *server = context;
    (void)events;
    for (int i = 0; i < ACCEPT_COUNT_MAX; i++) {
        if (!has_place(server)) { /* the next waits until one has been told */
            tw_loop_watch_set(server->listener, 0);
            return;
        }
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0)
            welcome(server, client);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(server);
        if (client < 0)
            return;
    }
}

/* ---- start and stop ----------------------------------------------------------------------- */

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

static void fill_config(tw_http_server *server, const tw_http_server_config *config) {
    tw_http_server_config *filled = &server->config;
    *filled = *config;
    if (filled->connection_count_max == 0)
        filled->connection_count_max = CONNECTION_COUNT_DEFAULT;
    if (filled->header_size_max == 0)
        filled->header_size_max = HEADER_SIZE_DEFAULT;
    if (filled->body_size_max == 0)
        filled->body_size_max = BODY_SIZE_DEFAULT;
    if (filled->buffer_size_max == 0)
        filled->buffer_size_max = BUFFER_SIZE_DEFAULT;
    if (filled->idle_timeout_ns <= 0)
        filled->idle_timeout_ns = IDLE_TIMEOUT_DEFAULT_NS;
    if (filled->request_timeout_ns <= 0)
        filled->request_timeout_ns = REQUEST_TIMEOUT_DEFAULT_NS;
    server->queues[HTTP_WAIT_IDLE].span_ns = filled->idle_timeout_ns;
    server->queues[HTTP_WAIT_REQUEST].span_ns = filled->request_timeout_ns;
    server->queues[HTTP_WAIT_PEER].span_ns = filled->idle_timeout_ns;
    server->queues[HTTP_WAIT_LINGER].span_ns = LINGER_TIMEOUT_NS;
}

static tw_status make_places(tw_http_server *server, tw_error *error) {
    server->place_count = server->config.connection_count_max + HTTP_REFUSAL_PLACES;
    server->scratch = TW_NEW(server->allocator, HTTP_SCRATCH_SIZE + HTTP_ANSWER_HEAD_SIZE, char);
    server->places = TW_NEW(server->allocator, server->place_count, http_connection);
    if (server->places == NULL || server->scratch == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the connections of an HTTP server");
    return TW_OK;
}

static tw_status open_server(tw_http_server *server, tw_error *error) {
    const tw_http_server_config *config = &server->config;
    const char *address = config->address != NULL ? config->address : "127.0.0.1";
    tw_status status = listen_on(address, config->port, &server->listen_fd, error);
    if (status != TW_OK)
        return status;
    server->port = port_of(server->listen_fd);
    status = tw_loop_watch_start(server->loop, server->listen_fd, TW_LOOP_READABLE, accept_ready,
                                 server, &server->listener);
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
    server->listen_fd = -1;
    fill_config(server, config);
    tw_status status = make_places(server, error);
    if (status == TW_OK)
        status = open_server(server, error);
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

uint32_t tw_http_server_connection_count(const tw_http_server *server) {
    return server->connection_count;
}

void tw_http_server_stop(tw_http_server *server) {
    tw_loop_watch_stop(server->listener);
    tw_loop_timer_stop(server->accept_timer);
    server->listener = NULL;
    server->accept_timer = NULL;
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    server->listen_fd = -1;
}

void tw_http_server_free(tw_http_server *server) {
    if (server == NULL)
        return;
    tw_http_server_stop(server);
    for (uint32_t i = 0; server->places != NULL && i < server->used_count; i++) {
        TW_ASSERT(!server->places[i].handling);
        if (server->places[i].phase != HTTP_FREE)
            http_connection_break(&server->places[i]);
    }
    tw_loop_timer_stop(server->timer);
    while (server->first_spare != NULL) {
        tw_http_request *request = &server->first_spare->request;
        server->first_spare = (tw_http_reply *)request->next_spare;
        free_request(server, request);
    }
    TW_ASSERT(server->buffered == 0);
    if (server->places != NULL)
        TW_DELETE(server->allocator, server->places, server->place_count, http_connection);
    if (server->scratch != NULL)
        TW_DELETE(server->allocator, server->scratch, HTTP_SCRATCH_SIZE + HTTP_ANSWER_HEAD_SIZE,
                  char);
    TW_DELETE(server->allocator, server, 1, tw_http_server);
}

/* ---- what was asked ----------------------------------------------------------------------- */

tw_slice tw_http_request_method(const tw_http_request *request) {
    return request->head.method;
}

tw_slice tw_http_request_path(const tw_http_request *request) {
    return request->head.path;
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
    return http_head_get(&request->head, name, ret_value);
}
