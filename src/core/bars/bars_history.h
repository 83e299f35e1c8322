/*
 * bars_history.h - what is kept so that bars can be revised: trades, and the bars handed out.
 *
 * bars_issued.c keeps the two rings of a symbol; bars_history.c decides what happens to them, and
 * states the invariants.
 */
#ifndef TRADEWIND_BARS_HISTORY_H
#define TRADEWIND_BARS_HISTORY_H

#include "bars_priv.h"

typedef struct kept_trade {
    int64_t time_ns;
    int64_t price;
    int64_t volume;
    uint64_t id;
    uint8_t side;
    uint8_t moves;
    uint8_t reason;
    uint8_t reserved[5];
} kept_trade;

typedef struct issued_bar {
    tw_bar bar;
    tw_bars_detail detail;
    bool is_withdrawn;
    bool is_seen; /* by the replay at hand */
} issued_bar;

/* Of one symbol; its trades and bars are rings. */
typedef struct symbol_history {
    int64_t newest_ns; /* of all trades; INT64_MIN: none */
    int64_t settled_ns;
    int64_t kept_volume;
    uint32_t trade_first;
    uint32_t trade_count;
    uint32_t bar_first;
    uint32_t bar_count;
    uint32_t withdrawn_count;
    uint32_t search_hint;
    bool is_flooded; /* a bar could not be remembered */
} symbol_history;

struct bar_history {
    int64_t now_ns; /* of tw_bars_advance */
    symbol_history *symbols;
    kept_trade *trades; /* [symbol_count_max][horizon_trade_max] */
    issued_bar *issued; /* [symbol_count_max][horizon_bar_max] */
    bar_line *settled;  /* as tw_bars.states */
};

/* The place of one call: what sinks are given as their context. */
typedef struct history_pass {
    tw_bars *bars;
    tw_symbol symbol;
    symbol_history *of;
    const bar_target *target; /* the caller's */
    size_t made;
} history_pass;

static inline bar_state *settled_of(const tw_bars *bars, tw_symbol symbol) {
    return (bar_state *)(void *)&bars->history->settled[(size_t)symbol * bars->state_size];
}

/* Kept trades. */
kept_trade *kept_at(const tw_bars *bars, tw_symbol symbol, uint32_t index);
bar_feed kept_feed(const kept_trade *kept);
kept_trade kept_of_feed(const bar_feed *feed, uint64_t id);
uint32_t kept_place(const tw_bars *bars, tw_symbol symbol, int64_t time_ns);
void kept_insert(tw_bars *bars, tw_symbol symbol, uint32_t at, const kept_trade *kept);
void kept_remove(tw_bars *bars, tw_symbol symbol, uint32_t at);
uint32_t kept_find(const tw_bars *bars, tw_symbol symbol, uint64_t id);

/* Issued bars. The two are sinks, whose context is a history_pass. */
void issued_live(void *context, const tw_bar *bar, const tw_bars_detail *detail);
void issued_replayed(void *context, const tw_bar *bar, const tw_bars_detail *detail);
void issued_begin_replay(history_pass *pass);
void issued_withdraw_unseen(history_pass *pass);
void issued_forget_final(tw_bars *bars, tw_symbol symbol);

#endif
