/*
 * bars_priv.h - what the files of core/bars share.
 *
 * Of each symbol there is one block of plain memory, its state: a header, a slot for each frame in
 * the order of work (time frames from the shortest, then the others), and where they are needed an
 * exclusion record a frame and a measure for each frame without a clock. A state has no pointers,
 * so that a copy of it is a state: that is what the revisions are made with (bars_history.c).
 *
 * Invariants of a slot:
 * 1. [start_ns, end_ns) is the window of a time frame's current bar. Where none is open both are
 *    the end of the last one, or INT64_MIN: so `time >= end_ns` always means a new window, and
 *    `time < start_ns` late.
 * 2. The window of a frame contains the window of the frame it is rolled up from, as long as that
 *    one is open and both took its trades.
 * 3. What a slot holds and what its source holds are different trades; the bar is both together.
 * 4. high < low: no price has moved. open_ns is INT64_MAX, close_ns INT64_MIN: nothing moved those.
 * 5. value <= high x volume < 2^126, because volume fits int64_t: no sum of 128 bits overflows.
 */
#ifndef TRADEWIND_BARS_PRIV_H
#define TRADEWIND_BARS_PRIV_H

#include "tradewind/bars.h"
#include "tradewind/time.h"

__extension__ typedef unsigned __int128 bar_wide;
__extension__ typedef __int128 bar_signed;

#define TIMEFRAME_NS_MAX (400 * TW_NS_PER_DAY)
#define WEEK_NS (7 * TW_NS_PER_DAY)
#define FRAME_NONE UINT32_MAX

typedef struct bar_slot {
    bar_wide value; /* sum of price x quantity at 1e-18 */
    int64_t end_ns;
    int64_t close_ns;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t volume;
    uint64_t count; /* the second line begins here */
    int64_t start_ns;
    int64_t open_ns;
    int64_t open;
    int64_t previous_close; /* of the bar before; 0: there is none */
    uint64_t sequence;      /* bars made so far */
    uint64_t empty_run;     /* empty bars since the last real one */
    uint64_t is_uneven; /* of the first time frame: some frame was too late for its last trade */
} bar_slot;

_Static_assert(sizeof(bar_slot) == 128, "two lines of the cache");

/* What was kept out of a bar, and prices that count where nothing better came. */
typedef struct bar_extra {
    int64_t weak_open_ns; /* INT64_MAX: none */
    int64_t weak_open;
    int64_t weak_close_ns; /* INT64_MIN: none */
    int64_t weak_close;
    int64_t volume_left_out;
    uint64_t counts[TW_BARS_REASON_COUNT];
    int64_t volumes[TW_BARS_REASON_COUNT];
} bar_extra;

/* How far a kind without a clock has come. */
typedef struct bar_measure {
    bar_signed bought; /* all of it for unsigned kinds; the run for runs; bought - sold for fixed
                        * imbalance */
    bar_signed sold;   /* adaptive kinds only */
    bar_signed threshold;
    double expected_bought; /* of a trade */
    double expected_sold;
    double expected_count; /* of trades of a bar that have a side */
    uint64_t sided_count;  /* in this bar */
    int64_t last_ns;       /* of the last trade; INT64_MIN: none yet */
    int64_t last_price;    /* for the tick rule; 0: none yet */
    int64_t edge_low;      /* of the last brick */
    int64_t edge_high;
    uint8_t last_side;
    uint8_t run_side;
    bool has_trades; /* the means over trades have begun */
    bool has_bars;
    bool has_edges;
    uint8_t reserved[11];
} bar_measure;

/* The head of a state. */
typedef struct bar_state {
    int64_t volume_room; /* a trade of so much cannot make any bar overflow */
    int64_t begin_ns;    /* time of the trade that came first; INT64_MAX: none yet */
    tw_symbol symbol;
    uint32_t reserved[11];
} bar_state;

_Static_assert(sizeof(bar_state) == 64, "one line of the cache");

/* A trade, or a bar that is taken as one. */
typedef struct bar_feed {
    bar_wide value;
    int64_t time_ns;
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t price; /* that its value is made of */
    int64_t volume;
    uint64_t count;
    uint8_t side;
    uint8_t moves;
    uint8_t reason;
} bar_feed;

/* A frame in the order of work. */
typedef struct frame_plan {
    tw_bars_frame frame;
    uint32_t index;   /* in the configuration */
    uint32_t source;  /* the frame it is rolled up from, or FRAME_NONE */
    uint32_t measure; /* which bar_measure; FRAME_NONE for time */
    uint32_t fed;     /* mask of the frames that are rolled up from it */
    bool is_local;    /* days or weeks of the zone */
} frame_plan;

typedef struct bar_history bar_history;

typedef struct bar_line {
    _Alignas(64) unsigned char bytes[64];
} bar_line;

