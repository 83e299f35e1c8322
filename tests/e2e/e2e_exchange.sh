#!/bin/sh
# e2e_exchange.sh - the exchange alone: its life, and a walk over its interface with curl.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

a_port_in_use_is_a_failure() {
    start_exchange --symbols AAPL
    expect 1 exchange --listen "${url#http://}"
    says "${url##*:}"
    grep -qi 'in use' err || fail "it does not say that the port is in use"
    silent
}

an_address_of_another_machine_is_refused() {
    expect 1 exchange --listen 192.0.2.1:0
    says '192.0.2.1'
    silent
}

more_connections_than_files_are_refused_at_the_start() {
    # shellcheck disable=SC3045 # every sh of a Debian has it
    ulimit -n 300
    expect 3 exchange --listen 127.0.0.1:0 --connections 1000
    says '1000 connections need 1128 open files, of which this process may have 300'
    silent
}

an_interrupt_is_its_ordinary_end() {
    for signal in INT TERM; do
        rm -f ready
        start_exchange --symbols AAPL
        kill -$signal "$exchange"
        awaited "$exchange"
        [ "$status" -eq 0 ] || fail "after $signal it ended with $status"
        [ ! -s exchange_err ] || fail "nothing belongs on standard error: $(cat exchange_err)"
    done
}

# ask METHOD PATH [BODY]: the answer in out, its HTTP status in $code.
ask() {
    if [ $# -ge 3 ]; then
        code=$(curl -s -m 20 -o out -w '%{http_code}' -X "$1" -H 'APCA-API-KEY-ID: demo' \
            -H 'APCA-API-SECRET-KEY: demo' -H 'Content-Type: application/json' -d "$3" "$url$2")
    else
        code=$(curl -s -m 20 -o out -w '%{http_code}' -X "$1" -H 'APCA-API-KEY-ID: demo' \
            -H 'APCA-API-SECRET-KEY: demo' "$url$2")
    fi
}

answers() {
    wanted=$1
    shift
    ask "$@"
    [ "$code" = "$wanted" ] || fail "$1 $2 is answered with $code and not with $wanted"
}

curl_or_skip() {
    command -v curl >/dev/null || skip "there is no curl"
    start_exchange --symbols AAPL,MSFT --clock step --seed 7
    answers 200 POST '/sim/clock/step?span=30s'
}

account_clock_and_assets_are_told() {
    curl_or_skip
    answers 200 GET /v2/account
    holds out 'd["status"] == "ACTIVE" and d["currency"] == "USD" and d["cash"] == "100000"'
    holds out 'all(isinstance(d[k], str) for k in ("equity", "buying_power", "portfolio_value"))'
    holds out 'd["trading_blocked"] is False and isinstance(d["daytrade_count"], int)'
    answers 200 GET /v2/clock
    holds out 'd["is_open"] is True and set(d) >= {"timestamp", "next_open", "next_close"}'
    holds out 'd["timestamp"].startswith("2026-01-05T09:30:30") and "-05:00" in d["timestamp"]'
    answers 200 GET /v2/assets
    holds out 'sorted(a["symbol"] for a in d) == ["AAPL", "MSFT"]'
    answers 200 GET /v2/assets/AAPL
    holds out 'd["symbol"] == "AAPL" and d["tradable"] is True and d["class"] == "us_equity"'
    answers 404 GET /v2/assets/NONE
    holds out 'd["code"] == 40410000 and d["message"]'
    answers 200 GET /v2/positions
    holds out 'd == []'
}

who_has_no_key_is_refused() {
    curl_or_skip
    code=$(curl -s -o out -w '%{http_code}' "$url/v2/account")
    [ "$code" = 401 ] || fail "without a key: $code"
    holds out 'd["message"]'
    code=$(curl -s -o out -w '%{http_code}' -H 'APCA-API-KEY-ID: demo' \
        -H 'APCA-API-SECRET-KEY: other' "$url/v2/account")
    [ "$code" = 401 ] || fail "with a wrong secret: $code"
}

an_order_lives_from_submit_to_cancel() {
    curl_or_skip
    order='{"symbol":"AAPL","qty":"2","side":"buy","type":"limit","time_in_force":"day",
        "limit_price":"1.00","client_order_id":"walk-1"}'
    answers 200 POST /v2/orders "$order"
    holds out 'd["client_order_id"] == "walk-1" and d["qty"] == "2" and d["filled_qty"] == "0"'
    holds out 'd["status"] in ("new", "accepted", "pending_new") and d["limit_price"] == "1"'
    id=$(json out 'd["id"]')
    answers 422 POST /v2/orders "$order"
    holds out 'd["code"] == 40010001 and "client_order_id must be unique" in d["message"]'
    answers 200 GET "/v2/orders/$id"
    holds out 'd["client_order_id"] == "walk-1" and d["status"] == "new"'
    answers 200 GET '/v2/orders:by_client_order_id?client_order_id=walk-1'
    [ "$(json out 'd["id"]')" = "$id" ] || fail "it is another order"
    answers 200 GET '/v2/orders?status=open'
    holds out '[o["client_order_id"] for o in d] == ["walk-1"]'
    answers 204 DELETE "/v2/orders/$id"
    answers 200 GET "/v2/orders/$id"
    holds out 'd["status"] == "canceled" and d["canceled_at"] is not None'
    answers 422 DELETE "/v2/orders/$id"
    answers 200 GET '/v2/orders?status=open'
    holds out 'd == []'
    answers 404 GET /v2/orders/00000000-0000-0000-0000-000000000000
    holds out 'd["code"] == 40410000'
}

