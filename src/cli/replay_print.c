/* replay_print.c - see replay_print.h. */
#include "replay_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_writer.h"
#include "plain_text.h"
#include "tradewind/time.h"

bool replay_is_identical(const replay_outcome *outcome) {
    return outcome->result.compared && !outcome->result.differs &&
           outcome->store.kind != REPLAY_STORE_DIFFERS;
}

static void hash_text(const tw_replay_result *result, char *buffer) {
    for (size_t i = 0; i < TW_REPLAY_HASH_SIZE; i++)
        snprintf(buffer + 2 * i, 3, "%02x", result->hash[i]);
}

static uint64_t events_of(const tw_replay_result *result) {
    return result->market_events + result->venue_events;
}

static double rate_of(const replay_outcome *outcome) {
    return outcome->seconds > 0.0 ? (double)events_of(&outcome->result) / outcome->seconds : 0.0;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_entry(const char *whose, const tw_journal_entry *entry) {
    char time[TW_TIME_TEXT_SIZE];
    char kind[PLAIN_TEXT_SIZE(sizeof entry->kind)];
    char payload[PLAIN_TEXT_SIZE(sizeof entry->payload)];
    if (entry->sequence == 0) {
        printf("  %-9s no such entry\n", whose);
        return;
    }
    tw_time_format(entry->time_ns, 9, time);
    printf("  %-9s %" PRIu64 " %s %s\n            %s\n", whose, entry->sequence, time,
           plain_text(entry->kind, kind, sizeof kind),
           plain_text(entry->payload, payload, sizeof payload));
}

static void print_difference(const replay_outcome *outcome) {
    const tw_replay_result *result = &outcome->result;
    const tw_journal_entry *told =
        result->recorded.sequence != 0 ? &result->recorded : &result->made;
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(told->time_ns, 9, time);
    printf("different: entry %" PRIu64 ", at %s, in turn %" PRIu64 "\n", told->sequence, time,
           result->differs_turn);
    print_entry("recorded", &result->recorded);
    print_entry("replayed", &result->made);
    replay_inputs_print(outcome->inputs);
}

static void print_identical(const tw_replay_result *result) {
    char hash[2 * TW_REPLAY_HASH_SIZE + 1];
    hash_text(result, hash);
    printf("identical: %" PRIu64 " entries, hash %s\n", result->entries, hash);
}

static void print_changed(const replay_outcome *outcome) {
    const tw_replay_result *result = &outcome->result;
    printf(
        "With %s: %" PRIu64 " orders instead of %" PRIu64 ", of which %" PRIu64
        " are those of the run.\n"
        "Fills are not simulated: the other %" PRIu64 " count as cancelled, unfilled, and %" PRIu64
        " events of the\nvenue about orders that were not made are left out. Positions that the "
        "venue tells are the run's.\n",
        outcome->changes, result->orders, result->orders_recorded,
        result->orders - result->orders_unknown, result->orders_unknown, result->events_left_out);
}

static void print_store(const replay_outcome *outcome) {
    const replay_store *store = &outcome->store;
    if (store->kind == REPLAY_STORE_SAME) {
        printf("The journal of the store has the same %" PRIu64 " entries.\n", store->entries);
        return;
    }
    if (store->kind == REPLAY_STORE_NOT_READ) {
        char why[PLAIN_TEXT_SIZE(sizeof store->why)];
        if (store->why[0] != '\0')
            printf("The store was not compared: %s.\n", plain_text(store->why, why, sizeof why));
        return;
    }
    printf("The journal of the store is another from entry %" PRIu64 " on:\n",
           store->made.sequence);
    print_entry("stored", &store->stored);
    print_entry("replayed", &store->made);
}

/* Where the recording ends, if that is not where the run did. */
static void print_end(const tw_replay_result *result) {
    static const char *const words[] = {
        [TW_RECORDING_TORN] = "ends without a word: the run was killed, or is still going on",
        [TW_RECORDING_LATE] = "ends early: the disk or the processor was too slow for it",
        [TW_RECORDING_BOUND] = "ends early: its file was as large as it may be",
        [TW_RECORDING_FAILED] = "ends early: its file could not be written",
    };
    char time[TW_TIME_TEXT_SIZE];
    if (!result->reached_end || result->end == TW_RECORDING_CLOSED)
        return;
    tw_time_format(result->ended_ns, 9, time);
    printf("The recording %s. It reaches to %s; what the run did after is not in it",
           words[result->end], result->ended_ns != 0 ? time : "no event");
    if (result->lost > 0)
        printf(" (%" PRIu64 " inputs and entries)", result->lost);
    printf(".\n");
}

static void print_speed(const replay_outcome *outcome) {
    const tw_replay_result *result = &outcome->result;
    uint64_t events = events_of(result);
    double venue_seconds = (double)(result->ended_ns - result->began_ns) / 1e9;
    printf("%" PRIu64 " market events and %" PRIu64 " of the venue in %" PRIu64
           " turns, in %.3f s: %.0f events a second",
           result->market_events, result->venue_events, result->turns, outcome->seconds,
           rate_of(outcome));
    if (outcome->seconds > 0.0)
        printf(", %.0f times as fast as the market", venue_seconds / outcome->seconds);
    printf(".\n");
    if (outcome->speed)
        printf("%" PRIu64 " bytes of the recording: %.1f an event, with journal and history.\n",
               result->bytes, events > 0 ? (double)result->bytes / (double)events : 0.0);
}

void replay_print_words(const replay_outcome *outcome) {
    const tw_replay_result *result = &outcome->result;
    char program[128];
    plain_text(outcome->origin.program, program, sizeof program);
    if (!result->compared)
        print_changed(outcome);
    else if (result->differs)
        print_difference(outcome);
    else
        print_identical(result);
    if (result->compared && result->strays > 0)
        printf("The engine made %" PRIu64
               " calls otherwise than the recorded one, by version %s.\n",
               result->strays, program);
    print_store(outcome);
    print_end(result);
    if (outcome->origin.settings_unknown + outcome->origin.settings_missing > 0)
        printf("The recording, by version %s, has %u settings that are none here, and lacks %u.\n",
               program, outcome->origin.settings_unknown, outcome->origin.settings_missing);
    print_speed(outcome);
}

/* ---- as JSON ------------------------------------------------------------------------------- */

static void write_entry(json_writer *w, const char *key, const tw_journal_entry *entry) {
    if (entry->sequence == 0)
        return;
    json_open(w, key, '{');
    json_count(w, "sequence", entry->sequence);
    json_time(w, "time", entry->time_ns);
    json_text(w, "kind", entry->kind);
    json_text(w, "payload", entry->payload);
    json_close(w);
}

static void write_store(json_writer *w, const replay_store *store) {
    static const char *const kinds[] = {"not_read", "same", "differs"};
    json_open(w, "store", '{');
    json_text(w, "compared", kinds[store->kind]);
    json_text(w, "why", store->why);
    json_count(w, "entries", store->entries);
    write_entry(w, "stored", &store->stored);
    write_entry(w, "replayed", &store->made);
    json_close(w);
}

tw_status replay_print_json(const replay_outcome *outcome, tw_error *error) {
    const tw_replay_result *result = &outcome->result;
    char hash[2 * TW_REPLAY_HASH_SIZE + 1];
    json_writer w = json_writer_begin();
    hash_text(result, hash);
    json_text(&w, "file", outcome->file);
    json_text(&w, "program", outcome->origin.program);
    json_text(&w, "database", outcome->origin.database);
    json_flag(&w, "compared", result->compared);
    json_flag(&w, "identical", replay_is_identical(outcome));
    json_text(&w, "changes", outcome->changes);
    json_count(&w, "entries", result->entries);
    json_text(&w, "hash", hash);
    json_count(&w, "market_events", result->market_events);
    json_count(&w, "venue_events", result->venue_events);
    json_count(&w, "turns", result->turns);
    json_count(&w, "orders", result->orders);
    json_count(&w, "orders_recorded", result->orders_recorded);
    json_count(&w, "orders_unknown", result->orders_unknown);
    json_count(&w, "events_left_out", result->events_left_out);
    json_count(&w, "strays", result->strays);
    json_text(&w, "recording_end",
              result->reached_end ? tw_recording_end_name(result->end) : "not reached");
    json_flag(&w, "reached_end", result->reached_end);
    json_count(&w, "lost", result->lost);
    json_time(&w, "from", result->began_ns);
    json_time(&w, "to", result->ended_ns);
    if (result->differs) {
        json_count(&w, "turn", result->differs_turn);
        write_entry(&w, "recorded", &result->recorded);
        write_entry(&w, "replayed", &result->made);
    }
    write_store(&w, &outcome->store);
    json_number(&w, "seconds", outcome->seconds);
    json_number(&w, "per_second", rate_of(outcome));
    json_count(&w, "bytes", result->bytes);
    return json_writer_end(&w, error);
}
