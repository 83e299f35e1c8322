#!/bin/sh
# e2e_safety.sh - real money, credentials and other people's orders: what a run refuses to begin.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# Credentials that must never be sent: nothing in these rules gets as far as a connection.
with_credentials() {
    APCA_API_KEY_ID=id APCA_API_SECRET_KEY=secret
    export APCA_API_KEY_ID APCA_API_SECRET_KEY
}

paper_does_not_reach_a_live_address() {
    with_credentials
    for url in https://api.alpaca.markets https://api.alpaca.markets:443/ https://example.com \
        https://paper-api.alpaca.markets.example.com; do
        APCA_API_BASE_URL=$url
        export APCA_API_BASE_URL
        expect 5 run --venue paper --symbols AAPL --db none.db
        says "the trading address $url is not the paper venue's"
    done
    [ ! -e none.db ] || fail "a store was made"
}

live_needs_everything_said() {
    with_credentials
    expect 5 run --venue live --symbols AAPL --db none.db
    says '--i-understand'
    expect 5 run --venue live --symbols AAPL --i-understand --db none.db
    says '--max-order, --max-weight and --max-day-loss'
    # A local exchange does not make --venue live harmless.
    APCA_API_BASE_URL=http://127.0.0.1:9
    export APCA_API_BASE_URL
    expect 5 run --venue live --symbols AAPL --db none.db
    says '--i-understand'
}

a_file_does_not_go_live() {
    with_credentials
    printf '[run]\nvenue = live\nmax-order = 1000\nmax-weight = 10%%\n' >tradewind.conf
    expect 5 run --symbols AAPL --i-understand --db none.db
    says '"venue = live" is not taken from tradewind.conf'
    printf '[run]\ni-understand = yes\nmax-order = 1000\nmax-weight = 10%%\n' >tradewind.conf
    expect 5 run --symbols AAPL --venue live --db none.db
    says '"i-understand" is not taken from'
}

a_file_does_not_say_where_credentials_go() {
    with_credentials
    printf '[venue]\nstream-url = wss://example.com\n' >tradewind.conf
    expect 5 run --venue paper --symbols AAPL --db none.db
    says '"stream-url" is not taken from'
}

an_address_holds_no_password() {
    with_credentials
    APCA_API_BASE_URL=http://user:hidden@127.0.0.1:9
    export APCA_API_BASE_URL
    expect 2 run --venue paper --symbols AAPL --db none.db
    says 'must not hold credentials'
    ! grep -q hidden err || fail "the password was printed"
}

# left_open VENUE: makes the newest order of a store look open, as after a crash at that venue.
left_open() {
    expect 0 run --clock step --duration 1m --symbols AAPL,MSFT --invested 0 --db past.db
    query past.db "SELECT 1" >/dev/null
    python3 -c '
import sqlite3, sys
store = sqlite3.connect("past.db")
store.execute("UPDATE orders SET status = 1 WHERE id = (SELECT max(id) FROM orders)")
store.execute("UPDATE runs SET venue = ?", (sys.argv[1],))
store.commit()' "$1"
}

orders_of_another_venue_are_not_settled_here() {
    left_open paper
    expect 5 run --clock step --duration 1m --symbols AAPL,MSFT --db past.db
    says 'that may still be open at the paper venue'
    # A run that was refused is none: it does not stand between, and another try is refused as well.
    expect 5 run --clock step --duration 1m --symbols AAPL,MSFT --db past.db
    says 'that may still be open at the paper venue'
    [ "$(query past.db 'SELECT count(*) FROM runs')" = 1 ] || fail "a refused run has a row"
}

orders_of_a_symbol_left_out_stop_the_run() {
    left_open demo
    expect 5 run --clock step --duration 1m --symbols GOOG --db past.db
    says 'that may still be open: name that symbol as well'
    expect 0 run --clock step --duration 1m --symbols AAPL,MSFT --db past.db
    [ "$(open_orders past.db)" = 0 ] || fail "an order of the first run is still open"
}

run_cases paper_does_not_reach_a_live_address live_needs_everything_said a_file_does_not_go_live \
    a_file_does_not_say_where_credentials_go an_address_holds_no_password \
    orders_of_another_venue_are_not_settled_here orders_of_a_symbol_left_out_stop_the_run
