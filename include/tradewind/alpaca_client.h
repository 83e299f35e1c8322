/*
 * alpaca_client.h - calls to Alpaca's REST interface, asynchronous and decoded.
 *
 * A client asks over a tw_http_client in the caller's loop; every call returns at once and its
 * `on_done` is called exactly once, later, from the loop, never from inside the call. The same
 * client talks to the real venue, to the paper venue and to the simulated exchange.
 *
 * What became of an order
 *
 *     accepted     TW_OK, with the venue's order
 *     rejected     TW_REFUSED, TW_AUTH, TW_THROTTLED, TW_NOT_FOUND, with `result->problem`
 *     there before TW_EXISTS: the venue has an order with this client order id already. After an
 *                  earlier submit of it that had no answer, this says that it arrived: settle it
 *     not sent     TW_UNREACHABLE, or what else kept the connection from being made
 *     UNKNOWN      TW_UNKNOWN: a byte may have left and no answer that can be read came back
 *                  (time-out, dead connection, a 5xx). Only a query by client order id or an
 *                  event of the trading stream ends it: tw_alpaca_client_settle asks until the
 *                  venue has said which. A cancel can end so too.
 *
 * A GET is tried once more when it met 429, a 5xx or a dead connection, after `retry_delay_ns`
 * and within its deadline. POST and DELETE are never sent twice: not by this client, and not by
 * the HTTP library (a request that must not be repeated gets a connection of its own).
 *
 * With `resilient` set (resilient.h, over the same HTTP client) calls go through its limits,
 * breakers and budget instead: reads are tried again, and hedged, as it decides; a write is tried
 * once all the same. A call may then be refused at once: TW_STATE, the breaker is open; TW_TIMEOUT,
 * there will be no place before the deadline; nothing was sent.
 *
 * Memory: calls in flight are bounded by `call_count_max` and allocated at creation, as is the
 * reader's buffer; a fetch of a history (alpaca_fetch.h) allocates its pages when it starts.
 * Threads: everything belongs to the loop's thread. The secret is kept in memory while the
 * client lives, wiped when it ends, and appears in no message.
 */
#ifndef TRADEWIND_ALPACA_CLIENT_H
#define TRADEWIND_ALPACA_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/alpaca.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/http.h"
#include "tradewind/loop.h"
#include "tradewind/market.h"
#include "tradewind/resilient.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

typedef struct tw_alpaca_client_config {
    const char *trading_url;   /* "https://paper-api.alpaca.markets", without /v2; copied */
    const char *data_url;      /* "https://data.alpaca.markets", without /v2; copied */
    const char *key_id;        /* copied; NULL or empty: no credentials are sent */
    const char *secret;        /* copied */
    int64_t deadline_ns;       /* for a call that reads, its second try included; 0: 10 s */
    int64_t order_deadline_ns; /* for a submit or cancel; 0: 5 s */
    int64_t retry_delay_ns;    /* before the second try of a GET; 0: 250 ms */
    size_t body_size_max;      /* largest answer; 0: 16 MiB */
    uint32_t call_count_max;   /* calls in flight, the requests of fetches included; 0: 64 */
    tw_resilient *resilient;   /* what calls go through (see above); borrowed; NULL: nothing */
} tw_alpaca_client_config;

/* How a call ended. Everything in it is borrowed for the callback. */
typedef struct tw_alpaca_result {
    tw_status status;
    int http_status;                /* 0 when no answer came */
    const tw_alpaca_error *problem; /* what the venue said, when it refused in words; else NULL */
    const char *message;            /* a sentence a user can act on; "" when TW_OK */
    int64_t rate_remaining;         /* of X-RateLimit-Remaining, -1 when not told */
    int64_t rate_reset_ns;          /* of X-RateLimit-Reset, 0 when not told */
    int tries;                      /* 1 or 2 */
} tw_alpaca_result;

typedef struct tw_alpaca_client tw_alpaca_client;

/* The value is NULL unless the status is TW_OK. */
typedef void (*tw_alpaca_account_done)(void *context, const tw_alpaca_result *result,
                                       const tw_alpaca_account *account);
typedef void (*tw_alpaca_clock_done)(void *context, const tw_alpaca_result *result,
                                     const tw_alpaca_clock *clock);
typedef void (*tw_alpaca_order_done)(void *context, const tw_alpaca_result *result,
                                     const tw_alpaca_order *order);
/* The end of a call without a value, or of a list. */
typedef void (*tw_alpaca_done)(void *context, const tw_alpaca_result *result);
/* The answer as it came, of any HTTP status. */
typedef void (*tw_alpaca_body_done)(void *context, const tw_alpaca_result *result, tw_slice body);

/* Which orders to list. */
typedef struct tw_alpaca_orders_query {
    const char *status;  /* "open" "closed" "all"; NULL: open */
    uint32_t limit;      /* 1 to 500; 0: 500 */
    int64_t after_ns;    /* submitted after it (exclusive); 0: no bound */
    bool ascending;      /* oldest first */
    const char *symbols; /* "AAPL,MSFT" or NULL for all */
    int64_t until_ns;    /* submitted before it (exclusive); 0: no bound */
    bool nested;         /* legs come with their order, not by themselves */
    const char *side;    /* "buy" "sell"; NULL: both. The rest likewise: NULL is no bound */
    const char *asset_class;
    const char *before_order_id; /* the venue's ids, exclusive */
    const char *after_order_id;
} tw_alpaca_orders_query;

