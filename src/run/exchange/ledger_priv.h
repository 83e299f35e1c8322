/* ledger_priv.h - what the files of the ledger share. */
#ifndef TRADEWIND_RUN_EXCHANGE_LEDGER_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_LEDGER_PRIV_H

#include "account_day.h"
#include "account_power.h"
#include "day_trades.h"
#include "equity_past.h"
#include "ledger.h"

#define ORDER_TRANSIT_MAX 4096

/* What is on its way to the floor, in a circle. */
typedef enum order_errand_kind { ERRAND_SUBMIT, ERRAND_CANCEL, ERRAND_REPLACE } order_errand_kind;

typedef struct order_errand {
    int64_t due_ns;
    uint32_t order; /* its index; of a replacement that of the new order */
    order_errand_kind kind;
    bool keeps_quantity; /* a replacement: it is for what the old order has open when it arrives */
} order_errand;

typedef struct order_transit {
    order_errand errands[ORDER_TRANSIT_MAX];
    uint32_t first;
    uint32_t count;
    int64_t last_ns; /* when the last of them is due */
} order_transit;

struct account_ledger {
    const tw_allocator *allocator;
    const tw_symbols *symbols;
    trading_floor *floor;
    uint64_t seed;
    tw_random random;
    ledger_on_update on_update;
    void *context;
    ledger_account *accounts;
    uint32_t account_count;
    equity_past *pasts; /* one an account */
    account_day day;
    uint64_t *held; /* [account][held_words], a bit a symbol that it has a position in */
    uint32_t held_words;
    tw_price *closes;      /* of the day, one a symbol, once it is closed */
    tw_price *last_closes; /* of the day before; 0 on the first */
    activity_log *activities;
    ledger_order *orders;
    uint64_t accepted_count; /* of orders that were submitted, all accounts */
    uint64_t refused_count;
    uint32_t order_count;
    uint32_t order_count_max;
    uint32_t symbol_count;
    bool *hard_to_borrow; /* one a symbol */
    tw_map *by_uuid;      /* hash -> index + 1 of the newest with it */
    tw_map *by_client;    /* the same for client order ids */
    ledger_delay delay;
    order_transit transit;
    uint8_t withdrawal; /* order_withdrawal: what CANCELLED of the floor means just now */
};

/* A request that passed the gate: the order and its legs as they will be recorded, without ids and
 * times, and what to hold for the first. */
typedef struct order_ticket {
    ledger_order order;
    ledger_order legs[LEDGER_LEG_COUNT_MAX];
    uint32_t leg_count;
    power_hold hold;
} order_ticket;

