/*
 * itch_files.h - day files and captures of ITCH, made for tests from the ground up.
 *
 * A byte_row grows at its end, within memory of its own. Packets are built from the inside out:
 * messages, MoldUDP64, UDP, IP, link, record. Everything is written here a second time and by hand,
 * and nothing of the readers' own code is used but tw_itch_encode.
 */
#ifndef TRADEWIND_TEST_ITCH_FILES_H
#define TRADEWIND_TEST_ITCH_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tradewind/itch.h"

#define BYTE_ROW_SIZE (1 << 20)

typedef struct byte_row {
    size_t size;
    char data[BYTE_ROW_SIZE];
} byte_row;

/* How a packet is wrapped, and what the file around it is. Zero: Ethernet, IPv4, pcap. */
typedef struct itch_wrap {
    uint16_t link;   /* 0: Ethernet */
    int vlan_count;  /* of Ethernet */
    bool version_6;  /* IPv6 */
    bool extended;   /* IPv4 with options, IPv6 with extension headers */
    bool big_endian; /* of the file */
    bool nano;       /* pcap with nanoseconds */
    int blocks;      /* pcapng: 6 enhanced, 3 simple, 2 obsolete packet blocks; 0: a pcap */
    int trailer;     /* bytes behind the IP packet in the frame */
    uint16_t port;   /* 0: 26477 */
    uint16_t fragment;
    uint8_t protocol; /* 0: UDP */
} itch_wrap;

static inline void row_put(byte_row *row, const void *bytes, size_t size) {
    TW_ASSERT(row->size + size <= sizeof row->data);
    memcpy(row->data + row->size, bytes, size);
    row->size += size;
}

static inline void row_fill(byte_row *row, char byte, size_t count) {
    TW_ASSERT(row->size + count <= sizeof row->data);
    memset(row->data + row->size, byte, count);
    row->size += count;
}

/* A number of `size` bytes, most significant first. */
static inline void row_big(byte_row *row, uint64_t number, int size) {
    for (int i = size - 1; i >= 0; i--)
        row_fill(row, (char)(number >> (8 * i)), 1);
}

static inline void row_number(byte_row *row, uint64_t number, int size, bool big_endian) {
    for (int i = 0; i < size && !big_endian; i++)
        row_fill(row, (char)(number >> (8 * i)), 1);
    if (big_endian)
        row_big(row, number, size);
}

/* Two bytes of length and a message, as in a day file and in MoldUDP64. */
static inline void row_message(byte_row *row, const tw_itch_message *message) {
    char bytes[TW_ITCH_SIZE_MAX];
    size_t size = 0;
    tw_error error;
    if (tw_itch_encode(message, bytes, sizeof bytes, &size, &error) != TW_OK)
        tw_assert_failed(error.message, __FILE__, __LINE__);
    row_big(row, size, 2);
    row_put(row, bytes, size);
}

/* ---- messages ------------------------------------------------------------------------------ */

static inline tw_itch_message itch_directory(uint16_t locate, const char *stock) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.type = 'R';
    m.stock_locate = locate;
    strcpy(m.stock_directory.stock, stock);
    m.stock_directory.market_category = m.stock_directory.financial_status = 'N';
    m.stock_directory.round_lots_only = m.stock_directory.issue_classification = 'N';
    m.stock_directory.authenticity = m.stock_directory.short_sale_threshold = 'N';
    m.stock_directory.ipo_flag = m.stock_directory.luld_tier = ' ';
    m.stock_directory.etp_flag = m.stock_directory.inverse_indicator = 'N';
    return m;
}

static inline tw_itch_message itch_add(uint16_t locate, const char *stock, uint64_t number) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.type = 'A';
    m.stock_locate = locate;
    m.time_ns = (int64_t)number;
    m.add_order.order_reference_number = number;
    m.add_order.shares.nano = 100 * TW_NANO;
    m.add_order.price.nano = TW_NANO;
    m.add_order.side = TW_SIDE_BUY;
    strcpy(m.add_order.stock, stock);
    return m;
}

static inline tw_itch_message itch_drop(uint16_t locate, uint64_t number) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.type = 'D';
    m.stock_locate = locate;
    m.time_ns = (int64_t)number;
    m.delete_order.order_reference_number = number;
    return m;
}

