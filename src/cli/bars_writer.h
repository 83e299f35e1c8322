/*
 * bars_writer.h - bars as CSV: one file a timeframe in a folder, or one stream to standard output.
 *
 *     ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap
 *
 * Bars without a clock have their kind and step for a timeframe ("tick:100"). Where bars can be
 * revised there is a column more, `revision`: 0 first; a row of the same bar with a higher one
 * takes the place of those before, and one of volume and prices 0 takes the bar back.
 *
 * The files of a folder ("1s.csv", "1m.csv" ...) appear together at the end, or none does.
 */
#ifndef TRADEWIND_CLI_BARS_WRITER_H
#define TRADEWIND_CLI_BARS_WRITER_H

#include "bars_frames.h"
#include "output_file.h"
#include "tradewind/bars.h"
#include "tradewind/tape.h"

typedef struct bars_writer {
    bars_frames frames;
    uint64_t rows[TW_BARS_FRAME_COUNT_MAX];
    output_file files[TW_BARS_FRAME_COUNT_MAX];
    tw_tape_writer *tapes[TW_BARS_FRAME_COUNT_MAX]; /* what writes each file; NULL: put_row */
    uint32_t file_count;                            /* 1 for standard output */
    bool revised;                                   /* with the column of revisions */
    const char *made; /* the folder, borrowed, while it is to be removed again; or NULL */
    tw_error error;   /* the first failed write; its status is TW_OK until then */
} bars_writer;

/* Opens the files and writes their headers. `folder`, borrowed until the writer is dropped, is made
 * if it is missing; "-" is standard output. Statuses as of output_file_open. After a failure
 * nothing is left open. `revised` adds the column of revisions. */
tw_status bars_writer_open(bars_writer *writer, const bars_frames *frames, const char *folder,
                           bool revised, tw_error *error) TW_MUST_CHECK;

/* Writes one bar of a frame and symbol of the table. A failure is kept in `error` of the writer,
 * and every later call does nothing. */
void bars_writer_put(bars_writer *writer, uint32_t frame, const tw_bar *bar,
                     const tw_symbols *symbols);

/* Completes all files, then names them. */
tw_status bars_writer_finish(bars_writer *writer, tw_error *error) TW_MUST_CHECK;

/* Removes what was not finished, a folder made for it included. Harmless afterwards. */
void bars_writer_drop(bars_writer *writer);

#endif
