/* book_report.h - what a replay came to: for people, or as one JSON document. */
#ifndef TRADEWIND_CLI_BOOK_REPORT_H
#define TRADEWIND_CLI_BOOK_REPORT_H

#include "book_replay.h"

/* Both go to standard output. TW_NO_MEMORY, else as output_file_write. */
tw_status book_report_text(const book_replay *replay, tw_error *error) TW_MUST_CHECK;
tw_status book_report_json(const book_replay *replay, tw_error *error) TW_MUST_CHECK;

#endif
