/*
 * tape.c - the handle: opening, closing, and handing each call to the reader of the format.
 *
 * Idea: a format is one row of `readers`: what it holds, how a file of it begins, is gone on with
 * and ends, and which calls it answers. Nothing else here knows one format from another.
 */
#include "tape_priv.h"

static const tape_reader readers[] = {
    [TW_TAPE_ROWS] = {.content = TW_TAPE_CONTENT_ROWS, .begin = text_begin, .go_on = text_go_on},
    [TW_TAPE_TRADES] = {.content = TW_TAPE_CONTENT_TRADES,
                        .wants_symbols = true,
                        .begin = text_begin,
                        .go_on = text_go_on,
                        .next_trade = csv_next_trade,
                        .next_trades = csv_next_trades},
    [TW_TAPE_BARS] = {.content = TW_TAPE_CONTENT_BARS,
                      .wants_symbols = true,
                      .begin = text_begin,
                      .go_on = text_go_on,
                      .next_bar = csv_next_bar,
                      .next_bars = csv_next_bars},
    [TW_TAPE_QUOTES] = {.content = TW_TAPE_CONTENT_QUOTES,
                        .wants_symbols = true,
                        .begin = text_begin,
                        .go_on = text_go_on,
                        .next_quote = csv_next_quote,
                        .next_quotes = csv_next_quotes},
    [TW_TAPE_LOBSTER_MESSAGES] = {.content = TW_TAPE_CONTENT_EVENTS,
                                  .begin = text_begin,
                                  .go_on = text_go_on,
                                  .next_event = lobster_next_event,
                                  .next_events = lobster_next_events},
    [TW_TAPE_LOBSTER_BOOK] = {.content = TW_TAPE_CONTENT_LEVELS,
                              .begin = text_begin,
                              .go_on = text_go_on},
    [TW_TAPE_BITSTAMP] = {.content = TW_TAPE_CONTENT_EVENTS,
                          .begin = text_begin,
                          .go_on = text_go_on,
                          .next_event = bitstamp_next_event,
                          .next_events = bitstamp_next_events},
    [TW_TAPE_ITCH] = {.content = TW_TAPE_CONTENT_EVENTS,
                      .wants_symbols = true,
                      .capacity = itch_capacity,
                      .begin = itch_begin,
                      .go_on = itch_go_on,
                      .end = itch_done,
                      .place = itch_place,
                      .next_events = itch_next_events},
    [TW_TAPE_DBN] = {.content = TW_TAPE_CONTENT_MIXED,
                     .wants_symbols = true,
                     .capacity = dbn_capacity,
                     .begin = dbn_begin,
                     .go_on = dbn_go_on,
                     .end = dbn_end,
                     .place = dbn_place,
                     .content_of = dbn_content,
                     .next_events = dbn_next_events,
                     .next_trades = dbn_next_trades,
                     .next_quotes = dbn_next_quotes,
                     .next_bars = dbn_next_bars,
                     .next_depth = dbn_next_depth},
    [TW_TAPE_KRAKEN] = {.content = TW_TAPE_CONTENT_DEPTH,
                        .wants_symbols = true,
                        .capacity = depth_capacity,
                        .begin = depth_begin,
                        .go_on = text_go_on,
                        .end = depth_end,
                        .next_depth = depth_next_depth},
    [TW_TAPE_BINANCE] = {.content = TW_TAPE_CONTENT_DEPTH,
                         .wants_symbols = true,
                         .capacity = depth_capacity,
                         .begin = depth_begin,
                         .go_on = text_go_on,
                         .end = depth_end,
                         .next_depth = depth_next_depth},
};

enum { READER_COUNT = sizeof readers / sizeof readers[0] };

/* ---- life ---------------------------------------------------------------------------------- */

static size_t text_capacity(size_t line_size_max) {
    return line_size_max == 0 ? TW_TAPE_LINE_SIZE_DEFAULT : line_size_max;
}

static tw_status begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) {
    const tape_reader *reader = tape->reader;
    size_t capacity = reader->capacity != NULL ? reader->capacity(config->line_size_max)
                                               : text_capacity(config->line_size_max);
    tw_status status =
        tw_source_open(&tape->source, config->path, capacity, tape->allocator, error);
    if (status == TW_OK)
        status = reader->begin(tape, config, error);
    if (status == TW_OK && config->start.offset != 0)
        status = reader->go_on(tape, config->start, error);
    return status;
}