struct tw_bars {
    tw_allocator allocator;
    tw_bars_config config;
    frame_plan plans[TW_BARS_FRAME_COUNT_MAX];
    uint32_t time_count; /* plans[0] to [time_count - 1] are time frames */
    uint32_t frame_count;
    uint32_t root_mask; /* time frames that take trades themselves */
    bool has_extras;
    bool is_plain; /* one root, no other kinds, conditions, horizon or empty bars: the short way */
    size_t state_size;   /* of a symbol, in lines */
    size_t extra_offset; /* bytes from the begin of a state */
    size_t measure_offset;
    bar_line *states;
    size_t line_count;
    tw_symbol ready_count; /* states of the symbols below it are set up: memory that no symbol needs
                            * is never touched */
    int64_t next_end_ns;   /* not after the end of any open window, or of the next empty bar */
    tw_bars_counts counts;
    tw_bars_counts ignored;   /* what a settled state would count once more */
    tw_bars_counts *counting; /* one of the two */
    tw_bars_detail detail;    /* what does not change between bars stays zero */
    tw_bar bar;               /* what time_next hands out */
    bar_history *history;
    struct run_part *parts; /* of runs over tables; NULL: none was asked for */
};

/* Where bars go. */
typedef struct bar_target {
    tw_bars_sink sink;
    void *context;
} bar_target;

static inline bar_state *state_of(const tw_bars *bars, tw_symbol symbol) {
    return (bar_state *)(void *)&bars->states[(size_t)symbol * bars->state_size];
}

/* The plan of a frame of the configuration. */
static inline uint32_t plan_of(const tw_bars *bars, uint32_t index) {
    uint32_t at = 0;
    while (bars->plans[at].index != index)
        at++;
    return at;
}

/* The bits of all frames. */
static inline uint32_t frames_all(const tw_bars *bars) {
    return (UINT32_C(1) << bars->frame_count) - 1;
}

static inline bar_slot *slot_of(bar_state *state, uint32_t frame) {
    return (bar_slot *)(void *)((unsigned char *)state + sizeof(bar_state)) + frame;
}

static inline bar_extra *extra_of(const tw_bars *bars, bar_state *state, uint32_t frame) {
    if (!bars->has_extras)
        return NULL;
    return (bar_extra *)(void *)((unsigned char *)state + bars->extra_offset) + frame;
}

static inline bar_measure *measure_of(const tw_bars *bars, bar_state *state, uint32_t frame) {
    return (bar_measure *)(void *)((unsigned char *)state + bars->measure_offset) +
           bars->plans[frame].measure;
}

static inline bool slot_is_priced(const bar_slot *slot) {
    return slot->high >= slot->low;
}

/* bars_slot.c */
void slot_clear(bar_slot *slot, bar_extra *extra);

/* And of no time. */
void slot_reset(bar_slot *slot, bar_extra *extra);

/* What the bar left out, as the caller is told. */
void slot_detail(const bar_extra *extra, tw_bars_detail *detail);
void slot_add(bar_slot *slot, bar_extra *extra, const bar_feed *feed);
void slot_merge(bar_slot *slot, bar_extra *extra, const bar_slot *from,
                const bar_extra *from_extra);

/* A quotient that is known to fit 64 bits: one instruction where the processor has it, instead of a
 * call that must allow for any. */
static inline uint64_t wide_divide(bar_wide value, uint64_t by, uint64_t *ret_rest) {
#if defined(__x86_64__)
    uint64_t quotient = (uint64_t)value;
    uint64_t rest = (uint64_t)(value >> 64);
    TW_ASSERT(rest < by);
    __asm__("divq %2" : "+a"(quotient), "+d"(rest) : "r"(by) : "cc");
    *ret_rest = rest;
    return quotient;
#else
    uint64_t quotient = (uint64_t)(value / by);
    *ret_rest = (uint64_t)value - quotient * by;
    return quotient;
#endif
}

/* To nearest, ties to even: price x quantity at 1e-18 over quantity at 1e-9, which is not 0. The
 * quotient is at most the high. */
static inline int64_t mean_price_of(bar_wide value, int64_t of_volume) {
    uint64_t volume = (uint64_t)of_volume;
    uint64_t rest;
    uint64_t quotient = wide_divide(value, volume, &rest);
    uint64_t above = volume - rest;                                  /* at least 1 */
    quotient += (rest > above) | ((rest == above) & (quotient & 1)); /* all rounding, no branch */
    return (int64_t)quotient;
}

static inline int64_t slot_vwap(const bar_slot *slot) {
    return slot->volume == 0 ? 0 : mean_price_of(slot->value, slot->volume);
}

