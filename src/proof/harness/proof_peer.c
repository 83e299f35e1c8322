/* proof_peer.c - see proof_peer.h. */
#include "proof_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer_prelude.h"
#include "tradewind/alloc.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

enum { LINE_SIZE = 512, NO_PROGRAM = 127, SCRIPT_SIZE_MAX = 32768 };

static const int64_t PATIENCE_NS = 60 * TW_NS_PER_SECOND;

struct proof_peer {
    pid_t process;
    int socket;           /* its standard input and output */
    char line[LINE_SIZE]; /* what has come of the answer */
    size_t size;
};

/* ---- beginning and end ----------------------------------------------------------------------- */

static void become(const char *const *arguments, int socket) {
    char *argv[PROOF_PEER_ARGUMENTS_MAX + 1] = {NULL};
    for (size_t i = 0; i < PROOF_PEER_ARGUMENTS_MAX && arguments[i] != NULL; i++)
        memcpy(&argv[i], &arguments[i], sizeof argv[i]); /* exec changes none of them */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0 && dup2(socket, STDIN_FILENO) >= 0 && dup2(socket, STDOUT_FILENO) >= 0 &&
        dup2(nothing, STDERR_FILENO) >= 0)
        execvp(argv[0], argv);
    _exit(NO_PROGRAM);
}

static tw_status fork_it(const char *const *arguments, proof_peer *peer, tw_error *error) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return tw_error_set_errno(error, errno, "no socket can be made");
    peer->socket = ends[0];
    peer->process = fork();
    if (peer->process == 0)
        become(arguments, ends[1]);
    close(ends[1]);
    return peer->process > 0 ? TW_OK : tw_error_set_errno(error, errno, "no process can be made");
}

tw_status proof_peer_start(const char *const *arguments, proof_peer **ret_peer, tw_error *error) {
    proof_peer *peer = TW_NEW(tw_allocator_system(), 1, proof_peer);
    if (peer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a peer");
    *peer = (proof_peer){.process = -1, .socket = -1};
    tw_status status = fork_it(arguments, peer, error);
    if (status != TW_OK)
        proof_peer_stop(peer);
    else
        *ret_peer = peer;
    return status;
}

void proof_peer_stop(proof_peer *peer) {
    if (peer == NULL)
        return;
    if (peer->socket >= 0)
        close(peer->socket);
    if (peer->process > 0) {
        kill(peer->process, SIGKILL);
        while (waitpid(peer->process, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    TW_DELETE(tw_allocator_system(), peer, 1, proof_peer);
}

/* ---- one question ---------------------------------------------------------------------------- */

static tw_status ask(proof_peer *peer, uint64_t units, tw_error *error) {
    char question[64];
    int size = snprintf(question, sizeof question, "run %" PRIu64 "\n", units);
    ssize_t sent = send(peer->socket, question, (size_t)size, MSG_NOSIGNAL);
    return sent == size ? TW_OK : tw_error_set(error, TW_CLOSED, "it has ended");
}

/* A line without its end, within the patience. */
static tw_status read_line(proof_peer *peer, char ret_line[LINE_SIZE], tw_error *error) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    for (;;) {
        char *end = memchr(peer->line, '\n', peer->size);
        if (end != NULL) {
            size_t size = (size_t)(end - peer->line);
            memcpy(ret_line, peer->line, size);
            ret_line[size] = '\0';
            peer->size -= size + 1;
            memmove(peer->line, end + 1, peer->size);
            return TW_OK;
        }
        struct pollfd readable = {.fd = peer->socket, .events = POLLIN};
        int64_t left_ms = (end_ns - tw_time_monotonic_ns()) / TW_NS_PER_MS;
        if (peer->size == sizeof peer->line)
            return tw_error_set(error, TW_PROTOCOL, "its answer has no end");
        int ready = left_ms > 0 ? poll(&readable, 1, (int)left_ms) : 0;
        if (ready == 0)
            return tw_error_set(error, TW_TIMEOUT, "it does not answer");
        if (ready < 0) {
            if (errno == EINTR)
                continue;
            return tw_error_set_errno(error, errno, "it cannot be waited for");
        }
        ssize_t got = read(peer->socket, peer->line + peer->size, sizeof peer->line - peer->size);
        if (got == 0 || (got < 0 && errno != EINTR))
            return tw_error_set(error, TW_CLOSED, "it has ended");
        peer->size += got > 0 ? (size_t)got : 0;
    }
}

/* "1234 0.5 0" */
static bool take_numbers(tw_slice text, proof_run *run) {
    tw_slice elapsed = tw_slice_split(&text, ' ');
    tw_slice checksum = tw_slice_split(&text, ' ');
    uint64_t elapsed_ns = 0;
    bool good = tw_parse_u64(elapsed, &elapsed_ns) == TW_OK && elapsed_ns <= INT64_MAX &&
                tw_parse_double(checksum, &run->checksum) == TW_OK &&
                tw_parse_double(text, &run->quality) == TW_OK;
    run->elapsed_ns = (int64_t)elapsed_ns;
    return good;
}

tw_status proof_peer_run(proof_peer *peer, proof_run *run, tw_error *error) {
    char line[LINE_SIZE];
    tw_status status = ask(peer, run->units, error);
    if (status == TW_OK)
        status = read_line(peer, line, error);
    if (status != TW_OK)
        return status;
    tw_slice rest = tw_slice_of(line);
    tw_slice word = tw_slice_split(&rest, ' ');
    if (tw_slice_equal_string(word, "done"))
        return take_numbers(rest, run) ? TW_OK
                                       : tw_error_set(error, TW_PROTOCOL, "it says \"%s\"", line);
    if (tw_slice_equal_string(word, "missing"))
        return tw_error_set(error, TW_NOT_FOUND, "%.*s", (int)rest.size, rest.data);
    if (tw_slice_equal_string(word, "failed"))
        return tw_error_set(error, TW_REMOTE, "%.*s", (int)rest.size, rest.data);
    return tw_error_set(error, TW_PROTOCOL, "it says \"%s\"", line);
}

/* ---- Python ---------------------------------------------------------------------------------- */

static tw_status try_python(const char *python, const char *script, const char *const *arguments,
                            proof_peer **ret_peer, tw_error *error) {
    char text[SCRIPT_SIZE_MAX];
    const char *all[PROOF_PEER_ARGUMENTS_MAX + 1] = {python, "-c", text};
    size_t count = 3;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        TW_ASSERT(count < PROOF_PEER_ARGUMENTS_MAX);
        all[count++] = arguments[i];
    }
    int size = snprintf(text, sizeof text, "%s%s", peer_prelude, script);
    TW_ASSERT(size < SCRIPT_SIZE_MAX);
    proof_run nothing = {0};
    tw_status status = proof_peer_start(all, ret_peer, error);
    if (status != TW_OK)
        return status;
    status = proof_peer_run(*ret_peer, &nothing, error);
    if (status == TW_CLOSED)
        status = tw_error_set(error, TW_NOT_FOUND, "there is no Python 3 that runs it");
    if (status != TW_OK) {
        proof_peer_stop(*ret_peer);
        *ret_peer = NULL;
    }
    return status;
}

tw_status proof_peer_python(const char *script, const char *const *arguments, proof_peer **ret_peer,
                            tw_error *error) {
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    tw_status status = TW_NOT_FOUND;
    for (size_t i = 0; i < 2 && status == TW_NOT_FOUND; i++)
        status = try_python(pythons[i], script, arguments, ret_peer, error);
    return status;
}
