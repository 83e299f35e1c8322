/*
 * page.mjs - the exchange's page in headless Chromium: what a person sees and does there.
 *
 * EXCHANGE is the address of the exchange, CHROMIUM the browser, PROFILE an empty folder. The
 * last line is `N passed, N failed`.
 */
import { Browser } from "./browser.mjs";
import { assert, eventually, rule, run_rules } from "./suite.mjs";

const { EXCHANGE, CHROMIUM, PROFILE } = process.env;

const browser = new Browser(CHROMIUM, PROFILE);
const rows = (id) => browser.read(`[...document.getElementById("${id}").rows].map((row) =>
    [...row.cells].map((cell) => cell.textContent))`);
const write = (name, text) => browser.read(`document.getElementById("ticket").elements["${name}"].value = "${text}"`);

/* ---- what a person sees and does ------------------------------------------------------------ */

rule("book, trades and account come by themselves", async () => {
    await browser.open(`${EXCHANGE}/`, "document.getElementById('book') !== null");
    await eventually(() => rows("book"), (book) => book.length === 10 && book[0][1] > 0);
    await eventually(() => rows("tape"), (tape) => tape.length > 3);
    await eventually(() => browser.read("document.getElementById('state').textContent"), (text) => text === "live");
    assert.match(await browser.read("document.getElementById('account').textContent"), /Equity100,000\.00/);
});

rule("a bracket order is sent and cancelled from the keyboard", async () => {
    await browser.press("#bracket");
    assert.notEqual(await browser.read("document.getElementById('ticket').elements.profit.value"), "");
    await write("qty", "3");
    await browser.press("#ticket button.main");
    const orders = await eventually(() => rows("orders"), (found) => found.length === 3);
    assert.deepEqual(orders.map((order) => order[9]).sort(), ["filled", "held", "new"]);
    assert.deepEqual(orders.map((order) => order[10] ?? ""), orders.map((order) =>
        order[9] === "filled" ? "" : "Cancel"));
    await browser.press("#orders button");
    await eventually(() => rows("orders"),
        (found) => found.map((order) => order[9]).sort().join() === "canceled,canceled,filled");
});

rule("a position is closed", async () => {
    const [position] = await eventually(() => rows("positions"), (found) => found[0].length > 1);
    assert.equal(position[1], "3");
    await browser.press("#positions button");
    await eventually(() => rows("positions"), (found) => found[0][0] === "none");
});

rule("what is refused is said", async () => {
    await write("profit", "");
    await write("loss", "");
    await write("qty", "1000000");
    await browser.press("#ticket input[name=qty]");
    await eventually(() => browser.read("document.getElementById('order-said').textContent"),
        (text) => text.includes("insufficient buying power"));
});

rule("it fits a phone, and is dark where it should be", async () => {
    const ground = () => browser.read("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await browser.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
    assert.notEqual(await ground(), light);
    await browser.send("Emulation.setDeviceMetricsOverride",
        { width: 360, height: 740, deviceScaleFactor: 2, mobile: true });
    assert.ok(await browser.read("document.documentElement.scrollWidth") <= 360);
});

rule("nobody else is asked, and nothing went wrong", async () => {
    const own = [EXCHANGE, EXCHANGE.replace(/^http/, "ws"), "data:"];
    assert.deepEqual(browser.asked.filter((url) => !own.some((begin) => url.startsWith(begin))), []);
    assert.ok(browser.asked.some((url) => url.startsWith("ws")));
    assert.deepEqual(browser.errors, []);
});

await run_rules(() => browser.close());
