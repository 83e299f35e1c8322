"""peer_window.py - five statistics of the last n trades after each trade, by pandas.

Arguments: the folder of prices.f64 and sizes.f64, and n.
"""
import sys
import time

try:
    import numpy as np
    import pandas as pd
except ImportError as error:
    print("missing", error, flush=True)
    sys.exit()

folder, length = sys.argv[1], int(sys.argv[2])
prices = pd.Series(np.fromfile(folder + "/prices.f64"))
sizes = pd.Series(np.fromfile(folder + "/sizes.f64"))
notionals = prices * sizes


def work(count):
    windows = [column[:count].rolling(length, min_periods=1)
               for column in (prices, sizes, notionals)]
    price = windows[0]
    return [price.mean(), price.std(ddof=0), price.min(), price.max(),
            windows[2].sum() / windows[1].sum()]


for line in sys.stdin:
    count = int(line.split()[1])
    if count == 0:
        print("done 0 0 0", flush=True)
        continue
    begun = time.perf_counter_ns()
    columns = work(count)
    elapsed = time.perf_counter_ns() - begun
    print("done", elapsed, repr(float(sum(column.sum() for column in columns))), 0, flush=True)
