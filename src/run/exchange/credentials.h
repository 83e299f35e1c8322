/*
 * credentials.h - whose request this is, as Alpaca lets one say it:
 *
 *     APCA-API-KEY-ID: KEY                      the two headers, or ...
 *     APCA-API-SECRET-KEY: SECRET
 *     Authorization: Basic BASE64(KEY:SECRET)   ... HTTP Basic (RFC 7617)
 *
 * Who uses both ways at once is nobody, whatever they say. Bearer tokens, which apps of others get
 * through OAuth, are given to nobody here.
 *
 * Threads: pure readers. The time taken tells nothing of a key or a secret.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_CREDENTIALS_H
#define TRADEWIND_RUN_EXCHANGE_CREDENTIALS_H

#include "ledger.h"
#include "tradewind/http.h"

/* The account, or NULL. `*ret_presented`, if not NULL, tells whether the request said anything. */
ledger_account *credentials_account(account_ledger *ledger, const tw_http_request *request,
                                    bool *ret_presented);

/* Reads "Basic BASE64(KEY:SECRET)" into `buffer`, of which key and secret are parts; false when it
 * is not that or has more than CREDENTIALS_SIZE_MAX bytes. */
#define CREDENTIALS_SIZE_MAX (2 * LEDGER_KEY_SIZE - 1) /* two of the longest and a colon */
bool credentials_read_basic(tw_slice text, char buffer[CREDENTIALS_SIZE_MAX + 3], tw_slice *ret_key,
                            tw_slice *ret_secret);

#endif
