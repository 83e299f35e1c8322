/*
 * bench_match.c - messages a second through the matching engine, beside the usual one of C++, in
 * five regimes of the market.
 *
 * A message is a new order (half of them, 15 % of these immediate-or-cancel, some marketable), a
 * cancel (four in ten) or a replacement; about ten thousand orders rest. Cancels and replacements
 * are of orders that are alive. Both engines get the same messages and tell every event through a
 * function, which sums them up; the sums of the trades and the numbers of events must be equal.
 * Runs take turns, each on a new engine; the figures are medians, and the least in brackets.
 *
 *     bench_match [messages [regime]]        regime: 0 to 4
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "peer_match_map.h"
#include "tradewind/match.h"

#define MESSAGE_COUNT 2000000
#define RUN_COUNT 7
#define LIVE_COUNT 10000
#define TICK_NANO INT64_C(10000000) /* a cent */
#define MID 20000                   /* ticks */

typedef enum regime { STATIC, TRENDING, SWINGS, FLASH_CRASH, ONE_LEVEL, REGIME_COUNT } regime;

static const char *const regime_names[REGIME_COUNT] = {"static", "trending", "wide swings",
                                                       "flash crash", "one deep level"};

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- Our engine --------------------------------------------------------------------------------
 */

typedef struct tally {
    uint64_t events;
    uint64_t trades; /* a sum over what every trade says */
} tally;

static void add_trade(tally *sum, uint64_t id, uint64_t maker_id, int64_t price, int64_t quantity) {
    sum->trades =
        sum->trades * 31 + id * 3 + maker_id * 5 + (uint64_t)price * 7 + (uint64_t)quantity;
}

static void count_event(void *context, const tw_match_event *event) {
    tally *sum = context;
    sum->events++;
    if (event->kind == TW_MATCH_TRADE)
        add_trade(sum, event->id, event->maker_id, event->price.nano / TICK_NANO,
                  event->quantity.nano / TW_NANO);
}

static tw_match *make_match(void) {
    const tw_match_config config = {.book = {.symbol_count_max = 1,
                                             .order_count_max = 4 * LIVE_COUNT,
                                             .level_count_max = 4 * LIVE_COUNT}};
    tw_match *match = NULL;
    require(tw_match_new(NULL, &config, &match) == TW_OK, "tw_match_new");
    return match;
}

static inline void apply_one(tw_match *match, const match_message *message,
                             const tw_match_sink *sink) {
    if (message->kind == MESSAGE_CANCEL) {
        tw_match_cancel(match, 0, message->id, sink);
        return;
    }
    if (message->kind == MESSAGE_REPLACE) {
        const tw_match_replacement replacement = {.price.nano = message->price * TICK_NANO,
                                                  .quantity.nano =
                                                      (int64_t)message->quantity * TW_NANO};
        tw_match_replace(match, 0, message->id, &replacement, sink);
        return;
    }
    const tw_match_order order = {
        .id = message->id,
        .price.nano = message->price * TICK_NANO,
        .quantity.nano = (int64_t)message->quantity * TW_NANO,
        .side = (uint8_t)(TW_SIDE_BUY + message->side),
        .type = TW_ORDER_LIMIT,
        .time_in_force = message->kind == MESSAGE_IOC ? TW_IMMEDIATE_OR_CANCEL : TW_DAY};
    tw_match_submit(match, &order, sink);
}

__attribute__((noinline)) static void run_ours(tw_match *match, const match_message *messages,
                                               uint32_t count, tally *sum) {
    const tw_match_sink sink = {count_event, sum};
    for (uint32_t i = 0; i < count; i++)
        apply_one(match, &messages[i], &sink);
}

static void count_peer_event(void *context, const peer_match_event *event) {
    tally *sum = context;
    sum->events++;
    if (event->kind == TW_MATCH_TRADE)
        add_trade(sum, event->id, event->maker_id, event->price, event->quantity);
}

/* ---- Messages ----------------------------------------------------------------------------------
 */

typedef struct market {
    uint64_t random;
    uint64_t next_id;
    uint64_t live[LIVE_COUNT * 2];
    uint32_t live_count;
} market;

