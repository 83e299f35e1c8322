/*
 * itch_encode.c - ITCH 5.0 messages into bytes.
 *
 * Idea: each type has a function that puts its fields at the offsets of the specification's table;
 * a value that has no place there is noted, the first one only. What was written is then read by
 * the decoder, so that the two directions can never differ in what they accept.
 *
 * Invariants:
 *   1. Everything is written into `writing.bytes`, which holds the longest message; the caller's
 *      buffer is written only when no field was noted and the decoder has taken the bytes.
 */
#include "itch_bytes.h"
#include "tradewind/itch.h"
#include "tradewind/time.h"

#define NANO_PER_PRICE_4 INT64_C(100000)
#define NANO_PER_PRICE_8 INT64_C(10)

/* A message being written, and the first value that has no place in it. */
typedef struct writing {
    char bytes[TW_ITCH_SIZE_MAX];
    const char *expected; /* NULL: all have so far */
    unsigned at;
} writing;

/* ---- fields -------------------------------------------------------------------------------- */

static void require(writing *w, bool ok, unsigned at, const char *expected) {
    if (!ok && w->expected == NULL) {
        w->expected = expected;
        w->at = at;
    }
}

/* value / unit, if it is a whole number from 0 to max. */
static uint64_t whole(writing *w, unsigned at, int64_t value, int64_t unit, uint64_t max,
                      const char *expected) {
    bool fits = value >= 0 && value % unit == 0 && (uint64_t)(value / unit) <= max;
    require(w, fits, at, expected);
    return fits ? (uint64_t)(value / unit) : 0;
}

static void put_price_4(writing *w, unsigned at, tw_price price) {
    uint64_t units = whole(w, at, price.nano, NANO_PER_PRICE_4, UINT32_MAX,
                           "a price from 0 to 429496.7295, a multiple of 0.0001");
    itch_store_32(w->bytes + at, (uint32_t)units);
}

static void put_price_8(writing *w, unsigned at, tw_price price) {
    itch_store_64(w->bytes + at, whole(w, at, price.nano, NANO_PER_PRICE_8, UINT64_MAX,
                                       "a price of at least 0, a multiple of 0.00000001"));
}

static void put_shares_4(writing *w, unsigned at, tw_quantity shares) {
    uint64_t count =
        whole(w, at, shares.nano, TW_NANO, UINT32_MAX, "whole shares, from 0 to 4294967295");
    itch_store_32(w->bytes + at, (uint32_t)count);
}

static void put_shares_8(writing *w, unsigned at, tw_quantity shares) {
    itch_store_64(w->bytes + at,
                  whole(w, at, shares.nano, TW_NANO, UINT64_MAX, "whole shares, at least 0"));
}

static void put_side(writing *w, unsigned at, uint8_t side) {
    require(w, side == TW_SIDE_BUY || side == TW_SIDE_SELL, at, "a side, buy or sell");
    w->bytes[at] = side == TW_SIDE_BUY ? 'B' : 'S';
}

/* Text of at most `size` letters, filled with blanks. A blank at its end would be lost. */
static void put_text(writing *w, unsigned at, const char *text, size_t size) {
    size_t length = strnlen(text, size + 1);
    bool fits = length <= size && (length == 0 || text[length - 1] != ' ');
    require(w, fits, at, "text that fits, with its NUL and without blanks at its end");
    if (!fits)
        return;
    memset(w->bytes + at, ' ', size);
    memcpy(w->bytes + at, text, length);
}

static void put_stock(writing *w, unsigned at, const char stock[TW_ITCH_STOCK_SIZE]) {
    put_text(w, at, stock, TW_ITCH_STOCK_SIZE - 1);
}

static void put_number_4(writing *w, unsigned at, uint32_t number) {
    itch_store_32(w->bytes + at, number);
}

static void put_number_8(writing *w, unsigned at, uint64_t number) {
    itch_store_64(w->bytes + at, number);
}

/* ---- messages about stocks (1.1, 1.2) ------------------------------------------------------ */

static void put_stock_directory(writing *w, const tw_itch_stock_directory *m) {
    put_stock(w, 11, m->stock);
    w->bytes[19] = m->market_category;
    w->bytes[20] = m->financial_status;
    put_shares_4(w, 21, m->round_lot_size);
    w->bytes[25] = m->round_lots_only;
    w->bytes[26] = m->issue_classification;
    put_text(w, 27, m->issue_sub_type, 2);
    w->bytes[29] = m->authenticity;
    w->bytes[30] = m->short_sale_threshold;
    w->bytes[31] = m->ipo_flag;
    w->bytes[32] = m->luld_tier;
    w->bytes[33] = m->etp_flag;
    put_number_4(w, 34, m->etp_leverage_factor);
    w->bytes[38] = m->inverse_indicator;
}

