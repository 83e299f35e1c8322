/*
 * tape_dbn.c - files of Databento Binary Encoding through the handle. The rules of what is given
 * are in tape_dbn.h, bytes are read by the codec (dbn.h), rows made in tape_dbn_rows.c, instruments
 * named in tape_dbn_names.c.
 *
 * Idea: one function takes records for all calls, one or many at a time. It walks over whole
 * records in the buffer with a cursor of its own, and moves the source only to behind a record that
 * was given, so that a batch stops exactly where as many single calls would.
 *
 * Invariants:
 *   1. The source stands between records, at the byte that tw_source_offset tells; nothing that
 * ends the tape (a bad length, too few bytes, memory) moves it, so every further call says the
 * same.
 *   2. While a call has given rows, it neither fills the buffer, nor heeds a mapping, nor goes
 * beyond a record that is bad: it ends before them. Records passed over since the last row then
 * belong to the next call, and are counted by it.
 *   3. A record handed to a reader has at least the bytes of its type, and no byte behind it is
 * read.
 */
#include <endian.h>
#include <string.h>

#include "tape_dbn_priv.h"
#include "tradewind/time.h"

/* How the records of one call are taken. */
typedef struct dbn_way {
    dbn_reader read;
    uint8_t call; /* dbn_call */
    size_t row_size;
    size_t symbol_offset; /* in the row */
} dbn_way;

static const dbn_way event_way = {dbn_read_event, DBN_EVENTS, sizeof(tw_order_event),
                                  offsetof(tw_order_event, symbol)};
static const dbn_way trade_way = {dbn_read_trade, DBN_TRADES, sizeof(tw_trade),
                                  offsetof(tw_trade, symbol)};
static const dbn_way quote_way = {dbn_read_quote, DBN_QUOTES, sizeof(tw_quote),
                                  offsetof(tw_quote, symbol)};
static const dbn_way depth_way = {dbn_read_depth, DBN_DEPTH, sizeof(tw_depth_update),
                                  offsetof(tw_depth_update, symbol)};
static const dbn_way bar_way = {dbn_read_bar, DBN_BARS, sizeof(tw_bar), offsetof(tw_bar, symbol)};

/* A row of any call, where it is only tried. */
typedef union dbn_row {
    tw_order_event event;
    tw_trade trade;
    tw_quote quote;
    tw_depth_update depth;
    tw_bar bar;
} dbn_row;

