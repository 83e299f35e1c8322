# runs.sh - for stories that run the command once and look at what it printed; sourced, never run.
#
#     . "$(dirname -- "$0")/lib/runs.sh"
#     a_missing_file_is_named() { run stats --db no.db; ended 1; said 'no.db does not exist'; }
#     run_cases a_missing_file_is_named ...
#
# MAKE_STORE is the program that writes stores (default: the one of the command's build folder).
#
# shellcheck shell=sh
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

MAKE_STORE=${MAKE_STORE:-$(dirname -- "$tradewind")/tests/support/make_store}
[ -x "$MAKE_STORE" ] || {
    echo "$MAKE_STORE is not there: build first (./dev build)" >&2
    exit 1
}

# Runs the command; keeps what it printed in ./out and ./err and its exit status.
run() {
    ending=0
    "$tradewind" "$@" >out 2>err || ending=$?
}

# The same with another standard output: run_to /dev/full stats ...
run_to() {
    run_target=$1
    shift
    ending=0
    : >out
    "$tradewind" "$@" >"$run_target" 2>err || ending=$?
}

# Waits for a command that was started in the background; its exit status counts as that of a run.
wait_for() {
    : >out
    awaited "$1"
    ending=$status
}

# Trades, and what they add up to, computed the slow way.
slow_market() {
    python3 "$root/tests/support/slow_market.py" "$@"
}

# The last run ended with this status.
ended() {
    [ "$ending" -eq "$1" ] || {
        echo "expected exit status $1, got $ending; it printed:"
        cat out err
        return 1
    }
}

# The last run's standard error, or output, holds this text.
said() {
    grep -qF -- "$1" err || {
        echo "expected on standard error: $1"
        cat err
        return 1
    }
}
printed() {
    grep -qF -- "$1" out || {
        echo "expected on standard output: $1"
        cat out
        return 1
    }
}

# The last run printed nothing on standard output.
printed_nothing() {
    [ ! -s out ] || {
        echo "expected nothing on standard output:"
        cat out
        return 1
    }
}
