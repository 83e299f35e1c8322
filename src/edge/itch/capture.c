/*
 * capture.c - files of packets: classic pcap and pcapng.
 *
 * A pcap is a header of 24 bytes and records of 16 bytes and a packet. A pcapng is a row of blocks:
 * type, total length, body, total length again; a section header tells the byte order of all blocks
 * up to the next one, and interface blocks what the packets behind them are.
 *
 * Invariants:
 *   1. A record whose size tw_capture_measure gave as wanted has at most RECORD_SIZE_MAX bytes, so
 *      a reader's buffer can be made for it.
 *   2. Nothing is read behind the slice that was given.
 */
#include <string.h>

#include "capture.h"

#define PCAP_MICROSECONDS UINT32_C(0xa1b2c3d4)
#define PCAP_NANOSECONDS UINT32_C(0xa1b23c4d)
#define PCAP_HEADER_SIZE 24
#define PCAP_RECORD_SIZE 16

#define BLOCK_SECTION UINT32_C(0x0a0d0d0a)
#define BLOCK_INTERFACE UINT32_C(1)
#define BLOCK_PACKET_OBSOLETE UINT32_C(2)
#define BLOCK_PACKET_SIMPLE UINT32_C(3)
#define BLOCK_PACKET UINT32_C(6)
#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define BLOCK_SIZE_MIN 12 /* type, length, length */
#define OPTIONS_SIZE_MAX 131072

#define RECORD_SIZE_MAX (TW_CAPTURE_PACKET_SIZE_MAX + OPTIONS_SIZE_MAX)

static uint16_t number_16(const char *at, bool big_endian) {
    unsigned first = (unsigned char)at[0];
    unsigned second = (unsigned char)at[1];
    return (uint16_t)(big_endian ? first << 8 | second : second << 8 | first);
}

static uint32_t number_32(const char *at, bool big_endian) {
    uint32_t first = number_16(at, big_endian);
    uint32_t second = number_16(at + 2, big_endian);
    return big_endian ? first << 16 | second : second << 16 | first;
}

static bool is_pcap(uint32_t magic) {
    return magic == PCAP_MICROSECONDS || magic == PCAP_NANOSECONDS;
}

tw_capture_kind tw_capture_tell(tw_slice first) {
    if (first.size < 4)
        return TW_CAPTURE_NONE;
    if (is_pcap(number_32(first.data, true)) || is_pcap(number_32(first.data, false)))
        return TW_CAPTURE_PCAP;
    return number_32(first.data, true) == BLOCK_SECTION ? TW_CAPTURE_PCAPNG : TW_CAPTURE_NONE;
}

/* Of the last word of a pcap's header only the lower half is the link type; above it stand flags
 * about checksums of frames. */
static tw_status begin_pcap(tw_capture *capture, tw_slice first, tw_error *error) {
    if (first.size < PCAP_HEADER_SIZE)
        return tw_error_set(error, TW_TRUNCATED,
                            "the file ends in the header of a pcap, after %zu of %d bytes",
                            first.size, PCAP_HEADER_SIZE);
    bool big_endian = is_pcap(number_32(first.data, true));
    uint16_t major = number_16(first.data + 4, big_endian);
    uint16_t link_type = (uint16_t)number_32(first.data + 20, big_endian);
    if (major != 2)
        return tw_error_set(error, TW_UNSUPPORTED, "a pcap of version %u; only version 2 is known",
                            major);
    if (!tw_datagram_link_is_known(link_type))
        return tw_error_set(error, TW_UNSUPPORTED,
                            "a capture of link type %u; Ethernet (1), raw IP (101, 228, 229) and "
                            "Linux cooked (113, 276) are read",
                            link_type);
    *capture = (tw_capture){.kind = TW_CAPTURE_PCAP,
                            .big_endian = big_endian,
                            .interface_count = 1,
                            .interfaces = {{.link_type = link_type}}};
    return TW_OK;
}

tw_status tw_capture_begin(tw_capture *capture, tw_slice first, size_t *ret_size, tw_error *error) {
    tw_capture_kind kind = tw_capture_tell(first);
    TW_ASSERT(kind != TW_CAPTURE_NONE);
    tw_status status = TW_OK;
    if (kind == TW_CAPTURE_PCAP)
        status = begin_pcap(capture, first, error);
    else
        *capture = (tw_capture){.kind = TW_CAPTURE_PCAPNG}; /* its header is a record */
    if (status == TW_OK)
        *ret_size = kind == TW_CAPTURE_PCAP ? PCAP_HEADER_SIZE : 0;
    return status;
}

/* ---- sizes --------------------------------------------------------------------------------- */

