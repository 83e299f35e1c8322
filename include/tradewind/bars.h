/*
 * bars.h - trades in, bars of every kind and every symbol out, in one pass.
 *
 *     tw_bars_config config = {.frames = {{.step = TW_NS_PER_SECOND}, {.step = TW_NS_PER_MINUTE},
 *                                         {.kind = TW_BARS_VOLUME, .step = 1000 * TW_NANO}},
 *                              .frame_count = 3, .symbol_count_max = 100};
 *     status = tw_bars_new(NULL, &config, &bars);
 *     status = tw_bars_push(bars, &trade, on_bar, context);  // for each trade
 *     tw_bars_advance(bars, now_ns, on_bar, context);        // from time to time
 *     tw_bars_flush(bars, on_bar, context);                  // at the end
 *
 * TIME FRAMES. A bar covers [start, end). Frames are aligned to the UTC epoch; seven days begin on
 * Monday. With a calendar (`zone`) one day is a local day of that zone, 23 or 25 hours long when
 * clocks change, and seven days are a local week from Monday; shorter frames stay with UTC. A
 * frame that is made of whole bars of a shorter one is rolled up from it, which gives the same bits
 * and costs nothing a trade. A bar is handed to the sink when it is complete: when a trade at or
 * after its end arrives, or time advances to its end.
 *
 * What moves what: within a bar trades are ordered by time, and those of one time as they came. The
 * open is the price of the first, the close that of the last. The vwap is exact: a sum of 128 bits,
 * rounded once to 1e-9, ties to even; 0 where there is no volume.
 *
 * OTHER KINDS (tw_bars_kind) end a bar by what was traded. A trade larger than what a bar of volume
 * or value has left is split over as many bars as it fills. They take trades in order of time: one
 * before the last is late. The end of a stream (tw_bars_flush) hands out what has begun, marked
 * TW_BARS_PARTIAL, but no part of a brick.
 *
 * REVISIONS. Without a horizon (the default) a late trade, one before the current bar of a frame,
 * is counted and left out of that frame; frames whose current bar it falls into take it. With
 * `horizon_ns` the trades of so long before the newest one of their symbol (or the time of
 * tw_bars_advance) are kept; a late, cancelled or corrected trade among them makes its symbol's
 * bars anew, and every bar that is another now is handed out again with its revision one higher. A
 * bar that is no more (its only trade was cancelled) comes once more with TW_BARS_WITHDRAWN and
 * nothing in it. Bars are known again by frame and time_ns of the bar's start; of kinds without a
 * clock by frame and sequence number, so that a late trade may revise all bars after it. Memory is
 * bounded: when `horizon_trade_max` trades of a symbol are kept, the oldest settles before its
 * time; when more than `horizon_bar_max` bars could still be revised, trades settle until they are
 * half as many. What has settled never changes; counts.squeezed tells how often. A trade before
 * what has settled is late: time frames whose bar has not settled yet take it, all others count it.
 *
 * CONDITIONS. With a table (`conditions`) the codes of a trade decide what it moves: open, high and
 * low, close, volume. Each bar tells what was kept out of it, how much of it, and why. A bar whose
 * trades moved no price stands at the close before it, marked TW_BARS_UNPRICED; without one before
 * it is not handed out (counts.unpriced).
 *
 * Memory: all at creation: 128 bytes for each pair of symbol and frame, 128 more for a kind without
 * a clock, 168 more with conditions or runs; with a horizon twice that, and for each symbol 40
 * bytes times horizon_trade_max and 256 times horizon_bar_max; for runs over tables 65 more for
 * each pair and the first part (run_part_max), 129 for each other. Cost: a trade of time frames
 * costs about one frame, however many there are; a new bar a few divisions. Other kinds add to each
 * trade. A horizon doubles it; a revision costs O(trades kept of the symbol). advance is O(1) while
 * no bar ends, else O(symbols x frames). A table (tw_bars_run) costs about two thirds of a trade at
 * a time and can be given threads. Threads: a tw_bars belongs to one thread at a time; tw_bars_run
 * hands parts to its runner.
 */
#ifndef TRADEWIND_BARS_H
#define TRADEWIND_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/market.h"
#include "tradewind/status.h"
#include "tradewind/task.h"
#include "tradewind/zone.h"

