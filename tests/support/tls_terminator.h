/*
 * tls_terminator.h - puts TLS in front of a plain port of this machine, for tests.
 *
 * A thread accepts connections (one after another), speaks TLS with a certificate for
 * "localhost" that it has just made, and passes the bytes on to the plain port. The certificate
 * lies in a temporary file, to be named as a trusted authority.
 */
#ifndef TRADEWIND_TESTS_TLS_TERMINATOR_H
#define TRADEWIND_TESTS_TLS_TERMINATOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct tls_terminator {
    void *context; /* SSL_CTX */
    pthread_t thread;
    int fd;
    uint16_t port;
    uint16_t plain_port;
    _Atomic uint32_t handshakes;
    _Atomic uint32_t resumed; /* of these, sessions that were there before */
    char certificate_file[64];
} tls_terminator;

/* False if any part of it could not be made. */
bool tls_terminator_start(tls_terminator *terminator, uint16_t plain_port);
/* Says from now on that HTTP/2 is spoken behind it. */
void tls_terminator_offer_http2(tls_terminator *terminator);
void tls_terminator_stop(tls_terminator *terminator);

#endif
