/*
 * match_priv.h - what the files of match share.
 *
 * An order that only rests is the book's, and nothing is known of it here but what the book knows.
 * Every other live order (one that has a stop, waits, or depends on others) is special and has a
 * record, wherever it is; also while it rests in the book, if it is in a group.
 *
 * The invariants, numbered here and cited where they are relied on; tw_match_check asserts those
 * that can be seen between requests.
 *
 * M1  Every request is examined whole before it writes; a rejected one leaves all as it was.
 * M2  An event is told after the book shows it.
 * M3  A trade moves one quantity from the maker and from the taker; every quantity that entered
 *     has been bought, sold or withdrawn, or rests, waits or is held (modulo 2^64).
 * M4  While a request is under way no other begins.
 * M5  Between requests a book is neither crossed nor locked, but in an auction: orders that cross
 *     trade or go.
 * M6  A record is in the map under its key; its place says where else: IN_BOOK, the book holds its
 *     `remaining`; WAITING, it is in the heap of its stop or in that of its mark; LINED_UP, in the
 *     line of its symbol; HELD_BACK, nowhere else; AT_AUCTION, in the list of its symbol's
 *     auctions, in which orders for an auction are also while they rest.
 * M7  Both live legs of a group have the same `remaining`.
 * M8  The marks of trailing sells stand in a list, the newest first, each higher than the one
 *     before it (of buys, lower); the newest is no lower than the last trade. So a new high passes
 *     marks from the front of the list only, and these become one.
 * M9  Of the trailing stops of a mark only that of the least trail is in the heap of stops, and no
 *     other can be reached before it.
 */
#ifndef TRADEWIND_CORE_MATCH_PRIV_H
#define TRADEWIND_CORE_MATCH_PRIV_H

#include "tradewind/map.h"
#include "tradewind/match.h"

#define MATCH_NONE UINT32_C(0)

/* An order may be in two heaps at once: that of the stops, and that of its mark. */
typedef enum match_heap { HEAP_OF_STOPS = 0, HEAP_OF_MARK = 1 } match_heap;

typedef struct match_heap_link {
    uint32_t child;    /* the first */
    uint32_t next;     /* sibling */
    uint32_t previous; /* sibling, or the parent of a first child; nobody: the root */
} match_heap_link;

typedef enum match_role { ROLE_ALONE = 0, ROLE_ENTRY = 1, ROLE_LEG = 2 } match_role;

typedef struct match_record {
    uint64_t id;
    uint64_t owner;
    uint64_t age; /* grows: the less, the older */
    int64_t price;
    int64_t stop;  /* of a trailing one: where it is, if it leads its mark (M9) */
    int64_t trail; /* a price, or 1e-9 of a percent */
    int64_t start; /* the mark that a trailing one brought; 0: none */
    int64_t remaining;
    match_heap_link links[2];
    uint32_t next; /* in the line, or the list of auctions; of a free record the next free one */
    uint32_t previous;
    uint32_t same_key; /* another record with this key of the map */
    uint32_t mark;     /* of the root of a mark's heap */
    uint32_t kin[2];   /* of an entry: its legs; of a leg: the entry, the other leg */
    uint32_t pass;     /* see is_fillable */
    tw_symbol symbol;
    uint8_t side;
    uint8_t type;
    uint8_t time_in_force;
    uint8_t place; /* tw_match_place; 0: the record is free, or its order is on its way in */
    uint8_t role;  /* match_role */
    bool post_only;
    bool by_percent; /* `trail` is */
    bool triggered;
} match_record;

/* The trailing stops that have seen the same highest (lowest) price. */
typedef struct match_mark {
    int64_t price;
    uint32_t root; /* of their heap */
    uint32_t older;
    uint32_t newer;
    tw_symbol symbol;
    uint8_t side;
    bool by_percent;
    bool known; /* false: no trade yet */
} match_mark;

typedef struct match_list {
    uint32_t first;
    uint32_t last;
} match_list;

typedef struct match_symbol {
    tw_quote best;     /* as it was told last */
    uint64_t revision; /* of the book, when best was read */
    int64_t last_price;
    uint32_t record_count;
    uint32_t tied_count; /* records in a group and those for an auction, which may rest */
    uint8_t auction;     /* tw_match_auction; 0: none */
    bool halted;
    bool has_traded; /* last_price is one */
    match_list line;
    match_list auctions;  /* orders for auctions, and market orders that wait for one */
    uint32_t stops[2];    /* heaps, 0 buys, 1 sells */
    uint32_t marks[2][2]; /* by side and by_percent, the newest */
} match_symbol;

