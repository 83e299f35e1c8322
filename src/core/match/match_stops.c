/*
 * match_stops.c - orders that wait for a price.
 *
 * Idea: the stops of a side of a symbol are a pairing heap with the nearest to the market on top,
 * so a price asks only whether it reaches the top (Fredman, Sedgewick, Sleator and Tarjan, The
 * Pairing Heap, Algorithmica 1, 1986: O(1) to put in, O(log n) amortised to take out).
 *
 * A trailing stop stands a trail away from its mark, and a new high moves the marks of all trailing
 * sells that it passes. These have the same mark from then on, for ever, and among orders of one
 * mark the one with the least trail is reached first. So trailing stops of one mark and one kind of
 * trail are a heap by trail, of which only the top is in the heap of stops; and when marks become
 * one their heaps are melded. Each order is moved once by its own mark becoming another's, never
 * again one by one. Numbered invariants are those of match_priv.h.
 */
#include "match_priv.h"

__extension__ typedef __int128 wide;

#define PERCENT_NANO INT64_C(100000000000) /* 100 percent */

static size_t side_index(uint8_t side) {
    return side == TW_SIDE_SELL;
}

/* ---- Heaps ------------------------------------------------------------------------------------
 */

/* The less, the earlier its turn: ~ turns the order of sells round. */
static int64_t key_in(const match_record *record, match_heap heap) {
    if (heap == HEAP_OF_MARK)
        return record->trail;
    return record->side == TW_SIDE_SELL ? ~record->stop : record->stop;
}

static bool is_before(const match_record *a, const match_record *b, match_heap heap) {
    int64_t key_a = key_in(a, heap);
    int64_t key_b = key_in(b, heap);
    return key_a != key_b ? key_a < key_b : a->age < b->age;
}

static match_heap_link *link_of(const tw_match *match, uint32_t index, match_heap heap) {
    return &match->records[index].links[heap];
}

/* Makes one heap of two, whose roots have no siblings. */
static uint32_t meld(tw_match *match, match_heap heap, uint32_t a, uint32_t b) {
    if (a == MATCH_NONE || b == MATCH_NONE)
        return a + b;
    if (!is_before(&match->records[a], &match->records[b], heap)) {
        uint32_t swap = a;
        a = b;
        b = swap;
    }
    match_heap_link *top = link_of(match, a, heap);
    match_heap_link *under = link_of(match, b, heap);
    under->previous = a;
    under->next = top->child;
    if (top->child != MATCH_NONE)
        link_of(match, top->child, heap)->previous = b;
    top->child = b;
    return a;
}

/* The first of a list of siblings, made a root; *ret_rest is what follows it. */
static uint32_t cut_first(tw_match *match, match_heap heap, uint32_t first, uint32_t *ret_rest) {
    if (first == MATCH_NONE) {
        *ret_rest = MATCH_NONE;
        return MATCH_NONE;
    }
    match_heap_link *link = link_of(match, first, heap);
    *ret_rest = link->next;
    link->next = MATCH_NONE;
    link->previous = MATCH_NONE;
    return first;
}

/* Makes one heap of siblings: in pairs, and these from the last to the first. */
static uint32_t meld_siblings(tw_match *match, match_heap heap, uint32_t first) {
    uint32_t pairs = MATCH_NONE; /* the last pair first */
    while (first != MATCH_NONE) {
        uint32_t a = cut_first(match, heap, first, &first);
        uint32_t b = cut_first(match, heap, first, &first);
        uint32_t pair = meld(match, heap, a, b);
        link_of(match, pair, heap)->next = pairs;
        pairs = pair;
    }
    uint32_t root = MATCH_NONE;
    while (pairs != MATCH_NONE) {
        uint32_t pair = cut_first(match, heap, pairs, &pairs);
        root = meld(match, heap, root, pair);
    }
    return root;
}

static void put_in(tw_match *match, match_heap heap, uint32_t *root, uint32_t index) {
    *link_of(match, index, heap) = (match_heap_link){0};
    *root = meld(match, heap, *root, index);
}

