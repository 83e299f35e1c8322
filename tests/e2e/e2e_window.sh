#!/bin/sh
# e2e_window.sh - `tradewind window`: windows over files, and what happens to bad ones.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

header='ts_ns,symbol,n,mean,stddev,min,max,vwap,ema'

few_trades() {
    cat <<END
ts_ns,symbol,price,size,side
1704207600000000000,AAPL,100,10,B
1704207601000000000,MSFT,400,1,B
1704207602000000000,AAPL,90,5,S
1704207661000000000,AAPL,95,5,
END
}

# few_trades with a bad third and fifth line.
bad_trades() {
    cat <<END
ts_ns,symbol,price,size,side
1704207600000000000,AAPL,100,10,B
1704207601000000000,AAPL,cheap,1,B
1704207602000000000,AAPL,90,5,S
1704207601000000000,AAPL,91,5,S
1704207661000000000,AAPL,95,5,
END
}

# The windows of trades.csv, recomputed from lists with exact fractions; compares with `out`.
agrees_with_a_slow_computation() {
    python3 - "$@" <<'END'
import csv, math, sys
from fractions import Fraction
count, span = int(sys.argv[1]), int(sys.argv[2])
rows = list(csv.DictReader(open("trades.csv")))
ours = list(csv.DictReader(open("out")))
assert len(rows) == len(ours) > 0, (len(rows), len(ours))
kept, emas = {}, {}
def near(name, a, b):
    assert abs(float(a) - float(b)) <= 1e-12 * abs(float(b)), (name, a, float(b))
for trade, row in zip(rows, ours):
    assert (row["ts_ns"], row["symbol"]) == (trade["ts_ns"], trade["symbol"])
    now, price, size = int(trade["ts_ns"]), Fraction(trade["price"]), Fraction(trade["size"])
    window = kept.setdefault(trade["symbol"], [])
    window.append((now, price, size))
    del window[:-count]
    while span and window[0][0] <= now - span:
        window.pop(0)
    n = len(window)
    mean = sum(p for _, p, _ in window) / n
    variance = sum((p - mean) ** 2 for _, p, _ in window) / n
    ema = emas.get(trade["symbol"], float(price))
    ema += (float(price) - ema) * 2 / (count + 1)
    emas[trade["symbol"]] = ema
    assert int(row["n"]) == n
    near("mean", row["mean"], mean)
    near("stddev", row["stddev"], math.sqrt(variance))
    assert Fraction(row["min"]) == min(p for _, p, _ in window)
    assert Fraction(row["max"]) == max(p for _, p, _ in window)
    near("vwap", row["vwap"], sum(p * s for _, p, s in window) / sum(s for _, _, s in window))
    near("ema", row["ema"], ema)
END
}

a_few_trades_make_known_rows() {
    few_trades >trades.csv
    run window trades.csv --count 2
    ended 0
    cat >expected <<END
$header
1704207600000000000,AAPL,1,100,0,100,100,100,100
1704207601000000000,MSFT,1,400,0,400,400,400,400
1704207602000000000,AAPL,2,95,5,90,100,96.66666666666667,93.33333333333333
1704207661000000000,AAPL,2,92.5,2.5,90,95,92.5,94.44444444444444
END
    cmp out expected
}

what_is_older_than_the_time_has_left() {
    few_trades >trades.csv
    run window trades.csv --time 59s
    ended 0
    printed '1704207661000000000,AAPL,1,95,0,95,95,95,'
    run window trades.csv --time 59s1ns
    ended 0
    printed '1704207661000000000,AAPL,2,92.5,2.5,90,95,92.5,'
}

windows_agree_with_a_slow_computation() {
    slow_market trades 11 3000 >trades.csv
    run window trades.csv
    ended 0
    agrees_with_a_slow_computation 100 0
    run window trades.csv --count 7
    agrees_with_a_slow_computation 7 0
    run window trades.csv --count 50 --time 60s
    agrees_with_a_slow_computation 50 60000000000
}

one_symbol_may_be_chosen() {
    few_trades >trades.csv
    run window trades.csv --symbol MSFT
    ended 0
    printed '1704207601000000000,MSFT,1,400,0,400,400,400,400'
    [ "$(wc -l <out)" -eq 2 ]
    run window trades.csv --symbol XYZ --out rows.csv
    ended 1
    said 'trades.csv has no trade of XYZ'
    [ ! -e rows.csv ]
}

rows_may_go_to_a_file() {
    few_trades >trades.csv
    run window trades.csv
    mv out expected
    run window trades.csv --out rows.csv
    ended 0
    printed_nothing
    cmp rows.csv expected
}

compressed_trades_are_read() {
    slow_market trades 12 2000 >trades.csv
    run window trades.csv
    mv out expected
    gzip -c trades.csv >trades.csv.gz
    run window trades.csv.gz
    ended 0
    cmp out expected
    run window - <trades.csv
    ended 0
    cmp out expected
    command -v zstd >/dev/null || return 0
    zstd -q -c trades.csv >renamed
    run window renamed
    ended 0
    cmp out expected
}

