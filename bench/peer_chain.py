#!/usr/bin/env python3
"""peer_chain.py INPUT [--ask] - from a market event to an order, the careful Python way.

Does for the events of bench_chain what the engine does: a book of quotes, a window of 100 trades a
symbol, bars of a second, a minute and an hour, a portfolio in NumPy, bands, targets in whole shares,
controls of an order with a value at risk of a day, a journal in JSON. Prints each order, and then
`tails P50 P99 P99.9` in microseconds from a decoded event to the call that would send the order; with --ask,
answers questions as a peer of the benchmark suite does.
"""
import json
import math
import sys
import time
from collections import deque

try:
    import numpy as np
except ImportError as error:
    if "--ask" in sys.argv:
        print("missing", error, flush=True)
    sys.exit(0)

FRAMES = (10**9, 60 * 10**9, 3600 * 10**9)
COLLAR = 0.005


class Engine:
    def __init__(self, cash, quantity, price, days):
        count = len(quantity)
        self.cash, self.quantity, self.mark = cash, np.array(quantity), np.array(price)
        self.value = self.quantity * self.mark
        self.target = 0.98 / count
        self.band = self.target * 0.2
        self.quotes = {}
        self.windows = [deque(maxlen=100) for _ in range(count)]
        self.bars = [dict() for _ in range(count)]
        self.finished = 0
        self.mark_time = np.zeros(count, dtype=np.int64)
        returns = np.random.default_rng(5).normal(0, 0.01, (days, count))
        self.covariance = np.cov(returns.T)
        self.orders, self.journal, self.recent = [], [], deque(maxlen=1000)
        self.peak = self.day_equity = cash + self.value.sum()
        self.decided = 0

    def take_trade(self, symbol, moment, price, size):
        window = self.windows[symbol]
        window.append((moment, price, size))
        bars = self.bars[symbol]
        for frame in FRAMES:
            start = moment - moment % frame
            bar = bars.get(frame)
            if bar is None or bar[0] != start:
                self.finished += bar is not None
                bars[frame] = [start, price, price, price, price, size, price * size]
            else:
                bar[2], bar[3] = max(bar[2], price), min(bar[3], price)
                bar[4] = price
                bar[5] += size
                bar[6] += price * size

    def take_quote(self, symbol, moment, bid, ask):
        self.quotes[symbol] = (bid, ask)
        self.mark_time[symbol] = moment
        mark = (bid + ask) / 2
        if mark != self.mark[symbol]:
            self.mark[symbol] = mark
            self.value[symbol] = self.quantity[symbol] * mark

    def drifted(self, symbol, equity):
        return abs(self.value[symbol] - self.target * equity) > self.band * equity

    def plan(self, equity):
        away = self.target * equity - self.value
        outside = np.flatnonzero(np.abs(away) > self.band * equity)
        shares = np.ceil(away[outside] / self.mark[outside] - 0.5).astype(int)
        return [(int(s), int(q)) for s, q in zip(outside, shares) if q != 0]

    def checks(self, symbol, shares, price, equity, moment):
        told = {}

        def check(name, limit, actual):
            told[name] = [limit, actual]
            return actual <= limit

        value = abs(shares) * price
        after = self.quantity[symbol] + shares
        worst = max(abs(self.quantity[symbol]), abs(after)) * self.mark[symbol]
        exposure = self.value.copy()
        exposure[symbol] = after * self.mark[symbol]
        risk = 2.326 * math.sqrt(exposure @ self.covariance @ exposure)
        passed = [
            check("stale_price", 300e9, moment - int(self.mark_time[symbol])),
            check("price_collar", COLLAR + 1e-3, abs(price / self.mark[symbol] - 1)),
            check("order_quantity", 100000, abs(shares)),
            check("order_value", 1e6, value),
            check("short_sale", int(self.quantity[symbol]), -shares),
            check("cash", self.cash, value if shares > 0 else 0),
            check("position_quantity", 1000000, int(abs(after))),
            check("position_value", 5e6, worst),
            check("position_weight", 0.5, worst / equity),
            check("gross_exposure", 2, float(np.abs(exposure).sum() / equity)),
            check("net_exposure", 2, float(abs(exposure.sum()) / equity)),
            check("value_at_risk", 0.5, risk / equity),
            check("duplicate_order", 0, sum(1 for o in self.recent if o[1:] ==
                                            (symbol, shares, price) and moment - o[0] < 10**9)),
            check("message_rate", 1000, sum(1 for o in self.recent if moment - o[0] < 10**9) + 1),
            check("day_loss", 5e6, self.day_equity - equity),
            check("drawdown", 0.5, 1 - equity / self.peak),
        ]
        return all(passed), told

    def write(self, kind, payload):
        self.journal.append((len(self.journal) + 1, kind, json.dumps(payload)))

    def decide(self, symbol, moment):
        equity = self.cash + self.value.sum()
        if moment - self.decided < 10**9 or not self.drifted(symbol, equity):
            return
        self.decided = moment
        self.peak = max(self.peak, equity)
        trades = self.plan(equity)
        self.write("decision", {"cause": "drift", "equity": equity, "trades": len(trades)})
        for traded, shares in trades:
            mark = self.mark[traded]
            cents = mark * (1 + COLLAR if shares > 0 else 1 - COLLAR) * 100
            price = (math.floor(cents) if shares > 0 else math.ceil(cents)) / 100
            passed, told = self.checks(traded, shares, price, equity, moment)
            order = {"id": "peer-%d" % (len(self.orders) + 1), "symbol": traded,
                     "side": "buy" if shares > 0 else "sell", "quantity": abs(shares),
                     "limit": price}
            self.write("checks", dict(told, order=order["id"]))
            if not passed:
                continue
            self.write("intent", dict(order, mark=mark, target=self.target))
            self.recent.append((moment, traded, shares, price))
            self.orders.append(order)
            self.submit(order)

    def submit(self, order):
        self.sent = time.perf_counter_ns()

    def fill(self, order):
        sign = 1 if order["side"] == "buy" else -1
        symbol = order["symbol"]
        self.quantity[symbol] += sign * order["quantity"]
        self.cash -= sign * order["quantity"] * self.mark[symbol]
        self.value[symbol] = self.quantity[symbol] * self.mark[symbol]


