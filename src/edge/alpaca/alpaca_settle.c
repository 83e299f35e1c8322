/*
 * alpaca_settle.c - what became of an order whose submit had no answer.
 *
 *                                  the order / told absent / deadline / refused key
 *     tw_alpaca_client_settle                   +--------------------------> end
 *               |                               |
 *               v                 on_due        |
 *            WAITING ------------------------> ASKING
 *               ^                               |
 *               +-------- wait_again -----------+   not there yet, or no answer
 *
 * The venue may take an order and show it a moment later, and it may take it after our connection
 * has died. So "no such order" counts only when `visibility_ns` have passed since the submit ended,
 * and only several times in a row.
 *
 * Invariants
 * 1. One query at a time; each ends by the deadline (alpaca_query_until), so the whole does.
 * 2. Only the venue's words end it well: an answer with the order, or its own 404. A time-out, a
 * 5xx or a dead connection prove nothing and set the count of absences back.
 * 3. The place is free before the caller hears of the end.
 */
#include <stdio.h>
#include <string.h>

#include "alpaca_client_priv.h"
#include "tradewind/time.h"

#define DELAY_NS (100 * TW_NS_PER_MS)
#define DELAY_NS_MAX (2 * TW_NS_PER_SECOND)
#define VISIBILITY_NS (5 * TW_NS_PER_SECOND)
#define DEADLINE_NS (60 * TW_NS_PER_SECOND)
#define ABSENT_COUNT 3

typedef enum settling_state { SETTLING_FREE = 0, SETTLING_WAITING, SETTLING_ASKING } settling_state;

struct alpaca_settling {
    tw_alpaca_client *client;
    settling_state state;
    uint32_t absent; /* answers "no such order" in a row that count */
    uint32_t absent_count;
    int tries;
    int64_t delay_ns;
    int64_t delay_ns_max;
    int64_t visible_ns; /* monotonic: from here on an absence counts */
    int64_t deadline_ns;
    tw_loop_timer *timer;
    tw_alpaca_order_done on_done;
    void *context;
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE];
};

static void end(alpaca_settling *of, tw_alpaca_result *result, const tw_alpaca_order *order) {
    TW_ASSERT(of->state != SETTLING_FREE);
    of->state = SETTLING_FREE;
    result->tries = of->tries;
    of->on_done(of->context, result, order);
}

static void end_unknown(alpaca_settling *of, const char *why) {
    char message[TW_ERROR_MESSAGE_SIZE + TW_ALPACA_MESSAGE_SIZE];
    tw_alpaca_result result;
    memset(&result, 0, sizeof result);
    result.rate_remaining = -1;
    snprintf(message, sizeof message,
             "after %d queries it is still not known whether the venue has "
             "the order: %s",
             of->tries, why);
    alpaca_result_fail(&result, TW_UNKNOWN, message);
    end(of, &result, NULL);
}

static void on_due(void *context);

/* Waits for the next query; ends when there is no time for another. */
static void wait_again(alpaca_settling *of, const char *why) {
    int64_t now_ns = tw_time_monotonic_ns();
    if (now_ns + of->delay_ns >= of->deadline_ns) {
        end_unknown(of, why);
        return;
    }
    of->state = SETTLING_WAITING;
    if (tw_loop_timer_start(of->client->loop, of->delay_ns, 0, on_due, of, &of->timer) != TW_OK) {
        end_unknown(of, "the event loop has no timer left");
        return;
    }
    of->delay_ns = of->delay_ns < of->delay_ns_max / 2 ? of->delay_ns * 2 : of->delay_ns_max;
}

/* True if this "no such order" is enough to be believed. */
static bool is_absent(alpaca_settling *of) {
    if (tw_time_monotonic_ns() >= of->visible_ns)
        of->absent++;
    return of->absent >= of->absent_count;
}

