/*
 * bars_frames.h - the list that `--timeframes` takes: 1s,1m,tick:100,volume:1000,renko:0.05.
 *
 * Behind the step of a kind may stand, each after a colon:
 *     bars=N:trades=N    imbalance and runs: the threshold adapts, means over so many bars, trades
 *     least=X:most=X     between these; a tenth and ten times the step
 *     side=tick|given    whether the price gives a side to a trade without one (tick, the default)
 *     split=X            volume, value: parts of a trade are multiples of it; 0.000000001
 *     style=classic|close, wicks=body|traded|none, grid=X    renko: see tw_bars_renko
 */
#ifndef TRADEWIND_CLI_BARS_FRAMES_H
#define TRADEWIND_CLI_BARS_FRAMES_H

#include "tradewind/bars.h"
#include "tradewind/error.h"

enum { BARS_NAME_SIZE = 192 };

typedef struct bars_frames {
    tw_bars_frame frames[TW_BARS_FRAME_COUNT_MAX];
    char names[TW_BARS_FRAME_COUNT_MAX][BARS_NAME_SIZE]; /* "1m", "tick:100" */
    uint32_t count;
    bool only_time; /* none of them is of another kind */
} bars_frames;

/* TW_USAGE with a sentence for what is none, for one named twice, and for too many. */
tw_status bars_frames_parse(const char *list, bars_frames *ret_frames,
                            tw_error *error) TW_MUST_CHECK;

/* The name of a frame's file, without a folder: "1m.csv", "tick-100.csv". */
void bars_frames_file(const bars_frames *frames, uint32_t index, char file[BARS_NAME_SIZE + 8]);

#endif
