/*
 * routes_accounts.c - the accounts, seen from outside: told without their secrets, and given and
 * taken cash.
 *
 *     GET  /sim/accounts
 *     POST /sim/accounts/{key}/cash?amount=-250.50
 */
#include <string.h>

#include "account_power.h"
#include "exchange_priv.h"
#include "query.h"

static void write_money(tw_text *text, const char *name, int64_t nano) {
    char decimal[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, decimal);
    tw_text_append_format(text, ",\"%s\":\"%s\"", name, decimal);
}

static void write_account(exchange_call *call, const ledger_account *account) {
    account_figures figures;
    tw_text *text = &call->exchange->body;
    account_figures_of(call->exchange->ledger, account, &figures);
    tw_text_append_string(text, "{\"key\":");
    tw_text_append_json(text, tw_slice_of(account->key));
    tw_text_append_string(text, ",\"name\":");
    tw_text_append_json(text, tw_slice_of(account->name));
    tw_text_append_format(text, ",\"id\":\"%s\",\"status\":\"%s\"", account->id,
                          account->closed ? "ACCOUNT_CLOSED" : "ACTIVE");
    write_money(text, "cash", account->cash.nano);
    write_money(text, "equity", figures.equity.nano);
    write_money(text, "buying_power", figures.buying_power.nano);
    tw_text_append_format(text, ",\"multiplier\":\"%lld\",\"shorting_enabled\":%s}",
                          (long long)figures.multiplier,
                          figures.shorting_enabled ? "true" : "false");
}

void route_accounts(exchange_call *call) {
    account_ledger *ledger = call->exchange->ledger;
    tw_text_append_char(&call->exchange->body, '[');
    for (uint32_t a = 0; a < ledger_account_count(ledger); a++) {
        if (a > 0)
            tw_text_append_char(&call->exchange->body, ',');
        write_account(call, ledger_account_at(ledger, a));
    }
    tw_text_append_char(&call->exchange->body, ']');
    answer_body(call, 200);
}

static ledger_account *find_account(account_ledger *ledger, const char *key) {
    for (uint32_t a = 0; a < ledger_account_count(ledger); a++)
        if (strcmp(ledger_account_at(ledger, a)->key, key) == 0)
            return ledger_account_at(ledger, a);
    return NULL;
}

void route_account_cash(exchange_call *call) {
    account_ledger *ledger = call->exchange->ledger;
    ledger_account *account = find_account(ledger, call->names[0]);
    ledger_refusal refusal;
    tw_money amount = {0};
    if (account == NULL) {
        answer_error(call, 404, CODE_NOT_FOUND, "account not found for %s", call->names[0]);
        return;
    }
    if (tw_decimal_parse(query_text(call, "amount"), &amount.nano) != TW_OK) {
        answer_error(call, 422, CODE_REQUEST,
                     "amount must be dollars, below 0 to take some out, like 2500 or -250.50");
        return;
    }
    if (ledger_move_cash(ledger, account, amount, &refusal) != TW_OK) {
        answer_refusal(call, &refusal);
        return;
    }
    write_account(call, account);
    answer_body(call, 200);
}
