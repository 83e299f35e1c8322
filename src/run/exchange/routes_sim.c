/* routes_sim.c - a page that says what this is. */
#include "exchange_priv.h"

void route_welcome(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_text_append_format(
        &exchange->body,
        "{\"name\":\"tradewind exchange\",\"symbols\":%u,"
        "\"trading\":\"/v2/account, /v2/orders, /v2/positions, /v2/assets, /v2/clock\","
        "\"data\":\"/v2/stocks/bars, /v2/stocks/{trades,quotes,bars}/latest\","
        "\"streams\":\"/v2/iex, /stream\",\"controls\":\"/sim/clock, /sim/clock/step?span=1s, "
        "/sim/clock/jump?to=open, /sim/clock/speed?times=60\"}",
        tw_symbols_count(exchange->symbols));
    answer_body(call, 200);
}
