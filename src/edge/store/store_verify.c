/*
 * store_verify.c - the journal against its checksums: all of it, or what is being read.
 *
 * Idea: a record is judged with nothing but the checksum that stands in the one before it. Forward
 * that is known when the record comes; backward it comes with the next record, so the newer one
 * waits as a digest and a checksum, and no payload is kept.
 *
 * What counts as sound behind damage: a record that follows rightly upon the checksum that its
 * predecessor states. A changed payload therefore spoils one record, a changed checksum two, and
 * of a record that follows a gap nothing can be said.
 */
#include <string.h>

#include "store_chain.h"
#include "store_priv.h"

static const char *const names[] = {[TW_STORE_SOUND] = "sound",
                                    [TW_STORE_CHANGED] = "changed",
                                    [TW_STORE_MISSING] = "missing",
                                    [TW_STORE_MISPLACED] = "misplaced",
                                    [TW_STORE_UNREADABLE] = "unreadable"};

const char *tw_store_damage_name(tw_store_damage damage) {
    TW_ASSERT((unsigned)damage < sizeof names / sizeof names[0]);
    return names[damage];
}

/* ---- one record ---- */

/* A row of CHAINED_FROM or CHAINED_BACK; one of RECORDS_... has no checksum. */
typedef struct chained {
    tw_store_record record;
    bool bound; /* it has to have a checksum; else it must have none */
    uint64_t checksum;
} chained;

static chained chained_of(const tw_store *store, const store_value *row) {
    chained entry = {.record = {.sequence = (uint64_t)row[0].number,
                                .time_ns = row[1].number,
                                .kind = {row[2].text, row[2].size},
                                .payload = {row[3].text, row[3].size}}};
    entry.bound = entry.record.sequence > store->chained_after;
    if (store->version >= STORE_VERSION_OF_CHAIN)
        entry.checksum = (uint64_t)row[4].number;
    return entry;
}

static uint64_t digest_of(const tw_store *store, const chained *entry) {
    return store_chain_digest(store->epoch, &entry->record);
}

static tw_status damaged(const tw_store *store, uint64_t sequence, tw_store_damage damage,
                         tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: record %llu of the journal is %s", store->path,
                        (unsigned long long)sequence, tw_store_damage_name(damage));
}

/* ---- forward ---- */

/* A walk from some record on. The first one is only looked at for its checksum if `skip_first`. */
typedef struct walk {
    uint64_t next;
    uint64_t previous; /* checksum of the record before `next` */
    bool skip_first;
    bool misplaced; /* a record before the first was met */
    tw_store_on_record on_record;
    void *context;
    tw_store_journal_state *state;
} walk;

/* Whether the record follows rightly upon the one before it. */
static tw_store_damage judge(const tw_store *store, const walk *at, const chained *entry) {
    if (entry->record.sequence != at->next)
        return TW_STORE_MISSING;
    uint64_t wanted = entry->bound ? store_chain_next(at->previous, digest_of(store, entry)) : 0;
    bool same = entry->checksum == wanted;
    return same ? TW_STORE_SOUND : TW_STORE_CHANGED;
}

static void move_on(walk *at, const chained *entry) {
    at->next = entry->record.sequence + 1;
    at->previous = entry->bound ? entry->checksum : 0;
}

static tw_status check_record(tw_store *store, const store_value *row, void *context,
                              tw_error *error) {
    walk *at = context;
    chained entry = chained_of(store, row);
    bool is_first = at->skip_first && entry.record.sequence == at->next;
    tw_store_damage found = is_first ? TW_STORE_SOUND : judge(store, at, &entry);
    at->skip_first = false;
    if (found != TW_STORE_SOUND)
        return damaged(store, at->next, found, error);
    move_on(at, &entry);
    return is_first ? TW_OK : at->on_record(at->context, &entry.record);
}

static tw_status read_from(tw_store *store, int64_t from, store_on_row on_row, walk *at,
                           tw_error *error) {
    store_value key = store_number(from);
    bool chains = store->version >= STORE_VERSION_OF_CHAIN;
    return store->backend->select(store, chains ? SQL_CHAINED_FROM : SQL_RECORDS_FROM, &key, on_row,
                                  at, error);
}

tw_status tw_store_read_journal_checked(tw_store *store, uint64_t from_sequence,
                                        tw_store_on_record callback, void *context,
                                        tw_error *error) {
    if (from_sequence > INT64_MAX)
        return TW_OK; /* no record is numbered so high */
    uint64_t from = from_sequence <= 1 ? 1 : from_sequence - 1;
    walk at = {
        .next = from, .skip_first = from_sequence > 1, .on_record = callback, .context = context};
    return read_from(store, (int64_t)from, check_record, &at, error);
}

