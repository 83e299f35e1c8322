/*
 * store_journal.c - the fingerprint of a run, and the check of a whole file.
 *
 * Idea: the canonical text of a record states the size of its payload, so no two journals have the
 * same text; SHA-256 (OpenSSL's) of all of it tells runs apart.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "store_priv.h"

typedef struct journal_digest {
    EVP_MD_CTX *digest;
    uint64_t next; /* the sequence that must come */
} journal_digest;

/* TW_CORRUPT: a gap. TW_NO_MEMORY: the only way in which the digest can fail. */
static tw_status hash_record(void *context, const tw_store_record *record) {
    journal_digest *hashing = context;
    if (record->sequence != hashing->next)
        return TW_CORRUPT;
    hashing->next++;
    char head[128];
    int size = snprintf(head, sizeof head, "%llu %lld %.*s %zu\n",
                        (unsigned long long)record->sequence, (long long)record->time_ns,
                        TW_STORE_KIND_SIZE_MAX, record->kind.data, record->payload.size);
    bool done =
        EVP_DigestUpdate(hashing->digest, head, (size_t)size) == 1 &&
        EVP_DigestUpdate(hashing->digest, record->payload.data, record->payload.size) == 1 &&
        EVP_DigestUpdate(hashing->digest, "\n", 1) == 1;
    return done ? TW_OK : TW_NO_MEMORY;
}

static tw_status gap(const tw_store *store, uint64_t sequence, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: record %llu of the journal is missing", store->path,
                        (unsigned long long)sequence);
}

tw_status tw_store_journal_hash(tw_store *store, uint8_t ret_hash[TW_STORE_HASH_SIZE],
                                tw_error *error) {
    journal_digest hashing = {.digest = EVP_MD_CTX_new(), .next = 1};
    tw_status status = TW_OK;
    if (hashing.digest == NULL || EVP_DigestInit_ex(hashing.digest, EVP_sha256(), NULL) != 1)
        status = TW_NO_MEMORY;
    if (status == TW_OK)
        status = tw_store_read_journal(store, 0, hash_record, &hashing, error);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (status == TW_OK && EVP_DigestFinal_ex(hashing.digest, hash, &size) != 1)
        status = TW_NO_MEMORY;
    EVP_MD_CTX_free(hashing.digest);
    if (status == TW_CORRUPT)
        return gap(store, hashing.next, error);
    if (status == TW_NO_MEMORY)
        return tw_error_set(error, status, "there is no memory to hash the journal");
    if (status != TW_OK)
        return status;
    TW_ASSERT(size == TW_STORE_HASH_SIZE);
    for (unsigned i = 0; i < size; i++)
        ret_hash[i] = hash[i];
    return TW_OK;
}

tw_status tw_store_verify_database(tw_store *store, tw_error *error) {
    return store->backend->verify(store, error);
}

tw_status tw_store_verify(tw_store *store, tw_error *error) {
    tw_store_journal_state state;
    tw_status status = tw_store_verify_database(store, error);
    if (status == TW_OK)
        status = tw_store_verify_journal(store, &state, error);
    if (status != TW_OK || state.damaged_from == 0)
        return status;
    return tw_error_set(error, TW_CORRUPT,
                        "%s: record %llu of the journal is %s; `tradewind db verify` says more",
                        store->path, (unsigned long long)state.damaged_from,
                        tw_store_damage_name((tw_store_damage)state.damage));
}