static void on_answer(void *context, const tw_alpaca_result *answer, const tw_alpaca_order *order) {
    alpaca_settling *of = context;
    TW_ASSERT(of->state == SETTLING_ASKING);
    tw_alpaca_result result = *answer;
    of->tries++;
    switch ((int)answer->status) {
    case TW_OK:
    case TW_AUTH:
        end(of, &result, order);
        return;
    case TW_NOT_FOUND:
        /* A 404 without the venue's words may come from anything on the way. */
        if (answer->problem == NULL)
            of->absent = 0;
        else if (is_absent(of)) {
            end(of, &result, NULL);
            return;
        }
        break;
    default: /* invariant 2 */
        of->absent = 0;
        break;
    }
    wait_again(of, answer->message);
}

static void on_due(void *context) {
    alpaca_settling *of = context;
    of->timer = NULL;
    of->state = SETTLING_ASKING;
    tw_status status =
        alpaca_query_until(of->client, of->client_order_id, of->deadline_ns, on_answer, of);
    if (status != TW_OK) /* no place now; there will be one */
        wait_again(of, tw_status_sentence(status));
}

/* ---- life ---- */

tw_status alpaca_settlings_new(tw_alpaca_client *client) {
    client->settlings = TW_NEW(client->allocator, client->call_count_max, alpaca_settling);
    return client->settlings == NULL ? TW_NO_MEMORY : TW_OK;
}

void alpaca_settlings_free(tw_alpaca_client *client) {
    if (client->settlings != NULL)
        TW_DELETE(client->allocator, client->settlings, client->call_count_max, alpaca_settling);
}

void alpaca_settlings_cancel(tw_alpaca_client *client) {
    for (uint32_t i = 0; i < client->call_count_max; i++) {
        alpaca_settling *of = &client->settlings[i];
        TW_ASSERT(of->state != SETTLING_ASKING); /* its query was ended before, so it waits again */
        if (of->state == SETTLING_FREE)
            continue;
        tw_loop_timer_stop(of->timer);
        end_unknown(of, "the client was ended");
    }
}

static void configure(alpaca_settling *of, const tw_alpaca_settle_config *config) {
    static const tw_alpaca_settle_config defaults = {0};
    if (config == NULL)
        config = &defaults;
    int64_t now_ns = tw_time_monotonic_ns();
    of->absent = 0;
    of->absent_count = config->absent_count > 0 ? config->absent_count : ABSENT_COUNT;
    of->tries = 0;
    of->delay_ns = config->delay_ns > 0 ? config->delay_ns : DELAY_NS;
    of->delay_ns_max = config->delay_ns_max > 0 ? config->delay_ns_max : DELAY_NS_MAX;
    of->visible_ns = now_ns + (config->visibility_ns > 0 ? config->visibility_ns : VISIBILITY_NS);
    of->deadline_ns = now_ns + (config->deadline_ns > 0 ? config->deadline_ns : DEADLINE_NS);
}

tw_status tw_alpaca_client_settle(tw_alpaca_client *client, const char *client_order_id,
                                  const tw_alpaca_settle_config *config,
                                  tw_alpaca_order_done on_done, void *context) {
    TW_ASSERT(!client->ended && on_done != NULL);
    alpaca_settling *of = NULL;
    for (uint32_t i = 0; i < client->call_count_max && of == NULL; i++)
        if (client->settlings[i].state == SETTLING_FREE)
            of = &client->settlings[i];
    if (of == NULL)
        return TW_FULL;
    if (client_order_id[0] == '\0' ||
        tw_slice_copy(tw_slice_of(client_order_id), of->client_order_id,
                      sizeof of->client_order_id) != TW_OK)
        return TW_INVALID;
    of->client = client;
    of->on_done = on_done;
    of->context = context;
    configure(of, config);
    tw_status status = tw_loop_timer_start(client->loop, of->delay_ns, 0, on_due, of, &of->timer);
    if (status == TW_OK)
        of->state = SETTLING_WAITING;
    return status;
}