/* Makes the bar of a slot. False where no price is known. */
bool slot_bar(const tw_bars *bars, uint32_t frame, const bar_slot *slot, const bar_extra *extra,
              tw_bar *ret_bar);

/* Hands a slot's bar out and keeps its close; the slot's trades stay. Returns how many bars. */
size_t slot_emit(tw_bars *bars, bar_state *state, uint32_t frame, uint8_t flags,
                 const bar_target *target);

/* Hands out a bar that is made already. */
void bar_hand_out(tw_bars *bars, uint32_t frame, tw_bar *bar, tw_bars_detail *detail,
                  const bar_target *target);

/* bars_time.c */
void time_window(const tw_bars *bars, uint32_t frame, int64_t time_ns, int64_t *ret_start_ns,
                 int64_t *ret_end_ns);
/* Takes a trade into all time frames. Returns the mask of those it was too late for. Bars that end
 * at or before `settled_ns` are over for it, open or not. */
uint32_t time_take(tw_bars *bars, bar_state *state, const bar_feed *feed, int64_t settled_ns,
                   const bar_target *target);
/* Closes what ends at or before now_ns; returns how many bars were handed out, and lowers
 * ret_next_ns to the next end. */
size_t time_advance(tw_bars *bars, bar_state *state, int64_t now_ns, int64_t *ret_next_ns,
                    const bar_target *target);
/* The first trade after the bar of the only root, which the rest is rolled up from: what time_take
 * does, for sets that are plain. */
void time_next(tw_bars *bars, bar_state *state, const tw_trade *trade, const bar_target *target);
/* OPEN to NONE (bars_time.c): hands the bar out and rolls it up. Returns how many bars. */
size_t time_close(tw_bars *bars, bar_state *state, uint32_t frame, const bar_target *target);
size_t time_flush(tw_bars *bars, bar_state *state, const bar_target *target);
void time_roll_up(const tw_bars *bars, bar_state *state, uint32_t frame);
static inline bool slot_is_open(const bar_slot *slot) {
    return slot->start_ns < slot->end_ns;
}
/* A time frame's slot together with what waits in its sources. */
void time_current(const tw_bars *bars, bar_state *state, uint32_t frame, bar_slot *ret_slot,
                  bar_extra *ret_extra);

/* bars_measure.c */
void measure_clear(const tw_bars *bars, bar_measure *measure, uint32_t frame);
/* False: the trade is late for the frame. */
bool measure_take(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                  const bar_target *target);
size_t measure_flush(tw_bars *bars, bar_state *state, uint32_t frame, const bar_target *target);
bool measure_would_flood(const tw_bars_frame *frame, const bar_feed *feed);

/* bars_renko.c */
void renko_take(tw_bars *bars, bar_state *state, uint32_t frame, const bar_feed *feed,
                const bar_target *target);

/* bars_plan.c */
tw_status plan_check(const tw_bars_config *config);
void plan_make(tw_bars *bars);
void plan_lay_out(tw_bars *bars);
void state_clear(const tw_bars *bars, bar_state *state, tw_symbol symbol);

/* bars.c */
/* All frames of one state; returns the mask (by order of work) of those it was too late for. */
uint32_t state_take(tw_bars *bars, bar_state *state, const bar_feed *feed, int64_t settled_ns,
                    const bar_target *target);
size_t state_flush(tw_bars *bars, bar_state *state, const bar_target *target);
/* Whether a trade of `volume` at `time_ns` fits every bar; finds the room anew where it must. */
bool state_has_room(const tw_bars *bars, bar_state *state, int64_t time_ns, int64_t volume);

/* Counts a trade by the frames in which it was late. TW_STATE if there is one. */
tw_status bars_count_taken(tw_bars *bars, uint32_t late);

/* Sets the states of symbols up to this one up. */
void bars_make_ready(tw_bars *bars, tw_symbol symbol);

/* What tw_bars_push would refuse whatever is held. */
tw_status bars_check_trade(const tw_bars *bars, const tw_trade *trade);

/* bars_run.c */
tw_status run_new(tw_bars *bars);
void run_free(tw_bars *bars);

/* bars_history.c */
tw_status history_new(tw_bars *bars);
void history_make_ready(tw_bars *bars, tw_symbol symbol);
void history_free(tw_bars *bars);
tw_status history_push(tw_bars *bars, const tw_trade *trade, const bar_feed *feed,
                       const bar_target *target);
tw_status history_cancel(tw_bars *bars, tw_symbol symbol, uint64_t id, const bar_target *target);
tw_status history_correct(tw_bars *bars, uint64_t id, const tw_trade *trade, const bar_feed *feed,
                          const bar_target *target);
size_t history_advance(tw_bars *bars, int64_t now_ns, const bar_target *target);
size_t history_flush(tw_bars *bars, const bar_target *target);

#endif
