# shellcheck shell=sh
# e2e_cases.sh - how a script of tests/e2e runs its cases; sourced, never run.
#
#     . "$(dirname -- "$0")/../support/e2e_cases.sh"
#     a_missing_file_is_named() { run stats --db no.db; ended 1; said 'no.db does not exist'; }
#     run_cases a_missing_file_is_named ...
#
# A case is a function named after the rule that it proves. It runs in a shell and in an empty
# folder of its own, with `set -e`: the first command that fails is the failure. Each prints the line
# that tools/run_tests.py counts. TRADEWIND is the command (default: build/tradewind of the tree),
# MAKE_STORE the program that writes stores (default: the one of the same build folder).
set -u

story_root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
absolute() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$(pwd -P)" "$1" ;;
    esac
}
TRADEWIND=$(absolute "${TRADEWIND:-$story_root/build/tradewind}")
MAKE_STORE=$(absolute "${MAKE_STORE:-$(dirname -- "$TRADEWIND")/tests/support/make_store}")
for program in "$TRADEWIND" "$MAKE_STORE"; do
    [ -x "$program" ] || {
        echo "$program is not there: build first (./dev build)" >&2
        exit 1
    }
done
story_folder=$(mktemp -d)
trap 'rm -rf "$story_folder"' EXIT
trap 'exit 130' INT TERM
# No configuration of this machine's user has a say.
export XDG_CONFIG_HOME="$story_folder/none" HOME="$story_folder/none"

# Runs the command; keeps what it printed in ./out and ./err and its exit status.
run() {
    ending=0
    "$TRADEWIND" "$@" >out 2>err || ending=$?
}

# The same with another standard output: run_to /dev/full stats ...
run_to() {
    run_target=$1
    shift
    ending=0
    : >out
    "$TRADEWIND" "$@" >"$run_target" 2>err || ending=$?
}

# Waits for a command that was started in the background; its exit status counts as that of a run.
wait_for() {
    ending=0
    : >out
    wait "$1" || ending=$?
}

# Trades, and what they add up to, computed the slow way.
slow_market() {
    python3 "$story_root/tests/support/slow_market.py" "$@"
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

run_cases() {
    story_failed=0
    for name in "$@"; do
        mkdir "$story_folder/$name"
        # Not a condition: under `if` or `||` the shell would ignore `set -e` inside.
        (
            set -e
            cd "$story_folder/$name"
            "$name"
        ) >"$story_folder/$name.said" 2>&1
        story_status=$?
        if [ "$story_status" -eq 0 ]; then
            echo "[       OK ] $name"
        elif [ "$story_status" -eq 77 ]; then
            cat "$story_folder/$name.said"
            echo "[  SKIPPED ] $name"
        else
            cat "$story_folder/$name.said"
            echo "[  FAILED  ] $name"
            story_failed=1
        fi
    done
    exit "$story_failed"
}
