/*
 * peer_match_map.h - the usual matching engine of C++, to measure ours beside: a std::map of prices
 * a side, a std::list of orders a price, a std::unordered_map of ids; each event is told through a
 * function. It checks what has to be: ids that are taken or unknown.
 */
#ifndef TRADEWIND_BENCH_PEER_MATCH_MAP_H
#define TRADEWIND_BENCH_PEER_MATCH_MAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum match_message_kind {
    MESSAGE_LIMIT = 0, /* rests */
    MESSAGE_IOC = 1,
    MESSAGE_CANCEL = 2,
    MESSAGE_REPLACE = 3 /* price and quantity of an order */
} match_message_kind;

typedef struct match_message {
    uint64_t id;
    int64_t price; /* ticks */
    uint32_t quantity;
    uint8_t kind;
    uint8_t side; /* 0 buy */
    uint16_t reserved;
} match_message;

typedef struct peer_match_event {
    uint64_t id;
    uint64_t maker_id; /* of a trade */
    int64_t price;
    int64_t quantity;
    int64_t remaining;
    uint32_t kind; /* tw_match_event_kind */
} peer_match_event;

typedef void (*peer_match_sink)(void *context, const peer_match_event *event);

typedef struct peer_match peer_match;

peer_match *peer_match_new(peer_match_sink sink, void *context);
void peer_match_free(peer_match *match);
void peer_match_apply(peer_match *match, const match_message *messages, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif
