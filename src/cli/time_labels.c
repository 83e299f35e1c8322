/* time_labels.c - see time_labels.h. */
#include "time_labels.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/api.h"
#include "tradewind/time.h"

/* A round span: of nanoseconds, or of months. */
typedef struct round_span {
    int64_t ns;
    int32_t months;
} round_span;

static const round_span spans[] = {{TW_NS_PER_SECOND / 1000, 0},
                                   {TW_NS_PER_SECOND / 100, 0},
                                   {TW_NS_PER_SECOND / 10, 0},
                                   {TW_NS_PER_SECOND, 0},
                                   {5 * TW_NS_PER_SECOND, 0},
                                   {15 * TW_NS_PER_SECOND, 0},
                                   {30 * TW_NS_PER_SECOND, 0},
                                   {TW_NS_PER_MINUTE, 0},
                                   {2 * TW_NS_PER_MINUTE, 0},
                                   {5 * TW_NS_PER_MINUTE, 0},
                                   {10 * TW_NS_PER_MINUTE, 0},
                                   {15 * TW_NS_PER_MINUTE, 0},
                                   {30 * TW_NS_PER_MINUTE, 0},
                                   {TW_NS_PER_HOUR, 0},
                                   {2 * TW_NS_PER_HOUR, 0},
                                   {3 * TW_NS_PER_HOUR, 0},
                                   {6 * TW_NS_PER_HOUR, 0},
                                   {12 * TW_NS_PER_HOUR, 0},
                                   {TW_NS_PER_DAY, 0},
                                   {2 * TW_NS_PER_DAY, 0},
                                   {7 * TW_NS_PER_DAY, 0},
                                   {14 * TW_NS_PER_DAY, 0},
                                   {0, 1},
                                   {0, 2},
                                   {0, 3},
                                   {0, 6},
                                   {0, 12},
                                   {0, 24},
                                   {0, 60},
                                   {0, 120},
                                   {0, 600}};

static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

enum { SPAN_COUNT = sizeof spans / sizeof spans[0] };

/* Which of the spans a time falls into. Weeks begin on Monday. */
static int64_t place_of(int64_t time_ns, const round_span *span) {
    enum { EPOCH_TO_MONDAY = 4 };
    if (span->months > 0) {
        tw_date date = tw_date_of(time_ns);
        return ((int64_t)date.year * 12 + date.month - 1) / span->months;
    }
    bool weeks = span->ns >= 7 * TW_NS_PER_DAY;
    int64_t day_ns = tw_time_floor(time_ns, TW_NS_PER_DAY);
    if (weeks)
        return (day_ns / TW_NS_PER_DAY - EPOCH_TO_MONDAY + 7 * 100000) / (span->ns / TW_NS_PER_DAY);
    return tw_time_floor(time_ns, span->ns) / span->ns;
}

/* Rows where the span is another than in the row before, but for those too near to the one before
 * them. Returns how many; one more than `most` if there are too many. */
static size_t find_rows(const int64_t *times_ns, size_t count, size_t most, const round_span *span,
                        size_t *rows) {
    size_t apart = count / (2 * most) + 1;
    size_t found = 0;
    int64_t before = count > 0 ? place_of(times_ns[0], span) : 0;
    for (size_t i = 1; i < count && found <= most; i++) {
        int64_t place = place_of(times_ns[i], span);
        bool same = place == before;
        before = place;
        if (same)
            continue;
        if (found > 0 && i - rows[found - 1] < apart)
            continue;
        if (found < most)
            rows[found] = i;
        found++;
    }
    return found;
}

/* What a second line says where it is another than at the label before. */
static void write_larger(tw_date date, bool days, char *text, size_t size) {
    if (days)
        snprintf(text, size, "%d", (int)date.year);
    else
        snprintf(text, size, "%d %s %d", (int)date.day, months[date.month - 1], (int)date.year);
}

static void write_smaller(int64_t time_ns, const round_span *span, char *text, size_t size) {
    char full[TW_TIME_TEXT_SIZE];
    tw_date date = tw_date_of(time_ns);
    bool whole = span->ns >= TW_NS_PER_SECOND || time_ns % TW_NS_PER_SECOND == 0;
    tw_time_format(time_ns, whole ? 0 : 3, full);
    if (span->months > 0)
        snprintf(text, size, "%s", months[date.month - 1]);
    else if (span->ns >= TW_NS_PER_DAY)
        snprintf(text, size, "%d %s", (int)date.day, months[date.month - 1]);
    else
        snprintf(text, size, "%.*s", span->ns >= TW_NS_PER_MINUTE ? 5 : whole ? 8 : 12, full + 11);
}

size_t time_labels_of(const int64_t *times_ns, size_t count, size_t most,
                      time_label ret_labels[TIME_LABEL_MAX]) {
    TW_ASSERT(most >= 2 && most <= TIME_LABEL_MAX);
    size_t rows[TIME_LABEL_MAX];
    size_t found = 0;
    size_t s = 0;
    for (size_t i = 0; i < SPAN_COUNT; i++) { /* of spans that give as many the longest */
        size_t count_here = find_rows(times_ns, count, most, &spans[i], rows);
        bool better = count_here <= most && count_here >= found;
        found = better ? count_here : found;
        s = better ? i : s;
    }
    found = find_rows(times_ns, count, most, &spans[s], rows);
    if (found == 0 || found > most) {
        s = found == 0 ? 0 : s;
        found = count > 0;
        rows[0] = 0;
    }
    bool days = spans[s].months > 0 || spans[s].ns >= TW_NS_PER_DAY;
    char before[TIME_LABEL_SIZE] = "";
    for (size_t i = 0; i < found; i++) {
        char smaller[16];
        char larger[24];
        write_smaller(times_ns[rows[i]], &spans[s], smaller, sizeof smaller);
        write_larger(tw_date_of(times_ns[rows[i]]), days, larger, sizeof larger);
        bool again = strcmp(larger, before) == 0;
        ret_labels[i].row = rows[i];
        snprintf(ret_labels[i].text, TIME_LABEL_SIZE, "%s%s%s", smaller, again ? "" : "\\n",
                 again ? "" : larger);
        memcpy(before, larger, sizeof larger);
    }
    return found;
}

void time_labels_put(FILE *script, const int64_t *times_ns, size_t count, size_t most, bool shown) {
    time_label labels[TIME_LABEL_MAX];
    size_t label_count = time_labels_of(times_ns, count, most, labels);
    fprintf(script, "set xtics (");
    for (size_t i = 0; i < label_count; i++)
        fprintf(script, "%s\"%s\" %zu", i == 0 ? "" : ", ", shown ? labels[i].text : "",
                labels[i].row);
    fprintf(script, ")\n");
}
