#!/bin/sh
# e2e_resend.sh - a submit that gets no answer: before it was carried out, and after.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# trade_through FAULT: a run that turns a portfolio over while the exchange plays it.
trade_through() {
    command -v curl >/dev/null || skip "there is no curl"
    printf 'seed 11\n%s\n' "$1" >faults
    start_exchange --symbols AAPL,MSFT,NVDA,TSLA,META,SPY --clock x10 --seed 7 --always-open \
        --history-days 100 --faults faults
    expect 0 run --venue paper --db run.db --symbols AAPL,MSFT,NVDA,TSLA,META,SPY --collar 5% \
        --band 0.01% --rebalance-every 2s --patience 1m --risk-days 60 --duration 90s --quiet \
        --away 1m --max-errors 1000000 --duplicate-window 0
    curl -sf -X DELETE "$url/sim/faults" >/dev/null || fail "the faults do not end"
    curl -sf -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' \
        "$url/v2/orders?status=all&limit=500" >orders.json || fail "the exchange does not answer"
    store_is_clean run.db
    python3 - <<'END' || fail "the orders are not those of the journal"
import decimal, json, sqlite3
store = sqlite3.connect("run.db")
entries = [(kind, json.loads(payload)) for kind, payload in
           store.execute("SELECT kind, payload FROM journal ORDER BY sequence")]
orders = json.load(open("orders.json"))
told = {order["client_order_id"]: order for order in orders}
intents = {entry["order"]: entry for kind, entry in entries if kind == "intent"}
assert len(told) == len(orders), "a client order id twice"
assert set(told) <= set(intents), "an order without an intent"
for name, filled in store.execute("SELECT client_order_id, filled FROM orders"):
    there = decimal.Decimal(told[name]["filled_qty"]) if name in told else 0
    assert there == decimal.Decimal(filled) / 10 ** 9, f"{name}: {there} filled there"
END
}

journal() {
    query run.db "SELECT count(*) FROM journal WHERE kind = '$1' AND payload LIKE '%$2%'"
}

# The connection is reset when the request is there and nobody has looked at it.
what_was_swallowed_is_sent_again() {
    trade_through 'reset before 30% /v2/orders'
    [ "$(journal submitted TW_UNKNOWN)" -gt 0 ] || fail "no submit was swallowed"
    [ "$(journal resend '')" -gt 0 ] || fail "none was sent again"
    # One of them traded, in less than what it takes to be given up.
    [ "$(query run.db "SELECT count(*) FROM journal r JOIN journal f ON f.kind = 'fill' AND
        json_extract(f.payload, '$.order') = json_extract(r.payload, '$.order') AND
        f.time_ns - r.time_ns < 30000000000 WHERE r.kind = 'resend'")" -gt 0 ] ||
        fail "none that was sent again has traded"
}

# The same when it has been carried out: the venue knows the order, and is asked.
what_was_carried_out_is_not_sent_again() {
    trade_through 'reset after 30% /v2/orders'
    [ "$(journal submitted TW_UNKNOWN)" -gt 0 ] || fail "no answer was swallowed"
    [ "$(journal resend '')" -eq 0 ] || fail "an order was sent again that the venue knows"
    [ "$(journal submitted TW_EXISTS)" -eq 0 ] || fail "a twin was sent"
}

run_cases what_was_swallowed_is_sent_again what_was_carried_out_is_not_sent_again
