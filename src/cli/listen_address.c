/* listen_address.c - see listen_address.h. */
#include "listen_address.h"

#include <stdio.h>
#include <string.h>

#include "tradewind/text.h"

tw_status listen_address_read(const char *text, const char *option, listen_address *ret_address,
                              tw_error *error) {
    const char *colon = strrchr(text, ':');
    tw_slice host = tw_slice_of("127.0.0.1");
    uint64_t port = 0;
    if (tw_parse_u64(tw_slice_of(colon != NULL ? colon + 1 : text), &port) != TW_OK ||
        port > UINT16_MAX)
        return tw_error_set(error, TW_USAGE,
                            "%s %s: write an address and a port, like 127.0.0.1:8765", option,
                            text);
    if (colon != NULL)
        host = (tw_slice){text, (size_t)(colon - text)};
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        host = (tw_slice){host.data + 1, host.size - 2};
    ret_address->port = (uint16_t)port;
    tw_status status = tw_slice_copy(host, ret_address->host, sizeof ret_address->host);
    TW_ASSERT(status == TW_OK); /* no option's text is longer */
    return TW_OK;
}

const char *listen_address_host(const char *address, uint16_t port, char *buffer, size_t capacity) {
    bool ipv6 = strchr(address, ':') != NULL;
    snprintf(buffer, capacity, ipv6 ? "[%s]:%u" : "%s:%u", address, port);
    return buffer;
}
