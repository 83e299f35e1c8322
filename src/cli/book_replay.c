/* book_replay.c - see book_replay.h. */
#include "book_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"
#include "tradewind/tape_dbn.h"
#include "tradewind/tape_messages.h"

enum {
    BLOCK = 512,
    SYMBOL_COUNT_MAX = 65536,
    LEVEL_COUNT_MAX = 1 << 22, /* for as many orders as four times that */
    SYNC_UPDATE_COUNT_MAX = 8192,
    SYNC_LEVEL_COUNT_MAX = 1 << 20,
    GAP_WARNING_MAX = 10
};

#define OLD_ORDER_ID (UINT64_C(1) << 62) /* from here on: orders that stand for old levels */
#define LOBSTER_UNIT INT64_C(100000)

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- Opening ------------------------------------------------------------------------------- */

static bool names_symbols(tw_tape_format format) {
    return format != TW_TAPE_LOBSTER_MESSAGES && format != TW_TAPE_BITSTAMP;
}

/* "AAPL" of "path/AAPL_2012-06-21_message_10.csv": what stands before the first mark. */
static tw_slice name_in_path(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t size = strcspn(name, "_.");
    return (tw_slice){name, size};
}

static tw_status find_symbol(book_replay *replay, tw_error *error) {
    const char *wanted = replay->config.symbol;
    replay->only = TW_SYMBOL_NONE;
    if (wanted[0] != '\0') {
        if (tw_symbols_intern(replay->symbols, tw_slice_of(wanted), &replay->only) != TW_OK)
            return tw_error_set(error, TW_USAGE, "--symbol %s: that is no name of a symbol",
                                wanted);
        return TW_OK;
    }
    if (names_symbols(replay->config.format))
        return TW_OK;
    tw_symbol symbol = 0; /* the only one, whatever it is called */
    tw_slice name = name_in_path(replay->config.path);
    if (tw_symbols_intern(replay->symbols, name, &symbol) != TW_OK)
        return tw_symbols_intern(replay->symbols, tw_slice_of("-"), &symbol);
    return TW_OK;
}

static tw_status make_book(book_replay *replay, tw_error *error) {
    uint32_t order_count_max = replay->config.order_count_max;
    uint32_t level_count_max =
        order_count_max < LEVEL_COUNT_MAX ? order_count_max : LEVEL_COUNT_MAX;
    if (order_count_max / 4 > LEVEL_COUNT_MAX)
        level_count_max = order_count_max / 4;
    if (level_count_max > TW_BOOK_LEVEL_COUNT_MAX)
        level_count_max = TW_BOOK_LEVEL_COUNT_MAX;
    const tw_book_config config = {.symbol_count_max = SYMBOL_COUNT_MAX,
                                   .order_count_max = replay->config.order_count_max,
                                   .level_count_max = level_count_max,
                                   .allow_nonpositive_prices = true};
    const tw_book_sync_config sync = {.symbol_count_max = SYMBOL_COUNT_MAX,
                                      .update_count_max = SYNC_UPDATE_COUNT_MAX,
                                      .level_count_max = SYNC_LEVEL_COUNT_MAX};
    tw_status status = tw_book_new(NULL, &config, &replay->book);
    if (status == TW_OK && tw_tape_content_of(replay->tape) == TW_TAPE_CONTENT_DEPTH)
        status = tw_book_sync_new(NULL, &sync, replay->book, &replay->sync);
    replay->events = calloc(BLOCK, sizeof *replay->events);
    replay->crossings = calloc(SYMBOL_COUNT_MAX, sizeof *replay->crossings);
    if (status != TW_OK || replay->events == NULL || replay->crossings == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a book of %u orders",
                            replay->config.order_count_max);
    return TW_OK;
}

