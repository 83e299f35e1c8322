/*
 * tape_itch_priv.h - what the files of the ITCH reader share.
 *
 * A file is a row of runs: bytes of the source's buffer that hold messages one behind the other,
 * each behind two bytes of its length. In a day file the buffer is a run; in a capture the messages
 * of a packet are one, or a part of them when some came before. Readers of messages know only runs
 * (tape_itch.c, tape_itch_events.c); who makes them is raw_next_run (tape_itch.c) or
 * capture_next_run (tape_capture.c).
 *
 * Invariants:
 *   1. run_size bytes at the source's `begin` are in its buffer. A run of a capture has only whole
 *      messages; the last message of a day file's run may go on behind it.
 *   2. The buffer is filled, and so moved, only while no run has a whole message.
 *   3. `live` is what was done, `shown` what a caller is told: what was done up to the last message
 *      given or status returned. So many events a call look as one at a time would.
 *   4. In a packet, the source stands at or behind its beginning, and record_end is where it ends.
 *   5. The gaps of a stream ascend, do not touch and lie below next_sequence.
 */
#ifndef TRADEWIND_TAPE_ITCH_PRIV_H
#define TRADEWIND_TAPE_ITCH_PRIV_H

#include "capture.h"
#include "itch_bytes.h"
#include "tape_priv.h"
#include "tradewind/tape_itch.h"

#define ITCH_STREAM_COUNT_MAX 16
#define ITCH_GAP_COUNT_MAX 1024
#define ITCH_LOCATE_COUNT 65536

/* What a locate stands for: nothing yet, a symbol + 1, or a stock that is passed over. */
#define ITCH_UNNAMED UINT32_C(0)
#define ITCH_PASSED UINT32_MAX

/* Messages that are missing, both ends included. */
typedef struct itch_gap {
    uint64_t first;
    uint64_t last;
} itch_gap;

/* A session at a port, or a day file. */
typedef struct itch_stream {
    uint32_t *symbols; /* [ITCH_LOCATE_COUNT], by locate */
    uint64_t next_sequence;
    size_t gap_count;
    itch_gap gaps[ITCH_GAP_COUNT_MAX];
    char session[TW_MOLD_SESSION_SIZE];
    uint16_t port;
} itch_stream;

typedef struct itch_counts {
    uint64_t offset; /* in the text, behind the last message */
    uint64_t messages;
    uint64_t passed;
    uint64_t unnamed;
    uint64_t packets;
} itch_counts;

struct tape_itch {
    itch_stream *streams;
    size_t stream_capacity;
    size_t stream_count;
    uint32_t *symbols;   /* of all streams, one behind the other */
    itch_stream *stream; /* of the run */
    size_t run_size;
    bool captured;
    bool in_packet;
    bool fragment_told;
    bool cut_told;
    bool soup_told;
    uint16_t port;
    uint64_t record_end;   /* of the packet, in the text */
    uint64_t sequence;     /* of the packet's next message behind the run */
    size_t block_left;     /* messages of the packet behind the run */
    uint64_t sequence_end; /* behind the packet's last message, whether it was kept or not */
    itch_counts live;
    itch_counts shown;
    tw_tape_gaps gaps; /* its counts that are in itch_counts too are not used */
    tw_status fault;   /* sticky */
    tw_error fault_error;
    tw_capture capture;
};

/* ---- tape_itch.c --------------------------------------------------------------------------- */

/* Says where in the text `why` is so; returns its status. */
tw_status itch_bad(const tw_tape *tape, uint64_t offset, const tw_error *why, tw_error *error);

/* The same, and every further call says it again. */
tw_status itch_stop(tw_tape *tape, uint64_t offset, const tw_error *why, tw_error *error);

/* tw_source_need, but that a text which ends too early says so itself: then `ret_bytes` is all that
 * is left, with TW_OK. TW_EMPTY: nothing is. */
tw_status itch_need(tw_tape *tape, size_t size, tw_slice *ret_bytes, tw_error *error) TW_MUST_CHECK;

/* The next message, which stays the next one. */
tw_status itch_next_message(tw_tape *tape, tw_slice *ret_message, tw_error *error) TW_MUST_CHECK;
bool itch_has_message(const tw_tape *tape, tw_slice *ret_message);

/* Passes over `size` bytes of the run, in which `count` messages are. */
void itch_pass(tw_tape *tape, size_t size, size_t count);

/* True: the message, which has the length of its type, is passed over and counted, since only known
 * symbols are wanted. Otherwise, with known symbols only, `ret_entry` is what it is about. */
bool itch_passes(tw_tape *tape, tw_slice message, uint32_t *ret_entry);

/* Unless only known symbols are wanted: what a message is about (ITCH_UNNAMED, which is counted, or
 * a symbol + 1), and learns names from it. `ret_entry` is left alone for a message about no stock.
 * TW_FULL, TW_RANGE (no symbol may have this name): nothing was learned. */
tw_status itch_learn(tw_tape *tape, tw_slice message, uint32_t *ret_entry,
                     tw_error *error) TW_MUST_CHECK;

/* True for the messages that are about no stock. */
static inline bool itch_is_general(char type) {
    return type == 'S' || type == 'V' || type == 'W';
}

/* ---- tape_itch_events.c -------------------------------------------------------------------- */

/* One message with everything that may be about it, which is not passed over by this. `ret_given`:
 * it is wanted, and `ret_event` was written. When it fails it has at most learned that a stock is
 * passed over. */
tw_status itch_read_event(tw_tape *tape, tw_slice message, tw_order_event *ret_event,
                          bool *ret_given, tw_error *error) TW_MUST_CHECK;

/* ---- tape_capture.c ------------------------------------------------------------------------ */

/* Makes a run with a whole message, once the last one has none. */
tw_status capture_next_run(tw_tape *tape, tw_error *error) TW_MUST_CHECK;

/* The same if the next packet is in the buffer and nothing is to be said about it. */
bool capture_go_on(tw_tape *tape);

#endif
