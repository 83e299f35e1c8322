#!/bin/sh
# e2e_orders.sh - orders and positions of a store, beside a run and after it, by the store alone.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

a_short_run() {
    expect 0 run --clock step --symbols AAPL,MSFT --duration 30s --db run.db --json "$@"
    mv out report.json
}

every_order_is_listed_with_its_reason() {
    a_short_run
    expect 0 orders --db run.db --json
    holds out 'd["count"] == d["total"] > 0'
    mv out orders.json
    [ "$(json orders.json 'd["total"]')" = "$(query run.db 'SELECT count(*) FROM orders')" ] ||
        fail "not every order is there"
    holds orders.json 'all(o["why"] and o["decision"] > 0 for o in d["orders"])'
    holds orders.json 'all(isinstance(o[k], str) for o in d["orders"]
        for k in ("quantity", "limit", "filled", "average", "mark"))'
    query run.db 'SELECT client_order_id, printf("%d", quantity), printf("%d", filled),
        printf("%d", average_price) FROM orders' >rows
    python3 - <<'PY' || fail "the orders are not those of the table"
import json
from decimal import Decimal
rows = {line.split("|")[0]: line.split("|")[1:] for line in open("rows").read().split()}
for order in json.load(open("orders.json"))["orders"]:
    told = [str(int(Decimal(order[k]) * 10**9)) for k in ("quantity", "filled", "average")]
    assert rows[order["id"]] == told, (rows[order["id"]], told)
PY
    # The decision that is named is one.
    decision=$(json orders.json 'd["orders"][0]["decision"]')
    [ "$(query run.db "SELECT kind FROM journal WHERE sequence = $decision")" = decision ] ||
        fail "entry $decision is no decision"
    expect 0 orders --db run.db
    prints 'DECISION'
    prints 'filled'
    expect 0 orders --db run.db --csv
    [ "$(head -n 1 out)" = \
        'id,symbol,side,quantity,limit,status,filled,average,created,updated,why,decision,mark' ] ||
        fail "another header"
    [ "$(wc -l <out)" = "$(($(json orders.json 'd["count"]') + 1))" ] || fail "a line is missing"
}

a_filter_lets_through_what_it_says() {
    a_short_run --cash 100000000 --rebalance-every 5s --band 0.01% --patience 2s
    total=$(query run.db 'SELECT count(*) FROM orders')
    [ "$total" -gt 3 ] || fail "too few orders to prove anything: $total"
    expect 0 orders --db run.db --symbol AAPL --json
    holds out '{o["symbol"] for o in d["orders"]} == {"AAPL"}'
    expect 0 orders --db run.db --limit 2 --json
    holds out "d['count'] == 2 and d['total'] == $total"
    mv out two.json
    expect 0 orders --db run.db --limit 1000 --json
    [ "$(json two.json '[o["id"] for o in d["orders"]]')" = \
        "$(json out '[o["id"] for o in d["orders"]][-2:]')" ] || fail "not the newest two"
    newest=$(json out 'd["orders"][-1]["created"]')
    expect 0 orders --db run.db --since "$newest" --json
    holds out "d['count'] >= 1 and all(o['created'] >= '$newest' for o in d['orders'])"
    expect 0 orders --db run.db --limit 2
    prints "The newest 2 of $total; --limit shows more."
}

what_is_not_there_is_said() {
    a_short_run
    expect 0 orders --db run.db --open
    prints 'run.db has no open order.'
    expect 0 orders --db run.db --since 2030-01-01 --symbol AAPL
    prints 'run.db has no order of AAPL since 2030-01-01T00:00:00Z.'
    expect 0 orders --db run.db --open --json
    holds out 'd == {"count": 0, "total": 0, "orders": []}'
    expect 1 orders --db run.db --symbol NOPE
    says 'run.db has no symbol "NOPE"'
    expect 2 orders --db run.db --json --csv
    says 'say one'
    expect 1 orders --db nowhere.db
    says 'nowhere.db does not exist'
    expect 1 positions --db nowhere.db
    says 'nowhere.db does not exist'
    printf 'ts_ns,symbol,price,size,side\n1704207600000000000,AAPL,100,10,B\n' >trades.csv
    expect 0 import trades trades.csv --db market.db
    expect 0 orders --db market.db
    prints 'market.db has no order.'
    expect 0 positions --db market.db
    prints 'market.db has no account: no run of it has heard from its venue.'
    expect 0 positions --db market.db --json
    holds out 'd == {"known": False, "positions": []}'
}

