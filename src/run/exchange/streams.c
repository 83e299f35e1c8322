/*
 * streams.c - the streams as a whole: life, what the floor tells, counts. See streams_priv.h for
 * who does what.
 *
 * Invariant: `data_count` and `trading_count` count objects in the order in which they are gathered
 * or sent, so a client that has read so many has read everything up to that moment.
 */
#include "streams.h"

#include <string.h>

#include "streams_priv.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/time.h"

static const int64_t AUTH_PATIENCE_NS = 10 * TW_NS_PER_SECOND;

/* ---- life ----------------------------------------------------------------------------------- */

/* The largest thing made in the scratch: a book, or a subscription to every name there is, with
 * corrections and cancels behind the trades. */
static size_t scratch_need(const tw_symbols *symbols) {
    char memory[6 * TW_SYMBOL_NAME_SIZE + 3];
    size_t names = 64;
    for (tw_symbol s = 0; s < tw_symbols_count(symbols); s++) {
        tw_text name = tw_text_over(memory, sizeof memory);
        tw_text_append_json(&name, tw_slice_of(tw_symbols_name(symbols, s)));
        names += name.size + 1;
    }
    return STREAM_BUFFER_SIZE + (TW_ALPACA_CHANNEL_COUNT + 2) * names;
}

static size_t draft_words(const streams *set) {
    size_t market = interest_words(&set->market);
    size_t test = interest_words(&set->test);
    return market > test ? market : test;
}

static tw_status take_scratch(streams *set) {
    const tw_allocator *allocator = set->allocator;
    set->name_room = (size_t)TW_ALPACA_CHANNEL_COUNT * (set->market.symbol_count + 2);
    set->scratch_size = scratch_need(set->market.symbols);
    set->names = TW_NEW(allocator, set->name_room, const char *);
    set->days = TW_NEW(allocator, set->market.symbol_count + 1, stream_day);
    set->levels = TW_NEW(allocator, STREAM_SNAPSHOT_MAX, tw_level);
    set->draft.wanted = TW_NEW(allocator, draft_words(set), uint64_t);
    set->scratch_memory = TW_NEW(allocator, set->scratch_size, char);
    set->packed_memory = TW_NEW(allocator, 2 * set->scratch_size, char);
    if (set->names == NULL || set->levels == NULL || set->draft.wanted == NULL ||
        set->scratch_memory == NULL || set->packed_memory == NULL || set->days == NULL)
        return TW_NO_MEMORY;
    set->scratch = tw_text_over(set->scratch_memory, set->scratch_size);
    set->packed = tw_text_over(set->packed_memory, 2 * set->scratch_size);
    return TW_OK;
}

static tw_status take_reader(streams *set) {
    size_t size =
        set->scratch_size > STREAM_COMMAND_SIZE_MAX ? set->scratch_size : STREAM_COMMAND_SIZE_MAX;
    tw_status status = tw_alpaca_reader_new(set->allocator, size, 0, NULL, &set->reader);
    return status == TW_OK ? tw_alpaca_reader_add_msgpack(set->reader) : status;
}

tw_status streams_new(const tw_allocator *allocator, tw_loop *loop, const tw_symbols *symbols,
                      account_ledger *ledger, uint32_t client_count_max, streams **ret_streams) {
    streams *set = TW_NEW(allocator, 1, streams);
    if (set == NULL)
        return TW_NO_MEMORY;
    set->allocator = allocator;
    set->loop = loop;
    set->ledger = ledger;
    set->client_count_max = client_count_max;
    stream_memory_init(&set->memory, allocator);
    set->memory_size_max = STREAM_MEMORY_MAX;
    set->clients = TW_NEW(allocator, client_count_max, stream_client *);
    if (set->clients == NULL) {
        TW_DELETE(allocator, set, 1, streams);
        return TW_NO_MEMORY;
    }
    tw_status status = test_market_init(&set->test_market, allocator);
    if (status == TW_OK)
        status = feed_init(&set->market, set, symbols);
    if (status == TW_OK)
        status = feed_init(&set->delayed, set, symbols);
    if (status == TW_OK)
        status = feed_init(&set->test, set, set->test_market.symbols);
    if (status == TW_OK)
        status = take_scratch(set);
    if (status == TW_OK)
        status = take_reader(set);
    if (status != TW_OK) {
        streams_free(set);
        return status;
    }
    *ret_streams = set;
    return TW_OK;
}

