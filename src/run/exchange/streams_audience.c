/*
 * streams_audience.c - who is told what.
 *
 *     object --encode once--> JSON --tw_alpaca_pack, if wanted--> MessagePack
 *        |                     |                                   |
 *        +--- index: audiences that want (channel, symbol) --------+
 *                              |
 *              one buffer an audience --flush--> one shared frame --> every member's queue
 *
 * Invariants
 *  1. An audience has members; its place in the feed is its bit in the index, and a bit is set
 *     exactly where the audience's interest says so.
 *  2. Two audiences of one feed differ in interest or encoding.
 *  3. Before a client changes its audience, what was gathered for the old one has been sent: what
 *     it is told stays in order.
 */
#include <string.h>

#include "fnv.h"
#include "streams_priv.h"

/* ---- interests ------------------------------------------------------------------------------ */

size_t interest_words(const stream_feed *feed) {
    return (size_t)TW_ALPACA_CHANNEL_COUNT * feed->mask_words;
}

static uint32_t channel_index(tw_alpaca_channel channel) {
    return (uint32_t)__builtin_ctz((unsigned)channel);
}

bool interest_has(const stream_feed *feed, const stream_interest *interest,
                  tw_alpaca_channel channel, tw_symbol symbol) {
    const uint64_t *words = interest->wanted + (size_t)channel_index(channel) * feed->mask_words;
    return (interest->all & channel) != 0 || (words[symbol / 64] >> (symbol % 64) & 1) != 0;
}

static bool interest_is_empty(const stream_feed *feed, const stream_interest *interest) {
    uint64_t any = interest->all;
    for (size_t i = 0; i < interest_words(feed); i++)
        any |= interest->wanted[i];
    return any == 0;
}

static uint64_t interest_hash(const stream_feed *feed, const stream_interest *interest) {
    uint64_t hash = FNV_BASIS ^ interest->all;
    for (size_t i = 0; i < interest_words(feed); i++)
        hash = fnv_add(hash, interest->wanted[i]);
    return hash;
}

static bool interest_equal(const stream_feed *feed, const stream_interest *a,
                           const stream_interest *b) {
    return a->all == b->all &&
           memcmp(a->wanted, b->wanted, interest_words(feed) * sizeof(uint64_t)) == 0;
}

/* ---- the index ------------------------------------------------------------------------------ */

static uint64_t *index_row(const stream_feed *feed, uint32_t channel, uint32_t symbol) {
    return feed->index + ((size_t)channel * (feed->symbol_count + 1) + symbol) * STREAM_INDEX_WORDS;
}

static void index_mark(stream_feed *feed, uint32_t channel, uint32_t symbol, uint32_t place,
                       bool on) {
    uint64_t bit = UINT64_C(1) << (place % 64);
    uint64_t *word = index_row(feed, channel, symbol) + place / 64;
    *word = on ? *word | bit : *word & ~bit;
}

/* Enters the audience's interest into the index, or takes it out again (invariant 1). */
static void index_put(const stream_audience *audience, bool on) {
    stream_feed *feed = audience->feed;
    for (uint32_t c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++) {
        const uint64_t *words = audience->interest.wanted + (size_t)c * feed->mask_words;
        if ((audience->interest.all >> c & 1) != 0)
            index_mark(feed, c, feed->symbol_count, audience->place, on);
        for (uint32_t w = 0; w < feed->mask_words; w++)
            for (uint64_t left = words[w]; left != 0; left &= left - 1)
                index_mark(feed, c, 64 * w + (uint32_t)__builtin_ctzll(left), audience->place, on);
    }
}

/* ---- feeds ---------------------------------------------------------------------------------- */

static size_t index_size(const stream_feed *feed) {
    return (size_t)TW_ALPACA_CHANNEL_COUNT * (feed->symbol_count + 1) * STREAM_INDEX_WORDS;
}

tw_status feed_init(stream_feed *feed, streams *owner, const tw_symbols *symbols) {
    feed->owner = owner;
    feed->symbols = symbols;
    feed->symbol_count = tw_symbols_count(symbols);
    feed->mask_words = (feed->symbol_count + 63) / 64;
    feed->index = TW_NEW(owner->allocator, index_size(feed), uint64_t);
    return feed->index == NULL ? TW_NO_MEMORY : TW_OK;
}

