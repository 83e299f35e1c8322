/*
 * itch_model.h - one ITCH file read in three ways, side by side.
 *
 * Events many a call are what events one a call are: the same events, errors to their last letter,
 * places, last messages, counts and symbols after each. From places on the way a tape that is
 * opened there goes on in the same way. And whole messages end where events end. Used by model_itch
 * (made files) and fuzz_capture (the fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_ITCH_MODEL_H
#define TRADEWIND_TEST_ITCH_MODEL_H

#include <string.h>

#include "tradewind/tape_itch.h"

#define ITCH_MODEL_EVENTS_MAX 64
#define ITCH_MODEL_SYMBOLS_MAX 16

typedef struct itch_model_side {
    tw_symbols *symbols;
    tw_tape *tape;
    tw_error error;
    tw_status status;
} itch_model_side;

static inline bool itch_model_goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL ||
           status == TW_UNKNOWN || status == TW_UNSUPPORTED;
}

/* With known symbols only, these are known. */
static inline void itch_model_open(itch_model_side *side, tw_tape_config config) {
    static const char *const names[] = {"AAPL", "S1", "S3"};
    memset(side, 0, sizeof *side);
    TW_ASSERT(tw_symbols_new(NULL, ITCH_MODEL_SYMBOLS_MAX, &side->symbols) == TW_OK);
    for (size_t i = 0; config.known_symbols_only && i < 3; i++) {
        tw_symbol symbol;
        TW_ASSERT(tw_symbols_intern(side->symbols, tw_slice_of(names[i]), &symbol) == TW_OK);
    }
    config.symbols = side->symbols;
    side->status = tw_tape_open(&config, &side->tape, &side->error);
}

static inline void itch_model_close(itch_model_side *side) {
    tw_tape_close(side->tape);
    tw_symbols_free(side->symbols);
}

static inline void itch_model_same_gaps(const itch_model_side *a, const itch_model_side *b) {
    tw_tape_gaps p = tw_tape_gaps_of(a->tape);
    tw_tape_gaps q = tw_tape_gaps_of(b->tape);
    TW_ASSERT(p.gap_count == q.gap_count && p.missing_count == q.missing_count);
    TW_ASSERT(p.late_count == q.late_count && p.duplicate_count == q.duplicate_count);
    TW_ASSERT(p.packet_count == q.packet_count && p.fragment_count == q.fragment_count);
    TW_ASSERT(p.other_count == q.other_count && p.cut_count == q.cut_count);
    TW_ASSERT(p.first_missing == q.first_missing && p.last_missing == q.last_missing);
    TW_ASSERT(strcmp(p.session, q.session) == 0 && p.port == q.port);
}

static inline void itch_model_same_place(const itch_model_side *a, const itch_model_side *b) {
    tw_tape_position p = tw_tape_tell(a->tape);
    tw_tape_position q = tw_tape_tell(b->tape);
    TW_ASSERT(p.line == q.line && p.next.line_count == q.next.line_count);
    TW_ASSERT(p.next.offset == q.next.offset);
}

static inline void itch_model_same(const itch_model_side *a, const itch_model_side *b) {
    tw_tape_gaps p = tw_tape_gaps_of(a->tape);
    tw_tape_gaps q = tw_tape_gaps_of(b->tape);
    itch_model_same_place(a, b);
    itch_model_same_gaps(a, b);
    TW_ASSERT(p.unnamed_count == q.unnamed_count && p.passed_count == q.passed_count);
    TW_ASSERT(p.ended == q.ended);
    TW_ASSERT(tw_symbols_count(a->symbols) == tw_symbols_count(b->symbols));
    for (tw_symbol i = 0; i < tw_symbols_count(a->symbols); i++)
        TW_ASSERT(strcmp(tw_symbols_name(a->symbols, i), tw_symbols_name(b->symbols, i)) == 0);
}

static inline void itch_model_single(itch_model_side *side, tw_order_event *event) {
    memset(&side->error, 0, sizeof side->error);
    memset(event, 0x55, sizeof *event);
    side->status = tw_tape_next_event(side->tape, event, &side->error);
}

