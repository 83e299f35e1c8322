#!/bin/sh
# e2e_book.sh - `tradewind book`: books of every format, and what happens to bad files.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

# Six messages of LOBSTER: two bids, an ask, an execution, a partial cancel, a hidden execution.
few_messages() {
    cat <<END
34200.1,1,11,100,1000000,1
34200.2,1,12,50,999900,1
34200.3,1,13,70,1000200,-1
34200.4,4,11,40,1000000,1
34200.5,2,12,20,999900,1
34200.6,5,0,10,1000100,-1
END
}

needs_data() {
    [ -r "${TRADEWIND_DATA:-}/orders/README.md" ] ||
        skip "TRADEWIND_DATA does not name the folder of the data"
    orders=$TRADEWIND_DATA/orders
}

# value NAME: of the JSON document in ./out.
value() {
    python3 -c 'import json, sys
it = json.load(open("out"))
for key in sys.argv[1].split("."):
    it = it[int(key)] if isinstance(it, list) else it[key]
print(json.dumps(it) if not isinstance(it, str) else it)' "$1"
}

is() {
    found=$(value "$1")
    [ "$found" = "$2" ] || {
        echo "$1 is $found and not $2"
        return 1
    }
}

messages_of_lobster_become_its_rows() {
    few_messages >AAPL_messages.csv
    run book AAPL_messages.csv --levels 2
    ended 0
    cat >expected <<END
9999999999,0,1000000,100,9999999999,0,-9999999999,0
9999999999,0,1000000,100,9999999999,0,999900,50
1000200,70,1000000,100,9999999999,0,999900,50
1000200,70,1000000,60,9999999999,0,999900,50
1000200,70,1000000,60,9999999999,0,999900,30
1000200,70,1000000,60,9999999999,0,999900,30
END
    cmp out expected
    gzip -k AAPL_messages.csv
    run book --format lobster --levels 2 - <AAPL_messages.csv.gz
    ended 0
    cmp out expected
    run book AAPL_messages.csv.gz --levels 2 --out rows.csv
    ended 0
    printed_nothing
    cmp rows.csv expected
}

an_initial_book_holds_what_stood_before() {
    few_messages >messages.csv
    echo '34200.7,3,5,25,1000300,-1' >>messages.csv
    echo '1000300,25,1000000,130,9999999999,0,-9999999999,0' >book.csv
    run book messages.csv --initial book.csv --levels 2
    ended 0
    [ "$(sed -n 1p out)" = '1000300,25,1000000,130,9999999999,0,-9999999999,0' ]
    [ "$(sed -n 4p out)" = '1000200,70,1000000,90,1000300,25,999900,50' ]
    [ "$(sed -n 7p out)" = '1000200,70,1000000,90,9999999999,0,999900,30' ]
    run book messages.csv --initial book.csv --summary --json
    is anomalies.old_orders 1
    is anomalies.unknown_id 0
    echo '34200.8,3,6,25,1000400,-1' >>messages.csv # of a level that the book does not show
    run book messages.csv --initial book.csv --summary --json
    is anomalies.old_orders 1
    is anomalies.unknown_id 1
    : >empty.csv
    run book messages.csv --initial empty.csv --summary
    ended 3
    said 'empty.csv'
}

a_trade_counts_the_same_however_it_is_looked_at() {
    printf '34200.1,4,9,5,1000000,1\n34200.2,1,1,50,999900,1\n34200.3,4,1,20,999900,1\n' >messages.csv
    echo '1000100,25,999800,130' >book.csv
    run book messages.csv --initial book.csv --json
    is trades 2
    is executions 2
    run book messages.csv --initial book.csv --json --out rows.csv
    is trades 2
    is executions 2
}