static void put_trading_action(writing *w, const tw_itch_trading_action *m) {
    put_stock(w, 11, m->stock);
    w->bytes[19] = m->trading_state;
    w->bytes[20] = m->reserved;
    put_text(w, 21, m->reason, 4);
}

static void put_participant_position(writing *w, const tw_itch_participant_position *m) {
    put_text(w, 11, m->mpid, 4);
    put_stock(w, 15, m->stock);
    w->bytes[23] = m->primary_market_maker;
    w->bytes[24] = m->market_maker_mode;
    w->bytes[25] = m->state;
}

static void put_mwcb_decline(writing *w, const tw_itch_mwcb_decline *m) {
    put_price_8(w, 11, m->level_1);
    put_price_8(w, 19, m->level_2);
    put_price_8(w, 27, m->level_3);
}

static void put_ipo_quoting(writing *w, const tw_itch_ipo_quoting *m) {
    put_stock(w, 11, m->stock);
    put_number_4(w, 19,
                 (uint32_t)whole(w, 19, m->release_time_ns, TW_NS_PER_SECOND, UINT32_MAX,
                                 "whole seconds since midnight"));
    w->bytes[23] = m->release_qualifier;
    put_price_4(w, 24, m->price);
}

static void put_auction_collar(writing *w, const tw_itch_auction_collar *m) {
    put_stock(w, 11, m->stock);
    put_price_4(w, 19, m->reference_price);
    put_price_4(w, 23, m->upper_price);
    put_price_4(w, 27, m->lower_price);
    put_number_4(w, 31, m->extension);
}

/* ---- messages about orders and trades (1.3, 1.4, 1.5) -------------------------------------- */

static void put_add_order(writing *w, char type, const tw_itch_add_order *m) {
    put_number_8(w, 11, m->order_reference_number);
    put_side(w, 19, m->side);
    put_shares_4(w, 20, m->shares);
    put_stock(w, 24, m->stock);
    put_price_4(w, 32, m->price);
    if (type == 'F')
        put_text(w, 36, m->attribution, 4);
    else
        require(w, m->attribution[0] == '\0', 0, "type F, since there is an attribution");
}

static void put_execution(writing *w, char type, const tw_itch_execution *m) {
    put_number_8(w, 11, m->order_reference_number);
    put_shares_4(w, 19, m->shares);
    put_number_8(w, 23, m->match_number);
    if (type == 'C') {
        w->bytes[31] = m->printable;
        put_price_4(w, 32, m->price);
        return;
    }
    require(w, m->price.nano == 0 && m->printable == '\0', 0,
            "type C, since there is a price or printable flag");
}

static void put_cancel(writing *w, const tw_itch_cancel *m) {
    put_number_8(w, 11, m->order_reference_number);
    put_shares_4(w, 19, m->shares);
}

static void put_replace(writing *w, const tw_itch_replace *m) {
    put_number_8(w, 11, m->order_reference_number);
    put_number_8(w, 19, m->new_order_reference_number);
    put_shares_4(w, 27, m->shares);
    put_price_4(w, 31, m->price);
}

static void put_trade(writing *w, const tw_itch_trade *m) {
    put_number_8(w, 11, m->order_reference_number);
    put_side(w, 19, m->side);
    put_shares_4(w, 20, m->shares);
    put_stock(w, 24, m->stock);
    put_price_4(w, 32, m->price);
    put_number_8(w, 36, m->match_number);
}

static void put_cross_trade(writing *w, const tw_itch_cross_trade *m) {
    put_shares_8(w, 11, m->shares);
    put_stock(w, 19, m->stock);
    put_price_4(w, 27, m->price);
    put_number_8(w, 31, m->match_number);
    w->bytes[39] = m->cross_type;
}

/* ---- messages around auctions (1.6, 1.7, 1.8) ---------------------------------------------- */

static void put_imbalance(writing *w, const tw_itch_imbalance *m) {
    put_shares_8(w, 11, m->paired_shares);
    put_shares_8(w, 19, m->imbalance_shares);
    w->bytes[27] = m->direction;
    put_stock(w, 28, m->stock);
    put_price_4(w, 36, m->far_price);
    put_price_4(w, 40, m->near_price);
    put_price_4(w, 44, m->reference_price);
    w->bytes[48] = m->cross_type;
    w->bytes[49] = m->price_variation;
}

