#!/bin/sh
# e2e_config.sh - `tradewind config`: every setting with its origin, and a file to begin with.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# setting SECTION NAME: value and origin in the document ./out.
setting() {
    json out "[(s['value'], s['origin']) for s in d['settings']
        if (s['section'], s['name']) == ('$1', '$2')]"
}

each_value_tells_where_it_comes_from() {
    expect 0 config --json
    [ "$(setting run band)" = "[('1%', 'default')]" ] || fail "$(setting run band)"
    printf '[run]\nband = 2%%\n[limits]\nmax-open = 7\n' >tradewind.conf
    export APCA_API_BASE_URL=http://127.0.0.1:1
    expect 0 config --json
    [ "$(setting run band)" = "[('2%', 'file')]" ] || fail "$(setting run band)"
    [ "$(setting limits max-open)" = "[('7', 'file')]" ] || fail "$(setting limits max-open)"
    [ "$(setting venue trading-url)" = "[('http://127.0.0.1:1', 'environment')]" ] ||
        fail "$(setting venue trading-url)"
    holds out 'd["file"] == "tradewind.conf"'
    expect 0 config run
    prints 'band = 2%'
    prints '# file'
    ! grep -q '^\[limits\]' out || fail "another section is shown"
    expect 0 config --changed
    [ "$(grep -c ' = ' out)" = 3 ] || fail "not what was changed"
    expect 0 config --config /dev/null --changed
    prints 'APCA_API_BASE_URL'
}

every_command_has_its_settings() {
    expect 0 config --json
    cp out all.json
    # What each command's help lists is there, in one section or another.
    "$tradewind" --help | sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p' >commands
    [ "$(wc -l <commands)" -gt 15 ] || fail "the commands were not found"
    while read -r command; do
        "$tradewind" "$command" --help |
            sed -n 's/^ *\(-., \)\{0,1\}--\(\[no-\]\)\{0,1\}\([a-z-]*\).*/\3/p'
    done <commands | sort -u | grep -v -x -e help -e config >options
    python3 - <<'PY' || fail "an option of a command is no setting"
import json
known = {s["name"] for s in json.load(open("all.json"))["settings"]}
options = set(open("options").read().split())
assert len(options) > 80, len(options)
assert options <= known, options - known
PY
    # None stands twice, and each belongs to a section that a file may have.
    holds all.json 'len({(s["section"], s["name"]) for s in d["settings"]}) == len(d["settings"])'
    # A default that two commands have differently is told.
    holds all.json '[s["note"] for s in d["settings"] if s["section"] == "exchange"
        and s["name"] == "invested"] == ["run: 90%"]'
}

secrets_are_masked() {
    export APCA_API_SECRET_KEY=do-not-show-47
    printf '[run]\ndb = postgresql://me:hidden-48@127.0.0.1/x\n' >tradewind.conf
    expect 0 config
    prints '# secret-key = ********'
    prints 'environment APCA_API_SECRET_KEY'
    prints '# db = postgresql://********@127.0.0.1/x'
    ! grep -q -e do-not-show-47 -e hidden-48 out err || fail "a secret is shown"
    # An address of any kind, and a password behind it.
    printf '[run]\ndb = postgresql://127.0.0.1/x?user=me&password=hidden-48\n' >tradewind.conf
    export APCA_API_BASE_URL=http://me:hidden-48@127.0.0.1:1
    expect 0 config
    prints 'db = postgresql://********'
    prints 'trading-url = http://********@127.0.0.1:1'
    ! grep -q -e do-not-show-47 -e hidden-48 out err || fail "a secret is shown"
    expect 0 config --json
    ! grep -q -e do-not-show-47 -e hidden-48 out err || fail "a secret is shown"
}