#define TW_BARS_FRAME_COUNT_MAX 16
#define TW_BARS_SYMBOL_COUNT_MAX (UINT32_C(1) << 24)
#define TW_BARS_SPLIT_COUNT_MAX 65536 /* bars that one trade may make of a frame */
#define TW_BARS_HORIZON_COUNT_MAX (UINT32_C(1) << 24)
#define TW_BARS_EMPTY_COUNT_MAX 1000000
#define TW_BARS_RUN_PART_COUNT_MAX 64

typedef struct tw_bars tw_bars;

/* What ends a bar. The signed kinds need the side of the aggressor; a trade without one belongs to
 * the bar and does not count towards its end, unless `tick_rule` gives it a side. */
typedef enum tw_bars_kind {
    TW_BARS_TIME = 0,           /* `step` nanoseconds */
    TW_BARS_TICK = 1,           /* `step` trades */
    TW_BARS_VOLUME = 2,         /* a quantity of `step` x 1e-9 */
    TW_BARS_VALUE = 3,          /* price x quantity of `step` x 1e-9 ("dollar bars") */
    TW_BARS_TICK_IMBALANCE = 4, /* bought less sold, either way, reaches `step` of the above */
    TW_BARS_VOLUME_IMBALANCE = 5,
    TW_BARS_VALUE_IMBALANCE = 6,
    TW_BARS_TICK_RUNS =
        7, /* `step` of one side in a row; a change of side begins the bar anew, and
            * what was in it is kept out (TW_BARS_REASON_RUN), as in nautilus_trader */
    TW_BARS_VOLUME_RUNS = 8,
    TW_BARS_VALUE_RUNS = 9,
    TW_BARS_RENKO = 10 /* the price has moved by a brick of `step` x 1e-9 */
} tw_bars_kind;

/* CLASSIC (as Stock.Indicators): a brick up stands on the upper edge of the last brick, one down
 * hangs from its lower edge, so that turning takes two; the first trade only says where the first
 * brick begins; bricks of one move share the volume evenly, the last has the rest of the division.
 * FROM_CLOSE (as nautilus_trader): a brick either way from the last close; the first trade belongs
 * to the first brick; each brick of one move shows the whole volume. */
typedef enum tw_bars_renko {
    TW_BARS_RENKO_CLASSIC = 0,
    TW_BARS_RENKO_FROM_CLOSE = 1
} tw_bars_renko;

/* High and low of a brick: of the trades since the last brick, widened to the brick itself (BODY);
 * of the trades alone, which may lie inside of the brick (TRADED); of the brick alone (NONE). */
typedef enum tw_bars_wicks {
    TW_BARS_WICKS_BODY = 0,
    TW_BARS_WICKS_TRADED = 1,
    TW_BARS_WICKS_NONE = 2
} tw_bars_wicks;

/*
 * One kind of bar and its step. All else may be zero.
 *
 * A span of bars makes the threshold of imbalance and runs adaptive (Lopez de Prado, Advances in
 * Financial Machine Learning, 2018, 2.3.2): `step` is the first one; after each bar it is E[trades
 * of a bar] x |E[bought - sold of a trade]|, or for runs E[trades] x the greater of E[bought] and
 * E[sold], held within [adaptive_min, adaptive_max]. E is an exponential mean with alpha
 * 2/(span+1) that begins with its first value; it is a double, the threshold made of it an integer.
 * What is compared is then the sum of each side since the bar began, not an unbroken run, and
 * trades are not split.
 */
typedef struct tw_bars_frame {
    int64_t step;             /* at least 1; time: at most 400 days */
    int64_t adaptive_min;     /* in the unit of step; at least 1 */
    int64_t adaptive_max;     /* at least adaptive_min */
    tw_quantity split_unit;   /* parts of a split trade are multiples; 0: 1e-9. A bar of value ends
                               * with the least part that reaches its step */
    tw_price renko_unit;      /* the first brick begins at the nearest multiple; 0: at the price */
    uint32_t adaptive_bars;   /* span of the mean over bars; 0: the threshold is fixed */
    uint32_t adaptive_trades; /* span of the means over trades; at least 1 */
    uint8_t kind;             /* tw_bars_kind */
    uint8_t renko;            /* tw_bars_renko */
    uint8_t wicks;            /* tw_bars_wicks */
    bool tick_rule;           /* no side: a higher price bought, a lower one sold, an equal one as
                               * the trade before */
} tw_bars_frame;

/* What a trade moves. */
#define TW_BARS_MOVES_OPEN UINT8_C(1)
#define TW_BARS_MOVES_HIGH_LOW UINT8_C(2)
#define TW_BARS_MOVES_CLOSE UINT8_C(4)
#define TW_BARS_MOVES_VOLUME UINT8_C(8) /* volume, value and count */
#define TW_BARS_MOVES_ALL UINT8_C(15)
#define TW_BARS_MOVES_RANGE (TW_BARS_MOVES_HIGH_LOW | TW_BARS_MOVES_VOLUME)

