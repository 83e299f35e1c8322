/* exchange_priv.h - what exchange.c and the routes share. */
#ifndef TRADEWIND_RUN_EXCHANGE_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_PRIV_H

#include <stdatomic.h>

#include "daily.h"
#include "delayed_feed.h"
#include "event_feeds.h"
#include "exchange_figures.h"
#include "exchange_state.h"
#include "fault_moments.h"
#include "faulty_wire.h"
#include "floor.h"
#include "floor_tape.h"
#include "ledger.h"
#include "market_past.h"
#include "past_minutes.h"
#include "request_quota.h"
#include "streams.h"
#include "trade_reports.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/exchange.h"
#include "tradewind/http.h"
#include "tradewind/loop.h"
#include "tradewind/random.h"
#include "watchlists.h"

/* 2200-01-01T00:00:00Z, where its time ends: all that follows from a time fits into int64_t. */
#define EXCHANGE_END_NS INT64_C(7258118400000000000)

#define EXCHANGE_SPEED_MAX 1e6 /* of the real clock */

#define SYMBOL_COUNT_MAX 8192

/* Of a history of an account: every trading day there is, or six weeks of minutes. */
#define PORTFOLIO_POINT_MAX 65536
#define PORTFOLIO_CASH_MAX ((size_t)(ACTIVITY_KIND_COUNT - 1) * PORTFOLIO_POINT_MAX)

#define EXCHANGE_CONNECTION_COUNT_MAX 100000

struct tw_exchange {
    const tw_allocator *allocator;
    tw_exchange_config config;
    tw_symbols *symbols;
    daily_history *history;
    trading_floor *floor;
    market_past past;
    past_minutes *past_minutes; /* of the history's days */
    account_ledger *ledger;
    uint32_t kept_account_count; /* the first ones are of a former run */
    watchlists *watchlists;
    exchange_state *state; /* NULL: nothing is kept */
    state_point resume;    /* where a former run left off */
    streams *streams;
    event_feeds *events;
    tw_loop *loop;
    tw_http_server *server;
    uint32_t connection_count_max; /* of HTTP and streams together */
    faulty_wire *faults;
    fault_moments moments;
    trade_reports reports;
    tw_loop_timer *clock_timer;
    tw_loop_timer *second_timer;
    tw_alpaca_reader *reader;
    tw_random random; /* request ids */
    request_quota quota;
    exchange_figures figures;
    uint32_t tape_symbol_count; /* the first symbols are the tape's */
    tape_survey tape;
    int64_t start_ns;
    int64_t first_day_ns; /* the midnight before it: the history ends there, its own past begins */
    int64_t delayed_ns;   /* so far the delayed feed has been told; 0: never */
    int64_t clock_ns;     /* what the clock showed ... */
    int64_t origin_ns;    /* ... at this monotonic time */
    tw_error failure;     /* of the tape; ends the turns */
    atomic_bool stopped;
    atomic_bool tape_ended;
    tw_alpaca_portfolio_point *points; /* of the history being told */
    tw_money *cashflow;                /* one a point, of deposits and of withdrawals */
    char *body_memory;
    tw_text body; /* of the answer being made */
};

/* exchange_listener.c: decides how many clients there may be (TW_RANGE: the process may not open so
 * many files) and makes the loop for them; the faults of their requests; the server. */
tw_status exchange_open_loop(tw_exchange *exchange, tw_error *error) TW_MUST_CHECK;
tw_status exchange_open_faults(tw_exchange *exchange) TW_MUST_CHECK;
tw_status exchange_listen(tw_exchange *exchange, uint32_t body_size_max,
                          tw_error *error) TW_MUST_CHECK;

/* exchange_clock.c: lets time pass up to now (real clock only), or as far as a tick may. */
void exchange_tick(tw_exchange *exchange);

/* The same before a request, unless this turn of the loop has played long enough. */
void exchange_catch_up(tw_exchange *exchange);

/* By how much the market is behind the clock: it has more to do than the machine can. 0 for a
 * clock that is stepped. */
int64_t exchange_lag_ns(const tw_exchange *exchange);

/* The clock shows `now_ns` at this moment and goes on from there. */
void exchange_clock_set(tw_exchange *exchange, int64_t now_ns);

/* When the clock begins where neither prices nor a tape without dates have a say. */
int64_t exchange_default_start(const tw_exchange *exchange);

/* Decides when the clock begins, once there is a history. */
void exchange_decide_start(tw_exchange *exchange);

/* exchange_accounts.c: makes the ledger, once there are a state and a start; gives those who are
 * new what they begin with, once there is a floor. */
tw_status exchange_open_accounts(tw_exchange *exchange, ledger_on_update on_update,
                                 tw_error *error) TW_MUST_CHECK;
tw_status exchange_endow_accounts(tw_exchange *exchange, tw_error *error) TW_MUST_CHECK;

/* What the streams of an account may have by its plan and the configuration. */
stream_limits exchange_stream_limits(const tw_exchange *exchange);

/* exchange_symbols.c: names the symbols; the table has the columns of the price file, or no row. */
tw_status exchange_name_symbols(tw_exchange *exchange, const tw_tape_table *table,
                                tw_error *error) TW_MUST_CHECK;

/* Marks those of the configuration that are hard to borrow, once there is a ledger. */
tw_status exchange_mark_hard_to_borrow(tw_exchange *exchange, tw_error *error) TW_MUST_CHECK;

