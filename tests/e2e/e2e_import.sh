#!/bin/sh
# e2e_import.sh - `tradewind import` and `export`: every row once, whatever happens on the way.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/market.sh"

# The file and the store hold the same, byte for byte.
comes_back() {
    expect 0 export trades --db "$1" --out back.csv
    cmp -s back.csv "$2" || fail "the export of $1 is not $2"
}

trades_come_back_byte_for_byte_however_often_they_are_imported() {
    make_trades 3000 trades.csv
    expect 0 import trades trades.csv --db s.db
    prints '3,000 trades new, 0 there already'
    [ ! -s err ] || fail "a progress bar without a terminal"
    comes_back s.db trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 0 and d["skipped"] == 3000 and d["resumed"]'
    for key in rows requests retries bytes seconds rows_per_second skipped resumed; do
        holds out "'$key' in d"
    done
    expect 0 import trades trades.csv --db s.db --json --restart
    holds out 'd["rows"] == 0 and d["skipped"] == 3000 and not d["resumed"]'
    comes_back s.db trades.csv
    expect 0 import trades back.csv --db t.db
    comes_back t.db trades.csv
    expect 0 db check --db s.db
}

packed_files_and_standard_input_are_read_as_well() {
    make_trades 500 trades.csv
    python3 -c 'import gzip; gzip.open("a.csv.gz", "wb").write(open("trades.csv", "rb").read())'
    expect 0 import trades a.csv.gz --db gz.db
    comes_back gz.db trades.csv
    if command -v zstd >/dev/null; then
        zstd -q trades.csv -o b.csv
        expect 0 import trades b.csv --db zst.db
        comes_back zst.db trades.csv
        head -c 2000 b.csv >cut.csv
        expect 3 import trades cut.csv --db cut.db
        says 'cut.csv'
    fi
    "$tradewind" import trades - --db in.db <trades.csv >out 2>err || fail "from standard input"
    comes_back in.db trades.csv
    "$tradewind" import trades - --db in.db --json <trades.csv >out 2>err
    holds out 'd["rows"] == 0 and d["skipped"] == 500 and not d["resumed"]'
}

several_files_are_one_import() {
    make_trades 400 all.csv
    head -n 201 all.csv >one.csv
    { head -n 1 all.csv && tail -n 200 all.csv; } >two.csv
    expect 0 import trades one.csv two.csv --db s.db --json
    holds out 'd["rows"] == 400'
    comes_back s.db all.csv
}

bars_come_back_too() {
    make_trades 2000 trades.csv
    expect 0 bars trades.csv --timeframes 1m
    sort out >made.csv
    cp out bars.csv
    expect 0 import bars bars.csv --db s.db
    expect 0 import bars bars.csv --db s.db --json
    holds out 'd["rows"] == 0 and d["resumed"]'
    expect 0 export bars --db s.db
    sort out >back.csv
    cmp -s made.csv back.csv || fail "the bars are not the same"
    expect 0 export bars SYM3 --timeframe 1m --from 2024-01-01T00:01:00Z \
        --to 2024-01-01T00:03:00Z --db s.db
    [ "$(grep -c ',SYM3,1m,' out)" -eq 2 ] || fail "a range of bars"
}

a_bad_row_stops_the_import_and_leaves_nothing_of_its_batch() {
    make_trades 100 trades.csv
    sed -i '50s/.*/1704067200000000000,SYM1,ten,5,B/' trades.csv
    expect 3 import trades trades.csv --db s.db
    says 'trades.csv:50:3: expected a price'
    silent
    [ "$(rows_of s.db)" -eq 0 ] || fail "rows of the open batch were kept"
}

batches_before_a_bad_row_stay_and_are_not_read_twice() {
    make_trades 20000 trades.csv
    sed -i '15000s/$/,more/' trades.csv
    expect 3 import trades trades.csv --db s.db --batch 4096
    says 'trades.csv:15000'
    says '12,288 trades from before it are stored'
    make_trades 20000 trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 20000 - 12288 and d["skipped"] == 12288 and d["resumed"]'
    comes_back s.db trades.csv
}

