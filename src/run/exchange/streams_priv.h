/*
 * streams_priv.h - what the files of the streams share.
 *
 *     streams_door.c       handshakes and places: who comes in, and as whom
 *     streams_data.c       what a client of market data asks for
 *     streams_trading.c    what a client of the trading stream asks for, and its updates
 *     streams_audience.c   who is told what: gathering, sharing, sending
 *     streams_bars.c       what follows from a minute's bar: the day so far, price bands
 *     streams_delayed.c    the market 15 minutes late
 *     streams_memory.c     what all of it may hold, and who is closed when that is too much
 *     streams_test_feed.c  the market of /v2/test
 *     streams.c            the whole: life, what the floor tells, counts
 */
#ifndef TRADEWIND_RUN_EXCHANGE_STREAMS_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_STREAMS_PRIV_H

#include "streams.h"
#include "tradewind/alpaca.h"
#include "tradewind/random.h"
#include "tradewind/socket.h"

enum {
    STREAM_BUFFER_SIZE = 256 * 1024,
    STREAM_COMMAND_SIZE_MAX = 1024 * 1024,
    STREAM_SNAPSHOT_MAX = 2048,
    STREAM_GREETING_SIZE_MAX = 16 * 1024, /* of those who have not authenticated */
    STREAM_INDEX_WORDS = STREAM_AUDIENCE_COUNT_MAX / 64
};

typedef enum stream_codec {
    STREAM_JSON = 0,
    STREAM_MSGPACK = 1,
    STREAM_CODEC_COUNT = 2
} stream_codec;

typedef struct stream_client stream_client;
typedef struct stream_audience stream_audience;

/* A market: its symbols, and who wants what of them. */
typedef struct stream_feed {
    streams *owner;
    const tw_symbols *symbols;
    uint32_t symbol_count;
    uint32_t mask_words; /* of a bit a symbol */
    /* Bit a of the words at (channel x (symbol_count + 1) + symbol): audience a wants it. The last
     * "symbol" stands for all of them. */
    uint64_t *index;
    stream_audience *audiences[STREAM_AUDIENCE_COUNT_MAX]; /* NULL: a free place */
    uint32_t audience_count;
} stream_feed;

/* What is subscribed. */
typedef struct stream_interest {
    uint64_t *wanted; /* [channel][mask_words], a bit a symbol */
    uint16_t all;     /* channels of which every symbol is wanted */
} stream_interest;

/* Clients with the same interest and encoding. Its buffer holds what they will be told: of JSON
 * whole objects with commas between them behind a bracket, of MessagePack objects behind the place
 * of a head. */
struct stream_audience {
    stream_feed *feed;
    stream_client *members;
    uint32_t member_count;
    uint32_t place; /* in feed->audiences: its bit of the index */
    uint32_t object_count;
    stream_codec codec;
    uint64_t hash; /* of the interest */
    stream_interest interest;
    char *memory;
    tw_text buffer;
};

typedef enum stream_kind { STREAM_DATA = 0, STREAM_TRADING = 1 } stream_kind;

/* What the path and the headers of a handshake ask for. */
typedef struct stream_handshake {
    uint8_t endpoint; /* index of the path */
    stream_codec codec;
    bool presented; /* it had credentials */
    ledger_account *account;
    tw_socket_deflate deflate; /* as agreed */
} stream_handshake;

struct stream_client {
    streams *owner;
    tw_socket *socket;
    stream_feed *feed;         /* of market data */
    ledger_account *account;   /* NULL until authenticated */
    stream_audience *audience; /* NULL: nothing is subscribed */
    stream_client *next_member;
    int64_t accepted_ns;
    stream_handshake handshake;
    uint32_t place; /* in owner->clients */
    stream_kind kind;
    uint16_t channels; /* that may be subscribed here */
    bool sip;
    bool listening; /* trading: trade_updates are wanted */
    bool slow;      /* it has been told so, and is being closed */
};

enum { STREAM_BAND_MINUTES = 5 };

/* Of a symbol's day: the price that its bands are laid around. */
typedef struct stream_day {
    int64_t date;
    int64_t prices[STREAM_BAND_MINUTES]; /* of the last minutes, in turn */
    uint32_t price_count;
    int64_t reference_nano;
    bool twice;
} stream_day;

/* The one symbol of /v2/test, and where its price has gone. */
typedef struct stream_test_market {
    tw_symbols *symbols;
    tw_random random;
    tw_bar minute;
    int64_t price_nano;
    int64_t price_sum_nano; /* of the minute's trades */
    uint64_t trade_id;
} stream_test_market;

