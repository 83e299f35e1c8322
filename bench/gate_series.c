/* gate_series.c - windows and bars over the same trades, one by one and as columns. */
#include "gate.h"
#include "tradewind/bars.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "tradewind/window.h"

enum { TRADES = 20000, SYMBOLS = 8, WINDOWS = 2, COLUMNS = 6, FRAMES = 5, ROOM = TRADES + SYMBOLS };

static const tw_window_column WANTED[COLUMNS] = {TW_WINDOW_MEAN, TW_WINDOW_STDDEV, TW_WINDOW_MIN,
                                                 TW_WINDOW_MAX,  TW_WINDOW_VWAP,   TW_WINDOW_EMA};

static const int64_t FRAMES_NS[FRAMES] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, 5 * TW_NS_PER_MINUTE,
                                          TW_NS_PER_HOUR, TW_NS_PER_DAY};

typedef struct trades {
    tw_symbol symbols[TRADES];
    int64_t times_ns[TRADES];
    tw_price prices[TRADES];
    tw_quantity quantities[TRADES];
} trades;

/* Walks in cents, a trade every ten milliseconds or so. */
static void make_trades(trades *t) {
    int64_t cents[SYMBOLS];
    int64_t now_ns = INT64_C(1704205800) * TW_NS_PER_SECOND;
    tw_random random;
    tw_random_init(&random, 4, 0);
    for (int s = 0; s < SYMBOLS; s++)
        cents[s] = 10000 + 500 * s;
    for (size_t i = 0; i < TRADES; i++) {
        uint32_t symbol = (uint32_t)tw_random_below(&random, SYMBOLS);
        now_ns += (int64_t)tw_random_below(&random, 20 * TW_NS_PER_MS);
        cents[symbol] += (int64_t)tw_random_below(&random, 5) - 2;
        t->symbols[i] = symbol;
        t->times_ns[i] = now_ns;
        t->prices[i].nano = cents[symbol] * (TW_NANO / 100);
        t->quantities[i].nano = (int64_t)(1 + tw_random_below(&random, 500)) * TW_NANO;
    }
}

/* ---- windows -------------------------------------------------------------------------------- */

GATE_PATH(window_push)(tw_windows *windows, const trades *t) {
    uint64_t sum = 0;
    for (size_t i = 0; i < TRADES; i++) {
        tw_window *window = tw_windows_at(windows, t->symbols[i]);
        require(tw_window_push(window, t->times_ns[i], t->prices[i], t->quantities[i]) == TW_OK,
                "tw_window_push");
        for (uint32_t k = 0; k < WINDOWS; k++) {
            tw_window_stats stats;
            tw_window_read(window, k, &stats);
            sum += stats.n;
        }
    }
    return sum;
}

GATE_PATH(window_run)
(tw_windows *windows, const tw_window_ticks *ticks, const tw_window_output *outputs) {
    size_t count = 0;
    require(tw_windows_run(windows, ticks, outputs, &count) == TW_OK, "tw_windows_run");
    return count;
}

static tw_windows *make_windows(void) {
    tw_windows *windows = NULL;
    tw_window_config config = {.count_max = 1024, .window_count = WINDOWS, .cpu_level = GATE_LEVEL};
    config.windows[0] = (tw_window_spec){.count = 100, .ddof = 1};
    config.windows[1] = (tw_window_spec){.span_ns = 60 * TW_NS_PER_SECOND, .ddof = 1};
    require(tw_windows_new(NULL, &config, SYMBOLS, &windows) == TW_OK, "tw_windows_new");
    return windows;
}

static void run_windows(const trades *t) {
    static double columns[WINDOWS][COLUMNS][TRADES];
    tw_window_output outputs[WINDOWS] = {0};
    const tw_window_ticks ticks = {t->symbols, t->times_ns, t->prices, t->quantities, TRADES};
    for (size_t w = 0; w < WINDOWS; w++)
        for (size_t c = 0; c < COLUMNS; c++) {
            bool by_time = w == 1 && WANTED[c] == TW_WINDOW_EMA;
            outputs[w].columns[by_time ? TW_WINDOW_EMA_TIME : WANTED[c]] = columns[w][c];
        }
    tw_windows *windows = make_windows();
    GATE_RUN(window_push, TRADES, windows, t);
    tw_windows_free(windows);
    windows = make_windows();
    GATE_RUN(window_run, TRADES, windows, &ticks, outputs);
    tw_windows_free(windows);
}

/* ---- bars ----------------------------------------------------------------------------------- */

static void count_bar(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)bar;
    (void)detail;
    ++*(uint64_t *)context;
}

GATE_PATH(bars_push)(tw_bars *bars, const trades *t) {
    uint64_t made = 0;
    for (size_t i = 0; i < TRADES; i++) {
        const tw_trade trade = {.time_ns = t->times_ns[i],
                                .price = t->prices[i],
                                .quantity = t->quantities[i],
                                .symbol = t->symbols[i]};
        require(tw_bars_push(bars, &trade, count_bar, &made) == TW_OK, "tw_bars_push");
    }
    return made;
}

GATE_PATH(bars_run)(tw_bars *bars, const tw_bars_ticks *ticks, tw_bars_table *tables) {
    size_t taken = 0;
    require(tw_bars_run(bars, ticks, tables, NULL, &taken) == TW_OK, "tw_bars_run");
    return taken;
}

static tw_bars *make_bars(void) {
    tw_bars *bars = NULL;
    tw_bars_config config = {.frame_count = FRAMES, .symbol_count_max = SYMBOLS};
    for (uint32_t i = 0; i < FRAMES; i++)
        config.frames[i].step = FRAMES_NS[i];
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    return bars;
}

static void run_bars(const trades *t) {
    static int64_t words[FRAMES][8][ROOM];
    static tw_symbol symbols[FRAMES][ROOM];
    tw_bars_table tables[FRAMES];
    const tw_bars_ticks ticks = {t->symbols, t->times_ns, t->prices, t->quantities, TRADES};
    for (size_t i = 0; i < FRAMES; i++) {
        void *parts[8];
        for (size_t k = 0; k < 8; k++)
            parts[k] = words[i][k];
        tables[i] = (tw_bars_table){parts[0], symbols[i], parts[1], parts[2], parts[3], parts[4],
                                    parts[5], parts[6],   parts[7], ROOM,     0};
    }
    tw_bars *bars = make_bars();
    GATE_RUN(bars_push, TRADES, bars, t);
    tw_bars_free(bars);
    bars = make_bars();
    GATE_RUN(bars_run, TRADES, bars, &ticks, tables);
    tw_bars_free(bars);
}

void gate_series(void) {
    static trades t;
    make_trades(&t);
    run_windows(&t);
    run_bars(&t);
}
