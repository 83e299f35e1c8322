/*
 * recording_items.c - sizes, and the packing of items.
 *
 * Idea: both sides keep the newest item of each kind and symbol as words. A packed item is
 *
 *     tag               kind, 0x80 when its call is the one expected
 *     [call]            otherwise
 *     [symbol]          of a market event: which context
 *     bitmap            a bit a word that differs from the context
 *     differences       one a set bit
 *
 * and a plain one is tag, sub, call, size and its bytes. A difference is zigzag, divided by the
 * largest of four powers of ten that divide it (prices are whole cents, quantities whole shares):
 * the first byte has the power in two bits and five bits of the number, the others seven.
 *
 * Invariants
 *  1. Pack and unpack change the context in the same way, item by item.
 *  2. Unpack reads nothing past its slice and writes nothing past an item, whatever the bytes are.
 */
#include "recording_items.h"

#include <stdio.h>
#include <string.h>

#include "tradewind/text.h"

enum { CONTEXT_KINDS = 4, CONTEXT_WORDS = sizeof(tw_bar) / 8, EXPECTED = 0x80, SYMBOL_BITS = 32 };

static const int64_t SCALES[] = {1, 100000, 10000000, 1000000000};

_Static_assert(sizeof(item_head) == 8, "a head is one word");
_Static_assert(sizeof(item_entry) <= ITEM_PAYLOAD_SIZE_MAX, "an entry fits");
_Static_assert(sizeof(tw_venue_event) <= ITEM_PAYLOAD_SIZE_MAX, "a venue event fits");
_Static_assert(sizeof(tw_trade) % 8 == 0 && sizeof(tw_quote) % 8 == 0 &&
                   sizeof(tw_level) % 8 == 0 && sizeof(tw_bar) % 8 == 0,
               "market events are whole words");
_Static_assert(sizeof(tw_order) % 8 == 0 && sizeof(item_end) % 8 == 0, "whole words");
_Static_assert(offsetof(tw_trade, time_ns) == 0 && offsetof(tw_quote, time_ns) == 0 &&
                   offsetof(tw_level, time_ns) == 0 && offsetof(tw_bar, time_ns) == 0,
               "the first word of a market event is its time");

typedef struct symbol_context {
    uint64_t words[CONTEXT_KINDS][CONTEXT_WORDS];
} symbol_context;

struct item_context {
    const tw_allocator *allocator;
    uint32_t symbol_count;
    uint32_t next_call; /* of a market event, if it is the one expected */
    uint64_t turn;
    uint64_t time;
    symbol_context *symbols; /* one more than symbol_count: all others share the last */
};

/* ---- sizes --------------------------------------------------------------------------------- */

size_t item_venue_size(uint32_t kind) {
    switch ((tw_venue_kind)kind) {
    case TW_VENUE_ACCOUNT:
        return sizeof(tw_account);
    case TW_VENUE_POSITION:
        return sizeof(tw_position);
    case TW_VENUE_OPEN_ORDER:
        return sizeof(tw_order);
    case TW_VENUE_HISTORY:
        return sizeof(tw_bar);
    case TW_VENUE_UP:
        return sizeof(tw_venue_outage);
    case TW_VENUE_FAILED:
        return sizeof(tw_venue_failure);
    case TW_VENUE_ORDER_UPDATE:
        return sizeof(tw_order_update);
    case TW_VENUE_SUBMIT_RESULT:
    case TW_VENUE_QUERY_RESULT:
    case TW_VENUE_CANCEL_RESULT:
        return sizeof(tw_order_result);
    case TW_VENUE_SNAPSHOT_END:
    case TW_VENUE_HISTORY_END:
    case TW_VENUE_DOWN:
    case TW_VENUE_TIME:
        return 0;
    }
    return SIZE_MAX;
}

/* The market events in the order of their kinds: bytes, and where the symbol stands. */
static const struct {
    size_t size;
    size_t symbol;
} MARKET_SHAPES[] = {{sizeof(tw_trade), offsetof(tw_trade, symbol)},
                     {sizeof(tw_quote), offsetof(tw_quote, symbol)},
                     {sizeof(tw_level), offsetof(tw_level, symbol)},
                     {sizeof(tw_bar), offsetof(tw_bar, symbol)}};

static bool is_market(uint8_t kind) {
    return kind >= ITEM_TRADE && kind <= ITEM_BAR;
}

size_t item_market_size(uint8_t kind) {
    TW_ASSERT(is_market(kind));
    return MARKET_SHAPES[kind - ITEM_TRADE].size;
}

