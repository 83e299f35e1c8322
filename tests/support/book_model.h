/*
 * book_model.h - bytes become changes of a tw_book and of an obvious slow book beside it.
 *
 * The slow book is one array of entries in the order of their arrival; everything is found by
 * scanning it. After each change status, best, depth, counts, crossing, the changed id and its
 * queue place must be equal, and the revision must have grown exactly if the best is another.
 * Used by model_book (random bytes) and fuzz_book (the fuzzer's bytes). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_BOOK_MODEL_H
#define TRADEWIND_TEST_BOOK_MODEL_H

#include <string.h>

#include "tradewind/book.h"

#define SLOW_ENTRY_COUNT_MAX 1024
#define SLOW_SYMBOL_COUNT 3

enum slow_way { SLOW_UNDECIDED, SLOW_ORDERS, SLOW_LEVELS, SLOW_TOP };

typedef struct slow_entry { /* an order, or a level (id 0) */
    uint64_t id;
    uint64_t tag;
    int64_t price;
    int64_t quantity;
    uint32_t symbol;
    uint8_t side;
} slow_entry;

typedef struct slow_book {
    tw_book_config config;
    slow_entry entries[SLOW_ENTRY_COUNT_MAX]; /* oldest first */
    uint32_t entry_count;
    uint32_t order_count;
    enum slow_way ways[SLOW_SYMBOL_COUNT];
    tw_book_crossing crossing[SLOW_SYMBOL_COUNT];
    tw_book_anomalies anomalies;
} slow_book;

/* ---- The slow book ------------------------------------------------------------------------ */

static inline slow_entry *slow_find(slow_book *book, uint32_t symbol, uint64_t id) {
    for (uint32_t i = 0; i < book->entry_count; i++) {
        slow_entry *entry = &book->entries[i];
        if (entry->id == id && entry->symbol == symbol && id != 0)
            return entry;
    }
    return NULL;
}

static inline void slow_remove(slow_book *book, slow_entry *entry) {
    book->order_count -= entry->id != 0;
    uint32_t at = (uint32_t)(entry - book->entries);
    memmove(entry, entry + 1, (book->entry_count - at - 1) * sizeof *entry);
    book->entry_count--;
}

static inline void slow_append(slow_book *book, slow_entry entry) {
    TW_ASSERT(book->entry_count < SLOW_ENTRY_COUNT_MAX);
    book->entries[book->entry_count++] = entry;
    book->order_count += entry.id != 0;
}

/* The sum at a price; -1 when nothing is there. */
static inline int64_t slow_total(const slow_book *book, uint32_t symbol, uint8_t side,
                                 int64_t price) {
    int64_t total = -1;
    for (uint32_t i = 0; i < book->entry_count; i++) {
        const slow_entry *entry = &book->entries[i];
        if (entry->symbol == symbol && entry->side == side && entry->price == price)
            total = (total < 0 ? 0 : total) + entry->quantity;
    }
    return total;
}

/* The levels of a side, best first; returns how many. */
static inline size_t slow_depth(const slow_book *book, uint32_t symbol, uint8_t side,
                                tw_book_level_view *levels) {
    size_t count = 0;
    for (uint32_t i = 0; i < book->entry_count; i++) {
        const slow_entry *entry = &book->entries[i];
        if (entry->symbol != symbol || entry->side != side)
            continue;
        size_t at = 0;
        while (at < count && (side == TW_SIDE_BUY ? levels[at].price.nano > entry->price
                                                  : levels[at].price.nano < entry->price))
            at++;
        if (at == count || levels[at].price.nano != entry->price) {
            memmove(&levels[at + 1], &levels[at], (count - at) * sizeof *levels);
            levels[at] = (tw_book_level_view){.price.nano = entry->price};
            count++;
        }
        levels[at].quantity.nano += entry->quantity;
        levels[at].order_count += entry->id != 0;
    }
    return count;
}

static inline uint32_t slow_level_count(const slow_book *book) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < book->entry_count; i++) {
        const slow_entry *entry = &book->entries[i];
        uint32_t same = 0;
        while (book->entries[same].symbol != entry->symbol ||
               book->entries[same].side != entry->side || book->entries[same].price != entry->price)
            same++;
        count += same == i; /* the first entry of its level */
    }
    return count;
}

