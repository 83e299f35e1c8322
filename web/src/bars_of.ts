/*
 * bars_of.ts - a list of names, bars and figures: shares of risk, use of limits.
 */
import { element, Listing, setText } from "./dom.ts";

export interface Line {
    key: string;
    name: string;
    note: string;
    length: number; /* 0 to 1 */
    figure: string;
    kind: string;   /* a class, such as "near" or "stopped" */
}

export function barsOf(parent: Element): Listing<Line> {
    return new Listing(parent, ({ key }) => key, () => {
        const node = element("li");
        const name = node.appendChild(element("span", "name"));
        const bar = node.appendChild(element("span", "bar"));
        const fill = bar.appendChild(element("span", "fill"));
        const figure = node.appendChild(element("span", "figure"));
        const note = node.appendChild(element("span", "note"));
        const update = (line: Line) => {
            setText(name, line.name);
            setText(figure, line.figure);
            setText(note, line.note);
            fill.style.width = `${(100 * Math.min(1, Math.max(0, line.length))).toFixed(2)}%`;
            node.className = line.kind;
        };
        return { node, update };
    });
}
