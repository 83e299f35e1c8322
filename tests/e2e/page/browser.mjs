/*
 * browser.mjs - headless Chromium for the stories of pages, spoken to in its DevTools protocol over a
 * pipe.
 *
 * Kept are what it asked for (`asked`), what was thrown and not caught (`errors`), what its console
 * says went wrong, such as a refused request or what a policy forbade (`complaints`), and the newest
 * frames that came over WebSockets (`frames`).
 */
import { spawn } from "node:child_process";

import { assert, eventually } from "./suite.mjs";

const FRAMES_MAX = 400;
const KEYS = {
    Enter: { code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
    Tab: { code: "Tab", windowsVirtualKeyCode: 9 },
    Escape: { code: "Escape", windowsVirtualKeyCode: 27 },
    ArrowDown: { code: "ArrowDown", windowsVirtualKeyCode: 40 },
    ArrowRight: { code: "ArrowRight", windowsVirtualKeyCode: 39 },
    " ": { code: "Space", windowsVirtualKeyCode: 32, text: " " },
};

export class Browser {
    #answers = new Map();
    #process;
    #last = 0;
    #rest = "";
    #answer;
    session;
    asked = [];
    errors = [];
    complaints = [];
    frames = [];

    constructor(program, profile) {
        this.#process = spawn(program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--hide-scrollbars", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"],
        { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
        this.#process.stdio[4].setEncoding("utf8").on("data", (text) => this.#take(text));
    }

    #take(text) {
        const parts = (this.#rest + text).split("\0");
        this.#rest = parts.pop();
        for (const message of parts.map((part) => JSON.parse(part))) {
            this.#note(message);
            const answer = this.#answers.get(message.id);
            this.#answers.delete(message.id);
            if (message.error)
                answer?.reject(new Error(message.error.message));
            else
                answer?.resolve(message.result);
        }
    }

    #note({ method, params }) {
        switch (method) {
        case "Fetch.requestPaused":
            this.#answer?.(params.requestId);
            break;
        case "Network.requestWillBeSent":
            this.asked.push(params.request.url);
            break;
        case "Network.webSocketCreated":
            this.asked.push(params.url);
            break;
        case "Network.webSocketFrameReceived":
            this.frames.push(params.response.payloadData);
            this.frames.splice(0, this.frames.length - FRAMES_MAX);
            break;
        case "Runtime.exceptionThrown":
            this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
            break;
        case "Runtime.consoleAPICalled":
            if (params.type === "error" || params.type === "warning")
                this.complaints.push(params.args.map(({ value, description }) => value ?? description).join(" "));
            break;
        case "Log.entryAdded":
            if (params.entry.level === "error")
                this.complaints.push(params.entry.text);
            break;
        default:
        }
    }

    send(method, params = {}) {
        const id = ++this.#last;
        const message = { id, method, params, sessionId: this.session };
        this.#process.stdio[3].write(`${JSON.stringify(message)}\0`);
        return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    }

    /* A new tab; it is there when `ready` is true in it. */
    async open(url, ready) {
        const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
        this.session = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
        for (const domain of ["Page", "Network", "Runtime", "Log"])
            await this.send(`${domain}.enable`);
        await this.go(url, ready);
    }

    async go(url, ready) {
        await this.send("Page.navigate", { url });
        await this.eventually(ready, "the page");
    }

    async read(expression) {
        const { result, exceptionDetails } = await this.send("Runtime.evaluate",
            { expression, returnByValue: true, awaitPromise: true });
        assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
        return result.value;
    }

    eventually(expression, what = expression) {
        return eventually(() => this.read(expression), (value) => Boolean(value), what);
    }

    async key(name, modifiers = 0) {
        const key = { key: name, modifiers, ...KEYS[name] };
        await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
        await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    }

    type(text) {
        return this.send("Input.insertText", { text });
    }

    /* Enter, as a finger presses it, on what the selector names. */
    async press(selector) {
        assert.ok(await this.read(`(() => { const e = document.querySelector(${JSON.stringify(selector)});
            e?.focus(); return e !== null && e === document.activeElement; })()`), `${selector} takes no focus`);
        await this.key("Enter");
    }

    /* What is asked for at `pattern` is answered here, until the function that this gives is called. */
    async answering(pattern, responseCode, headers, body) {
        const responseHeaders = Object.entries(headers).map(([name, value]) => ({ name, value }));
        this.#answer = (requestId) => this.send("Fetch.fulfillRequest",
            { requestId, responseCode, responseHeaders, body: Buffer.from(JSON.stringify(body)).toString("base64") });
        await this.send("Fetch.enable", { patterns: [{ urlPattern: pattern }] });
        return () => this.send("Fetch.disable");
    }

    theme(scheme) {
        return this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    }

    size(width, height, mobile) {
        return this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    }

    async picture() {
        const { data } = await this.send("Page.captureScreenshot", { format: "png" });
        return Buffer.from(data, "base64");
    }

    /* It is gone, with all that it still had to write. */
    async close() {
        const gone = new Promise((resolve) => this.#process.once("close", resolve));
        this.session = undefined;
        this.send("Browser.close");
        await gone;
    }
}