static inline tw_itch_message itch_system(char event_code) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.type = 'S';
    m.system_event.event_code = event_code;
    return m;
}

/* ---- datagrams ----------------------------------------------------------------------------- */

static inline void row_mold(byte_row *row, const char *session, uint64_t sequence, uint16_t count,
                            const byte_row *blocks) {
    char name[10];
    memset(name, ' ', sizeof name);
    memcpy(name, session, strlen(session));
    row_put(row, name, sizeof name);
    row_big(row, sequence, 8);
    row_big(row, count, 2);
    if (blocks != NULL)
        row_put(row, blocks->data, blocks->size);
}

static inline void row_udp(byte_row *row, const itch_wrap *wrap, const byte_row *payload) {
    row_big(row, 49653, 2);
    row_big(row, wrap->port == 0 ? 26477 : wrap->port, 2);
    row_big(row, 8 + payload->size, 2);
    row_big(row, 0, 2);
    row_put(row, payload->data, payload->size);
}

/* The header that IPv4 has, with eight bytes of options if wanted. */
static inline void row_ipv4(byte_row *row, const itch_wrap *wrap, const byte_row *inner) {
    unsigned header = wrap->extended ? 28 : 20;
    row_big(row, 0x40 | header / 4, 1);
    row_big(row, 0, 1);
    row_big(row, header + inner->size, 2);
    row_big(row, 1, 2);
    row_big(row, wrap->fragment, 2);
    row_big(row, 21, 1);
    row_big(row, wrap->protocol == 0 ? 17 : wrap->protocol, 1);
    row_big(row, 0, 2);
    row_big(row, 0xcec87f8a, 4);
    row_big(row, 0xe9360c6f, 4);
    row_fill(row, 1, header - 20);
    row_put(row, inner->data, inner->size);
}

/* Hop-by-hop options, routing, destination options, authentication, a lone fragment. */
static inline void row_ipv6(byte_row *row, const itch_wrap *wrap, const byte_row *inner) {
    uint8_t protocol = wrap->protocol == 0 ? 17 : wrap->protocol;
    bool fragmented = wrap->fragment != 0;
    size_t extra = wrap->extended ? 8 + 16 + 8 + 12 + 8 : fragmented ? 8 : 0;
    row_big(row, 0x60000000, 4);
    row_big(row, extra + inner->size, 2);
    row_big(row, wrap->extended ? 0 : fragmented ? 44 : protocol, 1);
    row_big(row, 1, 1);
    row_fill(row, (char)0xfe, 32);
    if (wrap->extended) {
        row_big(row, UINT64_C(0x2b00010400000000), 8); /* hop by hop, then routing */
        row_big(row, UINT64_C(0x3c01000000000000), 8);
        row_fill(row, 0, 8);
        row_big(row, UINT64_C(0x3300010400000000), 8); /* destination, then authentication */
        row_big(row, UINT64_C(0x2c01000000000000), 8);
        row_fill(row, 0, 4);
    }
    if (wrap->extended || fragmented) {
        row_big(row, protocol, 1);
        row_big(row, 0, 1);
        row_big(row, wrap->fragment, 2);
        row_big(row, 77, 4);
    }
    row_put(row, inner->data, inner->size);
}

static inline void row_frame(byte_row *row, const itch_wrap *wrap, const byte_row *inner) {
    static byte_row ip;
    ip.size = 0;
    if (wrap->version_6)
        row_ipv6(&ip, wrap, inner);
    else
        row_ipv4(&ip, wrap, inner);
    uint16_t type = wrap->version_6 ? 0x86dd : 0x0800;
    if (wrap->link == 0) {
        row_big(row, UINT64_C(0x01005e360c6f), 6);
        row_big(row, UINT64_C(0xd4aff7cb20d5), 6);
        for (int i = 0; i < wrap->vlan_count; i++)
            row_big(row, i == 0 && wrap->vlan_count > 1 ? 0x88a8008d : 0x8100008d, 4);
        row_big(row, type, 2);
    } else if (wrap->link == 113) {
        row_fill(row, 0, 14);
        row_big(row, type, 2);
    } else if (wrap->link == 276) {
        row_big(row, type, 2);
        row_fill(row, 0, 18);
    }
    row_put(row, ip.data, ip.size);
    row_fill(row, 0x5a, (size_t)wrap->trailer);
}

