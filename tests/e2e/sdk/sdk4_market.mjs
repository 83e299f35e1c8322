/*
 * sdk4_market.mjs - the market data that a stock trader asks for, through @alpacahq/alpaca-trade-api 4:
 * history page by page, every channel of the stream, and what happens when things go wrong.
 *
 * EXCHANGE is the address of the exchange (http://host:port).
 */
import * as sdk from "alpaca-4";

import { Inbox, assert, eventually, failure, plan_faults, rule, run_rules } from "./suite.mjs";

const { Alpaca, ApiError, NotFoundError, RateLimitError, TimeFrame, ValidationError } = sdk;
const exchange = process.env.EXCHANGE;
const stream_host = exchange.replace(/^http/, "ws");
const local = (url, init) => fetch(url.replace(/^https:\/\/[^/]+/, exchange), init);
const alpaca = new Alpaca({ keyId: "demo", secret: "demo", fetchApi: local, retry: false,
    rateLimit: false });
const { trading, marketData } = alpaca;
const { stocks } = marketData;

const start = new Date("2026-01-05T14:31:00Z");
const days = { start: new Date("2025-12-01"), end: new Date("2025-12-31") };
const both = ["AAPL", "MSFT"];

async function all(pages) {
    const items = [];
    for await (const item of pages)
        items.push(item);
    return items;
}

const raw = (path) => fetch(exchange + path, {
    headers: { "APCA-API-KEY-ID": "demo", "APCA-API-SECRET-KEY": "demo" } }).then((answer) => answer.text());

/* ---- history -------------------------------------------------------------------------------- */

rule("pages of any size add up to the same history", async () => {
    const request = { symbols: both, timeframe: TimeFrame.Day, ...days };
    const whole = await marketData.collectStockBarsBySymbol(request);
    assert.deepEqual(Object.keys(whole), both);
    for (const limit of [1, 5, 21, 22, 10_000]) {
        assert.deepEqual(await marketData.collectStockBarsBySymbol({ ...request, limit }), whole);
        const items = await all(marketData.iterateStockBars({ ...request, limit }));
        assert.equal(items.length, whole.AAPL.length + whole.MSFT.length);
    }
    const backwards = await marketData.collectStockBarsBySymbol({ ...request, limit: 4, sort: "desc" });
    assert.deepEqual(backwards.AAPL, [...whole.AAPL].reverse());
    const one = await marketData.collectStockBarSingle({ symbol: "AAPL", timeframe: TimeFrame.Day, ...days, limit: 3 });
    assert.deepEqual(one.map((bar) => bar.vw), whole.AAPL.map((bar) => bar.vw));
    assert.deepEqual(await all(marketData.iterateStockBarSingle({ symbol: "AAPL", timeframe: TimeFrame.Day, ...days,
        limit: 7 })), one);
});

rule("many requests at once give the same bars, and candles of them", async () => {
    const request = { symbols: both, timeframe: TimeFrame.Day, ...days };
    const whole = await marketData.getStockBars(request);
    assert.deepEqual(await marketData.getStockBars(request, { concurrency: 2 }), whole);
    assert.deepEqual(await marketData.getStockBarsFor("MSFT", { timeframe: TimeFrame.Day, ...days }), whole.MSFT);
    const candles = await marketData.getStockCandlesFor("AAPL", { timeframe: TimeFrame.Day, ...days });
    assert.ok(JSON.stringify(candles).includes(String(whole.AAPL[0].open)));
    assert.deepEqual(Object.keys(await marketData.getStockCandles(request)), both);
});

rule("trades and quotes come in pages, each once and in order", async () => {
    const request = { symbols: both, start, limit: 70 };
    const trades = await eventually(() => marketData.getStockTrades(request, { maxPerSymbol: 30 }),
        (found) => both.every((symbol) => found[symbol]?.length === 30), "thirty trades of each");
    for (const symbol of both) {
        const times = trades[symbol].map((trade) => trade.timestampRaw);
        assert.deepEqual(times, [...times].sort());
        assert.equal(new Set(trades[symbol].map((trade) => trade.id)).size, 30);
        assert.ok(trades[symbol].every((trade) => Number.isInteger(trade.size) && trade.size > 0));
    }
    const quotes = await marketData.getStockQuotesFor("AAPL", { start, limit: 9 }, { maxPerSymbol: 30 });
    assert.equal(quotes.length, 30);
    assert.ok(quotes.every((quote) => Number.isInteger(quote.bidSize) && Number.isInteger(quote.askSize)));
    assert.deepEqual((await marketData.getStockQuotes(request, { maxPerSymbol: 30 })).AAPL, quotes);
    const end = trades.AAPL[9].timestampRaw;
    const single = await stocks.stockTradeSingle({ symbol: "AAPL", start, end: new Date(end), limit: 5 });
    assert.equal(single.trades.length, 5);
    assert.equal(single.symbol, "AAPL");
    assert.ok(single.nextPageToken);
});

