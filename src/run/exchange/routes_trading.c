/* routes_trading.c - account, clock and positions. */
#include "assets.h"
#include "exchange_priv.h"
#include "words.h"

void route_account(exchange_call *call) {
    tw_alpaca_account account;
    words_account(call->exchange->ledger, call->account, &account);
    tw_alpaca_encode_account(&call->exchange->body, &account);
    answer_body(call, 200);
}

void route_clock(exchange_call *call) {
    tw_alpaca_clock clock;
    words_clock(fault_moments_told_time(call->exchange), &clock);
    clock.is_open = floor_is_open(call->exchange->floor);
    tw_alpaca_encode_clock(&call->exchange->body, &clock);
    answer_body(call, 200);
}

/* A symbol by its name, or by the id or the CUSIP of its asset. */
static tw_symbol symbol_of(const tw_exchange *exchange, const char *name) {
    return assets_find(exchange->symbols, tw_slice_of(name));
}

/* On the accounts' first day the history's last close is that of the day before. */
static tw_price previous_close(const tw_exchange *exchange, tw_symbol symbol) {
    tw_price close = ledger_last_close(exchange->ledger, symbol);
    return close.nano != 0 ? close : daily_history_last(exchange->history, symbol);
}

static void write_position(exchange_call *call, tw_symbol symbol) {
    tw_exchange *exchange = call->exchange;
    tw_alpaca_position position;
    words_position(call->account, symbol, exchange->symbols, floor_price(exchange->floor, symbol),
                   previous_close(exchange, symbol), &position);
    tw_alpaca_encode_position(&exchange->body, &position);
}

void answer_positions(exchange_call *call, uint32_t http_status,
                      void (*write)(exchange_call *call, tw_symbol symbol)) {
    tw_exchange *exchange = call->exchange;
    bool first = true;
    tw_text_append_char(&exchange->body, '[');
    for (tw_symbol s = 0; s < tw_symbols_count(exchange->symbols); s++) {
        if (call->account->holdings[s].quantity.nano == 0)
            continue;
        if (!first)
            tw_text_append_char(&exchange->body, ',');
        first = false;
        write(call, s);
    }
    tw_text_append_char(&exchange->body, ']');
    answer_body(call, http_status);
}

void route_positions(exchange_call *call) {
    answer_positions(call, 200, write_position);
}

void route_position(exchange_call *call) {
    tw_symbol symbol = symbol_of(call->exchange, call->names[0]);
    if (symbol == TW_SYMBOL_NONE || call->account->holdings[symbol].quantity.nano == 0) {
        answer_error(call, 404, CODE_NOT_FOUND, "position does not exist");
        return;
    }
    write_position(call, symbol);
    answer_body(call, 200);
}
