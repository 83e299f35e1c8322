/*
 * chain_world.h - a portfolio of equal weights whose symbols leave their bands one by one, and an
 * engine that brings each home: from a market event to the order that follows from it.
 *
 * Quotes and trades of all symbols come 200,000 a second, whatever the engine does; every 65th
 * takes one symbol out of its band. Everything is made from fixed seeds. What fails ends the
 * program.
 */
#ifndef CHAIN_WORLD_H
#define CHAIN_WORLD_H

#include "quiet_account.h"
#include "quiet_venue.h"
#include "tradewind/histogram.h"

enum { CHAIN_DECISIONS_MAX = 16000, CHAIN_EVENTS_A_DECISION = 65 };

typedef enum chain_way {
    CHAIN_ALL,     /* every control has a limit */
    CHAIN_NO_RISK, /* but no value at risk */
    CHAIN_DURABLE, /* all, and a real file into which the intent is synced before the order leaves
                    */
    CHAIN_WAY_COUNT
} chain_way;

typedef struct chain {
    quiet_venue venue;
    tw_market_event *events;
    size_t event_count;
    quiet_account account;
    tw_order *orders; /* of the newest run */
    size_t order_count;
    uint64_t journal; /* hash of that of all controls */
    int64_t taken_ns;
    int64_t due_ns;
    int64_t taken_sum_ns;
    tw_histogram taken; /* from when an event was taken to its order */
    tw_histogram due;   /* from when it was due */
} chain;

/* Events for so many decisions, at most CHAIN_DECISIONS_MAX. */
void chain_make(chain *c, uint32_t symbol_count, size_t decisions);
void chain_done(chain *c);

/* A new engine makes that many decisions. */
void chain_run(chain *c, chain_way how, size_t decisions, tw_engine_report *ret_report,
               double stages[TW_ENGINE_STAGE_COUNT]);

/* What peer_chain.py needs, as text: the account, then events. */
void chain_write_input(const chain *c, const char *path, size_t decisions);

#endif