void streams_free(streams *set) {
    if (set == NULL)
        return;
    const tw_allocator *allocator = set->allocator;
    TW_ASSERT(set->pending_count == 0); /* the server is gone before */
    while (set->client_count > 0)
        client_free(set->clients[set->client_count - 1]);
    tw_alpaca_reader_free(set->reader);
    TW_DELETE(allocator, set->names, set->name_room, const char *);
    TW_DELETE(allocator, set->days, set->market.symbol_count + 1, stream_day);
    TW_DELETE(allocator, set->levels, STREAM_SNAPSHOT_MAX, tw_level);
    TW_DELETE(allocator, set->draft.wanted, draft_words(set), uint64_t);
    TW_DELETE(allocator, set->scratch_memory, set->scratch_size, char);
    TW_DELETE(allocator, set->packed_memory, 2 * set->scratch_size, char);
    feed_done(&set->market);
    feed_done(&set->delayed);
    feed_done(&set->test);
    test_market_done(&set->test_market);
    TW_ASSERT(set->memory.used == 0);
    TW_DELETE(allocator, set->clients, set->client_count_max, stream_client *);
    TW_DELETE(allocator, set, 1, streams);
}

void streams_set_floor(streams *set, const trading_floor *floor) {
    set->floor = floor;
}

void streams_set_limits(streams *set, stream_limits limits) {
    set->limits = limits;
}

/* ---- what the floor tells ------------------------------------------------------------------- */

/* The scratch is empty for an object that somebody wants; false if nobody does. */
static bool begin(streams *set, tw_alpaca_channel channel, tw_symbol symbol) {
    if (!feed_wanted(&set->market, channel, symbol))
        return false;
    tw_text_clear(&set->scratch);
    return true;
}

void streams_on_trade(streams *set, const tw_trade *trade) {
    if (!begin(set, TW_ALPACA_CHANNEL_TRADES, trade->symbol))
        return;
    tw_alpaca_encode_stream_trade(&set->scratch, trade, set->market.symbols);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_TRADES, trade->symbol);
}

static tw_slice one_letter(const char *letter) {
    return (tw_slice){letter, *letter != '\0'};
}

void streams_on_cancel(streams *set, const tw_trade *trade, int64_t time_ns, bool error) {
    const tw_alpaca_cancel_error cancel = {
        .symbol = tw_slice_of(tw_symbols_name(set->market.symbols, trade->symbol)),
        .exchange = one_letter(&trade->exchange),
        .action = tw_slice_of(error ? "E" : "C"),
        .tape = one_letter(&trade->tape),
        .id = trade->id,
        .price = trade->price,
        .size = trade->quantity,
        .time_ns = time_ns,
        .present = TW_ALPACA_BIT(TW_ALPACA_CANCEL_ERROR_FIELD_COUNT) - 1,
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_CANCEL_ERROR, .as.cancel_error = &cancel};
    if (!begin(set, TW_ALPACA_CHANNEL_TRADES, trade->symbol))
        return;
    tw_alpaca_encode_record(&set->scratch, &record);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_TRADES, trade->symbol);
}

/* "@,T" of the letters '@', 'T'. */
static void write_conditions(const tw_trade *trade, char text[16]) {
    size_t used = 0;
    for (size_t i = 0; i < sizeof trade->conditions && trade->conditions[i] != '\0'; i++) {
        if (i > 0)
            text[used++] = ',';
        text[used++] = trade->conditions[i];
    }
    text[used] = '\0';
}

void streams_on_correction(streams *set, const tw_trade *wrong, const tw_trade *right,
                           int64_t time_ns) {
    tw_alpaca_correction correction = {
        .symbol = tw_slice_of(tw_symbols_name(set->market.symbols, wrong->symbol)),
        .exchange = one_letter(&wrong->exchange),
        .tape = one_letter(&wrong->tape),
        .original_id = wrong->id,
        .original_price = wrong->price,
        .original_size = wrong->quantity,
        .id = right->id,
        .price = right->price,
        .size = right->quantity,
        .time_ns = time_ns,
        .present = TW_ALPACA_BIT(TW_ALPACA_CORRECTION_FIELD_COUNT) - 1,
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_CORRECTION, .as.correction = &correction};
    if (!begin(set, TW_ALPACA_CHANNEL_TRADES, wrong->symbol))
        return;
    write_conditions(wrong, correction.original_conditions);
    write_conditions(right, correction.conditions);
    tw_alpaca_encode_record(&set->scratch, &record);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_TRADES, wrong->symbol);
}

void streams_on_levels(streams *set, const tw_level *levels, size_t count) {
    if (!begin(set, TW_ALPACA_CHANNEL_BOOKS, levels[0].symbol))
        return;
    tw_alpaca_encode_stream_book(&set->scratch, levels, count, set->market.symbols);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_BOOKS, levels[0].symbol);
}

