"""peer_bars.py - bars of several timeframes by pandas: each trade's bucket, then a group a bar.

Arguments: the folder of times.i64, symbols.u32, prices.f64 and sizes.f64, and the timeframes in
nanoseconds.
"""
import sys
import time

import numpy as np
import pandas as pd

folder, frames = sys.argv[1], [int(text) for text in sys.argv[2].split(",")]
trades = pd.DataFrame({"time": np.fromfile(folder + "/times.i64", dtype=np.int64),
                       "symbol": np.fromfile(folder + "/symbols.u32", dtype=np.uint32),
                       "price": np.fromfile(folder + "/prices.f64"),
                       "size": np.fromfile(folder + "/sizes.f64")})


def bars_of(rows, frame):
    rows["start"] = rows["time"] // frame * frame
    groups = rows.groupby(["symbol", "start"], sort=False)
    price = groups["price"]
    bars = pd.DataFrame({"open": price.first(), "high": price.max(), "low": price.min(),
                         "close": price.last(), "volume": groups["size"].sum(),
                         "count": price.count()})
    bars["vwap"] = groups["notional"].sum() / bars["volume"]
    return bars


def tables_of(count):
    rows = trades[:count].copy()
    rows["notional"] = rows["price"] * rows["size"]
    return [bars_of(rows, frame) for frame in frames]


def checksum(bars):
    seconds = bars.index.get_level_values("start").to_numpy() // 1_000_000_000 % 100_000
    return float((bars["open"] + 2 * bars["high"] + 3 * bars["low"] + 4 * bars["close"] +
                  bars["vwap"] + bars["volume"] + bars["count"]).sum() + seconds.sum())


def work(count):
    begun = time.perf_counter_ns()
    tables = tables_of(count)
    elapsed = time.perf_counter_ns() - begun
    return elapsed, sum(checksum(bars) for bars in tables)


answer(work)
