/* replay_inputs.c - see replay_inputs.h. */
#include "replay_inputs.h"

#include <inttypes.h>
#include <stdio.h>

#include "plain_text.h"
#include "tradewind/time.h"

enum { NUMBER_SIZE = TW_DECIMAL_TEXT_SIZE };

tw_status replay_inputs_begin(replay_inputs *inputs, const tw_symbols *symbols,
                              const tw_engine_config *config, bool with_market, tw_error *error) {
    tw_book_config book = {.symbol_count_max = config->symbol_count,
                           .order_count_max = 1,
                           .level_count_max = config->level_count_max};
    *inputs = (replay_inputs){.symbols = symbols};
    if (!with_market)
        return TW_OK;
    inputs->symbol_count = config->symbol_count;
    inputs->markets = TW_NEW(NULL, config->symbol_count, symbol_market);
    if (inputs->markets == NULL || tw_book_new(NULL, &book, &inputs->book) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the market of %u symbols",
                            config->symbol_count);
    return TW_OK;
}

void replay_inputs_done(replay_inputs *inputs) {
    tw_book_free(inputs->book);
    TW_DELETE(NULL, inputs->markets, inputs->symbol_count, symbol_market);
    *inputs = (replay_inputs){0};
}

/* ---- what comes in ------------------------------------------------------------------------- */

void replay_inputs_turn(replay_inputs *inputs, uint64_t turn, bool stop) {
    inputs->turn = turn;
    inputs->stop = stop;
    inputs->newest_count = 0;
    inputs->venue_count = 0;
}

/* As the engine keeps it: levels take the place of quotes. What a book refuses changes
 * nothing, there as here. */
static void keep_level(replay_inputs *inputs, const tw_level *level) {
    symbol_market *market = &inputs->markets[level->symbol];
    tw_status status = TW_OK;
    if (!market->has_levels) {
        market->has_levels = true;
        status = tw_book_clear(inputs->book, level->symbol);
    }
    if (status == TW_OK)
        status = tw_book_set_level(inputs->book, level);
    (void)status;
}

static void keep_market(replay_inputs *inputs, const tw_market_event *event) {
    if (event->kind == TW_MARKET_TRADE && event->as.trade.symbol < inputs->symbol_count)
        inputs->markets[event->as.trade.symbol].trade = event->as.trade;
    else if (event->kind == TW_MARKET_QUOTE && event->as.quote.symbol < inputs->symbol_count)
        inputs->markets[event->as.quote.symbol].quote = event->as.quote;
    else if (event->kind == TW_MARKET_LEVEL && event->as.level.symbol < inputs->symbol_count)
        keep_level(inputs, &event->as.level);
}

void replay_inputs_market(replay_inputs *inputs, const tw_market_event *event) {
    inputs->newest[inputs->newest_count++ % REPLAY_INPUT_COUNT] = *event;
    if (inputs->book != NULL)
        keep_market(inputs, event);
}

void replay_inputs_venue(replay_inputs *inputs, const tw_venue_event *event) {
    inputs->venue[inputs->venue_count++ % REPLAY_INPUT_COUNT] = *event;
}

/* ---- printing ------------------------------------------------------------------------------ */

static void print_time(int64_t time_ns) {
    char text[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, text);
    printf("    %s  ", text);
}

static const char *name_of(const replay_inputs *inputs, tw_symbol symbol) {
    return symbol < tw_symbols_count(inputs->symbols) ? tw_symbols_name(inputs->symbols, symbol)
                                                      : "?";
}

static void print_pair(const char *words, int64_t quantity_nano, int64_t price_nano) {
    char quantity[NUMBER_SIZE];
    char price[NUMBER_SIZE];
    tw_decimal_format(quantity_nano, quantity);
    tw_decimal_format(price_nano, price);
    printf("%s %s at %s", words, quantity, price);
}

static void print_quote(const tw_quote *quote) {
    print_pair("bid", quote->bid_size.nano, quote->bid_price.nano);
    print_pair(", ask", quote->ask_size.nano, quote->ask_price.nano);
}

