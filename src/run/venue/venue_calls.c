/*
 * venue_calls.c - the engine's commands as REST calls, and how they ended as events.
 *
 * A command stays in its ring until its call has started, so a full client is back-pressure and
 * nothing is lost. Every started call ends in exactly one event.
 */
#include <stdio.h>
#include <string.h>

#include "venue_priv.h"

static venue_call *take_call(tw_venue *venue, const venue_command *command) {
    venue_call *call = venue->free_call;
    if (call == NULL)
        return NULL;
    venue->free_call = call->next_free;
    call->command = *command;
    venue->call_count++;
    return call;
}

static void give_back(venue_call *call) {
    tw_venue *venue = call->venue;
    call->next_free = venue->free_call;
    venue->free_call = call;
    venue->call_count--;
}

static tw_venue_kind event_kind(uint32_t command_kind) {
    switch ((venue_command_kind)command_kind) {
    case VENUE_SUBMIT:
        return TW_VENUE_SUBMIT_RESULT;
    case VENUE_CANCEL:
        return TW_VENUE_CANCEL_RESULT;
    case VENUE_QUERY:
    case VENUE_SNAPSHOT:
        break;
    }
    return TW_VENUE_QUERY_RESULT;
}

/* Tells how a call ended. A client that is being freed ends its calls too; nobody listens then. */
static void tell(venue_call *call, const tw_alpaca_result *result, const tw_alpaca_order *order) {
    tw_venue *venue = call->venue;
    tw_venue_event event = venue_event(venue, event_kind(call->command.kind));
    tw_order_result *told = &event.as.result;
    memcpy(told->client_order_id, call->command.order.client_order_id,
           sizeof told->client_order_id);
    told->status = result->status;
    if (result->problem != NULL) {
        told->code = (int32_t)result->problem->code;
        snprintf(told->message, sizeof told->message, "%.159s", result->problem->message);
    } else {
        snprintf(told->message, sizeof told->message, "%.159s", result->message);
    }
    if (order != NULL)
        told->order = order->order;
    venue_trace_ended(call, result->status);
    give_back(call);
    if (venue->state != VENUE_STOPPED)
        venue_queue_add(venue, &venue->results, &event);
}

static void on_order(void *context, const tw_alpaca_result *result, const tw_alpaca_order *order) {
    tell(context, result, order);
}

static void on_cancel(void *context, const tw_alpaca_result *result) {
    tell(context, result, NULL);
}

static tw_status start_call(tw_venue *venue, venue_call *call) {
    const tw_order *order = &call->command.order;
    tw_alpaca_order_request request;
    switch ((venue_command_kind)call->command.kind) {
    case VENUE_SUBMIT:
        tw_alpaca_request_from(order, venue->symbols, &request);
        return tw_alpaca_client_submit(venue->client, &request, on_order, call);
    case VENUE_CANCEL:
        return tw_alpaca_client_cancel(venue->client, order->venue_order_id, on_cancel, call);
    case VENUE_QUERY:
        return tw_alpaca_client_order_by_client_id(venue->client, order->client_order_id, on_order,
                                                   call);
    case VENUE_SNAPSHOT:
        break;
    }
    return TW_INVALID;
}

/* Starts one command's call; false when it must wait. */
static bool run_command(tw_venue *venue, const venue_command *command) {
    if (command->kind == VENUE_SNAPSHOT) {
        if (venue->state == VENUE_UP && command->connection == venue->connection)
            venue_read_snapshot(venue);
        return true; /* after each loss one is read anyway */
    }
    venue_call *call = take_call(venue, command);
    if (call == NULL)
        return false;
    venue_trace_begun(call);
    tw_status status = start_call(venue, call);
    if (status == TW_FULL) {
        give_back(call);
        return false;
    }
    atomic_fetch_add(&venue->requests, 1);
    if (status != TW_OK) {
        tw_alpaca_result result = {.status = status, .message = tw_status_sentence(status)};
        tell(call, &result, NULL);
    }
    return true;
}

uint32_t venue_run_commands(tw_venue *venue, uint32_t count_max) {
    uint32_t started = 0;
    const void *record = NULL;
    while (started < count_max && tw_ring_peek(venue->commands, 1, &record) == 1) {
        venue_command command = *(const venue_command *)record;
        if (!run_command(venue, &command))
            break;
        tw_ring_consume(venue->commands, 1);
        started++;
    }
    return started;
}
