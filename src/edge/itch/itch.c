/*
 * itch.c - ITCH 5.0 messages out of bytes.
 *
 * Idea: one switch on the type; each type has a function that reads its fields at the offsets of
 * the specification's table, which are written here as they stand there. A field that is not
 * acceptable is noted, the first one only, and reading goes on: the message has its length, so
 * nothing can be read that is not there, and the usual message has no branch taken.
 *
 * Invariants:
 *   1. A type's function is called only with as many bytes as `sizes` says.
 *   2. The caller's struct is written only when no field was noted.
 */
#include <ctype.h>

#include "itch_bytes.h"
#include "tradewind/itch.h"
#include "tradewind/time.h"

#define NANO_PER_PRICE_4 INT64_C(100000) /* of a unit of Price(4): 1e9 / 1e4 */
#define NANO_PER_PRICE_8 INT64_C(10)
#define BYTES_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Lengths of the specification's tables: the end of the last field. */
static const uint8_t sizes[128] = {
    ['S'] = 12, ['R'] = 39, ['H'] = 25, ['Y'] = 20, ['L'] = 26, ['V'] = 35, ['W'] = 12, ['K'] = 28,
    ['J'] = 35, ['h'] = 21, ['A'] = 36, ['F'] = 40, ['E'] = 31, ['C'] = 36, ['X'] = 23, ['D'] = 19,
    ['U'] = 35, ['P'] = 44, ['Q'] = 40, ['B'] = 19, ['I'] = 50, ['N'] = 20, ['O'] = 48};

size_t tw_itch_size(char type) {
    return (unsigned char)type < sizeof sizes ? sizes[(unsigned char)type] : 0;
}

/* A message being read: its bytes, and the first field that is not acceptable. */
typedef struct reading {
    const char *bytes;
    const char *expected; /* NULL: all are acceptable so far */
    unsigned at;
} reading;

/* ---- fields -------------------------------------------------------------------------------- */

static inline void require(reading *r, bool ok, unsigned at, const char *expected) {
    if (__builtin_expect(!ok && r->expected == NULL, 0)) {
        r->expected = expected;
        r->at = at;
    }
}

static inline char read_letter(reading *r, unsigned at) {
    char c = r->bytes[at];
    require(r, c >= ' ' && c <= '~', at, "a printable letter");
    return c;
}

/* One of a closed list of letters, of which there is none beside them. */
static inline char read_one_of(reading *r, unsigned at, const char *letters, const char *expected) {
    char c = r->bytes[at];
    bool found = false;
    for (const char *letter = letters; *letter != '\0'; letter++)
        found |= c == *letter;
    require(r, found, at, expected);
    return c;
}

/* Text in a word, its first letter on top, blanks behind its end: those become NULs. A byte below a
 * blank borrows, one above a tilde overflows into its upper bit. */
static inline uint64_t read_word(reading *r, unsigned at, uint64_t word) {
    uint64_t low = (word - BYTES_OF(0x20)) & ~word;
    uint64_t high = word | (word + BYTES_OF(0x01));
    require(r, ((low | high) & BYTES_OF(0x80)) == 0, at, "printable text, filled with blanks");
    uint64_t letters = word ^ BYTES_OF(0x20);
    if (letters == 0)
        return 0;
    require(r, letters >> 56 != 0, at, "text that begins with a letter");
    unsigned blanks = (unsigned)__builtin_ctzll(letters) / 8;
    return word & (UINT64_MAX << (8 * blanks));
}

static inline void read_stock(reading *r, unsigned at, char ret_stock[TW_ITCH_STOCK_SIZE]) {
    uint64_t word = read_word(r, at, itch_load_64(r->bytes + at));
    require(r, word != 0, at, "the name of a stock");
    itch_store_64(ret_stock, word);
}

/* The four letters of a participant or a reason; blank is empty. */
static inline void read_four(reading *r, unsigned at, char ret_text[5]) {
    uint64_t word = (uint64_t)itch_load_32(r->bytes + at) << 32 | UINT32_C(0x20202020);
    itch_store_32(ret_text, (uint32_t)(read_word(r, at, word) >> 32));
}

static inline void read_two(reading *r, unsigned at, char ret_text[3]) {
    uint64_t word = (uint64_t)itch_load_16(r->bytes + at) << 48 | UINT64_C(0x202020202020);
    itch_store_16(ret_text, (uint16_t)(read_word(r, at, word) >> 48));
}

