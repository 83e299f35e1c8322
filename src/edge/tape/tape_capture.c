/*
 * tape_capture.c - ITCH in captures: packets, sequences, and what is missing.
 *
 * Idea: a packet of MoldUDP64 has a number for its first message and so for all of them. Each
 * session at a port knows the number that comes next. What is above it makes a gap, which is kept;
 * what is below it either fills a gap, and is late, or came before. So every message of a packet is
 * new, late or known, and a packet is cut into runs of one kind.
 *
 *     BETWEEN --next_packet--> IN A PACKET --packet_next_run: a run of new or late messages--> same
 *                              IN A PACKET --packet_next_run: nothing left--> BETWEEN
 *                              IN A PACKET --packet_next_run: a gap is told--> same
 *
 * The invariants are in tape_itch_priv.h.
 */
#include "tape_itch_priv.h"
#include "tradewind/tape_itch.h"

/* ---- gaps ---------------------------------------------------------------------------------- */

static void forget_gap(itch_stream *stream, size_t index) {
    TW_ASSERT(index < stream->gap_count);
    stream->gap_count--;
    memmove(&stream->gaps[index], &stream->gaps[index + 1],
            (stream->gap_count - index) * sizeof stream->gaps[0]);
}

/* Puts a gap in its place; when there is no room, the oldest one goes. */
static void keep_gap(itch_stream *stream, size_t index, itch_gap gap) {
    if (stream->gap_count == ITCH_GAP_COUNT_MAX) {
        if (index == 0)
            return;
        forget_gap(stream, 0);
        index--;
    }
    memmove(&stream->gaps[index + 1], &stream->gaps[index],
            (stream->gap_count - index) * sizeof stream->gaps[0]);
    stream->gaps[index] = gap;
    stream->gap_count++;
}

