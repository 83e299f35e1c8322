/*
 * sdk3_market.mjs - the market data that a stock trader asks for, through
 * @alpacahq/alpaca-trade-api 3: history page by page, every channel, and what goes wrong.
 *
 * EXCHANGE is the address of the exchange (http://host:port).
 */
import Alpaca from "alpaca-3";

import { Inbox, assert, eventually, failure, plan_faults, rule, run_rules } from "./suite.mjs";

const exchange = process.env.EXCHANGE;
const alpaca = new Alpaca({ keyId: "demo", secretKey: "demo", baseUrl: exchange, dataBaseUrl: exchange, feed: "iex" });
const stream = alpaca.data_stream_v2;
const updates = alpaca.trade_ws;
const both = ["AAPL", "MSFT"];
const start = "2026-01-05T14:31:00Z";

stream.session.url = exchange.replace(/^http/, "ws") + "/v2/iex";
alpaca.news_stream.session.url = exchange.replace(/^http/, "ws") + "/v1beta1/news";

async function all(pages) {
    const items = [];
    for await (const item of pages)
        items.push(item);
    return items;
}

/* It keeps its page limit in the options, so each call gets its own. */
const days = (pageLimit) => ({ timeframe: alpaca.newTimeframe(1, alpaca.timeframeUnit.DAY), start: "2025-12-01",
    end: "2025-12-30", pageLimit });

/* ---- history -------------------------------------------------------------------------------- */

rule("pages of any size add up to the same bars", async () => {
    const whole = await alpaca.getMultiBarsV2(both, days());
    assert.deepEqual([...whole.keys()], both);
    assert.equal(whole.get("AAPL").length, 21);
    for (const limit of [1, 5, 21, 22]) {
        assert.deepEqual(await alpaca.getMultiBarsV2(both, days(limit)), whole);
        assert.equal((await all(alpaca.getMultiBarsAsyncV2(both, days(limit)))).length, 42);
    }
    const single = await all(alpaca.getBarsV2("AAPL", days(4)));
    assert.deepEqual(single.map((bar) => bar.VWAP), whole.get("AAPL").map((bar) => bar.VWAP));
    assert.equal((await all(alpaca.getBarsV2("AAPL", { ...days(4), limit: 6 }))).length, 6);
});

rule("trades and quotes of several symbols come each once", async () => {
    const read = () => all(alpaca.getMultiTradesAsyncV2(both, { start, pageLimit: 50 }));
    const trades = await eventually(read,
        (found) => both.every((symbol) => found.filter((trade) => trade.Symbol === symbol).length > 20));
    assert.equal(new Set(trades.map((trade) => `${trade.Symbol} ${trade.ID}`)).size, trades.length);
    assert.deepEqual(trades.map((trade) => trade.Symbol), trades.map((trade) => trade.Symbol).sort());
    const end = trades.at(-1).Timestamp;
    const quotes = await all(alpaca.getMultiQuotesAsyncV2(["MSFT"], { start, end, pageLimit: 40 }));
    assert.ok(quotes.length > 20);
    assert.equal((await alpaca.getMultiQuotesV2(["MSFT"], { start, end })).values().next().value.length, quotes.length);
    assert.equal((await all(alpaca.getQuotesV2("MSFT", { start, end, pageLimit: 40 }))).length, quotes.length);
});

rule("the latest of several symbols are told", async () => {
    for (const latest of [await alpaca.getLatestBars(both), await alpaca.getLatestTrades(both),
        await alpaca.getLatestQuotes(both)])
        assert.deepEqual([...latest.keys()].sort(), both);
    const snapshots = await alpaca.getSnapshots(both);
    assert.deepEqual(snapshots.map((snapshot) => snapshot.symbol).sort(), both);
});

rule("news and corporate actions are answered, and empty", async () => {
    assert.deepEqual(await alpaca.getNews({ symbols: ["AAPL"], totalLimit: 60 }), []);
    const actions = await alpaca.getCorporateActions(both, { start: "2025-01-01", end: "2025-12-31" });
    assert.ok(Object.values(actions).every((list) => list.length === 0));
});

/* ---- what is wrong -------------------------------------------------------------------------- */

rule("what is asked wrongly is told with its status", async () => {
    await assert.rejects(all(alpaca.getBarsV2("AAPL", { timeframe: "7Foo" })), /code: 400, message: invalid timeframe/);
    await assert.rejects(alpaca.getLatestQuote("NOTHERE"), /code: 404, message: .*NOTHERE/);
    const error = await failure(alpaca.sendRequest("/nothing/here"));
    assert.equal(error.response.status, 404);
    assert.deepEqual(error.response.data, { code: 40410000, message: "endpoint not found." });
});

rule("throttled calls and a gateway's page have their status", async () => {
    await plan_faults("status 429 100% /v2/account");
    const throttled = await failure(alpaca.getAccount());
    await plan_faults("status 503 100% /v2/account");
    const away = await failure(alpaca.getAccount());
    await plan_faults("");
    assert.equal(throttled.response.status, 429);
    assert.equal(throttled.response.data.code, 42910000);
    assert.equal(throttled.response.headers["x-ratelimit-remaining"], "0");
    assert.equal(away.response.status, 503);
    assert.match(away.response.headers["content-type"], /^text\/html/);
});

