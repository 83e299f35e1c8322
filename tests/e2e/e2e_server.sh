#!/bin/sh
# e2e_server.sh - the same commands against a PostgreSQL server that this story starts and stops.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/market.sh"

# as_owner COMMAND...: servers refuse to run as root.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

# Sets $server to the address of a private server without a network address.
start_server() {
    programs=
    for programs in /usr/lib/postgresql/*/bin; do :; done
    [ -x "$programs/initdb" ] || skip "there is no PostgreSQL here"
    home=$(mktemp -d /tmp/tradewind-e2e-XXXXXX)
    [ "$(id -u)" -ne 0 ] || chown postgres "$home"
    as_owner "$programs/initdb" -A trust -U postgres --no-sync -D "$home/data" >/dev/null 2>&1 ||
        fail "no cluster could be made"
    as_owner "$programs/pg_ctl" -D "$home/data" -w -l "$home/log" -o "-k $home -c listen_addresses= -c fsync=off" \
        start >/dev/null || fail "the server did not start"
    trap 'as_owner "$programs/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1; rm -rf "$home"' EXIT
    server="postgresql:///postgres?host=$home&user=postgres"
}

a_server_keeps_the_same_rows_as_a_file() {
    start_server
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
    expect 0 db info --db "$server" --json
    holds out 'd["rows"]["trades"] == 20000 and d["backend"].startswith("PostgreSQL")'
    expect 0 db vacuum --db "$server"
    expect 1 db backup --db "$server" --out copy.db
    says 'pg_dump'
}

a_run_can_write_to_a_server() {
    start_server
    expect 0 run --clock step --duration 10s --symbols AAPL,MSFT --db "$server" --json
    holds out 'd["store"]["backend"].startswith("PostgreSQL")'
    hash=$(json out 'd["store"]["journal_hash"]')
    expect 0 run --clock step --duration 10s --symbols AAPL,MSFT --db s.db --json
    [ "$(json out 'd["store"]["journal_hash"]')" = "$hash" ] || fail "another journal than a file's"
}

run_cases \
    a_server_keeps_the_same_rows_as_a_file \
    a_run_can_write_to_a_server
