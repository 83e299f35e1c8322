/*
 * sdk4.mjs - what a stock trader calls, through @alpacahq/alpaca-trade-api 4.
 *
 * EXCHANGE is the address of the exchange (http://host:port). The client has no setting for an
 * address, but takes the function that fetches.
 */
import * as sdk from "alpaca-4";

import { Inbox, assert, eventually, failure, rule, run_rules } from "./suite.mjs";

const { Alpaca, NotFoundError, PermissionError, TimeFrame, ValidationError, AuthError, withResponse } = sdk;
const exchange = process.env.EXCHANGE;
const stream = exchange.replace(/^http/, "ws");
const local = (url, init) => fetch(url.replace(/^https:\/\/[^/]+/, exchange), init);
const alpaca = new Alpaca({ keyId: "demo", secret: "demo", fetchApi: local, retry: false });
const { trading, marketData } = alpaca;

const updates = new Inbox();
const trades = new Inbox();
const quotes = new Inbox();
const bars = new Inbox();
const market = marketData.stockStream({ url: `${stream}/v2/iex` });
const trade_stream = trading.stream({ url: `${stream}/stream` });

const DECIMAL = /^-?\d+(\.\d+)?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const cents = (price) => price.toFixed(2);

async function all(pages) {
    const items = [];
    for await (const item of pages)
        items.push(item);
    return items;
}

function finished(orderId) {
    return eventually(() => trading.orders.getOrderByOrderID({ orderId }),
        (order) => order.status === "filled", "the fill");
}

/* ---- account, clock, assets ---------------------------------------------------------------- */

rule("the connection is valid", async () => {
    const check = await trading.validateConnection();
    assert.equal(check.ok, true, JSON.stringify(check));
    assert.equal(check.account.status, "ACTIVE");
    assert.match(check.account.buyingPower, DECIMAL);
    assert.match(check.account.cash, DECIMAL);
});

rule("the clock and the assets are told", async () => {
    const clock = await trading.clock.legacyClock();
    assert.equal(clock.isOpen, true);
    assert.ok(clock.nextClose > clock.timestamp);
    const apple = await trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "AAPL" });
    assert.match(apple.id, UUID);
    assert.equal(apple.tradable, true);
    assert.ok((await trading.assets.getV2Assets({ status: "active" })).length >= 3);
    const error = await failure(trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "NOTHERE" }));
    assert.ok(error instanceof NotFoundError);
    assert.equal(error.code, 40410000);
    assert.ok(error.requestId);
});

rule("an answer has its request's id", async () => {
    const answer = await withResponse(trading.account.getAccountRaw());
    assert.equal(answer.status, 200);
    assert.ok(answer.headers.get("X-Request-ID"));
});

/* ---- orders --------------------------------------------------------------------------------- */

rule("the trading stream authorizes and listens", async () => {
    const listening = new Promise((resolve) => trade_stream.on("subscription", resolve));
    trade_stream.onTradeUpdate((update) => updates.push(update));
    trade_stream.connect();
    assert.equal(await trade_stream.waitForAuthentication(10_000), true);
    trade_stream.subscribeTradeUpdates();
    assert.deepEqual(await listening, ["trade_updates"]);
});

rule("a market order fills, and its updates say so", async () => {
    const order = await trading.orders.market({ symbol: "AAPL", qty: 5, side: "buy", clientOrderId: "js4-market" });
    assert.equal(order.qty, "5");
    const filled = await finished(order.id);
    assert.equal(filled.filledQty, "5");
    const update = await updates.next((message) => message.event === "fill" && message.order.id === order.id,
        "the fill on the stream");
    assert.equal(update.order.clientOrderId, "js4-market");
    const position = await trading.positions.getOpenPosition({ symbolOrAssetId: "AAPL" });
    assert.equal(position.side, "long");
    assert.ok(Number(position.qty) >= 5);
    assert.ok((await trading.positions.getAllOpenPositions()).length >= 1);
});