static tw_status check_content(const book_replay *replay, tw_error *error) {
    switch (tw_tape_content_of(replay->tape)) {
    case TW_TAPE_CONTENT_EVENTS:
    case TW_TAPE_CONTENT_DEPTH:
    case TW_TAPE_CONTENT_QUOTES:
    case TW_TAPE_CONTENT_MIXED: /* of a live capture or of quotes with trades, the quotes */
        break;
    case TW_TAPE_CONTENT_LEVELS:
        return tw_error_set_at(error, TW_PARSE, replay->config.path, 0, 0,
                               "this is a LOBSTER order book file: give the message file that goes "
                               "with it, and this one with --initial");
    case TW_TAPE_CONTENT_TRADES:
    case TW_TAPE_CONTENT_BARS:
    case TW_TAPE_CONTENT_ROWS:
    case TW_TAPE_CONTENT_RECORDS:
        return tw_error_set_at(error, TW_PARSE, replay->config.path, 0, 0,
                               "there is no book in this file: it holds neither orders nor changes "
                               "of levels nor quotes");
    }
    bool lobster = replay->config.format == TW_TAPE_LOBSTER_MESSAGES;
    if (replay->config.initial[0] != '\0' && !lobster)
        return tw_error_set(
            error, TW_USAGE,
            "--initial is for LOBSTER messages; other feeds tell what stood before");
    return TW_OK;
}

