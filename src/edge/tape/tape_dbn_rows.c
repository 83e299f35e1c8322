/*
 * tape_dbn_rows.c - records of DBN as our words: events, trades, quotes, depth and bars.
 *
 * The rules are on the page of tape_dbn.h. A size is at most 2^32 - 2 units, so that in 1e-9 it
 * always fits; the volume of a bar has 64 bits and may not.
 */
#include "tape_dbn_priv.h"
#include "tradewind/time.h"

#define NOT_AN_ORDER (TW_DBN_FLAG_TOP | TW_DBN_FLAG_LEVEL)

/* Letters come in no order that a branch could guess, so they are looked up. */
static const uint8_t sides[256] = {['A'] = TW_SIDE_SELL, ['B'] = TW_SIDE_BUY, ['N'] = TW_SIDE_NONE};
static const uint8_t kinds[256] = {
    ['A'] = TW_EVENT_ADD,   ['C'] = TW_EVENT_REDUCE, ['M'] = TW_EVENT_MODIFY,
    ['R'] = TW_EVENT_CLEAR, ['T'] = TW_EVENT_OTHER,  ['F'] = TW_EVENT_OTHER,
    ['N'] = TW_EVENT_OTHER};

/* Zero where the record has none. */
static int64_t price_or_zero(int64_t price) {
    return price == TW_DBN_UNDEFINED_PRICE ? 0 : price;
}

static int64_t quantity_or_zero(uint32_t size) {
    return size == TW_DBN_UNDEFINED_SIZE ? 0 : (int64_t)size * TW_NANO;
}

/* ---- events -------------------------------------------------------------------------------- */

static uint8_t kind_of(const tw_dbn_mbo *mbo) {
    uint8_t kind = kinds[(uint8_t)mbo->action];
    if ((mbo->flags & NOT_AN_ORDER) != 0 && kind != TW_EVENT_CLEAR)
        kind = TW_EVENT_OTHER;
    return kind;
}

/* What changes an order must name it, and how: no branch, but one that is never taken. */
static inline bool is_whole(const tw_dbn_mbo *mbo, uint8_t kind) {
    bool still = (kind == TW_EVENT_OTHER) | (kind == TW_EVENT_CLEAR);
    bool named = (mbo->order_id != 0) & (mbo->size != 0) & (mbo->size != TW_DBN_UNDEFINED_SIZE);
    bool placed = (mbo->price != TW_DBN_UNDEFINED_PRICE) & (mbo->side != 'N');
    return still | (named & (placed | (kind == TW_EVENT_REDUCE)));
}

/* Says what a change lacks. */
static tw_status refuse_change(const tw_dbn_mbo *mbo, tw_error *error) {
    const char *lacks = "a side, found none";
    if (mbo->order_id == 0)
        lacks = "an order, found id 0";
    else if (mbo->size == 0)
        lacks = "a size, found 0";
    else if (mbo->size == TW_DBN_UNDEFINED_SIZE)
        lacks = "a size, found none";
    else if (mbo->price == TW_DBN_UNDEFINED_PRICE)
        lacks = "a price, found none";
    return tw_error_set(error, TW_RANGE, "an action %c must have %s", mbo->action, lacks);
}

static uint8_t event_flags(uint8_t flags) {
    return (uint8_t)(((flags & TW_DBN_FLAG_LAST) != 0 ? TW_EVENT_LAST : 0) |
                     ((flags & TW_DBN_FLAG_SNAPSHOT) != 0 ? TW_EVENT_SNAPSHOT : 0));
}

