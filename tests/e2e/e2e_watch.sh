#!/bin/sh
# e2e_watch.sh - a run is watched: `run --listen`, its files, and `tradewind monitor`.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

# begin_watched [STORE]
begin_watched() {
    store=${1:-run.db}
    begin run --venue demo --duration 0 --quiet --listen 0 --db "$store"
    eventually grep -q '^dashboard on ' err # its files are there by then
    address=$(cat "$store-listen")
    token=$(cat "$store-token")
}

end_run() {
    kill -INT "$started"
    ended 130
}

# api METHOD PATH [BODY]: into the file answer, with the status in $code.
api() {
    code=$(curl -s -o answer -w '%{http_code}' -X "$1" -H "Authorization: Bearer $token" \
        ${3+-d "$3"} "http://$address$2")
}

files_are_private_and_go_with_the_run() {
    begin_watched
    [ "$(stat -c %a run.db-token)" = 600 ] || fail "the token may be read by others"
    printf '%s' "$token" | grep -qE '^[0-9a-f]{32}$' || fail "the token is $token"
    grep -qF "dashboard on http://$address/ (its token is in run.db-token)" err || fail "it does not say where"
    if grep -qF "$token" err out; then fail "the token was printed where there is no terminal"; fi
    end_run
    [ ! -e run.db-token ] || fail "the token is still there"
    [ ! -e run.db-listen ] || fail "the address is still there"
    if grep -aqF "$token" run.db*; then fail "the token is in the store"; fi
}

files_of_a_run_that_crashed_are_replaced() {
    printf 'old\n' >run.db-token
    printf '127.0.0.1:1\n' >run.db-listen
    chmod 644 run.db-token
    begin_watched
    [ "$(stat -c %a run.db-token)" = 600 ] || fail "the token may be read by others"
    api GET /api/state
    [ "$code" = 200 ] || fail "the new token is answered $code"
    token=old
    api GET /api/state
    [ "$code" = 401 ] || fail "the old token is answered $code"
    end_run
}

the_state_agrees_with_the_report() {
    begin_watched
    eventually trades
    holds answer 'd["account"]["equity_begin"] != "0" and len(d["positions"]) == 20'
    holds answer 'd["counts"]["filled"] > 0 and len(d["orders"]) == d["counts"]["orders"]'
    holds answer 'd["store"]["backend"] == "sqlite"'
    holds answer 'abs(sum(p["weight"] for p in d["positions"]) + float(d["account"]["cash"]) / float(d["account"]["equity"]) - 1) < 1e-9'
    end_run
}
# A state in which an order has filled; each thread tells its part of it, the venue's may come later.
trades() {
    api GET /api/state
    [ "$code" = 200 ] && python3 -c 'import json; d = json.load(open("answer")); raise SystemExit(not (d["counts"]["filled"] and d["venue"]["up"]))'
}

# What is no address of a server is a file, and what belongs to it lies beside it.
a_store_may_have_any_name() {
    begin_watched 'user=me dbname=x'
    api GET /api/state
    holds answer 'd["store"]["backend"] == "sqlite"'
    end_run
    [ -s 'user=me dbname=x-record' ] || fail "the recording is elsewhere: $(ls)"
}

a_kill_from_the_page_is_journaled_and_kept() {
    begin_watched
    eventually trades
    api POST /api/kill '{"level":"cancel"}'
    [ "$code" = 200 ] || fail "the kill was answered with $code"
    eventually grep -qs '^cancel ' run.db.kill
    eventually journal_has "kind = 'kill' AND payload LIKE '%\"by\":\"page\"%'"
    api POST /api/lift '{}'
    [ "$code" = 200 ] || fail "the lift was answered with $code"
    eventually test ! -e run.db.kill
    eventually journal_has "kind = 'lift'"
    end_run
}
journal_has() { [ "$(query run.db "SELECT count(*) FROM journal WHERE $1")" -gt 0 ]; }

the_monitor_prints_one_state() {
    begin_watched
    eventually trades
    mv err run_err
    expect 0 monitor --db run.db --once
    grep -qE '^trading +20' out || fail "it does not say the phase"
    prints 'equity '
    prints 'SYMBOL'
    prints 'AAPL'
    prints 'VENUE up'
    grep -qE '^COMPARED with the venue [0-9.]+ m?s ago, [0-9]+ times, 0 differences$' out ||
        fail "it does not say when it was compared with the venue"
    if grep -q "$(printf '\033')" out; then fail "there is a terminal's language in a file"; fi
    expect 0 monitor --db run.db --json
    holds out 'd["type"] == "state" and d["phase"] == "trading"'
    expect 0 monitor "http://$address/" --db run.db --once
    printf 'wrong\n' >other.db-token
    expect 4 monitor "$address" --db other.db --once
    says 'it belongs to another run'
    end_run
}

