/*
 * routes_portfolio.c - GET /v2/account/portfolio/history: what an account was worth, and its
 * profit.
 *
 *     portfolio_query    which times are asked for
 *     equity_past        what the account was worth at any time
 *
 * A point stands at the begin of its window and tells what the account was worth at its end, or now
 * if that has not come. Windows begin with the session and step on from there; a last point at its
 * end tells the close. A day's point stands at New York's midnight and tells the day's close; that
 * of today is told from the hour on in which the history's hours begin.
 *
 * Profit is told against a base: of days the first point that is not zero; of less the close of the
 * day before the first point, or with pnl_reset=per_day of the day before each. An account that has
 * seen no close by then has its first point that is not zero. Before an account was there it was
 * worth 0, and made nothing.
 *
 * Amounts are rounded to cents before they are compared, so that they add up.
 */
#include <string.h>

#include "portfolio_query.h"
#include "query.h"
#include "session.h"

static const int64_t CENT_NANO = TW_NANO / 100;

typedef struct history {
    exchange_call *call;
    portfolio_query query;
    tw_alpaca_portfolio words;
    int64_t now_ns;
    int64_t first_base; /* what profit is told against; 0: nothing yet */
} history;

static int64_t to_cents(int64_t nano) {
    int64_t half = nano < 0 ? -CENT_NANO / 2 : CENT_NANO / 2;
    return (nano + half) / CENT_NANO * CENT_NANO;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* ---- points -------------------------------------------------------------------------------- */

static void add_point(history *h, int64_t time_ns, int64_t told_ns) {
    tw_alpaca_portfolio *words = &h->words;
    TW_ASSERT(words->point_count < words->point_max);
    tw_money equity =
        ledger_equity_at(h->call->exchange->ledger, h->call->account, least(told_ns, h->now_ns));
    words->points[words->point_count++] =
        (tw_alpaca_portfolio_point){.timestamp = time_ns / TW_NS_PER_SECOND,
                                    .time_ns = time_ns,
                                    .equity = {to_cents(equity.nano)},
                                    .present = 15};
}

/* From the begin of a session to its end, whatever hour the start names. */
static void add_session(history *h, int64_t day) {
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
    portfolio_hours_of(&h->query, day, &begin_ns, &end_ns);
    for (int64_t at = begin_ns; at <= least(end_ns, h->query.end_ns); at += h->query.frame_ns)
        add_point(h, at, least(at + h->query.frame_ns, end_ns));
}

static void add_continuous(history *h) {
    int64_t frame_ns = h->query.frame_ns;
    for (int64_t at = tw_time_floor(h->query.start_ns, frame_ns); at <= h->query.end_ns;
         at += frame_ns)
        add_point(h, at, at + frame_ns);
}

/* The close of a day that is over, or what today is worth so far. */
static void add_day(history *h, int64_t day) {
    int64_t begin_ns = session_time_of(day, 0, 0);
    int64_t end_ns = 0;
    session_hours hours;
    bool trades = session_hours_of(day, &hours);
    TW_ASSERT(trades);
    if (h->query.hours != PORTFOLIO_CONTINUOUS)
        portfolio_hours_of(&h->query, day, &begin_ns, &end_ns);
    if (h->now_ns >= begin_ns)
        add_point(h, session_time_of(day, 0, 0), hours.close_ns);
}

static void add_points(history *h) {
    int64_t last = session_day_of(h->query.end_ns);
    int64_t day = h->query.first_day;
    if (h->query.hours == PORTFOLIO_CONTINUOUS && h->query.frame_ns != TW_NS_PER_DAY) {
        add_continuous(h);
        return;
    }
    if (!session_is_trading_day(day))
        day = session_next_trading_day(day);
    for (; day <= last; day = session_next_trading_day(day)) {
        if (h->query.frame_ns == TW_NS_PER_DAY)
            add_day(h, day);
        else
            add_session(h, day);
    }
}

/* ---- profit -------------------------------------------------------------------------------- */

/* What it closed at on the trading day before that of a time; 0: nothing is known of that. */
static int64_t close_before(const history *h, int64_t time_ns, int64_t *ret_day) {
    tw_money equity = {0};
    *ret_day = session_previous_trading_day(session_day_of(time_ns));
    if (!ledger_equity_at_close(h->call->exchange->ledger, h->call->account, *ret_day, &equity))
        return 0;
    return to_cents(equity.nano);
}

static void set_asof(history *h, int64_t day) {
    query_write_day(day, h->words.base_value_asof);
    h->words.present |= 2;
}

static void find_base(history *h) {
    const tw_alpaca_portfolio *words = &h->words;
    int64_t day = 0;
    if (words->point_count > 0 && h->query.frame_ns != TW_NS_PER_DAY)
        h->first_base = close_before(h, words->points[0].time_ns, &day);
    if (h->first_base != 0) {
        set_asof(h, day);
        return;
    }
    for (uint32_t i = 0; h->first_base == 0 && i < words->point_count; i++) {
        h->first_base = words->points[i].equity.nano;
        if (h->first_base != 0 && h->query.frame_ns == TW_NS_PER_DAY)
            set_asof(h, session_day_of(words->points[i].time_ns));
    }
}

static void tell_profit(tw_alpaca_portfolio_point *point, int64_t base) {
    if (point->equity.nano == 0 || base == 0)
        return;
    point->profit_loss.nano = point->equity.nano - base;
    point->profit_loss_fraction = (double)point->profit_loss.nano / (double)base;
}

static void tell_profits(history *h) {
    bool per_day = !h->query.no_reset && h->query.frame_ns != TW_NS_PER_DAY;
    int64_t day = INT64_MIN;
    int64_t base = h->first_base;
    for (uint32_t i = 0; i < h->words.point_count; i++) {
        tw_alpaca_portfolio_point *point = &h->words.points[i];
        int64_t here = session_day_of(point->time_ns);
        if (per_day && here != day) {
            int64_t close_day = 0;
            day = here;
            base = close_before(h, point->time_ns, &close_day);
            base = base == 0 ? h->first_base : base;
        }
        tell_profit(point, base);
    }
}

/* ---- cash ---------------------------------------------------------------------------------- */

/* What came in, or went out, from the first point on, added up to the end of each window. */
static void sum_cash(history *h, activity_kind kind, tw_money *amounts) {
    const activity_log *log = ledger_activities(h->call->exchange->ledger);
    uint64_t number = 0;
    uint64_t end = 0;
    int64_t sum = 0;
    activity_log_range(log, &number, &end);
    for (uint32_t i = 0; i < h->words.point_count; i++) {
        int64_t first_ns = h->words.points[0].time_ns;
        int64_t until_ns = h->words.points[i].time_ns + h->query.frame_ns;
        for (; number < end; number++) {
            const account_activity *activity = activity_log_at(log, number);
            if (activity->time_ns >= until_ns)
                break;
            if (activity->kind == kind && activity->time_ns >= first_ns &&
                activity->account == h->call->account->index)
                sum += activity->amount_nano;
        }
        amounts[i].nano = sum;
    }
}

static void tell_cashflow(history *h, const char *type, tw_alpaca_cashflow *flow) {
    tw_money *amounts = h->call->exchange->cashflow;
    *flow = (tw_alpaca_cashflow){type, NULL};
    for (uint32_t kind = ACTIVITY_DEPOSIT; kind < ACTIVITY_KIND_COUNT; kind++) {
        if (type == activity_type((activity_kind)kind)) {
            sum_cash(h, (activity_kind)kind, amounts);
            flow->amounts = amounts;
        }
        amounts += PORTFOLIO_POINT_MAX;
    }
}

/* Of all types those are told of which there is one. */
static bool is_told(const history *h, const tw_alpaca_cashflow *flow) {
    uint32_t count = h->words.point_count;
    return !h->query.all_cashflows || (count > 0 && flow->amounts[count - 1].nano != 0);
}

static void tell_cashflows(history *h, tw_alpaca_cashflow *flows) {
    for (uint32_t kind = ACTIVITY_DEPOSIT; h->query.all_cashflows && kind < ACTIVITY_KIND_COUNT;
         kind++)
        h->query.cashflows[h->query.cashflow_count++] = activity_type((activity_kind)kind);
    for (uint32_t i = 0; i < h->query.cashflow_count; i++) {
        tw_alpaca_cashflow *flow = &flows[h->words.cashflow_count];
        tell_cashflow(h, h->query.cashflows[i], flow);
        h->words.cashflow_count += is_told(h, flow);
    }
    h->words.cashflows = flows;
}

void route_portfolio(exchange_call *call) {
    tw_alpaca_cashflow flows[PORTFOLIO_CASHFLOW_MAX];
    history h = {.call = call, .now_ns = floor_now(call->exchange->floor)};
    if (!portfolio_query_read(call, &h.query))
        return;
    h.words.points = call->exchange->points;
    h.words.point_max = PORTFOLIO_POINT_MAX;
    add_points(&h);
    find_base(&h);
    tell_profits(&h);
    tell_cashflows(&h, flows);
    h.words.base_value.nano = h.first_base;
    tw_slice frame = tw_slice_of(h.query.frame);
    tw_status status = tw_slice_copy(frame, h.words.timeframe, sizeof h.words.timeframe);
    TW_ASSERT(status == TW_OK);
    h.words.present |= 5;
    tw_alpaca_encode_portfolio(&call->exchange->body, &h.words);
    answer_body(call, 200);
}