static inline tw_status slow_deny(uint64_t *counter, tw_status status) {
    ++*counter;
    return status;
}

static inline tw_status slow_check_values(slow_book *book, uint64_t id, int64_t price,
                                          int64_t quantity) {
    if (id == 0)
        return slow_deny(&book->anomalies.bad_id, TW_INVALID);
    if (price <= 0 && !book->config.allow_nonpositive_prices)
        return slow_deny(&book->anomalies.bad_price, TW_INVALID);
    if (quantity <= 0)
        return slow_deny(&book->anomalies.bad_quantity, TW_INVALID);
    return TW_OK;
}

static inline tw_status slow_check_side(slow_book *book, uint8_t side) {
    if (side != TW_SIDE_BUY && side != TW_SIDE_SELL)
        return slow_deny(&book->anomalies.bad_side, TW_INVALID);
    return TW_OK;
}

static inline tw_status slow_check_symbol(slow_book *book, uint32_t symbol) {
    if (symbol >= SLOW_SYMBOL_COUNT)
        return slow_deny(&book->anomalies.bad_symbol, TW_INVALID);
    return TW_OK;
}

static inline tw_status slow_check_way(slow_book *book, uint32_t symbol, enum slow_way way) {
    if (book->ways[symbol] != SLOW_UNDECIDED && book->ways[symbol] != way)
        return slow_deny(&book->anomalies.wrong_way, TW_STATE);
    return TW_OK;
}

/* Room for an order's quantity at its level, once `leaving` (or NULL) is gone. */
static inline tw_status slow_check_room(slow_book *book, uint32_t symbol,
                                        const tw_book_order *order, const slow_entry *leaving) {
    int64_t total = slow_total(book, symbol, order->side, order->price.nano);
    if (total < 0) {
        bool frees = leaving != NULL &&
                     slow_total(book, symbol, leaving->side, leaving->price) == leaving->quantity;
        if (!frees && slow_level_count(book) == book->config.level_count_max)
            return slow_deny(&book->anomalies.levels_full, TW_FULL);
        return TW_OK;
    }
    if (leaving != NULL && leaving->side == order->side && leaving->price == order->price.nano)
        total -= leaving->quantity;
    if (total > INT64_MAX - order->quantity.nano)
        return slow_deny(&book->anomalies.bad_quantity, TW_OVERFLOW);
    return TW_OK;
}

static inline slow_entry slow_entry_of(uint32_t symbol, const tw_book_order *order) {
    return (slow_entry){.id = order->id,
                        .tag = order->tag,
                        .price = order->price.nano,
                        .quantity = order->quantity.nano,
                        .symbol = symbol,
                        .side = order->side};
}

static inline tw_status slow_add(slow_book *book, uint32_t symbol, const tw_book_order *order) {
    tw_status status = slow_check_symbol(book, symbol);
    if (status == TW_OK)
        status = slow_check_side(book, order->side);
    if (status == TW_OK)
        status = slow_check_values(book, order->id, order->price.nano, order->quantity.nano);
    if (status == TW_OK)
        status = slow_check_way(book, symbol, SLOW_ORDERS);
    if (status != TW_OK)
        return status;
    if (slow_find(book, symbol, order->id) != NULL)
        return slow_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    if (book->order_count == book->config.order_count_max)
        return slow_deny(&book->anomalies.orders_full, TW_FULL);
    status = slow_check_room(book, symbol, order, NULL);
    if (status != TW_OK)
        return status;
    book->ways[symbol] = SLOW_ORDERS;
    slow_append(book, slow_entry_of(symbol, order));
    return TW_OK;
}

static inline tw_status slow_locate(slow_book *book, uint32_t symbol, uint64_t id,
                                    slow_entry **ret_entry) {
    tw_status status = slow_check_symbol(book, symbol);
    if (status == TW_OK && id == 0)
        status = slow_deny(&book->anomalies.bad_id, TW_INVALID);
    if (status == TW_OK)
        status = slow_check_way(book, symbol, SLOW_ORDERS);
    if (status != TW_OK)
        return status;
    *ret_entry = slow_find(book, symbol, id);
    if (*ret_entry == NULL)
        return slow_deny(&book->anomalies.unknown_id, TW_NOT_FOUND);
    return TW_OK;
}

