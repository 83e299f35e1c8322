/*
 * tape.c - the handle: header, fields, and rows of any CSV.
 *
 * Idea: a line is cut into a fixed number of slices that point into the line buffer; the readers
 * of each format (tape_lobster.c, tape_csv.c, tape_table.c) check those slices one by one.
 *
 * Invariants:
 *   1. `fields` has room for field_count slices, found out at open from the header or first line.
 *   2. `held` means that `line` was read and not used: the next call begins with it again.
 */
#include <string.h>

#include "tape_depth.h"
#include "tape_priv.h"

const char *tape_shown(tw_slice field, char buffer[SHOWN_SIZE]) {
    size_t size = field.size < SHOWN_SIZE - 4 ? field.size : SHOWN_SIZE - 4;
    for (size_t i = 0; i < size; i++)
        buffer[i] = field.data[i] >= 0x20 && field.data[i] != 0x7f ? field.data[i] : '?';
    memcpy(buffer + size, size < field.size ? "..." : "", size < field.size ? 4 : 1);
    return buffer;
}

tape_last *tape_series(tw_tape *tape, tw_symbol symbol) {
    if (symbol >= tape->series_capacity) {
        size_t capacity = tape->series_capacity == 0 ? 64 : tape->series_capacity;
        while (capacity <= symbol)
            capacity *= 2;
        tape_last *bigger = TW_NEW(tape->allocator, capacity, tape_last);
        if (bigger == NULL)
            return NULL;
        if (tape->series != NULL)
            memcpy(bigger, tape->series, tape->series_capacity * sizeof *bigger);
        TW_DELETE(tape->allocator, tape->series, tape->series_capacity, tape_last);
        tape->series = bigger;
        tape->series_capacity = capacity;
    }
    return &tape->series[symbol];
}

static tw_status next_line(tw_tape *tape, tw_error *error) {
    if (tape->held) {
        tape->held = false;
        return TW_OK;
    }
    return tw_source_next_line(&tape->source, &tape->line, error);
}

static size_t count_fields(tw_slice line) {
    size_t count = 1;
    for (size_t i = 0; i < line.size; i++)
        count += line.data[i] == ',';
    return count;
}

/* Cuts into at most `capacity` fields; returns how many there are. */
static size_t cut(tw_slice line, bool trim, tw_slice *fields, size_t capacity) {
    size_t count = 0;
    tw_slice rest = line;
    do {
        const char *comma = rest.size > 0 ? memchr(rest.data, ',', rest.size) : NULL;
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        tw_slice field = {rest.data, size};
        if (count < capacity)
            fields[count] = trim ? tw_slice_trim(field) : field;
        count++;
        if (comma == NULL)
            break;
        rest = (tw_slice){comma + 1, rest.size - size - 1};
    } while (true);
    return count;
}

tw_status tape_next_fields(tw_tape *tape, bool trim, tw_error *error) {
    tw_status status = next_line(tape, error);
    if (status != TW_OK)
        return status;
    const char *where = tape->source.where;
    uint64_t line = tape->source.line;
    if (tape->line.size == 0)
        return tw_error_set_at(error, TW_PARSE, where, line, 1,
                               "expected %zu fields, found an empty line", tape->field_count);
    size_t count = cut(tape->line, trim, tape->fields, tape->field_count);
    if (count == tape->field_count)
        return TW_OK;
    size_t at = count < tape->field_count ? count : tape->field_count + 1;
    return tw_error_set_at(error, TW_PARSE, where, line, at, "expected %zu fields, found %zu",
                           tape->field_count, count);
}

