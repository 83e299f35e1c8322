/*
 * tape_itch.c - ITCH: opening, day files, messages one at a time, and names.
 *
 * The file is BinaryFILE 1.00 (NASDAQ, 2010-03-30): two bytes of length, most significant first,
 * and a message; a length of zero ends the session. NASDAQ's own day files often end without it,
 * right behind the message "end of messages", so its absence is shown (tw_tape_gaps) but is no
 * error. Zeros may follow, which fill a block; anything else was not written by whoever wrote the
 * rest. The invariants are in tape_itch_priv.h.
 */
#include "tradewind/tape_itch.h"
#include "tape_itch_priv.h"

#define CAPACITY_DEFAULT 524288
#define CAPACITY_MIN \
    66048 /* the longest length and its two bytes, or a UDP datagram in its frame */

_Static_assert(CAPACITY_MIN >= 65535 + 2, "every length can be followed");

/* Where the stock stands in a message, 0 where it has none. */
static const uint8_t stock_at[128] = {
    ['R'] = 11, ['H'] = 11, ['Y'] = 11, ['L'] = 15, ['K'] = 11, ['J'] = 11, ['h'] = 11,
    ['A'] = 24, ['F'] = 24, ['P'] = 24, ['Q'] = 19, ['I'] = 28, ['N'] = 11, ['O'] = 11};

size_t itch_capacity(size_t line_size_max) {
    if (line_size_max == 0)
        return CAPACITY_DEFAULT;
    return line_size_max < CAPACITY_MIN ? CAPACITY_MIN : line_size_max;
}

/* ---- what is wrong ------------------------------------------------------------------------- */

tw_status itch_bad(const tw_tape *tape, uint64_t offset, const tw_error *why, tw_error *error) {
    return tw_error_set_at(error, why->status, tape->source.where, 0, 0, "at byte %llu: %s",
                           (unsigned long long)offset, why->message);
}

tw_status itch_stop(tw_tape *tape, uint64_t offset, const tw_error *why, tw_error *error) {
    tape_itch *itch = tape->itch;
    itch->fault = itch_bad(tape, offset, why, &itch->fault_error);
    if (error != NULL)
        *error = itch->fault_error;
    return itch->fault;
}

tw_status itch_need(tw_tape *tape, size_t size, tw_slice *ret_bytes, tw_error *error) {
    tape->line = tw_slice_of(""); /* the buffer moves on: invariant 2 */
    tw_status status = tw_source_need(&tape->source, size, ret_bytes, error);
    bool early = status == TW_TRUNCATED && tape->source.fault == TW_OK;
    return early ? TW_OK : status;
}

