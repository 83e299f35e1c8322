/*
 * dashboard.mjs - the page of a running system in headless Chromium: what a person sees and does.
 *
 * TRADEWIND is the command, CHROMIUM the browser, PROFILE an empty folder; the store is run.db here.
 * What is shown is held against the very message that it was made from. The last line is
 * `N passed, N failed`.
 */
import { Browser } from "./browser.mjs";
import { Run } from "./running.mjs";
import { CONTRASTS, FOCUS, over_the_edge } from "./sights.mjs";
import { assert, eventually, rule, run_rules } from "./suite.mjs";

const { TRADEWIND, CHROMIUM, PROFILE } = process.env;
const MARKET = ["--symbols", "AAPL,MSFT,GOOG,AMZN", "--seed", "7", "--speed", "60", "--duration", "0", "--max-order", "60000",
    "--max-day-loss", "50%"];
const LIVE = "document.getElementById('health')?.dataset.health === 'live' && document.body.dataset.sequence > 0";

const browser = new Browser(CHROMIUM, PROFILE);
let run = new Run(TRADEWIND, "run.db", MARKET);

const text = (id) => browser.read(`document.getElementById("${id}").textContent.trim()`);
const says = (id, words) => browser.eventually(`document.getElementById("${id}").textContent.includes(${JSON.stringify(words)})
    && document.getElementById("${id}").checkVisibility()`, `${id}: ${words}`);
const has_focus = (id) => browser.read(`document.activeElement.id === "${id}"`);

/* Tab, as often as it takes. */
async function tab_to(id) {
    for (let pressed = 0; pressed < 40; pressed++) {
        if (await has_focus(id))
            return;
        await browser.key("Tab");
    }
    assert.fail(`Tab never comes to ${id}`);
}

/* ---- what is shown, and what it was made from ------------------------------------------------ */

const decimals = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const minus = (words) => words.replace("-", "\u2212");
const money = (value) => (value === null ? "\u2013" : minus(decimals(2).format(value)));
const percent = (value) => (value === null ? "\u2013" : `${minus(decimals(2).format(value * 100))}%`);

/* The rows of a table, the equity, and the number of the state that they show, of one moment. */
const seen = (id) => browser.read(`({ sequence: Number(document.body.dataset.sequence), equity: document.getElementById("equity").textContent,
    rows: [...document.getElementById("${id}").rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim())) })`);

function told(sequence) {
    return browser.frames.map((frame) => JSON.parse(frame)).findLast((message) => message.type === "state" && message.sequence === sequence);
}

async function seen_and_told(id) {
    const { sequence, rows, equity } = await seen(id);
    const state = told(sequence);
    assert.ok(state, `the state ${sequence} came over the stream`);
    assert.equal(equity, money(state.account.equity));
    return { rows, state };
}

rule("a run says where its page is", async () => {
    await run.ready();
    await eventually(async () => (await run.state()).counts.filled, (filled) => filled > 0, "a filled order");
});

rule("the address with the token opens it, and the token leaves the address", async () => {
    await browser.open(run.address, LIVE);
    assert.equal(await browser.read("location.hash"), "");
});

rule("it shows what the run holds, in the run's own figures", async () => {
    await browser.eventually("document.querySelectorAll('#orders [data-status=filled]').length > 0", "a filled order");
    const { rows, state } = await seen_and_told("positions");
    assert.deepEqual(rows.map(([symbol, quantity, , value, , weight, , target, share]) => [symbol, quantity, value, weight, target, share]),
        state.positions.map((held) => [held.symbol, Number(held.quantity).toLocaleString("en-US"), money(held.value),
            percent(held.weight) + (held.outside ? " outside its band" : ""), percent(held.target), percent(held.share)]));
});

rule("they are those of /api/state", async () => {
    const held = (rows) => rows.map(([symbol, quantity]) => [symbol, quantity]);
    await eventually(async () => {
        const state = await run.state();
        const { rows } = await seen("positions");
        return [held(rows), state.positions.map(({ symbol, quantity }) => [symbol, Number(quantity).toLocaleString("en-US")])];
    }, ([page, api]) => page.length === 4 && JSON.stringify(page) === JSON.stringify(api), "the same positions");
});