bad_rows_can_be_set_aside() {
    make_trades 100 trades.csv
    cp trades.csv good.csv
    sed -i '40i 1704067200000000001,SYM1,-5,5,B' trades.csv
    sed -i '60i nonsense' trades.csv
    expect 0 import trades trades.csv --db s.db --skip-bad bad.csv --json
    holds out 'd["rows"] == 100 and d["bad"] == 2'
    [ "$(wc -l <bad.csv)" -eq 3 ] || fail "the bad rows are not in bad.csv"
    grep -q '^40,3,' bad.csv || fail "line and field are not in bad.csv"
    comes_back s.db good.csv
    expect 0 import trades trades.csv good.csv --db t.db --skip-bad bad.csv
    grep -q '^40,3,"trades.csv:40:3: ' bad.csv || fail "of several files, the name is not there"
}

a_killed_import_goes_on_where_it_was() {
    make_trades 200000 trades.csv
    for round in 1 2 3; do
        begin import trades trades.csv --db s.db --batch 4096
        eventually has_rows s.db
        kill -KILL "$started" 2>/dev/null || true
        wait "$started" || true
        echo "round $round: $(rows_of s.db)"
    done
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["resumed"]'
    [ "$(rows_of s.db)" -eq 200000 ] || fail "there are $(rows_of s.db) rows"
    comes_back s.db trades.csv
    expect 0 db check --db s.db
}

# Another signal, until it has said that it was interrupted.
interrupt_again() {
    kill -INT "$started" 2>/dev/null
    grep -q interrupted err
}

an_interrupted_import_keeps_what_it_read() {
    make_trades 200000 trades.csv
    mkfifo slow.csv
    (head -n 50001 trades.csv && sleep 30) >slow.csv &
    echo $! >>"$work/children"
    begin import trades slow.csv --db s.db --batch 20000
    eventually has_rows s.db
    # It notes the first signal and waits for the pipe; a second one does not wait.
    eventually interrupt_again
    ended 130
    [ "$(rows_of s.db)" -ge 20000 ] || fail "a committed batch is gone"
    expect 0 import trades trades.csv --db s.db
    comes_back s.db trades.csv
}

a_file_that_has_grown_is_read_from_where_it_was() {
    make_trades 600 all.csv
    head -n 301 all.csv >trades.csv
    expect 0 import trades trades.csv --db s.db
    tail -n 300 all.csv >>trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 300 and d["skipped"] == 300 and d["resumed"]'
    comes_back s.db all.csv
}

a_file_that_has_changed_is_read_from_its_start() {
    make_trades 300 trades.csv
    expect 0 import trades trades.csv --db s.db
    sed -i '2s/.*/1704067100000000000,SYM1,99.99,7,B/' trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 1 and d["skipped"] == 299 and not d["resumed"] and d["changed"]'
    says 'is not what was imported before'
    head -n 100 trades.csv >short.csv
    cp short.csv trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 0 and not d["resumed"]'
}

bad_rows_are_whole_however_often_a_file_comes() {
    make_trades 2000 trades.csv
    cp trades.csv good.csv
    sed -i '40i 1704067200000000001,SYM1,-5,5,B' trades.csv
    sed -i '1500i nonsense' trades.csv
    head -n 1000 trades.csv >all.csv
    expect 0 import trades all.csv --db s.db --skip-bad first.csv --batch 100
    [ "$(wc -l <first.csv)" -eq 2 ] || fail "one bad row belongs into first.csv"
    cp trades.csv all.csv
    expect 0 import trades all.csv --db s.db --skip-bad bad.csv --json
    holds out 'd["resumed"] and d["bad"] == 2 and d["rows"] == 2000 - 998'
    [ "$(cut -d , -f 1,2 bad.csv | tr '\n' ' ')" = 'line,field 40,3 1500,1 ' ] || fail "bad.csv"
    comes_back s.db good.csv
    # A file that has changed is read from its start: what was set aside on the way counts once.
    cp bad.csv expected.csv
    sed -i '2s/.*/1704067100000000000,SYM1,99.99,7,B/' all.csv
    expect 0 import trades all.csv --db s.db --skip-bad bad.csv --json
    holds out 'not d["resumed"] and d["bad"] == 2 and d["rows"] == 1'
    cmp -s bad.csv expected.csv || fail "bad rows were set aside twice or not at all"
    expect 3 import trades all.csv --db s.db
    says 'all.csv:40:3'
}

