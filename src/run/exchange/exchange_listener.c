/*
 * exchange_listener.c - how many clients there may be, and where they come in.
 *
 * One bound holds for all: connections of HTTP and streams together. What is made for each of them
 * (places, watches, timers) is reserved at the start and touched when it is used. A process that
 * may not have so many files open is told at the start, not when clients come.
 */
#include <sys/resource.h>

#include "exchange_priv.h"

enum {
    CONNECTION_COUNT_DEFAULT = 10000,
    FILES_ASIDE = 128, /* of the state, the loop, libraries, and connections that are refused */
    WATCHES_ASIDE = 64,
    TIMERS_ASIDE = 1024
};

static uint64_t files_for_connections(void) {
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= FILES_ASIDE)
        return 0;
    return limit.rlim_cur - FILES_ASIDE;
}

static tw_status decide_connections(tw_exchange *exchange, tw_error *error) {
    uint64_t room = files_for_connections();
    uint64_t wanted = exchange->config.connection_count_max;
    if (wanted == 0)
        wanted = room < CONNECTION_COUNT_DEFAULT ? room : CONNECTION_COUNT_DEFAULT;
    if (wanted > room || wanted == 0)
        return tw_error_set(error, TW_RANGE,
                            "%llu connections need %llu open files, of which this process may have "
                            "%llu; raise that (ulimit -n) or ask for fewer",
                            (unsigned long long)(wanted > 0 ? wanted : 1),
                            (unsigned long long)(wanted > 0 ? wanted : 1) + FILES_ASIDE,
                            (unsigned long long)(room > 0 ? room + FILES_ASIDE : 0));
    exchange->connection_count_max = (uint32_t)wanted;
    return TW_OK;
}

tw_status exchange_open_loop(tw_exchange *exchange, tw_error *error) {
    tw_status status = decide_connections(exchange, error);
    if (status != TW_OK)
        return status;
    /* A connection that becomes a stream has two watches until the loop has let go of the first;
     * one has a timer as a stream, or as a request that a fault delays. */
    const tw_loop_config loop = {
        .watch_count_max = 2 * exchange->connection_count_max + WATCHES_ASIDE,
        .timer_count_max = 2 * exchange->connection_count_max + TIMERS_ASIDE};
    return tw_loop_new(&loop, &exchange->loop, error);
}

tw_status exchange_open_faults(tw_exchange *exchange) {
    const faulty_wire_config config = {
        .loop = exchange->loop,
        .desk = &exchange->moments.desk,
        .place_count_max = exchange->connection_count_max,
        .handler = exchange_handle,
        .context = exchange,
    };
    return faulty_wire_new(exchange->allocator, &config, &exchange->faults);
}

static uint32_t count_streams(void *owner) {
    return streams_client_count(((const tw_exchange *)owner)->streams);
}

tw_status exchange_listen(tw_exchange *exchange, uint32_t body_size_max, tw_error *error) {
    const tw_http_server_config server = {
        .allocator = exchange->allocator,
        .address = exchange->config.address,
        .port = exchange->config.port,
        .connection_count_max = exchange->connection_count_max,
        .body_size_max = body_size_max,
        .handler = faulty_wire_handle,
        .context = exchange->faults,
        .refuse = exchange_refuse,
        .count_elsewhere = count_streams,
        .owner = exchange,
    };
    return tw_http_server_start(exchange->loop, &server, &exchange->server, error);
}
