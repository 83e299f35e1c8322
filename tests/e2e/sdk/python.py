"""
python.py - what a stock trader calls through alpaca-py, said byte for byte as it says it, and every
answer held against its models and those of the SDKs of Go and C# (shapes.py).

It is no SDK: alpaca-py itself cannot be had from Debian. It asks through the same library
(requests), with its headers, its `True` and `False` in queries, its numbers where texts are
expected, and its MessagePack stream whose commands end in an empty fragment.

EXCHANGE is the address of the exchange (http://host:port). The last line is `N passed, N failed`.
"""
import asyncio
import base64
import datetime
import json
import os
import sys
import traceback

import msgpack
import requests
import websockets

from shapes import check_all

EXCHANGE = os.environ["EXCHANGE"]
STREAM = EXCHANGE.replace("http", "ws", 1)
RULE_DEADLINE_S = 30
rules = []


def rule(run):
    rules.append(run)
    return run


# ---- its REST client ------------------------------------------------------------------------------


class ApiError(Exception):
    def __init__(self, answer):
        super().__init__(answer.text)
        self.status = answer.status_code
        self.code = json.loads(answer.text).get("code")
        self.message = json.loads(answer.text)["message"]
        self.body = json.loads(answer.text)


class Rest:
    def __init__(self, key="demo", secret="demo"):
        self.session = requests.Session()
        self.headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret,
                        "User-Agent": "APCA-PY/0.44.0"}

    def ask(self, method, path, data=None, version="v2"):
        options = {"headers": self.headers, "allow_redirects": False}
        options["params" if method in ("GET", "DELETE") else "json"] = data
        answer = self.session.request(method, f"{EXCHANGE}/{version}{path}", **options)
        if answer.status_code >= 400:
            raise ApiError(answer)
        return answer.json() if answer.text != "" else None

    def pages(self, path, key, params):
        """As its `_get_marketdata` does: every page, gathered by symbol."""
        found = {}
        token = None
        while True:
            page = self.ask("GET", path, {**params, "page_token": token})
            for symbol, items in page[key].items():
                found.setdefault(symbol, []).extend(items)
            token = page["next_page_token"]
            if token is None:
                return found


rest = Rest()


def refused(call, status, code, text):
    try:
        call()
    except ApiError as error:
        assert (error.status, error.code) == (status, code), (error.status, str(error))
        assert text in error.message, error.message
        return error.body
    raise AssertionError("the call succeeded and should not have")


def submit(**order):
    return check_all("order", rest.ask("POST", "/orders", order), "order")


def order_of(order_id, **params):
    return check_all("order", rest.ask("GET", f"/orders/{order_id}", params), "order")


async def filled(order_id):
    for _ in range(600):
        order = order_of(order_id)
        if order["status"] == "filled":
            return order
        await asyncio.sleep(0.025)
    raise AssertionError(f"no fill of {order}")


def ask_price(symbol):
    quotes = rest.ask("GET", "/stocks/quotes/latest", {"symbols": symbol})["quotes"]
    return quotes[symbol]["ap"]


# ---- its streams ----------------------------------------------------------------------------------


class Market:
    """Its data stream: MessagePack, commands in fragments the last of which is empty."""

    async def open(self):
        self.socket = await websockets.connect(
            f"{STREAM}/v2/iex", ping_interval=10, ping_timeout=180, max_queue=1024,
            extra_headers={"Content-Type": "application/msgpack", "User-Agent": "APCA-PY/0.44.0"})
        assert await self.receive() == [{"T": "success", "msg": "connected"}]
        await self.socket.send(msgpack.packb({"action": "auth", "key": "demo", "secret": "demo"}))
        assert await self.receive() == [{"T": "success", "msg": "authenticated"}]
        return self

    async def receive(self):
        return msgpack.unpackb(await asyncio.wait_for(self.socket.recv(), 20))

    async def say(self, command):
        packed = msgpack.packb(command)
        await self.socket.send(packed[at:at + 40] for at in range(0, len(packed), 40))

    async def until(self, kind):
        while True:
            for message in await self.receive():
                if message["T"] == kind:
                    assert next(iter(message)) == "T", message
                    return message


