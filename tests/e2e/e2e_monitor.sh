#!/bin/sh
# e2e_monitor.sh - the figures of a run while it trades, what was slow, and what a crash leaves.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

CHECK_OPEN_METRICS=${CHECK_OPEN_METRICS:-$(dirname -- "$tradewind")/tests/support/check_open_metrics}
market='--symbols AAPL,MSFT --duration 0 --clock x60 --db run.db'

# shellcheck disable=SC2086 # $market is words

# watch: a run with figures; sets $figures to where they are.
watch() {
    begin run $market --metrics 0
    eventually grep -q '^metrics on ' err
    figures=$(sed -n 's/^metrics on //p' err)
}

# get URL ARGUMENTS...: the answer into ./answer; sets $code.
get() {
    get_url=$1
    shift
    code=$(curl -s -o answer -w '%{http_code}' --noproxy '*' "$@" "$get_url") || true
}

# value SERIES: of the last answer.
value() {
    awk -v series="$1" 'index($0, series " ") == 1 { print $NF; found = 1 } END { exit !found }' answer
}

at_least() {
    get "$figures"
    awk -v series="$1" -v least="$2" \
        'index($0, series " ") == 1 && $NF + 0 >= least + 0 { found = 1 } END { exit !found }' answer
}

figures_are_valid_and_grow_while_it_trades() {
    watch
    eventually at_least 'tradewind_orders_total{outcome="filled"}' 1
    eventually at_least 'tradewind_store_commits_total{kind="urgent"}' 1
    before=$(value 'tradewind_market_events_total{kind="trade"}')
    eventually at_least 'tradewind_market_events_total{kind="trade"}' $((before + 100))
    for _ in 1 2 3 4 5; do
        get "$figures"
        [ "$code" = 200 ] || fail "it answers $code"
        "$CHECK_OPEN_METRICS" <answer || fail "the figures are no OpenMetrics text"
    done
    [ "$(value tradewind_venue_up)" = 1 ] || fail "the venue is not up"
    [ "$(value 'tradewind_engine_phase{phase="trading"}')" = 1 ] || fail "it does not trade"
    for stage in decode queue intake decide check durable hand_over order; do
        [ "$(value "tradewind_stage_seconds_count{stage=\"$stage\"}")" -gt 0 ] ||
            fail "the stage $stage is not timed"
    done
    [ "$(value 'tradewind_request_seconds_count{request="submit"}')" -gt 0 ] || fail "no request"
    at_least tradewind_reconciliations_total 1 || fail "nothing was compared with the venue"
    awk '$1 == "tradewind_reconciled_age_seconds" && $2 >= 0 && $2 < 600 { found = 1 } END { exit !found }' answer ||
        fail "it does not say when"
    grep -q '^# UNIT tradewind_reconciled_age_seconds seconds$' answer || fail "the age has no unit"
    python3 "$root/tests/support/check_dashboard.py" answer "$root/docs/grafana/tradewind.json" \
        "$root/docs/guide/monitor.md" || fail "dashboard, guide and figures do not agree"
    kill -INT "$started"
    ended 130
    store_is_clean run.db
    [ ! -e run.db-flight ] || fail "a run that did not crash left a dump"
}

figures_are_for_this_machine_only() {
    watch
    get "$figures" -H 'Host: evil.example'
    [ "$code" = 403 ] || fail "another host is answered $code"
    ! grep -q tradewind_ answer || fail "another host is told figures"
    get "${figures%metrics}v2/orders"
    [ "$code" = 404 ] || fail "another path is answered $code"
    kill -INT "$started"
    ended 130
}

a_stepped_run_has_figures_and_the_same_journal() {
    expect 0 run --clock step --seed 7 --duration 1m --symbols AAPL --json --quiet
    plain=$(json out 'd["store"]["journal_hash"]')
    expect 0 run --clock step --seed 7 --duration 1m --symbols AAPL --json --quiet --metrics 0
    [ "$(json out 'd["store"]["journal_hash"]')" = "$plain" ] || fail "figures change the journal"
}

an_address_that_is_none_is_wrong_usage() {
    for address in here 127.0.0.1 127.0.0.1:70000 99999; do
        expect 2 run $market --metrics "$address"
        says "--metrics $address: write an address and a port"
        [ ! -e run.db ] || fail "a store was made"
    done
    silent
}

a_port_that_is_taken_ends_the_run() {
    watch
    port=${figures%/metrics}
    expect 1 run --symbols AAPL --db other.db --metrics "${port##*:}"
    says 'in use'
    kill -INT "$started"
    ended 130
}

what_was_slow_is_told() {
    begin run $market --slow 1ns
    eventually grep -q 'warning slow.request request=submit' err
    eventually grep -q 'warning slow.commit rows=' err
    kill -INT "$started"
    ended 130
    # One at a time: the lines of one kind are a second apart at least.
    python3 - err <<'END' || fail "there are too many lines"
import datetime, re, sys
times = [datetime.datetime.fromisoformat(line.split()[0].rstrip("Z"))
         for line in open(sys.argv[1]) if " slow.commit " in line]
sys.exit(any((b - a).total_seconds() < 0.95 for a, b in zip(times, times[1:])))
END
}

a_crash_leaves_its_last_moments() {
    faults_end_it
    begin run $market
    eventually has_ended_orders run.db
    kill -USR1 "$started"
    eventually test -s run.db-flight
    "$tradewind" flight --json run.db-flight >first
    holds first 'd["reason"] == "SIGUSR1, a request" and not d["cut"]'
    kill -SEGV "$started"
    ended 139
    expect 0 flight --json run.db-flight
    holds out 'd["signal"] == 11 and d["process"] == '"$started"' and d["dropped"] == 0'
    holds out '{"phase", "decision", "intent", "submit", "order", "commit"} <= {n["what"] for n in d["notes"]}'
    holds out '[n["note"] for n in d["notes"]] == list(range(1, d["newest"] + 1))'
    ! grep -qi 'demo\|cash\|equity' out || fail "a dump tells of secrets or money"
    expect 0 flight --last 2 run.db-flight
    prints SIGSEGV
    [ "$(grep -c . out)" = 5 ] || fail "two notes were asked for"
    store_is_clean run.db
}

a_dump_has_the_name_it_is_given_or_none() {
    begin run $market --flight moments
    eventually has_trades run.db
    kill -USR1 "$started"
    eventually test -s moments
    kill -INT "$started"
    ended 130
    expect 1 run $market --flight nowhere/moments
    says 'nowhere/moments'
    faults_end_it
    begin run $market --flight none --db other.db
    eventually has_trades other.db
    kill -SEGV "$started"
    ended 139
    [ ! -e other.db-flight ] || fail "a dump was written"
}

what_is_no_dump_is_refused() {
    echo nothing >file
    expect 3 flight file
    says 'file is no dump of a flight recorder'
    expect 1 flight missing
    says 'missing cannot be opened'
    expect 2 flight
    silent
}

run_cases figures_are_valid_and_grow_while_it_trades figures_are_for_this_machine_only \
    a_stepped_run_has_figures_and_the_same_journal an_address_that_is_none_is_wrong_usage \
    a_port_that_is_taken_ends_the_run what_was_slow_is_told a_crash_leaves_its_last_moments \
    a_dump_has_the_name_it_is_given_or_none what_is_no_dump_is_refused
