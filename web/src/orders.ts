/*
 * orders.ts - the newest orders, and the life of each: intended, sent, live, and how it ended.
 */
import { at, element, Listing, row, setAttribute, setText } from "./dom.ts";
import { count, lifeSteps, price, quantity, words } from "./format.ts";
import type { Order, State } from "./protocol.ts";

/* Triangles as on a ticket: what is bought points up. */
const SIDES: Record<string, string> = { buy: "\u25b2 buy", sell: "\u25bc sell" };

function makeLife(parent: Element): (order: Order) => void {
    const list = parent.appendChild(element("ol"));
    const steps = new Listing<{ name: string; after: string }>(list, ({ name }) => name, () => {
        const node = element("li");
        const name = node.appendChild(element("span", "step"));
        const after = node.appendChild(element("span", "after"));
        return { node, update: (step) => { setText(name, words(step.name)); setText(after, step.after); } };
    });
    return ({ life }) => steps.show(lifeSteps(life));
}

function makeRow() {
    const { node, cells } = row(["left symbol", "left side", "quantity", "limit", "average", "left status", "left why", "left life"]);
    const [symbol, side, filled, limit, average, status, why, life] = cells;
    const showLife = makeLife(life);
    const update = (order: Order) => {
        setText(symbol, order.symbol);
        setText(side, SIDES[order.side] ?? order.side);
        setText(filled, `${quantity(order.filled)} of ${quantity(order.quantity)}`);
        setText(limit, price(order.limit));
        setText(average, price(order.average));
        setText(status, words(order.status));
        setText(why, words(order.why));
        setAttribute(node, "data-status", order.status);
        showLife(order);
    };
    return { node, update };
}

/* What became of all of them; what there is none of is not told. */
const ENDS = ["open", "filled", "canceled", "rejected", "unknown"];

function tally({ orders, counts }: State): string {
    const total = counts["orders"] ?? 0;
    const ends = ENDS.filter((name) => (counts[name] ?? 0) > 0).map((name) => `${count(counts[name])} ${name}`);
    const denied = (counts["denied"] ?? 0) > 0 ? [`${count(counts["denied"])} denied before they were made`] : [];
    const shown = orders.length < total ? [`the newest ${count(orders.length)} are shown`] : [];
    return [`${count(total)} in all`, ...ends, ...denied, ...shown].join(", ");
}

export class Orders {
    #list = new Listing<Order>(at("orders"), ({ id }) => id, makeRow);

    show(state: State): void {
        this.#list.show(state.orders);
        setText(at("orders-note"), tally(state));
    }
}
