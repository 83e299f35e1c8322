#!/bin/sh
# e2e_db.sh - `tradewind db`: what a store is, and its care.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/market.sh"

make_store() {
    make_trades "${2:-200}" trades.csv
    expect 0 import trades trades.csv --db "$1"
}

info_tells_what_is_in_it() {
    make_store s.db
    expect 0 db info --db s.db
    prints 'SQLite'
    prints 'trades                200'
    expect 0 db info --db s.db --json
    holds out 'd["rows"]["trades"] == 200 and d["rows"]["symbols"] == 5 and d["schema"] == 3'
    holds out '(d["precautions"] == "wal_reset_race=avoided") == (d["backend"] == "SQLite 3.40.1")'
    holds out 'd["size"] > 0 and len(d["epoch"]) == 16 and d["newest_trade"].startswith("2024-")'
}

a_sound_store_is_called_sound_and_a_damaged_one_is_not() {
    make_store s.db 5000
    expect 0 db check --db s.db
    prints 's.db is sound'
    python3 -c '
with open("s.db", "r+b") as file:
    file.seek(20 * 4096)
    file.write(b"\xa5" * 20 * 4096)'
    expect 3 db check --db s.db
    says 's.db'
    silent
}

a_backup_is_a_store_and_replaces_nothing() {
    make_store s.db
    expect 2 db backup --db s.db
    says '--out FILE'
    expect 0 db backup --db s.db --out copy.db
    prints 'copy.db is a copy of s.db'
    expect 0 export trades --db copy.db --out back.csv
    cmp -s back.csv trades.csv || fail "the copy has other rows"
    expect 1 db backup --db s.db --out copy.db
    says 'copy.db'
    expect 1 db backup --db s.db --out nowhere/copy.db
    says 'nowhere/copy.db'
}

an_older_store_is_brought_up_to_date() {
    make_store s.db
    expect 0 db migrate --db s.db
    prints 'nothing to do'
    alter s.db "DROP TABLE imports; DROP TRIGGER journal_is_not_shortened;
        DROP TABLE journal_quarantine; ALTER TABLE journal DROP COLUMN checksum;
        DELETE FROM meta WHERE key <> 'epoch'; PRAGMA user_version = 1"
    expect 0 db info --db s.db --json
    holds out 'd["schema"] == 1'
    expect 0 db migrate --db s.db --json
    holds out 'd["from"] == 1 and d["to"] == 3 and d["migrated"]'
    expect 0 db info --db s.db --json
    holds out 'd["schema"] == 3 and d["rows"]["trades"] == 200'
    query s.db 'PRAGMA user_version = 99'
    expect 3 db info --db s.db
    says 'newer version'
}

verify_tells_where_a_journal_is_damaged_and_what_follows() {
    expect 0 run --clock step --duration 10s --symbols AAPL,MSFT --db r.db --json
    expect 0 db verify --db r.db
    prints 'database   sound'
    expect 0 db verify --db r.db --json
    holds out 'd["sound"] and d["database"] == "sound" and d["journal"]["entries"] > 5'
    holds out 'd["journal"]["sound"] and d["journal"]["damaged_from"] is None'
    spoil r.db "UPDATE journal SET payload = '{}' WHERE sequence = 4"
    expect 3 db verify --db r.db --json
    [ ! -s err ] || fail "the document says it"
    holds out 'not d["sound"] and d["database"] == "sound" and not d["journal"]["sound"]'
    holds out 'd["journal"]["damaged_from"] == 4 and d["journal"]["why"] == "changed"'
    holds out 'd["journal"]["following"] == d["journal"]["entries"] - 3'
    holds out 'd["journal"]["sound_behind"] == d["journal"]["following"] - 1'
    holds out 'not d["journal"]["at_end"]'
    expect 3 db verify --db r.db
    prints 'damaged at entry 4 (changed)'
    prints 'is refused, unless it is told --quarantine'
    expect 3 db check --db r.db
    says 'record 4 of the journal is changed'
    spoil r.db "DELETE FROM journal WHERE sequence = 2"
    expect 3 db verify --db r.db
    prints 'damaged at entry 2 (missing)'
}

the_last_run_is_told() {
    make_store s.db
    expect 0 db info --db s.db --json
    holds out 'd["last_run"] is None'
    expect 0 run --clock step --duration 10s --symbols AAPL,MSFT --db r.db --json
    expect 0 db info --db r.db --json
    holds out 'd["last_run"]["id"] == 1 and d["last_run"]["started"] < d["last_run"]["ended"]'
    expect 0 db info --db r.db
    prints 'last run   1, '
    python3 -c 'import sqlite3
with sqlite3.connect("r.db") as store:
    store.execute("UPDATE runs SET ended_ns = 0")'
    expect 0 db info --db r.db --json
    holds out 'd["last_run"]["ended"] is None'
    expect 0 db info --db r.db
    prints '(did not end)'
}

unused_room_is_given_back() {
    make_store s.db 5000
    query s.db 'DELETE FROM trades WHERE symbol > 1' >/dev/null
    python3 -c 'import sqlite3; c = sqlite3.connect("s.db"); c.execute("DELETE FROM trades"); c.commit()'
    expect 0 db vacuum --db s.db --json
    holds out 'd["size"] < d["size_before"]'
    expect 0 db check --db s.db
}

wrong_use_is_told() {
    expect 2 db
    says 'info, check, verify, backup, migrate or vacuum'
    expect 2 db polish --db s.db
    says 'info, check, verify, backup, migrate or vacuum'
    expect 2 db info
    says '--db'
    expect 1 db info --db missing.db
    says 'missing.db does not exist'
    for action in check verify migrate vacuum; do
        expect 1 db $action --db missing.db
        says 'missing.db does not exist'
    done
    expect 1 db backup --db missing.db --out copy.db
    [ ! -e missing.db ] || fail "a store was made"
    [ ! -e copy.db ] || fail "a copy of nothing was made"
    echo 'no store' >notes.txt
    expect 3 db check --db notes.txt
    says 'notes.txt is not a store'
}

run_cases \
    info_tells_what_is_in_it \
    a_sound_store_is_called_sound_and_a_damaged_one_is_not \
    a_backup_is_a_store_and_replaces_nothing \
    an_older_store_is_brought_up_to_date \
    verify_tells_where_a_journal_is_damaged_and_what_follows \
    the_last_run_is_told \
    unused_room_is_given_back \
    wrong_use_is_told
