/*
 * fault_server.c - one thread, poll, and a table of connections; simple on purpose.
 *
 * A connection reads until it has a whole request (head, and as many bytes of body as the head
 * says), then `serve` looks up the case's next step, lets the venue act or not, and writes what
 * the fault leaves of the answer. Timed answers wait as `due_ms`.
 *
 * Invariants
 * 1. The venue acts on a request at most once: in `serve`, before a byte of the answer is made.
 * 2. A step is used up by one request, in the order in which requests become whole (or are dropped
 *    unread).
 * 3. The lock covers `cases`; everything else belongs to the thread.
 */
#include "fault_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fault_venue.h"

#define CONNECTION_COUNT_MAX 900
#define REQUEST_SIZE_MAX 16384
#define ANSWER_SIZE_MAX 32768
#define TRICKLE_MS 5

typedef struct connection {
    int fd; /* -1: the place is free */
    size_t request_size;
    size_t answer_size;
    size_t answer_sent;
    size_t step_size; /* bytes a step of a trickle; 0: all at once */
    int64_t due_ms;   /* of the next bytes */
    bool ends;        /* closed when the answer is out */
    bool resets;      /* ... by a TCP reset */
    bool half;        /* our half is ended when the answer is out */
    bool mute;        /* reads and says nothing any more */
    char request[REQUEST_SIZE_MAX];
    char answer[ANSWER_SIZE_MAX];
} connection;

