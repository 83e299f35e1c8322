/*
 * world_exchange.c - the exchange without its sockets: floor, ledger, lists and state file, put
 * together in the order of exchange.c, and what happens to it.
 *
 * Invariants
 *  1. Nothing of the exchange is told before it is kept (world_exchange_keep), so a death loses
 * only what nobody has heard of.
 *  2. users_cash and users_shares come from the floor's trades and from payments alone, never from
 *     the ledger that they are compared with.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "world_priv.h"

enum { WIRE_TEXT_SIZE = 16384, ACCOUNT_CASH = 2000000 };

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- what the floor tells ---- */

static void on_trade(void *context, const tw_trade *trade) {
    world *w = context;
    int64_t values[] = {trade->time_ns, trade->price.nano, trade->quantity.nano, (int64_t)trade->id,
                        trade->symbol};
    w->exchange.hash = mix(w->exchange.hash, values, sizeof values);
    world_wire_market(w, &(tw_market_event){.kind = TW_MARKET_TRADE, .as.trade = *trade});
}

static void on_levels(void *context, const tw_level *levels, size_t count) {
    world *w = context;
    for (size_t i = 0; w->plan.levels && i < count; i++)
        world_wire_market(w, &(tw_market_event){.kind = TW_MARKET_LEVEL, .as.level = levels[i]});
}

static void on_quote(void *context, const tw_quote *quote) {
    world *w = context;
    if (!w->plan.levels)
        world_wire_market(w, &(tw_market_event){.kind = TW_MARKET_QUOTE, .as.quote = *quote});
}

static void on_bar(void *context, const tw_bar *bar) {
    world_wire_market(context, &(tw_market_event){.kind = TW_MARKET_BAR, .as.bar = *bar});
}

/* Price x quantity, rounded down, as a schoolbook does it: prices have whole 1e-9, shares too. */
static int64_t value_of(int64_t price, int64_t quantity) {
    int64_t whole = price * (quantity / TW_NANO);
    int64_t rest = quantity % TW_NANO;
    return whole + (price / TW_NANO) * rest + (price % TW_NANO) * rest / TW_NANO;
}

static void settle(world_exchange *x, const tw_match_event *event, bool buys) {
    int64_t sign = buys ? 1 : -1;
    x->users_cash -= sign * value_of(event->price.nano, event->quantity.nano);
    x->users_shares[event->symbol] += sign * event->quantity.nano;
}

static void on_user_event(void *context, const tw_match_event *event) {
    world *w = context;
    if (event->kind == TW_MATCH_TRADE) {
        if ((event->id & FLOOR_USER_ID) != 0)
            settle(&w->exchange, event, event->side == TW_SIDE_BUY);
        if ((event->maker_id & FLOOR_USER_ID) != 0)
            settle(&w->exchange, event, event->side == TW_SIDE_SELL);
    }
    ledger_on_match(w->exchange.ledger, event);
}

static void on_phase(void *context, session_phase phase) {
    ledger_on_phase(((world *)context)->exchange.ledger, phase);
}

static void on_halt(void *context, tw_symbol symbol, int64_t time_ns, floor_halt_step step) {
    (void)time_ns;
    ledger_on_halt(((world *)context)->exchange.ledger, symbol, step);
}

static void on_gathering(void *context, tw_match_auction kind) {
    ledger_on_gathering(((world *)context)->exchange.ledger, kind);
}

static void on_minute(void *context) {
    ledger_on_minute(((world *)context)->exchange.ledger);
}

static void on_update(void *context, const ledger_update *update) {
    world *w = context;
    int64_t values[] = {update->time_ns, update->event, update->price.nano, update->quantity.nano,
                        update->order->order.filled.nano};
    w->exchange.hash = mix(w->exchange.hash, values, sizeof values);
    if (update->account == w->exchange.ours)
        world_wire_update(w, update);
}

static int64_t floor_delay(void *context) {
    world *w = context;
    if (!world_strikes(w, DRAW_FLOOR, WORLD_FLOOR_DELAY))
        return 0;
    return world_span(w, DRAW_FLOOR, TW_NS_PER_MS, 800 * TW_NS_PER_MS);
}

/* ---- start ---- */

static void need(const world *w, tw_status status, const char *what, const tw_error *error) {
    WORLD_REQUIRE(w, status == TW_OK, "%s: %s %s", what, tw_status_name(status),
                  error == NULL ? "" : error->message);
}

