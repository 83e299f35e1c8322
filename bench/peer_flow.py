#!/usr/bin/env python3
"""peer_flow.py TAPE - a market through books, windows, bars and SQLite, the careful Python way.

TAPE has a line an event: T, B or A (a trade, a level of a bid or an ask), symbol, time, price in
cents, size. Books are dictionaries whose best price is found again only when it leaves; windows
keep running sums; rows go by executemany, 20,000 a transaction. Prints events a second, rows a
second, trades, bars, and the sum of twice the marks in cents.
"""
import os
import sys
import tempfile
import time
from collections import deque

try:
    import sqlite3
except ImportError:
    sys.exit(0)

FRAMES = (10**9, 60 * 10**9, 3600 * 10**9)


class Symbol:
    __slots__ = ("bids", "asks", "bid", "ask", "mark", "window", "sums", "bars")

    def __init__(self):
        self.bids, self.asks = {}, {}
        self.bid = self.ask = self.mark = 0
        self.window = deque()
        self.sums = [0, 0, 0, 0]
        self.bars = [None, None, None]


def take_level(symbol, is_bid, price, size):
    if is_bid:
        if size:
            symbol.bids[price] = size
            if price > symbol.bid:
                symbol.bid = price
        elif symbol.bids.pop(price, 0) and price == symbol.bid:
            symbol.bid = max(symbol.bids, default=0)
    else:
        if size:
            symbol.asks[price] = size
            if price < symbol.ask or not symbol.ask:
                symbol.ask = price
        elif symbol.asks.pop(price, 0) and price == symbol.ask:
            symbol.ask = min(symbol.asks, default=0)
    if symbol.bid and symbol.ask and symbol.bid <= symbol.ask:
        symbol.mark = symbol.bid + symbol.ask


def take_trade(symbol, name, moment, price, size, bars):
    window, sums = symbol.window, symbol.sums
    window.append((price, size))
    sums[0] += price
    sums[1] += price * price
    sums[2] += price * size
    sums[3] += size
    if len(window) > 100:
        old, old_size = window.popleft()
        sums[0] -= old
        sums[1] -= old * old
        sums[2] -= old * old_size
        sums[3] -= old_size
    for i, frame in enumerate(FRAMES):
        start = moment - moment % frame
        bar = symbol.bars[i]
        if bar is not None and bar[2] == start:
            if price > bar[4]:
                bar[4] = price
            if price < bar[5]:
                bar[5] = price
            bar[6] = price
            bar[7] += size
            bar[8] += price * size
            continue
        if bar is not None:
            bars.append(tuple(bar))
        symbol.bars[i] = [name, frame, start, price, price, price, price, size, price * size]
    if not symbol.bid or not symbol.ask:
        symbol.mark = 2 * price


def write(database, trades, bars):
    with database:
        database.executemany("INSERT INTO trades VALUES(?, ?, ?, ?)", trades)
        database.executemany("INSERT INTO bars VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", bars)
    trades.clear()
    bars.clear()


def main():
    with open(sys.argv[1], encoding="ascii") as source:
        tape = [(line[0], *map(int, line[2:].split())) for line in source]
    symbols = [Symbol() for _ in range(1 + max(event[1] for event in tape))]
    trades, bars = [], []
    rows = trade_count = bar_count = 0
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(os.path.join(folder, "flow.db"))
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("CREATE TABLE trades(symbol INTEGER, ts INTEGER, price INTEGER, "
                         "size INTEGER)")
        database.execute("CREATE INDEX trades_symbol ON trades(symbol, ts)")
        database.execute("CREATE TABLE bars(symbol, frame, start, open, high, low, close, volume, "
                         "value, PRIMARY KEY(symbol, frame, start)) WITHOUT ROWID")
        begin = time.perf_counter()
        for kind, name, moment, price, size in tape:
            symbol = symbols[name]
            if kind == "T":
                trade_count += 1
                trades.append((name, moment, price, size))
                before = len(bars)
                take_trade(symbol, name, moment, price, size, bars)
                bar_count += len(bars) - before
                if len(trades) == 20000:
                    rows += len(trades) + len(bars)
                    write(database, trades, bars)
            else:
                take_level(symbol, kind == "B", price, size)
        rows += len(trades) + len(bars)
        write(database, trades, bars)
        seconds = time.perf_counter() - begin
        database.close()
    print(len(tape) / seconds, rows / seconds, trade_count, bar_count,
          sum(symbol.mark for symbol in symbols))


if __name__ == "__main__":
    main()
