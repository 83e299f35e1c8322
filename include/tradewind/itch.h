/*
 * itch.h - NASDAQ TotalView-ITCH 5.0: one message as plain data and as bytes, both directions.
 *
 * A message is decoded into a tagged struct: `type` is the specification's letter and tells which
 * member of the union holds the rest. What is decoded encodes to the same bytes again, and what is
 * encoded decodes to the same struct.
 *
 *     tw_itch_message message;
 *     if (tw_itch_decode(bytes, &message, &error) == TW_OK && message.type == 'A')
 *         ... message.add_order.shares ...
 *
 * Source: "Nasdaq TotalView-ITCH 5.0" (NQTVITCHSpecification.pdf, with its changes up to 2023-04);
 * the sections are named at each struct, the data types are those of its section "Data Types":
 * integers are unsigned and big-endian, prices have 4 or 8 implied decimals, text is ASCII, left
 * justified, filled with blanks. Files of messages are read through tape.h.
 *
 * What is refused (TW_RANGE), because a book or a decision would be wrong: a side other than B or
 * S, a time of a day or more, an order without a number, no shares or no price where an order is
 * added, replaced, reduced or executed, a trading state, halt action, breached level, printable
 * flag or imbalance direction that the specification does not list, text that is not printable or
 * does not begin with a character, and what does not fit 1e-9 (more than 9,223,372,036 shares; a
 * Price(8) above that). What is let through, because real feeds say it: a cross without shares or
 * price; a trade (P) without order number, and with the side B always (both since 2010 and 2014);
 * prices above the 200,000.0000 which the specification calls the highest (BRK.A is above it); zero
 * prices in messages that only inform (NOII, collars, IPO); any printable letter in a field that
 * classifies (market category, issue type, event code, cross type ...), since NASDAQ adds letters.
 *
 * Memory: nothing is allocated. Cost: 10 to 20 ns a message. Threads: all functions are pure.
 */
#ifndef TRADEWIND_ITCH_H
#define TRADEWIND_ITCH_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"

#define TW_ITCH_SIZE_MAX 50   /* bytes of the longest message, the NOII */
#define TW_ITCH_STOCK_SIZE 9  /* with the NUL */
#define TW_ITCH_MPID_SIZE 5   /* with the NUL */
#define TW_ITCH_REASON_SIZE 5 /* with the NUL */

/* Text below is NUL-terminated, without the blanks that fill it, and NUL to its end. A char is the
 * letter as it stands in the message, a blank included. */

/* S, 1.1: O start of messages, S start of system hours, Q start of market hours, M end of market
 * hours, E end of system hours, C end of messages. */
typedef struct tw_itch_system_event {
    char event_code;
} tw_itch_system_event;

/* R, 1.2.1: a stock of the day; what its stock_locate stands for. */
typedef struct tw_itch_stock_directory {
    tw_quantity round_lot_size;
    uint32_t etp_leverage_factor;
    char stock[TW_ITCH_STOCK_SIZE];
    char
        market_category; /* Q G S NASDAQ's tiers, N NYSE, A American, P Arca, Z BZX, V IEX, blank */
    char financial_status; /* N normal, D E Q S G H J K C, blank */
    char round_lots_only;  /* Y N */
    char issue_classification;
    char issue_sub_type[3];
    char authenticity; /* P production, T test */
    char short_sale_threshold;
    char ipo_flag;
    char luld_tier; /* 1 2, blank */
    char etp_flag;
    char inverse_indicator;
} tw_itch_stock_directory;

/* H, 1.2.2: H halted, P paused, Q quotation only, T trading. */
typedef struct tw_itch_trading_action {
    char stock[TW_ITCH_STOCK_SIZE];
    char trading_state;
    char reserved; /* as it was */
    char reason[TW_ITCH_REASON_SIZE];
} tw_itch_trading_action;

/* Y, 1.2.3: 0 no test, 1 restriction in effect, 2 restriction remains. */
typedef struct tw_itch_reg_sho {
    char stock[TW_ITCH_STOCK_SIZE];
    char action;
} tw_itch_reg_sho;

