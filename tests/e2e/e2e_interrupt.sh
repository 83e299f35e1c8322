#!/bin/sh
# e2e_interrupt.sh - a run that is interrupted, ended or killed, and a reader that goes away.
#
# With a billion dollars the orders are larger than the book, so that some are open at any time.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

large='--cash 1000000000 --symbols AAPL,MSFT --duration 0'

# shellcheck disable=SC2086 # $large is words

# What an interrupted run must have left: its report, all orders at their end, a clean store.
check_interrupted() {
    says 'interrupted; no order is left open; what was committed is in run.db'
    store_is_clean run.db
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
    [ "$(query run.db 'SELECT count(*) > 0 FROM orders WHERE status = 9')" = 1 ] ||
        fail "no order was cancelled"
    [ "$(query run.db 'SELECT ended_ns > 0 FROM runs')" = 1 ] || fail "the run row is not finished"
}

# interrupt SIGNAL ARGUMENTS...: a demo run that gets a signal while orders are open.
interrupt() {
    signal=$1
    shift
    begin run $large --db run.db "$@"
    eventually has_orders run.db
    kill "-$signal" "$started"
    ended 130
    check_interrupted
}

ctrl_c_ends_a_demo_in_order() {
    interrupt INT --clock x1 --json
    holds out 'd["ending"] == "interrupted" and d["phase"] == "done"'
    holds out 'd["orders"]["open"] == 0 and d["orders"]["unknown"] == 0'
    holds out 'd["orders"]["canceled"] > 0'
}

ctrl_c_ends_a_stepped_demo_in_order() {
    interrupt INT --clock step
    prints 'Everything is in run.db'
}

the_end_signal_is_an_interrupt_too() {
    interrupt TERM --clock x1
    prints 'Everything is in run.db'
}

ctrl_c_ends_a_paper_run_in_order() {
    start_exchange --cash 1000000000 --symbols AAPL,MSFT --clock x1
    interrupt INT --venue paper
    prints 'paper, 2 symbols'
    command -v curl >/dev/null || return 0
    curl -sf -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' \
        "$url/v2/orders?status=open" >open.json || fail "the exchange does not answer"
    holds open.json 'd == []'
}

ctrl_c_before_the_first_order_is_in_order() {
    start_exchange --symbols AAPL,MSFT --clock step
    # Time stands still, so that one symbol without a trade keeps the run from its first decision.
    begin run --venue paper --symbols AAPL,MSFT --duration 0 --db run.db
    eventually test -s run.db
    kill -INT "$started"
    ended 130
    says 'interrupted'
    store_is_clean run.db
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
}

faults_struck() {
    curl -sf "$url/sim/faults" >struck.json && grep -q '"count":[1-9]' struck.json
}

# The sanitisers see here whether the end of a request finds what it reports to.
ctrl_c_twice_gives_up_what_the_venue_does_not_answer() {
    command -v curl >/dev/null || skip "there is no curl"
    start_exchange --symbols AAPL,MSFT --clock x10
    begin run --venue paper --symbols AAPL,MSFT --duration 0 --band 0.01% --rebalance-every 1s \
        --db run.db
    eventually has_ended_orders run.db
    curl -sf "$url/sim/faults" --data-binary 'latency 50s 0s /v2/orders' >/dev/null ||
        fail "no faults are taken"
    eventually faults_struck
    kill -INT "$started"
    kill -INT "$started"
    ended 130
    says 'interrupted'
    store_is_clean run.db
}

a_killed_run_is_taken_up_by_the_next() {
    start_exchange --cash 1000000000 --symbols AAPL,MSFT --clock x1
    begin run --venue paper $large --db run.db
    eventually has_orders run.db
    kill -KILL "$started"
    ended 137
    before=$(query run.db 'SELECT count(*) FROM orders')
    [ "$(open_orders run.db)" -gt 0 ] || fail "nothing was open: this proves nothing"
    expect 0 run --venue paper --symbols AAPL,MSFT --duration 2s --db run.db --json
    store_is_clean run.db
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
    [ "$(query run.db 'SELECT group_concat(id) FROM runs')" = 1,2 ] || fail "a run is missing"
    [ "$(query run.db 'SELECT ended_ns FROM runs WHERE id = 1')" = 0 ] ||
        fail "a killed run has no end"
    [ "$(query run.db "SELECT count(DISTINCT client_order_id) = count(*) AND count(*) > $before
        FROM orders")" = 1 ] || fail "the second run did not trade on"
    # What was bought and sold in both runs is what the venue says it holds.
    [ "$(query run.db "SELECT count(*) FROM symbols s WHERE
        coalesce((SELECT sum(CASE side WHEN 1 THEN quantity ELSE -quantity END) FROM fills
            WHERE symbol = s.id), 0) !=
        coalesce((SELECT quantity FROM positions WHERE symbol = s.id AND run = 2), 0)")" = 0 ] ||
        fail "fills and positions differ: $(query run.db 'SELECT * FROM positions')"
}

