/*
 * trade_reports.c - see trade_reports.h.
 *
 * Invariants
 *  1. `waiting` falls in (due, kind), those that are alike in the order in which they came.
 *  2. Of a symbol whose newest touched minute is m, every minute after m is what its trades were.
 *  3. What will be told of a trade is in the past already, in the order of time, and marked
 *     PAST_UNREPORTED until then.
 */
#include "trade_reports.h"

#include <string.h>

#include "exchange_priv.h"
#include "tradewind/time.h"

static const int64_t CENT_NANO = TW_NANO / 100;

tw_status trade_reports_init(tw_exchange *exchange) {
    trade_reports *reports = &exchange->reports;
    reports->symbol_count = tw_symbols_count(exchange->symbols);
    reports->waiting = TW_NEW(exchange->allocator, TRADE_REPORT_MAX, trade_report);
    reports->touched_ns = TW_NEW(exchange->allocator, reports->symbol_count, int64_t);
    return reports->waiting == NULL || reports->touched_ns == NULL ? TW_NO_MEMORY : TW_OK;
}

void trade_reports_done(tw_exchange *exchange) {
    trade_reports *reports = &exchange->reports;
    TW_DELETE(exchange->allocator, reports->waiting, TRADE_REPORT_MAX, trade_report);
    TW_DELETE(exchange->allocator, reports->touched_ns, reports->symbol_count, int64_t);
}

