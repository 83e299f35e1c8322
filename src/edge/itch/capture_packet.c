/*
 * capture_packet.c - the datagram in a packet.
 *
 * Idea: what is left of the packet is a slice that loses a header at each layer. A header that is
 * not whole, or says what cannot be, ends the search: the packet is something else.
 *
 * Invariants:
 *   1. `rest` lies within the packet, and every read of it is preceded by a look at its size.
 *   2. `on_wire` is what the same bytes had before the capture cut them: never less than
 *      rest.size.
 */
#include "capture.h"
#include "itch_bytes.h"

#define LINK_ETHERNET 1
#define LINK_RAW 101
#define LINK_RAW_OPENBSD 14 /* what DLT_RAW is there; the others write 101 or 12 */
#define LINK_RAW_OTHERS 12
#define LINK_COOKED 113
#define LINK_IPV4 228
#define LINK_IPV6 229
#define LINK_COOKED_2 276

#define TYPE_IPV4 0x0800
#define TYPE_VLAN 0x8100    /* 802.1Q */
#define TYPE_SERVICE 0x88a8 /* 802.1ad */
#define TYPE_QINQ 0x9100    /* before 802.1ad */
#define TYPE_IPV6 0x86dd

#define PROTOCOL_HOP_BY_HOP 0
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ROUTING 43
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_AUTHENTICATION 51
#define PROTOCOL_DESTINATION 60

/* Where the search stands. */
typedef struct layers {
    tw_slice rest;
    size_t on_wire;
} layers;

static void pass(layers *l, size_t size) {
    TW_ASSERT(size <= l->rest.size && size <= l->on_wire);
    l->rest = (tw_slice){l->rest.data + size, l->rest.size - size};
    l->on_wire -= size;
}

/* Only so many bytes belong to the next layer; what follows is padding or a trailer. */
static void keep(layers *l, size_t size) {
    if (size < l->on_wire)
        l->on_wire = size;
    if (l->on_wire < l->rest.size)
        l->rest.size = l->on_wire;
}

bool tw_datagram_link_is_known(uint16_t link_type) {
    return link_type == LINK_ETHERNET || link_type == LINK_RAW || link_type == LINK_RAW_OPENBSD ||
           link_type == LINK_RAW_OTHERS || link_type == LINK_COOKED || link_type == LINK_IPV4 ||
           link_type == LINK_IPV6 || link_type == LINK_COOKED_2;
}

/* ---- links --------------------------------------------------------------------------------- */

/* A link header of `size` bytes that has the type of what follows at `at`. Tags stand between. */
static bool pass_link(layers *l, size_t size, size_t at, uint16_t *ret_type) {
    if (l->rest.size < size)
        return false;
    uint16_t type = itch_load_16(l->rest.data + at);
    pass(l, size);
    while (type == TYPE_VLAN || type == TYPE_SERVICE || type == TYPE_QINQ) {
        if (l->rest.size < 4)
            return false;
        type = itch_load_16(l->rest.data + 2);
        pass(l, 4);
    }
    *ret_type = type;
    return true;
}

/* Takes the link's header away; the type is that of Ethernet for what follows. */
static bool find_network(layers *l, uint16_t link_type, uint16_t *ret_type) {
    switch (link_type) {
    case LINK_ETHERNET:
        return pass_link(l, 14, 12, ret_type);
    case LINK_COOKED:
        return pass_link(l, 16, 14, ret_type);
    case LINK_COOKED_2:
        return pass_link(l, 20, 0, ret_type);
    case LINK_IPV4:
        *ret_type = TYPE_IPV4;
        return true;
    case LINK_IPV6:
        *ret_type = TYPE_IPV6;
        return true;
    case LINK_RAW:
    case LINK_RAW_OPENBSD:
    case LINK_RAW_OTHERS:
        if (l->rest.size == 0)
            return false;
        *ret_type = (unsigned char)l->rest.data[0] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;
        return true;
    default:
        return false;
    }
}

/* ---- networks ------------------------------------------------------------------------------ */

/* RFC 791, 3.1. A length of zero is that of a packet which the network card was to cut up. */
static tw_datagram_kind pass_ipv4(layers *l, unsigned *ret_protocol) {
    if (l->rest.size < 20 || (unsigned char)l->rest.data[0] >> 4 != 4)
        return TW_DATAGRAM_OTHER;
    size_t header = 4 * ((unsigned char)l->rest.data[0] & 15U);
    size_t size = itch_load_16(l->rest.data + 2);
    unsigned fragment = itch_load_16(l->rest.data + 6);
    *ret_protocol = (unsigned char)l->rest.data[9];
    if (header < 20 || header > l->rest.size || (size != 0 && size < header))
        return TW_DATAGRAM_OTHER;
    if (size != 0)
        keep(l, size);
    if ((fragment & 0x3fff) != 0) /* more of them, or not the first */
        return TW_DATAGRAM_FRAGMENT;
    pass(l, header);
    return TW_DATAGRAM_UDP;
}

