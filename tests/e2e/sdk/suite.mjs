/*
 * suite.mjs - rules in the order in which they were written, and what they need to wait.
 *
 * A rule that throws has failed; one that takes longer than its deadline has, too. The last line is
 * `N passed, N failed`, and the exit status is 1 if any failed. With ONLY=TEXT in the environment
 * only the rules whose name holds it are run.
 */
import assert from "node:assert/strict";

const RULE_DEADLINE_MS = 30_000;
const rules = [];

export { assert };

export function rule(name, run) {
    rules.push({ name, run });
}

function within(milliseconds, promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what} took over ${milliseconds} ms`)), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* Asks again until `read` answers with something that `accept` takes. */
export async function eventually(read, accept, what = "what was waited for") {
    const end = Date.now() + 15_000;
    let last;
    while (Date.now() < end) {
        last = await read();
        if (accept(last))
            return last;
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${what} never came; last: ${JSON.stringify(last)}`);
}

/* What arrives from a stream, in order; `next` waits for one that `accept` takes. */
export class Inbox {
    #kept = [];
    #waiting = [];

    push(item) {
        const place = this.#waiting.findIndex((waiter) => waiter.accept(item));
        if (place < 0)
            this.#kept.push(item);
        else
            this.#waiting.splice(place, 1)[0].resolve(item);
    }

    get size() {
        return this.#kept.length;
    }

    next(accept = () => true, what = "a message") {
        const place = this.#kept.findIndex(accept);
        if (place >= 0)
            return Promise.resolve(this.#kept.splice(place, 1)[0]);
        const arrived = new Promise((resolve) => this.#waiting.push({ accept, resolve }));
        return within(20_000, arrived, what);
    }
}

/* What goes wrong from now on; an empty plan: nothing. */
export async function plan_faults(plan) {
    const answer = await fetch(`${process.env.EXCHANGE}/sim/faults`,
        plan === "" ? { method: "DELETE" } : { method: "POST", body: plan });
    assert.ok(answer.ok, await answer.text());
}

export async function failure(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new assert.AssertionError({ message: "the call succeeded and should not have" });
}

export async function run_rules(tidy_up) {
    const only = process.env.ONLY ?? "";
    let passed = 0;
    let failed = 0;
    for (const { name, run } of rules.filter((candidate) => candidate.name.includes(only))) {
        try {
            await within(RULE_DEADLINE_MS, run(), "the rule");
            passed++;
            console.log(`  ok      ${name}`);
        } catch (error) {
            failed++;
            console.log(`  FAILED  ${name}\n${String(error.stack ?? error).replace(/^/gm, "          ")}`);
        }
    }
    await tidy_up();
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed === 0 ? 0 : 1);
}
