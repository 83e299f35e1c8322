/*
 * dbn_encoder.h - writes Databento Binary Encoding, any version from 1 to 3, for tests.
 *
 * It writes what it is told, sense or not: each function appends one thing to a buffer of the
 * caller's. The offsets are those of Databento's reference implementation, and were written down
 * here apart from the reader's, so that a slip in one of the two is seen.
 */
#ifndef TRADEWIND_TEST_DBN_ENCODER_H
#define TRADEWIND_TEST_DBN_ENCODER_H

#include <string.h>

#include "tradewind/dbn.h"

#define DBN_BYTES_MAX 65536

typedef struct dbn_bytes {
    size_t size;
    uint8_t data[DBN_BYTES_MAX];
} dbn_bytes;

static inline void dbn_put(dbn_bytes *bytes, const void *data, size_t size) {
    TW_ASSERT(bytes->size + size <= DBN_BYTES_MAX);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

/* The low `size` bytes of a number, lowest first. */
static inline void dbn_put_number(dbn_bytes *bytes, uint64_t number, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> (8 * i));
        dbn_put(bytes, &byte, 1);
    }
}

static inline void dbn_put_zeros(dbn_bytes *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        dbn_put_number(bytes, 0, 1);
}

/* A field of fixed size, filled up with NUL. */
static inline void dbn_put_text(dbn_bytes *bytes, const char *text, size_t size) {
    size_t length = strlen(text) < size ? strlen(text) : size;
    dbn_put(bytes, text, length);
    dbn_put_zeros(bytes, size - length);
}

/* ---- metadata ------------------------------------------------------------------------------ */

typedef struct dbn_interval_plan {
    uint32_t from; /* 20231225 */
    uint32_t to;
    const char *symbol;
} dbn_interval_plan;

typedef struct dbn_mapping_plan {
    const char *symbol;
    const dbn_interval_plan *intervals;
    uint32_t interval_count;
} dbn_mapping_plan;

typedef struct dbn_metadata_plan {
    uint8_t version;
    uint16_t schema;
    uint8_t symbology_in;
    uint8_t symbology_out;
    bool has_sent_ns;
    const char *symbol;    /* one that was asked for, or NULL */
    const char *partial;   /* or NULL */
    const char *not_found; /* or NULL */
    const dbn_mapping_plan *mappings;
    uint32_t mapping_count;
} dbn_metadata_plan;

static inline size_t dbn_symbol_size(uint8_t version) {
    return version == 1 ? 22 : 71;
}

static inline void dbn_put_list(dbn_bytes *bytes, const char *symbol, size_t size) {
    dbn_put_number(bytes, symbol != NULL, 4);
    if (symbol != NULL)
        dbn_put_text(bytes, symbol, size);
}

static inline void dbn_put_mappings(dbn_bytes *bytes, const dbn_metadata_plan *plan, size_t size) {
    dbn_put_number(bytes, plan->mapping_count, 4);
    for (uint32_t i = 0; i < plan->mapping_count; i++) {
        const dbn_mapping_plan *mapping = &plan->mappings[i];
        dbn_put_text(bytes, mapping->symbol, size);
        dbn_put_number(bytes, mapping->interval_count, 4);
        for (uint32_t j = 0; j < mapping->interval_count; j++) {
            dbn_put_number(bytes, mapping->intervals[j].from, 4);
            dbn_put_number(bytes, mapping->intervals[j].to, 4);
            dbn_put_text(bytes, mapping->intervals[j].symbol, size);
        }
    }
}

