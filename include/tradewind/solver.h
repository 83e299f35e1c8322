/*
 * solver.h - runs an outside solver of mixed-integer models on a text, with a deadline.
 *
 *     tw_solver_config config;
 *     tw_solver_config_init(&config);
 *     config.deadline_ns = 5 * TW_NS_PER_SECOND;
 *     status = tw_solver_run(&config, model, &solution, &log, &error);
 *
 * The solver is CBC (Debian: coinor-cbc), in a process of its own: it prints, it signals, it may
 * crash or hang, and nothing of that reaches the caller. The model goes to it as a file in a
 * private folder that is gone afterwards; its solution file and what it printed come back as text,
 * bounded by the buffers. It is told to stop shortly before the deadline and to hand over the best
 * that it has; at the deadline it is killed with all processes that it started, those that left its
 * process group among them. It sees no environment but a PATH, the C locale and a mark by which
 * these are found, no open file of the caller and an empty standard input.
 *
 * Which program runs is not for others to choose: the caller's PATH is not asked, and a program
 * that others may change, or put another one in the place of, is refused (tw_solver_find).
 *
 * Nothing is decided here: whoever reads the solution checks it (overlap.h).
 *
 * Memory: the caller's buffers. Cost: some milliseconds beside the solver's own work. Threads:
 * calls are independent of each other.
 */
#ifndef TRADEWIND_SOLVER_H
#define TRADEWIND_SOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

/* The longest and the shortest deadline: a day, and what it takes to start a process. */
#define TW_SOLVER_DEADLINE_NS_MAX (INT64_C(86400) * INT64_C(1000000000))
#define TW_SOLVER_DEADLINE_NS_MIN INT64_C(10000000)

/* Bytes of the path of a program, its end included. */
#define TW_SOLVER_PATH_SIZE 4096

typedef struct tw_solver_config {
    const char *program; /* a name, or an absolute path: see tw_solver_find */
    const char *folder;  /* where the private folder is made */
    int64_t deadline_ns; /* of the wall clock, for the whole call */
    /* NULL, or asked after each signal and at least four times a second: true ends the solver. */
    bool (*is_cancelled)(void *context);
    void *context;
} tw_solver_config;

TW_BEGIN_DECLS

/* "cbc", in /tmp, ten seconds. */
TW_API void tw_solver_config_init(tw_solver_config *config);

/*
 * The absolute path of the program that a name stands for, symbolic links followed. A name without
 * "/" is looked for in /usr/local/bin, /usr/bin and /bin, in this order. TW_NOT_FOUND: it is not
 * there (the sentence says what to install); TW_INVALID: a relative path; TW_PERMISSION: it is not
 * a program, or the file or a folder above it belongs to somebody else than root and the caller, or
 * may be written to by others: by everybody, or by a group that is neither root's nor the caller's
 * (a sticky folder, as /tmp is, may be); TW_RANGE: too long; otherwise what the system said.
 */
TW_API tw_status tw_solver_find(const char *program, char ret_path[TW_SOLVER_PATH_SIZE],
                                tw_error *error) TW_MUST_CHECK;

/*
 * Runs the solver on the model (MPS, tw_overlap_write) and waits. `ret_solution` and `ret_log` are
 * written over: the solution file whole, and the end of what was printed. TW_RANGE: the deadline;
 * TW_NOT_FOUND, TW_INVALID, TW_PERMISSION: as tw_solver_find; TW_STATE: how the solver ends cannot
 * be told, because this process ignores SIGCHLD (then nothing was started) or something in it waits
 * for every child; TW_TIMEOUT: it was killed at the deadline; TW_CANCELLED: it was killed because
 * `is_cancelled` said so; TW_REMOTE: it failed or was ended by a signal (the sentence holds the
 * last line that it printed), or left no solution; TW_FULL: the solution is larger than its buffer;
 * otherwise what the system said. With any of these `ret_solution` is empty.
 */
TW_API tw_status tw_solver_run(const tw_solver_config *config, tw_slice model,
                               tw_text *ret_solution, tw_text *ret_log,
                               tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
