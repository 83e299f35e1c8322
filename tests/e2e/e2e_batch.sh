#!/bin/sh
# e2e_batch.sh - `tradewind batch`: features over files of bars, cleaning, and what happens to bad
# files.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

bars_header='ts_ns,symbol,timeframe,open,high,low,close,volume'

few_bars() {
    cat <<END
$bars_header
1704067200000000000,MSFT,1d,400,404,396,400,10
1704067200000000000,AAPL,1d,100,101,99,100,5
1704153600000000000,AAPL,1d,100,103,99,102,6
1704153600000000000,MSFT,1d,400,404,396,396,10
1704240000000000000,AAPL,1d,102,103,100,101,7
END
}

# few_bars with a bad third and fifth line.
bad_bars() {
    few_bars | sed -e '3s/101,99/101,x/' -e '5s/1704153600000000000/1704067200000000000/'
}

# 8 symbols of 120 days, of which some have gaps.
many_bars() {
    python3 - <<'END'
import random
random.seed(7)
prices = {"S%d" % i: 20 + 30 * i for i in range(8)}
print("ts_ns,symbol,timeframe,open,high,low,close,volume")
for day in range(120):
    for name in prices:
        before = prices[name]
        prices[name] *= 1 + random.uniform(-0.03, 0.03)
        if name == "S3" and day in (50, 51) or name == "S5" and day > 90:
            continue
        high, low = max(before, prices[name]) + 1, min(before, prices[name]) - 1
        print("%d,%s,1d,%.4f,%.4f,%.4f,%.4f,%d" % (1704067200000000000 + day * 86400 * 10**9, name,
              before, high, low, prices[name], random.randint(100, 900)))
END
}

# Returns, means, ranks and correlations of bars.csv, recomputed from lists; compares with `out`.
agrees_with_a_slow_computation() {
    python3 - <<'END'
import csv, math
bars = list(csv.DictReader(open("bars.csv")))
rows = list(csv.DictReader(open("out")))
times = sorted({int(b["ts_ns"]) for b in bars})
close = {(int(b["ts_ns"]), b["symbol"]): float(b["close"]) for b in bars}
names = sorted({b["symbol"] for b in bars})
assert [(int(r["ts_ns"]), r["symbol"]) for r in rows] == [
    (t, n) for t in times for n in names if (t, n) in close]
def window(i, name, count):
    if i + 1 < count:
        return None
    values = [close.get((t, name)) for t in times[i + 1 - count:i + 1]]
    return None if None in values else values
def returns(values):
    return None if values is None else [b / a - 1 for a, b in zip(values, values[1:])]
def near(row, key, expected):
    if expected is None:
        assert row[key] == "", (row, key)
    else:
        assert abs(float(row[key]) - expected) <= 1e-9 * (1 + abs(expected)), (row, key, expected)
def correlation(a, b):
    if a is None or b is None:
        return None
    n, ma, mb = len(a), sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    return cov / math.sqrt(sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b))
for row in rows:
    i, name = times.index(int(row["ts_ns"])), row["symbol"]
    two, ten, moves = window(i, name, 2), window(i, name, 10), returns(window(i, name, 11))
    near(row, "log_return", None if two is None else math.log(two[1] / two[0]))
    near(row, "sma_10", None if ten is None else sum(ten) / 10)
    near(row, "correlation_10_returns_simple",
         correlation(moves, returns(window(i, "S2", 11))))
    ends = {n: (close.get((times[i - 5], n)), close.get((times[i], n))) for n in names if i >= 5}
    others = {n: b / a for n, (a, b) in ends.items() if a is not None and b is not None}
    near(row, "cross_rank_roc_5",
         sorted(others, key=others.get).index(name) + 1 if name in others else None)
END
}

features_agree_with_a_slow_computation() {
    many_bars >bars.csv
    run batch bars.csv --benchmark S2 --features \
        'log_return, sma(10),correlation(10, returns=simple).correlation,cross_rank(roc(5))'
    ended 0
    agrees_with_a_slow_computation
    mv out first
    run batch bars.csv --benchmark S2 --threads 3 --features \
        'log_return, sma(10),correlation(10, returns=simple).correlation,cross_rank(roc(5))'
    cmp out first
}

