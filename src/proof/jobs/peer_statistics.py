"""peer_statistics.py - statistics of a symbol by SQL, remembered in a dictionary for a minute.

Arguments: the file, the first time of a trade, the end of the period, and how often each question
is asked.
"""
import math
import sqlite3
import sys
import time

QUERY = """
SELECT count(*), total(quantity * 1e-9), total(price * 1e-9 * (quantity * 1e-9)),
 min(price) * 1e-9, max(price) * 1e-9, avg(price * 1e-9), avg(price * 1e-9 * (price * 1e-9)),
 (SELECT price * 1e-9 FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3
  ORDER BY time_ns LIMIT 1),
 (SELECT price * 1e-9 FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3
  ORDER BY time_ns DESC LIMIT 1)
FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3
"""
KEPT_S = 60

path, first, end, repeats = sys.argv[1], *map(int, sys.argv[2:5])
database = sqlite3.connect(path)
kept = {}


def add_up(symbol, begin):
    count, volume, notional, low, high, mean, square, opened, closed = database.execute(
        QUERY, (symbol, begin, end)).fetchone()
    return (count, volume, notional, notional / volume, opened, high, low, closed, mean,
            math.sqrt(square - mean * mean))


def ask(symbol, begin):
    key = (symbol, begin, end)
    now = time.monotonic()
    known = kept.get(key)
    if known is not None and now - known[0] < KEPT_S:
        return known[1]
    answer = add_up(symbol, begin)
    kept[key] = (now, answer)
    return answer


def digest(answer):
    count, volume, notional, *others = answer
    return volume / count / 250 + notional / count / 25000 + sum(others) / 100 + count / 1e6


def work(wanted):
    kept.clear()
    begun = time.perf_counter_ns()
    answers = [ask(1, first - i // repeats) for i in range(wanted)]
    elapsed = time.perf_counter_ns() - begun
    return elapsed, repr(sum(digest(answer) for answer in answers))


answer(work)
