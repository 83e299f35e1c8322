/*
 * limits.c - the controls before each order: what they are told, and what they say.
 *
 * The gate of pretrade.h follows the engine: every mark, fill, end of an order and snapshot is told
 * to it, so that what is out counts from the moment at which it was allowed. Nothing of a strategy
 * comes between limits_allow and the journal.
 *
 * Invariants
 *  1. Each order that is not done has a ticket of the gate, and no other has one.
 *  2. Cash and positions of the gate are the engine's.
 */
#include <stdlib.h>
#include <string.h>

#include "engine_priv.h"
#include "tradewind/covariance.h"
#include "tradewind/time.h"

static const double CONFIDENCE = 0.99; /* of value at risk */
static const int64_t CANCEL_AGAIN_NS = 50 * TW_NS_PER_MS;

tw_status limits_take(tw_engine *engine, tw_error *error) {
    tw_pretrade_config config = engine->config.controls;
    uint32_t n = engine->config.symbol_count;
    config.symbol_count = n;
    config.order_count_max = engine->config.order_count_max;
    config.market_orders = false;
    if (config.limits.collar_nano <= 0 || config.limits.collar_nano >= TW_NANO)
        return tw_error_set(error, TW_INVALID, "the collar must be above 0 and below 1");
    if (config.limits.price_age_ns_max <= 0)
        return tw_error_set(error, TW_INVALID, "the age of a price must be limited");
    if (config.value_at_risk_share_max_nano > 0) {
        engine->covariance = TW_NEW(engine->allocator, (size_t)n * n, double);
        if (engine->covariance == NULL)
            return tw_error_set(error, TW_NO_MEMORY, "no memory for the covariance of %u symbols",
                                n);
    }
    return tw_pretrade_new(engine->allocator, &config, &engine->gate, error);
}

void limits_done(tw_engine *engine) {
    size_t n = engine->config.symbol_count;
    tw_pretrade_free(engine->gate);
    TW_DELETE(engine->allocator, engine->covariance, n * n, double);
}

/* ---- what the gate is told ----------------------------------------------------------------- */

void limits_mark(tw_engine *engine, tw_symbol symbol) {
    const engine_symbol *state = &engine->symbols[symbol];
    tw_pretrade_mark(engine->gate, symbol, state->mark, state->mark_ns);
}

void limits_settle(tw_engine *engine) {
    for (tw_symbol s = 0; s < engine->config.symbol_count; s++)
        tw_pretrade_set_position(engine->gate, s, engine->symbols[s].quantity,
                                 engine->symbols[s].average);
    tw_pretrade_set_cash(engine->gate, engine->cash);
}

void limits_adopt(tw_engine *engine, order_record *record) {
    tw_order left = record->order;
    left.quantity.nano -= left.filled.nano;
    if (left.quantity.nano <= 0 || left.limit_price.nano < 0 || left.side == TW_SIDE_NONE ||
        left.symbol >= engine->config.symbol_count)
        return; /* nothing of it can still be filled */
    tw_status status = tw_pretrade_adopt(engine->gate, &left, &record->ticket);
    TW_ASSERT(status == TW_OK); /* as many as the order table holds */
}

/* What one unit of a fill cost. */
static tw_price price_of(const order_record *record, const order_change *change) {
    tw_price price = {0};
    if (tw_decimal_divide(change->notional.nano, change->quantity.nano, TW_ROUND_HALF_EVEN,
                          &price.nano) != TW_OK)
        price = record->order.average_price;
    return price.nano > 0 ? price : (tw_price){1};
}

void limits_fill(tw_engine *engine, const order_record *record, const order_change *change) {
    tw_symbol symbol = record->order.symbol;
    if (record->ticket == TW_PRETRADE_NO_TICKET)
        tw_pretrade_set_position(engine->gate, symbol, engine->symbols[symbol].quantity,
                                 engine->symbols[symbol].average);
    else if (tw_pretrade_fill(engine->gate, record->ticket, change->quantity,
                              price_of(record, change)) != TW_OK)
        engine_fail(engine, TW_OVERFLOW, "order %s: its fills cannot be added up",
                    record->order.client_order_id);
    tw_pretrade_set_cash(engine->gate, engine->cash); /* of recovered fills the price is rounded */
}

