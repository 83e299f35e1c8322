#!/bin/sh
# e2e_inputs.sh - files that are missing, unreadable or wrong: file, line and field are named.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# A small tape of LOBSTER messages: orders around 585 dollars, one every hundred milliseconds.
make_tape() {
    python3 - "$1" <<'END'
import sys
with open(sys.argv[1], "w") as out:
    for i in range(600):
        side = 1 if i % 2 else -1
        price = 5850000 - side * (100 + 100 * (i % 7))
        out.write(f"{34200 + i / 10:.9f},1,{1000 + i},100,{price},{side}\n")
END
}

make_prices() {
    python3 - "$1" <<'END'
import datetime, sys
day = datetime.date(2025, 1, 1)
with open(sys.argv[1], "w") as out:
    out.write("date,AAPL,MSFT\n")
    for i in range(300):
        out.write(f"{day + datetime.timedelta(days=i)},{100 + i % 13 / 4},{50 + i % 7 / 8}\n")
END
}

# refused STATUS TEXT ARGUMENTS...: both commands refuse the input in the same words. A run that
# never began leaves nothing on standard output and no store behind.
refused() {
    refused_status=$1
    refused_text=$2
    shift 2
    expect "$refused_status" exchange --listen 127.0.0.1:0 --clock step "$@"
    says "$refused_text"
    silent
    expect "$refused_status" run --clock step --duration 10s --db refused.db "$@"
    says "$refused_text"
    silent
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

a_missing_file_is_named() {
    make_tape AAPL_tape.csv
    refused 1 'no_tape.csv cannot be opened: No such file' --tape no_tape.csv
    refused 1 'no_prices.csv cannot be opened: No such file' --prices no_prices.csv
    refused 1 'no_book.csv cannot be opened: No such file' --tape AAPL_tape.csv --initial no_book.csv
    expect 1 run --clock step --targets no_targets.csv --db refused.db
    says 'no_targets.csv cannot be opened: No such file'
    [ ! -e refused.db ] || fail "a store was made for a run that could not begin"
}

a_directory_is_no_file() {
    make_tape AAPL_tape.csv
    mkdir folder
    refused 1 'this is a directory' --tape folder
    refused 1 'this is a directory' --prices folder
    refused 1 'this is a directory' --tape AAPL_tape.csv --initial folder
    expect 3 run --clock step --targets folder
    says 'this is a directory'
}

a_file_without_permission_is_told() {
    [ "$(id -u)" -ne 0 ] || skip "root may read everything"
    make_tape AAPL_tape.csv
    make_prices prices.csv
    chmod 000 AAPL_tape.csv prices.csv
    refused 1 'Permission denied' --tape AAPL_tape.csv
    refused 1 'Permission denied' --prices prices.csv
}

an_empty_file_is_no_input() {
    : >AAPL_empty.csv
    refused 3 'AAPL_empty.csv' --tape AAPL_empty.csv
    refused 3 'AAPL_empty.csv' --prices AAPL_empty.csv
    expect 3 run --clock step --targets AAPL_empty.csv
    says 'AAPL_empty.csv'
}

a_malformed_line_in_the_middle_ends_the_run_where_it_is() {
    make_tape AAPL_good.csv
    sed '300s/.*/34229.9,1,abc,100,5850000,1/' AAPL_good.csv >AAPL_bad.csv
    for clock in step x1000; do
        expect 3 run --clock $clock --tape AAPL_bad.csv --db $clock.db
        says 'AAPL_bad.csv:300:3: '
        [ $clock != step ] || prints 'ended early'
        store_is_clean $clock.db
        [ "$(query $clock.db 'SELECT count(*) FROM runs WHERE ended_ns > 0')" = 1 ] ||
            fail "the run row is not finished"
    done
    expect 3 exchange --listen 127.0.0.1:0 --clock x1000 --tape AAPL_bad.csv
    says 'AAPL_bad.csv:300:3: '
}

the_report_of_a_failed_run_is_still_one_document() {
    make_tape AAPL_good.csv
    sed '300s/.*/34229.9,1,7,-100,5850000,1/' AAPL_good.csv >AAPL_bad.csv
    expect 3 run --clock step --tape AAPL_bad.csv --json
    says 'AAPL_bad.csv:300:4: '
    holds out 'd["ending"] == "failed" and d["events"]["total"] > 0'
}

a_truncated_capture_plays_up_to_the_fault() {
    make_tape AAPL_whole.csv
    gzip -c AAPL_whole.csv | head -c 3000 >AAPL_cut.csv.gz
    expect 3 run --clock step --tape AAPL_cut.csv.gz --db cut.db
    says 'the gzip data ends too early'
    store_is_clean cut.db
    has_trades cut.db || fail "what came before the fault is not there"
}

a_tape_is_played_to_its_end_without_a_duration() {
    make_tape AAPL_whole.csv
    expect 0 run --clock step --tape AAPL_whole.csv --json
    holds out '"T14:30:59" < d["to"][10:] < "T14:31:02" and d["ending"] == "done"'
    expect 0 run --clock x100 --tape AAPL_whole.csv --json
    holds out 'd["phase"] == "done"'
    expect 0 run --clock step --tape AAPL_whole.csv --json --duration 10s
    holds out 'd["to"][10:] < "T14:30:13"'
}

prices_with_a_wrong_header_are_refused() {
    printf 'day,AAPL\n2025-01-01,10\n' >prices.csv
    refused 3 'prices.csv:1:1: expected the header "date,NAME1,NAME2,..."' --prices prices.csv
    printf 'date,AAPL,AAPL\n2025-01-01,10,10\n' >prices.csv
    refused 3 'prices.csv:1:3: the name AAPL is there twice' --prices prices.csv
}

prices_that_are_none_are_refused() {
    make_prices good.csv
    sed '200s/,[^,]*,/,-3,/' good.csv >prices.csv
    refused 3 'prices.csv:200:2: a price must be above zero' --prices prices.csv
    sed '200s/,[^,]*,/,nan,/' good.csv >prices.csv
    refused 3 'prices.csv:200:2: expected a finite number' --prices prices.csv
    sed '200s/,[^,]*$//' good.csv >prices.csv
    refused 3 'prices.csv:200' --prices prices.csv
}

dates_must_ascend() {
    make_prices good.csv
    sed '200s/^[^,]*/2024-12-31/' good.csv >prices.csv
    refused 3 'prices.csv:200:1: dates must ascend' --prices prices.csv
    sed '200s/^[^,]*/yesterday/' good.csv >prices.csv
    refused 3 'prices.csv:200:1: expected a date such as 2024-01-31' --prices prices.csv
}

run_cases a_missing_file_is_named a_directory_is_no_file a_file_without_permission_is_told \
    an_empty_file_is_no_input a_malformed_line_in_the_middle_ends_the_run_where_it_is \
    the_report_of_a_failed_run_is_still_one_document a_truncated_capture_plays_up_to_the_fault \
    a_tape_is_played_to_its_end_without_a_duration prices_with_a_wrong_header_are_refused \
    prices_that_are_none_are_refused dates_must_ascend