static inline tw_status slow_take(slow_book *book, uint32_t symbol, uint64_t id, int64_t quantity,
                                  uint64_t *over) {
    slow_entry *entry = NULL;
    if (quantity <= 0)
        return slow_deny(&book->anomalies.bad_quantity, TW_INVALID);
    tw_status status = slow_locate(book, symbol, id, &entry);
    if (status != TW_OK)
        return status;
    if (quantity > entry->quantity)
        status = slow_deny(over, TW_RANGE);
    if (quantity >= entry->quantity)
        slow_remove(book, entry);
    else
        entry->quantity -= quantity;
    return status;
}

static inline tw_status slow_delete(slow_book *book, uint32_t symbol, uint64_t id) {
    slow_entry *entry = NULL;
    tw_status status = slow_locate(book, symbol, id, &entry);
    if (status == TW_OK)
        slow_remove(book, entry);
    return status;
}

static inline tw_status slow_replace(slow_book *book, uint32_t symbol, uint64_t id,
                                     const tw_book_order *order) {
    slow_entry *entry = NULL;
    tw_book_order entering = *order;
    tw_status status = slow_check_values(book, order->id, order->price.nano, order->quantity.nano);
    if (status == TW_OK)
        status = slow_locate(book, symbol, id, &entry);
    if (status != TW_OK)
        return status;
    if (entering.side == TW_SIDE_NONE)
        entering.side = entry->side;
    status = slow_check_side(book, entering.side);
    if (status != TW_OK)
        return status;
    if (order->id != id && slow_find(book, symbol, order->id) != NULL)
        return slow_deny(&book->anomalies.duplicate_id, TW_EXISTS);
    status = slow_check_room(book, symbol, &entering, entry);
    if (status != TW_OK)
        return status;
    slow_remove(book, entry);
    slow_append(book, slow_entry_of(symbol, &entering));
    return TW_OK;
}

static inline tw_status slow_modify(slow_book *book, uint32_t symbol, uint64_t id, int64_t price,
                                    int64_t quantity) {
    slow_entry *entry = NULL;
    tw_status status = slow_check_values(book, 1, price, quantity);
    if (status == TW_OK)
        status = slow_locate(book, symbol, id, &entry);
    if (status != TW_OK)
        return status;
    if (entry->price == price && quantity <= entry->quantity) {
        entry->quantity = quantity;
        return TW_OK;
    }
    const tw_book_order order = {.id = id,
                                 .tag = entry->tag,
                                 .price.nano = price,
                                 .quantity.nano = quantity,
                                 .side = entry->side};
    status = slow_check_room(book, symbol, &order, entry);
    if (status != TW_OK)
        return status;
    slow_remove(book, entry);
    slow_append(book, slow_entry_of(symbol, &order));
    return TW_OK;
}

static inline void slow_empty(slow_book *book, uint32_t symbol) {
    for (uint32_t i = book->entry_count; i-- > 0;) {
        if (book->entries[i].symbol == symbol)
            slow_remove(book, &book->entries[i]);
    }
}

static inline tw_status slow_clear(slow_book *book, uint32_t symbol) {
    tw_status status = slow_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    slow_empty(book, symbol);
    book->ways[symbol] = SLOW_UNDECIDED;
    return TW_OK;
}

/* Writes one total; zero removes. */
static inline void slow_write(slow_book *book, uint32_t symbol, uint8_t side, int64_t price,
                              int64_t quantity) {
    for (uint32_t i = 0; i < book->entry_count; i++) {
        slow_entry *entry = &book->entries[i];
        if (entry->symbol != symbol || entry->side != side || entry->price != price)
            continue;
        entry->quantity = quantity;
        if (quantity == 0)
            slow_remove(book, entry);
        return;
    }
    if (quantity > 0)
        slow_append(book, (slow_entry){0, 0, price, quantity, symbol, side});
}

