/*
 * sdk3.mjs - what a stock trader calls, through @alpacahq/alpaca-trade-api 3.
 *
 * EXCHANGE is the address of the exchange (http://host:port).
 */
import Alpaca from "alpaca-3";

import { Inbox, assert, eventually, failure, rule, run_rules } from "./suite.mjs";

const exchange = process.env.EXCHANGE;
const alpaca = new Alpaca({
    keyId: "demo",
    secretKey: "demo",
    baseUrl: exchange,
    dataBaseUrl: exchange,
    feed: "iex",
});

/* It makes every data stream wss; a desk has no certificate. */
alpaca.data_stream_v2.session.url = exchange.replace(/^http/, "ws") + "/v2/iex";

const updates = new Inbox();
const trades = new Inbox();
const quotes = new Inbox();
const bars = new Inbox();

const DECIMAL = /^-?\d+(\.\d+)?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const cents = (price) => price.toFixed(2);

async function all(pages) {
    const items = [];
    for await (const item of pages)
        items.push(item);
    return items;
}

function submit(order) {
    return alpaca.createOrder({ time_in_force: "day", ...order });
}

function finished(id) {
    return eventually(() => alpaca.getOrder(id), (order) => order.status === "filled", "the fill");
}

/* ---- account, clock, assets ---------------------------------------------------------------- */

rule("the account's money is text and its switches are booleans", async () => {
    const account = await alpaca.getAccount();
    assert.match(account.id, UUID);
    assert.equal(account.status, "ACTIVE");
    assert.equal(account.currency, "USD");
    for (const name of ["cash", "equity", "last_equity", "portfolio_value", "buying_power",
        "long_market_value", "initial_margin", "maintenance_margin"])
        assert.match(account[name], DECIMAL, name);
    for (const name of ["trading_blocked", "transfers_blocked", "account_blocked",
        "pattern_day_trader", "shorting_enabled"])
        assert.equal(typeof account[name], "boolean", name);
    assert.equal(typeof account.daytrade_count, "number");
});

rule("the clock is New York's", async () => {
    const clock = await alpaca.getClock();
    assert.equal(clock.is_open, true);
    for (const name of ["timestamp", "next_open", "next_close"])
        assert.match(clock[name], /T.*-0[45]:00$/, name);
});

rule("assets are listed and found by name", async () => {
    const assets = await alpaca.getAssets({ status: "active" });
    assert.ok(assets.length >= 3);
    const apple = await alpaca.getAsset("AAPL");
    assert.match(apple.id, UUID);
    assert.equal(apple.class, "us_equity");
    assert.equal(apple.tradable, true);
    assert.deepEqual(await alpaca.getAsset(apple.id), apple);
    const error = await failure(alpaca.getAsset("NOTHERE"));
    assert.equal(error.response.status, 404);
    assert.equal(error.response.data.code, 40410000);
});

/* ---- streams -------------------------------------------------------------------------------- */

rule("the trading stream authorizes and listens", async () => {
    const connected = new Promise((resolve) => alpaca.trade_ws.onConnect(resolve));
    alpaca.trade_ws.onOrderUpdate((update) => updates.push(update));
    alpaca.trade_ws.connect();
    await connected;
    alpaca.trade_ws.subscribe(["trade_updates"]);
});

/* ---- orders --------------------------------------------------------------------------------- */

rule("a market order fills, and its updates say so", async () => {
    const order = await submit({ symbol: "AAPL", qty: 5, side: "buy", type: "market",
        client_order_id: "js3-market" });
    assert.match(order.id, UUID);
    assert.equal(order.qty, "5");
    assert.equal(order.order_type, "market");
    assert.equal(order.legs, null);
    const filled = await finished(order.id);
    assert.equal(filled.filled_qty, "5");
    assert.match(filled.filled_avg_price, DECIMAL);
    const update = await updates.next((message) => message.event === "fill" && message.order.id === order.id,
        "the fill on the stream");
    assert.match(update.price, DECIMAL);
    assert.match(update.qty, DECIMAL);
    assert.equal(update.position_qty, "5");
    assert.equal(update.order.client_order_id, "js3-market");
});