/* How an order of unknown outcome is asked for; see tw_alpaca_client_settle. */
typedef struct tw_alpaca_settle_config {
    int64_t delay_ns;      /* before the first query; doubles with each; 0: 100 ms */
    int64_t delay_ns_max;  /* 0: 2 s */
    int64_t visibility_ns; /* an order that the venue took is shown at the latest so long after the
                              submit has ended; 0: 5 s */
    uint32_t absent_count; /* answers "no such order" in a row after that to be believed; 0: 3 */
    int64_t deadline_ns;   /* 0: 60 s */
} tw_alpaca_settle_config;

TW_BEGIN_DECLS

/* Makes a client. `loop`, `http`, `resilient` and `symbols` are borrowed and must outlive it (free
 * this, then `http`, then `resilient`). TW_INVALID for
 * a URL that is missing or too long, TW_NO_MEMORY. */
TW_API tw_status tw_alpaca_client_new(const tw_allocator *allocator, tw_loop *loop,
                                      tw_http_client *http, const tw_alpaca_client_config *config,
                                      tw_symbols *symbols,
                                      tw_alpaca_client **ret_client) TW_MUST_CHECK;

/* Ends a client. Calls in flight end first, each with TW_CANCELLED (an order that was sent:
 * TW_UNKNOWN). Not from inside one of its own callbacks. */
TW_API void tw_alpaca_client_free(tw_alpaca_client *client);

/* Calls in flight. */
TW_API uint32_t tw_alpaca_client_pending(const tw_alpaca_client *client);

/* All calls: TW_OK means that `on_done` will come; TW_FULL (call_count_max), TW_INVALID, and with
 * `resilient` its statuses, mean that it will not. */
TW_API tw_status tw_alpaca_client_account(tw_alpaca_client *client, tw_alpaca_account_done on_done,
                                          void *context) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_client_clock(tw_alpaca_client *client, tw_alpaca_clock_done on_done,
                                        void *context) TW_MUST_CHECK;
/* Assets of a status ("active"; NULL: all). */
TW_API tw_status tw_alpaca_client_assets(tw_alpaca_client *client, const char *status,
                                         tw_alpaca_on_asset on_asset, tw_alpaca_done on_done,
                                         void *context) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_client_positions(tw_alpaca_client *client,
                                            tw_alpaca_on_position on_position,
                                            tw_alpaca_done on_done, void *context) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_client_orders(tw_alpaca_client *client,
                                         const tw_alpaca_orders_query *query,
                                         tw_alpaca_on_order on_order, tw_alpaca_done on_done,
                                         void *context) TW_MUST_CHECK;

/* One order, by the venue's id or by ours. TW_NOT_FOUND in the result: the venue has none. */
TW_API tw_status tw_alpaca_client_order(tw_alpaca_client *client, const char *venue_order_id,
                                        tw_alpaca_order_done on_done, void *context) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_client_order_by_client_id(tw_alpaca_client *client,
                                                     const char *client_order_id,
                                                     tw_alpaca_order_done on_done,
                                                     void *context) TW_MUST_CHECK;

/* Sends an order, at most once. TW_INVALID unless it has a client order id: without one an
 * unknown outcome could never be cleared up. */
TW_API tw_status tw_alpaca_client_submit(tw_alpaca_client *client,
                                         const tw_alpaca_order_request *request,
                                         tw_alpaca_order_done on_done, void *context) TW_MUST_CHECK;

/*
 * Ends an UNKNOWN: asks for the order by its client order id, again and again, until the venue has
 * shown it or has said often enough that there is none. The result is
 *
 *     TW_OK         the venue has the order, which is handed over
 *     TW_NOT_FOUND  it does not. The order may be submitted once more with the SAME client order
 *                   id: should the first one arrive yet, the venue refuses one of the two
 *     TW_UNKNOWN    still not known at the deadline; `message` says what stood in the way
 *     TW_AUTH       the credentials are refused, so nothing can be learnt; still unknown
 *
 * Begin it after the submit has ended. `config` may be NULL. TW_FULL: `call_count_max` are being
 * settled already. TW_INVALID: no client order id, or one that is too long.
 */
TW_API tw_status tw_alpaca_client_settle(tw_alpaca_client *client, const char *client_order_id,
                                         const tw_alpaca_settle_config *config,
                                         tw_alpaca_order_done on_done, void *context) TW_MUST_CHECK;

/* Asks to cancel one order (204: asked), or all; `on_entry` (may be NULL) tells of each. */
TW_API tw_status tw_alpaca_client_cancel(tw_alpaca_client *client, const char *venue_order_id,
                                         tw_alpaca_done on_done, void *context) TW_MUST_CHECK;
TW_API tw_status tw_alpaca_client_cancel_all(tw_alpaca_client *client, tw_alpaca_on_entry on_entry,
                                             tw_alpaca_done on_done, void *context) TW_MUST_CHECK;

/* The latest quote of each symbol, in the venue's order. At most 200 symbols a call. */
TW_API tw_status tw_alpaca_client_latest_quotes(tw_alpaca_client *client, const tw_symbol *symbols,
                                                size_t count,
                                                void (*on_quote)(void *, const tw_quote *),
                                                tw_alpaca_done on_done,
                                                void *context) TW_MUST_CHECK;

/* A call of any kind to the trading URL ("POST", "/sim/clock/step", body or NULL): how the
 * exchange's own controls are reached. GET is retried as usual, nothing else is. */
TW_API tw_status tw_alpaca_client_request(tw_alpaca_client *client, const char *method,
                                          const char *path, tw_slice body,
                                          tw_alpaca_body_done on_done, void *context) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_alpaca_client, tw_alpaca_client_free)

#endif