struct tw_match {
    tw_book *book;
    match_symbol *symbols;
    match_record *records; /* NULL when there are to be none; the first is nobody */
    match_mark *marks;     /* as many */
    tw_map *ids;           /* of records */
    uint32_t record_free;
    uint32_t record_high; /* the first that was never used */
    uint32_t record_count;
    uint32_t mark_free;
    uint32_t mark_high;
    uint32_t pass;
    uint64_t age;
    uint64_t sequence;
    tw_match_config config;
    tw_match_counters counters;
    bool busy; /* M4 */
    tw_allocator allocator;
};

/* One request under way. */
typedef struct match_request {
    tw_match *match;
    const tw_match_sink *sink;
    match_symbol *state; /* NULL when the symbol is unknown */
    tw_symbol symbol;
    bool disturbed;      /* a trade changed more of the book than its maker */
    bool has_traded;     /* since stops last looked */
    int64_t first_price; /* of these trades, and */
    int64_t last_price;  /* of the last: prices run one way in between */
} match_request;

/* The incoming order; `remaining` is what has not traded yet. */
typedef struct match_taker {
    uint64_t id;
    uint64_t owner;
    int64_t price;
    int64_t remaining;
    uint32_t record; /* if it has one that outlives its coming in */
    bool limited;    /* by `price` */
    uint8_t side;
} match_taker;

static inline match_record *match_record_at(const tw_match *match, uint32_t index) {
    return &match->records[index];
}

static inline uint8_t match_opposite(uint8_t side) {
    return side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
}

static inline bool match_is_stop(uint8_t type) {
    return type == TW_ORDER_STOP || type == TW_ORDER_STOP_LIMIT || type == TW_ORDER_TRAILING_STOP;
}

static inline bool match_is_limited(uint8_t type) {
    return type == TW_ORDER_LIMIT || type == TW_ORDER_STOP_LIMIT;
}

static inline bool match_is_for_auction(uint8_t time_in_force) {
    return time_in_force == TW_AT_OPEN || time_in_force == TW_AT_CLOSE;
}

/* An event that says nothing yet, made field by field: where a whole one may be cleared at once,
 * gcc does it by an instruction that takes longer than matching. For the events of every day. */
static inline void match_event_init(tw_match_event *event, tw_match_event_kind kind) {
    event->trade_id = 0;
    event->id = 0;
    event->owner = 0;
    event->maker_id = 0;
    event->maker_owner = 0;
    event->previous_id = 0;
    event->previous_price.nano = 0;
    event->price.nano = 0;
    event->quantity.nano = 0;
    event->remaining.nano = 0;
    event->maker_remaining.nano = 0;
    event->kind = (uint8_t)kind;
    event->reason = 0;
    event->side = 0;
    event->flags = 0;
}

/* Tells an event, whose sequence and symbol are filled in here. */
static inline void match_tell(match_request *request, tw_match_event *event) {
    event->sequence = ++request->match->sequence;
    event->symbol = request->symbol;
    request->sink->event(request->sink->context, event);
}

/* ---- match.c ------------------------------------------------------------------------------- */

/* Lets an order trade, and its rest rest or go. Its stops have not looked yet. */
void match_work(match_request *request, match_taker *taker, tw_time_in_force time_in_force);
/* Begins and ends a request; between them nothing is rejected any more. */
match_request match_begin(tw_match *match, tw_symbol symbol, const tw_match_sink *sink);
void match_finish(match_request *request);
/* Ends a request that was found wanting. */
tw_status match_reject(match_request *request, tw_match_reason reason, tw_match_event *event);
/* Whether an order could be taken. */
tw_match_reason match_examine(const match_request *request, const tw_match_order *order);
tw_match_event match_about_taker(const match_taker *taker, tw_match_event_kind kind);
bool match_price_is_good(const tw_match *match, tw_price price);
bool match_id_is_taken(const match_request *request, uint64_t id);
/* Puts an order into the book. */
void match_rest(match_request *request, const match_taker *taker);
/* Counts a trade that the book shows, and tells it. */
void match_trade_told(match_request *request, tw_match_event *trade);
/* Whether the other leg of an order's group was met since match->pass grew: both together trade
 * what one has. */
