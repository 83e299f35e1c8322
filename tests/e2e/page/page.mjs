/*
 * page.mjs - the exchange's page in headless Chromium: what a person sees and does there.
 *
 * EXCHANGE is the address of the exchange, CHROMIUM the browser, PROFILE an empty folder. Chromium is
 * spoken to in its DevTools protocol over a pipe. The last line is `N passed, N failed`.
 */
import { spawn } from "node:child_process";

import { assert, eventually, rule, run_rules } from "./suite.mjs";

const { EXCHANGE, CHROMIUM, PROFILE } = process.env;

/* ---- the browser ---------------------------------------------------------------------------- */

class Browser {
    #answers = new Map();
    #process;
    #last = 0;
    #rest = "";
    session;
    asked = [];
    errors = [];

    constructor() {
        this.#process = spawn(CHROMIUM, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--remote-debugging-pipe", `--user-data-dir=${PROFILE}`, "about:blank"],
        { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
        this.#process.stdio[4].setEncoding("utf8").on("data", (text) => this.#take(text));
    }

    #take(text) {
        const parts = (this.#rest + text).split("\0");
        this.#rest = parts.pop();
        for (const message of parts.map((part) => JSON.parse(part))) {
            if (message.method === "Network.requestWillBeSent")
                this.asked.push(message.params.request.url);
            if (message.method === "Network.webSocketCreated")
                this.asked.push(message.params.url);
            if (message.method === "Runtime.exceptionThrown")
                this.errors.push(message.params.exceptionDetails.text);
            const answer = this.#answers.get(message.id);
            this.#answers.delete(message.id);
            if (message.error)
                answer?.reject(new Error(message.error.message));
            else
                answer?.resolve(message.result);
        }
    }

    send(method, params = {}) {
        const id = ++this.#last;
        const message = { id, method, params, sessionId: this.session };
        this.#process.stdio[3].write(`${JSON.stringify(message)}\0`);
        return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    }

    async open(url) {
        const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
        this.session = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
        for (const domain of ["Page", "Network", "Runtime"])
            await this.send(`${domain}.enable`);
        await this.send("Page.navigate", { url });
        await eventually(() => this.read("document.getElementById('book') !== null"), (there) => there, "the page");
    }

    async read(expression) {
        const { result, exceptionDetails } = await this.send("Runtime.evaluate",
            { expression, returnByValue: true, awaitPromise: true });
        assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
        return result.value;
    }

    /* Enter, as a finger presses it, on what the selector names. */
    async press(selector) {
        assert.ok(await this.read(`(() => { const e = document.querySelector(${JSON.stringify(selector)});
            e?.focus(); return e !== null && e === document.activeElement; })()`), `${selector} takes no focus`);
        const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" };
        await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
        await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    }

    /* It is gone, with all that it still had to write. */
    async close() {
        const gone = new Promise((resolve) => this.#process.once("close", resolve));
        this.session = undefined;
        this.send("Browser.close");
        await gone;
    }
}

const browser = new Browser();
const rows = (id) => browser.read(`[...document.getElementById("${id}").rows].map((row) =>
    [...row.cells].map((cell) => cell.textContent))`);
const write = (name, text) => browser.read(`document.getElementById("ticket").elements["${name}"].value = "${text}"`);

/* ---- what a person sees and does ------------------------------------------------------------ */

rule("book, trades and account come by themselves", async () => {
    await browser.open(`${EXCHANGE}/`);
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
