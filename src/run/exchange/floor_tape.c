/*
 * floor_tape.c - see floor_tape.h.
 *
 * Invariants
 *  1. Ids of the tape have their two highest bits clear: one belongs to users, one to what is made
 *     from an order book file.
 *  2. `fills` is what was executed here and is still to be cancelled by the feed, of the message
 *     that is being played.
 */
#include "floor_tape.h"

#include "floor_priv.h"
#include "tradewind/time.h"

#define INITIAL_ID (UINT64_C(1) << 62) /* ids of orders made from an order book file */
#define INITIAL_TICK INT64_C(100000)   /* LOBSTER's unit of price */
#define OWN_ID_MASK (INITIAL_ID - 1)

enum { CLEAR_BATCH = 256 };

/* ---- opening ------------------------------------------------------------------------------- */

static bool is_dated(uint8_t format) {
    return format == TW_TAPE_BITSTAMP || format == TW_TAPE_DBN;
}

static bool is_of_one_symbol(uint8_t format) {
    return format == TW_TAPE_LOBSTER_MESSAGES || format == TW_TAPE_BITSTAMP;
}

/* A table of the tape's own symbols, so that others of the file never reach the floor. */
static tw_status copy_names(const tw_allocator *allocator, const tw_symbols *symbols,
                            uint32_t count, tw_symbols **ret_symbols) {
    tw_status status = tw_symbols_new(allocator, count, ret_symbols);
    for (tw_symbol s = 0; status == TW_OK && s < count; s++) {
        tw_symbol copy;
        status = tw_symbols_intern(*ret_symbols, tw_slice_of(tw_symbols_name(symbols, s)), &copy);
    }
    return status;
}

/* The next event that is about an order, a trade or the state of a symbol of the tape's. Messages
 * that a capture lacks are passed over. */
static tw_status next_event(tw_tape *tape, uint32_t symbol_count, tw_order_event *ret_event,
                            tw_error *error) {
    for (;;) {
        tw_status status = tw_tape_next_event(tape, ret_event, error);
        if (status == TW_UNKNOWN)
            continue;
        if (status != TW_OK || ret_event->symbol < symbol_count)
            return status;
    }
}

static tw_status open_reader(const tw_tape_config *config, tw_tape **ret_tape, tw_error *error) {
    tw_status status = tw_tape_open(config, ret_tape, error);
    if (status != TW_OK)
        return status;
    tw_tape_content content = tw_tape_content_of(*ret_tape);
    if (content == TW_TAPE_CONTENT_EVENTS || content == TW_TAPE_CONTENT_MIXED)
        return TW_OK;
    tw_tape_close(*ret_tape);
    *ret_tape = NULL;
    return tw_error_set(error, TW_UNSUPPORTED, "%s: this file is not one of orders", config->path);
}

/* A file that is like none is read as LOBSTER's, whose reader says what is wrong with it. */
static tw_status guess_format(const char *path, const tw_allocator *allocator, uint8_t *ret_format,
                              tw_error *error) {
    tw_tape_format format = TW_TAPE_LOBSTER_MESSAGES;
    tw_status status = tw_tape_guess(path, allocator, &format, error);
    if (status == TW_UNSUPPORTED)
        format = TW_TAPE_LOBSTER_MESSAGES;
    else if (status != TW_OK)
        return status;
    *ret_format = (uint8_t)format;
    if (is_of_one_symbol(*ret_format) || format == TW_TAPE_ITCH || format == TW_TAPE_DBN)
        return TW_OK;
    return tw_error_set(error, TW_UNSUPPORTED,
                        "%s: a tape has orders: LOBSTER messages, Bitstamp, ITCH or DBN (mbo)",
                        path);
}

/* The first event after which there is a market: not a snapshot's, not a word about the day. */
static bool begins_market(const tw_order_event *event) {
    bool words = event->kind == TW_EVENT_OTHER || event->kind == TW_EVENT_HALT ||
                 event->kind == TW_EVENT_CLEAR;
    return !words && (event->flags & TW_EVENT_SNAPSHOT) == 0;
}

tw_status floor_tape_survey(const tw_allocator *allocator, const char *path,
                            const tw_symbols *symbols, uint32_t symbol_count,
                            tape_survey *ret_survey, tw_error *error) {
    uint8_t format = 0;
    tw_status status = guess_format(path, allocator, &format, error);
    if (status != TW_OK)
        return status;
    TW_AUTO(tw_symbols) *own = NULL;
    TW_AUTO(tw_tape) *tape = NULL;
    status = copy_names(allocator, symbols, symbol_count, &own);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the symbols of the tape");
    const tw_tape_config config = {.path = path,
                                   .symbols = own,
                                   .allocator = allocator,
                                   .format = format,
                                   .known_symbols_only = !is_of_one_symbol(format)};
    tw_order_event event;
    status = open_reader(&config, &tape, error);
    do {
        if (status == TW_OK)
            status = next_event(tape, symbol_count, &event, error);
    } while (status == TW_OK && !begins_market(&event));
    if (status == TW_EMPTY)
        return tw_error_set(error, TW_PARSE, "%s: the tape has no order of %s", path,
                            tw_symbols_name(symbols, 0));
    if (status == TW_OK)
        *ret_survey = (tape_survey){event.time_ns, format, is_dated(format)};
    return status;
}

