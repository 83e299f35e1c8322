#!/bin/sh
# e2e_bars.sh - `tradewind bars`: bars of files and stores, and what happens to bad ones.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

header='ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap'

few_trades() {
    cat <<END
ts_ns,symbol,price,size,side
1704207600000000000,AAPL,100,10,B
1704207601000000000,MSFT,400,1,B
1704207602000000000,AAPL,90,5,S
1704207661000000000,AAPL,95,4,
END
}

# few_trades with a bad third, fourth and sixth line.
bad_trades() {
    cat <<END
ts_ns,symbol,price,size,side
1704207600000000000,AAPL,100,10,B
1704207601000000000,AAPL,cheap,1,B
1704207600500000000,AAPL,90
1704207602000000000,AAPL,90,5,S
1704207601000000000,AAPL,91,5,S
1704207661000000000,AAPL,95,4,
END
}

# The rows of a bars CSV without the header, sorted.
rows_of() {
    [ "$(head -n 1 "$1")" = "$header" ] || {
        echo "$1 does not begin with the header"
        return 1
    }
    tail -n +2 "$1" | LC_ALL=C sort
}

# Within each symbol of a bars CSV the times ascend.
times_ascend() {
    awk -F, 'NR > 1 && ($2 in last) && $1 <= last[$2] { print "out of order: " $0; bad = 1 }
        { last[$2] = $1 } END { exit bad }' "$1"
}

nothing_is_left() {
    [ ! -e "$1" ] || {
        echo "$1 is left:"
        ls -A "$1"
        return 1
    }
}

a_few_trades_make_known_bars() {
    few_trades >trades.csv
    run bars trades.csv --timeframes 1m
    ended 0
    cat >expected <<END
$header
1704207600000000000,AAPL,1m,100,100,90,90,15,2,96.666666667
1704207660000000000,AAPL,1m,95,95,95,95,4,1,95
1704207600000000000,MSFT,1m,400,400,400,400,1,1,400
END
    cmp out expected
}

bars_of_a_file_agree_with_a_slow_computation() {
    slow_market trades 11 6000 >trades.csv
    run bars trades.csv --timeframes 1s,1m,5m,1h,1d,1w --out bars
    ended 0
    for timeframe in 1s 1m 5m 1h 1d 1w; do
        slow_market bars trades.csv $timeframe | LC_ALL=C sort >expected
        [ -s expected ]
        rows_of bars/$timeframe.csv >ours
        cmp ours expected
        times_ascend bars/$timeframe.csv
    done
    [ "$(ls -A bars | tr '\n' ' ')" = '1d.csv 1h.csv 1m.csv 1s.csv 1w.csv 5m.csv ' ]
}

bars_of_a_store_are_those_of_the_file() {
    slow_market trades 12 6000 >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run bars trades.csv --timeframes 1s,1m,1d --out file
    ended 0
    run bars --db s.db --timeframes 1s,1m,1d --out store
    ended 0
    for timeframe in 1s 1m 1d; do
        rows_of file/$timeframe.csv >expected
        rows_of store/$timeframe.csv >ours
        cmp ours expected
        times_ascend store/$timeframe.csv
    done
}

named_symbols_of_a_store_are_the_only_ones() {
    few_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run bars --db s.db MSFT --timeframes 1d
    ended 0
    printed "$header"
    printed '1704153600000000000,MSFT,1d,400,400,400,400,1,1,400'
    [ "$(wc -l <out)" -eq 2 ]
}

the_same_trades_give_the_same_bytes() {
    slow_market trades 13 3000 >trades.csv
    run bars trades.csv --timeframes 1s,1h --out one
    run bars trades.csv --timeframes 1s,1h --out two
    cmp one/1s.csv two/1s.csv
    cmp one/1h.csv two/1h.csv
    run bars - --timeframes 1s <trades.csv
    ended 0
    cmp out one/1s.csv
}

