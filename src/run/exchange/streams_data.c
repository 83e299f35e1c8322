/*
 * streams_data.c - what clients of market data ask for.
 *
 *   CONNECTED -- auth (data_auth), or credentials in the handshake (data_opened) --> AUTHENTICATED
 *   AUTHENTICATED -- subscribe, unsubscribe (data_subscribe) --> AUTHENTICATED, the whole list told
 *   any -- no auth in time, too slow, too many connections --> told so, and closed
 *
 * Nothing is said to a client before it has authenticated, but the welcome and errors. A command
 * that cannot be granted changes nothing.
 */
#include <string.h>

#include "streams_priv.h"

/* ---- answers -------------------------------------------------------------------------------- */

static const char *error_text(int64_t code) {
    static const struct {
        int64_t code;
        const char *text;
    } texts[] = {
        {400, "invalid syntax"},
        {401, "not authenticated"},
        {402, "auth failed"},
        {403, "already authenticated"},
        {404, "auth timeout"},
        {405, "symbol limit exceeded"},
        {406, "connection limit exceeded"},
        {407, "slow client"},
        {409, "insufficient subscription"},
        {410, "invalid subscribe action for this feed"},
        {500, "internal error"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].code == code)
            return texts[i].text;
    TW_ASSERT(false);
    return "";
}

void data_error(stream_client *client, int64_t code) {
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_stream_error(&text, code, error_text(code));
    client_say(client, tw_text_slice(&text));
}

static void data_success(stream_client *client, const char *message) {
    char memory[128];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_stream_success(&text, message);
    client_say(client, tw_text_slice(&text));
}

/* ---- authentication ------------------------------------------------------------------------- */

/* Connections that the account has at the client's address already. */
static uint32_t connections_of(const stream_client *client, const ledger_account *account) {
    const streams *set = client->owner;
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->client_count; i++) {
        const stream_client *other = set->clients[i];
        count += other->kind == STREAM_DATA && other->account == account && !other->slow &&
                 other->handshake.endpoint == client->handshake.endpoint &&
                 tw_socket_get_state(other->socket) == TW_SOCKET_OPEN;
    }
    return count;
}

static void admit(stream_client *client, ledger_account *account) {
    uint32_t limit = client->owner->limits.connection_count_max;
    if (account == NULL) {
        data_error(client, 402);
    } else if (client->sip && client->owner->limits.no_sip) {
        data_error(client, 409);
        tw_socket_close(client->socket, TW_SOCKET_POLICY, "insufficient subscription");
    } else if (limit > 0 && connections_of(client, account) >= limit) {
        data_error(client, 406);
        tw_socket_close(client->socket, TW_SOCKET_POLICY, "connection limit exceeded");
    } else {
        client_authenticated(client, account);
        data_success(client, "authenticated");
    }
}

static void data_auth(stream_client *client, const tw_alpaca_command *command) {
    if (client->account != NULL)
        data_error(client, 403);
    else
        admit(client, ledger_authenticate(client->owner->ledger, tw_slice_of(command->key),
                                          tw_slice_of(command->secret)));
}

void data_opened(stream_client *client) {
    data_success(client, "connected");
    if (client->handshake.presented)
        admit(client, client->handshake.account);
}

/* ---- subscriptions -------------------------------------------------------------------------- */

/* The draft begins with what the client has. */
static void draft_begin(stream_client *client) {
    stream_interest *draft = &client->owner->draft;
    size_t size = interest_words(client->feed) * sizeof(uint64_t);
    draft->all = client->audience == NULL ? 0 : client->audience->interest.all;
    if (client->audience == NULL)
        memset(draft->wanted, 0, size);
    else
        memcpy(draft->wanted, client->audience->interest.wanted, size);
}

/* One name of a subscribe or unsubscribe, into the draft. Names that the exchange does not have
 * are passed over, as the venue does. */
static void data_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                      tw_slice name) {
    stream_client *client = context;
    const stream_feed *feed = client->feed;
    stream_interest *draft = &client->owner->draft;
    bool on = command->action == TW_ALPACA_ACTION_SUBSCRIBE;
    unsigned bit = (unsigned)channel;
    if (tw_slice_equal_string(name, "*")) {
        draft->all = (uint16_t)(on ? draft->all | bit : draft->all & ~bit);
        return;
    }
    tw_symbol symbol = tw_symbols_find(feed->symbols, name);
    if (symbol == TW_SYMBOL_NONE)
        return;
    uint64_t mask = UINT64_C(1) << (symbol % 64);
    size_t row = (size_t)__builtin_ctz(bit) * feed->mask_words;
    uint64_t *word = &draft->wanted[row + symbol / 64];
    *word = on ? *word | mask : *word & ~mask;
}