/* ---- files --------------------------------------------------------------------------------- */

static inline void row_block(byte_row *row, const itch_wrap *wrap, uint32_t type,
                             const byte_row *body) {
    size_t padded = (body->size + 3) / 4 * 4;
    row_number(row, type, 4, wrap->big_endian);
    row_number(row, 12 + padded, 4, wrap->big_endian);
    row_put(row, body->data, body->size);
    row_fill(row, 0, padded - body->size);
    row_number(row, 12 + padded, 4, wrap->big_endian);
}

static inline void row_interface(byte_row *row, const itch_wrap *wrap, uint16_t link,
                                 uint32_t limit) {
    static byte_row body;
    body.size = 0;
    row_number(&body, link, 2, wrap->big_endian);
    row_number(&body, 0, 2, wrap->big_endian);
    row_number(&body, limit, 4, wrap->big_endian);
    row_block(row, wrap, 1, &body);
}

/* What stands before the packets. A pcapng has a block of no interest too. */
static inline void row_begin(byte_row *row, const itch_wrap *wrap) {
    static byte_row body;
    uint16_t link = wrap->link == 0 ? 1 : wrap->link;
    if (wrap->blocks == 0) {
        row_number(row, wrap->nano ? 0xa1b23c4d : 0xa1b2c3d4, 4, wrap->big_endian);
        row_number(row, 2, 2, wrap->big_endian);
        row_number(row, 4, 2, wrap->big_endian);
        row_fill(row, 0, 8);
        row_number(row, 262144, 4, wrap->big_endian);
        row_number(row, link, 4, wrap->big_endian);
        return;
    }
    body.size = 0;
    row_number(&body, 0x1a2b3c4d, 4, wrap->big_endian);
    row_number(&body, 1, 2, wrap->big_endian);
    row_number(&body, 0, 2, wrap->big_endian);
    row_fill(&body, (char)0xff, 8);
    row_block(row, wrap, 0x0a0d0d0a, &body);
    row_interface(row, wrap, link, 0);
    body.size = 0;
    row_fill(&body, 0x11, 21);
    row_block(row, wrap, 5, &body); /* statistics of an interface */
}

/* A packet of which `kept` bytes were kept. */
static inline void row_record(byte_row *row, const itch_wrap *wrap, const byte_row *frame,
                              size_t kept) {
    static byte_row body;
    if (wrap->blocks == 0) {
        row_fill(row, 0, 8);
        row_number(row, kept, 4, wrap->big_endian);
        row_number(row, frame->size, 4, wrap->big_endian);
        row_put(row, frame->data, kept);
        return;
    }
    body.size = 0;
    if (wrap->blocks != 3) {
        row_fill(&body, 0, 12); /* interface, drops, time */
        row_number(&body, kept, 4, wrap->big_endian);
    }
    row_number(&body, frame->size, 4, wrap->big_endian);
    row_put(&body, frame->data, kept);
    row_block(row, wrap, (uint32_t)wrap->blocks, &body);
}

/* Messages in a packet of their own. */
static inline void row_packet(byte_row *row, const itch_wrap *wrap, const char *session,
                              uint64_t sequence, uint16_t count, const byte_row *blocks) {
    static byte_row payload;
    static byte_row udp;
    static byte_row frame;
    payload.size = udp.size = frame.size = 0;
    row_mold(&payload, session, sequence, count, blocks);
    row_udp(&udp, wrap, &payload);
    row_frame(&frame, wrap, &udp);
    row_record(row, wrap, &frame, frame.size);
}

/* A file in memory that has a path. */
typedef struct itch_file {
    char path[64];
    int fd;
} itch_file;

static inline itch_file itch_file_of(const void *bytes, size_t size) {
    itch_file file = {.fd = memfd_create("itch", MFD_CLOEXEC)};
    TW_ASSERT(file.fd >= 0 && write(file.fd, bytes, size) == (ssize_t)size);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    return file;
}

#endif
