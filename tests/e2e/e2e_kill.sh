#!/bin/sh
# e2e_kill.sh - the kill switch of a run: by command, by signal, by file, over a restart, and lifted.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

large='--cash 1000000000 --symbols AAPL,MSFT --duration 0'

# shellcheck disable=SC2086 # $large is words

kill_entry() { query run.db "SELECT payload FROM journal WHERE kind = 'kill' ORDER BY sequence DESC LIMIT 1"; }
was_killed() { [ -n "$(kill_entry)" ]; }
settled() { [ "$(open_orders run.db)" = 0 ]; }

# No intent stands behind the newest kill.
nothing_was_intended_since() {
    [ "$(query run.db "SELECT count(*) FROM journal WHERE kind = 'intent' AND sequence >
        (SELECT max(sequence) FROM journal WHERE kind = 'kill')")" = 0 ] ||
        fail "an order was intended after the kill"
}

begin_trading() {
    begin run $large --db run.db --clock x1
    eventually has_orders run.db
}

stop_run() {
    kill -INT "$started"
    ended 130
}

the_command_kills_and_is_answered() {
    begin_trading
    expect 0 kill --db run.db --wait 20s
    prints 'Killed: the run of run.db has answered.'
    prints 'tradewind kill --lift --db run.db'
    eventually settled
    kill_entry | grep -q '"level":"cancel","by":"file"' || fail "the journal says: $(kill_entry)"
    stop_run
    nothing_was_intended_since
    store_is_clean run.db
}

a_kill_holds_in_the_next_run_and_can_be_lifted() {
    start_exchange --symbols AAPL,MSFT --clock x1
    expect 0 run --venue paper --symbols AAPL,MSFT --duration 1s --db run.db
    before=$(query run.db 'SELECT count(*) FROM orders')
    [ "$before" -gt 0 ] || fail "nothing was traded: this proves nothing"
    expect 0 kill --db run.db --wait 0s --json
    holds out 'd == {"level": "cancel", "changed": True, "answered": False}'
    expect 0 run --venue paper --symbols AAPL,MSFT --strategy equal --band 0.01% --duration 2s --db run.db --json
    holds out 'd["kills"]["level"] == "cancel" and d["kills"]["by"] == "file" and d["orders"]["total"] == 0'
    [ "$(query run.db 'SELECT count(*) FROM orders')" = "$before" ] || fail "a killed run sent orders"
    expect 0 kill --lift --wait 0s --db run.db
    prints 'The kill is lifted. No run of run.db answered.'
    expect 0 run --venue paper --symbols AAPL,MSFT --strategy equal --band 0.01% --duration 2s --db run.db --json
    holds out 'd["orders"]["total"] > 0 and d["kills"]["total"] == 0'
}

a_signal_kills_and_is_remembered() {
    begin_trading
    kill -USR2 "$started"
    eventually test -s run.db.kill
    grep -q '^cancel ' run.db.kill || fail "the file says: $(cat run.db.kill)"
    eventually settled
    kill_entry | grep -q '"by":"signal"' || fail "the journal says: $(kill_entry)"
    kill -USR1 "$started"
    eventually test -s run.db-flight
    expect 0 flight --json run.db-flight
    holds out '[n["what"] for n in d["notes"] if n["what"] in ("kill", "kill heard")] == ["kill heard", "kill"]'
    holds out '[n["text"] for n in d["notes"] if n["what"] == "kill heard"] == ["signal"]'
    expect 0 kill --lift --wait 20s --db run.db
    prints 'The kill is lifted: the run of run.db has answered.'
    stop_run
    [ ! -e run.db.kill ] || fail "the file is still there"
}

# A second kill raises no level, and yet a lift that has looked at the first does not end it.
each_kill_writes_the_file_anew() {
    begin_trading
    expect 0 kill --level flatten --db run.db --wait 20s
    before=$(cat run.db.kill)
    kill -USR2 "$started"
    eventually written_anew
    grep -q '^flatten run ' run.db.kill || fail "the file says: $(cat run.db.kill)"
    exec 9<. # as whoever can read the folder may
    flock 9
    expect 0 kill --lift --wait 20s --db run.db
    exec 9<&-
    prints 'The kill is lifted: the run of run.db has answered.'
    stop_run
    [ ! -e run.db.kill ] || fail "the file is still there"
}
written_anew() { [ "$(cat run.db.kill)" != "$before" ]; }