tw_status book_replay_open(book_replay *replay, const book_replay_config *config, tw_error *error) {
    *replay = (book_replay){.config = *config, .only = TW_SYMBOL_NONE};
    tw_status status = tw_symbols_new(NULL, SYMBOL_COUNT_MAX, &replay->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory to read %s", config->path);
    status = find_symbol(replay, error);
    if (status != TW_OK)
        return status;
    bool filtered = replay->only != TW_SYMBOL_NONE &&
                    (config->format == TW_TAPE_ITCH || config->format == TW_TAPE_DBN);
    const tw_tape_config tape = {.path = config->path,
                                 .symbols = replay->symbols,
                                 .format = (uint8_t)config->format,
                                 .known_symbols_only = filtered};
    status = tw_tape_open(&tape, &replay->tape, error);
    if (status == TW_OK)
        status = check_content(replay, error);
    return status == TW_OK ? make_book(replay, error) : status;
}

void book_replay_close(book_replay *replay) {
    tw_book_sync_free(replay->sync);
    tw_book_free(replay->book);
    tw_tape_close(replay->tape);
    tw_symbols_free(replay->symbols);
    free(replay->events);
    free(replay->crossings);
    *replay = (book_replay){0};
}

/* ---- What stood before a LOBSTER file ------------------------------------------------------ */

static uint64_t old_order_id(uint32_t side, tw_price price) {
    return OLD_ORDER_ID + (uint64_t)(price.nano / LOBSTER_UNIT) * 2 + (side == TW_SIDE_BUY);
}

/* Everything in the row that the first message did not bring. */
static tw_status enter_old(book_replay *replay, const tw_level *levels, size_t count,
                           const tw_order_event *first) {
    for (size_t i = 0; i < count; i++) {
        tw_book_order order = {
            .price = levels[i].price, .quantity = levels[i].quantity, .side = levels[i].side};
        order.id = old_order_id(order.side, order.price);
        if (first->kind == TW_EVENT_ADD && order.side == first->side &&
            order.price.nano == first->price.nano)
            order.quantity.nano -= first->quantity.nano;
        if (order.quantity.nano <= 0)
            continue;
        tw_status status = tw_book_add(replay->book, first->symbol, &order);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static tw_status load_initial(book_replay *replay, const tw_order_event *first, tw_error *error) {
    const tw_tape_config config = {.path = replay->config.initial, .format = TW_TAPE_LOBSTER_BOOK};
    TW_AUTO(tw_tape) *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, error);
    if (status != TW_OK)
        return status;
    size_t capacity = tw_tape_depth(tape) * 2;
    tw_level *levels = calloc(capacity, sizeof *levels);
    if (levels == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", config.path);
    size_t count = 0;
    status = tw_tape_next_levels(tape, levels, capacity, &count, error);
    if (status == TW_OK && enter_old(replay, levels, count, first) != TW_OK)
        status = tw_error_set(error, TW_FULL, "the book of %u orders is full: see --max-orders",
                              replay->config.order_count_max);
    free(levels);
    return status;
}

/* ---- Feeds by order ------------------------------------------------------------------------ */

static void note_time(book_totals *totals, int64_t time_ns) {
    totals->first_ns = totals->first_ns == 0 ? time_ns : totals->first_ns;
    totals->last_ns = time_ns != 0 ? time_ns : totals->last_ns;
}

static void count_event(book_totals *totals, const tw_order_event *event) {
    uint64_t *const counts[] = {
        [0] = &totals->others,
        [TW_EVENT_ADD] = &totals->adds,
        [TW_EVENT_REDUCE] = &totals->cancels,
        [TW_EVENT_DELETE] = &totals->deletes,
        [TW_EVENT_EXECUTE] = &totals->executions,
        [TW_EVENT_HIDDEN] = &totals->hidden,
        [TW_EVENT_CROSS] = &totals->hidden,
        [TW_EVENT_HALT] = &totals->halts,
        [TW_EVENT_REPLACE] = &totals->replaces,
        [TW_EVENT_MODIFY] = &totals->replaces,
        [TW_EVENT_CLEAR] = &totals->clears,
        [TW_EVENT_OTHER] = &totals->others,
    };
    totals->messages++;
    note_time(totals, event->time_ns);
    ++*counts[event->kind <= TW_EVENT_OTHER ? event->kind : 0];
}

/* An event that the book did not take. What a venue does to an order that the file never told of
 * is done to what stood at its price before; a modification of it announces it. */
static tw_status mend(book_replay *replay, const tw_order_event *event, tw_status status) {
    if (status != TW_NOT_FOUND)
        return status;
    if (event->kind == TW_EVENT_MODIFY) {
        tw_order_event entering = *event;
        entering.kind = TW_EVENT_ADD;
        status = tw_book_apply_event(replay->book, &entering);
        replay->totals.announced += status == TW_OK;
        return status;
    }
    if (replay->config.initial[0] == '\0')
        return status;
    tw_book_view old;
    uint64_t id = old_order_id(event->side, event->price);
    if (tw_book_find(replay->book, event->symbol, id, &old) != TW_OK)
        return status;
    replay->totals.old_orders++;
    return tw_book_reduce(replay->book, event->symbol, id, event->quantity);
}

static tw_status full(const book_replay *replay, tw_error *error) {
    tw_book_usage usage;
    tw_book_usage_of(replay->book, &usage);
    bool orders = usage.order_count == usage.order_count_max;
    return tw_error_set(error, TW_FULL, "more than %u %s are alive at once: give a greater %s",
                        orders ? usage.order_count_max : usage.level_count_max,
                        orders ? "orders" : "levels", "--max-orders");
}

/* DBN tells a trade with the side of the one who took, and then what it takes from the book. */
static bool is_trade_of_dbn(const book_replay *replay, const tw_order_event *event) {
    return replay->config.format == TW_TAPE_DBN && event->kind == TW_EVENT_OTHER &&
           event->detail == 'T';
}

static bool is_event_trade(const book_replay *replay, const tw_order_event *event) {
    return event->kind == TW_EVENT_EXECUTE || event->kind == TW_EVENT_HIDDEN ||
           event->kind == TW_EVENT_CROSS || is_trade_of_dbn(replay, event);
}

static uint8_t other_side(uint8_t side) {
    return side == TW_SIDE_NONE ? TW_SIDE_NONE : side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
}

/* Within a message of many changes, or an event of many messages, best prices may pass each other;
 * what counts is how they stand when it is whole. */
static void count_crossing(book_replay *replay, const book_step *made) {
    tw_book_crossing now = tw_book_crossed(replay->book, made->symbol);
    uint8_t *before = &replay->crossings[made->symbol];
    replay->totals.locked += now == TW_BOOK_LOCKED && *before != TW_BOOK_LOCKED;
    replay->totals.crossed += now == TW_BOOK_CROSSED && *before != TW_BOOK_CROSSED;
    *before = (uint8_t)now;
}

static tw_status step(book_replay *replay, const book_step *made, tw_error *error) {
    if (made->whole && made->symbol < SYMBOL_COUNT_MAX)
        count_crossing(replay, made);
    if (replay->on_step == NULL)
        return TW_OK;
    return replay->on_step(replay->context, made, error);
}

/* Of an event that the book has not taken yet. */
static book_step step_of(const book_replay *replay, const tw_order_event *event) {
    tw_book_view resting = {0};
    book_step made = {.time_ns = event->time_ns, .symbol = event->symbol};
    made.whole = replay->config.format != TW_TAPE_DBN || (event->flags & TW_EVENT_LAST) != 0;
    if (!is_event_trade(replay, event))
        return made;
    bool known = event->kind == TW_EVENT_EXECUTE && event->symbol < SYMBOL_COUNT_MAX &&
                 tw_book_find(replay->book, event->symbol, event->id, &resting) == TW_OK;
    made.trade_size = event->quantity;
    made.trade_price = event->price.nano != 0 ? event->price : resting.price;
    made.trade_side = known ? resting.side : event->side;
    if (is_trade_of_dbn(replay, event))
        made.trade_side = other_side(event->side);
    return made;
}

static tw_status step_event(book_replay *replay, const tw_order_event *event, tw_error *error) {
    const book_step made = step_of(replay, event);
    tw_status status = tw_book_apply_event(replay->book, event);
    if (status != TW_OK && mend(replay, event, status) == TW_FULL)
        return full(replay, error);
    count_event(&replay->totals, event);
    replay->totals.trades += made.trade_size.nano > 0;
    return event->symbol == TW_SYMBOL_NONE ? TW_OK : step(replay, &made, error);
}

/* Nobody looks, and nothing can be mended: a whole block at once. */
static bool takes_blocks(const book_replay *replay) {
    bool lobster = replay->config.format == TW_TAPE_LOBSTER_MESSAGES;
    return replay->on_step == NULL && (replay->config.format == TW_TAPE_ITCH ||
                                       (lobster && replay->config.initial[0] == '\0'));
}

static tw_status take_block(book_replay *replay, size_t count, tw_error *error) {
    tw_book_result results[BLOCK];
    size_t done = tw_book_apply(replay->book, replay->events, count, results);
    for (size_t i = 0; i < count; i++) {
        count_event(&replay->totals, &replay->events[i]);
        replay->totals.trades +=
            is_event_trade(replay, &replay->events[i]) && replay->events[i].quantity.nano > 0;
    }
    for (size_t i = 0; done < count && i < count; i++) {
        if (results[i].status == TW_FULL)
            return full(replay, error);
    }
    return TW_OK;
}

/* Messages are missing: said, counted, and gone on behind. */
static bool is_gap(book_replay *replay, tw_status status, const tw_error *why) {
    if (status != TW_UNKNOWN && status != TW_UNSUPPORTED)
        return false;
    if (replay->totals.gap_warnings++ < GAP_WARNING_MAX)
        fprintf(stderr, "tradewind book: %s\n", why->message);
    return true;
}

static void show_progress(book_replay *replay) {
    progress_draw(&replay->bar, input_fraction(replay->tape), replay->totals.messages);
}

/* The first message of a file with an initial book is in that already, unless it adds an order. */
static tw_status begin_events(book_replay *replay, size_t *count, tw_error *error) {
    if (replay->totals.messages > 0 || replay->config.initial[0] == '\0')
        return TW_OK;
    tw_order_event *first = &replay->events[0];
    tw_status status = load_initial(replay, first, error);
    if (status == TW_EMPTY) /* not to be taken for the end of the messages */
        status = tw_error_set_at(error, TW_PARSE, replay->config.initial, 0, 0,
                                 "there is no book in it");
    if (status != TW_OK || first->kind == TW_EVENT_ADD)
        return status;
    const book_step made = step_of(replay, first);
    count_event(&replay->totals, first);
    replay->totals.trades += made.trade_size.nano > 0;
    status = step(replay, &made, error);
    memmove(first, first + 1, --*count * sizeof *first);
    return status;
}

static tw_status run_events(book_replay *replay, tw_error *error) {
    for (;;) {
        size_t count = 0;
        tw_error why = {0};
        tw_status status = tw_tape_next_events(replay->tape, replay->events, BLOCK, &count, &why);
        if (is_gap(replay, status, &why))
            continue;
        if (status != TW_OK) {
            if (error != NULL)
                *error = why;
            return status;
        }
        status = begin_events(replay, &count, error);
        bool at_once = takes_blocks(replay);
        if (status == TW_OK && at_once)
            status = take_block(replay, count, error);
        for (size_t i = 0; !at_once && i < count && status == TW_OK; i++)
            status = step_event(replay, &replay->events[i], error);
        if (status != TW_OK)
            return status;
        if (progress_due(&replay->bar))
            show_progress(replay);
    }
}

/* ---- Feeds by level and of quotes ---------------------------------------------------------- */

static void warn_stale(book_replay *replay, const tw_depth_update *update,
                       const tw_book_sync_result *result) {
    if (replay->totals.gap_warnings++ >= GAP_WARNING_MAX)
        return;
    fprintf(stderr, "tradewind book: %s:%llu: the book of %s is stale until its next snapshot: %s",
            replay->config.path, (unsigned long long)tw_tape_tell(replay->tape).line,
            tw_symbols_name(replay->symbols, update->symbol),
            tw_book_sync_outcome_name((tw_book_sync_outcome)result->outcome));
    if (result->outcome == TW_BOOK_SYNC_GAP)
        fprintf(stderr, ", changes %llu to %llu are missing",
                (unsigned long long)result->missing_first,
                (unsigned long long)result->missing_last);
    fputc('\n', stderr);
}

static tw_status take_depth(book_replay *replay, const tw_depth_update *update, tw_error *error) {
    if (replay->only != TW_SYMBOL_NONE && update->symbol != replay->only)
        return TW_OK;
    tw_book_sync_result result;
    tw_status status = tw_book_sync_apply(replay->sync, update, &result);
    replay->totals.messages++;
    note_time(&replay->totals, update->time_ns);
    replay->totals.snapshots += update->snapshot != 0;
    replay->totals.changes += update->snapshot == 0;
    if (status == TW_FULL)
        return full(replay, error);
    if (status == TW_INVALID)
        return tw_error_set_at(error, TW_RANGE, replay->config.path,
                               tw_tape_tell(replay->tape).line, 0, "the update makes no sense (%s)",
                               tw_book_sync_reason_name((tw_book_sync_reason)result.reason));
    if (status == TW_STATE && result.state == TW_BOOK_SYNC_STALE)
        warn_stale(replay, update, &result);
    else if (result.state != TW_BOOK_SYNC_LIVE)
        return TW_OK;
    const book_step made = {.time_ns = update->time_ns, .symbol = update->symbol, .whole = true};
    return step(replay, &made, error); /* a stale book is empty, and shown so */
}

static tw_status take_trade(book_replay *replay, const tw_trade *trade, int64_t time_ns,
                            tw_error *error) {
    if (replay->only != TW_SYMBOL_NONE && trade->symbol != replay->only)
        return TW_OK;
    replay->totals.messages++;
    replay->totals.trades++;
    note_time(&replay->totals, time_ns);
    const book_step made = {.time_ns = time_ns,
                            .symbol = trade->symbol,
                            .trade_price = trade->price,
                            .trade_size = trade->quantity,
                            .trade_side = other_side(trade->side)};
    return step(replay, &made, error);
}

/* The venue's own best prices: the book knows them from its changes. */
static void pass_quote(book_replay *replay, const tw_quote *quote) {
    bool wanted = replay->only == TW_SYMBOL_NONE || quote->symbol == replay->only;
    replay->totals.messages += wanted;
    replay->totals.quotes += wanted;
}

static tw_status run_messages(book_replay *replay, tw_error *error) {
    for (;;) {
        tw_tape_message message;
        tw_status status = tw_tape_next_message(replay->tape, &message, error);
        if (status == TW_OK && message.kind == TW_TAPE_MESSAGE_DEPTH)
            status = take_depth(replay, &message.depth, error);
        else if (status == TW_OK && message.kind == TW_TAPE_MESSAGE_TRADE)
            status = take_trade(replay, &message.trade, message.time_ns, error);
        else if (status == TW_OK)
            pass_quote(replay, &message.quote);
        if (status != TW_OK)
            return status;
        if (progress_due(&replay->bar))
            show_progress(replay);
    }
}

static tw_status run_depth(book_replay *replay, tw_error *error) {
    for (;;) {
        tw_depth_update update;
        tw_status status = tw_tape_next_depth(replay->tape, &update, error);
        if (status == TW_OK)
            status = take_depth(replay, &update, error);
        if (status != TW_OK)
            return status;
        if (progress_due(&replay->bar))
            show_progress(replay);
    }
}

static tw_status run_quotes(book_replay *replay, tw_error *error) {
    for (;;) {
        tw_quote quotes[64];
        size_t count = 0;
        tw_status status = tw_tape_next_quotes(replay->tape, quotes, 64, &count, error);
        if (status != TW_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (replay->only != TW_SYMBOL_NONE && quotes[i].symbol != replay->only)
                continue;
            replay->totals.messages++;
            replay->totals.quotes++;
            note_time(&replay->totals, quotes[i].time_ns);
            if (tw_book_set_top(replay->book, &quotes[i]) == TW_FULL)
                return full(replay, error);
            const book_step made = {
                .time_ns = quotes[i].time_ns, .symbol = quotes[i].symbol, .whole = true};
            status = step(replay, &made, error);
            if (status != TW_OK)
                return status;
        }
        if (progress_due(&replay->bar))
            show_progress(replay);
    }
}

/* Every message of such a feed is whole, so the book's own count is it. */
static void count_block_crossings(book_replay *replay) {
    tw_book_anomalies anomalies;
    tw_book_anomalies_of(replay->book, &anomalies);
    replay->totals.locked = anomalies.became_locked;
    replay->totals.crossed = anomalies.became_crossed;
}

tw_status book_replay_run(book_replay *replay, book_on_step on_step, void *context,
                          tw_error *error) {
    replay->on_step = on_step;
    replay->context = context;
    progress_start(&replay->bar, "messages");
    double begin = now_seconds();
    tw_tape_content content = tw_tape_content_of(replay->tape);
    bool recorded =
        replay->config.format == TW_TAPE_KRAKEN || replay->config.format == TW_TAPE_BINANCE;
    tw_status status;
    if (content == TW_TAPE_CONTENT_EVENTS)
        status = run_events(replay, error);
    else if (recorded)
        status = run_messages(replay, error);
    else if (content == TW_TAPE_CONTENT_DEPTH)
        status = run_depth(replay, error);
    else
        status = run_quotes(replay, error);
    replay->totals.seconds = now_seconds() - begin;
    if (content == TW_TAPE_CONTENT_EVENTS && takes_blocks(replay))
        count_block_crossings(replay);
    progress_end(&replay->bar);
    return status == TW_EMPTY ? TW_OK : status;
}