static void name_symbols(world *w) {
    world_exchange *x = &w->exchange;
    need(w, tw_symbols_new(NULL, 64, &x->symbols), "symbols", NULL);
    for (uint32_t s = 0; s < w->plan.symbol_count; s++) {
        char name[16];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%u", s);
        need(w, tw_symbols_intern(x->symbols, tw_slice_of(name), &symbol), "symbols", NULL);
    }
    need(w,
         daily_history_generate(NULL, x->symbols, session_day_of(w->start_ns) - 1,
                                WORLD_HISTORY_DAYS, w->seed, &x->history),
         "history", NULL);
}

static void make_floor(world *w) {
    world_exchange *x = &w->exchange;
    tw_error error = {0};
    floor_config config = {
        .symbols = x->symbols,
        .history = x->history,
        .openings = x->state == NULL ? NULL : exchange_state_prices(x->state),
        .seed = w->seed,
        .start_ns = w->now_ns,
        .events_per_second = w->plan.events_per_second,
        .order_count_max = WORLD_ORDERS_MAX,
        .minute_count_max = 1,
        .tape_midnight_ns = session_time_of(session_day_of(w->start_ns), 0, 0),
    };
    floor_sink sink = {on_trade, on_levels, on_quote,     on_bar, on_user_event, w,
                       on_phase, on_halt,   on_gathering, NULL,   on_minute};
    need(w, floor_new(NULL, &config, &sink, &x->floor, &error), "floor", &error);
    ledger_set_floor(x->ledger, x->floor);
    ledger_set_delay(x->ledger, floor_delay);
}

static void make_ledger(world *w) {
    world_exchange *x = &w->exchange;
    const ledger_opening openings[] = {
        {.key = "ours",
         .secret = "s",
         .cash = {ACCOUNT_CASH * TW_NANO},
         .multiplier_max = w->plan.multiplier_max,
         .no_shorting = true},
        {.key = "other", .secret = "s", .cash = {ACCOUNT_CASH * TW_NANO}, .multiplier_max = 4},
    };
    ledger_config config = {.seed = w->seed,
                            .order_count_max = WORLD_ORDERS_MAX,
                            .created_ns = w->now_ns,
                            .openings = openings,
                            .account_count = 2};
    need(w, ledger_new(NULL, &config, x->symbols, on_update, w, &x->ledger), "ledger", NULL);
    x->ours = ledger_account_at(x->ledger, 0);
    x->other = ledger_account_at(x->ledger, 1);
    need(w, watchlists_new(NULL, w->seed, &x->lists), "lists", NULL);
}

/* Equal parts of all symbols, in whole shares. */
static void endow(world *w, ledger_account *account, double invested) {
    world_exchange *x = &w->exchange;
    double part = tw_decimal_to_double(account->cash.nano) * invested / w->plan.symbol_count;
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++) {
        tw_price price = daily_history_last(x->history, s);
        int64_t shares = (int64_t)floor(part / tw_decimal_to_double(price.nano));
        need(w, ledger_endow(x->ledger, account, s, (tw_quantity){shares * TW_NANO}, price),
             "endowment", NULL);
    }
}

static void count_users(world *w) {
    world_exchange *x = &w->exchange;
    x->users_cash = x->ours->cash.nano + x->other->cash.nano;
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++)
        x->users_shares[s] =
            x->ours->holdings[s].quantity.nano + x->other->holdings[s].quantity.nano;
}

static void open_again(world *w, bool first) {
    world_exchange *x = &w->exchange;
    tw_error error = {0};
    state_point point = {0};
    if (w->plan.restarts) {
        need(w, exchange_state_open(NULL, x->state_path, &x->state, &point, &error), "state",
             &error);
        need(w, exchange_state_set_symbols(x->state, x->symbols, &error), "state", &error);
    }
    make_ledger(w);
    make_floor(w);
    if (first) {
        endow(w, x->ours, w->plan.invested);
        endow(w, x->other, 0.5);
        count_users(w);
    }
    if (x->state != NULL)
        need(w, exchange_state_load(x->state, x->ledger, x->lists, w->start_ns, &error), "state",
             &error);
    request_quota_init(&x->quota, w->plan.rate_limit);
    x->running = true;
    world_exchange_keep(w);
    world_exchange_check(w);
}

