#!/bin/sh
# e2e_strategy.sh - a strategy of one's own: loaded, traded, refused, tried on a history.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

example=${EXAMPLE_STRATEGY:-$root/build/examples/strategy/trend.so}
odd=${ODD_STRATEGIES:-$root/build/tests/support/strategies}

a_strategy_of_ones_own_trades() {
    for name in one two; do
        expect 0 run --clock step --seed 7 --duration 2m --strategy-file "$example" \
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
    expect 0 run --clock step --duration 1m --rebalance-every 10s --strategy-file "$odd/odd_plain.so" \
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
    expect 0 replay slow.db-record
    prints 'identical: '
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

# closes DAYS: a history of four symbols, one of which begins late.
closes() {
    python3 -c '
import datetime, math, random, sys
random.seed(5)
day, prices = datetime.date(2020, 1, 1), [50.0, 70.0, 90.0, 110.0]
print("date,AA,BB,CC,DD")
for row in range(int(sys.argv[1])):
    prices = [p * math.exp(random.gauss(0, 0.01)) for p in prices]
    fields = [f"{p:.2f}" for p in prices]
    if row < 40:
        fields[3] = ""
    print(day + datetime.timedelta(row), *fields, sep=",")' "$1" >closes.csv
}

# A constant weight of 0.2 each, restored every day at a cost of 10 basis points.
a_trial_measures_what_would_have_come() {
    closes 300
    expect 0 strategy "$odd/odd_plain.so" --prices closes.csv --arg 0.2 --cost-bps 10 --json
    cat >slow.py <<'END'
import csv, json
rows = [[float(x) if x else None for x in row[1:]] for row in csv.reader(open("closes.csv"))
        if row[0] != "date"]
weights, growth, turnover = [0.0] * 4, 1.0, 0.0
for day, row in enumerate(rows):
    if day > 0:
        past = rows[day - 1]
        grown = [w * (x / y if x and y else 1.0) for w, x, y in zip(weights, row, past)]
        total = 1.0 + sum(grown) - sum(weights)
        growth, weights = growth * total, [g / total for g in grown]
    traded = sum(abs(0.2 - w) for w in weights)
    turnover, weights = turnover + traded, [0.2] * 4
    growth *= 1.0 - 0.001 * traded
d = json.load(open("out"))
assert abs(d["strategy"]["total_return"] - (growth - 1)) < 1e-9, (d["strategy"], growth)
assert abs(d["strategy"]["turnover_annual"] - turnover / 299 * 252) < 1e-9, turnover
assert d["asked"] == d["answered"] == 300 and d["faults"]["first"] == ""
assert all(abs(w["last"] - 0.2) < 1e-12 for w in d["weights"])
END
    python3 slow.py || fail "the figures are others"
    expect 0 strategy "$odd/odd_plain.so" --prices closes.csv --arg 0.2 --every 50 --json
    holds out 'd["asked"] == 6 and d["weigh_ns"]["count"] == 6'
    expect 0 strategy "$odd/odd_plain.so" --prices closes.csv --arg keep
    prints 'It was asked 300 times: 0 answers stand, 300 were "no change"'
    expect 0 strategy "$example" --prices closes.csv --arg 20
    prints 'trend: 4 symbols, 2020-01-01 to 2020-10-26, 300 days.'
    prints 'A call with a bar took'
}

a_trial_finds_what_breaks_the_rules() {
    closes 20
    expect 1 strategy "$odd/odd_plain.so" --prices closes.csv --arg early
    says '1 answers were refused' && says '2020-01-05: the weight of AA is -1, below 0'
    expect 1 strategy "$odd/odd_plain.so" --prices closes.csv --arg moody --json
    says '20 differed between two states'
    holds out 'd["faults"] == {"refused": 0, "differed": 20, "overran": 0,
              "first": "2020-01-01: two states that were shown the same differ"}'
    expect 1 strategy "$odd/odd_plain.so" --prices closes.csv --arg greedy
    says '20 wrote beside the weights'
    expect 1 strategy "$odd/odd_plain.so" --prices closes.csv --arg fail
    says 'it answered -7, which is a failure'
    expect 3 strategy "$odd/odd_newer.so" --prices closes.csv
    says 'is of version 2'
    expect 2 strategy "$example" --prices closes.csv --arg many
    says 'the argument is a number of days'
    expect 2 strategy "$example"
    says 'a history is needed: --prices FILE'
    expect 1 strategy "$example" --prices nowhere.csv
    says 'nowhere.csv'
    printf 'date,AA\n2020-01-01,5\n' >short.csv
    expect 3 strategy "$example" --prices short.csv
    says 'a trial needs two days of prices'
    printf 'date,AA\n2020-01-01,5\n2020-01-02,-1\n' >bad.csv
    expect 3 strategy "$example" --prices bad.csv
    says 'bad.csv:3'
}

run_cases a_strategy_of_ones_own_trades weights_that_are_none_are_refused a_slow_strategy_is_told \
    what_cannot_be_loaded_is_named a_trial_measures_what_would_have_come \
    a_trial_finds_what_breaks_the_rules