static void audience_free(stream_audience *audience) {
    const stream_feed *feed = audience->feed;
    const tw_allocator *allocator = feed->owner->allocator;
    TW_DELETE(allocator, audience->interest.wanted, interest_words(feed), uint64_t);
    TW_DELETE(allocator, audience->memory, STREAM_BUFFER_SIZE, char);
    TW_DELETE(allocator, audience, 1, stream_audience);
}

void feed_done(stream_feed *feed) {
    if (feed->index == NULL)
        return;
    TW_ASSERT(feed->audience_count == 0);
    TW_DELETE(feed->owner->allocator, feed->index, index_size(feed), uint64_t);
}

bool feed_wanted(const stream_feed *feed, tw_alpaca_channel channel, tw_symbol symbol) {
    const uint64_t *one = index_row(feed, channel_index(channel), symbol);
    const uint64_t *all = index_row(feed, channel_index(channel), feed->symbol_count);
    uint64_t any = 0;
    for (uint32_t i = 0; i < STREAM_INDEX_WORDS; i++)
        any |= one[i] | all[i];
    return any != 0 && !feed->owner->muted;
}

/* ---- sending -------------------------------------------------------------------------------- */

/* A client whose queue is full loses what waits in it, is told why and closed. A connection that
 * is closing already needs no further care. */
void client_drop_slow(stream_client *client) {
    client->listening = false;
    client->slow = true;
    client->owner->dropped_count++;
    tw_socket_discard(client->socket);
    if (client->kind == STREAM_DATA)
        data_error(client, 407);
    tw_socket_close(client->socket, TW_SOCKET_POLICY, "slow client");
}

static void after_send(stream_client *client, tw_status status) {
    bool open = tw_socket_get_state(client->socket) == TW_SOCKET_OPEN;
    if (open && !client->slow && (status == TW_FULL || status == TW_NO_MEMORY))
        client_drop_slow(client);
}

/* The trading stream says everything in binary frames, as the venue does. */
static tw_socket_kind kind_for(const stream_client *client) {
    bool text = client->kind == STREAM_DATA && client->handshake.codec == STREAM_JSON;
    return text ? TW_SOCKET_TEXT : TW_SOCKET_BINARY;
}

void client_say(stream_client *client, tw_slice json) {
    streams *set = client->owner;
    tw_slice bytes = json;
    if (client->handshake.codec == STREAM_MSGPACK) {
        tw_text_clear(&set->packed);
        tw_status status = tw_alpaca_pack(set->reader, json, &set->packed);
        TW_ASSERT(status == TW_OK && !set->packed.truncated); /* it is our own text */
        bytes = tw_text_slice(&set->packed);
    }
    after_send(client, tw_socket_send(client->socket, kind_for(client), bytes));
}

void client_say_scratch(stream_client *client) {
    TW_ASSERT(!client->owner->scratch.truncated);
    client_say(client, tw_text_slice(&client->owner->scratch));
}

/* Members whose messages are deflated have them deflated each for itself: their windows differ. */
static void send_to_members(stream_audience *audience, tw_slice bytes) {
    tw_socket_kind kind = audience->codec == STREAM_JSON ? TW_SOCKET_TEXT : TW_SOCKET_BINARY;
    tw_socket_frame *frame = NULL;
    tw_status made =
        tw_socket_frame_new(&audience->feed->owner->memory.counting, kind, bytes, &frame);
    for (stream_client *m = audience->members; m != NULL; m = m->next_member) {
        tw_status status = made;
        if (m->handshake.deflate.on)
            status = tw_socket_send(m->socket, kind, bytes);
        else if (made == TW_OK)
            status = tw_socket_send_frame(m->socket, frame);
        after_send(m, status);
    }
    tw_socket_frame_free(frame);
}

void audience_flush(stream_audience *audience) {
    tw_text *buffer = &audience->buffer;
    if (audience->object_count == 0)
        return;
    if (audience->codec == STREAM_JSON) {
        tw_text_append_char(buffer, ']');
    } else {
        buffer->data[0] = (char)0xDC; /* an array of so many, in two bytes */
        buffer->data[1] = (char)(audience->object_count >> 8);
        buffer->data[2] = (char)(audience->object_count & 0xFF);
    }
    TW_ASSERT(!buffer->truncated && audience->object_count <= UINT16_MAX);
    audience->object_count = 0;
    send_to_members(audience, tw_text_slice(buffer));
    tw_text_clear(buffer);
}

