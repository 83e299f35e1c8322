#!/bin/sh
# e2e_resend.sh - a submit that gets no answer: before it was carried out, and after; and a process
# that dies before there is one.
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

was_swallowed() {
    [ "$(journal submitted TW_UNKNOWN)" -gt 0 ]
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

# Killed between an order and its answer. The next run trades at once, not when a minute is over, and
# the order that never arrived is the first that it sends.
what_a_dead_run_left_is_sent_by_the_next() {
    command -v curl >/dev/null || skip "there is no curl"
    start_exchange --symbols AAPL,MSFT --clock x1 --seed 7 --always-open
    run='run --venue paper --db run.db --symbols AAPL,MSFT --collar 5% --band 0.01% --risk-days 60
        --rebalance-every 1s --duplicate-window 0 --quiet'
    # shellcheck disable=SC2086 # $run is words
    begin $run --duration 0
    eventually has_ended_orders run.db
    echo 'reset before 100% /v2/orders' | curl -sf "$url/sim/faults" --data-binary @- >/dev/null ||
        fail "no faults are taken"
    eventually was_swallowed
    kill -9 "$started"
    wait "$started" 2>/dev/null || :
    dead=$(query run.db 'SELECT max(sequence) FROM journal')
    curl -sf -X DELETE "$url/sim/faults" >/dev/null || fail "the faults do not end"
    # shellcheck disable=SC2086
    expect 0 $run --duration 5s
    [ "$(journal missing '')" -eq 0 ] || fail "an order was given up"
    [ "$(journal resume '')" -eq 1 ] || fail "the plan was not resumed"
    # An intent of the dead run, sent again and filled by the next, in the exchange's time.
    [ "$(query run.db "SELECT count(*) FROM journal r
        JOIN journal i ON i.kind = 'intent' AND i.sequence <= $dead AND
            json_extract(i.payload, '$.order') = json_extract(r.payload, '$.order')
        JOIN journal f ON f.kind = 'fill' AND f.sequence > r.sequence AND
            json_extract(f.payload, '$.order') = json_extract(r.payload, '$.order')
        WHERE r.kind = 'resend' AND r.sequence > $dead AND
            f.time_ns - i.time_ns < 50000000000")" -gt 0 ] ||
        fail "no order of the dead run was sent by the next, and traded"
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
    store_is_clean run.db
}

run_cases what_was_swallowed_is_sent_again what_was_carried_out_is_not_sent_again \
    what_a_dead_run_left_is_sent_by_the_next
