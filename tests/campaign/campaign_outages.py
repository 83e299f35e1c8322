#!/usr/bin/env python3
"""campaign_outages.py - what a machine and its network do to a trading system.

    the network is cut, and hangs          (wire.py stands between)
    the venue is down                      TRADEWIND_DOWN seconds (3; the whole campaign: 3600)
    the disk is full                       a file-size limit, and a small disk where one can be made
    the database is locked by another program
    the machine's clock is stepped         (tests/support/stepped_clock.c)

Each is played while the run trades. A run may pause; where it cannot go on it ends and says why.
Afterwards all is settled and compared (world.py).
"""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import wire
import world
from world import MARKET, Run, demand, eventually, finish, trading

DOWN = float(os.environ.get("TRADEWIND_DOWN", "3"))
STEPPED_CLOCK = os.environ.get("STEPPED_CLOCK_LIBRARY", os.path.join(
    world.ROOT, "build", "tests", "support", "stepped_clock.so"))


def trades_again(store, run, since):
    """An order was made after that entry, and something has filled since."""
    eventually(lambda: store.number(
        "SELECT count(*) FROM journal WHERE kind = 'fill' AND sequence > (SELECT min(sequence) FROM "
        "journal WHERE kind = 'intent' AND sequence > ?)", since) or not run.alive(),
               "it trades again", 90)
    demand(run.alive(), f"the run ended by itself: {run.said()}")


def interrupted_line(mode, seconds):
    with world.world(*MARKET) as (folder, exchange, store):
        line = wire.Proxy(exchange.port)
        run = Run(folder, line.url, *world.BUSY, "--away", "5m")
        trading(store, run)
        for _ in range(2):
            before = store.newest()
            line.become(mode)
            eventually(lambda: store.number("SELECT count(*) FROM journal WHERE kind = 'down' AND "
                                            "sequence > ?", before),
                       "the loss is in the journal", 90)
            time.sleep(seconds)
            newest = store.newest()
            line.become("pass")
            trades_again(store, run, newest)
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: {orders} orders, {fills} fills compared")


def a_network_that_is_cut_is_only_a_pause():
    interrupted_line("cut", 1.0)


def a_network_that_hangs_is_only_a_pause():
    interrupted_line("hang", 0.0)


def a_venue_that_is_down_for_long_is_only_a_pause():
    with world.world(*MARKET) as (folder, exchange, store):
        run = Run(folder, exchange.url, *world.BUSY, "--away", f"{int(DOWN) + 120}s")
        trading(store, run)
        exchange.vanish()
        time.sleep(DOWN)
        newest = store.newest()
        demand(run.alive(), f"the run gave up: {run.said()}")
        exchange.start()
        back = time.monotonic()
        trades_again(store, run, newest)
        seconds = time.monotonic() - back
        told = [store.number("SELECT count(*) FROM journal WHERE kind = ?", kind)
                for kind in ("down", "up")]
        demand(told == [1, 1], f"one outage has {told[0]} entries of its loss, {told[1]} of its end")
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: down for {DOWN:.0f} s, trading {seconds:.1f} s after its return; "
              f"{orders} orders, {fills} fills compared")


def full_disk(limit):
    """The run ends by itself and says why; what it had recorded is there, and another goes on."""
    run = limit(*world.BUSY)
    status = run.wait(180)
    demand(status == 1, f"a full disk ended the run with {status}: {run.said()}")
    words = run.said()
    demand("run.db" in words and any(word in words for word in ("full", "large", "space")),
           f"it does not say that the disk is full: {words}")


def a_file_that_may_not_grow_ends_the_run_and_loses_nothing():
    with world.world(*MARKET) as (folder, exchange, store):
        shell = ("python3", "-c", "import os,signal,resource,sys\n"
                 "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
                 "resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, resource.RLIM_INFINITY))\n"
                 "os.execv(sys.argv[1], sys.argv[1:])")
        full_disk(lambda *words: Run(folder, exchange.url, *words, wrapper=shell))
        world.settle(folder, exchange)
        orders, fills = world.compare(exchange, store)
        demand(fills > 0, "nothing was traded: this proves nothing")
        print(f"counts: {orders} orders, {fills} fills compared")


def a_disk_that_is_full_ends_the_run_and_loses_nothing():
    place = tempfile.mkdtemp(prefix="tradewind-disk-")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place],
                          capture_output=True, check=False)
    if made.returncode != 0:
        os.rmdir(place)
        return "no small disk can be made here"
    try:
        with world.world(*MARKET) as (folder, exchange, _):
            store = world.Store(place)
            filler = os.path.join(place, "filler")
            with open(filler, "wb") as file:
                file.write(bytes(2 << 20))
            full_disk(lambda *words: Run(folder, exchange.url, *words, store=place))
            os.unlink(filler)
            world.settle(folder, exchange, store=place)
            orders, fills = world.compare(exchange, store)
            demand(fills > 0, "nothing was traded: this proves nothing")
            print(f"counts: {orders} orders, {fills} fills compared")
    finally:
        subprocess.run(["umount", place], check=True)
        os.rmdir(place)
    return None


def a_database_that_another_program_locks_sends_nothing_meanwhile():
    with world.world(*MARKET) as (folder, exchange, store):
        run = Run(folder, exchange.url, *world.BUSY)
        trading(store, run)
        for seconds in (0.5, 2.0, 4.0):
            other = sqlite3.connect(store.path, timeout=20, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(0.2)  # what was durable before the lock may still be on its way
            before = len(exchange.orders())
            time.sleep(seconds)
            sent = len(exchange.orders()) - before
            other.execute("ROLLBACK")
            other.close()
            demand(sent == 0, f"{sent} orders were sent while the journal could not be written")
            if not run.alive():
                break
            trades_again(store, run, store.newest())
        ended = not run.alive()
        if ended:
            demand(run.process.returncode == 1 and "lock" in run.said(),
                   f"it ended with {run.process.returncode}: {run.said()}")
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: {'ended' if ended else 'waited'}; {orders} orders, {fills} fills compared")


def step_clock(path, seconds):
    with open(path + "-next", "w", encoding="ascii") as file:
        file.write(f"{seconds}\n")
    os.rename(path + "-next", path)


def a_clock_that_is_stepped_changes_nothing():
    with world.world(*MARKET) as (folder, exchange, store):
        clock = os.path.join(folder, "clock")
        step_clock(clock, 0)
        run = Run(folder, exchange.url, *world.BUSY,
                  environment={"LD_PRELOAD": STEPPED_CLOCK, "STEPPED_CLOCK": clock})
        trading(store, run)
        for seconds in (-3600, 7200, -86400, 0):
            step_clock(clock, seconds)
            trades_again(store, run, store.newest())
        demand(store.number("SELECT count(*) FROM journal WHERE kind = 'down'") == 0,
               "a step of the clock cost the connection")
        orders, fills = finish(folder, exchange, store, run)
        print(f"counts: {orders} orders, {fills} fills compared")
    return None


if __name__ == "__main__":
    sys.exit(world.run_cases([
        a_network_that_is_cut_is_only_a_pause, a_network_that_hangs_is_only_a_pause,
        a_venue_that_is_down_for_long_is_only_a_pause,
        a_file_that_may_not_grow_ends_the_run_and_loses_nothing,
        a_disk_that_is_full_ends_the_run_and_loses_nothing,
        a_database_that_another_program_locks_sends_nothing_meanwhile,
        a_clock_that_is_stepped_changes_nothing]))
