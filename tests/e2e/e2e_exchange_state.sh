#!/bin/sh
# e2e_exchange_state.sh - the exchange with --state is killed, and goes on where it ended.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

ask() {
    curl -s -m 20 -X "$1" -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' \
        -H 'Content-Type: application/json' ${3:+-d "$3"} "$url$2"
}

open_state() {
    command -v curl >/dev/null || skip "there is no curl"
    rm -f ready
    start_exchange --symbols AAPL,MSFT --clock "${1:-step}" --seed 7 --state state.db --always-open
}

kill_it() {
    kill -9 "$exchange"
    wait "$exchange" 2>/dev/null || :
}

stop_exchange() {
    kill "$exchange"
    awaited "$exchange"
    [ "$status" -eq 0 ] || fail "it ended with $status: $(cat exchange_err)"
}

# All that is told of the account, into a file.
tell() {
    for path in account account/configurations positions 'orders?status=all&limit=500' \
        'account/activities' watchlists clock; do
        ask GET "/v2/$path"
        echo
    done >"$1"
}

everything_is_there_after_a_kill() {
    open_state
    ask POST /v2/orders '{"symbol":"AAPL","qty":"2.5","side":"buy","type":"market","time_in_force":"day"}' >/dev/null
    ask POST /v2/orders '{"symbol":"MSFT","qty":"3","side":"sell","type":"market","time_in_force":"day"}' >/dev/null
    ask POST /v2/orders '{"symbol":"AAPL","qty":"3","side":"buy","type":"limit","limit_price":"1.5","time_in_force":"gtc","client_order_id":"rests"}' >/dev/null
    ask POST /v2/watchlists '{"name":"mine","symbols":["MSFT"]}' >/dev/null
    ask PATCH /v2/account/configurations '{"no_shorting":true}' >/dev/null
    ask POST '/sim/clock/step?span=90s' '{}' >/dev/null
    tell before
    kill_it
    open_state
    tell after
    cmp -s before after || fail "it is not as it was: $(diff before after | head -4)"
    # The order that rested is in the book again.
    ask DELETE /v2/orders >out
    grep -q '"status":200' out || fail "what rested cannot be cancelled: $(cat out)"
    ask GET '/v2/orders:by_client_order_id?client_order_id=rests' >out
    grep -q '"status":"canceled"' out || fail "it was not cancelled: $(cat out)"
    stop_exchange
}

# Orders are sent as fast as they are answered, and the exchange is killed among them.
nothing_acknowledged_is_lost_in_the_middle() {
    open_state real
    : >acknowledged
    for round in 1 2 3 4 5 6; do
        (
            trap 'exit 0' TERM
            i=0
            while :; do
                i=$((i + 1))
                ask POST /v2/orders "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"market\",\"time_in_force\":\"day\",\"client_order_id\":\"$round-$i\"}" >answer.$round 2>/dev/null || exit 0
                grep -q '"id"' answer.$round || exit 0
                echo "$round-$i" >>acknowledged
            done
        ) &
        sender=$!
        # Wait for some to be acknowledged, a different number each time.
        tries=0
        while [ "$(grep -c "^$round-" acknowledged)" -lt $((round * 2)) ] && [ $tries -lt 1000 ]; do
            tries=$((tries + 1))
            sleep 0.01
        done
        kill_it
        awaited "$sender"
        open_state real
    done
    ask GET '/v2/orders?status=all&limit=500' >orders
    while read -r id; do
        grep -q "\"client_order_id\":\"$id\"" orders || fail "$id was acknowledged and is not there"
    done <acknowledged
    [ "$(wc -l <acknowledged)" -ge 42 ] || fail "too few were acknowledged"
    # Cash is what the fills left of it, and no fill is there twice.
    ask GET '/v2/account' >account
    ask GET '/v2/positions/AAPL' >position
    ask GET '/v2/account/activities/FILL' >fills
    holds fills 'len({a["id"] for a in d}) == len(d)'
    python3 - <<'PY' || fail "cash, position and orders do not agree"
import json
from decimal import Decimal
account, position = json.load(open("account")), json.load(open("position"))
orders = json.load(open("orders"))
filled = sum(Decimal(o["filled_qty"]) for o in orders)
spent = sum(Decimal(o["filled_qty"]) * Decimal(o["filled_avg_price"] or 0) for o in orders)
assert filled == Decimal(position["qty"]), (filled, position["qty"])
assert abs(Decimal(account["cash"]) + spent - 100000) < Decimal("0.0001"), (account["cash"], spent)
PY
    stop_exchange
}

# Where the exchange that has just been started says that its clock begins, in whole seconds.
clock_began() {
    read -r line <&8 || fail "the exchange does not tell its clock"
    date -u -d "${line##*clock from }" +%s
}

# Nothing is acknowledged meanwhile. A second of ours is kept each time, which is 20 of its clock;
# a busy machine gets three.
the_clock_is_kept_though_nobody_trades() {
    open_state x20
    first=$(clock_began)
    now=$first
    tries=0
    while [ $((now - first)) -lt 120 ] && [ $tries -lt 1000 ]; do
        tries=$((tries + 1))
        sleep 0.05
        now=$(ask GET /sim/clock | python3 -c 'import json, sys
print(json.load(sys.stdin)["now_ns"] // 10**9)')
    done
    kill_it
    [ $((now - first)) -ge 120 ] || fail "its clock stands still"
    open_state x20
    kept=$(clock_began)
    [ "$kept" -ge $((now - 60)) ] || fail "it comes back $((now - kept)) s before its end"
    stop_exchange
}

a_state_has_one_exchange_and_its_own_symbols() {
    open_state
    expect 1 exchange --symbols AAPL,MSFT --state state.db
    says 'another exchange is using this file'
    stop_exchange
    expect 1 exchange --symbols MSFT --state state.db
    says 'other symbols'
    echo nonsense >no.db
    expect 1 exchange --state no.db
    says 'state'
    expect 2 exchange --state state.db --tape x
    says 'tape'
}

run_cases everything_is_there_after_a_kill nothing_acknowledged_is_lost_in_the_middle \
    the_clock_is_kept_though_nobody_trades a_state_has_one_exchange_and_its_own_symbols
