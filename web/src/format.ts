/*
 * format.ts - figures as a person reads them. Pure functions; what is not known is a dash.
 */
import { billionths, digitsOf, written } from "./decimal.ts";
import type { Step, Unit } from "./protocol.ts";

export const UNKNOWN = "\u2013";
const MINUS = "\u2212";

/* ---- exact ---------------------------------------------------------------------------------- */

function exact(text: string | null, least: number, most: number): string {
    const value = billionths(text);
    return value === null ? UNKNOWN : written(value, digitsOf(value, least, most));
}

export const money = (text: string | null) => exact(text, 2, 2);
export const price = (text: string | null) => exact(text, 2, 4);
export const quantity = (text: string | null) => exact(text, 0, 9);

/* A plus before what is more than nothing. */
const signed = (text: string) => (/[1-9]/.test(text) && !text.startsWith(MINUS) ? `+${text}` : text);

export const gain = (text: string | null) => signed(money(text));

/* -1, 0 or 1: which colour and which triangle a figure gets. */
export function sign(text: string | null): number {
    const value = billionths(text) ?? 0n;
    return value > 0n ? 1 : value < 0n ? -1 : 0;
}

/* What a figure is more than it was, and how much of that it is: "+85.77", "+0.086%". */
export function change(now: string, before: string): { text: string; share: string; sign: number } {
    const [later, earlier] = [billionths(now), billionths(before)];
    if (later === null || earlier === null)
        return { text: UNKNOWN, share: "", sign: 0 };
    const difference = later - earlier;
    const share = earlier === 0n ? "" : `${signed(written((difference * 100_000_000_000n) / earlier, 3))}%`;
    return { text: signed(written(difference, 2)), share, sign: difference > 0n ? 1 : difference < 0n ? -1 : 0 };
}

/* ---- numbers -------------------------------------------------------------------------------- */

const grouping = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (value: number | null | undefined) =>
    (typeof value === "number" ? grouping.format(value).replace("-", MINUS) : UNKNOWN);

export function number(value: number | null, digits = 2): string {
    if (value === null || !Number.isFinite(value))
        return UNKNOWN;
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
        .replace(/^-(?=[0,.]*$)/, "").replace("-", MINUS);
}

/* A share of one, in hundredths of it. */
export const percent = (share: number | null, digits = 2) =>
    (share === null || !Number.isFinite(share) ? UNKNOWN : `${number(share * 100, digits)}%`);

/* A limit, or the figure that is held against it, in its unit. */
export function inUnit(text: string | null, unit: Unit | undefined): string {
    const value = billionths(text);
    if (text === null || value === null)
        return text ?? UNKNOWN;
    switch (unit) {
    case "money": return written(value, 2);
    case "price": return price(text);
    case "share": return `${written(value * 100n, 2)}%`;
    case "time": return `${exact(text, 0, 3)} s`;
    default: return quantity(text);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

const SCALES: [size: number, name: string][] = [[1, "ns"], [1e3, "\u00b5s"], [1e6, "ms"], [1e9, "s"]];

/* Nanoseconds with three digits: "843 ns", "143 µs", "2.13 ms". */
export function span(nanoseconds: number | null): string {
    if (nanoseconds === null || !Number.isFinite(nanoseconds))
        return UNKNOWN;
    const [size, name] = SCALES.findLast(([scale]) => Math.abs(nanoseconds) >= scale) ?? SCALES[0]!;
    const value = nanoseconds / size;
    const digits = size === 1 ? 0 : Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0;
    return `${number(value, digits)} ${name}`;
}

/* How old something is: "0.4 s", "12 s", "3 min", "2 h". */
export function age(milliseconds: number): string {
    const seconds = Math.max(0, milliseconds) / 1000;
    if (seconds < 10)
        return `${seconds.toFixed(1)} s`;
    if (seconds < 120)
        return `${Math.floor(seconds)} s`;
    return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/* The time of day of a time stamp: "15:01:30". */
export const clock = (time: string) => time.slice(11, 19);
export const day = (time: string) => time.slice(0, 10);

/* Nanoseconds since 1970; null of what is no time. */
export function instant(time: string): bigint | null {
    const parts = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(time);
    const seconds = parts === null ? NaN : Date.parse(`${parts[1]}Z`);
    if (parts === null || Number.isNaN(seconds))
        return null;
    return BigInt(seconds) * 1_000_000n + BigInt((parts[2] ?? "").padEnd(9, "0"));
}

/* A life with the time since its first step beside each other one: "sent", "+1.20 ms". */
export function lifeSteps(life: Step[]): { name: string; after: string }[] {
    const begin = instant(life[0]?.[1] ?? "");
    return life.map(([name, time], place) => {
        const at = instant(time);
        const known = place > 0 && begin !== null && at !== null;
        return { name, after: known ? `+${span(Number(at - begin))}` : clock(time) };
    });
}

/* ---- words ---------------------------------------------------------------------------------- */

/* "order_value" is for programs, "order value" for people. */
export const words = (name: string) => name.replaceAll("_", " ");
