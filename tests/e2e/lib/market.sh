# market.sh - small files of trades for the stories of import and export; sourced, never run.
#
# shellcheck shell=sh

# make_trades ROWS FILE: five symbols in the order of time, with an identical twin of each fiftieth
# row and several trades of one symbol at one time; decimals as exchanges write them.
make_trades() {
    python3 - "$1" >"$2" <<'END'
import random, sys
draw = random.Random(7)
time, price = 1704067200 * 10**9, [10000 + 700 * i for i in range(5)]
print("ts_ns,symbol,price,size,side")
rows = int(sys.argv[1])
while rows > 0:
    time += draw.randrange(1, 400_000_000)
    symbol = draw.randrange(5)
    twins = min(rows, 3 if draw.randrange(50) == 0 else 1)
    for _ in range(twins):
        price[symbol] += draw.randrange(5) - 2
        print(f"{time},SYM{symbol},{price[symbol] // 100}.{price[symbol] % 100:02d},"
              f"{draw.randrange(1, 500)},{'BS'[draw.randrange(2)]}")
    rows -= twins
END
}

rows_of() {
    query "$1" 'SELECT count(*) FROM trades'
}

has_rows() {
    [ "$(rows_of "$1" 2>/dev/null || echo 0)" -gt 0 ]
}