rule("orders, limits, latency and risk are those of the state", async () => {
    const { rows, state } = await seen_and_told("orders");
    assert.deepEqual(rows.map(([symbol, , filled, , , status]) => [symbol, filled, status]),
        state.orders.map((order) => [order.symbol, `${Number(order.filled)} of ${Number(order.quantity)}`, order.status.replaceAll("_", " ")]));
    assert.match(rows.at(-1)[7], /^intended\s+\d\d:\d\d:\d\d\s+sent\s+\+/);
    const latency = await seen_and_told("latency");
    assert.deepEqual(latency.rows.map(([stage, count]) => [stage, count]),
        latency.state.latency.map(({ stage, count }) => [stage.replaceAll("_", " "), count.toLocaleString("en-US")]));
    const limits = await browser.read("[...document.querySelectorAll('#limits .name')].map((name) => name.textContent)");
    assert.deepEqual(limits, state.limits.map(({ reason }) => reason.replaceAll("_", " ")));
    assert.ok(limits.includes("order value") && limits.includes("day loss"));
    const venue = await browser.read("[...document.querySelectorAll('#venue dt')].map((name) => [name.textContent, name.nextElementSibling.textContent])");
    assert.match(Object.fromEntries(venue)["Compared"], /^[\d.]+ (s|min) ago$/);
    assert.equal(Object.fromEntries(venue)["Differences"], "0");
    const risk = await browser.read("document.querySelector('#risk dd').textContent");
    assert.equal(risk, percent(state.risk.var95));
});

rule("what is seen goes on by itself, and no column moves", async () => {
    const columns = () => browser.read(`[...document.querySelectorAll("main thead th")].map((head) => {
        const { left, width } = head.getBoundingClientRect();
        return [head.closest("section").className, head.textContent, left, width].join(" ");
    })`);
    const stood = await columns();
    const before = Number(await browser.read("document.body.dataset.sequence"));
    const clock = await text("clock");
    await browser.eventually(`Number(document.body.dataset.sequence) > ${before + 3}`);
    await browser.eventually(`document.getElementById("clock").textContent > ${JSON.stringify(clock)}`);
    await browser.read("document.querySelectorAll('main td').forEach((cell) => { if (cell.children.length === 0) cell.textContent += '00'; })");
    assert.deepEqual(await columns(), stood);
});

rule("a symbol is chosen from the keyboard: its candles and its depth come", async () => {
    assert.match(await browser.read("document.getElementById('plot').ariaLabel"), /^Candles of AAPL, 1m, /);
    await browser.press("#positions tr:nth-child(2) button");
    await browser.eventually("document.getElementById('plot').ariaLabel.startsWith('Candles of MSFT, 1m, ')", "candles of MSFT");
    await browser.eventually("document.querySelectorAll('#bids td.level')[0].textContent !== '\u2013'", "a bid");
    const { rows, state } = await seen_and_told("bids");
    assert.equal(state.selected.symbol, "MSFT");
    assert.deepEqual(rows.slice(0, state.selected.bids.length).map(([, price]) => Number(price.replaceAll(",", ""))),
        state.selected.bids.map(([price]) => Number(price)));
    assert.equal(await browser.read("document.querySelector('#positions [aria-pressed=true]').textContent"), "MSFT");
    assert.equal(await browser.read("document.getElementById('symbol').value"), "MSFT");
});

rule("so is a timeframe, by an arrow", async () => {
    await browser.read("document.querySelector('#timeframes input:checked').focus()");
    await browser.key("ArrowRight");
    await browser.eventually("document.getElementById('plot').ariaLabel.startsWith('Candles of MSFT, 5m, ')", "candles of 5 minutes");
    const bars = browser.frames.map((frame) => JSON.parse(frame)).findLast(({ type }) => type === "bars");
    assert.deepEqual([bars.symbol, bars.timeframe], ["MSFT", "5m"]);
});

/* ---- for everybody --------------------------------------------------------------------------- */