static void take_out(tw_match *match, match_heap heap, uint32_t *root, uint32_t index) {
    match_heap_link link = *link_of(match, index, heap);
    if (index == *root) {
        *root = MATCH_NONE;
    } else {
        match_heap_link *before = link_of(match, link.previous, heap);
        if (before->child == index)
            before->child = link.next;
        else
            before->next = link.next;
        if (link.next != MATCH_NONE)
            link_of(match, link.next, heap)->previous = link.previous;
    }
    *root = meld(match, heap, *root, meld_siblings(match, heap, link.child));
    *link_of(match, index, heap) = (match_heap_link){0};
}

/* ---- Prices -----------------------------------------------------------------------------------
 */

/* Whether a price reaches a stop of a side. */
static bool reaches(uint8_t side, int64_t price, int64_t stop) {
    return side == TW_SIDE_SELL ? price <= stop : price >= stop;
}

/* Whether a price moves a mark of a side. */
static bool passes(uint8_t side, int64_t price, int64_t mark) {
    return side == TW_SIDE_SELL ? price > mark : price < mark;
}

/* Where a trailing stop stands; at the ends of what there is it stays there. */
static int64_t stop_of(const match_record *record, int64_t mark) {
    wide distance = record->trail;
    if (record->by_percent)
        distance = (mark < 0 ? -(wide)mark : mark) * record->trail / PERCENT_NANO;
    wide stop = record->side == TW_SIDE_SELL ? mark - distance : mark + distance;
    if (stop > INT64_MAX)
        return INT64_MAX;
    return stop < INT64_MIN ? INT64_MIN : (int64_t)stop;
}

static bool trail_is_good(int64_t price, int64_t percent) {
    if (price != 0)
        return percent == 0 && price > 0;
    return percent > 0 && percent < PERCENT_NANO;
}

tw_match_reason match_stop_examine(const tw_match *match, const tw_match_order *order) {
    if (order->type == TW_ORDER_TRAILING_STOP)
        return trail_is_good(order->trail_price.nano, order->trail_percent_nano)
                   ? TW_MATCH_NO_REASON
                   : TW_MATCH_BAD_TRAIL;
    if (match_is_stop(order->type) && !match_price_is_good(match, order->stop_price))
        return TW_MATCH_BAD_PRICE;
    return TW_MATCH_NO_REASON;
}

/* Whether the mark that a trailing stop brought counts: the last trade has not passed it. */
static bool brings_mark(const match_symbol *state, const match_record *record) {
    return state->has_traded && record->start != 0 &&
           passes(record->side, record->start, state->last_price);
}

bool match_stop_is_reached(const tw_match *match, match_record *record) {
    const match_symbol *state = &match->symbols[record->symbol];
    if (record->type == TW_ORDER_TRAILING_STOP) {
        if (!brings_mark(state, record))
            return false;
        record->stop = stop_of(record, record->start);
    }
    return state->has_traded && reaches(record->side, state->last_price, record->stop);
}

/* ---- Marks ------------------------------------------------------------------------------------
 */

static uint32_t *newest_of(tw_match *match, const match_mark *mark) {
    return &match->symbols[mark->symbol].marks[side_index(mark->side)][mark->by_percent];
}

static uint32_t *stops_of(tw_match *match, const match_mark *mark) {
    return &match->symbols[mark->symbol].stops[side_index(mark->side)];
}

/* M9: takes the one that leads a mark out of the heap of stops, before the mark changes ... */
static void mark_lift(tw_match *match, match_mark *mark) {
    if (mark->known && mark->root != MATCH_NONE)
        take_out(match, HEAP_OF_STOPS, stops_of(match, mark), mark->root);
}

static void mark_drop(tw_match *match, uint32_t index) {
    match_mark *mark = &match->marks[index];
    if (mark->newer != MATCH_NONE)
        match->marks[mark->newer].older = mark->older;
    else
        *newest_of(match, mark) = mark->older;
    if (mark->older != MATCH_NONE)
        match->marks[mark->older].newer = mark->newer;
    *mark = (match_mark){.older = match->mark_free};
    match->mark_free = index;
}