tw_status dbn_read_event(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error) {
    (void)dbn;
    tw_dbn_mbo mbo;
    int64_t time_ns = 0;
    tw_status status = tw_dbn_read_mbo(record, &mbo, error);
    if (status == TW_OK)
        status = dbn_time_of(mbo.received_ns, mbo.header.time_ns, &time_ns, error);
    if (status != TW_OK)
        return status;
    uint8_t kind = kind_of(&mbo);
    if (!is_whole(&mbo, kind))
        return refuse_change(&mbo, error);
    tw_order_event *event = ret_row;
    *event = (tw_order_event){.time_ns = time_ns,
                              .id = mbo.order_id,
                              .price.nano = price_or_zero(mbo.price),
                              .quantity.nano = quantity_or_zero(mbo.size),
                              .kind = kind,
                              .side = sides[(uint8_t)mbo.side],
                              .flags = event_flags(mbo.flags),
                              .detail = (uint8_t)((kind == TW_EVENT_OTHER) * (uint8_t)mbo.action)};
    if (kind == TW_EVENT_CLEAR)
        *event =
            (tw_order_event){.time_ns = time_ns, .kind = kind, .flags = event_flags(mbo.flags)};
    return TW_OK;
}

/* ---- trades and quotes --------------------------------------------------------------------- */

static tw_status read_mbp(tw_slice record, tw_dbn_mbp *mbp, int64_t *ret_time_ns, tw_error *error) {
    tw_status status = tw_dbn_read_mbp(record, mbp, error);
    if (status == TW_OK)
        status = dbn_time_of(mbp->received_ns, mbp->header.time_ns, ret_time_ns, error);
    return status;
}

tw_status dbn_read_trade(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error) {
    (void)dbn;
    tw_dbn_mbp mbp;
    int64_t time_ns = 0;
    tw_status status = read_mbp(record, &mbp, &time_ns, error);
    if (status != TW_OK)
        return status;
    if (mbp.action != 'T')
        return tw_error_set(error, TW_PARSE, "expected the action T of a trade, found %c",
                            mbp.action);
    if (mbp.price == TW_DBN_UNDEFINED_PRICE)
        return tw_error_set(error, TW_RANGE, "a trade must have a price, found none");
    if (mbp.size == 0 || mbp.size == TW_DBN_UNDEFINED_SIZE)
        return tw_error_set(error, TW_RANGE, "a trade must have a size, found %s",
                            mbp.size == 0 ? "0" : "none");
    *(tw_trade *)ret_row = (tw_trade){.time_ns = time_ns,
                                      .price.nano = mbp.price,
                                      .quantity.nano = quantity_or_zero(mbp.size),
                                      .side = sides[(uint8_t)mbp.side]};
    return TW_OK;
}

/* One side of a level; zero in both if it is empty. */
static void place(int64_t price, uint32_t size, tw_price *ret_price, tw_quantity *ret_quantity) {
    bool empty = price == TW_DBN_UNDEFINED_PRICE || quantity_or_zero(size) == 0;
    ret_price->nano = empty ? 0 : price;
    ret_quantity->nano = empty ? 0 : quantity_or_zero(size);
}

tw_status dbn_read_quote(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error) {
    (void)dbn;
    tw_dbn_mbp mbp;
    int64_t time_ns = 0;
    tw_status status = read_mbp(record, &mbp, &time_ns, error);
    if (status != TW_OK)
        return status;
    const tw_dbn_level *level = &mbp.levels[0];
    tw_quote *quote = ret_row;
    *quote = (tw_quote){.time_ns = time_ns};
    place(level->bid_price, level->bid_size, &quote->bid_price, &quote->bid_size);
    place(level->ask_price, level->ask_size, &quote->ask_price, &quote->ask_size);
    return TW_OK;
}

/* ---- depth --------------------------------------------------------------------------------- */

/* The levels of one side behind `count` others, from the best outwards. */
static tw_status take_side(const tw_dbn_mbp *mbp, tw_side side, tw_level *levels, size_t *count,
                           tw_error *error) {
    bool bid = side == TW_SIDE_BUY;
    const tw_level *before = NULL;
    for (size_t i = 0; i < mbp->level_count; i++) {
        const tw_dbn_level *from = &mbp->levels[i];
        tw_level level = {.side = (uint8_t)side};
        place(bid ? from->bid_price : from->ask_price, bid ? from->bid_size : from->ask_size,
              &level.price, &level.quantity);
        if (level.quantity.nano == 0)
            continue;
        if (before != NULL &&
            (bid ? level.price.nano >= before->price.nano : level.price.nano <= before->price.nano))
            return tw_error_set(error, TW_RANGE, "the %s prices do not %s from level to level",
                                bid ? "bid" : "ask", bid ? "descend" : "ascend");
        levels[*count] = level;
        before = &levels[(*count)++];
    }
    return TW_OK;
}