static inline tw_status slow_set_level(slow_book *book, const tw_level *level) {
    tw_status status = slow_check_symbol(book, level->symbol);
    if (status == TW_OK && level->quantity.nano < 0)
        status = slow_deny(&book->anomalies.bad_quantity, TW_INVALID);
    if (status == TW_OK && (level->clear == 0 || level->quantity.nano > 0)) {
        status = slow_check_side(book, level->side);
        if (status == TW_OK)
            status = slow_check_values(book, 1, level->price.nano, 1);
    }
    if (status == TW_OK)
        status = slow_check_way(book, level->symbol, SLOW_LEVELS);
    if (status != TW_OK)
        return status;
    bool there = slow_total(book, level->symbol, level->side, level->price.nano) >= 0;
    if (level->clear == 0 && level->quantity.nano == 0 && !there)
        return slow_deny(&book->anomalies.unknown_level, TW_NOT_FOUND);
    slow_book before = *book;
    if (level->clear != 0)
        slow_empty(book, level->symbol);
    if (level->clear == 0 || level->quantity.nano > 0)
        slow_write(book, level->symbol, level->side, level->price.nano, level->quantity.nano);
    if (slow_level_count(book) > book->config.level_count_max) {
        *book = before;
        return slow_deny(&book->anomalies.levels_full, TW_FULL);
    }
    book->ways[level->symbol] = SLOW_LEVELS;
    return TW_OK;
}

static inline tw_status slow_set_top(slow_book *book, const tw_quote *quote) {
    tw_status status = slow_check_symbol(book, quote->symbol);
    if (status == TW_OK && (quote->bid_size.nano < 0 || quote->ask_size.nano < 0))
        status = slow_deny(&book->anomalies.bad_quantity, TW_INVALID);
    if (status == TW_OK && quote->bid_size.nano > 0)
        status = slow_check_values(book, 1, quote->bid_price.nano, 1);
    if (status == TW_OK && quote->ask_size.nano > 0)
        status = slow_check_values(book, 1, quote->ask_price.nano, 1);
    if (status == TW_OK)
        status = slow_check_way(book, quote->symbol, SLOW_TOP);
    if (status != TW_OK)
        return status;
    slow_book before = *book;
    slow_empty(book, quote->symbol);
    slow_write(book, quote->symbol, TW_SIDE_BUY, quote->bid_price.nano, quote->bid_size.nano);
    slow_write(book, quote->symbol, TW_SIDE_SELL, quote->ask_price.nano, quote->ask_size.nano);
    if (slow_level_count(book) > book->config.level_count_max) {
        *book = before;
        return slow_deny(&book->anomalies.levels_full, TW_FULL);
    }
    book->ways[quote->symbol] = SLOW_TOP;
    return TW_OK;
}

/* ---- Bytes to changes --------------------------------------------------------------------- */

typedef struct model_bytes {
    const uint8_t *bytes;
    size_t size;
    size_t used;
} model_bytes;

static inline uint8_t model_byte(model_bytes *bytes) {
    return bytes->used < bytes->size ? bytes->bytes[bytes->used++] : 0;
}

typedef struct book_model {
    tw_book *book;
    slow_book slow;
    uint32_t op_count;
    uint8_t variant; /* of the prices; the first byte */
    tw_book_level_view levels[SLOW_ENTRY_COUNT_MAX + 1];
    tw_level depth[SLOW_ENTRY_COUNT_MAX];
} book_model;

typedef struct book_model_op {
    uint8_t kind;
    uint32_t symbol;
    uint64_t id;
    tw_book_order order;
    tw_quantity quantity;
    bool batched;
} book_model_op;

enum { MODEL_SET_LEVEL = TW_EVENT_OTHER + 1, MODEL_SET_TOP };

static inline int64_t model_quantity(model_bytes *bytes) {
    uint8_t byte = model_byte(bytes);
    if (byte >= 252)
        return INT64_MAX - (255 - byte);
    return byte >= 248 ? -1 : byte % 16;
}

#define MODEL_ID_FACTOR UINT64_C(0x0123456789abcdef) /* ids of all sizes */

