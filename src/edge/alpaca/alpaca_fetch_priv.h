/*
 * alpaca_fetch_priv.h - what the course of a fetch and the reading of its pages share.
 *
 *               begin_unit           finish_page             deliver
 *     LANE_IDLE ---------> LANE_FLYING ---------> LANE_HELD ---------> next page, unit or part
 *                              ^  |                   ^
 *                     go_on    |  | no answer         | patience is over
 *                              |  v                   |
 *                          LANE_WAITING --------------+
 */
#ifndef TW_ALPACA_FETCH_PRIV_H
#define TW_ALPACA_FETCH_PRIV_H

#include "alpaca_client_priv.h"
#include "tradewind/alpaca_fetch.h"

typedef enum lane_state { LANE_IDLE = 0, LANE_FLYING, LANE_WAITING, LANE_HELD } lane_state;

/* Where one part is fetched: a kept call and room for one page. */
typedef struct fetch_lane {
    tw_alpaca_fetch *fetch;
    alpaca_call *call;
    union {
        void *all;
        tw_bar *bars;
        tw_trade *trades;
        tw_quote *quotes;
    } rows;
    size_t row_count;   /* of the page */
    uint64_t delivered; /* rows of the unit */
    lane_state state;
    bool single;   /* units of one symbol */
    bool left_out; /* the user does not want the unit */
    size_t group_end;
    size_t unit_first; /* the request's symbols */
    size_t unit_count;
    int64_t start_ns;
    int64_t end_ns;
    uint64_t page_number;
    uint64_t reference_page; /* page whose token is `reference` */
    char token[TW_ALPACA_TOKEN_SIZE];
    char reference[TW_ALPACA_TOKEN_SIZE];
    tw_alpaca_result result; /* of the page that is held */
    tw_alpaca_error problem;
    char message[TW_ERROR_MESSAGE_SIZE];
} fetch_lane;

struct tw_alpaca_fetch {
    tw_alpaca_client *client;
    tw_alpaca_fetch *next;
    tw_alpaca_fetch_callbacks callbacks;
    tw_alpaca_fetch_figures figures;
    tw_loop_task task;
    tw_loop_timer *timer; /* NULL: nothing waits, or a probe flies */
    tw_symbol *symbols;
    fetch_lane *lanes;
    size_t symbol_count;
    size_t group_size;
    uint64_t span_count; /* parts of a group */
    uint64_t part_count;
    uint64_t oldest; /* first part that is not handed over whole */
    uint64_t begun;  /* parts that have a lane or are done */
    uint32_t lane_count;
    uint32_t page_limit;
    tw_alpaca_history history;
    bool turning;   /* the user may be in a callback */
    bool cancelled; /* by the user, in a callback */
    bool given_up;  /* patience is over */
    int64_t timeframe_ns;
    int64_t start_ns;
    int64_t end_ns;
    int64_t span_ns;
    int64_t patience_ns;
    int64_t retry_delay_ns;
    int64_t delay_ns; /* before the next probe */
    int64_t heard_ns; /* monotonic: the venue's last answer */
    char feed[TW_ALPACA_WORD_SIZE];
    char adjustment[TW_ALPACA_WORD_SIZE];
    tw_alpaca_result first_failure; /* status TW_OK: none so far */
    tw_alpaca_error first_problem;
    char first_message[TW_ERROR_MESSAGE_SIZE];
};

/* Bytes of a row of a history. */
size_t fetch_row_size(tw_alpaca_history history);

/* Writes the URL of the lane's next page. */
void fetch_write_url(const fetch_lane *lane, tw_text *url);

/* Reads a page into the lane: its rows and the next token. TW_PROTOCOL: rows that were not asked
 * for, more than the limit, or a token that was seen before. Else the decoder's statuses. */
tw_status fetch_read_page(fetch_lane *lane, tw_slice body, tw_error *error) TW_MUST_CHECK;

#endif
