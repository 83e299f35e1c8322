"""world.py - what the campaigns share: a real exchange, real runs, and the comparison of both.

A campaign does to the built command what a machine, a network or a venue may do to it, and asks
afterwards what it must never lose. The exchange is a process of its own with a state file, so it
remembers what it was really sent; the trading system is a `run --venue paper` against it. Nothing
here knows how either works: what they say is read from the store and over HTTP.

compare(exchange, store) is the one judgement: each order at the exchange was an intent in the
journal first, none was sent twice, none is open or unknown, fills, positions and cash agree to the
last digit, and the journal has no gap.
"""

import base64
import contextlib
import decimal
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRADEWIND = os.path.abspath(os.environ.get("TRADEWIND", os.path.join(ROOT, "build", "tradewind")))
SYMBOLS = "AAPL,MSFT,GOOG,AMZN,NVDA,META"
NANO = decimal.Decimal(10) ** 9
FINAL = 8  # numbers of tw_order_status from here on are ends


class Broken(Exception):
    """Something that must hold does not."""


def demand(condition, sentence):
    if not condition:
        raise Broken(sentence)


def eventually(look, sentence, seconds=30.0):
    """Looks again until it is so, and returns what was seen. For what another program does."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        demand(time.monotonic() < end, f"it never came true in {seconds:.0f} s: {sentence}")
        time.sleep(0.005)


def clean_environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APCA_")}
    kept.update(APCA_API_KEY_ID="demo", APCA_API_SECRET_KEY="demo", NO_COLOR="1")
    return kept


def hold(port):
    """Takes a port without listening: who connects is refused, and nobody else is given it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    return held


class Exchange:
    """One `tradewind exchange`, on the same port in each of its lives and between them."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.arguments = arguments
        self.port = 0
        self.held = None
        self.process = None
        self.start()

    def start(self):
        command = [TRADEWIND, "exchange", "--listen", f"127.0.0.1:{self.port}",
                   "--state", os.path.join(self.folder, "exchange.state"),
                   "--symbols", SYMBOLS, *self.arguments]
        with open(os.path.join(self.folder, "exchange.err"), "ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors,
                                            stdin=subprocess.DEVNULL, cwd=self.folder)
        line = self.process.stdout.readline().decode()
        demand(line.startswith("listening on "), f"the exchange did not start: {line!r}")
        self.url = line[len("listening on "):].strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        if self.held:
            self.held.close()

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.process.stdout.close()
        self.process.wait(30)

    def vanish(self):
        """It is killed, and its port stays its own until it starts again."""
        self.end(signal.SIGKILL)
        self.held = hold(self.port)

    def ask(self, method, path, body=None):
        key = base64.b64encode(b"demo:demo").decode()
        request = urllib.request.Request(self.url + path, data=body, method=method,
                                         headers={"Authorization": "Basic " + key})
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text, parse_float=decimal.Decimal) if text else None

    def orders(self):
        """All orders that it ever took, page by page."""
        found, last = [], None
        while True:
            path = "/v2/orders?status=all&limit=500&direction=asc"
            page = self.ask("GET", path + (f"&after_order_id={last}" if last else ""))
            if not page:
                return found
            found += page
            last = page[-1]["id"]


class Run:
    """One `tradewind run` against an exchange."""

    def __init__(self, folder, url, *arguments, wrapper=(), environment=None, store=None):
        self.errors = os.path.join(folder, "run.err")
        names = clean_environment()
        names.update(APCA_API_BASE_URL=url, APCA_API_DATA_URL=url,
                     APCA_API_STREAM_URL="ws" + url[len("http"):], TMPDIR=folder, HOME=folder)
        names.update(environment or {})
        command = [*wrapper, TRADEWIND, "run", "--venue", "paper", "--symbols", SYMBOLS, "--db",
                   os.path.join(store or folder, "run.db"), "--json", "--quiet", *arguments]
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors,
                                            stdin=subprocess.DEVNULL, cwd=folder, env=names)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def wait(self, seconds=120):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
            raise Broken(f"the run did not end in {seconds} s: {self.said()}") from None

    def said(self):
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            return errors.read()[-600:].strip()

    def alive(self):
        return self.process.poll() is None


# An exchange that is quick enough for a sample, and slow enough to be met in the middle of things.
MARKET = ("--clock", "x20", "--events", "10", "--history-days", "100")

# A market that moves and a portfolio that follows it closely: something is always under way.
BUSY = ("--band", "0.01%", "--rebalance-every", "1s", "--patience", "3s", "--duration", "0",
        "--risk-days", "60", "--max-errors", "1000000", "--duplicate-window", "0")


def wanted(folder, chance):
    """Other weights than before in a file: the next run has a portfolio to turn over."""
    path = os.path.join(folder, "targets.csv")
    shares = [chance.uniform(0.2, 1.0) for _ in SYMBOLS.split(",")]
    with open(path, "w", encoding="ascii") as file:
        file.write("symbol,weight\n")
        for symbol, share in zip(SYMBOLS.split(","), shares):
            file.write(f"{symbol},{0.95 * share / sum(shares):.4f}\n")
    return ("--targets", path)


# What settles what an earlier run left, and trades nothing itself.
CALM = ("--band", "50%", "--rebalance-every", "0", "--duration", "1s", "--risk-days", "60")


class Store:
    """A store that is read beside its writer."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "run.db")

    def rows(self, text, *arguments):
        if not os.path.exists(self.path):
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True,
                                                timeout=10)) as database:
            try:
                return database.execute(text, arguments).fetchall()
            except sqlite3.OperationalError as trouble:
                if "no such table" in str(trouble) or "locked" in str(trouble):
                    return []  # it is just being made, or its log recovered
                raise

    def number(self, text, *arguments):
        rows = self.rows(text, *arguments)
        return rows[0][0] or 0 if rows else 0

    def newest(self):
        return self.number("SELECT max(sequence) FROM journal")

    def trades_since(self, sequence):
        """True once a run behind that entry has decided something, or goes on with a plan: the
        phase alone may be held up."""
        return self.number("SELECT count(*) FROM journal WHERE sequence > ? AND "
                           "kind IN ('decision', 'resume')", sequence) > 0

    def first_cash(self):
        """What the account had before anything was traded."""
        told = self.rows("SELECT payload FROM journal WHERE kind = 'account' ORDER BY sequence LIMIT 1")
        return money(json.loads(told[0][0])["cash"])

    def journal(self):
        return self.rows("SELECT sequence, time_ns, kind, payload FROM journal ORDER BY sequence")


