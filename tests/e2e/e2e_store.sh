#!/bin/sh
# e2e_store.sh - the database of a run: where it cannot be, and what one run leaves to the next.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

short='run --clock step --duration 10s --symbols AAPL,MSFT'

# shellcheck disable=SC2086 # $short is words

a_database_in_no_folder_is_refused() {
    expect 1 $short --db nowhere/run.db
    says 'nowhere/run.db'
    silent
}

a_directory_is_no_database() {
    mkdir folder
    expect 1 $short --db folder
    says 'folder'
    silent
}

a_file_that_is_no_store_is_left_alone() {
    printf 'these are my notes, and they are dear to me\n' >notes.txt
    cp notes.txt kept.txt
    expect 1 $short --db notes.txt
    says 'notes.txt'
    silent
    cmp -s notes.txt kept.txt || fail "the file was changed"
    python3 -c 'import sqlite3; sqlite3.connect("other.db").execute("CREATE TABLE mine(a)")'
    expect 1 $short --db other.db
    says 'other.db'
    [ "$(query other.db 'SELECT name FROM sqlite_master')" = mine ] || fail "the file was changed"
}

a_file_without_permission_to_write_is_refused() {
    [ "$(id -u)" -ne 0 ] || skip "root may write everything"
    expect 0 $short --db run.db
    chmod 444 run.db
    expect 1 $short --db run.db
    says 'run.db'
    silent
    chmod 644 run.db
    mkdir closed
    chmod 555 closed
    expect 1 $short --db closed/run.db
    says 'closed/run.db'
    chmod 755 closed
}

a_file_system_that_may_only_be_read_is_refused() {
    mkdir image
    mount -t tmpfs -o size=8m none image 2>mount_err || skip "no file system can be mounted here"
    trap 'umount image' EXIT
    mount -o remount,ro image 2>mount_err || skip "no file system can be mounted read-only here"
    expect 1 $short --db image/run.db
    says 'image/run.db'
    silent
}

a_full_disk_ends_the_run_and_keeps_what_was_committed() {
    mkdir image
    mount -t tmpfs -o size=3m none image 2>mount_err || skip "no file system can be mounted here"
    trap 'umount image' EXIT
    expect 1 run --clock step --duration 10m --db image/run.db
    says 'image/run.db'
    grep -qi 'full\|space' err || fail "it does not say that the disk is full"
    store_is_clean image/run.db
    has_trades image/run.db || fail "what was committed is gone"
}

a_file_at_its_size_limit_ends_the_run_and_keeps_what_was_committed() {
    (
        ulimit -f 4096
        expect 1 run --clock step --duration 10m --db run.db
    )
    says 'run.db'
    store_is_clean run.db
    has_trades run.db || fail "what was committed is gone"
}

a_database_has_one_writer_at_a_time() {
    begin run --clock x1 --duration 0 --symbols AAPL,MSFT --db run.db
    first=$started
    eventually has_trades run.db
    status=0
    "$tradewind" $short --db run.db >second_out 2>second_err || status=$?
    [ "$status" -eq 1 ] || fail "the second ended with $status"
    grep -q "run.db is being written by process $first" second_err ||
        fail "the second says: $(cat second_err)"
    [ ! -s second_out ] || fail "nothing belongs on standard output"
    kill -INT "$first"
    ended 130
    store_is_clean run.db
}

a_second_run_goes_on_where_the_first_ended() {
    expect 0 $short --db run.db --json
    cp out first.json
    expect 0 $short --db run.db --json --strategy equal
    [ "$(json first.json 'd["run"]')" = 1 ] || fail "the first run has another number"
    [ "$(json out 'd["run"]')" = 2 ] || fail "the second run has another number"
    [ "$(query run.db 'SELECT group_concat(strategy) FROM runs')" = inverse-volatility,equal ] ||
        fail "the strategies are lost"
    [ "$(query run.db 'SELECT count(*) FROM runs WHERE ended_ns >= started_ns')" = 2 ] ||
        fail "a run has no end"
    [ "$(query run.db 'SELECT client_order_id FROM orders' | sed 's/.*-//' | tr '\n' ' ')" = \
        '1 2 3 4 ' ] || fail "the numbers of the intents do not go on"
    store_is_clean run.db
}

without_a_name_a_demo_writes_a_new_file_and_says_where() {
    expect 0 $short
    file=$(sed -n 's/^Everything is in //p' out)
    case $file in
    "$TMPDIR"/tradewind-demo-*.db) ;;
    *) fail "it is said to be in $file" ;;
    esac
    store_is_clean "$file"
}

run_cases a_database_in_no_folder_is_refused a_directory_is_no_database \
    a_file_that_is_no_store_is_left_alone a_file_without_permission_to_write_is_refused \
    a_file_system_that_may_only_be_read_is_refused \
    a_full_disk_ends_the_run_and_keeps_what_was_committed \
    a_file_at_its_size_limit_ends_the_run_and_keeps_what_was_committed \
    a_database_has_one_writer_at_a_time a_second_run_goes_on_where_the_first_ended \
    without_a_name_a_demo_writes_a_new_file_and_says_where