# one_time ROWS FILE: trades of one symbol at one time, each third like the one before.
one_time() {
    awk -v rows="$1" 'BEGIN {
        print "ts_ns,symbol,price,size,side"
        for (i = 0; i < rows; i++)
            print "1704067200000000000,ONE,100.25," (i % 3 == 2 ? i - 1 : i) + 1 ",B"
    }' >"$2"
}

trades_of_one_time_keep_their_places_where_a_batch_ends() {
    one_time 3000 good.csv
    sed '1502s/,B$/,X/' good.csv >trades.csv
    expect 3 import trades trades.csv --db s.db --batch 1000
    says 'trades.csv:1502:5'
    [ "$(rows_of s.db)" -eq 1000 ] || fail "a batch has $(rows_of s.db) rows and not 1,000"
    cp good.csv trades.csv
    expect 0 import trades trades.csv --db s.db --batch 700 --json
    holds out 'd["rows"] == 2000 and d["skipped"] == 1000 and d["resumed"]'
    comes_back s.db good.csv
    expect 0 import trades trades.csv --db s.db --restart --json
    holds out 'd["rows"] == 0 and d["skipped"] == 3000'
    comes_back s.db good.csv
}

a_pipe_is_read_once_and_never_compared() {
    make_trades 300 all.csv
    mkfifo trades.csv
    head -n 101 all.csv >trades.csv &
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 100'
    { head -n 1 all.csv && tail -n 200 all.csv; } >trades.csv &
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 200 and d["skipped"] == 0 and not d["resumed"]'
    comes_back s.db all.csv
}

an_interruption_says_how_far_it_came_and_that_much_is_stored() {
    make_trades 200000 trades.csv
    begin import trades trades.csv --db s.db --batch 1
    eventually has_rows s.db
    kill -INT "$started"
    ended 130
    says 'of trades.csv; run it again to go on there'
    stored=$(rows_of s.db)
    says "interrupted after row $stored of"
    silent
    expect 0 import trades trades.csv --db s.db --json
    holds out "d['resumed'] and d['skipped'] == $stored and d['rows'] == 200000 - $stored"
    comes_back s.db trades.csv
}

waiting_for_a_pipe_can_be_interrupted() {
    mkfifo silent.csv
    begin import trades silent.csv --db s.db
    eventually test -e s.db
    eventually interrupt_again
    ended 130
}

a_full_disk_keeps_the_batches_before_it() {
    make_trades 60000 trades.csv
    (
        ulimit -f 2000
        expect 1 import trades trades.csv --db s.db --batch 5000
        says 'make room and try again'
        silent
    )
    stored=$(rows_of s.db)
    [ "$stored" -gt 0 ] || fail "no batch was stored"
    [ $((stored % 5000)) -eq 0 ] || fail "part of a batch was stored"
    told=$(sed -n 's/,//; s/.*: \([0-9]*\) trades from before it are stored/\1/p' err)
    [ "$told" = "$stored" ] || fail "$stored rows are stored, and it says $told"
    expect 0 db check --db s.db
    expect 0 import trades trades.csv --db s.db --json
    holds out "d['resumed'] and d['rows'] == 60000 - $stored"
    comes_back s.db trades.csv
}

what_cannot_be_written_is_told_and_left_alone() {
    make_trades 10 trades.csv
    expect 0 import trades trades.csv --db s.db
    query s.db 'PRAGMA user_version = 99'
    expect 3 import trades trades.csv --db s.db
    says 'newer version'
    echo 'no store, only a line of text that is long enough' >notes.txt
    cp notes.txt expected
    expect 1 import trades trades.csv --db notes.txt
    says 'notes.txt is not a store'
    cmp -s notes.txt expected || fail "the file was changed"
    expect 1 import trades trades.csv --db nowhere/s.db
    says 'nowhere/s.db'
    expect 1 import trades trades.csv --db t.db --skip-bad nowhere/bad.csv
    says 'nowhere/bad.csv'
}