static inline void dbn_put_metadata(dbn_bytes *bytes, const dbn_metadata_plan *plan) {
    size_t begin = bytes->size;
    size_t size = dbn_symbol_size(plan->version);
    dbn_put(bytes, "DBN", 3);
    dbn_put_number(bytes, plan->version, 1);
    dbn_put_number(bytes, 0, 4);
    dbn_put_text(bytes, "TEST.SET", 16);
    dbn_put_number(bytes, plan->schema, 2);
    dbn_put_number(bytes, UINT64_C(1703462400000000000), 8);
    dbn_put_number(bytes, UINT64_MAX, 8);
    dbn_put_number(bytes, 0, 8);
    if (plan->version == 1)
        dbn_put_number(bytes, UINT64_MAX, 8);
    dbn_put_number(bytes, plan->symbology_in, 1);
    dbn_put_number(bytes, plan->symbology_out, 1);
    dbn_put_number(bytes, plan->has_sent_ns, 1);
    if (plan->version > 1)
        dbn_put_number(bytes, size, 2);
    dbn_put_zeros(bytes, plan->version == 1 ? 47 : 53);
    dbn_put_number(bytes, 0, 4);
    dbn_put_list(bytes, plan->symbol, size);
    dbn_put_list(bytes, plan->partial, size);
    dbn_put_list(bytes, plan->not_found, size);
    dbn_put_mappings(bytes, plan, size);
    while (plan->version == 3 && (bytes->size - begin) % 8 != 0)
        dbn_put_zeros(bytes, 1);
    uint32_t length = (uint32_t)(bytes->size - begin - 8);
    for (size_t i = 0; i < 4; i++)
        bytes->data[begin + 4 + i] = (uint8_t)(length >> (8 * i));
}

/* ---- records ------------------------------------------------------------------------------- */

static inline void dbn_put_header(dbn_bytes *bytes, uint8_t type, size_t size, uint32_t instrument,
                                  uint64_t time_ns) {
    dbn_put_number(bytes, size / 4, 1);
    dbn_put_number(bytes, type, 1);
    dbn_put_number(bytes, 1, 2);
    dbn_put_number(bytes, instrument, 4);
    dbn_put_number(bytes, time_ns, 8);
}

/* An MBO record of an instrument that is 17077 and an event a microsecond before it was received.
 */
typedef struct dbn_mbo_plan {
    uint64_t received_ns;
    uint64_t order_id;
    int64_t price;
    uint32_t size;
    uint32_t instrument; /* 0: 17077 */
    uint8_t flags;
    char action;
    char side;
} dbn_mbo_plan;

static inline void dbn_put_mbo(dbn_bytes *bytes, dbn_mbo_plan plan) {
    dbn_put_header(bytes, TW_DBN_MBO, 56, plan.instrument == 0 ? 17077 : plan.instrument,
                   plan.received_ns - 1000);
    dbn_put_number(bytes, plan.order_id, 8);
    dbn_put_number(bytes, (uint64_t)plan.price, 8);
    dbn_put_number(bytes, plan.size, 4);
    dbn_put_number(bytes, plan.flags, 1);
    dbn_put_number(bytes, 3, 1); /* channel */
    dbn_put_number(bytes, (uint8_t)plan.action, 1);
    dbn_put_number(bytes, (uint8_t)plan.side, 1);
    dbn_put_number(bytes, plan.received_ns, 8);
    dbn_put_number(bytes, 500, 4); /* ts_in_delta */
    dbn_put_number(bytes, 77, 4);  /* sequence */
}

typedef struct dbn_level_plan {
    int64_t bid_price;
    int64_t ask_price;
    uint32_t bid_size;
    uint32_t ask_size;
} dbn_level_plan;

/* MBP-0, -1, -10 and their like: `size` is that of the record, and tells how many levels follow. */
typedef struct dbn_mbp_plan {
    uint64_t received_ns;
    int64_t price;
    const dbn_level_plan *levels;
    uint32_t size;
    uint32_t level_count;
    uint32_t instrument; /* 0: 17077 */
    uint8_t type;
    uint8_t flags;
    char action;
    char side;
} dbn_mbp_plan;

