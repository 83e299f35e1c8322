/* batch_splits.c - see batch_splits.h. */
#include "batch_splits.h"

#include <stdio.h>

#include "named_rows.h"
#include "tradewind/batch_clean.h"
#include "tradewind/time.h"

enum { TOLD_COUNT_MAX = 5, DATE_SIZE = 10 };

#define TOLERANCE 0.02
#define RATIO_MAX 1e6

/* The first row that is not before the split; the number of rows if there is none. */
static size_t first_row(const batch_panel *panel, int64_t time_ns) {
    size_t low = 0;
    size_t high = panel->shape.rows;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (panel->times_ns[middle] < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void adjust(batch_panel *panel, const tw_batch_split *split) {
    tw_status status = TW_OK;
    for (size_t s = 0; s < TW_INDICATOR_OTHER && status == TW_OK; s++)
        status = s == TW_INDICATOR_VOLUME
                     ? tw_batch_adjust_volumes(panel->shape, split, 1, panel->inputs[s])
                     : tw_batch_adjust_prices(panel->shape, split, 1, panel->inputs[s]);
    TW_ASSERT(status == TW_OK); /* it was read and found right */
    panel->splits++;
}

/* "4", "0.1", "3:2". */
static bool parse_ratio(tw_slice text, double *ret_ratio) {
    double before = 1;
    tw_slice rest = text;
    tw_slice first = tw_slice_trim(tw_slice_split(&rest, ':'));
    if (rest.data != NULL && tw_parse_double(tw_slice_trim(rest), &before) != TW_OK)
        return false;
    if (tw_parse_double(first, ret_ratio) != TW_OK)
        return false;
    *ret_ratio /= before;
    return *ret_ratio >= 1 / RATIO_MAX && *ret_ratio <= RATIO_MAX;
}

enum { SYMBOL, TIME, RATIO };

static tw_status apply_row(batch_panel *panel, const named_rows *rows, tw_error *error) {
    int64_t time_ns = 0;
    tw_batch_split split = {.row = 0};
    if (tw_time_parse(named_rows_field(rows, TIME), &time_ns) != TW_OK)
        return named_rows_bad(rows, TIME, TW_PARSE, error,
                              "a date like 2020-08-31 or a time in RFC 3339 is wanted");
    if (!parse_ratio(named_rows_field(rows, RATIO), &split.ratio))
        return named_rows_bad(rows, RATIO, TW_PARSE, error,
                              "a ratio is wanted: how many shares there are for each one before, "
                              "like 4, 3:2 or 1:10");
    split.row = first_row(panel, time_ns);
    if (batch_panel_find(panel, named_rows_field(rows, SYMBOL), &split.column) == TW_OK &&
        split.row > 0 && split.row < panel->shape.rows)
        adjust(panel, &split);
    else
        panel->splits_apart++;
    return TW_OK;
}

tw_status batch_splits_apply(batch_panel *panel, const char *path, tw_error *error) {
    static const named_column columns[] = {{"symbol", true}, {"time", true}, {"ratio", true}};
    named_rows rows;
    tw_status status =
        named_rows_open(&rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK)
        status = apply_row(panel, &rows, error);
    named_rows_close(&rows);
    return status == TW_EMPTY ? TW_OK : status;
}

void batch_splits_suspect(const batch_panel *panel, int64_t timeframe_ns) {
    tw_batch_split splits[TOLD_COUNT_MAX];
    size_t found = tw_batch_find_splits(panel->shape, panel->inputs[TW_INDICATOR_CLOSE], TOLERANCE,
                                        splits, TOLD_COUNT_MAX);
    for (size_t i = 0; i < found && i < TOLD_COUNT_MAX; i++) {
        char time[TW_TIME_TEXT_SIZE];
        tw_time_format(panel->times_ns[splits[i].row], -1, time);
        if (timeframe_ns >= TW_NS_PER_DAY)
            time[DATE_SIZE] = '\0';
        const char *name = panel->names[splits[i].column];
        double ratio = splits[i].ratio;
        bool fell = ratio > 1;
        double factor = fell ? ratio : 1 / ratio;
        fprintf(stderr,
                "tradewind batch: %s %s by a factor of %g at %s; if that was a split, give "
                "--splits FILE with %s,%s,%s%g\n",
                name, fell ? "fell" : "rose", factor, time, name, time, fell ? "" : "1:", factor);
    }
    if (found > TOLD_COUNT_MAX)
        fprintf(stderr, "tradewind batch: and %zu more jumps that look like splits\n",
                found - TOLD_COUNT_MAX);
}
