/*
 * streams.c - see streams.h.
 *
 * Invariants
 *  1. A client's buffer holds whole JSON objects with commas between them; brackets are put
 *     around them when it is sent.
 *  2. `data_count` and `trading_count` count objects in the order in which they enter a buffer,
 *     so a client that has read so many has read everything up to that moment.
 *  3. Nothing is said to a client before it has authenticated, but the welcome and errors.
 */
#include "streams.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tradewind/socket.h"
#include "tradewind/time.h"
#include "words.h"

enum {
    BUFFER_SIZE = 256 * 1024,
    QUEUE_SIZE_MAX = 64 * 1024 * 1024,
    QUEUE_COUNT_MAX = 65536,
    COMMAND_SIZE_MAX = 1024 * 1024,
    SNAPSHOT_MAX = 2048
};

static const int64_t AUTH_PATIENCE_NS = 10 * TW_NS_PER_SECOND;

typedef struct stream_client {
    streams *owner;
    tw_socket *socket;
    ledger_account *account; /* NULL until authenticated */
    int64_t accepted_ns;
    stream_kind kind;
    bool listening; /* trading: trade_updates are wanted */
    bool all[TW_ALPACA_CHANNEL_COUNT];
    uint64_t *wanted[TW_ALPACA_CHANNEL_COUNT]; /* a bit a symbol */
    tw_text buffer;
    char *buffer_memory;
} stream_client;

struct streams {
    const tw_allocator *allocator;
    tw_loop *loop;
    const tw_symbols *symbols;
    account_ledger *ledger;
    const trading_floor *floor;
    tw_alpaca_reader *reader;
    stream_client *clients[STREAM_CLIENT_COUNT_MAX]; /* the first client_count */
    uint32_t client_count;
    uint32_t symbol_count;
    uint32_t mask_words;
    uint64_t data_count;
    uint64_t trading_count;
    uint64_t dropped_count;
    const char **names; /* [channel][symbol] scratch of a subscription's answer */
    tw_level *levels;   /* scratch of a snapshot */
    char *scratch_memory;
    size_t scratch_size;
    tw_text scratch;
};

/* The largest thing made in the scratch: a book, or a subscription to every name there is. */
static size_t scratch_need(const tw_symbols *symbols) {
    size_t names = 256;
    for (tw_symbol s = 0; s < tw_symbols_count(symbols); s++)
        names += 6 * strlen(tw_symbols_name(symbols, s)) + 3;
    return BUFFER_SIZE + TW_ALPACA_CHANNEL_COUNT * names;
}

/* ---- life ---------------------------------------------------------------------------------- */

tw_status streams_new(const tw_allocator *allocator, tw_loop *loop, const tw_symbols *symbols,
                      account_ledger *ledger, streams **ret_streams) {
    streams *set = TW_NEW(allocator, 1, streams);
    if (set == NULL)
        return TW_NO_MEMORY;
    set->allocator = allocator;
    set->loop = loop;
    set->symbols = symbols;
    set->ledger = ledger;
    set->symbol_count = tw_symbols_count(symbols);
    set->mask_words = (set->symbol_count + 63) / 64;
    set->names =
        TW_NEW(allocator, (size_t)TW_ALPACA_CHANNEL_COUNT * (set->symbol_count + 1), const char *);
    set->levels = TW_NEW(allocator, SNAPSHOT_MAX, tw_level);
    set->scratch_size = scratch_need(symbols);
    set->scratch_memory = TW_NEW(allocator, set->scratch_size, char);
    tw_status status = tw_alpaca_reader_new(allocator, COMMAND_SIZE_MAX, 0, NULL, &set->reader);
    if (set->names == NULL || set->levels == NULL || set->scratch_memory == NULL)
        status = TW_NO_MEMORY;
    if (status != TW_OK) {
        streams_free(set);
        return status;
    }
    set->scratch = tw_text_over(set->scratch_memory, set->scratch_size);
    *ret_streams = set;
    return TW_OK;
}

static void client_free(stream_client *client) {
    const tw_allocator *allocator = client->owner->allocator;
    tw_socket_free(client->socket);
    for (int c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++)
        TW_DELETE(allocator, client->wanted[c], client->owner->mask_words, uint64_t);
    TW_DELETE(allocator, client->buffer_memory, BUFFER_SIZE, char);
    TW_DELETE(allocator, client, 1, stream_client);
}

void streams_free(streams *set) {
    if (set == NULL)
        return;
    for (uint32_t i = 0; i < set->client_count; i++) {
        client_free(set->clients[i]);
    }
    tw_alpaca_reader_free(set->reader);
    TW_DELETE(set->allocator, set->names, (size_t)TW_ALPACA_CHANNEL_COUNT * (set->symbol_count + 1),
              const char *);
    TW_DELETE(set->allocator, set->levels, SNAPSHOT_MAX, tw_level);
    TW_DELETE(set->allocator, set->scratch_memory, set->scratch_size, char);
    TW_DELETE(set->allocator, set, 1, streams);
}