/* Forty prices of a symbol's own unit around zero or far from it; now and then one that is no
 * multiple of the unit, or one at an end of the range. */
static inline int64_t model_price(const book_model *model, model_bytes *bytes) {
    static const int64_t units[8] = {1, 10000000, 250000000, 100000, 1000000000, 64, 3, 100000000};
    uint32_t unit = model->variant % 8;
    int64_t base = model->variant / 8 % 4 == 0 ? -2 : (int64_t)(model->variant / 8) * 100;
    uint8_t byte = model_byte(bytes);
    if (byte >= 254)
        return byte == 255 ? INT64_MAX : INT64_MIN;
    if (byte >= 250)
        return base * units[unit] + byte;
    return (base + byte % 40 * (byte >= 240 ? 64 : 1)) * units[unit];
}

/* Mostly the id of something alive, else any. */
static inline uint64_t model_old_id(const book_model *model, model_bytes *bytes) {
    uint32_t number = model_byte(bytes);
    number = number << 8 | model_byte(bytes);
    if (number % 8 != 0 && model->slow.entry_count > 0)
        return model->slow.entries[(number / 8) % model->slow.entry_count].id;
    return number / 8 % 64 * MODEL_ID_FACTOR;
}

/* Mostly an id never used, else any. */
static inline uint64_t model_new_id(const book_model *model, model_bytes *bytes) {
    uint8_t byte = model_byte(bytes);
    return byte < 224 ? (model->op_count + UINT64_C(64)) * MODEL_ID_FACTOR
                      : model_old_id(model, bytes);
}

/* By order mostly symbols 0 and 1, otherwise mostly the last. */
static inline uint32_t model_symbol(uint8_t kind, uint8_t byte) {
    if (byte >= 252)
        return SLOW_SYMBOL_COUNT + byte;
    if (byte >= 244)
        return byte % SLOW_SYMBOL_COUNT;
    return kind < TW_EVENT_CLEAR ? byte % 2 : 2;
}

static inline book_model_op model_decode(const book_model *model, model_bytes *bytes) {
    static const uint8_t kinds[32] = {
        TW_EVENT_ADD,     TW_EVENT_ADD,    TW_EVENT_ADD,     TW_EVENT_ADD,     TW_EVENT_ADD,
        TW_EVENT_ADD,     TW_EVENT_ADD,    TW_EVENT_ADD,     TW_EVENT_ADD,     TW_EVENT_ADD,
        TW_EVENT_ADD,     TW_EVENT_ADD,    TW_EVENT_REDUCE,  TW_EVENT_REDUCE,  TW_EVENT_MODIFY,
        TW_EVENT_DELETE,  TW_EVENT_DELETE, TW_EVENT_DELETE,  TW_EVENT_DELETE,  TW_EVENT_EXECUTE,
        TW_EVENT_EXECUTE, TW_EVENT_MODIFY, TW_EVENT_REPLACE, TW_EVENT_REPLACE, TW_EVENT_MODIFY,
        TW_EVENT_DELETE,  MODEL_SET_LEVEL, MODEL_SET_LEVEL,  MODEL_SET_LEVEL,  MODEL_SET_LEVEL,
        MODEL_SET_TOP,    TW_EVENT_CLEAR};
    book_model_op op = {0};
    uint8_t first = model_byte(bytes);
    uint8_t second = model_byte(bytes);
    uint8_t third = model_byte(bytes);
    op.kind = kinds[first % 32];
    op.batched = (first & 0x80) != 0;
    op.symbol = model_symbol(op.kind, second);
    if (op.kind == TW_EVENT_CLEAR && third < 2)
        op.symbol = second % SLOW_SYMBOL_COUNT;
    op.id = model_old_id(model, bytes);
    op.order.id = (third & 0x70) == 0 ? op.id : model_new_id(model, bytes);
    op.order.tag = op.id ^ second;
    op.order.side = third % 16 < 14 ? (uint8_t)(TW_SIDE_BUY + (third & 1)) : (third & 3);
    op.order.price.nano = model_price(model, bytes);
    op.order.quantity.nano = model_quantity(bytes);
    op.quantity.nano = model_quantity(bytes);
    return op;
}