positions_are_those_of_the_report() {
    a_short_run
    expect 0 positions --db run.db --json
    python3 - <<'PY' || fail "the positions are not those of the report"
import json
from decimal import Decimal
told, report = json.load(open("out")), json.load(open("report.json"))
assert told["known"] and told["cash"] == report["account"]["cash_after"], told["cash"]
ours = {p["symbol"]: p for p in told["positions"]}
held = {p["symbol"]: p for p in report["positions"] if p["quantity"] != "0"}
assert ours.keys() == held.keys() and held, (ours.keys(), held.keys())
for symbol, position in held.items():
    assert ours[symbol]["quantity"] == position["quantity"], symbol
    assert ours[symbol]["target"] == position["target"], symbol
    value = Decimal(ours[symbol]["mark"]) * Decimal(ours[symbol]["quantity"])
    assert Decimal(ours[symbol]["value"]) == value, symbol
    entry = Decimal(position["average_price"])
    assert abs(Decimal(ours[symbol]["entry"]) - entry) < Decimal("0.00000001"), symbol
worth = sum(Decimal(p["value"]) for p in told["positions"])
assert Decimal(told["equity"]) == Decimal(told["cash"]) + worth
PY
    expect 0 positions --db run.db
    prints 'equity'
    prints 'TARGET'
}

they_work_beside_a_run() {
    begin run --cash 1000000000 --symbols AAPL,MSFT --duration 0 --clock x1 --db run.db --quiet
    run_out=$started
    eventually has_orders run.db
    timeout 20 "$tradewind" orders --db run.db --open --json >orders.json 2>orders_err ||
        fail "orders: $(cat orders_err)"
    holds orders.json 'd["total"] > 0'
    timeout 20 "$tradewind" positions --db run.db --json >positions.json 2>orders_err ||
        fail "positions: $(cat orders_err)"
    holds positions.json 'd["known"] and len(d["positions"]) == 2'
    kill -INT "$run_out"
    ended 130
}

a_second_run_begins_with_what_it_finds() {
    start_exchange --symbols AAPL,MSFT --invested 50%
    expect 0 run --venue paper --symbols AAPL,MSFT --duration 2s --db run.db --quiet
    expect 0 positions --db run.db --json
    holds out '{p["symbol"] for p in d["positions"] if p["quantity"] != "0"} == {"AAPL", "MSFT"}'
    # Somebody else sells all of one: the next run finds it, and so do we.
    python3 - "$url" <<'PY' || fail "it was not sold"
import json, sys, time, urllib.request
def ask(method, path):
    request = urllib.request.Request(sys.argv[1] + path, method=method, headers={
        "APCA-API-KEY-ID": "demo", "APCA-API-SECRET-KEY": "demo"})
    return json.load(urllib.request.urlopen(request, timeout=10))
ask("DELETE", "/v2/positions/AAPL?percentage=100")
end = time.monotonic() + 10
while "AAPL" in {position["symbol"] for position in ask("GET", "/v2/positions")}:
    assert time.monotonic() < end
    time.sleep(0.05)
PY
    printf 'symbol,weight\nMSFT,0.4\nAAPL,0\n' >targets.csv
    expect 0 run --venue paper --targets targets.csv --duration 2s --db run.db --json
    mv out report.json
    expect 0 positions --db run.db --json
    python3 - <<'PY' || fail "the second run's account is another"
import json
told, report = json.load(open("out")), json.load(open("report.json"))
held = {p["symbol"]: p["quantity"] for p in report["positions"] if p["quantity"] != "0"}
assert set(held) == {"MSFT"}, held
assert {p["symbol"]: p["quantity"] for p in told["positions"] if p["quantity"] != "0"} == held
assert told["cash"] == report["account"]["cash_after"]
PY
}

run_cases every_order_is_listed_with_its_reason a_filter_lets_through_what_it_says \
    what_is_not_there_is_said positions_are_those_of_the_report they_work_beside_a_run \
    a_second_run_begins_with_what_it_finds
