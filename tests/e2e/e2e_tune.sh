#!/bin/sh
# e2e_tune.sh - `tradewind tune`: what it recommends, what it writes, and what it leaves alone.
#
# Figures of a busy machine count as well here: which value is best is none of these rules.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

# COUNT trades of five symbols, 20 a second.
made_trades() {
    python3 - "$1" <<'PY'
import sys
print("ts_ns,symbol,price,size,side")
for i in range(int(sys.argv[1])):
    print(f"{1704207600000000000 + i * 50_000_000},S{i % 5},{100 + i % 7},{1 + i % 90},B")
PY
}

made_store() {
    made_trades 3000 >trades.csv
    "$MAKE_STORE" s.db trades.csv
}

tune() {
    run tune --db s.db --quick --noise-limit 1000000% "$@"
}

# setting SECTION NAME: value and origin, as `tradewind config` tells them of the file t.conf.
setting() {
    "$tradewind" config --config t.conf --json >settings
    json settings "[(s['value'], s['origin']) for s in d['settings']
        if (s['section'], s['name']) == ('$1', '$2')]"
}

each_setting_has_its_curve_and_its_reason() {
    made_store
    tune --json
    ended 0
    [ ! -s err ] || fail "nothing belongs on standard error"
    for key in db workload noise_limit processors pool_threads settings written changes; do
        holds out "'$key' in d"
    done
    holds out 'd["workload"]["trades"] == 3000 and d["workload"]["symbols"] == 5'
    holds out 'abs(d["workload"]["busiest_per_second"] - 20) < 0.1'
    holds out '[(s["section"], s["name"]) for s in d["settings"]] == [("import", "batch"),
        ("run", "commit-rows"), ("run", "commit-delay"), ("batch", "threads"), ("risk", "threads"),
        ("", "tw_pool_config.size_max"), ("", "tw_cache_config.entry_max"),
        ("", "tw_cache_config.ttl_ns")]'
    holds out 'all(s["why"] and len(s["curve"]) > 0 for s in d["settings"])'
    holds out 'all((s["verdict"] == "chosen") == (s["recommended"] != "") and
        sum(p["chosen"] for p in s["curve"]) == (s["verdict"] == "chosen") for s in d["settings"])'
    holds out 'all(a["value"] < b["value"] for s in d["settings"]
        for a, b in zip(s["curve"], s["curve"][1:]))'
    # Five symbols want five entries, each asked for every quarter of a second.
    holds out '[s["recommended"] for s in d["settings"] if "entry_max" in s["name"]] == ["8"]'
    holds out 'd["written"] == "" and all(c["old"] == "" for c in d["changes"])'
}

a_store_stays_as_it_was_and_nothing_is_left() {
    made_store
    run stats --db s.db # any reader makes files of the database beside it
    cksum s.db >before
    find . ! -name out ! -name err ! -name 'names*' | sort >names.before
    tune
    ended 0
    printed 'import.batch'
    cksum s.db | cmp - before || fail "the store has changed"
    find . ! -name out ! -name err ! -name 'names*' | sort | cmp - names.before ||
        fail "something was left"
}

what_is_recommended_is_written_and_nothing_else() {
    made_store
    printf '# mine\n[run]\n  commit-delay\t= 1m   # long\nslow = 1s\n\n[stats]\nperiod = 1h' >t.conf
    chmod 600 t.conf
    tune --write t.conf --json
    ended 0
    holds out 'd["written"] == "t.conf"'
    delay=$(json out '[s["recommended"] for s in d["settings"] if s["name"] == "commit-delay"][0]')
    holds out '[c["old"] for c in d["changes"] if c["name"] == "commit-delay"] == ["1m"]'
    [ "$(setting run commit-delay)" = "[('$delay', 'file')]" ] || fail "$(setting run commit-delay)"
    [ "$(stat -c %a t.conf)" = 600 ] || fail "another mode"
    # Every change is in force, and without them the file is the one of before.
    python3 - <<'PY' || fail "the file is another one"
import json
changes = json.load(open("out"))["changes"]
known = {(s["section"], s["name"]): s["value"] for s in json.load(open("settings"))["settings"]}
assert all(known[c["section"], c["name"]] == c["new"] for c in changes), changes
lines = open("t.conf").read().split("\n")
assert lines[:2] == ["# mine", "[run]"] and lines[2].startswith("  commit-delay\t= "), lines
assert lines[2].endswith("   # long") and lines[3] == "slow = 1s" and "period = 1h" in lines, lines
PY
}

