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
 * that it has; at the deadline it is killed with all processes that it started. It sees no
 * environment but a PATH and the C locale, no open file of the caller and an empty standard input.
 *
 * Nothing is decided here: whoever reads the solution checks it (overlap.h).
 *
 * Memory: the caller's buffers. Cost: some milliseconds beside the solver's own work. Threads:
 * calls are independent of each other.
 */
#ifndef TRADEWIND_SOLVER_H
#define TRADEWIND_SOLVER_H

#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

/* The longest and the shortest deadline: a day, and what it takes to start a process. */
#define TW_SOLVER_DEADLINE_NS_MAX (INT64_C(86400) * INT64_C(1000000000))
#define TW_SOLVER_DEADLINE_NS_MIN INT64_C(10000000)

typedef struct tw_solver_config {
    const char *program; /* a name on the PATH, or an absolute path */
    const char *folder;  /* where the private folder is made */
    int64_t deadline_ns; /* of the wall clock, for the whole call */
} tw_solver_config;

TW_BEGIN_DECLS

/* "cbc", in /tmp, ten seconds. */
TW_API void tw_solver_config_init(tw_solver_config *config);

/*
 * Runs the solver on the model (MPS, tw_overlap_write) and waits. `ret_solution` and `ret_log` are
 * written over: the solution file whole, and the end of what was printed. TW_RANGE: the deadline;
 * TW_NOT_FOUND: there is no such program (the sentence says what to install); TW_TIMEOUT: it was
 * killed at the deadline; TW_REMOTE: it failed or was ended by a signal (the sentence holds the
 * last line that it printed), or left no solution; TW_FULL: the solution is larger than its buffer;
 * otherwise what the system said. With any of these `ret_solution` is empty.
 */
TW_API tw_status tw_solver_run(const tw_solver_config *config, tw_slice model,
                               tw_text *ret_solution, tw_text *ret_log,
                               tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
