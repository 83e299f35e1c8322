#!/bin/sh
# e2e_rebalance.sh - `tradewind rebalance`: plans checked by a computation of their own, and what
# happens to bad input.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

# Half AAPL, half MSFT is wanted; AAPL has grown.
two_positions() {
    printf 'symbol,quantity,price\nAAPL,70,100\nMSFT,30,100\n' >held.csv
    printf 'symbol,weight\nAAPL,0.5\nMSFT,0.5\n' >wanted.csv
}

# 40 positions about their targets, some of them far away; deterministic.
many_positions() {
    python3 - <<'END'
import random
source = random.Random(5)
held, wanted = open("held.csv", "w"), open("wanted.csv", "w")
print("symbol,quantity,price", file=held)
print("symbol,weight", file=wanted)
raw = [source.randrange(10, 100) for _ in range(40)]
for i, weight in enumerate(raw):
    share = weight / sum(raw)
    price = source.randrange(500, 40000) / 100
    drift = source.choice([0.7, 0.95, 1.0, 1.05, 1.1, 1.4])
    print("S%02d,%d,%.2f" % (i, 1e6 * share * drift / price, price), file=held)
    print("S%02d,%.6f" % (i, share), file=wanted)
END
}

slow_rebalance() {
    python3 "$root/tests/support/slow_rebalance.py" out "$@"
}

what_left_its_band_is_sold_to_the_edge() {
    two_positions
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10%
    ended 0
    grep -q 'AAPL *sell *10 *100.00 *1,000.00 *above band' out || fail 'ten are sold'
    grep -q 'MSFT *buy *10 *100.00 *1,000.00 *below band' out || fail 'ten are bought'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --json
    ended 0
    slow_rebalance --positions held.csv --targets wanted.csv --cash 0 --band 0.1
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 25% --explain
    ended 0
    grep -q 'No trade is needed' out || fail 'no trade'
    grep -q 'AAPL *70.00% *50.00% *70.00% *inside band' out || fail 'every position is explained'
}

what_no_target_names_is_sold() {
    printf 'symbol,quantity,price\nAAPL,50,100\nGOOG,2,100\nMSFT,50,100\n' >held.csv
    printf 'symbol,weight\nAAPL,0.5\nMSFT,0.5\n' >wanted.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --json
    ended 0
    slow_rebalance --positions held.csv --targets wanted.csv --cash 0
    python3 -c '
import json
trades = json.load(open("out"))["trades"]
assert [(t["symbol"], t["side"], t["quantity"]) for t in trades] == [("GOOG", "sell", "2")], trades'
}

odd_lots_count_for_the_gross_limit() {
    printf 'symbol,quantity,price,lot\nA,-40,10,100\nB,100,10,1\n' >held.csv
    printf 'symbol,weight,band\nA,0,0\nB,1,50%%\n' >wanted.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 400 --short --gross-max 60% --json
    ended 1
    python3 -c 'import json; assert json.load(open("out"))["feasible"] is False'
}

wide_bands_and_lost_rows_are_told() {
    printf 'symbol,quantity,price\nA,0,100\nB,0,100\nC,10,100\n' >held.csv
    printf 'symbol,weight\nA,0.03\nB,0.9\n' >wanted.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 9000
    ended 0
    grep -q 'The targets add up to 93.00%. C is not among them, and to be sold whole.' out ||
        fail 'a lost row is told'
    grep -q '1 target is not above the band' out || fail 'a wide band is told'
}

plans_are_the_fewest_trades() {
    many_positions
    for options in '--cash 5000' '--cash 0 --cash-min 60000' '--cash 250000 --cash-max 90000' \
        '--cash 0 --cash-min 30000 --cash-max 45000'; do
        for more in '--band 0.01' '--band 0.002 --cost-bps 10'; do
            # shellcheck disable=SC2086 # they are words
            run rebalance --positions held.csv --targets wanted.csv $options $more --json
            ended 0
            # shellcheck disable=SC2086
            slow_rebalance --positions held.csv --targets wanted.csv $options $more
        done
    done
}