rule("a position follows the fill", async () => {
    const position = await alpaca.getPosition("AAPL");
    assert.equal(position.qty, "5");
    assert.equal(position.side, "long");
    assert.equal(position.asset_class, "us_equity");
    for (const name of ["avg_entry_price", "market_value", "cost_basis", "unrealized_pl",
        "unrealized_plpc", "current_price", "lastday_price", "change_today"])
        assert.match(position[name], DECIMAL, name);
    assert.ok((await alpaca.getPositions()).some((held) => held.symbol === "AAPL"));
});

rule("a resting order is listed, found and cancelled", async () => {
    const order = await submit({ symbol: "MSFT", qty: 1, side: "buy", type: "limit", limit_price: "1.00",
        time_in_force: "gtc", client_order_id: "js3-rest" });
    assert.equal((await alpaca.getOrder(order.id)).status, "new");
    assert.equal((await alpaca.getOrderByClientId("js3-rest")).id, order.id);
    const open = await alpaca.getOrders({ status: "open", limit: 500, symbols: "MSFT" });
    assert.ok(open.some((listed) => listed.id === order.id));
    await alpaca.cancelOrder(order.id);
    await updates.next((message) => message.event === "canceled" && message.order.id === order.id,
        "the cancel on the stream");
    const gone = await alpaca.getOrder(order.id);
    assert.equal(gone.status, "canceled");
    assert.ok(gone.canceled_at);
});

rule("a client order id is taken for ever", async () => {
    const error = await failure(submit({ symbol: "AAPL", qty: 1, side: "buy", type: "market",
        client_order_id: "js3-market" }));
    assert.equal(error.response.status, 422);
    assert.equal(error.response.data.code, 40010001);
    assert.match(error.response.data.message, /client_order_id must be unique/);
});

rule("an order for more money than there is is refused as Alpaca refuses it", async () => {
    const error = await failure(submit({ symbol: "AAPL", qty: 1000000, side: "buy", type: "market" }));
    assert.equal(error.response.status, 403);
    assert.equal(error.response.data.code, 40310000);
    assert.match(error.response.data.message, /insufficient buying power/);
});

rule("a limit of a fraction of a cent is refused", async () => {
    const error = await failure(submit({ symbol: "AAPL", qty: 1, side: "buy", type: "limit",
        limit_price: "100.001" }));
    assert.equal(error.response.status, 422);
    assert.equal(error.response.data.code, 42210000);
});

rule("a fractional order for a sum of money fills", async () => {
    const order = await submit({ symbol: "MSFT", notional: 250, side: "buy", type: "market" });
    assert.equal(order.notional, "250");
    const filled = await finished(order.id);
    assert.ok(Number(filled.filled_qty) > 0);
});

rule("every order can be cancelled at once", async () => {
    const order = await submit({ symbol: "AAPL", qty: 1, side: "buy", type: "limit", limit_price: "2.00" });
    const answers = await alpaca.cancelAllOrders();
    assert.ok(answers.some((answer) => answer.id === order.id && answer.status === 200));
    await eventually(() => alpaca.getOrders({ status: "open" }), (open) => open.length === 0);
});

rule("orders are listed in pages by time", async () => {
    const newest = await alpaca.getOrders({ status: "all", limit: 2, direction: "desc" });
    assert.equal(newest.length, 2);
    const older = await alpaca.getOrders({ status: "all", limit: 500, until: newest[1].submitted_at });
    assert.ok(older.length >= 1);
    assert.ok(older.every((order) => order.id !== newest[0].id && order.id !== newest[1].id));
});

