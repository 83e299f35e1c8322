/*
 * pictures.mjs - takes the pictures of the dashboard that README.md and the guide show.
 *
 * TRADEWIND is the command, CHROMIUM the browser, PROFILE an empty folder, OUT where they go. They are
 * of a real run, while orders are being filled; tools/dashboard_pictures.sh starts this.
 */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Browser } from "./browser.mjs";
import { Run } from "./running.mjs";
import { assert, eventually } from "./suite.mjs";

const { TRADEWIND, CHROMIUM, PROFILE, OUT } = process.env;
const SIZE_MAX = 300_000;
const BARS_LEAST = 88;
const MARKET = ["--seed", "7", "--speed", "120", "--duration", "0", "--band", "0.7%", "--rebalance-every", "5m",
    "--max-order", "6000", "--max-weight", "8%", "--max-gross", "100%", "--max-var", "4%", "--max-day-loss", "3%"];
const WINDOWS = [{ name: "desktop", width: 1440, height: 900, mobile: false }, { name: "phone", width: 390, height: 844, mobile: true }];

const run = await new Run(TRADEWIND, "pictures.db", MARKET).ready();
const browser = new Browser(CHROMIUM, PROFILE);
try {
    await browser.open(run.address, "document.body?.dataset.sequence > 0");
    await browser.size(1440, 900, false);
    await eventually(() => run.state(), (state) => state.counts.filled >= 10 && state.risk.var95 !== null, "filled orders");
    await browser.read("document.querySelector('#positions tr:nth-child(3) button').click()");
    const bars = "Number(/, (\\d+) bars/.exec(document.getElementById('plot').ariaLabel)?.[1] ?? 0)";
    for (let minutes = 0; await browser.read(bars) < BARS_LEAST; minutes++) {
        assert.ok(minutes < 240, "the bars never came");
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (const { name, width, height, mobile } of WINDOWS)
        for (const scheme of ["light", "dark"]) {
            await browser.size(width, height, mobile);
            await browser.theme(scheme);
            await browser.read("scrollTo(0, 0)");
            const sequence = await browser.read("Number(document.body.dataset.sequence)");
            await browser.eventually(`Number(document.body.dataset.sequence) > ${sequence + 4}`, "the page in its new size");
            const file = join(OUT, `dashboard-${name}-${scheme}.png`);
            writeFileSync(file, await browser.picture());
            assert.ok(statSync(file).size < SIZE_MAX, `${file} is too large`);
            console.log(file);
        }
} finally {
    await browser.close();
    await run.stop();
}