void streams_on_quote(streams *set, const tw_quote *quote) {
    if (!begin(set, TW_ALPACA_CHANNEL_QUOTES, quote->symbol))
        return;
    tw_alpaca_encode_stream_quote(&set->scratch, quote, set->market.symbols);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_QUOTES, quote->symbol);
}

static void tell_status(streams *set, tw_symbol symbol, int64_t time_ns, bool halted) {
    char memory[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, -1, memory);
    tw_alpaca_trading_status status = {
        .symbol = tw_slice_of(tw_symbols_name(set->market.symbols, symbol)),
        .code = tw_slice_of(halted ? "H" : "T"),
        .message = tw_slice_of(halted ? "Trading Halt" : "Trading Resumption"),
        .reason_code = tw_slice_of(halted ? "T12" : ""),
        .reason_message =
            tw_slice_of(halted ? "Trading Halted; For information requested by NASDAQ" : ""),
        .time = tw_slice_of(memory),
        .tape = tw_slice_of("C"),
        .present = (UINT64_C(1) << TW_ALPACA_TRADING_STATUS_FIELD_COUNT) - 1,
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_TRADING_STATUS,
                               .as.trading_status = &status};
    if (!begin(set, TW_ALPACA_CHANNEL_STATUSES, symbol))
        return;
    tw_alpaca_encode_record(&set->scratch, &record);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_STATUSES, symbol);
}

void streams_on_halt(streams *set, tw_symbol symbol, int64_t time_ns, bool halted) {
    tell_status(set, symbol, time_ns, halted);
    if (!halted && set->floor != NULL)
        bands_reopen(set, symbol, time_ns, floor_price(set->floor, symbol));
}

static void tell_outlook(streams *set, tw_symbol symbol, const tw_match_outlook *outlook) {
    tw_alpaca_imbalance imbalance = {
        .symbol = tw_slice_of(tw_symbols_name(set->market.symbols, symbol)),
        .tape = tw_slice_of("C"),
        .price = outlook->price,
        .time_ns = floor_now(set->floor),
        .present = (UINT64_C(1) << TW_ALPACA_IMBALANCE_FIELD_COUNT) - 1,
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_IMBALANCE, .as.imbalance = &imbalance};
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_record(&set->scratch, &record);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_IMBALANCES, symbol);
}

void streams_on_outlook(streams *set, tw_match_auction kind) {
    tw_match_outlook outlook;
    for (tw_symbol s = 0; s < set->market.symbol_count; s++) {
        if (feed_wanted(&set->market, TW_ALPACA_CHANNEL_IMBALANCES, s) &&
            floor_outlook(set->floor, s, kind, &outlook))
            tell_outlook(set, s, &outlook);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

void streams_flush(streams *set) {
    feed_flush(&set->market);
    feed_flush(&set->delayed);
    feed_flush(&set->test);
    stream_memory_keep(set);
}

static void close_unknown(stream_client *client, int64_t now_ns) {
    if (client->account != NULL || tw_socket_get_state(client->socket) != TW_SOCKET_OPEN ||
        now_ns - client->accepted_ns < AUTH_PATIENCE_NS)
        return;
    if (client->kind == STREAM_DATA)
        data_error(client, 404);
    tw_socket_close(client->socket, TW_SOCKET_POLICY, "auth timeout");
}

void streams_tick(streams *set, int64_t now_ns) {
    for (uint32_t i = 0; i < set->client_count; i++)
        close_unknown(set->clients[i], now_ns);
    if (set->floor == NULL)
        return;
    test_market_tell(set, floor_now(set->floor));
    feed_flush(&set->test);
}

/* ---- faults, counts ------------------------------------------------------------------------- */

void streams_mute(streams *set, bool muted) {
    set->muted = muted;
}

void streams_close_all(streams *set, uint16_t code, const char *reason) {
    streams_flush(set);
    for (uint32_t i = 0; i < set->client_count; i++)
        tw_socket_close(set->clients[i]->socket, code, reason);
}

void streams_close_slow(streams *set) {
    streams_flush(set);
    for (uint32_t i = 0; i < set->client_count; i++)
        if (!set->clients[i]->slow)
            client_drop_slow(set->clients[i]);
}

void streams_counts(const streams *set, uint64_t *ret_data, uint64_t *ret_trading) {
    *ret_data = set->data_count;
    *ret_trading = set->trading_count;
}

uint64_t streams_dropped_count(const streams *set) {
    return set->dropped_count;
}

uint32_t streams_trading_client_count(const streams *set) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->client_count; i++)
        count += set->clients[i]->kind == STREAM_TRADING;
    return count;
}

uint32_t streams_client_count(const streams *set) {
    return set->client_count;
}
