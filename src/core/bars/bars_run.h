/*
 * bars_run.h - what the files of a run over a table share.
 *
 * A part is a stretch of the table's rows with sums of its own, so that several parts can be worked
 * on at once. Its sums are of rows of this call; what the states of the symbols (bars_priv.h) hold
 * is of earlier trades. Rows are numbered from `base` of the call.
 *
 * Invariants:
 * 1. starts_ns[f] <= time of the row at hand < ends_ns[f]: as rows come in order of time, one
 *    window of a frame is open for all symbols. Before the first row both are INT64_MIN.
 * 2. A slot that has trades is marked in `touched`, and so is one whose symbol's state has an open
 *    bar of the frame.
 * 3. RUN_CARRIED is the end_ns of a slot of the first part until it has closed a bar: older trades
 *    of the same window may wait in the symbol's state. Later on the state has none.
 * 4. Bars of the other parts whose window begins before seam_ns are not handed out: `heads` keeps
 *    them until the part before is known. They have been rolled up all the same.
 */
#ifndef TRADEWIND_BARS_RUN_H
#define TRADEWIND_BARS_RUN_H

#include "bars_priv.h"

enum {
    RUN_BLOCK = 64,  /* rows that are checked together */
    RUN_AHEAD = 512, /* rows from one that is worked on to one that is asked for */
    RUN_LIST = 4096  /* symbols whose bars are closed together */
};

#define RUN_CARRIED INT64_MIN
#define RUN_NONE (INT64_MIN + 1) /* end_ns where no bar was closed and nothing is carried */

/* A bar in the making, as places of the table: open and close are prices of rows. */
typedef struct run_slot {
    bar_wide value;
    int64_t high;
    int64_t low;
    int64_t volume;
    uint64_t count;
    uint32_t first; /* row; UINT32_MAX: none */
    uint32_t last;
    int64_t end_ns; /* of the last bar that was closed */
} run_slot;

_Static_assert(sizeof(run_slot) == 64, "one line of the cache");

typedef struct run_part {
    tw_bars *bars; /* the first part may change it, others read its plans */
    const tw_bars_ticks *ticks;
    tw_bars_table *tables; /* by frame of the configuration */
    size_t base;
    size_t begin;
    size_t end;
    size_t taken; /* rows before it are in */
    bool is_first;
    bool is_last;          /* no part follows whose heads need room in its tables */
    tw_symbol ready_count; /* symbols below it have slots */
    int64_t newest_ns;     /* of the rows so far, or of what was before */
    int64_t seam_ns;       /* INT64_MIN for the first part */
    uint64_t held;         /* no bar has more volume */
    int64_t starts_ns[TW_BARS_FRAME_COUNT_MAX]; /* these by plan */
    int64_t ends_ns[TW_BARS_FRAME_COUNT_MAX];
    int64_t head_starts_ns[TW_BARS_FRAME_COUNT_MAX];
    int64_t head_ends_ns[TW_BARS_FRAME_COUNT_MAX]; /* INT64_MIN: no head was closed */
    size_t table_counts[TW_BARS_FRAME_COUNT_MAX];  /* of the tables before it began */
    uint64_t made[TW_BARS_FRAME_COUNT_MAX];        /* bars handed out */
    run_slot *slots[TW_BARS_FRAME_COUNT_MAX];      /* [symbol_count_max] */
    run_slot *heads[TW_BARS_FRAME_COUNT_MAX];      /* NULL: the first part. heads[0]: the first bar
                                                    * of each symbol */
    unsigned char *touched[TW_BARS_FRAME_COUNT_MAX];
} run_part;

/* bars_part.c */
/* Sets the slots of symbols up to this one up. */
void part_make_ready(run_part *part, tw_symbol symbol);
/* Takes rows from `begin` on until `end`, a block that is not plain, or a table without room. */
void part_take(run_part *part);
/* A slot as one of a state; its window is the part's. */
bar_slot part_slot(const run_part *part, uint32_t frame, const run_slot *from);
/* Without trades, as after part_make_ready. */
void part_clear_slot(const run_part *part, run_slot *slot);

/* bars_join.c */
/* Before a part takes rows: for any, and more for the first and for others. */
void join_begin(run_part *part, const tw_bars_ticks *ticks, tw_bars_table *tables);
/* Time has been advanced to that of its first row. False: the states are not those of a part, and
 * rows have to be taken one by one. */
bool join_begin_first(run_part *part, int64_t time_ns);
void join_begin_other(run_part *part, int64_t time_ns);
/* Closes a bar of the first part that may have begun before this call, and leaves its slot as it
 * is. */
void join_close_carried(run_part *part, uint32_t frame, tw_symbol symbol);
/* Puts what the first part has of open bars into the states. */
void join_finish(run_part *part);
/* The same for another part: the states are those at the end of the part before, whose `tables`
 * take the bars that lie across the cut. */
void join_after(run_part *part, tw_bars_table *tables);
/* As if the part had taken nothing. */
void join_drop(run_part *part);

#endif