bool match_leg_was_met(tw_match *match, tw_symbol symbol, uint64_t id);

/* ---- match_records.c ----------------------------------------------------------------------- */

tw_status match_records_init(tw_match *match);
void match_records_done(tw_match *match);
/* The record of an order, or MATCH_NONE. */
uint32_t match_record_find(const tw_match *match, tw_symbol symbol, uint64_t id);
/* Makes one; there is room. */
uint32_t match_record_make(match_request *request, const tw_match_order *order);
/* Forgets one that is in no heap, no line and no group. */
void match_record_release(match_request *request, uint32_t index);
/* Gives it another id, which is free. */
void match_record_rename(tw_match *match, uint32_t index, uint64_t id);
tw_match_event match_about_record(const match_record *record, tw_match_event_kind kind);
void match_tell_record(match_request *request, uint32_t index, tw_match_event_kind kind);
/* Reads it as the book would tell it. */
void match_record_view(const tw_match *match, uint32_t index, tw_book_view *ret_view);
/* Takes at most what there is off an order, wherever it is, tells it, and does to its group what
 * follows from it. */
void match_record_take_off(match_request *request, uint32_t index, int64_t quantity,
                           tw_match_reason reason);
/* The same for an order alone. Its record is released when nothing is left of it. */
void match_record_withdraw(match_request *request, uint32_t index, int64_t quantity,
                           tw_match_reason reason);
/* Changes an order that does not rest. It is examined. */
void match_record_replace(match_request *request, uint32_t index,
                          const tw_match_replacement *replacement);

/* ---- match_stops.c ------------------------------------------------------------------------- */

/* Why an order cannot be a stop; NO_REASON when it is none. */
tw_match_reason match_stop_examine(const tw_match *match, const tw_match_order *order);
/* Puts a stop where it waits. A trailing one is new: its mark is the last trade, or what it brought
 * if that is farther from its stop. */
void match_stop_park(tw_match *match, uint32_t index);
/* Takes it out. */
void match_stop_lift(tw_match *match, uint32_t index);
/* Gives a trailing stop that waits another trail; it keeps its mark. */
void match_stop_set_trail(tw_match *match, uint32_t index, int64_t trail, bool by_percent);
/* Whether the last trade has reached a stop that does not wait. A trailing one it has reached only
 * if that brought a mark; its stop is put where that has it. */
bool match_stop_is_reached(const tw_match *match, match_record *record);
/* Tells that a stop waits, or that it was reached. */
void match_tell_stop(match_request *request, uint32_t index, tw_match_event_kind kind);
/* Where a waiting trailing stop stands; false before the first trade. */
bool match_stop_read(const tw_match *match, uint32_t index, int64_t *ret_stop, int64_t *ret_mark);
/* Stops look at the trades that were made since they last did. */
void match_stops_look(match_request *request);
/* Stops look at one price. */
void match_stops_see(match_request *request, int64_t price);
/* Asserts what can be said of all stops of a symbol; returns how many wait. */
uint32_t match_stops_check(const tw_match *match, tw_symbol symbol);

/* ---- match_auction.c ----------------------------------------------------------------------- */

/* An order for an auction, or a market order in one, was accepted. */
void match_auction_enter(match_request *request, uint32_t index);

/* ---- match_line.c -------------------------------------------------------------------------- */

void match_list_append(tw_match *match, match_list *list, uint32_t index);
void match_list_leave(tw_match *match, match_list *list, uint32_t index);
void match_line_append(match_request *request, uint32_t index);
void match_line_leave(tw_match *match, uint32_t index);
/* Lets in whoever is lined up, and whom that lines up. Nobody in a halt or an auction. */
void match_line_run(match_request *request);

/* ---- match_groups.c ------------------------------------------------------------------------ */

/* An order with a record traded. The record is released when it is filled. */
void match_group_traded(match_request *request, uint32_t index, int64_t quantity);
/* A quantity was taken off an order, by request; it lives. */
void match_group_reduced(match_request *request, uint32_t index, int64_t quantity);
/* Takes an order out of its group, and gives the others that must go with it; how many. To be
 * cancelled with match_group_cancel once its own end is told. */
size_t match_group_dissolve(match_request *request, uint32_t index, uint32_t kin[2]);
void match_group_cancel(match_request *request, const uint32_t *kin, size_t count);

#endif
