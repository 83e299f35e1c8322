/*
 * dbn_priv.h - little-endian numbers out of bytes on any alignment.
 */
#ifndef TRADEWIND_DBN_PRIV_H
#define TRADEWIND_DBN_PRIV_H

#include <endian.h>
#include <string.h>

#include "tradewind/dbn.h"

_Static_assert(sizeof(tw_dbn_header) == 24 && sizeof(tw_dbn_mbo) == 64 &&
                   sizeof(tw_dbn_level) == 40 && sizeof(tw_dbn_mbp) == 464 &&
                   sizeof(tw_dbn_ohlcv) == 64 && sizeof(tw_dbn_status) == 48 &&
                   sizeof(tw_dbn_imbalance) == 120 && sizeof(tw_dbn_statistic) == 72 &&
                   sizeof(tw_dbn_mapping) == 192 && sizeof(tw_dbn_notice) == 336 &&
                   sizeof(tw_dbn_metadata) == 56 && sizeof(tw_dbn_item) == 48 &&
                   sizeof(tw_dbn_walk) == 16,
               "no structure has padding, so all of its bytes are defined");

static inline uint8_t load_u8(const char *at) {
    return (uint8_t)*at;
}

static inline uint16_t load_u16(const char *at) {
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return le16toh(number);
}

static inline uint32_t load_u32(const char *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return le32toh(number);
}

static inline uint64_t load_u64(const char *at) {
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return le64toh(number);
}

static inline int32_t load_i32(const char *at) {
    return (int32_t)load_u32(at);
}

static inline int64_t load_i64(const char *at) {
    return (int64_t)load_u64(at);
}

#endif
