/* progress.c - when the bar is due, and how it looks. */
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "readable.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

enum { BAR_WIDTH = 24, LINE_SIZE = 160 };

static const uint32_t CALLS_A_LOOK = 2048;
static const int64_t QUIET_NS = TW_NS_PER_SECOND;
static const int64_t PAUSE_NS = 100 * TW_NS_PER_MS;

void progress_start(progress *bar, const char *noun) {
    int64_t now_ns = tw_time_monotonic_ns();
    *bar = (progress){.noun = noun,
                      .started_ns = now_ns,
                      .next_ns = now_ns + QUIET_NS,
                      .terminal = isatty(STDERR_FILENO) == 1};
}

bool progress_due(progress *bar) {
    return ++bar->calls % CALLS_A_LOOK == 0 && progress_due_now(bar);
}

bool progress_due_now(const progress *bar) {
    return bar->terminal && tw_time_monotonic_ns() >= bar->next_ns;
}

double progress_seconds(const progress *bar) {
    return (double)(tw_time_monotonic_ns() - bar->started_ns) / (double)TW_NS_PER_SECOND;
}

size_t progress_format(const char *noun, double fraction, uint64_t count, double seconds,
                       char *buffer, size_t capacity) {
    tw_text text = tw_text_over(buffer, capacity);
    char number[READABLE_SIZE];
    bool known = fraction >= 0.0;
    if (fraction > 1.0)
        fraction = 1.0;
    tw_text_append_string(&text, noun);
    if (known) {
        int filled = (int)(fraction * BAR_WIDTH);
        char cells[BAR_WIDTH + 1];
        memset(cells, '.', BAR_WIDTH);
        memset(cells, '#', (size_t)filled);
        cells[BAR_WIDTH] = '\0';
        tw_text_append_format(&text, " [%s] %3.0f%% ", cells, floor(fraction * 100.0));
    }
    tw_text_append_format(&text, " %s", readable_count(count, number));
    if (seconds > 0.0)
        tw_text_append_format(&text, " (%s/s)",
                              readable_count((uint64_t)((double)count / seconds), number));
    if (known && fraction > 0.0)
        tw_text_append_format(&text, ", %.0f s left", seconds * (1.0 - fraction) / fraction);
    return text.size;
}

void progress_draw(progress *bar, double fraction, uint64_t count) {
    if (!bar->terminal)
        return;
    char line[LINE_SIZE];
    progress_format(bar->noun, fraction, count, progress_seconds(bar), line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    bar->drawn = true;
    bar->next_ns = tw_time_monotonic_ns() + PAUSE_NS;
}

void progress_end(progress *bar) {
    if (bar->drawn)
        fputs("\r\033[K", stderr);
    bar->drawn = false;
}