tw_status tw_tape_open(const tw_tape_config *config, tw_tape **ret_tape, tw_error *error) {
    TW_ASSERT(config != NULL && config->path != NULL && ret_tape != NULL);
    TW_ASSERT(config->format < READER_COUNT);
    TW_ASSERT(config->line_size_max <= TW_TAPE_LINE_SIZE_MAX);
    const tape_reader *reader = &readers[config->format];
    TW_ASSERT(!reader->wants_symbols || config->symbols != NULL);
    const tw_allocator *allocator =
        config->allocator == NULL ? tw_allocator_system() : config->allocator;
    tw_tape *tape = TW_NEW(allocator, 1, tw_tape);
    if (tape == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", config->path);
    tape->allocator = allocator;
    tape->symbols = config->symbols;
    tape->format = (tw_tape_format)config->format;
    tape->reader = reader;
    tape->midnight_ns = config->midnight_ns;
    tape->symbol = config->symbol;
    tape->known_symbols_only = config->known_symbols_only;
    tape->as_reported = config->as_reported;
    tw_status status = begin(tape, config, error);
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
    if (tape->reader->end != NULL)
        tape->reader->end(tape);
    tw_source_close(&tape->source);
    TW_DELETE(tape->allocator, tape->places, tape->field_capacity / 2, lobster_place);
    TW_DELETE(tape->allocator, tape->fields, tape->field_capacity, tw_slice);
    TW_DELETE(tape->allocator, tape->header, tape->header_count, tw_slice);
    TW_DELETE(tape->allocator, tape->header_text, tape->header_size, char);
    TW_DELETE(tape->allocator, tape->series, tape->series_capacity, tape_last);
    TW_DELETE(tape->allocator, tape, 1, tw_tape);
}

/* ---- calls --------------------------------------------------------------------------------- */

tw_status tw_tape_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->reader->next_events != NULL && capacity > 0);
    return tape->reader->next_events(tape, ret_events, capacity, ret_count, error);
}

tw_status tw_tape_next_event(tw_tape *tape, tw_order_event *ret_event, tw_error *error) {
    size_t count;
    if (tape->reader->next_event != NULL)
        return tape->reader->next_event(tape, ret_event, error);
    return tw_tape_next_events(tape, ret_event, 1, &count, error);
}

tw_status tw_tape_next_trades(tw_tape *tape, tw_trade *ret_trades, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->reader->next_trades != NULL && capacity > 0);
    return tape->reader->next_trades(tape, ret_trades, capacity, ret_count, error);
}

tw_status tw_tape_next_trade(tw_tape *tape, tw_trade *ret_trade, tw_error *error) {
    size_t count;
    if (tape->reader->next_trade != NULL)
        return tape->reader->next_trade(tape, ret_trade, error);
    return tw_tape_next_trades(tape, ret_trade, 1, &count, error);
}

tw_status tw_tape_next_quotes(tw_tape *tape, tw_quote *ret_quotes, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->reader->next_quotes != NULL && capacity > 0);
    return tape->reader->next_quotes(tape, ret_quotes, capacity, ret_count, error);
}

tw_status tw_tape_next_quote(tw_tape *tape, tw_quote *ret_quote, tw_error *error) {
    size_t count;
    if (tape->reader->next_quote != NULL)
        return tape->reader->next_quote(tape, ret_quote, error);
    return tw_tape_next_quotes(tape, ret_quote, 1, &count, error);
}

tw_status tw_tape_next_bars(tw_tape *tape, tw_bar *ret_bars, size_t capacity, size_t *ret_count,
                            tw_error *error) {
    TW_ASSERT(tape->reader->next_bars != NULL && capacity > 0);
    return tape->reader->next_bars(tape, ret_bars, capacity, ret_count, error);
}

tw_status tw_tape_next_bar(tw_tape *tape, tw_bar *ret_bar, tw_error *error) {
    size_t count;
    if (tape->reader->next_bar != NULL)
        return tape->reader->next_bar(tape, ret_bar, error);
    return tw_tape_next_bars(tape, ret_bar, 1, &count, error);
}

tw_status tw_tape_next_depth(tw_tape *tape, tw_depth_update *ret_update, tw_error *error) {
    TW_ASSERT(tape->reader->next_depth != NULL);
    return tape->reader->next_depth(tape, ret_update, error);
}

/* ---- facts --------------------------------------------------------------------------------- */

tw_slice tw_tape_line(const tw_tape *tape) {
    return tape->line;
}

static tw_tape_place text_place(const tw_tape *tape) {
    const tw_source *source = &tape->source;
    uint64_t unused = tape->held ? source->taken : 0;
    return (tw_tape_place){.offset = tw_source_offset(source) - unused,
                           .line_count = source->line - (tape->held ? 1 : 0)};
}

tw_tape_position tw_tape_tell(const tw_tape *tape) {
    const tape_reader *reader = tape->reader;
    tw_tape_place next = reader->place != NULL ? reader->place(tape) : text_place(tape);
    return (tw_tape_position){.line = reader->place != NULL ? next.line_count : tape->source.line,
                              .bytes_read = tape->source.bytes_read,
                              .bytes = tape->source.bytes,
                              .next = next};
}

tw_tape_content tw_tape_content_of(const tw_tape *tape) {
    const tape_reader *reader = tape->reader;
    return reader->content_of != NULL ? reader->content_of(tape) : reader->content;
}

tw_tape_compression tw_tape_compression_of(const tw_tape *tape) {
    return (tw_tape_compression)tape->source.packing;
}
