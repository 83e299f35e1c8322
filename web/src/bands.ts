/*
 * bands.ts - a position's weight against its target and band, as a line for the eye.
 *
 * All lines share one scale, so that rows can be compared: from nothing to a little more than the
 * largest figure there is. The band is a range, the target a tick, the weight a dot; outside of its
 * band it is a box, so that colour is not needed to see it.
 */
import { setAttribute, svg } from "./dom.ts";
import type { Position } from "./protocol.ts";

const STEPS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const DOT = 4.5;

/* The end of the scale: a round share above all that is to be shown. */
export function scaleEnd(positions: readonly Position[]): number {
    const largest = positions.reduce((most, { weight, high, target }) => Math.max(most, weight ?? 0, high ?? 0, target ?? 0), 0);
    const step = STEPS.find((candidate) => largest <= candidate * 8) ?? 1;
    return Math.max(step, Math.ceil((largest * 1.02) / step) * step);
}

/* What stands under a scale: its beginning, middle and end. */
export const scaleMarks = (end: number) => [0, end / 2, end];

const place = (share: number, end: number) => `${Math.min(100, Math.max(0, (100 * share) / end)).toFixed(2)}%`;

export class BandLine {
    readonly node = svg("svg", { class: "band-line", "aria-hidden": "true" });
    #track = svg("line", { class: "track", x1: "0", x2: "100%", y1: "50%", y2: "50%" });
    #range = svg("rect", { class: "range", y: "5", height: "8", rx: "2" });
    #target = svg("line", { class: "tick", y1: "2", y2: "16" });
    #dot = svg("circle", { class: "dot", cy: "9", r: String(DOT) });
    #box = svg("rect", { class: "box", y: String(9 - DOT), width: String(2 * DOT), height: String(2 * DOT), transform: `translate(${-DOT} 0)` });

    constructor() {
        this.node.append(this.#track, this.#range, this.#target, this.#dot, this.#box);
    }

    show({ weight, target, low, high, outside }: Position, end: number): void {
        const seen = (node: Element, visible: boolean) => setAttribute(node, "visibility", visible ? "visible" : "hidden");
        seen(this.#range, low !== null && high !== null);
        if (low !== null && high !== null) {
            setAttribute(this.#range, "x", place(low, end));
            setAttribute(this.#range, "width", place(high - Math.max(low, 0), end));
        }
        seen(this.#target, target !== null);
        for (const name of ["x1", "x2"])
            setAttribute(this.#target, name, place(target ?? 0, end));
        seen(this.#dot, weight !== null && !outside);
        seen(this.#box, weight !== null && outside);
        setAttribute(this.#dot, "cx", place(weight ?? 0, end));
        setAttribute(this.#box, "x", place(weight ?? 0, end));
    }
}
