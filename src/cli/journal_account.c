/*
 * journal_account.c - a fold over the journal.
 *
 *     position* account       what a run found: who is not named is not held
 *     fill                    shares and money
 *     difference              the venue's figure is taken over
 *     targets                 the newest weight of a symbol
 *
 * Invariant: between two entries that are read, cash and quantities are what the engine held after
 * writing the first.
 */
#include "journal_account.h"

#include <math.h>
#include <stdint.h>

#include "journal_fields.h"

typedef struct account_reading {
    tw_store *store;
    const tw_symbols *symbols;
    journal_account *account;
    tw_json_reader *reader;
    tw_error *error;
} account_reading;

enum {
    FIELD_SYMBOL,
    FIELD_SIDE,
    FIELD_QUANTITY,
    FIELD_PRICE,
    FIELD_VENUE,
    FIELD_AVERAGE,
    FIELD_CASH,
    FIELD_COUNT
};

/* ---- entries ------------------------------------------------------------------------------- */

static journal_holding *holding_of(const account_reading *reading, const journal_field *fields) {
    tw_symbol symbol = tw_symbols_find(reading->symbols, fields[FIELD_SYMBOL].text);
    return symbol < reading->account->count ? &reading->account->holdings[symbol] : NULL;
}

/* What the venue says of one position. */
static void take_over(const account_reading *reading, const journal_field *fields, bool named) {
    journal_holding *holding = holding_of(reading, fields);
    if (holding == NULL)
        return;
    holding->quantity.nano = journal_field_decimal(&fields[FIELD_VENUE], 0);
    holding->average.nano = journal_field_decimal(&fields[FIELD_AVERAGE], 0);
    holding->named = named;
}

/* The list of positions is complete. */
static void begin_account(const account_reading *reading, const journal_field *fields) {
    journal_account *account = reading->account;
    for (uint32_t i = 0; i < account->count; i++) {
        journal_holding *holding = &account->holdings[i];
        if (!holding->named)
            holding->quantity.nano = holding->average.nano = 0;
        holding->named = false;
    }
    account->cash.nano = journal_field_decimal(&fields[FIELD_CASH], 0);
    account->known = true;
}

static tw_status too_much(const account_reading *reading) {
    return tw_error_set(reading->error, TW_OVERFLOW,
                        "what the fills of the journal add up to is "
                        "beyond 9.2 billion");
}

/* The entry price after a buy: what was held and what is bought, averaged. */
static tw_status average_in(journal_holding *holding, int64_t value_nano, int64_t quantity_nano) {
    int64_t held = 0;
    int64_t whole = 0;
    if (holding->quantity.nano > 0 && holding->average.nano == 0)
        return TW_OK; /* not known, and a buy does not tell it */
    tw_status status = tw_decimal_multiply(holding->average.nano, holding->quantity.nano,
                                           TW_ROUND_HALF_EVEN, &held);
    if (status == TW_OK)
        status = tw_decimal_add(held, value_nano, &held);
    if (status == TW_OK)
        status = tw_decimal_add(holding->quantity.nano, quantity_nano, &whole);
    if (status == TW_OK && whole > 0)
        status = tw_decimal_divide(held, whole, TW_ROUND_HALF_EVEN, &holding->average.nano);
    return status;
}

static tw_status apply_fill(const account_reading *reading, const journal_field *fields) {
    journal_account *account = reading->account;
    journal_holding *holding = holding_of(reading, fields);
    int64_t quantity = journal_field_decimal(&fields[FIELD_QUANTITY], 0);
    int64_t price = journal_field_decimal(&fields[FIELD_PRICE], 0);
    bool buy = tw_slice_equal_string(fields[FIELD_SIDE].text, "buy");
    int64_t value = 0;
    if (holding == NULL)
        return TW_OK;
    tw_status status = tw_decimal_multiply(price, quantity, TW_ROUND_HALF_EVEN, &value);
    if (status == TW_OK && buy)
        status = average_in(holding, value, quantity);
    if (status == TW_OK)
        status = tw_decimal_add(holding->quantity.nano, buy ? quantity : -quantity,
                                &holding->quantity.nano);
    if (status == TW_OK)
        status = tw_decimal_add(account->cash.nano, buy ? -value : value, &account->cash.nano);
    if (holding->quantity.nano == 0)
        holding->average.nano = 0;
    return status == TW_OK ? TW_OK : too_much(reading);
}

static void take_difference(const account_reading *reading, const journal_field *fields) {
    if (fields[FIELD_CASH].text.size == 0)
        take_over(reading, fields, false);
    else
        reading->account->cash.nano = journal_field_decimal(&fields[FIELD_VENUE], 0);
}

/* ---- targets ------------------------------------------------------------------------------- */

static tw_status take_target(void *context, tw_slice key, tw_json_value *value) {
    const account_reading *reading = context;
    tw_symbol symbol = tw_symbols_find(reading->symbols, key);
    tw_slice text;
    double weight = 0.0;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK)
        status = tw_parse_double(text, &weight);
    if (status == TW_OK && symbol < reading->account->count)
        reading->account->holdings[symbol].target_nano = llround(weight * (double)TW_NANO);
    return status;
}

