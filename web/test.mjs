/*
 * test.mjs - bundles each test with esbuild into a folder that is removed again, and runs them with
 * node's own runner.
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "tradewind-page-"));
try {
    const names = (await readdir(join(here, "test"))).filter((name) => name.endsWith(".test.ts")).sort();
    await build({
        absWorkingDir: here,
        entryPoints: names.map((name) => join("test", name)),
        outdir: folder,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        logLevel: "warning",
    });
    const files = names.map((name) => join(folder, name.replace(/\.ts$/, ".mjs")));
    process.exitCode = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
    await rm(folder, { recursive: true });
}