/* Takes what floor_advance or floor_jump came to: a failure of the tape ends the exchange. */
tw_status exchange_advanced(tw_exchange *exchange, tw_status status);

/* Makes durable what has changed; must be called before anything of it is told. A failure ends the
 * exchange's turns. True when there is no state to keep. */
bool exchange_keep(tw_exchange *exchange);

/* Keeps what has happened, and tells it to streams and feeds. */
void exchange_tell(tw_exchange *exchange);

/* One request, already matched to a route. `names` are the decoded variable parts of the path. */
typedef struct exchange_call {
    tw_exchange *exchange;
    const tw_http_request *request;
    tw_http_reply *reply;
    const char *method;      /* of the route; NULL: none has been found */
    const char *pattern;     /* of its path */
    ledger_account *account; /* NULL for routes that need none */
    quota_verdict quota;     /* its limit is 0 where requests are not counted */
    char names[2][128];
    char allow[64]; /* the methods of the path, told where the request's is none of them */
} exchange_call;

/* Answers: the JSON in exchange->body, nothing, or an error in the venue's shape. */
void answer_body(exchange_call *call, uint32_t http_status);
/* An array with what `write` makes of each position of the account. */
void answer_positions(exchange_call *call, uint32_t http_status,
                      void (*write)(exchange_call *call, tw_symbol symbol));
void answer_page(exchange_call *call, tw_slice html);
/* A feed of the account's updates. The call is still to be answered if it fails. */
tw_status answer_events(exchange_call *call, const event_span *span) TW_MUST_CHECK;
/* OpenMetrics text in exchange->body. */
void answer_figures(exchange_call *call);
void answer_empty(exchange_call *call, uint32_t http_status);
void answer_error(exchange_call *call, uint32_t http_status, int64_t code, const char *format, ...)
    TW_PRINTF(4, 5);
void answer_refusal(exchange_call *call, const ledger_refusal *refusal);

/* The handler of the whole server, and what it refuses by itself. */
void exchange_handle(void *context, const tw_http_request *request, tw_http_reply *reply);
void exchange_refuse(void *context, uint32_t http_status, const char *sentence,
                     tw_http_reply *reply);

/* How many routes there are. */
uint32_t exchange_route_count(void);

/* routes_metrics.c */
void route_metrics(exchange_call *call);

/* routes_trading.c */
void route_account(exchange_call *call);
void route_clock(exchange_call *call);
void route_positions(exchange_call *call);
void route_position(exchange_call *call);

/* order_list.c, routes_orders.c */
void route_orders_list(exchange_call *call);
void route_orders_submit(exchange_call *call);
void route_orders_cancel_all(exchange_call *call);
void route_order(exchange_call *call);
void route_order_by_client_id(exchange_call *call);
void route_order_cancel(exchange_call *call);
void route_order_replace(exchange_call *call);
void route_position_close(exchange_call *call);
void route_positions_close(exchange_call *call);

/* routes_assets.c */
void route_assets(exchange_call *call);
void route_asset(exchange_call *call);

/* routes_calendar.c */
void route_calendar(exchange_call *call);
void route_market_clock(exchange_call *call);
void route_market_calendar(exchange_call *call);

/* routes_portfolio.c */
void route_portfolio(exchange_call *call);

/* routes_activities.c, routes_settings.c, routes_watchlists.c */
void route_activities(exchange_call *call);
void route_events(exchange_call *call);
void route_settings(exchange_call *call);
void route_settings_change(exchange_call *call);
void route_watchlists(exchange_call *call);
void route_watchlist(exchange_call *call);
void route_watchlist_create(exchange_call *call);
void route_watchlist_update(exchange_call *call);
void route_watchlist_add(exchange_call *call);
void route_watchlist_remove(exchange_call *call);
void route_watchlist_delete(exchange_call *call);

/* routes_history.c */
void route_bars(exchange_call *call);
void route_bars_of(exchange_call *call);
void route_trades(exchange_call *call);
void route_trades_of(exchange_call *call);
void route_quotes(exchange_call *call);
void route_quotes_of(exchange_call *call);
void route_auctions(exchange_call *call);
void route_auctions_of(exchange_call *call);

/* routes_meta.c, routes_screener.c */
void route_exchanges(exchange_call *call);
void route_conditions(exchange_call *call);
void route_news(exchange_call *call);
void route_corporate_actions(exchange_call *call);
void route_announcements(exchange_call *call);
void route_announcement(exchange_call *call);
void route_most_actives(exchange_call *call);
void route_movers(exchange_call *call);

/* routes_latest.c */
void route_latest(exchange_call *call);
void route_latest_of(exchange_call *call);
void route_snapshots(exchange_call *call);
void route_snapshot_of(exchange_call *call);

/* routes_clock.c */
void route_sim_clock(exchange_call *call);
void route_sim_step(exchange_call *call);
void route_sim_jump(exchange_call *call);
void route_sim_speed(exchange_call *call);

/* routes_sim.c */
void route_welcome(exchange_call *call);

/* routes_accounts.c */
void route_accounts(exchange_call *call);
void route_account_cash(exchange_call *call);

/* routes_faults.c */
void route_faults(exchange_call *call);
void route_faults_set(exchange_call *call);
void route_faults_clear(exchange_call *call);

#endif