static inline tw_price read_price_4(const reading *r, unsigned at) {
    return (tw_price){(int64_t)itch_load_32(r->bytes + at) * NANO_PER_PRICE_4};
}

static inline tw_price read_price_above_zero(reading *r, unsigned at) {
    tw_price price = read_price_4(r, at);
    require(r, price.nano != 0, at, "a price above zero");
    return price;
}

static inline tw_price read_price_8(reading *r, unsigned at) {
    uint64_t units = itch_load_64(r->bytes + at);
    bool fits = units <= (uint64_t)(INT64_MAX / NANO_PER_PRICE_8);
    require(r, fits, at, "a Price(8) of at most 9223372036.85477580");
    return (tw_price){fits ? (int64_t)units * NANO_PER_PRICE_8 : 0};
}

static inline tw_quantity read_shares_4(const reading *r, unsigned at) {
    return (tw_quantity){(int64_t)itch_load_32(r->bytes + at) * TW_NANO};
}

static inline tw_quantity read_shares_above_zero(reading *r, unsigned at) {
    tw_quantity shares = read_shares_4(r, at);
    require(r, shares.nano != 0, at, "a number of shares above zero");
    return shares;
}

static inline tw_quantity read_shares_8(reading *r, unsigned at) {
    uint64_t shares = itch_load_64(r->bytes + at);
    bool fits = shares <= (uint64_t)(INT64_MAX / TW_NANO);
    require(r, fits, at, "at most 9223372036 shares");
    return (tw_quantity){fits ? (int64_t)shares * TW_NANO : 0};
}

static inline uint64_t read_order(reading *r, unsigned at) {
    uint64_t number = itch_load_64(r->bytes + at);
    require(r, number != 0, at, "an order reference number above zero");
    return number;
}

static inline uint8_t read_side(reading *r, unsigned at) {
    char c = r->bytes[at];
    require(r, c == 'B' || c == 'S', at, "B or S");
    return c == 'B' ? TW_SIDE_BUY : TW_SIDE_SELL;
}

static inline int64_t read_day_ns(reading *r, unsigned at, uint64_t number, uint64_t unit_ns) {
    bool fits = number < (uint64_t)TW_NS_PER_DAY / unit_ns;
    require(r, fits, at, "a time of less than a day since midnight");
    return fits ? (int64_t)(number * unit_ns) : 0;
}

/* ---- messages about stocks (1.1, 1.2) ------------------------------------------------------ */

static inline void read_system_event(reading *r, tw_itch_system_event *m) {
    m->event_code = read_letter(r, 11);
}

static inline void read_stock_directory(reading *r, tw_itch_stock_directory *m) {
    read_stock(r, 11, m->stock);
    m->market_category = read_letter(r, 19);
    m->financial_status = read_letter(r, 20);
    m->round_lot_size = read_shares_4(r, 21);
    m->round_lots_only = read_letter(r, 25);
    m->issue_classification = read_letter(r, 26);
    read_two(r, 27, m->issue_sub_type);
    m->authenticity = read_letter(r, 29);
    m->short_sale_threshold = read_letter(r, 30);
    m->ipo_flag = read_letter(r, 31);
    m->luld_tier = read_letter(r, 32);
    m->etp_flag = read_letter(r, 33);
    m->etp_leverage_factor = itch_load_32(r->bytes + 34);
    m->inverse_indicator = read_letter(r, 38);
}

static inline void read_trading_action(reading *r, tw_itch_trading_action *m) {
    read_stock(r, 11, m->stock);
    m->trading_state = read_one_of(r, 19, "HPQT", "H, P, Q or T");
    m->reserved = r->bytes[20];
    read_four(r, 21, m->reason);
}

static inline void read_reg_sho(reading *r, tw_itch_reg_sho *m) {
    read_stock(r, 11, m->stock);
    m->action = read_letter(r, 19);
}

static inline void read_participant_position(reading *r, tw_itch_participant_position *m) {
    read_four(r, 11, m->mpid);
    read_stock(r, 15, m->stock);
    m->primary_market_maker = read_letter(r, 23);
    m->market_maker_mode = read_letter(r, 24);
    m->state = read_letter(r, 25);
}

