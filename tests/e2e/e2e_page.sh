#!/bin/sh
# e2e_page.sh - the exchange's page, in a browser. Without Chromium and Node.js it is skipped.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

exec 9>&1 # what is counted is shown of cases that pass, too

a_person_trades_on_the_page() {
    command -v node >/dev/null || skip "there is no node"
    browser=$(command -v chromium) || skip "there is no chromium"
    start_exchange --symbols AAPL,MSFT --seed 7 --start 2026-01-05T14:31:00Z --clock x10
    cp "$root"/tests/e2e/page/*.mjs "$root/tests/e2e/sdk/suite.mjs" .
    mkdir profile
    EXCHANGE=$url CHROMIUM=$browser PROFILE=$PWD/profile node page.mjs >said 2>&1 || fail "$(cat said)"
    echo "counts: page: $(tail -n 1 said)" >&9
    grep -q '^[1-9][0-9]* passed, 0 failed$' said || fail "$(cat said)"
}

run_cases a_person_trades_on_the_page
