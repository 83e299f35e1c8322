#!/bin/sh
# e2e_page.sh - the exchange's page, in a browser. Without Chromium and Node.js it is skipped.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/page.sh"

a_person_trades_on_the_page() {
    find_browser
    start_exchange --symbols AAPL,MSFT --seed 7 --start 2026-01-05T14:31:00Z --clock x10
    export EXCHANGE="$url"
    browse page
}

run_cases a_person_trades_on_the_page
