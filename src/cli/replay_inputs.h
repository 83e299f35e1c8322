/*
 * replay_inputs.h - what the engine of a replay has been told: the newest inputs of a turn, and the
 * market as it stood.
 */
#ifndef TRADEWIND_CLI_REPLAY_INPUTS_H
#define TRADEWIND_CLI_REPLAY_INPUTS_H

#include "tradewind/book.h"
#include "tradewind/replay.h"

enum { REPLAY_INPUT_COUNT = 12 };

/* The market of one symbol. */
typedef struct symbol_market {
    tw_trade trade; /* the newest; time 0: none */
    tw_quote quote;
    bool has_levels; /* its book is kept from levels */
} symbol_market;

typedef struct replay_inputs {
    const tw_symbols *symbols;
    uint64_t turn;                              /* what follows is of it */
    tw_market_event newest[REPLAY_INPUT_COUNT]; /* a ring of market events */
    uint64_t newest_count;
    tw_venue_event venue[REPLAY_INPUT_COUNT];
    uint64_t venue_count;
    bool stop;
    tw_book *book; /* NULL: nobody asks for the market */
    symbol_market *markets;
    uint32_t symbol_count;
} replay_inputs;

/* `with_market`: the market is kept, too. TW_NO_MEMORY. */
tw_status replay_inputs_begin(replay_inputs *inputs, const tw_symbols *symbols,
                              const tw_engine_config *config, bool with_market,
                              tw_error *error) TW_MUST_CHECK;
void replay_inputs_done(replay_inputs *inputs);

void replay_inputs_turn(replay_inputs *inputs, uint64_t turn, bool stop);
void replay_inputs_market(replay_inputs *inputs, const tw_market_event *event);
void replay_inputs_venue(replay_inputs *inputs, const tw_venue_event *event);

/* The newest inputs of the turn, for people. */
void replay_inputs_print(const replay_inputs *inputs);

/* The market of a symbol as it stands, with its age at a time. */
void replay_inputs_print_market(const replay_inputs *inputs, tw_symbol symbol, int64_t now_ns);

#endif
