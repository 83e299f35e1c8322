/*
 * golden_bars.c - bars of every kind that nobody on this project computed.
 *
 * Runs all cases of $TRADEWIND_DATA/vectors/bars_nautilus.json (the tests of nautilus_trader's
 * aggregators: trades, quotes and bars in) and the bricks of stockindicators.json. A case that is
 * not supported is counted by name with its reason; a supported one that differs fails.
 *
 * How a case is read: a trade is split in the unit of its case's sizes, which for AUDUSD are whole
 * (nautilus rounds to the instrument's size precision). The step of a brick is in units of the
 * instrument's price increment, 1e-5 (AUDUSD). An event that is a bar without prices stands for a
 * file that is not with the vectors.
 */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/bars.h"
#include "tradewind/time.h"

#define BARS_MAX 4096
#define NAMES_MAX 64

typedef enum verdict { PASSED, UNSUPPORTED, FAILED } verdict;

typedef struct collected {
    tw_bar bars[BARS_MAX];
    size_t count;
} collected;

typedef struct tally {
    size_t passed;
    size_t failed;
    size_t unsupported;
    const char *reasons[NAMES_MAX];
} tally;

static collected all;
static const char *why; /* the case at hand is not supported */

static void collect(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)context;
    (void)detail;
    assert_true(all.count < BARS_MAX);
    all.bars[all.count++] = *bar;
}

static const char *data_path(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/vectors/%s", getenv("TRADEWIND_DATA"), name);
    return path;
}

/* Numbers stand as text or as JSON numbers; both are exact at 1e-9. */
static int64_t nano_of(const json_t *value) {
    char text[64];
    int64_t nano = 0;
    if (json_is_string(value))
        snprintf(text, sizeof text, "%s", json_string_value(value));
    else
        snprintf(text, sizeof text, "%.12g", json_number_value(value));
    if (tw_decimal_parse_rounded(tw_slice_of(text), &nano) != TW_OK)
        fail_msg("%s is no number", text);
    return nano;
}

static int64_t field(const json_t *event, const char *name) {
    return nano_of(json_object_get(event, name));
}