/* The first gap that ends at or behind a number. */
static size_t find_gap(const itch_stream *stream, uint64_t sequence) {
    size_t low = 0;
    size_t high = stream->gap_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (stream->gaps[middle].last < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The messages from `first`, `count` of them, fill a part of a gap. */
static void fill_gap(itch_stream *stream, size_t index, uint64_t first, uint64_t count) {
    itch_gap *gap = &stream->gaps[index];
    uint64_t last = first + count - 1;
    TW_ASSERT(gap->first <= first && last <= gap->last);
    itch_gap behind = {last + 1, gap->last};
    bool leaves_before = gap->first < first;
    bool leaves_behind = last < gap->last;
    if (leaves_before)
        gap->last = first - 1;
    if (leaves_before && leaves_behind)
        keep_gap(stream, index + 1, behind);
    else if (leaves_behind)
        *gap = behind;
    else if (!leaves_before)
        forget_gap(stream, index);
}

/* Everything up to `next` has not come: it is noted, and told. */
static tw_status tell_gap(tw_tape *tape, itch_stream *stream, uint64_t next, const char *reason,
                          tw_error *error) {
    tw_tape_gaps *gaps = &tape->itch->gaps;
    itch_gap gap = {stream->next_sequence, next - 1};
    unsigned long long count = next - stream->next_sequence;
    TW_ASSERT(gap.first <= gap.last);
    stream->next_sequence = next;
    size_t end = stream->gap_count;
    if (end > 0 && stream->gaps[end - 1].last + 1 == gap.first) /* invariant 5: they never touch */
        stream->gaps[end - 1].last = gap.last;
    else
        keep_gap(stream, end, gap);
    gaps->gap_count++;
    gaps->missing_count += count;
    gaps->first_missing = gap.first;
    gaps->last_missing = gap.last;
    gaps->port = stream->port;
    memcpy(gaps->session, stream->session, sizeof gaps->session);
    tw_error why;
    tw_error_set(&why, TW_UNKNOWN,
                 "messages %llu to %llu of session %s at port %u are missing (%llu of them)%s",
                 (unsigned long long)gap.first, (unsigned long long)gap.last, stream->session,
                 stream->port, count, reason);
    return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
}

/* ---- runs of a packet ---------------------------------------------------------------------- */

/* The next `count` messages of the packet. */
static void make_run(tw_tape *tape, uint64_t count) {
    tape_itch *itch = tape->itch;
    const char *at = tape->source.buffer + tape->source.begin;
    TW_ASSERT(count > 0 && count <= itch->block_left && itch->run_size == 0);
    tw_slice rest = {at, tape->source.end - tape->source.begin};
    itch->run_size = tw_mold_size(rest, (size_t)count);
    itch->block_left -= (size_t)count;
    itch->sequence += count;
}

/* Messages below the next number of their stream: a run of those that fill a gap, or none. */
static bool old_run(tw_tape *tape) {
    tape_itch *itch = tape->itch;
    itch_stream *stream = itch->stream;
    uint64_t first = itch->sequence;
    uint64_t end = first + itch->block_left;
    if (end > stream->next_sequence)
        end = stream->next_sequence;
    size_t index = find_gap(stream, first);
    bool late = index < stream->gap_count && stream->gaps[index].first <= first;
    if (late && stream->gaps[index].last < end)
        end = stream->gaps[index].last + 1;
    if (!late && index < stream->gap_count && stream->gaps[index].first < end)
        end = stream->gaps[index].first;
    uint64_t count = end - first;
    make_run(tape, count);
    if (late) {
        fill_gap(stream, index, first, count);
        itch->gaps.late_count += count;
        itch->gaps.missing_count -= count;
        return true;
    }
    itch->gaps.duplicate_count += count;
    tw_source_skip(&tape->source, itch->run_size);
    itch->run_size = 0;
    return false;
}

/* TW_EMPTY: the packet has nothing more. */
static tw_status packet_next_run(tw_tape *tape, tw_error *error) {
    tape_itch *itch = tape->itch;
    itch_stream *stream = itch->stream;
    while (itch->block_left > 0 && itch->sequence < stream->next_sequence) {
        if (old_run(tape))
            return TW_OK;
    }
    if (itch->block_left > 0 && itch->sequence == stream->next_sequence) {
        stream->next_sequence += itch->block_left;
        make_run(tape, itch->block_left);
        return TW_OK;
    }
    if (itch->sequence > stream->next_sequence)
        return tell_gap(tape, stream, itch->sequence, "", error);
    if (itch->sequence_end > stream->next_sequence)
        return tell_gap(tape, stream, itch->sequence_end,
                        ": the capture did not keep all of a packet", error);
    return TW_EMPTY;
}

/* ---- packets ------------------------------------------------------------------------------- */

/* True for the first few messages of something that claims to be ITCH over TCP: sequenced data of
 * SoupBinTCP is two bytes of length, an S, and a message. */
static bool is_soup(tw_slice payload) {
    if (payload.size < 4 || payload.data[2] != 'S')
        return false;
    return tw_itch_size(payload.data[3]) + 1 == itch_load_16(payload.data) &&
           tw_itch_size(payload.data[3]) > 0;
}

/* Says something once a file. */
static tw_status tell_once(const tw_tape *tape, bool *told, tw_status status, const char *sentence,
                           tw_error *error) {
    tw_error why;
    if (*told)
        return TW_OK;
    *told = true;
    tw_error_set(&why, status, "%s", sentence);
    return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
}

static itch_stream *find_stream(tape_itch *itch, const tw_mold *mold, uint16_t port) {
    for (size_t i = 0; i < itch->stream_count; i++) {
        itch_stream *stream = &itch->streams[i];
        if (stream->port == port &&
            memcmp(stream->session, mold->session, TW_MOLD_SESSION_SIZE) == 0)
            return stream;
    }
    return NULL;
}

/* A heartbeat is only a header, which much could be; a session is known by it only if it looks like
 * one. Packets with messages were looked at to their last byte. */
static bool may_begin(const tw_mold *mold) {
    if (mold->torn)
        return false;
    bool looks = mold->sequence > 0 && mold->sequence >> 48 == 0;
    for (size_t i = 0; i < TW_MOLD_SESSION_SIZE - 1; i++) {
        char c = mold->session[i];
        looks = looks && ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == ' ');
    }
    return mold->block_count > 0 || looks;
}

/* The stream of a packet, made if it is new. NULL, and TW_OK: the packet is not ITCH. */
static tw_status open_stream(tw_tape *tape, const tw_mold *mold, uint16_t port,
                             itch_stream **ret_stream, tw_error *error) {
    tape_itch *itch = tape->itch;
    tw_error why;
    *ret_stream = find_stream(itch, mold, port);
    if (*ret_stream != NULL || !may_begin(mold))
        return TW_OK;
    if (itch->stream_count == itch->stream_capacity) {
        tw_error_set(&why, TW_FULL,
                     "session %s at port %u is one too many: at most %d are read; choose a port",
                     mold->session, port, ITCH_STREAM_COUNT_MAX);
        return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
    }
    itch_stream *stream = &itch->streams[itch->stream_count++];
    stream->next_sequence = mold->sequence;
    stream->port = port;
    memcpy(stream->session, mold->session, TW_MOLD_SESSION_SIZE);
    *ret_stream = stream;
    return TW_OK;
}

/* The source stands at the packet's record; afterwards at its messages. */
static void enter_packet(tw_tape *tape, itch_stream *stream, const tw_mold *mold, tw_slice record) {
    tape_itch *itch = tape->itch;
    itch->stream = stream;
    itch->in_packet = true;
    itch->sequence = mold->sequence;
    itch->block_left = mold->block_count;
    itch->sequence_end = mold->sequence + mold->count;
    itch->live.packets++;
    itch->record_end = tw_source_offset(&tape->source) + record.size;
    tw_source_skip(&tape->source, (size_t)(mold->blocks.data - record.data));
}

static tw_status read_mold(tw_tape *tape, const tw_datagram *datagram, tw_slice record,
                           tw_error *error) {
    tape_itch *itch = tape->itch;
    tw_error why;
    tw_mold mold = tw_mold_read(datagram->payload, datagram->size);
    itch_stream *stream = NULL;
    tw_status status = TW_OK;
    if (mold.kind == TW_MOLD_DOWNSTREAM)
        status = open_stream(tape, &mold, datagram->port, &stream, error);
    if (status != TW_OK)
        return status;
    if (stream == NULL && datagram->cut)
        return tell_once(tape, &itch->cut_told, TW_UNKNOWN,
                         "the capture cut this packet before it could be told what it is; such "
                         "packets are counted",
                         error);
    if (stream == NULL) {
        itch->gaps.other_count++;
        return TW_OK;
    }
    if (mold.torn) {
        tw_error_set(&why, TW_PARSE,
                     "a packet of session %s at port %u whose %zu messages do not fill it",
                     stream->session, stream->port, mold.count);
        return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
    }
    itch->gaps.ended |= mold.ends;
    enter_packet(tape, stream, &mold, record);
    return TW_OK;
}

/* A packet of the capture: begins to read its messages, or says or counts what else it is. */
static tw_status read_datagram(tw_tape *tape, const tw_capture_packet *packet, tw_slice record,
                               tw_error *error) {
    tape_itch *itch = tape->itch;
    tw_datagram datagram = tw_datagram_find(packet);
    bool wanted = itch->port == 0 || itch->port == datagram.port;
    itch->gaps.cut_count += datagram.cut ? 1 : 0;
    if (datagram.kind == TW_DATAGRAM_FRAGMENT) {
        itch->gaps.fragment_count++;
        return tell_once(tape, &itch->fragment_told, TW_UNKNOWN,
                         "this packet is an IP fragment, which is not put together; what is in it "
                         "is not known, and such packets are counted",
                         error);
    }
    if (datagram.kind == TW_DATAGRAM_UDP && wanted)
        return read_mold(tape, &datagram, record, error);
    if (datagram.kind == TW_DATAGRAM_OTHER && datagram.cut)
        return tell_once(tape, &itch->cut_told, TW_UNKNOWN,
                         "the capture cut this packet before it could be told what it is; such "
                         "packets are counted",
                         error);
    itch->gaps.other_count++;
    if (datagram.kind == TW_DATAGRAM_TCP && wanted && is_soup(datagram.payload))
        return tell_once(tape, &itch->soup_told, TW_UNSUPPORTED,
                         "ITCH in SoupBinTCP over TCP is not read, only MoldUDP64 over UDP; such "
                         "packets are passed over",
                         error);
    return TW_OK;
}

/* ---- records ------------------------------------------------------------------------------- */

/* Passes over a record of any size. */
static tw_status pass_record(tw_tape *tape, uint64_t size, tw_error *error) {
    uint64_t begin = tw_source_offset(&tape->source);
    uint64_t left = size;
    while (left > 0) {
        tw_slice bytes;
        tw_status status = itch_need(tape, 1, &bytes, error);
        tw_error why;
        if (status == TW_EMPTY) {
            tw_error_set(&why, TW_TRUNCATED, "the file ends in a block of %llu bytes",
                         (unsigned long long)size);
            return itch_stop(tape, begin, &why, error);
        }
        if (status != TW_OK)
            return status;
        size_t some = bytes.size < left ? bytes.size : (size_t)left;
        tw_source_skip(&tape->source, some);
        left -= some;
    }
    return TW_OK;
}

static tw_status too_large(tw_tape *tape, uint64_t size, tw_error *error) {
    tw_error why;
    uint64_t offset = tw_source_offset(&tape->source);
    tw_status status = pass_record(tape, size, error);
    if (status != TW_OK)
        return status;
    tw_error_set(&why, TW_FULL, "a packet of %llu bytes; at most %zu are read (line_size_max)",
                 (unsigned long long)size, tape->source.capacity);
    return itch_bad(tape, offset, &why, error);
}

/* The size of the next record. TW_EMPTY: there is none. */
static tw_status measure(tw_tape *tape, uint64_t *ret_size, tw_capture_record *ret_kind,
                         tw_error *error) {
    tw_slice head;
    tw_error why;
    tw_status status = itch_need(tape, TW_CAPTURE_HEAD_SIZE, &head, error);
    if (status != TW_OK)
        return status;
    status = tw_capture_measure(&tape->itch->capture, head, ret_size, ret_kind, &why);
    return status == TW_OK ? TW_OK : itch_stop(tape, tw_source_offset(&tape->source), &why, error);
}

/* Lends a record whole. */
static tw_status lend_record(tw_tape *tape, size_t size, tw_slice *ret_record, tw_error *error) {
    tw_error why;
    tw_status status = itch_need(tape, size, ret_record, error);
    if (status != TW_OK)
        return status;
    if (ret_record->size < size) {
        tw_error_set(&why, TW_TRUNCATED,
                     "the file ends in a packet: its record has %zu bytes, of which %zu are there",
                     size, ret_record->size);
        return itch_stop(tape, tw_source_offset(&tape->source), &why, error);
    }
    ret_record->size = size;
    return TW_OK;
}

/* Reads one record, and enters its packet if that is one of ITCH. */
static tw_status next_record(tw_tape *tape, tw_error *error) {
    tape_itch *itch = tape->itch;
    uint64_t size = 0;
    tw_capture_record kind = TW_CAPTURE_SKIPPED;
    tw_slice record;
    tw_error why;
    tw_capture_packet packet;
    tw_status status = measure(tape, &size, &kind, error);
    if (status != TW_OK)
        return status;
    if (kind == TW_CAPTURE_SKIPPED)
        return pass_record(tape, size, error);
    if (size > tape->source.capacity)
        return too_large(tape, size, error);
    status = lend_record(tape, (size_t)size, &record, error);
    if (status != TW_OK)
        return status;
    status = kind == TW_CAPTURE_NOTE ? tw_capture_note(&itch->capture, record, &why)
                                     : tw_capture_packet_of(&itch->capture, record, &packet, &why);
    if (status == TW_FULL) /* an interface too many; what is not of it can be read */
        status = itch_bad(tape, tw_source_offset(&tape->source), &why, error);
    else if (status != TW_OK)
        return itch_stop(tape, tw_source_offset(&tape->source), &why, error);
    else if (kind == TW_CAPTURE_PACKET)
        status = read_datagram(tape, &packet, record, error);
    if (!itch->in_packet)
        tw_source_skip(&tape->source, record.size);
    return status;
}

static void leave_packet(tw_tape *tape) {
    uint64_t left = tape->itch->record_end - tw_source_offset(&tape->source);
    tw_source_skip(&tape->source, (size_t)left);
    tape->itch->in_packet = false;
}

tw_status capture_next_run(tw_tape *tape, tw_error *error) {
    tape_itch *itch = tape->itch;
    TW_ASSERT(itch->run_size == 0);
    for (;;) {
        tw_status status = TW_OK;
        if (itch->in_packet) {
            status = packet_next_run(tape, error);
            if (status != TW_EMPTY)
                return status;
            leave_packet(tape);
        }
        status = next_record(tape, error);
        if (status != TW_OK)
            return status;
    }
}

/* ---- going on within the buffer ------------------------------------------------------------ */

/* The next record, if it is a whole packet in the buffer. */
static bool peek_packet(const tw_tape *tape, size_t at, tw_slice *ret_record,
                        tw_capture_packet *ret_packet) {
    const tape_itch *itch = tape->itch;
    tw_slice head = {tape->source.buffer + at, tape->source.end - at};
    uint64_t size = 0;
    tw_capture_record kind = TW_CAPTURE_SKIPPED;
    if (head.size < TW_CAPTURE_HEAD_SIZE ||
        tw_capture_measure(&itch->capture, head, &size, &kind, NULL) != TW_OK ||
        kind != TW_CAPTURE_PACKET || size > head.size)
        return false;
    *ret_record = (tw_slice){head.data, (size_t)size};
    return tw_capture_packet_of(&itch->capture, *ret_record, ret_packet, NULL) == TW_OK;
}

bool capture_go_on(tw_tape *tape) {
    tape_itch *itch = tape->itch;
    if (!itch->in_packet || itch->block_left > 0 || itch->run_size > 0 ||
        itch->sequence_end > itch->stream->next_sequence)
        return false;
    uint64_t trailer = itch->record_end - tw_source_offset(&tape->source);
    size_t at = tape->source.begin + (size_t)trailer;
    tw_slice record;
    tw_capture_packet packet;
    if (!peek_packet(tape, at, &record, &packet))
        return false;
    tw_datagram datagram = tw_datagram_find(&packet);
    if (datagram.kind != TW_DATAGRAM_UDP || datagram.cut)
        return false;
    tw_mold mold = tw_mold_read(datagram.payload, datagram.size);
    if (mold.kind != TW_MOLD_DOWNSTREAM || mold.torn || mold.block_count == 0)
        return false;
    itch_stream *stream = find_stream(itch, &mold, datagram.port); /* none at an unwanted port */
    if (stream == NULL || stream->next_sequence != mold.sequence)
        return false;
    leave_packet(tape);
    enter_packet(tape, stream, &mold, record);
    stream->next_sequence += itch->block_left;
    make_run(tape, itch->block_left);
    return true;
}
