/*
 * positions.ts - what is held, a row a symbol; its name selects it.
 */
import { BandLine, scaleEnd, scaleMarks } from "./bands.ts";
import { at, element, Listing, row, setAttribute, setText, setTrend } from "./dom.ts";
import { gain, money, percent, price, quantity, sign } from "./format.ts";
import type { Position } from "./protocol.ts";

export class Positions {
    #end = 1;
    #selected = "";
    #list: Listing<Position>;
    #axis: Listing<number>;

    constructor(private select: (symbol: string) => void) {
        const axis = at("band-head").appendChild(element("div", "axis"));
        axis.setAttribute("aria-hidden", "true");
        this.#axis = new Listing<number>(axis, (mark) => String(mark / this.#end), () => {
            const node = element("span");
            return { node, update: (mark) => { setText(node, percent(mark, 1).replace(".0", "")); node.style.left = percent(mark / this.#end); } };
        });
        this.#list = new Listing(at("positions"), ({ symbol }) => symbol, () => this.#row());
    }

    #row() {
        const { node, cells } = row(["left symbol", "quantity", "price", "value", "profit", "weight", "band", "target", "share"]);
        const [name, held, last, value, profit, weight, band, target, share] = cells;
        const choose = name.appendChild(element("button", "pick"));
        choose.type = "button";
        choose.addEventListener("click", () => this.select(choose.textContent ?? ""));
        const weightText = weight.appendChild(element("span"));
        const outside = weight.appendChild(element("span", "hidden"));
        const line = new BandLine();
        band.append(line.node);
        const update = (position: Position) => {
            setText(choose, position.symbol);
            setAttribute(choose, "aria-pressed", String(position.symbol === this.#selected));
            setText(held, quantity(position.quantity));
            setText(last, price(position.price));
            setText(value, money(position.value));
            setText(profit, gain(position.profit));
            setTrend(profit, sign(position.profit));
            setText(weightText, percent(position.weight));
            setText(outside, position.outside ? " outside its band" : "");
            node.classList.toggle("outside", position.outside);
            line.show(position, this.#end);
            setText(target, percent(position.target));
            setText(share, percent(position.share));
        };
        return { node, update };
    }

    show(positions: readonly Position[], selected: string): void {
        this.#end = scaleEnd(positions);
        this.#selected = selected;
        this.#axis.show(scaleMarks(this.#end));
        this.#list.show(positions);
    }
}
