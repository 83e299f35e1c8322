/*
 * store.ts - the store behind the run, and its cache.
 */
import { at, Figures, setText } from "./dom.ts";
import { count } from "./format.ts";
import type { Store } from "./protocol.ts";

export class StoreView {
    #figures = new Figures(at("store"));

    show(store: Store | null): void {
        setText(at("store-backend"), store?.backend ?? "");
        this.#figures.show([
            ["Rows", count(store?.rows)],
            ["Rows waiting", count(store?.waiting)],
            ["Commits", count(store?.commits)],
            ["Syncs to the disk", count(store?.syncs)],
            ["Journal entries", count(store?.entries)],
            ["Cache hits", count(store?.cache_hits)],
            ["Cache misses", count(store?.cache_misses)],
        ]);
    }
}