/* ---- streams -------------------------------------------------------------------------------- */

const CHANNELS = { Trades: "StockTrade", Quotes: "StockQuote", Bars: "StockBar", UpdatedBars: "StockUpdatedBar",
    DailyBars: "StockDailyBar", Statuses: "Statuses", Lulds: "Lulds" };
const inboxes = {};

rule("every channel is subscribed, and what there is arrives", async () => {
    for (const [channel, listener] of Object.entries(CHANNELS)) {
        inboxes[channel] = new Inbox();
        stream[`on${listener}`]((message) => inboxes[channel].push(message));
    }
    const connected = new Promise((resolve) => stream.onConnect(resolve));
    stream.connect();
    await connected;
    for (const channel of Object.keys(CHANNELS))
        stream[`subscribeFor${channel}`](["*"]);
    await eventually(async () => stream.getSubscriptions(), /* corrections and cancels follow trades */
        (lists) => Object.keys(lists).length === 9 && Object.values(lists).every((list) => list.length === 1));
    assert.ok(Number.isInteger((await inboxes.Trades.next()).Size));
    assert.ok((await inboxes.Quotes.next()).Tape);
    const bar = await inboxes.Bars.next();
    const daily = await inboxes.DailyBars.next((message) => message.Symbol === bar.Symbol);
    assert.ok(daily.Volume >= bar.Volume);
});

rule("a halt is told, and its end", async () => {
    await plan_faults("halt MSFT 10s at 1s");
    const halted = await inboxes.Statuses.next((status) => status.Symbol === "MSFT");
    assert.equal(halted.StatusCode, "H");
    await inboxes.Statuses.next((status) => status.Symbol === "MSFT" && status.StatusCode === "T");
    await plan_faults("");
});

rule("a trade that is late, taken back or put right is told, and its bar again", async () => {
    const cancels = new Inbox();
    const corrections = new Inbox();
    stream.onCancelErrors((message) => cancels.push(message));
    stream.onCorrections((message) => corrections.push(message));
    await plan_faults("trades late 20s 20%\ntrades cancel 2s 20%\ntrades correct 2s 20%");
    const cancel = await cancels.next();
    assert.ok(Number.isInteger(cancel.ID) && cancel.Size > 0);
    assert.match(cancel.CancelErrorAction, /^[CE]$/);
    const correction = await corrections.next();
    assert.notEqual(correction.OriginalPrice, correction.CorrectedPrice);
    assert.notEqual(correction.OriginalID, correction.CorrectedID);
    const bar = await inboxes.UpdatedBars.next();
    assert.ok(bar.HighPrice >= bar.LowPrice && bar.Volume > 0);
    await plan_faults("");
});

rule("both streams come back when they were cut", async () => {
    const filled = new Inbox();
    updates.onOrderUpdate((update) => filled.push(update));
    const connected = () => new Promise((resolve) => updates.once("connected", resolve));
    let ready = connected();
    updates.connect();
    await ready;
    ready = connected();
    const back = new Promise((resolve) => stream.once("authenticated", resolve));
    await plan_faults("close streams at 1s");
    await Promise.all([ready, back]);
    await plan_faults("");
    updates.subscribe(["trade_updates"]);
    inboxes.Trades = new Inbox();
    await inboxes.Trades.next();
    await eventually(() => alpaca.createOrder({ symbol: "AAPL", qty: 1, side: "buy", type: "market",
        time_in_force: "day" }), () => filled.size > 0); /* it tells nobody that it listens */
    const update = await filled.next((message) => message.event === "fill");
    assert.equal(update.order.filled_qty, "1");
    assert.match(update.event_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
});

rule("what is unsubscribed is out of the list", async () => {
    for (const channel of Object.keys(CHANNELS))
        stream[`unsubscribeFrom${channel}`](["*"]);
    await eventually(async () => stream.getSubscriptions(),
        (lists) => Object.values(lists).every((list) => list.length === 0));
});

rule("news can be subscribed", async () => {
    const { news_stream } = alpaca;
    const connected = new Promise((resolve) => news_stream.onConnect(resolve));
    news_stream.connect();
    await connected;
    news_stream.subscribe(["*"]);
    await eventually(async () => news_stream.getSubscriptions().news, (list) => list.length === 1);
    news_stream.disconnect();
});

rule("a wrong secret is told on the stream", async () => {
    const stranger = new Alpaca({ keyId: "demo", secretKey: "wrong", baseUrl: exchange });
    stranger.data_stream_v2.session.url = stream.session.url;
    const told = new Promise((resolve) => stranger.data_stream_v2.onError(resolve));
    stranger.data_stream_v2.connect();
    assert.equal(await told, "auth failed");
    stranger.data_stream_v2.disconnect();
    const refused = new Promise((resolve) => stranger.trade_ws.onError(resolve));
    stranger.trade_ws.connect();
    assert.equal(await refused, "bad key id or secret");
});

await run_rules(async () => {
    stream.disconnect();
    updates.disconnect();
});
