#!/usr/bin/env python3
"""slow_risk.py - the figures of `tradewind risk`, computed again with NumPy and compared.

    slow_risk.py REPORT.json --prices FILE [--weights FILE] [--benchmark NAME] [--periods N]
                 [--risk-free RATE A YEAR] [--minimum RATE A YEAR] [--factors FILE] [--shocks FILE]

REPORT.json is what `tradewind risk --json` printed with the same options. Every figure has to agree
to 1e-9 (of itself, or of 1). Prints each one that does not, and a last line; exits with 1 then.
Exits with 77 where there is no NumPy. Nothing is shared with the library under test.
"""

import argparse
import csv
import json
import math
import statistics
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(77)

TOLERANCE = 1e-9
NORMAL = statistics.NormalDist()


def read_table(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    names = rows[0][1:]
    dates = [row[0] for row in rows[1:]]
    values = np.array([[float(cell) if cell else math.nan for cell in row[1:]] for row in rows[1:]])
    return names, dates, values


def read_weights(path):
    with open(path, newline="") as file:
        return {row["symbol"]: float(row["weight"]) for row in csv.DictReader(file)}


def quantile(ascending, p):
    place = (len(ascending) - 1) * p
    low = int(place)
    high = min(low + 1, len(ascending) - 1)
    return ascending[low] + (place - low) * (ascending[high] - ascending[low])


def tail_mean(ascending, p):
    """Rockafellar and Uryasev: the last value counts with what is left of the tail."""
    reach = len(ascending) * p
    whole = int(reach)
    return (ascending[:whole].sum() + (reach - whole) * ascending[whole]) / reach


def downside(r, minimum):
    return math.sqrt((np.minimum(r - minimum, 0) ** 2).mean())


def drawdown(r):
    path = np.concatenate([[1.0], np.cumprod(1 + r)])
    return (1 - path / np.maximum.accumulate(path)).max()


def sample_shape(r):
    """G1 and G2."""
    n = len(r)
    d = r - r.mean()
    m2, m3, m4 = ((d**k).mean() for k in (2, 3, 4))
    g1, g2 = m3 / m2**1.5, m4 / m2**2 - 3
    return (math.sqrt(n * (n - 1)) / (n - 2) * g1,
            (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6))


def figures(r, market, weights, options):
    periods = options.periods
    free, minimum = options.risk_free / periods, options.minimum / periods
    root = math.sqrt(periods)
    mean, sd = r.mean(), r.std(ddof=1)
    growth = np.prod(1 + r)
    cagr = growth ** (periods / len(r)) - 1
    skewness, kurtosis = sample_shape(r)
    gains = np.maximum(r - minimum, 0).sum()
    losses = np.maximum(minimum - r, 0).sum()
    hhi = ((np.abs(weights) / np.abs(weights).sum()) ** 2).sum()
    result = {
        "mean": mean * periods,
        "volatility": sd * root,
        "sharpe": (mean - free) / sd * root,
        "sortino": (mean - minimum) / downside(r, minimum) * root,
        "max_drawdown": drawdown(r),
        "calmar": cagr / drawdown(r),
        "omega": gains / losses,
        "skewness": skewness,
        "excess_kurtosis": kurtosis,
        "total_return": growth - 1,
        "cagr": cagr,
        "hhi": hhi,
        "effective_assets": 1 / hhi,
        "gross": np.abs(weights).sum(),
        "net": weights.sum(),
    }
    if market is not None:
        beta = np.cov(r, market)[0, 1] / market.var(ddof=1)
        active = r - market
        result["beta"] = beta
        result["alpha"] = ((mean - free) - beta * (market.mean() - free)) * periods
        result["correlation"] = np.corrcoef(r, market)[0, 1]
        result["tracking_error"] = active.std(ddof=1) * root
        result["information_ratio"] = active.mean() / active.std(ddof=1) * root
    return result


def path_figures(r, market):
    """Ulcer, pain and captures, by another way than the library's."""
    path = np.concatenate([[1.0], np.cumprod(1 + r)])
    depths = (1 - path / np.maximum.accumulate(path))[1:]
    result = {"ulcer_index": math.sqrt((depths**2).mean()), "pain_index": depths.mean(),
              "tail_ratio": abs(quantile(np.sort(r), 0.95)) / abs(quantile(np.sort(r), 0.05))}
    if market is not None:
        result["up_capture"] = r[market > 0].mean() / market[market > 0].mean()
        result["down_capture"] = r[market < 0].mean() / market[market < 0].mean()
    return result


def population_shape(r):
    d = r - r.mean()
    m2, m3, m4 = ((d**k).mean() for k in (2, 3, 4))
    return r.mean(), math.sqrt(m2), m3 / m2**1.5, m4 / m2**2 - 3


def gaussian(r, tail):
    mean, sd, _, _ = population_shape(r)
    z = NORMAL.inv_cdf(tail)
    return -(mean + z * sd), -mean + sd * NORMAL.pdf(z) / tail


def cornish_fisher(r, tail):
    mean, sd, s, k = population_shape(r)
    z = NORMAL.inv_cdf(tail)
    h = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    terms = (1 + h**3 * s / 6 + (h**4 - 2 * h**2 - 1) * k / 24
             + (h**6 - 9 * h**4 + 9 * h**2 + 3) * s**2 / 72)
    value = -(mean + h * sd)
    return value, max(value, -mean + sd * NORMAL.pdf(h) * terms / tail)


def historical(r, tail):
    ascending = np.sort(r)
    value = -quantile(ascending, tail)
    return value, max(value, -tail_mean(ascending, tail))


def filtered_historical(r, tail, decay=0.94):
    """Each return over its own forecast deviation, times the one of the day to come."""
    variance = np.empty(len(r) + 1)
    variance[0] = (r**2).mean()
    for t, value in enumerate(r):
        variance[t + 1] = max(0.01 * variance[0], decay * variance[t] + (1 - decay) * value * value)
    return historical(r / np.sqrt(variance[:-1]) * math.sqrt(variance[-1]), tail)


METHODS = {"historical": historical, "gaussian": gaussian, "cornish_fisher": cornish_fisher,
           "filtered_historical": filtered_historical}


class Comparison:
    def __init__(self):
        self.count = 0
        self.faults = 0

    def near(self, name, found, expected, tolerance=TOLERANCE):
        self.count += 1
        if found is None or not abs(found - expected) <= tolerance * max(1, abs(expected)):
            self.faults += 1
            print(f"{name}: {found}, not {expected}")

    def equal(self, name, found, expected):
        self.count += 1
        if found != expected:
            self.faults += 1
            print(f"{name}: {found}, not {expected}")


def compare_tails(comparison, report, r):
    for row in report["portfolio"]["var"]:
        name = f"{row['method']} {row['confidence']}"
        tail = 1 - row["confidence"]
        if row["method"] == "monte_carlo":
            value, shortfall = gaussian(r, tail)  # what it converges to, within six of its errors
            error = 6 * row["standard_error"]
            comparison.near(name + " VaR", row["value"], value, error)
            comparison.near(name + " ES", row["expected_shortfall"], shortfall, error)
            continue
        value, shortfall = METHODS[row["method"]](r, tail)
        comparison.near(name + " VaR", row["value"], value)
        comparison.near(name + " ES", row["expected_shortfall"], shortfall)


def compare_contributions(comparison, report, x, weights, names):
    covariance = np.atleast_2d(np.cov(x, rowvar=False))
    with_portfolio = covariance @ weights
    variance = weights @ with_portfolio
    population = math.sqrt(variance * (len(x) - 1) / len(x))
    tail = 1 - report["portfolio"]["var"][0]["confidence"]
    z = NORMAL.inv_cdf(tail)
    parts = -weights * x.mean(axis=0) - z * weights * with_portfolio * (len(x) - 1) / len(x) / population
    comparison.equal("symbols", [c["symbol"] for c in report["contributions"]], names)
    for i, row in enumerate(report["contributions"]):
        comparison.near(f"{row['symbol']} weight", row["weight"], weights[i])
        comparison.near(f"{row['symbol']} share of volatility", row["volatility_share"],
                        weights[i] * with_portfolio[i] / variance)
        comparison.near(f"{row['symbol']} share of VaR", row["var_share"], parts[i] / parts.sum())


def compare_factors(comparison, report, x, dates, whole, weights, names, options):
    """Least squares of what is held on the factors, over the days that both have; then scenarios."""
    factor_names, factor_dates, table = read_table(options.factors)
    changes = dict(zip(factor_dates, table))
    held = np.flatnonzero(weights)
    days = [t for t, date in enumerate(dates)
            if whole[t] and date in changes and not np.isnan(changes[date]).any()]
    design = np.column_stack([np.ones(len(days)), [changes[dates[t]] for t in days]])
    returns = np.column_stack([x[days][:, held], x[days][:, held] @ weights[held]])
    solution, _, _, _ = np.linalg.lstsq(design, returns, rcond=None)
    betas, exposure = solution[1:, :-1].T, solution[1:, -1]
    residuals = returns[:, -1] - design @ solution[:, -1]
    deviations = returns[:, -1] - returns[:, -1].mean()
    degrees = len(days) - len(factor_names) - 1
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * (residuals @ residuals) / degrees)
    comparison.equal("rows of the factors", report["factors"]["rows"], len(days))
    comparison.near("R squared", report["factors"]["r_squared"],
                    1 - residuals @ residuals / (deviations @ deviations))
    found = report["factors"]["exposures"]
    comparison.equal("factors", [row["factor"] for row in found], factor_names)
    for k, row in enumerate(found):
        comparison.near(f"{row['factor']} beta", row["beta"], exposure[k])
        comparison.near(f"{row['factor']} beta by the assets", row["beta"],
                        (betas * weights[held, None]).sum(axis=0)[k])
        comparison.near(f"{row['factor']} t", row["t"], exposure[k] / errors[k + 1])
    scenarios = {}
    with open(options.shocks, newline="") as file:
        for row in csv.DictReader(file):
            scenarios.setdefault(row["scenario"], {})[row["symbol"]] = float(row["return"])
    losses = {row["name"]: row["loss"] for row in report["stress"] if row["kind"] == "scenario"}
    comparison.equal("scenarios", list(losses), list(scenarios))
    for name, shocks in scenarios.items():
        moves = betas @ np.array([shocks.get(factor, 0.0) for factor in factor_names])
        for i, asset in enumerate(held):
            moves[i] = shocks.get(names[asset], moves[i])
        comparison.near(f"loss of {name}", losses[name], -(weights[held] @ moves))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("--prices", required=True)
    parser.add_argument("--weights")
    parser.add_argument("--benchmark")
    parser.add_argument("--periods", type=float, default=252)
    parser.add_argument("--risk-free", type=float, default=0)
    parser.add_argument("--minimum", type=float, default=0)
    parser.add_argument("--factors")
    parser.add_argument("--shocks")
    options = parser.parse_args()
    with open(options.report) as file:
        report = json.load(file)
    names, dates, prices = read_table(options.prices)
    x = prices[1:] / prices[:-1] - 1
    market = x[:, names.index(options.benchmark)] if options.benchmark else None
    held = read_weights(options.weights) if options.weights else None
    if market is not None and (held is None or options.benchmark not in held):
        x = np.delete(x, names.index(options.benchmark), axis=1)
        names = [name for name in names if name != options.benchmark]
    weights = np.array([1 / len(names) if held is None else held.get(n, 0.0) for n in names])
    whole = ~np.isnan(x[:, weights != 0]).any(axis=1)
    used, r = np.nan_to_num(x[whole]), x[whole][:, weights != 0] @ weights[weights != 0]
    paired = market[whole] if market is not None else None

    comparison = Comparison()
    comparison.equal("observations", report["observations"], len(r))
    comparison.equal("assets", report["assets"], len(names))
    expected_figures = {**figures(r, paired, weights, options), **path_figures(r, paired)}
    comparison.near("the deepest drawdown", report["drawdowns"][0]["depth"], drawdown(r))
    for key, expected in expected_figures.items():
        comparison.near(key, report["portfolio"].get(key), expected)
    compare_tails(comparison, report, r)
    compare_contributions(comparison, report, used, weights, names)
    if options.factors:
        compare_factors(comparison, report, x, dates[1:], whole, weights, names, options)
    print(f"{comparison.count} figures, {comparison.faults} differ")
    return 1 if comparison.faults else 0


if __name__ == "__main__":
    sys.exit(main())
