/*
 * monitor_screen.c - see monitor_screen.h.
 *
 * Lines are made one by one in a buffer of their own and cut at the width, so that nothing wraps;
 * the sections of fixed height come first, and positions get what is left, those furthest from
 * their targets first.
 *
 *     positions: [        |--o--      ]   - is the band, | the target, o where it is, * outside
 */
#include "monitor_screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "readable.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

enum {
    LINE_SIZE = 512,
    BAR_WIDTH = 20,
    ORDER_ROWS = 4,
    POSITION_ROWS_MIN = 2,
    POSITION_ROWS_MAX = 512, /* of a screen without a height: what it takes has a bound */
    SHOWN_STAGES = 4,
    FIXED_ROWS = 13 /* all but the rows of positions and orders */
};

static const char BOLD[] = "\033[1m";
static const char ALARM[] = "\033[1;7m";
static const char PLAIN[] = "\033[0m";

typedef struct writer {
    const monitor_screen *screen;
    const char *end;
    tw_text *text;
} writer;

/* ---- lines --------------------------------------------------------------------------------- */

/* Words of the run are from a machine that may not be ours: nothing but what is printed goes out.
 */
static void put_line(writer *to, const char *style, const tw_text *line) {
    size_t size = line->size < to->screen->width ? line->size : to->screen->width;
    bool styled = style != NULL && to->screen->coloured;
    if (styled)
        tw_text_append_string(to->text, style);
    for (size_t i = 0; i < size; i++)
        tw_text_append_char(to->text,
                            line->data[i] >= ' ' && line->data[i] <= '~' ? line->data[i] : '?');
    if (styled)
        tw_text_append_string(to->text, PLAIN);
    tw_text_append_string(to->text, to->end);
}

static char *money(int64_t nano, char *buffer) {
    return readable_decimal(nano, 2, 2, buffer);
}

static char *amount(int64_t nano, char *buffer) {
    return readable_decimal(nano, 0, 4, buffer);
}

