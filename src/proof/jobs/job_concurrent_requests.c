/*
 * job_concurrent_requests.c - documents of a server that answers after 20 ms: one after the other,
 * and many at a time.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "late_server.h"
#include "peer_scripts.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/http.h"
#include "tradewind/time.h"

enum { URL_SIZE = 96, ANSWER_MAX = LATE_SERVER_SIZE + 1024 };

typedef struct requests {
    late_server server;
    uint64_t connections;
    tw_loop *loop;
    tw_http_client *client;
    proof_peer *aiohttp;
    int socket; /* a kept connection, by hand; -1: none */
    /* One repetition of ours. */
    uint64_t wanted;
    uint64_t begun;
    uint64_t done;
    double checksum;
    tw_status status;
    tw_error *error;
} requests;

static void dispose(void *state) {
    requests *r = state;
    if (r != NULL) {
        proof_peer_stop(r->aiohttp);
        tw_http_client_free(r->client);
        tw_loop_free(r->loop);
        if (r->socket >= 0)
            close(r->socket);
        late_server_stop(&r->server);
    }
    TW_DELETE(tw_allocator_system(), r, 1, requests);
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    requests *r = TW_NEW(tw_allocator_system(), 1, requests);
    if (r == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the requests");
    *r = (requests){.connections = point->at[0], .socket = -1};
    *ret_state = r;
    const tw_http_client_config config = {.in_flight_count_max = (uint32_t)r->connections};
    tw_status status = late_server_start(&r->server, error);
    if (status == TW_OK)
        status = tw_loop_new(NULL, &r->loop, error);
    return status == TW_OK ? tw_http_client_new(r->loop, &config, &r->client, error) : status;
}

static const char *url_of(const requests *r, uint64_t number, char buffer[URL_SIZE]) {
    snprintf(buffer, URL_SIZE, "http://127.0.0.1:%u/late?n=%" PRIu64, r->server.port, number);
    return buffer;
}

/* ---- one after the other --------------------------------------------------------------------- */

typedef struct whole_body {
    char bytes[ANSWER_MAX];
    size_t size;
} whole_body;

static size_t keep(char *data, size_t unit, size_t count, void *context) {
    whole_body *body = context;
    size_t size = unit * count;
    if (size > sizeof body->bytes - body->size)
        return 0;
    memcpy(body->bytes + body->size, data, size);
    body->size += size;
    return size;
}

static tw_status get_alone(const char *url, double *checksum, tw_error *error) {
    whole_body body = {.size = 0};
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a request");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    *checksum += late_server_checksum((tw_slice){body.bytes, body.size});
    return code == CURLE_OK ? TW_OK
                            : tw_error_set(error, TW_IO, "libcurl: %s", curl_easy_strerror(code));
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    const requests *r = state;
    tw_status status = TW_OK;
    char url[URL_SIZE];
    double checksum = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && status == TW_OK; i++)
        status = get_alone(url_of(r, i, url), &checksum, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = checksum;
    return status;
}

/* ---- ours ------------------------------------------------------------------------------------ */

static void send_next(requests *r);

static void note(void *context, const tw_http_result *result) {
    requests *r = context;
    r->done++;
    r->checksum += late_server_checksum(result->body);
    if (result->status != TW_OK && r->status == TW_OK)
        r->status = tw_error_set(r->error, result->status, "a document: %s", result->message);
    if (r->status == TW_OK && r->begun < r->wanted)
        send_next(r);
}

static void send_next(requests *r) {
    char url[URL_SIZE];
    const tw_http_call call = {.method = "GET", .url = url_of(r, r->begun, url)};
    tw_status status = tw_http_client_send(r->client, &call, note, r, NULL, r->error);
    if (status == TW_OK)
        r->begun++;
    else
        r->status = status;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    requests *r = state;
    r->wanted = run->units;
    r->begun = r->done = 0;
    r->checksum = 0;
    r->status = TW_OK;
    r->error = error;
    tw_status turned = TW_OK;
    int64_t began_ns = tw_time_monotonic_ns();
    while (r->status == TW_OK && r->begun < r->wanted && r->begun < r->connections)
        send_next(r);
    while (r->done < r->begun && turned == TW_OK) /* each call has a deadline */
        turned = tw_loop_turn(r->loop, TW_NS_PER_SECOND, NULL, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = r->checksum;
    return turned == TW_OK ? r->status : turned;
}

/* ---- aiohttp --------------------------------------------------------------------------------- */

static tw_status start_aiohttp(requests *r, tw_error *error) {
    char url[URL_SIZE];
    char connections[24];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/late?n=", r->server.port);
    snprintf(connections, sizeof connections, "%" PRIu64, r->connections);
    const char *const arguments[] = {url, connections, NULL};
    return proof_peer_python(peer_requests, arguments, &r->aiohttp, error);
}

static tw_status run_aiohttp(void *state, proof_run *run, tw_error *error) {
    requests *r = state;
    tw_status status = r->aiohttp == NULL ? start_aiohttp(r, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(r->aiohttp, run, error) : status;
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* 20 ms for every so many documents, and nothing else. */
static tw_status run_waves(void *state, proof_run *run, tw_error *error) {
    const requests *r = state;
    uint64_t waves = (run->units + r->connections - 1) / r->connections;
    struct timespec wave = {.tv_nsec = LATE_SERVER_NS};
    int code = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < waves && code == 0; i++)
        code = clock_nanosleep(CLOCK_MONOTONIC, 0, &wave, NULL);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return code == 0 ? TW_OK : tw_error_set_errno(error, code, "the clock does not wait");
}

static tw_status connect_by_hand(requests *r, tw_error *error) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(r->server.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 10};
    int one = 1;
    r->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = r->socket >= 0 &&
                setsockopt(r->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
                setsockopt(r->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                connect(r->socket, (const struct sockaddr *)&to, sizeof to) == 0;
    return good ? TW_OK : tw_error_set_errno(error, errno, "the server cannot be reached");
}

/* Reads until the body is whole, whose size is known. */
static bool read_answer(int socket, char *bytes, size_t *ret_body) {
    size_t size = 0;
    size_t whole = 0;
    while (whole == 0 || size < whole) {
        ssize_t got = recv(socket, bytes + size, ANSWER_MAX - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        const char *end = whole == 0 ? memmem(bytes, size, "\r\n\r\n", 4) : NULL;
        if (end != NULL) {
            *ret_body = (size_t)(end + 4 - bytes);
            whole = *ret_body + LATE_SERVER_SIZE;
        }
        if (whole > ANSWER_MAX || (whole == 0 && size == ANSWER_MAX))
            return false;
    }
    return true;
}

static tw_status run_loopback(void *state, proof_run *run, tw_error *error) {
    requests *r = state;
    char question[URL_SIZE];
    char answer[ANSWER_MAX];
    size_t body = 0;
    bool good = true;
    tw_status status = r->socket < 0 ? connect_by_hand(r, error) : TW_OK;
    if (status != TW_OK)
        return status;
    double checksum = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && good; i++) {
        int size = snprintf(question, sizeof question,
                            "GET /now?n=%" PRIu64 " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", i);
        good = send(r->socket, question, (size_t)size, MSG_NOSIGNAL) == size &&
               read_answer(r->socket, answer, &body);
        if (good)
            checksum += late_server_checksum((tw_slice){answer + body, LATE_SERVER_SIZE});
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = checksum;
    return good ? TW_OK : tw_error_set(error, TW_CLOSED, "the server does not answer");
}

const proof_job proof_concurrent_requests = {
    .name = "concurrent-requests",
    .part = "APIConnectionPool",
    .title = "Many requests at a time against one after the other",
    .unit = "document",
    .story =
        "Documents of 10 kB from a server on this machine that thinks for 20 ms about each. One "
        "after the other, each over a connection of its own, every document is waited for in turn. "
        "Ours has as many on the way as it may have connections, keeps these, and serves all of "
        "them from one thread: the waiting overlaps, until the work of the machine for a document "
        "is what is left.",
    .limit = "20 ms for every full set of connections, and nothing else",
    .claimed_min = 20,
    .claimed_max = 50,
    .check_units = 3,
    .many_threads = true,
    .axes = {{"connections at a time", {1, 10, 30, 100, 300}, 5, 3}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"one after the other", PROOF_NAIVE,
              "libcurl, a new connection for each document, as requests.get does", run_naive},
             {"tradewind", PROOF_OURS, "tw_http_client, connections kept", run_ours, .whole_of = 1},
             {"aiohttp", PROOF_PEER, "as many at a time over one session", run_aiohttp,
              .whole_of = 1},
             {"just waiting", PROOF_LIMIT, "20 ms for each full set of connections", run_waves,
              .incomparable = true, .whole_of = 1},
             {"loopback round trip", PROOF_LIMIT,
              "the same documents without the 20 ms, in turn over one connection: what the machine "
              "has to do for one",
              run_loopback}},
};
