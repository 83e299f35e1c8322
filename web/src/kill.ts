/*
 * kill.ts - the kill switch, and its end.
 *
 * It takes two deliberate steps: a button opens the question, another one answers it; the focus
 * stands on the levels between them, where Enter does nothing. Selling everything wants the word
 * typed. What the run says to it is shown until the dialog is closed.
 */
import { at, setHidden, setText } from "./dom.ts";
import type { Level, State } from "./protocol.ts";

const ANSWER_MS = 5_000;
const NOW: Record<Level, string> = { new: "Send nothing new", cancel: "Cancel all orders now", flatten: "Close everything now" };
const MEANS: Record<Level, string> = {
    new: "No further order is sent.",
    cancel: "No further order is sent, open ones are cancelled.",
    flatten: "Open orders are cancelled, positions are closed.",
};
const TYPED = "flatten";
const STRENGTH: Record<Level | "none", number> = { none: 0, new: 1, cancel: 2, flatten: 3 };

/* Null if it was done, else why not. */
async function post(path: string, token: string | null, body: object): Promise<string | null> {
    try {
        const answer = await fetch(path, {
            method: "POST", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS), body: JSON.stringify(body),
            headers: { "Content-Type": "application/json", Authorization: `Bearer ${token ?? ""}` },
        });
        if (answer.ok)
            return null;
        const { message } = await answer.json().catch(() => ({})) as { message?: string };
        const wait = answer.headers.get("Retry-After");
        return `${message ?? `The run refused it (${answer.status})`}${wait === null ? "" : `; again in ${wait} s`}.`.replace("..", ".");
    } catch (error) {
        return (error as Error).name === "TimeoutError"
            ? "The run did not answer in time. It may have been done: look at the top of the page, or use tradewind kill."
            : "The run cannot be reached. Use tradewind kill on its machine.";
    }
}

export class KillSwitch {
    #dialog = at<HTMLDialogElement>("kill");
    #lift = at<HTMLDialogElement>("lift");
    #word = at<HTMLInputElement>("kill-word");
    #now = at<HTMLButtonElement>("kill-now");
    #killed: Level | "none" = "none";

    constructor(private token: () => string | null) {
        at("kill-open").addEventListener("click", () => this.#open());
        at("lift-open").addEventListener("click", () => { setText(at("lift-said"), ""); this.#lift.showModal(); });
        at("kill-form").addEventListener("change", () => this.#choose());
        this.#word.addEventListener("input", () => this.#choose());
        /* Enter in a field would press the first button of the form: the way back. */
        at("kill-form").addEventListener("keydown", (event) => {
            if (event.key === "Enter" && event.target instanceof HTMLInputElement)
                event.preventDefault();
        });
        this.#now.addEventListener("click", () => { void this.#send(this.#dialog, this.#now, "/api/kill", { level: this.#level() }, "kill-said"); });
        const lift = at<HTMLButtonElement>("lift-now");
        lift.addEventListener("click", () => { void this.#send(this.#lift, lift, "/api/lift", {}, "lift-said"); });
    }

    #levels(): HTMLInputElement[] {
        return [...this.#dialog.querySelectorAll<HTMLInputElement>("input[name=level]")];
    }

    #level(): Level {
        return (this.#levels().find((level) => level.checked)?.value ?? "cancel") as Level;
    }

    /* A level that is not above the one in force would change nothing, and is not offered. */
    #open(): void {
        const levels = this.#levels();
        for (const level of levels)
            level.disabled = STRENGTH[level.value as Level] <= STRENGTH[this.#killed];
        const first = levels.find(({ value, disabled }) => value === "cancel" && !disabled) ?? levels.find(({ disabled }) => !disabled);
        if (first !== undefined)
            first.checked = true;
        this.#word.value = "";
        setText(at("kill-said"), "");
        this.#choose();
        this.#dialog.showModal();
        first?.focus();
    }

    #choose(): void {
        const level = this.#level();
        setText(this.#now, NOW[level]);
        setHidden(at("kill-typed"), level !== "flatten");
        this.#now.disabled = level === "flatten" && this.#word.value.trim().toLowerCase() !== TYPED;
    }

    async #send(dialog: HTMLDialogElement, button: HTMLButtonElement, path: string, body: object, said: string): Promise<void> {
        button.disabled = true;
        setText(at(said), "");
        const trouble = await post(path, this.token(), body);
        button.disabled = false;
        if (trouble === null)
            dialog.close();
        else
            setText(at(said), trouble);
    }

    show({ killed, killed_by: by, phase }: State): void {
        this.#killed = killed;
        setHidden(at("killed"), killed === "none");
        if (killed !== "none") {
            setText(at("killed-text"), `Stopped: ${killed}${by === null ? "" : `, by ${by}`}.`);
            setText(at("killed-meaning"), MEANS[killed]);
        }
        at<HTMLButtonElement>("kill-open").disabled = killed === "flatten" || phase === "done" || phase === "failed";
    }
}