# Somebody listens there and never says anything.
a_monitor_that_waits_can_be_interrupted() {
    python3 - <<'PY' &
import socket
silent = socket.create_server(("127.0.0.1", 0))
open("run.db-token", "w").write("token\n")
open("listening", "w").write("127.0.0.1:%d\n" % silent.getsockname()[1])
connection, _ = silent.accept()
open("asked", "w").write("yes\n")
connection.recv(1 << 16)
while connection.recv(1 << 16):
    pass
PY
    echo "$!" >>"$work/children"
    eventually test -s listening
    cp listening run.db-listen
    begin monitor --db run.db --once
    eventually test -s asked
    kill -INT "$started"
    ended 130
    silent
}

without_a_run_it_says_so() {
    expect 1 monitor --db nowhere.db
    says 'run --db nowhere.db --listen 0'
    printf '127.0.0.1:1\n' >gone.db-listen
    printf 'token\n' >gone.db-token
    expect 4 monitor --db gone.db
    says '127.0.0.1:1'
    silent
    server=postgresql://me:s3cret@127.0.0.1:9/x
    expect 1 monitor --db "$server"
    says 'no run of postgresql://me:***@127.0.0.1:9/x shows itself'
    printf '127.0.0.1:1\n' >tradewind-listen
    printf 'token\n' >tradewind-token
    expect 4 monitor --db "$server"
    if grep -q s3cret out err; then fail "the password is shown"; fi
    expect 2 run --listen nowhere --duration 1s
    says '--listen nowhere: write an address and a port'
}

# A terminal of 80 by 24: the screens fit, q ends it, and the terminal is as it was.
a_terminal_is_filled_and_given_back() {
    needs_a_terminal
    begin_watched
    eventually trades
    python3 - "$tradewind" <<'PYTHON' || fail "see above"
import fcntl, os, pty, re, select, struct, sys, termios, time
main, side = pty.openpty()
fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(side)
child = os.fork()
if child == 0:
    os.setsid()
    for number in (0, 1, 2):
        os.dup2(side, number)
    os.environ["NO_COLOR"] = "1"
    os.execv(sys.argv[1], [sys.argv[1], "monitor", "--db", "run.db", "--every", "200ms"])
said, frames, until = b"", 0, time.monotonic() + 30
while said.count(b"\033[H") < 4 and time.monotonic() < until:
    if select.select([main], [], [], 0.1)[0]:
        said += os.read(main, 65536)
during = termios.tcgetattr(side)
os.write(main, b"q")
status = None
while status is None and time.monotonic() < until:
    if select.select([main], [], [], 0.1)[0]:
        said += os.read(main, 65536)
    pid, code = os.waitpid(child, os.WNOHANG)
    status = os.waitstatus_to_exitcode(code) if pid else None
while select.select([main], [], [], 0.1)[0]:
    said += os.read(main, 65536)
assert status == 0, f"it ended with {status}"
assert said.startswith(b"\033[?1049h"), "it does not take the other screen"
assert said.endswith(b"\033[?25h\033[?1049l"), "it does not give the screen back"
assert not during[3] & termios.ECHO and not during[3] & termios.ICANON, "keys are echoed"
assert termios.tcgetattr(side) == before, "the terminal is not as it was"
screens = re.findall(rb"\033\[H(.*?)\033\[J", said, re.S)
assert len(screens) >= 4
for screen in screens:
    lines = screen.replace(b"\033[K", b"").replace(b"\r", b"").split(b"\n")
    assert len(lines) <= 24 and all(len(line) <= 80 for line in lines), lines
    assert b"\033" not in b"".join(lines), "NO_COLOR has colours"
    assert any(line.startswith(b"ORDERS") for line in lines) and any(b"VENUE up" in line for line in lines)
PYTHON
    end_run
}

run_cases files_are_private_and_go_with_the_run files_of_a_run_that_crashed_are_replaced \
    the_state_agrees_with_the_report a_store_may_have_any_name a_kill_from_the_page_is_journaled_and_kept \
    the_monitor_prints_one_state a_monitor_that_waits_can_be_interrupted without_a_run_it_says_so a_terminal_is_filled_and_given_back