a_few_bars_make_known_rows() {
    few_bars >bars.csv
    run batch bars.csv --features 'roc(1).momentum,cross_zscore(roc(1).momentum),max(2)'
    ended 0
    cat >expected <<END
ts_ns,symbol,close,roc_1_momentum,cross_zscore_roc_1_momentum,max_2
1704067200000000000,AAPL,100,,,
1704067200000000000,MSFT,400,,,
1704153600000000000,AAPL,102,2,1,102
1704153600000000000,MSFT,396,-4,-1,400
1704240000000000000,AAPL,101,-1,,102
END
    cmp out expected
}

files_are_read_together_in_any_order() {
    many_bars >bars.csv
    run batch bars.csv
    ended 0
    mv out whole
    (echo "$bars_header" && grep -E ',S[0-3],' bars.csv) >a.csv
    (echo "$bars_header" && grep -E ',S[4-7],' bars.csv) | gzip -c >b.csv.gz
    run batch b.csv.gz a.csv
    ended 0
    cmp out whole
    run batch - <bars.csv
    ended 0
    cmp out whole
}

the_newest_bar_of_each_symbol_may_be_asked_for() {
    few_bars >bars.csv
    run batch bars.csv --latest --features 'max(2)'
    ended 0
    printed 'AAPL'
    printed '2024-01-03T00:00:00Z'
    printed 'max_2'
    run batch bars.csv --latest --features 'max(2)' --json
    ended 0
    python3 - <<'END'
import json
found = json.load(open("out"))
assert [(f["symbol"], f["close"], f["features"]) for f in found] == [
    ("AAPL", 101, {"max_2": 102}), ("MSFT", 396, {"max_2": 400})], found
END
}

a_file_gets_the_rows_and_the_output_the_counts() {
    many_bars >bars.csv
    run batch bars.csv
    mv out expected
    run batch bars.csv --out rows.csv
    ended 0
    cmp rows.csv expected
    printed '8 symbols at 120 times'
    run batch bars.csv --out rows.csv --json
    ended 0
    python3 - <<'END'
import json
found = json.load(open("out"))
assert found["symbols"] == 8 and found["times"] == 120 and found["gaps"] == 2 + 29, found
END
}

# donchian(1) is high and low; vwma(1) needs the volume.
each_field_is_read_and_none_is_lost() {
    python3 - >bars.csv <<'END'
print("ts_ns,symbol,timeframe,open,high,low,close,volume")
for day in range(1400):
    for name in range(50):
        close = 100 + (day * 7 + name * 3) % 40
        print("%d,N%02d,1d,%d,%d,%d,%d,%d" % (day * 86400 * 10**9, name, close - 1, close + 5,
              close - 4, close, day + name + 1))
END
    run batch bars.csv --features 'donchian(1).upper,donchian(1).lower,obv,bop' --out rows.csv
    ended 0
    python3 - <<'END'
import csv
bars = list(csv.DictReader(open("bars.csv")))
rows = list(csv.DictReader(open("rows.csv")))
assert len(bars) == len(rows) == 70000
totals, before = {}, {}
for bar, row in zip(bars, rows):
    name, close = bar["symbol"], float(bar["close"])
    assert (row["ts_ns"], row["symbol"], row["close"]) == (bar["ts_ns"], name, bar["close"])
    assert float(row["donchian_1_upper"]) == float(bar["high"])
    assert float(row["donchian_1_lower"]) == float(bar["low"])
    assert abs(float(row["bop"]) - 1 / 9) < 1e-12 if row["bop"] else True
    change = close - before.get(name, close)
    before[name] = close
    volume = float(bar["volume"])
    totals[name] = totals.get(name, 0) + (volume if change > 0 else -volume if change < 0 else 0)
    assert float(row["obv"]) - totals[name] in (0, float(bars[int(name[1:])]["volume"])), row
END
}

what_is_anchored_begins_with_the_day_of_the_calendar() {
    python3 - >bars.csv <<'END'
print("ts_ns,symbol,timeframe,open,high,low,close,volume")
for hour in range(36): # from 2024-01-02T00:00Z
    price = 100 + hour
    print("%d,AAPL,1h,%d,%d,%d,%d,1" % (1704153600 * 10**9 + hour * 3600 * 10**9, price, price,
          price, price))
END
    run batch bars.csv --features vwap
    ended 0
    printed '1704236400000000000,AAPL,123,111.5' # 23:00, over 24 hours
    printed '1704240000000000000,AAPL,124,124'
    run batch bars.csv --features vwap --calendar us
    ended 0
    printed '1704240000000000000,AAPL,124,114.5' # 19:00 in New York
    printed '1704258000000000000,AAPL,129,129'   # midnight there
}

