/*
 * risk.ts - risk of the targets and of now; losses are positive.
 */
import { barsOf } from "./bars_of.ts";
import { at, Figures, setText } from "./dom.ts";
import { count, number, percent } from "./format.ts";
import type { Position, Risk, State } from "./protocol.ts";

const SHARES = 24; /* the largest; who holds more has the column of the positions */

function figures(risk: Risk | null): [string, string][] {
    const share = (key: keyof Risk) => percent(risk?.[key] ?? null);
    return [
        ["VaR 95%, a day", share("var95")],
        ["Expected shortfall 95%", share("es95")],
        ["VaR 99% now", share("var99_now")],
        ["Drawdown now", share("drawdown")],
        ["Worst drawdown", share("max_drawdown")],
        ["Loss of the day", share("day_loss")],
        ["Volatility, a year", share("volatility")],
        ["Sharpe", number(risk?.sharpe ?? null)],
        ["Beta", number(risk?.beta ?? null)],
        ["Effective assets", number(risk?.effective_assets ?? null, 1)],
    ];
}

type Known = Position & { share: number };

export class RiskView {
    #figures = new Figures(at("risk"));
    #shares = barsOf(at("shares"));

    show({ risk, positions }: State): void {
        this.#figures.show(figures(risk));
        setText(at("risk-note"), risk?.days == null ? "" : `from ${count(risk.days)} days`);
        const known = positions.filter((position): position is Known => position.share !== null)
            .sort((a, b) => b.share - a.share || (a.symbol < b.symbol ? -1 : 1)).slice(0, SHARES);
        const largest = known[0]?.share ?? 1;
        this.#shares.show(known.map(({ symbol, share }) => ({
            key: symbol, name: symbol, note: "", kind: "", length: share / largest, figure: percent(share),
        })));
    }
}