void limits_end(tw_engine *engine, order_record *record) {
    if (record->state != ORDER_DONE || record->ticket == TW_PRETRADE_NO_TICKET)
        return;
    tw_pretrade_outcome outcome = record->order.status == TW_ORDER_FILLED ? TW_PRETRADE_FILLED
                                  : record->order.status == TW_ORDER_REJECTED
                                      ? TW_PRETRADE_REJECTED
                                      : TW_PRETRADE_CANCELED;
    tw_pretrade_end(engine->gate, record->ticket, outcome, engine->now_ns);
    record->ticket = TW_PRETRADE_NO_TICKET;
}

/* ---- risk ---------------------------------------------------------------------------------- */

/* Once, when the history is there. Without an estimate value at risk is unknown, and its control
 * denies. */
void limits_history(tw_engine *engine) {
    if (engine->covariance == NULL)
        return;
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    config.missing = TW_COVARIANCE_PAIRWISE;
    config.leave_definite = true;
    tw_covariance_input input = {.returns = engine->returns,
                                 .rows = engine->day_count - 1,
                                 .assets = engine->config.symbol_count};
    tw_covariance_report report;
    tw_error error = {0};
    tw_status status = tw_covariance_estimate(engine->allocator, &config, &input,
                                              engine->covariance, &report, &error);
    if (status != TW_OK)
        decision_risk_unknown(engine, status, &error);
    else
        tw_pretrade_set_covariance(engine->gate, engine->covariance,
                                   tw_risk_normal_quantile(CONFIDENCE));
}

/* ---- what the gate says -------------------------------------------------------------------- */

bool limits_allow(tw_engine *engine, const tw_order *order, tw_pretrade_verdict *ret_verdict) {
    if (engine->orders.count == engine->orders.capacity) {
        *ret_verdict = (tw_pretrade_verdict){.reason = TW_PRETRADE_TABLE_FULL,
                                             .limit = engine->orders.capacity,
                                             .actual = (int64_t)engine->orders.capacity + 1};
        return false;
    }
    engine->judged = true;
    return tw_pretrade_enter_explained(engine->gate, order, engine->now_ns, engine->judgement,
                                       ret_verdict) == TW_OK;
}

/* `,"price_collar":["0.005","` of a control and its limit. */
static const told_limit *tell_limit(tw_engine *engine, tw_pretrade_reason reason, int64_t limit) {
    told_limit *told = &engine->limits_told[reason];
    if (told->size > 0 && told->limit == limit)
        return told;
    char value[TW_DECIMAL_TEXT_SIZE];
    tw_text text = tw_text_over(told->text, sizeof told->text);
    tw_pretrade_value_format(reason, limit, value);
    RECORD_PUT(&text, ",\"");
    tw_text_append_string(&text, tw_pretrade_reason_name(reason));
    RECORD_PUT(&text, "\":[\"");
    tw_text_append_string(&text, value);
    RECORD_PUT(&text, "\",\"");
    TW_ASSERT(!text.truncated);
    told->limit = limit;
    told->size = (uint32_t)text.size;
    return told;
}

