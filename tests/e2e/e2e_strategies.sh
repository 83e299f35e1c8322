#!/bin/sh
# e2e_strategies.sh - strategies of the house, and when they are asked.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# causes FILE: the causes of the decisions of a store, in their order, on one line.
causes() {
    query "$1" "SELECT group_concat(json_extract(payload, '\$.cause'), ' ') FROM
        (SELECT payload FROM journal WHERE kind = 'decision' ORDER BY sequence)"
}

strategies_of_the_house_trade() {
    for word in risk-parity min-variance momentum; do
        expect 0 run --clock step --seed 3 --duration 20s --strategy $word --json --db $word.db
        holds out "d['strategy'] == '$word' and d['orders']['filled'] > 0"
        holds out 'abs(sum(p["target"] for p in d["positions"]) - 0.98) < 1e-6'
    done
    holds out 'sorted(p["target"] for p in d["positions"])[-5:] == [0.196] * 5'
    expect 0 run --clock step --seed 3 --duration 20s --strategy momentum --json --db again.db
    [ "$(query momentum.db 'SELECT group_concat(payload) FROM journal')" = \
        "$(query again.db 'SELECT group_concat(payload) FROM journal')" ] ||
        fail "the same seed wrote another journal"
}

# The market of the demo begins at 09:30 in New York.
times_of_day_are_kept() {
    expect 0 run --clock step --seed 7 --duration 210s --rebalance-at 09:31,09:33 --no-drift \
        --json --db times.db
    [ "$(causes times.db)" = "start time time" ] || fail "the causes are: $(causes times.db)"
    query times.db "SELECT (time_ns / 1000000000) % 86400 FROM journal WHERE kind = 'decision'
        AND payload LIKE '%\"time\"%' ORDER BY sequence" >seconds
    printf '52260\n52380\n' | diff - seconds || fail "they were not made on time"
    expect 0 run --clock step --seed 7 --duration 2m --tz Europe/Berlin --rebalance-at 15:31 \
        --no-drift --json --db berlin.db
    [ "$(causes berlin.db)" = "start time" ] || fail "the causes are: $(causes berlin.db)"
}

a_schedule_that_makes_no_sense_is_refused() {
    refuse 2 '"9:35" is no time of day like 09:35' --rebalance-at 9:35
    refuse 2 '"24:00" is no time of day' --rebalance-at 09:35,24:00
    refuse 2 '"" is no time of day' --rebalance-at 09:35,,10:00
    refuse 2 'at most 16' --rebalance-at "$(seq -s, -f '%02g:00' 1 17)"
    refuse 1 'there is no zone data' --rebalance-at 09:35 --tz Nowhere/Land
    refuse 2 'looks back over 252 days' --strategy momentum --risk-days 251
}

run_cases strategies_of_the_house_trade times_of_day_are_kept a_schedule_that_makes_no_sense_is_refused