/* SplitMix64. */
static uint64_t draw(market *made) {
    uint64_t z = made->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double uniform(market *made) {
    return (double)(draw(made) >> 11) * 0x1p-53;
}

/* Where the market is, in ticks, when `part` of the messages are through. */
static int64_t mid_at(regime kind, double part) {
    double pi = acos(-1.0);
    switch (kind) {
    case TRENDING:
        return MID + (int64_t)(2000 * part);
    case SWINGS:
        return MID + (int64_t)(MID * 0.4 * sin(part * 20 * pi));
    case FLASH_CRASH: /* a fifth down in a hundredth of the time, and up again in a tenth */
        if (part < 0.5 || part > 0.61)
            return MID;
        return part < 0.51 ? MID - (int64_t)(MID * 0.2 * (part - 0.5) / 0.01)
                           : MID - (int64_t)(MID * 0.2 * (0.61 - part) / 0.1);
    case STATIC:
    case ONE_LEVEL:
    case REGIME_COUNT:
        break;
    }
    return MID;
}

/* Orders come mostly near the touch; one in eight crosses it. */
static int64_t price_of(market *made, regime kind, int64_t mid, uint8_t side) {
    int64_t away = 1 + (int64_t)(-12 * log(1 - uniform(made)));
    if (uniform(made) < 0.125)
        away = -(int64_t)(uniform(made) * 4);
    if (kind == ONE_LEVEL)
        away = away > 0 ? 1 : -1;
    return side == 0 ? mid - away : mid + away;
}

/* An order that is alive; those that are not are forgotten on the way. */
static uint64_t pick(market *made, const tw_match *match) {
    while (made->live_count > 0) {
        uint32_t at = (uint32_t)(draw(made) % made->live_count);
        tw_book_view view;
        uint64_t id = made->live[at];
        if (tw_book_find(tw_match_book(match), 0, id, &view) == TW_OK)
            return id;
        made->live[at] = made->live[--made->live_count];
    }
    return 0;
}

static match_message next_message(market *made, regime kind, int64_t mid, const tw_match *match) {
    match_message message = {.kind = MESSAGE_LIMIT};
    tw_book_usage usage;
    tw_book_usage_of(tw_match_book(match), &usage);
    double what = uniform(made);
    bool full = usage.order_count >= LIVE_COUNT;
    if (what >= (full ? 0.4 : 0.55))
        message.kind = what < 0.91 ? MESSAGE_CANCEL : MESSAGE_REPLACE;
    else if (uniform(made) < 0.15)
        message.kind = MESSAGE_IOC;
    message.quantity = 1 + (uint32_t)(uniform(made) * 100);
    message.side = (uint8_t)(draw(made) & 1);
    if (message.kind >= MESSAGE_CANCEL) {
        message.id = pick(made, match);
        tw_book_view view;
        if (tw_book_find(tw_match_book(match), 0, message.id, &view) == TW_OK) {
            message.side = view.side == TW_SIDE_SELL;
            message.price = price_of(made, kind, mid, message.side);
            return message;
        }
        message.kind = MESSAGE_LIMIT;
    }
    message.id = made->next_id++;
    message.price = price_of(made, kind, mid, message.side);
    if (made->live_count == LIVE_COUNT * 2)
        made->live[draw(made) % made->live_count] = message.id;
    else
        made->live[made->live_count++] = message.id;
    return message;
}

static match_message *make_messages(regime kind, uint32_t count) {
    match_message *messages = calloc(count, sizeof *messages);
    market *made = calloc(1, sizeof *made);
    require(messages != NULL && made != NULL, "memory");
    tally unused = {0};
    const tw_match_sink sink = {count_event, &unused};
    tw_match *match = make_match();
    made->random = (uint64_t)kind + 1;
    made->next_id = 1;
    for (uint32_t i = 0; i < count; i++) {
        messages[i] = next_message(made, kind, mid_at(kind, (double)i / count), match);
        apply_one(match, &messages[i], &sink);
    }
    tw_match_check(match);
    tw_match_free(match);
    free(made);
    return messages;
}

/* ---- Report ------------------------------------------------------------------------------------
 */

typedef struct outcome {
    double ours_ns;
    double ours_least_ns;
    double peer_ns;
    double peer_least_ns;
    double events; /* a message */
} outcome;

static double time_ours(const match_message *messages, uint32_t count, tally *sum) {
    tw_match *match = make_match();
    double begin = now_ns();
    run_ours(match, messages, count, sum);
    double ns = (now_ns() - begin) / count;
    tw_match_free(match);
    return ns;
}

static double time_peer(const match_message *messages, uint32_t count, tally *sum) {
    peer_match *peer = peer_match_new(count_peer_event, sum);
    double begin = now_ns();
    peer_match_apply(peer, messages, count);
    double ns = (now_ns() - begin) / count;
    peer_match_free(peer);
    return ns;
}

static outcome measure(regime kind, uint32_t count) {
    match_message *messages = make_messages(kind, count);
    double ours[RUN_COUNT];
    double peer[RUN_COUNT];
    tally our_sum = {0};
    for (int run = 0; run < RUN_COUNT; run++) {
        tally peer_sum = {0};
        our_sum = (tally){0};
        ours[run] = time_ours(messages, count, &our_sum);
        peer[run] = time_peer(messages, count, &peer_sum);
        require(our_sum.trades == peer_sum.trades, "telling the same trades");
        require(our_sum.events == peer_sum.events, "telling as many events");
    }
    free(messages);
    qsort(ours, RUN_COUNT, sizeof *ours, by_value);
    qsort(peer, RUN_COUNT, sizeof *peer, by_value);
    return (outcome){ours[RUN_COUNT / 2], ours[0], peer[RUN_COUNT / 2], peer[0],
                     (double)our_sum.events / count};
}

int main(int argc, char **argv) {
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : MESSAGE_COUNT;
    double least = 1e9;
    double most = 0;
    require(count > 0, "reading the number of messages");
    printf("%-16s %21s %21s %8s %8s\n", "", "tradewind", "std::map of std::list", "events",
           "peer by");
    printf("%-16s %8s %12s %8s %12s %8s %8s\n", "regime", "M/s", "ns", "M/s", "ns", "a message",
           "ours");
    int first = argc > 2 ? atoi(argv[2]) : 0;
    int last = argc > 2 ? first : REGIME_COUNT - 1;
    require(first >= 0 && last < REGIME_COUNT, "reading the regime");
    for (int kind = first; kind <= last; kind++) {
        outcome result = measure((regime)kind, count);
        printf("%-16s %8.2f %5.1f (%4.1f) %8.2f %5.1f (%4.1f) %8.2f %7.1fx\n", regime_names[kind],
               1e3 / result.ours_ns, result.ours_ns, result.ours_least_ns, 1e3 / result.peer_ns,
               result.peer_ns, result.peer_least_ns, result.events,
               result.peer_ns / result.ours_ns);
        least = result.ours_ns < least ? result.ours_ns : least;
        most = result.ours_ns > most ? result.ours_ns : most;
    }
    printf("the slowest regime takes %.2f times what the fastest does\n", most / least);
    return 0;
}