/* The unit of a size's last decimal that is not 0: 1e9 for "3" and "3000.00", 1e8 for "3.5". */
static int64_t unit_of(const json_t *value, int64_t unit) {
    const char *text = json_is_string(value) ? json_string_value(value) : "1";
    const char *point = strchr(text, '.');
    int64_t own = TW_NANO;
    int64_t last = TW_NANO;
    for (size_t i = 0; point != NULL && point[1 + i] != '\0'; i++) {
        own /= 10;
        last = point[1 + i] != '0' ? own : last;
    }
    return last < unit ? last : unit;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* ---- nautilus ------------------------------------------------------------------------------ */

static bool kind_of(const char *aggregation, tw_bars_kind *ret_kind) {
    static const struct {
        const char *name;
        tw_bars_kind kind;
    } kinds[] = {
        {"TICK", TW_BARS_TICK},
        {"VOLUME", TW_BARS_VOLUME},
        {"VALUE", TW_BARS_VALUE},
        {"TICK_IMBALANCE", TW_BARS_TICK_IMBALANCE},
        {"VOLUME_IMBALANCE", TW_BARS_VOLUME_IMBALANCE},
        {"VALUE_IMBALANCE", TW_BARS_VALUE_IMBALANCE},
        {"TICK_RUNS", TW_BARS_TICK_RUNS},
        {"VOLUME_RUNS", TW_BARS_VOLUME_RUNS},
        {"VALUE_RUNS", TW_BARS_VALUE_RUNS},
        {"RENKO", TW_BARS_RENKO},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, aggregation) == 0) {
            *ret_kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool frame_of(const json_t *params, const json_t *events, tw_bars_frame *ret_frame) {
    tw_bars_kind kind;
    if (!kind_of(text_of(params, "aggregation"), &kind)) {
        why = "no such aggregation";
        return false;
    }
    int64_t step = field(params, "step");
    int64_t unit = TW_NANO;
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event) {
        static const char *const sizes[] = {"size", "bid_size", "ask_size", "volume"};
        for (size_t j = 0; j < 4; j++)
            if (json_object_get(event, sizes[j]) != NULL)
                unit = unit_of(json_object_get(event, sizes[j]), unit);
    }
    *ret_frame = (tw_bars_frame){.kind = (uint8_t)kind,
                                 .step = step,
                                 .split_unit.nano = unit,
                                 .renko = TW_BARS_RENKO_FROM_CLOSE,
                                 .wicks = TW_BARS_WICKS_NONE};
    if (kind == TW_BARS_TICK || kind == TW_BARS_TICK_IMBALANCE || kind == TW_BARS_TICK_RUNS)
        ret_frame->step = step / TW_NANO;
    if (kind == TW_BARS_RENKO)
        ret_frame->step = step / TW_NANO * 10000;
    return true;
}

/* The price and size that a case asks of a quote. */
static tw_trade trade_of_quote(const json_t *event, const char *price) {
    int64_t bid = field(event, "bid_price");
    int64_t ask = field(event, "ask_price");
    int64_t bid_size = field(event, "bid_size");
    int64_t ask_size = field(event, "ask_size");
    bool is_bid = strcmp(price, "BID") == 0;
    bool is_ask = strcmp(price, "ASK") == 0;
    return (tw_trade){
        .price.nano = is_bid   ? bid
                      : is_ask ? ask
                               : (bid + ask) / 2,
        .quantity.nano = is_bid   ? bid_size
                         : is_ask ? ask_size
                                  : (bid_size + ask_size) / 2,
    };
}

static uint8_t side_of(const char *name) {
    return strcmp(name, "BUYER") == 0    ? TW_SIDE_BUY
           : strcmp(name, "SELLER") == 0 ? TW_SIDE_SELL
                                         : TW_SIDE_NONE;
}

static tw_status push_event(tw_bars *bars, const json_t *event, const char *price) {
    int64_t time_ns = json_integer_value(json_object_get(event, "ts_event"));
    if (strcmp(text_of(event, "kind"), "Bar") == 0) {
        tw_bar bar = {.time_ns = time_ns};
        bar.open.nano = field(event, "open");
        bar.high.nano = field(event, "high");
        bar.low.nano = field(event, "low");
        bar.close.nano = field(event, "close");
        bar.volume.nano = field(event, "volume");
        return tw_bars_push_bar(bars, &bar, (tw_price){10000}, collect, NULL);
    }
    tw_trade trade = {0};
    if (strcmp(text_of(event, "kind"), "QuoteTick") == 0) {
        trade = trade_of_quote(event, price);
    } else {
        trade.price.nano = field(event, "price");
        trade.quantity.nano = field(event, "size");
        trade.side = side_of(text_of(event, "aggressor_side"));
    }
    trade.time_ns = time_ns;
    return tw_bars_push(bars, &trade, collect, NULL);
}

static bool events_are_whole(const json_t *events) {
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event) {
        if (strcmp(text_of(event, "kind"), "Bar") == 0 && json_object_get(event, "open") == NULL) {
            why = "its bars are not with the vectors";
            return false;
        }
    }
    return true;
}

static bool field_agrees(const tw_bar *bar, const char *name, const json_t *expected) {
    const struct {
        const char *name;
        int64_t nano;
    } fields[] = {{"open", bar->open.nano},
                  {"high", bar->high.nano},
                  {"low", bar->low.nano},
                  {"close", bar->close.nano},
                  {"volume", bar->volume.nano}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        if (fields[i].nano == nano_of(expected))
            return true;
        print_error("%s is %lld, not %lld\n", name, (long long)fields[i].nano,
                    (long long)nano_of(expected));
        return false;
    }
    return strcmp(name, "bar_type") == 0 || strcmp(name, "ts_event") == 0;
}

static verdict compare_bars(const json_t *expected) {
    size_t count = (size_t)json_integer_value(json_object_get(expected, "bars"));
    if (all.count != count) {
        print_error("%zu bars, not %zu\n", all.count, count);
        return FAILED;
    }
    verdict found = PASSED;
    const char *index;
    json_t *fields;
    json_object_foreach(json_object_get(expected, "fields"), index, fields) {
        long at = strtol(index, NULL, 10);
        size_t from_start = at < 0 ? count - (size_t)-at : (size_t)at;
        const char *name;
        json_t *value;
        if (from_start >= count)
            return FAILED;
        json_object_foreach(fields, name, value) {
            if (!field_agrees(&all.bars[from_start], name, value))
                found = FAILED;
        }
    }
    return found;
}

