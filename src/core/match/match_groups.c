/*
 * match_groups.c - orders that depend on each other: OCO, OTO, bracket.
 *
 * Idea: a leg names its entry and the other leg, an entry names its legs; there is no more to a
 * group than these names. While the entry lives its legs are held back; when it is filled they
 * forget it, and two legs are an OCO from then on. Numbered invariants are those of match_priv.h.
 */
#include "match_priv.h"

/* ---- What one order's end does to the others --------------------------------------------------
 */

/* An order without kin is alone. */
static void settle_role(match_request *request, match_record *record) {
    if (record->kin[0] != MATCH_NONE || record->kin[1] != MATCH_NONE)
        return;
    record->role = ROLE_ALONE;
    request->state->tied_count--;
}

static void forget(match_request *request, uint32_t index, uint32_t kin) {
    match_record *record = match_record_at(request->match, index);
    for (size_t i = 0; i < 2; i++) {
        if (record->kin[i] == kin)
            record->kin[i] = MATCH_NONE;
    }
}

/* The entry is filled: its legs come in when the trading that goes on is over. */
static void release_legs(match_request *request, uint32_t entry_index) {
    match_record *entry = match_record_at(request->match, entry_index);
    for (size_t i = 0; i < 2; i++) {
        uint32_t leg = entry->kin[i];
        entry->kin[i] = MATCH_NONE;
        if (leg == MATCH_NONE)
            continue;
        forget(request, leg, entry_index);
        settle_role(request, match_record_at(request->match, leg));
        match_line_append(request, leg);
        match_tell_record(request, leg, TW_MATCH_RELEASED);
    }
    settle_role(request, entry);
}

/* M7: what a leg lost the other loses. */
static void other_leg_loses(match_request *request, uint32_t index, int64_t quantity) {
    match_record *leg = match_record_at(request->match, index);
    uint32_t other_index = leg->kin[1];
    if (other_index == MATCH_NONE)
        return;
    if (leg->remaining == 0) {
        forget(request, other_index, index);
        leg->kin[1] = MATCH_NONE;
        settle_role(request, leg);
        settle_role(request, match_record_at(request->match, other_index));
    }
    match_record_withdraw(request, other_index, quantity, TW_MATCH_GROUP);
}

void match_group_traded(match_request *request, uint32_t index, int64_t quantity) {
    match_record *record = match_record_at(request->match, index);
    TW_ASSERT(quantity <= record->remaining);
    record->remaining -= quantity;
    bool filled = record->remaining == 0;
    if (record->role == ROLE_LEG)
        other_leg_loses(request, index, quantity);
    else if (filled && record->role == ROLE_ENTRY)
        release_legs(request, index);
    if (filled)
        match_record_release(request, index);
}

void match_group_reduced(match_request *request, uint32_t index, int64_t quantity) {
    const match_record *record = match_record_at(request->match, index);
    uint32_t kin[2] = {record->kin[0], record->kin[1]};
    for (size_t i = 0; i < 2; i++) {
        if (kin[i] != MATCH_NONE)
            match_record_withdraw(request, kin[i], quantity, TW_MATCH_GROUP);
    }
}

size_t match_group_dissolve(match_request *request, uint32_t index, uint32_t kin[2]) {
    match_record *record = match_record_at(request->match, index);
    size_t count = 0;
    if (record->role == ROLE_ALONE)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        uint32_t at = record->kin[i];
        record->kin[i] = MATCH_NONE;
        if (at != MATCH_NONE)
            kin[count++] = at;
    }
    settle_role(request, record);
    for (size_t i = 0; i < count; i++) {
        match_record *other = match_record_at(request->match, kin[i]);
        other->kin[0] = other->kin[1] = MATCH_NONE;
        settle_role(request, other);
    }
    return count;
}

void match_group_cancel(match_request *request, const uint32_t *kin, size_t count) {
    for (size_t i = 0; i < count; i++)
        match_record_withdraw(request, kin[i], match_record_at(request->match, kin[i])->remaining,
                              TW_MATCH_GROUP);
}

/* ---- Taking a group ---------------------------------------------------------------------------
 */

static bool is_leg(const tw_match_order *order) {
    return order->type != TW_ORDER_MARKET && order->post_only == 0 &&
           (order->time_in_force == TW_DAY || order->time_in_force == TW_GOOD_TILL_CANCELED);
}

/* The legs are for as much as each other, and for no less than what the entry has open: it may have
 * been filled in part before. */
static bool is_for_enough(tw_match_group kind, const tw_match_order *orders, size_t at) {
    int64_t first = orders[0].quantity.nano;
    if (kind == TW_MATCH_OCO)
        return orders[at].quantity.nano == first;
    return orders[at].quantity.nano == orders[1].quantity.nano && orders[1].quantity.nano >= first;
}