a_folder_without_permission_is_told() {
    [ "$(id -u)" -ne 0 ] || skip "root may write everywhere"
    make_trades 10 trades.csv
    mkdir closed
    chmod 555 closed
    expect 1 import trades trades.csv --db closed/s.db
    says 'closed/s.db'
}

a_store_that_another_writes_is_refused() {
    make_trades 10 trades.csv
    expect 0 import trades trades.csv --db s.db
    python3 -c '
import fcntl, time
lock = open("s.db-lock", "r+")
fcntl.flock(lock, fcntl.LOCK_EX)
open("held", "w").close()
time.sleep(60)' &
    echo $! >>"$work/children"
    eventually test -e held
    expect 1 import trades trades.csv --db s.db
    says 'a store has one writer at a time'
}

what_cannot_be_imported_is_told() {
    make_trades 10 trades.csv
    mkdir folder
    : >empty.csv
    echo 'time,name,price' >other.csv
    expect 1 import trades nowhere.csv --db s.db
    says 'nowhere.csv'
    expect 3 import trades folder --db s.db
    says 'folder'
    expect 3 import trades empty.csv --db s.db
    says 'empty.csv'
    expect 3 import trades other.csv --db s.db
    says 'ts_ns,symbol,price,size,side' 3
    expect 3 import bars trades.csv --db s.db
    says 'timeframe' 3
    expect 1 import trades trades.csv --db folder
    says 'folder is a directory'
    expect 4 import trades trades.csv --db postgresql://nobody:secret@127.0.0.1:9/none
    says 'nobody:***@127.0.0.1:9' 3
    ! grep -q secret err || fail "the password was shown"
}

wrong_use_is_told_with_what_to_write() {
    make_trades 10 trades.csv
    expect 2 import
    says 'say what is imported'
    expect 2 import quotes trades.csv --db s.db
    says 'trades FILE'
    expect 2 import trades --db s.db
    says 'name the files'
    expect 2 import trades trades.csv
    says '--db'
    expect 2 import trades trades.csv --db s.db --skip-bad -
    says '--skip-bad'
    expect 2 export --db s.db
    says 'say what is exported'
    expect 2 export trades
    says '--db'
    expect 2 export trades --db s.db --timeframe 1m
    says '--timeframe is for bars'
    expect 2 export trades --db s.db --json
    says '--out FILE'
    [ ! -e s.db ] || fail "a store was made"
}

an_export_can_be_a_part() {
    make_trades 3000 trades.csv
    expect 0 import trades trades.csv --db s.db
    expect 0 export trades SYM2 SYM0 --db s.db
    [ "$(cut -d , -f 2 out | sort -u | tr '\n' ' ')" = 'SYM0 SYM2 symbol ' ] || fail "other symbols"
    grep -E '^ts_ns|,SYM[02],' trades.csv >some.csv
    cmp -s out some.csv || fail "two symbols in the order of time"
    expect 0 export trades SYM2 --order symbol --price-digits 0 --db s.db
    ! grep -q ',[0-9]*\.[0-9]0,' out || fail "a zero that does not count was written"
    expect 0 export trades --from 2024-01-01T00:01:00Z --to 2024-01-01T00:02:00Z --db s.db
    awk -F , '$1 != "ts_ns" && ($1 < 1704067260000000000 || $1 >= 1704067320000000000)' out >outside
    [ ! -s outside ] || fail "rows outside of the range"
    [ "$(wc -l <out)" -gt 100 ] || fail "no rows in the range"
    expect 1 export trades NOBODY --db s.db
    says 'has no symbol "NOBODY"'
    expect 0 export trades --db s.db --out part.csv --json
    holds out 'd["rows"] == 3000'
}

