/*
 * recovery.c - see recovery.h.
 *
 * Invariants
 *  1. Only what the engine journaled counts: an entry of the plan that cannot be understood refuses
 *     the whole plan. What is not known must not be traded.
 *  2. The orders of the plan are kept in the order of their numbers, as the journal has them, so
 *     that each order of the store is looked up in O(log n).
 */
#include "tradewind/recovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "json.h"
#include "losses_read.h"

enum { SEEK_MAX = 65536, PLAN_ORDERS_MAX = 65536, PAYLOAD_SIZE_MAX = 4096 };

/* Numbers of orders between two quarantines: more than there can be intents. */
enum { NUMBERS_BITS = 32 };

/* An order of the plan, by its intent. */
typedef struct plan_intent {
    uint64_t number;
    uint32_t trade;
    bool found; /* among the orders */
} plan_intent;

struct tw_recovery {
    const tw_allocator *allocator;
    tw_recovery_config config;
    tw_json_reader *reader;
    char prefix[96];

    uint64_t intent;
    tw_order *open;
    size_t open_count;

    uint32_t sought;
    uint64_t account;
    bool plan_sought; /* there is none, or `from` is its decision */
    bool past_sought; /* there is none that counts, or: */
    int64_t past_ns;
    tw_pretrade_past past;
    uint64_t from;
    bool begun; /* a part of the plan was there, */
    bool whole; /* and the last one */
    bool ended;
    tw_engine_plan plan;
    tw_engine_plan_trade *trades; /* symbol_count places */
    uint32_t *trade_of;           /* by symbol, 1 more than the place; 0: none */
    plan_intent *intents;
    uint32_t intent_count;
    tw_engine_plan_order *orders; /* that may still be open; open_count_max places */
};

tw_status tw_recovery_new(const tw_allocator *allocator, const tw_recovery_config *config,
                          tw_recovery **ret_recovery) {
    tw_recovery *recovery = TW_NEW(allocator, 1, tw_recovery);
    if (recovery == NULL)
        return TW_NO_MEMORY;
    recovery->allocator = allocator;
    recovery->config = *config;
    recovery->past_sought = config->losses_forgotten;
    snprintf(recovery->prefix, sizeof recovery->prefix, "%s-%016" PRIx64 "-", config->strategy_name,
             config->epoch);
    recovery->open = TW_NEW(allocator, config->open_count_max, tw_order);
    recovery->orders = TW_NEW(allocator, config->open_count_max, tw_engine_plan_order);
    recovery->trades = TW_NEW(allocator, config->symbol_count, tw_engine_plan_trade);
    recovery->trade_of = TW_NEW(allocator, config->symbol_count, uint32_t);
    recovery->intents = TW_NEW(allocator, PLAN_ORDERS_MAX, plan_intent);
    bool complete = recovery->open != NULL && recovery->orders != NULL &&
                    recovery->trades != NULL && recovery->trade_of != NULL &&
                    recovery->intents != NULL &&
                    tw_json_reader_new(allocator, PAYLOAD_SIZE_MAX, &recovery->reader) == TW_OK;
    if (!complete) {
        tw_recovery_free(recovery);
        return TW_NO_MEMORY;
    }
    *ret_recovery = recovery;
    return TW_OK;
}

void tw_recovery_free(tw_recovery *recovery) {
    if (recovery == NULL)
        return;
    const tw_allocator *allocator = recovery->allocator;
    const tw_recovery_config *config = &recovery->config;
    tw_json_reader_free(recovery->reader);
    TW_DELETE(allocator, recovery->open, config->open_count_max, tw_order);
    TW_DELETE(allocator, recovery->orders, config->open_count_max, tw_engine_plan_order);
    TW_DELETE(allocator, recovery->trades, config->symbol_count, tw_engine_plan_trade);
    TW_DELETE(allocator, recovery->trade_of, config->symbol_count, uint32_t);
    TW_DELETE(allocator, recovery->intents, PLAN_ORDERS_MAX, plan_intent);
    TW_DELETE(allocator, recovery, 1, tw_recovery);
}

void tw_recovery_refuse(tw_recovery *recovery, const char *reason) {
    if (recovery->plan.refused[0] == '\0')
        snprintf(recovery->plan.refused, sizeof recovery->plan.refused, "%s", reason);
}