/* Why a trade did not move everything. */
typedef enum tw_bars_reason {
    TW_BARS_REASON_ODD_LOT = 0,
    TW_BARS_REASON_AVERAGE_PRICE = 1, /* average, prior reference, derivative, contingent */
    TW_BARS_REASON_SEQUENCE = 2,      /* reported late or out of sequence */
    TW_BARS_REASON_HOURS = 3,         /* outside of regular hours */
    TW_BARS_REASON_SETTLEMENT = 4,    /* cash, next day, seller's option */
    TW_BARS_REASON_OFFICIAL = 5,      /* an official price that is no trade */
    TW_BARS_REASON_OTHER = 6,
    TW_BARS_REASON_RUN = 7, /* of a run that was broken */
    TW_BARS_REASON_COUNT = 8
} tw_bars_reason;

/* What the codes in `conditions` of a trade let it move: of several codes what all of them let, for
 * the reason of the first that keeps something out. Codes are ASCII; others move everything. */
typedef struct tw_bars_conditions {
    uint8_t moves[128];   /* TW_BARS_MOVES_... */
    uint8_t reasons[128]; /* tw_bars_reason */
} tw_bars_conditions;

typedef struct tw_bars_config {
    tw_bars_frame frames[TW_BARS_FRAME_COUNT_MAX]; /* all different */
    uint32_t frame_count;                          /* 1 to 16 */
    uint32_t symbol_count_max;                     /* symbols are below it; at least 1 */
    const tw_zone *zone;      /* calendar of days and weeks, borrowed until free; NULL: UTC */
    int32_t day_open_seconds; /* of the zone's local clock, when its day begins; see tw_zone_day */
    uint32_t empty_count_max; /* bars of a time frame without a trade that are handed out, at most
                               * so many in a row, at the close before them, with volume and count
                               * 0; 0, the default: none. 1,000,000 at most */
    bool stamp_close;         /* time_ns is the end of a bar (other kinds: its last trade), not its
                               * start (first trade) */
    bool skip_partial; /* bars that began before the trade of their symbol that came first are left
                        * out, and so is what has only begun at the end; the default keeps them */
    bool has_conditions;
    tw_bars_conditions conditions;
    bool has_tape_c; /* trades of tape 'C' go by a table of their own, for streams of all tapes */
    tw_bars_conditions tape_c;
    int64_t horizon_ns;         /* how long trades can be corrected; 0: not at all */
    uint32_t horizon_trade_max; /* kept of each symbol; 1 to 16,777,216 */
    uint32_t horizon_bar_max;   /* of each symbol that can be revised; frame_count to 16,777,216 */
    uint32_t run_part_max; /* parts that tw_bars_run may cut a table into, for as many threads; 0,
                            * the default: it takes row after row and needs no memory of its own; 64
                            * at most */
    uint32_t run_row_min;  /* rows that are worth a part; 0: 65,536 */
} tw_bars_config;

/* Flags. PARTIAL: it began before its symbol's first trade, or has only begun. EMPTY_BAR: no trade.
 * UNPRICED: no trade that moves a price. WITHDRAWN: it is no more, revised to nothing. */
#define TW_BARS_PARTIAL UINT8_C(1)
#define TW_BARS_EMPTY_BAR UINT8_C(2)
#define TW_BARS_UNPRICED UINT8_C(4)
#define TW_BARS_WITHDRAWN UINT8_C(8)

typedef struct tw_bars_excluded {
    uint64_t count;
    tw_quantity volume;
} tw_bars_excluded;

/* What a tw_bar has no room for. */
typedef struct tw_bars_detail {
    int64_t start_ns;
    int64_t end_ns;    /* other kinds: of its last trade */
    uint64_t sequence; /* other kinds: 0, 1, 2 ... of the symbol and frame */
    uint32_t frame;    /* index in the configuration */
    uint8_t flags;     /* TW_BARS_... */
    uint8_t reserved[3];
    tw_quantity volume_left_out;                     /* not in the bar's volume */
    tw_bars_excluded excluded[TW_BARS_REASON_COUNT]; /* trades that did not move everything */
} tw_bars_detail;

/* Receives each bar; both are valid during the call. timeframe_ns is 0 for kinds without a clock.
 * It must not call the same tw_bars. */
