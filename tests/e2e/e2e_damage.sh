#!/bin/sh
# e2e_damage.sh - a run is killed and its journal damaged: the next one says so, and nothing is sent
# twice.
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

# A run is killed in the middle of a plan, with orders out.
kill_in_a_plan() {
    command -v curl >/dev/null || skip "there is no curl"
    start_exchange --symbols AAPL,MSFT --clock x10 --seed 7 --always-open --state state.db
    targets AAPL,0.7 MSFT,0 >before.csv
    targets AAPL,0.1 MSFT,0.5 >after.csv
    # shellcheck disable=SC2086 # $run is words
    expect 0 $run --targets before.csv --duration 20s
    echo 'latency 4s 500ms /v2/orders' >faults
    curl -sf "$url/sim/faults" --data-binary @faults >/dev/null || fail "no faults are taken"
    # shellcheck disable=SC2086
    begin $run --targets after.csv --duration 0
    eventually is_under_way
    kill -9 "$started"
    wait "$started" 2>/dev/null || :
    curl -sf -X DELETE "$url/sim/faults" >/dev/null || fail "the faults do not end"
}

ask() {
    curl -sf -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' "$url$1" >"$2" ||
        fail "the exchange does not answer"
}

# No client order id was there twice, those behind the quarantine are beyond all before, and what is
# held is what was wanted: what was out at the kill was not bought or sold once more.
nothing_is_twice() {
    ask '/v2/orders?status=all&limit=500' orders.json
    ask /v2/positions positions.json
    ask /v2/account account.json
    python3 - <<'PYTHON' || fail "something was done twice"
import json, sqlite3
store = sqlite3.connect("run.db")
orders = json.load(open("orders.json"))
names = [order["client_order_id"] for order in orders]
assert len(set(names)) == len(names), "a client order id twice"
number = lambda name: int(name.rsplit("-", 1)[1])
(cut,), = store.execute("SELECT max(sequence) FROM journal WHERE kind = 'quarantine'")
intents = [(sequence, json.loads(payload)["order"]) for sequence, payload in
           store.execute("SELECT sequence, payload FROM journal WHERE kind = 'intent'")]
later = [number(name) for sequence, name in intents if sequence > cut]
assert later and min(later) > 2**32, later
assert max([number(name) for sequence, name in intents if sequence < cut]) < 2**32
known = {name for sequence, name in intents} | {name for name, in
         store.execute("SELECT client_order_id FROM orders")}
assert set(names) <= known, set(names) - known
equity = float(json.load(open("account.json"))["equity"])
held = {row["symbol"]: float(row["market_value"]) / equity
        for row in json.load(open("positions.json"))}
for symbol, weight in ("AAPL", 0.1), ("MSFT", 0.5):
    assert abs(held.get(symbol, 0) - weight) < 0.03, (symbol, held)
assert {row["status"] for row in orders} <= {"filled", "canceled", "rejected", "expired"}, orders
PYTHON
}

quarantined() {
    query run.db "SELECT count(*) FROM journal_quarantine WHERE $1"
}

a_torn_end_is_set_aside_and_trading_goes_on() {
    kill_in_a_plan
    last=$(query run.db 'SELECT max(sequence) FROM journal')
    spoil run.db "UPDATE journal SET payload = substr(payload, 1, 9) WHERE sequence = $last"
    expect 3 db verify --db run.db
    prints "damaged at entry $last (changed)"
    prints 'the next run sets them aside and goes on'
    # shellcheck disable=SC2086
    expect 0 $run --targets after.csv --duration 60s
    says "the journal was damaged (changed): what it had from entry $last on (1 in all) is in the table"
    [ "$(quarantined "sequence = $last AND length(payload) = 9")" = 1 ] || fail "the row is not kept"
    [ "$(query run.db "SELECT kind FROM journal WHERE sequence = $last")" = quarantine ] ||
        fail "the journal does not tell of it"
    [ "$(query run.db "SELECT count(*) FROM journal WHERE kind = 'plan_end' AND
        payload LIKE '%\"quarantine\"%'")" = 1 ] || fail "the plan was not dropped"
    nothing_is_twice
    store_is_clean run.db
    expect 0 db verify --db run.db
    prints '1 in quarantine'
    # The next one has nothing to tell, and its numbers go on.
    # shellcheck disable=SC2086
    expect 0 $run --targets after.csv --duration 10s
    [ ! -s err ] || fail "it tells of damage again"
}

damage_with_sound_entries_behind_it_is_refused() {
    kill_in_a_plan
    plan=$(query run.db "SELECT max(sequence) FROM journal WHERE kind = 'plan'")
    count=$(query run.db 'SELECT count(*) FROM journal')
    spoil run.db "UPDATE journal SET payload = replace(payload, '1', '7') WHERE sequence = $plan"
    # shellcheck disable=SC2086
    expect 3 $run --targets after.csv --duration 60s
    says "damaged at entry $plan (changed), and this is no torn end"
    says '--quarantine'
    [ "$(query run.db 'SELECT count(*) FROM journal')" = "$count" ] || fail "something was written"
    [ "$(query run.db 'SELECT count(*) FROM runs')" = 2 ] || fail "it counts as a run"
    # shellcheck disable=SC2086
    expect 0 $run --targets after.csv --duration 60s --quarantine
    says 'the journal was damaged (changed)'
    [ "$(quarantined "sequence >= $plan AND reason = 'changed'")" = $((count - plan + 1)) ] ||
        fail "not all of it is kept"
    nothing_is_twice
    store_is_clean run.db
}

run_cases a_torn_end_is_set_aside_and_trading_goes_on damage_with_sound_entries_behind_it_is_refused
