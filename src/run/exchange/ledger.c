/*
 * ledger.c - see ledger.h: accounts from their opening on, and orders as they are found. What
 * becomes of orders is order_life.c's.
 */
#include "ledger.h"

#include <stdio.h>
#include <string.h>

#include "fnv.h"
#include "holding.h"
#include "ledger_priv.h"

enum { ACTIVITIES_AN_ORDER = 2 }; /* kept, on the average */

/* Eight hexadecimal digits at once: each nibble gets a byte, then what makes it a letter. */
static void write_hex(uint64_t value, char *out) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = (value & 0xFFFF0000) << 16 | (value & 0xFFFF);
    x = (x << 8 & UINT64_C(0x00FF000000FF0000)) | (x & UINT64_C(0x000000FF000000FF));
    x = (x << 4 & UINT64_C(0x0F000F000F000F00)) | (x & UINT64_C(0x000F000F000F000F));
    uint64_t letters = (x + 6 * ones) >> 4 & ones;
    x += '0' * ones + ('a' - '0' - 10) * letters;
    for (int i = 0; i < 8; i++)
        out[i] = (char)(x >> (56 - 8 * i));
}

void uuid_write(tw_random *random, char *buffer) {
    uint64_t high = (tw_random_next(random) & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    uint64_t low = (tw_random_next(random) & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    char digits[32];
    write_hex(high >> 32, digits);
    write_hex(high & UINT32_MAX, digits + 8);
    write_hex(low >> 32, digits + 16);
    write_hex(low & UINT32_MAX, digits + 24);
    static const uint8_t sizes[] = {8, 4, 4, 4, 12};
    const char *from = digits;
    for (size_t i = 0; i < sizeof sizes; i++) {
        if (i > 0)
            *buffer++ = '-';
        memcpy(buffer, from, sizes[i]);
        buffer += sizes[i];
        from += sizes[i];
    }
    *buffer = '\0';
}

uint64_t text_hash(tw_slice text, uint64_t salt) {
    return fnv_bytes(FNV_BASIS ^ salt, text.data, text.size);
}

/* ---- life ---------------------------------------------------------------------------------- */

static size_t held_size(const account_ledger *ledger) {
    return (size_t)ledger->account_count * ledger->held_words;
}

static tw_status take_memory(account_ledger *ledger) {
    const tw_allocator *allocator = ledger->allocator;
    tw_map_config map = {.entry_initial = ledger->order_count_max,
                         .entry_max = ledger->order_count_max};
    ledger->orders = TW_NEW(allocator, ledger->order_count_max, ledger_order);
    ledger->accounts = TW_NEW(allocator, ledger->account_count, ledger_account);
    ledger->hard_to_borrow = TW_NEW(allocator, ledger->symbol_count, bool);
    ledger->pasts = TW_NEW(allocator, ledger->account_count, equity_past);
    ledger->held_words = (ledger->symbol_count + 63) / 64;
    ledger->held = TW_NEW(allocator, held_size(ledger), uint64_t);
    ledger->closes = TW_NEW(allocator, ledger->symbol_count, tw_price);
    ledger->last_closes = TW_NEW(allocator, ledger->symbol_count, tw_price);
    if (ledger->orders == NULL || ledger->accounts == NULL || ledger->pasts == NULL ||
        ledger->closes == NULL || ledger->last_closes == NULL || ledger->hard_to_borrow == NULL ||
        ledger->held == NULL)
        return TW_NO_MEMORY;
    for (uint32_t a = 0; a < ledger->account_count; a++) {
        ledger->accounts[a].holdings = TW_NEW(allocator, ledger->symbol_count, ledger_holding);
        if (ledger->accounts[a].holdings == NULL ||
            equity_past_init(&ledger->pasts[a], allocator) != TW_OK)
            return TW_NO_MEMORY;
    }
    tw_status status = tw_map_new(allocator, &map, &ledger->by_uuid);
    if (status == TW_OK)
        status = tw_map_new(allocator, &map, &ledger->by_client);
    return status == TW_OK
               ? activity_log_new(allocator, ACTIVITIES_AN_ORDER * ledger->order_count_max,
                                  &ledger->activities)
               : status;
}

static void open_account(account_ledger *ledger, uint32_t index, const ledger_opening *opening,
                         int64_t created_ns) {
    ledger_account *account = &ledger->accounts[index];
    TW_ASSERT(strlen(opening->key) < LEDGER_KEY_SIZE);
    TW_ASSERT(opening->closed || strlen(opening->secret) < LEDGER_KEY_SIZE);
    snprintf(account->key, sizeof account->key, "%s", opening->key);
    snprintf(account->secret, sizeof account->secret, "%s", opening->closed ? "" : opening->secret);
    snprintf(account->name, sizeof account->name, "%s", opening->name == NULL ? "" : opening->name);
    account->closed = opening->closed;
    account->no_shorting = opening->no_shorting;
    uuid_write(&ledger->random, account->id);
    account->index = index;
    account->created_ns = created_ns;
    account->multiplier_max = opening->multiplier_max == 0 ? 1 : opening->multiplier_max;
    account->settings =
        (account_settings){.multiplier_max = ACCOUNT_MULTIPLIER_MAX, .fractional_trading = true};
    account->cash = opening->cash;
    account->cash_start = opening->cash;
    account->last_equity = opening->cash;
    account->last_memo = opening->cash;
    account->close_memo = opening->cash;
    account->close_equity = opening->cash; /* of who comes after the close */
    account_note_opening(ledger, account);
}

tw_status ledger_new(const tw_allocator *allocator, const ledger_config *config,
                     const tw_symbols *symbols, ledger_on_update on_update, void *context,
                     account_ledger **ret_ledger) {
    TW_ASSERT(config->account_count >= 1 && config->account_count <= LEDGER_ACCOUNT_COUNT_MAX);
    account_ledger *ledger = TW_NEW(allocator, 1, account_ledger);
    if (ledger == NULL)
        return TW_NO_MEMORY;
    ledger->allocator = allocator;
    ledger->symbols = symbols;
    ledger->symbol_count = tw_symbols_count(symbols);
    ledger->order_count_max = config->order_count_max;
    ledger->account_count = config->account_count;
    ledger->on_update = on_update;
    ledger->context = context;
    ledger->seed = config->seed;
    ledger_new_ids(ledger, 0);
    tw_status status = take_memory(ledger);
    if (status != TW_OK) {
        ledger_free(ledger);
        return status;
    }
    for (uint32_t a = 0; a < ledger->account_count; a++)
        open_account(ledger, a, &config->openings[a], config->created_ns);
    *ret_ledger = ledger;
    return TW_OK;
}

void ledger_new_ids(account_ledger *ledger, uint64_t count) {
    tw_random_init(&ledger->random, ledger->seed, UINT64_C(0x6c6564676572) + count);
}

void ledger_free(account_ledger *ledger) {
    if (ledger == NULL)
        return;
    TW_DELETE(ledger->allocator, ledger->orders, ledger->order_count_max, ledger_order);
    for (uint32_t a = 0; ledger->accounts != NULL && a < ledger->account_count; a++)
        TW_DELETE(ledger->allocator, ledger->accounts[a].holdings, ledger->symbol_count,
                  ledger_holding);
    for (uint32_t a = 0; ledger->pasts != NULL && a < ledger->account_count; a++)
        equity_past_done(&ledger->pasts[a]);
    TW_DELETE(ledger->allocator, ledger->pasts, ledger->account_count, equity_past);
    TW_DELETE(ledger->allocator, ledger->accounts, ledger->account_count, ledger_account);
    TW_DELETE(ledger->allocator, ledger->hard_to_borrow, ledger->symbol_count, bool);
    TW_DELETE(ledger->allocator, ledger->held, held_size(ledger), uint64_t);
    TW_DELETE(ledger->allocator, ledger->closes, ledger->symbol_count, tw_price);
    TW_DELETE(ledger->allocator, ledger->last_closes, ledger->symbol_count, tw_price);
    activity_log_free(ledger->activities);
    tw_map_free(ledger->by_uuid);
    tw_map_free(ledger->by_client);
    TW_DELETE(ledger->allocator, ledger, 1, account_ledger);
}

void ledger_set_floor(account_ledger *ledger, trading_floor *floor) {
    ledger->floor = floor;
    account_day_open(ledger);
}

void ledger_set_hard_to_borrow(account_ledger *ledger, tw_symbol symbol) {
    TW_ASSERT(symbol < ledger->symbol_count);
    ledger->hard_to_borrow[symbol] = true;
}

bool ledger_is_hard_to_borrow(const account_ledger *ledger, tw_symbol symbol) {
    TW_ASSERT(symbol < ledger->symbol_count);
    return ledger->hard_to_borrow[symbol];
}

uint32_t ledger_account_count(const account_ledger *ledger) {
    return ledger->account_count;
}

ledger_account *ledger_account_at(account_ledger *ledger, uint32_t index) {
    TW_ASSERT(index < ledger->account_count);
    return &ledger->accounts[index];
}

/* ---- positions ----------------------------------------------------------------------------- */

void account_note_holding(account_ledger *ledger, const ledger_account *account, tw_symbol symbol) {
    uint64_t *word = &ledger->held[(size_t)account->index * ledger->held_words + symbol / 64];
    uint64_t bit = UINT64_C(1) << (symbol % 64);
    *word = account->holdings[symbol].quantity.nano != 0 ? *word | bit : *word & ~bit;
}

const uint64_t *account_held(const account_ledger *ledger, const ledger_account *account) {
    return &ledger->held[(size_t)account->index * ledger->held_words];
}

tw_status ledger_endow(account_ledger *ledger, ledger_account *account, tw_symbol symbol,
                       tw_quantity quantity, tw_price price) {
    ledger_holding *holding = &account->holdings[symbol];
    tw_money value = {0};
    TW_ASSERT(symbol < ledger->symbol_count);
    tw_status status = tw_notional(price, quantity, &value);
    if (status != TW_OK)
        return status;
    if (value.nano > account->cash.nano)
        return TW_LIMIT;
    account->cash.nano -= value.nano;
    holding->quantity.nano += quantity.nano;
    holding->cost.nano += value.nano;
    holding->day_cost.nano += value.nano;
    account->day_start_value.nano += value.nano;
    bool margin = account->multiplier_max > 1;
    account->last_maintenance_margin.nano +=
        margin ? account_maintenance(price, quantity).nano : value.nano;
    account->last_memo.nano -= value.nano / 2;
    account->close_maintenance_margin = account->last_maintenance_margin;
    account->close_memo = account->last_memo;
    account_note_holding(ledger, account, symbol);
    return TW_OK;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* Compares without stopping at the first difference, so that time tells nothing. */
static bool equal_secretly(tw_slice given, const char *expected) {
    size_t size = strlen(expected);
    unsigned difference = given.size != size;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned)(expected[i] ^ (i < given.size ? given.data[i] : 0));
    return difference == 0;
}

/* Looks at every account, so that time tells nothing of which it was either. */
ledger_account *ledger_authenticate(account_ledger *ledger, tw_slice key, tw_slice secret) {
    ledger_account *found = NULL;
    for (uint32_t a = 0; a < ledger->account_count; a++) {
        bool key_matches = equal_secretly(key, ledger->accounts[a].key);
        bool secret_matches = equal_secretly(secret, ledger->accounts[a].secret);
        if (key_matches && secret_matches && !ledger->accounts[a].closed)
            found = &ledger->accounts[a];
    }
    return found;
}

/* ---- finding ------------------------------------------------------------------------------- */

const ledger_order *ledger_find(const account_ledger *ledger, const ledger_account *account,
                                tw_slice uuid) {
    uint64_t at = 0;
    if (!tw_map_get(ledger->by_uuid, text_hash(uuid, 0), &at))
        return NULL;
    while (at != 0) {
        const ledger_order *order = &ledger->orders[at - 1];
        if (tw_slice_equal_string(uuid, order->order.venue_order_id) &&
            ledger_owns(ledger, account, order))
            return order;
        at = order->next_same_uuid;
    }
    return NULL;
}

const ledger_order *ledger_find_client(const account_ledger *ledger, const ledger_account *account,
                                       tw_slice client_order_id) {
    uint64_t at = 0;
    if (!tw_map_get(ledger->by_client, text_hash(client_order_id, 1), &at))
        return NULL;
    while (at != 0) {
        const ledger_order *order = &ledger->orders[at - 1];
        if (tw_slice_equal_string(client_order_id, order->order.client_order_id) &&
            ledger_owns(ledger, account, order))
            return order;
        at = order->next_same_client;
    }
    return NULL;
}

const activity_log *ledger_activities(const account_ledger *ledger) {
    return ledger->activities;
}

const char *account_check_name(uint8_t check) {
    static const char *const names[ACCOUNT_CHECK_COUNT] = {"entry", "exit", "both"};
    TW_ASSERT(check < ACCOUNT_CHECK_COUNT);
    return names[check];
}

const ledger_order *ledger_orders(const account_ledger *ledger, uint32_t *ret_count) {
    *ret_count = ledger->order_count;
    return ledger->orders;
}

const ledger_order *ledger_order_at(const account_ledger *ledger, uint32_t number) {
    TW_ASSERT(number <= ledger->order_count);
    return number == 0 ? NULL : &ledger->orders[number - 1];
}

bool ledger_owns(const account_ledger *ledger, const ledger_account *account,
                 const ledger_order *order) {
    return account == &ledger->accounts[order->account];
}

/* ---- reading ------------------------------------------------------------------------------- */

static void check_symbol(const account_ledger *ledger, const ledger_account *account,
                         tw_symbol symbol) {
    const ledger_holding *holding = &account->holdings[symbol];
    int64_t shares = 0;
    int64_t sells = 0;
    int64_t buys = 0;
    for (uint32_t i = 0; i < ledger->order_count; i++) {
        const ledger_order *order = &ledger->orders[i];
        if (order->order.symbol != symbol || !ledger_owns(ledger, account, order))
            continue;
        shares += order->holds_shares ? order->reserved_nano : 0;
        sells += order->order.side == TW_SIDE_SELL ? order->counted_nano : 0;
        buys += order->order.side == TW_SIDE_BUY ? order->counted_nano : 0;
    }
    TW_ASSERT(shares == holding->reserved.nano);
    TW_ASSERT(sells == holding->open_sells.nano && buys == holding->open_buys.nano);
    int64_t whole = holding->quantity.nano < 0 ? -holding->quantity.nano : holding->quantity.nano;
    TW_ASSERT(holding->reserved.nano >= 0 && whole >= holding->reserved.nano);
}

static void check_account(const account_ledger *ledger, const ledger_account *account) {
    int64_t money = 0;
    for (uint32_t i = 0; i < ledger->order_count; i++) {
        const ledger_order *order = &ledger->orders[i];
        bool final = tw_order_status_is_final((tw_order_status)order->order.status);
        if (!ledger_owns(ledger, account, order))
            continue;
        TW_ASSERT(order->reserved_nano == (final ? 0 : order_needs(order)));
        money += order->holds_shares ? 0 : order->reserved_nano;
    }
    TW_ASSERT(money == account->reserved.nano);
    bool margin = account->multiplier_max > 1;
    TW_ASSERT(margin || account->cash.nano >= account->reserved.nano);
    for (tw_symbol s = 0; s < ledger->symbol_count; s++) {
        int64_t quantity = account->holdings[s].quantity.nano;
        TW_ASSERT(margin || quantity >= 0);
        TW_ASSERT((account_held(ledger, account)[s / 64] >> (s % 64) & 1) == (quantity != 0));
        check_symbol(ledger, account, s);
    }
}

void ledger_check(const account_ledger *ledger) {
    for (uint32_t a = 0; a < ledger->account_count; a++)
        check_account(ledger, &ledger->accounts[a]);
}