typedef void (*tw_bars_sink)(void *context, const tw_bar *bar, const tw_bars_detail *detail);

typedef struct tw_bars_counts {
    uint64_t trades;                        /* taken by at least one frame */
    uint64_t bars[TW_BARS_FRAME_COUNT_MAX]; /* handed out, revisions among them */
    uint64_t revisions[TW_BARS_FRAME_COUNT_MAX];
    uint64_t late[TW_BARS_FRAME_COUNT_MAX];  /* trades left out for being late */
    uint64_t excluded[TW_BARS_REASON_COUNT]; /* trades that do not move everything */
    uint64_t partial;                        /* bars left out by skip_partial */
    uint64_t unpriced;                       /* bars left out because no price is known */
    uint64_t gaps;      /* stretches with more empty bars than empty_count_max, moves with more
                         * bricks than TW_BARS_SPLIT_COUNT_MAX */
    uint64_t cancelled; /* trades taken back */
    uint64_t corrected;
    uint64_t unknown;  /* cancels and corrections of trades that are not kept (any more) */
    uint64_t squeezed; /* trades that settled before their time: a bound was reached */
} tw_bars_counts;

/* Trades as columns. */
typedef struct tw_bars_ticks {
    const tw_symbol *symbols;
    const int64_t *times_ns;
    const tw_price *prices;
    const tw_quantity *quantities;
    size_t count;
} tw_bars_ticks;

/* Where the bars of one frame go, as columns: all of them the caller's, with room for `room` rows.
 * Rows are written from `count` on, which goes up. */
typedef struct tw_bars_table {
    int64_t *times_ns;
    tw_symbol *symbols;
    tw_price *opens;
    tw_price *highs;
    tw_price *lows;
    tw_price *closes;
    tw_price *vwaps;
    tw_quantity *volumes;
    uint64_t *counts;
    size_t room;
    size_t count;
} tw_bars_table;

TW_BEGIN_DECLS

/*
 * Makes a set without bars. TW_RANGE for a value outside of its bounds, TW_EXISTS for a frame named
 * twice, TW_NO_MEMORY. The caller frees it.
 */
TW_API tw_status tw_bars_new(const tw_allocator *allocator, const tw_bars_config *config,
                             tw_bars **ret_bars) TW_MUST_CHECK;
TW_API void tw_bars_free(tw_bars *bars);

/*
 * Takes one trade into all frames; bars that it completes go to `sink` first: time frames from the
 * shortest, then the other kinds as configured, then revisions.
 * TW_STATE: late for at least one frame, which counted it; the others took it.
 * TW_INVALID: price or quantity is not positive. TW_RANGE: unknown symbol, or a time within 800
 * days of the ends of int64_t (with a zone also before 1902). TW_OVERFLOW: the volume of a bar
 * (with a horizon: of it and all trades kept) would not fit. TW_LIMIT: a frame would make more than
 * TW_BARS_SPLIT_COUNT_MAX bars of it. Nothing has changed, and no bar was handed out, after these
 * four.
 */
TW_API tw_status tw_bars_push(tw_bars *bars, const tw_trade *trade, tw_bars_sink sink,
                              void *context) TW_MUST_CHECK;

/* The same for many; late trades are counted and do not stop it. Returns TW_OK, or the status of
 * the first one that was refused, whose index (else `count`) is written to `ret_taken`. */
TW_API tw_status tw_bars_push_many(tw_bars *bars, const tw_trade *trades, size_t count,
                                   tw_bars_sink sink, void *context,
                                   size_t *ret_taken) TW_MUST_CHECK;

/*
 * Takes a whole table: bit for bit as tw_bars_advance to the time of each row and tw_bars_push of
 * it, with the bars of each frame in its table, in the order of their ends and then of symbols.
 * Late trades are counted. Quick where rows come in order of time and frames are all rolled up from
 * one; calls should have thousands of rows, as each looks at every symbol at its begin and end.
 *
 * `tables` has one entry a frame, as configured, for each of max(1, run_part_max) parts: those of
 * the first part, then of the second ... Parts are worked on by `runner` (NULL: by the caller), and
 * their tables, one after the other, are what one part would have given; where parts end depends
 * on the rows alone. Beyond the rows that it gets, each table needs room for a bar of each symbol
 * (symbol_count_max), or for two where there are more parts than one.
 *
 * Rows before `ret_taken` are in. TW_FULL: no room for the bars that the next row may complete.
 * TW_INVALID, TW_RANGE, TW_OVERFLOW: of the next row, as tw_bars_push. TW_UNSUPPORTED: there is a
 * frame of another kind, a horizon, or empty bars, and nothing was taken.
 */
