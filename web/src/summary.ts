/*
 * summary.ts - the top of the page: which run this is, its phase, and the account in six tiles.
 */
import { at, setAttribute, setText, setTrend } from "./dom.ts";
import { change, clock, count, day, money, percent } from "./format.ts";
import type { Hello, State } from "./protocol.ts";

/* Phases that need no second look; every other one is shown as a warning. */
const CALM = new Set(["trading", "done"]);

const set = (id: string, text: string) => setText(at(id), text);

export function showHello(hello: Hello): void {
    const speed = hello.speed !== null && hello.speed !== 1 ? `, ${count(hello.speed)} times real time` : "";
    set("about", `${hello.venue}, ${hello.strategy}${speed}`);
    set("version", `Tradewind ${hello.version}, run ${hello.run}, ${hello.store}`);
}

function showAccount(state: State): void {
    const account = state.account;
    if (account === null)
        return;
    const { text, share, sign } = change(account.equity, account.equity_begin);
    set("equity", money(account.equity));
    set("equity-change", `${text} ${share && `(${share})`} since ${money(account.equity_begin)}`);
    setTrend(at("equity-change"), sign);
    set("cash", money(account.cash));
    set("cash-begin", `began with ${money(account.cash_begin)}`);
    set("gross", money(account.gross));
    set("turnover", `turnover ${money(account.turnover)}`);
}

function showCounts({ counts, events_per_second: rate, seconds, risk }: State): void {
    const unknown = (counts["unknown"] ?? 0) > 0 ? `${count(counts["unknown"])} unknown, ` : "";
    set("order-count", count(counts["orders"]));
    set("order-note", `${unknown}${count(counts["filled"])} filled, ${count(counts["open"])} open`);
    set("events", count(rate === null ? null : Math.round(rate)));
    set("events-note", `${count(counts["events"])} in ${count(Math.floor(seconds))} s`);
    set("drawdown", percent(risk?.drawdown ?? null, 3));
    set("day-loss", `loss of the day ${percent(risk?.day_loss ?? null, 3)}`);
}

export function showSummary(state: State): void {
    const stopped = state.killed !== "none";
    set("phase-name", stopped ? `${state.phase}, stopped` : state.phase);
    setAttribute(at("phase"), "data-calm", String(CALM.has(state.phase) && !stopped));
    if (state.time !== null) {
        set("clock", clock(state.time));
        setAttribute(at("clock"), "datetime", state.time);
        set("clock-day", `${day(state.time)} UTC`);
    }
    showAccount(state);
    showCounts(state);
}