rule("auctions come in pages", async () => {
    const request = { symbols: both, ...days };
    const whole = await marketData.getStockAuctions(request);
    assert.equal(whole.AAPL.length, 21);
    assert.deepEqual(await marketData.collectStockAuctionsBySymbol({ ...request, limit: 4 }),
        await marketData.collectStockAuctionsBySymbol(request));
    assert.equal((await marketData.collectStockAuctionSingle({ symbol: "MSFT", ...days, limit: 5 })).length, 21);
});

rule("the latest and snapshots are told for one and for many", async () => {
    const trades = await stocks.stockLatestTrades({ symbols: both.join() });
    assert.deepEqual(Object.keys(trades.trades), both);
    assert.equal((await stocks.stockLatestTradeSingle({ symbol: "AAPL" })).symbol, "AAPL");
    assert.ok((await stocks.stockLatestBars({ symbols: "AAPL" })).bars.AAPL.v > 0);
    assert.ok((await stocks.stockLatestBarSingle({ symbol: "AAPL" })).bar.n > 0);
    const snapshots = await stocks.stockSnapshots({ symbols: both.join() });
    assert.deepEqual(Object.keys(snapshots), both);
    assert.ok(snapshots.MSFT.prevDailyBar.c > 0);
});

rule("names stand in the venue's order", async () => {
    const keys = (text, member) => Object.keys(JSON.parse(text)[member]).join();
    assert.equal(keys(await raw("/v2/stocks/AAPL/quotes/latest"), "quote"), "t,ax,ap,as,bx,bp,bs,c,z");
    assert.match(keys(await raw("/v2/stocks/AAPL/trades/latest"), "trade"), /^t,x,p,s,c,i,z/);
    assert.equal(keys(await raw("/v2/stocks/AAPL/bars/latest"), "bar"), "t,o,h,l,c,v,n,vw");
    assert.match(await raw("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2025-12-01&end=2025-12-01"),
        /^\{"bars":\{"AAPL":\[\{.*\}\]\},"next_page_token":null\}$/);
});

rule("the screener, news and corporate actions are answered", async () => {
    assert.equal((await marketData.screener.mostActives({ by: "trades", top: 2 })).mostActives.length, 2);
    const movers = await marketData.screener.movers({ marketType: "stocks", top: 2 });
    assert.equal(movers.marketType, "stocks");
    assert.deepEqual(await marketData.collectNews({ symbols: "AAPL" }), []);
    assert.deepEqual(await all(marketData.iterateNews({})), []);
    const actions = await marketData.corporateActions.corporateActions({ symbols: "AAPL" });
    assert.equal(actions.nextPageToken, null);
    assert.deepEqual(await trading.corporateActions.getV2CorporateActionsAnnouncements({
        caTypes: "dividend", since: new Date("2026-01-01"), until: new Date("2026-01-31") }), []);
});

/* ---- what is wrong -------------------------------------------------------------------------- */

rule("what is asked wrongly is refused with a word about it", async () => {
    const wrong = [
        [() => stocks.stockBars({ symbols: "AAPL", timeframe: "7Foo" }), ValidationError, /invalid timeframe/],
        [() => stocks.stockBars({ symbols: "AAPL", timeframe: "1Day", limit: 10_001 }), ValidationError, /limit/],
        [() => stocks.stockBars({ symbols: "AAPL", timeframe: "1Day", pageToken: "zz" }), ValidationError, /page_token/],
        [() => stocks.stockTrades({ symbols: "AAPL", feed: "nofeed" }), ValidationError, /invalid feed/],
        [() => stocks.stockLatestQuoteSingle({ symbol: "NOTHERE" }), NotFoundError, /NOTHERE/],
    ];
    for (const [call, kind, words] of wrong) {
        const error = await failure(call());
        assert.ok(error instanceof kind, String(error));
        assert.match(error.message, words);
        assert.ok(error.requestId);
    }
});

rule("a throttled call says when to come again", async () => {
    await plan_faults("status 429 100% /v2/account");
    const error = await failure(trading.account.getAccount());
    await plan_faults("");
    assert.ok(error instanceof RateLimitError);
    assert.equal(error.code, 42910000);
    assert.equal(error.rateLimit.remaining, 0);
    assert.ok(error.rateLimit.reset instanceof Date);
});

rule("a gateway's page is an error of its status", async () => {
    await plan_faults("status 502 100% /v2/account");
    const error = await failure(trading.account.getAccount());
    await plan_faults("");
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 502);
});

rule("what is worth another try is tried again", async () => {
    const patient = new Alpaca({ keyId: "demo", secret: "demo", fetchApi: local,
        rateLimit: false,
        retry: { maxRetries: 8, baseDelayMs: 1, maxDelayMs: 2 } });
    await plan_faults("seed 3\nstatus 503 50% /v2/account");
    for (let i = 0; i < 5; i++)
        assert.equal((await patient.trading.account.getAccount()).status, "ACTIVE");
    await plan_faults("");
});

/* ---- streams -------------------------------------------------------------------------------- */

