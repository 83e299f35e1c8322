/*
 * postgres_quarantine.c - records of the journal into the table of what was set aside.
 *
 * The statements stand ahead of the batch and are a part of it: they are sent again with it after
 * a lost connection, and not at all once it is known to be committed (postgres_batch.c).
 */
#include <inttypes.h>
#include <stdio.h>

#include "postgres_priv.h"

#define DAMAGED "sequence >= %" PRId64 " OR sequence < 1"

/* Other records than those that were found end the batch like a turn that was taken: by a division
 * by zero. */
tw_status postgres_quarantine(tw_store *store, const store_quarantine *what, tw_error *error) {
    postgres_connection *pg = postgres_of(store);
    (void)error;
    TW_ASSERT(pg->unsent == 0 && !pg->in_transaction && pg->ahead[0] == '\0');
    int size =
        snprintf(pg->ahead, sizeof pg->ahead,
                 "SELECT 1 / CASE WHEN count(*) = %" PRIu64 " THEN 1 ELSE 0 END FROM journal "
                 "WHERE " DAMAGED ";"
                 "INSERT INTO journal_quarantine(quarantined_ns, reason, " CHAINED_COLUMNS ") "
                 "SELECT '%" PRId64 "'::int8, '%s'::text, " CHAINED_COLUMNS
                 " FROM journal WHERE " DAMAGED " ORDER BY sequence;"
                 "DELETE FROM journal WHERE " DAMAGED ";"
                 "UPDATE meta SET value = %" PRId64 " - 1 WHERE key = 'chained_after' AND "
                 "value >= %" PRId64 ";"
                 "UPDATE meta SET value = value + 1 WHERE key = 'quarantines'",
                 what->count, what->from, what->time_ns, what->reason, what->from, what->from,
                 what->from, what->from);
    TW_ASSERT(size > 0 && (size_t)size < sizeof pg->ahead);
    return TW_OK;
}