def money(text):
    return decimal.Decimal(text if text is not None else 0)


def compare_orders(exchange, store):
    """Every order of the exchange is ours once, and ends as the store says."""
    symbols = dict(store.rows("SELECT id, name FROM symbols"))
    known = {row[0]: row for row in store.rows(
        "SELECT client_order_id, symbol, side, quantity, filled, status FROM orders")}
    intents, resent = {}, set()
    for sequence, _, kind, payload in store.journal():
        if kind == "intent":
            entry = json.loads(payload)
            demand(entry["order"] not in intents, f"{entry['order']} was intended twice")
            intents[entry["order"]] = entry
        elif kind == "resend":
            resent.add(json.loads(payload)["order"])
        elif kind == "submitted" and json.loads(payload)["order"] not in resent:
            demand("must be unique" not in payload, f"entry {sequence}: it was sent twice: {payload}")
    told = set()
    for order in exchange.orders():
        name = order["client_order_id"]
        demand(name in intents, f"{name} was sent and is no intent of the journal")
        demand(name in known, f"{name} was sent and is not in the store")
        demand(name not in told, f"{name} is at the exchange twice")
        told.add(name)
        intent, row = intents[name], known[name]
        demand((order["symbol"], order["side"]) == (intent["symbol"], intent["side"]) and
               money(order["qty"]) == money(intent["quantity"]), f"{name} was sent otherwise")
        demand(symbols[row[1]] == order["symbol"], f"{name} has another symbol in the store")
        demand(money(row[4]) / NANO == money(order["filled_qty"]),
               f"{name}: {order['filled_qty']} filled at the exchange, {money(row[4]) / NANO} here")
        demand(row[5] >= FINAL, f"{name} is not at its end here: status {row[5]}")
    for name, row in known.items():
        demand(name in told or row[4] == 0, f"{name} has fills and is not at the exchange")
        demand(row[5] >= FINAL, f"{name} is left open or unknown: status {row[5]}")
    return len(told)


