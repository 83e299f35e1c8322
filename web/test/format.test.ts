import assert from "node:assert/strict";
import { test } from "node:test";

import { billionths, digitsOf, written } from "../src/decimal.ts";
import * as format from "../src/format.ts";
import { tokenOf } from "../src/token.ts";

const cases = <A, B>(call: (value: A) => B, table: [A, B][]) => {
    for (const [given, wanted] of table)
        assert.deepEqual(call(given), wanted, JSON.stringify(given));
};

test("a decimal is exact to the last billionth, and what is none is not taken for one", () => {
    cases(billionths, [["1", 1_000_000_000n], ["-0.000000001", -1n], ["9223372036.854775807", 9223372036854775807n],
        ["", null], ["1e5", null], ["1.", null], ["1.0000000001", null], ["+1", null], [null, null]]);
});

test("halves are rounded away from zero, also below it", () => {
    const two = (text: string) => written(billionths(text)!, 2);
    cases(two, [["0.005", "0.01"], ["-0.005", "\u22120.01"], ["-0.004", "0.00"], ["999.995", "1,000.00"],
        ["1234567.891", "1,234,567.89"], ["-1234.5", "\u22121,234.50"], ["0", "0.00"]]);
    assert.equal(written(billionths("12345.6")!, 0), "12,346");
});

test("a price has as many digits as it needs, from two to four", () => {
    cases(format.price, [["283.7", "283.70"], ["283.745", "283.745"], ["0.12345", "0.1235"], [null, "\u2013"]]);
    assert.equal(digitsOf(billionths("1.5")!, 0, 9), 1);
});

test("a quantity has no digit that it does not need", () => {
    cases(format.quantity, [["19", "19"], ["19.000", "19"], ["1200.5", "1,200.5"], ["-3", "\u22123"]]);
});

test("money is not rounded through a binary fraction", () => {
    cases(format.money, [["9007199254.740993", "9,007,199,254.74"], ["1.005", "1.01"], ["0.285", "0.29"]]);
});

test("a gain has its sign in the text", () => {
    cases(format.gain, [["69.1", "+69.10"], ["-69.1", "\u221269.10"], ["0", "0.00"], [null, "\u2013"]]);
    cases(format.sign, [["0.01", 1], ["-0.01", -1], ["0", 0], [null, 0]]);
});

test("a change is what the report prints of it", () => {
    assert.deepEqual(format.change("100095.6", "100009.82"), { text: "+85.78", share: "+0.086%", sign: 1 });
    assert.deepEqual(format.change("90", "100"), { text: "\u221210.00", share: "\u221210.000%", sign: -1 });
    assert.deepEqual(format.change("5", "0"), { text: "+5.00", share: "", sign: 1 });
    assert.deepEqual(format.change("", "1"), { text: "\u2013", share: "", sign: 0 });
});

test("a share is told in hundredths", () => {
    cases(format.percent, [[0.0539, "5.39%"], [0, "0.00%"], [-0.0001, "\u22120.01%"], [-0.00001, "0.00%"], [null, "\u2013"]]);
    assert.equal(format.percent(Number.NaN), "\u2013");
});

test("a span has three digits and the unit that fits", () => {
    cases(format.span, [[0, "0 ns"], [843, "843 ns"], [1000, "1.00 \u00b5s"], [143_400, "143 \u00b5s"], [99_950, "100 \u00b5s"],
        [2_130_000, "2.13 ms"], [9_996_000, "10.0 ms"], [61e9, "61.0 s"], [null, "\u2013"]]);
});

test("an age is coarser the older it is, and never below nothing", () => {
    cases(format.age, [[-5, "0.0 s"], [400, "0.4 s"], [12_900, "12 s"], [119_000, "119 s"], [180_000, "3 min"], [7_300_000, "2 h"]]);
});

test("a limit is told in its unit, and as it came without one", () => {
    assert.equal(format.inUnit("0.0125", "share"), "1.25%");
    assert.equal(format.inUnit("1000", "money"), "1,000.00");
    assert.equal(format.inUnit("300", "time"), "300 s");
    assert.equal(format.inUnit("1.057279787", "time"), "1.057 s");
    assert.equal(format.inUnit("20", "count"), "20");
    assert.equal(format.inUnit("0.5", undefined), "0.5");
    assert.equal(format.inUnit("unheard of", "money"), "unheard of");
    assert.equal(format.inUnit(null, "money"), "\u2013");
});

test("times are exact to the nanosecond", () => {
    assert.equal(format.instant("1970-01-01T00:00:01.000000001Z"), 1_000_000_001n);
    assert.equal(format.instant("1970-01-01T00:00:01.5Z"), 1_500_000_000n);
    assert.equal(format.instant("yesterday"), null);
    assert.equal(format.clock("2026-11-22T15:01:30.000000000Z"), "15:01:30");
});

test("the steps of an order's life are told by the time since the first", () => {
    assert.deepEqual(format.lifeSteps([["intended", "2026-01-05T14:31:00.000000000Z"],
        ["sent", "2026-01-05T14:31:00.001200000Z"], ["filled", "2026-01-05T14:31:02Z"]]),
    [{ name: "intended", after: "14:31:00" }, { name: "sent", after: "+1.20 ms" }, { name: "filled", after: "+2.00 s" }]);
    assert.deepEqual(format.lifeSteps([]), []);
});

test("a count that is not known is a dash", () => {
    cases(format.count, [[1234567, "1,234,567"], [0, "0"], [null, "\u2013"], [undefined, "\u2013"]]);
});

test("the token is what stands behind the #", () => {
    cases(tokenOf, [["#token=abc", "abc"], ["#a=1&token=x%20", "x"], ["#token=", null], ["", null], ["#abc", null]]);
});