void feed_flush(stream_feed *feed) {
    for (uint32_t i = 0, found = 0; found < feed->audience_count; i++) {
        if (feed->audiences[i] == NULL)
            continue;
        found++;
        audience_flush(feed->audiences[i]);
    }
}

/* ---- gathering ------------------------------------------------------------------------------ */

static void audience_take(stream_audience *audience, tw_slice object) {
    tw_text *buffer = &audience->buffer;
    TW_ASSERT(object.size + 5 < STREAM_BUFFER_SIZE);
    if (buffer->size + object.size + 3 > STREAM_BUFFER_SIZE)
        audience_flush(audience);
    if (audience->codec == STREAM_JSON)
        tw_text_append_char(buffer, audience->object_count == 0 ? '[' : ',');
    else if (audience->object_count == 0)
        tw_text_append(buffer, (tw_slice){"\0\0\0", 3});
    tw_text_append(buffer, object);
    audience->object_count++;
    audience->feed->owner->data_count += audience->member_count;
}

/* The object as the audience reads it; MessagePack is made when the first asks for it. */
static tw_slice object_for(streams *set, stream_codec codec) {
    if (codec == STREAM_JSON)
        return tw_text_slice(&set->scratch);
    if (set->packed.size == 0) {
        tw_status status = tw_alpaca_pack(set->reader, tw_text_slice(&set->scratch), &set->packed);
        TW_ASSERT(status == TW_OK && !set->packed.truncated); /* it is our own text */
    }
    return tw_text_slice(&set->packed);
}

void feed_tell(stream_feed *feed, tw_alpaca_channel channel, tw_symbol symbol) {
    streams *set = feed->owner;
    const uint64_t *one = index_row(feed, channel_index(channel), symbol);
    const uint64_t *all = index_row(feed, channel_index(channel), feed->symbol_count);
    TW_ASSERT(!set->scratch.truncated);
    tw_text_clear(&set->packed);
    for (uint32_t i = 0; i < STREAM_INDEX_WORDS; i++) {
        for (uint64_t left = one[i] | all[i]; left != 0; left &= left - 1) {
            stream_audience *audience = feed->audiences[64 * i + (uint32_t)__builtin_ctzll(left)];
            audience_take(audience, object_for(set, audience->codec));
        }
    }
}

/* ---- coming and going ----------------------------------------------------------------------- */

static stream_audience *audience_find(const stream_client *client, const stream_interest *interest,
                                      uint64_t hash) {
    const stream_feed *feed = client->feed;
    for (uint32_t i = 0, found = 0; found < feed->audience_count; i++) {
        stream_audience *audience = feed->audiences[i];
        if (audience == NULL)
            continue;
        found++;
        if (audience->hash == hash && audience->codec == client->handshake.codec &&
            interest_equal(feed, &audience->interest, interest))
            return audience;
    }
    return NULL;
}

static stream_audience *audience_new(const stream_client *client, const stream_interest *interest,
                                     uint64_t hash) {
    stream_feed *feed = client->feed;
    const tw_allocator *allocator = feed->owner->allocator;
    stream_audience *audience = TW_NEW(allocator, 1, stream_audience);
    if (audience == NULL)
        return NULL;
    audience->feed = feed;
    audience->codec = client->handshake.codec;
    audience->hash = hash;
    audience->interest.all = interest->all;
    audience->interest.wanted = TW_NEW(allocator, interest_words(feed), uint64_t);
    audience->memory = TW_NEW(allocator, STREAM_BUFFER_SIZE, char);
    if (audience->interest.wanted == NULL || audience->memory == NULL) {
        audience_free(audience);
        return NULL;
    }
    memcpy(audience->interest.wanted, interest->wanted, interest_words(feed) * sizeof(uint64_t));
    audience->buffer = tw_text_over(audience->memory, STREAM_BUFFER_SIZE);
    return audience;
}

