# cases.sh - what the stories of tests/e2e share; sourced, never run.
#
# A story defines one shell function a rule and ends with `run_cases RULE...`. Each rule runs in a
# subshell with `set -eu`, in a folder of its own that is also its home and its TMPDIR, without any
# credential or setting of the user; whatever it started in the background ends with it. Lines are
# those of cmocka, so that tools/run_tests.py counts them.
#
# TRADEWIND names the command; without it build/tradewind of the checkout is tested.
#
# shellcheck shell=sh

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
tradewind=${TRADEWIND:-$root/build/tradewind}
case $tradewind in
/*) ;;
*) tradewind=$PWD/$tradewind ;;
esac
skipped_status=77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# ---- inside a rule -----------------------------------------------------------------------------

fail() {
    echo "not so: $*"
    for file in err out; do
        [ ! -s "$file" ] || sed "s/^/    $file: /" "$file" | head -n 40 | cut -c 1-400
    done
    exit 1
}

skip() {
    echo "skipped: $*"
    exit $skipped_status
}

# The machine can make a terminal: a bare chroot without /dev/pts cannot.
needs_a_terminal() {
    python3 -c 'import pty; pty.openpty()' 2>/dev/null || skip "no terminal can be made here"
}

# expect STATUS ARGUMENTS...: runs the command into the files out and err; it ends with STATUS.
expect() {
    wanted=$1
    shift
    status=0
    timeout 100 "$tradewind" "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "tradewind $* ended with $status and not with $wanted"
}

# begin ARGUMENTS...: starts the command in the background; its number is $started.
begin() {
    "$tradewind" "$@" >out 2>err </dev/null &
    started=$!
    echo "$started" >>"$work/children"
}

# awaited NUMBER: the program in the background has ended, with $status; it has half a minute.
awaited() {
    (sleep 30 && kill -KILL "$1") &
    watcher=$!
    echo "$watcher" >>"$work/children"
    status=0
    wait "$1" 2>/dev/null || status=$?
    kill "$watcher"
}

# A signal that means a fault ends the next program at once. The address sanitiser's handler would
# report first; when the signal comes from outside, in the middle of an allocation, it never ends.
faults_end_it() {
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0
    export ASAN_OPTIONS
}

# ended STATUS: the command that was begun ends by itself, with STATUS.
ended() {
    awaited "$started"
    [ "$status" -eq "$1" ] || fail "it ended with $status and not with $1"
}

says() {
    grep -qF -e "$1" err || fail "standard error does not say: $1"
    [ "$(grep -c . err)" -le "${2:-2}" ] || fail "it says more than it needs to"
}

prints() {
    grep -qF -e "$1" out || fail "standard output does not have: $1"
}

silent() {
    [ ! -s out ] || fail "nothing belongs on standard output"
}

# start_exchange ARGUMENTS...: starts one on a free port; sets $exchange (its number) and $url, and
# points a paper run at it. It is ready when it has said its first line.
start_exchange() {
    mkfifo ready
    "$tradewind" exchange --listen 127.0.0.1:0 "$@" >ready 2>exchange_err </dev/null &
    exchange=$!
    echo "$exchange" >>"$work/children"
    exec 8<ready
    line=
    read -r line <&8 || fail "the exchange did not start: $(cat exchange_err)"
    url=${line#listening on }
    APCA_API_KEY_ID=demo
    APCA_API_SECRET_KEY=demo
    APCA_API_BASE_URL=$url
    APCA_API_DATA_URL=$url
    APCA_API_STREAM_URL=ws${url#http}
    export APCA_API_KEY_ID APCA_API_SECRET_KEY APCA_API_BASE_URL APCA_API_DATA_URL \
        APCA_API_STREAM_URL
}

# query FILE SQL: the rows of a store, columns separated by |.
query() {
    python3 -c '
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1], timeout=10).execute(sys.argv[2]):
    print(*row, sep="|")' "$1" "$2"
}

# alter FILE SQL: changes a store behind its back.
alter() {
    python3 -c '
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=10).executescript(sys.argv[2])' "$1" "$2"
}

# spoil FILE SQL: changes its journal, which the file itself would not have.
spoil() {
    alter "$1" "DROP TRIGGER IF EXISTS journal_is_not_changed;
        DROP TRIGGER IF EXISTS journal_is_not_shortened; $2"
}

# The file opens clean, and the journal has no gap.
store_is_clean() {
    [ "$(query "$1" 'PRAGMA integrity_check')" = ok ] || fail "the store $1 is damaged"
    [ "$(query "$1" 'SELECT count(*) = coalesce(max(sequence), 0) FROM journal')" = 1 ] ||
        fail "the journal of $1 has a gap"
}

# Numbers of tw_order_status: below 8 an order is not final.
open_orders() {
    query "$1" 'SELECT count(*) FROM orders WHERE status < 8'
}

# json FILE EXPRESSION: what a Python expression makes of the document d.
json() {
    python3 -c '
import json, sys
with open(sys.argv[1]) as source:
    d = json.load(source)
print(eval("(" + sys.argv[2] + ")"))' "$1" "$2" || fail "$1 is not the document expected: $2"
}

holds() {
    [ "$(json "$1" "bool($2)")" = True ] || fail "$1: not so: $2"
}

# eventually COMMAND...: looks again until it succeeds, for ten seconds. For what another program
# does and tells nobody.
eventually() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "it never came true: $*"
        sleep 0.05
    done
}

has_orders() {
    [ "$(query "$1" 'SELECT count(*) FROM orders WHERE status BETWEEN 1 AND 2')" -gt 0 ]
}

has_ended_orders() {
    [ "$(query "$1" 'SELECT count(*) FROM orders WHERE status >= 8')" -gt 0 ]
}

has_trades() {
    [ "$(query "$1" 'SELECT count(*) FROM trades')" -gt 0 ]
}

# refuse STATUS TEXT ARGUMENTS...: a run that cannot begin says so, and leaves no store.
refuse() {
    wanted_status=$1
    text=$2
    shift 2
    expect "$wanted_status" run --clock step --duration 5s --db refused.db "$@"
    says "$text"
    silent
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

# ---- running them ------------------------------------------------------------------------------

run_case() {
    mkdir "$work/$1"
    : >"$work/children"
    (
        set -eu
        cd "$work/$1"
        unset APCA_API_KEY_ID APCA_API_SECRET_KEY APCA_API_BASE_URL APCA_API_DATA_URL \
            APCA_DATA_BASE_URL APCA_API_STREAM_URL XDG_CONFIG_HOME NO_COLOR
        HOME=$PWD
        TMPDIR=$PWD
        export HOME TMPDIR
        "$1"
    ) >"$work/log" 2>&1
    result=$?
    while read -r child; do
        kill -KILL "$child" 2>/dev/null
    done <"$work/children"
    wait
    rm -rf "${work:?}/$1"
    return $result
}

run_cases() {
    bad=0
    echo "[==========] Running $# test(s)."
    for rule in "$@"; do
        echo "[ RUN      ] $rule"
        run_case "$rule"
        case $? in
        0) echo "[       OK ] $rule" ;;
        "$skipped_status")
            cat "$work/log"
            echo "[  SKIPPED ] $rule"
            ;;
        *)
            cat "$work/log"
            echo "[  FAILED  ] $rule"
            bad=1
            ;;
        esac
    done
    echo "[==========] $# test(s) run."
    exit $bad
}