/* ---- payloads ------------------------------------------------------------------------------ */

/* What the entries of a plan tell, those that they have. */
typedef struct payload {
    tw_recovery *recovery;
    uint64_t decision;
    uint64_t targets;
    uint64_t account;
    tw_slice order;
    tw_slice symbol;
    bool last;
    tw_slice row[3]; /* of the trade that is being read: symbol, side, quantity */
    uint32_t row_count;
} payload;

static tw_status take_cell(void *context, tw_json_value *value) {
    payload *read = context;
    if (read->row_count == 3)
        return TW_PARSE;
    return tw_json_scalar(value, &read->row[read->row_count++]);
}

/* A trade of a symbol that this run does not trade refuses the plan. */
static tw_status take_trade(void *context, tw_json_value *value) {
    payload *read = context;
    tw_recovery *recovery = read->recovery;
    tw_engine_plan *plan = &recovery->plan;
    tw_side side = TW_SIDE_NONE;
    tw_engine_plan_trade trade = {0};
    read->row_count = 0;
    tw_status status = tw_json_each_item(value, take_cell, read);
    if (status == TW_OK && read->row_count != 3)
        status = TW_PARSE;
    if (status == TW_OK)
        status = tw_side_parse(read->row[1], &side);
    if (status == TW_OK)
        status = tw_decimal_parse(read->row[2], &trade.quantity.nano);
    if (status != TW_OK || trade.quantity.nano <= 0)
        return TW_PARSE;
    trade.symbol = tw_symbols_find(recovery->config.symbols, read->row[0]);
    trade.side = (uint8_t)side;
    if (trade.symbol >= recovery->config.symbol_count) {
        tw_recovery_refuse(recovery, "symbols");
        return TW_OK;
    }
    if (recovery->trade_of[trade.symbol] != 0)
        return TW_PARSE;
    recovery->trades[plan->trade_count] = trade;
    recovery->trade_of[trade.symbol] = ++plan->trade_count;
    return TW_OK;
}

/* A number as the journal prints a fingerprint: 1 to 16 digits to the base of 16. */
static tw_status parse_hex(tw_slice text, uint64_t *ret_value) {
    if (text.size < 1 || text.size > 16)
        return TW_PARSE;
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = hex_digit(text.data[i]);
        if (digit < 0)
            return TW_PARSE;
        value = value << 4 | (uint64_t)digit;
    }
    *ret_value = value;
    return TW_OK;
}

static tw_status take_field(void *context, tw_slice key, tw_json_value *value) {
    payload *read = context;
    tw_slice text = {0};
    if (tw_slice_equal_string(key, "trades"))
        return tw_json_kind_of(value) == TW_JSON_ARRAY ? tw_json_each_item(value, take_trade, read)
                                                       : TW_OK;
    if (tw_slice_equal_string(key, "order"))
        return tw_json_scalar(value, &read->order);
    if (tw_slice_equal_string(key, "symbol"))
        return tw_json_scalar(value, &read->symbol);
    if (tw_slice_equal_string(key, "last")) {
        read->last = true;
        return TW_OK;
    }
    bool is_decision = tw_slice_equal_string(key, "decision");
    bool is_account = tw_slice_equal_string(key, "account");
    if (!is_decision && !is_account && !tw_slice_equal_string(key, "targets"))
        return TW_OK;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK && is_decision)
        return tw_parse_u64(text, &read->decision);
    return status == TW_OK ? parse_hex(text, is_account ? &read->account : &read->targets) : status;
}

static tw_status take_root(void *context, tw_json_value *root) {
    return tw_json_each_field(root, take_field, context);
}

/* Slices of the result live until the next entry. */
static tw_status read_payload(tw_recovery *recovery, const tw_store_record *record,
                              payload *ret_payload) {
    *ret_payload = (payload){.recovery = recovery};
    return tw_json_read(recovery->reader, record->payload, take_root, ret_payload, NULL);
}

/* ---- the journal --------------------------------------------------------------------------- */

static bool is_kind(const tw_store_record *record, const char *kind) {
    return tw_slice_equal_string(record->kind, kind);
}

