/*
 * peer_simdjson.h - simdjson by itself on the page that bench_alpaca decodes.
 */
#ifndef BENCH_PEER_SIMDJSON_H
#define BENCH_PEER_SIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `json` must have 64 readable bytes behind its end. Both return something made of all they read.
 */
uint64_t peer_simdjson_dom(const char *json, size_t size);
/* On-Demand over a page of bars: prices as doubles, times as text, counts as integers. */
uint64_t peer_simdjson_bars(const char *json, size_t size);

#ifdef __cplusplus
}
#endif

#endif
