#!/bin/sh
# e2e_strategies.sh - strategies of the house and of the user, and when they are asked.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

example=${EXAMPLE_STRATEGY:-$root/build/examples/strategy/trend.so}
odd=${ODD_STRATEGIES:-$root/build/tests/support/strategies}

# causes FILE: the causes of the decisions of a store, in their order, on one line.
causes() {
    query "$1" "SELECT group_concat(json_extract(payload, '\$.cause'), ' ') FROM
        (SELECT payload FROM journal WHERE kind = 'decision' ORDER BY sequence)"
}

strategies_of_the_house_trade() {
    for word in risk-parity min-variance momentum; do
        expect 0 run --clock step --seed 3 --duration 1m --strategy $word --json --db $word.db
        holds out "d['strategy'] == '$word' and d['orders']['filled'] > 0"
        holds out 'abs(sum(p["target"] for p in d["positions"]) - 0.98) < 1e-6'
    done
    holds out 'sorted(p["target"] for p in d["positions"])[-5:] == [0.196] * 5'
    expect 0 run --clock step --seed 3 --duration 1m --strategy momentum --json --db again.db
    [ "$(query momentum.db 'SELECT group_concat(payload) FROM journal')" = \
        "$(query again.db 'SELECT group_concat(payload) FROM journal')" ] ||
        fail "the same seed wrote another journal"
}

a_strategy_of_ones_own_trades() {
    for name in one two; do
        expect 0 run --clock step --seed 7 --duration 3m --strategy-file "$example" \
            --strategy-arg 50 --json --db $name.db
        holds out 'd["strategy"] == "trend" and d["orders"]["filled"] > 0'
        holds out 'd["own_strategy"]["calls"] > 100 and d["own_strategy"]["slow"] == 0'
    done
    [ "$(query one.db 'SELECT strategy FROM runs')" = trend ] || fail "its name is lost"
    [ "$(query one.db 'SELECT group_concat(payload) FROM journal')" = \
        "$(query two.db 'SELECT group_concat(payload) FROM journal')" ] ||
        fail "the same seed wrote another journal"
}

weights_that_are_none_are_refused() {
    expect 0 run --clock step --duration 2m --rebalance-every 30s --strategy-file "$odd/odd_plain.so" \
        --strategy-arg nan --json --db nan.db
    holds out 'd["own_strategy"]["refused"] >= 4 and d["orders"]["total"] == 0'
    query nan.db "SELECT payload FROM journal WHERE kind = 'strategy'" >told
    grep -qF '{"refused":"the weight of AAPL is not a finite number","targets":"none"}' told ||
        fail "the journal does not say why: $(cat told)"
}

a_slow_strategy_is_told() {
    expect 0 run --venue demo --seed 7 --duration 2m --speed 120 --strategy-file "$odd/odd_slow.so" \
        --strategy-arg 0.04 --strategy-budget 1ms --rebalance-every 30s --json --db slow.db
    holds out 'd["own_strategy"]["slow"] > 0'
    [ "$(query slow.db "SELECT count(*) > 0 FROM journal WHERE kind = 'strategy' AND
        json_extract(payload, '\$.slow') = 'weigh' AND
        json_extract(payload, '\$.took_ns') > 1000000")" = 1 ] || fail "the journal does not tell it"
}

# The market of the demo begins at 09:30 in New York.
times_of_day_are_kept() {
    expect 0 run --clock step --seed 7 --duration 4m --rebalance-at 09:31,09:33 --no-drift \
        --json --db times.db
    [ "$(causes times.db)" = "start time time" ] || fail "the causes are: $(causes times.db)"
    [ "$(query times.db "SELECT group_concat(time_ns % 3600000000000 / 1000000000) FROM journal
        WHERE kind = 'decision'")" != "" ] || fail "there is no decision"
    query times.db "SELECT (time_ns / 1000000000) % 86400 FROM journal WHERE kind = 'decision'
        AND payload LIKE '%\"time\"%' ORDER BY sequence" >seconds
    printf '52260\n52380\n' | diff - seconds || fail "they were not made on time"
    expect 0 run --clock step --seed 7 --duration 2m --tz Europe/Berlin --rebalance-at 15:31 \
        --no-drift --json --db berlin.db
    [ "$(causes berlin.db)" = "start time" ] || fail "the causes are: $(causes berlin.db)"
}

# refuse STATUS TEXT ARGUMENTS...: a run that cannot begin says so, and leaves no store.
refuse() {
    wanted_status=$1
    text=$2
    shift 2
    expect "$wanted_status" run --clock step --duration 5s --db refused.db "$@"
    says "$text"
    silent
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

what_cannot_be_loaded_is_named() {
    refuse 1 'there is no strategy nowhere.so' --strategy-file nowhere.so
    cp "$odd/odd_plain.so" mine.so
    chmod 0666 mine.so
    refuse 1 'others may change' --strategy-file mine.so
    printf 'not an object, but a text of some length' >text.so
    refuse 3 'is no shared object' --strategy-file text.so
    refuse 3 'exports no constant tradewind_strategy' --strategy-file "$odd/odd_hidden.so"
    refuse 3 'is of version 2 of strategy.h' --strategy-file "$odd/odd_newer.so"
    refuse 3 'tradewind_no_such_function' --strategy-file "$odd/odd_unfound.so"
    refuse 2 'the strategy trend does not begin: the argument is a number of days' \
        --strategy-file "$example" --strategy-arg many
    refuse 2 '--strategy-arg is for a --strategy-file' --strategy-arg 100
    printf 'symbol,weight\nAAPL,.5\n' >targets.csv
    refuse 2 'give one' --strategy-file "$example" --targets targets.csv
    printf '[strategy]\nstrategy-file = mine.so\n' >tradewind.conf
    refuse 5 '"strategy-file" is not taken from tradewind.conf'
    printf '[strategy]\nmomentum-top = 3\n' >tradewind.conf
    expect 0 run --clock step --duration 5s --strategy momentum --json --db refused.db
    holds out 'sum(p["target"] > 0 for p in d["positions"]) == 3'
}

a_schedule_that_makes_no_sense_is_refused() {
    refuse 2 '"9:35" is no time of day like 09:35' --rebalance-at 9:35
    refuse 2 '"24:00" is no time of day' --rebalance-at 09:35,24:00
    refuse 2 '"" is no time of day' --rebalance-at 09:35,,10:00
    refuse 2 'at most 16' --rebalance-at "$(seq -s, -f '%02g:00' 1 17)"
    refuse 1 'there is no zone data' --rebalance-at 09:35 --tz Nowhere/Land
    refuse 2 'looks back over 252 days' --strategy momentum --risk-days 251
}

run_cases strategies_of_the_house_trade a_strategy_of_ones_own_trades weights_that_are_none_are_refused \
    a_slow_strategy_is_told times_of_day_are_kept what_cannot_be_loaded_is_named \
    a_schedule_that_makes_no_sense_is_refused
