#!/bin/sh
# e2e_resume.sh - a run is killed in the middle of a plan, and the next one finishes it.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

run='run --venue paper --db run.db --collar 2% --patience 10m --quiet'

targets() {
    echo 'symbol,weight'
    printf '%s\n' "$@"
}

# The newest plan has an intent and is not over.
is_under_way() {
    [ "$(query run.db "SELECT (SELECT max(sequence) FROM journal WHERE kind = 'plan') >
        (SELECT coalesce(max(sequence), 0) FROM journal WHERE kind = 'plan_end') AND
        (SELECT max(sequence) FROM journal WHERE kind = 'intent') >
        (SELECT max(sequence) FROM journal WHERE kind = 'plan')")" = 1 ]
}

# Half of the money is in two symbols, and belongs into two others: sells, then buys. Orders take
# their time on the way, so that the plan is under way for a while.
begin_a_plan() {
    command -v curl >/dev/null || skip "there is no curl"
    start_exchange --symbols AAPL,MSFT,NVDA,TSLA --clock x10 --seed 7 --always-open --state state.db
    targets AAPL,0.35 MSFT,0.35 NVDA,0 TSLA,0 >before.csv
    targets AAPL,0.05 MSFT,0.1 NVDA,0.3 TSLA,0.25 >after.csv
    # shellcheck disable=SC2086 # $run is words
    expect 0 $run --targets before.csv --duration 20s
    echo 'latency 4s 500ms /v2/orders' >faults
    curl -sf "$url/sim/faults" --data-binary @faults >/dev/null || fail "no faults are taken"
    # shellcheck disable=SC2086
    begin $run --targets after.csv --duration 0
    eventually is_under_way
}

kill_it() {
    kill -9 "$started"
    wait "$started" 2>/dev/null || :
}

calm() {
    curl -sf -X DELETE "$url/sim/faults" >/dev/null || fail "the faults do not end"
}

# What the exchange has done, beside what the journal has planned.
compare() {
    curl -sf -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' \
        "$url/v2/orders?status=all&limit=500" >orders.json || fail "the exchange does not answer"
    python3 - <<'END' || fail "the orders are not those of the plans"
import collections, decimal, json, sqlite3
rows = sqlite3.connect("run.db").execute("SELECT kind, payload FROM journal ORDER BY sequence")
entries = [(kind, json.loads(payload)) for kind, payload in rows]
orders = json.load(open("orders.json"))
told = {order["client_order_id"]: order for order in orders}
assert len(told) == len(orders) > 0, "a client order id twice, or no order at all"
intents = {entry["order"]: entry for kind, entry in entries if kind == "intent"}
assert set(told) <= set(intents), "an order without an intent"
denied = {(e["decision"], e["symbol"]) for kind, e in entries if kind == "denied"}
planned, filled, last = {}, collections.Counter(), {}
for kind, entry in entries:
    for symbol, side, quantity in entry["trades"] if kind == "plan" else []:
        planned[entry["decision"], symbol] = side, decimal.Decimal(quantity)
for name, intent in intents.items():
    key = intent["decision"], intent["symbol"]
    assert planned[key][0] == intent["side"], (key, intent)
    if name in told:
        filled[key] += decimal.Decimal(told[name]["filled_qty"])
        last[key] = told[name]["status"]
# What was resumed is brought to its end; what the end of a run has cancelled is not.
resumed = {entry["decision"] for kind, entry in entries if kind == "resume"}
assert resumed <= {decision for decision, _ in planned}
for key, (side, quantity) in planned.items():
    assert filled[key] <= quantity, (key, filled[key], quantity)
    whole = filled[key] == quantity or key in denied
    assert whole or (key[0] not in resumed and last.get(key) == "canceled"), (key, side, filled[key], quantity)
END
}

ends_of() {
    query run.db "SELECT count(*) FROM journal WHERE kind = '$1' AND payload LIKE '%$2%'"
}

a_killed_plan_is_finished() {
    begin_a_plan
    kill_it
    calm
    # shellcheck disable=SC2086
    expect 0 $run --targets after.csv --duration 60s
    [ "$(ends_of resume '"decision"')" = 1 ] || fail "the plan was not resumed"
    [ "$(ends_of plan_end '"dropped"')" = 0 ] || fail "a plan was dropped"
    [ "$(ends_of intent '"why":"resume"')" -gt 0 ] || fail "nothing was left of it: this proves nothing"
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
    compare
    store_is_clean run.db
}

# Killed again and again, also while what was left is being settled.
killed_three_times() {
    begin_a_plan
    kill_it
    for pause in 0.4 0.9; do
        # shellcheck disable=SC2086
        begin $run --targets after.csv --duration 0
        sleep "$pause"
        kill_it
    done
    calm
    # shellcheck disable=SC2086
    expect 0 $run --targets after.csv --duration 60s
    compare
    store_is_clean run.db
}

other_targets_take_its_place() {
    begin_a_plan
    kill_it
    calm
    # shellcheck disable=SC2086
    expect 0 $run --targets before.csv --duration 20s
    [ "$(ends_of plan_end '"reason":"targets"')" = 1 ] || fail "the plan was not dropped"
    [ "$(ends_of resume '"decision"')" = 0 ] || fail "the plan was resumed"
}

run_cases a_killed_plan_is_finished killed_three_times other_targets_take_its_place
