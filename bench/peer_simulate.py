"""What bench_simulate does, in NumPy and OpenBLAS: milliseconds, the median of 7.

    OPENBLAS_CORETYPE=SkylakeX python3 bench/peer_simulate.py [PATHS ASSETS]       (100000 500)

Debian: python3-numpy, libopenblas0. OpenBLAS reads its core type when it is loaded, and takes a new
processor for an old one: name the best that this one runs (SkylakeX, Haswell).
"""

import ctypes
import math
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy

paths, assets = (int(a) for a in sys.argv[1:3]) if len(sys.argv) == 3 else (100_000, 500)
BLOCK = 2_500
weights = numpy.full(assets, 1 / assets)
means = numpy.full(assets, 0.0003)
covariance = numpy.full((assets, assets), 2e-4) + numpy.diag(numpy.full(assets, 5e-5))

# trmm runs in place, and by ctypes without the interpreter's lock.
blas = ctypes.CDLL("libopenblas.so.0")
blas.cblas_dtrmm.argtypes = (
    [ctypes.c_int] * 7
    + [ctypes.c_double, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
)


def tail(returns):
    """Value at risk and shortfall at 95% and 99%."""
    places = [len(returns) // 100, len(returns) // 20]
    ordered = numpy.partition(returns, places)
    return [(-ordered[p], -ordered[: p + 1].mean()) for p in places]


def stretch(seed, begin, end, returns, value):
    generator = numpy.random.Generator(numpy.random.SFC64(seed))
    shocks = numpy.empty((BLOCK, assets))
    for first in range(begin, end, BLOCK):
        some = shocks[: min(BLOCK, end - first)]
        generator.standard_normal(out=some)
        returns[first : first + len(some)] = value(some)


def run(value, threads):
    """A generator a thread, and OpenBLAS on one thread in each."""
    returns = numpy.empty(paths)
    blas.openblas_set_num_threads(1)
    bounds = [paths * t // threads for t in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda t: stretch(t, bounds[t], bounds[t + 1], returns, value), range(threads)))
    blas.openblas_set_num_threads(threads)
    return tail(returns)


def assets_depth(threads):
    factor = numpy.linalg.cholesky(covariance)
    mean = weights @ means

    def value(shocks):
        blas.cblas_dtrmm(101, 142, 122, 112, 131, len(shocks), assets, 1.0, factor.ctypes.data,
                         assets, shocks.ctypes.data, assets)
        return shocks @ weights + mean

    return run(value, threads)


def factors_depth(threads):
    loadings = numpy.linalg.cholesky(covariance).T @ weights
    mean = weights @ means
    return run(lambda shocks: shocks @ loadings + mean, threads)


def scalar_depth(_):
    generator = numpy.random.Generator(numpy.random.SFC64(1))
    deviation = math.sqrt(weights @ covariance @ weights)
    return tail(generator.standard_normal(paths) * deviation + weights @ means)


print(f"{paths} paths of {assets} assets")
for name, job in (("scalar", scalar_depth), ("factors", factors_depth), ("assets", assets_depth)):
    for threads in (1, 2):
        times = []
        for _ in range(8):
            begin = time.perf_counter()
            job(threads)
            times.append(time.perf_counter() - begin)
        print(f"{threads} thread{'s' * (threads > 1):1}  {name:8} {statistics.median(times[1:]) * 1e3:9.2f} ms")
