#!/bin/sh
# e2e_service.sh - a run as a service: what its manager hears, its credentials, its unit.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

unit=$root/dist/tradewind@.service.in

# A manager that writes down what it hears, until the rule ends.
start_manager() {
    python3 - <<'PY' &
import socket
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind("manager.socket")
with open("heard", "w", buffering=1) as heard:
    while True:
        heard.write(manager.recv(4096).decode() + "\n--\n")
PY
    echo "$!" >>"$work/children"
    eventually test -S manager.socket
}

hears() {
    grep -qxF -e "$1" heard
}

a_manager_hears_how_a_run_does() {
    start_manager
    NOTIFY_SOCKET=$PWD/manager.socket WATCHDOG_USEC=200000
    export NOTIFY_SOCKET WATCHDOG_USEC
    expect 0 run --symbols AAPL,MSFT --duration 20s --clock x10 --db run.db --quiet
    eventually hears STOPPING=1
    hears READY=1 || fail "it never said that it is ready"
    hears STATUS=trading || fail "it never said that it trades"
    [ "$(grep -c WATCHDOG=1 heard)" -ge 2 ] || fail "no signs of life"
    [ "$(grep -c READY=1 heard)" = 1 ] || fail "ready more than once"
    # What comes after the first word about the end is about the end, too.
    [ "$(sed -n '/STOPPING=1/,$p' heard | grep -c READY=1)" = 0 ] || fail "ready after the end"
}

a_stop_under_load_leaves_nothing_unknown() {
    start_manager
    NOTIFY_SOCKET=$PWD/manager.socket
    export NOTIFY_SOCKET
    begin run --cash 1000000000 --symbols AAPL,MSFT --duration 0 --clock x30 --faults gentle \
        --db run.db --json
    eventually has_orders run.db
    eventually hears READY=1
    kill -TERM "$started"
    ended 130
    eventually hears STOPPING=1
    holds out 'd["orders"]["open"] == 0 and d["orders"]["unknown"] == 0'
    holds out 'd["audit"]["twice"] == 0 and d["audit"]["different"] == 0'
    [ "$(open_orders run.db)" = 0 ] || fail "orders are left open"
}

a_manager_that_is_not_there_is_told() {
    NOTIFY_SOCKET=$PWD/nobody
    export NOTIFY_SOCKET
    expect 1 run --clock step --symbols AAPL --duration 1s --db run.db --quiet
    says 'NOTIFY_SOCKET'
}

# Whoever looks finds them where they are: in their own files.
no_credential_is_in() {
    grep -q -a -e key-47 -e secret-48 accounts || fail "it would not be found"
    ! grep -q -a -e key-47 -e secret-48 "$@" || fail "a credential is shown"
}

credentials_come_from_the_manager() {
    mkdir -m 700 credentials
    printf 'key-47\n' >credentials/APCA_API_KEY_ID
    printf 'secret-48' >credentials/APCA_API_SECRET_KEY
    printf 'key-47 secret-48\n' >accounts
    chmod 600 credentials/* accounts
    CREDENTIALS_DIRECTORY=$PWD/credentials
    export CREDENTIALS_DIRECTORY
    expect 0 config venue --json
    holds out '[(s["value"], s["origin"]) for s in d["settings"] if s["name"] in
        ("key-id", "secret-key")] == [("********", "environment")] * 2'
    no_credential_is_in out err
    # The exchange knows them, and a run gets in with them.
    start_exchange --accounts accounts --symbols AAPL,MSFT
    unset APCA_API_KEY_ID APCA_API_SECRET_KEY
    expect 0 run --venue paper --symbols AAPL,MSFT --duration 1s --db run.db
    no_credential_is_in out err run.db*
    # The environment wins.
    APCA_API_KEY_ID=other
    export APCA_API_KEY_ID
    expect 4 run --venue paper --symbols AAPL,MSFT --duration 1s --db run2.db --quiet
    no_credential_is_in out err run2.db*
    unset APCA_API_KEY_ID
    chmod 644 credentials/APCA_API_SECRET_KEY
    expect 2 run --venue paper --symbols AAPL,MSFT --duration 1s --db run3.db --quiet
    says 'is a secret and anybody may read it'
    no_credential_is_in out err
    chmod 600 credentials/APCA_API_SECRET_KEY
    printf 'two\nlines\n' >credentials/APCA_API_KEY_ID
    expect 2 config venue
    says 'must be one line'
    no_credential_is_in out err
}

# The unit with the command that is tested in it.
make_unit() {
    sed "s|@bindir@/tradewind|$tradewind|" "$unit" >tradewind@.service
}

the_unit_is_one_that_systemd_takes() {
    command -v systemd-analyze >/dev/null || skip "systemd is not installed"
    make_unit
    cp tradewind@.service tradewind@paper.service
    systemd-analyze verify --man=no ./tradewind@paper.service >verified 2>&1 ||
        fail "verify: $(cat verified)"
    ! grep -q 'tradewind@' verified || fail "verify: $(cat verified)"
}

the_unit_exposes_little() {
    command -v systemd-analyze >/dev/null || skip "systemd is not installed"
    make_unit
    # Tenths of systemd's scale of 0 (safe) to 10 (unsafe); a service without a setting has 96.
    systemd-analyze security --offline=true --threshold=20 --no-pager ./tradewind@.service \
        >security 2>&1 || fail "$(tail -n 3 security)"
}

run_cases a_manager_hears_how_a_run_does a_stop_under_load_leaves_nothing_unknown \
    a_manager_that_is_not_there_is_told credentials_come_from_the_manager \
    the_unit_is_one_that_systemd_takes the_unit_exposes_little