item_group item_group_of(const item_head *head) {
    switch ((item_kind)head->kind) {
    case ITEM_TRADE:
    case ITEM_QUOTE:
    case ITEM_LEVEL:
    case ITEM_BAR:
        return GROUP_MARKET;
    case ITEM_VENUE:
        return GROUP_VENUE;
    case ITEM_KILL:
        return GROUP_KILL;
    case ITEM_ANSWER:
        return (item_group)head->sub;
    case ITEM_DURABLE:
        return GROUP_DURABLE;
    case ITEM_SUBMIT:
        return GROUP_SUBMIT;
    case ITEM_ENTRY:
        return GROUP_APPEND;
    case ITEM_WEIGHTS:
        return GROUP_WEIGH;
    case ITEM_STRATEGY:
        return (item_group)head->sub;
    case ITEM_TURN:
    case ITEM_ADOPTED:
    case ITEM_PLAN:
    case ITEM_PLAN_TRADE:
    case ITEM_PLAN_ORDER:
    case ITEM_END:
    case ITEM_KIND_COUNT:
        break;
    }
    return GROUP_NONE;
}

void item_layout(char *buffer, size_t capacity) {
    snprintf(buffer, capacity,
             "trade=%zu quote=%zu level=%zu bar=%zu order=%zu update=%zu result=%zu account=%zu "
             "position=%zu failure=%zu outage=%zu",
             sizeof(tw_trade), sizeof(tw_quote), sizeof(tw_level), sizeof(tw_bar), sizeof(tw_order),
             sizeof(tw_order_update), sizeof(tw_order_result), sizeof(tw_account),
             sizeof(tw_position), sizeof(tw_venue_failure), sizeof(tw_venue_outage));
}

/* ---- contexts ------------------------------------------------------------------------------ */

tw_status item_context_new(const tw_allocator *allocator, uint32_t symbol_count,
                           item_context **ret_context) {
    item_context *context = TW_NEW(allocator, 1, item_context);
    if (context == NULL)
        return TW_NO_MEMORY;
    context->allocator = allocator;
    context->symbol_count = symbol_count;
    context->symbols = TW_NEW(allocator, (size_t)symbol_count + 1, symbol_context);
    if (context->symbols == NULL) {
        item_context_free(context);
        return TW_NO_MEMORY;
    }
    *ret_context = context;
    return TW_OK;
}

void item_context_free(item_context *context) {
    if (context == NULL)
        return;
    TW_DELETE(context->allocator, context->symbols, (size_t)context->symbol_count + 1,
              symbol_context);
    TW_DELETE(context->allocator, context, 1, item_context);
}

/* The words that an item of this kind and symbol is compared with; the first is always the time of
 * the market event before, whatever that was. */
static uint64_t *words_before(item_context *context, uint8_t kind, uint32_t symbol) {
    if (kind == ITEM_TURN)
        return &context->turn;
    uint32_t slot = symbol < context->symbol_count ? symbol : context->symbol_count;
    uint64_t *words = context->symbols[slot].words[kind - ITEM_TRADE];
    words[0] = context->time;
    return words;
}

static void remember(item_context *context, uint8_t kind, uint32_t call, const uint64_t *words) {
    context->next_call = kind == ITEM_TURN ? 0 : call + 1;
    if (kind != ITEM_TURN)
        context->time = words[0];
}