what_a_venue_says_of_a_trade_is_not_lost() {
    cat >trades.csv <<END
ts_ns,symbol,price,size,side,id,exchange,tape,conditions
1704067200000000001,AAPL,100.10,5,B,71,V,C,@TI
1704067200000000001,AAPL,100.10,5,B,72,V,C,@
1704067200000000001,AAPL,100.1234,0.5,,,,,
END
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 3'
    expect 0 export trades --full --db s.db --out back.csv
    sort trades.csv >sorted
    sort back.csv | cmp -s sorted - || fail "the full export is not the file"
    expect 0 import trades back.csv --db s.db --json
    holds out 'd["rows"] == 0 and d["skipped"] == 3'
    sed -i 's/,71,V,/,73,V,/' trades.csv
    expect 0 import trades trades.csv --db s.db --json
    holds out 'd["rows"] == 1 and not d["resumed"]'
    expect 0 export trades --db s.db
    grep -q '^1704067200000000001,AAPL,100.1234,0.5,$' out || fail "the short form"
    grep -q '^1704067200000000001,AAPL,100.10,5,B$' out || fail "two digits at least"
}

nothing_is_written_over_the_store_or_the_input() {
    make_trades 20 trades.csv
    sed -i '5i nonsense' trades.csv
    cp trades.csv kept.csv
    for file in s.db ./s.db s.db-lock s.db-wal; do
        expect 2 import trades trades.csv --db s.db --skip-bad "$file"
        says 'that is the store'
    done
    expect 0 import trades trades.csv --db s.db --skip-bad bad.csv
    ln s.db other-name.db
    expect 2 import trades trades.csv --db s.db --skip-bad other-name.db
    says 'that is the store'
    expect 2 import trades trades.csv --db s.db --skip-bad "$PWD/trades.csv"
    says 'that file is imported'
    expect 2 bars trades.csv --skip-bad trades.csv
    says 'that file is read'
    expect 2 export trades --db s.db --out s.db
    says 'that is the store'
    cmp -s trades.csv kept.csv || fail "the input was changed"
    expect 0 db check --db s.db
}

an_export_that_fails_leaves_no_file() {
    make_trades 3000 trades.csv
    expect 0 import trades trades.csv --db s.db
    expect 1 export trades --db s.db --out nowhere/back.csv
    says 'nowhere/back.csv'
    expect 1 export trades --db missing.db --out back.csv
    says 'missing.db does not exist'
    expect 3 export trades --db trades.csv --out back.csv
    says 'trades.csv is not a store'
    [ ! -e back.csv ] || fail "a file was left behind"
    status=0
    "$tradewind" export trades --db s.db >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ] || fail "a full disk ended with $status"
    says 'No space left on device'
    (
        ulimit -f 100
        expect 1 export trades --db s.db --out back.csv
        says 'back.csv cannot be written'
    )
    [ "$(find . -name '*back.csv*' | wc -l)" -eq 0 ] || fail "half a file was left behind"
}

run_cases \
    trades_come_back_byte_for_byte_however_often_they_are_imported \
    packed_files_and_standard_input_are_read_as_well \
    several_files_are_one_import \
    bars_come_back_too \
    a_bad_row_stops_the_import_and_leaves_nothing_of_its_batch \
    batches_before_a_bad_row_stay_and_are_not_read_twice \
    bad_rows_can_be_set_aside \
    bad_rows_are_whole_however_often_a_file_comes \
    trades_of_one_time_keep_their_places_where_a_batch_ends \
    a_pipe_is_read_once_and_never_compared \
    a_killed_import_goes_on_where_it_was \
    an_interrupted_import_keeps_what_it_read \
    an_interruption_says_how_far_it_came_and_that_much_is_stored \
    waiting_for_a_pipe_can_be_interrupted \
    a_full_disk_keeps_the_batches_before_it \
    what_cannot_be_written_is_told_and_left_alone \
    a_folder_without_permission_is_told \
    a_file_that_has_grown_is_read_from_where_it_was \
    a_file_that_has_changed_is_read_from_its_start \
    a_store_that_another_writes_is_refused \
    what_cannot_be_imported_is_told \
    wrong_use_is_told_with_what_to_write \
    an_export_can_be_a_part \
    what_a_venue_says_of_a_trade_is_not_lost \
    nothing_is_written_over_the_store_or_the_input \
    an_export_that_fails_leaves_no_file