static verdict run_nautilus(const json_t *test_case) {
    const json_t *params = json_object_get(test_case, "params");
    const json_t *events = json_object_get(json_object_get(test_case, "input"), "events");
    tw_bars_config config = {.frame_count = 1, .symbol_count_max = 1};
    if (!events_are_whole(events) || !frame_of(params, events, &config.frames[0]))
        return UNSUPPORTED;
    TW_AUTO(tw_bars) *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    all.count = 0;
    size_t i;
    const json_t *event;
    json_array_foreach(events, i, event) {
        assert_int_equal(push_event(bars, event, text_of(params, "price")), TW_OK);
    }
    return compare_bars(json_object_get(test_case, "expected"));
}

/* ---- Stock.Indicators ---------------------------------------------------------------------- */

/* The cells of a CSV file as bars: date,open,high,low,close,volume, or with an index before. */
static size_t read_rows(const char *name, double (*ret_rows)[5], size_t most) {
    FILE *file = fopen(data_path(name), "r");
    assert_non_null(file);
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL && count < most) {
        char *rest = line;
        char *cells[8] = {NULL};
        size_t cell_count = 0;
        while (cell_count < 8 && (cells[cell_count] = strsep(&rest, ",\r\n")) != NULL)
            cell_count++;
        size_t first = cells[0][0] >= '0' && cells[0][0] <= '9' && strlen(cells[0]) < 8 ? 2 : 1;
        if (cells[0][0] < '0' || cells[0][0] > '9')
            continue;
        for (size_t i = 0; i < 5; i++)
            ret_rows[count][i] = strtod(cells[first + i], NULL);
        count++;
    }
    fclose(file);
    return count;
}

static int64_t to_nano(double value) {
    return (int64_t)llround(value * 1e9);
}

static size_t read_quotes(const char *name, tw_bar *ret_bars) {
    static double rows[BARS_MAX][5];
    size_t count = read_rows(name, rows, BARS_MAX);
    for (size_t i = 0; i < count; i++) {
        ret_bars[i] = (tw_bar){.time_ns = (int64_t)i * TW_NS_PER_DAY};
        ret_bars[i].open.nano = to_nano(rows[i][0]);
        ret_bars[i].high.nano = to_nano(rows[i][1]);
        ret_bars[i].low.nano = to_nano(rows[i][2]);
        ret_bars[i].close.nano = to_nano(rows[i][3]);
        ret_bars[i].volume.nano = (int64_t)rows[i][4]; /* a billionth of it: it would not fit */
    }
    return count;
}

/* Stock.Indicators begins the first brick at the close rounded to one decimal less than the size
 * has, at least to whole numbers. */
static bool bricks_of(const char *call, const tw_bar *quotes, size_t count,
                      tw_bars_frame *ret_frame) {
    *ret_frame = (tw_bars_frame){
        .kind = TW_BARS_RENKO, .renko = TW_BARS_RENKO_CLASSIC, .wicks = TW_BARS_WICKS_TRADED};
    double size = 0;
    if (sscanf(call, "Bars.ToRenko(%lfm)", &size) == 1) {
        const char *point = strchr(strchr(call, '('), '.');
        size_t decimals = point == NULL ? 0 : strspn(point + 1, "0123456789");
        ret_frame->step = to_nano(size);
        ret_frame->renko_unit.nano = TW_NANO;
        for (size_t i = 1; i < decimals; i++)
            ret_frame->renko_unit.nano /= 10;
        return true;
    }
    tw_price range = {0};
    int period = 14;
    (void)sscanf(call, "Bars.ToRenkoAtr(%d)", &period);
    if (strncmp(call, "Bars.ToRenkoAtr(", 16) != 0)
        return false;
    assert_int_equal(tw_bars_average_range(quotes, count, (size_t)period, &range), TW_OK);
    ret_frame->step = range.nano;
    return true;
}

static double column_of(const tw_bar *bar, size_t column) {
    const int64_t nano[] = {bar->open.nano, bar->high.nano, bar->low.nano, bar->close.nano};
    return column < 4 ? (double)nano[column] * 1e-9 : (double)bar->volume.nano;
}