const CHANNELS = ["Trade", "Quote", "Bar", "DailyBar", "Status", "Luld", "Orderbook", "UpdatedBar", "Correction",
    "CancelError"];
const inboxes = Object.fromEntries(CHANNELS.map((channel) => [channel, new Inbox()]));
const market = marketData.stockStream({ url: `${stream_host}/v2/iex`,
    reconnectDelayMs: 20, maxReconnectDelayMs: 50 });

rule("every channel arrives, with nanoseconds", async () => {
    for (const channel of CHANNELS)
        market[`on${channel}`]((message) => inboxes[channel].push(message));
    market.subscribeForTrades(both);
    market.subscribeForQuotes(both);
    for (const channel of ["Bars", "DailyBars", "UpdatedBars", "Statuses", "Lulds"])
        market[`subscribeFor${channel}`](["*"]);
    market.subscribeForOrderbooks(["AAPL"]);
    const told = new Promise((resolve) => market.on("subscription", resolve));
    market.connect();
    assert.equal(await market.waitForAuthentication(10_000), true);
    const subscribed = await told;
    assert.deepEqual(subscribed.trades, both);
    assert.deepEqual(subscribed.lulds, ["*"]);
    const trade = await inboxes.Trade.next(undefined, "a trade");
    assert.ok(both.includes(trade.symbol) && Number.isInteger(trade.size) && trade.exchange === "V");
    assert.match(trade.timestampRaw, /^2026-01-05T\d\d:\d\d:\d\d\.\d+Z$/);
    assert.ok((await inboxes.Quote.next((quote) => quote.bidPrice > 0 && quote.askPrice > 0,
        "a quote")).tape);
    const book = await inboxes.Orderbook.next((message) => message.reset, "a whole book");
    assert.ok(book.bids.length > 1 && book.asks.length > 1);
    const bar = await inboxes.Bar.next(undefined, "a bar");
    const daily = await inboxes.DailyBar.next((message) => message.symbol === bar.symbol,
        "the day so far");
    assert.ok(daily.volume >= bar.volume);
});

rule("a halt is told, and its end", async () => {
    await plan_faults("halt MSFT 10s at 1s");
    const halted = await inboxes.Status.next((status) => status.symbol === "MSFT");
    assert.equal(halted.statusCode, "H");
    const back = await inboxes.Status.next((status) => status.symbol === "MSFT" && status.statusCode === "T");
    assert.ok(back.timestamp > halted.timestamp);
    await plan_faults("");
});

rule("a trade that is late, taken back or put right is told, and its bar again", async () => {
    await plan_faults("trades late 20s 20%\ntrades cancel 2s 20%\ntrades correct 2s 20%");
    const cancel = await inboxes.CancelError.next(undefined, "a cancel");
    assert.ok(both.includes(cancel.symbol) && Number.isInteger(cancel.id) && cancel.size > 0);
    assert.match(cancel.action, /^[CE]$/);
    const correction = await inboxes.Correction.next(undefined, "a correction");
    assert.notEqual(correction.originalPrice, correction.correctedPrice);
    assert.notEqual(correction.originalIdRaw, correction.correctedIdRaw);
    assert.match(correction.timestampRaw, /^2026-01-05T\d\d:\d\d:\d\d\.\d+Z$/);
    const bar = await inboxes.UpdatedBar.next(undefined, "an updated bar");
    assert.ok(bar.high >= bar.low && bar.volume > 0);
    await plan_faults("");
});

rule("a stream that was cut comes back with what it had", async () => {
    const cut = new Promise((resolve) => market.on("reconnecting", resolve));
    const again = new Promise((resolve) => market.onReconnected(resolve));
    await plan_faults("close streams at 1s");
    await cut;
    await again;
    await plan_faults("");
    inboxes.Trade = new Inbox();
    assert.ok(both.includes((await inboxes.Trade.next()).symbol));
    assert.deepEqual(market.getSubscriptions().trades, both);
});

rule("what is unsubscribed is out of the list", async () => {
    const next = () => new Promise((resolve) => market.once("subscription", resolve));
    let told = next();
    market.unsubscribeFromTrades(["AAPL"]);
    assert.deepEqual((await told).trades, ["MSFT"]);
    told = next();
    market.unsubscribeFromBars(["*"]);
    assert.deepEqual((await told).bars, []);
});

rule("a wrong secret ends the stream, and a second voice is told no", async () => {
    const stranger = new Alpaca({ keyId: "demo", secret: "wrong", fetchApi: local });
    const refused = stranger.marketData.stockStream({ url: `${stream_host}/v2/iex` });
    refused.onError(() => {});
    refused.connect();
    assert.equal(await refused.waitForAuthentication(10_000), false);
    refused.disconnect();
    const news = marketData.newsStream({ url: `${stream_host}/v1beta1/news` });
    const told = new Promise((resolve) => news.on("subscription", resolve));
    news.subscribeForNews(["*"]);
    news.connect();
    assert.deepEqual((await told).news, ["*"]);
    news.disconnect();
});

await run_rules(async () => {
    market.disconnect();
});
