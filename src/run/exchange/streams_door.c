/*
 * streams_door.c - handshakes and places: who comes in, and as whom.
 *
 * A handshake is read while its request is there; what it asked for waits in a `pending` until the
 * server hands over the descriptor, and becomes a client's then. Places are counted from the
 * answer on, so that nobody is upgraded and then has none.
 */
#include <string.h>
#include <unistd.h>

#include "credentials.h"
#include "streams_priv.h"

enum { QUEUE_SIZE_MAX = 64 * 1024 * 1024, QUEUE_COUNT_MAX = 65536 };

/* Everything but articles, which have a stream of their own. */
#define STOCK_CHANNELS (TW_ALPACA_CHANNEL_ALL & ~(unsigned)TW_ALPACA_CHANNEL_NEWS)

/* Books are not remembered, so that they cannot be told late. */
#define DELAYED_CHANNELS (STOCK_CHANNELS & ~(unsigned)TW_ALPACA_CHANNEL_BOOKS)

typedef enum endpoint_market {
    MARKET_NOW,
    MARKET_SIP,
    MARKET_DELAYED,
    MARKET_TEST
} endpoint_market;

typedef struct endpoint {
    const char *path;
    stream_kind kind;
    endpoint_market market;
    uint16_t channels;
} endpoint;

static const endpoint ENDPOINTS[] = {
    {"/v2/iex", STREAM_DATA, MARKET_NOW, STOCK_CHANNELS},
    {"/v2/sip", STREAM_DATA, MARKET_SIP, STOCK_CHANNELS},
    {"/v2/delayed_sip", STREAM_DATA, MARKET_DELAYED, DELAYED_CHANNELS},
    {"/v2/test", STREAM_DATA, MARKET_TEST, STOCK_CHANNELS},
    {"/v1beta1/news", STREAM_DATA, MARKET_NOW, TW_ALPACA_CHANNEL_NEWS},
    {"/stream", STREAM_TRADING, MARKET_NOW, 0},
};

typedef struct pending {
    streams *set;
    stream_handshake handshake;
} pending;

/* ---- a client's life ------------------------------------------------------------------------ */

static void on_open(void *context, tw_socket *socket) {
    stream_client *client = context;
    (void)socket;
    if (client->kind == STREAM_DATA)
        data_opened(client);
}

static void on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    stream_client *client = context;
    (void)socket;
    if (client->kind == STREAM_DATA)
        data_message(client, message);
    else
        trading_message(client, message);
}

void client_free(stream_client *client) {
    streams *set = client->owner;
    if (client->socket != NULL) { /* it has a place */
        stream_client *last = set->clients[--set->client_count];
        set->clients[client->place] = last;
        last->place = client->place;
    }
    audience_leave(client);
    tw_socket_free(client->socket);
    TW_DELETE(set->allocator, client, 1, stream_client);
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    (void)socket;
    (void)ending;
    client_free(context);
}

void client_authenticated(stream_client *client, ledger_account *account) {
    client->account = account;
    tw_socket_set_message_size_max(client->socket, STREAM_COMMAND_SIZE_MAX);
}

static stream_client *client_new(streams *set, const stream_handshake *handshake) {
    const endpoint *at = &ENDPOINTS[handshake->endpoint];
    stream_client *client = TW_NEW(set->allocator, 1, stream_client);
    if (client == NULL)
        return NULL;
    client->owner = set;
    client->kind = at->kind;
    client->channels = at->channels;
    client->sip = at->market == MARKET_SIP;
    client->feed = at->market == MARKET_TEST      ? &set->test
                   : at->market == MARKET_DELAYED ? &set->delayed
                                                  : &set->market;
    client->handshake = *handshake;
    client->accepted_ns = tw_loop_now_ns(set->loop);
    if (client->kind == STREAM_TRADING)
        client->account = handshake->account;
    return client;
}

