/* batch_splits.c - see batch_splits.h. */
#include "batch_splits.h"

#include <stdio.h>

#include "input.h"
#include "tradewind/batch_clean.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

enum { TOLD_COUNT_MAX = 5, DATE_SIZE = 10 };

#define TOLERANCE 0.02
#define RATIO_MAX 1e6

static tw_status check_header(tw_tape *tape, const char *path, tw_error *error) {
    static const char *const names[] = {"symbol", "time", "ratio"};
    size_t count = 0;
    const tw_slice *header = tw_tape_header(tape, &count);
    bool right = count == 3;
    for (size_t i = 0; right && i < 3; i++)
        right = tw_slice_equal_string(header[i], names[i]);
    return right ? TW_OK
                 : tw_error_set_at(error, TW_PARSE, path, 1, 1,
                                   "the first line of a file of splits is symbol,time,ratio");
}

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

static tw_status apply_row(batch_panel *panel, tw_tape *tape, const char *path,
                           const tw_slice *fields, tw_error *error) {
    uint64_t line = tw_tape_tell(tape).line;
    int64_t time_ns = 0;
    tw_batch_split split = {.row = 0};
    if (tw_time_parse(fields[1], &time_ns) != TW_OK)
        return tw_error_set_at(error, TW_PARSE, path, line, 2,
                               "a date like 2020-08-31 or a time in RFC 3339 is wanted");
    if (!parse_ratio(fields[2], &split.ratio))
        return tw_error_set_at(error, TW_PARSE, path, line, 3,
                               "a ratio is wanted: how many shares there are for each one before, "
                               "like 4, 3:2 or 1:10");
    split.row = first_row(panel, time_ns);
    if (batch_panel_find(panel, fields[0], &split.column) == TW_OK && split.row > 0 &&
        split.row < panel->shape.rows)
        adjust(panel, &split);
    else
        panel->splits_apart++;
    return TW_OK;
}

tw_status batch_splits_apply(batch_panel *panel, const char *path, tw_error *error) {
    tw_tape *tape = NULL;
    tw_status status = input_rows_open(path, &tape, error);
    if (status != TW_OK)
        return status;
    status = check_header(tape, path, error);
    while (status == TW_OK) {
        const tw_slice *fields = NULL;
        size_t count = 0;
        status = tw_tape_next_row(tape, &fields, &count, error);
        if (status == TW_OK)
            status = apply_row(panel, tape, path, fields, error);
    }
    tw_tape_close(tape);
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
