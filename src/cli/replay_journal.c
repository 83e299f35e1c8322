/* replay_journal.c - see replay_journal.h. */
#include "replay_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

enum { LINES_AT_FIRST = 1024, TEXTS_AT_FIRST = 262144 };

/* ---- keeping ------------------------------------------------------------------------------- */

static bool grow(void **memory, size_t size, size_t wanted, size_t at_first, size_t *capacity) {
    if (wanted <= *capacity)
        return true;
    size_t next = *capacity == 0 ? at_first : 2 * *capacity;
    void *larger = realloc(*memory, next * size);
    if (larger == NULL)
        return false;
    *memory = larger;
    *capacity = next;
    return true;
}

static size_t keep_text(replay_journal *journal, const char *text, size_t size) {
    size_t at = journal->texts_size;
    memcpy(journal->texts + at, text, size);
    journal->texts_size += size;
    return at;
}

tw_status replay_journal_keep(replay_journal *journal, const tw_journal_entry *entry) {
    size_t kind = strlen(entry->kind) + 1;
    size_t payload = strlen(entry->payload) + 1;
    void *lines = journal->lines;
    void *texts = journal->texts;
    bool room = grow(&lines, sizeof *journal->lines, journal->count + 1, LINES_AT_FIRST,
                     &journal->capacity);
    journal->lines = lines;
    room = room && grow(&texts, 1, journal->texts_size + kind + payload, TEXTS_AT_FIRST,
                        &journal->texts_capacity);
    journal->texts = texts;
    if (!room)
        return TW_NO_MEMORY;
    kept_line *line = &journal->lines[journal->count++];
    *line = (kept_line){.sequence = entry->sequence, .time_ns = entry->time_ns};
    line->kind = keep_text(journal, entry->kind, kind);
    line->payload = keep_text(journal, entry->payload, payload);
    return TW_OK;
}

void replay_journal_done(replay_journal *journal) {
    free(journal->lines);
    free(journal->texts);
    *journal = (replay_journal){0};
}

/* ---- comparing ----------------------------------------------------------------------------- */

typedef struct comparison {
    const replay_journal *journal;
    replay_store *store;
    size_t next; /* line */
} comparison;

static void take_line(const replay_journal *journal, const kept_line *line,
                      tw_journal_entry *ret_entry) {
    *ret_entry = (tw_journal_entry){.sequence = line->sequence, .time_ns = line->time_ns};
    snprintf(ret_entry->kind, sizeof ret_entry->kind, "%s", journal->texts + line->kind);
    snprintf(ret_entry->payload, sizeof ret_entry->payload, "%s", journal->texts + line->payload);
}

static tw_status on_record(void *context, const tw_store_record *record) {
    comparison *all = context;
    const replay_journal *journal = all->journal;
    if (all->next == journal->count || all->store->kind == REPLAY_STORE_DIFFERS)
        return TW_OK; /* of a later run */
    const kept_line *line = &journal->lines[all->next++];
    if (record->sequence == line->sequence && record->time_ns == line->time_ns &&
        tw_slice_equal_string(record->kind, journal->texts + line->kind) &&
        tw_slice_equal_string(record->payload, journal->texts + line->payload)) {
        all->store->entries++;
        return TW_OK;
    }
    tw_journal_entry *stored = &all->store->stored;
    all->store->kind = REPLAY_STORE_DIFFERS;
    take_line(journal, line, &all->store->made);
    stored->sequence = record->sequence;
    stored->time_ns = record->time_ns;
    snprintf(stored->kind, sizeof stored->kind, "%.*s", (int)record->kind.size, record->kind.data);
    snprintf(stored->payload, sizeof stored->payload, "%.*s", (int)record->payload.size,
             record->payload.data);
    return TW_OK;
}

static tw_status compare(comparison *all, tw_store *store, tw_error *error) {
    const replay_journal *journal = all->journal;
    uint64_t first = journal->count > 0 ? journal->lines[0].sequence : 1;
    tw_status status = tw_store_read_journal(store, first, on_record, all, error);
    if (status != TW_OK || all->store->kind == REPLAY_STORE_DIFFERS)
        return status;
    all->store->kind = REPLAY_STORE_SAME;
    if (all->next < journal->count) { /* it ends earlier */
        all->store->kind = REPLAY_STORE_DIFFERS;
        take_line(journal, &journal->lines[all->next], &all->store->made);
    }
    return TW_OK;
}

tw_status replay_journal_compare(const replay_journal *journal, const char *path, uint64_t epoch,
                                 bool demanded, replay_store *ret_store, tw_error *error) {
    tw_error why = {0};
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    comparison all = {.journal = journal, .store = ret_store};
    *ret_store = (replay_store){.kind = REPLAY_STORE_NOT_READ};
    tw_status status = input_any_store_open(path, TW_STORE_READ, &symbols, &store, &why);
    if (status == TW_OK && tw_store_epoch(store) != epoch)
        status = tw_error_set(&why, TW_INVALID, "%s is not the store of this recording",
                              tw_store_path(store));
    if (status == TW_OK)
        status = compare(&all, store, &why);
    tw_store_free(store);
    tw_symbols_free(symbols);
    if (status == TW_OK)
        return TW_OK;
    if (demanded) {
        *error = why;
        return status;
    }
    ret_store->kind = REPLAY_STORE_NOT_READ;
    snprintf(ret_store->why, sizeof ret_store->why, "%s", why.message);
    return TW_OK;
}
