/*
 * alpaca_calls.h - the rest of Alpaca's REST calls: everything but orders, positions and histories.
 *
 * They are calls of a tw_alpaca_client like those of alpaca_client.h: asynchronous, bounded, each
 * ended exactly once, a GET tried twice at most, anything else sent once. All of Alpaca's calls
 * about stocks and trading, and what makes them:
 *
 *     GET    /v2/account                            tw_alpaca_client_account
 *     GET    /v2/account/configurations             tw_alpaca_client_records, CONFIGURATION
 *     PATCH  /v2/account/configurations             tw_alpaca_client_configure
 *     GET    /v2/account/activities[/{type}]        tw_alpaca_client_records, ACTIVITY
 *     GET    /v2/account/portfolio/history          tw_alpaca_client_portfolio
 *     GET    /v2/clock                              tw_alpaca_client_clock
 *     GET    /v2/calendar                           tw_alpaca_client_records, CALENDAR_DAY
 *     GET    /v2/assets[/{symbol or id}]            tw_alpaca_client_assets; _records, ASSET
 *     GET    /v2/orders                             tw_alpaca_client_orders
 *     POST   /v2/orders                             tw_alpaca_client_submit
 *     GET    /v2/orders/{id}                        tw_alpaca_client_order
 *     GET    /v2/orders:by_client_order_id          tw_alpaca_client_order_by_client_id
 *     PATCH  /v2/orders/{id}                        tw_alpaca_client_replace
 *     DELETE /v2/orders/{id}                        tw_alpaca_client_cancel
 *     DELETE /v2/orders                             tw_alpaca_client_cancel_all
 *     GET    /v2/positions                          tw_alpaca_client_positions
 *     GET    /v2/positions/{symbol}                 tw_alpaca_client_position
 *     DELETE /v2/positions/{symbol}                 tw_alpaca_client_close_position
 *     DELETE /v2/positions                          tw_alpaca_client_close_all
 *     GET    /v2/watchlists[/{id}], :by_name        tw_alpaca_client_records, WATCHLIST
 *     POST, PUT, DELETE /v2/watchlists...           tw_alpaca_client_watchlist
 *     GET    /v2/corporate_actions/announcements    tw_alpaca_client_records, ANNOUNCEMENT
 *     GET    /v2/stocks/{bars,trades,quotes}        alpaca_fetch.h
 *     GET    /v2/stocks[/{symbol}]/{trades,quotes,bars}/latest   _records, TRADE, QUOTE, BAR
 *     GET    /v2/stocks/snapshots, /{symbol}/snapshot            _records, SNAPSHOT
 *     GET    /v2/stocks[/{symbol}]/auctions         tw_alpaca_client_records, AUCTION_DAY
 *     GET    /v2/stocks/meta/{exchanges,conditions/...}          _records, CODE
 *     GET    /v1/corporate-actions                  tw_alpaca_client_records, CORPORATE_ACTION
 *     GET    /v1beta1/news                          tw_alpaca_client_records, ARTICLE
 *     GET    /v1beta1/screener/stocks/most-actives  tw_alpaca_client_records, ACTIVE
 *     GET    /v1beta1/screener/{market}/movers      tw_alpaca_client_records, MOVER
 *
 * A write whose outcome is not known ends as TW_UNKNOWN. A replacement has a client order id of its
 * own, so tw_alpaca_client_settle clears it up. A close has none: read positions and orders.
 *
 * Memory: the client's. Threads: those of the client.
 */
#ifndef TRADEWIND_ALPACA_CALLS_H
#define TRADEWIND_ALPACA_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/api.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

/* `?name=value`, both as plain text. */
typedef struct tw_alpaca_parameter {
    const char *name;
    const char *value;
} tw_alpaca_parameter;

/*
 * What to read. `item` is the piece of the path that the table above has in braces: a symbol, an
 * id, a type of activity, a market ("stocks" if NULL); of CODE "trade" or "quote" for conditions
 * and NULL for exchanges. NULL: all of them.
 *
 * Parameters go to the venue as they are ("symbols", "start", "page_token", ...; "name" chooses a
 * watchlist). A call reads one page; the sink's on_answer has the token of the next. Of activities
 * the token is the id of the last one.
 */
typedef struct tw_alpaca_records_query {
    tw_alpaca_record_kind kind;
    const char *item;
    const tw_alpaca_parameter *parameters;
    size_t parameter_count;
} tw_alpaca_records_query;

/* How much of a position to close: one of the two, or neither for all of it. */
typedef struct tw_alpaca_close {
    tw_quantity quantity;
    int64_t percentage_nano; /* 50 per cent is 50e9; at most 100e9 */
} tw_alpaca_close;

typedef enum tw_alpaca_watchlist_action {
    TW_ALPACA_WATCHLIST_CREATE, /* name, symbols */
    TW_ALPACA_WATCHLIST_UPDATE, /* id; name, symbols: they replace what there was */
    TW_ALPACA_WATCHLIST_ADD,    /* id; one symbol */
    TW_ALPACA_WATCHLIST_REMOVE, /* id; one symbol */
    TW_ALPACA_WATCHLIST_DELETE  /* id */
} tw_alpaca_watchlist_action;

typedef struct tw_alpaca_watchlist_change {
    tw_alpaca_watchlist_action action;
    const char *id;   /* of the venue */
    const char *name; /* NULL: it stays */
    const char *const *symbols;
    size_t symbol_count;
} tw_alpaca_watchlist_change;

/* The value is NULL unless the status is TW_OK. */
typedef void (*tw_alpaca_position_done)(void *context, const tw_alpaca_result *result,
                                        const tw_alpaca_position *position);
typedef void (*tw_alpaca_portfolio_done)(void *context, const tw_alpaca_result *result,
                                         const tw_alpaca_portfolio *portfolio);

TW_BEGIN_DECLS

/* All calls: TW_OK means that `on_done` will come; TW_FULL (call_count_max) and TW_INVALID mean
 * that it will not. `sink` is copied; its records are handed out before `on_done`, which is given
 * the sink's context. */

/* Reads records. TW_INVALID for kinds that only streams or answers to a DELETE have. */
TW_API tw_status tw_alpaca_client_records(tw_alpaca_client *client,
                                          const tw_alpaca_records_query *query,
                                          const tw_alpaca_record_sink *sink,
                                          tw_alpaca_done on_done) TW_MUST_CHECK;

/* Changes what the account allows itself; the sink is given the whole configuration. TW_INVALID
 * when nothing is to change. */
TW_API tw_status tw_alpaca_client_configure(tw_alpaca_client *client,
                                            const tw_alpaca_configuration *changes,
                                            const tw_alpaca_record_sink *sink,
                                            tw_alpaca_done on_done) TW_MUST_CHECK;

/* The account's past. Parameters: period, timeframe, start, end, intraday_reporting, pnl_reset,
 * cashflow_types. `portfolio` has the caller's points and must live until `on_done`. */
TW_API tw_status tw_alpaca_client_portfolio(tw_alpaca_client *client,
                                            const tw_alpaca_parameter *parameters,
                                            size_t parameter_count, tw_alpaca_portfolio *portfolio,
                                            tw_alpaca_portfolio_done on_done,
                                            void *context) TW_MUST_CHECK;

/*
 * Replaces an open order: `changes` has any of quantity, limit_price, stop_price, trail and a time
 * in force, and a client order id for the order that comes of it. Ends as a submit does: TW_OK with
 * the new order (its `replaces` names the old one), TW_REFUSED, TW_NOT_FOUND, TW_EXISTS, or
 * TW_UNKNOWN, which tw_alpaca_client_settle ends with that client order id; told TW_NOT_FOUND, the
 * old order stands. TW_INVALID: no client order id, or a field that cannot be replaced.
 */
TW_API tw_status tw_alpaca_client_replace(tw_alpaca_client *client, const char *venue_order_id,
                                          const tw_alpaca_order_request *changes,
                                          tw_alpaca_order_done on_done,
                                          void *context) TW_MUST_CHECK;

/* What is held of one symbol. TW_NOT_FOUND in the result: nothing. */
TW_API tw_status tw_alpaca_client_position(tw_alpaca_client *client, const char *symbol,
                                           tw_alpaca_position_done on_done,
                                           void *context) TW_MUST_CHECK;

/* Closes a position, or part of it, at the market; the order that does it is handed over. `how`
 * may be NULL. */
TW_API tw_status tw_alpaca_client_close_position(tw_alpaca_client *client, const char *symbol,
                                                 const tw_alpaca_close *how,
                                                 tw_alpaca_order_done on_done,
                                                 void *context) TW_MUST_CHECK;

/* Closes all positions, with `cancel_orders` after cancelling all orders. The sink is given an
 * entry (TW_ALPACA_RECORD_ENTRY) for each. */
TW_API tw_status tw_alpaca_client_close_all(tw_alpaca_client *client, bool cancel_orders,
                                            const tw_alpaca_record_sink *sink,
                                            tw_alpaca_done on_done) TW_MUST_CHECK;

/* Changes a watchlist; the sink is given it as it is now, unless it was deleted. */
TW_API tw_status tw_alpaca_client_watchlist(tw_alpaca_client *client,
                                            const tw_alpaca_watchlist_change *change,
                                            const tw_alpaca_record_sink *sink,
                                            tw_alpaca_done on_done) TW_MUST_CHECK;

TW_END_DECLS

#endif
