#!/bin/sh
# e2e_risk.sh - `tradewind risk`: its figures beside those of NumPy, and what happens to bad input.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

# Twelve days of three names; C begins on the third.
few_prices() {
    cat <<'END'
date,A,B,C
2024-01-01,100,50,
2024-01-02,101,49,
2024-01-03,103,51,20
2024-01-04,99,52,21
2024-01-05,98,50,20.5
2024-01-08,102,53,20
2024-01-09,104,52,19
2024-01-10,103,54,19.5
2024-01-11,107,55,20
2024-01-12,105,53,21
2024-01-15,106,54,22
2024-01-16,108,56,21.5
END
}

# A market of 12 names over 700 days, the last of which begins late, with holes.
many_prices() {
    python3 - <<'END'
import datetime, random
source = random.Random(3)
names = ["N%02d" % i for i in range(12)]
prices = {name: 20.0 + 5 * i for i, name in enumerate(names)}
day = datetime.date(2020, 1, 1)
print("date," + ",".join(names))
for row in range(700):
    common = source.gauss(0.0004, 0.009)
    cells = []
    for i, name in enumerate(names):
        prices[name] *= 1 + common * (0.5 + i / 10) + source.gauss(0, 0.006 + 0.001 * i)
        hole = i == 11 and row < 90 or i == 4 and row in (200, 201, 340)
        cells.append("" if hole else "%.6f" % prices[name])
    print("%s,%s" % (day, ",".join(cells)))
    day += datetime.timedelta(days=1)
END
}

