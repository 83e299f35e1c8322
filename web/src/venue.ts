/*
 * venue.ts - how well the venue is reached and agrees with us: streams, requests, breakers.
 */
import { at, Figures, Listing, row, setAttribute, setText } from "./dom.ts";
import { age, count, UNKNOWN, words } from "./format.ts";
import type { Breaker, Reconciliation, Venue } from "./protocol.ts";

/* A breaker's state has a shape, too. */
const SHAPES: Record<string, string> = { closed: "\u25cf", open: "\u25a1" };

function figures(venue: Venue | null, { age: seconds, count: times, differences }: Reconciliation): [string, string][] {
    return [
        ["Heard of", venue?.heard_ms == null ? UNKNOWN : `${age(venue.heard_ms)} ago`],
        ["Compared", seconds === null ? UNKNOWN : `${age(seconds * 1000)} ago`],
        ["Comparisons", count(times)],
        ["Differences", count(differences)],
        ["Connections", count(venue?.connects)],
        ["Losses", count(venue?.losses)],
        ["Events dropped", count(venue?.dropped)],
        ["Requests", count(venue?.requests)],
        ["Timeouts", count(venue?.timeouts)],
        ["Failures", count(venue?.failures)],
        ["Sent again", count(venue?.retries)],
        ["Hedged", count(venue?.hedges)],
        ["Throttled", count(venue?.limited)],
        ["Waiting", count(venue?.waiting)],
    ];
}

function makeBreaker() {
    const { node, cells } = row(["left", "left", "", ""]);
    const [route, state, rejected, opened] = cells;
    const update = (breaker: Breaker) => {
        setText(route, words(breaker.route));
        setText(state, `${SHAPES[breaker.state] ?? "\u25d0"} ${words(breaker.state)}`);
        setText(rejected, count(breaker.rejected));
        setText(opened, count(breaker.opened));
        node.classList.toggle("outside", breaker.state !== "closed");
    };
    return { node, update };
}

export class VenueView {
    #figures = new Figures(at("venue"));
    #breakers = new Listing<Breaker>(at("breakers"), ({ route }) => route, makeBreaker);

    show(venue: Venue | null, reconciliation: Reconciliation): void {
        this.#figures.show(figures(venue, reconciliation));
        this.#breakers.show(venue?.breakers ?? []);
        setText(at("venue-up"), venue === null ? "" : venue.up ? "\u25cf connected" : "\u25a1 not connected");
        setAttribute(at("venue-up"), "data-up", String(venue?.up ?? false));
    }
}
