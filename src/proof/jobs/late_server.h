/*
 * late_server.h - a server of documents that thinks for a while before it answers, in a process of
 * its own: what a far venue is like, on this machine.
 *
 *     GET /late?n=17    document 17 after LATE_SERVER_NS
 *     GET /now?n=17     the same at once
 *
 * A document has LATE_SERVER_SIZE bytes and begins with its number.
 */
#ifndef TRADEWIND_PROOF_LATE_SERVER_H
#define TRADEWIND_PROOF_LATE_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "tradewind/error.h"
#include "tradewind/text.h"

#define LATE_SERVER_NS INT64_C(20000000)

enum { LATE_SERVER_SIZE = 10000 };

typedef struct late_server {
    pid_t process; /* 0: none */
    uint16_t port; /* of 127.0.0.1 */
} late_server;

/* It ends with this process at the latest. TW_TIMEOUT, TW_CLOSED: it does not start. */
tw_status late_server_start(late_server *server, tw_error *error) TW_MUST_CHECK;

void late_server_stop(late_server *server); /* also one that has not been started */

/* What a document adds to a checksum; 0: it is none. */
double late_server_checksum(tw_slice document);

#endif