/* Whether an order that is good by itself is that of its place in the group. */
static bool fits(tw_match_group kind, const tw_match_order *orders, size_t at) {
    const tw_match_order *first = &orders[0];
    const tw_match_order *order = &orders[at];
    uint8_t side = kind == TW_MATCH_OCO ? first->side : match_opposite(first->side);
    if ((at > 0 || kind == TW_MATCH_OCO) && !is_leg(order))
        return false;
    for (size_t i = 0; i < at; i++) {
        if (orders[i].id == order->id)
            return false;
    }
    return at == 0 || (order->side == side && order->symbol == first->symbol &&
                       order->owner == first->owner && is_for_enough(kind, orders, at));
}

/* Why a group cannot be taken; *ret_at: which order of it. */
static tw_match_reason examine(const match_request *request, tw_match_group kind,
                               const tw_match_order *orders, size_t count, size_t *ret_at) {
    const tw_match *match = request->match;
    for (size_t i = 0; i < count; i++) {
        *ret_at = i;
        tw_match_reason reason = match_examine(request, &orders[i]);
        if (reason == TW_MATCH_NO_REASON && !fits(kind, orders, i))
            reason = TW_MATCH_BAD_GROUP;
        if (reason != TW_MATCH_NO_REASON)
            return reason;
    }
    *ret_at = 0;
    return match->config.special_count_max - match->record_count < count ? TW_MATCH_NO_ROOM
                                                                         : TW_MATCH_NO_REASON;
}

static void name_kin(match_request *request, tw_match_group kind, const uint32_t *made) {
    tw_match *match = request->match;
    if (kind == TW_MATCH_OCO) {
        match_record_at(match, made[0])->kin[1] = made[1];
        match_record_at(match, made[1])->kin[1] = made[0];
        return;
    }
    match_record_at(match, made[0])->kin[0] = made[1];
    match_record_at(match, made[1])->kin[0] = made[0];
    if (kind == TW_MATCH_OTO)
        return;
    match_record_at(match, made[0])->kin[1] = made[2];
    match_record_at(match, made[2])->kin[0] = made[0];
    match_record_at(match, made[1])->kin[1] = made[2];
    match_record_at(match, made[2])->kin[1] = made[1];
}

static void take(match_request *request, tw_match_group kind, const tw_match_order *orders,
                 size_t count) {
    tw_match *match = request->match;
    uint32_t made[TW_MATCH_GROUP_COUNT_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        made[i] = match_record_make(request, &orders[i]);
        bool leads = i == 0 && kind != TW_MATCH_OCO;
        match_record_at(match, made[i])->role = leads ? ROLE_ENTRY : ROLE_LEG;
    }
    request->state->tied_count += (uint32_t)count;
    name_kin(request, kind, made);
    for (size_t i = 0; i < count; i++) {
        bool held = i > 0 && kind != TW_MATCH_OCO;
        match_record *record = match_record_at(match, made[i]);
        if (held)
            record->place = TW_MATCH_HELD_BACK;
        else if (!match_is_for_auction(record->time_in_force))
            match_line_append(request, made[i]);
        match->counters.accepted++;
        match->counters.quantity_entered += (uint64_t)record->remaining;
        match_tell_record(request, made[i], held ? TW_MATCH_HELD : TW_MATCH_ACCEPTED);
    }
    if (match_is_for_auction(orders[0].time_in_force))
        match_auction_enter(request, made[0]);
    match_line_run(request);
}

tw_status tw_match_submit_group(tw_match *match, tw_match_group kind, const tw_match_order *orders,
                                size_t count, const tw_match_sink *sink) {
    TW_ASSERT(orders != NULL && count > 0 && count <= TW_MATCH_GROUP_COUNT_MAX);
    match_request request = match_begin(match, orders[0].symbol, sink);
    size_t at = 0;
    tw_match_reason reason = TW_MATCH_BAD_GROUP;
    if (kind >= TW_MATCH_OCO && kind <= TW_MATCH_BRACKET &&
        count == (kind == TW_MATCH_BRACKET ? 3 : 2))
        reason = examine(&request, kind, orders, count, &at);
    if (reason != TW_MATCH_NO_REASON) {
        const tw_match_order *order = &orders[at];
        return match_reject(&request, reason,
                            &(tw_match_event){.id = order->id,
                                              .owner = order->owner,
                                              .quantity = order->quantity,
                                              .side = order->side});
    }
    take(&request, kind, orders, count);
    match_finish(&request);
    return TW_OK;
}
