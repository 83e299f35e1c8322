/*
 * typescript.mjs - what a stock trader calls, through @alpacahq/typescript-sdk, Alpaca's first SDK of
 * TypeScript: every function of its that is about stocks.
 *
 * EXCHANGE is the address of the exchange (http://host:port). The client looks once a second whether
 * its own limit lets a call go; here it looks as often as it can.
 */
import { createClient } from "@alpacahq/typescript-sdk";

import { assert, eventually, failure, rule, run_rules } from "./suite.mjs";

const wait = globalThis.setInterval;
globalThis.setInterval = (run, _, ...more) => wait(run, 1, ...more);

const bucket = { capacity: 10_000, fillRate: 10_000 };
const client = createClient({ key: "demo", secret: "demo", baseURL: process.env.EXCHANGE, tokenBucket: bucket });
const start = "2026-01-05T14:31:00Z";

/* It throws the text of an answer. */
const refusal = async (promise) => JSON.parse((await failure(promise)).message);

rule("the account, the clock, the calendar and the assets are told", async () => {
    assert.equal((await client.getAccount()).status, "ACTIVE");
    assert.equal((await client.getClock()).is_open, true);
    assert.equal((await client.getCalendar({ start: "2025-12-24", end: "2025-12-25" }))[0].close, "13:00");
    assert.equal((await client.getAssets({ status: "active", asset_class: "us_equity" })).length, 3);
    assert.equal((await client.getAsset({ symbol_or_asset_id: "AAPL" })).class, "us_equity");
    assert.equal((await refusal(client.getAsset({ symbol_or_asset_id: "NOTHERE" }))).code, 40410000);
    const settings = await client.getConfigurations();
    assert.deepEqual(await client.updateConfigurations({ no_shorting: settings.no_shorting }), settings);
});

rule("orders are sent, found, replaced and cancelled", async () => {
    const order = await client.createOrder({ symbol: "AAPL", qty: "2", side: "buy", type: "market",
        time_in_force: "day" });
    await eventually(() => client.getOrder({ order_id: order.id }), (found) => found.status === "filled");
    const resting = await client.createOrder({ symbol: "MSFT", qty: 1, side: "buy", type: "limit", limit_price: 1.5,
        time_in_force: "gtc" });
    const next = await client.replaceOrder({ order_id: resting.id, qty: "2", limit_price: "1.75" });
    assert.equal(next.replaces, resting.id);
    assert.deepEqual((await client.getOrders({ status: "open", symbols: "MSFT" })).map(({ id }) => id), [next.id]);
    assert.deepEqual(await client.cancelOrder({ order_id: next.id }), {});
    assert.equal((await client.getOrder({ order_id: next.id })).status, "canceled");
    const poor = await refusal(client.createOrder({ symbol: "AAPL", qty: "100000", side: "buy", type: "market",
        time_in_force: "day" }));
    assert.equal(poor.code, 40310000);
});

rule("a bracket order is held and cancelled as one", async () => {
    const { quotes } = await client.getStocksQuotesLatest({ symbols: "TSLA" });
    const order = await client.createOrder({ symbol: "TSLA", qty: "1", side: "buy", type: "market",
        time_in_force: "gtc", order_class: "bracket", take_profit: { limit_price: (quotes.TSLA.ap * 2).toFixed(2) },
        stop_loss: { stop_price: (quotes.TSLA.ap / 2).toFixed(2) } });
    assert.deepEqual(order.legs.map((leg) => leg.status), ["held", "held"]);
    const answers = await client.cancelOrders();
    assert.ok(answers.length >= 1 && answers.every((answer) => answer.status === 200));
});

rule("positions are told and closed, activities and the past of the account too", async () => {
    assert.equal((await client.getPosition({ symbol_or_asset_id: "AAPL" })).qty, "2");
    assert.equal((await client.getPositions()).length, 2);
    assert.equal((await client.closePosition({ symbol_or_asset_id: "AAPL" })).side, "sell");
    await client.closePositions();
    await eventually(() => client.getPositions(), (held) => held.length === 0);
    assert.ok((await client.getActivity({ activity_type: "FILL" })).length >= 2);
    assert.ok((await client.getActivities()).some((activity) => activity.activity_type === "CSD"));
    assert.equal((await client.getPortfolioHistory({ period: "1D", timeframe: "5Min" })).timeframe, "5Min");
});

rule("a watchlist is made, changed and deleted", async () => {
    const { id } = await client.createWatchlist({ name: "first", symbols: ["AAPL"] });
    assert.equal((await client.updateWatchlist({ watchlist_id: id, name: "second", symbols: ["MSFT"] })).name, "second");
    assert.equal((await client.getWatchlist({ watchlist_id: id })).assets[0].symbol, "MSFT");
    assert.equal((await client.getWatchlists()).length, 1);
    assert.deepEqual(await client.deleteWatchlist({ watchlist_id: id }), {});
    assert.equal((await refusal(client.getWatchlist({ watchlist_id: id }))).code, 40410000);
});

rule("market data is told", async () => {
    const bars = await client.getStocksBars({ symbols: "AAPL,MSFT", timeframe: "1Day", start: "2025-12-01", limit: 30 });
    assert.deepEqual(Object.keys(bars.bars), ["AAPL", "MSFT"]);
    assert.ok(bars.next_page_token);
    assert.ok((await client.getStocksBarsLatest({ symbols: "AAPL" })).bars.AAPL.v > 0);
    assert.equal((await client.getStocksTrades({ symbols: "AAPL", start, limit: 2 })).trades.AAPL.length, 2);
    assert.ok((await client.getStocksTradesLatest({ symbols: "AAPL" })).trades.AAPL.p > 0);
    assert.equal((await client.getStocksQuotes({ symbols: "AAPL", start, limit: 2 })).quotes.AAPL.length, 2);
    assert.equal((await client.getStocksAuctions({ symbols: "AAPL", start: "2025-12-29" })).auctions.AAPL[0].d,
        "2025-12-29");
    assert.ok((await client.getStocksConditions({ tickType: "trade", tape: "C" }))["@"]);
    assert.ok((await client.getStocksExchangeCodes()).V);
    assert.equal((await client.getStocksMostActives({ by: "volume", top: 2 })).most_actives.length, 2);
    assert.deepEqual((await client.getNews({ symbols: "AAPL" })).news, []);
    assert.deepEqual((await client.getStocksCorporateActions({ symbols: "AAPL" })).corporate_actions, {});
    assert.deepEqual(await client.getCorporateActions({ ca_types: "dividend", since: "2026-01-01",
        until: "2026-01-31" }), []);
});

rule("a wrong secret is not authorized", async () => {
    const stranger = createClient({ key: "demo", secret: "wrong", baseURL: process.env.EXCHANGE });
    assert.equal((await refusal(stranger.getAccount())).code, 40110000);
});

await run_rules(async () => {});
