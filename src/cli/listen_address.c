/* listen_address.c - see listen_address.h. */
#include "listen_address.h"

#include <stdio.h>
#include <string.h>

#include "tradewind/text.h"

static const char THIS_MACHINE[] = "127.0.0.1";

tw_status listen_address_split(char *text, const char *option, const char **ret_address,
                               uint16_t *ret_port, tw_error *error) {
    char *colon = strrchr(text, ':');
    const char *digits = colon != NULL ? colon + 1 : text;
    uint64_t port = 0;
    if (tw_parse_u64(tw_slice_of(digits), &port) != TW_OK || port > UINT16_MAX)
        return tw_error_set(error, TW_USAGE,
                            "%s %s: write an address and a port, like 127.0.0.1:8765", option,
                            text);
    *ret_port = (uint16_t)port;
    *ret_address = colon != NULL ? text : THIS_MACHINE;
    if (colon == NULL)
        return TW_OK;
    *colon = '\0';
    size_t size = strlen(text);
    if (text[0] == '[' && size > 2 && text[size - 1] == ']') {
        text[size - 1] = '\0';
        *ret_address = text + 1;
    }
    return TW_OK;
}

const char *listen_address_host(const char *address, uint16_t port, char *buffer, size_t capacity) {
    bool ipv6 = strchr(address, ':') != NULL;
    snprintf(buffer, capacity, ipv6 ? "[%s]:%u" : "%s:%u", address, port);
    return buffer;
}