a_header_alone_makes_no_rows() {
    few_trades | head -n 1 >trades.csv
    run window trades.csv
    ended 0
    [ "$(cat out)" = "$header" ]
}

a_malformed_row_stops_with_its_position() {
    bad_trades >trades.csv
    echo old >rows.csv
    run window trades.csv --out rows.csv
    ended 3
    said 'trades.csv:3:3: expected a price (a finite number), found "cheap"'
    [ "$(cat rows.csv)" = old ]
    [ "$(find . -name '.*rows*')" = '' ]
}

bad_rows_are_set_aside_with_reasons() {
    bad_trades >trades.csv
    run window trades.csv --count 2 --skip-bad rejects.csv
    ended 0
    said '2 bad rows were set aside in rejects.csv'
    mv out ours
    few_trades | grep -v MSFT >trades.csv
    run window trades.csv --count 2
    cmp out ours
    [ "$(cut -d, -f1 rejects.csv | tr '\n' ' ')" = 'line 3 5 ' ]
}

a_damaged_or_cut_file_is_bad_data() {
    slow_market trades 14 3000 | gzip -c >whole.gz
    head -c "$(($(wc -c <whole.gz) / 2))" whole.gz >cut.gz
    run window cut.gz --out rows.csv
    ended 3
    said 'cut.gz'
    [ ! -e rows.csv ]
}

what_is_no_file_of_trades_is_refused() {
    run window no.csv
    ended 1
    said 'no.csv'
    : >empty.csv
    run window empty.csv
    ended 3
    said 'empty.csv: the file is empty'
    mkdir folder
    run window folder
    ended 3
    said 'folder'
    echo 'date,price' >other.csv
    run window other.csv
    ended 3
    said 'other.csv:1:1: expected the header "ts_ns,symbol,price,size,side", found "date,price"'
}

wrong_usage_is_explained() {
    few_trades >trades.csv
    run window
    ended 2
    said 'name a file of trades (- is standard input)'
    run window trades.csv trades.csv
    ended 2
    said 'one file of trades at a time'
    for count in 0 -1 x 10000001; do
        run window trades.csv --count "$count"
        ended 2
        said 'count'
    done
    run window trades.csv --time 60
    ended 2
    said 'time'
    run window trades.csv --out trades.csv
    ended 2
    said '--out trades.csv: that file is read'
    run window trades.csv --skip-bad -
    ended 2
    said '--skip-bad needs a file'
    run window trades.csv --skip-bad rows.csv --out rows.csv
    ended 2
    said '--skip-bad rows.csv: that file is --out'
    run window trades.csv --cuont 5
    ended 2
    said 'did you mean --count?'
}

windows_may_be_drawn() {
    command -v gnuplot >/dev/null || exit 77
    slow_market trades 16 5000 >trades.csv
    name=$(sed -n 2p trades.csv | cut -d, -f2)
    run window trades.csv --symbol "$name" --plot windows.png --out rows.csv
    ended 0
    [ "$(head -c 4 windows.png | tail -c 3)" = PNG ]
    [ -s rows.csv ]
    run window trades.csv --plot none.png --out none.csv
    ended 2
    said 'a picture is of one symbol'
    [ ! -e none.png ]
    [ ! -e none.csv ]
    for other in trades.csv rows.csv; do
        run window trades.csv --symbol "$name" --plot $other --out rows.csv
        ended 2
        said "--plot $other: that file is"
    done
}

a_full_disk_is_told() {
    [ -c /dev/full ] || exit 77
    few_trades >trades.csv
    run_to /dev/full window trades.csv
    ended 1
    said 'standard output cannot be written: No space left on device'
}

a_reader_that_leaves_is_no_noise() {
    slow_market trades 15 6000 >trades.csv
    "$tradewind" window trades.csv 2>err | head -n 1 >out
    [ "$(cat out)" = "$header" ]
    [ ! -s err ]
}

an_interruption_takes_unfinished_files_away() {
    mkfifo pipe
    echo old >rows.csv
    "$tradewind" window pipe --out rows.csv --skip-bad rejects.csv 2>err &
    command_id=$!
    exec 3>pipe # returns when the command has opened the other end
    few_trades >&3
    kill -TERM "$command_id"
    wait_for "$command_id"
    exec 3>&-
    ended 130
    said 'interrupted'
    [ "$(cat rows.csv)" = old ]
    [ -z "$(find . -name '*rejects*')" ]
    [ "$(find . -name '.*rows*')" = '' ]
}

run_cases a_few_trades_make_known_rows what_is_older_than_the_time_has_left \
    windows_agree_with_a_slow_computation one_symbol_may_be_chosen rows_may_go_to_a_file \
    compressed_trades_are_read a_header_alone_makes_no_rows \
    a_malformed_row_stops_with_its_position bad_rows_are_set_aside_with_reasons \
    a_damaged_or_cut_file_is_bad_data what_is_no_file_of_trades_is_refused \
    wrong_usage_is_explained windows_may_be_drawn a_full_disk_is_told a_reader_that_leaves_is_no_noise \
    an_interruption_takes_unfinished_files_away
