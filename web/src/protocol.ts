/*
 * protocol.ts - what the run tells and what can be asked of it.
 *
 * Money, prices and quantities are decimal strings and exact; shares are numbers, of one; times are
 * RFC 3339 in UTC with nanoseconds; null is "not known".
 */
export type Level = "new" | "cancel" | "flatten";
export type Step = [name: string, time: string];
export type Quote = [price: string, size: string];
export type Bar = [seconds: number, open: number, high: number, low: number, close: number, volume: number];

export interface Hello {
    type: "hello";
    version: string;
    run: number;
    venue: string;
    strategy: string;
    store: string;
    symbols: string[];
    timeframes: string[];
    speed: number | null;
}

export interface Account {
    cash: string;
    equity: string;
    cash_begin: string;
    equity_begin: string;
    turnover: string;
    gross: string;
}

export interface Position {
    symbol: string;
    quantity: string;
    price: string | null;
    average: string | null;
    value: string | null;
    profit: string | null;
    weight: number | null;
    target: number | null;
    low: number | null;
    high: number | null;
    outside: boolean;
    volatility: number | null;
    share: number | null;
}

export interface Risk {
    days: number | null;
    volatility: number | null;
    sharpe: number | null;
    beta: number | null;
    max_drawdown: number | null;
    var95: number | null;
    es95: number | null;
    var99_now: number | null;
    drawdown: number | null;
    day_loss: number | null;
    effective_assets: number | null;
}

export type Unit = "money" | "share" | "quantity" | "count" | "time" | "price" | "none";

export interface Limit {
    reason: string;
    unit?: Unit;
    limit: string;
    figure: string | null;
    used: number | null;
    stopped: boolean;
}

export interface Order {
    id: string;
    symbol: string;
    side: "buy" | "sell";
    quantity: string;
    filled: string;
    limit: string | null;
    average: string | null;
    state: string;
    status: string;
    why: string;
    life: Step[];
}

export interface Stage {
    stage: string;
    count: number;
    p50: number | null;
    p99: number | null;
    p999: number | null;
    max: number | null;
}

export interface Breaker {
    route: string;
    state: string;
    rejected: number;
    opened: number;
}

export interface Venue {
    up: boolean;
    heard_ms: number | null;
    connects: number;
    losses: number;
    dropped: number;
    requests: number;
    timeouts: number;
    failures: number;
    retries: number;
    hedges: number;
    limited: number;
    waiting: number;
    breakers: Breaker[];
}

export interface Reconciliation {
    age: number | null;  /* seconds since figures of the venue and ours agreed */
    count: number;
    differences: number;
}

export interface Store {
    backend: string | null;
    rows: number | null;
    waiting: number | null;
    commits: number | null;
    syncs: number | null;
    entries: number | null;
    cache_hits: number | null;
    cache_misses: number | null;
}

export interface Selected {
    symbol: string;
    timeframe: string;
    bids: Quote[];
    asks: Quote[];
    last: string | null;
    window: { count: number; mean: number; stddev: number; vwap: number } | null;
}

export interface State {
    type: "state";
    time: string | null; /* of the venue */
    sequence: number;
    age: number;         /* seconds since the engine told this */
    phase: string;
    killed: "none" | Level;
    killed_by: string | null;
    seconds: number;
    account: Account | null;
    counts: Record<string, number>;
    events_per_second: number | null;
    positions: Position[];
    risk: Risk | null;
    limits: Limit[];
    orders: Order[];
    latency: Stage[];
    reconciliation: Reconciliation;
    venue: Venue | null;
    store: Store | null;
    selected: Selected | null;
}

export interface Bars {
    type: "bars";
    symbol: string;
    timeframe: string;
    bars: Bar[];
}

export interface NewestBar {
    type: "bar";
    symbol: string;
    timeframe: string;
    bar: Bar;
}

export interface End {
    type: "end";
    phase: string;
}

export type Message = Hello | State | Bars | NewestBar | End;
export interface Selection {
    symbol: string;
    timeframe: string;
}