static inline tw_status slow_apply(slow_book *slow, const book_model_op *op, const tw_level *level,
                                   const tw_quote *quote) {
    switch (op->kind) {
    case TW_EVENT_ADD:
        return slow_add(slow, op->symbol, &op->order);
    case TW_EVENT_REDUCE:
        return slow_take(slow, op->symbol, op->id, op->quantity.nano,
                         &slow->anomalies.over_reduced);
    case TW_EVENT_DELETE:
        return slow_delete(slow, op->symbol, op->id);
    case TW_EVENT_EXECUTE:
        return slow_take(slow, op->symbol, op->id, op->quantity.nano,
                         &slow->anomalies.over_executed);
    case TW_EVENT_REPLACE:
        return slow_replace(slow, op->symbol, op->id, &op->order);
    case TW_EVENT_MODIFY:
        return slow_modify(slow, op->symbol, op->id, op->order.price.nano, op->order.quantity.nano);
    case TW_EVENT_CLEAR:
        return slow_clear(slow, op->symbol);
    case MODEL_SET_LEVEL:
        return slow_set_level(slow, level);
    default:
        return slow_set_top(slow, quote);
    }
}

static inline tw_status real_apply(tw_book *book, const book_model_op *op, const tw_level *level,
                                   const tw_quote *quote) {
    switch (op->kind) {
    case TW_EVENT_ADD:
        return tw_book_add(book, op->symbol, &op->order);
    case TW_EVENT_REDUCE:
        return tw_book_reduce(book, op->symbol, op->id, op->quantity);
    case TW_EVENT_DELETE:
        return tw_book_delete(book, op->symbol, op->id);
    case TW_EVENT_EXECUTE:
        return tw_book_execute(book, op->symbol, op->id, op->quantity);
    case TW_EVENT_REPLACE:
        return tw_book_replace(book, op->symbol, op->id, &op->order);
    case TW_EVENT_MODIFY:
        return tw_book_modify(book, op->symbol, op->id, op->order.price, op->order.quantity);
    case TW_EVENT_CLEAR:
        return tw_book_clear(book, op->symbol);
    case MODEL_SET_LEVEL:
        return tw_book_set_level(book, level);
    default:
        return tw_book_set_top(book, quote);
    }
}

/* ---- Comparing ---------------------------------------------------------------------------- */

static inline void model_compare_side(book_model *model, uint32_t symbol, uint8_t side) {
    size_t count = slow_depth(&model->slow, symbol, side, model->levels);
    size_t real_count =
        tw_book_depth(model->book, symbol, (tw_side)side, model->depth, SLOW_ENTRY_COUNT_MAX);
    TW_ASSERT(real_count == count);
    tw_book_level_place place = tw_book_level_first(model->book, symbol, (tw_side)side);
    uint32_t order_count = 0;
    for (size_t i = 0; i < count; i++) {
        tw_book_level_view view;
        tw_book_level_read(model->book, place, &view);
        TW_ASSERT(model->depth[i].price.nano == model->levels[i].price.nano);
        TW_ASSERT(model->depth[i].quantity.nano == model->levels[i].quantity.nano);
        TW_ASSERT(view.price.nano == model->levels[i].price.nano);
        TW_ASSERT(view.quantity.nano == model->levels[i].quantity.nano);
        TW_ASSERT(view.order_count == model->levels[i].order_count);
        order_count += view.order_count;
        place = tw_book_level_next(model->book, place);
    }
    TW_ASSERT(place == TW_BOOK_NO_PLACE);
    tw_book_counts counts;
    tw_book_counts_of(model->book, symbol, &counts);
    TW_ASSERT((side == TW_SIDE_BUY ? counts.bid_level_count : counts.ask_level_count) == count);
    TW_ASSERT((side == TW_SIDE_BUY ? counts.bid_order_count : counts.ask_order_count) ==
              order_count);
}

