/*
 * run_service.h - a run as a service: its manager hears when it is ready, that it lives, what it
 * does, and that it stops.
 *
 * Ready is a run whose venue has answered: account, history and streams are there. A sign of life
 * comes from the thread that trades, so that a run whose engine stands still is missed.
 */
#ifndef TRADEWIND_CLI_RUN_SERVICE_H
#define TRADEWIND_CLI_RUN_SERVICE_H

#include "tradewind/engine.h"
#include "tradewind/notify.h"

/* Zeroed, nobody waits. */
typedef struct run_service {
    tw_notify notify;
    tw_engine_phase phase; /* that was told last */
    bool ready;
} run_service;

/* Takes the socket of the environment, and takes it out of the environment. TW_USAGE and what
 * tw_notify_open fails with. */
tw_status run_service_start(run_service *service, tw_error *error) TW_MUST_CHECK;

/* Each turn of the engine's loop. */
void run_service_turn(run_service *service, tw_engine_phase phase, int64_t now_ns);

/* The loop is over: what follows is the end. */
void run_service_stop(run_service *service);

#endif
