#!/bin/sh
# e2e_repeat.sh - the good path: the same run twice, the report as JSON and for people.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

the_same_seed_gives_the_same_journal() {
    for run in one two; do
        expect 0 run --clock step --seed 7 --duration 2m --json --db $run.db
        cp out $run.json
    done
    expect 0 run --clock step --seed 8 --duration 2m --json --db other.db
    hash='d["store"]["journal_hash"]'
    [ "$(json one.json "$hash")" = "$(json two.json "$hash")" ] || fail "two journals of one seed"
    [ "$(json one.json "$hash")" != "$(json out "$hash")" ] || fail "one journal of two seeds"
    for table in journal orders fills trades bars; do
        [ "$(query one.db "SELECT * FROM $table" | cksum)" = \
            "$(query two.db "SELECT * FROM $table" | cksum)" ] || fail "the $table differ"
    done
}

market_rows_are_committed_as_often_as_is_said() {
    expect 0 run --duration 4m --json --db often.db --commit-rows 1
    cp out often.json
    expect 0 run --duration 4m --json --db seldom.db --commit-rows 100k --commit-delay 1m
    often=$(json often.json 'd["store"]["commits"] - d["store"]["syncs"]')
    seldom=$(json out 'd["store"]["commits"] - d["store"]["syncs"]')
    [ "$often" -gt $((10 * seldom + 10)) ] || fail "$often commits of market rows, and $seldom"
    expect 2 run --commit-rows 0
    says 'expected 1 to 100000'
    expect 2 run --commit-delay 2m
    says 'expected 1ms to 1m'
}

the_report_is_one_document_with_its_keys() {
    expect 0 run --clock step --seed 3 --duration 5m --json --db run.db
    [ ! -s err ] || fail "nothing belongs on standard error"
    [ "$(wc -l <out)" -eq 1 ] || fail "it is not one line"
    for key in run phase ending venue strategy symbols seed clock from to seconds events \
        latency_ns store risk rebalance orders fills account positions; do
        holds out "'$key' in d"
    done
    holds out 'd["ending"] == "done" and d["phase"] == "done" and d["venue"] == "demo"'
    holds out 'd["symbols"] == len(d["positions"]) == 20'
    holds out 'd["events"]["total"] > 10000 and d["events"]["dropped"] == 0'
    holds out 'all(isinstance(d["account"][k], str) for k in ("cash_before", "cash_after",
        "equity_before", "equity_after"))'
    holds out 'd["risk"]["observations"] > 450 and d["risk"]["skipped"] == 0'
    holds out '0 < d["risk"]["volatility_annual"] < 1 and len(d["risk"]["var"]) >= 6'
    [ "$(query run.db 'SELECT strategy, venue, seed FROM runs')" = 'inverse-volatility|demo|3' ] ||
        fail "the run row says something else"
    query run.db 'SELECT report FROM runs' >stored
    holds stored 'd["ending"] == "done" and d["run"] == 1'
}

the_figures_agree_with_one_another() {
    expect 0 run --clock step --seed 5 --duration 10m --rebalance-every 2m --json --db run.db
    holds out 'd["orders"]["total"] == sum(d["orders"][k] for k in
        ("filled", "canceled", "rejected", "open", "unknown"))'
    holds out 'd["orders"]["open"] == 0 and d["orders"]["unknown"] == 0'
    holds out 'd["rebalance"]["decisions"] > 1'
    holds out 'd["rebalance"]["trades_planned"] >= d["rebalance"]["lower_bound"] > 0'
    holds out 'd["store"]["orders"] == d["orders"]["total"]'
    holds out 'd["store"]["fills"] == d["fills"]["total"]'
    holds out 'd["store"]["backend"] != "SQLite 3.40.1" or
        d["store"]["precautions"] == "wal_reset_race=avoided"'
    holds out 'abs(sum(float(p["quantity"]) * float(p["price"]) for p in d["positions"])
        + float(d["account"]["cash_after"]) - float(d["account"]["equity_after"])) < 0.01'
    for table in trades bars orders fills journal; do
        [ "$(json out "d['store']['$table']")" = "$(query run.db "SELECT count(*) FROM $table")" ] ||
            fail "the number of $table is another"
    done
    store_is_clean run.db
}

every_weight_ends_inside_its_band() {
    expect 0 run --clock step --seed 7 --duration 2m --json
    holds out 'all(p["band_low"] <= p["weight"] <= p["band_high"] for p in d["positions"])'
    holds out 'abs(sum(p["target"] for p in d["positions"]) - 0.98) < 1e-9'
}

the_real_clock_trades_too() {
    expect 0 run --clock x60 --duration 2m --patience 10m --symbols AAPL,MSFT,GOOG --json
    holds out 'd["clock"] == "real" and d["orders"]["filled"] >= 3'
    holds out 'd["orders"]["open"] == 0 and d["phase"] == "done"'
}

a_pipe_gets_no_control_characters() {
    expect 0 run --clock step --duration 1m
    prints 'Everything is in '
    [ "$(LC_ALL=C tr -d '\n\040-\176' <out | wc -c)" -eq 0 ] || fail "there are other characters"
    [ ! -s err ] || fail "nothing belongs on standard error"
    [ "$(awk 'length > 110' out | grep -vc -e '--db' -e '^  market')" -eq 0 ] ||
        fail "there are lines too long to read"
}

no_color_is_obeyed_on_a_terminal() {
    script -V >/dev/null 2>&1 || skip "there is no script(1) to make a terminal with"
    needs_a_terminal
    TERM=xterm
    export TERM
    line="'$tradewind' run --clock step --duration 10s --quiet"
    script -qec "$line" /dev/null >out 2>err </dev/null || fail "it did not run on a terminal"
    escape=$(printf '\033')
    grep -q "$escape\[1m" out || fail "there is no colour on a terminal"
    NO_COLOR=1
    export NO_COLOR
    script -qec "$line" /dev/null >out 2>err </dev/null || fail "it did not run on a terminal"
    ! grep -q "$escape\[[0-9]" out || fail "there is colour"
}

run_cases the_same_seed_gives_the_same_journal market_rows_are_committed_as_often_as_is_said \
    the_report_is_one_document_with_its_keys \
    the_figures_agree_with_one_another every_weight_ends_inside_its_band \
    the_real_clock_trades_too a_pipe_gets_no_control_characters no_color_is_obeyed_on_a_terminal
