#!/bin/sh
# e2e_bench.sh - the benchmark suite as a user runs it: what it tells, what it writes, what it leaves.
#
# No figure is looked at but for its being there: how fast a machine is, is no matter of a test.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# The page needs nothing from elsewhere, and XML can take it apart: every plot has a title and a
# description, every table a caption, every reference within the page an end.
check_page() {
    ! grep -qiE 'https?:|<script|javascript:|@import|url\(' "$1" || fail "$1 needs something else"
    python3 - "$1" <<'END' || fail "$1 is not as it should be"
import sys
import xml.etree.ElementTree as tree
from html.parser import HTMLParser

text = open(sys.argv[1], encoding="utf-8").read()
HTMLParser().feed(text)
page = tree.fromstring(text)
plots = [svg for svg in page.iter("svg") if svg.get("role") == "img"]
assert len(plots) >= 3, "summary, repetitions and growth"
for plot in plots:
    assert plot.find("title").text and plot.find("desc").text
for table in page.iter("table"):
    assert table.find("caption").text
ids = [element.get("id") for element in page.iter() if element.get("id")]
assert len(ids) == len(set(ids))
for element in page.iter():
    for key in ("href", "aria-labelledby", "aria-describedby"):
        if element.get(key) is not None:
            assert element.get(key).lstrip("#") in ids, element.get(key)
assert "nan" not in text and "inf%" not in text
END
}

a_quick_run_writes_a_page_and_a_document() {
    mkdir disk
    expect 0 bench --quick --only sliding-window --out report --folder disk
    prints 'sliding-window'
    prints 'The report is report/report.html.'
    [ ! -s err ] || fail "nothing is to be said on standard error"
    [ -z "$(ls -A disk)" ] || fail "something is left in the folder"
    [ "$(ls report)" = "$(printf 'report.html\nresults.json')" ] || fail "these are not the two files"
    holds report/results.json 'd["machine"]["processor"] and d["machine"]["processors"] > 0'
    holds report/results.json 'd["quick"] and [j["name"] for j in d["jobs"]] == ["sliding-window"]'
    holds report/results.json '[j for j in d["jobs"] if j["part"] == "RealTimeDataProcessor" and
        j["unit"] == "trade" and j["claimed"] == "5-20x" and j["speedup"] > 0]'
    holds report/results.json 'all(w["per_second"] > 0 and w["median_ns"] > 0
        for w in (d["jobs"][0]["naive"], d["jobs"][0]["optimised"]))'
    check_page report/report.html
    grep -q 'tradewind bench --only sliding-window' report/report.html || fail "how to repeat it"
}

# A pipe ends when the last process that could write into it has: the server that the job asks, and
# its peer, are gone with the command.
a_job_with_a_server_of_its_own_leaves_no_process() {
    mkdir disk
    timeout 150 "$TRADEWIND" bench --quick --only concurrent-requests --folder disk --json |
        cat >out.json
    holds out.json '[j["unit"] for j in d["jobs"]] == ["document"] and d["jobs"][0]["speedup"] > 0'
    holds out.json '[w["role"] for w in d["jobs"][0]["ways"]] ==
        ["naive", "optimised", "peer", "limit", "limit"]'
    holds out.json 'all(w["median_ns"] >= 20e6 for w in d["jobs"][0]["ways"] if w["role"] == "naive")'
    [ -z "$(ls -A disk)" ] || fail "something is left in the folder"
}

the_list_measures_nothing() {
    expect 0 bench --list --out report
    prints 'sliding-window       A sliding window against going through it again'
    [ ! -e report ] || fail "a folder was made for nothing"
}

an_unknown_job_is_wrong_usage() {
    expect 2 bench --only nothing --out report
    says '--only nothing: no job has such a name; --list tells all there are'
    silent
    [ ! -e report ] || fail "a folder was made for nothing"
}

a_folder_that_cannot_be_made_is_said_before_anything_is_measured() {
    mkdir disk
    : >file
    expect 1 bench --quick --only sliding-window --out file/report --folder disk
    says '--out file/report: the folder cannot be made'
    expect 1 bench --quick --only sliding-window --out file --folder disk
    says '--out file: nothing can be written there'
    expect 1 bench --quick --only sliding-window --folder nowhere
    says 'nowhere'
    silent
    [ -z "$(ls -A disk)" ] || fail "something is left"
}

has_begun() {
    [ -n "$(ls -A disk/*)" ]
}

ctrl_c_ends_it_and_leaves_nothing() {
    mkdir disk
    begin bench --only sliding-window --out report --folder disk
    eventually has_begun
    kill -INT "$started"
    ended 130
    says 'interrupted'
    silent
    [ -z "$(ls -A disk)" ] || fail "something is left in the folder"
    [ -z "$(ls -A report)" ] || fail "a report of half a run was written"
}

run_cases a_quick_run_writes_a_page_and_a_document a_job_with_a_server_of_its_own_leaves_no_process \
    the_list_measures_nothing \
    an_unknown_job_is_wrong_usage a_folder_that_cannot_be_made_is_said_before_anything_is_measured \
    ctrl_c_ends_it_and_leaves_nothing