many_symbols_stand_in_rows_of_the_newest() {
    many_bars >bars.csv
    run batch bars.csv --features 'max(1)'
    grep ',S7,' out | tail -n 1 | cut -d, -f3 | cut -c 1-5 >close
    run batch bars.csv --latest --features 'max(1)'
    ended 0
    grep '^S7 ' out | grep -qF -- "$(cat close)"
    grep '^S5 ' out | grep -qF '2024-03-31' # its last bar is an older one
    run batch bars.csv --latest --features 'max(1)' --json
    python3 -c 'import json; assert len(json.load(open("out"))) == 8'
}

a_filled_bar_is_one_without_a_trade() {
    few_bars >bars.csv
    run batch bars.csv --fill 1 --features 'donchian(1).upper,donchian(1).lower,obv'
    ended 0
    printed '1704153600000000000,MSFT,396,404,396,' # what was there is as it was
    printed '1704240000000000000,MSFT,396,396,396,'
    [ "$(grep MSFT out | cut -d, -f6 | tail -n 2 | uniq | wc -l)" -eq 1 ] # its volume is 0
}

gaps_may_be_filled() {
    few_bars >bars.csv
    run batch bars.csv --fill 1 --features 'sum(2)'
    ended 0
    printed '1704240000000000000,MSFT,396,792'
    run batch bars.csv --fill 1 --features 'obv'
    ended 0
    printed '1704240000000000000,MSFT,396,'
}

splits_are_adjusted_for_and_suspected() {
    cat >bars.csv <<END
$bars_header
1704067200000000000,AAPL,1d,400,404,396,400,10
1704153600000000000,AAPL,1d,100,101,99,100,40
END
    run batch bars.csv --features 'sma(2)'
    ended 0
    said 'AAPL fell by a factor of 4 at 2024-01-02; if that was a split, give --splits FILE with AAPL,2024-01-02,4'
    printed '1704153600000000000,AAPL,100,250'
    printf 'symbol,time,ratio\nAAPL,2024-01-02,4\nMSFT,2024-01-02,2\nAAPL,2030-01-01,2\n' >splits.csv
    run batch bars.csv --features 'sma(2)' --splits splits.csv
    ended 0
    [ ! -s err ]
    printed '1704067200000000000,AAPL,100,'
    printed '1704153600000000000,AAPL,100,100'
    printf 'symbol,time,ratio\nAAPL,2024-01-02,zero\n' >splits.csv
    run batch bars.csv --splits splits.csv
    ended 3
    said 'splits.csv:2:3: a ratio is wanted'
    printf 'symbol,time,ratio\nAAPL,soon,2\n' >splits.csv
    run batch bars.csv --splits splits.csv
    ended 3
    said 'splits.csv:2:2: a date like'
    echo 'a,b' >splits.csv
    run batch bars.csv --splits splits.csv
    ended 3
    said 'expected symbol,time,ratio'
}

a_wrong_print_may_be_dropped() {
    python3 - >bars.csv <<'END'
import random
random.seed(3)
print("ts_ns,symbol,timeframe,open,high,low,close,volume")
for day in range(60):
    price = 100 + random.gauss(0, 1)
    if day == 50:
        price /= 10
    print("%d,AAPL,1d,%g,%g,%g,%g,1" % (day * 86400 * 10**9, price, price, price, price))
END
    run batch bars.csv --features 'min(5)' --spikes 8 --out rows.csv
    ended 0
    printed 'Bars dropped as spikes: 1.'
    [ "$(grep -c '' rows.csv)" -eq 60 ]
    run batch bars.csv --features 'donchian(2).upper' --spikes 8 --out rows.csv
    [ "$(sed -n 52p rows.csv | cut -d, -f4)" = '' ] # the high of the bar before went, too
    run batch bars.csv --features 'min(5)' --out rows.csv
    [ "$(grep -c '' rows.csv)" -eq 61 ]
}

a_newer_revision_replaces_a_bar() {
    printf '%s,count,vwap,revision\n' "$bars_header" >a.csv
    echo '1704067200000000000,AAPL,1d,400,404,396,400,10,1,400,0' >>a.csv
    printf '%s,count,vwap,revision\n' "$bars_header" >b.csv
    echo '1704067200000000000,AAPL,1d,400,404,396,401,10,1,400,1' >>b.csv
    for order in 'a.csv b.csv' 'b.csv a.csv'; do
        # shellcheck disable=SC2086 # two words
        run batch $order --features 'sma(1)'
        ended 0
        printed '1704067200000000000,AAPL,401,401'
    done
    run batch a.csv a.csv
    ended 3
    said 'a.csv:2:1: there is another bar of AAPL at 2024-01-01T00:00:00Z, of revision 0 too'
    run batch a.csv a.csv b.csv --features 'sma(1)' # which of the old ones does not matter
    ended 0
    printed '1704067200000000000,AAPL,401,401'
}

