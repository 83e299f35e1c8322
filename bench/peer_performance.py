"""The rows of bench_performance in NumPy and pandas: ns an observation, the median of 7.

    python3 bench/peer_performance.py [COUNT]       (1,000,000 returns)

Debian: python3-numpy python3-pandas.
"""

import statistics
import sys
import time

import numpy
import pandas

count = int(sys.argv[1]) if len(sys.argv) == 2 else 1_000_000
FACTOR, STEP, MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1


def uniforms(size):
    """The linear congruence of bench_performance, in numpy's wrapping integers."""
    states = numpy.empty(size, numpy.uint64)
    block = 1 << 12
    powers, sums, a, c = [], [], 1, 0
    for _ in range(block):
        a, c = a * FACTOR & MASK, (c * FACTOR + STEP) & MASK
        powers.append(a)
        sums.append(c)
    powers, sums = numpy.array(powers, numpy.uint64), numpy.array(sums, numpy.uint64)
    state = numpy.uint64(1)
    for begin in range(0, size, block):
        part = powers * state + sums
        states[begin:begin + block] = part[:size - begin]
        state = part[-1]
    return (states >> numpy.uint64(11)).astype(float) * 2.0**-53 - 0.5


draws = 0.0004 + 0.0173 * uniforms(8 * count).reshape(-1, 4).sum(axis=1)
r = draws[:count].copy()
b = 0.5 * draws[count:] + 0.5 * r


def moments():
    mean, sd = r.mean(), r.std(ddof=1)
    d = r - mean
    square = d * d
    m2 = square.mean()
    return (mean, sd, (square * d).mean() / m2**1.5, (square * square).mean() / m2**2,
            numpy.sqrt((numpy.minimum(d, 0) ** 2).mean()))


def ratios():
    up, down = numpy.maximum(r, 0), numpy.maximum(-r, 0)
    mean, sd = r.mean(), r.std(ddof=1)
    risk = numpy.sqrt((down * down).mean())
    gains, losses = up.sum(), down.sum()
    return (mean / sd * 252**0.5, mean / risk * 252**0.5, gains / losses, mean / risk,
            gains / losses, (r < 0).sum() * losses / ((r > 0).sum() * gains),
            up.mean() / risk, mean / sd**2)


def drawdowns():
    value = numpy.cumprod(1 + r)
    peak = numpy.maximum.accumulate(numpy.maximum(value, 1))
    fall = (peak - value) / peak
    worst = fall.max()
    rate = numpy.exp(numpy.log1p(r).sum() * 252 / count) - 1
    return worst, rate / worst, numpy.sqrt((fall * fall).mean()), fall.mean()


def shortfall():
    reach = count * 0.05
    whole = int(numpy.ceil(reach)) - 1
    least = numpy.partition(r, whole)[:whole + 1]
    return (-(least[:whole].sum() + (reach - whole) * least[whole]) / reach,)


def against():
    cov = numpy.cov(r, b)
    beta = cov[0, 1] / cov[1, 1]
    active = r - b
    error = active.std(ddof=1)
    return (r.mean() - beta * b.mean(), beta, cov[0, 1] / numpy.sqrt(cov[0, 0] * cov[1, 1]),
            error * 252**0.5, active.mean() / error * 252**0.5, (r > b).mean())


def capture(chosen):
    years = chosen.sum() / 252
    return ((numpy.exp(numpy.log1p(r[chosen]).sum() / years) - 1)
            / (numpy.exp(numpy.log1p(b[chosen]).sum() / years) - 1))


ROWS = {
    "mean, volatility": lambda: (r.mean(), r.std(ddof=1)),
    "moments": moments,
    "ratios": ratios,
    "drawdowns": drawdowns,
    "value at risk": lambda: (-numpy.quantile(r, 0.05),),
    "expected shortfall": shortfall,
    "against a benchmark": against,
    "up and down capture": lambda: (capture(b > 0), capture(b < 0)),
}

for row in ROWS.values():
    for figure in row():
        print(f"{figure:.12g}")


def measure(job, size):
    spans = []
    job()
    for _ in range(7):
        begin = time.perf_counter()
        job()
        spans.append(time.perf_counter() - begin)
    return statistics.median(spans) / size * 1e9


print(f"\n{'ns an observation':24s}")
for name, row in ROWS.items():
    print(f"{name:24s} {measure(row, count):9.3f}", flush=True)

short = pandas.Series(r[:100_000])
other = pandas.Series(b[:100_000])
WINDOWS = {
    "sharpe": lambda w: short.rolling(w).mean() / short.rolling(w).std() * 252**0.5,
    "sortino": lambda w: short.rolling(w).mean()
    / ((short.clip(upper=0) ** 2).rolling(w).mean()) ** 0.5,
    "beta": lambda w: short.rolling(w).cov(other) / other.rolling(w).var(),
    "value at risk": lambda w: -short.rolling(w).quantile(0.05),
}
print(f"\n{'ns a window':24s} {'of 252':>9s} {'of 2520':>9s}")
for name, job in WINDOWS.items():
    print(f"{name:24s} {measure(lambda: job(252), len(short)):9.1f}"
          f" {measure(lambda: job(2520), len(short)):9.1f}", flush=True)