void world_exchange_open(world *w) {
    world_exchange *x = &w->exchange;
    snprintf(x->state_path, sizeof x->state_path, "%s/exchange.state", w->disk.directory);
    x->hash = UINT64_C(0xcbf29ce484222325);
    x->text_memory = malloc(WIRE_TEXT_SIZE);
    WORLD_REQUIRE(w, x->text_memory != NULL, "no memory");
    x->text = tw_text_over(x->text_memory, WIRE_TEXT_SIZE);
    name_symbols(w);
    need(w, tw_alpaca_reader_new(NULL, WIRE_TEXT_SIZE, 64, x->symbols, &x->reader), "reader", NULL);
    open_again(w, true);
}

static void take_down(world_exchange *x) {
    floor_free(x->floor);
    exchange_state_close(x->state);
    watchlists_free(x->lists);
    ledger_free(x->ledger);
    x->floor = NULL;
    x->state = NULL;
    x->lists = NULL;
    x->ledger = NULL;
    x->running = false;
}

void world_exchange_close(world *w) {
    world_exchange *x = &w->exchange;
    take_down(x);
    tw_alpaca_reader_free(x->reader);
    daily_history_free(x->history);
    tw_symbols_free(x->symbols);
    free(x->text_memory);
}

/* ---- its own accounts ---- */

void world_exchange_keep(world *w) {
    world_exchange *x = &w->exchange;
    tw_error error = {0};
    if (x->state != NULL) {
        exchange_state_touch(x->state);
        need(w, exchange_state_save(x->state, &error), "the exchange's state", &error);
    }
    x->saved_cash = x->users_cash;
    memcpy(x->saved_shares, x->users_shares, sizeof x->saved_shares);
}

void world_exchange_check(world *w) {
    const world_exchange *x = &w->exchange;
    if (!x->running)
        return;
    WORLD_REQUIRE(w, x->ours->cash.nano + x->other->cash.nano == x->users_cash,
                  "the exchange's accounts have %lld, their trades say %lld",
                  (long long)(x->ours->cash.nano + x->other->cash.nano), (long long)x->users_cash);
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++)
        WORLD_REQUIRE(w,
                      x->ours->holdings[s].quantity.nano + x->other->holdings[s].quantity.nano ==
                          x->users_shares[s],
                      "the exchange's accounts have other shares of S%u than their trades say", s);
    ledger_check(x->ledger);
}

uint64_t world_exchange_hash(const world *w) {
    const world_exchange *x = &w->exchange;
    uint64_t hash = x->hash;
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(x->ledger, &count);
    for (uint32_t a = 0; a < ledger_account_count(x->ledger); a++) {
        const ledger_account *account = ledger_account_at(x->ledger, a);
        hash = mix(hash, &account->cash, sizeof account->cash);
        for (tw_symbol s = 0; s < w->plan.symbol_count; s++)
            hash = mix(hash, &account->holdings[s].quantity, sizeof account->holdings[s].quantity);
    }
    for (uint32_t i = 0; i < count; i++) {
        const tw_order *order = &orders[i].order;
        int64_t values[] = {order->filled.nano, order->average_price.nano, order->status};
        hash = mix(hash, order->client_order_id, strlen(order->client_order_id));
        hash = mix(hash, values, sizeof values);
    }
    return hash;
}

/* ---- what happens to it ---- */

void world_exchange_die(world *w, int64_t away_ns) {
    world_exchange *x = &w->exchange;
    take_down(x);
    x->users_cash = x->saved_cash;
    memcpy(x->users_shares, x->saved_shares, sizeof x->users_shares);
    memset(x->halted_until_ns, 0, sizeof x->halted_until_ns);
    x->back_ns = w->now_ns + away_ns;
    world_wire_exchange_died(w);
}

static void draw_death(world *w) {
    if (!w->plan.restarts)
        return;
    if (world_strikes_now(w, WORLD_RESTART))
        world_exchange_die(w, world_span(w, DRAW_STORY, TW_NS_PER_MS, 8 * TW_NS_PER_SECOND));
    else if (world_strikes_now(w, WORLD_AWAY))
        world_exchange_die(w, 30 * TW_NS_PER_SECOND);
}

static void turn_halts(world *w) {
    world_exchange *x = &w->exchange;
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++) {
        if (x->halted_until_ns[s] != 0 && (w->calm || w->now_ns >= x->halted_until_ns[s])) {
            floor_halt(x->floor, s, false);
            x->halted_until_ns[s] = 0;
        }
    }
    if (!world_strikes_now(w, WORLD_HALT))
        return;
    tw_symbol s = (tw_symbol)world_below(w, DRAW_STORY, w->plan.symbol_count);
    x->halted_until_ns[s] =
        w->now_ns + world_span(w, DRAW_STORY, TW_NS_PER_SECOND, 30 * TW_NS_PER_SECOND);
    floor_halt(x->floor, s, true);
}

