/*
 * dom.ts - making and changing parts of the page.
 *
 * Text only: nothing that comes over the wire becomes markup. What has not changed is not touched, so
 * that a focus, a selection or a finger stays where it is.
 */
export function at<T extends HTMLElement = HTMLElement>(id: string): T {
    const found = document.getElementById(id);
    if (found === null)
        throw new Error(`the page has no ${id}`);
    return found as T;
}

export function element<K extends keyof HTMLElementTagNameMap>(name: K, kind = "", text = ""): HTMLElementTagNameMap[K] {
    const made = document.createElement(name);
    if (kind !== "")
        made.className = kind;
    made.textContent = text;
    return made;
}

export function svg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string> = {}): SVGElementTagNameMap[K] {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes))
        made.setAttribute(key, value);
    return made;
}

export function setText(node: Element, text: string): void {
    if (node.textContent !== text)
        node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
    if (node.getAttribute(name) !== value)
        node.setAttribute(name, value);
}

export function setHidden(node: HTMLElement, hidden: boolean): void {
    if (node.hidden !== hidden)
        node.hidden = hidden;
}

/* How a figure goes: its class is for the eye, its sign stands in the text. */
export function setTrend(node: Element, sign: number): void {
    node.classList.toggle("up", sign > 0);
    node.classList.toggle("down", sign < 0);
}

/* A part of the page for each item, in the order of the items, kept by key as long as it is there. */
export class Listing<T> {
    #parts = new Map<string, { node: Element; update: (item: T) => void }>();

    constructor(
        private parent: Element,
        private key: (item: T) => string,
        private make: () => { node: Element; update: (item: T) => void },
    ) {}

    show(items: readonly T[]): void {
        const gone = new Set(this.#parts.keys());
        let before: Element | null = this.parent.firstElementChild;
        for (const item of items) {
            const key = this.key(item);
            gone.delete(key);
            let part = this.#parts.get(key);
            if (part === undefined) {
                part = this.make();
                this.#parts.set(key, part);
            }
            part.update(item);
            if (part.node === before)
                before = before.nextElementSibling;
            else
                this.parent.insertBefore(part.node, before);
        }
        for (const key of gone) {
            this.#parts.get(key)?.node.remove();
            this.#parts.delete(key);
        }
    }
}

type Cells<Kinds extends readonly string[]> = { [Place in keyof Kinds]: HTMLTableCellElement };

/* A row of cells, the first of which names it. Roles are told, since a phone lays rows out as boxes. */
export function row<const Kinds extends readonly string[]>(kinds: Kinds): { node: HTMLTableRowElement; cells: Cells<Kinds> } {
    const node = element("tr");
    node.setAttribute("role", "row");
    const cells = kinds.map((kind, place) => {
        const cell = element(place === 0 ? "th" : "td", kind);
        if (place === 0)
            cell.setAttribute("scope", "row");
        cell.setAttribute("role", place === 0 ? "rowheader" : "cell");
        return node.appendChild(cell);
    });
    return { node, cells: cells as unknown as Cells<Kinds> };
}

/* Names and figures: a definition list that keeps its parts. */
export class Figures {
    #list: Listing<[string, string]>;

    constructor(parent: Element) {
        this.#list = new Listing(parent, ([name]) => name, () => {
            const node = element("div");
            const name = node.appendChild(element("dt"));
            const figure = node.appendChild(element("dd"));
            return { node, update: ([label, text]) => { setText(name, label); setText(figure, text); } };
        });
    }

    show(figures: [string, string][]): void {
        this.#list.show(figures);
    }
}
