/*
 * latency.ts - where time goes, stage by stage: a dot at the median, ticks at p99 and p99.9, a ring
 * at the longest, on one logarithmic scale.
 *
 * The scale only ever grows, by whole decades, so that lines do not jump about.
 */
import { at, element, Listing, row, setAttribute, setText, svg } from "./dom.ts";
import { count, span, words } from "./format.ts";
import type { Stage } from "./protocol.ts";

const LEAST = 100; /* nanoseconds */

export class Scale {
    begin = 3; /* decades: 1 µs ... */
    end = 8;   /* ... 100 ms */

    /* Takes all of these in; true if it had to grow. */
    widen(values: number[]): boolean {
        const [begin, end] = [this.begin, this.end];
        for (const value of values.filter((candidate) => candidate > 0)) {
            this.begin = Math.min(this.begin, Math.floor(Math.log10(Math.max(value, LEAST))));
            this.end = Math.max(this.end, Math.ceil(Math.log10(Math.max(value, LEAST))));
        }
        return begin !== this.begin || end !== this.end;
    }

    place(value: number): string {
        const share = (Math.log10(Math.max(value, LEAST)) - this.begin) / (this.end - this.begin);
        return `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%`;
    }

    decades(): number[] {
        return Array.from({ length: this.end - this.begin + 1 }, (_, place) => 10 ** (this.begin + place));
    }
}

type Tails = [number, number, number, number];

function tailsOf({ count: seen, p50, p99, p999, max }: Stage): Tails | null {
    return seen > 0 && p50 !== null && p99 !== null && p999 !== null && max !== null ? [p50, p99, p999, max] : null;
}

function makeLine(scale: Scale) {
    const node = svg("svg", { class: "tail-line", "aria-hidden": "true" });
    const grid = node.appendChild(svg("g"));
    const tails = node.appendChild(svg("g"));
    const track = tails.appendChild(svg("line", { class: "track", y1: "50%", y2: "50%" }));
    const p99 = tails.appendChild(svg("line", { class: "tick", y1: "4", y2: "14" }));
    const p999 = tails.appendChild(svg("line", { class: "tick thin", y1: "4", y2: "14" }));
    const ring = tails.appendChild(svg("circle", { class: "ring", cy: "9", r: "3.5" }));
    const dot = tails.appendChild(svg("circle", { class: "dot", cy: "9", r: "4" }));
    const lines = new Listing<number>(grid, String, () => {
        const line = svg("line", { class: "grid", y1: "0", y2: "100%" });
        return { node: line, update: (at_ns) => { for (const x of ["x1", "x2"]) setAttribute(line, x, scale.place(at_ns)); } };
    });
    const update = (found: Tails | null) => {
        lines.show(scale.decades());
        setAttribute(tails, "visibility", found === null ? "hidden" : "visible");
        if (found === null)
            return;
        const [median, high, higher, longest] = found.map((value) => scale.place(value)) as [string, string, string, string];
        setAttribute(track, "x1", median);
        setAttribute(track, "x2", longest);
        for (const x of ["x1", "x2"]) {
            setAttribute(p99, x, high);
            setAttribute(p999, x, higher);
        }
        setAttribute(ring, "cx", longest);
        setAttribute(dot, "cx", median);
    };
    return { node, update };
}

export class Latency {
    #scale = new Scale();
    #axis: Listing<number>;
    #list: Listing<Stage>;

    constructor() {
        const axis = at("latency-axis").appendChild(element("div", "axis"));
        axis.setAttribute("aria-hidden", "true");
        this.#axis = new Listing<number>(axis, String, () => {
            const node = element("span");
            return { node, update: (value) => { setText(node, span(value).replace(/\.0+/, "")); node.style.left = this.#scale.place(value); } };
        });
        this.#list = new Listing<Stage>(at("latency"), ({ stage }) => stage, () => this.#row());
    }

    #row() {
        const { node, cells } = row(["left stage", "count", "p50", "p99", "p999", "max", "tails"]);
        const [name, seen, p50, p99, p999, max, tails] = cells;
        const line = makeLine(this.#scale);
        tails.append(line.node);
        const update = (stage: Stage) => {
            const found = tailsOf(stage);
            setText(name, words(stage.stage));
            setText(seen, count(stage.count));
            [p50, p99, p999, max].forEach((cell, place) => setText(cell, span(found?.[place] ?? null)));
            line.update(found);
        };
        return { node, update };
    }

    show(stages: readonly Stage[]): void {
        this.#scale.widen(stages.flatMap((stage) => tailsOf(stage) ?? []));
        this.#axis.show(this.#scale.decades());
        this.#list.show(stages);
    }
}
