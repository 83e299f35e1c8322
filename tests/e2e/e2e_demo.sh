#!/bin/sh
# e2e_demo.sh - the demo with faults: its report, and what a kill in the middle leaves behind.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# What the exchange's own state says of our orders: id, quantity, filled, once each.
whole_story() {
    holds out 'd["orders"]["unknown"] == 0 and d["orders"]["open"] == 0'
    holds out 'd["audit"]["twice"] == 0 and d["audit"]["unintended"] == 0'
    holds out 'd["audit"]["missing"] == 0 and d["audit"]["different"] == 0'
    store_is_clean run.db
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
}

nothing_is_lost_in_a_faulty_demo() {
    expect 0 run --faults gentle --duration 30m --speed 300 --db run.db --json
    whole_story
    holds out 'd["audit"]["faults"] > 5 and d["audit"]["exchange_orders"] > 0'
    holds out 'd["account"]["pauses"] > 0'
    # Cash and shares are conserved: what the report holds is what the journal adds up to.
    mv out report.json
    expect 0 positions --db run.db --json
    [ "$(json out 'd["cash"]')" = "$(json report.json 'd["account"]["cash_after"]')" ] ||
        fail "the journal adds up to other cash"
}

the_report_is_in_sentences() {
    expect 0 run --symbols AAPL,MSFT --duration 5m --speed 300 --db run.db
    tr '\n' ' ' <out >joined && mv joined out
    prints 'The portfolio was worth'
    prints 'against what each was worth when its order was made'
    prints '0 orders are at the exchange twice, 0 are unknown at the end.'
    prints 'each with its intent in the journal, and the same quantities and fills'
    prints 'OFF BY'
    prints 'Everything is in run.db'
    ! grep -q 'tick to decision' out || fail "the machine's figures are shown without --details"
    expect 0 run --symbols AAPL,MSFT --duration 1m --speed 300 --db run.db --details
    prints 'tick to decision'
}

the_cost_is_what_fills_and_marks_say() {
    expect 0 run --clock step --symbols AAPL,MSFT --duration 1m --db run.db --json
    mv out report.json
    expect 0 orders --db run.db --json
    python3 - <<'PY' || fail "the cost is another"
import json
from decimal import Decimal as D
orders, costs = json.load(open("out"))["orders"], json.load(open("report.json"))["costs"]
traded = sum(D(o["average"]) * D(o["filled"]) for o in orders)
short = sum((D(o["average"]) - D(o["mark"])) * D(o["filled"]) * (1 if o["side"] == "buy" else -1)
            for o in orders)
expected = sum(D(o["mark"]) * D(o["filled"]) for o in orders)
assert traded > 0 and D(costs["traded"]) == traded, (costs, traded)
assert abs(D(costs["shortfall"]) - short) < D("0.00001"), (costs, short)
assert abs(costs["shortfall_bps"] - float(10000 * short / expected)) < 1e-6
assert sum(costs["reasons"].values()) == len(orders)
PY
}

a_killed_demo_goes_on_where_it_was() {
    begin run --cash 1000000000 --symbols AAPL,MSFT --duration 0 --clock x1 --db run.db --quiet
    eventually has_orders run.db
    kill -KILL "$started"
    ended 137
    [ -s run.db-exchange ] || fail "the exchange kept nothing"
    [ "$(open_orders run.db)" -gt 0 ] || fail "nothing was open: this proves nothing"
    query run.db 'SELECT client_order_id FROM orders' >before
    expect 0 run --cash 5 --symbols AAPL,MSFT --duration 20s --speed 20 --db run.db --json
    whole_story
    # The same account, not a new one with five dollars, and the orders of before are still there.
    holds out 'float(d["account"]["equity_before"]) > 900e6'
    holds out "d['audit']['exchange_orders'] > $(wc -l <before)"
    query run.db 'SELECT client_order_id FROM orders' | grep -c -x -F -f before >kept
    [ "$(cat kept)" = "$(wc -l <before)" ] || fail "orders were lost"
    # Nothing was made up between the two: shares are those of the fills and of the beginning.
    mv out report.json
    expect 0 positions --db run.db --json
    python3 - <<'PY' || fail "positions and report differ"
import json
told, report = json.load(open("out")), json.load(open("report.json"))
held = {p["symbol"]: p["quantity"] for p in report["positions"] if p["quantity"] != "0"}
assert {p["symbol"]: p["quantity"] for p in told["positions"] if p["quantity"] != "0"} == held
PY
}

a_demo_of_other_symbols_is_told_why_not() {
    expect 0 run --symbols AAPL,MSFT --duration 5s --speed 60 --db run.db --quiet
    expect 2 run --symbols NVDA --duration 5s --speed 60 --db run.db --quiet
    says 'run.db-exchange: the state was kept for other symbols'
    says 'or take another --db'
}

# Its store would be in the folder for temporary files, where nobody would look for it.
a_refused_demo_leaves_nothing() {
    start_exchange --symbols AAPL
    printf 'symbol,weight\nZZZZ,.5\n' >targets.csv
    expect 1 run --duration 5s --metrics "${url#http://}"
    expect 1 run --duration 5s --listen "${url#http://}"
    expect 1 run --duration 5s --record .
    expect 1 run --duration 5s --strategy-file nowhere.so
    expect 3 run --duration 5s --targets targets.csv
    expect 3 run --clock step --duration 5s --faults targets.csv
    for file in tradewind-demo-*; do
        [ ! -e "$file" ] || fail "it left $file"
    done
    expect 0 run --clock step --duration 5s --quiet
    [ "$(find . -name 'tradewind-demo-*.db' | wc -l)" = 1 ] || fail "a demo that ran has no store"
}

run_cases a_refused_demo_leaves_nothing nothing_is_lost_in_a_faulty_demo the_report_is_in_sentences \
    the_cost_is_what_fills_and_marks_say a_killed_demo_goes_on_where_it_was \
    a_demo_of_other_symbols_is_told_why_not