/* ... and puts the one in that leads it now. A mark of nobody goes. */
static void mark_settle(tw_match *match, uint32_t index) {
    match_mark *mark = &match->marks[index];
    if (mark->root == MATCH_NONE) {
        mark_drop(match, index);
        return;
    }
    match_record *first = &match->records[mark->root];
    first->mark = index;
    if (!mark->known)
        return;
    first->stop = stop_of(first, mark->price);
    put_in(match, HEAP_OF_STOPS, stops_of(match, mark), mark->root);
}

/* A mark at the front of its list; nobody has it yet. */
static uint32_t mark_make(tw_match *match, match_mark figures) {
    uint32_t index = match->mark_free;
    if (index == MATCH_NONE)
        index = match->mark_high++;
    else
        match->mark_free = match->marks[index].older;
    uint32_t *newest = newest_of(match, &figures);
    figures.older = *newest;
    if (*newest != MATCH_NONE)
        match->marks[*newest].newer = index;
    *newest = index;
    match->marks[index] = figures;
    return index;
}

/* The mark of a price in the list of a kind of trail; if it lacks one, it is put where it belongs
 * (M8). */
static uint32_t same_mark(tw_match *match, const match_mark *from, bool by_percent) {
    match_mark figures = *from;
    figures.by_percent = by_percent;
    figures.root = figures.older = figures.newer = MATCH_NONE;
    uint32_t at = *newest_of(match, &figures);
    uint32_t newer = MATCH_NONE;
    while (at != MATCH_NONE && match->marks[at].price != figures.price &&
           passes(from->side, figures.price, match->marks[at].price)) {
        newer = at;
        at = match->marks[at].older;
    }
    if (at != MATCH_NONE && match->marks[at].price == figures.price)
        return at;
    uint32_t index = mark_make(match, figures);
    if (newer == MATCH_NONE)
        return index;
    match_mark *made = &match->marks[index];
    *newest_of(match, &figures) = made->older; /* from the front to behind `newer` */
    match->marks[made->older].newer = MATCH_NONE;
    made->newer = newer;
    made->older = at;
    match->marks[newer].older = index;
    if (at != MATCH_NONE)
        match->marks[at].newer = index;
    return index;
}

/* The mark that an order has which comes now (M8). */
static uint32_t mark_for(tw_match *match, const match_record *record) {
    const match_symbol *state = &match->symbols[record->symbol];
    if (brings_mark(state, record))
        return same_mark(match,
                         &(match_mark){.price = record->start,
                                       .symbol = record->symbol,
                                       .side = record->side,
                                       .known = true},
                         record->by_percent);
    uint32_t newest = state->marks[side_index(record->side)][record->by_percent];
    if (newest != MATCH_NONE &&
        (!state->has_traded || match->marks[newest].price == state->last_price))
        return newest;
    return mark_make(match, (match_mark){.price = state->last_price,
                                         .symbol = record->symbol,
                                         .side = record->side,
                                         .by_percent = record->by_percent,
                                         .known = state->has_traded});
}

/* M8: a price makes one mark of all that it passes. */
static void marks_see(match_request *request, uint8_t side, bool by_percent, int64_t price) {
    tw_match *match = request->match;
    uint32_t *newest = &request->state->marks[side_index(side)][by_percent];
    uint32_t heap = MATCH_NONE;
    bool any = false;
    while (*newest != MATCH_NONE) {
        match_mark *mark = &match->marks[*newest];
        if (mark->known && !passes(side, price, mark->price))
            break;
        mark_lift(match, mark);
        heap = meld(match, HEAP_OF_MARK, heap, mark->root);
        mark_drop(match, *newest);
        any = true;
    }
    if (!any)
        return;
    uint32_t index = *newest;
    if (index == MATCH_NONE || match->marks[index].price != price)
        index = mark_make(match, (match_mark){.price = price,
                                              .symbol = request->symbol,
                                              .side = side,
                                              .by_percent = by_percent,
                                              .known = true});
    else
        mark_lift(match, &match->marks[index]);
    match->marks[index].root = meld(match, HEAP_OF_MARK, match->marks[index].root, heap);
    mark_settle(match, index);
}

