/*
 * token.ts - the secret that the run is asked with.
 *
 * It comes behind the # of the address, which no browser sends anywhere, is taken out of the address
 * at once, and is kept for this tab alone.
 */
const PLACE = "tradewind-token";

/* What the part of an address behind the # says: "#token=abc" is abc. */
export function tokenOf(hash: string): string | null {
    const token = new URLSearchParams(hash.replace(/^#/, "")).get("token")?.trim() ?? "";
    return token === "" ? null : token;
}

export function takeToken(): string | null {
    const told = tokenOf(location.hash);
    if (told === null)
        return sessionStorage.getItem(PLACE);
    history.replaceState(null, "", location.pathname + location.search);
    keepToken(told);
    return told;
}

export const keepToken = (token: string) => sessionStorage.setItem(PLACE, token);
export const forgetToken = () => sessionStorage.removeItem(PLACE);
