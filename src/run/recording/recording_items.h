/*
 * recording_items.h - what a recording is made of: items, as they lie in memory and in a block.
 *
 * An item is one thing that reached the engine: a head of 8 bytes and a payload of whole words. Its
 * `call` says which call it answered: the n-th of its group since the turn began, from 0. Calls
 * that were answered as always (nothing there, taken, as before) have no item; counting them keeps
 * the rest in its place.
 *
 *     kind      group                payload
 *     TURN      -                    event_count_max, stop
 *     TRADE ... MARKET               tw_trade, tw_quote, tw_level, tw_bar
 *     VENUE     VENUE                time_ns, then what its kind (`sub`) has
 *     ADOPTED   -                    tw_order
 *     PLAN      -                    a plan of an earlier run: its head, then
 *     PLAN_TRADE, PLAN_ORDER         each trade and each order of it
 *     KILL      KILL                 the level and source that the engine saw, when they changed
 *     ANSWER    `sub`                the status of a call that was not answered as always
 *     DURABLE   DURABLE              the sequence, when it changed
 *     SUBMIT    SUBMIT               tw_order, when the broker took it
 *     ENTRY     APPEND               a journal entry, when the store took it: what to compare with
 *     WEIGHTS   WEIGH                some of the weights that the user's strategy answered,
 *     STRATEGY  WEIGH, BAR_SHOWN     its answer, with the time that it took if that was too long
 *     END       -                    how the recording ended
 *
 * In a block items are packed. TURN and market events are written as differences to the item
 * before: of time to the event before, of the other words to the newest event of the same kind and
 * symbol; a bitmap says which words differ. The rest is rare and stays as it is. What a block holds
 * is then compressed by zstd.
 *
 * The words are those of this machine's structs: `recording_layout` names their sizes, and a file
 * of another layout is refused.
 */
#ifndef TRADEWIND_RUN_RECORDING_ITEMS_H
#define TRADEWIND_RUN_RECORDING_ITEMS_H

#include "tradewind/alloc.h"
#include "tradewind/engine.h"

typedef enum item_kind {
    ITEM_TURN = 1,
    ITEM_TRADE = 2,
    ITEM_QUOTE = 3,
    ITEM_LEVEL = 4,
    ITEM_BAR = 5,
    ITEM_VENUE = 6,
    ITEM_ADOPTED = 7,
    ITEM_KILL = 8,
    ITEM_ANSWER = 9,
    ITEM_DURABLE = 10,
    ITEM_SUBMIT = 11,
    ITEM_ENTRY = 12,
    ITEM_END = 13,
    ITEM_WEIGHTS = 14,
    ITEM_STRATEGY = 15,
    ITEM_PLAN = 16,
    ITEM_PLAN_TRADE = 17,
    ITEM_PLAN_ORDER = 18,
    ITEM_KIND_COUNT = 19
} item_kind;

typedef enum item_group {
    GROUP_MARKET,
    GROUP_VENUE,
    GROUP_SUBMIT,
    GROUP_CANCEL,
    GROUP_QUERY,
    GROUP_SNAPSHOT,
    GROUP_TRADE,
    GROUP_BAR,
    GROUP_ORDER,
    GROUP_FILL,
    GROUP_APPEND,
    GROUP_DURABLE,
    GROUP_HEALTH,
    GROUP_KILL,
    GROUP_WEIGH,
    GROUP_BAR_SHOWN,
    GROUP_COUNT,
    GROUP_NONE = GROUP_COUNT
} item_group;

typedef struct item_head {
    uint8_t kind;
    uint8_t sub;
    uint16_t size; /* bytes of the payload, a multiple of 8 */
    uint32_t call;
} item_head;

#define ITEM_PAYLOAD_SIZE_MAX 1280 /* at least that of the largest: an entry */

typedef struct item_turn {
    uint32_t event_count_max;
    uint32_t stop;
} item_turn;

typedef struct item_entry {
    uint64_t sequence;
    int64_t time_ns;
    char kind[TW_JOURNAL_KIND_SIZE];
    char payload[TW_JOURNAL_PAYLOAD_SIZE]; /* as much of it as the item's size says */
} item_entry;

typedef struct item_plan {
    uint64_t decision;
    int64_t decided_ns;
    uint64_t targets;
    uint32_t trade_count;
    uint32_t order_count;
    char refused[TW_ENGINE_PLAN_REASON_SIZE];
} item_plan;

typedef struct item_plan_order {
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE];
    uint64_t trade;
} item_plan_order;

#define ITEM_WEIGHT_COUNT_MAX 128 /* of one item; more of them take several */

typedef struct item_strategy {
    int64_t answer;
    int64_t took_ns;
} item_strategy;

#define ITEM_HASH_SIZE 32

typedef struct item_end {
    uint32_t reason; /* tw_recording_end */
    uint32_t reserved;
    uint64_t lost;                /* items that came too late */
    uint64_t entries;             /* of the journal, in the recording */
    uint8_t hash[ITEM_HASH_SIZE]; /* of these, as tw_store_journal_hash makes it */
} item_end;

/* One item outside of a block. */
typedef struct item {
    item_head head;
    union {
        uint64_t words[ITEM_PAYLOAD_SIZE_MAX / 8];
        item_turn turn;
        tw_trade trade;
        tw_quote quote;
        tw_level level;
        tw_bar bar;
        struct {
            int64_t time_ns;
            union {
                tw_account account;
                tw_position position;
                tw_order order;
                tw_bar history;
                tw_order_update update;
                tw_order_result result;
                tw_venue_failure failure;
            } as;
        } venue;
        tw_order order;
        int64_t status;
        uint64_t sequence;
        item_entry entry;
        double weights[ITEM_WEIGHT_COUNT_MAX];
        item_strategy strategy;
        item_plan plan;
        tw_engine_plan_trade plan_trade;
        item_plan_order plan_order;
        item_end end;
    } as;
} item;

/* Bytes of a market event, ITEM_TRADE to ITEM_BAR: kinds in the order of tw_market_kind. */
size_t item_market_size(uint8_t kind);

/* Bytes of what a venue event of this kind has behind its time; SIZE_MAX: there is no such kind. */
size_t item_venue_size(uint32_t kind);

/* The group of the call that an item answers, or GROUP_NONE. */
item_group item_group_of(const item_head *head);

/* "trade=48 quote=56 ..." of this program. */
void item_layout(char *buffer, size_t capacity);

/* ---- packing ------------------------------------------------------------------------------- */

/* What both sides remember of the items before. */
typedef struct item_context item_context;

tw_status item_context_new(const tw_allocator *allocator, uint32_t symbol_count,
                           item_context **ret_context) TW_MUST_CHECK;
void item_context_free(item_context *context);

#define ITEM_PACKED_SIZE_MAX (ITEM_PAYLOAD_SIZE_MAX + 32)

/* Writes an item as it lies in memory (head, then payload) to at most ITEM_PACKED_SIZE_MAX bytes;
 * returns how many. */
size_t item_pack(item_context *context, const item_head *head, const void *payload,
                 uint8_t *ret_bytes);

/* Reads one item off the front of `bytes`. TW_CORRUPT: no item is written like that; what is
 * accepted has known kinds, sizes of its kind and ended texts. */
tw_status item_unpack(item_context *context, tw_slice *bytes, item *ret_item) TW_MUST_CHECK;

#endif