static inline tw_quote slow_best(book_model *model, uint32_t symbol) {
    tw_quote quote = {0};
    if (slow_depth(&model->slow, symbol, TW_SIDE_BUY, model->levels) > 0) {
        quote.bid_price = model->levels[0].price;
        quote.bid_size = model->levels[0].quantity;
    }
    if (slow_depth(&model->slow, symbol, TW_SIDE_SELL, model->levels) > 0) {
        quote.ask_price = model->levels[0].price;
        quote.ask_size = model->levels[0].quantity;
    }
    return quote;
}

static inline uint8_t model_difference(const tw_quote *a, const tw_quote *b) {
    uint8_t difference = 0;
    if (a->bid_price.nano != b->bid_price.nano || a->bid_size.nano != b->bid_size.nano)
        difference |= TW_BOOK_BEST_BID;
    if (a->ask_price.nano != b->ask_price.nano || a->ask_size.nano != b->ask_size.nano)
        difference |= TW_BOOK_BEST_ASK;
    return difference;
}

/* The slow book's own count of becoming locked and crossed. */
static inline void slow_cross(slow_book *slow, uint32_t symbol, const tw_quote *best) {
    tw_book_crossing crossing = TW_BOOK_UNCROSSED;
    if (best->bid_size.nano > 0 && best->ask_size.nano > 0 &&
        best->bid_price.nano >= best->ask_price.nano)
        crossing = best->bid_price.nano == best->ask_price.nano ? TW_BOOK_LOCKED : TW_BOOK_CROSSED;
    if (crossing != slow->crossing[symbol]) {
        slow->anomalies.became_locked += crossing == TW_BOOK_LOCKED;
        slow->anomalies.became_crossed += crossing == TW_BOOK_CROSSED;
    }
    slow->crossing[symbol] = crossing;
}

static inline void model_compare_order(book_model *model, uint32_t symbol, uint64_t id) {
    const slow_entry *entry = slow_find(&model->slow, symbol, id);
    tw_book_view view;
    tw_book_ahead ahead;
    TW_ASSERT((tw_book_find(model->book, symbol, id, &view) == TW_OK) == (entry != NULL));
    TW_ASSERT((tw_book_queue(model->book, symbol, id, &ahead) == TW_OK) == (entry != NULL));
    if (entry == NULL)
        return;
    TW_ASSERT(view.id == id && view.tag == entry->tag && view.symbol == symbol);
    TW_ASSERT(view.price.nano == entry->price && view.quantity.nano == entry->quantity);
    TW_ASSERT(view.side == entry->side);
    tw_book_ahead wanted = {0};
    for (const slow_entry *at = model->slow.entries; at < entry; at++) {
        if (at->symbol == symbol && at->side == entry->side && at->price == entry->price) {
            wanted.quantity.nano += at->quantity;
            wanted.order_count++;
        }
    }
    TW_ASSERT(ahead.quantity.nano == wanted.quantity.nano);
    TW_ASSERT(ahead.order_count == wanted.order_count);
}

/* All orders of a level stand in the order of their arrival. */
static inline void model_compare_queue(book_model *model, const slow_entry *first) {
    tw_book_level_place level =
        tw_book_level_first(model->book, first->symbol, (tw_side)first->side);
    tw_book_level_view view;
    for (tw_book_level_read(model->book, level, &view); view.price.nano != first->price;
         tw_book_level_read(model->book, level, &view))
        level = tw_book_level_next(model->book, level);
    tw_book_order_place place = tw_book_order_first(model->book, level);
    const slow_entry *end = model->slow.entries + model->slow.entry_count;
    for (const slow_entry *at = model->slow.entries; at < end; at++) {
        if (at->id == 0 || at->symbol != first->symbol || at->side != first->side ||
            at->price != first->price)
            continue;
        tw_book_view order;
        tw_book_order_read(model->book, place, &order);
        TW_ASSERT(order.id == at->id && order.quantity.nano == at->quantity);
        place = tw_book_order_next(model->book, place);
    }
    TW_ASSERT(place == TW_BOOK_NO_PLACE);
}

