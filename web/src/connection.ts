/*
 * connection.ts - whether what is seen is of now.
 *
 * A page that has lost its run looks like it: a banner with the age of what is seen, which grows, and
 * figures without colour. While all is well there is only a small "live".
 */
import { at, setAttribute, setHidden, setText } from "./dom.ts";
import { age } from "./format.ts";
import type { Condition } from "./stream.ts";

interface Words {
    short: string;
    long: string;
}

function words({ health, heardAt }: Condition, phase: string): Words {
    switch (health) {
    case "connecting": return { short: "connecting", long: "" };
    case "live": return { short: "live", long: "" };
    case "silent": return { short: "silent", long: "The run says nothing. What you see is old." };
    case "lost": return { short: "lost", long: heardAt === null ? "The run cannot be reached, or too many watch it already." : "The connection is lost. What you see is old." };
    case "ended": return { short: "ended", long: `The run has ended (${phase}). What you see is its last word.` };
    case "refused": return { short: "refused", long: heardAt === null ? "" : "Another run answers here, with a token of its own. What you see is old." };
    }
}

function detail({ heardAt, againAt, reason }: Condition, now: number): string {
    const parts = [];
    if (heardAt !== null)
        parts.push(`${age(now - heardAt)} old`);
    if (reason !== "")
        parts.push(reason);
    if (againAt !== null)
        parts.push(`trying again in ${Math.max(0, Math.ceil((againAt - now) / 1000))} s`);
    return parts.join(", ");
}

export class Connection {
    #title = "Tradewind";
    #phase = "";

    /* What the tab is called while all is well. */
    name(title: string, phase: string): void {
        this.#title = title;
        this.#phase = phase;
    }

    show(condition: Condition, now: number): void {
        const { short, long } = words(condition, this.#phase);
        const old = condition.health !== "live" && condition.heardAt !== null;
        setAttribute(at("health"), "data-health", condition.health);
        setText(at("health-text"), short);
        setText(at("lost-text"), long);
        setText(at("lost-detail"), detail(condition, now));
        setHidden(at("lost"), long === "");
        document.documentElement.classList.toggle("old", old);
        const title = condition.health === "live" ? this.#title : `${short}: ${this.#title}`;
        if (document.title !== title)
            document.title = title;
    }
}