static tw_status measure_pcap(const tw_capture *capture, tw_slice head, uint64_t *ret_size,
                              tw_error *error) {
    if (head.size < PCAP_RECORD_SIZE)
        return tw_error_set(error, TW_TRUNCATED, "the file ends in the header of a packet");
    uint32_t kept = number_32(head.data + 8, capture->big_endian);
    if (kept > TW_CAPTURE_PACKET_SIZE_MAX)
        return tw_error_set(error, TW_CORRUPT,
                            "a packet of %u bytes was expected to have at most %d", kept,
                            TW_CAPTURE_PACKET_SIZE_MAX);
    *ret_size = PCAP_RECORD_SIZE + (uint64_t)kept;
    return TW_OK;
}

/* The byte order of a block: a section header brings its own. */
static tw_status find_order(const tw_capture *capture, tw_slice block, bool *ret_big_endian,
                            tw_error *error) {
    *ret_big_endian = capture->big_endian;
    if (number_32(block.data, true) != BLOCK_SECTION) /* the same either way round */
        return TW_OK;
    *ret_big_endian = number_32(block.data + 8, true) == BYTE_ORDER_MAGIC;
    if (!*ret_big_endian && number_32(block.data + 8, false) != BYTE_ORDER_MAGIC)
        return tw_error_set(error, TW_CORRUPT,
                            "the section header of a pcapng without its mark 1a2b3c4d");
    return TW_OK;
}

static tw_capture_record kind_of(uint32_t block_type) {
    switch (block_type) {
    case BLOCK_SECTION:
    case BLOCK_INTERFACE:
        return TW_CAPTURE_NOTE;
    case BLOCK_PACKET:
    case BLOCK_PACKET_SIMPLE:
    case BLOCK_PACKET_OBSOLETE:
        return TW_CAPTURE_PACKET;
    default:
        return TW_CAPTURE_SKIPPED;
    }
}

static tw_status measure_block(const tw_capture *capture, tw_slice head, uint64_t *ret_size,
                               tw_capture_record *ret_kind, tw_error *error) {
    if (head.size < BLOCK_SIZE_MIN)
        return tw_error_set(error, TW_TRUNCATED, "the file ends in a block of a pcapng");
    bool big_endian = false;
    tw_status status = find_order(capture, head, &big_endian, error);
    if (status != TW_OK)
        return status;
    tw_capture_record kind = kind_of(number_32(head.data, big_endian));
    uint32_t size = number_32(head.data + 4, big_endian);
    if (size < BLOCK_SIZE_MIN || size % 4 != 0)
        return tw_error_set(error, TW_CORRUPT,
                            "a block of %u bytes was expected to have a multiple of four, at "
                            "least %d",
                            size, BLOCK_SIZE_MIN);
    if (kind != TW_CAPTURE_SKIPPED && size > RECORD_SIZE_MAX)
        return tw_error_set(error, TW_CORRUPT,
                            "a block of %u bytes was expected to have at most %d", size,
                            RECORD_SIZE_MAX);
    *ret_size = size;
    *ret_kind = kind;
    return TW_OK;
}

tw_status tw_capture_measure(const tw_capture *capture, tw_slice head, uint64_t *ret_size,
                             tw_capture_record *ret_kind, tw_error *error) {
    if (capture->kind == TW_CAPTURE_PCAPNG)
        return measure_block(capture, head, ret_size, ret_kind, error);
    tw_status status = measure_pcap(capture, head, ret_size, error);
    if (status == TW_OK)
        *ret_kind = TW_CAPTURE_PACKET;
    return status;
}

/* ---- records ------------------------------------------------------------------------------- */

static tw_status note_interface(tw_capture *capture, tw_slice body, tw_error *error) {
    if (body.size < 8)
        return tw_error_set(error, TW_CORRUPT, "an interface block of only %zu bytes", body.size);
    if (capture->interface_count == TW_CAPTURE_INTERFACE_COUNT_MAX)
        return tw_error_set(error, TW_FULL, "a section with more than %d interfaces",
                            TW_CAPTURE_INTERFACE_COUNT_MAX);
    capture->interfaces[capture->interface_count++] =
        (tw_capture_interface){.link_type = number_16(body.data, capture->big_endian),
                               .packet_size_max = number_32(body.data + 4, capture->big_endian)};
    return TW_OK;
}

/* What the block of a packet says about it. */
typedef struct packet_facts {
    uint32_t interface;
    uint32_t kept;
    uint32_t size;
} packet_facts;

