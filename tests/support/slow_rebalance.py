#!/usr/bin/env python3
"""slow_rebalance.py - a plan of `tradewind rebalance`, checked and bounded again with fractions.

    slow_rebalance.py REPORT.json --positions FILE --targets FILE --cash AMOUNT [--cash-min A]
                      [--cash-max A] [--band P] [--relative] [--lot N] [--cost-bps N]

REPORT.json is what `tradewind rebalance --json` printed with the same options (absolute bands
unless --relative, to the nearest edge). Computed again, and compared:

- the lots that each position may trade (its band, rounded inwards to whole lots);
- that each trade is within its range and moves a position that has to, or one that is needed;
- values, costs, turnover and the cash after, exactly;
- the fewest trades: those outside their band, and of the others the least number whose greatest
  proceeds (or purchases) cover what the cash lacks: no plan has fewer;
- the least turnover: the way to the nearest edges and the distance that is left to the window.

Prints each fault and a last line; exits with 1 if there is one. Nothing is shared with the library.
"""

import argparse
import csv
import json
import math
import sys
from fractions import Fraction

CENT = Fraction(1, 100)
NANO = 10**9


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def down(value):
    return Fraction(math.floor(value * NANO), NANO)


def up(value):
    return Fraction(math.ceil(value * NANO), NANO)


class Position:
    def __init__(self, row, options):
        self.name = row["symbol"]
        self.quantity = Fraction(row["quantity"])
        self.price = Fraction(row["price"])
        self.lot = Fraction(row.get("lot") or options.lot)
        self.weight = Fraction(0)
        self.band = options.band

    def set_range(self, equity, relative):
        reach = self.weight * self.band if relative else self.band
        low = max(self.weight - reach, Fraction(0)) * equity / self.price
        high = (self.weight + reach) * equity / self.price
        self.lots_min = math.ceil((up(low) - self.quantity) / self.lot)
        self.lots_max = math.floor((down(high) - self.quantity) / self.lot)
        if self.lots_min > self.lots_max:
            sys.exit(f"{self.name}: no whole lot in its band; this check is not for such")

    def must_trade(self):
        return self.lots_min > 0 or self.lots_max < 0

    def nearest(self):
        return self.lots_min if self.lots_min > 0 else self.lots_max if self.lots_max < 0 else 0

    def value(self, lots):
        product = abs(lots) * self.lot * self.price
        return up(product) if lots > 0 else down(product)

    def cash_use(self, lots, rate):
        value = self.value(lots)
        return value + up(value * rate) if lots > 0 else up(value * rate) - value


def fewest(positions, use_min, use_max, rate):
    """Trades that no plan can do without, or None if no plan exists."""
    outside = [p for p in positions if p.must_trade()]
    inside = [p for p in positions if not p.must_trade()]
    least = sum(p.cash_use(p.lots_min, rate) for p in outside)
    most = sum(p.cash_use(p.lots_max, rate) for p in outside)
    lacking, offers = Fraction(0), []
    if least > use_max:
        lacking, offers = least - use_max, [-p.cash_use(p.lots_min, rate) for p in inside]
    elif most < use_min:
        lacking, offers = use_min - most, [p.cash_use(p.lots_max, rate) for p in inside]
    count = len(outside)
    for offer in sorted(offers, reverse=True):
        if lacking <= 0:
            break
        lacking -= max(offer, Fraction(0))
        count += 1
    return None if lacking > 0 else count


def least_turnover(positions, use_min, use_max, rate):
    home = [(p, p.nearest()) for p in positions if p.must_trade()]
    total = sum(p.cash_use(lots, rate) for p, lots in home)
    distance = max(total - use_max, use_min - total, Fraction(0))
    return sum(p.value(lots) for p, lots in home) + distance / (1 + rate)


class Comparison:
    def __init__(self):
        self.count = 0
        self.faults = 0

    def holds(self, what, truth):
        self.count += 1
        if not truth:
            self.faults += 1
            print(what)

    def near(self, what, found, expected):
        self.holds(f"{what}: {float(found)}, not {float(expected)}",
                   abs(found - expected) <= Fraction(1, NANO) * max(1, abs(expected)))


