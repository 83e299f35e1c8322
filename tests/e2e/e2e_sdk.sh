#!/bin/sh
# e2e_sdk.sh - the official SDKs of JavaScript, both generations, and TypeScript; and a client
# that asks as alpaca-py does and holds each answer against the models of the SDKs of Python, Go and C#.
#
# Their packages are pinned by the lock files of tests/e2e/sdk and kept in the build folder, where a
# second run finds them. Without npm, or where its registry cannot be reached, the story is skipped.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"
. "$(dirname -- "$0")/lib/npm.sh"

exec 9>&1 # what is counted is shown of cases that pass, too
suites=$root/tests/e2e/sdk

find_sdks() {
    find_packages sdks "$suites"
}

# $python becomes an interpreter that has what alpaca-py asks through.
find_python() {
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import msgpack, requests, websockets' 2>/dev/null && return
    done
    skip "python3 has no msgpack, requests and websockets"
}

# A session of New York that takes thirteen minutes: bars of a minute close every two seconds.
start_session() {
    start_exchange --symbols AAPL,MSFT,TSLA --seed 7 --start 2026-01-05T14:31:00Z --clock x30
}

# rules_of NAME COMMAND...: runs a program whose last line counts its rules.
rules_of() {
    name=$1
    shift
    EXCHANGE=$url "$@" >said 2>&1 || fail "$(cat said)"
    echo "counts: SDK of $name: $(tail -n 1 said)" >&9
    grep -q '^[1-9][0-9]* passed, 0 failed$' said || fail "$(cat said)"
}

trades_with() {
    find_sdks
    start_session
    cp "$suites"/*.mjs .
    ln -s "$modules/node_modules" node_modules
    rules_of "JavaScript $1" node "sdk$1.mjs"
    rules_of "JavaScript $1, market data" node "sdk$1_market.mjs"
}

a_program_of_the_javascript_sdk_3_trades() {
    trades_with 3
}

a_program_of_the_javascript_sdk_4_trades() {
    trades_with 4
}

a_program_of_the_typescript_sdk_trades() {
    find_sdks
    start_session
    cp "$suites"/*.mjs .
    ln -s "$modules/node_modules" node_modules
    rules_of TypeScript node typescript.mjs
}

a_program_that_asks_as_the_python_sdk_trades() {
    find_python
    start_session
    rules_of "Python, Go and C#, by their models" env PYTHONDONTWRITEBYTECODE=1 "$python" "$suites/python.py"
}

# use_sdk VERSION: the package under its own name.
use_sdk() {
    mkdir -p node_modules/@alpacahq
    ln -sfn "$modules/node_modules/alpaca-$1" node_modules/@alpacahq/alpaca-trade-api
}

# pasted VERSION LINE: what the exchange printed for this SDK, and a line behind it, run as a program.
pasted() {
    awk -v "head=// JavaScript $1:" 'index($0, head) == 1 { on = 1; next } /^$/ { on = 0 } on' printed >pasted.js
    echo "$2" >>pasted.js
    use_sdk "$1"
    node pasted.js >said 2>&1 || fail "$(cat said)"
    grep -qx 'bracket filled' said || fail "$(cat said)"
}

# The command as it stands in README.md, without the indentation.
program_of_readme() {
    sed -n "/^    cat >bracket.mjs <<'END'\$/,/^    END\$/p" "$root/README.md" | sed '1d;$d;s/^    //'
}

# until_quoted SYMBOLS: the market has just begun; from here on each has a quote on both sides.
until_quoted() {
    node -e '
        const headers = { "APCA-API-KEY-ID": "demo", "APCA-API-SECRET-KEY": "demo" };
        const path = `${process.argv[1]}/v2/stocks/quotes/latest?symbols=${process.argv[2]}`;
        (async () => {
            for (let quotes = [{}]; quotes.some(({ ap, bp }) => !(ap > 0 && bp > 0));)
                quotes = Object.values((await (await fetch(path, { headers })).json()).quotes);
        })();' "$url" "$1" || fail "there are no quotes of $1"
}

the_readme_places_a_bracket_order() {
    find_sdks
    start_exchange --symbols AAPL --seed 7 --start 2026-01-05T14:31:00Z --clock x30
    until_quoted AAPL
    program_of_readme | sed "s,http://127.0.0.1:8765,$url," >bracket.mjs
    use_sdk 4
    node bracket.mjs >said 2>&1 || fail "$(cat said)"
    for words in 'bought 10 at [0-9.]*: filled' 'sell 10 at [0-9.]*: new' 'sell 10 at [0-9.]*: held'; do
        grep -qx "$words" said || fail "$(cat said)"
        grep -qx "    $words" "$root/README.md" || fail "README.md promises something else than $words"
    done
}

what_it_prints_can_be_pasted() {
    find_sdks
    start_exchange --symbols AAPL,MSFT --seed 7 --start 2026-01-05T14:31:00Z --clock x30
    while read -r line <&8; do
        echo "$line"
        [ "$line" != '}' ] || break
    done >printed
    until_quoted AAPL,MSFT
    pasted 3 'alpaca.getLatestQuote("AAPL").then(({ AskPrice }) => alpaca.createOrder({ symbol: "AAPL",
        qty: 1, side: "buy", type: "market", time_in_force: "gtc", order_class: "bracket",
        take_profit: { limit_price: AskPrice * 2 }, stop_loss: { stop_price: Math.floor(AskPrice / 2) } }))
        .then((order) => alpaca.getOrder(order.id))
        .then((order) => console.log(order.order_class, order.status));'
    pasted 4 'alpaca.marketData.getLatestPrice("MSFT").then((price) => alpaca.trading.orders.bracket({
        symbol: "MSFT", qty: 1, side: "buy", takeProfit: { limitPrice: Math.ceil(price * 2) },
        stopLoss: { stopPrice: Math.floor(price / 2) } }))
        .then((order) => alpaca.trading.orders.getOrderByOrderID({ orderId: order.id }))
        .then((order) => console.log(order.orderClass, order.status));'
}

run_cases the_readme_places_a_bracket_order what_it_prints_can_be_pasted a_program_of_the_javascript_sdk_3_trades \
    a_program_of_the_javascript_sdk_4_trades a_program_of_the_typescript_sdk_trades a_program_that_asks_as_the_python_sdk_trades
