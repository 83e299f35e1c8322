/* late_server.c - see late_server.h. */
#include "late_server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tradewind/alloc.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

enum { NUMBER_SIZE = 21 };

static const int64_t PATIENCE_NS = 10 * TW_NS_PER_SECOND;

typedef struct late_answer {
    tw_http_reply *reply;
    char number[NUMBER_SIZE];
} late_answer;

/* ---- in its process -------------------------------------------------------------------------- */

static void answer_with(tw_http_reply *reply, const char *number) {
    char document[LATE_SERVER_SIZE + 1];
    snprintf(document, sizeof document, "%-*s", LATE_SERVER_SIZE, number);
    tw_http_answer answer = {
        .status = 200, .content_type = "text/plain", .body = {document, LATE_SERVER_SIZE}};
    if (tw_http_reply_send(reply, &answer, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static void answer_late(void *context) {
    late_answer *answer = context;
    answer_with(answer->reply, answer->number);
    TW_DELETE(tw_allocator_system(), answer, 1, late_answer);
}

static void handle(void *loop, const tw_http_request *request, tw_http_reply *reply) {
    tw_slice number = {"", 0};
    tw_loop_timer *timer = NULL;
    if (!tw_http_request_query(request, "n", &number) || number.size >= NUMBER_SIZE) {
        tw_http_reply_reset(reply);
        return;
    }
    late_answer *answer = TW_NEW(tw_allocator_system(), 1, late_answer);
    if (answer == NULL) {
        tw_http_reply_reset(reply);
        return;
    }
    answer->reply = reply;
    snprintf(answer->number, sizeof answer->number, "%.*s", (int)number.size, number.data);
    if (tw_slice_equal_string(tw_http_request_path(request), "/now")) {
        answer_late(answer);
    } else if (tw_loop_timer_start(loop, LATE_SERVER_NS, 0, answer_late, answer, &timer) != TW_OK) {
        tw_http_reply_reset(reply);
        TW_DELETE(tw_allocator_system(), answer, 1, late_answer);
    }
}

/* Ends with a failure, or with its parent. */
static void serve(int port_pipe) {
    tw_loop *loop = NULL;
    tw_http_server *server = NULL;
    if (tw_loop_new(NULL, &loop, NULL) != TW_OK)
        return;
    tw_http_server_config config = {.handler = handle, .context = loop};
    if (tw_http_server_start(loop, &config, &server, NULL) != TW_OK)
        return;
    uint16_t port = tw_http_server_port(server);
    if (write(port_pipe, &port, sizeof port) != sizeof port)
        return;
    while (tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, NULL) == TW_OK)
        continue;
}

/* ---- from outside ---------------------------------------------------------------------------- */

static tw_status read_port(int port_pipe, uint16_t *ret_port, tw_error *error) {
    struct pollfd readable = {.fd = port_pipe, .events = POLLIN};
    int ready = poll(&readable, 1, (int)(PATIENCE_NS / TW_NS_PER_MS));
    if (ready == 0)
        return tw_error_set(error, TW_TIMEOUT, "the server of documents does not start");
    if (ready < 0 || read(port_pipe, ret_port, sizeof *ret_port) != sizeof *ret_port)
        return tw_error_set(error, TW_CLOSED, "the server of documents has ended");
    return TW_OK;
}

tw_status late_server_start(late_server *server, tw_error *error) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe(ends) != 0)
        return tw_error_set_errno(error, errno, "no pipe can be made");
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            serve(ends[1]);
        _exit(1);
    }
    close(ends[1]);
    tw_status status = child > 0 ? read_port(ends[0], &server->port, error)
                                 : tw_error_set_errno(error, errno, "no process can be made");
    close(ends[0]);
    server->process = child > 0 ? child : 0;
    if (status != TW_OK)
        late_server_stop(server);
    return status;
}

void late_server_stop(late_server *server) {
    if (server->process <= 0)
        return;
    kill(server->process, SIGKILL);
    while (waitpid(server->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    server->process = 0;
}

double late_server_checksum(tw_slice document) {
    tw_slice rest = document;
    uint64_t number = 0;
    bool good = document.size == LATE_SERVER_SIZE &&
                tw_parse_u64(tw_slice_split(&rest, ' '), &number) == TW_OK;
    return good ? (double)(number + LATE_SERVER_SIZE) : 0;
}
