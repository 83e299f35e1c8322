"""peer_window.py - five statistics of the last n trades after each trade, by pandas.

Arguments: the folder of prices.f64 and sizes.f64, and n.
"""
import sys
import time

import numpy as np
import pandas as pd

folder, length = sys.argv[1], int(sys.argv[2])
prices = pd.Series(np.fromfile(folder + "/prices.f64"))
sizes = pd.Series(np.fromfile(folder + "/sizes.f64"))
notionals = prices * sizes


def columns_of(count):
    windows = [column[:count].rolling(length, min_periods=1)
               for column in (prices, sizes, notionals)]
    price = windows[0]
    return [price.mean(), price.std(ddof=0), price.min(), price.max(),
            windows[2].sum() / windows[1].sum()]


def work(count):
    begun = time.perf_counter_ns()
    columns = columns_of(count)
    elapsed = time.perf_counter_ns() - begun
    return elapsed, float(sum(column.sum() for column in columns))


answer(work)
