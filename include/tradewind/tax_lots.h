/*
 * tax_lots.h - which lots a sale closes, what is gained on them, and which losses may not count.
 *
 *     tw_tax_lots_config config;
 *     tw_tax_lots_config_init(&config);
 *     config.order = TW_LOTS_LEAST_TAX;
 *     status = tw_tax_lots_close(&config, &input, closings, &result, &error);
 *
 * A purchase that closes a short position is told with `closes_short`: its lots are what was sold
 * short, and gains and rules are turned round.
 *
 * Lots are closed whole, one after the other in the chosen order, and the last one in part, until
 * the sale's quantity is reached. Ties go to the earlier purchase, then the lower index.
 *
 * Rules of the United States, told here so that they can be checked:
 * - A gain is long-term when the asset was held for more than one year. The holding begins on the
 *   day after the purchase, and years are those of the calendar (Rev. Rul. 66-7): bought on
 *   2023-02-28 or 2024-02-29, it is long-term from the 1st of March of the next year on.
 * - A loss does not count as far as the same asset is bought within 30 days before or after the
 *   sale (26 U.S.C. 1091: 61 days with the sale's own). What is left of lots from those days counts
 *   as such a purchase, except for the sale of a part of the same lot (Rev. Rul. 56-602), and so do
 *   the purchases given besides: made elsewhere, or only planned. This is a warning and no advice:
 *   what was bought and sold again within the days is not seen unless it is given.
 *
 * - What is gained on a short position is short-term, however long that stood (26 U.S.C. 1233: the
 *   property that closes it has been held for no time), and its loss does not count as far as the
 *   same asset is sold short within those 61 days (1091(e)). That somebody held the same asset long
 *   at that time is not looked at.
 *
 * Days are counted from 1970-01-01 (tw_date_to_days), in the calendar of the market.
 *
 * All money is whole, to the nearest 1e-9 with ties to even for each closing; a loss that does not
 * count is rounded up. What the trade costs is shared out by quantity, exactly in sum.
 *
 * Memory: nothing is allocated. Cost: O(lots + closings x log lots + purchases). Threads: pure.
 */
#ifndef TRADEWIND_TAX_LOTS_H
#define TRADEWIND_TAX_LOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

/* Days before and after a sale at a loss. */
#define TW_TAX_WASH_DAYS 30

typedef enum tw_lots_order {
    TW_LOTS_HIGHEST_COST = 0, /* the dearest lot first: the least gain */
    TW_LOTS_FIRST_IN = 1,     /* the oldest first, as where nothing is said */
    TW_LOTS_LAST_IN = 2,
    TW_LOTS_LOWEST_COST = 3,
    TW_LOTS_LONG_TERM = 4, /* long-term lots first, then the dearest */
    /* By what an amount of each kind saves: losses of the higher rate (short-term ones, when the
     * rates are one), then the others, the greatest first; then what neither gains nor loses; then
     * gains of the lower rate (long-term ones), then the others, the least first. */
    TW_LOTS_LOSS_FIRST = 5,
    TW_LOTS_LEAST_TAX = 6 /* the least rate x gain a share: proven least for the given rates */
} tw_lots_order;

typedef struct tw_tax_lot {
    tw_quantity quantity; /* above 0 */
    tw_price price;       /* paid, costs included; had, less costs, when short; at least 0 */
    int64_t day;          /* of the purchase, or of the short sale */
    tw_symbol symbol;
    uint8_t is_short;
    uint8_t reserved[3];
} tw_tax_lot;

/* A purchase (or a short sale) that is not among the lots: in another account, after the sale, or
 * planned. */
typedef struct tw_tax_purchase {
    tw_quantity quantity; /* above 0 */
    int64_t day;
    tw_symbol symbol;
    uint8_t is_short;
    uint8_t reserved[3];
} tw_tax_purchase;

typedef struct tw_tax_lots_config {
    /* Of a gain, at 1e-9, 0 to 1. Losses count at the same rates: as if there were gains of the
     * same kind for them to be set against. */
    int64_t short_rate_nano;
    int64_t long_rate_nano;
    uint8_t order; /* tw_lots_order */
    uint8_t reserved[7];
} tw_tax_lots_config;

typedef struct tw_tax_lots_input {
    tw_symbol symbol;     /* what is sold, or bought back */
    uint8_t closes_short; /* it is bought back: closes lots that are short */
    uint8_t reserved[3];
    tw_quantity quantity; /* above 0 */
    tw_price price;       /* had or paid for it, at least 0 */
    tw_money trade_cost;  /* of the whole trade: less of a gain; at least 0 */
    int64_t day;
    const tw_tax_lot *lots; /* of any symbols; those of others and of the other side are passed over
                             */
    size_t lot_count;
    const tw_tax_purchase *purchases;
    size_t purchase_count;
} tw_tax_lots_input;

/* A lot, or the part of it, that the sale closes. */
typedef struct tw_tax_closing {
    size_t lot; /* index */
    tw_quantity quantity;
    tw_money proceeds;        /* of a sale without its cost */
    tw_money cost;            /* of a purchase with its cost */
    tw_money gain;            /* proceeds - cost */
    tw_quantity washed;       /* of a loss: as much of the quantity as was bought again */
    tw_money disallowed_loss; /* that part of the loss, at least 0 */
    uint8_t long_term;
    uint8_t reserved[7];
} tw_tax_closing;

typedef struct tw_tax_lots_result {
    size_t count; /* closings */
    tw_money proceeds;
    tw_money cost;
    tw_money gain_short; /* gains less losses, those that do not count included */
    tw_money gain_long;
    tw_money
        disallowed_short; /* losses that do not count; they add to the cost of what was bought */
    tw_money disallowed_long;
    tw_quantity washed;
    tw_money tax; /* rates x (gain + disallowed); below 0 is saved */
} tw_tax_lots_result;

TW_BEGIN_DECLS

/* The highest cost first, rates of 37% and 20%. */
TW_API void tw_tax_lots_config_init(tw_tax_lots_config *config);

/*
 * Chooses. `ret_closings` has room for `lot_count`; what stands behind the result's count is
 * without meaning. TW_NOT_FOUND: no lot of the symbol; TW_RANGE: more is sold than is held;
 * TW_INVALID: a quantity that is not above 0, a price below 0, a rate outside of 0 to 1, an order
 * that is none, a lot bought after the sale, a day outside of the years 1678 to 2261;
 * TW_OVERFLOW: the lots or the sale are worth more than tw_money holds. `error` (may be NULL) says
 * which. With any of these nothing is written.
 */
TW_API tw_status tw_tax_lots_close(const tw_tax_lots_config *config, const tw_tax_lots_input *input,
                                   tw_tax_closing *ret_closings, tw_tax_lots_result *ret_result,
                                   tw_error *error) TW_MUST_CHECK;

/* Held for more than one year, by the days of purchase and sale, of the years above. */
TW_API bool tw_tax_is_long_term(int64_t bought_day, int64_t sold_day);

/* "highest-cost", "first-in", "last-in", "lowest-cost", "long-term", "loss-first", "least-tax". The
 * name is never NULL; a parse of another word is TW_PARSE. */
TW_API const char *tw_lots_order_name(tw_lots_order order);
TW_API tw_status tw_lots_order_parse(tw_slice text, tw_lots_order *ret_order) TW_MUST_CHECK;

TW_END_DECLS

#endif
