/*
 * limits.ts - how much of each limit is used. Near its end a bar is striped, a stop says so in words.
 */
import { barsOf, type Line } from "./bars_of.ts";
import { at, setHidden } from "./dom.ts";
import { inUnit, percent, words } from "./format.ts";
import type { Limit } from "./protocol.ts";

const NEAR = 0.8;

function line({ reason, unit, limit, figure, used, stopped }: Limit): Line {
    const of = figure === null ? `none yet, of ${inUnit(limit, unit)}` : `${inUnit(figure, unit)} of ${inUnit(limit, unit)}`;
    return {
        key: reason,
        name: words(reason),
        note: of,
        length: used ?? 0,
        figure: stopped ? "stopped" : percent(used, 0),
        kind: stopped ? "stopped" : (used ?? 0) >= NEAR ? "near" : "",
    };
}

export class Limits {
    #list = barsOf(at("limits"));

    show(limits: readonly Limit[]): void {
        this.#list.show(limits.map(line));
        setHidden(at("limits-none"), limits.length > 0);
    }
}
