#!/bin/sh
# e2e_stats.sh - `tradewind stats`: the figures, and what is said when there are none.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

five_trades() {
    cat <<END
ts_ns,symbol,price,size,side
1704207600000000000,AAPL,100,10,B
1704207601000000000,AAPL,110.5,1,S
1704207602000000000,AAPL,90,2.5,
1704294002000000000,AAPL,95,4,B
1704207600500000000,TINY,0.000012345,1000,B
END
}

# The value of one key of the JSON document in ./out, written as JSON.
value() {
    python3 -c 'import json, sys; print(json.dumps(json.load(open("out"))[sys.argv[1]]))' "$1"
}
holds() {
    [ "$(value "$1")" = "$2" ] || {
        echo "$1 is $(value "$1"), expected $2"
        return 1
    }
}

known_figures_are_printed() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL --db s.db --at 2024-01-02T15:00:02Z --period 2s --json
    ended 0
    holds symbol '"AAPL"'
    holds period '"2s"'
    holds from '"2024-01-02T15:00:00.000000000Z"'
    holds to '"2024-01-02T15:00:02.000000000Z"'
    holds count 2
    holds volume '"3.5"'
    holds notional '"335.5"'
    holds vwap '"95.857142857"'
    holds open '"110.5"'
    holds high '"110.5"'
    holds low '"90"'
    holds close '"90"'
    holds mean 100.25
    holds stddev 10.25
    holds cached false
}

the_period_takes_its_end_and_leaves_its_start() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL --db s.db --at 2024-01-02T15:00:01Z --period 1s --json
    holds count 1
    run stats AAPL --db s.db --at 2024-01-02T15:00:01.999999999Z --period 1s --json
    holds count 1
    run stats AAPL --db s.db --at 2024-01-02T15:00:02Z --period 2000000001ns --json
    holds count 3
}

the_newest_trade_is_the_default_end() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL --db s.db --json
    ended 0
    holds to '"2024-01-03T15:00:02.000000000Z"'
    holds count 1
    holds close '"95"'
}

figures_agree_with_a_slow_computation() {
    slow_market trades 7 5000 >trades.csv
    "$MAKE_STORE" s.db trades.csv
    for symbol in AAPL BTC/USD MSFT; do
        run stats "$symbol" --db s.db --at 2024-01-02T20:00:00Z --period 3h --json
        ended 0
        slow_market stats trades.csv "$symbol" 1704214800000000000 \
            1704225600000000000 >expected
        python3 - <<'END'
import json, math
ours, expected = json.load(open("out")), json.load(open("expected"))
assert expected["count"] > 100, expected
for key, value in expected.items():
    same = ours[key] == value if key not in ("mean", "stddev") else \
        math.isclose(ours[key], value, rel_tol=1e-12)
    assert same, (key, ours[key], value)
END
    done
}

several_symbols_make_an_array() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats TINY AAPL --db s.db --json
    ended 0
    [ "$(python3 -c 'import json; print([r["symbol"] for r in json.load(open("out"))])')" = \
        "['TINY', 'AAPL']" ]
}

without_a_symbol_all_with_trades_are_shown() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv QUOTED
    run stats --db s.db --json
    ended 0
    [ "$(python3 -c 'import json; print([r["symbol"] for r in json.load(open("out"))])')" = \
        "['AAPL', 'TINY']" ]
    run stats --help
    ended 0
    printed 'every symbol that has trades'
}

a_period_without_trades_has_no_prices() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL --db s.db --at 2020-01-01 --json
    ended 0
    holds count 0
    holds volume '"0"'
    holds vwap null
    holds mean null
    run stats AAPL --db s.db --at 2020-01-01
    ended 0
}

the_table_is_for_people() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL TINY --db s.db --at 2024-01-03T15:00:02Z --period 1w
    ended 0
    printed 'SYMBOL COUNT VOLUME'
    grep -Eq '^AAPL +4 +17\.5 +1,715\.50 +98\.0286 +100\.00 +110\.50 +90\.00 +95\.00 ' out
    grep -Eq '^TINY +1 +1,000 +0\.01 +0\.000012345 +0\.000012345 ' out
    printed '1 week, after 2023-12-27T15:00:02Z, up to and including 2024-01-03T15:00:02Z (UTC).'
    run stats AAPL TINY --db s.db
    ended 0
    printed '2024-01-02T15:00:00.5Z'
    printed 'Each row covers 1 day, up to and including the time under UNTIL (UTC).'
}