rule("the page keeps to its policy, and asks nobody else", async () => {
    const answer = await fetch(run.url);
    const policy = answer.headers.get("Content-Security-Policy");
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*|data:/);
    const own = [run.url, run.url.replace(/^http/, "ws")];
    assert.deepEqual(browser.asked.filter((url) => !own.some((begin) => url.startsWith(begin))), []);
    assert.ok(browser.asked.some((url) => url.startsWith("ws")));
    assert.ok(browser.asked.some((url) => url.endsWith("/inter.woff2")));
    assert.deepEqual([browser.errors, browser.complaints], [[], []]);
    assert.equal((await fetch(`${run.url}notices.txt`)).status, 200);
});

for (const scheme of ["light", "dark"])
    rule(`every word can be read in the ${scheme}`, async () => {
        await browser.theme(scheme);
        await browser.size(1440, 3200, false);
        const page = await browser.read(CONTRASTS);
        assert.ok(page.checked > 300, `${page.checked} looks`);
        assert.deepEqual(page.bad, []);
        await browser.read("document.getElementById('kill-open').click()");
        await browser.eventually("document.getElementById('kill').open", "the dialog");
        const dialog = await browser.read(CONTRASTS);
        await browser.key("Escape");
        assert.ok(dialog.checked > 20, `${dialog.checked} looks at the dialog`);
        assert.deepEqual(dialog.bad, []);
    });

rule("it fits every window, down to a phone's", async () => {
    for (const width of [1440, 1180, 1024, 760, 390, 360, 320]) {
        await browser.size(width, 800, width < 800);
        assert.deepEqual(await browser.read(over_the_edge(width)), [], `at ${width} pixels`);
    }
    const columns = await browser.read("new Set([...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().left)).size");
    assert.equal(columns, 1, "a phone has one column");
    await browser.size(1440, 900, false);
});

rule("Tab comes to everything, first to a way past the top, and shows where it is", async () => {
    await browser.go(run.url, LIVE); /* the token is still known to this tab */
    const stops = [];
    do {
        await browser.key("Tab");
        stops.push(await browser.read(FOCUS));
    } while (stops.length < 60 && stops.at(-1).tag !== "BODY");
    const names = stops.map(({ name }) => name);
    assert.equal(names[0], "skip");
    const order = ["skip", "kill-open", "symbol", "timeframe", "pick"].map((name) => names.indexOf(name));
    assert.ok(order.every((place, i) => place >= 0 && (i === 0 || place > order[i - 1])), names.join());
    assert.deepEqual(stops.filter(({ tag, seen: shown }) => tag !== "BODY" && !shown), []);
});

rule("the parts of the page have names", async () => {
    const nameless = await browser.read(`[...document.querySelectorAll("section, dialog, table, [role=region], input, select, button")]
        .filter((node) => node.checkVisibility() && !node.closest("[role=img]")).filter((node) => {
            if (node.matches("table")) return node.querySelectorAll("thead th").length === 0 || [...node.querySelectorAll("thead th")].some((th) => th.textContent.trim() === "");
            if (node.matches("input, select")) return node.labels.length === 0;
            if (node.matches("button")) return node.textContent.trim() === "";
            return !node.ariaLabel && !document.getElementById(node.getAttribute("aria-labelledby"))?.textContent;
        }).map((node) => node.outerHTML.slice(0, 80))`);
    assert.deepEqual(nameless, []);
    assert.equal(await browser.read("document.querySelectorAll('[aria-live=polite]').length"), 1, "one thing is read out as it changes");
});

/* ---- the kill switch, by keyboard ------------------------------------------------------------ */

rule("closing everything wants the word typed, and Escape is a way back", async () => {
    await browser.press("#kill-open");
    await browser.eventually("document.getElementById('kill').open && document.activeElement.value === 'cancel'");
    await browser.key("ArrowDown");
    assert.equal(await browser.read("document.activeElement.value"), "flatten");
    assert.equal(await browser.read("document.getElementById('kill-now').disabled"), true);
    await tab_to("kill-word");
    await browser.type("flat");
    assert.equal(await browser.read("document.getElementById('kill-now').disabled"), true);
    await browser.type("ten");
    assert.equal(await browser.read("document.getElementById('kill-now').disabled"), false);
    await browser.key("Enter");
    assert.equal(await browser.read("document.getElementById('kill').open"), true, "Enter in the field answers nothing");
    await browser.key("Escape");
    assert.equal(await browser.read("document.getElementById('kill').open"), false);
    assert.equal((await run.state()).killed, "none");
});

