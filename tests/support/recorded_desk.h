/*
 * recorded_desk.h - an engine at a fake desk whose run is recorded, and replayed.
 *
 * A file is written under the temporary folder and removed with the desk. What the replay must do
 * is asserted in replay_recorded: the same entries as the desk was given, byte for byte.
 */
#ifndef TRADEWIND_TESTS_SUPPORT_RECORDED_DESK_H
#define TRADEWIND_TESTS_SUPPORT_RECORDED_DESK_H

#include <stdlib.h>
#include <unistd.h>

#include "replay_desk.h"
#include "tradewind/replay.h"

static char record_path[64];
static tw_recording *recording;
static void (*under_recording)(
    tw_engine_ports *ports); /* changes the desk's ports first; or NULL */

static inline void record_init(void) {
    snprintf(record_path, sizeof record_path, "/tmp/tradewind-record-XXXXXX");
    int fd = mkstemp(record_path);
    assert_true(fd >= 0);
    close(fd);
}

static inline void record_done(void) {
    unlink(record_path);
}

/* As start of replay_desk.h, with a recording in between; zeros in `wanted` are its defaults. */
static inline tw_engine *start_recorded(const fake_options *options, const tw_engine_config *config,
                                        tw_recording_config wanted) {
    tw_engine *engine = NULL;
    tw_error error = {0};
    fake_init(&desk, options);
    tw_engine_ports ports = fake_ports(&desk);
    wanted.path = record_path;
    if (under_recording != NULL)
        under_recording(&ports);
    if (tw_recording_new(NULL, &wanted, config, desk.symbols, &recording, &error) != TW_OK)
        fail_msg("%s", error.message);
    tw_engine_config wrapped = *config;
    tw_recording_wrap(recording, &ports, &wrapped);
    if (tw_engine_new(NULL, &wrapped, desk.symbols, &ports, &engine, &error) != TW_OK)
        fail_msg("%s", error.message);
    return engine;
}

/* The recording's thread, as the test wants it: `now_ns` decides whether it is time to write. */
static inline void record_turn(int64_t now_ns) {
    uint64_t work = 0;
    assert_int_equal(tw_recording_turn(recording, now_ns, &work, NULL), TW_OK);
}

static inline tw_recording_figures record_close(void) {
    tw_recording_figures figures;
    assert_int_equal(tw_recording_close(recording, NULL), TW_OK);
    tw_recording_figures_of(recording, &figures);
    tw_recording_free(recording);
    recording = NULL;
    return figures;
}

typedef struct replayed {
    tw_replay_result result;
    uint32_t same; /* entries that were the desk's */
} replayed;

static inline tw_status compare_with_desk(void *context, const tw_journal_entry *made,
                                          const tw_journal_entry *recorded) {
    replayed *to = context;
    assert_true(to->same < desk.entry_count);
    assert_memory_equal(made, &desk.entries[to->same].entry, offsetof(tw_journal_entry, payload));
    assert_string_equal(made->payload, desk.entries[to->same].entry.payload);
    assert_non_null(recorded);
    to->same++;
    return TW_OK;
}

/* Replays the file against the journal of the desk, with a clock that says what it likes. */
static inline replayed replay_recorded(int64_t (*clock)(void)) {
    replayed to = {0};
    tw_error error = {0};
    TW_AUTO(tw_replay) *replay = NULL;
    tw_replay_options options = {.on_entry = compare_with_desk, .context = &to};
    if (tw_replay_open(NULL, record_path, &replay, &error) != TW_OK)
        fail_msg("%s", error.message);
    tw_replay_settings(replay)->monotonic_ns = clock;
    if (tw_replay_run(replay, &options, &to.result, &error) != TW_OK)
        fail_msg("%s", error.message);
    if (to.result.differs)
        fail_msg("turn %llu: made %llu %s %s, recorded %llu %s %s",
                 (unsigned long long)to.result.differs_turn,
                 (unsigned long long)to.result.made.sequence, to.result.made.kind,
                 to.result.made.payload, (unsigned long long)to.result.recorded.sequence,
                 to.result.recorded.kind, to.result.recorded.payload);
    assert_int_equal(to.result.strays, 0);
    assert_true(to.result.compared && to.result.reached_end);
    assert_int_equal(to.result.entries, to.same);
    return to;
}

/* The whole of a closed recording is the whole journal. */
static inline void assert_replays_whole(void) {
    replayed to = replay_recorded(NULL);
    assert_int_equal(to.result.end, TW_RECORDING_CLOSED);
    assert_int_equal(to.result.lost, 0);
    assert_int_equal(to.same, desk.entry_count);
}

#endif
