/*
 * pretrade_priv.h - a gate's state and the seams between its files.
 *
 *     pretrade.c          life, settings, stops, judging
 *     pretrade_controls.c the table of controls: one short function each
 *     pretrade_counts.c   what counts: marks, positions, open orders, messages
 *     pretrade_risk.c     the variance of it
 */
#ifndef TRADEWIND_CORE_PRETRADE_PRIV_H
#define TRADEWIND_CORE_PRETRADE_PRIV_H

#include "tradewind/pretrade.h"

__extension__ typedef __int128 pretrade_wide;

/* Symbols that have changed and have not entered C e yet (pretrade_risk.c). */
#define PRETRADE_MOVED_MAX 4

/* The newest orders of a symbol, the oldest overwritten. */
typedef struct pretrade_recent {
    int64_t time_ns;
    int64_t quantity;
    int64_t price;
    uint8_t side; /* TW_SIDE_NONE: an empty place */
} pretrade_recent;

/* Something counted in spans, the first of which begins with the first thing counted. */
typedef struct pretrade_tally {
    int64_t from_ns;
    uint32_t count;
    bool tripped;
} pretrade_tally;

typedef struct pretrade_symbol {
    tw_pretrade_limits limits;
    tw_pretrade_state state;
    int64_t quantity;
    int64_t average;
    int64_t mark;
    int64_t mark_ns;
    pretrade_wide buys; /* still to be filled of the open orders */
    pretrade_wide sells;
    pretrade_wide value;    /* 1e-18: quantity x mark */
    pretrade_wide worst;    /* 1e-18: the worst position x mark, never negative */
    pretrade_wide intended; /* 1e-18: the position if all are filled x mark */
    uint32_t first;         /* its open orders; TW_PRETRADE_NO_TICKET: none */
    uint32_t open_count;
    uint32_t recent_next;
    pretrade_recent recent[TW_PRETRADE_RECENT];
    pretrade_tally repeats[2]; /* buys, sells */
    bool has_moved;            /* waits in the gate's `moved` */
} pretrade_symbol;

typedef struct pretrade_open {
    int64_t quantity;       /* still to be filled */
    int64_t price;          /* the limit; 0: at the market */
    int64_t reserved;       /* cash that a buy may take */
    pretrade_wide realized; /* 1e-18: what it won or lost by closing */
    uint32_t next;
    uint32_t previous;
    tw_symbol symbol;
    uint8_t side; /* TW_SIDE_NONE: a free place */
} pretrade_open;

/* Times of the newest messages of a kind: as many as may be in a second. */
typedef struct pretrade_messages {
    int64_t *times;
    uint32_t capacity;
    uint32_t count;
    uint32_t oldest;
    uint64_t today;
} pretrade_messages;

struct tw_pretrade {
    const tw_allocator *allocator;
    tw_pretrade_config config;
    tw_pretrade_state state;
    int64_t now_ns;
    pretrade_symbol *symbols;
    pretrade_open *orders;
    uint32_t free_first; /* linked by next */
    uint32_t open_count;
    pretrade_messages messages[TW_PRETRADE_MESSAGE_COUNT];

    int64_t cash;
    pretrade_wide value; /* 1e-18: sums over symbols */
    pretrade_wide worst;
    pretrade_wide intended;
    pretrade_wide reserved; /* 1e-9: of open buys */

    bool day_begun;
    pretrade_wide day_equity; /* 1e-18 */
    pretrade_wide peak_equity;
    bool day_loss_tripped;
    bool drawdown_tripped;
    bool losses_tripped;
    uint32_t losses;
    pretrade_tally errors;
    uint32_t repeats_tripped; /* how many of the symbols' tallies */

    const double *covariance;
    double factor;
    double *exposure; /* e: money of each symbol if all are filled, without what has moved since */
    double *product;  /* C e */
    double variance;  /* e' C e */
    tw_symbol moved[PRETRADE_MOVED_MAX];
    uint32_t moved_count;
    uint32_t renewed; /* the element of product to be made anew next */