/* The mark of an order that waits: the root of its heap knows. */
static uint32_t mark_of(const tw_match *match, uint32_t index) {
    while (link_of(match, index, HEAP_OF_MARK)->previous != MATCH_NONE)
        index = link_of(match, index, HEAP_OF_MARK)->previous;
    return match->records[index].mark;
}

/* ---- Waiting ----------------------------------------------------------------------------------
 */

static void enter_mark(tw_match *match, uint32_t mark_index, uint32_t index) {
    match_mark *mark = &match->marks[mark_index];
    mark_lift(match, mark);
    put_in(match, HEAP_OF_MARK, &mark->root, index);
    mark_settle(match, mark_index);
}

void match_stop_park(tw_match *match, uint32_t index) {
    match_record *record = &match->records[index];
    record->place = TW_MATCH_WAITING;
    if (record->type == TW_ORDER_TRAILING_STOP)
        enter_mark(match, mark_for(match, record), index);
    else
        put_in(match, HEAP_OF_STOPS,
               &match->symbols[record->symbol].stops[side_index(record->side)], index);
}

void match_stop_lift(tw_match *match, uint32_t index) {
    match_record *record = &match->records[index];
    TW_ASSERT(record->place == TW_MATCH_WAITING);
    record->place = 0;
    if (record->type != TW_ORDER_TRAILING_STOP) {
        take_out(match, HEAP_OF_STOPS,
                 &match->symbols[record->symbol].stops[side_index(record->side)], index);
        return;
    }
    uint32_t mark_index = mark_of(match, index);
    match_mark *mark = &match->marks[mark_index];
    mark_lift(match, mark);
    take_out(match, HEAP_OF_MARK, &mark->root, index);
    mark_settle(match, mark_index);
}

void match_stop_set_trail(tw_match *match, uint32_t index, int64_t trail, bool by_percent) {
    match_record *record = &match->records[index];
    uint32_t from_index = mark_of(match, index);
    match_mark *from = &match->marks[from_index];
    uint32_t into_index = from_index;
    if (by_percent != record->by_percent)
        into_index = same_mark(match, from, by_percent);
    mark_lift(match, from);
    take_out(match, HEAP_OF_MARK, &from->root, index);
    record->trail = trail;
    record->by_percent = by_percent;
    if (into_index == from_index)
        put_in(match, HEAP_OF_MARK, &from->root, index);
    else
        enter_mark(match, into_index, index);
    mark_settle(match, from_index);
}

bool match_stop_read(const tw_match *match, uint32_t index, int64_t *ret_stop, int64_t *ret_mark) {
    const match_mark *mark = &match->marks[mark_of(match, index)];
    if (!mark->known)
        return false;
    *ret_mark = mark->price;
    *ret_stop = stop_of(&match->records[index], mark->price);
    return true;
}

void match_tell_stop(match_request *request, uint32_t index, tw_match_event_kind kind) {
    const match_record *record = &request->match->records[index];
    tw_match_event event = match_about_record(record, kind);
    event.price.nano = record->stop;
    int64_t mark = 0;
    if (record->type == TW_ORDER_TRAILING_STOP && record->place == TW_MATCH_WAITING)
        (void)match_stop_read(request->match, index, &event.price.nano, &mark);
    match_tell(request, &event);
}

/* ---- Trades -----------------------------------------------------------------------------------
 */

/* Lines up the stops of a side that a price reaches. */
static void trigger(match_request *request, uint8_t side, int64_t price) {
    tw_match *match = request->match;
    uint32_t *root = &request->state->stops[side_index(side)];
    while (*root != MATCH_NONE && reaches(side, price, match->records[*root].stop)) {
        uint32_t index = *root;
        match_stop_lift(match, index);
        match->records[index].triggered = true;
        match_line_append(request, index);
        match_tell_stop(request, index, TW_MATCH_TRIGGERED);
    }
}