the_configuration_file_may_name_the_store() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    printf '[stats]\ndb = s.db\nperiod = 2d\n' >tradewind.conf
    run stats AAPL --json
    ended 0
    holds period '"2d"'
    holds count 4
    run stats AAPL --period 1s --json
    ended 0
    holds count 1
    printf '[statistics]\ndb = s.db\n' >tradewind.conf
    run stats AAPL
    said 'unknown section [statistics]'
    printed_nothing
}

an_unknown_symbol_fails_and_names_those_there() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL XYZ --db s.db
    ended 1
    said 's.db has no symbol "XYZ"; it has AAPL, TINY'
    printed_nothing
}

a_symbol_without_trades_is_bad_data() {
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv QUOTED
    run stats QUOTED --db s.db
    ended 3
    said 's.db has no trades of QUOTED'
}

an_empty_store_is_bad_data() {
    "$MAKE_STORE" s.db
    run stats --db s.db
    ended 3
    said 's.db has no trades'
    run stats AAPL --db s.db
    ended 1
    said 'it has none at all'
}

a_missing_file_fails_and_is_not_made() {
    run stats --db no.db
    ended 1
    said 'no.db does not exist'
    [ ! -e no.db ]
}

what_is_not_a_store_is_bad_data() {
    echo 'not a database, just a line of text' >text.db
    run stats --db text.db
    ended 3
    said 'text.db is not a store'
    : >empty.db
    run stats --db empty.db
    ended 3
    said 'empty.db is empty'
    mkdir folder.db
    run stats --db folder.db
    ended 3
    said 'folder.db is a directory'
}

a_damaged_store_is_bad_data() {
    slow_market trades 3 20000 >trades.csv
    "$MAKE_STORE" s.db trades.csv
    # Everything behind the first pages becomes noise.
    python3 - <<'END'
import os
size = os.path.getsize("s.db")
with open("s.db", "r+b") as store:
    store.seek(size // 4)
    store.write(b"\xa5" * (size // 2))
END
    run stats --db s.db
    ended 3
    said 's.db'
    printed_nothing
}

a_file_without_permission_is_named() {
    [ "$(id -u)" -ne 0 ] || {
        echo 'root may read everything'
        exit 77
    }
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    chmod 000 s.db
    run stats --db s.db
    ended 1
    said 's.db'
}

wrong_usage_is_explained() {
    run stats AAPL
    ended 2
    said 'name the store to read with --db FILE'
    run stats --dbb s.db
    ended 2
    said 'did you mean --db?'
    run stats --db s.db --period yesterday
    ended 2
    said '--period'
    run stats --db s.db --period 0
    ended 2
    said '--period'
    run stats --db s.db --at noon
    ended 2
    said '--at'
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run stats AAPL AAPL --db s.db
    ended 2
    said 'AAPL is named twice'
}

a_full_disk_is_told() {
    [ -c /dev/full ] || exit 77
    five_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    for form in --json --no-json; do
        run_to /dev/full stats --db s.db "$form"
        ended 1
        said 'No space left on device'
    done
}

run_cases known_figures_are_printed the_period_takes_its_end_and_leaves_its_start \
    the_newest_trade_is_the_default_end figures_agree_with_a_slow_computation \
    several_symbols_make_an_array without_a_symbol_all_with_trades_are_shown \
    a_period_without_trades_has_no_prices the_table_is_for_people \
    the_configuration_file_may_name_the_store \
    an_unknown_symbol_fails_and_names_those_there a_symbol_without_trades_is_bad_data \
    an_empty_store_is_bad_data a_missing_file_fails_and_is_not_made \
    what_is_not_a_store_is_bad_data a_damaged_store_is_bad_data \
    a_file_without_permission_is_named wrong_usage_is_explained a_full_disk_is_told