a_timeframe_is_chosen_where_there_are_several() {
    few_bars >day.csv
    few_bars | sed 's/,1d,/,1h,/' >hour.csv
    run batch day.csv hour.csv
    ended 2
    said 'there are bars of 1d and, in hour.csv, of 1h: choose with --timeframe'
    run batch day.csv --features 'sma(2)'
    mv out expected
    run batch day.csv hour.csv --timeframe 1d --features 'sma(2)'
    ended 0
    cmp out expected
    run batch day.csv --timeframe 5m
    ended 3
    said 'no bar of that timeframe'
}

a_malformed_row_stops_with_its_position() {
    bad_bars >bars.csv
    echo old >rows.csv
    run batch bars.csv --out rows.csv
    ended 3
    said 'bars.csv:3:6: '
    [ "$(cat rows.csv)" = old ]
    [ "$(find . -name '.*rows*')" = '' ]
}

bad_rows_are_set_aside_with_reasons() {
    bad_bars >bars.csv
    run batch bars.csv --features 'sma(1)' --skip-bad rejects.csv
    ended 0
    said '2 bad rows were set aside in rejects.csv'
    [ "$(cut -d, -f1 rejects.csv | tr '\n' ' ')" = 'line 3 5 ' ]
    [ "$(grep -c '' out)" -eq 4 ]
}

what_is_no_file_of_bars_is_refused() {
    run batch no.csv
    ended 1
    said 'no.csv'
    : >empty.csv
    run batch empty.csv
    ended 3
    said 'empty.csv: the file is empty'
    echo "$bars_header" >header.csv
    run batch header.csv
    ended 3
    said 'header.csv has no bar'
    mkdir folder
    run batch folder
    ended 3
    said 'folder'
    echo 'date,price' >other.csv
    run batch other.csv
    ended 3
    said 'other.csv:1:1: expected the header'
}

wrong_usage_is_explained() {
    few_bars >bars.csv
    run batch
    ended 2
    said 'name files of bars'
    run batch bars.csv --features 'bolinger(20)'
    ended 2
    said 'there is no indicator bolinger; did you mean bollinger?'
    run batch bars.csv --features 'macd.line'
    ended 2
    said 'macd has no output "line"; it has macd, signal'
    run batch bars.csv --features 'sma(0)'
    ended 2
    said 'period is 0'
    run batch bars.csv --features 'rsi,rsi'
    ended 2
    said 'rsi is there twice'
    run batch bars.csv --features 'beta(20)'
    ended 2
    said 'say which with --benchmark SYMBOL'
    run batch bars.csv --features 'beta(20)' --benchmark SPY
    ended 1
    said 'there is no bar of SPY'
    run batch bars.csv --timeframe often
    ended 2
    said '--timeframe: "often" is none'
    run batch bars.csv --out bars.csv
    ended 2
    said '--out bars.csv: that file is read'
    run batch bars.csv --json
    ended 2
    said 'add --out FILE or --latest'
    run batch bars.csv --latest --out rows.csv
    ended 2
    said '--latest is a table'
    run batch bars.csv --skip-bad rows.csv --out rows.csv
    ended 2
    said '--skip-bad rows.csv: that file is --out'
    run batch bars.csv --featurs rsi
    ended 2
    said 'did you mean --features?'
}

features_may_be_drawn() {
    command -v gnuplot >/dev/null || exit 77
    many_bars >bars.csv
    run batch bars.csv --latest --plot spread.png --symbol S2
    ended 0
    [ "$(head -c 4 spread.png | tail -c 3)" = PNG ]
    run batch bars.csv --latest --plot none.png --symbol XYZ
    ended 1
    said '--symbol: there is no bar of XYZ'
    [ ! -e none.png ]
    few_bars >bars.csv
    run batch bars.csv --latest --plot none.png --features 'sma(50)'
    ended 3
    said 'sma_50 has no answer at the times that are drawn'
    [ ! -e none.png ]
    run batch bars.csv --plot bars.csv
    ended 2
    said '--plot bars.csv: that file is read'
    run batch bars.csv --symbol AAPL
    ended 2
    said 'add --plot FILE'
}

