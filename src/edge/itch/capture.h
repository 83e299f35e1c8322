/*
 * capture.h - captures of a network as bytes: files of packets, datagrams in packets, messages in
 * datagrams.
 *
 * Three layers, each a pure function over bytes that are there, and none of them knows ITCH:
 *
 *     file      classic pcap (either byte order, micro- or nanoseconds) and pcapng: tw_capture_*
 *     packet    Ethernet with VLAN tags, Linux cooked (SLL, SLL2), raw IP; IPv4, IPv6; UDP:
 *               tw_datagram_find
 *     datagram  MoldUDP64: tw_mold_read
 *
 * Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng ("PCAP Capture File Format" and
 * "PCAP Next Generation Capture File Format"), the list of link types at tcpdump.org; IEEE 802.3
 * and 802.1Q; RFC 791, RFC 8200, RFC 768; "MoldUDP64 Protocol Specification", 1.00.
 *
 * When a packet was captured is not read: the messages carry a better time of their own.
 *
 * Lent to the readers of `edge/tape`. Memory: nothing is allocated; slices are borrowed from the
 * caller's bytes. Threads: all functions are pure.
 */
#ifndef TRADEWIND_CAPTURE_H
#define TRADEWIND_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define TW_CAPTURE_FIRST_SIZE 24 /* bytes by which a capture is known, if the file has as many */
#define TW_CAPTURE_HEAD_SIZE                                            \
    16 /* bytes by which a record's size is known, if there are as many \
        */
#define TW_CAPTURE_INTERFACE_COUNT_MAX 64
#define TW_CAPTURE_PACKET_SIZE_MAX 262144 /* bytes of a packet, as libpcap has it */

typedef enum tw_capture_kind {
    TW_CAPTURE_NONE,
    TW_CAPTURE_PCAP,
    TW_CAPTURE_PCAPNG
} tw_capture_kind;

typedef enum tw_capture_record {
    TW_CAPTURE_SKIPPED, /* need not be seen, and may have any size */
    TW_CAPTURE_NOTE,    /* tells about packets: a section, an interface */
    TW_CAPTURE_PACKET
} tw_capture_record;

typedef struct tw_capture_interface {
    uint32_t packet_size_max; /* 0: no limit */
    uint16_t link_type;
} tw_capture_interface;

/* What of a file must be kept to read on. */
typedef struct tw_capture {
    uint8_t kind;             /* tw_capture_kind */
    bool big_endian;          /* of the file or, in pcapng, of the section */
    uint16_t interface_count; /* a pcap has one */
    tw_capture_interface interfaces[TW_CAPTURE_INTERFACE_COUNT_MAX];
} tw_capture;

typedef struct tw_capture_packet {
    tw_slice data;
    size_t size; /* that it had on the wire; more than data.size: the rest was not kept */
    uint16_t link_type;
} tw_capture_packet;

typedef enum tw_datagram_kind {
    TW_DATAGRAM_OTHER, /* no IP, no UDP or TCP, or not whole enough to tell */
    TW_DATAGRAM_UDP,
    TW_DATAGRAM_TCP,     /* payload only, no stream is put together */
    TW_DATAGRAM_FRAGMENT /* of a larger one; its payload is not looked at */
} tw_datagram_kind;

typedef struct tw_datagram {
    tw_slice payload; /* as much of it as was kept */
    size_t size;      /* of the payload on the wire */
    uint16_t port;    /* of the receiver */
    uint8_t kind;     /* tw_datagram_kind */
    bool cut;         /* the capture did not keep all of the packet */
} tw_datagram;

#define TW_MOLD_SESSION_SIZE 11 /* with the NUL */
#define TW_MOLD_HEADER_SIZE 20

typedef enum tw_mold_kind {
    TW_MOLD_NONE,      /* something else, or a request for messages */
    TW_MOLD_DOWNSTREAM /* messages, a heartbeat (none), or the end of a session */
} tw_mold_kind;

/* A downstream packet. */
typedef struct tw_mold {
    tw_slice blocks;    /* the whole ones: each two bytes of length, and a message */
    uint64_t sequence;  /* of the first message; without messages, of the next one */
    size_t block_count; /* in `blocks` */
    size_t count;       /* that the packet had on the wire: more if it was cut */
    char session[TW_MOLD_SESSION_SIZE];
    uint8_t kind; /* tw_mold_kind */
    bool ends;    /* the session is over; there are no messages */
    bool torn;    /* the header is one, but its messages do not fill the datagram */
} tw_mold;

/* What the first bytes of a file are. */
tw_capture_kind tw_capture_tell(tw_slice first);

/* Begins to read: `first` has TW_CAPTURE_FIRST_SIZE bytes, or all of the file. Says how many bytes
 * are done with. TW_TRUNCATED, TW_UNSUPPORTED (a link type that is not read), TW_CORRUPT. */
tw_status tw_capture_begin(tw_capture *capture, tw_slice first, size_t *ret_size,
                           tw_error *error) TW_MUST_CHECK;

/* The size and kind of the record that begins with `head` (TW_CAPTURE_HEAD_SIZE bytes, or all that
 * is left of the file). TW_TRUNCATED: so few bytes tell nothing. TW_CORRUPT: there is no such
 * record. */
tw_status tw_capture_measure(const tw_capture *capture, tw_slice head, uint64_t *ret_size,
                             tw_capture_record *ret_kind, tw_error *error) TW_MUST_CHECK;

/* Takes note of a whole record of that kind. TW_CORRUPT; TW_FULL: too many interfaces. */
tw_status tw_capture_note(tw_capture *capture, tw_slice record, tw_error *error) TW_MUST_CHECK;

/* The packet in a whole record of that kind. TW_CORRUPT. */
tw_status tw_capture_packet_of(const tw_capture *capture, tw_slice record,
                               tw_capture_packet *ret_packet, tw_error *error) TW_MUST_CHECK;

/* True for the link types that tw_datagram_find knows. */
bool tw_datagram_link_is_known(uint16_t link_type);

/* The datagram that a packet carries. What follows it (the trailer or padding of a frame) is left
 * out. Never fails: what is not understood is TW_DATAGRAM_OTHER. Checksums are not compared, since
 * network cards fill them in behind a capture's back. */
tw_datagram tw_datagram_find(const tw_capture_packet *packet);

/* Reads a datagram as MoldUDP64. `size` is that of the payload on the wire. A downstream packet's
 * session is printable, and its messages fill the datagram exactly. */
tw_mold tw_mold_read(tw_slice payload, size_t size);

/* Bytes that the first `count` blocks have; they must be there and whole. */
size_t tw_mold_size(tw_slice blocks, size_t count);

#endif