static tw_status take_targets(void *context, tw_json_value *value) {
    return tw_json_each_field(value, take_target, context);
}

/* ---- the fold ------------------------------------------------------------------------------ */

static tw_status apply(const account_reading *reading, tw_slice kind, const journal_field *fields) {
    if (tw_slice_equal_string(kind, "position"))
        take_over(reading, fields, true);
    else if (tw_slice_equal_string(kind, "account"))
        begin_account(reading, fields);
    else if (tw_slice_equal_string(kind, "difference"))
        take_difference(reading, fields);
    else
        return apply_fill(reading, fields);
    return TW_OK;
}

static bool is_about_account(tw_slice kind) {
    static const char *const kinds[] = {"position", "account", "difference", "fill"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (tw_slice_equal_string(kind, kinds[i]))
            return true;
    }
    return false;
}

static tw_status on_record(void *context, const tw_store_record *record) {
    account_reading *reading = context;
    journal_field fields[FIELD_COUNT] = {
        [FIELD_SYMBOL] = {.key = "symbol"},     [FIELD_SIDE] = {.key = "side"},
        [FIELD_QUANTITY] = {.key = "quantity"}, [FIELD_PRICE] = {.key = "price"},
        [FIELD_VENUE] = {.key = "venue"},       [FIELD_AVERAGE] = {.key = "average"},
        [FIELD_CASH] = {.key = "cash"},
    };
    if (tw_slice_equal_string(record->kind, "targets"))
        return tw_json_read(reading->reader, record->payload, take_targets, reading,
                            reading->error);
    if (!is_about_account(record->kind))
        return TW_OK;
    tw_status status =
        journal_fields_read(reading->reader, record->payload, fields, FIELD_COUNT, reading->error);
    if (status == TW_OK)
        status = apply(reading, record->kind, fields);
    reading->account->time_ns = record->time_ns;
    return status;
}

/* ---- marks --------------------------------------------------------------------------------- */

static tw_status on_trade(void *context, const tw_trade *trade) {
    journal_holding *holding = context;
    holding->mark = trade->price;
    holding->mark_ns = trade->time_ns;
    return TW_OK;
}

/* The last of the newest trades of a symbol. */
static tw_status mark(tw_store *store, tw_symbol symbol, journal_holding *holding,
                      tw_error *error) {
    int64_t newest_ns = 0;
    tw_status status = tw_store_last_trade(store, symbol, &newest_ns, error);
    if (status == TW_EMPTY)
        return TW_OK;
    if (status != TW_OK)
        return status;
    tw_store_range range = {.from_ns = newest_ns, .to_ns = newest_ns + 1, .symbol = symbol};
    return tw_store_read_trades(store, &range, on_trade, holding, error);
}

static tw_status value_all(const account_reading *reading, tw_error *error) {
    journal_account *account = reading->account;
    tw_status status = TW_OK;
    account->equity = account->cash;
    account->marked = true;
    for (tw_symbol s = 0; status == TW_OK && s < account->count; s++) {
        journal_holding *holding = &account->holdings[s];
        tw_money value = {0};
        if (holding->quantity.nano == 0 && holding->target_nano <= 0)
            continue;
        status = mark(reading->store, s, holding, error);
        if (status != TW_OK || holding->quantity.nano == 0)
            continue;
        account->marked = account->marked && holding->mark.nano > 0;
        if (tw_notional(holding->mark, holding->quantity, &value) != TW_OK ||
            tw_decimal_add(account->equity.nano, value.nano, &account->equity.nano) != TW_OK)
            status = tw_error_set(error, TW_OVERFLOW, "the account is worth more than 9.2 billion");
    }
    return status;
}

static tw_status read_all(void *context, tw_error *error) {
    account_reading *reading = context;
    reading->error = error;
    tw_status status = tw_store_read_journal(reading->store, 1, on_record, reading, error);
    return status == TW_OK ? value_all(reading, error) : status;
}

tw_status journal_account_read(tw_store *store, const tw_symbols *symbols,
                               journal_account *ret_account, tw_error *error) {
    account_reading reading = {.store = store, .symbols = symbols, .account = ret_account};
    *ret_account = (journal_account){.count = tw_symbols_count(symbols)};
    if (ret_account->count == 0)
        return TW_OK;
    ret_account->holdings = TW_NEW(NULL, ret_account->count, journal_holding);
    if (ret_account->holdings == NULL ||
        tw_json_reader_new(NULL, JOURNAL_PAYLOAD_SIZE_MAX, &reading.reader) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for %u symbols", ret_account->count);
    for (uint32_t i = 0; i < ret_account->count; i++)
        ret_account->holdings[i].target_nano = -1;
    tw_status status = tw_store_read_together(store, read_all, &reading, error);
    tw_json_reader_free(reading.reader);
    return status;
}

void journal_account_done(journal_account *account) {
    TW_DELETE(NULL, account->holdings, account->count, journal_holding);
    *account = (journal_account){0};
}