/* What was done is what is told, with a status as with a message. */
static tw_status show(tw_tape *tape, tw_status status) {
    tape->itch->shown = tape->itch->live;
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

static tw_status refuse(const tw_tape *tape, tw_slice first, tw_error *error) {
    const char *where = tape->source.where;
    const char *b = first.data;
    size_t size = itch_load_16(b);
    bool soup = (b[2] == 'S' && first.size > 3 && tw_itch_size(b[3]) + 1 == size) ||
                (b[2] == 'A' && size == 31); /* sequenced data, or a login that was accepted */
    if (soup)
        return tw_error_set_at(
            error, TW_UNSUPPORTED, where, 0, 0,
            "this is a SoupBinTCP stream; ITCH is read from day files (two bytes "
            "of length, a message) and from captures of MoldUDP64");
    return tw_error_set_at(error, TW_PARSE, where, 0, 0,
                           "expected a message of ITCH 5.0 behind its length, or a capture (pcap, "
                           "pcapng); found the bytes %02x %02x %02x",
                           (unsigned char)b[0], (unsigned char)b[1], (unsigned char)b[2]);
}

/* Three bytes tell a day file: the length of a message and its type, or nothing at all. */
static bool is_day_file(tw_slice first) {
    if (first.size < 3 || itch_load_16(first.data) == 0)
        return true;
    return tw_itch_size(first.data[2]) == itch_load_16(first.data);
}

static tw_status take_memory(tw_tape *tape, tw_error *error) {
    tape_itch *itch = tape->itch;
    itch->stream_capacity = itch->captured ? ITCH_STREAM_COUNT_MAX : 1;
    itch->streams = TW_NEW(tape->allocator, itch->stream_capacity, itch_stream);
    itch->symbols = TW_NEW(tape->allocator, itch->stream_capacity * ITCH_LOCATE_COUNT, uint32_t);
    if (itch->streams == NULL || itch->symbols == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    for (size_t i = 0; i < itch->stream_capacity; i++)
        itch->streams[i].symbols = itch->symbols + i * ITCH_LOCATE_COUNT;
    return TW_OK;
}

tw_status itch_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) {
    tape->itch = TW_NEW(tape->allocator, 1, tape_itch);
    if (tape->itch == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    tape_itch *itch = tape->itch;
    itch->port = config->port;
    tw_slice first;
    tw_status status = itch_need(tape, TW_CAPTURE_FIRST_SIZE, &first, error);
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_EMPTY, tape->source.where, 0, 0, "the file is empty");
    if (status != TW_OK)
        return status;
    itch->captured = tw_capture_tell(first) != TW_CAPTURE_NONE;
    if (!itch->captured && !is_day_file(first))
        return refuse(tape, first, error);
    if (itch->captured) {
        tw_error why;
        size_t size = 0;
        status = tw_capture_begin(&itch->capture, first, &size, &why);
        if (status != TW_OK)
            return itch_bad(tape, 0, &why, error);
        tw_source_skip(&tape->source, size);
    }
    status = take_memory(tape, error);
    if (status == TW_OK && !itch->captured) {
        itch->stream = itch->streams;
        itch->stream_count = 1;
    }
    return status;
}

void itch_done(tw_tape *tape) {
    tape_itch *itch = tape->itch;
    if (itch == NULL)
        return;
    TW_DELETE(tape->allocator, itch->symbols, itch->stream_capacity * ITCH_LOCATE_COUNT, uint32_t);
    TW_DELETE(tape->allocator, itch->streams, itch->stream_capacity, itch_stream);
    TW_DELETE(tape->allocator, itch, 1, tape_itch);
    tape->itch = NULL;
}

/* ---- day files ----------------------------------------------------------------------------- */

/* The length of zero was read: only zeros may follow. */
static tw_status end_day(tw_tape *tape, tw_error *error) {
    tw_slice rest;
    tw_status status;
    tw_source_skip(&tape->source, 2);
    tape->itch->gaps.ended = true;
    while ((status = itch_need(tape, 1, &rest, error)) == TW_OK) {
        size_t zeros = 0;
        while (zeros < rest.size && rest.data[zeros] == '\0')
            zeros++;
        tw_source_skip(&tape->source, zeros);
        if (zeros == rest.size)
            continue;
        tw_error why;
        tw_error_set(&why, TW_CORRUPT, "something follows the length of zero that ends the file");
        return itch_stop(tape, tw_source_offset(&tape->source), &why, error);
    }
    return status;
}

static tw_status raw_next_run(tw_tape *tape, tw_error *error) {
    tw_source *source = &tape->source;
    tw_error why;
    tw_slice bytes;
    tape->itch->run_size = 0;
    tw_status status = itch_need(tape, 2, &bytes, error);
    if (status != TW_OK)
        return status;
    if (bytes.size < 2) {
        tw_error_set(&why, TW_TRUNCATED, "the file ends in the length of a message");
        return itch_stop(tape, tw_source_offset(source), &why, error);
    }
    size_t size = itch_load_16(bytes.data);
    if (size == 0)
        return end_day(tape, error);
    status = itch_need(tape, 2 + size, &bytes, error);
    if (status != TW_OK)
        return status;
    if (bytes.size < 2 + size) {
        tw_error_set(&why, TW_TRUNCATED,
                     "the file ends in a message of %zu bytes, of which it has "
                     "%zu",
                     size, bytes.size - 2);
        return itch_stop(tape, tw_source_offset(source), &why, error);
    }
    tape->itch->run_size = bytes.size;
    return TW_OK;
}

/* ---- messages ------------------------------------------------------------------------------ */

/* A length of zero ends a day file, while a packet may hold a message of no bytes. */
bool itch_has_message(const tw_tape *tape, tw_slice *ret_message) {
    const tape_itch *itch = tape->itch;
    const char *at = tape->source.buffer + tape->source.begin;
    if (itch->run_size < 2)
        return false;
    size_t size = itch_load_16(at);
    if (itch->run_size < 2 + size || (size == 0 && !itch->captured))
        return false;
    *ret_message = (tw_slice){at + 2, size};
    return true;
}

tw_status itch_next_message(tw_tape *tape, tw_slice *ret_message, tw_error *error) {
    tape_itch *itch = tape->itch;
    if (itch->fault != TW_OK && error != NULL)
        *error = itch->fault_error;
    if (itch->fault != TW_OK)
        return itch->fault;
    while (!itch_has_message(tape, ret_message)) {
        tw_status status =
            itch->captured ? capture_next_run(tape, error) : raw_next_run(tape, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

void itch_pass(tw_tape *tape, size_t size, size_t count) {
    tape_itch *itch = tape->itch;
    TW_ASSERT(size <= itch->run_size);
    tw_source_skip(&tape->source, size);
    itch->run_size -= size;
    itch->live.messages += count;
    itch->live.offset = tw_source_offset(&tape->source);
}

/* ---- names --------------------------------------------------------------------------------- */

static tw_status intern(tw_tape *tape, tw_slice name, uint32_t *ret_entry, tw_error *error) {
    char shown[SHOWN_SIZE];
    uint64_t offset = tw_source_offset(&tape->source);
    tw_error why;
    tw_symbol symbol = TW_SYMBOL_NONE;
    tw_status status = tw_symbols_intern(tape->symbols, name, &symbol);
    if (status == TW_FULL)
        tw_error_set(&why, TW_FULL, "there is no room for another symbol (%s)",
                     tape_shown(name, shown));
    else if (status != TW_OK)
        tw_error_set(&why, TW_RANGE, "no symbol is called \"%s\"", tape_shown(name, shown));
    if (status != TW_OK)
        return itch_bad(tape, offset, &why, error);
    *ret_entry = symbol + 1;
    return TW_OK;
}

static tw_status find_symbol(tw_tape *tape, tw_slice message, uint32_t *ret_entry,
                             tw_error *error) {
    char type = message.data[0];
    uint16_t locate = itch_load_16(message.data + 1);
    uint32_t *place = &tape->itch->stream->symbols[locate];
    unsigned at = stock_at[(unsigned char)type];
    if (at == 0 || (*place != ITCH_UNNAMED && type != 'R')) {
        *ret_entry = *place;
        return TW_OK;
    }
    tw_slice name = {message.data + at, TW_ITCH_STOCK_SIZE - 1};
    while (name.size > 0 && name.data[name.size - 1] == ' ')
        name.size--;
    uint32_t entry = ITCH_PASSED;
    tw_status status = TW_OK;
    if (tape->known_symbols_only) {
        tw_symbol symbol = tw_symbols_find(tape->symbols, name);
        entry = symbol == TW_SYMBOL_NONE ? ITCH_PASSED : symbol + 1;
    } else {
        status = intern(tape, name, &entry, error);
    }
    if (status != TW_OK)
        return status;
    if (locate != 0) /* which is no stock's */
        *place = entry;
    *ret_entry = entry;
    return TW_OK;
}

bool itch_passes(tw_tape *tape, tw_slice message, uint32_t *ret_entry) {
    if (!tape->known_symbols_only || itch_is_general(message.data[0]))
        return false;
    tw_status status = find_symbol(tape, message, ret_entry, NULL);
    TW_ASSERT(status == TW_OK); /* nothing is interned */
    bool passes = *ret_entry == ITCH_UNNAMED || *ret_entry == ITCH_PASSED;
    tape->itch->live.passed += passes ? 1 : 0;
    tape->itch->live.unnamed += *ret_entry == ITCH_UNNAMED ? 1 : 0;
    return passes;
}

tw_status itch_learn(tw_tape *tape, tw_slice message, uint32_t *ret_entry, tw_error *error) {
    if (tape->known_symbols_only || itch_is_general(message.data[0]))
        return TW_OK;
    tw_status status = find_symbol(tape, message, ret_entry, error);
    if (status == TW_OK)
        tape->itch->live.unnamed += *ret_entry == ITCH_UNNAMED ? 1 : 0;
    return status;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Decodes a message that is wanted; otherwise says that it is passed over. */
static tw_status decode(tw_tape *tape, tw_slice message, tw_itch_message *ret_message,
                        bool *ret_wanted, tw_error *error) {
    bool whole = message.size > 0 && tw_itch_size(message.data[0]) == message.size;
    uint32_t entry = ITCH_UNNAMED;
    tw_itch_message decoded;
    tw_error why;
    *ret_wanted = !whole || !itch_passes(tape, message, &entry);
    if (!*ret_wanted)
        return TW_OK;
    if (tw_itch_decode(message, &decoded, &why) != TW_OK)
        return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
    tw_status status = itch_learn(tape, message, &entry, error);
    if (status != TW_OK)
        return status;
    tape->itch->gaps.ended |= decoded.type == 'S' && decoded.system_event.event_code == 'C';
    *ret_message = decoded;
    return TW_OK;
}

tw_status tw_tape_next_itch(tw_tape *tape, tw_itch_message *ret_message, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_ITCH && ret_message != NULL);
    bool wanted = false;
    tw_status status;
    do {
        tw_slice message;
        status = itch_next_message(tape, &message, error);
        if (status != TW_OK)
            break;
        status = decode(tape, message, ret_message, &wanted, error);
        tape->line = message;
        itch_pass(tape, 2 + message.size, 1);
    } while (status == TW_OK && !wanted);
    return show(tape, status);
}

tw_tape_gaps tw_tape_gaps_of(const tw_tape *tape) {
    if (tape->itch == NULL)
        return (tw_tape_gaps){0};
    tw_tape_gaps gaps = tape->itch->gaps;
    gaps.packet_count = tape->itch->shown.packets;
    gaps.unnamed_count = tape->itch->shown.unnamed;
    gaps.passed_count = tape->itch->shown.passed;
    return gaps;
}

tw_tape_place itch_place(const tw_tape *tape) {
    const itch_counts *shown = &tape->itch->shown;
    return (tw_tape_place){.offset = shown->offset, .line_count = shown->messages};
}

/* ---- going on ------------------------------------------------------------------------------ */

/* What the messages up to there say about names and sequences must be known, so they are read. */
tw_status itch_go_on(tw_tape *tape, tw_tape_place start, tw_error *error) {
    const itch_counts *live = &tape->itch->live;
    while (live->offset < start.offset) {
        tw_slice message;
        tw_order_event event;
        bool given;
        tw_status status = itch_next_message(tape, &message, NULL);
        bool goes_on = status == TW_UNKNOWN || status == TW_FULL || status == TW_PARSE ||
                       status == TW_UNSUPPORTED;
        if (status != TW_OK && goes_on)
            continue;
        if (status != TW_OK)
            break;
        status = itch_read_event(tape, message, &event, &given, NULL);
        (void)status; /* what is wrong with it was told when it was read first */
        itch_pass(tape, 2 + message.size, 1);
    }
    tape->line = tw_slice_of("");
    (void)show(tape, TW_OK);
    if (live->offset == start.offset && live->messages == start.line_count)
        return TW_OK;
    return tw_error_set_at(error, TW_RANGE, tape->source.where, 0, 0,
                           "message %llu does not end at byte %llu; is it another file?",
                           (unsigned long long)start.line_count, (unsigned long long)start.offset);
}