a_summary_counts_and_tells_the_best() {
    few_messages >AAPL_messages.csv
    run book AAPL_messages.csv --summary
    ended 0
    printed 'AAPL'
    printed '6 messages in '
    printed '3 adds, 1 cancels, 1 executions, 1 hidden'
    run book AAPL_messages.csv --summary --json
    ended 0
    is messages 6
    is adds 3
    is cancels 1
    is deletes 0
    is executions 1
    is hidden 1
    is halts 0
    is best_bid 100
    is best_ask 100.02
    is orders 3
    is levels 3
    is symbols.0.symbol AAPL
    value ns_per_message >/dev/null
}

fifty_levels_of_apple_are_lobsters_own() {
    needs_data
    run book "$orders/lobster/AAPL_msgs.csv" --initial "$orders/lobster/AAPL_book.csv" --levels 50
    ended 0
    cmp out "$orders/lobster/AAPL_book.csv"
}

a_future_ends_as_its_venue_says() {
    needs_data
    run book "$orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst" --summary --json
    ended 0
    is messages 68792
    is best_bid 4810
    is best_ask 4810.25
    is orders 11217
    is symbols.0.bid_levels 922
    is symbols.0.ask_levels 565
    is anomalies.unknown_id 0
    run book "$orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst" --levels 1
    ended 0
    [ "$(head -n 1 out)" = ts_ns,symbol,ask_price_1,ask_size_1,bid_price_1,bid_size_1 ]
    [ "$(tail -n 1 out | cut -d, -f2,3,5)" = ESH4,4810.25,4810 ]
    [ -z "$(cut -d, -f2- out | uniq -d)" ] # a row only for a change
}

every_checksum_of_kraken_is_right() {
    needs_data
    run book "$orders/kraken/book1000_7pairs.jsonl.gz" --summary --json
    ended 0
    is sync.checksums 3032
    is sync.mismatches 0
    is symbols.6.state live
    run book "$orders/kraken/book1000_7pairs.jsonl.gz" --symbol XBT/CHF --levels 1
    ended 0
    [ "$(cut -d, -f2 out | sort -u | tr '\n' ' ')" = 'XBT/CHF symbol ' ]
}

the_chains_of_binance_have_no_gap() {
    needs_data
    for file in spot usdm; do
        run book "$orders/binance/${file}_btcusdt_20240808.gz" --summary --json
        ended 0
        is sync.gaps 0
        is sync.snapshots 1
        is symbols.0.state live
    done
    zcat "$orders/binance/spot_btcusdt_20240808.gz" | grep -n depthUpdate | sed -n 500p | cut -d: -f1 >line
    zcat "$orders/binance/spot_btcusdt_20240808.gz" | sed "$(cat line)d" >broken
    run book broken --summary --json
    ended 0
    is sync.gaps 1
    is symbols.0.state stale
    said 'the book of BTCUSDT is stale until its next snapshot: gap'
}

bitcoin_of_2015_is_replayed() {
    needs_data
    run book "$orders/bitstamp/orders.csv.xz" --symbol BTC/USD --summary --json
    ended 0
    is messages 50414
    is anomalies.unknown_id 205
    is anomalies.announced 4
    is symbols.0.symbol BTC/USD
}

packets_are_read_and_their_gap_is_told() {
    needs_data
    run book "$orders/itch/Multiple.Packets.pcap" --summary --json
    ended 0
    is adds 38
    is capture.gaps 1
    said 'messages 14764497 to 19009116 of session 000010059B'
    run book "$orders/itch/Multiple.Packets.pcap" --symbol META --levels 1
    ended 0
    [ "$(tail -n 1 out | cut -d, -f2)" = META ]
}

a_picture_is_drawn() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    few_messages >AAPL_messages.csv
    run book AAPL_messages.csv --plot book.png
    ended 0
    [ "$(head -c 4 book.png | tail -c 3)" = PNG ]
    run book AAPL_messages.csv --plot book.png --summary
    ended 0
    printed '6 messages in '
    head -n 2 AAPL_messages.csv >one_side.csv
    run book one_side.csv --plot none.png
    ended 3
    said 'no book with two sides to plot'
    [ ! -e none.png ]
}