rule("submitAndWait ends with the fill", async () => {
    const order = await trading.submitAndWait({ type: "market", symbol: "MSFT", qty: 1, side: "buy" },
        { stream: trade_stream, timeoutMs: 15_000 });
    assert.equal(order.status, "filled");
});

rule("a resting order is listed, found and cancelled", async () => {
    const order = await trading.orders.limit({ symbol: "MSFT", qty: 1, side: "buy", limitPrice: "1.00",
        timeInForce: "gtc", clientOrderId: "js4-rest" });
    const found = await trading.orders.getOrderByClientOrderId({ clientOrderId: "js4-rest" });
    assert.equal(found.id, order.id);
    assert.equal(found.status, "new");
    const open = await trading.orders.getAllOrders({ status: "open", limit: 500, symbols: ["MSFT"] });
    assert.ok(open.some((listed) => listed.id === order.id));
    await trading.orders.deleteOrderByOrderID({ orderId: order.id });
    await updates.next((message) => message.event === "canceled" && message.order.id === order.id,
        "the cancel on the stream");
    const gone = await trading.orders.getOrderByOrderID({ orderId: order.id });
    assert.equal(gone.status, "canceled");
    assert.ok(gone.canceledAt instanceof Date);
});

rule("refusals are the classes that the client knows", async () => {
    const twin = await failure(trading.orders.market({ symbol: "AAPL", qty: 1, side: "buy",
        clientOrderId: "js4-market" }));
    assert.ok(twin instanceof ValidationError);
    assert.equal(twin.code, 40010001);
    const poor = await failure(trading.orders.market({ symbol: "AAPL", qty: 1000000, side: "buy" }));
    assert.ok(poor instanceof PermissionError);
    assert.equal(poor.code, 40310000);
    const fine = await failure(trading.orders.limit({ symbol: "AAPL", qty: 1, side: "buy", limitPrice: "100.001" }));
    assert.ok(fine instanceof ValidationError);
    assert.equal(fine.code, 42210000);
});

rule("every order can be cancelled at once", async () => {
    const order = await trading.orders.limit({ symbol: "AAPL", qty: 1, side: "buy", limitPrice: "2.00" });
    const answers = await trading.orders.deleteAllOrders();
    assert.ok(answers.some((answer) => answer.id === order.id && answer.status === 200));
});

rule("a bracket is answered with its legs held, and cancelled as one", async () => {
    const ask = (await marketData.stocks.stockLatestQuoteSingle({ symbol: "TSLA" })).quote.ap;
    const order = await trading.orders.bracket({ symbol: "TSLA", qty: 2, side: "buy", limitPrice: cents(ask / 2),
        takeProfit: { limitPrice: cents(ask * 2) }, stopLoss: { stopPrice: cents(ask / 4) } });
    assert.equal(order.orderClass, "bracket");
    assert.deepEqual(order.legs.map((leg) => leg.status), ["held", "held"]);
    await trading.orders.deleteOrderByOrderID({ orderId: order.id });
    await eventually(() => trading.orders.getOrderByOrderID({ orderId: order.legs[1].id }),
        (leg) => leg.status === "canceled");
});

rule("an exit pair and an order that triggers another are taken", async () => {
    const ask = (await marketData.stocks.stockLatestQuoteSingle({ symbol: "AAPL" })).quote.ap;
    const oco = await trading.orders.oco({ symbol: "AAPL", qty: 1, side: "sell",
        takeProfit: { limitPrice: cents(ask * 2) }, stopLoss: { stopPrice: cents(ask / 2) } });
    assert.equal(oco.orderClass, "oco");
    await trading.orders.deleteOrderByOrderID({ orderId: oco.id });
    const oto = await trading.orders.oto({ symbol: "AAPL", qty: 1, side: "buy", limitPrice: "2.00",
        stopLoss: { stopPrice: "1.00" } });
    assert.equal(oto.legs.length, 1);
    await trading.orders.deleteOrderByOrderID({ orderId: oto.id });
});

