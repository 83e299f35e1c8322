/* run_service.c - see run_service.h. */
#include "run_service.h"

#include <stdio.h>
#include <stdlib.h>

tw_status run_service_start(run_service *service, tw_error *error) {
    *service = (run_service){.phase = TW_ENGINE_STARTING};
    tw_status status = tw_notify_open(&service->notify, secure_getenv("NOTIFY_SOCKET"),
                                      secure_getenv("WATCHDOG_USEC"), error);
    // NOLINTBEGIN(concurrency-mt-unsafe): no other thread was started yet
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    // NOLINTEND(concurrency-mt-unsafe)
    return status;
}

static void tell_phase(run_service *service, tw_engine_phase phase) {
    char message[128];
    bool ready = phase > TW_ENGINE_STARTING && phase < TW_ENGINE_STOPPING && !service->ready;
    snprintf(message, sizeof message, "%s%sSTATUS=%s", ready ? "READY=1\n" : "",
             phase == TW_ENGINE_STOPPING ? "STOPPING=1\n" : "", tw_engine_phase_name(phase));
    tw_notify_say(&service->notify, message);
    service->ready = service->ready || ready;
    service->phase = phase;
}

void run_service_turn(run_service *service, tw_engine_phase phase, int64_t now_ns) {
    if (service->notify.socket == 0)
        return;
    if (phase != service->phase)
        tell_phase(service, phase);
    tw_notify_alive(&service->notify, now_ns);
}

void run_service_stop(run_service *service) {
    tw_notify_say(&service->notify, "STOPPING=1\nSTATUS=writing the report");
    tw_notify_close(&service->notify);
}
