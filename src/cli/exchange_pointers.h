/* exchange_pointers.h - how each official SDK is pointed at an exchange, ready to be pasted. */
#ifndef TRADEWIND_CLI_EXCHANGE_POINTERS_H
#define TRADEWIND_CLI_EXCHANGE_POINTERS_H

#include <stdio.h>

/* Prints them for the exchange at `host` ("127.0.0.1:8765"), whose account has this key and secret.
 */
void exchange_pointers_print(FILE *file, const char *host, const char *key, const char *secret);

#endif