rule("a bracket is answered with its legs held, and cancelled as one", async () => {
    const ask = (await alpaca.getLatestQuote("TSLA")).AskPrice;
    const order = await submit({ symbol: "TSLA", qty: 2, side: "buy", type: "limit", limit_price: cents(ask / 2),
        order_class: "bracket", take_profit: { limit_price: cents(ask * 2) },
        stop_loss: { stop_price: cents(ask / 4), limit_price: cents(ask / 5) } });
    assert.equal(order.order_class, "bracket");
    assert.equal(order.legs.length, 2);
    assert.deepEqual(order.legs.map((leg) => leg.status), ["held", "held"]);
    assert.deepEqual(order.legs.map((leg) => leg.type).sort(), ["limit", "stop_limit"]);
    const nested = await alpaca.getOrders({ status: "open", nested: true, symbols: "TSLA" });
    assert.equal(nested.length, 1);
    assert.equal(nested[0].legs.length, 2);
    await alpaca.cancelOrder(order.id);
    await eventually(() => alpaca.getOrder(order.legs[0].id), (leg) => leg.status === "canceled");
});

rule("a bracket whose entry fills arms its exits", async () => {
    const ask = (await alpaca.getLatestQuote("TSLA")).AskPrice;
    const order = await submit({ symbol: "TSLA", qty: 2, side: "buy", type: "market", order_class: "bracket",
        take_profit: { limit_price: cents(ask * 2) }, stop_loss: { stop_price: cents(ask / 2) } });
    await finished(order.id);
    const profit = order.legs.find((leg) => leg.type === "limit");
    await eventually(() => alpaca.getOrder(profit.id), (leg) => leg.status === "new", "the armed exit");
    await alpaca.cancelOrder(profit.id);
    await eventually(() => alpaca.getOrders({ status: "open", symbols: "TSLA" }), (open) => open.length === 0);
});

rule("a bracket without its stop is refused", async () => {
    const error = await failure(submit({ symbol: "TSLA", qty: 1, side: "buy", type: "market",
        order_class: "bracket", take_profit: { limit_price: "9999" } }));
    assert.equal(error.response.status, 422);
});

rule("a resting order is replaced by another", async () => {
    const order = await submit({ symbol: "MSFT", qty: 1, side: "buy", type: "limit", limit_price: "3.00" });
    const next = await alpaca.replaceOrder(order.id, { qty: "2", limit_price: "3.50" });
    assert.notEqual(next.id, order.id);
    assert.equal(next.replaces, order.id);
    assert.equal(next.qty, "2");
    const old = await eventually(() => alpaca.getOrder(order.id), (read) => read.status === "replaced");
    assert.equal(old.replaced_by, next.id);
    await alpaca.cancelOrder(next.id);
});

rule("stops and trailing stops rest", async () => {
    await submit({ symbol: "AAPL", qty: 2, side: "buy", type: "market" });
    await eventually(() => alpaca.getPosition("AAPL"), (held) => Number(held.qty_available) >= 2);
    const bid = (await alpaca.getLatestQuote("AAPL")).BidPrice;
    const stop = await submit({ symbol: "AAPL", qty: 1, side: "sell", type: "stop", stop_price: cents(bid / 2) });
    const trail = await submit({ symbol: "AAPL", qty: 1, side: "sell", type: "trailing_stop", trail_percent: "40",
        time_in_force: "gtc" });
    assert.equal((await alpaca.getOrder(stop.id)).status, "new");
    assert.match((await alpaca.getOrder(trail.id)).hwm, DECIMAL);
    await alpaca.cancelOrder(stop.id);
    await alpaca.cancelOrder(trail.id);
});

/* ---- account: settings, activities, history, watchlists, calendar --------------------------- */

rule("configurations are read and changed", async () => {
    const before = await alpaca.getAccountConfigurations();
    assert.equal(before.no_shorting, false);
    assert.equal((await alpaca.updateAccountConfigurations({ no_shorting: true })).no_shorting, true);
    assert.equal((await alpaca.updateAccountConfigurations({ no_shorting: false })).no_shorting, false);
});

