"""peer_book_list.py - an order book of Python: sorted lists of prices by bisect, and dictionaries.

Argument: the folder of fill.ops and operations.ops, rows of stream_op.
"""
import bisect
import struct
import sys
import time

ROW = struct.Struct("<QiIBBHI")
MIXING = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
TICK_NANO = 10_000_000
NANO = 1_000_000_000


def read(name):
    with open(f"{sys.argv[1]}/{name}.ops", "rb") as rows:
        return [row[:5] for row in ROW.iter_unpack(rows.read())]


class Book:
    def __init__(self, other=None):
        self.orders = dict(other.orders) if other else {}
        self.totals = [dict(totals) for totals in other.totals] if other else [{}, {}]
        self.prices = [list(prices) for prices in other.prices] if other else [[], []]

    def apply(self, order_id, price, quantity, kind, side):
        if kind == 0:
            self.orders[order_id] = price, quantity, side
            totals = self.totals[side]
            if price in totals:
                totals[price] += quantity
            else:
                totals[price] = quantity
                bisect.insort(self.prices[side], price)
            return
        price, left, side = self.orders[order_id]
        if left == quantity:
            del self.orders[order_id]
        else:
            self.orders[order_id] = price, left - quantity, side
        totals = self.totals[side]
        totals[price] -= quantity
        if totals[price] == 0:
            del totals[price]
            prices = self.prices[side]
            del prices[bisect.bisect_left(prices, price)]

    def best(self):
        bids, asks = self.prices
        bid = bids[-1] if bids else 0
        ask = asks[0] if asks else 0
        return bid, ask, self.totals[0].get(bid, 0), self.totals[1].get(ask, 0)


filled = Book()
for row in read("fill"):
    filled.apply(*row)
operations = read("operations")


def work(count):
    book = Book(filled)
    rows = operations[:count]
    prices = sizes = 0
    begun = time.perf_counter_ns()
    for row in rows:
        book.apply(*row)
        bid, ask, bid_size, ask_size = book.best()
        prices = (prices * MIXING + bid + 3 * ask) & MASK
        sizes = (sizes * MIXING + bid_size + 3 * ask_size) & MASK
    elapsed = time.perf_counter_ns() - begun
    return elapsed, ((prices * TICK_NANO ^ sizes * NANO) & MASK) >> 11


answer(work)