/* An allocator that knows how much is out. */
typedef struct stream_memory {
    tw_allocator counting;
    const tw_allocator *under;
    size_t used;
} stream_memory;

struct streams {
    const tw_allocator *allocator;
    tw_loop *loop;
    account_ledger *ledger;
    const trading_floor *floor;
    tw_alpaca_reader *reader;
    stream_client **clients; /* the first client_count of client_count_max */
    uint32_t client_count;
    uint32_t client_count_max;
    stream_memory memory; /* of the sockets and frames */
    size_t memory_size_max;
    uint32_t pending_count; /* handshakes that were answered and have no client yet */
    stream_limits limits;
    bool muted;
    stream_feed market;
    stream_feed delayed;
    stream_feed test;
    stream_test_market test_market;
    stream_day *days;      /* a symbol */
    stream_interest draft; /* a subscription that is being made */
    uint64_t data_count;
    uint64_t trading_count;
    uint64_t dropped_count;
    const char **names; /* [channel][symbol] scratch of a subscription's answer */
    size_t name_room;
    tw_level *levels; /* scratch of a snapshot */
    char *scratch_memory;
    char *packed_memory;
    size_t scratch_size;
    tw_text scratch; /* what is being said, as JSON */
    tw_text packed;  /* the same as MessagePack, if somebody wants it so; else empty */
};

/* ---- streams_audience.c -------------------------------------------------------------------- */

tw_status feed_init(stream_feed *feed, streams *owner, const tw_symbols *symbols) TW_MUST_CHECK;
void feed_done(stream_feed *feed);

/* True if somebody wants the channel of the symbol. */
bool feed_wanted(const stream_feed *feed, tw_alpaca_channel channel, tw_symbol symbol);

/* Gathers the object in owner->scratch for all who want the channel of the symbol. */
void feed_tell(stream_feed *feed, tw_alpaca_channel channel, tw_symbol symbol);

void feed_flush(stream_feed *feed);

/* Asserts the invariants of audiences and index. Costs a look at everything. */
void feed_check(const stream_feed *feed);

/* Makes `interest` the client's. TW_NO_MEMORY or TW_FULL, and it keeps what it had. */
tw_status audience_join(stream_client *client, const stream_interest *interest) TW_MUST_CHECK;
void audience_leave(stream_client *client);
void audience_flush(stream_audience *audience);

/* Sends owner->scratch (JSON) to one client, in its encoding. */
void client_say_scratch(stream_client *client);
/* The same with a text of its own. */
void client_say(stream_client *client, tw_slice json);

size_t interest_words(const stream_feed *feed);
bool interest_has(const stream_feed *feed, const stream_interest *interest,
                  tw_alpaca_channel channel, tw_symbol symbol);

/* ---- streams_data.c, streams_trading.c, streams_door.c
 * -------------------------------------------------- */

void data_opened(stream_client *client);
void data_message(stream_client *client, const tw_socket_message *message);
void data_error(stream_client *client, int64_t code);
void trading_message(stream_client *client, const tw_socket_message *message);

/* The account is the client's from now on, and larger commands are listened to. */
void client_authenticated(stream_client *client, ledger_account *account);

/* A client of an upgraded connection; there must be a place. The descriptor is the caller's still
 * if it fails. */
tw_status client_accept(streams *set, const stream_handshake *handshake, int fd,
                        tw_slice early) TW_MUST_CHECK;
void client_free(stream_client *client);

/* Discards what waits for it, tells it 407 and closes it. */
void client_drop_slow(stream_client *client);

/* A command of either stream, in the client's encoding. */
tw_status client_read(stream_client *client, const tw_socket_message *message,
                      tw_alpaca_command *ret_command, tw_alpaca_on_name on_name) TW_MUST_CHECK;

/* ---- streams_bars.c ------------------------------------------------------------------------- */

/* A symbol trades again, beginning at this price. */
void bands_reopen(streams *set, tw_symbol symbol, int64_t time_ns, tw_price price);

/* ---- streams_memory.c ---------------------------------------------------------------------- */

void stream_memory_init(stream_memory *memory, const tw_allocator *under);
/* Closes the slowest until the rest is within memory_size_max. */
void stream_memory_keep(streams *set);
bool stream_memory_is_scarce(const streams *set);

/* ---- streams_test_feed.c -------------------------------------------------------------------- */

tw_status test_market_init(stream_test_market *market, const tw_allocator *allocator) TW_MUST_CHECK;
void test_market_done(stream_test_market *market);
/* A quote and a trade, and a bar when a minute is over. */
void test_market_tell(streams *set, int64_t now_ns);

#endif