/* RFC 8200, 4: headers that each name the next one. The one of a datagram in a single fragment
 * (RFC 6946) is passed like the others. */
static tw_datagram_kind pass_extensions(layers *l, unsigned *protocol) {
    for (;;) {
        bool other = *protocol != PROTOCOL_HOP_BY_HOP && *protocol != PROTOCOL_ROUTING &&
                     *protocol != PROTOCOL_FRAGMENT && *protocol != PROTOCOL_DESTINATION &&
                     *protocol != PROTOCOL_AUTHENTICATION;
        if (other)
            return TW_DATAGRAM_UDP;
        if (l->rest.size < 8)
            return TW_DATAGRAM_OTHER;
        size_t units = (unsigned char)l->rest.data[1];
        size_t size = 8 * (units + 1);
        if (*protocol == PROTOCOL_AUTHENTICATION)
            size = 4 * (units + 2);
        if (*protocol == PROTOCOL_FRAGMENT) {
            if ((itch_load_16(l->rest.data + 2) & 0xfff9) != 0)
                return TW_DATAGRAM_FRAGMENT;
            size = 8;
        }
        if (size > l->rest.size)
            return TW_DATAGRAM_OTHER;
        *protocol = (unsigned char)l->rest.data[0];
        pass(l, size);
    }
}

static tw_datagram_kind pass_ipv6(layers *l, unsigned *ret_protocol) {
    if (l->rest.size < 40 || (unsigned char)l->rest.data[0] >> 4 != 6)
        return TW_DATAGRAM_OTHER;
    size_t size = itch_load_16(l->rest.data + 4);
    *ret_protocol = (unsigned char)l->rest.data[6];
    pass(l, 40);
    if (size != 0)
        keep(l, size);
    return pass_extensions(l, ret_protocol);
}

/* ---- transports ---------------------------------------------------------------------------- */

/* RFC 768. The length counts the header. */
static tw_datagram find_udp(layers *l) {
    tw_datagram found = {.kind = TW_DATAGRAM_OTHER};
    if (l->rest.size < 8)
        return found;
    size_t size = itch_load_16(l->rest.data + 4);
    if (size < 8 || size > l->on_wire)
        return found;
    keep(l, size);
    found.port = itch_load_16(l->rest.data + 2);
    pass(l, 8);
    found.kind = TW_DATAGRAM_UDP;
    found.payload = l->rest;
    found.size = l->on_wire;
    return found;
}

/* RFC 9293, 3.1. */
static tw_datagram find_tcp(layers *l) {
    tw_datagram found = {.kind = TW_DATAGRAM_OTHER};
    if (l->rest.size < 20)
        return found;
    size_t header = 4 * ((size_t)(unsigned char)l->rest.data[12] >> 4);
    if (header < 20 || header > l->rest.size)
        return found;
    found.port = itch_load_16(l->rest.data + 2);
    pass(l, header);
    found.kind = TW_DATAGRAM_TCP;
    found.payload = l->rest;
    found.size = l->on_wire;
    return found;
}

tw_datagram tw_datagram_find(const tw_capture_packet *packet) {
    TW_ASSERT(packet->size >= packet->data.size);
    layers l = {.rest = packet->data, .on_wire = packet->size};
    tw_datagram found = {.kind = TW_DATAGRAM_OTHER};
    uint16_t type = 0;
    unsigned protocol = 0;
    tw_datagram_kind kind = TW_DATAGRAM_OTHER;
    if (!find_network(&l, packet->link_type, &type))
        kind = TW_DATAGRAM_OTHER;
    else if (type == TYPE_IPV4)
        kind = pass_ipv4(&l, &protocol);
    else if (type == TYPE_IPV6)
        kind = pass_ipv6(&l, &protocol);
    if (kind == TW_DATAGRAM_FRAGMENT)
        found.kind = TW_DATAGRAM_FRAGMENT;
    else if (kind == TW_DATAGRAM_UDP && protocol == PROTOCOL_UDP)
        found = find_udp(&l);
    else if (kind == TW_DATAGRAM_UDP && protocol == PROTOCOL_TCP)
        found = find_tcp(&l);
    found.cut = packet->size > packet->data.size && l.rest.size < l.on_wire;
    return found;
}
