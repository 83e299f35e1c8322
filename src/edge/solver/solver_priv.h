/* solver_priv.h - what the files of the solver share. */
#ifndef TRADEWIND_SOLVER_PRIV_H
#define TRADEWIND_SOLVER_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tradewind/solver.h"

/* When a process began, in the system's ticks since its boot; 0 when that cannot be told. */
uint64_t solver_began(pid_t process);

/*
 * Ends every process of this machine that has `mark` ("NAME=value") in its environment and began at
 * `began` or later, and waits until it is gone. False: there was still one after all rounds. Where
 * /proc cannot be read nothing is ended.
 */
bool solver_end_marked(const char *mark, uint64_t began);

#endif