compressed_trades_are_read() {
    few_trades >trades.csv
    run bars trades.csv
    mv out expected
    gzip -c trades.csv >trades.csv.gz
    run bars trades.csv.gz
    ended 0
    cmp out expected
    command -v zstd >/dev/null || return 0
    zstd -q -c trades.csv >renamed
    run bars renamed
    ended 0
    cmp out expected
}

alpaca_names_of_timeframes_are_taken() {
    few_trades >trades.csv
    run bars trades.csv --timeframes 1Min,1Hour,1Day --out bars
    ended 0
    [ "$(ls bars | tr '\n' ' ')" = '1d.csv 1h.csv 1m.csv ' ]
}

one_stream_may_hold_every_timeframe() {
    few_trades >trades.csv
    run bars trades.csv --timeframes 1m,1d --out -
    ended 0
    [ "$(grep -c ',1m,' out)" -eq 3 ]
    [ "$(grep -c ',1d,' out)" -eq 2 ]
    [ "$(grep -c "$header" out)" -eq 1 ]
}

counts_are_told_to_people_and_machines() {
    few_trades >trades.csv
    run bars trades.csv --timeframes 1m,1d --out bars
    ended 0
    grep -Eq '^1m +3 bars/1m\.csv' out
    printed '4 trades in '
    run bars trades.csv --timeframes 1m,1d --out bars --json
    ended 0
    python3 - <<'END'
import json
told = json.load(open("out"))
assert told["rows"] == {"1m": 3, "1d": 2}, told
assert told["trades"] == 4 and told["skipped"] == 0 and told["seconds"] >= 0, told
END
}

a_header_alone_makes_no_bars() {
    few_trades | head -n 1 >trades.csv
    run bars trades.csv
    ended 0
    [ "$(cat out)" = "$header" ]
}

a_malformed_row_stops_with_its_position() {
    bad_trades >trades.csv
    mkdir bars
    echo old >bars/1m.csv
    run bars trades.csv --timeframes 1m,1d --out bars
    ended 3
    said 'trades.csv:3:3: expected a price (a finite number), found "cheap"'
    [ "$(cat bars/1m.csv)" = old ]
    [ "$(ls -A bars)" = 1m.csv ]
}

each_kind_of_bad_row_is_refused() {
    while IFS='|' read -r row where reason; do
        printf 'ts_ns,symbol,price,size,side\n5,AAPL,1,1,\n%s\n' "$row" >trades.csv
        run bars trades.csv
        ended 3
        said "trades.csv:3:$where: "
        said "$reason"
    done <<'END'
noon,AAPL,1,1,B|1|nanoseconds
4,AAPL,1,1,B|1|time runs backwards
9223372036854775807,AAPL,1,1,B|1|too far from today
6,A PL,1,1,B|2|symbol
6,AAPL,nan,1,B|3|finite
6,AAPL,-1,1,B|3|at least
6,AAPL,99999999999,1,B|3|below
6,AAPL,1,0,B|4|at least
6,AAPL,1,9223372036,B|4|volume of a bar
6,AAPL,1,1,X|5|B, S or nothing
6,AAPL,1,1|4|expected 5 fields
6,AAPL,1,1,B,9|6|expected 5 fields
END
}

bad_rows_are_set_aside_with_reasons() {
    bad_trades >trades.csv
    run bars trades.csv --timeframes 1m --skip-bad rejects.csv
    ended 0
    said '3 bad rows were set aside in rejects.csv'
    python3 - <<'END'
import csv
rows = list(csv.reader(open("rejects.csv")))
assert rows[0] == ["line", "field", "reason", "row"], rows
assert [row[0] for row in rows[1:]] == ["3", "4", "6"], rows
assert rows[1][1] == "3" and "cheap" in rows[1][2], rows
assert rows[1][3] == "1704207601000000000,AAPL,cheap,1,B", rows
assert "5 fields" in rows[2][2] and "backwards" in rows[3][2], rows
END
    few_trades | grep -v MSFT >good.csv
    mv out ours
    run bars good.csv
    cmp ours out
}

