#!/bin/sh
# e2e_capture.sh - an hour of a real order book, with a real history of prices, traded whole. The
# files stand outside of the repository.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

a_real_hour_is_traded_whole_and_the_same_twice() {
    tape=${TRADEWIND_DATA:-}/orders/lobster/AAPL_0930_1030_message_50.csv.gz
    [ -r "$tape" ] || skip "TRADEWIND_DATA does not name the folder of the captures"
    for run in one two; do
        mkdir $run
        (
            cd $run || exit
            expect 0 run --venue demo --tape "$tape" --json --clock step --db ../$run.db \
                --initial "$TRADEWIND_DATA/orders/lobster/AAPL_book.csv" \
                --prices "$TRADEWIND_DATA/vectors/data/pypfopt_stock_prices.csv"
            mv out ../$run.json
        ) &
    done
    wait
    [ -s one.json ] && [ -s two.json ] || fail "a run did not end as it should"
    [ "$(json one.json 'd["store"]["journal_hash"]')" = \
        "$(json two.json 'd["store"]["journal_hash"]')" ] || fail "two journals of one capture"
    holds one.json 'd["ending"] == "done" and d["events"]["total"] > 1000000'
    holds one.json 'd["from"][11:16] == "13:30" and d["to"][11:16] == "14:30"'
    holds one.json 'd["orders"]["filled"] >= 10 and d["orders"]["open"] == 0'
    holds one.json 'd["risk"]["observations"] > 450'
    holds one.json 'all(p["weight"] > 0 for p in d["positions"] if p["target"] > 0.011)'
    holds one.json '500 < float([p for p in d["positions"] if p["symbol"] == "AAPL"][0]["price"])
        < 700'
    store_is_clean one.db
}

run_cases a_real_hour_is_traded_whole_and_the_same_twice
