#!/bin/sh
# e2e_limits.sh - `tradewind rebalance --limits`: plans under limits that overlap, checked by a
# computation of their own; solvers that are missing, fail or hang; and bad files.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

# Five positions in sectors, countries and a factor. One window and one limit cannot both be met by
# the position that is best for either.
portfolio() {
    printf 'symbol,quantity,price\nAAPL,210,182.50\nMSFT,95,410.20\nGOOG,160,171.00\n' >held.csv
    printf 'XOM,300,113.40\nSAP,100,190\n' >>held.csv
    printf 'symbol,weight\nAAPL,22%%\nMSFT,22%%\nGOOG,22%%\nXOM,18%%\nSAP,10%%\n' >wanted.csv
    cat >limits.csv <<'END'
limit,symbol,factor,min,max,min_amount,max_amount
technology,,,,70%,,
technology,AAPL,,,,,
technology,MSFT,,,,,
technology,GOOG,,,,,
technology,SAP,,,,,
europe,,,,15%,22000,40000
europe,SAP,,,,,
beta,,,85%,102%,,
beta,*,1,,,,
beta,XOM,0.8,,,,
beta,AAPL,1.2,,,,
END
}

plan() {
    run rebalance --positions held.csv --targets wanted.csv --cash 9000 --cash-min 500 \
        --cash-max 40000 --band 6% --cost-bps 5 --limits limits.csv "$@"
}

# Every limit, the cash and the bands hold after the trades of ./out, and the counts agree.
check_plan() {
    python3 - "$@" <<'END'
import csv, json, sys
from fractions import Fraction as F
d = json.load(open("out"))
held = {r["symbol"]: (F(r["quantity"]), F(r["price"])) for r in csv.DictReader(open("held.csv"))}
part = lambda s: F(s.rstrip("%")) / (100 if s.endswith("%") else 1)
wanted = {r["symbol"]: part(r["weight"]) for r in csv.DictReader(open("wanted.csv"))}
after = {s: q for s, (q, _) in held.items()}
cash = F(9000)
for t in d["trades"]:
    sign = 1 if t["side"] == "buy" else -1
    after[t["symbol"]] += sign * F(t["quantity"])
    cash -= sign * F(t["value"]) + F(t["cost"])
equity = sum(q * p for q, p in held.values()) + 9000
assert d["feasible"] and F(d["cash_after"]) == cash and 500 <= cash <= 40000, cash
for s, (q, p) in held.items():
    assert abs(after[s] * p / equity - wanted[s]) <= F(6, 100) or q == after[s], s
limits, order = {}, []
for r in csv.DictReader(open("limits.csv")):
    if r["symbol"] == "":
        limits[r["limit"]] = (r, {})
        order.append(r["limit"])
    else:
        limits[r["limit"]][1][r["symbol"]] = F(r["factor"] or 1)
for told in d["limits"]:
    row, members = limits[told["limit"]]
    worth = sum(members.get(s, members.get("*", F(0))) * q * held[s][1] for s, q in after.items())
    assert abs(F(told["after"]) - worth) < F(1, 10**6), (told, float(worth))
    for key, share, sign in (("min", False, 1), ("min_amount", True, 1),
                             ("max", False, -1), ("max_amount", True, -1)):
        if row[key] != "":
            bound = F(row[key]) if share else part(row[key]) * equity
            assert sign * worth >= sign * bound, (told, key)
assert [t["limit"] for t in d["limits"]] == order
p = d["proof"]
assert d["count"] == len(d["trades"]) == p["gap"] + max(p["bound"], p["solver_bound"]), p
assert d["lower_bound"] == max(p["bound"], p["solver_bound"])
for wish in sys.argv[1:]:
    assert eval(wish), (wish, p)
END
}

limits_hold_with_and_without_a_solver() {
    portfolio
    plan --cbc off --json
    ended 0
    check_plan 'p["solver"] == ""' 'p["by"] in ("none", "exact")'
    own=$(python3 -c 'import json; print(json.load(open("out"))["count"])')
    if [ -x /usr/bin/cbc ]; then
        plan --json
        ended 0
        check_plan 'p["gap"] == 0' 'p["by"] in ("solver", "exact")' "d['count'] <= $own"
    fi
    plan --cbc off
    ended 0
    grep -q '^Bound: at least [0-9]* trades* by whole numbers' out || fail 'the bound is shown'
    grep -q 'a gap of [0-9]' out || fail 'the gap is shown'
    grep -q 'europe  *19,000.00' out || fail 'every limit is shown'
}

limits_that_cannot_be_met_are_named() {
    portfolio
    sed -i 's/^europe,,.*/europe,,,45%,,,/' limits.csv
    plan
    ended 1
    grep -q 'cannot bring the limit "europe" into its bounds' out || fail 'it is named'
    said 'there is no such plan'
    plan --json
    ended 1
    python3 -c '
import json
d = json.load(open("out"))
assert d["feasible"] is False and d["proof"]["by"] == "exact" and d["trades"] == [], d'
}