/* `,"price_collar":["0.005","0.004"]`, as a whole or not at all. */
static void append_check(tw_engine *engine, tw_text *text, tw_pretrade_reason reason,
                         const tw_pretrade_verdict *verdict) {
    const told_limit *told = tell_limit(engine, reason, verdict->limit);
    char actual[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_pretrade_value_format(reason, verdict->actual, actual);
    size_t before = text->size;
    tw_text_append(text, (tw_slice){told->text, told->size});
    tw_text_append(text, (tw_slice){actual, size});
    RECORD_PUT(text, "\"]");
    if (!text->truncated)
        return;
    text->size = before;
    text->data[before] = '\0';
}

enum { CUT_SIZE = 16 }; /* kept free for saying that not all fits */

/* Controls that have a limit: [limit, figure]. What does not fit an entry is left out, and said. */
void limits_record_checks(tw_engine *engine, const char *client_order_id) {
    record_line line;
    tw_text *text = record_begin(engine, &line, "checks");
    text->capacity -= CUT_SIZE;
    RECORD_PUT(text, "{\"order\":\"");
    tw_text_append_string(text, client_order_id);
    tw_text_append_char(text, '"');
    for (int i = TW_PRETRADE_PASSED + 1; i < TW_PRETRADE_TABLE_FULL && !text->truncated; i++) {
        const tw_pretrade_verdict *verdict = &engine->judgement[i];
        if (verdict->limit != 0 && verdict->actual != INT64_MAX)
            append_check(engine, text, (tw_pretrade_reason)i, verdict);
    }
    bool cut = text->truncated;
    text->truncated = false;
    text->capacity += CUT_SIZE;
    if (cut)
        RECORD_PUT(text, ",\"cut\":true");
    tw_text_append_char(text, '}');
    record_end(engine, &line);
}

bool limits_allow_again(tw_engine *engine, const order_record *record) {
    tw_pretrade_verdict verdict;
    TW_ASSERT(record->ticket != TW_PRETRADE_NO_TICKET); /* invariant 1 */
    return tw_pretrade_resend(engine->gate, record->ticket, &record->order, engine->now_ns,
                              &verdict) == TW_OK;
}

static void record_held(tw_engine *engine, order_record *record,
                        const tw_pretrade_verdict *verdict) {
    if (record->cancel_held != 0)
        return; /* once an order: it is asked for again and again */
    record->cancel_held = 1;
    engine->report.cancels_held++;
    record_journal(engine, "held", "{\"order\":\"%s\",\"reason\":\"%s\",\"limit\":\"%lld\"}",
                   record->order.client_order_id, tw_pretrade_reason_name(verdict->reason),
                   (long long)verdict->limit);
}

/* No limit holds it up. */
static bool is_cancelled_anyway(const tw_engine *engine, const order_record *record) {
    return record->cancel_at_once != 0 || engine->kill_level >= TW_KILL_CANCEL;
}

bool limits_allow_cancel(tw_engine *engine, order_record *record) {
    tw_pretrade_verdict verdict;
    if (is_cancelled_anyway(engine, record))
        return true;
    if (engine->now_ns < engine->cancel_again_ns)
        return false;
    if (tw_pretrade_ask_cancel(engine->gate, engine->now_ns, &verdict) == TW_OK)
        return true;
    engine->cancel_again_ns = engine->now_ns + CANCEL_AGAIN_NS;
    record_held(engine, record, &verdict);
    return false;
}

void limits_cancel_sent(tw_engine *engine, const order_record *record) {
    tw_pretrade_verdict verdict;
    if (is_cancelled_anyway(engine, record)) {
        tw_pretrade_cancel_anyway(engine->gate, engine->now_ns);
        return;
    }
    tw_status status = tw_pretrade_cancel(engine->gate, engine->now_ns, &verdict);
    TW_ASSERT(status == TW_OK); /* it was asked at this very time */
}

enum { ROW_COUNT_MAX = 24 };

typedef struct limit_row {
    tw_pretrade_reason reason;
    int64_t value;
} limit_row;

/* The limits of this run that are set. */
static size_t list_limits(const tw_pretrade_config *config, limit_row ret_rows[ROW_COUNT_MAX]) {
    const tw_pretrade_limits *limits = &config->limits;
    const limit_row rows[] = {
        {TW_PRETRADE_STALE_PRICE, limits->price_age_ns_max},
        {TW_PRETRADE_PRICE_COLLAR, limits->collar_nano},
        {TW_PRETRADE_ORDER_QUANTITY, limits->quantity_max.nano},
        {TW_PRETRADE_ORDER_VALUE, limits->value_max.nano},
        {TW_PRETRADE_POSITION_QUANTITY, limits->position_max.nano},
        {TW_PRETRADE_POSITION_VALUE, limits->position_value_max.nano},
        {TW_PRETRADE_POSITION_WEIGHT, limits->position_share_max_nano},
        {TW_PRETRADE_GROSS_EXPOSURE, config->gross_share_max_nano},
        {TW_PRETRADE_NET_EXPOSURE, config->net_share_max_nano},
        {TW_PRETRADE_VALUE_AT_RISK, config->value_at_risk_share_max_nano},
        {TW_PRETRADE_OPEN_ORDERS, config->open_max},
        {TW_PRETRADE_OPEN_ORDERS_SYMBOL, limits->open_max},
        {TW_PRETRADE_DUPLICATE_ORDER, config->duplicate_span_ns},
        {TW_PRETRADE_MESSAGE_RATE, config->message_max[TW_PRETRADE_SUBMIT]},
        {TW_PRETRADE_CANCEL_RATE, config->message_max[TW_PRETRADE_CANCEL]},
        {TW_PRETRADE_MESSAGE_DAY, config->message_day_max[TW_PRETRADE_SUBMIT]},
        {TW_PRETRADE_REPEATED_EXECUTION, limits->repeat_max},
        {TW_PRETRADE_ORDER_ERRORS, config->error_max},
        {TW_PRETRADE_DAY_LOSS, config->day_loss_max.nano},
        {TW_PRETRADE_DRAWDOWN, config->drawdown_share_max_nano},
        {TW_PRETRADE_LOSSES_IN_A_ROW, config->losses_max},
    };
    size_t count = 0;
    _Static_assert(sizeof rows / sizeof rows[0] <= ROW_COUNT_MAX, "a place for each");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value != 0)
            ret_rows[count++] = rows[i];
    }
    return count;
}

