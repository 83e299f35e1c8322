/*
 * recovery.h - what earlier runs left undone, out of their orders and their journal.
 *
 *     tw_recovery_new(allocator, &config, &recovery);
 *     tw_recovery_read(recovery, store, &error);          or, without a store: seek, take (below)
 *     config.intent_sequence = tw_recovery_intent(recovery); ... tw_engine_new(...)
 *     tw_recovery_apply(recovery, engine, &error);         before its first turn
 *
 * Four things are left by a run that was killed: orders that may still be open, which the engine
 * adopts and asks the venue about; the highest number ever given to an order, from which the next
 * ones go on; a plan whose last trade was not made; and what had counted against the controls of
 * losses and of a day (engine: losses.c), with the orders that were intended since.
 *
 * The plan is found from the newest journal entry backwards: the first `plan_end` means that there
 * is none, the first `plan` names its decision, and from there on the journal is read once. What is
 * left of each trade is its quantity less what its orders filled, and each intent names the
 * decision that it came from, whichever run made it. A plan that cannot be read as a whole, is of
 * symbols that are not there, or has an intent whose order is not in the store, is handed to the
 * engine as refused, with a word that says why; the engine drops and journals it.
 *
 * What is read of the journal is checked against its checksums as it is read, and nothing else of
 * it is: damage ends the reading (TW_CORRUPT), and what was found until then is to be freed. After
 * the damaged records were set aside (tw_store_quarantine_journal) a new reading goes well; it
 * refuses a plan that they may have been a part of, and gives out order numbers beyond any of
 * theirs. The orders of the store stay: one whose intent was set aside is asked about like others.
 *
 * Without a store (tests, other keepers of a journal):
 *
 *     newest entry first:  while (tw_recovery_seek(recovery, &record) == TW_OK) ...
 *     from tw_recovery_from(recovery) on (0: not at all):  tw_recovery_take_record
 *     then every order:  tw_recovery_take_order
 *
 * Memory: bounded by the configuration: open orders, a trade a symbol, 65,536 orders of one plan.
 * Cost: at most 65,536 entries back, the entries from the plan's decision on, and all orders.
 * Threads: one owner.
 */
#ifndef TRADEWIND_RECOVERY_H
#define TRADEWIND_RECOVERY_H

#include "tradewind/engine.h"
#include "tradewind/store.h"

typedef struct tw_recovery tw_recovery;

typedef struct tw_recovery_config {
    const tw_symbols *symbols; /* borrowed */
    uint32_t symbol_count;     /* symbols 0 .. symbol_count-1 are traded */
    const char *strategy_name; /* of the engine's configuration, as is */
    uint64_t epoch;            /* that of the store */
    uint32_t open_count_max;   /* orders that may still be open */
    bool losses_forgotten;     /* those of earlier runs count no more */
} tw_recovery_config;

TW_BEGIN_DECLS

/* TW_NO_MEMORY. */
TW_API tw_status tw_recovery_new(const tw_allocator *allocator, const tw_recovery_config *config,
                                 tw_recovery **ret_recovery) TW_MUST_CHECK;
TW_API void tw_recovery_free(tw_recovery *recovery);

/* Reads orders and journal. TW_FULL: more orders may be open than there is room for. TW_CORRUPT:
 * see above. What reading a store can return. */
TW_API tw_status tw_recovery_read(tw_recovery *recovery, tw_store *store,
                                  tw_error *error) TW_MUST_CHECK;

/* One entry, each older than the one before. TW_OK: the next older one is wanted; TW_EMPTY: enough;
 * TW_PARSE: what it says of losses cannot be read. TW_NO_MEMORY. */
TW_API tw_status tw_recovery_seek(tw_recovery *recovery,
                                  const tw_store_record *record) TW_MUST_CHECK;
/* What counted against the controls of losses and of a day, and the venue time of that; 0: nothing
 * is known. For tw_engine_config.past. */
TW_API int64_t tw_recovery_past(const tw_recovery *recovery, tw_pretrade_past *ret_past);
/* They were of another account and count no more. */
TW_API void tw_recovery_forget_losses(tw_recovery *recovery);
/* One entry from the first on, each newer than the one before, until the account that the store
 * belongs to is known. TW_EMPTY: enough. TW_NO_MEMORY. */
TW_API tw_status tw_recovery_take_account(tw_recovery *recovery,
                                          const tw_store_record *record) TW_MUST_CHECK;
/* For tw_engine_config.account; 0: it belongs to none yet. */
TW_API uint64_t tw_recovery_account(const tw_recovery *recovery);
/* The decision of the plan that was not finished; 0: there is none. */
TW_API uint64_t tw_recovery_from(const tw_recovery *recovery);
/* One entry from there on, each newer than the one before. TW_NO_MEMORY. */
TW_API tw_status tw_recovery_take_record(tw_recovery *recovery,
                                         const tw_store_record *record) TW_MUST_CHECK;
/* One order of the store, after the entries. TW_FULL. */
TW_API tw_status tw_recovery_take_order(tw_recovery *recovery, const tw_order *order) TW_MUST_CHECK;

/* The plan, if there is one, cannot go on: a word of at most 23 bytes of a-z, for the journal. The
 * first reason counts. */
TW_API void tw_recovery_refuse(tw_recovery *recovery, const char *reason);

/* The highest number that an order of this strategy and store ever had. */
TW_API uint64_t tw_recovery_intent(const tw_recovery *recovery);
/* Orders that may still be open. Borrowed. */
TW_API const tw_order *tw_recovery_open(const tw_recovery *recovery, size_t *ret_count);
/* The plan as the engine is told of it, or NULL. Borrowed until the next call. */
TW_API const tw_engine_plan *tw_recovery_plan(tw_recovery *recovery);

/* Hands open orders and plan to an engine that has not turned yet. TW_FULL: it has no room for the
 * orders. TW_INVALID: an order of a symbol that it does not trade. */
TW_API tw_status tw_recovery_apply(tw_recovery *recovery, tw_engine *engine,
                                   tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_recovery, tw_recovery_free)

#endif
