/*
 * h2_server.h - as much of an HTTP/2 server (RFC 9113) as tests of a client need, in plain text;
 * put tls_terminator.h in front of it.
 *
 * A thread serves one connection after another. Requests are counted, not understood: each is
 * answered 200 "ok", or refused (RST_STREAM, REFUSED_STREAM), or the connection is closed instead.
 */
#ifndef TRADEWIND_TESTS_H2_SERVER_H
#define TRADEWIND_TESTS_H2_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define H2_STREAM_COUNT_MAX 100

typedef struct h2_server {
    pthread_t thread;
    int fd;
    uint16_t port;
    _Atomic uint32_t connections;
    _Atomic uint32_t requests;      /* whole ones */
    _Atomic uint32_t hold_count;    /* nothing is answered before so many wait; 0: at once */
    _Atomic uint32_t refuse_count;  /* so many of the next requests are refused */
    _Atomic uint32_t hang_up_count; /* so many are answered by the end of the connection */
    uint32_t waiting[H2_STREAM_COUNT_MAX];
    uint32_t waiting_count;
} h2_server;

/* False if any part of it could not be made. */
bool h2_server_start(h2_server *server);
/* After the clients' connections are closed. */
void h2_server_stop(h2_server *server);

#endif