def compare_money(exchange, store):
    """Positions and cash follow from the fills of the store, exactly."""
    symbols = dict(store.rows("SELECT id, name FROM symbols"))
    held, cash, shares = {}, store.first_cash(), decimal.Decimal(0)
    recovered = store.number("SELECT count(*) FROM fills WHERE execution_id LIKE 'recovered%'")
    for symbol, side, price, quantity in store.rows(
            "SELECT symbol, side, price, quantity FROM fills"):
        sign = 1 if side == 1 else -1
        amount = decimal.Decimal(quantity) / NANO
        shares += amount
        held[symbols[symbol]] = held.get(symbols[symbol], 0) + sign * amount
        cash -= sign * amount * decimal.Decimal(price) / NANO
    there = {row["symbol"]: money(row["qty"]) for row in exchange.ask("GET", "/v2/positions")}
    here = {symbol: amount for symbol, amount in held.items() if amount != 0}
    demand(there == here, f"positions differ: {there} at the exchange, {here} by the fills")
    # What was learned from an average price carries its rounding: half of 1e-9 a share.
    leeway = shares / NANO if recovered else 0
    told = money(exchange.ask("GET", "/v2/account")["cash"])
    demand(abs(told - cash) <= leeway, f"cash differs: {told} at the exchange, {cash} by the fills")
    return store.number("SELECT count(*) FROM fills")


def compare(exchange, store):
    """The judgement; returns how many orders and fills were compared."""
    first, last, count = store.rows(
        "SELECT min(sequence), max(sequence), count(*) FROM journal")[0]
    demand((first, last) == (1, count), f"the journal has a gap: {first} to {last}, {count} entries")
    demand(store.rows("PRAGMA integrity_check") == [("ok",)], "the store is damaged")
    return compare_orders(exchange, store), compare_money(exchange, store)


def settle(folder, exchange, store=None):
    """A run without trouble that brings what is left to its end."""
    run = Run(folder, exchange.url, *CALM, store=store)
    status = run.wait()
    demand(status == 0, f"the settling run ended with {status}: {run.said()}")


def trading(store, run, since=0):
    """The run has begun to trade behind that entry."""
    eventually(lambda: store.trades_since(since) or not run.alive(), "it trades")
    demand(run.alive(), f"the run ended by itself: {run.said()}")


def finish(folder, exchange, store, run):
    """The run is asked to end; what it did is settled and compared."""
    if run.alive():
        run.process.send_signal(signal.SIGINT)
        status = run.wait(180)
        demand(status in (0, 130), f"the run ended with {status}: {run.said()}")
    settle(folder, exchange)
    orders, fills = compare(exchange, store)
    demand(fills > 0, "nothing was traded: this proves nothing")
    return orders, fills


@contextlib.contextmanager
def world(*arguments):
    """A folder with an exchange in it; both are gone at the end, but for the folder of a failure."""
    folder = tempfile.mkdtemp(prefix="tradewind-campaign-")
    exchange = None
    try:
        exchange = Exchange(folder, *arguments)
        yield folder, exchange, Store(folder)
    except Broken as broken:
        left, folder = folder, None
        raise Broken(f"{broken} (left in {left})") from None
    finally:
        if exchange is not None and exchange.process.poll() is None:
            exchange.end(signal.SIGKILL)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def run_cases(cases):
    """Runs functions by name and prints the lines that tools/run_tests.py counts."""
    wanted = sys.argv[1:]
    chosen = [case for case in cases if not wanted or case.__name__ in wanted]
    print(f"[==========] Running {len(chosen)} test(s).", flush=True)
    bad = 0
    for case in chosen:
        print(f"[ RUN      ] {case.__name__}", flush=True)
        try:
            skipped = case()
        except Broken as broken:
            print(f"not so: {broken}\n[  FAILED  ] {case.__name__}", flush=True)
            bad = 1
            continue
        if skipped:
            print(f"skipped: {skipped}\n[  SKIPPED ] {case.__name__}", flush=True)
        else:
            print(f"[       OK ] {case.__name__}", flush=True)
    print(f"[==========] {len(chosen)} test(s) run.")
    return bad


def seeded(name):
    """Random numbers of a campaign; TRADEWIND_SEED chooses others."""
    return random.Random(f"{name} {os.environ.get('TRADEWIND_SEED', '1')}")


def share_of(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
