/*
 * sights.mjs - what is asked of any page: that nothing is cut off, and that every word can be read.
 *
 * The functions run in the browser, given as text.
 */

/* Elements that reach over the right edge of a window of so many pixels, but for those inside of what
 * scrolls. The window is told: a phone's is as wide as what does not fit. */
export const over_the_edge = (width) => `(() => {
    const scrolls = (node) => node !== null && (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(node).overflowX)
        && node !== document.body && node !== document.documentElement || scrolls(node.parentElement));
    const over = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility()
        && node.getBoundingClientRect().right > ${width} + 0.5 && !scrolls(node.parentElement));
    return over.map((node) => node.tagName + "." + node.className + "#" + node.id)
        .concat(document.documentElement.scrollWidth > ${width} ? ["the page scrolls sideways"] : []);
})()`;

/*
 * Every text that is seen, with its contrast to what it stands on, as WCAG 2.1 computes it (1.4.3):
 * colours of all that lies below it, the topmost opaque one last. A text is looked at in three places,
 * since bars lie behind the ends of some. Answers { checked, bad: [sentence] }.
 */
export const CONTRASTS = `(() => {
    const LEAST = 4.5;
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return { r, g, b, a: a / 255 };
    };
    const over = (top, below) => ({ a: 1, r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
        b: top.b * top.a + below.b * (1 - top.a) });
    const linear = (part) => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const luminance = ({ r, g, b }) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const ratio = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
    const ground = (x, y, node) => {
        const stack = document.elementsFromPoint(x, y);
        const place = stack.indexOf(node);
        if (place < 0)
            return null;
        const layers = [];
        /* A bar that lies beside its text in the same cell may come before it. */
        for (const below of stack.filter((one, i) => i >= place || one.parentElement === node.parentElement)) {
            layers.push(rgba(getComputedStyle(below).backgroundColor));
            if (layers.at(-1).a === 1)
                break;
        }
        return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const bad = [];
    let checked = 0;
    while (walker.nextNode()) {
        const text = walker.currentNode, node = text.parentElement;
        if (text.data.trim() === "" || !node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }))
            continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        for (const x of [box.left + 1, (box.left + box.right) / 2, box.right - 1]) {
            const below = ground(x, (box.top + box.bottom) / 2, node);
            if (below === null)
                continue;
            checked++;
            const found = ratio(over(rgba(getComputedStyle(node).color), below), below);
            if (found < LEAST)
                bad.push(found.toFixed(2) + ": " + text.data.trim().slice(0, 40) + " in " + node.tagName + "." + node.className);
        }
    }
    return { checked, bad: [...new Set(bad)] };
})()`;

/* What has the focus, and whether that can be seen. */
export const FOCUS = `(() => {
    const node = document.activeElement;
    const shown = node.matches("input[type=radio]") ? [node, ...node.parentElement.querySelectorAll("span"), node.parentElement] : [node];
    const seen = shown.some((one) => { const style = getComputedStyle(one);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5; });
    return { name: node.id || node.name || node.className || node.textContent.trim() || node.tagName, tag: node.tagName, seen };
})()`;
