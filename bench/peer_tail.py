"""What bench_tail does, in NumPy: the least milliseconds of the processor of RUNS, and the figure.

    python3 bench/peer_tail.py FILE      (doubles, written by bench_tail, which runs this)

Debian: python3-numpy. Value at risk interpolates between two order statistics, as numpy.quantile does by
itself; the partition is of both at once, which is what a careful user writes. The shortfall is the mean
of the worst k = tail x count.
"""

import sys
import time

import numpy

RUNS = 15
returns = numpy.fromfile(sys.argv[1])
count = len(returns)


def partition(tail):
    place = (count - 1) * tail
    low = int(place)
    ordered = numpy.partition(returns, (low, low + 1))
    return -(ordered[low] + (place - low) * (ordered[low + 1] - ordered[low]))


def quantile(tail):
    return -numpy.quantile(returns, tail)


def shortfall(tail):
    least = round(count * tail)
    return -numpy.partition(returns, least - 1)[:least].mean()


for name, job in (("partition", partition), ("quantile", quantile), ("shortfall", shortfall)):
    for tail in (0.01, 0.05):
        times = []
        for _ in range(RUNS):
            begin = time.process_time()
            value = job(tail)
            times.append(time.process_time() - begin)
        print(f"{name} {tail} {min(times) * 1e3:.6f} {value:.17g}")