/* Puts the file and a byte of it in front of a sentence. */
static tw_status at_byte(const tw_tape *tape, uint64_t offset, tw_status status, tw_error *error) {
    if (error != NULL)
        return tw_error_set_at(error, status, tape->source.where, 0, 0, "byte %llu: %s",
                               (unsigned long long)offset, error->message);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* What a schema holds, and which calls read it. */
static tw_tape_content content_of(uint16_t schema, uint8_t *ret_calls) {
    switch (schema) {
    case TW_DBN_SCHEMA_MBO:
        *ret_calls = DBN_EVENTS;
        return TW_TAPE_CONTENT_EVENTS;
    case TW_DBN_SCHEMA_TRADES:
        *ret_calls = DBN_TRADES;
        return TW_TAPE_CONTENT_TRADES;
    case TW_DBN_SCHEMA_TBBO:
    case TW_DBN_SCHEMA_TCBBO:
        *ret_calls = DBN_QUOTES | DBN_TRADES;
        return TW_TAPE_CONTENT_QUOTES;
    case TW_DBN_SCHEMA_MBP_1:
    case TW_DBN_SCHEMA_CMBP_1:
    case TW_DBN_SCHEMA_CBBO_1S:
    case TW_DBN_SCHEMA_CBBO_1M:
    case TW_DBN_SCHEMA_BBO_1S:
    case TW_DBN_SCHEMA_BBO_1M:
        *ret_calls = DBN_QUOTES;
        return TW_TAPE_CONTENT_QUOTES;
    case TW_DBN_SCHEMA_MBP_10:
        *ret_calls = DBN_DEPTH;
        return TW_TAPE_CONTENT_DEPTH;
    case TW_DBN_SCHEMA_OHLCV_1S:
    case TW_DBN_SCHEMA_OHLCV_1M:
    case TW_DBN_SCHEMA_OHLCV_1H:
    case TW_DBN_SCHEMA_OHLCV_1D:
    case TW_DBN_SCHEMA_OHLCV_EOD:
        *ret_calls = DBN_BARS;
        return TW_TAPE_CONTENT_BARS;
    case TW_DBN_SCHEMA_MIXED:
        *ret_calls = DBN_EVENTS | DBN_TRADES | DBN_QUOTES | DBN_DEPTH | DBN_BARS;
        return TW_TAPE_CONTENT_MIXED;
    default:
        *ret_calls = 0;
        return TW_TAPE_CONTENT_RECORDS;
    }
}

/* By type: which calls read it, and how long it is. */
static void set_tables(tape_dbn *dbn) {
    static const uint8_t quotes[] = {TW_DBN_MBP_1,   TW_DBN_CMBP_1, TW_DBN_TCBBO, TW_DBN_CBBO_1S,
                                     TW_DBN_CBBO_1M, TW_DBN_BBO_1S, TW_DBN_BBO_1M};
    uint16_t schema = dbn->metadata.schema;
    dbn->takers[TW_DBN_MBO] = DBN_EVENTS;
    dbn->takers[TW_DBN_MBP_0] = DBN_TRADES;
    dbn->takers[TW_DBN_MBP_10] = DBN_DEPTH;
    for (size_t i = 0; i < sizeof quotes; i++)
        dbn->takers[quotes[i]] = DBN_QUOTES;
    if (schema == TW_DBN_SCHEMA_TBBO)
        dbn->takers[TW_DBN_MBP_1] |= DBN_TRADES;
    dbn->takers[TW_DBN_TCBBO] |= DBN_TRADES;
    for (unsigned type = TW_DBN_OHLCV_1S; type <= TW_DBN_OHLCV_EOD; type++)
        dbn->takers[type] = DBN_BARS;
    if (content_of(schema, &dbn->calls) == TW_TAPE_CONTENT_BARS)
        dbn->takers[TW_DBN_OHLCV] = DBN_BARS;
    for (unsigned type = 0; type < 256; type++)
        dbn->least[type] = (uint16_t)tw_dbn_size_of(dbn->metadata.version, (uint8_t)type);
}

/* Midnight of a day, or the end of time where that does not fit. */
static int64_t midnight_of(int64_t days) {
    if (days > INT64_MAX / TW_NS_PER_DAY)
        return INT64_MAX;
    return days < INT64_MIN / TW_NS_PER_DAY ? INT64_MIN : days * TW_NS_PER_DAY;
}

/* One interval of a mapping: one of the two symbols is an instrument's number, as the metadata's
 * symbologies tell, the other its name. Intervals of a gap have an empty symbol. */
static tw_status name_instrument(tape_dbn *dbn, tw_slice mapped, const tw_dbn_item *interval,
                                 tw_error *error) {
    bool inverse = dbn->metadata.symbology_out != TW_DBN_INSTRUMENT_ID;
    if (interval->symbol.size == 0 ||
        (inverse && dbn->metadata.symbology_in != TW_DBN_INSTRUMENT_ID))
        return TW_OK;
    tw_slice number = inverse ? mapped : interval->symbol;
    uint64_t id = 0;
    if (tw_parse_u64(number, &id) != TW_OK || id > UINT32_MAX) {
        char shown[SHOWN_SIZE];
        return tw_error_set(error, TW_CORRUPT, "a mapping names \"%s\", which is no instrument id",
                            tape_shown(number, shown));
    }
    return dbn_names_add(&dbn->names, (uint32_t)id, midnight_of(interval->from_days),
                         midnight_of(interval->to_days), inverse ? interval->symbol : mapped,
                         error);
}

/* Passes over bytes that may be more than the buffer holds. */
static tw_status pass_over(tw_tape *tape, uint32_t size, tw_error *error) {
    while (size > 0) {
        tw_slice bytes;
        tw_status status = tw_source_need(&tape->source, 1, &bytes, error);
        if (status == TW_EMPTY)
            return tw_error_set_at(error, TW_TRUNCATED, tape->source.where, 0, 0,
                                   "byte %llu: the metadata ends %lu bytes too early",
                                   (unsigned long long)tw_source_offset(&tape->source),
                                   (unsigned long)size);
        if (status != TW_OK)
            return status;
        uint32_t part = bytes.size < size ? (uint32_t)bytes.size : size;
        tw_source_skip(&tape->source, part);
        size -= part;
    }
    return TW_OK;
}

/* `mapped` keeps the symbol of the mapping whose intervals follow, since the buffer moves on. */
static tw_status take_item(tw_tape *tape, tw_dbn_walk *walk, char mapped[TW_DBN_SYMBOL_SIZE_MAX],
                           tw_dbn_item *ret_item, tw_error *error) {
    tw_slice bytes;
    tw_status status = tw_source_need(&tape->source, tw_dbn_walk_need(walk), &bytes, error);
    if (status != TW_OK && status != TW_EMPTY && status != TW_TRUNCATED)
        return status;
    if (status == TW_TRUNCATED && tape->source.fault != TW_OK)
        return status; /* the source has its own words for it */
    uint64_t offset = tw_source_offset(&tape->source);
    status = tw_dbn_walk_next(walk, bytes, ret_item, error);
    if (status == TW_OK && ret_item->kind == TW_DBN_ITEM_MAPPING) {
        memset(mapped, 0, TW_DBN_SYMBOL_SIZE_MAX);
        memcpy(mapped, ret_item->symbol.data, ret_item->symbol.size);
    }
    if (status == TW_OK && ret_item->kind == TW_DBN_ITEM_INTERVAL) {
        tw_slice symbol = {mapped, strnlen(mapped, TW_DBN_SYMBOL_SIZE_MAX)};
        status = name_instrument(tape->dbn, symbol, ret_item, error);
    }
    return status == TW_OK ? TW_OK : at_byte(tape, offset, status, error);
}

static tw_status read_lists(tw_tape *tape, tw_error *error) {
    char mapped[TW_DBN_SYMBOL_SIZE_MAX] = {0};
    tw_dbn_walk walk;
    tw_dbn_walk_begin(&tape->dbn->metadata, &walk);
    tw_dbn_item item = {.kind = TW_DBN_ITEM_COUNT};
    while (item.kind != TW_DBN_ITEM_END) {
        tw_status status = take_item(tape, &walk, mapped, &item, error);
        if (status == TW_OK)
            status = pass_over(tape, item.size, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

size_t dbn_capacity(size_t line_size_max) {
    size_t capacity = line_size_max == 0 ? TW_TAPE_LINE_SIZE_DEFAULT : line_size_max;
    return capacity < RECORD_SIZE_MAX ? RECORD_SIZE_MAX : capacity;
}

tw_status dbn_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) {
    (void)config; /* there is nothing in it for this format */
    const size_t fixed = TW_DBN_PREFIX_SIZE + TW_DBN_METADATA_FIXED_SIZE;
    tape->dbn = TW_NEW(tape->allocator, 1, tape_dbn);
    if (tape->dbn == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    tw_status status = dbn_names_init(&tape->dbn->names, tape->allocator, tape->symbols, error);
    if (status != TW_OK)
        return status;
    tw_slice bytes;
    status = tw_source_need(&tape->source, fixed, &bytes, error);
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_EMPTY, tape->source.where, 0, 0, "the file is empty");
    if (status != TW_OK && (status != TW_TRUNCATED || tape->source.fault != TW_OK))
        return status;
    status = tw_dbn_read_metadata(bytes, &tape->dbn->metadata, error);
    if (status != TW_OK)
        return at_byte(tape, 0, status, error);
    tw_source_skip(&tape->source, fixed);
    set_tables(tape->dbn);
    return read_lists(tape, error);
}

void dbn_end(tw_tape *tape) {
    if (tape->dbn == NULL)
        return;
    if (tape->dbn->names.allocator != NULL)
        dbn_names_done(&tape->dbn->names);
    TW_DELETE(tape->allocator, tape->dbn, 1, tape_dbn);
}

/* ---- one record ---------------------------------------------------------------------------- */

/* What lies at the cursor: one whole record, looked at but not taken. */
typedef struct dbn_cursor {
    tw_slice record;
    uint64_t passed; /* records passed over since the source was moved */
    size_t at;       /* of the record, in bytes behind the source's place */
    uint8_t type;
    uint8_t reserved[7];
} dbn_cursor;

/* The record was used in one way or another: the source goes behind it. */
static void take(tw_tape *tape, dbn_cursor *cursor) {
    tape_dbn *dbn = tape->dbn;
    tw_source_skip(&tape->source, cursor->at + cursor->record.size);
    tape->line = cursor->record;
    dbn->record_count += cursor->passed + 1;
    dbn->counts.passed_over += cursor->passed;
    cursor->passed = 0;
    cursor->at = 0;
    cursor->record.size = 0;
}

/* The records before the cursor were passed over for good: the source goes there. */
static void leave_behind(tw_tape *tape, dbn_cursor *cursor) {
    tw_source_skip(&tape->source, cursor->at);
    tape->dbn->record_count += cursor->passed;
    tape->dbn->counts.passed_over += cursor->passed;
    cursor->passed = 0;
    cursor->at = 0;
}

/* The record at the cursor may be read as its type. */
static tw_status check_size(const tw_tape *tape, const dbn_cursor *cursor, tw_error *error) {
    size_t least = tape->dbn->least[cursor->type];
    if (cursor->record.size >= least)
        return TW_OK;
    tw_error_set(error, TW_CORRUPT, "a record of type 0x%02x has %zu bytes; it needs %zu",
                 cursor->type, cursor->record.size, least);
    return at_byte(tape, tw_source_offset(&tape->source) + cursor->at, TW_CORRUPT, error);
}

/* Whole in the buffer, with a length that can be: true. The usual case, without an error's words.
 */
static inline bool look(const tw_tape *tape, dbn_cursor *cursor) {
    const tw_source *source = &tape->source;
    const char *at = source->buffer + source->begin + cursor->at;
    size_t have = source->end - source->begin - cursor->at;
    size_t size = have < TW_DBN_HEADER_SIZE ? 0 : 4U * (uint8_t)at[0];
    if (size < TW_DBN_HEADER_SIZE || size > TW_DBN_RECORD_SIZE_MAX || size > have)
        return false;
    cursor->record = (tw_slice){at, size};
    cursor->type = (uint8_t)at[1];
    return true;
}

/* Brings the next record into the buffer. TW_EMPTY, TW_TRUNCATED, TW_CORRUPT, or the fault. */
static tw_status fetch(tw_tape *tape, dbn_cursor *cursor, tw_error *error) {
    leave_behind(tape, cursor);
    tape->line = tw_slice_of(""); /* the buffer moves on */
    tw_source *source = &tape->source;
    tw_slice bytes;
    tw_dbn_header header;
    tw_status status = tw_source_need(source, TW_DBN_HEADER_SIZE, &bytes, error);
    if (status == TW_EMPTY || (status != TW_OK && source->fault != TW_OK))
        return status;
    uint64_t offset = tw_source_offset(source);
    status = tw_dbn_read_header(bytes, &header, error);
    if (status != TW_OK)
        return at_byte(tape, offset, status, error);
    status = tw_source_need(source, header.size, &bytes, error);
    if (status == TW_TRUNCATED && source->fault == TW_OK)
        return tw_error_set_at(error, TW_TRUNCATED, source->where, 0, 0,
                               "byte %llu: the last record ends after %zu of its %u bytes",
                               (unsigned long long)offset, bytes.size, header.size);
    if (status != TW_OK)
        return status;
    bool whole = look(tape, cursor);
    TW_ASSERT(whole);
    return TW_OK;
}

/* A symbol mapping of a live capture. Its name is what was mapped to; or what was asked for, if
 * that is the number itself. */
static tw_status heed_mapping(tw_tape *tape, const dbn_cursor *cursor, tw_error *error) {
    tape_dbn *dbn = tape->dbn;
    tw_dbn_mapping mapping;
    tw_status status = tw_dbn_read_mapping(dbn->metadata.version, cursor->record, &mapping, error);
    if (status != TW_OK)
        return status;
    uint64_t number = 0;
    tw_slice name = tw_slice_of(mapping.symbol_out);
    bool is_number = tw_parse_u64(name, &number) == TW_OK && number == mapping.header.instrument_id;
    if (name.size == 0 || is_number)
        name = tw_slice_of(mapping.symbol_in);
    return dbn_names_set(&dbn->names, mapping.header.instrument_id, name, error);
}

/* A record that no row is made of, with an effect: only while the call has given nothing. */
static tw_status heed(tw_tape *tape, dbn_cursor *cursor, tw_error *error) {
    leave_behind(tape, cursor);
    uint64_t offset = tw_source_offset(&tape->source);
    tw_status status = TW_OK;
    if (cursor->type == TW_DBN_MAPPING) {
        status = check_size(tape, cursor, error);
        if (status != TW_OK)
            return status;
        status = heed_mapping(tape, cursor, error);
        if (status == TW_NO_MEMORY)
            return at_byte(tape, offset, status, error);
    }
    take(tape, cursor);
    tape->dbn->counts.passed_over++;
    tape->dbn->counts.gateway_errors += cursor->type == TW_DBN_ERROR;
    return status == TW_OK ? TW_OK : at_byte(tape, offset, status, error);
}

static bool has_effect(uint8_t type) {
    return type == TW_DBN_MAPPING || type == TW_DBN_ERROR;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static inline uint64_t load_time(const char *at) {
    uint64_t time_ns;
    memcpy(&time_ns, at, sizeof time_ns);
    return le64toh(time_ns);
}

/* The instrument of a record at its time. Where each type has ts_recv is in dbn_record.c. */
static inline tw_status find_instrument(tape_dbn *dbn, const dbn_way *way, const char *record,
                                        dbn_instrument **ret_instrument, tw_error *error) {
    size_t received = way->call == DBN_EVENTS ? 40 : way->call == DBN_BARS ? 8 : 32;
    int64_t time_ns = 0;
    uint32_t id;
    memcpy(&id, record + 4, sizeof id);
    tw_status status =
        dbn_time_of(load_time(record + received), load_time(record + 8), &time_ns, error);
    if (status != TW_OK)
        return status;
    dbn_instrument *last = &dbn->names.instruments[dbn->names.last];
    if (last->id == le32toh(id) && time_ns >= last->from_ns && time_ns < last->to_ns) {
        *ret_instrument = last; /* place 0, for none, has an empty span */
        return TW_OK;
    }
    return dbn_names_look_up(&dbn->names, le32toh(id), time_ns, ret_instrument, error);
}

/* Makes a row of the record at the cursor; *ret_known is false, and nothing written, if its symbol
 * is to be passed over. A row whose symbol is new is tried first, so that a bad record names
 * nothing. */
static tw_status make_row(tw_tape *tape, const dbn_way *way, const dbn_cursor *cursor,
                          char *ret_row, bool *ret_known, tw_error *error) {
    tape_dbn *dbn = tape->dbn;
    dbn_instrument *instrument = NULL;
    tw_status status = check_size(tape, cursor, error);
    if (status != TW_OK)
        return status;
    status = find_instrument(dbn, way, cursor->record.data, &instrument, error);
    if (status == TW_OK && tape->known_symbols_only &&
        dbn_names_known(&dbn->names, instrument) == TW_SYMBOL_NONE) {
        *ret_known = false;
        return TW_OK;
    }
    if (status == TW_OK && instrument->symbol == TW_SYMBOL_NONE) {
        dbn_row tried;
        status = way->read(dbn, cursor->record, &tried, error);
        if (status == TW_OK)
            status = dbn_names_intern(&dbn->names, instrument, error);
    }
    if (status == TW_OK)
        status = way->read(dbn, cursor->record, ret_row, error);
    if (status != TW_OK)
        return at_byte(tape, tw_source_offset(&tape->source) + cursor->at, status, error);
    memcpy(ret_row + way->symbol_offset, &instrument->symbol, sizeof instrument->symbol);
    *ret_known = true;
    return TW_OK;
}

static uint8_t flags_of(const dbn_way *way, const char *record) {
    if (way->call == DBN_BARS)
        return 0;
    return (uint8_t)record[way->call == DBN_EVENTS ? 36 : 30];
}

/* A bad record is passed over by the call that says so, unless it ends the tape. */
static tw_status refuse(tw_tape *tape, dbn_cursor *cursor, tw_status status) {
    if (status != TW_CORRUPT && status != TW_NO_MEMORY)
        take(tape, cursor);
    else
        leave_behind(tape, cursor);
    return status;
}

/* Up to `capacity` rows. */
static tw_status take_rows(tw_tape *tape, const dbn_way *way, void *ret_rows, size_t capacity,
                           size_t *ret_count, tw_error *error) {
    tape_dbn *dbn = tape->dbn;
    char *row = ret_rows;
    size_t count = 0;
    dbn_cursor cursor = {.passed = 0};
    while (count < capacity) {
        tw_status status = TW_OK;
        if (!look(tape, &cursor)) {
            if (count > 0)
                break;
            status = fetch(tape, &cursor, error);
            if (status != TW_OK)
                return status;
        }
        if (has_effect(cursor.type)) {
            if (count > 0)
                break;
            status = heed(tape, &cursor, error);
            if (status != TW_OK)
                return status;
            continue;
        }
        bool known = false;
        if ((dbn->takers[cursor.type] & way->call) != 0)
            status = make_row(tape, way, &cursor, row, &known, count == 0 ? error : NULL);
        if (status != TW_OK) {
            if (count > 0)
                break;
            return refuse(tape, &cursor, status);
        }
        if (!known) {
            cursor.passed++;
            cursor.at += cursor.record.size;
            continue;
        }
        dbn->counts.maybe_bad_book +=
            (flags_of(way, cursor.record.data) & TW_DBN_FLAG_MAYBE_BAD_BOOK) != 0;
        take(tape, &cursor);
        row += way->row_size;
        count++;
    }
    *ret_count = count;
    return TW_OK;
}

static const char *reader_of(tw_tape_content content) {
    switch (content) {
    case TW_TAPE_CONTENT_EVENTS:
        return "events; they are read with tw_tape_next_events";
    case TW_TAPE_CONTENT_TRADES:
        return "trades; they are read with tw_tape_next_trades";
    case TW_TAPE_CONTENT_QUOTES:
        return "quotes; they are read with tw_tape_next_quotes";
    case TW_TAPE_CONTENT_DEPTH:
        return "depth; it is read with tw_tape_next_depth";
    case TW_TAPE_CONTENT_BARS:
        return "bars; they are read with tw_tape_next_bars";
    case TW_TAPE_CONTENT_ROWS:
    case TW_TAPE_CONTENT_LEVELS:
    case TW_TAPE_CONTENT_RECORDS:
    case TW_TAPE_CONTENT_MIXED:
        break;
    }
    return "records that have no call of their own; they are read with tw_tape_next_record";
}

static tw_status next_rows(tw_tape *tape, const dbn_way *way, void *ret_rows, size_t capacity,
                           size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_DBN && capacity > 0);
    if ((tape->dbn->calls & way->call) == 0)
        return tw_error_set(error, TW_STATE, "%s holds %s", tape->source.where,
                            reader_of(dbn_content(tape)));
    return take_rows(tape, way, ret_rows, capacity, ret_count, error);
}

/* ---- calls --------------------------------------------------------------------------------- */

tw_tape_content dbn_content(const tw_tape *tape) {
    uint8_t calls = 0;
    return content_of(tape->dbn->metadata.schema, &calls);
}

tw_tape_place dbn_place(const tw_tape *tape) {
    return (tw_tape_place){.offset = tw_source_offset(&tape->source),
                           .line_count = tape->dbn->record_count};
}

tw_status dbn_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                          size_t *ret_count, tw_error *error) {
    return next_rows(tape, &event_way, ret_events, capacity, ret_count, error);
}

tw_status dbn_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity, size_t *ret_count,
                          tw_error *error) {
    return next_rows(tape, &trade_way, ret_trades, capacity, ret_count, error);
}

tw_status dbn_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity, size_t *ret_count,
                          tw_error *error) {
    return next_rows(tape, &quote_way, ret_quotes, capacity, ret_count, error);
}

