/*
 * crash.h - what a program leaves behind when it crashes: its flight recorder, in a file.
 *
 *     tw_crash_config config = {.flight = flight, .path = "tradewind.flight"};
 *     status = tw_crash_start(&config, &crash, &error);
 *
 * From then on a signal that ends the program (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, and so a
 * failed TW_ASSERT) first writes the newest events to the file, and then goes where it would have
 * gone: the default action, with its core dump, or the handler that was there before. SIGUSR1
 * writes the file and the program goes on; it works also when the program's loops are stuck.
 *
 * The file is whole or not there: it is written beside its place and then renamed into it, with
 * mode 0600; one from an earlier time is replaced. It is not forced to the disk: it outlives the
 * program, not a power cut. It holds what was noted and nothing else: no
 * memory, no environment, no arguments. It can be read by the same version on the same kind of
 * machine; tw_crash_dump_read checks what it reads.
 *
 * Memory: static, about 75 KiB, most of it the handler's own stack; nothing is allocated but by
 * tw_crash_dump_read. A handler calls only what POSIX lets one call.
 * Threads: one tw_crash a process. A crash in any thread is written; the alternate stack, which a
 * stack overflow needs, is that of the thread that called tw_crash_start.
 */
#ifndef TRADEWIND_CRASH_H
#define TRADEWIND_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/flight.h"

#define TW_CRASH_PROGRAM_SIZE 32

typedef struct tw_crash tw_crash;

typedef struct tw_crash_config {
    const tw_flight *flight; /* borrowed */
    const char *path;        /* copied */
} tw_crash_config;

/* The head of a dump. */
typedef struct tw_crash_summary {
    uint64_t newest;  /* sequence of the newest note */
    uint64_t dropped; /* notes that found no place */
    int64_t wall_ns;  /* when it was written: since 1970, */
    int64_t time_ns;  /* and by the monotonic clock of that machine */
    int32_t pid;
    int32_t thread; /* which crashed, or was asked */
    int32_t signal; /* 0: written by tw_crash_write */
    int32_t code;   /* si_code of the signal */
    uint64_t address;
    char program[TW_CRASH_PROGRAM_SIZE]; /* "tradewind 0.1.0" */
} tw_crash_summary;

typedef struct tw_crash_dump {
    tw_crash_summary summary;
    tw_flight_event *events; /* oldest first */
    size_t count;
    bool cut; /* the file ends within an event */
    const tw_allocator *allocator;
    size_t room; /* private: events allocated */
} tw_crash_dump;

TW_BEGIN_DECLS

/* Takes the signals. TW_BUSY (another one has them), TW_INVALID (no path, or too long a one),
 * TW_PERMISSION, TW_NOT_FOUND and others for a folder in which the file cannot be made. */
TW_API tw_status tw_crash_start(const tw_crash_config *config, tw_crash **ret_crash,
                                tw_error *error) TW_MUST_CHECK;
/* Gives the signals back to whoever had them. On the thread that started it. NULL is ignored. */
TW_API void tw_crash_stop(tw_crash *crash);

/* Writes the file now. TW_BUSY: a signal is writing it. TW_IO, TW_NO_SPACE, TW_PERMISSION ... */
TW_API tw_status tw_crash_write(tw_crash *crash, tw_error *error) TW_MUST_CHECK;

/* Reads a file back. TW_CORRUPT: it is none; TW_VERSION: of another version; TW_NOT_FOUND, TW_IO,
 * TW_NO_MEMORY. What it filled is given back by tw_crash_dump_done. */
TW_API tw_status tw_crash_dump_read(const tw_allocator *allocator, const char *path,
                                    tw_crash_dump *ret_dump, tw_error *error) TW_MUST_CHECK;
TW_API void tw_crash_dump_done(tw_crash_dump *dump);

TW_END_DECLS

TW_DEFINE_AUTO(tw_crash, tw_crash_stop)

#endif