static inline void model_compare_whole(book_model *model) {
    tw_book_check(model->book);
    tw_book_anomalies anomalies;
    tw_book_anomalies_of(model->book, &anomalies);
    TW_ASSERT(memcmp(&anomalies, &model->slow.anomalies, sizeof anomalies) == 0);
    tw_book_usage usage;
    tw_book_usage_of(model->book, &usage);
    TW_ASSERT(usage.order_count == model->slow.order_count);
    TW_ASSERT(usage.level_count == slow_level_count(&model->slow));
    for (uint32_t i = 0; i < model->slow.entry_count; i += 7)
        model_compare_queue(model, &model->slow.entries[i]);
}

static inline void model_step(book_model *model, model_bytes *bytes) {
    book_model_op op = model_decode(model, bytes);
    const tw_level level = {.price = op.order.price,
                            .quantity = op.quantity,
                            .symbol = op.symbol,
                            .side = op.order.side,
                            .clear = op.id % 32 == 5};
    const tw_quote quote = {.bid_price = op.order.price,
                            .ask_price.nano =
                                (int64_t)((uint64_t)op.order.price.nano + op.id % 5 - 1),
                            .bid_size = op.order.quantity,
                            .ask_size = op.quantity,
                            .symbol = op.symbol};
    bool known = op.symbol < SLOW_SYMBOL_COUNT;
    tw_quote before = known ? slow_best(model, op.symbol) : (tw_quote){0};
    uint64_t revision = known ? tw_book_revision(model->book, op.symbol) : 0;
    tw_book_result result = {0};
    bool batched = op.batched && op.kind <= TW_EVENT_CLEAR;
    if (batched)
        op.order.tag = 0; /* events carry none */
    tw_status wanted = slow_apply(&model->slow, &op, &level, &quote);
    tw_status status = TW_OK;
    if (batched) {
        tw_order_event real = {.id = op.id,
                               .new_id = op.order.id,
                               .price = op.order.price,
                               .quantity = op.quantity,
                               .symbol = op.symbol,
                               .kind = op.kind,
                               .side = op.order.side};
        if (op.kind == TW_EVENT_ADD)
            real.id = op.order.id;
        if (op.kind == TW_EVENT_ADD || op.kind == TW_EVENT_REPLACE || op.kind == TW_EVENT_MODIFY)
            real.quantity = op.order.quantity;
        size_t done = tw_book_apply(model->book, &real, 1, &result);
        status = (tw_status)result.status;
        TW_ASSERT(done == (status == TW_OK));
    } else {
        status = real_apply(model->book, &op, &level, &quote);
    }
    TW_ASSERT(status == wanted);
    if (known) {
        tw_quote after = slow_best(model, op.symbol);
        tw_quote best;
        tw_book_best(model->book, op.symbol, &best);
        slow_cross(&model->slow, op.symbol, &after);
        TW_ASSERT(model_difference(&best, &after) == 0);
        TW_ASSERT(!batched || result.best_changed == model_difference(&before, &after));
        TW_ASSERT((tw_book_revision(model->book, op.symbol) > revision) ==
                  (model_difference(&before, &after) != 0));
        TW_ASSERT(tw_book_crossed(model->book, op.symbol) == model->slow.crossing[op.symbol]);
        model_compare_side(model, op.symbol, TW_SIDE_BUY);
        model_compare_side(model, op.symbol, TW_SIDE_SELL);
        model_compare_order(model, op.symbol, op.id);
        model_compare_order(model, op.symbol, op.order.id);
    }
    if (model->op_count++ % 64 == 0)
        model_compare_whole(model);
}

/* Runs the bytes on fresh books; returns how many changes they were. `model` is scratch memory. */
static inline uint32_t book_model_run(book_model *model, const uint8_t *data, size_t size,
                                      const tw_book_config *config) {
    memset(&model->slow, 0, sizeof model->slow);
    model->slow.config = *config;
    model->op_count = 0;
    model->book = NULL;
    tw_book_config with_tags = *config;
    with_tags.keep_tags = true;
    tw_status status = tw_book_new(NULL, &with_tags, &model->book);
    TW_ASSERT(status == TW_OK);
    model_bytes bytes = {data, size, 0};
    model->variant = model_byte(&bytes);
    while (bytes.used < size)
        model_step(model, &bytes);
    model_compare_whole(model);
    tw_book_free(model->book);
    return model->op_count;
}

#endif