tw_status client_accept(streams *set, const stream_handshake *handshake, int fd, tw_slice early) {
    stream_client *client = client_new(set, handshake);
    if (client == NULL)
        return TW_NO_MEMORY;
    tw_socket_config config = {
        .allocator = &set->memory.counting,
        .message_size_max =
            handshake->account != NULL ? STREAM_COMMAND_SIZE_MAX : STREAM_GREETING_SIZE_MAX,
        .queue_size_max = QUEUE_SIZE_MAX,
        .queue_count_max = QUEUE_COUNT_MAX,
        .policy = TW_SOCKET_DROP,
        .deflate = handshake->deflate,
        .on_open = on_open,
        .on_message = on_message,
        .on_close = on_close,
        .context = client,
    };
    tw_status status = tw_socket_accept(set->loop, fd, early, &config, &client->socket, NULL);
    if (status != TW_OK) {
        client_free(client);
        return status;
    }
    client->place = set->client_count;
    set->clients[set->client_count++] = client;
    return TW_OK;
}

tw_status client_read(stream_client *client, const tw_socket_message *message,
                      tw_alpaca_command *ret_command, tw_alpaca_on_name on_name) {
    tw_alpaca_reader *reader = client->owner->reader;
    if (client->handshake.codec == STREAM_MSGPACK && message->kind == TW_SOCKET_BINARY)
        return tw_alpaca_decode_command_msgpack(reader, message->data, ret_command, on_name, client,
                                                NULL);
    return tw_alpaca_decode_command(reader, message->data, ret_command, on_name, client, NULL);
}

/* ---- handshakes ----------------------------------------------------------------------------- */

static void on_upgrade(void *context, int fd, tw_slice early) {
    pending *waiting = context;
    streams *set = waiting->set;
    set->pending_count--;
    if (fd >= 0 && client_accept(set, &waiting->handshake, fd, early) != TW_OK)
        close(fd);
    TW_DELETE(set->allocator, waiting, 1, pending);
}

/* Reads the headers; `extensions` is what to answer to an offer to deflate. */
static void read_handshake(streams *set, const tw_http_request *request,
                           stream_handshake *handshake, tw_text *extensions) {
    const tw_socket_deflate wish = {.on = true};
    bool scarce = stream_memory_is_scarce(set);
    tw_slice value = {0};
    if (tw_http_request_header(request, "Content-Type", &value) &&
        tw_slice_starts_with(tw_slice_trim(value), "application/msgpack"))
        handshake->codec = STREAM_MSGPACK;
    if (!scarce && tw_http_request_header(request, "Sec-WebSocket-Extensions", &value) &&
        !tw_socket_deflate_choose(value, &wish, &handshake->deflate, extensions))
        tw_text_clear(extensions);
    handshake->account = credentials_account(set->ledger, request, &handshake->presented);
}

static tw_status begin_upgrade(streams *set, uint8_t place, const tw_http_request *request,
                               tw_http_reply *reply) {
    char memory[256];
    tw_text extensions = tw_text_over(memory, sizeof memory);
    if (set->client_count + set->pending_count >= set->client_count_max)
        return TW_FULL;
    pending *waiting = TW_NEW(set->allocator, 1, pending);
    if (waiting == NULL)
        return TW_NO_MEMORY;
    waiting->set = set;
    waiting->handshake.endpoint = place;
    read_handshake(set, request, &waiting->handshake, &extensions);
    set->pending_count++;
    tw_status status =
        tw_http_reply_upgrade_with(reply, extensions.data, on_upgrade, waiting, NULL);
    if (status != TW_OK) {
        set->pending_count--;
        TW_DELETE(set->allocator, waiting, 1, pending);
    }
    return status;
}

bool streams_upgrade(streams *set, const tw_http_request *request, tw_http_reply *reply,
                     tw_status *ret_status) {
    tw_slice path = tw_http_request_path(request);
    for (size_t i = 0; i < sizeof ENDPOINTS / sizeof ENDPOINTS[0]; i++) {
        if (!tw_slice_equal_string(path, ENDPOINTS[i].path))
            continue;
        *ret_status = begin_upgrade(set, (uint8_t)i, request, reply);
        return true;
    }
    return false;
}