static verdict compare_column(const json_t *expected, double tolerance) {
    static const char *const columns[] = {"open", "high", "low", "close", "volume"};
    static double rows[BARS_MAX][5];
    size_t column = 0;
    while (column < 5 && strcmp(columns[column], text_of(expected, "column")) != 0)
        column++;
    if (column == 5) {
        why = "no such column";
        return UNSUPPORTED;
    }
    size_t count = read_rows(text_of(expected, "file"), rows, BARS_MAX);
    if (count != all.count) {
        print_error("%zu bricks, not %zu\n", all.count, count);
        return FAILED;
    }
    verdict found = PASSED;
    for (size_t i = 0; i < count; i++) {
        double ours = column_of(&all.bars[i], column);
        /* Bricks of one move share the volume; ours are whole numbers, theirs fractions. */
        double slack = column == 4 ? 128.0 : tolerance * fabs(rows[i][column]);
        if (fabs(ours - rows[i][column]) > slack) {
            print_error("brick %zu: %.12g, not %.12g\n", i, ours, rows[i][column]);
            found = FAILED;
        }
    }
    return found;
}

static verdict run_bricks(const json_t *test_case) {
    static tw_bar quotes[BARS_MAX];
    const char *call = text_of(json_object_get(test_case, "params"), "call");
    const char *file = text_of(json_object_get(test_case, "input"), "file");
    size_t count = read_quotes(file, quotes);
    tw_bars_config config = {.frame_count = 1, .symbol_count_max = 1};
    if (!bricks_of(call, quotes, count, &config.frames[0])) {
        why = "another way to end a brick";
        return UNSUPPORTED;
    }
    TW_AUTO(tw_bars) *bars = NULL;
    assert_int_equal(tw_bars_new(NULL, &config, &bars), TW_OK);
    all.count = 0;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tw_bars_push_bar(bars, &quotes[i], (tw_price){0}, collect, NULL), TW_OK);
    return compare_column(json_object_get(test_case, "expected"),
                          json_number_value(json_object_get(test_case, "tol_rel")));
}

/* ---- Cases --------------------------------------------------------------------------------- */

static void print_tally(const char *name, const tally *found) {
    printf("counts: %s: %zu passed, %zu unsupported", name, found->passed, found->unsupported);
    for (size_t i = 0; i < found->unsupported && i < NAMES_MAX; i++)
        printf("%s%s", i == 0 ? " (" : ", ", found->reasons[i]);
    printf("%s\n", found->unsupported > 0 ? ")" : "");
    assert_int_equal(found->failed, 0);
    assert_true(found->passed > 0);
}

static void run_file(const char *name, const char *metric, verdict (*run)(const json_t *)) {
    static char reasons[NAMES_MAX][128];
    if (getenv("TRADEWIND_DATA") == NULL) {
        print_message("TRADEWIND_DATA is not set\n");
        skip();
    }
    json_error_t error;
    json_t *cases = json_load_file(data_path(name), 0, &error);
    if (cases == NULL)
        fail_msg("%s: %s", name, error.text);
    tally found = {0};
    size_t i;
    const json_t *test_case;
    json_array_foreach(cases, i, test_case) {
        if (strncmp(text_of(test_case, "metric"), metric, strlen(metric)) != 0)
            continue;
        why = NULL;
        verdict outcome = run(test_case);
        if (outcome == PASSED)
            found.passed++;
        if (outcome == FAILED) {
            print_error("%s differs\n", text_of(test_case, "id"));
            found.failed++;
        }
        if (outcome == UNSUPPORTED && found.unsupported < NAMES_MAX) {
            snprintf(reasons[found.unsupported], sizeof reasons[0], "%s: %s",
                     text_of(test_case, "id"), why);
            found.reasons[found.unsupported] = reasons[found.unsupported];
            found.unsupported++;
        }
    }
    print_tally(name, &found);
    json_decref(cases);
}

static void test_bars_agree_with_nautilus(void **state) {
    (void)state;
    run_file("bars_nautilus.json", "bars_", run_nautilus);
}

static void test_bricks_agree_with_stock_indicators(void **state) {
    (void)state;
    run_file("stockindicators.json", "stockind_renko", run_bricks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_agree_with_nautilus),
        cmocka_unit_test(test_bricks_agree_with_stock_indicators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