# What is printed is a file that says what was said before: no secret, nothing that must be typed,
# and no default, which another command may have differently.
what_is_printed_is_a_file_to_keep() {
    cat >told.conf <<'CONF'
[run]
band = 2%
db = "a \"b\" \\ # c.db"
listen = "127.0.0.1:0" # by tradewind
i-understand = yes
duration = 2s
[limits]
max-open = 7
[rebalance]
cbc = off
CONF
    start_exchange --symbols AAPL,MSFT
    expect 0 config --config told.conf
    cp out kept.conf
    ! grep -q -x -F -e "trading-url = $url" kept.conf || fail "an address is not commented out"
    expect 0 config --config told.conf --json
    cp out before.json
    (
        unset APCA_API_KEY_ID APCA_API_SECRET_KEY APCA_API_BASE_URL APCA_API_DATA_URL \
            APCA_API_STREAM_URL
        expect 0 config --config kept.conf --json
        expect 0 run --config kept.conf --clock step --quiet
        [ -e 'a "b" \ # c.db' ] || fail "the store has another name"
        expect 0 config --config kept.conf --json
    )
    python3 - <<'PY' || fail "the file that was kept says something else"
import json
key = lambda s: (s["section"], s["name"])
before = {key(s): s for s in json.load(open("before.json"))["settings"]}
after = {key(s): s for s in json.load(open("out"))["settings"]}
told = {k for k in before if before[k]["origin"] == "file"} - {("run", "i-understand")}
assert len(told) == 6, told
assert {k for k in after if after[k]["origin"] == "file"} == told, after
assert all(after[k]["value"] == before[k]["value"] for k in told)
PY
    expect 0 run --config kept.conf --venue paper --symbols AAPL,MSFT --db paper.db
}

what_is_not_known_is_an_error() {
    printf '[run]\nbnad = 2%%\n' >tradewind.conf
    expect 2 config
    says 'tradewind.conf:2: unknown setting "bnad"; did you mean "band"?'
    printf '[batch]\nfeaturse = rsi(14)\n' >tradewind.conf
    expect 2 config run
    says 'did you mean "features"?'
    printf '[rnu]\n x = 1\n' >tradewind.conf
    expect 2 config
    says 'did you mean [run]?'
    rm tradewind.conf
    expect 2 config rnu
    says 'there is no section "rnu"; did you mean "run"?'
    silent
}

the_example_is_a_file_of_defaults() {
    expect 0 config --example
    cp out tradewind.conf
    expect 0 config --changed
    prints 'everything is at its default'
    # Without the marks of comments it says what the defaults say.
    sed 's/^# \([a-z-]* = .\)/\1/' tradewind.conf >whole.conf
    [ "$(grep -c '^[a-z-]* = ' whole.conf)" -gt 100 ] || fail "too few settings"
    expect 0 config --config whole.conf --json
    cp out whole.json
    expect 0 config --config /dev/null --json
    python3 - <<'PY' || fail "the example says something else than the defaults"
import json
whole = {(s["section"], s["name"]): s for s in json.load(open("whole.json"))["settings"]}
plain = {(s["section"], s["name"]): s for s in json.load(open("out"))["settings"]}
assert whole.keys() == plain.keys()
changed = [k for k in whole if whole[k]["value"] != plain[k]["value"]]
assert not changed, changed
assert sum(s["origin"] == "file" for s in whole.values()) > 100
PY
    expect 0 config --example limits
    prints '[limits]'
    ! grep -q '^\[run\]' out || fail "another section is shown"
}

# What was found by itself may have been put there by anybody; what was named was meant.
a_file_that_others_may_change_is_not_found() {
    printf '[run]\nband = 2%%\n' >tradewind.conf
    chmod 646 tradewind.conf
    for command in config doctor 'run --clock step --duration 5s'; do
        # shellcheck disable=SC2086 # words
        expect 2 $command
        says "tradewind.conf is not read: others may change $PWD/tradewind.conf"
        says 'name it: --config tradewind.conf'
        silent
    done
    expect 0 config --config tradewind.conf --changed
    prints 'band = 2%'
    chmod 644 tradewind.conf
    expect 0 config --changed
    prints 'band = 2%'
    chmod 777 .
    expect 2 config
    says "others may change $PWD: chmod go-w $PWD"
    chmod 700 .
    rm tradewind.conf
    mkdir -p .config/tradewind
    printf '[run]\nband = 3%%\n' >.config/tradewind/tradewind.conf
    expect 0 config --changed
    chmod 757 .config/tradewind
    expect 2 config
    says 'others may change'
}

the_file_of_a_stranger_is_not_found() {
    [ "$(id -u)" = 0 ] || skip "only root can give a file away"
    printf '[run]\nband = 2%%\n' >tradewind.conf
    chown 65534 tradewind.conf
    expect 2 config
    says "tradewind.conf is not read: $PWD/tradewind.conf belongs to user 65534"
    silent
    expect 0 config --config tradewind.conf --changed
    prints 'band = 2%'
}

run_cases each_value_tells_where_it_comes_from every_command_has_its_settings secrets_are_masked \
    a_file_that_others_may_change_is_not_found the_file_of_a_stranger_is_not_found \
    what_is_printed_is_a_file_to_keep \
    what_is_not_known_is_an_error the_example_is_a_file_of_defaults
