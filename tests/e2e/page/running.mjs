/*
 * running.mjs - a trading system against the exchange inside, as the page's stories need it.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

import { assert, eventually } from "./suite.mjs";

const READY = /^dashboard on (http:\/\/[\d.]+:(\d+)\/) \(its token is in (.*)\)$/m;

export class Run {
    #process;
    #said = "";
    ended;
    url;
    port;
    token;

    /* `market` says what is traded and how fast; a port of 0 is any. */
    constructor(program, database, market, port = 0) {
        this.#process = spawn(program, ["run", "--quiet", "--venue", "demo", "--listen", `127.0.0.1:${port}`, "--db", database, ...market],
            { stdio: ["ignore", "ignore", "pipe"] });
        this.#process.stderr.setEncoding("utf8").on("data", (text) => { this.#said += text; });
        this.ended = new Promise((resolve) => this.#process.once("close", resolve));
    }

    async ready() {
        await eventually(() => Promise.resolve(this.#said), (said) => READY.test(said) || this.#process.exitCode !== null, "the dashboard");
        const found = READY.exec(this.#said);
        assert.ok(found, `the run ended: ${this.#said}`);
        [, this.url, this.port] = found;
        this.token = readFileSync(found[3], "utf8").trim();
        return this;
    }

    get address() {
        return `${this.url}#token=${this.token}`;
    }

    async state() {
        const answer = await fetch(`${this.url}api/state`, { headers: { Authorization: `Bearer ${this.token}` } });
        assert.equal(answer.status, 200);
        return answer.json();
    }

    signal(name) {
        this.#process.kill(name);
    }

    async stop() {
        this.signal("SIGCONT");
        this.signal("SIGINT");
        await this.ended;
    }
}