/* L, 1.2.4. */
typedef struct tw_itch_participant_position {
    char mpid[TW_ITCH_MPID_SIZE];
    char stock[TW_ITCH_STOCK_SIZE];
    char primary_market_maker; /* Y N */
    char market_maker_mode;    /* N P S R L */
    char state;                /* A active, E excused, W withdrawn, S suspended, D deleted */
} tw_itch_participant_position;

/* V, 1.2.5.1: the levels of the S&P 500 at which the whole market halts; Price(8). */
typedef struct tw_itch_mwcb_decline {
    tw_price level_1;
    tw_price level_2;
    tw_price level_3;
} tw_itch_mwcb_decline;

/* W, 1.2.5.2: the level that was breached, 1 2 3. */
typedef struct tw_itch_mwcb_status {
    char breached_level;
} tw_itch_mwcb_status;

/* K, 1.2.6. */
typedef struct tw_itch_ipo_quoting {
    int64_t release_time_ns; /* since midnight, whole seconds */
    tw_price price;
    char stock[TW_ITCH_STOCK_SIZE];
    char release_qualifier; /* A anticipated, C cancelled or postponed */
} tw_itch_ipo_quoting;

/* J, 1.2.7: where a paused stock may reopen. */
typedef struct tw_itch_auction_collar {
    tw_price reference_price;
    tw_price upper_price;
    tw_price lower_price;
    uint32_t extension; /* how often the auction was extended */
    char stock[TW_ITCH_STOCK_SIZE];
} tw_itch_auction_collar;

/* h, 1.2.8: H halted at this market only, T resumed. */
typedef struct tw_itch_operational_halt {
    char stock[TW_ITCH_STOCK_SIZE];
    char market_code; /* Q NASDAQ, B BX (Texas), X PSX */
    char action;
} tw_itch_operational_halt;

/* A, 1.3.1, and F, 1.3.2: an order joins the book. */
typedef struct tw_itch_add_order {
    uint64_t order_reference_number;
    tw_quantity shares;
    tw_price price;
    uint8_t side; /* tw_side */
    char stock[TW_ITCH_STOCK_SIZE];
    char attribution[TW_ITCH_MPID_SIZE]; /* F: whose it is; A: empty */
} tw_itch_add_order;

/* E, 1.4.1, and C, 1.4.2: an order of the book trades. */
typedef struct tw_itch_execution {
    uint64_t order_reference_number;
    uint64_t match_number;
    tw_quantity shares;
    tw_price price; /* C; zero in E, which trades at the order's own */
    char printable; /* C: Y, or N when another message tells its volume; zero in E */
} tw_itch_execution;

/* X, 1.4.3: so many shares of an order are cancelled. */
typedef struct tw_itch_cancel {
    uint64_t order_reference_number;
    tw_quantity shares;
} tw_itch_cancel;

/* D, 1.4.4: what is left of an order is cancelled. */
typedef struct tw_itch_delete {
    uint64_t order_reference_number;
} tw_itch_delete;

/* U, 1.4.5: an order leaves, another one of its side enters. */
typedef struct tw_itch_replace {
    uint64_t order_reference_number;
    uint64_t new_order_reference_number;
    tw_quantity shares;
    tw_price price;
} tw_itch_replace;

/* P, 1.5.1: an order trades that the book does not show. */
typedef struct tw_itch_trade {
    uint64_t order_reference_number; /* 0 since 2010-12-06 */
    uint64_t match_number;
    tw_quantity shares;
    tw_price price;
    uint8_t side; /* tw_side of the resting order; always TW_SIDE_BUY since 2014-07-14 */
    char stock[TW_ITCH_STOCK_SIZE];
} tw_itch_trade;

/* Q, 1.5.2: an auction trades. No shares: nobody met. */
typedef struct tw_itch_cross_trade {
    uint64_t match_number;
    tw_quantity shares;
    tw_price price;
    char stock[TW_ITCH_STOCK_SIZE];
    char cross_type; /* O opening, C closing, H halted or IPO, A extended close */
} tw_itch_cross_trade;

