"""What bench_batch does, in NumPy, pandas, bottleneck and SciPy: ns a cell, the median of 7.

    python3 bench/peer_batch.py [ROWS COLUMNS]       (2520 500)

Debian: python3-numpy python3-pandas python3-bottleneck python3-scipy.
"""

import statistics
import sys
import time

import bottleneck
import numpy
import pandas
import scipy.stats

rows, columns = (int(a) for a in sys.argv[1:3]) if len(sys.argv) == 3 else (2520, 500)
steps = numpy.random.default_rng(1).normal(0, 0.02, (rows, columns))
prices = 100 * numpy.exp(numpy.cumsum(steps, axis=0))
returns = prices[1:] / prices[:-1] - 1
frame = pandas.DataFrame(prices)
changes = pandas.DataFrame(returns)


def rsi():
    change = frame.diff()
    up = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    down = (-change.clip(upper=0)).ewm(alpha=1 / 14, adjust=False).mean()
    return 100 - 100 / (1 + up / down)


def macd():
    line = frame.ewm(span=12, adjust=False).mean() - frame.ewm(span=26, adjust=False).mean()
    return line - line.ewm(span=9, adjust=False).mean()


JOBS = {
    "returns, numpy": lambda: prices[1:] / prices[:-1] - 1,
    "log returns, numpy": lambda: numpy.log(prices[1:] / prices[:-1]),
    "z-scores, numpy": lambda: (returns - returns.mean(0)) / returns.std(0, ddof=1),
    "z-scores, pandas": lambda: (changes - changes.mean()) / changes.std(),
    "row z-scores, numpy": lambda: (returns - returns.mean(1, keepdims=True))
    / returns.std(1, ddof=1, keepdims=True),
    "ranks, pandas": lambda: changes.rank(axis=1),
    "ranks, bottleneck": lambda: bottleneck.nanrankdata(returns, axis=1),
    "ranks, scipy": lambda: scipy.stats.rankdata(returns, axis=1),
    "fill, pandas": lambda: frame.ffill(limit=5),
    "sma(200), pandas": lambda: frame.rolling(200).mean(),
    "sma(200), bottleneck": lambda: bottleneck.move_mean(prices, 200, axis=0),
    "realised_volatility(20), pandas": lambda: changes.rolling(20).std(),
    "realised_volatility(20), bottleneck": lambda: bottleneck.move_std(returns, 20, axis=0),
    "median(20), pandas": lambda: frame.rolling(20).median(),
    "median(20), bottleneck": lambda: bottleneck.move_median(prices, 20, axis=0),
    "rsi(14), pandas": rsi,
    "macd.histogram, pandas": macd,
    "correlation(60), pandas": lambda: changes.rolling(60).corr(changes[0]),
}

for name, job in JOBS.items():
    job()
    spans = []
    for _ in range(7):
        begin = time.perf_counter()
        job()
        spans.append(time.perf_counter() - begin)
    print(f"{name:40s} {statistics.median(spans) / (rows * columns) * 1e9:9.2f}", flush=True)
