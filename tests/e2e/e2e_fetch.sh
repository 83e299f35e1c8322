#!/bin/sh
# e2e_fetch.sh - `tradewind fetch`: a history comes whole and once, whatever happens on the way.
#
# The exchange's clock stands at 2026-01-05T14:30Z; what is fetched lies before it.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

week='--from 2025-12-08 --to 2025-12-13'

# shellcheck disable=SC2086 # $week is words

bar_count() {
    query "$1" 'SELECT count(*) FROM bars'
}

has_a_whole_part() {
    [ "$(query "$1" 'SELECT count(*) FROM imports')" -gt 0 ]
}

# An exchange that takes its time, so that there is a middle.
start_slow_exchange() {
    printf 'latency 150ms 0ms\n' >plan
    start_exchange --clock step --faults plan
}

# What an undisturbed fetch of the week brings: 3 symbols, 5 sessions of 390 minutes.
three='AAPL MSFT,NVDA'
rows=5850

bars_come_whole_and_once() {
    start_exchange --clock step
    expect 0 fetch bars $three $week --db f.db --json
    holds out "d['rows'] == $rows and d['skipped'] == 0 and not d['resumed']"
    holds out "d['requests'] == 2 and d['retries'] == 0 and d['bytes'] > 100000"
    holds out "d['refused'] == [] and d['empty'] == [] and d['rows_per_second'] > 0"
    [ "$(bar_count f.db)" = $rows ] || fail "there are $(bar_count f.db) bars"
    expect 0 fetch bars $three $week --db f.db --json
    holds out "d['rows'] == 0 and d['skipped'] == $rows and d['resumed'] and d['requests'] == 0"
    expect 0 fetch bars $three $week --db f.db --restart --json
    holds out "d['rows'] == 0 and d['skipped'] == $rows and not d['resumed']"
    expect 0 fetch bars $three $week --db f.db
    prints '0 bars new, 5,850 there already; 0 requests'
    prints 'going on where a fetch before had stopped'
}

many_at_once_are_the_same_as_one_by_one() {
    start_exchange --clock step
    expect 0 fetch bars $three $week --db many.db --in-flight 64 --page-limit 1000
    expect 0 fetch bars $three $week --db one.db --in-flight 1 --page-limit 123
    for name in many one; do
        expect 0 export bars --db $name.db --full --out $name.csv
    done
    cmp many.csv one.csv || fail "the two stores differ"
    [ "$(wc -l <many.csv)" -eq $((rows + 1)) ] || fail "rows are missing"
}

days_are_fetched_many_symbols_at_a_time() {
    start_exchange --clock step
    expect 0 fetch bars $three --timeframe 1d --from 2025-01-01 --to 2026-01-01 --db f.db --json
    holds out "d['requests'] == 1 and d['rows'] == 3 * 250"
}

# 22 sessions, in two parts a symbol.
month='--from 2025-12-01 --to 2025-12-31'
month_rows=24030

a_killed_fetch_goes_on() {
    start_slow_exchange
    begin fetch bars $three $month --db f.db --in-flight 1 --page-limit 1000
    eventually has_a_whole_part f.db
    kill -KILL "$started"
    ended 137
    [ "$(bar_count f.db)" -lt $month_rows ] || fail "it was too quick to be killed"
    expect 0 fetch bars $three $month --db f.db --json
    holds out "d['resumed'] and d['rows'] + d['skipped'] == $month_rows and d['skipped'] > 0"
    [ "$(bar_count f.db)" = $month_rows ] || fail "there are $(bar_count f.db) bars"
    [ "$(query f.db 'PRAGMA integrity_check')" = ok ] || fail "the store is damaged"
}

ctrl_c_keeps_what_came() {
    start_slow_exchange
    begin fetch bars $three $month --db f.db --in-flight 1 --page-limit 1000
    eventually has_a_whole_part f.db
    kill -INT "$started"
    ended 130
    says 'run it again to go on there' 3
    says 'bars from before it are stored' 3
    expect 0 fetch bars $three $month --db f.db --json
    holds out "d['resumed'] and d['rows'] + d['skipped'] == $month_rows"
}

the_exchange_may_restart_in_the_middle() {
    start_slow_exchange
    here=${url#http://}
    begin fetch bars $three $month --db f.db --in-flight 2 --page-limit 1000 --json
    eventually has_a_whole_part f.db
    kill "$exchange"
    awaited "$exchange"
    eventually grep -q 'trying again for up to 180 s' err
    rm ready
    start_exchange --clock step --listen "$here"
    ended 0
    holds out "d['rows'] == $month_rows and d['retries'] > 0"
    [ "$(bar_count f.db)" = $month_rows ] || fail "there are $(bar_count f.db) bars"
}

patience_has_an_end() {
    start_exchange --clock step
    kill "$exchange"
    awaited "$exchange"
    expect 4 fetch bars AAPL $week --db f.db --patience 1s --quiet
    says 'GET failed'
    expect 4 fetch bars AAPL $week --db f.db --patience 0s --quiet
}

a_symbol_without_bars_is_named() {
    start_exchange --clock step
    expect 0 fetch bars AAPL,NOSUCH $week --db f.db
    prints '1,950 bars new'
    says 'the venue has no bars of NOSUCH in that time'
}

a_refused_part_is_told() {
    start_exchange --clock step
    expect 4 fetch trades AAPL $week --feed delayed_sip --db f.db --json
    says 'AAPL: the venue answered HTTP 400' 5
    holds out "len(d['refused']) == 5 and d['refused'][0]['symbols'] == 'AAPL'"
}

a_wrong_secret_is_told_and_not_shown() {
    start_exchange --clock step
    export APCA_API_SECRET_KEY=wrong-secret-47
    expect 4 fetch bars AAPL $week --db f.db
    says 'HTTP 401'
    ! grep -q 'wrong-secret-47' out err || fail "the secret is shown"
}

what_cannot_be_fetched_is_refused_first() {
    start_exchange --clock step
    expect 2 fetch
    says 'say what is fetched'
    expect 2 fetch candles AAPL $week --db f.db
    expect 2 fetch bars AAPL --db f.db
    says 'say where to begin'
    expect 2 fetch bars AAPL --from 2025-12-09 --to 2025-12-09 --db f.db
    says 'later than --from'
    expect 2 fetch bars AAPL $week
    says 'name the store'
    expect 2 fetch bars $week --db f.db
    says 'name the symbols'
    expect 2 fetch bars AAPL,,MSFT $week --db f.db
    says 'is not a symbol'
    expect 2 fetch bars AAPL $week --timeframe 30s --db f.db
    says 'the venue has bars of 1m to 59m'
    unset APCA_API_SECRET_KEY
    expect 2 fetch bars AAPL $week --db f.db
    says 'set APCA_API_KEY_ID'
    [ ! -e f.db ] || fail "a store was made for nothing"
}

a_file_does_not_say_where_credentials_go() {
    start_exchange --clock step
    unset APCA_API_DATA_URL
    printf '[venue]\ndata-url = %s\n' "$url" >tradewind.conf
    expect 2 fetch bars AAPL $week --db f.db
    says '"data-url" is not taken from tradewind.conf'
}

run_cases bars_come_whole_and_once many_at_once_are_the_same_as_one_by_one \
    days_are_fetched_many_symbols_at_a_time a_killed_fetch_goes_on ctrl_c_keeps_what_came \
    the_exchange_may_restart_in_the_middle patience_has_an_end \
    a_symbol_without_bars_is_named a_refused_part_is_told a_wrong_secret_is_told_and_not_shown \
    what_cannot_be_fetched_is_refused_first a_file_does_not_say_where_credentials_go
