#!/bin/sh
# e2e_dashboard_page.sh - the page of a running system, in a browser. Without Chromium and Node.js it is skipped.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

exec 9>&1 # what is counted is shown of cases that pass, too

a_person_watches_a_run_and_stops_it() {
    command -v node >/dev/null || skip "there is no node"
    browser=$(command -v chromium) || skip "there is no chromium"
    cp "$root"/tests/e2e/page/*.mjs "$root/tests/e2e/sdk/suite.mjs" .
    mkdir profile
    TRADEWIND=$tradewind CHROMIUM=$browser PROFILE=$PWD/profile node dashboard.mjs >said 2>&1 || fail "$(cat said)"
    echo "counts: dashboard: $(tail -n 1 said)" >&9
    grep -q '^[1-9][0-9]* passed, 0 failed$' said || fail "$(cat said)"
    store_is_clean run.db
    kills=$(query run.db "SELECT payload FROM journal WHERE kind = 'kill'")
    case $kills in
    *'"level":"cancel"'*'"by":"page"'*) ;;
    *) fail "the journal says of kills: $kills" ;;
    esac
    [ "$(query run.db "SELECT count(*) > 0 FROM journal WHERE kind = 'lift'")" = 1 ] || fail "no lift is in the journal"
}

run_cases a_person_watches_a_run_and_stops_it