/* The number after `"decision":` of an entry that names one; 0: it does not. */
static uint64_t decision_of(const tw_store_record *record) {
    static const char key[] = "\"decision\":";
    uint64_t decision = 0;
    const char *at = memmem(record->payload.data, record->payload.size, key, sizeof key - 1);
    if (at == NULL)
        return 0;
    at += sizeof key - 1;
    const char *end = record->payload.data + record->payload.size;
    size_t size = 0;
    while (at + size < end && at[size] >= '0' && at[size] <= '9')
        size++;
    return tw_parse_u64((tw_slice){at, size}, &decision) == TW_OK ? decision : 0;
}

static void seek_plan(tw_recovery *recovery, const tw_store_record *record) {
    if (is_kind(record, "plan") || is_kind(record, "intent") || is_kind(record, "denied") ||
        is_kind(record, "resume"))
        recovery->from = decision_of(record);
    recovery->plan_sought = recovery->from != 0 || is_kind(record, "plan_end");
}

/* Orders whose intents are newer than the entry count besides, and so does each that was sent
 * again. */
static tw_status seek_past(tw_recovery *recovery, const tw_store_record *record) {
    if (is_kind(record, "intent") || is_kind(record, "resend"))
        recovery->past.messages[TW_PRETRADE_SUBMIT]++;
    if (!is_kind(record, "losses"))
        return TW_OK;
    tw_pretrade_past past;
    tw_status status = losses_read(recovery->reader, record->payload, &past);
    if (status != TW_OK)
        return status;
    past.messages[TW_PRETRADE_SUBMIT] += recovery->past.messages[TW_PRETRADE_SUBMIT];
    recovery->past = past;
    recovery->past_ns = record->time_ns;
    recovery->past_sought = true;
    return TW_OK;
}

static void note_account(tw_recovery *recovery, const tw_store_record *record) {
    payload read;
    if (is_kind(record, "account") && read_payload(recovery, record, &read) == TW_OK &&
        read.account != 0)
        recovery->account = read.account;
}

tw_status tw_recovery_seek(tw_recovery *recovery, const tw_store_record *record) {
    if (recovery->account == 0)
        note_account(recovery, record);
    if (!recovery->plan_sought)
        seek_plan(recovery, record);
    tw_status status = recovery->past_sought ? TW_OK : seek_past(recovery, record);
    if (status != TW_OK)
        return status;
    bool found = recovery->plan_sought && recovery->past_sought;
    return found || ++recovery->sought == SEEK_MAX ? TW_EMPTY : TW_OK;
}

int64_t tw_recovery_past(const tw_recovery *recovery, tw_pretrade_past *ret_past) {
    *ret_past = recovery->past;
    return recovery->past_ns;
}

void tw_recovery_forget_losses(tw_recovery *recovery) {
    recovery->past_ns = 0;
}

/* A store belongs to the first account that was traded with it, for good: an engine ends when it
 * meets another. A demo's account, which ends with the run, is none. */
tw_status tw_recovery_take_account(tw_recovery *recovery, const tw_store_record *record) {
    note_account(recovery, record);
    return recovery->account != 0 || record->sequence >= SEEK_MAX ? TW_EMPTY : TW_OK;
}

uint64_t tw_recovery_account(const tw_recovery *recovery) {
    return recovery->account;
}

uint64_t tw_recovery_from(const tw_recovery *recovery) {
    return recovery->from;
}

static void take_part(tw_recovery *recovery, const tw_store_record *record) {
    payload read;
    tw_status status = read_payload(recovery, record, &read);
    recovery->begun = true;
    if (status != TW_OK || recovery->whole) {
        tw_recovery_refuse(recovery, "unreadable");
        return;
    }
    recovery->plan.targets = read.targets;
    recovery->whole = read.last;
}

/* The number of an order of ours, 0 for another's. */
static uint64_t number_of(const tw_recovery *recovery, tw_slice client_order_id) {
    uint64_t number = 0;
    size_t size = strlen(recovery->prefix);
    if (!tw_slice_starts_with(client_order_id, recovery->prefix))
        return 0;
    tw_slice digits = {client_order_id.data + size, client_order_id.size - size};
    return tw_parse_u64(digits, &number) == TW_OK ? number : 0;
}