rule("trading is stopped from the keyboard alone", async () => {
    await browser.go(run.url, LIVE);
    await tab_to("kill-open");
    await browser.key("Enter");
    await browser.key("Enter");
    await browser.key("Enter");
    assert.equal((await run.state()).killed, "none", "Enter again and again is no answer");
    await tab_to("kill-now");
    await browser.key("Enter");
    await says("killed-text", "Stopped: cancel, by page.");
    assert.equal(await browser.read("document.getElementById('kill').open"), false);
    assert.deepEqual(await browser.read("[document.getElementById('phase').dataset.calm, document.getElementById('phase-name').textContent]"),
        ["false", "trading, stopped"]);
    const state = await run.state();
    assert.deepEqual([state.killed, state.killed_by], ["cancel", "page"]);
    await browser.eventually("document.title.startsWith('stopped, ')", "the title");
});

rule("a weaker stop is not offered, and the stop is lifted", async () => {
    await browser.press("#kill-open");
    assert.deepEqual(await browser.read("[...document.querySelectorAll('#kill input[type=radio]')].map((level) => level.disabled)"), [true, true, false]);
    await browser.key("Escape");
    await browser.press("#lift-open");
    await tab_to("lift-now");
    await browser.key("Enter");
    await browser.eventually("document.getElementById('killed').hidden", "the stop lifted");
    assert.equal((await run.state()).killed, "none");
});

rule("what the run refuses is said in the dialog", async () => {
    const refused = await browser.answering("*/api/kill", 429, { "Retry-After": "7" }, { message: "too many of these" });
    await browser.press("#kill-open");
    await tab_to("kill-now");
    await browser.key("Enter");
    await says("kill-said", "too many of these; again in 7 s.");
    await refused();
    assert.equal(await browser.read("document.getElementById('kill').open"), true);
    await browser.key("Escape");
});

/* ---- the token, and a run that goes ---------------------------------------------------------- */

rule("without a token nothing is shown, a wrong one is refused, the right one lets in", async () => {
    await browser.read("sessionStorage.clear()");
    await browser.go("about:blank", "document.body !== null");
    await browser.go(run.url, "document.getElementById('ask')?.checkVisibility()");
    assert.equal(await browser.read("document.getElementById('main').checkVisibility()"), false);
    assert.equal(await has_focus("token"), true);
    await browser.type("0".repeat(run.token.length));
    await browser.key("Enter");
    await says("ask-said", "does not take that token");
    assert.equal(await browser.read("document.getElementById('main').checkVisibility()"), false);
    await browser.read("document.getElementById('token').select()");
    await browser.type(run.token);
    await browser.key("Enter");
    await browser.eventually(LIVE, "live");
    assert.equal(await browser.read("document.getElementById('ask').hidden"), true);
});

rule("a run that stands still is told, with the age of what is seen, and when it goes on", async () => {
    run.signal("SIGSTOP");
    await says("lost-text", "What you see is old.");
    assert.match(await text("lost-detail"), /^[\d.]+ s old/);
    assert.equal(await browser.read("document.documentElement.classList.contains('old')"), true);
    assert.match(await browser.read("document.title"), /^silent: /);
    assert.deepEqual((await browser.read(CONTRASTS)).bad, []);
    run.signal("SIGCONT");
    await browser.eventually(LIVE, "live again");
    assert.equal(await browser.read("document.getElementById('lost').hidden"), true);
});

rule("a run that ends is told; the next one on its place wants its own token, and is shown", async () => {
    await run.stop();
    await says("lost-text", "The run has ended");
    await browser.eventually("/ old, .*trying again in \\d+ s$/.test(document.getElementById('lost-detail').textContent)", "the next try");
    run = await new Run(TRADEWIND, "next.db", MARKET, run.port).ready();
    await says("ask-said", "does not take that token");
    await says("lost-text", "Another run answers here");
    await browser.read("document.getElementById('token').focus()");
    await browser.type(run.token);
    await browser.key("Enter");
    await browser.eventually(LIVE, "live again");
    assert.deepEqual(browser.errors, []);
});

await run_rules(async () => {
    await browser.close();
    await run.stop();
});