/* One batch, and as many single events beside it. */
static inline void itch_model_step(itch_model_side *one, itch_model_side *many, size_t capacity) {
    tw_order_event event;
    tw_order_event events[ITCH_MODEL_EVENTS_MAX + 1];
    tw_order_event untouched;
    size_t count = 0;
    memset(events, 0x55, sizeof events);
    memset(&untouched, 0x55, sizeof untouched);
    memset(&many->error, 0, sizeof many->error);
    many->status = tw_tape_next_events(many->tape, events, capacity, &count, &many->error);
    TW_ASSERT(count <= capacity && (many->status == TW_OK) == (count > 0));
    for (size_t i = 0; i < count; i++) {
        itch_model_single(one, &event);
        TW_ASSERT(one->status == TW_OK && memcmp(&event, &events[i], sizeof event) == 0);
    }
    if (count == 0) {
        itch_model_single(one, &event);
        TW_ASSERT(memcmp(&event, &untouched, sizeof event) == 0); /* a failed call writes nothing */
    }
    TW_ASSERT(memcmp(&events[count], &untouched, sizeof event) == 0);
    TW_ASSERT(one->status == many->status);
    TW_ASSERT(memcmp(&one->error, &many->error, sizeof one->error) == 0);
    TW_ASSERT(tw_slice_equal(tw_tape_line(one->tape), tw_tape_line(many->tape)));
    itch_model_same(one, many);
    tw_tape_position p = tw_tape_tell(one->tape);
    TW_ASSERT(p.bytes_read == tw_tape_tell(many->tape).bytes_read);
}

/* A tape that begins where this one is gives the same next, and has counted the same. */
static inline void itch_model_go_on(const tw_tape_config *config, itch_model_side *one,
                                    itch_model_side *many) {
    tw_tape_config from = *config;
    from.start = tw_tape_tell(one->tape).next;
    itch_model_side fresh;
    tw_order_event event;
    tw_order_event other;
    size_t count = 0;
    itch_model_open(&fresh, from);
    TW_ASSERT(fresh.status == TW_OK);
    itch_model_same(one, &fresh);
    itch_model_single(one, &event);
    itch_model_single(&fresh, &other);
    TW_ASSERT(one->status == fresh.status && memcmp(&event, &other, sizeof event) == 0);
    itch_model_same(one, &fresh);
    many->status = tw_tape_next_events(many->tape, &other, 1, &count, &many->error);
    TW_ASSERT(one->status == many->status);
    itch_model_close(&fresh);
}

/* Reads whole messages to the end: at the same place as events, with the same gaps. */
static inline void itch_model_messages(const tw_tape_config *config, const itch_model_side *one) {
    itch_model_side whole;
    tw_itch_message message;
    itch_model_open(&whole, *config);
    TW_ASSERT(whole.status == TW_OK);
    do {
        memset(&whole.error, 0, sizeof whole.error);
        whole.status = tw_tape_next_itch(whole.tape, &message, &whole.error);
    } while (itch_model_goes_on(whole.status));
    TW_ASSERT(whole.status == one->status);
    TW_ASSERT(memcmp(&whole.error, &one->error, sizeof whole.error) == 0);
    itch_model_same_place(&whole, one);
    itch_model_same_gaps(&whole, one);
    itch_model_close(&whole);
}

/* Reads all of a file; `seed` chooses the capacities. Returns how many answers were compared. */
static inline uint64_t itch_model_run(const tw_tape_config *config, uint64_t seed) {
    itch_model_side one;
    itch_model_side many;
    itch_model_open(&one, *config);
    itch_model_open(&many, *config);
    TW_ASSERT(one.status == many.status);
    TW_ASSERT(memcmp(&one.error, &many.error, sizeof one.error) == 0);
    uint64_t steps = 0;
    while (many.tape != NULL && itch_model_goes_on(many.status)) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        itch_model_step(&one, &many, 1 + (seed >> 33) % ITCH_MODEL_EVENTS_MAX);
        steps++;
        if (one.status == TW_OK && (seed >> 20) % 64 == 0)
            itch_model_go_on(config, &one, &many);
    }
    if (many.tape != NULL) { /* the end stays the end */
        itch_model_step(&one, &many, 1);
        itch_model_step(&one, &many, ITCH_MODEL_EVENTS_MAX);
        itch_model_messages(config, &one);
    }
    itch_model_close(&one);
    itch_model_close(&many);
    return steps;
}

#endif
