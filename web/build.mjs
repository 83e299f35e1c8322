/*
 * build.mjs - makes web/dist, the files that the command embeds.
 *
 *     npm ci && npm run build [-- FOLDER]
 *
 * The bundle is part of the repository, so that nobody needs npm to build the command. It depends on
 * nothing but the sources and the lock file: a test builds it again and compares it byte by byte.
 */
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");
const TYPEFACE = "@fontsource-variable/inter";
const LINE = "-".repeat(78);

/* What is part of the bundle, and the file of its package that has the licence. fancy-canvas, which
 * comes with lightweight-charts, names its licence only: the text is below. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense,
and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN
NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY,
WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;
const BUNDLED = [
    { name: "lightweight-charts", said: "TradingView Lightweight Charts(TM)\nCopyright (c) 2026 TradingView, Inc. https://www.tradingview.com/" },
    { name: "fancy-canvas", text: MIT },
    { name: TYPEFACE, said: "The Inter typeface, its Latin characters." },
];

const inside = (name, file) => readFile(join(here, "node_modules", name, file), "utf8");

async function notice({ name, said = "", text }) {
    const { version, license, author } = JSON.parse(await inside(name, "package.json"));
    const who = typeof author === "string" ? author : author?.name;
    return [LINE, `${name} ${version} (${license})`, said || `Copyright (c) ${who}`, LINE, "",
        (text ?? await inside(name, "LICENSE")).trim(), ""].join("\n");
}

async function notices() {
    const parts = await Promise.all(BUNDLED.map(notice));
    return ["The page of Tradewind is under the licence of Tradewind, Apache-2.0. It is made with:", "", ...parts].join("\n");
}

await mkdir(out, { recursive: true });
await build({
    absWorkingDir: here,
    entryPoints: { app: "src/main.ts" },
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
});
await build({
    absWorkingDir: here,
    entryPoints: ["src/app.css"],
    outdir: out,
    bundle: true,
    minify: true,
    external: ["/inter.woff2"],
    logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"])
    await copyFile(join(here, "src", name), join(out, name));
await copyFile(join(here, "node_modules", TYPEFACE, "files/inter-latin-wght-normal.woff2"), join(out, "inter.woff2"));
await writeFile(join(out, "notices.txt"), await notices());
