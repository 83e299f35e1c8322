/*
 * replay_journal.h - the journal that a replay has made, beside the one of a store.
 *
 * The recording has the run's journal itself; a store may have been changed since, or be another.
 */
#ifndef TRADEWIND_CLI_REPLAY_JOURNAL_H
#define TRADEWIND_CLI_REPLAY_JOURNAL_H

#include "tradewind/replay.h"

typedef struct kept_line {
    uint64_t sequence;
    int64_t time_ns;
    size_t kind; /* where its texts begin */
    size_t payload;
} kept_line;

typedef struct replay_journal {
    kept_line *lines;
    size_t count;
    size_t capacity;
    char *texts;
    size_t texts_size;
    size_t texts_capacity;
} replay_journal;

/* TW_NO_MEMORY. */
tw_status replay_journal_keep(replay_journal *journal, const tw_journal_entry *entry) TW_MUST_CHECK;
void replay_journal_done(replay_journal *journal);

typedef enum replay_store_kind {
    REPLAY_STORE_NOT_READ, /* `why` says why */
    REPLAY_STORE_SAME,
    REPLAY_STORE_DIFFERS
} replay_store_kind;

typedef struct replay_store {
    replay_store_kind kind;
    char why[TW_ERROR_MESSAGE_SIZE];
    uint64_t entries;        /* that are the same */
    tw_journal_entry made;   /* the first that differ */
    tw_journal_entry stored; /* sequence 0: the store does not have it */
} replay_store;

/* Compares all that was kept with the store at `path`, whose number must be `epoch`. A store that
 * cannot be read or is another is an error if `demanded`, else REPLAY_STORE_NOT_READ. */
tw_status replay_journal_compare(const replay_journal *journal, const char *path, uint64_t epoch,
                                 bool demanded, replay_store *ret_store,
                                 tw_error *error) TW_MUST_CHECK;

#endif
