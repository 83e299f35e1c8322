/*
 * status.h - what an operating error is called.
 *
 * Every fallible function returns a tw_status: TW_OK (zero) or one negative code of the table
 * below. The table is the only place where a code, its name and its sentence are written.
 * Programmer errors assert; trading outcomes (a rejection, a breached limit) are data.
 *
 * Threads: all functions are pure.
 */
#ifndef TRADEWIND_STATUS_H
#define TRADEWIND_STATUS_H

#include "tradewind/api.h"

/* X(name, code, sentence). Codes are stable: they may be stored and sent. */
#define TW_STATUS_TABLE(X)                                               \
    X(OK, 0, "done")                                                     \
    X(USAGE, -1, "the command was used in a way it does not understand") \
    X(INVALID, -2, "a value is not acceptable here")                     \
    X(PARSE, -3, "the input is malformed")                               \
    X(RANGE, -4, "a value is outside its permitted range")               \
    X(OVERFLOW, -5, "a result does not fit its type")                    \
    X(NO_MEMORY, -6, "memory could not be had")                          \
    X(FULL, -7, "a bounded resource is at its limit")                    \
    X(EMPTY, -8, "there is nothing here now")                            \
    X(NOT_FOUND, -9, "no such thing")                                    \
    X(EXISTS, -10, "it exists already")                                  \
    X(BUSY, -11, "it is in use by another")                              \
    X(TIMEOUT, -12, "the deadline passed")                               \
    X(CANCELLED, -13, "the caller gave up")                              \
    X(CLOSED, -14, "the other end has closed")                           \
    X(IO, -15, "reading or writing failed")                              \
    X(NO_SPACE, -16, "the disk is full")                                 \
    X(READ_ONLY, -17, "it may only be read")                             \
    X(PERMISSION, -18, "permission was denied")                          \
    X(CORRUPT, -19, "stored data is damaged")                            \
    X(TRUNCATED, -20, "the input ends too early")                        \
    X(VERSION, -21, "it was written by a newer version")                 \
    X(UNSUPPORTED, -22, "it is not supported")                           \
    X(UNREACHABLE, -23, "the other side could not be reached")           \
    X(REFUSED, -24, "the other side refused")                            \
    X(AUTH, -25, "the credentials were not accepted")                    \
    X(PROTOCOL, -26, "the other side broke the protocol")                \
    X(REMOTE, -27, "the other side failed")                              \
    X(THROTTLED, -28, "the other side asks to slow down")                \
    X(LIMIT, -29, "a safety limit forbids it")                           \
    X(INTERRUPTED, -30, "it was interrupted")                            \
    X(UNKNOWN, -31, "whether it happened is not known")                  \
    X(STATE, -32, "it is not possible in this state")                    \
    X(INFEASIBLE, -33, "no solution exists")

typedef enum tw_status {
#define TW_STATUS_ENUMERATOR(name, code, sentence) TW_##name = (code),
    TW_STATUS_TABLE(TW_STATUS_ENUMERATOR)
#undef TW_STATUS_ENUMERATOR
} tw_status;

TW_BEGIN_DECLS

/* The name of a status ("TW_NOT_FOUND"), or "TW_?" for a number that is none. Never NULL. */
TW_API const char *tw_status_name(tw_status status);

/* The sentence of a status ("no such thing"), or "unknown status". Never NULL. */
TW_API const char *tw_status_sentence(tw_status status);

/* The status that a Linux errno stands for: ENOSPC is TW_NO_SPACE, anything unlisted TW_IO. */
TW_API tw_status tw_status_from_errno(int os_errno);

TW_END_DECLS

#endif
