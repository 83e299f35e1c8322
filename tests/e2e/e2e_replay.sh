#!/bin/sh
# e2e_replay.sh - a run is recorded beside its store, and repeated from that.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

a_stepped_run_is_repeated_with_its_hash() {
    expect 0 run --clock step --seed 7 --duration 1m --json --db run.db
    hash=$(json out 'd["store"]["journal_hash"]')
    expect 0 replay run.db-record
    prints "hash $hash"
    prints 'identical: '
    prints 'The journal of the store has the same '
    expect 0 replay run.db-record --json
    holds out 'd["identical"] and d["compared"] and d["recording_end"] == "closed" and d["lost"] == 0'
    holds out 'd["store"]["compared"] == "same" and d["store"]["entries"] == d["entries"]'
    [ "$(json out 'd["hash"]')" = "$hash" ] || fail "the hash is another"
}

a_run_by_the_clock_with_faults_is_repeated() {
    printf '%s\n' 'seed 3' 'latency 5ms 2ms' 'status 503 3% /v2/orders' 'reset after 3% /v2/orders' \
        'close streams at 40s' 'updates drop 3%' 'updates duplicate 5%' >plan
    expect 0 run --speed 60 --duration 90s --rebalance-every 20s --patience 10m --faults plan \
        --symbols AAPL,MSFT,GOOG,AMZN --quiet --db run.db
    expect 0 replay run.db-record --json
    holds out 'd["identical"] and d["entries"] > 20 and d["strays"] == 0'
    holds out 'd["store"]["compared"] == "same" and d["recording_end"] == "closed"'
}

a_run_that_was_killed_is_repeated_as_far_as_it_was_written() {
    begin run --clock x60 --duration 0 --symbols AAPL,MSFT --db run.db
    eventually has_trades run.db
    sleep 1
    kill -9 "$started"
    wait "$started" || true
    expect 0 replay run.db-record
    prints 'identical: '
    prints 'ends without a word'
    expect 0 run --clock x60 --duration 10s --symbols AAPL,MSFT --quiet --db run.db
    expect 0 replay run.db-record
    expect 0 replay run.db-record.1
}

# What a crashed run recorded is worth most just when starts fail: none of them takes its place.
a_start_that_fails_leaves_the_recordings() {
    printf 'of the crash' >run.db-record
    printf 'of the run before' >run.db-record.1
    start_exchange --symbols AAPL,MSFT
    expect 1 run --clock step --duration 5s --db run.db --metrics "${url#http://}"
    export APCA_API_SECRET_KEY=guessed
    expect 4 run --venue paper --symbols AAPL,MSFT --db run.db
    kill -INT "$exchange"
    awaited "$exchange"
    APCA_API_SECRET_KEY=demo
    expect 4 run --venue paper --symbols AAPL,MSFT --db run.db --away 1s
    [ "$(cat run.db-record)" = 'of the crash' ] || fail "a failed start took its place"
    [ "$(cat run.db-record.1)" = 'of the run before' ] || fail "a failed start took it away"
    [ ! -e run.db-record.part ] || fail "a failed start left a recording"
    printf 'of a start that was killed' >run.db-record.part
    expect 0 run --clock step --seed 7 --duration 5s --quiet --db other.db --record run.db-record
    [ "$(cat run.db-record.1)" = 'of the crash' ] || fail "the last recording is not kept"
    [ ! -e run.db-record.part ] || fail "a recording has two names"
    expect 0 replay run.db-record
    prints 'identical: '
}

# Nothing that is no file is written to, and what cannot be kept is known before the run.
a_recording_needs_its_names() {
    mkdir here later.1
    expect 1 run --clock step --duration 5s --db run.db --record here
    says 'here is there and is no file'
    expect 1 run --clock step --duration 5s --db run.db --record /dev/null
    says '/dev/null is there and is no file'
    printf 'of the run before' >later
    expect 1 run --clock step --duration 5s --db run.db --record later
    says 'later cannot be kept as later.1'
    [ "$(cat later)" = 'of the run before' ] || fail "it was written to"
    [ ! -e here.part ] && [ ! -e later.part ] || fail "a failed start left a recording"
}

