/* h2_server.c - blocking reads and writes in one thread; simple on purpose. */
#include "h2_server.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFACE_SIZE 24
#define FRAME_HEAD_SIZE 9
#define PAYLOAD_SIZE_MAX 16384
#define END_STREAM 0x1
#define END_HEADERS 0x4
#define ACK 0x1
#define REFUSED_STREAM 7

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6 };

typedef struct frame {
    uint32_t size;
    uint32_t stream;
    uint8_t type;
    uint8_t flags;
    uint8_t payload[PAYLOAD_SIZE_MAX];
} frame;

static bool read_all(int fd, void *buffer, size_t size) {
    return size == 0 || recv(fd, buffer, size, MSG_WAITALL) == (ssize_t)size;
}

static bool read_frame(int fd, frame *ret_frame) {
    uint8_t head[FRAME_HEAD_SIZE];
    uint32_t stream = 0;
    if (!read_all(fd, head, sizeof head))
        return false;
    memcpy(&stream, head + 5, sizeof stream);
    ret_frame->size = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    ret_frame->type = head[3];
    ret_frame->flags = head[4];
    ret_frame->stream = ntohl(stream) & 0x7fffffffu;
    return ret_frame->size <= PAYLOAD_SIZE_MAX && read_all(fd, ret_frame->payload, ret_frame->size);
}

typedef struct frame_kind {
    uint8_t type;
    uint8_t flags;
} frame_kind;

/* A payload of at most 64 bytes. */
static bool send_frame(int fd, frame_kind kind, uint32_t stream, const void *payload, size_t size) {
    uint8_t bytes[FRAME_HEAD_SIZE + 64] = {0, 0, (uint8_t)size, kind.type, kind.flags};
    uint32_t wire_stream = htonl(stream);
    memcpy(bytes + 5, &wire_stream, sizeof wire_stream);
    if (size > 0)
        memcpy(bytes + FRAME_HEAD_SIZE, payload, size);
    ssize_t whole = (ssize_t)(FRAME_HEAD_SIZE + size);
    return send(fd, bytes, (size_t)whole, MSG_NOSIGNAL) == whole;
}

/* 0x88 is ":status: 200" of HPACK's static table (RFC 7541, appendix A). */
static bool answer_waiting(h2_server *server, int fd) {
    static const uint8_t status_200 = 0x88;
    bool sent = true;
    for (uint32_t i = 0; i < server->waiting_count && sent; i++) {
        uint32_t stream = server->waiting[i];
        sent = send_frame(fd, (frame_kind){HEADERS, END_HEADERS}, stream, &status_200, 1) &&
               send_frame(fd, (frame_kind){DATA, END_STREAM}, stream, "ok", 2);
    }
    server->waiting_count = 0;
    return sent;
}

static bool take_request(h2_server *server, int fd, uint32_t stream) {
    server->requests++;
    if (server->hang_up_count > 0) {
        server->hang_up_count--;
        return false;
    }
    if (server->refuse_count > 0) {
        uint32_t code = htonl(REFUSED_STREAM);
        server->refuse_count--;
        return send_frame(fd, (frame_kind){RST_STREAM, 0}, stream, &code, sizeof code);
    }
    if (server->waiting_count == H2_STREAM_COUNT_MAX)
        return false;
    server->waiting[server->waiting_count++] = stream;
    return server->waiting_count < server->hold_count || answer_waiting(server, fd);
}

static bool take_frame(h2_server *server, int fd, const frame *in) {
    bool is_answer = (in->flags & ACK) != 0;
    if (in->type == SETTINGS && !is_answer)
        return send_frame(fd, (frame_kind){SETTINGS, ACK}, 0, NULL, 0);
    if (in->type == PING && !is_answer)
        return send_frame(fd, (frame_kind){PING, ACK}, 0, in->payload, in->size);
    if ((in->type == HEADERS || in->type == DATA) && (in->flags & END_STREAM) != 0)
        return take_request(server, fd, in->stream);
    return true;
}

static void serve(h2_server *server, int fd) {
    static frame in;
    char preface[PREFACE_SIZE];
    server->waiting_count = 0;
    bool goes_on = read_all(fd, preface, sizeof preface) &&
                   send_frame(fd, (frame_kind){SETTINGS, 0}, 0, NULL, 0);
    while (goes_on)
        goes_on = read_frame(fd, &in) && take_frame(server, fd, &in);
}

static void *run(void *context) {
    h2_server *server = context;
    int fd = -1;
    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        server->connections++;
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

bool h2_server_start(h2_server *server) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    memset(server, 0, sizeof *server);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&where, size) != 0 ||
        listen(server->fd, 16) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&where, &size) != 0)
        return false;
    server->port = ntohs(where.sin_port);
    return pthread_create(&server->thread, NULL, run, server) == 0;
}

void h2_server_stop(h2_server *server) {
    shutdown(server->fd, SHUT_RDWR); /* ends the accept */
    pthread_join(server->thread, NULL);
    close(server->fd);
}