# Positions at the last prices of a real table and targets of the inverse of its volatilities.
plans_for_real_prices_are_the_fewest_trades() {
    prices=${TRADEWIND_DATA:-}/vectors/data/pypfopt_stock_prices.csv
    [ -r "$prices" ] || skip "TRADEWIND_DATA has no prices"
    python3 - "$prices" <<'END'
import csv, statistics, sys
rows = list(csv.reader(open(sys.argv[1])))
names, last = rows[0][1:], rows[-1][1:]
risk = []
for j in range(len(names)):
    column = [float(r[j + 1]) for r in rows[-253:]]
    risk.append(1 / statistics.stdev(b / a - 1 for a, b in zip(column, column[1:])))
held, wanted = open("held.csv", "w"), open("wanted.csv", "w")
print("symbol,quantity,price", file=held)
print("symbol,weight", file=wanted)
for j, name in enumerate(names):
    print("%s,%d,%s" % (name, 50000 / float(last[j]), last[j]), file=held)
    print("%s,%.9f" % (name, int(risk[j] / sum(risk) * 1e9) / 1e9), file=wanted)
END
    for options in '--cash 20000 --band 0.01' '--cash 0 --cash-min 100000 --band 0.02'; do
        # shellcheck disable=SC2086 # they are words
        run rebalance --positions held.csv --targets wanted.csv $options --json
        ended 0
        # shellcheck disable=SC2086
        slow_rebalance --positions held.csv --targets wanted.csv $options
    done
}

# 300 days of five names; the first is calm, the last is wild.
history() {
    python3 - >prices.csv <<'END'
import datetime, random
source = random.Random(9)
names, day = "ABCDE", datetime.date(2023, 1, 1)
prices = [50.0 + 10 * i for i in range(5)]
print("date," + ",".join(names))
for _ in range(300):
    common = source.gauss(0, 0.004)
    prices = [p * (1 + common + source.gauss(0.0003, 0.004 * (i + 1))) for i, p in enumerate(prices)]
    print("%s,%s" % (day, ",".join("%.6f" % p for p in prices)))
    day += datetime.timedelta(days=1)
END
    printf 'symbol,quantity,price\n' >held.csv
    python3 - <<'END' >>held.csv
import csv
rows = list(csv.reader(open("prices.csv")))
for name, price in zip(rows[0][1:], rows[-1][1:]):
    print("%s,%d,%s" % (name, 20000 / float(price), price))
END
}

targets_are_made_of_prices() {
    history
    run rebalance --positions held.csv --weigh inverse-volatility --prices prices.csv --cash 1000 \
        --band 1% --json
    ended 0
    python3 - <<'END'
import csv, json, statistics
rows = list(csv.reader(open("prices.csv")))
columns = list(zip(*[[float(x) for x in row[1:]] for row in rows[1:]]))
inverse = [1 / statistics.stdev([b / a - 1 for a, b in zip(c, c[1:])]) for c in columns]
plan = json.load(open("out"))
for position, value in zip(plan["positions"], inverse):
    assert abs(position["target"] - value / sum(inverse)) < 2e-9, (position, value / sum(inverse))
assert plan["targets"]["rows"] == 299 and plan["targets"]["converged"], plan["targets"]
END
    run rebalance --positions held.csv --weigh minimum-variance --prices prices.csv --cash 1000 \
        --weight-max 40% --invest 90% --covariance shrunk --json
    ended 0
    python3 -c '
import json
targets = [p["target"] for p in json.load(open("out"))["positions"]]
assert max(targets) <= 0.4 and abs(sum(targets) - 0.9) < 1e-8, targets'
}

targets_that_cannot_be_made_are_told() {
    history
    run rebalance --positions held.csv --weigh minimum-variance --prices prices.csv --cash 0 \
        --weight-max 10%
    ended 1
    run rebalance --positions held.csv --weigh risk-parity --prices prices.csv --cash 0 --weight-max 19%
    ended 1
    said 'the most weights, with what may not be bought, add up to 95.0000%'
    run rebalance --positions held.csv --weigh cleverest --prices prices.csv --cash 0
    ended 2
    said 'there is no method "cleverest"'
    run rebalance --positions held.csv --weigh equal --cash 0
    ended 2
    said '--weigh needs --prices FILE'
    printf 'Z,1,5\n' >>held.csv
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 0
    ended 1
    said 'prices.csv has no column "Z"'
}

# Columns of the positions that say what may not trade, and what a weight may be.
restricted_history() {
    history
    python3 - <<'END'
import csv
rows = list(csv.reader(open("held.csv")))
says = {"A": "sell-only,,", "B": "yes,,", "C": ",,10%", "D": "buy-only,,", "E": ",3%,"}
with open("held.csv", "w") as out:
    print("symbol,quantity,price,restricted,weight_min,weight_max", file=out)
    for row in rows[1:]:
        print(",".join(row) + "," + says[row[0]], file=out)
END
}

