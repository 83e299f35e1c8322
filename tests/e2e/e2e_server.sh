#!/bin/sh
# e2e_server.sh - stores on a PostgreSQL server; run by with_postgres, which starts one.
# shellcheck disable=SC2154,SC2086 # some names are set in lib/cases.sh; $short is words
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/market.sh"

short='run --clock step --seed 7 --duration 10s --symbols AAPL,MSFT'

# address NAME: sets $address to that of a store.
address() {
    [ -n "${TRADEWIND_SERVER:-}" ] || skip "there is no PostgreSQL server on this machine"
    address="postgresql://tradewind:s3cret@/postgres?host=$TRADEWIND_SERVER"
    address="$address&options=-csearch_path%3D$1"
}

journal_hash() {
    python3 -c 'import json; print(json.load(open("out"))["store"]["journal_hash"])'
}

a_run_on_a_server_is_the_run_in_a_file() {
    address same
    expect 0 $short --json --db run.db
    in_file=$(journal_hash)
    expect 0 $short --json --db "$address"
    [ "$(journal_hash)" = "$in_file" ] || fail "the journals differ"
}

statistics_of_a_server_are_those_of_a_file() {
    address statistics
    expect 0 $short --db run.db
    expect 0 $short --db "$address"
    expect 0 stats AAPL MSFT --period 1h --json --db run.db
    sed 's/"path":"[^"]*"//' out >of_file
    expect 0 stats AAPL MSFT --period 1h --json --db "$address"
    sed 's/"path":"[^"]*"//' out | cmp -s of_file - || fail "they differ"
}

a_second_run_goes_on_where_the_first_ended() {
    address twice
    expect 0 $short --db "$address"
    expect 0 $short --db "$address"
    expect 0 stats AAPL --period 1h --db "$address"
}

a_server_keeps_the_same_rows_as_a_file() {
    address rows
    server=$address
    make_trades 20000 trades.csv
    expect 0 import trades trades.csv --db "$server" --batch 5000
    prints '20,000 trades new, 0 there already'
    expect 0 import trades trades.csv --db "$server" --json
    holds out 'd["rows"] == 0 and d["skipped"] == 20000 and d["resumed"]'
    expect 0 import trades trades.csv --db "$server" --json --restart
    holds out 'd["rows"] == 0 and d["skipped"] == 20000'
    expect 0 export trades --db "$server" --out back.csv
    cmp -s back.csv trades.csv || fail "the export is not the file"
    expect 0 import trades trades.csv --db s.db
    expect 0 stats --db s.db --json
    cp out expected
    expect 0 stats --db "$server" --json
    cmp -s out expected || fail "the statistics are not those of a file"
    expect 0 bars --db "$server" --timeframes 1m
    cp out expected
    expect 0 bars --db s.db --timeframes 1m
    cmp -s out expected || fail "the bars are not those of a file"
    expect 0 db check --db "$server"
    expect 0 db verify --db "$server" --json
    holds out 'd["sound"] and d["journal"]["sound"] and d["journal"]["quarantined"] == 0'
    expect 0 db info --db "$server" --json
    holds out 'd["rows"]["trades"] == 20000 and d["backend"].startswith("PostgreSQL")'
    expect 0 db vacuum --db "$server"
    expect 1 db backup --db "$server" --out copy.db
    says 'pg_dump'
}

no_output_shows_the_password() {
    address secret
    expect 0 $short --db "$address"
    ! grep -q s3cret out err || fail "it is shown"
    expect 1 stats NOPE --period 1h --db "$address"
    ! grep -q s3cret out err || fail "it is shown"
    for action in info check migrate vacuum; do
        expect 0 db "$action" --db "$address"
        ! grep -q s3cret out err || fail "it is shown by db $action"
    done
    expect 1 db backup --out copy.db --db "$address"
    ! grep -q s3cret out err || fail "it is shown by db backup"
    expect 1 export trades NOPE --db "$address"
    ! grep -q s3cret out err || fail "it is shown by export"
    expect 1 explain 4711 --db "$address"
    ! grep -q s3cret out err || fail "it is shown by explain"
    expect 0 run --clock step --seed 8 --duration 5s --symbols AAPL --db run.db
    expect 1 replay run.db-record --db "$address"
    says 'is not the store of this recording'
    ! grep -q s3cret out err || fail "it is shown by replay"
}

the_monitor_of_a_run_on_a_server_shows_no_password() {
    address watched
    begin run --venue demo --duration 0 --quiet --listen 0 --db "$address"
    eventually test -s tradewind-listen
    mv err run_err
    expect 0 monitor --db "$address" --once
    prints 'postgresql://tradewind:***@'
    printf 'wrong\n' >tradewind-token
    expect 4 monitor --db "$address" --once
    says 'it belongs to another run'
    if grep -q s3cret out err run_err; then fail "it is shown"; fi
    kill -INT "$started"
    ended 130
}

a_server_that_is_not_there_is_told() {
    address gone
    expect 4 $short --db "postgresql://trader:s3cret@/market?host=/nowhere"
    says '/nowhere'
    ! grep -q s3cret out err || fail "the password is shown"
}

run_cases a_server_keeps_the_same_rows_as_a_file a_run_on_a_server_is_the_run_in_a_file statistics_of_a_server_are_those_of_a_file \
    a_second_run_goes_on_where_the_first_ended no_output_shows_the_password \
    the_monitor_of_a_run_on_a_server_shows_no_password \
    a_server_that_is_not_there_is_told