a_picture_needs_its_program() {
    few_messages >messages.csv
    ending=0
    # shellcheck disable=SC2034 # ended reads it
    PATH=/nowhere "$tradewind" book messages.csv --plot book.png >out 2>err || ending=$?
    ended 1
    said '--plot needs the program gnuplot'
    [ ! -e book.png ]
}

what_is_damaged_is_replayed_up_to_the_fault() {
    few_messages >messages.csv
    sed '5s/.*/34200.5,2,12,many,999900,1/' messages.csv >bad.csv
    run book bad.csv --levels 1 --out rows.csv
    ended 3
    said 'bad.csv:5:4: expected a number of shares, found "many"'
    [ "$(wc -l <rows.csv)" -eq 4 ]
    gzip -c messages.csv | head -c 60 >cut.csv.gz
    run book cut.csv.gz --format lobster --summary
    ended 3
    said 'the gzip data ends too early'
    needs_data
    head -c 300000 "$orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst" >cut.dbn.zst
    run book cut.dbn.zst --summary --json
    ended 3
    said 'the zstd data ends too early'
    [ "$(value messages)" -gt 10000 ]
}

every_fault_is_told_and_none_keeps_the_others() {
    few_messages >messages.csv
    sed '5s/.*/34200.5,2,12,many,999900,1/' messages.csv >bad.csv
    run book bad.csv --out rows.csv --plot folder/missing.png --summary
    ended 1
    said 'folder/missing.png'
    PATH=/nothing/here run book bad.csv --plot picture.png --summary
    ended 3
    said 'gnuplot'
    said 'found "many"'
    printed '4 messages in '
}

what_goes_by_once_is_not_looked_at_first() {
    few_messages >messages.csv
    mkfifo pipe
    cat messages.csv >pipe &
    run book pipe
    ended 2
    said 'say what it is with --format'
    run book pipe --format lobster --levels 1
    ended 0
    wait
    [ "$(wc -l <out)" -eq "$(wc -l <messages.csv)" ]
}

nothing_that_is_read_is_written() {
    few_messages >messages.csv
    echo '1000300,25,1000000,130' >book.csv
    cp book.csv kept.csv
    run book messages.csv --initial book.csv --out book.csv
    ended 2
    said 'book.csv is read, and cannot be written'
    run book messages.csv --initial book.csv --plot ./book.csv
    ended 2
    cmp book.csv kept.csv
    run book messages.csv --out a.png --plot a.png
    ended 2
    said 'name the same file'
    mkfifo pipe
    run book messages.csv --out pipe
    ended 1
    said 'pipe is a pipe or a device; name a file'
    [ -p pipe ]
}

a_symbol_that_does_not_come_is_told() {
    needs_data
    run book "$orders/binance/spot_btcusdt_20240808.gz" --symbol NOPE --summary
    ended 1
    said 'no message is of NOPE; it has BTCUSDT'
    run book "$orders/itch/Multiple.Packets.pcap" --symbol NOPE
    ended 1
    said 'no message is of NOPE'
}

many_symbols_of_a_feed_by_level_are_kept() {
    awk 'BEGIN {
        for (i = 1; i <= 4200; i++)
            printf "%d: [1,{\"as\":[[\"2.0\",\"1.0\",\"1.0\"]],\"bs\":[[\"1.0\",\"1.0\",\"1.0\"]]},\"book-10\",\"S%d/X\"]\n", i, i
    }' >many.jsonl
    run book many.jsonl --summary --json
    ended 0
    is messages 4200
    is sync.snapshots 4200
}

