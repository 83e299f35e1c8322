/*
 * replay_orders.h - the orders of a recording, for a replay that may make others.
 *
 * All are read beforehand. An order of the replay is the recorded one if it has the same client
 * order id, symbol, side, quantity and limit price, and if it is not handed over in a later turn:
 * what the venue said of it then fits.
 */
#ifndef TRADEWIND_RUN_RECORDING_REPLAY_ORDERS_H
#define TRADEWIND_RUN_RECORDING_REPLAY_ORDERS_H

#include "replay_reader.h"

typedef struct replay_orders replay_orders;

/* Reads the whole recording as far as it is whole. TW_NO_MEMORY, TW_IO. */
tw_status replay_orders_read(const tw_allocator *allocator, const reader_source *source,
                             replay_orders **ret_orders, tw_error *error) TW_MUST_CHECK;
void replay_orders_free(replay_orders *orders);
/* Handed to the broker, those of earlier runs left out. */
uint64_t replay_orders_count(const replay_orders *orders);

/* The replay has made an order, in its n-th turn: is it one of the recording? */
bool replay_orders_made(replay_orders *orders, const tw_order *order, uint64_t turn);

/* May the engine hear of this? Not of an order that it has not made; of all else. */
bool replay_orders_pass(const replay_orders *orders, const item *event);

#endif
