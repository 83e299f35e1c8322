/*
 * store_chain.h - the checksums that bind each record of the journal to the one before it.
 *
 * The digest of a record is made of the store's epoch, its sequence, time, kind and payload; the
 * checksum of a record is made of its digest and the checksum of the record before it (0 before the
 * first one that has any). So a record that was changed, taken out, put in, moved or copied from
 * another store is noticed, and a record can be judged with no more than the checksum of the one
 * before it, in either direction.
 *
 * The digest is made of words of 64 bits: epoch, sequence, time, the size of the kind shifted left
 * by 32 with the size of the payload, the kind, the payload. A word w turns the state s, 0 at
 * first, into (x ^ x >> 32) * 0xbf58476d1ce4e5b9 with x = s ^ w, which is half of what splitmix64
 * mixes with. Of a text, little-endian and filled up with zeros, the first, third ... word are
 * taken so; the second, fourth ... go into another state, 0 at first, which is taken as a word
 * behind the text: two chains of multiplications take half the time of one. Each turn can be
 * undone, so a change within one word always changes the digest.
 *
 * The checksum is all of splitmix64's mixing of previous ^ digest, or 1 if that is 0: 0 says that a
 * record has none, as all up to meta's chained_after do, which were there before checksums.
 *
 * This finds accidents. It has no key: who can write to the store can also make checksums.
 */
#ifndef TRADEWIND_STORE_CHAIN_H
#define TRADEWIND_STORE_CHAIN_H

#include "tradewind/store.h"

uint64_t store_chain_digest(uint64_t epoch, const tw_store_record *record);
uint64_t store_chain_next(uint64_t previous, uint64_t digest);

#endif
