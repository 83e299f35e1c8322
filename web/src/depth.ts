/*
 * depth.ts - the ladder of the selected symbol: asks above, the spread, bids below, ten rows each.
 *
 * The rows never come and go, so that nothing jumps. A bar is as long as its size is of the largest
 * that is seen.
 */
import { billionths, written, digitsOf } from "./decimal.ts";
import { at, element, row, setText } from "./dom.ts";
import { price, quantity, UNKNOWN } from "./format.ts";
import type { Quote, Selected } from "./protocol.ts";

const LEVELS = 10;

interface Rung {
    show(quote: Quote | undefined, largest: number): void;
}

function rung(parent: Element, side: string, kind: string): Rung {
    const { node, cells: [name, level, size] } = row(["left side", "level", "size"]);
    node.classList.add(kind);
    name.append(element("span", "hidden", side));
    const bar = size.appendChild(element("span", "fill"));
    const text = size.appendChild(element("span"));
    parent.append(node);
    return {
        show(quote, largest) {
            setText(level, quote === undefined ? UNKNOWN : price(quote[0]));
            setText(text, quote === undefined ? UNKNOWN : quantity(quote[1]));
            bar.style.width = quote === undefined ? "0" : `${(100 * Number(quote[1])) / largest}%`;
        },
    };
}

const rungs = (id: string, side: string, kind: string) =>
    Array.from({ length: LEVELS }, () => rung(at(id), side, kind));

function spreadOf(bid: Quote | undefined, ask: Quote | undefined): string {
    const [low, high] = [billionths(bid?.[0] ?? null), billionths(ask?.[0] ?? null)];
    return low === null || high === null ? UNKNOWN : written(high - low, digitsOf(high - low, 2, 4));
}

export class Depth {
    #asks = rungs("asks", "ask", "ask").reverse(); /* the best ask stands lowest */
    #bids = rungs("bids", "bid", "bid");
    #spread = row(["left side", "level", "size"]);

    constructor() {
        this.#spread.node.className = "spread";
        setText(this.#spread.cells[0], "spread");
        at("spread").append(this.#spread.node);
    }

    show(selected: Selected | null, symbol: string): void {
        const fits = selected !== null && selected.symbol === symbol;
        const bids = fits ? selected.bids : [];
        const asks = fits ? selected.asks : [];
        const largest = Math.max(1e-9, ...[...bids, ...asks].slice(0, 2 * LEVELS).map(([, size]) => Number(size)));
        this.#asks.forEach((one, place) => one.show(asks[place], largest));
        this.#bids.forEach((one, place) => one.show(bids[place], largest));
        setText(this.#spread.cells[1], spreadOf(bids[0], asks[0]));
        setText(at("depth-symbol"), symbol);
    }
}
