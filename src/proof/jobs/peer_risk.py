"""peer_risk.py - the risk report of a portfolio by NumPy, with its usual functions.

Arguments: the folder of returns.f64 (rows of days), weights.f64 and benchmark.f64, and the number
of assets.
"""
import math
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

folder, assets = sys.argv[1], int(sys.argv[2])
returns = np.fromfile(folder + "/returns.f64").reshape(-1, assets)
weights = np.fromfile(folder + "/weights.f64")
benchmark = np.fromfile(folder + "/benchmark.f64")
RISK_FREE = 0.02 / 252


def shortfall(ordered, share):
    exact = len(ordered) * share
    whole = math.floor(exact)
    return -(ordered[:whole].sum() + (exact - whole) * ordered[whole]) / exact


def report():
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    portfolio = returns @ weights
    mean = portfolio.mean()
    volatility = portfolio.std(ddof=1)
    shares = weights * (covariance @ weights) / volatility ** 2
    ordered = np.sort(portfolio)
    values = np.cumprod(1 + portfolio)
    peaks = np.maximum.accumulate(np.maximum(values, 1))
    down = np.sqrt((np.minimum(portfolio, 0) ** 2).mean())
    against = np.cov(portfolio, benchmark)
    figures = [mean * 252, volatility * math.sqrt(252),
               (mean - RISK_FREE) / volatility * math.sqrt(252), mean / down * math.sqrt(252),
               (1 - values / peaks).max(), against[0, 1] / against[1, 1]]
    for share in (0.05, 0.01):
        figures += [-100 * np.quantile(ordered, share), 100 * shortfall(ordered, share)]
    return (sum(figures) + 1e4 * covariance.sum() / assets ** 2 +
            (shares * np.arange(1, assets + 1)).sum() / assets)


def work(count):
    total = 0.0
    begun = time.perf_counter_ns()
    for _ in range(count):
        total += report()
    return time.perf_counter_ns() - begun, float(total)


answer(work)
