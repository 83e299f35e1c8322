/*
 * job_multi_timeframe.c - bars of several timeframes from one stream of trades: a pass with a
 * dictionary of bars for each timeframe, and one pass for all of them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/bars.h"
#include "tradewind/map.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum { TRADES = 400000, SYMBOLS = 50, ROOM = TRADES + SYMBOLS, FRAMES_MAX = 8, LIST_SIZE = 256 };

static const int64_t FRAMES_NS[FRAMES_MAX] = {
    TW_NS_PER_SECOND, TW_NS_PER_MINUTE,     5 * TW_NS_PER_MINUTE,  TW_NS_PER_HOUR,
    TW_NS_PER_DAY,    5 * TW_NS_PER_SECOND, 15 * TW_NS_PER_MINUTE, 4 * TW_NS_PER_HOUR};

/* 2024-01-02T14:30:00Z, the opening in New York. */
static const int64_t OPENING_NS = INT64_C(1704205800) * TW_NS_PER_SECOND;

typedef struct naive_bar {
    int64_t start_ns;
    uint32_t symbol;
    uint32_t count;
    double open;
    double high;
    double low;
    double close;
    double volume;
    double notional;
} naive_bar;

/* The bars of a timeframe as columns. */
typedef struct bar_rows {
    int64_t times_ns[ROOM];
    tw_symbol symbols[ROOM];
    tw_price opens[ROOM];
    tw_price highs[ROOM];
    tw_price lows[ROOM];
    tw_price closes[ROOM];
    tw_price vwaps[ROOM];
    tw_quantity volumes[ROOM];
    uint64_t counts[ROOM];
} bar_rows;

typedef struct tape {
    int64_t times_ns[TRADES];
    tw_symbol symbols[TRADES];
    tw_price prices[TRADES];
    tw_quantity quantities[TRADES];
    double floats[2][TRADES]; /* the same prices and quantities */
    uint32_t frame_count;
    const char *folder;
    proof_peer *pandas;
    naive_bar *naive[FRAMES_MAX]; /* [ROOM] each, made when they are first needed */
    size_t naive_counts[FRAMES_MAX];
    bar_rows *rows[FRAMES_MAX];
    uint64_t read; /* of the limit, so that it is not left out */
} tape;

static void dispose(void *state) {
    tape *t = state;
    if (t == NULL)
        return;
    proof_peer_stop(t->pandas);
    for (uint32_t i = 0; i < FRAMES_MAX; i++) {
        TW_DELETE(tw_allocator_system(), t->naive[i], ROOM, naive_bar);
        TW_DELETE(tw_allocator_system(), t->rows[i], 1, bar_rows);
    }
    TW_DELETE(tw_allocator_system(), t, 1, tape);
}

/* Walks in cents, the first symbols busier than the last; some 210 trades a second. */
static void make_trades(tape *t) {
    tw_random random;
    int64_t cents[SYMBOLS];
    int64_t time_ns = OPENING_NS;
    tw_random_init(&random, 30, 1);
    for (int64_t i = 0; i < SYMBOLS; i++)
        cents[i] = 10000 + 500 * i;
    for (size_t i = 0; i < TRADES; i++) {
        uint64_t a = tw_random_below(&random, SYMBOLS);
        uint64_t b = tw_random_below(&random, SYMBOLS);
        uint64_t symbol = a < b ? a : b;
        time_ns += (int64_t)tw_random_below(&random, 9500000);
        cents[symbol] += (int64_t)tw_random_below(&random, 5) - 2;
        t->times_ns[i] = time_ns;
        t->symbols[i] = (tw_symbol)symbol;
        t->prices[i].nano = cents[symbol] * (TW_NANO / 100);
        t->quantities[i].nano = (int64_t)(1 + tw_random_below(&random, 500)) * TW_NANO;
        t->floats[0][i] = (double)cents[symbol] / 100;
        t->floats[1][i] = (double)t->quantities[i].nano / TW_NANO;
    }
}