    int64_t override_until_ns[TW_PRETRADE_REASON_COUNT];
    uint64_t denied[TW_PRETRADE_REASON_COUNT];
    uint64_t passed;
};

/* An order being judged, and what would be if it were out. Money is 1e-9. */
typedef struct pretrade_candidate {
    const tw_order *order;
    const pretrade_symbol *symbol;
    int64_t now_ns;
    int64_t price;                /* it is valued at: its limit, or the mark and the collar */
    pretrade_wide value;          /* quantity x price, up */
    pretrade_wide worst_quantity; /* of the symbol, after it */
    pretrade_wide worst;          /* the same in money */
    pretrade_wide gross;          /* of all symbols, after it */
    pretrade_wide net_before;
    pretrade_wide net;
    pretrade_wide equity;
    double variance_before;
    double variance;
    tw_pretrade_message message;
    bool again;    /* it takes the place of one that was judged before */
    bool closes;   /* only brings the position nearer to zero */
    bool no_worse; /* the worst position is not larger than before */
} pretrade_candidate;

/* ---- pretrade_counts.c --------------------------------------------------------------------- */

/* A product of quantity and price at 1e-18; beyond 2^106 it is taken as that. */
pretrade_wide pretrade_product(pretrade_wide quantity, int64_t price);
/* The larger of the positions that the open orders can lead to, without its sign. */
pretrade_wide pretrade_worst(pretrade_wide quantity, pretrade_wide buys, pretrade_wide sells);
pretrade_wide pretrade_equity(const tw_pretrade *gate); /* 1e-18 */
pretrade_wide pretrade_nano(pretrade_wide value);       /* from 1e-18, toward zero */

/* After quantity, mark or open orders of a symbol have changed. */
void pretrade_revalue(tw_pretrade *gate, tw_symbol symbol);
/* Trips the stops that equity decides. True if one was, or the peak has risen. */
bool pretrade_watch(tw_pretrade *gate);

/* Takes a free place for an order and lets it count; there must be one. */
uint32_t pretrade_attach(tw_pretrade *gate, const pretrade_open *order);
/* The order counts no longer and its place is free. */
void pretrade_detach(tw_pretrade *gate, uint32_t ticket);
/* What a buy of this may take of the cash; 0 for a sell. */
int64_t pretrade_reserve(uint8_t side, int64_t quantity, int64_t price);

/* How many of a kind were in the second before now; 0 if it has no limit a second. */
uint32_t pretrade_message_recent(const pretrade_messages *messages, int64_t now_ns);
void pretrade_message_count(pretrade_messages *messages, int64_t now_ns);
/* Counts one; trips at `max` within `span_ns`. True if it is this one that trips it. */
bool pretrade_tally_count(pretrade_tally *tally, int64_t now_ns, uint32_t max, int64_t span_ns);
void pretrade_remember(pretrade_symbol *symbol, const tw_order *order, int64_t now_ns);

/* ---- pretrade_risk.c ----------------------------------------------------------------------- */

/* The variance of now, and what tells how it changes with the exposure of a symbol: by
 * d (2 product + d own) if that changes by d. */
typedef struct pretrade_variance {
    double whole;
    double product; /* the symbol's element of C e */
    double own;     /* its variance in C */
} pretrade_variance;

/* There must be a covariance. */
pretrade_variance pretrade_variance_now(const tw_pretrade *gate, tw_symbol symbol);

/* The mark, the position or open orders of a symbol have changed. */
void pretrade_exposure_moved(tw_pretrade *gate, tw_symbol symbol);

/* ---- pretrade_controls.c ------------------------------------------------------------------- */

/* Asks one control: true if it denies. Tells limit and actual either way. */
bool pretrade_ask(const tw_pretrade *gate, const pretrade_candidate *candidate,
                  tw_pretrade_reason reason, tw_pretrade_verdict *ret_verdict);

#endif
