#!/usr/bin/env python3
"""campaign_kills.py - kill -9 of the real trading system, at random moments, while it trades.

TRADEWIND_KILLS says how many (4 without it). The exchange lives on; each run takes over the store
that the killed one left. After each kill every journal entry that had been seen is still there;
the next run trades again, and the time from its start to its first decision is measured; at the end everything
that was ever sent is compared with the exchange (world.py). A third of the kills fall before
trading begins again: into the start and its reconciliation.
"""

import os
import sys
import time

import world
from world import MARKET, Run, demand, finish, trading

KILLS = int(os.environ.get("TRADEWIND_KILLS", "4"))


def kills_lose_nothing_and_send_nothing_twice():
    chance = world.seeded("kills")
    starts, seen, targets = [], {}, ()
    with world.world(*MARKET) as (folder, exchange, store):
        for number in range(KILLS):
            newest = store.newest()
            if number % 2 == 0:  # the others go on with what the killed one had begun
                targets = world.wanted(folder, chance)
            began = time.monotonic()
            run = Run(folder, exchange.url, *world.BUSY, *targets)
            if number % 3 == 2:
                time.sleep(chance.uniform(0, 0.4))
            else:
                trading(store, run, newest)
                starts.append(time.monotonic() - began)
                time.sleep(chance.uniform(0, 0.7))
            acknowledged = {row[0]: row for row in store.rows(
                "SELECT sequence, time_ns, kind, payload FROM journal WHERE sequence > ?",
                max(seen, default=0))}
            demand(run.alive(), f"run {number} ended by itself: {run.said()}")
            run.kill()
            seen.update(acknowledged)
            if number % 20 == 19 or number == KILLS - 1:
                there = {row[0]: row for row in store.journal()}
                lost = [row for key, row in seen.items() if there.get(key) != row]
                demand(not lost, f"kill {number}: {len(lost)} entries are gone, as {lost[:1]}")
                print(f"{number + 1} kills, {len(there)} entries", file=sys.stderr, flush=True)
        newest = store.newest()
        run = Run(folder, exchange.url, *world.BUSY)
        trading(store, run, newest)
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: {KILLS} kills, {orders} orders and {fills} fills compared, {len(seen)} "
              f"entries seen before a kill and after it; from start to trading "
              f"p50 {world.share_of(starts, 0.5):.2f} s, p99 {world.share_of(starts, 0.99):.2f} s, "
              f"max {max(starts):.2f} s")
        demand(orders > KILLS, "hardly anything was traded: this proves nothing")


if __name__ == "__main__":
    sys.exit(world.run_cases([kills_lose_nothing_and_send_nothing_twice]))
