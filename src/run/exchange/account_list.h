/*
 * account_list.h - who has an account: a text file with one account a line.
 *
 *     # key     secret     what differs from the rest
 *     PKALICE   s3cret-1   cash=250000 name=alice
 *     PKBOB     s3cret-2   cash=5000 multiplier=2 shorting=no
 *
 * Words are separated by blanks; "#" at the start of a word begins a comment. A key has letters,
 * digits, ".", "-" and "_" (HTTP Basic ends it at a colon), a secret any visible characters; both
 * have at most 63, and no two accounts have the same key.
 *
 * A file that others than its owner may read is refused, since it has secrets. No message and no
 * answer ever has one.
 *
 * Memory: the caller's; about 13 kB, to be wiped with account_list_wipe. Threads: pure, but for the
 * file.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ACCOUNT_LIST_H
#define TRADEWIND_RUN_EXCHANGE_ACCOUNT_LIST_H

#include "ledger.h"
#include "tradewind/error.h"

enum { ACCOUNT_LIST_SIZE_MAX = 64 * 1024 };

typedef struct account_entry {
    char key[LEDGER_KEY_SIZE];
    char secret[LEDGER_KEY_SIZE];
    char name[LEDGER_KEY_SIZE]; /* empty: none */
    tw_money cash;
    int64_t multiplier_max;
    bool no_shorting;
} account_entry;

typedef struct account_list {
    account_entry entries[LEDGER_ACCOUNT_COUNT_MAX];
    uint32_t count;
} account_list;

/* Reads the text of a file, whose name errors tell; `defaults` has the cash and the multiplier of
 * who does not say. TW_PARSE with line and column, also for a key that was there; TW_RANGE for an
 * amount that cannot be, for too many accounts or bytes. */
tw_status account_list_parse(const char *name, tw_slice text, const account_entry *defaults,
                             account_list *ret_list, tw_error *error) TW_MUST_CHECK;

/* The same of a file. TW_PERMISSION when others may read it; else what the system said. */
tw_status account_list_read(const char *path, const account_entry *defaults, account_list *ret_list,
                            tw_error *error) TW_MUST_CHECK;

/* The entry with a key; NULL when there is none. */
const account_entry *account_list_find(const account_list *list, const char *key);

/* Leaves nothing of the secrets in memory. */
void account_list_wipe(account_list *list);

#endif
