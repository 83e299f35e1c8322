#!/usr/bin/env python3
"""bench_kill.py TRADEWIND [KILLS] - how long it takes until a kill is in force.

A run trades six symbols against an exchange whose traders make 130,000 events a second. It is killed
again and again (200 times), in turn by SIGUSR2 and by its kill file, and the kill is lifted each
time. The time is from the moment before the signal is sent, or before the file gets its name, to
the moment at which the switch is set, from which on nothing is sent, and to the one at which the
engine has journaled the kill and asks for the cancels, both as the flight recorder tells them.
Prints them in microseconds.
"""
import contextlib
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

SYMBOLS = "AAPL,MSFT,GOOG,AMZN,NVDA,META"
BETWEEN = 0.05  # seconds of trading before each kill
WAYS = ["signal", "file"]
MOMENTS = ["in force", "journaled"]


def start(folder, command):
    """The exchange and a run of it."""
    exchange = subprocess.Popen(
        [command, "exchange", "--listen", "127.0.0.1:0", "--symbols", SYMBOLS, "--clock", "x1",
         "--events-total", "130000", "--always-open"], stdout=subprocess.PIPE, text=True)
    url = exchange.stdout.readline().strip().split()[-1]
    environment = dict(os.environ, APCA_API_KEY_ID="demo", APCA_API_SECRET_KEY="demo",
                       APCA_API_BASE_URL=url, APCA_API_DATA_URL=url,
                       APCA_API_STREAM_URL="ws" + url[4:])
    run = subprocess.Popen(
        [command, "run", "--venue", "paper", "--symbols", SYMBOLS, "--db", "run.db", "--quiet",
         "--band", "0.01%", "--rebalance-every", "1s", "--duration", "0"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    return exchange, run


def until(holds):
    """Looks again until it is so; the answer."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.002)
    sys.exit("bench_kill.py: the run does not answer")


def count(store, kind):
    with contextlib.suppress(sqlite3.OperationalError):  # it is just being made
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM journal WHERE kind = ?",
                                    (kind,)).fetchone()[0]
    return 0


def kill(way, store, run):
    """Kills the run; the time of day before, in microseconds."""
    if way == "signal":
        began = time.time_ns()
        run.send_signal(signal.SIGUSR2)
        return began // 1000
    with open(store + ".kill-new", "w", encoding="ascii") as file:
        file.write("cancel by bench_kill.py\n")
    began = time.time_ns()
    os.rename(store + ".kill-new", store + ".kill")
    return began // 1000


def told(command, store, run):
    """When the newest kill was heard, and when journaled, by the flight recorder; microseconds."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(store + "-flight")
    run.send_signal(signal.SIGUSR1)

    def read():
        done = subprocess.run([command, "flight", "--json", store + "-flight"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return json.loads(done.stdout)["notes"] if done.returncode == 0 else None

    notes = {note["what"]: note["time"] for note in until(read)}
    return [round(datetime.datetime.fromisoformat(notes[what].replace("Z", "+00:00")).timestamp()
                  * 1e6) for what in ("kill heard", "kill")]


def measure(command, folder, run, kills):
    store = os.path.join(folder, "run.db")
    times = {(way, to): [] for way in WAYS for to in MOMENTS}
    until(lambda: count(store, "fill") > 0)
    for number in range(kills):
        way = WAYS[number % 2]
        time.sleep(BETWEEN)
        began = kill(way, store, run)
        until(lambda n=number: count(store, "kill") == n + 1)
        for to, moment in zip(MOMENTS, told(command, store, run)):
            times[way, to].append(moment - began)
        subprocess.run([command, "kill", "--lift", "--db", store], check=True,
                       stdout=subprocess.DEVNULL)
    return times


def main():
    command = os.path.abspath(sys.argv[1])
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        exchange, run = start(folder, command)
        try:
            times = measure(command, folder, run, kills)
        finally:
            for process in (run, exchange):
                process.send_signal(signal.SIGINT)
                process.wait(60)
    print(f"{'killed by':<10} {'until':<10} {'times':>6} {'p50 us':>8} {'p99 us':>8} {'max us':>8}")
    for (way, to), values in times.items():
        values.sort()
        print(f"{way:<10} {to:<10} {len(values):>6} {values[len(values) // 2]:>8} "
              f"{values[int(0.99 * (len(values) - 1))]:>8} {values[-1]:>8}")


if __name__ == "__main__":
    main()
