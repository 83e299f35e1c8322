/* order_list.h - orders of an account as lists and with their legs; GET /v2/orders. */
#ifndef TRADEWIND_RUN_EXCHANGE_ORDER_LIST_H
#define TRADEWIND_RUN_EXCHANGE_ORDER_LIST_H

#include "exchange_priv.h"

/* Writes an order as it stands into the answer's body; `nested`: with its legs. */
void order_list_write(exchange_call *call, const ledger_order *order, bool nested);

#endif