rule("stops, stop-limits and trailing stops rest", async () => {
    const { quote } = await marketData.stocks.stockLatestQuoteSingle({ symbol: "MSFT" });
    const far = { symbol: "MSFT", qty: 1, side: "buy", timeInForce: "gtc" };
    const resting = [
        await trading.orders.stop({ ...far, stopPrice: cents(quote.ap * 2) }),
        await trading.orders.stopLimit({ ...far, stopPrice: cents(quote.ap * 2), limitPrice: cents(quote.ap * 3) }),
        await trading.orders.trailingStop({ ...far, trailPercent: 50 }),
        await trading.orders.trailingStop({ ...far, trailPrice: 20 }),
        await trading.orders.submit({ ...far, type: "limit", limitPrice: "1.00" }),
    ];
    assert.deepEqual(resting.map((order) => order.type), ["stop", "stop_limit", "trailing_stop", "trailing_stop",
        "limit"]);
    assert.equal(resting[2].trailPercent, "50");
    assert.equal(resting[3].trailPrice, "20");
    assert.ok(Number((await trading.orders.getOrderByOrderID({ orderId: resting[2].id })).hwm) > 0);
    const answers = await trading.orders.deleteAllOrders();
    assert.equal(answers.length, resting.length);
});

rule("an order for a sum of money fills in fractions", async () => {
    const order = await trading.orders.market({ symbol: "AAPL", notional: "100.50", side: "buy" });
    assert.equal(order.notional, "100.5");
    assert.equal(order.qty ?? null, null);
    assert.match((await finished(order.id)).filledQty, /^\d+\.\d+$/);
});

rule("a resting order is replaced by another", async () => {
    const order = await trading.orders.limit({ symbol: "MSFT", qty: 1, side: "buy", limitPrice: "3.00" });
    const next = await trading.orders.patchOrderByOrderId({ orderId: order.id,
        patchOrderRequest: { qty: "2", limitPrice: "3.50" } });
    assert.equal(next.replaces, order.id);
    await trading.orders.deleteOrderByOrderID({ orderId: next.id });
});

/* ---- account: settings, activities, history, watchlists, calendar --------------------------- */

rule("configurations are read and changed", async () => {
    const { accountConfigurations } = trading;
    const before = await accountConfigurations.getAccountConfig();
    assert.equal(before.noShorting, false);
    assert.equal(before.maxMarginMultiplier, "4");
    const change = (settings) => accountConfigurations.patchAccountConfig({ accountConfigurations: settings });
    assert.equal((await change({ ...before, noShorting: true })).noShorting, true);
    assert.deepEqual(await change({ noShorting: false }), before);
});

rule("the calendar knows holidays and half days", async () => {
    const days = await trading.calendar.legacyCalendar({ start: new Date("2025-11-26T12:00:00Z"),
        end: new Date("2025-11-28T12:00:00Z") });
    assert.deepEqual(days.map(({ date, open, close }) => [date.toISOString().slice(0, 10), open, close]),
        [["2025-11-26", "09:30", "16:00"], ["2025-11-28", "09:30", "13:00"]]);
});

rule("the history of the account ends with what it is worth", async () => {
    const history = (request) => trading.portfolioHistory.getAccountPortfolioHistory(request);
    const day = await history({ period: "1D", timeframe: "1Min", pnlReset: "no_reset" });
    assert.equal(day.timeframe, "1Min");
    assert.ok(day.timestamp.length > 1 && day.equity.length === day.timestamp.length);
    assert.ok(day.equity.at(-1) > 99_000);
    assert.equal(day.profitLoss.length, day.profitLossPct.length);
    const days = await history({ start: new Date("2026-01-02T12:00:00Z"), timeframe: "1D", period: "1W",
        cashflowTypes: "ALL" });
    assert.deepEqual(days.equity.map((worth) => worth > 0), [false, true]);
    assert.ok(days.baseValueAsof instanceof Date);
    assert.deepEqual(days.cashflow, { CSD: [0, 100000] });
    const error = await failure(history({ period: "2M", timeframe: "1H" }));
    assert.ok(error instanceof ValidationError);
    assert.equal(error.code, 40010001);
});