a_file_that_is_missing_is_made() {
    made_store
    printf '[run]\ncommit-delay = 7s\n' >tradewind.conf # that is not the one to write
    tune --write t.conf
    ended 0
    printed 't.conf: run.commit-delay (not set) ->'
    grep -qx '\[run\]' t.conf || fail "no heading"
    grep -q '^commit-delay = ' t.conf || fail "no setting"
    grep -qx 'commit-delay = 7s' tradewind.conf || fail "another file was changed"
}

a_tape_takes_the_place_of_the_trades() {
    "$MAKE_STORE" s.db
    made_trades 1200 >tape.csv
    tune --tape tape.csv --json
    ended 0
    holds out 'd["workload"]["trades"] == 1200 and d["workload"]["from_file"] == "tape.csv"'
}

a_busy_machine_speaks_for_nothing() {
    made_store
    run tune --db s.db --quick --noise-limit 0% --json
    ended 0
    holds out 'all(s["verdict"] == "noisy" and s["recommended"] == "" and "busy" in s["why"]
        for s in d["settings"] if s["noise"] > 0)'
    holds out 'any(s["noise"] > 0 for s in d["settings"])'
    holds out 'd["changes"] == []'
}

what_cannot_be_measured_is_said() {
    run tune
    ended 2
    said 'name the store to measure with --db FILE'
    run tune --db no.db
    ended 1
    said 'no.db'
    "$MAKE_STORE" s.db
    tune
    ended 3
    said 's.db has 0 trades; 1000 are needed at least'
    made_trades 999 >few.csv
    tune --tape few.csv
    ended 3
    said 'few.csv has 999 trades; 1000 are needed at least'
    printf 'no tape\n' >bad.csv
    tune --tape bad.csv
    ended 3
    tune --tape no.csv
    ended 1
    run tune --db postgresql://127.0.0.1/x
    ended 1
    said 'export'
}

a_file_that_is_not_understood_is_refused_at_once() {
    made_store
    printf '[run]\ncommit-dealy = 1s\n' >t.conf
    cp t.conf before
    tune --write t.conf
    ended 2
    said 't.conf:2: unknown setting "commit-dealy"; did you mean "commit-delay"?'
    printed_nothing
    cmp t.conf before || fail "it was changed"
    printf '[run]\nslow = 1s\nslow = 2s\n' >t.conf
    tune --write t.conf
    ended 2
    said 'slow was set on line 2 already'
    tune --write s.db
    ended 2
    said 'that file is read'
    tune --write -
    ended 2
    said 'needs a file'
    tune --write nowhere/t.conf
    ended 1
    said 'nowhere/t.conf'
}

a_disk_that_cannot_be_written_is_said() {
    [ "$(id -u)" -ne 0 ] || skip "root may write anywhere"
    mkdir shut
    made_store
    mv s.db* shut/
    run stats --db shut/s.db # a reader needs the files that it cannot make any more
    chmod 555 shut
    run tune --db shut/s.db --quick
    chmod 755 shut
    ended 1
    said 'no folder can be made there'
}

run_cases each_setting_has_its_curve_and_its_reason a_store_stays_as_it_was_and_nothing_is_left \
    what_is_recommended_is_written_and_nothing_else a_file_that_is_missing_is_made \
    a_tape_takes_the_place_of_the_trades a_busy_machine_speaks_for_nothing \
    what_cannot_be_measured_is_said a_file_that_is_not_understood_is_refused_at_once \
    a_disk_that_cannot_be_written_is_said