static inline void dbn_put_mbp(dbn_bytes *bytes, dbn_mbp_plan plan) {
    dbn_put_header(bytes, plan.type, 48 + 32 * (size_t)plan.level_count,
                   plan.instrument == 0 ? 17077 : plan.instrument, plan.received_ns - 1000);
    dbn_put_number(bytes, (uint64_t)plan.price, 8);
    dbn_put_number(bytes, plan.size, 4);
    dbn_put_number(bytes, (uint8_t)plan.action, 1);
    dbn_put_number(bytes, (uint8_t)plan.side, 1);
    dbn_put_number(bytes, plan.flags, 1);
    dbn_put_number(bytes, 2, 1); /* depth */
    dbn_put_number(bytes, plan.received_ns, 8);
    dbn_put_number(bytes, 500, 4);
    dbn_put_number(bytes, 77, 4);
    for (uint32_t i = 0; i < plan.level_count; i++) {
        dbn_put_number(bytes, (uint64_t)plan.levels[i].bid_price, 8);
        dbn_put_number(bytes, (uint64_t)plan.levels[i].ask_price, 8);
        dbn_put_number(bytes, plan.levels[i].bid_size, 4);
        dbn_put_number(bytes, plan.levels[i].ask_size, 4);
        dbn_put_number(bytes, 5, 4); /* counts, or publishers */
        dbn_put_number(bytes, 6, 4);
    }
}

static inline void dbn_put_ohlcv(dbn_bytes *bytes, uint8_t type, uint64_t time_ns,
                                 const int64_t prices[4], uint64_t volume) {
    dbn_put_header(bytes, type, 56, 17077, time_ns);
    for (int i = 0; i < 4; i++)
        dbn_put_number(bytes, (uint64_t)prices[i], 8);
    dbn_put_number(bytes, volume, 8);
}

static inline void dbn_put_mapping(dbn_bytes *bytes, uint8_t version, uint32_t instrument,
                                   const char *symbol_in, const char *symbol_out) {
    size_t size = dbn_symbol_size(version);
    dbn_put_header(bytes, TW_DBN_MAPPING, version == 1 ? 80 : 176, instrument, 11);
    if (version > 1)
        dbn_put_number(bytes, TW_DBN_PARENT, 1);
    dbn_put_text(bytes, symbol_in, size);
    if (version > 1)
        dbn_put_number(bytes, TW_DBN_RAW_SYMBOL, 1);
    dbn_put_text(bytes, symbol_out, size);
    if (version == 1)
        dbn_put_zeros(bytes, 4);
    dbn_put_number(bytes, 22, 8);
    dbn_put_number(bytes, 33, 8);
}

/* An error or a system message. */
static inline void dbn_put_notice(dbn_bytes *bytes, uint8_t version, uint8_t type,
                                  const char *text) {
    dbn_put_header(bytes, type, version == 1 ? 80 : 320, 0, 44);
    if (version == 1) {
        dbn_put_text(bytes, text, 64);
        return;
    }
    dbn_put_text(bytes, text, type == TW_DBN_ERROR ? 302 : 303);
    dbn_put_number(bytes, 9, 1); /* code */
    if (type == TW_DBN_ERROR)
        dbn_put_number(bytes, 1, 1); /* is_last */
}

static inline void dbn_put_statistic(dbn_bytes *bytes, uint8_t version, int64_t quantity) {
    dbn_put_header(bytes, TW_DBN_STATISTIC, version < 3 ? 64 : 80, 17077, 1);
    dbn_put_number(bytes, 2, 8);          /* ts_recv */
    dbn_put_number(bytes, UINT64_MAX, 8); /* ts_ref */
    dbn_put_number(bytes, 4, 8);          /* price */
    dbn_put_number(bytes, (uint64_t)quantity, version < 3 ? 4 : 8);
    dbn_put_number(bytes, 6, 4);                     /* sequence */
    dbn_put_number(bytes, (uint64_t)INT64_C(-7), 4); /* ts_in_delta */
    dbn_put_number(bytes, 9, 2);                     /* stat_type */
    dbn_put_number(bytes, 10, 2);                    /* channel_id */
    dbn_put_number(bytes, 1, 1);                     /* update_action */
    dbn_put_number(bytes, 128, 1);                   /* stat_flags */
    dbn_put_zeros(bytes, version < 3 ? 6 : 18);
}

/* A definition of which only header and length matter. */
static inline void dbn_put_definition(dbn_bytes *bytes, uint8_t version) {
    size_t size = version == 1 ? 360 : version == 2 ? 400 : 520;
    dbn_put_header(bytes, TW_DBN_DEFINITION, size, 17077, 5);
    dbn_put_zeros(bytes, size - 16);
}

#endif