a_filled_order_becomes_a_position() {
    curl_or_skip
    answers 200 POST /v2/orders '{"symbol":"MSFT","qty":"3","side":"buy","type":"market",
        "time_in_force":"day","client_order_id":"walk-2"}'
    answers 200 POST '/sim/clock/step?span=1s'
    answers 200 GET '/v2/orders:by_client_order_id?client_order_id=walk-2'
    holds out 'd["status"] == "filled" and d["filled_qty"] == "3"'
    holds out 'float(d["filled_avg_price"]) > 0'
    answers 200 GET /v2/positions
    holds out '[(p["symbol"], p["qty"], p["side"]) for p in d] == [("MSFT", "3", "long")]'
    answers 200 GET /v2/positions/MSFT
    holds out 'd["qty"] == "3" and float(d["avg_entry_price"]) > 0'
    answers 404 GET /v2/positions/AAPL
    answers 200 GET /v2/account
    holds out 'float(d["cash"]) < 100000'
}

an_order_that_cannot_be_is_refused() {
    curl_or_skip
    answers 422 POST /v2/orders '{"symbol":"AAPL","qty":"0","side":"buy","type":"market",
        "time_in_force":"day"}'
    answers 422 POST /v2/orders '{"symbol":"NONE","qty":"1","side":"buy","type":"market",
        "time_in_force":"day"}'
    answers 422 POST /v2/orders '{"symbol":"AAPL","qty":"1","side":"buy","type":"limit",
        "time_in_force":"day","limit_price":"10.001"}'
    answers 403 POST /v2/orders '{"symbol":"AAPL","qty":"1000000","side":"buy","type":"market",
        "time_in_force":"day"}'
    holds out 'd["code"] == 40310000 and "insufficient buying power" in d["message"]'
    ask POST /v2/orders '{"symbol":'
    case $code in
    400 | 422) ;;
    *) fail "half a document is answered with $code" ;;
    esac
    answers 404 GET /v2/nothing
}