# A limit and a cash window that each can be met, but not both: no row proves that by itself.
together() {
    printf 'symbol,quantity,price\nA,50,10\nB,30,10\nC,20,10\n' >held.csv
    printf 'symbol,weight,band\nA,50%%,30%%\nB,30%%,30%%\nC,20%%,5%%\n' >wanted.csv
    printf 'limit,symbol,min\nab,,79%%\nab,A,\nab,B,\n' >limits.csv
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min 150 \
        --limits limits.csv "$@"
}

what_only_a_solver_can_prove_is_told_apart() {
    together --cbc off
    ended 1
    grep -q 'No more is proven: --cbc off' out || fail 'no solver was asked'
    said 'no such plan was found'
    [ -x /usr/bin/cbc ] || return 0
    together
    ended 1
    grep -q 'No plan exists, as the solver found' out || fail 'by the solver'
    said 'there is no such plan'
    (
        trap '' CHLD
        together
        ended 1
        grep -q 'No plan exists, as the solver found' out
    ) || fail 'SIGCHLD ignored by who started it'
}

solver() {
    printf '#!/bin/sh\n%s\n' "$1" >solver
    chmod 700 solver
}

a_solver_that_fails_takes_nothing_away() {
    together --cbc "$PWD/none"
    ended 1
    said 'there is no solver'
    said 'apt-get install coinor-cbc'
    together --cbc ./none
    ended 2
    said 'must be a name or an absolute path'
    solver 'echo no licence; exit 3'
    together --cbc "$PWD/solver"
    ended 1
    grep -q 'No more is proven: .* ended with status 3: no licence' out || fail 'its end is told'
    solver 'sleep 60'
    together --cbc "$PWD/solver" --solve-for 200ms
    ended 1
    grep -q 'No more is proven: .* was ended at its deadline of 0.2 s' out || fail 'the deadline'
    chmod 777 solver
    TRADEWIND_CBC=$PWD/solver together
    ended 1
    said 'others may change'
}

an_interruption_ends_the_solver() {
    solver "echo \$\$ >$PWD/process; sleep 60"
    : >process
    together_arguments="--positions held.csv --targets wanted.csv --cash 0 --cash-min 150"
    together --cbc off
    # shellcheck disable=SC2086 # words
    "$tradewind" rebalance $together_arguments --limits limits.csv --cbc "$PWD/solver" \
        >out 2>err &
    ours=$!
    eventually [ -s process ]
    kill -INT "$ours"
    wait_for "$ours"
    ended 130
    kill -0 "$(cat process)" 2>/dev/null && fail 'the solver is still there'
    said 'interrupted'
}

# refused TEXT ROWS: this file is bad input.
refused() {
    portfolio
    printf '%b' "$2" >limits.csv
    plan
    ended 3
    said "$1"
}

bad_files_are_named() {
    head='limit,symbol,factor,min,max,min_amount,max_amount\n'
    refused 'limits.csv:1:1: there is no column "group"' 'group,symbol\n'
    refused 'limits.csv:1: there is no limit after the header' "$head"
    refused 'limits.csv:2:1: the limit has neither a min nor a max' "${head}a,,,,,,\n"
    refused 'limits.csv:2:1: the limit has a min above its max' "${head}a,,,3%,2%,,\n"
    refused 'limits.csv:2:4: expected a share like 0.3' "${head}a,,,3,,,\n"
    refused 'limits.csv:2:3: a factor stands in a row with a symbol' "${head}a,,1,3%,,,\n"
    refused 'limits.csv:3:1: the limit is stated already' "${head}a,,,3%,,,\na,,,3%,,,\n"
    refused 'limits.csv:2:1: no line before this one states the limit "a"' "${head}a,SAP,,,,,\n"
    refused 'limits.csv:3:2: there is no position "IBM"' "${head}a,,,3%,,,\na,IBM,,,,,\n"
    refused 'limits.csv:4:2: "SAP" is in the limit already' "${head}a,,,3%,,,\na,SAP,,,,,\na,SAP,2,,,,\n"
    refused 'limits.csv:3:3: expected a factor from -10 to 10' "${head}a,,,3%,,,\na,SAP,11,,,,\n"
    refused 'limits.csv:3:4: min and max of a limit stand in a row' "${head}a,,,3%,,,\na,SAP,,1%,,,\n"
    refused 'limits.csv: no symbol is in the limit "a"' "${head}a,,,3%,,,\n"
    refused 'the limit "a" has a min above its max: one is a share' \
        "${head}a,,,,1%,90000,\na,SAP,,,,,\n"
}

what_does_not_go_together_is_refused() {
    portfolio
    for option in '--cost-fixed 1' '--max-trades 3' '--max-turnover 5%' '--groups held.csv' \
        '--net-max 50%' '--gross-max 100%' '--aim closest'; do
        # shellcheck disable=SC2086 # two words
        plan $option
        ended 2
        said '--limits'
    done
    run rebalance --positions held.csv --targets wanted.csv --cash 0 --solve-for 5s
    ended 2
    said '--solve-for is for --limits FILE'
}

run_cases limits_hold_with_and_without_a_solver limits_that_cannot_be_met_are_named \
    what_only_a_solver_can_prove_is_told_apart a_solver_that_fails_takes_nothing_away \
    an_interruption_ends_the_solver bad_files_are_named what_does_not_go_together_is_refused