/* Somebody beside us sends an order on an account: a person at the venue's page. */
static void send_beside(world *w, ledger_account *account) {
    world_exchange *x = &w->exchange;
    tw_symbol s = (tw_symbol)world_below(w, DRAW_STORY, w->plan.symbol_count);
    int64_t price = floor_price(x->floor, s).nano;
    bool limited = world_below(w, DRAW_STORY, 2) == 0;
    tw_alpaca_order_request request = {
        .side = (uint8_t)(world_below(w, DRAW_STORY, 2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL),
        .type = limited ? TW_ORDER_LIMIT : TW_ORDER_MARKET,
        .time_in_force = TW_DAY,
        .quantity = {(1 + (int64_t)world_below(w, DRAW_STORY, 8)) * TW_NANO},
        .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_SIDE) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_TYPE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_TIME_IN_FORCE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY),
    };
    int64_t part = 9950 + (int64_t)world_below(w, DRAW_STORY, 100);
    if (limited) {
        request.limit_price.nano = price / 10000 * part / (TW_NANO / 100) * (TW_NANO / 100);
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE);
    }
    snprintf(request.symbol, sizeof request.symbol, "S%u", s);
    ledger_order order;
    ledger_refusal refusal;
    (void)!ledger_submit(x->ledger, account, &request, &order, &refusal);
}

/* So many open orders of an account that are none of the engine's are cancelled, the oldest first.
 */
static void cancel_beside(world *w, const ledger_account *account, uint32_t most) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(w->exchange.ledger, &count);
    for (uint32_t i = 0; i < count && most > 0; i++) {
        ledger_refusal refusal;
        if (!ledger_owns(w->exchange.ledger, account, &orders[i]) ||
            tw_order_status_is_final((tw_order_status)orders[i].order.status) ||
            world_intent_of(orders[i].order.client_order_id) != 0)
            continue;
        (void)!ledger_cancel(w->exchange.ledger, &orders[i], &refusal);
        most--;
    }
}

static void trade_beside(world *w) {
    world_exchange *x = &w->exchange;
    ledger_account *account = world_below(w, DRAW_STORY, 3) == 0 ? x->other : x->ours;
    w->account_touched = w->account_touched || account == x->ours;
    if (world_below(w, DRAW_STORY, 3) == 0)
        cancel_beside(w, account, 1);
    else
        send_beside(w, account);
}

static void move_cash(world *w) {
    world_exchange *x = &w->exchange;
    ledger_refusal refusal;
    tw_money amount = {((int64_t)world_below(w, DRAW_STORY, 4000) - 2000) * (TW_NANO / 4)};
    if (amount.nano == 0 || ledger_move_cash(x->ledger, x->ours, amount, &refusal) != TW_OK)
        return;
    x->users_cash += amount.nano;
    w->account_touched = true;
}

static void advance(world *w) {
    world_exchange *x = &w->exchange;
    tw_error error = {0};
    do {
        floor_set_alarm(x->floor, ledger_transit_next(x->ledger));
        need(w, floor_advance(x->floor, w->now_ns, UINT64_MAX, &error), "floor", &error);
        ledger_transit_arrive(x->ledger, floor_now(x->floor));
    } while (floor_now(x->floor) < w->now_ns);
}

void world_exchange_turn(world *w) {
    world_exchange *x = &w->exchange;
    if (!x->running) {
        if (w->now_ns < x->back_ns)
            return;
        open_again(w, false);
    }
    advance(w);
    turn_halts(w);
    if (world_strikes_now(w, WORLD_FOREIGN))
        trade_beside(w);
    if (w->calm) /* nobody's order trades behind the last look */
        cancel_beside(w, x->ours, UINT32_MAX);
    if (world_strikes_now(w, WORLD_CASH))
        move_cash(w);
    if (world_strikes_now(w, WORLD_CLOCK))
        x->clock_error_ns =
            world_span(w, DRAW_STORY, -60 * TW_NS_PER_SECOND, 60 * TW_NS_PER_SECOND);
    world_exchange_keep(w);
    draw_death(w);
}
