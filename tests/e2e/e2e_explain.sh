#!/bin/sh
# e2e_explain.sh - an order is explained from the journal of its run.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

an_order_is_explained() {
    expect 0 run --clock step --symbols AAPL,MSFT --duration 30s --max-weight 60% --db run.db --quiet
    id=$(query run.db 'SELECT client_order_id FROM orders ORDER BY client_order_id LIMIT 1')
    [ -n "$id" ] || fail "no order was made: this proves nothing"
    expect 0 explain "$id" --db run.db
    for word in '  limits' '  decision' '  checks' '  intent' '  submitted' '  fill'; do
        prints "$word"
    done
    prints 'position_weight      0.'
    prints ', limit 0.6'
    expect 0 explain "${id##*-}" --db run.db --json
    holds out '[e["kind"] for e in d][:4] == ["limits", "decision", "checks", "intent"]'
    holds out 'd[3]["payload"]["decision"] == d[1]["sequence"]'
    holds out 'd[2]["payload"]["order"] == d[3]["payload"]["order"]'
    holds out 'float(d[2]["payload"]["cash"][1]) <= float(d[2]["payload"]["cash"][0])'
    holds out 'd[-1]["payload"]["status"] in ("filled", "canceled")'
}

bad_uses_are_told() {
    expect 0 run --clock step --symbols AAPL --duration 1s --db run.db --quiet
    expect 1 explain 4711 --db run.db
    says 'the journal of run.db has no order 4711'
    expect 2 explain --db run.db
    says 'say which order'
    expect 1 explain 1 --db nowhere.db
    says 'nowhere.db does not exist'
}

run_cases an_order_is_explained bad_uses_are_told
