#!/bin/sh
# e2e_server.sh - a run whose store is on a PostgreSQL server; run by with_postgres, which starts one.
# shellcheck disable=SC2154,SC2086 # some names are set in lib/cases.sh; $short is words
. "$(dirname -- "$0")/lib/cases.sh"

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

no_output_shows_the_password() {
    address secret
    expect 0 $short --db "$address"
    ! grep -q s3cret out err || fail "it is shown"
    expect 1 stats NOPE --period 1h --db "$address"
    ! grep -q s3cret out err || fail "it is shown"
}

a_server_that_is_not_there_is_told() {
    address gone
    expect 4 $short --db "postgresql://trader:s3cret@/market?host=/nowhere"
    says '/nowhere'
    ! grep -q s3cret out err || fail "the password is shown"
}

run_cases a_run_on_a_server_is_the_run_in_a_file statistics_of_a_server_are_those_of_a_file \
    a_second_run_goes_on_where_the_first_ended no_output_shows_the_password \
    a_server_that_is_not_there_is_told