weights_respect_what_may_not_trade() {
    restricted_history
    printf 'group,symbol,min,max\nx,,,30%%\nx,A,,\nx,B,,\n' >groups.csv
    for method in equal inverse-volatility inverse-variance risk-parity hierarchical \
        minimum-variance maximum-diversification; do
        run rebalance --positions held.csv --weigh $method --prices prices.csv --cash 9000 --json
        ended 0
        python3 - $method <<'END'
import json, sys
plan = json.load(open("out"))
p = {x["symbol"]: x for x in plan["positions"]}
near = 2e-9
assert p["A"]["target"] <= p["A"]["weight"] + near, p["A"]
assert abs(p["B"]["target"] - p["B"]["weight"]) < near, p["B"]
assert p["C"]["target"] <= 0.1 + near and p["E"]["target"] >= 0.03 - near, p
assert p["D"]["target"] >= p["D"]["weight"] - near, p["D"]
assert abs(sum(x["target"] for x in p.values()) - 1) < 1e-8
targets = plan["targets"]
assert targets["fitted"] == (sys.argv[1] not in ("minimum-variance", "maximum-diversification"))
assert targets["held_back"] >= 1 and targets["outside_limits"] == 0, targets
END
    done
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 9000 --side buy
    ended 0
    grep -q 'may not trade further, and keep' out || fail 'what is held back is told'
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 9000 --invest 90% \
        --groups groups.csv
    grep -q 'The targets of the group x add up to 36.*above the 30.00% allowed' out ||
        fail 'a group that the weights do not keep is told'
    sed -i 's/yes,,/yes,,10%/' held.csv
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 9000
    ended 0
    grep -q 'B may not trade into the limits of its weight, which give way' out || fail 'B is told'
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 9000 --invest 30%
    ended 1
    said 'the least weights, with what may not be sold, add up to'
    sed -i 's/,10%$/,2%/; s/3%,$/3%,1%/' held.csv
    run rebalance --positions held.csv --weigh equal --prices prices.csv --cash 9000
    ended 3
    said 'held.csv:6:5: weight_min is above weight_max'
}

sales_close_tax_lots() {
    printf 'symbol,quantity,price\nA,30,100\nB,1,100\n' >held.csv
    printf 'symbol,weight\nA,0.5\nB,0.5\n' >wanted.csv
    cat >lots.csv <<'END'
symbol,quantity,price,date
A,10,90,2020-03-01
A,10,120,2024-05-20
A,10,110,2023-01-10
B,1,50,2024-01-01
END
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --aim target --lots lots.csv \
        --day 2024-06-03 --json
    ended 0
    python3 -c '
import json
lots = json.load(open("out"))["lots"]
assert [(l["bought"], l["quantity"], l["gain"], l["long_term"]) for l in lots] == [
    ("2024-05-20", "10", "-200", False), ("2023-01-10", "5", "-50", True)], lots'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --aim target --lots lots.csv \
        --day 2024-06-03 --lot-order first-in
    ended 0
    grep -q 'A *2020-03-01 *10 *100.00 *long' out || fail 'the oldest lot first'
    printf 'symbol,quantity,price,date\nA,1,90,2020-03-01\n' >lots.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --aim target --lots lots.csv
    ended 3
    said 'lots.csv: the lots of A add up to 1, and 15 are sold'
    printf 'symbol,quantity,price,date\nA,1,90,yesterday\n' >lots.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --lots lots.csv
    ended 3
    said 'lots.csv:2:4: expected a date like 2024-01-31, found "yesterday"'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --lots lots.csv --lot-order best
    ended 2
}