rule("the history of the account ends with what it is worth", async () => {
    const { timestamp, equity, profit_loss, profit_loss_pct, base_value, timeframe } =
        await alpaca.getPortfolioHistory({ period: "1D", timeframe: "5Min", extended_hours: true });
    assert.equal(timeframe, "5Min");
    assert.ok(timestamp.length > 60); /* since four in the morning */
    for (const column of [equity, profit_loss, profit_loss_pct])
        assert.ok(column.length === timestamp.length && column.every((value) => typeof value === "number"));
    assert.equal(equity[0], 0);
    assert.ok(equity.at(-1) > 99_000 && base_value > 99_000);
    const days = await alpaca.getPortfolioHistory({ date_start: "2026-01-02", date_end: "2026-01-05",
        timeframe: "1D" });
    assert.deepEqual(days.timestamp.map((at) => new Date(at * 1000).toISOString().slice(0, 10)),
        ["2026-01-02", "2026-01-05"]);
    const error = await failure(alpaca.getPortfolioHistory({ period: "1Y" }));
    assert.equal(error.response.status, 422);
});

rule("activities come in pages, each once", async () => {
    const seen = [];
    let pageToken;
    for (;;) {
        const page = await alpaca.getAccountActivities({ activityTypes: "FILL", pageSize: 1, pageToken });
        if (page.length === 0)
            break;
        seen.push(...page.map((activity) => activity.id));
        pageToken = page[page.length - 1].id;
        assert.match(page[0].price, DECIMAL);
    }
    assert.ok(seen.length >= 2);
    assert.equal(new Set(seen).size, seen.length);
});

rule("a watchlist lives from its making to its end", async () => {
    const made = await alpaca.addWatchlist("desk 3", ["AAPL"]);
    await alpaca.addToWatchlist(made.id, "MSFT");
    assert.deepEqual((await alpaca.getWatchlist(made.id)).assets.map((asset) => asset.symbol), ["AAPL", "MSFT"]);
    await alpaca.deleteFromWatchlist(made.id, "AAPL");
    await alpaca.updateWatchlist(made.id, { name: "desk three", symbols: ["TSLA"] });
    assert.ok((await alpaca.getWatchlists()).some((list) => list.name === "desk three"));
    await alpaca.deleteWatchlist(made.id);
    assert.equal((await failure(alpaca.getWatchlist(made.id))).response.status, 404);
});

rule("the calendar knows holidays and half days", async () => {
    const days = await alpaca.getCalendar({ start: new Date("2025-11-26"), end: new Date("2025-11-28") });
    assert.deepEqual(days.map((day) => [day.date, day.open, day.close]),
        [["2025-11-26", "09:30", "16:00"], ["2025-11-28", "09:30", "13:00"]]);
});

rule("positions are closed one by one and all at once", async () => {
    const closing = await alpaca.closePosition("MSFT");
    assert.equal(closing.side, "sell");
    await finished(closing.id);
    assert.equal((await failure(alpaca.getPosition("MSFT"))).response.status, 404);
    const answers = await alpaca.closeAllPositions();
    assert.ok(answers.every((answer) => answer.status === 200 && answer.body.symbol === answer.symbol));
    await eventually(() => alpaca.getPositions(), (held) => held.length === 0);
});

/* ---- market data ---------------------------------------------------------------------------- */

rule("the latest trade, quote and bar have their names", async () => {
    const trade = await alpaca.getLatestTrade("AAPL");
    assert.ok(trade.Price > 0 && trade.Size > 0 && trade.Timestamp);
    const quote = await alpaca.getLatestQuote("AAPL");
    assert.ok(quote.AskPrice >= quote.BidPrice && quote.BidPrice > 0);
    const two = await alpaca.getLatestQuotes(["AAPL", "MSFT"]);
    assert.deepEqual([...two.keys()].sort(), ["AAPL", "MSFT"]);
    const both = await alpaca.getLatestTrades(["AAPL", "MSFT"]);
    assert.ok(both.get("MSFT").Price > 0);
    assert.ok((await alpaca.getLatestBar("AAPL")).ClosePrice > 0);
});