static void put_direct_listing(writing *w, const tw_itch_direct_listing *m) {
    put_stock(w, 11, m->stock);
    w->bytes[19] = m->open_eligibility;
    put_price_4(w, 20, m->minimum_price);
    put_price_4(w, 24, m->maximum_price);
    put_price_4(w, 28, m->near_execution_price);
    put_number_8(w, 32,
                 whole(w, 32, m->near_execution_time_ns, 1, UINT64_MAX, "a time since midnight"));
    put_price_4(w, 40, m->lower_collar);
    put_price_4(w, 44, m->upper_collar);
}

/* ---- the message --------------------------------------------------------------------------- */

static void put_order_message(writing *w, const tw_itch_message *m) {
    switch (m->type) {
    case 'A':
    case 'F':
        put_add_order(w, m->type, &m->add_order);
        break;
    case 'E':
    case 'C':
        put_execution(w, m->type, &m->execution);
        break;
    case 'X':
        put_cancel(w, &m->cancel);
        break;
    case 'D':
        put_number_8(w, 11, m->delete_order.order_reference_number);
        break;
    case 'U':
        put_replace(w, &m->replace);
        break;
    case 'P':
        put_trade(w, &m->trade);
        break;
    case 'Q':
        put_cross_trade(w, &m->cross_trade);
        break;
    default:
        TW_ASSERT(m->type == 'B');
        put_number_8(w, 11, m->broken_trade.match_number);
    }
}

static void put_other_message(writing *w, const tw_itch_message *m) {
    switch (m->type) {
    case 'S':
        w->bytes[11] = m->system_event.event_code;
        break;
    case 'R':
        put_stock_directory(w, &m->stock_directory);
        break;
    case 'H':
        put_trading_action(w, &m->trading_action);
        break;
    case 'Y':
        put_stock(w, 11, m->reg_sho.stock);
        w->bytes[19] = m->reg_sho.action;
        break;
    case 'L':
        put_participant_position(w, &m->participant_position);
        break;
    case 'V':
        put_mwcb_decline(w, &m->mwcb_decline);
        break;
    case 'W':
        w->bytes[11] = m->mwcb_status.breached_level;
        break;
    case 'K':
        put_ipo_quoting(w, &m->ipo_quoting);
        break;
    case 'J':
        put_auction_collar(w, &m->auction_collar);
        break;
    case 'h':
        put_stock(w, 11, m->operational_halt.stock);
        w->bytes[19] = m->operational_halt.market_code;
        w->bytes[20] = m->operational_halt.action;
        break;
    case 'I':
        put_imbalance(w, &m->imbalance);
        break;
    case 'N':
        put_stock(w, 11, m->retail_interest.stock);
        w->bytes[19] = m->retail_interest.interest_flag;
        break;
    default:
        TW_ASSERT(m->type == 'O');
        put_direct_listing(w, &m->direct_listing);
    }
}

static void put_message(writing *w, const tw_itch_message *m) {
    w->bytes[0] = m->type;
    itch_store_16(w->bytes + 1, m->stock_locate);
    itch_store_16(w->bytes + 3, m->tracking_number);
    itch_store_48(w->bytes + 5, whole(w, 5, m->time_ns, 1, (uint64_t)TW_NS_PER_DAY - 1,
                                      "a time of less than a day since midnight"));
    if (strchr("AFECXDUPQB", m->type) != NULL)
        put_order_message(w, m);
    else
        put_other_message(w, m);
}

tw_status tw_itch_encode(const tw_itch_message *message, char *buffer, size_t capacity,
                         size_t *ret_size, tw_error *error) {
    TW_ASSERT(message != NULL && buffer != NULL && ret_size != NULL);
    size_t size = tw_itch_size(message->type);
    if (size == 0)
        return tw_error_set(error, TW_PARSE, "ITCH 5.0 has no message of type 0x%02x",
                            (unsigned char)message->type);
    if (size > capacity)
        return tw_error_set(error, TW_FULL,
                            "a message of type %c has %zu bytes; there is room "
                            "for %zu",
                            message->type, size, capacity);
    writing w = {0};
    put_message(&w, message);
    if (w.expected != NULL)
        return tw_error_set(error, TW_RANGE, "byte %u of the message (type %c): expected %s", w.at,
                            message->type, w.expected);
    tw_itch_message read_back;
    tw_status status = tw_itch_decode((tw_slice){w.bytes, size}, &read_back, error);
    if (status != TW_OK)
        return status;
    memcpy(buffer, w.bytes, size);
    *ret_size = size;
    return TW_OK;
}