# Gains, less what the trades cost, are added up; and lots that are no position are named.
lots_have_totals() {
    printf 'symbol,quantity,price\nA,30,100\nB,1,100\nS,-10,50\n' >held.csv
    printf 'symbol,weight\nA,0.5\nB,0.5\nS,0\n' >wanted.csv
    cat >lots.csv <<'END'
symbol,quantity,price,date
A,10,90,2020-03-01
A,10,120,2024-05-20
A,10,110,2023-01-10
B,3,50,2024-01-01
S,-6,70,2021-02-03
S,-4,40,2024-05-30
S,-1,40,2024-06-01
END
    run rebalance --positions held.csv --targets wanted.csv --cash 500 --aim target --lots lots.csv \
        --day 2024-06-03 --cost-bps 100 --lot-order loss-first --short --json
    ended 0
    python3 - <<'END'
import json
from fractions import Fraction as F
plan = json.load(open("out"))
trades = {t["symbol"]: t for t in plan["trades"]}
lots = plan["lots"]
for symbol in ("A", "S"):
    mine = [l for l in lots if l["symbol"] == symbol]
    trade = trades[symbol]
    sign = 1 if trade["side"] == "sell" else -1
    assert sum(F(l["quantity"]) for l in mine) == sign * F(trade["quantity"]), mine
    side, price = ("proceeds", 1) if sign > 0 else ("cost", -1)
    assert sum(F(l[side]) for l in mine) == F(trade["value"]) - price * F(trade["cost"]), mine
    assert all(F(l["gain"]) == F(l["proceeds"]) - F(l["cost"]) for l in mine)
shorts = [(l["bought"], l["quantity"], l["long_term"]) for l in lots if l["symbol"] == "S"]
assert shorts[0][0] in ("2024-05-30", "2024-06-01") and not any(x[2] for x in shorts), shorts
assert "2024-05-20" == [l["bought"] for l in lots if l["symbol"] == "A"][0]
taxes = plan["taxes"]
total = lambda key, term: sum(F(l[key]) for l in lots if l["long_term"] == term)
assert taxes["year"] == 2024
assert F(taxes["gain_short"]) == total("gain", False), taxes
assert F(taxes["gain_long"]) == total("gain", True)
assert F(taxes["disallowed_short"]) == total("disallowed_loss", False)
assert F(taxes["disallowed_long"]) == total("disallowed_loss", True)
rate = {False: F(37, 100), True: F(20, 100)}
tax = sum(rate[l["long_term"]] * (F(l["gain"]) + F(l["disallowed_loss"])) for l in lots)
assert abs(F(taxes["tax"]) - tax) < F(1, 10**8), (taxes, float(tax))
assert plan["lots_amiss"] == [{"symbol": "B", "lots": "3", "position": "1"},
                              {"symbol": "S", "lots": "-11", "position": "-10"}], plan["lots_amiss"]
END
    run rebalance --positions held.csv --targets wanted.csv --cash 500 --aim target --lots lots.csv \
        --day 2024-06-03 --short
    ended 0
    grep -q '^Gains in 2024, costs taken off: short-term ' out || fail 'the totals'
    grep -q '^The lots of B add up to 3, the position is 1' out || fail 'lots that are no position'
}

what_cannot_be_is_proven() {
    two_positions
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 9000 --band 10%
    ended 1
    said 'there is no such plan'
    grep -q 'No plan exists' out || fail 'the proof'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 9000 --json
    ended 1
    python3 -c '
import json
plan = json.load(open("out"))
assert plan["feasible"] is False and plan["proven"] is True and plan["trades"] == [], plan'
}

# The limit at fault with its figures: in the document, in the table, and on standard error.
faults_are_told_with_their_figures() {
    two_positions
    cat >fault.py <<'END'
import json, sys
plan = json.load(open("out"))
fault = plan["fault"]
assert plan["feasible"] is False and plan["trades"] == [], plan
wanted = dict(pair.split("=") for pair in sys.argv[1:])
assert {k: str(v) for k, v in fault.items()} == wanted, (fault, wanted)
END
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 9000 --json
    ended 1
    python3 fault.py limit=cash_min allowed=9000 reachable=1000 missing=8000
    said 'No plan exists: after every allowed sale the cash is 1000'
    run rebalance --positions held.csv --targets wanted.csv --cash 9000 --cash-max 10 \
        --side sell --json
    ended 1
    python3 fault.py limit=cash_max allowed=10 reachable=9000 missing=8990
    printf 'group,symbol,max\ntech,,30%%\ntech,AAPL,\n' >groups.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups groups.csv --json
    ended 1
    python3 fault.py limit=group_max group=tech allowed=3000 reachable=4500 missing=1500
    said 'the value of group tech is still 4500'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups groups.csv
    ended 1
    grep -q 'LIMIT *GROUP *ALLOWED *REACHABLE *MISSING' out || fail 'a table of the fault'
    grep -q 'group_max *tech *3,000.00 *4,500.00 *1,500.00' out || fail 'its figures'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 1% --cash-min 2000 \
        --max-trades 0 --json
    ended 1
    python3 fault.py limit=cash_min allowed=2000 reachable=200 missing=1800
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 20% --cash-min 2000 \
        --max-trades 0 --json
    ended 1
    python3 fault.py limit=trades_max allowed=0 needed=1
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 20% --cash-min 2000 \
        --max-turnover 10%
    ended 1
    grep -q 'turnover_max *1,000.00 *2,000.00' out || fail 'the turnover that is needed'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 25% --cash-min 150 \
        --cash-max 160 --json
    ended 1
    python3 fault.py limit=lots
}