void match_stops_see(match_request *request, int64_t price) {
    match_symbol *state = request->state;
    state->has_traded = true;
    state->last_price = price;
    if (state->record_count == 0)
        return;
    marks_see(request, TW_SIDE_SELL, false, price);
    marks_see(request, TW_SIDE_SELL, true, price);
    marks_see(request, TW_SIDE_BUY, false, price);
    marks_see(request, TW_SIDE_BUY, true, price);
    trigger(request, TW_SIDE_SELL, price);
    trigger(request, TW_SIDE_BUY, price);
}

/* One taker's prices run one way, so what any of them reaches the last one does, or the first; and
 * the first also does what is only on its way, which is to move marks. */
void match_stops_look(match_request *request) {
    if (!request->has_traded)
        return;
    request->has_traded = false;
    int64_t last = request->last_price;
    match_stops_see(request, request->first_price);
    if (last != request->first_price)
        match_stops_see(request, last);
}

/* ---- Checks -----------------------------------------------------------------------------------
 */

/* The nodes under a root, which are in order; climbs instead of recursing. */
static uint32_t check_heap(const tw_match *match, match_heap heap, uint32_t root) {
    uint32_t count = 0;
    uint32_t at = root;
    TW_ASSERT(root == MATCH_NONE || link_of(match, root, heap)->previous == MATCH_NONE);
    while (at != MATCH_NONE) {
        const match_heap_link *link = link_of(match, at, heap);
        TW_ASSERT(match->records[at].place == TW_MATCH_WAITING);
        count++;
        if (link->child != MATCH_NONE) {
            TW_ASSERT(link_of(match, link->child, heap)->previous == at);
            TW_ASSERT(is_before(&match->records[at], &match->records[link->child], heap));
            at = link->child;
            continue;
        }
        while (at != MATCH_NONE && link_of(match, at, heap)->next == MATCH_NONE) {
            uint32_t up = link_of(match, at, heap)->previous;
            while (up != MATCH_NONE && link_of(match, up, heap)->child != at) {
                at = up; /* to the first of the siblings */
                up = link_of(match, at, heap)->previous;
            }
            at = up;
        }
        if (at != MATCH_NONE)
            at = link_of(match, at, heap)->next;
    }
    return count;
}

/* The orders of the marks of one list; *ret_leading: marks that are in the heap of stops. */
static uint32_t check_marks(const tw_match *match, const match_symbol *state, uint32_t at,
                            uint32_t *ret_leading) {
    uint32_t count = 0;
    for (; at != MATCH_NONE; at = match->marks[at].older) {
        const match_mark *mark = &match->marks[at];
        const match_record *first = &match->records[mark->root];
        TW_ASSERT(mark->root != MATCH_NONE && first->mark == at); /* M8 */
        TW_ASSERT(mark->known == state->has_traded);
        TW_ASSERT(!mark->known || first->stop == stop_of(first, mark->price));
        TW_ASSERT(mark->known || mark->older == MATCH_NONE);
        TW_ASSERT(!mark->known || !passes(mark->side, state->last_price, mark->price));
        if (mark->older != MATCH_NONE)
            TW_ASSERT(passes(mark->side, match->marks[mark->older].price, mark->price));
        count += check_heap(match, HEAP_OF_MARK, mark->root);
        *ret_leading += mark->known;
    }
    return count;
}

uint32_t match_stops_check(const tw_match *match, tw_symbol symbol) {
    const match_symbol *state = &match->symbols[symbol];
    uint32_t count = 0;
    for (size_t side = 0; side < 2; side++) {
        uint32_t leading = 0;
        uint32_t trailing = check_marks(match, state, state->marks[side][0], &leading);
        trailing += check_marks(match, state, state->marks[side][1], &leading);
        uint32_t stops = check_heap(match, HEAP_OF_STOPS, state->stops[side]);
        TW_ASSERT(stops >= leading); /* M9 */
        count += stops - leading + trailing;
        uint32_t root = state->stops[side];
        if (root != MATCH_NONE && state->has_traded)
            TW_ASSERT(!reaches((uint8_t)(side + 1), state->last_price, match->records[root].stop));
    }
    return count;
}