/* order_gate.c: decides on a request. TW_REFUSED with the refusal, else the ticket. */
tw_status order_gate(const account_ledger *ledger, const ledger_account *account,
                     const tw_alpaca_order_request *request, order_ticket *ret_ticket,
                     ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* account_fill.c: moves the position of an order's symbol by `quantity_nano` (bought: positive)
 * that were worth `value_nano`, and what is counted of the day. */
void account_move(account_ledger *ledger, ledger_order *order, int64_t quantity_nano,
                  int64_t value_nano);

/* account_fill.c: keeps what a fill leaves behind in the account, after cash and shares moved. */
void account_note_fill(account_ledger *ledger, const ledger_update *update);

/* ledger.c: notes whether the account has a position; after each change of one. */
void account_note_holding(account_ledger *ledger, const ledger_account *account, tw_symbol symbol);

/* The words of `held` of an account, to go through its positions without a look at all symbols. */
const uint64_t *account_held(const account_ledger *ledger, const ledger_account *account);

/* account_cash.c: notes the deposit with which an account began. */
void account_note_opening(account_ledger *ledger, const ledger_account *account);

/* Whether a client order id may be given to a new order. */
tw_status order_gate_client_id(const account_ledger *ledger, const ledger_account *account,
                               const tw_alpaca_order_request *request,
                               ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Whether there is room for so many more orders. */
tw_status order_gate_room(const account_ledger *ledger, uint32_t count,
                          ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Decides what an order holds, as account_power.h does; `replaced` is what it replaces, or NULL. */
tw_status order_gate_funds(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, const ledger_order *replaced,
                           power_hold *ret_hold, ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* order_rules.c: what an order must be whoever sends it. */
tw_status order_rules_check(const tw_alpaca_order_request *request,
                            ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* A price that a client gave is above zero and a multiple of its increment. */
tw_status order_rules_price(const char *name, tw_price price,
                            ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Puts the stop of a trailing stop a trail away from its mark; false when there is none there. */
bool order_rules_place_trail(ledger_order *order);

/* order_groups.c: the class of a request, and whether take_profit and stop_loss go with it. */
tw_status order_groups_check(const tw_alpaca_order_request *request, order_class *ret_class,
                             ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Makes the legs of a ticket whose first order stands, and checks their prices against
 * `base_nano`: the entry's limit, or the market's price. */
tw_status order_groups_make(const tw_alpaca_order_request *request, int64_t base_nano,
                            order_ticket *ticket, ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* order_wash.c: refuses an order that could trade with an open one of its account. */
tw_status order_wash_check(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* order_life.c */
bool order_is_live(const ledger_order *order);

/* Whether its cancellation or its replacement is on the way; and it is no more. */
bool order_is_pending(const ledger_order *order);
void order_settle(ledger_order *order);

ledger_account *order_account(account_ledger *ledger, const ledger_order *order);

/* Begins another stream of random numbers for ids: the `count`-th start draws none that an earlier
 * one drew. */
void ledger_new_ids(account_ledger *ledger, uint64_t count);

/* order_life.c: puts an order that was kept back at the end of all orders, as it was; one that is
 * alive waits. */
void order_recall(account_ledger *ledger, const ledger_order *order);

/* What must stay held for the open rest of an order. */
int64_t order_needs(const ledger_order *order);

/* Sets what is held for the order to what it needs now. */
void order_reserve(account_ledger *ledger, ledger_order *order);

void order_tell(account_ledger *ledger, const ledger_order *order, tw_alpaca_event event,
                const tw_match_event *trade);

/* Records the first order of a ticket, or a leg of it; nothing is held for it yet. */
ledger_order *order_record(account_ledger *ledger, const ledger_account *account,
                           const ledger_order *figures);

/* Ends an order that is not on the floor (any more); tells it. */
void order_cancel_now(account_ledger *ledger, ledger_order *order);
void order_expire_now(account_ledger *ledger, ledger_order *order);
void order_reject_now(account_ledger *ledger, ledger_order *order);

/* order_floor.c: sends an order to the floor with those of its group that are alive; all of them
 * are rejected when the floor does not take them. */
void order_send(account_ledger *ledger, ledger_order *order);

/* The price that the floor gets for an order; 0: none. */
int64_t order_floor_price(const ledger_order *order);

/* Takes an order and its group off the floor: they wait or are expired. */
typedef enum order_withdrawal {
    WITHDRAW_TO_CANCEL = 0,
    WITHDRAW_TO_WAIT,
    WITHDRAW_TO_EXPIRE
} order_withdrawal;
void order_withdraw(account_ledger *ledger, ledger_order *order, order_withdrawal withdrawal);

/* order_transit.c: sends an order, or its cancellation, on its way to the floor. False: that takes
 * no time, and the caller does at once what is asked. */
bool order_transit_submit(account_ledger *ledger, ledger_order *order) TW_MUST_CHECK;
bool order_transit_cancel(account_ledger *ledger, ledger_order *order) TW_MUST_CHECK;

/* The same for a replacement of an order: `figures` are those of the new one, which is recorded and
 * returned; NULL: at once. */
ledger_order *order_transit_replace(account_ledger *ledger, ledger_order *old,
                                    const ledger_order *figures, bool keeps_quantity);

/* order_replace.c: puts a new order that was on its way in the place of what it replaces. False: it
 * cannot any more, and nothing is changed. */
bool order_replace_arrives(account_ledger *ledger, ledger_order *old, ledger_order *next,
                           bool keeps_quantity) TW_MUST_CHECK;

/* order_session.c: whether an order may be on the floor now, and when a new one ends by itself. */
bool order_may_trade(const account_ledger *ledger, const ledger_order *order);
int64_t order_expiry(const account_ledger *ledger, const tw_order *order);

/* Whether an order with this time in force is taken at this hour. */
tw_status order_hours_check(const account_ledger *ledger, tw_time_in_force time_in_force,
                            ledger_refusal *ret_refusal) TW_MUST_CHECK;

#endif
