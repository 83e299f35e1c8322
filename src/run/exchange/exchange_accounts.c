/*
 * exchange_accounts.c - who trades on this exchange: the configured account or those of a file, and
 * those of a former run.
 *
 *     in the file of accounts   in the state   the account
 *     yes                       yes            goes on as it was
 *     yes                       no             begins, behind all others
 *     no                        yes            is closed: nobody comes in, its orders are
 * cancelled; it goes on when a later run names it again
 *
 * Accounts of the state keep their places, which orders, activities and watchlists know them by.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "account_list.h"
#include "exchange_priv.h"

/* What the ledger begins with, and what it is made of. */
typedef struct roster {
    account_list list;
    state_keys kept;
    ledger_opening openings[LEDGER_ACCOUNT_COUNT_MAX];
    uint32_t count;
} roster;

static tw_status read_list(const tw_exchange_config *config, account_list *list, tw_error *error) {
    account_entry entry = {.cash = config->cash, .multiplier_max = config->multiplier_max};
    if (config->accounts != NULL)
        return account_list_read(config->accounts, &entry, list, error);
    snprintf(entry.key, sizeof entry.key, "%s", config->key);
    snprintf(entry.secret, sizeof entry.secret, "%s", config->secret);
    list->entries[0] = entry;
    list->count = 1;
    return TW_OK;
}

static tw_status add(roster *all, const ledger_opening *opening, const tw_exchange_config *config,
                     tw_error *error) {
    if (all->count == LEDGER_ACCOUNT_COUNT_MAX)
        return tw_error_set(error, TW_FULL,
                            "%s: with those of the state there are more than %d "
                            "accounts",
                            config->accounts, LEDGER_ACCOUNT_COUNT_MAX);
    all->openings[all->count++] = *opening;
    return TW_OK;
}

static ledger_opening opening_of(const account_entry *entry) {
    return (ledger_opening){.key = entry->key,
                            .secret = entry->secret,
                            .cash = entry->cash,
                            .multiplier_max = entry->multiplier_max,
                            .name = entry->name,
                            .no_shorting = entry->no_shorting};
}

static bool is_kept(const state_keys *kept, const char *key) {
    for (uint32_t i = 0; i < kept->count; i++)
        if (strcmp(kept->keys[i], key) == 0)
            return true;
    return false;
}

static tw_status make_roster(roster *all, const tw_exchange_config *config, tw_error *error) {
    const account_list *list = &all->list;
    tw_status status = TW_OK;
    for (uint32_t i = 0; status == TW_OK && i < all->kept.count; i++) {
        const account_entry *entry = account_list_find(list, all->kept.keys[i]);
        ledger_opening opening = {
            .key = all->kept.keys[i], .multiplier_max = 1, .name = "", .closed = true};
        if (entry != NULL)
            opening = opening_of(entry);
        status = add(all, &opening, config, error);
    }
    for (uint32_t i = 0; status == TW_OK && i < list->count; i++) {
        ledger_opening opening = opening_of(&list->entries[i]);
        if (!is_kept(&all->kept, opening.key))
            status = add(all, &opening, config, error);
    }
    return status;
}

/* Without a file of accounts nobody is closed by mistake. */
static tw_status check_kept(const roster *all, const tw_exchange_config *config, tw_error *error) {
    bool same = all->kept.count == 0 ||
                (all->kept.count == 1 && strcmp(all->kept.keys[0], config->key) == 0);
    if (config->accounts != NULL || same)
        return TW_OK;
    return tw_error_set(error, TW_INVALID,
                        "the state was kept for other accounts: name the file that has them");
}

static tw_status make_ledger(tw_exchange *exchange, const roster *all, ledger_on_update on_update,
                             tw_error *error) {
    ledger_config ledger = {
        .seed = exchange->config.seed,
        .order_count_max = exchange->config.order_count_max,
        .created_ns = exchange->start_ns,
        .openings = all->openings,
        .account_count = all->count,
    };
    tw_status status = ledger_new(exchange->allocator, &ledger, exchange->symbols, on_update,
                                  exchange, &exchange->ledger);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the accounts");
    return TW_OK;
}

tw_status exchange_open_accounts(tw_exchange *exchange, ledger_on_update on_update,
                                 tw_error *error) {
    const tw_exchange_config *config = &exchange->config;
    roster *all = TW_NEW(exchange->allocator, 1, roster);
    if (all == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the accounts");
    tw_status status = read_list(config, &all->list, error);
    if (status == TW_OK && exchange->state != NULL)
        status = exchange_state_keys(exchange->state, &all->kept, error);
    if (status == TW_OK)
        status = check_kept(all, config, error);
    if (status == TW_OK)
        status = make_roster(all, config, error);
    if (status == TW_OK)
        status = make_ledger(exchange, all, on_update, error);
    exchange->kept_account_count = all->kept.count;
    account_list_wipe(&all->list);
    TW_DELETE(exchange->allocator, all, 1, roster);
    return status;
}

/* ---- what they begin with ------------------------------------------------------------------ */

/* What a holding is worth as the market opens: the mid of the book, else the last close. */
static tw_price opening_price(const tw_exchange *exchange, tw_symbol symbol) {
    tw_quote quote;
    floor_quote(exchange->floor, symbol, &quote);
    if (quote.bid_size.nano <= 0 || quote.ask_size.nano <= 0)
        return daily_history_last(exchange->history, symbol);
    return (tw_price){quote.bid_price.nano + (quote.ask_price.nano - quote.bid_price.nano) / 2};
}

/* Buys equal parts of all symbols at the opening, in whole shares, without a trade. */
static tw_status endow(tw_exchange *exchange, ledger_account *account) {
    uint32_t n = tw_symbols_count(exchange->symbols);
    double part = tw_decimal_to_double(account->cash.nano) * exchange->config.invested / n;
    tw_status status = TW_OK;
    for (tw_symbol s = 0; status == TW_OK && s < n; s++) {
        tw_price price = opening_price(exchange, s);
        if (price.nano <= 0)
            continue;
        double shares = floor(part / tw_decimal_to_double(price.nano));
        status = shares > (double)(INT64_MAX / TW_NANO)
                     ? TW_OVERFLOW
                     : ledger_endow(exchange->ledger, account, s,
                                    (tw_quantity){(int64_t)shares * TW_NANO}, price);
    }
    return status;
}

tw_status exchange_endow_accounts(tw_exchange *exchange, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t a = exchange->kept_account_count;
         status == TW_OK && a < ledger_account_count(exchange->ledger); a++)
        status = endow(exchange, ledger_account_at(exchange->ledger, a));
    if (status != TW_OK)
        tw_error_set(error, status, "an account's holdings are out of range");
    return status;
}

/* ---- telling ------------------------------------------------------------------------------- */

uint32_t tw_exchange_account_count(const tw_exchange *exchange) {
    return ledger_account_count(exchange->ledger);
}

void tw_exchange_account_at(const tw_exchange *exchange, uint32_t index,
                            tw_exchange_account *ret_account) {
    const ledger_account *account = ledger_account_at(exchange->ledger, index);
    *ret_account = (tw_exchange_account){
        .cash = account->cash,
        .multiplier_max = (uint32_t)account->multiplier_max,
        .kept = index < exchange->kept_account_count,
        .closed = account->closed,
    };
    snprintf(ret_account->key, sizeof ret_account->key, "%s", account->key);
    snprintf(ret_account->name, sizeof ret_account->name, "%s", account->name);
}