struct fault_server {
    pthread_t thread;
    pthread_mutex_t lock;
    const fault_script *scripts;
    fault_case *cases;
    uint32_t case_count;
    connection *connections;
    struct pollfd *polled;
    _Atomic uint32_t accepted;
    int listener;
    int stop;
    uint16_t port;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connections ----------------------------------------------------------------------- */

static void close_connection(connection *c) {
    if (c->resets) {
        struct linger at_once = {1, 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(c->fd);
    c->fd = -1;
}

static void accept_all(fault_server *server) {
    for (uint32_t i = 0; i < CONNECTION_COUNT_MAX; i++) {
        connection *c = &server->connections[i];
        if (c->fd >= 0)
            continue;
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        memset(c, 0, offsetof(connection, request));
        c->fd = fd;
        server->accepted++;
    }
}

/* Sends what is due; closes, half or whole, when all is out. */
static void push_answer(connection *c) {
    if (c->answer_size == 0 || c->due_ms > now_ms())
        return;
    while (c->answer_sent < c->answer_size) {
        size_t size = c->answer_size - c->answer_sent;
        if (c->step_size > 0 && size > c->step_size)
            size = c->step_size;
        ssize_t sent = send(c->fd, c->answer + c->answer_sent, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent <= 0) {
            close_connection(c);
            return;
        }
        c->answer_sent += (size_t)sent;
        if (c->step_size > 0 && c->answer_sent < c->answer_size) {
            c->due_ms = now_ms() + TRICKLE_MS;
            return;
        }
    }
    c->answer_size = c->answer_sent = 0;
    if (c->ends)
        close_connection(c);
    else if (c->half)
        shutdown(c->fd, SHUT_WR);
}

/* ---- requests -------------------------------------------------------------------------- */

/* The size of the whole request at the buffer's begin, 0 if it is not whole yet. */
static size_t whole_size(const connection *c) {
    const char *end = memmem(c->request, c->request_size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - c->request) + 4;
    size_t body = 0;
    for (const char *line = c->request; line < end; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, "content-length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    return c->request_size >= head + body ? head + body : 0;
}

/* Reads method, case and path of the request line; false if it names no case. */
static bool read_line(const fault_server *server, const char *request, size_t size,
                      fault_request *ret_request) {
    char line[512];
    char method[8];
    char path[sizeof ret_request->path];
    unsigned index = 0;
    size_t copied = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, request, copied);
    line[copied] = '\0';
    if (sscanf(line, "%7s /%u%255s", method, &index, path) != 3 || index >= server->case_count)
        return false;
    snprintf(ret_request->method, sizeof ret_request->method, "%s", method);
    snprintf(ret_request->path, sizeof ret_request->path, "%s", path);
    ret_request->index = index;
    return true;
}

static fault_step next_step(fault_server *server, uint32_t index) {
    const fault_script *script = &server->scripts[index];
    fault_case *of = &server->cases[index];
    fault_step none = {FAULT_NONE, 0};
    return of->step < script->step_count ? script->steps[of->step++] : none;
}

/* True if the request was dropped unread: its first line is looked at without being taken, so that
 * the kernel answers the close with a reset. */
static bool drop_unread(fault_server *server, connection *c) {
    char peeked[512];
    fault_request request;
    ssize_t got = recv(c->fd, peeked, sizeof peeked - 1, MSG_PEEK);
    if (c->request_size > 0 || got <= 0 || memchr(peeked, '\n', (size_t)got) == NULL ||
        !read_line(server, peeked, (size_t)got, &request))
        return false;
    const fault_script *script = &server->scripts[request.index];
    fault_case *of = &server->cases[request.index];
    if (of->step >= script->step_count || script->steps[of->step].kind != FAULT_DROP_UNREAD)
        return false;
    of->step++;
    fault_venue_begin(of, &request);
    close_connection(c);
    return true;
}

static void answer_fault(connection *c, fault_step step, const fault_answer *answer) {
    const fault_trait *trait = fault_trait_of((fault_kind)step.kind);
    c->mute = trait->after == FAULT_MUTES;
    c->half = trait->after == FAULT_HALVES;
    c->ends = trait->after == FAULT_CLOSES;
    c->resets = trait->after == FAULT_RESETS;
    if (!trait->says) {
        if (!c->mute)
            close_connection(c);
        return;
    }
    c->due_ms = step.kind == FAULT_DELAY ? now_ms() + step.amount : 0;
    c->step_size = step.kind == FAULT_TRICKLE ? step.amount : 0;
    c->answer_size = fault_write(step, answer, c->answer, sizeof c->answer);
    push_answer(c);
}

static void serve(fault_server *server, connection *c, size_t size) {
    fault_request request = {.index = 0};
    fault_answer answer = {.status = 404};
    fault_step step = {FAULT_NONE, 0};
    if (read_line(server, c->request, size, &request)) {
        const char *body = (const char *)memmem(c->request, size, "\r\n\r\n", 4) + 4;
        request.body = body;
        request.body_size = size - (size_t)(body - c->request);
        pthread_mutex_lock(&server->lock);
        fault_case *of = &server->cases[request.index];
        fault_venue_begin(of, &request);
        step = next_step(server, request.index);
        fault_venue_whole(of, &request);
        if (fault_trait_of((fault_kind)step.kind)->applies)
            fault_venue_act(of, &server->scripts[request.index], &request, &answer);
        pthread_mutex_unlock(&server->lock);
    }
    memmove(c->request, c->request + size, c->request_size - size);
    c->request_size -= size;
    answer_fault(c, step, &answer);
}

static void read_more(fault_server *server, connection *c) {
    pthread_mutex_lock(&server->lock);
    bool dropped = drop_unread(server, c);
    pthread_mutex_unlock(&server->lock);
    if (dropped)
        return;
    ssize_t got = recv(c->fd, c->request + c->request_size, sizeof c->request - c->request_size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close_connection(c);
        return;
    }
    c->request_size += (size_t)got;
    size_t size = 0;
    if (c->mute) {
        c->request_size = 0; /* a mute connection hears and forgets */
        return;
    }
    while (c->fd >= 0 && c->answer_size == 0 && (size = whole_size(c)) > 0)
        serve(server, c, size);
}

/* ---- the thread ------------------------------------------------------------------------ */

/* Fills the poll table; returns its size, and how long nothing is due. */
static nfds_t gather(fault_server *server, int *ret_wait_ms) {
    nfds_t count = 0;
    int64_t now = now_ms();
    *ret_wait_ms = -1;
    server->polled[count++] = (struct pollfd){.fd = server->stop, .events = POLLIN};
    server->polled[count++] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    for (uint32_t i = 0; i < CONNECTION_COUNT_MAX; i++) {
        const connection *c = &server->connections[i];
        short events = POLLIN;
        if (c->answer_size > 0 && c->due_ms > now) {
            int wait = (int)(c->due_ms - now);
            *ret_wait_ms = *ret_wait_ms < 0 || wait < *ret_wait_ms ? wait : *ret_wait_ms;
        } else if (c->answer_size > 0) {
            events |= POLLOUT;
        }
        server->polled[count++] = (struct pollfd){.fd = c->fd, .events = events};
    }
    return count;
}

static void *run(void *context) {
    fault_server *server = context;
    for (;;) {
        int wait_ms = -1;
        nfds_t count = gather(server, &wait_ms);
        if (poll(server->polled, count, wait_ms) < 0 && errno != EINTR)
            return NULL;
        if (server->polled[0].revents != 0)
            return NULL;
        for (uint32_t i = 0; i < CONNECTION_COUNT_MAX; i++) {
            connection *c = &server->connections[i];
            if (c->fd >= 0 && (server->polled[i + 2].revents & (POLLIN | POLLERR | POLLHUP)) != 0)
                read_more(server, c);
            if (c->fd >= 0)
                push_answer(c);
        }
        if (server->polled[1].revents != 0)
            accept_all(server);
    }
}

/* ---- life ------------------------------------------------------------------------------ */

static bool listen_anywhere(fault_server *server) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    server->stop = eventfd(0, EFD_CLOEXEC);
    if (server->listener < 0 || server->stop < 0 ||
        bind(server->listener, (struct sockaddr *)&where, sizeof where) != 0 ||
        listen(server->listener, 1024) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&where, &size) != 0)
        return false;
    server->port = ntohs(where.sin_port);
    return true;
}

static void release(fault_server *server) {
    for (uint32_t i = 0; server->connections != NULL && i < CONNECTION_COUNT_MAX; i++)
        if (server->connections[i].fd >= 0)
            close(server->connections[i].fd);
    if (server->listener >= 0)
        close(server->listener);
    if (server->stop >= 0)
        close(server->stop);
    free(server->cases);
    free(server->connections);
    free(server->polled);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

fault_server *fault_server_start(const fault_script *scripts, uint32_t case_count) {
    fault_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    pthread_mutex_init(&server->lock, NULL);
    server->scripts = scripts;
    server->case_count = case_count;
    server->listener = server->stop = -1;
    server->cases = calloc(case_count, sizeof *server->cases);
    server->connections = calloc(CONNECTION_COUNT_MAX, sizeof *server->connections);
    server->polled = calloc(CONNECTION_COUNT_MAX + 2, sizeof *server->polled);
    for (uint32_t i = 0; server->connections != NULL && i < CONNECTION_COUNT_MAX; i++)
        server->connections[i].fd = -1;
    if (server->cases != NULL && server->connections != NULL && server->polled != NULL &&
        listen_anywhere(server) && pthread_create(&server->thread, NULL, run, server) == 0)
        return server;
    release(server);
    return NULL;
}

void fault_server_stop(fault_server *server) {
    uint64_t one = 1;
    if (write(server->stop, &one, sizeof one) != sizeof one)
        abort();
    pthread_join(server->thread, NULL);
    release(server);
}

uint16_t fault_server_port(const fault_server *server) {
    return server->port;
}

fault_seen fault_server_seen(fault_server *server, uint32_t index) {
    pthread_mutex_lock(&server->lock);
    fault_seen seen = server->cases[index].seen;
    pthread_mutex_unlock(&server->lock);
    return seen;
}

uint32_t fault_server_connections(fault_server *server) {
    return server->accepted;
}
