/*
 * stream.ts - one WebSocket to the run, kept up, and always honest about how well it is.
 *
 *                  open, token, hello               nothing new for SILENT_MS
 *     CONNECTING ---------------------> LIVE <------------------------------> SILENT
 *      ^   |  ^                          |            something came            |
 *      |   |  | again, after a pause     | closed                               | closed, or for GIVEN_UP_MS
 *      |   |  +--------------------------+---------------> LOST <---------------+
 *      |   | closed, or no hello for OPEN_MS                ^
 *      |   +------------------------------------------------+
 *      |                                                    the run's last word: ENDED; it goes on as LOST does
 *      +-- begin(another token) -- REFUSED <-- closed with 4401: the token is not this run's
 *
 * Invariants: (1) there is at most one socket, and what an earlier one still says is not heard;
 * (2) LIVE means that what is seen is younger than SILENT_MS: a state whose engine has stood still is
 * as old as the state says, however often it is sent; (3) every wait has an end.
 */
import type { Message, Selection } from "./protocol.ts";

export const SILENT_MS = 3_000; /* the run speaks once a second at least */
export const GIVEN_UP_MS = 20_000;
export const OPEN_MS = 8_000;
const TICK_MS = 250;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 5_000];
const TOKEN_REFUSED = 4401;

export type Health = "connecting" | "live" | "silent" | "lost" | "refused" | "ended";

export interface Condition {
    health: Health;
    heardAt: number | null; /* of when the newest is */
    againAt: number | null; /* when the next try is made */
    reason: string;         /* what was said as it closed; may be empty */
}

export interface Socket {
    onopen: ((event: Event) => void) | null;
    onmessage: ((event: MessageEvent) => void) | null;
    onclose: ((event: CloseEvent) => void) | null;
    send(text: string): void;
    close(): void;
}

export interface Surroundings {
    connect(): Socket;
    now(): number;
    every(milliseconds: number, run: () => void): void;
}

function readMessage(text: string): Message | null {
    try {
        return JSON.parse(text) as Message;
    } catch {
        return null;
    }
}

export class Stream {
    #socket: Socket | null = null;
    #token = "";
    #selection: Selection | null = null;
    #tries = 0;
    #openedAt = 0;
    #spokenAt = 0; /* when anything came */
    #condition: Condition = { health: "connecting", heardAt: null, againAt: null, reason: "" };

    constructor(
        private around: Surroundings,
        private onMessage: (message: Message) => void,
        private onCondition: (condition: Condition) => void,
    ) {
        around.every(TICK_MS, () => this.#tick());
    }

    begin(token: string): void {
        this.#token = token;
        this.#tries = 0;
        this.#connect();
    }

    select(selection: Selection): void {
        this.#selection = selection;
        if (this.#condition.health === "live" || this.#condition.health === "silent")
            this.#socket?.send(JSON.stringify({ select: selection.symbol, timeframe: selection.timeframe }));
    }

    #change(to: Partial<Condition>): void {
        this.#condition = { ...this.#condition, ...to };
        this.onCondition(this.#condition);
    }

    #connect(): void {
        this.#drop();
        const socket = this.around.connect();
        this.#socket = socket;
        this.#openedAt = this.around.now();
        const current = () => this.#socket === socket; /* (1) */
        socket.onopen = () => { if (current()) socket.send(JSON.stringify({ token: this.#token })); };
        socket.onmessage = ({ data }) => { if (current()) this.#hear(String(data)); };
        socket.onclose = ({ code, reason }) => { if (current()) this.#lose(code, reason); };
        this.#change({ againAt: null, ...(this.#condition.health === "refused" ? { health: "connecting" } : {}) });
    }

    #drop(): void {
        const socket = this.#socket;
        this.#socket = null;
        socket?.close();
    }

    #hear(text: string): void {
        const message = readMessage(text);
        if (message === null) {
            this.#drop();
            return this.#lose(1007, "what came could not be read");
        }
        const now = this.around.now();
        const heardAt = now - (message.type === "state" ? 1000 * message.age : 0);
        const health = message.type === "end" ? "ended" : now - heardAt >= SILENT_MS ? "silent" : "live";
        this.#spokenAt = now;
        if (message.type === "hello") {
            this.#tries = 0;
            this.#change({ health, heardAt: now, reason: "" });
            if (this.#selection !== null)
                this.select(this.#selection);
        } else if (message.type === "state" || message.type === "end")
            this.#change({ health, heardAt });
        return this.onMessage(message);
    }

    #lose(code: number, reason: string): void {
        this.#socket = null;
        if (code === TOKEN_REFUSED)
            return this.#change({ health: "refused", againAt: null, reason });
        const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)]!;
        const health = this.#condition.health === "ended" ? "ended" : "lost";
        return this.#change({ health, againAt: this.around.now() + pause, reason });
    }

    #tick(): void {
        const now = this.around.now();
        const { health, heardAt, againAt } = this.#condition;
        const quiet = now - (heardAt ?? now);
        if (this.#socket === null) {
            if (againAt !== null && now >= againAt)
                this.#connect();
        } else if (health === "live" && quiet >= SILENT_MS)
            this.#change({ health: "silent" });
        else if (health === "silent" ? now - this.#spokenAt >= GIVEN_UP_MS : health !== "live" && now - this.#openedAt >= OPEN_MS) {
            this.#drop();
            this.#lose(1006, "");
        } else
            this.onCondition(this.#condition);
    }
}

export function surroundings(): Surroundings {
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/stream`;
    return {
        connect: () => new WebSocket(address),
        now: () => performance.now(),
        every: (milliseconds, run) => { setInterval(run, milliseconds); },
    };
}
