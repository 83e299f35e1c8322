/*
 * dbn_record.c - records, field by field.
 *
 * Idea: each reader first checks type and length, then loads its fields from their offsets, which
 * the comment in front of it lists; the first sixteen bytes are the header of all.
 *
 * Invariants:
 *   1. No byte behind record.size is read: `open_record` compares it with the least size of the
 *      type, and every offset used lies below that.
 *   2. What is returned has no byte that is not set, padding included.
 */
#include "dbn_priv.h"

#define SYMBOL_SIZE 71 /* in a mapping since version 2 */
#define SYMBOL_SIZE_V1 22
#define NOTICE_SIZE_V1 64
#define LEVEL_SIZE 32

/* ---- headers and sizes --------------------------------------------------------------------- */

/* length u8 (words of 4 bytes) @0, rtype u8 @1, publisher_id u16 @2, instrument_id u32 @4,
 * ts_event u64 @8. */
static inline tw_dbn_header load_header(const char *at) {
    return (tw_dbn_header){.time_ns = load_u64(at + 8),
                           .instrument_id = load_u32(at + 4),
                           .publisher_id = load_u16(at + 2),
                           .size = (uint16_t)(4U * load_u8(at)),
                           .type = load_u8(at + 1)};
}

tw_status tw_dbn_read_header(tw_slice bytes, tw_dbn_header *ret_header, tw_error *error) {
    if (bytes.size > 0) {
        unsigned size = 4U * load_u8(bytes.data);
        if (size < TW_DBN_HEADER_SIZE || size > TW_DBN_RECORD_SIZE_MAX)
            return tw_error_set(error, TW_CORRUPT,
                                "a record is said to have %u bytes; %d to %d are possible", size,
                                TW_DBN_HEADER_SIZE, TW_DBN_RECORD_SIZE_MAX);
    }
    if (bytes.size < TW_DBN_HEADER_SIZE)
        return tw_error_set(error, TW_TRUNCATED, "a record ends after %zu of at least %d bytes",
                            bytes.size, TW_DBN_HEADER_SIZE);
    *ret_header = load_header(bytes.data);
    return TW_OK;
}

size_t tw_dbn_size_of(uint8_t version, uint8_t type) {
    TW_ASSERT(version >= 1 && version <= TW_DBN_VERSION_MAX);
    switch (type) {
    case TW_DBN_STATUS:
        return 40;
    case TW_DBN_MBP_0:
        return 48;
    case TW_DBN_MBO:
    case TW_DBN_OHLCV:
    case TW_DBN_OHLCV_1S:
    case TW_DBN_OHLCV_1M:
    case TW_DBN_OHLCV_1H:
    case TW_DBN_OHLCV_1D:
    case TW_DBN_OHLCV_EOD:
        return 56;
    case TW_DBN_MBP_1:
    case TW_DBN_CMBP_1:
    case TW_DBN_TCBBO:
    case TW_DBN_CBBO_1S:
    case TW_DBN_CBBO_1M:
    case TW_DBN_BBO_1S:
    case TW_DBN_BBO_1M:
        return 80;
    case TW_DBN_IMBALANCE:
        return 112;
    case TW_DBN_MBP_10:
        return 368;
    case TW_DBN_STATISTIC:
        return version < 3 ? 64 : 80;
    case TW_DBN_MAPPING:
        return version == 1 ? 80 : 176;
    case TW_DBN_ERROR:
    case TW_DBN_SYSTEM:
        return version == 1 ? 80 : 320;
    case TW_DBN_DEFINITION:
        return version == 1 ? 360 : version == 2 ? 400 : 520;
    default:
        return 0;
    }
}

static tw_status wrong_type(const char *what, uint8_t type, tw_error *error) {
    return tw_error_set(error, TW_INVALID, "a record of type 0x%02x is no %s", type, what);
}

static tw_status too_short(const char *what, size_t size, size_t needed, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "a record of %zu bytes is too short for %s of %zu", size,
                        what, needed);
}

/* The header of a record that may be read as its type. */
static inline tw_status open_record(uint8_t version, tw_slice record, const char *what,
                                    tw_dbn_header *ret_header, tw_error *error) {
    TW_ASSERT(record.size >= TW_DBN_HEADER_SIZE);
    *ret_header = load_header(record.data);
    size_t needed = tw_dbn_size_of(version, ret_header->type);
    if (record.size < needed)
        return too_short(what, record.size, needed, error);
    return TW_OK;
}

/* Letters come in no order that a branch could guess, so they are looked up. */
static const bool is_side[256] = {['A'] = true, ['B'] = true, ['N'] = true};
static const bool is_action[256] = {['A'] = true, ['C'] = true, ['F'] = true, ['M'] = true,
                                    ['N'] = true, ['R'] = true, ['T'] = true};

static inline bool are_letters(char action, char side) {
    return is_action[(uint8_t)action] & is_side[(uint8_t)side];
}

static tw_status bad_letters(char action, char side, tw_error *error) {
    if (!is_action[(uint8_t)action])
        return tw_error_set(error, TW_PARSE,
                            "expected an action of A, C, M, R, T, F or N, found the byte 0x%02x",
                            (uint8_t)action);
    return tw_error_set(error, TW_PARSE, "expected a side of A, B or N, found the byte 0x%02x",
                        (uint8_t)side);
}

uint64_t tw_dbn_sent_ns(tw_slice record) {
    if (record.size < TW_DBN_HEADER_SIZE + 8)
        return TW_DBN_UNDEFINED_TIME;
    return load_u64(record.data + record.size - 8);
}

/* ---- books, trades, quotes, bars ----------------------------------------------------------- */

/* order_id u64 @16, price i64 @24, size u32 @32, flags u8 @36, channel_id u8 @37, action @38,
 * side @39, ts_recv u64 @40, ts_in_delta i32 @48, sequence u32 @52. */
tw_status tw_dbn_read_mbo(tw_slice record, tw_dbn_mbo *ret_mbo, tw_error *error) {
    TW_ASSERT(record.size >= TW_DBN_HEADER_SIZE);
    const char *at = record.data;
    if (load_u8(at + 1) != TW_DBN_MBO)
        return wrong_type("MBO", load_u8(at + 1), error);
    if (record.size < 56)
        return too_short("MBO", record.size, 56, error);
    char action = at[38];
    char side = at[39];
    if (!are_letters(action, side))
        return bad_letters(action, side, error);
    /* Field by field: a header put together first and copied is read back wider than it was
     * written, and the processor waits for that. */
    ret_mbo->header.time_ns = load_u64(at + 8);
    ret_mbo->header.instrument_id = load_u32(at + 4);
    ret_mbo->header.publisher_id = load_u16(at + 2);
    ret_mbo->header.size = (uint16_t)(4U * load_u8(at));
    ret_mbo->header.type = TW_DBN_MBO;
    memset(ret_mbo->header.reserved, 0, sizeof ret_mbo->header.reserved);
    ret_mbo->order_id = load_u64(at + 16);
    ret_mbo->received_ns = load_u64(at + 40);
    ret_mbo->price = load_i64(at + 24);
    ret_mbo->size = load_u32(at + 32);
    ret_mbo->sequence = load_u32(at + 52);
    ret_mbo->sent_before_ns = load_i32(at + 48);
    ret_mbo->flags = load_u8(at + 36);
    ret_mbo->channel_id = load_u8(at + 37);
    ret_mbo->action = action;
    ret_mbo->side = side;
    return TW_OK;
}

static bool is_consolidated(uint8_t type) {
    return type == TW_DBN_CMBP_1 || type == TW_DBN_TCBBO || type == TW_DBN_CBBO_1S ||
           type == TW_DBN_CBBO_1M;
}

/* Taken at the end of an interval: no action, no time between sending and receiving. */
static bool is_sampled(uint8_t type) {
    return type == TW_DBN_BBO_1S || type == TW_DBN_BBO_1M || type == TW_DBN_CBBO_1S ||
           type == TW_DBN_CBBO_1M;
}

static size_t level_count_of(uint8_t type) {
    if (type == TW_DBN_MBP_0)
        return 0;
    return type == TW_DBN_MBP_10 ? 10 : 1;
}

static bool is_mbp(uint8_t type) {
    return type == TW_DBN_MBP_0 || type == TW_DBN_MBP_1 || type == TW_DBN_MBP_10 ||
           is_consolidated(type) || is_sampled(type);
}

/* bid_px i64 @0, ask_px i64 @8, bid_sz u32 @16, ask_sz u32 @20; then bid_ct u32 @24, ask_ct u32 @28
 * or, consolidated, bid_pb u16 @24, ask_pb u16 @28. */
static tw_dbn_level load_level(const char *at, bool consolidated) {
    tw_dbn_level level = {.bid_price = load_i64(at),
                          .ask_price = load_i64(at + 8),
                          .bid_size = load_u32(at + 16),
                          .ask_size = load_u32(at + 20)};
    if (consolidated) {
        level.bid_publisher_id = load_u16(at + 24);
        level.ask_publisher_id = load_u16(at + 28);
    } else {
        level.bid_count = load_u32(at + 24);
        level.ask_count = load_u32(at + 28);
    }
    return level;
}

/* price i64 @16, size u32 @24, action @28, side @29, flags u8 @30, depth u8 @31, ts_recv u64 @32,
 * ts_in_delta i32 @40, sequence u32 @44, levels @48. Sampled types have no action, depth and
 * ts_in_delta, consolidated ones no depth and sequence; there these bytes are reserved. */