/* B, 1.5.3: a trade is undone. */
typedef struct tw_itch_broken_trade {
    uint64_t match_number;
} tw_itch_broken_trade;

/* I, 1.6: the imbalance before an auction (NOII). */
typedef struct tw_itch_imbalance {
    tw_quantity paired_shares;
    tw_quantity imbalance_shares;
    tw_price far_price;
    tw_price near_price;
    tw_price reference_price;
    char stock[TW_ITCH_STOCK_SIZE];
    char direction; /* B S, N none, O too few orders, P paused */
    char cross_type;
    char price_variation; /* L 1-9 A B C, blank */
} tw_itch_imbalance;

/* N, 1.7: retail interest: B S A N. */
typedef struct tw_itch_retail_interest {
    char stock[TW_ITCH_STOCK_SIZE];
    char interest_flag;
} tw_itch_retail_interest;

/* O, 1.8: a direct listing with capital raise finds its price. */
typedef struct tw_itch_direct_listing {
    tw_price minimum_price;
    tw_price maximum_price;
    tw_price near_execution_price;
    int64_t near_execution_time_ns; /* since midnight */
    tw_price lower_collar;
    tw_price upper_collar;
    char stock[TW_ITCH_STOCK_SIZE];
    char open_eligibility; /* Y N */
} tw_itch_direct_listing;

/* Any message. Bytes that its type does not use are zero when it was decoded. */
typedef struct tw_itch_message {
    int64_t time_ns;       /* since midnight, New York */
    uint16_t stock_locate; /* the number of the stock on this day; 0: of no stock */
    uint16_t tracking_number;
    char type;
    uint8_t reserved[3];
    union {
        tw_itch_system_event system_event;                 /* S */
        tw_itch_stock_directory stock_directory;           /* R */
        tw_itch_trading_action trading_action;             /* H */
        tw_itch_reg_sho reg_sho;                           /* Y */
        tw_itch_participant_position participant_position; /* L */
        tw_itch_mwcb_decline mwcb_decline;                 /* V */
        tw_itch_mwcb_status mwcb_status;                   /* W */
        tw_itch_ipo_quoting ipo_quoting;                   /* K */
        tw_itch_auction_collar auction_collar;             /* J */
        tw_itch_operational_halt operational_halt;         /* h */
        tw_itch_add_order add_order;                       /* A F */
        tw_itch_execution execution;                       /* E C */
        tw_itch_cancel cancel;                             /* X */
        tw_itch_delete delete_order;                       /* D */
        tw_itch_replace replace;                           /* U */
        tw_itch_trade trade;                               /* P */
        tw_itch_cross_trade cross_trade;                   /* Q */
        tw_itch_broken_trade broken_trade;                 /* B */
        tw_itch_imbalance imbalance;                       /* I */
        tw_itch_retail_interest retail_interest;           /* N */
        tw_itch_direct_listing direct_listing;             /* O */
    };
} tw_itch_message;

TW_BEGIN_DECLS

/* Bytes of a message of this type, without any length in front; 0 when there is no such type. */
TW_API size_t tw_itch_size(char type);

/* Reads one message, without any length in front. TW_PARSE: no such type, or not the length of its
 * type. TW_RANGE: a value is not acceptable (see above); the sentence names its byte, counted from
 * 0 as the specification does. */
TW_API tw_status tw_itch_decode(tw_slice message, tw_itch_message *ret_message,
                                tw_error *error) TW_MUST_CHECK;

/* Writes one message into `buffer`, tw_itch_size(type) bytes. TW_PARSE: no such type. TW_FULL: the
 * buffer is smaller. TW_RANGE: a value has no place in the message (a price that is no multiple of
 * 0.0001, parts of a share, text too long ...) or would not be read back. */
TW_API tw_status tw_itch_encode(const tw_itch_message *message, char *buffer, size_t capacity,
                                size_t *ret_size, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