/* Symbols of trades and of quotes together, which plans have limits of. */
static bool draft_is_within_plan(const stream_client *client) {
    const stream_interest *draft = &client->owner->draft;
    uint32_t limit = client->owner->limits.symbol_count_max;
    uint32_t words = 2 * client->feed->mask_words; /* trades, then quotes */
    uint64_t count = 0;
    if (limit == 0)
        return true;
    for (uint32_t i = 0; i < words; i++)
        count += (uint64_t)__builtin_popcountll(draft->wanted[i]);
    bool all = (draft->all & (TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_QUOTES)) != 0;
    return !all && count <= limit;
}

/* The whole subscription, as the answer to any change of it. */
static void tell_subscription(stream_client *client) {
    streams *set = client->owner;
    const stream_feed *feed = client->feed;
    const stream_interest *draft = &set->draft; /* what the client has now */
    const char *const *lists[TW_ALPACA_CHANNEL_COUNT];
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT] = {0};
    size_t used = 0;
    for (uint32_t c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++) {
        const char **list = set->names + used;
        const uint64_t *words = draft->wanted + (size_t)c * feed->mask_words;
        if ((draft->all >> c & 1) != 0)
            list[counts[c]++] = "*";
        for (uint32_t w = 0; w < feed->mask_words; w++)
            for (uint64_t left = words[w]; left != 0; left &= left - 1)
                list[counts[c]++] =
                    tw_symbols_name(feed->symbols, 64 * w + (uint32_t)__builtin_ctzll(left));
        lists[c] = list;
        used += counts[c];
    }
    TW_ASSERT(used <= set->name_room);
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_subscription(&set->scratch, lists, counts);
    client_say_scratch(client);
}

/* The book of a symbol, to one client, as a frame of its own. */
static void tell_snapshot(stream_client *client, tw_symbol symbol) {
    streams *set = client->owner;
    size_t count = floor_snapshot(set->floor, symbol, set->levels, STREAM_SNAPSHOT_MAX);
    if (count == 0)
        return;
    tw_text_clear(&set->scratch);
    tw_text_append_char(&set->scratch, '[');
    tw_alpaca_encode_stream_book(&set->scratch, set->levels, count, client->feed->symbols);
    tw_text_append_char(&set->scratch, ']');
    client_say_scratch(client);
    set->data_count++;
}

static void tell_snapshots(stream_client *client) {
    for (tw_symbol s = 0; client->audience != NULL && s < client->feed->symbol_count; s++)
        if (interest_has(client->feed, &client->audience->interest, TW_ALPACA_CHANNEL_BOOKS, s))
            tell_snapshot(client, s);
}

static void data_subscribe(stream_client *client, const tw_alpaca_command *command) {
    bool on = command->action == TW_ALPACA_ACTION_SUBSCRIBE;
    if (client->account == NULL) {
        data_error(client, 401);
    } else if ((command->channels & ~(unsigned)client->channels) != 0) {
        data_error(client, 410);
    } else if (on && !draft_is_within_plan(client)) {
        data_error(client, 405);
    } else if (audience_join(client, &client->owner->draft) != TW_OK) {
        data_error(client, 500);
    } else {
        tell_subscription(client);
        bool books = (command->channels & TW_ALPACA_CHANNEL_BOOKS) != 0;
        if (on && books && client->feed == &client->owner->market)
            tell_snapshots(client);
    }
}

void data_message(stream_client *client, const tw_socket_message *message) {
    tw_alpaca_command command;
    draft_begin(client);
    if (client_read(client, message, &command, data_name) != TW_OK) {
        data_error(client, 400);
        return;
    }
    switch ((tw_alpaca_action)command.action) {
    case TW_ALPACA_ACTION_AUTH:
        data_auth(client, &command);
        break;
    case TW_ALPACA_ACTION_SUBSCRIBE:
    case TW_ALPACA_ACTION_UNSUBSCRIBE:
        data_subscribe(client, &command);
        break;
    case TW_ALPACA_ACTION_OTHER:
    case TW_ALPACA_ACTION_AUTHENTICATE:
    case TW_ALPACA_ACTION_LISTEN:
        data_error(client, 400);
        break;
    }
    explicit_bzero(&command, sizeof command);
}