tw_status tw_dbn_read_mbp(tw_slice record, tw_dbn_mbp *ret_mbp, tw_error *error) {
    tw_dbn_mbp mbp = {0};
    tw_status status = open_record(1, record, "its levels", &mbp.header, error);
    uint8_t type = mbp.header.type;
    if (!is_mbp(type))
        return wrong_type("trade, quote or depth", type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data;
    bool consolidated = is_consolidated(type);
    bool sampled = is_sampled(type);
    char action = sampled ? 'N' : at[28];
    if (!are_letters(action, at[29]))
        return bad_letters(action, at[29], error);
    mbp.price = load_i64(at + 16);
    mbp.size = load_u32(at + 24);
    mbp.action = sampled ? '\0' : action;
    mbp.side = at[29];
    mbp.flags = load_u8(at + 30);
    mbp.depth = sampled || consolidated ? 0 : load_u8(at + 31);
    mbp.received_ns = load_u64(at + 32);
    mbp.sent_before_ns = sampled ? 0 : load_i32(at + 40);
    mbp.sequence = consolidated ? 0 : load_u32(at + 44);
    mbp.level_count = (uint32_t)level_count_of(type);
    for (size_t i = 0; i < mbp.level_count; i++)
        mbp.levels[i] = load_level(at + 48 + LEVEL_SIZE * i, consolidated);
    *ret_mbp = mbp;
    return TW_OK;
}

/* open i64 @16, high i64 @24, low i64 @32, close i64 @40, volume u64 @48. */
tw_status tw_dbn_read_ohlcv(tw_slice record, tw_dbn_ohlcv *ret_ohlcv, tw_error *error) {
    tw_dbn_ohlcv ohlcv = {0};
    tw_status status = open_record(1, record, "a bar", &ohlcv.header, error);
    uint8_t type = ohlcv.header.type;
    if (type != TW_DBN_OHLCV && (type < TW_DBN_OHLCV_1S || type > TW_DBN_OHLCV_EOD))
        return wrong_type("bar", type, error);
    if (status != TW_OK)
        return status;
    ohlcv.open = load_i64(record.data + 16);
    ohlcv.high = load_i64(record.data + 24);
    ohlcv.low = load_i64(record.data + 32);
    ohlcv.close = load_i64(record.data + 40);
    ohlcv.volume = load_u64(record.data + 48);
    *ret_ohlcv = ohlcv;
    return TW_OK;
}

/* ---- what is said about instruments -------------------------------------------------------- */

/* ts_recv u64 @16, action u16 @24, reason u16 @26, trading_event u16 @28, is_trading @30,
 * is_quoting
 * @31, is_short_sell_restricted @32. */
tw_status tw_dbn_read_status(tw_slice record, tw_dbn_status *ret_status, tw_error *error) {
    tw_dbn_status told = {0};
    tw_status status = open_record(1, record, "a status", &told.header, error);
    if (told.header.type != TW_DBN_STATUS)
        return wrong_type("status", told.header.type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data;
    told.received_ns = load_u64(at + 16);
    told.action = load_u16(at + 24);
    told.reason = load_u16(at + 26);
    told.trading_event = load_u16(at + 28);
    told.is_trading = at[30];
    told.is_quoting = at[31];
    told.is_short_sell_restricted = at[32];
    *ret_status = told;
    return TW_OK;
}

/* ts_recv u64 @16, ref_price i64 @24, auction_time u64 @32, six prices i64 @40 to @80, four sizes
 * u32 @88 to @100, auction_type @104, side @105, auction_status u8 @106, freeze_status u8 @107,
 * num_extensions u8 @108, unpaired_side @109, significant_imbalance @110. */
tw_status tw_dbn_read_imbalance(tw_slice record, tw_dbn_imbalance *ret_imbalance, tw_error *error) {
    tw_dbn_header header;
    tw_status status = open_record(1, record, "an imbalance", &header, error);
    if (header.type != TW_DBN_IMBALANCE)
        return wrong_type("imbalance", header.type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data;
    *ret_imbalance = (tw_dbn_imbalance){.header = header,
                                        .received_ns = load_u64(at + 16),
                                        .reference_price = load_i64(at + 24),
                                        .auction_ns = load_u64(at + 32),
                                        .continuous_clearing_price = load_i64(at + 40),
                                        .interest_clearing_price = load_i64(at + 48),
                                        .restricted_filling_price = load_i64(at + 56),
                                        .indicative_price = load_i64(at + 64),
                                        .upper_collar = load_i64(at + 72),
                                        .lower_collar = load_i64(at + 80),
                                        .paired_size = load_u32(at + 88),
                                        .imbalance_size = load_u32(at + 92),
                                        .market_imbalance_size = load_u32(at + 96),
                                        .unpaired_size = load_u32(at + 100),
                                        .auction_type = at[104],
                                        .side = at[105],
                                        .auction_status = load_u8(at + 106),
                                        .freeze_status = load_u8(at + 107),
                                        .extension_count = load_u8(at + 108),
                                        .unpaired_side = at[109],
                                        .significant_imbalance = at[110]};
    return TW_OK;
}

/* ts_recv u64 @16, ts_ref u64 @24, price i64 @32; then quantity i32 @40 (versions 1 and 2) or i64,
 * and behind it sequence u32, ts_in_delta i32, stat_type u16, channel_id u16, update_action u8,
 * stat_flags u8. */
tw_status tw_dbn_read_statistic(uint8_t version, tw_slice record, tw_dbn_statistic *ret_statistic,
                                tw_error *error) {
    tw_dbn_statistic told = {0};
    tw_status status = open_record(version, record, "a statistic", &told.header, error);
    if (told.header.type != TW_DBN_STATISTIC)
        return wrong_type("statistic", told.header.type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data;
    told.received_ns = load_u64(at + 16);
    told.reference_ns = load_u64(at + 24);
    told.price = load_i64(at + 32);
    if (version < 3)
        told.quantity =
            load_i32(at + 40) == INT32_MAX ? TW_DBN_UNDEFINED_QUANTITY : load_i32(at + 40);
    else
        told.quantity = load_i64(at + 40);
    at += version < 3 ? 44 : 48;
    told.sequence = load_u32(at);
    told.sent_before_ns = load_i32(at + 4);
    told.kind = load_u16(at + 8);
    told.channel_id = load_u16(at + 10);
    told.update_action = load_u8(at + 12);
    told.flags = load_u8(at + 13);
    *ret_statistic = told;
    return TW_OK;
}

/* ---- what the gateway says ----------------------------------------------------------------- */

/* A text that may lack its NUL into a buffer that is zero and longer. */
static void load_text(char *to, const char *at, size_t size) {
    memcpy(to, at, strnlen(at, size));
}

/* Version 1: two symbols of 22 bytes @16 and @38, 4 bytes of padding. Later: stype_in u8 @16, a
 * symbol of 71 bytes, stype_out u8 @88, a symbol. Then start_ts u64, end_ts u64. */
tw_status tw_dbn_read_mapping(uint8_t version, tw_slice record, tw_dbn_mapping *ret_mapping,
                              tw_error *error) {
    tw_dbn_mapping told = {.symbology_in = TW_DBN_SYMBOLOGY_MIXED,
                           .symbology_out = TW_DBN_SYMBOLOGY_MIXED};
    tw_status status = open_record(version, record, "a mapping", &told.header, error);
    if (told.header.type != TW_DBN_MAPPING)
        return wrong_type("mapping", told.header.type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data + TW_DBN_HEADER_SIZE;
    if (version == 1) {
        load_text(told.symbol_in, at, SYMBOL_SIZE_V1);
        load_text(told.symbol_out, at + SYMBOL_SIZE_V1, SYMBOL_SIZE_V1);
        at += 2 * SYMBOL_SIZE_V1 + 4;
    } else {
        told.symbology_in = load_u8(at);
        load_text(told.symbol_in, at + 1, SYMBOL_SIZE);
        told.symbology_out = load_u8(at + 1 + SYMBOL_SIZE);
        load_text(told.symbol_out, at + 2 + SYMBOL_SIZE, SYMBOL_SIZE);
        at += 2 + 2 * SYMBOL_SIZE;
    }
    told.start_ns = load_u64(at);
    told.end_ns = load_u64(at + 8);
    *ret_mapping = told;
    return TW_OK;
}

/* Version 1: a text of 64 bytes @16. Later: an error's of 302, code u8 @318, is_last u8; a system
 * message's of 303, code u8 @319. */
tw_status tw_dbn_read_notice(uint8_t version, tw_slice record, tw_dbn_notice *ret_notice,
                             tw_error *error) {
    tw_dbn_notice told = {0};
    tw_status status = open_record(version, record, "a message", &told.header, error);
    uint8_t type = told.header.type;
    if (type != TW_DBN_ERROR && type != TW_DBN_SYSTEM)
        return wrong_type("message", type, error);
    if (status != TW_OK)
        return status;
    const char *at = record.data + TW_DBN_HEADER_SIZE;
    size_t size = type == TW_DBN_ERROR ? 302 : 303;
    if (version > 1)
        told.code = load_u8(at + size);
    load_text(told.text, at, version == 1 ? NOTICE_SIZE_V1 : size);
    *ret_notice = told;
    return TW_OK;
}