rejects_hold_any_bytes() {
    printf 'ts_ns,symbol,price,size,side\n1,AAPL,"1",1,"\n' >trades.csv
    run bars trades.csv --skip-bad rejects.csv
    ended 0
    python3 - <<'END'
import csv
rows = list(csv.reader(open("rejects.csv")))
assert rows[1][3] == '1,AAPL,"1",1,"', rows
END
}

a_failure_leaves_no_rejects() {
    bad_trades | gzip -c | head -c 60 >trades.csv.gz
    run bars trades.csv.gz --timeframes 1m --out bars --skip-bad rejects.csv
    ended 3
    said 'trades.csv.gz'
    [ ! -e rejects.csv ]
    nothing_is_left bars
    [ -z "$(find . -name '.*.csv*')" ]
}

a_damaged_or_cut_file_is_bad_data() {
    slow_market trades 14 3000 | gzip -c >whole.gz
    head -c "$(($(wc -c <whole.gz) / 2))" whole.gz >cut.gz
    run bars cut.gz --timeframes 1s,1m --out bars
    ended 3
    said 'cut.gz'
    nothing_is_left bars
    python3 - <<'END'
data = bytearray(open("whole.gz", "rb").read())
data[len(data) // 2] ^= 0xff
open("noise.gz", "wb").write(data)
END
    run bars noise.gz --timeframes 1s,1m --out bars
    ended 3
    said 'noise.gz'
    nothing_is_left bars
}

what_is_no_file_of_trades_is_refused() {
    run bars no.csv
    ended 1
    said 'no.csv'
    : >empty.csv
    run bars empty.csv
    ended 3
    said 'empty.csv: the file is empty'
    mkdir folder
    run bars folder
    ended 3
    said 'folder'
    echo 'date,price' >other.csv
    run bars other.csv
    ended 3
    said 'other.csv:1:1: expected the header "ts_ns,symbol,price,size,side", found "date,price"'
}

what_is_no_store_is_refused() {
    run bars --db no.db
    ended 1
    said 'no.db does not exist'
    echo 'not a database, just a line of text' >text.db
    run bars --db text.db
    ended 3
    said 'text.db is not a store'
    "$MAKE_STORE" empty.db
    run bars --db empty.db
    ended 3
    said 'empty.db has no trades'
    few_trades >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run bars --db s.db XYZ
    ended 1
    said 's.db has no symbol "XYZ"; it has AAPL, MSFT'
}

a_volume_beyond_a_bar_is_told_from_a_store_too() {
    printf 'ts_ns,symbol,price,size,side\n5,AAPL,1,9000000000,B\n6,AAPL,1,9000000000,B\n' \
        >trades.csv
    "$MAKE_STORE" s.db trades.csv
    run bars --db s.db --out bars
    ended 3
    said 'the trade of AAPL at 6: with this size the volume of a bar would pass'
    nothing_is_left bars
}

wrong_usage_is_explained() {
    few_trades >trades.csv
    run bars
    ended 2
    said 'name a file of trades (- is standard input), or a store with --db FILE'
    run bars trades.csv trades.csv
    ended 2
    said 'one file of trades at a time'
    run bars trades.csv --timeframes 1s,1m
    ended 2
    said '2 timeframes make 2 files: say where with --out DIR'
    printed_nothing
    for list in '' 1x '1s,' 61s 1m,1Min 1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s; do
        run bars trades.csv --timeframes "$list" --out bars
        ended 2
        said '--timeframes: '
    done
    [ ! -e bars ]
    run bars trades.csv --json
    ended 2
    said 'add --out DIR'
    run bars --db s.db --skip-bad rejects.csv
    ended 2
    said '--skip-bad is for a file'
    run bars trades.csv --skip-bad -
    ended 2
    said '--skip-bad needs a file'
    run bars trades.csv --timeframe 1m
    ended 2
    said 'did you mean --timeframes?'
}

a_folder_that_cannot_be_is_named() {
    few_trades >trades.csv
    echo text >file
    run bars trades.csv --out file
    ended 1
    said '--out file: that is a file, not a folder'
    run bars trades.csv --out no/such
    ended 1
    said '--out no/such: the folder cannot be made'
    mkdir -p bars/1m.csv
    run bars trades.csv --out bars
    ended 1
    said 'bars/1m.csv is a folder'
    [ "$(ls -A bars)" = 1m.csv ]
}

a_full_disk_is_told() {
    [ -c /dev/full ] || exit 77
    few_trades >trades.csv
    run_to /dev/full bars trades.csv
    ended 1
    said 'standard output cannot be written: No space left on device'
}

a_reader_that_leaves_is_no_noise() {
    slow_market trades 15 6000 >trades.csv
    "$tradewind" bars trades.csv --timeframes 1s 2>err | head -n 1 >out
    [ "$(cat out)" = "$header" ]
    [ ! -s err ]
    "$MAKE_STORE" s.db trades.csv
    "$tradewind" bars --db s.db --timeframes 1s 2>err | head -n 1 >out
    [ "$(cat out)" = "$header" ]
    [ ! -s err ]
}

an_interruption_takes_unfinished_files_away() {
    mkfifo pipe
    mkdir bars
    echo old >bars/1m.csv
    "$tradewind" bars pipe --timeframes 1s,1m --out bars --skip-bad rejects.csv 2>err &
    command_id=$!
    exec 3>pipe # returns when the command has opened the other end
    few_trades >&3
    kill -TERM "$command_id"
    wait_for "$command_id"
    exec 3>&-
    ended 130
    said 'interrupted'
    [ "$(cat bars/1m.csv)" = old ]
    [ "$(ls -A bars)" = 1m.csv ]
    [ -z "$(find . -name '*rejects*')" ]
}

progress_is_shown_on_a_terminal_only() {
    needs_a_terminal
    mkfifo pipe
    slow_market trades 16 6000 >trades.csv
    run bars trades.csv --out bars
    [ ! -s err ]
    # A terminal of our own; the pipe holds the work back until its first second is over.
    python3 - "$tradewind" <<'END'
import os, pty, subprocess, sys, time
master, slave = pty.openpty()
process = subprocess.Popen([sys.argv[1], "bars", "pipe", "--out", "bars"], stderr=slave,
                           stdout=subprocess.DEVNULL)
os.close(slave)
rows = open("trades.csv").read()
with open("pipe", "w") as pipe:
    time.sleep(1.1) # the time itself is what is tested
    pipe.write(rows)
assert process.wait() == 0
drawn = os.read(master, 65536).decode()
assert "trades " in drawn and "/s)" in drawn and drawn.endswith("\r\x1b[K"), repr(drawn)
END
}

days_of_the_us_calendar_begin_in_new_york() {
    [ -r /usr/share/zoneinfo/America/New_York ] || exit 77
    cat >trades.csv <<END
ts_ns,symbol,price,size,side
1710046799000000000,AAPL,1,1,
1710046800000000000,AAPL,2,1,
1710129599000000000,AAPL,3,1,
1710129600000000000,AAPL,4,1,
END
    run bars trades.csv --timeframes 1d --calendar us
    ended 0
    cat >expected <<END
$header
1709960400000000000,AAPL,1d,1,1,1,1,1,1,1
1710046800000000000,AAPL,1d,2,3,2,3,2,2,2.5
1710129600000000000,AAPL,1d,4,4,4,4,1,1,4
END
    cmp out expected
    TZDIR=/nonexistent run bars trades.csv --timeframes 1d --calendar us --out bars
    ended 1
    said 'there is no zone data at /nonexistent/America/New_York'
    nothing_is_left bars
    mkdir -p zones/America
    echo 'no zone' >zones/America/New_York
    TZDIR=zones run bars trades.csv --calendar us
    said 'zones/America/New_York: a zone file (TZif): byte 8'
}

kinds_stand_beside_timeframes() {
    cat >trades.csv <<END
ts_ns,symbol,price,size,side
1,AAPL,10,7,B
2,AAPL,11,8,B
3,AAPL,12,5,S
END
    run bars trades.csv --timeframes 1m,volume:10,tick:2,renko:1,dollar:100 --out bars
    ended 0
    [ "$(ls -A bars | tr '\n' ' ')" = \
        '1m.csv renko-1.csv tick-2.csv value-100.csv volume-10.csv ' ]
    cat >expected <<END
$header
1,AAPL,volume:10,10,11,10,11,10,2,10.3
2,AAPL,volume:10,11,12,11,12,10,2,11.5
END
    cmp bars/volume-10.csv expected
    [ "$(wc -l <bars/tick-2.csv)" -eq 3 ]
    [ "$(tail -n 1 bars/renko-1.csv)" = '3,AAPL,renko:1,11,12,11,12,5,1,12' ]
    run bars trades.csv --timeframes volume:0.00000001
    ended 3
    said 'trades.csv:2:4: this trade alone would make more than 65536 bars'
    for list in tick: tick:0 tick:1.5 tick:x renko:-1 ticks:3 tick:5,tick:5 dollar:5,value:5; do
        run bars trades.csv --timeframes "$list"
        ended 2
        said '--timeframes: '
    done
}

options_change_which_bars_there_are() {
    printf 'ts_ns,symbol,price,size,side\n1000000000,A,5,1,\n4000000000,A,6,1,\n' >trades.csv
    run bars trades.csv --timeframes 1s --empty 5 --stamp close
    ended 0
    [ "$(cut -d, -f1,4,9 out | tail -n +2 | tr '\n' ' ')" = \
        '2000000000,5,1 3000000000,5,0 4000000000,5,0 5000000000,6,1 ' ]
    run bars trades.csv --timeframes 2s --partial skip
    ended 0
    [ "$(cut -d, -f1 out | tail -n +2)" = 4000000000 ]
    run bars trades.csv --calendar mars
    ended 2
}

conditions_keep_trades_out() {
    cat >trades.csv <<END
ts_ns,symbol,price,size,side,id,exchange,tape,conditions
1,A,10,100,B,1,V,C,@
2,A,99,5,B,2,V,C,@I
3,A,11,100,B,3,V,C,@
END
    run bars trades.csv --conditions utp
    ended 0
    printed '0,A,1m,10,11,10,11,205,3,12.658536585'
    run bars trades.csv
    printed '0,A,1m,10,99,10,11,205,3,12.658536585'
}

candles_are_drawn_of_one_symbol() {
    command -v gnuplot >/dev/null || exit 77
    few_trades >trades.csv
    run bars trades.csv --plot candles.png
    ended 2
    said 'more than one symbol (AAPL, MSFT ...)'
    [ ! -e candles.png ]
    run bars trades.csv --symbol AAPL --plot candles.png
    ended 0
    [ "$(head -c 4 candles.png | tail -c 3)" = PNG ]
    [ "$(grep -c MSFT out)" -eq 0 ]
    run bars trades.csv --symbol NONE --plot none.png
    ended 3
    said 'there is no 1m bar to plot'
    [ ! -e none.png ]
    run bars trades.csv --plot trades.csv
    ended 2
    said 'that file is read'
    run bars trades.csv --plot one.csv --skip-bad one.csv
    ended 2
    said '--plot one.csv: that file is --skip-bad'
}

reports_revise_bars() {
    cat >reports.csv <<END
ts_ns,symbol,price,size,side,id,exchange,tape,conditions
1000000000,A,10,100,B,1,V,C,
2000000000,A,12,50,B,2,V,C,
61000000000,A,11,10,S,3,V,C,
62000000000,B,5,1,,1,V,C,
5000000000,A,9,10,S,4,V,C,
2000000000,A,,0,,2,V,C,
2000000000,A,11.5,50,B,2,V,C,
62000000000,B,,0,,1,,,
63000000000,A,,0,,77,,,
1000000000,A,0,0,,77,,,
1000000000,A,3,1,,77,,,
END
    run bars reports.csv --horizon 5m
    ended 0
    cat >expected <<END
$header,revision
0,A,1m,10,12,10,12,150,2,10.666666667,0
0,A,1m,10,12,9,9,160,3,10.5625,1
0,A,1m,10,11.5,9,9,160,3,10.40625,2
60000000000,A,1m,11,11,11,11,10,1,11,0
END
    cmp out expected
    run bars reports.csv --horizon 5m --timeframes 1m,tick:2 --out bars --json
    ended 0
    cat >expected <<END
$header,revision
1000000000,A,tick:2,10,12,10,12,150,2,10.666666667,0
5000000000,A,tick:2,9,11,9,11,20,2,10,0
1000000000,A,tick:2,10,11.5,10,11.5,150,2,10.5,1
END
    cmp bars/tick-2.csv expected
    python3 - <<'END'
import json
told = json.load(open("out"))
assert told["trades"] == 7 and told["cancelled"] == 1 and told["corrected"] == 1, told
assert told["unknown"] == 2 and told["late"] == 0 and told["revisions"] == 3, told
END
    run bars reports.csv
    ended 3
    said 'reports.csv:6:1: time runs backwards'
    grep -v ',0,,' reports.csv >late.csv
    run bars late.csv --horizon 1s --timeframes 1m,1h --out bars
    ended 0
    printed 'too late: 3'
    printf 'ts_ns,symbol,price,size,side,id,exchange,tape,conditions\n1,A,5,0,,,,,\n' >no.csv
    run bars no.csv --horizon 1s
    ended 3
    said 'no.csv:2:6: a size of 0 takes a trade back, whose id must be here'
    printf 'ts_ns,symbol,price,size,side,id,exchange,tape,conditions\n1,A,,5,,3,,,\n' >no.csv
    run bars no.csv --horizon 1s
    ended 3
    said 'no.csv:2:3: a price may be missing only where a size of 0 takes a trade back'
    run bars --db any.db --horizon 1s
    ended 2
    said '--horizon is for a file'
}

# Trades and reports that take none back give the same bars; a trade before the horizon settles.
reports_without_changes_are_trades() {
    awk 'BEGIN { print "ts_ns,symbol,price,size,side,id,exchange,tape,conditions"
        for (i = 0; i < 3000; i++)
            printf "%d,%s,%d.%02d,%d,%s,%d,V,%s,%s\n", i * 700000000, i % 3 ? "A" : "B",
                100 + i % 17, i % 91, 1 + i % 50, i % 2 ? "B" : "S", i, i % 5 ? "C" : "A",
                i % 11 ? "@" : "@I" }' >trades.csv
    frames=1s,1m,1h,tick:7,volume:100,renko:3,imbalance:20:bars=5:trades=30
    run bars trades.csv --timeframes $frames --conditions tape --out plain
    ended 0
    run bars trades.csv --timeframes $frames --conditions tape --horizon 30s --out revised
    ended 0
    for file in plain/*.csv; do
        sed '1d; s/$/,0/' "$file" | LC_ALL=C sort >expected
        sed 1d "revised/${file#plain/}" | LC_ALL=C sort | cmp - expected
    done
}

kinds_take_settings() {
    cat >trades.csv <<END
ts_ns,symbol,price,size,side
1,A,10,3,B
2,A,11,3,
3,A,12,3,
4,A,9,3,
5,A,9,3,S
END
    run bars trades.csv --timeframes tick_imbalance:2:side=given
    ended 0
    [ "$(cut -d, -f1,3,9 out | tail -n +2 | tr '\n' ' ')" = '1,tick_imbalance:2:side=given,5 ' ]
    run bars trades.csv --timeframes imbalance:2:bars=2:trades=3:least=1:most=4,volume:2:split=1,renko:1:style=close:wicks=none:grid=0.5 --out bars
    ended 0
    [ -s bars/tick_imbalance-2-bars=2-trades=3-least=1-most=4.csv ]
    [ "$(wc -l <bars/volume-2-split=1.csv)" -eq 9 ]
    [ -s bars/renko-1-style=close-wicks=none-grid=0.5.csv ]
    for list in imbalance:2:bars=2 imbalance:2:bars=2:trades=0 imbalance:2:least=5 tick:3:bars=2 \
        imbalance:2:bars=2:trades=3:least=9:most=1 volume:3:split=0 renko:1:style=round \
        renko:1:wicks volume:3:side=tick imbalance:2:side=buy; do
        run bars trades.csv --timeframes "$list"
        ended 2
        said '--timeframes: '
    done
}

each_tape_has_its_conditions() {
    cat >trades.csv <<END
ts_ns,symbol,price,size,side,id,exchange,tape,conditions
1,A,10,100,B,1,V,C,@
2,A,20,5,B,2,V,C,B
3,A,30,5,B,3,V,A,B
4,A,11,100,B,4,V,C,@
END
    run bars trades.csv --conditions tape
    ended 0
    printed '0,A,1m,10,20,10,11,210,4,11.19047619'
    run bars trades.csv --conditions cta
    printed '0,A,1m,10,11,10,11,210,4,11.19047619'
    run bars trades.csv --conditions utp
    printed '0,A,1m,10,30,10,11,210,4,11.19047619'
}

indicators_are_drawn() {
    command -v gnuplot >/dev/null || exit 77
    awk 'BEGIN { print "ts_ns,symbol,price,size,side"
        for (i = 0; i < 400; i++)
            printf "%d000000000,A,%d.5,%d,B\n", i * 60, 100 + i % 17, 1 + i % 50 }' >trades.csv
    run bars trades.csv --plot plain.png
    ended 0
    run bars trades.csv --plot drawn.png --plot-bars 50 \
        --indicators 'sma(20), bollinger(20,2),macd.histogram,rsi(14),obv'
    ended 0
    height_of() { od -An -tu1 -j20 -N4 "$1" | awk '{ print ($1 * 256 + $2) * 65536 + $3 * 256 + $4 }'; }
    [ "$(height_of drawn.png)" -gt "$(($(height_of plain.png) + 500))" ]
    for list in 'sma(0)' 'sma(20' unknown 'macd.none' 'beta(20)' 'sma(2),,' \
        'sma,sma,sma,sma,sma,sma,sma,sma,sma'; do
        run bars trades.csv --plot no.png --indicators "$list"
        ended 2
        said '--indicators: '
        [ ! -e no.png ]
    done
    run bars trades.csv --indicators 'sma(20)'
    ended 2
    said 'add --plot FILE'
    run bars trades.csv --plot no.png --indicators 'sma(401)'
    ended 3
    said 'there are too few bars (400) for sma(401)'
    [ ! -e no.png ]
    run bars trades.csv --plot no.png --plot-bars 1001
    ended 2
}

run_cases a_few_trades_make_known_bars bars_of_a_file_agree_with_a_slow_computation \
    bars_of_a_store_are_those_of_the_file named_symbols_of_a_store_are_the_only_ones \
    the_same_trades_give_the_same_bytes compressed_trades_are_read \
    alpaca_names_of_timeframes_are_taken one_stream_may_hold_every_timeframe \
    counts_are_told_to_people_and_machines a_header_alone_makes_no_bars \
    a_malformed_row_stops_with_its_position each_kind_of_bad_row_is_refused \
    bad_rows_are_set_aside_with_reasons rejects_hold_any_bytes a_failure_leaves_no_rejects \
    a_damaged_or_cut_file_is_bad_data what_is_no_file_of_trades_is_refused \
    what_is_no_store_is_refused a_volume_beyond_a_bar_is_told_from_a_store_too wrong_usage_is_explained a_folder_that_cannot_be_is_named \
    a_full_disk_is_told a_reader_that_leaves_is_no_noise \
    days_of_the_us_calendar_begin_in_new_york kinds_stand_beside_timeframes \
    options_change_which_bars_there_are conditions_keep_trades_out candles_are_drawn_of_one_symbol \
    reports_revise_bars reports_without_changes_are_trades kinds_take_settings each_tape_has_its_conditions \
    indicators_are_drawn \
    an_interruption_takes_unfinished_files_away progress_is_shown_on_a_terminal_only