TW_API tw_status tw_bars_run(tw_bars *bars, const tw_bars_ticks *ticks, tw_bars_table *tables,
                             const tw_task_runner *runner, size_t *ret_taken) TW_MUST_CHECK;

/* A sink: `context` is an array of tables, one a frame, with room. For tw_bars_flush after a run;
 * what the detail says is not kept. */
TW_API void tw_bars_table_put(void *context, const tw_bar *bar, const tw_bars_detail *detail);

/*
 * Takes a finished bar as if it were a trade with an open, a high and a low, at the time of its
 * start: for bars out of bars. It has no side; its value is volume x vwap, or x the mean of high,
 * low and close where it has no vwap, rounded to `price_unit` (0: 1e-9). Without volume it is
 * TW_INVALID. Otherwise as tw_bars_push; TW_UNSUPPORTED with a horizon.
 */
TW_API tw_status tw_bars_push_bar(tw_bars *bars, const tw_bar *bar, tw_price price_unit,
                                  tw_bars_sink sink, void *context) TW_MUST_CHECK;

/*
 * Takes back a trade by its id (not 0) and revises what it was in. TW_NOT_FOUND: no trade with that
 * id is kept of the symbol; it is counted (`unknown`) and nothing changes. TW_RANGE: unknown
 * symbol.
 */
TW_API tw_status tw_bars_cancel(tw_bars *bars, tw_symbol symbol, uint64_t id, tw_bars_sink sink,
                                void *context) TW_MUST_CHECK;

/*
 * Puts `trade` in the place of the one with `id` of the same symbol; with the same time it keeps
 * its turn. TW_NOT_FOUND as above; statuses of tw_bars_push, of which TW_STATE means that the new
 * time is before what has settled: nothing has changed.
 */
TW_API tw_status tw_bars_correct(tw_bars *bars, uint64_t id, const tw_trade *trade,
                                 tw_bars_sink sink, void *context) TW_MUST_CHECK;

/* Completes each bar of a time frame whose end is at or before `now_ns`, by symbol, then from the
 * shortest frame. Returns how many were handed out. A time before an earlier one does nothing. */
TW_API size_t tw_bars_advance(tw_bars *bars, int64_t now_ns, tw_bars_sink sink, void *context);

/* Completes every bar as it is, for the end of a stream, in the same order, and settles all.
 * Returns how many. Trades that come later for the same bars are late. */
TW_API size_t tw_bars_flush(tw_bars *bars, tw_bars_sink sink, void *context);

/* The bar in progress. TW_EMPTY when there is none; TW_RANGE for an unknown symbol or index. */
TW_API tw_status tw_bars_current(const tw_bars *bars, tw_symbol symbol, uint32_t frame,
                                 tw_bar *ret_bar) TW_MUST_CHECK;

TW_API void tw_bars_count(const tw_bars *bars, tw_bars_counts *ret_counts);

/* The start of the bar of `timeframe_ns` (> 0) that `time_ns` falls into, in UTC. Times below the
 * first whole bar of int64_t are a programmer error. */
TW_API int64_t tw_bars_start(int64_t time_ns, int64_t timeframe_ns);

/*
 * The rules of the consolidated tapes of US stocks: what each sale condition of the CTA plan (CTS)
 * and the UTP plan (UTDF) lets a trade move. Source: the plans' processing guidelines for
 * consolidated last, high/low and volume (CTS Pillar Output Specification, appendix on sale
 * conditions; UTP Data Feed Services Specification, sale condition matrix), where they agree; where
 * they do not, `tape` 'A' and 'B' take CTA's and 'C' UTP's. A condition that moves the last price
 * only if it is the first or only trade moves the close of a bar here only if nothing else does.
 */
TW_API void tw_bars_conditions_consolidated(char tape, tw_bars_conditions *ret_conditions);

/* "tick", "volume_imbalance" ...; never NULL. */
TW_API const char *tw_bars_kind_name(tw_bars_kind kind);

/* Wilder's average true range of the last of `count` bars, for bricks: the first is the plain mean
 * of `period` ranges, which begin with the second bar. TW_EMPTY: fewer than period + 1 bars. */
TW_API tw_status tw_bars_average_range(const tw_bar *bars, size_t count, size_t period,
                                       tw_price *ret_range) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_bars, tw_bars_free)

#endif
