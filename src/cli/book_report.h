/* book_report.h - what a replay came to: for people, or as one JSON document. */
#ifndef TRADEWIND_CLI_BOOK_REPORT_H
#define TRADEWIND_CLI_BOOK_REPORT_H

#include "book_replay.h"

/* Both go to standard output. `fault` is what ended the replay before its file, or NULL. Statuses
 * as output_file_write's. */
tw_status book_report_text(const book_replay *replay, tw_error *error) TW_MUST_CHECK;
tw_status book_report_json(const book_replay *replay, const tw_error *fault,
                           tw_error *error) TW_MUST_CHECK;

#endif