a_file_of_splits_is_not_written_over() {
    few_bars >bars.csv
    printf 'symbol,time,ratio\nAAPL,2024-01-02,4\n' >splits.csv
    cp splits.csv kept
    for option in --out --plot --skip-bad; do
        run batch bars.csv --features 'sma(1)' --splits splits.csv $option splits.csv
        cmp splits.csv kept
        ended 2
        said 'splits.csv: that file is read'
    done
}

an_empty_file_of_splits_is_told() {
    few_bars >bars.csv
    : >splits.csv
    run batch bars.csv --features 'sma(1)' --splits splits.csv
    ended 3
    said 'splits.csv:1: the file is empty'
    run batch bars.csv --features 'sma(1)' --splits .
    ended 3
}

times_at_the_end_of_time_do_not_abort() {
    for time in 9223372036854775807 -9223372036854775808; do
        printf '%s\n%s,A,1m,1,1,1,1,1\n' "$bars_header" "$time" >bars.csv
        run batch bars.csv --features vwap --calendar us
        ended 0
    done
}

bars_that_are_there_twice_are_told_with_their_place() {
    few_bars >bars.csv
    run batch bars.csv bars.csv
    ended 3
    said 'bars.csv:3:1: there is another bar of AAPL'
    echo "$bars_header" >header.csv
    run batch header.csv
    ended 3
    said 'header.csv'
}

the_newest_answer_is_drawn() {
    command -v gnuplot >/dev/null || exit 77
    python3 - >bars.csv <<'END'
print("ts_ns,symbol,timeframe,open,high,low,close,volume")
for day in range(1850):
    print("%d,AAPL,1d,%d,%d,%d,%d,1" % ((day * 86400 * 10**9,) + (100 + day % 7,) * 4))
END
    run batch bars.csv --latest --features 'sma(1850)' --plot picture.png
    ended 0
}

a_picture_that_does_not_fit_is_no_success() {
    command -v gnuplot >/dev/null || exit 77
    many_bars >bars.csv
    echo old >picture.png
    trap '' XFSZ
    (ulimit -f 1 && run batch bars.csv --latest --plot picture.png --features 'sma(2)' &&
        [ "$ending" -eq 1 ])
    [ "$(cat picture.png)" = old ]
}

a_picture_does_not_appear_without_its_rows() {
    command -v gnuplot >/dev/null || exit 77
    many_bars >bars.csv
    run batch bars.csv --plot picture.png --out nowhere/rows.csv
    ended 1
    [ ! -e picture.png ]
}

a_full_disk_is_told() {
    [ -c /dev/full ] || exit 77
    few_bars >bars.csv
    run_to /dev/full batch bars.csv
    ended 1
    said 'standard output cannot be written: No space left on device'
    run_to /dev/full batch bars.csv --latest
    ended 1
    said 'No space left on device'
}

a_reader_that_leaves_is_no_noise() {
    many_bars >bars.csv
    "$tradewind" batch bars.csv 2>err | head -n 1 >out
    [ ! -s err ]
    "$tradewind" batch bars.csv --latest 2>err | true
    [ ! -s err ]
}

run_cases features_agree_with_a_slow_computation a_few_bars_make_known_rows \
    files_are_read_together_in_any_order the_newest_bar_of_each_symbol_may_be_asked_for \
    a_file_gets_the_rows_and_the_output_the_counts each_field_is_read_and_none_is_lost \
    what_is_anchored_begins_with_the_day_of_the_calendar many_symbols_stand_in_rows_of_the_newest \
    a_filled_bar_is_one_without_a_trade gaps_may_be_filled \
    splits_are_adjusted_for_and_suspected a_wrong_print_may_be_dropped \
    a_newer_revision_replaces_a_bar a_timeframe_is_chosen_where_there_are_several \
    a_malformed_row_stops_with_its_position bad_rows_are_set_aside_with_reasons \
    what_is_no_file_of_bars_is_refused wrong_usage_is_explained features_may_be_drawn a_full_disk_is_told \
    a_file_of_splits_is_not_written_over an_empty_file_of_splits_is_told \
    times_at_the_end_of_time_do_not_abort bars_that_are_there_twice_are_told_with_their_place \
    the_newest_answer_is_drawn a_picture_that_does_not_fit_is_no_success \
    a_picture_does_not_appear_without_its_rows \
    a_reader_that_leaves_is_no_noise
