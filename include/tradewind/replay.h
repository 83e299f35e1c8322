/*
 * replay.h - a run repeated from its recording (recording.h), and compared with what it was.
 *
 *     tw_replay_open(NULL, "trading.db-record", &replay, &error);
 *     tw_replay_run(replay, &options, &result, &error);
 *     if (result.differs) ...                 result.made, result.recorded: the first that differ
 *     tw_replay_free(replay);
 *
 * The engine is made anew from the recording's head and gets what the recorded one got, in the same
 * order: the same events in the same turns, the same answers of broker and store, kills and stops
 * at the same places. It keeps its journal in memory; each entry is compared with the one that was
 * recorded. An engine of the same program makes the same entries; one of another program shows
 * where it first does something else.
 *
 * A replay with a changed setting (tw_replay_set) shows what another configuration would have done
 * on the same market. Then nothing is compared. Events of the venue about an order reach the
 * engine only if it has made that very order, by then; others are left out and counted. Fills are
 * not simulated: an order that the recording does not have counts as cancelled, unfilled.
 * Journal entries count as durable at once.
 *
 * Memory: the engine's, 2 MB, and 1 KB for each entry that waits to be compared. Cost: the
 * engine's, and some ten nanoseconds an event. Threads: a replay belongs to one thread.
 */
#ifndef TRADEWIND_REPLAY_H
#define TRADEWIND_REPLAY_H

#include "tradewind/recording.h"

#define TW_REPLAY_HASH_SIZE 32

/* Where a recording comes from. Texts are borrowed. */
typedef struct tw_replay_origin {
    const char *program;       /* version of the program that recorded */
    const char *database;      /* empty: not told */
    int64_t began_ns;          /* by its wall clock */
    uint32_t settings_unknown; /* of its head: this program has no such setting */
    uint32_t settings_missing; /* its head has no such setting: zero here */
} tw_replay_origin;

typedef struct tw_replay_options {
    int64_t until_ns;        /* ends before the first turn at or after this venue time; 0: none */
    uint64_t until_sequence; /* ends after the turn that made this entry; 0: none */
    /* All may be NULL, and are called before the engine is told. A status that is not TW_OK ends
     * the replay with it. */
    tw_status (*on_turn)(void *context, uint64_t turn, uint32_t event_count_max, bool stop);
    tw_status (*on_market)(void *context, const tw_market_event *event);
    tw_status (*on_venue)(void *context, const tw_venue_event *event);
    /* An entry that the engine has made, and the one that was recorded in its place; NULL: none, or
     * nothing is compared. */
    tw_status (*on_entry)(void *context, const tw_journal_entry *made,
                          const tw_journal_entry *recorded);
    /* An order that the engine hands over; is it one of the recording? */
    tw_status (*on_order)(void *context, const tw_order *order, bool recorded);
    void *context;
} tw_replay_options;

typedef struct tw_replay_result {
    uint64_t market_events;
    uint64_t venue_events;
    uint64_t turns;
    uint64_t entries; /* made */
    uint64_t orders;  /* handed to the broker */
    int64_t began_ns; /* venue time of the first and of the newest event */
    int64_t ended_ns;
    uint8_t hash[TW_REPLAY_HASH_SIZE]; /* of the entries made, as tw_store_journal_hash makes it */

    tw_recording_end end; /* of the recording */
    uint64_t lost;        /* items that came after its end */
    bool reached_end;     /* false: ended by an option */
    tw_status engine;     /* how the engine's last turn ended; the recorded one failed likewise */

    bool compared;
    bool differs;
    uint64_t differs_turn;     /* counted from 1 */
    tw_journal_entry made;     /* sequence 0: it made none */
    tw_journal_entry recorded; /* sequence 0: none was recorded */
    uint64_t strays; /* calls that the engine made otherwise than the recorded one, if not compared
                        or not different: another program asks in another way */

    uint64_t events_left_out; /* of the venue, about orders that the engine has not made */
    uint64_t orders_unknown;  /* orders that the recording does not have */
    uint64_t orders_recorded; /* orders that it has; not compared only */
    uint64_t bytes;           /* of the file */
} tw_replay_result;

typedef struct tw_replay tw_replay;

TW_BEGIN_DECLS

/* Reads the head. TW_CORRUPT: no recording, or a damaged one; TW_VERSION: of a layout that this
 * program cannot read; TW_NOT_FOUND, TW_IO, TW_NO_MEMORY. */
TW_API tw_status tw_replay_open(const tw_allocator *allocator, const char *path,
                                tw_replay **ret_replay, tw_error *error) TW_MUST_CHECK;
/* The same of bytes in memory, borrowed; `name` is for messages. */
TW_API tw_status tw_replay_open_bytes(const tw_allocator *allocator, const char *name,
                                      tw_slice bytes, tw_replay **ret_replay,
                                      tw_error *error) TW_MUST_CHECK;
TW_API void tw_replay_free(tw_replay *replay);

TW_API void tw_replay_origin_of(const tw_replay *replay, tw_replay_origin *ret_origin);

/* The engine's configuration and symbols, borrowed. Before the run the configuration may be given a
 * clock or a flight recorder of its own: neither changes the journal. */
TW_API tw_engine_config *tw_replay_settings(tw_replay *replay);
TW_API const tw_symbols *tw_replay_symbols(const tw_replay *replay);

/* Changes a setting by its name ("band", "controls.limits.value_max"): nothing is compared then.
 * TW_NOT_FOUND (the nearest is named), TW_PARSE, TW_RANGE. */
TW_API tw_status tw_replay_set(tw_replay *replay, tw_slice name, tw_slice value,
                               tw_error *error) TW_MUST_CHECK;

/* The name of each setting and its value as text; NULL past the last. `text` takes the value. */
TW_API const char *tw_replay_setting(const tw_replay *replay, size_t index, tw_text *text);

/* Repeats the run, once. TW_OK also when it differs (ret_result says). TW_CORRUPT: the recording is
 * damaged in the middle; ret_result has how far it went. TW_INVALID: the engine cannot be made with
 * these settings. TW_NO_MEMORY, or what a call of the options returned. */
TW_API tw_status tw_replay_run(tw_replay *replay, const tw_replay_options *options,
                               tw_replay_result *ret_result, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_replay, tw_replay_free)

#endif
