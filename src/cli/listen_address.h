/* listen_address.h - where a command listens, as it is typed. */
#ifndef TRADEWIND_CLI_LISTEN_ADDRESS_H
#define TRADEWIND_CLI_LISTEN_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/error.h"

/* Cuts "127.0.0.1:8765", "[::1]:8765" or "8765" (of this machine only) in place; `option` is named
 * in the sentence of TW_USAGE. */
tw_status listen_address_split(char *text, const char *option, const char **ret_address,
                               uint16_t *ret_port, tw_error *error) TW_MUST_CHECK;

/* "127.0.0.1:8765", "[::1]:8765" for a URL. Returns `buffer`. */
const char *listen_address_host(const char *address, uint16_t port, char *buffer, size_t capacity);

#endif