static uint32_t symbol_count_of(const trading_floor *floor) {
    uint32_t count = floor->config.tape_symbol_count;
    return count == 0 ? 1 : count;
}

bool floor_tape_has(const trading_floor *floor, tw_symbol symbol) {
    return floor->config.tape_path != NULL && symbol < symbol_count_of(floor);
}

void floor_tape_close(trading_floor *floor) {
    tw_tape_close(floor->tape.tape);
    tw_symbols_free(floor->tape.symbols);
    floor->tape.tape = NULL;
    floor->tape.symbols = NULL;
    floor->tape.waiting = false;
}

/* Reads the next event ahead; at the end of the file the tape is closed. */
static tw_status fetch(trading_floor *floor, tw_error *error) {
    tape_replay *replay = &floor->tape;
    tw_status status = next_event(replay->tape, symbol_count_of(floor), &replay->next, error);
    replay->waiting = status == TW_OK;
    if (status == TW_OK) {
        replay->next.id &= OWN_ID_MASK;
        replay->next.new_id &= OWN_ID_MASK;
        return TW_OK;
    }
    floor_tape_close(floor);
    return status == TW_EMPTY ? TW_OK : status;
}

/* ---- playing ------------------------------------------------------------------------------- */

/* A trade that no resting order took part in. */
static void play_trade(trading_floor *floor, const tw_order_event *event) {
    tw_match_event unseen = {
        .trade_id = (UINT64_C(1) << 61) | floor->event_count,
        .price = event->price,
        .quantity = event->quantity,
        .symbol = event->symbol,
        .side = event->side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY,
    };
    if (event->price.nano > 0 && event->quantity.nano > 0)
        floor_tell_trade(floor, &unseen);
}

/* The one order that stands for all that rested at a price before the tape began. */
static uint64_t initial_id(uint8_t side, tw_price price) {
    uint64_t ticks = (uint64_t)(price.nano / INITIAL_TICK);
    return INITIAL_ID | ticks << 1 | (side == TW_SIDE_BUY ? 1 : 0);
}

static bool find(const trading_floor *floor, const tw_order_event *event, tw_book_view *ret_view) {
    const tw_book *book = tw_match_book(floor->match);
    return tw_book_find(book, event->symbol, event->id, ret_view) == TW_OK;
}

/* Which order of ours the event is about. One that the file never announced belongs to the
 * initial book if its number says that it is as old: the venue numbers orders as they come, so one
 * with a higher number than the first that the file brings was announced, and a user has traded it
 * away since. */
static uint64_t order_id(const trading_floor *floor, const tw_order_event *event) {
    tw_book_view view;
    bool older = floor->tape.first_id == 0 || event->id <= floor->tape.first_id;
    if (!older || floor->config.initial_path == NULL || find(floor, event, &view))
        return event->id;
    return initial_id(event->side, event->price);
}

static tw_status play_add(trading_floor *floor, const tw_order_event *event,
                          const tw_match_sink *sink) {
    tw_match_order order = {
        .id = event->id,
        .price = event->price,
        .quantity = event->quantity,
        .symbol = event->symbol,
        .side = event->side,
        .type = TW_ORDER_LIMIT,
        .time_in_force = TW_DAY,
    };
    if (floor->tape.first_id == 0)
        floor->tape.first_id = event->id;
    return tw_match_submit(floor->match, &order, sink);
}

/* Invariant 2: what of a cancellation was executed already. */
static int64_t take_from_fills(tape_replay *replay, const tw_order_event *event) {
    int64_t left = event->quantity.nano;
    for (uint32_t i = 0; i < replay->fill_count; i++) {
        tape_fill *fill = &replay->fills[i];
        int64_t part = fill->quantity_nano < left ? fill->quantity_nano : left;
        if (fill->id != event->id)
            continue;
        fill->quantity_nano -= part;
        left -= part;
    }
    return left;
}

/* Takes the quantity off an order: of one that the tape brought, a deletion is all of it. */
static tw_status play_take(trading_floor *floor, const tw_order_event *event,
                           const tw_match_sink *sink) {
    uint64_t id = order_id(floor, event);
    if (event->kind == TW_EVENT_DELETE && id == event->id)
        return tw_match_cancel(floor->match, event->symbol, id, sink);
    tw_quantity left = {take_from_fills(&floor->tape, event)};
    return left.nano == 0 ? TW_OK : tw_match_reduce(floor->match, event->symbol, id, left, sink);
}

/* Databento tells a fill, and behind it the cancellation that takes it from the book. */
static tw_status play_other(trading_floor *floor, const tw_order_event *event,
                            const tw_match_sink *sink) {
    tape_replay *replay = &floor->tape;
    tw_book_view view;
    bool fill = floor->config.tape_format == TW_TAPE_DBN && event->detail == 'F';
    if (!fill || replay->fill_count == TAPE_FILL_COUNT_MAX || event->quantity.nano <= 0 ||
        !find(floor, event, &view))
        return TW_OK;
    replay->fills[replay->fill_count++] = (tape_fill){event->id, event->quantity.nano};
    return tw_match_execute(floor->match, event->symbol, event->id, event->quantity, sink);
}

static tw_status play_replace(trading_floor *floor, const tw_order_event *event,
                              const tw_match_sink *sink) {
    const tw_match_replacement replacement = {
        .id = event->new_id, .price = event->price, .quantity = event->quantity};
    return tw_match_replace(floor->match, event->symbol, event->id, &replacement, sink);
}

/* What Bitstamp tells is what its own trades have left: here a user may have left less. */
static tw_status play_modify(trading_floor *floor, const tw_order_event *event,
                             const tw_match_sink *sink) {
    bool dbn = floor->config.tape_format == TW_TAPE_DBN;
    tw_match_replacement replacement = {.price = event->price, .quantity = event->quantity};
    tw_book_view view;
    if (!find(floor, event, &view))
        return dbn ? play_add(floor, event, sink) : TW_NOT_FOUND;
    if (event->quantity.nano <= 0)
        return tw_match_cancel(floor->match, event->symbol, event->id, sink);
    if (!dbn && view.price.nano == event->price.nano && view.quantity.nano <= event->quantity.nano)
        return TW_OK;
    return tw_match_replace(floor->match, event->symbol, event->id, &replacement, sink);
}

/* The ids of up to CLEAR_BATCH orders of one side that are the tape's. */
static size_t ids_of_tape(const trading_floor *floor, tw_symbol symbol, tw_side side,
                          uint64_t ret_ids[CLEAR_BATCH]) {
    const tw_book *book = tw_match_book(floor->match);
    size_t count = 0;
    tw_book_level_place level = tw_book_level_first(book, symbol, side);
    for (; level != TW_BOOK_NO_PLACE; level = tw_book_level_next(book, level)) {
        tw_book_order_place order = tw_book_order_first(book, level);
        for (; order != TW_BOOK_NO_PLACE; order = tw_book_order_next(book, order)) {
            tw_book_view view;
            tw_book_order_read(book, order, &view);
            if ((view.id & FLOOR_USER_ID) != 0)
                continue;
            ret_ids[count++] = view.id;
            if (count == CLEAR_BATCH)
                return count;
        }
    }
    return count;
}

/* The orders of users stay. */
static tw_status play_clear(trading_floor *floor, const tw_order_event *event,
                            const tw_match_sink *sink) {
    uint64_t ids[CLEAR_BATCH];
    for (int side = TW_SIDE_BUY; side <= TW_SIDE_SELL; side++) {
        size_t count;
        while ((count = ids_of_tape(floor, event->symbol, (tw_side)side, ids)) > 0) {
            for (size_t i = 0; i < count; i++) {
                tw_status status = tw_match_cancel(floor->match, event->symbol, ids[i], sink);
                TW_ASSERT(status == TW_OK);
            }
        }
    }
    return TW_OK;
}

static tw_status play_halt(trading_floor *floor, const tw_order_event *event,
                           const tw_match_sink *sink) {
    if (event->detail == TW_PHASE_HALTED)
        return tw_match_halt(floor->match, event->symbol, sink);
    if (event->detail == TW_PHASE_TRADING)
        return tw_match_resume(floor->match, event->symbol, sink);
    return TW_OK;
}

static tw_status play(trading_floor *floor, const tw_order_event *event,
                      const tw_match_sink *sink) {
    switch ((tw_event_kind)event->kind) {
    case TW_EVENT_ADD:
        return play_add(floor, event, sink);
    case TW_EVENT_REDUCE:
    case TW_EVENT_DELETE:
        return play_take(floor, event, sink);
    case TW_EVENT_EXECUTE:
        return tw_match_execute(floor->match, event->symbol, order_id(floor, event),
                                event->quantity, sink);
    case TW_EVENT_HIDDEN:
    case TW_EVENT_CROSS:
        play_trade(floor, event);
        return TW_OK;
    case TW_EVENT_REPLACE:
        return play_replace(floor, event, sink);
    case TW_EVENT_MODIFY:
        return play_modify(floor, event, sink);
    case TW_EVENT_CLEAR:
        return play_clear(floor, event, sink);
    case TW_EVENT_OTHER:
        return play_other(floor, event, sink);
    case TW_EVENT_HALT:
        return play_halt(floor, event, sink);
    }
    return TW_OK;
}

