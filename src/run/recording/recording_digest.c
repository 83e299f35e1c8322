/* recording_digest.c - see recording_digest.h. SHA-256 is OpenSSL's. */
#include "recording_digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct journal_digest {
    const tw_allocator *allocator;
    EVP_MD_CTX *digest;
    EVP_MD_CTX *copy; /* to look at the hash without ending it */
    uint64_t count;
};

tw_status journal_digest_new(const tw_allocator *allocator, journal_digest **ret_digest) {
    journal_digest *digest = TW_NEW(allocator, 1, journal_digest);
    if (digest == NULL)
        return TW_NO_MEMORY;
    digest->allocator = allocator;
    digest->digest = EVP_MD_CTX_new();
    digest->copy = EVP_MD_CTX_new();
    if (digest->digest == NULL || digest->copy == NULL ||
        EVP_DigestInit_ex(digest->digest, EVP_sha256(), NULL) != 1 ||
        EVP_DigestInit_ex(digest->copy, EVP_sha256(), NULL) != 1) {
        journal_digest_free(digest);
        return TW_NO_MEMORY;
    }
    *ret_digest = digest;
    return TW_OK;
}

void journal_digest_free(journal_digest *digest) {
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->digest);
    EVP_MD_CTX_free(digest->copy);
    TW_DELETE(digest->allocator, digest, 1, journal_digest);
}

/* The contexts are made: OpenSSL's digest of bytes in memory cannot fail any more. */
static void add(journal_digest *digest, const char *text, size_t size) {
    int done = EVP_DigestUpdate(digest->digest, text, size);
    TW_ASSERT(done == 1);
}

void journal_digest_add(journal_digest *digest, uint64_t sequence, int64_t time_ns,
                        const char *kind, const char *payload) {
    char head[128];
    size_t size = strlen(payload);
    int length = snprintf(head, sizeof head, "%llu %lld %s %zu\n", (unsigned long long)sequence,
                          (long long)time_ns, kind, size);
    TW_ASSERT(length > 0 && (size_t)length < sizeof head);
    add(digest, head, (size_t)length);
    add(digest, payload, size);
    add(digest, "\n", 1);
    digest->count++;
}

uint64_t journal_digest_count(const journal_digest *digest) {
    return digest->count;
}

tw_status journal_digest_get(const journal_digest *digest, uint8_t ret_hash[ITEM_HASH_SIZE]) {
    unsigned size = 0;
    if (EVP_MD_CTX_copy_ex(digest->copy, digest->digest) != 1 ||
        EVP_DigestFinal_ex(digest->copy, ret_hash, &size) != 1)
        return TW_NO_MEMORY;
    TW_ASSERT(size == ITEM_HASH_SIZE);
    return TW_OK;
}
