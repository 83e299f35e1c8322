/*
 * order_table.h - the life of our orders.
 *
 *       order_table_intend
 *               |
 *               v       it is durable: order_table_sent
 *           INTENDED ------------------------------------> SENT <---------------------+
 *               |                                        |  |  |                      |
 *               |              accepted, or an update    |  |  |  no answer           |
 *               |         +------------------------------+  |  +-----------+          |
 *               |         v                                 |              v          |
 *               |       LIVE <------ found, or an update ---|---------- UNKNOWN ------+
 *               |         |  order_table_doubt -------------|------------>   |  resent
 *               |         |                                 |                |
 *   _withdraw   |         |  a final status       refused   |                |  _missing
 *               v         v                                 v                v
 *             DONE <------+---------------------------------+----------------+
 *               |
 *               +-- given up, and it comes after all: to UNKNOWN, LIVE, and cancelled
 *
 *   order_table_result   ends SENT (accepted, rejected, not sent, unknown)
 *   order_table_update   applies what the venue tells, from any state but DONE's end
 *   order_table_resent   the same order is sent again under its own id (resend.c)
 *   order_table_missing  ends UNKNOWN after the venue denied knowing the order often enough
 *   order_table_doubt    LIVE or SENT to UNKNOWN: the venue's word is needed again
 *
 * Invariants
 *  1. An order leaves INTENDED only after its journal entry is durable.
 *  2. `filled` never falls and a final status never changes: repeated, late and reordered
 *     messages are counted and change nothing. But one that was given up and comes after all is
 *     LIVE again, to be cancelled at once.
 *  3. Record i has intent number first_intent + i, and its client order id spells that number,
 *     so an id is found without a search. Adopted orders of earlier runs stand apart, in front.
 *  4. What was sent more than once is never ended by a refusal: another request of it may still be
 *     on its way, and be taken.
 *
 * Memory: capacity records, taken at creation. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_ENGINE_ORDER_TABLE_H
#define TRADEWIND_RUN_ENGINE_ORDER_TABLE_H

#include "tradewind/engine.h"
#include "tradewind/engine_view.h"
#include "tradewind/retry.h"

typedef enum order_state {
    ORDER_INTENDED = 0,
    ORDER_SENT = 1,
    ORDER_LIVE = 2,
    ORDER_UNKNOWN = 3,
    ORDER_DONE = 4
} order_state;

typedef struct order_record {
    tw_order order;
    int64_t life_ns[TW_ENGINE_MOMENT_COUNT]; /* venue time of each moment; 0: not yet, or never */
    const char *why;                         /* it was made; never freed; NULL: adopted */
    uint64_t journal_sequence;               /* entry that must be durable before the send */
    int64_t deadline_ns;                     /* venue time after which it is cancelled; 0: never */
    int64_t notional_nano;                   /* money of the filled part */
    int64_t ask_again_ns;                    /* venue time of the next query while UNKNOWN */
    int64_t sent_ns;       /* venue time at which a request of it may have left last; 0: never */
    int64_t heard_ns;      /* monotonic, for latencies: the bytes that it followed, */
    int64_t intended_ns;   /* and when it was intended; 0: not taken */
    tw_retry retry;        /* whether and when it is sent again (resend.c) */
    uint32_t resends;      /* so far */
    uint32_t queries;      /* asked while UNKNOWN, since it was sent last */
    uint32_t asks;         /* queries that are out; of the oldest of them: */
    uint64_t asked_after;  /* the newest snapshot that was there when it was sent, */
    uint64_t absent_after; /* and the same, when all have ended and it was not found; 0: no */
    uint32_t ticket;       /* of the controls; TW_PRETRADE_NO_TICKET: it does not count */
    uint64_t decision;     /* the plan that it belongs to, by its decision; 0: none */
    uint32_t trade;        /* its place in that plan */
    uint8_t state;         /* order_state */
    uint8_t cancel_requested;
    uint8_t cancel_at_once; /* a kill, SETTLING or the end wants it gone: no rate holds it up */
    uint8_t cancel_held;    /* by the rate of cancels, and that was journaled */
    uint8_t seen;           /* in the snapshot being read */
    uint8_t kill_level;     /* in force when it was made */
    uint8_t answered;       /* its submit has ended, whatever may still be on its way */
    uint8_t resending;      /* journaled, and not handed over yet */
    uint8_t given_up;       /* order_table_missing ended it */
} order_record;

/* What an update changed. */
typedef struct order_change {
    tw_quantity quantity; /* newly filled, 0 when nothing */
    tw_money notional;    /* of it */
    bool became_final;
    bool came_late; /* after it was given up */
    bool repeated;  /* it told nothing new */
} order_change;

typedef struct order_table {
    const tw_allocator *allocator;
    order_record *records;
    uint32_t capacity;
    uint32_t count;
    uint32_t adopted_count; /* records[0 .. adopted_count-1] */
    uint32_t open_count;    /* not DONE */
    uint32_t scan_from;     /* every record before it is DONE */
    uint64_t intent;        /* last number given */
    int64_t now_ns;         /* newest venue time seen, as the engine has it: for life_ns alone */
    char prefix[64];        /* "<strategy>-<epoch>-" */
} order_table;

tw_status order_table_init(order_table *table, const tw_allocator *allocator,
                           const tw_engine_config *config) TW_MUST_CHECK;
void order_table_done(order_table *table);

/* Takes over an order of an earlier run as UNKNOWN. Only before the first intent. TW_FULL. */
tw_status order_table_adopt(order_table *table, const tw_order *order) TW_MUST_CHECK;

/* A new order with the next client order id. TW_FULL. */
tw_status order_table_intend(order_table *table, const tw_order *wanted,
                             order_record **ret_record) TW_MUST_CHECK;

/* The record of a client order id, or NULL when it is none of ours. O(1) but for adopted ones. */
order_record *order_table_find(order_table *table, const char *client_order_id);

void order_table_sent(order_table *table, order_record *record);
/* Ends an order that was never sent. */
void order_table_withdraw(order_table *table, order_record *record);
/* The venue has named it, or filled some of it. */
bool order_table_is_known(const order_record *record);
/* UNKNOWN, and its last submit has ended. */
void order_table_resent(order_table *table, order_record *record);
void order_table_result(order_table *table, order_record *record, const tw_order_result *result);
void order_table_missing(order_table *table, order_record *record);
void order_table_doubt(order_record *record, int64_t ask_ns);

/* What the venue tells of an order. A message that is behind what is known changes nothing.
 * TW_PROTOCOL: more is filled than was ordered, or less than nothing. TW_OVERFLOW. */
tw_status order_table_update(order_table *table, order_record *record, const tw_order *told,
                             const tw_order_update *execution,
                             order_change *ret_change) TW_MUST_CHECK;

/* The next record at or after *index that is not DONE, or NULL; moves *index behind it. Start
 * with order_table_first. */
uint32_t order_table_first(order_table *table);
order_record *order_table_next_open(order_table *table, uint32_t *index);

#endif