/* A packet at the beginning of the bytes that its block has for it. */
static tw_status read_kept(const tw_capture *capture, tw_slice room, packet_facts facts,
                           tw_capture_packet *ret_packet, tw_error *error) {
    if (facts.kept > room.size)
        return tw_error_set(error, TW_CORRUPT, "a packet of %u bytes in a block with room for %zu",
                            facts.kept, room.size);
    if (facts.interface >= capture->interface_count)
        return tw_error_set(error, TW_CORRUPT,
                            "a packet of interface %u, of which the section has %u",
                            facts.interface, capture->interface_count);
    *ret_packet = (tw_capture_packet){.data = {room.data, facts.kept},
                                      .size = facts.size > facts.kept ? facts.size : facts.kept,
                                      .link_type = capture->interfaces[facts.interface].link_type};
    return TW_OK;
}

/* Enhanced: interface, time, kept, size. Obsolete: interface and drops share the first word. */
static tw_status read_packet(const tw_capture *capture, tw_slice body, bool obsolete,
                             tw_capture_packet *ret_packet, tw_error *error) {
    bool big_endian = capture->big_endian;
    if (body.size < 20)
        return tw_error_set(error, TW_CORRUPT, "a packet block of only %zu bytes", body.size);
    packet_facts facts = {.interface = obsolete ? number_16(body.data, big_endian)
                                                : number_32(body.data, big_endian),
                          .kept = number_32(body.data + 12, big_endian),
                          .size = number_32(body.data + 16, big_endian)};
    return read_kept(capture, (tw_slice){body.data + 20, body.size - 20}, facts, ret_packet, error);
}

/* A simple packet is of the first interface; how much of it was kept only its limit tells, since
 * the block is padded to four bytes. */
static tw_status read_simple(const tw_capture *capture, tw_slice body,
                             tw_capture_packet *ret_packet, tw_error *error) {
    if (body.size < 4)
        return tw_error_set(error, TW_CORRUPT, "a packet block of only %zu bytes", body.size);
    uint32_t size = number_32(body.data, capture->big_endian);
    uint32_t most = capture->interfaces[0].packet_size_max;
    packet_facts facts = {.kept = size, .size = size};
    if (capture->interface_count > 0 && most > 0 && size > most)
        facts.kept = most;
    return read_kept(capture, (tw_slice){body.data + 4, body.size - 4}, facts, ret_packet, error);
}

/* The body of a block whose two lengths agree. */
static tw_status find_body(const tw_capture *capture, tw_slice block, bool *ret_big_endian,
                           tw_slice *ret_body, tw_error *error) {
    TW_ASSERT(block.size >= BLOCK_SIZE_MIN);
    tw_status status = find_order(capture, block, ret_big_endian, error);
    if (status != TW_OK)
        return status;
    uint32_t again = number_32(block.data + block.size - 4, *ret_big_endian);
    if (again != block.size)
        return tw_error_set(error, TW_CORRUPT, "a block of %zu bytes that says %u bytes at its end",
                            block.size, again);
    *ret_body = (tw_slice){block.data + 8, block.size - BLOCK_SIZE_MIN};
    return TW_OK;
}

tw_status tw_capture_note(tw_capture *capture, tw_slice record, tw_error *error) {
    TW_ASSERT(capture->kind == TW_CAPTURE_PCAPNG);
    bool big_endian = false;
    tw_slice body = {0};
    tw_status status = find_body(capture, record, &big_endian, &body, error);
    if (status != TW_OK)
        return status;
    if (number_32(record.data, big_endian) == BLOCK_INTERFACE)
        return note_interface(capture, body, error);
    *capture = (tw_capture){.kind = TW_CAPTURE_PCAPNG, .big_endian = big_endian};
    return TW_OK;
}

static void pcap_packet(const tw_capture *capture, tw_slice record, tw_capture_packet *ret_packet) {
    TW_ASSERT(record.size >= PCAP_RECORD_SIZE);
    tw_slice data = {record.data + PCAP_RECORD_SIZE, record.size - PCAP_RECORD_SIZE};
    size_t size = number_32(record.data + 12, capture->big_endian);
    *ret_packet = (tw_capture_packet){.data = data,
                                      .size = size > data.size ? size : data.size,
                                      .link_type = capture->interfaces[0].link_type};
}

tw_status tw_capture_packet_of(const tw_capture *capture, tw_slice record,
                               tw_capture_packet *ret_packet, tw_error *error) {
    if (capture->kind == TW_CAPTURE_PCAP) {
        pcap_packet(capture, record, ret_packet);
        return TW_OK;
    }
    bool big_endian = false;
    tw_slice body = {0};
    tw_status status = find_body(capture, record, &big_endian, &body, error);
    if (status != TW_OK)
        return status;
    uint32_t type = number_32(record.data, big_endian);
    if (type == BLOCK_PACKET_SIMPLE)
        return read_simple(capture, body, ret_packet, error);
    TW_ASSERT(type == BLOCK_PACKET || type == BLOCK_PACKET_OBSOLETE);
    return read_packet(capture, body, type == BLOCK_PACKET_OBSOLETE, ret_packet, error);
}