tw_status dbn_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                        tw_error *error) {
    return next_rows(tape, &bar_way, ret_bars, capacity, ret_count, error);
}

tw_status dbn_next_depth(tw_tape *tape, tw_depth_update *ret_update, tw_error *error) {
    size_t count = 0;
    tw_status status = next_rows(tape, &depth_way, ret_update, 1, &count, error);
    for (uint32_t i = 0; status == TW_OK && i < ret_update->level_count; i++)
        tape->dbn->levels[i].symbol = ret_update->symbol; /* known only when the row was made */
    return status;
}

tw_status tw_tape_next_record(tw_tape *tape, tw_slice *ret_record, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_DBN);
    dbn_cursor cursor = {.passed = 0};
    tw_status status = look(tape, &cursor) ? TW_OK : fetch(tape, &cursor, error);
    if (status == TW_OK)
        status = check_size(tape, &cursor, error);
    if (status != TW_OK)
        return status;
    tw_slice record = cursor.record;
    if (has_effect(cursor.type)) {
        status = heed(tape, &cursor, error);
        if (status != TW_OK)
            return status;
        tape->dbn->counts.passed_over--; /* this time it is given */
    } else {
        take(tape, &cursor);
    }
    *ret_record = record;
    return TW_OK;
}

/* Walks to the place where a reader was told to go on. */
tw_status dbn_go_on(tw_tape *tape, tw_tape_place start, tw_error *error) {
    uint64_t offset = start.offset;
    tw_status status = TW_OK;
    tw_slice record;
    while (status == TW_OK && tw_source_offset(&tape->source) < offset) {
        status = tw_tape_next_record(tape, &record, error);
        if (status == TW_FULL)
            status = TW_OK; /* said already to whoever read up to here */
    }
    tape->line = tw_slice_of("");
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_RANGE, tape->source.where, 0, 0,
                               "there are fewer than the %llu bytes after which to go on; is it "
                               "another file?",
                               (unsigned long long)offset);
    if (status == TW_OK && tw_source_offset(&tape->source) != offset)
        return tw_error_set_at(error, TW_RANGE, tape->source.where, 0, 0,
                               "no record begins at byte %llu; is it another file, or did it "
                               "change?",
                               (unsigned long long)offset);
    return status;
}

const tw_dbn_metadata *tw_tape_dbn_metadata(const tw_tape *tape) {
    TW_ASSERT(tape->format == TW_TAPE_DBN);
    return &tape->dbn->metadata;
}

void tw_tape_dbn_counts_of(const tw_tape *tape, tw_tape_dbn_counts *ret_counts) {
    TW_ASSERT(tape->format == TW_TAPE_DBN);
    *ret_counts = tape->dbn->counts;
    ret_counts->unnamed = tape->dbn->names.unnamed;
}