static int64_t minute_of(int64_t time_ns) {
    return tw_time_floor(time_ns, TW_NS_PER_MINUTE);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static bool comes_before(const trade_report *a, const trade_report *b) {
    if (a->due_ns != b->due_ns)
        return a->due_ns < b->due_ns;
    return a->kind != REPORT_BAR && b->kind == REPORT_BAR;
}

static void put_waiting(tw_exchange *exchange, const trade_report *report) {
    trade_reports *reports = &exchange->reports;
    TW_ASSERT(reports->waiting_count < TRADE_REPORT_MAX);
    uint32_t at = reports->waiting_count;
    while (at > 0 && !comes_before(report, &reports->waiting[at - 1]))
        at--;
    memmove(&reports->waiting[at + 1], &reports->waiting[at],
            (reports->waiting_count - at) * sizeof *report);
    reports->waiting[at] = *report;
    reports->waiting_count++;
    floor_alarm_by(exchange->floor, report->due_ns);
}

int64_t trade_reports_next(const trade_reports *reports) {
    uint32_t count = reports->waiting_count;
    return count == 0 ? INT64_MAX : reports->waiting[count - 1].due_ns;
}

/* ---- trades -------------------------------------------------------------------------------- */

static uint64_t keep(tw_exchange *exchange, const tw_trade *trade) {
    market_past_trade(&exchange->past, trade);
    return market_past_trade_number(&exchange->past, trade->symbol);
}

static void tell_at_once(tw_exchange *exchange, const tw_trade *trade) {
    market_past_trade(&exchange->past, trade);
    streams_on_trade(exchange->streams, trade);
}

/* One to ten cents off: below where there is room. */
static tw_price wrong_price(tw_price right, uint64_t draw) {
    int64_t off_nano = (int64_t)(1 + draw / 2 % 10) * CENT_NANO;
    bool below = draw % 2 == 0 && right.nano > 2 * off_nano;
    return (tw_price){below ? right.nano - off_nano : right.nano + off_nano};
}

static void begin_late(tw_exchange *exchange, const tw_trade *trade, trade_report *report) {
    tw_trade unreported = *trade;
    unreported.mark = PAST_UNREPORTED;
    report->kind = REPORT_LATE;
    report->trade = *trade;
    report->number = keep(exchange, &unreported);
}

static void begin_cancel(tw_exchange *exchange, const tw_trade *trade, trade_report *report) {
    report->kind = REPORT_CANCEL;
    report->trade = *trade;
    report->number = keep(exchange, trade);
    streams_on_trade(exchange->streams, trade);
}

static void begin_correction(tw_exchange *exchange, const tw_trade *trade, uint64_t draw,
                             trade_report *report) {
    report->kind = REPORT_CORRECTION;
    report->right = *trade;
    report->right.id = trade->id | TRADE_CORRECTION_ID;
    report->trade = *trade;
    report->trade.price = wrong_price(trade->price, draw);
    report->number = keep(exchange, &report->trade);
    tw_trade unreported = report->right;
    unreported.mark = PAST_UNREPORTED;
    market_past_trade(&exchange->past, &unreported);
    streams_on_trade(exchange->streams, &report->trade);
}

void trade_reports_trade(tw_exchange *exchange, const tw_trade *trade) {
    trade_reports *reports = &exchange->reports;
    fault_trade_verdict verdict = {0};
    if (reports->waiting_count < TRADE_REPORT_MAX && !past_is_print(trade))
        verdict = fault_desk_trade(&exchange->moments.desk);
    if (verdict.rule == NULL) {
        tell_at_once(exchange, trade);
        return;
    }
    trade_report report = {.due_ns = trade->time_ns + verdict.delay_ns,
                           .error = verdict.draw % 4 == 0};
    reports->touched_ns[trade->symbol] = minute_of(trade->time_ns);
    if (verdict.rule->kind == FAULT_TRADE_LATE)
        begin_late(exchange, trade, &report);
    else if (verdict.rule->kind == FAULT_TRADE_CANCEL)
        begin_cancel(exchange, trade, &report);
    else
        begin_correction(exchange, trade, verdict.draw, &report);
    put_waiting(exchange, &report);
}

/* ---- bars ---------------------------------------------------------------------------------- */

/* Makes a touched minute what was told of it. One of more trades than are remembered stays what the
 * floor made of it. */
static void as_told(const tw_exchange *exchange, tw_bar *minute) {
    if (exchange->reports.touched_ns[minute->symbol] != minute->time_ns)
        return;
    bool whole = market_past_remake(&exchange->past, minute->symbol, minute->time_ns, minute);
    (void)whole; /* else it is as it was */
}

void trade_reports_bar(tw_exchange *exchange, const tw_bar *bar) {
    tw_bar told = *bar;
    as_told(exchange, &told);
    market_past_minute(&exchange->past, &told);
    const tw_bar nothing = {.symbol = bar->symbol};
    tw_bar day;
    if (told.count > 0 && market_past_today(&exchange->past, &nothing, &day))
        streams_on_bar(exchange->streams, &told, &day);
}

bool trade_reports_minute_now(const tw_exchange *exchange, tw_symbol symbol, tw_bar *ret_bar) {
    if (!floor_minute_now(exchange->floor, symbol, ret_bar))
        return false;
    as_told(exchange, ret_bar);
    return ret_bar->count > 0;
}

static void revise_bar(tw_exchange *exchange, tw_symbol symbol, int64_t minute_ns) {
    tw_bar minute;
    if (market_past_remake(&exchange->past, symbol, minute_ns, &minute) &&
        market_past_revise(&exchange->past, &minute, &minute) && minute.count > 0)
        streams_on_updated_bar(exchange->streams, &minute);
}

/* The bar of a minute that is over is told again at the next mark of half a minute. */
static void put_bar_due(tw_exchange *exchange, const tw_trade *trade, int64_t now_ns) {
    trade_reports *reports = &exchange->reports;
    int64_t minute_ns = minute_of(trade->time_ns);
    if (now_ns < minute_ns + TW_NS_PER_MINUTE)
        return;
    for (uint32_t i = 0; i < reports->waiting_count; i++) {
        const trade_report *other = &reports->waiting[i];
        if (other->kind == REPORT_BAR && other->trade.symbol == trade->symbol &&
            other->trade.time_ns == minute_ns)
            return;
    }
    trade_report due = {.due_ns =
                            minute_of(now_ns + TW_NS_PER_MINUTE / 2 - 1) + TW_NS_PER_MINUTE / 2,
                        .kind = REPORT_BAR,
                        .trade = {.time_ns = minute_ns, .symbol = trade->symbol}};
    if (reports->waiting_count < TRADE_REPORT_MAX)
        put_waiting(exchange, &due);
    else
        revise_bar(exchange, trade->symbol, minute_ns);
}

/* ---- what is due --------------------------------------------------------------------------- */

static void mark(tw_exchange *exchange, const trade_report *report, uint64_t number,
                 tw_trade_mark mark) {
    tw_trade *trade = market_past_trade_at(&exchange->past, report->trade.symbol, number);
    if (trade != NULL)
        trade->mark = (uint8_t)mark;
}

static void carry_out(tw_exchange *exchange, const trade_report *report, int64_t now_ns) {
    switch (report->kind) {
    case REPORT_LATE:
        mark(exchange, report, report->number, TW_TRADE_STANDS);
        streams_on_trade(exchange->streams, &report->trade);
        break;
    case REPORT_CANCEL:
        mark(exchange, report, report->number, TW_TRADE_CANCELED);
        streams_on_cancel(exchange->streams, &report->trade, now_ns, report->error);
        break;
    case REPORT_CORRECTION:
        mark(exchange, report, report->number, TW_TRADE_INCORRECT);
        mark(exchange, report, report->number + 1, TW_TRADE_CORRECTED);
        streams_on_correction(exchange->streams, &report->trade, &report->right, now_ns);
        break;
    case REPORT_BAR:
        revise_bar(exchange, report->trade.symbol, report->trade.time_ns);
        return;
    }
    put_bar_due(exchange, &report->trade, now_ns);
}

void trade_reports_arrive(tw_exchange *exchange, int64_t now_ns) {
    trade_reports *reports = &exchange->reports;
    while (trade_reports_next(reports) <= now_ns) {
        trade_report report = reports->waiting[--reports->waiting_count];
        carry_out(exchange, &report, now_ns);
    }
}
