#!/usr/bin/env python3
"""slow_market.py - trades, and what they add up to, computed the obvious slow way.

    slow_market.py trades SEED COUNT              a trades CSV, the same for the same seed
    slow_market.py bars TRADES TIMEFRAME          every bar of a CSV of trades, sorted
    slow_market.py stats TRADES SYMBOL FROM TO    JSON of the trades with FROM < time <= TO

Python's whole numbers and Decimals only, so that nothing is shared with the library under test.
"""

import csv
import decimal
import json
import math
import random
import sys

NANO = 10**9
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
FIRST_MONDAY = 4 * 86400 * NANO
decimal.getcontext().prec = 60


def print_trades(seed, count):
    source = random.Random(seed)
    times = {"AAPL": 1704205800 * NANO, "BTC/USD": 1704205801 * NANO, "MSFT": 1704205800 * NANO}
    print("ts_ns,symbol,price,size,side")
    for _ in range(count):
        symbol = source.choice(sorted(times))
        times[symbol] += source.choice([0, 1, source.randrange(40 * NANO)])
        price = source.randrange(1, 10**8)
        size = source.randrange(1, 10**6)
        print(f"{times[symbol]},{symbol},{text_of(price * 10**5)},{text_of(size * 10**6)},"
              f"{source.choice(['B', 'S', ''])}")


def nano_of(text):
    return int(decimal.Decimal(text) * NANO)


def text_of(nano):
    """The shortest exact text of a whole number at 1e-9."""
    text = f"{nano // NANO}.{nano % NANO:09d}".rstrip("0").rstrip(".")
    return text


def divide_half_even(a, b):
    quotient, rest = divmod(a, b)
    return quotient + (2 * rest > b or (2 * rest == b and quotient % 2 == 1))


def read_trades(path):
    with open(path, newline="") as source:
        for row in csv.DictReader(source):
            yield int(row["ts_ns"]), row["symbol"], nano_of(row["price"]), nano_of(row["size"])


def print_bars(path, timeframe):
    length = int(timeframe[:-1]) * SECONDS[timeframe[-1]] * NANO
    origin = FIRST_MONDAY if timeframe == "1w" else 0
    groups = {}
    for time, symbol, price, size in read_trades(path):
        start = time - (time - origin) % length
        groups.setdefault((symbol, start), []).append((price, size))
    for (symbol, start), trades in sorted(groups.items()):
        prices = [price for price, _ in trades]
        volume = sum(size for _, size in trades)
        vwap = divide_half_even(sum(price * size for price, size in trades), volume)
        numbers = [prices[0], max(prices), min(prices), prices[-1], volume]
        print(",".join([str(start), symbol, timeframe] + [text_of(number) for number in numbers]
                       + [str(len(trades)), text_of(vwap)]))


def print_stats(path, symbol, begin, end):
    trades = [(price, size) for time, name, price, size in read_trades(path)
              if name == symbol and begin < time <= end]
    prices = [price for price, _ in trades]
    volume = sum(size for _, size in trades)
    value = sum(price * size for price, size in trades)
    mean = decimal.Decimal(sum(prices)) / len(prices)
    variance = sum((price - mean) ** 2 for price in prices) / len(prices)
    print(json.dumps({
        "count": len(trades), "volume": text_of(volume),
        "notional": text_of(divide_half_even(value, NANO)),
        "vwap": text_of(divide_half_even(value, volume)), "open": text_of(prices[0]),
        "high": text_of(max(prices)), "low": text_of(min(prices)), "close": text_of(prices[-1]),
        "mean": float(mean / NANO), "stddev": math.sqrt(variance) / NANO}))


def main(arguments):
    command, *rest = arguments
    if command == "trades":
        print_trades(int(rest[0]), int(rest[1]))
    elif command == "bars":
        print_bars(rest[0], rest[1])
    elif command == "stats":
        print_stats(rest[0], rest[1], int(rest[2]), int(rest[3]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
