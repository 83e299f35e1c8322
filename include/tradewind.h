/*
 * tradewind.h - the whole library in one line: includes every public header and nothing else.
 */
#ifndef TRADEWIND_H
#define TRADEWIND_H

#include "tradewind/alloc.h"
#include "tradewind/alpaca.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/api.h"
#include "tradewind/bars.h"
#include "tradewind/batch.h"
#include "tradewind/book.h"
#include "tradewind/config.h"
#include "tradewind/decimal.h"
#include "tradewind/engine.h"
#include "tradewind/error.h"
#include "tradewind/exchange.h"
#include "tradewind/histogram.h"
#include "tradewind/http.h"
#include "tradewind/log.h"
#include "tradewind/loop.h"
#include "tradewind/map.h"
#include "tradewind/market.h"
#include "tradewind/match.h"
#include "tradewind/metrics.h"
#include "tradewind/random.h"
#include "tradewind/rebalance.h"
#include "tradewind/recorder.h"
#include "tradewind/ring.h"
#include "tradewind/risk.h"
#include "tradewind/socket.h"
#include "tradewind/status.h"
#include "tradewind/store.h"
#include "tradewind/tape.h"
#include "tradewind/text.h"
#include "tradewind/time.h"
#include "tradewind/venue.h"
#include "tradewind/version.h"
#include "tradewind/wait.h"
#include "tradewind/window.h"

#endif
