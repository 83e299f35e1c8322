/*
 * recording_settings.c - see recording_settings.h.
 *
 * Idea: a field is one or more elements of one kind; a kind has a width and a text. The three lists
 * below name every field in the order of its struct. They make the rows, and each makes an
 * initialiser of its struct besides, which the compiler refuses when it is a field short: whoever
 * adds a field adds it here.
 */
#include "recording_settings.h"

#include <stddef.h>
#include <string.h>

#include "tradewind/time.h"

typedef enum setting_kind {
    SETTING_TEXT,
    SETTING_COUNT32,
    SETTING_COUNT64,
    SETTING_SPAN,
    SETTING_SHARE,
    SETTING_NANO,
    SETTING_YES,
    SETTING_STRATEGY,
    SETTING_LEVEL
} setting_kind;

/* F: name, kind, and how an initialiser of it begins: ONE value, MANY in braces, or a part of its
 * own. L: a field without a row, which means something in its own process only, or has rows of its
 * own. */
#define ENGINE_FIELDS(F, L)             \
    F(strategy_name, TEXT, MANY)        \
    F(epoch, COUNT64, ONE)              \
    F(account, COUNT64, ONE)            \
    F(intent_sequence, COUNT64, ONE)    \
    F(journal_sequence, COUNT64, ONE)   \
    F(symbol_count, COUNT32, ONE)       \
    F(order_count_max, COUNT32, ONE)    \
    F(level_count_max, COUNT32, ONE)    \
    F(history_days_max, COUNT32, ONE)   \
    F(window_count, COUNT32, ONE)       \
    F(window_span_ns, SPAN, ONE)        \
    F(timeframes_ns, SPAN, MANY)        \
    F(timeframe_count, COUNT32, ONE)    \
    F(strategy, STRATEGY, ONE)          \
    L(target_weights, ONE)              \
    F(cash_weight, SHARE, ONE)          \
    F(band, SHARE, ONE)                 \
    F(rebalance_interval_ns, SPAN, ONE) \
    F(times_s, COUNT32, MANY)           \
    F(time_count, COUNT32, ONE)         \
    L(zone, ONE)                        \
    F(drift_ignored, YES, ONE)          \
    L(momentum, MOMENTUM)               \
    L(port, MANY)                       \
    F(strategy_budget_ns, SPAN, ONE)    \
    F(order_patience_ns, SPAN, ONE)     \
    F(duration_ns, SPAN, ONE)           \
    F(lot, NANO, MANY)                  \
    L(controls, MANY)                   \
    F(past_ns, SPAN, ONE)               \
    L(past, PAST)                       \
    F(kill_on_stop, LEVEL, ONE)         \
    F(warm_ns_max, SPAN, ONE)           \
    F(decision_gap_ns, SPAN, ONE)       \
    F(resume_ns_max, SPAN, ONE)         \
    F(reconcile_ns, SPAN, ONE)          \
    F(difference_max, COUNT32, ONE)     \
    L(monotonic_ns, ONE)                \
    L(flight, ONE)

#define MOMENTUM_FIELDS(F) \
    F(top, COUNT32, ONE)   \
    F(days, COUNT32, ONE)  \
    F(skip, COUNT32, ONE)

#define PAST_FIELDS(F)         \
    F(day_equity, NANO, MANY)  \
    F(peak_equity, NANO, MANY) \
    F(losses, COUNT32, ONE)    \
    F(stops, COUNT32, ONE)     \
    F(messages, COUNT64, MANY)

#define CONTROLS_FIELDS(F, L)                  \
    F(symbol_count, COUNT32, ONE)              \
    F(order_count_max, COUNT32, ONE)           \
    L(limits, LIMITS)                          \
    F(market_orders, YES, ONE)                 \
    F(on_margin, YES, ONE)                     \
    F(cash_min, NANO, MANY)                    \
    F(gross_share_max_nano, NANO, ONE)         \
    F(net_share_max_nano, NANO, ONE)           \
    F(value_at_risk_share_max_nano, NANO, ONE) \
    F(open_max, COUNT32, ONE)                  \
    F(message_max, COUNT32, MANY)              \
    F(message_day_max, COUNT32, MANY)          \
    F(duplicate_span_ns, SPAN, ONE)            \
    F(day_loss_max, NANO, MANY)                \
    F(day_loss_share_max_nano, NANO, ONE)      \
    F(drawdown_share_max_nano, NANO, ONE)      \
    F(losses_max, COUNT32, ONE)                \
    F(error_max, COUNT32, ONE)                 \
    F(error_span_ns, SPAN, ONE)

#define LIMITS_FIELDS(F)                  \
    F(quantity_max, NANO, MANY)           \
    F(value_max, NANO, MANY)              \
    F(collar_nano, NANO, ONE)             \
    F(price_age_ns_max, SPAN, ONE)        \
    F(position_max, NANO, MANY)           \
    F(position_value_max, NANO, MANY)     \
    F(position_share_max_nano, NANO, ONE) \
    F(open_max, COUNT32, ONE)             \
    F(repeat_max, COUNT32, ONE)           \
    F(repeat_span_ns, SPAN, ONE)          \
    F(may_short, YES, ONE)