static tw_slice without_byte_order_mark(tw_slice line) {
    if (line.size >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
        return (tw_slice){line.data + 3, line.size - 3};
    return line;
}

/* Keeps a copy of the header line, because the buffer moves on. */
static tw_status keep_header(tw_tape *tape, tw_error *error) {
    tw_slice line = without_byte_order_mark(tape->line);
    size_t count = count_fields(line);
    if (count > TW_TAPE_FIELD_COUNT_MAX)
        return TAPE_BAD(tape, TW_FULL, TW_TAPE_FIELD_COUNT_MAX,
                        "the header has %zu fields; at most %d are read", count,
                        TW_TAPE_FIELD_COUNT_MAX);
    tape->header_size = line.size + 1;
    tape->header_text = TW_NEW(tape->allocator, tape->header_size, char);
    tape->header = TW_NEW(tape->allocator, count, tw_slice);
    tape->header_count = count;
    if (tape->header_text == NULL || tape->header == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the header of %s",
                            tape->source.where);
    memcpy(tape->header_text, line.data, line.size);
    cut((tw_slice){tape->header_text, line.size}, true, tape->header, count);
    return TW_OK;
}

/* The header's fields are the first ones of `wanted`, at least `count_min` of them. Says which is
 * the first that is not. */
static bool is_header(const tw_tape *tape, const char *wanted, size_t count_min, size_t *ret_at) {
    tw_slice rest = tw_slice_of(wanted);
    size_t known = count_fields(rest);
    bool same = tape->header_count >= count_min && tape->header_count <= known;
    *ret_at = 0;
    for (size_t i = 0; same && i < tape->header_count; i++) {
        same = tw_slice_equal(tape->header[i], tw_slice_split(&rest, ','));
        *ret_at = i;
    }
    return same;
}

static tw_status match_header(tw_tape *tape, tw_error *error) {
    bool trades = tape->format == TW_TAPE_TRADES;
    const char *wanted = trades ? TRADES_HEADER : BARS_HEADER;
    const char *full = trades ? TRADES_HEADER_FULL : BARS_HEADER_FULL;
    size_t at = 0;
    size_t ignored = 0;
    if (is_header(tape, full, trades ? TRADES_FIELDS_FULL : BARS_FIELDS_FULL, &ignored) ||
        is_header(tape, wanted, trades ? TRADES_FIELDS : BARS_FIELDS_MIN, &at))
        return TW_OK;
    char shown[SHOWN_SIZE];
    return TAPE_BAD(tape, TW_PARSE, at, "expected the header \"%s\", found \"%s\"", wanted,
                    tape_shown(tape->line, shown));
}

static tw_status read_header(tw_tape *tape, tw_error *error) {
    tw_status status = keep_header(tape, error);
    if (status == TW_OK && tape->format != TW_TAPE_ROWS)
        status = match_header(tape, error);
    tape->field_count = tape->header_count;
    return status;
}

/* Without a header the first line is data; it is looked at and held. */
static tw_status look_ahead(tw_tape *tape, tw_error *error) {
    tape->held = true;
    tape->field_count = 6;
    if (tape->format != TW_TAPE_LOBSTER_BOOK)
        return TW_OK;
    tape->field_count = count_fields(tape->line);
    if (tape->field_count % 4 != 0 || tape->field_count > TW_TAPE_FIELD_COUNT_MAX)
        return TAPE_BAD(tape, TW_PARSE, tape->field_count - 1,
                        "expected ask price, ask size, bid price, bid size for each level; %zu "
                        "fields are not a multiple of four",
                        tape->field_count);
    return TW_OK;
}

static tw_status begin(tw_tape *tape, tw_error *error) {
    tw_status status = tw_source_next_line(&tape->source, &tape->line, error);
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_EMPTY, tape->source.where, 0, 0, "the file is empty");
    if (status != TW_OK)
        return status;
    if (tape_is_depth(tape->format))
        return tape_depth_begin(tape, error);
    bool headed = tape->format == TW_TAPE_ROWS || tape->format == TW_TAPE_TRADES ||
                  tape->format == TW_TAPE_BARS;
    status = headed ? read_header(tape, error) : look_ahead(tape, error);
    if (status != TW_OK)
        return status;
    tape->field_capacity = tape->field_count;
    tape->fields = TW_NEW(tape->allocator, tape->field_capacity, tw_slice);
    if (tape->fields == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    return TW_OK;
}

/* A line that was held at open is behind the place from which we go on. */
static tw_status go_on(tw_tape *tape, tw_tape_place start, tw_error *error) {
    if (start.offset == 0)
        return TW_OK;
    tape->held = false;
    tape->line = tw_slice_of(""); /* the buffer moves on */
    return tw_source_go_to(&tape->source, start.offset, start.line_count, error);
}

tw_status tw_tape_open(const tw_tape_config *config, tw_tape **ret_tape, tw_error *error) {
    TW_ASSERT(config != NULL && config->path != NULL && ret_tape != NULL);
    TW_ASSERT(config->format <= TW_TAPE_BINANCE);
    bool is_depth = tape_is_depth((tw_tape_format)config->format);
    bool wants_symbols =
        config->format == TW_TAPE_TRADES || config->format == TW_TAPE_BARS || is_depth;
    TW_ASSERT(!wants_symbols || config->symbols != NULL);
    size_t line_size_max = config->line_size_max;
    if (line_size_max == 0)
        line_size_max = is_depth ? TW_TAPE_LINE_SIZE_DEFAULT_JSON : TW_TAPE_LINE_SIZE_DEFAULT;
    TW_ASSERT(line_size_max <= TW_TAPE_LINE_SIZE_MAX);
    const tw_allocator *allocator =
        config->allocator == NULL ? tw_allocator_system() : config->allocator;
    tw_tape *tape = TW_NEW(allocator, 1, tw_tape);
    if (tape == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", config->path);
    tape->allocator = allocator;
    tape->symbols = config->symbols;
    tape->format = (tw_tape_format)config->format;
    tape->midnight_ns = config->midnight_ns;
    tape->known_symbols_only = config->known_symbols_only;
    tw_status status = tw_source_open(&tape->source, config->path, line_size_max, allocator, error);
    if (status == TW_OK)
        status = begin(tape, error);
    if (status == TW_OK)
        status = go_on(tape, config->start, error);
    if (status != TW_OK) {
        tw_tape_close(tape);
        return status;
    }
    *ret_tape = tape;
    return TW_OK;
}

void tw_tape_close(tw_tape *tape) {
    if (tape == NULL)
        return;
    tape_depth_end(tape);
    tw_source_close(&tape->source);
    TW_DELETE(tape->allocator, tape->fields, tape->field_capacity, tw_slice);
    TW_DELETE(tape->allocator, tape->header, tape->header_count, tw_slice);
    TW_DELETE(tape->allocator, tape->header_text, tape->header_size, char);
    TW_DELETE(tape->allocator, tape->series, tape->series_capacity, tape_last);
    TW_DELETE(tape->allocator, tape, 1, tw_tape);
}

tw_status tw_tape_next_event(tw_tape *tape, tw_order_event *ret_event, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_LOBSTER_MESSAGES);
    return lobster_next_event(tape, ret_event, error);
}

tw_status tw_tape_next_row(tw_tape *tape, const tw_slice **ret_fields, size_t *ret_count,
                           tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_ROWS);
    tw_status status = tape_next_fields(tape, true, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < tape->field_count; i++) {
        if (tape->fields[i].size > 0 && tape->fields[i].data[0] == '"')
            return TAPE_BAD(tape, TW_PARSE, i, "quoted fields are not read; write it without \"");
    }
    *ret_fields = tape->fields;
    *ret_count = tape->field_count;
    return TW_OK;
}

const tw_slice *tw_tape_header(const tw_tape *tape, size_t *ret_count) {
    *ret_count = tape->header_count;
    return tape->header;
}

tw_slice tw_tape_line(const tw_tape *tape) {
    return tape->line;
}

tw_tape_position tw_tape_tell(const tw_tape *tape) {
    const tw_source *source = &tape->source;
    uint64_t unused = tape->held ? source->taken : 0;
    return (tw_tape_position){.line = source->line,
                              .bytes_read = source->bytes_read,
                              .bytes = source->bytes,
                              .next = {.offset = tw_source_offset(source) - unused,
                                       .line_count = source->line - (tape->held ? 1 : 0)}};
}

tw_tape_compression tw_tape_compression_of(const tw_tape *tape) {
    return (tw_tape_compression)tape->source.packing;
}
