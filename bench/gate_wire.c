/* gate_wire.c - Alpaca's words: a trade and a quote as they come, an order as it goes. */
#include <string.h>

#include "gate.h"
#include "tradewind/alpaca.h"

enum { FRAMES = 5000, FRAME_SIZE = 4096 };

typedef struct wire {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    tw_alpaca_events events;
    uint64_t sum;
    char trade[FRAME_SIZE];
    char quote[FRAME_SIZE];
    char packed[FRAME_SIZE];
    size_t trade_size;
    size_t quote_size;
    size_t packed_size;
} wire;

static void on_trade(void *context, const tw_trade *trade) {
    ((wire *)context)->sum += (uint64_t)trade->price.nano;
}

static void on_quote(void *context, const tw_quote *quote) {
    ((wire *)context)->sum += (uint64_t)quote->bid_price.nano;
}

static void decode(wire *w, const char *frame, size_t size) {
    require(tw_alpaca_decode_stream(w->reader, (tw_slice){frame, size}, &w->events, NULL) == TW_OK,
            "tw_alpaca_decode_stream");
}

GATE_PATH(decode_trade)(wire *w) {
    for (int i = 0; i < FRAMES; i++)
        decode(w, w->trade, w->trade_size);
    return w->sum;
}

GATE_PATH(decode_quote)(wire *w) {
    for (int i = 0; i < FRAMES; i++)
        decode(w, w->quote, w->quote_size);
    return w->sum;
}

GATE_PATH(decode_packed)(wire *w) {
    const tw_slice frame = {w->packed, w->packed_size};
    for (int i = 0; i < FRAMES; i++)
        require(tw_alpaca_decode_stream_msgpack(w->reader, frame, &w->events, NULL) == TW_OK,
                "tw_alpaca_decode_stream_msgpack");
    return w->sum;
}

GATE_PATH(encode_order)(tw_alpaca_order_request *request) {
    char buffer[FRAME_SIZE];
    uint64_t sum = 0;
    for (int64_t i = 0; i < FRAMES; i++) {
        tw_text text = tw_text_over(buffer, sizeof buffer);
        request->quantity.nano = (1 + i) * TW_NANO;
        tw_alpaca_encode_order_request(&text, request);
        require(!text.truncated, "room for an order");
        sum += tw_text_slice(&text).size;
    }
    return sum;
}

static tw_quote a_quote(void) {
    return (tw_quote){.time_ns = INT64_C(1704205800123456789),
                      .bid_price = {INT64_C(126550000000)},
                      .ask_price = {INT64_C(126570000000)},
                      .bid_size = {300 * TW_NANO},
                      .ask_size = {200 * TW_NANO},
                      .bid_exchange = 'V',
                      .ask_exchange = 'Q',
                      .tape = 'C',
                      .conditions = "R"};
}

static tw_trade a_trade(void) {
    return (tw_trade){.time_ns = INT64_C(1704205800123456789),
                      .price = {INT64_C(126550000000)},
                      .quantity = {100 * TW_NANO},
                      .id = UINT64_C(52983525029461),
                      .exchange = 'V',
                      .tape = 'C',
                      .conditions = {'@', 'I'}};
}

/* Each frame is an array of one message. */
static void make_frames(wire *w) {
    const tw_quote quote = a_quote();
    const tw_trade trade = a_trade();
    tw_text text = tw_text_over(w->trade, sizeof w->trade);
    tw_text_append_char(&text, '[');
    tw_alpaca_encode_stream_trade(&text, &trade, w->symbols);
    tw_text_append_char(&text, ']');
    w->trade_size = tw_text_slice(&text).size;
    text = tw_text_over(w->quote, sizeof w->quote);
    tw_text_append_char(&text, '[');
    tw_alpaca_encode_stream_quote(&text, &quote, w->symbols);
    tw_text_append_char(&text, ']');
    w->quote_size = tw_text_slice(&text).size;
    text = tw_text_over(w->packed, sizeof w->packed);
    require(tw_alpaca_pack(w->reader, (tw_slice){w->quote, w->quote_size}, &text) == TW_OK &&
                !text.truncated,
            "tw_alpaca_pack");
    w->packed_size = tw_text_slice(&text).size;
}

void gate_wire(void) {
    static wire w;
    tw_symbol symbol;
    tw_alpaca_order_request request;
    memset(&request, 0, sizeof request);
    memcpy(request.symbol, "AAPL", 5);
    memcpy(request.client_order_id, "tw-gate-00000001", 17);
    request.limit_price.nano = INT64_C(126570000000);
    request.side = TW_SIDE_BUY;
    request.type = TW_ORDER_LIMIT;
    request.time_in_force = TW_DAY;
    require(tw_symbols_new(NULL, 8, &w.symbols) == TW_OK &&
                tw_symbols_intern(w.symbols, tw_slice_of("AAPL"), &symbol) == TW_OK,
            "a symbol");
    require(tw_alpaca_reader_new(NULL, 65536, 0, w.symbols, &w.reader) == TW_OK &&
                tw_alpaca_reader_add_msgpack(w.reader) == TW_OK,
            "a reader");
    w.events = (tw_alpaca_events){.context = &w, .on_trade = on_trade, .on_quote = on_quote};
    make_frames(&w);
    GATE_RUN(decode_trade, FRAMES, &w);
    GATE_RUN(decode_quote, FRAMES, &w);
    GATE_RUN(decode_packed, FRAMES, &w);
    GATE_RUN(encode_order, FRAMES, &request);
    require(w.sum > 0, "what was decoded");
    tw_alpaca_reader_free(w.reader);
    tw_symbols_free(w.symbols);
}