bars_and_the_latest_are_told() {
    curl_or_skip
    answers 200 GET '/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=1Day&start=2025-12-01&limit=5'
    holds out 'len(d["bars"]["AAPL"]) == 5 and d["next_page_token"]'
    holds out 'set(d["bars"]["AAPL"][0]) >= set("tohlcvn") | {"vw"}'
    token=$(json out 'd["next_page_token"]')
    answers 200 GET "/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=1Day&start=2025-12-01&limit=5&page_token=$token"
    holds out 'd["bars"]["AAPL"][0]["t"] > "2025-12-05"'
    answers 200 GET '/v2/stocks/AAPL/bars?timeframe=1Day&start=2025-12-01&end=2025-12-05'
    holds out 'd["symbol"] == "AAPL" and 0 < len(d["bars"]) <= 5'
    for kind in trade quote bar; do
        answers 200 GET "/v2/stocks/${kind}s/latest?symbols=AAPL,MSFT"
        holds out "set(d['${kind}s']) <= {'AAPL', 'MSFT'}"
    done
    answers 200 GET /v2/stocks/AAPL/trades/latest
    holds out 'd["symbol"] == "AAPL" and d["trade"]["p"] > 0'
    answers 200 GET /v2/stocks/AAPL/quotes/latest
    holds out 'd["quote"]["ap"] >= d["quote"]["bp"] > 0'
    answers 400 GET '/v2/stocks/bars?symbols=AAPL&timeframe=7Weeks'
}

a_browser_gets_a_page_and_a_program_a_document() {
    curl_or_skip
    answers 200 GET /
    holds out 'd["name"] == "tradewind exchange"'
    kind=$(curl -s -m 20 -o out -w '%{content_type}' -H 'Accept: text/html,*/*;q=0.8' "$url/")
    [ "$kind" = 'text/html; charset=utf-8' ] || fail "the page is of the type $kind"
    cmp out "$root/src/run/exchange/page.html" || fail "it is not the page of the sources"
    ! grep -oE '(src|href|url\()[^>]*https?:' out || fail "the page asks another host"
}

accounts_of_a_file_are_told_without_their_secrets() {
    command -v curl >/dev/null || skip "there is no curl"
    printf 'PKALICE s3cret-1 cash=250000 name=alice\nPKBOB s3cret-2\n' >accounts
    chmod 644 accounts
    expect 1 exchange --listen 127.0.0.1:0 --symbols AAPL --accounts accounts
    says 'accounts has secrets and others may read it (mode 0644)'
    chmod 600 accounts
    printf '[exchange]\nsymbols = AAPL\nclock = step\naccounts = accounts\n' >tradewind.conf
    start_exchange
    code=$(curl -s -m 20 -o out -w '%{http_code}' -H 'APCA-API-KEY-ID: PKBOB' \
        -H 'APCA-API-SECRET-KEY: s3cret-2' "$url/v2/account")
    [ "$code" = 200 ] || fail "Bob is answered with $code"
    kill "$exchange"
    cat <&8 >out
    prints 'account  PKALICE (alice): 250000 dollars'
    prints 'account  PKBOB: 100000 dollars'
    prints 'APCA_API_KEY_ID=PKALICE'
    ! grep -q 's3cret' out exchange_err || fail "a secret is printed"
    printf 'PKALICE s3cret-1 cash=much\n' >accounts
    expect 3 exchange --listen 127.0.0.1:0 --symbols AAPL --accounts accounts
    says 'accounts:1:18: expected an amount of money'
    silent
}

run_cases accounts_of_a_file_are_told_without_their_secrets a_browser_gets_a_page_and_a_program_a_document a_port_in_use_is_a_failure an_address_of_another_machine_is_refused \
    more_connections_than_files_are_refused_at_the_start \
    an_interrupt_is_its_ordinary_end account_clock_and_assets_are_told who_has_no_key_is_refused \
    an_order_lives_from_submit_to_cancel a_filled_order_becomes_a_position \
    an_order_that_cannot_be_is_refused bars_and_the_latest_are_told