/* The trade of the plan that an entry is about; NULL, and the plan is refused: there is none. */
static tw_engine_plan_trade *trade_of(tw_recovery *recovery, tw_slice name) {
    tw_symbol symbol = tw_symbols_find(recovery->config.symbols, name);
    uint32_t place = symbol < recovery->config.symbol_count ? recovery->trade_of[symbol] : 0;
    if (place == 0)
        tw_recovery_refuse(recovery, "unreadable");
    return place == 0 ? NULL : &recovery->trades[place - 1];
}

static void take_intent(tw_recovery *recovery, const tw_store_record *record) {
    payload read;
    tw_engine_plan_trade *trade = NULL;
    uint64_t number = 0;
    if (read_payload(recovery, record, &read) == TW_OK) {
        trade = trade_of(recovery, read.symbol);
        number = number_of(recovery, read.order);
    }
    if (number > recovery->intent) /* its row may not have been written */
        recovery->intent = number;
    uint32_t count = recovery->intent_count;
    bool follows = count == 0 || number > recovery->intents[count - 1].number;
    if (trade == NULL || number == 0 || !follows || count == PLAN_ORDERS_MAX) {
        tw_recovery_refuse(recovery, count == PLAN_ORDERS_MAX ? "orders" : "unreadable");
        return;
    }
    recovery->intents[recovery->intent_count++] =
        (plan_intent){.number = number, .trade = (uint32_t)(trade - recovery->trades)};
}

static void take_denied(tw_recovery *recovery, const tw_store_record *record) {
    payload read;
    if (read_payload(recovery, record, &read) != TW_OK) {
        tw_recovery_refuse(recovery, "unreadable");
        return;
    }
    tw_engine_plan_trade *trade = trade_of(recovery, read.symbol);
    if (trade != NULL)
        trade->denied = 1;
}

tw_status tw_recovery_take_record(tw_recovery *recovery, const tw_store_record *record) {
    if (recovery->from == 0 || recovery->ended)
        return TW_OK;
    if (record->sequence == recovery->from) {
        recovery->plan.decision = is_kind(record, "decision") ? recovery->from : 0;
        recovery->plan.decided_ns = record->time_ns;
        recovery->ended = recovery->plan.decision == 0; /* a kill is no plan */
        return TW_OK;
    }
    if (is_kind(record, "quarantine")) /* intents and denials may be among what was set aside */
        tw_recovery_refuse(recovery, "quarantine");
    if (decision_of(record) != recovery->from)
        return TW_OK;
    if (is_kind(record, "plan"))
        take_part(recovery, record);
    else if (is_kind(record, "intent"))
        take_intent(recovery, record);
    else if (is_kind(record, "denied"))
        take_denied(recovery, record);
    else if (is_kind(record, "plan_end"))
        recovery->ended = true;
    return TW_OK;
}

/* ---- orders -------------------------------------------------------------------------------- */

