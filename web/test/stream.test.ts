/* The stream in virtual time: sockets and clock are this file's. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { type Condition, GIVEN_UP_MS, OPEN_MS, SILENT_MS, type Socket, Stream } from "../src/stream.ts";

const HELLO = { type: "hello" };
const STATE = { type: "state", age: 0 };

class FakeSocket implements Socket {
    onopen: Socket["onopen"] = null;
    onmessage: Socket["onmessage"] = null;
    onclose: Socket["onclose"] = null;
    sent: unknown[] = [];
    closed = false;
    send(text: string) { this.sent.push(JSON.parse(text)); }
    close() { this.closed = true; }
    open() { this.onopen?.({} as Event); }
    say(message: object) { this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent); }
    babble() { this.onmessage?.({ data: "{" } as MessageEvent); }
    end(code: number, reason = "") { this.onclose?.({ code, reason } as CloseEvent); }
}

function world() {
    let now = 0;
    let tick = () => {};
    const sockets: FakeSocket[] = [];
    const heard: string[] = [];
    let condition: Condition | null = null;
    const stream = new Stream({
        connect: () => { const socket = new FakeSocket(); sockets.push(socket); return socket; },
        now: () => now,
        every: (_, run) => { tick = run; },
    }, (message) => heard.push(message.type), (told) => { condition = told; });
    return {
        stream, sockets, heard,
        get newest() { return sockets.at(-1)!; },
        get condition() { return condition!; },
        pass(milliseconds: number) {
            for (const end = now + milliseconds; now < end;) {
                now = Math.min(end, now + 250);
                tick();
            }
        },
        open() {
            this.newest.open();
            this.newest.say(HELLO);
        },
    };
}

test("the token is the first thing said, and it is live with the first word back", () => {
    const w = world();
    w.stream.begin("secret");
    assert.deepEqual(w.newest.sent, []);
    assert.equal(w.condition.health, "connecting");
    w.open();
    assert.deepEqual(w.newest.sent, [{ token: "secret" }]);
    assert.equal(w.condition.health, "live");
    assert.deepEqual(w.heard, ["hello"]);
});

test("a selection waits for the connection, and is made again after each", () => {
    const w = world();
    w.stream.begin("secret");
    w.stream.select({ symbol: "AAPL", timeframe: "1m" });
    w.open();
    assert.deepEqual(w.newest.sent.at(-1), { select: "AAPL", timeframe: "1m" });
    w.newest.end(1006);
    w.pass(500);
    w.open();
    assert.equal(w.sockets.length, 2);
    assert.deepEqual(w.newest.sent, [{ token: "secret" }, { select: "AAPL", timeframe: "1m" }]);
});

test("silence is told, and ends with the next word", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    w.pass(SILENT_MS - 250);
    assert.equal(w.condition.health, "live");
    w.pass(250);
    assert.equal(w.condition.health, "silent");
    assert.equal(w.condition.heardAt, 0);
    w.newest.say(STATE);
    assert.equal(w.condition.health, "live");
    assert.equal(w.sockets.length, 1);
});

test("what an engine told long ago is old, however often it is sent", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    for (let age = 0; age <= 40; age++) {
        w.newest.say({ type: "state", age });
        w.newest.say({ type: "bar" });
        assert.equal(w.condition.health, age * 1000 < SILENT_MS ? "live" : "silent", `at ${age} s`);
        w.pass(1000);
    }
    assert.equal(w.sockets.length, 1);
    w.newest.say(STATE);
    assert.equal(w.condition.health, "live");
});

test("a connection that stays silent is given up", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    w.pass(GIVEN_UP_MS);
    assert.equal(w.condition.health, "lost");
    assert.ok(w.sockets[0]!.closed);
    w.pass(500);
    assert.equal(w.sockets.length, 2);
});

test("one that never says hello is given up, too", () => {
    const w = world();
    w.stream.begin("secret");
    w.newest.open();
    w.pass(OPEN_MS);
    assert.equal(w.condition.health, "lost");
});

test("pauses between tries grow to five seconds, and begin anew after a connection", () => {
    const w = world();
    w.stream.begin("secret");
    for (const pause of [500, 1000, 2000, 4000, 5000, 5000]) {
        const before = w.sockets.length;
        w.newest.end(1006);
        w.pass(pause - 250);
        assert.equal(w.sockets.length, before, `too early after ${pause}`);
        w.pass(250);
        assert.equal(w.sockets.length, before + 1, `too late after ${pause}`);
    }
    w.open();
    w.newest.end(1006);
    w.pass(500);
    assert.equal(w.condition.againAt, null);
});

test("what an earlier socket says is not heard", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    const early = w.newest;
    w.pass(GIVEN_UP_MS + 500);
    early.say(STATE);
    early.end(4401);
    assert.deepEqual(w.heard, ["hello"]);
    assert.equal(w.condition.health, "lost");
});

test("what cannot be read ends the connection", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    w.newest.babble();
    assert.equal(w.condition.health, "lost");
    assert.ok(w.newest.closed);
});

test("a token that is refused is not tried again, another one is", () => {
    const w = world();
    w.stream.begin("wrong");
    w.newest.open();
    w.newest.end(4401, "no");
    assert.equal(w.condition.health, "refused");
    w.pass(60_000);
    assert.equal(w.sockets.length, 1);
    w.stream.begin("right");
    assert.equal(w.condition.health, "connecting");
    w.open();
    assert.deepEqual(w.newest.sent, [{ token: "right" }]);
    assert.equal(w.condition.health, "live");
});

test("the end of a run stays told while it is looked for again", () => {
    const w = world();
    w.stream.begin("secret");
    w.open();
    w.newest.say({ type: "end", phase: "done" });
    w.newest.end(1001);
    assert.equal(w.condition.health, "ended");
    w.pass(500);
    assert.equal(w.sockets.length, 2);
    w.newest.end(1006);
    assert.equal(w.condition.health, "ended");
    w.pass(5000);
    w.open();
    assert.equal(w.condition.health, "live");
});
