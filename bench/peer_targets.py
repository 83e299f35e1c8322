#!/usr/bin/env python3
"""peer_targets.py - the portfolios of bench_targets by SciPy and by NumPy, timed.

    peer_targets.py RETURNS

RETURNS is a file of doubles [2520][500]. Printed are microseconds a call, the median of five, and
the volatility that was reached: SLSQP with gradients, from equal weights, to its tolerance; an
active set in NumPy that frees one asset at a time; risk parity by the same descent in NumPy.
"""

import sys
import time

import numpy as np
from scipy.optimize import minimize

RUNS = 5


def timed(call):
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        weights = call()
        times.append(time.perf_counter() - begin)
    return sorted(times)[RUNS // 2] * 1e6, weights


def slsqp(covariance, upper):
    count = len(covariance)
    scaled = covariance / np.mean(np.diag(covariance))
    answer = minimize(lambda w: w @ scaled @ w / 2, np.full(count, 1 / count),
                      jac=lambda w: scaled @ w, method="SLSQP", bounds=[(0, upper)] * count,
                      constraints={"type": "eq", "fun": lambda w: w.sum() - 1,
                                   "jac": lambda w: np.ones(count)},
                      options={"ftol": 1e-12, "maxiter": 1000})
    return answer.x


def active_set(covariance):
    """Long only: free the asset with the least gradient, solve, drop what turned negative."""
    count = len(covariance)
    first = int(np.argmin(np.diag(covariance)))
    weights = np.zeros(count)
    weights[first] = 1
    free = [first]
    for _ in range(20 * count):
        block = covariance[np.ix_(free, free)]
        wanted = np.linalg.solve(block, np.ones(len(free)))
        wanted /= wanted.sum()
        here = weights[free]
        step = wanted - here
        falling = step < 0
        ratios = np.full(len(free), np.inf)
        ratios[falling] = here[falling] / -step[falling]
        length = min(1, ratios.min())
        weights[free] = np.maximum(here + length * step, 0)
        if length < 1:
            leaving = int(np.argmin(ratios))
            weights[free[leaving]] = 0
            del free[leaving]
            continue
        gradient = covariance @ weights
        level = gradient[free].mean()
        joining = int(np.argmin(gradient))
        if gradient[joining] >= level * (1 - 1e-12):
            break
        free.append(joining)
    return weights


def parity(covariance):
    count = len(covariance)
    weights = np.sqrt(1 / count / np.diag(covariance))
    product = covariance @ weights
    for _ in range(1000):
        for i in range(count):
            others = product[i] - covariance[i, i] * weights[i]
            after = (np.sqrt(others * others + 4 * covariance[i, i] / count) - others)
            after /= 2 * covariance[i, i]
            product += (after - weights[i]) * covariance[i]
            weights[i] = after
        shares = weights * product
        if np.abs(shares / shares.sum() - 1 / count).max() < 1e-13:
            break
    return weights / weights.sum()


def main():
    returns = np.fromfile(sys.argv[1]).reshape(2520, 500)
    for count in (20, 100, 500):
        covariance = np.cov(returns[:, :count].T)
        for name, call in (("minimum-variance SLSQP", lambda: slsqp(covariance, 1)),
                           ("minimum-variance capped SLSQP", lambda: slsqp(covariance, 2 / count)),
                           ("minimum-variance NumPy", lambda: active_set(covariance)),
                           ("risk-parity NumPy", lambda: parity(covariance))):
            if count == 500 and "SLSQP" in name:
                continue  # its time grows with the cube and more: not waited for
            microseconds, weights = timed(call)
            print(f"{count:4}  {name:30} {microseconds:12.1f} us  "
                  f"volatility {np.sqrt(weights @ covariance @ weights):.9f}", flush=True)


if __name__ == "__main__":
    main()
