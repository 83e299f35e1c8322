/*
 * routes_latest.c - the newest trade, quote and bar, and all of it at once as a snapshot.
 */
#include <string.h>

#include "history_query.h"
#include "newest.h"
#include "tradewind/alpaca_records.h"

typedef enum latest_kind {
    LATEST_NONE,
    LATEST_TRADES,
    LATEST_QUOTES,
    LATEST_BARS,
    LATEST_SNAPSHOTS
} latest_kind;

static latest_kind latest_of(const char *word) {
    if (strcmp(word, "trades") == 0)
        return LATEST_TRADES;
    if (strcmp(word, "quotes") == 0)
        return LATEST_QUOTES;
    return strcmp(word, "bars") == 0 ? LATEST_BARS : LATEST_NONE;
}

/* ---- records ------------------------------------------------------------------------------- */

static void read_snapshot(const tw_exchange *exchange, tw_symbol symbol, int64_t at_ns,
                          tw_alpaca_snapshot *ret_snapshot) {
    newest_days days;
    *ret_snapshot = (tw_alpaca_snapshot){.present = 0};
    if (newest_quote(exchange, symbol, at_ns, &ret_snapshot->latest_quote))
        ret_snapshot->present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_LATEST_QUOTE);
    if (newest_trade(exchange, symbol, at_ns, &ret_snapshot->latest_trade))
        ret_snapshot->present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_LATEST_TRADE);
    if (newest_minute(exchange, symbol, at_ns, &ret_snapshot->minute_bar))
        ret_snapshot->present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_MINUTE_BAR);
    newest_days_read(exchange, symbol, at_ns, &days);
    ret_snapshot->daily_bar = days.bars[0];
    ret_snapshot->previous_daily_bar = days.bars[1];
    if (days.count > 0)
        ret_snapshot->present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_DAILY_BAR);
    if (days.count > 1)
        ret_snapshot->present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_PREVIOUS_DAILY_BAR);
}

static void write_snapshot(exchange_call *call, tw_symbol symbol, int64_t at_ns, const char *name) {
    tw_alpaca_snapshot snapshot;
    read_snapshot(call->exchange, symbol, at_ns, &snapshot);
    if (name != NULL) {
        snapshot.symbol = tw_slice_of(name);
        snapshot.present |= TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_SYMBOL);
    }
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_SNAPSHOT, .as.snapshot = &snapshot};
    tw_alpaca_encode_record(&call->exchange->body, &record);
}

/* Writes one record of a symbol; false when it has none yet. */
static bool write_latest(exchange_call *call, latest_kind kind, tw_symbol symbol, int64_t at_ns) {
    tw_exchange *exchange = call->exchange;
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    switch (kind) {
    case LATEST_TRADES:
        if (!newest_trade(exchange, symbol, at_ns, &trade))
            return false;
        tw_alpaca_encode_trade(&exchange->body, &trade);
        return true;
    case LATEST_QUOTES:
        if (!newest_quote(exchange, symbol, at_ns, &quote))
            return false;
        tw_alpaca_encode_quote(&exchange->body, &quote);
        return true;
    case LATEST_BARS:
        if (!newest_minute(exchange, symbol, at_ns, &bar))
            return false;
        tw_alpaca_encode_bar(&exchange->body, &bar);
        return true;
    case LATEST_SNAPSHOTS:
        write_snapshot(call, symbol, at_ns, NULL);
        return true;
    case LATEST_NONE:
        break;
    }
    return false;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* `"AAPL":{...},"MSFT":{...}` of all symbols that have such a record. */
static void write_all(exchange_call *call, const history_query *query, latest_kind kind) {
    tw_text *body = &call->exchange->body;
    bool first = true;
    for (uint32_t i = 0; i < query->symbol_count; i++) {
        tw_text before = *body;
        if (!first)
            tw_text_append_char(body, ',');
        tw_text_append_json(
            body, tw_slice_of(tw_symbols_name(call->exchange->symbols, query->symbols[i])));
        tw_text_append_char(body, ':');
        if (write_latest(call, kind, query->symbols[i], query->to_ns))
            first = false;
        else
            *body = before;
    }
}

static void end_answer(exchange_call *call, const history_query *query) {
    tw_text_append_string(&call->exchange->body,
                          query->has_currency ? ",\"currency\":\"USD\"}" : "}");
    answer_body(call, 200);
}

void route_latest(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    latest_kind kind = latest_of(call->names[0]);
    history_query query;
    if (kind == LATEST_NONE) {
        answer_error(call, 404, 40410000, "endpoint not found.");
        return;
    }
    if (!history_query_read(call, HISTORY_LATEST, false, &query))
        return;
    tw_text_append_format(body, "{\"%s\":{", call->names[0]);
    write_all(call, &query, kind);
    tw_text_append_char(body, '}');
    end_answer(call, &query);
}

void route_latest_of(exchange_call *call) {
    static const char *const singular[] = {"", "trade", "quote", "bar"};
    tw_text *body = &call->exchange->body;
    latest_kind kind = latest_of(call->names[1]);
    history_query query;
    if (kind == LATEST_NONE) {
        answer_error(call, 404, 40410000, "endpoint not found.");
        return;
    }
    if (!history_query_read(call, HISTORY_LATEST, true, &query))
        return;
    tw_text_append_string(body, "{\"symbol\":");
    tw_text_append_json(body, tw_slice_of(call->names[0]));
    tw_text_append_format(body, ",\"%s\":", singular[kind]);
    if (query.symbol_count == 0 || !write_latest(call, kind, query.symbols[0], query.to_ns)) {
        answer_error(call, 404, 0, "no %s found for %s", singular[kind], call->names[0]);
        return;
    }
    end_answer(call, &query);
}

/* The venue's answer about many is bare: symbols are its keys. */
void route_snapshots(exchange_call *call) {
    history_query query;
    if (!history_query_read(call, HISTORY_LATEST, false, &query))
        return;
    tw_text_append_char(&call->exchange->body, '{');
    write_all(call, &query, LATEST_SNAPSHOTS);
    tw_text_append_char(&call->exchange->body, '}');
    answer_body(call, 200);
}

void route_snapshot_of(exchange_call *call) {
    history_query query;
    if (!history_query_read(call, HISTORY_LATEST, true, &query))
        return;
    if (query.symbol_count == 0) {
        answer_error(call, 404, 0, "no snapshot found for %s", call->names[0]);
        return;
    }
    write_snapshot(call, query.symbols[0], query.to_ns, call->names[0]);
    answer_body(call, 200);
}