rule("activities come in pages, each once", async () => {
    const seen = (await all(trading.iterateActivities({ activityTypes: ["FILL"], pageSize: 1 })))
        .map((activity) => activity.id);
    assert.ok(seen.length >= 2);
    assert.equal(new Set(seen).size, seen.length);
});

rule("fills and deposits are told by type", async () => {
    const fills = await trading.collectActivitiesByType({ activityType: "FILL", pageSize: 2 });
    assert.ok(fills.every((fill) => fill.activityType === "FILL" && fill.symbol));
    const [deposit] = await trading.accountActivities.getAccountActivitiesByActivityType({ activityType: "CSD" });
    assert.equal(deposit.netAmount, "100000");
    const both = await trading.collectActivities({ pageSize: 3 });
    assert.equal(both.length, fills.length + 1);
    assert.ok(both[0].transactionTime instanceof Date);
    assert.deepEqual((await trading.collectActivities({ pageSize: 3, direction: "asc" })).map(({ id }) => id),
        both.map(({ id }) => id).reverse());
});

rule("watchlists are found by id and by name", async () => {
    const { watchlists } = trading;
    const { id } = await watchlists.postWatchlist({ createWatchlistRequest: { name: "four", symbols: ["AAPL"] } });
    const symbols = (list) => list.assets.map((asset) => asset.symbol).join();
    assert.equal(symbols(await watchlists.addAssetToWatchlist({ watchlistId: id,
        addAssetToWatchlistRequest: { symbol: "MSFT" } })), "AAPL,MSFT");
    assert.equal(symbols(await watchlists.addAssetToWatchlistByName({ name: "four",
        addAssetToWatchlistRequest: { symbol: "TSLA" } })), "AAPL,MSFT,TSLA");
    assert.equal(symbols(await watchlists.removeAssetFromWatchlist({ watchlistId: id, symbol: "MSFT" })), "AAPL,TSLA");
    assert.equal((await watchlists.getWatchlistById({ watchlistId: id })).name, "four");
    assert.equal((await watchlists.updateWatchlistById({ watchlistId: id,
        updateWatchlistRequest: { name: "five", symbols: [] } })).name, "five");
    assert.equal((await watchlists.getWatchlistByName({ name: "five" })).id, id);
    assert.equal(symbols(await watchlists.updateWatchlistByName({ name: "five",
        updateWatchlistRequest: { name: "six", symbols: ["MSFT"] } })), "MSFT");
    await watchlists.deleteWatchlistByName({ name: "six" });
    assert.ok(await failure(watchlists.getWatchlistById({ watchlistId: id })) instanceof NotFoundError);
});

rule("a watchlist lives from its making to its end", async () => {
    const made = await trading.watchlists.postWatchlist({ createWatchlistRequest: { name: "desk 4", symbols: ["AAPL"] } });
    assert.match(made.id, UUID);
    assert.ok((await trading.watchlists.getWatchlists()).some((list) => list.name === "desk 4"));
    await trading.watchlists.deleteWatchlistById({ watchlistId: made.id });
});

rule("a position is closed in part", async () => {
    const order = await trading.positions.deleteOpenPosition({ symbolOrAssetId: "AAPL", percentage: 40 });
    assert.equal(order.side, "sell");
    assert.equal(order.positionIntent, "sell_to_close");
    await finished(order.id);
    const rest = await trading.positions.getOpenPosition({ symbolOrAssetId: "AAPL" });
    await finished((await trading.positions.deleteOpenPosition({ symbolOrAssetId: rest.assetId, qty: 1 })).id);
    const nothing = await failure(trading.positions.deleteOpenPosition({ symbolOrAssetId: "TSLA" }));
    assert.ok(nothing instanceof NotFoundError);
    assert.equal(nothing.code, 40410000);
});

