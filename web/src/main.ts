/*
 * main.ts - joins the stream to what is shown.
 *
 * A state is kept as it comes and shown with the next picture of the browser: what comes faster than
 * it can be seen costs nothing. While the tab is not seen, nothing is drawn at all.
 */
import { Candles } from "./candles.ts";
import { Connection } from "./connection.ts";
import { Depth } from "./depth.ts";
import { at, element, setHidden, setText } from "./dom.ts";
import { money, number, price, UNKNOWN } from "./format.ts";
import { KillSwitch } from "./kill.ts";
import { Latency } from "./latency.ts";
import { Limits } from "./limits.ts";
import { Orders } from "./orders.ts";
import { Positions } from "./positions.ts";
import type { Hello, Message, Selected, Selection, State } from "./protocol.ts";
import { RiskView } from "./risk.ts";
import { StoreView } from "./store.ts";
import { type Condition, Stream, surroundings } from "./stream.ts";
import { showHello, showSummary } from "./summary.ts";
import { forgetToken, keepToken, takeToken } from "./token.ts";
import { VenueView } from "./venue.ts";

const USUAL_TIMEFRAME = "1m";

class Page {
    #around = surroundings();
    #stream: Stream;
    #token = takeToken();
    #selection: Selection = { symbol: "", timeframe: USUAL_TIMEFRAME };
    #state: State | null = null;
    #drawn: State | null = null;
    #run = "";

    #connection = new Connection();
    #candles = new Candles();
    #depth = new Depth();
    #positions = new Positions((symbol) => this.#select({ ...this.#selection, symbol }));
    #orders = new Orders();
    #risk = new RiskView();
    #limits = new Limits();
    #latency = new Latency();
    #venue = new VenueView();
    #store = new StoreView();
    #kill = new KillSwitch(() => this.#token);

    #symbol = at<HTMLSelectElement>("symbol");

    constructor() {
        this.#stream = new Stream(this.#around, (message) => this.#take(message), (condition) => this.#tell(condition));
        this.#symbol.addEventListener("change", () => this.#select({ ...this.#selection, symbol: this.#symbol.value }));
        at("timeframes").addEventListener("change", (event) =>
            this.#select({ ...this.#selection, timeframe: (event.target as HTMLInputElement).value }));
        at("ask").addEventListener("submit", (event) => { event.preventDefault(); this.#answer(); });
        if (this.#token === null)
            this.#ask("");
        else
            this.#stream.begin(this.#token);
    }

    /* ---- the token -------------------------------------------------------------------------- */

    #ask(said: string): void {
        const shown = !at("ask").hidden;
        setText(at("ask-said"), said);
        setHidden(at("ask"), false);
        setHidden(at("main"), this.#state === null);
        if (!shown)
            at("token").focus();
    }

    #answer(): void {
        this.#token = at<HTMLInputElement>("token").value.trim();
        keepToken(this.#token);
        setText(at("ask-said"), "");
        this.#stream.begin(this.#token);
    }

    #tell(condition: Condition): void {
        this.#connection.show(condition, this.#around.now());
        if (condition.health === "refused" && this.#token !== null) {
            this.#token = null;
            forgetToken();
            this.#ask("This run does not take that token.");
        }
    }

    /* ---- what comes ------------------------------------------------------------------------- */

    #take(message: Message): void {
        switch (message.type) {
        case "hello": return this.#greet(message);
        case "state": return this.#keep(message);
        case "bars": return this.#isSelected(message) ? this.#candles.put(message.bars) : undefined;
        case "bar": return this.#isSelected(message) ? this.#candles.add(message.bar) : undefined;
        case "end": return this.#connection.name(document.title, message.phase);
        }
    }

    #isSelected({ symbol, timeframe }: Selection): boolean {
        return symbol === this.#selection.symbol && timeframe === this.#selection.timeframe;
    }

    #greet(hello: Hello): void {
        const run = `${hello.store} ${hello.run} ${hello.symbols.join()}`;
        setHidden(at("ask"), true);
        setHidden(at("main"), false);
        at<HTMLInputElement>("token").value = "";
        showHello(hello);
        if (run === this.#run)
            return;
        this.#run = run;
        this.#symbol.replaceChildren(...hello.symbols.map((symbol) => new Option(symbol, symbol)));
        this.#offer(hello.timeframes);
        const { symbol, timeframe } = this.#selection;
        this.#select({
            symbol: hello.symbols.includes(symbol) ? symbol : hello.symbols[0] ?? "",
            timeframe: hello.timeframes.includes(timeframe) ? timeframe : hello.timeframes[0] ?? "",
        });
    }

    #offer(timeframes: string[]): void {
        const legend = at("timeframes").querySelector("legend")!;
        at("timeframes").replaceChildren(legend, ...timeframes.map((timeframe) => {
            const label = element("label");
            const radio = label.appendChild(element("input"));
            radio.type = "radio";
            radio.name = "timeframe";
            radio.value = timeframe;
            label.append(element("span", "", timeframe));
            return label;
        }));
    }

    #select(selection: Selection): void {
        this.#selection = selection;
        this.#symbol.value = selection.symbol;
        for (const radio of at("timeframes").querySelectorAll("input"))
            radio.checked = radio.value === selection.timeframe;
        this.#candles.select(selection);
        this.#stream.select(selection);
        if (this.#state !== null)
            this.#showSelected(this.#state);
    }

    /* ---- what is shown ---------------------------------------------------------------------- */

    #keep(state: State): void {
        this.#state = state;
        requestAnimationFrame(() => this.#draw());
    }

    #draw(): void {
        const state = this.#state;
        if (state === null || state === this.#drawn)
            return;
        this.#drawn = state;
        showSummary(state);
        this.#showSelected(state);
        this.#orders.show(state);
        this.#risk.show(state);
        this.#limits.show(state.limits);
        this.#latency.show(state.latency);
        this.#venue.show(state.venue, state.reconciliation);
        this.#store.show(state.store);
        this.#kill.show(state);
        const killed = state.killed === "none" ? "" : "stopped, ";
        this.#connection.name(`${killed}${state.phase} ${state.account === null ? "" : money(state.account.equity)} - Tradewind`, state.phase);
        document.body.dataset["sequence"] = String(state.sequence);
    }

    #showSelected(state: State): void {
        const { symbol } = this.#selection;
        const selected = state.selected?.symbol === symbol ? state.selected : null;
        this.#positions.show(state.positions, symbol);
        this.#depth.show(selected, symbol);
        setText(at("last"), price(selected?.last ?? null));
        setText(at("window"), windowWords(selected));
    }
}

function windowWords(selected: Selected | null): string {
    const window = selected?.window ?? null;
    return window === null ? `newest trades ${UNKNOWN}`
        : `newest ${window.count} trades   mean ${number(window.mean)}   deviation ${number(window.stddev, 3)}   vwap ${number(window.vwap)}`;
}

new Page();