def read_input(path):
    with open(path, encoding="ascii") as source:
        count, days, cash = source.readline().split()
        rows = [source.readline().split() for _ in range(int(count))]
        events = [line.split() for line in source]
    account = (float(cash), [int(row[0]) for row in rows], [float(row[1]) for row in rows], int(days))
    return account, [(e[0] == "Q", int(e[1]), int(e[2]), float(e[3]), float(e[4])) for e in events]


def play(engine, events, orders_max):
    """Nanoseconds from each event that brought an order to that order, up to so many orders."""
    spans = []
    for is_quote, symbol, moment, first, second in events:
        before = len(engine.orders)
        if before == orders_max:
            break
        begin = time.perf_counter_ns()
        if is_quote:
            engine.take_quote(symbol, moment, first, second)
        else:
            engine.take_trade(symbol, moment, first, second)
        engine.decide(symbol, moment)
        for order in engine.orders[before:]:
            spans.append(engine.sent - begin)
            engine.fill(order)
    return spans


def answer(account, events):
    """As a peer of the benchmark suite: `run N` makes N orders."""
    for line in sys.stdin:
        count = int(line.split()[1])
        engine = Engine(*account) if count else None
        spans = play(engine, events, count) if count else []
        told = 0
        for order in engine.orders if count else []:
            told += (order["symbol"] + 1) * (1 if order["side"] == "buy" else -1) * order["quantity"]
        print("done", sum(spans), told, 0, flush=True)


def main():
    account, events = read_input(sys.argv[1])
    if sys.argv[2:] == ["--ask"]:
        answer(account, events)
        return
    engine = Engine(*account)
    spans = [span / 1e3 for span in play(engine, events, len(events))]
    for order in engine.orders:
        print("order %d %s %d" % (order["symbol"], order["side"], order["quantity"]))
    print("tails %.2f %.2f %.2f" % tuple(np.quantile(spans, [0.5, 0.99, 0.999])))


if __name__ == "__main__":
    main()
