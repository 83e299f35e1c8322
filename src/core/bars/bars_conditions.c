/*
 * bars_conditions.c - what the sale conditions of the consolidated tapes let a trade move.
 *
 * Idea: a table of the codes that keep something out; what is not in it moves everything. RANGE is
 * volume, high and low without open and close: the plans' "updates the last only if it is the first
 * or only trade".
 */
#include <string.h>

#include "bars_priv.h"

typedef struct condition_rule {
    char code;
    uint8_t moves;
    uint8_t reason;
} condition_rule;

static const condition_rule both_plans[] = {
    {'C', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_SETTLEMENT},    /* cash */
    {'N', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_SETTLEMENT},    /* next day */
    {'H', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_AVERAGE_PRICE}, /* price variation */
    {'I', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_ODD_LOT},
    {'M', 0, TW_BARS_REASON_OFFICIAL}, /* market center official close */
    {'Q', 0, TW_BARS_REASON_OFFICIAL}, /* market center official open */
    {'9', TW_BARS_MOVES_HIGH_LOW | TW_BARS_MOVES_CLOSE,
     TW_BARS_REASON_OFFICIAL},                                 /* corrected close */
    {'P', TW_BARS_MOVES_RANGE, TW_BARS_REASON_AVERAGE_PRICE},  /* prior reference price */
    {'4', TW_BARS_MOVES_RANGE, TW_BARS_REASON_AVERAGE_PRICE},  /* derivatively priced */
    {'T', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_HOURS},         /* extended hours, form T */
    {'U', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_HOURS},         /* the same, out of sequence */
    {'V', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_AVERAGE_PRICE}, /* contingent */
    {'7', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_AVERAGE_PRICE}, /* qualified contingent */
    {'Z', TW_BARS_MOVES_RANGE, TW_BARS_REASON_SEQUENCE},       /* sold, out of sequence */
};

static const condition_rule cta_plan[] = {
    {'B', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_AVERAGE_PRICE}, /* average price */
    {'R', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_SETTLEMENT},    /* seller's option */
    {'L', TW_BARS_MOVES_RANGE, TW_BARS_REASON_SEQUENCE},       /* sold last, reported late */
};

static const condition_rule utp_plan[] = {
    {'W', TW_BARS_MOVES_VOLUME, TW_BARS_REASON_AVERAGE_PRICE}, /* average price */
    {'G', TW_BARS_MOVES_RANGE, TW_BARS_REASON_SEQUENCE},       /* bunched, sold */
    {'R', TW_BARS_MOVES_RANGE, TW_BARS_REASON_SETTLEMENT},     /* seller's option */
};

static void set_rules(tw_bars_conditions *conditions, const condition_rule *rules, size_t count) {
    for (size_t i = 0; i < count; i++) {
        conditions->moves[(uint8_t)rules[i].code] = rules[i].moves;
        conditions->reasons[(uint8_t)rules[i].code] = rules[i].reason;
    }
}

void tw_bars_conditions_consolidated(char tape, tw_bars_conditions *ret_conditions) {
    TW_ASSERT(ret_conditions != NULL && (tape == 'A' || tape == 'B' || tape == 'C'));
    memset(ret_conditions->moves, TW_BARS_MOVES_ALL, sizeof ret_conditions->moves);
    memset(ret_conditions->reasons, TW_BARS_REASON_OTHER, sizeof ret_conditions->reasons);
    set_rules(ret_conditions, both_plans, sizeof both_plans / sizeof both_plans[0]);
    if (tape == 'C')
        set_rules(ret_conditions, utp_plan, sizeof utp_plan / sizeof utp_plan[0]);
    else
        set_rules(ret_conditions, cta_plan, sizeof cta_plan / sizeof cta_plan[0]);
}