/* Orders that the file never announced, or that a user has traded away, are unknown to the
 * matching engine; the book counts them as anomalies and the replay goes on. */
static void perform(trading_floor *floor, const tw_order_event *event) {
    const tw_match_sink sink = {floor_on_match, floor};
    floor_request_begin(floor);
    tw_status status = play(floor, event, &sink);
    floor_request_end(floor, event->symbol);
    TW_ASSERT(status != TW_NO_MEMORY);
    if ((event->flags & TW_EVENT_LAST) != 0)
        floor->tape.fill_count = 0;
}

int64_t floor_tape_due(const trading_floor *floor) {
    return floor->tape.waiting ? floor->tape.next.time_ns + floor->config.tape_shift_ns : INT64_MAX;
}

/* Times of a feed may run backwards; those of the floor do not. */
tw_status floor_tape_next(trading_floor *floor, tw_error *error) {
    int64_t due_ns = floor_tape_due(floor);
    floor->now_ns = due_ns > floor->now_ns ? due_ns : floor->now_ns;
    perform(floor, &floor->tape.next);
    return fetch(floor, error);
}

/* ---- what stood before --------------------------------------------------------------------- */

static tw_status enter_level(trading_floor *floor, const tw_level *level, tw_error *error) {
    const tw_match_order order = {
        .id = initial_id(level->side, level->price),
        .price = level->price,
        .quantity = level->quantity,
        .side = level->side,
        .type = TW_ORDER_LIMIT,
        .time_in_force = TW_DAY,
    };
    tw_status status = floor_enter(floor, &order);
    if (status != TW_OK)
        tw_error_set(error, status, "%s: its first row does not make a book: %s",
                     floor->config.initial_path, tw_status_sentence(status));
    return status;
}

/* The book file's first row becomes one order a level, and it already shows what the first
 * message did: that message is passed over. */
static tw_status enter_initial(trading_floor *floor, tw_error *error) {
    tape_replay *replay = &floor->tape;
    const tw_tape_config config = {.path = floor->config.initial_path,
                                   .allocator = floor->allocator,
                                   .format = TW_TAPE_LOBSTER_BOOK};
    TW_AUTO(tw_tape) *book = NULL;
    tw_status status = tw_tape_open(&config, &book, error);
    if (status != TW_OK)
        return status;
    size_t count = 0;
    status = tw_tape_next_levels(book, floor->snapshot, FLOOR_SNAPSHOT_MAX, &count, error);
    if (status == TW_EMPTY)
        status = tw_error_set(error, TW_PARSE, "%s: there is no row", config.path);
    for (size_t i = 0; status == TW_OK && i < count; i++)
        status = enter_level(floor, &floor->snapshot[i], error);
    if (status == TW_OK && replay->waiting && replay->next.kind == TW_EVENT_ADD)
        replay->first_id = replay->next.id;
    return status == TW_OK && replay->waiting ? fetch(floor, error) : status;
}

static tw_status open_tape(trading_floor *floor, tw_error *error) {
    const floor_config *config = &floor->config;
    tape_replay *replay = &floor->tape;
    tw_status status =
        copy_names(floor->allocator, config->symbols, symbol_count_of(floor), &replay->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the symbols of the tape");
    uint8_t format = config->tape_format;
    const tw_tape_config read = {.path = config->tape_path,
                                 .symbols = replay->symbols,
                                 .allocator = floor->allocator,
                                 .format = format,
                                 .midnight_ns = is_dated(format) ? 0 : config->tape_midnight_ns,
                                 .known_symbols_only = !is_of_one_symbol(format)};
    status = open_reader(&read, &replay->tape, error);
    return status == TW_OK ? fetch(floor, error) : status;
}

tw_status floor_tape_open(trading_floor *floor, tw_error *error) {
    if (floor->config.tape_path == NULL)
        return TW_OK;
    if (floor->config.tape_format == TW_TAPE_ROWS)
        floor->config.tape_format = TW_TAPE_LOBSTER_MESSAGES;
    tw_status status = open_tape(floor, error);
    if (status == TW_OK && floor->config.initial_path != NULL)
        status = enter_initial(floor, error);
    while (status == TW_OK && floor->tape.waiting &&
           (floor->tape.next.flags & TW_EVENT_SNAPSHOT) != 0) {
        perform(floor, &floor->tape.next);
        status = fetch(floor, error);
    }
    return status;
}