# The python that has NumPy.
numpy_python() {
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import numpy' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

# The last document beside a computation that shares nothing with the library.
agrees_with_numpy() {
    python=$(numpy_python)
    [ -n "$python" ] || skip "there is no NumPy (python3-numpy)"
    "$python" "$root/tests/support/slow_risk.py" out "$@"
}

figures_agree_with_numpy() {
    many_prices >prices.csv
    run risk --prices prices.csv --json
    ended 0
    agrees_with_numpy --prices prices.csv
    printf 'symbol,weight\nN01,0.5\nN03,-0.2\nN04,0.4\nN11,0.6\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv --benchmark N00 --risk-free 3%/year \
        --minimum 0.01/year --confidence 0.9,0.975 --json
    ended 0
    agrees_with_numpy --prices prices.csv --weights weights.csv --benchmark N00 --risk-free 0.03 \
        --minimum 0.01
}

figures_of_real_prices_agree_with_numpy() {
    prices=${TRADEWIND_DATA:-}/vectors/data/pypfopt_stock_prices.csv
    [ -r "$prices" ] || skip "TRADEWIND_DATA has no prices"
    run risk --prices "$prices" --json
    ended 0
    agrees_with_numpy --prices "$prices"
    run risk --prices "$prices" --benchmark GOOG --periods 250 --json
    ended 0
    agrees_with_numpy --prices "$prices" --benchmark GOOG --periods 250
}

returns_and_prices_say_the_same() {
    few_prices >prices.csv
    python3 - prices.csv >returns.csv <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
print(",".join(rows[0]))
for a, b in zip(rows[1:], rows[2:]):
    print(b[0] + "," + ",".join(repr(float(y) / float(x) - 1) if x and y else "" for x, y in zip(a[1:], b[1:])))
END
    run risk --prices prices.csv --json
    mv out expected
    run risk --returns returns.csv --json
    ended 0
    python3 - <<'END'
import json
def numbers(value, where=""):
    if isinstance(value, dict):
        return {k: v for key in value for k, v in numbers(value[key], where + "/" + key).items()}
    if isinstance(value, list):
        return {k: v for i, x in enumerate(value) for k, v in numbers(x, where + "/%d" % i).items()}
    return {where: value}
a, b = (numbers(json.load(open(name))) for name in ("expected", "out"))
assert a.keys() == b.keys()
for key in a:
    same = abs(a[key] - b[key]) <= 1e-12 * abs(a[key]) if isinstance(a[key], float) else a[key] == b[key]
    assert same, (key, a[key], b[key])
END
}

positions_are_weighed_at_their_prices() {
    few_prices >prices.csv
    printf 'symbol,quantity,price\nA,10,108\nB,-5,56\nC,20,21.5\n' >positions.csv
    run risk --prices prices.csv --positions positions.csv --cash 270 --json
    ended 0
    python3 - <<'END'
import json
weights = {c["symbol"]: c["weight"] for c in json.load(open("out"))["contributions"]}
total = 1080 - 280 + 430 + 270
for name, value in (("A", 1080), ("B", -280), ("C", 430)):
    assert abs(weights[name] - value / total) < 1e-15, weights
END
}

rows_are_chosen_by_date() {
    few_prices >prices.csv
    run risk --prices prices.csv --from 2024-01-05 --to 2024-01-15
    ended 0
    grep -q '2024-01-05 to 2024-01-15: 7 rows' out || fail 'seven rows'
    run risk --prices prices.csv --from 2025-01-01
    ended 3
    said 'prices.csv has no return in the time that was asked for'
}

missing_returns_are_counted_or_refused() {
    few_prices >prices.csv
    run risk --prices prices.csv
    ended 0
    grep -q '2 rows lack a return of what is held and are left out; C alone lacks 2' out ||
        fail 'the rows without C are told'
    run risk --prices prices.csv --missing fail
    ended 3
    printf 'symbol,weight\nA,0.5\nB,0.5\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv --missing fail
    ended 0
    grep -q '11 rows' out || fail 'what is not held may be missing'
}

bad_files_are_told_with_their_place() {
    few_prices >prices.csv
    sed '4s/51/-51/' prices.csv >bad.csv
    run risk --prices bad.csv
    ended 3
    said 'bad.csv:4:3: a price must be above zero, found -51'
    sed '5s/99/x/' prices.csv >bad.csv
    run risk --prices bad.csv
    ended 3
    said 'bad.csv:5:2: expected a finite number or nothing, found "x"'
    sed '5s/,21$/,inf/' prices.csv >bad.csv
    run risk --prices bad.csv
    ended 3
    said 'bad.csv:5:4: expected a finite number'
    printf 'symbol,weight\nA,0.5\nD,0.5\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv
    ended 3
    said 'weights.csv:3:1: prices.csv has no column "D"'
    printf 'symbol,weight\nA,0.5\nA,0.5\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv
    ended 3
    said 'weights.csv:3:1: "A" is there twice'
    printf 'symbol,share\nA,0.5\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv
    ended 3
    said 'weights.csv:1:2: there is no column "share": expected symbol,weight[,band]'
    printf 'symbol,weight\nA,0\nB,0\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv
    ended 3
    said 'every weight is zero'
    run risk --prices no.csv
    ended 1
    said 'no.csv'
    run risk --prices .
    ended 3
}

wrong_usage_is_explained() {
    few_prices >prices.csv
    run risk
    ended 2
    said 'give --returns FILE or --prices FILE'
    run risk --prices prices.csv --returns prices.csv
    ended 2
    said 'not both'
    run risk --prices prices.csv --risk-free 0.02
    ended 2
    said '"0.02" is no rate with a unit: write 0.02/year, 2%/year or 0.0001/period'
    run risk --prices prices.csv --confidence 0.95,5
    ended 2
    said 'numbers between 0.5 and 1'
    run risk --prices prices.csv --benchmark D
    ended 1
    said 'prices.csv has no column "D"'
    run risk --prices prices.csv --plot prices.csv
    ended 2
    run risk --prices - --weights - <prices.csv
    ended 2
    said 'two files cannot both be standard input'
}

one_row_and_constant_prices_have_no_deviation() {
    printf 'date,A\n2024-01-01,1\n2024-01-02,2\n' >prices.csv
    run risk --prices prices.csv --json
    ended 0
    python3 -c '
import json
p = json.load(open("out"))["portfolio"]
assert p["volatility"] is None and p["sharpe"] is None and p["total_return"] == 1, p'
    printf 'date,A\n2024-01-01,2\n2024-01-02,2\n2024-01-03,2\n' >prices.csv
    run risk --prices prices.csv --json
    ended 0
    python3 -c '
import json
p = json.load(open("out"))["portfolio"]
assert p["volatility"] == 0 and p["sharpe"] is None and p["max_drawdown"] == 0, p'
}

packed_files_and_pipes_are_read() {
    many_prices >prices.csv
    run risk --prices prices.csv --json
    mv out expected
    gzip -c prices.csv >prices.gz
    run risk --prices prices.gz --json
    ended 0
    cmp expected out
    "$tradewind" risk --prices - --json <prices.csv >out
    cmp expected out
}

the_risk_may_be_drawn() {
    command -v gnuplot >/dev/null || exit 77
    many_prices >prices.csv
    run risk --prices prices.csv --benchmark N00 --plot risk.png
    ended 0
    [ ! -s err ] || fail 'gnuplot has nothing to complain of'
    [ "$(head -c 8 risk.png | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail 'a picture'
    few_prices >prices.csv
    run risk --prices prices.csv --plot few.png
    ended 2
    said '--rolling 63: there are 9 rows, and a window has to be shorter'
    [ ! -e few.png ] || fail 'there is no picture'
    sed '1s/.*/date,"A`id`,B B,C'"'"'s/' prices.csv >odd.csv
    run risk --prices odd.csv --rolling 3 --plot odd.png
    ended 0
    [ ! -s err ] || fail 'odd names are drawn'
}

crises_and_shocks_are_tried() {
    python3 - >prices.csv <<'END'
import datetime
day, price = datetime.date(2020, 1, 2), 100.0
print("date,A,B,C")
while day < datetime.date(2020, 6, 1):
    fall = datetime.date(2020, 2, 24) <= day <= datetime.date(2020, 3, 20)
    price *= 0.98 if fall else 1.001
    print("%s,%.6f,50,%s" % (day, price, "" if fall else "20"))
    day += datetime.timedelta(days=1)
END
    printf 'symbol,weight\nA,0.5\nB,0.3\nC,0.2\n' >weights.csv
    run risk --prices prices.csv --weights weights.csv --stress
    ended 0
    grep -q 'covid_2020 .*A *without 1 asset, 20.0% of weight' out || fail 'a crisis is replayed'
    printf 'scenario,symbol,return\nfall,A,-20%%\nfall,B,0.1\nrise,A,0.5\n' >shocks.csv
    run risk --prices prices.csv --weights weights.csv --shocks shocks.csv --json
    ended 0
    python3 -c '
import json
stress = {s["name"]: s["loss"] for s in json.load(open("out"))["stress"]}
assert abs(stress["fall"] - (0.5 * 0.2 - 0.3 * 0.1)) < 1e-12 and abs(stress["rise"] + 0.25) < 1e-12, stress'
    run risk --prices prices.csv --from 2020-04-15 --stress
    ended 0
    grep -q 'No crisis that is known by name lies within these rows' out || fail 'none is covered'
    printf 'scenario,symbol,return\n' >shocks.csv
    run risk --prices prices.csv --shocks shocks.csv
    ended 3
    said 'there is no shock after the header'
    printf 'scenario,symbol,return\nfall,A,-2\n' >shocks.csv
    run risk --prices prices.csv --shocks shocks.csv
    ended 3
    said 'shocks.csv:2:3: expected a return from -1 on'
    printf 'scenario,symbol,return\nfall,D,-0.2\n' >shocks.csv
    run risk --prices prices.csv --shocks shocks.csv
    ended 3
    said 'shocks.csv:2:2: there is no asset "D"'
    printf 'scenario,symbol,return\nx,A,0.1\ny,A,0.1\nx,B,0.1\n' >shocks.csv
    run risk --prices prices.csv --shocks shocks.csv
    ended 3
    said 'shocks.csv:4:1: the rows of the scenario "x" do not stand together'
}

# Changes of three factors in the time of many_prices, without some of its days and with a hole.
factor_changes() {
    python3 - <<'END'
import datetime, random
source = random.Random(4)
day = datetime.date(2019, 12, 20)
print("date,MARKET,RATE,OIL")
for row in range(800):
    market = source.gauss(0, 0.01)
    cells = "%.17g,%.9f,%s" % (market, 0.3 * market + source.gauss(0, 0.002),
                              "" if row == 300 else "%.6f" % source.gauss(0, 0.02))
    if row % 40 != 7:
        print("%s,%s" % (day, cells))
    day += datetime.timedelta(days=1)
END
}

shocks_of_factors_reach_the_assets() {
    many_prices >prices.csv
    factor_changes >factors.csv
    printf 'symbol,weight\nN01,0.5\nN03,-0.2\nN04,0.4\nN11,0.6\n' >weights.csv
    cat >shocks.csv <<'END'
scenario,symbol,return
crash,MARKET,-0.2
crash,OIL,-0.4
crash,N03,-0.05
hike,RATE,0.01
one,N01,-0.3
END
    run risk --prices prices.csv --weights weights.csv --factors factors.csv --shocks shocks.csv --json
    ended 0
    agrees_with_numpy --prices prices.csv --weights weights.csv --factors factors.csv \
        --shocks shocks.csv
    run risk --prices prices.csv --weights weights.csv --factors factors.csv --shocks shocks.csv
    ended 0
    grep -q '^MARKET  *-*[0-9.]* ' out || fail 'an exposure is shown'
    grep -q '^crash .* by 2 factors' out || fail 'it is said what moved'
    run risk --prices prices.csv --shocks shocks.csv
    ended 3
    said 'shocks.csv:2:2: there is no asset "MARKET"'
    run risk --prices prices.csv --factors - --shocks - <factors.csv
    ended 2
    sed '1s/OIL/N03/' factors.csv >named.csv
    run risk --prices prices.csv --factors named.csv
    ended 3
    said 'named.csv:1:4: "N03" is an asset, too'
    sed 's/,\([^,]*\),.*/,\1,\1,0/;1s/.*/date,X,Y,Z/' factors.csv >same.csv
    run risk --prices prices.csv --factors same.csv
    ended 3
    said '"Y" does not vary in the rows that count, or follows from the factors before it'
    head -4 factors.csv >few.csv
    run risk --prices prices.csv --factors few.csv
    ended 3
    printf 'scenario,symbol,return\nx,OIL,-0.1\nx,OIL,0.1\n' >shocks.csv
    run risk --prices prices.csv --factors factors.csv --shocks shocks.csv
    ended 3
    said 'shocks.csv:3:2: "OIL" is twice in the scenario'
}

forecasts_are_tested() {
    many_prices >prices.csv
    run risk --prices prices.csv --backtest 100 --confidence 0.95 --json
    ended 0
    python3 -c '
import json
tests = json.load(open("out"))["backtests"]
assert [t["method"] for t in tests] == ["historical", "gaussian", "cornish_fisher",
                                        "filtered_historical"], tests
for t in tests:
    assert t["forecasts"] == 504 and abs(t["expected"] - 25.2) < 1e-9, t
    assert 0 <= t["unconditional"]["p_value"] <= 1 and 5 < t["exceedances"] < 60, t'
    run risk --prices prices.csv --backtest 900
    ended 2
    said '--backtest 900: there are 604 rows, and none is behind such a window'
}

# The methods that know deviations only grow with the root of time.
horizons_are_longer_periods() {
    many_prices >prices.csv
    run risk --prices prices.csv --horizon 4 --json
    ended 0
    mv out four
    run risk --prices prices.csv --json
    python3 -c '
import json
one, four = (json.load(open(f))["portfolio"] for f in ("out", "four"))
mean = one["mean"] / 252
for a, b in zip(one["var"], four["var"]):
    assert a["horizon"] == 1 and b["horizon"] == 4
    if a["method"] == "gaussian":
        assert abs((b["value"] + 4 * mean) - 2 * (a["value"] + mean)) < 1e-12, (a, b)'
}

the_same_seed_is_the_same_report() {
    many_prices >prices.csv
    run risk --prices prices.csv --seed 7 --threads 1 --json
    ended 0
    mv out first
    run risk --prices prices.csv --seed 7 --threads 2 --json
    cmp first out
    run risk --prices prices.csv --seed 8 --json
    if cmp -s first out; then fail 'another seed draws other paths'; fi
    run risk --prices prices.csv --paths 0 --json
    ended 0
    if grep -q '"method":"monte_carlo"' out; then fail 'no paths, no Monte Carlo'; fi
    run risk --prices prices.csv --distribution student --degrees 4 --confidence 0.999
    ended 0
    grep -q monte_carlo out || fail 'fat tails'
}

every_result_carries_its_conventions() {
    few_prices >prices.csv
    run risk --prices prices.csv --risk-free 2%/year --minimum 0.0001/period --seed 9 --paths 5000 \
        --distribution student --degrees 4 --backtest 5 --json
    ended 0
    python3 -c '
import json
d = json.load(open("out"))
c = d["conventions"]
assert c["risk_free"] == {"value": 0.02, "unit": "year", "per_period": 0.02 / 252}, c
assert c["minimum_acceptable"] == {"value": 0.0001, "unit": "period", "per_period": 0.0001}, c
assert (c["paths"], c["seed"], c["distribution"], c["degrees"]) == (5000, 9, "student", 4), c
assert c["filter_decay"] == 0.94 and c["quantile_type"] == 7 and c["periods_per_year"] == 252, c
f = d["figure_conventions"]
assert f["risk_free"] == c["risk_free"] and f["quantile_type"] == 7 and f["tail"] == 0.05, f
assert all(test["window"] == 5 for test in d["backtests"]) and d["backtests"]
own, all_of = d["portfolio"], d["figures"]
for a, b in (("mean", "mean_annual"), ("volatility", "volatility_annual"), ("omega", "omega"),
             ("sharpe", "sharpe_annual"), ("sortino", "sortino_annual"), ("cagr", "cagr"),
             ("skewness", "skewness_sample"), ("max_drawdown", "max_drawdown")):
    assert own[a] == all_of[b], (a, own[a], all_of[b])'
    run risk --prices prices.csv --risk-free 2%/year --seed 9 --paths 5000 --backtest 5
    ended 0
    grep -q 'Rates: free of risk 2%/year, least acceptable 0%/year' out || fail 'rates have a unit'
    grep -q 'Historical: linear quantile, type 7' out || fail 'the kind of quantile'
    grep -q 'Filtered: decay 0.94' out || fail 'the decay'
    grep -q 'Monte Carlo: 5,000 paths, normal, seed 9' out || fail 'paths and seed'
    grep -q 'Each forecast is from the 5 rows before it' out || fail 'the window of the test'
}

messages_name_assets_and_dates() {
    few_prices >prices.csv
    run risk --prices prices.csv --missing fail
    ended 3
    said 'prices.csv: the return of C on 2024-01-02 is missing'
    printf 'date,A,B\n2024-01-01,0.01,0.02\n2024-01-02,0.01,1e70\n' >returns.csv
    run risk --returns returns.csv
    ended 3
    said 'returns.csv: the return of B on 2024-01-02 is beyond 1e+60'
    printf 'date,A,B\n2024-01-01,0.01,1e70\n2024-01-02,0.01,0.02\n' >returns.csv
    run risk --returns returns.csv --benchmark B
    ended 3
    said 'returns.csv: the return of B on 2024-01-01 is beyond 1e+60'
}

a_full_disk_is_told() {
    few_prices >prices.csv
    run_to /dev/full risk --prices prices.csv
    ended 1
    run_to /dev/full risk --prices prices.csv --json
    ended 1
}

run_cases figures_agree_with_numpy figures_of_real_prices_agree_with_numpy \
    returns_and_prices_say_the_same positions_are_weighed_at_their_prices rows_are_chosen_by_date \
    missing_returns_are_counted_or_refused bad_files_are_told_with_their_place \
    wrong_usage_is_explained one_row_and_constant_prices_have_no_deviation \
    packed_files_and_pipes_are_read the_risk_may_be_drawn crises_and_shocks_are_tried \
    shocks_of_factors_reach_the_assets forecasts_are_tested horizons_are_longer_periods \
    the_same_seed_is_the_same_report every_result_carries_its_conventions \
    messages_name_assets_and_dates a_full_disk_is_told
