/* listen_address.h - where a command listens, as it is typed. */
#ifndef TRADEWIND_CLI_LISTEN_ADDRESS_H
#define TRADEWIND_CLI_LISTEN_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/config.h"
#include "tradewind/error.h"

enum { LISTEN_HOST_SIZE = TW_CONFIG_TEXT_SIZE + 16 }; /* of "[::1]:8765" */

typedef struct listen_address {
    char host[TW_CONFIG_TEXT_SIZE];
    uint16_t port;
} listen_address;

/* Reads "127.0.0.1:8765", "[::1]:8765" or "8765" (of this machine only), the text of `option`,
 * which the sentence of TW_USAGE names. */
tw_status listen_address_read(const char *text, const char *option, listen_address *ret_address,
                              tw_error *error) TW_MUST_CHECK;

/* "127.0.0.1:8765", "[::1]:8765" for a URL. Returns `buffer`. */
const char *listen_address_host(const char *address, uint16_t port, char *buffer, size_t capacity);

#endif