/* ---- no field is forgotten ----------------------------------------------------------------- */

#define FIRST_ONE 0,
#define FIRST_MANY {0},
#define FIRST(name, kind, first) FIRST_##first
#define FIRST_LOCAL(name, first) FIRST_##first
#define FIRST_MOMENTUM {MOMENTUM_FIELDS(FIRST)},
#define FIRST_PAST {PAST_FIELDS(FIRST)},
#define FIRST_LIMITS {LIMITS_FIELDS(FIRST)},

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"
__attribute__((unused)) static const tw_engine_config every_field = {
    ENGINE_FIELDS(FIRST, FIRST_LOCAL)};
__attribute__((unused)) static const tw_pretrade_config every_control = {
    CONTROLS_FIELDS(FIRST, FIRST_LOCAL)};
#pragma GCC diagnostic pop

/* ---- rows ---------------------------------------------------------------------------------- */

typedef struct setting_row {
    const char *name;
    setting_kind kind;
    size_t offset;
    size_t size;
} setting_row;

#define ROW(prefix, path, kind) \
    {prefix, SETTING_##kind, offsetof(tw_engine_config, path), sizeof((tw_engine_config *)0)->path},
#define ENGINE_ROW(name, kind, first) ROW(#name, name, kind)
#define MOMENTUM_ROW(name, kind, first) ROW("momentum." #name, momentum.name, kind)
#define PAST_ROW(name, kind, first) ROW("past." #name, past.name, kind)
#define CONTROLS_ROW(name, kind, first) ROW("controls." #name, controls.name, kind)
#define NO_ROW(name, first)
#define LIMITS_ROW(name, kind, first) ROW("controls.limits." #name, controls.limits.name, kind)

static const setting_row rows[] = {ENGINE_FIELDS(ENGINE_ROW, NO_ROW) MOMENTUM_FIELDS(MOMENTUM_ROW)
                                       PAST_FIELDS(PAST_ROW) CONTROLS_FIELDS(CONTROLS_ROW, NO_ROW)
                                           LIMITS_FIELDS(LIMITS_ROW)};

enum { ROW_COUNT = sizeof rows / sizeof rows[0], NAME_SIZE_MAX = 64 };

static const setting_row *row_at(size_t index) {
    TW_ASSERT(index < ROW_COUNT);
    return &rows[index];
}

size_t settings_count(void) {
    return ROW_COUNT;
}

const char *settings_name(size_t index) {
    return row_at(index)->name;
}

/* Bytes of one element. */
static size_t width_of(setting_kind kind) {
    switch (kind) {
    case SETTING_YES:
        return sizeof(bool);
    case SETTING_COUNT32:
        return sizeof(uint32_t);
    case SETTING_STRATEGY:
        return sizeof(tw_strategy);
    case SETTING_LEVEL:
        return sizeof(tw_kill_level);
    case SETTING_COUNT64:
    case SETTING_SPAN:
    case SETTING_NANO:
        return sizeof(int64_t);
    case SETTING_SHARE:
        return sizeof(double);
    case SETTING_TEXT:
        break;
    }
    return 1;
}

/* ---- choices ------------------------------------------------------------------------------- */

static const char *choice_name(setting_kind kind, uint32_t value) {
    return kind == SETTING_STRATEGY ? tw_strategy_name((tw_strategy)value)
                                    : tw_kill_level_name((tw_kill_level)value);
}

static tw_status choice_parse(setting_kind kind, tw_slice text, uint32_t *ret_value) {
    for (uint32_t i = 0; strcmp(choice_name(kind, i), "?") != 0; i++) {
        if (tw_slice_equal_string(text, choice_name(kind, i))) {
            *ret_value = i;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

/* ---- to text ------------------------------------------------------------------------------- */

static void write_element(setting_kind kind, const unsigned char *at, tw_text *text) {
    char buffer[TW_TIME_TEXT_SIZE + TW_DECIMAL_TEXT_SIZE];
    uint32_t narrow = 0;
    int64_t wide = 0;
    double share = 0.0;
    memcpy(&narrow, at, kind == SETTING_YES ? 0 : sizeof narrow);
    switch (kind) {
    case SETTING_YES:
        tw_text_append_string(text, *at != 0 ? "yes" : "no");
        return;
    case SETTING_COUNT32:
        tw_text_append_u64(text, narrow);
        return;
    case SETTING_STRATEGY:
    case SETTING_LEVEL:
        tw_text_append_string(text, choice_name(kind, narrow));
        return;
    case SETTING_SHARE:
        memcpy(&share, at, sizeof share);
        tw_text_append_double(text, share);
        return;
    case SETTING_COUNT64:
        memcpy(&wide, at, sizeof wide);
        tw_text_append_u64(text, (uint64_t)wide);
        return;
    case SETTING_SPAN:
        memcpy(&wide, at, sizeof wide);
        tw_duration_format(wide, buffer);
        tw_text_append_string(text, buffer);
        return;
    case SETTING_NANO:
        memcpy(&wide, at, sizeof wide);
        tw_decimal_format(wide, buffer);
        tw_text_append_string(text, buffer);
        return;
    case SETTING_TEXT:
        break;
    }
    TW_ASSERT(false);
}

void settings_write(const tw_engine_config *config, size_t index, tw_text *text) {
    const setting_row *row = row_at(index);
    const unsigned char *at = (const unsigned char *)config + row->offset;
    if (row->kind == SETTING_TEXT) {
        tw_text_append_string(text, (const char *)at);
        return;
    }
    size_t width = width_of(row->kind);
    for (size_t i = 0; i < row->size / width; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        write_element(row->kind, at + i * width, text);
    }
}

/* ---- from text ----------------------------------------------------------------------------- */

static tw_status read_narrow(setting_kind kind, tw_slice text, uint32_t *ret_value) {
    uint64_t count = 0;
    if (kind != SETTING_COUNT32)
        return choice_parse(kind, text, ret_value);
    tw_status status = tw_parse_u64(text, &count);
    if (status == TW_OK && count > UINT32_MAX)
        status = TW_RANGE;
    if (status == TW_OK)
        *ret_value = (uint32_t)count;
    return status;
}

static tw_status read_wide(setting_kind kind, tw_slice text, int64_t *ret_value) {
    uint64_t count = 0;
    if (kind == SETTING_SPAN)
        return tw_duration_parse(text, ret_value);
    if (kind == SETTING_NANO)
        return tw_decimal_parse(text, ret_value);
    tw_status status = tw_parse_u64(text, &count);
    if (status == TW_OK)
        *ret_value = (int64_t)count;
    return status;
}

static tw_status read_element(setting_kind kind, tw_slice text, unsigned char *at) {
    uint32_t narrow = 0;
    int64_t wide = 0;
    double share = 0.0;
    bool yes = tw_slice_equal_string(text, "yes");
    tw_status status = TW_OK;
    if (kind == SETTING_YES) {
        if (!yes && !tw_slice_equal_string(text, "no"))
            return TW_PARSE;
        memcpy(at, &yes, sizeof yes);
    } else if (kind == SETTING_SHARE) {
        status = tw_parse_double(text, &share);
        if (status == TW_OK)
            memcpy(at, &share, sizeof share);
    } else if (width_of(kind) == sizeof narrow) {
        status = read_narrow(kind, text, &narrow);
        if (status == TW_OK)
            memcpy(at, &narrow, sizeof narrow);
    } else {
        status = read_wide(kind, text, &wide);
        if (status == TW_OK)
            memcpy(at, &wide, sizeof wide);
    }
    return status;
}

static const setting_row *find_row(tw_slice name) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (tw_slice_equal_string(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

static tw_status no_row(tw_slice name, tw_error *error) {
    tw_slice begin = {name.data, name.size < NAME_SIZE_MAX ? name.size : NAME_SIZE_MAX};
    const setting_row *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        size_t distance = tw_slice_distance(begin, tw_slice_of(rows[i].name));
        if (distance >= least)
            continue;
        least = distance;
        nearest = &rows[i];
    }
    TW_ASSERT(nearest != NULL);
    return tw_error_set(error, TW_NOT_FOUND,
                        "the engine has no setting \"%.*s\"; the nearest is %s", (int)begin.size,
                        begin.data, nearest->name);
}

static tw_status bad_value(const setting_row *row, tw_slice value, tw_status status,
                           tw_error *error) {
    static const char *const wanted[] = {
        [SETTING_TEXT] = "a short text",
        [SETTING_COUNT32] = "a whole number",
        [SETTING_COUNT64] = "a whole number",
        [SETTING_SPAN] = "a span of time like 5s",
        [SETTING_SHARE] = "a number like 0.02",
        [SETTING_NANO] = "a decimal number with at most nine places",
        [SETTING_YES] = "yes or no",
        [SETTING_STRATEGY] = "the name of a strategy",
        [SETTING_LEVEL] = "none, new, cancel or flatten",
    };
    return tw_error_set(error, status, "%s must be %s, not \"%.*s\"", row->name, wanted[row->kind],
                        (int)value.size, value.data);
}

tw_status settings_read(tw_engine_config *config, tw_slice name, tw_slice value, tw_error *error) {
    const setting_row *row = find_row(name);
    if (row == NULL)
        return no_row(name, error);
    unsigned char *at = (unsigned char *)config + row->offset;
    if (row->kind == SETTING_TEXT) {
        if (tw_slice_copy(value, (char *)at, row->size) != TW_OK)
            return bad_value(row, value, TW_RANGE, error);
        return TW_OK;
    }
    size_t width = width_of(row->kind);
    tw_slice rest = value;
    for (size_t i = 0; i < row->size / width; i++) {
        tw_status status = read_element(row->kind, tw_slice_split(&rest, ','), at + i * width);
        if (status != TW_OK)
            return bad_value(row, value, status == TW_RANGE ? TW_RANGE : TW_PARSE, error);
    }
    return rest.size == 0 ? TW_OK : bad_value(row, value, TW_PARSE, error);
}
