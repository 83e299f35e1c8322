#!/usr/bin/env python3
"""campaign_soak.py - the whole chain for long, at 20,000 events a second, with a fault a minute.

TRADEWIND_SOAK says for how many seconds (20), TRADEWIND_EVENTS how many events a second of all
symbols together (20000). The exchange's clock is the real one. Each minute (each fifth of a shorter
soak) another fault strikes. Every tenth part of a minute memory and open files of the trading system
are read from /proc, and its own figures from --metrics; from the first sixth on, which fills
caches and pools, its memory may grow by 1 MB an hour, its open files not at all, and the 99th
percentile of an event's way may differ between the first and the last third by 10 %. The figures are
printed; the last is demanded only of a soak of half an hour or more, which a quiet machine runs.
"""

import os
import re
import signal
import sys
import time
import urllib.request

import world
from world import Run, demand, eventually

SECONDS = float(os.environ.get("TRADEWIND_SOAK", "20"))
EVENTS = os.environ.get("TRADEWIND_EVENTS", "20000")
LONG = SECONDS >= 1800
BUCKET = re.compile(r'^tradewind_event_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)$', re.M)
COUNT = re.compile(r"^tradewind_market_events_total(?:\{[^}]*\})? ([0-9.e+]+)$", re.M)

# One a minute, in turn; each is over, or is called off, before the next.
FAULTS = ["status 503 20%", "close streams at 1s", "reset after 10%", "updates drop 20%",
          "mute 20s at 1s", "restart at 1s", "latency 200ms 100ms", "updates duplicate 30%",
          "slow clients at 1s", "halt AAPL 10s at 1s", "truncate 5%", "updates delay 3s 30%"]


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024.0


def files_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


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
        return buckets, sum(float(count) for count in COUNT.findall(text))


def watch(run, exchange, figures):
    """Samples until the time is over: (seconds, memory, files, buckets, events)."""
    began, samples, struck = time.monotonic(), [], 0
    every, pause = min(60.0, SECONDS / 5), min(6.0, SECONDS / 50)
    while (now := time.monotonic() - began) < SECONDS:
        demand(run.alive(), f"it ended after {now:.0f} s: {run.said()}")
        if now >= struck * every:
            exchange.ask("POST", "/sim/faults", FAULTS[struck % len(FAULTS)].encode())
            struck += 1
        pid = run.process.pid
        samples.append((now, memory_of(pid), files_of(pid), *figures.scrape()))
        time.sleep(pause)
    exchange.ask("DELETE", "/sim/faults")
    return samples, struck


def judge(samples, struck):
    settled = samples[len(samples) // 6:]
    third = len(settled) // 3
    memory = slope_an_hour([(s[0], s[1]) for s in settled])
    files = slope_an_hour([(s[0], s[2]) for s in settled])
    first = quantile(settled[0][3], settled[third][3], 0.99)
    last = quantile(settled[-third - 1][3], settled[-1][3], 0.99)
    rate = (settled[-1][4] - settled[0][4]) / (settled[-1][0] - settled[0][0])
    drift = 100.0 * (last - first) / first
    print(f"counts: {samples[-1][0]:.0f} s, {rate:.0f} events a second, {struck} faults; memory "
          f"{settled[0][1]:.1f} to {settled[-1][1]:.1f} MiB, slope {memory:+.2f} MiB an hour; open "
          f"files {settled[0][2]} to {settled[-1][2]}; p99 of an event {first:.1f} then {last:.1f} "
          f"us, {drift:+.1f} %")
    demand(max(s[2] for s in settled) < settled[0][2] + 40, "open files grow")
    if LONG:
        demand(memory < 1.0, "memory grows")
        demand(files < 1.0, "open files grow")
        demand(drift < 10.0, "the tail grows")


def an_hour_at_full_speed_leaks_nothing():
    with world.world("--clock", "x1", "--events-total", EVENTS, "--history-days", "100",
                     "--always-open") as (folder, exchange, store):
        words = [word for word in world.BUSY]
        words[words.index("--band") + 1] = "0.5%"
        run = Run(folder, exchange.url, *words, "--metrics", "0", "--away", "5m")
        samples, struck = watch(run, exchange, Figures(run))
        run.process.send_signal(signal.SIGINT)
        status = run.wait(180)
        demand(status in (0, 130), f"the run ended with {status}: {run.said()}")
        world.settle(folder, exchange)
        orders, fills = world.compare(exchange, store)
        print(f"counts: {orders} orders, {fills} fills compared")
        judge(samples, struck)


if __name__ == "__main__":
    sys.exit(world.run_cases([an_hour_at_full_speed_leaks_nothing]))
