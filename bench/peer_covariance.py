"""What bench_covariance does, in NumPy: milliseconds, the median of 9.

    OMP_NUM_THREADS=1 python3 bench/peer_covariance.py [ROWS ASSETS]       (2520 500)

The formulas are those of scikit-learn (Ledoit-Wolf to the identity, OAS) and PyPortfolioOpt (the other
two) as they stand there. Debian: python3-numpy python3-pandas. OpenBLAS takes the best core type with
OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512.
"""

import statistics
import sys
import time

import numpy
import pandas

rows, assets = (int(a) for a in sys.argv[1:3]) if len(sys.argv) == 3 else (2520, 500)
random = numpy.random.default_rng(1)
returns = 0.0004 + random.normal(0, 0.01, (rows, 1)) + random.normal(0, 0.015, (rows, assets))
factors = random.normal(0, 0.01, (rows, 5))
frame = pandas.DataFrame(returns)


def exponential():
    weights = 0.94 ** numpy.arange(rows - 1, -1, -1)
    scaled = returns * numpy.sqrt(weights / weights.sum())[:, None]
    return scaled.T @ scaled


def semicovariance():
    drops = numpy.fmin(returns - 0.000079, 0)
    return drops.T @ drops / rows


def ledoit_wolf_identity():
    x = returns - returns.mean(0)
    sample = x.T @ x / rows
    mean = numpy.trace(sample) / assets
    squares = x**2
    beta = numpy.sum(squares.T @ squares) / rows - numpy.sum(sample**2)
    gamma = numpy.sum(sample**2) - mean**2 * assets
    intensity = min(beta / rows, gamma) / gamma
    return intensity * mean * numpy.eye(assets) + (1 - intensity) * sample


def ledoit_wolf_constant_correlation():
    x = returns - returns.mean(0)
    sample = numpy.cov(returns, rowvar=False)
    deviations = numpy.sqrt(numpy.diag(sample))
    variances = numpy.diag(sample)[:, None]
    scale = numpy.outer(deviations, deviations)
    mean = (numpy.sum(sample / scale) - assets) / (assets * (assets - 1))
    target = mean * scale
    numpy.fill_diagonal(target, variances)
    y = x**2
    raw = x.T @ x / rows
    pi = y.T @ y / rows - 2 * raw * sample + sample**2
    theta = (x**3).T @ x / rows - numpy.diag(raw)[:, None] * sample - raw * variances \
        + variances * sample
    numpy.fill_diagonal(theta, 0)
    rho = numpy.trace(pi) + mean * numpy.sum(numpy.outer(1 / deviations, deviations) * theta)
    intensity = (pi.sum() - rho) / numpy.sum((sample - target) ** 2) / rows
    intensity = max(0, min(1, intensity))
    return intensity * target + (1 - intensity) * sample


def ledoit_wolf_single_factor():
    x = returns - returns.mean(0)
    market = x.mean(1)[:, None]
    whole = numpy.cov(numpy.append(x, market, axis=1), rowvar=False) * (rows - 1) / rows
    betas = whole[:assets, assets][:, None]
    variance = whole[assets, assets]
    sample = whole[:assets, :assets]
    target = betas @ betas.T / variance
    numpy.fill_diagonal(target, numpy.diag(sample))
    y = x**2
    pi = numpy.sum(y.T @ y) / rows - numpy.sum(sample**2)
    diagonal = numpy.sum(y**2) / rows - numpy.sum(numpy.diag(sample) ** 2)
    z = x * market
    once = y.T @ z / rows - betas * sample
    first = numpy.sum(once * betas.T) / variance - numpy.sum(numpy.diag(once) * betas.T) / variance
    twice = z.T @ z / rows - variance * sample
    second = numpy.sum(twice * (betas @ betas.T)) / variance**2 \
        - numpy.sum(numpy.diag(twice)[:, None] * betas**2) / variance**2
    intensity = (pi - diagonal - 2 * first + second) / numpy.sum((sample - target) ** 2) / rows
    intensity = max(0, min(1, intensity))
    return intensity * target + (1 - intensity) * sample


def oracle():
    x = returns - returns.mean(0)
    sample = x.T @ x / rows
    mean = numpy.trace(sample) / assets
    alpha = numpy.mean(sample**2)
    intensity = min(1, (alpha + mean**2) / ((rows + 1) * (alpha - mean**2 / assets)))
    return intensity * mean * numpy.eye(assets) + (1 - intensity) * sample


def gerber():
    least = 0.5 * returns.std(0, ddof=1)
    up = (returns >= least).astype(float)
    down = (returns <= -least).astype(float)
    together = up.T @ up + down.T @ down
    apart = up.T @ down + down.T @ up
    return (together - apart) / (together + apart)


JOBS = {
    "sample, numpy.cov": lambda: numpy.cov(returns, rowvar=False),
    "sample, pandas": frame.cov,
    "exponential": exponential,
    "semicovariance": semicovariance,
    "Ledoit-Wolf, identity": ledoit_wolf_identity,
    "Ledoit-Wolf, constant correlation": ledoit_wolf_constant_correlation,
    "Ledoit-Wolf, single factor": ledoit_wolf_single_factor,
    "oracle approximating": oracle,
    "Gerber": gerber,
    "regression on 5 factors": lambda: numpy.linalg.lstsq(
        numpy.column_stack([numpy.ones(rows), factors]), returns, rcond=None),
    "eigenvalues and vectors": lambda: numpy.linalg.eigh(numpy.cov(returns, rowvar=False)),
}

for name, job in JOBS.items():
    job()
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    print(f"{name:36} {statistics.median(times) * 1e3:9.3f} ms")
