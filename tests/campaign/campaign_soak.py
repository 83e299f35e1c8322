#!/usr/bin/env python3
"""campaign_soak.py - the whole chain for long, at 20,000 events a second, with a fault a minute.

TRADEWIND_SOAK says for how many seconds (20), TRADEWIND_EVENTS how many events a second the traders
of all symbols make together (130000): of these a sixth changes what the exchange tells, and that is
what a run has to take. The exchange's clock is the real one. Each minute (each fifth of a shorter
soak) another fault strikes. Every tenth part of a minute memory and open files of the trading system
are read from /proc, and its own figures from --metrics. What fills as it is used and is then full is
taken off its memory first (`filled`): a ring is touched page by page, and the cache of SQLite grows
with the database up to its bound, so that a young run grows although it leaks nothing. From the
first third on (by then all of these are full in an hour) the rest may grow by 1 MB an hour, open
files not at all, and the 99th percentile of an event's way may differ between the first and the
last third by 10 %. The figures are printed; that is demanded of a soak of half an hour or more,
which a quiet machine runs. Of a shorter one it is demanded that the rest stays as it is but for a
few blocks.
"""

import os
import re
import sys
import time
import urllib.request

import world
from world import Run, demand, eventually, finish

SECONDS = float(os.environ.get("TRADEWIND_SOAK", "20"))
EVENTS = os.environ.get("TRADEWIND_EVENTS", "130000")
LONG = SECONDS >= 1800
BUCKET = re.compile(r'^tradewind_event_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)$', re.M)
COUNT = re.compile(r"^tradewind_(market_events|engine_rows|journal_entries|orders)_total"
                   r"(?:\{(?:kind|outcome)=\"(?!denied|filled|canceled|rejected)[^}]*\})? ([0-9.e+]+)$",
                   re.M)

# Of the rings between the threads, and of the orders of a run: by what is counted, how many records
# of how many bytes (venue.c, recorder.c, order_table.h); and the pages that SQLite keeps
# (sqlite_schema.c). MiB. Of the venue's events ten a second tell the time, and few anything else.
RINGS = {"market_events": (131072, 96), "engine_rows": (65536, 256), "journal_entries": (4096, 1024),
         "orders": (16384, 512), "venue_events": (8192, 576)}
TIMES_A_SECOND = 10
CACHE = 16.0
MIB = 1 << 20
BLOCKS = 8.0  # of the recording and of sockets, when a fault holds them up; and huge pages

# One a minute, in turn; each is over, or is called off, before the next.
FAULTS = ["status 503 20%", "close streams at 1s", "reset after 10%", "updates drop 20%",
          "mute 20s at 1s", "restart at 1s", "latency 200ms 100ms", "updates duplicate 30%",
          "slow clients at 1s", "halt AAPL 10s at 1s", "truncate 5%", "updates delay 3s 30%"]


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024.0


def files_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def filled(counts, pages):
    """How much of what fills has been touched by then."""
    rings = sum(min(counts[name], records) * size for name, (records, size) in RINGS.items())
    return rings / MIB + min(pages * 4096 / MIB, CACHE)


def slope_an_hour(samples):
    """Least squares of (seconds, value), an hour."""
    count = len(samples)
    mean_t = sum(t for t, _ in samples) / count
    mean_v = sum(v for _, v in samples) / count
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return 3600.0 * sum((t - mean_t) * (v - mean_v) for t, v in samples) / spread


def quantile(before, after, share):
    """Of what was counted between two scrapes, straight inside a bucket; in microseconds."""
    counts = [(edge, after[edge] - before.get(edge, 0)) for edge in sorted(after)]
    wanted, low, below = share * counts[-1][1], 0.0, 0
    for edge, upto in counts:
        if upto >= wanted and upto > below:
            return 1e6 * (low + (edge - low) * (wanted - below) / (upto - below))
        low, below = edge, upto
    return float("nan")


class Figures:
    def __init__(self, run):
        said = eventually(lambda: re.search(r"metrics on (\S+)", run.said()), "--metrics is ready")
        self.url = said.group(1)

    def scrape(self):
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            text = answer.read().decode()
        buckets = {float(edge.replace("+Inf", "inf")): float(count)
                   for edge, count in BUCKET.findall(text)}
        counts = dict.fromkeys(RINGS, 0.0)
        for name, count in COUNT.findall(text):
            counts[name] += float(count)
        return buckets, counts


class Sample:
    def __init__(self, seconds, run, store, figures):
        self.seconds = seconds
        self.memory = memory_of(run.process.pid)
        self.files = files_of(run.process.pid)
        self.buckets, counts = figures.scrape()
        counts["venue_events"] = TIMES_A_SECOND * seconds
        self.events, self.orders = counts["market_events"], counts["orders"]
        self.rest = self.memory - filled(counts, store.number("PRAGMA page_count"))


def watch(run, exchange, store, figures):
    """Samples until the time is over, and how many faults struck."""
    began, samples, struck = time.monotonic(), [], 0
    every, pause = min(60.0, SECONDS / 5), min(6.0, SECONDS / 50)
    while (now := time.monotonic() - began) < SECONDS:
        demand(run.alive(), f"it ended after {now:.0f} s: {run.said()}")
        if now >= struck * every:
            exchange.ask("POST", "/sim/faults", FAULTS[struck % len(FAULTS)].encode())
            struck += 1
        samples.append(Sample(now, run, store, figures))
        time.sleep(pause)
    exchange.ask("DELETE", "/sim/faults")
    return samples, struck


def judge(samples, struck):
    settled = samples[len(samples) // 3:]
    first, last, third = settled[0], settled[-1], len(settled) // 3
    memory = slope_an_hour([(s.seconds, s.rest) for s in settled])
    files = slope_an_hour([(s.seconds, s.files) for s in settled])
    early = quantile(first.buckets, settled[third].buckets, 0.99)
    late = quantile(settled[-third - 1].buckets, last.buckets, 0.99)
    rate = (last.events - first.events) / (last.seconds - first.seconds)
    drift = 100.0 * (late - early) / early
    print(f"counts: {samples[-1].seconds:.0f} s, {rate:.0f} events a second, {struck} faults; memory "
          f"{first.memory:.1f} to {last.memory:.1f} MiB, without what fills {first.rest:.1f} to "
          f"{last.rest:.1f}, slope {memory:+.2f} MiB an hour; open files {first.files} to "
          f"{last.files}; p99 of an event {early:.1f} then {late:.1f} us, {drift:+.1f} %")
    demand(max(s.files for s in settled) < first.files + 40, "open files grow")
    demand(max(s.rest for s in settled) < first.rest + BLOCKS, "memory grows beyond what fills")
    if LONG:
        demand(rate >= 20000, "the machine is too slow to make as many events")
        demand(memory < 1.0, "memory grows")
        demand(files < 1.0, "open files grow")
        demand(drift < 10.0, "the tail grows")


def an_hour_at_full_speed_leaks_nothing():
    with world.world("--clock", "x1", "--events-total", EVENTS, "--history-days", "100", "--cash",
                     "5000000", "--always-open") as (folder, exchange, store):
        run = Run(folder, exchange.url, *world.BUSY, "--metrics", "0", "--away", "5m")
        samples, struck = watch(run, exchange, store, Figures(run))
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: {orders} orders, {fills} fills compared")
        judge(samples, struck)


if __name__ == "__main__":
    sys.exit(world.run_cases([an_hour_at_full_speed_leaks_nothing]))
