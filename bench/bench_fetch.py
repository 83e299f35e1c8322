#!/usr/bin/env python3
"""bench_fetch.py TRADEWIND [RUNS] - a history of many symbols, many requests at once and one by one.

Starts the exchange with 20 ms of latency a request and fetches the bars of a minute of 100 symbols
over 30 days in four ways, in turns, each into a new store or, the last, into nothing at all:

    fetch         as it is by default: 16 requests at once, pages of 10,000 rows
    one by one    the same command with --in-flight 1
    small pages   and with pages of 1,000 rows, which the venue gives to those who do not ask for more
    python        a loop over one kept connection (http.client, json) with pages of 1,000 rows

Prints medians in seconds and what each takes in units of the first.
"""
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

SYMBOLS = ["S%c%c" % (65 + i // 10, 65 + i % 10) for i in range(100)]
FROM, LAST, TO = "2025-12-01", "2025-12-30", "2025-12-31"  # TO is without it, LAST with it
KEYS = {"APCA_API_KEY_ID": "demo", "APCA_API_SECRET_KEY": "demo"}


def fetch(command, url, folder, *options):
    store = os.path.join(folder, "fetch.db")
    for end in ("", "-wal", "-shm"):
        if os.path.exists(store + end):
            os.remove(store + end)
    environment = dict(os.environ, **KEYS, APCA_API_DATA_URL=url)
    begin = time.perf_counter()
    done = subprocess.run(
        [command, "fetch", "bars", ",".join(SYMBOLS), "--from", FROM, "--to", TO, "--db", store,
         "--json", *options], env=environment, check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - begin, json.loads(done.stdout)["rows"]


def python_loop(url):
    headers = {"APCA-API-KEY-ID": "demo", "APCA-API-SECRET-KEY": "demo"}
    connection = http.client.HTTPConnection(url.split("//")[1])
    rows = 0
    begin = time.perf_counter()
    for symbol in SYMBOLS:
        token = ""
        while token is not None:
            connection.request("GET", "/v2/stocks/bars?symbols=%s&timeframe=1Min&start=%s&end=%s"
                               "&limit=1000%s" % (symbol, FROM, LAST, token and
                                                  "&page_token=" + token), headers=headers)
            page = json.loads(connection.getresponse().read())
            rows += sum(len(bars) for bars in page["bars"].values())
            token = page["next_page_token"]
    return time.perf_counter() - begin, rows


def measure(command, url, folder, runs):
    ways = {
        "fetch": lambda: fetch(command, url, folder),
        "one by one": lambda: fetch(command, url, folder, "--in-flight", "1"),
        "small pages": lambda: fetch(command, url, folder, "--in-flight", "1", "--page-limit",
                                     "1000"),
        "python": lambda: python_loop(url),
    }
    seconds = {name: [] for name in ways}
    for _ in range(runs):
        rows = set()
        for name, way in ways.items():
            took, count = way()
            seconds[name].append(took)
            rows.add(count)
        if len(rows) != 1:
            sys.exit("the ways do not bring the same rows: %s" % sorted(rows))
    base = statistics.median(seconds["fetch"])
    print("%d symbols, %s to %s, %d bars of a minute, 20 ms a request; medians of %d"
          % (len(SYMBOLS), FROM, TO, rows.pop(), runs))
    print("%-12s %9s %7s %9s %9s" % ("way", "seconds", "ratio", "least", "most"))
    for name, took in seconds.items():
        print("%-12s %9.3f %7.1f %9.3f %9.3f" % (name, statistics.median(took),
                                                 statistics.median(took) / base, min(took),
                                                 max(took)))


def main():
    command = os.path.abspath(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        plan = os.path.join(folder, "plan")
        with open(plan, "w", encoding="ascii") as out:
            out.write("latency 20ms 0ms\n")
        exchange = subprocess.Popen(
            [command, "exchange", "--listen", "127.0.0.1:0", "--clock", "step", "--symbols",
             ",".join(SYMBOLS), "--faults", plan], stdout=subprocess.PIPE, text=True)
        try:
            url = exchange.stdout.readline().split()[-1]
            measure(command, url, folder, runs)
        finally:
            exchange.kill()
            exchange.wait()


main()