# The file is tried again until it is there, and is told of once; the kill holds meanwhile.
a_file_that_cannot_be_written_is_tried_again() {
    begin_trading
    mkdir run.db.kill # in its way
    kill -USR2 "$started"
    eventually grep -q 'it is tried again each second' err
    eventually was_killed
    sleep 1.2 # a second try fails, too
    [ -d run.db.kill ] || fail "what was in the way is gone"
    rmdir run.db.kill
    eventually test -s run.db.kill
    grep -q '^cancel ' run.db.kill || fail "the file says: $(cat run.db.kill)"
    stop_run
    [ "$(grep -c 'it is tried again' err)" = 1 ] || fail "it is told of more than once"
    [ "$(query run.db "SELECT count(*) FROM journal WHERE kind = 'lift'")" = 0 ] || fail "it was lifted"
    nothing_was_intended_since
}

flattening_closes_every_position() {
    start_exchange --symbols AAPL,MSFT --clock x1
    begin run --venue paper --symbols AAPL,MSFT --duration 0 --db run.db
    eventually has_fills
    expect 0 kill --level flatten --wait 20s --db run.db
    eventually flat
    stop_run
    curl -s -H 'APCA-API-KEY-ID: demo' -H 'APCA-API-SECRET-KEY: demo' "$url/v2/positions" >held.json
    holds held.json 'd == []'
}
has_fills() { [ "$(query run.db 'SELECT count(*) FROM fills')" -gt 0 ]; }
flat() { [ "$(query run.db "SELECT count(*) FROM journal WHERE kind = 'flat'")" -gt 0 ]; }

a_file_that_cannot_be_understood_kills() {
    start_exchange --symbols AAPL,MSFT --clock x1
    printf 'stop it all, please\n' >run.db.kill
    expect 0 run --venue paper --symbols AAPL,MSFT --duration 1s --db run.db --json
    holds out 'd["kills"]["level"] == "cancel" and d["orders"]["total"] == 0'
}

limits_may_stand_in_a_file() {
    printf '[limits]\nmax-open = 1\n\n[kill]\nwait = 0s\n' >tradewind.conf
    expect 0 run --clock step --symbols AAPL,MSFT --duration 10s --db run.db --quiet --json
    holds out 'd["orders"]["denied_by"]["open_orders"] > 0'
    expect 0 kill --db run.db
    prints 'the next one starts killed'
}

bad_uses_are_told() {
    expect 1 kill --db nowhere.db
    says 'nowhere.db'
    [ ! -e nowhere.db.kill ] || fail "a kill file was made for no store"
    echo 'this is no store' >damaged.db # a kill does not wait until it can be read
    expect 3 kill --level flatten --db damaged.db
    says 'damaged.db.kill is written; whether a run has answered cannot be told'
    grep -q '^flatten ' damaged.db.kill || fail "there is no kill file"
    expect 2 kill --level hard --db run.db
    says 'expected new, cancel or flatten'
    expect 2 kill --db postgresql://me:s3cret@localhost/x
    says 'postgresql://me:***@localhost/x is not a file'
    says 'SIGUSR2'
    expect 0 run --clock step --symbols AAPL --duration 1s --db run.db --quiet
    expect 0 kill --lift --db run.db
    prints 'Nothing was killed'
    expect 0 kill --level flatten --wait 0s --db run.db
    prints 'the next one starts killed'
    before=$(cat run.db.kill)
    expect 0 kill --level new --wait 0s --db run.db
    prints 'It was killed before'
    grep -q '^flatten ' run.db.kill || fail "the level was lowered"
    [ "$(cat run.db.kill)" != "$before" ] || fail "a lift that has begun would take it away"
}

run_cases the_command_kills_and_is_answered a_kill_holds_in_the_next_run_and_can_be_lifted \
    a_signal_kills_and_is_remembered each_kill_writes_the_file_anew \
    a_file_that_cannot_be_written_is_tried_again flattening_closes_every_position a_file_that_cannot_be_understood_kills limits_may_stand_in_a_file bad_uses_are_told