a_killed_demo_is_followed_by_another() {
    begin run $large --clock x1 --db run.db
    eventually has_orders run.db
    kill -KILL "$started"
    ended 137
    expect 0 run --clock step --symbols AAPL,MSFT --duration 10s --db run.db --json
    store_is_clean run.db
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
    holds out 'd["run"] == 2 and d["orders"]["filled"] == 2'
}

a_reader_that_goes_away_ends_nothing_badly() {
    mkfifo pipe
    "$tradewind" run --clock step --duration 10s --symbols AAPL --db run.db >pipe 2>err &
    started=$!
    : <pipe
    ended 1
    says 'the report could not be written: Broken pipe'
    store_is_clean run.db
    status=0
    "$tradewind" run --clock step --duration 10s --symbols AAPL --json --db run.db 2>err >&- ||
        status=$?
    [ "$status" -eq 1 ] || fail "with standard output closed it ended with $status"
    says 'the report could not be written'
    store_is_clean run.db
    [ "$(query run.db 'SELECT count(*) FROM runs WHERE ended_ns > 0')" = 2 ] ||
        fail "a run is not finished"
}

# begin_unread ARGUMENTS...: a run whose report cannot be printed, because nobody reads it.
begin_unread() {
    mkfifo pipe
    exec 7<>pipe
    python3 - <<'PY'
import os
os.set_blocking(7, False)
try:
    while True:
        os.write(7, bytes(4096))
except BlockingIOError:
    pass
PY
    "$tradewind" run --quiet --symbols AAPL,MSFT --db run.db "$@" >pipe 2>err </dev/null &
    started=$!
    echo "$started" >>"$work/children"
}

is_reported() {
    [ "$(query run.db 'SELECT ended_ns > 0 FROM runs')" = 1 ]
}

signal_is_taken() {
    grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$started/status"
}

ctrl_c_again_leaves_without_the_report() {
    begin_unread --clock x1 --duration 0 --cash 1000000000 --listen 127.0.0.1:0
    eventually has_orders run.db
    kill -INT "$started"
    eventually is_reported
    kill -INT "$started"
    ended 130
    says 'interrupted' 5
    store_is_clean run.db
    [ ! -e run.db-token ] && [ ! -e run.db-listen ] || fail "the dashboard's files are left"
}

ctrl_c_twice_leaves_without_the_report_of_a_whole_run() {
    begin_unread --clock step --duration 10s
    eventually is_reported
    kill -INT "$started"
    eventually signal_is_taken
    kill -INT "$started"
    ended 130
    says 'interrupted'
    store_is_clean run.db
}

ctrl_c_once_still_gets_the_report_of_a_whole_run() {
    begin_unread --clock step --duration 10s
    eventually is_reported
    kill -INT "$started"
    eventually signal_is_taken
    exec 8<pipe 7>&-
    tr -d '\0' <&8 >out
    ended 130
    says 'interrupted while the report was written, which is whole'
    prints 'Everything is in run.db'
}

run_cases ctrl_c_again_leaves_without_the_report \
    ctrl_c_twice_leaves_without_the_report_of_a_whole_run \
    ctrl_c_once_still_gets_the_report_of_a_whole_run ctrl_c_ends_a_demo_in_order ctrl_c_ends_a_stepped_demo_in_order \
    the_end_signal_is_an_interrupt_too ctrl_c_ends_a_paper_run_in_order \
    ctrl_c_before_the_first_order_is_in_order a_killed_run_is_taken_up_by_the_next \
    ctrl_c_twice_gives_up_what_the_venue_does_not_answer \
    a_killed_demo_is_followed_by_another a_reader_that_goes_away_ends_nothing_badly
