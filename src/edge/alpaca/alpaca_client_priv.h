/*
 * alpaca_client_priv.h - what the client's calls and fetches of histories share.
 */
#ifndef TW_ALPACA_CLIENT_PRIV_H
#define TW_ALPACA_CLIENT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alpaca_calls.h"
#include "tradewind/alpaca_client.h"

#define ALPACA_URL_SIZE 8192  /* of a whole URL, with the NUL */
#define ALPACA_BASE_SIZE 256  /* of a base URL, with the NUL */
#define ALPACA_BODY_SIZE 4096 /* of an encoded order request */

typedef struct alpaca_handler alpaca_handler;
typedef struct alpaca_call alpaca_call;
typedef struct tw_alpaca_fetch tw_alpaca_fetch;
typedef struct alpaca_settling alpaca_settling;

/* Ends a call: decodes `body` (of a 2xx answer) and calls the user. `result` may be worsened. */
typedef void (*alpaca_finish)(tw_alpaca_client *client, const alpaca_handler *handler,
                              tw_alpaca_result *result, tw_slice body);

/* Who hears of the end of a call. */
struct alpaca_handler {
    alpaca_finish finish;
    void *context;
    union {
        tw_alpaca_account_done account;
        tw_alpaca_clock_done clock;
        tw_alpaca_order_done order;
        tw_alpaca_done plain;
        tw_alpaca_body_done body;
        tw_alpaca_position_done position;
        tw_alpaca_portfolio_done portfolio;
    } done;
    union {
        tw_alpaca_on_asset asset;
        tw_alpaca_on_position position;
        tw_alpaca_on_order order;
        tw_alpaca_on_entry entry;
        void (*quote)(void *, const tw_quote *);
    } item;
    tw_alpaca_record_sink sink; /* of a call for records: where they go, */
    tw_alpaca_record_kind kind; /* what they are, */
    bool writes;                /* and whether something was changed for them */
    tw_alpaca_portfolio *portfolio;
};

/* One place for a call in flight.
 *
 *     FREE -- call_take --> TAKEN -- call_send --> FLYING -- on_answer --> FREE
 *                                                  ^    \-- worth a second try --> WAITING
 *                                                  +---------- on_retry ------------/
 */
typedef enum call_state { CALL_FREE, CALL_TAKEN, CALL_FLYING, CALL_WAITING } call_state;

struct alpaca_call {
    tw_alpaca_client *client;
    call_state state;
    const char *method; /* one of the literals below */
    bool reads;         /* a GET: may be sent twice */
    bool kept;          /* belongs to a fetch: stays TAKEN after its answer */
    int tries;
    int64_t deadline_ns; /* monotonic */
    int64_t until_ns;    /* not later than this, whatever the client's deadlines say; 0: no bound */
    uint64_t id;         /* of the HTTP call */
    tw_loop_timer *timer;
    alpaca_handler handler;
    char url[ALPACA_URL_SIZE];
};

struct tw_alpaca_client {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_http_client *http;
    tw_resilient *resilient; /* NULL: calls go to `http` straight */
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    alpaca_call *calls;
    tw_alpaca_fetch *fetches;   /* list of the running ones */
    alpaca_settling *settlings; /* [call_count_max] */
    uint32_t call_count_max;
    uint32_t taken_count;
    uint32_t flying_count; /* HTTP calls whose callback is still to come */
    bool ended;            /* freed by the user; goes when nothing flies any more */
    int64_t deadline_ns;
    int64_t order_deadline_ns;
    int64_t retry_delay_ns;
    size_t body_size_max;
    char trading_url[ALPACA_BASE_SIZE];
    char data_url[ALPACA_BASE_SIZE];
    char key_id[TW_ALPACA_KEY_SIZE];
    char secret[TW_ALPACA_KEY_SIZE];
};

/* Takes a free place; NULL at the limit. */
alpaca_call *alpaca_call_take(tw_alpaca_client *client, const alpaca_handler *handler);
void alpaca_call_release(alpaca_call *call);
/* Gives a place back in whatever state it is; what is in flight is given up and not heard of. */
void alpaca_call_abandon(alpaca_call *call);

/* Of an ended client: ends a call that is on its way, and tells its caller. */
void alpaca_call_end(alpaca_call *call);
/* Gives an ended client's memory back, when nothing flies any more. */
void alpaca_client_release(tw_alpaca_client *client);

/* Sends a taken call whose `url` is complete. A failure leaves it taken. */
tw_status alpaca_call_send(alpaca_call *call, const char *method, tw_slice body,
                           tw_error *error) TW_MUST_CHECK;

/* Begins a call whose URL is `base` and `path` and what the caller appends to the returned text.
 * NULL at the limit. */
alpaca_call *alpaca_begin(tw_alpaca_client *client, const char *base, const char *path,
                          const alpaca_handler *handler, tw_text *ret_url);
/* Sends it, or gives its place back. */
tw_status alpaca_commit(alpaca_call *call, const tw_text *url, const char *method,
                        tw_slice body) TW_MUST_CHECK;

/* Ends a call that makes an order: an accepted order whose answer cannot be read is an unknown one,
 * and the refusal of a twin is TW_EXISTS. */
void alpaca_finish_submit(tw_alpaca_client *client, const alpaca_handler *handler,
                          tw_alpaca_result *result, tw_slice body);

/* Decodes the venue's words of refusal and turns statuses into sentences; see the .c. */
void alpaca_result_fail(tw_alpaca_result *result, tw_status status, const char *message);

/* As tw_alpaca_client_order_by_client_id, with an end. */
tw_status alpaca_query_until(tw_alpaca_client *client, const char *client_order_id,
                             int64_t until_ns, tw_alpaca_order_done on_done,
                             void *context) TW_MUST_CHECK;

/* Ends every running fetch with TW_CANCELLED. */
void alpaca_fetches_cancel(tw_alpaca_client *client);

/* Room for orders that are being settled. TW_NO_MEMORY. */
tw_status alpaca_settlings_new(tw_alpaca_client *client) TW_MUST_CHECK;
void alpaca_settlings_free(tw_alpaca_client *client);
/* Ends every one that is being settled with TW_UNKNOWN. */
void alpaca_settlings_cancel(tw_alpaca_client *client);

#endif
