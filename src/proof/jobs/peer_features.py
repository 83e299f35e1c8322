"""peer_features.py - six features of all columns of a table of prices, by NumPy.

Arguments: the file of prices, rows of doubles, and the number of columns.
"""
import sys
import time

import numpy as np

columns = int(sys.argv[2])
prices = np.fromfile(sys.argv[1]).reshape(-1, columns)
SCALES = 1e4, 1e3, 100, 1, 1, 100


def window_sum(table, length):
    """Sums of each column's last rows: as many additions of whole tables as a window is long."""
    count = len(table) - length + 1
    total = table[:count].copy()
    for begin in range(1, length):
        total += table[begin:begin + count]
    return total


def window_moments(table, length, ddof):
    mean = window_sum(table, length) / length
    squares = np.zeros_like(mean)
    for begin in range(length):
        squares += (table[begin:begin + len(mean)] - mean) ** 2
    return mean, np.sqrt(squares / (length - ddof))


def exponential_mean(table, span):
    means = np.empty_like(table)
    mean = table[0]
    for row, price in enumerate(table):
        mean = mean + 2 / (span + 1) * (price - mean)
        means[row] = mean
    return means


def features_of(table):
    returns = np.diff(np.log(table), axis=0)
    volatility = window_moments(returns, 60, 1)[1] * np.sqrt(252)
    quarter, deviation = window_moments(table, 60, 0)
    z_score = (table[59:] - quarter) / deviation
    mean, deviation = window_moments(table, 20, 0)
    change = np.diff(table, axis=0)
    up = window_sum(np.maximum(change, 0), 14)
    down = window_sum(np.maximum(-change, 0), 14)
    newest = table[19:]
    return (returns, volatility, z_score, 100 * up / (up + down),
            exponential_mean(table, 20), (newest - mean + 2 * deviation) / (4 * deviation))


def work(count):
    begun = time.perf_counter_ns()
    for _ in range(count // columns):
        features = features_of(prices)
    elapsed = time.perf_counter_ns() - begun
    total = sum(scale * np.abs(feature).sum() for scale, feature in zip(SCALES, features))
    return elapsed, float(total)


answer(work)