caps_leave_positions_outside() {
    two_positions
    run rebalance --positions held.csv --targets wanted.csv --cash 1000 --band 1% --max-trades 1
    ended 0
    grep -q '1 position stays outside the band' out || fail 'one stays outside'
    run rebalance --positions held.csv --targets wanted.csv --cash 1000 --band 1% \
        --max-turnover 8% --json
    ended 0
    python3 -c '
import json
plan = json.load(open("out"))
assert float(plan["turnover"]) <= 0.08 * 11000 and plan["outside"] >= 1, plan
assert "cap" in {p["outcome"] for p in plan["positions"]}, plan'
}

# 70 and 30 shares at 100, wanted 50% each within 10%: ten of each to trade.
orders_have_a_maximum() {
    two_positions
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --max-order 799.99 --json
    ended 0
    python3 -c '
import json
plan = json.load(open("out"))
assert [(t["symbol"], t["quantity"], t["shortened"]) for t in plan["trades"]] == [
    ("AAPL", "7", True), ("MSFT", "7", True)], plan
assert plan["shortened"] == 2 and plan["outside"] == 2 and plan["proven"], plan
assert "The most of an order keeps 2 positions outside." in plan["reason"], plan'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --max-shares 4 --explain
    ended 0
    grep -q 'AAPL *sell *4 *100.00 *400.00 *above band, cut short' out || fail 'four are sold'
    grep -q 'MSFT *30.00% *50.00% *34.00% *below band, cut short' out || fail 'and told'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --max-order 1000 --json
    ended 0
    slow_rebalance --positions held.csv --targets wanted.csv --cash 0 --band 0.1
    printf 'symbol,quantity,price,max_order,max_shares\nAAPL,70,100,,3\nMSFT,30,100,500,\n' >held.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 500 --band 10% --max-shares 8 --json
    ended 0
    python3 -c '
import json
trades = json.load(open("out"))["trades"]
assert [(t["symbol"], t["quantity"]) for t in trades] == [("AAPL", "3"), ("MSFT", "5")], trades'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --cash-min 900 --json
    ended 5
    said 'Without the most of an order there is a plan.'
    python3 -c '
import json
fault = json.load(open("out"))["fault"]
assert fault == {"limit": "cash_min", "allowed": "900", "reachable": "-200", "missing": "1100",
                 "max_order": True}, fault'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 90000
    ended 1
    printf 'symbol,quantity,price,max_shares\nAAPL,70,100,few\n' >held.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0
    ended 3
    said 'held.csv:2:4: expected a number of shares, at least 0, found "few"'
}

groups_have_limits() {
    cat >held.csv <<'END'
symbol,quantity,price
A,30,100
B,30,100
C,20,100
D,20,100
END
    printf 'symbol,weight\nA,0.25\nB,0.25\nC,0.25\nD,0.25\n' >wanted.csv
    printf 'group,symbol,parent,min,max\ntech,,,,50%%\ntech,A,,,\ntech,B,,,\nrest,,,10%%,\nrest,C,,,\n' >groups.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --json
    ended 0
    python3 -c 'import json; assert json.load(open("out"))["count"] == 0'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --band 10% --groups groups.csv --json
    ended 0
    python3 -c '
import json
plan = json.load(open("out"))
after = {p["symbol"]: p["weight_after"] for p in plan["positions"]}
assert after["A"] + after["B"] <= 0.5 and plan["count"] == 1 and plan["proven"], plan'
}

shorts_need_to_be_allowed() {
    printf 'symbol,quantity,price\nA,100,100\nB,-20,100\n' >held.csv
    printf 'symbol,weight\nA,0.9\nB,-0.3\n' >wanted.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 2000
    ended 3
    said 'held.csv:3:2: expected a quantity of at least 0 (--short allows others), found "-20"'
    run rebalance --positions held.csv --targets wanted.csv --cash 2000 --short --json
    ended 0
    python3 -c '
import json
after = {p["symbol"]: p["weight_after"] for p in json.load(open("out"))["positions"]}
assert abs(after["A"] - 0.9) <= 0.05 and abs(after["B"] + 0.3) <= 0.05, after'
}