static uint32_t symbol_of(uint8_t kind, const void *payload) {
    uint32_t symbol = 0;
    memcpy(&symbol, (const char *)payload + MARKET_SHAPES[kind - ITEM_TRADE].symbol, sizeof symbol);
    return symbol;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static size_t put_number(uint8_t *to, uint64_t value) {
    size_t size = 0;
    while (value >= 0x80) {
        to[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to[size++] = (uint8_t)value;
    return size;
}

static bool take_byte(tw_slice *bytes, uint8_t *ret_byte) {
    if (bytes->size == 0)
        return false;
    *ret_byte = (uint8_t)*bytes->data;
    bytes->data++;
    bytes->size--;
    return true;
}

/* The seven-bit groups of a number, the first of which is worth 1 << shift. */
static bool take_groups(tw_slice *bytes, unsigned shift, uint64_t *value) {
    uint8_t byte = 0x80;
    for (; (byte & 0x80) != 0; shift += 7) {
        if (shift > 63 || !take_byte(bytes, &byte) ||
            (shift > 57 && (uint64_t)(byte & 0x7f) >> (64 - shift) != 0))
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
    }
    return true;
}

static bool take_number(tw_slice *bytes, uint64_t *ret_value) {
    *ret_value = 0;
    return take_groups(bytes, 0, ret_value);
}

static size_t put_difference(uint8_t *to, uint64_t difference) {
    int64_t value = (int64_t)difference;
    unsigned scale = 0;
    if (value % SCALES[1] == 0)
        scale = value % SCALES[2] != 0 ? 1 : value % SCALES[3] != 0 ? 2 : 3;
    value /= SCALES[scale];
    uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    uint64_t rest = zigzag >> 5;
    to[0] = (uint8_t)(scale | (zigzag & 31) << 2 | (rest != 0 ? 0x80 : 0));
    return rest != 0 ? 1 + put_number(to + 1, rest) : 1;
}

static bool take_difference(tw_slice *bytes, uint64_t *ret_difference) {
    uint8_t first = 0;
    if (!take_byte(bytes, &first))
        return false;
    uint64_t zigzag = (first >> 2) & 31;
    if ((first & 0x80) != 0 && !take_groups(bytes, 5, &zigzag))
        return false;
    uint64_t value = zigzag >> 1 ^ (0 - (zigzag & 1));
    *ret_difference = value * (uint64_t)SCALES[first & 3]; /* wraps on bytes that were never put */
    return true;
}

/* ---- packed items -------------------------------------------------------------------------- */

static size_t put_words(uint64_t *before, const uint64_t *words, size_t count, uint8_t *to) {
    size_t size = (count + 7) / 8;
    memset(to, 0, size);
    for (size_t i = 0; i < count; i++) {
        if (words[i] == before[i])
            continue;
        to[i / 8] = (uint8_t)(to[i / 8] | 1u << i % 8);
        size += put_difference(to + size, words[i] - before[i]);
        before[i] = words[i];
    }
    return size;
}

static bool take_words(tw_slice *bytes, uint64_t *before, size_t count, uint64_t *ret_words) {
    uint8_t bitmap[(CONTEXT_WORDS + 7) / 8] = {0};
    for (size_t i = 0; i < (count + 7) / 8; i++) {
        if (!take_byte(bytes, &bitmap[i]))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t difference = 0;
        if ((bitmap[i / 8] >> i % 8 & 1) != 0 && !take_difference(bytes, &difference))
            return false;
        before[i] += difference;
    }
    memcpy(ret_words, before, count * sizeof *before);
    return true;
}

static size_t pack_words(item_context *context, const item_head *head, const void *payload,
                         uint8_t *to) {
    uint64_t words[CONTEXT_WORDS];
    size_t size = 1;
    uint32_t symbol = is_market(head->kind) ? symbol_of(head->kind, payload) : 0;
    bool expected = head->call == (is_market(head->kind) ? context->next_call : 0);
    memcpy(words, payload, head->size);
    to[0] = (uint8_t)(head->kind | (expected ? EXPECTED : 0));
    if (!expected)
        size += put_number(to + size, head->call);
    if (is_market(head->kind))
        size += put_number(to + size, symbol);
    size += put_words(words_before(context, head->kind, symbol), words, head->size / 8, to + size);
    remember(context, head->kind, head->call, words);
    return size;
}

static bool unpack_words(item_context *context, tw_slice *bytes, bool expected, item *to) {
    uint8_t kind = to->head.kind;
    uint64_t call = is_market(kind) ? context->next_call : 0;
    uint64_t symbol = 0;
    size_t size = is_market(kind) ? item_market_size(kind) : sizeof(item_turn);
    if ((!expected && !take_number(bytes, &call)) || call > UINT32_MAX ||
        (is_market(kind) && !take_number(bytes, &symbol)) || symbol > UINT32_MAX)
        return false;
    if (!take_words(bytes, words_before(context, kind, (uint32_t)symbol), size / 8, to->as.words))
        return false;
    to->head.call = (uint32_t)call;
    to->head.size = (uint16_t)size;
    remember(context, kind, to->head.call, to->as.words);
    return !is_market(kind) || symbol_of(kind, to->as.words) == symbol;
}

/* ---- plain items --------------------------------------------------------------------------- */

static size_t pack_plain(const item_head *head, const void *payload, uint8_t *to) {
    size_t size = 0;
    to[size++] = head->kind;
    to[size++] = head->sub;
    size += put_number(to + size, head->call);
    size += put_number(to + size, head->size);
    memcpy(to + size, payload, head->size);
    return size + head->size;
}

static bool is_ended(const char *text, size_t capacity) {
    return memchr(text, '\0', capacity) != NULL;
}

static bool is_order(const tw_order *order) {
    return is_ended(order->client_order_id, sizeof order->client_order_id) &&
           is_ended(order->venue_order_id, sizeof order->venue_order_id);
}

static bool is_venue_event(const item *of) {
    uint32_t kind = of->head.sub;
    size_t size = item_venue_size(kind);
    if (size == SIZE_MAX || of->head.size != (sizeof(int64_t) + size + 7) / 8 * 8)
        return false;
    switch (kind) {
    case TW_VENUE_OPEN_ORDER:
        return is_order(&of->as.venue.as.order);
    case TW_VENUE_FAILED:
        return is_ended(of->as.venue.as.failure.message, sizeof of->as.venue.as.failure.message) &&
               of->as.venue.as.failure.status < TW_OK;
    case TW_VENUE_ORDER_UPDATE:
        return is_order(&of->as.venue.as.update.order) &&
               is_ended(of->as.venue.as.update.event, sizeof of->as.venue.as.update.event) &&
               is_ended(of->as.venue.as.update.execution_id,
                        sizeof of->as.venue.as.update.execution_id);
    case TW_VENUE_SUBMIT_RESULT:
    case TW_VENUE_QUERY_RESULT:
    case TW_VENUE_CANCEL_RESULT:
        return is_order(&of->as.venue.as.result.order) &&
               is_ended(of->as.venue.as.result.client_order_id,
                        sizeof of->as.venue.as.result.client_order_id) &&
               is_ended(of->as.venue.as.result.message, sizeof of->as.venue.as.result.message);
    default:
        return true;
    }
}

static bool is_entry(const item *of) {
    size_t before = offsetof(item_entry, payload);
    const item_entry *entry = &of->as.entry;
    return of->head.size > before && of->head.size <= sizeof *entry &&
           is_ended(entry->kind, sizeof entry->kind) &&
           is_ended(entry->payload, of->head.size - before);
}

/* True for what pack_plain is given; sizes first, the payload is whole then. */
static bool is_plain_item(const item *of) {
    const item_head *head = &of->head;
    switch ((item_kind)head->kind) {
    case ITEM_VENUE:
        return is_venue_event(of);
    case ITEM_ADOPTED:
    case ITEM_SUBMIT:
        return head->size == sizeof(tw_order) && is_order(&of->as.order);
    case ITEM_KILL:
        return head->size == 0 && (head->sub & 15) <= TW_KILL_FLATTEN &&
               head->sub >> 4 <= TW_KILL_BY_PAGE;
    case ITEM_ANSWER:
        return head->size == sizeof(int64_t) && head->sub < GROUP_COUNT && of->as.status < 0 &&
               of->as.status >= INT16_MIN;
    case ITEM_DURABLE:
        return head->size == sizeof(uint64_t);
    case ITEM_ENTRY:
        return is_entry(of);
    case ITEM_WEIGHTS:
        return head->size > 0 && head->size <= sizeof of->as.weights;
    case ITEM_STRATEGY:
        return head->size == sizeof(item_strategy) &&
               (head->sub == GROUP_WEIGH || head->sub == GROUP_BAR_SHOWN);
    case ITEM_PLAN:
        return head->size == sizeof(item_plan) &&
               is_ended(of->as.plan.refused, sizeof of->as.plan.refused);
    case ITEM_PLAN_TRADE:
        return head->size == sizeof(tw_engine_plan_trade);
    case ITEM_PLAN_ORDER:
        return head->size == sizeof(item_plan_order) && of->as.plan_order.trade <= UINT32_MAX &&
               is_ended(of->as.plan_order.client_order_id,
                        sizeof of->as.plan_order.client_order_id);
    case ITEM_END:
        return head->size == sizeof(item_end);
    case ITEM_TURN:
    case ITEM_TRADE:
    case ITEM_QUOTE:
    case ITEM_LEVEL:
    case ITEM_BAR:
    case ITEM_KIND_COUNT:
        break;
    }
    return false;
}

static bool unpack_plain(tw_slice *bytes, item *to) {
    uint64_t call = 0;
    uint64_t size = 0;
    if (!take_byte(bytes, &to->head.sub) || !take_number(bytes, &call) ||
        !take_number(bytes, &size) || call > UINT32_MAX || size > ITEM_PAYLOAD_SIZE_MAX ||
        size % 8 != 0 || size > bytes->size)
        return false;
    to->head.call = (uint32_t)call;
    to->head.size = (uint16_t)size;
    memcpy(to->as.words, bytes->data, size);
    bytes->data += size;
    bytes->size -= size;
    return is_plain_item(to);
}

/* ---- both ---------------------------------------------------------------------------------- */

size_t item_pack(item_context *context, const item_head *head, const void *payload,
                 uint8_t *ret_bytes) {
    TW_ASSERT(head->size % 8 == 0 && head->size <= ITEM_PAYLOAD_SIZE_MAX);
    if (head->kind == ITEM_TURN || is_market(head->kind))
        return pack_words(context, head, payload, ret_bytes);
    return pack_plain(head, payload, ret_bytes);
}

tw_status item_unpack(item_context *context, tw_slice *bytes, item *ret_item) {
    uint8_t tag = 0;
    if (!take_byte(bytes, &tag))
        return TW_CORRUPT;
    ret_item->head = (item_head){.kind = tag & 0x7f};
    bool packed = ret_item->head.kind == ITEM_TURN || is_market(ret_item->head.kind);
    bool done = packed ? unpack_words(context, bytes, (tag & EXPECTED) != 0, ret_item)
                       : tag < ITEM_KIND_COUNT && unpack_plain(bytes, ret_item);
    return done ? TW_OK : TW_CORRUPT;
}
