#!/bin/sh
# e2e_paper.sh - a venue that refuses, is not there, or goes away; and what guards a live account.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

paper='run --venue paper --symbols AAPL,MSFT --db run.db'

# shellcheck disable=SC2086 # $paper is words

without_credentials_nothing_begins() {
    expect 2 $paper
    says 'set APCA_API_KEY_ID and APCA_API_SECRET_KEY, or try --venue demo'
    silent
    [ ! -e run.db ] || fail "a store was made"
}

live_money_needs_a_word_and_limits() {
    APCA_API_KEY_ID=demo
    APCA_API_SECRET_KEY=demo
    APCA_API_BASE_URL=http://127.0.0.1:9
    export APCA_API_KEY_ID APCA_API_SECRET_KEY APCA_API_BASE_URL
    expect 5 run --venue live --symbols AAPL
    says 'say --i-understand'
    expect 5 run --venue live --symbols AAPL --i-understand
    says 'give --max-order, --max-weight and --max-day-loss'
    expect 5 run --venue live --symbols AAPL --i-understand --max-order 100
    says 'give --max-order, --max-weight and --max-day-loss'
    silent
    [ ! -e tradewind.db ] || fail "a store was made"
}

wrong_credentials_end_the_run_at_once() {
    start_exchange --symbols AAPL,MSFT
    APCA_API_SECRET_KEY=guessed
    expect 4 $paper --away 1h
    # The REST interface and the streams say it in words of their own; whichever is first is told.
    grep -qi 'credentials\|auth' err || fail "it does not say that the credentials are wrong"
    says "$url"
    silent
    ! grep -q guessed err run.db || fail "the secret is told or kept"
    store_is_clean run.db
}

a_venue_that_is_not_there_ends_the_run_within_its_patience() {
    start_exchange --symbols AAPL,MSFT
    kill -INT "$exchange"
    awaited "$exchange"
    expect 4 $paper --away 1s
    says 'onnect'
    silent
    store_is_clean run.db
}

a_venue_that_dies_ends_the_run_within_its_patience() {
    start_exchange --symbols AAPL,MSFT --clock x10
    begin $paper --duration 0 --away 1s
    eventually has_trades run.db
    eventually has_ended_orders run.db
    kill -KILL "$exchange"
    ended 4
    says "$url"
    prints 'failed'
    store_is_clean run.db
    has_trades run.db || fail "what was recorded is gone"
    [ "$(query run.db 'SELECT ended_ns > 0 FROM runs')" = 1 ] || fail "the run row is not finished"
}

# The venue's time stands still, the user's does not.
a_run_ends_in_time_though_its_venue_is_away() {
    start_exchange --symbols AAPL,MSFT
    begin $paper --duration 6s --away 10m
    eventually has_ended_orders run.db
    kill -KILL "$exchange"
    ended 0
    grep -q 'warning venue.lost' err || fail "the loss is not told"
    [ "$(query run.db "SELECT count(*) FROM journal WHERE kind = 'down'")" = 1 ] ||
        fail "one outage is not one entry"
    store_is_clean run.db
}

nothing_to_trade_is_wrong_usage() {
    APCA_API_KEY_ID=demo
    APCA_API_SECRET_KEY=demo
    APCA_API_BASE_URL=http://127.0.0.1:9
    export APCA_API_KEY_ID APCA_API_SECRET_KEY APCA_API_BASE_URL
    expect 2 run --venue paper --db run.db
    says 'name symbols with --symbols'
    [ ! -e run.db ] || fail "a store was made"
}

two_runs_trade_one_account() {
    start_exchange --symbols AAPL,MSFT --clock x10
    expect 0 $paper --duration 5s --json
    holds out 'd["orders"]["filled"] == 2 and d["account"]["cash_before"] == "100000"'
    cp out first.json
    expect 0 $paper --duration 5s --json --strategy equal --cash-weight 50%
    [ "$(json first.json 'd["account"]["cash_after"]')" = \
        "$(json out 'd["account"]["cash_before"]')" ] || fail "the second run begins elsewhere"
    holds out 'd["run"] == 2 and d["orders"]["filled"] == 2'
    store_is_clean run.db
}

a_store_is_never_used_for_another_account() {
    start_exchange --symbols AAPL,MSFT --clock x10 --seed 7
    expect 0 $paper --duration 5s --json
    cp run.db before.db
    kill -INT "$exchange"
    awaited "$exchange"
    rm ready
    start_exchange --symbols AAPL,MSFT --clock x10 --seed 8
    expect 5 $paper --duration 5s --json --strategy equal --cash-weight 50%
    says 'the venue answers for another account than the one that was traded here before'
    [ "$(query run.db 'SELECT count(*) FROM orders')" = "$(query before.db 'SELECT count(*) FROM orders')" ] ||
        fail "orders were made for it"
    store_is_clean run.db
}

a_limit_of_the_day_holds_over_a_restart() {
    start_exchange --symbols AAPL,MSFT --clock x10
    expect 0 $paper --duration 3s --json --max-day-orders 1
    holds out 'd["orders"]["total"] == 1 and d["orders"]["denied_by"]["message_day"] > 0'
    expect 0 $paper --duration 3s --json --max-day-orders 1
    holds out 'd["orders"]["total"] == 0 and d["orders"]["denied_by"]["message_day"] > 0'
    expect 0 $paper --duration 3s --json --max-day-orders 1 --forget-losses
    holds out 'd["orders"]["total"] == 1'
    store_is_clean run.db
}

run_cases without_credentials_nothing_begins live_money_needs_a_word_and_limits \
    wrong_credentials_end_the_run_at_once \
    a_venue_that_is_not_there_ends_the_run_within_its_patience \
    a_venue_that_dies_ends_the_run_within_its_patience \
    a_run_ends_in_time_though_its_venue_is_away nothing_to_trade_is_wrong_usage \
    two_runs_trade_one_account a_store_is_never_used_for_another_account a_limit_of_the_day_holds_over_a_restart