rule("daily bars come in pages, each once", async () => {
    const options = { start: "2025-11-03", end: "2025-12-31", timeframe: "1Day" };
    const whole = await all(alpaca.getBarsV2("AAPL", { ...options }));
    assert.ok(whole.length > 30);
    const days = whole.map((bar) => bar.Timestamp);
    assert.deepEqual([...new Set(days)].sort(), days);
    for (const bar of whole)
        assert.ok(bar.LowPrice <= bar.OpenPrice && bar.OpenPrice <= bar.HighPrice && bar.Volume > 0 &&
            bar.VWAP >= bar.LowPrice && bar.VWAP <= bar.HighPrice);
    const paged = await all(alpaca.getBarsV2("AAPL", { ...options, limit: 25, pageLimit: 7 }));
    assert.deepEqual(paged, whole.slice(0, 25));
});

rule("bars of several symbols come by symbol", async () => {
    const found = await alpaca.getMultiBarsV2(["AAPL", "MSFT"],
        { start: "2025-12-01", end: "2025-12-31", timeframe: "1Day" });
    assert.deepEqual([...found.keys()].sort(), ["AAPL", "MSFT"]);
    assert.equal(found.get("AAPL").length, found.get("MSFT").length);
});

rule("a timeframe that is none is refused", async () => {
    const error = await failure(all(alpaca.getBarsV2("AAPL", { start: "2025-12-01", timeframe: "7Weeks" })));
    assert.match(error.message, /code: 400/);
});

rule("trades and quotes of the past come in pages", async () => {
    const options = { start: "2026-01-05T14:31:00Z", limit: 40, pageLimit: 15 };
    const trades = await eventually(() => all(alpaca.getTradesV2("AAPL", { ...options })),
        (found) => found.length === 40, "the fortieth trade");
    assert.equal(new Set(trades.map((trade) => trade.ID)).size, 40);
    const quotes = await eventually(() => all(alpaca.getQuotesV2("AAPL", { ...options })),
        (found) => found.length === 40, "the fortieth quote");
    assert.equal(quotes.length, 40);
    const many = await alpaca.getMultiTradesV2(["AAPL", "MSFT"], { ...options });
    assert.ok(many.get("AAPL").length > 0);
});

rule("snapshots have five parts", async () => {
    const snapshot = await alpaca.getSnapshot("AAPL");
    for (const part of ["LatestTrade", "LatestQuote", "MinuteBar", "DailyBar", "PrevDailyBar"])
        assert.ok(snapshot[part], part);
    assert.equal((await alpaca.getSnapshots(["AAPL", "MSFT"])).length, 2);
});

rule("the data stream sends trades, quotes and bars in MessagePack", async () => {
    const { data_stream_v2: stream } = alpaca;
    stream.onStockTrade((trade) => trades.push(trade));
    stream.onStockQuote((quote) => quotes.push(quote));
    stream.onStockBar((bar) => bars.push(bar));
    const authenticated = new Promise((resolve) => stream.onConnect(resolve));
    stream.connect();
    await authenticated;
    stream.subscribeForTrades(["AAPL"]);
    stream.subscribeForQuotes(["AAPL"]);
    stream.subscribeForBars(["*"]);
    const trade = await trades.next();
    assert.equal(trade.Symbol, "AAPL");
    assert.ok(trade.Price > 0 && trade.Size > 0);
    const quote = await quotes.next();
    assert.ok(quote.BidPrice > 0 && quote.AskPrice >= quote.BidPrice);
    const bar = await bars.next();
    assert.ok(bar.HighPrice >= bar.LowPrice && bar.Volume > 0);
    stream.unsubscribeFromTrades(["AAPL"]);
    await eventually(async () => stream.getSubscriptions(), (list) => list.trades.length === 0);
});

/* ---- who it is ------------------------------------------------------------------------------ */

rule("a wrong key is not authorized", async () => {
    const stranger = new Alpaca({ keyId: "demo", secretKey: "wrong", baseUrl: exchange });
    const error = await failure(stranger.getAccount());
    assert.equal(error.response.status, 401);
    assert.equal(error.response.data.code, 40110000);
    assert.ok(error.response.headers["x-request-id"]);
});

await run_rules(async () => {
    alpaca.trade_ws.disconnect();
    if (alpaca.data_stream_v2.conn)
        alpaca.data_stream_v2.disconnect();
});