/* "12.3 us"; "-" for what is not known. */
static char *span(double ns, char *buffer) {
    static const struct {
        double scale;
        const char *unit;
    } units[] = {{1.0, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};
    size_t unit = 0;
    tw_text text = tw_text_over(buffer, READABLE_SIZE);
    while (unit < 3 && ns >= 1000.0 * units[unit].scale)
        unit++;
    if (isnan(ns)) {
        tw_text_append_char(&text, '-');
        return buffer;
    }
    double value = ns / units[unit].scale;
    int digits = value < 10.0 ? 2 : value < 100.0 ? 1 : 0;
    tw_text_append_format(&text, "%.*f %s", digits, value, units[unit].unit);
    return buffer;
}

/* ---- sections ------------------------------------------------------------------------------ */

static void write_head(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char span_text[READABLE_SIZE];
    char rate[READABLE_SIZE];
    bool killed = state->killed[0] != '\0' && strcmp(state->killed, "none") != 0;
    tw_text line = tw_text_over(memory, sizeof memory);
    readable_span((int64_t)state->seconds * TW_NS_PER_SECOND, span_text);
    readable_count((uint64_t)fmax(0.0, state->events_per_second), rate);
    tw_text_append_format(&line, "%s  %.19s  %s  %s events/s  %s", state->phase, state->time,
                          span_text, rate, to->screen->name);
    put_line(to, BOLD, &line);
    tw_text_clear(&line);
    if (killed)
        tw_text_append_format(&line, "KILLED: %s, by %s", state->killed, state->killed_by);
    if (to->screen->note[0] != '\0')
        tw_text_append_format(&line, "%s%s", killed ? "  " : "", to->screen->note);
    put_line(to, line.size > 0 ? ALARM : NULL, &line);
}

static void write_account(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char a[READABLE_SIZE];
    char b[READABLE_SIZE];
    char c[READABLE_SIZE];
    char d[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    int64_t change = 0;
    bool began = state->account.equity_begin_nano != 0 &&
                 tw_decimal_subtract(state->account.equity_nano, state->account.equity_begin_nano,
                                     &change) == TW_OK;
    tw_text_append_format(&line, "equity %s", money(state->account.equity_nano, a));
    if (began)
        tw_text_append_format(&line, " (%s%s)", change >= 0 ? "+" : "", money(change, b));
    tw_text_append_format(&line, "  cash %s  gross %s  turnover %s",
                          money(state->account.cash_nano, b), money(state->account.gross_nano, c),
                          money(state->account.turnover_nano, d));
    put_line(to, NULL, &line);
    tw_text_clear(&line);
    tw_text_append_format(
        &line, "drawdown %s  loss of the day %s  a day at 95%%: var %s, tail %s",
        readable_percent(state->risk.drawdown, a), readable_percent(state->risk.day_loss, b),
        readable_percent(state->risk.var95, c), readable_percent(state->risk.es95, d));
    put_line(to, NULL, &line);
}

/* The limit that is nearest to being reached; orders are priced to the collar, so it always is. */
static void write_limits(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char used[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    const monitor_limit *nearest = NULL;
    uint32_t stopped = 0;
    for (uint32_t i = 0; i < state->limit_count && i < MONITOR_LIMIT_COUNT_MAX; i++) {
        const monitor_limit *limit = &state->limits[i];
        stopped += limit->stopped;
        if (strcmp(limit->reason, "price_collar") != 0 && !isnan(limit->used) &&
            (nearest == NULL || limit->used > nearest->used))
            nearest = limit;
    }
    tw_text_append_format(&line, "limits %u", state->limit_count);
    if (nearest != NULL)
        tw_text_append_format(&line, "  nearest %s, used %s", nearest->reason,
                              readable_percent(nearest->used, used));
    if (stopped > 0)
        tw_text_append_format(&line, "  STOPPED %u", stopped);
    put_line(to, stopped > 0 ? ALARM : NULL, &line);
}

/* ---- positions ----------------------------------------------------------------------------- */

static int by_distance(const void *a, const void *b) {
    const monitor_position *one = a;
    const monitor_position *other = b;
    double distance_one = fabs(one->weight - one->target);
    double distance_other = fabs(other->weight - other->target);
    if (one->outside != other->outside)
        return one->outside ? -1 : 1;
    if (distance_one != distance_other)
        return distance_one > distance_other ? -1 : 1;
    return strcmp(one->symbol, other->symbol);
}

/* Where a weight stands in a bar that shows 0 to `top`. */
static int place_of(double weight, double top) {
    double place = isnan(weight) || top <= 0.0 ? 0.0 : weight / top * (BAR_WIDTH - 1);
    if (place < 0.0)
        place = 0.0;
    return place > BAR_WIDTH - 1 ? BAR_WIDTH - 1 : (int)(place + 0.5);
}

static void append_bar(tw_text *line, const monitor_position *position, double top) {
    int low = place_of(position->low, top);
    int high = place_of(position->high, top);
    int target = place_of(position->target, top);
    int weight = place_of(position->weight, top);
    tw_text_append_char(line, '[');
    for (int i = 0; i < BAR_WIDTH; i++) {
        char band = i >= low && i <= high ? '-' : ' ';
        char mark = i == target ? '|' : band;
        tw_text_append_char(line, i != weight ? mark : position->outside ? '*' : 'o');
    }
    tw_text_append_char(line, ']');
}

static void write_position(writer *to, const monitor_position *position, double top) {
    char memory[LINE_SIZE];
    char quantity[READABLE_SIZE];
    char value[READABLE_SIZE];
    char profit[READABLE_SIZE];
    char weight[READABLE_SIZE];
    char target[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&line, "%-6.6s %9s %12s %10s %7s %7s ", position->symbol,
                          amount(position->quantity_nano, quantity),
                          money(position->value_nano, value), money(position->profit_nano, profit),
                          readable_percent(position->weight, weight),
                          readable_percent(position->target, target));
    append_bar(&line, position, top);
    put_line(to, position->outside ? BOLD : NULL, &line);
}

static void write_positions(writer *to, monitor_state *state, uint32_t rows) {
    char memory[LINE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    uint32_t count = state->position_count < MONITOR_POSITION_COUNT_MAX
                         ? state->position_count
                         : MONITOR_POSITION_COUNT_MAX;
    double top = 0.0;
    for (uint32_t i = 0; i < count; i++)
        top = fmax(top, fmax(state->positions[i].weight, state->positions[i].high));
    qsort(state->positions, count, sizeof state->positions[0], by_distance);
    tw_text_append_format(&line, "%-6s %9s %12s %10s %7s %7s  in its band", "SYMBOL", "QUANTITY",
                          "VALUE", "PROFIT", "WEIGHT", "TARGET");
    if (state->position_count > rows)
        tw_text_append_format(&line, ", %u of %u", rows, state->position_count);
    put_line(to, BOLD, &line);
    for (uint32_t i = 0; i < count && i < rows; i++)
        write_position(to, &state->positions[i], top);
}

/* ---- orders -------------------------------------------------------------------------------- */

static void write_order(writer *to, const monitor_order *order) {
    char memory[LINE_SIZE];
    char filled[READABLE_SIZE];
    char quantity[READABLE_SIZE];
    char limit[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    const char *number = strrchr(order->id, '-');
    tw_text_append_format(&line, "%5s %-4s %-6.6s %7s of %-7s at %-9s %-10.10s %s",
                          number != NULL ? number + 1 : order->id, order->side, order->symbol,
                          amount(order->filled_nano, filled),
                          amount(order->quantity_nano, quantity), amount(order->limit_nano, limit),
                          order->status, order->why);
    put_line(to, NULL, &line);
}

static void write_orders(writer *to, const monitor_state *state, uint32_t rows) {
    char memory[LINE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    tw_text_append_format(
        &line,
        "ORDERS %llu: %llu filled, %llu open, %llu canceled, %llu rejected, %llu denied, %llu "
        "unknown",
        (unsigned long long)state->counts.orders, (unsigned long long)state->counts.filled,
        (unsigned long long)state->counts.open, (unsigned long long)state->counts.canceled,
        (unsigned long long)state->counts.rejected, (unsigned long long)state->counts.denied,
        (unsigned long long)state->counts.unknown);
    put_line(to, BOLD, &line);
    for (uint32_t i = 0; i < rows && i < state->order_count; i++)
        write_order(to, &state->orders[i]);
}

/* ---- tails, venue, store ------------------------------------------------------------------- */

static const monitor_stage *find_stage(const monitor_state *state, const char *name) {
    for (uint32_t i = 0; i < state->stage_count && i < MONITOR_STAGE_COUNT_MAX; i++) {
        if (strcmp(state->stages[i].stage, name) == 0)
            return &state->stages[i];
    }
    return NULL;
}

/* p50 and p99 of a few stages, two lines. */
static void write_tails(writer *to, const monitor_state *state) {
    static const char *const shown[SHOWN_STAGES] = {"queue", "order", "submit", "commit"};
    char memory[2][LINE_SIZE];
    tw_text names = tw_text_over(memory[0], sizeof memory[0]);
    tw_text values = tw_text_over(memory[1], sizeof memory[1]);
    tw_text_append_string(&names, "TAILS ");
    tw_text_append_string(&values, "p50/99");
    for (size_t i = 0; i < SHOWN_STAGES; i++) {
        char cell[3 * READABLE_SIZE];
        char half[READABLE_SIZE];
        char late[READABLE_SIZE];
        tw_text both = tw_text_over(cell, sizeof cell);
        const monitor_stage *stage = find_stage(state, shown[i]);
        bool known = stage != NULL && stage->count > 0;
        tw_text_append_format(&both, "%s/%s", span(known ? stage->p50 : NAN, half),
                              span(known ? stage->p99 : NAN, late));
        tw_text_append_format(&names, " %16s", shown[i]);
        tw_text_append_format(&values, " %16s", cell);
    }
    put_line(to, BOLD, &names);
    put_line(to, NULL, &values);
}

static void write_venue(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char heard[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    if (!state->venue.told) {
        tw_text_append_string(&line, "VENUE not heard of yet");
        put_line(to, NULL, &line);
        return;
    }
    uint64_t failed = state->venue.failures + state->venue.timeouts;
    tw_text_append_format(&line, "VENUE %s, heard %s ago, %llu losses, %llu dropped, %llu requests",
                          state->venue.up ? "up" : "DOWN", span(state->venue.heard_ms * 1e6, heard),
                          (unsigned long long)state->venue.losses,
                          (unsigned long long)state->venue.dropped,
                          (unsigned long long)state->venue.requests);
    tw_text_append_format(&line, ", %llu failed, %llu again", (unsigned long long)failed,
                          (unsigned long long)state->venue.retries);
    put_line(to, state->venue.up ? NULL : ALARM, &line);
}

/* An older run does not tell of it. */
static void write_reconciliation(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char age[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    if (!state->reconciliation.told || isnan(state->reconciliation.age))
        tw_text_append_string(&line, "COMPARED with the venue: never");
    else
        tw_text_append_format(&line, "COMPARED with the venue %s ago, %llu times",
                              span(state->reconciliation.age * 1e9, age),
                              (unsigned long long)state->reconciliation.count);
    tw_text_append_format(&line, ", %llu differences",
                          (unsigned long long)state->reconciliation.differences);
    put_line(to, state->reconciliation.differences > 0 ? BOLD : NULL, &line);
}

static void write_store(writer *to, const monitor_state *state) {
    char memory[LINE_SIZE];
    char rows[READABLE_SIZE];
    tw_text line = tw_text_over(memory, sizeof memory);
    bool open = false;
    tw_text_append_string(&line, "BREAKERS");
    for (uint32_t i = 0; i < state->breaker_count && i < MONITOR_BREAKER_COUNT_MAX; i++) {
        const monitor_breaker *breaker = &state->breakers[i];
        tw_text_append_format(&line, " %s %s", breaker->route, breaker->state);
        open = open || strcmp(breaker->state, "closed") != 0;
    }
    if (state->store.told)
        tw_text_append_format(&line, "  STORE %s rows, %llu waiting, %llu syncs",
                              readable_count(state->store.rows, rows),
                              (unsigned long long)state->store.waiting,
                              (unsigned long long)state->store.syncs);
    put_line(to, open ? ALARM : NULL, &line);
}

void monitor_screen_write(const monitor_screen *screen, const monitor_state *state, const char *end,
                          tw_text *text) {
    static monitor_state sorted; /* the program has one screen; 1 MB does not belong on the stack */
    writer to = {.screen = screen, .end = end, .text = text};
    uint32_t positions =
        state->position_count < POSITION_ROWS_MAX ? state->position_count : POSITION_ROWS_MAX;
    uint32_t orders = state->order_count < ORDER_ROWS ? state->order_count : ORDER_ROWS;
    if (screen->height > 0) {
        uint32_t left = screen->height > FIXED_ROWS + orders + POSITION_ROWS_MIN
                            ? screen->height - FIXED_ROWS - orders
                            : POSITION_ROWS_MIN;
        positions = positions < left ? positions : left;
    }
    sorted = *state;
    write_head(&to, state);
    write_account(&to, state);
    write_limits(&to, state);
    write_positions(&to, &sorted, positions);
    write_orders(&to, state, orders);
    write_tails(&to, state);
    write_venue(&to, state);
    write_reconciliation(&to, state);
    write_store(&to, state);
}