/* For the journal: a denial can be read without the command. */
void limits_record(tw_engine *engine) {
    const tw_pretrade_config *config = &engine->config.controls;
    limit_row rows[ROW_COUNT_MAX];
    size_t count = list_limits(config, rows);
    char memory[TW_JOURNAL_PAYLOAD_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_char(&text, '{');
    for (size_t i = 0; i < count; i++) {
        char value[TW_DECIMAL_TEXT_SIZE];
        tw_pretrade_value_format(rows[i].reason, rows[i].value, value);
        tw_text_append_format(&text, "%s\"%s\":\"%s\"", text.size == 1 ? "" : ",",
                              tw_pretrade_reason_name(rows[i].reason), value);
    }
    if (config->day_loss_share_max_nano > 0) {
        char value[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(config->day_loss_share_max_nano, value);
        tw_text_append_format(&text, ",\"day_loss_share\":\"%s\"", value);
    }
    tw_text_append_char(&text, '}');
    TW_ASSERT(!text.truncated);
    record_journal(engine, "limits", "%s", memory);
}

/* ---- what another thread sees -------------------------------------------------------------- */

/* part of whole in billionths; 0 where there is no whole. */
static int64_t share_nano(int64_t part_nano, int64_t whole_nano) {
    int64_t share = 0;
    if (whole_nano <= 0 ||
        tw_decimal_divide(part_nano, whole_nano, TW_ROUND_HALF_EVEN, &share) != TW_OK)
        return 0;
    return share;
}

static int64_t above_zero(int64_t value) {
    return value > 0 ? value : 0;
}

/* The figure of now of what concerns the whole account; false for what only an order has. */
static bool figure_now(const tw_pretrade_figures *now, tw_pretrade_reason reason,
                       int64_t *ret_figure) {
    int64_t equity = now->equity.nano;
    switch ((int)reason) {
    case TW_PRETRADE_GROSS_EXPOSURE:
        *ret_figure = share_nano(now->gross.nano, equity);
        return true;
    case TW_PRETRADE_NET_EXPOSURE:
        *ret_figure = share_nano(now->net.nano < 0 ? -now->net.nano : now->net.nano, equity);
        return true;
    case TW_PRETRADE_VALUE_AT_RISK:
        *ret_figure = equity > 0 && now->value_at_risk >= 0.0
                          ? (int64_t)(now->value_at_risk / tw_decimal_to_double(equity) * TW_NANO)
                          : 0;
        return equity > 0 && now->value_at_risk >= 0.0;
    case TW_PRETRADE_OPEN_ORDERS:
        *ret_figure = now->open_count;
        return true;
    case TW_PRETRADE_DAY_LOSS:
        *ret_figure = above_zero(now->day_equity.nano - equity);
        return true;
    case TW_PRETRADE_DRAWDOWN:
        *ret_figure = share_nano(above_zero(now->peak_equity.nano - equity), now->peak_equity.nano);
        return true;
    case TW_PRETRADE_LOSSES_IN_A_ROW:
        *ret_figure = now->losses;
        return true;
    default:
        return false;
    }
}

static bool is_stopped(uint32_t stops, tw_pretrade_reason reason) {
    for (int i = 0; i < TW_PRETRADE_STOP_COUNT; i++) {
        if (tw_pretrade_stop_reason((tw_pretrade_stop)i) == reason)
            return (stops & (1u << i)) != 0;
    }
    return false;
}

/* The day's loss is limited in money, as a share, or both: then by the smaller. */
static void view_day_loss(const tw_pretrade_config *config, const tw_pretrade_figures *figures,
                          limit_row rows[ROW_COUNT_MAX], size_t *count) {
    int64_t money = 0;
    if (config->day_loss_share_max_nano <= 0 ||
        tw_decimal_multiply(config->day_loss_share_max_nano, figures->day_equity.nano,
                            TW_ROUND_HALF_EVEN, &money) != TW_OK)
        return;
    for (size_t i = 0; i < *count; i++) {
        if (rows[i].reason != TW_PRETRADE_DAY_LOSS)
            continue;
        rows[i].value = money < rows[i].value ? money : rows[i].value;
        return;
    }
    rows[(*count)++] = (limit_row){TW_PRETRADE_DAY_LOSS, money};
}

uint32_t limits_view(const tw_engine *engine, const tw_pretrade_figures *figures,
                     tw_engine_view_limit ret_limits[TW_PRETRADE_REASON_COUNT]) {
    limit_row rows[ROW_COUNT_MAX];
    size_t count = list_limits(&engine->config.controls, rows);
    view_day_loss(&engine->config.controls, figures, rows, &count);
    for (size_t i = 0; i < count; i++) {
        tw_engine_view_limit *shown = &ret_limits[i];
        const tw_pretrade_verdict *newest = &engine->judgement[rows[i].reason];
        *shown = (tw_engine_view_limit){.reason = rows[i].reason,
                                        .limit = rows[i].value,
                                        .stopped = is_stopped(figures->stops, rows[i].reason)};
        shown->known = figure_now(figures, rows[i].reason, &shown->figure);
        if (!shown->known && engine->judged && rows[i].reason != TW_PRETRADE_CANCEL_RATE &&
            newest->actual != INT64_MAX) {
            shown->figure = newest->actual;
            shown->known = true;
        }
    }
    return (uint32_t)count;
}

void limits_check(const tw_engine *engine) {
    tw_pretrade_check(engine->gate);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(engine->gate, &figures);
    TW_ASSERT(!engine->account_known || figures.cash.nano == engine->cash.nano);
    /* The engine rounds each value, the gate the sum of them. */
    int64_t apart = figures.equity.nano - engine->equity.nano;
    TW_ASSERT(!engine->account_known || llabs(apart) <= engine->config.symbol_count);
    uint32_t tickets = 0;
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const order_record *record = &engine->orders.records[i];
        TW_ASSERT(record->state != ORDER_DONE || record->ticket == TW_PRETRADE_NO_TICKET);
        tickets += record->ticket != TW_PRETRADE_NO_TICKET;
    }
    TW_ASSERT(tickets == figures.open_count);
}
