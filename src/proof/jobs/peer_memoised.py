"""peer_memoised.py - a dictionary that remembers answers for a while, as a decorator of Python.

Arguments: the folder of prices.f64 and requests.u16, and how many seconds an answer is good for.
What is remembered costs nothing to compute here: only hits are measured.
"""
import array
import functools
import sys
import time

folder, seconds = sys.argv[1], float(sys.argv[2])


def read(kind, name):
    values = array.array(kind)
    with open(f"{folder}/{name}", "rb") as rows:
        values.frombytes(rows.read())
    return list(values)


prices = read("d", "prices.f64")
requests = read("H", "requests.u16")


def memoize(ttl_seconds):
    def decorate(function):
        known = {}

        @functools.wraps(function)
        def remembered(*arguments):
            now = time.monotonic()
            entry = known.get(arguments)
            if entry is not None and entry[1] > now:
                return entry[0]
            value = function(*arguments)
            known[arguments] = value, now + ttl_seconds
            return value
        return remembered
    return decorate


@memoize(ttl_seconds=seconds)
def price_of(option):
    return prices[option]


for option in range(len(prices)):
    price_of(option)


def work(count):
    asked = [requests[i % len(requests)] for i in range(count)]
    total = 0.0
    begun = time.perf_counter_ns()
    for option in asked:
        total += price_of(option)
    return time.perf_counter_ns() - begun, total


answer(work)