static inline void read_mwcb_decline(reading *r, tw_itch_mwcb_decline *m) {
    m->level_1 = read_price_8(r, 11);
    m->level_2 = read_price_8(r, 19);
    m->level_3 = read_price_8(r, 27);
}

static inline void read_mwcb_status(reading *r, tw_itch_mwcb_status *m) {
    m->breached_level = read_one_of(r, 11, "123", "1, 2 or 3");
}

static inline void read_ipo_quoting(reading *r, tw_itch_ipo_quoting *m) {
    read_stock(r, 11, m->stock);
    m->release_time_ns =
        read_day_ns(r, 19, itch_load_32(r->bytes + 19), (uint64_t)TW_NS_PER_SECOND);
    m->release_qualifier = read_letter(r, 23);
    m->price = read_price_4(r, 24);
}

static inline void read_auction_collar(reading *r, tw_itch_auction_collar *m) {
    read_stock(r, 11, m->stock);
    m->reference_price = read_price_4(r, 19);
    m->upper_price = read_price_4(r, 23);
    m->lower_price = read_price_4(r, 27);
    m->extension = itch_load_32(r->bytes + 31);
}

static inline void read_operational_halt(reading *r, tw_itch_operational_halt *m) {
    read_stock(r, 11, m->stock);
    m->market_code = read_letter(r, 19);
    m->action = read_one_of(r, 20, "HT", "H or T");
}

/* ---- messages about orders and trades (1.3, 1.4, 1.5) -------------------------------------- */

static inline void read_add_order(reading *r, char type, tw_itch_add_order *m) {
    m->order_reference_number = read_order(r, 11);
    m->side = read_side(r, 19);
    m->shares = read_shares_above_zero(r, 20);
    read_stock(r, 24, m->stock);
    m->price = read_price_above_zero(r, 32);
    if (type == 'F')
        read_four(r, 36, m->attribution);
}

static inline void read_execution(reading *r, char type, tw_itch_execution *m) {
    m->order_reference_number = read_order(r, 11);
    m->shares = read_shares_above_zero(r, 19);
    m->match_number = itch_load_64(r->bytes + 23);
    if (type == 'E')
        return;
    m->printable = read_one_of(r, 31, "YN", "Y or N");
    m->price = read_price_above_zero(r, 32);
}

static inline void read_cancel(reading *r, tw_itch_cancel *m) {
    m->order_reference_number = read_order(r, 11);
    m->shares = read_shares_above_zero(r, 19);
}

static inline void read_replace(reading *r, tw_itch_replace *m) {
    m->order_reference_number = read_order(r, 11);
    m->new_order_reference_number = read_order(r, 19);
    m->shares = read_shares_above_zero(r, 27);
    m->price = read_price_above_zero(r, 31);
}

static inline void read_trade(reading *r, tw_itch_trade *m) {
    m->order_reference_number = itch_load_64(r->bytes + 11);
    m->side = read_side(r, 19);
    m->shares = read_shares_above_zero(r, 20);
    read_stock(r, 24, m->stock);
    m->price = read_price_above_zero(r, 32);
    m->match_number = itch_load_64(r->bytes + 36);
}

static inline void read_cross_trade(reading *r, tw_itch_cross_trade *m) {
    m->shares = read_shares_8(r, 11);
    read_stock(r, 19, m->stock);
    m->price = read_price_4(r, 27);
    m->match_number = itch_load_64(r->bytes + 31);
    m->cross_type = read_letter(r, 39);
}

/* ---- messages around auctions (1.6, 1.7, 1.8) ---------------------------------------------- */

static inline void read_imbalance(reading *r, tw_itch_imbalance *m) {
    m->paired_shares = read_shares_8(r, 11);
    m->imbalance_shares = read_shares_8(r, 19);
    m->direction = read_one_of(r, 27, "BSNOP", "B, S, N, O or P");
    read_stock(r, 28, m->stock);
    m->far_price = read_price_4(r, 36);
    m->near_price = read_price_4(r, 40);
    m->reference_price = read_price_4(r, 44);
    m->cross_type = read_letter(r, 48);
    m->price_variation = read_letter(r, 49);
}

static inline void read_retail_interest(reading *r, tw_itch_retail_interest *m) {
    read_stock(r, 11, m->stock);
    m->interest_flag = read_letter(r, 19);
}

