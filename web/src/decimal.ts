/*
 * decimal.ts - money, prices and quantities as the engine has them: whole numbers of one billionth.
 *
 * Nothing of it goes through a floating-point number, so that no digit shown is another one than
 * the engine's.
 */
const DIGITS = 9;
const WRITTEN = /^(-?)(\d+)(?:\.(\d{1,9}))?$/;

/* The billionths of a decimal text; null of what is none. */
export function billionths(text: string | null): bigint | null {
    const parts = text === null ? null : WRITTEN.exec(text);
    if (parts === null)
        return null;
    const size = BigInt(parts[2] + (parts[3] ?? "").padEnd(DIGITS, "0"));
    return parts[1] === "-" ? -size : size;
}

function grouped(whole: string): string {
    return whole.replace(/\B(?=(\d{3})+$)/g, ",");
}

/* With exactly `digits` behind the point, halves away from zero, and thousands parted. */
export function written(value: bigint, digits: number): string {
    const step = 10n ** BigInt(DIGITS - digits);
    const size = ((value < 0n ? -value : value) + step / 2n) / step;
    const text = size.toString().padStart(digits + 1, "0");
    const sign = value < 0n && size > 0n ? "\u2212" : "";
    const whole = grouped(text.slice(0, text.length - digits));
    return sign + (digits === 0 ? whole : `${whole}.${text.slice(-digits)}`);
}

/* How many digits behind the point a value has, from `least` to `most`. */
export function digitsOf(value: bigint, least: number, most: number): number {
    let digits = most;
    while (digits > least && value % 10n ** BigInt(DIGITS - digits + 1) === 0n)
        digits--;
    return digits;
}