tw_status dbn_read_depth(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error) {
    tw_dbn_mbp mbp;
    tw_level levels[2 * TW_DBN_DEPTH_MAX];
    size_t count = 0;
    int64_t time_ns = 0;
    tw_status status = read_mbp(record, &mbp, &time_ns, error);
    if (status == TW_OK)
        status = take_side(&mbp, TW_SIDE_BUY, levels, &count, error);
    if (status == TW_OK)
        status = take_side(&mbp, TW_SIDE_SELL, levels, &count, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        levels[i].time_ns = time_ns;
        levels[i].clear = i == 0;
        levels[i].last = i + 1 == count && (mbp.flags & TW_DBN_FLAG_LAST) != 0;
        dbn->levels[i] = levels[i];
    }
    *(tw_depth_update *)ret_row = (tw_depth_update){.time_ns = time_ns,
                                                    .levels = dbn->levels,
                                                    .level_count = count,
                                                    .snapshot = 1,
                                                    .depth_max = TW_DBN_DEPTH_MAX};
    return TW_OK;
}

/* ---- bars ---------------------------------------------------------------------------------- */

/* The old type of bars does not tell its timeframe; the schema does. */
static int64_t timeframe_of(const tape_dbn *dbn, uint8_t type) {
    static const int64_t spans_ns[] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, TW_NS_PER_HOUR,
                                       TW_NS_PER_DAY, TW_NS_PER_DAY};
    if (type != TW_DBN_OHLCV)
        return spans_ns[type - TW_DBN_OHLCV_1S];
    if (dbn->metadata.schema == TW_DBN_SCHEMA_OHLCV_EOD)
        return TW_NS_PER_DAY;
    return spans_ns[dbn->metadata.schema - TW_DBN_SCHEMA_OHLCV_1S];
}

static tw_status check_bar(const tw_dbn_ohlcv *bar, tw_error *error) {
    if (bar->open == TW_DBN_UNDEFINED_PRICE || bar->high == TW_DBN_UNDEFINED_PRICE ||
        bar->low == TW_DBN_UNDEFINED_PRICE || bar->close == TW_DBN_UNDEFINED_PRICE)
        return tw_error_set(error, TW_RANGE, "a bar must have four prices, found none");
    if (bar->high < bar->open || bar->high < bar->close)
        return tw_error_set(error, TW_RANGE, "the high is below the open or the close");
    if (bar->low > bar->open || bar->low > bar->close)
        return tw_error_set(error, TW_RANGE, "the low is above the open or the close");
    if (bar->volume > INT64_MAX / TW_NANO)
        return tw_error_set(error, TW_RANGE, "a volume of %llu is more than %lld",
                            (unsigned long long)bar->volume, (long long)(INT64_MAX / TW_NANO));
    return TW_OK;
}

tw_status dbn_read_bar(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error) {
    tw_dbn_ohlcv ohlcv;
    int64_t time_ns = 0;
    tw_status status = tw_dbn_read_ohlcv(record, &ohlcv, error);
    if (status == TW_OK)
        status = dbn_time_of(ohlcv.header.time_ns, ohlcv.header.time_ns, &time_ns, error);
    if (status == TW_OK)
        status = check_bar(&ohlcv, error);
    if (status != TW_OK)
        return status;
    *(tw_bar *)ret_row = (tw_bar){.time_ns = time_ns,
                                  .timeframe_ns = timeframe_of(dbn, ohlcv.header.type),
                                  .open.nano = ohlcv.open,
                                  .high.nano = ohlcv.high,
                                  .low.nano = ohlcv.low,
                                  .close.nano = ohlcv.close,
                                  .volume.nano = (int64_t)ohlcv.volume * TW_NANO};
    return TW_OK;
}