static void print_market_event(const replay_inputs *inputs, const tw_market_event *event) {
    switch ((tw_market_kind)event->kind) {
    case TW_MARKET_TRADE:
        print_time(event->as.trade.time_ns);
        printf("trade    %-8s ", name_of(inputs, event->as.trade.symbol));
        print_pair("", event->as.trade.quantity.nano, event->as.trade.price.nano);
        break;
    case TW_MARKET_QUOTE:
        print_time(event->as.quote.time_ns);
        printf("quote    %-8s ", name_of(inputs, event->as.quote.symbol));
        print_quote(&event->as.quote);
        break;
    case TW_MARKET_LEVEL:
        print_time(event->as.level.time_ns);
        printf("level    %-8s ", name_of(inputs, event->as.level.symbol));
        print_pair(tw_side_name((tw_side)event->as.level.side), event->as.level.quantity.nano,
                   event->as.level.price.nano);
        break;
    case TW_MARKET_BAR:
        print_time(event->as.bar.time_ns);
        printf("bar      %-8s ", name_of(inputs, event->as.bar.symbol));
        print_pair("close", event->as.bar.volume.nano, event->as.bar.close.nano);
        break;
    }
    printf("\n");
}

static void print_venue_event(const tw_venue_event *event) {
    static const char *const names[] = {"",
                                        "account",
                                        "position",
                                        "open order",
                                        "end of a snapshot",
                                        "a close",
                                        "end of the history",
                                        "up",
                                        "down",
                                        "failed",
                                        "order update",
                                        "submit result",
                                        "query result",
                                        "cancel result",
                                        "time"};
    char id[PLAIN_TEXT_SIZE(TW_CLIENT_ORDER_ID_SIZE)];
    char word[PLAIN_TEXT_SIZE(sizeof event->as.update.event)];
    print_time(event->time_ns);
    printf("venue    %s", event->kind < sizeof names / sizeof names[0] ? names[event->kind] : "?");
    if (event->kind == TW_VENUE_ORDER_UPDATE)
        printf(" %s %s", plain_text(event->as.update.order.client_order_id, id, sizeof id),
               plain_text(event->as.update.event, word, sizeof word));
    else if (event->kind >= TW_VENUE_SUBMIT_RESULT && event->kind <= TW_VENUE_CANCEL_RESULT)
        printf(" %s %s", plain_text(event->as.result.client_order_id, id, sizeof id),
               tw_status_name(event->as.result.status));
    printf("\n");
}

/* The oldest of the `count` newest that are kept in a ring. */
static uint64_t first_kept(uint64_t count) {
    return count > REPLAY_INPUT_COUNT ? count - REPLAY_INPUT_COUNT : 0;
}

void replay_inputs_print(const replay_inputs *inputs) {
    uint64_t count = inputs->venue_count + inputs->newest_count;
    uint64_t left_out = first_kept(inputs->venue_count) + first_kept(inputs->newest_count);
    printf("Turn %" PRIu64 " had %" PRIu64 " inputs by then%s%s\n", inputs->turn, count,
           left_out > 0 ? "; the newest of each kind:"
           : count > 0  ? ":"
                        : ".",
           inputs->stop ? " (the run had been told to stop)" : "");
    for (uint64_t i = first_kept(inputs->venue_count); i < inputs->venue_count; i++)
        print_venue_event(&inputs->venue[i % REPLAY_INPUT_COUNT]);
    for (uint64_t i = first_kept(inputs->newest_count); i < inputs->newest_count; i++)
        print_market_event(inputs, &inputs->newest[i % REPLAY_INPUT_COUNT]);
}

static void print_age(int64_t now_ns, int64_t time_ns) {
    char text[TW_TIME_TEXT_SIZE];
    tw_duration_format(now_ns - time_ns, text);
    printf(", %s old\n", text);
}

void replay_inputs_print_market(const replay_inputs *inputs, tw_symbol symbol, int64_t now_ns) {
    const symbol_market *market = &inputs->markets[symbol];
    tw_quote best = market->quote;
    if (market->has_levels)
        tw_book_best(inputs->book, symbol, &best);
    if (best.time_ns != 0) {
        printf("    %-20s ", market->has_levels ? "book" : "quote");
        print_quote(&best);
        print_age(now_ns, best.time_ns);
    }
    if (market->trade.time_ns != 0) {
        printf("    %-20s ", "newest trade");
        print_pair("", market->trade.quantity.nano, market->trade.price.nano);
        print_age(now_ns, market->trade.time_ns);
    }
    if (best.time_ns == 0 && market->trade.time_ns == 0)
        printf("    %-20s nothing had been told of it\n", "market");
}
