/*
 * recording_digest.h - the fingerprint of the journal of one run, as tw_store_journal_hash makes
 * that of a whole store: equal when the run began in an empty one.
 */
#ifndef TRADEWIND_RUN_RECORDING_DIGEST_H
#define TRADEWIND_RUN_RECORDING_DIGEST_H

#include "recording_items.h"

typedef struct journal_digest journal_digest;

tw_status journal_digest_new(const tw_allocator *allocator,
                             journal_digest **ret_digest) TW_MUST_CHECK;
void journal_digest_free(journal_digest *digest);

void journal_digest_add(journal_digest *digest, uint64_t sequence, int64_t time_ns,
                        const char *kind, const char *payload);
uint64_t journal_digest_count(const journal_digest *digest);
/* Of all that was added so far. TW_NO_MEMORY. */
tw_status journal_digest_get(const journal_digest *digest,
                             uint8_t ret_hash[ITEM_HASH_SIZE]) TW_MUST_CHECK;

#endif
