#!/bin/sh
# e2e_dashboard_page.sh - the page of a running system, in a browser. Without Chromium and Node.js it is skipped.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/page.sh"

a_person_watches_a_run_and_stops_it() {
    find_browser
    export TRADEWIND="$tradewind"
    browse dashboard
    store_is_clean run.db
    kills=$(query run.db "SELECT payload FROM journal WHERE kind = 'kill'")
    case $kills in
    *'"level":"cancel"'*'"by":"page"'*) ;;
    *) fail "the journal says of kills: $kills" ;;
    esac
    [ "$(query run.db "SELECT count(*) > 0 FROM journal WHERE kind = 'lift'")" = 1 ] || fail "no lift is in the journal"
}

run_cases a_person_watches_a_run_and_stops_it