bad_files_are_told_with_their_place() {
    two_positions
    printf 'symbol,quantity,price\nAAPL,70,\n' >bad.csv
    run rebalance --positions bad.csv --targets wanted.csv --cash 0
    ended 3
    said 'bad.csv:2:3: expected a price above 0, found nothing'
    printf 'symbol,quantity,price\nAAPL,many,100\n' >bad.csv
    run rebalance --positions bad.csv --targets wanted.csv --cash 0
    ended 3
    said 'bad.csv:2:2:'
    printf 'symbol,quantity,price\nMSFT,1,1\nAAPL,5000000000,100\n' >bad.csv
    run rebalance --positions bad.csv --targets wanted.csv --cash 0
    ended 3
    said 'bad.csv:3:2: quantity times price is beyond'
    printf 'symbol,quantity,price\nAAPL,1,1\nAAPL,2,1\n' >bad.csv
    run rebalance --positions bad.csv --targets wanted.csv --cash 0
    ended 3
    said 'bad.csv:3:1: "AAPL" is there twice'
    printf 'symbol,weight\nTSLA,0.5\n' >bad.csv
    run rebalance --positions held.csv --targets bad.csv --cash 0
    ended 3
    said 'bad.csv:2:1: there is no price of "TSLA"'
    printf 'symbol,weight\nAAPL,50\n' >bad.csv
    run rebalance --positions held.csv --targets bad.csv --cash 0
    ended 3
    said 'bad.csv:2:2: expected a weight from 0 to 1, like 0.25 or 25%, found "50"'
    printf 'symbol,weight\nAAPL,60%%\nMSFT,60%%\n' >bad.csv
    run rebalance --positions held.csv --targets bad.csv --cash 0
    ended 3
    said 'bad.csv:3:2: the weights add up to 1.2 here, which is more than 1'
    : >bad.csv
    run rebalance --positions held.csv --targets bad.csv --cash 0
    ended 3
    said 'bad.csv:1: the file is empty: expected symbol,weight[,band]'
    printf 'group,symbol\ntech,\ntech,TSLA\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:3:2: there is no position "TSLA"'
    printf 'group,symbol\ntech,\nbig,\ntech,AAPL\nbig,AAPL\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:5:2: "AAPL" is in a group already'
    printf 'group,symbol,max\ntech,,30%%\nTech,AAPL,\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:3:1: no line before this one states the group "Tech"'
    printf 'group,symbol,max\ntech,,30%%\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:2:1: no symbol and no group is in the group "tech"'
    printf 'group,symbol,max\ntech,,\ntech,AAPL,10%%\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:3:3: limits and parent of a group stand in a row without a symbol'
    printf 'group,symbol,max\ntech,,30\ntech,AAPL,\n' >bad.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --groups bad.csv
    ended 3
    said 'bad.csv:2:3: expected a weight like 0.3 or 30%, found "30"'
}

wrong_usage_is_explained() {
    two_positions
    run rebalance --targets wanted.csv --cash 0
    ended 2
    said 'give --positions FILE'
    run rebalance --positions held.csv --cash 0
    ended 2
    said 'give --targets FILE or --weigh METHOD'
    run rebalance --positions held.csv --targets wanted.csv
    ended 2
    said 'give --cash AMOUNT'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 5 --cash-max 4
    ended 2
    said '--cash-min is above --cash-max'
    run rebalance --positions - --targets - --cash 0 </dev/null
    ended 2
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --lot-order first-in
    ended 2
    said '--lot-order is for --lots FILE'
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --from 2020-01-01
    ended 2
    said '--from is for --weigh METHOD'
}

a_full_disk_is_told() {
    two_positions
    run_to /dev/full rebalance --positions held.csv --targets wanted.csv --cash 0
    ended 1
    run_to /dev/full rebalance --positions held.csv --targets wanted.csv --cash 0 --json
    ended 1
}

run_cases what_left_its_band_is_sold_to_the_edge what_no_target_names_is_sold odd_lots_count_for_the_gross_limit \
    wide_bands_and_lost_rows_are_told plans_are_the_fewest_trades \
    plans_for_real_prices_are_the_fewest_trades targets_are_made_of_prices \
    targets_that_cannot_be_made_are_told sales_close_tax_lots lots_have_totals what_cannot_be_is_proven \
    faults_are_told_with_their_figures caps_leave_positions_outside orders_have_a_maximum groups_have_limits weights_respect_what_may_not_trade shorts_need_to_be_allowed \
    bad_files_are_told_with_their_place wrong_usage_is_explained a_full_disk_is_told