class Updates:
    """Its trading stream: JSON, in whichever frames."""

    async def open(self, secret="demo"):
        self.socket = await websockets.connect(f"{STREAM}/stream", ping_interval=10)
        await self.say({"action": "authenticate", "data": {"key_id": "demo", "secret_key": secret}})
        return await self.receive()

    async def say(self, command):
        await self.socket.send(json.dumps(command))

    async def receive(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), 20))

    async def until(self, event, order_id):
        while True:
            message = await self.receive()
            if message["stream"] == "trade_updates":
                data = check_all("update", message["data"], "update")
                if data["event"] == event and data["order"]["id"] == order_id:
                    return data


# ---- account, assets, clock -----------------------------------------------------------------------


@rule
async def the_account_and_its_configuration_are_read_and_changed():
    account = check_all("account", rest.ask("GET", "/account"), "account")
    assert account["status"] == "ACTIVE" and account["cash"] == "100000"
    settings = check_all("settings", rest.ask("GET", "/account/configurations"), "settings")
    changed = {**settings, "no_shorting": True}
    check_all("settings", rest.ask("PATCH", "/account/configurations", changed), "settings")
    refused(lambda: submit(symbol="AAPL", qty=1.0, side="sell", type="market",
                           time_in_force="day"), 403, 40310000, "short")
    back = rest.ask("PATCH", "/account/configurations", {"no_shorting": False})
    assert back == settings


@rule
async def key_and_secret_may_come_as_basic_authorization():
    basic = Rest()
    token = base64.b64encode(b"demo:demo").decode()
    basic.headers = {"Authorization": f"Basic {token}", "User-Agent": "APCA-PY/0.44.0"}
    assert basic.ask("GET", "/account")["id"] == rest.ask("GET", "/account")["id"]
    assert basic.ask("GET", "/stocks/bars/latest", {"symbols": "AAPL"})["bars"] is not None
    basic.headers["Authorization"] = "Basic " + base64.b64encode(b"demo:wrong").decode()
    refused(lambda: basic.ask("GET", "/account"), 401, 40110000, "")


@rule
async def assets_are_found_by_each_of_their_names():
    assets = check_all("[asset]", rest.ask("GET", "/assets", {
        "status": "active", "asset_class": "us_equity"}), "assets")
    assert [asset["symbol"] for asset in assets] == ["AAPL", "MSFT", "TSLA"]
    apple = check_all("asset", rest.ask("GET", "/assets/AAPL"), "asset")
    assert rest.ask("GET", f"/assets/{apple['id']}") == apple
    refused(lambda: rest.ask("GET", "/assets/NOTHERE"), 404, 40410000, "asset not found")


@rule
async def the_clock_and_the_calendar_can_be_parsed():
    clock = check_all("clock", rest.ask("GET", "/clock"), "clock")
    for name in ("timestamp", "next_open", "next_close"):
        datetime.datetime.fromisoformat(clock[name][:19] + clock[name][-6:])
    days = check_all("[day]", rest.ask("GET", "/calendar", {
        "start": "2025-11-24", "end": "2025-11-30"}), "calendar")
    assert [day["close"] for day in days] == ["16:00", "16:00", "16:00", "13:00"]


@rule
async def the_history_of_the_account_can_be_parsed():
    history = check_all("portfolio", rest.ask("GET", "/account/portfolio/history", {
        "period": "3D", "timeframe": "1D"}), "history")
    assert history["timeframe"] == "1D" and history["equity"][:2] == [0, 0]
    refused(lambda: rest.ask("GET", "/account/portfolio/history", {"timeframe": "1W"}), 422,
            40010001, "timeframe")


@rule
async def a_watchlist_is_made_changed_and_deleted():
    made = check_all("watchlist", rest.ask("POST", "/watchlists", {
        "name": "python", "symbols": ["AAPL"]}), "watchlist")
    path = f"/watchlists/{made['id']}"
    more = check_all("watchlist", rest.ask("POST", path, {"symbol": "MSFT"}), "watchlist")
    assert [asset["symbol"] for asset in more["assets"]] == ["AAPL", "MSFT"]
    put = check_all("watchlist", rest.ask("PUT", path, {"name": "python 2", "symbols": ["TSLA"]}),
                    "watchlist")
    assert put["name"] == "python 2"
    check_all("[watchlist]", rest.ask("GET", "/watchlists"), "watchlists")
    less = check_all("watchlist", rest.ask("DELETE", f"{path}/TSLA"), "watchlist")
    assert less["assets"] == []
    assert rest.ask("DELETE", path) is None
    refused(lambda: rest.ask("GET", path), 404, 40410000, "")


