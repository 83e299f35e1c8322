/*
 * notify.h - tells whoever started a service how it does: systemd's notification protocol.
 *
 *     tw_notify_open(&notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"), &error);
 *     tw_notify_say(&notify, "READY=1");
 *     tw_notify_alive(&notify, now_ns);          each turn: a sign of life when one is due
 *     tw_notify_say(&notify, "STOPPING=1");
 *     tw_notify_close(&notify);
 *
 * A program that nobody waits for has no such socket: then nothing is sent and nothing fails.
 * A sign of life goes out at half of the span after which it would be missed.
 *
 * Memory: none but the struct. Cost: one datagram a message; a turn without one is a comparison.
 * Threads: one owner. Source: sd_notify(3), the section on the protocol; datagram sockets of the
 * file system and abstract ones.
 */
#ifndef TRADEWIND_NOTIFY_H
#define TRADEWIND_NOTIFY_H

#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"

/* Everything in it is private. Zeroed it is closed; copies share its socket. */
typedef struct tw_notify {
    int socket;            /* 0: closed */
    int64_t watchdog_ns;   /* between signs of life; 0: nobody waits for them */
    int64_t next_alive_ns; /* monotonic */
} tw_notify;

TW_BEGIN_DECLS

/* `address` and `watchdog_usec` are texts of the environment, or NULL. TW_USAGE: one of them is
 * malformed; TW_UNSUPPORTED: an address of another kind; TW_IO and others: it cannot be reached. */
TW_API tw_status tw_notify_open(tw_notify *notify, const char *address, const char *watchdog_usec,
                                tw_error *error) TW_MUST_CHECK;
TW_API void tw_notify_close(tw_notify *notify);

/* One message, "KEY=value" lines. A message that the other end cannot take now is lost. */
TW_API void tw_notify_say(const tw_notify *notify, const char *message);

/* Sends a sign of life if one is due at the monotonic `now_ns`. */
TW_API void tw_notify_alive(tw_notify *notify, int64_t now_ns);

TW_END_DECLS

#endif