rule("positions are closed", async () => {
    const answers = await trading.closeAllPositions({ cancelOrders: true });
    assert.ok(answers.length >= 1);
    await eventually(() => trading.positions.getAllOpenPositions(), (held) => held.length === 0);
});

/* ---- market data ---------------------------------------------------------------------------- */

rule("the latest are told by symbol", async () => {
    assert.ok(await marketData.getLatestPrice("AAPL") > 0);
    const { quotes } = await marketData.stocks.stockLatestQuotes({ symbols: "AAPL,MSFT" });
    assert.deepEqual(Object.keys(quotes).sort(), ["AAPL", "MSFT"]);
    const { quote } = await marketData.stocks.stockLatestQuoteSingle({ symbol: "AAPL" });
    assert.ok(quote.ap >= quote.bp && quote.bp > 0);
});

rule("daily bars come in pages, each once", async () => {
    const request = { symbols: ["AAPL", "MSFT"], timeframe: TimeFrame.Day,
        start: new Date("2025-11-03"), end: new Date("2025-12-31") };
    const whole = await marketData.getStockBars(request);
    assert.ok(whole.AAPL.length > 30);
    assert.equal(whole.AAPL.length, whole.MSFT.length);
    const paged = await all(marketData.iterateStockBars({ ...request, limit: 7 }));
    assert.equal(paged.length, whole.AAPL.length + whole.MSFT.length);
    assert.ok(whole.AAPL[0].timestamp instanceof Date);
    assert.match(whole.AAPL[0].timestampRaw, /^2025-11-03T0[45]:00:00Z$/);
});

rule("trades of the past come in pages", async () => {
    const request = { start: new Date("2026-01-05T14:31:00Z"), limit: 15 };
    const trades = await eventually(() => marketData.getStockTradesFor("AAPL", request, { maxPerSymbol: 40 }),
        (found) => found.length === 40, "the fortieth trade");
    assert.equal(new Set(trades.map((trade) => trade.idRaw)).size, 40);
});

rule("snapshots, conditions and exchanges are told", async () => {
    const snapshot = await marketData.stocks.stockSnapshotSingle({ symbol: "AAPL" });
    for (const part of ["latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"])
        assert.ok(snapshot[part], part);
    assert.ok(Object.keys(await marketData.stocks.stockMetaExchanges()).length > 5);
    assert.ok(Object.keys(await marketData.stocks.stockMetaConditions({ ticktype: "trade", tape: "A" })).length > 5);
});

rule("the data stream sends trades, quotes and bars in MessagePack", async () => {
    market.onTrade((trade) => trades.push(trade));
    market.onQuote((quote) => quotes.push(quote));
    market.onBar((bar) => bars.push(bar));
    market.subscribeForTrades(["AAPL"]);
    market.subscribeForQuotes(["AAPL"]);
    market.subscribeForBars(["*"]);
    market.connect();
    assert.equal(await market.waitForAuthentication(10_000), true);
    const trade = await trades.next();
    assert.equal(trade.symbol, "AAPL");
    assert.ok(trade.timestamp instanceof Date && /\.\d{1,9}Z$|:\d\dZ$/.test(trade.timestampRaw));
    assert.ok((await quotes.next()).bidPrice > 0);
    assert.ok((await bars.next()).volume > 0);
});

/* ---- who it is ------------------------------------------------------------------------------ */

rule("a wrong key is not authorized", async () => {
    const stranger = new Alpaca({ keyId: "demo", secret: "wrong", fetchApi: local, retry: false });
    const error = await failure(stranger.trading.account.getAccount());
    assert.ok(error instanceof AuthError);
    assert.equal(error.code, 40110000);
});

await run_rules(async () => {
    trade_stream.disconnect();
    market.disconnect();
});