/* ---- everything ---- */

static tw_status judge_record(tw_store *store, const store_value *row, void *context,
                              tw_error *error) {
    (void)error;
    walk *at = context;
    tw_store_journal_state *state = at->state;
    state->record_count++;
    if (row[0].number < 1) { /* these come first */
        state->following++;
        state->damage = TW_STORE_MISPLACED;
        at->misplaced = true;
        return TW_OK;
    }
    chained entry = chained_of(store, row);
    tw_store_damage found = judge(store, at, &entry);
    state->unchained += !entry.bound;
    if (found != TW_STORE_SOUND && state->damaged_from == 0) {
        state->damaged_from = at->next;
        state->damage = (uint8_t)found;
    } else if (found == TW_STORE_SOUND && state->damaged_from != 0) {
        state->sound_behind++;
    }
    state->following += state->damaged_from != 0;
    move_on(at, &entry);
    return TW_OK;
}

tw_status tw_store_verify_journal(tw_store *store, tw_store_journal_state *ret_state,
                                  tw_error *error) {
    tw_store_journal_state state = {0};
    walk at = {.next = 1, .state = &state};
    int64_t quarantined = 0;
    tw_status status = read_from(store, INT64_MIN, judge_record, &at, error);
    if (status == TW_CORRUPT && state.damaged_from == 0) {
        state.damaged_from = at.next;
        state.damage = TW_STORE_UNREADABLE;
    }
    if (status == TW_CORRUPT)
        status = TW_OK;
    if (state.damage == TW_STORE_MISPLACED)
        state.damaged_from = at.next;
    if (status == TW_OK && store->version >= STORE_VERSION_OF_CHAIN)
        status = store_integer(store, SQL_COUNT_QUARANTINE, &quarantined, error);
    if (status != TW_OK)
        return status;
    state.quarantined = (uint64_t)quarantined;
    state.at_end = state.damage == TW_STORE_CHANGED && state.sound_behind == 0 && !at.misplaced;
    *ret_state = state;
    return TW_OK;
}

/* ---- backward ---- */

/* The newer of two records waits for the older one. */
typedef struct walk_back {
    uint64_t next; /* the sequence that must come */
    bool waits;    /* the one that came last has a checksum, which is not judged yet */
    uint64_t digest;
    uint64_t checksum;
    tw_status ended; /* what the callback ended the read with */
    tw_store_on_record on_record;
    void *context;
} walk_back;

static tw_status check_back(tw_store *store, const store_value *row, void *context,
                            tw_error *error) {
    walk_back *at = context;
    chained entry = chained_of(store, row);
    if (entry.record.sequence != at->next)
        return damaged(store, at->next, TW_STORE_MISSING, error);
    uint64_t previous = entry.bound ? entry.checksum : 0;
    if (at->waits && at->checksum != store_chain_next(previous, at->digest))
        return damaged(store, at->next + 1, TW_STORE_CHANGED, error);
    if (!entry.bound && entry.checksum != 0)
        return damaged(store, at->next, TW_STORE_CHANGED, error);
    at->waits = entry.bound;
    at->digest = entry.bound ? digest_of(store, &entry) : 0;
    at->checksum = entry.checksum;
    at->next--;
    if (at->ended != TW_OK)
        return at->ended;
    at->ended = at->on_record(at->context, &entry.record);
    return TW_OK; /* one more is needed to judge this one */
}

tw_status tw_store_read_journal_back_checked(tw_store *store, uint64_t count_max,
                                             tw_store_on_record callback, void *context,
                                             tw_error *error) {
    uint64_t last = 0;
    tw_status status = tw_store_last_sequence(store, &last, error);
    uint64_t oldest = last > count_max ? last - count_max : 0;
    walk_back at = {.next = last, .on_record = callback, .context = context};
    store_value key = store_number((int64_t)oldest);
    bool chains = store->version >= STORE_VERSION_OF_CHAIN;
    if (status == TW_OK)
        status = store->backend->select(store, chains ? SQL_CHAINED_BACK : SQL_RECORDS_BACK, &key,
                                        check_back, &at, error);
    if (status != TW_OK)
        return status;
    if (at.next != oldest)
        return damaged(store, at.next, TW_STORE_MISSING, error);
    if (at.waits && oldest == 0 && at.checksum != store_chain_next(0, at.digest))
        return damaged(store, 1, TW_STORE_CHANGED, error);
    return at.ended;
}