def check_trades(comparison, report, positions, rate):
    """Returns the cash that all trades use."""
    by_name = {p.name: p for p in positions}
    traded, total, turnover, cost = set(), Fraction(0), Fraction(0), Fraction(0)
    for trade in report["trades"]:
        p = by_name[trade["symbol"]]
        lots = Fraction(trade["quantity"]) / p.lot * (1 if trade["side"] == "buy" else -1)
        value = p.value(lots)
        comparison.holds(f"{p.name} trades twice", p.name not in traded)
        comparison.holds(f"{p.name} trades {lots} lots, which is not whole", lots.denominator == 1)
        comparison.holds(f"{p.name} trades {lots} lots, outside of {p.lots_min} to {p.lots_max}",
                         p.lots_min <= lots <= p.lots_max)
        comparison.near(f"{p.name} value", Fraction(trade["value"]), value)
        comparison.near(f"{p.name} cost", Fraction(trade["cost"]), up(value * rate))
        traded.add(p.name)
        total += p.cash_use(lots, rate)
        turnover += value
        cost += up(value * rate)
    for p in positions:
        comparison.holds(f"{p.name} is outside its band and does not trade",
                         p.name in traded or not p.must_trade())
    comparison.near("turnover", Fraction(report["turnover"]), turnover)
    comparison.near("cost", Fraction(report["cost"]), cost)
    return total


def check_plan(comparison, report, positions, options):
    rate = Fraction(options.cost_bps) / 10000
    use_max = options.cash - options.cash_min
    use_min = options.cash - options.cash_max if options.cash_max is not None else -Fraction(10**18)
    count = fewest(positions, use_min, use_max, rate)
    comparison.holds(f"feasible is {report['feasible']}", report["feasible"] == (count is not None))
    if count is None or not report["feasible"]:
        return
    total = check_trades(comparison, report, positions, rate)
    after = options.cash - total
    comparison.near("cash after", Fraction(report["cash_after"]), after)
    comparison.holds(f"the cash after, {float(after)}, is outside its window",
                     after >= options.cash_min and (options.cash_max is None or after <= options.cash_max))
    comparison.holds(f"{report['count']} trades, not {count}",
                     report["count"] == count == len(report["trades"]) == report["lower_bound"])
    bound = least_turnover(positions, use_min, use_max, rate)
    comparison.holds(f"a bound of {report['turnover_bound']} on the turnover is above {float(bound)}",
                     Fraction(report["turnover_bound"]) <= bound + CENT)
    dearest = max(p.price * p.lot for p in positions)
    comparison.holds(f"a turnover of {report['turnover']} is a lot above the least, {float(bound)}",
                     Fraction(report["turnover"]) <= bound + dearest * (1 + rate))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("--positions", required=True)
    parser.add_argument("--targets", required=True)
    parser.add_argument("--cash", type=Fraction, required=True)
    parser.add_argument("--cash-min", type=Fraction, default=Fraction(0))
    parser.add_argument("--cash-max", type=Fraction)
    parser.add_argument("--band", type=Fraction, default=Fraction(5, 100))
    parser.add_argument("--relative", action="store_true")
    parser.add_argument("--lot", default="1")
    parser.add_argument("--cost-bps", default="0")
    options = parser.parse_args()
    with open(options.report) as file:
        report = json.load(file)
    positions = [Position(row, options) for row in rows_of(options.positions)]
    by_name = {p.name: p for p in positions}
    named = {row["symbol"] for row in rows_of(options.targets)}
    for p in positions:
        p.band = options.band if p.name in named else Fraction(0)
    for row in rows_of(options.targets):
        by_name[row["symbol"]].weight = down(Fraction(row["weight"]))
        if row.get("band"):
            by_name[row["symbol"]].band = Fraction(row["band"])
    equity = down(options.cash + sum(p.quantity * p.price for p in positions))
    for p in positions:
        p.set_range(equity, options.relative)
    comparison = Comparison()
    comparison.near("equity", Fraction(report["equity"]), equity)
    check_plan(comparison, report, positions, options)
    print(f"{comparison.count} figures, {comparison.faults} differ")
    return 1 if comparison.faults else 0


if __name__ == "__main__":
    sys.exit(main())