static tw_status no_memory(tw_error *error) {
    return tw_error_set(error, TW_NO_MEMORY, "there is no memory for trades and bars");
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    tape *t = TW_NEW(tw_allocator_system(), 1, tape);
    if (t == NULL)
        return no_memory(error);
    *ret_state = t;
    t->folder = point->folder;
    t->frame_count = (uint32_t)point->at[0];
    TW_ASSERT(t->frame_count <= FRAMES_MAX);
    make_trades(t);
    for (uint32_t i = 0; i < t->frame_count; i++) {
        t->naive[i] = TW_NEW(tw_allocator_system(), ROOM, naive_bar);
        t->rows[i] = TW_NEW(tw_allocator_system(), 1, bar_rows);
        if (t->naive[i] == NULL || t->rows[i] == NULL)
            return no_memory(error);
    }
    return TW_OK;
}

/* ---- the naive way --------------------------------------------------------------------------- */

static void join(naive_bar *bar, double price, double size) {
    bar->high = price > bar->high ? price : bar->high;
    bar->low = price < bar->low ? price : bar->low;
    bar->close = price;
    bar->volume += size;
    bar->notional += price * size;
    bar->count++;
}

/* The bar of a symbol and a bucket of time is looked for in a dictionary, and made if it is new. */
static tw_status pass(tape *t, uint32_t frame, uint64_t count, tw_map *places) {
    size_t bars = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bucket = (uint64_t)(t->times_ns[i] / FRAMES_NS[frame]);
        uint64_t key = bucket << 8 | t->symbols[i];
        uint64_t place = 0;
        double price = t->floats[0][i];
        if (!tw_map_get(places, key, &place)) {
            place = bars++;
            t->naive[frame][place] = (naive_bar){.start_ns = (int64_t)bucket * FRAMES_NS[frame],
                                                 .symbol = t->symbols[i],
                                                 .open = price,
                                                 .high = price,
                                                 .low = price};
            tw_status status = tw_map_put(places, key, place);
            if (status != TW_OK)
                return status;
        }
        join(&t->naive[frame][place], price, t->floats[1][i]);
    }
    t->naive_counts[frame] = bars;
    return TW_OK;
}

static double sum_naive(const naive_bar *bars, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const naive_bar *bar = &bars[i];
        sum += bar->open + 2 * bar->high + 3 * bar->low + 4 * bar->close;
        sum += bar->notional / bar->volume + bar->volume + bar->count;
        sum += (double)(bar->start_ns / TW_NS_PER_SECOND % 100000);
    }
    return sum;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    tape *t = state;
    tw_status status = TW_OK;
    tw_map_config config = {.entry_initial = 1024, .entry_max = ROOM};
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint32_t i = 0; i < t->frame_count && status == TW_OK; i++) {
        tw_map *places = NULL;
        status = tw_map_new(NULL, &config, &places);
        if (status == TW_OK)
            status = pass(t, i, run->units, places);
        tw_map_free(places);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    if (status != TW_OK)
        return no_memory(error);
    for (uint32_t i = 0; i < t->frame_count; i++)
        run->checksum += sum_naive(t->naive[i], t->naive_counts[i]);
    return TW_OK;
}

/* ---- ours ------------------------------------------------------------------------------------ */

static double sum_rows(const bar_rows *rows, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t prices = rows->opens[i].nano + 2 * rows->highs[i].nano + 3 * rows->lows[i].nano +
                         4 * rows->closes[i].nano + rows->vwaps[i].nano;
        sum += (double)prices / TW_NANO + (double)rows->volumes[i].nano / TW_NANO;
        sum += (double)rows->counts[i] + (double)(rows->times_ns[i] / TW_NS_PER_SECOND % 100000);
    }
    return sum;
}