static plan_intent *find_intent(const tw_recovery *recovery, uint64_t number) {
    uint32_t low = 0;
    uint32_t high = recovery->intent_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (recovery->intents[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < recovery->intent_count && recovery->intents[low].number == number;
    return found ? &recovery->intents[low] : NULL;
}

/* Shares of an order that is over are counted; one that may be open is told to the engine, which
 * counts as it learns. */
static void count_for_plan(tw_recovery *recovery, const tw_order *order, uint64_t number,
                           bool final) {
    plan_intent *intent = find_intent(recovery, number);
    if (intent == NULL)
        return;
    tw_engine_plan_trade *trade = &recovery->trades[intent->trade];
    if (order->symbol != trade->symbol || order->side != trade->side || intent->found) {
        tw_recovery_refuse(recovery, "orders");
        return;
    }
    intent->found = true;
    if (final)
        trade->filled.nano += order->filled.nano;
    else
        recovery->orders[recovery->plan.order_count++] = (tw_engine_plan_order){
            .client_order_id = recovery->open[recovery->open_count - 1].client_order_id,
            .trade = intent->trade};
}

tw_status tw_recovery_take_order(tw_recovery *recovery, const tw_order *order) {
    uint64_t number = number_of(recovery, tw_slice_of(order->client_order_id));
    if (!tw_slice_starts_with(tw_slice_of(order->client_order_id), recovery->prefix))
        return TW_OK;
    if (number > recovery->intent)
        recovery->intent = number;
    bool final = tw_order_status_is_final((tw_order_status)order->status);
    if (!final && recovery->open_count == recovery->config.open_count_max)
        return TW_FULL;
    if (!final)
        recovery->open[recovery->open_count++] = *order;
    count_for_plan(recovery, order, number, final);
    return TW_OK;
}

/* ---- from a store -------------------------------------------------------------------------- */

static tw_status on_first(void *context, const tw_store_record *record) {
    return tw_recovery_take_account(context, record);
}

static tw_status on_back(void *context, const tw_store_record *record) {
    return tw_recovery_seek(context, record);
}

static tw_status on_record(void *context, const tw_store_record *record) {
    return tw_recovery_take_record(context, record);
}

static tw_status on_order(void *context, const tw_order *order) {
    return tw_recovery_take_order(context, order);
}

tw_status tw_recovery_read(tw_recovery *recovery, tw_store *store, tw_error *error) {
    uint64_t above = tw_store_quarantines(store) << NUMBERS_BITS;
    if (above > recovery->intent) /* what is in quarantine may have used any number below */
        recovery->intent = above;
    tw_status status =
        tw_store_read_journal_back_checked(store, SEEK_MAX, on_back, recovery, error);
    if (status == TW_PARSE)
        return tw_error_set(
            error, TW_LIMIT,
            "the newest journal entry about losses cannot be read: it is of another "
            "version (--forget-losses begins anew)");
    if (status == TW_OK || status == TW_EMPTY)
        status = tw_store_read_journal_checked(store, 1, on_first, recovery, error);
    if (status == TW_EMPTY)
        status = TW_OK;
    if (status == TW_OK && recovery->from != 0)
        status = tw_store_read_journal_checked(store, recovery->from, on_record, recovery, error);
    return status == TW_OK ? tw_store_read_orders(store, on_order, recovery, error) : status;
}

/* ---- what came of it ----------------------------------------------------------------------- */

uint64_t tw_recovery_intent(const tw_recovery *recovery) {
    return recovery->intent;
}

const tw_order *tw_recovery_open(const tw_recovery *recovery, size_t *ret_count) {
    *ret_count = recovery->open_count;
    return recovery->open;
}

const tw_engine_plan *tw_recovery_plan(tw_recovery *recovery) {
    tw_engine_plan *plan = &recovery->plan;
    if (recovery->ended || plan->decision == 0 || !recovery->begun)
        return NULL;
    if (!recovery->whole)
        tw_recovery_refuse(recovery, "incomplete");
    for (uint32_t i = 0; i < recovery->intent_count; i++) {
        if (!recovery->intents[i].found)
            tw_recovery_refuse(recovery, "orders");
    }
    if (plan->refused[0] != '\0') /* what could not be understood is not handed on */
        plan->trade_count = plan->order_count = 0;
    plan->trades = recovery->trades;
    plan->orders = recovery->orders;
    return plan;
}

tw_status tw_recovery_apply(tw_recovery *recovery, tw_engine *engine, tw_error *error) {
    tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < recovery->open_count; i++) {
        const tw_order *order = &recovery->open[i];
        if (order->symbol >= recovery->config.symbol_count)
            return tw_error_set(error, TW_INVALID,
                                "order %s of an earlier run is of a symbol that is not traded",
                                order->client_order_id);
        status = tw_engine_adopt(engine, order);
    }
    if (status != TW_OK)
        return tw_error_set(error, status, "too many orders of earlier runs are still open");
    const tw_engine_plan *plan = tw_recovery_plan(recovery);
    if (plan == NULL || tw_engine_resume(engine, plan) == TW_OK)
        return TW_OK;
    recovery->plan.trade_count = recovery->plan.order_count = 0;
    tw_recovery_refuse(recovery, "unreadable");
    status = tw_engine_resume(engine, &recovery->plan);
    return status == TW_OK
               ? TW_OK
               : tw_error_set(error, status, "the plan of an earlier run is impossible");
}
