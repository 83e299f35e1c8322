#!/bin/sh
# e2e_targets.sh - a file of target weights: what is wrong in it is named, what is right is met.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# target TEXT ROWS: a targets file with these rows is refused with this text.
target() {
    printf '%b' "$2" >targets.csv
    expect 3 run --clock step --duration 5s --targets targets.csv --db refused.db
    says "$1"
    silent
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

targets_that_are_none_are_refused() {
    target 'targets.csv:3:1: the exchange has no symbol "ZZZZ"' 'symbol,weight\nAAPL,.5\nZZZZ,.2\n'
    target 'targets.csv:2:2: the weight must be 0 to 1, not 1.5' 'symbol,weight\nAAPL,1.5\n'
    target 'targets.csv:2:2: the weight must be 0 to 1, not -0.5' 'symbol,weight\nAAPL,-0.5\n'
    target 'targets.csv:3:2: the weights add up to 1.1' 'symbol,weight\nAAPL,0.5\nMSFT,0.6\n'
    target 'targets.csv:2:2: expected a number like 0.25 for the weight' 'symbol,weight\nAAPL,half\n'
    target 'targets.csv:3:1: "AAPL" is there twice' 'symbol,weight\nAAPL,0.5\nAAPL,0.2\n'
    target 'targets.csv:2:1: expected 2 fields, found 1' 'symbol,weight\nAAPL\n'
    target 'targets.csv:1:1: there is no column "name": expected symbol,weight[,band]' 'name,share\nAAPL,0.5\n'
    target 'targets.csv:1: there is no target' 'symbol,weight\n'
}

targets_are_met() {
    printf 'symbol,weight\nAAPL,0.5\nMSFT,0.25\n' >targets.csv
    expect 0 run --clock step --duration 2m --targets targets.csv --json --db targets.db
    holds out '{p["symbol"]: p["target"] for p in d["positions"] if p["target"] > 0}
              == {"AAPL": 0.5, "MSFT": 0.25}'
    holds out 'all(p["band_low"] <= p["weight"] <= p["band_high"] for p in d["positions"])'
    [ "$(query targets.db 'SELECT strategy FROM runs')" = targets ] || fail "the strategy is lost"
}

# Whoever can change the file chooses what an account holds.
targets_that_others_may_change_are_for_play_only() {
    printf 'symbol,weight\nAAPL,0.5\n' >targets.csv
    chmod 646 targets.csv
    expect 0 run --clock step --duration 5s --targets targets.csv --quiet --db demo.db
    start_exchange --symbols AAPL,MSFT
    expect 1 run --venue paper --targets targets.csv --duration 2s --db refused.db
    says "targets.csv is not read: others may change $PWD/targets.csv: chmod go-w"
    silent
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
    chmod 644 targets.csv
    expect 0 run --venue paper --targets targets.csv --duration 2s --quiet --db paper.db
    # What we were given has no folder.
    "$tradewind" run --venue paper --targets - --duration 2s --quiet --db pipe.db \
        <targets.csv >out 2>err || fail "standard input is refused"
    mkfifo pipe
    cat targets.csv >pipe &
    expect 0 run --venue paper --targets pipe --duration 2s --quiet --db fifo.db
    # shellcheck disable=SC2002 # it is to be a pipe
    cat targets.csv | "$tradewind" run --venue paper --targets /dev/stdin --duration 2s --quiet \
        --db stdin.db >out 2>err || fail "a pipe is refused"
    # shellcheck disable=SC2002
    cat targets.csv | "$tradewind" run --venue paper --targets /proc/self/fd/0 --duration 2s \
        --quiet --db self.db >out 2>err || fail "a pipe by its number is refused"
}

# The name of a pipe of our own in a folder of others leads to it only until they turn it.
a_pipe_has_a_folder_like_any_file() {
    printf 'symbol,weight\nAAPL,0.5\n' >targets.csv
    start_exchange --symbols AAPL,MSFT
    mkdir others
    mkfifo -m 600 others/pipe
    chmod 777 others
    timeout 20 sh -c 'while cat targets.csv >others/pipe; do :; done' &
    writer=$!
    for name in others/pipe "/dev/fd/../../..$PWD/others/pipe"; do
        expect 1 run --venue paper --targets "$name" --duration 2s --db refused.db
        says "is not read: others may change $PWD/others: chmod go-w"
    done
    kill "$writer"
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

run_cases targets_that_are_none_are_refused targets_are_met \
    targets_that_others_may_change_are_for_play_only a_pipe_has_a_folder_like_any_file