static inline void read_direct_listing(reading *r, tw_itch_direct_listing *m) {
    read_stock(r, 11, m->stock);
    m->open_eligibility = read_letter(r, 19);
    m->minimum_price = read_price_4(r, 20);
    m->maximum_price = read_price_4(r, 24);
    m->near_execution_price = read_price_4(r, 28);
    m->near_execution_time_ns = read_day_ns(r, 32, itch_load_64(r->bytes + 32), 1);
    m->lower_collar = read_price_4(r, 40);
    m->upper_collar = read_price_4(r, 44);
}

/* ---- the message --------------------------------------------------------------------------- */

/* Messages that change no book. */
static void read_other(reading *r, tw_itch_message *m) {
    switch (m->type) {
    case 'S':
        read_system_event(r, &m->system_event);
        break;
    case 'R':
        read_stock_directory(r, &m->stock_directory);
        break;
    case 'H':
        read_trading_action(r, &m->trading_action);
        break;
    case 'Y':
        read_reg_sho(r, &m->reg_sho);
        break;
    case 'L':
        read_participant_position(r, &m->participant_position);
        break;
    case 'V':
        read_mwcb_decline(r, &m->mwcb_decline);
        break;
    case 'W':
        read_mwcb_status(r, &m->mwcb_status);
        break;
    case 'K':
        read_ipo_quoting(r, &m->ipo_quoting);
        break;
    case 'J':
        read_auction_collar(r, &m->auction_collar);
        break;
    case 'h':
        read_operational_halt(r, &m->operational_halt);
        break;
    case 'I':
        read_imbalance(r, &m->imbalance);
        break;
    case 'N':
        read_retail_interest(r, &m->retail_interest);
        break;
    default:
        TW_ASSERT(m->type == 'O');
        read_direct_listing(r, &m->direct_listing);
    }
}

static inline void read_message(reading *r, tw_itch_message *m) {
    const char *b = r->bytes;
    m->type = b[0];
    m->stock_locate = itch_load_16(b + 1);
    m->tracking_number = itch_load_16(b + 3);
    m->time_ns = read_day_ns(r, 5, itch_load_48(b + 5), 1);
    switch (m->type) {
    case 'A':
    case 'F':
        read_add_order(r, m->type, &m->add_order);
        break;
    case 'D':
        m->delete_order.order_reference_number = read_order(r, 11);
        break;
    case 'E':
    case 'C':
        read_execution(r, m->type, &m->execution);
        break;
    case 'X':
        read_cancel(r, &m->cancel);
        break;
    case 'U':
        read_replace(r, &m->replace);
        break;
    case 'P':
        read_trade(r, &m->trade);
        break;
    case 'Q':
        read_cross_trade(r, &m->cross_trade);
        break;
    case 'B':
        m->broken_trade.match_number = itch_load_64(b + 11);
        break;
    default:
        read_other(r, m);
    }
}

static tw_status wrong_size(tw_slice message, tw_error *error) {
    if (message.size == 0)
        return tw_error_set(error, TW_PARSE, "the message is empty; its type was expected");
    char type = message.data[0];
    size_t size = tw_itch_size(type);
    bool shown = isalnum((unsigned char)type) != 0;
    if (size == 0)
        return tw_error_set(
            error, TW_PARSE, "ITCH 5.0 has no message of type %s%c (0x%02x), %zu bytes",
            shown ? "" : "?", shown ? type : '?', (unsigned char)type, message.size);
    return tw_error_set(error, TW_PARSE, "a message of type %c has %zu bytes, found %zu", type,
                        size, message.size);
}

tw_status tw_itch_decode(tw_slice message, tw_itch_message *ret_message, tw_error *error) {
    TW_ASSERT(message.data != NULL || message.size == 0);
    TW_ASSERT(ret_message != NULL);
    if (message.size == 0 || tw_itch_size(message.data[0]) != message.size)
        return wrong_size(message, error);
    reading r = {.bytes = message.data};
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    read_message(&r, &m);
    if (r.expected != NULL)
        return tw_error_set(error, TW_RANGE, "byte %u of the message (type %c): expected %s", r.at,
                            m.type, r.expected);
    memcpy(ret_message, &m, sizeof m);
    return TW_OK;
}