static tw_bars_table table_of(bar_rows *rows) {
    return (tw_bars_table){.times_ns = rows->times_ns,
                           .symbols = rows->symbols,
                           .opens = rows->opens,
                           .highs = rows->highs,
                           .lows = rows->lows,
                           .closes = rows->closes,
                           .vwaps = rows->vwaps,
                           .volumes = rows->volumes,
                           .counts = rows->counts,
                           .room = ROOM};
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    tape *t = state;
    tw_bars *bars = NULL;
    tw_bars_config config = {
        .frame_count = t->frame_count, .symbol_count_max = SYMBOLS, .run_part_max = 1};
    tw_bars_table tables[FRAMES_MAX] = {{0}};
    tw_bars_ticks ticks = {t->symbols, t->times_ns, t->prices, t->quantities, run->units};
    for (uint32_t i = 0; i < t->frame_count; i++) {
        config.frames[i].step = FRAMES_NS[i];
        tables[i] = table_of(t->rows[i]);
    }
    size_t taken = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    tw_status status = tw_bars_new(NULL, &config, &bars);
    if (status == TW_OK)
        status = tw_bars_run(bars, &ticks, tables, NULL, &taken);
    if (status == TW_OK)
        tw_bars_flush(bars, tw_bars_table_put, tables);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    tw_bars_free(bars);
    if (status != TW_OK)
        return tw_error_set(error, status, "trade %zu is not taken", taken);
    for (uint32_t i = 0; i < t->frame_count; i++)
        run->checksum += sum_rows(t->rows[i], tables[i].count);
    return TW_OK;
}

/* ---- the peer and the limit ------------------------------------------------------------------ */

static tw_status write_columns(const tape *t, tw_error *error) {
    const struct {
        const char *name;
        const void *bytes;
        size_t size;
    } files[] = {{"times.i64", t->times_ns, sizeof t->times_ns},
                 {"symbols.u32", t->symbols, sizeof t->symbols},
                 {"prices.f64", t->floats[0], sizeof t->floats[0]},
                 {"sizes.f64", t->floats[1], sizeof t->floats[1]}};
    tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == TW_OK; i++)
        status = proof_file_write(t->folder, files[i].name, files[i].bytes, files[i].size, error);
    return status;
}

static tw_status start_pandas(tape *t, tw_error *error) {
    char list[LIST_SIZE] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < t->frame_count; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%" PRId64,
                                   i > 0 ? "," : "", FRAMES_NS[i]);
    const char *const arguments[] = {t->folder, list, NULL};
    tw_status status = write_columns(t, error);
    return status == TW_OK ? proof_peer_python(peer_bars, arguments, &t->pandas, error) : status;
}

static tw_status run_pandas(void *state, proof_run *run, tw_error *error) {
    tape *t = state;
    tw_status status = t->pandas == NULL ? start_pandas(t, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(t->pandas, run, error) : status;
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    tape *t = state;
    uint64_t all = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++)
        all +=
            (uint64_t)(t->times_ns[i] ^ t->prices[i].nano ^ t->quantities[i].nano) ^ t->symbols[i];
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    t->read += all;
    run->checksum = (double)(t->read % 2);
    return TW_OK;
}

const proof_job proof_multi_timeframe = {
    .name = "multi-timeframe",
    .part = "MarketDataAggregator",
    .title = "Bars of every timeframe in one pass against one pass each",
    .unit = "trade",
    .story =
        "Bars of one second, minute, five minutes, hour and day of fifty symbols. The naive way "
        "goes through all trades once for each timeframe and looks for each trade's bar in a "
        "dictionary. Ours goes through them once: a trade meets the shortest bar of its symbol "
        "alone, and a bar that is complete is added to the longer ones.",
    .limit = "reading four columns once",
    .claimed_min = 5,
    .claimed_max = 20,
    .tolerance = 1e-9,
    .check_units = 20000,
    .axes = {{"timeframes", {1, 2, 3, 5, 8}, 5, 3}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"a pass each", PROOF_NAIVE, "a dictionary of bars, and a pass for each timeframe",
              run_naive, .units_most = TRADES},
             {"tradewind", PROOF_OURS, "tw_bars_run", run_ours, .units_most = TRADES},
             {"pandas", PROOF_PEER, "groupby of symbol and bucket, once for each timeframe",
              run_pandas, .units_most = TRADES},
             {"read the columns", PROOF_LIMIT, "every trade is read once", run_limit,
              .incomparable = true, .units_most = TRADES}},
};
