/*
 * candles.ts - bars and volume of the selected symbol, drawn by lightweight-charts.
 *
 * A bar that rose is hollow and one that fell is full, so that colour is not needed. Colours come
 * from the style sheet and follow the theme. The newest bar is also told in words above the picture.
 */
import {
    type CandlestickData, CandlestickSeries, createChart, CrosshairMode, HistogramSeries, type IChartApi, type ISeriesApi, type UTCTimestamp,
} from "lightweight-charts";

import { at, setAttribute, setText } from "./dom.ts";
import { clock, count, day, number, UNKNOWN } from "./format.ts";
import type { Bar, Selection } from "./protocol.ts";

const SEEN = 90; /* bars in sight after a selection */

const candleOf = ([time, open, high, low, close]: Bar): CandlestickData<UTCTimestamp> =>
    ({ time: time as UTCTimestamp, open, high, low, close });

function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export class Candles {
    #chart: IChartApi;
    #candles: ISeriesApi<"Candlestick">;
    #volumes: ISeriesApi<"Histogram">;
    #bars: Bar[] = [];
    #pointed: Bar | null = null;
    #selection: Selection = { symbol: "", timeframe: "" };

    constructor() {
        this.#chart = createChart(at("plot"), {
            autoSize: true,
            /* Its logo brings a style of its own, which our policy forbids; the page's foot has the link. */
            layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11 },
            crosshair: { mode: CrosshairMode.Magnet },
            handleScroll: { vertTouchDrag: false, mouseWheel: false },
            handleScale: { mouseWheel: false },
        });
        this.#volumes = this.#chart.addSeries(HistogramSeries, {
            priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
        });
        this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
        this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: true });
        this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.22 } });
        this.#chart.subscribeCrosshairMove(({ time }) => this.#point(time as number | undefined));
        this.#dress();
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#dress());
    }

    #dress(): void {
        const [ink, line, card] = [colour("dim"), colour("line"), colour("card")];
        const edge = { borderColor: line };
        this.#chart.applyOptions({
            layout: { background: { color: card }, textColor: ink },
            grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
            rightPriceScale: { ...edge, entireTextOnly: true },
            timeScale: edge,
        });
        this.#candles.applyOptions({
            priceLineColor: colour("accent"),
            upColor: card, downColor: colour("down"), borderUpColor: colour("up"), borderDownColor: colour("down"),
            wickUpColor: colour("up"), wickDownColor: colour("down"),
        });
        this.#volumes.applyOptions({ color: colour("volume") });
    }

    #point(time: number | undefined): void {
        this.#pointed = time === undefined ? null : this.#bars.find(([begin]) => begin === time) ?? null;
        this.#tell();
    }

    #tell(): void {
        const bar = this.#pointed ?? this.#bars.at(-1);
        if (bar === undefined)
            return setText(at("bar"), this.#selection.symbol === "" ? UNKNOWN : "no bar yet");
        const time = new Date(bar[0] * 1000).toISOString();
        const [open, high, low, close] = bar.slice(1, 5).map((value) => number(value));
        const when = this.#selection.timeframe === "1d" ? day(time) : clock(time);
        setText(at("bar"), `${when}   O ${open}   H ${high}   L ${low}   C ${close}   V ${count(bar[5])}`);
        return setAttribute(at("plot"), "aria-label", `Candles of ${this.#selection.symbol}, ${this.#selection.timeframe}, `
            + `${this.#bars.length} bars; the newest: open ${open}, high ${high}, low ${low}, close ${close}`);
    }

    /* Nothing is known of it yet. */
    select(selection: Selection): void {
        this.#selection = selection;
        this.put([]);
        this.#chart.timeScale().applyOptions({ timeVisible: selection.timeframe !== "1d", secondsVisible: selection.timeframe === "1s" });
    }

    /* All of them, perhaps once more: then what is in sight stays. */
    put(bars: Bar[]): void {
        const fresh = this.#bars.length === 0 || bars.length === 0;
        this.#bars = bars;
        this.#pointed = null;
        this.#candles.setData(bars.map(candleOf));
        this.#volumes.setData(bars.map(([time, , , , , value]) => ({ time: time as UTCTimestamp, value })));
        if (fresh) {
            this.#chart.priceScale("right").applyOptions({ autoScale: true });
            this.#chart.timeScale().setVisibleLogicalRange({ from: bars.length - SEEN, to: bars.length + 4 });
        }
        this.#tell();
    }

    /* The newest bar as it is now, or the next one. */
    add(bar: Bar): void {
        const last = this.#bars.at(-1);
        if (last !== undefined && bar[0] < last[0])
            return;
        if (last?.[0] === bar[0])
            this.#bars[this.#bars.length - 1] = bar;
        else
            this.#bars.push(bar);
        this.#candles.update(candleOf(bar));
        this.#volumes.update({ time: bar[0] as UTCTimestamp, value: bar[5] });
        this.#tell();
    }
}
