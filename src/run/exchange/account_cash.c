/*
 * account_cash.c - cash that comes and goes without a trade: what an account begins with, and what
 * is paid in and out while it runs. Each is an activity: CSD in, CSW out.
 */
#include <string.h>

#include "account_day.h"
#include "ledger_priv.h"

static void note(account_ledger *ledger, const ledger_account *account, int64_t amount_nano,
                 int64_t time_ns, const char *uuid) {
    account_activity activity = {.time_ns = time_ns,
                                 .amount_nano = amount_nano,
                                 .account = account->index,
                                 .kind = amount_nano < 0 ? ACTIVITY_WITHDRAWAL : ACTIVITY_DEPOSIT};
    memcpy(activity.uuid, uuid, sizeof activity.uuid);
    activity_log_put(ledger->activities, &activity);
}

void account_note_opening(account_ledger *ledger, const ledger_account *account) {
    note(ledger, account, account->cash_start.nano, account->created_ns, account->id);
}

/* Neither what is held for orders nor what positions need goes out, nor what is not there in cash.
 */
static int64_t withdrawable(const account_ledger *ledger, const ledger_account *account) {
    account_figures figures;
    account_figures_of(ledger, account, &figures);
    int64_t spare = figures.non_marginable_buying_power.nano; /* what is held is off it */
    int64_t cash = account->cash.nano > 0 ? account->cash.nano : 0;
    return spare < cash ? spare : cash;
}

static tw_status check(const account_ledger *ledger, const ledger_account *account,
                       int64_t amount_nano, ledger_refusal *refusal) {
    if (account->closed)
        return refuse(refusal, 422, CODE_RULE, "account is closed");
    if (amount_nano == 0)
        return refuse(refusal, 422, CODE_REQUEST, "amount must not be 0");
    if (amount_nano > ACCOUNT_CASH_NANO_MAX - account->cash.nano)
        return refuse(refusal, 422, CODE_REQUEST, "an account has at most %lld dollars",
                      (long long)(ACCOUNT_CASH_NANO_MAX / TW_NANO));
    int64_t most = withdrawable(ledger, account);
    if (amount_nano >= 0 || amount_nano >= -most)
        return TW_OK;
    char text[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(most, text);
    (void)refuse(refusal, 403, CODE_FUNDS, "insufficient cash to withdraw");
    refusal_detail(refusal, "available", text);
    return TW_REFUSED;
}

tw_status ledger_move_cash(account_ledger *ledger, ledger_account *account, tw_money amount,
                           ledger_refusal *ret_refusal) {
    char uuid[TW_VENUE_ORDER_ID_SIZE];
    ledger_turn_day(ledger);
    tw_status status = check(ledger, account, amount.nano, ret_refusal);
    if (status != TW_OK)
        return status;
    account->cash.nano += amount.nano;
    uuid_write(&ledger->random, uuid);
    note(ledger, account, amount.nano, floor_now(ledger->floor), uuid);
    return TW_OK;
}