what_is_no_feed_is_refused() {
    run book missing.csv
    ended 1
    said 'missing.csv'
    mkdir folder
    run book folder
    ended 1
    said 'this is a directory'
    : >empty.csv
    run book empty.csv
    ended 3
    said 'the file is empty'
    echo 'what is this' >words.txt
    run book words.txt
    ended 3
    said 'this begins like no format that is known'
    printf 'ts_ns,symbol,price,size,side\n1,AAPL,1,1,B\n' >trades.csv
    run book trades.csv
    ended 3
    said 'there is no book in this file'
    printf '1000100,70,1000000,100\n1000100,70,999900,50\n' >AAPL_orderbook_1.csv
    run book AAPL_orderbook_1.csv
    ended 3
    said 'give the message file that goes with it, and this one with --initial'
}

nothing_replayed_overwrites_nothing() {
    echo precious >rows.csv
    few_messages >messages.csv
    run book messages.csv --initial missing.csv --out rows.csv
    ended 1
    run book messages.csv --format kraken --out rows.csv
    ended 3
    [ "$(cat rows.csv)" = precious ]
    run book messages.csv --initial missing.csv --json
    ended 1
    [ ! -s out ]
    needs_data
    run book "$orders/binance/spot_btcusdt_20240808.gz" --symbol NOPE --out rows.csv
    ended 1
    [ "$(cat rows.csv)" = precious ]
}

a_document_tells_whether_it_is_all() {
    few_messages >messages.csv
    run book messages.csv --json
    ended 0
    is complete true
    is error null
    is first_ns 34200100000000
    is last_ns 34200600000000
    sed '5s/.*/34200.5,2,12,many,999900,1/' messages.csv >bad.csv
    run book bad.csv --json
    ended 3
    is complete false
    is error 'bad.csv:5:4: expected a number of shares, found "many"'
    is last_ns 34200400000000
}

what_is_missing_is_bad_input_if_strict() {
    few_messages >messages.csv
    run book messages.csv --strict --summary
    ended 0
    printed 'From 09:30:00.100000000 to 09:30:00.600000000.'
    needs_data
    run book "$orders/itch/Multiple.Packets.pcap" --strict --json
    ended 3
    said '1 gaps and faults of the feed, with --strict'
    is complete false
    is adds 38
}

crossings_are_counted_of_whole_books() {
    needs_data
    run book "$orders/binance/spot_btcusdt_20240808.gz" --json
    ended 0
    is anomalies.crossed 0
    is anomalies.locked 0
    run book "$orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst" --json
    is anomalies.crossed 1
    is anomalies.locked 0
}

wrong_usage_is_explained() {
    few_messages >messages.csv
    run book - <messages.csv
    ended 2
    said 'say what it is with --format'
    run book messages.csv --summary --out -
    ended 2
    said 'name a file with --out'
    run book messages.csv --out messages.csv
    ended 2
    said 'is read, and cannot be written'
    run book messages.csv --levels 0
    ended 2
    run book messages.csv --max-orders 2
    ended 1
    said 'more than 2 orders are alive at once: give a greater --max-orders'
    run book ''
    ended 1
    run book
    ended 2
    run book --help
    ended 0
    printed 'Usage: tradewind book'
}

run_cases messages_of_lobster_become_its_rows an_initial_book_holds_what_stood_before \
    a_trade_counts_the_same_however_it_is_looked_at \
    a_summary_counts_and_tells_the_best fifty_levels_of_apple_are_lobsters_own \
    a_future_ends_as_its_venue_says every_checksum_of_kraken_is_right \
    the_chains_of_binance_have_no_gap bitcoin_of_2015_is_replayed \
    packets_are_read_and_their_gap_is_told a_picture_is_drawn a_picture_needs_its_program \
    what_is_damaged_is_replayed_up_to_the_fault every_fault_is_told_and_none_keeps_the_others \
    what_goes_by_once_is_not_looked_at_first nothing_that_is_read_is_written \
    a_symbol_that_does_not_come_is_told many_symbols_of_a_feed_by_level_are_kept \
    what_is_no_feed_is_refused nothing_replayed_overwrites_nothing \
    a_document_tells_whether_it_is_all what_is_missing_is_bad_input_if_strict \
    crossings_are_counted_of_whole_books \
    wrong_usage_is_explained
