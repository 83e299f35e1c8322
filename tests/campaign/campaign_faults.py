#!/usr/bin/env python3
"""campaign_faults.py - every fault of the exchange alone and, in the whole campaign, in pairs.

TRADEWIND_FAULTS=all plays all of them, TRADEWIND_FAULTS=alone each alone; without it a few pairs.
TRADEWIND_JOBS worlds are played at a time (2). In each, a run trades for a minute and a half of the
venue's time under the plan; then the plan is called off, what is left is settled, and all is
compared (world.py). A run under faults may be slow and may send less; it may not end, lose, repeat
or guess.
"""

import concurrent.futures
import itertools
import os
import sys

import world
from world import MARKET, Broken, Run, demand

WHICH = os.environ.get("TRADEWIND_FAULTS", "few")
JOBS = int(os.environ.get("TRADEWIND_JOBS", "2"))

FAULTS = {
    "latency": "latency 40ms 20ms",
    "tail": "tail 5% 700ms",
    "throttled": "status 429 10%",
    "throttled_bare": "status 429 10% bare",
    "error_500": "status 500 8%",
    "error_502": "status 502 8%",
    "error_503": "status 503 8%",
    "error_504": "status 504 8% /v2/orders",
    "reset_before": "reset before 8%",
    "reset_after": "reset after 8%",
    "truncate": "truncate 5%",
    "trickle": "trickle 3% 400B/s",
    "updates_drop": "updates drop 30%",
    "updates_duplicate": "updates duplicate 30%",
    "updates_reorder": "updates reorder 30%",
    "updates_delay": "updates delay 5s 30%",
    "trades_late": "trades late 20s 5%",
    "trades_cancel": "trades cancel 5s 5%",
    "trades_correct": "trades correct 5s 5%",
    "floor": "floor 800ms 300ms",
    "one_stream": "limit connections 1",
    "mute": "mute 30s at 30s",
    "stale": "stale 30s at 30s",
    "close": "close streams at 40s",
    "slow_clients": "slow clients at 40s",
    "halt": "halt AAPL 30s at 20s",
    "clock_back": "clock jump -5s at 30s",
    "clock_ahead": "clock jump 5s at 30s",
    "restart": "restart at 40s",
}
UNCOUNTED = {"one_stream"}  # a limit, which strikes only who asks for more
FEW = [("reset_after", "updates_drop"), ("restart", "updates_duplicate"), ("error_503", "close")]


def play(names):
    """One world under one plan. Returns orders and fills compared, or raises Broken."""
    plan = "\n".join(["seed 7"] + [FAULTS[name] for name in names]) + "\n"
    try:
        with world.world(*MARKET) as (folder, exchange, store):
            exchange.ask("POST", "/sim/faults", plan.encode())
            run = Run(folder, exchange.url, *world.BUSY, *world.wanted(folder, world.seeded(names)),
                      "--duration", "90s", "--away", "60s")
            status = run.wait(180)
            demand(status == 0, f"the run ended with {status}: {run.said()}")
            struck = [line["count"] for line in
                      exchange.ask("GET", "/sim/faults")["faults"]]
            exchange.ask("DELETE", "/sim/faults")
            world.settle(folder, exchange)
            return *world.compare(exchange, store), struck
    except Broken as broken:
        raise Broken(f"{' + '.join(names)}: {broken}") from None


def chosen_plans():
    if WHICH == "few":
        return FEW
    alone = [(name,) for name in FAULTS]
    return alone + (list(itertools.combinations(FAULTS, 2)) if WHICH == "all" else [])


def faults_alone_and_in_pairs_lose_nothing():
    plans = chosen_plans()
    orders = fills = 0
    troubles, quiet = [], set(itertools.chain(*plans)) - UNCOUNTED
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        futures = {pool.submit(play, names): names for names in plans}
        for number, future in enumerate(concurrent.futures.as_completed(futures), 1):
            try:
                played = future.result()
            except Broken as broken:
                troubles.append(str(broken))
                print(f"not so: {broken}", file=sys.stderr, flush=True)
                continue
            orders += played[0]
            fills += played[1]
            for name, count in zip(futures[future], played[2]):
                if count:
                    quiet.discard(name)
            if number % 20 == 0:
                print(f"{number} of {len(plans)} plans", file=sys.stderr, flush=True)
    print(f"counts: {len(plans)} plans of faults, {orders} orders and {fills} fills compared")
    demand(not troubles, f"{len(troubles)} plans: {'; '.join(troubles[:1])}")
    demand(fills > len(plans), "hardly anything was traded: this proves nothing")
    demand(not quiet, f"these never struck: {sorted(quiet)}")


if __name__ == "__main__":
    sys.exit(world.run_cases([faults_alone_and_in_pairs_lose_nothing]))
