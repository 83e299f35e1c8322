/* holding.c - see holding.h. Both costs (since ever, and since the day began) move alike. */
#include "holding.h"

__extension__ typedef __int128 wide;

/* `part` of `whole`, as a share of `amount`. */
static int64_t share(int64_t amount, int64_t part, int64_t whole) {
    return (int64_t)((wide)amount * part / whole);
}

static void enlarge(ledger_holding *holding, int64_t quantity_nano, int64_t value_nano) {
    int64_t cost = quantity_nano > 0 ? value_nano : -value_nano;
    holding->quantity.nano += quantity_nano;
    holding->cost.nano += cost;
    holding->day_cost.nano += cost;
}

static void reduce(ledger_holding *holding, int64_t quantity_nano) {
    int64_t whole = holding->quantity.nano;
    holding->cost.nano += share(holding->cost.nano, quantity_nano, whole);
    holding->day_cost.nano += share(holding->day_cost.nano, quantity_nano, whole);
    holding->quantity.nano += quantity_nano;
}

void holding_move(ledger_holding *holding, int64_t quantity_nano, int64_t value_nano) {
    int64_t held = holding->quantity.nano;
    bool away = held == 0 || (held > 0) == (quantity_nano > 0);
    TW_ASSERT(quantity_nano != 0 && value_nano >= 0);
    if (away) {
        enlarge(holding, quantity_nano, value_nano);
        return;
    }
    bool through = held > 0 ? -quantity_nano > held : quantity_nano > -held;
    int64_t closing = through ? -held : quantity_nano;
    reduce(holding, closing);
    if (through)
        enlarge(holding, quantity_nano - closing,
                value_nano - share(value_nano, closing, quantity_nano));
    TW_ASSERT(holding->quantity.nano != 0 || holding->cost.nano == 0);
}

int64_t holding_opened(const ledger_holding *holding, int64_t quantity_nano, int64_t value_nano) {
    int64_t held = holding->quantity.nano;
    if (held == 0 || (held > 0) == (quantity_nano > 0))
        return value_nano;
    bool through = held > 0 ? -quantity_nano > held : quantity_nano > -held;
    int64_t closed = through ? share(value_nano, -held, quantity_nano) : value_nano;
    return value_nano - 2 * closed;
}