# ---- orders ---------------------------------------------------------------------------------------


@rule
async def numbers_are_taken_for_text_and_a_market_order_fills():
    updates = Updates()
    assert await updates.open() == {
        "stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
    await updates.say({"action": "listen", "data": {"streams": ["trade_updates"]}})
    assert await updates.receive() == {
        "stream": "listening", "data": {"streams": ["trade_updates"]}}
    order = submit(symbol="AAPL", qty=5.0, side="buy", type="market", time_in_force="day",
                   extended_hours=False, client_order_id="python-market")
    assert (order["qty"], order["client_order_id"]) == ("5", "python-market")
    update = await updates.until("fill", order["id"])
    assert update["position_qty"] == "5" and update["execution_id"]
    await filled(order["id"])
    found = rest.ask("GET", "/orders:by_client_order_id", {"client_order_id": "python-market"})
    assert found["id"] == order["id"]
    await updates.socket.close()


@rule
async def positions_have_no_half_filled_figures():
    positions = check_all("[position]", rest.ask("GET", "/positions"), "positions")
    assert positions[0]["symbol"] == "AAPL" and positions[0]["qty_available"] == "5"
    assert not {"usd", "swap_rate", "avg_entry_swap_rate"} & set(positions[0])
    check_all("position", rest.ask("GET", "/positions/AAPL"), "position")
    refused(lambda: rest.ask("GET", "/positions/TSLA"), 404, 40410000, "position does not exist")


@rule
async def fractions_and_sums_of_money_leave_whole_shares_on_the_tape():
    order = submit(symbol="MSFT", notional=250.75, side="buy", type="market", time_in_force="day")
    assert (order["notional"], order["qty"]) == ("250.75", None)
    await filled(order["id"])
    fraction = submit(symbol="MSFT", qty=0.5, side="buy", type="market", time_in_force="day")
    assert (await filled(fraction["id"]))["filled_qty"] == "0.5"
    trades = rest.pages("/stocks/trades", "trades", {"symbols": "MSFT", "limit": None,
                                                     "start": "2026-01-05T14:31:00+00:00"})
    check_all("{[trade]}", trades, "trades")
    bars = rest.pages("/stocks/bars", "bars", {"symbols": "MSFT", "timeframe": "1Min",
                                               "start": "2026-01-05T14:31:00+00:00"})
    check_all("{[bar]}", bars, "bars")


@rule
async def a_bracket_its_legs_and_its_end():
    ask = ask_price("TSLA")
    order = submit(symbol="TSLA", qty=2.0, side="buy", type="market", time_in_force="gtc",
                   order_class="bracket", take_profit={"limit_price": round(ask * 2, 2)},
                   stop_loss={"stop_price": round(ask / 2, 2), "limit_price": round(ask / 3, 2)})
    assert [leg["status"] for leg in order["legs"]] == ["held", "held"]
    await filled(order["id"])
    nested = check_all("[order]", rest.ask("GET", "/orders", {
        "status": "all", "nested": True, "symbols": "TSLA"}), "orders")
    legs = {leg["type"]: leg["status"] for leg in nested[0]["legs"]}
    assert legs == {"limit": "new", "stop_limit": "held"}, legs
    flat = rest.ask("GET", "/orders", {"status": "all", "nested": False, "symbols": "TSLA"})
    assert len(flat) == 3 and all(row["legs"] is None for row in flat)
    assert len(order_of(order["id"], nested=True)["legs"]) == 2
    body = refused(lambda: rest.ask("DELETE", "/positions/TSLA"), 403, 40310000, "insufficient qty")
    assert (body["available"], body["held_for_orders"], body["existing_qty"]) == ("0", "2", "2")
    assert rest.ask("DELETE", f"/orders/{nested[0]['legs'][0]['id']}") is None
    closing = check_all("order", rest.ask("DELETE", "/positions/TSLA", {"percentage": "50"}),
                        "order")
    assert (closing["side"], closing["qty"]) == ("sell", "1")


@rule
async def orders_are_replaced_and_cancelled():
    order = submit(symbol="MSFT", qty=3, side="buy", type="limit", time_in_force="gtc",
                   limit_price=1.5)
    assert order["limit_price"] == "1.5"
    after = check_all("order", rest.ask("PATCH", f"/orders/{order['id']}", {
        "qty": 4, "limit_price": 1.75}), "order")
    assert (after["replaces"], after["qty"], after["limit_price"]) == (order["id"], "4", "1.75")
    assert order_of(order["id"])["status"] == "replaced"
    answers = check_all("[cancel]", rest.ask("DELETE", "/orders"), "cancelled")
    assert after["id"] in [answer["id"] for answer in answers]
    assert {answer["status"] for answer in answers} == {200}
    refused(lambda: rest.ask("DELETE", f"/orders/{after['id']}"), 422, 42210000, "canceled")


@rule
async def a_trailing_stop_follows():
    order = submit(symbol="AAPL", qty=1, side="sell", type="trailing_stop", time_in_force="gtc",
                   trail_percent=5.0)
    assert order["trail_percent"] == "5" and order["trail_price"] is None
    assert float(order_of(order["id"])["hwm"]) > 0
    rest.ask("DELETE", f"/orders/{order['id']}")


@rule
async def refusals_have_their_codes():
    many = dict(symbol="AAPL", qty=100000, side="buy", type="market", time_in_force="day")
    refused(lambda: submit(**many), 403, 40310000, "insufficient buying power")
    refused(lambda: submit(**{**many, "qty": 1, "client_order_id": "python-market"}), 422, 40010001,
            "client_order_id must be unique")
    refused(lambda: submit(**{**many, "type": "limit", "limit_price": 100.001}), 422, 42210000,
            "sub-penny")
    stranger = Rest(secret="wrong")
    refused(lambda: stranger.ask("GET", "/account"), 401, 40110000, "")
    nobody = "00000000-0000-4000-8000-000000000000"
    refused(lambda: rest.ask("GET", f"/orders/{nobody}"), 404, 40410000, "order not found")


@rule
async def activities_come_a_page_at_a_time():
    seen = []
    token = None
    while True:
        page = rest.ask("GET", "/account/activities", {"page_size": 2, "page_token": token})
        seen += page
        if len(page) < 2:
            break
        token = page[-1]["id"]
    for activity in seen:
        kind = "fill" if activity["activity_type"] == "FILL" else "other_activity"
        check_all(kind, activity, "activity")
    assert len({activity["id"] for activity in seen}) == len(seen) >= 4
    assert seen[-1]["activity_type"] == "CSD"


@rule
async def everything_is_closed_at_once():
    answers = check_all("[closed]", rest.ask("DELETE", "/positions", {"cancel_orders": True}),
                        "closed")
    assert answers and {answer["status"] for answer in answers} == {200}
    for answer in answers:
        await filled(answer["body"]["id"])
    assert rest.ask("GET", "/positions") == []


@rule
async def the_past_of_the_account_is_numbers():
    for params in ({"period": "1D", "timeframe": "1Min"}, {"period": "1M", "timeframe": "1D"},
                   {"start": "2026-01-05T14:30:00+00:00", "timeframe": "5Min",
                    "intraday_reporting": "market_hours", "pnl_reset": "per_day"}):
        history = check_all("portfolio", rest.ask("GET", "/account/portfolio/history", params),
                            "history")
        lengths = {len(history[name]) for name in (
            "timestamp", "equity", "profit_loss", "profit_loss_pct")}
        assert len(lengths) == 1, history
        assert history["timeframe"] == params["timeframe"]


# ---- market data ----------------------------------------------------------------------------------


@rule
async def bars_come_in_pages_whatever_their_size():
    params = {"symbols": "AAPL,MSFT", "timeframe": "1Day", "start": "2025-11-03T00:00:00+00:00",
              "end": "2025-12-31T00:00:00-05:00", "adjustment": "all", "feed": "iex", "sort": "asc"}
    whole = check_all("{[bar]}", rest.pages("/stocks/bars", "bars", params), "bars")
    for limit in (1, 7, 41, 10000):
        assert rest.pages("/stocks/bars", "bars", {**params, "limit": limit}) == whole


@rule
async def the_latest_and_the_snapshots_are_told():
    for what in ("trade", "quote", "bar"):
        latest = rest.ask("GET", f"/stocks/{what}s/latest", {"symbols": "AAPL,MSFT", "feed": "iex"})
        check_all("{%s}" % what, latest[f"{what}s"], what)
    snapshots = rest.ask("GET", "/stocks/snapshots", {"symbols": "AAPL,MSFT", "feed": "iex"})
    check_all("{snapshot}", snapshots, "snapshots")
    quotes = rest.ask("GET", "/stocks/quotes", {"symbols": "AAPL", "limit": 100,
                                                "start": "2026-01-05T14:31:00+00:00"})
    check_all("{[quote]}", quotes["quotes"], "quotes")


@rule
async def the_screener_news_and_corporate_actions_are_there():
    actives = rest.ask("GET", "/screener/stocks/most-actives", {"by": "volume", "top": 2}, "v1beta1")
    assert len(check_all("actives", actives, "actives")["most_actives"]) == 2
    movers = rest.ask("GET", "/screener/stocks/movers", {"top": 5}, "v1beta1")
    check_all("movers", movers, "movers")
    news = rest.ask("GET", "/news", {"symbols": "AAPL", "limit": 10}, "v1beta1")
    assert news == {"news": [], "next_page_token": None}
    for version in ("v1", "v1beta1"):
        actions = rest.ask("GET", "/corporate-actions", {"symbols": "AAPL", "limit": 1000}, version)
        assert actions == {"corporate_actions": {}, "next_page_token": None}
    assert rest.ask("GET", "/corporate_actions/announcements", {
        "ca_types": "dividend", "since": "2026-01-01", "until": "2026-01-31"}) == []


# ---- streams --------------------------------------------------------------------------------------


@rule
async def the_market_stream_is_strict_messagepack():
    market = await Market().open()
    await market.say({"trades": ["AAPL"], "quotes": ["AAPL"], "bars": ["*"], "action": "subscribe"})
    (told,) = await market.receive()
    assert told["T"] == "subscription" and told["trades"] == told["corrections"] == ["AAPL"]
    for kind, whole in (("t", "is"), ("q", ["bs", "as"]), ("b", "vn")):
        message = await market.until(kind)
        assert all(isinstance(message[name], int) for name in whole), message
        assert isinstance(message["t"], msgpack.Timestamp), message
        message["t"].to_datetime()
    await market.say({"action": "unsubscribe", "trades": ["AAPL"]})
    told = await market.until("subscription")
    assert told["trades"] == [] and told["quotes"] == ["AAPL"]
    await market.socket.close()


@rule
async def a_wrong_secret_is_told_on_both_streams():
    answer = await Updates().open(secret="wrong")
    assert answer["data"] == {"status": "unauthorized", "action": "authenticate"}
    socket = await websockets.connect(f"{STREAM}/v2/iex")
    await socket.recv()
    await socket.send(json.dumps({"action": "auth", "key": "demo", "secret": "wrong"}))
    assert json.loads(await socket.recv()) == [{"T": "error", "code": 402, "msg": "auth failed"}]
    await socket.close()


@rule
async def order_events_are_told_again_over_http():
    order = submit(symbol="AAPL", qty=1, side="buy", type="market", time_in_force="day")
    await filled(order["id"])
    address = f"{EXCHANGE}/v2/events/trades"
    until = rest.ask("GET", "/clock")["timestamp"]
    answer = requests.get(address, {"since": "2026-01-05", "until": until}, headers=rest.headers,
                          stream=True, timeout=20)
    assert answer.headers["Content-Type"] == "text/event-stream"
    lines = [line for line in answer.iter_lines(decode_unicode=True) if line]
    events = [check_all("update", json.loads(line.removeprefix("data: ")), "event")
              for line in lines]
    assert [event["event"] for event in events][-2:] == ["new", "fill"]
    ids = [event["event_id"] for event in events]
    assert ids == sorted(set(ids)) and len(ids[0]) == 26
    with requests.get(address, {"since_id": ids[-1]}, headers=rest.headers, stream=True,
                      timeout=20) as live:
        again = next(live.iter_lines(decode_unicode=True))
    assert json.loads(again.removeprefix("data: ")) == events[-1]


async def main():
    failed = 0
    for run in rules:
        try:
            await asyncio.wait_for(run(), RULE_DEADLINE_S)
            print(f"  ok      {run.__name__}")
        except Exception:
            failed += 1
            print(f"  FAILED  {run.__name__}\n{traceback.format_exc()}")
    print(f"{len(rules) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