what_differs_is_shown() {
    expect 0 run --clock step --seed 7 --duration 30s --json --db run.db
    python3 -c '
import sqlite3
db = sqlite3.connect("run.db")
db.execute("DROP TRIGGER journal_is_not_changed")
db.execute("UPDATE journal SET payload = ? WHERE sequence = 30", ("{}",))
db.commit()'
    expect 1 replay run.db-record
    prints 'The journal of the store is another from entry 30 on:'
    prints 'stored    30 '
    expect 0 run --clock step --seed 8 --duration 30s --json --db other.db
    expect 1 replay run.db-record --db other.db
    says 'other.db is not the store of this recording'
}

an_order_is_explained_with_its_market() {
    expect 0 run --clock step --seed 7 --duration 30s --json --db run.db
    expect 0 replay run.db-record --explain 3
    prints ' intent '
    prints 'book  '
    prints ' bid '
    expect 1 replay run.db-record --explain 4711
    says 'no order 4711'
}

another_setting_shows_other_orders() {
    expect 0 run --clock step --seed 7 --duration 30s --json --db run.db
    orders=$(json out 'd["orders"]["total"]')
    expect 0 replay run.db-record --set band=0.01 # which is what it was
    prints "With band=0.01: $orders orders instead of $orders, of which $orders are those of the run"
    expect 0 replay run.db-record --set cash_weight=0.5 --json
    holds out "d['orders'] > 0 and d['orders_recorded'] == $orders and d['orders_unknown'] > 0"
    expect 0 replay run.db-record --set 'cash_weight=0.5 band=0.02'
    prints 'Fills are not simulated'
    expect 0 replay run.db-record --settings
    prints 'controls.limits.collar_nano=0.005'
}

it_may_be_left_and_has_a_bound() {
    expect 0 run --clock step --seed 7 --duration 20s --quiet --record none --db run.db
    [ ! -e run.db-record ] || fail "it was recorded"
    expect 0 run --clock step --seed 7 --duration 20s --quiet --record here --record-max 100k --db b.db
    says 'here ends before the run'
    expect 0 replay here
    prints 'its file was as large as it may be'
    expect 0 replay here --until 20
    prints 'identical: '
}

# Whoever made the recording has no say over the terminal of whoever replays it.
controls_in_a_recording_do_not_reach_the_terminal() {
    escape=$(printf '\033')
    expect 0 run --clock step --seed 7 --duration 10s --symbols AAPL --quiet --db "a${escape}]0;b.db"
    mv "a${escape}]0;b.db-record" here
    rm "a${escape}]0;b.db"
    expect 0 replay here
    prints 'The store was not compared: a\x1b]0;b.db '
    if grep -q "$escape" out err; then fail "an escape went out"; fi
    expect 0 replay here --json
    holds out 'd["database"] == "a\x1b]0;b.db"'
    expect 1 replay here --db "a${escape}]0;b.db"
    says 'a\x1b]0;b.db'
    if grep -q "$escape" out err; then fail "an escape went out"; fi
}

bad_uses_are_told() {
    expect 0 run --clock step --seed 7 --duration 10s --quiet --db run.db
    expect 2 replay
    expect 1 replay nowhere
    says 'nowhere'
    expect 3 replay run.db
    says 'is no recording'
    : >empty
    expect 3 replay empty
    expect 1 replay .
    expect 2 replay run.db-record --set bnad=1
    says 'the nearest is band'
    expect 2 replay run.db-record --set band
    expect 2 replay run.db-record --until soon
    says 'number of an entry'
    expect 2 run --clock step --duration 1s --record run.db --db run.db
    head -c 2500 run.db-record >broken
    printf 'XXXXXXXX' >>broken
    tail -c +2509 run.db-record >>broken
    expect 3 replay broken
    says 'the block at byte'
}

run_cases a_stepped_run_is_repeated_with_its_hash a_run_by_the_clock_with_faults_is_repeated \
    a_run_that_was_killed_is_repeated_as_far_as_it_was_written \
    a_start_that_fails_leaves_the_recordings a_recording_needs_its_names what_differs_is_shown \
    an_order_is_explained_with_its_market another_setting_shows_other_orders \
    it_may_be_left_and_has_a_bound controls_in_a_recording_do_not_reach_the_terminal bad_uses_are_told