/* One more audience, when the client has left its own. */
static bool has_place(const stream_client *client) {
    const stream_audience *own = client->audience;
    bool frees = own != NULL && own->member_count == 1;
    return client->feed->audience_count - (frees ? 1 : 0) < STREAM_AUDIENCE_COUNT_MAX;
}

/* There is a place: it was looked for, and this one's client has left its own. */
static void audience_place(stream_audience *audience) {
    stream_feed *feed = audience->feed;
    while (feed->audiences[audience->place] != NULL)
        audience->place++;
    TW_ASSERT(audience->place < STREAM_AUDIENCE_COUNT_MAX);
    feed->audiences[audience->place] = audience;
    feed->audience_count++;
    index_put(audience, true);
}

void audience_leave(stream_client *client) {
    stream_audience *audience = client->audience;
    if (audience == NULL)
        return;
    audience_flush(audience); /* invariant 3 */
    stream_client **link = &audience->members;
    while (*link != client)
        link = &(*link)->next_member;
    *link = client->next_member;
    client->audience = NULL;
    client->next_member = NULL;
    if (--audience->member_count > 0)
        return;
    index_put(audience, false);
    audience->feed->audiences[audience->place] = NULL;
    audience->feed->audience_count--;
    audience_free(audience);
}

tw_status audience_join(stream_client *client, const stream_interest *interest) {
    if (interest_is_empty(client->feed, interest)) {
        audience_leave(client);
        return TW_OK;
    }
    uint64_t hash = interest_hash(client->feed, interest);
    stream_audience *audience = audience_find(client, interest, hash);
    bool made = audience == NULL;
    if (made && !has_place(client))
        return TW_FULL;
    if (made)
        audience = audience_new(client, interest, hash);
    if (audience == NULL)
        return TW_NO_MEMORY;
    if (audience == client->audience) {
        audience_flush(audience);
        return TW_OK;
    }
    audience_leave(client);
    if (made)
        audience_place(audience);
    else
        audience_flush(audience); /* what was gathered before is not the newcomer's */
    client->next_member = audience->members;
    audience->members = client;
    audience->member_count++;
    client->audience = audience;
    return TW_OK;
}

/* ---- invariants ----------------------------------------------------------------------------- */

/* Invariant 1, seen from the index: each bit belongs to an audience that wants it. */
static void check_row(const stream_feed *feed, uint32_t channel, uint32_t symbol) {
    const uint64_t *row = index_row(feed, channel, symbol);
    for (uint32_t place = 0; place < STREAM_AUDIENCE_COUNT_MAX; place++) {
        const stream_audience *audience = feed->audiences[place];
        bool wanted = false;
        if (audience != NULL && symbol == feed->symbol_count)
            wanted = (audience->interest.all >> channel & 1) != 0;
        else if (audience != NULL)
            wanted = (audience->interest.wanted[(size_t)channel * feed->mask_words + symbol / 64] >>
                          (symbol % 64) &
                      1) != 0;
        TW_ASSERT((row[place / 64] >> (place % 64) & 1) == wanted);
    }
}

static void check_audience(const stream_feed *feed, const stream_audience *audience) {
    uint32_t members = 0;
    for (const stream_client *m = audience->members; m != NULL; m = m->next_member, members++)
        TW_ASSERT(m->audience == audience && m->handshake.codec == audience->codec);
    TW_ASSERT(members == audience->member_count && members > 0);
    TW_ASSERT(!interest_is_empty(feed, &audience->interest));
    for (uint32_t i = audience->place + 1; i < STREAM_AUDIENCE_COUNT_MAX; i++) { /* invariant 2 */
        const stream_audience *other = feed->audiences[i];
        TW_ASSERT(other == NULL || other->codec != audience->codec ||
                  !interest_equal(feed, &other->interest, &audience->interest));
    }
}

void feed_check(const stream_feed *feed) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < STREAM_AUDIENCE_COUNT_MAX; i++) {
        if (feed->audiences[i] == NULL)
            continue;
        TW_ASSERT(feed->audiences[i]->place == i);
        check_audience(feed, feed->audiences[i]);
        count++;
    }
    TW_ASSERT(count == feed->audience_count);
    for (uint32_t c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++)
        for (uint32_t s = 0; s <= feed->symbol_count; s++)
            check_row(feed, c, s);
}