void streams_set_floor(streams *set, const trading_floor *floor) {
    set->floor = floor;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* A client whose queue is full loses what waits in it, is told why and closed. A connection that
 * is closing already needs no further care. */
static void drop_slow(stream_client *client) {
    char memory[128];
    tw_text text = tw_text_over(memory, sizeof memory);
    client->listening = false;
    client->owner->dropped_count++;
    tw_socket_discard(client->socket);
    tw_alpaca_encode_stream_error(&text, 407, "slow client");
    bool told = client->kind != STREAM_DATA ||
                tw_socket_send(client->socket, TW_SOCKET_TEXT, tw_text_slice(&text)) == TW_OK;
    tw_socket_close(client->socket, TW_SOCKET_POLICY, told ? "slow client" : "");
}

static void say(stream_client *client, tw_socket_kind kind, tw_slice data) {
    tw_status status = tw_socket_send(client->socket, kind, data);
    if (status == TW_FULL || status == TW_NO_MEMORY)
        drop_slow(client);
}

static void client_flush(stream_client *client) {
    if (client->buffer.size <= 1)
        return;
    tw_text_append_char(&client->buffer, ']');
    TW_ASSERT(!client->buffer.truncated);
    say(client, TW_SOCKET_TEXT, tw_text_slice(&client->buffer));
    tw_text_clear(&client->buffer);
    tw_text_append_char(&client->buffer, '[');
}

void streams_flush(streams *set) {
    for (uint32_t i = 0; i < set->client_count; i++) {
        if (set->clients[i]->kind == STREAM_DATA)
            client_flush(set->clients[i]);
    }
}

/* Adds one encoded object to what the client will be told. */
static void client_tell(stream_client *client, tw_slice object) {
    if (client->buffer.size + object.size + 3 > BUFFER_SIZE)
        client_flush(client);
    if (client->buffer.size > 1)
        tw_text_append_char(&client->buffer, ',');
    tw_text_append(&client->buffer, object);
    client->owner->data_count++;
}

static int channel_index(tw_alpaca_channel channel) {
    return __builtin_ctz((unsigned)channel);
}

static bool wants(const stream_client *client, int channel, tw_symbol symbol) {
    if (client->kind != STREAM_DATA || client->account == NULL)
        return false;
    return client->all[channel] || (client->wanted[channel][symbol / 64] >> (symbol % 64) & 1) != 0;
}

static bool anybody(const streams *set, int channel, tw_symbol symbol) {
    for (uint32_t i = 0; i < set->client_count; i++) {
        if (wants(set->clients[i], channel, symbol))
            return true;
    }
    return false;
}

/* Tells the object in the scratch to all who want the channel of the symbol. */
static void tell_all(streams *set, int channel, tw_symbol symbol) {
    TW_ASSERT(!set->scratch.truncated);
    for (uint32_t i = 0; i < set->client_count; i++) {
        if (wants(set->clients[i], channel, symbol))
            client_tell(set->clients[i], tw_text_slice(&set->scratch));
    }
}

void streams_on_trade(streams *set, const tw_trade *trade) {
    int channel = channel_index(TW_ALPACA_CHANNEL_TRADES);
    if (!anybody(set, channel, trade->symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_trade(&set->scratch, trade, set->symbols);
    tell_all(set, channel, trade->symbol);
}

void streams_on_levels(streams *set, const tw_level *levels, size_t count) {
    int channel = channel_index(TW_ALPACA_CHANNEL_BOOKS);
    if (!anybody(set, channel, levels[0].symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_book(&set->scratch, levels, count, set->symbols);
    tell_all(set, channel, levels[0].symbol);
}

void streams_on_quote(streams *set, const tw_quote *quote) {
    int channel = channel_index(TW_ALPACA_CHANNEL_QUOTES);
    if (!anybody(set, channel, quote->symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_quote(&set->scratch, quote, set->symbols);
    tell_all(set, channel, quote->symbol);
}

void streams_on_bar(streams *set, const tw_bar *bar) {
    int channel = channel_index(TW_ALPACA_CHANNEL_BARS);
    if (!anybody(set, channel, bar->symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_bar(&set->scratch, bar, TW_ALPACA_BAR_MINUTE, set->symbols);
    tell_all(set, channel, bar->symbol);
}

void streams_on_update(streams *set, const ledger_update *update) {
    tw_alpaca_order_update words;
    bool encoded = false;
    for (uint32_t i = 0; i < set->client_count; i++) {
        stream_client *client = set->clients[i];
        if (client->kind != STREAM_TRADING || !client->listening ||
            client->account != update->account)
            continue;
        if (!encoded) {
            words_update(update, set->symbols, &words);
            tw_text_clear(&set->scratch);
            tw_alpaca_encode_order_update(&set->scratch, &words);
            encoded = true;
        }
        say(client, TW_SOCKET_BINARY, tw_text_slice(&set->scratch));
        set->trading_count++;
    }
}

void streams_counts(const streams *set, uint64_t *ret_data, uint64_t *ret_trading) {
    *ret_data = set->data_count;
    *ret_trading = set->trading_count;
}

uint64_t streams_dropped_count(const streams *set) {
    return set->dropped_count;
}

uint32_t streams_client_count(const streams *set) {
    return set->client_count;
}

/* ---- market data: commands ----------------------------------------------------------------- */

static void data_error(stream_client *client, int64_t code, const char *message) {
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_stream_error(&text, code, message);
    say(client, TW_SOCKET_TEXT, tw_text_slice(&text));
}

static void data_success(stream_client *client, const char *message) {
    char memory[128];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_stream_success(&text, message);
    say(client, TW_SOCKET_TEXT, tw_text_slice(&text));
}

static void data_auth(stream_client *client, const tw_alpaca_command *command) {
    if (client->account != NULL) {
        data_error(client, 403, "already authenticated");
        return;
    }
    client->account = ledger_authenticate(client->owner->ledger, tw_slice_of(command->key),
                                          tw_slice_of(command->secret));
    if (client->account != NULL)
        data_success(client, "authenticated");
    else
        data_error(client, 402, "auth failed");
}

static void send_snapshot(stream_client *client, tw_symbol symbol) {
    streams *set = client->owner;
    size_t count = floor_snapshot(set->floor, symbol, set->levels, SNAPSHOT_MAX);
    if (count == 0)
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_book(&set->scratch, set->levels, count, set->symbols);
    TW_ASSERT(!set->scratch.truncated);
    client_tell(client, tw_text_slice(&set->scratch));
}

/* One name of a subscribe or unsubscribe. Names that the exchange does not have are passed over,
 * as the venue does. */
static void data_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                      tw_slice name) {
    stream_client *client = context;
    int index = channel_index(channel);
    bool on = command->action == TW_ALPACA_ACTION_SUBSCRIBE;
    if (tw_slice_equal_string(name, "*")) {
        client->all[index] = on;
        return;
    }
    tw_symbol symbol = tw_symbols_find(client->owner->symbols, name);
    if (symbol == TW_SYMBOL_NONE)
        return;
    uint64_t bit = UINT64_C(1) << (symbol % 64);
    uint64_t *word = &client->wanted[index][symbol / 64];
    *word = on ? *word | bit : *word & ~bit;
}

/* The whole subscription, as the answer to any change of it. */
static void data_subscription(stream_client *client) {
    streams *set = client->owner;
    const char *const *lists[TW_ALPACA_CHANNEL_COUNT];
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT] = {0};
    for (int c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++) {
        const char **list = set->names + (size_t)c * (set->symbol_count + 1);
        if (client->all[c])
            list[counts[c]++] = "*";
        for (tw_symbol s = 0; s < set->symbol_count; s++) {
            if ((client->wanted[c][s / 64] >> (s % 64) & 1) != 0)
                list[counts[c]++] = tw_symbols_name(set->symbols, s);
        }
        lists[c] = list;
    }
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_subscription(&set->scratch, lists, counts);
    TW_ASSERT(!set->scratch.truncated);
    client_flush(client);
    say(client, TW_SOCKET_TEXT, tw_text_slice(&set->scratch));
}

static void data_snapshots(stream_client *client) {
    int books = channel_index(TW_ALPACA_CHANNEL_BOOKS);
    for (tw_symbol s = 0; s < client->owner->symbol_count; s++) {
        if (wants(client, books, s))
            send_snapshot(client, s);
    }
    client_flush(client);
}

static void data_command(stream_client *client, tw_slice json) {
    tw_alpaca_command command;
    bool ready = client->account != NULL;
    tw_status status = tw_alpaca_decode_command(client->owner->reader, json, &command,
                                                ready ? data_name : NULL, client, NULL);
    if (status != TW_OK) {
        data_error(client, 400, "invalid syntax");
        return;
    }
    switch ((tw_alpaca_action)command.action) {
    case TW_ALPACA_ACTION_AUTH:
        data_auth(client, &command);
        break;
    case TW_ALPACA_ACTION_SUBSCRIBE:
    case TW_ALPACA_ACTION_UNSUBSCRIBE:
        if (!ready) {
            data_error(client, 401, "not authenticated");
            break;
        }
        data_subscription(client);
        if (command.action == TW_ALPACA_ACTION_SUBSCRIBE &&
            (command.channels & TW_ALPACA_CHANNEL_BOOKS) != 0)
            data_snapshots(client);
        break;
    case TW_ALPACA_ACTION_OTHER:
    case TW_ALPACA_ACTION_AUTHENTICATE:
    case TW_ALPACA_ACTION_LISTEN:
        data_error(client, 400, "invalid syntax");
        break;
    }
}

/* ---- trading: commands --------------------------------------------------------------------- */

static void trading_command(stream_client *client, tw_slice json) {
    tw_alpaca_command command;
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    if (tw_alpaca_decode_command(client->owner->reader, json, &command, NULL, NULL, NULL) !=
        TW_OK) {
        tw_socket_close(client->socket, TW_SOCKET_POLICY, "invalid message");
        return;
    }
    if (command.action == TW_ALPACA_ACTION_AUTHENTICATE ||
        command.action == TW_ALPACA_ACTION_AUTH) {
        client->account = ledger_authenticate(client->owner->ledger, tw_slice_of(command.key),
                                              tw_slice_of(command.secret));
        tw_alpaca_encode_authorization(&text, client->account != NULL, "authenticate");
    } else if (command.action == TW_ALPACA_ACTION_LISTEN && client->account != NULL) {
        client->listening = command.trade_updates;
        tw_alpaca_encode_listening(&text, client->listening);
    } else {
        tw_alpaca_encode_authorization(&text, false, "listen");
    }
    say(client, TW_SOCKET_BINARY, tw_text_slice(&text));
}

/* ---- connections --------------------------------------------------------------------------- */

static void on_open(void *context, tw_socket *socket) {
    stream_client *client = context;
    (void)socket;
    if (client->kind == STREAM_DATA)
        data_success(client, "connected");
}

static void on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    stream_client *client = context;
    (void)socket;
    if (client->kind == STREAM_DATA)
        data_command(client, message->data);
    else
        trading_command(client, message->data);
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    stream_client *client = context;
    streams *set = client->owner;
    (void)socket;
    (void)ending;
    uint32_t place = 0;
    while (set->clients[place] != client)
        place++;
    set->clients[place] = set->clients[--set->client_count];
    client_free(client);
}

static tw_status client_new(streams *set, stream_kind kind, stream_client **ret_client) {
    stream_client *client = TW_NEW(set->allocator, 1, stream_client);
    if (client == NULL)
        return TW_NO_MEMORY;
    client->owner = set;
    client->kind = kind;
    client->accepted_ns = tw_loop_now_ns(set->loop);
    client->buffer_memory = TW_NEW(set->allocator, BUFFER_SIZE, char);
    bool complete = client->buffer_memory != NULL;
    for (int c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++) {
        client->wanted[c] = TW_NEW(set->allocator, set->mask_words, uint64_t);
        complete = complete && client->wanted[c] != NULL;
    }
    if (!complete) {
        client_free(client);
        return TW_NO_MEMORY;
    }
    client->buffer = tw_text_over(client->buffer_memory, BUFFER_SIZE);
    tw_text_append_char(&client->buffer, '[');
    *ret_client = client;
    return TW_OK;
}

tw_status streams_accept(streams *set, stream_kind kind, int fd, tw_slice early) {
    if (set->client_count == STREAM_CLIENT_COUNT_MAX)
        return TW_FULL;
    stream_client *client = NULL;
    tw_status status = client_new(set, kind, &client);
    if (status != TW_OK)
        return status;
    tw_socket_config config = {
        .allocator = set->allocator,
        .message_size_max = COMMAND_SIZE_MAX,
        .queue_size_max = QUEUE_SIZE_MAX,
        .queue_count_max = QUEUE_COUNT_MAX,
        .policy = TW_SOCKET_DROP,
        .on_open = on_open,
        .on_message = on_message,
        .on_close = on_close,
        .context = client,
    };
    status = tw_socket_accept(set->loop, fd, early, &config, &client->socket, NULL);
    if (status != TW_OK) {
        client_free(client);
        return status;
    }
    set->clients[set->client_count++] = client;
    return TW_OK;
}

void streams_tick(streams *set, int64_t now_ns) {
    for (uint32_t i = 0; i < set->client_count; i++) {
        stream_client *client = set->clients[i];
        if (client->account != NULL || tw_socket_get_state(client->socket) != TW_SOCKET_OPEN ||
            now_ns - client->accepted_ns < AUTH_PATIENCE_NS)
            continue;
        if (client->kind == STREAM_DATA)
            data_error(client, 404, "auth timeout");
        tw_socket_close(client->socket, TW_SOCKET_POLICY, "auth timeout");
    }
}
