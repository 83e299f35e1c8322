/* routes_sim.c - what this is: a page for browsers, a document for programs. */
#include <string.h>

#include "exchange_priv.h"
#include "page.h"

static bool is_browser(const exchange_call *call) {
    tw_slice accept = {0};
    return tw_http_request_header(call->request, "Accept", &accept) &&
           memmem(accept.data, accept.size, "text/html", 9) != NULL;
}

void route_welcome(exchange_call *call) {
    if (is_browser(call)) {
        answer_page(call, (tw_slice){exchange_page, exchange_page_size});
        return;
    }
    tw_exchange *exchange = call->exchange;
    tw_text_append_format(
        &exchange->body,
        "{\"name\":\"tradewind exchange\",\"symbols\":%u,"
        "\"trading\":\"/v2/account, /v2/orders, /v2/positions, /v2/assets, /v2/clock\","
        "\"data\":\"/v2/stocks/bars, /v2/stocks/{trades,quotes,bars}/latest\","
        "\"streams\":\"/v2/iex, /stream\",\"controls\":\"/sim/clock, /sim/clock/step?span=1s, "
        "/sim/clock/jump?to=open, /sim/clock/speed?times=60, /sim/faults, /sim/accounts, "
        "/sim/accounts/{key}/cash?amount=\"}",
        tw_symbols_count(exchange->symbols));
    answer_body(call, 200);
}
