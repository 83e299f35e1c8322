#!/bin/sh
# e2e_doctor.sh - `tradewind doctor`: what is found, what is advised, and the exit status.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# finding CHECK VERDICT: what the JSON document in ./out says of a check.
finding() {
    said=$(python3 -c '
import json, sys
for check in json.load(open("out"))["checks"]:
    if check["check"] == sys.argv[1]:
        print(check["verdict"])' "$1")
    [ "$said" = "$2" ] || fail "$1 is \"$said\" and not \"$2\""
}

a_fresh_machine_is_fit_for_the_demo() {
    expect 0 doctor
    prints 'processors'
    prints 'tradewind.db is not there yet; a run makes it'
    prints 'set APCA_API_KEY_ID and APCA_API_SECRET_KEY'
    prints ' 0 bad, 0 unreachable'
    [ ! -e tradewind.db ] || fail "looking made a store"
    expect 0 doctor --json
    finding credentials note
    finding "sync to disk" "$(python3 -c '
import json
print([c["verdict"] for c in json.load(open("out"))["checks"] if c["check"] == "sync to disk"][0])')"
}

what_a_service_needs_is_looked_at() {
    printf '[run]\nband = 2%%\n' >tradewind.conf
    chmod 644 tradewind.conf
    # shellcheck disable=SC3045 # dash has it too
    (ulimit -c 0 && expect 0 doctor --json)
    for check in "core files" swap "clock speed" libraries service; do
        holds out "any(c['check'] == '$check' for c in d['checks'])"
    done
    holds out '[c["found"].startswith("SQLite 3.") for c in d["checks"]
        if c["check"] == "libraries"] == [True]'
    finding configuration ok
    chmod 666 tradewind.conf
    expect 1 doctor --config tradewind.conf --json
    finding configuration bad
    expect 1 doctor --config tradewind.conf
    prints 'chmod go-w tradewind.conf'
}

a_store_is_read_whole() {
    printf 'ts_ns,symbol,price,size,side\n1704207600000000000,AAPL,100,10,B\n' >trades.csv
    "$MAKE_STORE" s.db trades.csv
    expect 0 doctor --db s.db --json
    finding store ok
    finding "disk lasts" ok
    printf 'no store' >s.db
    expect 1 doctor --db s.db --json
    finding store bad
    expect 1 doctor --db nowhere/s.db
    prints 'name a folder that exists'
}

how_long_the_disk_lasts_is_told() {
    expect 0 run --clock step --speed 1 --seed 3 --duration 90m --symbols AAPL --quiet --db s.db
    expect 0 doctor --db s.db --json
    finding "disk lasts" ok
    holds out '[c for c in d["checks"] if c["check"] == "disk lasts"][0]["days"] > 7'
    holds out '[c["free_bytes"] > 1e6 and c["bytes_a_day"] > 1e4 and c["rows_a_day"] > 100
        for c in d["checks"] if "days" in c] == [True]'
    expect 0 doctor --db s.db
    prints 'days: '
    prints 'the store grows by '
}

a_venue_that_answers_is_fit() {
    start_exchange
    expect 0 doctor --online --json
    for check in account "market data" "data stream" "trading stream"; do
        finding "$check" ok
    done
}

a_wrong_secret_is_told_once_and_never_shown() {
    start_exchange
    export APCA_API_SECRET_KEY=wrong-secret-47
    expect 4 doctor --online
    prints 'the key, its secret and the address must belong together'
    [ "$(grep -c 'must belong together' out)" = 1 ] || fail "the same advice twice"
    ! grep -q 'wrong-secret-47' out err || fail "the secret is shown"
    expect 4 doctor --online --json
    finding account unreachable
    finding "trading stream" unreachable
}

nobody_there_is_told() {
    start_exchange
    kill "$exchange"
    awaited "$exchange"
    expect 4 doctor --online
    prints 'nothing listens there; start it with'
}

without_credentials_nothing_is_asked() {
    expect 1 doctor --online --json
    finding credentials bad
    ! grep -q '"account"' out || fail "it asked without a key"
}

a_file_does_not_say_where_credentials_go() {
    start_exchange
    unset APCA_API_BASE_URL
    printf '[venue]\ntrading-url = %s\n' "$url" >tradewind.conf
    expect 1 doctor --online
    prints 'a run does not take it from a file'
    ! grep -q 'answered in' out || fail "the address of the file was asked"
}

credentials_do_not_go_over_plain_http() {
    export APCA_API_KEY_ID=demo APCA_API_SECRET_KEY=demo
    export APCA_API_BASE_URL=http://venue.invalid APCA_API_DATA_URL=http://venue.invalid
    export APCA_API_STREAM_URL=ws://venue.invalid
    expect 4 doctor --online --json
    finding account unreachable
}

run_cases a_fresh_machine_is_fit_for_the_demo what_a_service_needs_is_looked_at a_store_is_read_whole how_long_the_disk_lasts_is_told a_venue_that_answers_is_fit \
    a_wrong_secret_is_told_once_and_never_shown nobody_there_is_told \
    without_credentials_nothing_is_asked a_file_does_not_say_where_credentials_go \
    credentials_do_not_go_over_plain_http
